/* The calls about storage pools. Those that we make are transient and of a folder: they outlive the
 * daemon but not its host, and nothing in their folder changes with them. */
#include "virt/libvirt-private.h"

#include <errno.h>
#include <string.h>

#define FILE_POOLS                                                                                 \
  (VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE | VIR_CONNECT_LIST_STORAGE_POOLS_DIR                      \
   | VIR_CONNECT_LIST_STORAGE_POOLS_FS | VIR_CONNECT_LIST_STORAGE_POOLS_NETFS)

/* ---- finding ---- */

static gboolean
refuse (MigrateConn *conn, const char *pool, GError **error)
{
  _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED, NULL /* remedy */,
                      "Storage pool “%s” on “%s” is not active, or is not one of files", pool,
                      conn->uri);
  return FALSE;
}

/* TRUE: it answered. A name that is in the list of active pools of files is one. */
static gboolean
is_file_pool (MigrateConn *conn, const char *name, gboolean *is_one)
{
  virStoragePoolPtr *list = NULL;
  int n = virConnectListAllStoragePools (conn->vir, &list, FILE_POOLS);

  for (int i = 0; i < n; i++)
    {
      *is_one |= g_strcmp0 (virStoragePoolGetName (list[i]), name) == 0;
      virStoragePoolFree (list[i]);
    }
  free (list);
  return n >= 0;
}

/* An inactive pool is not found by its folder. A volume made in a pool of other things than files
 * would be a partition or a logical volume: such a pool is refused. */
gboolean
_migrate_vir_pool_find (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  const char *name = call->storage.pool;
  const char *what = name != NULL ? name : call->text_in;
  g_autoptr (virStoragePool) pool = NULL;
  gboolean of_files = FALSE;

  pool = name != NULL ? virStoragePoolLookupByName (conn->vir, name)
                      : virStoragePoolLookupByTargetPath (conn->vir, call->text_in);
  if (pool == NULL)
    return _migrate_vir_storage_fail (
      conn, name != NULL ? "find storage pool" : "find a storage pool of", what, error);
  name = virStoragePoolGetName (pool);
  if (!is_file_pool (conn, name, &of_files))
    return _migrate_vir_storage_fail (conn, "see what kind of storage pool is", name, error);
  if (!of_files)
    return refuse (conn, name, error);
  call->text_out = g_strdup (name);
  return TRUE;
}

/* ---- making ---- */

static char *
pool_xml (MigrateCall *call)
{
  return g_markup_printf_escaped ("<pool type='dir'><name>%s</name><target><path>%s</path></target>"
                                  "</pool>",
                                  call->storage.pool, call->text_in);
}

static gboolean
said (int code, int system_error)
{
  virErrorPtr last = virGetLastError ();

  return last != NULL && last->code == code && last->int1 == system_error;
}

/* One of that name and folder that is active is the one that an earlier call made. */
static gboolean
is_there (MigrateConn *conn, MigrateCall *call)
{
  g_autoptr (virStoragePool) pool = virStoragePoolLookupByTargetPath (conn->vir, call->text_in);

  return pool != NULL && g_strcmp0 (virStoragePoolGetName (pool), call->storage.pool) == 0;
}

/* Without the flag a folder that is missing is an error of the system's; with it libvirt makes it,
 * and those above it. */
gboolean
_migrate_vir_pool_create (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_autofree char *xml = pool_xml (call);
  g_autoptr (virStoragePool) pool = NULL;
  gboolean missing;

  if (is_there (conn, call))
    return TRUE;
  pool = virStoragePoolCreateXML (conn->vir, xml, 0 /* flags */);
  if (pool != NULL)
    return TRUE;
  missing = said (VIR_ERR_SYSTEM_ERROR, ENOENT);
  if (missing && call->value == 1)
    {
      pool = virStoragePoolCreateXML (conn->vir, xml, VIR_STORAGE_POOL_CREATE_WITH_BUILD);
      call->value_out = pool != NULL;
      missing = FALSE;
    }
  if (pool != NULL)
    return TRUE;
  if (!missing)
    return _migrate_vir_storage_fail (conn, "make a storage pool of", call->text_in, error);
  _migrate_set_error (error, MIGRATE_ERROR_NOT_FOUND, NULL /* remedy */,
                      "There is no folder “%s” on “%s”", call->text_in, conn->uri);
  return FALSE;
}

/* ---- removing ---- */

/* Only a pool that is defined and not active can be told to delete its folder. */
static virStoragePoolPtr
define_pool (MigrateConn *conn, MigrateCall *call, virStoragePoolPtr pool)
{
  char *xml;
  virStoragePoolPtr defined;

  if (pool == NULL)
    xml = pool_xml (call);
  else
    xml = virStoragePoolGetXMLDesc (pool, 0 /* flags */);
  if (xml == NULL)
    return NULL;
  defined = virStoragePoolDefineXML (conn->vir, xml, 0 /* flags */);
  g_free (xml);
  return defined;
}

static gboolean
is_gone (virStoragePoolPtr pool)
{
  return pool == NULL && virGetLastErrorCode () == VIR_ERR_NO_STORAGE_POOL;
}

/* What is in the folder is none of ours: it stays. */
static gboolean
remove_folder (virStoragePoolPtr pool)
{
  return virStoragePoolDelete (pool, VIR_STORAGE_POOL_DELETE_NORMAL) == 0
         || said (VIR_ERR_SYSTEM_ERROR, ENOENT) || said (VIR_ERR_SYSTEM_ERROR, ENOTEMPTY)
         || said (VIR_ERR_SYSTEM_ERROR, EEXIST);
}

/* TRUE: it is not active any more. */
static gboolean
stop_pool (virStoragePoolPtr pool)
{
  int active = virStoragePoolIsActive (pool);

  return active == 0 || (active > 0 && virStoragePoolDestroy (pool) == 0);
}

/* Whoever has the folder now is not the pool that it was made for. */
static gboolean
has_folder (MigrateConn *conn, const char *folder)
{
  g_autoptr (virStoragePool) other = virStoragePoolLookupByTargetPath (conn->vir, folder);

  return other != NULL;
}

static gboolean
remove_with_folder (MigrateConn *conn, MigrateCall *call, virStoragePoolPtr pool, GError **error)
{
  g_autoptr (virStoragePool) defined = define_pool (conn, call, pool);
  gboolean ok;

  if (defined == NULL)
    return _migrate_vir_storage_fail (conn, "define, to remove it, storage pool",
                                      call->storage.pool, error);
  ok = stop_pool (defined) && remove_folder (defined);
  if (!ok)
    _migrate_vir_storage_fail (conn, "remove the folder of storage pool", call->storage.pool,
                               error);
  if (virStoragePoolUndefine (defined) < 0 && ok)
    return _migrate_vir_storage_fail (conn, "undefine storage pool", call->storage.pool, error);
  return ok;
}

/* Twice is as good as once, also where the first time ended in the middle, and left a definition.
 */
gboolean
_migrate_vir_pool_remove (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_autoptr (virStoragePool) pool = virStoragePoolLookupByName (conn->vir, call->storage.pool);

  if (pool == NULL && !is_gone (pool))
    return _migrate_vir_storage_fail (conn, "find storage pool", call->storage.pool, error);
  if (call->value == 1
      && (pool != NULL || (call->text_in != NULL && !has_folder (conn, call->text_in))))
    return remove_with_folder (conn, call, pool, error);
  if (pool == NULL
      || (stop_pool (pool)
          && (virStoragePoolIsPersistent (pool) != 1 || virStoragePoolUndefine (pool) == 0)))
    return TRUE;
  return virGetLastErrorCode () == VIR_ERR_NO_STORAGE_POOL
         || _migrate_vir_storage_fail (conn, "remove storage pool", call->storage.pool, error);
}
