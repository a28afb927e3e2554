/* One file on its way through libvirt's streams. */
#pragma once

#include "storage/digest-private.h"
#include "storage/files-private.h"
#include "storage/whole-private.h"

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
  MigrateSide from;    /* of what is copied; NONE: it is a file of this machine's */
  char *pool, *name;   /* of what is copied; of a file here its path is the name */
  int file;            /* -1: it is a volume */
  char *checksum;      /* nullable: SHA-256 of what is copied, as somebody says it is */
  MigrateWhole *whole; /* nullable: the same as it is read */
  guint64 size;        /* bytes */
  guint64 written;     /* when the source was, last; 0: it is not told */
  guint64 expected;    /* bytes of data in it, as its host had said */
  guint64 told;        /* bytes of data that the program was last told of */
  MigrateDigest *sent, *found;
  /* Under the tally's lock. */
  guint64 copied, verified; /* bytes of data */
  guint64 proven;           /* everything before this was read back as it was sent */
} MigrateStream;

/* On any thread; several at once, each its own. Errors: see _migrate_stream_rows(). */
gboolean _migrate_stream_run (MigrateStream *self, GError **error);
gboolean _migrate_stream_is_same (MigrateStream *self, gboolean *same, GError **error);
gboolean _migrate_stream_stop (MigrateStream *self, GError **error);
/* FALSE and CHANGED: it has another size than it was said to have. */
gboolean _migrate_stream_refuse_size (const MigrateStream *self, MigrateSide side, guint64 end,
                                      GError **error);
/* Pieces here and there. */
gboolean _migrate_stream_is_alike (MigrateStream *self, gboolean *same, GError **error);
void _migrate_stream_free (MigrateStream *self);

/* ---- stream-local.c ---- */

/* -1: it cannot be read, or is not as large. Errors: INVALID. */
int _migrate_stream_open_local (const char *path, guint64 size, GError **error);
/* Answers the call as a host would. */
gboolean _migrate_stream_read_local (MigrateStream *self, MigrateCall *call, GError **error);
