/* See the header. A switch that was refused is asked for again in a later pass, not in the same. */
#include "migrate/converge-private.h"

MigrateConvergeAction
_migrate_converge_decide (const MigrateConvergeView *view, char **why)
{
  if (!view->armed || view->start != MIGRATE_POSTCOPY_START_FIRST_PASS || view->pass < 2
      || view->pass <= view->tried_pass)
    return MIGRATE_CONVERGE_GO_ON;
  *why = g_strdup_printf ("all memory was sent once, which is when the policy wants the switch; "
                          "%" G_GUINT64_FORMAT " MiB remain in pass %u, at %" G_GUINT64_FORMAT
                          " MiB/s",
                          view->memory_remaining >> 20, view->pass, view->memory_bps >> 20);
  return MIGRATE_CONVERGE_START_POSTCOPY;
}
