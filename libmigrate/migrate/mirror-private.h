/* Decide: how the copy of disks goes before memory travels, from the samples so far. A fold, as the
 * trend of memory: what is kept does not grow. */
#pragma once

#include "model/model-private.h"

#define MIGRATE_MIRROR_POINTS 64

typedef struct
{
  guint64 at_ms;     /* since the transfer began */
  guint64 processed; /* bytes, what was sent again included */
  guint64 remaining; /* bytes */
} MigrateMirrorPoint;

typedef struct
{
  MigrateMirrorPoint points[MIGRATE_MIRROR_POINTS]; /* latest last; the older ones thinned out */
  guint n;
  guint64 rate;    /* bytes/s that travel, smoothed; 0: not known */
  guint64 written; /* bytes/s that the guest adds to what is to be copied, smoothed */
  double sent, grown, smoothed_ms; /* what they are smoothed from */
} MigrateMirrorTrend;

/* What is no later than the last, or counts anew, begins anew. */
void _migrate_mirror_add (MigrateMirrorTrend *self, const MigrateMirrorPoint *point);

/* What a guest that writes as fast as its disks are copied has shown. */
typedef struct
{
  guint64 span_ms;   /* for so long what is left has not become less to speak of */
  guint64 remaining; /* bytes */
  guint64 rate;      /* bytes/s that travelled in that time */
  guint64 written;   /* bytes/s that had to be copied again: more than that would be needed */
} MigrateMirrorStuck;

/* Whether the disks do not get ready, for that reason. That nothing travels is no such reason. */
gboolean _migrate_mirror_is_stuck (const MigrateMirrorTrend *self, MigrateMirrorStuck *stuck);
/* What a host says of one disk, an a{sv}, with its rate since us ago. before: what it said of all
 * of them then, nullable. Floating. */
GVariant *_migrate_mirror_with_rate (GVariant *before, const char *id, GVariant *values, gint64 us);
