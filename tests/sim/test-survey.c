/* Surveys in the simulator: one guest, many destinations, of which some do not answer. */
#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>
#include <string.h>

static SimWorld *world;

static void
set_up (void)
{
  world = sim_world_new ("w", 1);
  for (int i = 1; i <= 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("h%d", i);

      sim_world_add_host (world, name);
    }
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0" });
}

static void
tear_down (void)
{
  sim_world_free (world);
}

TestSuite (survey, .init = set_up, .fini = tear_down, .timeout = 300);

/* hosts: names with a blank between. */
static MigrateSurvey *
survey_new (const char *guest, const char *hosts)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (GListStore) destinations = g_list_store_new (MIGRATE_TYPE_HOST);
  g_auto (GStrv) names = g_strsplit (hosts, " ", -1);

  for (char **name = names; *name != NULL && **name != '\0'; name++)
    {
      g_autofree char *uri = g_strdup_printf ("sim://w/%s", *name);
      g_autoptr (MigrateHost) host = migrate_host_new (uri);

      g_list_store_append (destinations, host);
    }
  return migrate_survey_new (guest, source, G_LIST_MODEL (destinations));
}

static GListModel *
run_works (MigrateSurvey *survey)
{
  g_autoptr (GError) error = NULL;
  GListModel *entries = migrate_survey_run (survey, NULL, &error);
  g_autoptr (MigrateFailure) failure = migrate_survey_dup_failure (survey);

  cr_assert_not_null (entries, "%s", error != NULL ? error->message : "");
  cr_assert_null (failure);
  return entries;
}

static void
assert_code (const GError *error, int code)
{
  cr_assert_not_null (error, "it did not fail");
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "code %d: %s", error->code,
             error->message);
}

/* "h2 h3 h4": in their order. */
static void
assert_order (GListModel *entries, const char *order)
{
  g_autoptr (GString) names = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);
      MigrateHost *host = migrate_survey_entry_get_host (entry);

      cr_assert_eq (migrate_survey_entry_get_rank (entry), i + 1);
      g_string_append_printf (names, "%s%s", i > 0 ? " " : "",
                              strrchr (migrate_host_get_uri (host), '/') + 1);
    }
  cr_assert_str_eq (names->str, order, "%s", names->str);
}

static void
assert_reason (MigrateSurveyEntry *entry, const char *part)
{
  const char *reason = migrate_survey_entry_get_reason (entry);

  cr_assert_not_null (strstr (reason, part), "%s", reason);
}

/* h2 has another guest of that name, h3 is off, h4 is good. */
static void
spoil_two (void)
{
  sim_world_add_guest (
    world, "h2", &(SimGuestSpec){ .name = "g0", .uuid = "11111111-2222-3333-4444-555555555555" });
  sim_world_do (world, &(SimAction){ .what = SIM_KILL_HOST, .host = "h3" });
}

Test (survey, ranks_one_good_one_blocked_one_that_does_not_answer)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h3 h2 h4");
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (MigrateSurveyEntry) good = NULL;
  g_autoptr (MigrateSurveyEntry) blocked = NULL;
  g_autoptr (MigrateSurveyEntry) silent = NULL;

  spoil_two ();
  entries = run_works (survey);
  assert_order (entries, "h4 h2 h3");
  good = g_list_model_get_item (entries, 0);
  blocked = g_list_model_get_item (entries, 1);
  silent = g_list_model_get_item (entries, 2);

  cr_assert_not (migrate_report_is_blocked (migrate_survey_entry_get_report (good)));
  cr_assert_not_null (migrate_survey_entry_get_facts (good));
  cr_assert_null (migrate_survey_entry_get_failure (good));
  assert_reason (good, "the only one where nothing blocks the move");
  cr_assert (migrate_report_is_blocked (migrate_survey_entry_get_report (blocked)));
  assert_reason (blocked, "It has 1 blocker: name-taken");
  cr_assert_null (migrate_survey_entry_get_report (silent));
  cr_assert_null (migrate_survey_entry_get_facts (silent));
  cr_assert_eq (migrate_failure_get_code (migrate_survey_entry_get_failure (silent)),
                MIGRATE_ERROR_UNREACHABLE);
  cr_assert_eq (migrate_failure_get_side (migrate_survey_entry_get_failure (silent)),
                MIGRATE_SIDE_DESTINATION);
  assert_reason (silent, "It could not be checked: ");
}

Test (survey, facts_are_of_the_one_destination)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3");
  g_autoptr (GListModel) entries = run_works (survey);

  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);
      MigrateFacts *facts = migrate_survey_entry_get_facts (entry);
      g_autoptr (MigrateReport) again = migrate_facts_check (facts, NULL, MIGRATE_KIND_AUTO);
      MigrateReport *report = migrate_survey_entry_get_report (entry);

      cr_assert_str_eq (migrate_facts_get_source (facts), "sim://w/h1");
      cr_assert_str_eq (migrate_facts_get_destination (facts),
                        i == 0 ? "sim://w/h2" : "sim://w/h3");
      cr_assert_str_eq (migrate_facts_get_guest_name (facts), "g0");
      cr_assert_eq (g_list_model_get_n_items (G_LIST_MODEL (report)),
                    g_list_model_get_n_items (G_LIST_MODEL (again)));
    }
}

/* Each destination is probed by itself, beside the others, in one folder. */
Test (survey, probes_shared_storage_for_each)
{
  static const struct
  {
    const char *host, *storage;
  } pools[] = { { "h1", "a" }, { "h2", "b" }, { "h3", "a" }, { "h4", "a" } };
  g_autoptr (MigrateSurvey) survey = survey_new ("g1", "h2 h3 h4");
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (MigrateSurveyEntry) last = NULL;
  g_auto (GStrv) files = NULL;

  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g1", .disk = "/images/g1.qcow2" });
  sim_world_add_file (world, "a", "g1.qcow2");
  for (gsize i = 0; i < G_N_ELEMENTS (pools); i++)
    sim_world_add_pool (
      world, pools[i].host,
      &(SimPoolSpec){ .name = "p", .target = "/images", .storage = pools[i].storage });
  sim_world_refresh_pools (world);
  entries = run_works (survey);
  assert_order (entries, "h3 h4 h2");
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);

      cr_assert_not (migrate_report_is_blocked (migrate_survey_entry_get_report (entry)), "%s",
                     migrate_survey_entry_get_reason (entry));
    }
  last = g_list_model_get_item (entries, 2);
  assert_reason (last, "disks to be copied");
  files = sim_world_list_files (world, "a");
  cr_assert_eq (g_strv_length (files), 1, "%s", files[0]);
}

static MigrateFinding *
find_elsewhere (MigrateSurveyEntry *entry)
{
  GListModel *report = G_LIST_MODEL (migrate_survey_entry_get_report (entry));

  for (guint i = 0; i < g_list_model_get_n_items (report); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (report, i);

      if (g_str_equal (migrate_finding_get_code (finding), "guest-elsewhere"))
        return g_steal_pointer (&finding);
    }
  return NULL;
}

/* h3 runs it too: whoever moved it to h2 or h4 would have two copies still. */
Test (survey, a_guest_that_runs_on_one_of_them_blocks_all)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3 h4");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (GListModel) entries = NULL;

  sim_world_add_guest (world, "h3", &(SimGuestSpec){ .name = "g0" });
  cr_assert (migrate_policy_set (policy, "accept", "guest-elsewhere;already-there", NULL));
  cr_assert (migrate_policy_set (policy, "link-speed", "100", NULL));
  migrate_survey_set_policy (survey, policy);
  migrate_survey_set_forecast (survey, TRUE);
  entries = run_works (survey);
  assert_order (entries, "h2 h3 h4");
  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);
      MigrateReport *report = migrate_survey_entry_get_report (entry);
      g_autoptr (MigrateFinding) finding = find_elsewhere (entry);
      g_autoptr (MigrateReport) again
        = migrate_facts_check (migrate_survey_entry_get_facts (entry), NULL, MIGRATE_KIND_AUTO);

      cr_assert (migrate_report_is_blocked (report));
      cr_assert_eq (migrate_report_count (report, MIGRATE_SEVERITY_BLOCKER), 1);
      cr_assert_eq (migrate_report_count (again, MIGRATE_SEVERITY_BLOCKER), 1);
      cr_assert_not_null (migrate_report_get_forecast (report), "what was forecast stays");
      assert_reason (entry, i == 1 ? "already-there" : "guest-elsewhere");
      if (i == 1)
        {
          cr_assert_null (finding);
          continue;
        }
      cr_assert_str_eq (migrate_finding_get_subject (finding), "sim://w/h3");
      cr_assert_not_null (strstr (migrate_finding_get_remedy (finding), "migratectl recover"));
    }
}

/* What an earlier move forgot on h3 is no second copy: g0 runs on h1, and nothing runs there. */
Test (survey, a_definition_on_one_of_them_is_told_to_all)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3 h4");
  g_autoptr (GListModel) entries = NULL;

  sim_world_add_guest (world, "h3",
                       &(SimGuestSpec){ .name = "g0", .state = MIGRATE_DOMAIN_SHUTOFF });
  entries = run_works (survey);
  assert_order (entries, "h2 h4 h3");
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);
      g_autoptr (MigrateFinding) finding = find_elsewhere (entry);

      cr_assert_not (migrate_report_is_blocked (migrate_survey_entry_get_report (entry)));
      cr_assert_eq (migrate_finding_get_severity (finding), MIGRATE_SEVERITY_WARNING);
    }
}

/* The source itself may be among the destinations. */
Test (survey, a_guest_that_is_nowhere_else_is_told_of_nowhere)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h1 h2 h3");
  g_autoptr (GListModel) entries = run_works (survey);

  for (guint i = 0; i < 3; i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);

      cr_assert_null (find_elsewhere (entry), "row %u", i);
    }
}

/* As often as for one destination, however many there are. */
Test (survey, asks_the_source_once)
{
  g_autoptr (MigrateSurvey) one = survey_new ("g0", "h2");
  g_autoptr (MigrateSurvey) three = survey_new ("g0", "h2 h3 h4");
  g_autoptr (GListModel) first = run_works (one);
  guint asked = sim_world_count_calls (world, "facts:h1");
  guint there = sim_world_count_calls (world, "facts:h2");
  g_autoptr (GListModel) second = run_works (three);

  cr_assert_gt (asked, 0);
  cr_assert_eq (sim_world_count_calls (world, "facts:h1"), 2 * asked);
  cr_assert_eq (sim_world_count_calls (world, "facts:h2"), 2 * there);
  cr_assert_eq (sim_world_count_calls (world, "facts:h4"), there);
}

/* The guest is looked at once for all. */
Test (survey, forecasts_each_from_one_look)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (GListModel) entries = NULL;

  cr_assert (migrate_policy_set (policy, "link-speed", "100", NULL));
  migrate_survey_set_policy (survey, policy);
  migrate_survey_set_forecast (survey, TRUE);
  entries = run_works (survey);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);
      MigrateForecast *forecast
        = migrate_report_get_forecast (migrate_survey_entry_get_report (entry));

      cr_assert_not_null (forecast);
      cr_assert_eq (migrate_forecast_get_convergence (forecast), MIGRATE_CONVERGENCE_CONVERGES);
    }
  cr_assert_gt (sim_world_count_calls (world, "start-dirty-rate:h1"), 0);
  cr_assert_leq (sim_world_count_calls (world, "start-dirty-rate:h1"), 2);
}

/* More than are asked at once. */
Test (survey, takes_many_destinations)
{
  g_autoptr (GString) hosts = g_string_new ("h2 h3 h4");
  g_autoptr (MigrateSurvey) survey = NULL;
  g_autoptr (GListModel) entries = NULL;

  for (int i = 5; i <= 40; i++)
    {
      g_autofree char *name = g_strdup_printf ("h%d", i);

      sim_world_add_host (world, name);
      g_string_append_printf (hosts, " %s", name);
    }
  survey = survey_new ("g0", hosts->str);
  entries = run_works (survey);
  assert_order (entries, hosts->str);
  cr_assert_eq (sim_world_count_calls (world, "facts:h1"), 1);
}

Test (survey, one_that_hangs_is_a_row_after_its_time)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3 h4");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (MigrateSurveyEntry) last = NULL;
  gint64 begun = sim_world_get_now (world);

  cr_assert (migrate_policy_set (policy, "call-timeout", "2000", NULL));
  migrate_survey_set_policy (survey, policy);
  sim_world_do (world, &(SimAction){ .what = SIM_HANG_LIBVIRTD, .host = "h2" });
  entries = run_works (survey);
  assert_order (entries, "h3 h4 h2");
  last = g_list_model_get_item (entries, 2);
  cr_assert_eq (migrate_failure_get_code (migrate_survey_entry_get_failure (last)),
                MIGRATE_ERROR_TIMED_OUT);
  cr_assert_leq (sim_world_get_now (world) - begun, 3 * G_TIME_SPAN_SECOND);
}

/* Each of them holds a thread up; the good one is asked all the same. */
Test (survey, many_that_hang_do_not_hide_a_good_one)
{
  g_autoptr (GString) hosts = g_string_new ("h2");
  g_autoptr (MigrateSurvey) survey = NULL;
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (MigrateSurveyEntry) best = NULL;

  sim_world_do (world, &(SimAction){ .what = SIM_HANG_LIBVIRTD, .host = "h2" });
  for (int i = 5; i <= 24; i++)
    {
      g_autofree char *name = g_strdup_printf ("h%d", i);

      sim_world_add_host (world, name);
      sim_world_do (world, &(SimAction){ .what = SIM_HANG_LIBVIRTD, .host = name });
      g_string_append_printf (hosts, " %s", name);
    }
  g_string_append (hosts, " h3");
  survey = survey_new ("g0", hosts->str);
  cr_assert (migrate_policy_set (policy, "call-timeout", "1000", NULL));
  migrate_survey_set_policy (survey, policy);
  entries = run_works (survey);
  cr_assert_eq (g_list_model_get_n_items (entries), 22);
  best = g_list_model_get_item (entries, 0);
  cr_assert_str_eq (migrate_host_get_uri (migrate_survey_entry_get_host (best)), "sim://w/h3");
}

static void
assert_run_fails (MigrateSurvey *survey, int code)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = migrate_survey_run (survey, NULL, &error);
  g_autoptr (MigrateFailure) failure = migrate_survey_dup_failure (survey);

  cr_assert_null (entries);
  assert_code (error, code);
  if (failure != NULL) /* it was begun */
    cr_assert_str_eq (migrate_failure_get_message (failure), error->message);
}

Test (survey, a_source_that_cannot_be_asked_is_an_error)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3");
  g_autoptr (MigrateFailure) failure = NULL;

  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h1" });
  assert_run_fails (survey, MIGRATE_ERROR_UNREACHABLE);
  failure = migrate_survey_dup_failure (survey);
  cr_assert_eq (migrate_failure_get_side (failure), MIGRATE_SIDE_SOURCE);
  cr_assert_eq (sim_world_count_calls (world, "open:h2"), 0, "nobody needs to be asked");
  /* Again, when it is back. */
  sim_world_do (world, &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h1" });
  g_object_unref (run_works (survey));
}

Test (survey, an_unknown_guest_is_an_error)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("nobody", "h2 h3");

  assert_run_fails (survey, MIGRATE_ERROR_NOT_FOUND);
}

Test (survey, needs_a_destination)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "");

  assert_run_fails (survey, MIGRATE_ERROR_INVALID);
}

Test (survey, needs_a_guest_and_a_source)
{
  g_autoptr (MigrateSurvey) survey = g_object_new (MIGRATE_TYPE_SURVEY, NULL);

  assert_run_fails (survey, MIGRATE_ERROR_INVALID);
}

Test (survey, refuses_a_source_that_names_a_program)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("qemu+ext:///system?command=/bin/sh");
  g_autoptr (GListStore) destinations = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigrateSurvey) survey = migrate_survey_new ("g0", source, G_LIST_MODEL (destinations));

  assert_run_fails (survey, MIGRATE_ERROR_INVALID);
}

Test (survey, a_destination_that_is_no_host_is_a_row)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) good = migrate_host_new ("sim://w/h2");
  g_autoptr (MigrateHost) bad = migrate_host_new ("qemu+ext:///system?command=/bin/sh");
  g_autoptr (GListStore) destinations = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigrateSurvey) survey = NULL;
  g_autoptr (GListModel) entries = NULL;
  g_autoptr (MigrateSurveyEntry) last = NULL;

  g_list_store_append (destinations, bad);
  g_list_store_append (destinations, good);
  survey = migrate_survey_new ("g0", source, G_LIST_MODEL (destinations));
  entries = run_works (survey);
  last = g_list_model_get_item (entries, 1);
  cr_assert_eq (migrate_survey_entry_get_host (last), bad);
  cr_assert_eq (migrate_failure_get_code (migrate_survey_entry_get_failure (last)),
                MIGRATE_ERROR_INVALID);
}

/* ---- cancelling ---- */

static void
assert_cancelled (MigrateSurvey *survey, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) entries = migrate_survey_run (survey, cancellable, &error);

  cr_assert_null (entries);
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s",
             error != NULL ? error->message : "it did not fail");
}

Test (survey, cancelled_before_it_begins_asks_nobody)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3");
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();

  g_cancellable_cancel (cancellable);
  assert_cancelled (survey, cancellable);
  cr_assert_eq (sim_world_count_calls (world, "facts"), 0);
}

typedef struct
{
  GCancellable *cancellable;
  guint ms;
} CancelAfter;

static gpointer
cancel_main (gpointer data)
{
  g_autoptr (GCancellable) cancellable = data;

  g_cancellable_cancel (cancellable);
  return NULL;
}

/* In a thread that the simulator does not hold up: who disconnects waits for the handler. */
static void
cancel_after (gpointer data, gpointer unused)
{
  CancelAfter *after = data;

  sim_world_sleep (world, after->ms);
  g_thread_unref (g_thread_new ("cancel", cancel_main, g_object_ref (after->cancellable)));
}

/* In every millisecond of it, until it comes to its end before. */
Test (survey, can_be_cancelled_at_any_time)
{
  MigrateBackend *backend = sim_world_get_backend (world);
  guint cancelled = 0;

  for (guint ms = 0; ms < 100; ms++)
    {
      g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3");
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      g_autoptr (GListModel) entries = NULL;
      g_autoptr (GError) error = NULL;
      CancelAfter after = { cancellable, ms };

      sim_world_enter (world);
      cr_assert (
        backend->vtable->start_thread (backend, "cancel", cancel_after, &after, NULL /* error */));
      entries = migrate_survey_run (survey, cancellable, &error);
      while (!g_cancellable_is_cancelled (cancellable))
        sim_world_sleep (world, 1);
      sim_world_leave (world);
      if (entries != NULL)
        {
          cr_assert_gt (cancelled, 5);
          return;
        }
      cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s", error->message);
      cancelled++;
    }
  cr_assert_fail ("it never came to its end");
}

/* ---- asynchronously ---- */

typedef struct
{
  GMainLoop *loop;
  GThread *thread;
  GListModel *entries;
  GError *error;
} Heard;

static void
on_run (GObject *object, GAsyncResult *result, gpointer data)
{
  Heard *heard = data;

  heard->thread = g_thread_self ();
  heard->entries = migrate_survey_run_finish (MIGRATE_SURVEY (object), result, &heard->error);
  g_main_loop_quit (heard->loop);
}

Test (survey, runs_in_the_background_and_one_at_a_time)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3");
  Heard heard = { .loop = g_main_loop_new (NULL, FALSE) };

  migrate_survey_run_async (survey, NULL, on_run, &heard);
  assert_run_fails (survey, MIGRATE_ERROR_BUSY);
  g_main_loop_run (heard.loop);
  cr_assert_not_null (heard.entries, "%s", heard.error != NULL ? heard.error->message : "");
  cr_assert_eq (heard.thread, g_thread_self ());
  assert_order (heard.entries, "h2 h3");
  g_object_unref (heard.entries);
  g_main_loop_unref (heard.loop);
}

/* ---- the journal ---- */

Test (survey, writes_its_checks_down_where_it_is_told_to)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3");
  g_autofree char *folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "journal.sqlite", NULL);
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new (path);
  g_autoptr (GListModel) jobs = NULL;
  g_autofree char *command = g_strdup_printf ("rm -r %s", folder);

  migrate_survey_set_journal (survey, journal);
  g_object_unref (run_works (survey));
  jobs = migrate_journal_list (journal, NULL, NULL);
  cr_assert_eq (g_list_model_get_n_items (jobs), 2);
  cr_assert_eq (g_spawn_command_line_sync (command, NULL, NULL, NULL, NULL), TRUE);
}

/* ---- a CPU for many ---- */

static MigrateBaseline *
baseline_works (MigrateSurvey *survey)
{
  g_autoptr (GError) error = NULL;
  MigrateBaseline *baseline = migrate_survey_baseline (survey, NULL, &error);

  cr_assert_not_null (baseline, "%s", error != NULL ? error->message : "");
  return baseline;
}

static void
assert_list (char **taken, const char *expected)
{
  g_auto (GStrv) list = taken;
  g_autofree char *joined = g_strjoinv (" ", list);

  cr_assert_str_eq (joined, expected, "%s", joined);
}

Test (survey, baseline_is_what_all_have_and_names_who_does_not_answer)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2 h3 h4");
  g_autoptr (MigrateBaseline) baseline = NULL;
  g_auto (GStrv) advice = NULL;

  sim_world_set_cpu (world, "h1", "Skylake", "aes avx2 avx512f");
  sim_world_set_cpu (world, "h2", "Skylake", "aes avx2");
  sim_world_set_cpu (world, "h3", "Skylake", "aes");
  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h3" });
  baseline = baseline_works (survey);
  cr_assert_str_eq (migrate_baseline_get_model (baseline), "Skylake");
  cr_assert_not_null (strstr (migrate_baseline_get_cpu (baseline), "<cpu "));
  assert_list (migrate_baseline_dup_features (baseline), "+aes +avx2");
  assert_list (migrate_baseline_dup_suited (baseline), "sim://w/h1 sim://w/h2");
  assert_list (migrate_baseline_dup_unsuited (baseline), "");
  assert_list (migrate_baseline_dup_unknown (baseline), "sim://w/h3 sim://w/h4");
  advice = migrate_baseline_dup_advice (baseline);
  cr_assert_str_eq (advice[1], "“sim://w/h2” could take the guest with this CPU");
  cr_assert (g_str_has_prefix (advice[2], "“sim://w/h3” cannot be judged: Cannot connect"), "%s",
             advice[2]);
  cr_assert (g_str_has_prefix (advice[3], "“sim://w/h4” cannot be judged: it does not tell"), "%s",
             advice[3]);
}

static void
assert_baseline_fails (MigrateSurvey *survey, int code)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_survey_baseline (survey, NULL, &error));
  assert_code (error, code);
}

Test (survey, baseline_of_cpus_with_nothing_in_common_fails)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2");

  sim_world_set_cpu (world, "h1", "Skylake", "aes");
  sim_world_set_cpu (world, "h2", "EPYC", "aes");
  assert_baseline_fails (survey, MIGRATE_ERROR_UNSUPPORTED);
}

Test (survey, baseline_needs_a_driver_that_knows_cpus)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2");

  sim_world_set_cpu (world, "h2", "Skylake", "aes");
  assert_baseline_fails (survey, MIGRATE_ERROR_UNSUPPORTED);
}

Test (survey, baseline_of_a_source_that_stops_answering_is_no_lack_of_support)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("g0", "h2");

  sim_world_set_cpu (world, "h1", "Skylake", "aes");
  sim_world_set_cpu (world, "h2", "Skylake", "aes");
  sim_world_hang_call (world, "facts:h1", 1);
  assert_baseline_fails (survey, MIGRATE_ERROR_TIMED_OUT);
}

Test (survey, baseline_of_an_unknown_guest_is_an_error)
{
  g_autoptr (MigrateSurvey) survey = survey_new ("nobody", "h2");

  assert_baseline_fails (survey, MIGRATE_ERROR_NOT_FOUND);
}
