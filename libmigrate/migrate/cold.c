/* Act: the way of a guest that does not run. */
#include "migrate/cold-private.h"

#include "migrate/carry-private.h"
#include "migrate/lasting-private.h"
#include "migrate/records-private.h"
#include "migrate/saved-private.h"
#include "steps/standstill-private.h"
#include "steps/steps-private.h"
#include "storage/files-private.h"

#define OFF_POLL_MS 500

/* ---- off ---- */

static gboolean
is_off (MigrateWork *work, gboolean *off, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_work_call (
    work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_STATE, work->result->guest_uuid, 0, error);

  *off = call != NULL && call->domain.state == MIGRATE_DOMAIN_SHUTOFF;
  return call != NULL;
}

/* A host that does not answer for a moment is asked again. */
static gboolean
wait_until_off (MigrateWork *work, GError **error)
{
  guint patience = _migrate_policy_get_uint (work->policy, "shutdown-timeout");
  gint64 deadline = _migrate_backend_now (work->backend) + (gint64) patience * G_TIME_SPAN_SECOND;
  gboolean off;

  for (;;)
    {
      GError *unanswered = NULL;

      _migrate_standstill_listen (work);
      if (_migrate_work_check_cancelled (work, error))
        return FALSE;
      if (is_off (work, &off, &unanswered) && off)
        return TRUE;
      if (_migrate_backend_now (work->backend) >= deadline)
        {
          if (unanswered == NULL)
            break;
          g_propagate_error (error, unanswered);
          return FALSE;
        }
      g_clear_error (&unanswered);
      _migrate_work_sleep (work, OFF_POLL_MS);
    }
  _migrate_set_error (error, MIGRATE_ERROR_TIMED_OUT,
                      "Shut it down from inside, or give it more time with “shutdown-timeout”",
                      "Guest “%s” was asked to shut down, and has not within %u s",
                      work->result->guest_name, patience);
  return FALSE;
}

static gboolean
shut_down (MigrateWork *work, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_begin (work, "shut-down-guest", NULL /* args */, error);
  GError *failure = NULL;

  if (step == NULL)
    return FALSE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_SHUTTING_DOWN);
  if (_migrate_step_order (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_SHUT_DOWN, 0, &failure)
      && wait_until_off (work, &failure))
    return _migrate_steps_end (work, step, NULL /* failure */, error);
  _migrate_steps_end (work, step, failure, NULL /* error */);
  g_propagate_error (error, failure);
  return FALSE;
}

/* It was off when the plan was made; somebody may have started it since. */
static gboolean
make_off (MigrateWork *work, const MigrateBefore *before, GError **error)
{
  gboolean off;

  if (!_migrate_lasting_settle (work, MIGRATE_SIDE_SOURCE, FALSE /* take_back */, error)
      || !is_off (work, &off, error))
    return FALSE;
  if (off)
    return TRUE;
  if (migrate_plan_get_kind (work->plan) == MIGRATE_KIND_SUSPEND)
    return _migrate_save_guest (work, error);
  if (before->was_running)
    return shut_down (work, error);
  _migrate_set_error (error, MIGRATE_ERROR_CHANGED, "Check again",
                      "Guest “%s” was off, and runs now", work->result->guest_name);
  return FALSE;
}

/* ---- copied ---- */

/* With its size as it is now; what could not be made before is made, for now it is here. NULL: it
 * failed. */
static GVariant *
complete (MigrateWork *work, GVariant *planned, GError **error)
{
  g_autoptr (GVariant) row = _migrate_file_complete (work, planned, error);

  if (row == NULL
      || (!_migrate_was_made (work, row)
          && !_migrate_make_volume (work, row, TRUE /* raw */, error)))
    return NULL;
  return g_steal_pointer (&row);
}

/* What the program's image source had is there by now, and so is what was found there. */
static gboolean
is_to_be_copied (MigrateWork *work, GVariant *row)
{
  return _migrate_file_comes_later (row)
         || (_migrate_was_made (work, row) && !_migrate_stream_is_done (work, row));
}

static GPtrArray *
pick (MigrateWork *work, GVariant *rows, MigrateFileHow how, GError **error)
{
  g_autoptr (GPtrArray) picked = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) planned = g_variant_get_child_value (rows, i);
      GVariant *row;

      if (_migrate_file_how (planned) != how || !is_to_be_copied (work, planned))
        continue;
      row = complete (work, planned, error);
      if (row == NULL)
        return NULL;
      g_ptr_array_add (picked, row);
    }
  return g_steal_pointer (&picked);
}

/* What has gone wrong on the one road need not on the other; but where a disk is full, or somebody
 * said to stop, it would. */
static gboolean
may_stream_instead (MigrateWork *work, const GError *error)
{
  return _migrate_policy_get_enum (work->policy, "road") == MIGRATE_ROAD_AUTO && !work->lost_claim
         && !_migrate_work_is_cancelled (work)
         && !g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NO_SPACE)
         && !g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE)
         && !g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_JOURNAL);
}

static gboolean
read_back (MigrateWork *work, GVariant *row, GError **error)
{
  gboolean same;

  if (_migrate_work_check_cancelled (work, error)
      || !_migrate_stream_compare (work, row, &same, error))
    return FALSE;
  if (same)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_FAILED,
                      "Look at the destination's storage, and at the link between the hosts",
                      "“%s” at the destination is not what the source has",
                      _migrate_variant_string (row, "path-there"));
  return FALSE;
}

/* A mirror is acknowledged write by write; streams read back by themselves. */
static gboolean
verify (MigrateWork *work, GPtrArray *rows, GError **error)
{
  if (_migrate_policy_get_enum (work->policy, "verify") != MIGRATE_VERIFY_ALWAYS)
    return TRUE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_VERIFYING);
  for (guint i = 0; i < rows->len; i++)
    if (!read_back (work, rows->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
mirror (MigrateWork *work, GPtrArray *rows, GError **error)
{
  GError *local_error = NULL;

  if (rows->len == 0)
    return TRUE;
  if (_migrate_carry (work, rows, &local_error))
    return verify (work, rows, error);
  if (!may_stream_instead (work, local_error)
      || !_migrate_steps_undo (work, "start-carrier", NULL /* error */))
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  _migrate_work_decide (work, "stream-instead", "no mirror could be had: %s", local_error->message);
  g_error_free (local_error);
  return _migrate_stream_rows (work, rows, error);
}

/* What came through streams, whichever process brought it. */
static gboolean
flush (MigrateWork *work, GVariant *rows, GError **error)
{
  g_autoptr (GPtrArray) streamed
    = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) planned = g_variant_get_child_value (rows, i);
      GVariant *row;

      if (!_migrate_stream_is_done (work, planned))
        continue;
      row = complete (work, planned, error);
      if (row == NULL)
        return FALSE;
      g_ptr_array_add (streamed, row);
    }
  return _migrate_flush_rows (work, streamed, error);
}

static gboolean
copy (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);
  g_autoptr (GPtrArray) mirrored = pick (work, rows, MIGRATE_FILE_MIRROR, error);
  g_autoptr (GPtrArray) streamed
    = mirrored != NULL ? pick (work, rows, MIGRATE_FILE_STREAM, error) : NULL;

  if (streamed == NULL)
    return FALSE;
  if (mirror (work, mirrored, error)
      && (streamed->len == 0 || _migrate_stream_rows (work, streamed, error))
      && flush (work, rows, error))
    return TRUE;
  _migrate_files_explain_no_space (work, error);
  return FALSE;
}

/* What an earlier process had in its hands is begun anew; what it had done counts. */
static gboolean
tidy_up (MigrateWork *work, GError **error)
{
  return _migrate_steps_undo (work, "start-carrier", error)
         && _migrate_steps_undo_unfinished (work, "flush-files", error)
         && _migrate_steps_undo_unfinished (work, "make-volume", error)
         && _migrate_steps_undo_unfinished (work, "make-pool", error);
}

gboolean
_migrate_cold (MigrateWork *work, const MigrateBefore *before, GError **error)
{
  return tidy_up (work, error) && make_off (work, before, error) && copy (work, error)
         && _migrate_storage_resize (work, error) && !_migrate_work_check_cancelled (work, error)
         && _migrate_steps_run (work, "define-destination", NULL /* args */, error)
         && _migrate_records_define (work, error);
}

/* ---- handed over ---- */

static gboolean
is_done (MigrateWork *work, const char *kind)
{
  const MigrateStepEntry *step = _migrate_steps_last (work, kind);

  return step != NULL && step->status == MIGRATE_STEP_DONE;
}

static gboolean
once (MigrateWork *work, const char *kind, GError **error)
{
  return is_done (work, kind) || _migrate_steps_run (work, kind, NULL /* args */, error);
}

gboolean
_migrate_cold_adopt (MigrateWork *work, const MigrateBefore *before, GError **error)
{
  if (!once (work, "mark-source", error) || !once (work, "adopt-destination", error))
    return FALSE;
  if (!before->was_running)
    return TRUE;
  if (migrate_plan_get_kind (work->plan) != MIGRATE_KIND_SUSPEND)
    return once (work, "start-destination", error);
  return is_done (work, "restore-destination")
         || (_migrate_saved_prepare_restore (work, error)
             && _migrate_steps_run (work, "restore-destination", NULL /* args */, error));
}
