/* The forecast: from samples, from earlier moves and from the policy, to what a move will take. */
#include "migrate/forecast-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <string.h>

#define MIB ((double) (1 << 20))

static MigratePolicy *
make_policy (const char *allow, const char *max_downtime)
{
  MigratePolicy *policy = migrate_policy_new ();

  migrate_policy_set (policy, "allow", allow, NULL);
  migrate_policy_set (policy, "max-downtime", max_downtime, NULL);
  return policy;
}

static MigrateFigure
known (double least, double likely, double most)
{
  return (MigrateFigure){ MIGRATE_FIGURE_SAMPLED, least * MIB, likely * MIB, most * MIB };
}

static MigrateForecastInputs
make_inputs (double rate, double link)
{
  return (MigrateForecastInputs){
    .total = 512 * MIB,
    .memory = known (192, 201, 210),
    .working_set = known (126, 128, 130),
    .dirty_rate = known (rate * 0.985, rate, rate * 1.015),
    .bandwidth = known (link * 0.99, link, link * 1.01),
    .overhead = { MIGRATE_FIGURE_ASSUMED, 200, 400, 600 },
  };
}

static MigrateForecastValues
decide (const MigrateForecastInputs *inputs, MigratePolicy *policy)
{
  g_autoptr (MigrateForecast) forecast
    = _migrate_forecast_decide (inputs, policy, MIGRATE_KIND_LIVE);

  return *_migrate_forecast_peek (forecast);
}

static MigrateForecastValues
decide_at (double rate, double link, const char *allow)
{
  g_autoptr (MigratePolicy) policy = make_policy (allow, "500");
  MigrateForecastInputs inputs = make_inputs (rate, link);

  return decide (&inputs, policy);
}

/* ---- disks ---- */

static MigrateForecastValues
decide_with_disks (double disks, MigrateKind kind, gboolean link)
{
  g_autoptr (MigratePolicy) policy = make_policy ("", "500");
  MigrateForecastInputs inputs = make_inputs (10, 40);
  g_autoptr (MigrateForecast) forecast = NULL;

  inputs.disks = disks * MIB;
  if (!link)
    inputs.bandwidth = (MigrateFigure){ 0 };
  forecast = _migrate_forecast_decide (&inputs, policy, kind);
  return *_migrate_forecast_peek (forecast);
}

Test (forecast, of_a_block_move_has_its_disks_on_top)
{
  MigrateForecastValues without = decide_with_disks (0, MIGRATE_KIND_BLOCK, TRUE);
  MigrateForecastValues with = decide_with_disks (4000, MIGRATE_KIND_BLOCK, TRUE);
  MigrateForecastValues unknown = decide_with_disks (4000, MIGRATE_KIND_BLOCK, FALSE);

  /* 4000 MiB at 40 MiB/s, about. */
  cr_expect_geq (with.total_least_ms, without.total_least_ms + 85 * 1000);
  cr_expect_leq (with.total_least_ms, without.total_least_ms + 100 * 1000);
  cr_expect_geq (with.total_most_ms, without.total_most_ms + 100 * 1000);
  cr_expect_leq (with.total_most_ms, without.total_most_ms + 120 * 1000);
  cr_expect_geq (with.bytes_least, without.bytes_least + 3599 * (guint64) MIB);
  cr_expect_geq (with.bytes_most, without.bytes_most + 4399 * (guint64) MIB);
  cr_expect_eq (with.downtime_most_ms, without.downtime_most_ms);
  cr_expect_eq (with.convergence, without.convergence);
  cr_expect_not (unknown.has_total_most);
  cr_expect_geq (unknown.bytes_least, 3599 * (guint64) MIB);
}

Test (forecast, of_a_guest_that_does_not_run_is_its_disks)
{
  MigrateForecastValues cold = decide_with_disks (4000, MIGRATE_KIND_COLD, TRUE);
  MigrateForecastValues suspend = decide_with_disks (4000, MIGRATE_KIND_SUSPEND, TRUE);
  MigrateForecastValues unknown = decide_with_disks (4000, MIGRATE_KIND_COLD, FALSE);

  cr_expect_eq (cold.convergence, MIGRATE_CONVERGENCE_CONVERGES);
  cr_expect_eq (cold.rung, MIGRATE_RUNG_PLAIN);
  cr_expect (cold.has_total && cold.has_total_most && cold.has_bytes && cold.has_bytes_most);
  cr_expect_geq (cold.total_least_ms, 85 * 1000);
  cr_expect_leq (cold.total_most_ms, 115 * 1000);
  cr_expect_leq (cold.bytes_most, 4401 * (guint64) MIB);
  cr_expect_not (cold.has_downtime);
  /* It stands still all the while, and its memory comes, too. */
  cr_expect_geq (suspend.bytes_least, cold.bytes_least + 191 * (guint64) MIB);
  cr_expect (suspend.has_downtime);
  cr_expect_eq (suspend.downtime_most_ms, suspend.total_most_ms);
  cr_expect_not (unknown.has_total);
  cr_expect (unknown.has_bytes);
}

/* ---- recorded moves: 400 Mbit/s, 512 MiB, of which 128 MiB are written to ---- */

static const struct
{
  double rate; /* MiB/s */
  const char *allow, *max_downtime;
  double took_s[3];
  MigrateConvergence convergence;
  MigrateRung rung;
} recorded[] = {
  { 0, "", "500", { 4.9, 4.9, 4.9 }, MIGRATE_CONVERGENCE_CONVERGES, MIGRATE_RUNG_PLAIN },
  { 20, "", "500", { 8.3, 8.3, 8.4 }, MIGRATE_CONVERGENCE_CONVERGES, MIGRATE_RUNG_PLAIN },
  { 36, "", "500", { 15.4, 15.1, 17.2 }, MIGRATE_CONVERGENCE_CONVERGES, MIGRATE_RUNG_PLAIN },
  { 42, "postcopy", "500", { 9.8, 9.9, 9.9 }, MIGRATE_CONVERGENCE_NEAR, MIGRATE_RUNG_POSTCOPY },
  { 200, "", "500", { 14.9, 14.9, 13.6 }, MIGRATE_CONVERGENCE_DIVERGES, MIGRATE_RUNG_GIVE_UP },
  { 200, "", "3000", { 8.3, 8.4, 7.8 }, MIGRATE_CONVERGENCE_CONVERGES, MIGRATE_RUNG_PLAIN },
  { 200,
    "postcopy",
    "500",
    { 10.2, 10.8, 10.3 },
    MIGRATE_CONVERGENCE_DIVERGES,
    MIGRATE_RUNG_POSTCOPY },
};

ParameterizedTestParameters (forecast, contains_what_was_recorded)
{
  static size_t rows[G_N_ELEMENTS (recorded)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *i, forecast, contains_what_was_recorded)
{
  g_autoptr (MigratePolicy) policy = make_policy (recorded[*i].allow, recorded[*i].max_downtime);
  MigrateForecastInputs inputs = make_inputs (recorded[*i].rate, 45.7);
  MigrateForecastValues v = decide (&inputs, policy);

  cr_expect_eq (v.convergence, recorded[*i].convergence, "%zu: %d", *i, (int) v.convergence);
  cr_expect_eq (v.rung, recorded[*i].rung, "%zu: %d", *i, (int) v.rung);
  for (guint n = 0; n < 3; n++)
    cr_expect (v.total_least_ms <= recorded[*i].took_s[n] * 1000
                 && v.total_most_ms >= recorded[*i].took_s[n] * 1000,
               "%zu: %.1f s is not in %.1f to %.1f s", *i, recorded[*i].took_s[n],
               (double) v.total_least_ms / 1000, (double) v.total_most_ms / 1000);
  cr_expect (v.total_most_ms <= 2 * v.total_least_ms, "%zu: %.1f to %.1f s", *i,
             (double) v.total_least_ms / 1000, (double) v.total_most_ms / 1000);
}

/* ---- properties ---- */

/* A decision is taken at a look, and for a raise of the limit a second and a tenth of the time must
 * be saved: by so much two copies may differ the other way round. */
static guint64
with_room (guint64 ms)
{
  return ms + ms / 10 + 1000;
}

Test (forecast, is_an_interval)
{
  static const char *const allowed[] = { "", "throttle", "postcopy", "pause" };

  for (guint a = 0; a < G_N_ELEMENTS (allowed); a++)
    for (guint rate = 0; rate <= 220; rate += 20)
      for (guint link = 5; link <= 320; link *= 2)
        {
          MigrateForecastValues v = decide_at (rate, link, allowed[a]);

          cr_expect (v.has_total && v.total_most_ms >= v.total_least_ms, "%u at %u", rate, link);
          cr_expect (v.has_bytes && v.bytes_most >= v.bytes_least, "%u at %u", rate, link);
          cr_expect (!v.has_downtime || v.downtime_most_ms >= v.downtime_least_ms, "%u at %u", rate,
                     link);
          cr_expect ((v.rungs & 1u << v.rung) != 0, "%u at %u: %d", rate, link, (int) v.rung);
        }
}

Test (forecast, is_never_later_with_more_bandwidth)
{
  for (guint rate = 0; rate <= 60; rate += 5)
    {
      MigrateForecastValues before = decide_at (rate, 10, "");

      for (guint link = 15; link <= 200; link += 5)
        {
          MigrateForecastValues now = decide_at (rate, link, "");

          cr_expect (now.convergence <= before.convergence, "%u at %u", rate, link);
          if (before.rungs == now.rungs && now.rungs == 1u << MIGRATE_RUNG_PLAIN)
            {
              cr_expect (now.total_most_ms <= with_room (before.total_most_ms), "%u at %u", rate,
                         link);
              cr_expect (now.total_least_ms <= with_room (before.total_least_ms), "%u at %u", rate,
                         link);
            }
          before = now;
        }
    }
}

Test (forecast, is_never_earlier_with_a_busier_guest)
{
  for (guint link = 20; link <= 120; link += 20)
    {
      MigrateForecastValues before = decide_at (0, link, "");

      for (guint rate = 2; rate < link; rate += 2)
        {
          MigrateForecastValues now = decide_at (rate, link, "");

          cr_expect (now.convergence >= before.convergence, "%u at %u", rate, link);
          if (now.rungs == 1u << MIGRATE_RUNG_PLAIN)
            {
              cr_expect (with_room (now.total_most_ms) >= before.total_most_ms, "%u at %u", rate,
                         link);
              cr_expect (with_room (now.total_least_ms) >= before.total_least_ms, "%u at %u", rate,
                         link);
            }
          before = now;
        }
    }
}

/* ---- what is not known ---- */

Test (forecast, invents_no_bandwidth)
{
  g_autoptr (MigratePolicy) policy = make_policy ("", "500");
  MigrateForecastInputs inputs = make_inputs (42, 46);
  MigrateForecastValues v;
  g_autoptr (MigrateForecast) forecast = NULL;
  g_autofree char *summary = NULL;

  inputs.bandwidth = (MigrateFigure){ 0 };
  v = decide (&inputs, policy);
  cr_assert_eq (v.convergence, MIGRATE_CONVERGENCE_UNKNOWN);
  cr_assert_eq (v.rung, MIGRATE_RUNG_UNKNOWN);
  cr_assert_not (v.has_total);
  cr_assert_not (v.has_downtime);
  cr_assert (v.has_need);
  cr_assert_not (v.has_needed_downtime);
  cr_assert (v.needed_bandwidth >= 42 * MIB && v.needed_bandwidth <= 50 * MIB);
  forecast = _migrate_forecast_new (&v);
  summary = migrate_forecast_dup_summary (forecast);
  cr_assert_not_null (strstr (summary, "how much the link carries is not known"), "%s", summary);
  cr_assert_not_null (strstr (summary, "How long the move will take is not known"), "%s", summary);
}

Test (forecast, tells_the_least_under_a_limit)
{
  g_autoptr (MigratePolicy) policy = make_policy ("", "500");
  MigrateForecastInputs inputs = make_inputs (0, 46);
  MigrateForecastValues v;

  inputs.bandwidth = (MigrateFigure){ 0 };
  inputs.bandwidth_most = 10 * MIB;
  v = decide (&inputs, policy);
  cr_assert (v.has_total);
  cr_assert_eq (v.total_least_ms, 19400);
  cr_assert_not (v.has_total_most);
}

Test (forecast, invents_no_dirty_rate)
{
  g_autoptr (MigratePolicy) policy = make_policy ("", "500");
  MigrateForecastInputs inputs = make_inputs (42, 46);
  MigrateForecastValues v;

  inputs.dirty_rate = inputs.working_set = (MigrateFigure){ 0 };
  v = decide (&inputs, policy);
  cr_assert_eq (v.convergence, MIGRATE_CONVERGENCE_UNKNOWN);
  cr_assert (v.has_total);
  cr_assert (v.total_least_ms > 4100 && v.total_least_ms < 4600, "%u", (guint) v.total_least_ms);
  cr_assert_not (v.has_total_most);
  cr_assert_not (v.has_need);
}

Test (forecast, of_a_guest_that_fits_the_downtime_converges_at_any_rate)
{
  g_autoptr (MigratePolicy) policy = make_policy ("", "500");
  MigrateForecastInputs inputs = make_inputs (200, 46);
  MigrateForecastValues v;

  inputs.working_set = known (4, 5, 6);
  v = decide (&inputs, policy);
  cr_assert_eq (v.convergence, MIGRATE_CONVERGENCE_CONVERGES);
  cr_assert_eq (v.rung, MIGRATE_RUNG_PLAIN);
}

Test (forecast, names_what_would_be_enough)
{
  MigrateForecastValues v = decide_at (200, 46, "");

  cr_assert (v.has_need);
  cr_assert (v.needed_downtime_ms >= 2700 && v.needed_downtime_ms <= 3000, "%u",
             (guint) v.needed_downtime_ms);
  cr_assert (v.needed_bandwidth >= 200 * MIB && v.needed_bandwidth <= 330 * MIB);
  cr_assert_not (v.has_downtime);
}

Test (forecast, knows_each_rung)
{
  static const struct
  {
    const char *allow;
    MigrateRung rung;
  } rows[] = { { "", MIGRATE_RUNG_GIVE_UP },
               { "throttle", MIGRATE_RUNG_THROTTLE },
               { "postcopy", MIGRATE_RUNG_POSTCOPY },
               { "pause", MIGRATE_RUNG_PAUSE } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    cr_expect_eq (decide_at (100, 46, rows[i].allow).rung, rows[i].rung, "%s", rows[i].allow);
}

/* ---- samples ---- */

static MigrateForecastInputs
read_figures (const MigrateDirtySample *sample, const MigrateLearned *learned)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateLearned nothing = { 0 };

  return _migrate_forecast_inputs (sample, learned != NULL ? learned : &nothing, policy);
}

static MigrateDirtySample
make_sample (double one, double three)
{
  return (MigrateDirtySample){
    .n = 2,
    .seconds = { 1, 3 },
    .bytes = { one * MIB, three * 3 * MIB },
    .total = (guint64) (512 * MIB),
    .resident = (guint64) (300 * MIB),
  };
}

Test (inputs, a_sample_is_an_interval)
{
  static const double read_of_42[] = { 38, 40, 40, 44, 50 };

  for (guint i = 0; i < G_N_ELEMENTS (read_of_42); i++)
    {
      MigrateDirtySample sample = make_sample (read_of_42[i], read_of_42[i]);
      MigrateForecastInputs in = read_figures (&sample, NULL);

      cr_expect_eq (in.dirty_rate.origin, MIGRATE_FIGURE_SAMPLED);
      cr_expect (in.dirty_rate.least <= 43 * MIB && in.dirty_rate.most >= 42 * MIB,
                 "%.0f: %.0f–%.0f", read_of_42[i], in.dirty_rate.least / MIB,
                 in.dirty_rate.most / MIB);
      cr_expect (in.working_set.most >= 128 * MIB, "%.0f", in.working_set.most / MIB);
    }
}

Test (inputs, a_guest_that_writes_all_it_has_is_known)
{
  MigrateDirtySample sample = make_sample (134, 46);
  MigrateForecastInputs in = read_figures (&sample, NULL);

  cr_assert (in.dirty_rate.least > 100 * MIB);
  cr_assert (in.dirty_rate.most >= 200 * MIB);
  cr_assert (in.working_set.least <= 130 * MIB && in.working_set.most >= 128 * MIB);
  cr_assert (in.working_set.most < 200 * MIB);
}

/* It may be all that there is to write; that it is cannot be told. */
Test (inputs, one_look_tells_how_fast_and_not_to_how_much)
{
  MigrateDirtySample sample = make_sample (42, 42);
  MigrateForecastInputs in;

  sample.n = 1;
  in = read_figures (&sample, NULL);
  cr_assert (in.dirty_rate.least < 42 * MIB && in.dirty_rate.most > 42 * MIB);
  cr_assert (in.dirty_rate.most < 80 * MIB, "%.0f", in.dirty_rate.most / MIB);
  cr_assert_float_eq (in.working_set.most, in.memory.most, 1);
}

Test (inputs, a_longer_look_finds_all_that_is_written)
{
  MigrateDirtySample two = make_sample (42, 42), three = two;
  MigrateForecastInputs before, after;

  three.n = 3;
  three.seconds[2] = 6;
  three.bytes[2] = 21 * 6 * MIB;
  before = read_figures (&two, NULL);
  after = read_figures (&three, NULL);
  cr_assert (after.working_set.most < 180 * MIB && after.working_set.least <= 128 * MIB);
  cr_assert (after.working_set.most < before.working_set.most);
}

Test (inputs, looks_of_a_file_that_lies_end)
{
  static const double found[] = { 0, 1, 1e9, 1.7e13 };
  static const guint64 totals[] = { 0, 1, 1 << 20, G_MAXUINT64 };

  for (guint i = 0; i < G_N_ELEMENTS (found); i++)
    for (guint j = 0; j < G_N_ELEMENTS (totals); j++)
      {
        MigrateDirtySample sample = make_sample (found[i], found[G_N_ELEMENTS (found) - 1 - i]);
        MigrateForecastInputs in;

        sample.total = totals[j];
        sample.seconds[1] = G_MAXUINT;
        in = read_figures (&sample, NULL);
        cr_expect (in.dirty_rate.least <= in.dirty_rate.most, "%u %u", i, j);
        cr_expect (isfinite (in.dirty_rate.most) && isfinite (in.working_set.most), "%u %u", i, j);
      }
}

Test (inputs, memory_is_what_the_host_keeps_less_what_is_qemus_own)
{
  static const struct
  {
    guint resident_kib, total_mib, sent_mib;
  } rows[] = { { 320948, 512, 187 }, { 321064, 512, 197 }, { 751436, 2048, 616 } };

  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      MigrateDirtySample sample
        = { .total = rows[i].total_mib * MIB, .resident = (guint64) rows[i].resident_kib << 10 };
      MigrateForecastInputs in = read_figures (&sample, NULL);

      cr_expect (in.memory.least <= rows[i].sent_mib * MIB
                   && in.memory.most >= rows[i].sent_mib * MIB,
                 "%u: %.0f to %.0f", i, in.memory.least / MIB, in.memory.most / MIB);
      cr_expect (in.memory.most <= 1.8 * in.memory.least, "%u", i);
    }
}

Test (inputs, a_paused_guest_writes_nothing)
{
  MigrateDirtySample sample = { .paused = TRUE, .total = 1 << 29, .resident = 1 << 28 };
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateForecastInputs in = read_figures (&sample, NULL);
  MigrateForecastValues v;

  cr_assert_eq (in.dirty_rate.origin, MIGRATE_FIGURE_SAMPLED);
  cr_assert_eq (in.dirty_rate.most, 0);
  in.bandwidth = known (45, 46, 47);
  v = decide (&in, policy);
  cr_assert_eq (v.convergence, MIGRATE_CONVERGENCE_CONVERGES);
  cr_assert (v.has_total);
  cr_assert_not (v.has_downtime);
}

Test (inputs, no_look_is_no_figure)
{
  MigrateDirtySample sample = { .total = 1 << 29, .resident = 1 << 28 };
  MigrateForecastInputs in = read_figures (&sample, NULL);

  cr_assert_eq (in.dirty_rate.origin, MIGRATE_FIGURE_UNKNOWN);
  cr_assert_eq (in.working_set.origin, MIGRATE_FIGURE_UNKNOWN);
  cr_assert_eq (in.bandwidth.origin, MIGRATE_FIGURE_UNKNOWN);
}

static MigrateLearned
make_learned (double rate, double working_set)
{
  return (MigrateLearned){
    .bandwidth = { 2, { 46 * MIB, 45 * MIB } },
    .overhead = { 1, { 400 } },
    .has_guest = TRUE,
    .memory_least = 190 * MIB,
    .memory_most = 200 * MIB,
    .working_set = working_set * MIB,
    .dirty_rate = rate * MIB,
    .dirty_rate_most = rate * MIB,
  };
}

Test (inputs, a_move_of_the_same_load_tells_more_than_a_sample)
{
  MigrateDirtySample sample = make_sample (50, 40);
  MigrateLearned learned = make_learned (42, 128);
  MigrateForecastInputs in = read_figures (&sample, &learned);

  cr_assert_eq (in.dirty_rate.origin, MIGRATE_FIGURE_LEARNED);
  cr_assert (in.dirty_rate.least > 40 * MIB && in.dirty_rate.most < 44 * MIB);
  cr_assert_eq (in.working_set.origin, MIGRATE_FIGURE_LEARNED);
  cr_assert_eq (in.bandwidth.origin, MIGRATE_FIGURE_LEARNED);
  cr_assert (in.bandwidth.least < 45 * MIB && in.bandwidth.most > 46 * MIB);
  cr_assert_eq (in.memory.origin, MIGRATE_FIGURE_LEARNED);
  cr_assert_eq (in.overhead.origin, MIGRATE_FIGURE_LEARNED);
}

/* As it was seen on a busy machine: no other load, but a sample far off. */
Test (inputs, a_sample_that_is_far_off_is_no_other_load)
{
  MigrateDirtySample sample = make_sample (12, 12.6);
  MigrateLearned learned = make_learned (20.3, 87);

  cr_assert_eq (read_figures (&sample, &learned).dirty_rate.origin, MIGRATE_FIGURE_LEARNED);
}

Test (inputs, a_load_that_has_changed_is_as_sampled)
{
  MigrateDirtySample sample = make_sample (134, 46);
  MigrateLearned learned = make_learned (20, 86);
  MigrateForecastInputs in = read_figures (&sample, &learned);

  cr_assert_eq (in.dirty_rate.origin, MIGRATE_FIGURE_SAMPLED);
  cr_assert_eq (in.working_set.origin, MIGRATE_FIGURE_SAMPLED);
  cr_assert_eq (in.bandwidth.origin, MIGRATE_FIGURE_LEARNED);
}

Test (inputs, a_move_tells_to_how_much_is_written_where_it_cannot_tell_how_fast)
{
  MigrateDirtySample sample = make_sample (134, 46);
  MigrateLearned learned = make_learned (45, 129);
  MigrateForecastInputs in = read_figures (&sample, &learned);

  cr_assert_eq (in.dirty_rate.origin, MIGRATE_FIGURE_SAMPLED);
  cr_assert_eq (in.working_set.origin, MIGRATE_FIGURE_LEARNED);
  cr_assert (in.working_set.least > 120 * MIB && in.working_set.most < 135 * MIB);
}

Test (inputs, a_load_that_cannot_be_sampled_is_as_it_was_with_doubt)
{
  MigrateDirtySample sample = { .total = 1 << 29, .resident = 1 << 28 };
  MigrateLearned learned = make_learned (42, 128);
  MigrateForecastInputs in = read_figures (&sample, &learned);

  cr_assert_eq (in.dirty_rate.origin, MIGRATE_FIGURE_LEARNED);
  cr_assert (in.dirty_rate.least < 35 * MIB && in.dirty_rate.most > 50 * MIB);
}

Test (inputs, what_the_caller_says_of_the_link_counts)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateDirtySample sample = make_sample (0, 0);
  MigrateLearned learned = make_learned (0, 0);
  MigrateForecastInputs in;

  migrate_policy_set (policy, "link-speed", "100", NULL);
  in = _migrate_forecast_inputs (&sample, &learned, policy);
  cr_assert_eq (in.bandwidth.origin, MIGRATE_FIGURE_GIVEN);
  cr_assert (in.bandwidth.least < 94 * MIB && in.bandwidth.most > 94 * MIB
             && in.bandwidth.most < 100 * MIB);
  migrate_policy_set (policy, "bandwidth", "10", NULL);
  in = _migrate_forecast_inputs (&sample, &learned, policy);
  cr_assert (in.bandwidth.most <= 10 * MIB && in.bandwidth.least >= 9 * MIB);
}

Test (inputs, a_sample_survives_its_snapshot)
{
  MigrateDirtySample before = make_sample (42, 40);
  g_autoptr (GVariant) values = g_variant_ref_sink (_migrate_dirty_sample_to_variant (&before));
  MigrateDirtySample after = _migrate_dirty_sample_from_variant (values);

  cr_assert_eq (after.n, 2);
  cr_assert_eq (after.seconds[1], 3);
  cr_assert_float_eq (after.bytes[1], before.bytes[1], 1);
  cr_assert_eq (after.total, before.total);
  cr_assert_eq (after.resident, before.resident);
}

/* ---- what earlier moves have shown ---- */

static void
add_number (GVariantBuilder *builder, const char *key, double value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 ((guint64) value));
}

/* 46 MiB/s, of a guest of which 190 MiB are not empty and 128 are written to; looked at each half
 * second, as it comes. */
static GVariant *
make_samples (double dirty_rate)
{
  const double sent = 0.46; /* MiB in 10 ms */
  GVariantBuilder list;
  double left = 190, dirtied = 0, processed = 0;
  guint pass = 1;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  for (guint ms = 0; ms < 15000; ms += 10)
    {
      if (ms % 500 == 0)
        {
          g_variant_builder_open (&list, G_VARIANT_TYPE_VARDICT);
          g_variant_builder_add (&list, "{sv}", "phase", g_variant_new_string ("copying-memory"));
          add_number (&list, "at-ms", 300 + ms);
          add_number (&list, "pass", pass);
          add_number (&list, "memory-total", 512 * MIB);
          add_number (&list, "memory-processed", processed * MIB);
          add_number (&list, "memory-remaining", (left + (pass == 1 ? 300 : 0)) * MIB);
          add_number (&list, "rate", 46 * MIB);
          add_number (&list, "dirty-rate", pass > 1 ? dirty_rate * MIB : 0);
          add_number (&list, "limit-ms", 50);
          g_variant_builder_close (&list);
        }
      left -= sent;
      processed += sent;
      dirtied = MIN (dirtied + dirty_rate / 100, 128);
      if (left > 2.3)
        continue;
      left += dirtied;
      dirtied = 0;
      pass++;
    }
  return g_variant_ref_sink (g_variant_builder_end (&list));
}

static GVariant *
make_values (const char *bandwidth, guint64 total_ms)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigrateResult) result = _migrate_result_new ();
  GVariantBuilder builder;

  migrate_policy_set (policy, "bandwidth", bandwidth, NULL);
  result->outcome = MIGRATE_OUTCOME_MOVED;
  result->total_ms = total_ms;
  result->phase_ms[MIGRATE_PHASE_GATHERING] = 4100;
  result->phase_ms[MIGRATE_PHASE_PREPARING] = 200;
  result->phase_ms[MIGRATE_PHASE_FINALIZING] = 100;
  result->phase_ms[MIGRATE_PHASE_COPYING_MEMORY] = 14500;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_POLICY,
                         _migrate_policy_to_variant (policy));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_RESULT,
                         _migrate_result_to_variant (result));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

Test (learned, from_the_move_of_this_guest)
{
  g_autoptr (GVariant) samples = make_samples (42);
  g_autoptr (GVariant) values = make_values ("0", 15100);
  MigrateLearned learned = { 0 };

  _migrate_learned_add (&learned, values, samples, TRUE);
  cr_assert_eq (learned.bandwidth.n, 1);
  cr_assert_float_eq (learned.bandwidth.values[0] / MIB, 46, 0.5);
  cr_assert_eq (learned.overhead.n, 1);
  cr_assert_float_eq (learned.overhead.values[0], 1300, 1);
  cr_assert (learned.has_guest);
  cr_assert_float_eq (learned.dirty_rate / MIB, 42, 0.5);
  cr_assert (learned.working_set > 125 * MIB && learned.working_set < 131 * MIB, "%.0f",
             learned.working_set / MIB);
  cr_assert (learned.memory_least <= 190 * MIB && learned.memory_most >= 190 * MIB);
  cr_assert (learned.memory_most - learned.memory_least < 40 * MIB);
}

Test (learned, of_the_link_alone_from_another_guest)
{
  g_autoptr (GVariant) samples = make_samples (42);
  g_autoptr (GVariant) values = make_values ("0", 15100);
  MigrateLearned learned = { 0 };

  _migrate_learned_add (&learned, values, samples, FALSE);
  cr_assert_eq (learned.bandwidth.n, 1);
  cr_assert_not (learned.has_guest);
}

Test (learned, nothing_of_the_link_from_a_limit)
{
  g_autoptr (GVariant) samples = make_samples (42);
  g_autoptr (GVariant) values = make_values ("46", 15100);
  g_autoptr (GVariant) wide = make_values ("100", 15100);
  MigrateLearned learned = { 0 };

  _migrate_learned_add (&learned, values, samples, FALSE);
  cr_assert_eq (learned.bandwidth.n, 0);
  _migrate_learned_add (&learned, wide, samples, FALSE);
  cr_assert_eq (learned.bandwidth.n, 1);
}

Test (learned, from_the_latest_moves_only)
{
  g_autoptr (GVariant) samples = make_samples (42);
  g_autoptr (GVariant) values = make_values ("0", 15100);
  MigrateLearned learned = { 0 };

  for (guint i = 0; i < 2 * MIGRATE_LEARNED_MOVES; i++)
    _migrate_learned_add (&learned, values, samples, TRUE);
  cr_assert_eq (learned.bandwidth.n, MIGRATE_LEARNED_MOVES);
}

Test (learned, nothing_from_no_samples)
{
  g_autoptr (GVariant) samples
    = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
  g_autoptr (GVariant) values
    = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  MigrateLearned learned = { 0 };

  _migrate_learned_add (&learned, values, samples, TRUE);
  cr_assert_eq (learned.bandwidth.n, 0);
  cr_assert_eq (learned.overhead.n, 0);
  cr_assert_not (learned.has_guest);
}

/* ---- the value ---- */

Test (forecast, survives_the_journal)
{
  MigrateForecastValues v = decide_at (42, 46, "postcopy");
  g_autoptr (MigrateForecast) before = _migrate_forecast_new (&v);
  g_autoptr (GVariant) values = migrate_forecast_dup_details (before);
  g_autoptr (MigrateForecast) after = _migrate_forecast_from_variant (values);
  g_autoptr (GVariant) again = migrate_forecast_dup_details (after);

  cr_assert (g_variant_equal (values, again));
  cr_assert_eq (migrate_forecast_get_total_most_ms (after), v.total_most_ms);
  cr_assert_eq (migrate_forecast_get_rung (after), MIGRATE_RUNG_POSTCOPY);
}

static const struct
{
  MigrateForecastValues values;
  const char *without; /* key */
  const char *says;    /* and never a figure of 0 */
} unknowns[] = {
  { { .has_total = TRUE, .total_least_ms = 4000 }, "total-most-ms", "take at least 4.0 s" },
  { { .has_bytes = TRUE, .bytes_least = 5 << 20 }, "bytes-most", "it will send at least 5 MiB" },
  { { .has_total = TRUE, .has_bytes = TRUE, .bytes_least = 5 << 20 },
    "bytes-most",
    "and send at least 5 MiB" },
  { { .has_need = TRUE, .needed_bandwidth = 50 << 20 },
    "needed-downtime-ms",
    "To converge it needs 50 MiB/s." },
  { { 0 }, "needed-bandwidth", "How long the move will take is not known." },
  { { 0 }, "total-least-ms", "how much the guest writes is not known" },
  { { 0 }, "bytes-least", "how much the link carries is not known" },
};

ParameterizedTestParameters (forecast, leaves_out_what_is_not_known)
{
  static size_t rows[G_N_ELEMENTS (unknowns)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *i, forecast, leaves_out_what_is_not_known)
{
  g_autoptr (MigrateForecast) forecast = _migrate_forecast_new (&unknowns[*i].values);
  g_autoptr (GVariant) details = migrate_forecast_dup_details (forecast);
  g_autoptr (MigrateForecast) again = _migrate_forecast_from_variant (details);
  g_autofree char *summary = migrate_forecast_dup_summary (forecast);
  g_autofree char *same = migrate_forecast_dup_summary (again);
  g_autoptr (GVariant) value
    = g_variant_lookup_value (details, unknowns[*i].without, NULL /* any type */);

  cr_expect_null (value, "%s", unknowns[*i].without);
  cr_expect_not_null (strstr (summary, unknowns[*i].says), "%s", summary);
  cr_expect_str_eq (summary, same);
  cr_expect_not (migrate_forecast_has_total_most (again));
  cr_expect_not (migrate_forecast_has_bytes_most (again));
  cr_expect_not (migrate_forecast_has_needed_downtime (again));
}

static const struct
{
  MigrateRung rung;
  guint rungs;
  const char *says;
} told[] = {
  { MIGRATE_RUNG_PLAIN, 1u << MIGRATE_RUNG_PLAIN, ", and nothing has to be done to the guest: " },
  { MIGRATE_RUNG_PLAIN, 1u << MIGRATE_RUNG_PLAIN | 1u << MIGRATE_RUNG_GIVE_UP,
    ", and nothing has to be done to the guest, or the move will be given up: " },
  { MIGRATE_RUNG_GIVE_UP, 1u << MIGRATE_RUNG_PLAIN | 1u << MIGRATE_RUNG_GIVE_UP,
    ", and the move will be given up, or nothing has to be done to the guest: " },
  { MIGRATE_RUNG_PLAIN, 1u << MIGRATE_RUNG_PLAIN | 1u << MIGRATE_RUNG_GIVE_UP,
    "The move will take, or be tried for, 4.0 to 8.0 s" },
  { MIGRATE_RUNG_GIVE_UP, 1u << MIGRATE_RUNG_GIVE_UP, "It will be tried for 4.0 to 8.0 s" },
  { MIGRATE_RUNG_PLAIN, 1u << MIGRATE_RUNG_PLAIN, "The move will take 4.0 to 8.0 s" },
};

ParameterizedTestParameters (forecast, names_all_that_may_come)
{
  static size_t rows[G_N_ELEMENTS (told)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *i, forecast, names_all_that_may_come)
{
  MigrateForecastValues values = { .rung = told[*i].rung,
                                   .rungs = told[*i].rungs,
                                   .has_total = TRUE,
                                   .has_total_most = TRUE,
                                   .total_least_ms = 4000,
                                   .total_most_ms = 8000 };
  g_autoptr (MigrateForecast) forecast = _migrate_forecast_new (&values);
  g_autofree char *summary = migrate_forecast_dup_summary (forecast);

  cr_expect_not_null (strstr (summary, told[*i].says), "%s", summary);
}

Test (forecast, is_not_taken_in_by_a_journal)
{
  g_autoptr (GVariant) values = g_variant_ref_sink (g_variant_new_parsed (
    "{'rungs': <['what', 'plain']>, 'convergence': <'never'>, 'memory-origin': <'guessed'>,"
    " 'total-least-ms': <'soon'>}"));
  g_autoptr (MigrateForecast) forecast = _migrate_forecast_from_variant (values);

  cr_assert_eq (migrate_forecast_get_convergence (forecast), MIGRATE_CONVERGENCE_UNKNOWN);
  cr_assert_not (migrate_forecast_has_total (forecast));
}
