/* One file on its way through libvirt's streams. */
#pragma once

#include "storage/digest-private.h"
#include "storage/files-private.h"

/* Of files that travel side by side. */
typedef struct
{
  GMutex lock;
  gboolean failed; /* one of them: the others stop */
} MigrateStreamTally;

typedef struct
{
  MigrateWork *work;
  MigrateStreamTally *tally;
  const char *id; /* for messages; borrowed, as the next two */
  const char *pool_there, *name_there;
  char *pool, *name; /* at the source */
  guint64 size;      /* bytes */
  guint64 written;   /* when the source was, last; 0: it is not told */
  MigrateDigest *sent, *found;
  /* Under the tally's lock. */
  guint64 copied, verified; /* bytes of data */
  guint64 proven;           /* everything before this was read back as it was sent */
} MigrateStream;

/* On any thread; several at once, each its own. Errors: see _migrate_stream_rows(). */
gboolean _migrate_stream_run (MigrateStream *self, GError **error);
gboolean _migrate_stream_is_same (MigrateStream *self, gboolean *same, GError **error);
gboolean _migrate_stream_stop (MigrateStream *self, GError **error);
void _migrate_stream_free (MigrateStream *self);
