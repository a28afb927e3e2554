/* What a job tells of itself: where it is, and what came of it so far. */
#include "job/job-private.h"

/**
 * migrate_job_get_state:
 * @self: a job
 *
 * Gets [property@Migrate.Job:state].
 *
 * Returns: the state
 *
 * Since: 1.0
 */
MigrateState
migrate_job_get_state (MigrateJob *self)
{
  MigrateState value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), MIGRATE_STATE_NEW);
  g_mutex_lock (&self->lock);
  value = self->state;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_get_phase:
 * @self: a job
 *
 * Gets [property@Migrate.Job:phase].
 *
 * Returns: the phase
 *
 * Since: 1.0
 */
MigratePhase
migrate_job_get_phase (MigrateJob *self)
{
  MigratePhase value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), MIGRATE_PHASE_IDLE);
  g_mutex_lock (&self->lock);
  value = self->phase;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_is_in_flight:
 * @self: a job
 *
 * Gets [property@Migrate.Job:in-flight].
 *
 * Returns: true while a transfer's end is not known
 *
 * Since: 1.0
 */
gboolean
migrate_job_is_in_flight (MigrateJob *self)
{
  gboolean value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_mutex_lock (&self->lock);
  value = self->in_flight;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_report:
 * @self: a job
 *
 * Gets [property@Migrate.Job:report].
 *
 * Returns: (transfer full) (nullable): the report, or %NULL before the first check
 *
 * Since: 1.0
 */
MigrateReport *
migrate_job_dup_report (MigrateJob *self)
{
  MigrateReport *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->report != NULL ? g_object_ref (self->report) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_plan:
 * @self: a job
 *
 * What the move does: decided by a check, once more by prepare from what is true then, and once
 * more when the transfer begins, by the policy as it is then.
 *
 * Returns: (transfer full) (nullable): the plan, or %NULL before the first check
 *
 * Since: 1.0
 */
MigratePlan *
migrate_job_dup_plan (MigrateJob *self)
{
  MigratePlan *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->plan != NULL ? migrate_plan_ref (self->plan) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_facts:
 * @self: a job
 *
 * What the last check gathered: the report rests on it.
 *
 * Returns: (transfer full) (nullable): the facts, or %NULL before the first check
 *
 * Since: 1.0
 */
MigrateFacts *
migrate_job_dup_facts (MigrateJob *self)
{
  MigrateFacts *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->facts != NULL ? migrate_facts_ref (self->facts) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_progress:
 * @self: a job
 *
 * Gets [property@Migrate.Job:progress].
 *
 * Returns: (transfer full) (nullable): the progress, or %NULL before the transfer
 *
 * Since: 1.0
 */
MigrateProgress *
migrate_job_dup_progress (MigrateJob *self)
{
  MigrateProgress *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->progress != NULL ? migrate_progress_ref (self->progress) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_result:
 * @self: a job
 *
 * Gets [property@Migrate.Job:result].
 *
 * Returns: (transfer full) (nullable): the result, or %NULL before the job has one
 *
 * Since: 1.0
 */
MigrateResult *
migrate_job_dup_result (MigrateJob *self)
{
  MigrateResult *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->result != NULL ? migrate_result_ref (self->result) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_failure:
 * @self: a job
 *
 * Gets [property@Migrate.Job:failure].
 *
 * Returns: (transfer full) (nullable): the failure, or %NULL when nothing failed
 *
 * Since: 1.0
 */
MigrateFailure *
migrate_job_dup_failure (MigrateJob *self)
{
  MigrateFailure *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->failure != NULL ? migrate_failure_ref (self->failure) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}
