/* Jobs in the simulator whose disks travel while the guest runs: disks before memory, each told of;
 * the clocks of disks; a guest that writes as fast as they are copied. */
#include "disktest.h"
#include "journal/journal-private.h"

#include <string.h>

TestSuite (block, .init = disktest_set_up, .fini = disktest_tear_down, .timeout = 120);

#define world disktest_world

static GStrv
list (const char *host)
{
  return sim_world_list_paths (world, host);
}

static void
assert_paths (const char *host, const char *expected)
{
  g_auto (GStrv) paths = list (host);
  g_autofree char *text = g_strjoinv (" ", paths);

  cr_assert_str_eq (text, expected, "%s has %s", host, text);
}

static guint
count_steps (MigrateJob *job, const char *name)
{
  g_autoptr (GVariant) entries
    = _migrate_journal_load_entries (disktest_journal, migrate_job_get_id (job), NULL);
  guint n = 0;

  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      n += g_strcmp0 (_migrate_variant_string (entry, "name"), name) == 0
           && g_strcmp0 (_migrate_variant_string (entry, "status"), "begun") == 0;
    }
  return n;
}

/* ---- disks, then memory ---- */

Test (block, disks_come_before_memory_and_each_is_told)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *base = NULL;

  disktest_add_guest (8 * MIB, 160 * MIB, 0);
  base = sim_world_dup_bytes_of (world, "h1", "/images/base");
  job = disktest_job ("g0", NULL);
  heard = disktest_listen (job);
  result = disktest_move (job);
  disktest_assert_moved ();
  cr_assert_gt (heard->disks, 5);
  cr_assert_gt (heard->memory, 1);
  cr_assert_not (heard->disks_after_memory);
  cr_assert_not (heard->went_back);
  cr_assert_gt (heard->each, 5);
  cr_assert_gt (heard->with_rate, 3);
  cr_assert_gt (heard->with_time, 3);
  cr_assert_gt (heard->rate_most, 12 * MIB);
  cr_assert_leq (heard->rate_most, 17 * MIB);
  /* Of 200 MiB all but memory, and nine tenths of that are told before the last pass. */
  cr_assert_gt (heard->disks_most, 0.6);
  cr_assert_lt (heard->disks_most, 0.85);
  cr_assert_geq (migrate_result_get_disk_bytes (result), 168 * MIB);
  cr_assert_leq (migrate_result_get_disk_bytes (result), 180 * MIB);
  cr_assert_geq (migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_DISKS), 9000);
  cr_assert_lt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_STARTING), 1000);
  cr_assert_eq (count_steps (job, "transfer"), 1);
  disktest_assert_same ("/images/base", base, "h2");
}

Test (block, what_was_copied_is_what_the_guest_had)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *there = NULL;

  disktest_add_guest (8 * MIB, 40 * MIB, MIB);
  job = disktest_job ("g0", NULL);
  result = disktest_move (job);
  disktest_assert_moved ();
  /* The base stays: nobody knows whose else it is. */
  assert_paths ("h1", "/images/base");
  assert_paths ("h2", "/images/base /images/top");
  there = sim_world_dup_chain_of (world, "h2", "/images/top");
  cr_assert_not_null (strstr (there, "/images/base"), "%s", there);
}

Test (block, a_disk_becomes_one_image_where_the_policy_says_so)
{
  static const char *const whole[] = { "disk-copy", "whole", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;
  g_autofree char *chain = NULL;
  g_autofree char *xml = NULL;

  disktest_add_guest (8 * MIB, 40 * MIB, 0);
  here = sim_world_dup_content_of (world, "h1", "/images/top");
  job = disktest_job ("g0", whole);
  result = disktest_move (job);
  disktest_assert_moved ();
  cr_assert_not (sim_world_get_asked (world)->disks_top);
  assert_paths ("h2", "/images/top");
  there = sim_world_dup_content_of (world, "h2", "/images/top");
  cr_assert_str_eq (here, there);
  chain = sim_world_dup_chain_of (world, "h2", "/images/top");
  cr_assert_null (strstr (chain, "/images/base"), "%s", chain);
  xml = sim_world_dup_xml (world, "h2", "g0", TRUE);
  cr_assert_null (strstr (xml, "/images/base"), "%s", xml);
  cr_assert_geq (migrate_result_get_disk_bytes (result), 48 * MIB);
}

/* ---- addresses and transports ---- */

Test (block, disks_arrive_where_it_is_said)
{
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (MIB, 4 * MIB, 0);
  job = disktest_job ("g0", NULL);
  migrate_host_set_disks_uri (migrate_job_get_destination (job), "tcp://10.0.1.2:10809");
  report = migrate_job_check (job, NULL, NULL);
  cr_assert_not (migrate_report_is_blocked (report));
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  /* What was prepared is what is done. */
  migrate_host_set_disks_uri (migrate_job_get_destination (job), "tcp://10.0.9.9");
  result = disktest_move (job);
  cr_assert_str_eq (sim_world_get_asked (world)->disks_uri, "tcp://10.0.1.2:10809");
}

Test (block, a_disks_uri_that_cannot_be_is_refused_at_once)
{
  g_autoptr (MigrateJob) job = NULL;

  disktest_add_guest (MIB, 4 * MIB, 0);
  job = disktest_job ("g0", NULL);
  migrate_host_set_disks_uri (migrate_job_get_destination (job), "exec:rm");
  disktest_fail (job, MIGRATE_ERROR_INVALID, "disks travel over tcp or unix");
}

Test (block, the_program_may_drive_it_itself)
{
  static const char *const direct[] = { "transport", "direct", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (MIB, 20 * MIB, MIB);
  job = disktest_job ("g0", direct);
  result = disktest_move (job);
  disktest_assert_moved ();
}

Test (block, no_disk_goes_through_a_tunnel)
{
  static const char *const tunnelled[] = { "transport", "tunnelled", NULL };
  g_autoptr (MigrateJob) job = NULL;

  disktest_add_guest (MIB, 4 * MIB, 0);
  job = disktest_job ("g0", tunnelled);
  disktest_fail (job, MIGRATE_ERROR_BLOCKED, "tunnelled-with-disks");
  cr_assert_null (sim_world_get_asked (world));
  disktest_assert_stayed ();
}

/* ---- a guest that writes as fast as its disks are copied ---- */

Test (block, writes_wait_where_a_mirror_does_not_get_ready)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (MIB, 100 * MIB, 20 * MIB);
  job = disktest_job ("g0", NULL);
  heard = disktest_listen (job);
  result = disktest_move (job);
  disktest_assert_moved ();
  cr_assert (disktest_decided (heard, "sync-writes", "16.0 MiB/s travel"));
  cr_assert (disktest_decided (heard, "sync-writes", "the guest writes 20.0 MiB/s"));
  cr_assert (sim_world_get_asked (world)->sync_writes);
  cr_assert_eq (count_steps (job, "transfer"), 2);
  cr_assert_eq (count_steps (job, "make-volume"), 2);
  cr_assert_not (heard->went_back);
  /* Of both transfers: of the first at least half a minute at 16 MiB/s. */
  cr_assert_geq (migrate_result_get_disk_bytes (result), (480 + 100) * MIB);
}

Test (block, is_given_up_where_writes_must_not_wait)
{
  static const char *const never[] = { "sync-writes", "never", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;

  disktest_add_guest (MIB, 100 * MIB, 20 * MIB);
  job = disktest_job ("g0", never);
  heard = disktest_listen (job);
  disktest_fail (job, MIGRATE_ERROR_NO_CONVERGENCE, "the guest writes 20.0 MiB/s");
  cr_assert (disktest_decided (heard, "give-up", "would have been enough"));
  cr_assert_eq (count_steps (job, "transfer"), 1);
  disktest_assert_stayed ();
}

Test (block, is_tried_until_the_deadline_where_writes_must_not_wait)
{
  static const char *const settings[] = { "sync-writes", "never", "deadline", "60", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;

  disktest_add_guest (MIB, 100 * MIB, 20 * MIB);
  job = disktest_job ("g0", settings);
  heard = disktest_listen (job);
  disktest_fail (job, MIGRATE_ERROR_TIMED_OUT, "before memory, was not done within 60 s");
  cr_assert (disktest_decided (heard, "no-end-in-sight", "the guest writes 20.0 MiB/s"));
  disktest_assert_stayed ();
}

Test (block, writes_wait_from_the_start_where_the_policy_says_so)
{
  static const char *const always[] = { "sync-writes", "always", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (MIB, 100 * MIB, 20 * MIB);
  job = disktest_job ("g0", always);
  result = disktest_move (job);
  disktest_assert_moved ();
  cr_assert_eq (count_steps (job, "transfer"), 1);
  cr_assert (sim_world_get_asked (world)->sync_writes);
}

Test (block, shadow_tells_what_would_be_done_and_the_clock_ends_it)
{
  static const char *const settings[] = { "shadow", "true", "disk-timeout", "60", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;

  disktest_add_guest (MIB, 100 * MIB, 20 * MIB);
  job = disktest_job ("g0", settings);
  heard = disktest_listen (job);
  disktest_fail (job, MIGRATE_ERROR_TIMED_OUT, "The copy of disks was not done within");
  cr_assert (disktest_decided (heard, "shadow", "“sync-writes” would be done"));
  disktest_assert_stayed ();
}

static void
cancel_when_decided (MigrateJob *job, MigrateDecision *decision, gpointer data)
{
  if (g_str_equal (migrate_decision_get_what (decision), "sync-writes"))
    migrate_job_cancel_async (job, NULL, NULL, NULL);
}

/* What is to be begun again is not, when nobody wants it any more. */
Test (block, a_cancel_comes_before_it_begins_again)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  disktest_add_guest (MIB, 100 * MIB, 20 * MIB);
  job = disktest_job ("g0", NULL);
  g_signal_connect (job, "decision", G_CALLBACK (cancel_when_decided), NULL);
  result = migrate_job_run (job, NULL, &error);
  cr_assert_null (result);
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s", error->message);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CANCELLED);
  cr_assert_eq (count_steps (job, "transfer"), 1);
  disktest_assert_stayed ();
}

/* ---- clocks ---- */

Test (block, disks_have_a_time_of_their_own)
{
  static const char *const settings[] = { "disk-timeout", "5", NULL };
  g_autoptr (MigrateJob) job = NULL;

  disktest_add_guest (MIB, 200 * MIB, 0);
  job = disktest_job ("g0", settings);
  disktest_fail (job, MIGRATE_ERROR_TIMED_OUT, "The copy of disks was not done within 5 s");
  disktest_assert_stayed ();
}

/* 160 MiB take ten seconds; what memory may take begins then. */
Test (block, the_time_of_memory_begins_after_the_disks)
{
  static const char *const settings[] = { "memory-timeout", "8", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (MIB, 160 * MIB, 0);
  job = disktest_job ("g0", settings);
  result = disktest_move (job);
}

Test (block, the_deadline_is_of_both)
{
  static const char *const settings[]
    = { "deadline", "5", "at-deadline", "pause", "allow", "pause", NULL };
  g_autoptr (MigrateJob) job = NULL;

  disktest_add_guest (MIB, 200 * MIB, 0);
  job = disktest_job ("g0", settings);
  disktest_fail (job, MIGRATE_ERROR_TIMED_OUT, "The copy of disks, before memory");
  disktest_assert_stayed ();
}

/* The first transfer has used it up. */
Test (block, the_deadline_goes_on_when_it_begins_again)
{
  static const char *const settings[] = { "deadline", "36", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;

  disktest_add_guest (MIB, 200 * MIB, 20 * MIB);
  job = disktest_job ("g0", settings);
  heard = disktest_listen (job);
  disktest_fail (job, MIGRATE_ERROR_TIMED_OUT, "before memory");
  cr_assert (disktest_decided (heard, "sync-writes", ""));
  cr_assert_eq (count_steps (job, "transfer"), 2);
  disktest_assert_stayed ();
}

Test (block, disks_of_which_nothing_travels_are_given_up)
{
  static const char *const settings[] = { "stall-timeout", "10", NULL };
  g_autoptr (MigrateJob) job = NULL;

  disktest_add_guest (MIB, 100 * MIB, 0);
  sim_world_at (world, SIM_AT_MIRROR, 50,
                &(SimAction){ .what = SIM_CUT_DATA, .host = "h1", .peer = "h2" });
  job = disktest_job ("g0", settings);
  disktest_fail (job, MIGRATE_ERROR_TIMED_OUT, "Nothing has travelled for 10 s");
  disktest_assert_stayed ();
}

/* ---- faults of a disk ---- */

Test (block, a_full_disk_is_said_to_be_one_and_the_next_try_works)
{
  static const char *const settings[] = { "accept", "space-short", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateJob) again = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (MIB, 40 * MIB, 0);
  sim_world_set_room (world, "h2", "/images", 20 * MIB);
  job = disktest_job ("g0", settings);
  disktest_fail (job, MIGRATE_ERROR_NO_SPACE, "vda");
  disktest_assert_stayed ();
  sim_world_set_room (world, "h2", "/images", G_MAXUINT64);
  again = disktest_job ("g0", NULL);
  result = disktest_move (again);
  disktest_assert_moved ();
}

static void
cancel_at_disks (MigrateJob *job, MigrateProgress *progress, gboolean *asked)
{
  if (migrate_progress_get_phase (progress) != MIGRATE_PHASE_COPYING_DISKS || *asked
      || migrate_progress_get_disk_processed (progress) < 30 * MIB)
    return;
  *asked = TRUE;
  migrate_job_cancel_async (job, NULL, NULL, NULL);
}

Test (block, a_cancel_leaves_nothing)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;
  gboolean asked = FALSE;

  disktest_add_guest (MIB, 100 * MIB, MIB);
  job = disktest_job ("g0", NULL);
  g_signal_connect (job, "progress", G_CALLBACK (cancel_at_disks), &asked);
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s", error->message);
  cr_assert (asked);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CANCELLED);
  disktest_assert_stayed ();
}

static void
give_up_at_disks (MigrateJob *job, MigrateProgress *progress, gboolean *asked)
{
  if (migrate_progress_get_phase (progress) != MIGRATE_PHASE_COPYING_DISKS || *asked
      || migrate_progress_get_disk_processed (progress) < 30 * MIB)
    return;
  *asked = TRUE;
  migrate_job_give_up_async (job, NULL, NULL, NULL);
}

Test (block, its_operator_may_give_up_the_disks)
{
  g_autoptr (MigrateJob) job = NULL;
  gboolean asked = FALSE;

  disktest_add_guest (MIB, 100 * MIB, MIB);
  job = disktest_job ("g0", NULL);
  g_signal_connect (job, "progress", G_CALLBACK (give_up_at_disks), &asked);
  disktest_fail (job, MIGRATE_ERROR_NO_CONVERGENCE, "MiB of its disks remained");
  disktest_assert_stayed ();
}

static void
pause_at_disks (MigrateJob *job, MigrateProgress *progress, gboolean *asked)
{
  if (migrate_progress_get_phase (progress) != MIGRATE_PHASE_COPYING_DISKS || *asked
      || migrate_progress_get_disk_processed (progress) < 30 * MIB)
    return;
  *asked = TRUE;
  migrate_job_pause_async (job, NULL, NULL, NULL);
}

/* It is of use when memory travels, and the guest need not stand still before. */
Test (block, a_stop_that_is_asked_for_waits_for_memory)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;
  g_autoptr (MigrateResult) result = NULL;
  gboolean asked = FALSE;

  disktest_add_guest (MIB, 160 * MIB, MIB);
  job = disktest_job ("g0", NULL);
  heard = disktest_listen (job);
  g_signal_connect (job, "progress", G_CALLBACK (pause_at_disks), &asked);
  result = disktest_move (job);
  cr_assert (disktest_decided (heard, "pause-guest", "it was asked for"));
  cr_assert_lt (migrate_result_get_downtime_ms (result), 5000);
  disktest_assert_moved ();
}

Test (block, what_is_in_the_way_is_left_alone)
{
  g_autoptr (MigrateJob) job = NULL;

  disktest_add_guest (MIB, 4 * MIB, 0);
  sim_world_add_image (world, "h2", &(SimImageSpec){ .path = "/images/top", .data = 4096 });
  job = disktest_job ("g0", NULL);
  disktest_fail (job, MIGRATE_ERROR_BLOCKED, "/images/top");
  assert_paths ("h2", "/images/top");
}
