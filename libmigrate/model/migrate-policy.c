/* The policy: a value for each key of its table. */
#include "model/policy-private.h"

/**
 * MigratePolicy:
 *
 * What a move may do, and how long it may take: one value for each key of a table.
 *
 * Every key is a property; [func@Migrate.Policy.describe] tells its meaning, unit and range. A job
 * copies the policy when it is set, so later changes do not touch a running job.
 *
 * Not thread-safe: to be changed by one thread at a time.
 *
 * Since: 1.0
 */

#define PRESET "preset" /* in a file */
#define N_KEYS MIGRATE_N_POLICY_KEYS
#define keys _migrate_policy_keys

struct _MigratePolicy
{
  GObject parent_instance;

  guint numbers[N_KEYS]; /* all but lists */
  char **lists[N_KEYS];
};

static GParamSpec *props[N_KEYS + 1];

G_DEFINE_FINAL_TYPE (MigratePolicy, migrate_policy, G_TYPE_OBJECT)

static void
policy_free (GObject *object)
{
  MigratePolicy *self = MIGRATE_POLICY (object);

  for (gsize i = 0; i < N_KEYS; i++)
    g_strfreev (self->lists[i]);
  G_OBJECT_CLASS (migrate_policy_parent_class)->finalize (object);
}

static void
policy_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigratePolicy *self = MIGRATE_POLICY (object);
  gsize i = id - 1;

  switch (keys[i].type)
    {
    case MIGRATE_POLICY_UINT:
      g_value_set_uint (value, self->numbers[i]);
      break;
    case MIGRATE_POLICY_BOOL:
      g_value_set_boolean (value, self->numbers[i] != 0);
      break;
    case MIGRATE_POLICY_ENUM:
      g_value_set_enum (value, (int) self->numbers[i]);
      break;
    case MIGRATE_POLICY_FLAGS:
      g_value_set_flags (value, self->numbers[i]);
      break;
    case MIGRATE_POLICY_LIST:
      g_value_set_boxed (value, self->lists[i]);
      break;
    }
}

static void
policy_store (MigratePolicy *self, gsize i, guint number, const char *const *list)
{
  if (keys[i].type == MIGRATE_POLICY_LIST)
    {
      if (g_strv_equal ((const char *const *) self->lists[i], list))
        return;
      g_strfreev (self->lists[i]);
      self->lists[i] = g_strdupv ((char **) list);
    }
  else
    {
      if (self->numbers[i] == number)
        return;
      self->numbers[i] = number;
    }
  g_object_notify_by_pspec (G_OBJECT (self), props[i + 1]);
}

static void
policy_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  static const char *const none[] = { NULL };
  MigratePolicy *self = MIGRATE_POLICY (object);
  const char *const *list = NULL;
  guint number = 0;
  gsize i = id - 1;

  switch (keys[i].type)
    {
    case MIGRATE_POLICY_UINT:
      number = g_value_get_uint (value);
      break;
    case MIGRATE_POLICY_BOOL:
      number = g_value_get_boolean (value) ? 1 : 0;
      break;
    case MIGRATE_POLICY_ENUM:
      number = (guint) g_value_get_enum (value);
      break;
    case MIGRATE_POLICY_FLAGS:
      number = g_value_get_flags (value);
      break;
    case MIGRATE_POLICY_LIST:
      list = g_value_get_boxed (value);
      list = list != NULL ? list : none;
      break;
    }
  policy_store (self, i, number, list);
}

static void
migrate_policy_class_init (MigratePolicyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = policy_free;
  object_class->get_property = policy_get_property;
  object_class->set_property = policy_set_property;
  for (gsize i = 0; i < N_KEYS; i++)
    props[i + 1] = _migrate_policy_key_to_pspec (&keys[i]);
  g_object_class_install_properties (object_class, N_KEYS + 1, props);
}

static void
migrate_policy_init (MigratePolicy *self)
{
  for (gsize i = 0; i < N_KEYS; i++)
    {
      self->numbers[i] = keys[i].initial;
      if (keys[i].type == MIGRATE_POLICY_LIST)
        self->lists[i] = g_new0 (char *, 1);
    }
}

/**
 * migrate_policy_new:
 *
 * Makes a policy with the default of every key.
 *
 * Returns: (transfer full): a new policy
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_policy_new (void)
{
  return g_object_new (MIGRATE_TYPE_POLICY, NULL);
}

/**
 * migrate_policy_copy:
 * @self: a policy
 *
 * Copies a policy.
 *
 * Returns: (transfer full): the copy
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_policy_copy (MigratePolicy *self)
{
  MigratePolicy *copy;

  g_return_val_if_fail (MIGRATE_IS_POLICY (self), NULL);
  copy = migrate_policy_new ();
  for (gsize i = 0; i < N_KEYS; i++)
    policy_store (copy, i, self->numbers[i], (const char *const *) self->lists[i]);
  return copy;
}

/**
 * migrate_policy_set:
 * @self: a policy
 * @key: the name of a key
 * @value: its value as text; a list is separated by semicolons, a set of words by semicolons or
 *   commas
 * @error: return location for an error
 *
 * Sets a key from text, as a key file or a command line has it. On failure nothing changes.
 *
 * Fails with %MIGRATE_ERROR_INVALID when there is no such key or the value is out of its range.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_policy_set (MigratePolicy *self, const char *key, const char *value, GError **error)
{
  g_auto (GStrv) list = NULL;
  guint number = 0;
  gssize i;

  g_return_val_if_fail (MIGRATE_IS_POLICY (self), FALSE);
  g_return_val_if_fail (key != NULL, FALSE);
  g_return_val_if_fail (value != NULL, FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  i = _migrate_policy_key_find_or_error (key, error);
  if (i < 0 || !_migrate_policy_key_parse (&keys[i], value, &number, &list, error))
    return FALSE;
  policy_store (self, (gsize) i, number, (const char *const *) list);
  return TRUE;
}

/**
 * migrate_policy_dup:
 * @self: a policy
 * @key: the name of a key
 * @error: return location for an error
 *
 * The value of a key as text, as [method@Migrate.Policy.set] takes it.
 *
 * Fails with %MIGRATE_ERROR_INVALID when there is no such key.
 *
 * Returns: (transfer full): the value
 *
 * Since: 1.0
 */
char *
migrate_policy_dup (MigratePolicy *self, const char *key, GError **error)
{
  gssize i;

  g_return_val_if_fail (MIGRATE_IS_POLICY (self), NULL);
  g_return_val_if_fail (key != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  i = _migrate_policy_key_find_or_error (key, error);
  return i < 0 ? NULL : _migrate_policy_key_format (&keys[i], self->numbers[i], self->lists[i]);
}

/**
 * migrate_policy_dup_keys:
 * @self: a policy
 *
 * The names of all keys.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
migrate_policy_dup_keys (MigratePolicy *self)
{
  char **names;

  g_return_val_if_fail (MIGRATE_IS_POLICY (self), NULL);
  names = g_new0 (char *, N_KEYS + 1);
  for (gsize i = 0; i < N_KEYS; i++)
    names[i] = g_strdup (keys[i].name);
  return names;
}

/**
 * migrate_policy_describe:
 * @key: the name of a key
 *
 * What a key means, its range, unit and default, in one line for people.
 *
 * Returns: (transfer full) (nullable): the description, or %NULL when there is no such key
 *
 * Since: 1.0
 */
char *
migrate_policy_describe (const char *key)
{
  gssize i;

  g_return_val_if_fail (key != NULL, NULL);
  i = _migrate_policy_key_find (key);
  return i < 0 ? NULL : _migrate_policy_key_describe (&keys[i]);
}

/**
 * migrate_policy_may_retune:
 * @key: the name of a key
 *
 * Whether the value of a key may be changed while a move runs.
 *
 * Returns: true when it may; false when not, or when there is no such key
 *
 * Since: 1.0
 */
gboolean
migrate_policy_may_retune (const char *key)
{
  gssize i;

  g_return_val_if_fail (key != NULL, FALSE);
  i = _migrate_policy_key_find (key);
  return i >= 0 && keys[i].in_flight;
}

/**
 * migrate_policy_dup_presets:
 *
 * The names of all presets, `default` first.
 *
 * Returns: (transfer full) (array zero-terminated=1): the names
 *
 * Since: 1.0
 */
char **
migrate_policy_dup_presets (void)
{
  gsize n;
  const MigratePolicyPreset *presets = _migrate_policy_presets (&n);
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (gsize i = 0; i < n; i++)
    g_strv_builder_add (names, presets[i].name);
  return g_strv_builder_end (names);
}

/**
 * migrate_policy_describe_preset:
 * @name: the name of a preset
 *
 * What a preset may do to the guest, and which keys it sets, in a line for people.
 *
 * Returns: (transfer full) (nullable): the description, or %NULL when there is no such preset
 *
 * Since: 1.0
 */
char *
migrate_policy_describe_preset (const char *name)
{
  gsize n, n_settings;
  const MigratePolicyPreset *presets = _migrate_policy_presets (&n);
  const MigratePolicySetting *settings = _migrate_policy_preset_settings (&n_settings);
  g_autoptr (GString) text = g_string_new (NULL);

  g_return_val_if_fail (name != NULL, NULL);
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (presets[i].name, name))
      g_string_append (text, presets[i].meaning);
  if (text->len == 0)
    return NULL;
  for (gsize i = 0, told = 0; i < n_settings; i++)
    if (g_str_equal (settings[i].preset, name))
      g_string_append_printf (text, "%s%s=%s", told++ == 0 ? ": " : ", ", settings[i].key,
                              settings[i].value);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

/**
 * migrate_policy_new_preset:
 * @name: the name of a preset
 * @error: return location for an error
 *
 * Makes a policy from a preset: `default`, `gentle`, `fast` or `must-finish`;
 * [func@Migrate.Policy.describe_preset] tells what each may do to the guest.
 *
 * Fails with %MIGRATE_ERROR_INVALID when there is no such preset.
 *
 * Returns: (transfer full): a new policy
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_policy_new_preset (const char *name, GError **error)
{
  g_auto (GStrv) all = NULL;
  g_autofree char *words = NULL;
  gsize n;
  const MigratePolicySetting *settings = _migrate_policy_preset_settings (&n);
  g_autoptr (MigratePolicy) self = NULL;

  g_return_val_if_fail (name != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  all = migrate_policy_dup_presets ();
  if (!g_strv_contains ((const char *const *) all, name))
    {
      words = g_strjoinv (", ", all);
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL,
                          "There is no policy preset “%s”; there are: %s", name, words);
      return NULL;
    }
  self = migrate_policy_new ();
  for (gsize i = 0; i < n; i++)
    if (g_str_equal (settings[i].preset, name)
        && !migrate_policy_set (self, settings[i].key, settings[i].value, error))
      return NULL;
  return g_steal_pointer (&self);
}

/**
 * migrate_policy_new_from_file:
 * @path: a key file with a group `[policy]`
 * @error: return location for an error
 *
 * Reads a policy from a key file. Its key `preset` names what it begins with; keys that it does not
 * name keep the values of that, or their defaults. Blocking, but for a local file only.
 *
 * Fails with %MIGRATE_ERROR_INVALID naming the file and the key, or %MIGRATE_ERROR_NOT_FOUND.
 *
 * Returns: (transfer full): a new policy
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_policy_new_from_file (const char *path, GError **error)
{
  g_autoptr (MigratePolicy) self = NULL;
  g_autoptr (GKeyFile) file = g_key_file_new ();
  g_autoptr (GError) local_error = NULL;
  g_autofree char *preset = NULL;
  g_auto (GStrv) names = NULL;

  g_return_val_if_fail (path != NULL, NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  if (!g_key_file_load_from_file (file, path, G_KEY_FILE_NONE, &local_error))
    {
      _migrate_set_error (error,
                          g_error_matches (local_error, G_FILE_ERROR, G_FILE_ERROR_NOENT)
                            ? MIGRATE_ERROR_NOT_FOUND
                            : MIGRATE_ERROR_INVALID,
                          NULL, "Policy file “%s” cannot be read: %s", path, local_error->message);
      return NULL;
    }
  names = g_key_file_get_keys (file, "policy", NULL, NULL);
  if (names == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Begin the file with the line “[policy]”",
                          "Policy file “%s” has no group “policy”", path);
      return NULL;
    }
  preset = g_key_file_get_value (file, "policy", PRESET, NULL);
  self = preset != NULL ? migrate_policy_new_preset (g_strstrip (preset), error)
                        : migrate_policy_new ();
  if (self == NULL)
    {
      g_prefix_error (error, "Policy file “%s”: ", path);
      return NULL;
    }
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_value (file, "policy", names[i], NULL);

      if (g_str_equal (names[i], PRESET))
        continue;
      if (!migrate_policy_set (self, names[i], value != NULL ? g_strstrip (value) : "", error))
        {
          g_prefix_error (error, "Policy file “%s”: ", path);
          return NULL;
        }
    }
  return g_steal_pointer (&self);
}

guint
_migrate_policy_get_uint (MigratePolicy *self, const char *key)
{
  gssize i = _migrate_policy_key_find (key);

  g_assert (i >= 0 && keys[i].type == MIGRATE_POLICY_UINT);
  return self->numbers[i];
}

gboolean
_migrate_policy_get_bool (MigratePolicy *self, const char *key)
{
  gssize i = _migrate_policy_key_find (key);

  g_assert (i >= 0 && keys[i].type == MIGRATE_POLICY_BOOL);
  return self->numbers[i] != 0;
}

int
_migrate_policy_get_enum (MigratePolicy *self, const char *key)
{
  gssize i = _migrate_policy_key_find (key);

  g_assert (i >= 0 && keys[i].type == MIGRATE_POLICY_ENUM);
  return (int) self->numbers[i];
}

char **
_migrate_policy_dup_list (MigratePolicy *self, const char *key)
{
  gssize i = _migrate_policy_key_find (key);

  g_assert (i >= 0 && keys[i].type == MIGRATE_POLICY_LIST);
  return g_strdupv (self->lists[i]);
}

gboolean
_migrate_policy_allows (MigratePolicy *self, MigrateAllow what)
{
  return (self->numbers[_migrate_policy_key_find ("allow")] & what) != 0;
}

gboolean
_migrate_policy_accepts (MigratePolicy *self, const char *code)
{
  gssize i = _migrate_policy_key_find ("accept");

  return g_strv_contains ((const char *const *) self->lists[i], code);
}

/* For the journal: every key as text. */
GVariant *
_migrate_policy_to_variant (MigratePolicy *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (gsize i = 0; i < N_KEYS; i++)
    {
      g_autofree char *text = migrate_policy_dup (self, keys[i].name, NULL);

      g_variant_builder_add (&builder, "{sv}", keys[i].name, g_variant_new_string (text));
    }
  return g_variant_builder_end (&builder);
}

/* Keys of another version, and values that are out of range by now, are passed over. */
void
_migrate_policy_load_variant (MigratePolicy *self, GVariant *values)
{
  for (gsize i = 0; i < N_KEYS; i++)
    {
      const char *text = _migrate_variant_string (values, keys[i].name);

      if (text != NULL)
        migrate_policy_set (self, keys[i].name, text, NULL);
    }
}
