/* Act: the forecast of a move that did not wait for one. The look at the guest that was begun
 * before the copy is read while it runs, once: what is late is worth nothing any more. */
#include "migrate/follow-private.h"

#include "migrate/forecast-private.h"

void
_migrate_follow_forecast (Follow *self)
{
  MigrateWork *work = self->work;
  gint64 ends = work->look_ends;
  MigrateDirtySample sample;

  if (ends == 0 || _migrate_backend_now (work->backend) < ends || !self->seen.job_active
      || self->seen.job_ending
      || (work->phase != MIGRATE_PHASE_COPYING_MEMORY
          && work->phase != MIGRATE_PHASE_COPYING_DISKS))
    return;
  work->look_ends = 0;
  sample = _migrate_dirty_sample_from_variant (work->looked);
  if (!_migrate_dirty_rate_read (work, work->result->guest_uuid, &sample))
    return;
  g_clear_pointer (&work->result->forecast, migrate_forecast_unref);
  work->result->forecast
    = _migrate_forecast_make (work, &sample, work->result->guest_uuid, work->result->kind);
}
