/* The kinds of steps that only a recovery takes. Acts; every one looks once more before it does
 * what cannot be taken back, and may be run twice. The side is bound by the recovery: SOURCE is
 * also any host that plays no part of a move. */
#include "steps/steps-private.h"

#define ABORT_WAIT_US (60 * G_TIME_SPAN_SECOND) /* libvirt lets a given up job go after 30 s */
#define ABORT_POLL_MS 500

static gboolean
refuse (GError **error, MigrateSide side, const MigrateDomain *domain, const char *what)
{
  g_autofree char *state = _migrate_domain_describe (domain->state, domain->reason);
  GError *local_error
    = _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER, "Investigate again",
                          "%s was not done: guest “%s” is %s now", what, domain->name, state);

  _migrate_error_set_side (local_error, side);
  g_propagate_error (error, local_error);
  return FALSE;
}

static gboolean
remove_incoming_act (MigrateWork *work, GVariant *args, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) seen
    = _migrate_step_find_if_there (work, MIGRATE_SIDE_DESTINATION, &local_error);

  if (seen == NULL)
    {
      if (local_error == NULL)
        return TRUE;
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (seen->domain.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  if (seen->domain.state != MIGRATE_DOMAIN_PAUSED)
    return refuse (error, MIGRATE_SIDE_DESTINATION, &seen->domain, "Removing what came in");
  return _migrate_step_end_guest (work, MIGRATE_SIDE_DESTINATION, error);
}

static gboolean
undefine_destination_act (MigrateWork *work, GVariant *args, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) seen
    = _migrate_step_find_if_there (work, MIGRATE_SIDE_DESTINATION, &local_error);

  if (seen == NULL)
    {
      if (local_error == NULL)
        return TRUE;
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (seen->domain.state != MIGRATE_DOMAIN_SHUTOFF)
    return refuse (error, MIGRATE_SIDE_DESTINATION, &seen->domain, "Undefining the guest");
  return _migrate_step_undefine (work, MIGRATE_SIDE_DESTINATION,
                                 (guint) _migrate_variant_uint64 (args, "flags", 0), error);
}

static gboolean
destroy_guest_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_step_end_guest (work, MIGRATE_SIDE_SOURCE, error);
}

static gboolean
start_guest_act (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (MigrateCall) seen = NULL;

  if (!_migrate_step_order (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_START, 0, error))
    return FALSE;
  seen = _migrate_step_find (work, MIGRATE_SIDE_SOURCE, error);
  if (seen == NULL)
    return FALSE;
  return seen->domain.state == MIGRATE_DOMAIN_RUNNING
         || _migrate_step_unproven (error, MIGRATE_SIDE_SOURCE, "Starting the guest");
}

/* The answer of an abort is no end: the end is that the job is gone. One that is accepted and does
 * not end is for the next look to tell: what frees it is another step. */
static gboolean
abort_transfer_act (MigrateWork *work, GVariant *args, GError **error)
{
  gint64 deadline = _migrate_backend_now (work->backend) + ABORT_WAIT_US;

  if (!_migrate_step_order (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_ABORT, 0, error))
    return FALSE;
  for (;;)
    {
      g_autoptr (MigrateCall) call
        = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_JOB_STATS,
                              work->result->guest_uuid, 0, NULL /* error */);

      if (call != NULL && call->stats.type == MIGRATE_JOB_NONE)
        return TRUE;
      if (_migrate_backend_now (work->backend) >= deadline)
        return (call != NULL && call->stats.type != MIGRATE_JOB_ACTIVE)
               || _migrate_step_unproven (error, MIGRATE_SIDE_SOURCE, "The end of the transfer");
      _migrate_work_sleep (work, ABORT_POLL_MS);
    }
}

static gboolean
define_act (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_DEFINE, work->result->guest_uuid);
  g_autoptr (MigrateCall) seen = NULL;

  call->text_in = g_strdup (_migrate_variant_string (args, "definition"));
  if (call->text_in == NULL)
    return _migrate_step_unproven (error, MIGRATE_SIDE_SOURCE, "A definition");
  if (!_migrate_work_run_call (work, MIGRATE_SIDE_SOURCE, call, error))
    return FALSE;
  seen = _migrate_step_find (work, MIGRATE_SIDE_SOURCE, error);
  if (seen == NULL)
    return FALSE;
  return seen->domain.persistent
         || _migrate_step_unproven (error, MIGRATE_SIDE_SOURCE, "Defining the guest");
}

const MigrateStepKind _migrate_repair_kinds[] = {
  { "remove-incoming", remove_incoming_act, NULL },
  { "undefine-destination", undefine_destination_act, NULL },
  { "destroy-guest", destroy_guest_act, NULL },
  { "start-guest", start_guest_act, NULL },
  { "abort-transfer", abort_transfer_act, NULL },
  { "define", define_act, NULL },
  /* Done by the recovery, which has the fence, and knows the rooms above. */
  { "release-images", NULL, NULL },
  { "fence", NULL, NULL },
  { "reset-stream", NULL, NULL },
};
const gsize _migrate_n_repair_kinds = G_N_ELEMENTS (_migrate_repair_kinds);
