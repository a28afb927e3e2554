/* Files from hypervisor to hypervisor. */
#pragma once

#include "migrate/migrate-private.h"

/* Rows of storage/files-private.h, whose volumes at the destination were made. Errors: NO_SPACE,
 * TIMED_OUT, UNSUPPORTED: a host cannot have the carrier; cancelled, … The carrier is a step: on a
 * failure its undo ends it. */
gboolean _migrate_carry (MigrateWork *work, GPtrArray *rows, GError **error);
void _migrate_carry_add_step_kinds (void);
