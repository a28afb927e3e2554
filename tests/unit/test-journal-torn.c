/* What a power cut leaves: a log that ends anywhere, or holds anything after that; a database that
 * was half overwritten from it. Whatever it is, the journal opens and holds the first so many of
 * what was written, whole and in order. */
#include "journaltest.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

JOURNAL_SUITE (journal_torn);

#define WRITTEN 12
#define LOG_HEADER 32
#define FRAME_HEADER 24
#define PAGE 4096
#define FRAME (FRAME_HEADER + PAGE)
#define SEED 20240917

typedef struct
{
  char *database, *log;
  gsize database_length, log_length;
} Files;

/* Some are longer than a page. */
static guint64
child_writes_all (void)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);

  for (gint i = 0; i < WRITTEN; i++)
    {
      g_autofree char *text = g_strnfill (i % 3 == 0 ? 9000 : 100, (char) ('a' + i));

      if (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun",
                                    g_variant_new_parsed ("{'n': <%i>, 'text': <%s>}", i, text),
                                    NULL))
        return (guint64) i;
    }
  return WRITTEN;
}

static char *
read_file (const char *suffix, gsize *length)
{
  g_autofree char *place = g_strconcat (path, suffix, NULL);
  char *bytes = NULL;

  cr_assert (g_file_get_contents (place, &bytes, length, NULL), "%s", place);
  return bytes;
}

/* A job in the database, its entries in a log that nobody closed. */
static Files
make_files (void)
{
  Files files = { 0 };
  Child child;

  g_object_unref (journal_with_job ("job-1"));
  child = child_start (child_writes_all);
  cr_assert (child_wait (&child) == WRITTEN);
  child_kill (&child);
  files.database = read_file ("", &files.database_length);
  files.log = read_file ("-wal", &files.log_length);
  cr_assert ((files.log_length - LOG_HEADER) % FRAME == 0);
  cr_assert (files.log_length > LOG_HEADER + 2 * WRITTEN * FRAME);
  return files;
}

static void
files_clear (Files *files)
{
  g_free (files->database);
  g_free (files->log);
}

static void
write_file (const char *suffix, const char *bytes, gsize length)
{
  g_autofree char *place = g_strconcat (path, suffix, NULL);

  g_unlink (place); /* the flags below do not shorten a file */
  cr_assert (
    g_file_set_contents_full (place, bytes, (gssize) length, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

/* How many of the entries a journal made of these holds. */
static guint
count_whole (const Files *files, const char *what, gsize at)
{
  g_autofree char *shm = g_strconcat (path, "-shm", NULL);
  g_autoptr (MigrateJournal) journal = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GError) error = NULL;

  g_unlink (shm);
  write_file ("", files->database, files->database_length);
  write_file ("-wal", files->log, files->log_length);
  journal = migrate_sqlite_journal_new (path);
  entries = _migrate_journal_load_entries (journal, "job-1", &error);
  cr_assert (entries != NULL, "%s at %zu: %s", what, at, error->message);
  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      g_autoptr (GVariant) values = g_variant_lookup_value (entry, "values", NULL);
      const char *text = _migrate_variant_string (values, "text");
      int n = -1;

      cr_assert (g_variant_lookup (values, "n", "i", &n) && n == (int) i,
                 "%s at %zu: no. %zu is %i", what, at, i, n);
      cr_assert (strlen (text) == (i % 3 == 0 ? 9000 : 100)
                   && strspn (text, (char[]){ (char) ('a' + i), '\0' }) == strlen (text),
                 "%s at %zu: no. %zu is garbage", what, at, i);
    }
  /* It goes on from there. */
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "y", "begun", NULL, &error),
             "%s at %zu: %s", what, at, error != NULL ? error->message : "");
  return (guint) g_variant_n_children (entries);
}

typedef void (*Tear) (Files *files, gsize at, GRand *random);

static void
cut (Files *files, gsize at, GRand *random)
{
  files->log_length = at;
}

static void
zero (Files *files, gsize at, GRand *random)
{
  memset (files->log + at, 0, files->log_length - at);
}

static void
scramble (Files *files, gsize at, GRand *random)
{
  for (gsize i = at; i < files->log_length; i++)
    files->log[i] = (char) g_rand_int (random);
}

/* One sector that was not written, amid others that were. */
static void
lose_sector (Files *files, gsize at, GRand *random)
{
  memset (files->log + at, 0, MIN (512, files->log_length - at));
}

static guint
tear_at (const Files *files, Tear tear, const char *what, gsize at, GRand *random)
{
  Files torn = *files;
  guint n;

  torn.database = g_memdup2 (files->database, files->database_length);
  torn.log = g_memdup2 (files->log, files->log_length);
  tear (&torn, at, random);
  n = count_whole (&torn, what, at);
  files_clear (&torn);
  return n;
}

/* At the bounds of every frame and page and beside them, and at random. */
static void
tear_everywhere (Tear tear, const char *what)
{
  Files files = make_files ();
  GRand *random = g_rand_new_with_seed (SEED);
  guint before = 0;

  for (gsize frame = LOG_HEADER; frame < files.log_length; frame += FRAME)
    {
      const gsize places[] = { frame - 1, frame, frame + 1, frame + FRAME_HEADER };

      for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
        {
          guint n = tear_at (&files, tear, what, places[i], random);

          cr_assert (n >= before && n < WRITTEN, "%s at %zu: %u, then %u", what, places[i], before,
                     n);
          before = n;
        }
    }
  cr_assert (before == WRITTEN - 1);
  for (guint i = 0; i < 60; i++)
    tear_at (&files, tear, what, (gsize) g_rand_int_range (random, 0, (gint32) files.log_length),
             random);
  cr_assert (count_whole (&files, "whole", 0) == WRITTEN);
  g_rand_free (random);
  files_clear (&files);
}

Test (journal_torn, log_that_was_cut) { tear_everywhere (cut, "cut"); }

Test (journal_torn, log_that_ends_in_zeros) { tear_everywhere (zero, "zeros"); }

Test (journal_torn, log_that_ends_in_garbage) { tear_everywhere (scramble, "garbage"); }

Test (journal_torn, log_that_lost_a_sector) { tear_everywhere (lose_sector, "lost sector"); }

/* The power went while the log was copied into the database: the log is still there, and counts. */
Test (journal_torn, database_half_overwritten)
{
  Files files = make_files ();
  GRand *random = g_rand_new_with_seed (SEED);

  for (gsize frame = LOG_HEADER; frame < files.log_length; frame += FRAME)
    {
      const guint8 *number = (const guint8 *) files.log + frame;
      gsize page
        = ((gsize) number[0] << 24 | (gsize) number[1] << 16 | (gsize) number[2] << 8 | number[3])
          - 1;

      /* The first page tells SQLite that there is a log; it is one sector that matters. */
      for (gsize i = page * PAGE + (page == 0 ? 512 : 0);
           i < MIN ((page + 1) * PAGE, files.database_length); i++)
        files.database[i] = (char) g_rand_int (random);
      cr_assert (count_whole (&files, "page", page) == WRITTEN);
    }
  g_rand_free (random);
  files_clear (&files);
}
