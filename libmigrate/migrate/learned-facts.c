/* Decide: a forecast from facts alone. What was learned for it is kept with the sample, so that a
 * file of facts gives a forecast for any policy. Such a file may come from anybody. */
#include "check/plan-private.h"
#include "migrate/forecast-private.h"

#include <math.h>

#define MOST 9007199254740992.0 /* 2^53: bytes, bytes/s or ms of no host */

/* What the record has of this guest, beside its rates. */
static const struct
{
  const char *name;
  glong offset;
} figures[] = {
  { "memory-least", G_STRUCT_OFFSET (MigrateLearned, memory_least) },
  { "memory-most", G_STRUCT_OFFSET (MigrateLearned, memory_most) },
  { "working-set", G_STRUCT_OFFSET (MigrateLearned, working_set) },
};

static const struct
{
  const char *name;
  glong offset;
} rates[] = {
  { "dirty-rate", G_STRUCT_OFFSET (MigrateLearned, dirty_rate) },
  { "dirty-rate-most", G_STRUCT_OFFSET (MigrateLearned, dirty_rate_most) },
};

/* ---- to the snapshot ---- */

static void
add_series (GVariantDict *dict, const char *name, const MigrateLearnedSeries *series)
{
  g_variant_dict_insert_value (
    dict, name,
    g_variant_new_fixed_array (G_VARIANT_TYPE_DOUBLE, series->values, series->n, sizeof (double)));
}

GVariant *
_migrate_learned_to_variant (const MigrateLearned *self)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  add_series (&dict, "bandwidth", &self->bandwidth);
  add_series (&dict, "overhead", &self->overhead);
  for (gsize i = 0; self->has_guest && i < G_N_ELEMENTS (figures); i++)
    g_variant_dict_insert (&dict, figures[i].name, "d",
                           G_STRUCT_MEMBER (double, self, figures[i].offset));
  for (gsize i = 0; self->has_guest && i < G_N_ELEMENTS (rates); i++)
    if (G_STRUCT_MEMBER (double, self, rates[i].offset) >= 0)
      g_variant_dict_insert (&dict, rates[i].name, "d",
                             G_STRUCT_MEMBER (double, self, rates[i].offset));
  return g_variant_dict_end (&dict);
}

/* ---- and back ---- */

static gboolean
read_number (GVariant *values, const char *name, double *number)
{
  double read;

  if (!g_variant_lookup (values, name, "d", &read) || !isfinite (read) || read < 0 || read > MOST)
    return FALSE;
  *number = read;
  return TRUE;
}

static void
read_series (GVariant *values, const char *name, MigrateLearnedSeries *series)
{
  g_autoptr (GVariant) list = g_variant_lookup_value (values, name, G_VARIANT_TYPE ("ad"));
  gsize n = list != NULL ? g_variant_n_children (list) : 0;

  for (gsize i = 0; i < n && series->n < MIGRATE_LEARNED_MOVES; i++)
    {
      double value;

      g_variant_get_child (list, i, "d", &value);
      if (isfinite (value) && value >= 1 && value <= MOST)
        series->values[series->n++] = value;
    }
}

MigrateLearned
_migrate_learned_from_variant (GVariant *values)
{
  MigrateLearned self = { 0 };

  if (values == NULL)
    return self;
  read_series (values, "bandwidth", &self.bandwidth);
  read_series (values, "overhead", &self.overhead);
  self.has_guest = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (figures); i++)
    self.has_guest
      &= read_number (values, figures[i].name, &G_STRUCT_MEMBER (double, &self, figures[i].offset));
  self.has_guest = self.has_guest && self.memory_least <= self.memory_most;
  for (gsize i = 0; i < G_N_ELEMENTS (rates); i++)
    if (!read_number (values, rates[i].name, &G_STRUCT_MEMBER (double, &self, rates[i].offset)))
      G_STRUCT_MEMBER (double, &self, rates[i].offset) = -1;
  return self;
}

MigrateForecast *
_migrate_forecast_of_facts (const MigrateFacts *facts, MigratePolicy *policy, MigrateKind kind)
{
  MigrateDirtySample sample;
  g_autoptr (GVariant) values = NULL;
  MigrateLearned learned;
  MigrateForecastInputs inputs;

  if (!_migrate_facts_get_look (facts, &sample, &values))
    return NULL;
  learned = _migrate_learned_from_variant (values);
  inputs = _migrate_forecast_inputs (&sample, &learned, policy);
  inputs.disks = (double) _migrate_facts_sum_files (facts, policy, kind);
  return _migrate_forecast_decide (&inputs, policy, kind);
}
