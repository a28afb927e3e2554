/* The calls about storage pools and their volumes. Small volumes only: what is written and read is
 * one message of a stream.
 *
 * libvirt 9.0: whoever writes to a volume sets off a refresh of its pool, later and in a thread of
 * the daemon. A refresh that meets the making of a volume is refused (“asynchronous jobs running”,
 * BUSY here), and one whose folder cannot be read takes the pool down. */
#include "virt/libvirt-private.h"

#include <string.h>

/* Of what is read: more is no volume of ours. */
#define READ_AT_MOST 65536

#define FILE_POOLS                                                                                 \
  (VIR_CONNECT_LIST_STORAGE_POOLS_ACTIVE | VIR_CONNECT_LIST_STORAGE_POOLS_DIR                      \
   | VIR_CONNECT_LIST_STORAGE_POOLS_FS | VIR_CONNECT_LIST_STORAGE_POOLS_NETFS)

static gboolean
fail (MigrateConn *conn, const char *doing, const char *what, GError **error)
{
  _migrate_set_vir_error (error, conn->vir, MIGRATE_VIR_ANYWHERE, "Cannot %s “%s” on “%s”", doing,
                          what, conn->uri);
  return FALSE;
}

static gboolean
refuse (MigrateConn *conn, const char *pool, GError **error)
{
  _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED, NULL /* remedy */,
                      "Storage pool “%s” on “%s” is not active, or is not one of files", pool,
                      conn->uri);
  return FALSE;
}

/* ---- pools ---- */

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
_migrate_libvirt_pool_find (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                            GError **error)
{
  const char *name = call->storage.pool;
  const char *what = name != NULL ? name : call->text_in;
  g_autoptr (virStoragePool) pool = NULL;
  gboolean of_files = FALSE;

  pool = name != NULL ? virStoragePoolLookupByName (conn->vir, name)
                      : virStoragePoolLookupByTargetPath (conn->vir, call->text_in);
  if (pool == NULL)
    return fail (conn, name != NULL ? "find storage pool" : "find a storage pool of", what, error);
  name = virStoragePoolGetName (pool);
  if (!is_file_pool (conn, name, &of_files))
    return fail (conn, "see what kind of storage pool is", name, error);
  if (!of_files)
    return refuse (conn, name, error);
  call->text_out = g_strdup (name);
  return TRUE;
}

static virStoragePoolPtr
need_pool (MigrateConn *conn, MigrateCall *call, GError **error)
{
  virStoragePoolPtr pool = virStoragePoolLookupByName (conn->vir, call->storage.pool);

  if (pool == NULL)
    fail (conn, "find storage pool", call->storage.pool, error);
  return pool;
}

static gboolean
refresh (MigrateConn *conn, virStoragePoolPtr pool, MigrateCall *call, GError **error)
{
  return virStoragePoolRefresh (pool, 0 /* flags */) == 0
         || fail (conn, "refresh storage pool", call->storage.pool, error);
}

/* ---- volumes ---- */

gboolean
_migrate_libvirt_volume_find (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                              GError **error)
{
  g_autoptr (virStorageVol) volume = virStorageVolLookupByPath (conn->vir, call->text_in);

  if (volume == NULL)
    return fail (conn, "find a volume that is", call->text_in, error);
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

static gboolean
send_all (virStreamPtr stream, GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  while (size > 0)
    {
      int sent = virStreamSend (stream, data, size);

      if (sent < 0)
        return FALSE;
      data += sent;
      size -= (gsize) sent;
    }
  return virStreamFinish (stream) == 0;
}

/* Readable for all, for the other host may know us under another user. */
gboolean
_migrate_libvirt_volume_write (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                               GError **error)
{
  gsize size = g_bytes_get_size (call->storage.bytes);
  g_autofree char *xml = volume_xml (call->storage.name, size);
  g_autoptr (virStoragePool) pool = need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;
  g_autoptr (virStream) stream = NULL;

  if (pool == NULL)
    return FALSE;
  volume = virStorageVolCreateXML (pool, xml, 0 /* flags */);
  if (volume == NULL)
    return fail (conn, "create a volume in storage pool", call->storage.pool, error);
  stream = virStreamNew (conn->vir, 0 /* flags */);
  if (stream == NULL
      || virStorageVolUpload (volume, stream, 0 /* offset */, size, 0 /* flags */) < 0)
    return fail (conn, "write to a volume of storage pool", call->storage.pool, error);
  if (send_all (stream, call->storage.bytes))
    return TRUE;
  fail (conn, "write to a volume of storage pool", call->storage.pool, error);
  virStreamAbort (stream);
  return FALSE;
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
    return fail (conn, "read a volume of storage pool", call->storage.pool, error);
  call->storage.bytes = receive_all (stream);
  if (call->storage.bytes != NULL)
    return TRUE;
  fail (conn, "read a volume of storage pool", call->storage.pool, error);
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
             || fail (conn, "list the volumes of storage pool", call->storage.pool, error);
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
_migrate_libvirt_volume_read (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                              GError **error)
{
  g_autoptr (virStoragePool) pool = need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;

  return pool != NULL && refresh (conn, pool, call, error)
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
    return fail (conn, "delete a volume of storage pool", call->storage.pool, error);
  call->value_out = 1;
  return TRUE;
}

gboolean
_migrate_libvirt_volume_remove (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                                GError **error)
{
  g_autoptr (virStoragePool) pool = need_pool (conn, call, error);

  return pool != NULL
         && (!(call->value & MIGRATE_REFRESH_BEFORE) || refresh (conn, pool, call, error))
         && delete_volume (conn, pool, call, error)
         && (!(call->value & MIGRATE_REFRESH_AFTER) || refresh (conn, pool, call, error));
}
