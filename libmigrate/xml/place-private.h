/* Where an element stands in a document, as the tables write it: "devices/disk/source" from below
 * the root; "a|b" is either name, "x[t]" has @type "t" (or one of "t|u"), "**" is any depth. Only
 * elements without a namespace stand anywhere. */
#pragma once

#include "xml/document-private.h"

typedef struct _MigratePlace MigratePlace;

/* For tables: it lives as long as the program. */
MigratePlace *_migrate_place_new (const char *text);
gboolean _migrate_place_match (const MigratePlace *self, const xmlNode *node);
/* The names that its element may have; NULL-terminated. */
const char *const *_migrate_place_names (const MigratePlace *self);
