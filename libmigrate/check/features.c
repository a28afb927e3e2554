/* Decide: which features a move asks for, and what is to be said of each. */
#include "check/features-private.h"

#define VERSION(major, minor) ((major) *1000000 + (minor) *1000)

static const MigrateFeatureInfo features[] = {
  { MIGRATE_FEATURE_TUNNELLED, "the transport “tunnelled”", "choose another transport" },
  { MIGRATE_FEATURE_STRICT, "the hand-over “strict”", "choose the hand-over “fast”" },
  { MIGRATE_FEATURE_PAUSED, "a guest that is paused", "resume the guest" },
  { MIGRATE_FEATURE_MIGRATION_URI, "a migration URI", "leave the migration URI out" },
  { MIGRATE_FEATURE_UNIX_URI, "a migration URI that is a unix socket",
    "give another migration URI" },
  { MIGRATE_FEATURE_LISTEN_ADDRESS, "a listen address", "leave the listen address out" },
  { MIGRATE_FEATURE_CONNECTIONS, "parallel connections", "set the policy “connections = 0”",
    VERSION (5, 2), VERSION (4, 0) },
  { MIGRATE_FEATURE_ZERO_COPY, "zero-copy", "set the policy “zero-copy = false”", VERSION (8, 5),
    VERSION (7, 1) },
  { MIGRATE_FEATURE_TLS, "TLS", "set the policy “tls = false”", VERSION (3, 2), VERSION (2, 7) },
  { MIGRATE_FEATURE_TLS_NAME, "the name in the certificate of the destination",
    "leave that name out, and put the host of the migration URI into the certificate",
    VERSION (6, 0) },
  { MIGRATE_FEATURE_TLS_SOCKET, "TLS over a unix socket", "set the policy “tls = false”" },
  { MIGRATE_FEATURE_XBZRLE, "the compression “xbzrle”",
    "take “xbzrle” out of the policy key “compression”" },
  { MIGRATE_FEATURE_MT, "the compression “mt”", "take “mt” out of the policy key “compression”", 0,
    0, VERSION (9, 1) },
  { MIGRATE_FEATURE_ZLIB, "the compression “zlib”",
    "take “zlib” out of the policy key “compression”", VERSION (9, 4), VERSION (5, 0) },
  { MIGRATE_FEATURE_ZSTD, "the compression “zstd”",
    "take “zstd” out of the policy key “compression”", VERSION (9, 4), VERSION (5, 0) },
  { MIGRATE_FEATURE_LEVEL, "a compression level", "set the policy “compression-level = 0”" },
  { MIGRATE_FEATURE_THREADS, "a number of compression threads",
    "set the policy “compression-threads = 0”" },
  { MIGRATE_FEATURE_CACHE, "a size of the xbzrle cache", "set the policy “xbzrle-cache = 0”" },
  { MIGRATE_FEATURE_POSTCOPY, "post-copy", "take “postcopy” out of the policy key “allow”" },
  { MIGRATE_FEATURE_POSTCOPY_BANDWIDTH, "a bandwidth for post-copy",
    "set the policy “postcopy-bandwidth = 0”", VERSION (5, 1) },
  { MIGRATE_FEATURE_DEADLINE_POSTCOPY, "the policy “at-deadline = postcopy”",
    "choose another “at-deadline”" },
  { MIGRATE_FEATURE_BLOCK, "a copy of disks of a guest that runs",
    "move the guest with the kind “cold” or “suspend”" },
  { MIGRATE_FEATURE_SYNC_WRITES, "writes that wait for the destination",
    "set the policy “sync-writes = never”", VERSION (8, 0) },
  { MIGRATE_FEATURE_DEADLINE_PAUSE, "the policy “at-deadline = pause”",
    "choose another “at-deadline”" },
};

const MigrateFeatureInfo *
_migrate_feature_nth (gsize i)
{
  return i < G_N_ELEMENTS (features) ? &features[i] : NULL;
}

const MigrateFeatureInfo *
_migrate_feature_info (MigrateFeature feature)
{
  for (gsize i = 0; i < G_N_ELEMENTS (features); i++)
    if (features[i].feature == feature)
      return &features[i];
  g_assert_not_reached ();
}

char *
_migrate_version_to_string (guint64 version)
{
  return g_strdup_printf ("%u.%u.%u", (guint) (version / 1000000), (guint) (version / 1000 % 1000),
                          (guint) (version % 1000));
}

static guint
if_set (MigratePolicy *policy, const char *key, MigrateFeature feature)
{
  return _migrate_policy_get_uint (policy, key) > 0 ? feature : 0;
}

static guint
asked_of_addresses (const MigrateCheckRequest *request)
{
  guint asked = 0;

  if (request->transport == MIGRATE_TRANSPORT_TUNNELLED)
    asked |= MIGRATE_FEATURE_TUNNELLED;
  if (request->hand_over == MIGRATE_HAND_OVER_STRICT)
    asked |= MIGRATE_FEATURE_STRICT;
  if (request->migration_uri != NULL)
    asked |= MIGRATE_FEATURE_MIGRATION_URI;
  if (request->migration_uri != NULL && g_str_has_prefix (request->migration_uri, "unix:"))
    asked |= MIGRATE_FEATURE_UNIX_URI;
  if (request->listen_address != NULL)
    asked |= MIGRATE_FEATURE_LISTEN_ADDRESS;
  return asked;
}

static guint
asked_of_compression (MigratePolicy *policy)
{
  static const struct
  {
    const char *method;
    MigrateFeature feature;
  } methods[] = { { "xbzrle", MIGRATE_FEATURE_XBZRLE },
                  { "mt", MIGRATE_FEATURE_MT },
                  { "zlib", MIGRATE_FEATURE_ZLIB },
                  { "zstd", MIGRATE_FEATURE_ZSTD } };
  g_auto (GStrv) asked_for = _migrate_policy_dup_list (policy, "compression");
  guint asked = 0;

  for (gsize i = 0; asked_for != NULL && i < G_N_ELEMENTS (methods); i++)
    if (g_strv_contains ((const char *const *) asked_for, methods[i].method))
      asked |= methods[i].feature;
  return asked | if_set (policy, "compression-level", MIGRATE_FEATURE_LEVEL)
         | if_set (policy, "compression-threads", MIGRATE_FEATURE_THREADS)
         | if_set (policy, "xbzrle-cache", MIGRATE_FEATURE_CACHE);
}

static guint
asked_of_convergence (MigratePolicy *policy)
{
  int at_deadline = _migrate_policy_get_enum (policy, "at-deadline");
  guint asked = 0;

  if (_migrate_policy_allows (policy, MIGRATE_ALLOW_POSTCOPY))
    asked |= MIGRATE_FEATURE_POSTCOPY
             | if_set (policy, "postcopy-bandwidth", MIGRATE_FEATURE_POSTCOPY_BANDWIDTH);
  if (_migrate_policy_allows (policy, MIGRATE_ALLOW_PAUSE))
    asked |= MIGRATE_FEATURE_PAUSE;
  if (at_deadline == MIGRATE_AT_DEADLINE_POSTCOPY)
    asked |= MIGRATE_FEATURE_DEADLINE_POSTCOPY;
  if (at_deadline == MIGRATE_AT_DEADLINE_PAUSE)
    asked |= MIGRATE_FEATURE_DEADLINE_PAUSE;
  return asked;
}

guint
_migrate_features_asked (const MigrateLook *look)
{
  guint asked = asked_of_addresses (look->request) | asked_of_compression (look->policy)
                | asked_of_convergence (look->policy)
                | if_set (look->policy, "connections", MIGRATE_FEATURE_CONNECTIONS);

  if (look->facts->guest.state == MIGRATE_DOMAIN_PAUSED)
    asked |= MIGRATE_FEATURE_PAUSED;
  if (look->kind == MIGRATE_KIND_BLOCK)
    asked |= MIGRATE_FEATURE_BLOCK;
  if (look->kind == MIGRATE_KIND_BLOCK
      && _migrate_policy_get_enum (look->policy, "sync-writes") == MIGRATE_SYNC_WRITES_ALWAYS)
    asked |= MIGRATE_FEATURE_SYNC_WRITES;
  if (_migrate_policy_get_bool (look->policy, "zero-copy"))
    asked |= MIGRATE_FEATURE_ZERO_COPY;
  if (!_migrate_policy_get_bool (look->policy, "tls"))
    return asked;
  asked |= MIGRATE_FEATURE_TLS;
  if (look->request->tls_name != NULL)
    asked |= MIGRATE_FEATURE_TLS_NAME;
  if ((asked & MIGRATE_FEATURE_UNIX_URI) != 0)
    asked |= MIGRATE_FEATURE_TLS_SOCKET;
  return asked;
}
