/* A guest's memory in a file, which travels with the guest's others. */
#pragma once

#include "migrate/migrate-private.h"

/* Stops the guest with its memory in the plan's file, which gets a volume at the destination. */
gboolean _migrate_save_guest (MigrateWork *work, GError **error);
/* Before the guest is brought back there for the first time: what its images are like, so that it
 * can be told whether it has run. FALSE: its host does not tell, and it is not to be tried. */
gboolean _migrate_saved_prepare_restore (MigrateWork *work, GError **error);
void _migrate_saved_add_step_kinds (void);
