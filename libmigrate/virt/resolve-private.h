/* Whether a host's name resolves here: asked of the system's resolver, which may take as long as it
 * likes, on a thread of its own. */
#pragma once

#include "virt/backend-private.h"

typedef struct _MigrateResolving MigrateResolving;

/* NULL: this backend has no resolver, or there is no thread to be had. */
MigrateResolving *_migrate_resolve_begin (MigrateBackend *backend, const char *name);
/* Waits until the deadline (backend time), and frees it. TRUE: it is known; *resolves says what. */
gboolean _migrate_resolve_end (MigrateResolving *self, gint64 deadline, gboolean *resolves);
