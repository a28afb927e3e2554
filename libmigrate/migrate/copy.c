/* See the header. Passes over what was dirtied meanwhile, until what is left fits the downtime
 * limit, as QEMU does it; from one event to the next, for a copy may last for hours. */
#include "migrate/copy-private.h"

#include <math.h>

#define LEAST_PASS_MS 20
#define MOST_MS (7.0 * 24 * 3600 * 1000)
#define MOST_EVENTS 20000
#define MOST_LOOKS 4000
#define PASSES 20                /* as long as the first, that are looked at so */
#define ON_THE_WIRE (9.0 / 4096) /* of an empty page */
#define POSTCOPY_MS 5

typedef struct
{
  const MigrateCopy *copy;
  double now, pass_at; /* ms */
  guint pass;
  double left, dirtied, written, processed; /* bytes */
  double dirty_rate;                        /* that the hypervisor saw in the pass before */
  guint throttle, high;
  guint limit_ms;
  double paused_at; /* negative: it is not */
  MigrateConvergeState state;
  MigrateTrend trend;
  MigrateCopyEnd end;
} Play;

static double
write_rate (const Play *self)
{
  const MigrateCopy *copy = self->copy;

  if (self->paused_at >= 0)
    return 0;
  return copy->by_clock ? copy->dirty_rate : copy->dirty_rate * (100 - self->throttle) / 100;
}

static double
threshold (const Play *self)
{
  return self->copy->bandwidth * self->copy->burst * self->limit_ms / 1000;
}

static void
advance (Play *self, double to)
{
  double s = (to - self->now) / 1000;
  double sent = MIN (self->left, self->copy->bandwidth * s);
  double written = write_rate (self) * s;

  self->left -= sent;
  self->processed += sent;
  self->written += written;
  self->dirtied = MIN (self->dirtied + written, self->copy->working_set);
  self->now = to;
}

static double
pass_ends (const Play *self)
{
  double ms = (self->left - threshold (self)) * 1000 / self->copy->bandwidth;

  return MAX (self->now + MAX (ms, 0), self->pass_at + LEAST_PASS_MS);
}

/* As QEMU's auto-converge: two passes in which more than half of what was sent was dirtied. */
static void
throttle (Play *self, double sent)
{
  const MigrateCopy *copy = self->copy;

  if (copy->throttle_initial == 0 || !copy->policy.throttle || self->pass < 2
      || self->written * 2 <= sent || ++self->high < 2)
    return;
  self->high = 0;
  self->throttle = self->throttle == 0 ? copy->throttle_initial
                                       : MIN (99, self->throttle + copy->throttle_increment);
}

static void
hand_over (Play *self)
{
  double last = self->left * 1000 / self->copy->bandwidth;

  self->end.rung = self->throttle > 0 ? MIGRATE_RUNG_THROTTLE : MIGRATE_RUNG_PLAIN;
  self->end.total_ms = (guint64) (self->now + last);
  self->end.downtime_ms = (guint64) last;
  if (self->paused_at >= 0)
    {
      self->end.rung = MIGRATE_RUNG_PAUSE;
      self->end.downtime_ms = (guint64) (self->now + last - self->paused_at);
    }
  self->processed += self->left;
}

static void
end_pass (Play *self)
{
  double ms = MAX (self->now - self->pass_at, 1);

  self->dirty_rate = self->dirtied * 1000 / ms;
  throttle (self, self->copy->bandwidth * ms / 1000);
  /* Some of what was written is still to be sent. */
  self->left = MIN (self->left + self->dirtied, MAX (self->left, self->copy->working_set));
  self->dirtied = self->written = 0;
  self->pass++;
  self->pass_at = self->now;
  if (self->left <= threshold (self))
    hand_over (self);
}

/* ---- the controller ---- */

static void
give_up (Play *self, const MigrateConvergeDecision *decision)
{
  self->end.rung = MIGRATE_RUNG_GIVE_UP;
  self->end.total_ms = (guint64) self->now;
  self->end.needed_downtime_ms = decision->needed_downtime_ms;
  self->end.needed_bandwidth = decision->needed_bandwidth;
}

static void
switch_to_postcopy (Play *self)
{
  double limit = self->copy->postcopy_limit;
  double bandwidth = limit > 0 ? MIN (limit, self->copy->bandwidth) : self->copy->bandwidth;

  self->end.rung = MIGRATE_RUNG_POSTCOPY;
  self->end.total_ms = (guint64) (self->now + self->left * 1000 / bandwidth);
  self->end.downtime_ms = POSTCOPY_MS;
  self->processed += self->left;
}

static void
act (Play *self, const MigrateConvergeDecision *decision)
{
  switch (decision->action)
    {
    case MIGRATE_CONVERGE_RAISE_LIMIT:
      self->limit_ms = self->state.limit_ms = decision->limit_ms;
      self->end.raised = TRUE;
      break;
    case MIGRATE_CONVERGE_PAUSE:
      self->paused_at = self->now;
      self->state.paused = TRUE;
      break;
    case MIGRATE_CONVERGE_START_POSTCOPY:
      switch_to_postcopy (self);
      break;
    case MIGRATE_CONVERGE_GIVE_UP:
      give_up (self, decision);
      break;
    case MIGRATE_CONVERGE_WARN:
      self->state.warned = TRUE;
      self->end.needed_downtime_ms = decision->needed_downtime_ms;
      self->end.needed_bandwidth = decision->needed_bandwidth;
      break;
    case MIGRATE_CONVERGE_WARN_SLOW:
    case MIGRATE_CONVERGE_GO_ON:
    default:
      break;
    }
}

static gboolean
is_deadline_over (const Play *self)
{
  guint64 deadline = self->copy->policy.deadline_ms;

  return deadline > 0 && self->now >= (double) deadline && self->paused_at < 0;
}

/* In the first pass empty pages count as remaining. Most of them are what the guest has never
 * needed, and come last: the second pass begins before anybody sees the end of the first. */
static double
remaining (const Play *self)
{
  return self->pass > 1 ? self->left : self->left + self->copy->empty;
}

static void
look (Play *self)
{
  MigrateTrendSample sample = {
    .at_ms = (guint64) self->now,
    .pass = self->pass,
    .total = (guint64) (self->copy->memory + self->copy->empty),
    .processed = (guint64) self->processed,
    .remaining = (guint64) remaining (self),
    .rate = (guint64) self->copy->bandwidth,
    .dirty_rate = (guint64) self->dirty_rate,
    .throttle = self->throttle,
  };
  g_auto (MigrateConvergeDecision) decision = { 0 };

  _migrate_trend_add (&self->trend, &sample, self->limit_ms);
  self->state.deadline_over = is_deadline_over (self);
  decision = _migrate_converge_decide (&self->trend, &self->copy->policy, &self->state);
  self->state.decided_pass = self->trend.last.pass;
  act (self, &decision);
  if (self->state.deadline_over && decision.action == MIGRATE_CONVERGE_GO_ON)
    {
      MigrateConvergeDecision late = { .action = MIGRATE_CONVERGE_GIVE_UP,
                                       .needed_downtime_ms = self->end.needed_downtime_ms,
                                       .needed_bandwidth = self->end.needed_bandwidth };

      give_up (self, &late);
    }
}

/* What a long copy shows does not depend on a look more or less. */
static double
look_every (const MigrateCopy *copy)
{
  double passes = copy->memory * 1000 / copy->bandwidth;

  return MAX ((double) MAX (copy->poll_ms, 1), passes * PASSES / MOST_LOOKS);
}

MigrateCopyEnd
_migrate_copy_play (const MigrateCopy *copy)
{
  double every = look_every (copy), next = every * (1 + copy->phase);
  Play play = { .copy = copy,
                .pass = 1,
                .left = copy->memory + copy->empty * ON_THE_WIRE,
                .limit_ms = _migrate_converge_limit (copy->policy.target_ms),
                .paused_at = -1 };

  play.state.limit_ms = play.limit_ms;
  play.state.at_deadline = copy->at_deadline;
  for (guint n = 0; play.end.rung == MIGRATE_RUNG_UNKNOWN && n < MOST_EVENTS && play.now < MOST_MS;
       n++)
    {
      double ends = pass_ends (&play);

      if (ends <= next)
        {
          advance (&play, ends);
          end_pass (&play);
          continue;
        }
      advance (&play, next);
      look (&play);
      next = play.now + MAX ((double) _migrate_converge_poll_ms (&play.trend, copy->poll_ms), 1)
             + (every > copy->poll_ms ? every - copy->poll_ms : 0);
    }
  play.end.passes = play.pass;
  play.end.bytes = play.processed;
  if (play.end.rung == MIGRATE_RUNG_UNKNOWN)
    play.end.total_ms = (guint64) play.now;
  return play.end;
}
