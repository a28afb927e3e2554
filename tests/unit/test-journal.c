/* The journal: values, log, mailbox. */
#include "journaltest.h"

#include <math.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/stat.h>
#include <glib/gstdio.h>

JOURNAL_SUITE (journal);

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

Test (journal, records_all_or_nothing)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (MigrateJobRecord) record = NULL;
  GVariant *entries[2];
  GError *error = NULL;

  for (guint again = 0; again < 2; again++)
    {
      guint64 generation = again == 0 ? 9 : 0; /* of a claim that nobody has */
      gboolean ok;

      for (guint i = 0; i < 2; i++)
        entries[i] = _migrate_journal_entry_new ("step", i == 0 ? "one" : "two", "done", NULL);
      ok = _migrate_journal_record (journal, "job-1", generation,
                                    g_variant_new_array (G_VARIANT_TYPE_VARDICT, entries, 2),
                                    g_variant_new_parsed ("{'state': <'failed'>}"), &error);
      cr_assert (ok == (again != 0));
      cr_assert (count_entries (journal) == (ok ? 2 : 0));
      record = migrate_journal_lookup (journal, "job-1", NULL, NULL);
      cr_assert (migrate_job_record_get_state (record)
                 == (ok ? MIGRATE_STATE_FAILED : MIGRATE_STATE_CHECKED));
      g_clear_object (&record);
      g_clear_error (&error);
    }
}

/* Names that a job's own values have mean nothing in them. */
Test (journal, entries_keep_every_value)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autoptr (GVariant) written = g_variant_ref_sink (
    g_variant_new_parsed ("{'id': <'vda'>, 'held': <true>, 'created-us': <uint64 1>}"));
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) entry = NULL;
  g_autoptr (GVariant) read = NULL;
  GError *error = NULL;

  cr_assert (
    _migrate_journal_append (journal, "job-1", 0, "step", "make", "begun", written, &error));
  entries = _migrate_journal_load_entries (journal, "job-1", &error);
  assert_no_error (error);
  entry = g_variant_get_child_value (entries, g_variant_n_children (entries) - 1);
  read = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
  cr_assert_str_eq (_migrate_variant_string (read, "id"), "vda");
  cr_assert_eq (g_variant_n_children (read), g_variant_n_children (written));
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
    g_variant_new_parsed ("{'state': <'levitating'>, 'outcome': <'ascended'>}"), NULL, NULL);

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

/* ---- in memory ---- */

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
