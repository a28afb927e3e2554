/* What one guest needs of a host, as far as its driver knows: room, emulator and CPU, networks,
 * devices, secrets. See libvirt-facts.c. */
#include "virt/libvirt-facts-private.h"

#include <stdlib.h>
#include <string.h>

/* More than that of one thing is not written down. */
#define MAX_NAMES 4096
#define MAX_PAGES 1024 /* numbers in one answer: libvirt's protocol has no more */

/* ---- room ---- */

/* Caches count as free, for the host gives them up; that shared memory is among them makes it the
 * most that may be free, never less. */
static gboolean
add_memory (MigrateVirAsk *self, GVariantDict *values)
{
  virNodeMemoryStats stats[4];
  int n = G_N_ELEMENTS (stats); /* what the QEMU driver has, and it wants just that many */
  guint64 total = 0, free_kib = 0;

  if (virNodeGetMemoryStats (self->conn->vir, VIR_NODE_MEMORY_STATS_ALL_CELLS, stats, &n, 0) < 0)
    return FALSE;
  for (int i = 0; i < n; i++)
    {
      if (strcmp (stats[i].field, VIR_NODE_MEMORY_STATS_TOTAL) == 0)
        total = stats[i].value;
      else
        free_kib += stats[i].value; /* free, buffers, cached */
    }
  g_variant_dict_insert (values, MIGRATE_CAPACITY_MEMORY_TOTAL, "t", total * 1024);
  g_variant_dict_insert (values, MIGRATE_CAPACITY_MEMORY_FREE, "t", free_kib * 1024);
  return TRUE;
}

static gboolean
add_memory_plainly (MigrateVirAsk *self, GVariantDict *values)
{
  virNodeInfo info;

  if (!_migrate_vir_ask_may (self, 1) || virNodeGetInfo (self->conn->vir, &info) < 0)
    return FALSE;
  g_variant_dict_insert (values, MIGRATE_CAPACITY_MEMORY_TOTAL, "t", (guint64) info.memory * 1024);
  g_variant_dict_insert (values, MIGRATE_CAPACITY_CPUS_ONLINE, "u", info.cpus);
  return TRUE;
}

static char *
map_to_text (const guchar *map, int cpus)
{
  GString *text = g_string_new (NULL);

  for (int i = 0; i < cpus; i++)
    {
      int first = i;

      if (!VIR_CPU_USED (map, i))
        continue;
      while (i + 1 < cpus && VIR_CPU_USED (map, i + 1))
        i++;
      g_string_append_printf (text, "%s%d", text->len > 0 ? "," : "", first);
      if (i > first)
        g_string_append_printf (text, "-%d", i);
    }
  return g_string_free (text, FALSE);
}

static gboolean
add_cpus (MigrateVirAsk *self, GVariantDict *values)
{
  guchar *map = NULL;
  guint online = 0;
  int n = virNodeGetCPUMap (self->conn->vir, &map, &online, 0 /* flags */);

  if (n < 0)
    return FALSE;
  g_variant_dict_insert (values, MIGRATE_CAPACITY_CPUS_ONLINE, "u", online);
  g_variant_dict_insert_value (values, MIGRATE_CAPACITY_CPU_MAP,
                               g_variant_new_take_string (map_to_text (map, n)));
  free (map);
  return TRUE;
}

gboolean
_migrate_vir_ask_capacity (MigrateVirAsk *self, GError **error)
{
  GVariantDict values;
  gboolean ok = TRUE;

  if (!_migrate_vir_ask_flag (self, MIGRATE_FACT_CAPACITY))
    return TRUE;
  g_variant_dict_init (&values, NULL);
  if (_migrate_vir_ask_may (self, 1) && !add_memory (self, &values)
      && !add_memory_plainly (self, &values))
    ok = _migrate_vir_ask_pass_over (self, error);
  if (ok && _migrate_vir_ask_may (self, 1) && !add_cpus (self, &values))
    ok = _migrate_vir_ask_pass_over (self, error);
  if (!ok)
    {
      g_variant_dict_clear (&values);
      return FALSE;
    }
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_CAPACITY, g_variant_dict_end (&values));
  return TRUE;
}

/* The numbers of cells are not asked for: they are as many as answer, from 0 on. */
gboolean
_migrate_vir_ask_free_pages (MigrateVirAsk *self, GError **error)
{
  g_autoptr (GVariant) asked = _migrate_vir_ask_values (self, MIGRATE_FACT_PAGE_SIZES, "au");
  g_autofree unsigned long long *counts = NULL;
  const guint32 *sizes;
  GVariantBuilder pages;
  gsize n_sizes;
  int n;

  if (asked == NULL)
    return TRUE;
  sizes = g_variant_get_fixed_array (asked, &n_sizes, sizeof *sizes);
  if (n_sizes == 0 || n_sizes > 16 || !_migrate_vir_ask_may (self, 1))
    return TRUE;
  counts = g_new0 (unsigned long long, MAX_PAGES);
  n = virNodeGetFreePages (self->conn->vir, (guint) n_sizes, (unsigned int *) sizes,
                           0 /* first cell */, (guint) (MAX_PAGES / n_sizes), counts,
                           0 /* flags */);
  if (n < 0)
    return _migrate_vir_ask_pass_over (self, error);
  g_variant_builder_init (&pages, G_VARIANT_TYPE ("a(utt)"));
  for (gsize i = 0; i < (gsize) n; i++)
    g_variant_builder_add (&pages, "(utt)", (guint32) (i / n_sizes), (guint64) sizes[i % n_sizes],
                           (guint64) counts[i]);
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_FREE_PAGES,
                               g_variant_builder_end (&pages));
  return TRUE;
}

/* ---- emulator and CPU ---- */

typedef struct
{
  const char *path, *arch, *machine, *type; /* nullable */
} Emulator;

/* A CPU that a host of another version wrote may have what this one's schema does not know. */
static int
compare_cpu (MigrateVirAsk *self, const Emulator *emulator, const char *cpu)
{
  guint flags = VIR_CONNECT_COMPARE_CPU_FAIL_INCOMPATIBLE;
  int result = virConnectCompareHypervisorCPU (self->conn->vir, emulator->path, emulator->arch,
                                               emulator->machine, emulator->type, cpu,
                                               flags | VIR_CONNECT_COMPARE_CPU_VALIDATE_XML);

  if (result == VIR_CPU_COMPARE_ERROR && virGetLastErrorCode () == VIR_ERR_XML_INVALID_SCHEMA
      && _migrate_vir_ask_may (self, 1))
    result = virConnectCompareHypervisorCPU (self->conn->vir, emulator->path, emulator->arch,
                                             emulator->machine, emulator->type, cpu, flags);
  return result;
}

static gboolean
ask_cpu (MigrateVirAsk *self, const Emulator *emulator, GError **error)
{
  const char *cpu = _migrate_vir_ask_text (self, MIGRATE_FACT_CPU);
  GVariantDict values;
  int result;

  if (cpu == NULL || !_migrate_vir_ask_may (self, 1))
    return TRUE;
  result = compare_cpu (self, emulator, cpu);
  if (result == VIR_CPU_COMPARE_ERROR && virGetLastErrorCode () == VIR_ERR_NO_SUPPORT)
    return TRUE;
  g_variant_dict_init (&values, NULL);
  if (result == VIR_CPU_COMPARE_ERROR)
    {
      if (virGetLastErrorCode () == VIR_ERR_CPU_INCOMPATIBLE)
        g_variant_dict_insert (&values, MIGRATE_CPU_COMPATIBLE_KEY, "b", FALSE);
      g_variant_dict_insert_value (&values, MIGRATE_CPU_WHY,
                                   g_variant_new_take_string (_migrate_vir_dup_words ()));
      if (!_migrate_vir_ask_pass_over (self, error))
        {
          g_variant_dict_clear (&values);
          return FALSE;
        }
    }
  else
    g_variant_dict_insert (&values, MIGRATE_CPU_COMPATIBLE_KEY, "b",
                           result != VIR_CPU_COMPARE_INCOMPATIBLE);
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_CPU, g_variant_dict_end (&values));
  return TRUE;
}

/* Drivers without domain capabilities still know how many CPUs a guest may have. */
static gboolean
ask_max_vcpus (MigrateVirAsk *self, const char *type, GError **error)
{
  int most;

  if (!_migrate_vir_ask_may (self, 1))
    return TRUE;
  most = virConnectGetMaxVcpus (self->conn->vir, type);
  if (most < 0)
    return _migrate_vir_ask_pass_over (self, error);
  g_variant_dict_insert (&self->answer, MIGRATE_FACT_MAX_VCPUS, "u", (guint32) most);
  return TRUE;
}

gboolean
_migrate_vir_ask_domain (MigrateVirAsk *self, GError **error)
{
  g_autoptr (GVariant) asked = _migrate_vir_ask_values (self, MIGRATE_FACT_DOMAIN, "a{sv}");
  Emulator emulator;
  GVariantDict values;
  char *xml;

  if (asked == NULL || !_migrate_vir_ask_may (self, 1))
    return TRUE;
  emulator = (Emulator){ _migrate_variant_string (asked, MIGRATE_EMULATOR_PATH),
                         _migrate_variant_string (asked, MIGRATE_EMULATOR_ARCH),
                         _migrate_variant_string (asked, MIGRATE_EMULATOR_MACHINE),
                         _migrate_variant_string (asked, MIGRATE_EMULATOR_TYPE) };
  xml = virConnectGetDomainCapabilities (self->conn->vir, emulator.path, emulator.arch,
                                         emulator.machine, emulator.type, 0 /* flags */);
  if (xml == NULL && virGetLastErrorCode () == VIR_ERR_NO_SUPPORT)
    return ask_max_vcpus (self, emulator.type, error);
  g_variant_dict_init (&values, NULL);
  if (xml == NULL)
    g_variant_dict_insert_value (&values, MIGRATE_ANSWER_ERROR,
                                 g_variant_new_take_string (_migrate_vir_dup_words ()));
  if (xml == NULL && !_migrate_vir_ask_pass_over (self, error))
    {
      g_variant_dict_clear (&values);
      return FALSE;
    }
  _migrate_vir_add_document (&values, MIGRATE_ANSWER_XML, xml);
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_DOMAIN, g_variant_dict_end (&values));
  return ask_cpu (self, &emulator, error);
}

/* ---- networks ---- */

static void
add_network (GVariantBuilder *networks, virNetworkPtr network, gboolean active)
{
  GVariantDict values;

  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_DOCUMENT_ACTIVE, "b", active);
  _migrate_vir_add_document (&values, MIGRATE_DOCUMENT_XML,
                             virNetworkGetXMLDesc (network, 0 /* flags */));
  g_variant_builder_add_value (networks, g_variant_dict_end (&values));
}

static gboolean
add_network_by_name (MigrateVirAsk *self, const char *name, virNetworkPtr *active, int n_active,
                     GVariantBuilder *networks)
{
  virNetworkPtr inactive;

  for (int i = 0; i < n_active; i++)
    if (g_strcmp0 (virNetworkGetName (active[i]), name) == 0)
      {
        if (_migrate_vir_ask_may (self, 1))
          add_network (networks, active[i], TRUE);
        return TRUE;
      }
  if (!_migrate_vir_ask_may (self, 2))
    return FALSE;
  inactive = virNetworkLookupByName (self->conn->vir, name);
  if (inactive == NULL)
    return virGetLastErrorCode () == VIR_ERR_NO_NETWORK;
  add_network (networks, inactive, FALSE);
  virNetworkFree (inactive);
  return TRUE;
}

/* All of them or none is told, for one that is left out would seem not to be there. */
gboolean
_migrate_vir_ask_networks (MigrateVirAsk *self, GError **error)
{
  g_autoptr (GVariant) asked = _migrate_vir_ask_values (self, MIGRATE_FACT_NETWORKS, "as");
  g_autofree const char **names = NULL;
  g_autoptr (GVariant) told = NULL;
  virNetworkPtr *active = NULL;
  GVariantBuilder networks;
  gboolean all = TRUE;
  int n;

  if (asked == NULL || !_migrate_vir_ask_may (self, 1))
    return TRUE;
  names = g_variant_get_strv (asked, NULL);
  n = virConnectListAllNetworks (self->conn->vir, &active, VIR_CONNECT_LIST_NETWORKS_ACTIVE);
  if (n < 0)
    return _migrate_vir_ask_pass_over (self, error);
  g_variant_builder_init (&networks, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; all && names[i] != NULL; i++)
    all = add_network_by_name (self, names[i], active, n, &networks);
  for (int i = 0; i < n; i++)
    virNetworkFree (active[i]);
  free (active);
  told = g_variant_ref_sink (g_variant_builder_end (&networks));
  if (all)
    g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_NETWORKS, told);
  return virConnectIsAlive (self->conn->vir) == 1 || _migrate_vir_ask_pass_over (self, error);
}

/* ---- lists of names ---- */

/* What is listed differs in its types only. */
#define DEFINE_ASK_NAMES(function, key, Type, list, get_name, free_one)                            \
  gboolean function (MigrateVirAsk *self, GError **error)                                          \
  {                                                                                                \
    Type *found = NULL;                                                                            \
    GVariantBuilder names;                                                                         \
    int n;                                                                                         \
                                                                                                   \
    if (!_migrate_vir_ask_flag (self, key) || !_migrate_vir_ask_may (self, 1))                     \
      return TRUE;                                                                                 \
    n = list (self->conn->vir, &found, 0 /* flags */);                                             \
    if (n < 0)                                                                                     \
      return _migrate_vir_ask_pass_over (self, error);                                             \
    g_variant_builder_init (&names, G_VARIANT_TYPE_STRING_ARRAY);                                  \
    for (int i = 0; i < n; i++)                                                                    \
      {                                                                                            \
        const char *name = get_name (found[i]);                                                    \
                                                                                                   \
        if (name != NULL && i < MAX_NAMES)                                                         \
          g_variant_builder_add_value (&names, _migrate_fact_text (name));                         \
        free_one (found[i]);                                                                       \
      }                                                                                            \
    free (found);                                                                                  \
    g_variant_dict_insert_value (&self->answer, key, g_variant_builder_end (&names));              \
    return TRUE;                                                                                   \
  }

DEFINE_ASK_NAMES (_migrate_vir_ask_filters, MIGRATE_FACT_FILTERS, virNWFilterPtr,
                  virConnectListAllNWFilters, virNWFilterGetName, virNWFilterFree)
DEFINE_ASK_NAMES (_migrate_vir_ask_bridges, MIGRATE_FACT_BRIDGES, virInterfacePtr,
                  virConnectListAllInterfaces, virInterfaceGetName, virInterfaceFree)
DEFINE_ASK_NAMES (_migrate_vir_ask_devices, MIGRATE_FACT_DEVICES, virNodeDevicePtr,
                  virConnectListAllNodeDevices, virNodeDeviceGetName, virNodeDeviceFree)

/* ---- secrets ---- */

static const char *const usage_types[] = {
  [VIR_SECRET_USAGE_TYPE_NONE] = NULL,   [VIR_SECRET_USAGE_TYPE_VOLUME] = "volume",
  [VIR_SECRET_USAGE_TYPE_CEPH] = "ceph", [VIR_SECRET_USAGE_TYPE_ISCSI] = "iscsi",
  [VIR_SECRET_USAGE_TYPE_TLS] = "tls",   [VIR_SECRET_USAGE_TYPE_VTPM] = "vtpm",
};

/* What they are for; never asked for their values. */
static void
add_secret (GVariantBuilder *secrets, virSecretPtr secret)
{
  int type = virSecretGetUsageType (secret);
  const char *usage = virSecretGetUsageID (secret);
  char uuid[VIR_UUID_STRING_BUFLEN];
  GVariantDict values;

  if (virSecretGetUUIDString (secret, uuid) < 0)
    return;
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_SECRET_FACT_UUID, "s", uuid);
  if (usage != NULL && *usage != '\0')
    g_variant_dict_insert_value (&values, MIGRATE_SECRET_FACT_USAGE, _migrate_fact_text (usage));
  if (type >= 0 && (gsize) type < G_N_ELEMENTS (usage_types) && usage_types[type] != NULL)
    g_variant_dict_insert (&values, MIGRATE_SECRET_FACT_USAGE_TYPE, "s", usage_types[type]);
  g_variant_builder_add_value (secrets, g_variant_dict_end (&values));
}

gboolean
_migrate_vir_ask_secrets (MigrateVirAsk *self, GError **error)
{
  virSecretPtr *found = NULL;
  GVariantBuilder secrets;
  int n;

  if (!_migrate_vir_ask_flag (self, MIGRATE_FACT_SECRETS) || !_migrate_vir_ask_may (self, 1))
    return TRUE;
  n = virConnectListAllSecrets (self->conn->vir, &found, 0 /* flags */);
  if (n < 0)
    return _migrate_vir_ask_pass_over (self, error);
  g_variant_builder_init (&secrets, G_VARIANT_TYPE ("aa{sv}"));
  for (int i = 0; i < n; i++)
    {
      if (i < MAX_NAMES)
        add_secret (&secrets, found[i]);
      virSecretFree (found[i]);
    }
  free (found);
  g_variant_dict_insert_value (&self->answer, MIGRATE_FACT_SECRETS,
                               g_variant_builder_end (&secrets));
  return TRUE;
}
