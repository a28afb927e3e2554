/* The plain rules: an attribute, or an element's text, names a thing of the host's. */
#include "xml/rules-private.h"

#include <string.h>

static MigrateFound
find_value (MigrateRewriter *self, const MigrateRule *rule, const char *now)
{
  MigrateCandidate candidates[MIGRATE_N_RULE_KINDS];
  guint n = 0;

  for (; n < MIGRATE_N_RULE_KINDS && rule->kinds[n] != MIGRATE_N_MAP_KINDS; n++)
    candidates[n] = (MigrateCandidate){ rule->kinds[n], now };
  return _migrate_rewriter_find (self, candidates, n, NULL /* any field */);
}

static char *
value_there (const MigrateMapEntry *entry, const char *now)
{
  const MigrateMapRow *row = &_migrate_map_rows[entry->kind];

  if (entry->removes)
    return NULL;
  return g_str_equal (row->primary, "path")
           ? _migrate_rewriter_to_path (entry, now)
           : g_strdup (_migrate_map_entry_get (entry, row->primary));
}

/* An entry of another kind of field, such as a network that is a bridge there, says nothing here.
 */
static void
rewrite_attribute (MigrateRewriter *self, const MigrateRule *rule, xmlNode *node,
                   const char *attribute)
{
  const char *now = _migrate_node_peek (node, attribute);
  MigrateFound found = { NULL };
  g_autofree char *value = NULL;

  if (now != NULL && *now != '\0')
    found = find_value (self, rule, now);
  if (found.entry == NULL)
    return;
  value = value_there (found.entry, now);
  if (value != NULL || found.entry->removes)
    _migrate_rewriter_set (self, rule, found.origin, node, attribute, value);
}

static void
rewrite_text (MigrateRewriter *self, const MigrateRule *rule, xmlNode *node)
{
  g_autofree char *now = _migrate_node_text (node);
  MigrateFound found = { NULL };
  g_autofree char *value = NULL;

  if (now != NULL)
    found = find_value (self, rule, now);
  if (found.entry == NULL)
    return;
  value = value_there (found.entry, now);
  if (value != NULL)
    _migrate_rewriter_set_text (self, rule, found.origin, node, value);
  else if (found.entry->removes)
    _migrate_rewriter_remove (self, rule, found.origin, node, now);
}

void
_migrate_rule_value (MigrateRewriter *self, const MigrateRule *rule, xmlNode *node)
{
  g_auto (GStrv) attributes = NULL;

  if (_migrate_rewriter_is_settled (node))
    return;
  if (rule->attributes == NULL)
    {
      rewrite_text (self, rule, node);
      return;
    }
  attributes = g_strsplit (rule->attributes, "|", -1);
  for (guint i = 0; attributes[i] != NULL; i++)
    rewrite_attribute (self, rule, node, attributes[i]);
}
