/* From the guest's document and what is said of the destination to the document there: one walk
 * through the tree, at each element the rules that may stand there. */
#include "xml/rules-private.h"

#include <string.h>

/* Rules by the name of their element. Made once, read by all threads. */
typedef struct
{
  GHashTable *by_name; /* GArray of rule numbers */
  MigratePlace **places;
} Table;

static const Table *
table_new (void)
{
  Table *table = g_new0 (Table, 1);

  table->by_name = g_hash_table_new (g_str_hash, g_str_equal);
  table->places = g_new0 (MigratePlace *, _migrate_n_rules);
  for (guint i = 0; i < _migrate_n_rules; i++)
    {
      table->places[i] = _migrate_place_new (_migrate_rules[i].place);
      for (const char *const *name = _migrate_place_names (table->places[i]); *name != NULL; name++)
        {
          GArray *rules = g_hash_table_lookup (table->by_name, *name);

          if (rules == NULL)
            {
              rules = g_array_new (FALSE, FALSE, sizeof (guint));
              g_hash_table_insert (table->by_name, (gpointer) *name, rules);
            }
          g_array_append_val (rules, i);
        }
    }
  return table;
}

static const Table *
get_table (void)
{
  static gsize table;

  if (g_once_init_enter (&table))
    g_once_init_leave (&table, (gsize) table_new ());
  return (const Table *) table;
}

/* ---- the walk ---- */

/* FALSE: a rule took the element away. */
static gboolean
apply_rules (MigrateRewriter *self, const Table *table, MigrateNode *node)
{
  const GArray *rules = g_hash_table_lookup (table->by_name, node->name);

  for (guint i = 0; rules != NULL && i < rules->len; i++)
    {
      guint number = g_array_index (rules, guint, i);
      const MigrateRule *rule = &_migrate_rules[number];

      if (!self->asked[number] || !_migrate_place_match (table->places[number], node))
        continue;
      rule->apply (self, rule, node);
      if (node->parent == NULL)
        return FALSE;
    }
  return TRUE;
}

static void
walk (MigrateRewriter *self, const Table *table, MigrateNode *parent)
{
  MigrateNode *next;

  for (MigrateNode *c = parent->first; c != NULL; c = next)
    {
      next = c->next;
      /* What has a namespace is not libvirt's, and not ours to change. */
      if (_migrate_tree_is (c, NULL) && apply_rules (self, table, c))
        walk (self, table, c);
    }
}

/* ---- in and out ---- */

static void
rewriter_clear (MigrateRewriter *self)
{
  for (guint i = 0; i < MIGRATE_N_ORIGINS; i++)
    g_clear_object (&self->layers[i]);
  g_clear_pointer (&self->asked, g_free);
  g_clear_pointer (&self->changes, g_ptr_array_unref);
  g_clear_pointer (&self->used, g_hash_table_unref);
  g_clear_pointer (&self->holes, g_hash_table_unref);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MigrateRewriter, rewriter_clear)

static gboolean
is_asked_for (const MigrateRewriter *self, const MigrateRule *rule)
{
  for (guint i = 0; i < MIGRATE_N_RULE_KINDS && rule->kinds[i] != MIGRATE_N_MAP_KINDS; i++)
    if (self->has[rule->kinds[i]])
      return TRUE;
  return FALSE;
}

static gboolean
rewriter_init (MigrateRewriter *self, const MigrateRewrite *how, GError **error)
{
  if (how->bindings != NULL)
    {
      self->layers[MIGRATE_ORIGIN_BINDING]
        = _migrate_mapping_new_from_bindings (how->bindings, error);
      if (self->layers[MIGRATE_ORIGIN_BINDING] == NULL)
        return FALSE;
    }
  g_set_object (&self->layers[MIGRATE_ORIGIN_JOB], how->mapping);
  g_set_object (&self->layers[MIGRATE_ORIGIN_PROFILE], how->profile);
  for (guint i = 0; i < MIGRATE_N_ORIGINS; i++)
    for (guint k = 0; self->layers[i] != NULL && k < MIGRATE_N_MAP_KINDS; k++)
      self->has[k] |= _migrate_mapping_has (self->layers[i], (MigrateMapKind) k);
  self->asked = g_new (gboolean, _migrate_n_rules);
  for (guint i = 0; i < _migrate_n_rules; i++)
    self->asked[i] = is_asked_for (self, &_migrate_rules[i]);
  self->changes = _migrate_changes_new ();
  self->used = g_hash_table_new (NULL, NULL);
  self->holes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return TRUE;
}

/* What the plan counts on and nobody has answered. */
static void
note_expected (MigrateRewriter *self, const MigrateRewrite *how)
{
  for (guint i = 0; how->expected != NULL && how->expected[i] != NULL; i++)
    if (how->bindings == NULL || !g_variant_lookup (how->bindings, how->expected[i], "*", NULL))
      g_hash_table_add (self->holes, g_strdup (how->expected[i]));
}

static gint
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static char **
take_holes (MigrateRewriter *self)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  GHashTableIter iter;
  gpointer name;

  g_hash_table_iter_init (&iter, self->holes);
  while (g_hash_table_iter_next (&iter, &name, NULL))
    g_ptr_array_add (names, g_strdup (name));
  g_ptr_array_sort (names, compare_names);
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

static char **
list_unused (MigrateRewriter *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (GPtrArray) entries = NULL;

  if (self->layers[MIGRATE_ORIGIN_JOB] != NULL)
    entries = _migrate_mapping_list (self->layers[MIGRATE_ORIGIN_JOB]);
  for (guint i = 0; entries != NULL && i < entries->len; i++)
    {
      const MigrateMapEntry *entry = entries->pdata[i];
      g_autofree char *name = NULL;

      if (g_hash_table_contains (self->used, entry))
        continue;
      name = _migrate_map_name (entry->kind, entry->from);
      g_strv_builder_add (names, name);
    }
  return g_strv_builder_end (names);
}

MigrateRewritten *
_migrate_xml_rewrite (const char *xml, const MigrateRewrite *how, GError **error)
{
  g_auto (MigrateRewriter) rewriter = { .layers = { NULL } };
  g_autoptr (MigrateRewritten) result = NULL;
  g_autoptr (MigrateTree) tree = _migrate_tree_parse (xml, "domain", error);

  if (tree == NULL || !rewriter_init (&rewriter, how, error))
    return NULL;
  walk (&rewriter, get_table (), _migrate_tree_root (tree));
  note_expected (&rewriter, how);
  result = g_new0 (MigrateRewritten, 1);
  result->xml = _migrate_tree_to_text (tree);
  result->changes = g_steal_pointer (&rewriter.changes);
  result->holes = take_holes (&rewriter);
  result->unused = list_unused (&rewriter);
  return g_steal_pointer (&result);
}

char *
_migrate_xml_rewrite_path (const char *path, const MigrateRewrite *how, GError **error)
{
  const MigrateCandidate candidates[] = { { MIGRATE_MAP_DISK, path }, { MIGRATE_MAP_PATH, path } };
  g_auto (MigrateRewriter) rewriter = { .layers = { NULL } };
  MigrateFound found;

  if (!rewriter_init (&rewriter, how, error))
    return NULL;
  found = _migrate_rewriter_find (&rewriter, candidates, G_N_ELEMENTS (candidates));
  if (g_hash_table_size (rewriter.holes) > 0)
    return NULL;
  return found.entry != NULL ? _migrate_rewriter_to_path (found.entry, path) : g_strdup (path);
}

void
_migrate_rewritten_free (MigrateRewritten *self)
{
  g_free (self->xml);
  g_clear_pointer (&self->changes, g_ptr_array_unref);
  g_strfreev (self->holes);
  g_strfreev (self->unused);
  g_free (self);
}
