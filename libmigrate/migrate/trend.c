/* See the header. What QEMU says is not taken at its word: in the first pass empty pages count as
 * remaining and cost nothing, a bitmap that is being synchronised freezes all numbers, the rate is
 * that of the last 100 ms, and a counter may begin anew. */
#include "migrate/trend-private.h"

#include <math.h>
#include <string.h>

#define HALF_LIFE_MS 2000.0
#define STALLED 0.96   /* of the least that was left before: it goes down no more */
#define FREEZE_MS 2000 /* a copy that stands still for longer does not synchronise a bitmap */

/* What travelled in ms counts less the longer ago it was. */
static void
drain (MigrateTrend *self, guint64 bytes, guint64 ms)
{
  double kept = pow (0.5, (double) ms / HALF_LIFE_MS);

  self->drained = self->drained * kept + (double) bytes;
  self->drained_ms = self->drained_ms * kept + (double) ms;
  if (self->drained_ms < 1)
    return;
  self->bandwidth = (guint64) (self->drained * 1000 / self->drained_ms + 0.5);
  self->best_bandwidth = MAX (self->best_bandwidth, self->bandwidth);
}

static gboolean
is_frozen (const MigrateTrendSample *a, const MigrateTrendSample *b)
{
  return a->processed == b->processed && a->remaining == b->remaining && a->pass == b->pass;
}

static guint64
take_uncounted (MigrateTrend *self)
{
  guint64 ms = self->uncounted_ms;

  self->uncounted_ms = 0;
  return ms;
}

/* Within a pass what remains goes down by what was sent, however small compression made it. In the
 * first pass, and from one to the next, there are only the bytes on the wire. */
static void
measure (MigrateTrend *self, const MigrateTrendSample *sample)
{
  const MigrateTrendSample *last = &self->last;
  guint64 ms = sample->at_ms - last->at_ms;

  if (is_frozen (last, sample))
    {
      self->frozen_ms += ms;
      self->uncounted_ms += ms;
      if (self->frozen_ms >= FREEZE_MS)
        drain (self, 0, take_uncounted (self));
      return;
    }
  self->frozen_ms = 0;
  /* With a new pass it was the bitmap; else the looks come more often than the numbers. */
  if (sample->pass == last->pass)
    ms += self->uncounted_ms;
  self->uncounted_ms = 0;
  if (sample->pass == last->pass && sample->pass > 1 && last->remaining >= sample->remaining)
    drain (self, last->remaining - sample->remaining, ms);
  else if (sample->pass <= 1 || sample->pass > last->pass)
    drain (self, sample->processed - last->processed, ms);
}

/* What fits the limit is never sent before the hand-over, so it is no part of what should go down.
 */
static void
note_stall (MigrateTrend *self, const MigrateTrendPass *pass)
{
  double under = (double) pass->under;

  if (self->n_passes > 1
      && (double) pass->left - under >= STALLED * ((double) self->lowest - under))
    self->stalled++;
  else
    {
      self->stalled = 0;
      self->stalled_since_ms = pass->at_ms;
    }
  self->lowest = self->n_passes > 1 ? MIN (self->lowest, pass->left) : pass->left;
}

static void
note_pass (MigrateTrend *self, const MigrateTrendSample *sample, guint limit_ms)
{
  const MigrateTrendSample *last = &self->last;
  guint64 sent = sample->processed - last->processed;
  guint64 under = MIN (last->remaining, self->bandwidth * limit_ms / 1000);
  /* Of what was sent, in the old pass; in the first one most may have been empty. */
  guint64 before = last->pass > 1 ? last->remaining - under : 0;
  MigrateTrendPass pass
    = { sample->pass, sample->at_ms, sample->remaining, under, last->pass <= 1 };

  /* More than one pass ended in between: each has sent its part, and what remains now may be what
   * one of them has nearly done. */
  if (sample->pass > last->pass + 1)
    pass.left = MAX (pass.left, MIN (under + sent / (sample->pass - last->pass), sample->total));
  else if (sent > before)
    {
      pass.left += MIN (sent - before, sample->total);
      if (self->bandwidth > 0)
        pass.at_ms -= MIN ((sent - before) * 1000 / self->bandwidth, sample->at_ms - last->at_ms);
    }
  if (self->n_passes == MIGRATE_TREND_PASSES)
    memmove (self->passes, self->passes + 1, sizeof self->passes - sizeof self->passes[0]);
  else
    self->n_passes++;
  self->passes[self->n_passes - 1] = pass;
  note_stall (self, &pass);
}

static void
begin_anew (MigrateTrend *self, const MigrateTrendSample *sample)
{
  MigrateTrend fresh = { .max_throttle = self->max_throttle, .n = self->n + 1, .last = *sample };

  *self = fresh;
}

void
_migrate_trend_add (MigrateTrend *self, const MigrateTrendSample *sample, guint limit_ms)
{
  const MigrateTrendSample *last = &self->last;

  if (sample->pass == 0 || sample->total == 0 || (self->n > 0 && sample->at_ms <= last->at_ms))
    return;
  self->max_throttle = MAX (self->max_throttle, sample->throttle);
  if (self->n == 0 || sample->pass < last->pass || sample->processed < last->processed)
    {
      begin_anew (self, sample);
      return;
    }
  measure (self, sample);
  if (sample->throttle != last->throttle)
    self->throttle_pass = sample->pass;
  if (sample->pass > last->pass)
    note_pass (self, sample, limit_ms);
  self->last = *sample;
  self->n++;
}

const MigrateTrendPass *
_migrate_trend_pass (const MigrateTrend *self, guint n)
{
  return n < self->n_passes ? &self->passes[self->n_passes - 1 - n] : NULL;
}

guint64
_migrate_trend_time_for (const MigrateTrend *self, guint64 bytes)
{
  if (bytes == 0)
    return 0;
  return self->bandwidth > 0 ? bytes * 1000 / self->bandwidth : G_MAXUINT64;
}

/* A pass ends when what is left fits the limit, so only what is above that is sent, and left by it.
 */
static double
leaves (const MigrateTrendPass *before, const MigrateTrendPass *now)
{
  double sent = (double) before->left - (double) now->under;
  double left = (double) now->left - (double) now->under;

  return sent > 0 ? MAX (left, 0) / sent : 1;
}

/* What was seen from one pass to the next counts; with one pass alone there is only what the
 * hypervisor says. */
double
_migrate_trend_ratio (const MigrateTrend *self)
{
  const MigrateTrendPass *now = _migrate_trend_pass (self, 0);
  const MigrateTrendPass *before = _migrate_trend_pass (self, 1);
  const MigrateTrendPass *first = _migrate_trend_pass (self, 2);

  if (now == NULL || self->bandwidth == 0)
    return -1;
  if (before == NULL || before->bound)
    return self->last.dirty_rate > 0 ? (double) self->last.dirty_rate / (double) self->bandwidth
                                     : -1;
  if (first == NULL || first->bound)
    return leaves (before, now);
  return sqrt (leaves (before, now) * leaves (first, before));
}
