/* See the header. The trend is read where a pass ends, for only there what is left tells what a
 * hand-over had cost; what one look shows in the middle of a pass tells nothing.
 *
 * Nothing here waits for a number of seconds to pass: a pass is the time that the link and the
 * guest need to show something new. */
#include "migrate/converge-private.h"

#include <math.h>

#define LEAST_LIMIT_MS 20
#define WRITES_AS_FAST 0.95 /* of the bandwidth */
#define NO_END 0.97         /* of a pass left by it: there is no end to be told */
#define WORTH_MS 1000       /* of time, for a longer downtime within the maximum */
#define PATIENCE_MS 5000    /* and for as long as the copy took, before the guest is touched */
#define ROOM 1.15           /* for what the forecast may be wrong by */
#define GIVE_UP_MS 7000     /* that nothing went down any more */
#define NEAR_MS 20000       /* for the limit to be met, where it is nearly met at each pass end */
#define THROTTLE_PASSES 3   /* from one step of the hypervisor's to the next */
#define FIRST_THROTTLE_PASS 6
#define LOOKS_IN_A_PASS 4
#define LEAST_POLL_MS 100
#define SLOW_LINK 5
#define FROZEN_MS 2000

guint
_migrate_converge_limit (guint downtime_ms)
{
  return downtime_ms > MIGRATE_SWITCH_OVER_COST_MS + LEAST_LIMIT_MS
           ? downtime_ms - MIGRATE_SWITCH_OVER_COST_MS
           : LEAST_LIMIT_MS;
}

guint
_migrate_converge_poll_ms (const MigrateTrend *trend, guint most_ms)
{
  guint64 ends = _migrate_trend_time_for (trend, trend->last.remaining);

  if (trend->frozen_ms >= FROZEN_MS)
    return most_ms; /* no pass ends while nothing travels */
  return (guint) CLAMP (ends / LOOKS_IN_A_PASS, MIN (LEAST_POLL_MS, most_ms), most_ms);
}

void
_migrate_converge_decision_clear (MigrateConvergeDecision *self)
{
  g_clear_pointer (&self->why, g_free);
}

const char *
_migrate_converge_action_name (MigrateConvergeAction action)
{
  static const char *const names[]
    = { NULL,      "raise-downtime-limit", "start-postcopy", "pause-guest",
        "give-up", "no-end-in-sight",      "slow-link" };

  return names[action];
}

/* ---- the figures ---- */

typedef struct
{
  const MigrateTrend *trend;
  const MigrateConvergePolicy *policy;
  const MigrateConvergeState *state;
  guint limit_max_ms;
  guint64 left, lowest; /* at the begin of this pass; the least of the last passes */
  double ratio;         /* from one pass to the next; negative: not known */
} View;

static double
ms_for (const View *self, double bytes)
{
  return bytes * 1000 / (double) self->trend->bandwidth;
}

static gboolean
has_end (const View *self)
{
  return self->ratio >= 0 && self->ratio < NO_END;
}

/* How long until so little is left that it travels within limit_ms; INFINITY: never. A pass ends
 * there, so what is above it becomes less by the same part with each, shorter, pass. */
static double
time_to (const View *self, guint limit_ms)
{
  double left = ms_for (self, (double) self->left);

  if (left <= limit_ms)
    return 0;
  return has_end (self) ? (left - limit_ms) / (1 - self->ratio) : INFINITY;
}

static guint64
find_lowest (const MigrateTrend *trend)
{
  guint64 lowest = trend->n_passes > 0 ? G_MAXUINT64 : 0;

  for (guint i = 0; i < trend->n_passes; i++)
    lowest = MIN (lowest, _migrate_trend_pass (trend, i)->left);
  return lowest;
}

static gboolean
writes_as_fast (const View *self)
{
  return (double) self->trend->last.dirty_rate >= WRITES_AS_FAST * (double) self->trend->bandwidth;
}

/* It goes down no more: seen three times, or twice by a guest that writes as fast as the link
 * carries. */
static gboolean
is_stalled (const View *self)
{
  return self->trend->stalled >= (writes_as_fast (self) ? 2 : 3);
}

/* A little above the maximum may fall below it, for the link is not that steady. */
static gboolean
is_near (const View *self)
{
  return ms_for (self, (double) self->lowest) <= self->limit_max_ms * ROOM;
}

/* What fits the maximum is handed over as soon as the hypervisor sees it, too: its own bandwidth
 * may be that of a moment. */
static gboolean
is_stuck (const View *self)
{
  if (!is_stalled (self) || ms_for (self, (double) self->lowest) <= self->limit_max_ms)
    return FALSE;
  return !is_near (self) || self->trend->last.at_ms - self->trend->stalled_since_ms >= NEAR_MS;
}

static gboolean
is_slow (const View *self)
{
  return self->trend->n_passes > 1
         && time_to (self, self->limit_max_ms)
              > (double) MAX (PATIENCE_MS, self->trend->last.at_ms);
}

static gboolean
is_link_alive (const MigrateTrend *trend)
{
  return trend->bandwidth > 0 && trend->frozen_ms < FROZEN_MS
         && trend->bandwidth * SLOW_LINK >= trend->best_bandwidth;
}

/* ---- decisions ---- */

static MigrateConvergeDecision
make (MigrateConvergeAction action, char *why)
{
  return (MigrateConvergeDecision){ .action = action, .why = why };
}

static MigrateConvergeDecision
go_on (void)
{
  return make (MIGRATE_CONVERGE_GO_ON, NULL);
}

static guint64
mib (double bytes)
{
  return (guint64) (bytes / (1 << 20) + 0.5);
}

/* "pass 4 began with 128 MiB, 2844 ms at 45 MiB/s, while 46 MiB/s become dirty" */
static char *
tell_figures (const View *self)
{
  const MigrateTrend *trend = self->trend;

  if (trend->bandwidth == 0)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " MiB remain in pass %u, and nothing travels",
                            mib ((double) trend->last.remaining), trend->last.pass);
  return g_strdup_printf (
    "pass %u began with %" G_GUINT64_FORMAT " MiB, which take %.0f ms at "
    "%" G_GUINT64_FORMAT " MiB/s, while %" G_GUINT64_FORMAT " MiB/s become dirty%s",
    trend->last.pass, mib ((double) self->left), ms_for (self, (double) self->left),
    mib ((double) trend->bandwidth), mib ((double) trend->last.dirty_rate),
    trend->last.throttle > 0 ? " under the throttle" : "");
}

static MigrateConvergeDecision
raise_limit (const View *self, double ms, const char *because)
{
  guint limit = (guint) MIN (ceil (ms), (double) self->limit_max_ms);
  g_autofree char *figures = NULL;
  MigrateConvergeDecision decision;

  if (limit <= self->state->limit_ms)
    return go_on ();
  figures = tell_figures (self);
  decision = make (MIGRATE_CONVERGE_RAISE_LIMIT,
                   g_strdup_printf ("%s: from %u to %u ms, of at most %u; %s", because,
                                    self->state->limit_ms, limit, self->limit_max_ms, figures));
  decision.limit_ms = limit;
  return decision;
}

/* The hypervisor takes the next step by itself, a few passes after the last. */
static gboolean
has_throttle_room (const View *self)
{
  const MigrateTrend *trend = self->trend;

  if (!self->policy->throttle || trend->last.throttle >= 99)
    return FALSE;
  return trend->throttle_pass == 0 ? trend->last.pass < FIRST_THROTTLE_PASS
                                   : trend->last.pass - trend->throttle_pass < THROTTLE_PASSES;
}

/* What is left must come over before the deadline, and over a link that still carries it: past the
 * switch there is no way back. */
static gboolean
may_switch (const View *self)
{
  guint64 ends
    = self->trend->last.at_ms + _migrate_trend_time_for (self->trend, self->trend->last.remaining);

  return self->policy->postcopy && self->trend->last.pass > self->state->tried_pass
         && is_link_alive (self->trend)
         && (self->policy->deadline_ms == 0
             || self->policy->before_ms + ends <= self->policy->deadline_ms);
}

static MigrateConvergeDecision
give_up (const View *self)
{
  gboolean warn = self->policy->deadline_ms > 0;
  double needed = ms_for (self, (double) self->lowest) + MIGRATE_SWITCH_OVER_COST_MS;
  double bandwidth = (double) self->lowest * 1000 / (double) self->limit_max_ms;
  g_autofree char *figures = NULL;
  MigrateConvergeDecision decision;

  if (warn && self->state->warned)
    return go_on ();
  figures = tell_figures (self);
  decision = make (
    warn ? MIGRATE_CONVERGE_WARN : MIGRATE_CONVERGE_GIVE_UP,
    g_strdup_printf ("the copy comes to no end within a downtime of %u ms: %s, and it goes down no "
                     "more; a downtime of %.0f ms or a bandwidth of %" G_GUINT64_FORMAT
                     " MiB/s would have been enough%s",
                     self->policy->max_ms, figures, needed, mib (bandwidth) + 1,
                     warn ? "; it is tried until the deadline" : ""));
  decision.needed_downtime_ms = (guint64) needed;
  decision.needed_bandwidth = (guint64) bandwidth;
  return decision;
}

/* What is left goes down no more, but fits the maximum, or nearly: one pass less has to be seen
 * than for what is done to the guest. */
static MigrateConvergeDecision
decide_plateau (const View *self)
{
  if (self->trend->stalled < (writes_as_fast (self) ? 1 : 2) || !is_near (self))
    return go_on ();
  return raise_limit (self, ms_for (self, (double) self->lowest) * ROOM,
                      "what is left at the end of a pass goes down no more");
}

/* A guest that is throttled suffers for as long as the copy lasts. */
static MigrateConvergeDecision
decide_throttled (const View *self)
{
  return self->trend->last.throttle > 0
           ? raise_limit (self, self->limit_max_ms, "the guest is throttled until the copy is done")
           : go_on ();
}

/* The target is waited for unless the maximum comes much sooner. */
static MigrateConvergeDecision
decide_limit (const View *self)
{
  double saved;
  g_autofree char *because = NULL;

  if (self->state->limit_ms >= self->limit_max_ms || !has_end (self))
    return go_on ();
  saved = time_to (self, self->state->limit_ms) - time_to (self, self->limit_max_ms);
  if (saved < MAX (WORTH_MS, (double) self->trend->last.at_ms / 10))
    return go_on ();
  because = g_strdup_printf ("the limit in force would take %.1f s longer than the most allowed",
                             saved / 1000);
  return raise_limit (self, self->limit_max_ms, because);
}

/* What is done to the guest when it would take too long without. */
static MigrateConvergeDecision
decide_rung (const View *self)
{
  g_autofree char *figures = NULL;

  if ((!is_stuck (self) && !is_slow (self)) || has_throttle_room (self))
    return go_on ();
  figures = tell_figures (self);
  if (may_switch (self))
    return make (
      MIGRATE_CONVERGE_START_POSTCOPY,
      g_strdup_printf ("the copy comes to no end soon by itself: %s; post-copy sends the "
                       "rest once",
                       figures));
  if (self->policy->pause)
    return make (MIGRATE_CONVERGE_PAUSE,
                 g_strdup_printf ("the copy comes to no end soon by itself: %s; the guest stands "
                                  "still while the rest is sent",
                                  figures));
  return go_on ();
}

/* A guest may pause for breath: giving up is in no hurry. A link that carries a fraction of what it
 * did says nothing of the guest; the time that the copy may take ends that. */
static MigrateConvergeDecision
decide_end (const View *self)
{
  gboolean lasts = self->trend->last.at_ms - self->trend->stalled_since_ms >= GIVE_UP_MS;

  return lasts && is_stuck (self) && is_link_alive (self->trend) && !has_throttle_room (self)
           ? give_up (self)
           : go_on ();
}

static MigrateConvergeDecision
decide_pass (const View *self)
{
  static MigrateConvergeDecision (*const rules[]) (const View *)
    = { decide_plateau, decide_rung, decide_throttled, decide_limit, decide_end };
  MigrateConvergeDecision decision = go_on ();

  for (gsize i = 0; i < G_N_ELEMENTS (rules) && decision.action == MIGRATE_CONVERGE_GO_ON; i++)
    decision = rules[i](self);
  return decision;
}

static MigrateConvergeDecision
decide_asked (const View *self)
{
  const MigrateTrendSample *last = &self->trend->last;
  gboolean postcopy = self->state->finish_asked && self->policy->postcopy
                      && !self->state->pause_asked && last->pass > self->state->tried_pass;

  return make (postcopy ? MIGRATE_CONVERGE_START_POSTCOPY : MIGRATE_CONVERGE_PAUSE,
               g_strdup_printf ("it was asked for; %" G_GUINT64_FORMAT " MiB remain in pass %u, at "
                                "%" G_GUINT64_FORMAT " MiB/s",
                                mib ((double) last->remaining), last->pass,
                                mib ((double) self->trend->bandwidth)));
}

gboolean
_migrate_converge_can_end (const MigrateTrend *trend, const MigrateConvergePolicy *policy,
                           const MigrateConvergeState *state)
{
  if (state->at_deadline == MIGRATE_AT_DEADLINE_PAUSE)
    return policy->pause;
  return state->at_deadline == MIGRATE_AT_DEADLINE_POSTCOPY && policy->postcopy
         && trend->last.pass > state->tried_pass && is_link_alive (trend);
}

static MigrateConvergeDecision
decide_deadline (const View *self)
{
  gboolean postcopy = self->state->at_deadline == MIGRATE_AT_DEADLINE_POSTCOPY;
  g_autofree char *figures = NULL;

  if (!_migrate_converge_can_end (self->trend, self->policy, self->state))
    return go_on ();
  figures = tell_figures (self);
  return make (postcopy ? MIGRATE_CONVERGE_START_POSTCOPY : MIGRATE_CONVERGE_PAUSE,
               g_strdup_printf ("the deadline of %" G_GUINT64_FORMAT " s is over: %s",
                                self->policy->deadline_ms / 1000, figures));
}

static MigrateConvergeDecision
decide_first_pass (const View *self)
{
  const MigrateTrendSample *last = &self->trend->last;

  return make (MIGRATE_CONVERGE_START_POSTCOPY,
               g_strdup_printf ("all memory was sent once, which is when the policy wants the "
                                "switch; %" G_GUINT64_FORMAT " MiB remain in pass %u, at "
                                "%" G_GUINT64_FORMAT " MiB/s",
                                mib ((double) last->remaining), last->pass,
                                mib ((double) self->trend->bandwidth)));
}

static MigrateConvergeDecision
warn_slow (const MigrateTrend *trend)
{
  return make (MIGRATE_CONVERGE_WARN_SLOW,
               g_strdup_printf ("the link carries %.1f MiB/s, and carried %" G_GUINT64_FORMAT
                                " MiB/s before; %" G_GUINT64_FORMAT " MiB remain",
                                (double) trend->bandwidth / (1 << 20),
                                mib ((double) trend->best_bandwidth),
                                mib ((double) trend->last.remaining)));
}

MigrateConvergeDecision
_migrate_converge_decide (const MigrateTrend *trend, const MigrateConvergePolicy *policy,
                          const MigrateConvergeState *state)
{
  const MigrateTrendPass *now = _migrate_trend_pass (trend, 0);
  View view = {
    .trend = trend,
    .policy = policy,
    .state = state,
    .limit_max_ms = _migrate_converge_limit (MAX (policy->max_ms, policy->target_ms)),
    .left = now != NULL ? now->left : trend->last.remaining,
    .lowest = find_lowest (trend),
    .ratio = _migrate_trend_ratio (trend),
  };

  if (state->over || state->paused || trend->n == 0)
    return go_on ();
  if (state->finish_asked || state->pause_asked)
    return decide_asked (&view);
  if (state->deadline_over)
    return decide_deadline (&view);
  if (policy->postcopy && policy->start == MIGRATE_POSTCOPY_START_FIRST_PASS && trend->last.pass > 1
      && trend->last.pass > state->tried_pass)
    return decide_first_pass (&view);
  if (!state->warned_slow && trend->bandwidth > 0
      && trend->bandwidth * SLOW_LINK < trend->best_bandwidth)
    return warn_slow (trend);
  if (now == NULL || trend->bandwidth == 0 || trend->last.pass <= state->decided_pass)
    return go_on ();
  return decide_pass (&view);
}
