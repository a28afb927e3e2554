/* Where a job's images come from, and what connects its volumes. */
#include "job/job-private.h"

/**
 * migrate_job_dup_image_source:
 * @self: a job
 *
 * Gets [property@Migrate.Job:image-source].
 *
 * Returns: (transfer full) (nullable): the image source
 *
 * Since: 1.0
 */
MigrateImageSource *
migrate_job_dup_image_source (MigrateJob *self)
{
  MigrateImageSource *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->image_source != NULL ? g_object_ref (self->image_source) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_set_image_source:
 * @self: a job
 * @image_source: (nullable): the image source
 *
 * Sets [property@Migrate.Job:image-source]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_image_source (MigrateJob *self, MigrateImageSource *image_source)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (image_source == NULL || MIGRATE_IS_IMAGE_SOURCE (image_source));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->image_source, image_source);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify (G_OBJECT (self), "image-source");
}

/**
 * migrate_job_dup_volume_connector:
 * @self: a job
 *
 * Gets [property@Migrate.Job:volume-connector].
 *
 * Returns: (transfer full) (nullable): the connector
 *
 * Since: 1.0
 */
MigrateVolumeConnector *
migrate_job_dup_volume_connector (MigrateJob *self)
{
  MigrateVolumeConnector *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->connector != NULL ? g_object_ref (self->connector) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_set_volume_connector:
 * @self: a job
 * @connector: (nullable): the connector
 *
 * Sets [property@Migrate.Job:volume-connector]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_volume_connector (MigrateJob *self, MigrateVolumeConnector *connector)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (connector == NULL || MIGRATE_IS_VOLUME_CONNECTOR (connector));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->connector, connector);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify (G_OBJECT (self), "volume-connector");
}
