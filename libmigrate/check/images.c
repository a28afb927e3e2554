/* Decide: whether the destination has what the disks are made of: files below and beside them,
 * secrets, pools; and whether QEMU moves their formats. A volume is found by the name that its disk
 * has for it, "pool:volume". */
#include "check/checks-private.h"

#include <string.h>

static const MigrateDisk *
nth_disk (const MigrateLook *look, guint i)
{
  const MigrateGuest *there = _migrate_look_there (look);

  return i < there->disks->len ? there->disks->pdata[i] : NULL;
}

/* ---- images that are only read ---- */

typedef enum
{
  IMAGE_SHARED,
  IMAGE_THERE,
  IMAGE_MISSING,
  IMAGE_UNKNOWN
} ImagePlace;

static ImagePlace
place_of (const MigrateLook *look, const MigrateDisk *disk)
{
  const MigrateFileFacts *file = _migrate_look_file (look, disk->source);
  const char *why;

  if (_migrate_look_sharing (look, disk, &why) == MIGRATE_SHARING_SHARED)
    return IMAGE_SHARED;
  if (file != NULL && file->found)
    return IMAGE_THERE;
  return _migrate_look_lacks (look, disk->source) ? IMAGE_MISSING : IMAGE_UNKNOWN;
}

static void
look_read_only (MigrateLook *look, ImagePlace place)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (_migrate_look_is_file (disk) && disk->read_only && place_of (look, disk) == place)
      _migrate_look_find (look, disk->target, disk->source, NULL);
}

static void
look_image_missing (MigrateLook *look)
{
  look_read_only (look, IMAGE_MISSING);
}

static void
look_image_unproven (MigrateLook *look)
{
  look_read_only (look, IMAGE_UNKNOWN);
}

static void
look_image_copy (MigrateLook *look)
{
  look_read_only (look, IMAGE_THERE);
}

/* ---- chains ---- */

static void
look_chain (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    for (guint j = 0; j < disk->chain->len; j++)
      {
        const MigrateImage *image = disk->chain->pdata[j];

        if (_migrate_look_lacks (look, image->path))
          _migrate_look_find (look, disk->target, image->path, NULL);
      }
}

/* Their drivers in QEMU stand against a migration whenever they are open, vvfat's while it writes.
 */
static gboolean
is_immovable (const char *format, gboolean read_only)
{
  static const char *const immovable[]
    = { "vmdk", "vdi", "vpc", "vhd", "vhdx", "qcow", "parallels", "ploop", NULL };

  return format != NULL
         && (g_strv_contains (immovable, format)
             || (!read_only && (g_str_equal (format, "fat") || g_str_equal (format, "vvfat"))));
}

static void
look_format (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      if (disk->source != NULL && is_immovable (disk->format, disk->read_only))
        _migrate_look_find (look, disk->target, disk->format, NULL);
      for (guint j = 0; j < disk->chain->len; j++)
        {
          const MigrateImage *image = disk->chain->pdata[j];

          if (is_immovable (image->format, TRUE))
            _migrate_look_find (look, disk->target, image->format, NULL);
        }
    }
}

/* ---- secrets, pools ---- */

/* What names none needs none. */
static void
look_secrets_of (MigrateLook *look, const char *subject, const GPtrArray *uses, gboolean known)
{
  for (guint i = 0; i < uses->len; i++)
    {
      const MigrateSecretUse *use = uses->pdata[i];
      const char *name = use->uuid != NULL ? use->uuid : use->usage;

      if (name != NULL && _migrate_secret_find (look->facts->on_destination.secrets, use) == NULL
          && (_migrate_secret_find (look->facts->on_source.secrets, use) != NULL) == known)
        _migrate_look_find (look, subject != NULL ? subject : use->of, name, use->of, NULL);
    }
}

/* known: of those that the source has, else of those that it has not. */
static void
look_secrets (MigrateLook *look, gboolean known)
{
  const MigrateGuest *there = _migrate_look_there (look);
  const MigrateDisk *disk;

  if (look->facts->on_destination.secrets == NULL)
    return;
  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    look_secrets_of (look, disk->target, disk->secrets, known);
  look_secrets_of (look, NULL, there->secrets, known);
}

static void
look_secret_missing (MigrateLook *look)
{
  look_secrets (look, FALSE);
}

static void
look_secret_copied (MigrateLook *look)
{
  look_secrets (look, TRUE);
}

static const MigratePool *
pool_by_name (const MigrateLook *look, const char *name)
{
  const GPtrArray *pools = look->facts->on_destination.pools;

  for (guint i = 0; pools != NULL && name != NULL && i < pools->len; i++)
    {
      const MigratePool *pool = pools->pdata[i];

      if (g_str_equal (pool->name, name))
        return pool;
    }
  return NULL;
}

static void
look_pools (MigrateLook *look)
{
  const MigrateDisk *disk;

  if (look->facts->on_destination.pools == NULL)
    return;
  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigratePool *pool = pool_by_name (look, disk->pool);

      if (g_str_equal (disk->type, "volume") && disk->pool != NULL
          && (pool == NULL || !pool->active))
        _migrate_look_find (look, disk->target, disk->pool,
                            pool == NULL ? "does not have" : "has not started", NULL);
    }
}

static const MigrateCheck checks[] = {
  { "image-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the image of a CD-ROM, a floppy or another disk that is only read is not at the destination: "
    "an installation medium, a cloud-init image",
    "The image “$2” of disk “$1” is not at the destination",
    "Copy it there, or take it out of the drive (virsh change-media --eject)", look_image_missing,
    MIGRATE_CHECK_COPIES },
  { "chain-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a file below a disk's image, its backing file, is not at the destination",
    "“$2”, below the image of disk “$1”, is not at the destination",
    "Copy it there, or let the image take in what is below it (virsh blockpull)", look_chain,
    MIGRATE_CHECK_COPIES },
  { "disk-format", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "QEMU does not move a guest that has an image of this format open (vmdk, vdi, vpc, vhdx, qcow, "
    "parallels, and vvfat while it is written)",
    "Disk “$1” has an image of the format “$2”, with which QEMU does not move a guest",
    "Convert the image to qcow2 or raw; or move the guest while it is off", look_format,
    MIGRATE_CHECK_COLD },
  { "secret-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a secret that a disk or a device needs is not at the destination, and the source does not "
    "have "
    "it either",
    "“$1” needs the secret “$2” ($3), which neither host has",
    "Define it there, with the same UUID and usage, and give it its value (virsh secret-define, "
    "secret-set-value)",
    look_secret_missing },
  { "pool-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a disk is a volume of a pool that the destination does not have, or that is not started there",
    "Disk “$1” is a volume of pool “$2”, which the destination $3",
    "Define the pool there and start it", look_pools },
  { "image-unproven", MIGRATE_SEVERITY_WARNING, FALSE,
    "a disk that is only read is a file, and nothing shows that the destination has it",
    "Disk “$1” reads the file “$2”: nothing shows that the destination has it",
    "Make sure that it is there, with the same content", look_image_unproven,
    MIGRATE_CHECK_COPIES },
  { "secret-copied", MIGRATE_SEVERITY_NOTE, FALSE,
    "a secret that a disk or a device needs is not at the destination: it is defined there, as it "
    "is at the source, when the move is prepared; a private one cannot be read, and ends the move "
    "then",
    "“$1” needs the secret “$2” ($3), which is copied to the destination", NULL,
    look_secret_copied },
  { "image-copy", MIGRATE_SEVERITY_NOTE, FALSE,
    "a disk that is only read is a file that both hosts have, and nothing shows that their "
    "contents are equal",
    "The destination has a file “$2” for disk “$1”: it must have the same content", NULL,
    look_image_copy, MIGRATE_CHECK_COPIES },
};

const MigrateCheckFamily _migrate_image_checks = { "images", checks, G_N_ELEMENTS (checks) };
