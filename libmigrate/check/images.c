/* Decide: whether the destination has what the disks are made of: files below and beside them,
 * secrets, pools; whether QEMU moves their formats; and whether there is room for what would have
 * to be created. A volume is found by the name that its disk has for it, "pool:volume". */
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

/* ---- what would have to be created ---- */

static gboolean
would_be_created (const MigrateLook *look, const MigrateDisk *disk)
{
  const char *why;

  return _migrate_disk_is_file (disk) && !disk->read_only
         && _migrate_look_sharing (look, disk, &why) == MIGRATE_SHARING_NOT_SHARED;
}

static void
look_in_the_way (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigrateFileFacts *file = _migrate_look_file (look, disk->source);

      if (would_be_created (look, disk) && file != NULL && file->found)
        _migrate_look_find (look, disk->target, disk->source, NULL);
    }
}

static const MigrateVolume *
volume_here (const MigrateLook *look, const MigrateDisk *disk)
{
  const GPtrArray *files = look->facts->on_source.files;

  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const MigrateFileFacts *file = files->pdata[i];

      if (g_strcmp0 (file->path, disk->source) == 0)
        return file->volume;
    }
  return NULL;
}

/* It grows while it is copied, and at most to its capacity. 0: not known. */
static guint64
need_of (const MigrateLook *look, const MigrateDisk *disk)
{
  const MigrateVolume *volume = volume_here (look, disk);
  guint margin = _migrate_policy_get_uint (look->policy, "space-margin");
  guint64 grown;

  if (volume == NULL)
    return 0;
  if (volume->allocation == 0 || volume->allocation >= volume->capacity)
    return MAX (volume->allocation, volume->capacity);
  grown = volume->allocation / 100 * (100 + margin);
  return MIN (grown, volume->capacity);
}

static guint64
need_in_pool (const MigrateLook *look, const char *name)
{
  const MigrateDisk *disk;
  guint64 need = 0;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigrateFileFacts *file = _migrate_look_file (look, disk->source);

      if (would_be_created (look, disk) && file != NULL && g_strcmp0 (file->pool, name) == 0)
        need += need_of (look, disk);
    }
  return need;
}

static void
look_space (MigrateLook *look)
{
  const GPtrArray *pools = look->facts->on_destination.pools;
  guint64 reserve = (guint64) _migrate_policy_get_uint (look->policy, "space-reserve") << 20;

  for (guint i = 0; pools != NULL && i < pools->len; i++)
    {
      const MigratePool *pool = pools->pdata[i];
      guint64 need = need_in_pool (look, pool->name);
      g_autofree char *needed = _migrate_look_size (need + reserve);
      g_autofree char *available = _migrate_look_size (pool->available);

      if (need > 0 && pool->capacity > 0 && need + reserve > pool->available)
        _migrate_look_find (look, pool->name, available, needed, NULL);
    }
}

static const MigrateCheck checks[] = {
  { "image-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the image of a CD-ROM, a floppy or another disk that is only read is not at the destination: "
    "an installation medium, a cloud-init image",
    "The image “$2” of disk “$1” is not at the destination",
    "Copy it there, or take it out of the drive (virsh change-media --eject)", look_image_missing },
  { "chain-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a file below a disk's image, its backing file, is not at the destination",
    "“$2”, below the image of disk “$1”, is not at the destination",
    "Copy it there, or let the image take in what is below it (virsh blockpull)", look_chain },
  { "disk-format", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "QEMU does not move a guest that has an image of this format open (vmdk, vdi, vpc, vhdx, qcow, "
    "parallels, and vvfat while it is written)",
    "Disk “$1” has an image of the format “$2”, with which QEMU does not move a guest",
    "Convert the image to qcow2 or raw", look_format },
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
    "Make sure that it is there, with the same content", look_image_unproven },
  { "file-in-the-way", MIGRATE_SEVERITY_WARNING, FALSE,
    "the hosts do not share a disk's file, and the destination has another of that name: a copy "
    "would destroy it",
    "The destination has a file “$2” that is not disk “$1”: a copy would destroy it",
    "Look what it is, and move it away", look_in_the_way },
  { "space-short", MIGRATE_SEVERITY_WARNING, FALSE,
    "the destination's pool has no room for disks that the hosts do not share (`space-margin` and "
    "`space-reserve` say how much they need)",
    "Pool “$1” has $2 left at the destination, and the disks that are not shared need $3 there",
    "Make room, or choose another pool", look_space },
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
    look_image_copy },
};

const MigrateCheckFamily _migrate_image_checks = { "images", checks, G_N_ELEMENTS (checks) };
