/* Decide: how a copy goes, from the samples so far. A fold: each sample is looked at once, and what
 * is kept does not grow. */
#pragma once

#include "model/model-private.h"

#define MIGRATE_TREND_PASSES 8

typedef struct
{
  guint64 at_ms;                       /* since the transfer began */
  guint pass;                          /* 1: the first; 0: nothing is known yet */
  guint64 total, processed, remaining; /* bytes of memory */
  guint64 rate, dirty_rate;            /* bytes/s, as the hypervisor says */
  guint throttle;                      /* percent */
  guint64 disk_remaining;              /* bytes */
} MigrateTrendSample;

typedef struct
{
  guint pass;
  guint64 at_ms;
  guint64 left;   /* bytes when the pass began: what a hand-over had had to carry */
  guint64 under;  /* of it, not sent in the pass before, for it fitted the limit */
  gboolean bound; /* at most so much: how much of the pass before was empty is not known */
} MigrateTrendPass;

typedef struct
{
  guint n; /* samples */
  MigrateTrendSample last;
  guint64 bandwidth, best_bandwidth; /* bytes/s, smoothed; 0: not known */
  double drained, drained_ms;        /* what it is smoothed from */
  guint64 frozen_ms;                 /* nothing has changed for so long */
  guint64 uncounted_ms;              /* of it, not in the bandwidth yet */

  /* Passes that began under our eyes, but the first, which sends more than is dirty; latest last.
   */
  MigrateTrendPass passes[MIGRATE_TREND_PASSES];
  guint n_passes;

  /* Of all of them: the least that was left, and for how many on end, and since when, it was not
   * undercut. */
  guint64 lowest;
  guint stalled;
  guint64 stalled_since_ms;

  guint throttle_pass; /* in which the throttle was last seen to change; 0: never */
  guint max_throttle;
} MigrateTrend;

/* limit_ms: the downtime limit that was in force; what is left under it is not sent before the next
 * pass begins. */
void _migrate_trend_add (MigrateTrend *self, const MigrateTrendSample *sample, guint limit_ms);
/* The n-th pass from the end, 0 for the latest; NULL: not that many. */
const MigrateTrendPass *_migrate_trend_pass (const MigrateTrend *self, guint n);
/* How long bytes take, in ms; G_MAXUINT64: for ever. */
guint64 _migrate_trend_time_for (const MigrateTrend *self, guint64 bytes);
/* What the next pass leaves for each byte of this one: below 1 the copy comes to an end. Negative:
 * not known. */
double _migrate_trend_ratio (const MigrateTrend *self);
