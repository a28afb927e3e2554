/* A guest that does not run on its way: its files are copied, it is defined at the destination, and
 * handed over by one write to the journal. */
#pragma once

#include "migrate/migrate-private.h"

/* Everything before the hand-over: off, copied, defined there under our mark. On FALSE the steps'
 * undo puts all of it right: the guest is as it was, at the source. */
gboolean _migrate_cold (MigrateWork *work, const MigrateBefore *before, GError **error);
/* Everything after it: the source's definition is marked as handed over, the destination's is an
 * ordinary one, and the guest runs there if it ran before. May be run twice. */
gboolean _migrate_cold_adopt (MigrateWork *work, const MigrateBefore *before, GError **error);

/* cold-kinds.c: once, before a step runs. */
void _migrate_cold_add_step_kinds (void);
