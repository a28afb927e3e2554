/* Reading libvirt's documents. No network, no entities, no output of libxml2's own. */
#include "xml/xml-private.h"

#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <libxml/xpathInternals.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlDoc, xmlFreeDoc)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlXPathContext, xmlXPathFreeContext)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlXPathObject, xmlXPathFreeObject)

void
_migrate_disk_free (MigrateDisk *self)
{
  g_free (self->target);
  g_free (self->type);
  g_free (self->device);
  g_free (self->source);
  g_free (self);
}

static xmlDoc *
parse (const char *xml, const char *root, GError **error)
{
  g_autoptr (xmlDoc) doc = NULL;
  xmlNode *top;

  if (strlen (xml) < G_MAXINT)
    doc = xmlReadMemory (xml, (int) strlen (xml), NULL /* url */, NULL /* encoding */,
                         XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
  top = doc != NULL ? xmlDocGetRootElement (doc) : NULL;
  if (top == NULL || strcmp ((const char *) top->name, root) != 0)
    {
      _migrate_set_error (error, MIGRATE_ERROR_FAILED, NULL /* remedy */,
                          "The host's description is not a <%s> document", root);
      return NULL;
    }
  return g_steal_pointer (&doc);
}

static xmlNode *
child (xmlNode *node, const char *name)
{
  for (xmlNode *c = node->children; c != NULL; c = c->next)
    if (c->type == XML_ELEMENT_NODE && strcmp ((const char *) c->name, name) == 0)
      return c;
  return NULL;
}

static char *
attribute (xmlNode *node, const char *name)
{
  xmlChar *value = node != NULL ? xmlGetNoNsProp (node, (const xmlChar *) name) : NULL;
  char *copy = g_strdup ((const char *) value);

  xmlFree (value);
  return copy;
}

static char *
disk_source (xmlNode *disk, const char *type)
{
  static const char *const places[] = { "file", "dev", "dir", "name", "volume", NULL };
  xmlNode *source = child (disk, "source");
  g_autofree char *protocol = attribute (source, "protocol");
  g_autofree char *pool = attribute (source, "pool");

  for (gsize i = 0; source != NULL && places[i] != NULL; i++)
    {
      g_autofree char *place = attribute (source, places[i]);

      if (place == NULL)
        continue;
      if (protocol != NULL || pool != NULL)
        return g_strdup_printf ("%s:%s", protocol != NULL ? protocol : pool, place);
      return g_steal_pointer (&place);
    }
  /* Something is there, in a form that is not known here. */
  return source != NULL && (source->properties != NULL || source->children != NULL)
           ? g_strdup (type)
           : NULL;
}

static MigrateDisk *
parse_disk (xmlNode *node)
{
  MigrateDisk *disk = g_new0 (MigrateDisk, 1);

  disk->target = attribute (child (node, "target"), "dev");
  disk->type = attribute (node, "type");
  disk->device = attribute (node, "device");
  if (disk->type == NULL)
    disk->type = g_strdup ("file");
  if (disk->device == NULL)
    disk->device = g_strdup ("disk");
  disk->source = disk_source (node, disk->type);
  disk->read_only = child (node, "readonly") != NULL;
  disk->shareable = child (node, "shareable") != NULL;
  disk->transient = child (node, "transient") != NULL;
  return disk;
}

static xmlXPathObject *
find_all (xmlDoc *doc, const char *path)
{
  g_autoptr (xmlXPathContext) context = xmlXPathNewContext (doc);

  return context != NULL ? xmlXPathEvalExpression ((const xmlChar *) path, context) : NULL;
}

GPtrArray *
_migrate_xml_parse_disks (const char *xml, GError **error)
{
  g_autoptr (GPtrArray) disks
    = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_disk_free);
  g_autoptr (xmlXPathObject) found = NULL;
  g_autoptr (xmlDoc) doc = parse (xml, "domain", error);

  if (doc == NULL)
    return NULL;
  found = find_all (doc, "/domain/devices/disk");
  for (int i = 0; found != NULL && found->nodesetval != NULL && i < found->nodesetval->nodeNr; i++)
    g_ptr_array_add (disks, parse_disk (found->nodesetval->nodeTab[i]));
  return g_steal_pointer (&disks);
}

char *
_migrate_xml_parse_host_uuid (const char *xml, GError **error)
{
  g_autoptr (xmlXPathObject) found = NULL;
  g_autoptr (xmlDoc) doc = parse (xml, "capabilities", error);
  xmlChar *text;
  char *uuid;

  if (doc == NULL)
    return NULL;
  found = find_all (doc, "/capabilities/host/uuid");
  if (found == NULL || found->nodesetval == NULL || found->nodesetval->nodeNr == 0)
    return NULL;
  text = xmlNodeGetContent (found->nodesetval->nodeTab[0]);
  uuid = g_strdup ((const char *) text);
  xmlFree (text);
  return g_strstrip (uuid);
}
