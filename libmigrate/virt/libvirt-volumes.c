/* The calls about volumes that are images: what they are, made, made larger. */
#include "virt/libvirt-private.h"

/* ---- what it is ---- */

static gboolean
describe (virStorageVolPtr volume, MigrateCall *call)
{
  call->text_out = virStorageVolGetXMLDesc (volume, 0 /* flags */);
  return call->text_out != NULL;
}

static gboolean
info_by_name (MigrateConn *conn, MigrateCall *call, GError **error)
{
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;

  if (pool == NULL || !_migrate_vir_refresh (conn, pool, call, error))
    return FALSE;
  volume = _migrate_vir_need_volume (conn, pool, call, error);
  return volume != NULL
         && (describe (volume, call) || _migrate_vir_volume_fail (conn, "describe", call, error));
}

/* The pool that has it, or would have it if it knew; NULL: there is none. */
static virStoragePoolPtr
find_pool_of (MigrateConn *conn, const char *path)
{
  g_autoptr (virStorageVol) volume = virStorageVolLookupByPath (conn->vir, path);
  g_autofree char *folder = NULL;

  if (volume != NULL)
    return virStoragePoolLookupByVolume (volume);
  folder = g_path_get_dirname (path);
  return virStoragePoolLookupByTargetPath (conn->vir, folder);
}

static gboolean
info_by_path (MigrateConn *conn, MigrateCall *call, GError **error)
{
  const char *path = call->text_in;
  g_autoptr (virStoragePool) pool = find_pool_of (conn, path);
  g_autoptr (virStorageVol) volume = NULL;

  if (pool == NULL)
    return _migrate_vir_storage_fail (conn, "find a storage pool that has", path, error);
  if (virStoragePoolRefresh (pool, 0 /* flags */) < 0)
    return _migrate_vir_storage_fail (conn, "refresh storage pool", virStoragePoolGetName (pool),
                                      error);
  volume = virStorageVolLookupByPath (conn->vir, path);
  return (volume != NULL && describe (volume, call))
         || _migrate_vir_storage_fail (conn, "find a volume that is", path, error);
}

/* As it is now, not as the daemon remembers it. */
gboolean
_migrate_vir_volume_info (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  if (call->storage.pool != NULL)
    return info_by_name (conn, call, error);
  return info_by_path (conn, call, error);
}

/* ---- making it ---- */

/* libvirt 9.0 makes images other than raw ones a multiple of this, without a word. To other sizes
 * they are cut before there is anything in them. */
#define GRAIN 1024

static gboolean
cut_to_size (virStorageVolPtr volume, guint64 capacity)
{
  return capacity % GRAIN == 0
         || virStorageVolResize (volume, capacity, VIR_STORAGE_VOL_RESIZE_SHRINK) == 0;
}

/* libvirt looks whether there is a file of that name, too. But it remembers volumes that were
 * removed behind its back: those it forgets with a refresh. */
static virStorageVolPtr
create (virStoragePoolPtr pool, const char *xml)
{
  virStorageVolPtr volume = virStorageVolCreateXML (pool, xml, 0 /* flags */);

  if (volume == NULL && virGetLastErrorCode () == VIR_ERR_STORAGE_VOL_EXIST
      && virStoragePoolRefresh (pool, 0 /* flags */) == 0)
    volume = virStorageVolCreateXML (pool, xml, 0 /* flags */);
  return volume;
}

gboolean
_migrate_vir_volume_create (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                            GError **error)
{
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;

  if (pool == NULL)
    return FALSE;
  volume = create (pool, call->text_in);
  if (volume != NULL && cut_to_size (volume, call->value))
    return TRUE;
  _migrate_vir_storage_fail (conn, "create a volume in storage pool", call->storage.pool, error);
  if (volume != NULL)
    virStorageVolDelete (volume, 0 /* flags */);
  return FALSE;
}

gboolean
_migrate_vir_volume_resize (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                            GError **error)
{
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;

  if (pool == NULL)
    return FALSE;
  volume = _migrate_vir_need_volume (conn, pool, call, error);
  return volume != NULL
         && (virStorageVolResize (volume, call->value, 0 /* flags */) == 0
             || _migrate_vir_volume_fail (conn, "resize", call, error));
}
