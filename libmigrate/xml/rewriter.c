/* What rules have in common: looking a thing up in the layers, and changing the tree so that each
 * change is told. Values enter as text nodes: libxml2 escapes them when the tree is written, and
 * nothing of them is ever parsed. */
#include "xml/rules-private.h"

#include <string.h>

/* ---- looking up ---- */

static const MigrateMapEntry *
find_in (MigrateMapping *layer, const MigrateCandidate *candidate)
{
  const MigrateMapRow *row = &_migrate_map_rows[candidate->kind];
  g_autofree char *from = NULL;

  if (candidate->from == NULL || !_migrate_mapping_has (layer, candidate->kind))
    return NULL;
  from = _migrate_value_normalize (row->from, row->from_words, candidate->from, NULL);
  if (from == NULL)
    return NULL;
  return candidate->kind == MIGRATE_MAP_PATH ? _migrate_mapping_find_folder (layer, from)
                                             : _migrate_mapping_find (layer, candidate->kind, from);
}

static gboolean
has_one_of (const MigrateMapEntry *entry, const char *const *fields)
{
  if (fields == NULL || entry->removes)
    return TRUE;
  for (; *fields != NULL; fields++)
    if (_migrate_map_entry_get (entry, *fields) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
is_bare_hole (const MigrateMapEntry *entry)
{
  return entry->hole && g_variant_n_children (entry->to) == 1;
}

MigrateFound
_migrate_rewriter_find (MigrateRewriter *self, const MigrateCandidate *candidates, guint n,
                        const char *const *fields)
{
  MigrateFound found = { NULL, MIGRATE_ORIGIN_BINDING };

  for (guint layer = 0; layer < MIGRATE_N_ORIGINS; layer++)
    for (guint i = 0; self->layers[layer] != NULL && i < n; i++)
      {
        const MigrateMapEntry *entry = find_in (self->layers[layer], &candidates[i]);

        if (entry == NULL)
          continue;
        g_hash_table_add (self->used, (gpointer) entry);
        found.origin = (MigrateOrigin) layer;
        if (entry->hole)
          g_hash_table_add (self->holes, _migrate_map_name (entry->kind, entry->from));
        if (is_bare_hole (entry))
          return found;
        if (!has_one_of (entry, candidates[i].kind == MIGRATE_MAP_PATH ? NULL : fields))
          continue;
        found.entry = entry;
        return found;
      }
  return found;
}

const char *
_migrate_rewriter_find_field (MigrateRewriter *self, const MigrateCandidate *candidates, guint n,
                              const char *field, MigrateOrigin *origin)
{
  for (guint layer = 0; layer < MIGRATE_N_ORIGINS; layer++)
    for (guint i = 0; self->layers[layer] != NULL && i < n; i++)
      {
        const MigrateMapEntry *entry = find_in (self->layers[layer], &candidates[i]);
        const char *value = entry != NULL ? _migrate_map_entry_get (entry, field) : NULL;

        if (entry != NULL)
          g_hash_table_add (self->used, (gpointer) entry);
        if (value == NULL)
          continue;
        *origin = (MigrateOrigin) layer;
        return value;
      }
  return NULL;
}

char *
_migrate_rewriter_to_path (const MigrateMapEntry *entry, const char *path)
{
  const char *to = _migrate_map_entry_get (entry, "path");
  g_autofree char *normal = NULL;
  const char *rest;

  if (entry->kind != MIGRATE_MAP_PATH)
    return g_strdup (to);
  normal = _migrate_value_normalize (MIGRATE_VALUE_PATH, NULL, path, NULL);
  if (normal == NULL)
    return g_strdup (path);
  rest = normal + (g_str_equal (entry->from, "/") ? 0 : strlen (entry->from));
  return g_strconcat (g_str_equal (to, "/") && *rest == '/' ? "" : to, rest, NULL);
}

/* ---- who is changed ---- */

static const xmlNode *
device_of (const xmlNode *node)
{
  for (; node != NULL && node->parent != NULL; node = node->parent)
    if (_migrate_node_is (node->parent, "devices"))
      return node;
  return NULL;
}

static guint
ordinal_of (const xmlNode *node)
{
  guint n = 0;

  for (const xmlNode *c = node->prev; c != NULL; c = c->prev)
    if (_migrate_node_is (c, (const char *) node->name))
      n++;
  return n;
}

static char *
describe_device (const xmlNode *device)
{
  const char *kind = (const char *) device->name;
  const xmlNode *target = _migrate_node_child (device, "target");
  const char *name = NULL;

  if (strcmp (kind, "disk") == 0)
    name = _migrate_node_peek (target, "dev");
  else if (strcmp (kind, "interface") == 0)
    name = _migrate_node_peek (_migrate_node_child (device, "mac"), "address");
  else if (target != NULL)
    name
      = _migrate_node_peek (target, _migrate_node_peek (target, "name") != NULL ? "name" : "port");
  if (name == NULL)
    name = _migrate_node_peek (_migrate_node_child (device, "alias"), "name");
  return name != NULL ? g_strdup_printf ("%s %s", kind, name)
                      : g_strdup_printf ("%s %u", kind, ordinal_of (device));
}

static char *
describe_place (const xmlNode *node)
{
  const char *of = _migrate_node_peek (node, "vcpu");
  g_autoptr (GString) place = g_string_new (NULL);

  if (of == NULL)
    of = _migrate_node_peek (node, "iothread");
  for (const xmlNode *n = node; n->parent != NULL && n->parent->type == XML_ELEMENT_NODE;
       n = n->parent)
    {
      if (place->len > 0)
        g_string_prepend_c (place, '/');
      g_string_prepend (place, (const char *) n->name);
    }
  if (of != NULL)
    g_string_append_printf (place, " %s", of);
  return g_string_free (g_steal_pointer (&place), FALSE);
}

static void
change_free (MigrateChange *self)
{
  g_free (self->subject);
  g_free (self->from);
  g_free (self->to);
  g_free (self);
}

GPtrArray *
_migrate_changes_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) change_free);
}

void
_migrate_rewriter_note (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                        const xmlNode *node, const char *from, const char *to)
{
  const xmlNode *device = device_of (node);
  MigrateChange *change = g_new0 (MigrateChange, 1);

  change->rule = rule->name;
  change->subject = device != NULL ? describe_device (device) : describe_place (node);
  change->from = g_strdup (from);
  change->to = g_strdup (to);
  change->origin = origin;
  g_ptr_array_add (self->changes, change);
}

/* ---- changing ---- */

void
_migrate_rewriter_set (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                       xmlNode *node, const char *attribute, const char *value)
{
  const char *now = _migrate_node_peek (node, attribute);

  if (g_strcmp0 (now, value) == 0)
    return;
  _migrate_rewriter_note (self, rule, origin, node, now, value);
  if (value != NULL)
    xmlSetProp (node, (const xmlChar *) attribute, (const xmlChar *) value);
  else
    xmlUnsetProp (node, (const xmlChar *) attribute);
}

/* Only the text goes: comments and elements that are in there stay. */
void
_migrate_rewriter_set_text (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                            xmlNode *node, const char *value)
{
  g_autofree char *now = _migrate_node_text (node);
  xmlNode *next;

  if (g_strcmp0 (now, value) == 0)
    return;
  _migrate_rewriter_note (self, rule, origin, node, now, value);
  for (xmlNode *c = node->children; c != NULL; c = next)
    {
      next = c->next;
      if (c->type != XML_TEXT_NODE && c->type != XML_CDATA_SECTION_NODE)
        continue;
      xmlUnlinkNode (c);
      xmlFreeNode (c);
    }
  xmlAddChild (node, xmlNewDocText (node->doc, (const xmlChar *) value));
}

void
_migrate_rewriter_remove (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                          xmlNode *node, const char *what)
{
  _migrate_rewriter_note (self, rule, origin, node, what, NULL /* to */);
  xmlUnlinkNode (node);
  xmlFreeNode (node);
}

xmlNode *
_migrate_rewriter_ensure (xmlNode *parent, const char *name)
{
  xmlNode *child = _migrate_node_child (parent, name);

  return child != NULL
           ? child
           : xmlNewChild (parent, NULL /* ns */, (const xmlChar *) name, NULL /* content */);
}

/* libxml2 leaves _private to whoever owns the tree. */
void
_migrate_rewriter_settle (xmlNode *node)
{
  node->_private = node;
}

gboolean
_migrate_rewriter_is_settled (const xmlNode *node)
{
  return node->_private != NULL;
}
