/* The n-th call fails, loses its answer, or never returns, for every n that a move makes: there
 * is one copy of the guest afterwards, the job has a named outcome, what could not be told at once
 * can be followed, and a second move works. */
#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>

TestSuite (nth, .timeout = 600);

typedef void (*Spoil) (SimWorld *world, guint n);

static void
fail (SimWorld *world, guint n)
{
  sim_world_fail_call (world, "*", n, 38 /* VIR_ERR_SYSTEM_ERROR */);
}

static void
refuse (SimWorld *world, guint n)
{
  sim_world_fail_call (world, "*", n, 68 /* VIR_ERR_OPERATION_TIMEOUT: the job lock */);
}

static void
lose_answer (SimWorld *world, guint n)
{
  sim_world_lose_answer (world, "*", n);
}

static void
hang (SimWorld *world, guint n)
{
  sim_world_hang_call (world, "*", n);
}

typedef struct
{
  const char *transport, *hand_over;
  gboolean forecast;
} How;

static MigrateJob *
job_new (MigrateJournal *journal, const How *how, gboolean back)
{
  /* Hosts of their own, as another process would have. */
  g_autoptr (MigrateHost) source = migrate_host_new (back ? "sim://n/h2" : "sim://n/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new (back ? "sim://n/h1" : "sim://n/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  migrate_policy_set (policy, "transport", how->transport, NULL);
  migrate_policy_set (policy, "hand-over", how->hand_over, NULL);
  migrate_policy_set (policy, "settle-timeout", "10", NULL);
  if (how->forecast) /* the copy lasts longer than the look at the guest */
    migrate_policy_set (policy, "bandwidth", "16", NULL);
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  migrate_job_set_forecast (job, how->forecast);
  return job;
}

static gboolean
runs (SimWorld *world, const char *host)
{
  SimDomainInfo info = sim_world_get_domain (world, host, "g0");

  return info.active && info.state == MIGRATE_DOMAIN_RUNNING;
}

static void
assert_one_copy (SimWorld *world, guint n, const char *when)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "n=%u, %s: %s", n, when,
                violations->len > 0 ? (char *) violations->pdata[0] : "");
  cr_assert (runs (world, "h1") != runs (world, "h2"), "n=%u, %s: %s", n, when,
             sim_world_describe (world, "g0"));
}

/* One world, one move with the n-th call spoilt. FALSE: the move was over before its n-th call. */
static gboolean
run_with (const How *how, Spoil spoil, guint n)
{
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
  SimWorld *world = sim_world_new ("n", 1);
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean reached, moved;

  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .autostart = TRUE });
  spoil (world, n);
  job = job_new (journal, how, FALSE);
  result = migrate_job_run (job, NULL, &error);
  cr_assert ((result != NULL) == (error == NULL));

  if (migrate_job_get_state (job) == MIGRATE_STATE_FAILED || migrate_job_is_in_flight (job))
    {
      g_autoptr (MigrateResult) followed = NULL;

      g_clear_error (&error);
      sim_world_sleep (world, 60000); /* whatever libvirt does by itself is over */
      followed = migrate_job_follow (job, NULL, &error);
      cr_assert_neq (migrate_job_get_state (job), MIGRATE_STATE_FAILED, "n=%u: %s; %s", n,
                     error != NULL ? error->message : "", sim_world_describe (world, "g0"));
    }
  sim_world_sleep (world, 60000);
  reached = sim_world_count_calls (world, "*") >= n;
  assert_one_copy (world, n, "after the move");
  moved = runs (world, "h2");
  cr_assert_not (sim_world_get_domain (world, moved ? "h1" : "h2", "g0").exists,
                 "n=%u, left over: %s", n, sim_world_describe (world, "g0"));
  cr_assert (sim_world_get_domain (world, moved ? "h2" : "h1", "g0").autostart,
             "n=%u, autostart: %s", n, sim_world_describe (world, "g0"));

  g_clear_error (&error);
  g_clear_object (&job);
  if (reached) /* else the fault would meet the second move */
    {
      g_clear_pointer (&result, migrate_result_unref);
      job = job_new (journal, how, moved);
      result = migrate_job_run (job, NULL, &error);
      cr_assert_not_null (result, "n=%u, second move: %s; %s", n,
                          error != NULL ? error->message : "", sim_world_describe (world, "g0"));
      assert_one_copy (world, n, "after the second move");
      g_clear_object (&job);
    }
  sim_world_free (world);
  return reached;
}

static void
run_all (const How *how, Spoil spoil)
{
  guint n = 1;

  while (run_with (how, spoil, n))
    cr_assert_lt (++n, 1000);
  cr_assert_gt (n, 15, "a move makes more calls than %u", n);
}

#define P2P                                                                                        \
  {                                                                                                \
    "p2p", "fast"                                                                                  \
  }
#define STRICT                                                                                     \
  {                                                                                                \
    "p2p", "strict"                                                                                \
  }
#define DIRECT                                                                                     \
  {                                                                                                \
    "direct", "fast"                                                                               \
  }
#define FORECAST                                                                                   \
  {                                                                                                \
    "p2p", "fast", TRUE                                                                            \
  }

Test (nth, call_fails) { run_all (&(How) P2P, fail); }

Test (nth, call_is_refused) { run_all (&(How) P2P, refuse); }

Test (nth, answer_is_lost) { run_all (&(How) P2P, lose_answer); }

Test (nth, call_hangs) { run_all (&(How) P2P, hang); }

Test (nth, call_fails_in_a_strict_move) { run_all (&(How) STRICT, fail); }

Test (nth, answer_is_lost_in_a_strict_move) { run_all (&(How) STRICT, lose_answer); }

Test (nth, call_fails_in_a_direct_move) { run_all (&(How) DIRECT, fail); }

Test (nth, answer_is_lost_in_a_direct_move) { run_all (&(How) DIRECT, lose_answer); }

Test (nth, call_fails_in_a_move_with_a_forecast) { run_all (&(How) FORECAST, fail); }

Test (nth, call_hangs_in_a_move_with_a_forecast) { run_all (&(How) FORECAST, hang); }
