/* A journal that several processes and threads use, and processes that are killed. */
#include "journaltest.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

JOURNAL_SUITE (journal_processes);

static guint64
child_writes (void)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);

  for (guint64 i = 0; i < 100; i++)
    if (!_migrate_journal_append (journal, "job-1", 0, "sample", "x", "done", NULL, NULL))
      return i;
  return 100;
}

Test (journal_processes, is_read_while_others_write)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  Child first = child_start (child_writes);
  Child second = child_start (child_writes);
  gsize before = 0, now = 0;

  while (now < 200)
    {
      now = count_entries (journal);
      cr_assert (now >= before && now <= 200);
      before = now;
    }
  cr_assert (child_wait (&first) == 100);
  cr_assert (child_wait (&second) == 100);
  child_kill (&first);
  child_kill (&second);
}

/* What was acknowledged is there after a kill at any moment. */
static int acknowledged[2];

static guint64
child_writes_until_killed (void)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);

  while (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, NULL))
    if (write (acknowledged[1], "x", 1) != 1)
      break;
  return 0;
}

Test (journal_processes, keeps_what_was_acknowledged)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  gsize told = 0;

  cr_assert (pipe2 (acknowledged, O_CLOEXEC) == 0);
  cr_assert (fcntl (acknowledged[0], F_SETFL, O_NONBLOCK) == 0);
  for (guint i = 0; i < 20; i++)
    {
      Child child = child_start (child_writes_until_killed);
      gsize found;
      char byte;

      g_usleep (5000 + i * 1777);
      child_kill (&child);
      while (read (acknowledged[0], &byte, 1) == 1)
        told++;
      found = count_entries (journal);
      cr_assert (found >= told && found <= told + i + 1, "%zu written, %zu told", found, told);
    }
  cr_assert (told > 0);
  execute (path, "CREATE TEMP TABLE t (word CHECK (word = 'ok'));"
                 "INSERT INTO t SELECT integrity_check FROM pragma_integrity_check");
}

static gpointer
thread_adds_job (gpointer data)
{
  g_object_unref (journal_with_job ("job-1"));
  return NULL;
}

/* The mode of the file cannot change while somebody reads it. */
Test (journal_processes, waits_for_a_reader_of_a_new_file)
{
  g_autofree char *state = g_path_get_dirname (path);
  GThread *thread;
  sqlite3 *db = NULL;

  cr_assert (g_mkdir (state, 0700) == 0);
  umask (077);
  execute (path, "VACUUM");
  cr_assert (sqlite3_open (path, &db) == SQLITE_OK);
  cr_assert (sqlite3_exec (db, "BEGIN; SELECT * FROM sqlite_schema", NULL, NULL, NULL)
             == SQLITE_OK);
  thread = g_thread_new ("adds", thread_adds_job, NULL);
  g_usleep (G_USEC_PER_SEC / 4);
  cr_assert (sqlite3_exec (db, "COMMIT", NULL, NULL, NULL) == SQLITE_OK);
  g_thread_join (thread);
  sqlite3_close (db);
}

static gpointer
thread_appends (gpointer journal)
{
  for (guint i = 0; i < 200; i++)
    if (!_migrate_journal_append (journal, "job-1", 1, "step", "x", "done", NULL, NULL))
      return GUINT_TO_POINTER (1);
  return NULL;
}

Test (journal_processes, is_used_by_two_threads)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) entries = NULL;
  GThread *threads[2];
  guint64 before = 0;
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  for (guint i = 0; i < 2; i++)
    threads[i] = g_thread_new ("appends", thread_appends, journal);
  for (guint i = 0; i < 2; i++)
    cr_assert (g_thread_join (threads[i]) == NULL);
  entries = _migrate_journal_load_entries (journal, "job-1", &error);
  cr_assert (g_variant_n_children (entries) == 400);
  for (gsize i = 0; i < 400; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      guint64 seq = _migrate_variant_uint64 (entry, "seq", 0);

      cr_assert (seq > before);
      before = seq;
    }
}

Test (journal_processes, leaks_no_files)
{
  g_autofree char *lock = NULL;
  guint before;
  GError *error = NULL;

  g_object_unref (journal_with_job ("job-1"));
  before = open_files ();
  for (guint i = 0; i < 20; i++)
    {
      g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new (path);
      g_autoptr (MigrateJournal) other = migrate_sqlite_journal_new (path);
      g_autoptr (MigrateJournal) wrong = migrate_sqlite_journal_new ("/proc/none/x.sqlite");
      g_autoptr (GListModel) list = NULL;

      cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == i + 1);
      cr_assert (_migrate_journal_claim (other, GUEST, "job-1", NULL) == 0);
      list = migrate_journal_list (journal, NULL, &error);
      cr_assert (list != NULL);
      cr_assert (migrate_journal_list (wrong, NULL, NULL) == NULL);
    }
  cr_assert (open_files () == before, "%u files, before %u", open_files (), before);
  lock = lock_file ();
  cr_assert (lock == NULL, "%s is left", lock);
}

static MigrateJournal *inherited;

static guint64
child_uses_the_parents (void)
{
  GError *error = NULL;
  gboolean refused
    = !_migrate_journal_append (inherited, "job-1", 1, "step", "x", "begun", NULL, &error)
      && g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_JOURNAL)
      && strstr (error->message, "cannot be used by its child") != NULL;

  g_object_unref (inherited);
  return refused;
}

Test (journal_processes, is_not_used_across_a_fork)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (MigrateJournal) other = migrate_sqlite_journal_new (path);
  Child child;
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  inherited = journal;
  child = child_start (child_uses_the_parents);
  cr_assert (child_wait (&child) == 1);
  child_kill (&child);
  /* The child's end has taken nothing from its parent. */
  cr_assert (_migrate_journal_claim (other, GUEST, "job-1", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_BUSY, "is run by another controller");
  cr_assert (_migrate_journal_append (journal, "job-1", 1, "step", "x", "begun", NULL, &error));
}
