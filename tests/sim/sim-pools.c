/* The pools through which libvirtds see folders, and what each remembers of a folder until it is
 * told to look again. */
#include "sim-storage.h"

#include <string.h>

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

void
_sim_pool_refresh (SimPool *pool)
{
  copy_names (pool->view != NULL ? pool->view : pool->storage->files, pool->known);
}

/* The server told it how the folder is now. */
void
_sim_pool_changed (SimPool *pool)
{
  if (pool->view != NULL)
    copy_names (pool->storage->files, pool->view);
}

SimPool *
_sim_pool_new (const char *name, const char *target, SimStorage *storage)
{
  SimPool *pool = g_new0 (SimPool, 1);

  pool->name = g_strdup (name);
  pool->target = g_strdup (target);
  pool->storage = storage;
  pool->known = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return pool;
}

static void
pool_free (SimPool *self)
{
  g_free (self->name);
  g_free (self->target);
  g_clear_pointer (&self->view, g_hash_table_unref);
  g_hash_table_unref (self->known);
  g_free (self);
}

void
sim_world_add_pool (SimWorld *self, const char *host_name, const SimPoolSpec *spec)
{
  SimHost *host;
  SimPool *pool;

  _sim_lock (self);
  host = _sim_need_host (self, host_name);
  pool = _sim_pool_new (spec->name, spec->target,
                        spec->storage != NULL ? _sim_storage_need (self, spec->storage, NULL)
                                              : _sim_folder_need (host, spec->target));
  if (spec->storage != NULL)
    _sim_folder_mount (host, spec->target, pool->storage);
  pool->inactive = spec->inactive;
  pool->read_only = spec->read_only;
  pool->full = spec->full;
  pool->of_devices = spec->of_devices;
  pool->timeless = spec->timeless;
  pool->stale_us = (gint64) spec->stale_ms * SIM_MS;
  if (spec->caches)
    pool->view = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  _sim_pool_changed (pool);
  _sim_pool_refresh (pool);
  g_ptr_array_add (host->pools, pool);
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
        _sim_pool_refresh (host->pools->pdata[p]);
    }
  _sim_unlock (self);
}

static SimPool *
look_at (SimPool *pool, const SimHost *host)
{
  if (pool->epoch != host->epoch) /* a libvirtd that starts looks anew */
    _sim_pool_refresh (pool);
  pool->epoch = host->epoch;
  return pool;
}

SimPool *
_sim_pool_find_by_name (SimHost *host, const char *name)
{
  for (guint i = 0; i < host->pools->len; i++)
    {
      SimPool *pool = host->pools->pdata[i];

      if (g_str_equal (pool->name, name))
        return look_at (pool, host);
    }
  return NULL;
}

SimPool *
_sim_pool_find_by_target (SimHost *host, const char *target)
{
  for (guint i = 0; i < host->pools->len; i++)
    {
      SimPool *pool = host->pools->pdata[i];

      if (!pool->inactive && g_str_equal (pool->target, target))
        return look_at (pool, host);
    }
  return NULL;
}

void
_sim_pools_forget_transient (SimHost *host)
{
  for (guint i = host->pools->len; i > 0; i--)
    {
      SimPool *pool = host->pools->pdata[i - 1];

      if (!pool->transient)
        continue;
      g_ptr_array_remove_index (host->pools, i - 1);
      pool_free (pool);
    }
}

/* Of a file system without a limit libvirt would have to say something: this is a lot. */
#define PLENTY ((guint64) 1 << 42)

char *
_sim_pool_describe (const SimPool *self)
{
  guint64 used = _sim_storage_used (self->storage);
  guint64 room = MIN (_sim_storage_free (self->storage), PLENTY);

  return g_markup_printf_escaped (
    "<pool type='%s'>\n  <name>%s</name>\n"
    "  <capacity unit='bytes'>%" G_GUINT64_FORMAT "</capacity>\n"
    "  <allocation unit='bytes'>%" G_GUINT64_FORMAT "</allocation>\n"
    "  <available unit='bytes'>%" G_GUINT64_FORMAT "</available>\n"
    "  <source>\n  </source>\n"
    "  <target>\n    <path>%s</path>\n    <permissions>\n      <mode>0711</mode>\n"
    "      <owner>0</owner>\n      <group>0</group>\n    </permissions>\n  </target>\n</pool>\n",
    self->of_devices ? "logical" : "dir", self->name, used + room, used, room, self->target);
}

/* ---- the calls ---- */

static int
say (const char **words, int code, const char *what)
{
  *words = what;
  return code;
}

int
_sim_pool_find (SimHost *host, MigrateCall *call, const char **words)
{
  SimPool *pool = call->storage.pool != NULL ? _sim_pool_find_by_name (host, call->storage.pool)
                                             : _sim_pool_find_by_target (host, call->text_in);

  if (pool == NULL)
    return say (words, SIM_ERR_NO_POOL, "Storage pool not found");
  if (pool->inactive || pool->of_devices)
    return say (words, SIM_ERR_NO_SUPPORT, "it is not active, or is not one of files");
  call->text_out = g_strdup (pool->name);
  return 0;
}

/* A second pool of the same folder is refused, also when the first is not active. */
static gboolean
is_taken (SimHost *host, const MigrateCall *call)
{
  for (guint i = 0; i < host->pools->len; i++)
    {
      SimPool *pool = host->pools->pdata[i];

      if (g_str_equal (pool->name, call->storage.pool) || g_str_equal (pool->target, call->text_in))
        return TRUE;
    }
  return FALSE;
}

int
_sim_pool_create (SimHost *host, MigrateCall *call, const char **words)
{
  SimStorage *storage = _sim_folder_find (host, call->text_in);
  SimPool *pool = _sim_pool_find_by_target (host, call->text_in);

  if (pool != NULL && g_str_equal (pool->name, call->storage.pool))
    return 0; /* an earlier call made it */
  if (is_taken (host, call))
    return say (words, SIM_ERR_FAILED,
                "operation failed: Storage source conflict with pool of that name or folder");
  if (storage == NULL && call->value != 1)
    return say (words, SIM_ERR_NO_FOLDER, "cannot open path: No such file or directory");
  call->value_out = storage == NULL;
  pool = _sim_pool_new (call->storage.pool, call->text_in, _sim_folder_need (host, call->text_in));
  pool->transient = TRUE;
  pool->epoch = host->epoch;
  _sim_pool_refresh (pool);
  g_ptr_array_add (host->pools, pool);
  return 0;
}

static gboolean
is_mounted (SimWorld *self, const SimStorage *storage)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      const SimHost *host = self->hosts->pdata[i];

      for (guint f = 0; f < host->folders->len; f++)
        if (((SimFolder *) host->folders->pdata[f])->storage == storage)
          return TRUE;
    }
  return FALSE;
}

/* What is in it is nobody's to remove. */
static void
remove_folder (SimStorage *storage)
{
  if (g_hash_table_size (storage->files) == 0 && !is_mounted (storage->world, storage))
    storage->gone = TRUE;
}

int
_sim_pool_remove (SimHost *host, MigrateCall *call, const char **words)
{
  SimPool *pool = _sim_pool_find_by_name (host, call->storage.pool);
  SimStorage *storage;

  if (pool != NULL)
    storage = pool->storage;
  else if (call->text_in == NULL || _sim_pool_find_by_target (host, call->text_in) != NULL)
    storage = NULL;
  else
    storage = _sim_folder_find (host, call->text_in);
  if (pool != NULL)
    {
      g_ptr_array_remove (host->pools, pool);
      pool_free (pool);
    }
  if (call->value == 1 && storage != NULL)
    remove_folder (storage);
  return 0;
}
