/* Another shape for a guest: what is asked for, what its document then says, and what contradicts.
 */
#include "xml/reshape-private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (reshape, .timeout = 20);

static GVariant *
parse (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  cr_assert_not_null (value, "%s", error != NULL ? error->message : "");
  return value;
}

#define BOTH "{'vcpus': <uint32 4>, 'memory': <uint64 4294967296>}"
#define CPUS "{'vcpus': <uint32 4>}"
#define MEMORY "{'memory': <uint64 4294967296>}"
#define DOMAIN(xml) "<domain type='kvm'>" xml "</domain>"

/* ---- what is said ---- */

static const struct
{
  const char *resize, *says; /* the latter NULL: it can be read */
} words[] = {
  { "@a{sv} {}" },
  { BOTH },
  { "{'disks': <{'vda': uint64 512}>}" },
  { "{'disks': <@a{st} {}>}" },
  { "{'vcpus': <uint32 0>}", "“vcpus”" },
  { "{'vcpus': <uint64 4>}", "“vcpus”" },
  { "{'memory': <uint64 0>}", "“memory”" },
  { "{'memory': <uint64 1025>}", "“memory”" },
  { "{'memory': <uint64 9223372036854775808>}", "“memory”" },
  { "{'memory': <'4 GiB'>}", "“memory”" },
  { "{'disks': <{'vda': uint64 0}>}", "“vda”" },
  { "{'disks': <{'vda': uint64 1000}>}", "“vda”" },
  { "{'disks': <{'vda': uint32 512}>}", "“disks”" },
  { "{'cpus': <uint32 4>}", "“cpus”" },
};

Test (reshape, what_cannot_be_read_is_refused)
{
  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    {
      g_autoptr (GVariant) resize = parse (words[i].resize);
      g_autoptr (GError) error = NULL;
      gboolean good = _migrate_resize_check (resize, &error);

      cr_expect_eq (good, words[i].says == NULL, "%s", words[i].resize);
      if (words[i].says == NULL)
        continue;
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_expect_not_null (strstr (error->message, words[i].says), "%s", error->message);
    }
  cr_assert (_migrate_resize_check (NULL, NULL));
}

Test (reshape, of_disks_each_has_its_own)
{
  g_autoptr (GVariant) resize
    = parse ("{'disks': <{'vda': uint64 1024, 'vdb': uint64 2048}>, 'vcpus': <uint32 3>}");
  g_auto (GStrv) targets = _migrate_resize_list_disks (resize);
  g_auto (GStrv) none = _migrate_resize_list_disks (NULL);

  cr_assert_eq (_migrate_resize_get_disk (resize, "vda"), 1024);
  cr_assert_eq (_migrate_resize_get_disk (resize, "vdb"), 2048);
  cr_assert_eq (_migrate_resize_get_disk (resize, "vdc"), 0);
  cr_assert_eq (_migrate_resize_get_disk (NULL, "vda"), 0);
  cr_assert_eq (_migrate_resize_get_vcpus (resize), 3);
  cr_assert_eq (_migrate_resize_get_memory (resize), 0);
  cr_assert_eq (g_strv_length (targets), 2);
  cr_assert_eq (g_strv_length (none), 0);
}

/* ---- what comes of it ---- */

static const struct
{
  const char *resize, *before, *after;
} shapes[] = {
  { BOTH,
    DOMAIN ("<name>a &amp; b</name><memory unit='KiB'>1048576</memory>"
            "<currentMemory unit='KiB'>524288</currentMemory><vcpu placement='static'>2</vcpu>"
            "<metadata><x:y xmlns:x='urn:x'>kept</x:y></metadata>"),
    DOMAIN ("<name>a &amp; b</name><memory unit='KiB'>4194304</memory>"
            "<currentMemory unit='KiB'>4194304</currentMemory><vcpu placement='static'>4</vcpu>"
            "<metadata><x:y xmlns:x='urn:x'>kept</x:y></metadata>") },
  { MEMORY, DOMAIN ("<memory dumpCore='off'>1048576</memory><vcpu>2</vcpu>"),
    DOMAIN ("<memory dumpCore='off' unit='KiB'>4194304</memory><vcpu>2</vcpu>") },
  { MEMORY, DOMAIN ("<maxMemory slots='4' unit='GiB'>8</maxMemory><memory unit='GiB'>1</memory>"),
    DOMAIN ("<maxMemory slots='4' unit='GiB'>8</maxMemory>"
            "<memory unit='KiB'>4194304</memory>") },
  /* As it is: byte by byte. */
  { MEMORY, DOMAIN ("<memory unit='GiB'>4</memory>"), DOMAIN ("<memory unit='GiB'>4</memory>") },
  { MEMORY,
    DOMAIN ("<memory unit='GiB'>4</memory><cpu><numa><cell id='0' cpus='0' memory='4'/></numa>"
            "</cpu>"),
    DOMAIN ("<memory unit='GiB'>4</memory><cpu><numa><cell id='0' cpus='0' memory='4'/></numa>"
            "</cpu>") },
  { CPUS, DOMAIN ("<vcpu current='1'>2</vcpu>"), DOMAIN ("<vcpu>4</vcpu>") },
  { CPUS, DOMAIN ("<vcpu current='1'>4</vcpu>"), DOMAIN ("<vcpu>4</vcpu>") },
  { CPUS, DOMAIN ("<vcpu>2</vcpu><cpu><topology sockets='2' cores='1' threads='2'/></cpu>"),
    DOMAIN ("<vcpu>4</vcpu><cpu><topology sockets='2' cores='1' threads='2'/></cpu>") },
  { CPUS, DOMAIN ("<vcpu>8</vcpu><cputune><vcpupin vcpu='3' cpuset='1'/></cputune>"),
    DOMAIN ("<vcpu>4</vcpu><cputune><vcpupin vcpu='3' cpuset='1'/></cputune>") },
  { "{'disks': <{'vda': uint64 1024}>}", DOMAIN ("<vcpu>2</vcpu>"), DOMAIN ("<vcpu>2</vcpu>") },
};

Test (reshape, nothing_but_the_numbers_changes)
{
  for (gsize i = 0; i < G_N_ELEMENTS (shapes); i++)
    {
      g_autoptr (GVariant) resize = parse (shapes[i].resize);
      g_autoptr (GError) error = NULL;
      g_autofree char *after = _migrate_xml_reshape (shapes[i].before, resize, &error);
      g_autofree char *double_quoted = NULL;
      g_auto (GStrv) parts = NULL;

      cr_assert_not_null (after, "row %zu: %s", i, error != NULL ? error->message : "");
      parts = g_strsplit (after, "\"", -1);
      double_quoted = g_strjoinv ("'", parts);
      cr_expect_str_eq (g_strstrip (double_quoted), shapes[i].after, "row %zu: %s", i,
                        double_quoted);
    }
}

static const struct
{
  const char *resize, *xml, *says;
} contradictions[] = {
  { CPUS, DOMAIN ("<vcpu>2</vcpu><cpu><topology sockets='1' cores='2' threads='1'/></cpu>"),
    "topology is of 2 vCPUs, not of 4" },
  { CPUS,
    DOMAIN ("<vcpu>2</vcpu><cpu><topology sockets='4294967295' dies='4294967295' "
            "cores='4294967295' threads='4'/></cpu>"),
    "topology is of 0 vCPUs" },
  { CPUS, DOMAIN ("<vcpu>2</vcpu><cpu><numa><cell cpus='0-1' memory='1'/></numa></cpu>"), "NUMA" },
  { CPUS, DOMAIN ("<vcpu>2</vcpu><vcpus><vcpu id='0' enabled='yes'/></vcpus>"), "one by one" },
  { CPUS, DOMAIN ("<vcpu>8</vcpu><cputune><vcpupin vcpu='4' cpuset='1'/></cputune>"),
    "past the first 4" },
  { CPUS, DOMAIN ("<vcpu>8</vcpu><cputune><vcpusched vcpus='0-7' scheduler='fifo'/></cputune>"),
    "past the first 4" },
  { CPUS, DOMAIN ("<name>g</name>"), "how many vCPUs" },
  { MEMORY, DOMAIN ("<memory unit='GiB'>1</memory><cpu><numa><cell cpus='0'/></numa></cpu>"),
    "NUMA" },
  { MEMORY, DOMAIN ("<maxMemory unit='GiB'>2</maxMemory><memory unit='GiB'>1</memory>"),
    "maxMemory" },
  { MEMORY,
    DOMAIN (
      "<memory unit='GiB'>1</memory><memtune><hard_limit unit='GiB'>2</hard_limit></memtune>"),
    "hard_limit" },
  { MEMORY, DOMAIN ("<memory unit='GiB'>1</memory><devices><memory model='dimm'/></devices>"),
    "memory devices" },
  { MEMORY, DOMAIN ("<memory unit='furlong'>1</memory>"), "how much memory" },
};

Test (reshape, what_contradicts_is_named)
{
  for (gsize i = 0; i < G_N_ELEMENTS (contradictions); i++)
    {
      g_autoptr (GVariant) resize = parse (contradictions[i].resize);
      g_autoptr (GError) error = NULL;
      g_autofree char *after = _migrate_xml_reshape (contradictions[i].xml, resize, &error);

      cr_expect_null (after, "row %zu: %s", i, after);
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNSUPPORTED), "row %zu", i);
      cr_expect_not_null (strstr (error->message, contradictions[i].says), "row %zu: %s", i,
                          error->message);
    }
}

Test (reshape, what_is_no_document_is_refused)
{
  g_autoptr (GVariant) resize = parse (CPUS);
  g_autoptr (GError) error = NULL;

  cr_assert_null (_migrate_xml_reshape ("<volume/>", resize, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}
