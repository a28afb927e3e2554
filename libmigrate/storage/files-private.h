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
 *   "optional" b  where there is none at the source there is nothing to copy: a guest that never
 * ran has no NVRAM yet "open"     b  a binding says where it is there: "path-there" and what
 * follows from it are absent "new-capacity" t  of a resize; absent: as it is */
#pragma once

#include "steps/steps-private.h"
#include "storage/storage-private.h"
#include "xml/xml-private.h"

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

/* What is there already may serve, when it is proven to be the same: nobody writes to it. */
gboolean _migrate_file_may_serve (GVariant *row);
/* It is a new file there. */
gboolean _migrate_file_is_made (GVariant *row);
/* It does not exist before the guest is stopped. */
gboolean _migrate_file_comes_later (GVariant *row);
/* The plan's rows, aa{sv}; none where it has no such list. */
GVariant *_migrate_files_of (MigratePlan *plan);

/* How much of all that a block move sends, memory included, travels so: 0 to 1. plan: nullable. */
double _migrate_files_share (MigratePlan *plan, MigrateFileHow how, guint64 memory);

/* Of a row's "options": what a volume like that one is to be made with. */
void _migrate_file_add_option (GVariantBuilder *options, const char *key, const char *value);
void _migrate_file_add_options (GVariantBuilder *options, const MigrateVolume *volume);

/* room.c: names the disks and the pools of what was made, and what they need, where there was no
 * room on a disk of the destination; any other error is left as it is. */
void _migrate_files_explain_no_space (MigrateWork *work, GError **error);

/* ---- acts; each looks at the plan's rows, and does what is asked of its kind of row ---- */

/* Their kinds of steps, before any of them runs; once. */
void _migrate_storage_add_step_kinds (void);
/* Pools, folders, backing files, empty images. On every failure the steps undo all of it. Errors:
 * NO_SPACE; BUSY: something is in the way that is not ours; CHANGED; cancelled, … */
gboolean _migrate_storage_prepare (MigrateWork *work, GError **error);
/* Once it is copied: what is to have a "new-capacity". Taken back with the volume itself. Errors:
 * NO_SPACE; UNSUPPORTED: the destination takes it for another format. */
gboolean _migrate_storage_resize (MigrateWork *work, GError **error);
/* After the hand-over: what of the source's may go ("remove", and the policy does not keep it), and
 * the pools that were made. Failures are warnings: an image that is left is no failed move. */
void _migrate_storage_release (MigrateWork *work);

/* ---- make.c: one at a time, as steps ---- */

/* A pool of a folder in which there is none; borrowed from its step. At the destination the folder
 * is made too. NULL: NOT_FOUND, BUSY. */
const char *
_migrate_make_pool (MigrateWork *work, MigrateSide side, const char *folder, GError **error);
/* Where a row's file is at the source, for streams and to be removed; one that is in no pool gets
 * one. name: the caller's. */
gboolean _migrate_find_source (MigrateWork *work, GVariant *row, const char **pool, char **name,
                               GError **error);
/* Where a row's file is made; a made pool's is known by its folder. NULL: there is none yet. */
const char *_migrate_made_pool (MigrateWork *work, GVariant *row);
/* raw: as a file of the row's size, whatever is in it. Errors: BUSY: there is one of that name. */
gboolean _migrate_make_volume (MigrateWork *work, GVariant *row, gboolean raw, GError **error);
/* By this job, and it was not taken back: there was none of that name before. */
gboolean _migrate_was_made (MigrateWork *work, GVariant *row);
/* What a host says of a volume; NULL and no error: there is none. */
MigrateVolume *_migrate_ask_volume (MigrateWork *work, MigrateSide side, const char *pool,
                                    const char *name, GError **error);

/* The row with its size as it is now, where that was not known. NULL: it failed. */
GVariant *_migrate_file_complete (MigrateWork *work, GVariant *row, GError **error);

/* resize.c, release.c */
gboolean _migrate_resize_volume_act (MigrateWork *work, GVariant *args, GError **error);
gboolean _migrate_remove_image_act (MigrateWork *work, GVariant *args, GError **error);

/* ---- stream.c: from host to host through libvirt's streams and this process ---- */

/* Rows that are one: copied, read back, written down how far. Several at once. Errors: NO_SPACE;
 * CHANGED: a source is shorter or longer than it was said to be; FAILED: what was read back
 * differs; cancelled. */
gboolean _migrate_stream_rows (MigrateWork *work, GPtrArray *rows, GError **error);
/* Whether both hosts' files are the same, by reading both. */
gboolean _migrate_stream_compare (MigrateWork *work, GVariant *row, gboolean *same, GError **error);
/* The same by reading pieces here and there. */
gboolean
_migrate_stream_compare_parts (MigrateWork *work, GVariant *row, gboolean *same, GError **error);
/* It was copied before, by this job. */
gboolean _migrate_stream_is_done (MigrateWork *work, GVariant *row);
