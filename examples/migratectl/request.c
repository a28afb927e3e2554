/* From the words of the command line to the library's objects. */
#include "ctl.h"

#include <string.h>

/* Whether text begins as a URI does: a scheme, a colon, a slash. */
static gboolean
begins_uri (const char *text)
{
  const char *p = text;

  if (!g_ascii_islower (*p))
    return FALSE;
  while (g_ascii_islower (*p) || g_ascii_isdigit (*p) || strchr ("+.-", *p) != NULL)
    {
      if (*p == '\0')
        return FALSE;
      p++;
    }
  return p[0] == ':' && p[1] == '/';
}

/* URIs hold “=” themselves (“?socket=/path”), so the one that counts stands before a URI. A
 * parameter whose value looks like one must be percent-encoded. */
void
ctl_split_peer (const char *text, char **uri, char **peer)
{
  const char *equals = strchr (text, '=');

  while (equals != NULL && !begins_uri (equals + 1))
    equals = strchr (equals + 1, '=');
  *uri = equals != NULL ? g_strndup (text, (gsize) (equals - text)) : g_strdup (text);
  *peer = equals != NULL ? g_strdup (equals + 1) : NULL;
}

static char *
words_of (GType type)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GString *words = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    g_string_append_printf (words, "%s%s", i > 0 ? ", " : "", klass->values[i].value_nick);
  return g_string_free (words, FALSE);
}

gboolean
ctl_request_kind (const CtlOptions *options, MigrateKind *kind, GError **error)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (MIGRATE_TYPE_KIND);
  g_autofree char *words = NULL;
  const GEnumValue *value;

  *kind = MIGRATE_KIND_AUTO;
  if (options->kind == NULL)
    return TRUE;
  value = g_enum_get_value_by_nick (klass, options->kind);
  if (value != NULL)
    {
      *kind = (MigrateKind) value->value;
      return TRUE;
    }
  words = words_of (MIGRATE_TYPE_KIND);
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               "There is no kind “%s”; this release has: %s", options->kind, words);
  return FALSE;
}

/* ---- policy ---- */

static gboolean
set_pair (MigratePolicy *policy, const char *pair, GError **error)
{
  const char *equals = strchr (pair, '=');
  g_autofree char *key = NULL;

  if (equals == NULL || equals == pair)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--set takes KEY=VALUE, not “%s”", pair);
      return FALSE;
    }
  key = g_strndup (pair, (gsize) (equals - pair));
  return migrate_policy_set (policy, key, equals + 1, error);
}

/* Adds to what the file and --set say. */
static gboolean
add_words (MigratePolicy *policy, const char *key, char **words, GError **error)
{
  g_autofree char *before = migrate_policy_dup (policy, key, NULL);
  g_autofree char *added = words != NULL ? g_strjoinv (";", words) : NULL;
  g_autofree char *all = g_strconcat (before, before[0] != '\0' ? ";" : "", added, NULL);

  return words == NULL || migrate_policy_set (policy, key, all, error);
}

/* “vda,vdb” as the list that the policy has. An empty one would mean all that are not shared. */
static gboolean
set_disks (MigratePolicy *policy, const char *disks, GError **error)
{
  g_auto (GStrv) words = disks != NULL ? g_strsplit (disks, ",", -1) : NULL;
  g_autofree char *list = NULL;

  if (words == NULL)
    return TRUE;
  for (gsize i = 0; i == 0 || words[i] != NULL; i++)
    if (words[i] == NULL || *g_strstrip (words[i]) == '\0')
      {
        g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                     "--disks takes targets such as vda,vdb, and one in “%s” has no name; without "
                     "it all travel that the destination does not have",
                     disks);
        return FALSE;
      }
  list = g_strjoinv (";", words);
  return migrate_policy_set (policy, "disks", list, error);
}

gboolean
ctl_request_change_policy (const CtlOptions *options, MigratePolicy *policy, GError **error)
{
  const struct
  {
    const char *key, *value;
  } pairs[] = {
    { "transport", options->transport },
    { "hand-over", options->hand_over },
    { "deadline", options->deadline },
    { "target-downtime", options->target_downtime },
    { "bandwidth", options->bandwidth },
    { "max-downtime", options->max_downtime },
    { "disk-copy", options->disk_copy },
    { "road", options->road },
    { "keep-source", options->keep_source ? "true" : NULL },
    { "shut-down", options->shut_down ? "true" : NULL },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (pairs); i++)
    if (pairs[i].value != NULL && !migrate_policy_set (policy, pairs[i].key, pairs[i].value, error))
      return FALSE;
  if (!set_disks (policy, options->disks, error))
    return FALSE;
  for (gsize i = 0; options->set != NULL && options->set[i] != NULL; i++)
    if (!set_pair (policy, options->set[i], error))
      return FALSE;
  return add_words (policy, "accept", options->accept, error)
         && add_words (policy, "allow", options->allow, error);
}

static gboolean
is_preset (const char *word)
{
  g_auto (GStrv) presets = migrate_policy_dup_presets ();

  return g_strv_contains ((const char *const *) presets, word);
}

/* First the preset or the file, then the named options, then --set. */
MigratePolicy *
ctl_request_policy (const CtlOptions *options, GError **error)
{
  g_autoptr (MigratePolicy) policy = NULL;

  if (options->policy == NULL)
    policy = migrate_policy_new ();
  else if (is_preset (options->policy))
    policy = migrate_policy_new_preset (options->policy, error);
  else
    policy = migrate_policy_new_from_file (options->policy, error);
  if (policy == NULL || !ctl_request_change_policy (options, policy, error))
    return NULL;
  return g_steal_pointer (&policy);
}

/* ---- hosts, journal ---- */

MigrateHost *
ctl_request_host (const char *text)
{
  g_autofree char *uri = NULL;
  g_autofree char *peer = NULL;
  MigrateHost *host;

  ctl_split_peer (text, &uri, &peer);
  host = migrate_host_new (uri);
  if (peer != NULL)
    migrate_host_set_peer_uri (host, peer);
  return host;
}

MigrateHost *
ctl_request_destination (const CtlOptions *options, const char *to)
{
  MigrateHost *host = ctl_request_host (to);

  if (options->peer_uri != NULL)
    migrate_host_set_peer_uri (host, options->peer_uri);
  if (options->migration_uri != NULL)
    migrate_host_set_migration_uri (host, options->migration_uri);
  if (options->disks_uri != NULL)
    migrate_host_set_disks_uri (host, options->disks_uri);
  if (options->listen_address != NULL)
    migrate_host_set_listen_address (host, options->listen_address);
  if (options->tls_name != NULL)
    migrate_host_set_tls_name (host, options->tls_name);
  return host;
}

MigrateJournal *
ctl_request_journal (const CtlOptions *options)
{
  if (g_strcmp0 (options->journal, "none") == 0)
    return migrate_sqlite_journal_new_none ();
  return migrate_sqlite_journal_new (options->journal);
}

/* ---- names ---- */

static MigrateMapping *
begin_mapping (const CtlOptions *options, MigrateMapping *given, GError **error)
{
  if (options->map != NULL)
    return migrate_mapping_new_from_file (options->map, error);
  return given != NULL ? migrate_mapping_copy (given) : migrate_mapping_new ();
}

gboolean
ctl_request_mapping (const CtlOptions *options, MigrateMapping **mapping, GError **error)
{
  g_autoptr (MigrateMapping) made = NULL;

  if (options->map == NULL && options->rename == NULL)
    return TRUE;
  made = begin_mapping (options, *mapping, error);
  for (gsize i = 0; made != NULL && options->rename != NULL && options->rename[i] != NULL; i++)
    if (!migrate_mapping_set_from_string (made, options->rename[i], error))
      return FALSE;
  if (made == NULL)
    return FALSE;
  g_set_object (mapping, made);
  return TRUE;
}

gboolean
ctl_request_profile (const CtlOptions *options, MigrateHost *destination, GError **error)
{
  g_autoptr (MigrateMapping) profile = NULL;

  if (options->profile == NULL)
    return TRUE;
  profile = migrate_mapping_new_from_file (options->profile, error);
  if (profile == NULL)
    return FALSE;
  migrate_host_set_profile (destination, profile);
  return TRUE;
}

/* ---- images ---- */

static gboolean
is_there (const char *option, const char *path, GFileTest test, const char *what, GError **error)
{
  if (g_file_test (path, test))
    return TRUE;
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
               g_file_test (path, G_FILE_TEST_EXISTS)
                 ? "%s “%s” is no %s"
                 : "%s “%s”: there is no such %s at this machine",
               option, path, what);
  return FALSE;
}

gboolean
ctl_request_images (const CtlOptions *options, MigrateImageSource **source, GError **error)
{
  *source = NULL;
  if (options->images == NULL)
    return TRUE;
  if (!is_there ("--images", options->images, G_FILE_TEST_IS_DIR, "folder", error)
      || (options->checksums != NULL
          && !is_there ("--checksums", options->checksums, G_FILE_TEST_IS_REGULAR, "file", error)))
    return FALSE;
  *source = MIGRATE_IMAGE_SOURCE (
    migrate_directory_image_source_new (options->images, options->checksums));
  return TRUE;
}

/* ---- the job ---- */

/* Of a move; a plan is of the same. */
MigrateJob *
ctl_request_job (const CtlOptions *options, MigrateJournal *journal, GError **error)
{
  g_autoptr (MigrateHost) source = NULL;
  g_autoptr (MigrateHost) destination = NULL;
  g_autoptr (MigratePolicy) policy = NULL;
  g_autoptr (MigrateMapping) mapping = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateImageSource) images = NULL;
  g_autoptr (GVariant) resize = NULL;
  MigrateKind kind;

  if (!ctl_request_kind (options, &kind, error))
    return NULL;
  policy = ctl_request_policy (options, error);
  if (policy == NULL)
    return NULL;
  source = migrate_host_new (options->from);
  destination = ctl_request_destination (options, options->to[0]);
  if (!ctl_request_profile (options, destination, error)
      || !ctl_request_mapping (options, &mapping, error)
      || !ctl_request_images (options, &images, error)
      || !ctl_request_resize (options, &resize, error))
    return NULL;
  job = migrate_job_new (options->rest[0], source, destination);
  migrate_job_set_kind (job, kind);
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  migrate_job_set_forecast (job, TRUE);
  migrate_job_set_mapping (job, mapping);
  migrate_job_set_image_source (job, images);
  migrate_job_set_resize (job, resize);
  return g_steal_pointer (&job);
}
