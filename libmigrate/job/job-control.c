/* Act: steering a job from outside its operation: in this process by raising flags, in another by
 * its mailbox in the journal. */
#include "job/job-private.h"

#include "steps/asked-private.h"
#include "steps/steps-private.h"

#define LOOK_EVERY_MS MIGRATE_JOB_LOOK_EVERY_MS

void
_migrate_job_ask_cancel (MigrateJob *self, const char *why)
{
  MigrateOperation *waiting = NULL;

  _migrate_work_ask_cancel (self->work, why);
  g_mutex_lock (&self->lock);
  if (self->current_queued && _migrate_slots_give_up (self->current))
    {
      self->current_queued = FALSE;
      waiting = _migrate_job_operation_get (self->current);
    }
  g_mutex_unlock (&self->lock);
  if (waiting != NULL)
    _migrate_operation_start (waiting);
}

gboolean
_migrate_job_is_busy (MigrateJob *self)
{
  gboolean busy;

  g_mutex_lock (&self->lock);
  busy = self->current != NULL || self->cancelling_at_rest;
  g_mutex_unlock (&self->lock);
  return busy;
}

void
_migrate_job_wait_until_idle (MigrateJob *self)
{
  while (_migrate_job_is_busy (self))
    _migrate_work_sleep (self->work, LOOK_EVERY_MS);
}

gboolean
_migrate_job_is_held_elsewhere (MigrateJob *self)
{
  MigrateWork *work = self->work;
  g_autoptr (GVariant) values = NULL;

  if (work->generation != 0)
    return FALSE;
  values = _migrate_journal_load_job (work->journal, work->id, NULL /* error */);
  return values != NULL && _migrate_variant_boolean (values, MIGRATE_JOB_KEY_HELD);
}

/* ---- looking on ---- */

static void
show (MigrateJob *self, GVariant *values)
{
  g_autoptr (GVariant) variant
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_PROGRESS, G_VARIANT_TYPE_VARDICT);
  int state, phase;

  if (variant != NULL)
    {
      g_autoptr (MigrateProgress) progress = _migrate_progress_from_variant (variant);

      _migrate_job_set_progress (self, progress);
    }
  if (_migrate_enum_parse (MIGRATE_TYPE_PHASE,
                           _migrate_variant_string (values, MIGRATE_JOB_KEY_PHASE), &phase))
    _migrate_job_set_phase (self, (MigratePhase) phase);
  _migrate_job_load_policy (self, values);
  if (_migrate_enum_parse (MIGRATE_TYPE_STATE,
                           _migrate_variant_string (values, MIGRATE_JOB_KEY_STATE), &state))
    _migrate_job_set_state (self, (MigrateState) state,
                            _migrate_variant_boolean (values, MIGRATE_JOB_KEY_IN_FLIGHT));
}

gboolean
_migrate_job_look_on (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;

  for (;;)
    {
      g_autoptr (GVariant) values = _migrate_journal_load_job (work->journal, work->id, error);

      if (values == NULL)
        return FALSE;
      show (self, values);
      if (!_migrate_variant_boolean (values, MIGRATE_JOB_KEY_HELD))
        return _migrate_job_reload (self, error);
      if (_migrate_work_take_cancel (work))
        {
          /* Of the looking on, not of the job. */
          g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                       "Following was stopped; job “%s” goes on in another process", work->id);
          return FALSE;
        }
      _migrate_work_sleep (work, LOOK_EVERY_MS);
    }
}

/* ---- cancel ---- */

/* What a cancel, or giving up, came to, once the job is at rest. */
gboolean
_migrate_job_judge_end (MigrateJob *self, MigrateVerb verb, GError **error)
{
  MigrateState state = _migrate_job_where (self, NULL);

  switch (state)
    {
    case MIGRATE_STATE_CANCELLED:
    case MIGRATE_STATE_UNDONE:
      return TRUE;
    case MIGRATE_STATE_MIGRATED:
    case MIGRATE_STATE_FINALIZED:
    case MIGRATE_STATE_REVERTED:
      _migrate_edge_require (state, FALSE, verb, error);
      return FALSE;
    default:
      _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER, "Look at what the job's failure says",
                          verb == MIGRATE_VERB_CANCEL ? "The cancelled job rests in state “%s”"
                                                      : "The given up job rests in state “%s”",
                          _migrate_enum_nick (MIGRATE_TYPE_STATE, (int) state));
      return FALSE;
    }
}

static gboolean
cancel_elsewhere (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;
  g_autoptr (GVariant) none
    = g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  gboolean in_flight;
  MigrateState state;

  if (!_migrate_journal_post (work->journal, work->id, "cancel", none, error))
    return FALSE;
  while (_migrate_job_is_held_elsewhere (self))
    _migrate_work_sleep (work, LOOK_EVERY_MS);
  if (!_migrate_job_reload (self, error))
    return FALSE;
  state = _migrate_job_where (self, &in_flight);
  /* Its holder died with the message unread. */
  if (state == MIGRATE_STATE_PREPARED || state == MIGRATE_STATE_CHECKED)
    return _migrate_job_cancel_now (self, error);
  return _migrate_job_judge_end (self, MIGRATE_VERB_CANCEL, error);
}

/* An undo is no operation that a program can wait for or cancel, but nothing may begin beside it.
 */
static gboolean
set_cancelling (MigrateJob *self, gboolean cancelling)
{
  gboolean ok;

  g_mutex_lock (&self->lock);
  ok = !cancelling
       || (self->current == NULL && !self->cancelling_at_rest && !self->retuning_at_rest);
  if (ok)
    self->cancelling_at_rest = cancelling;
  g_mutex_unlock (&self->lock);
  return ok;
}

/* Nothing runs, here or elsewhere: what was prepared is undone; what is in flight is followed to
 * the end that its abort makes. */
gboolean
_migrate_job_end_at_rest (MigrateJob *self, MigrateVerb verb, gboolean *begun, GError **error)
{
  MigrateWork *work = self->work;
  g_autoptr (MigrateAsked) asked = NULL;
  g_autoptr (GError) ended = NULL;
  GError *unwritten;
  gboolean in_flight;
  MigrateState state = _migrate_job_where (self, &in_flight);

  *begun = TRUE;
  if (_migrate_edge_require (state, in_flight, verb, error) == NULL)
    return FALSE;
  *begun = set_cancelling (self, TRUE);
  if (!*begun) /* something else began meanwhile */
    return FALSE;
  if (verb == MIGRATE_VERB_GIVE_UP)
    {
      asked = _migrate_asked_new (MIGRATE_ASKED_GIVE_UP, NULL /* values */);
      _migrate_work_put (work, asked);
    }
  else
    _migrate_work_ask_cancel (work, "the caller asked for it");
  if (state == MIGRATE_STATE_PREPARED)
    _migrate_job_run_edge (self, in_flight ? MIGRATE_VERB_FOLLOW : MIGRATE_VERB_MIGRATE, &ended);
  else
    _migrate_job_set_state (self, MIGRATE_STATE_CANCELLED, FALSE);
  if (asked != NULL)
    _migrate_work_withdraw (work, asked);
  unwritten = _migrate_job_rest (self, FALSE /* looked_on */, ended);
  set_cancelling (self, FALSE);
  if (unwritten != NULL)
    {
      g_propagate_error (error, unwritten);
      return FALSE;
    }
  return _migrate_job_judge_end (self, verb, error);
}

gboolean
_migrate_job_cancel_now (MigrateJob *self, GError **error)
{
  gboolean ok, begun;

  _migrate_job_wait_for_retune (self);
  if (_migrate_job_is_busy (self))
    {
      _migrate_job_ask_cancel (self, "the caller asked for it");
      _migrate_job_wait_until_idle (self);
      return _migrate_job_judge_end (self, MIGRATE_VERB_CANCEL, error);
    }
  if (_migrate_job_is_held_elsewhere (self))
    return cancel_elsewhere (self, error);
  ok = _migrate_job_end_at_rest (self, MIGRATE_VERB_CANCEL, &begun, error);
  return begun ? ok : _migrate_job_cancel_now (self, error);
}

/* ---- detach ---- */

gboolean
_migrate_job_detach_now (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (self);
  gboolean in_flight;
  MigrateState state;

  if (_migrate_policy_get_enum (policy, "transport") == MIGRATE_TRANSPORT_DIRECT)
    {
      _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED, "Cancel it instead",
                          "A direct transfer lives in this program and cannot be left alone");
      return FALSE;
    }
  if (_migrate_plan_is_cold (work->plan))
    {
      _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED, "Cancel it instead",
                          "Files of a guest that does not run are copied by this program, and "
                          "cannot be left alone");
      return FALSE;
    }
  if (!_migrate_job_is_busy (self))
    {
      state = _migrate_job_where (self, &in_flight);
      if (state == MIGRATE_STATE_PREPARED && in_flight)
        return TRUE;
      return _migrate_edge_require (state, in_flight, MIGRATE_VERB_DETACH, error) != NULL;
    }
  _migrate_work_ask_detach (work);
  _migrate_job_wait_until_idle (self);
  state = _migrate_job_where (self, &in_flight);
  if (state == MIGRATE_STATE_PREPARED && in_flight)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_TOO_LATE, NULL /* remedy */,
                      "The job had come to rest before it could be left: “%s”",
                      _migrate_enum_nick (MIGRATE_TYPE_STATE, (int) state));
  return FALSE;
}
