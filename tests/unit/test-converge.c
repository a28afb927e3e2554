/* The controller: its decisions on synthetic copies that it steers, row by row, and what holds for
 * thousands of random ones. */
#include "copymodel.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite (converge, .timeout = 60);

#define LINK (46 * COPY_MIB)

enum
{
  NOTHING = 0,
  THROTTLE = MIGRATE_ALLOW_THROTTLE,
  POSTCOPY = MIGRATE_ALLOW_POSTCOPY,
  PAUSE = MIGRATE_ALLOW_PAUSE
};

static MigrateConvergePolicy
policy_for (guint allow, guint max_ms, guint64 deadline_ms)
{
  return (MigrateConvergePolicy){
    .target_ms = 150,
    .max_ms = max_ms,
    .postcopy = (allow & POSTCOPY) != 0,
    .throttle = (allow & THROTTLE) != 0,
    .pause = (allow & PAUSE) != 0,
    .start = MIGRATE_POSTCOPY_START_NEEDED,
    .deadline_ms = deadline_ms,
  };
}

static CopyModel
model_for (guint64 dirty_mib)
{
  return (CopyModel){ .memory = 190 * COPY_MIB,
                      .working_set = 128 * COPY_MIB,
                      .bandwidth = LINK,
                      .dirty_rate = dirty_mib * COPY_MIB,
                      .by_clock = TRUE };
}

typedef struct
{
  const char *label;
  guint64 dirty_mib;
  guint allow, max_ms;
  guint64 deadline_ms;
  void (*change) (CopyModel *model);
  CopyEnd end;
  guint64 most_total_ms, most_downtime_ms;
  const char *actions;
} Row;

static void
cpu_bound (CopyModel *m)
{
  m->by_clock = FALSE;
  m->throttle_initial = 50;
  m->throttle_increment = 20;
}

static void
throttled_by_clock (CopyModel *m)
{
  m->throttle_initial = 50;
  m->throttle_increment = 20;
}

static void
saw_tooth (CopyModel *m)
{
  m->period_ms = 6000;
  m->busy_ms = 3000;
}

static void
bursts (CopyModel *m)
{
  m->period_ms = 20000;
  m->busy_ms = 8000;
}

static void
idle_at_15_s (CopyModel *m)
{
  m->change_at_ms = 15000;
  m->dirty_rate_then = 0;
}

static void
busy_at_5_s (CopyModel *m)
{
  m->change_at_ms = 3000;
  m->dirty_rate_then = 200 * COPY_MIB;
}

static void
link_drops (CopyModel *m)
{
  m->change_at_ms = 6000;
  m->bandwidth_then = LINK / 100;
}

static void
frozen_numbers (CopyModel *m)
{
  m->blind_from_ms = 5000;
  m->blind_to_ms = 6500;
}

static void
zero_samples (CopyModel *m)
{
  m->first_zero_samples = 5;
}

static void
jumping_passes (CopyModel *m)
{
  m->pass_step = 3;
}

static const Row rows[] = {
  { "idle", 0, NOTHING, 500, 0, NULL, COPY_SWITCHED, 5000, 150, "" },
  { "20 MiB/s reaches its target", 20, NOTHING, 500, 0, NULL, COPY_SWITCHED, 10000, 150, "" },
  { "36 MiB/s", 36, NOTHING, 500, 0, NULL, COPY_SWITCHED, 16500, 500, "raise-downtime-limit" },
  { "42 MiB/s, nothing allowed", 42, NOTHING, 500, 0, NULL, COPY_SWITCHED, 33000, 500,
    "raise-downtime-limit" },
  { "42 MiB/s, post-copy", 42, POSTCOPY, 500, 0, NULL, COPY_POSTCOPY, 12000, 300,
    "raise-downtime-limit start-postcopy" },
  { "200 MiB/s, nothing allowed", 200, NOTHING, 500, 0, NULL, COPY_GIVEN_UP, 18000, 0,
    "raise-downtime-limit give-up" },
  { "200 MiB/s, three seconds", 200, NOTHING, 3000, 0, NULL, COPY_SWITCHED, 16000, 3000,
    "raise-downtime-limit" },
  { "200 MiB/s, post-copy", 200, POSTCOPY, 500, 0, NULL, COPY_POSTCOPY, 15000, 300,
    "raise-downtime-limit start-postcopy" },
  { "200 MiB/s, pause", 200, PAUSE, 500, 0, NULL, COPY_SWITCHED, 15000, 3300,
    "raise-downtime-limit pause-guest" },
  { "200 MiB/s, all", 200, THROTTLE | POSTCOPY | PAUSE, 500, 0, throttled_by_clock, COPY_POSTCOPY,
    35000, 300, "raise-downtime-limit start-postcopy" },
  { "100 MiB/s bound by CPU, throttle", 100, THROTTLE, 500, 0, cpu_bound, COPY_SWITCHED, 22000, 500,
    "raise-downtime-limit" },
  { "200 MiB/s bound by CPU, throttle", 200, THROTTLE, 500, 0, cpu_bound, COPY_SWITCHED, 35000, 500,
    "raise-downtime-limit" },
  { "200 MiB/s by the clock, throttle", 200, THROTTLE, 500, 0, throttled_by_clock, COPY_GIVEN_UP,
    45000, 0, "raise-downtime-limit give-up" },
  { "200 MiB/s then idle, with a deadline", 200, NOTHING, 500, 60000, idle_at_15_s, COPY_SWITCHED,
    25000, 500, "raise-downtime-limit no-end-in-sight" },
  { "idle then busy", 0, NOTHING, 500, 0, busy_at_5_s, COPY_GIVEN_UP, 22000, 0,
    "raise-downtime-limit give-up" },
  { "saw-tooth", 200, NOTHING, 500, 0, saw_tooth, COPY_SWITCHED, 25000, 500,
    "raise-downtime-limit" },
  { "saw-tooth, caught at a low", 200, NOTHING, 2500, 0, saw_tooth, COPY_SWITCHED, 25000, 2500,
    "raise-downtime-limit" },
  { "bursts", 200, NOTHING, 500, 0, bursts, COPY_SWITCHED, 25000, 500, "raise-downtime-limit" },
  { "the link drops to a hundredth", 200, NOTHING, 500, 0, link_drops, COPY_ENDLESS, 600000, 0,
    "raise-downtime-limit slow-link" },
  { "the link drops, and post-copy is not risked on it", 200, POSTCOPY, 500, 0, link_drops,
    COPY_ENDLESS, 600000, 0, "raise-downtime-limit slow-link" },
  { "frozen numbers", 42, POSTCOPY, 500, 0, frozen_numbers, COPY_POSTCOPY, 14000, 300,
    "raise-downtime-limit start-postcopy" },
  { "zero first samples", 200, NOTHING, 500, 0, zero_samples, COPY_GIVEN_UP, 22000, 0,
    "raise-downtime-limit give-up" },
  { "pass numbers that jump", 200, NOTHING, 500, 0, jumping_passes, COPY_GIVEN_UP, 22000, 0,
    "raise-downtime-limit give-up" },
  { "post-copy that would not fit the deadline", 200, POSTCOPY, 500, 8000, NULL, COPY_ENDLESS,
    600000, 0, "raise-downtime-limit no-end-in-sight" },
};

ParameterizedTestParameters (converge, steers)
{
  static size_t indexes[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, converge, steers)
{
  const Row *row = &rows[*index];
  CopyModel model = model_for (row->dirty_mib);
  MigrateConvergePolicy policy = policy_for (row->allow, row->max_ms, row->deadline_ms);
  g_auto (CopyRun) run = { 0 };
  g_autofree char *actions = NULL;

  if (row->change != NULL)
    row->change (&model);
  copy_run (&model, &policy, 120000, &run);
  actions = copy_run_describe (&run);
  cr_expect_eq (run.end, row->end, "%s: ended as %d after %d ms in pass %u: %s", row->label,
                run.end, (int) run.total_ms, run.pass, actions);
  cr_expect_leq (run.total_ms, row->most_total_ms, "%s: took %d ms: %s", row->label,
                 (int) run.total_ms, actions);
  if (row->most_downtime_ms > 0)
    cr_expect_leq (run.downtime_ms, row->most_downtime_ms, "%s: stood still for %d ms: %s",
                   row->label, (int) run.downtime_ms, actions);
  cr_expect_str_eq (actions, row->actions, "%s: %s", row->label, actions);
}

/* What it names when it gives up is what it takes. */
Test (converge, names_the_downtime_that_would_have_been_enough)
{
  CopyModel model = model_for (200);
  MigrateConvergePolicy policy = policy_for (NOTHING, 500, 0);
  g_auto (CopyRun) given_up = { 0 };
  g_auto (CopyRun) done = { 0 };
  guint64 needed;

  copy_run (&model, &policy, 120000, &given_up);
  cr_assert_eq (given_up.end, COPY_GIVEN_UP);
  needed
    = g_array_index (given_up.actions, CopyAction, given_up.actions->len - 1).needed_downtime_ms;
  policy.max_ms = (guint) (needed * 11 / 10);
  copy_run (&model, &policy, 120000, &done);
  cr_assert_eq (done.end, COPY_SWITCHED);
  cr_assert_leq (done.downtime_ms * 10, needed * 12);
  cr_assert_geq (done.downtime_ms * 10, needed * 8);
}

/* ---- what holds for every copy ---- */

#define N_RANDOM 4000

static guint64
between (GRand *rand, guint64 least, guint64 most)
{
  return least + (guint64) (g_rand_double (rand) * (double) (most - least));
}

static void
random_case (GRand *rand, CopyModel *model, MigrateConvergePolicy *policy)
{
  static void (*const changes[]) (CopyModel *)
    = { NULL,         NULL,        cpu_bound,  throttled_by_clock, saw_tooth,    bursts,
        idle_at_15_s, busy_at_5_s, link_drops, frozen_numbers,     zero_samples, jumping_passes };
  guint change = (guint) g_rand_int_range (rand, 0, G_N_ELEMENTS (changes));

  *model = (CopyModel){ .memory = between (rand, 64, 1024) * COPY_MIB,
                        .bandwidth = between (rand, 10, 400) * COPY_MIB,
                        .dirty_rate = between (rand, 0, 400) * COPY_MIB,
                        .by_clock = TRUE };
  model->working_set = between (rand, 1, model->memory / COPY_MIB) * COPY_MIB;
  if (changes[change] != NULL)
    changes[change](model);
  *policy = policy_for ((guint) g_rand_int_range (rand, 0, 8), (guint) between (rand, 150, 4000),
                        g_rand_boolean (rand) ? between (rand, 5, 120) * 1000 : 0);
}

static guint
count_actions (const CopyRun *run, MigrateConvergeAction action)
{
  guint n = 0;

  for (guint i = 0; i < run->actions->len; i++)
    n += g_array_index (run->actions, CopyAction, i).action == action ? 1 : 0;
  return n;
}

/* Never beyond what is allowed, and never twice for one cause. */
static void
check_run (const CopyRun *run, const MigrateConvergePolicy *policy, guint seed)
{
  guint pass = 0, limit = 0;

  if (!policy->postcopy)
    cr_assert_neq (run->end, COPY_POSTCOPY, "seed %u", seed);
  if (!policy->pause)
    cr_assert_eq (count_actions (run, MIGRATE_CONVERGE_PAUSE), 0, "seed %u", seed);
  cr_assert_leq (count_actions (run, MIGRATE_CONVERGE_PAUSE), 1, "seed %u", seed);
  cr_assert_leq (count_actions (run, MIGRATE_CONVERGE_WARN), 1, "seed %u", seed);
  cr_assert_leq (count_actions (run, MIGRATE_CONVERGE_WARN_SLOW), 1, "seed %u", seed);
  if (policy->deadline_ms > 0)
    cr_assert_neq (run->end, COPY_GIVEN_UP, "seed %u", seed);
  for (guint i = 0; i < run->actions->len; i++)
    {
      const CopyAction *action = &g_array_index (run->actions, CopyAction, i);

      if (action->action == MIGRATE_CONVERGE_WARN_SLOW)
        continue;
      cr_assert_gt (action->pass, pass, "seed %u: two decisions in pass %u", seed, action->pass);
      pass = action->pass;
      if (action->action != MIGRATE_CONVERGE_RAISE_LIMIT)
        continue;
      cr_assert_gt (action->limit_ms, limit, "seed %u", seed);
      limit = action->limit_ms;
      cr_assert_leq (limit, _migrate_converge_limit (MAX (policy->max_ms, policy->target_ms)),
                     "seed %u", seed);
    }
  if (run->end == COPY_SWITCHED && count_actions (run, MIGRATE_CONVERGE_PAUSE) == 0)
    cr_assert_leq (run->downtime_ms, MAX (policy->max_ms, policy->target_ms) + 20, "seed %u", seed);
}

Test (converge, keeps_to_the_policy_in_thousands_of_copies)
{
  for (guint seed = 0; seed < N_RANDOM; seed++)
    {
      GRand *rand = g_rand_new_with_seed (seed);
      CopyModel model;
      MigrateConvergePolicy policy;
      g_auto (CopyRun) run = { 0 };

      random_case (rand, &model, &policy);
      copy_run (&model, &policy, 120000, &run);
      check_run (&run, &policy, seed);
      g_rand_free (rand);
    }
}

/* A copy that goes down no more ends, unless the caller has set a deadline, which ends it, or the
 * link has died, which has a clock of its own. */
Test (converge, always_ends_where_nothing_changes)
{
  for (guint seed = 0; seed < N_RANDOM; seed++)
    {
      GRand *rand = g_rand_new_with_seed (seed);
      CopyModel model;
      MigrateConvergePolicy policy;
      g_auto (CopyRun) run = { 0 };
      guint64 enough;

      random_case (rand, &model, &policy);
      model.change_at_ms = model.period_ms = 0;
      policy.deadline_ms = 0;
      /* Passes of the whole memory, and the time that a slow end takes. */
      enough = 60000 + 60 * (model.memory * 1000 / model.bandwidth);
      copy_run (&model, &policy, enough, &run);
      cr_assert_neq (run.end, COPY_ENDLESS, "seed %u: %d ms, pass %u", seed, (int) enough,
                     run.pass);
      g_rand_free (rand);
    }
}

/* The same trend over a faster link is never given up where the slower one is not. */
Test (converge, more_bandwidth_never_gives_up_sooner)
{
  guint gave_up = 0;

  for (guint seed = 0; seed < N_RANDOM; seed++)
    {
      GRand *rand = g_rand_new_with_seed (seed);
      MigrateTrend trend = { .n = 20 };
      MigrateConvergePolicy policy = policy_for (NOTHING, (guint) between (rand, 150, 4000), 0);
      MigrateConvergeState state = { .limit_ms = 50 };
      gboolean before = TRUE;

      trend.last = (MigrateTrendSample){ .at_ms = 40000,
                                         .pass = 9,
                                         .total = 512 * COPY_MIB,
                                         .dirty_rate = between (rand, 1, 400) * COPY_MIB };
      trend.n_passes = (guint) between (rand, 1, MIGRATE_TREND_PASSES);
      for (guint i = 0; i < trend.n_passes; i++)
        trend.passes[i] = (MigrateTrendPass){ .pass = 2 + i,
                                              .at_ms = 4000 * i,
                                              .left = between (rand, 60, 128) * COPY_MIB };
      trend.stalled = (guint) between (rand, 0, trend.n_passes);
      trend.stalled_since_ms = between (rand, 0, 40000);
      for (guint64 mib = 10; mib < 400; mib += 10)
        {
          g_auto (MigrateConvergeDecision) decision = { 0 };
          gboolean now;

          trend.bandwidth = trend.best_bandwidth = mib * COPY_MIB;
          decision = _migrate_converge_decide (&trend, &policy, &state);
          now = decision.action == MIGRATE_CONVERGE_GIVE_UP;
          cr_assert (before || !now, "seed %u at %d MiB/s", seed, (int) mib);
          before = now;
          gave_up += now ? 1 : 0;
        }
      g_rand_free (rand);
    }
  cr_assert_gt (gave_up, 100);
}

/* ---- what is asked for, and when nothing is left to decide ---- */

static MigrateTrend
busy_trend (void)
{
  MigrateTrend trend = { .n = 20,
                         .bandwidth = LINK,
                         .best_bandwidth = LINK,
                         .n_passes = 4,
                         .lowest = 128 * COPY_MIB,
                         .stalled = 3,
                         .stalled_since_ms = 4000 };

  trend.last = (MigrateTrendSample){ .at_ms = 16000,
                                     .pass = 5,
                                     .total = 512 * COPY_MIB,
                                     .remaining = 70 * COPY_MIB,
                                     .dirty_rate = 2 * LINK };
  for (guint i = 0; i < 4; i++)
    trend.passes[i]
      = (MigrateTrendPass){ .pass = 2 + i, .at_ms = 4000 + 3000 * i, .left = 128 * COPY_MIB };
  return trend;
}

static const struct
{
  const char *label;
  guint allow;
  gboolean finish, pause, over, paused;
  guint tried;
  MigratePostcopyStart start;
  MigrateConvergeAction expected;
} asked[] = {
  { "finish, post-copy", POSTCOPY, TRUE, FALSE, FALSE, FALSE, 0, MIGRATE_POSTCOPY_START_NEEDED,
    MIGRATE_CONVERGE_START_POSTCOPY },
  { "finish, post-copy was refused in this pass", POSTCOPY, TRUE, FALSE, FALSE, FALSE, 5,
    MIGRATE_POSTCOPY_START_NEEDED, MIGRATE_CONVERGE_PAUSE },
  { "finish, nothing allowed", NOTHING, TRUE, FALSE, FALSE, FALSE, 0, MIGRATE_POSTCOPY_START_NEEDED,
    MIGRATE_CONVERGE_PAUSE },
  { "pause beats post-copy", POSTCOPY, FALSE, TRUE, FALSE, FALSE, 0, MIGRATE_POSTCOPY_START_NEEDED,
    MIGRATE_CONVERGE_PAUSE },
  { "paused already", NOTHING, TRUE, FALSE, FALSE, TRUE, 0, MIGRATE_POSTCOPY_START_NEEDED,
    MIGRATE_CONVERGE_GO_ON },
  { "in post-copy", POSTCOPY, TRUE, TRUE, TRUE, FALSE, 0, MIGRATE_POSTCOPY_START_FIRST_PASS,
    MIGRATE_CONVERGE_GO_ON },
  { "hopeless, but over", NOTHING, FALSE, FALSE, TRUE, FALSE, 0, MIGRATE_POSTCOPY_START_NEEDED,
    MIGRATE_CONVERGE_GO_ON },
  { "hopeless", NOTHING, FALSE, FALSE, FALSE, FALSE, 0, MIGRATE_POSTCOPY_START_NEEDED,
    MIGRATE_CONVERGE_GIVE_UP },
  { "after the first pass", POSTCOPY, FALSE, FALSE, FALSE, FALSE, 0,
    MIGRATE_POSTCOPY_START_FIRST_PASS, MIGRATE_CONVERGE_START_POSTCOPY },
  { "not armed", NOTHING, FALSE, FALSE, FALSE, FALSE, 0, MIGRATE_POSTCOPY_START_FIRST_PASS,
    MIGRATE_CONVERGE_GIVE_UP },
};

Test (converge, does_what_is_asked_and_nothing_when_it_is_over)
{
  for (gsize i = 0; i < G_N_ELEMENTS (asked); i++)
    {
      MigrateTrend trend = busy_trend ();
      MigrateConvergePolicy policy = policy_for (asked[i].allow, 500, 0);
      MigrateConvergeState state = { .limit_ms = 50,
                                     .tried_pass = asked[i].tried,
                                     .paused = asked[i].paused,
                                     .over = asked[i].over,
                                     .finish_asked = asked[i].finish,
                                     .pause_asked = asked[i].pause };
      g_auto (MigrateConvergeDecision) decision = { 0 };

      policy.start = asked[i].start;
      decision = _migrate_converge_decide (&trend, &policy, &state);
      cr_assert_eq (decision.action, asked[i].expected, "%s: %d", asked[i].label, decision.action);
      cr_assert_eq (decision.why != NULL, decision.action != MIGRATE_CONVERGE_GO_ON);
    }
}

Test (converge, looks_four_times_in_a_pass_and_seldom_where_nothing_travels)
{
  MigrateTrend trend
    = { .last.remaining = 8 * COPY_MIB, .bandwidth = 16 * COPY_MIB, .frozen_ms = 1900 };

  cr_assert_eq (_migrate_converge_poll_ms (&trend, 2000), 125);
  trend.frozen_ms = 2000;
  cr_assert_eq (_migrate_converge_poll_ms (&trend, 2000), 2000);
}

/* After a time in which the link was slow, what did not fit the maximum does. */
Test (converge, does_not_give_up_what_fits_the_maximum)
{
  MigrateTrend trend = busy_trend ();
  MigrateConvergePolicy policy = policy_for (PAUSE, 4000, 0);
  MigrateConvergeState state = { .limit_ms = 3900 };
  g_auto (MigrateConvergeDecision) decision = { 0 };

  trend.last.at_ms = 200000;
  decision = _migrate_converge_decide (&trend, &policy, &state);
  cr_assert_eq (decision.action, MIGRATE_CONVERGE_GO_ON, "%s", decision.why);
}

Test (converge, tells_why_in_numbers)
{
  MigrateTrend trend = busy_trend ();
  MigrateConvergePolicy policy = policy_for (NOTHING, 500, 0);
  MigrateConvergeState state = { .limit_ms = 50 };
  g_auto (MigrateConvergeDecision) decision = _migrate_converge_decide (&trend, &policy, &state);

  cr_assert_not_null (strstr (decision.why, "pass 5 began with 128 MiB"), "%s", decision.why);
  cr_assert_not_null (strstr (decision.why, "46 MiB/s"), "%s", decision.why);
  cr_assert_not_null (strstr (decision.why, "a downtime of 2883 ms"), "%s", decision.why);
  cr_assert_not_null (strstr (decision.why, "a bandwidth of 321 MiB/s"), "%s", decision.why);
}

/* ---- samples of real moves: what would have been decided, and in which pass ---- */

static const struct
{
  const char *file;
  guint allow, max_ms;
  const char *expected;
} traces[] = {
  { "paced-20", NOTHING, 500, "" },
  { "paced-42", NOTHING, 500, "raise-downtime-limit@2=400" },
  { "paced-42", POSTCOPY, 500, "raise-downtime-limit@2=400 start-postcopy@3" },
  { "paced-200", NOTHING, 500, "raise-downtime-limit@2=400 give-up@5" },
  { "paced-200", NOTHING, 3000, "raise-downtime-limit@2=2900" },
  { "paced-200", POSTCOPY, 500, "raise-downtime-limit@2=400 start-postcopy@3" },
  { "paced-200", PAUSE, 500, "raise-downtime-limit@2=400 pause-guest@3" },
  { "paced-200-then-idle", NOTHING, 500, "raise-downtime-limit@2=400 give-up@5" },
  { "cpu-100-throttled", THROTTLE, 500, "raise-downtime-limit@2=400" },
  { "paced-36-link-to-1-percent", POSTCOPY, 500, "raise-downtime-limit@2=400 slow-link@3" },
};

ParameterizedTestParameters (converge, judges_real_moves)
{
  static size_t indexes[G_N_ELEMENTS (traces)];

  for (size_t i = 0; i < G_N_ELEMENTS (traces); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (traces));
}

/* at-ms,pass,memory-total,memory-processed,memory-remaining,rate,dirty-rate,throttle,… */
static MigrateTrendSample
parse_sample (const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, ",", -1);
  guint64 numbers[8];

  cr_assert_geq (g_strv_length (words), G_N_ELEMENTS (numbers), "%s", line);
  for (guint i = 0; i < G_N_ELEMENTS (numbers); i++)
    numbers[i] = g_ascii_strtoull (words[i], NULL, 10);
  return (MigrateTrendSample){ numbers[0], (guint) numbers[1], numbers[2], numbers[3],
                               numbers[4], numbers[5],         numbers[6], (guint) numbers[7] };
}

static char *
judge_trace (char **lines, const MigrateConvergePolicy *policy)
{
  MigrateConvergeState state = { .limit_ms = _migrate_converge_limit (policy->target_ms) };
  MigrateTrend trend = { 0 };
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 1; lines[i] != NULL && *lines[i] != '\0'; i++)
    {
      MigrateTrendSample sample = parse_sample (lines[i]);
      g_auto (MigrateConvergeDecision) decision = { 0 };

      _migrate_trend_add (&trend, &sample, state.limit_ms);
      decision = _migrate_converge_decide (&trend, policy, &state);
      state.decided_pass = trend.last.pass;
      if (decision.action == MIGRATE_CONVERGE_GO_ON)
        continue;
      g_string_append_printf (text, "%s%s@%u", text->len > 0 ? " " : "",
                              _migrate_converge_action_name (decision.action), sample.pass);
      if (decision.action == MIGRATE_CONVERGE_RAISE_LIMIT)
        g_string_append_printf (text, "=%u", decision.limit_ms);
      else if (decision.action != MIGRATE_CONVERGE_WARN_SLOW)
        break;
      state.limit_ms = MAX (state.limit_ms, decision.limit_ms);
      state.warned_slow |= decision.action == MIGRATE_CONVERGE_WARN_SLOW;
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}

ParameterizedTest (size_t *index, converge, judges_real_moves)
{
  MigrateConvergePolicy policy = policy_for (traces[*index].allow, traces[*index].max_ms, 0);
  g_autofree char *path = g_strdup_printf ("%s/tests/unit/data/traces/%s.csv",
                                           g_getenv ("MIGRATE_SOURCE_DIR"), traces[*index].file);
  g_autofree char *text = NULL;
  g_autofree char *judged = NULL;
  g_auto (GStrv) lines = NULL;

  cr_assert (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  lines = g_strsplit (text, "\n", -1);
  judged = judge_trace (lines, &policy);
  cr_assert_str_eq (judged, traces[*index].expected, "%s, %u allowed, %u ms: %s",
                    traces[*index].file, traces[*index].allow, traces[*index].max_ms, judged);
}
