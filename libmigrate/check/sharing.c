/* Which files of a guest are to be probed for being shared: every one that it names by a path or as
 * a volume, those below its disks too. */
#include "check/facts-private.h"

static gboolean
is_local (const char *type)
{
  static const char *const types[] = { "file", "dir", "block", "volume", NULL };

  return type != NULL && g_strv_contains (types, type);
}

static void
add_disk (GArray *files, const MigrateDisk *disk)
{
  MigrateProbeFile top = { .target = disk->target,
                           .path = disk->path,
                           .type = disk->type,
                           .pool = disk->pool,
                           .volume = disk->volume };

  if (disk->source == NULL || !is_local (disk->type))
    return;
  g_array_append_val (files, top);
  for (guint i = 0; i < disk->chain->len; i++)
    {
      const MigrateImage *image = disk->chain->pdata[i];
      MigrateProbeFile below
        = { .target = disk->target, .path = image->path, .type = image->type, .backing = TRUE };

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
_migrate_facts_probe (MigrateWork *work, const MigrateDomain *guest, GPtrArray *disks,
                      GError **error)
{
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (MigrateProbeFile));
  GPtrArray *probed = NULL;

  for (guint i = 0; i < disks->len; i++)
    add_disk (files, disks->pdata[i]);
  replace (&work->result->guest_name, guest->name);
  replace (&work->result->guest_uuid, guest->uuid);
  return _migrate_storage_probe (work, files, &probed, error) ? probed : NULL;
}
