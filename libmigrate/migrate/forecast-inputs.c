/* Decide: what a forecast rests on, each figure from the best that is known of it. What nobody
 * knows stays unknown. */
#include "migrate/forecast-private.h"

#include <math.h>

/* QEMU samples 512 pages of each GiB: one of them that has changed stands for 2 MiB. */
#define STANDS_FOR ((double) (2 << 20))
#define DEVIATIONS 1.5
#define UNBOUND 10.0 /* times what a sample shows of a guest that writes all it has */

/* What memory gets of what the caller says that a link carries: packets have headers. */
#define GIVEN_LEAST 0.88
#define GIVEN_LIKELY 0.94
#define GIVEN_MOST 0.97

#define LEARNED_SPREAD 0.005 /* of a link, beyond what its moves differ by */
/* Of a load that was measured all through a move: what disturbs a guest keeps it from writing. */
#define LESS_LOAD 0.02
#define MORE_LOAD 0.005
#define SAME_LOAD 0.15 /* beyond a sample's own doubt */
#define OTHER_LOAD 0.3 /* of a load that was seen, and could not be sampled now */

#define OVERHEAD_LEAST_MS 200
#define OVERHEAD_LIKELY_MS 800
#define OVERHEAD_MOST_MS 1700
#define OVERHEAD_SPREAD 0.2
#define OVERHEAD_MORE_MS 250 /* hosts that have something else to do as well */

/* Pages that a guest has touched and that are empty all the same, and what QEMU itself needs. */
#define RESIDENT_LEAST 0.55
#define RESIDENT_LIKELY 0.8

static MigrateFigure
figure (MigrateOrigin origin, double least, double likely, double most)
{
  return (MigrateFigure){ origin, MAX (least, 0), likely, most };
}

/* ---- the sample ---- */

static double
doubt (double bytes)
{
  return DEVIATIONS * sqrt (MAX (bytes, STANDS_FOR) * STANDS_FOR);
}

/* The longer look found no more than the shorter one's rate would have made of it: then all that
 * the guest writes to was written in less time than it took. */
static gboolean
is_saturated (const MigrateDirtySample *s)
{
  double shorter = s->bytes[0], longer = s->bytes[s->n - 1];
  double times = (double) s->seconds[s->n - 1] / s->seconds[0];

  return s->n > 1 && longer + doubt (longer) < times * (shorter - doubt (shorter));
}

static void
read_sample (const MigrateDirtySample *s, MigrateForecastInputs *inputs)
{
  double bytes = 0, seconds = 0, most = 0;

  if (s->paused)
    {
      inputs->dirty_rate = inputs->working_set = figure (MIGRATE_ORIGIN_SAMPLED, 0, 0, 0);
      return;
    }
  if (s->n == 0)
    return;
  for (guint i = 0; i < s->n; i++)
    {
      bytes += s->bytes[i];
      seconds += s->seconds[i];
      most = MAX (most, s->bytes[i]);
    }
  if (is_saturated (s))
    {
      double rate = s->bytes[0] / s->seconds[0];

      inputs->dirty_rate = figure (
        MIGRATE_ORIGIN_SAMPLED, rate - doubt (s->bytes[0]) / s->seconds[0], rate, rate * UNBOUND);
      inputs->working_set
        = figure (MIGRATE_ORIGIN_SAMPLED, most - doubt (most), most, most + doubt (most));
      return;
    }
  inputs->dirty_rate = figure (MIGRATE_ORIGIN_SAMPLED, (bytes - doubt (bytes)) / seconds,
                               bytes / seconds, (bytes + doubt (bytes)) / seconds);
  /* At least what was seen; at most all that there is. */
  inputs->working_set = figure (MIGRATE_ORIGIN_SAMPLED, most - doubt (most), most, 0);
}

/* ---- the guest ---- */

static void
choose_memory (const MigrateDirtySample *s, const MigrateLearned *learned,
               MigrateForecastInputs *inputs)
{
  double resident = s->resident > 0 ? MIN ((double) s->resident, inputs->total) : 0;

  if (learned->has_guest && learned->memory_most > 0 && learned->memory_most <= inputs->total)
    inputs->memory
      = figure (MIGRATE_ORIGIN_LEARNED, learned->memory_least,
                (learned->memory_least + learned->memory_most) / 2, learned->memory_most);
  else if (resident > 0)
    inputs->memory = figure (MIGRATE_ORIGIN_SAMPLED, resident * RESIDENT_LEAST,
                             resident * RESIDENT_LIKELY, resident);
  else if (inputs->total > 0)
    inputs->memory
      = figure (MIGRATE_ORIGIN_ASSUMED, inputs->working_set.least, inputs->total, inputs->total);
}

/* A load that was measured for as long as a move took is known better than by a sample, as long as
 * the sample does not say that it is another one now. */
static gboolean
is_same_load (const MigrateForecastInputs *inputs, double rate)
{
  return rate >= inputs->dirty_rate.least * (1 - SAME_LOAD)
         && rate <= inputs->dirty_rate.most * (1 + SAME_LOAD);
}

static void
take_working_set (const MigrateLearned *learned, double less, double more,
                  MigrateForecastInputs *inputs)
{
  double set = learned->working_set;

  if (set > 0)
    inputs->working_set = figure (MIGRATE_ORIGIN_LEARNED, set * (1 - less), set, set * (1 + more));
}

/* A move of a guest that writes faster than the link carries does not tell how fast; but to how
 * much, better than a sample that found the same. */
static void
choose_load (const MigrateLearned *learned, MigrateForecastInputs *inputs)
{
  gboolean sampled = inputs->dirty_rate.origin == MIGRATE_ORIGIN_SAMPLED;
  const MigrateFigure *set = &inputs->working_set;

  if (!learned->has_guest)
    return;
  if (sampled && learned->working_set >= set->least && learned->working_set <= set->most)
    take_working_set (learned, LESS_LOAD, MORE_LOAD, inputs);
  if (learned->dirty_rate < 0 || (sampled && !is_same_load (inputs, learned->dirty_rate)))
    return;
  inputs->dirty_rate = figure (
    MIGRATE_ORIGIN_LEARNED, learned->dirty_rate * (1 - (sampled ? LESS_LOAD : OTHER_LOAD)),
    learned->dirty_rate, learned->dirty_rate_most * (1 + (sampled ? MORE_LOAD : OTHER_LOAD)));
  take_working_set (learned, sampled ? LESS_LOAD : OTHER_LOAD, sampled ? MORE_LOAD : OTHER_LOAD,
                    inputs);
}

/* What is written is not empty, and part of what there is. */
static void
bound_working_set (MigrateForecastInputs *inputs)
{
  MigrateFigure *set = &inputs->working_set;
  double most = inputs->memory.most;

  if (set->origin == MIGRATE_ORIGIN_UNKNOWN || most <= 0)
    return;
  set->most = set->most > 0 || inputs->dirty_rate.most <= 0 ? MIN (set->most, most) : most;
  set->least = MIN (set->least, set->most);
  set->likely = CLAMP (set->likely, set->least, set->most);
}

/* ---- the link ---- */

static MigrateFigure
read_series (const MigrateLearnedSeries *series, double spread)
{
  double least = series->values[0], most = least, sum = 0, weights = 0, weight = 1;

  if (series->n == 0)
    return (MigrateFigure){ 0 };
  for (guint i = 0; i < series->n; i++, weight /= 2)
    {
      least = MIN (least, series->values[i]);
      most = MAX (most, series->values[i]);
      sum += series->values[i] * weight;
      weights += weight;
    }
  return figure (MIGRATE_ORIGIN_LEARNED, least * (1 - spread), sum / weights, most * (1 + spread));
}

static double
policy_bytes (MigratePolicy *policy, const char *key)
{
  return (double) _migrate_policy_get_uint (policy, key) * (1 << 20);
}

static void
cap (MigrateFigure *self, double most)
{
  if (most <= 0 || self->origin == MIGRATE_ORIGIN_UNKNOWN)
    return;
  if (self->likely > most)
    self->origin = MIGRATE_ORIGIN_GIVEN;
  self->least = MIN (self->least, most * GIVEN_LIKELY);
  self->likely = MIN (self->likely, most);
  self->most = MIN (self->most, most);
}

static void
choose_bandwidth (const MigrateLearned *learned, MigratePolicy *policy,
                  MigrateForecastInputs *inputs)
{
  double given = policy_bytes (policy, "link-speed");

  if (given > 0)
    inputs->bandwidth = figure (MIGRATE_ORIGIN_GIVEN, given * GIVEN_LEAST, given * GIVEN_LIKELY,
                                given * GIVEN_MOST);
  else
    inputs->bandwidth = read_series (&learned->bandwidth, LEARNED_SPREAD);
  inputs->bandwidth_most = policy_bytes (policy, "bandwidth");
  cap (&inputs->bandwidth, inputs->bandwidth_most);
}

/* One that took long because the hosts had much else to do says little of the next. */
static MigrateFigure
choose_overhead (const MigrateLearned *learned)
{
  MigrateFigure overhead = read_series (&learned->overhead, OVERHEAD_SPREAD);

  if (overhead.origin == MIGRATE_ORIGIN_UNKNOWN)
    return figure (MIGRATE_ORIGIN_ASSUMED, OVERHEAD_LEAST_MS, OVERHEAD_LIKELY_MS, OVERHEAD_MOST_MS);
  overhead.least = MIN (overhead.least, OVERHEAD_LIKELY_MS);
  overhead.most += OVERHEAD_MORE_MS;
  return overhead;
}

MigrateForecastInputs
_migrate_forecast_inputs (const MigrateDirtySample *sample, const MigrateLearned *learned,
                          MigratePolicy *policy)
{
  MigrateForecastInputs inputs = { .total = (double) sample->total };

  read_sample (sample, &inputs);
  choose_memory (sample, learned, &inputs);
  if (!sample->paused)
    choose_load (learned, &inputs);
  bound_working_set (&inputs);
  choose_bandwidth (learned, policy, &inputs);
  inputs.overhead = choose_overhead (learned);
  return inputs;
}
