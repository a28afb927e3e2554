/* What is done to devices that are the host's, and to what listens there. */
#include "xml/rules-private.h"

#include <string.h>

/* ---- PCI and USB ---- */

static gboolean
peek_hex (const xmlNode *address, const char *attribute, guint *value)
{
  const char *text = _migrate_node_peek (address, attribute);
  guint64 number = 0;

  if (text != NULL)
    {
      gboolean prefixed = g_ascii_strncasecmp (text, "0x", 2) == 0;

      if (!g_ascii_string_to_unsigned (text + (prefixed ? 2 : 0), prefixed ? 16 : 10, 0, 0xffff,
                                       &number, NULL))
        return FALSE;
    }
  *value = (guint) number;
  return TRUE;
}

static void
set_hex (xmlNode *address, const char *attribute, int digits, guint value)
{
  g_autofree char *text = g_strdup_printf ("0x%0*x", digits, value);

  xmlSetProp (address, (const xmlChar *) attribute, (const xmlChar *) text);
}

void
_migrate_rule_pci (MigrateRewriter *self, const MigrateRule *rule, xmlNode *address)
{
  guint domain, bus, slot, function;
  g_autofree char *now = NULL;
  MigrateFound found;
  const char *there;

  if (!peek_hex (address, "domain", &domain) || !peek_hex (address, "bus", &bus)
      || !peek_hex (address, "slot", &slot) || !peek_hex (address, "function", &function))
    return;
  now = g_strdup_printf ("%04x:%02x:%02x.%x", domain, bus, slot, function);
  found = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_PCI, now }, 1, NULL);
  there = found.entry != NULL ? _migrate_map_entry_get (found.entry, "address") : NULL;
  if (there == NULL || strcmp (there, now) == 0
      || sscanf (there, "%x:%x:%x.%x", &domain, &bus, &slot, &function) != 4)
    return;
  _migrate_rewriter_note (self, rule, found.origin, address, now, there);
  set_hex (address, "domain", 4, domain);
  set_hex (address, "bus", 2, bus);
  set_hex (address, "slot", 2, slot);
  set_hex (address, "function", 1, function);
}

static const char *
peek_id (const xmlNode *source, const char *element)
{
  const char *id = _migrate_node_peek (_migrate_node_child (source, element), "id");

  return id != NULL && g_ascii_strncasecmp (id, "0x", 2) == 0 ? id + 2 : id;
}

static char *
join (const char *first, const char *separator, const char *second)
{
  return first != NULL && second != NULL ? g_strconcat (first, separator, second, NULL) : NULL;
}

static void
free_child (xmlNode *node, const char *name)
{
  xmlNode *child = _migrate_node_child (node, name);

  if (child == NULL)
    return;
  xmlUnlinkNode (child);
  xmlFreeNode (child);
}

/* There it is named in one way: the other would be of the device here. */
static void
write_usb (xmlNode *source, const char *there)
{
  gboolean by_id = strchr (there, ':') != NULL;
  g_auto (GStrv) parts = g_strsplit (there, by_id ? ":" : ".", 2);

  if (by_id)
    {
      free_child (source, "address");
      for (guint i = 0; i < 2; i++)
        {
          g_autofree char *id = g_strconcat ("0x", parts[i], NULL);

          xmlSetProp (_migrate_rewriter_ensure (source, i == 0 ? "vendor" : "product"),
                      (const xmlChar *) "id", (const xmlChar *) id);
        }
      return;
    }
  free_child (source, "vendor");
  free_child (source, "product");
  xmlSetProp (_migrate_rewriter_ensure (source, "address"), (const xmlChar *) "bus",
              (const xmlChar *) parts[0]);
  xmlSetProp (_migrate_rewriter_ensure (source, "address"), (const xmlChar *) "device",
              (const xmlChar *) parts[1]);
}

void
_migrate_rule_usb (MigrateRewriter *self, const MigrateRule *rule, xmlNode *source)
{
  const xmlNode *address = _migrate_node_child (source, "address");
  g_autofree char *place
    = join (_migrate_node_peek (address, "bus"), ".", _migrate_node_peek (address, "device"));
  g_autofree char *id = join (peek_id (source, "vendor"), ":", peek_id (source, "product"));
  const MigrateCandidate candidates[] = { { MIGRATE_MAP_USB, place }, { MIGRATE_MAP_USB, id } };
  MigrateFound found = _migrate_rewriter_find (self, candidates, 2, NULL);
  const char *there = found.entry != NULL ? _migrate_map_entry_get (found.entry, "address") : NULL;

  if (there == NULL || g_strcmp0 (there, place) == 0 || g_strcmp0 (there, id) == 0)
    return;
  _migrate_rewriter_note (self, rule, found.origin, source, place != NULL ? place : id, there);
  write_usb (source, there);
}

/* ---- what listens ---- */

static void
listen_at (MigrateRewriter *self, const MigrateRule *rule, xmlNode *node, const char *attribute,
           const char *type)
{
  const MigrateCandidate candidates[] = {
    { MIGRATE_MAP_LISTEN, type },
    { MIGRATE_MAP_LISTEN, _migrate_node_peek (node, attribute) },
    { MIGRATE_MAP_LISTEN, "*" },
  };
  MigrateFound found = _migrate_rewriter_find (self, candidates, G_N_ELEMENTS (candidates), NULL);
  const char *there = found.entry != NULL ? _migrate_map_entry_get (found.entry, "address") : NULL;

  if (there != NULL)
    _migrate_rewriter_set (self, rule, found.origin, node, attribute, there);
}

/* The attribute repeats the first <listen>, and libvirt refuses two that differ. A display that
 * says nothing listens where its host's configuration says. */
void
_migrate_rule_graphics (MigrateRewriter *self, const MigrateRule *rule, xmlNode *graphics)
{
  g_autofree char *type = _migrate_node_dup (graphics, "type");
  gboolean elsewhere = FALSE;

  for (xmlNode *c = _migrate_node_child (graphics, "listen"); c != NULL;
       c = _migrate_node_next (c, "listen"))
    {
      if (_migrate_node_has (c, "type", "address"))
        listen_at (self, rule, c, "address", type);
      else
        elsewhere = TRUE;
    }
  if (!elsewhere && _migrate_node_peek (graphics, "listen") != NULL)
    listen_at (self, rule, graphics, "listen", type);
}

static xmlNode *
bound_source (xmlNode *endpoint)
{
  xmlNode *holder
    = _migrate_node_is (endpoint, "rng") ? _migrate_node_child (endpoint, "backend") : endpoint;
  xmlNode *source = _migrate_node_child (holder, "source");

  for (xmlNode *c = source; c != NULL; c = _migrate_node_next (c, "source"))
    if (_migrate_node_has (c, "mode", "bind"))
      return c;
  return source;
}

/* By its port or name in the guest; a console that repeats the serial port is that one too. */
static char *
endpoint_name (const xmlNode *endpoint)
{
  const xmlNode *target = _migrate_node_child (endpoint, "target");
  const char *name = _migrate_node_peek (target, "name");
  const char *element = (const char *) endpoint->name;

  if (name == NULL)
    name = _migrate_node_peek (target, "port");
  if (strcmp (element, "console") == 0 && _migrate_node_has (target, "type", "serial"))
    element = "serial";
  return name != NULL ? g_strconcat (element, ":", name, NULL) : NULL;
}

static void
set_field (MigrateRewriter *self, const MigrateRule *rule, xmlNode *source,
           const MigrateCandidate *by_name, const char *field, const char *attribute)
{
  MigrateOrigin origin;
  const char *value = _migrate_rewriter_find_field (self, by_name, 1, field, &origin);

  if (value != NULL && _migrate_node_peek (source, attribute) != NULL)
    {
      _migrate_rewriter_set (self, rule, origin, source, attribute, value);
      _migrate_rewriter_settle (source);
    }
}

static void
set_bound_host (MigrateRewriter *self, const MigrateRule *rule, xmlNode *source,
                const MigrateCandidate *by_name)
{
  static const char *const fields[] = { "host", "address", NULL };
  const char *now = _migrate_node_peek (source, "host");
  const MigrateCandidate candidates[]
    = { *by_name, { MIGRATE_MAP_LISTEN, _migrate_node_has (source, "mode", "bind") ? now : NULL } };
  MigrateFound found = _migrate_rewriter_find (self, candidates, 2, fields);
  gboolean is_named = found.entry != NULL && found.entry->kind == MIGRATE_MAP_ENDPOINT;

  if (found.entry != NULL && now != NULL)
    _migrate_rewriter_set (self, rule, found.origin, source, "host",
                           _migrate_map_entry_get (found.entry, fields[is_named ? 0 : 1]));
}

void
_migrate_rule_endpoint (MigrateRewriter *self, const MigrateRule *rule, xmlNode *endpoint)
{
  g_autofree char *name = endpoint_name (endpoint);
  const MigrateCandidate by_name = { MIGRATE_MAP_ENDPOINT, name };
  xmlNode *source = bound_source (endpoint);

  if (source == NULL)
    return;
  set_bound_host (self, rule, source, &by_name);
  set_field (self, rule, source, &by_name, "port", "service");
  set_field (self, rule, source, &by_name, "path", "path");
}
