/* Act: start the transfer on a thread and a connection of its own. */
#include "migrate/migrate-private.h"

#include "check/plan-private.h"
#include "migrate/converge-private.h"
#include "steps/steps-private.h"

struct _MigrateTransferCall
{
  gatomicrefcount ref_count;
  MigrateWork *work; /* to wake it */
  MigrateCall *call;
  GMutex lock;
  MigrateTransferState state;
  gint64 ended; /* backend time; 0: it has not */
  GError *error;
};

MigrateBefore
_migrate_before (GVariant *facts)
{
  return (MigrateBefore){
    .was_running = _migrate_variant_boolean (facts, "was-running"),
    .was_paused = _migrate_variant_boolean (facts, "was-paused"),
    .persistent = _migrate_variant_boolean (facts, "persistent"),
    .autostart = _migrate_variant_boolean (facts, "autostart"),
    .memory = _migrate_variant_uint64 (facts, "memory", 0),
  };
}

void
_migrate_transfer_call_unref (MigrateTransferCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  _migrate_work_unref (self->work);
  _migrate_call_unref (self->call);
  g_mutex_clear (&self->lock);
  g_clear_error (&self->error);
  g_free (self);
}

MigrateTransferState
_migrate_transfer_call_get_state (MigrateTransferCall *self)
{
  MigrateTransferState state;

  g_mutex_lock (&self->lock);
  state = self->state;
  g_mutex_unlock (&self->lock);
  return state;
}

gboolean
_migrate_transfer_call_off (MigrateTransferCall *self)
{
  return g_atomic_int_compare_and_exchange (&self->call->transfer.stage, MIGRATE_TRANSFER_ASKED,
                                            MIGRATE_TRANSFER_CALLED_OFF);
}

gint64
_migrate_transfer_call_get_ended (MigrateTransferCall *self)
{
  gint64 ended;

  g_mutex_lock (&self->lock);
  ended = self->ended;
  g_mutex_unlock (&self->lock);
  return ended;
}

GError *
_migrate_transfer_call_dup_error (MigrateTransferCall *self)
{
  GError *error;

  g_mutex_lock (&self->lock);
  error = self->error != NULL ? g_error_copy (self->error) : NULL;
  g_mutex_unlock (&self->lock);
  return error;
}

static void
transfer_done (MigrateCall *call, GError *error, gpointer data)
{
  MigrateTransferCall *self = data;
  gint64 now = _migrate_backend_now (self->work->backend);

  g_mutex_lock (&self->lock);
  self->ended = now;
  self->state = error != NULL ? MIGRATE_TRANSFER_FAILED : MIGRATE_TRANSFER_OK;
  self->error = error != NULL ? _migrate_error_adopt (error) : NULL;
  g_mutex_unlock (&self->lock);
  _migrate_work_wake (self->work);
  _migrate_transfer_call_unref (self);
}

/* ---- from the plan to the record ---- */

/* The plan with the policy as it is now: until the transfer begins, and for a second one, that may
 * be another than what the plan was made by. */
static MigratePlan *
renewed_plan (MigrateWork *work, const MigrateBefore *before)
{
  const MigratePlanBasis basis = { before->was_paused, before->persistent, before->autostart };
  const MigrateCheckRequest request = _migrate_check_request (work);

  return _migrate_plan_renew (work->plan, &basis, &request, work->policy);
}

static void
adopt_plan (MigrateWork *work, MigratePlan *plan)
{
  if (work->plan != NULL
      && g_variant_equal (_migrate_plan_peek (work->plan), _migrate_plan_peek (plan)))
    return;
  _migrate_work_set_plan (work, migrate_plan_ref (plan));
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_PLAN, _migrate_plan_to_variant (plan));
}

static MigrateCall *
transfer_call_record (MigrateWork *work, MigratePlan *plan)
{
  const MigrateCheckRequest request = _migrate_check_request (work);
  MigrateCall *call = _migrate_call_new (MIGRATE_CALL_TRANSFER, work->result->guest_uuid);

  _migrate_plan_get_transfer (plan, &request, &call->transfer);
  return call;
}

static GVariant *
transfer_args (const MigrateTransfer *t)
{
  g_autofree char *peer = _migrate_uri_redact (t->peer_uri);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", "transport",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_TRANSPORT, (int) t->transport)));
  g_variant_builder_add (&builder, "{sv}", "peer-uri", g_variant_new_string (peer));
  g_variant_builder_add (&builder, "{sv}", "paused", g_variant_new_boolean (t->paused));
  g_variant_builder_add (&builder, "{sv}", "postcopy", g_variant_new_boolean (t->postcopy));
  g_variant_builder_add (&builder, "{sv}", "throttle", g_variant_new_boolean (t->throttle));
  if (t->disks != NULL)
    {
      g_variant_builder_add (&builder, "{sv}", "disks",
                             g_variant_new_strv ((const char *const *) t->disks, -1));
      g_variant_builder_add (&builder, "{sv}", "sync-writes",
                             g_variant_new_boolean (t->sync_writes));
    }
  return g_variant_builder_end (&builder);
}

/* Part of starting, but no reason not to move: QEMU's own limit holds then. */
static void
set_downtime (MigrateWork *work)
{
  guint limit = _migrate_converge_limit (_migrate_plan_get_target_downtime (work->plan));
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateCall) call = _migrate_work_call (
    work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_SET_DOWNTIME, work->result->guest_uuid, limit, &error);

  if (call == NULL)
    _migrate_work_warn (work, "The downtime limit could not be set: %s", error->message);
}

MigrateTransferCall *
_migrate_transfer_start_call (MigrateWork *work, const char *step, MigrateCall *call,
                              GError **error)
{
  MigrateTransferCall *self;

  if (_migrate_steps_begin (work, step, transfer_args (&call->transfer), error) == NULL)
    return NULL;
  if (!call->transfer.resume && !call->transfer.carrier)
    set_downtime (work);
  self = g_new0 (MigrateTransferCall, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count); /* the transfer's thread */
  self->work = _migrate_work_ref (work);
  self->call = _migrate_call_ref (call);
  g_mutex_init (&self->lock);
  self->state = MIGRATE_TRANSFER_OPEN;
  if (_migrate_link_start_transfer (work->source, call, transfer_done, self, error))
    return self;
  _migrate_transfer_call_unref (self);
  _migrate_transfer_call_unref (self);
  return NULL;
}

MigrateTransferCall *
_migrate_transfer_start (MigrateWork *work, const MigrateBefore *before, GError **error)
{
  g_autoptr (MigratePlan) plan = renewed_plan (work, before);
  g_autoptr (MigrateCall) call = transfer_call_record (work, plan);

  adopt_plan (work, plan);
  if (!_migrate_transfer_make_xml (work, &call->transfer, error))
    return NULL;
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_IN_FLIGHT, g_variant_new_boolean (TRUE));
  return _migrate_transfer_start_call (work, "transfer", call, error);
}

/* Once: with the first that makes them wait there is no more to be done. */
gboolean
_migrate_transfer_may_begin_again (MigrateWork *work)
{
  const MigrateStepEntry *last = _migrate_steps_last (work, "transfer");

  return work->sync_writes && work->result->outcome == MIGRATE_OUTCOME_STAYED && !work->lost_claim
         && last != NULL && !_migrate_variant_boolean (last->args, "sync-writes");
}

MigrateTransferCall *
_migrate_transfer_begin_again (MigrateWork *work, const MigrateBefore *before, GError **error)
{
  MigrateResult *result = work->result;

  _migrate_work_set_phase (work, MIGRATE_PHASE_STARTING);
  result->disk_bytes_before = result->disk_bytes;
  return _migrate_transfer_start (work, before, error);
}

/* What may be done to the guest can have been changed since the start. */
static gboolean
was_armed_with_throttle (MigrateWork *work)
{
  for (guint i = work->steps->len; i-- > 0;)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];

      if (g_str_equal (step->kind->name, "transfer"))
        return _migrate_variant_boolean (step->args, "throttle");
    }
  return FALSE;
}

/* What was asked for at the start is asked for again: with the same flags libvirt 9.0 leaves the
 * definition at the destination, and none at the source. */
MigrateTransferCall *
_migrate_transfer_resume (MigrateWork *work, const MigrateBefore *before, GError **error)
{
  g_autoptr (MigratePlan) plan = renewed_plan (work, before);
  g_autoptr (MigrateCall) call = transfer_call_record (work, plan);

  call->transfer.throttle = was_armed_with_throttle (work);
  call->transfer.postcopy = TRUE;
  call->transfer.resume = TRUE;
  call->transfer.paused = FALSE;
  return _migrate_transfer_start_call (work, "resume-postcopy", call, error);
}
