/* How far, how long yet, and how long the guest stood still: decisions, row by row. */
#include "migrate/downtime-private.h"
#include "migrate/estimate-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#define MB G_GUINT64_CONSTANT (1000000)
#define TOLERANCE_MS 2

TestSuite (estimate, .timeout = 20);

/* Rates in MB/s, a second each; a negative one ends the list. */
static void
fill_rates (MigrateRates *rates, const int *mbps, guint pass)
{
  guint64 travelled = 0;
  gint64 at = G_USEC_PER_SEC;

  _migrate_rates_add (rates, at, travelled, pass);
  for (guint i = 0; i < 8 && mbps[i] >= 0; i++)
    {
      travelled += (guint64) mbps[i] * MB;
      at += G_USEC_PER_SEC;
      _migrate_rates_add (rates, at, travelled, pass);
    }
}

#define NONE -1 /* cannot be told */

static const struct
{
  const char *label;
  int rates[8];
  guint said, cap, total, left, disk_left, disk_rate; /* MB, MB/s */
  gboolean dirty_known;
  guint dirty, limit_ms;
  gboolean postcopy;
  int left_ms, least_ms, most_ms, downtime_ms;
} rows[] = {
  { "a guest that writes nothing",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    2000,
    2000,
    2000,
    300 },
  { "the first pass has no upper bound",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    FALSE,
    0,
    300,
    FALSE,
    2000,
    2000,
    NONE,
    NONE },
  { "half as fast as the link: 100, 50, 25, 12.5",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    25,
    300,
    FALSE,
    3750,
    3750,
    3750,
    300 },
  { "the same with a wider limit",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    25,
    1000,
    FALSE,
    3000,
    3000,
    3000,
    1000 },
  { "the same with no limit known: to the last byte",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    25,
    0,
    FALSE,
    4000,
    4000,
    4000,
    2000 },
  { "less is left than the limit lets",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    5,
    0,
    0,
    TRUE,
    25,
    300,
    FALSE,
    100,
    100,
    100,
    100 },
  { "as fast as the link",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    50,
    300,
    FALSE,
    NONE,
    NONE,
    NONE,
    2000 },
  { "faster than the link",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    200,
    300,
    FALSE,
    NONE,
    NONE,
    NONE,
    2000 },
  { "a rate that varies",
    { 40, 60, 40, 60, -1 },
    0,
    0,
    500,
    120,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    2400,
    2000,
    3000,
    300 },
  { "a guest that the slower rate does not get ahead of",
    { 40, 60, 40, 60, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    40,
    0,
    FALSE,
    10000,
    5000,
    NONE,
    2000 },
  { "one interval says little",
    { 50, -1 },
    0,
    0,
    500,
    150,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    3000,
    2000,
    6000,
    300 },
  { "only the hypervisor's rate",
    { -1 },
    50,
    0,
    500,
    150,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    3000,
    2000,
    6000,
    300 },
  { "only the cap", { -1 }, 0, 50, 500, 150, 0, 0, TRUE, 0, 300, FALSE, 3000, 3000, NONE, 300 },
  { "nothing is known of the rate",
    { -1 },
    0,
    0,
    500,
    150,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    NONE,
    NONE,
    NONE,
    NONE },
  { "nothing travels",
    { 0, 0, 0, -1 },
    50,
    50,
    500,
    150,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    NONE,
    NONE,
    NONE,
    NONE },
  { "never faster than the cap",
    { 40, 60, 40, 60, -1 },
    0,
    50,
    500,
    120,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    2400,
    2400,
    3000,
    300 },
  { "a cap that was lifted",
    { 50, 50, 50, -1 },
    0,
    10,
    500,
    100,
    0,
    0,
    TRUE,
    0,
    300,
    FALSE,
    2000,
    2000,
    2000,
    300 },
  { "post-copy",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    0,
    0,
    TRUE,
    0,
    300,
    TRUE,
    2000,
    2000,
    2000,
    NONE },
  { "disks on top",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    90,
    30,
    TRUE,
    0,
    300,
    FALSE,
    5000,
    5000,
    5000,
    300 },
  { "disks that stand",
    { 50, 50, 50, -1 },
    0,
    0,
    500,
    100,
    90,
    0,
    TRUE,
    0,
    300,
    FALSE,
    NONE,
    NONE,
    NONE,
    300 },
  { "the size of memory is not known yet",
    { -1 },
    50,
    0,
    0,
    0,
    90,
    30,
    FALSE,
    0,
    300,
    FALSE,
    NONE,
    NONE,
    NONE,
    NONE },
};

ParameterizedTestParameters (estimate, time_left)
{
  static size_t indexes[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (rows));
}

static void
assert_ms (const char *label, const char *what, gboolean has, guint64 ms, int expected)
{
  cr_assert_eq (has, expected != NONE, "%s: %s", label, what);
  if (has)
    cr_assert_leq (ABS ((gint64) ms - expected), TOLERANCE_MS,
                   "%s: %s is %" G_GUINT64_FORMAT ", not %d", label, what, ms, expected);
}

ParameterizedTest (size_t *index, estimate, time_left)
{
  size_t i = *index;
  MigrateRates rates = { 0 };
  MigrateEstimateView view = {
    .rates = &rates,
    .said_rate = rows[i].said * MB,
    .cap = rows[i].cap * MB,
    .memory_total = rows[i].total * MB,
    .memory_remaining = rows[i].left * MB,
    .disk_remaining = rows[i].disk_left * MB,
    .disk_rate = rows[i].disk_rate * MB,
    .dirty_known = rows[i].dirty_known,
    .dirty_rate = rows[i].dirty * MB,
    .limit_ms = rows[i].limit_ms,
    .postcopy = rows[i].postcopy,
  };
  MigrateEstimate e;

  fill_rates (&rates, rows[i].rates, 2);
  e = _migrate_estimate (&view);
  assert_ms (rows[i].label, "left", e.has_left, e.left_ms, rows[i].left_ms);
  assert_ms (rows[i].label, "least", e.has_left, e.least_ms, rows[i].least_ms);
  assert_ms (rows[i].label, "most", e.has_most, e.most_ms, rows[i].most_ms);
  assert_ms (rows[i].label, "downtime", e.has_downtime, e.downtime_ms, rows[i].downtime_ms);
}

static const struct
{
  const char *label;
  guint left, rate, written, memory; /* MB, MB/s */
  int left_ms, least_ms;             /* NONE: cannot be told */
} disks[] = {
  { "disks, then memory", 300, 100, 0, 200, 5000, 3000 },
  { "what the guest writes is more to do", 300, 100, 50, 200, 8000, 6000 },
  { "a guest that writes as fast", 300, 100, 100, 200, NONE, NONE },
  { "nothing travels", 300, 0, 0, 200, NONE, NONE },
  { "nobody knows what memory there is", 300, 100, 0, 0, NONE, NONE },
  { "nothing is left, and memory has not begun", 0, 100, 0, 200, NONE, NONE },
};

/* Never with an upper bound, nor with a downtime: memory has not been seen to be written. */
Test (estimate, of_disks_before_memory)
{
  for (gsize i = 0; i < G_N_ELEMENTS (disks); i++)
    {
      MigrateRates rates = { 0 };
      MigrateEstimateView view = { .rates = &rates,
                                   .memory_expected = disks[i].memory * MB,
                                   .disk_remaining = disks[i].left * MB,
                                   .disk_rate = disks[i].rate * MB,
                                   .disk_written = disks[i].written * MB };
      MigrateEstimate e = _migrate_estimate (&view);

      assert_ms (disks[i].label, "left", e.has_left, e.left_ms, disks[i].left_ms);
      assert_ms (disks[i].label, "least", e.has_left, e.least_ms, disks[i].least_ms);
      cr_assert_not (e.has_most || e.has_downtime, "%s", disks[i].label);
    }
}

Test (estimate, the_hypervisor_knows_what_a_hand_over_now_would_cost)
{
  MigrateRates rates = { 0 };
  MigrateEstimateView view = { .rates = &rates,
                               .said_rate = 50 * MB,
                               .memory_total = 500 * MB,
                               .memory_remaining = 100 * MB,
                               .dirty_known = TRUE,
                               .dirty_rate = 60 * MB,
                               .limit_ms = 300,
                               .has_said_downtime = TRUE,
                               .said_downtime_ms = 1500 };

  cr_assert_eq (_migrate_estimate (&view).downtime_ms, 1500);
}

/* Whatever is seen: the bounds are on their sides of the estimate. */
Test (estimate, bounds_hold)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (1);
  guint told = 0;

  for (guint n = 0; n < 20000; n++)
    {
      MigrateRates rates = { 0 };
      int mbps[8];
      MigrateEstimateView view = {
        .rates = &rates,
        .said_rate = (guint64) g_rand_int_range (rand, 0, 100) * MB,
        .cap = (guint64) g_rand_int_range (rand, 0, 3) * 40 * MB,
        .memory_total = 1000 * MB,
        .memory_remaining = (guint64) g_rand_int_range (rand, 0, 1000) * MB,
        .dirty_known = g_rand_boolean (rand),
        .dirty_rate = (guint64) g_rand_int_range (rand, 0, 100) * MB,
        .limit_ms = (guint64) g_rand_int_range (rand, 0, 2000),
      };
      MigrateEstimate e;

      for (guint i = 0; i < G_N_ELEMENTS (mbps); i++)
        mbps[i] = g_rand_int_range (rand, i == 0 ? 0 : -1, 120);
      fill_rates (&rates, mbps, 2);
      e = _migrate_estimate (&view);
      cr_assert (e.has_left || !e.has_most, "case %u", n);
      cr_assert_leq (e.least_ms, e.left_ms, "case %u", n);
      cr_assert (!e.has_most || e.left_ms <= e.most_ms, "case %u", n);
      told += e.has_most ? 1 : 0;
    }
  cr_assert_gt (told, 1000);
}

Test (estimate, a_counter_that_restarts_begins_anew)
{
  MigrateRates rates = { 0 };

  _migrate_rates_add (&rates, 1000000, 500 * MB, 2);
  _migrate_rates_add (&rates, 2000000, 600 * MB, 2);
  _migrate_rates_add (&rates, 3000000, 10 * MB, 1);
  cr_assert_eq (rates.n, 1);
  _migrate_rates_add (&rates, 4000000, 20 * MB, 1);
  cr_assert_eq (rates.n, 2);
  _migrate_rates_add (&rates, 5000000, 30 * MB, 2); /* pages that cost nothing are no measure */
  cr_assert_eq (rates.n, 1);
  _migrate_rates_add (&rates, 5000000, 40 * MB, 2); /* no time has passed */
  cr_assert_eq (rates.n, 1);
  for (gint64 i = 0; i < 50; i++)
    _migrate_rates_add (&rates, 6000000 + i, (guint64) (40 + i) * MB, 2);
  cr_assert_eq (rates.n, MIGRATE_RATES_N);
  cr_assert_eq (rates.points[MIGRATE_RATES_N - 1].travelled, 89 * MB);
}

static const struct
{
  const char *label;
  guint total, left, disk_total, disk_left, pass;
  gboolean postcopy;
  double expected;
  guint memory_expected;
} fractions[] = {
  { "nothing is known", 0, 0, 0, 0, 0, FALSE, 0 },
  { "the first pass begins", 100, 100, 0, 0, 1, FALSE, 0 },
  { "half of it", 100, 50, 0, 0, 1, FALSE, 0.45 },
  { "all of it, once", 100, 0, 0, 0, 1, FALSE, 0.9 },
  { "much must go again", 100, 60, 0, 0, 2, FALSE, 0.9 },
  { "little is left", 100, 5, 0, 0, 7, FALSE, 0.95 },
  { "nothing is left", 100, 0, 0, 0, 7, FALSE, 0.99 },
  { "post-copy from the first pass", 100, 80, 0, 0, 1, TRUE, 0.2 },
  { "post-copy at its end", 100, 0, 0, 0, 3, TRUE, 0.99 },
  { "disks before memory", 0, 0, 100, 50, 0, FALSE, 0.45 },
  { "disks, and memory is to come", 0, 0, 100, 50, 0, FALSE, 0.225, 100 },
  { "disks are done, and memory is to come", 0, 0, 100, 0, 0, FALSE, 0.45, 100 },
  { "memory after them", 100, 100, 100, 0, 1, FALSE, 0.45, 100 },
  { "memory after the disks", 100, 50, 100, 0, 1, FALSE, 0.675 },
  { "more is left than there is", 100, 120, 0, 0, 1, FALSE, 0 },
};

Test (estimate, fraction)
{
  for (gsize i = 0; i < G_N_ELEMENTS (fractions); i++)
    {
      MigrateEstimateView view = { .memory_total = fractions[i].total,
                                   .memory_remaining = fractions[i].left,
                                   .memory_expected = fractions[i].memory_expected,
                                   .disk_remaining = fractions[i].disk_left,
                                   .postcopy = fractions[i].postcopy };

      cr_assert_float_eq (
        _migrate_estimate_fraction (&view, fractions[i].disk_total, fractions[i].pass),
        fractions[i].expected, 1e-9, "%s", fractions[i].label);
    }
}

/* ---- downtime ---- */

static const struct
{
  const char *label;
  MigrateDowntimeView view;
  guint64 ms;
  const char *origin;
} downtimes[] = {
  { "the hypervisor says it",
    { .has_said = TRUE, .said_ms = 80, .stopped_at = 1000, .ran_at = 500000 },
    80,
    "hypervisor" },
  { "it says none, and we saw it", { .stopped_at = 1000, .ran_at = 201000 }, 200, "polled" },
  { "nobody knows", { .ran_at = 201000 }, 0, NULL },
  { "its user had paused it",
    { .was_paused = TRUE, .has_said = TRUE, .said_ms = 80, .paused_at = 1000, .ran_at = 9000 },
    0,
    NULL },
  { "we resumed it later",
    { .has_said = TRUE, .said_ms = 80, .resumed_by_us = TRUE, .ended = 100000, .ran_at = 130000 },
    110,
    "hypervisor" },
  { "another process made the call, and we resumed it",
    { .has_said = TRUE,
      .said_ms = 80,
      .resumed_by_us = TRUE,
      .stopped_at = 1000,
      .ran_at = 301000 },
    300,
    "polled" },
  { "the same, and it was not seen to stop",
    { .has_said = TRUE, .said_ms = 80, .resumed_by_us = TRUE, .ran_at = 301000 },
    80,
    "hypervisor" },
  { "the switch to post-copy",
    { .postcopy = TRUE, .ran_here_at = 90000, .stopped_at = 100000, .ran_at = 130000 },
    40,
    "polled" },
  { "we paused it in mid-copy: from there",
    { .has_said = TRUE, .said_ms = 80, .paused_at = 1000, .stopped_at = 5000, .ran_at = 4001000 },
    4000,
    "polled" },
  { "we paused it, and the hypervisor knows of more",
    { .has_said = TRUE, .said_ms = 80, .paused_at = 1000, .ran_at = 61000 },
    80,
    "hypervisor" },
  { "we paused it, and nobody saw it run again",
    { .has_said = TRUE, .said_ms = 80, .paused_at = 1000 },
    80,
    "hypervisor" },
};

Test (estimate, downtime)
{
  for (gsize i = 0; i < G_N_ELEMENTS (downtimes); i++)
    {
      const char *origin = "?";
      guint64 ms = _migrate_downtime_decide (&downtimes[i].view, &origin);

      cr_assert_eq (ms, downtimes[i].ms, "%s: %" G_GUINT64_FORMAT, downtimes[i].label, ms);
      cr_assert_eq (g_strcmp0 (origin, downtimes[i].origin), 0, "%s: %s", downtimes[i].label,
                    origin);
    }
}
