/* Decide: see the header. */
#include "storage/whole-private.h"

#define PART (64 << 20)
#define ZEROS (1 << 20)

typedef struct
{
  GChecksum *sum;
  guint64 at;
} Mark;

struct _MigrateWhole
{
  Mark now, kept;
  guint8 *zeros;
};

MigrateWhole *
_migrate_whole_new (void)
{
  MigrateWhole *self = g_new0 (MigrateWhole, 1);

  self->now.sum = g_checksum_new (G_CHECKSUM_SHA256);
  self->kept.sum = g_checksum_new (G_CHECKSUM_SHA256);
  self->zeros = g_malloc0 (ZEROS);
  return self;
}

void
_migrate_whole_free (MigrateWhole *self)
{
  g_checksum_free (self->now.sum);
  g_checksum_free (self->kept.sum);
  g_free (self->zeros);
  g_free (self);
}

gboolean
_migrate_whole_reach (MigrateWhole *self, guint64 offset)
{
  guint64 end = MIN (offset, self->now.at + PART);

  while (self->now.at < end)
    {
      gsize n = MIN (end - self->now.at, ZEROS);

      g_checksum_update (self->now.sum, self->zeros, (gssize) n);
      self->now.at += n;
    }
  return end == offset;
}

void
_migrate_whole_feed (MigrateWhole *self, GBytes *bytes)
{
  gsize n;
  const guint8 *data = g_bytes_get_data (bytes, &n);

  g_checksum_update (self->now.sum, data, (gssize) n);
  self->now.at += n;
}

static void
copy (const Mark *from, Mark *to)
{
  g_checksum_free (to->sum);
  *to = (Mark){ g_checksum_copy (from->sum), from->at };
}

void
_migrate_whole_keep (MigrateWhole *self)
{
  copy (&self->now, &self->kept);
}

void
_migrate_whole_forget (MigrateWhole *self)
{
  copy (&self->kept, &self->now);
}

const char *
_migrate_whole_end (MigrateWhole *self)
{
  return g_checksum_get_string (self->now.sum);
}
