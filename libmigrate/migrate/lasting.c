/* Act: one call on a connection of its own, looked after until it is back. */
#include "migrate/lasting-private.h"

#include "steps/standstill-private.h"
#include "steps/steps-private.h"

#define ABORT_AGAIN_US (2 * G_TIME_SPAN_SECOND)
#define ABORT_PATIENCE_US (120 * G_TIME_SPAN_SECOND)
#define SETTLE_POLL_MS 1000

/* Outlives its caller, for libvirt may never answer. */
typedef struct
{
  gatomicrefcount ref_count;
  MigrateWork *work;
  gboolean may_be_cancelled;
  GMutex lock;
  gboolean done;
  GError *error;
} Lasting;

static void
lasting_unref (Lasting *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  _migrate_work_unref (self->work);
  g_mutex_clear (&self->lock);
  g_clear_error (&self->error);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Lasting, lasting_unref)

static void
lasting_done (MigrateCall *call, GError *error, gpointer data)
{
  Lasting *self = data;

  g_mutex_lock (&self->lock);
  self->done = TRUE;
  self->error = error != NULL ? _migrate_error_adopt (error) : NULL;
  g_mutex_unlock (&self->lock);
  _migrate_work_wake (self->work);
  lasting_unref (self);
}

static gboolean
is_done (Lasting *self)
{
  gboolean done;

  g_mutex_lock (&self->lock);
  done = self->done;
  g_mutex_unlock (&self->lock);
  return done;
}

/* What has travelled so far; the same as before where nobody tells. */
static guint64
look (MigrateWork *work, MigrateSide side, guint64 before)
{
  g_autoptr (MigrateCall) call = _migrate_work_call (work, side, MIGRATE_CALL_JOB_STATS,
                                                     work->result->guest_uuid, 0, NULL /* error */);

  return call != NULL && call->stats.type == MIGRATE_JOB_ACTIVE ? call->stats.memory_processed
                                                                : before;
}

static GError *
give_up (Lasting *self, gint64 moved_at)
{
  MigrateWork *work = self->work;
  gint64 stall = (gint64) _migrate_policy_get_uint (work->policy, "stall-timeout");
  GError *error = NULL;

  if (self->may_be_cancelled && _migrate_work_check_cancelled (work, &error))
    return error;
  if (stall == 0 || _migrate_backend_now (work->backend) - moved_at <= stall * G_TIME_SPAN_SECOND)
    return NULL;
  return _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, "Look at the host's disk",
                             "Nothing of the guest's memory has moved for %" G_GINT64_FORMAT " s",
                             stall);
}

static void
abort_call (MigrateWork *work, MigrateSide side)
{
  g_autoptr (MigrateCall) call = _migrate_work_call (work, side, MIGRATE_CALL_ABORT,
                                                     work->result->guest_uuid, 0, NULL /* error */);
}

/* The error that it was given up with; NULL: it came back. A host that does not answer the abort
 * either is left: what has become of the guest is what it shows when it does. */
static GError *
wait (Lasting *self, MigrateSide side)
{
  MigrateWork *work = self->work;
  guint poll = _migrate_policy_get_uint (work->policy, "poll-interval");
  gint64 moved_at = _migrate_backend_now (work->backend), aborted_at = 0, abort_since = 0;
  guint64 moved = 0;
  g_autoptr (GError) given_up = NULL;

  while (!is_done (self))
    {
      gint64 now = _migrate_backend_now (work->backend);
      guint64 seen = look (work, side, moved);

      _migrate_standstill_listen (work);
      if (seen != moved)
        moved_at = now;
      moved = seen;
      if (given_up == NULL)
        given_up = give_up (self, moved_at);
      if (given_up != NULL && (aborted_at == 0 || now - aborted_at > ABORT_AGAIN_US))
        {
          aborted_at = now;
          if (abort_since == 0)
            abort_since = now;
          abort_call (work, side);
        }
      if (abort_since != 0 && now - abort_since > ABORT_PATIENCE_US)
        break;
      _migrate_work_sleep (work, poll);
    }
  return g_steal_pointer (&given_up);
}

gboolean
_migrate_lasting_call (MigrateWork *work, MigrateSide side, MigrateCall *call,
                       gboolean may_be_cancelled, GError **error)
{
  g_autoptr (Lasting) self = g_new0 (Lasting, 1);
  g_autoptr (GError) given_up = NULL;
  g_autoptr (GError) said = NULL;
  gboolean done;

  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count); /* the call's thread */
  self->work = _migrate_work_ref (work);
  self->may_be_cancelled = may_be_cancelled;
  g_mutex_init (&self->lock);
  if (!_migrate_link_start_transfer (_migrate_work_link (work, side), call, lasting_done, self,
                                     error))
    {
      lasting_unref (self);
      return FALSE;
    }
  given_up = wait (self, side);
  g_mutex_lock (&self->lock);
  done = self->done;
  if (self->error != NULL)
    said = g_error_copy (self->error);
  g_mutex_unlock (&self->lock);
  if (done && said == NULL) /* it was, before the abort */
    return TRUE;
  g_propagate_error (error,
                     given_up != NULL ? g_steal_pointer (&given_up) : g_steal_pointer (&said));
  return FALSE;
}

static gboolean
is_on_its_way (const MigrateDomain *domain)
{
  return domain->state == MIGRATE_DOMAIN_PAUSED
         && (domain->reason == MIGRATE_PAUSED_SAVE || domain->reason == MIGRATE_PAUSED_STARTING_UP);
}

gboolean
_migrate_lasting_settle (MigrateWork *work, MigrateSide side, gboolean take_back, GError **error)
{
  guint poll = _migrate_policy_get_uint (work->policy, "poll-interval");
  gint64 stall = (gint64) _migrate_policy_get_uint (work->policy, "stall-timeout");
  gint64 moved_at = _migrate_backend_now (work->backend);
  guint64 moved = 0;

  for (;;)
    {
      g_autoptr (MigrateCall) seen = _migrate_step_find (work, side, error);
      gint64 now = _migrate_backend_now (work->backend);
      guint64 travelled;

      if (seen == NULL)
        return FALSE;
      if (!is_on_its_way (&seen->domain))
        return TRUE;
      travelled = look (work, side, moved);
      if (travelled != moved)
        moved_at = now;
      moved = travelled;
      if (stall > 0 && now - moved_at > stall * G_TIME_SPAN_SECOND)
        break;
      if (take_back && seen->domain.reason == MIGRATE_PAUSED_SAVE)
        abort_call (work, side);
      _migrate_work_sleep (work, MAX (poll, SETTLE_POLL_MS));
    }
  _migrate_set_error (error, MIGRATE_ERROR_TIMED_OUT, "Look at the host's disk",
                      "Nothing of the guest's memory has moved for %" G_GINT64_FORMAT " s", stall);
  return FALSE;
}
