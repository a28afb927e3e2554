/* Act: a file of this machine's, read as a volume is: a hole, then data. */
#include "storage/stream-private.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define PIECE (8 << 20) /* bytes */

static gboolean
refuse (GError **error, const char *path, const char *format, ...) G_GNUC_PRINTF (3, 4);

static gboolean
refuse (GError **error, const char *path, const char *format, ...)
{
  g_autofree char *why = NULL;
  g_autofree char *shown = g_filename_display_name (path);
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Look at the image source",
                      "The file “%s” of the image source cannot be used: %s", shown, why);
  return FALSE;
}

static gboolean
prove (int file, const char *path, guint64 size, GError **error)
{
  struct stat about;

  if (fstat (file, &about) < 0)
    return refuse (error, path, "%s", g_strerror (errno));
  if (!S_ISREG (about.st_mode))
    return refuse (error, path, "it is no regular file");
  if ((guint64) about.st_size == size)
    return TRUE;
  return refuse (error, path, "it has %" G_GUINT64_FORMAT " bytes, not %" G_GUINT64_FORMAT,
                 (guint64) about.st_size, size);
}

/* Never waits, whatever it is. */
int
_migrate_stream_open_local (const char *path, guint64 size, GError **error)
{
  int file = open (path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

  if (file < 0)
    {
      refuse (error, path, "%s", g_strerror (errno));
      return -1;
    }
  if (prove (file, path, size, error))
    return file;
  close (file);
  return -1;
}

/* On a file system that does not tell its holes all is data. */
static void
find_data (int file, guint64 at, guint64 size, guint64 *data, guint64 *end)
{
  off_t found = lseek (file, (off_t) at, SEEK_DATA);
  off_t hole;

  *data = at;
  *end = size;
  if (found < 0 && errno == ENXIO)
    *data = size;
  if (found < 0)
    return;
  *data = MIN ((guint64) found, size);
  hole = lseek (file, found, SEEK_HOLE);
  if (hole > found)
    *end = MIN ((guint64) hole, size);
}

/* Less than length at the file's end. */
static gssize
read_fully (int file, guint8 *buffer, gsize length, guint64 offset)
{
  gsize got = 0;

  while (got < length)
    {
      ssize_t n = pread (file, buffer + got, length - got, (off_t) (offset + got));

      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0)
        return -1;
      if (n == 0)
        break;
      got += (gsize) n;
    }
  return (gssize) got;
}

gboolean
_migrate_stream_read_local (MigrateStream *self, MigrateCall *call, GError **error)
{
  guint64 at = call->storage.offset;
  guint64 data, end;
  g_autofree guint8 *buffer = NULL;
  gsize length;
  gssize got;

  find_data (self->file, at, self->size, &data, &end);
  call->storage.skipped = data - at;
  length = MIN (end - data, PIECE);
  if (length == 0)
    {
      call->storage.ended = TRUE;
      return TRUE;
    }
  buffer = g_malloc (length);
  got = read_fully (self->file, buffer, length, data);
  if (got < 0)
    return refuse (error, self->name, "%s", g_strerror (errno));
  call->storage.ended = (gsize) got < length;
  if (got > 0)
    call->storage.bytes = g_bytes_new_take (g_steal_pointer (&buffer), (gsize) got);
  return TRUE;
}
