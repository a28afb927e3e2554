/* What following a transfer knows, shared by the one that looks and the one that acts. */
#pragma once

#include "migrate/migrate-private.h"

typedef struct
{
  MigrateWork *work;
  MigrateTransferCall *call; /* nullable */
  const MigrateBefore *before;

  MigrateObservation seen;
  MigrateStats stats; /* the last good sample */
  gint64 same_since, unasked_since, unconfirmed_since;
  gint64 stopped_at, ran_at; /* 0: not seen yet */
  gint64 copy_since, written_at, aborted_at;
  guint poll_ms;
  double fraction;
  GError *given_up; /* why an abort was asked for */
} Follow;

/* Gather: one look at both hosts, into seen and stats; nothing is changed anywhere. */
void _migrate_follow_sample (Follow *self);
