/* What a move tells of itself, in the simulator: never back, whatever the way; and figures that can
 * be reckoned from what the guest and the link are. */
#include "sim.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <libmigrate/migrate.h>

#define MIB G_GUINT64_CONSTANT (1048576)

static SimWorld *world;
static MigrateJournal *journal;

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
}

TestSuite (progress, .init = set_up, .fini = tear_down, .timeout = 60);

static MigrateJob *
job_new (const char *const *settings)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  for (guint i = 0; settings != NULL && settings[i] != NULL; i += 2)
    cr_assert (migrate_policy_set (policy, settings[i], settings[i + 1], NULL), "%s", settings[i]);
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  return job;
}

/* ---- what was heard ---- */

typedef struct
{
  const char *label;
  MigrateJob *detach; /* nullable: is left once, at this fraction */
  double detach_at;
  guint n, with_time, with_bounds, with_downtime;
  double first, last;
  guint64 elapsed_ms;
} Heard;

static void
check_bounds (const Heard *heard, MigrateProgress *progress)
{
  guint64 left = migrate_progress_get_time_left_ms (progress);

  cr_assert (migrate_progress_has_time_left (progress)
               || !migrate_progress_has_time_left_most (progress),
             "%s", heard->label);
  cr_assert_leq (migrate_progress_get_time_left_least_ms (progress), left, "%s", heard->label);
  if (migrate_progress_has_time_left_most (progress))
    cr_assert_geq (migrate_progress_get_time_left_most_ms (progress), left, "%s", heard->label);
  if (!migrate_progress_has_time_left (progress))
    cr_assert_eq (left, 0, "%s", heard->label);
}

static void
on_progress (MigrateJob *job, MigrateProgress *progress, Heard *heard)
{
  double fraction = migrate_progress_get_fraction (progress);

  if (heard->n++ == 0)
    heard->first = fraction;
  cr_assert_geq (fraction, heard->last, "%s: %f after %f", heard->label, fraction, heard->last);
  cr_assert_leq (fraction, 1.0, "%s", heard->label);
  cr_assert_geq (migrate_progress_get_elapsed_ms (progress), heard->elapsed_ms, "%s", heard->label);
  heard->last = fraction;
  heard->elapsed_ms = migrate_progress_get_elapsed_ms (progress);
  check_bounds (heard, progress);
  if (migrate_progress_get_phase (progress) == MIGRATE_PHASE_POSTCOPY)
    {
      cr_assert_not (migrate_progress_has_downtime_expected (progress), "%s", heard->label);
      cr_assert_eq (migrate_progress_get_dirty_rate (progress), 0, "%s", heard->label);
    }
  heard->with_time += migrate_progress_has_time_left (progress) ? 1 : 0;
  heard->with_bounds += migrate_progress_has_time_left_most (progress) ? 1 : 0;
  heard->with_downtime += migrate_progress_has_downtime_expected (progress) ? 1 : 0;
  if (heard->detach != NULL && fraction >= heard->detach_at)
    migrate_job_detach_async (g_steal_pointer (&heard->detach), NULL, NULL, NULL);
}

/* ---- never back ---- */

#define SLOW_POSTCOPY "allow", "postcopy", "postcopy-start", "first-pass", "postcopy-bandwidth", "8"

static const struct
{
  const char *label;
  const char *settings[8];
  guint64 dirty_mib, working_set_mib;
  gboolean transient, paused, breaks;
  double detach_at; /* 0: it is not */
} ways[] = {
  { "peer to peer", { NULL }, 4 },
  { "many passes", { NULL }, 80, 64 },
  { "direct", { "transport", "direct" }, 30, 64 },
  { "tunnelled", { "transport", "tunnelled" }, 30, 64 },
  { "strict", { "hand-over", "strict" }, 30, 64 },
  { "transient", { NULL }, 30, 64, .transient = TRUE },
  { "paused by its user", { NULL }, .paused = TRUE },
  { "post-copy", { "allow", "postcopy", "postcopy-start", "first-pass" }, 200, 128 },
  { "slow post-copy", { SLOW_POSTCOPY }, 200, 128 },
  { "post-copy that breaks and is mended", { SLOW_POSTCOPY }, 200, 128, .breaks = TRUE },
  { "left and followed", { "bandwidth", "64" }, 15, 64, .detach_at = 0.3 },
  { "left in a late pass", { "bandwidth", "48" }, 15, 64, .detach_at = 0.9 },
};

ParameterizedTestParameters (progress, never_goes_back)
{
  static size_t indexes[G_N_ELEMENTS (ways)];

  for (size_t i = 0; i < G_N_ELEMENTS (ways); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (ways));
}

static MigrateResult *
run_heard (MigrateJob *job, Heard *heard, GError **error)
{
  g_signal_connect (job, "progress", G_CALLBACK (on_progress), heard);
  return migrate_job_get_state (job) == MIGRATE_STATE_NEW ? migrate_job_run (job, NULL, error)
                                                          : migrate_job_follow (job, NULL, error);
}

/* In another job object, as another process would: all it knows is in the journal. */
static MigrateResult *
follow_left (MigrateJob *left, Heard *heard, MigrateJob **job, GError **error)
{
  double before = heard->last;
  MigrateResult *result;

  *job = migrate_job_load (journal, migrate_job_get_id (left), NULL, error);
  cr_assert_not_null (*job);
  heard->n = 0;
  result = run_heard (*job, heard, error);
  cr_assert_geq (heard->first, before, "%s: %f after %f", heard->label, heard->first, before);
  return result;
}

ParameterizedTest (size_t *index, progress, never_goes_back)
{
  size_t i = *index;
  Heard heard = { .label = ways[i].label };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateJob) follower = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0",
                                        .memory = 256 * MIB,
                                        .dirty_rate = ways[i].dirty_mib * MIB,
                                        .working_set = ways[i].working_set_mib * MIB,
                                        .transient = ways[i].transient,
                                        .state = ways[i].paused ? MIGRATE_DOMAIN_PAUSED : 0 });
  if (ways[i].breaks)
    sim_world_at (world, SIM_AT_POSTCOPY, 30,
                  &(SimAction){ .what = SIM_BREAK_STREAM, .guest = "g0" });
  job = job_new (ways[i].settings);
  heard.detach = ways[i].detach_at > 0 ? job : NULL;
  heard.detach_at = ways[i].detach_at;
  sim_world_enter (world); /* what is left does not go on before it is followed */
  result = run_heard (job, &heard, &error);
  if (ways[i].detach_at > 0)
    {
      cr_assert_null (result, "%s: it was not left", heard.label);
      g_clear_error (&error);
      result = follow_left (job, &heard, &follower, &error);
    }
  sim_world_leave (world);
  cr_assert_not_null (result, "%s: %s", heard.label, error != NULL ? error->message : "");
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_MOVED, "%s", heard.label);
  cr_assert_float_eq (heard.last, 1.0, 1e-9, "%s", heard.label);
  cr_assert_gt (heard.with_time, 0, "%s", heard.label);
  cr_assert_gt (heard.with_bounds, 0, "%s", heard.label);
}

/* ---- the figures ---- */

static guint64
sum_of_phases (MigrateResult *result, guint *n)
{
  g_autoptr (GEnumClass) phases = g_type_class_ref (MIGRATE_TYPE_PHASE);
  guint64 sum = 0;

  *n = 0;
  for (guint i = 0; i < phases->n_values; i++)
    {
      guint64 ms = migrate_result_get_phase_ms (result, (MigratePhase) phases->values[i].value);

      sum += ms;
      *n += ms > 0 ? 1 : 0;
    }
  return sum;
}

/* 256 MiB at 125 MB/s take 2.15 s, in which the guest writes 43 MiB; these take 0.36 s, in which it
 * writes 7 MiB; so between 43 and 60 MiB go again. */
Test (progress, a_simple_move_in_numbers)
{
  Heard heard = { .label = "simple" };
  g_autoptr (MigrateJob) job = job_new (NULL);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  guint64 bytes, resent, sum;
  guint n;

  sim_world_add_guest (
    world, "h1", &(SimGuestSpec){ .name = "g0", .memory = 256 * MIB, .dirty_rate = 20 * MIB });
  result = run_heard (job, &heard, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  bytes = migrate_result_get_bytes (result);
  resent = migrate_result_get_bytes_resent (result);
  cr_assert (migrate_result_has_bytes_resent (result));
  cr_assert_geq (resent, 40 * MIB, "%" G_GUINT64_FORMAT, resent);
  cr_assert_leq (resent, 60 * MIB, "%" G_GUINT64_FORMAT, resent);
  cr_assert_leq (ABS ((gint64) (bytes - resent - 256 * MIB)), 2 * 4096);
  cr_assert_eq (migrate_result_get_disk_bytes (result), 0);
  cr_assert_eq (migrate_result_get_throttle (result), 0);
  cr_assert (migrate_result_has_downtime_limit (result));
  cr_assert_leq (migrate_result_get_downtime_limit_ms (result), 500);
  cr_assert_geq (migrate_result_get_passes (result), 2);
  cr_assert_leq (migrate_result_get_passes (result), 5);
  cr_assert_gt (heard.with_downtime, 0);
  sum = sum_of_phases (result, &n);
  cr_assert_leq (sum, migrate_result_get_total_ms (result));
  cr_assert_leq (migrate_result_get_total_ms (result) - sum, 2 * n,
                 "%" G_GUINT64_FORMAT " ms are in no phase",
                 migrate_result_get_total_ms (result) - sum);
}

/* A guest that writes nothing takes as long as was said, and nothing goes again. */
typedef struct
{
  guint n;
  guint64 ends_at_ms[64]; /* as told */
} Told;

static void
note_end (MigrateJob *job, MigrateProgress *progress, Told *told)
{
  if (migrate_progress_has_time_left (progress) && told->n < G_N_ELEMENTS (told->ends_at_ms)
      && migrate_progress_get_phase (progress) == MIGRATE_PHASE_COPYING_MEMORY)
    told->ends_at_ms[told->n++]
      = migrate_progress_get_elapsed_ms (progress) + migrate_progress_get_time_left_ms (progress);
}

Test (progress, the_time_left_is_true_for_an_idle_guest)
{
  Told told = { 0 };
  g_autoptr (MigrateJob) job = job_new (NULL);
  g_autoptr (MigrateResult) result = NULL;

  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .memory = 512 * MIB });
  g_signal_connect (job, "progress", G_CALLBACK (note_end), &told);
  result = migrate_job_run (job, NULL, NULL);
  cr_assert_not_null (result);
  cr_assert_eq (migrate_result_get_bytes_resent (result), 0);
  cr_assert_gt (told.n, 3);
  for (guint i = 0; i < told.n; i++)
    cr_assert_leq (ABS ((gint64) (told.ends_at_ms[i] - migrate_result_get_total_ms (result))), 500,
                   "told %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT, told.ends_at_ms[i],
                   migrate_result_get_total_ms (result));
}

static void
never_ends (MigrateJob *job, MigrateProgress *progress, guint *n)
{
  if (migrate_progress_get_pass (progress) < 3)
    return;
  cr_assert_not (migrate_progress_has_time_left (progress));
  cr_assert_gt (migrate_progress_get_downtime_expected_ms (progress), 500);
  if (++*n == 5)
    migrate_job_cancel_async (job, NULL, NULL, NULL);
}

Test (progress, no_end_is_told_where_there_is_none)
{
  const char *settings[] = { "bandwidth", "40", NULL };
  g_autoptr (MigrateJob) job = job_new (settings);
  guint n = 0;

  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){
      .name = "g0", .memory = 256 * MIB, .dirty_rate = 200 * MIB, .working_set = 128 * MIB });
  g_signal_connect (job, "progress", G_CALLBACK (never_ends), &n);
  cr_assert_null (migrate_job_run (job, NULL, NULL));
  cr_assert_geq (n, 5);
}
