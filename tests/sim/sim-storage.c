/* Storage: folders that hosts have in common or not, the pools through which their libvirtd see
 * them, and what each remembers of a folder until it is told to look again. */
#include "sim-private.h"

#include "virt/facts-private.h"

#include <errno.h>
#include <string.h>

#define TICK_US 4000
#define BORN_US (G_GUINT64_CONSTANT (1760000000) * G_USEC_PER_SEC)

/* A folder on some file system. */
struct _SimStorage
{
  char *name;
  GHashTable *files;   /* name -> GBytes */
  GHashTable *links;   /* names that lead out of it -> the one host where that is a file, or "" */
  GHashTable *written; /* names that somebody keeps writing to */
};

struct _SimPool
{
  char *name, *target;
  SimStorage *storage;
  gboolean inactive, read_only, full, of_devices;
  guint64 stale_us;
  GHashTable *view; /* nullable; set of names: what the host believes until it changes the folder */
  GHashTable *known; /* set of names: what libvirtd lists */
  guint epoch;       /* of the libvirtd that does */
};

static SimStorage *
find_storage (SimWorld *self, const char *name)
{
  for (guint i = 0; i < self->storages->len; i++)
    {
      SimStorage *storage = self->storages->pdata[i];

      if (g_str_equal (storage->name, name))
        return storage;
    }
  return NULL;
}

static SimStorage *
need_storage (SimWorld *self, const char *name)
{
  SimStorage *storage = find_storage (self, name);

  if (storage != NULL)
    return storage;
  storage = g_new0 (SimStorage, 1);
  storage->name = g_strdup (name);
  storage->files
    = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, (GDestroyNotify) g_bytes_unref);
  storage->links = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  storage->written = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_ptr_array_add (self->storages, storage);
  return storage;
}

static void
copy_names (GHashTable *from, GHashTable *to)
{
  GHashTableIter iter;
  gpointer name;

  g_hash_table_remove_all (to);
  g_hash_table_iter_init (&iter, from);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_hash_table_add (to, g_strdup (name));
}

static void
refresh (SimPool *pool)
{
  copy_names (pool->view != NULL ? pool->view : pool->storage->files, pool->known);
}

/* The server told it how the folder is now. */
static void
changed (SimPool *pool)
{
  if (pool->view != NULL)
    copy_names (pool->storage->files, pool->view);
}

void
sim_world_add_pool (SimWorld *self, const char *host, const SimPoolSpec *spec)
{
  SimPool *pool = g_new0 (SimPool, 1);

  _sim_lock (self);
  pool->name = g_strdup (spec->name);
  pool->target = g_strdup (spec->target);
  pool->storage = need_storage (self, spec->storage);
  pool->inactive = spec->inactive;
  pool->read_only = spec->read_only;
  pool->full = spec->full;
  pool->of_devices = spec->of_devices;
  pool->stale_us = (guint64) spec->stale_ms * 1000;
  pool->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  if (spec->caches)
    pool->view = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  changed (pool);
  refresh (pool);
  g_ptr_array_add (_sim_need_host (self, host)->pools, pool);
  _sim_unlock (self);
}

void
sim_world_add_file (SimWorld *self, const char *storage, const char *name)
{
  _sim_lock (self);
  g_hash_table_replace (need_storage (self, storage)->files, g_strdup (name),
                        g_bytes_new_static ("", 0));
  _sim_unlock (self);
}

void
sim_world_link_file (SimWorld *self, const char *storage, const char *name, const char *only)
{
  sim_world_add_file (self, storage, name);
  _sim_lock (self);
  g_hash_table_replace (need_storage (self, storage)->links, g_strdup (name),
                        g_strdup (only != NULL ? only : ""));
  _sim_unlock (self);
}

void
sim_world_write_file (SimWorld *self, const char *storage, const char *name)
{
  sim_world_add_file (self, storage, name);
  _sim_lock (self);
  g_hash_table_add (need_storage (self, storage)->written, g_strdup (name));
  _sim_unlock (self);
}

void
sim_world_clear_files (SimWorld *self, const char *storage)
{
  _sim_lock (self);
  g_hash_table_remove_all (need_storage (self, storage)->files);
  _sim_unlock (self);
}

void
sim_world_refresh_pools (SimWorld *self)
{
  _sim_lock (self);
  for (guint i = 0; i < self->hosts->len; i++)
    {
      SimHost *host = self->hosts->pdata[i];

      for (guint p = 0; p < host->pools->len; p++)
        refresh (host->pools->pdata[p]);
    }
  _sim_unlock (self);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char **
list_keys (GHashTable *table)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, table);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

char **
sim_world_list_files (SimWorld *self, const char *storage)
{
  char **names;

  _sim_lock (self);
  names = list_keys (need_storage (self, storage)->files);
  _sim_unlock (self);
  return names;
}

static SimPool *
find_pool (SimHost *host, const char *name)
{
  for (guint i = 0; i < host->pools->len; i++)
    {
      SimPool *pool = host->pools->pdata[i];

      if (!g_str_equal (pool->name, name))
        continue;
      if (pool->epoch != host->epoch) /* a libvirtd that starts looks anew */
        refresh (pool);
      pool->epoch = host->epoch;
      return pool;
    }
  return NULL;
}

char **
sim_world_list_volumes (SimWorld *self, const char *host, const char *name)
{
  char **names;
  SimPool *pool;

  _sim_lock (self);
  pool = find_pool (_sim_need_host (self, host), name);
  if (pool == NULL)
    g_error ("sim: host %s has no pool %s", host, name);
  names = list_keys (pool->known);
  _sim_unlock (self);
  return names;
}

/* ---- the calls ---- */

static int
say (const char **words, int code, const char *what)
{
  *words = what;
  return code;
}

static SimPool *
find_by_target (SimHost *host, const char *target)
{
  for (guint i = 0; i < host->pools->len; i++)
    {
      SimPool *pool = host->pools->pdata[i];

      if (!pool->inactive && g_str_equal (pool->target, target))
        return pool;
    }
  return NULL;
}

int
_sim_pool_find (SimHost *host, MigrateCall *call, const char **words)
{
  SimPool *pool = call->storage.pool != NULL ? find_pool (host, call->storage.pool)
                                             : find_by_target (host, call->text_in);

  if (pool == NULL)
    return say (words, SIM_ERR_NO_POOL, "Storage pool not found");
  if (pool->inactive || pool->of_devices)
    return say (words, SIM_ERR_NO_SUPPORT, "it is not active, or is not one of files");
  call->text_out = g_strdup (pool->name);
  return 0;
}

int
_sim_volume_find (SimHost *host, MigrateCall *call, const char **words)
{
  g_autofree char *folder = g_path_get_dirname (call->text_in);
  g_autofree char *name = g_path_get_basename (call->text_in);
  SimPool *found = find_by_target (host, folder);
  SimPool *pool = found != NULL ? find_pool (host, found->name) : NULL;

  if (pool == NULL || !g_hash_table_contains (pool->known, name))
    return say (words, SIM_ERR_NO_VOLUME, "Storage volume not found");
  call->text_out = g_steal_pointer (&name);
  return 0;
}

/* As libvirt does it: the volume is made, and then written to. */
static int
write_volume (SimPool *pool, MigrateCall *call, const char **words)
{
  if (pool->read_only)
    return say (words, SIM_ERR_FAILED, "cannot create path: Read-only file system");
  if (g_hash_table_contains (pool->known, call->storage.name))
    return say (words, SIM_ERR_VOLUME_EXISTS, "storage volume already exists");
  if (pool->full)
    return say (words, SIM_ERR_FAILED, "cannot allocate: No space left on device");
  g_hash_table_replace (pool->storage->files, g_strdup (call->storage.name),
                        g_bytes_ref (call->storage.bytes));
  g_hash_table_add (pool->known, g_strdup (call->storage.name));
  changed (pool);
  return 0;
}

static int
read_volume (SimPool *pool, MigrateCall *call)
{
  GBytes *bytes;

  refresh (pool);
  call->storage.names = list_keys (pool->known);
  bytes = g_hash_table_contains (pool->known, call->storage.name)
            ? g_hash_table_lookup (pool->storage->files, call->storage.name)
            : NULL;
  call->storage.bytes = bytes != NULL ? g_bytes_ref (bytes) : NULL;
  return 0;
}

/* A file that is gone already is no error, when libvirtd remembers it. */
static int
remove_volume (SimPool *pool, MigrateCall *call, const char **words)
{
  if (call->value & MIGRATE_REFRESH_BEFORE)
    refresh (pool);
  if (g_hash_table_contains (pool->known, call->storage.name))
    {
      if (pool->read_only)
        return say (words, SIM_ERR_FAILED, "cannot unlink file: Read-only file system");
      g_hash_table_remove (pool->known, call->storage.name);
      g_hash_table_remove (pool->storage->files, call->storage.name);
      changed (pool);
      call->value_out = 1;
    }
  if (call->value & MIGRATE_REFRESH_AFTER)
    refresh (pool);
  return 0;
}

int
_sim_volume_do (SimHost *host, MigrateCall *call, const char **words)
{
  SimPool *pool = find_pool (host, call->storage.pool);

  if (pool == NULL)
    return say (words, SIM_ERR_NO_POOL, "Storage pool not found");
  if (pool->inactive)
    return say (words, SIM_ERR_INVALID, "storage pool is not active");
  switch (call->kind)
    {
    case MIGRATE_CALL_VOLUME_WRITE:
      return write_volume (pool, call, words);
    case MIGRATE_CALL_VOLUME_READ:
      return read_volume (pool, call);
    default:
      return remove_volume (pool, call, words);
    }
}

/* ---- what is told of a file ---- */

/* A kernel's clock for files has ticks. */
static guint64
changed_us (SimHost *host, const SimPool *pool, const char *name)
{
  const char *only = g_hash_table_lookup (pool->storage->links, name);
  guint64 now = BORN_US + (guint64) host->world->now, tick = MAX (pool->stale_us, TICK_US);

  if (only != NULL)
    return BORN_US + g_str_hash (host->name) % G_USEC_PER_SEC;
  return g_hash_table_contains (pool->storage->written, name) ? now - now % tick : BORN_US;
}

static char *
describe (SimHost *host, const SimPool *pool, const char *name)
{
  guint64 us = changed_us (host, pool, name);
  g_autofree char *time = g_strdup_printf ("%" G_GUINT64_FORMAT ".%06" G_GUINT64_FORMAT "000",
                                           us / G_USEC_PER_SEC, us % G_USEC_PER_SEC);

  return g_markup_printf_escaped (
    "<volume type='file'><name>%s</name><capacity unit='bytes'>1048576</capacity>"
    "<physical unit='bytes'>1048576</physical><target><path>%s/%s</path><format type='raw'/>"
    "<timestamps><mtime>%s</mtime><ctime>%s</ctime></timestamps></target></volume>",
    name, pool->target, name, time, time);
}

/* libvirt passes over a link that leads nowhere. */
static gboolean
has_volume (const SimHost *host, const SimPool *pool, const char *name)
{
  const char *only = g_hash_table_lookup (pool->storage->links, name);

  return g_hash_table_contains (pool->known, name)
         && (only == NULL || *only == '\0' || g_str_equal (only, host->name));
}

static GVariant *
tell_file (SimHost *host, SimPool *pool, const char *path, const char *name)
{
  GVariantDict row;

  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert (&row, MIGRATE_FILE_FACT_PATH, "s", path);
  g_variant_dict_insert (&row, MIGRATE_FILE_FACT_FOUND, "b",
                         pool != NULL && has_volume (host, pool, name));
  if (pool != NULL)
    g_variant_dict_insert (&row, MIGRATE_FILE_FACT_POOL, "s", pool->name);
  if (pool != NULL && has_volume (host, pool, name))
    g_variant_dict_insert_value (&row, MIGRATE_FILE_FACT_XML,
                                 g_variant_new_take_string (describe (host, pool, name)));
  return g_variant_dict_end (&row);
}

static GVariant *
tell_path (SimHost *host, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  SimPool *found = find_by_target (host, folder);

  return tell_file (host, found != NULL ? find_pool (host, found->name) : NULL, path, name);
}

static GVariant *
tell_volume (SimHost *host, const char *pool, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s:%s", pool, name);

  return tell_file (host, find_pool (host, pool), path, name);
}

void
_sim_files_answer (SimHost *host, GVariant *question, GVariantDict *answer)
{
  g_autoptr (GVariantIter) paths = NULL;
  g_autoptr (GVariantIter) volumes = NULL;
  const char *pool, *name;
  GVariantBuilder rows;

  g_variant_lookup (question, MIGRATE_FACT_FILES, "as", &paths);
  g_variant_lookup (question, MIGRATE_FACT_VOLUMES, "a(ss)", &volumes);
  if (paths == NULL && volumes == NULL)
    return;
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  while (paths != NULL && g_variant_iter_next (paths, "&s", &name))
    g_variant_builder_add_value (&rows, tell_path (host, name));
  while (volumes != NULL && g_variant_iter_next (volumes, "(&s&s)", &pool, &name))
    g_variant_builder_add_value (&rows, tell_volume (host, pool, name));
  g_variant_dict_insert_value (answer, MIGRATE_FACT_FILES, g_variant_builder_end (&rows));
}
