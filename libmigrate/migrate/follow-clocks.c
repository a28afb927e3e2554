/* Act: the clocks of a transfer. What is past its time is given up, or waited for, or helped, as
 * the policy says; what can be given up no more is no longer followed. */
#include "migrate/follow-private.h"

#include "migrate/clocks-private.h"
#include "migrate/converge-private.h"

static guint64
seconds (Follow *self, const char *key)
{
  return (guint64) _migrate_policy_get_uint (self->work->policy, key) * 1000;
}

static guint64
since (gint64 now, gint64 then)
{
  return then != 0 && now > then ? (guint64) (now - then) / 1000 : 0;
}

/* A guest that somebody paused in mid-copy looks as one in the switch-over, but its memory travels.
 */
static MigrateClocks
read_clocks (Follow *self)
{
  gint64 now = _migrate_backend_now (self->work->backend);
  gint64 still = self->active_since != 0 ? MAX (self->active_since, self->travelled_at) : 0;

  return (MigrateClocks){
    .phase = self->work->phase,
    .handed_over = self->ran_at != 0 || _migrate_follow_is_switched (self),
    .transfer_ms = since (now, self->work->transfer_since),
    .disk_ms = since (now, self->disks_since),
    .memory_ms = since (now, self->copy_since),
    .postcopy_ms = since (now, self->postcopy_since),
    .still_ms = since (now, still),
    .stopped_ms = still != 0 ? since (now, MAX (self->stopped_at, still)) : 0,
    .abort_ms = since (now, self->abort_since),
    .memory_total = self->stats.memory_total,
    .memory_remaining = self->stats.memory_remaining,
    .disk_total = self->stats.disk_total,
    .disk_remaining = self->stats.disk_remaining,
    .bandwidth = self->trend.bandwidth,
    .disk_bandwidth = self->mirror.rate,
    .limit_ms = self->limit_ms,
    .deadline_ms = seconds (self, "deadline"),
    .memory_limit_ms = seconds (self, "memory-timeout"),
    .disk_limit_ms = seconds (self, "disk-timeout"),
    .postcopy_limit_ms = seconds (self, "postcopy-timeout"),
    .stall_limit_ms = seconds (self, "stall-timeout"),
    .switchover_limit_ms = seconds (self, "switchover-timeout"),
    .settle_ms = seconds (self, "settle-timeout"),
  };
}

static void
give_up (Follow *self, MigrateClock clock, const char *remedy, const char *why)
{
  self->given_up = _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, remedy, "%s", why);
  _migrate_work_decide (self->work,
                        clock == MIGRATE_CLOCK_DEADLINE ? "give-up" : _migrate_clock_name (clock),
                        "%s", why);
}

/* Told once for each time that it stands still. */
static void
stalled (Follow *self, MigrateClock clock, const char *why)
{
  gboolean wait
    = _migrate_policy_get_enum (self->work->policy, "at-stall") == MIGRATE_AT_STALL_WAIT;

  if (!wait)
    give_up (self, clock, "See whether the hosts reach each other", why);
  else if (!self->stall_told)
    _migrate_work_decide (self->work, _migrate_clock_name (clock),
                          "%s; the policy wants it to be waited for", why);
  self->stall_told = TRUE;
}

static void
reach_deadline (Follow *self, const char *why)
{
  if (self->deadline_over && self->paused_at != 0)
    return; /* what is left is on its way, and has a clock of its own */
  self->deadline_over = TRUE;
  if (!_migrate_follow_can_end (self))
    give_up (
      self, MIGRATE_CLOCK_DEADLINE,
      "Raise “deadline”, “bandwidth” or “max-downtime”, or let “at-deadline” say how it ends", why);
}

void
_migrate_follow_check_clocks (Follow *self)
{
  MigrateClocks clocks = read_clocks (self);
  g_autofree char *why = NULL;
  MigrateClock clock = _migrate_clocks_decide (&clocks, &why);

  switch (clock)
    {
    case MIGRATE_CLOCK_NONE:
      self->stall_told = FALSE;
      break;
    case MIGRATE_CLOCK_STALLED_COPY:
    case MIGRATE_CLOCK_STALLED_SWITCHOVER:
      stalled (self, clock, why);
      break;
    case MIGRATE_CLOCK_DEADLINE:
      reach_deadline (self, why);
      break;
    case MIGRATE_CLOCK_MEMORY:
      give_up (self, clock, "Raise “memory-timeout” or “bandwidth”", why);
      break;
    case MIGRATE_CLOCK_DISKS:
      give_up (self, clock, "Raise “disk-timeout” or “bandwidth”", why);
      break;
    case MIGRATE_CLOCK_POSTCOPY:
    case MIGRATE_CLOCK_ABORT:
      if (self->overdue == NULL)
        {
          self->overdue = _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, NULL, "%s", why);
          _migrate_work_decide (self->work, _migrate_clock_name (clock), "%s", why);
        }
      break;
    }
}
