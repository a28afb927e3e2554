/* Act: operations: a worker that takes one edge, or as many as it can (run, follow). Where it must
 * wait for a free transfer it gives its thread up. */
#include "job/job-private.h"

#include "steps/asked-private.h"

struct _MigrateJobOperation
{
  MigrateJob *job; /* kept by the caller, or by the GTask */
  MigrateVerb verb;
  GVariant *values; /* nullable */
  gboolean begun;
  MigrateOperation *operation;
  GCancellable *cancellable; /* nullable */
  gulong cancelled_id;
};

MigrateOperation *
_migrate_job_operation_get (MigrateJobOperation *op)
{
  return op->operation;
}

static gboolean
takes_many (MigrateVerb verb)
{
  return verb == MIGRATE_VERB_RUN || verb == MIGRATE_VERB_FOLLOW;
}

static MigrateVerb
edge_of (MigrateVerb verb)
{
  return verb == MIGRATE_VERB_PLAN ? MIGRATE_VERB_CHECK : verb;
}

static gboolean
next_edge (MigrateJobOperation *op, MigrateVerb *verb)
{
  MigrateWork *work = op->job->work;
  gboolean in_flight;
  MigrateState state = _migrate_job_where (op->job, &in_flight);

  if (!takes_many (op->verb))
    {
      *verb = edge_of (op->verb);
      return TRUE;
    }
  if (state == MIGRATE_STATE_MIGRATED
      && _migrate_policy_get_enum (work->policy, "confirm") == MIGRATE_CONFIRM_MANUAL)
    return FALSE;
  if (op->verb == MIGRATE_VERB_FOLLOW && state == MIGRATE_STATE_FAILED)
    {
      *verb = MIGRATE_VERB_FOLLOW;
      return TRUE;
    }
  return _migrate_edge_next (state, in_flight, verb);
}

static void
slots_granted (gpointer data)
{
  MigrateJobOperation *op = data;

  g_mutex_lock (&op->job->lock);
  op->job->current_queued = FALSE;
  g_mutex_unlock (&op->job->lock);
  op->job->work->slots_held = TRUE;
  _migrate_operation_start (op->operation);
}

/* FALSE: the operation goes on later, on another thread; nothing of it may be touched. A run asks
 * before it prepares, so that nobody queues with the claim in his hands. */
static gboolean
take_slots (MigrateJobOperation *op, MigrateVerb verb)
{
  MigrateJob *self = op->job;
  MigrateWork *work = self->work;
  gboolean needed
    = verb == MIGRATE_VERB_MIGRATE || (verb == MIGRATE_VERB_PREPARE && takes_many (op->verb));
  gboolean cancelled;

  if (!needed || work->slots_held)
    return TRUE;
  work->slots_held = _migrate_slots_acquire (work->source, work->max_outgoing, work->destination,
                                             work->max_incoming, NULL, NULL);
  if (work->slots_held)
    return TRUE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_QUEUED);
  /* Under the lock, so that a cancel comes either before (seen here) or after (finds us queued).
   * Being granted takes the same lock before it goes on. */
  g_mutex_lock (&self->lock);
  cancelled = _migrate_work_is_cancelled (work);
  if (!cancelled)
    {
      if (_migrate_slots_acquire (work->source, work->max_outgoing, work->destination,
                                  work->max_incoming, slots_granted, op))
        work->slots_held = TRUE;
      else
        self->current_queued = TRUE;
    }
  cancelled |= work->slots_held;
  g_mutex_unlock (&self->lock);
  return cancelled;
}

static void
settle_result (MigrateJob *self, const GError *error)
{
  MigrateWork *work = self->work;
  MigrateState state = _migrate_job_where (self, NULL);
  MigratePhase phase = work->failed_phase != MIGRATE_PHASE_IDLE ? work->failed_phase : work->phase;

  work->failed_phase = MIGRATE_PHASE_IDLE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_IDLE); /* the last phase's time is known now */
  work->result->total_ms = _migrate_work_elapsed_ms (work);
  if (error != NULL)
    _migrate_job_set_failure (self, _migrate_failure_new (error, phase));
  else if (state == MIGRATE_STATE_FINALIZED || state == MIGRATE_STATE_MIGRATED
           || state == MIGRATE_STATE_REVERTED)
    _migrate_job_set_failure (self, NULL);
  if (state != MIGRATE_STATE_NEW && state != MIGRATE_STATE_CHECKED)
    _migrate_job_publish_result (self);
}

/* It rests all the same, and says what the journal does not know. */
static void
settle_unwritten (MigrateJob *self, const GError *error, const GError *unwritten)
{
  _migrate_work_warn_journal (self->work, unwritten);
  if (self->result != NULL)
    _migrate_job_publish_result (self);
  if (error == NULL)
    _migrate_job_set_failure (self, _migrate_failure_new (unwritten, MIGRATE_PHASE_IDLE));
}

static void
operation_value (MigrateJobOperation *op, gpointer *value, GDestroyNotify *free_value)
{
  MigrateJob *self = op->job;

  *value = NULL;
  *free_value = NULL;
  g_mutex_lock (&self->lock);
  if (op->verb == MIGRATE_VERB_CHECK)
    {
      *value = g_object_ref (self->report);
      *free_value = g_object_unref;
    }
  else if (op->verb == MIGRATE_VERB_PLAN)
    {
      *value = migrate_plan_ref (self->plan);
      *free_value = (GDestroyNotify) migrate_plan_unref;
    }
  else if (takes_many (op->verb))
    {
      *value = migrate_result_ref (self->result);
      *free_value = (GDestroyNotify) migrate_result_unref;
    }
  g_mutex_unlock (&self->lock);
}

/* The job comes to rest: what it came to is set and written, what it held is given back. The
 * error of the write, which the caller may have no other than, is returned. */
GError *
_migrate_job_rest (MigrateJob *self, gboolean looked_on, const GError *error)
{
  MigrateWork *work = self->work;
  GError *unwritten = NULL;

  if (work->slots_held)
    {
      work->slots_held = FALSE;
      _migrate_slots_release (work->source, work->destination);
    }
  if (looked_on)
    {
      _migrate_work_set_phase (work, MIGRATE_PHASE_IDLE);
      return NULL; /* the job, and what is written of it, is another's */
    }
  settle_result (self, error);
  if (self->in_journal && !work->lost_claim && !_migrate_job_write (self, &unwritten))
    settle_unwritten (self, error, unwritten);
  if (_migrate_state_is_closed (_migrate_job_where (self, NULL))
      || work->result->outcome == MIGRATE_OUTCOME_DETACHED)
    _migrate_job_release_claim (self);
  return unwritten;
}

/* Chores alone: the move's numbers and its failure stay as they were. */
static GError *
rest_after_chores (MigrateJob *self)
{
  GError *unwritten = NULL;

  _migrate_job_publish_result (self);
  if (!self->work->lost_claim && self->work->generation != 0)
    _migrate_job_write (self, &unwritten);
  _migrate_job_release_claim (self);
  return unwritten;
}

/* A revert that was refused is no failure of the move. */
static gboolean
concerns_move (MigrateJobOperation *op)
{
  return op->verb != MIGRATE_VERB_REVERT || op->job->work->reverting || op->job->work->lost_claim;
}

/* The last that a worker does; afterwards the job may be gone. */
static void
operation_end (MigrateJobOperation *op, GError *error)
{
  MigrateJob *self = op->job;
  MigrateOutcome outcome = self->work->result->outcome;
  g_autoptr (MigrateWork) kept = _migrate_work_ref (self->work);
  gboolean looked_on = op->verb == MIGRATE_VERB_FOLLOW && self->work->generation == 0;
  g_autoptr (GError) unwritten
    = op->verb == MIGRATE_VERB_CHORES
        ? rest_after_chores (self)
        : _migrate_job_rest (self, looked_on, concerns_move (op) ? error : NULL);
  gpointer value = NULL;
  GDestroyNotify free_value = NULL;

  if (error == NULL)
    error = g_steal_pointer (&unwritten);
  if (error == NULL && outcome == MIGRATE_OUTCOME_DETACHED && takes_many (op->verb))
    error = _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER, "Follow the job to go on",
                                "The transfer was left running under libvirt");
  if (error == NULL)
    operation_value (op, &value, &free_value);
  /* Not the handler's own thread, so this may wait for one that is about to run. */
  g_cancellable_disconnect (op->cancellable, op->cancelled_id);
  _migrate_work_forget_messages (kept);
  g_mutex_lock (&self->lock);
  self->current = NULL;
  g_mutex_unlock (&self->lock);
  _migrate_work_wake (kept);
  _migrate_operation_end (op->operation, value, free_value, error);
}

/* What follow finds: a job that another process ended, one to be taken over, or nothing that can
 * be followed. */
static gboolean
begin_follow (MigrateJob *self, GError **error)
{
  gboolean in_flight;
  MigrateState state;

  if (self->work->generation == 0 && !_migrate_job_look_on (self, error))
    return FALSE;
  state = _migrate_job_where (self, &in_flight);
  if (state == MIGRATE_STATE_MIGRATED || state == MIGRATE_STATE_FINALIZED)
    return TRUE;
  if (_migrate_state_is_closed (state) && self->failure != NULL)
    {
      g_propagate_error (error, _migrate_failure_to_error (self->failure));
      return FALSE;
    }
  return _migrate_edge_require (state, in_flight, MIGRATE_VERB_FOLLOW, error) != NULL;
}

static void
run_main (MigrateJobOperation *op)
{
  MigrateJob *self = op->job;
  GError *error = NULL;
  MigrateVerb verb;

  _migrate_job_wait_for_retune (self);
  /* Resumed after a wait for a slot it goes on where it was. */
  if (op->verb == MIGRATE_VERB_FOLLOW && !op->begun && !begin_follow (self, &error))
    {
      operation_end (op, error);
      return;
    }
  op->begun = TRUE;
  while (next_edge (op, &verb))
    {
      _migrate_job_answer_asked (self);
      if (!take_slots (op, verb))
        return;
      if (!_migrate_job_run_edge (self, verb, &error) || !takes_many (op->verb))
        break;
    }
  operation_end (op, error);
}

static void
control_main (MigrateJobOperation *op)
{
  GError *error = NULL;

  if (op->verb == MIGRATE_VERB_CANCEL)
    _migrate_job_cancel_now (op->job, &error);
  else if (op->verb == MIGRATE_VERB_DETACH)
    _migrate_job_detach_now (op->job, &error);
  else
    _migrate_job_steer_now (op->job, op->verb, op->values, &error);
  g_cancellable_disconnect (op->cancellable, op->cancelled_id);
  _migrate_operation_end (op->operation, NULL, NULL, error);
}

static gboolean
is_control (MigrateVerb verb)
{
  switch (verb)
    {
    case MIGRATE_VERB_CANCEL:
    case MIGRATE_VERB_DETACH:
    case MIGRATE_VERB_RETUNE:
    case MIGRATE_VERB_FINISH_NOW:
    case MIGRATE_VERB_PAUSE:
    case MIGRATE_VERB_GIVE_UP:
      return TRUE;
    default:
      return FALSE;
    }
}

static void
operation_main (MigrateOperation *operation, gpointer data)
{
  MigrateJobOperation *op = data;

  if (is_control (op->verb))
    control_main (op);
  else
    run_main (op);
}

static void
operation_free (gpointer data)
{
  MigrateJobOperation *op = data;

  g_clear_object (&op->cancellable);
  g_clear_pointer (&op->values, g_variant_unref);
  g_free (op);
}

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  _migrate_job_ask_cancel (data, "the caller asked for it");
}

/* ---- starting ---- */

static gboolean
ensure_work (MigrateJob *self, GError **error)
{
  MigrateLink *source, *destination;
  MigrateWork *work;

  if (self->work != NULL)
    return TRUE;
  if (self->source == NULL || self->destination == NULL || self->guest == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                          "A job needs a guest, a source and a destination");
      return FALSE;
    }
  /* Before a backend is chosen by them. */
  if (!_migrate_uri_check (migrate_host_get_uri (self->source), MIGRATE_URI_CONNECTION, error)
      || !_migrate_uri_check (migrate_host_get_uri (self->destination), MIGRATE_URI_CONNECTION,
                              error))
    return FALSE;
  source = _migrate_host_get_link (self->source);
  destination = _migrate_host_get_link (self->destination);
  if (_migrate_link_get_backend (source) != _migrate_link_get_backend (destination))
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                          "Source and destination are of different worlds");
      return FALSE;
    }
  work = _migrate_work_new (self->id);
  work->backend = _migrate_link_get_backend (source);
  work->queue = _migrate_queue_ref (self->queue);
  work->report = &_migrate_job_work_report;
  work->report_data = self;
  work->guest = g_strdup (self->guest);
  work->source = _migrate_link_ref (source);
  work->destination = _migrate_link_ref (destination);
  work->source_uri = g_strdup (migrate_host_get_uri (self->source));
  work->destination_uri = g_strdup (migrate_host_get_uri (self->destination));
  work->result->source = _migrate_uri_redact (work->source_uri);
  work->result->destination = _migrate_uri_redact (work->destination_uri);
  self->work = work;
  return TRUE;
}

static void
take_string (char **field, char *value)
{
  g_free (*field);
  *field = value;
}

/* What is prepared is what the plan was made from: to go on by other addresses would have the guest
 * arrive at a host that nobody looks at. */
static void
refresh_names (MigrateJob *self)
{
  MigrateWork *work = self->work;

  if (work->before != NULL)
    return;
  g_set_object (&work->mapping, self->mapping);
  g_clear_pointer (&work->resize, g_variant_unref);
  work->resize = self->resize != NULL ? g_variant_ref (self->resize) : NULL;
  g_clear_object (&work->profile);
  work->profile = migrate_host_dup_profile (self->destination);
  take_string (&work->source_name, _migrate_host_dup_platform_name (self->source));
  take_string (&work->destination_name, _migrate_host_dup_platform_name (self->destination));
  take_string (&work->peer_uri, migrate_host_dup_peer_uri (self->destination));
  take_string (&work->migration_uri, migrate_host_dup_migration_uri (self->destination));
  take_string (&work->disks_uri, migrate_host_dup_disks_uri (self->destination));
  take_string (&work->listen_address, migrate_host_dup_listen_address (self->destination));
  take_string (&work->tls_name, migrate_host_dup_tls_name (self->destination));
}

/* The request as it is now; under the lock. */
static void
refresh_work (MigrateJob *self)
{
  MigrateWork *work = self->work;

  if (self->journal == NULL)
    self->journal = migrate_sqlite_journal_new (NULL /* the default */);
  g_set_object (&work->journal, self->journal);
  g_set_object (&work->hooks, self->hooks);
  g_set_object (&work->inventory, self->inventory);
  g_set_object (&work->image_source, self->image_source);
  g_set_object (&work->connector, self->connector);
  g_set_object (&work->history, self->history);
  work->forecast = self->forecast;
  g_set_object (&work->policy, self->policy);
  refresh_names (self);
  work->has_rewrite = self->rewriter != NULL;
  work->kind = self->kind;
  work->max_outgoing = migrate_host_get_max_outgoing (self->source);
  work->max_incoming = migrate_host_get_max_incoming (self->destination);
  if (work->started == 0)
    work->started = _migrate_backend_now (work->backend);
}

/* ---- beside others ---- */

gboolean
_migrate_job_make_ready (MigrateJob *self, MigrateQueue *queue, GError **error)
{
  gboolean ok;

  g_mutex_lock (&self->lock);
  _migrate_queue_unref (self->queue);
  self->queue = _migrate_queue_ref (queue);
  ok = ensure_work (self, error);
  if (ok)
    refresh_work (self);
  g_mutex_unlock (&self->lock);
  return ok;
}

gboolean
_migrate_job_check_beside (MigrateJob *self, GVariant *source, GVariant *look, GError **error)
{
  g_autoptr (GError) unwritten = NULL;
  GError *failure = NULL;
  gboolean ok;

  self->source_says = g_variant_ref (source);
  self->source_look = look != NULL ? g_variant_ref (look) : NULL;
  ok = _migrate_job_run_edge (self, MIGRATE_VERB_CHECK, &failure);
  unwritten = _migrate_job_rest (self, FALSE /* looked on */, failure);
  if (ok && unwritten == NULL)
    return TRUE;
  g_propagate_error (error, failure != NULL ? failure : g_steal_pointer (&unwritten));
  return FALSE;
}

static gboolean
may_start (MigrateJob *self, MigrateVerb verb, GError **error)
{
  MigrateVerb next;

  if (self->current != NULL || self->cancelling_at_rest || self->retuning_at_rest)
    {
      _migrate_set_error (error, MIGRATE_ERROR_BUSY, "Wait for it, or cancel it",
                          "Job “%s” is already at work", self->id);
      return FALSE;
    }
  if (verb == MIGRATE_VERB_FOLLOW)
    return TRUE; /* the worker knows whether somebody else holds the job */
  if (verb == MIGRATE_VERB_RUN)
    return _migrate_edge_next (self->state, self->in_flight, &next)
           || _migrate_edge_require (self->state, self->in_flight, verb, error) != NULL;
  return _migrate_edge_require (self->state, self->in_flight, edge_of (verb), error) != NULL;
}

static MigrateJobOperation *
operation_new (MigrateJob *self, MigrateVerb verb, GVariant *values, GCancellable *cancellable,
               GTask *task)
{
  MigrateJobOperation *op = g_new0 (MigrateJobOperation, 1);

  op->job = self;
  op->verb = verb;
  op->values = values != NULL ? g_variant_ref (values) : NULL;
  op->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  op->operation = _migrate_operation_new (self->queue, self->work->backend, operation_main, op,
                                          operation_free, task);
  return op;
}

MigrateOperation *
_migrate_job_start (MigrateJob *self, MigrateVerb verb, GVariant *values, GCancellable *cancellable,
                    GTask *task, GError **error)
{
  GError *refused = NULL;
  MigrateJobOperation *op = NULL;
  MigrateOperation *operation;

  g_mutex_lock (&self->lock);
  if (ensure_work (self, &refused) && (is_control (verb) || may_start (self, verb, &refused)))
    {
      if (!is_control (verb))
        {
          refresh_work (self);
          self->work->in_a_hurry = verb != MIGRATE_VERB_CHECK && verb != MIGRATE_VERB_PLAN;
        }
      else if (self->work->journal == NULL)
        refresh_work (self);
      op = operation_new (self, verb, values, cancellable, task);
      if (!is_control (verb))
        self->current = op;
      /* One that came too late for the move. */
      if (verb == MIGRATE_VERB_CHORES || verb == MIGRATE_VERB_REVERT)
        _migrate_work_take_cancel (self->work);
      if (verb == MIGRATE_VERB_REVERT)
        self->work->up_to = (MigrateRisk) _migrate_variant_uint64 (values, "up-to", 0);
    }
  g_mutex_unlock (&self->lock);
  if (op == NULL)
    {
      if (task != NULL)
        {
          g_task_return_error (task, refused);
          g_object_unref (task);
        }
      else
        g_propagate_error (error, refused);
      return NULL;
    }
  operation = op->operation;
  /* Cancelling what steers another operation ends nothing. */
  if (cancellable != NULL && !is_control (verb))
    op->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), self, NULL);
  _migrate_operation_start (operation);
  return operation;
}

gboolean
_migrate_job_wait (MigrateJob *self, MigrateVerb verb, GVariant *values, GCancellable *cancellable,
                   gpointer *value, GError **error)
{
  MigrateBackend *backend;
  MigrateOperation *operation;
  gboolean ok;

  backend
    = _migrate_backend_for_uri (self->source != NULL ? migrate_host_get_uri (self->source) : "");
  backend->vtable->enter (backend);
  operation = _migrate_job_start (self, verb, values, cancellable, NULL /* task */, error);
  ok = operation != NULL && _migrate_operation_wait (operation, value, error);
  backend->vtable->leave (backend);
  return ok;
}

void
_migrate_job_start_async (MigrateJob *self, MigrateVerb verb, GVariant *values, gpointer tag,
                          GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE); /* cancelled is what the hypervisor says */
  _migrate_job_start (self, verb, values, cancellable, task, NULL /* error */);
}
