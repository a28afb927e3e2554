/* A forecast in the simulator: asked for or not, refused, cancelled, learned; and against what came
 * of the move. */
#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>
#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)

static SimWorld *world;
static MigrateJournal *journal;

static void
set_up (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_set_bandwidth (world, "h1", "h2", 46 * MIB);
  journal = migrate_sqlite_journal_new_none ();
}

static void
tear_down (void)
{
  g_clear_object (&journal);
  sim_world_free (world);
}

TestSuite (sim_forecast, .init = set_up, .fini = tear_down, .timeout = 60);

static void
add_guest (guint64 rate, MigrateDomainState state)
{
  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0",
                                        .memory = 200 * MIB,
                                        .dirty_rate = rate * MIB,
                                        .working_set = 128 * MIB,
                                        .state = state });
}

static MigrateJob *
job_new (const char *from, const char *to, gboolean forecast)
{
  g_autofree char *a = g_strdup_printf ("sim://w/%s", from);
  g_autofree char *b = g_strdup_printf ("sim://w/%s", to);
  g_autoptr (MigrateHost) source = migrate_host_new (a);
  g_autoptr (MigrateHost) destination = migrate_host_new (b);
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  migrate_job_set_journal (job, journal);
  migrate_job_set_forecast (job, forecast);
  cr_assert_eq (migrate_job_get_forecast (job), forecast);
  return job;
}

static void
set_link_speed (MigrateJob *job, const char *mib)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();

  cr_assert (migrate_policy_set (policy, "link-speed", mib, NULL));
  migrate_job_set_policy (job, policy);
}

static MigrateForecast *
check (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, &error);
  MigrateForecast *forecast;

  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  forecast = migrate_report_get_forecast (report);
  return forecast != NULL ? migrate_forecast_ref (forecast) : NULL;
}

static char *
origin (MigrateForecast *forecast, const char *figure)
{
  g_autoptr (GVariant) details = migrate_forecast_dup_details (forecast);
  g_autofree char *key = g_strconcat (figure, "-origin", NULL);
  char *value = NULL;

  cr_assert (g_variant_lookup (details, key, "s", &value), "%s", key);
  return value;
}

#define assert_origin(forecast, figure, expected)                                                  \
  do                                                                                               \
    {                                                                                              \
      g_autofree char *said = origin (forecast, figure);                                           \
      cr_assert_str_eq (said, expected);                                                           \
    }                                                                                              \
  while (0)

/* ---- sampling ---- */

Test (sim_forecast, is_made_only_when_asked)
{
  g_autoptr (MigrateJob) job = NULL;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  job = job_new ("h1", "h2", FALSE);
  cr_assert_null (check (job));
  cr_assert_eq (sim_world_count_calls (world, "start-dirty-rate"), 0);
  cr_assert_eq (sim_world_count_calls (world, "memory"), 0);
}

Test (sim_forecast, samples_at_the_source_for_ten_seconds)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateForecast) forecast = NULL;
  gint64 begun;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  job = job_new ("h1", "h2", TRUE);
  set_link_speed (job, "48");
  begun = sim_world_get_now (world);
  forecast = check (job);
  cr_assert_not_null (forecast);
  cr_assert_eq (sim_world_count_calls (world, "start-dirty-rate:h1"), 3);
  cr_assert_eq (sim_world_count_calls (world, "start-dirty-rate:h2"), 0);
  cr_assert (sim_world_get_now (world) - begun < 11 * G_USEC_PER_SEC);
  assert_origin (forecast, "dirty-rate", "sampled");
  assert_origin (forecast, "bandwidth", "given");
  assert_origin (forecast, "memory", "sampled");
  cr_assert_eq (migrate_forecast_get_convergence (forecast), MIGRATE_CONVERGENCE_CONVERGES);
  cr_assert_eq (migrate_forecast_get_rung (forecast), MIGRATE_RUNG_PLAIN);
  cr_assert (migrate_forecast_has_downtime (forecast));
}

Test (sim_forecast, looks_twice_at_an_idle_guest)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateForecast) forecast = NULL;
  gint64 begun;

  add_guest (0, MIGRATE_DOMAIN_NOSTATE);
  job = job_new ("h1", "h2", TRUE);
  set_link_speed (job, "48");
  begun = sim_world_get_now (world);
  forecast = check (job);
  cr_assert_eq (sim_world_count_calls (world, "start-dirty-rate:h1"), 2);
  cr_assert (sim_world_get_now (world) - begun < 5 * G_USEC_PER_SEC);
  cr_assert_eq (migrate_forecast_get_convergence (forecast), MIGRATE_CONVERGENCE_CONVERGES);
}

Test (sim_forecast, does_not_sample_a_paused_guest)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateForecast) forecast = NULL;

  add_guest (200, MIGRATE_DOMAIN_PAUSED);
  job = job_new ("h1", "h2", TRUE);
  set_link_speed (job, "48");
  forecast = check (job);
  cr_assert_eq (sim_world_count_calls (world, "start-dirty-rate"), 0);
  cr_assert_eq (migrate_forecast_get_convergence (forecast), MIGRATE_CONVERGENCE_CONVERGES);
  cr_assert_not (migrate_forecast_has_downtime (forecast));
}

static void
assert_no_dirty_rate (MigrateJob *job)
{
  g_autoptr (MigrateForecast) forecast = NULL;

  set_link_speed (job, "48");
  forecast = check (job);
  cr_assert_not_null (forecast);
  assert_origin (forecast, "dirty-rate", "unknown");
  cr_assert_eq (migrate_forecast_get_convergence (forecast), MIGRATE_CONVERGENCE_UNKNOWN);
  cr_assert_not (migrate_forecast_has_total_most (forecast));
}

Test (sim_forecast, of_what_the_host_refuses_is_unknown)
{
  g_autoptr (MigrateJob) job = NULL;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  sim_world_fail_call (world, "start-dirty-rate", 1, 68 /* the guest has another job */);
  job = job_new ("h1", "h2", TRUE);
  assert_no_dirty_rate (job);
}

Test (sim_forecast, does_not_wait_for_an_answer_that_never_comes)
{
  g_autoptr (MigrateJob) job = NULL;
  gint64 begun;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  sim_world_hang_call (world, "start-dirty-rate", 1);
  job = job_new ("h1", "h2", TRUE);
  begun = sim_world_get_now (world);
  assert_no_dirty_rate (job);
  cr_assert (sim_world_get_now (world) - begun < 15 * G_USEC_PER_SEC);
}

Test (sim_forecast, uses_the_look_that_another_has_begun)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_START_DIRTY_RATE, "g0");
  g_autoptr (MigrateForecast) forecast = NULL;
  MigrateBackend *backend = sim_world_get_backend (world);
  MigrateConn *conn;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  sim_world_enter (world);
  call->value = 2;
  conn = backend->vtable->open (backend, "sim://w/h1", NULL);
  cr_assert (backend->vtable->call (conn, call, NULL));
  backend->vtable->close (conn);
  job = job_new ("h1", "h2", TRUE);
  set_link_speed (job, "48");
  forecast = check (job);
  assert_origin (forecast, "dirty-rate", "sampled");
  sim_world_leave (world);
}

static gpointer
cancel_later (gpointer data)
{
  sim_world_enter (world);
  sim_world_sleep (world, 1500);
  sim_world_leave (world);
  g_cancellable_cancel (data);
  return NULL;
}

Test (sim_forecast, is_cancelled_while_it_looks)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateReport) report = NULL;
  GThread *thread;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  job = job_new ("h1", "h2", TRUE);
  sim_world_set_pace (world, 10);
  thread = g_thread_new ("canceller", cancel_later, cancellable);
  report = migrate_job_check (job, cancellable, &error);
  g_thread_join (thread);
  cr_assert_null (report);
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  cr_assert_leq (sim_world_count_calls (world, "start-dirty-rate"), 2);
}

Test (sim_forecast, is_kept_with_the_facts_it_was_made_of)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateForecast) forecast = NULL;
  g_autoptr (MigrateFacts) facts = NULL;
  g_autoptr (MigrateFacts) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  job = job_new ("h1", "h2", TRUE);
  set_link_speed (job, "48");
  forecast = check (job);
  facts = migrate_job_dup_facts (job);
  bytes = migrate_facts_to_bytes (facts);
  read = migrate_facts_new_from_bytes (bytes, NULL);
  cr_assert_not_null (read);
  report = migrate_facts_check (read, NULL, migrate_facts_get_kind (read));
  cr_assert_not_null (migrate_report_get_forecast (report));
  before = migrate_forecast_dup_details (forecast);
  after = migrate_forecast_dup_details (migrate_report_get_forecast (report));
  cr_assert (g_variant_equal (before, after));
}

static void
run (MigrateJob *job, MigrateResult **result)
{
  g_autoptr (GError) error = NULL;

  *result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (*result, "%s", error != NULL ? error->message : "");
}

static MigrateForecast *
forecast_of (MigrateFacts *facts, const char *link_speed)
{
  g_autoptr (MigratePolicy) policy = migrate_facts_dup_policy (facts);
  g_autoptr (MigrateReport) report = NULL;

  cr_assert (migrate_policy_set (policy, "link-speed", link_speed, NULL));
  report = migrate_facts_check (facts, policy, MIGRATE_KIND_LIVE);
  cr_assert_not_null (migrate_report_get_forecast (report));
  return migrate_forecast_ref (migrate_report_get_forecast (report));
}

/* As a check under that policy makes it, which would have found the same. */
Test (sim_forecast, is_made_anew_of_the_facts_for_another_policy)
{
  static const struct
  {
    const char *link_speed;
    MigrateConvergence convergence;
  } links[] = { { "480", MIGRATE_CONVERGENCE_CONVERGES },
                { "8", MIGRATE_CONVERGENCE_DIVERGES },
                { "0", MIGRATE_CONVERGENCE_UNKNOWN } };
  g_autoptr (MigrateFacts) facts = NULL;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  for (gsize i = 0; i < G_N_ELEMENTS (links); i++)
    {
      g_autoptr (MigrateJob) job = job_new ("h1", "h2", TRUE);
      g_autoptr (MigrateForecast) made = NULL;
      g_autoptr (MigrateForecast) anew = NULL;

      set_link_speed (job, links[i].link_speed);
      made = check (job);
      if (facts == NULL)
        facts = migrate_job_dup_facts (job);
      anew = forecast_of (facts, links[i].link_speed);
      cr_assert_eq (migrate_forecast_get_convergence (anew), links[i].convergence);
      cr_assert_eq (migrate_forecast_get_convergence (made), links[i].convergence);
    }
}

/* What earlier moves have taught is in the facts: no journal is asked for it. */
Test (sim_forecast, of_the_facts_knows_what_was_learned)
{
  g_autoptr (MigrateJob) first = NULL;
  g_autoptr (MigrateJob) second = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigrateForecast) made = NULL;
  g_autoptr (MigrateForecast) anew = NULL;
  g_autoptr (MigrateFacts) facts = NULL;
  g_autoptr (MigrateFacts) read = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (GVariant) before = NULL;
  g_autoptr (GVariant) after = NULL;

  add_guest (5, MIGRATE_DOMAIN_NOSTATE);
  first = job_new ("h1", "h2", FALSE);
  run (first, &result);
  second = job_new ("h2", "h1", TRUE);
  made = check (second);
  assert_origin (made, "bandwidth", "learned");
  facts = migrate_job_dup_facts (second);
  bytes = migrate_facts_to_bytes (facts);
  read = migrate_facts_new_from_bytes (bytes, NULL);
  anew = forecast_of (read, "0");
  before = migrate_forecast_dup_details (made);
  after = migrate_forecast_dup_details (anew);
  cr_assert (g_variant_equal (before, after));
}

/* ---- against what came of it ---- */

Test (sim_forecast, invents_no_link_and_learns_it_from_the_first_move)
{
  g_autoptr (MigrateJob) first = NULL;
  g_autoptr (MigrateJob) second = NULL;
  g_autoptr (MigrateForecast) before = NULL;
  g_autoptr (MigrateForecast) after = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigrateResult) back = NULL;
  guint64 total;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  first = job_new ("h1", "h2", TRUE);
  before = check (first);
  assert_origin (before, "bandwidth", "unknown");
  cr_assert_not (migrate_forecast_has_total (before));
  cr_assert (migrate_forecast_has_bytes (before));
  run (first, &result);
  second = job_new ("h2", "h1", TRUE);
  after = check (second);
  assert_origin (after, "bandwidth", "learned");
  assert_origin (after, "dirty-rate", "learned");
  assert_origin (after, "overhead-ms", "learned");
  run (second, &back);
  total = migrate_result_get_phase_ms (back, MIGRATE_PHASE_COPYING_MEMORY);
  cr_assert (migrate_forecast_get_total_least_ms (after) <= total + 1000
               && migrate_forecast_get_total_most_ms (after) >= total,
             "%u to %u ms, it took %u", (guint) migrate_forecast_get_total_least_ms (after),
             (guint) migrate_forecast_get_total_most_ms (after), (guint) total);
  cr_assert_eq (migrate_result_get_forecast (back) != NULL, TRUE);
}

Test (sim_forecast, learns_from_a_history_that_is_not_written)
{
  g_autoptr (MigrateJob) first = NULL;
  g_autoptr (MigrateJob) second = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigrateForecast) forecast = NULL;
  g_autoptr (MigrateJournal) none = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateJournal) history = NULL;
  g_autoptr (GListModel) jobs = NULL;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  first = job_new ("h1", "h2", FALSE);
  run (first, &result);
  cr_assert_null (migrate_result_get_forecast (result));
  second = job_new ("h2", "h1", TRUE);
  migrate_job_set_journal (second, none);
  migrate_job_set_history (second, journal);
  history = migrate_job_dup_history (second);
  cr_assert_eq (history, journal);
  forecast = check (second);
  assert_origin (forecast, "bandwidth", "learned");
  jobs = migrate_journal_list (journal, NULL, NULL);
  cr_assert_eq (g_list_model_get_n_items (jobs), 1);
}

/* The look begins with the move, and is read while the copy runs. */
Test (sim_forecast, of_a_run_does_not_delay_it)
{
  g_autoptr (MigrateJob) with = NULL;
  g_autoptr (MigrateJob) without = NULL;
  g_autoptr (MigrateResult) there = NULL;
  g_autoptr (MigrateResult) back = NULL;
  MigrateForecast *forecast;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  without = job_new ("h1", "h2", FALSE);
  run (without, &there);
  with = job_new ("h2", "h1", TRUE);
  run (with, &back);
  cr_assert_eq (sim_world_count_calls (world, "start-dirty-rate:h2"), 1);
  cr_assert (migrate_result_get_total_ms (back) <= migrate_result_get_total_ms (there) + 500,
             "%u after %u", (guint) migrate_result_get_total_ms (back),
             (guint) migrate_result_get_total_ms (there));
  forecast = migrate_result_get_forecast (back);
  cr_assert_not_null (forecast);
  assert_origin (forecast, "bandwidth", "learned");
  cr_assert_eq (migrate_forecast_get_rung (forecast), MIGRATE_RUNG_PLAIN);
  cr_assert (migrate_forecast_get_total_least_ms (forecast) <= migrate_result_get_total_ms (back));
  cr_assert (migrate_forecast_get_total_most_ms (forecast) >= migrate_result_get_total_ms (back));
}

/* It comes with the job for whoever reads the journal. */
Test (sim_forecast, of_a_run_is_in_the_journal)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateJob) loaded = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigrateResult) again = NULL;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  job = job_new ("h1", "h2", TRUE);
  set_link_speed (job, "48");
  run (job, &result);
  loaded = migrate_job_load (journal, migrate_job_get_id (job), NULL, NULL);
  cr_assert_not_null (loaded);
  again = migrate_job_dup_result (loaded);
  cr_assert_not_null (migrate_result_get_forecast (again));
  cr_assert_eq (migrate_forecast_get_total_most_ms (migrate_result_get_forecast (again)),
                migrate_forecast_get_total_most_ms (migrate_result_get_forecast (result)));
}

Test (sim_forecast, a_look_that_fails_in_the_copy_does_not_harm_the_move)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  add_guest (20, MIGRATE_DOMAIN_NOSTATE);
  sim_world_fail_call (world, "memory", 2, 9);
  job = job_new ("h1", "h2", TRUE);
  run (job, &result);
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_MOVED);
  cr_assert_null (migrate_result_get_forecast (result));
}
