/* CPUs as libvirt writes them: the one that a hypervisor gives as the host's own, and what a
 * <cpu> asks for. */
#include "xml/document-private.h"
#include "xml/xml-private.h"

char *
_migrate_xml_host_model (const char *domain_capabilities, GError **error)
{
  g_autoptr (xmlDoc) doc
    = _migrate_document_parse (domain_capabilities, -1, "domainCapabilities", error);
  xmlNode *mode = doc != NULL ? _migrate_node_at (xmlDocGetRootElement (doc), "cpu/mode") : NULL;

  while (mode != NULL && !_migrate_node_has (mode, "name", "host-model"))
    mode = _migrate_node_next (mode, "mode");
  if (!_migrate_node_has (mode, "supported", "yes") || _migrate_node_child (mode, "model") == NULL)
    return NULL;
  /* The element is a <cpu> but for its name. */
  xmlNodeSetName (mode, BAD_CAST "cpu");
  xmlUnsetProp (mode, BAD_CAST "name");
  xmlUnsetProp (mode, BAD_CAST "supported");
  return _migrate_node_to_text (mode);
}

/* “+ssse3” for what the guest gets beyond the model, “-mpx” for what it does not get of it. */
static char *
read_feature (const xmlNode *feature)
{
  g_autofree char *name = _migrate_node_dup (feature, "name");
  gboolean without = _migrate_node_has (feature, "policy", "disable")
                     || _migrate_node_has (feature, "policy", "forbid");

  return name != NULL ? g_strconcat (without ? "-" : "+", name, NULL) : NULL;
}

gboolean
_migrate_xml_read_cpu (const char *xml, char **model, char ***features, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "cpu", error);
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func (g_free);
  const xmlNode *cpu = doc != NULL ? xmlDocGetRootElement (doc) : NULL;

  if (doc == NULL)
    return FALSE;
  *model = _migrate_node_text_at (cpu, "model");
  if (*model == NULL)
    {
      _migrate_node_error (error, cpu, NULL /* remedy */, "it names no model");
      return FALSE;
    }
  for (const xmlNode *feature = _migrate_node_child (cpu, "feature"); feature != NULL;
       feature = _migrate_node_next (feature, "feature"))
    {
      char *read = read_feature (feature);

      if (read != NULL)
        g_ptr_array_add (all, read);
    }
  g_ptr_array_add (all, NULL);
  *features = (char **) g_ptr_array_free (g_steal_pointer (&all), FALSE);
  return TRUE;
}
