/* Decide: what a snapshot says. It may come from a file that anybody wrote: what is missing or of
 * another type is not known, and only what the checks cannot do without is asked for. */
#include "check/chains-private.h"
#include "check/facts-snapshot-private.h"

#include "model/mapping-private.h"
#include "model/resize-private.h"

static gboolean
refuse (GError **error, const char *what)
{
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Gather the facts again",
                      "The facts cannot be used: %s", what);
  return FALSE;
}

/* ---- hosts ---- */

static gboolean
read_side (GVariant *answer, MigrateHostInfo *info, MigrateHostFacts *facts, GError **error)
{
  g_autoptr (GVariant) host
    = g_variant_lookup_value (answer, MIGRATE_FACT_HOST, G_VARIANT_TYPE_VARDICT);

  _migrate_host_info_read (host, info);
  if (info->hostname == NULL || info->hypervisor == NULL)
    return refuse (error, "a host is not described in them");
  if (!_migrate_host_facts_read (answer, facts, error))
    return FALSE;
  /* libvirt tells it in the capabilities alone. */
  if (info->uuid == NULL && facts->capabilities != NULL)
    info->uuid = g_strdup (facts->capabilities->uuid);
  return TRUE;
}

static void
read_same (GVariant *answer, const char *key, gboolean *found, MigrateDomain *domain)
{
  g_autoptr (GVariant) values = g_variant_lookup_value (answer, key, G_VARIANT_TYPE_VARDICT);

  *found = values != NULL && _migrate_domain_read (values, domain);
}

/* ---- the guest ---- */

#define AGENT "org.qemu.guest_agent.0"

static gboolean
has_agent (const MigrateGuest *guest)
{
  for (guint i = 0; i < guest->endpoints->len; i++)
    {
      const MigrateEndpoint *endpoint = guest->endpoints->pdata[i];

      if (endpoint->connected && g_strcmp0 (endpoint->target, AGENT) == 0)
        return TRUE;
    }
  return FALSE;
}

static gboolean
read_guest (GVariant *answer, MigrateFacts *self, GError **error)
{
  g_autoptr (GVariant) guest
    = g_variant_lookup_value (answer, MIGRATE_FACT_GUEST, G_VARIANT_TYPE_VARDICT);
  const char *live = _migrate_variant_string (guest, MIGRATE_GUEST_FACT_LIVE);
  const char *migratable = _migrate_variant_string (guest, MIGRATE_GUEST_FACT_MIGRATABLE);
  guint32 snapshots = 0, checkpoints = 0;

  if (guest == NULL || live == NULL || !_migrate_domain_read (guest, &self->guest))
    return refuse (error, "the guest is not described in them");
  self->shape = _migrate_guest_parse (live, error);
  if (self->shape == NULL)
    return FALSE;
  self->disks = g_ptr_array_ref (self->shape->disks);
  self->can_time = has_agent (self->shape);
  self->xml = g_strdup (migratable != NULL ? migratable : live);
  self->inactive_xml = g_strdup (_migrate_variant_string (guest, MIGRATE_GUEST_FACT_INACTIVE));
  self->guest_has_job = _migrate_variant_boolean (guest, MIGRATE_GUEST_FACT_JOB);
  g_variant_lookup (guest, MIGRATE_GUEST_FACT_SNAPSHOTS, "u", &snapshots);
  g_variant_lookup (guest, MIGRATE_GUEST_FACT_CHECKPOINTS, "u", &checkpoints);
  self->n_snapshots = snapshots;
  self->n_checkpoints = checkpoints;
  return TRUE;
}

/* ---- the rest ---- */

static MigrateSharing
read_sharing (const char *name)
{
  static const MigrateSharing known[] = { MIGRATE_SHARING_SHARED, MIGRATE_SHARING_NOT_SHARED };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    if (g_strcmp0 (name, _migrate_sharing_name (known[i])) == 0)
      return known[i];
  return MIGRATE_SHARING_UNKNOWN;
}

static GPtrArray *
read_probed (GVariant *snapshot)
{
  g_autoptr (GVariant) rows = _migrate_facts_rows (snapshot, MIGRATE_SNAPSHOT_PROBED);
  GPtrArray *probed = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_probed_free);

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *path = _migrate_variant_string (row, MIGRATE_PROBED_PATH);
      const char *why = _migrate_variant_string (row, MIGRATE_PROBED_WHY);
      MigrateProbed *file = g_new0 (MigrateProbed, 1);

      file->target = g_strdup (_migrate_variant_string (row, MIGRATE_PROBED_TARGET));
      file->path = g_strdup (path != NULL ? path : "");
      file->backing = _migrate_variant_boolean (row, MIGRATE_PROBED_BACKING);
      file->sharing = read_sharing (_migrate_variant_string (row, MIGRATE_PROBED_SHARING));
      file->why = g_strdup (why != NULL ? why : "it is not said why");
      g_ptr_array_add (probed, file);
    }
  return probed;
}

static gboolean
read_mapping (GVariant *snapshot, const char *key, MigrateMapping **mapping, GError **error)
{
  g_autoptr (GVariant) request
    = g_variant_lookup_value (snapshot, MIGRATE_SNAPSHOT_REQUEST, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) values
    = request != NULL ? g_variant_lookup_value (request, key, G_VARIANT_TYPE_VARDICT) : NULL;

  if (values != NULL)
    *mapping = _migrate_mapping_from_variant (values, error);
  return values == NULL || *mapping != NULL;
}

static gboolean
read_resize (GVariant *snapshot, GVariant **resize, GError **error)
{
  g_autoptr (GVariant) request
    = g_variant_lookup_value (snapshot, MIGRATE_SNAPSHOT_REQUEST, G_VARIANT_TYPE_VARDICT);

  if (request != NULL)
    *resize = g_variant_lookup_value (request, MIGRATE_REQUEST_KEY_RESIZE, G_VARIANT_TYPE_VARDICT);
  return _migrate_resize_check (*resize, error);
}

static void
read_rest (GVariant *snapshot, MigrateFacts *self)
{
  gboolean resolves;

  g_variant_lookup (snapshot, MIGRATE_SNAPSHOT_TAKEN, "x", &self->taken);
  self->has_record = _migrate_variant_boolean (snapshot, MIGRATE_SNAPSHOT_RECORD_ASKED);
  self->record = g_strdup (_migrate_variant_string (snapshot, MIGRATE_SNAPSHOT_RECORD));
  self->address = g_strdup (_migrate_variant_string (snapshot, MIGRATE_SNAPSHOT_ADDRESS));
  if (g_variant_lookup (snapshot, MIGRATE_SNAPSHOT_RESOLVES, "b", &resolves))
    self->resolved = resolves ? MIGRATE_RESOLVED : MIGRATE_RESOLVED_NOT;
  self->probed = read_probed (snapshot);
  self->elsewhere = _migrate_facts_read_elsewhere (snapshot);
}

MigrateFacts *
_migrate_facts_read (GVariant *snapshot, GError **error)
{
  g_autoptr (MigrateFacts) self = g_new0 (MigrateFacts, 1);
  g_autoptr (GVariant) source = NULL;
  g_autoptr (GVariant) destination = NULL;

  g_atomic_ref_count_init (&self->ref_count);
  /* One piece of memory from here on: strings that are borrowed from it stay where they are. */
  self->snapshot = g_variant_get_normal_form (snapshot);
  g_variant_get_data (self->snapshot);
  source = g_variant_lookup_value (self->snapshot, MIGRATE_SNAPSHOT_SOURCE, G_VARIANT_TYPE_VARDICT);
  destination
    = g_variant_lookup_value (self->snapshot, MIGRATE_SNAPSHOT_DESTINATION, G_VARIANT_TYPE_VARDICT);
  if (source == NULL || destination == NULL)
    {
      refuse (error, "they are not about two hosts");
      return NULL;
    }
  if (!read_side (source, &self->source, &self->on_source, error)
      || !read_guest (source, self, error)
      || !read_side (destination, &self->destination, &self->on_destination, error)
      || !read_mapping (self->snapshot, MIGRATE_REQUEST_KEY_MAPPING, &self->mapping, error)
      || !read_mapping (self->snapshot, MIGRATE_REQUEST_KEY_PROFILE, &self->profile, error)
      || !read_resize (self->snapshot, &self->resize, error))
    return NULL;
  read_same (destination, MIGRATE_FACT_SAME_UUID, &self->found_uuid, &self->same_uuid);
  read_same (destination, MIGRATE_FACT_SAME_NAME, &self->found_name, &self->same_name);
  read_rest (self->snapshot, self);
  self->snapshot_files = _migrate_facts_read_records (source);
  _migrate_chains_complete (self->shape, self->on_source.files);
  return g_steal_pointer (&self);
}

/* ---- what was asked ---- */

static int
read_enum (GVariant *values, const char *key, GType type, int otherwise)
{
  int value;

  return _migrate_enum_parse (type, _migrate_variant_string (values, key), &value) ? value
                                                                                   : otherwise;
}

MigratePolicy *
_migrate_facts_dup_policy (const MigrateFacts *self)
{
  g_autoptr (GVariant) values
    = g_variant_lookup_value (self->snapshot, MIGRATE_SNAPSHOT_POLICY, G_VARIANT_TYPE_VARDICT);
  MigratePolicy *policy = migrate_policy_new ();

  if (values != NULL)
    _migrate_policy_load_variant (policy, values);
  return policy;
}

static const char *
read_needed (GVariant *values, const char *key)
{
  const char *text = _migrate_variant_string (values, key);

  return text != NULL ? text : "";
}

MigrateCheckRequest
_migrate_facts_request (const MigrateFacts *self, MigratePolicy *policy)
{
  g_autoptr (GVariant) values
    = g_variant_lookup_value (self->snapshot, MIGRATE_SNAPSHOT_REQUEST, G_VARIANT_TYPE_VARDICT);

  return (MigrateCheckRequest){
    .kind = (MigrateKind) read_enum (values, MIGRATE_REQUEST_KEY_KIND, MIGRATE_TYPE_KIND,
                                     MIGRATE_KIND_AUTO),
    .transport = (MigrateTransport) _migrate_policy_get_enum (policy, "transport"),
    .hand_over = (MigrateHandOver) _migrate_policy_get_enum (policy, "hand-over"),
    .source_uri = read_needed (values, MIGRATE_REQUEST_KEY_SOURCE_URI),
    .destination_uri = read_needed (values, MIGRATE_REQUEST_KEY_DESTINATION_URI),
    .peer_uri = _migrate_variant_string (values, MIGRATE_REQUEST_KEY_PEER_URI),
    .migration_uri = _migrate_variant_string (values, MIGRATE_REQUEST_KEY_MIGRATION_URI),
    .disks_uri = _migrate_variant_string (values, MIGRATE_REQUEST_KEY_DISKS_URI),
    .listen_address = _migrate_variant_string (values, MIGRATE_REQUEST_KEY_LISTEN_ADDRESS),
    .tls_name = _migrate_variant_string (values, MIGRATE_REQUEST_KEY_TLS_NAME),
    .source_name = read_needed (values, MIGRATE_REQUEST_KEY_SOURCE_NAME),
    .destination_name = read_needed (values, MIGRATE_REQUEST_KEY_DESTINATION_NAME),
    .has_hooks = _migrate_variant_boolean (values, MIGRATE_REQUEST_KEY_HOOKS),
    .has_inventory = _migrate_variant_boolean (values, MIGRATE_REQUEST_KEY_INVENTORY),
    .has_connector = _migrate_variant_boolean (values, MIGRATE_REQUEST_KEY_CONNECTOR),
    .has_rewrite = _migrate_variant_boolean (values, MIGRATE_REQUEST_KEY_REWRITE),
    .mapping = self->mapping,
    .profile = self->profile,
    .resize = self->resize,
  };
}
