/* What documents that are made from nothing have in common. */
#pragma once

#include "xml/document-private.h"

/* Whether a document can say it: UTF-8, of the characters that XML has. */
gboolean _migrate_make_can_say (const char *text);
xmlDoc *_migrate_make_document (const char *root);
/* Each element is parent's last child; text: nullable. Text must be one that can be said. */
xmlNode *_migrate_make_child (xmlNode *parent, const char *name, const char *text);
void _migrate_make_set (xmlNode *node, const char *attribute, const char *value);
xmlNode *_migrate_make_bytes (xmlNode *parent, const char *name, guint64 bytes);
