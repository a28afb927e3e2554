/* See the header. */
#include "factstest.h"

#include "check/facts-snapshot-private.h"

#include <criterion/criterion.h>
#include <string.h>

#define GUEST_UUID "6f31579b-fa92-435d-8a54-514c372276e9"

static const char guest_document[]
  = "<domain type='kvm'>\n"
    "  <name>g</name>\n"
    "  <uuid>" GUEST_UUID "</uuid>\n"
    "  <memory unit='KiB'>131072</memory>\n"
    "  <currentMemory unit='KiB'>131072</currentMemory>\n"
    "  <vcpu placement='static'>2</vcpu>\n"
    "  <os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type></os>\n"
    "  <cpu mode='custom' match='exact' check='full'>\n"
    "    <model fallback='forbid'>Nehalem</model>\n"
    "    <feature policy='require' name='vmx'/>\n"
    "  </cpu>\n"
    "  <devices>\n"
    "    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
    "    <disk type='file' device='disk'>\n"
    "      <driver name='qemu' type='qcow2' cache='none'/>\n"
    "      <source file='/srv/images/g.qcow2'/>\n"
    "      <target dev='vda' bus='virtio'/>\n"
    "    </disk>\n"
    "    <interface type='network'>\n"
    "      <mac address='52:54:00:00:00:01'/>\n"
    "      <source network='default'/>\n"
    "      <model type='virtio'/>\n"
    "    </interface>\n"
    "  </devices>\n"
    "</domain>\n";

static GVariant *
host (const char *hostname, const char *uuid)
{
  g_autofree char *capabilities
    = g_strdup_printf ("<capabilities><host><uuid>%s</uuid></host></capabilities>", uuid);
  MigrateHostInfo info = { .hostname = (char *) hostname,
                           .hypervisor = (char *) "QEMU",
                           .libvirt_version = 9000000,
                           .hypervisor_version = 7002022 };
  GVariantDict values;

  g_variant_dict_init (&values, NULL);
  _migrate_host_info_add_to (&info, &values);
  g_variant_dict_insert (&values, MIGRATE_HOST_FACT_CAPABILITIES, "s", capabilities);
  return g_variant_dict_end (&values);
}

static GVariant *
guest (const char *xml)
{
  MigrateDomain domain = { .uuid = (char *) GUEST_UUID,
                           .name = (char *) "g",
                           .state = MIGRATE_DOMAIN_RUNNING,
                           .reason = 1,
                           .persistent = TRUE };
  GVariantDict values;

  g_variant_dict_init (&values, NULL);
  _migrate_domain_add_to (&domain, &values);
  g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_LIVE, "s", xml);
  g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_MIGRATABLE, "s", xml);
  g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_INACTIVE, "s", xml);
  g_variant_dict_insert (&values, MIGRATE_GUEST_FACT_JOB, "b", FALSE);
  return g_variant_dict_end (&values);
}

GVariant *
facts_test_documents (const char *xml, gboolean active)
{
  GVariantBuilder list;
  GVariantDict values;

  g_variant_builder_init (&list, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_DOCUMENT_XML, "s", xml);
  g_variant_dict_insert (&values, MIGRATE_DOCUMENT_ACTIVE, "b", active);
  g_variant_builder_add_value (&list, g_variant_dict_end (&values));
  return g_variant_builder_end (&list);
}

static GVariant *
destination (void)
{
  GVariantDict values, capacity;

  g_variant_dict_init (&capacity, NULL);
  g_variant_dict_insert (&capacity, MIGRATE_CAPACITY_MEMORY_TOTAL, "t", (guint64) 8 << 30);
  g_variant_dict_insert (&capacity, MIGRATE_CAPACITY_MEMORY_FREE, "t", (guint64) 4 << 30);
  g_variant_dict_insert (&capacity, MIGRATE_CAPACITY_CPUS_ONLINE, "u", 8);
  g_variant_dict_insert (&capacity, MIGRATE_CAPACITY_CPU_MAP, "s", "0-7");
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert_value (&values, MIGRATE_FACT_HOST,
                               host ("h2", "14782d2e-9b61-4022-8805-19f6c9f1e4da"));
  g_variant_dict_insert_value (&values, MIGRATE_FACT_CAPACITY, g_variant_dict_end (&capacity));
  g_variant_dict_insert_value (
    &values, MIGRATE_FACT_NETWORKS,
    facts_test_documents ("<network><name>default</name><bridge name='virbr0'/></network>", TRUE));
  g_variant_dict_insert_value (
    &values, MIGRATE_FACT_POOLS,
    facts_test_documents ("<pool type='dir'><name>images</name><capacity unit='bytes'>100"
                          "</capacity><target><path>/srv/images</path></target></pool>",
                          TRUE));
  return g_variant_dict_end (&values);
}

static GVariant *
request (void)
{
  MigrateCheckRequest asked = { .source_uri = "qemu+ssh://h1/system",
                                .destination_uri = "qemu+ssh://h2/system",
                                .source_name = "h1",
                                .destination_name = "h2" };

  return _migrate_facts_request_to_variant (&asked);
}

GVariant *
facts_test_snapshot (const char *guest_xml)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (GVariant) unordered = NULL;
  GVariantDict snapshot, source;

  g_variant_dict_init (&source, NULL);
  g_variant_dict_insert_value (&source, MIGRATE_FACT_HOST,
                               host ("h1", "bbbf362b-fa6a-4238-80bc-e5676f171dd8"));
  g_variant_dict_insert_value (&source, MIGRATE_FACT_GUEST,
                               guest (guest_xml != NULL ? guest_xml : guest_document));
  g_variant_dict_init (&snapshot, NULL);
  g_variant_dict_insert (&snapshot, MIGRATE_SNAPSHOT_TAKEN, "x", (gint64) 1764000000000000);
  g_variant_dict_insert_value (&snapshot, MIGRATE_SNAPSHOT_REQUEST, request ());
  g_variant_dict_insert_value (&snapshot, MIGRATE_SNAPSHOT_POLICY,
                               _migrate_policy_to_variant (policy));
  g_variant_dict_insert_value (&snapshot, MIGRATE_SNAPSHOT_SOURCE, g_variant_dict_end (&source));
  g_variant_dict_insert_value (&snapshot, MIGRATE_SNAPSHOT_DESTINATION, destination ());
  unordered = g_variant_ref_sink (g_variant_dict_end (&snapshot));
  return g_variant_ref_sink (_migrate_facts_order (unordered));
}

/* Floating. */
static GVariant *
with (GVariant *dictionary, const char *path, GVariant *value)
{
  const char *slash = strchr (path, '/');
  g_autofree char *key = slash != NULL ? g_strndup (path, (gsize) (slash - path)) : g_strdup (path);
  g_autoptr (GVariant) inner = NULL;
  GVariantDict values;

  g_variant_dict_init (&values, dictionary);
  if (slash != NULL)
    {
      inner = g_variant_lookup_value (dictionary, key, G_VARIANT_TYPE_VARDICT);
      cr_assert_not_null (inner, "there is no dictionary “%s”", key);
      value = with (inner, slash + 1, value);
    }
  if (value != NULL)
    g_variant_dict_insert_value (&values, key, value);
  else
    g_variant_dict_remove (&values, key);
  return g_variant_dict_end (&values);
}

GVariant *
facts_test_with (GVariant *snapshot, const char *path, GVariant *value)
{
  g_autoptr (GVariant) before = snapshot;
  g_autoptr (GVariant) after = g_variant_ref_sink (with (before, path, value));

  return g_variant_ref_sink (_migrate_facts_order (after));
}

MigrateFacts *
facts_test_read (GVariant *snapshot)
{
  g_autoptr (GVariant) taken = snapshot;
  g_autoptr (GError) error = NULL;
  MigrateFacts *facts = _migrate_facts_read (taken, &error);

  cr_assert_not_null (facts, "%s", error != NULL ? error->message : "no reason");
  return facts;
}
