/* Act: the switch to post-copy, and going on with one that broke. The switch is the hand-over: once
 * its order was written down, nothing here ever asks for an abort again. */
#include "migrate/follow-private.h"

#include "steps/steps-private.h"

#define ORDER_AGAIN_US (2 * G_TIME_SPAN_SECOND)
#define LOOK_MS 20 /* the guest stands still meanwhile, and that is measured by looking */
#define FIRST_BACK_OFF_MS 1000
#define LAST_BACK_OFF_MS 30000

static gboolean
is_begun (const MigrateStepEntry *step)
{
  return step != NULL && step->status == MIGRATE_STEP_BEGUN;
}

/* ---- the switch ---- */

gboolean
_migrate_follow_is_switched (Follow *self)
{
  const MigrateStepEntry *step = _migrate_steps_last (self->work, "start-postcopy");

  return _migrate_watch_in_postcopy (&self->seen)
         || (step != NULL && step->status != MIGRATE_STEP_FAILED);
}

/* A controller that died between the order's intent and its outcome may not have given it, and an
 * order whose answer was lost may not have been heard. Given twice it does no harm. */
static gboolean
is_to_be_ordered_again (Follow *self)
{
  return is_begun (_migrate_steps_last (self->work, "start-postcopy"))
         && (self->ordered_at == 0
             || _migrate_backend_now (self->work->backend) - self->ordered_at > ORDER_AGAIN_US);
}

/* An answer that did not come may have been a yes. */
static gboolean
is_refusal (const GError *error)
{
  return !g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TIMED_OUT)
         && !g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE);
}

static gboolean
order_switch (Follow *self, MigrateStepEntry *step, GError **error)
{
  g_autoptr (GError) refused = NULL;
  g_autoptr (MigrateCall) call
    = _migrate_work_call (self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_POSTCOPY,
                          self->work->result->guest_uuid, 0, &refused);

  self->tried_pass = self->stats.pass;
  /* Refused after one whose answer is not known, it proves nothing of that one. */
  if (call != NULL || !is_refusal (refused) || self->ordered_at != 0)
    {
      self->ordered_at = _migrate_backend_now (self->work->backend);
      self->poll_ms = LOOK_MS;
      return TRUE;
    }
  _migrate_work_warn (self->work, "The switch to post-copy was refused in pass %u: %s",
                      self->tried_pass, refused->message);
  return _migrate_steps_end (self->work, step, refused, error);
}

gboolean
_migrate_follow_switch (Follow *self, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_begin (self->work, "start-postcopy", NULL, error);

  return step != NULL && order_switch (self, step, error);
}

gboolean
_migrate_follow_switch_again (Follow *self, GError **error)
{
  return !is_to_be_ordered_again (self)
         || order_switch (self, _migrate_steps_last (self->work, "start-postcopy"), error);
}

gboolean
_migrate_follow_is_switching (Follow *self)
{
  return self->ordered_at != 0 && self->ran_at == 0 && self->seen.source.present;
}

/* ---- mending ---- */

static gint64
since_ms (Follow *self, gint64 since)
{
  return (_migrate_backend_now (self->work->backend) - since) / 1000;
}

/* The next attempt waits twice as long as the last did, from its end on. */
static gboolean
note_attempt (Follow *self, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_last (self->work, "resume-postcopy");
  g_autoptr (GError) failure = NULL;

  if (self->resumed == NULL || !is_begun (step)
      || _migrate_transfer_call_get_state (self->resumed) == MIGRATE_TRANSFER_OPEN)
    return TRUE;
  failure = _migrate_transfer_call_dup_error (self->resumed);
  self->back_off_ms = CLAMP (self->back_off_ms * 2, FIRST_BACK_OFF_MS, LAST_BACK_OFF_MS);
  self->resume_at = _migrate_backend_now (self->work->backend) + (gint64) self->back_off_ms * 1000;
  return _migrate_steps_end (self->work, step, failure, error);
}

gboolean
_migrate_follow_note_postcopy (Follow *self, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_last (self->work, "start-postcopy");

  if (!_migrate_watch_in_postcopy (&self->seen))
    return TRUE;
  _migrate_steps_tell_handed_over (self->work);
  if (!_migrate_watch_postcopy_is_broken (&self->seen))
    self->back_off_ms = 0;
  if (is_begun (step) && !_migrate_steps_end (self->work, step, NULL /* failure */, error))
    return FALSE;
  return note_attempt (self, error);
}

/* The first cause is what the first call said; what a try said is told with the next. */
static void
tell_attempt (Follow *self)
{
  g_autoptr (GError) said
    = self->call != NULL ? _migrate_transfer_call_dup_error (self->call) : NULL;

  self->attempts++;
  _migrate_work_decide (self->work, "resume-postcopy",
                        "the post-copy has been broken on both hosts for %" G_GINT64_FORMAT
                        " ms; attempt %u within %" G_GUINT64_FORMAT " s; before: %s",
                        since_ms (self, self->broken_since), self->attempts,
                        self->seen.resume_ms / 1000,
                        said != NULL ? said->message : "another process made the call");
  if (self->broke == NULL)
    self->broke = g_steal_pointer (&said);
}

gboolean
_migrate_follow_resume (Follow *self, GError **error)
{
  MigrateTransferCall *call;

  if (self->resume_at == 0) /* the first one: the path has just been away */
    self->resume_at
      = _migrate_backend_now (self->work->backend) + (gint64) FIRST_BACK_OFF_MS * 1000;
  if (_migrate_backend_now (self->work->backend) < self->resume_at)
    return TRUE;
  tell_attempt (self);
  call = _migrate_transfer_resume (self->work, self->before, error);
  if (call == NULL)
    return FALSE;
  g_clear_pointer (&self->resumed, _migrate_transfer_call_unref);
  self->resumed = call;
  self->call = call;
  return TRUE;
}
