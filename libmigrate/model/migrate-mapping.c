/* The mapping: for each thing that is named here, what it is there. */
#include "model/mapping-private.h"

#include <string.h>

/**
 * MigrateMapping:
 *
 * This here is that there: what a guest finds under another name at its destination.
 *
 * An entry has a kind (`disk`, `interface`, `pci`, `path`, …), the name of a thing here, and what
 * it is there: one or more fields. [func@Migrate.Mapping.describe_kind] tells the fields of each
 * kind. Values are held to what their kind may be (a MAC address, a PCI address, a set of CPUs, a
 * path …), have no control characters and are bounded in length; they enter the guest's document as
 * text only.
 *
 * A job takes a mapping of its own, and that of its destination, which is usually read from a file:
 * what is said of the job wins. A mapping changes only what the guest cannot see; its own
 * addresses, models and names stay.
 *
 * Not thread-safe: to be changed by one thread at a time.
 *
 * Since: 1.0
 */

struct _MigrateMapping
{
  GObject parent_instance;

  GHashTable *entries[MIGRATE_N_MAP_KINDS]; /* from → MigrateMapEntry; NULL: none of that kind */
};

G_DEFINE_FINAL_TYPE (MigrateMapping, migrate_mapping, G_TYPE_OBJECT)

static void
mapping_free (GObject *object)
{
  MigrateMapping *self = MIGRATE_MAPPING (object);

  for (guint i = 0; i < MIGRATE_N_MAP_KINDS; i++)
    g_clear_pointer (&self->entries[i], g_hash_table_unref);
  G_OBJECT_CLASS (migrate_mapping_parent_class)->finalize (object);
}

static void
migrate_mapping_class_init (MigrateMappingClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = mapping_free;
}

static void
migrate_mapping_init (MigrateMapping *self)
{
}

/**
 * migrate_mapping_new:
 *
 * Makes a mapping without entries.
 *
 * Returns: (transfer full): a new mapping
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_mapping_new (void)
{
  return g_object_new (MIGRATE_TYPE_MAPPING, NULL);
}

static void
take_entry (MigrateMapping *self, MigrateMapEntry *entry)
{
  GHashTable **entries = &self->entries[entry->kind];

  if (*entries == NULL)
    *entries = g_hash_table_new_full (g_str_hash, g_str_equal, NULL,
                                      (GDestroyNotify) _migrate_map_entry_free);
  /* replace, for the key is the entry's own. */
  g_hash_table_replace (*entries, entry->from, entry);
}

/**
 * migrate_mapping_copy:
 * @self: a mapping
 *
 * Copies a mapping.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_mapping_copy (MigrateMapping *self)
{
  MigrateMapping *copy;
  g_autoptr (GPtrArray) entries = NULL;

  g_return_val_if_fail (MIGRATE_IS_MAPPING (self), NULL);
  copy = migrate_mapping_new ();
  entries = _migrate_mapping_list (self);
  for (guint i = 0; i < entries->len; i++)
    {
      const MigrateMapEntry *entry = entries->pdata[i];
      MigrateMapEntry *other = g_new (MigrateMapEntry, 1);

      *other = *entry;
      other->from = g_strdup (entry->from);
      g_variant_ref (other->to);
      take_entry (copy, other);
    }
  return copy;
}

static gssize
find_kind (const char *name, GError **error)
{
  gssize kind = _migrate_map_kind_find (name);
  g_auto (GStrv) kinds = NULL;
  g_autofree char *list = NULL, *remedy = NULL, *shown = NULL;

  if (kind >= 0)
    return kind;
  kinds = migrate_mapping_dup_kinds ();
  list = g_strjoinv (", ", kinds);
  remedy = g_strdup_printf ("Use one of: %s", list);
  shown = _migrate_value_show (name);
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, remedy, "There is no kind of mapping “%s”",
                      shown);
  return -1;
}

static gboolean
take_or_say (MigrateMapping *self, const char *name, const char *from, MigrateMapEntry *entry,
             GError **error)
{
  if (entry == NULL)
    {
      g_autofree char *shown = _migrate_value_show (from);

      g_prefix_error (error, "Mapping of %s “%s”: ", name, shown);
      return FALSE;
    }
  take_entry (self, entry);
  return TRUE;
}

/**
 * migrate_mapping_set:
 * @self: a mapping
 * @kind: the kind of thing, such as `disk`
 * @from: its name here
 * @to: (nullable): what it is there, `a{sv}`: its fields, text or numbers; `none` (true) to take it
 *   away there, `hole` (true) when that will be answered by a hook; %NULL to say nothing of it
 * @error: return location for an error
 *
 * Says what a thing here is there. A floating @to is taken. On failure nothing changes.
 *
 * Fails with %MIGRATE_ERROR_INVALID when there is no such kind or field, or a value cannot be what
 * its field wants.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_mapping_set (MigrateMapping *self, const char *kind, const char *from, GVariant *to,
                     GError **error)
{
  g_autoptr (GVariant) fields = NULL;
  gssize index;

  g_return_val_if_fail (MIGRATE_IS_MAPPING (self), FALSE);
  g_return_val_if_fail (kind != NULL, FALSE);
  g_return_val_if_fail (from != NULL, FALSE);
  g_return_val_if_fail (to == NULL || g_variant_is_of_type (to, G_VARIANT_TYPE_VARDICT), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  fields = to != NULL ? g_variant_ref_sink (to) : NULL;
  index = find_kind (kind, error);
  if (index < 0)
    return FALSE;
  if (fields == NULL)
    {
      const MigrateMapRow *row = &_migrate_map_rows[index];
      g_autofree char *normal = _migrate_value_normalize (row->from, row->from_words, from, error);

      if (normal != NULL && self->entries[index] != NULL)
        g_hash_table_remove (self->entries[index], normal);
      return normal != NULL;
    }
  return take_or_say (self, kind, from,
                      _migrate_map_entry_new ((MigrateMapKind) index, from, fields, error), error);
}

gboolean
_migrate_mapping_set_text (MigrateMapping *self, const char *kind, const char *from,
                           const char *text, GError **error)
{
  gssize index = find_kind (kind, error);

  return index >= 0
         && take_or_say (self, kind, from,
                         _migrate_map_entry_parse ((MigrateMapKind) index, from, text, error),
                         error);
}

/**
 * migrate_mapping_set_from_string:
 * @self: a mapping
 * @text: `KIND:FROM=TO`, where `TO` is as in a key file
 * @error: return location for an error
 *
 * Says what a thing here is there, as a command line does: `disk:vda=/srv/b.qcow2`,
 * `interface:52:54:00:12:34:56=bridge=br1;target=tap7`, `pci:06:12.5=07:12.5`, `pin:shared=none`.
 * On failure nothing changes.
 *
 * Fails with %MIGRATE_ERROR_INVALID when there is no such kind or field, or a value cannot be what
 * its field wants.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_mapping_set_from_string (MigrateMapping *self, const char *text, GError **error)
{
  const char *colon, *equals;
  g_autofree char *kind = NULL, *from = NULL, *to = NULL;

  g_return_val_if_fail (MIGRATE_IS_MAPPING (self), FALSE);
  g_return_val_if_fail (text != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  colon = strchr (text, ':');
  equals = colon != NULL ? strchr (colon, '=') : NULL;
  if (equals == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID,
                          "Write KIND:FROM=TO, such as disk:vda=/srv/b.qcow2",
                          "This does not say what is mapped to what");
      return FALSE;
    }
  kind = g_strndup (text, (gsize) (colon - text));
  from = g_strndup (colon + 1, (gsize) (equals - colon - 1));
  to = g_strdup (equals + 1);
  return _migrate_mapping_set_text (self, g_strstrip (kind), g_strstrip (from), g_strstrip (to),
                                    error);
}

/**
 * migrate_mapping_get:
 * @self: a mapping
 * @kind: the kind of thing
 * @from: its name here
 *
 * What a thing here is there, as `a{sv}`: its fields, all of them text in their one form, or `none`
 * or `hole`.
 *
 * Returns: (transfer none) (nullable): the fields, or %NULL when nothing is said of it
 *
 * Since: 1.0
 */
GVariant *
migrate_mapping_get (MigrateMapping *self, const char *kind, const char *from)
{
  const MigrateMapEntry *entry;
  g_autofree char *normal = NULL;
  gssize index;

  g_return_val_if_fail (MIGRATE_IS_MAPPING (self), NULL);
  g_return_val_if_fail (kind != NULL, NULL);
  g_return_val_if_fail (from != NULL, NULL);

  index = _migrate_map_kind_find (kind);
  if (index < 0)
    return NULL;
  normal = _migrate_value_normalize (_migrate_map_rows[index].from,
                                     _migrate_map_rows[index].from_words, from, NULL);
  if (normal == NULL)
    return NULL;
  entry = _migrate_mapping_find (self, (MigrateMapKind) index, normal);
  return entry != NULL ? entry->to : NULL;
}

/**
 * migrate_mapping_dup_froms:
 * @self: a mapping
 * @kind: a kind of thing
 *
 * The names here of all things of a kind that are mapped, in their one form, sorted.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names; none for a kind that does not
 * exist
 *
 * Since: 1.0
 */
char **
migrate_mapping_dup_froms (MigrateMapping *self, const char *kind)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  g_autoptr (GPtrArray) entries = NULL;
  gssize index;

  g_return_val_if_fail (MIGRATE_IS_MAPPING (self), NULL);
  g_return_val_if_fail (kind != NULL, NULL);

  index = _migrate_map_kind_find (kind);
  entries = _migrate_mapping_list (self);
  for (guint i = 0; i < entries->len; i++)
    {
      const MigrateMapEntry *entry = entries->pdata[i];

      if ((gssize) entry->kind == index)
        g_strv_builder_add (names, entry->from);
    }
  return g_strv_builder_end (names);
}

/**
 * migrate_mapping_dup_kinds:
 *
 * The names of all kinds of things that a mapping may name.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
migrate_mapping_dup_kinds (void)
{
  char **names = g_new0 (char *, MIGRATE_N_MAP_KINDS + 1);

  for (guint i = 0; i < MIGRATE_N_MAP_KINDS; i++)
    names[i] = g_strdup (_migrate_map_rows[i].name);
  return names;
}

/**
 * migrate_mapping_describe_kind:
 * @kind: the name of a kind
 *
 * What is mapped by a kind, how it is named here, and its fields, in a line for people.
 *
 * Returns: (transfer full) (nullable): the description, or %NULL when there is no such kind
 *
 * Since: 1.0
 */
char *
migrate_mapping_describe_kind (const char *kind)
{
  g_autoptr (GString) text = NULL;
  const MigrateMapRow *row;
  gssize index;

  g_return_val_if_fail (kind != NULL, NULL);
  index = _migrate_map_kind_find (kind);
  if (index < 0)
    return NULL;
  row = &_migrate_map_rows[index];
  text = g_string_new (NULL);
  g_string_append_printf (text, "%s: %s", row->from_meaning, row->meaning);
  for (const MigrateMapField *field = row->fields; field->name != NULL; field++)
    g_string_append_printf (text, "%s`%s`%s%s%s", field == row->fields ? "; " : ", ", field->name,
                            *field->meaning != '\0' ? " (" : "", field->meaning,
                            *field->meaning != '\0' ? ")" : "");
  if (row->removable)
    g_string_append (text, row->fields->name != NULL ? ", or `none`" : "");
  return g_string_free (g_steal_pointer (&text), FALSE);
}

const MigrateMapEntry *
_migrate_mapping_find (MigrateMapping *self, MigrateMapKind kind, const char *from)
{
  return self->entries[kind] != NULL ? g_hash_table_lookup (self->entries[kind], from) : NULL;
}

const MigrateMapEntry *
_migrate_mapping_find_folder (MigrateMapping *self, const char *path)
{
  g_autofree char *folder = NULL;

  if (self->entries[MIGRATE_MAP_PATH] == NULL || *path != '/')
    return NULL;
  folder = g_strdup (path);
  for (;;)
    {
      const MigrateMapEntry *entry = _migrate_mapping_find (self, MIGRATE_MAP_PATH, folder);
      char *slash = strrchr (folder, '/');

      if (entry != NULL || g_str_equal (folder, "/"))
        return entry;
      slash[slash == folder ? 1 : 0] = '\0';
    }
}

gboolean
_migrate_mapping_has (MigrateMapping *self, MigrateMapKind kind)
{
  return self->entries[kind] != NULL && g_hash_table_size (self->entries[kind]) > 0;
}

static gint
compare_entries (gconstpointer a, gconstpointer b)
{
  const MigrateMapEntry *first = *(const MigrateMapEntry *const *) a;
  const MigrateMapEntry *second = *(const MigrateMapEntry *const *) b;

  return first->kind != second->kind ? (first->kind < second->kind ? -1 : 1)
                                     : strcmp (first->from, second->from);
}

GPtrArray *
_migrate_mapping_list (MigrateMapping *self)
{
  GPtrArray *entries = g_ptr_array_new ();

  for (guint i = 0; i < MIGRATE_N_MAP_KINDS; i++)
    if (self->entries[i] != NULL)
      {
        GHashTableIter iter;
        gpointer entry;

        g_hash_table_iter_init (&iter, self->entries[i]);
        while (g_hash_table_iter_next (&iter, NULL, &entry))
          g_ptr_array_add (entries, entry);
      }
  g_ptr_array_sort (entries, compare_entries);
  return entries;
}

GVariant *
_migrate_mapping_to_variant (MigrateMapping *self)
{
  g_autoptr (GPtrArray) entries = _migrate_mapping_list (self);
  g_auto (GVariantBuilder) builder = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE_VARDICT);

  for (guint i = 0; i < entries->len; i++)
    {
      const MigrateMapEntry *entry = entries->pdata[i];
      g_autofree char *name = _migrate_map_name (entry->kind, entry->from);

      g_variant_builder_add (&builder, "{sv}", name, entry->to);
    }
  return g_variant_builder_end (&builder);
}

/* FALSE with error: a name of ours with something that it cannot be. */
static gboolean
take_named (MigrateMapping *self, const char *name, GVariant *value, GError **error)
{
  const char *colon = strchr (name, ':');
  g_autofree char *kind = colon != NULL ? g_strndup (name, (gsize) (colon - name)) : NULL;
  gssize index = kind != NULL ? _migrate_map_kind_find (kind) : -1;

  if (index < 0)
    return TRUE;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return _migrate_mapping_set_text (self, kind, colon + 1, g_variant_get_string (value, NULL),
                                      error);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return take_or_say (self, kind, colon + 1,
                        _migrate_map_entry_new ((MigrateMapKind) index, colon + 1, value, error),
                        error);
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Answer a text, or a{sv} of fields",
                      "“%s” is neither text nor fields", name);
  return FALSE;
}

static MigrateMapping *
new_from_named (GVariant *values, GError **error)
{
  g_autoptr (MigrateMapping) self = migrate_mapping_new ();
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{&sv}", &name, &value))
    {
      g_autoptr (GVariant) owned = value;

      if (!take_named (self, name, owned, error))
        return NULL;
    }
  return g_steal_pointer (&self);
}

MigrateMapping *
_migrate_mapping_new_from_bindings (GVariant *bindings, GError **error)
{
  MigrateMapping *self = new_from_named (bindings, error);

  if (self == NULL)
    g_prefix_error (error, "Binding: ");
  return self;
}

MigrateMapping *
_migrate_mapping_from_variant (GVariant *value, GError **error)
{
  if (!g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */, "This is not a mapping");
      return NULL;
    }
  return new_from_named (value, error);
}
