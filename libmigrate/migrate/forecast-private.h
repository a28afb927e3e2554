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

/* ---- sampled.c ---- */

#define MIGRATE_LOAD_RATES 24
#define MIGRATE_LOAD_SETS 8

typedef struct
{
  double rate, set; /* bytes/s, bytes */
} MigrateLoad;

/* Which rates may go with which sets, each as likely as any other: a guest that writes all it has
 * may do so at any speed, one that does not is known by its speed. */
typedef struct
{
  gboolean known;
  MigrateLoad loads[MIGRATE_LOAD_RATES][MIGRATE_LOAD_SETS]; /* both from the least on */
} MigrateLoads;

/* Decide: what the looks say of a guest that runs. Of the set no most, 0, when none of them has
 * come to its end. */
void _migrate_sampled_load (const MigrateDirtySample *sample, MigrateFigure *rate,
                            MigrateFigure *set, MigrateLoads *loads);

/* ---- forecast-inputs.c ---- */

typedef struct
{
  MigrateFigure memory, working_set, dirty_rate, bandwidth, overhead;
  MigrateLoads loads;    /* known: of the working set and the dirty rate, which are the same */
  double total;          /* of the guest's memory, bytes */
  double disks;          /* bytes of files that travel, too */
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
