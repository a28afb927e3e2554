/* Files from hypervisor to hypervisor. */
#pragma once

#include "migrate/migrate-private.h"

/* Rows of storage/files-private.h, whose volumes at the destination were made. Errors: NO_SPACE,
 * TIMED_OUT, UNSUPPORTED: a host cannot have the carrier; cancelled, … The carrier is a step: on a
 * failure its undo ends it. */
gboolean _migrate_carry (MigrateWork *work, GPtrArray *rows, GError **error);
void _migrate_carry_add_step_kinds (void);
/* A carrier of these files. Errors: INVALID: no document can name them. */
char *_migrate_carry_document (MigrateWork *work, const char *uuid, const char *const *paths,
                               GError **error);
/* One that is gone is as it should be. */
gboolean _migrate_carry_end (MigrateWork *work, MigrateSide side, const char *uuid, GError **error);

/* ---- flush.c ---- */

/* What came through streams is on the destination's disk, not only in its memory. Where that cannot
 * be had it is a warning, and what the source has is not removed. Errors: JOURNAL, LOST_CLAIM. */
gboolean _migrate_flush_rows (MigrateWork *work, GPtrArray *rows, GError **error);
gboolean _migrate_flush_act (MigrateWork *work, GVariant *args, GError **error);
gboolean _migrate_flush_undo (MigrateWork *work, GVariant *args, GError **error);
