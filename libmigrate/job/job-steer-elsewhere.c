/* Act: the operator's verbs on a job that another process holds. The message in its mailbox names
 * the claim that it is for, until when it may be carried out, and a token; the answer is an entry
 * of the job's log with that token. An asker that gives up takes its message back by another one,
 * and both are read at once. So a holder that was stopped, and wakes up after the asker has been
 * told that nothing came of it, does nothing; nor does the one that takes the job over. */
#include "job/job-private.h"

#include "steps/asked-private.h"

/* What a holder that began in the last moment of the message needs to write that down. */
#define GRACE_MS 5000

typedef struct
{
  MigrateJob *job;
  MigrateVerb verb;
  char *token;
  guint patience_ms;
  gint64 deadline; /* backend time */
  gboolean withdrawn;
} Question;

static gboolean
post (Question *self, GVariant *job, GVariant *values, GError **error)
{
  MigrateWork *work = self->job->work;
  g_autoptr (GVariant) message = g_variant_ref_sink (_migrate_asked_to_message (
    self->token, _migrate_variant_uint64 (job, MIGRATE_JOB_KEY_GENERATION, 0),
    g_get_real_time () + (gint64) self->patience_ms * 1000, values));

  return _migrate_journal_post (work->journal, work->id, _migrate_verb_name (self->verb), message,
                                error);
}

/* "begun", "done", "refused", or NULL: there is none. */
static const char *
answer_of (Question *self, GVariant *entry, GVariant **values)
{
  g_autoptr (GVariant) told = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);

  if (g_strcmp0 (_migrate_variant_string (entry, "kind"), MIGRATE_ASKED_ENTRY) != 0
      || g_strcmp0 (_migrate_variant_string (told, MIGRATE_ASKED_KEY_TOKEN), self->token) != 0)
    return NULL;
  g_clear_pointer (values, g_variant_unref);
  *values = g_steal_pointer (&told);
  return _migrate_variant_string (entry, "status");
}

/* What the log says by now: TRUE: it is answered, *refused tells how. */
static gboolean
is_answered (Question *self, gboolean *begun, GError **refused)
{
  MigrateWork *work = self->job->work;
  g_autoptr (GVariant) entries
    = _migrate_journal_load_entries (work->journal, work->id, NULL /* error */);
  g_autoptr (GVariant) values = NULL;

  for (gsize i = entries != NULL ? g_variant_n_children (entries) : 0; i-- > 0;)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      const char *status = answer_of (self, entry, &values);

      if (status == NULL)
        continue;
      *begun = TRUE;
      if (g_str_equal (status, "begun"))
        return FALSE;
      *refused = g_str_equal (status, "done") ? NULL : _migrate_asked_refusal (values);
      return TRUE;
    }
  return FALSE;
}

static GError *
timed_out (Question *self, gboolean begun)
{
  if (begun)
    return _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, "See what the job does",
                               "The process that holds job “%s” has begun with “%s”, and did not "
                               "end it within %u s",
                               self->job->id, _migrate_verb_name (self->verb),
                               2 * self->patience_ms / 1000);
  return _migrate_error_new (
    MIGRATE_ERROR_TIMED_OUT, "See whether that process is stopped",
    "The process that holds job “%s” has not answered within %u s: “%s” is "
    "not done, and will not be",
    self->job->id, self->patience_ms / 1000, _migrate_verb_name (self->verb));
}

static void
withdraw (Question *self)
{
  MigrateWork *work = self->job->work;
  g_autoptr (GVariant) message
    = g_variant_ref_sink (_migrate_asked_to_message (self->token, 0, 0, NULL /* values */));

  self->withdrawn = _migrate_journal_post (work->journal, work->id, MIGRATE_ASKED_WITHDRAW, message,
                                           NULL /* its time is over too */);
}

static gboolean
is_over (Question *self, gboolean begun)
{
  gint64 more = begun ? self->patience_ms : GRACE_MS;
  gint64 now = _migrate_backend_now (self->job->work->backend);

  if (now < self->deadline)
    return FALSE;
  if (!self->withdrawn)
    withdraw (self);
  return now >= self->deadline + more * 1000;
}

/* What the journal says of the job counts: this process may have loaded it long ago. */
static const MigrateEdge *
require (GVariant *job, MigrateVerb verb, GError **error)
{
  int state;

  if (!_migrate_enum_parse (MIGRATE_TYPE_STATE,
                            _migrate_variant_string (job, MIGRATE_JOB_KEY_STATE), &state))
    state = MIGRATE_STATE_FAILED;
  return _migrate_edge_require (
    (MigrateState) state, _migrate_variant_boolean (job, MIGRATE_JOB_KEY_IN_FLIGHT), verb, error);
}

/* FALSE without *refused: nobody holds the job any more. Its holder's last word may have been
 * written just before it let the job go. */
static gboolean
wait (Question *self, GError **refused)
{
  MigrateWork *work = self->job->work;
  gboolean begun = FALSE, answered;

  for (;;)
    {
      g_autoptr (GVariant) job = _migrate_journal_load_job (work->journal, work->id, refused);

      if (job == NULL)
        return FALSE;
      answered = is_answered (self, &begun, refused);
      if (answered)
        return *refused == NULL;
      if (!_migrate_variant_boolean (job, MIGRATE_JOB_KEY_HELD))
        return FALSE;
      if (require (job, self->verb, refused) == NULL) /* it went on without having read it */
        return FALSE;
      if (is_over (self, begun))
        {
          *refused = timed_out (self, begun);
          return FALSE;
        }
      _migrate_work_sleep (work, MIGRATE_JOB_LOOK_EVERY_MS);
    }
}

static gboolean
conclude (Question *self, GError **error)
{
  MigrateJob *job = self->job;
  g_autoptr (GVariant) values = NULL;

  if (self->verb != MIGRATE_VERB_GIVE_UP)
    {
      values = _migrate_journal_load_job (job->work->journal, job->work->id, NULL /* error */);
      if (values != NULL)
        _migrate_job_load_policy (job, values);
      return TRUE;
    }
  while (_migrate_job_is_held_elsewhere (job))
    _migrate_work_sleep (job->work, MIGRATE_JOB_LOOK_EVERY_MS);
  return _migrate_job_reload (job, error) && _migrate_job_judge_end (job, self->verb, error);
}

static gboolean
ask (Question *self, GVariant *job, GVariant *values, GError **error)
{
  GError *refused = NULL;

  if (!post (self, job, values, error))
    return FALSE;
  if (wait (self, &refused))
    return conclude (self, error);
  if (refused != NULL)
    {
      g_propagate_error (error, refused);
      return FALSE;
    }
  _migrate_job_reload (self->job, error); /* and is looked at again, held by nobody */
  return FALSE;
}

gboolean
_migrate_job_steer_elsewhere (MigrateJob *self, MigrateVerb verb, GVariant *values, GError **error)
{
  MigrateWork *work = self->work;
  Question question = { .job = self, .verb = verb, .patience_ms = _migrate_job_patience_ms (self) };
  g_autoptr (GVariant) job = _migrate_journal_load_job (work->journal, work->id, error);
  g_autofree char *token = g_uuid_string_random ();

  if (job == NULL || require (job, verb, error) == NULL)
    return FALSE;
  /* Before a transfer its holder reads no mailbox for this. */
  if (verb == MIGRATE_VERB_GIVE_UP && !_migrate_variant_boolean (job, MIGRATE_JOB_KEY_IN_FLIGHT))
    return _migrate_job_cancel_now (self, error);
  question.token = token;
  question.deadline = _migrate_backend_now (work->backend) + (gint64) question.patience_ms * 1000;
  return ask (&question, job, values, error);
}
