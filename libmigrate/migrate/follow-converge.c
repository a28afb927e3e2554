/* Act: what the controller decides of the copy: a downtime limit, the switch to post-copy, a stop
 * of the guest, giving up. */
#include "migrate/follow-private.h"

#include "migrate/converge-private.h"
#include "steps/steps-private.h"

static guint
policy_uint (Follow *self, const char *key)
{
  return _migrate_policy_get_uint (self->work->policy, key);
}

/* Post-copy and throttling are armed before the start, or never; the step says which were. */
gboolean
_migrate_follow_may (Follow *self, MigrateAllow what)
{
  const MigrateStepEntry *transfer = _migrate_steps_last (self->work, "transfer");

  if (!_migrate_policy_allows (self->work->policy, what))
    return FALSE;
  if (what == MIGRATE_ALLOW_PAUSE)
    return TRUE;
  return transfer != NULL
         && _migrate_variant_boolean (transfer->args,
                                      what == MIGRATE_ALLOW_POSTCOPY ? "postcopy" : "throttle");
}

guint
_migrate_follow_poll_ms (Follow *self)
{
  guint most = policy_uint (self, "poll-interval");

  return _migrate_follow_copies_disks (self) ? most
                                             : _migrate_converge_poll_ms (&self->trend, most);
}

static MigrateConvergePolicy
make_policy (Follow *self)
{
  return (MigrateConvergePolicy){
    .target_ms = policy_uint (self, "target-downtime"),
    .max_ms = policy_uint (self, "max-downtime"),
    .postcopy = _migrate_follow_may (self, MIGRATE_ALLOW_POSTCOPY),
    .throttle = _migrate_follow_may (self, MIGRATE_ALLOW_THROTTLE),
    .pause = _migrate_follow_may (self, MIGRATE_ALLOW_PAUSE),
    .start = (MigratePostcopyStart) _migrate_policy_get_enum (self->work->policy, "postcopy-start"),
    .deadline_ms = (guint64) policy_uint (self, "deadline") * 1000,
    .before_ms
    = (guint64) MAX (_migrate_follow_memory_since (self) - self->work->transfer_since, 0) / 1000,
  };
}

static MigrateConvergeState
make_state (Follow *self)
{
  return (MigrateConvergeState){
    .limit_ms = self->limit_ms,
    .decided_pass = self->decided_pass,
    .tried_pass = self->tried_pass,
    .paused = self->paused_at != 0 || self->before->was_paused,
    .over = _migrate_follow_is_switched (self) || self->ran_at != 0
            || !_migrate_sighting_runs (&self->seen.source),
    .warned = self->warned,
    .warned_slow = self->warned_slow,
    .finish_asked = self->finish_asked,
    .pause_asked = self->pause_asked,
    .deadline_over = self->deadline_over,
    .at_deadline = (MigrateAtDeadline) _migrate_policy_get_enum (self->work->policy, "at-deadline"),
  };
}

gboolean
_migrate_follow_can_end (Follow *self)
{
  MigrateConvergePolicy policy = make_policy (self);
  MigrateConvergeState state = make_state (self);

  /* Neither helps disks: post-copy is of memory alone, and what is left for a stop is no rest. */
  return !_migrate_follow_copies_disks (self)
         && _migrate_converge_can_end (&self->trend, &policy, &state);
}

/* How long the disks took says nothing of how memory goes. */
gint64
_migrate_follow_memory_since (Follow *self)
{
  return self->disks_since != 0 && self->copy_since != 0 ? self->copy_since : self->active_since;
}

/* ---- the downtime limit ---- */

static gboolean
set_limit (Follow *self, guint limit_ms, GError **error)
{
  GVariantBuilder builder;
  g_autoptr (GError) failed = NULL;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "limit-ms", g_variant_new_uint64 (limit_ms));
  if (_migrate_steps_run (self->work, "set-downtime-limit", g_variant_builder_end (&builder),
                          &failed))
    {
      self->limit_ms = limit_ms;
      return TRUE;
    }
  if (self->work->lost_claim)
    {
      g_propagate_error (error, g_steal_pointer (&failed));
      return FALSE;
    }
  /* No reason not to go on: the next pass decides again. */
  _migrate_work_warn (self->work, "The downtime limit could not be set to %u ms: %s", limit_ms,
                      failed->message);
  return TRUE;
}

/* What is in force when another process follows. */
static void
load_limit (Follow *self)
{
  const MigrateStepEntry *step = _migrate_steps_last (self->work, "set-downtime-limit");

  self->target_ms = policy_uint (self, "target-downtime");
  self->limit_ms = step != NULL ? (guint) _migrate_variant_uint64 (step->args, "limit-ms", 0)
                                : _migrate_converge_limit (self->target_ms);
}

/* The caller has changed his mind about what the guest may stand still. */
static gboolean
retune_limit (Follow *self, const MigrateConvergePolicy *policy, gboolean *set, GError **error)
{
  guint most = _migrate_converge_limit (MAX (policy->max_ms, policy->target_ms));
  guint limit = policy->target_ms != self->target_ms ? _migrate_converge_limit (policy->target_ms)
                                                     : MIN (self->limit_ms, most);

  *set = limit != self->limit_ms;
  self->target_ms = policy->target_ms;
  if (!*set)
    return TRUE;
  _migrate_work_decide (self->work, "set-downtime-limit",
                        "the policy was changed: a target of %u ms and at most %u ms, less what a "
                        "hand-over costs",
                        policy->target_ms, MAX (policy->max_ms, policy->target_ms));
  return set_limit (self, limit, error);
}

/* ---- the guest ---- */

/* Only a refusal that is one is taken for one: an order whose answer was lost may have been heard,
 * and is taken back with the step. The next look tells; where the guest runs on it is decided
 * anew. */
static gboolean
pause_guest (Follow *self, GError **error)
{
  g_autoptr (GError) failed = NULL;

  if (_migrate_steps_run (self->work, "pause-guest", NULL /* args */, &failed)
      || g_error_matches (failed, MIGRATE_ERROR, MIGRATE_ERROR_TIMED_OUT)
      || g_error_matches (failed, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE))
    {
      self->paused_at = _migrate_backend_now (self->work->backend);
      return TRUE;
    }
  if (self->work->lost_claim)
    {
      g_propagate_error (error, g_steal_pointer (&failed));
      return FALSE;
    }
  self->finish_asked = self->pause_asked = FALSE;
  _migrate_work_warn (self->work, "The guest could not be stopped: %s", failed->message);
  return TRUE;
}

/* One that failed may have been heard all the same; where the guest runs, the next look tells. */
void
_migrate_follow_load_pause (Follow *self)
{
  const MigrateStepEntry *step = _migrate_steps_last (self->work, "pause-guest");

  if (step != NULL && step->status != MIGRATE_STEP_UNDONE && step->status != MIGRATE_STEP_RELEASED)
    self->paused_at = _migrate_backend_now (self->work->backend);
}

/* ---- decisions ---- */

static void
give_up (Follow *self, const MigrateConvergeDecision *decision)
{
  self->given_up = _migrate_error_new (
    MIGRATE_ERROR_NO_CONVERGENCE,
    "Raise “max-downtime” or “bandwidth”, or let “allow” name throttle, postcopy or pause", "%s",
    decision->why);
}

static gboolean
act (Follow *self, const MigrateConvergeDecision *decision, GError **error)
{
  switch (decision->action)
    {
    case MIGRATE_CONVERGE_RAISE_LIMIT:
      return set_limit (self, decision->limit_ms, error);
    case MIGRATE_CONVERGE_START_POSTCOPY:
      return _migrate_follow_switch (self, error);
    case MIGRATE_CONVERGE_PAUSE:
      return pause_guest (self, error);
    case MIGRATE_CONVERGE_GIVE_UP:
      give_up (self, decision);
      return TRUE;
    case MIGRATE_CONVERGE_WARN:
    case MIGRATE_CONVERGE_WARN_SLOW:
    case MIGRATE_CONVERGE_GO_ON:
    default:
      return TRUE;
    }
}

/* What the operator and the deadline want is done in shadow mode too. */
static gboolean
is_shadowed (Follow *self, const MigrateConvergeDecision *decision)
{
  return _migrate_policy_get_bool (self->work->policy, "shadow") && !self->finish_asked
         && !self->pause_asked && !self->deadline_over && decision->action != MIGRATE_CONVERGE_WARN
         && decision->action != MIGRATE_CONVERGE_WARN_SLOW;
}

static void
add_number (GVariantBuilder *builder, const char *key, guint64 value)
{
  if (value > 0)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 (value));
}

static GVariant *
make_details (const MigrateConvergeDecision *decision)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  add_number (&builder, "limit-ms", decision->limit_ms);
  add_number (&builder, "needed-downtime-ms", decision->needed_downtime_ms);
  add_number (&builder, "needed-bandwidth", decision->needed_bandwidth);
  return g_variant_builder_end (&builder);
}

static gboolean
carry_out (Follow *self, const MigrateConvergeDecision *decision, GError **error)
{
  const char *what = _migrate_converge_action_name (decision->action);

  self->warned |= decision->action == MIGRATE_CONVERGE_WARN;
  self->warned_slow |= decision->action == MIGRATE_CONVERGE_WARN_SLOW;
  if (is_shadowed (self, decision))
    {
      _migrate_work_decide (self->work, "shadow", "“%s” would be done: %s", what, decision->why);
      return TRUE;
    }
  _migrate_work_decide_in_numbers (self->work, what, decision->why, make_details (decision));
  return act (self, decision, error);
}

/* The hypervisor throttles by itself; that it does is told. */
static void
tell_throttle (Follow *self, guint before)
{
  const MigrateTrendSample *last = &self->trend.last;

  if (last->throttle == before || last->throttle == 0)
    return;
  _migrate_work_decide (self->work, "throttle",
                        "the hypervisor takes %u %% of the guest's CPU time, after %u %%: it wrote "
                        "%" G_GUINT64_FORMAT " MiB/s while %" G_GUINT64_FORMAT " MiB/s travelled",
                        last->throttle, before, last->dirty_rate >> 20,
                        self->trend.bandwidth >> 20);
}

static void
add_sample (Follow *self)
{
  const MigrateStats *s = &self->stats;
  guint before = self->trend.last.throttle;
  MigrateTrendSample sample = {
    .at_ms = (guint64) MAX (self->sampled_at - _migrate_follow_memory_since (self), 0) / 1000,
    .pass = s->pass,
    .total = s->memory_total,
    .processed = s->memory_processed,
    .remaining = s->memory_remaining,
    .rate = s->memory_bps,
    .dirty_rate = s->dirty_rate,
    .throttle = s->throttle,
  };

  if (self->sampled_at == 0 || !self->seen.job_active || self->seen.job_ending
      || _migrate_follow_copies_disks (self))
    return;
  _migrate_trend_add (&self->trend, &sample, self->limit_ms);
  tell_throttle (self, before);
}

gboolean
_migrate_follow_converge (Follow *self, GError **error)
{
  MigrateConvergePolicy policy = make_policy (self);
  MigrateConvergeState state;
  g_auto (MigrateConvergeDecision) decision = { 0 };
  gboolean retuned = FALSE;

  if (self->limit_ms == 0)
    load_limit (self);
  if (self->given_up != NULL || !self->seen.job_active || self->seen.job_ending)
    return TRUE;
  add_sample (self);
  state = make_state (self);
  if (state.over)
    return _migrate_follow_switch_again (self, error);
  if (!retune_limit (self, &policy, &retuned, error))
    return FALSE;
  state.limit_ms = self->limit_ms;
  decision = _migrate_converge_decide (&self->trend, &policy, &state);
  self->decided_pass = self->trend.last.pass;
  return decision.action == MIGRATE_CONVERGE_GO_ON || carry_out (self, &decision, error);
}
