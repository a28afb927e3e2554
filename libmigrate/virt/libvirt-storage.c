/* The calls about small volumes, of which one message of a stream is all that is written and read,
 * and what the calls about storage share.
 *
 * libvirt 9.0: whoever writes to a volume sets off a refresh of its pool, later and in a thread of
 * the daemon. A refresh that meets the making of a volume is refused (“asynchronous jobs running”,
 * BUSY here), and one whose folder cannot be read takes the pool down. */
#include "virt/libvirt-private.h"

#include <string.h>

/* Of what is read: more is no volume of ours. */
#define READ_AT_MOST 65536

gboolean
_migrate_vir_storage_fail (MigrateConn *conn, const char *doing, const char *what, GError **error)
{
  _migrate_set_vir_error (error, conn->vir, MIGRATE_VIR_ANYWHERE, "Cannot %s “%s” on “%s”", doing,
                          what, conn->uri);
  return FALSE;
}

gboolean
_migrate_vir_volume_fail (MigrateConn *conn, const char *doing, MigrateCall *call, GError **error)
{
  _migrate_set_vir_error (error, conn->vir, MIGRATE_VIR_ANYWHERE,
                          "Cannot %s volume “%s” of storage pool “%s” on “%s”", doing,
                          call->storage.name, call->storage.pool, conn->uri);
  return FALSE;
}

virStoragePoolPtr
_migrate_vir_need_pool (MigrateConn *conn, MigrateCall *call, GError **error)
{
  virStoragePoolPtr pool = virStoragePoolLookupByName (conn->vir, call->storage.pool);

  if (pool == NULL)
    _migrate_vir_storage_fail (conn, "find storage pool", call->storage.pool, error);
  return pool;
}

virStorageVolPtr
_migrate_vir_need_volume (MigrateConn *conn, virStoragePoolPtr pool, MigrateCall *call,
                          GError **error)
{
  virStorageVolPtr volume = virStorageVolLookupByName (pool, call->storage.name);

  if (volume == NULL)
    _migrate_vir_volume_fail (conn, "find", call, error);
  return volume;
}

gboolean
_migrate_vir_refresh (MigrateConn *conn, virStoragePoolPtr pool, MigrateCall *call, GError **error)
{
  return virStoragePoolRefresh (pool, 0 /* flags */) == 0
         || _migrate_vir_storage_fail (conn, "refresh storage pool", call->storage.pool, error);
}

/* ---- volumes ---- */

gboolean
_migrate_vir_volume_find (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_autoptr (virStorageVol) volume = virStorageVolLookupByPath (conn->vir, call->text_in);

  if (volume == NULL)
    return _migrate_vir_storage_fail (conn, "find a volume that is", call->text_in, error);
  call->text_out = g_strdup (virStorageVolGetName (volume));
  return TRUE;
}

static char *
volume_xml (const char *name, gsize size)
{
  return g_markup_printf_escaped ("<volume type='file'><name>%s</name>"
                                  "<capacity unit='bytes'>%" G_GSIZE_FORMAT "</capacity>"
                                  "<allocation unit='bytes'>%" G_GSIZE_FORMAT "</allocation>"
                                  "<target><format type='raw'/>"
                                  "<permissions><mode>0644</mode></permissions></target></volume>",
                                  name, size, size);
}

/* Readable for all, for the other host may know us under another user. */
gboolean
_migrate_vir_volume_write (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                           GError **error)
{
  gsize size = g_bytes_get_size (call->storage.bytes);
  g_autofree char *xml = volume_xml (call->storage.name, size);
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;

  if (pool == NULL)
    return FALSE;
  volume = virStorageVolCreateXML (pool, xml, 0 /* flags */);
  if (volume == NULL)
    return _migrate_vir_storage_fail (conn, "create a volume in storage pool", call->storage.pool,
                                      error);
  return _migrate_vir_upload (conn, volume, 0 /* offset */, call, error);
}

static GBytes *
receive_all (virStreamPtr stream)
{
  g_autoptr (GByteArray) bytes = g_byte_array_new ();
  char chunk[4096];
  int got;

  while ((got = virStreamRecv (stream, chunk, sizeof chunk)) > 0 && bytes->len < READ_AT_MOST)
    g_byte_array_append (bytes, (const guint8 *) chunk, (guint) got);
  if (got < 0 || virStreamFinish (stream) < 0)
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&bytes));
}

static gboolean
download (MigrateConn *conn, virStorageVolPtr volume, MigrateCall *call, GError **error)
{
  g_autoptr (virStream) stream = virStreamNew (conn->vir, 0 /* flags */);

  if (stream == NULL
      || virStorageVolDownload (volume, stream, 0 /* offset */, READ_AT_MOST, 0 /* flags */) < 0)
    return _migrate_vir_storage_fail (conn, "read a volume of storage pool", call->storage.pool,
                                      error);
  call->storage.bytes = receive_all (stream);
  if (call->storage.bytes != NULL)
    return TRUE;
  _migrate_vir_storage_fail (conn, "read a volume of storage pool", call->storage.pool, error);
  virStreamAbort (stream);
  return FALSE;
}

static gboolean
is_missing (virStorageVolPtr volume)
{
  return volume == NULL && virGetLastErrorCode () == VIR_ERR_NO_STORAGE_VOL;
}

/* The one that is asked for, out of the list of all, whose names are wanted too. A list that is too
 * long for a message (16384 in libvirt 9.0) is done without. */
static gboolean
list_volumes (MigrateConn *conn, virStoragePoolPtr pool, MigrateCall *call,
              virStorageVolPtr *wanted, GError **error)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  virStorageVolPtr *list = NULL;
  int n = virStoragePoolListAllVolumes (pool, &list, 0 /* flags */);

  if (n < 0)
    {
      *wanted = virStorageVolLookupByName (pool, call->storage.name);
      return *wanted != NULL || is_missing (*wanted)
             || _migrate_vir_storage_fail (conn, "list the volumes of storage pool",
                                           call->storage.pool, error);
    }
  for (int i = 0; i < n; i++)
    {
      const char *name = virStorageVolGetName (list[i]);

      g_strv_builder_add (names, name);
      if (*wanted == NULL && g_strcmp0 (name, call->storage.name) == 0)
        *wanted = g_steal_pointer (&list[i]);
      else
        virStorageVolFree (list[i]);
    }
  free (list);
  g_strfreev (call->storage.names); /* of a connection that broke */
  call->storage.names = g_strv_builder_end (names);
  return TRUE;
}

/* What is there now, not what the daemon remembers. */
gboolean
_migrate_vir_volume_read (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;

  return pool != NULL && _migrate_vir_refresh (conn, pool, call, error)
         && list_volumes (conn, pool, call, &volume, error)
         && (volume == NULL || download (conn, volume, call, error));
}

static gboolean
delete_volume (MigrateConn *conn, virStoragePoolPtr pool, MigrateCall *call, GError **error)
{
  g_autoptr (virStorageVol) volume = virStorageVolLookupByName (pool, call->storage.name);

  if (is_missing (volume))
    return TRUE;
  if (volume == NULL || virStorageVolDelete (volume, 0 /* flags */) < 0)
    return _migrate_vir_storage_fail (conn, "delete a volume of storage pool", call->storage.pool,
                                      error);
  call->value_out = 1;
  return TRUE;
}

gboolean
_migrate_vir_volume_remove (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                            GError **error)
{
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);

  return pool != NULL
         && (!(call->value & MIGRATE_REFRESH_BEFORE)
             || _migrate_vir_refresh (conn, pool, call, error))
         && delete_volume (conn, pool, call, error)
         && (!(call->value & MIGRATE_REFRESH_AFTER)
             || _migrate_vir_refresh (conn, pool, call, error));
}
