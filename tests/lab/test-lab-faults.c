/* Hosts and guests that end in the middle of a move, and moves that are cancelled. */
#include "labtest.h"

#include <string.h>

#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 2"

/* Some 60 MiB have to travel, so that there is time to do harm. */
#define SLOW "12"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (fault, .init = set_up, .timeout = 240);
TestSuite (cancel, .init = set_up, .timeout = 120);

typedef struct
{
  int host;
  const char *verb;
} Daemon;

static void
order_daemon (gpointer data)
{
  Daemon *daemon = data;

  g_free (lab_run ("libvirtd %d %s", daemon->host, daemon->verb));
}

static MigrateJob *
slow_job (const char *guest, int source, int destination)
{
  MigrateJob *job = lab_job_new (guest, source, destination);

  lab_set_policy (job, "bandwidth", SLOW);
  lab_set_policy (job, "deadline", "600"); /* before which an endless copy is not given up */
  return job;
}

/* ---- the destination ---- */

Test (fault, destination_libvirtd_is_down_before)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_free (lab_run ("libvirtd %d stop", to));
  error = lab_run_fails (job, NULL);
  lab_assert_code (error, MIGRATE_ERROR_UNREACHABLE);
  lab_assert_rest (job, MIGRATE_STATE_NEW, MIGRATE_OUTCOME_NONE);
  g_free (lab_run ("libvirtd %d start", to));
  lab_assert_at (GUEST, from, "running");

  result = lab_run_works (job, NULL); /* the same job, for nothing had happened */
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
}

Test (fault, destination_libvirtd_is_killed_in_mid_copy)
{
  g_autoptr (MigrateJob) job = slow_job (GUEST, from, to);
  g_autoptr (GError) error = NULL;
  Daemon kill = { to, "kill" }, start = { to, "start" };
  gint64 begun = g_get_monotonic_time ();

  lab_when (job, 0.3, 0, order_daemon, &kill);
  lab_when (job, 0.3, 3000, order_daemon, &start);
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, from, to);
}

/* ---- the source ---- */

Test (fault, source_libvirtd_is_killed_in_mid_copy_and_comes_back)
{
  g_autoptr (MigrateJob) job = slow_job (GUEST, from, to);
  g_autoptr (GError) error = NULL;
  Daemon kill = { from, "kill" }, start = { from, "start" };
  gint64 begun = g_get_monotonic_time ();

  g_free (lab_run ("virsh %d autostart %s", from, GUEST));
  lab_when (job, 0.3, 0, order_daemon, &kill);
  lab_when (job, 0.3, 3000, order_daemon, &start);
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  cr_assert (lab_has_autostart (GUEST, from));
  g_free (lab_run ("virsh %d autostart --disable %s", from, GUEST));
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, from, to);
}

Test (fault, source_libvirtd_is_killed_for_long_then_followed)
{
  g_autoptr (MigrateJob) job = slow_job (GUEST, from, to);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Daemon kill = { from, "kill" };
  gint64 begun = g_get_monotonic_time ();

  lab_set_policy (job, "settle-timeout", "3");
  lab_when (job, 0.3, 0, order_daemon, &kill);
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 60);
  lab_assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
  lab_assert_rest (job, MIGRATE_STATE_FAILED, MIGRATE_OUTCOME_UNKNOWN);
  g_clear_error (&error);

  g_free (lab_run ("libvirtd %d start", from));
  begun = g_get_monotonic_time ();
  result = migrate_job_follow (job, NULL, &error);
  cr_assert_null (result);
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, from, to);
}

/* Nothing waits for a libvirtd that hangs, and what libvirt did meanwhile is found out later. */
Test (fault, source_libvirtd_hangs_in_mid_copy_then_followed)
{
  g_autoptr (MigrateJob) job = slow_job (GUEST, from, to);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Daemon hang = { from, "hang" };
  gint64 begun = g_get_monotonic_time ();

  lab_set_policy (job, "call-timeout", "2000");
  lab_set_policy (job, "settle-timeout", "3");
  lab_when (job, 0.3, 0, order_daemon, &hang);
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 60);
  lab_assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
  lab_assert_rest (job, MIGRATE_STATE_FAILED, MIGRATE_OUTCOME_UNKNOWN);
  g_clear_error (&error);

  g_free (lab_run ("libvirtd %d resume", from));
  begun = g_get_monotonic_time ();
  result = migrate_job_follow (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, to, from);
}

/* ---- the guest ---- */

/* It writes memory faster than the copy may take, so that the copy does not end before the guest.
 */
#define ENDLESS "--dirty 16 --rate 20"

Test (fault, guest_that_powers_itself_off_in_mid_copy_is_down)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  int here, there;
  gint64 begun;

  lab_try (NULL, "clean-guest p");
  /* Long enough for a copy to have begun on a busy machine. */
  lab_need_to_move ("p", ENDLESS " --poweroff-after 20", &here, &there);
  job = slow_job ("p", here, there);
  begun = g_get_monotonic_time ();
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_DOWN);
  result = migrate_job_dup_result (job);
  cr_assert_gt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_MEMORY), 0);
  lab_assert_off_at ("p", here);
  g_clear_pointer (&result, migrate_result_unref);
  g_clear_object (&job);

  g_free (lab_run ("virsh %d start p", here));
  job = lab_job_new ("p", here, there);
  result = lab_run_works (job, NULL);
  lab_assert_at ("p", there, "running");
  g_free (lab_run ("clean-guest p"));
}

typedef struct
{
  int host;
  const char *guest;
} Place;

static void
kill_qemu (gpointer data)
{
  Place *place = data;

  g_free (lab_run ("qemu %d %s kill", place->host, place->guest));
}

Test (fault, qemu_killed_at_the_source_is_down)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;
  Place place = { 0, "p" };
  int there;
  gint64 begun;

  lab_need_to_move ("p", ENDLESS, &place.host, &there);
  job = slow_job ("p", place.host, there);
  lab_when (job, 0.3, 0, kill_qemu, &place);
  begun = g_get_monotonic_time ();
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_DOWN);
  lab_assert_off_at ("p", place.host);
  g_free (lab_run ("clean-guest p"));
}

Test (fault, qemu_killed_at_the_destination_stays)
{
  g_autoptr (MigrateJob) job = slow_job (GUEST, from, to);
  g_autoptr (GError) error = NULL;
  Place place = { to, GUEST };
  gint64 begun = g_get_monotonic_time ();

  lab_when (job, 0.3, 0, kill_qemu, &place);
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, from, to);
}

/* ---- cancel ---- */

static void
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
}

static void
assert_cancelled_at (double fraction)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MigrateJob) job = slow_job (GUEST, from, to);
  g_autofree char *jobs = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  lab_when (job, fraction, 0, cancel, cancellable);
  error = lab_run_fails (job, cancellable);
  lab_assert_within (begun, 60);
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s", error->message);
  lab_assert_rest (job, MIGRATE_STATE_CANCELLED, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  jobs = lab_run ("virsh %d domjobinfo %s", from, GUEST);
  cr_assert_not_null (strstr (jobs, "None"), "it waited for the hypervisor's answer: %s", jobs);
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, from, to);
}

Test (cancel, at_10_percent) { assert_cancelled_at (0.1); }

Test (cancel, at_50_percent) { assert_cancelled_at (0.5); }

static void
cancel_when_migrated (MigrateJob *job, MigrateState before, MigrateState now, GCancellable *c)
{
  if (now == MIGRATE_STATE_MIGRATED)
    g_cancellable_cancel (c);
}

Test (cancel, after_the_hand_over_is_too_late)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (job, "state-changed", G_CALLBACK (cancel_when_migrated), cancellable);
  result = lab_run_works (job, cancellable);
  cr_assert (g_cancellable_is_cancelled (cancellable));
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
  cr_assert_not (migrate_job_cancel (job, NULL, &error));
  lab_assert_code (error, MIGRATE_ERROR_TOO_LATE);
}

Test (cancel, at_rest_after_prepare)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GError) error = NULL;

  g_free (lab_run ("virsh %d autostart %s", from, GUEST));
  report = migrate_job_check (job, NULL, NULL);
  cr_assert (migrate_job_prepare (job, NULL, &error), "%s", error != NULL ? error->message : "");
  cr_assert_not (lab_has_autostart (GUEST, from));
  cr_assert (migrate_job_cancel (job, NULL, &error), "%s", error != NULL ? error->message : "");
  lab_assert_rest (job, MIGRATE_STATE_CANCELLED, MIGRATE_OUTCOME_STAYED);
  cr_assert (lab_has_autostart (GUEST, from));
  g_free (lab_run ("virsh %d autostart --disable %s", from, GUEST));
  lab_assert_moves (GUEST, from, to);
}
