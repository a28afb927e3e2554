/* See the header. Where the policy leaves a time open it follows from the size and the rate that
 * was measured, with room for what a busy link may do to it. */
#include "migrate/clocks-private.h"

#define LEAST_MS 600000 /* of a time that is not the policy's */
#define TIMES 20        /* what the size takes at the measured rate */
#define ABORT_MS 60000  /* libvirt lets a failed job go after 30 s, and notices a silent peer so */

static guint64
time_for (guint64 bytes, guint64 bandwidth, guint64 policy_ms)
{
  if (policy_ms > 0)
    return policy_ms;
  if (bandwidth == 0) /* that nothing travels has a clock of its own */
    return G_MAXUINT64;
  return MAX (LEAST_MS, bytes * 1000 / bandwidth * TIMES);
}

static gboolean
tell (char **why, const char *what, guint64 ms)
{
  *why = g_strdup_printf ("%s for %" G_GUINT64_FORMAT " s", what, ms / 1000);
  return TRUE;
}

static gboolean
tell_late (const char *what, guint64 ms, guint64 remaining, guint64 bandwidth, char **why)
{
  *why = g_strdup_printf ("%s was not done within %" G_GUINT64_FORMAT " s: %" G_GUINT64_FORMAT
                          " MiB remained, at %" G_GUINT64_FORMAT " MiB/s",
                          what, ms / 1000, remaining >> 20, bandwidth >> 20);
  return TRUE;
}

static gboolean
tell_copy (const MigrateClocks *self, const char *what, guint64 ms, char **why)
{
  return tell_late (what, ms, self->memory_remaining, self->bandwidth, why);
}

static gboolean
tell_disks (const MigrateClocks *self, const char *what, guint64 ms, char **why)
{
  return tell_late (what, ms, self->disk_remaining, self->disk_bandwidth, why);
}

static gboolean
is_switch_over_stalled (const MigrateClocks *self, char **why)
{
  guint64 takes
    = self->bandwidth > 0 ? self->memory_remaining * 1000 / self->bandwidth : self->limit_ms;
  guint64 limit = MAX (self->switchover_limit_ms, 3 * MAX (takes, self->limit_ms));

  return self->phase == MIGRATE_PHASE_SWITCHING_OVER && self->switchover_limit_ms > 0
         && self->stopped_ms >= limit
         && tell (why, "The switch-over stood still", self->stopped_ms);
}

static gboolean
is_copy_stalled (const MigrateClocks *self, char **why)
{
  return (self->phase == MIGRATE_PHASE_COPYING_MEMORY || self->phase == MIGRATE_PHASE_COPYING_DISKS
          || self->phase == MIGRATE_PHASE_STARTING)
         && self->stall_limit_ms > 0 && self->still_ms >= self->stall_limit_ms
         && tell (why, "Nothing has travelled", self->still_ms);
}

static gboolean
is_memory_late (const MigrateClocks *self, char **why)
{
  guint64 limit = time_for (self->memory_total, self->bandwidth, self->memory_limit_ms);

  return self->phase == MIGRATE_PHASE_COPYING_MEMORY && self->memory_ms >= limit
         && tell_copy (self, "The copy of memory", self->memory_ms, why);
}

static gboolean
are_disks_late (const MigrateClocks *self, char **why)
{
  guint64 limit = time_for (self->disk_total, self->disk_bandwidth, self->disk_limit_ms);

  return self->phase == MIGRATE_PHASE_COPYING_DISKS && self->disk_ms >= limit
         && tell_disks (self, "The copy of disks", self->disk_ms, why);
}

static gboolean
is_deadline_over (const MigrateClocks *self, char **why)
{
  if (self->deadline_ms == 0 || self->transfer_ms < self->deadline_ms)
    return FALSE;
  if (self->phase == MIGRATE_PHASE_COPYING_DISKS)
    return tell_disks (self, "The copy of disks, before memory,", self->deadline_ms, why);
  return self->phase == MIGRATE_PHASE_COPYING_MEMORY
         && tell_copy (self, "The copy", self->deadline_ms, why);
}

static gboolean
is_postcopy_late (const MigrateClocks *self, char **why)
{
  guint64 limit = time_for (self->memory_total, self->bandwidth, self->postcopy_limit_ms);

  return self->phase == MIGRATE_PHASE_POSTCOPY && self->postcopy_ms >= limit
         && tell_copy (self, "Post-copy", self->postcopy_ms, why);
}

MigrateClock
_migrate_clocks_decide (const MigrateClocks *self, char **why)
{
  if (is_postcopy_late (self, why))
    return MIGRATE_CLOCK_POSTCOPY;
  if (self->handed_over)
    return MIGRATE_CLOCK_NONE;
  if (self->abort_ms >= self->settle_ms + ABORT_MS && self->abort_ms > 0)
    {
      tell (why, "The move was given up, and the abort has not ended", self->abort_ms);
      return MIGRATE_CLOCK_ABORT;
    }
  if (self->abort_ms > 0)
    return MIGRATE_CLOCK_NONE;
  if (is_switch_over_stalled (self, why))
    return MIGRATE_CLOCK_STALLED_SWITCHOVER;
  if (is_copy_stalled (self, why))
    return MIGRATE_CLOCK_STALLED_COPY;
  if (is_deadline_over (self, why))
    return MIGRATE_CLOCK_DEADLINE;
  if (are_disks_late (self, why))
    return MIGRATE_CLOCK_DISKS;
  return is_memory_late (self, why) ? MIGRATE_CLOCK_MEMORY : MIGRATE_CLOCK_NONE;
}

const char *
_migrate_clock_name (MigrateClock clock)
{
  static const char *const names[]
    = { "none",         "deadline",           "memory-timeout",   "disk-timeout",
        "stalled-copy", "stalled-switchover", "postcopy-timeout", "abort-timeout" };

  return names[clock];
}
