/* Decide: what one host said, read. A part that it did not say, or that cannot be read, is not
 * known; the host itself must be. */
#include "check/facts-snapshot-private.h"

/* Of one kind; a host that has more is not looked at beyond. */
#define MAX_ROWS 4096

GVariant *
_migrate_facts_rows (GVariant *values, const char *key)
{
  GVariant *rows = g_variant_lookup_value (values, key, G_VARIANT_TYPE ("aa{sv}"));

  if (rows != NULL && g_variant_n_children (rows) > MAX_ROWS)
    g_clear_pointer (&rows, g_variant_unref);
  return rows;
}

static char **
read_names (GVariant *values, const char *key)
{
  g_autoptr (GVariant) names = g_variant_lookup_value (values, key, G_VARIANT_TYPE_STRING_ARRAY);

  return names != NULL && g_variant_n_children (names) <= MAX_ROWS
           ? g_variant_dup_strv (names, NULL)
           : NULL;
}

static guint
read_uint (GVariant *values, const char *key)
{
  guint32 number = 0;

  if (values != NULL)
    g_variant_lookup (values, key, "u", &number);
  return number;
}

/* ---- emulator and CPU ---- */

static void
read_domain (GVariant *answer, MigrateHostFacts *self)
{
  g_autoptr (GVariant) domain
    = g_variant_lookup_value (answer, MIGRATE_FACT_DOMAIN, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) cpu
    = g_variant_lookup_value (answer, MIGRATE_FACT_CPU, G_VARIANT_TYPE_VARDICT);
  const char *xml = _migrate_variant_string (domain, MIGRATE_ANSWER_XML);
  gboolean compatible;

  if (xml != NULL)
    self->domain = _migrate_domain_capabilities_parse (xml, NULL /* error */);
  self->domain_error = g_strdup (_migrate_variant_string (domain, MIGRATE_ANSWER_ERROR));
  self->max_vcpus = self->domain != NULL ? self->domain->max_vcpus : 0;
  if (self->max_vcpus == 0)
    self->max_vcpus = read_uint (answer, MIGRATE_FACT_MAX_VCPUS);
  self->cpu_why = g_strdup (_migrate_variant_string (cpu, MIGRATE_CPU_WHY));
  if (cpu != NULL && g_variant_lookup (cpu, MIGRATE_CPU_COMPATIBLE_KEY, "b", &compatible))
    self->cpu = compatible ? MIGRATE_CPU_COMPATIBLE : MIGRATE_CPU_INCOMPATIBLE;
}

/* ---- room ---- */

static void
read_capacity (GVariant *answer, MigrateHostFacts *self)
{
  g_autoptr (GVariant) capacity
    = g_variant_lookup_value (answer, MIGRATE_FACT_CAPACITY, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) pages
    = g_variant_lookup_value (answer, MIGRATE_FACT_FREE_PAGES, G_VARIANT_TYPE ("a(utt)"));

  self->memory_free = _migrate_variant_uint64 (capacity, MIGRATE_CAPACITY_MEMORY_FREE, 0);
  self->memory_total = _migrate_variant_uint64 (capacity, MIGRATE_CAPACITY_MEMORY_TOTAL, 0);
  self->cpus_online = read_uint (capacity, MIGRATE_CAPACITY_CPUS_ONLINE);
  self->cpu_map = g_strdup (_migrate_variant_string (capacity, MIGRATE_CAPACITY_CPU_MAP));
  if (pages == NULL || g_variant_n_children (pages) > MAX_ROWS)
    return;
  self->free_pages = g_array_new (FALSE, TRUE, sizeof (MigrateFreePages));
  for (gsize i = 0; i < g_variant_n_children (pages); i++)
    {
      MigrateFreePages row = { 0 };
      guint32 node;

      g_variant_get_child (pages, i, "(utt)", &node, &row.kib, &row.free);
      row.node = node;
      g_array_append_val (self->free_pages, row);
    }
}

/* ---- lists ---- */

static GPtrArray *
read_networks (GVariant *answer)
{
  g_autoptr (GVariant) rows = _migrate_facts_rows (answer, MIGRATE_FACT_NETWORKS);
  g_autoptr (GPtrArray) networks
    = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_network_free);

  if (rows == NULL)
    return NULL;
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *xml = _migrate_variant_string (row, MIGRATE_DOCUMENT_XML);
      MigrateNetwork *network = xml != NULL ? _migrate_network_parse (xml, NULL) : NULL;

      /* Without it the list would say that the host does not have it. */
      if (network == NULL)
        return NULL;
      network->active = _migrate_variant_boolean (row, MIGRATE_DOCUMENT_ACTIVE);
      g_ptr_array_add (networks, network);
    }
  return g_steal_pointer (&networks);
}

static GPtrArray *
read_pools (GVariant *answer)
{
  g_autoptr (GVariant) rows = _migrate_facts_rows (answer, MIGRATE_FACT_POOLS);
  GPtrArray *pools;

  if (rows == NULL)
    return NULL;
  pools = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_pool_free);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *xml = _migrate_variant_string (row, MIGRATE_DOCUMENT_XML);
      MigratePool *pool = xml != NULL ? _migrate_pool_parse (xml, NULL /* error */) : NULL;

      if (pool == NULL)
        continue;
      pool->active = _migrate_variant_boolean (row, MIGRATE_DOCUMENT_ACTIVE);
      g_ptr_array_add (pools, pool);
    }
  return pools;
}

static void
secret_free (gpointer data)
{
  MigrateSecretFacts *self = data;

  g_free (self->uuid);
  g_free (self->usage);
  g_free (self->usage_type);
  g_free (self);
}

static gboolean
is_secret (const MigrateSecretUse *use, const MigrateSecretFacts *secret)
{
  if (use->uuid != NULL)
    return secret->uuid != NULL && g_ascii_strcasecmp (use->uuid, secret->uuid) == 0;
  return g_strcmp0 (use->usage, secret->usage) == 0
         && (use->usage_type == NULL || g_strcmp0 (use->usage_type, secret->usage_type) == 0);
}

const MigrateSecretFacts *
_migrate_secret_find (const GPtrArray *secrets, const MigrateSecretUse *use)
{
  for (guint i = 0; secrets != NULL && i < secrets->len; i++)
    if (is_secret (use, secrets->pdata[i]))
      return secrets->pdata[i];
  return NULL;
}

static GPtrArray *
read_secrets (GVariant *answer)
{
  g_autoptr (GVariant) rows = _migrate_facts_rows (answer, MIGRATE_FACT_SECRETS);
  GPtrArray *secrets;

  if (rows == NULL)
    return NULL;
  secrets = g_ptr_array_new_with_free_func (secret_free);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      MigrateSecretFacts *secret = g_new0 (MigrateSecretFacts, 1);

      secret->uuid = g_strdup (_migrate_variant_string (row, MIGRATE_SECRET_FACT_UUID));
      secret->usage = g_strdup (_migrate_variant_string (row, MIGRATE_SECRET_FACT_USAGE));
      secret->usage_type = g_strdup (_migrate_variant_string (row, MIGRATE_SECRET_FACT_USAGE_TYPE));
      g_ptr_array_add (secrets, secret);
    }
  return secrets;
}

/* ---- files ---- */

static void
file_free (gpointer data)
{
  MigrateFileFacts *self = data;

  g_free (self->path);
  g_free (self->pool);
  g_clear_pointer (&self->volume, _migrate_volume_free);
  g_free (self);
}

/* NULL: one that was found and is not described is not known. */
static MigrateFileFacts *
read_file (GVariant *row)
{
  const char *path = _migrate_variant_string (row, MIGRATE_FILE_FACT_PATH);
  const char *xml = _migrate_variant_string (row, MIGRATE_FILE_FACT_XML);
  gboolean found = _migrate_variant_boolean (row, MIGRATE_FILE_FACT_FOUND);
  MigrateVolume *volume
    = found && xml != NULL ? _migrate_volume_parse (xml, NULL /* error */) : NULL;
  MigrateFileFacts *file;

  if (path == NULL || (found && volume == NULL))
    {
      g_clear_pointer (&volume, _migrate_volume_free);
      return NULL;
    }
  file = g_new0 (MigrateFileFacts, 1);
  file->path = g_strdup (path);
  file->found = found;
  file->pool = g_strdup (_migrate_variant_string (row, MIGRATE_FILE_FACT_POOL));
  file->volume = volume;
  return file;
}

GPtrArray *
_migrate_host_facts_read_files (GVariant *answer)
{
  g_autoptr (GVariant) rows = _migrate_facts_rows (answer, MIGRATE_FACT_FILES);
  GPtrArray *files;

  if (rows == NULL)
    return NULL;
  files = g_ptr_array_new_with_free_func (file_free);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      MigrateFileFacts *file = read_file (row);

      if (file != NULL)
        g_ptr_array_add (files, file);
    }
  return files;
}

/* ---- all of it ---- */

void
_migrate_host_facts_clear (MigrateHostFacts *self)
{
  g_clear_pointer (&self->capabilities, _migrate_capabilities_free);
  g_clear_pointer (&self->domain, _migrate_domain_capabilities_free);
  g_free (self->domain_error);
  g_free (self->cpu_why);
  g_clear_pointer (&self->networks, g_ptr_array_unref);
  g_strfreev (self->filters);
  g_strfreev (self->bridges);
  g_strfreev (self->devices);
  g_clear_pointer (&self->secrets, g_ptr_array_unref);
  g_clear_pointer (&self->pools, g_ptr_array_unref);
  g_clear_pointer (&self->files, g_ptr_array_unref);
  g_clear_pointer (&self->free_pages, g_array_unref);
  g_free (self->cpu_map);
  *self = (MigrateHostFacts){ 0 };
}

gboolean
_migrate_host_facts_read (GVariant *answer, MigrateHostFacts *self, GError **error)
{
  g_autoptr (GVariant) host
    = g_variant_lookup_value (answer, MIGRATE_FACT_HOST, G_VARIANT_TYPE_VARDICT);
  const char *capabilities = _migrate_variant_string (host, MIGRATE_HOST_FACT_CAPABILITIES);

  if (capabilities != NULL)
    {
      self->capabilities = _migrate_capabilities_parse (capabilities, error);
      if (self->capabilities == NULL)
        return FALSE;
    }
  read_domain (answer, self);
  read_capacity (answer, self);
  self->networks = read_networks (answer);
  self->filters = read_names (answer, MIGRATE_FACT_FILTERS);
  self->bridges = read_names (answer, MIGRATE_FACT_BRIDGES);
  self->devices = read_names (answer, MIGRATE_FACT_DEVICES);
  self->secrets = read_secrets (answer);
  self->pools = read_pools (answer);
  self->files = _migrate_host_facts_read_files (answer);
  return TRUE;
}
