/* What goes wrong with the file while it is used. */
#include "journaltest.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

JOURNAL_SUITE (journal_faults);

Test (journal_faults, damaged_file)
{
  int fd;

  g_object_unref (journal_with_job ("job-1"));
  fd = open (path, O_WRONLY | O_CLOEXEC);
  cr_assert (fd >= 0);
  for (off_t at = 1024; at < 40960; at += 512)
    cr_assert (pwrite (fd, "garbage garbage garbage", 23, at) == 23);
  close (fd);
  assert_journal_error (path, "cannot be");
}

static void
assert_refused_untouched (const guint8 *bytes, gsize length)
{
  g_autofree char *now = NULL;
  gsize length_now = 0;

  g_unlink (path); /* the flags below do not shorten a file */
  cr_assert (g_file_set_contents_full (path, (const char *) bytes, (gssize) length,
                                       G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  assert_journal_error (path, "cannot be opened: ");
  cr_assert (g_file_get_contents (path, &now, &length_now, NULL));
  cr_assert (length_now == length && memcmp (now, bytes, length) == 0, "it was changed");
}

Test (journal_faults, garbage_is_refused_and_left_alone)
{
  static const char header[16] = "SQLite format 3";
  static const gsize lengths[] = { 1, 16, 100, 511, 512, 4096, 40960 };
  g_autofree char *state = g_path_get_dirname (path);
  guint8 bytes[40960];
  GRand *random = g_rand_new_with_seed (7);

  cr_assert (g_mkdir (state, 0700) == 0);
  for (gsize i = 0; i < G_N_ELEMENTS (lengths); i++)
    {
      for (gsize b = 0; b < lengths[i]; b++)
        bytes[b] = (guint8) g_rand_int (random);
      assert_refused_untouched (bytes, lengths[i]);
      if (lengths[i] < sizeof header)
        continue;
      memcpy (bytes, header, sizeof header);
      assert_refused_untouched (bytes, lengths[i]);
    }
  g_rand_free (random);
}

/* Bytes that a bad disk has changed, anywhere: an error, or what is still whole; never a crash. */
Test (journal_faults, changed_bytes_end_in_an_error_at_most)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *good = NULL;
  GRand *random = g_rand_new_with_seed (11);
  guint failed = 0;
  gsize length;

  for (guint i = 0; i < 100; i++)
    cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "x", "done", NULL, NULL));
  g_clear_object (&journal);
  cr_assert (g_file_get_contents (path, &good, &length, NULL));
  for (guint i = 0; i < 300; i++)
    {
      g_autofree char *bad = g_memdup2 (good, length);
      g_autoptr (MigrateJournal) damaged = NULL;
      g_autoptr (MigrateJobRecord) record = NULL;
      g_autoptr (GError) error = NULL;

      for (guint n = (guint) g_rand_int_range (random, 1, 40); n > 0; n--)
        bad[g_rand_int_range (random, 0, (gint32) length)] = (char) g_rand_int (random);
      cr_assert (g_file_set_contents_full (path, bad, (gssize) length, G_FILE_SET_CONTENTS_NONE,
                                           0600, NULL));
      damaged = migrate_sqlite_journal_new (path);
      record = migrate_journal_lookup (damaged, "job-1", NULL, &error);
      if (record != NULL)
        continue;
      failed++;
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_JOURNAL)
                   || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND),
                 "no. %u: %s", i, error->message);
    }
  cr_assert (failed > 0);
  g_rand_free (random);
}

Test (journal_faults, file_that_was_removed)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (g_unlink (path) == 0);
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "the file was moved or deleted");
}

/* Every write is refused, whichever of the files went, whoever makes new ones. */
static void
assert_refuses_all (MigrateJournal *journal, const char *part)
{
  GError *error = NULL;

  cr_assert (!_migrate_journal_append (journal, "job-1", 1, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
  cr_assert (!_migrate_journal_update_job (journal, "job-1", 1, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
  cr_assert (!_migrate_journal_add_samples (journal, "job-1", 1, NULL, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
  cr_assert (!_migrate_journal_add_job (journal, "job-9", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
  cr_assert (!_migrate_journal_post (journal, "job-1", "cancel", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
  cr_assert (_migrate_journal_claim (journal, OTHER_GUEST, "job-1", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
}

Test (journal_faults, folder_that_was_removed)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *state = g_path_get_dirname (path);
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  remove_tree (state);
  assert_refuses_all (journal, "the file was moved or deleted");
}

Test (journal_faults, file_that_was_replaced)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *away = g_strconcat (path, ".away", NULL);
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (g_rename (path, away) == 0);
  cr_assert (g_file_set_contents_full (path, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  assert_refuses_all (journal, "the file was moved or deleted");
  cr_assert (g_rename (away, path) == 0);
  cr_assert (_migrate_journal_append (journal, "job-1", 1, "step", "x", "begun", NULL, &error));
}

/* The log is where a commit goes: SQLite would write on into a file without a name. */
Test (journal_faults, log_that_was_removed)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *log = g_strconcat (path, "-wal", NULL);
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (g_unlink (log) == 0);
  assert_refuses_all (journal, "the file of its log was moved or deleted");
  cr_assert (g_file_set_contents_full (log, "", 0, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  assert_refuses_all (journal, "the file of its log was moved or deleted");
}

/* ---- a writer that does not go on ---- */

static guint64
child_stays_in_its_transaction (void)
{
  sqlite3 *db = NULL;

  if (sqlite3_open (path, &db) != SQLITE_OK
      || sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
    return 0;
  return 1;
}

/* Ten seconds for an intent, one for what may be lost; then the writer is named. Others are read
 * meanwhile. */
Test (journal_faults, writer_that_was_stopped)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  Child child = child_start (child_stays_in_its_transaction);
  g_autofree char *words = g_strdup_printf ("process %d keeps it locked", (int) child.pid);
  g_autofree char *remedy = g_strdup_printf ("process %d", (int) child.pid);
  gint64 begun, took;
  GError *error = NULL;

  cr_assert (child_wait (&child) == 1);
  kill (child.pid, SIGSTOP);
  begun = g_get_monotonic_time ();
  cr_assert (!_migrate_journal_add_samples (journal, "job-1", 0, NULL, NULL, &error));
  took = g_get_monotonic_time () - begun;
  cr_assert (took < 9 * G_USEC_PER_SEC);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, words);

  begun = g_get_monotonic_time ();
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  took = g_get_monotonic_time () - begun;
  cr_assert (took >= 9 * G_USEC_PER_SEC, "%" G_GINT64_FORMAT, took);
  cr_assert (error != NULL);
  cr_assert (strstr (_migrate_error_private (error)->remedy, remedy) != NULL);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, words);
  cr_assert (count_entries (journal) == 0);

  child_kill (&child);
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  cr_assert (count_entries (journal) == 1);
}

/* ---- no room, no right ---- */

Test (journal_faults, goes_on_after_a_write_that_failed)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *text = g_strnfill (1 << 20, 'x');
  struct rlimit before, limit;
  GError *error = NULL;

  signal (SIGXFSZ, SIG_IGN);
  cr_assert (getrlimit (RLIMIT_FSIZE, &before) == 0);
  limit = before;
  limit.rlim_cur = 256 << 10;
  cr_assert (setrlimit (RLIMIT_FSIZE, &limit) == 0);
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun",
                                       g_variant_new_parsed ("{'text': <%s>}", text), &error));
  cr_assert (setrlimit (RLIMIT_FSIZE, &before) == 0);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "cannot be written: ");
  cr_assert (count_entries (journal) == 0);
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  cr_assert (count_entries (journal) == 1);
}

Test (journal_faults, full_file_system)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *text = g_strnfill (1 << 20, 'x');
  GError *error = NULL;

  mount_small ();
  journal = journal_with_job ("job-1");
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun",
                                       g_variant_new_parsed ("{'text': <%s>}", text), &error));
  cr_assert (error != NULL);
  cr_assert_str_eq (_migrate_error_private (error)->remedy, "Make room on its file system");
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "cannot be written: database or disk is full");
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
}

/* It fills up entry by entry: what was acknowledged stays, nothing else is there, and with room it
 * goes on. */
Test (journal_faults, file_system_that_fills_up)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *ballast = NULL;
  g_autofree char *text = g_strnfill (2000, 'x');
  g_autofree char *load = g_strnfill (100 << 10, 'x');
  gsize written = 0;
  GError *error = NULL;

  mount_small ();
  ballast = g_build_filename (folder, "ballast", NULL);
  journal = journal_with_job ("job-1");
  cr_assert (g_file_set_contents (ballast, load, -1, NULL));
  while (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun",
                                  g_variant_new_parsed ("{'text': <%s>}", text), &error))
    cr_assert (++written < 1000);
  cr_assert (written > 0);
  cr_assert (error != NULL);
  cr_assert (strstr (_migrate_error_private (error)->remedy, "Make room on its file system")
             != NULL);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "cannot be written: ");
  cr_assert (count_entries (journal) == written);
  cr_assert (g_unlink (ballast) == 0);
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  g_clear_object (&journal);
  journal = migrate_sqlite_journal_new (path);
  cr_assert (count_entries (journal) == written + 1);
}

Test (journal_faults, read_only_file_system)
{
  g_autofree char *fresh = g_build_filename (folder, "new", "j.sqlite", NULL);

  mount_small ();
  g_object_unref (journal_with_job ("job-1"));
  cr_assert (mount (NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
  assert_journal_error (path, "cannot be opened: it can only be read");
  assert_journal_error (fresh, "Read-only file system");
}
