/* Decide: the forecast. What is not known exactly is played through from its least to its most, and
 * the forecast spans what came of it: the controller decides by itself in each of these copies. */
#include "migrate/forecast-private.h"

#include <math.h>

#define NEAR 0.85        /* of the bandwidth: from there on time depends on little */
#define CONVERGES_AT 0.9 /* of the bandwidth, for a guest of which no more is known */
#define RATES 5          /* of the dirty rate that are played: the longest lies between its ends */
#define PHASES 3
#define BURST 1.1
/* A copy that is played is smoother than a real one. */
#define PLAY_LEAST 0.98
#define PLAY_MOST 1.03
#define STOP_COST_MS 150 /* most that a hand-over has taken beside the last memory */
#define STOP_LEAST_MS 20
#define POSTCOPY_MOST_MS 300

typedef struct
{
  const MigrateForecastInputs *inputs;
  MigratePolicy *policy;
  MigrateConvergePolicy converge;
} Question;

typedef struct
{
  guint n;
  guint rungs;
  guint64 total_least, total_most, downtime_most;
  gboolean endless;
  double bytes_least, bytes_most;
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

static void
add (Answers *self, const MigrateCopy *copy)
{
  MigrateCopyEnd end = _migrate_copy_play (copy);

  self->rungs |= 1u << end.rung;
  self->endless |= end.rung == MIGRATE_RUNG_UNKNOWN;
  self->raised |= end.raised;
  self->total_least = self->n == 0 ? end.total_ms : MIN (self->total_least, end.total_ms);
  self->total_most = MAX (self->total_most, end.total_ms);
  self->bytes_least = self->n == 0 ? end.bytes : MIN (self->bytes_least, end.bytes);
  self->bytes_most = MAX (self->bytes_most, end.bytes);
  if (end.rung != MIGRATE_RUNG_GIVE_UP)
    self->downtime_most = MAX (self->downtime_most, end.downtime_ms);
  self->n++;
}

/* When the looks fall is chance, and so is the moment's bandwidth that the hypervisor takes for the
 * link's. */
static void
add_chances (Answers *self, MigrateCopy *copy)
{
  for (guint i = 0; i < 2 * PHASES; i++)
    {
      copy->phase = (double) (i / 2) / PHASES;
      copy->burst = i % 2 == 0 ? 1 : BURST;
      add (self, copy);
    }
}

/* A throttle slows down every program but one that is paced by the clock. */
static void
add_kinds (Answers *self, const Question *question, MigrateCopy *copy)
{
  copy->by_clock = TRUE;
  add_chances (self, copy);
  copy->by_clock = FALSE;
  if (question->converge.throttle)
    add_chances (self, copy);
}

static Answers
play_all (const Question *self)
{
  const MigrateForecastInputs *in = self->inputs;
  const double memories[] = { in->memory.least, in->memory.most };
  const double sets[] = { in->working_set.least, in->working_set.most };
  const double links[] = { in->bandwidth.least, in->bandwidth.likely, in->bandwidth.most };
  double step = (in->dirty_rate.most - in->dirty_rate.least) / (RATES - 1);
  Answers answers = { 0 };

  for (guint size = 0; size < G_N_ELEMENTS (memories); size++)
    for (guint link = 0; link < G_N_ELEMENTS (links); link++)
      for (guint rate = 0; rate < RATES; rate++)
        {
          MigrateCopy copy = make_copy (self, memories[size], sets[size],
                                        in->dirty_rate.least + step * rate, links[link]);

          add_kinds (&answers, self, &copy);
        }
  return answers;
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

static double
limit_s (const Question *self)
{
  return (double) _migrate_converge_limit (MAX (self->converge.max_ms, self->converge.target_ms))
         / 1000;
}

/* What comes of it when nothing is done to the guest. */
static guint
play_plain (const Question *self, const Answers *answers)
{
  Question plain = *self;
  MigrateConvergePolicy *converge = &plain.converge;

  if (!converge->postcopy && !converge->throttle && !converge->pause && converge->deadline_ms == 0)
    return answers->rungs;
  converge->postcopy = converge->throttle = converge->pause = FALSE;
  converge->deadline_ms = 0;
  return play_all (&plain).rungs;
}

static MigrateConvergence
judge (const Question *self, const Answers *answers)
{
  const MigrateForecastInputs *in = self->inputs;
  const guint converged = 1u << MIGRATE_RUNG_PLAIN;
  guint rungs = play_plain (self, answers);
  gboolean fits = in->working_set.most <= in->bandwidth.least * limit_s (self);
  gboolean fast = in->dirty_rate.most >= in->bandwidth.least * NEAR;

  if ((rungs & converged) == 0)
    return MIGRATE_CONVERGENCE_DIVERGES;
  return rungs == converged && (fits || !fast) ? MIGRATE_CONVERGENCE_CONVERGES
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

  values->has_need = TRUE;
  values->needed_bandwidth = (guint64) bandwidth;
  if (in->bandwidth.likely > 0)
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
  guint limit = answers->raised ? MAX (self->converge.max_ms, self->converge.target_ms)
                                : self->converge.target_ms;

  if ((answers->rungs & ~none) == 0)
    return;
  values->has_downtime = TRUE;
  values->downtime_least_ms
    = (answers->rungs & 1u << MIGRATE_RUNG_POSTCOPY) != 0 ? 1 : STOP_LEAST_MS;
  values->downtime_most_ms = answers->downtime_most + STOP_COST_MS;
  if ((answers->rungs & copied) != 0)
    values->downtime_most_ms
      = MAX (values->downtime_most_ms, _migrate_converge_limit (limit) + STOP_COST_MS);
  if ((answers->rungs & 1u << MIGRATE_RUNG_POSTCOPY) != 0)
    values->downtime_most_ms = MAX (values->downtime_most_ms, POSTCOPY_MOST_MS);
}

/* Of a link of which only a limit is known, or nothing. */
static void
tell_least (const Question *self, MigrateForecastValues *values)
{
  const MigrateForecastInputs *in = self->inputs;
  double most
    = in->bandwidth.origin != MIGRATE_ORIGIN_UNKNOWN ? in->bandwidth.most : in->bandwidth_most;

  if (in->memory.origin == MIGRATE_ORIGIN_UNKNOWN)
    return;
  values->has_bytes = TRUE;
  values->bytes_least = (guint64) in->memory.least;
  if (most > 0)
    {
      values->has_total = TRUE;
      values->total_least_ms = (guint64) (in->memory.least * 1000 / most + in->overhead.least);
    }
  if (in->dirty_rate.origin != MIGRATE_ORIGIN_UNKNOWN)
    need (self, values);
}

static void
tell_all (const Question *self, gboolean paused, MigrateForecastValues *values)
{
  const MigrateForecastInputs *in = self->inputs;
  Answers answers = play_all (self);

  values->convergence = judge (self, &answers);
  values->rung = play_likely (self);
  values->rungs = answers.rungs & ~(1u << MIGRATE_RUNG_UNKNOWN);
  values->has_total = TRUE;
  values->total_least_ms
    = (guint64) ((double) answers.total_least * PLAY_LEAST + in->overhead.least);
  if (!answers.endless)
    values->total_most_ms
      = (guint64) ceil ((double) answers.total_most * PLAY_MOST + in->overhead.most);
  values->has_bytes = TRUE;
  values->bytes_least = (guint64) answers.bytes_least;
  values->bytes_most = answers.endless ? 0 : (guint64) answers.bytes_most;
  if (!paused)
    set_downtime (self, &answers, values);
  if (values->convergence != MIGRATE_CONVERGENCE_CONVERGES)
    need (self, values);
}

MigrateForecast *
_migrate_forecast_decide (const MigrateForecastInputs *inputs, MigratePolicy *policy,
                          MigrateKind kind)
{
  Question question = { inputs, policy, make_policy (policy) };
  gboolean paused
    = inputs->dirty_rate.origin == MIGRATE_ORIGIN_SAMPLED && inputs->dirty_rate.most <= 0;
  MigrateForecastValues values = {
    .kind = kind,
    .memory = inputs->memory,
    .working_set = inputs->working_set,
    .dirty_rate = inputs->dirty_rate,
    .bandwidth = inputs->bandwidth,
    .overhead = inputs->overhead,
    .max_downtime_ms = MAX (question.converge.max_ms, question.converge.target_ms),
  };

  if (inputs->bandwidth.origin == MIGRATE_ORIGIN_UNKNOWN || inputs->bandwidth.least <= 0
      || inputs->dirty_rate.origin == MIGRATE_ORIGIN_UNKNOWN
      || inputs->memory.origin == MIGRATE_ORIGIN_UNKNOWN)
    tell_least (&question, &values);
  else
    tell_all (&question, paused, &values);
  return _migrate_forecast_new (&values);
}

MigrateForecast *
_migrate_forecast_make (MigrateWork *work, const MigrateDirtySample *sample, const char *guest_uuid,
                        MigrateKind kind)
{
  MigrateLearned learned = { 0 };
  MigrateForecastInputs inputs;

  _migrate_learned_gather (work, guest_uuid, &learned);
  inputs = _migrate_forecast_inputs (sample, &learned, work->policy);
  return _migrate_forecast_decide (&inputs, work->policy, kind);
}
