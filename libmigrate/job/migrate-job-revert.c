/* Taking a move back after its hand-over, in three shapes. What it does is in migrate/revert.c. */
#include "job/job-private.h"

static GVariant *
values_of (MigrateRisk up_to)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "up-to", "t", (guint64) up_to);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

static gboolean
is_risk (MigrateRisk risk)
{
  return risk >= MIGRATE_RISK_SAFE && risk <= MIGRATE_RISK_DESTRUCTIVE;
}

/**
 * migrate_job_revert:
 * @self: a job
 * @up_to_risk: the highest risk that may be taken
 * @cancellable: (nullable): a cancellable; what was begun goes on to its end
 * @error: return location for an error
 *
 * Takes a cold move or a suspend move back after its hand-over, as long as the source has not been
 * released: the policy `confirm = manual` leaves it so until [method@Migrate.Job.finalize]. The
 * guest is ended at the destination and not defined there any more, what was made for it there is
 * removed, and the source has it in its old shape: it is started or restored there when it was
 * stopped for the move. The platform's record names the source again. Allowed in the states
 * `migrated` and `failed`; one that was cut short goes on when it is asked for again.
 *
 * Where the guest has run at the destination what it did there is lost: that needs
 * %MIGRATE_RISK_DESTRUCTIVE. Without it nothing is changed, and the message names what would be
 * lost.
 *
 * Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_BLOCKED (of a higher risk), %MIGRATE_ERROR_TOO_LATE (the source has
 * been released, or the guest's saved memory does not fit its disks any more),
 * %MIGRATE_ERROR_WRONG_STATE (nothing was handed over, or the guest ran through its move),
 * %MIGRATE_ERROR_NEEDS_RECOVER (it is to be asked for again, or a host shows something else), and
 * those of hosts and journal.
 *
 * Returns: true when the source has the guest, and only it
 *
 * Since: 1.0
 */
gboolean
migrate_job_revert (MigrateJob *self, MigrateRisk up_to_risk, GCancellable *cancellable,
                    GError **error)
{
  g_autoptr (GVariant) values = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_return_val_if_fail (is_risk (up_to_risk), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  values = values_of (up_to_risk);
  return _migrate_job_wait (self, MIGRATE_VERB_REVERT, values, cancellable, NULL /* value */,
                            error);
}

/**
 * migrate_job_revert_async:
 * @self: a job
 * @up_to_risk: the highest risk that may be taken
 * @cancellable: (nullable): as for [method@Migrate.Job.revert]
 * @callback: (nullable): called when the operation is at rest
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Job.revert] without blocking.
 *
 * Since: 1.0
 */
void
migrate_job_revert_async (MigrateJob *self, MigrateRisk up_to_risk, GCancellable *cancellable,
                          GAsyncReadyCallback callback, gpointer user_data)
{
  g_autoptr (GVariant) values = NULL;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (is_risk (up_to_risk));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  values = values_of (up_to_risk);
  _migrate_job_start_async (self, MIGRATE_VERB_REVERT, values, migrate_job_revert_async,
                            cancellable, callback, user_data);
}

/**
 * migrate_job_revert_finish:
 * @self: a job
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Job.revert_async].
 *
 * Fails as [method@Migrate.Job.revert] does.
 *
 * Returns: true when the source has the guest, and only it
 *
 * Since: 1.0
 */
gboolean
migrate_job_revert_finish (MigrateJob *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_job_revert_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
