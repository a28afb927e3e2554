/* Decide: what becomes of a copy of memory under our own controller, played through in numbers: the
 * forecast takes no rules of its own for what the controller will do. Pure. */
#pragma once

#include "migrate/converge-private.h"

typedef struct
{
  double memory;          /* bytes that are not empty */
  double empty;           /* bytes that are, and cost next to nothing */
  double working_set;     /* bytes that the guest writes to */
  double dirty_rate;      /* bytes/s of pages that are written anew, while the guest runs */
  double bandwidth;       /* bytes/s; not 0 */
  double postcopy_limit;  /* bytes/s after the switch to post-copy; 0: none */
  gboolean by_clock;      /* the guest's program catches up, whatever it is throttled by */
  guint throttle_initial; /* %; 0: it is not armed */
  guint throttle_increment;
  guint poll_ms;
  double
    burst; /* 1 or more: times the bandwidth that the hypervisor believes in where a pass ends */
  double phase; /* of the looks, 0 to 1: chance */
  MigrateAtDeadline at_deadline;
  MigrateConvergePolicy policy;
} MigrateCopy;

typedef struct
{
  MigrateRung rung; /* UNKNOWN: no end was seen */
  guint64 total_ms; /* of the copy alone: from its start to the hand-over's or post-copy's end */
  guint64 downtime_ms;
  double bytes;
  guint passes;
  gboolean raised;            /* the downtime limit */
  guint64 needed_downtime_ms; /* GIVE_UP; 0: not said */
  guint64 needed_bandwidth;
} MigrateCopyEnd;

MigrateCopyEnd _migrate_copy_play (const MigrateCopy *copy);
