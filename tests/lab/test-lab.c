/* Whole moves between two real libvirtd of an ordinary user (recipe A). What goes wrong is in
 * test-lab-input.c, test-lab-faults.c and test-lab-control.c. */
#include "labtest.h"

#include <string.h>

/* Every test leaves it running, on either host. */
#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 2"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (move, .init = set_up, .timeout = 180);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "a");
}

typedef struct
{
  int progress, states;
  double last_fraction;
  gboolean went_back, wrong_thread;
  guint64 best_rate;
  GThread *thread;
} Heard;

static void
on_progress (MigrateJob *job, MigrateProgress *progress, Heard *heard)
{
  heard->progress++;
  heard->went_back |= migrate_progress_get_fraction (progress) < heard->last_fraction;
  heard->last_fraction = migrate_progress_get_fraction (progress);
  heard->wrong_thread |= g_thread_self () != heard->thread;
  heard->best_rate = MAX (heard->best_rate, migrate_progress_get_rate (progress));
}

static void
on_state (MigrateJob *job, MigrateState before, MigrateState now, Heard *heard)
{
  heard->states++;
  heard->wrong_thread |= g_thread_self () != heard->thread;
}

Test (move, live_with_progress_there_and_back)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateResult) result = NULL;
  Heard heard = { .thread = g_thread_self () };
  gint64 begun = g_get_monotonic_time ();

  lab_set_policy (job, "bandwidth", "32");
  lab_set_policy (job, "poll-interval", "100");
  g_signal_connect (job, "progress", G_CALLBACK (on_progress), &heard);
  g_signal_connect (job, "state-changed", G_CALLBACK (on_state), &heard);
  result = lab_run_works (job, NULL);

  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  cr_assert_str_eq (migrate_result_get_guest_name (result), GUEST);
  cr_assert_geq (migrate_result_get_bytes (result), 16 << 20);
  cr_assert_geq (migrate_result_get_passes (result), 1);
  cr_assert (migrate_result_has_downtime (result));
  cr_assert_str_eq (migrate_result_get_downtime_origin (result), "hypervisor");
  cr_assert_leq (migrate_result_get_downtime_ms (result), 5000); /* a busy machine */
  cr_assert_gt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_MEMORY), 0);
  cr_assert_gt (heard.progress, 2);
  cr_assert_geq (heard.states, 5);
  cr_assert_not (heard.went_back);
  cr_assert_not (heard.wrong_thread);
  cr_assert_float_eq (heard.last_fraction, 1.0, 1e-9);
  lab_assert_at (GUEST, to, "running");
  lab_assert_moves (GUEST, to, from);
}

/* Without ever running on both hosts. */
static void
assert_moves_with (const char *key, const char *value)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateResult) result = NULL;
  gint64 begun = g_get_monotonic_time ();
  LabWatch *watch = lab_watch_start (GUEST);
  guint samples, twice;

  lab_set_policy (job, key, value);
  if (g_str_equal (value, "tunnelled"))
    migrate_host_set_migration_uri (migrate_job_get_destination (job), NULL);
  result = lab_run_works (job, NULL);
  lab_watch_stop (watch, &samples, &twice);
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  cr_assert_gt (samples, 20);
  cr_assert_eq (twice, 0, "seen on both hosts %u times of %u", twice, samples);
  cr_assert (migrate_result_has_downtime (result));
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
}

Test (move, directly) { assert_moves_with ("transport", "direct"); }

Test (move, tunnelled) { assert_moves_with ("transport", "tunnelled"); }

Test (move, strictly) { assert_moves_with ("hand-over", "strict"); }

static guint64
rate_with (const char *bandwidth, int source, int destination)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, source, destination);
  g_autoptr (MigrateResult) result = NULL;
  Heard heard = { .thread = g_thread_self () };

  lab_set_policy (job, "bandwidth", bandwidth);
  lab_set_policy (job, "poll-interval", "100");
  g_signal_connect (job, "progress", G_CALLBACK (on_progress), &heard);
  result = lab_run_works (job, NULL);
  return migrate_result_get_bytes (result)
         / MAX (migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_MEMORY), 1);
}

Test (move, limit_of_bandwidth_holds)
{
  /* So low that a busy machine does more without it. */
  guint64 limited = rate_with ("8", from, to), free_way = rate_with ("0", to, from);

  /* Bytes in a millisecond. */
  cr_assert_lt (limited, 12 << 10, "%d", (int) limited);
  cr_assert_gt (free_way, 2 * limited, "%d, %d", (int) free_way, (int) limited);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
}

Test (move, paused_guest_stays_paused)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateResult) result = NULL;

  g_free (lab_run ("virsh %d suspend %s", from, GUEST));
  result = lab_run_works (job, NULL);
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  cr_assert_not (migrate_result_has_downtime (result));
  lab_assert_at (GUEST, to, "paused");
  g_free (lab_run ("virsh %d resume %s", to, GUEST));
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, to, from);
}

static gboolean
is_transient (const char *guest, int host)
{
  g_autofree char *info = lab_run ("virsh %d dominfo %s", host, guest);

  return g_regex_match_simple ("^Persistent: +no$", info, G_REGEX_MULTILINE, 0);
}

Test (move, transient_guest_stays_transient)
{
  int here, there;

  lab_need_to_move ("t", OPTIONS " --transient", &here, &there);
  lab_assert_moves ("t", here, there);
  cr_assert (is_transient ("t", there));
  lab_assert_moves ("t", there, here);
  cr_assert (is_transient ("t", here));
  g_free (lab_run ("clean-guest t"));
}

static void
cancel (gpointer cancellable)
{
  g_cancellable_cancel (cancellable);
}

Test (move, autostart_travels_and_is_given_back)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (GError) error = NULL;

  g_free (lab_run ("virsh %d autostart %s", from, GUEST));
  lab_set_policy (job, "bandwidth", "12");
  lab_when (job, 0.1, 0, cancel, cancellable);
  error = lab_run_fails (job, cancellable);
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s", error->message);
  lab_assert_rest (job, MIGRATE_STATE_CANCELLED, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  cr_assert (lab_has_autostart (GUEST, from));

  lab_assert_moves (GUEST, from, to);
  cr_assert (lab_has_autostart (GUEST, to));
  g_free (lab_run ("virsh %d autostart --disable %s", to, GUEST));
}

Test (move, takes_one_edge_at_a_time)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GError) error = NULL;

  report = migrate_job_check (job, NULL, &error);
  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  cr_assert_not (migrate_report_is_blocked (report));
  cr_assert (migrate_job_prepare (job, NULL, &error));
  lab_assert_at (GUEST, from, "running");
  cr_assert (migrate_job_migrate (job, NULL, &error), "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_MIGRATED);
  cr_assert (migrate_job_finalize (job, NULL, &error), "%s", error != NULL ? error->message : "");
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
}

/* ---- a disk that both hosts see ---- */

#define DISK_OPTIONS OPTIONS " --disk d.img"

static void
set_up_disk (void)
{
  lab_set_up ();
  lab_need_to_move ("d", DISK_OPTIONS, &from, &to);
}

TestSuite (disk, .init = set_up_disk, .timeout = 180);

Test (disk, shared_file_is_not_proven_to_be_shared)
{
  g_autoptr (MigrateJob) job = lab_job_new ("d", from, to);
  g_autoptr (MigrateJob) accepting = lab_job_new ("d", from, to);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = lab_run_fails (job, NULL);

  lab_assert_blocked_by (job, error, "disk-sharing-unproven");
  lab_assert_rest (job, MIGRATE_STATE_CHECKED, MIGRATE_OUTCOME_NONE);
  lab_assert_at ("d", from, "running");

  lab_set_policy (accepting, "accept", "disk-sharing-unproven");
  result = lab_run_works (accepting, NULL);
  lab_assert_rest (accepting, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at ("d", to, "running");
  lab_assert_alive ("d");
}

/* Live passes our check with a warning; libvirt sees an ordinary file system and says no. */
Test (disk, live_is_refused_by_libvirt_as_unsafe)
{
  g_autoptr (MigrateJob) job = lab_job_new ("d", from, to);
  g_autoptr (MigrateJob) accepting = lab_job_new ("d", from, to);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  migrate_job_set_kind (job, MIGRATE_KIND_LIVE);
  error = lab_run_fails (job, NULL);
  lab_assert_code (error, MIGRATE_ERROR_BLOCKED);
  cr_assert_not_null (strstr (error->message, "Unsafe migration"), "%s", error->message);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at ("d", from, "running");
  lab_assert_alive ("d");

  migrate_job_set_kind (accepting, MIGRATE_KIND_LIVE);
  lab_set_policy (accepting, "accept", "disk-sharing-unproven");
  result = lab_run_works (accepting, NULL);
  lab_assert_at ("d", to, "running");
  lab_assert_alive ("d");
}

Test (disk, destination_whose_qemu_cannot_open_it_is_quoted)
{
  g_autoptr (MigrateJob) job = lab_job_new ("d", from, to);
  g_autoptr (MigrateJob) again = lab_job_new ("d", from, to);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (GError) error = NULL;
  const char *shared = lab_env ("SHARED");
  gint64 begun = g_get_monotonic_time ();

  lab_set_policy (job, "accept", "disk-sharing-unproven");
  g_free (lab_run ("run %d mv %s/d.img %s/away.img", from, shared, shared));
  error = lab_run_fails (job, NULL);
  g_free (lab_run ("run %d mv %s/away.img %s/d.img", from, shared, shared));
  lab_assert_within (begun, 30);
  cr_assert_not_null (strstr (error->message, "d.img"), "%s", error->message);
  cr_assert_not_null (strstr (error->message, "No such file"), "%s", error->message);
  cr_assert_not_null (strstr (error->message, "stayed"), "%s", error->message);
  failure = migrate_job_dup_failure (job);
  cr_assert_neq (migrate_failure_get_libvirt_code (failure), 0);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at ("d", from, "running");
  lab_assert_alive ("d");

  lab_set_policy (again, "accept", "disk-sharing-unproven");
  result = lab_run_works (again, NULL);
  lab_assert_at ("d", to, "running");
  lab_assert_alive ("d");
}
