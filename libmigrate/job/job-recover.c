/* A job's own recovery: the same object as any, made from what the job knows. */
#include "job/job-private.h"

/* What a recovery did to the job stands in the journal. */
static void
on_verdict (MigrateRecovery *recovery, GParamSpec *pspec, MigrateJob *self)
{
  g_autoptr (MigrateJournal) journal = migrate_job_dup_journal (self);
  g_autoptr (GVariant) values
    = journal != NULL ? _migrate_journal_load_job (journal, self->id, NULL /* error */) : NULL;
  MigrateState before = _migrate_job_where (self, NULL), now;

  if (values == NULL)
    return;
  _migrate_job_load_values (self, values);
  now = _migrate_job_where (self, NULL);
  g_mutex_lock (&self->lock);
  if (self->work != NULL && _migrate_state_is_closed (now))
    self->work->generation = 0; /* it was released with the job */
  g_mutex_unlock (&self->lock);
  if (now != before)
    _migrate_job_emit_state (self, before, now);
}

static MigrateRecovery *
recovery_of (MigrateJob *self, GError **error)
{
  g_autoptr (GListStore) hosts = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (self);
  g_autoptr (MigrateJournal) journal = migrate_job_dup_journal (self);
  g_autoptr (MigrateHooks) hooks = migrate_job_dup_hooks (self);
  g_autoptr (MigrateInventory) inventory = migrate_job_dup_inventory (self);
  g_autoptr (MigrateVolumeConnector) connector = migrate_job_dup_volume_connector (self);
  MigrateRecovery *recovery;
  gboolean in_flight, busy;
  MigrateState state;

  g_mutex_lock (&self->lock);
  busy = self->current != NULL || self->cancelling_at_rest;
  g_mutex_unlock (&self->lock);
  if (busy)
    {
      _migrate_set_error (error, MIGRATE_ERROR_BUSY, "Wait for it, or cancel it",
                          "Job “%s” is already at work", self->id);
      return NULL;
    }
  state = _migrate_job_where (self, &in_flight);
  if (_migrate_edge_require (state, in_flight, MIGRATE_VERB_RECOVER, error) == NULL)
    return NULL;
  g_list_store_append (hosts, self->source);
  g_list_store_append (hosts, self->destination);
  recovery = migrate_recovery_new (self->id, G_LIST_MODEL (hosts));
  migrate_recovery_set_policy (recovery, policy);
  migrate_recovery_set_journal (recovery, journal);
  migrate_recovery_set_hooks (recovery, hooks);
  migrate_recovery_set_inventory (recovery, inventory);
  migrate_recovery_set_volume_connector (recovery, connector);
  g_signal_connect_object (recovery, "notify::verdict", G_CALLBACK (on_verdict), self, 0);
  return recovery;
}

/**
 * migrate_job_recover:
 * @self: a job
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Finds out what is true of the job's guest, with the job's hosts, journal, policy, hooks,
 * inventory and volume connector. Changes nothing; [method@Migrate.Recovery.apply] on what is
 * returned puts it right, and the job's state follows. Allowed in the states `prepared` (also in
 * flight), `migrated` and `failed`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_WRONG_STATE, %MIGRATE_ERROR_BUSY (an operation of the job runs), and as
 * [method@Migrate.Recovery.investigate] does.
 *
 * Returns: (transfer full): the recovery, investigated
 *
 * Since: 1.0
 */
MigrateRecovery *
migrate_job_recover (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (MigrateRecovery) recovery = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  recovery = recovery_of (self, error);
  if (recovery == NULL || !migrate_recovery_investigate (recovery, cancellable, error))
    return NULL;
  return g_steal_pointer (&recovery);
}

static void
on_investigated (GObject *object, GAsyncResult *result, gpointer data)
{
  g_autoptr (GTask) task = data;
  GError *error = NULL;

  if (migrate_recovery_investigate_finish (MIGRATE_RECOVERY (object), result, &error))
    g_task_return_pointer (task, g_object_ref (object), g_object_unref);
  else
    g_task_return_error (task, error);
}

/**
 * migrate_job_recover_async:
 * @self: a job
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): called when it is done
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.recover] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_recover_async (MigrateJob *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (MigrateRecovery) recovery = NULL;
  GError *error = NULL;
  GTask *task;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (self, cancellable, callback, user_data);
  g_task_set_source_tag (task, migrate_job_recover_async);
  g_task_set_check_cancellable (task, FALSE);
  recovery = recovery_of (self, &error);
  if (recovery != NULL)
    {
      migrate_recovery_investigate_async (recovery, cancellable, on_investigated, task);
      return;
    }
  g_task_return_error (task, error);
  g_object_unref (task);
}

/**
 * migrate_job_recover_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.recover_async].
 *
 * Fails as [method@Migrate.Job.recover] does.
 *
 * Returns: (transfer full): the recovery, investigated
 *
 * Since: 1.0
 */
MigrateRecovery *
migrate_job_recover_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_recover_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}
