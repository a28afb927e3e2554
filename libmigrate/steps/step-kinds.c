/* What each kind of step does, proves and takes back. Acts. Every one may be run twice. */
#include "steps/inventory-private.h"
#include "steps/step-acts-private.h"

MigrateCall *
_migrate_step_find (MigrateWork *work, MigrateSide side, GError **error)
{
  return _migrate_work_call (work, side, MIGRATE_CALL_DOMAIN_FIND, work->result->guest_uuid, 0,
                             error);
}

MigrateCall *
_migrate_step_find_if_there (MigrateWork *work, MigrateSide side, GError **error)
{
  GError *local_error = NULL;
  MigrateCall *call = _migrate_step_find (work, side, &local_error);

  if (call != NULL)
    return call;
  if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    g_error_free (local_error);
  else
    g_propagate_error (error, local_error);
  return NULL;
}

gboolean
_migrate_step_order (MigrateWork *work, MigrateSide side, MigrateCallKind kind, guint64 value,
                     GError **error)
{
  /* Another job's lock on the guest is given up in time, or never: a second wait tells. */
  for (int tries = 0;; tries++)
    {
      GError *local_error = NULL;
      g_autoptr (MigrateCall) call
        = _migrate_work_call (work, side, kind, work->result->guest_uuid, value, &local_error);

      if (call != NULL)
        return TRUE;
      if (tries > 0 || !g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY))
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      g_error_free (local_error);
    }
}

gboolean
_migrate_step_unproven (GError **error, MigrateSide side, const char *what)
{
  GError *local_error
    = _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER, NULL /* remedy */,
                          "%s was asked for, but the host does not show it", what);

  _migrate_error_set_side (local_error, side);
  g_propagate_error (error, local_error);
  return FALSE;
}

/* ---- autostart: off at the source while two definitions may exist ---- */

static gboolean
set_autostart (MigrateWork *work, MigrateSide side, gboolean on, GError **error)
{
  g_autoptr (MigrateCall) seen = NULL;

  if (!_migrate_step_order (work, side, MIGRATE_CALL_SET_AUTOSTART, on, error))
    return FALSE;
  seen = _migrate_step_find (work, side, error);
  if (seen == NULL)
    return FALSE;
  return seen->domain.autostart == on || _migrate_step_unproven (error, side, "Setting autostart");
}

static gboolean
clear_autostart_act (MigrateWork *work, GVariant *args, GError **error)
{
  return set_autostart (work, MIGRATE_SIDE_SOURCE, FALSE, error);
}

static gboolean
clear_autostart_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return set_autostart (work, MIGRATE_SIDE_SOURCE, TRUE, error);
}

static gboolean
set_autostart_act (MigrateWork *work, GVariant *args, GError **error)
{
  return set_autostart (work, MIGRATE_SIDE_DESTINATION, TRUE, error);
}

/* ---- the guest at one side ---- */

static gboolean
is_gone (MigrateWork *work, MigrateSide side, gboolean defined_too, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (MigrateCall) seen = _migrate_step_find (work, side, &local_error);

  if (seen == NULL)
    {
      if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  if (!defined_too && seen->domain.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  return _migrate_step_unproven (error, side,
                                 defined_too ? "Undefining the guest" : "Destroying the guest");
}

static gboolean
ignore_not_found (gboolean ok, GError *local_error, GError **error)
{
  if (ok)
    return TRUE;
  if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    {
      g_error_free (local_error);
      return TRUE;
    }
  g_propagate_error (error, local_error);
  return FALSE;
}

gboolean
_migrate_step_end_guest (MigrateWork *work, MigrateSide side, GError **error)
{
  GError *local_error = NULL;
  gboolean ok = _migrate_step_order (work, side, MIGRATE_CALL_DESTROY, 0, &local_error);

  return ignore_not_found (ok, local_error, error) && is_gone (work, side, FALSE, error);
}

gboolean
_migrate_step_undefine (MigrateWork *work, MigrateSide side, guint flags, GError **error)
{
  GError *local_error = NULL;
  gboolean ok = _migrate_step_order (work, side, MIGRATE_CALL_UNDEFINE, flags, &local_error);

  return ignore_not_found (ok, local_error, error) && is_gone (work, side, TRUE, error);
}

static gboolean
destroy_source_half_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_end_guest (work, MIGRATE_SIDE_SOURCE, error);
}

static gboolean
undefine_source_act (MigrateWork *work, GVariant *args, GError **error)
{
  guint flags = (guint) _migrate_variant_uint64 (args, "flags", 0);

  return _migrate_step_undefine (work, MIGRATE_SIDE_SOURCE, flags, error);
}

static gboolean
persist_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (MigrateCall) seen = NULL;

  if (!_migrate_step_order (work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_PERSIST, 0, error))
    return FALSE;
  seen = _migrate_step_find (work, MIGRATE_SIDE_DESTINATION, error);
  if (seen == NULL)
    return FALSE;
  return seen->domain.persistent
         || _migrate_step_unproven (error, MIGRATE_SIDE_DESTINATION, "Defining the guest");
}

static gboolean
resume (MigrateWork *work, MigrateSide side, GError **error)
{
  g_autoptr (MigrateCall) seen = NULL;

  if (!_migrate_step_order (work, side, MIGRATE_CALL_RESUME, 0, error))
    return FALSE;
  seen = _migrate_step_find (work, side, error);
  if (seen == NULL)
    return FALSE;
  return seen->domain.state == MIGRATE_DOMAIN_RUNNING
         || _migrate_step_unproven (error, side, "Resuming the guest");
}

static gboolean
resume_source_act (MigrateWork *work, GVariant *args, GError **error)
{
  return resume (work, MIGRATE_SIDE_SOURCE, error);
}

static gboolean
resume_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  return resume (work, MIGRATE_SIDE_DESTINATION, error);
}

/* ---- what helps a copy to its end ---- */

/* Not undone: libvirt gives QEMU its own limit back when the transfer ends. */
static gboolean
set_downtime_limit_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_order (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_SET_DOWNTIME,
                              _migrate_variant_uint64 (args, "limit-ms", 0), error);
}

/* libvirt lets it run again wherever the transfer ends, most of the time. */
static gboolean
pause_guest_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_order (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_SUSPEND, 0, error);
}

static gboolean
pause_guest_undo (MigrateWork *work, GVariant *args, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) seen = _migrate_step_find (work, MIGRATE_SIDE_SOURCE, &local_error);

  if (seen == NULL)
    return ignore_not_found (FALSE, local_error, error);
  /* During a migration libvirt gives its reason, whoever asked. */
  return seen->domain.state != MIGRATE_DOMAIN_PAUSED
         || (seen->domain.reason != MIGRATE_PAUSED_USER
             && seen->domain.reason != MIGRATE_PAUSED_MIGRATION)
         || resume (work, MIGRATE_SIDE_SOURCE, error);
}

/* ---- the platform's record ---- */

static gboolean
swap_record_act (MigrateWork *work, GVariant *args, GError **error)
{
  if (work->inventory == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER,
                          "Set the program's inventory on the job and try again",
                          "The platform's record must be swapped, and no inventory is set");
      return FALSE;
    }
  return _migrate_inventory_swap (work, _migrate_variant_string (args, "expected"),
                                  _migrate_variant_string (args, "host"), error);
}

/* ---- chores: the agent's or QEMU's answer is all the proof there is ---- */

static gboolean
set_clock_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_order (work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_SET_TIME, 0, error);
}

static gboolean
trim_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_order (work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_TRIM, 0, error);
}

static gboolean
announce_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_order (work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_ANNOUNCE, 0, error);
}

static const MigrateStepKind kinds[] = {
  /* The one step of a check: it has no claim, and takes itself back. */
  { "probe", NULL, _migrate_probe_undo },
  { "clear-autostart", clear_autostart_act, clear_autostart_undo },
  { "set-autostart", set_autostart_act, NULL },
  { "transfer", NULL, NULL },
  { "set-downtime-limit", set_downtime_limit_act, NULL },
  { "pause-guest", pause_guest_act, pause_guest_undo },
  { "start-postcopy", NULL, NULL },
  { "resume-postcopy", NULL, NULL },
  /* What an operator has asked for, from then on until the transfer's end; "retune" until the
   * hypervisor has it too. */
  { "retune", NULL, NULL },
  { "finish-now", NULL, NULL },
  { "pause", NULL, NULL },
  { "destroy-source-half", destroy_source_half_act, NULL },
  { "undefine-source", undefine_source_act, NULL },
  { "persist-destination", persist_destination_act, NULL },
  { "resume-source", resume_source_act, NULL },
  { "resume-destination", resume_destination_act, NULL },
  { "hook", _migrate_hook_act, _migrate_hook_undo },
  /* Not undone: it says where the guest was proven to be, and recover goes by proof again. */
  { "swap-record", swap_record_act, NULL },
  { "set-clock", set_clock_act, NULL },
  { "trim", trim_act, NULL },
  { "announce", announce_act, NULL },
};

/* Of rooms above. Written while a class is made, read after that. */
static struct
{
  const MigrateStepKind *kinds;
  gsize n;
} more[8];
static gsize n_more;

void
_migrate_step_kinds_add (const MigrateStepKind *added, gsize n)
{
  g_assert (n_more < G_N_ELEMENTS (more));
  more[n_more].kinds = added;
  more[n_more++].n = n;
}

static const MigrateStepKind *
find_kind (const MigrateStepKind *list, gsize n, const char *name)
{
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (list[i].name, name))
      return &list[i];
  return NULL;
}

const MigrateStepKind *
_migrate_step_kind (const char *name)
{
  const MigrateStepKind *kind = find_kind (kinds, G_N_ELEMENTS (kinds), name);

  if (kind == NULL)
    kind = find_kind (_migrate_repair_kinds, _migrate_n_repair_kinds, name);
  for (gsize i = 0; kind == NULL && i < n_more; i++)
    kind = find_kind (more[i].kinds, more[i].n, name);
  return kind;
}
