/* See the header. */
#include "migrate/estimate-private.h"

#include <string.h>

#define FIRST_PASS_SHARE 0.9
#define MOST_BEFORE_END 0.99
#define PASSES_MAX 1000

void
_migrate_rates_add (MigrateRates *self, gint64 at, guint64 travelled, guint pass)
{
  if (self->n > 0
      && (travelled < self->points[self->n - 1].travelled || (pass > 1 && self->pass <= 1)))
    self->n = 0;
  self->pass = pass;
  if (self->n > 0 && at <= self->points[self->n - 1].at)
    return;
  if (self->n == MIGRATE_RATES_N)
    {
      memmove (self->points, self->points + 1, (MIGRATE_RATES_N - 1) * sizeof self->points[0]);
      self->n--;
    }
  self->points[self->n].at = at;
  self->points[self->n].travelled = travelled;
  self->n++;
}

/* ---- the rate, and how much it varies; bytes/s ---- */

typedef struct
{
  double low, mean, high; /* mean 0: none; low 0: no lower bound is known */
} Spread;

static double
interval_s (const MigrateRates *rates, guint i)
{
  return (double) (rates->points[i + 1].at - rates->points[i].at) / G_USEC_PER_SEC;
}

static double
interval_bytes (const MigrateRates *rates, guint i)
{
  return (double) (rates->points[i + 1].travelled - rates->points[i].travelled);
}

/* How far the intervals are off the mean on average, each weighed by its length. */
static double
deviation (const MigrateRates *rates, double mean, double time)
{
  double sum = 0;

  for (guint i = 0; i + 1 < rates->n; i++)
    {
      double off = interval_bytes (rates, i) - mean * interval_s (rates, i);

      sum += off < 0 ? -off : off;
    }
  return sum / time;
}

static Spread
observed (const MigrateRates *rates)
{
  Spread rate = { 0 };
  double time = 0, bytes = 0, off;

  for (guint i = 0; i + 1 < rates->n; i++)
    {
      time += interval_s (rates, i);
      bytes += interval_bytes (rates, i);
    }
  if (bytes <= 0)
    return rate;
  rate.mean = bytes / time;
  off = rates->n > 2 ? deviation (rates, rate.mean, time) : rate.mean / 2;
  rate.low = MAX (rate.mean - off, 0);
  rate.high = rate.mean + off;
  return rate;
}

static Spread
get_rate (const MigrateEstimateView *view)
{
  Spread rate = observed (view->rates);
  double cap = (double) view->cap;

  /* Nothing travels now, however fast it did before. */
  if (rate.mean <= 0 && view->rates->n > 2)
    return rate;
  if (rate.mean <= 0)
    {
      rate.mean = view->said_rate > 0 ? (double) view->said_rate : cap;
      rate.low = view->said_rate > 0 ? rate.mean / 2 : 0;
      rate.high = rate.mean * 1.5;
    }
  if (cap > 0)
    rate.high = MIN (rate.high, MAX (cap, rate.mean));
  return rate;
}

/* ---- the time ---- */

/* Seconds; negative: the guest writes as fast as memory travels, so there is no end. */
static double
passes_s (const MigrateEstimateView *view, double rate)
{
  double left = (double) view->memory_remaining, dirty = (double) view->dirty_rate;
  double fits = rate * (double) view->limit_ms / 1000;
  double time = 0;

  if (rate <= 0 || dirty >= rate)
    return -1;
  for (guint i = 0; left > fits && i < PASSES_MAX; i++)
    {
      time += left / rate;
      left *= dirty / rate;
    }
  return time + left / rate;
}

/* For a hand-over in its time. A copy that does not get there is one where it is told what a
 * hand-over now would cost. */
static void
estimate_downtime (const MigrateEstimateView *view, double rate, MigrateEstimate *estimate)
{
  guint64 now_ms = (guint64) ((double) view->memory_remaining * 1000 / rate);

  if (view->postcopy || !view->dirty_known)
    return;
  estimate->has_downtime = TRUE;
  if (view->limit_ms > 0 && (double) view->dirty_rate < rate)
    estimate->downtime_ms = MIN (now_ms, view->limit_ms);
  else
    estimate->downtime_ms = view->has_said_downtime ? view->said_downtime_ms : now_ms;
}

/* Memory comes when the disks are there, over the same link; how much of it is empty, and what of
 * it is sent again, is not known yet. */
static MigrateEstimate
estimate_disks (const MigrateEstimateView *view)
{
  MigrateEstimate estimate = { 0 };
  double disks, memory;

  if (view->disk_remaining == 0 || view->memory_expected == 0
      || view->disk_rate <= view->disk_written)
    return estimate;
  disks = (double) view->disk_remaining / (double) (view->disk_rate - view->disk_written);
  memory = (double) view->memory_expected / (double) view->disk_rate;
  estimate.has_left = TRUE;
  estimate.left_ms = (guint64) ((disks + memory) * 1000);
  estimate.least_ms = (guint64) (disks * 1000);
  return estimate;
}

MigrateEstimate
_migrate_estimate (const MigrateEstimateView *view)
{
  MigrateEstimate estimate = { 0 };
  Spread rate = get_rate (view);
  double time, least, most, disks = 0;

  if (view->memory_total == 0)
    return estimate_disks (view);
  if (rate.mean <= 0)
    return estimate;
  estimate_downtime (view, rate.mean, &estimate);
  if (view->disk_remaining > 0 && view->disk_rate == 0)
    return estimate;
  if (view->disk_remaining > 0)
    disks = (double) view->disk_remaining / (double) view->disk_rate;
  time = passes_s (view, rate.mean);
  if (time < 0)
    return estimate;
  least = passes_s (view, rate.high);
  most = passes_s (view, rate.low);
  estimate.has_left = TRUE;
  estimate.left_ms = (guint64) ((time + disks) * 1000);
  /* A faster copy may need another pass to get below a limit that is a time. */
  estimate.least_ms = MIN ((guint64) ((least + disks) * 1000), estimate.left_ms);
  estimate.has_most = most >= 0 && view->dirty_known;
  if (estimate.has_most)
    estimate.most_ms = MAX ((guint64) ((most + disks) * 1000), estimate.left_ms);
  return estimate;
}

double
_migrate_estimate_fraction (const MigrateEstimateView *view, guint64 disk_total, guint pass)
{
  gboolean begun = view->memory_total > 0;
  guint64 total = (begun ? view->memory_total : view->memory_expected) + disk_total;
  guint64 left = (begun ? view->memory_remaining : view->memory_expected) + view->disk_remaining;
  double done = total > left ? (double) (total - left) / (double) total : 0;

  if (view->postcopy)
    return MIN (done, MOST_BEFORE_END);
  if (pass <= 1)
    return done * FIRST_PASS_SHARE;
  return CLAMP (done, FIRST_PASS_SHARE, MOST_BEFORE_END);
}
