/* What a libvirtd tells of its host and of a guest, in one answer. What the simulated hosts do not
 * have (networks, mostly CPUs too) is absent there, as with a driver that does not know it.
 */
#include "sim-private.h"

#include "virt/facts-private.h"

#define HOST_MEMORY ((guint64) 64 << 30)
#define HOST_CPUS 16

char *
_sim_host_describe (const SimHost *self, MigrateHostInfo *info)
{
  info->hostname = g_strdup (self->hostname);
  info->uuid = g_strdup (self->uuid);
  info->hypervisor = g_strdup ("QEMU");
  info->libvirt_version = 9000000;
  info->hypervisor_version = 7002022;
  return g_strdup_printf ("<capabilities>\n  <host>\n    <uuid>%s</uuid>\n"
                          "    <cpu>\n      <arch>x86_64</arch>\n      <model>qemu64</model>\n"
                          "    </cpu>\n"
                          "    <migration_features>\n      <live/>\n      <uri_transports>\n"
                          "        <uri_transport>tcp</uri_transport>\n"
                          "        <uri_transport>rdma</uri_transport>\n"
                          "      </uri_transports>\n    </migration_features>\n"
                          "  </host>\n  <guest>\n    <os_type>hvm</os_type>\n"
                          "    <arch name='x86_64'>\n      <wordsize>64</wordsize>\n"
                          "      <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
                          "      <domain type='qemu'/>\n    </arch>\n  </guest>\n"
                          "</capabilities>\n",
                          self->uuid);
}

void
_sim_domain_describe (const SimDomain *self, MigrateDomain *domain)
{
  *domain = (MigrateDomain){
    .uuid = g_strdup (self->guest->uuid),
    .name = g_strdup (self->guest->name),
    .state = self->state,
    .reason = self->reason,
    .persistent = self->persistent,
    .autostart = self->autostart,
    .managed_save = self->managed_save,
    .mark = _sim_domain_dup_mark (self),
  };
}

static GVariant *
describe_host (const SimHost *host)
{
  g_autofree char *capabilities = NULL;
  MigrateHostInfo info = { 0 };
  GVariantDict values;

  capabilities = _sim_host_describe (host, &info);
  g_variant_dict_init (&values, NULL);
  _migrate_host_info_add_to (&info, &values);
  g_variant_dict_insert (&values, MIGRATE_HOST_FACT_CAPABILITIES, "s", capabilities);
  _migrate_host_info_clear (&info);
  return g_variant_dict_end (&values);
}

static GVariant *
describe_domain (const SimDomain *domain, const MigrateStats *stats /* nullable: not the guest's */)
{
  g_auto (MigrateDomain) found = { 0 };
  GVariantDict values;

  _sim_domain_describe (domain, &found);
  g_variant_dict_init (&values, NULL);
  _migrate_domain_add_to (&found, &values);
  if (stats != NULL)
    {
      g_autofree char *live = _sim_domain_dup_live_xml (domain);

      g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_LIVE, "s", live);
      g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_MIGRATABLE, "s", domain->xml);
      if (domain->persistent)
        g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_INACTIVE, "s",
                               domain->definition != NULL ? domain->definition : domain->xml);
      g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_JOB, "b", stats->type != MIGRATE_JOB_NONE);
      g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_SNAPSHOTS, "u", domain->snapshots->len);
      g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_CHECKPOINTS, "u",
                             domain->checkpoints->len);
    }
  return g_variant_dict_end (&values);
}

static GVariant *
describe_capacity (void)
{
  GVariantDict values;

  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_CAPACITY_MEMORY_TOTAL, "t", HOST_MEMORY);
  g_variant_dict_insert (&values, MIGRATE_CAPACITY_MEMORY_FREE, "t", HOST_MEMORY);
  g_variant_dict_insert (&values, MIGRATE_CAPACITY_CPUS_ONLINE, "u", (guint32) HOST_CPUS);
  return g_variant_dict_end (&values);
}

static void
add_cpu (const SimHost *host, const MigrateCall *call, GVariantDict *answer)
{
  g_autofree char *domain = _sim_cpu_describe (host);
  const char *cpu = _migrate_variant_string (call->question, MIGRATE_FACT_CPU);
  GVariantDict values;

  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_ANSWER_XML, "s", domain);
  g_variant_dict_insert_value (answer, MIGRATE_FACT_DOMAIN, g_variant_dict_end (&values));
  if (cpu == NULL)
    return;
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_CPU_COMPATIBLE_KEY, "b", _sim_cpu_compare (host, cpu));
  g_variant_dict_insert_value (answer, MIGRATE_FACT_CPU, g_variant_dict_end (&values));
}

static void
find (SimHost *host, const MigrateCall *call, const char *asked, const char *key,
      GVariantDict *answer)
{
  const char *guest = _migrate_variant_string (call->question, asked);
  const SimDomain *domain = guest != NULL ? _sim_find_domain (host, guest) : NULL;

  if (domain != NULL)
    g_variant_dict_insert_value (answer, key, describe_domain (domain, NULL));
}

void
_sim_facts_answer (SimHost *host, const SimDomain *guest, MigrateCall *call)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  if (_migrate_variant_boolean (call->question, MIGRATE_FACT_HOST))
    g_variant_dict_insert_value (&answer, MIGRATE_FACT_HOST, describe_host (host));
  if (_migrate_variant_boolean (call->question, MIGRATE_FACT_CAPACITY))
    g_variant_dict_insert_value (&answer, MIGRATE_FACT_CAPACITY, describe_capacity ());
  if (host->cpu_model != NULL
      && g_variant_lookup (call->question, MIGRATE_FACT_DOMAIN, "@a{sv}", NULL))
    add_cpu (host, call, &answer);
  if (guest != NULL)
    g_variant_dict_insert_value (&answer, MIGRATE_FACT_GUEST,
                                 describe_domain (guest, &call->stats));
  _sim_facts_tell_storage (host, call, &answer);
  _sim_facts_tell_secrets (host, call, &answer);
  find (host, call, MIGRATE_FACT_FIND_UUID, MIGRATE_FACT_SAME_UUID, &answer);
  find (host, call, MIGRATE_FACT_FIND_NAME, MIGRATE_FACT_SAME_NAME, &answer);
  call->answer = g_variant_ref_sink (g_variant_dict_end (&answer));
}
