/* See the header. Bounded, for documents and volumes may say anything. */
#include "check/chains-private.h"

#define MAX_DEPTH 64 /* images below one disk */

static const MigrateFileFacts *
find_file (const GPtrArray *files, const char *path)
{
  for (guint i = 0; files != NULL && path != NULL && i < files->len; i++)
    {
      const MigrateFileFacts *file = files->pdata[i];

      if (g_strcmp0 (file->path, path) == 0)
        return file;
    }
  return NULL;
}

static const MigrateImage *
last_of (const MigrateDisk *disk)
{
  return disk->chain->len > 0 ? disk->chain->pdata[disk->chain->len - 1] : NULL;
}

/* What is declared as raw has nothing below it, whatever is in it. */
static gboolean
may_have_more (const MigrateDisk *disk)
{
  const MigrateImage *last = last_of (disk);
  const char *format = last != NULL ? last->format : disk->format;

  return !disk->chain_ends && format != NULL && !g_str_equal (format, "raw")
         && (last != NULL ? last->path != NULL : _migrate_disk_is_file (disk));
}

static gboolean
is_in_chain (const MigrateDisk *disk, const char *path)
{
  if (g_strcmp0 (disk->path, path) == 0)
    return TRUE;
  for (guint i = 0; i < disk->chain->len; i++)
    {
      const MigrateImage *image = disk->chain->pdata[i];

      if (g_strcmp0 (image->path, path) == 0)
        return TRUE;
    }
  return FALSE;
}

/* As the document names them; nullable. */
static const char *
find_repeated (const MigrateDisk *disk)
{
  for (guint i = 0; i < disk->chain->len; i++)
    {
      const char *path = ((const MigrateImage *) disk->chain->pdata[i])->path;

      if (path != NULL && g_strcmp0 (path, disk->path) == 0)
        return path;
      for (guint j = 0; path != NULL && j < i; j++)
        if (g_strcmp0 (((const MigrateImage *) disk->chain->pdata[j])->path, path) == 0)
          return path;
    }
  return NULL;
}

MigrateChainEnd
_migrate_chain_end (const MigrateDisk *disk, const GPtrArray *files, const char **at)
{
  const MigrateImage *last = last_of (disk);
  const char *path = last != NULL ? last->path : disk->source;
  const MigrateFileFacts *file = find_file (files, path);
  const char *repeated = find_repeated (disk);

  if (at != NULL)
    *at = repeated != NULL ? repeated : path;
  if (repeated != NULL)
    return MIGRATE_CHAIN_CIRCULAR;
  if (!may_have_more (disk))
    return MIGRATE_CHAIN_ENDS;
  if (file == NULL || (!file->found && file->pool == NULL))
    return MIGRATE_CHAIN_UNKNOWN;
  if (!file->found)
    return MIGRATE_CHAIN_MISSING;
  if (file->volume->backing_path == NULL)
    return MIGRATE_CHAIN_ENDS;
  if (is_in_chain (disk, file->volume->backing_path)
      || g_strcmp0 (file->volume->target, file->volume->backing_path) == 0)
    return MIGRATE_CHAIN_CIRCULAR;
  return disk->chain->len >= MAX_DEPTH ? MIGRATE_CHAIN_TOO_DEEP : MIGRATE_CHAIN_UNKNOWN;
}

static void
add_image (MigrateDisk *disk, const char *path, const char *format)
{
  MigrateImage *image = g_new0 (MigrateImage, 1);
  gboolean is_local = path[0] == '/';

  image->type = g_strdup (is_local ? "file" : "network");
  image->format = g_strdup (format);
  image->path = is_local ? g_strdup (path) : NULL;
  image->source = g_strdup (path);
  g_ptr_array_add (disk->chain, image);
  disk->chain_ends = !is_local;
}

static void
complete (MigrateDisk *disk, const GPtrArray *files)
{
  const char *at;

  while (disk->chain->len < MAX_DEPTH && may_have_more (disk)
         && _migrate_chain_end (disk, files, &at) == MIGRATE_CHAIN_UNKNOWN)
    {
      const MigrateFileFacts *file = find_file (files, at);

      if (file == NULL || !file->found)
        return;
      add_image (disk, file->volume->backing_path, file->volume->backing_format);
    }
}

void
_migrate_chains_complete (MigrateGuest *guest, const GPtrArray *files)
{
  for (guint i = 0; i < guest->disks->len; i++)
    complete (guest->disks->pdata[i], files);
}

/* ---- at the destination ---- */

static void
map_images (const MigrateDisk *here, MigrateDisk *there, const MigrateRewrite *how)
{
  for (guint i = there->chain->len; i < here->chain->len; i++)
    {
      const MigrateImage *image = here->chain->pdata[i];
      g_autofree char *path = image->path != NULL
                                ? _migrate_xml_rewrite_path (image->path, how, NULL /* error */)
                                : NULL;
      MigrateImage *mapped = g_new0 (MigrateImage, 1);

      mapped->type = g_strdup (image->type);
      mapped->format = g_strdup (image->format);
      mapped->path = g_strdup (path);
      mapped->source = g_strdup (path != NULL ? path : image->source);
      g_ptr_array_add (there->chain, mapped);
    }
}

void
_migrate_chains_map (const MigrateGuest *here, MigrateGuest *there, const MigrateRewrite *how)
{
  for (guint i = 0; i < there->disks->len; i++)
    {
      MigrateDisk *disk = there->disks->pdata[i];
      const MigrateDisk *same = _migrate_disk_find (here->disks, disk->target);

      /* A mapping that ends a chain has the last word. */
      if (same != NULL && !disk->chain_ends)
        map_images (same, disk, how);
    }
}
