/* Act: follow a transfer to its end. Each round looks at both hosts (sample.c), asks watch.c what
 * that means, and does it. */
#include "migrate/follow-private.h"

#include "steps/steps-private.h"

#define FIRST_POLL_MS 100
#define ABORT_AGAIN_MS 2000
#define WRITE_EVERY_US G_TIME_SPAN_SECOND

/* ---- tell ---- */

static MigratePhase
phase_now (Follow *self)
{
  const MigrateObservation *seen = &self->seen;

  if (self->aborted_at != 0)
    return MIGRATE_PHASE_CANCELLING;
  if (seen->transfer == MIGRATE_TRANSFER_OK || seen->transfer == MIGRATE_TRANSFER_FAILED)
    return MIGRATE_PHASE_PROVING;
  if (!self->before->was_paused && seen->source.asked && !_migrate_sighting_runs (&seen->source))
    return MIGRATE_PHASE_SWITCHING_OVER;
  if (self->stats.memory_total != 0)
    return MIGRATE_PHASE_COPYING_MEMORY;
  return MIGRATE_PHASE_STARTING;
}

/* Pages may be sent many times, so what is done is told by what remains, and never goes back. */
static void
update_fraction (Follow *self)
{
  const MigrateStats *s = &self->stats;
  double done = 0;

  if (s->memory_total > s->memory_remaining)
    done = (double) (s->memory_total - s->memory_remaining) / (double) s->memory_total;
  if (self->work->phase == MIGRATE_PHASE_PROVING)
    done = 1;
  self->fraction = MAX (self->fraction, MIN (done, self->ran_at != 0 ? 1 : 0.99));
}

static MigrateProgress *
make_progress (Follow *self)
{
  const MigrateStats *s = &self->stats;
  MigrateProgressValues values = {
    .phase = self->work->phase,
    .fraction = self->fraction,
    .elapsed_ms = _migrate_work_elapsed_ms (self->work),
    .memory_total = s->memory_total,
    .memory_processed = s->memory_processed,
    .memory_remaining = s->memory_remaining,
    .rate = s->memory_bps,
    .dirty_rate = s->dirty_rate,
    .pass = s->pass,
    .throttle = s->throttle,
    /* While the guest writes as fast as memory travels there is no end to be told. */
    .has_time_left = s->memory_bps > s->dirty_rate,
  };

  if (values.has_time_left)
    values.time_left_ms = s->memory_remaining * 1000 / (s->memory_bps - s->dirty_rate);
  return _migrate_progress_new (&values);
}

/* Tells the program, and now and then the journal, so that other processes see how far it is; the
 * write is also how a controller that slept learns that it was replaced. */
static gboolean
tell (Follow *self, GError **error)
{
  MigrateWork *work = self->work;
  MigrateResult *result = work->result;
  gint64 now = _migrate_backend_now (work->backend);
  g_autoptr (MigrateProgress) progress = NULL;
  GVariantBuilder builder;

  _migrate_work_set_phase (work, phase_now (self));
  if (self->copy_since == 0 && work->phase == MIGRATE_PHASE_COPYING_MEMORY)
    self->copy_since = now;
  update_fraction (self);
  result->passes = MAX (result->passes, self->stats.pass);
  result->bytes = MAX (result->bytes, self->stats.memory_processed);
  progress = make_progress (self);
  work->report->progress (work->report_data, progress);
  _migrate_follow_keep_sample (self);

  if (now - self->written_at < WRITE_EVERY_US)
    return TRUE;
  self->written_at = now;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", MIGRATE_JOB_KEY_PHASE,
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) work->phase)));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_PROGRESS,
                         _migrate_progress_to_variant (progress));
  return _migrate_follow_write (self, g_variant_builder_end (&builder), error);
}

/* ---- what others ask ---- */

static void
read_mailbox (Follow *self)
{
  g_autoptr (GVariant) messages
    = _migrate_journal_collect (self->work->journal, self->work->id, NULL /* error */);

  for (gsize i = 0; messages != NULL && i < g_variant_n_children (messages); i++)
    {
      g_autoptr (GVariant) message = g_variant_get_child_value (messages, i);
      const char *verb = _migrate_variant_string (message, "verb");

      if (g_strcmp0 (verb, "cancel") == 0)
        _migrate_work_ask_cancel (self->work, "another process asked for it");
      else if (g_strcmp0 (verb, "detach") == 0)
        _migrate_work_ask_detach (self->work);
    }
}

static void
check_deadline (Follow *self)
{
  guint limit = _migrate_policy_get_uint (self->work->policy, "deadline");
  const MigrateStats *s = &self->stats;
  gint64 now = _migrate_backend_now (self->work->backend);

  if (limit == 0 || self->copy_since == 0 || self->given_up != NULL
      || self->work->phase != MIGRATE_PHASE_COPYING_MEMORY
      || now - self->copy_since < (gint64) limit * G_TIME_SPAN_SECOND)
    return;
  self->given_up = _migrate_error_new (
    MIGRATE_ERROR_TIMED_OUT, "Raise “deadline”, “bandwidth” or “target-downtime”",
    "The copy was not done within %u s: %" G_GUINT64_FORMAT " MiB remained, at %" G_GUINT64_FORMAT
    " MiB/s, while the guest wrote %" G_GUINT64_FORMAT " MiB/s",
    limit, s->memory_remaining >> 20, s->memory_bps >> 20, s->dirty_rate >> 20);
  _migrate_work_decide (self->work, "give-up", "%s", self->given_up->message);
}

static void
check_cancelled (Follow *self)
{
  g_autoptr (GError) error = NULL;

  if (self->given_up == NULL && _migrate_work_check_cancelled (self->work, &error))
    {
      _migrate_work_decide (self->work, "cancel", "%s", self->work->cancel_why);
      self->given_up = g_steal_pointer (&error);
    }
}

/* Asks again as long as the transfer lives: an abort may come before the job exists. An answer is
 * no end; the end is what the hosts show. Past the switch there is nothing left to abort. */
static void
abort_if_asked (Follow *self)
{
  gint64 now = _migrate_backend_now (self->work->backend);
  g_autoptr (MigrateCall) call = NULL;

  if (self->given_up == NULL || self->ran_at != 0 || !self->seen.source.present
      || (self->aborted_at != 0 && now - self->aborted_at < ABORT_AGAIN_MS * 1000))
    return;
  self->aborted_at = now;
  _migrate_work_set_phase (self->work, MIGRATE_PHASE_CANCELLING);
  call = _migrate_work_call (self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_ABORT,
                             self->work->result->guest_uuid, 0, NULL /* error */);
}

/* ---- the end ---- */

static void
set_origin (MigrateResult *result, const char *origin)
{
  g_free (result->downtime_origin);
  result->downtime_origin = g_strdup (origin);
}

static void
measure_downtime (Follow *self)
{
  MigrateResult *result = self->work->result;
  g_autoptr (MigrateCall) call
    = _migrate_work_call (self->work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_JOB_STATS,
                          result->guest_uuid, 1 /* completed */, NULL /* error */);

  if (call != NULL && call->stats.type == MIGRATE_JOB_COMPLETED)
    {
      result->bytes = MAX (call->stats.memory_processed, result->bytes);
      result->passes = MAX (result->passes, call->stats.pass);
      if (call->stats.has_downtime && !self->before->was_paused)
        {
          gint64 ended = self->call != NULL ? _migrate_transfer_call_get_ended (self->call) : 0;

          result->has_downtime = TRUE;
          result->downtime_ms = call->stats.downtime_ms;
          set_origin (result, "hypervisor");
          /* Its figure ends before a resume of ours. */
          if (self->seen.arrives_paused && ended != 0 && self->ran_at > ended)
            result->downtime_ms += (guint64) (self->ran_at - ended) / 1000;
          if (!self->seen.arrives_paused || ended != 0)
            return;
        }
    }
  if (self->stopped_at != 0 && self->ran_at > self->stopped_at && !self->before->was_paused)
    {
      result->has_downtime = TRUE;
      result->downtime_ms = (guint64) (self->ran_at - self->stopped_at) / 1000;
      set_origin (result, "polled");
    }
}

static char *
describe (const MigrateSighting *s)
{
  if (!s->asked)
    return g_strdup ("does not answer");
  if (!s->present)
    return g_strdup ("has no such guest");
  return _migrate_domain_describe (s->state, s->reason);
}

/* The first cause, with libvirt's own words where there are some. */
static GError *
cause (Follow *self, MigrateError otherwise, const char *remedy, const char *what)
{
  g_autofree char *source = describe (&self->seen.source);
  g_autofree char *destination = describe (&self->seen.destination);
  GError *error = self->given_up != NULL ? g_steal_pointer (&self->given_up) : NULL;

  if (error == NULL && self->call != NULL)
    error = _migrate_transfer_call_dup_error (self->call);
  if (error == NULL)
    return _migrate_error_new (otherwise, remedy, "%s (source: %s; destination: %s)", what, source,
                               destination);
  g_prefix_error (&error, "%s (source: %s; destination: %s): ", what, source, destination);
  return error;
}

static GError *
needs_recover (Follow *self, const char *what)
{
  g_autoptr (GError) first = cause (self, MIGRATE_ERROR_NEEDS_RECOVER, NULL, what);

  return _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER,
                             "Make both hosts answer, then follow the job again; start the guest "
                             "nowhere before",
                             "%s", first->message);
}

static gboolean
finish (Follow *self, MigrateConclusion conclusion, GError **error)
{
  MigrateResult *result = self->work->result;

  switch (conclusion)
    {
    case MIGRATE_CONCLUSION_MOVED:
      result->outcome = MIGRATE_OUTCOME_MOVED;
      measure_downtime (self);
      return TRUE;
    case MIGRATE_CONCLUSION_STAYED:
      result->outcome = MIGRATE_OUTCOME_STAYED;
      g_propagate_error (
        error, cause (self, MIGRATE_ERROR_FAILED, NULL, "The guest stayed at the source"));
      return FALSE;
    case MIGRATE_CONCLUSION_DOWN:
      result->outcome = MIGRATE_OUTCOME_DOWN;
      g_propagate_error (error, cause (self, MIGRATE_ERROR_FAILED, "Start it where it is defined",
                                       "The guest went off on the way"));
      return FALSE;
    case MIGRATE_CONCLUSION_LOST:
      result->outcome = MIGRATE_OUTCOME_LOST;
      g_propagate_error (error, needs_recover (self, "No host knows the guest any more"));
      return FALSE;
    case MIGRATE_CONCLUSION_SPLIT:
      result->outcome = MIGRATE_OUTCOME_SPLIT;
      g_propagate_error (error, needs_recover (self, "The guest runs on both hosts"));
      return FALSE;
    case MIGRATE_CONCLUSION_UNKNOWN:
    default:
      result->outcome = MIGRATE_OUTCOME_UNKNOWN;
      g_propagate_error (error, needs_recover (self, "It cannot be told who runs the guest"));
      return FALSE;
    }
}

/* ---- acts of ours ---- */

/* The step that the hand-over needs from us; NULL: none. */
static const char *
needed_step (Follow *self, MigrateConclusion conclusion)
{
  switch (conclusion)
    {
    case MIGRATE_CONCLUSION_DESTROY_SOURCE_HALF:
      return "destroy-source-half";
    case MIGRATE_CONCLUSION_RESUME_SOURCE:
      return "resume-source";
    case MIGRATE_CONCLUSION_MOVED:
      /* The strict hand-over: the source is proven gone, so the guest may run. */
      return self->seen.arrives_paused && !_migrate_sighting_runs (&self->seen.destination)
               ? "resume-destination"
               : NULL;
    default:
      return NULL;
    }
}

static void
say_why (Follow *self, const char *step)
{
  if (g_str_equal (step, "destroy-source-half"))
    _migrate_work_decide (self->work, step,
                          "the destination has run for %" G_GUINT64_FORMAT
                          " ms while the source waits for a reply that was lost; libvirt would "
                          "resume it",
                          self->seen.unconfirmed_ms);
  else if (g_str_equal (step, "resume-source"))
    _migrate_work_decide (self->work, step,
                          "the transfer is over, the guest stands still at the source, and the "
                          "destination has none");
  else
    _migrate_work_decide (self->work, step, "the source is proven gone");
}

static GError *
unacted (Follow *self, const char *step)
{
  g_autofree char *source = describe (&self->seen.source);
  g_autofree char *destination = describe (&self->seen.destination);

  return _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER,
                             "See to what failed, then follow the job again; start the guest "
                             "nowhere before",
                             "“%s” is needed and could not be done (source: %s; destination: %s): "
                             "%s",
                             step, source, destination, self->not_acted->message);
}

/* It is tried again as long as the hosts show that it is needed: what the guest is in for without
 * it (standing still, running twice) is worse than a few seconds of an unwritable journal or a busy
 * host. FALSE: that took longer than the policy's patience, or the claim is lost. */
static gboolean
act_on_hand_over (Follow *self, const char *step, gboolean *acted, GError **error)
{
  MigrateWork *work = self->work;
  gint64 now = _migrate_backend_now (work->backend);
  GError *failed = NULL;

  if (self->not_acted == NULL)
    say_why (self, step);
  *acted = _migrate_steps_run (work, step, NULL /* args */, &failed);
  if (*acted)
    {
      g_clear_error (&self->not_acted);
      return TRUE;
    }
  if (work->lost_claim)
    {
      g_propagate_error (error, failed);
      return FALSE;
    }
  if (self->not_acted != NULL)
    g_error_free (failed); /* the first cause is told */
  else
    {
      self->not_acted = failed;
      self->not_acted_since = now;
    }
  self->poll_ms = FIRST_POLL_MS;
  if (now - self->not_acted_since <= (gint64) self->seen.settle_ms * 1000)
    return TRUE;
  g_propagate_error (error, unacted (self, step));
  return FALSE;
}

/* A call that libvirt has not heard of is called off at once; one that it has heard of, and of
 * which no host shows a trace, may begin at any time. */
static MigrateConclusion
call_off (Follow *self, MigrateConclusion conclusion)
{
  gboolean wanted = conclusion == MIGRATE_CONCLUSION_NEVER_BEGAN
                    || (conclusion == MIGRATE_CONCLUSION_GO_ON && self->given_up != NULL);

  if (!wanted || self->call == NULL)
    return conclusion;
  if (_migrate_transfer_call_off (self->call))
    {
      if (self->given_up == NULL)
        self->given_up = _migrate_error_new (
          MIGRATE_ERROR_TIMED_OUT, "See whether libvirtd answers on the source",
          "The connection for the transfer could not be opened within %" G_GUINT64_FORMAT " s",
          self->seen.settle_ms / 1000);
      return MIGRATE_CONCLUSION_STAYED;
    }
  return conclusion == MIGRATE_CONCLUSION_NEVER_BEGAN ? MIGRATE_CONCLUSION_UNKNOWN : conclusion;
}

static gboolean
may_detach (Follow *self)
{
  return _migrate_work_is_detached (self->work) && self->given_up == NULL
         && (self->seen.transfer == MIGRATE_TRANSFER_OPEN
             || self->seen.transfer == MIGRATE_TRANSFER_FOREIGN)
         && self->seen.job_active;
}

static gboolean
follow_rounds (Follow *self, GError **error)
{
  for (;;)
    {
      MigrateConclusion conclusion;
      const char *step;
      gboolean acted = FALSE;

      read_mailbox (self);
      _migrate_follow_sample (self);
      if (!tell (self, error))
        return FALSE;
      if (may_detach (self))
        {
          self->work->result->outcome = MIGRATE_OUTCOME_DETACHED;
          _migrate_work_forget_detach (self->work);
          return FALSE;
        }
      check_cancelled (self);
      check_deadline (self);
      conclusion = call_off (self, _migrate_watch_decide (&self->seen));
      step = needed_step (self, conclusion);
      if (step != NULL && !act_on_hand_over (self, step, &acted, error))
        return FALSE;
      if (acted)
        continue;
      if (conclusion == MIGRATE_CONCLUSION_GO_ON)
        abort_if_asked (self);
      else if (step == NULL && conclusion != MIGRATE_CONCLUSION_WAIT)
        return finish (self, conclusion, error);
      _migrate_work_sleep (self->work, self->poll_ms);
      self->poll_ms
        = MIN (self->poll_ms * 2, _migrate_policy_get_uint (self->work->policy, "poll-interval"));
    }
}

/* Whatever libvirt said, the step ends with what the hosts showed. */
static gboolean
end_step (MigrateWork *work, const GError *failure, GError **error)
{
  for (guint i = work->steps->len; i-- > 0;)
    {
      MigrateStepEntry *step = work->steps->pdata[i];

      if (g_str_equal (step->kind->name, "transfer") && step->status == MIGRATE_STEP_BEGUN)
        return _migrate_steps_end (work, step, failure, error);
    }
  return TRUE;
}

gboolean
_migrate_follow (MigrateWork *work, MigrateTransferCall *call, const MigrateBefore *before,
                 GError **error)
{
  g_autoptr (GPtrArray) samples = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  Follow self = {
    .work = work,
    .call = call,
    .before = before,
    .poll_ms = FIRST_POLL_MS,
    .samples = samples,
    .seen = {
      .was_paused = before->was_paused,
      .persistent = before->persistent,
      .arrives_paused
      = !before->was_paused
        && _migrate_policy_get_enum (work->policy, "hand-over") == MIGRATE_HAND_OVER_STRICT,
      .settle_ms = _migrate_policy_get_uint (work->policy, "settle-timeout") * 1000,
    },
  };
  GError *failure = NULL;
  gboolean moved = follow_rounds (&self, &failure);

  g_clear_error (&self.given_up);
  g_clear_error (&self.not_acted);
  if (samples->len > 0 && !work->lost_claim)
    _migrate_follow_write (&self, NULL /* values */, NULL /* the step's end finds it too */);
  if (work->result->outcome == MIGRATE_OUTCOME_DETACHED)
    return FALSE;
  /* Left in the middle: nothing is proven, and nothing may be taken back under a transfer that goes
   * on. */
  if (!moved && work->result->outcome == MIGRATE_OUTCOME_NONE)
    work->result->outcome = MIGRATE_OUTCOME_UNKNOWN;
  /* What the journal refuses now is seen by whoever writes the job's state next. */
  if (work->result->outcome != MIGRATE_OUTCOME_UNKNOWN && !work->lost_claim)
    end_step (work, failure, NULL /* error */);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return moved;
}
