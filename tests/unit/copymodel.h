/* A copy of memory as QEMU does it, in numbers: passes over what was dirtied meanwhile, until what
 * is left fits the downtime limit. Small enough to run thousands of times in a second. */
#pragma once

#include "migrate/converge-private.h"

#define COPY_MIB ((guint64) 1 << 20)

typedef struct
{
  guint64 memory;      /* bytes that are not empty */
  guint64 working_set; /* bytes */
  guint64 bandwidth;   /* bytes/s */
  guint64 dirty_rate;  /* bytes/s of pages that are written anew, while the guest runs */
  gboolean by_clock;   /* the guest's program catches up, whatever it is throttled by */
  guint throttle_initial, throttle_increment;

  /* What changes on the way; 0: nothing does. */
  guint64 change_at_ms;
  guint64 bandwidth_then, dirty_rate_then;
  guint64 period_ms, busy_ms;         /* the guest writes in the first busy_ms of each period */
  guint64 blind_from_ms, blind_to_ms; /* numbers are frozen */
  guint first_zero_samples;
  guint pass_step; /* added to the pass at each end */
} CopyModel;

typedef enum
{
  COPY_RUNS,
  COPY_SWITCHED, /* done */
  COPY_POSTCOPY,
  COPY_GIVEN_UP,
  COPY_ENDLESS /* it was still running at the end of the time given */
} CopyEnd;

typedef struct
{
  MigrateConvergeAction action;
  guint64 at_ms;
  guint pass, limit_ms;
  guint64 needed_downtime_ms;
} CopyAction;

typedef struct
{
  CopyEnd end;
  guint64 total_ms, downtime_ms;
  guint pass;
  guint throttle;
  GArray *actions; /* CopyAction */
} CopyRun;

/* Runs the model under the controller, until it ends or for at most most_ms. */
void copy_run (const CopyModel *model, const MigrateConvergePolicy *policy, guint64 most_ms,
               CopyRun *run);
void copy_run_clear (CopyRun *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (CopyRun, copy_run_clear)
/* "raise-downtime-limit start-postcopy": for people, to be freed. */
char *copy_run_describe (const CopyRun *self);
