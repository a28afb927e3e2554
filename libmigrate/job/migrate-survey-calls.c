/* A survey's operations, each in three shapes around one starter. */
#include "job/survey-private.h"

typedef enum
{
  OPERATION_RUN,
  OPERATION_BASELINE
} OperationKind;

typedef struct
{
  MigrateSurvey *self; /* kept by the caller, or by the GTask */
  OperationKind kind;
  MigrateSurveyRun *run;
  MigrateOperation *operation;
  GCancellable *cancellable; /* nullable */
  gulong cancelled_id;
} SurveyOperation;

/* ---- what one operation works with ---- */

/* The jobs tell of themselves; of the questions before there is nothing to tell. */
static void
report_phase (gpointer data, MigratePhase phase)
{
}

static const MigrateWorkReport report = { .phase = report_phase };

static void
run_free (MigrateSurveyRun *self)
{
  _migrate_work_unref (self->work);
  g_object_unref (self->source);
  g_object_unref (self->journal);
  g_clear_object (&self->history);
  g_clear_object (&self->mapping);
  g_ptr_array_unref (self->destinations);
  g_clear_pointer (&self->rows, g_ptr_array_unref);
  g_mutex_clear (&self->lock);
  g_free (self);
}

/* The request as it is now; under the survey's lock. */
static MigrateSurveyRun *
run_new (MigrateSurvey *self, GPtrArray *destinations)
{
  MigrateSurveyRun *run = g_new0 (MigrateSurveyRun, 1);
  g_autofree char *id = g_uuid_string_random ();
  MigrateLink *link = _migrate_host_get_link (self->source);

  g_mutex_init (&run->lock);
  run->source = g_object_ref (self->source);
  run->journal
    = self->journal != NULL ? g_object_ref (self->journal) : migrate_sqlite_journal_new_none ();
  run->forecast = self->forecast;
  g_set_object (&run->history, self->history);
  g_set_object (&run->mapping, self->mapping);
  run->destinations = g_ptr_array_ref (destinations);
  run->work = _migrate_work_new (id);
  run->work->backend = _migrate_link_get_backend (link);
  run->work->queue = _migrate_queue_ref (self->queue);
  run->work->report = &report;
  run->work->guest = g_strdup (self->guest);
  run->work->source = _migrate_link_ref (link);
  run->work->source_uri = g_strdup (migrate_host_get_uri (self->source));
  run->work->kind = self->kind;
  run->work->policy = migrate_policy_copy (self->policy);
  run->work->started = _migrate_backend_now (run->work->backend);
  return run;
}

/* ---- the worker ---- */

static void
operation_main (MigrateOperation *operation, gpointer data)
{
  SurveyOperation *op = data;
  MigrateSurvey *self = op->self;
  GError *error = NULL;
  gpointer value;
  GDestroyNotify free_value;

  if (op->kind == OPERATION_RUN)
    {
      value = _migrate_survey_gather (op->run, &error);
      free_value = g_object_unref;
    }
  else
    {
      value = _migrate_survey_find_baseline (op->run, &error);
      free_value = (GDestroyNotify) migrate_baseline_unref;
    }
  /* Not the handler's own thread, so this may wait for one that is about to run. */
  g_cancellable_disconnect (op->cancellable, op->cancelled_id);
  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->failure, migrate_failure_unref);
  if (error != NULL)
    self->failure = _migrate_failure_new (error, MIGRATE_PHASE_GATHERING);
  self->busy = FALSE;
  g_mutex_unlock (&self->lock);
  _migrate_operation_end (op->operation, value, free_value, error);
}

static void
operation_free (gpointer data)
{
  SurveyOperation *op = data;

  run_free (op->run);
  g_clear_object (&op->cancellable);
  g_free (op);
}

/* ---- starting ---- */

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  _migrate_survey_cancel (data);
}

/* The list may be the program's own code: it is asked without the lock. */
static GPtrArray *
list_destinations (MigrateSurvey *self)
{
  GPtrArray *destinations = g_ptr_array_new_with_free_func (g_object_unref);
  MigrateHost *host;

  for (guint i = 0; (host = g_list_model_get_item (self->destinations, i)) != NULL; i++)
    g_ptr_array_add (destinations, host);
  return destinations;
}

static MigrateSurveyRun *
prepare_start (MigrateSurvey *self, GPtrArray *destinations, GError **error)
{
  if (self->busy)
    {
      _migrate_set_error (error, MIGRATE_ERROR_BUSY, "Wait for it, or cancel it",
                          "The survey of guest “%s” is already at work", self->guest);
      return NULL;
    }
  if (self->guest == NULL || self->source == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                          "A survey needs a guest and a source");
      return NULL;
    }
  /* Before a backend is chosen by it. */
  if (!_migrate_uri_check (migrate_host_get_uri (self->source), MIGRATE_URI_CONNECTION, error))
    return NULL;
  self->busy = TRUE;
  return run_new (self, destinations);
}

/* task is taken; NULL: blocking. NULL is returned, with error or through the task, when it was
 * refused. */
static MigrateOperation *
survey_start (MigrateSurvey *self, OperationKind kind, GCancellable *cancellable, GTask *task,
              GError **error)
{
  g_autoptr (GPtrArray) destinations = list_destinations (self);
  GError *refused = NULL;
  SurveyOperation *op;
  MigrateOperation *operation;
  MigrateSurveyRun *run;

  g_mutex_lock (&self->lock);
  run = prepare_start (self, destinations, &refused);
  g_mutex_unlock (&self->lock);
  if (run == NULL)
    {
      if (task == NULL)
        {
          g_propagate_error (error, refused);
          return NULL;
        }
      g_task_return_error (task, refused);
      g_object_unref (task);
      return NULL;
    }
  op = g_new0 (SurveyOperation, 1);
  op->self = self;
  op->kind = kind;
  op->run = run;
  op->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  op->operation = operation = _migrate_operation_new (self->queue, run->work->backend,
                                                      operation_main, op, operation_free, task);
  if (cancellable != NULL)
    op->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled), run, NULL);
  _migrate_operation_start (operation);
  return operation;
}

static gpointer
survey_wait (MigrateSurvey *self, OperationKind kind, GCancellable *cancellable, GError **error)
{
  MigrateBackend *backend
    = _migrate_backend_for_uri (self->source != NULL ? migrate_host_get_uri (self->source) : "");
  MigrateOperation *operation;
  gpointer value = NULL;

  backend->vtable->enter (backend);
  operation = survey_start (self, kind, cancellable, NULL /* task */, error);
  if (operation != NULL)
    _migrate_operation_wait (operation, &value, error);
  backend->vtable->leave (backend);
  return value;
}

static void
survey_start_async (MigrateSurvey *self, OperationKind kind, gpointer tag,
                    GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  survey_start (self, kind, cancellable, task, NULL /* error */);
}

/**
 * migrate_survey_run:
 * @self: a survey
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks the source once and all destinations at the same time, and checks a move to each. A
 * destination that does not answer, or cannot be asked, is a row of the list and no error; it does
 * not hold up the others for longer than the policy's `call-timeout` lets a call take.
 *
 * Blocks. Cancelling it returns when the questions under way are answered, or timed out.
 *
 * Fails when the source cannot be asked: with %MIGRATE_ERROR_INVALID (its URI, the request),
 * %MIGRATE_ERROR_NOT_FOUND (no such guest), %MIGRATE_ERROR_UNREACHABLE, %MIGRATE_ERROR_TIMED_OUT,
 * %MIGRATE_ERROR_DENIED; with %MIGRATE_ERROR_BUSY (another operation runs), and
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): a list of [class@Migrate.SurveyEntry], best first
 *
 * Since: 1.0
 */
GListModel *
migrate_survey_run (MigrateSurvey *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return survey_wait (self, OPERATION_RUN, cancellable, error);
}

/**
 * migrate_survey_run_async:
 * @self: a survey
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): called when it is done
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Survey.run] without blocking.
 *
 * Since: 1.0
 */
void
migrate_survey_run_async (MigrateSurvey *self, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  survey_start_async (self, OPERATION_RUN, migrate_survey_run_async, cancellable, callback,
                      user_data);
}

/**
 * migrate_survey_run_finish:
 * @self: a survey
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Survey.run_async].
 *
 * Fails as [method@Migrate.Survey.run] does.
 *
 * Returns: (transfer full): a list of [class@Migrate.SurveyEntry], best first
 *
 * Since: 1.0
 */
GListModel *
migrate_survey_run_finish (MigrateSurvey *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_survey_run_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * migrate_survey_baseline:
 * @self: a survey
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks source and destinations which CPU their hypervisors can give a guest of this guest's
 * architecture and type, finds one that is in all of them, and asks each whether it could take a
 * guest with it. That is advice: the guest is not changed. Hosts that do not answer, or cannot
 * tell, are named in it and do not count.
 *
 * Blocks. Cancelling it returns when the questions under way are answered, or timed out.
 *
 * Fails with %MIGRATE_ERROR_UNSUPPORTED (the source's driver, or an older libvirt, cannot do this,
 * or the CPUs have nothing in common), and as [method@Migrate.Survey.run] does.
 *
 * Returns: (transfer full): the CPU, and which hosts it suits
 *
 * Since: 1.0
 */
MigrateBaseline *
migrate_survey_baseline (MigrateSurvey *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return survey_wait (self, OPERATION_BASELINE, cancellable, error);
}

/**
 * migrate_survey_baseline_async:
 * @self: a survey
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): called when it is done
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Survey.baseline] without blocking.
 *
 * Since: 1.0
 */
void
migrate_survey_baseline_async (MigrateSurvey *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  survey_start_async (self, OPERATION_BASELINE, migrate_survey_baseline_async, cancellable,
                      callback, user_data);
}

/**
 * migrate_survey_baseline_finish:
 * @self: a survey
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Survey.baseline_async].
 *
 * Fails as [method@Migrate.Survey.baseline] does.
 *
 * Returns: (transfer full): the CPU, and which hosts it suits
 *
 * Since: 1.0
 */
MigrateBaseline *
migrate_survey_baseline_finish (MigrateSurvey *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_survey_baseline_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
