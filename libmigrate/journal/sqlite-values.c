/* Dictionaries as text: GVariant's own notation with types, which keeps every value exactly and
 * can be read by a person with the sqlite3 tool. Keys are sorted and occur once. */
#include "journal/sqlite-private.h"

#include <string.h>

/* Of a job these are the store's to tell: they come from columns and would go stale in the text. */
static const char *const told_on_load[]
  = { MIGRATE_JOB_KEY_ID,   MIGRATE_JOB_KEY_CREATED,    MIGRATE_JOB_KEY_UPDATED,
      MIGRATE_JOB_KEY_HELD, MIGRATE_JOB_KEY_GENERATION, NULL };

static int
compare_keys (gconstpointer a, gconstpointer b, gpointer data)
{
  return strcmp (a, b);
}

static void
collect_values (GTree *tree, GVariant *values)
{
  GVariantIter iter;
  char *key;
  GVariant *value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{sv}", &key, &value))
    g_tree_replace (tree, key, value);
}

static gboolean
add_value (gpointer key, gpointer value, gpointer builder)
{
  g_variant_builder_add (builder, "{sv}", key, value);
  return FALSE;
}

static GTree *
new_tree (void)
{
  return g_tree_new_full (compare_keys, NULL /* data */, g_free, (GDestroyNotify) g_variant_unref);
}

static char *
print (GTree *tree)
{
  g_autoptr (GVariant) sorted = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_tree_foreach (tree, add_value, &builder);
  sorted = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_print (sorted, TRUE /* with types */);
}

char *
_migrate_store_merge (GVariant *values, GVariant *changes)
{
  g_autoptr (GTree) tree = new_tree ();

  if (values != NULL)
    collect_values (tree, values);
  collect_values (tree, changes);
  for (gsize i = 0; told_on_load[i] != NULL; i++)
    g_tree_remove (tree, told_on_load[i]);
  return print (tree);
}

char *
_migrate_store_print (GVariant *values)
{
  g_autoptr (GTree) tree = new_tree ();

  collect_values (tree, values);
  return print (tree);
}

GVariant *
_migrate_store_parse (MigrateStore *self, const char *id, const char *text, GError **error)
{
  g_autoptr (GError) inner = NULL;
  GVariant *values = NULL;

  if (text == NULL || !g_utf8_validate (text, -1 /* to the NUL */, NULL))
    inner
      = g_error_new_literal (G_VARIANT_PARSE_ERROR, G_VARIANT_PARSE_ERROR_FAILED, "it is not text");
  else
    values = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &inner);
  if (values == NULL)
    _migrate_set_error (
      error, MIGRATE_ERROR_JOURNAL, "Move the journal away, or mend the text with the sqlite3 tool",
      "Values of job “%s” in journal “%s” cannot be read: %s", id, self->path, inner->message);
  return values;
}
