/* Post-copy with real hosts (recipe B: QEMU may handle page faults only as root): to its end, and
 * broken in each of the ways in which it breaks. */
#include "labtest.h"

#include <string.h>

#define GUEST "p"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_try (NULL, "libvirtd 1 start"); /* what a test that failed left */
  lab_try (NULL, "libvirtd 2 start");
  g_free (lab_run ("link restore"));
  g_free (lab_run ("link 400mbit"));
  cr_assert (lab_await_link (1, 2));
  lab_set_impatient (FALSE);
  lab_need_to_move (GUEST, LAB_POSTCOPY_GUEST, &from, &to);
}

TestSuite (postcopy, .init = set_up, .timeout = 300);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "b");
}

static MigrateJob *
postcopy_job (void)
{
  MigrateJob *job = lab_job_new (GUEST, from, to);

  for (gsize i = 0; lab_postcopy_policy[i] != NULL; i++)
    {
      g_auto (GStrv) pair = g_strsplit (lab_postcopy_policy[i], "=", 2);

      lab_set_policy (job, pair[0], pair[1]);
    }
  return job;
}

/* Moved, whole, defined there and nowhere else, and fit to go on. */
static void
assert_moved (MigrateJob *job)
{
  g_autofree char *info = NULL;

  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
  info = lab_run ("virsh %d dominfo %s", to, GUEST);
  cr_assert_not_null (strstr (info, "Persistent:     yes"), "%s", info);
}

/* ---- to its end ---- */

typedef struct
{
  double fraction;
  guint samples, in_postcopy, backwards;
  GCancellable *cancellable; /* nullable; cancelled in post-copy */
} Seen;

static void
on_progress (MigrateJob *job, MigrateProgress *progress, Seen *seen)
{
  double fraction = migrate_progress_get_fraction (progress);

  seen->samples++;
  seen->backwards += fraction < seen->fraction;
  seen->fraction = fraction;
  if (migrate_progress_get_phase (progress) != MIGRATE_PHASE_POSTCOPY)
    return;
  seen->in_postcopy++;
  if (seen->cancellable != NULL)
    g_cancellable_cancel (seen->cancellable);
}

Test (postcopy, moves_a_guest_that_writes_and_back)
{
  g_autoptr (MigrateJob) job = postcopy_job ();
  g_autoptr (MigrateResult) result = NULL;
  Seen seen = { 0 };

  g_signal_connect (job, "progress", G_CALLBACK (on_progress), &seen);
  result = lab_run_works (job, NULL);
  assert_moved (job);
  cr_assert_eq (lab_count_decisions (job, "start-postcopy"), 1);
  cr_assert_gt (seen.in_postcopy, 3, "%u of %u samples", seen.in_postcopy, seen.samples);
  cr_assert_eq (seen.backwards, 0);
  cr_assert_gt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_POSTCOPY), 1000);
  cr_assert (migrate_result_has_downtime (result));
  cr_assert_str_eq (migrate_result_get_downtime_origin (result), "polled");
  cr_assert_lt (migrate_result_get_downtime_ms (result), 3000);
  cr_log_info ("downtime at most %u ms", (guint) migrate_result_get_downtime_ms (result));
  lab_assert_moves (GUEST, to, from);
}

Test (postcopy, cancel_after_the_switch_is_too_late)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MigrateJob) job = postcopy_job ();
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Seen seen = { .cancellable = cancellable };

  g_signal_connect (job, "progress", G_CALLBACK (on_progress), &seen);
  result = lab_run_works (job, cancellable);
  cr_assert (g_cancellable_is_cancelled (cancellable));
  assert_moved (job);
  cr_assert_eq (lab_count_decisions (job, "cancel-too-late"), 1);
  cr_assert_not (migrate_job_cancel (job, NULL, &error));
  lab_assert_code (error, MIGRATE_ERROR_TOO_LATE);
}

/* ---- somebody breaks it, on a thread ---- */

typedef gboolean (*Break) (void);

static gpointer
breaker_main (gpointer data)
{
  Break *act = data;

  return GINT_TO_POINTER (lab_await_postcopy (GUEST, from, to) && (*act) ());
}

/* Runs the job while that is done to it; the error, NULL when it moved. */
static GError *
run_and_break (MigrateJob *job, Break act)
{
  GThread *breaker = g_thread_new ("breaker", breaker_main, &act);
  GError *error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert (GPOINTER_TO_INT (g_thread_join (breaker)), "it could not be broken: %s",
             error != NULL ? error->message : "it moved");
  return error;
}

static gboolean
cut_until_broken (void)
{
  gboolean broken = lab_try (NULL, "link cut %d", to) && lab_await_broken (GUEST, from, to);

  return lab_try (NULL, "link restore") && broken;
}

Test (postcopy, broken_by_the_link_is_resumed)
{
  g_autoptr (MigrateJob) job = postcopy_job ();
  g_autoptr (GError) error = NULL;

  lab_set_impatient (TRUE);
  error = run_and_break (job, cut_until_broken);
  lab_set_impatient (FALSE);
  cr_assert_null (error, "%s", error->message);
  assert_moved (job);
  cr_assert_geq (lab_count_decisions (job, "resume-postcopy"), 1);
  lab_assert_moves (GUEST, to, from);
}

/* The journal alone tells the next process what to do. */
Test (postcopy, broken_and_left_is_resumed_by_another_process)
{
  g_autofree char *id = lab_break_postcopy (GUEST, from, to);
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateJob) job = migrate_job_load (journal, id, NULL, &error);
  g_autoptr (MigrateResult) result = NULL;

  cr_assert_not_null (job, "%s", error->message);
  result = migrate_job_follow (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  assert_moved (job);
  cr_assert_geq (lab_count_decisions (job, "resume-postcopy"), 1);
  lab_assert_moves (GUEST, to, from);
}

/* While the path is away the job rests as failed in its time, and both halves are left alone. */
Test (postcopy, rests_as_failed_and_is_followed_again)
{
  g_autofree char *id = lab_break_postcopy (GUEST, from, to);
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateJob) job = migrate_job_load (journal, id, NULL, &error);
  g_autoptr (MigrateResult) result = NULL;
  gint64 begun = g_get_monotonic_time ();

  cr_assert_not_null (job, "%s", error->message);
  lab_set_policy (job, "resume-timeout", "5");
  g_free (lab_run ("link cut %d", to));
  result = migrate_job_follow (job, NULL, &error);
  cr_assert_null (result);
  lab_assert_within (begun, 60);
  lab_assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
  cr_assert_not_null (strstr (error->message, "memory is on both hosts"), "%s", error->message);
  lab_assert_rest (job, MIGRATE_STATE_FAILED, MIGRATE_OUTCOME_UNKNOWN);
  cr_assert (lab_await_broken (GUEST, from, to), "both halves are left as they were");
  g_clear_error (&error);

  g_free (lab_run ("link restore"));
  cr_assert (lab_await_link (from, to));
  lab_set_policy (job, "resume-timeout", "300");
  result = migrate_job_follow (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  assert_moved (job);
}

/* ---- one end dies ---- */

static gboolean
restart_source (void)
{
  return lab_try (NULL, "libvirtd %d kill", from) && lab_try (NULL, "libvirtd %d start", from);
}

static gboolean
restart_destination (void)
{
  return lab_try (NULL, "libvirtd %d kill", to) && lab_try (NULL, "libvirtd %d start", to);
}

/* QEMU goes on without the daemon, and libvirt sees its end when it is back. */
static void
assert_ends_unattended (Break act)
{
  g_autoptr (MigrateJob) job = postcopy_job ();
  g_autoptr (GError) error = run_and_break (job, act);

  cr_assert_null (error, "%s", error->message);
  assert_moved (job);
  cr_assert_eq (lab_count_decisions (job, "resume-postcopy"), 0);
}

Test (postcopy, source_libvirtd_killed_ends_unattended) { assert_ends_unattended (restart_source); }

Test (postcopy, destination_libvirtd_killed_ends_unattended)
{
  assert_ends_unattended (restart_destination);
}

static gboolean
kill_destination (void)
{
  return lab_try (NULL, "qemu %d %s kill", to, GUEST);
}

static gboolean
kill_source (void)
{
  return lab_try (NULL, "qemu %d %s kill", from, GUEST);
}

static void
assert_lost (Break act)
{
  g_autoptr (MigrateJob) job = postcopy_job ();
  g_autoptr (GError) error = run_and_break (job, act);

  cr_assert_not_null (error);
  lab_assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
  lab_assert_rest (job, MIGRATE_STATE_FAILED, MIGRATE_OUTCOME_LOST);
}

Test (postcopy, destination_qemu_killed_is_lost)
{
  assert_lost (kill_destination);
  g_free (lab_run ("clean-guest %s", GUEST));
}

/* libvirt 9.0 keeps the job of the dead guest, and with it the guest, until it is restarted. */
Test (postcopy, source_qemu_killed_is_lost)
{
  assert_lost (kill_source);
  cr_assert (restart_source ());
  g_free (lab_run ("clean-guest %s", GUEST));
}
