/* Decide: how far a transfer is, and how long it will take yet. Pure functions of what was seen. */
#pragma once

#include "model/model-private.h"

#define MIGRATE_RATES_N 9

/* What had travelled when; the oldest first. Zeroed: nothing yet. */
typedef struct
{
  struct
  {
    gint64 at; /* us */
    guint64 travelled;
  } points[MIGRATE_RATES_N];
  guint n;
  guint pass; /* of the last point */
} MigrateRates;

/* travelled: bytes of the guest's memory that were dealt with so far. A counter that restarts, and
 * the second pass, begin anew: in the first one, pages that were never written cost nothing. */
void _migrate_rates_add (MigrateRates *self, gint64 at, guint64 travelled, guint pass);

typedef struct
{
  const MigrateRates *rates;
  guint64 said_rate; /* bytes/s, the hypervisor's; for when there are no rates. 0: none */
  guint64 cap;       /* bytes/s that it may use; 0: no limit */
  guint64 memory_total, memory_remaining;
  guint64 memory_expected;                         /* while none has travelled; 0: not known */
  guint64 disk_remaining, disk_rate, disk_written; /* before memory; rates in bytes/s */
  gboolean dirty_known; /* dirty_rate is a figure: not in the first pass of a guest that runs */
  guint64 dirty_rate;   /* bytes/s that must travel again; 0 in post-copy */
  guint64 limit_ms;     /* of the downtime; 0: not known */
  gboolean postcopy;    /* the hand-over has been */
  gboolean has_said_downtime;
  guint64 said_downtime_ms; /* the hypervisor's, for a hand-over at once */
} MigrateEstimateView;

typedef struct
{
  gboolean has_left, has_most, has_downtime;
  guint64 left_ms, least_ms, most_ms;
  guint64 downtime_ms;
} MigrateEstimate;

/* What goes through the wire while the guest writes is a sum of passes, each as long as what the
 * last one left; the hand-over ends it as soon as what is left fits into the limit. */
MigrateEstimate _migrate_estimate (const MigrateEstimateView *view);

/* 0 to 0.99. The first pass is told to be nine tenths, for what must be sent again is not known in
 * it. May be less than it was: the caller keeps the greatest. */
double _migrate_estimate_fraction (const MigrateEstimateView *view, guint64 disk_total, guint pass);
