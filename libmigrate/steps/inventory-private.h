/* Asking for the platform's record of a guest. */
#pragma once

#include "steps/work-private.h"

/* On a worker, with work->inventory set. NOT_FOUND: it has no such guest. host: which the record
 * names, never NULL on TRUE. */
gboolean _migrate_inventory_ask_get (MigrateWork *work, char **host, GError **error);
/* The same of a guest that the work does not know yet. */
gboolean _migrate_inventory_ask_get_of (MigrateWork *work, const MigrateDomain *guest, char **host,
                                        GError **error);
/* expected becomes host, or host is there already: TRUE when the record is read to say so. When it
 * names another, NEEDS_RECOVER with what it names, and nothing was written. May be run twice. */
gboolean
_migrate_inventory_swap (MigrateWork *work, const char *expected, const char *host, GError **error);
