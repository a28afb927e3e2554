/* Samples of a transfer: kept in order, bounded, and never waited for. */
#include "journaltest.h"

#include <sqlite3.h>

JOURNAL_SUITE (journal_samples);

#define KEPT 2000

static GVariant *
samples_of (guint64 from, guint n)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint64 i = from; i < from + n; i++)
    g_variant_builder_add_parsed (&builder, "{'at-ms': <%t>, 'rate': <%t>}", i * 500, i);
  return g_variant_builder_end (&builder);
}

static GVariant *
load (MigrateJournal *journal)
{
  GError *error = NULL;
  GVariant *samples = _migrate_journal_load_samples (journal, "job-1", &error);

  assert_no_error (error);
  return samples;
}

static guint64
number (GVariant *samples, gsize i, const char *key)
{
  g_autoptr (GVariant) sample = g_variant_get_child_value (samples, i);

  return _migrate_variant_uint64 (sample, key, G_MAXUINT64);
}

Test (journal_samples, are_kept_with_the_values)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (MigrateJobRecord) listed = NULL;
  g_autoptr (GListModel) list = NULL;
  g_autoptr (GVariant) samples = NULL;
  g_autoptr (GVariant) none = load (journal);
  GError *error = NULL;

  cr_assert (g_variant_n_children (none) == 0);
  cr_assert (_migrate_journal_add_samples (journal, "job-1", 0, samples_of (3, 2),
                                           g_variant_new_parsed ("{'phase': <'proving'>}"),
                                           &error));
  cr_assert (_migrate_journal_add_samples (journal, "job-1", 0, samples_of (5, 1), NULL, &error));
  record = migrate_journal_lookup (journal, "job-1", NULL, &error);
  assert_no_error (error);
  cr_assert (migrate_job_record_get_phase (record) == MIGRATE_PHASE_PROVING);
  cr_assert (migrate_job_record_get_state (record) == MIGRATE_STATE_CHECKED);
  samples = migrate_job_record_dup_samples (record);
  cr_assert (g_variant_n_children (samples) == 3);
  for (gsize i = 0; i < 3; i++)
    cr_assert (number (samples, i, "at-ms") == (3 + i) * 500
               && number (samples, i, "rate") == 3 + i);
  list = migrate_journal_list (journal, NULL, &error);
  listed = g_list_model_get_item (list, 0);
  cr_assert (migrate_job_record_dup_samples (listed) == NULL);
}

Test (journal_samples, are_thinned_out_evenly)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) samples = NULL;
  guint64 largest = 0, smallest = G_MAXUINT64;
  gsize n;
  GError *error = NULL;

  for (guint64 i = 0; i < 30000; i += 100)
    cr_assert (
      _migrate_journal_add_samples (journal, "job-1", 0, samples_of (i, 100), NULL, &error));
  assert_no_error (error);
  samples = load (journal);
  n = g_variant_n_children (samples);
  cr_assert (n > KEPT / 4 && n <= KEPT, "%zu", n);
  cr_assert (number (samples, 0, "rate") == 0, "the first is lost");
  cr_assert (number (samples, n - 1, "rate") == 29999, "the last is lost");
  for (gsize i = 1; i < n; i++)
    {
      guint64 step = number (samples, i, "at-ms") - number (samples, i - 1, "at-ms");

      smallest = MIN (smallest, step);
      largest = MAX (largest, step);
    }
  /* 15000 s in a thousand parts, four of which a gap may span. */
  cr_assert (largest <= 60 * 1000, "%" G_GUINT64_FORMAT, largest);
  cr_assert (smallest >= 500);
}

Test (journal_samples, that_are_large_at_once_are_bounded)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) samples = NULL;
  GError *error = NULL;

  cr_assert (
    _migrate_journal_add_samples (journal, "job-1", 0, samples_of (0, 9000), NULL, &error));
  samples = load (journal);
  cr_assert (g_variant_n_children (samples) == KEPT / 2);
}

Test (journal_samples, are_refused_with_an_old_claim)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) samples = NULL;
  GError *error = NULL;

  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (!_migrate_journal_add_samples (journal, "job-1", 0, samples_of (0, 1), NULL, &error));
  assert_error (&error, MIGRATE_ERROR_LOST_CLAIM, "cannot be written without its claim");
  samples = load (journal);
  cr_assert (g_variant_n_children (samples) == 0);
  cr_assert (!_migrate_journal_add_samples (journal, "gone", 0, samples_of (0, 1), NULL, &error));
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, "Job “gone”");
  cr_assert (_migrate_journal_load_samples (journal, "gone", &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, "Job “gone”");
}

/* Whoever watches a hand-over has no ten seconds. */
Test (journal_samples, do_not_wait_long)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  gint64 begun = g_get_monotonic_time ();
  sqlite3 *db = NULL;
  GError *error = NULL;

  cr_assert (sqlite3_open (path, &db) == SQLITE_OK);
  cr_assert (sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
  cr_assert (!_migrate_journal_add_samples (journal, "job-1", 0, samples_of (0, 1), NULL, &error));
  /* An intent waits for ten seconds. */
  cr_assert (g_get_monotonic_time () - begun < 9 * G_USEC_PER_SEC);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "keeps it locked");
  sqlite3_close (db);
  cr_assert (_migrate_journal_add_samples (journal, "job-1", 0, samples_of (0, 1), NULL, &error));
}

Test (journal_samples, go_with_their_job)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (_migrate_journal_add_samples (journal, "job-1", 0, samples_of (0, 5), NULL, &error));
  g_clear_object (&journal);
  execute (path, "UPDATE job SET state = 'finalized', updated = updated - 91 * 86400 * 1000000");
  journal = migrate_sqlite_journal_new (path);
  cr_assert (migrate_journal_lookup (journal, "job-1", NULL, NULL) == NULL);
  g_clear_object (&journal);
  execute (path,
           "CREATE TEMP TABLE t (n CHECK (n = 0)); INSERT INTO t SELECT count(*) FROM sample");
}
