/* The files of a guest as a move sees them: images and what is below them, NVRAM, saved memory,
 * CD-ROM images, kernel. One row of the plan each (MIGRATE_PLAN_KEY_FILES), decided by check/, and
 * carried out by the acts of this room, every one a step with its undo.
 *
 * A row, a{sv}:
 *   "id"       s  its name in steps and messages: "vda", "vda.1" the first below it, "nvram",
 *                 "saved-memory", "kernel", …
 *   "target"   s  of the disk it belongs to; absent: it belongs to none
 *   "role"     s  "disk", "backing", "nvram", "tpm", "saved-memory", "cdrom", "kernel", "initrd",
 *                 "dtb"
 *   "how"      s  MigrateFileHow by name
 *   "why"      s  for people
 *   "path"     s  at the source; absent: it has none (network volumes)
 *   "path-there"  s  at the destination
 *   "pool", "name"  s  volume at the source that it is; absent: in no pool, which makes one
 *   "pool-there", "name-there"  s  the pool at the destination is absent where it must be made,
 *                 "folder-there" s is then what of
 *   "format", "backing-format" s, "backing-there" s  as declared; what the new image is told to
 *                 have below it
 *   "capacity" t  of the disk that is inside, bytes; "size" t of the file; "allocation" t
 *   "options"  a{ss} of the image: "compat", "cluster-size", "lazy-refcounts", "extended-l2",
 *                 "encryption" (a format), "encryption-secret" (UUID), "owner", "group", "mode"
 *   "remove"   b  the move may take it away at the source in the end: it is proven not to be the
 *                 destination's. The policy's keep-source is looked at then
 *   "new-capacity" t  of a resize; absent: as it is */
#pragma once

#include "steps/steps-private.h"
#include "storage/storage-private.h"

typedef enum
{
  MIGRATE_FILE_SHARED,    /* it is there: the same one */
  MIGRATE_FILE_STAYS,     /* on a server, or a device: both hosts reach it */
  MIGRATE_FILE_MIRROR,    /* made empty there, then written by the source's hypervisor: of a block
                             move as the guest sees it, else as the file that it is */
  MIGRATE_FILE_STREAM,    /* copied before the transfer, byte by byte, and read back */
  MIGRATE_FILE_RECREATE,  /* made empty there, and left so: swap, scratch, cloud-init of no use */
  MIGRATE_FILE_IN_STREAM, /* comes with memory: NVRAM and TPM state of a guest that runs */
  MIGRATE_FILE_FOUND,     /* a backing file that is there already: its size and checksum agree */
  MIGRATE_FILE_REFUSED    /* a finding says why */
} MigrateFileHow;

const char *_migrate_file_how_name (MigrateFileHow how);
/* "found" is decided when it is looked for; so a row that no name fits is REFUSED. */
MigrateFileHow _migrate_file_how (GVariant *row);

/* ---- acts; each looks at the plan's rows, and does what is asked of its kind of row ---- */

/* Pools, folders, backing files, empty images. On every failure the steps undo all of it. Errors:
 * NO_SPACE; BUSY: something is in the way that is not ours; CHANGED; cancelled, … */
gboolean _migrate_storage_prepare (MigrateWork *work, GError **error);
/* The images of a guest that does not run, by the road that the plan names; then verified. */
gboolean _migrate_storage_copy (MigrateWork *work, GError **error);
/* After the hand-over: what of the source's may go ("remove", and the policy does not keep it).
 * Failures are warnings: an image that is left is no failed move. */
void _migrate_storage_release (MigrateWork *work);

/* ---- one file from host to host through streams; stream.c ---- */

typedef struct
{
  const char *id;          /* for messages and progress */
  const char *pool, *name; /* at the source */
  const char *pool_there, *name_there;
  guint64 size, from;       /* bytes; where to go on */
  gboolean holes_are_there; /* made anew: what is a hole need not be written */
} MigrateStreamCopy;

/* Copies, tells progress, writes down how far it is proven, reads all of it back. Errors: NO_SPACE;
 * CHANGED: the source is shorter or longer than it was said to be; FAILED: what was read back
 * differs; cancelled. */
gboolean _migrate_stream_copy (MigrateWork *work, const MigrateStreamCopy *copy, GError **error);
