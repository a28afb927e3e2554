/* Claims: one holder for each guest, and what a dead one leaves. */
#include "journaltest.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

JOURNAL_SUITE (journal_claims);

static guint64
child_claims (void)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);

  return _migrate_journal_claim (journal, GUEST, "job-1", NULL);
}

Test (journal_claims, claim_is_idempotent_and_released)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (!_migrate_journal_release (journal, GUEST, "job-1", 2, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "Job “job-1” cannot release guest");
  cr_assert (_migrate_journal_release (journal, GUEST, "job-1", 1, &error));
  cr_assert (!_migrate_journal_release (journal, GUEST, "job-1", 1, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "Job “job-1” cannot release guest");
  /* The generation stays known, also after the object is gone, and whatever the letters' case. */
  g_clear_object (&journal);
  journal = migrate_sqlite_journal_new (path);
  cr_assert (
    _migrate_journal_claim (journal, "C5D5A4A6-0D3C-4A57-9D43-1F0D3C1E2B11", "job-1", &error) == 2);
}

Test (journal_claims, one_holder_has_one_job_per_guest)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (_migrate_journal_add_job (journal, "job-2", NULL, &error));
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-2", &error) == 0);
  cr_assert (error != NULL);
  cr_assert_str_eq (_migrate_error_private (error)->other_job, "job-1");
  assert_error (&error, MIGRATE_ERROR_BUSY, "Guest “" GUEST "” is held by job “job-1”");
  cr_assert (_migrate_journal_claim (journal, OTHER_GUEST, "job-2", &error) == 1);
}

Test (journal_claims, busy_while_another_process_lives)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (MigrateJobRecord) record = NULL;
  Child child;
  GError *error = NULL;

  cr_assert (_migrate_journal_add_job (journal, "job-2", NULL, &error));
  child = child_start (child_claims);
  cr_assert (child_wait (&child) == 1);

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-2", &error) == 0);
  cr_assert (error != NULL);
  cr_assert_str_eq (_migrate_error_private (error)->other_job, "job-1");
  cr_assert (strstr (_migrate_error_private (error)->remedy, "follow") != NULL);
  assert_error (&error, MIGRATE_ERROR_BUSY, "is held by job “job-1”");
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_BUSY, "is run by another controller");
  record = migrate_journal_lookup (journal, "job-1", NULL, &error);
  cr_assert (migrate_job_record_is_held (record));

  /* A stopped process is alive: it may go on at any moment. */
  kill (child.pid, SIGSTOP);
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-2", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_BUSY, "is held by job “job-1”");
  child_kill (&child);
}

Test (journal_claims, takes_over_from_the_dead)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autofree char *dead = NULL;
  Child child = child_start (child_claims);
  GError *error = NULL;

  cr_assert (child_wait (&child) == 1);
  dead = lock_file ();
  cr_assert (dead != NULL);
  child_kill (&child);
  record = migrate_journal_lookup (journal, "job-1", NULL, &error);
  assert_no_error (error);
  cr_assert (!migrate_job_record_is_held (record));
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 2);
  cr_assert (!g_file_test (dead, G_FILE_TEST_EXISTS));
  cr_assert (!_migrate_journal_append (journal, "job-1", 1, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "Job “job-1” was taken over");
  cr_assert (_migrate_journal_append (journal, "job-1", 2, "step", "x", "begun", NULL, &error));
}

Test (journal_claims, another_job_takes_over_from_the_dead)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  Child child = child_start (child_claims);
  GError *error = NULL;

  cr_assert (_migrate_journal_add_job (journal, "job-2", NULL, &error));
  cr_assert (child_wait (&child) == 1);
  child_kill (&child);
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-2", &error) == 2);
  cr_assert (!_migrate_journal_update_job (journal, "job-1", 1, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "Job “job-1” was taken over or released");
}

/* The controller slept while its lock was lost (here: its lock file was removed); awake again, it
 * must not get one more intent into the journal. */
Test (journal_claims, refuses_a_controller_that_slept)
{
  g_autoptr (MigrateJournal) sleeper = journal_with_job ("job-1");
  g_autoptr (MigrateJournal) other = migrate_sqlite_journal_new (path);
  g_autofree char *lock = NULL;
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (sleeper, GUEST, "job-1", &error) == 1);
  lock = lock_file ();
  cr_assert (_migrate_journal_claim (other, GUEST, "job-1", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_BUSY, "is run by another controller");
  cr_assert (g_unlink (lock) == 0);
  cr_assert (_migrate_journal_claim (other, GUEST, "job-1", &error) == 2);

  cr_assert (!_migrate_journal_append (sleeper, "job-1", 1, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "was taken over by another controller");
  cr_assert (!_migrate_journal_update_job (sleeper, "job-1", 1, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "was taken over by another controller");
  cr_assert (!_migrate_journal_release (sleeper, GUEST, "job-1", 1, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "cannot release");
  cr_assert (_migrate_journal_claim (sleeper, GUEST, "job-1", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_BUSY, "is run by another controller");
  cr_assert (_migrate_journal_append (other, "job-1", 2, "step", "x", "begun", NULL, &error));
}

Test (journal_claims, an_object_that_is_gone_holds_nothing)
{
  g_autoptr (MigrateJournal) first = journal_with_job ("job-1");
  g_autoptr (MigrateJournal) second = migrate_sqlite_journal_new (path);
  g_autoptr (MigrateJournal) third = migrate_sqlite_journal_new (path);
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (first, GUEST, "job-1", &error) == 1);
  g_clear_object (&first);
  cr_assert (_migrate_journal_claim (second, GUEST, "job-1", &error) == 2);
  cr_assert (!_migrate_journal_append (third, "job-1", 1, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "was taken over");
}

Test (journal_claims, without_generation_only_without_claim)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (_migrate_journal_update_job (journal, "job-1", 0, NULL, &error));
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (!_migrate_journal_update_job (journal, "job-1", 0, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "cannot be written without its claim");
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "cannot be written without its claim");
  cr_assert (_migrate_journal_update_job (journal, "job-1", 1, NULL, &error));
  cr_assert (_migrate_journal_release (journal, GUEST, "job-1", 1, &error));
  cr_assert (_migrate_journal_update_job (journal, "job-1", 0, NULL, &error));
  cr_assert (!_migrate_journal_update_job (journal, "job-1", 1, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "was taken over or released");
}

Test (journal_claims, unknown_is_not_dead)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  execute (path, "INSERT INTO claim VALUES ('" GUEST "', 'job-1', 7, 'holder-../../x', 0)");
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "names a holder that cannot be");
}

/* Each child has a job of its own; all want one guest. */
static int start_line[2];

static guint64
child_races (void)
{
  g_autofree char *id = g_strdup_printf ("race-%d", (int) getpid ());
  MigrateJournal *journal = migrate_sqlite_journal_new (path);
  GError *error = NULL;
  char go;

  close (start_line[1]);
  if (read (start_line[0], &go, 1) != 0) /* until the parent closes its end */
    return 100;
  if (!_migrate_journal_add_job (journal, id, NULL, &error))
    return 101;
  if (_migrate_journal_claim (journal, GUEST, id, &error) != 0)
    return 1;
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY) ? 0 : 102;
}

Test (journal_claims, one_of_many_wins_a_new_journal)
{
  Child children[8];
  guint64 winners = 0;

  cr_assert (pipe (start_line) == 0);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    children[i] = child_start (child_races);
  close (start_line[0]);
  close (start_line[1]);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    winners += child_wait (&children[i]);
  for (guint i = 0; i < G_N_ELEMENTS (children); i++)
    child_kill (&children[i]);
  cr_assert (winners == 1, "%" G_GUINT64_FORMAT, winners);
}

Test (journal_claims, sweeps_what_the_dead_left)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *left = NULL;
  Child child = child_start (child_claims);
  GError *error = NULL;

  cr_assert (child_wait (&child) == 1);
  g_clear_object (&journal);
  journal = migrate_sqlite_journal_new (path);
  cr_assert (migrate_journal_lookup (journal, "job-1", NULL, &error) != NULL);
  left = lock_file ();
  cr_assert (left != NULL, "the lock file of the living was removed");
  child_kill (&child);
  g_clear_object (&journal);
  journal = migrate_sqlite_journal_new (path);
  cr_assert (migrate_journal_lookup (journal, "job-1", NULL, &error) != NULL);
  cr_assert (!g_file_test (left, G_FILE_TEST_EXISTS));
}
