/* What is done to where the guest's CPUs and memory are on the host, and to what the host keeps of
 * the guest beside it. */
#include "xml/rules-private.h"

#include <string.h>

/* ---- sets of CPUs and nodes ---- */

/* A set with each number that is mapped replaced. NULL: none is. origin: the first to win. */
static char *
renumber (MigrateRewriter *self, MigrateMapKind kind, const char *text, MigrateOrigin *origin)
{
  MigrateCpus now, there = { { 0 } };
  gboolean changed = FALSE;

  if (!self->has[kind] || text == NULL || !_migrate_cpus_parse (text, &now))
    return NULL;
  *origin = MIGRATE_N_ORIGINS;
  for (guint i = 0; i < MIGRATE_N_CPUS; i++)
    {
      g_autofree char *number = NULL;
      MigrateFound found;
      MigrateCpus with;

      if (!_migrate_cpus_has (&now, i))
        continue;
      number = g_strdup_printf ("%u", i);
      found = _migrate_rewriter_find (self, &(MigrateCandidate){ kind, number }, 1, NULL);
      if (found.entry == NULL)
        {
          _migrate_cpus_add (&there, i);
          continue;
        }
      changed = TRUE;
      *origin = MIN (*origin, found.origin);
      if (_migrate_cpus_parse (
            _migrate_map_entry_get (found.entry, kind == MIGRATE_MAP_CPU ? "cpus" : "nodes"),
            &with))
        _migrate_cpus_unite (&there, &with);
    }
  return changed ? _migrate_cpus_format (&there) : NULL;
}

static char *
pin_name (const xmlNode *node)
{
  static const struct
  {
    const char *element, *word, *attribute;
  } names[] = { { "vcpu", "shared", NULL },
                { "vcpupin", "vcpu:", "vcpu" },
                { "emulatorpin", "emulator", NULL },
                { "iothreadpin", "iothread:", "iothread" } };

  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (_migrate_node_is (node, names[i].element))
      return names[i].attribute == NULL
               ? g_strdup (names[i].word)
               : g_strconcat (names[i].word, _migrate_node_peek (node, names[i].attribute), NULL);
  return NULL;
}

static void
set_pin (MigrateRewriter *self, const MigrateRule *rule, xmlNode *node, MigrateFound found)
{
  if (!found.entry->removes)
    _migrate_rewriter_set (self, rule, found.origin, node, "cpuset",
                           _migrate_map_entry_get (found.entry, "cpus"));
  else if (_migrate_node_is (node, "vcpu"))
    _migrate_rewriter_set (self, rule, found.origin, node, "cpuset", NULL /* value */);
  else
    _migrate_rewriter_remove (self, rule, found.origin, node, _migrate_node_peek (node, "cpuset"));
}

/* Where placement is automatic, libvirt asks the host and ignores a set. */
void
_migrate_rule_pin (MigrateRewriter *self, const MigrateRule *rule, xmlNode *node)
{
  g_autofree char *name = pin_name (node), *renumbered = NULL;
  MigrateOrigin origin = MIGRATE_N_ORIGINS;
  MigrateFound found;

  if (_migrate_node_has (node, "placement", "auto"))
    return;
  found = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_PIN, name }, 1, NULL);
  renumbered = renumber (self, MIGRATE_MAP_CPU, _migrate_node_peek (node, "cpuset"), &origin);
  if (found.entry != NULL && (renumbered == NULL || found.origin <= origin))
    set_pin (self, rule, node, found);
  else if (renumbered != NULL)
    _migrate_rewriter_set (self, rule, origin, node, "cpuset", renumbered);
}

void
_migrate_rule_nodes (MigrateRewriter *self, const MigrateRule *rule, xmlNode *node)
{
  MigrateOrigin origin;
  g_autofree char *text = NULL, *there = NULL;

  if (_migrate_node_is (node, "nodemask"))
    {
      text = _migrate_node_text (node);
      there = renumber (self, MIGRATE_MAP_NODE, text, &origin);
      if (there != NULL)
        _migrate_rewriter_set_text (self, rule, origin, node, there);
      return;
    }
  there = renumber (self, MIGRATE_MAP_NODE, _migrate_node_peek (node, "nodeset"), &origin);
  if (there != NULL)
    _migrate_rewriter_set (self, rule, origin, node, "nodeset", there);
}

/* ---- memory ---- */

static guint64
page_kib (const xmlNode *page)
{
  GError *error = NULL;
  guint64 bytes = _migrate_node_attribute_bytes (page, "size", "KiB", &error);

  if (error != NULL)
    g_error_free (error);
  return bytes / 1024;
}

static void
rewrite_page (MigrateRewriter *self, const MigrateRule *rule, xmlNode *page)
{
  g_autofree char *now = g_strdup_printf ("%" G_GUINT64_FORMAT, page_kib (page));
  MigrateFound found
    = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_PAGES, now }, 1, NULL);
  g_autofree char *shown = g_strdup_printf ("%s KiB", now);
  g_autofree char *there = NULL;
  const char *size;

  if (found.entry == NULL)
    return;
  if (found.entry->removes)
    {
      _migrate_rewriter_remove (self, rule, found.origin, page, shown);
      return;
    }
  size = _migrate_map_entry_get (found.entry, "size");
  if (strcmp (size, now) == 0)
    return;
  there = g_strdup_printf ("%s KiB", size);
  _migrate_rewriter_note (self, rule, found.origin, page, shown, there);
  xmlSetProp (page, (const xmlChar *) "size", (const xmlChar *) size);
  xmlSetProp (page, (const xmlChar *) "unit", (const xmlChar *) "KiB");
}

/* Without any <page> it would mean pages of the default size. */
void
_migrate_rule_pages (MigrateRewriter *self, const MigrateRule *rule, xmlNode *pages)
{
  gboolean had = FALSE;
  xmlNode *next;

  for (xmlNode *c = _migrate_node_child (pages, "page"); c != NULL; c = next)
    {
      next = _migrate_node_next (c, "page");
      had = TRUE;
      rewrite_page (self, rule, c);
    }
  if (!had || _migrate_node_child (pages, "page") != NULL)
    return;
  xmlUnlinkNode (pages);
  xmlFreeNode (pages);
}

static const struct
{
  MigrateMapKind kind;
  const char *field, *element, *attribute;
} backings[] = {
  { MIGRATE_MAP_MEMORY_SOURCE, "source", "source", "type" },
  { MIGRATE_MAP_MEMORY_ACCESS, "access", "access", "mode" },
  { MIGRATE_MAP_MEMORY_ALLOCATION, "allocation", "allocation", "mode" },
};

static void
rewrite_backing (MigrateRewriter *self, const MigrateRule *rule, xmlNode *domain, xmlNode *memory,
                 guint i)
{
  xmlNode *backing = _migrate_node_child (domain, "memoryBacking");
  xmlNode *element = _migrate_node_child (backing, backings[i].element);
  const char *now = _migrate_node_peek (element, backings[i].attribute);
  const MigrateCandidate candidates[] = { { backings[i].kind, now }, { backings[i].kind, "*" } };
  MigrateFound found = _migrate_rewriter_find (self, candidates, 2, NULL);

  if (found.entry == NULL)
    return;
  if (found.entry->removes)
    {
      if (element != NULL)
        _migrate_rewriter_remove (self, rule, found.origin, element, now);
      return;
    }
  if (backing == NULL)
    {
      xmlNode *after = _migrate_node_child (domain, "currentMemory");

      backing = xmlNewDocNode (domain->doc, NULL /* ns */, (const xmlChar *) "memoryBacking",
                               NULL /* content */);
      xmlAddNextSibling (after != NULL ? after : memory, backing);
    }
  _migrate_rewriter_set (
    self, rule, found.origin, _migrate_rewriter_ensure (backing, backings[i].element),
    backings[i].attribute, _migrate_map_entry_get (found.entry, backings[i].field));
}

void
_migrate_rule_memory (MigrateRewriter *self, const MigrateRule *rule, xmlNode *memory)
{
  for (guint i = 0; i < G_N_ELEMENTS (backings); i++)
    if (self->has[backings[i].kind])
      rewrite_backing (self, rule, memory->parent, memory, i);
}

/* ---- what the host keeps of the guest ---- */

void
_migrate_rule_perf (MigrateRewriter *self, const MigrateRule *rule, xmlNode *event)
{
  const char *name = _migrate_node_peek (event, "name");
  const MigrateCandidate candidates[] = { { MIGRATE_MAP_PERF, name }, { MIGRATE_MAP_PERF, "*" } };
  MigrateFound found = _migrate_rewriter_find (self, candidates, 2, NULL);

  if (found.entry == NULL)
    return;
  if (found.entry->removes)
    _migrate_rewriter_remove (self, rule, found.origin, event, name);
  else
    _migrate_rewriter_set (self, rule, found.origin, event, "enabled",
                           _migrate_map_entry_get (found.entry, "enabled"));
}

static void
set_label (MigrateRewriter *self, const MigrateRule *rule, MigrateFound found, xmlNode *label,
           const char *field, const char *element)
{
  const char *value = _migrate_map_entry_get (found.entry, field);

  if (value != NULL)
    _migrate_rewriter_set_text (self, rule, found.origin, _migrate_rewriter_ensure (label, element),
                                value);
}

/* The guest's own is a direct child; others are of images. */
void
_migrate_rule_label (MigrateRewriter *self, const MigrateRule *rule, xmlNode *label)
{
  const char *model = _migrate_node_peek (label, "model");
  gboolean of_guest = _migrate_node_is (label->parent, "domain");
  MigrateFound found
    = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_LABEL, model }, 1, NULL);

  if (found.entry == NULL)
    return;
  if (found.entry->removes)
    {
      _migrate_rewriter_remove (self, rule, found.origin, label, model);
      return;
    }
  if (!of_guest)
    {
      set_label (self, rule, found, label, "image-label", "label");
      return;
    }
  set_label (self, rule, found, label, "label", "label");
  set_label (self, rule, found, label, "image-label", "imagelabel");
}

void
_migrate_rule_metadata (MigrateRewriter *self, const MigrateRule *rule, xmlNode *metadata)
{
  xmlNode *next;

  for (xmlNode *c = metadata->children; c != NULL; c = next)
    {
      const char *uri
        = c->type == XML_ELEMENT_NODE && c->ns != NULL ? (const char *) c->ns->href : NULL;
      MigrateFound found
        = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_METADATA, uri }, 1, NULL);

      next = c->next;
      if (found.entry != NULL)
        _migrate_rewriter_remove (self, rule, found.origin, c, uri);
    }
}

/* libvirt refuses a <resource> with nothing in it. */
void
_migrate_rule_partition (MigrateRewriter *self, const MigrateRule *rule, xmlNode *resource)
{
  xmlNode *partition = _migrate_node_child (resource, "partition");
  g_autofree char *now = _migrate_node_text (partition);
  MigrateFound found
    = _migrate_rewriter_find (self, &(MigrateCandidate){ MIGRATE_MAP_PARTITION, now }, 1, NULL);

  if (found.entry == NULL)
    return;
  if (!found.entry->removes)
    {
      _migrate_rewriter_set_text (self, rule, found.origin, partition,
                                  _migrate_map_entry_get (found.entry, "path"));
      return;
    }
  _migrate_rewriter_remove (self, rule, found.origin, partition, now);
  if (_migrate_node_child (resource, NULL) != NULL)
    return;
  xmlUnlinkNode (resource);
  xmlFreeNode (resource);
}
