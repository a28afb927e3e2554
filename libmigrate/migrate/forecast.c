/* Decide: the forecast. A few hundred copies are played through, in each of which every figure has
 * another value of those that it may have; the controller decides by itself in each of them. That
 * every figure is at its worst at once does not happen: the forecast spans all but the few quickest
 * and the few slowest. */
#include "migrate/forecast-private.h"

#include "check/fate-private.h"
#include "check/plan-private.h"

#include <math.h>

#define NEAR 0.85        /* of the bandwidth: from there on time depends on little */
#define CONVERGES_AT 0.9 /* of the bandwidth, for a guest of which no more is known */
#define PLAYS 256
#define OUTSIDE 12 /* at either end, that the forecast leaves out: it spans nine in ten */
#define BURST 1.1
/* A copy that is played is not a real one. */
#define PLAY_LEAST 0.96
#define PLAY_MOST 1.04
#define STOP_COST_MS 150 /* most that a hand-over has taken beside the last memory */
#define STOP_LEAST_MS 20
#define POSTCOPY_MOST_MS 300
/* Of what images take up: some of it may be zeros, which do not travel. */
#define DISKS_LEAST 0.9
#define DISKS_MOST 1.1

typedef struct
{
  const MigrateForecastInputs *inputs;
  MigratePolicy *policy;
  MigrateConvergePolicy converge;
} Question;

/* What is chance in a copy that is played. */
typedef enum
{
  CHANCE_MEMORY,
  CHANCE_DIRTY_RATE,
  CHANCE_WORKING_SET,
  CHANCE_BANDWIDTH,
  CHANCE_OVERHEAD,
  CHANCE_PHASE,
  CHANCE_BURST,
  CHANCE_CLOCK,
  N_CHANCES
} Chance;

typedef struct
{
  double total_ms[PLAYS], bytes[PLAYS];
  guint came[MIGRATE_RUNG_GIVE_UP + 1]; /* how often, of each rung */
  guint near;                           /* how many whose time depends on little */
  guint64 downtime_most;
  gboolean raised;
} Answers;

static MigrateConvergePolicy
make_policy (MigratePolicy *policy)
{
  return (MigrateConvergePolicy){
    .target_ms = _migrate_policy_get_uint (policy, "target-downtime"),
    .max_ms = _migrate_policy_get_uint (policy, "max-downtime"),
    .postcopy = _migrate_policy_allows (policy, MIGRATE_ALLOW_POSTCOPY),
    .throttle = _migrate_policy_allows (policy, MIGRATE_ALLOW_THROTTLE),
    .pause = _migrate_policy_allows (policy, MIGRATE_ALLOW_PAUSE),
    .start = (MigratePostcopyStart) _migrate_policy_get_enum (policy, "postcopy-start"),
    .deadline_ms = (guint64) _migrate_policy_get_uint (policy, "deadline") * 1000,
  };
}

static MigrateCopy
make_copy (const Question *self, double memory, double working_set, double dirty_rate,
           double bandwidth)
{
  return (MigrateCopy){
    .memory = memory,
    .empty = MAX (self->inputs->total - memory, 0),
    .working_set = MIN (working_set, memory),
    .dirty_rate = dirty_rate,
    .bandwidth = bandwidth,
    .burst = 1,
    .postcopy_limit
    = (double) _migrate_policy_get_uint (self->policy, "postcopy-bandwidth") * (1 << 20),
    .throttle_initial = _migrate_policy_get_uint (self->policy, "throttle-initial"),
    .throttle_increment = _migrate_policy_get_uint (self->policy, "throttle-increment"),
    .poll_ms = _migrate_policy_get_uint (self->policy, "poll-interval"),
    .at_deadline = (MigrateAtDeadline) _migrate_policy_get_enum (self->policy, "at-deadline"),
    .policy = self->converge,
  };
}

/* ---- the copies that are played ---- */

/* Points that fill the space of all chances evenly and are the same each time, unlike a random
 * generator's: n times the powers of the inverse of the root of x^(d+1) = x + 1. */
static void
draw_chances (double chances[N_CHANCES], guint n)
{
  double root = 1, step = 1;

  for (guint i = 0; i < 40; i++)
    root = pow (1 + root, 1.0 / (N_CHANCES + 1));
  for (guint i = 0; i < N_CHANCES; i++)
    {
      double x;

      step /= root;
      x = 0.5 + (n + 1) * step;
      chances[i] = x - floor (x);
    }
}

static double
pick (const MigrateFigure *figure, double chance)
{
  return chance < 0.5 ? figure->least + (figure->likely - figure->least) * 2 * chance
                      : figure->likely + (figure->most - figure->likely) * (2 * chance - 1);
}

static MigrateLoad
pick_load (const MigrateForecastInputs *in, const double *chances)
{
  double rate = chances[CHANCE_DIRTY_RATE], set = chances[CHANCE_WORKING_SET];

  if (in->loads.known)
    return in->loads.loads[(guint) (rate * MIGRATE_LOAD_RATES)][(guint) (set * MIGRATE_LOAD_SETS)];
  return (MigrateLoad){ pick (&in->dirty_rate, rate), pick (&in->working_set, set) };
}

/* When the looks fall is chance, and so is the moment's bandwidth that the hypervisor takes for the
 * link's. A throttle slows down every program but one that is paced by the clock. */
static MigrateCopy
draw_copy (const Question *self, const double *chances)
{
  const MigrateForecastInputs *in = self->inputs;
  MigrateLoad load = pick_load (in, chances);
  MigrateCopy copy = make_copy (self, pick (&in->memory, chances[CHANCE_MEMORY]), load.set,
                                load.rate, pick (&in->bandwidth, chances[CHANCE_BANDWIDTH]));

  copy.phase = chances[CHANCE_PHASE];
  copy.burst = 1 + (BURST - 1) * chances[CHANCE_BURST];
  copy.by_clock = chances[CHANCE_CLOCK] < 0.5;
  return copy;
}

static double
limit_s (const Question *self)
{
  return (double) _migrate_converge_limit (MAX (self->converge.max_ms, self->converge.target_ms))
         / 1000;
}

/* The guest writes about as fast as the link carries, and more than the last moment can take. */
static gboolean
is_near (const Question *self, const MigrateCopy *copy)
{
  return copy->dirty_rate >= copy->bandwidth * NEAR
         && copy->working_set > copy->bandwidth * limit_s (self);
}

static void
add (Answers *self, guint n, const Question *question)
{
  double chances[N_CHANCES]; /* 0 to 1 */
  MigrateCopy copy;
  MigrateCopyEnd end;

  draw_chances (chances, n);
  copy = draw_copy (question, chances);
  end = _migrate_copy_play (&copy);
  self->came[end.rung]++;
  self->near += is_near (question, &copy);
  self->raised |= end.raised;
  self->total_ms[n]
    = (double) end.total_ms + pick (&question->inputs->overhead, chances[CHANCE_OVERHEAD]);
  self->bytes[n] = end.bytes;
  if (end.rung != MIGRATE_RUNG_GIVE_UP)
    self->downtime_most = MAX (self->downtime_most, end.downtime_ms);
}

static int
compare (gconstpointer a, gconstpointer b)
{
  double x = *(const double *) a, y = *(const double *) b;

  return (x > y) - (x < y);
}

static Answers
play_all (const Question *self)
{
  Answers answers = { 0 };

  for (guint n = 0; n < PLAYS; n++)
    add (&answers, n, self);
  qsort (answers.total_ms, PLAYS, sizeof answers.total_ms[0], compare);
  qsort (answers.bytes, PLAYS, sizeof answers.bytes[0], compare);
  return answers;
}

/* Those that came more than seldom. */
static guint
rungs_of (const Answers *self)
{
  guint rungs = 0;

  for (guint rung = MIGRATE_RUNG_UNKNOWN + 1; rung < G_N_ELEMENTS (self->came); rung++)
    if (self->came[rung] > OUTSIDE)
      rungs |= 1u << rung;
  return rungs;
}

static MigrateRung
play_likely (const Question *self)
{
  const MigrateForecastInputs *in = self->inputs;
  MigrateCopy copy = make_copy (self, in->memory.likely, in->working_set.likely,
                                in->dirty_rate.likely, in->bandwidth.likely);

  return _migrate_copy_play (&copy).rung;
}

/* ---- whether it converges ---- */

/* What comes of it when nothing is done to the guest. */
static Answers
play_plain (const Question *self, const Answers *answers)
{
  Question plain = *self;
  MigrateConvergePolicy *converge = &plain.converge;

  if (!converge->postcopy && !converge->throttle && !converge->pause && converge->deadline_ms == 0)
    return *answers;
  converge->postcopy = converge->throttle = converge->pause = FALSE;
  converge->deadline_ms = 0;
  return play_all (&plain);
}

static MigrateConvergence
judge (const Question *self, const Answers *answers)
{
  Answers plain = play_plain (self, answers);
  guint converged = plain.came[MIGRATE_RUNG_PLAIN];

  if (converged == 0)
    return MIGRATE_CONVERGENCE_DIVERGES;
  return PLAYS - converged <= OUTSIDE && plain.near <= OUTSIDE ? MIGRATE_CONVERGENCE_CONVERGES
                                                               : MIGRATE_CONVERGENCE_NEAR;
}

/* All that the guest writes to may be left at the end of a pass; a link that is faster than it
 * writes brings that down. */
static void
need (const Question *self, MigrateForecastValues *values)
{
  const MigrateForecastInputs *in = self->inputs;
  double bandwidth
    = MIN (in->working_set.likely / limit_s (self), in->dirty_rate.most / CONVERGES_AT);

  values->has_need = bandwidth > 0;
  values->needed_bandwidth = (guint64) bandwidth;
  values->has_needed_downtime = values->has_need && in->bandwidth.likely > 0;
  if (values->has_needed_downtime)
    values->needed_downtime_ms = (guint64) (in->working_set.likely * 1000 / in->bandwidth.likely)
                                 + MIGRATE_SWITCH_OVER_COST_MS;
}

/* ---- the values ---- */

/* What is left at a hand-over is anything below the limit. */
static void
set_downtime (const Question *self, const Answers *answers, MigrateForecastValues *values)
{
  const guint none = 1u << MIGRATE_RUNG_GIVE_UP | 1u << MIGRATE_RUNG_UNKNOWN;
  const guint copied = 1u << MIGRATE_RUNG_PLAIN | 1u << MIGRATE_RUNG_THROTTLE;
  const guint postcopy = 1u << MIGRATE_RUNG_POSTCOPY;
  guint limit = answers->raised ? MAX (self->converge.max_ms, self->converge.target_ms)
                                : self->converge.target_ms;

  if ((values->rungs & ~none) == 0)
    return;
  values->has_downtime = TRUE;
  values->downtime_least_ms = (values->rungs & postcopy) != 0 ? 1 : STOP_LEAST_MS;
  values->downtime_most_ms = answers->downtime_most + STOP_COST_MS;
  if ((values->rungs & copied) != 0)
    values->downtime_most_ms
      = MAX (values->downtime_most_ms, _migrate_converge_limit (limit) + STOP_COST_MS);
  if ((values->rungs & postcopy) != 0)
    values->downtime_most_ms = MAX (values->downtime_most_ms, POSTCOPY_MOST_MS);
}

/* Of a link of which only a limit is known, or nothing. */
static void
tell_least (const Question *self, MigrateForecastValues *values)
{
  const MigrateForecastInputs *in = self->inputs;
  double most
    = in->bandwidth.origin != MIGRATE_FIGURE_UNKNOWN ? in->bandwidth.most : in->bandwidth_most;

  if (in->memory.origin == MIGRATE_FIGURE_UNKNOWN)
    return;
  values->has_bytes = TRUE;
  values->bytes_least = (guint64) in->memory.least;
  if (most > 0)
    {
      values->has_total = TRUE;
      values->total_least_ms = (guint64) (in->memory.least * 1000 / most + in->overhead.least);
    }
  if (in->dirty_rate.origin != MIGRATE_FIGURE_UNKNOWN)
    need (self, values);
}

static void
tell_all (const Question *self, gboolean paused, MigrateForecastValues *values)
{
  const guint unknown = 1u << MIGRATE_RUNG_UNKNOWN;
  Answers answers = play_all (self);

  values->convergence = judge (self, &answers);
  values->rung = play_likely (self);
  values->rungs = rungs_of (&answers) | (1u << values->rung & ~unknown);
  values->has_total = values->has_bytes = TRUE;
  values->total_least_ms = (guint64) (answers.total_ms[OUTSIDE] * PLAY_LEAST);
  values->bytes_least = (guint64) (answers.bytes[OUTSIDE] * PLAY_LEAST);
  if (answers.came[MIGRATE_RUNG_UNKNOWN] <= OUTSIDE)
    {
      values->has_total_most = values->has_bytes_most = TRUE;
      values->total_most_ms = (guint64) ceil (answers.total_ms[PLAYS - 1 - OUTSIDE] * PLAY_MOST);
      values->bytes_most = (guint64) (answers.bytes[PLAYS - 1 - OUTSIDE] * PLAY_MOST);
    }
  if (!paused)
    set_downtime (self, &answers, values);
  if (values->convergence != MIGRATE_CONVERGENCE_CONVERGES)
    need (self, values);
}

/* ---- disks ---- */

/* What a guest writes to them while they are copied is copied again. */
static void
add_disks (const Question *self, MigrateForecastValues *values)
{
  const MigrateFigure *link = &self->inputs->bandwidth;
  double least = self->inputs->disks * DISKS_LEAST, most = self->inputs->disks * DISKS_MOST;

  if (self->inputs->disks <= 0)
    return;
  values->bytes_least += (guint64) least;
  values->bytes_most += (guint64) most;
  if (link->origin == MIGRATE_FIGURE_UNKNOWN || link->least <= 0)
    return;
  values->total_least_ms += (guint64) (least * 1000 / link->most);
  values->total_most_ms += (guint64) ceil (most * 1000 / link->least);
}

/* Of a guest that does not run meanwhile: what is copied does not change. */
static void
tell_stopped (const Question *self, MigrateKind kind, MigrateForecastValues *values)
{
  const MigrateForecastInputs *in = self->inputs;
  gboolean memory = kind == MIGRATE_KIND_SUSPEND && in->memory.origin != MIGRATE_FIGURE_UNKNOWN;
  gboolean link = in->bandwidth.origin != MIGRATE_FIGURE_UNKNOWN && in->bandwidth.least > 0;
  double least = memory ? in->memory.least : 0, most = memory ? in->memory.most : 0;

  values->convergence = MIGRATE_CONVERGENCE_CONVERGES;
  values->rung = MIGRATE_RUNG_PLAIN;
  values->rungs = 1u << MIGRATE_RUNG_PLAIN;
  values->has_bytes = values->has_bytes_most = TRUE;
  values->bytes_least = (guint64) least;
  values->bytes_most = (guint64) most;
  values->has_total = values->has_total_most = link;
  if (link)
    {
      values->total_least_ms = (guint64) (least * 1000 / in->bandwidth.most + in->overhead.least);
      values->total_most_ms
        = (guint64) ceil (most * 1000 / in->bandwidth.least + in->overhead.most);
    }
  add_disks (self, values);
  values->has_downtime = link && kind == MIGRATE_KIND_SUSPEND;
  if (values->has_downtime)
    {
      values->downtime_least_ms = values->total_least_ms;
      values->downtime_most_ms = values->total_most_ms;
    }
}

static void
tell_running (const Question *self, MigrateForecastValues *values)
{
  const MigrateForecastInputs *in = self->inputs;
  gboolean paused = in->dirty_rate.origin == MIGRATE_FIGURE_SAMPLED && in->dirty_rate.most <= 0;

  if (in->bandwidth.origin == MIGRATE_FIGURE_UNKNOWN || in->bandwidth.least <= 0
      || in->dirty_rate.origin == MIGRATE_FIGURE_UNKNOWN
      || in->memory.origin == MIGRATE_FIGURE_UNKNOWN)
    tell_least (self, values);
  else
    tell_all (self, paused, values);
  add_disks (self, values);
}

MigrateForecast *
_migrate_forecast_decide (const MigrateForecastInputs *inputs, MigratePolicy *policy,
                          MigrateKind kind)
{
  Question question = { inputs, policy, make_policy (policy) };
  MigrateForecastValues values = {
    .kind = kind,
    .memory = inputs->memory,
    .working_set = inputs->working_set,
    .dirty_rate = inputs->dirty_rate,
    .bandwidth = inputs->bandwidth,
    .overhead = inputs->overhead,
    .max_downtime_ms = MAX (question.converge.max_ms, question.converge.target_ms),
  };

  if (_migrate_kind_stops (kind))
    tell_stopped (&question, kind, &values);
  else
    tell_running (&question, &values);
  return _migrate_forecast_new (&values);
}

MigrateForecast *
_migrate_forecast_make (MigrateWork *work, const MigrateDirtySample *sample, const char *guest_uuid,
                        MigrateKind kind)
{
  g_autoptr (GVariant) files = work->plan != NULL ? migrate_plan_dup_files (work->plan) : NULL;
  MigrateLearned learned = { 0 };
  MigrateForecastInputs inputs;

  _migrate_learned_gather (work, guest_uuid, &learned);
  inputs = _migrate_forecast_inputs (sample, &learned, work->policy);
  if (files != NULL)
    inputs.disks = (double) _migrate_files_sum (files);
  return _migrate_forecast_decide (&inputs, work->policy, kind);
}
