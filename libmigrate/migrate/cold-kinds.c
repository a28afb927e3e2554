/* The steps of a move whose guest does not run: what each does, proves and takes back. All undone,
 * last first, the guest is at the source as it was: that is also what a revert does. */
#include "migrate/cold-private.h"

#include "migrate/records-private.h"
#include "migrate/saved-private.h"
#include "steps/steps-private.h"
#include "xml/mark-private.h"

#define OFF_POLL_MS 1000
#define UNDEFINE_ALL                                                                               \
  (MIGRATE_UNDEFINE_MANAGED_SAVE                                                                   \
   | MIGRATE_UNDEFINE_SNAPSHOTS) /* they travelled along, or are gone */

static gboolean
has_mark (MigrateWork *work, const MigrateDomain *domain, MigrateMark mark)
{
  g_autofree char *text = _migrate_mark_to_text (mark, work->id);

  return g_strcmp0 (domain->mark, text) == 0;
}

/* ---- marks ---- */

static gboolean
set_mark (MigrateWork *work, MigrateSide side, MigrateMark wanted, GError **error)
{
  g_autofree char *mark
    = wanted != MIGRATE_MARK_NONE ? _migrate_mark_to_text (wanted, work->id) : NULL;
  g_autoptr (MigrateCall) call
    = _migrate_call_new (MIGRATE_CALL_SET_MARK, work->result->guest_uuid);
  g_autoptr (MigrateCall) seen = NULL;

  call->text_in = g_strdup (mark);
  if (!_migrate_work_run_call (work, side, call, error))
    return FALSE;
  seen = _migrate_step_find (work, side, error);
  if (seen == NULL)
    return FALSE;
  return g_strcmp0 (seen->domain.mark, mark) == 0
         || _migrate_step_unproven (error, side, "Marking the definition");
}

static gboolean
mark_source_act (MigrateWork *work, GVariant *args, GError **error)
{
  return set_mark (work, MIGRATE_SIDE_SOURCE, MIGRATE_MARK_OUTGOING, error);
}

static gboolean
mark_source_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return set_mark (work, MIGRATE_SIDE_SOURCE, MIGRATE_MARK_NONE, error);
}

static gboolean
adopt_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  return set_mark (work, MIGRATE_SIDE_DESTINATION, MIGRATE_MARK_NONE, error);
}

static gboolean
adopt_destination_undo (MigrateWork *work, GVariant *args, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) there
    = _migrate_step_find_if_there (work, MIGRATE_SIDE_DESTINATION, &local_error);

  if (there == NULL)
    {
      if (local_error != NULL)
        g_propagate_error (error, local_error);
      return local_error == NULL;
    }
  return set_mark (work, MIGRATE_SIDE_DESTINATION, MIGRATE_MARK_INCOMING, error);
}

/* ---- the definition there ---- */

static gboolean
refuse_other (GError **error, const MigrateDomain *there)
{
  GError *refused = _migrate_error_new (
    MIGRATE_ERROR_BUSY, "Find out which of them is good, with migratectl recover",
    "Guest “%s” is defined at the destination already", there->name);

  _migrate_error_set_side (refused, MIGRATE_SIDE_DESTINATION);
  g_propagate_error (error, refused);
  return FALSE;
}

static gboolean
define (MigrateWork *work, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_DEFINE, work->result->guest_name);
  char *xml = NULL;

  if (!_migrate_transfer_make_definition (work, &xml, error))
    return FALSE;
  call->text_in = _migrate_mark_set (xml, MIGRATE_MARK_INCOMING, work->id, error);
  _migrate_wipe (xml);
  g_free (xml);
  return call->text_in != NULL
         && _migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, call, error);
}

/* Under the mark from the first moment on: no host, and no recovery, takes it for the guest's. */
static gboolean
define_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) there
    = _migrate_step_find_if_there (work, MIGRATE_SIDE_DESTINATION, &local_error);
  g_autoptr (MigrateCall) seen = NULL;

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (there != NULL && !has_mark (work, &there->domain, MIGRATE_MARK_INCOMING))
    return refuse_other (error, &there->domain);
  if (!define (work, error))
    return FALSE;
  seen = _migrate_step_find (work, MIGRATE_SIDE_DESTINATION, error);
  if (seen == NULL)
    return FALSE;
  return has_mark (work, &seen->domain, MIGRATE_MARK_INCOMING)
         || _migrate_step_unproven (error, MIGRATE_SIDE_DESTINATION, "Defining the guest");
}

/* One without our mark was there before, or belongs to somebody by now. */
static gboolean
define_destination_undo (MigrateWork *work, GVariant *args, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) there
    = _migrate_step_find_if_there (work, MIGRATE_SIDE_DESTINATION, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  return there == NULL || !has_mark (work, &there->domain, MIGRATE_MARK_INCOMING)
         || _migrate_step_undefine (work, MIGRATE_SIDE_DESTINATION, UNDEFINE_ALL, error);
}

/* ---- off, and on again ---- */

static gboolean
start (MigrateWork *work, MigrateSide side, GError **error)
{
  g_autoptr (MigrateCall) before = _migrate_step_find (work, side, error);
  g_autoptr (MigrateCall) seen = NULL;

  if (before == NULL)
    return FALSE;
  if (before->domain.state != MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  if (!_migrate_step_order (work, side, MIGRATE_CALL_START, 0, error))
    return FALSE;
  seen = _migrate_step_find (work, side, error);
  if (seen == NULL)
    return FALSE;
  return seen->domain.state != MIGRATE_DOMAIN_SHUTOFF
         || _migrate_step_unproven (error, side, "Starting the guest");
}

/* What it was asked cannot be taken back: it goes off yet, or has not heard. */
static gboolean
shut_down_guest_undo (MigrateWork *work, GVariant *args, GError **error)
{
  guint patience = _migrate_policy_get_uint (work->policy, "shutdown-timeout");
  gint64 deadline = _migrate_backend_now (work->backend) + (gint64) patience * G_TIME_SPAN_SECOND;

  for (;;)
    {
      g_autoptr (MigrateCall) seen = _migrate_step_find (work, MIGRATE_SIDE_SOURCE, error);

      if (seen == NULL)
        return FALSE;
      if (seen->domain.state == MIGRATE_DOMAIN_SHUTOFF)
        return start (work, MIGRATE_SIDE_SOURCE, error);
      if (_migrate_backend_now (work->backend) >= deadline)
        return TRUE;
      _migrate_work_sleep (work, OFF_POLL_MS);
    }
}

static gboolean
start_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  return start (work, MIGRATE_SIDE_DESTINATION, error);
}

/* Part of a revert alone: what the guest wrote there since is lost. */
static gboolean
start_destination_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_end_guest (work, MIGRATE_SIDE_DESTINATION, error);
}

/* Of a revert: whoever started it there, it is off before anything else is undone. */
static gboolean
end_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) there
    = _migrate_step_find_if_there (work, MIGRATE_SIDE_DESTINATION, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  return there == NULL || there->domain.state == MIGRATE_DOMAIN_SHUTOFF
         || _migrate_step_end_guest (work, MIGRATE_SIDE_DESTINATION, error);
}

void
_migrate_cold_add_step_kinds (void)
{
  static const MigrateStepKind kinds[] = {
    { "shut-down-guest", NULL, shut_down_guest_undo },
    { "define-destination", define_destination_act, define_destination_undo },
    { "mark-source", mark_source_act, mark_source_undo },
    { "adopt-destination", adopt_destination_act, adopt_destination_undo },
    { "start-destination", start_destination_act, start_destination_undo },
    { "end-destination", end_destination_act, NULL },
  };
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      _migrate_step_kinds_add (kinds, G_N_ELEMENTS (kinds));
      _migrate_records_add_step_kinds ();
      _migrate_saved_add_step_kinds ();
      g_once_init_leave (&once, 1);
    }
}
