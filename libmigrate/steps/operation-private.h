/* One call of the program that lasts: its thread, its end, and the three shapes in which the
 * program can wait for it. */
#pragma once

#include "steps/queue-private.h"

typedef struct _MigrateOperation MigrateOperation;
/* Runs on a worker; ends the operation, now or after being resumed, with _migrate_operation_end().
 */
typedef void (*MigrateOperationFunc) (MigrateOperation *self, gpointer data);

/* task is taken; NULL for a blocking call. data belongs to the operation. */
MigrateOperation *
_migrate_operation_new (MigrateQueue *queue, MigrateBackend *backend, MigrateOperationFunc func,
                        gpointer data, GDestroyNotify free_data, GTask *task);
/* Starts, or starts again after the thread was given up, on a new worker. A failure to get a
 * thread ends the operation. */
void _migrate_operation_start (MigrateOperation *self);
/* value (taken, nullable, freed with free_value) or error (taken). NULL and no error is TRUE. */
void _migrate_operation_end (MigrateOperation *self, gpointer value, GDestroyNotify free_value,
                             GError *error);
/* Blocking: delivers what is pending until the end. Frees the operation. TRUE: *value is the
 * caller's. */
gboolean _migrate_operation_wait (MigrateOperation *self, gpointer *value, GError **error);
