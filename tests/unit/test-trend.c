/* How a copy goes, from its samples. */
#include "migrate/trend-private.h"

#include <criterion/criterion.h>

TestSuite (trend, .timeout = 20);

#define MIB ((guint64) 1 << 20)

static MigrateTrendSample
sample (guint64 at_ms, guint pass, guint64 processed_mib, guint64 remaining_mib)
{
  return (MigrateTrendSample){ .at_ms = at_ms,
                               .pass = pass,
                               .total = 512 * MIB,
                               .processed = processed_mib * MIB,
                               .remaining = remaining_mib * MIB,
                               .dirty_rate = 10 * MIB };
}

static void
add (MigrateTrend *trend, guint64 at_ms, guint pass, guint64 processed_mib, guint64 remaining_mib)
{
  MigrateTrendSample s = sample (at_ms, pass, processed_mib, remaining_mib);

  _migrate_trend_add (trend, &s, 50);
}

Test (trend, is_nothing_without_samples)
{
  MigrateTrend trend = { 0 };
  MigrateTrendSample nothing = { .at_ms = 100 };

  _migrate_trend_add (&trend, &nothing, 50);
  cr_assert_eq (trend.n, 0);
  cr_assert_eq (trend.bandwidth, 0);
  cr_assert_null (_migrate_trend_pass (&trend, 0));
  cr_assert_eq (_migrate_trend_time_for (&trend, 1), G_MAXUINT64);
  cr_assert_eq (_migrate_trend_time_for (&trend, 0), 0);
  cr_assert_lt (_migrate_trend_ratio (&trend), 0);
}

/* 40 MiB/s of wire, while empty pages make remaining go down ten times as fast. */
Test (trend, goes_by_the_wire_in_the_first_pass)
{
  MigrateTrend trend = { 0 };

  for (guint i = 0; i < 5; i++)
    add (&trend, 1000 + i * 500, 1, 10 + i * 20, 500 - i * 100);
  cr_assert_eq (trend.bandwidth, 40 * MIB);
  cr_assert_eq (trend.n_passes, 0);
}

Test (trend, goes_by_what_remains_after_it)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 120);
  add (&trend, 1500, 2, 105, 100); /* compressed to a quarter */
  add (&trend, 2000, 2, 110, 80);
  cr_assert_eq (trend.bandwidth, 40 * MIB);
}

/* The pass began 250 ms before it was seen: 10 MiB of it had gone by then. */
Test (trend, tells_what_was_left_when_a_pass_began)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 50);
  add (&trend, 2000, 2, 140, 10);
  add (&trend, 2500, 3, 160, 70);
  cr_assert_eq (trend.n_passes, 1);
  /* 2 MiB were under the limit of 50 ms, and are left in the new pass. */
  cr_assert_eq (_migrate_trend_pass (&trend, 0)->left, 82 * MIB);
  cr_assert_eq (_migrate_trend_pass (&trend, 0)->pass, 3);
  cr_assert_leq (_migrate_trend_pass (&trend, 0)->at_ms, 2250);
}

Test (trend, shares_what_was_sent_among_the_passes_that_ended)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 10);
  add (&trend, 1500, 5, 120, 8);
  /* 20 MiB were sent in three, above the 2 MiB that fit the limit. */
  cr_assert_float_eq ((double) _migrate_trend_pass (&trend, 0)->left / MIB, 8.67, 0.01);
}

Test (trend, keeps_the_last_passes)
{
  MigrateTrend trend = { 0 };

  for (guint i = 0; i < 3 * MIGRATE_TREND_PASSES; i++)
    add (&trend, 1000 + i * 500, 1 + i, 100 + i, 100 + i);
  cr_assert_eq (trend.n_passes, MIGRATE_TREND_PASSES);
  cr_assert_eq (_migrate_trend_pass (&trend, 0)->pass, 3 * MIGRATE_TREND_PASSES);
  cr_assert_eq (_migrate_trend_pass (&trend, 1)->pass, 3 * MIGRATE_TREND_PASSES - 1);
  cr_assert_null (_migrate_trend_pass (&trend, MIGRATE_TREND_PASSES));
}

Test (trend, does_not_take_a_bitmap_for_a_dead_link)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 120);
  add (&trend, 1500, 2, 120, 100);
  add (&trend, 2000, 2, 120, 100);
  add (&trend, 2500, 2, 120, 100);
  cr_assert_eq (trend.bandwidth, 40 * MIB);
  cr_assert_eq (trend.frozen_ms, 1000);
  add (&trend, 3000, 2, 140, 80);
  cr_assert_eq (trend.frozen_ms, 0);
}

/* Looks that come more often than the numbers: 4 MiB each second, seen each 200 ms. */
Test (trend, counts_the_time_between_bursts)
{
  MigrateTrend trend = { 0 };

  for (guint i = 0; i < 100; i++)
    add (&trend, 1000 + i * 200, 2, 100 + i / 5 * 4, 120 - i / 5 * 4);
  cr_assert_leq (trend.bandwidth, 5 * MIB);
  cr_assert_geq (trend.bandwidth, 3 * MIB);
}

/* The same, but the freeze ends with a new pass: that was the bitmap. */
Test (trend, does_not_count_the_time_of_a_bitmap)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 40);
  add (&trend, 1500, 2, 120, 20);
  add (&trend, 2000, 2, 120, 20);
  add (&trend, 2500, 2, 120, 20);
  add (&trend, 3000, 3, 140, 70);
  cr_assert_eq (trend.bandwidth, 40 * MIB);
}

Test (trend, knows_a_dead_link_after_a_while)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 120);
  add (&trend, 1500, 2, 120, 100);
  for (guint i = 1; i < 40; i++)
    add (&trend, 1500 + i * 500, 2, 120, 100);
  cr_assert_lt (trend.bandwidth, MIB);
  cr_assert_eq (trend.best_bandwidth, 40 * MIB);
}

Test (trend, begins_anew_with_the_counters)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 120);
  add (&trend, 2000, 3, 150, 100);
  add (&trend, 2500, 1, 5, 500);
  cr_assert_eq (trend.n_passes, 0);
  cr_assert_eq (trend.bandwidth, 0);
  cr_assert_eq (trend.n, 3);
  add (&trend, 3000, 1, 25, 400);
  cr_assert_eq (trend.bandwidth, 40 * MIB);
}

Test (trend, passes_over_samples_out_of_order)
{
  MigrateTrend trend = { 0 };

  add (&trend, 1000, 2, 100, 120);
  add (&trend, 900, 2, 110, 110);
  add (&trend, 1000, 2, 110, 110);
  cr_assert_eq (trend.n, 1);
}

Test (trend, tells_by_how_much_a_pass_leaves_less)
{
  MigrateTrend trend = { 0 };

  add (&trend, 500, 1, 80, 140);
  add (&trend, 1000, 1, 100, 120);
  add (&trend, 2000, 2, 140, 80);
  /* Only the hypervisor's figure is known: 10 of 40 MiB/s. */
  cr_assert_float_eq (_migrate_trend_ratio (&trend), 0.25, 0.001);
  add (&trend, 3000, 2, 180, 40);
  add (&trend, 4000, 3, 220, 60);
  add (&trend, 5000, 3, 260, 20);
  add (&trend, 5500, 4, 280, 30);
  cr_assert_lt (_migrate_trend_ratio (&trend), 0.6);
  cr_assert_gt (_migrate_trend_ratio (&trend), 0.3);
}

Test (trend, remembers_the_throttle)
{
  MigrateTrend trend = { 0 };
  MigrateTrendSample s = sample (3000, 4, 160, 70);

  add (&trend, 1000, 2, 100, 50);
  cr_assert_eq (trend.throttle_pass, 0);
  s.throttle = 50;
  _migrate_trend_add (&trend, &s, 50);
  cr_assert_eq (trend.throttle_pass, 4);
  add (&trend, 4000, 5, 200, 70);
  cr_assert_eq (trend.throttle_pass, 5);
  cr_assert_eq (trend.max_throttle, 50);
}
