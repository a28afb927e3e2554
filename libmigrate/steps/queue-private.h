/* The way back into the program: everything that runs the program's code (signals, notify,
 * interface methods, the end of an operation) is put here by workers and carried out in the main
 * context that the job was made in. Reference-counted, thread-safe. */
#pragma once

#include "virt/backend-private.h"

typedef struct _MigrateQueue MigrateQueue;
typedef void (*MigrateQueueFunc) (gpointer data);

/* Remembers the thread-default context of the caller. */
MigrateQueue *_migrate_queue_new (void);
MigrateQueue *_migrate_queue_ref (MigrateQueue *self);
void _migrate_queue_unref (MigrateQueue *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateQueue, _migrate_queue_unref)

GMainContext *_migrate_queue_get_context (MigrateQueue *self);

/* func runs in the context, once; func frees data. In order. */
void _migrate_queue_push (MigrateQueue *self, MigrateBackend *backend, MigrateQueueFunc func,
                          gpointer data);

/* Waits in a blocking call until *done, which is set by _migrate_queue_set_done(). Delivers what
 * is pending meanwhile, holding the context around each delivery; where another thread owns the
 * context, delivery is left to it. All that was pushed before done is delivered on return. */
void _migrate_queue_wait (MigrateQueue *self, MigrateBackend *backend, const gboolean *done);
void _migrate_queue_set_done (MigrateQueue *self, MigrateBackend *backend, gboolean *done);
