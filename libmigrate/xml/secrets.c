/* A document without its secrets, for files and people. libvirt leaves most of them out unless it
 * is asked for them; this is for those that it does not know to be one. */
#include "xml/document-private.h"
#include "xml/guest-private.h"
#include "xml/redact-private.h"

#include <string.h>

typedef struct
{
  gboolean changed;
} Strip;

static const char *
value_of (const xmlAttr *attribute)
{
  return attribute->children != NULL ? (const char *) attribute->children->content : "";
}

static void
set_content (Strip *self, xmlNode *text, const char *content)
{
  if (strcmp ((const char *) text->content, content) == 0)
    return;
  xmlNodeSetContent (text, (const xmlChar *) content);
  self->changed = TRUE;
}

static void
redact (Strip *self, xmlNode *text, MigrateTextKind kind)
{
  g_autofree char *redacted = _migrate_redact ((const char *) text->content, kind);

  if (redacted != NULL)
    set_content (self, text, redacted);
}

/* ---- elements whose whole text is one ---- */

/* Cookies of disks on the web; what a guest's owner gave the firmware of an encrypted guest;
 * files for the firmware, as which Ignition and cloud-init come. */
static gboolean
is_secret_element (const xmlNode *node)
{
  const char *name = (const char *) node->name;
  const xmlNode *parent = node->parent;

  if (strcmp (name, "cookie") == 0)
    return TRUE;
  if (strcmp (name, "session") == 0 || strcmp (name, "dhCert") == 0)
    return _migrate_node_is (parent, "launchSecurity");
  if (strcmp (name, "entry") == 0 && _migrate_node_is (parent, "sysinfo"))
    return _migrate_node_has (parent, "type", "fwcfg");
  /* The name of a volume or a lease. */
  if (strcmp (name, "key") == 0)
    return !_migrate_node_is (parent, "volume") && !_migrate_node_is (parent, "lease");
  /* <secret> is libvirt's reference to one, <secrets> and the like of others hold them. */
  return strcmp (name, "secret") != 0 && _migrate_names_secret (name);
}

/* Of whatever name space: in a guest's metadata there may be anything. */
static gboolean
is_user_data (const char *name)
{
  g_autofree char *lower = g_ascii_strdown (name, -1);
  char *to = lower;

  for (const char *from = lower; *from != '\0'; from++)
    if (*from != '-' && *from != '_')
      *to++ = *from;
  *to = '\0';
  return strcmp (lower, "userdata") == 0 || strcmp (lower, "vendordata") == 0;
}

/* ---- attributes ---- */

static gboolean
is_argument (const xmlNode *node)
{
  return strcmp ((const char *) node->name, "arg") == 0 && node->parent->name != NULL
         && strcmp ((const char *) node->parent->name, "commandline") == 0;
}

/* <env name='TOKEN' value='…'/>, <property name='password' value='…'/>, <entry name='…'>…</entry>:
 * the name of the pair. */
static gboolean
is_secret_pair (const xmlNode *node)
{
  const char *name = _migrate_node_peek (node, "name");

  return name != NULL && _migrate_names_secret (name);
}

static void
strip_attributes (Strip *self, xmlNode *node)
{
  gboolean pair = is_secret_pair (node);
  MigrateTextKind kind = is_argument (node) ? MIGRATE_TEXT_ARGUMENT : MIGRATE_TEXT_ANY;
  xmlAttr *next;

  for (xmlAttr *attribute = node->properties; attribute != NULL; attribute = next)
    {
      const char *name = (const char *) attribute->name;

      next = attribute->next;
      if (strcmp (name, "secret") != 0 && _migrate_names_secret (name))
        {
          xmlRemoveProp (attribute);
          self->changed = TRUE;
        }
      else if (*value_of (attribute) != '\0')
        {
          if (pair && strcmp (name, "value") == 0)
            set_content (self, attribute->children, MIGRATE_REDACTED);
          else
            redact (self, attribute->children, kind);
        }
    }
}

/* ---- the tree, which is not deep ---- */

static gboolean
is_blank (const char *text)
{
  return text[strspn (text, " \t\r\n")] == '\0';
}

static void
strip_text (Strip *self, xmlNode *node, gboolean secret)
{
  if (node->content == NULL || is_blank ((const char *) node->content))
    return;
  if (secret)
    set_content (self, node, MIGRATE_REDACTED);
  else
    redact (self, node, MIGRATE_TEXT_ANY);
}

static void
strip_node (Strip *self, xmlNode *node, gboolean secret)
{
  if (node->type != XML_ELEMENT_NODE)
    {
      strip_text (self, node, secret);
      return;
    }
  secret = secret || is_secret_element (node) || is_user_data ((const char *) node->name)
           || is_secret_pair (node);
  strip_attributes (self, node);
  for (xmlNode *child = node->children; child != NULL; child = child->next)
    strip_node (self, child, secret);
}

char *
_migrate_xml_strip_secrets (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, NULL /* root */, error);
  Strip self = { .changed = FALSE };

  if (doc == NULL)
    return NULL;
  for (xmlNode *node = doc->children; node != NULL; node = node->next)
    strip_node (&self, node, FALSE /* secret */);
  return self.changed ? _migrate_document_to_text (doc) : g_strdup (xml);
}
