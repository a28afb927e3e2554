/* One entry of a mapping, made from what a program or a file says of it. Pure. */
#include "model/mapping-private.h"

#include <string.h>

#define NONE "none"
#define HOLE "hole"

static const MigrateMapField *
find_field (const MigrateMapRow *row, const char *name)
{
  for (const MigrateMapField *field = row->fields; field->name != NULL; field++)
    if (g_str_equal (field->name, name))
      return field;
  return NULL;
}

static char *
field_names (const MigrateMapRow *row)
{
  GString *names = g_string_new (row->removable ? NONE : NULL);

  for (const MigrateMapField *field = row->fields; field->name != NULL; field++)
    g_string_append_printf (names, "%s%s", names->len > 0 ? ", " : "", field->name);
  return g_string_free (names, FALSE);
}

/* Text of what languages have for numbers: Lua's are doubles. NULL: neither text nor number. */
static char *
to_text (GVariant *value)
{
  switch (g_variant_classify (value))
    {
    case G_VARIANT_CLASS_STRING:
      return g_variant_dup_string (value, NULL);
    case G_VARIANT_CLASS_BOOLEAN:
      return g_strdup (g_variant_get_boolean (value) ? "yes" : "no");
    case G_VARIANT_CLASS_DOUBLE:
      return g_strdup_printf ("%.0f", g_variant_get_double (value));
    case G_VARIANT_CLASS_INT16:
    case G_VARIANT_CLASS_UINT16:
    case G_VARIANT_CLASS_INT32:
    case G_VARIANT_CLASS_UINT32:
    case G_VARIANT_CLASS_INT64:
    case G_VARIANT_CLASS_UINT64:
      return g_variant_print (value, FALSE);
    default:
      return NULL;
    }
}

static gboolean
refuse_field (const MigrateMapRow *row, const char *name, GError **error)
{
  g_autofree char *names = field_names (row), *shown = _migrate_value_show (name);
  g_autofree char *remedy = g_strdup_printf ("Use one of: %s", names);

  _migrate_set_error (error, MIGRATE_ERROR_INVALID, remedy, "“%s” has no field “%s”", row->name,
                      shown);
  return FALSE;
}

static gboolean
take_field (const MigrateMapRow *row, const char *name, const char *text, GVariantDict *to,
            GError **error)
{
  const MigrateMapField *field = find_field (row, name);
  g_autofree char *value = NULL;

  if (field == NULL)
    return refuse_field (row, name, error);
  /* Of filter and virtual-port, "none" is the value itself. */
  value = _migrate_value_normalize (field->type, field->words, text, error);
  if (value == NULL)
    {
      g_prefix_error (error, "Field “%s”: ", name);
      return FALSE;
    }
  g_variant_dict_insert (to, name, "s", value);
  return TRUE;
}

static gboolean
is_no (const char *text)
{
  return g_str_equal (text, "no") || g_str_equal (text, "false") || g_str_equal (text, "0");
}

static gboolean
take_flag (const MigrateMapRow *row, const char *name, gboolean *flag, GError **error)
{
  if (g_str_equal (name, NONE) && !row->removable)
    return refuse_field (row, name, error);
  *flag = TRUE;
  return TRUE;
}

gboolean
_migrate_map_field_check (MigrateMapKind kind, const char *name, const char *text, GError **error)
{
  g_auto (GVariantDict) to = G_VARIANT_DICT_INIT (NULL);
  gboolean flag;

  return g_str_equal (name, NONE) || g_str_equal (name, HOLE)
           ? take_flag (&_migrate_map_rows[kind], name, &flag, error)
           : take_field (&_migrate_map_rows[kind], name, text, &to, error);
}

void
_migrate_map_entry_free (MigrateMapEntry *self)
{
  g_free (self->from);
  g_clear_pointer (&self->to, g_variant_unref);
  g_free (self);
}

/* In the order of the table, so that two that say the same are equal. */
static GVariant *
order_fields (const MigrateMapRow *row, GVariantDict *to, gboolean none, gboolean hole)
{
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);
  const char *value;

  for (const MigrateMapField *field = row->fields; field->name != NULL; field++)
    if (g_variant_dict_lookup (to, field->name, "&s", &value))
      g_variant_builder_add (&builder, "{sv}", field->name, g_variant_new_string (value));
  if (none)
    g_variant_builder_add (&builder, "{sv}", NONE, g_variant_new_boolean (TRUE));
  if (hole)
    g_variant_builder_add (&builder, "{sv}", HOLE, g_variant_new_boolean (TRUE));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static gboolean
check_entry (const MigrateMapRow *row, const MigrateMapEntry *entry, GError **error)
{
  gsize n = g_variant_n_children (entry->to);

  if (n == 0 || (entry->removes && n > 1))
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Say what it is there, or leave it away",
                          n == 0 ? "It says nothing of what “%s” is there"
                                 : "“%s” is taken away and something else at once",
                          entry->from);
      return FALSE;
    }
  return row->check == NULL || row->check (entry->to, error);
}

static MigrateMapEntry *
finish (MigrateMapKind kind, const char *from, GVariantDict *to, gboolean none, gboolean hole,
        GError **error)
{
  const MigrateMapRow *row = &_migrate_map_rows[kind];
  g_autoptr (MigrateMapEntry) entry = g_new0 (MigrateMapEntry, 1);

  entry->kind = kind;
  entry->from = _migrate_value_normalize (row->from, row->from_words, from, error);
  if (entry->from == NULL)
    return NULL;
  entry->to = order_fields (row, to, none, hole);
  entry->removes = none;
  entry->hole = hole;
  return check_entry (row, entry, error) ? g_steal_pointer (&entry) : NULL;
}

MigrateMapEntry *
_migrate_map_entry_new (MigrateMapKind kind, const char *from, GVariant *to, GError **error)
{
  const MigrateMapRow *row = &_migrate_map_rows[kind];
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  gboolean none = FALSE, hole = FALSE;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, to);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;
      g_autofree char *text = to_text (owned);

      if (text == NULL)
        {
          g_autofree char *shown = _migrate_value_show (name);

          _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Give text or a number",
                              "Field “%s” is neither text nor a number", shown);
          return NULL;
        }
      if (g_str_equal (name, NONE) || g_str_equal (name, HOLE))
        {
          gboolean *flag = g_str_equal (name, NONE) ? &none : &hole;

          if (!is_no (text) && !take_flag (row, name, flag, error))
            return NULL;
        }
      else if (!take_field (row, name, text, &dict, error))
        return NULL;
    }
  return finish (kind, from, &dict, none, hole, error);
}

/* Whether text begins with a field's name and "=": else it is a bare value. */
static gboolean
has_fields (const MigrateMapRow *row, const char *text)
{
  const char *equals = strchr (text, '=');
  g_autofree char *name = equals != NULL ? g_strndup (text, (gsize) (equals - text)) : NULL;

  return name != NULL && find_field (row, g_strstrip (name)) != NULL;
}

static gboolean
take_fields (const MigrateMapRow *row, const char *text, GVariantDict *to, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (text, ";", -1);

  for (gsize i = 0; parts[i] != NULL; i++)
    {
      char *equals;

      if (*g_strstrip (parts[i]) == '\0')
        continue;
      equals = strchr (parts[i], '=');
      if (equals == NULL)
        {
          g_autofree char *shown = _migrate_value_show (parts[i]);

          _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Write field=value;field=value",
                              "“%s” is no field with a value", shown);
          return FALSE;
        }
      *equals = '\0';
      if (!take_field (row, g_strstrip (parts[i]), g_strstrip (equals + 1), to, error))
        return FALSE;
    }
  return TRUE;
}

MigrateMapEntry *
_migrate_map_entry_parse (MigrateMapKind kind, const char *from, const char *text, GError **error)
{
  const MigrateMapRow *row = &_migrate_map_rows[kind];
  g_auto (GVariantDict) dict = G_VARIANT_DICT_INIT (NULL);
  gboolean none = g_str_equal (text, NONE), hole = g_str_equal (text, "?");

  if (none && !row->removable)
    {
      refuse_field (row, NONE, error);
      return NULL;
    }
  if (!none && !hole)
    {
      gboolean good;

      if (has_fields (row, text))
        good = take_fields (row, text, &dict, error);
      else if (row->primary != NULL)
        good = take_field (row, row->primary, text, &dict, error);
      else
        {
          g_autofree char *names = field_names (row);
          g_autofree char *remedy
            = g_strdup_printf ("Write field=value; “%s” has: %s", row->name, names);

          _migrate_set_error (error, MIGRATE_ERROR_INVALID, remedy,
                              "A bare value is not enough to say what it is there");
          good = FALSE;
        }
      if (!good)
        return NULL;
    }
  return finish (kind, from, &dict, none, hole, error);
}

const char *
_migrate_map_entry_get (const MigrateMapEntry *self, const char *field)
{
  return _migrate_variant_string (self->to, field);
}
