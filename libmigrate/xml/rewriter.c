/* What rules have in common: looking a thing up in the layers, and changing the tree so that each
 * change is told. Values enter as text: they are escaped when the tree is written, and nothing of
 * them is ever parsed. */
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
  /* The usual case by far: a name is its own form. */
  if (row->from == MIGRATE_VALUE_NAME || row->from == MIGRATE_VALUE_NUMBER)
    return _migrate_mapping_find (layer, candidate->kind, candidate->from);
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

void
_migrate_rewriter_match (MigrateRewriter *self, const MigrateCandidate *candidates, guint n,
                         MigrateMatches *matches)
{
  memset (matches, 0, sizeof *matches);
  for (guint layer = 0; layer < MIGRATE_N_ORIGINS; layer++)
    for (guint i = 0; self->layers[layer] != NULL && i < n; i++)
      {
        const MigrateMapEntry *entry = find_in (self->layers[layer], &candidates[i]);

        matches->entries[layer][i] = entry;
        if (entry != NULL)
          g_hash_table_add (self->used, (gpointer) entry);
      }
}

MigrateFound
_migrate_rewriter_pick (MigrateRewriter *self, const MigrateMatches *matches,
                        const char *const *fields)
{
  MigrateFound found = { NULL, MIGRATE_ORIGIN_BINDING };

  for (guint layer = 0; layer < MIGRATE_N_ORIGINS; layer++)
    for (guint i = 0; i < MIGRATE_N_CANDIDATES; i++)
      {
        const MigrateMapEntry *entry = matches->entries[layer][i];

        if (entry == NULL)
          continue;
        found.origin = (MigrateOrigin) layer;
        if (entry->hole)
          g_hash_table_add (self->holes, _migrate_map_name (entry->kind, entry->from));
        if (is_bare_hole (entry))
          return found;
        if (!has_one_of (entry, entry->kind == MIGRATE_MAP_PATH ? NULL : fields))
          continue;
        found.entry = entry;
        return found;
      }
  return found;
}

const char *
_migrate_rewriter_pick_field (const MigrateMatches *matches, const char *field,
                              MigrateOrigin *origin)
{
  for (guint layer = 0; layer < MIGRATE_N_ORIGINS; layer++)
    for (guint i = 0; i < MIGRATE_N_CANDIDATES; i++)
      {
        const MigrateMapEntry *entry = matches->entries[layer][i];
        const char *value = entry != NULL ? _migrate_map_entry_get (entry, field) : NULL;

        if (value == NULL)
          continue;
        *origin = (MigrateOrigin) layer;
        return value;
      }
  return NULL;
}

MigrateFound
_migrate_rewriter_find (MigrateRewriter *self, const MigrateCandidate *candidates, guint n)
{
  MigrateMatches matches;

  _migrate_rewriter_match (self, candidates, n, &matches);
  return _migrate_rewriter_pick (self, &matches, NULL /* any field */);
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

static const MigrateNode *
device_of (const MigrateNode *node)
{
  for (; node != NULL && node->parent != NULL; node = node->parent)
    if (_migrate_tree_is (node->parent, "devices"))
      return node;
  return NULL;
}

static guint
ordinal_of (const MigrateNode *node)
{
  guint n = 0;

  for (const MigrateNode *c = node->prev; c != NULL; c = c->prev)
    if (_migrate_tree_is (c, (const char *) node->name))
      n++;
  return n;
}

static char *
describe_device (const MigrateNode *device)
{
  const char *kind = (const char *) device->name;
  const MigrateNode *target = _migrate_tree_child (device, "target");
  const char *name = NULL;

  if (strcmp (kind, "disk") == 0)
    name = _migrate_tree_peek (target, "dev");
  else if (strcmp (kind, "interface") == 0)
    name = _migrate_tree_peek (_migrate_tree_child (device, "mac"), "address");
  else if (target != NULL)
    name
      = _migrate_tree_peek (target, _migrate_tree_peek (target, "name") != NULL ? "name" : "port");
  if (name == NULL)
    name = _migrate_tree_peek (_migrate_tree_child (device, "alias"), "name");
  return name != NULL ? g_strdup_printf ("%s %s", kind, name)
                      : g_strdup_printf ("%s %u", kind, ordinal_of (device));
}

static char *
describe_place (const MigrateNode *node)
{
  const char *of = _migrate_tree_peek (node, "vcpu");
  g_autoptr (GString) place = g_string_new (NULL);

  if (of == NULL)
    of = _migrate_tree_peek (node, "iothread");
  for (const MigrateNode *n = node; n->parent != NULL && n->parent->kind == MIGRATE_NODE_ELEMENT;
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
                        const MigrateNode *node, const char *from, const char *to)
{
  const MigrateNode *device = device_of (node);
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
                       MigrateNode *node, const char *attribute, const char *value)
{
  const char *now = _migrate_tree_peek (node, attribute);

  if (g_strcmp0 (now, value) == 0)
    return;
  _migrate_rewriter_note (self, rule, origin, node, now, value);
  _migrate_tree_set (node, attribute, value);
}

/* Only the text goes: comments and elements that are in there stay. */
void
_migrate_rewriter_set_text (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                            MigrateNode *node, const char *value)
{
  g_autofree char *now = _migrate_tree_text (node);

  if (g_strcmp0 (now, value) == 0)
    return;
  _migrate_rewriter_note (self, rule, origin, node, now, value);
  _migrate_tree_set_text (node, value);
}

void
_migrate_rewriter_remove (MigrateRewriter *self, const MigrateRule *rule, MigrateOrigin origin,
                          MigrateNode *node, const char *what)
{
  _migrate_rewriter_note (self, rule, origin, node, what, NULL /* to */);
  _migrate_tree_remove (node);
}

MigrateNode *
_migrate_rewriter_ensure (MigrateNode *parent, const char *name)
{
  MigrateNode *child = _migrate_tree_child (parent, name);

  return child != NULL ? child : _migrate_tree_add_child (parent, name);
}

void
_migrate_rewriter_settle (MigrateNode *node)
{
  node->settled = TRUE;
}

gboolean
_migrate_rewriter_is_settled (const MigrateNode *node)
{
  return node->settled;
}
