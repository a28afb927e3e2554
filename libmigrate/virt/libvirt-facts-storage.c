/* The files that a guest names, and the pools that have them, as a host sees them. See
 * libvirt-facts.c. */
#include "virt/libvirt-facts-private.h"

#include <stdlib.h>
#include <string.h>

static void
pool_free (gpointer data)
{
  if (data != NULL)
    virStoragePoolFree (data);
}

typedef struct
{
  MigrateVirAsk *ask;
  GHashTable *by_directory; /* virStoragePoolPtr; NULL: no active pool has it */
  GHashTable *refreshed;    /* names of pools */
  GVariantBuilder files;
} Storage;

/* ---- pools ---- */

/* Its capacity and what is free are in the document, as of its last refresh. */
static void
tell_pool (MigrateVirAsk *ask, virStoragePoolPtr pool, gboolean active)
{
  const char *name = virStoragePoolGetName (pool);
  GVariantDict values;
  char *xml;

  if (name == NULL || !_migrate_vir_ask_flag (ask, MIGRATE_FACT_POOLS)
      || g_hash_table_contains (ask->told_pools, name) || !_migrate_vir_ask_may (ask, 1))
    return;
  xml = virStoragePoolGetXMLDesc (pool, 0 /* flags */);
  if (xml == NULL)
    return;
  g_hash_table_add (ask->told_pools, g_strdup (name));
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_DOCUMENT_ACTIVE, "b", active);
  _migrate_vir_add_document (&values, MIGRATE_DOCUMENT_XML, xml);
  g_variant_builder_add_value (&ask->pools, g_variant_dict_end (&values));
}

/* The active pool that has the directory, and whether that is known. */
static virStoragePoolPtr
pool_of (Storage *self, const char *directory, gboolean *known)
{
  gpointer found = NULL;

  *known = g_hash_table_lookup_extended (self->by_directory, directory, NULL, &found);
  if (*known || !_migrate_vir_ask_may (self->ask, 1))
    return found;
  found = virStoragePoolLookupByTargetPath (self->ask->conn->vir, directory);
  if (found == NULL && virGetLastErrorCode () != VIR_ERR_NO_STORAGE_POOL)
    return NULL;
  *known = TRUE;
  g_hash_table_insert (self->by_directory, g_strdup (directory), found);
  if (found != NULL)
    tell_pool (self->ask, found, TRUE);
  return found;
}

static void
tell_pools (MigrateVirAsk *ask, guint flags, gboolean active)
{
  virStoragePoolPtr *found = NULL;
  int n;

  if (!_migrate_vir_ask_may (ask, 1))
    return;
  n = virConnectListAllStoragePools (ask->conn->vir, &found, flags);
  for (int i = 0; i < n; i++)
    {
      tell_pool (ask, found[i], active);
      virStoragePoolFree (found[i]);
    }
  free (found);
}

/* ---- files ---- */

static void
tell_file (Storage *self, const char *path, virStoragePoolPtr pool, virStorageVolPtr volume)
{
  GVariantDict values;
  char *xml = NULL;

  if (volume != NULL && _migrate_vir_ask_may (self->ask, 1))
    xml = virStorageVolGetXMLDesc (volume, 0 /* flags */);
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert_value (&values, MIGRATE_FILE_FACT_PATH, _migrate_fact_text (path));
  g_variant_dict_insert (&values, MIGRATE_FILE_FACT_FOUND, "b", volume != NULL);
  if (pool != NULL)
    g_variant_dict_insert_value (&values, MIGRATE_FILE_FACT_POOL,
                                 _migrate_fact_text (virStoragePoolGetName (pool)));
  _migrate_vir_add_document (&values, MIGRATE_FILE_FACT_XML, xml);
  g_variant_builder_add_value (&self->files, g_variant_dict_end (&values));
}

/* A pool does not know what was made in its folder behind its back: each is looked through once.
 * FALSE: whether it is there is not known. */
static gboolean
find_volume (Storage *self, virStoragePoolPtr pool, const char *name, virStorageVolPtr *volume)
{
  const char *pool_name = virStoragePoolGetName (pool);

  *volume = virStorageVolLookupByName (pool, name);
  if (*volume != NULL || virGetLastErrorCode () != VIR_ERR_NO_STORAGE_VOL)
    return *volume != NULL;
  if (g_hash_table_contains (self->refreshed, pool_name))
    return TRUE;
  if (!_migrate_vir_ask_may (self->ask, 2))
    return FALSE;
  g_hash_table_add (self->refreshed, g_strdup (pool_name));
  virStoragePoolRefresh (pool, 0 /* flags */); /* what it knows now counts, whatever comes of it */
  *volume = virStorageVolLookupByName (pool, name);
  return *volume != NULL || virGetLastErrorCode () == VIR_ERR_NO_STORAGE_VOL;
}

/* One that cannot be asked about is left out: it is not known. */
static void
tell_volume (Storage *self, const char *path, virStoragePoolPtr pool, const char *name)
{
  virStorageVolPtr volume;

  if (!_migrate_vir_ask_may (self->ask, 1) || !find_volume (self, pool, name, &volume))
    return;
  tell_file (self, path, pool, volume);
  if (volume != NULL)
    virStorageVolFree (volume);
}

static void
tell_path (Storage *self, const char *path)
{
  g_autofree char *directory = g_path_get_dirname (path);
  g_autofree char *name = g_path_get_basename (path);
  gboolean known;
  virStoragePoolPtr pool = pool_of (self, directory, &known);

  if (pool != NULL)
    tell_volume (self, path, pool, name);
  else if (known)
    tell_file (self, path, NULL /* pool */, NULL /* volume */);
}

static void
tell_named_volume (Storage *self, const char *pool_name, const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s:%s", pool_name, name);
  virStoragePoolPtr pool;

  if (!_migrate_vir_ask_may (self->ask, 1))
    return;
  pool = virStoragePoolLookupByName (self->ask->conn->vir, pool_name);
  if (pool == NULL)
    {
      if (virGetLastErrorCode () == VIR_ERR_NO_STORAGE_POOL)
        tell_file (self, path, NULL /* pool */, NULL /* volume */);
      return;
    }
  tell_volume (self, path, pool, name);
  if (_migrate_vir_ask_flag (self->ask, MIGRATE_FACT_POOLS) && _migrate_vir_ask_may (self->ask, 1))
    tell_pool (self->ask, pool, virStoragePoolIsActive (pool) == 1);
  virStoragePoolFree (pool);
}

static void
tell_files (Storage *self, GVariant *paths, GVariant *volumes)
{
  for (gsize i = 0; paths != NULL && i < g_variant_n_children (paths); i++)
    {
      const char *path;

      g_variant_get_child (paths, i, "&s", &path);
      tell_path (self, path);
    }
  for (gsize i = 0; volumes != NULL && i < g_variant_n_children (volumes); i++)
    {
      const char *pool, *volume;

      g_variant_get_child (volumes, i, "(&s&s)", &pool, &volume);
      tell_named_volume (self, pool, volume);
    }
}

gboolean
_migrate_vir_ask_files (MigrateVirAsk *self, GError **error)
{
  g_autoptr (GVariant) paths = _migrate_vir_ask_values (self, MIGRATE_FACT_FILES, "as");
  g_autoptr (GVariant) volumes = _migrate_vir_ask_values (self, MIGRATE_FACT_VOLUMES, "a(ss)");
  Storage storage = { .ask = self };

  if (paths == NULL && volumes == NULL)
    return TRUE;
  storage.by_directory = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, pool_free);
  storage.refreshed = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL /* value */);
  g_variant_builder_init (&storage.files, G_VARIANT_TYPE ("aa{sv}"));
  tell_files (&storage, paths, volumes);
  g_hash_table_unref (storage.by_directory);
  g_hash_table_unref (storage.refreshed);
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_FILES,
                               g_variant_builder_end (&storage.files));
  return virConnectIsAlive (self->conn->vir) == 1 || _migrate_vir_ask_pass_over (self, error);
}

/* Those that have the guest's files are told already; as many of the others as may be. */
gboolean
_migrate_vir_ask_pools (MigrateVirAsk *self, GError **error)
{
  if (!_migrate_vir_ask_flag (self, MIGRATE_FACT_POOLS))
    return TRUE;
  tell_pools (self, VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE, TRUE);
  tell_pools (self, VIR_CONNECT_LIST_STORAGE_POOLS_INACTIVE, FALSE);
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_POOLS,
                               g_variant_builder_end (&self->pools));
  return virConnectIsAlive (self->conn->vir) == 1 || _migrate_vir_ask_pass_over (self, error);
}
