/* Files of other versions, and what is removed with time. */
#include "journaltest.h"

#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>

JOURNAL_SUITE (journal_schema);

/* tests/unit/data/journal-schema-1.sql, as the file of a journal. */
#define OLD_JOB "1ab96fe2"
#define OLD_GUEST "60b4d8ef-6388-40fe-8a07-8f91b5665fc1"

static void
make_old_journal (void)
{
  g_autofree char *state = g_path_get_dirname (path);
  g_autofree char *fixture = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"),
                                               "tests/unit/data/journal-schema-1.sql", NULL);
  g_autofree char *sql = NULL;

  cr_assert (g_file_get_contents (fixture, &sql, NULL, NULL), "%s", fixture);
  cr_assert (g_mkdir (state, 0700) == 0);
  execute (path, sql);
  cr_assert (g_chmod (path, 0600) == 0);
}

static GBytes *
content (const char *suffix)
{
  g_autofree char *place = g_strconcat (path, suffix, NULL);
  char *bytes = NULL;
  gsize length = 0;

  if (!g_file_get_contents (place, &bytes, &length, NULL))
    return NULL;
  return g_bytes_new_take (bytes, length);
}

static void
assert_same (GBytes *before, const char *suffix)
{
  g_autoptr (GBytes) now = content (suffix);

  cr_assert (before != NULL && now != NULL && g_bytes_equal (before, now), "“%s” was changed",
             suffix);
}

Test (journal_schema, one_version_older_is_brought_up_to_date)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) samples = NULL;
  GError *error = NULL;

  make_old_journal ();
  journal = migrate_sqlite_journal_new (path);
  record = migrate_journal_lookup (journal, OLD_JOB, NULL, &error);
  assert_no_error (error);
  cr_assert_str_eq (migrate_job_record_get_guest_name (record), "g0");
  cr_assert (migrate_job_record_get_state (record) == MIGRATE_STATE_PREPARED);
  cr_assert (migrate_job_record_is_in_flight (record));
  cr_assert (!migrate_job_record_is_held (record));
  entries = migrate_job_record_dup_entries (record);
  cr_assert (g_variant_n_children (entries) == 7);
  samples = migrate_job_record_dup_samples (record);
  cr_assert (g_variant_n_children (samples) == 0);
  /* The claim of the dead goes on counting. */
  cr_assert (_migrate_journal_claim (journal, OLD_GUEST, OLD_JOB, &error) == 2);
  cr_assert (_migrate_journal_add_samples (
    journal, OLD_JOB, 2, g_variant_new_parsed ("[{'at-ms': <@t 1>}]"), NULL, &error));
  g_clear_object (&journal);
  execute (path, "CREATE TEMP TABLE t (n CHECK (n = 2)); INSERT INTO t SELECT user_version FROM"
                 "  pragma_user_version");
}

static guint64
child_opens (void)
{
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new (path);
  g_autoptr (GListModel) list = migrate_journal_list (journal, NULL, NULL);

  return list != NULL ? g_list_model_get_n_items (list) : 0;
}

Test (journal_schema, many_bring_it_up_to_date_at_once)
{
  Child children[8];

  make_old_journal ();
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = child_start (child_opens);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    cr_assert (child_wait (&children[i]) == 1);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    child_kill (&children[i]);
}

/* Half an upgrade is none: here the second step cannot be taken. */
Test (journal_schema, an_upgrade_that_fails_leaves_the_old_version)
{
  g_autoptr (MigrateJournal) journal = NULL;
  GError *error = NULL;

  make_old_journal ();
  execute (path, "CREATE TABLE sample (in_the_way)");
  assert_journal_error (path, "cannot be opened: table sample already exists");
  execute (path, "CREATE TEMP TABLE t (n CHECK (n = 1)); INSERT INTO t SELECT user_version FROM"
                 "  pragma_user_version; DROP TABLE main.sample");
  journal = migrate_sqlite_journal_new (path);
  g_object_unref (migrate_journal_lookup (journal, OLD_JOB, NULL, &error));
  assert_no_error (error);
}

/* Refused, and not one byte changed: whether it is in WAL mode or not, closed well or not. */
Test (journal_schema, newer_is_refused_and_left_alone)
{
  static const char *const modes[] = { "WAL", "DELETE" };

  g_object_unref (journal_with_job ("job-1"));
  for (gsize i = 0; i < G_N_ELEMENTS (modes); i++)
    {
      g_autofree char *sql
        = g_strdup_printf ("PRAGMA journal_mode = %s; PRAGMA user_version = 7;"
                           "CREATE TABLE IF NOT EXISTS news (x); INSERT INTO news VALUES (1)",
                           modes[i]);
      g_autoptr (GBytes) before = NULL;

      execute (path, sql);
      before = content ("");
      assert_journal_error (path, "it was written by a newer libmigrate (schema 7, this one knows "
                                  "up to 2)");
      assert_same (before, "");
    }
}

Test (journal_schema, newer_with_a_log_is_left_alone)
{
  g_autoptr (GBytes) before = NULL;
  g_autoptr (GBytes) log = NULL;
  sqlite3 *db = NULL;

  g_object_unref (journal_with_job ("job-1"));
  cr_assert (sqlite3_open (path, &db) == SQLITE_OK);
  cr_assert (sqlite3_exec (db, "PRAGMA user_version = 7", NULL, NULL, NULL) == SQLITE_OK);
  /* As a controller that was killed leaves it. */
  sqlite3_db_config (db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  sqlite3_close (db);
  before = content ("");
  log = content ("-wal");
  cr_assert (log != NULL && g_bytes_get_size (log) > 0);
  assert_journal_error (path, "it was written by a newer libmigrate");
  assert_same (before, "");
  assert_same (log, "-wal");
}

Test (journal_schema, database_of_another_program_is_left_alone)
{
  g_autofree char *state = g_path_get_dirname (path);
  g_autoptr (GBytes) before = NULL;

  cr_assert (g_mkdir (state, 0700) == 0);
  execute (path, "CREATE TABLE cookies (name)");
  cr_assert (g_chmod (path, 0600) == 0);
  before = content ("");
  assert_journal_error (path, "it is a database of another program");
  assert_same (before, "");
}

Test (journal_schema, removes_old_closed_jobs)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("closed");
  g_autoptr (GListModel) list = NULL;
  g_autoptr (MigrateJobRecord) failed = NULL;
  GError *error = NULL;

  cr_assert (_migrate_journal_append (journal, "closed", 0, "step", "x", "done", NULL, &error));
  cr_assert (_migrate_journal_post (journal, "closed", "cancel", NULL, &error));
  cr_assert (_migrate_journal_add_job (journal, "failed", NULL, &error));
  cr_assert (_migrate_journal_add_job (journal, "held", NULL, &error));
  cr_assert (_migrate_journal_add_job (journal, "young", NULL, &error));
  g_clear_object (&journal);
  execute (path, "UPDATE job SET state = 'finalized'; UPDATE job SET updated = updated"
                 "  - 91 * 86400 * 1000000 WHERE id <> 'young';"
                 "UPDATE job SET state = 'failed' WHERE id = 'failed';"
                 "INSERT INTO claim VALUES ('" GUEST "', 'held', 1, NULL, 0)");
  journal = migrate_sqlite_journal_new (path);
  list = migrate_journal_list (journal, NULL, &error);
  assert_no_error (error);
  cr_assert (g_list_model_get_n_items (list) == 3);
  failed = migrate_journal_lookup (journal, "failed", NULL, &error);
  assert_no_error (error);
  cr_assert (migrate_journal_lookup (journal, "closed", NULL, NULL) == NULL);
  g_clear_object (&journal);
  execute (path, "CREATE TEMP TABLE t (n CHECK (n = 0));"
                 "INSERT INTO t SELECT count(*) FROM entry; INSERT INTO t SELECT count(*) FROM"
                 "  mailbox");
}
