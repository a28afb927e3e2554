/* Proof that the holder of a claim is alive: a lock on a file that only the holder opens. */
#pragma once

#include <glib.h>

typedef struct _MigrateHolder MigrateHolder;

/* file: the journal's; the lock file lies beside it. */
MigrateHolder *_migrate_holder_new (const char *file, GError **error);
void _migrate_holder_free (MigrateHolder *self);
const char *_migrate_holder_get_name (MigrateHolder *self);

gboolean
_migrate_holder_probe (const char *file, const char *name, gboolean *alive, GError **error);
/* Removes the lock file of a holder that was probed dead. */
void _migrate_holder_bury (const char *file, const char *name);
/* Removes the lock files of all dead holders. */
void _migrate_holder_sweep (const char *file);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateHolder, _migrate_holder_free)
