/* What is done to disks: where their data is, by file, device, volume or network; what is below
 * them; who serves them; which secrets open them. */
#include "xml/rules-private.h"

#include <string.h>

static const char *const locations[] = { "path", "pool", "protocol", NULL };

/* Of <source>: what says where the data is, in any type of disk. */
static const char *const source_attributes[] = {
  "file", "dev",         "dir",   "path", "pool",    "volume",    "mode",    "protocol", "name",
  "tls",  "tlsHostname", "query", "type", "managed", "namespace", "timeout", NULL,
};
static const char *const source_elements[] = {
  "host",       "auth",      "config",  "snapshot",     "ssl",
  "cookies",    "readahead", "timeout", "initiator",    "identity",
  "knownHosts", "reconnect", "address", "reservations", NULL,
};

/* As MigrateDisk has it: a path, "pool:volume", "protocol:name". */
static char *
source_name (const xmlNode *source)
{
  const char *pool = _migrate_node_peek (source, "pool");
  const char *protocol = _migrate_node_peek (source, "protocol");
  const char *name = NULL;

  for (guint i = 0; i < 4 && name == NULL; i++)
    name = _migrate_node_peek (source, source_attributes[i]);
  if (pool != NULL)
    name = _migrate_node_peek (source, "volume");
  else if (protocol != NULL)
    name = _migrate_node_peek (source, "name");
  if (name == NULL || *name == '\0')
    return NULL;
  return pool == NULL && protocol == NULL
           ? g_strdup (name)
           : g_strconcat (pool != NULL ? pool : protocol, ":", name, NULL);
}

static const char *
type_there (const MigrateMapEntry *entry, const char *type)
{
  const char *path = _migrate_map_entry_get (entry, "path");
  const char *named = _migrate_map_entry_get (entry, "type");

  if (path == NULL)
    return _migrate_map_entry_get (entry, "pool") != NULL ? "volume" : "network";
  if (named != NULL)
    return named;
  if (strcmp (type, "file") == 0 || strcmp (type, "block") == 0 || strcmp (type, "dir") == 0)
    return type;
  return g_str_has_prefix (path, "/dev/") ? "block" : "file";
}

/* "host:port", "[address]:port" or a host by itself. */
static void
set_host (xmlNode *node, const char *host)
{
  const char *bracket = strchr (host, ']'), *colon = strrchr (host, ':');
  g_autofree char *name = NULL;

  if (bracket == NULL && colon != NULL && strchr (host, ':') != colon)
    colon = NULL;
  if (bracket != NULL)
    name = g_strndup (host + 1, (gsize) (bracket - host - 1));
  else
    name = colon != NULL ? g_strndup (host, (gsize) (colon - host)) : g_strdup (host);
  xmlSetProp (node, (const xmlChar *) "name", (const xmlChar *) name);
  if (colon != NULL)
    xmlSetProp (node, (const xmlChar *) "port", (const xmlChar *) colon + 1);
}

static void
free_children (xmlNode *node, const char *name)
{
  xmlNode *found;

  while ((found = _migrate_node_child (node, name)) != NULL)
    {
      xmlUnlinkNode (found);
      xmlFreeNode (found);
    }
}

static void
set_hosts (xmlNode *source, const char *hosts)
{
  g_auto (GStrv) words = g_strsplit (hosts, " ", -1);

  free_children (source, "host");
  for (guint i = 0; words[i] != NULL; i++)
    set_host (xmlNewChild (source, NULL /* ns */, (const xmlChar *) "host", NULL /* content */),
              words[i]);
}

static void
set (xmlNode *node, const char *attribute, const char *value)
{
  if (value != NULL)
    xmlSetProp (node, (const xmlChar *) attribute, (const xmlChar *) value);
}

/* Another type has nothing in common with the one before but what is not of its place: encryption,
 * labels, slices. */
static void
clear_source (xmlNode *source)
{
  for (guint i = 0; source_attributes[i] != NULL; i++)
    xmlUnsetProp (source, (const xmlChar *) source_attributes[i]);
  for (guint i = 0; source_elements[i] != NULL; i++)
    free_children (source, source_elements[i]);
}

static void
write_source (xmlNode *source, const char *type, const MigrateMapEntry *entry)
{
  const char *path = _migrate_map_entry_get (entry, "path");
  const char *hosts = _migrate_map_entry_get (entry, "hosts");

  if (path != NULL)
    set (source,
         strcmp (type, "block") == 0 ? "dev"
         : strcmp (type, "dir") == 0 ? "dir"
                                     : "file",
         path);
  set (source, "pool", _migrate_map_entry_get (entry, "pool"));
  set (source, "volume", _migrate_map_entry_get (entry, "volume"));
  set (source, "protocol", _migrate_map_entry_get (entry, "protocol"));
  set (source, "name", _migrate_map_entry_get (entry, "name"));
  if (hosts != NULL)
    set_hosts (source, hosts);
}

/* of: the disk, or the level of a chain, whose type and source it is. */
static void
move_source (MigrateRewriter *self, const MigrateRule *rule, xmlNode *of,
             const MigrateCandidate *candidates, guint n)
{
  MigrateFound found = _migrate_rewriter_find (self, candidates, n, locations);
  xmlNode *source = _migrate_node_child (of, "source");
  g_autofree char *before = NULL, *after = NULL;
  const char *type = _migrate_node_peek (of, "type"), *there;

  /* Plain rules do the rest: a path, a pool. */
  if (found.entry == NULL || found.entry->kind != MIGRATE_MAP_DISK)
    return;
  type = type != NULL ? type : "file";
  there = type_there (found.entry, type);
  before = source_name (source);
  source = _migrate_rewriter_ensure (of, "source");
  if (strcmp (type, there) != 0)
    clear_source (source);
  write_source (source, there, found.entry);
  after = source_name (source);
  if (g_strcmp0 (before, after) != 0)
    _migrate_rewriter_note (self, rule, found.origin, of, before, after);
  _migrate_rewriter_set (self, rule, found.origin, of, "type", there);
  _migrate_rewriter_settle (source);
}

static void
set_driver (MigrateRewriter *self, const MigrateRule *rule, xmlNode *disk,
            const MigrateCandidate *candidates, const char *field, const char *attribute)
{
  MigrateOrigin origin;
  const char *value = _migrate_rewriter_find_field (self, candidates, 2, field, &origin);

  if (value != NULL)
    _migrate_rewriter_set (self, rule, origin, _migrate_rewriter_ensure (disk, "driver"), attribute,
                           value);
}

static void
empty (xmlNode *node)
{
  while (node->properties != NULL)
    xmlRemoveProp (node->properties);
  while (node->children != NULL)
    {
      xmlNode *child = node->children;

      xmlUnlinkNode (child);
      xmlFreeNode (child);
    }
}

static guint
chain_length (const xmlNode *node)
{
  const xmlNode *below = _migrate_node_child (node, "backingStore");

  return below == NULL || _migrate_node_child (below, "source") == NULL ? 0
                                                                        : 1 + chain_length (below);
}

/* An empty <backingStore/> says that nothing is below; none at all, that it is not known. */
static void
end_chain (MigrateRewriter *self, const MigrateRule *rule, xmlNode *disk,
           const MigrateCandidate *candidates)
{
  MigrateOrigin origin;
  const char *how = _migrate_rewriter_find_field (self, candidates, 2, "chain", &origin);
  xmlNode *below = _migrate_node_child (disk, "backingStore");
  gboolean ends = below != NULL && _migrate_node_child (below, NULL) == NULL;
  g_autofree char *before = NULL;

  if (how == NULL || (strcmp (how, "end") == 0 ? ends : below == NULL))
    return;
  before = g_strdup_printf ("%u backing images", chain_length (disk));
  if (strcmp (how, "end") == 0)
    empty (_migrate_rewriter_ensure (disk, "backingStore"));
  else
    free_children (disk, "backingStore");
  _migrate_rewriter_note (self, rule, origin, disk, before,
                          strcmp (how, "end") == 0 ? "no backing image" : "to be probed");
}

void
_migrate_rule_disk (MigrateRewriter *self, const MigrateRule *rule, xmlNode *disk)
{
  xmlNode *source = _migrate_node_child (disk, "source");
  g_autofree char *name = source_name (source);
  const MigrateCandidate candidates[] = {
    { MIGRATE_MAP_DISK, _migrate_node_peek (_migrate_node_child (disk, "target"), "dev") },
    { MIGRATE_MAP_DISK, name },
    { MIGRATE_MAP_PATH, name },
    { MIGRATE_MAP_POOL, _migrate_node_peek (source, "pool") },
  };

  move_source (self, rule, disk, candidates, G_N_ELEMENTS (candidates));
  set_driver (self, rule, disk, candidates, "format", "type");
  set_driver (self, rule, disk, candidates, "cache", "cache");
  set_driver (self, rule, disk, candidates, "io", "io");
  end_chain (self, rule, disk, candidates);
}

/* A file that is an image of several chains is mapped once, by its own name. */
void
_migrate_rule_image (MigrateRewriter *self, const MigrateRule *rule, xmlNode *source)
{
  g_autofree char *name = source_name (source);
  const MigrateCandidate candidates[] = {
    { MIGRATE_MAP_DISK, name },
    { MIGRATE_MAP_PATH, name },
    { MIGRATE_MAP_POOL, _migrate_node_peek (source, "pool") },
  };

  move_source (self, rule, source->parent, candidates, G_N_ELEMENTS (candidates));
}

void
_migrate_rule_storage_host (MigrateRewriter *self, const MigrateRule *rule, xmlNode *host)
{
  static const char *const fields[] = { "host", NULL };
  const char *name = _migrate_node_peek (host, "name"), *port = _migrate_node_peek (host, "port");
  const char *socket = _migrate_node_peek (host, "socket");
  g_autofree char *with_port
    = name != NULL && port != NULL
        ? g_strdup_printf (strchr (name, ':') != NULL ? "[%s]:%s" : "%s:%s", name, port)
        : NULL;
  const MigrateCandidate by_name[]
    = { { MIGRATE_MAP_STORAGE_HOST, with_port }, { MIGRATE_MAP_STORAGE_HOST, name } };
  const MigrateCandidate by_path[] = { { MIGRATE_MAP_PATH, socket } };
  MigrateFound found = _migrate_rewriter_find (self, by_name, G_N_ELEMENTS (by_name), fields);

  if (_migrate_rewriter_is_settled (host->parent))
    return;
  if (found.entry != NULL)
    {
      const char *there = _migrate_map_entry_get (found.entry, "host");

      if (g_strcmp0 (there, with_port != NULL ? with_port : name) != 0)
        _migrate_rewriter_note (self, rule, found.origin, host,
                                with_port != NULL ? with_port : name, there);
      set_host (host, there);
    }
  found = _migrate_rewriter_find (self, by_path, 1, NULL /* any field */);
  if (found.entry != NULL)
    {
      g_autofree char *there = _migrate_rewriter_to_path (found.entry, socket);

      _migrate_rewriter_set (self, rule, found.origin, host, "socket", there);
    }
}

void
_migrate_rule_secret (MigrateRewriter *self, const MigrateRule *rule, xmlNode *secret)
{
  const MigrateCandidate candidates[] = {
    { MIGRATE_MAP_SECRET, _migrate_node_peek (secret, "uuid") },
    { MIGRATE_MAP_SECRET, _migrate_node_peek (secret, "usage") },
  };
  MigrateFound found
    = _migrate_rewriter_find (self, candidates, G_N_ELEMENTS (candidates), NULL /* any field */);

  if (found.entry == NULL)
    return;
  _migrate_rewriter_set (self, rule, found.origin, secret, "uuid",
                         _migrate_map_entry_get (found.entry, "uuid"));
  /* libvirt takes one of the two. */
  xmlUnsetProp (secret, (const xmlChar *) "usage");
}
