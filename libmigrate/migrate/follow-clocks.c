/* Act: the clocks of a transfer; what is past its time is given up. */
#include "migrate/follow-private.h"

static void
check_deadline (Follow *self)
{
  guint limit = _migrate_policy_get_uint (self->work->policy, "deadline");
  const MigrateStats *s = &self->stats;
  gint64 now = _migrate_backend_now (self->work->backend);

  if (limit == 0 || self->copy_since == 0 || self->given_up != NULL
      || _migrate_follow_is_switched (self) || self->work->phase != MIGRATE_PHASE_COPYING_MEMORY
      || now - self->copy_since < (gint64) limit * G_TIME_SPAN_SECOND)
    return;
  self->given_up = _migrate_error_new (
    MIGRATE_ERROR_TIMED_OUT, "Raise “deadline”, “bandwidth” or “target-downtime”",
    "The copy was not done within %u s: %" G_GUINT64_FORMAT " MiB remained, at %" G_GUINT64_FORMAT
    " MiB/s, while the guest wrote %" G_GUINT64_FORMAT " MiB/s",
    limit, s->memory_remaining >> 20, s->memory_bps >> 20, s->dirty_rate >> 20);
  _migrate_work_decide (self->work, "give-up", "%s", self->given_up->message);
}

static void
give_up_stalled (Follow *self, const char *what, const char *words, gint64 stood_ms)
{
  self->given_up
    = _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, "See whether the hosts reach each other",
                          "%s for %" G_GINT64_FORMAT " s", words, stood_ms / 1000);
  _migrate_work_decide (self->work, what, "%s", self->given_up->message);
}

/* Nothing travels, and libvirt waits for a peer that says nothing: nobody but us counts that time.
 * A guest that somebody paused in mid-copy looks as one in the switch-over, but its memory travels.
 */
static void
check_stalled (Follow *self)
{
  MigratePolicy *policy = self->work->policy;
  gint64 copy = (gint64) _migrate_policy_get_uint (policy, "stall-timeout") * 1000;
  gint64 switchover = (gint64) _migrate_policy_get_uint (policy, "switchover-timeout") * 1000;
  gint64 since = MAX (self->active_since, self->travelled_at);
  gint64 stood;

  if (self->given_up != NULL || since == 0 || self->ran_at != 0
      || _migrate_follow_is_switched (self))
    return;
  if (self->work->phase == MIGRATE_PHASE_SWITCHING_OVER)
    {
      stood = (_migrate_backend_now (self->work->backend) - MAX (self->stopped_at, since)) / 1000;
      if (switchover > 0
          && stood >= MAX (switchover,
                           3 * (gint64) _migrate_policy_get_uint (policy, "target-downtime")))
        give_up_stalled (self, "stalled-switchover", "The switch-over stood still", stood);
      return;
    }
  stood = (_migrate_backend_now (self->work->backend) - since) / 1000;
  if (copy > 0 && stood >= copy
      && (self->work->phase == MIGRATE_PHASE_COPYING_MEMORY
          || self->work->phase == MIGRATE_PHASE_STARTING))
    give_up_stalled (self, "stalled-copy", "Nothing has travelled", stood);
}

void
_migrate_follow_check_clocks (Follow *self)
{
  check_deadline (self);
  check_stalled (self);
}
