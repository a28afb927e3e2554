/* How the move of a busy guest comes to its end by post-copy, and over a link that slows down
 * (recipe B: root). */
#include "labtest.h"

#include <string.h>

/* At lab_slow_job's 16 MiB/s a copy without an end. */
#define GUEST "busy"
#define OPTIONS "--dirty 32 --rate 40 --memory 160"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  g_free (lab_run ("link 400mbit"));
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (converge, .init = set_up, .timeout = 180);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "b");
}

static MigrateJob *
busy_job (const char *const *settings)
{
  return lab_slow_job (GUEST, from, to, settings);
}

static void
assert_moved (MigrateJob *job)
{
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
}

static void
assert_switched (MigrateJob *job, MigrateResult *result, const char *why)
{
  lab_assert_decided (job, "start-postcopy", why);
  cr_assert_eq (lab_count_decisions (job, "start-postcopy"), 1);
  cr_assert_gt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_POSTCOPY), 0);
  assert_moved (job);
}

Test (converge, postcopy_by_decision)
{
  static const char *const settings[] = { "allow=postcopy", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (MigrateResult) result = lab_run_works (job, NULL /* cancellable */);

  assert_switched (job, result, "^the copy comes to no end soon by itself: .* MiB/s");
  cr_assert_lt (migrate_result_get_downtime_ms (result), 1000);
}

Test (converge, postcopy_at_the_deadline)
{
  static const char *const settings[]
    = { "allow=postcopy", "deadline=3", "at-deadline=postcopy", "bandwidth=12", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (MigrateResult) result = lab_run_works (job, NULL /* cancellable */);

  assert_switched (job, result, "^the deadline of 3 s is over");
}

Test (converge, postcopy_by_an_operator_who_wants_it_to_end_now)
{
  static const char *const policy[] = { "allow=postcopy", "bandwidth=16", NULL };
  LabController *other = lab_controller_start (GUEST, from, to, policy);
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateJob) ended = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *end = NULL;

  lab_controller_await_progress (other, 0.1);
  job = lab_job_load (other->id);
  cr_assert (migrate_job_finish_now (job, NULL /* cancellable */, &error), "%s",
             error != NULL ? error->message : "");
  end = lab_controller_await_end (other, 60);
  cr_assert (g_str_has_prefix (end, "ok moved "), "%s", end);
  ended = lab_job_load (other->id);
  result = migrate_job_dup_result (ended);
  lab_assert_decided (ended, "finish-now", "^another process asked for it");
  assert_switched (ended, result, "^it was asked for; ");
}

/* Nothing is broken, it takes long: the job rests, the guest goes on, and who follows it again has
 * as much time. */
Test (converge, postcopy_that_takes_too_long_rests_and_is_followed)
{
  static const char *const settings[] = { "allow=postcopy", "postcopy-start=first-pass",
                                          "postcopy-timeout=2", "postcopy-bandwidth=2", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = lab_run_fails (job, NULL /* cancellable */);

  lab_assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
  lab_assert_decided (job, "postcopy-timeout", "not done within [2-9] s");
  lab_assert_rest (job, MIGRATE_STATE_FAILED, MIGRATE_OUTCOME_UNKNOWN);
  g_clear_error (&error);
  lab_set_policy (job, "postcopy-timeout", "0");
  result = migrate_job_follow (job, NULL /* cancellable */, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  assert_moved (job);
}

/* ---- the link ---- */

static void
slow_the_link (gpointer data)
{
  g_free (lab_run ("link 8mbit"));
}

static void
on_decision (MigrateJob *job, MigrateDecision *decision, gboolean *told)
{
  if (*told || !g_str_equal (migrate_decision_get_what (decision), "slow-link"))
    return;
  *told = TRUE;
  g_free (lab_run ("link 400mbit"));
}

Test (converge, slow_link_is_told)
{
  static const char *const settings[] = { "max-downtime=4000", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (MigrateResult) result = NULL;
  gboolean told = FALSE;

  g_signal_connect (job, "decision", G_CALLBACK (on_decision), &told);
  lab_when (job, 0.2, 0, slow_the_link, NULL);
  result = lab_run_works (job, NULL /* cancellable */);
  cr_assert (told);
  lab_assert_decided (job, "slow-link", "^the link carries .* MiB/s, and carried ");
  assert_moved (job);
}
