/* Act: one file from host to host, through libvirt's streams and this process. A range is read at
 * the source and written at the destination, the next piece being read meanwhile; then the range is
 * read back, and only what was read back as it was sent is proven. Holes are not sent: libvirt 9.0
 * truncates a file that is written with holes in ranges, so each piece of data is written by
 * itself, into a file that was made with its whole size. */
#include "storage/stream-private.h"

#include <string.h>
#include <unistd.h>

#define RANGE (256 << 20) /* data between two proofs, bytes */
#define BUSY_TRIES 50     /* libvirt has the volume open yet, from the piece before */
#define BUSY_POLL_MS 100
#define RETRY_MS 1000
#define PARTS 16        /* of a file that is looked at here and there */
#define PART (64 << 10) /* bytes */

gboolean
_migrate_stream_stop (MigrateStream *self, GError **error)
{
  gboolean stop;

  if (_migrate_work_check_cancelled (self->work, error))
    return TRUE;
  g_mutex_lock (&self->tally->lock);
  stop = self->tally->failed;
  g_mutex_unlock (&self->tally->lock);
  if (stop)
    g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "Another file failed");
  return stop;
}

static void
count (MigrateStream *self, guint64 copied, guint64 verified)
{
  g_mutex_lock (&self->tally->lock);
  self->copied += copied;
  self->verified += verified;
  g_mutex_unlock (&self->tally->lock);
}

/* ---- reading, one piece ahead ---- */

typedef struct
{
  MigrateStream *stream;
  MigrateSide side;
  const char *pool, *name;
  guint64 at; /* of the piece that is being read */
  MigrateCall *call;
  MigrateBoundedCall *bounded;
} Reader;

static gboolean
reader_begin (Reader *self, guint64 at, GError **error)
{
  MigrateWork *work = self->stream->work;

  self->at = at;
  self->call = _migrate_call_new (MIGRATE_CALL_VOLUME_READ_AT, NULL /* guest */);
  self->call->storage.pool = g_strdup (self->pool);
  self->call->storage.name = g_strdup (self->name);
  self->call->storage.offset = at;
  self->call->storage.length = self->stream->size > at ? self->stream->size - at : 0;
  if (self->side == MIGRATE_SIDE_NONE) /* read when it is wanted */
    return TRUE;
  self->bounded = _migrate_link_begin (_migrate_work_link (work, self->side), self->call,
                                       _migrate_work_call_timeout (work, self->call->kind), error);
  return self->bounded != NULL;
}

/* NULL: it failed. The caller's. */
static MigrateCall *
reader_end (Reader *self, GError **error)
{
  g_autoptr (MigrateCall) call = g_steal_pointer (&self->call);
  MigrateBoundedCall *bounded = g_steal_pointer (&self->bounded);
  GError *local_error = NULL;

  if (self->side == MIGRATE_SIDE_NONE)
    return _migrate_stream_read_local (self->stream, call, error) ? g_steal_pointer (&call) : NULL;
  if (bounded == NULL || _migrate_link_end (bounded, &local_error))
    return g_steal_pointer (&call);
  local_error = _migrate_error_adopt (local_error);
  _migrate_error_set_side (local_error, self->side);
  g_propagate_prefixed_error (error, local_error, "Reading “%s”: ", self->name);
  return NULL;
}

static void
reader_clear (Reader *self)
{
  if (self->bounded != NULL)
    _migrate_link_end (self->bounded, NULL /* error */);
  if (self->call != NULL)
    _migrate_call_unref (self->call);
  *self = (Reader){ 0 };
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

static gboolean
refuse_size (MigrateStream *self, MigrateSide side, guint64 end, GError **error)
{
  GError *refused = _migrate_error_new (
    MIGRATE_ERROR_CHANGED, "Look at the image there, and check again",
    "“%s” ends at byte %" G_GUINT64_FORMAT ", not %" G_GUINT64_FORMAT, self->id, end, self->size);

  _migrate_error_set_side (refused, side);
  g_propagate_error (error, refused);
  return FALSE;
}

typedef gboolean (*PieceFunc) (MigrateStream *self, guint64 offset, GBytes *bytes, GError **error);

/* Each piece of data from *at on, until so much has come or there is no more. *at: where it
 * stopped. */
static gboolean
walk (Reader *reader, guint64 *at, guint64 end, guint64 most, PieceFunc func, GError **error)
{
  MigrateStream *self = reader->stream;
  guint64 data = 0;

  if (!reader_begin (reader, *at, error))
    return FALSE;
  while (*at < end)
    {
      g_autoptr (MigrateCall) piece = reader_end (reader, error);
      guint64 offset, n;

      if (piece == NULL || _migrate_stream_stop (self, error))
        return FALSE;
      n = piece->storage.bytes != NULL ? g_bytes_get_size (piece->storage.bytes) : 0;
      offset = *at + piece->storage.skipped;
      *at = offset + n;
      data += n;
      if (piece->storage.ended && *at < self->size)
        return refuse_size (self, reader->side, *at, error);
      if (n == 0 && piece->storage.skipped == 0 && !piece->storage.ended)
        return refuse_size (self, reader->side, *at, error);
      if (*at < end && data < most && !reader_begin (reader, *at, error))
        return FALSE;
      if (n > 0 && !func (self, offset, piece->storage.bytes, error))
        return FALSE;
      if (data >= most)
        break;
    }
  return TRUE;
}

/* ---- writing ---- */

static gboolean
write_piece (MigrateStream *self, guint64 offset, GBytes *bytes, GError **error)
{
  for (guint tries = 0;; tries++)
    {
      g_autoptr (MigrateCall) call
        = _migrate_call_new (MIGRATE_CALL_VOLUME_WRITE_AT, NULL /* guest */);
      GError *local_error = NULL;

      call->storage.pool = g_strdup (self->pool_there);
      call->storage.name = g_strdup (self->name_there);
      call->storage.offset = offset;
      call->storage.bytes = g_bytes_ref (bytes);
      if (_migrate_work_run_call (self->work, MIGRATE_SIDE_DESTINATION, call, &local_error))
        return TRUE;
      if (tries >= BUSY_TRIES || !g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY))
        {
          g_propagate_prefixed_error (error, local_error, "Writing “%s”: ", self->name_there);
          return FALSE;
        }
      g_error_free (local_error);
      _migrate_work_sleep (self->work, BUSY_POLL_MS);
    }
}

static gboolean
add_hole (MigrateStream *self, guint64 end, GError **error)
{
  while (!_migrate_whole_reach (self->whole, end))
    if (_migrate_stream_stop (self, error))
      return FALSE;
  return TRUE;
}

static gboolean
add_to_whole (MigrateStream *self, guint64 offset, GBytes *bytes, GError **error)
{
  if (self->whole == NULL)
    return TRUE;
  if (!add_hole (self, offset, error))
    return FALSE;
  _migrate_whole_feed (self->whole, bytes);
  return TRUE;
}

static gboolean
copy_piece (MigrateStream *self, guint64 offset, GBytes *bytes, GError **error)
{
  if (!write_piece (self, offset, bytes, error) || !add_to_whole (self, offset, bytes, error))
    return FALSE;
  _migrate_digest_feed (self->sent, offset, bytes);
  count (self, g_bytes_get_size (bytes), 0);
  return TRUE;
}

static gboolean
read_sent (MigrateStream *self, guint64 offset, GBytes *bytes, GError **error)
{
  _migrate_digest_feed (self->sent, offset, bytes);
  count (self, g_bytes_get_size (bytes), 0);
  return TRUE;
}

static gboolean
read_back (MigrateStream *self, guint64 offset, GBytes *bytes, GError **error)
{
  _migrate_digest_feed (self->found, offset, bytes);
  count (self, 0, g_bytes_get_size (bytes));
  return TRUE;
}

/* ---- ranges ---- */

static gboolean
walk_source (MigrateStream *self, guint64 *at, PieceFunc func, GError **error)
{
  g_auto (Reader) reader = { .stream = self, .side = self->from };

  reader.pool = self->pool;
  reader.name = self->name;
  return walk (&reader, at, self->size, RANGE, func, error);
}

static gboolean
walk_destination (MigrateStream *self, guint64 from, guint64 to, GError **error)
{
  g_auto (Reader) reader = { .stream = self, .side = MIGRATE_SIDE_DESTINATION };
  guint64 at = from;

  reader.pool = self->pool_there;
  reader.name = self->name_there;
  return walk (&reader, &at, to, G_MAXUINT64, read_back, error);
}

static gboolean
is_same (MigrateStream *self)
{
  g_autofree char *sent = _migrate_digest_take (self->sent);
  g_autofree char *found = _migrate_digest_take (self->found);

  return g_str_equal (sent, found);
}

static gboolean
run_range (MigrateStream *self, GError **error)
{
  guint64 at = self->proven;

  if (!walk_source (self, &at, copy_piece, error)
      || !walk_destination (self, self->proven, at, error))
    return FALSE;
  if (!is_same (self))
    {
      _migrate_set_error (error, MIGRATE_ERROR_FAILED, "Look at the disk of the destination",
                          "What was read back of “%s” is not what was written, from byte "
                          "%" G_GUINT64_FORMAT " on",
                          self->name_there, self->proven);
      return FALSE;
    }
  g_mutex_lock (&self->tally->lock);
  self->proven = at;
  g_mutex_unlock (&self->tally->lock);
  return TRUE;
}

static gboolean
may_pass (const GError *error)
{
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE)
         || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TIMED_OUT);
}

static void
forget_range (MigrateStream *self)
{
  if (self->whole != NULL)
    _migrate_whole_forget (self->whole);
  g_free (_migrate_digest_take (self->sent));
  g_free (_migrate_digest_take (self->found));
}

/* It is there, and read back; but is it what it was said to be. */
static gboolean
prove_whole (MigrateStream *self, GError **error)
{
  if (!add_hole (self, self->size, error))
    return FALSE;
  if (g_ascii_strcasecmp (_migrate_whole_end (self->whole), self->checksum) == 0)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Look at the image source, and try again",
                      "What the image source has for “%s” has the SHA-256 checksum %s, not %s",
                      self->id, _migrate_whole_end (self->whole), self->checksum);
  return FALSE;
}

/* A host that does not answer is waited for, and the range begun anew. */
gboolean
_migrate_stream_run (MigrateStream *self, GError **error)
{
  MigrateWork *work = self->work;
  gint64 patience
    = (gint64) _migrate_policy_get_uint (work->policy, "resume-timeout") * G_TIME_SPAN_SECOND;
  gint64 since = _migrate_backend_now (work->backend);

  while (self->proven < self->size)
    {
      GError *local_error = NULL;

      if (run_range (self, &local_error))
        {
          if (self->whole != NULL)
            _migrate_whole_keep (self->whole);
          since = _migrate_backend_now (work->backend);
          continue;
        }
      forget_range (self);
      if (!may_pass (local_error) || _migrate_backend_now (work->backend) - since >= patience
          || _migrate_stream_stop (self, NULL /* error */))
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      g_error_free (local_error);
      _migrate_work_sleep (work, RETRY_MS);
    }
  return self->whole == NULL || prove_whole (self, error);
}

gboolean
_migrate_stream_is_same (MigrateStream *self, gboolean *same, GError **error)
{
  guint64 at = 0;

  *same = TRUE;
  while (*same && at < self->size)
    {
      guint64 from = at;

      if (!walk_source (self, &at, read_sent, error) || !walk_destination (self, from, at, error))
        return FALSE;
      *same = is_same (self);
    }
  return TRUE;
}

/* ---- here and there ---- */

/* A small piece of it, with its holes as the zeros that they are; short at its end. */
static guint8 *
read_part (MigrateStream *self, MigrateSide side, guint64 at, gsize n, GError **error)
{
  gboolean here = side == MIGRATE_SIDE_SOURCE;
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_READ_AT, NULL /* guest */);
  g_autofree guint8 *part = g_malloc0 (n);
  gsize got = 0;
  const guint8 *data;

  call->storage.pool = g_strdup (here ? self->pool : self->pool_there);
  call->storage.name = g_strdup (here ? self->name : self->name_there);
  call->storage.offset = at;
  call->storage.length = n;
  if (!_migrate_work_run_call (self->work, side, call, error))
    return NULL;
  if (call->storage.bytes != NULL && call->storage.skipped < n)
    {
      data = g_bytes_get_data (call->storage.bytes, &got);
      memcpy (part + call->storage.skipped, data, MIN (got, n - call->storage.skipped));
    }
  return g_steal_pointer (&part);
}

gboolean
_migrate_stream_is_alike (MigrateStream *self, gboolean *same, GError **error)
{
  guint64 step = MAX (self->size / PARTS, PART);

  *same = TRUE;
  for (guint64 at = 0; *same && at < self->size; at += step)
    {
      gsize n = MIN (self->size - at, PART);
      g_autofree guint8 *here = NULL;
      g_autofree guint8 *there = NULL;

      if (_migrate_stream_stop (self, error))
        return FALSE;
      here = read_part (self, MIGRATE_SIDE_SOURCE, at, n, error);
      if (here == NULL)
        return FALSE;
      there = read_part (self, MIGRATE_SIDE_DESTINATION, at, n, error);
      if (there == NULL)
        return FALSE;
      *same = memcmp (here, there, n) == 0;
    }
  return TRUE;
}

void
_migrate_stream_free (MigrateStream *self)
{
  if (self->file >= 0)
    close (self->file);
  g_clear_pointer (&self->whole, _migrate_whole_free);
  g_free (self->checksum);
  _migrate_digest_free (self->sent);
  _migrate_digest_free (self->found);
  g_free (self->pool);
  g_free (self->name);
  g_free (self);
}
