/* What is asked of a tree. */
#include "xml/document-private.h"

#include <string.h>

static const char libvirts_own[] = "Give the document as libvirt does";

gboolean
_migrate_node_is (const xmlNode *node, const char *name)
{
  return node != NULL && node->type == XML_ELEMENT_NODE && node->ns == NULL
         && (name == NULL || strcmp ((const char *) node->name, name) == 0);
}

static xmlNode *
first_of (xmlNode *node, const char *name)
{
  while (node != NULL && !_migrate_node_is (node, name))
    node = node->next;
  return node;
}

xmlNode *
_migrate_node_child (const xmlNode *node, const char *name)
{
  return node != NULL ? first_of (node->children, name) : NULL;
}

xmlNode *
_migrate_node_next (const xmlNode *node, const char *name)
{
  return node != NULL ? first_of (node->next, name) : NULL;
}

xmlNode *
_migrate_node_at (const xmlNode *node, const char *path)
{
  g_auto (GStrv) names = g_strsplit (path, "/", -1);
  xmlNode *found = (xmlNode *) node;

  for (gsize i = 0; names[i] != NULL; i++)
    found = _migrate_node_child (found, names[i]);
  return found;
}

xmlNode *
_migrate_node_only_child (const xmlNode *node, const char *name, GError **error)
{
  xmlNode *found = _migrate_node_child (node, name);
  xmlNode *second = _migrate_node_next (found, name);

  if (second != NULL)
    _migrate_node_error (error, second, libvirts_own, "there is a second <%s>", name);
  return found;
}

/* ---- text ---- */

/* There are no entities, so that a value is one piece of text. */
const char *
_migrate_node_peek (const xmlNode *node, const char *attribute)
{
  for (const xmlAttr *a = node != NULL ? node->properties : NULL; a != NULL; a = a->next)
    if (a->ns == NULL && strcmp ((const char *) a->name, attribute) == 0)
      return a->children != NULL ? (const char *) a->children->content : "";
  return NULL;
}

gboolean
_migrate_node_has (const xmlNode *node, const char *attribute, const char *value)
{
  return g_strcmp0 (_migrate_node_peek (node, attribute), value) == 0;
}

char *
_migrate_node_dup (const xmlNode *node, const char *attribute)
{
  const char *value = _migrate_node_peek (node, attribute);

  return value != NULL && *value != '\0' ? g_strdup (value) : NULL;
}

/* Of the element itself: neither of its comments nor of its children. */
char *
_migrate_node_text (const xmlNode *node)
{
  g_autoptr (GString) text = NULL;

  for (const xmlNode *c = node != NULL ? node->children : NULL; c != NULL; c = c->next)
    if ((c->type == XML_TEXT_NODE || c->type == XML_CDATA_SECTION_NODE) && c->content != NULL)
      {
        if (text == NULL)
          text = g_string_new (NULL);
        g_string_append (text, (const char *) c->content);
      }
  if (text == NULL || *g_strstrip (text->str) == '\0')
    return NULL;
  return g_strdup (text->str);
}

char *
_migrate_node_text_at (const xmlNode *node, const char *path)
{
  return _migrate_node_text (_migrate_node_at (node, path));
}

char *
_migrate_node_dup_at (const xmlNode *node, const char *path, const char *attribute)
{
  return _migrate_node_dup (_migrate_node_at (node, path), attribute);
}

/* ---- numbers ---- */

static void
no_number (const xmlNode *node, const char *attribute, GError **error)
{
  if (attribute != NULL)
    _migrate_node_error (error, node, libvirts_own, "“%s” of <%s> is not a number in its range",
                         attribute, (const char *) node->name);
  else
    _migrate_node_error (error, node, libvirts_own, "<%s> is not a number in its range",
                         (const char *) node->name);
}

static guint64
number (const xmlNode *node, const char *attribute, guint64 most, GError **error)
{
  g_autofree char *text = NULL;
  guint64 value;
  gboolean hexadecimal;

  if (node == NULL)
    return 0;
  text = attribute != NULL ? _migrate_node_dup (node, attribute) : _migrate_node_text (node);
  if (text == NULL)
    return 0;
  hexadecimal = g_ascii_strncasecmp (text, "0x", 2) == 0;
  if (!g_ascii_string_to_unsigned (text + (hexadecimal ? 2 : 0), hexadecimal ? 16 : 10, 0, most,
                                   &value, NULL))
    {
      no_number (node, attribute, error);
      return 0;
    }
  return value;
}

guint64
_migrate_node_uint (const xmlNode *node, const char *attribute, GError **error)
{
  return number (node, attribute, G_MAXUINT64, error);
}

guint
_migrate_node_uint32 (const xmlNode *node, const char *attribute, GError **error)
{
  return (guint) number (node, attribute, G_MAXUINT32, error);
}

/* As libvirt reads them: KB is 1000, K and KiB are 1024, in any case. */
static gboolean
unit_bytes (const char *unit, guint64 *bytes)
{
  static const char letters[] = "kmgtpe";
  const char *letter;
  guint64 base;

  *bytes = 1;
  if (g_ascii_strcasecmp (unit, "b") == 0 || g_ascii_strcasecmp (unit, "bytes") == 0)
    return TRUE;
  letter = *unit != '\0' ? strchr (letters, g_ascii_tolower (*unit)) : NULL;
  if (letter == NULL)
    return FALSE;
  if (unit[1] == '\0' || g_ascii_strcasecmp (unit + 1, "ib") == 0)
    base = 1024;
  else if (g_ascii_strcasecmp (unit + 1, "b") == 0)
    base = 1000;
  else
    return FALSE;
  for (const char *c = letters; c <= letter; c++)
    *bytes *= base;
  return TRUE;
}

guint64
_migrate_node_attribute_bytes (const xmlNode *node, const char *attribute, const char *otherwise,
                               GError **error)
{
  guint64 value = _migrate_node_uint (node, attribute, error);
  const char *unit = _migrate_node_peek (node, "unit");
  guint64 factor;

  if (value == 0)
    return 0;
  if (!unit_bytes (unit != NULL && *unit != '\0' ? unit : otherwise, &factor)
      || value > G_MAXUINT64 / factor)
    {
      no_number (node, attribute, error);
      return 0;
    }
  return value * factor;
}

guint64
_migrate_node_bytes (const xmlNode *node, const char *otherwise, GError **error)
{
  return _migrate_node_attribute_bytes (node, NULL /* attribute */, otherwise, error);
}

guint64
_migrate_node_kib (const xmlNode *node, const char *otherwise, GError **error)
{
  guint64 bytes = _migrate_node_bytes (node, otherwise, error);

  return bytes / 1024 + (bytes % 1024 != 0);
}
