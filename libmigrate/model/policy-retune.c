/* Decide: what a policy becomes when some of its keys are changed in flight: all of them or none.
 */
#include "model/policy-private.h"

static char *
number_text (GVariant *value)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_BYTE:
      return g_strdup_printf ("%u", (guint) g_variant_get_byte (value));
    case G_VARIANT_CLASS_INT16:
      return g_strdup_printf ("%d", (int) g_variant_get_int16 (value));
    case G_VARIANT_CLASS_UINT16:
      return g_strdup_printf ("%u", (guint) g_variant_get_uint16 (value));
    case G_VARIANT_CLASS_INT32:
      return g_strdup_printf ("%d", (int) g_variant_get_int32 (value));
    case G_VARIANT_CLASS_UINT32:
      return g_strdup_printf ("%u", (guint) g_variant_get_uint32 (value));
    case G_VARIANT_CLASS_INT64:
      return g_strdup_printf ("%" G_GINT64_FORMAT, g_variant_get_int64 (value));
    case G_VARIANT_CLASS_UINT64:
      return g_strdup_printf ("%" G_GUINT64_FORMAT, g_variant_get_uint64 (value));
    default:
      return NULL;
    }
}

/* Numbers of languages that have but one kind of them arrive as doubles. */
static char *
value_text (GVariant *value)
{
  g_autofree const char **words = NULL;

  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_STRING:
      return g_variant_dup_string (value, NULL);
    case G_VARIANT_CLASS_BOOLEAN:
      return g_strdup (g_variant_get_boolean (value) ? "true" : "false");
    case G_VARIANT_CLASS_DOUBLE:
      return g_strdup_printf ("%.15g", g_variant_get_double (value));
    case G_VARIANT_CLASS_ARRAY:
      if (!g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
        return NULL;
      words = g_variant_get_strv (value, NULL);
      return g_strjoinv (";", (char **) words);
    default:
      return number_text (value);
    }
}

static gboolean
set_key (MigratePolicy *self, const char *name, GVariant *value, GError **error)
{
  g_autofree char *text = NULL;
  gssize i = _migrate_policy_key_find_or_error (name, error);

  if (i < 0)
    return FALSE;
  if (!_migrate_policy_keys[i].in_flight)
    {
      _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED, "Set it before the move",
                          "Policy key “%s” cannot be changed while the move runs", name);
      return FALSE;
    }
  text = value_text (value);
  if (text == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                          "Policy key “%s” takes text or a value of its own type, not one of the "
                          "type “%s”",
                          name, g_variant_get_type_string (value));
      return FALSE;
    }
  return migrate_policy_set (self, name, text, error);
}

MigratePolicy *
_migrate_policy_retune (MigratePolicy *self, GVariant *values, GError **error)
{
  g_autoptr (MigratePolicy) copy = migrate_policy_copy (self);
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (g_variant_n_children (values) == 0)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Name at least one key of the policy",
                          "No policy key was named");
      return NULL;
    }
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      gboolean ok = set_key (copy, name, value, error);

      g_variant_unref (value);
      if (!ok)
        return NULL;
    }
  return g_steal_pointer (&copy);
}

GVariant *
_migrate_policy_pick (MigratePolicy *self, GVariant *values)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autofree char *text = migrate_policy_dup (self, name, NULL);

      if (text != NULL)
        g_variant_builder_add (&builder, "{sv}", name, g_variant_new_string (text));
    }
  return g_variant_builder_end (&builder);
}

char *
_migrate_policy_describe_change (MigratePolicy *from, MigratePolicy *to, GVariant *values)
{
  GString *text = g_string_new (NULL);
  GVariantIter iter;
  const char *key;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, NULL))
    {
      g_autofree char *old = migrate_policy_dup (from, key, NULL);
      g_autofree char *new = migrate_policy_dup (to, key, NULL);

      g_string_append_printf (text, "%s%s from “%s” to “%s”", text->len > 0 ? ", " : "", key, old,
                              new);
    }
  return g_string_free (text, FALSE);
}
