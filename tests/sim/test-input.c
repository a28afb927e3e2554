/* Hosts and guests with which a move cannot begin: each is refused with the code that says what to
 * do next, changes nothing, and does not stand in the way of a second try. What is wrong with the
 * words of a request is in test-job.c. */
#include "sim.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <libmigrate/migrate.h>

#define UUID "11111111-2222-3333-4444-555555555555"
#define OTHER_UUID "99999999-2222-3333-4444-555555555555"

static SimWorld *world;
static MigrateJournal *journal;

static void
set_up (void)
{
  world = sim_world_new ("w", 5);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_host (world, "h3");
  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0", .uuid = UUID, .autostart = TRUE });
  journal = migrate_sqlite_journal_new_none ();
  sim_world_enter (world); /* no time passes between two lines of a test */
}

static void
tear_down (void)
{
  g_clear_object (&journal);
  sim_world_free (world);
}

TestSuite (input, .init = set_up, .fini = tear_down, .timeout = 30);

static MigrateJob *
job_new (const char *from, const char *to)
{
  g_autofree char *source_uri = g_strconcat ("sim://w/", from, NULL);
  g_autofree char *destination_uri = g_strconcat ("sim://w/", to, NULL);
  g_autoptr (MigrateHost) source = migrate_host_new (source_uri);
  g_autoptr (MigrateHost) destination = migrate_host_new (destination_uri);
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  migrate_job_set_journal (job, journal);
  return job;
}

static void
do_to (SimWhat what, const char *host)
{
  sim_world_do (world, &(SimAction){ .what = what, .host = host });
}

static void
assert_untouched (void)
{
  SimDomainInfo here = sim_world_get_domain (world, "h1", "g0");

  cr_assert (here.active && here.autostart && !here.has_job, "%s",
             sim_world_describe (world, "g0"));
  cr_assert_eq (here.state, MIGRATE_DOMAIN_RUNNING);
  cr_assert_eq (sim_world_get_violations (world)->len, 0);
}

static void
assert_moves_to (const char *to)
{
  g_autoptr (MigrateJob) job = job_new ("h1", to);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert (sim_world_get_domain (world, to, "g0").active);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists);
}

/* The failure, when it comes within that many seconds of the simulated clock. */
static MigrateFailure *
run_fails (MigrateJob *job, guint seconds, int code, MigrateState state)
{
  gint64 begun = sim_world_get_now (world);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);
  MigrateFailure *failure = migrate_job_dup_failure (job);

  cr_assert_null (result, "it did not fail");
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "code %d: %s", error->code,
             error->message);
  cr_assert_leq (sim_world_get_now (world) - begun, seconds * G_TIME_SPAN_SECOND);
  cr_assert_eq (migrate_job_get_state (job), state);
  cr_assert_not_null (failure);
  cr_assert_not_null (migrate_failure_get_remedy (failure), "%s", error->message);
  assert_untouched ();
  return failure;
}

/* ---- hosts ---- */

static const struct
{
  const char *label;
  SimWhat harm, mend;
  int code;
} harms[] = {
  { "libvirtd is gone", SIM_KILL_LIBVIRTD, SIM_START_LIBVIRTD, MIGRATE_ERROR_UNREACHABLE },
  { "libvirtd accepts and never answers", SIM_WEDGE, SIM_UNWEDGE, MIGRATE_ERROR_TIMED_OUT },
  { "libvirtd hangs", SIM_HANG_LIBVIRTD, SIM_UNHANG_LIBVIRTD, MIGRATE_ERROR_TIMED_OUT },
  { "we cannot reach the host", SIM_CUT_CONTROL, SIM_RESTORE_CONTROL, MIGRATE_ERROR_TIMED_OUT },
};

ParameterizedTestParameters (input, host_that_cannot_be_asked)
{
  static size_t rows[2 * G_N_ELEMENTS (harms)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *row, input, host_that_cannot_be_asked)
{
  const char *host = *row % 2 == 0 ? "h1" : "h2";
  const char *label = harms[*row / 2].label;
  g_autoptr (MigrateJob) job = job_new ("h1", "h2");
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  do_to (harms[*row / 2].harm, host);
  failure = run_fails (job, 15, harms[*row / 2].code, MIGRATE_STATE_NEW);
  cr_assert_eq (migrate_failure_get_side (failure),
                *row % 2 == 0 ? MIGRATE_SIDE_SOURCE : MIGRATE_SIDE_DESTINATION, "%s", label);
  cr_assert_eq (migrate_failure_get_phase (failure), MIGRATE_PHASE_GATHERING, "%s", label);

  do_to (harms[*row / 2].mend, host);
  result = migrate_job_run (job, NULL, &error); /* the same job, for nothing had happened */
  cr_assert_not_null (result, "%s: %s", label, error != NULL ? error->message : "");
  cr_assert (sim_world_get_domain (world, "h2", "g0").active, "%s", label);
}

static void
assert_blocked_by (MigrateJob *job, const char *code)
{
  g_autoptr (MigrateFailure) failure
    = run_fails (job, 5, MIGRATE_ERROR_BLOCKED, MIGRATE_STATE_CHECKED);
  g_autoptr (MigrateReport) report = migrate_job_dup_report (job);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_equal (migrate_finding_get_code (finding), code))
        return;
    }
  cr_assert_fail ("not blocked by %s: %s", code, migrate_failure_get_message (failure));
}

Test (input, two_addresses_of_one_host)
{
  g_autoptr (MigrateJob) job = job_new ("h1", "h2");

  sim_world_set_host_uuid (world, "h1", UUID);
  sim_world_set_host_uuid (world, "h2", UUID);
  assert_blocked_by (job, "same-host");
  assert_moves_to ("h3");
}

/* ---- guests ---- */

Test (input, name_taken_at_the_destination)
{
  g_autoptr (MigrateJob) job = job_new ("h1", "h2");

  sim_world_add_guest (world, "h2", &(SimGuestSpec){ .name = "g0", .uuid = OTHER_UUID });
  assert_blocked_by (job, "name-taken");
  assert_moves_to ("h3");
}

Test (input, guest_is_there_under_another_name)
{
  g_autoptr (MigrateJob) job = job_new ("h1", "h2");

  sim_world_add_guest (
    world, "h2", &(SimGuestSpec){ .name = "copy", .uuid = UUID, .state = MIGRATE_DOMAIN_SHUTOFF });
  assert_blocked_by (job, "already-there");
  assert_moves_to ("h3");
}
