/* How fast a guest writes, as QEMU's page-sampling finds it: different pages that were written in
 * the time of the look. */
#include "sim-private.h"

gboolean
_sim_dirty_rate_start (SimDomain *domain, guint seconds)
{
  SimWorld *world = domain->host->world;

  if (domain->dirty_since != 0
      && world->now < domain->dirty_since + (gint64) domain->dirty_seconds * 1000 * SIM_MS)
    return FALSE;
  domain->dirty_since = world->now;
  domain->dirty_seconds = seconds;
  domain->dirty_cpus = domain->cpus;
  return TRUE;
}

void
_sim_dirty_rate_get (const SimDomain *domain, MigrateMemory *memory)
{
  const SimGuest *guest = domain->guest;
  gint64 ends = domain->dirty_since + (gint64) domain->dirty_seconds * 1000 * SIM_MS;

  memory->current = memory->resident = guest->memory;
  memory->dirty_period_s = domain->dirty_seconds;
  if (domain->dirty_since == 0)
    return;
  if (domain->host->world->now < ends)
    {
      memory->dirty_status = MIGRATE_DIRTY_MEASURING;
      return;
    }
  memory->dirty_status = MIGRATE_DIRTY_MEASURED;
  if (domain->dirty_cpus && domain->dirty_seconds > 0)
    memory->dirty_rate = MIN (guest->dirty_rate, guest->working_set / domain->dirty_seconds);
}
