/* See the header. One that did not answer in time ends by itself, with nobody to tell. */
#include "virt/resolve-private.h"

#include <netdb.h>

struct _MigrateResolving
{
  gatomicrefcount ref_count;
  MigrateBackend *backend;
  char *name;
  GMutex lock;
  GCond changed;
  gboolean done, known, resolves;
};

static void
resolving_unref (MigrateResolving *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->name);
  g_free (self);
}

/* A resolver that cannot be asked says nothing of the name. */
static void
resolving_main (gpointer data, gpointer unused)
{
  MigrateResolving *self = data;
  struct addrinfo *found = NULL;
  int code = getaddrinfo (self->name, NULL /* service */, NULL /* hints */, &found);

  if (found != NULL)
    freeaddrinfo (found);
  g_mutex_lock (&self->lock);
  self->done = TRUE;
  self->known = code == 0 || code == EAI_NONAME || code == EAI_NODATA;
  self->resolves = code == 0;
  g_mutex_unlock (&self->lock);
  self->backend->vtable->wake (self->backend, &self->changed);
  resolving_unref (self);
}

MigrateResolving *
_migrate_resolve_begin (MigrateBackend *backend, const char *name)
{
  MigrateResolving *self;

  if (!backend->vtable->has_resolver)
    return NULL;
  self = g_new0 (MigrateResolving, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count); /* the thread's */
  self->backend = backend;
  self->name = g_strdup (name);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  if (backend->vtable->start_thread (backend, "migrate-resolve", (GFunc) resolving_main, self,
                                     NULL /* error */))
    return self;
  resolving_unref (self);
  resolving_unref (self);
  return NULL;
}

gboolean
_migrate_resolve_end (MigrateResolving *self, gint64 deadline, gboolean *resolves)
{
  gboolean known;

  g_mutex_lock (&self->lock);
  while (!self->done && _migrate_backend_now (self->backend) < deadline)
    self->backend->vtable->wait_until (self->backend, &self->changed, &self->lock, deadline);
  known = self->done && self->known;
  *resolves = self->resolves;
  g_mutex_unlock (&self->lock);
  resolving_unref (self);
  return known;
}
