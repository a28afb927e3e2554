/* What is read out of a guest's document: one that has everything, and ones that lack something. */
#include "xml/xml-private.h"

#include <criterion/criterion.h>
#include <string.h>

static MigrateGuest *guest;

static char *
read_data (const char *name)
{
  g_autofree char *path = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests", "unit",
                                            "data", "xml", name, NULL);
  char *text = NULL;

  cr_assert (g_file_get_contents (path, &text, NULL, NULL), "%s", path);
  return text;
}

static void
read_guest (void)
{
  g_autofree char *xml = read_data ("guest.xml");
  g_autoptr (GError) error = NULL;

  guest = _migrate_guest_parse (xml, &error);
  cr_assert_not_null (guest, "%s", error != NULL ? error->message : "");
}

static void
drop_guest (void)
{
  _migrate_guest_free (guest);
}

TestSuite (guest, .init = read_guest, .fini = drop_guest, .timeout = 20);
TestSuite (guest_made, .timeout = 120); /* what takes longer took more than bounded time */

#define expect_text(is, should)                                                                    \
  cr_expect_eq (g_strcmp0 (is, should), 0, "%s is “%s”, not “%s”", #is, is, should)

Test (guest, is_what_it_says)
{
  expect_text (guest->name, "web 1");
  expect_text (guest->uuid, "4dea22b3-1d52-d8f3-2516-782e98ab3fa0");
  expect_text (guest->type, "kvm");
  expect_text (guest->arch, "x86_64");
  expect_text (guest->machine, "pc-q35-7.2");
  expect_text (guest->emulator, "/usr/bin/qemu-system-x86_64");
  expect_text (guest->loader, "/usr/share/OVMF/OVMF_CODE_4M.ms.fd");
  expect_text (guest->nvram, "/var/lib/libvirt/qemu/nvram/web_VARS.fd");
  expect_text (guest->kernel, "/boot/vmlinuz");
  expect_text (guest->initrd, "/boot/initrd.img");
  expect_text (guest->dtb, NULL);
  cr_expect (!guest->firmware_auto);
  expect_text (guest->launch_security, "sev");
  expect_text (guest->resource_partition, "/machine/production");
  cr_expect_eq (g_strv_length (guest->perf_events), 2);
  expect_text (guest->perf_events[1], "branch_misses");
  cr_expect (guest->has_command_line);
}

Test (guest, has_memory_and_nodes)
{
  const MigrateHugePages *first, *second;

  cr_expect_eq (guest->memory_kib, 4194304);
  cr_expect_eq (guest->current_memory_kib, 2097152);
  cr_expect_eq (guest->max_memory_kib, 8388608);
  cr_expect (guest->memory_locked && guest->memory_shared);
  expect_text (guest->memory_source, "memfd");
  cr_assert_eq (guest->huge_pages->len, 2);
  first = guest->huge_pages->pdata[0];
  second = guest->huge_pages->pdata[1];
  cr_expect_eq (first->kib, 2048);
  expect_text (first->node_set, "0");
  cr_expect_eq (second->kib, 1048576);
  expect_text (second->node_set, NULL);
  cr_assert_eq (guest->nodes->len, 3);
  expect_text (guest->nodes->pdata[0], "0-1");
  expect_text (guest->nodes->pdata[1], "1");
  expect_text (guest->nodes->pdata[2], "1"); /* of the NVDIMM */
}

Test (guest, has_processors)
{
  cr_expect_eq (guest->vcpus, 2);
  cr_expect_eq (guest->max_vcpus, 4);
  expect_text (guest->cpu_set, "0-7,^3");
  cr_assert_eq (guest->pins->len, 3);
  expect_text (guest->pins->pdata[0], "1");
  expect_text (guest->pins->pdata[2], "4");
  expect_text (guest->cpu_mode, "custom");
  expect_text (guest->cpu_model, "Cascadelake-Server");
  expect_text (guest->cpu_check, "full");
  cr_expect (g_str_has_prefix (guest->cpu_xml, "<cpu mode=\"custom\" match=\"exact\""));
  cr_expect (g_str_has_suffix (guest->cpu_xml, "</cpu>"));
  cr_assert_eq (g_strv_length (guest->cpu_features), 2);
  expect_text (guest->cpu_features[0], "ss");
  expect_text (guest->cpu_features[1], "vmx");
  cr_expect (guest->has_tsc_frequency);
  cr_expect (!guest->cpu_unmigratable);
}

/* ---- disks ---- */

static const struct
{
  const char *target, *type, *device, *source, *path, *format, *cache, *bus;
  guint n_chain, n_secrets;
  gboolean is_file, encrypted, mirrored, read_only, shareable, transient, reservations, ends;
} disks[] = {
  { "vda", "file", "disk", "/var/lib/libvirt/images/web.qcow2", "/var/lib/libvirt/images/web.qcow2",
    "qcow2", "none", "virtio", 2, 0, .is_file = TRUE, .ends = TRUE },
  { "vdb", "network", "disk", "rbd:volumes/web-data", NULL, "raw", NULL, "virtio", 0, 2,
    .encrypted = TRUE, .shareable = TRUE },
  { "sda", "block", "lun", "/dev/mapper/lun1", "/dev/mapper/lun1", "raw", "writeback", "scsi",
    .mirrored = TRUE, .reservations = TRUE },
  { "vdc", "volume", "disk", "images:scratch", NULL, "raw", NULL, "virtio", .is_file = TRUE,
    .transient = TRUE },
  { "sdb", "file", "cdrom", NULL, NULL, NULL, NULL, "sata", .read_only = TRUE },
  { "vdd", "nvme", "disk", "0000:01:00.0", NULL, NULL, NULL, "virtio" },
};

Test (guest, has_disks_of_every_kind)
{
  cr_assert_eq (guest->disks->len, G_N_ELEMENTS (disks));
  for (guint i = 0; i < guest->disks->len; i++)
    {
      const MigrateDisk *disk = guest->disks->pdata[i];

      expect_text (disk->target, disks[i].target);
      expect_text (disk->type, disks[i].type);
      expect_text (disk->device, disks[i].device);
      expect_text (disk->source, disks[i].source);
      expect_text (disk->path, disks[i].path);
      expect_text (disk->format, disks[i].format);
      expect_text (disk->cache, disks[i].cache);
      expect_text (disk->bus, disks[i].bus);
      cr_expect_eq (disk->chain->len, disks[i].n_chain, "%s", disk->target);
      cr_expect_eq (disk->secrets->len, disks[i].n_secrets, "%s", disk->target);
      cr_expect_eq (_migrate_disk_is_file (disk), disks[i].is_file, "%s", disk->target);
      cr_expect_eq (disk->encrypted, disks[i].encrypted, "%s", disk->target);
      cr_expect_eq (disk->mirrored, disks[i].mirrored, "%s", disk->target);
      cr_expect_eq (disk->read_only, disks[i].read_only, "%s", disk->target);
      cr_expect_eq (disk->shareable, disks[i].shareable, "%s", disk->target);
      cr_expect_eq (disk->transient, disks[i].transient, "%s", disk->target);
      cr_expect_eq (disk->reservations, disks[i].reservations, "%s", disk->target);
      cr_expect_eq (disk->chain_ends, disks[i].ends, "%s", disk->target);
    }
}

Test (guest, has_the_images_below_a_disk)
{
  const MigrateDisk *disk = guest->disks->pdata[0];
  const MigrateImage *base = disk->chain->pdata[0], *golden = disk->chain->pdata[1];

  expect_text (base->type, "file");
  expect_text (base->format, "qcow2");
  expect_text (base->path, "/var/lib/libvirt/images/base.qcow2");
  expect_text (golden->type, "block");
  expect_text (golden->source, "/dev/vg/golden");
}

Test (guest, names_the_secrets_that_it_needs)
{
  const MigrateDisk *disk = guest->disks->pdata[1];
  const MigrateSecretUse *access = disk->secrets->pdata[0], *key = disk->secrets->pdata[1];
  const MigrateSecretUse *scsi, *tpm;

  expect_text (access->usage, "client.libvirt secret");
  expect_text (access->usage_type, "ceph");
  expect_text (access->uuid, NULL);
  expect_text (access->of, "access to disk “vdb”");
  expect_text (key->uuid, "f981dd17-143f-45bc-88e6-ed1fe20ce9da");
  expect_text (key->of, "the encryption of disk “vdb”");
  cr_assert_eq (guest->secrets->len, 2);
  tpm = guest->secrets->pdata[0];
  scsi = guest->secrets->pdata[1];
  expect_text (tpm->uuid, "6dd3e4a5-1d76-44ce-961f-f119f5aad935");
  expect_text (scsi->usage, "libvirtiscsi");
  expect_text (scsi->usage_type, "iscsi");
}

Test (guest, knows_where_network_disks_are)
{
  const MigrateDisk *disk = guest->disks->pdata[1];

  expect_text (disk->protocol, "rbd");
  expect_text (disk->name, "volumes/web-data");
  cr_assert_eq (g_strv_length (disk->hosts), 2);
  expect_text (disk->hosts[0], "10.0.0.1:6789");
  expect_text (disk->hosts[1], "[fd00::1]:6789");
  disk = guest->disks->pdata[3];
  expect_text (disk->pool, "images");
  expect_text (disk->volume, "scratch");
  cr_expect_null (disk->hosts);
}

/* ---- other devices ---- */

static const struct
{
  const char *type, *mac, *network, *bridge, *device, *socket, *filter, *mtu;
  gboolean transient, profile;
} nics[] = {
  { "network", "52:54:00:6D:90:01", "tenant", "virbr1", NULL, NULL, "clean-traffic", "9000" },
  { "hostdev", "52:54:00:6d:90:01", NULL, NULL, "0000:06:12.5", .transient = TRUE },
  { "direct", "52:54:00:6d:90:03", NULL, NULL, "eth0", .profile = TRUE },
  { "vhostuser", "52:54:00:6d:90:04", NULL, NULL, NULL, "/run/vhost1.sock" },
};

/* The first two are a team, which has one address. */
Test (guest, has_interfaces)
{
  cr_assert_eq (guest->nics->len, G_N_ELEMENTS (nics));
  for (guint i = 0; i < guest->nics->len; i++)
    {
      const MigrateNic *nic = guest->nics->pdata[i];

      expect_text (nic->type, nics[i].type);
      expect_text (nic->mac, nics[i].mac);
      expect_text (nic->network, nics[i].network);
      expect_text (nic->bridge, nics[i].bridge);
      expect_text (nic->device, nics[i].device);
      expect_text (nic->socket, nics[i].socket);
      expect_text (nic->filter, nics[i].filter);
      expect_text (nic->mtu, nics[i].mtu);
      cr_expect_eq (nic->teaming_transient, nics[i].transient, "%u", i);
      cr_expect_eq (nic->has_port_profile, nics[i].profile, "%u", i);
    }
  expect_text (((MigrateNic *) guest->nics->pdata[0])->port_group, "gold");
  expect_text (((MigrateNic *) guest->nics->pdata[0])->alias, "ua-team");
}

static const struct
{
  const char *type, *address, *model, *alias;
} host_devices[] = {
  { "pci", "0000:06:12.6", NULL, "hostdev0" },
  { "mdev", "c2177883-f1bb-47f0-914d-32a22e3a8804", "vfio-pci", NULL },
  { "usb", "046d:0825", NULL, NULL },
  { "scsi", "iscsi:iqn.2014-08.com.example:storage/1", NULL, NULL },
  { "scsi", "scsi_host0:0:0:4", NULL, NULL },
};

Test (guest, has_devices_of_the_host)
{
  cr_assert_eq (guest->host_devices->len, G_N_ELEMENTS (host_devices));
  for (guint i = 0; i < guest->host_devices->len; i++)
    {
      const MigrateHostDevice *device = guest->host_devices->pdata[i];

      expect_text (device->type, host_devices[i].type);
      expect_text (device->address, host_devices[i].address);
      expect_text (device->model, host_devices[i].model);
      expect_text (device->alias, host_devices[i].alias);
    }
}

static const struct
{
  const char *element, *type, *model, *driver, *path, *role;
} devices[] = {
  { "controller", "scsi", "virtio-scsi" },
  { "input", "tablet" },
  { "tpm", "emulator", "tpm-crb", "2.0" },
  { "video", NULL, "virtio", "accel3d" },
  { "filesystem", "mount", NULL, "virtiofs", "/srv/share" },
  { "shmem", NULL, "ivshmem-doorbell", NULL, "/run/ivshmem", "peer" },
  { "memory", NULL, "nvdimm", NULL, "/srv/nvdimm" },
  { "rng", "random", "virtio", NULL, "/dev/urandom" },
  { "vsock", NULL, "virtio" },
};

Test (guest, has_other_devices)
{
  cr_assert_eq (guest->devices->len, G_N_ELEMENTS (devices));
  for (guint i = 0; i < guest->devices->len; i++)
    {
      const MigrateDevice *device = guest->devices->pdata[i];

      expect_text (device->element, devices[i].element);
      expect_text (device->type, devices[i].type);
      expect_text (device->model, devices[i].model);
      expect_text (device->driver, devices[i].driver);
      expect_text (device->path, devices[i].path);
      expect_text (device->role, devices[i].role);
    }
}

static const struct
{
  const char *element, *type, *path, *listen, *target;
} endpoints[] = {
  { "serial", "tcp", NULL, "127.0.0.1", "0" },
  { "channel", "unix", "/run/libvirt/qemu/channel/7-web/org.qemu.guest_agent.0", NULL,
    "org.qemu.guest_agent.0" },
  { "graphics", "vnc", NULL, "10.0.0.5", NULL },
};

Test (guest, has_endpoints)
{
  cr_assert_eq (guest->endpoints->len, G_N_ELEMENTS (endpoints));
  for (guint i = 0; i < guest->endpoints->len; i++)
    {
      const MigrateEndpoint *endpoint = guest->endpoints->pdata[i];

      expect_text (endpoint->element, endpoints[i].element);
      expect_text (endpoint->type, endpoints[i].type);
      expect_text (endpoint->path, endpoints[i].path);
      expect_text (endpoint->listen, endpoints[i].listen);
      expect_text (endpoint->target, endpoints[i].target);
    }
}

/* ---- documents made here ---- */

#define IDENTITY "<name>a</name><uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>"

Test (guest_made, may_say_little)
{
  g_autoptr (MigrateGuest) small
    = _migrate_guest_parse ("<domain type='test'>" IDENTITY "</domain>", NULL);

  cr_assert_not_null (small);
  cr_expect_eq (small->memory_kib, 0);
  cr_expect_eq (small->vcpus, 1);
  cr_expect_eq (small->disks->len + small->nics->len + small->devices->len
                  + small->host_devices->len + small->endpoints->len + small->secrets->len
                  + small->pins->len + small->nodes->len + small->huge_pages->len,
                0);
  cr_expect_eq (g_strv_length (small->cpu_features) + g_strv_length (small->perf_events), 0);
  cr_expect (!small->has_command_line);
}

Test (guest_made, has_no_part_of_what_only_looks_like_one)
{
  g_autoptr (MigrateGuest) small = _migrate_guest_parse (
    "<domain type='kvm'>" IDENTITY "<x:os xmlns:x='urn:x'><x:kernel>/k</x:kernel></x:os>"
    "<metadata><name>b</name><devices><disk/></devices></metadata>"
    "<devices><x:disk xmlns:x='urn:x'/><filesystem><disk/></filesystem></devices></domain>",
    NULL);

  cr_assert_not_null (small);
  expect_text (small->name, "a");
  expect_text (small->kernel, NULL);
  cr_expect_eq (small->disks->len, 0);
  cr_expect_eq (small->devices->len, 1);
}

static const struct
{
  const char *inside, *what;
} refused[] = {
  { "<uuid>4dea22b3-1d52-d8f3-2516-782e98ab3fa0</uuid>", "it has no <name> (line 1)" },
  { "<name>a</name>", "it has no <uuid>" },
  { "<name>a</name><uuid>hidden</uuid>", "its <uuid> is not a UUID" },
  { "<name/>\n" IDENTITY, "there is a second <name> (line 2)" },
  { IDENTITY "<uuid>x</uuid>", "there is a second <uuid>" },
  { IDENTITY "<devices/><devices/>", "there is a second <devices>" },
  { IDENTITY "<memory unit='KiB'>much</memory>", "<memory> is not a number in its range" },
  { IDENTITY "<memory unit='EiB'>99</memory>", "<memory> is not a number in its range" },
  { IDENTITY "<vcpu>-1</vcpu>", "<vcpu> is not a number" },
  { IDENTITY "<vcpu current='x'>1</vcpu>", "“current” of <vcpu> is not a number" },
  { IDENTITY "<devices><disk type='file'/></devices>", "a disk has no target" },
  { IDENTITY "<devices><disk><target dev='vda'/></disk>\n<disk><target dev='vda'/></disk>"
             "</devices>",
    "there is a second disk “vda” (line 2)" },
  { IDENTITY "<devices><disk><source file='/a'/><source file='/b'/><target dev='vda'/></disk>"
             "</devices>",
    "there is a second <source>" },
  { IDENTITY "<devices><hostdev type='pci'><source><address bus='0x01'/></source></hostdev>\n"
             "<hostdev type='pci'><source><address domain='0' bus='1'/></source></hostdev>"
             "</devices>",
    "there is a second host device “0000:01:00.0” (line 2)" },
  { IDENTITY "<devices><hostdev type='pci'><source><address bus='0xz'/></source></hostdev>"
             "</devices>",
    "“bus” of <address> is not a number" },
};

Test (guest_made, is_refused_where_libvirt_would_not_write_it)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autofree char *xml = g_strdup_printf ("<domain type='kvm'>%s</domain>", refused[i].inside);
      g_autoptr (GError) error = NULL;

      cr_expect_null (_migrate_guest_parse (xml, &error), "%s", refused[i].inside);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_expect_not_null (strstr (error->message, refused[i].what), "“%s” does not say “%s”",
                          error->message, refused[i].what);
      cr_expect_null (strstr (error->message, "hidden"));
      cr_expect_not_null (_migrate_error_private (error)->remedy);
    }
}

Test (guest_made, error_does_not_repeat_long_names)
{
  g_autofree char *name = g_strnfill (1000, 'v');
  g_autofree char *xml
    = g_strdup_printf ("<domain type='kvm'>" IDENTITY "<devices><disk><target dev='%s'/></disk>"
                       "<disk><target dev='%s'/></disk></devices></domain>",
                       name, name);
  g_autoptr (GError) error = NULL;

  cr_assert_null (_migrate_guest_parse (xml, &error));
  cr_assert_str_eq (error->message,
                    "Cannot read the <domain> document: there is a second disk “…” (line 1)");
}

Test (guest_made, default_huge_pages_have_no_size)
{
  g_autoptr (MigrateGuest) small = _migrate_guest_parse (
    "<domain type='kvm'>" IDENTITY "<memoryBacking><hugepages/></memoryBacking>"
    "<cpu><numa><cell memAccess='shared'/></numa></cpu></domain>",
    NULL);

  cr_assert_not_null (small);
  cr_assert_eq (small->huge_pages->len, 1);
  cr_expect_eq (((MigrateHugePages *) small->huge_pages->pdata[0])->kib, 0);
  cr_expect (small->memory_shared);
}

Test (guest_made, many_devices_take_little_time)
{
  GString *xml = g_string_new ("<domain type='kvm'>" IDENTITY "<devices>");
  g_autoptr (MigrateGuest) large = NULL;

  for (guint i = 0; i < 20000; i++)
    g_string_append_printf (xml,
                            "<hostdev type='mdev'><source><address uuid='%u'/></source></hostdev>"
                            "<disk><target dev='v%u'/></disk>",
                            i, i);
  g_string_append (xml, "</devices></domain>");
  large = _migrate_guest_parse (xml->str, NULL);
  g_string_free (xml, TRUE);
  cr_assert_not_null (large);
  cr_assert_eq (large->disks->len, 20000);
}
