/* Asking the fence. */
#pragma once

#include "steps/work-private.h"

/* What the fence is asked about; the guest is the work's. */
typedef struct
{
  const char *uri;  /* as given: it is redacted here */
  const char *name; /* nullable: the redacted URI is used */
  MigrateSide side; /* NONE: neither of the move's */
} MigrateFenceTarget;

/* On a worker. TRUE: it says that it has done it. proven: that it has proof of the guest's death
 * there; else libvirt must show it before anything is concluded. fence NULL: UNSUPPORTED. */
gboolean _migrate_fence_ask (MigrateWork *work, MigrateFence *fence,
                             const MigrateFenceTarget *target, gboolean *proven, GError **error);
/* The connections of the guest's migration at that host are ended. */
gboolean _migrate_fence_ask_reset_stream (MigrateWork *work, MigrateFence *fence,
                                          const MigrateFenceTarget *target, GError **error);
