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
