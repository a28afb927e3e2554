/* The bytes of volumes, through libvirt's streams: a piece per call, so that a call is bounded in
 * time and memory.
 *
 * Reading. A daemon that was asked for a range sends all of it, as fast as the wire takes it: an
 * end that comes early is heard late, and what was sent meanwhile is wasted. So a call asks for as
 * much as it carries, and takes it all. Only while there is nothing but a hole are the ranges
 * larger, and grow with the hole: a hole of 2 TiB is asked for in about a hundred ranges, in one
 * call.
 *
 * Writing. Plain, never sparse: a hole in a sparse upload makes libvirt 9.0 cut the file off where
 * the hole ends. */
#include "virt/libvirt-private.h"

#define CALL_CARRIES (G_GUINT64_CONSTANT (8) << 20)
/* Of the hole so far, that a range may be. */
#define RANGE_OF_HOLE 8
#define PIECE (1 << 20)
/* What every libvirt takes in one message (VIR_NET_MESSAGE_LEGACY_PAYLOAD_MAX). */
#define MESSAGE 262120

#define AT_A_HOLE (-3)

/* ---- reading ---- */

typedef struct
{
  guint64 at;      /* bytes that were looked at: a hole, then data and holes */
  guint64 skipped; /* the hole that comes first */
  char *data;      /* CALL_CARRIES of them, zero where nothing was received */
  guint64 used;    /* of them */
  gboolean ended;  /* where the volume ends */
} Reading;

static guint64
get_room (const Reading *self)
{
  guint64 taken = self->at - self->skipped;

  return taken < CALL_CARRIES ? CALL_CARRIES - taken : 0;
}

static gboolean
pass_hole (virStreamPtr stream, guint64 left, Reading *self)
{
  long long length = 0;

  if (virStreamRecvHole (stream, &length, 0 /* flags */) < 0)
    return FALSE;
  self->at += MIN ((guint64) MAX (length, 0), left);
  if (self->used == 0)
    self->skipped = self->at;
  return TRUE;
}

/* The next piece of a range of which so much is left. */
static gboolean
receive_piece (virStreamPtr stream, guint64 left, Reading *self)
{
  guint64 most = MIN (MIN (get_room (self), left), PIECE);
  int got = virStreamRecvFlags (stream, self->data + (self->at - self->skipped), most,
                                VIR_STREAM_RECV_STOP_AT_HOLE);

  if (got == AT_A_HOLE)
    return pass_hole (stream, left, self);
  if (got < 0)
    return FALSE;
  self->ended = got == 0;
  self->at += (guint64) got;
  if (got > 0)
    self->used = self->at - self->skipped;
  return TRUE;
}

/* As far as there is room for it. What comes after the range is nothing but the stream's end. */
static gboolean
receive_range (virStreamPtr stream, guint64 length, Reading *self)
{
  guint64 end = self->at + length;
  char nothing[1];

  while (self->at < end && !self->ended)
    {
      if (get_room (self) == 0)
        {
          virStreamAbort (stream);
          return TRUE;
        }
      if (!receive_piece (stream, end - self->at, self))
        return FALSE;
    }
  return (self->ended || virStreamRecv (stream, nothing, sizeof nothing) == 0)
         && virStreamFinish (stream) == 0;
}

static gboolean
read_range (MigrateConn *conn, virStorageVolPtr volume, MigrateCall *call, Reading *reading,
            GError **error)
{
  guint64 left = call->storage.length - reading->at;
  guint64 length = MIN (left, MAX (CALL_CARRIES, reading->at / RANGE_OF_HOLE));
  g_autoptr (virStream) stream = virStreamNew (conn->vir, 0 /* flags */);

  if (stream != NULL
      && virStorageVolDownload (volume, stream, call->storage.offset + reading->at, length,
                                VIR_STORAGE_VOL_DOWNLOAD_SPARSE_STREAM)
           == 0)
    {
      if (receive_range (stream, length, reading))
        return TRUE;
      _migrate_vir_volume_fail (conn, "read", call, error);
      virStreamAbort (stream);
      return FALSE;
    }
  return _migrate_vir_volume_fail (conn, "read", call, error);
}

/* A hole after the data is the next call's. */
static void
give (Reading *self, MigrateCall *call)
{
  guint64 end = self->skipped + self->used;

  call->storage.skipped = self->skipped;
  g_clear_pointer (&call->storage.bytes, g_bytes_unref); /* of a connection that broke */
  if (self->used > 0)
    call->storage.bytes
      = g_bytes_new_take (g_realloc (g_steal_pointer (&self->data), self->used), self->used);
  call->storage.ended = end == call->storage.length || (self->ended && self->at == end);
}

gboolean
_migrate_vir_volume_read_at (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                             GError **error)
{
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;
  Reading reading = { 0 };

  if (pool == NULL)
    return FALSE;
  volume = _migrate_vir_need_volume (conn, pool, call, error);
  if (volume == NULL)
    return FALSE;
  reading.data = g_malloc0 (CALL_CARRIES);
  while (reading.at < call->storage.length && reading.used == 0 && !reading.ended)
    if (!read_range (conn, volume, call, &reading, error))
      {
        g_free (reading.data);
        return FALSE;
      }
  give (&reading, call);
  g_free (reading.data);
  return TRUE;
}

/* ---- writing ---- */

static gboolean
send_all (virStreamPtr stream, GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);

  while (size > 0)
    {
      int sent = virStreamSend (stream, data, MIN (size, MESSAGE));

      if (sent < 0)
        return FALSE;
      data += sent;
      size -= (gsize) sent;
    }
  return virStreamFinish (stream) == 0;
}

gboolean
_migrate_vir_upload (MigrateConn *conn, virStorageVolPtr volume, guint64 offset, MigrateCall *call,
                     GError **error)
{
  gsize size = g_bytes_get_size (call->storage.bytes);
  g_autoptr (virStream) stream = virStreamNew (conn->vir, 0 /* flags */);

  if (stream == NULL || virStorageVolUpload (volume, stream, offset, size, 0 /* flags */) < 0)
    return _migrate_vir_volume_fail (conn, "write to", call, error);
  if (send_all (stream, call->storage.bytes))
    return TRUE;
  _migrate_vir_volume_fail (conn, "write to", call, error);
  virStreamAbort (stream);
  return FALSE;
}

gboolean
_migrate_vir_volume_write_at (MigrateConn *conn, virDomainPtr domain, MigrateCall *call,
                              GError **error)
{
  g_autoptr (virStoragePool) pool = _migrate_vir_need_pool (conn, call, error);
  g_autoptr (virStorageVol) volume = NULL;

  if (pool == NULL)
    return FALSE;
  volume = _migrate_vir_need_volume (conn, pool, call, error);
  return volume != NULL && _migrate_vir_upload (conn, volume, call->storage.offset, call, error);
}
