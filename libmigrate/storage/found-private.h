/* What is in the way at the destination. */
#pragma once

#include "storage/files-private.h"

typedef enum
{
  MIGRATE_PLACE_FREE,
  MIGRATE_PLACE_SAME, /* and nobody writes to it: it serves */
  MIGRATE_PLACE_TAKEN
} MigratePlace;

/* Waits for one that another job is writing, as long as it grows. */
gboolean
_migrate_find_place (MigrateWork *work, GVariant *row, MigratePlace *place, GError **error);
