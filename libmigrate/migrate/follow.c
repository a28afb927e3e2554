/* Act: follow a transfer to its end. Each round looks at both hosts (sample.c), asks watch.c what
 * that means, and does it, in follow-postcopy.c and follow-end.c too. */
#include "migrate/follow-private.h"

#include "steps/steps-private.h"

#define ABORT_AGAIN_MS 2000

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
  if (self->abort_since == 0)
    self->abort_since = now;
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
      _migrate_follow_forecast (self);
      return _migrate_follow_converge (self, error);
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

      _migrate_follow_read_mailbox (self);
      _migrate_follow_sample (self);
      if (!_migrate_follow_tell (self, error) || !_migrate_follow_note_postcopy (self, error))
        return FALSE;
      if (may_detach (self))
        {
          self->work->result->outcome = MIGRATE_OUTCOME_DETACHED;
          _migrate_work_forget_detach (self->work);
          return FALSE;
        }
      _migrate_follow_check_cancelled (self);
      _migrate_follow_retune_again (self);
      if (!_migrate_follow_answer_asked (self, error))
        return FALSE;
      _migrate_follow_check_clocks (self);
      _migrate_follow_check_disks (self);
      if (self->overdue != NULL)
        return _migrate_follow_end (self, MIGRATE_CONCLUSION_UNKNOWN, error);
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
        self->poll_ms = MIN (self->poll_ms * 2, _migrate_follow_poll_ms (self));
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
  gboolean moved;

  _migrate_follow_load_asked (&self);
  _migrate_follow_load_pause (&self);
  moved = follow_rounds (&self, &failure);
  g_clear_error (&self.given_up);
  g_clear_error (&self.not_acted);
  g_clear_error (&self.broke);
  g_clear_error (&self.overdue);
  g_clear_pointer (&self.mirrors, g_variant_unref);
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
