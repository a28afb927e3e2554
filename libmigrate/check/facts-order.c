/* Dictionaries in the order of their keys, so that equal facts are equal files. */
#include "check/facts-snapshot-private.h"

#include <string.h>

static GVariant *
order_list (GVariant *list)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (list, i);

      g_variant_builder_add_value (&builder, _migrate_facts_order (child));
    }
  return g_variant_builder_end (&builder);
}

static int
compare_keys (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static GVariant *
order_dictionary (GVariant *dictionary)
{
  GVariantDict values;
  GVariantBuilder builder;
  g_autoptr (GPtrArray) keys = g_ptr_array_new ();
  GVariantIter iter;
  const char *key;

  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_next (&iter, "{&sv}", &key, NULL))
    g_ptr_array_add (keys, (gpointer) key);
  g_ptr_array_sort (keys, compare_keys);
  g_variant_dict_init (&values, dictionary);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < keys->len; i++)
    {
      g_autoptr (GVariant) value = g_variant_dict_lookup_value (&values, keys->pdata[i], NULL);

      g_variant_builder_add (&builder, "{sv}", keys->pdata[i], _migrate_facts_order (value));
    }
  g_variant_dict_clear (&values);
  return g_variant_builder_end (&builder);
}

GVariant *
_migrate_facts_order (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return order_dictionary (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
    return order_list (value);
  return value;
}
