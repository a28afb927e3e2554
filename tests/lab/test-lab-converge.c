/* How the move of a busy guest comes to its end, between real hosts (recipe A: no post-copy): by a
 * decision, by the operator of another process, by a deadline. Whatever it is, the guest runs
 * somewhere after it, and has not lost count. */
#include "labtest.h"

#include <string.h>

/* At lab_slow_job's 16 MiB/s each pass after the first takes as long as the one before: a hand-over
 * needs some 1.5 s. */
#define GUEST "busy"
#define OPTIONS "--dirty 24 --rate 40"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (converge, .init = set_up, .timeout = 180);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "a");
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
assert_stayed (MigrateJob *job)
{
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
}

/* ---- by a decision ---- */

Test (converge, gives_up_and_moves_with_the_downtime_that_it_named)
{
  static const char *const settings[] = { NULL };
  g_autoptr (MigrateJob) given_up = busy_job (settings);
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *enough = NULL;
  guint needed;

  g_free (lab_run ("virsh %d autostart %s", from, GUEST));
  error = lab_run_fails (given_up, NULL /* cancellable */);
  lab_assert_code (error, MIGRATE_ERROR_NO_CONVERGENCE);
  assert_stayed (given_up);
  cr_assert (lab_has_autostart (GUEST, from));
  g_free (lab_run ("virsh %d autostart --disable %s", from, GUEST));
  lab_assert_decided (given_up, "give-up", "would have been enough");
  needed = lab_number_in (error->message, "; a downtime of ([0-9]+) ms");
  cr_assert_gt (needed, 500);
  cr_assert_gt (lab_number_in (error->message, "a bandwidth of ([0-9]+) MiB/s would"), 16);

  enough = g_strdup_printf ("%u", needed + needed / 5);
  lab_set_policy (job, "max-downtime", enough);
  result = lab_run_works (job, NULL /* cancellable */);
  assert_moved (job);
  cr_assert_leq (migrate_result_get_downtime_ms (result), needed + needed / 5);
}

/* Nobody here resumes it: libvirt does, at the destination. */
static void
move_with_a_pause (const char *hand_over)
{
  const char *const settings[] = { "allow=pause", hand_over, NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (MigrateResult) result = lab_run_works (job, NULL /* cancellable */);

  lab_assert_decided (job, "pause-guest", "^the copy comes to no end soon by itself");
  cr_assert_gt (migrate_result_get_downtime_ms (result), 500, "it counts the pause: %d ms",
                (int) migrate_result_get_downtime_ms (result));
  assert_moved (job);
}

Test (converge, pause_by_decision) { move_with_a_pause ("hand-over=fast"); }

Test (converge, pause_by_decision_with_the_strict_hand_over)
{
  move_with_a_pause ("hand-over=strict");
}

/* The deadline ends it, for in shadow mode no decision does. */
Test (converge, shadow_tells_and_does_nothing)
{
  static const char *const settings[] = { "allow=pause", "shadow=true", "deadline=12", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (GError) error = lab_run_fails (job, NULL /* cancellable */);

  lab_assert_code (error, MIGRATE_ERROR_TIMED_OUT);
  lab_assert_decided (job, "shadow", "^“pause-guest” would be done: ");
  cr_assert_eq (lab_count_decisions (job, "pause-guest"), 0);
  cr_assert_eq (lab_count_decisions (job, "raise-downtime-limit"), 0);
  assert_stayed (job);
}

/* ---- by the deadline ---- */

Test (converge, deadline_gives_up)
{
  static const char *const settings[] = { "deadline=3", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (GError) error = lab_run_fails (job, NULL /* cancellable */);

  lab_assert_code (error, MIGRATE_ERROR_TIMED_OUT);
  lab_assert_decided (job, "give-up", "not done within 3 s");
  assert_stayed (job);
}

Test (converge, deadline_stops_the_guest_and_finishes)
{
  static const char *const settings[]
    = { "deadline=3", "at-deadline=pause", "allow=pause", "bandwidth=12", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  g_autoptr (MigrateResult) result = lab_run_works (job, NULL /* cancellable */);

  lab_assert_decided (job, "pause-guest", "^the deadline of 3 s is over");
  assert_moved (job);
}

/* ---- by the operator of another process ---- */

static LabController *
start_controller (const char *bandwidth)
{
  const char *const policy[] = { bandwidth, "poll-interval=100", NULL };
  LabController *self = lab_controller_start (GUEST, from, to, policy);

  lab_controller_await_progress (self, 0.1);
  return self;
}

/* The job as it is then. */
static MigrateJob *
await_end (LabController *self, const char *end)
{
  g_autofree char *said = lab_controller_await_end (self, 60);

  cr_assert (g_str_has_prefix (said, end), "%s", said);
  return lab_job_load (self->id);
}

Test (converge, operator_ends_it_now)
{
  LabController *other = start_controller ("bandwidth=16");
  g_autoptr (MigrateJob) job = lab_job_load (other->id);
  g_autoptr (MigrateJob) ended = NULL;
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_job_finish_now (job, NULL /* cancellable */, &error), "%s",
             error != NULL ? error->message : "");
  ended = await_end (other, "ok moved ");
  lab_assert_decided (ended, "finish-now", "^another process asked for it");
  assert_moved (ended);
}

Test (converge, operator_gives_it_up)
{
  LabController *other = start_controller ("bandwidth=16");
  g_autoptr (MigrateJob) job = lab_job_load (other->id);
  g_autoptr (MigrateJob) ended = NULL;
  g_autoptr (GError) error = NULL;

  lab_assert_retuned (job, "bandwidth", "20");
  cr_assert (migrate_job_give_up (job, NULL /* cancellable */, &error), "%s",
             error != NULL ? error->message : "");
  ended = await_end (other, "no-convergence stayed undone ");
  assert_stayed (ended);
}

/* ---- the guest stands still, and something else comes ---- */

static MigrateJob *
pause_by_operator (LabController *other)
{
  g_autoptr (MigrateJob) job = lab_job_load (other->id);
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_job_pause (job, NULL /* cancellable */, &error), "%s",
             error != NULL ? error->message : "");
  lab_await_state (GUEST, from, "paused (migrating)");
  return g_steal_pointer (&job);
}

Test (converge, operator_stops_the_guest_and_it_arrives)
{
  LabController *other = start_controller ("bandwidth=8");
  g_autoptr (MigrateJob) job = pause_by_operator (other);
  g_autoptr (MigrateJob) ended = NULL;

  ended = await_end (other, "ok moved ");
  assert_moved (ended);
}

Test (converge, stopped_guest_runs_again_when_the_move_is_cancelled)
{
  LabController *other = start_controller ("bandwidth=4");
  g_autoptr (MigrateJob) job = pause_by_operator (other);
  g_autoptr (MigrateJob) ended = NULL;
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_job_cancel (job, NULL /* cancellable */, &error), "%s",
             error != NULL ? error->message : "");
  ended = await_end (other, "other stayed cancelled ");
  lab_assert_rest (ended, MIGRATE_STATE_CANCELLED, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
}

/* ---- retuned in flight ---- */

typedef struct
{
  const char *key, *value, *decision; /* decision: after which; nullable */
  guint64 before, after;              /* the highest rates that were told */
  gboolean asked, answered;
} Retuning;

static void
on_answer (GObject *job, GAsyncResult *result, gpointer data)
{
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_job_retune_finish (MIGRATE_JOB (job), result, &error), "%s",
             error != NULL ? error->message : "");
  ((Retuning *) data)->answered = TRUE;
}

static void
retune (MigrateJob *job, Retuning *self)
{
  g_autoptr (GVariantDict) values = g_variant_dict_new (NULL);

  self->asked = TRUE;
  g_variant_dict_insert (values, self->key, "s", self->value);
  migrate_job_retune_async (job, g_variant_dict_end (values), NULL /* cancellable */, on_answer,
                            self);
}

static void
on_progress (MigrateJob *job, MigrateProgress *progress, Retuning *self)
{
  guint64 *rate = self->asked ? &self->after : &self->before;

  *rate = MAX (*rate, migrate_progress_get_rate (progress));
  if (!self->asked && self->decision == NULL
      && migrate_progress_get_memory_processed (progress) > 4 << 20)
    retune (job, self);
}

static void
on_decision (MigrateJob *job, MigrateDecision *decision, Retuning *self)
{
  if (!self->asked && g_strcmp0 (self->decision, migrate_decision_get_what (decision)) == 0)
    retune (job, self);
}

static MigrateResult *
run_and_retune (MigrateJob *job, Retuning *self)
{
  MigrateResult *result;

  g_signal_connect (job, "progress", G_CALLBACK (on_progress), self);
  g_signal_connect (job, "decision", G_CALLBACK (on_decision), self);
  result = lab_run_works (job, NULL /* cancellable */);
  cr_assert (self->asked);
  while (!self->answered)
    g_main_context_iteration (NULL, TRUE);
  assert_moved (job);
  return result;
}

/* At 2 MiB/s its memory alone had taken half a minute. */
Test (converge, retuned_bandwidth_ends_it_sooner)
{
  static const char *const settings[] = { "bandwidth=2", "max-downtime=4000", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  Retuning retuning = { "bandwidth", "40", NULL };
  g_autoptr (MigrateResult) result = run_and_retune (job, &retuning);

  cr_assert_lt (retuning.before, 6 << 20);
  cr_assert_gt (retuning.after, 12 << 20);
  cr_assert_lt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_MEMORY), 20000);
}

Test (converge, retuned_downtime_ends_a_copy_without_an_end)
{
  static const char *const settings[] = { "deadline=60", NULL };
  g_autoptr (MigrateJob) job = busy_job (settings);
  Retuning retuning = { "max-downtime", "6000", "no-end-in-sight" };
  g_autoptr (MigrateResult) result = run_and_retune (job, &retuning);

  lab_assert_decided (job, "raise-downtime-limit", " of at most ");
}
/* libvirt moves it without us, whatever recovery finds it at. */
Test (converge, stopped_guest_runs_when_its_controller_is_killed)
{
  LabController *other = start_controller ("bandwidth=8");
  g_autoptr (MigrateJob) job = pause_by_operator (other);
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (GError) error = NULL;

  lab_controller_kill (other);
  recovery = migrate_job_recover (job, NULL /* cancellable */, &error);
  cr_assert_not_null (recovery, "%s", error != NULL ? error->message : "");
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL /* cancellable */, &error),
             "%s", error != NULL ? error->message : "");
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
}

/* As above, and the transfer is given up without anybody: the half that stands still is the guest.
 */
Test (converge, stopped_guest_runs_when_its_controller_and_its_transfer_are_killed)
{
  LabController *other = start_controller ("bandwidth=4");
  g_autoptr (MigrateJob) job = pause_by_operator (other);
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (GError) error = NULL;

  lab_controller_kill (other);
  g_free (lab_run ("virsh %d domjobabort %s", from, GUEST));
  recovery = migrate_job_recover (job, NULL /* cancellable */, &error);
  cr_assert_not_null (recovery, "%s", error != NULL ? error->message : "");
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL /* cancellable */, &error),
             "%s", error != NULL ? error->message : "");
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
}
