/* Act: follow a transfer to its end. Each round looks at both hosts (sample.c), asks watch.c what
 * that means, and does it, in follow-postcopy.c and follow-end.c too. */
#include "migrate/follow-private.h"

#include "steps/steps-private.h"

#define ABORT_AGAIN_MS 2000
#define WRITE_EVERY_US G_TIME_SPAN_SECOND

/* ---- tell ---- */

static MigratePhase
phase_now (Follow *self)
{
  const MigrateObservation *seen = &self->seen;

  if (_migrate_watch_in_postcopy (seen))
    return MIGRATE_PHASE_POSTCOPY;
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
  gboolean may_be_whole = self->ran_at != 0 && self->work->phase != MIGRATE_PHASE_POSTCOPY;
  double done = 0;

  if (s->memory_total > s->memory_remaining)
    done = (double) (s->memory_total - s->memory_remaining) / (double) s->memory_total;
  if (self->work->phase == MIGRATE_PHASE_PROVING)
    done = 1;
  self->fraction = MAX (self->fraction, MIN (done, may_be_whole ? 1 : 0.99));
}

static MigrateProgress *
make_progress (Follow *self)
{
  const MigrateStats *s = &self->stats;
  /* What the guest writes at the destination need not travel. */
  guint64 dirty_rate = self->work->phase == MIGRATE_PHASE_POSTCOPY ? 0 : s->dirty_rate;
  MigrateProgressValues values = {
    .phase = self->work->phase,
    .fraction = self->fraction,
    .elapsed_ms = _migrate_work_elapsed_ms (self->work),
    .memory_total = s->memory_total,
    .memory_processed = s->memory_processed,
    .memory_remaining = s->memory_remaining,
    .rate = s->memory_bps,
    .dirty_rate = dirty_rate,
    .pass = s->pass,
    .throttle = s->throttle,
    /* While the guest writes as fast as memory travels there is no end to be told. */
    .has_time_left = s->memory_bps > dirty_rate,
  };

  if (values.has_time_left)
    values.time_left_ms = s->memory_remaining * 1000 / (s->memory_bps - dirty_rate);
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
      || _migrate_follow_is_switched (self) || self->work->phase != MIGRATE_PHASE_COPYING_MEMORY
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
give_up_stalled (Follow *self, const char *what, const char *words, gint64 stood_ms)
{
  self->given_up
    = _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, "See whether the hosts reach each other",
                          "%s for %" G_GINT64_FORMAT " s", words, stood_ms / 1000);
  _migrate_work_decide (self->work, what, "%s", self->given_up->message);
}

/* Nothing travels, and libvirt waits for a peer that says nothing: nobody but us counts that time.
 * A guest that somebody paused in mid-copy looks as one in the switch-over, but its memory travels.
 */
static void
check_stalled (Follow *self)
{
  MigratePolicy *policy = self->work->policy;
  gint64 copy = (gint64) _migrate_policy_get_uint (policy, "stall-timeout") * 1000;
  gint64 switchover = (gint64) _migrate_policy_get_uint (policy, "switchover-timeout") * 1000;
  gint64 since = MAX (self->active_since, self->travelled_at);
  gint64 stood;

  if (self->given_up != NULL || since == 0 || self->ran_at != 0
      || _migrate_follow_is_switched (self))
    return;
  if (self->work->phase == MIGRATE_PHASE_SWITCHING_OVER)
    {
      stood = (_migrate_backend_now (self->work->backend) - MAX (self->stopped_at, since)) / 1000;
      if (switchover > 0
          && stood >= MAX (switchover,
                           3 * (gint64) _migrate_policy_get_uint (policy, "target-downtime")))
        give_up_stalled (self, "stalled-switchover", "The switch-over stood still", stood);
      return;
    }
  stood = (_migrate_backend_now (self->work->backend) - since) / 1000;
  if (copy > 0 && stood >= copy
      && (self->work->phase == MIGRATE_PHASE_COPYING_MEMORY
          || self->work->phase == MIGRATE_PHASE_STARTING))
    give_up_stalled (self, "stalled-copy", "Nothing has travelled", stood);
}

static void
check_cancelled (Follow *self)
{
  g_autoptr (GError) error = NULL;

  if (self->given_up != NULL || self->too_late
      || !_migrate_work_check_cancelled (self->work, &error))
    return;
  if (_migrate_follow_is_switched (self))
    {
      self->too_late = TRUE;
      _migrate_work_decide (self->work, "cancel-too-late",
                            "%s, but the switch to post-copy was the hand-over: there is no way "
                            "back",
                            self->work->cancel_why);
      return;
    }
  _migrate_work_decide (self->work, "cancel", "%s", self->work->cancel_why);
  self->given_up = g_steal_pointer (&error);
}

/* Asks again as long as the transfer lives: an abort may come before the job exists. An answer is
 * no end; the end is what the hosts show. Past the switch there is nothing left to abort. */
static void
abort_if_asked (Follow *self)
{
  gint64 now = _migrate_backend_now (self->work->backend);
  g_autoptr (MigrateCall) call = NULL;

  if (self->given_up == NULL || self->ran_at != 0 || _migrate_follow_is_switched (self)
      || !self->seen.source.present
      || (self->aborted_at != 0 && now - self->aborted_at < ABORT_AGAIN_MS * 1000))
    return;
  self->aborted_at = now;
  _migrate_work_set_phase (self->work, MIGRATE_PHASE_CANCELLING);
  call = _migrate_work_call (self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_ABORT,
                             self->work->result->guest_uuid, 0, NULL /* error */);
}

/* ---- the end ---- */

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
             || self->seen.transfer == MIGRATE_TRANSFER_FOREIGN
             || _migrate_watch_in_postcopy (&self->seen))
         && self->seen.job_active;
}

static gboolean
is_end (MigrateConclusion conclusion)
{
  return conclusion != MIGRATE_CONCLUSION_GO_ON && conclusion != MIGRATE_CONCLUSION_WAIT
         && conclusion != MIGRATE_CONCLUSION_RESUME_POSTCOPY;
}

static gboolean
go_on (Follow *self, MigrateConclusion conclusion, GError **error)
{
  switch (conclusion)
    {
    case MIGRATE_CONCLUSION_GO_ON:
      abort_if_asked (self);
      return _migrate_follow_switch (self, error);
    case MIGRATE_CONCLUSION_RESUME_POSTCOPY:
      return _migrate_follow_resume (self, error);
    default:
      return TRUE;
    }
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
      if (!tell (self, error) || !_migrate_follow_note_postcopy (self, error))
        return FALSE;
      if (may_detach (self))
        {
          self->work->result->outcome = MIGRATE_OUTCOME_DETACHED;
          _migrate_work_forget_detach (self->work);
          return FALSE;
        }
      check_cancelled (self);
      check_deadline (self);
      check_stalled (self);
      conclusion = call_off (self, _migrate_watch_decide (&self->seen));
      step = _migrate_follow_needed_step (self, conclusion);
      if (step != NULL && !_migrate_follow_act (self, step, &acted, error))
        return FALSE;
      if (acted)
        continue;
      if (step == NULL && is_end (conclusion))
        return _migrate_follow_end (self, conclusion, error);
      if (step == NULL && !go_on (self, conclusion, error))
        return FALSE;
      _migrate_work_sleep (self->work, self->poll_ms);
      if (!_migrate_follow_is_switching (self))
        self->poll_ms
          = MIN (self->poll_ms * 2, _migrate_policy_get_uint (self->work->policy, "poll-interval"));
    }
}

/* Whatever libvirt said, what lasts ends with what the hosts showed. */
static void
end_steps (MigrateWork *work, const GError *failure)
{
  for (guint i = work->steps->len; i-- > 0;)
    {
      MigrateStepEntry *step = work->steps->pdata[i];

      /* What the journal refuses now is seen by whoever writes the job's state next. */
      if (step->kind->act == NULL && step->status == MIGRATE_STEP_BEGUN)
        _migrate_steps_end (work, step, failure, NULL /* error */);
    }
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
    .poll_ms = MIGRATE_FOLLOW_FIRST_POLL_MS,
    .samples = samples,
    .seen = {
      .was_paused = before->was_paused,
      .persistent = before->persistent,
      .arrives_paused
      = !before->was_paused
        && _migrate_policy_get_enum (work->policy, "hand-over") == MIGRATE_HAND_OVER_STRICT,
      .settle_ms = _migrate_policy_get_uint (work->policy, "settle-timeout") * 1000,
      .resume_ms = (guint64) _migrate_policy_get_uint (work->policy, "resume-timeout") * 1000,
    },
  };
  GError *failure = NULL;
  gboolean moved = follow_rounds (&self, &failure);

  g_clear_error (&self.given_up);
  g_clear_error (&self.not_acted);
  g_clear_error (&self.broke);
  g_clear_pointer (&self.resumed, _migrate_transfer_call_unref);
  if (samples->len > 0 && !work->lost_claim)
    _migrate_follow_write (&self, NULL /* values */, NULL /* the step's end finds it too */);
  if (work->result->outcome == MIGRATE_OUTCOME_DETACHED)
    return FALSE;
  /* Left in the middle: nothing is proven, and nothing may be taken back under a transfer that goes
   * on. */
  if (!moved && work->result->outcome == MIGRATE_OUTCOME_NONE)
    work->result->outcome = MIGRATE_OUTCOME_UNKNOWN;
  if (work->result->outcome != MIGRATE_OUTCOME_UNKNOWN && !work->lost_claim)
    end_steps (work, failure);
  if (failure != NULL)
    g_propagate_error (error, failure);
  return moved;
}
