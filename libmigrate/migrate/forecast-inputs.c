/* Decide: what a forecast rests on, each figure from the best that is known of it. What nobody
 * knows stays unknown. */
#include "migrate/forecast-private.h"

/* What memory gets of what the caller says that a link carries: packets have headers. */
#define GIVEN_LEAST 0.91
#define GIVEN_LIKELY 0.94
#define GIVEN_MOST 0.97

#define LEARNED_SPREAD 0.005 /* of a link, beyond what its moves differ by */
/* Of a load that was measured all through a move: what disturbs a guest keeps it from writing. */
#define LESS_LOAD 0.02
#define MORE_LOAD 0.005
#define SAME_LOAD 0.3  /* beyond the doubt of a sample */
#define OTHER_LOAD 0.3 /* of a load that was seen, and could not be sampled now */

#define OVERHEAD_LEAST_MS 200
#define OVERHEAD_LIKELY_MS 800
#define OVERHEAD_MOST_MS 1700
#define OVERHEAD_SPREAD 0.2
#define OVERHEAD_MORE_MS 250 /* hosts that have something else to do as well */

/* Of what the host keeps for the guest this much is QEMU's own, and this share of the rest is not
 * empty: a guest has touched pages that are, huge ones above all. */
#define OWN_LEAST ((double) (24 << 20))
#define OWN_LIKELY ((double) (56 << 20))
#define OWN_MOST ((double) (96 << 20))
#define FULL_LEAST 0.75
#define FULL_LIKELY 0.87
#define SMALL_LEAST 0.5 /* of all of it, of a guest that has hardly more than QEMU itself */

static MigrateFigure
figure (MigrateFigureOrigin origin, double least, double likely, double most)
{
  return (MigrateFigure){ origin, MAX (least, 0), likely, most };
}

/* ---- the sample ---- */

static void
read_sample (const MigrateDirtySample *s, MigrateForecastInputs *inputs)
{
  if (s->paused)
    inputs->dirty_rate = inputs->working_set = figure (MIGRATE_FIGURE_SAMPLED, 0, 0, 0);
  else
    _migrate_sampled_load (s, &inputs->dirty_rate, &inputs->working_set, &inputs->loads);
}

/* ---- the guest ---- */

static MigrateFigure
read_resident (double resident, double total)
{
  double least = MAX ((resident - OWN_MOST) * FULL_LEAST, resident * SMALL_LEAST);
  double likely = MAX ((resident - OWN_LIKELY) * FULL_LIKELY, least);
  double most = MIN (MAX (resident - OWN_LEAST, likely), total);

  return figure (MIGRATE_FIGURE_SAMPLED, MIN (least, most), MIN (likely, most), most);
}

static void
choose_memory (const MigrateDirtySample *s, const MigrateLearned *learned,
               MigrateForecastInputs *inputs)
{
  if (learned->has_guest && learned->memory_most > 0 && learned->memory_most <= inputs->total)
    inputs->memory
      = figure (MIGRATE_FIGURE_LEARNED, learned->memory_least,
                (learned->memory_least + learned->memory_most) / 2, learned->memory_most);
  else if (s->resident > 0)
    inputs->memory = read_resident ((double) s->resident, inputs->total);
  else if (inputs->total > 0)
    inputs->memory
      = figure (MIGRATE_FIGURE_ASSUMED, inputs->working_set.least, inputs->total, inputs->total);
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

  inputs->loads.known = FALSE;
  if (set > 0)
    inputs->working_set = figure (MIGRATE_FIGURE_LEARNED, set * (1 - less), set, set * (1 + more));
}

/* A move of a guest that writes faster than the link carries does not tell how fast; but to how
 * much, better than a sample that found the same. */
static void
choose_load (const MigrateLearned *learned, MigrateForecastInputs *inputs)
{
  gboolean sampled = inputs->dirty_rate.origin == MIGRATE_FIGURE_SAMPLED;
  const MigrateFigure *set = &inputs->working_set;

  if (!learned->has_guest)
    return;
  if (sampled && learned->working_set >= set->least && learned->working_set <= set->most)
    take_working_set (learned, LESS_LOAD, MORE_LOAD, inputs);
  if (learned->dirty_rate < 0 || (sampled && !is_same_load (inputs, learned->dirty_rate)))
    return;
  inputs->dirty_rate = figure (
    MIGRATE_FIGURE_LEARNED, learned->dirty_rate * (1 - (sampled ? LESS_LOAD : OTHER_LOAD)),
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

  if (set->origin == MIGRATE_FIGURE_UNKNOWN || most <= 0)
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
  return figure (MIGRATE_FIGURE_LEARNED, least * (1 - spread), sum / weights, most * (1 + spread));
}

static double
policy_bytes (MigratePolicy *policy, const char *key)
{
  return (double) _migrate_policy_get_uint (policy, key) * (1 << 20);
}

static void
cap (MigrateFigure *self, double most)
{
  if (most <= 0 || self->origin == MIGRATE_FIGURE_UNKNOWN)
    return;
  if (self->likely > most)
    self->origin = MIGRATE_FIGURE_GIVEN;
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
    inputs->bandwidth = figure (MIGRATE_FIGURE_GIVEN, given * GIVEN_LEAST, given * GIVEN_LIKELY,
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

  if (overhead.origin == MIGRATE_FIGURE_UNKNOWN)
    return figure (MIGRATE_FIGURE_ASSUMED, OVERHEAD_LEAST_MS, OVERHEAD_LIKELY_MS, OVERHEAD_MOST_MS);
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
