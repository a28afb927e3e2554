/* The policy: one table says everything about every key; properties, the key-file parser, the
 * command line, the journal and the documentation come from it. */
#include "model/model-private.h"

#include <gio/gio.h>
#include <string.h>

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

typedef enum
{
  KEY_UINT,
  KEY_ENUM,
  KEY_FLAGS,
  KEY_LIST
} KeyType;

typedef struct
{
  const char *name;
  KeyType type;
  guint initial, least, most;
  GType (*get_type) (void); /* KEY_ENUM, KEY_FLAGS */
  const char *unit;
  const char *meaning;
  const char *const *words; /* KEY_LIST: nullable, what may be in it */
} PolicyKey;

static const char *const chore_words[] = { "clock", "trim", "announce", NULL };

static const PolicyKey keys[] = {
  { "transport", KEY_ENUM, MIGRATE_TRANSPORT_P2P, 0, 0, migrate_transport_get_type, NULL,
    "who drives the transfer and by which way memory travels" },
  { "hand-over", KEY_ENUM, MIGRATE_HAND_OVER_FAST, 0, 0, migrate_hand_over_get_type, NULL,
    "fast: libvirt resumes the guest there; strict: we do, once the source is proven gone" },
  { "confirm", KEY_ENUM, MIGRATE_CONFIRM_AUTO, 0, 0, migrate_confirm_get_type, NULL,
    "manual: a run stops at the state “migrated”, and the program finalizes itself" },
  { "bandwidth", KEY_UINT, 0, 0, 1024 * 1024, NULL, "MiB/s",
    "the most that memory may take of the link; 0: all there is" },
  /* QEMU's own limit of 300 ms, and what a hand-over takes beside it. */
  { "target-downtime", KEY_UINT, 400, 20, 2000000, NULL, "ms",
    "how long the guest may stand still at the hand-over" },
  { "allow", KEY_FLAGS, 0, 0, 0, migrate_allow_get_type, NULL,
    "what may be done to the guest so that the move comes to an end" },
  { "postcopy-start", KEY_ENUM, MIGRATE_POSTCOPY_START_NEEDED, 0, 0,
    migrate_postcopy_start_get_type, NULL,
    "when a move that is allowed post-copy switches to it; there is no way back from it" },
  { "postcopy-bandwidth", KEY_UINT, 0, 0, 1024 * 1024, NULL, "MiB/s",
    "the most that memory may take of the link after the switch to post-copy; 0: all there is" },
  { "resume-timeout", KEY_UINT, 300, 1, 24 * 3600, NULL, "s",
    "how long a broken post-copy is tried again before the job rests as failed" },
  { "deadline", KEY_UINT, 0, 0, 7 * 24 * 3600, NULL, "s",
    "how long the copy may take; past it the move is given up; 0: for ever" },
  { "call-timeout", KEY_UINT, 10000, 100, 600000, NULL, "ms",
    "how long one question to a host may take" },
  { "settle-timeout", KEY_UINT, 60, 1, 3600, NULL, "s",
    "how long to go on asking a host that does not answer who runs the guest" },
  { "stall-timeout", KEY_UINT, 120, 0, 3600, NULL, "s",
    "how long a copy of which nothing travels is waited for before the move is given up; 0: for "
    "ever" },
  { "switchover-timeout", KEY_UINT, 60, 0, 3600, NULL, "s",
    "how long a switch-over that stands still is waited for before the move is given up; 0: for "
    "ever" },
  { "poll-interval", KEY_UINT, 500, 50, 60000, NULL, "ms",
    "how often both hosts are asked while the transfer runs" },
  { "hook-timeout", KEY_UINT, 60, 1, 3600, NULL, "s",
    "how long the program may take to answer a request" },
  { "fence-timeout", KEY_UINT, 180, 1, 7200, NULL, "s",
    "how long a fence may take to answer a recovery" },
  /* None by default: clock and trim need an agent in the guest, announce taints it in libvirt. */
  { "chores", KEY_LIST, 0, 0, 0, NULL, NULL, "what is done in the moved guest after the move",
    chore_words },
  { "chore-timeout", KEY_UINT, 60, 1, 3600, NULL, "s", "how long one chore may take" },
  { "accept", KEY_LIST, 0, 0, 0, NULL, NULL, "codes of findings that the caller takes on himself" },
};

#define N_KEYS G_N_ELEMENTS (keys)

struct _MigratePolicy
{
  GObject parent_instance;

  guint numbers[N_KEYS]; /* all but KEY_LIST */
  char **lists[N_KEYS];  /* KEY_LIST */
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
    case KEY_UINT:
      g_value_set_uint (value, self->numbers[i]);
      break;
    case KEY_ENUM:
      g_value_set_enum (value, (int) self->numbers[i]);
      break;
    case KEY_FLAGS:
      g_value_set_flags (value, self->numbers[i]);
      break;
    case KEY_LIST:
      g_value_set_boxed (value, self->lists[i]);
      break;
    }
}

static void
policy_store (MigratePolicy *self, gsize i, guint number, const char *const *list)
{
  if (keys[i].type == KEY_LIST)
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
    case KEY_UINT:
      number = g_value_get_uint (value);
      break;
    case KEY_ENUM:
      number = (guint) g_value_get_enum (value);
      break;
    case KEY_FLAGS:
      number = g_value_get_flags (value);
      break;
    case KEY_LIST:
      list = g_value_get_boxed (value);
      list = list != NULL ? list : none;
      break;
    }
  policy_store (self, i, number, list);
}

/* What bindings read of each key; the table has the words for people. A test finds a missing one.
 */

/**
 * MigratePolicy:transport:
 *
 * Who drives the transfer, and by which way memory travels.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:hand-over:
 *
 * How the guest changes hands: with the strict way it arrives paused and is resumed once the
 * source is proven gone.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:confirm:
 *
 * Whether a run stops at the state `migrated`, so that the program finalizes itself.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:bandwidth:
 *
 * The most that memory may take of the link, in MiB/s; 0 for all there is.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:target-downtime:
 *
 * How long the guest may stand still at the hand-over, in milliseconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:allow:
 *
 * What may be done to the guest so that the move comes to an end; nothing by default. Post-copy
 * excludes the transport `tunnelled`, the hand-over `strict` and a guest that is paused.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:postcopy-start:
 *
 * When a move that is allowed post-copy switches to it. The switch is the hand-over: after it the
 * guest runs at the destination, its memory is on both hosts, and a cancel is too late.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:postcopy-bandwidth:
 *
 * The most that memory may take of the link after the switch to post-copy, in MiB/s; 0 for all
 * there is. What the guest itself asks for is not held back.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:resume-timeout:
 *
 * How long a post-copy that broke is tried again, in seconds, before the job rests as failed. It
 * can be followed again after that.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:deadline:
 *
 * How long the copy may take, in seconds; past it the move is given up. 0: for ever.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:call-timeout:
 *
 * How long one question to a host may take, in milliseconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:settle-timeout:
 *
 * How long to go on asking a host that does not answer who runs the guest, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:stall-timeout:
 *
 * How long a copy of which nothing travels is waited for, in seconds; past it the move is given up.
 * 0: for ever.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:switchover-timeout:
 *
 * How long a guest may stand still in a switch-over that does not go on, in seconds; past it, and
 * past three times the target downtime, the move is given up, and the guest goes on at the source.
 * 0: for ever.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:poll-interval:
 *
 * How often both hosts are asked while the transfer runs, in milliseconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:hook-timeout:
 *
 * How long the program may take to answer a request, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:fence-timeout:
 *
 * How long a fence may take to answer a recovery, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:chores:
 *
 * What is done after the move, in this order: `clock` sets the guest's clock, `trim` discards what
 * its file systems do not use (both through the guest's agent), `announce` tells the network again
 * where the guest is (libvirt marks the guest as tainted by that). None by default.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:chore-timeout:
 *
 * How long one chore may take, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:accept:
 *
 * Codes of findings that the caller takes on himself; most blockers cannot be accepted.
 *
 * Since: 1.0
 */

static GParamSpec *
key_to_pspec (const PolicyKey *key)
{
  const GParamFlags flags = G_PARAM_READWRITE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY;

  switch (key->type)
    {
    case KEY_ENUM:
      return g_param_spec_enum (key->name, NULL, NULL, key->get_type (), (int) key->initial, flags);
    case KEY_FLAGS:
      return g_param_spec_flags (key->name, NULL, NULL, key->get_type (), key->initial, flags);
    case KEY_LIST:
      return g_param_spec_boxed (key->name, NULL, NULL, G_TYPE_STRV, flags);
    case KEY_UINT:
    default:
      return g_param_spec_uint (key->name, NULL, NULL, key->least, key->most, key->initial, flags);
    }
}

static void
migrate_policy_class_init (MigratePolicyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = policy_free;
  object_class->get_property = policy_get_property;
  object_class->set_property = policy_set_property;
  for (gsize i = 0; i < N_KEYS; i++)
    props[i + 1] = key_to_pspec (&keys[i]);
  g_object_class_install_properties (object_class, N_KEYS + 1, props);
}

static void
migrate_policy_init (MigratePolicy *self)
{
  for (gsize i = 0; i < N_KEYS; i++)
    {
      self->numbers[i] = keys[i].initial;
      if (keys[i].type == KEY_LIST)
        self->lists[i] = g_new0 (char *, 1);
    }
}

static gssize
find_key (const char *name)
{
  for (gsize i = 0; i < N_KEYS; i++)
    if (g_str_equal (keys[i].name, name))
      return (gssize) i;
  return -1;
}

static gssize
find_key_or_error (const char *name, GError **error)
{
  gssize i = find_key (name);

  if (i < 0)
    _migrate_set_error (error, MIGRATE_ERROR_INVALID, "See the list of policy keys",
                        "There is no policy key “%s”", name);
  return i;
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

static gboolean
parse_uint (const PolicyKey *key, const char *value, guint *number, GError **error)
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
parse_enum (const PolicyKey *key, const char *value, guint *number, GError **error)
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
parse_flags (const PolicyKey *key, const char *value, guint *number, GError **error)
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
parse_list (const PolicyKey *key, const char *value, GError **error)
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

  i = find_key_or_error (key, error);
  if (i < 0)
    return FALSE;
  switch (keys[i].type)
    {
    case KEY_UINT:
      if (!parse_uint (&keys[i], value, &number, error))
        return FALSE;
      break;
    case KEY_ENUM:
      if (!parse_enum (&keys[i], value, &number, error))
        return FALSE;
      break;
    case KEY_FLAGS:
      if (!parse_flags (&keys[i], value, &number, error))
        return FALSE;
      break;
    case KEY_LIST:
      list = parse_list (&keys[i], value, error);
      if (list == NULL)
        return FALSE;
      break;
    }
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

  i = find_key_or_error (key, error);
  if (i < 0)
    return NULL;
  switch (keys[i].type)
    {
    case KEY_ENUM:
      return g_strdup (_migrate_enum_nick (keys[i].get_type (), (int) self->numbers[i]));
    case KEY_FLAGS:
      return flags_words (keys[i].get_type (), self->numbers[i], ";");
    case KEY_LIST:
      return g_strjoinv (";", self->lists[i]);
    case KEY_UINT:
    default:
      return g_strdup_printf ("%u", self->numbers[i]);
    }
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
  g_autofree char *words = NULL;
  gssize i;

  g_return_val_if_fail (key != NULL, NULL);
  i = find_key (key);
  if (i < 0)
    return NULL;
  switch (keys[i].type)
    {
    case KEY_ENUM:
      words = enum_words (keys[i].get_type ());
      return g_strdup_printf ("%s (%s; default %s)", keys[i].meaning, words,
                              _migrate_enum_nick (keys[i].get_type (), (int) keys[i].initial));
    case KEY_FLAGS:
      words = flags_words (keys[i].get_type (), G_MAXUINT, ", ");
      return g_strdup_printf ("%s (any of %s; default none)", keys[i].meaning, words);
    case KEY_LIST:
      if (keys[i].words == NULL)
        return g_strdup_printf ("%s (a list, separated by semicolons)", keys[i].meaning);
      words = g_strjoinv (", ", (char **) keys[i].words);
      return g_strdup_printf ("%s (a list of %s, separated by semicolons; default none)",
                              keys[i].meaning, words);
    case KEY_UINT:
    default:
      return g_strdup_printf ("%s (%u to %u %s, default %u)", keys[i].meaning, keys[i].least,
                              keys[i].most, keys[i].unit, keys[i].initial);
    }
}

/**
 * migrate_policy_new_from_file:
 * @path: a key file with a group `[policy]`
 * @error: return location for an error
 *
 * Reads a policy from a key file. Keys that it does not name keep their defaults. Blocking, but
 * for a local file only.
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
  self = migrate_policy_new ();
  names = g_key_file_get_keys (file, "policy", NULL, NULL);
  if (names == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Begin the file with the line “[policy]”",
                          "Policy file “%s” has no group “policy”", path);
      return NULL;
    }
  for (gsize i = 0; names[i] != NULL; i++)
    {
      g_autofree char *value = g_key_file_get_value (file, "policy", names[i], NULL);

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
  gssize i = find_key (key);

  g_assert (i >= 0 && keys[i].type == KEY_UINT);
  return self->numbers[i];
}

int
_migrate_policy_get_enum (MigratePolicy *self, const char *key)
{
  gssize i = find_key (key);

  g_assert (i >= 0 && keys[i].type == KEY_ENUM);
  return (int) self->numbers[i];
}

char **
_migrate_policy_dup_list (MigratePolicy *self, const char *key)
{
  gssize i = find_key (key);

  g_assert (i >= 0 && keys[i].type == KEY_LIST);
  return g_strdupv (self->lists[i]);
}

gboolean
_migrate_policy_allows (MigratePolicy *self, MigrateAllow what)
{
  return (self->numbers[find_key ("allow")] & what) != 0;
}

gboolean
_migrate_policy_accepts (MigratePolicy *self, const char *code)
{
  gssize i = find_key ("accept");

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
