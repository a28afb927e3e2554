/* A document to be changed and written again: a light tree in one piece of memory. libxml2 parses
 * it and says what is there; its own tree takes three times as long to make, write and free. */
#pragma once

#include "model/model-private.h"

typedef enum
{
  MIGRATE_NODE_DOCUMENT, /* above the root */
  MIGRATE_NODE_ELEMENT,
  MIGRATE_NODE_TEXT,
  MIGRATE_NODE_CDATA,
  MIGRATE_NODE_COMMENT,
  MIGRATE_NODE_INSTRUCTION
} MigrateNodeKind;

typedef struct _MigrateTree MigrateTree;
typedef struct _MigrateNode MigrateNode;
typedef struct _MigrateAttribute MigrateAttribute;

struct _MigrateAttribute
{
  const char *name, *prefix; /* the latter nullable */
  const char *value;         /* of a namespace that is declared: its URI */
  MigrateAttribute *next;
};

/* All is borrowed from the tree. */
struct _MigrateNode
{
  MigrateNodeKind kind;
  gboolean settled; /* no later rule is to look at it */
  const char *name; /* of elements and instructions */
  const char *prefix, *uri;
  const char *text;             /* of all but elements */
  MigrateAttribute *namespaces; /* declared here */
  MigrateAttribute *attributes;
  MigrateTree *tree;
  MigrateNode *parent, *prev, *next, *first, *last;
};

/* Within the bounds of _migrate_document_parse(). Errors: INVALID. */
MigrateTree *_migrate_tree_parse (const char *text, const char *root, GError **error);
void _migrate_tree_free (MigrateTree *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateTree, _migrate_tree_free)
MigrateNode *_migrate_tree_root (MigrateTree *self);
/* UTF-8, without an XML declaration, not indented. */
char *_migrate_tree_to_text (MigrateTree *self);

/* As the same of document-private.h: a NULL node has nothing; names are those without a namespace.
 */
gboolean _migrate_tree_is (const MigrateNode *node, const char *name);
MigrateNode *_migrate_tree_child (const MigrateNode *node, const char *name);
MigrateNode *_migrate_tree_next (const MigrateNode *node, const char *name);
const char *_migrate_tree_peek (const MigrateNode *node, const char *attribute);
gboolean _migrate_tree_has (const MigrateNode *node, const char *attribute, const char *value);
char *_migrate_tree_dup (const MigrateNode *node, const char *attribute);
char *_migrate_tree_text (const MigrateNode *node);

/* Values are text, escaped when they are written, and never parsed. NULL takes an attribute away.
 */
void _migrate_tree_set (MigrateNode *node, const char *attribute, const char *value);
/* Comments and elements that are in there stay. */
void _migrate_tree_set_text (MigrateNode *node, const char *value);
MigrateNode *_migrate_tree_add_child (MigrateNode *parent, const char *name);
/* Of a namespace that it declares itself; all are borrowed for good. */
MigrateNode *_migrate_tree_add_foreign (MigrateNode *parent, const char *name, const char *prefix,
                                        const char *uri);
MigrateNode *_migrate_tree_add_after (MigrateNode *sibling, const char *name);
/* It has no parent then; its memory is the tree's. */
void _migrate_tree_remove (MigrateNode *node);
/* Attributes and all that is in it. */
void _migrate_tree_empty (MigrateNode *node);
