/* The way back into the program, against a program that is quicker than the worker. */
#include "steps/queue-private.h"

#include <criterion/criterion.h>

/* ---- the last delivery takes the queue with it ---- */

typedef struct
{
  MigrateBackend backend;
  GMainContext *context;
  gboolean delivered, gone, gone_at_wake;
} Quick;

/* The program gets its turn before the worker has woken those who wait. */
static void
deliver_first (MigrateBackend *backend, GCond *cond)
{
  Quick *self = (Quick *) backend;

  g_main_context_iteration (self->context, FALSE);
  g_clear_pointer (&self->context, g_main_context_unref);
  self->gone_at_wake = self->gone;
  if (!self->gone)
    g_cond_broadcast (cond);
}

static void
note_end (gpointer data)
{
  *(gboolean *) data = TRUE;
}

typedef struct
{
  Quick *quick;
  MigrateQueue *queue;
} Last;

static void
drop_queue (gpointer data)
{
  Last *self = data;

  self->quick->delivered = TRUE;
  _migrate_queue_unref (self->queue);
  g_free (self);
}

static gboolean
never (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Ends with the context, which lives as long as the queue does. */
static void
watch_end (GMainContext *context, gboolean *gone)
{
  g_autoptr (GSource) source = g_timeout_source_new_seconds (G_MAXINT);

  g_source_set_callback (source, never, gone, note_end);
  g_source_attach (source, context);
}

Test (queue, lives_until_push_is_done_with_it)
{
  MigrateBackendVtable vtable = { .wake = deliver_first };
  Quick quick = { .backend = { &vtable }, .context = g_main_context_new () };
  Last *last = g_new0 (Last, 1);
  MigrateQueue *queue;

  watch_end (quick.context, &quick.gone);
  g_main_context_push_thread_default (quick.context);
  queue = _migrate_queue_new ();
  g_main_context_pop_thread_default (quick.context);
  *last = (Last){ &quick, queue };
  _migrate_queue_push (queue, &quick.backend, drop_queue, last);
  cr_assert (quick.delivered);
  cr_assert (!quick.gone_at_wake);
  cr_assert (quick.gone);
}
