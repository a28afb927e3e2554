/* What a job forecasts: its properties for that. */
#include "job/job-private.h"

/**
 * MigrateJob:forecast:
 *
 * Whether it is forecast what the move will take.
 *
 * Then [method@Migrate.Job.check] looks at how fast the guest writes its memory, for ten seconds
 * at most, and its report has the forecast ([method@Migrate.Report.get_forecast]). A run does not
 * wait for that: the guest is looked at while its copy begins, and the forecast is in the result
 * ([method@Migrate.Result.get_forecast]), beside what came of the move. Looking is page-sampling
 * by the hypervisor, which changes nothing of the guest. What a host refuses, as it does while
 * another job is at the guest, is then unknown.
 *
 * Since: 1.0
 */
/**
 * MigrateJob:history:
 *
 * The journal whose earlier moves a forecast learns from. %NULL: the job's own. For a check that
 * is not to be written down.
 *
 * Since: 1.0
 */

/**
 * migrate_job_get_forecast:
 * @self: a job
 *
 * Gets [property@Migrate.Job:forecast].
 *
 * Returns: true when it is forecast what the move will take
 *
 * Since: 1.0
 */
gboolean
migrate_job_get_forecast (MigrateJob *self)
{
  gboolean value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), FALSE);
  g_mutex_lock (&self->lock);
  value = self->forecast;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_history:
 * @self: a job
 *
 * Gets [property@Migrate.Job:history].
 *
 * Returns: (transfer full) (nullable): the journal
 *
 * Since: 1.0
 */
MigrateJournal *
migrate_job_dup_history (MigrateJob *self)
{
  MigrateJournal *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->history != NULL ? g_object_ref (self->history) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_set_forecast:
 * @self: a job
 * @forecast: whether it is forecast what the move will take
 *
 * Sets [property@Migrate.Job:forecast]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_forecast (MigrateJob *self, gboolean forecast)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_mutex_lock (&self->lock);
  changed = self->forecast != !!forecast;
  self->forecast = !!forecast;
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify (G_OBJECT (self), "forecast");
}

/**
 * migrate_job_set_history:
 * @self: a job
 * @history: (nullable): the journal
 *
 * Sets [property@Migrate.Job:history]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_history (MigrateJob *self, MigrateJournal *history)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (history == NULL || MIGRATE_IS_JOURNAL (history));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->history, history);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify (G_OBJECT (self), "history");
}
