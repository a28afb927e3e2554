/* See the header. An operation has two references: the worker's, given up at the end, and the
 * waiter's, which an asynchronous call gives up at once. */
#include "steps/operation-private.h"

struct _MigrateOperation
{
  gatomicrefcount ref_count;
  MigrateQueue *queue;
  MigrateBackend *backend;
  MigrateOperationFunc func;
  gpointer data;
  GDestroyNotify free_data;
  GTask *task; /* nullable */

  gboolean done; /* set under the queue's lock */
  gpointer value;
  GDestroyNotify free_value;
  GError *error;
};

static void
operation_unref (MigrateOperation *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  self->free_data (self->data);
  if (self->value != NULL && self->free_value != NULL)
    self->free_value (self->value);
  g_clear_error (&self->error);
  g_clear_object (&self->task);
  _migrate_queue_unref (self->queue);
  g_free (self);
}

MigrateOperation *
_migrate_operation_new (MigrateQueue *queue, MigrateBackend *backend, MigrateOperationFunc func,
                        gpointer data, GDestroyNotify free_data, GTask *task)
{
  MigrateOperation *self = g_new0 (MigrateOperation, 1);

  g_atomic_ref_count_init (&self->ref_count);
  if (task == NULL)
    g_atomic_ref_count_inc (&self->ref_count);
  self->queue = _migrate_queue_ref (queue);
  self->backend = backend;
  self->func = func;
  self->data = data;
  self->free_data = free_data;
  self->task = task;
  return self;
}

static void
operation_main (gpointer data, gpointer unused)
{
  MigrateOperation *self = data;

  self->func (self, self->data);
}

void
_migrate_operation_start (MigrateOperation *self)
{
  GError *error = NULL;

  if (!self->backend->vtable->start_thread (self->backend, "migrate-job", (GFunc) operation_main,
                                            self, &error))
    _migrate_operation_end (self, NULL, NULL, error);
}

static void
return_to_task (gpointer data)
{
  MigrateOperation *self = data;

  if (self->error != NULL)
    g_task_return_error (self->task, g_steal_pointer (&self->error));
  else if (self->value != NULL)
    g_task_return_pointer (self->task, g_steal_pointer (&self->value), self->free_value);
  else
    g_task_return_boolean (self->task, TRUE);
  operation_unref (self);
}

void
_migrate_operation_end (MigrateOperation *self, gpointer value, GDestroyNotify free_value,
                        GError *error)
{
  self->value = value;
  self->free_value = free_value;
  self->error = error;
  if (self->task == NULL)
    {
      /* The waiter may be gone as soon as done is set; our reference keeps what we use. */
      _migrate_queue_set_done (self->queue, self->backend, &self->done);
      operation_unref (self);
      return;
    }
  /* Through the queue, behind the last signals; unless the call was made in another context. */
  if (g_task_get_context (self->task) == _migrate_queue_get_context (self->queue))
    _migrate_queue_push (self->queue, self->backend, return_to_task, self);
  else
    return_to_task (self);
}

gboolean
_migrate_operation_wait (MigrateOperation *self, gpointer *value, GError **error)
{
  gboolean ok;

  _migrate_queue_wait (self->queue, self->backend, &self->done);
  ok = self->error == NULL;
  if (!ok)
    g_propagate_error (error, g_steal_pointer (&self->error));
  else if (value != NULL)
    *value = g_steal_pointer (&self->value);
  operation_unref (self);
  return ok;
}
