/* Single questions to libvirt's documents. */
#include "xml/xml-private.h"

#include "xml/guest-parts-private.h"

GPtrArray *
_migrate_xml_parse_disks (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "domain", error);
  g_autoptr (GPtrArray) disks = _migrate_disk_list_new ();
  g_autoptr (GError) problem = NULL;

  if (doc == NULL)
    return NULL;
  _migrate_guest_read_disks (disks, _migrate_node_child (xmlDocGetRootElement (doc), "devices"),
                             &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return g_steal_pointer (&disks);
}

char *
_migrate_xml_parse_host_uuid (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "capabilities", error);

  return doc != NULL ? _migrate_node_text_at (xmlDocGetRootElement (doc), "host/uuid") : NULL;
}
