/* Act: the operator's verbs on a job. An operation that runs is asked, and its worker answers;
 * beside none, or one that waits for a slot, only the policy can be changed. */
#include "job/job-private.h"

#include "steps/asked-private.h"

#define CALLS_OF_A_ROUND 3
#define ROUND_MS 5000

static MigrateAskedVerb
asked_verb (MigrateVerb verb)
{
  switch (verb)
    {
    case MIGRATE_VERB_FINISH_NOW:
      return MIGRATE_ASKED_FINISH_NOW;
    case MIGRATE_VERB_PAUSE:
      return MIGRATE_ASKED_PAUSE;
    case MIGRATE_VERB_GIVE_UP:
      return MIGRATE_ASKED_GIVE_UP;
    default:
      return MIGRATE_ASKED_RETUNE;
    }
}

/* A round of a worker that is well takes milliseconds; one whose hosts do not answer, some calls.
 */
guint
_migrate_job_patience_ms (MigrateJob *self)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (self);

  return CALLS_OF_A_ROUND * _migrate_policy_get_uint (policy, "call-timeout") + ROUND_MS;
}

/* ---- at rest ---- */

static gboolean
is_retuning (MigrateJob *self)
{
  gboolean retuning;

  g_mutex_lock (&self->lock);
  retuning = self->retuning_at_rest;
  g_mutex_unlock (&self->lock);
  return retuning;
}

void
_migrate_job_wait_for_retune (MigrateJob *self)
{
  while (is_retuning (self))
    _migrate_work_sleep (self->work, MIGRATE_JOB_LOOK_EVERY_MS);
}

/* FALSE: a worker runs, and is to be asked. */
static gboolean
begin_retune (MigrateJob *self)
{
  gboolean ok;

  g_mutex_lock (&self->lock);
  ok = (self->current == NULL || self->current_queued) && !self->cancelling_at_rest
       && !self->retuning_at_rest;
  if (ok)
    self->retuning_at_rest = TRUE;
  g_mutex_unlock (&self->lock);
  return ok;
}

static void
end_retune (MigrateJob *self)
{
  g_mutex_lock (&self->lock);
  self->retuning_at_rest = FALSE;
  g_mutex_unlock (&self->lock);
  _migrate_work_wake (self->work);
}

static gboolean
write_policy (MigrateJob *self, MigratePolicy *policy, GError **error)
{
  GVariantBuilder builder;

  if (!self->in_journal)
    return TRUE;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_POLICY,
                         _migrate_policy_to_variant (policy));
  return _migrate_work_update (self->work, g_variant_builder_end (&builder), error);
}

static GError *
retune_before (MigrateJob *self, GVariant *values)
{
  GError *error = NULL;
  g_autoptr (MigratePolicy) before = migrate_job_dup_policy (self);
  g_autoptr (MigratePolicy) policy = _migrate_policy_retune (before, values, &error);
  g_autofree char *what = NULL;

  if (policy == NULL || !write_policy (self, policy, &error))
    return error;
  what = _migrate_policy_describe_change (before, policy, values);
  _migrate_job_adopt_policy (self, policy);
  if (self->in_journal)
    _migrate_work_decide (self->work, "retune", "asked for before the transfer: %s", what);
  return NULL;
}

void
_migrate_job_answer_asked (MigrateJob *self)
{
  g_autoptr (GPtrArray) taken = _migrate_work_take_asked (self->work);

  for (guint i = 0; i < taken->len; i++)
    {
      MigrateAsked *asked = taken->pdata[i];
      gboolean in_flight;
      MigrateState state = _migrate_job_where (self, &in_flight);

      /* Whoever asked for anything else looks at the job's state meanwhile. */
      if (asked->verb == MIGRATE_ASKED_RETUNE && !in_flight
          && _migrate_edge_find (state, in_flight, MIGRATE_VERB_RETUNE) != NULL)
        _migrate_work_answer (self->work, asked, retune_before (self, asked->values));
      else
        _migrate_work_put_back (self->work, asked);
    }
}

/* Who has seen the phase “starting” need not see that the transfer is not written down yet. */
static MigrateState
where (MigrateJob *self, gboolean *in_flight)
{
  MigrateState state = _migrate_job_where (self, in_flight);

  if (state == MIGRATE_STATE_PREPARED && migrate_job_get_phase (self) == MIGRATE_PHASE_STARTING)
    *in_flight = TRUE;
  return state;
}

/* ---- asking the worker ---- */

static gboolean
may_go_on (MigrateJob *self, MigrateVerb verb)
{
  gboolean in_flight;
  MigrateState state = where (self, &in_flight);

  return _migrate_job_is_busy (self) && _migrate_edge_find (state, in_flight, verb) != NULL;
}

/* *asked_for: FALSE: the operation ended, or went on to another state, before it was taken up. */
static gboolean
ask_worker (MigrateJob *self, MigrateVerb verb, GVariant *values, gboolean *asked_for,
            GError **error)
{
  MigrateWork *work = self->work;
  guint patience = _migrate_job_patience_ms (self);
  gint64 deadline = _migrate_backend_now (work->backend) + (gint64) patience * 1000;
  g_autoptr (MigrateAsked) asked = _migrate_asked_new (asked_verb (verb), values);
  GError *refused = NULL;

  _migrate_work_put (work, asked);
  while (!_migrate_work_await (work, asked, MIGRATE_JOB_LOOK_EVERY_MS, &refused))
    {
      gboolean late = _migrate_backend_now (work->backend) >= deadline;

      if ((!late && may_go_on (self, verb)) || !_migrate_work_withdraw (work, asked))
        continue;
      *asked_for = late && may_go_on (self, verb);
      if (*asked_for)
        _migrate_set_error (error, MIGRATE_ERROR_TIMED_OUT, "Ask again",
                            "“%s” was not taken up within %u s, and is not done",
                            _migrate_verb_name (verb), patience / 1000);
      return FALSE;
    }
  *asked_for = TRUE;
  if (refused == NULL)
    return TRUE;
  g_propagate_error (error, refused);
  return FALSE;
}

/* ---- each verb ---- */

/* *done: FALSE: the job is not where it was: look again. */
static gboolean
steer_running (MigrateJob *self, MigrateVerb verb, GVariant *values, gboolean *done, GError **error)
{
  if (!ask_worker (self, verb, values, done, error))
    return FALSE;
  if (verb != MIGRATE_VERB_GIVE_UP)
    return TRUE;
  _migrate_job_wait_until_idle (self);
  return _migrate_job_judge_end (self, verb, error);
}

static gboolean
refuse_unfollowed (MigrateJob *self, MigrateVerb verb, GError **error)
{
  _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER, "Follow the job, then ask again",
                      "“%s” is not done: nobody follows job “%s”", _migrate_verb_name (verb),
                      self->id);
  return FALSE;
}

static gboolean
steer_resting (MigrateJob *self, MigrateVerb verb, GVariant *values, gboolean *done, GError **error)
{
  gboolean in_flight;
  MigrateState state = _migrate_job_where (self, &in_flight);
  GError *refused;

  if (verb == MIGRATE_VERB_GIVE_UP)
    return _migrate_job_end_at_rest (self, verb, done, error);
  *done = TRUE;
  /* A prepared job has a claim: without it nothing of the job may be written. */
  if (in_flight || (state == MIGRATE_STATE_PREPARED && self->work->generation == 0))
    return refuse_unfollowed (self, verb, error);
  *done = begin_retune (self);
  if (!*done)
    return FALSE;
  refused = retune_before (self, values);
  end_retune (self);
  if (refused == NULL)
    return TRUE;
  g_propagate_error (error, refused);
  return FALSE;
}

static gboolean
is_running (MigrateJob *self)
{
  gboolean running;

  g_mutex_lock (&self->lock);
  running = (self->current != NULL && !self->current_queued) || self->cancelling_at_rest;
  g_mutex_unlock (&self->lock);
  return running;
}

static gboolean
steer_here (MigrateJob *self, MigrateVerb verb, GVariant *values, gboolean *done, GError **error)
{
  gboolean in_flight;
  MigrateState state = where (self, &in_flight);

  *done = TRUE;
  if (_migrate_edge_require (state, in_flight, verb, error) == NULL)
    return FALSE;
  if (verb == MIGRATE_VERB_GIVE_UP && !in_flight)
    return _migrate_job_cancel_now (self, error);
  return is_running (self) ? steer_running (self, verb, values, done, error)
                           : steer_resting (self, verb, values, done, error);
}

gboolean
_migrate_job_steer_now (MigrateJob *self, MigrateVerb verb, GVariant *values, GError **error)
{
  for (;;)
    {
      GError *failed = NULL;
      gboolean ok, done;

      _migrate_job_wait_for_retune (self);
      if (_migrate_job_is_held_elsewhere (self))
        {
          ok = _migrate_job_steer_elsewhere (self, verb, values, &failed);
          done = ok || failed != NULL;
        }
      else
        ok = steer_here (self, verb, values, &done, &failed);
      if (done && failed != NULL)
        g_propagate_error (error, failed);
      if (done)
        return ok;
    }
}
