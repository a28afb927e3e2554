/* How a guest uses its memory, in libvirt's words: its statistics, and the measurement of how fast
 * it writes. */
#include "virt/libvirt-private.h"

#include <string.h>

/* Page-sampling, which is what 0 means too: dirty-bitmap has ended guests under software emulation
 * (QEMU 7.2), dirty-ring needs KVM. */
#define MODE VIR_DOMAIN_DIRTYRATE_MODE_PAGE_SAMPLING

gboolean
_migrate_vir_start_dirty_rate (virDomainPtr domain, guint64 seconds)
{
  return virDomainStartDirtyRateCalc (domain, (int) MIN (seconds, G_MAXINT), MODE) == 0;
}

static guint64
get (const virDomainStatsRecord *record, const char *name)
{
  MigrateVirParams params = { record->params, record->nparams, record->nparams };
  guint64 value = 0;

  _migrate_vir_params_get (&params, name, &value);
  return value;
}

static MigrateDirtyStatus
get_status (guint64 status)
{
  switch (status)
    {
    case VIR_DOMAIN_DIRTYRATE_MEASURING:
      return MIGRATE_DIRTY_MEASURING;
    case VIR_DOMAIN_DIRTYRATE_MEASURED:
      return MIGRATE_DIRTY_MEASURED;
    default:
      return MIGRATE_DIRTY_UNSTARTED;
    }
}

gboolean
_migrate_vir_memory (virDomainPtr domain, MigrateMemory *memory)
{
  virDomainPtr domains[] = { domain, NULL };
  virDomainStatsRecordPtr *records = NULL;
  int n = virDomainListGetStats (domains, VIR_DOMAIN_STATS_DIRTYRATE | VIR_DOMAIN_STATS_BALLOON,
                                 &records, 0 /* flags */);

  if (n < 0)
    return FALSE;
  if (n > 0)
    {
      memory->current = get (records[0], "balloon.current") * 1024;
      memory->resident = get (records[0], "balloon.rss") * 1024;
      memory->dirty_status = get_status (get (records[0], "dirtyrate.calc_status"));
      memory->dirty_period_s = (guint) get (records[0], "dirtyrate.calc_period");
      memory->dirty_rate = get (records[0], "dirtyrate.megabytes_per_second") << 20;
    }
  virDomainStatsRecordListFree (records);
  return TRUE;
}
