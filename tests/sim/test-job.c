/* Whole moves in the simulator: through the public API, against hosts that fail on demand. */
#include "sim.h"

#include "journal/journal-private.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <libmigrate/migrate.h>
#include <sqlite3.h>
#include <sys/wait.h>

static SimWorld *world;
static MigrateJournal *journal;
static char *folder; /* for journals in files */

static char *
journal_path (void)
{
  if (folder == NULL)
    folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  return g_build_filename (folder, "journal.sqlite", NULL);
}

static void
remove_folder (void)
{
  g_autoptr (GDir) dir = folder != NULL ? g_dir_open (folder, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  if (folder != NULL)
    g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

static void
set_up (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  journal = migrate_sqlite_journal_new_none ();
}

static void
tear_down (void)
{
  g_clear_object (&journal);
  sim_world_free (world);
  remove_folder ();
}

TestSuite (job, .init = set_up, .fini = tear_down, .timeout = 60);

static void
add_guest (SimGuestSpec spec)
{
  if (spec.name == NULL)
    spec.name = "g0";
  sim_world_add_guest (world, "h1", &spec);
}

static MigrateJob *
job_between (const char *guest, const char *from, const char *to)
{
  g_autoptr (MigrateHost) source = migrate_host_new (from);
  g_autoptr (MigrateHost) destination = migrate_host_new (to);
  MigrateJob *job = migrate_job_new (guest, source, destination);

  migrate_job_set_journal (job, journal);
  return job;
}

static MigrateJob *
job_new (const char *guest)
{
  return job_between (guest, "sim://w/h1", "sim://w/h2");
}

static void
set_policy (MigrateJob *job, const char *key, const char *value)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);

  cr_assert (migrate_policy_set (policy, key, value, NULL));
  migrate_job_set_policy (job, policy);
}

static void
assert_code (const GError *error, int code)
{
  cr_assert_not_null (error, "it did not fail");
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "code %d: %s", error->code,
             error->message);
}

static gboolean
runs_on (const char *host, const char *guest)
{
  SimDomainInfo info = sim_world_get_domain (world, host, guest);

  return info.active && info.state == MIGRATE_DOMAIN_RUNNING;
}

static void
assert_no_violation (void)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
}

/* Moves it, must work; then it is there, only there, and nothing is left here. */
static void
assert_moves (const char *guest, const char *from, const char *to)
{
  g_autofree char *source = g_strdup_printf ("sim://w/%s", from);
  g_autofree char *destination = g_strdup_printf ("sim://w/%s", to);
  g_autoptr (MigrateJob) job = job_between (guest, source, destination);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert (runs_on (to, guest), "%s", sim_world_describe (world, guest));
  cr_assert_not (sim_world_get_domain (world, from, guest).exists, "%s",
                 sim_world_describe (world, guest));
  assert_no_violation ();
}

static void
assert_stayed (const char *guest)
{
  cr_assert (runs_on ("h1", guest), "%s", sim_world_describe (world, guest));
  cr_assert_not (sim_world_get_domain (world, "h2", guest).exists, "%s",
                 sim_world_describe (world, guest));
  assert_no_violation ();
}

static MigrateOutcome
outcome_of (MigrateJob *job)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);

  return result != NULL ? migrate_result_get_outcome (result) : MIGRATE_OUTCOME_NONE;
}

/* ---- the happy path ---- */

typedef struct
{
  int progress, states, phases;
  double last_fraction;
  GThread *thread;
  gboolean went_back, wrong_thread, after_end, ended;
} Heard;

static void
on_progress (MigrateJob *job, MigrateProgress *progress, Heard *heard)
{
  heard->progress++;
  heard->went_back |= migrate_progress_get_fraction (progress) < heard->last_fraction;
  heard->last_fraction = migrate_progress_get_fraction (progress);
  heard->wrong_thread |= g_thread_self () != heard->thread;
  heard->after_end |= heard->ended;
}

static void
on_state (MigrateJob *job, MigrateState before, MigrateState now, Heard *heard)
{
  heard->states++;
  heard->wrong_thread |= g_thread_self () != heard->thread;
}

Test (job, moves_a_guest)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  Heard heard = { .thread = g_thread_self () };

  add_guest ((SimGuestSpec){ .memory = 256 << 20, .dirty_rate = 4 << 20 });
  job = job_new ("g0");
  g_signal_connect (job, "progress", G_CALLBACK (on_progress), &heard);
  g_signal_connect (job, "state-changed", G_CALLBACK (on_state), &heard);
  result = migrate_job_run (job, NULL, &error);
  heard.ended = TRUE;

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_MOVED);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FINALIZED);
  cr_assert_eq (migrate_job_get_phase (job), MIGRATE_PHASE_IDLE);
  cr_assert_geq (migrate_result_get_bytes (result), 200 << 20);
  cr_assert (migrate_result_has_downtime (result));
  cr_assert_leq (migrate_result_get_downtime_ms (result), 400);
  cr_assert_gt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_MEMORY), 0);
  cr_assert_gt (heard.progress, 2);
  cr_assert_geq (heard.states, 5);
  cr_assert_not (heard.went_back);
  cr_assert_not (heard.wrong_thread);
  cr_assert_float_eq (heard.last_fraction, 1.0, 1e-9);
  cr_assert (runs_on ("h2", "g0"));
  cr_assert (sim_world_get_domain (world, "h2", "g0").persistent);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists);
  assert_no_violation ();
}

Test (job, moves_there_and_back)
{
  add_guest ((SimGuestSpec){ .dirty_rate = 1 << 20 });
  assert_moves ("g0", "h1", "h2");
  assert_moves ("g0", "h2", "h1");
  assert_moves ("g0", "h1", "h2");
}

Test (job, takes_one_edge_at_a_time)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  job = job_new ("g0");
  report = migrate_job_check (job, NULL, &error);
  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  cr_assert_not (migrate_report_is_blocked (report));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CHECKED);
  cr_assert (migrate_job_prepare (job, NULL, &error));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_PREPARED);
  assert_stayed ("g0");
  cr_assert (migrate_job_migrate (job, NULL, &error), "%s", error ? error->message : "");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_MIGRATED);
  cr_assert (runs_on ("h2", "g0"));
  cr_assert (migrate_job_finalize (job, NULL, &error));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FINALIZED);
}

Test (job, confirm_manual_stops_at_migrated)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  job = job_new ("g0");
  set_policy (job, "confirm", "manual");
  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_MIGRATED);
  cr_assert (migrate_job_finalize (job, NULL, &error));
}

Test (job, paused_guest_stays_paused)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  SimDomainInfo there;

  add_guest ((SimGuestSpec){ .state = MIGRATE_DOMAIN_PAUSED });
  job = job_new ("g0");
  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  there = sim_world_get_domain (world, "h2", "g0");
  cr_assert_eq (there.state, MIGRATE_DOMAIN_PAUSED);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists);
}

Test (job, transient_guest_stays_transient)
{
  add_guest ((SimGuestSpec){ .transient = TRUE });
  assert_moves ("g0", "h1", "h2");
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").persistent);
}

Test (job, autostart_travels)
{
  add_guest ((SimGuestSpec){ .autostart = TRUE });
  assert_moves ("g0", "h1", "h2");
  cr_assert (sim_world_get_domain (world, "h2", "g0").autostart);
}

Test (job, autostart_is_given_back_when_it_stays)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .autostart = TRUE });
  sim_world_do (world, &(SimAction){ .what = SIM_REFUSE_PREPARE, .host = "h2", .text = "no" });
  job = job_new ("g0");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  assert_stayed ("g0");
}

static void
run_with (const char *key, const char *value)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .dirty_rate = 1 << 20 });
  job = job_new ("g0");
  set_policy (job, key, value);
  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert (runs_on ("h2", "g0"));
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists);
  assert_no_violation ();
}

Test (job, moves_directly) { run_with ("transport", "direct"); }

Test (job, moves_tunnelled) { run_with ("transport", "tunnelled"); }

Test (job, moves_strictly) { run_with ("hand-over", "strict"); }

Test (job, moves_at_a_limited_bandwidth)
{
  gint64 before = sim_world_get_now (world);

  run_with ("bandwidth", "8"); /* 64 MiB at 8 MiB/s */
  cr_assert_gt (sim_world_get_now (world) - before, 7 * G_TIME_SPAN_SECOND);
}

/* ---- bad input ---- */

static const struct
{
  const char *label, *guest, *from, *to;
  int code;
  const char *says;
  MigrateKind kind;
} bad[] = {
  { "no scheme", "g0", "h1", "sim://w/h2", MIGRATE_ERROR_INVALID, "h1" },
  { "injection", "g0", "sim://w/h1", "sim://w;id/h2", MIGRATE_ERROR_INVALID, "w;id" },
  { "option", "g0", "sim://-oProxyCommand=x/h1", "sim://w/h2", MIGRATE_ERROR_INVALID, "dash" },
  { "unknown host", "g0", "sim://w/h9", "sim://w/h2", MIGRATE_ERROR_UNREACHABLE, "h9" },
  { "unknown destination", "g0", "sim://w/h1", "sim://w/h9", MIGRATE_ERROR_UNREACHABLE, "h9" },
  { "no such guest", "nobody", "sim://w/h1", "sim://w/h2", MIGRATE_ERROR_NOT_FOUND, "nobody" },
  { "same host", "g0", "sim://w/h1", "sim://w/h1", MIGRATE_ERROR_BLOCKED, "same-host" },
  { "guest off", "off", "sim://w/h1", "sim://w/h2", MIGRATE_ERROR_BLOCKED, "guest-not-running",
    MIGRATE_KIND_LIVE },
  { "guest on", "g0", "sim://w/h1", "sim://w/h2", MIGRATE_ERROR_BLOCKED, "guest-running",
    MIGRATE_KIND_COLD },
  { "nothing to copy", "g0", "sim://w/h1", "sim://w/h2", MIGRATE_ERROR_BLOCKED, "nothing-to-copy",
    MIGRATE_KIND_BLOCK },
  { "file disk", "disk", "sim://w/h1", "sim://w/h2", MIGRATE_ERROR_BLOCKED,
    "disk-sharing-unproven" },
};

Test (job, refuses_bad_input_and_changes_nothing)
{
  add_guest ((SimGuestSpec){ 0 });
  add_guest ((SimGuestSpec){ .name = "off", .state = MIGRATE_DOMAIN_SHUTOFF });
  add_guest ((SimGuestSpec){ .name = "disk", .disk = "/a.img" });
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (MigrateJob) job = job_between (bad[i].guest, bad[i].from, bad[i].to);
      g_autoptr (GError) error = NULL;
      g_autoptr (MigrateFailure) failure = NULL;
      MigrateState state;

      migrate_job_set_kind (job, bad[i].kind);
      cr_assert_null (migrate_job_run (job, NULL, &error), "%s", bad[i].label);
      assert_code (error, bad[i].code);
      cr_assert_not_null (strstr (error->message, bad[i].says), "%s: %s", bad[i].label,
                          error->message);
      failure = migrate_job_dup_failure (job);
      if (failure != NULL)
        cr_assert_str_eq (migrate_failure_get_message (failure), error->message);
      state = migrate_job_get_state (job);
      cr_assert (state == MIGRATE_STATE_NEW || state == MIGRATE_STATE_CHECKED, "%s", bad[i].label);
    }
  assert_stayed ("g0");
  assert_moves ("g0", "h1", "h2");
}

Test (job, disks_move_when_live_is_asked_for)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  add_guest ((SimGuestSpec){ .disk = "/a.img" });
  job = job_new ("g0");
  migrate_job_set_kind (job, MIGRATE_KIND_LIVE);
  result = migrate_job_run (job, NULL, NULL);
  cr_assert_not_null (result);
}

Test (job, a_change_since_the_check_is_seen)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  job = job_new ("g0");
  report = migrate_job_check (job, NULL, NULL);
  sim_world_do (world, &(SimAction){ .what = SIM_POWER_OFF, .host = "h1", .guest = "g0" });
  sim_world_sleep (world, 5000);
  cr_assert_not (migrate_job_prepare (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_CHANGED);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CHECKED);
}

/* ---- refusals by state ---- */

Test (job, refuses_what_its_state_does_not_allow)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  job = job_new ("g0");
  cr_assert_not (migrate_job_migrate (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_WRONG_STATE);
  cr_assert_str_eq (error->message, "Operation “migrate” is not allowed in state “new”");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_NEW);
}

Test (job, a_closed_job_only_answers)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  job = job_new ("g0");
  result = migrate_job_run (job, NULL, NULL);
  cr_assert_null (migrate_job_run (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_WRONG_STATE);
  g_clear_error (&error);
  cr_assert_not (migrate_job_cancel (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_TOO_LATE);
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_MOVED);
}

Test (job, a_second_job_on_the_guest_is_refused_with_the_others_id)
{
  g_autoptr (MigrateJob) first = NULL;
  g_autoptr (MigrateJob) second = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  first = job_new ("g0");
  second = job_new ("g0");
  report = migrate_job_check (first, NULL, NULL);
  cr_assert (migrate_job_prepare (first, NULL, NULL));
  cr_assert_null (migrate_job_run (second, NULL, &error));
  assert_code (error, MIGRATE_ERROR_BUSY);
  failure = migrate_job_dup_failure (second);
  cr_assert_str_eq (migrate_failure_get_other_job (failure), migrate_job_get_id (first));
  cr_assert (migrate_job_cancel (first, NULL, NULL));
  assert_moves ("g0", "h1", "h2");
}

/* ---- cancel ---- */

typedef struct
{
  double at;
  GCancellable *cancellable;
} CancelAt;

static void
cancel_when (MigrateJob *job, MigrateProgress *progress, CancelAt *at)
{
  if (migrate_progress_get_fraction (progress) >= at->at)
    g_cancellable_cancel (at->cancellable);
}

static void
cancel_at (double fraction)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;
  CancelAt at = { fraction, cancellable };

  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (2) << 30, .autostart = TRUE });
  job = job_new ("g0");
  g_signal_connect (job, "progress", G_CALLBACK (cancel_when), &at);
  cr_assert_null (migrate_job_run (job, cancellable, &error));
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s", error->message);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CANCELLED);
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_STAYED);
  assert_stayed ("g0");
  cr_assert_eq (sim_world_count_transfers (world), 0, "it waited for the hypervisor's answer");
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
  assert_moves ("g0", "h1", "h2");
}

Test (job, is_cancelled_at_the_beginning) { cancel_at (0); }

Test (job, is_cancelled_at_10_percent) { cancel_at (0.1); }

Test (job, is_cancelled_at_50_percent) { cancel_at (0.5); }

static void
cancel_on_migrated (MigrateJob *job, MigrateState before, MigrateState now, GCancellable *c)
{
  if (now == MIGRATE_STATE_MIGRATED)
    g_cancellable_cancel (c);
}

Test (job, cancelled_after_the_hand_over_goes_on)
{
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  job = job_new ("g0");
  g_signal_connect (job, "state-changed", G_CALLBACK (cancel_on_migrated), cancellable);
  result = migrate_job_run (job, cancellable, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FINALIZED);
}

static void
cancel_in_handler (MigrateJob *job, MigrateProgress *progress, gboolean *cancelled)
{
  if (migrate_progress_get_fraction (progress) > 0.2 && !*cancelled)
    {
      *cancelled = TRUE;
      cr_assert (migrate_job_cancel (job, NULL, NULL));
    }
}

Test (job, is_cancelled_from_its_own_handler)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;
  gboolean cancelled = FALSE;

  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (2) << 30 });
  job = job_new ("g0");
  g_signal_connect (job, "progress", G_CALLBACK (cancel_in_handler), &cancelled);
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED));
  cr_assert (cancelled);
  assert_stayed ("g0");
}

Test (job, is_cancelled_at_rest)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;

  add_guest ((SimGuestSpec){ .autostart = TRUE });
  job = job_new ("g0");
  report = migrate_job_check (job, NULL, NULL);
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").autostart);
  cr_assert (migrate_job_cancel (job, NULL, NULL));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CANCELLED);
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
  assert_moves ("g0", "h1", "h2");
}

/* ---- faults ---- */

Test (job, a_deadline_gives_up_in_numbers)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (1) << 30, .dirty_rate = 500 << 20 });
  job = job_new ("g0");
  set_policy (job, "deadline", "30");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_TIMED_OUT);
  cr_assert_not_null (strstr (error->message, "30 s"), "%s", error->message);
  assert_stayed ("g0");
}

Test (job, destination_that_refuses_is_quoted)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  sim_world_do (
    world,
    &(SimAction){ .what = SIM_REFUSE_PREPARE, .host = "h2", .text = "unsupported machine type" });
  job = job_new ("g0");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert_not_null (strstr (error->message, "unsupported machine type"), "%s", error->message);
  cr_assert_not_null (strstr (error->message, "stayed"), "%s", error->message);
  failure = migrate_job_dup_failure (job);
  cr_assert_neq (migrate_failure_get_libvirt_code (failure), 0);
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_STAYED);
  assert_stayed ("g0");
  assert_moves ("g0", "h1", "h2");
}

Test (job, destination_libvirtd_gone_in_mid_copy)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .memory = 512 << 20 });
  sim_world_at (world, SIM_AT_PERFORM, 50, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h2" });
  sim_world_at (world, SIM_AT_PERFORM, 50,
                &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h2", .after_ms = 5000 });
  job = job_new ("g0");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_STAYED, "%s", error->message);
  assert_stayed ("g0");
  assert_moves ("g0", "h1", "h2");
}

Test (job, source_libvirtd_killed_in_mid_copy_and_back)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .memory = 512 << 20, .autostart = TRUE });
  sim_world_at (world, SIM_AT_PERFORM, 50, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h1" });
  sim_world_at (world, SIM_AT_PERFORM, 50,
                &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h1", .after_ms = 5000 });
  job = job_new ("g0");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_STAYED, "%s", error->message);
  assert_stayed ("g0");
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
  assert_moves ("g0", "h1", "h2");
}

Test (job, source_libvirtd_killed_for_good_is_unknown_then_followed)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .memory = 512 << 20, .autostart = TRUE });
  sim_world_at (world, SIM_AT_PERFORM, 50, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h1" });
  job = job_new ("g0");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_UNKNOWN);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
  g_clear_error (&error);

  sim_world_do (world, &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h1" });
  sim_world_sleep (world, 2000);
  cr_assert_null (migrate_job_follow (job, NULL, &error));
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_STAYED, "%s", error->message);
  assert_stayed ("g0");
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
  assert_moves ("g0", "h1", "h2");
}

Test (job, a_new_job_settles_what_a_dead_controller_left)
{
  g_autofree char *path = journal_path ();
  g_autofree char *old_id = NULL;
  g_autoptr (MigrateJob) again = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .autostart = TRUE });
  {
    g_autoptr (MigrateJournal) first = migrate_sqlite_journal_new (path);
    g_autoptr (MigrateJob) job = job_new ("g0");
    g_autoptr (MigrateReport) report = NULL;

    migrate_job_set_journal (job, first);
    report = migrate_job_check (job, NULL, NULL);
    cr_assert (migrate_job_prepare (job, NULL, NULL));
    old_id = g_strdup (migrate_job_get_id (job));
  } /* the holder of the claim is gone */
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").autostart);

  again = job_new ("g0");
  {
    g_autoptr (MigrateJournal) second = migrate_sqlite_journal_new (path);
    g_autoptr (MigrateJobRecord) record = NULL;

    migrate_job_set_journal (again, second);
    result = migrate_job_run (again, NULL, &error);
    cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
    cr_assert (sim_world_get_domain (world, "h2", "g0").autostart);
    record = migrate_journal_lookup (second, old_id, NULL, &error);
    cr_assert_eq (migrate_job_record_get_state (record), MIGRATE_STATE_UNDONE);
  }
}

Test (job, guest_that_powers_off_on_the_way_is_down)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .memory = 512 << 20 });
  sim_world_at (world, SIM_AT_PERFORM, 50, &(SimAction){ .what = SIM_POWER_OFF });
  job = job_new ("g0");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_DOWN, "%s", error->message);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  cr_assert (sim_world_get_domain (world, "h1", "g0").exists);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").active);
}

Test (job, a_libvirtd_that_never_answers_is_left)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;
  gint64 before = sim_world_get_now (world);

  add_guest ((SimGuestSpec){ 0 });
  sim_world_do (world, &(SimAction){ .what = SIM_WEDGE, .host = "h2" });
  job = job_new ("g0");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_TIMED_OUT);
  cr_assert_leq (sim_world_get_now (world) - before, 15 * G_TIME_SPAN_SECOND);
  sim_world_do (world, &(SimAction){ .what = SIM_UNWEDGE, .host = "h2" });
  g_clear_object (&job);
  assert_moves ("g0", "h1", "h2");
}

/* By the clock of the samples, which is not that of the entry. */
Test (job, a_decision_is_logged_with_its_time)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GError) error = NULL;
  guint found = 0;

  add_guest ((SimGuestSpec){ 0 });
  sim_world_lose (world, SIM_MSG_FINISH_REPLY, 1);
  job = job_new ("g0");
  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  record = migrate_journal_lookup (journal, migrate_job_get_id (job), NULL, &error);
  cr_assert_not_null (record, "%s", error != NULL ? error->message : "");
  entries = migrate_job_record_dup_entries (record);
  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      g_autoptr (GVariant) values
        = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
      const char *kind = "";
      guint64 at = 0;

      g_variant_lookup (entry, "kind", "&s", &kind);
      if (!g_str_equal (kind, "decision"))
        continue;
      cr_assert (values != NULL && g_variant_lookup (values, "at-ms", "t", &at));
      cr_assert_eq (at, migrate_decision_get_at_ms (migrate_result_get_decision (result, found)));
      found++;
    }
  cr_assert_eq (found, migrate_result_get_n_decisions (result));
  cr_assert_gt (found, 0);
}

Test (job, a_lost_reply_makes_no_second_copy)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  sim_world_lose (world, SIM_MSG_FINISH_REPLY, 1);
  job = job_new ("g0");
  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result, "%s; %s", error != NULL ? error->message : "",
                      sim_world_describe (world, "g0"));
  cr_assert_geq (migrate_result_get_n_decisions (result), 1);
  cr_assert_str_eq (migrate_decision_get_what (migrate_result_get_decision (result, 0)),
                    "destroy-source-half");
  cr_assert (runs_on ("h2", "g0"));
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").active);
  sim_world_sleep (world, 60000);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists, "%s",
                 sim_world_describe (world, "g0"));
  assert_no_violation ();
}

Test (job, a_lost_reply_is_harmless_when_strict)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  add_guest ((SimGuestSpec){ 0 });
  sim_world_lose (world, SIM_MSG_FINISH_REPLY, 1);
  job = job_new ("g0");
  set_policy (job, "hand-over", "strict");
  result = migrate_job_run (job, NULL, NULL);
  sim_world_sleep (world, 60000);
  assert_no_violation ();
  cr_assert (runs_on ("h1", "g0") != runs_on ("h2", "g0"), "%s", sim_world_describe (world, "g0"));
}

typedef struct
{
  const char *path;
  MigrateJournal *other;
  guint64 generation;
} TakeOver;

/* An operator declares a hung controller dead by removing its lock file; another takes over. */
static void
take_over (MigrateJob *job, MigrateProgress *progress, TakeOver *t)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *place = g_path_get_dirname (t->path);
  g_autoptr (GDir) dir = NULL;
  g_autofree char *uuid = NULL;
  const char *name;

  if (t->generation != 0 || migrate_progress_get_fraction (progress) < 0.2)
    return;
  dir = g_dir_open (place, 0, NULL);
  while ((name = g_dir_read_name (dir)) != NULL)
    if (strstr (name, ".holder-") != NULL)
      {
        g_autofree char *lock = g_build_filename (place, name, NULL);

        g_unlink (lock);
      }
  t->other = migrate_sqlite_journal_new (t->path);
  {
    g_autoptr (GVariant) values
      = _migrate_journal_load_job (t->other, migrate_job_get_id (job), &error);

    cr_assert_not_null (values, "%s", error != NULL ? error->message : "");
    uuid = g_strdup (_migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_UUID));
  }
  t->generation = _migrate_journal_claim (t->other, uuid, migrate_job_get_id (job), &error);
  cr_assert_neq (t->generation, 0, "%s", error != NULL ? error->message : "");
}

static guint
count_orders (void)
{
  static const char *const orders[] = { "set-autostart", "suspend", "resume", "destroy",
                                        "undefine",      "persist", "abort",  "transfer" };
  guint count = 0;

  for (gsize i = 0; i < G_N_ELEMENTS (orders); i++)
    count += sim_world_count_calls (world, orders[i]);
  return count;
}

Test (job, a_controller_that_was_taken_over_does_nothing_more)
{
  g_autofree char *path = journal_path ();
  g_autoptr (MigrateJournal) first = migrate_sqlite_journal_new (path);
  g_autoptr (MigrateJournal) third = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateJob) second = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  TakeOver taken = { path, NULL, 0 };
  guint orders;

  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (2) << 30, .autostart = TRUE });
  job = job_new ("g0");
  migrate_job_set_journal (job, first);
  g_signal_connect (job, "progress", G_CALLBACK (take_over), &taken);
  cr_assert_null (migrate_job_run (job, NULL, &error));
  orders = count_orders ();
  assert_code (error, MIGRATE_ERROR_LOST_CLAIM);
  cr_assert_eq (orders, 2, "autostart off and the transfer, not %u orders", orders);
  cr_assert_neq (taken.generation, 0);
  g_clear_error (&error);

  g_clear_object (&taken.other); /* and a third follows it to the end */
  third = migrate_sqlite_journal_new (path);
  second = migrate_job_load (third, migrate_job_get_id (job), NULL, &error);
  result = migrate_job_follow (second, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert (runs_on ("h2", "g0"));
  cr_assert (sim_world_get_domain (world, "h2", "g0").autostart);
  assert_no_violation ();
}

Test (job, a_transfer_that_cannot_begin_is_called_off)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ 0 });
  sim_world_hang_call (world, "open:h1", 2); /* the first is the control connection */
  job = job_new ("g0");
  set_policy (job, "settle-timeout", "5");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_TIMED_OUT);
  cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_STAYED);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  failure = migrate_job_dup_failure (job);
  cr_assert_eq (migrate_failure_get_phase (failure), MIGRATE_PHASE_STARTING);
  assert_moves ("g0", "h1", "h2");
}

typedef struct
{
  MigrateJob *second;
  gboolean tried;
} Rival;

static void
try_second (MigrateJob *job, MigrateProgress *progress, Rival *rival)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateFailure) failure = NULL;

  if (rival->tried || migrate_progress_get_fraction (progress) < 0.2)
    return;
  rival->tried = TRUE;
  cr_assert_null (migrate_job_run (rival->second, NULL, &error));
  assert_code (error, MIGRATE_ERROR_BUSY);
  failure = migrate_job_dup_failure (rival->second);
  cr_assert_str_eq (migrate_failure_get_other_job (failure), migrate_job_get_id (job));
}

Test (job, a_guest_on_its_way_is_busy)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateJob) second = NULL;
  g_autoptr (MigrateResult) result = NULL;
  Rival rival;

  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (2) << 30 });
  job = job_new ("g0");
  second = job_new ("g0");
  rival = (Rival){ second, FALSE };
  g_signal_connect (job, "progress", G_CALLBACK (try_second), &rival);
  result = migrate_job_run (job, NULL, NULL);
  cr_assert_not_null (result);
  cr_assert (rival.tried);
}

/* ---- detach and follow ---- */

static void
detach_when (MigrateJob *job, MigrateProgress *progress, gboolean *asked)
{
  if (migrate_progress_get_fraction (progress) > 0.2 && !*asked)
    {
      *asked = TRUE;
      migrate_job_detach_async (job, NULL, NULL, NULL);
    }
}

Test (job, is_left_running_and_followed_again)
{
  g_autofree char *path = journal_path ();
  g_autofree char *id = NULL;
  g_autoptr (MigrateJournal) second = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gboolean asked = FALSE;

  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (2) << 30, .autostart = TRUE });
  {
    g_autoptr (MigrateJournal) first = migrate_sqlite_journal_new (path);
    g_autoptr (MigrateJob) left = job_new ("g0");

    migrate_job_set_journal (left, first);
    g_signal_connect (left, "progress", G_CALLBACK (detach_when), &asked);
    cr_assert_null (migrate_job_run (left, NULL, &error));
    cr_assert_eq (outcome_of (left), MIGRATE_OUTCOME_DETACHED, "%s", error->message);
    cr_assert_eq (migrate_job_get_state (left), MIGRATE_STATE_PREPARED);
    cr_assert (migrate_job_is_in_flight (left));
    id = g_strdup (migrate_job_get_id (left));
  }
  g_clear_error (&error);
  second = migrate_sqlite_journal_new (path);
  job = migrate_job_load (second, id, NULL, &error);
  cr_assert_not_null (job, "%s", error != NULL ? error->message : "");
  result = migrate_job_follow (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FINALIZED);
  cr_assert (runs_on ("h2", "g0"));
  cr_assert (sim_world_get_domain (world, "h2", "g0").autostart);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists);
  assert_no_violation ();
}

static void
rewrite (const char *path, const char *id, const char *key, const char *text)
{
  g_autoptr (MigrateJournal) file = migrate_sqlite_journal_new (path);
  g_autoptr (GVariant) written = _migrate_journal_load_job (file, id, NULL);
  guint64 generation = _migrate_variant_uint64 (written, MIGRATE_JOB_KEY_GENERATION, 0);
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GError) error = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", key, g_variant_new_string (text));
  values = g_variant_ref_sink (g_variant_builder_end (&builder));
  cr_assert (_migrate_journal_update_job (file, id, generation, values, &error), "%s",
             error != NULL ? error->message : "");
}

/* What the journal says of how the guest was cannot be read. */
static void
lose_facts (const char *path, const char *id)
{
  rewrite (path, id, MIGRATE_JOB_KEY_FACTS, "lost");
}

/* Nothing of it is taken back under a transfer that goes on. */
Test (job, that_may_be_in_flight_is_not_undone_for_lost_facts)
{
  g_autofree char *path = journal_path ();
  g_autofree char *id = NULL;
  g_autoptr (MigrateJournal) second = NULL;
  g_autoptr (MigrateJob) job = NULL;
  gboolean asked = FALSE;

  sim_world_enter (world); /* time stands still while nobody waits */
  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (2) << 30, .autostart = TRUE });
  {
    g_autoptr (MigrateJournal) first = migrate_sqlite_journal_new (path);
    g_autoptr (MigrateJob) left = job_new ("g0");

    migrate_job_set_journal (left, first);
    g_signal_connect (left, "progress", G_CALLBACK (detach_when), &asked);
    cr_assert_null (migrate_job_run (left, NULL, NULL));
    cr_assert (migrate_job_is_in_flight (left));
    id = g_strdup (migrate_job_get_id (left));
  }
  lose_facts (path, id);
  second = migrate_sqlite_journal_new (path);
  job = migrate_job_load (second, id, NULL, NULL);
  cr_assert_not_null (job);
  for (int i = 0; i < 2; i++) /* in flight, and then failed */
    {
      g_autoptr (GError) error = NULL;

      cr_assert_null (migrate_job_follow (job, NULL, &error));
      assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
      cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
      cr_assert_eq (outcome_of (job), MIGRATE_OUTCOME_UNKNOWN);
      cr_assert_eq (sim_world_count_transfers (world), 1);
      cr_assert_not (sim_world_get_domain (world, "h1", "g0").autostart, "it was taken back");
    }
  sim_world_leave (world);
}

/* No transfer was begun: all of it can be. */
Test (job, that_is_not_in_flight_is_undone_for_lost_facts)
{
  g_autofree char *path = journal_path ();
  g_autofree char *id = NULL;
  g_autoptr (MigrateJournal) second = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  add_guest ((SimGuestSpec){ .autostart = TRUE });
  {
    g_autoptr (MigrateJournal) first = migrate_sqlite_journal_new (path);
    g_autoptr (MigrateJob) left = job_new ("g0");

    migrate_job_set_journal (left, first);
    cr_assert (migrate_job_check (left, NULL, NULL));
    cr_assert (migrate_job_prepare (left, NULL, NULL));
    id = g_strdup (migrate_job_get_id (left));
  }
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").autostart);
  lose_facts (path, id);
  rewrite (path, id, MIGRATE_JOB_KEY_STATE, "failed");
  second = migrate_sqlite_journal_new (path);
  job = migrate_job_load (second, id, NULL, NULL);
  cr_assert_not_null (job);
  cr_assert_null (migrate_job_follow (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_JOURNAL);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
}

Test (job, direct_cannot_be_left)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateReport) report = NULL;

  add_guest ((SimGuestSpec){ 0 });
  job = job_new ("g0");
  set_policy (job, "transport", "direct");
  report = migrate_job_check (job, NULL, NULL);
  cr_assert_not (migrate_job_detach (job, NULL, &error));
  assert_code (error, MIGRATE_ERROR_UNSUPPORTED);
}

/* The journal of a library one schema older, whose controller was killed while memory travelled. */
static void
make_old_journal (const char *path)
{
  g_autofree char *fixture = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"),
                                               "tests/unit/data/journal-schema-1.sql", NULL);
  g_autofree char *sql = NULL;
  sqlite3 *db = NULL;

  cr_assert (g_file_get_contents (fixture, &sql, NULL, NULL), "%s", fixture);
  cr_assert_eq (sqlite3_open (path, &db), SQLITE_OK);
  cr_assert_eq (sqlite3_exec (db, sql, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg (db));
  sqlite3_close (db);
  cr_assert_eq (g_chmod (path, 0600), 0);
}

Test (job, follows_a_job_of_an_older_library_to_its_end)
{
  g_autofree char *path = journal_path ();
  g_autoptr (MigrateJournal) old = NULL;
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (MigrateJob) first = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GVariant) samples = NULL;
  gboolean asked = FALSE;
  g_autoptr (GError) error = NULL;

  /* What the hosts are like after it: autostart is off, and libvirt goes on by itself. */
  add_guest ((SimGuestSpec){ .memory = G_GUINT64_CONSTANT (2) << 30, .autostart = TRUE });
  sim_world_enter (world);
  first = job_new ("g0");
  g_signal_connect (first, "progress", G_CALLBACK (detach_when), &asked);
  cr_assert_null (migrate_job_run (first, NULL, NULL));
  cr_assert_eq (outcome_of (first), MIGRATE_OUTCOME_DETACHED);
  cr_assert_eq (sim_world_count_transfers (world), 1);

  make_old_journal (path);
  old = migrate_sqlite_journal_new (path);
  job = migrate_job_load (old, "1ab96fe2", NULL, &error);
  cr_assert_not_null (job, "%s", error != NULL ? error->message : "");
  cr_assert (migrate_job_is_in_flight (job));
  result = migrate_job_follow (job, NULL, &error);
  sim_world_leave (world);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_MOVED);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FINALIZED);
  cr_assert (runs_on ("h2", "g0"));
  cr_assert (sim_world_get_domain (world, "h2", "g0").autostart);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists);
  assert_no_violation ();
  record = migrate_journal_lookup (old, "1ab96fe2", NULL, &error);
  cr_assert_eq (migrate_job_record_get_state (record), MIGRATE_STATE_FINALIZED);
  samples = migrate_job_record_dup_samples (record);
  cr_assert_gt (g_variant_n_children (samples), 2);
}
