/* Decide: which of many destinations is best for a guest, and why. Pure. */
#pragma once

#include "check/facts-private.h"

typedef enum
{
  MIGRATE_AGE_SAME, /* as the source's libvirt and hypervisor */
  MIGRATE_AGE_NEWER,
  MIGRATE_AGE_OLDER
} MigrateAge;

/* One destination, as far as its place depends on it. Strings are borrowed. */
typedef struct
{
  const char *host;  /* for people */
  const char *why;   /* nullable: why it could not be checked */
  const char *codes; /* of the blockers, for people */
  guint blockers, warnings;
  gboolean copies;                /* disks have to travel */
  MigrateConvergence convergence; /* as it is forecast */
  guint64 total_ms;               /* how long the move may take; 0: not known */
  MigrateCpuAnswer cpu;
  MigrateAge age;
  guint64 memory_free; /* bytes; 0: not known */
  guint place;         /* as given */
} MigrateCandidate;

/* Best first; candidates that are equal in all else stay as given. */
void _migrate_survey_rank (MigrateCandidate *candidates, guint n);
/* Of candidates in their order: why the i-th has its place, in one sentence. */
char *_migrate_survey_explain (const MigrateCandidate *candidates, guint n, guint i);
