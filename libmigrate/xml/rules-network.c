/* What is done to an interface: what it is plugged into, found by its MAC address or by what it is
 * plugged into here. What the guest sees (MAC, model, address, MTU) is not touched. */
#include "xml/rules-private.h"

#include <string.h>

typedef struct
{
  const char *type;      /* of the interface */
  const char *attribute; /* of its source */
  const char *field;
  MigrateMapKind kind; /* that names it */
} Plug;

static const Plug plugs[] = {
  { "network", "network", "network", MIGRATE_MAP_NETWORK },
  { "bridge", "bridge", "bridge", MIGRATE_MAP_BRIDGE },
  { "direct", "dev", "device", MIGRATE_MAP_DEVICE },
  { "vhostuser", "path", "socket", MIGRATE_MAP_SOCKET },
};

static const char *const places[] = { "network", "bridge", "device", "socket", NULL };

static const Plug *
plug_of_type (const char *type)
{
  for (guint i = 0; i < G_N_ELEMENTS (plugs); i++)
    if (g_strcmp0 (plugs[i].type, type) == 0)
      return &plugs[i];
  return NULL;
}

static const Plug *
plug_of_entry (const MigrateMapEntry *entry)
{
  for (guint i = 0; i < G_N_ELEMENTS (plugs); i++)
    if (_migrate_map_entry_get (entry, plugs[i].field) != NULL)
      return &plugs[i];
  return NULL;
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

static void
set (xmlNode *node, const char *attribute, const char *value)
{
  xmlSetProp (node, (const xmlChar *) attribute, (const xmlChar *) value);
}

/* Of the one before, nothing of its source is of use. The name of the host's end, the script and
 * the virtual port are of its type. */
static xmlNode *
change_type (xmlNode *interface, const Plug *plug)
{
  xmlNode *source = _migrate_node_child (interface, "source");

  set (interface, "type", plug->type);
  if (source == NULL)
    source = _migrate_rewriter_ensure (interface, "source");
  while (source->properties != NULL)
    xmlRemoveProp (source->properties);
  while (source->children != NULL)
    {
      xmlNode *child = source->children;

      xmlUnlinkNode (child);
      xmlFreeNode (child);
    }
  free_child (interface, "target");
  free_child (interface, "virtualport");
  free_child (interface, "script");
  free_child (interface, "backend");
  if (strcmp (plug->type, "vhostuser") == 0)
    set (source, "type", "unix");
  return source;
}

static void
set_mode (xmlNode *source, const Plug *plug, const char *mode)
{
  static const char *const defaults[] = { NULL, NULL, "bridge", "client" };

  if (mode == NULL && _migrate_node_peek (source, "mode") == NULL)
    mode = defaults[plug - plugs];
  if (mode != NULL)
    set (source, "mode", mode);
}

/* "network default", for people. */
static char *
describe (const Plug *plug, const xmlNode *interface)
{
  const xmlNode *source = _migrate_node_child (interface, "source");
  const char *type = _migrate_node_peek (interface, "type");
  const char *name = plug != NULL ? _migrate_node_peek (source, plug->attribute) : NULL;

  return name != NULL ? g_strdup_printf ("%s %s", plug->field, name)
                      : g_strdup (type != NULL ? type : "unknown");
}

static void
plug_in (MigrateRewriter *self, const MigrateRule *rule, xmlNode *interface, const Plug *here,
         MigrateFound found)
{
  const Plug *there = plug_of_entry (found.entry);
  const char *group = _migrate_map_entry_get (found.entry, "port-group");
  const char *to = _migrate_map_entry_get (found.entry, there->field);
  g_autofree char *before = describe (here, interface);
  g_autofree char *after = NULL;
  xmlNode *source = _migrate_node_child (interface, "source");

  if (here != there || source == NULL)
    source = change_type (interface, there);
  else if (g_strcmp0 (_migrate_node_peek (source, there->attribute), to) != 0)
    {
      /* What libvirt made of the network here. */
      xmlUnsetProp (source, (const xmlChar *) "portid");
      if (strcmp (there->type, "network") == 0)
        xmlUnsetProp (source, (const xmlChar *) "bridge");
    }
  set (source, there->attribute, to);
  if (group != NULL)
    set (source, "portgroup", group);
  set_mode (source, there, _migrate_map_entry_get (found.entry, "mode"));
  after = describe (there, interface);
  if (strcmp (before, after) != 0)
    _migrate_rewriter_note (self, rule, found.origin, interface, before, after);
  if (group != NULL || there->kind == MIGRATE_MAP_SOCKET)
    _migrate_rewriter_settle (source);
}

static void
set_part (MigrateRewriter *self, const MigrateRule *rule, xmlNode *interface,
          const MigrateCandidate *candidates, guint n, const char *field, const char *element,
          const char *attribute)
{
  MigrateOrigin origin;
  const char *value = _migrate_rewriter_find_field (self, candidates, n, field, &origin);
  xmlNode *part = _migrate_node_child (interface, element);

  if (value == NULL)
    return;
  if (strcmp (value, "none") == 0)
    {
      const char *now = _migrate_node_peek (part, attribute);

      if (part != NULL)
        _migrate_rewriter_remove (self, rule, origin, part, now != NULL ? now : element);
      return;
    }
  part = _migrate_rewriter_ensure (interface, element);
  _migrate_rewriter_set (self, rule, origin, part, attribute, value);
  _migrate_rewriter_settle (part);
}

static void
set_port_parameter (MigrateRewriter *self, const MigrateRule *rule, xmlNode *interface,
                    const MigrateCandidate *candidates, guint n, const char *field,
                    const char *attribute)
{
  MigrateOrigin origin;
  const char *value = _migrate_rewriter_find_field (self, candidates, n, field, &origin);
  xmlNode *port = _migrate_node_child (interface, "virtualport");

  if (value != NULL && port != NULL)
    _migrate_rewriter_set (self, rule, origin, _migrate_rewriter_ensure (port, "parameters"),
                           attribute, value);
}

void
_migrate_rule_interface (MigrateRewriter *self, const MigrateRule *rule, xmlNode *interface)
{
  xmlNode *source = _migrate_node_child (interface, "source");
  const Plug *here = plug_of_type (_migrate_node_peek (interface, "type"));
  g_autofree char *name
    = here != NULL ? _migrate_node_dup (source, here->attribute) : NULL; /* before it changes */
  const MigrateCandidate candidates[] = {
    { MIGRATE_MAP_INTERFACE,
      _migrate_node_peek (_migrate_node_child (interface, "mac"), "address") },
    { here != NULL ? here->kind : MIGRATE_MAP_INTERFACE, name },
    /* A plain rule does this one. */
    { MIGRATE_MAP_PATH, here != NULL && here->kind == MIGRATE_MAP_SOCKET ? name : NULL },
  };
  const guint n = G_N_ELEMENTS (candidates);
  MigrateFound found = _migrate_rewriter_find (self, candidates, n, places);

  if (found.entry != NULL && found.entry->kind != MIGRATE_MAP_PATH)
    plug_in (self, rule, interface, here, found);
  set_part (self, rule, interface, candidates, n, "target", "target", "dev");
  set_part (self, rule, interface, candidates, n, "filter", "filterref", "filter");
  set_part (self, rule, interface, candidates, n, "virtual-port", "virtualport", "type");
  set_port_parameter (self, rule, interface, candidates, n, "interface-id", "interfaceid");
  set_port_parameter (self, rule, interface, candidates, n, "profile-id", "profileid");
}

/* Without its name a reference is nothing. */
void
_migrate_rule_filter (MigrateRewriter *self, const MigrateRule *rule, xmlNode *reference)
{
  const char *now = _migrate_node_peek (reference, "filter");
  MigrateFound found;

  if (_migrate_rewriter_is_settled (reference))
    return;
  found = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_FILTER, now }, 1, NULL);
  if (found.entry == NULL)
    return;
  if (found.entry->removes)
    _migrate_rewriter_remove (self, rule, found.origin, reference, now);
  else
    _migrate_rewriter_set (self, rule, found.origin, reference, "filter",
                           _migrate_map_entry_get (found.entry, "filter"));
}
