/* The operator's verbs on a running job, each in three shapes. What they do is in job-steer.c. */
#include "job/job-private.h"

static gboolean
retune_wait (MigrateJob *self, GVariant *values, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (values);

  return _migrate_job_wait (self, MIGRATE_VERB_RETUNE, owned, cancellable, NULL /* value */, error);
}

/**
 * migrate_job_retune:
 * @self: a job
 * @values: (transfer none): an `a{sv}` of policy keys, each with its value as text or in its own
 * type
 * @cancellable: (nullable): a cancellable; cancels the wait for nothing: it cannot be taken back
 * @error: return location for an error
 *
 * Changes the policy of the job while it runs, in this process or another: all keys or none. What
 * the hypervisor can change it is told at once; the job's policy, and that of whoever follows the
 * transfer later, is the new one. Before the transfer begins only the policy changes. A value
 * that a hypervisor refuses is taken back together with all others.
 *
 * Allowed until the copy is over, for the keys of [func@Migrate.Policy.may_retune]. Post-copy and
 * throttling can be taken away, but not given to a transfer that was not started with them.
 *
 * Blocks until it is answered, at most some seconds and three times `call-timeout`; signals are
 * delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_INVALID (no such key, no such value), %MIGRATE_ERROR_UNSUPPORTED (a key
 * that may not change in flight, or not for this transfer), %MIGRATE_ERROR_TOO_LATE (the copy is
 * over), %MIGRATE_ERROR_WRONG_STATE (the job is past its transfer, or is being given up),
 * %MIGRATE_ERROR_NEEDS_RECOVER (nobody follows the transfer), %MIGRATE_ERROR_TIMED_OUT (its holder
 * does not answer, and will not do it later), and those of the hypervisor and the journal. Each
 * message names the key.
 *
 * Returns: true when all of it is so
 *
 * Since: 1.0
 */
gboolean
migrate_job_retune (MigrateJob *self, GVariant *values, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (values != NULL && g_variant_is_of_type (values, G_VARIANT_TYPE_VARDICT),
                        FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return retune_wait (self, values, cancellable, error);
}

/**
 * migrate_job_retune_async:
 * @self: a job
 * @values: (transfer none): an `a{sv}` of policy keys, each with its value as text or in its own
 * type
 * @cancellable: (nullable): as for [method@Migrate.Job.retune]
 * @callback: (nullable): called when it is answered
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.retune] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_retune_async (MigrateJob *self, GVariant *values, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GVariant) owned = NULL;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (values != NULL && g_variant_is_of_type (values, G_VARIANT_TYPE_VARDICT));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  owned = g_variant_ref_sink (values);
  _migrate_job_start_async (self, MIGRATE_VERB_RETUNE, owned, migrate_job_retune_async, cancellable,
                            callback, user_data);
}

/**
 * migrate_job_retune_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.retune_async].
 *
 * Fails as [method@Migrate.Job.retune] does.
 *
 * Returns: true when all of it is so
 *
 * Since: 1.0
 */
gboolean
migrate_job_retune_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_retune_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_finish_now:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancels the wait for nothing: it cannot be taken back
 * @error: return location for an error
 *
 * Has the move end the fastest way that is possible, whatever it costs the guest: by post-copy
 * where it was started with that and it is still allowed, else by stopping the guest until the rest
 * has been copied. The call is the permission: the policy need not allow it. The order holds until
 * the transfer's end, for whoever follows it.
 *
 * Allowed while a transfer runs, in this process or another. Where the guest stands still or has
 * switched already, nothing is left to do, and that is no failure.
 *
 * Blocks until the order is taken, as [method@Migrate.Job.retune] does, not until the move's end.
 *
 * Fails with %MIGRATE_ERROR_WRONG_STATE (no transfer runs, or it is being given up),
 * %MIGRATE_ERROR_NEEDS_RECOVER (nobody follows the transfer), %MIGRATE_ERROR_TIMED_OUT (its holder
 * does not answer, and will not do it later), %MIGRATE_ERROR_JOURNAL.
 *
 * Returns: true when it is taken
 *
 * Since: 1.0
 */
gboolean
migrate_job_finish_now (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return _migrate_job_wait (self, MIGRATE_VERB_FINISH_NOW, NULL /* values */, cancellable,
                            NULL /* value */, error);
}

/**
 * migrate_job_finish_now_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.finish_now]
 * @callback: (nullable): called when it is answered
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.finish_now] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_finish_now_async (MigrateJob *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  _migrate_job_start_async (self, MIGRATE_VERB_FINISH_NOW, NULL /* values */,
                            migrate_job_finish_now_async, cancellable, callback, user_data);
}

/**
 * migrate_job_finish_now_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.finish_now_async].
 *
 * Fails as [method@Migrate.Job.finish_now] does.
 *
 * Returns: true when it is taken
 *
 * Since: 1.0
 */
gboolean
migrate_job_finish_now_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_finish_now_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_pause:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancels the wait for nothing: it cannot be taken back
 * @error: return location for an error
 *
 * Stops the guest's CPUs now, so that the copy comes to its end: it runs on at the destination, or
 * at the source when the move does not come about. The call is the permission: the policy need not
 * allow it.
 *
 * Allowed while a transfer runs, in this process or another, until the guest runs at the
 * destination.
 *
 * Blocks until the order is taken, as [method@Migrate.Job.retune] does.
 *
 * Fails with %MIGRATE_ERROR_TOO_LATE (the guest runs at the destination), and those of
 * [method@Migrate.Job.finish_now].
 *
 * Returns: true when it is taken
 *
 * Since: 1.0
 */
gboolean
migrate_job_pause (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return _migrate_job_wait (self, MIGRATE_VERB_PAUSE, NULL /* values */, cancellable,
                            NULL /* value */, error);
}

/**
 * migrate_job_pause_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.pause]
 * @callback: (nullable): called when it is answered
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.pause] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_pause_async (MigrateJob *self, GCancellable *cancellable, GAsyncReadyCallback callback,
                         gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  _migrate_job_start_async (self, MIGRATE_VERB_PAUSE, NULL /* values */, migrate_job_pause_async,
                            cancellable, callback, user_data);
}

/**
 * migrate_job_pause_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.pause_async].
 *
 * Fails as [method@Migrate.Job.pause] does.
 *
 * Returns: true when it is taken
 *
 * Since: 1.0
 */
gboolean
migrate_job_pause_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_pause_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_job_give_up:
 * @self: a job
 * @cancellable: (nullable): a cancellable; cancels the wait for nothing: it cannot be taken back
 * @error: return location for an error
 *
 * Ends a move that does not come to an end, in this process or another, and waits until the job is
 * at rest: the guest stays at the source. [method@Migrate.Job.cancel] is for a move that is not
 * wanted any more, and leaves the job `cancelled`; this one leaves it `undone` with the failure
 * %MIGRATE_ERROR_NO_CONVERGENCE, which tells what remained and at which rate, for whoever has to
 * find a better policy. Before the transfer it is a cancel.
 *
 * Allowed until the hand-over; at its end the transfer may win.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_TOO_LATE (the guest was handed over; the move goes on),
 * %MIGRATE_ERROR_NEEDS_RECOVER, %MIGRATE_ERROR_WRONG_STATE (the job is closed),
 * %MIGRATE_ERROR_TIMED_OUT (its holder does not answer, and will not do it later).
 *
 * Returns: true when the guest stayed at the source
 *
 * Since: 1.0
 */
gboolean
migrate_job_give_up (MigrateJob *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return _migrate_job_wait (self, MIGRATE_VERB_GIVE_UP, NULL /* values */, cancellable,
                            NULL /* value */, error);
}

/**
 * migrate_job_give_up_async:
 * @self: a job
 * @cancellable: (nullable): as for [method@Migrate.Job.give_up]
 * @callback: (nullable): called when it is answered
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.give_up] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_give_up_async (MigrateJob *self, GCancellable *cancellable,
                           GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  _migrate_job_start_async (self, MIGRATE_VERB_GIVE_UP, NULL /* values */,
                            migrate_job_give_up_async, cancellable, callback, user_data);
}

/**
 * migrate_job_give_up_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.give_up_async].
 *
 * Fails as [method@Migrate.Job.give_up] does.
 *
 * Returns: true when the guest stayed at the source
 *
 * Since: 1.0
 */
gboolean
migrate_job_give_up_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_give_up_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
