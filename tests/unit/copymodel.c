/* See the header. */
#include "copymodel.h"

#define STEP_MS 10
#define POLL_MS 500

typedef struct
{
  const CopyModel *model;
  guint64 now;
  guint pass;
  guint64 left, dirtied, processed;
  guint64 pass_at, written, dirty_rate; /* what QEMU measured in the pass before */
  guint throttle, high;
  guint limit_ms;
  gboolean paused;
} Copy;

static guint64
bandwidth (const Copy *self)
{
  const CopyModel *m = self->model;

  return m->change_at_ms > 0 && self->now >= m->change_at_ms && m->bandwidth_then > 0
           ? m->bandwidth_then
           : m->bandwidth;
}

static guint64
write_rate (const Copy *self)
{
  const CopyModel *m = self->model;
  gboolean changed = m->change_at_ms > 0 && self->now >= m->change_at_ms;
  guint64 rate = changed && m->bandwidth_then == 0 ? m->dirty_rate_then : m->dirty_rate;

  if (self->paused || (m->period_ms > 0 && self->now % m->period_ms >= m->busy_ms))
    return 0;
  return m->by_clock ? rate : rate * (100 - self->throttle) / 100;
}

/* As QEMU's auto-converge: two passes in which more than half of what was sent was dirtied. */
static void
throttle (Copy *self, guint64 sent)
{
  if (self->model->throttle_initial == 0 || self->pass < 2)
    return;
  if (self->written * 2 > sent && ++self->high >= 2)
    {
      self->high = 0;
      self->throttle = self->throttle == 0
                         ? self->model->throttle_initial
                         : MIN (99, self->throttle + self->model->throttle_increment);
    }
}

/* TRUE: what is left fits. */
static gboolean
end_pass (Copy *self, guint64 threshold)
{
  guint64 ms = MAX (self->now - self->pass_at, 1);

  self->dirty_rate = self->dirtied * 1000 / ms;
  throttle (self, bandwidth (self) * ms / 1000);
  /* Some of what was written is still to be sent. */
  self->left = MIN (self->left + self->dirtied, MAX (self->left, self->model->working_set));
  self->dirtied = 0;
  self->written = 0;
  self->pass += 1 + self->model->pass_step;
  self->pass_at = self->now;
  return self->left <= threshold;
}

static gboolean
step (Copy *self)
{
  const CopyModel *m = self->model;
  guint64 threshold = bandwidth (self) * self->limit_ms / 1000;
  guint64 sent = MIN (self->left, bandwidth (self) * STEP_MS / 1000);
  guint64 written = write_rate (self) * STEP_MS / 1000;

  self->now += STEP_MS;
  self->left -= sent;
  self->processed += sent;
  self->written += written;
  self->dirtied = MIN (self->dirtied + written, m->working_set);
  return self->left <= threshold && self->now - self->pass_at >= 2 * STEP_MS
         && end_pass (self, threshold);
}

static MigrateTrendSample
look (const Copy *self, guint n)
{
  if (n < self->model->first_zero_samples)
    return (MigrateTrendSample){ .at_ms = self->now };
  return (MigrateTrendSample){
    .at_ms = self->now,
    .pass = self->pass,
    .total = self->model->memory,
    .processed = self->processed,
    .remaining = self->left,
    .rate = bandwidth (self),
    .dirty_rate = self->dirty_rate,
    .throttle = self->throttle,
  };
}

static void
note (CopyRun *run, const Copy *copy, const MigrateConvergeDecision *decision)
{
  CopyAction action
    = { decision->action, copy->now, copy->pass, decision->limit_ms, decision->needed_downtime_ms };

  g_array_append_val (run->actions, action);
}

static CopyEnd
act (Copy *self, MigrateConvergeState *state, const MigrateConvergeDecision *decision, CopyRun *run)
{
  switch (decision->action)
    {
    case MIGRATE_CONVERGE_RAISE_LIMIT:
      self->limit_ms = state->limit_ms = decision->limit_ms;
      return COPY_RUNS;
    case MIGRATE_CONVERGE_PAUSE:
      self->paused = state->paused = TRUE;
      run->downtime_ms = self->now; /* since when */
      return COPY_RUNS;
    case MIGRATE_CONVERGE_START_POSTCOPY:
      run->downtime_ms = MIGRATE_SWITCH_OVER_COST_MS;
      run->total_ms = self->now + self->left * 1000 / bandwidth (self);
      return COPY_POSTCOPY;
    case MIGRATE_CONVERGE_GIVE_UP:
      return COPY_GIVEN_UP;
    case MIGRATE_CONVERGE_WARN:
      state->warned = TRUE;
      return COPY_RUNS;
    case MIGRATE_CONVERGE_WARN_SLOW:
      state->warned_slow = TRUE;
      return COPY_RUNS;
    case MIGRATE_CONVERGE_GO_ON:
    default:
      return COPY_RUNS;
    }
}

static void
finish (const Copy *self, CopyRun *run)
{
  guint64 last = self->left * 1000 / bandwidth (self) + MIGRATE_SWITCH_OVER_COST_MS;

  run->end = COPY_SWITCHED;
  run->total_ms = self->now + last;
  run->downtime_ms = self->paused ? run->total_ms - run->downtime_ms : last;
}

void
copy_run (const CopyModel *model, const MigrateConvergePolicy *policy, guint64 most_ms,
          CopyRun *run)
{
  Copy copy = { .model = model,
                .pass = 1,
                .left = model->memory,
                .limit_ms = _migrate_converge_limit (policy->target_ms) };
  MigrateConvergeState state = { .limit_ms = copy.limit_ms };
  MigrateTrend trend = { 0 };
  MigrateTrendSample shown = { 0 };
  guint64 next = POLL_MS;

  *run = (CopyRun){ .end = COPY_RUNS, .actions = g_array_new (FALSE, FALSE, sizeof (CopyAction)) };
  for (guint n = 0; run->end == COPY_RUNS && copy.now < most_ms;)
    {
      if (step (&copy))
        finish (&copy, run);
      else if (copy.now >= next)
        {
          gboolean blind = copy.now >= model->blind_from_ms && copy.now < model->blind_to_ms;
          g_auto (MigrateConvergeDecision) decision = { 0 };

          if (!blind)
            shown = look (&copy, n);
          n++;
          shown.at_ms = copy.now;
          _migrate_trend_add (&trend, &shown, copy.limit_ms);
          decision = _migrate_converge_decide (&trend, policy, &state);
          if (decision.action != MIGRATE_CONVERGE_GO_ON)
            note (run, &copy, &decision);
          state.decided_pass = trend.last.pass;
          run->end = act (&copy, &state, &decision, run);
          next = copy.now + _migrate_converge_poll_ms (&trend, POLL_MS);
        }
    }
  if (run->end == COPY_RUNS)
    run->end = COPY_ENDLESS;
  run->pass = copy.pass;
  run->throttle = copy.throttle;
  if (run->total_ms == 0)
    run->total_ms = copy.now;
}

void
copy_run_clear (CopyRun *self)
{
  g_clear_pointer (&self->actions, g_array_unref);
}

char *
copy_run_describe (const CopyRun *self)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < self->actions->len; i++)
    {
      const CopyAction *action = &g_array_index (self->actions, CopyAction, i);

      g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                              _migrate_converge_action_name (action->action));
    }
  return g_string_free (g_steal_pointer (&text), FALSE);
}
