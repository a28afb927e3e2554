/* The journal: values, claims, mailbox, and everything that can be wrong with its file. Other
 * controllers are real processes here; a journal object is always made after the fork. */
#include <criterion/criterion.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "journal/journal-private.h"

#define GUEST "c5d5a4a6-0d3c-4a57-9d43-1f0d3c1e2b11"
#define OTHER_GUEST "0a7f6a52-7b0e-4c59-8a53-6c4b2f3d9e22"
#define NOBODY 65534

static char *folder; /* of the test, removed after it */
static char *path;   /* of its journal, in a folder that the journal makes */

static void
remove_tree (const char *place)
{
  g_autoptr (GDir) dir = g_dir_open (place, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *entry = g_build_filename (place, name, NULL);

      if (g_file_test (entry, G_FILE_TEST_IS_DIR) && !g_file_test (entry, G_FILE_TEST_IS_SYMLINK))
        remove_tree (entry);
      else
        g_unlink (entry);
    }
  g_rmdir (place);
}

static void
set_up (void)
{
  folder = g_dir_make_tmp ("migrate-journal-XXXXXX", NULL);
  cr_assert (folder != NULL);
  path = g_build_filename (folder, "state", "journal.sqlite", NULL);
}

static void
tear_down (void)
{
  if (seteuid (getuid ()) == 0)
    {
      umount2 (folder, MNT_DETACH); /* where a test mounted something */
      remove_tree (folder);
    }
  g_free (folder);
  g_free (path);
}

TestSuite (journal, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- help ---- */

static MigrateJournal *
journal_with_job (const char *id)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);
  GError *error = NULL;

  _migrate_journal_add_job (
    journal, id,
    g_variant_new_parsed ("{'state': <'checked'>, 'guest': <'web1'>, 'guest-uuid': <%s>}", GUEST),
    &error);
  cr_assert (error == NULL, "%s", error != NULL ? error->message : "");
  return journal;
}

#define assert_no_error(error)                                                                     \
  cr_assert ((error) == NULL, "unexpected error: %s", (error) != NULL ? (error)->message : "")

/* The error as it must be; and it is cleared. */
static void
assert_error (GError **error, int code, const char *part)
{
  cr_assert (*error != NULL, "no error, “%s” expected", part);
  cr_assert (g_error_matches (*error, MIGRATE_ERROR, code), "wrong code %d: %s", (*error)->code,
             (*error)->message);
  cr_assert (strstr ((*error)->message, part) != NULL, "“%s” is not in “%s”", part,
             (*error)->message);
  g_clear_error (error);
}

static void
assert_journal_error (const char *place, const char *part)
{
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new (place);
  GError *error = NULL;
  g_autoptr (GListModel) list = migrate_journal_list (journal, NULL, &error);

  cr_assert (list == NULL);
  cr_assert (error != NULL);
  cr_assert (_migrate_error_private (error) != NULL);
  cr_assert (_migrate_error_private (error)->remedy != NULL, "no remedy: %s", error->message);
  cr_assert (strstr (error->message, place) != NULL, "“%s” does not name the file", error->message);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
}

static guint
mode_of (const char *place)
{
  struct stat st;

  cr_assert (lstat (place, &st) == 0, "%s: %s", place, g_strerror (errno));
  return st.st_mode & 07777;
}

static void
execute (const char *place, const char *sql)
{
  sqlite3 *db = NULL;

  cr_assert (sqlite3_open (place, &db) == SQLITE_OK);
  cr_assert (sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg (db));
  cr_assert (sqlite3_close (db) == SQLITE_OK);
}

static char *
lock_file (void)
{
  g_autofree char *state = g_path_get_dirname (path);
  g_autoptr (GDir) dir = g_dir_open (state, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (strstr (name, ".holder-") != NULL)
      return g_build_filename (state, name, NULL);
  return NULL;
}

static guint
open_files (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

/* Another controller: a process that does its work, says so, and waits to be killed. What it says
 * is one number. */
typedef guint64 (*ChildWork) (void);

typedef struct
{
  pid_t pid;
  int from;
  guint64 said;
} Child;

static Child
child_start (ChildWork work)
{
  Child child = { 0 };
  int ends[2];

  cr_assert (pipe2 (ends, O_CLOEXEC) == 0);
  child.pid = fork ();
  cr_assert (child.pid >= 0);
  if (child.pid == 0)
    {
      guint64 said;

      /* A test that fails kills nobody itself. */
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      close (ends[0]);
      said = work ();
      if (write (ends[1], &said, sizeof said) == sizeof said)
        for (;;)
          pause ();
      _exit (1);
    }
  close (ends[1]);
  child.from = ends[0];
  return child;
}

static guint64
child_wait (Child *child)
{
  cr_assert (read (child->from, &child->said, sizeof child->said) == sizeof child->said);
  return child->said;
}

static void
child_kill (Child *child)
{
  kill (child->pid, SIGKILL);
  waitpid (child->pid, NULL, 0);
  close (child->from);
}

/* ---- values ---- */

Test (journal, file_and_folder_are_private)
{
  g_autofree char *state = g_path_get_dirname (path);
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  g_autofree char *shm = g_strconcat (path, "-shm", NULL);
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *lock = NULL;
  GError *error = NULL;

  umask (0);
  journal = journal_with_job ("job-1");
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  lock = lock_file ();
  cr_assert (mode_of (state) == 0700);
  cr_assert (mode_of (path) == 0600);
  cr_assert (mode_of (wal) == 0600);
  cr_assert (mode_of (shm) == 0600);
  cr_assert (mode_of (lock) == 0600);
}

Test (journal, leaves_an_existing_folder_as_it_is)
{
  g_autofree char *state = g_path_get_dirname (path);
  g_autoptr (MigrateJournal) journal = NULL;

  cr_assert (g_mkdir (state, 0700) == 0 && chmod (state, 0755) == 0);
  journal = journal_with_job ("job-1");
  cr_assert (mode_of (state) == 0755);
}

Test (journal, values_survive_exactly)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) written = g_variant_ref_sink (g_variant_new_parsed (
    "{'text': <'a \\'quote\\' “ü”\\n\\t\\\\ end'>, 'half': <0.1>, 'large': <1e300>,"
    " 'most': <uint64 18446744073709551615>, 'least': <int64 -9223372036854775808>,"
    " 'byte': <byte 0xff>, 'small': <int16 -5>, 'none': <@as []>, 'empty': <@a{sv} {}>,"
    " 'list': <['a', 'b']>, 'maybe': <@mu nothing>, 'blob': <b'\\001\\377x'>,"
    " 'deep': <{'x': <(1, uint32 2, [true, false], <<'v'>>)>}>}"));
  g_autoptr (GVariant) infinite = g_variant_ref_sink (g_variant_new_double (-INFINITY));
  g_autoptr (GVariant) read = NULL;
  GVariantIter iter;
  GVariant *value;
  char *key;
  GError *error = NULL;

  cr_assert (_migrate_journal_update_job (journal, "job-1", 0, written, &error));
  cr_assert (
    _migrate_journal_update_job (journal, "job-1", 0, g_variant_new ("a{sv}", NULL), &error));
  cr_assert (_migrate_journal_update_job (
    journal, "job-1", 0, g_variant_new_parsed ("{'infinite': <%@d>}", infinite), &error));
  g_clear_object (&journal);
  journal = migrate_sqlite_journal_new (path);
  read = _migrate_journal_load_job (journal, "job-1", &error);
  assert_no_error (error);
  g_variant_iter_init (&iter, written);
  while (g_variant_iter_loop (&iter, "{sv}", &key, &value))
    {
      g_autoptr (GVariant) found = g_variant_lookup_value (read, key, NULL);

      cr_assert (found != NULL && g_variant_equal (found, value), "“%s” changed", key);
    }
  cr_assert (_migrate_variant_double (read, "infinite") == -INFINITY);
}

Test (journal, update_merges_and_tells_times)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) read = NULL;
  guint64 before, now = (guint64) g_get_real_time ();
  GError *error = NULL;

  read = _migrate_journal_load_job (journal, "job-1", &error);
  before = _migrate_variant_uint64 (read, "updated-us", 0);
  cr_assert (before <= now && before > now - 60 * G_USEC_PER_SEC);
  g_clear_pointer (&read, g_variant_unref);
  g_usleep (1000);
  cr_assert (_migrate_journal_update_job (
    journal, "job-1", 0,
    g_variant_new_parsed ("{'state': <'failed'>, 'new': <1>, 'held': <true>, 'id': <'x'>}"),
    &error));
  read = _migrate_journal_load_job (journal, "job-1", &error);
  assert_no_error (error);
  cr_assert_str_eq (_migrate_variant_string (read, "state"), "failed");
  cr_assert_str_eq (_migrate_variant_string (read, "guest"), "web1");
  cr_assert_str_eq (_migrate_variant_string (read, "id"), "job-1");
  cr_assert (!_migrate_variant_boolean (read, "held"));
  cr_assert (_migrate_variant_uint64 (read, "created-us", 0) == before);
  cr_assert (_migrate_variant_uint64 (read, "updated-us", 0) > before);
  cr_assert (_migrate_variant_uint64 (read, "generation", 99) == 0);
  /* What is told on load is not written. */
  execute (path, "CREATE TEMP TABLE t (n CHECK (n = 1));"
                 "INSERT INTO t SELECT count(*) FROM job WHERE dict NOT LIKE '%held%'");
}

Test (journal, refuses_an_id_twice)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (!_migrate_journal_add_job (journal, "job-1", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_INVALID, "Job “job-1” is in journal");
}

Test (journal, refuses_an_unknown_job)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *words = g_strdup_printf ("Job “gone” is not in journal “%s”", path);
  GError *error = NULL;

  cr_assert (migrate_journal_lookup (journal, "gone", NULL, &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, words);
  cr_assert (_migrate_journal_load_entries (journal, "gone", &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, words);
  cr_assert (!_migrate_journal_update_job (journal, "gone", 0, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, words);
  cr_assert (!_migrate_journal_append (journal, "gone", 0, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, words);
  cr_assert (_migrate_journal_claim (journal, GUEST, "gone", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, words);
  cr_assert (!_migrate_journal_post (journal, "gone", "cancel", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, words);
}

Test (journal, lists_newest_first)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GListModel) list = NULL;
  g_autoptr (MigrateJobRecord) first = NULL;
  g_autoptr (MigrateJobRecord) last = NULL;
  GError *error = NULL;

  cr_assert (_migrate_journal_add_job (journal, "job-2", NULL, &error));
  cr_assert (_migrate_journal_add_job (journal, "job-3", NULL, &error));
  list = migrate_journal_list (journal, NULL, &error);
  assert_no_error (error);
  cr_assert (g_list_model_get_n_items (list) == 3);
  cr_assert (g_list_model_get_item_type (list) == MIGRATE_TYPE_JOB_RECORD);
  first = g_list_model_get_item (list, 0);
  last = g_list_model_get_item (list, 2);
  cr_assert_str_eq (migrate_job_record_get_id (first), "job-3");
  cr_assert_str_eq (migrate_job_record_get_id (last), "job-1");
  cr_assert (migrate_job_record_dup_entries (last) == NULL);
}

Test (journal, record_tells_what_is_written)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) entry = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GDateTime) created = NULL;
  g_autofree char *why = NULL;
  double fraction;
  GError *error = NULL;

  cr_assert (_migrate_journal_update_job (
    journal, "job-1", 0,
    g_variant_new_parsed (
      "{'guest-name': <'web1'>, 'source': <'qemu:///system'>, 'destination': <'qemu+ssh://b/'>,"
      " 'state': <'failed'>, 'phase': <'copying-memory'>, 'outcome': <'unknown'>,"
      " 'in-flight': <true>, 'progress': <{'fraction': <0.5>}>,"
      " 'failure': <{'message': <'the link is down'>}>}"),
    &error));
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "volume", "begun",
                                      g_variant_new_parsed ("{'size': <uint64 7>}"), &error));
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "volume", "done", NULL, &error));
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  record = migrate_journal_lookup (journal, "job-1", NULL, &error);
  assert_no_error (error);
  cr_assert_str_eq (migrate_job_record_get_guest_name (record), "web1");
  cr_assert_str_eq (migrate_job_record_get_guest_uuid (record), GUEST);
  cr_assert_str_eq (migrate_job_record_get_source (record), "qemu:///system");
  cr_assert_str_eq (migrate_job_record_get_destination (record), "qemu+ssh://b/");
  cr_assert (migrate_job_record_get_state (record) == MIGRATE_STATE_FAILED);
  cr_assert (migrate_job_record_get_phase (record) == MIGRATE_PHASE_COPYING_MEMORY);
  cr_assert (migrate_job_record_get_outcome (record) == MIGRATE_OUTCOME_UNKNOWN);
  cr_assert (migrate_job_record_is_held (record));
  cr_assert (migrate_job_record_is_in_flight (record));
  g_object_get (record, "fraction", &fraction, NULL);
  cr_assert (fraction == 0.5);
  why = migrate_job_record_dup_error (record);
  cr_assert_str_eq (why, "the link is down");
  created = migrate_job_record_dup_created (record);
  cr_assert (ABS (g_date_time_to_unix (created) - g_get_real_time () / G_USEC_PER_SEC) < 60);

  entries = migrate_job_record_dup_entries (record);
  cr_assert (g_variant_n_children (entries) == 2);
  entry = g_variant_get_child_value (entries, 0);
  cr_assert_str_eq (_migrate_variant_string (entry, "kind"), "step");
  cr_assert_str_eq (_migrate_variant_string (entry, "name"), "volume");
  cr_assert_str_eq (_migrate_variant_string (entry, "status"), "begun");
  cr_assert (_migrate_variant_uint64 (entry, "seq", 0) > 0);
  cr_assert (_migrate_variant_uint64 (entry, "at-us", 0) > 0);
  cr_assert (_migrate_variant_uint64 (entry, "generation", 9) == 0);
  values = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
  cr_assert (_migrate_variant_uint64 (values, "size", 0) == 7);
}

Test (journal, record_of_nothing_answers)
{
  g_autoptr (MigrateJobRecord) record = g_object_new (MIGRATE_TYPE_JOB_RECORD, NULL);
  g_autoptr (GVariant) values = migrate_job_record_dup_values (record);

  cr_assert_str_eq (migrate_job_record_get_id (record), "");
  cr_assert (migrate_job_record_get_guest_name (record) == NULL);
  cr_assert (migrate_job_record_dup_created (record) == NULL);
  cr_assert (migrate_job_record_dup_error (record) == NULL);
  cr_assert (g_variant_n_children (values) == 0);
}

Test (journal, record_of_a_newer_library_is_careful)
{
  g_autoptr (MigrateJobRecord) record = _migrate_job_record_new (
    g_variant_new_parsed ("{'state': <'levitating'>, 'outcome': <'ascended'>}"), NULL);

  cr_assert (migrate_job_record_get_state (record) == MIGRATE_STATE_FAILED);
  cr_assert (migrate_job_record_get_outcome (record) == MIGRATE_OUTCOME_UNKNOWN);
}

Test (journal, names_the_job_whose_text_is_broken)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  execute (path, "UPDATE job SET dict = '{oops'");
  cr_assert (_migrate_journal_load_job (journal, "job-1", &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "Values of job “job-1” in journal");
}

/* ---- asynchronous calls, foreign implementations ---- */

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

Test (journal, answers_asynchronously)
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

Test (journal, cancelled_before_it_reads)
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

Test (journal, result_of_another_call_is_refused, .signal = SIGTRAP)
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

Test (journal, gives_words_to_a_mute_implementation)
{
  g_autoptr (MigrateJournal) mute = g_object_new (TEST_TYPE_MUTE, NULL);
  GError *error = NULL;

  cr_assert (!_migrate_journal_add_job (mute, "a", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “add_job”");
  cr_assert (_migrate_journal_claim (mute, GUEST, "a", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “claim”");
  cr_assert (_migrate_journal_collect (mute, "a", &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_FAILED, "“TestMute” failed in “collect”");
  cr_assert (migrate_journal_lookup (mute, "a", NULL, &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_FAILED, "gave “s” from “load_job”, not “a{sv}”");
  cr_assert (!_migrate_journal_add_job (mute, "a", NULL, NULL));
}

Test (journal, works_on_a_thread_without_signals)
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

/* ---- claims ---- */

static guint64
child_claims (void)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);

  return _migrate_journal_claim (journal, GUEST, "job-1", NULL);
}

Test (journal, claim_is_idempotent_and_released)
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

Test (journal, one_holder_has_one_job_per_guest)
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

Test (journal, busy_while_another_process_lives)
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

Test (journal, takes_over_from_the_dead)
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

Test (journal, another_job_takes_over_from_the_dead)
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
Test (journal, refuses_a_controller_that_slept)
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

Test (journal, an_object_that_is_gone_holds_nothing)
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

Test (journal, without_generation_only_without_claim)
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

Test (journal, unknown_is_not_dead)
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

Test (journal, one_of_many_wins_a_new_journal)
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

Test (journal, sweeps_what_the_dead_left)
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

/* ---- mailbox ---- */

Test (journal, mailbox_keeps_the_order)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (MigrateJournal) holder = migrate_sqlite_journal_new (path);
  g_autoptr (GVariant) messages = NULL;
  g_autoptr (GVariant) none = NULL;
  GError *error = NULL;

  cr_assert (_migrate_journal_add_job (journal, "job-2", NULL, &error));
  cr_assert (_migrate_journal_post (journal, "job-2", "detach", NULL, &error));
  for (int i = 0; i < 20; i++)
    cr_assert (_migrate_journal_post (journal, "job-1", i % 2 == 0 ? "retune" : "cancel",
                                      g_variant_new_parsed ("{'n': <%i>}", i), &error));
  messages = _migrate_journal_collect (holder, "job-1", &error);
  assert_no_error (error);
  cr_assert (g_variant_n_children (messages) == 20);
  for (int i = 0; i < 20; i++)
    {
      g_autoptr (GVariant) message = g_variant_get_child_value (messages, i);
      g_autoptr (GVariant) values = g_variant_lookup_value (message, "values", NULL);
      int n = -1;

      cr_assert_str_eq (_migrate_variant_string (message, "verb"),
                        i % 2 == 0 ? "retune" : "cancel");
      cr_assert (_migrate_variant_uint64 (message, "at-us", 0) > 0);
      cr_assert (g_variant_lookup (values, "n", "i", &n) && n == i);
    }
  none = _migrate_journal_collect (holder, "job-1", &error);
  assert_no_error (error);
  cr_assert (g_variant_n_children (none) == 0);
}

Test (journal, looking_into_an_empty_mailbox_waits_for_nobody)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) none = NULL;
  gint64 begun;
  sqlite3 *db = NULL;
  GError *error = NULL;

  cr_assert (sqlite3_open (path, &db) == SQLITE_OK);
  cr_assert (sqlite3_exec (db, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK);
  begun = g_get_monotonic_time ();
  none = _migrate_journal_collect (journal, "job-1", &error);
  assert_no_error (error);
  cr_assert (g_variant_n_children (none) == 0);
  cr_assert (g_get_monotonic_time () - begun < G_USEC_PER_SEC);
  sqlite3_close (db);
}

/* ---- processes, threads, files ---- */

static guint64
child_writes (void)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);

  for (guint64 i = 0; i < 100; i++)
    if (!_migrate_journal_append (journal, "job-1", 0, "sample", "x", "done", NULL, NULL))
      return i;
  return 100;
}

static gsize
count_entries (MigrateJournal *journal)
{
  GError *error = NULL;
  g_autoptr (GVariant) entries = _migrate_journal_load_entries (journal, "job-1", &error);

  assert_no_error (error);
  return g_variant_n_children (entries);
}

Test (journal, is_read_while_others_write)
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

Test (journal, keeps_what_was_acknowledged)
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
Test (journal, waits_for_a_reader_of_a_new_file)
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

Test (journal, is_used_by_two_threads)
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

Test (journal, leaks_no_files)
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

Test (journal, is_not_used_across_a_fork)
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

/* ---- housekeeping ---- */

Test (journal, removes_old_closed_jobs)
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

/* ---- the journal in memory ---- */

Test (journal, works_in_memory)
{
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateJournal) other = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (GVariant) messages = NULL;
  GError *error = NULL;

  cr_assert_str_eq (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)), ":memory:");
  cr_assert (_migrate_journal_add_job (journal, "job-1", NULL, &error));
  cr_assert (_migrate_journal_add_job (journal, "job-2", NULL, &error));
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-2", &error) == 0);
  assert_error (&error, MIGRATE_ERROR_BUSY, "is held by job “job-1”");
  cr_assert (_migrate_journal_append (journal, "job-1", 1, "step", "x", "begun", NULL, &error));
  cr_assert (_migrate_journal_post (journal, "job-1", "cancel", NULL, &error));
  messages = _migrate_journal_collect (journal, "job-1", &error);
  cr_assert (g_variant_n_children (messages) == 1);
  record = migrate_journal_lookup (journal, "job-1", NULL, &error);
  assert_no_error (error);
  cr_assert (migrate_job_record_is_held (record));
  cr_assert (_migrate_journal_release (journal, GUEST, "job-1", 1, &error));
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-2", &error) == 2);
  cr_assert (migrate_journal_lookup (other, "job-1", NULL, &error) == NULL);
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, "“:memory:”");
}

/* ---- places ---- */

static void
become_nobody (void)
{
  if (getuid () != 0)
    cr_skip ("this test changes the user: it must run as root");
  cr_assert (chmod (folder, 0755) == 0);
  cr_assert (seteuid (NOBODY) == 0);
}

Test (journal, default_place_of_root)
{
  g_autoptr (MigrateJournal) journal = NULL;

  if (geteuid () != 0)
    cr_skip ("this test must run as root");
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert_str_eq (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)),
                    "/var/lib/libmigrate/journal.sqlite");
}

Test (journal, default_place_of_a_user)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *home = g_build_filename (folder, "home", NULL);
  g_autofree char *expected
    = g_build_filename (home, ".local/state/libmigrate/journal.sqlite", NULL);
  g_autofree char *xdg = g_build_filename (folder, "libmigrate/journal.sqlite", NULL);
  GError *error = NULL;

  become_nobody ();
  cr_assert (seteuid (0) == 0 && g_mkdir (home, 0700) == 0 && chown (home, NOBODY, -1) == 0);
  cr_assert (seteuid (NOBODY) == 0);
  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_STATE_HOME", folder, TRUE);
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert_str_eq (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)), xdg);
  g_clear_object (&journal);
  g_setenv ("XDG_STATE_HOME", "not/absolute", TRUE);
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert_str_eq (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)), expected);
  cr_assert (_migrate_journal_add_job (journal, "job-1", NULL, &error));
  cr_assert (mode_of (expected) == 0600);
}

Test (journal, no_home)
{
  g_autoptr (MigrateJournal) journal = NULL;
  GError *error = NULL;

  become_nobody ();
  g_unsetenv ("HOME");
  g_unsetenv ("XDG_STATE_HOME");
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)) == NULL);
  cr_assert (migrate_journal_list (journal, NULL, &error) == NULL);
  cr_assert (error != NULL);
  cr_assert (strstr (_migrate_error_private (error)->remedy, "XDG_STATE_HOME") != NULL);
  cr_assert (strstr (_migrate_error_private (error)->remedy, "none") != NULL);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "neither XDG_STATE_HOME nor HOME");
}

Test (journal, a_path_does_not_follow_the_directory)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *here = g_build_filename (folder, "j.sqlite", NULL);
  GError *error = NULL;

  cr_assert (chdir (folder) == 0);
  journal = migrate_sqlite_journal_new ("j.sqlite");
  cr_assert (chdir ("/") == 0);
  cr_assert (_migrate_journal_add_job (journal, "job-1", NULL, &error));
  assert_no_error (error);
  cr_assert (g_file_test (here, G_FILE_TEST_EXISTS));
}

Test (journal, folder_that_cannot_be_made)
{
  become_nobody ();
  assert_journal_error (path, "cannot be made or entered: Permission denied");
}

Test (journal, folder_that_cannot_be_written)
{
  g_autofree char *file = g_build_filename (folder, "j.sqlite", NULL);

  become_nobody ();
  assert_journal_error (file, "cannot be opened: Permission denied");
}

/* The file is ours, the folder is not: SQLite cannot make its log. */
Test (journal, log_that_cannot_be_made)
{
  g_autofree char *state = g_path_get_dirname (path);

  g_object_unref (journal_with_job ("job-1"));
  become_nobody ();
  cr_assert (seteuid (0) == 0 && chmod (state, 0755) == 0 && chown (path, NOBODY, -1) == 0);
  cr_assert (seteuid (NOBODY) == 0);
  assert_journal_error (path, "cannot be opened: attempt to write a readonly database");
}

Test (journal, file_that_can_only_be_read)
{
  g_autofree char *state = g_path_get_dirname (path);

  g_object_unref (journal_with_job ("job-1"));
  become_nobody ();
  cr_assert (seteuid (0) == 0 && chmod (path, 0400) == 0);
  cr_assert (chown (path, NOBODY, -1) == 0 && chown (state, NOBODY, -1) == 0);
  cr_assert (seteuid (NOBODY) == 0);
  assert_journal_error (path, "cannot be opened: it can only be read");
}

Test (journal, file_of_another_user)
{
  g_object_unref (journal_with_job ("job-1"));
  if (getuid () != 0)
    cr_skip ("this test gives files away: it must run as root");
  cr_assert (chown (path, NOBODY, -1) == 0);
  assert_journal_error (path, "it belongs to user 65534, this program runs as user 0");
}

Test (journal, file_that_others_can_write)
{
  g_object_unref (journal_with_job ("job-1"));
  cr_assert (chmod (path, 0602) == 0);
  assert_journal_error (path, "others may write to it");
  cr_assert (chmod (path, 0620) == 0);
  assert_journal_error (path, "others may write to it");
}

Test (journal, folder_that_others_can_write)
{
  g_autofree char *state = g_path_get_dirname (path);

  cr_assert (g_mkdir (state, 0700) == 0 && chmod (state, 0777) == 0);
  assert_journal_error (path, "others may replace files in its folder");
  cr_assert (chmod (state, 01777) == 0);
  g_object_unref (journal_with_job ("job-1"));
}

Test (journal, not_a_file)
{
  g_autofree char *link = g_build_filename (folder, "link.sqlite", NULL);

  g_object_unref (journal_with_job ("job-1"));
  cr_assert (symlink (path, link) == 0);
  assert_journal_error (link, "it is not a regular file");
  assert_journal_error (folder, "it is not a regular file");
  assert_journal_error ("/dev/null", "it is not a regular file");
}

Test (journal, not_a_database)
{
  g_autofree char *file = g_build_filename (folder, "j.sqlite", NULL);
  g_autofree char *text = g_strnfill (5000, 'x');

  cr_assert (g_file_set_contents_full (file, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  assert_journal_error (file, "cannot be opened: file is not a database");
}

Test (journal, database_of_another_program)
{
  g_autofree char *file = g_build_filename (folder, "j.sqlite", NULL);

  execute (file, "CREATE TABLE cookies (name)");
  cr_assert (chmod (file, 0600) == 0);
  assert_journal_error (file, "it is a database of another program");
}

Test (journal, newer_schema)
{
  g_object_unref (journal_with_job ("job-1"));
  execute (path, "PRAGMA user_version = 7");
  assert_journal_error (path, "it was written by a newer libmigrate (schema 7, this one knows up");
}

Test (journal, damaged_file)
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

Test (journal, file_that_was_removed)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (g_unlink (path) == 0);
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "the file was moved or deleted");
}

Test (journal, goes_on_after_a_write_that_failed)
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

/* A mount name space of its own, for a file system that is full or cannot be written. */
static void
mount_small (void)
{
  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || mount ("none", folder, "tmpfs", 0, "size=256k") != 0)
    cr_skip ("no right to mount a file system");
}

Test (journal, full_file_system)
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

Test (journal, read_only_file_system)
{
  g_autofree char *fresh = g_build_filename (folder, "new", "j.sqlite", NULL);

  mount_small ();
  g_object_unref (journal_with_job ("job-1"));
  cr_assert (mount (NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
  assert_journal_error (path, "cannot be opened: it can only be read");
  assert_journal_error (fresh, "Read-only file system");
}

/* A file system without shared memory: SQLite's own stand-in for one. */
Test (journal, works_without_wal)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  g_autoptr (MigrateJournal) journal = NULL;
  GError *error = NULL;

  sqlite3_vfs_register (sqlite3_vfs_find ("unix-dotfile"), TRUE);
  journal = journal_with_job ("job-1");
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (_migrate_journal_append (journal, "job-1", 1, "step", "x", "begun", NULL, &error));
  cr_assert (count_entries (journal) == 1);
  cr_assert (!g_file_test (wal, G_FILE_TEST_EXISTS));
}
