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
  GError *given_up;  /* why an abort was asked for */
  GError *not_acted; /* why an act that the hand-over needs has failed so far */
  gint64 not_acted_since;
  GPtrArray *samples; /* GVariant a{sv}: not written yet */
} Follow;

/* Gather: one look at both hosts, into seen and stats; nothing is changed anywhere. */
void _migrate_follow_sample (Follow *self);

/* ---- samples.c ---- */
/* Keeps what was seen for the next write. */
void _migrate_follow_keep_sample (Follow *self);
/* Writes values (a{sv}, nullable, floating is taken) and the samples that were kept. What fails is
 * tried again with the next; FALSE: the claim is lost, and so is the right to go on. */
gboolean _migrate_follow_write (Follow *self, GVariant *values, GError **error);
