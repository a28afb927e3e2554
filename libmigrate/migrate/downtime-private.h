/* Decide: how long the guest stood still. A pure function of what was seen and what the hypervisor
 * says. */
#pragma once

#include <glib.h>

/* Times are the backend's, in us; 0: not seen. */
typedef struct
{
  gboolean was_paused; /* by its user, before: then there is no downtime */
  gboolean has_said;   /* the hypervisor's figure */
  guint64 said_ms;
  gboolean resumed_by_us; /* at the destination: the hypervisor's figure ends before, at ended */
  gint64 ended;
  gboolean postcopy;
  gint64 ran_here_at; /* the last look that found it running at the source began */
  gint64 stopped_at;  /* the first look that found it standing still there ended */
  gint64 paused_at;   /* we paused it in mid-copy, and it stayed so until the hand-over */
  gint64 ran_at;      /* at the destination */
} MigrateDowntimeView;

/* origin: "hypervisor" or "polled"; NULL: nobody can say. */
guint64 _migrate_downtime_decide (const MigrateDowntimeView *view, const char **origin);
