/* One probe, and what its files share: probe.c carries it out, probed.c decides what it means. */
#pragma once

#include "storage/storage-private.h"

/* One host's half. */
typedef struct
{
  char *folder;    /* nullable: the pool is named */
  char *named;     /* the pool that is named; nullable */
  char *pool;      /* nullable: none of the folder was found */
  char *name;      /* of the file that this host writes */
  GBytes *bytes;   /* … and what is in it */
  gboolean wrote;  /* it may be there */
  gboolean unsure; /* … or may come yet: the host did not answer */
  gboolean lost;   /* it was not there any more when it was to be removed */
  gboolean sees;   /* the other host's was read here */
  gboolean stale;  /* libvirt here remembers files that are gone */
  char **names;    /* nullable: what is in the folder, when it was last read */
  gboolean silent; /* it did not answer: nothing more is asked of it but removals */
  char *trouble;   /* nullable: what went wrong here first */
} MigrateProbeHalf;

/* One folder, or one pool that is named in the guest's document. */
typedef struct
{
  MigrateProbeHalf halves[2]; /* by side: MIGRATE_PROBE_HALF */
} MigrateProbe;

#define MIGRATE_PROBE_HALF(side) ((side) == MIGRATE_SIDE_SOURCE ? 0 : 1)

/* ---- probed.c: pure ---- */
/* file: nullable: of the folder alone. */
MigrateSharing
_migrate_probe_judge (const MigrateProbe *probe, const MigrateProbeFile *file, char **why);
/* The folder, or the pool that is named. */
const char *_migrate_probe_half_where (const MigrateProbeHalf *self);
/* That of a file that no probe can be made for. */
MigrateSharing _migrate_probe_judge_unprobed (const MigrateProbeFile *file, char **why);

/* ---- probe-act.c ---- */
/* Both hosts at once; sets pool or trouble of each half. */
void _migrate_probe_find_pools (MigrateWork *work, GPtrArray *probes);
/* What it writes; the names are known before, so that they can be written down. */
void _migrate_probe_name (MigrateWork *work, MigrateProbe *probe);
/* Writes, reads and removes. FALSE: something may be left. */
gboolean _migrate_probe_run (MigrateWork *work, GPtrArray *probes);
/* What dead checks left in the folders that were read. */
void _migrate_probe_sweep (MigrateWork *work, GPtrArray *probes);
/* Whether a volume of that path is known to a host. */
gboolean _migrate_probe_has_volume (MigrateWork *work, MigrateSide side, const char *path);
