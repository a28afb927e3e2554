/* What hosts' storage tells of a guest's disks: whether both hosts see the same file. Found out
 * through libvirt alone, by writing on one host and reading on the other. */
#pragma once

#include "steps/work-private.h"

/* Whether both hosts see the same file. */
typedef enum
{
  MIGRATE_SHARING_UNKNOWN,
  MIGRATE_SHARING_SHARED,
  MIGRATE_SHARING_NOT_SHARED
} MigrateSharing;

/* One file of a disk: its image, or one below it. */
typedef struct
{
  char *target; /* of the disk */
  char *path;   /* for people, and to tell the images of a disk apart; never NULL */
  gboolean backing;
  MigrateSharing sharing;
  char *why; /* for people; never NULL */
} MigrateProbed;

/* What a host is told to open. Strings are borrowed. */
typedef struct
{
  const char *path;          /* of "file" and "block"; nullable with a pool */
  const char *type;          /* "file", "block", "volume", …: as the document says */
  const char *pool, *volume; /* of "volume" */
} MigrateProbePlace;

/* What is to be probed: a mapping may name it otherwise at the destination. */
typedef struct
{
  const char *target; /* borrowed */
  MigrateProbePlace here, there;
  gboolean backing;
} MigrateProbeFile;

/* Acts: the only act of a check. One probe for each directory, whose files are removed on every
 * exit, as one step in the journal. *probed: MigrateProbed, one for each of files (MigrateProbeFile
 * by value, in their order). What a host refuses, lacks or does not answer in time is UNKNOWN.
 * Errors: JOURNAL, LOST_CLAIM, cancelled. */
gboolean
_migrate_storage_probe (MigrateWork *work, GArray *files, GPtrArray **probed, GError **error);

void _migrate_probed_free (MigrateProbed *self);
/* Decide: of all files of a disk, as far as rows tell: one that is not shared counts before one
 * that is unknown. why: nullable; borrowed from a row, or NULL where there is none. */
MigrateSharing _migrate_probed_of (GPtrArray *probed, const char *target, const char **why);
/* Whether a device's path is a name of the device itself, the same on every host that has it. */
gboolean _migrate_probe_is_stable_name (const char *path);
const char *_migrate_sharing_name (MigrateSharing sharing); /* "unknown", "shared", "not-shared" */
