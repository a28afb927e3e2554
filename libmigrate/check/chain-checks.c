/* Decide: whether what is below the disks that travel is known, and can travel too. */
#include "check/chains-private.h"
#include "check/checks-private.h"

static const MigrateDisk *
nth_disk (const MigrateLook *look, guint i)
{
  return i < look->facts->disks->len ? look->facts->disks->pdata[i] : NULL;
}

static gboolean
is_copied (const MigrateLook *look, const MigrateDisk *disk)
{
  return _migrate_look_fate (look, disk, NULL /* why */) == MIGRATE_FATE_COPIED;
}

static MigrateChainEnd
end_of (const MigrateLook *look, const MigrateDisk *disk, const char **at)
{
  return is_copied (look, disk) ? _migrate_chain_end (disk, look->facts->on_source.files, at)
                                : MIGRATE_CHAIN_ENDS;
}

static void
look_unknown (MigrateLook *look)
{
  const MigrateDisk *disk;
  const char *at;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (end_of (look, disk, &at) == MIGRATE_CHAIN_UNKNOWN)
      _migrate_look_find (look, disk->target, at, NULL);
}

static void
look_broken (MigrateLook *look)
{
  static const char *const words[] = {
    [MIGRATE_CHAIN_MISSING] = "is not there",
    [MIGRATE_CHAIN_CIRCULAR] = "has itself below it",
    [MIGRATE_CHAIN_TOO_DEEP] = "is one of more than can be followed",
  };
  const MigrateDisk *disk;
  const char *at;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      MigrateChainEnd end = end_of (look, disk, &at);

      if (end != MIGRATE_CHAIN_ENDS && end != MIGRATE_CHAIN_UNKNOWN)
        _migrate_look_find (look, disk->target, at, words[end], NULL);
    }
}

static void
look_server (MigrateLook *look)
{
  const MigrateDisk *disk;

  if (_migrate_policy_get_enum (look->policy, "disk-copy") == MIGRATE_DISK_COPY_WHOLE)
    return;
  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    for (guint j = 0; is_copied (look, disk) && !disk->read_only && j < disk->chain->len; j++)
      {
        const MigrateImage *image = disk->chain->pdata[j];

        if (image->path == NULL)
          _migrate_look_find (look, disk->target, image->source, NULL);
      }
}

/* Whether the image above the nth is copied byte by byte, with the old name in it. */
static gboolean
keeps_name (const MigrateLook *look, const MigrateDisk *disk, guint n)
{
  return n > 0 || disk->read_only || _migrate_kind_stops (look->kind);
}

static void
look_renamed (MigrateLook *look)
{
  gboolean whole
    = look->kind == MIGRATE_KIND_BLOCK
      && _migrate_policy_get_enum (look->policy, "disk-copy") == MIGRATE_DISK_COPY_WHOLE;
  const MigrateDisk *disk;

  for (guint i = 0; !whole && (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigrateDisk *there = _migrate_disk_there (look->request, disk);

      for (guint j = 0; is_copied (look, disk) && j < disk->chain->len && j < there->chain->len;
           j++)
        {
          const MigrateImage *image = disk->chain->pdata[j], *mapped = there->chain->pdata[j];

          if (g_strcmp0 (image->path, mapped->path) != 0 && keeps_name (look, disk, j))
            _migrate_look_find (look, disk->target, image->path,
                                mapped->path != NULL ? mapped->path : "", NULL);
        }
    }
}

static const MigrateCheck checks[] = {
  { "chain-unknown", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "what is below the image of a disk that is to be copied is not known: no active pool of the "
    "source has its folder",
    "Nothing tells what is below “$2”, an image of disk “$1”",
    "Make a pool of its folder at the source (virsh pool-create-as NAME dir --target FOLDER); or "
    "accept it where nothing is below it",
    look_unknown, MIGRATE_CHECK_LIVE },
  { "chain-broken", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a file below the image of a disk that is to be copied is missing at the source, or is below "
    "itself",
    "“$2”, an image of disk “$1”, $3", "Put the chain right (qemu-img rebase)", look_broken,
    MIGRATE_CHECK_LIVE },
  { "backing-on-server", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "what is below the image of a disk that is to be copied is on a server, and no pool makes an "
    "image above that",
    "“$2”, below the image of disk “$1”, is on a server",
    "Set the policy “disk-copy = whole”; or move the guest while it is off", look_server,
    MIGRATE_CHECK_LIVE | MIGRATE_CHECK_STOPS },
  { "chain-renamed", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a file that is copied as it is has the name of another below it in it, and that one is to be "
    "called something else at the destination",
    "“$2”, below an image of disk “$1”, is to be “$3”, and that image names it as it was",
    "Map both to folders of the same names; or accept it where the image names it without a "
    "folder",
    look_renamed, MIGRATE_CHECK_LIVE },
};

const MigrateCheckFamily _migrate_chain_checks = { "chains", checks, G_N_ELEMENTS (checks) };
