/* Decide: how memory travels, from the policy to the record that a backend is given. On its way it
 * is in the plan, under names: one table takes it in and out. */
#include "check/fate-private.h"
#include "check/plan-private.h"
#include "storage/files-private.h"

typedef enum
{
  FIELD_BOOL,
  FIELD_UINT,
  FIELD_UINT64,
  FIELD_WORDS
} FieldType;

#define FIELD(name, type, member)                                                                  \
  {                                                                                                \
    name, FIELD_##type, G_STRUCT_OFFSET (MigrateTransfer, member)                                  \
  }

/* All but the transport, which is a word, and the addresses, which have secrets. */
static const struct
{
  const char *name;
  FieldType type;
  glong offset;
} fields[] = {
  FIELD ("bandwidth", UINT64, bandwidth),
  FIELD ("persist", BOOL, persist),
  FIELD ("paused", BOOL, paused),
  FIELD ("unsafe", BOOL, unsafe),
  FIELD ("postcopy", BOOL, postcopy),
  FIELD ("postcopy-bandwidth", UINT64, postcopy_bandwidth),
  FIELD ("throttle", BOOL, throttle),
  FIELD ("throttle-initial", UINT, throttle_initial),
  FIELD ("throttle-increment", UINT, throttle_increment),
  FIELD ("connections", UINT, connections),
  FIELD ("compression", WORDS, compression),
  FIELD ("compression-level", UINT, compression_level),
  FIELD ("compression-threads", UINT, compression_threads),
  FIELD ("xbzrle-cache", UINT64, xbzrle_cache),
  FIELD ("zero-copy", BOOL, zero_copy),
  FIELD ("tls", BOOL, tls),
  FIELD ("disks", WORDS, disks),
  FIELD ("disks-top", BOOL, disks_top),
  FIELD ("sync-writes", BOOL, sync_writes),
};

/* ---- from the policy to the record ---- */

static void
decide_throttle (MigratePolicy *policy, MigrateTransfer *t)
{
  t->throttle = _migrate_policy_allows (policy, MIGRATE_ALLOW_THROTTLE);
  if (!t->throttle)
    return;
  t->throttle_initial = _migrate_policy_get_uint (policy, "throttle-initial");
  t->throttle_increment = _migrate_policy_get_uint (policy, "throttle-increment");
}

static void
decide_postcopy (MigratePolicy *policy, MigrateTransfer *t)
{
  t->postcopy = _migrate_policy_allows (policy, MIGRATE_ALLOW_POSTCOPY);
  if (t->postcopy)
    t->postcopy_bandwidth = _migrate_policy_get_uint (policy, "postcopy-bandwidth");
}

static void
decide_compression (MigratePolicy *policy, MigrateTransfer *t)
{
  t->compression = _migrate_policy_dup_list (policy, "compression");
  if (t->compression[0] == NULL)
    return;
  t->compression_level = _migrate_policy_get_uint (policy, "compression-level");
  t->compression_threads = _migrate_policy_get_uint (policy, "compression-threads");
  if (g_strv_contains ((const char *const *) t->compression, "xbzrle"))
    t->xbzrle_cache = (guint64) _migrate_policy_get_uint (policy, "xbzrle-cache") << 20;
}

/* What only counts with something else that is not asked for is nobody's parameter. */
static void
decide_accelerators (MigratePolicy *policy, MigrateTransfer *t)
{
  decide_throttle (policy, t);
  decide_compression (policy, t);
  t->connections = _migrate_policy_get_uint (policy, "connections");
  t->zero_copy = _migrate_policy_get_bool (policy, "zero-copy");
  t->tls = _migrate_policy_get_bool (policy, "tls");
}

/* A list that is empty would have libvirt copy every disk: none is given then, and no disk is. */
static char **
list_disks (GVariant *files)
{
  g_autoptr (GPtrArray) targets = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; files != NULL && i < g_variant_n_children (files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (files, i);
      const char *target = _migrate_variant_string (row, "target");

      if (target != NULL && _migrate_file_how (row) == MIGRATE_FILE_MIRROR)
        g_ptr_array_add (targets, g_strdup (target));
    }
  if (targets->len == 0)
    return NULL;
  g_ptr_array_add (targets, NULL);
  return (char **) g_ptr_array_steal (targets, NULL);
}

static void
decide_disks (const MigratePlanBasis *basis, MigratePolicy *policy, MigrateTransfer *t)
{
  if (basis->kind != MIGRATE_KIND_BLOCK)
    return;
  t->disks = list_disks (basis->files);
  t->disks_top
    = t->disks != NULL && _migrate_policy_get_enum (policy, "disk-copy") == MIGRATE_DISK_COPY_CHAIN;
  t->sync_writes
    = t->disks != NULL
      && _migrate_policy_get_enum (policy, "sync-writes") == MIGRATE_SYNC_WRITES_ALWAYS;
}

static void
decide (const MigratePlanBasis *basis, const MigrateCheckRequest *request, MigratePolicy *policy,
        MigrateTransfer *t)
{
  t->transport = request->transport;
  t->bandwidth = _migrate_policy_get_uint (policy, "bandwidth");
  decide_postcopy (policy, t);
  decide_accelerators (policy, t);
  t->persist = basis->persistent;
  t->paused = !basis->was_paused && request->hand_over == MIGRATE_HAND_OVER_STRICT;
  /* libvirt goes by the name of the file system; the probe knows better, or the caller does. Where
   * disks are copied nobody is told that all is well. */
  t->unsafe = !_migrate_kind_copies (basis->kind)
              && (basis->shared || _migrate_policy_accepts (policy, "disk-sharing-unproven"));
  decide_disks (basis, policy, t);
}

/* ---- from the record to the plan ---- */

static GVariant *
words_to_variant (const char *const *words)
{
  return words != NULL && words[0] != NULL ? g_variant_new_strv (words, -1) : NULL;
}

/* NULL: there is nothing to say. */
static GVariant *
field_to_variant (FieldType type, gconstpointer at)
{
  switch (type)
    {
    case FIELD_BOOL:
      return g_variant_new_boolean (*(const gboolean *) at);
    case FIELD_UINT:
      return *(const guint *) at != 0 ? g_variant_new_uint32 (*(const guint *) at) : NULL;
    case FIELD_UINT64:
      return *(const guint64 *) at != 0 ? g_variant_new_uint64 (*(const guint64 *) at) : NULL;
    case FIELD_WORDS:
    default:
      return words_to_variant (*(const char *const *const *) at);
    }
}

static void
add_uri (GVariantBuilder *builder, const char *name, const char *uri)
{
  g_autofree char *shown = uri != NULL ? _migrate_uri_redact (uri) : NULL;

  if (shown != NULL)
    g_variant_builder_add (builder, "{sv}", name, g_variant_new_string (shown));
}

static void
add_addresses (GVariantBuilder *builder, const MigrateCheckRequest *request)
{
  add_uri (builder, "peer-uri",
           request->peer_uri != NULL ? request->peer_uri : request->destination_uri);
  add_uri (builder, "migration-uri", request->migration_uri);
  add_uri (builder, "listen-address", request->listen_address);
  add_uri (builder, "tls-name", request->tls_name);
}

GVariant *
_migrate_plan_transfer (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                        MigratePolicy *policy)
{
  MigrateTransfer transfer = { 0 };
  g_auto (GStrv) flags = NULL;
  GVariantBuilder builder;

  decide (basis, request, policy, &transfer);
  flags = _migrate_transfer_flag_names (&transfer);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", "transport",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_TRANSPORT, (int) transfer.transport)));
  g_variant_builder_add (&builder, "{sv}", "flags",
                         g_variant_new_strv ((const char *const *) flags, -1));
  add_addresses (&builder, request);
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    {
      GVariant *value
        = field_to_variant (fields[i].type, G_STRUCT_MEMBER_P (&transfer, fields[i].offset));

      if (value != NULL)
        g_variant_builder_add (&builder, "{sv}", fields[i].name, value);
    }
  g_variant_builder_add (
    &builder, "{sv}", "target-downtime",
    g_variant_new_uint32 (_migrate_policy_get_uint (policy, "target-downtime")));
  _migrate_transfer_clear (&transfer);
  return g_variant_builder_end (&builder);
}

/* ---- from the plan to the record ---- */

static void
get_field (GVariant *values, const char *name, FieldType type, gpointer at)
{
  switch (type)
    {
    case FIELD_BOOL:
      g_variant_lookup (values, name, "b", at);
      break;
    case FIELD_UINT:
      g_variant_lookup (values, name, "u", at);
      break;
    case FIELD_UINT64:
      g_variant_lookup (values, name, "t", at);
      break;
    case FIELD_WORDS:
    default:
      g_variant_lookup (values, name, "^as", at);
      break;
    }
}

void
_migrate_plan_get_transfer (MigratePlan *plan, const MigrateCheckRequest *request,
                            MigrateTransfer *transfer)
{
  g_autoptr (GVariant) values = migrate_plan_dup_transfer (plan);
  int transport = MIGRATE_TRANSPORT_P2P;

  _migrate_enum_parse (MIGRATE_TYPE_TRANSPORT, _migrate_variant_string (values, "transport"),
                       &transport);
  transfer->transport = (MigrateTransport) transport;
  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    get_field (values, fields[i].name, fields[i].type,
               G_STRUCT_MEMBER_P (transfer, fields[i].offset));
  transfer->peer_uri
    = g_strdup (request->peer_uri != NULL ? request->peer_uri : request->destination_uri);
  transfer->destination_uri = g_strdup (request->destination_uri);
  transfer->migration_uri = g_strdup (request->migration_uri);
  transfer->listen_address = g_strdup (request->listen_address);
  transfer->tls_name = g_strdup (request->tls_name);
}

guint
_migrate_plan_get_target_downtime (MigratePlan *plan)
{
  g_autoptr (GVariant) values = migrate_plan_dup_transfer (plan);
  guint32 target = 0;

  g_variant_lookup (values, "target-downtime", "u", &target);
  return target;
}
