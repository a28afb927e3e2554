/* See the header. Lock order: queue->lock, then the context's. Neither is held while the program's
 * code runs. */
#include "steps/queue-private.h"

typedef struct
{
  MigrateQueueFunc func;
  gpointer data;
} Item;

struct _MigrateQueue
{
  gatomicrefcount ref_count;
  GMainContext *context;

  GMutex lock;
  GCond changed;
  GQueue items;
  GSource *source; /* nullable; will deliver, is in the context */
};

MigrateQueue *
_migrate_queue_new (void)
{
  MigrateQueue *self = g_new0 (MigrateQueue, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->context = g_main_context_ref_thread_default ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_queue_init (&self->items);
  return self;
}

MigrateQueue *
_migrate_queue_ref (MigrateQueue *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
_migrate_queue_unref (MigrateQueue *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  /* Items are left only when the context itself was destroyed under them. */
  g_queue_clear_full (&self->items, g_free);
  g_clear_pointer (&self->source, g_source_unref);
  g_main_context_unref (self->context);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

GMainContext *
_migrate_queue_get_context (MigrateQueue *self)
{
  return self->context;
}

static gboolean
deliver_one (MigrateQueue *self)
{
  Item *item;

  g_mutex_lock (&self->lock);
  item = g_queue_pop_head (&self->items);
  g_mutex_unlock (&self->lock);
  if (item == NULL)
    return FALSE;
  item->func (item->data);
  g_free (item);
  return TRUE;
}

static gboolean
deliver_all (gpointer data)
{
  MigrateQueue *self = data;

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->source, g_source_unref);
  g_mutex_unlock (&self->lock);
  while (deliver_one (self))
    ;
  return G_SOURCE_REMOVE;
}

void
_migrate_queue_push (MigrateQueue *self, MigrateBackend *backend, MigrateQueueFunc func,
                     gpointer data)
{
  /* Delivering the item may drop every other reference before we have woken anybody. */
  g_autoptr (MigrateQueue) kept = _migrate_queue_ref (self);
  Item *item = g_new0 (Item, 1);

  item->func = func;
  item->data = data;
  g_mutex_lock (&self->lock);
  g_queue_push_tail (&self->items, item);
  if (self->source == NULL)
    {
      self->source = g_idle_source_new ();
      /* Not idle priority: the end of an operation would overtake its last signals. */
      g_source_set_priority (self->source, G_PRIORITY_DEFAULT);
      g_source_set_callback (self->source, deliver_all, _migrate_queue_ref (self),
                             (GDestroyNotify) _migrate_queue_unref);
      g_source_set_static_name (self->source, "libmigrate");
      /* Under the lock: a wait that ends destroys what it finds here. */
      g_source_attach (self->source, self->context);
    }
  g_mutex_unlock (&self->lock);
  backend->vtable->wake (backend, &kept->changed);
}

/* A program without a main loop would keep the source, and through it the queue, for ever. */
static void
detach_if_empty (MigrateQueue *self)
{
  g_autoptr (GSource) source = NULL;

  g_mutex_lock (&self->lock);
  if (self->items.length == 0)
    source = g_steal_pointer (&self->source);
  g_mutex_unlock (&self->lock);
  if (source != NULL)
    g_source_destroy (source);
}

void
_migrate_queue_wait (MigrateQueue *self, MigrateBackend *backend, const gboolean *done)
{
  for (;;)
    {
      gboolean finished, pending;

      g_mutex_lock (&self->lock);
      finished = *done;
      pending = self->items.length > 0;
      if (!finished && !pending)
        backend->vtable->wait_until (backend, &self->changed, &self->lock, -1);
      g_mutex_unlock (&self->lock);
      if (pending && g_main_context_acquire (self->context))
        {
          /* Handlers find the context they know as their thread's own. */
          gboolean push = self->context != g_main_context_default ();

          if (push)
            g_main_context_push_thread_default (self->context);
          deliver_one (self);
          if (push)
            g_main_context_pop_thread_default (self->context);
          g_main_context_release (self->context);
          continue;
        }
      if (finished)
        {
          if (!pending)
            detach_if_empty (self);
          return;
        }
      if (pending)
        {
          /* The context is another thread's: it delivers. Look again when something changes. */
          g_mutex_lock (&self->lock);
          if (!*done)
            backend->vtable->wait_until (backend, &self->changed, &self->lock,
                                         _migrate_backend_now (backend)
                                           + 10 * G_TIME_SPAN_MILLISECOND);
          g_mutex_unlock (&self->lock);
        }
    }
}

void
_migrate_queue_set_done (MigrateQueue *self, MigrateBackend *backend, gboolean *done)
{
  g_mutex_lock (&self->lock);
  *done = TRUE;
  g_mutex_unlock (&self->lock);
  backend->vtable->wake (backend, &self->changed);
}
