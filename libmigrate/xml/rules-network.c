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
free_child (MigrateNode *node, const char *name)
{
  MigrateNode *child = _migrate_tree_child (node, name);

  if (child == NULL)
    return;
  _migrate_tree_remove (child);
}

/* Of the one before, nothing of its source is of use. The name of the host's end, the script and
 * the virtual port are of its type. */
static MigrateNode *
change_type (MigrateNode *interface, const Plug *plug)
{
  MigrateNode *source = _migrate_tree_child (interface, "source");

  _migrate_tree_set (interface, "type", plug->type);
  if (source == NULL)
    source = _migrate_rewriter_ensure (interface, "source");
  _migrate_tree_empty (source);
  free_child (interface, "target");
  free_child (interface, "virtualport");
  free_child (interface, "script");
  free_child (interface, "backend");
  if (strcmp (plug->type, "vhostuser") == 0)
    _migrate_tree_set (source, "type", "unix");
  return source;
}

static void
set_mode (MigrateNode *source, const Plug *plug, const char *mode)
{
  static const char *const defaults[] = { NULL, NULL, "bridge", "client" };

  if (mode == NULL && _migrate_tree_peek (source, "mode") == NULL)
    mode = defaults[plug - plugs];
  if (mode != NULL)
    _migrate_tree_set (source, "mode", mode);
}

/* "network default", for people. */
static char *
describe (const Plug *plug, const MigrateNode *interface)
{
  const MigrateNode *source = _migrate_tree_child (interface, "source");
  const char *type = _migrate_tree_peek (interface, "type");
  const char *name = plug != NULL ? _migrate_tree_peek (source, plug->attribute) : NULL;

  return name != NULL ? g_strdup_printf ("%s %s", plug->field, name)
                      : g_strdup (type != NULL ? type : "unknown");
}

static void
plug_in (MigrateRewriter *self, const MigrateRule *rule, MigrateNode *interface, const Plug *here,
         MigrateFound found)
{
  const Plug *there = plug_of_entry (found.entry);
  const char *group = _migrate_map_entry_get (found.entry, "port-group");
  const char *to = _migrate_map_entry_get (found.entry, there->field);
  g_autofree char *before = describe (here, interface);
  g_autofree char *after = NULL;
  MigrateNode *source = _migrate_tree_child (interface, "source");

  if (here != there || source == NULL)
    source = change_type (interface, there);
  else if (g_strcmp0 (_migrate_tree_peek (source, there->attribute), to) != 0)
    {
      /* What libvirt made of the network here. */
      _migrate_tree_set (source, "portid", NULL);
      if (strcmp (there->type, "network") == 0)
        _migrate_tree_set (source, "bridge", NULL);
    }
  _migrate_tree_set (source, there->attribute, to);
  if (group != NULL)
    _migrate_tree_set (source, "portgroup", group);
  set_mode (source, there, _migrate_map_entry_get (found.entry, "mode"));
  after = describe (there, interface);
  if (strcmp (before, after) != 0)
    _migrate_rewriter_note (self, rule, found.origin, interface, before, after);
  if (group != NULL || there->kind == MIGRATE_MAP_SOCKET)
    _migrate_rewriter_settle (source);
}

static void
set_part (MigrateRewriter *self, const MigrateRule *rule, MigrateNode *interface,
          const MigrateMatches *matches, const char *field, const char *element,
          const char *attribute)
{
  MigrateOrigin origin;
  const char *value = _migrate_rewriter_pick_field (matches, field, &origin);
  MigrateNode *part = _migrate_tree_child (interface, element);

  if (value == NULL)
    return;
  if (strcmp (value, "none") == 0)
    {
      const char *now = _migrate_tree_peek (part, attribute);

      if (part != NULL)
        _migrate_rewriter_remove (self, rule, origin, part, now != NULL ? now : element);
      return;
    }
  part = _migrate_rewriter_ensure (interface, element);
  _migrate_rewriter_set (self, rule, origin, part, attribute, value);
  _migrate_rewriter_settle (part);
}

static void
set_port_parameter (MigrateRewriter *self, const MigrateRule *rule, MigrateNode *interface,
                    const MigrateMatches *matches, const char *field, const char *attribute)
{
  MigrateOrigin origin;
  const char *value = _migrate_rewriter_pick_field (matches, field, &origin);
  MigrateNode *port = _migrate_tree_child (interface, "virtualport");

  if (value != NULL && port != NULL)
    _migrate_rewriter_set (self, rule, origin, _migrate_rewriter_ensure (port, "parameters"),
                           attribute, value);
}

void
_migrate_rule_interface (MigrateRewriter *self, const MigrateRule *rule, MigrateNode *interface)
{
  MigrateNode *source = _migrate_tree_child (interface, "source");
  const Plug *here = plug_of_type (_migrate_tree_peek (interface, "type"));
  g_autofree char *name
    = here != NULL ? _migrate_tree_dup (source, here->attribute) : NULL; /* before it changes */
  const MigrateCandidate candidates[] = {
    { MIGRATE_MAP_INTERFACE,
      _migrate_tree_peek (_migrate_tree_child (interface, "mac"), "address") },
    { here != NULL ? here->kind : MIGRATE_MAP_INTERFACE, name },
    /* A plain rule does this one. */
    { MIGRATE_MAP_PATH, here != NULL && here->kind == MIGRATE_MAP_SOCKET ? name : NULL },
  };
  MigrateMatches matches;
  MigrateFound found;

  _migrate_rewriter_match (self, candidates, G_N_ELEMENTS (candidates), &matches);
  found = _migrate_rewriter_pick (self, &matches, places);
  if (found.entry != NULL && found.entry->kind != MIGRATE_MAP_PATH)
    plug_in (self, rule, interface, here, found);
  set_part (self, rule, interface, &matches, "target", "target", "dev");
  set_part (self, rule, interface, &matches, "filter", "filterref", "filter");
  set_part (self, rule, interface, &matches, "virtual-port", "virtualport", "type");
  set_port_parameter (self, rule, interface, &matches, "interface-id", "interfaceid");
  set_port_parameter (self, rule, interface, &matches, "profile-id", "profileid");
}

/* Without its name a reference is nothing. */
void
_migrate_rule_filter (MigrateRewriter *self, const MigrateRule *rule, MigrateNode *reference)
{
  const char *now = _migrate_tree_peek (reference, "filter");
  MigrateFound found;

  if (_migrate_rewriter_is_settled (reference))
    return;
  found = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_FILTER, now }, 1);
  if (found.entry == NULL)
    return;
  if (found.entry->removes)
    _migrate_rewriter_remove (self, rule, found.origin, reference, now);
  else
    _migrate_rewriter_set (self, rule, found.origin, reference, "filter",
                           _migrate_map_entry_get (found.entry, "filter"));
}
