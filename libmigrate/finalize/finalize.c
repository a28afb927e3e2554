/* Act: what follows the hand-over. Nothing is released before the destination is proven good by
 * asking both hosts. */
#include "finalize/finalize-private.h"

#include "steps/steps-private.h"
#include "storage/connect-private.h"
#include "storage/files-private.h"

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
  if (call->domain.state == MIGRATE_DOMAIN_RUNNING
      && (call->domain.reason == MIGRATE_RUNNING_POSTCOPY
          || call->domain.reason == MIGRATE_RUNNING_POSTCOPY_FAILED))
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

/* First of all that is written: from here on the platform itself looks for the guest where it is.
 */
static gboolean
swap_record (MigrateWork *work, GError **error)
{
  GVariantBuilder builder;

  if (work->inventory == NULL)
    return TRUE;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "expected", g_variant_new_string (work->source_name));
  g_variant_builder_add (&builder, "{sv}", "host", g_variant_new_string (work->destination_name));
  return _migrate_steps_run (work, "swap-record", g_variant_builder_end (&builder), error);
}

/* Its managed save and snapshots have travelled along. */
static gboolean
undefine_source (MigrateWork *work, GError **error)
{
  GVariantBuilder builder;
  guint flags = 0;

  if (_migrate_plan_is_cold (work->plan))
    flags = MIGRATE_UNDEFINE_MANAGED_SAVE | MIGRATE_UNDEFINE_SNAPSHOTS;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (flags != 0)
    g_variant_builder_add (&builder, "{sv}", "flags", g_variant_new_uint64 (flags));
  return _migrate_steps_run (work, "undefine-source", g_variant_builder_end (&builder), error);
}

gboolean
_migrate_finalize (MigrateWork *work, gboolean persistent, gboolean was_autostart, GError **error)
{
  g_auto (MigrateDomain) there = { 0 };
  gboolean defined;

  _migrate_work_set_phase (work, MIGRATE_PHASE_FINALIZING);
  _migrate_steps_hook_or_warn (work, MIGRATE_HOOK_POINT_BEFORE_FINALIZE);
  if (!prove_destination (work, &there, error) || !prove_source (work, &defined, error)
      || !swap_record (work, error)
      || !settle_destination (work, &there, persistent, was_autostart, error))
    return FALSE;
  if (defined && !undefine_source (work, error))
    return FALSE;
  _migrate_volumes_disconnect (work);
  _migrate_storage_release (work);
  _migrate_steps_release (work);
  _migrate_steps_hook_or_warn (work, MIGRATE_HOOK_POINT_AFTER_FINALIZE);
  return !work->lost_claim || needs_recover (error, MIGRATE_SIDE_NONE, "The claim was lost");
}
