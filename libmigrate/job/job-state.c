/* A job's fields, and the way from a worker to the program's signals. Fields are set first, then
 * the notification is queued; a notification that reads the field when it is delivered may so be
 * left out when one is pending already (progress). */
#include "job/job-private.h"

typedef enum
{
  NOTE_STATE,
  NOTE_PHASE,
  NOTE_PROGRESS,
  NOTE_DECISION,
  NOTE_POLICY
} NoteKind;

typedef struct
{
  MigrateJob *job;
  NoteKind kind;
  MigrateState before, now;
  MigrateDecision *decision;
} Note;

static void
deliver_note (gpointer data)
{
  Note *note = data;
  MigrateJob *job = note->job;

  switch (note->kind)
    {
    case NOTE_STATE:
      _migrate_job_emit_state (job, note->before, note->now);
      break;
    case NOTE_PHASE:
      _migrate_job_emit_phase (job);
      break;
    case NOTE_PROGRESS:
      g_mutex_lock (&job->lock);
      job->progress_pending = FALSE;
      g_mutex_unlock (&job->lock);
      _migrate_job_emit_progress (job);
      break;
    case NOTE_DECISION:
      _migrate_job_emit_decision (job, note->decision);
      migrate_decision_unref (note->decision);
      break;
    case NOTE_POLICY:
      _migrate_job_emit_policy (job);
      break;
    }
  g_object_unref (job);
  g_free (note);
}

static Note *
note_new (MigrateJob *job, NoteKind kind)
{
  Note *note = g_new0 (Note, 1);

  note->job = g_object_ref (job);
  note->kind = kind;
  return note;
}

static void
note_push (Note *note)
{
  _migrate_queue_push (note->job->queue, note->job->work->backend, deliver_note, note);
}

MigrateState
_migrate_job_where (MigrateJob *self, gboolean *in_flight)
{
  MigrateState state;

  g_mutex_lock (&self->lock);
  state = self->state;
  if (in_flight != NULL)
    *in_flight = self->in_flight;
  g_mutex_unlock (&self->lock);
  return state;
}

void
_migrate_job_set_state (MigrateJob *self, MigrateState state, gboolean in_flight)
{
  Note *note;
  MigrateState before;
  gboolean changed;

  g_mutex_lock (&self->lock);
  before = self->state;
  changed = before != state || self->in_flight != in_flight;
  self->state = state;
  self->in_flight = in_flight;
  g_mutex_unlock (&self->lock);
  if (!changed)
    return;
  note = note_new (self, NOTE_STATE);
  note->before = before;
  note->now = state;
  note_push (note);
}

void
_migrate_job_set_phase (MigrateJob *self, MigratePhase phase)
{
  gboolean changed;

  g_mutex_lock (&self->lock);
  changed = self->phase != phase;
  self->phase = phase;
  g_mutex_unlock (&self->lock);
  if (changed)
    note_push (note_new (self, NOTE_PHASE));
}

void
_migrate_job_set_progress (MigrateJob *self, MigrateProgress *progress)
{
  gboolean pending;

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->progress, migrate_progress_unref);
  self->progress = migrate_progress_ref (progress);
  pending = self->progress_pending;
  self->progress_pending = TRUE;
  g_mutex_unlock (&self->lock);
  if (!pending)
    note_push (note_new (self, NOTE_PROGRESS));
}

void
_migrate_job_set_report (MigrateJob *self, MigrateReport *report, MigrateFacts *facts)
{
  g_mutex_lock (&self->lock);
  g_set_object (&self->report, report);
  g_clear_pointer (&self->facts, migrate_facts_unref);
  self->facts = migrate_facts_ref (facts);
  g_mutex_unlock (&self->lock);
}

void
_migrate_job_set_result (MigrateJob *self, MigrateResult *result)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->result, migrate_result_unref);
  self->result = result;
  g_mutex_unlock (&self->lock);
}

void
_migrate_job_publish_result (MigrateJob *self)
{
  g_autoptr (GVariant) values
    = g_variant_ref_sink (_migrate_result_to_variant (self->work->result));

  _migrate_job_set_result (self, _migrate_result_from_variant (values));
}

void
_migrate_job_set_failure (MigrateJob *self, MigrateFailure *failure)
{
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->failure, migrate_failure_unref);
  self->failure = failure;
  g_mutex_unlock (&self->lock);
}

static void
report_phase (gpointer data, MigratePhase phase)
{
  _migrate_job_set_phase (data, phase);
}

static void
report_progress (gpointer data, MigrateProgress *progress)
{
  _migrate_job_set_progress (data, progress);
}

static void
report_decision (gpointer data, MigrateDecision *decision)
{
  Note *note = note_new (data, NOTE_DECISION);

  note->decision = migrate_decision_ref (decision);
  note_push (note);
}

void
_migrate_job_adopt_policy (MigrateJob *self, MigratePolicy *policy)
{
  g_mutex_lock (&self->lock);
  g_set_object (&self->policy, policy);
  if (self->work != NULL)
    g_set_object (&self->work->policy, policy);
  g_mutex_unlock (&self->lock);
  if (self->work != NULL)
    note_push (note_new (self, NOTE_POLICY));
}

static void
report_policy (gpointer data, MigratePolicy *policy)
{
  _migrate_job_adopt_policy (data, policy);
}

static gboolean
report_enter_journal (gpointer data, GError **error)
{
  MigrateJob *self = data;

  return self->in_journal || _migrate_job_write (self, error);
}

const MigrateWorkReport _migrate_job_work_report
  = { report_phase, report_progress, report_decision, report_policy, report_enter_journal };
