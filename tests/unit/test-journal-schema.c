/* Files of other versions, and what is removed with time. */
#include "journaltest.h"

JOURNAL_SUITE (journal_schema);

Test (journal_schema, newer_schema)
{
  g_object_unref (journal_with_job ("job-1"));
  execute (path, "PRAGMA user_version = 7");
  assert_journal_error (path, "it was written by a newer libmigrate (schema 7, this one knows up");
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
