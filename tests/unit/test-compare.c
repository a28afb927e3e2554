/* What a guest would see of another document. */
#include "xml/compare-private.h"
#include "xml/rewrite-private.h"
#include "xmltest.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (compare, .timeout = 60);

static GPtrArray *
compare (const char *source, const char *result)
{
  g_autoptr (GError) error = NULL;
  GPtrArray *found = _migrate_xml_compare (source, result, &error);

  cr_assert_not_null (found, "%s", error != NULL ? error->message : "");
  return found;
}

/* A guest that has something for every row of the table. */
static char *
whole_guest (void)
{
  g_autofree char *folder
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests/unit/data/xml", NULL);

  return xmltest_read (folder, "whole-guest", ".domain");
}

static char *
replace (const char *text, const char *from, const char *to)
{
  g_auto (GStrv) parts = g_strsplit (text, from, -1);

  cr_assert_eq (g_strv_length (parts), 2, "“%s” is there %u times", from,
                g_strv_length (parts) - 1);
  return g_strjoinv (to, parts);
}

typedef struct
{
  const char *from, *to; /* in the text of the document */
  const char *subject, *what;
  MigrateSeverity severity;
} Row;

#define BREAKS MIGRATE_SEVERITY_BLOCKER
#define WARNS MIGRATE_SEVERITY_WARNING
#define NOTES MIGRATE_SEVERITY_NOTE

static const Row visible[] = {
  { "<domain type='kvm'", "<domain type='qemu'", "guest", "hypervisor", BREAKS },
  { "<uuid>c7a5fdbd", "<uuid>d7a5fdbd", "guest", "UUID", BREAKS },
  { "<name>whole", "<name>half", "guest", "name", BREAKS },
  { "<genid>", "<genid>9", "guest", "generation id", BREAKS },
  { "arch='x86_64'", "arch='i686'", "guest", "architecture", BREAKS },
  { "machine='pc-q35-7.2'", "machine='pc-q35-6.2'", "guest", "machine type", BREAKS },
  { "secure='yes'", "secure='no'", "guest", "loader secure", BREAKS },
  { "<smbios mode='sysinfo'/>", "<smbios mode='host'/>", "guest", "SMBIOS mode", WARNS },
  { "<boot dev='hd'/>", "<boot dev='network'/>", "guest", "boot 0", WARNS },
  { "<cmdline>console=ttyS0", "<cmdline>console=ttyS1", "guest", "kernel's command line", WARNS },
  { "<memory unit='KiB'>4194304", "<memory unit='KiB'>4194305", "guest", "memory", BREAKS },
  { "slots='16'", "slots='8'", "guest", "memory slots", BREAKS },
  { "<maxMemory slots='16' unit='KiB'>16777216", "<maxMemory slots='16' unit='KiB'>1677721",
    "guest", "largest memory", BREAKS },
  { "<currentMemory unit='KiB'>4194304", "<currentMemory unit='KiB'>2097152", "guest",
    "current memory", WARNS },
  { ">4</vcpu>", ">8</vcpu>", "guest", "number of CPUs", BREAKS },
  { "current='2'", "current='3'", "guest", "number of CPUs that are on", BREAKS },
  { "<vcpu id='3' enabled='no'", "<vcpu id='3' enabled='yes'", "guest", "CPU 3", BREAKS },
  { "<model fallback='forbid'>Haswell", "<model fallback='forbid'>Broadwell", "guest", "CPU model",
    BREAKS },
  { "<vendor>Intel", "<vendor>AMD", "guest", "CPU vendor", BREAKS },
  { "dies='1' cores='2' threads='1'", "dies='1' cores='1' threads='2'", "guest", "CPU topology",
    BREAKS },
  { "<feature policy='disable' name='hle'/>", "<feature policy='require' name='hle'/>", "guest",
    "CPU feature hle", BREAKS },
  { "<feature policy='require' name='vmx'/>", "", "guest", "CPU feature vmx", BREAKS },
  { "<cell id='0' cpus='0-1'", "<cell id='0' cpus='0,1,2'", "guest", "NUMA cell 0", BREAKS },
  { "<apic/>", "", "guest", "feature apic", BREAKS },
  { "<vapic state='on'/>", "<vapic state='off'/>", "guest", "feature hyperv", BREAKS },
  { "<clock offset='utc'", "<clock offset='localtime'", "guest", "clock", WARNS },
  { "<timer name='hpet' present='no'/>", "<timer name='hpet' present='yes'/>", "guest",
    "timer hpet", BREAKS },
  { "<suspend-to-disk enabled='no'/>", "<suspend-to-disk enabled='yes'/>", "guest",
    "power management suspend-to-disk", BREAKS },
  { "<entry name='manufacturer'>Example", "<entry name='manufacturer'>Other", "guest",
    "system information 0", BREAKS },
  { "<qemu:arg value='-fw_cfg'/>", "<qemu:arg value='-device'/>", "guest", "QEMU arguments",
    WARNS },

  { "<target dev='vda' bus='virtio'/>", "<target dev='vda' bus='scsi'/>", "disk vda", "bus",
    BREAKS },
  { "<serial>DISK-1", "<serial>DISK-2", "disk vda", "serial number", BREAKS },
  { "<wwn>5000c50015ea71ac", "<wwn>5000c50015ea71ad", "disk sda", "WWN", BREAKS },
  { "<product>QDISK", "<product>QDISC", "disk sda", "product", BREAKS },
  { "logical_block_size='512'", "logical_block_size='4096'", "disk vda", "block sizes", BREAKS },
  { "queues='4' packed='on'", "queues='2' packed='on'", "disk vda", "driver queues", BREAKS },
  { "device='cdrom'", "device='disk'", "disk sdb", "disk device", BREAKS },
  { "<readonly/><!-- cd -->", "", "disk sdb", "read-only", BREAKS },
  { "bus='0x04' slot='0x00' function='0x0'/><!-- vda -->",
    "bus='0x05' slot='0x00' function='0x0'/><!-- vda -->", "disk vda", "address", BREAKS },
  { "<alias name='ua-data'/>", "<alias name='ua-other'/>", "disk vda", "alias", NOTES },
  { "<boot order='1'/>", "<boot order='2'/>", "disk vda", "boot order", WARNS },
  { "<model type='virtio'/>", "<model type='e1000e'/>", "interface 52:54:00:00:00:01", "model",
    BREAKS },
  { "<mtu size='9000'/>", "", "interface 52:54:00:00:00:01", "MTU", BREAKS },
  { "csum='off'", "csum='on'", "interface 52:54:00:00:00:01", "offloads of the host", BREAKS },
  { "model='virtio-scsi'", "model='lsilogic'", "controller scsi 0", "controller model", BREAKS },
  { "chassis='4'", "chassis='5'", "controller pci 4", "target", BREAKS },
  { "<pcihole64 unit='KiB'>1048576", "<pcihole64 unit='KiB'>2097152", "controller pci 0",
    "64-bit PCI hole", BREAKS },
  { "vgamem='16384'", "vgamem='32768'", "video 0", "model", BREAKS },
  { "<input type='tablet' bus='usb'>", "<input type='mouse' bus='usb'>", "input 0", "input type",
    BREAKS },
  { "<target type='isa-serial' port='0'>", "<target type='pci-serial' port='0'>", "serial 0",
    "target type", BREAKS },
  { "<model name='isa-serial'/>", "<model name='16550a'/>", "serial 0", "model", BREAKS },
  { "<watchdog model='i6300esb' action='reset'>", "<watchdog model='ib700' action='reset'>",
    "watchdog 0", "model", BREAKS },
  { "<watchdog model='i6300esb' action='reset'>", "<watchdog model='i6300esb' action='none'>",
    "watchdog 0", "action", WARNS },
  { "<rng model='virtio'>", "<rng model='virtio-transitional'>", "rng 0", "model", BREAKS },
  { "<memballoon model='virtio' autodeflate='on'>", "<memballoon model='none'>", "memballoon 0",
    "balloon model", BREAKS },
  { "<tpm model='tpm-crb'>", "<tpm model='tpm-tis'>", "tpm 0", "model", BREAKS },
  { "version='2.0'", "version='1.2'", "tpm 0", "version", BREAKS },
  { "<shmem name='shm0'>", "<shmem name='shm1'>", "shmem 0", "name", BREAKS },
  { "<size unit='M'>4</size>", "<size unit='M'>8</size>", "shmem 0", "size", BREAKS },
  { "<size unit='KiB'>524288</size>", "<size unit='KiB'>262144</size>", "memory 0", "size",
    BREAKS },
  { "base='0x100000000'", "base='0x200000000'", "memory 0", "address", BREAKS },
  { "<driver intremap='on'/>", "<driver intremap='off'/>", "iommu 0", "driver", BREAKS },
  { "<cid auto='no' address='7'/>", "<cid auto='no' address='8'/>", "vsock 0", "CID", BREAKS },
  { "<panic model='isa'/>", "<panic model='pvpanic'/>", "panic 0", "model", BREAKS },
  { "<hostdev mode='subsystem' type='mdev' model='vfio-pci'>",
    "<hostdev mode='subsystem' type='mdev' model='vfio-ccw'>", "hostdev 0", "host device model",
    BREAKS },
};

Test (compare, every_visible_difference_is_told)
{
  g_autofree char *source = whole_guest ();

  for (gsize i = 0; i < G_N_ELEMENTS (visible); i++)
    {
      const Row *row = &visible[i];
      g_autofree char *result = replace (source, row->from, row->to);
      g_autoptr (GPtrArray) found = compare (source, result);
      gboolean told = FALSE;

      for (guint k = 0; k < found->len; k++)
        {
          const MigrateDifference *difference = found->pdata[k];

          told |= strcmp (difference->subject, row->subject) == 0
                  && strcmp (difference->what, row->what) == 0
                  && difference->severity == row->severity;
        }
      cr_expect (told, "%s: %s: %u others, first %s: %s", row->subject, row->what, found->len,
                 found->len > 0 ? ((MigrateDifference *) found->pdata[0])->subject : "",
                 found->len > 0 ? ((MigrateDifference *) found->pdata[0])->what : "");
    }
}

/* What is the host's, and what is only written in another way. */
Test (compare, what_the_guest_does_not_see_is_no_difference)
{
  static const char *const invisible[][2] = {
    { "<source file='/srv/vda.qcow2'/>", "<source file='/mnt/other.qcow2'/>" },
    { "cache='none'", "cache='writeback'" },
    { "<source bridge='br0'/>", "<source bridge='br1'/>" },
    { "cpuset='0-3'", "cpuset='8-11'" },
    { "<nvram>/var/lib/nvram.fd", "<nvram>/srv/nvram.fd" },
    { "<emulator>/usr/bin/qemu", "<emulator>/opt/qemu" },
    { "listen='192.0.2.1'", "listen='192.0.2.2'" },
    { "<address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/>",
      "<address uuid='53764d0e-85a0-42b4-af5c-2046b460b1dc'/>" },
    { "memAccess='shared'", "memAccess='private'" },
    { "<memory unit='KiB'>4194304", "<memory unit='MiB'>4096" },
    { "bus='0x04' slot='0x00' function='0x0'/><!-- vda -->",
      "function='0x0' slot='0x0' bus='4'/><!-- vda -->" },
    { "52:54:00:00:00:01", "52:54:00:00:00:01" },
    { "<cell id='0' cpus='0-1' memory='2097152' unit='KiB' memAccess='shared'/>",
      "<cell unit='KiB' id='0' memory='2097152' memAccess='private' cpus='0-1'/>" },
  };
  g_autofree char *source = whole_guest ();
  g_autoptr (GPtrArray) same = compare (source, source);

  cr_assert_eq (same->len, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (invisible); i++)
    {
      g_autofree char *result = replace (source, invisible[i][0], invisible[i][1]);
      g_autoptr (GPtrArray) found = compare (source, result);

      cr_expect_eq (found->len, 0, "%s: %s", invisible[i][1],
                    found->len > 0 ? ((MigrateDifference *) found->pdata[0])->what : "");
    }
}

Test (compare, a_device_that_goes_or_comes_is_one_difference)
{
  static const char one[] = "<domain><devices><disk><target dev='vda' bus='virtio'/></disk>"
                            "<disk><target dev='vdb' bus='virtio'/></disk></devices></domain>";
  static const char other[] = "<domain><devices><disk><target dev='vda' bus='virtio'/></disk>"
                              "<rng model='virtio'/></devices></domain>";
  g_autoptr (GPtrArray) found = compare (one, other);
  g_autofree char *gone = NULL, *new = NULL;

  cr_assert_eq (found->len, 2);
  gone = _migrate_difference_describe (found->pdata[0]);
  new = _migrate_difference_describe (found->pdata[1]);
  cr_assert_str_eq (gone, "disk vdb would not be there");
  cr_assert_str_eq (new, "rng 0 would be new");
}

Test (compare, what_breaks_comes_first_and_is_described)
{
  static const char one[] = "<domain><currentMemory>1</currentMemory><devices><disk>"
                            "<boot order='1'/><target dev='vda' bus='virtio'/></disk></devices>"
                            "</domain>";
  static const char other[]
    = "<domain><devices><disk><target dev='vda' bus='scsi'/><serial>S</serial>"
      "</disk></devices></domain>";
  static const char *const sentences[] = {
    "disk vda: bus is “virtio”, and would be “scsi”",
    "disk vda: serial number would be “S”, and is not set",
    "guest: current memory is “1 KiB”, and would not be set",
    "disk vda: boot order is “1”, and would not be set",
  };
  g_autoptr (GPtrArray) found = compare (one, other);

  cr_assert_eq (found->len, G_N_ELEMENTS (sentences));
  for (guint i = 0; i < found->len; i++)
    {
      g_autofree char *sentence = _migrate_difference_describe (found->pdata[i]);

      cr_expect_str_eq (sentence, sentences[i]);
    }
}

/* Two devices of one name are told apart by their order. */
Test (compare, duplicates_are_told_apart)
{
  static const char format[]
    = "<domain><devices><interface><mac address='52:54:00:00:00:01'/><model type='virtio'/>"
      "</interface><interface><mac address='52:54:00:00:00:01'/><model type='%s'/></interface>"
      "</devices></domain>";
  g_autofree char *one = replace (format, "%s", "virtio");
  g_autofree char *other = replace (format, "%s", "rtl8139");
  g_autoptr (GPtrArray) found = compare (one, other);

  cr_assert_eq (found->len, 1);
  cr_assert_str_eq (((MigrateDifference *) found->pdata[0])->subject,
                    "interface 52:54:00:00:00:01 2");
}

/* Nor does one thing that is said twice differ from itself. */
Test (compare, what_is_said_twice_is_one_thing)
{
  static const char twice[] = "<domain><cpu><feature name='vmx' policy='require'/>"
                              "<feature name='vmx' policy='disable'/></cpu></domain>";
  static const char other[] = "<domain><cpu><feature name='vmx' policy='disable'/>"
                              "<feature name='vmx' policy='disable'/></cpu></domain>";
  g_autoptr (GPtrArray) same = compare (twice, twice), found = compare (twice, other);

  cr_assert_eq (same->len, 0);
  cr_assert_eq (found->len, 1);
}

/* What may be a secret is compared, and not told. */
Test (compare, tells_no_secret)
{
  static const char one[]
    = "<domain><sysinfo type='fwcfg'><entry name='opt/x'>hush</entry></sysinfo>"
      "<os><cmdline>password=hush</cmdline></os></domain>";
  g_autofree char *other = replace (one, "'>hush", "'>other");
  g_autofree char *third = replace (one, "=hush", "=other");
  g_autoptr (GPtrArray) first = compare (one, other), second = compare (one, third);
  const MigrateDifference *difference;

  cr_assert_eq (first->len, 1);
  cr_assert_eq (second->len, 1);
  difference = first->pdata[0];
  cr_assert_null (strstr (difference->from, "hush"));
  difference = second->pdata[0];
  cr_assert_null (strstr (difference->from, "hush"));
}

Test (compare, refuses_what_is_no_domain)
{
  g_autoptr (GError) first = NULL, second = NULL;

  cr_assert_null (_migrate_xml_compare ("<domain/>", "<pool/>", &first));
  cr_assert (g_error_matches (first, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  cr_assert_null (_migrate_xml_compare ("", "<domain/>", &second));
  cr_assert (g_error_matches (second, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}

/* No rule touches what the guest sees: whatever a golden file maps. */
Test (compare, no_rule_changes_what_the_guest_sees)
{
  g_autofree char *folder
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests/unit/data/xml", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;

  while ((file = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (file, ".map"))
      {
        g_autofree char *name = g_strndup (file, strlen (file) - strlen (".map"));
        g_autofree char *input = xmltest_read (folder, name, ".xml");
        g_autofree char *result = xmltest_read (folder, name, ".expected");
        g_autoptr (GPtrArray) found = compare (input, result);

        cr_expect_eq (found->len, 0, "%s: %s %s", name,
                      found->len > 0 ? ((MigrateDifference *) found->pdata[0])->subject : "",
                      found->len > 0 ? ((MigrateDifference *) found->pdata[0])->what : "");
      }
}

/* What takes longer took more than bounded time: see the suite's timeout. */
Test (compare, takes_many_devices_of_one_name)
{
  GString *text = g_string_new ("<domain type='qemu'><name>g</name><devices>");
  g_autofree char *xml = NULL;
  g_autoptr (GPtrArray) differences = NULL;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 60000; i++)
    g_string_append (text, "<hub type='usb'/>");
  g_string_append (text, "</devices></domain>");
  xml = g_string_free (text, FALSE);
  differences = _migrate_xml_compare (xml, xml, &error);
  cr_assert_not_null (differences, "%s", error != NULL ? error->message : "");
  cr_assert_eq (differences->len, 0);
}
