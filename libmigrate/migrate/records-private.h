/* What libvirt has written down of a guest's snapshots and checkpoints travels with it. */
#pragma once

#include "migrate/migrate-private.h"

/* Told to the destination, which has the guest's definition by now; undone with that. Errors: what
 * the destination refuses one with. */
gboolean _migrate_records_define (MigrateWork *work, GError **error);
void _migrate_records_add_step_kinds (void);
