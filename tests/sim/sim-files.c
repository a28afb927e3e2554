/* Files and folders: what is on which file system, what of it a host sees at which path, and how
 * much room there is. */
#include "sim-storage.h"

#include <string.h>

/* ---- files ---- */

SimFile *
_sim_file_new (SimWorld *world)
{
  SimFile *self = g_new0 (SimFile, 1);

  self->data = _sim_extents_new ();
  self->inode = ++world->last_file;
  self->changed_at = world->now;
  return self;
}

void
_sim_file_free (gpointer data)
{
  SimFile *self = data;

  _sim_extents_free (self->data);
  g_free (self->only);
  g_free (self);
}

void
_sim_file_changed (SimWorld *world, SimFile *file)
{
  file->changes++;
  file->changed_at = world->now;
}

/* ---- storages ---- */

SimStorage *
_sim_storage_find (SimWorld *self, const char *name)
{
  for (guint i = 0; i < self->storages->len; i++)
    {
      SimStorage *storage = self->storages->pdata[i];

      if (!storage->gone && g_str_equal (storage->name, name))
        return storage;
    }
  return NULL;
}

SimStorage *
_sim_storage_need (SimWorld *self, const char *name, SimStorage *parent)
{
  SimStorage *storage = _sim_storage_find (self, name);

  if (storage != NULL)
    return storage;
  storage = g_new0 (SimStorage, 1);
  storage->name = g_strdup (name);
  storage->parent = parent;
  storage->room = G_MAXUINT64;
  storage->world = self;
  storage->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, _sim_file_free);
  g_ptr_array_add (self->storages, storage);
  return storage;
}

static const SimStorage *
root_of (const SimStorage *self)
{
  while (self->room == G_MAXUINT64 && self->parent != NULL)
    self = self->parent;
  return self;
}

guint64
_sim_storage_used (const SimStorage *self)
{
  const SimStorage *root = root_of (self);
  guint64 used = 0;

  for (guint i = 0; i < root->world->storages->len; i++)
    {
      const SimStorage *storage = root->world->storages->pdata[i];
      GHashTableIter iter;
      gpointer file;

      if (storage->gone || root_of (storage) != root)
        continue;
      g_hash_table_iter_init (&iter, storage->files);
      while (g_hash_table_iter_next (&iter, NULL, &file))
        used += _sim_extents_allocated (((SimFile *) file)->data);
    }
  return used;
}

guint64
_sim_storage_free (const SimStorage *self)
{
  guint64 room = root_of (self)->room;
  guint64 used = room == G_MAXUINT64 ? 0 : _sim_storage_used (self);

  return room > used ? room - used : 0;
}

void
_sim_storage_put (SimStorage *self, const char *name, SimFile *file)
{
  g_hash_table_replace (self->files, g_strdup (name), file);
}

/* ---- folders ---- */

static const SimFolder *
mount_of (SimHost *host, const char *path)
{
  const SimFolder *best = NULL;

  for (guint i = 0; i < host->folders->len; i++)
    {
      const SimFolder *folder = host->folders->pdata[i];
      gsize length = strlen (folder->path);

      if (g_str_has_prefix (path, folder->path) && (path[length] == '\0' || path[length] == '/')
          && (best == NULL || strlen (best->path) < length))
        best = folder;
    }
  return best;
}

static char *
storage_name (SimHost *host, const char *path, SimStorage **parent)
{
  const SimFolder *mount = mount_of (host, path);

  *parent = mount != NULL ? mount->storage : NULL;
  return mount != NULL ? g_strconcat (mount->storage->name, path + strlen (mount->path), NULL)
                       : g_strdup_printf ("%s:%s", host->name, path);
}

SimStorage *
_sim_folder_find (SimHost *host, const char *path)
{
  SimStorage *parent;
  g_autofree char *name = storage_name (host, path, &parent);

  return _sim_storage_find (host->world, name);
}

SimStorage *
_sim_folder_need (SimHost *host, const char *path)
{
  SimStorage *parent;
  g_autofree char *name = storage_name (host, path, &parent);

  return _sim_storage_need (host->world, name, parent);
}

SimFolder *
_sim_folder_mount (SimHost *host, const char *path, SimStorage *storage)
{
  SimFolder *folder = g_new0 (SimFolder, 1);

  folder->path = g_strdup (path);
  folder->storage = storage;
  g_ptr_array_add (host->folders, folder);
  return folder;
}

SimFile *
_sim_file_find (SimHost *host, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  SimStorage *storage = _sim_folder_find (host, folder);

  return storage != NULL ? g_hash_table_lookup (storage->files, name) : NULL;
}

gboolean
_sim_storage_is_shared (const SimStorage *self)
{
  guint hosts = 0;

  while (self->parent != NULL)
    self = self->parent;
  for (guint i = 0; i < self->world->hosts->len; i++)
    {
      const SimHost *host = self->world->hosts->pdata[i];
      gboolean has = FALSE;

      for (guint f = 0; f < host->folders->len; f++)
        has |= ((SimFolder *) host->folders->pdata[f])->storage == self;
      hosts += has;
    }
  return hosts > 1;
}

/* ---- writing ---- */

/* How much of a range there is room for. */
static guint64
fits (SimStorage *storage, SimFile *file, guint64 offset, guint64 length)
{
  guint64 room = _sim_storage_free (storage);

  if (_sim_extents_missing (file->data, offset, length) <= room)
    return length;
  return MIN (length, room / SIM_BLOCK * SIM_BLOCK);
}

static void
grow (SimStorage *storage, SimFile *file, guint64 end)
{
  file->size = MAX (file->size, end);
  _sim_file_changed (storage->world, file);
}

gboolean
_sim_file_write (SimStorage *storage, SimFile *file, guint64 offset, const guint8 *bytes,
                 gsize size)
{
  guint64 length = fits (storage, file, offset, size);

  _sim_extents_write_bytes (file->data, offset, bytes, (gsize) length);
  if (length > 0)
    grow (storage, file, offset + length);
  return length == size;
}

gboolean
_sim_file_copy (SimStorage *storage, SimFile *file, guint64 offset, const SimExtents *from,
                guint64 begin, guint64 length)
{
  guint64 at = begin, first, end, part;

  while (_sim_extents_next (from, at, &first, &end) && first < begin + length)
    {
      end = MIN (end, begin + length);
      part = fits (storage, file, offset + (first - begin), end - first);
      _sim_extents_copy_range (from, first, part, file->data, offset + (first - begin));
      if (part > 0)
        grow (storage, file, offset + (first - begin) + part);
      if (part < end - first)
        return FALSE;
      at = end;
    }
  return TRUE;
}
