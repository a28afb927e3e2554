/* Which files of a guest are to be probed for being shared: every one that it names by a path or as
 * a volume, those below its disks too; each beside what the destination is to open in its place. */
#include "check/same-private.h"

static gboolean
is_local (const char *type)
{
  static const char *const types[] = { "file", "dir", "block", "volume", NULL };

  return type != NULL && g_strv_contains (types, type);
}

static MigrateProbePlace
place_of_disk (const MigrateDisk *disk)
{
  return (MigrateProbePlace){
    .path = disk->path, .type = disk->type, .pool = disk->pool, .volume = disk->volume
  };
}

static MigrateProbePlace
place_of_image (const MigrateImage *image)
{
  return (MigrateProbePlace){ .path = image->path, .type = image->type };
}

static const MigrateDisk *
find_there (GPtrArray *there, const MigrateDisk *disk)
{
  const MigrateDisk *found = there != NULL ? _migrate_disk_find (there, disk->target) : NULL;

  return found != NULL ? found : disk;
}

/* A chain that ends earlier there has nothing in the place of an image; nor is anything there yet
 * of what is open. */
static void
add_disk (GArray *files, const MigrateDisk *disk, const MigrateDisk *there, gboolean open)
{
  MigrateProbeFile top = { .target = disk->target, .here = place_of_disk (disk) };

  if (disk->source == NULL)
    return;
  if (!open)
    top.there = place_of_disk (there);
  if (is_local (disk->type))
    g_array_append_val (files, top);
  for (guint i = 0; i < disk->chain->len; i++)
    {
      const MigrateImage *image = disk->chain->pdata[i];
      MigrateProbeFile below
        = { .target = disk->target, .here = place_of_image (image), .backing = TRUE };

      if (!open && i < there->chain->len)
        below.there = place_of_image (there->chain->pdata[i]);
      if (is_local (image->type))
        g_array_append_val (files, below);
    }
}

static void
replace (char **field, const char *value)
{
  char *copy = g_strdup (value);

  g_free (*field);
  *field = copy;
}

/* The journal is told of a probe before the check is over: whose it is, is known already. */
GPtrArray *
_migrate_facts_probe (MigrateWork *work, const MigrateDomain *guest,
                      const MigrateSharingBasis *basis, GError **error)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (MigrateProbeFile));
  g_autoptr (GPtrArray) probed = NULL;

  for (guint i = 0; i < basis->disks->len; i++)
    {
      const MigrateDisk *disk = basis->disks->pdata[i];

      add_disk (files, disk, find_there (basis->there, disk),
                _migrate_disk_is_open (disk, basis->holes));
    }
  replace (&work->result->guest_name, guest->name);
  replace (&work->result->guest_uuid, guest->uuid);
  if (!_migrate_storage_probe (work, files, &probed, error)
      || !_migrate_same_look (work, files, probed, basis->told, error))
    return NULL;
  return g_steal_pointer (&probed);
}
