/* What a move will take: from a sample of the guest, from the policy and from earlier moves. */
#pragma once

#include "check/dirty-rate-private.h"
#include "migrate/copy-private.h"

/* ---- learned.c ---- */

#define MIGRATE_LEARNED_MOVES 5

typedef struct
{
  guint n;
  double values[MIGRATE_LEARNED_MOVES]; /* the latest first */
} MigrateLearnedSeries;

/* What earlier moves have shown; zeroed: nothing. */
typedef struct
{
  MigrateLearnedSeries bandwidth; /* bytes/s, of the link between these hosts */
  MigrateLearnedSeries overhead;  /* ms, of a move beside its copy */
  /* Of the latest move of this very guest. */
  gboolean has_guest;
  double memory_least, memory_most;   /* bytes that the first pass has sent */
  double working_set;                 /* bytes; 0: not seen */
  double dirty_rate, dirty_rate_most; /* bytes/s, on average and mostly; negative: not seen */
} MigrateLearned;

/* Decide: what one move's record (a{sv}) and samples (aa{sv}) add; called from the latest on. */
void _migrate_learned_add (MigrateLearned *self, GVariant *values, GVariant *samples,
                           gboolean of_this_guest);
/* Gather: the moves between these hosts, in either direction. A journal that cannot be read has
 * taught nothing. */
void _migrate_learned_gather (MigrateWork *work, const char *guest_uuid, MigrateLearned *learned);

/* ---- forecast-inputs.c ---- */

typedef struct
{
  MigrateFigure memory, working_set, dirty_rate, bandwidth, overhead;
  double total;          /* of the guest's memory, bytes */
  double bandwidth_most; /* bytes/s that it may use, whatever the link carries; 0: no limit */
} MigrateForecastInputs;

/* Decide: each figure from the best that is known of it. */
MigrateForecastInputs
_migrate_forecast_inputs (const MigrateDirtySample *sample, const MigrateLearned *learned,
                          MigratePolicy *policy);

/* ---- forecast.c ---- */

/* Decide. */
MigrateForecast *_migrate_forecast_decide (const MigrateForecastInputs *inputs,
                                           MigratePolicy *policy, MigrateKind kind);
/* Gather and decide. */
MigrateForecast *_migrate_forecast_make (MigrateWork *work, const MigrateDirtySample *sample,
                                         const char *guest_uuid, MigrateKind kind);

/* ---- learned-facts.c: in the snapshot of facts ---- */

/* a{sv}, floating. */
GVariant *_migrate_learned_to_variant (const MigrateLearned *self);
/* However hostile. values: nullable. */
MigrateLearned _migrate_learned_from_variant (GVariant *values);
/* Decide: what the facts' own sample makes of a move under this policy. NULL: they have none. */
MigrateForecast *
_migrate_forecast_of_facts (const MigrateFacts *facts, MigratePolicy *policy, MigrateKind kind);
