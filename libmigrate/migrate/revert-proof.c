/* Gather and decide: whether a move can be taken back after its hand-over, and what that costs. */
#include "migrate/revert-private.h"

#include "check/plan-private.h"
#include "steps/steps-private.h"
#include "storage/files-private.h"

static gboolean refuse (GError **error, int code, MigrateSide side, const char *remedy,
                        const char *format, ...) G_GNUC_PRINTF (5, 6);

static gboolean
refuse (GError **error, int code, MigrateSide side, const char *remedy, const char *format, ...)
{
  g_autofree char *message = NULL;
  GError *refused;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  refused = _migrate_error_new (code, remedy, "%s", message);
  _migrate_error_set_side (refused, side);
  g_propagate_error (error, refused);
  return FALSE;
}

/* ---- the source has all of it ---- */

static gboolean
is_kept (MigrateWork *work, GError **error)
{
  if (!work->handed_over || work->plan == NULL || !_migrate_plan_is_cold (work->plan))
    return refuse (error, MIGRATE_ERROR_WRONG_STATE, MIGRATE_SIDE_NONE,
                   "Move the guest back with a new job",
                   "Job “%s” has nothing to revert: only a move that stops the guest keeps its "
                   "source until it is finalized",
                   work->id);
  if (_migrate_steps_has (work, "undefine-source") || _migrate_steps_has (work, "remove-image"))
    return refuse (error, MIGRATE_ERROR_TOO_LATE, MIGRATE_SIDE_SOURCE,
                   "Finalize the job, and move the guest back with a new one",
                   "The source is being released: it is too late to revert");
  return TRUE;
}

static gboolean
is_off_here (MigrateWork *work, GError **error)
{
  g_autoptr (MigrateCall) here = _migrate_step_find (work, MIGRATE_SIDE_SOURCE, error);
  g_autofree char *state = NULL;

  if (here == NULL)
    {
      g_prefix_error (error, "The source must have kept the guest: ");
      return FALSE;
    }
  if (here->domain.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  state = _migrate_domain_describe (here->domain.state, here->domain.reason);
  return refuse (error, MIGRATE_ERROR_NEEDS_RECOVER, MIGRATE_SIDE_SOURCE,
                 "Find out which of them is good, with migratectl recover",
                 "Guest “%s” is %s at the source, and it was handed over", here->domain.name,
                 state);
}

/* What is in no pool is not asked for: to see it would need one. */
static gboolean
has_image (MigrateWork *work, GVariant *row, GError **error)
{
  const char *pool = _migrate_variant_string (row, "pool");
  const char *name = _migrate_variant_string (row, "name");
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) here = NULL;

  if (pool == NULL || name == NULL || !_migrate_file_is_made (row)
      || _migrate_variant_boolean (row, "optional"))
    return TRUE;
  here = _migrate_ask_volume (work, MIGRATE_SIDE_SOURCE, pool, name, &local_error);
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  return here != NULL
         || refuse (error, MIGRATE_ERROR_TOO_LATE, MIGRATE_SIDE_SOURCE,
                    "Finalize the job: the destination has the only copy",
                    "The source has no “%s” any more", _migrate_variant_string (row, "path"));
}

static gboolean
has_images (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      if (!has_image (work, row, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- what is lost ---- */

static gboolean
was_started (MigrateWork *work)
{
  static const char *const kinds[] = { "start-destination", "restore-destination" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      const MigrateStepEntry *step = _migrate_steps_last (work, kinds[i]);

      if (step != NULL && step->status == MIGRATE_STEP_DONE)
        return TRUE;
    }
  return FALSE;
}

/* Somebody else may have started it; of one that is off its host says why as long as it remembers.
 */
static gboolean
has_run_there (MigrateWork *work, gboolean *ran, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) there = _migrate_step_find (work, MIGRATE_SIDE_DESTINATION, &local_error);

  *ran = was_started (work);
  if (there == NULL)
    {
      if (!g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      g_error_free (local_error);
      return TRUE;
    }
  *ran |= there->domain.state != MIGRATE_DOMAIN_SHUTOFF
          || there->domain.reason == MIGRATE_SHUTOFF_SHUTDOWN
          || there->domain.reason == MIGRATE_SHUTOFF_DESTROYED
          || there->domain.reason == MIGRATE_SHUTOFF_CRASHED;
  return TRUE;
}

static gboolean
is_disk (GVariant *row)
{
  return g_strcmp0 (_migrate_variant_string (row, "role"), "disk") == 0;
}

/* "“vda”, “vdb”"; NULL: none. made: of the destination's own, else of both hosts. */
static char *
list_disks (MigrateWork *work, gboolean made)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);
  GString *names = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      MigrateFileHow how = _migrate_file_how (row);

      if (is_disk (row)
          && (made ? _migrate_file_is_made (row)
                   : how == MIGRATE_FILE_SHARED || how == MIGRATE_FILE_STAYS))
        g_string_append_printf (names, "%s“%s”", names->len > 0 ? ", " : "",
                                _migrate_variant_string (row, "id"));
    }
  return g_string_free (names, names->len == 0);
}

/* Memory that is restored on disks which were written since destroys them. */
static gboolean
is_memory_good (MigrateWork *work, GError **error)
{
  g_autofree char *shared = NULL;

  if (migrate_plan_get_kind (work->plan) != MIGRATE_KIND_SUSPEND)
    return TRUE;
  shared = list_disks (work, FALSE /* made */);
  return shared == NULL
         || refuse (error, MIGRATE_ERROR_TOO_LATE, MIGRATE_SIDE_SOURCE,
                    "Finalize the job, and move the guest back with a new one",
                    "Guest “%s” has run at the destination, which has the same disk (%s): the "
                    "memory that was saved at the source does not fit it any more",
                    work->result->guest_name, shared);
}

static gboolean
may_lose (MigrateWork *work, MigrateRisk up_to, GError **error)
{
  g_autofree char *disks = NULL;
  gboolean ran;

  if (!has_run_there (work, &ran, error))
    return FALSE;
  if (!ran)
    return TRUE;
  if (!is_memory_good (work, error))
    return FALSE;
  if (up_to >= MIGRATE_RISK_DESTRUCTIVE)
    return TRUE;
  disks = list_disks (work, TRUE /* made */);
  return refuse (error, MIGRATE_ERROR_BLOCKED, MIGRATE_SIDE_DESTINATION,
                 "Allow what is destructive, if that is meant",
                 "Guest “%s” has run at the destination: it would be destroyed there, and what it "
                 "has in memory%s%s would be lost",
                 work->result->guest_name,
                 disks != NULL ? " and what it has written there to " : "",
                 disks != NULL ? disks : "");
}

gboolean
_migrate_revert_prove (MigrateWork *work, MigrateRisk up_to, GError **error)
{
  _migrate_work_set_phase (work, MIGRATE_PHASE_PROVING);
  return is_kept (work, error) && is_off_here (work, error) && has_images (work, error)
         && may_lose (work, up_to, error);
}
