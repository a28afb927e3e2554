/* What is read out of hosts' documents; those of a host with libvirt 9.0, shortened. */
#include "xml/xml-private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (host, .timeout = 20);

#define expect_text(is, should)                                                                    \
  cr_expect_eq (g_strcmp0 (is, should), 0, "%s is “%s”, not “%s”", #is, is, should)

static char *
read_data (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests", "unit",
                                            "data", "xml", name, NULL);
  char *text = NULL;

  cr_assert (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  return text;
}

Test (host, has_capabilities)
{
  g_autofree char *xml = read_data ("capabilities.xml");
  g_autoptr (GError) error = NULL;
  MigrateCapabilities *host = _migrate_capabilities_parse (xml, &error);
  const MigrateNumaNode *node;

  cr_assert_not_null (host, "%s", error != NULL ? error->message : "");
  expect_text (host->uuid, "d655de50-9d4e-4a03-8d06-abf0e533eb9e");
  expect_text (host->arch, "x86_64");
  expect_text (host->cpu_model, "kvm64");
  expect_text (host->cpu_vendor, "AMD");
  cr_expect_eq (g_strv_length (host->cpu_features), 6);
  expect_text (host->cpu_features[2], "pclmuldq");
  cr_expect (g_strv_contains ((const char *const *) host->migration_uris, "tcp"));
  expect_text (host->cpus, "0-1");
  cr_assert_eq (host->nodes->len, 1);
  node = host->nodes->pdata[0];
  cr_expect_eq (node->memory_kib, 7563480);
  expect_text (node->cpus, "0-1");
  cr_assert_eq (node->page_sizes->len, 3);
  cr_expect_eq (g_array_index (node->page_sizes, guint64, 2), 1048576);
  _migrate_capabilities_free (host);
}

Test (host, has_nodes_and_a_clock)
{
  MigrateCapabilities *host = _migrate_capabilities_parse (
    "<capabilities><host><cpu><counter name='tsc' frequency='2100000000' scaling='yes'/></cpu>"
    "<topology><cells>"
    "<cell id='1'><memory unit='MiB'>2</memory><cpus><cpu id='9'/><cpu id='2'/><cpu id='8'/>"
    "</cpus></cell>"
    "<cell id='4'><cpus><cpu id='0'/><cpu id='1'/></cpus></cell>"
    "<cell id='5'/></cells></topology></host></capabilities>",
    NULL);
  const MigrateNumaNode *node;

  cr_assert_not_null (host);
  expect_text (host->tsc_frequency, "2100000000");
  cr_expect (host->tsc_scaling);
  cr_expect_null (host->uuid);
  expect_text (host->cpus, "0-2,8-9");
  cr_assert_eq (host->nodes->len, 3);
  node = host->nodes->pdata[0];
  cr_expect_eq (node->id, 1);
  cr_expect_eq (node->memory_kib, 2048);
  expect_text (node->cpus, "2,8-9");
  expect_text (((MigrateNumaNode *) host->nodes->pdata[2])->cpus, NULL);
  _migrate_capabilities_free (host);
}

Test (host, has_domain_capabilities)
{
  g_autofree char *xml = read_data ("domcapabilities.xml");
  g_autoptr (GError) error = NULL;
  MigrateDomainCapabilities *domain = _migrate_domain_capabilities_parse (xml, &error);
  static const char *const usable[]
    = { "qemu64", "qemu32", "pentium3", "pentium2", "pentium", NULL };

  cr_assert_not_null (domain, "%s", error != NULL ? error->message : "");
  expect_text (domain->emulator, "/usr/bin/qemu-system-x86_64");
  expect_text (domain->type, "qemu");
  expect_text (domain->machine, "pc-i440fx-7.2");
  expect_text (domain->arch, "x86_64");
  cr_expect_eq (domain->max_vcpus, 255);
  cr_expect (!domain->host_passthrough);
  cr_expect (domain->maximum);
  expect_text (domain->host_model, "EPYC");
  cr_expect (g_strv_equal ((const char *const *) domain->usable_models, usable));
  cr_expect_eq (g_strv_length (domain->known_models), 6);
  cr_expect_eq (g_strv_length (domain->disk_buses), 6);
  cr_expect_eq (g_strv_length (domain->tpm_models), 2);
  expect_text (domain->tpm_backends[0], "passthrough");
  cr_expect_eq (g_strv_length (domain->loaders), 0);
  cr_expect_eq (g_strv_length (domain->firmwares), 0);
  cr_expect (!domain->has_sev);
  _migrate_domain_capabilities_free (domain);
}

Test (host, has_firmware_and_sev)
{
  MigrateDomainCapabilities *domain = _migrate_domain_capabilities_parse (
    "<domainCapabilities><os><enum name='firmware'><value>efi</value></enum>"
    "<loader supported='yes'><value>/usr/share/OVMF/OVMF_CODE.fd</value>"
    "<enum name='type'><value>rom</value></enum></loader></os>"
    "<cpu><mode name='host-passthrough' supported='yes'/></cpu>"
    "<features><sev supported='yes'/></features></domainCapabilities>",
    NULL);

  cr_assert_not_null (domain);
  cr_assert_eq (g_strv_length (domain->loaders), 1);
  expect_text (domain->loaders[0], "/usr/share/OVMF/OVMF_CODE.fd");
  expect_text (domain->firmwares[0], "efi");
  cr_expect (domain->has_sev);
  cr_expect (domain->host_passthrough);
  _migrate_domain_capabilities_free (domain);
}

Test (host, has_networks)
{
  MigrateNetwork *network = _migrate_network_parse (
    "<network connections='1'><name>tenant</name><uuid>u</uuid><forward mode='bridge'/>"
    "<bridge name='br0'/><mtu size='9000'/><portgroup name='gold' default='yes'/>"
    "<portgroup name='lead'><bandwidth/></portgroup></network>",
    NULL);
  MigrateNetwork *routed
    = _migrate_network_parse ("<network><name>n</name><forward/></network>", NULL);

  cr_assert_not_null (network);
  expect_text (network->name, "tenant");
  expect_text (network->uuid, "u");
  expect_text (network->bridge, "br0");
  expect_text (network->mtu, "9000");
  expect_text (network->forward, "bridge");
  cr_assert_eq (g_strv_length (network->port_groups), 2);
  expect_text (network->port_groups[1], "lead");
  cr_assert_not_null (routed);
  expect_text (routed->forward, "nat");
  _migrate_network_free (network);
  _migrate_network_free (routed);
}

Test (host, has_pools)
{
  MigratePool *pool = _migrate_pool_parse (
    "<pool type='dir'><name>p</name><uuid>5cbf814d-8178-4a5c-8bbe-8f26e4d8613c</uuid>"
    "<capacity unit='bytes'>270553174016</capacity><allocation unit='bytes'>1</allocation>"
    "<available unit='bytes'>251866689536</available><source>\n</source>"
    "<target><path>/srv/images</path></target></pool>",
    NULL);

  cr_assert_not_null (pool);
  expect_text (pool->name, "p");
  expect_text (pool->uuid, "5cbf814d-8178-4a5c-8bbe-8f26e4d8613c");
  expect_text (pool->type, "dir");
  expect_text (pool->target, "/srv/images");
  cr_expect_eq (pool->capacity, 270553174016);
  cr_expect_eq (pool->available, 251866689536);
  cr_expect (!pool->active);
  _migrate_pool_free (pool);
}

Test (host, has_volumes)
{
  MigrateVolume *volume = _migrate_volume_parse (
    "<volume type='file'><name>b.qcow2</name><key>/srv/images/b.qcow2</key>"
    "<capacity unit='bytes'>8388608</capacity><allocation unit='KiB'>196</allocation>"
    "<physical unit='bytes'>196616</physical><target><path>/srv/images/b.qcow2</path>"
    "<format type='qcow2'/><encryption format='luks'/><compat>1.1</compat>"
    "<clusterSize unit='KiB'>64</clusterSize><timestamps><atime>1341933637</atime>"
    "<mtime>1341930622.047245868</mtime><ctime>1341930622.5</ctime></timestamps></target>"
    "<backingStore><path>/srv/images/a.raw</path><format type='raw'/></backingStore></volume>",
    NULL);

  cr_assert_not_null (volume);
  expect_text (volume->name, "b.qcow2");
  expect_text (volume->type, "file");
  expect_text (volume->target, "/srv/images/b.qcow2");
  expect_text (volume->format, "qcow2");
  expect_text (volume->backing_path, "/srv/images/a.raw");
  expect_text (volume->backing_format, "raw");
  expect_text (volume->compat, "1.1");
  expect_text (volume->cluster_size, "65536");
  cr_expect_eq (volume->capacity, 8388608);
  cr_expect_eq (volume->allocation, 200704);
  cr_expect_eq (volume->physical, 196616);
  cr_expect_eq (volume->written, G_GUINT64_CONSTANT (1341930622047245868));
  cr_expect_eq (volume->changed, G_GUINT64_CONSTANT (1341930622500000000));
  cr_expect (volume->encrypted);
  _migrate_volume_free (volume);
}

Test (host, has_volumes_of_no_time)
{
  static const char *const times[] = { "", "x", "-1", "1.5x", "1 2", "99999999999999999999" };

  for (gsize i = 0; i < G_N_ELEMENTS (times); i++)
    {
      g_autofree char *xml
        = g_strdup_printf ("<volume><name>v</name><target><timestamps><mtime>7</mtime>"
                           "<ctime>%s</ctime></timestamps></target></volume>",
                           times[i]);
      g_autoptr (MigrateVolume) volume = _migrate_volume_parse (xml, NULL);

      cr_assert_not_null (volume);
      cr_expect_eq (volume->changed, 0, "“%s”", times[i]);
      cr_expect_eq (volume->written, G_GUINT64_CONSTANT (7000000000));
    }
}

Test (host, refuses_other_documents)
{
  g_autoptr (GError) error = NULL;

  cr_expect_null (_migrate_capabilities_parse ("<domain/>", NULL));
  cr_expect_null (_migrate_domain_capabilities_parse ("<capabilities/>", NULL));
  cr_expect_null (_migrate_network_parse ("<pool><name>p</name></pool>", NULL));
  cr_expect_null (_migrate_pool_parse ("<pool/>", NULL));
  cr_expect_null (_migrate_pool_parse (
    "<pool><name>p</name><available unit='bytes'>-1</available></pool>", NULL));
  cr_expect_null (_migrate_domain_capabilities_parse (
    "<domainCapabilities><vcpu max='many'/></domainCapabilities>", NULL));
  cr_expect_null (_migrate_capabilities_parse ("<capabilities><host><topology><cells>"
                                               "<cell id='x'/></cells></topology></host>"
                                               "</capabilities>",
                                               NULL));
  cr_assert_null (_migrate_volume_parse ("<volume>\n</volume>", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  cr_assert_str_eq (error->message, "Cannot read the <volume> document: it has no <name> (line 1)");
}

static const struct
{
  const char *large, *small, *missing; /* NULL: contained */
} sets[] = {
  { "0-3", "0-3", NULL },
  { "0-3,8", "8,1", NULL },
  { "0-7", "0-7,^3", NULL },
  { "0-7,^3", "0-7", "3" },
  { "0-3", "2-5,9,11-12", "4-5,9,11-12" },
  { "0", "", NULL },
  { "", "0", "0" },
  { NULL, "1-2", "1-2" },
  { " 0 - 3 , 5 ", "5", NULL },
  { "0-16383", "16383", NULL },
  { "0-3", "16384", "16384" },
  { "0-3", "0-99999999999999999999", "0-99999999999999999999" },
  { "0-3", "3-0", "3-0" },
  { "0-3", "x", "x" },
  { "0-3", "0;1", "0;1" },
  { "0-3", "^", "^" },
  { "junk", "0", "0" },
};

Test (host, compares_sets_of_processors)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sets); i++)
    {
      g_autofree char *missing = NULL;
      gboolean contains = _migrate_cpu_set_contains (sets[i].large, sets[i].small, &missing);

      cr_expect_eq (contains, sets[i].missing == NULL, "%s in %s", sets[i].small, sets[i].large);
      expect_text (missing, sets[i].missing);
      cr_expect_eq (_migrate_cpu_set_contains (sets[i].large, sets[i].small, NULL), contains);
    }
}
