/* Decide: which time of a transfer is over. A pure function from how long each part has taken to
 * the one clock that has run out, if any. */
#pragma once

#include "model/model-private.h"

typedef struct
{
  MigratePhase phase;
  gboolean handed_over; /* it runs there, or the switch to post-copy was ordered */

  /* How long, in ms; 0: it has not begun. */
  guint64 transfer_ms, memory_ms, disk_ms, postcopy_ms;
  guint64 still_ms;   /* nothing has travelled */
  guint64 stopped_ms; /* the guest stands still in a switch-over, and nothing has travelled */
  guint64 abort_ms;   /* since an abort was first asked for */

  guint64 memory_total, memory_remaining, disk_total, disk_remaining; /* bytes */
  guint64 bandwidth, disk_bandwidth;                                  /* bytes/s; 0: not known */
  guint limit_ms;                                                     /* of downtime, in force */

  /* The policy's values, in ms; 0: as the key says. */
  guint64 deadline_ms, memory_limit_ms, disk_limit_ms, postcopy_limit_ms;
  guint64 stall_limit_ms, switchover_limit_ms, settle_ms;
} MigrateClocks;

typedef enum
{
  MIGRATE_CLOCK_NONE,
  MIGRATE_CLOCK_DEADLINE,
  MIGRATE_CLOCK_MEMORY,
  MIGRATE_CLOCK_DISKS,
  MIGRATE_CLOCK_STALLED_COPY,
  MIGRATE_CLOCK_STALLED_SWITCHOVER,
  MIGRATE_CLOCK_POSTCOPY,
  MIGRATE_CLOCK_ABORT
} MigrateClock;

/* why: in numbers, to be freed; untouched for NONE. */
MigrateClock _migrate_clocks_decide (const MigrateClocks *self, char **why);
/* "stalled-copy", as decisions are called. */
const char *_migrate_clock_name (MigrateClock clock);
