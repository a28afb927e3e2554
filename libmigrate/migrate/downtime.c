/* See the header. */
#include "migrate/downtime-private.h"

static guint64
ms_between (gint64 since, gint64 until)
{
  return since != 0 && until > since ? (guint64) (until - since) / 1000 : 0;
}

guint64
_migrate_downtime_decide (const MigrateDowntimeView *view, const char **origin)
{
  /* The switch to post-copy takes a few milliseconds, less than a look does: then the most that it
   * can have been. */
  gint64 since = view->postcopy ? view->ran_here_at : view->stopped_at;
  guint64 polled = ms_between (since, view->ran_at);
  guint64 paused = ms_between (view->paused_at, view->ran_at);
  guint64 ms = 0;

  *origin = NULL;
  if (view->was_paused)
    return 0;
  if (view->has_said)
    {
      ms = view->said_ms;
      if (view->resumed_by_us)
        ms += ms_between (view->ended, view->ran_at);
      *origin = "hypervisor";
    }
  if (polled > 0 && (!view->has_said || (view->resumed_by_us && view->ended == 0)))
    {
      ms = polled;
      *origin = "polled";
    }
  /* For a guest that stood still already, the hypervisor counts from where it would have stopped
   * it. */
  if (paused > ms)
    {
      ms = paused;
      *origin = "polled";
    }
  return ms;
}
