/* Act: what follows the hand-over. Nothing is released before the destination is proven good by
 * asking both hosts. */
#include "finalize/finalize-private.h"

#include "steps/steps-private.h"

static gboolean
needs_recover (GError **error, MigrateSide side, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
needs_recover (GError **error, MigrateSide side, const char *format, ...)
{
  g_autofree char *message = NULL;
  GError *local_error;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  local_error
    = _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER,
                          "Look at the guest on both hosts before anything else", "%s", message);
  _migrate_error_set_side (local_error, side);
  g_propagate_error (error, local_error);
  return FALSE;
}

static gboolean
prove_destination (MigrateWork *work, MigrateDomain *there, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_work_call (
    work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_DOMAIN_FIND, work->result->guest_uuid, 0, error);

  if (call == NULL)
    return FALSE;
  if (call->domain.state == MIGRATE_DOMAIN_PAUSED
      && call->domain.reason == MIGRATE_PAUSED_POSTCOPY_FAILED)
    return needs_recover (error, MIGRATE_SIDE_DESTINATION,
                          "Guest “%s” is not whole at the destination", call->domain.name);
  _migrate_domain_copy (&call->domain, there);
  return TRUE;
}

/* The source may keep a definition that is off (its undefining was lost), never more. */
static gboolean
prove_source (MigrateWork *work, gboolean *defined, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (MigrateCall) call = _migrate_work_call (
    work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_FIND, work->result->guest_uuid, 0, &local_error);
  g_autofree char *state = NULL;

  *defined = call != NULL;
  if (call == NULL)
    {
      if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (call->domain.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  state = _migrate_domain_describe (call->domain.state, call->domain.reason);
  return needs_recover (error, MIGRATE_SIDE_SOURCE, "Guest “%s” is %s at the source",
                        call->domain.name, state);
}

static gboolean
settle_destination (MigrateWork *work, const MigrateDomain *there, gboolean persistent,
                    gboolean was_autostart, GError **error)
{
  if (persistent && !there->persistent
      && !_migrate_steps_run (work, "persist-destination", NULL /* args */, error))
    return FALSE;
  return !was_autostart || there->autostart
         || _migrate_steps_run (work, "set-autostart", NULL /* args */, error);
}

gboolean
_migrate_finalize (MigrateWork *work, gboolean persistent, gboolean was_autostart, GError **error)
{
  g_auto (MigrateDomain) there = { 0 };
  g_autoptr (GError) refused = NULL;
  gboolean defined;

  _migrate_work_set_phase (work, MIGRATE_PHASE_FINALIZING);
  if (!prove_destination (work, &there, error) || !prove_source (work, &defined, error)
      || !settle_destination (work, &there, persistent, was_autostart, error))
    return FALSE;
  if (defined && !_migrate_steps_run (work, "undefine-source", NULL /* args */, error))
    return FALSE;
  _migrate_steps_release (work);
  if (!_migrate_steps_hook (work, MIGRATE_HOOK_POINT_AFTER_FINALIZE, &refused))
    _migrate_work_warn (work, "After the move: %s", refused->message);
  return !work->lost_claim || needs_recover (error, MIGRATE_SIDE_NONE, "The claim was lost");
}
