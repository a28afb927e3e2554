/* Decide: page by page, each that is not all zeros with its number. */
#include "storage/digest-private.h"

#include <string.h>

#define PAGE 4096

struct _MigrateDigest
{
  GChecksum *sum;
  guint64 page; /* the number of the one that is being filled */
  gboolean filled;
  guint8 data[PAGE];
};

MigrateDigest *
_migrate_digest_new (void)
{
  MigrateDigest *self = g_new0 (MigrateDigest, 1);

  self->sum = g_checksum_new (G_CHECKSUM_SHA256);
  return self;
}

void
_migrate_digest_free (MigrateDigest *self)
{
  g_checksum_free (self->sum);
  g_free (self);
}

gboolean
_migrate_is_zero (const guint8 *data, gsize n)
{
  return n == 0 || (data[0] == 0 && memcmp (data, data + 1, n - 1) == 0);
}

static void
end_page (MigrateDigest *self)
{
  guint64 number = GUINT64_TO_LE (self->page);

  if (!self->filled)
    return;
  if (!_migrate_is_zero (self->data, PAGE))
    {
      g_checksum_update (self->sum, (const guchar *) &number, sizeof number);
      g_checksum_update (self->sum, self->data, PAGE);
    }
  memset (self->data, 0, PAGE);
  self->filled = FALSE;
}

void
_migrate_digest_feed (MigrateDigest *self, guint64 offset, GBytes *bytes)
{
  gsize left;
  const guint8 *data = g_bytes_get_data (bytes, &left);

  while (left > 0)
    {
      gsize at = offset % PAGE;
      gsize n = MIN (left, PAGE - at);

      if (offset / PAGE != self->page)
        end_page (self);
      self->page = offset / PAGE;
      self->filled = TRUE;
      memcpy (self->data + at, data, n);
      data += n;
      offset += n;
      left -= n;
    }
}

char *
_migrate_digest_take (MigrateDigest *self)
{
  char *text;

  end_page (self);
  text = g_strdup (g_checksum_get_string (self->sum));
  g_checksum_reset (self->sum);
  return text;
}
