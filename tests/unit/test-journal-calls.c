/* The journal as programs and other implementations meet it: asynchronous calls, and what the
 * library makes of an implementation that fails. */
#include "journaltest.h"

#include <pthread.h>
#include <signal.h>

JOURNAL_SUITE (journal_calls);

static void
keep_result (GObject *source, GAsyncResult *result, gpointer kept)
{
  *(GAsyncResult **) kept = g_object_ref (result);
}

static GAsyncResult *
iterate_until (GAsyncResult **result)
{
  while (*result == NULL)
    g_main_context_iteration (NULL, TRUE);
  return *result;
}

Test (journal_calls, answers_asynchronously)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GAsyncResult) found = NULL;
  g_autoptr (GAsyncResult) missed = NULL;
  g_autoptr (GListModel) list = NULL;
  g_autoptr (MigrateJobRecord) record = NULL;
  GError *error = NULL;

  migrate_journal_list_async (journal, NULL, keep_result, &listed);
  migrate_journal_lookup_async (journal, "job-1", NULL, keep_result, &found);
  migrate_journal_lookup_async (journal, "gone", NULL, keep_result, &missed);
  list = migrate_journal_list_finish (journal, iterate_until (&listed), &error);
  assert_no_error (error);
  cr_assert (g_list_model_get_n_items (list) == 1);
  record = migrate_journal_lookup_finish (journal, iterate_until (&found), &error);
  assert_no_error (error);
  cr_assert_str_eq (migrate_job_record_get_id (record), "job-1");
  cr_assert (migrate_journal_lookup_finish (journal, iterate_until (&missed), &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, "Job “gone”");
}

Test (journal_calls, cancelled_before_it_reads)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GError) error = NULL;

  g_cancellable_cancel (cancellable);
  cr_assert (migrate_journal_list (journal, cancellable, &error) == NULL);
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  g_clear_error (&error);
  migrate_journal_list_async (journal, cancellable, keep_result, &listed);
  cr_assert (migrate_journal_list_finish (journal, iterate_until (&listed), &error) == NULL);
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
}

Test (journal_calls, result_of_another_call_is_refused, .signal = SIGTRAP)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GAsyncResult) listed = NULL;

  g_log_set_always_fatal (G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
  migrate_journal_list_async (journal, NULL, keep_result, &listed);
  iterate_until (&listed);
  remove_tree (folder); /* what follows ends the process */
  migrate_journal_lookup_finish (journal, listed, NULL);
}

/* Fails without a word, lacks most functions, and looks at the signals of its thread. */
#define TEST_TYPE_MUTE (test_mute_get_type ())
G_DECLARE_FINAL_TYPE (TestMute, test_mute, TEST, MUTE, GObject)

struct _TestMute
{
  GObject parent_instance;
  gboolean term_blocked;
  gboolean other_thread;
  pthread_t maker;
};

static void test_mute_iface_init (MigrateJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (TestMute, test_mute, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_JOURNAL, test_mute_iface_init))

static gboolean
mute_add_job (MigrateJournal *journal, const char *id, GVariant *values, GError **error)
{
  return FALSE;
}

static GVariant *
mute_load_job (MigrateJournal *journal, const char *id, GError **error)
{
  return g_variant_new_string ("not a dictionary");
}

static GVariant *
mute_list_jobs (MigrateJournal *journal, const char *guest_uuid, GError **error)
{
  TestMute *self = TEST_MUTE (journal);
  sigset_t blocked;

  pthread_sigmask (SIG_SETMASK, NULL, &blocked);
  self->term_blocked = sigismember (&blocked, SIGTERM) == 1 && sigismember (&blocked, SIGPIPE) == 1;
  self->other_thread = !pthread_equal (self->maker, pthread_self ());
  return g_variant_new ("aa{sv}", NULL);
}

static void
test_mute_iface_init (MigrateJournalInterface *iface)
{
  iface->add_job = mute_add_job;
  iface->load_job = mute_load_job;
  iface->list_jobs = mute_list_jobs;
}

static void
test_mute_class_init (TestMuteClass *klass)
{
}

static void
test_mute_init (TestMute *self)
{
  self->maker = pthread_self ();
}

Test (journal_calls, gives_words_to_a_mute_implementation)
{
  g_autoptr (MigrateJournal) mute = g_object_new (TEST_TYPE_MUTE, NULL);
  g_autoptr (GVariant) samples = NULL;
  GError *error = NULL;

  cr_assert (!_migrate_journal_add_job (mute, "a", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “add_job”");
  cr_assert (_migrate_journal_claim (mute, GUEST, "a", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “claim”");
  cr_assert (_migrate_journal_collect (mute, "a", &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “collect”");
  cr_assert (!_migrate_journal_append (mute, "a", 0, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “record”");
  /* Samples need not be kept, the values that come with them must. */
  cr_assert (!_migrate_journal_add_samples (mute, "a", 0, NULL, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “record”");
  samples = _migrate_journal_load_samples (mute, "a", &error);
  assert_no_error (error);
  cr_assert (g_variant_n_children (samples) == 0);
  cr_assert (migrate_journal_lookup (mute, "a", NULL, &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_FAILED, "gave “s” from “load_job”, not “a{sv}”");
  cr_assert (!_migrate_journal_add_job (mute, "a", NULL, NULL));
}

Test (journal_calls, works_on_a_thread_without_signals)
{
  g_autoptr (TestMute) mute = g_object_new (TEST_TYPE_MUTE, NULL);
  g_autoptr (GAsyncResult) listed = NULL;
  g_autoptr (GListModel) list = NULL;
  sigset_t blocked;

  migrate_journal_list_async (MIGRATE_JOURNAL (mute), NULL, keep_result, &listed);
  list = migrate_journal_list_finish (MIGRATE_JOURNAL (mute), iterate_until (&listed), NULL);
  cr_assert (list != NULL && g_list_model_get_n_items (list) == 0);
  cr_assert (mute->other_thread);
  cr_assert (mute->term_blocked);
  pthread_sigmask (SIG_SETMASK, NULL, &blocked);
  cr_assert (sigismember (&blocked, SIGTERM) == 0);
}
