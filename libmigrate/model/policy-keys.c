/* What is done with one key of the policy: found, read from text, written as text, described. */
#include "model/policy-private.h"

gssize
_migrate_policy_key_find (const char *name)
{
  for (gsize i = 0; i < MIGRATE_N_POLICY_KEYS; i++)
    if (g_str_equal (_migrate_policy_keys[i].name, name))
      return (gssize) i;
  return -1;
}

gssize
_migrate_policy_key_find_or_error (const char *name, GError **error)
{
  gssize i = _migrate_policy_key_find (name);

  if (i < 0)
    _migrate_set_error (error, MIGRATE_ERROR_INVALID, "See the list of policy keys",
                        "There is no policy key “%s”", name);
  return i;
}

GParamSpec *
_migrate_policy_key_to_pspec (const MigratePolicyKey *key)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  switch (key->type)
    {
    case MIGRATE_POLICY_ENUM:
      return g_param_spec_enum (key->name, NULL, NULL, key->get_type (), (int) key->initial, flags);
    case MIGRATE_POLICY_FLAGS:
      return g_param_spec_flags (key->name, NULL, NULL, key->get_type (), key->initial, flags);
    case MIGRATE_POLICY_BOOL:
      return g_param_spec_boolean (key->name, NULL, NULL, key->initial != 0, flags);
    case MIGRATE_POLICY_LIST:
      return g_param_spec_boxed (key->name, NULL, NULL, G_TYPE_STRV, flags);
    case MIGRATE_POLICY_UINT:
    default:
      return g_param_spec_uint (key->name, NULL, NULL, key->least, key->most, key->initial, flags);
    }
}

static char *
enum_words (GType type)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GString *words = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    g_string_append_printf (words, "%s%s", i > 0 ? ", " : "", klass->values[i].value_nick);
  return g_string_free (words, FALSE);
}

static char *
flags_words (GType type, guint flags, const char *separator)
{
  g_autoptr (GFlagsClass) klass = g_type_class_ref (type);
  GString *words = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    if ((klass->values[i].value & flags) != 0)
      g_string_append_printf (words, "%s%s", words->len > 0 ? separator : "",
                              klass->values[i].value_nick);
  return g_string_free (words, FALSE);
}

static gboolean
parse_uint (const MigratePolicyKey *key, const char *value, guint *number, GError **error)
{
  guint64 parsed;

  if (!g_ascii_string_to_unsigned (value, 10, key->least, key->most, &parsed, NULL))
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL,
                          "Policy key “%s” takes a number from %u to %u%s%s, not “%s”", key->name,
                          key->least, key->most, key->unit != NULL ? " " : "",
                          key->unit != NULL ? key->unit : "", value);
      return FALSE;
    }
  *number = (guint) parsed;
  return TRUE;
}

static gboolean
parse_enum (const MigratePolicyKey *key, const char *value, guint *number, GError **error)
{
  int parsed;

  if (!_migrate_enum_parse (key->get_type (), value, &parsed))
    {
      g_autofree char *words = enum_words (key->get_type ());

      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL,
                          "Policy key “%s” takes one of: %s; not “%s”", key->name, words, value);
      return FALSE;
    }
  *number = (guint) parsed;
  return TRUE;
}

static gboolean
parse_flags (const MigratePolicyKey *key, const char *value, guint *number, GError **error)
{
  g_autoptr (GFlagsClass) klass = g_type_class_ref (key->get_type ());
  g_auto (GStrv) words = g_strsplit_set (value, ";,", -1);
  guint flags = 0;

  for (gsize i = 0; words[i] != NULL; i++)
    {
      const char *word = g_strstrip (words[i]);
      const GFlagsValue *found = g_flags_get_value_by_nick (klass, word);

      if (found != NULL)
        flags |= found->value;
      else if (*word != '\0')
        {
          g_autofree char *all = flags_words (key->get_type (), G_MAXUINT, ", ");

          _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL,
                              "Policy key “%s” takes any of: %s; not “%s”", key->name, all, word);
          return FALSE;
        }
    }
  *number = flags;
  return TRUE;
}

/* Blanks around items, and empty items, as key files have at their end, are no part of the list. */
static char **
parse_list (const MigratePolicyKey *key, const char *value, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (value, ";", -1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  for (gsize i = 0; parts[i] != NULL; i++)
    {
      const char *item = g_strstrip (parts[i]);

      if (*item == '\0')
        continue;
      if (key->words != NULL && !g_strv_contains (key->words, item))
        {
          g_autofree char *words = g_strjoinv (", ", (char **) key->words);

          _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL,
                              "Policy key “%s” takes a list of: %s; not “%s”", key->name, words,
                              item);
          return NULL;
        }
      g_strv_builder_add (builder, item);
    }
  return g_strv_builder_end (builder);
}

static gboolean
parse_bool (const MigratePolicyKey *key, const char *value, guint *number, GError **error)
{
  if (g_str_equal (value, "true") || g_str_equal (value, "false"))
    {
      *number = g_str_equal (value, "true");
      return TRUE;
    }
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL,
                      "Policy key “%s” takes “true” or “false”, not “%s”", key->name, value);
  return FALSE;
}

gboolean
_migrate_policy_key_parse (const MigratePolicyKey *key, const char *text, guint *number,
                           char ***list, GError **error)
{
  switch (key->type)
    {
    case MIGRATE_POLICY_UINT:
      return parse_uint (key, text, number, error);
    case MIGRATE_POLICY_BOOL:
      return parse_bool (key, text, number, error);
    case MIGRATE_POLICY_ENUM:
      return parse_enum (key, text, number, error);
    case MIGRATE_POLICY_FLAGS:
      return parse_flags (key, text, number, error);
    case MIGRATE_POLICY_LIST:
    default:
      *list = parse_list (key, text, error);
      return *list != NULL;
    }
}

char *
_migrate_policy_key_format (const MigratePolicyKey *key, guint number, char **list)
{
  switch (key->type)
    {
    case MIGRATE_POLICY_BOOL:
      return g_strdup (number != 0 ? "true" : "false");
    case MIGRATE_POLICY_ENUM:
      return g_strdup (_migrate_enum_nick (key->get_type (), (int) number));
    case MIGRATE_POLICY_FLAGS:
      return flags_words (key->get_type (), number, ";");
    case MIGRATE_POLICY_LIST:
      return g_strjoinv (";", list);
    case MIGRATE_POLICY_UINT:
    default:
      return g_strdup_printf ("%u", number);
    }
}

static char *
describe_list (const MigratePolicyKey *key)
{
  g_autofree char *words = NULL;

  if (key->words == NULL)
    return g_strdup ("a list, separated by semicolons");
  words = g_strjoinv (", ", (char **) key->words);
  return g_strdup_printf ("a list of %s, separated by semicolons; default none", words);
}

static char *
describe_values (const MigratePolicyKey *key)
{
  g_autofree char *words = NULL;

  switch (key->type)
    {
    case MIGRATE_POLICY_BOOL:
      return g_strdup_printf ("true, false; default %s", key->initial != 0 ? "true" : "false");
    case MIGRATE_POLICY_ENUM:
      words = enum_words (key->get_type ());
      return g_strdup_printf ("%s; default %s", words,
                              _migrate_enum_nick (key->get_type (), (int) key->initial));
    case MIGRATE_POLICY_FLAGS:
      words = flags_words (key->get_type (), G_MAXUINT, ", ");
      return g_strdup_printf ("any of %s; default none", words);
    case MIGRATE_POLICY_LIST:
      return describe_list (key);
    case MIGRATE_POLICY_UINT:
    default:
      return g_strdup_printf ("%u to %u %s, default %u", key->least, key->most, key->unit,
                              key->initial);
    }
}

char *
_migrate_policy_key_describe (const MigratePolicyKey *key)
{
  g_autofree char *values = describe_values (key);

  return g_strdup_printf ("%s (%s%s)", key->meaning, values,
                          key->in_flight ? "; may be changed in flight" : "");
}
