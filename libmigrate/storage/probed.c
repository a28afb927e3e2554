/* What a probe found, read. Pure. */
#include "storage/storage-private.h"

void
_migrate_probed_free (MigrateProbed *self)
{
  g_free (self->target);
  g_free (self->path);
  g_free (self->why);
  g_free (self);
}

static int
weight (MigrateSharing sharing)
{
  return sharing == MIGRATE_SHARING_NOT_SHARED ? 2 : sharing == MIGRATE_SHARING_UNKNOWN;
}

MigrateSharing
_migrate_probed_of (GPtrArray *probed, const char *target, const char **why)
{
  const MigrateProbed *counts = NULL;

  for (guint i = 0; i < probed->len; i++)
    {
      const MigrateProbed *row = probed->pdata[i];

      if (g_strcmp0 (row->target, target) == 0
          && (counts == NULL || weight (row->sharing) > weight (counts->sharing)))
        counts = row;
    }
  if (why != NULL)
    *why = counts != NULL ? counts->why : NULL;
  return counts != NULL ? counts->sharing : MIGRATE_SHARING_UNKNOWN;
}

const char *
_migrate_sharing_name (MigrateSharing sharing)
{
  static const char *const names[] = { "unknown", "shared", "not-shared" };

  return names[sharing];
}
