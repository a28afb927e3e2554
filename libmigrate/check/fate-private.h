/* Decide: how the guest will travel, and what becomes of each of its disks. Everything that speaks
 * of disks asks here: findings, the plan's files, the transfer, the forecast. */
#pragma once

#include "check/facts-private.h"

typedef enum
{
  MIGRATE_FATE_EMPTY,   /* a drive without a medium */
  MIGRATE_FATE_SHARED,  /* proven, or the caller says so */
  MIGRATE_FATE_STAYS,   /* on a server, or a device */
  MIGRATE_FATE_COPIED,  /* travels */
  MIGRATE_FATE_LEFT,    /* not shared, and not among those that are to be copied */
  MIGRATE_FATE_UNPROVEN /* nobody knows whether the destination has it */
} MigrateFate;

/* Of a request for “auto” what can be proven; else what is asked for. */
MigrateKind _migrate_kind_choose (const MigrateFacts *facts, const MigrateCheckRequest *request,
                                  MigratePolicy *policy);
/* Whether disks may travel at all. */
gboolean _migrate_kind_copies (MigrateKind kind);
/* Whether the guest starts anew, or is restored, from its files: nothing of it runs on the way. */
gboolean _migrate_kind_stops (MigrateKind kind);
/* why: nullable; for people, borrowed. */
MigrateFate _migrate_disk_fate (const MigrateFacts *facts, const MigrateCheckRequest *request,
                                MigratePolicy *policy, MigrateKind kind, const MigrateDisk *disk,
                                const char **why);
/* Of its own file alone, or of an image below it. NULL: it was not probed. */
const MigrateProbed *_migrate_probed_find (const MigrateFacts *facts, const MigrateDisk *disk,
                                           const MigrateImage *image);
/* Whether any file is proven not to be shared. */
gboolean _migrate_probed_has_unshared (const GPtrArray *probed);
/* The disk of that target in the guest as it will be there; else as it is here. */
const MigrateDisk *
_migrate_disk_there (const MigrateCheckRequest *request, const MigrateDisk *disk);
/* Beside which a guest's memory can be saved: the first that is a file and is written; nullable. */
const MigrateDisk *_migrate_disk_beside (const MigrateFacts *facts);
/* Whether its file could be copied, whatever is known of it. */
gboolean _migrate_disk_can_be_copied (const MigrateDisk *disk);
/* What a host's pools say of a disk's own file; NULL: nothing. */
const MigrateFileFacts *_migrate_host_file (const MigrateHostFacts *host, const char *path);
