#include "labcalls.h"

#include <string.h>
#include <sys/stat.h>

#define TIMEOUT_MS 60000

static MigrateLink *links[3];

static void
empty_folder (int host)
{
  g_autofree char *folder = lab_path (host, "");

  g_free (lab_run ("run %d sh -c 'rm -rf %s && mkdir %s'", host, folder, folder));
}

void
lab_calls_set_up (void)
{
  lab_set_up ();
  for (int host = 1; host <= 2; host++)
    {
      g_autofree char *uri = lab_env_host ("URI", host);

      lab_try (NULL, "libvirtd %d start", host); /* what a test that failed left */
      empty_folder (host);
      links[host] = _migrate_link_new (uri);
    }
  lab_clear_storage ();
}

void
lab_calls_tear_down (void)
{
  if (g_getenv ("LAB_SKIP") != NULL)
    return;
  lab_clear_storage ();
  for (int host = 1; host <= 2; host++)
    {
      empty_folder (host);
      g_clear_pointer (&links[host], _migrate_link_unref);
    }
}

MigrateLink *
lab_link (int host)
{
  return links[host];
}

char *
lab_path (int host, const char *name)
{
  g_autofree char *local = lab_env_host ("LOCAL", host);

  return g_build_filename (local, "calls", name, NULL);
}

MigrateCall *
lab_call (MigrateCallKind kind, const char *guest, const char *pool, const char *name,
          const char *text)
{
  MigrateCall *call = _migrate_call_new (kind, guest);

  call->storage.pool = g_strdup (pool);
  call->storage.name = g_strdup (name);
  call->text_in = g_strdup (text);
  return call;
}

MigrateCall *
lab_ask (int host, MigrateCall *call)
{
  g_autoptr (GError) error = NULL;

  cr_assert (_migrate_link_call (links[host], call, TIMEOUT_MS, &error), "%s: %s",
             _migrate_call_kind_name (call->kind), error != NULL ? error->message : "no error");
  return call;
}

void
lab_do (int host, MigrateCall *call)
{
  _migrate_call_unref (lab_ask (host, call));
}

void
lab_refused (int host, MigrateCall *call, MigrateError code, const char *words)
{
  g_autoptr (MigrateCall) asked = call;
  g_autoptr (GError) error = NULL;

  cr_assert_not (_migrate_link_call (links[host], asked, TIMEOUT_MS, &error), "%s succeeded",
                 _migrate_call_kind_name (call->kind));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, (int) code), "%s: %d: %s",
             _migrate_call_kind_name (call->kind), error->code, error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
}

/* ---- calls that last ---- */

struct _LabLasting
{
  GMutex lock;
  GCond changed;
  gboolean done;
  GError *error;
};

static void
lasting_done (MigrateCall *call, GError *error, gpointer data)
{
  LabLasting *self = data;

  g_mutex_lock (&self->lock);
  self->done = TRUE;
  self->error = error;
  g_cond_broadcast (&self->changed);
  g_mutex_unlock (&self->lock);
}

LabLasting *
lab_begin (int host, MigrateCall *call)
{
  LabLasting *self = g_new0 (LabLasting, 1);
  g_autoptr (MigrateCall) begun = call;

  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  cr_assert (_migrate_link_start_transfer (links[host], begun, lasting_done, self, NULL));
  return self;
}

GError *
lab_end (LabLasting *self)
{
  GError *error;

  g_mutex_lock (&self->lock);
  while (!self->done)
    g_cond_wait (&self->changed, &self->lock);
  error = self->error;
  g_mutex_unlock (&self->lock);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
  return error;
}
