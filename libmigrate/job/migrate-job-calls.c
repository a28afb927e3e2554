/* The job's operations as the program calls them, each in three shapes. What they do is in
 * job-operations.c and job-control.c. */
#include "job/job-private.h"

/* ---- operations: each in three shapes around one starter ---- */

static gboolean
job_wait (MigrateJob *self, MigrateVerb verb, GCancellable *cancellable, gpointer *value,
          GError **error)
{
  return _migrate_job_wait (self, verb, NULL /* values */, cancellable, value, error);
}

static void
job_start_async (MigrateJob *self, MigrateVerb verb, gpointer tag, GCancellable *cancellable,
                 GAsyncReadyCallback callback, gpointer user_data)
{
  _migrate_job_start_async (self, verb, NULL /* values */, tag, cancellable, callback, user_data);
}

/**
 * migrate_job_check:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it is [method@Migrate.Job.cancel]
 * @error: return location for an error
 *
 * Asks both hosts and finds everything that stands against the move. Changes nothing on them.
 * Allowed in the states `new` and `checked`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_INVALID (a URI, the request), %MIGRATE_ERROR_NOT_FOUND (no such
 * guest), %MIGRATE_ERROR_UNREACHABLE, %MIGRATE_ERROR_TIMED_OUT or %MIGRATE_ERROR_DENIED (a host),
 * %MIGRATE_ERROR_JOURNAL, %MIGRATE_ERROR_WRONG_STATE, %MIGRATE_ERROR_BUSY (another operation
 * runs).
 *
 * Returns: (transfer full): the report, with blockers or without
 *
 * Since: 1.0
 */
MigrateReport *
migrate_job_check (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  gpointer value = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  job_wait (self, MIGRATE_VERB_CHECK, cancellable, &value, error);
  return value;
}

/**
 * migrate_job_check_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.check]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.check] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_check_async (MigrateJob *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_CHECK, migrate_job_check_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_check_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.check_async].
 *
 * Fails as [method@Migrate.Job.check] does.
 *
 * Returns: (transfer full): the report, with blockers or without
 *
 * Since: 1.0
 */
MigrateReport *
migrate_job_check_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_check_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * migrate_job_plan:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it is [method@Migrate.Job.cancel]
 * @error: return location for an error
 *
 * Checks, as [method@Migrate.Job.check] does, and tells what the move would do. There is a plan
 * also where the report ([property@Migrate.Job:report]) has blockers. Allowed in the states `new`
 * and `checked`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails as [method@Migrate.Job.check] does.
 *
 * Returns: (transfer full): the plan
 *
 * Since: 1.0
 */
MigratePlan *
migrate_job_plan (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  gpointer value = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  job_wait (self, MIGRATE_VERB_PLAN, cancellable, &value, error);
  return value;
}

/**
 * migrate_job_plan_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.plan]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.plan] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_plan_async (MigrateJob *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                        gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_PLAN, migrate_job_plan_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_plan_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.plan_async].
 *
 * Fails as [method@Migrate.Job.plan] does.
 *
 * Returns: (transfer full): the plan
 *
 * Since: 1.0
 */
MigratePlan *
migrate_job_plan_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_plan_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * migrate_job_prepare:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it is [method@Migrate.Job.cancel]
 * @error: return location for an error
 *
 * Gathers the facts again, takes the claim on the guest and makes the destination ready. Allowed
 * in the state `checked`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_BLOCKED (the report has blockers), %MIGRATE_ERROR_CHANGED (a fact is
 * not what the check saw), %MIGRATE_ERROR_BUSY (another job holds the guest),
 * %MIGRATE_ERROR_DENIED (a hook refused), and those of check.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_job_prepare (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return job_wait (self, MIGRATE_VERB_PREPARE, cancellable, NULL /* value */, error);
}

/**
 * migrate_job_prepare_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.prepare]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.prepare] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_prepare_async (MigrateJob *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_PREPARE, migrate_job_prepare_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_prepare_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.prepare_async].
 *
 * Fails as [method@Migrate.Job.prepare] does.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_job_prepare_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_prepare_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_migrate:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it is [method@Migrate.Job.cancel]
 * @error: return location for an error
 *
 * Moves the guest, and follows the transfer to its proven end. Allowed in the state `prepared`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_FAILED and others with libvirt's own words (the guest stayed),
 * %MIGRATE_ERROR_TIMED_OUT (the deadline of the policy), %MIGRATE_ERROR_NEEDS_RECOVER (the outcome
 * is unknown or split), %MIGRATE_ERROR_LOST_CLAIM, %G_IO_ERROR_CANCELLED.
 *
 * Returns: true when the destination has the guest, and only it
 *
 * Since: 1.0
 */
gboolean
migrate_job_migrate (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return job_wait (self, MIGRATE_VERB_MIGRATE, cancellable, NULL /* value */, error);
}

/**
 * migrate_job_migrate_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.migrate]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.migrate] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_migrate_async (MigrateJob *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_MIGRATE, migrate_job_migrate_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_migrate_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.migrate_async].
 *
 * Fails as [method@Migrate.Job.migrate] does.
 *
 * Returns: true when the destination has the guest, and only it
 *
 * Since: 1.0
 */
gboolean
migrate_job_migrate_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_migrate_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_finalize:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it is [method@Migrate.Job.cancel]
 * @error: return location for an error
 *
 * Proves by asking both hosts that the guest is at the destination, swaps the platform's record
 * ([property@Migrate.Job:inventory]), settles the guest's definition there, releases the source,
 * and tries the chores of the policy. Allowed in the state `migrated`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_NEEDS_RECOVER, also when the record names a third host, and those of
 * check.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_job_finalize (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return job_wait (self, MIGRATE_VERB_FINALIZE, cancellable, NULL /* value */, error);
}

/**
 * migrate_job_finalize_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.finalize]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.finalize] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_finalize_async (MigrateJob *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_FINALIZE, migrate_job_finalize_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_finalize_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.finalize_async].
 *
 * Fails as [method@Migrate.Job.finalize] does.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_job_finalize_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_finalize_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_run:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it is [method@Migrate.Job.cancel]
 * @error: return location for an error
 *
 * Goes on from the current state to the end; stops at `migrated` when the policy says `confirm =
 * manual`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with those of check, prepare, migrate and finalize.
 *
 * Returns: (transfer full): the result; returned only when the guest moved
 *
 * Since: 1.0
 */
MigrateResult *
migrate_job_run (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  gpointer value = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  job_wait (self, MIGRATE_VERB_RUN, cancellable, &value, error);
  return value;
}

/**
 * migrate_job_run_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.run]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.run] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_run_async (MigrateJob *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                       gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_RUN, migrate_job_run_async, cancellable, callback, user_data);
}

/**
 * migrate_job_run_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.run_async].
 *
 * Fails as [method@Migrate.Job.run] does.
 *
 * Returns: (transfer full): the result; returned only when the guest moved
 *
 * Since: 1.0
 */
MigrateResult *
migrate_job_run_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_run_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * migrate_job_follow:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it cancels the move, or ends the looking on
 *   when another process runs it
 * @error: return location for an error
 *
 * Follows a move to its end: one that another process runs is looked at; one whose controller is
 * dead, or whose outcome was unknown, is taken over. Allowed for a loaded job in any state that
 * can still move, and in `failed`.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with those of migrate and finalize, and %MIGRATE_ERROR_WRONG_STATE when there is nothing
 * to follow.
 *
 * Returns: (transfer full): the result; returned only when the guest moved
 *
 * Since: 1.0
 */
MigrateResult *
migrate_job_follow (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  gpointer value = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  job_wait (self, MIGRATE_VERB_FOLLOW, cancellable, &value, error);
  return value;
}

/**
 * migrate_job_follow_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.follow]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.follow] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_follow_async (MigrateJob *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_FOLLOW, migrate_job_follow_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_follow_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.follow_async].
 *
 * Fails as [method@Migrate.Job.follow] does.
 *
 * Returns: (transfer full): the result; returned only when the guest moved
 *
 * Since: 1.0
 */
MigrateResult *
migrate_job_follow_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_follow_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);
  return g_task_propagate_pointer (G_TASK (result), error);
}

/**
 * migrate_job_cancel:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancels the wait for nothing: it cannot be taken back
 * @error: return location for an error
 *
 * Cancels the job, in this process or another, and waits until it is at rest: the guest is at the
 * source as before. Allowed until the hand-over; at its end the transfer may win.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_TOO_LATE (the guest was handed over; the move goes on),
 * %MIGRATE_ERROR_NEEDS_RECOVER, %MIGRATE_ERROR_WRONG_STATE (the job is closed).
 *
 * Returns: true when the guest stayed at the source
 *
 * Since: 1.0
 */
gboolean
migrate_job_cancel (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return job_wait (self, MIGRATE_VERB_CANCEL, cancellable, NULL /* value */, error);
}

/**
 * migrate_job_cancel_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.cancel]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.cancel] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_cancel_async (MigrateJob *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_CANCEL, migrate_job_cancel_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_cancel_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.cancel_async].
 *
 * Fails as [method@Migrate.Job.cancel] does.
 *
 * Returns: true when the guest stayed at the source
 *
 * Since: 1.0
 */
gboolean
migrate_job_cancel_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_cancel_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_detach:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancels the wait for nothing: it cannot be taken back
 * @error: return location for an error
 *
 * Leaves a transfer that runs under libvirt to itself, gives up the claim, and waits until the
 * operation that followed it has ended. Another process can follow it. Allowed while a peer-to-
 * peer transfer runs.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_UNSUPPORTED (a direct transfer cannot live alone),
 * %MIGRATE_ERROR_TOO_LATE, %MIGRATE_ERROR_WRONG_STATE.
 *
 * Returns: true when the transfer goes on without this program
 *
 * Since: 1.0
 */
gboolean
migrate_job_detach (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return job_wait (self, MIGRATE_VERB_DETACH, cancellable, NULL /* value */, error);
}

/**
 * migrate_job_detach_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.detach]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.detach] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_detach_async (MigrateJob *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                          gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_DETACH, migrate_job_detach_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_detach_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.detach_async].
 *
 * Fails as [method@Migrate.Job.detach] does.
 *
 * Returns: true when the transfer goes on without this program
 *
 * Since: 1.0
 */
gboolean
migrate_job_detach_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_detach_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_run_chores:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancelling it leaves out the chores that have not begun
 * @error: return location for an error
 *
 * Does the chores of the policy ([property@Migrate.Policy:chores]) at the destination, again or for
 * the first time: each is tried. Allowed in the state `finalized`, where finalizing has tried them
 * once. The job stays `finalized` whatever comes of them; what was not done is a warning of its
 * result, in the place of the warnings of an earlier try.
 *
 * Blocks, for each chore at most `chore-timeout`; signals are delivered meanwhile.
 *
 * Fails, when at least one chore was not done, with the error of the first:
 * %MIGRATE_ERROR_NOT_FOUND (the guest is not there any more), %MIGRATE_ERROR_UNSUPPORTED (the
 * guest does not run), %MIGRATE_ERROR_TIMED_OUT, %MIGRATE_ERROR_FAILED (its agent, QEMU); with
 * %MIGRATE_ERROR_INVALID when the policy names none; with %MIGRATE_ERROR_BUSY when another job
 * holds the guest.
 *
 * Returns: true when all were done
 *
 * Since: 1.0
 */
gboolean
migrate_job_run_chores (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return job_wait (self, MIGRATE_VERB_CHORES, cancellable, NULL /* value */, error);
}

/**
 * migrate_job_run_chores_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.run_chores]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.run_chores] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_run_chores_async (MigrateJob *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  job_start_async (self, MIGRATE_VERB_CHORES, migrate_job_run_chores_async, cancellable, callback,
                   user_data);
}

/**
 * migrate_job_run_chores_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.run_chores_async].
 *
 * Fails as [method@Migrate.Job.run_chores] does.
 *
 * Returns: true when all were done
 *
 * Since: 1.0
 */
gboolean
migrate_job_run_chores_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_run_chores_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/* ---- loading ---- */

static MigrateHost *
host_from_values (GVariant *values, const char *key, const char *name_key)
{
  const char *uri = _migrate_variant_string (values, key);
  MigrateHost *host = migrate_host_new (uri != NULL ? uri : "");

  migrate_host_set_name (host, _migrate_job_values_text (values, name_key));
  return host;
}

static MigrateJob *
job_from_values (MigrateJournal *journal, GVariant *values)
{
  g_autoptr (MigrateHost) source
    = host_from_values (values, MIGRATE_JOB_KEY_SOURCE, MIGRATE_JOB_KEY_SOURCE_NAME);
  g_autoptr (MigrateHost) destination
    = host_from_values (values, MIGRATE_JOB_KEY_DESTINATION, MIGRATE_JOB_KEY_DESTINATION_NAME);
  g_autoptr (GVariant) policy
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_POLICY, G_VARIANT_TYPE_VARDICT);
  g_autoptr (MigrateMapping) mapping = NULL;
  g_autoptr (MigrateMapping) profile = NULL;
  const char *guest = _migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST);
  MigrateJob *self;

  migrate_host_set_peer_uri (destination,
                             _migrate_job_values_text (values, MIGRATE_JOB_KEY_PEER_URI));
  migrate_host_set_migration_uri (destination,
                                  _migrate_job_values_text (values, MIGRATE_JOB_KEY_MIGRATION_URI));
  migrate_host_set_listen_address (
    destination, _migrate_job_values_text (values, MIGRATE_JOB_KEY_LISTEN_ADDRESS));
  migrate_host_set_tls_name (destination,
                             _migrate_job_values_text (values, MIGRATE_JOB_KEY_TLS_NAME));
  mapping = _migrate_job_values_mapping (values, MIGRATE_JOB_KEY_MAPPING);
  profile = _migrate_job_values_mapping (values, MIGRATE_JOB_KEY_PROFILE);
  migrate_host_set_profile (destination, profile);
  self = migrate_job_new (guest != NULL ? guest : "", source, destination);
  migrate_job_set_mapping (self, mapping);
  g_free (self->id);
  self->id = g_strdup (_migrate_variant_string (values, MIGRATE_JOB_KEY_ID));
  self->in_journal = TRUE;
  if (policy != NULL)
    _migrate_policy_load_variant (self->policy, policy);
  g_set_object (&self->journal, journal);
  _migrate_job_load_values (self, values);
  return self;
}

/**
 * migrate_job_load:
 * @journal: where the job is written down
 * @id: the job's id
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Loads a job that this or another process made, to follow it, to cancel it, or to go on with it
 * when its controller is dead. Blocking.
 *
 * Fails with %MIGRATE_ERROR_NOT_FOUND when there is no such job, or %MIGRATE_ERROR_JOURNAL.
 *
 * Returns: (transfer full): the job
 *
 * Since: 1.0
 */
MigrateJob *
migrate_job_load (MigrateJournal *journal, const char *id, GCancellable *cancellable,
                  GError **error)
{
  g_autoptr (GVariant) values = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOURNAL (journal), NULL);
  g_return_val_if_fail (id != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  values = _migrate_journal_load_job (journal, id, error);
  return values != NULL ? job_from_values (journal, values) : NULL;
}

typedef struct
{
  MigrateJournal *journal;
  char *id;
  MigrateQueue *queue;
  MigrateOperation *operation;
} Load;

static void
load_free (gpointer data)
{
  Load *load = data;

  g_object_unref (load->journal);
  g_free (load->id);
  _migrate_queue_unref (load->queue);
  g_free (load);
}

static void
load_main (MigrateOperation *operation, gpointer data)
{
  Load *load = data;
  GError *error = NULL;
  GVariant *values = _migrate_journal_load_job (load->journal, load->id, &error);

  _migrate_operation_end (operation, values, (GDestroyNotify) g_variant_unref, error);
}

/**
 * migrate_job_load_async:
 * @journal: where the job is written down
 * @id: the job's id
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): called when it is loaded
 * @user_data: for @callback
 *
 * Begins [func@Migrate.Job.load] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_load_async (MigrateJournal *journal, const char *id, GCancellable *cancellable,
                        GAsyncReadyCallback callback, gpointer user_data)
{
  Load *load;
  GTask *task;

  g_return_if_fail (MIGRATE_IS_JOURNAL (journal));
  g_return_if_fail (id != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  task = g_task_new (NULL /* source object */, cancellable, callback, user_data);
  g_task_set_source_tag (task, migrate_job_load_async);
  g_task_set_check_cancellable (task, FALSE);
  g_task_set_task_data (task, g_object_ref (journal), g_object_unref);
  load = g_new0 (Load, 1);
  load->journal = g_object_ref (journal);
  load->id = g_strdup (id);
  load->queue = _migrate_queue_new ();
  load->operation = _migrate_operation_new (load->queue, _migrate_libvirt_backend (), load_main,
                                            load, load_free, task);
  _migrate_operation_start (load->operation);
}

/**
 * migrate_job_load_finish:
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [func@Migrate.Job.load_async]. The job belongs to the main context of the caller.
 *
 * Fails as [func@Migrate.Job.load] does.
 *
 * Returns: (transfer full): the job
 *
 * Since: 1.0
 */
MigrateJob *
migrate_job_load_finish (GAsyncResult *result, GError **error)
{
  g_autoptr (GVariant) values = NULL;

  g_return_val_if_fail (g_task_is_valid (result, NULL), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_load_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  values = g_task_propagate_pointer (G_TASK (result), error);
  return values != NULL ? job_from_values (g_task_get_task_data (G_TASK (result)), values) : NULL;
}
