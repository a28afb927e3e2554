/* Which backend serves a URI. */
#include "virt/backend-private.h"

#include <string.h>

static GMutex lock;
static GHashTable *factories; /* scheme -> MigrateBackendFactory */

void
_migrate_backend_register (const char *scheme, MigrateBackendFactory factory)
{
  g_mutex_lock (&lock);
  if (factories == NULL)
    factories = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL /* value */);
  g_hash_table_replace (factories, g_strdup (scheme), (gpointer) factory);
  g_mutex_unlock (&lock);
}

MigrateBackend *
_migrate_backend_for_uri (const char *uri)
{
  g_autofree char *scheme = g_uri_parse_scheme (uri);
  MigrateBackendFactory factory = NULL;

  g_mutex_lock (&lock);
  if (factories != NULL && scheme != NULL)
    factory = (MigrateBackendFactory) g_hash_table_lookup (factories, scheme);
  g_mutex_unlock (&lock);
  return factory != NULL ? factory (uri) : _migrate_libvirt_backend ();
}

/* ---- many at once ---- */

typedef struct
{
  gatomicrefcount ref_count; /* a thread may be about to wake who waits no more */
  MigrateBackend *backend;
  const char *name;
  guint n;
  MigrateEachFunc func;
  gpointer data;
  GMutex lock;
  GCond done;
  guint next, threads;
} Each;

static void
each_unref (Each *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->done);
  g_free (self);
}

static void
each_main (gpointer data, gpointer unused)
{
  Each *self = data;

  g_mutex_lock (&self->lock);
  while (self->next < self->n)
    {
      guint i = self->next++;

      g_mutex_unlock (&self->lock);
      self->func (self->data, i);
      g_mutex_lock (&self->lock);
    }
  self->threads--;
  g_mutex_unlock (&self->lock);
  self->backend->vtable->wake (self->backend, &self->done);
  each_unref (self);
}

static void
each_start (Each *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  g_mutex_lock (&self->lock);
  self->threads++;
  g_mutex_unlock (&self->lock);
  if (!self->backend->vtable->start_thread (self->backend, self->name, (GFunc) each_main, self,
                                            NULL /* error */))
    each_main (self, NULL);
}

void
_migrate_backend_each (MigrateBackend *backend, const char *name, guint at_once, guint n,
                       MigrateEachFunc func, gpointer data)
{
  Each *each = g_new0 (Each, 1);

  g_atomic_ref_count_init (&each->ref_count);
  each->backend = backend;
  each->name = name;
  each->n = n;
  each->func = func;
  each->data = data;
  g_mutex_init (&each->lock);
  g_cond_init (&each->done);
  for (guint i = 0; i < MIN (n, at_once); i++)
    each_start (each);
  g_mutex_lock (&each->lock);
  while (each->threads > 0)
    backend->vtable->wait_until (backend, &each->done, &each->lock, -1);
  g_mutex_unlock (&each->lock);
  each_unref (each);
}
