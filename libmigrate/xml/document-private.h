/* The one way from text to a tree in this room, and what is asked of a tree.
 *
 * Documents come from hosts, files and users, and are hostile until shown otherwise: a parse has
 * bounds on size, depth, number and length of what is in it, so that time and memory are bounded
 * too; a document with a DOCTYPE is refused, so that there are no entities, and nothing is ever
 * fetched or expanded. Messages name an element that we asked for and a line, never what the
 * document says, for that may be a secret. */
#pragma once

#include "model/model-private.h"

#include <libxml/tree.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)

/* length: -1 for NUL-terminated text. root: the name that the root element must have, without a
 * namespace; NULL takes any. Comments, blanks and order are all in the tree. Errors: INVALID. */
xmlDoc *_migrate_document_parse (const char *text, gssize length, const char *root, GError **error);
/* UTF-8, without an XML declaration, not indented. */
char *_migrate_document_to_text (xmlDoc *doc);

/* ---- nodes: a NULL node has nothing; names are those of elements and attributes without a
 * namespace, in which all of libvirt's own are ---- */

gboolean _migrate_node_is (const xmlNode *node, const char *name);
/* The first child of that name; NULL for name: any element. */
xmlNode *_migrate_node_child (const xmlNode *node, const char *name);
/* The next sibling of that name, of the node that _migrate_node_child() gave. */
xmlNode *_migrate_node_next (const xmlNode *node, const char *name);
/* The first of the first: "os/loader". */
xmlNode *_migrate_node_at (const xmlNode *node, const char *path);
/* As _migrate_node_child() for what libvirt writes once; a second one is an error. */
xmlNode *_migrate_node_only_child (const xmlNode *node, const char *name, GError **error);

/* Borrowed: nullable, valid until the attribute changes. */
const char *_migrate_node_peek (const xmlNode *node, const char *attribute);
gboolean _migrate_node_has (const xmlNode *node, const char *attribute, const char *value);
/* NULL when it is absent or empty, which means the same to libvirt. */
char *_migrate_node_dup (const xmlNode *node, const char *attribute);
/* The text of an element without the blanks around it; NULL when there is none. */
char *_migrate_node_text (const xmlNode *node);
/* The same of node/path, and of the attribute there. */
char *_migrate_node_text_at (const xmlNode *node, const char *path);
char *_migrate_node_dup_at (const xmlNode *node, const char *path, const char *attribute);
/* The element itself as text. */
char *_migrate_node_to_text (xmlNode *node);

/* ---- numbers: 0 when absent. What is there and is no number is an error; one that is set already
 * is kept, so that many may be read before it is looked at ---- */

/* attribute: NULL for the element's text. Hexadecimal with 0x. */
guint64 _migrate_node_uint (const xmlNode *node, const char *attribute, GError **error);
guint _migrate_node_uint32 (const xmlNode *node, const char *attribute, GError **error);
/* Bytes, of the element's text and its attribute "unit"; otherwise: the unit when it has none. */
guint64 _migrate_node_bytes (const xmlNode *node, const char *otherwise, GError **error);
/* The same in KiB, rounded up. */
guint64 _migrate_node_kib (const xmlNode *node, const char *otherwise, GError **error);
/* Of an attribute, in the unit that another one names. */
guint64 _migrate_node_attribute_bytes (const xmlNode *node, const char *attribute,
                                       const char *otherwise, GError **error);

/* INVALID: "Cannot read the <domain> document: what (line 7)"; root is nullable, line 0 is not
 * said. An error that is set already is kept. */
void _migrate_document_error (GError **error, const char *root, guint line, const char *remedy,
                              const char *format, ...) G_GNUC_PRINTF (5, 6);
/* The same about a node. */
void _migrate_node_error (GError **error, const xmlNode *node, const char *remedy,
                          const char *format, ...) G_GNUC_PRINTF (4, 5);
