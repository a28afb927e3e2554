/* Small help with dictionaries and enumerations. */
#include "model/model-private.h"

#include <string.h>

const char *
_migrate_enum_nick (GType type, int value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (klass, value);

  return found != NULL ? found->value_nick : "unknown";
}

gboolean
_migrate_enum_parse (GType type, const char *nick, int *value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *found = nick != NULL ? g_enum_get_value_by_nick (klass, nick) : NULL;

  if (found == NULL)
    return FALSE;
  *value = found->value;
  return TRUE;
}

const char *
_migrate_variant_string (GVariant *values, const char *key)
{
  const char *string = NULL;

  /* "&s" points into values, which the caller keeps. */
  if (values == NULL || !g_variant_lookup (values, key, "&s", &string))
    return NULL;
  return string;
}

guint64
_migrate_variant_uint64 (GVariant *values, const char *key, guint64 otherwise)
{
  guint64 number;

  if (values == NULL || !g_variant_lookup (values, key, "t", &number))
    return otherwise;
  return number;
}

void
_migrate_builder_add_string (GVariantBuilder *builder, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_builder_add (builder, "{sv}", key, g_variant_new_string (value));
}

void
_migrate_dict_set_string (GVariantDict *dict, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, key, "s", value);
}

void
_migrate_dict_set_uri (GVariantDict *dict, const char *key, const char *uri)
{
  g_autofree char *shown = uri != NULL ? _migrate_uri_redact (uri) : NULL;

  _migrate_dict_set_string (dict, key, shown);
}

gboolean
_migrate_variant_boolean (GVariant *values, const char *key)
{
  gboolean flag = FALSE;

  return values != NULL && g_variant_lookup (values, key, "b", &flag) && flag;
}

double
_migrate_variant_double (GVariant *values, const char *key)
{
  double number = 0;

  if (values != NULL)
    g_variant_lookup (values, key, "d", &number);
  return number;
}

void
_migrate_wipe (char *text)
{
  if (text != NULL)
    explicit_bzero (text, strlen (text));
}
