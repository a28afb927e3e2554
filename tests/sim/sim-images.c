/* What a test says of files, and what it may read of them. */
#include "sim-storage.h"

#include <string.h>

/* Of a file of which nobody says more. */
#define SOME_SIZE (1 << 20)

/* ---- making ---- */

void
sim_world_add_folder (SimWorld *self, const char *host, const char *path, const char *storage)
{
  SimHost *found;

  _sim_lock (self);
  found = _sim_need_host (self, host);
  if (storage != NULL)
    _sim_folder_mount (found, path, _sim_storage_need (self, storage, NULL));
  else
    _sim_folder_need (found, path);
  _sim_unlock (self);
}

static SimFile *
add_file (SimWorld *self, const char *storage, const char *name)
{
  SimFile *file = _sim_file_new (self);

  file->size = SOME_SIZE;
  _sim_storage_put (_sim_storage_need (self, storage, NULL), name, file);
  return file;
}

void
sim_world_add_file (SimWorld *self, const char *storage, const char *name)
{
  _sim_lock (self);
  add_file (self, storage, name);
  _sim_unlock (self);
}

void
sim_world_link_file (SimWorld *self, const char *storage, const char *name, const char *only)
{
  _sim_lock (self);
  add_file (self, storage, name)->only = g_strdup (only != NULL ? only : "");
  _sim_unlock (self);
}

void
sim_world_write_file (SimWorld *self, const char *storage, const char *name)
{
  _sim_lock (self);
  add_file (self, storage, name)->written = TRUE;
  _sim_unlock (self);
}

void
sim_world_clear_files (SimWorld *self, const char *storage)
{
  _sim_lock (self);
  g_hash_table_remove_all (_sim_storage_need (self, storage, NULL)->files);
  _sim_unlock (self);
}

static SimImage *
image_of_spec (const SimImageSpec *spec)
{
  SimImage *image = _sim_image_new (spec->capacity);

  image->backing = g_strdup (spec->backing);
  image->backing_format = g_strdup (spec->backing_format);
  image->encryption = g_strdup (spec->encryption);
  image->secret = g_strdup (spec->secret);
  image->snapshots = g_strdup (spec->snapshots);
  image->lazy_refcounts = spec->lazy_refcounts;
  image->extended_l2 = spec->extended_l2;
  if (spec->cluster_size > 0)
    image->cluster_size = spec->cluster_size;
  if (spec->compat != NULL)
    {
      g_free (image->compat);
      image->compat = g_strdup (spec->compat);
    }
  return image;
}

/* Patterns are by the path, unless the test says which, so that no two images are alike by chance.
 */
static guint
pattern_of (const SimImageSpec *spec)
{
  return spec->pattern != 0 ? spec->pattern : 1 + g_str_hash (spec->path) % 0x7fffffff;
}

static void
fill (SimStorage *storage, SimFile *file, const SimImageSpec *spec)
{
  const char *format = spec->format != NULL ? spec->format : "raw";
  g_autoptr (SimExtents) data = _sim_extents_new ();

  if (spec->data > 0)
    _sim_extents_write_pattern (data, spec->offset, spec->data, pattern_of (spec), 0);
  if (spec->text != NULL)
    _sim_extents_write_bytes (data, spec->offset, (const guint8 *) spec->text, strlen (spec->text));
  if (!_sim_image_write (storage, file, format, 0, data, 0, G_MAXUINT64))
    g_error ("sim: there is no room for %s", spec->path);
}

void
sim_world_add_image (SimWorld *self, const char *host_name, const SimImageSpec *spec)
{
  g_autofree char *folder = g_path_get_dirname (spec->path);
  g_autofree char *name = g_path_get_basename (spec->path);
  SimStorage *storage;
  SimFile *file;

  _sim_lock (self);
  storage = _sim_folder_need (_sim_need_host (self, host_name), folder);
  file = _sim_file_new (self);
  _sim_storage_put (storage, name, file);
  if (g_strcmp0 (spec->format, "qcow2") == 0)
    {
      g_autoptr (SimImage) image = image_of_spec (spec);

      _sim_image_store (storage, file, image);
    }
  else
    {
      file->size = spec->capacity > 0 ? spec->capacity : spec->data + spec->offset;
    }
  fill (storage, file, spec);
  self->tells_storage = TRUE;
  _sim_unlock (self);
  sim_world_refresh_pools (self);
}

void
sim_world_set_room (SimWorld *self, const char *host, const char *folder, guint64 bytes)
{
  SimStorage *storage;

  _sim_lock (self);
  storage = _sim_folder_need (_sim_need_host (self, host), folder);
  storage->room = 0; /* its own file system, from now on */
  storage->room = bytes == G_MAXUINT64 ? bytes : _sim_storage_used (storage) + bytes;
  _sim_unlock (self);
}

void
sim_world_set_locks (SimWorld *self, const char *storage, gboolean locks)
{
  _sim_lock (self);
  _sim_storage_need (self, storage, NULL)->no_locks = !locks;
  _sim_unlock (self);
}

static SimFile *
need_file (SimWorld *self, const char *host, const char *path)
{
  SimFile *file = _sim_file_find (_sim_need_host (self, host), path);

  if (file == NULL)
    g_error ("sim: host %s has no file %s", host, path);
  return file;
}

void
sim_world_spoil (SimWorld *self, const char *host, const char *path, guint64 offset)
{
  SimFile *file;
  guint8 bytes[16];

  _sim_lock (self);
  file = need_file (self, host, path);
  _sim_extents_read (file->data, offset, sizeof bytes, bytes);
  for (gsize i = 0; i < sizeof bytes; i++)
    bytes[i] = (guint8) ~bytes[i];
  _sim_extents_write_bytes (file->data, offset, bytes, sizeof bytes);
  _sim_file_changed (self, file);
  _sim_unlock (self);
}

void
sim_world_truncate (SimWorld *self, const char *host, const char *path, guint64 size)
{
  SimFile *file;

  _sim_lock (self);
  file = need_file (self, host, path);
  _sim_extents_punch (file->data, size, G_MAXUINT64 - size);
  file->size = size;
  _sim_file_changed (self, file);
  _sim_unlock (self);
}

void
sim_world_cut_stream (SimWorld *self, const char *host, const char *path, guint64 offset)
{
  SimCut *cut = g_new0 (SimCut, 1);

  cut->host = g_strdup (host);
  cut->path = g_strdup (path);
  cut->offset = offset;
  _sim_lock (self);
  g_ptr_array_add (self->cuts, cut);
  _sim_unlock (self);
}

/* ---- reading ---- */

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char **
sorted (GPtrArray *names)
{
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

char **
_sim_list_names (GHashTable *table)
{
  GPtrArray *names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  return sorted (names);
}

char **
sim_world_list_files (SimWorld *self, const char *storage)
{
  char **names;

  _sim_lock (self);
  names = _sim_list_names (_sim_storage_need (self, storage, NULL)->files);
  _sim_unlock (self);
  return names;
}

char **
sim_world_list_volumes (SimWorld *self, const char *host, const char *name)
{
  char **names;
  SimPool *pool;

  _sim_lock (self);
  pool = _sim_pool_find_by_name (_sim_need_host (self, host), name);
  if (pool == NULL)
    g_error ("sim: host %s has no pool %s", host, name);
  names = _sim_list_names (pool->known);
  _sim_unlock (self);
  return names;
}

char **
sim_world_list_pools (SimWorld *self, const char *host_name)
{
  GPtrArray *names = g_ptr_array_new ();
  SimHost *host;

  _sim_lock (self);
  host = _sim_need_host (self, host_name);
  for (guint i = 0; i < host->pools->len; i++)
    g_ptr_array_add (names, g_strdup (((SimPool *) host->pools->pdata[i])->name));
  _sim_unlock (self);
  return sorted (names);
}

void
sim_world_remove_path (SimWorld *self, const char *host, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  SimStorage *storage;

  _sim_lock (self);
  storage = _sim_folder_find (_sim_need_host (self, host), folder);
  if (storage != NULL)
    g_hash_table_remove (storage->files, name);
  _sim_unlock (self);
}

char **
sim_world_list_guests (SimWorld *self, const char *host_name)
{
  GPtrArray *names = g_ptr_array_new ();
  SimHost *host;

  _sim_lock (self);
  host = _sim_need_host (self, host_name);
  for (guint i = 0; i < host->domains->len; i++)
    g_ptr_array_add (names, g_strdup (((SimDomain *) host->domains->pdata[i])->guest->name));
  _sim_unlock (self);
  return sorted (names);
}

static void
add_path (const char *path, SimFile *file, gpointer data)
{
  g_ptr_array_add (data, g_strdup (path));
}

char **
sim_world_list_paths (SimWorld *self, const char *host)
{
  GPtrArray *paths = g_ptr_array_new ();

  _sim_lock (self);
  _sim_each_path (_sim_need_host (self, host), add_path, paths);
  _sim_unlock (self);
  return sorted (paths);
}

gboolean
sim_world_has_folder (SimWorld *self, const char *host, const char *path)
{
  gboolean there;

  _sim_lock (self);
  there = _sim_folder_find (_sim_need_host (self, host), path) != NULL;
  _sim_unlock (self);
  return there;
}

char *
sim_world_dup_bytes_of (SimWorld *self, const char *host, const char *path)
{
  g_autofree char *sum = NULL;
  char *text = NULL;
  SimFile *file;

  _sim_lock (self);
  _sim_disks_flush (self);
  file = _sim_file_find (_sim_need_host (self, host), path);
  if (file != NULL)
    {
      sum = _sim_extents_fingerprint (file->data);
      text = g_strdup_printf ("%" G_GUINT64_FORMAT " bytes %s", file->size, sum);
    }
  _sim_unlock (self);
  return text;
}

char *
sim_world_dup_content_of (SimWorld *self, const char *host, const char *path)
{
  g_autoptr (SimExtents) data = NULL;
  g_autoptr (SimImage) image = NULL;
  SimFile *file;
  SimHost *found;

  _sim_lock (self);
  _sim_disks_flush (self);
  found = _sim_need_host (self, host);
  file = _sim_file_find (found, path);
  image = file != NULL ? _sim_image_probe (file) : NULL;
  if (file != NULL)
    data = _sim_image_read (found, path, image != NULL ? "qcow2" : "raw", NULL /* capacity */,
                            NULL /* why */);
  _sim_unlock (self);
  return data != NULL ? _sim_extents_fingerprint (data) : NULL;
}

static void
describe (GString *text, const SimImage *image)
{
  g_string_append_printf (text, "qcow2 %" G_GUINT64_FORMAT " compat %s clusters %" G_GUINT64_FORMAT,
                          image->capacity, image->compat, image->cluster_size);
  if (image->lazy_refcounts)
    g_string_append (text, " lazy-refcounts");
  if (image->extended_l2)
    g_string_append (text, " extended-l2");
  if (image->encryption != NULL)
    g_string_append_printf (text, " encrypted %s", image->encryption);
  if (image->snapshots != NULL)
    g_string_append_printf (text, " snapshots %s", image->snapshots);
  if (image->backing != NULL)
    g_string_append_printf (text, " over %s %s", image->backing_format, image->backing);
}

char *
sim_world_dup_chain_of (SimWorld *self, const char *host, const char *path)
{
  GString *text = g_string_new (NULL);
  g_autofree char *next = g_strdup (path);
  SimHost *found;

  _sim_lock (self);
  found = _sim_need_host (self, host);
  for (guint i = 0; next != NULL && i < 16; i++)
    {
      SimFile *file = _sim_file_find (found, next);
      g_autoptr (SimImage) image = file != NULL ? _sim_image_probe (file) : NULL;
      g_autofree char *at = NULL;

      g_string_append_printf (text, "%s%s: ", i > 0 ? "\n" : "", next);
      if (image != NULL)
        describe (text, image);
      else if (file != NULL)
        g_string_append_printf (text, "raw %" G_GUINT64_FORMAT, file->size);
      else
        g_string_append (text, "missing");
      at = next;
      next
        = image != NULL && image->backing != NULL ? _sim_image_dup_backing_path (image, at) : NULL;
    }
  _sim_unlock (self);
  return g_string_free (text, FALSE);
}

guint64
sim_world_get_room (SimWorld *self, const char *host, const char *folder)
{
  guint64 room;

  _sim_lock (self);
  room = _sim_storage_free (_sim_folder_need (_sim_need_host (self, host), folder));
  _sim_unlock (self);
  return room;
}

gboolean
sim_world_is_unflushed (SimWorld *self, const char *host, const char *path)
{
  gboolean unflushed;

  _sim_lock (self);
  unflushed = need_file (self, host, path)->unflushed;
  _sim_unlock (self);
  return unflushed;
}

guint64
sim_world_get_allocation (SimWorld *self, const char *host, const char *path)
{
  guint64 bytes;

  _sim_lock (self);
  bytes = _sim_extents_allocated (need_file (self, host, path)->data);
  _sim_unlock (self);
  return bytes;
}
