/* Snapshots and checkpoints: documents that have the guest's own in them. */
#include "xml/records-private.h"

#include "xml/document-private.h"

#define GUEST "domain"

static xmlNode *
root_of (xmlDoc *doc)
{
  return xmlDocGetRootElement (doc);
}

char *
_migrate_record_dup_name (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, NULL /* root */, error);
  char *name = doc != NULL ? _migrate_node_text_at (root_of (doc), "name") : NULL;

  if (doc != NULL && name == NULL)
    _migrate_node_error (error, root_of (doc), NULL /* remedy */, "it has no name");
  return name;
}

/* ---- files ---- */

static gboolean
is_external (const xmlNode *node)
{
  return _migrate_node_has (node, "snapshot", "external");
}

/* The attribute of the file, or NULL. */
typedef gboolean (*EachFile) (gpointer data, xmlNode *node, const char *attribute, GError **error);

static gboolean
for_each_file (xmlNode *root, EachFile func, gpointer data, GError **error)
{
  xmlNode *memory = _migrate_node_child (root, "memory");
  xmlNode *disks = _migrate_node_child (root, "disks");

  if (is_external (memory) && _migrate_node_peek (memory, "file") != NULL
      && !func (data, memory, "file", error))
    return FALSE;
  for (xmlNode *disk = _migrate_node_child (disks, "disk"); disk != NULL;
       disk = _migrate_node_next (disk, "disk"))
    {
      xmlNode *source = _migrate_node_child (disk, "source");

      if (is_external (disk) && _migrate_node_peek (source, "file") != NULL
          && !func (data, source, "file", error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
add_file (gpointer data, xmlNode *node, const char *attribute, GError **error)
{
  g_strv_builder_add (data, _migrate_node_peek (node, attribute));
  return TRUE;
}

char **
_migrate_record_dup_files (const char *xml)
{
  g_autoptr (GStrvBuilder) files = g_strv_builder_new ();
  g_autoptr (xmlDoc) doc
    = _migrate_document_parse (xml, -1, "domainsnapshot", NULL /* error: it has none */);

  if (doc != NULL)
    for_each_file (root_of (doc), add_file, files, NULL /* error */);
  return g_strv_builder_end (files);
}

/* ---- other names ---- */

static gboolean
rename_file (gpointer data, xmlNode *node, const char *attribute, GError **error)
{
  const MigrateRecordNames *names = data;
  g_autofree char *there = NULL;

  if (!names->path (names->data, _migrate_node_peek (node, attribute), &there, error))
    return FALSE;
  if (there != NULL)
    xmlSetProp (node, (const xmlChar *) attribute, (const xmlChar *) there);
  return TRUE;
}

/* Takes its place, under its name. */
static gboolean
replace (xmlNode *node, const char *name, const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, GUEST, error);
  xmlNode *copy = doc != NULL ? xmlDocCopyNode (root_of (doc), node->doc, 1 /* all of it */) : NULL;

  if (copy == NULL)
    return FALSE;
  xmlNodeSetName (copy, (const xmlChar *) name);
  xmlFreeNode (xmlReplaceNode (node, copy));
  return TRUE;
}

/* As it ran, or as it was defined then. */
static gboolean
rename_guest (xmlNode *root, const char *name, const MigrateRecordNames *names, GError **error)
{
  xmlNode *node = _migrate_node_child (root, name);
  g_autofree char *xml = NULL;
  g_autofree char *there = NULL;
  gboolean ok;

  if (node == NULL)
    return TRUE;
  xmlNodeSetName (node, (const xmlChar *) GUEST);
  xml = _migrate_node_to_text (node);
  xmlNodeSetName (node, (const xmlChar *) name);
  ok = names->document (names->data, xml, &there, error)
       && (there == NULL || replace (node, name, there, error));
  _migrate_wipe (xml);
  _migrate_wipe (there);
  return ok;
}

char *
_migrate_record_rename (const char *xml, const MigrateRecordNames *names, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, NULL /* root */, error);

  if (doc == NULL || !for_each_file (root_of (doc), rename_file, (gpointer) names, error)
      || !rename_guest (root_of (doc), GUEST, names, error)
      || !rename_guest (root_of (doc), "inactiveDomain", names, error))
    return NULL;
  return _migrate_document_to_text (doc);
}
