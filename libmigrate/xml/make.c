/* Documents from nothing: values go in as text, which libxml2 escapes when it writes them. */
#include "xml/make-private.h"

static const xmlChar *
text_of (const char *text)
{
  return (const xmlChar *) text;
}

gboolean
_migrate_make_can_say (const char *text)
{
  if (!g_utf8_validate (text, -1, NULL /* end */))
    return FALSE;
  for (const char *at = text; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);

      if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0xfffe || c == 0xffff)
        return FALSE;
    }
  return TRUE;
}

xmlDoc *
_migrate_make_document (const char *root)
{
  xmlDoc *doc = xmlNewDoc (text_of ("1.0"));

  xmlDocSetRootElement (doc, xmlNewNode (NULL /* ns */, text_of (root)));
  return doc;
}

/* xmlNewChild() would take references in the text for what they name. */
xmlNode *
_migrate_make_child (xmlNode *parent, const char *name, const char *text)
{
  return xmlNewTextChild (parent, NULL /* ns */, text_of (name),
                          text != NULL ? text_of (text) : NULL);
}

void
_migrate_make_set (xmlNode *node, const char *attribute, const char *value)
{
  xmlNewProp (node, text_of (attribute), text_of (value));
}

xmlNode *
_migrate_make_bytes (xmlNode *parent, const char *name, guint64 bytes)
{
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, bytes);
  xmlNode *node = _migrate_make_child (parent, name, number);

  _migrate_make_set (node, "unit", "bytes");
  return node;
}
