/* Documents that are made: volumes, the carrier, our mark. Whatever is in a name is a name. */
#include "xml/mark-private.h"
#include "xml/volume-private.h"

#include "xmltest.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (make, .timeout = 20);

#define GIB (G_GUINT64_CONSTANT (1) << 30)
#define JOB "0123456789abcdef"

/* ---- volumes ---- */

static GVariant *
row (const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error);

  cr_assert_not_null (value, "%s", error != NULL ? error->message : "");
  return value;
}

static char *
make (const char *text, MigrateVolumeShape shape)
{
  g_autoptr (GVariant) values = row (text);
  g_autoptr (GError) error = NULL;
  char *xml = _migrate_volume_make (values, shape, &error);

  cr_assert_not_null (xml, "%s", error != NULL ? error->message : "");
  return xml;
}

#define OVERLAY                                                                                    \
  "{'id': <'vda'>, 'name': <'old.qcow2'>, 'name-there': <'g.qcow2'>, 'format': <'qcow2'>,"         \
  " 'capacity': <uint64 1073741825>, 'size': <uint64 200704>, 'allocation': <uint64 4096>,"        \
  " 'backing-there': <'/srv/base & <co>.raw'>, 'backing-format': <'raw'>,"                         \
  " 'options': <{'compat': '1.1', 'cluster-size': '131072', 'lazy-refcounts': 'true',"             \
  "              'extended-l2': 'true', 'owner': '64055', 'group': '64055', 'mode': '0600'}>}"

Test (make, an_image_as_the_source_has_it)
{
  g_autofree char *xml = make (OVERLAY, MIGRATE_VOLUME_IMAGE);

  xmltest_assert_value (xml, "/volume/name", "g.qcow2");
  xmltest_assert_value (xml, "/volume/capacity[@unit='bytes']", "1073741825");
  xmltest_assert_value (xml, "/volume/allocation", "0");
  xmltest_assert_value (xml, "/volume/target/format/@type", "qcow2");
  xmltest_assert_value (xml, "/volume/target/compat", "1.1");
  xmltest_assert_value (xml, "/volume/target/clusterSize[@unit='B']", "131072");
  xmltest_assert_value (xml, "count(/volume/target/features/*)", "2");
  xmltest_assert_value (xml, "count(/volume/target/features/lazy_refcounts)", "1");
  xmltest_assert_value (xml, "count(/volume/target/features/extended_l2)", "1");
  xmltest_assert_value (xml, "/volume/target/permissions/mode", "0600");
  xmltest_assert_value (xml, "/volume/target/permissions/owner", "64055");
  xmltest_assert_value (xml, "/volume/target/permissions/group", "64055");
  xmltest_assert_value (xml, "/volume/backingStore/path", "/srv/base & <co>.raw");
  xmltest_assert_value (xml, "/volume/backingStore/format/@type", "raw");
  xmltest_assert_value (xml, "count(/volume/target/encryption)", "0");
}

/* What is carried byte by byte is no image to whoever writes it. */
Test (make, a_file_as_large_as_it_is)
{
  g_autofree char *xml = make (OVERLAY, MIGRATE_VOLUME_FILE);

  xmltest_assert_value (xml, "/volume/capacity", "200704");
  xmltest_assert_value (xml, "/volume/target/format/@type", "raw");
  xmltest_assert_value (xml, "/volume/target/permissions/owner", "64055");
  xmltest_assert_value (xml, "count(/volume/backingStore)", "0");
  xmltest_assert_value (xml, "count(/volume/target/compat)", "0");
  xmltest_assert_value (xml, "count(/volume/target/features)", "0");
}

Test (make, an_encrypted_image_with_its_secret)
{
  g_autofree char *xml
    = make ("{'name': <'l'>, 'capacity': <uint64 4096>, 'options': <{'encryption': 'luks', "
            "'encryption-secret': '6f31579b-fa92-435d-8a54-514c372276e9'}>}",
            MIGRATE_VOLUME_IMAGE);

  xmltest_assert_value (xml, "/volume/target/format/@type", "raw");
  xmltest_assert_value (xml, "/volume/target/encryption/@format", "luks");
  xmltest_assert_value (xml, "/volume/target/encryption/secret[@type='passphrase']/@uuid",
                        "6f31579b-fa92-435d-8a54-514c372276e9");
}

/* An image whose backing file has no declared format: libvirt would guess it from the content. */
Test (make, a_backing_file_with_a_format_always)
{
  g_autofree char *xml = make ("{'name': <'l'>, 'capacity': <uint64 4096>, 'format': <'qcow2'>, "
                               "'backing-there': <'/b'>}",
                               MIGRATE_VOLUME_IMAGE);

  xmltest_assert_value (xml, "/volume/backingStore/format/@type", "raw");
}

static const char *const hostile_names[] = {
  "a b",  " a",     "a,b=c;d",    "..a",    "<name>&amp;", "]]>",  "\"'",
  "a\nb", "a\tb\r", "Größe-漢字", "&#x41;", "-rf",         "%s%n",
};

Test (make, a_name_of_whatever_is_in_it)
{
  for (gsize i = 0; i < G_N_ELEMENTS (hostile_names); i++)
    {
      GVariantDict dict;
      g_autoptr (GVariant) values = NULL;
      g_autofree char *xml = NULL;

      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "name", "s", hostile_names[i]);
      g_variant_dict_insert (&dict, "backing-there", "s", hostile_names[i]);
      g_variant_dict_insert (&dict, "format", "s", "qcow2");
      g_variant_dict_insert (&dict, "capacity", "t", GIB);
      values = g_variant_ref_sink (g_variant_dict_end (&dict));
      xml = _migrate_volume_make (values, MIGRATE_VOLUME_IMAGE, NULL);
      cr_assert_not_null (xml, "%s", hostile_names[i]);
      xmltest_assert_value (xml, "/volume/name", hostile_names[i]);
      xmltest_assert_value (xml, "/volume/backingStore/path", hostile_names[i]);
      xmltest_assert_value (xml, "count(/volume/*)", "5");
    }
}

static const struct
{
  const char *row, *says;
} refused[] = {
  { "{'id': <'vda'>, 'capacity': <uint64 1>}", "no name" },
  { "{'name': <''>, 'capacity': <uint64 1>}", "no name" },
  { "{'name': <'.'>, 'capacity': <uint64 1>}", "no name" },
  { "{'name': <'..'>, 'capacity': <uint64 1>}", "no name" },
  { "{'name': <'../x'>, 'capacity': <uint64 1>}", "no name" },
  { "{'name': <'a/b'>, 'capacity': <uint64 1>}", "no name" },
  { "{'name': <'a\\u0001'>, 'capacity': <uint64 1>}", "no name" },
  { "{'name': <'a'>}", "size is not known" },
  { "{'name': <'a'>, 'capacity': <uint64 0>}", "size is not known" },
  { "{'name': <'a'>, 'capacity': <'7'>}", "size is not known" },
  { "{'name': <'a'>, 'capacity': <uint64 1>, 'format': <'vmdk'>}", "raw and qcow2" },
  { "{'name': <'a'>, 'capacity': <uint64 1>, 'backing-there': <'/a\\u0001'>}", "characters" },
  { "{'name': <'a'>, 'capacity': <uint64 1>, 'options': <{'owner': '\\u0001'}>}", "characters" },
};

Test (make, refuses_what_is_no_volume)
{
  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (GVariant) values = row (refused[i].row);
      g_autoptr (GError) error = NULL;

      cr_assert_null (_migrate_volume_make (values, MIGRATE_VOLUME_IMAGE, &error), "%s",
                      refused[i].row);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_assert_not_null (strstr (error->message, refused[i].says), "%s", error->message);
    }
}

/* ---- the carrier ---- */

static MigrateCarrier
carrier (const char *const *paths)
{
  return (MigrateCarrier){ .name = "libmigrate-carrier-01234567",
                           .uuid = "6f31579b-fa92-435d-8a54-514c372276e9",
                           .type = "qemu",
                           .arch = "x86_64",
                           .job = JOB,
                           .paths = paths };
}

Test (make, a_carrier_with_a_disk_for_each_file)
{
  static const char *const paths[] = { "/srv/a b.qcow2", "/srv/<&\n.raw", NULL };
  const MigrateCarrier given = carrier (paths);
  g_autofree char *xml = _migrate_carrier_make (&given, NULL);
  g_autofree char *job = NULL;

  cr_assert_not_null (xml);
  xmltest_assert_value (xml, "/domain/@type", "qemu");
  xmltest_assert_value (xml, "/domain/name", "libmigrate-carrier-01234567");
  xmltest_assert_value (xml, "/domain/memory[@unit='MiB']", "1");
  xmltest_assert_value (xml, "/domain/os/type/@machine", "pc");
  xmltest_assert_value (xml, "count(/domain/devices/disk)", "2");
  xmltest_assert_value (xml, "/domain/devices/disk[target/@dev='sda']/source/@file", paths[0]);
  xmltest_assert_value (xml, "/domain/devices/disk[target/@dev='sdb']/source/@file", paths[1]);
  xmltest_assert_value (xml, "count(/domain/devices/disk/driver[@type='raw'][@discard='unmap'])",
                        "2");
  xmltest_assert_value (xml, "/domain/devices/disk[2]/address/@target", "1");
  xmltest_assert_value (xml, "/domain/devices/controller[@type='scsi']/@model", "virtio-scsi");
  xmltest_assert_value (xml, "/domain/devices/controller[@type='usb']/@model", "none");
  xmltest_assert_value (xml, "/domain/devices/memballoon/@model", "none");
  xmltest_assert_value (xml, "count(/domain/devices/emulator)", "0");
  cr_assert_eq (_migrate_mark_read (xml, &job), MIGRATE_MARK_CARRIER);
  cr_assert_str_eq (job, JOB);
}

Test (make, names_the_disks_of_a_carrier_in_order)
{
  static const struct
  {
    guint n;
    const char *target;
  } known[] = { { 0, "sda" },   { 25, "sdz" },  { 26, "sdaa" },
                { 51, "sdaz" }, { 52, "sdba" }, { 254, "sdiu" } };

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      g_autofree char *target = _migrate_carrier_target (known[i].n);

      cr_expect_str_eq (target, known[i].target);
    }
}

Test (make, refuses_a_carrier_of_nothing_or_too_much)
{
  static const char *const relative[] = { "a", NULL };
  static const char *const unsayable[] = { "/a\x01", NULL };
  const char *many[258] = { NULL };
  const char *const none[] = { NULL };
  const char *const *const lists[] = { none, many, relative, unsayable };

  for (gsize i = 0; i + 1 < G_N_ELEMENTS (many); i++)
    many[i] = "/a";
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      const MigrateCarrier given = carrier (lists[i]);
      g_autoptr (GError) error = NULL;

      cr_expect_null (_migrate_carrier_make (&given, &error));
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
    }
}

/* ---- the mark ---- */

#define PLAIN "<domain type='kvm'><name>g</name></domain>"
#define OTHERS                                                                                     \
  "<domain type='kvm'>\n  <name>g</name>\n  <metadata>\n    <o:x xmlns:o='urn:o'>t</o:x>\n"        \
  "  </metadata>\n</domain>"
/* As libvirt writes what it was given. */
#define INDENTED                                                                                   \
  "<domain type='kvm'>\n  <name>g</name>\n  <metadata>\n    <o:x xmlns:o='urn:o'>t</o:x>\n"        \
  "    <m:mark xmlns:m='" MIGRATE_MARK_NAMESPACE "'>outgoing " JOB "</m:mark>\n"                   \
  "  </metadata>\n</domain>"

Test (make, puts_a_mark_in_and_takes_it_out)
{
  static const char *const documents[] = { PLAIN, OTHERS, INDENTED };
  static const char *const without[] = { PLAIN, OTHERS, OTHERS };

  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    {
      g_autofree char *in = _migrate_mark_set (documents[i], MIGRATE_MARK_INCOMING, JOB, NULL);
      g_autofree char *again = _migrate_mark_set (in, MIGRATE_MARK_OUTGOING, "other", NULL);
      g_autofree char *out = _migrate_mark_set (again, MIGRATE_MARK_NONE, NULL, NULL);
      g_autofree char *job = NULL, *other = NULL;

      cr_assert_eq (_migrate_mark_read (in, &job), MIGRATE_MARK_INCOMING);
      cr_assert_str_eq (job, JOB);
      cr_assert_eq (_migrate_mark_read (again, &other), MIGRATE_MARK_OUTGOING);
      cr_assert_str_eq (other, "other");
      xmltest_assert_value (again, "count(/domain/metadata/*[local-name()='mark'])", "1");
      cr_assert_eq (_migrate_mark_read (out, NULL), MIGRATE_MARK_NONE);
      xmltest_assert_same (out, without[i]);
    }
}

Test (make, takes_no_others_element_for_its_mark)
{
  cr_expect_eq (_migrate_mark_read (PLAIN, NULL), MIGRATE_MARK_NONE);
  cr_expect_eq (
    _migrate_mark_read ("<domain><metadata><mark>incoming x</mark></metadata></domain>", NULL),
    MIGRATE_MARK_NONE);
  cr_expect_eq (_migrate_mark_read ("<domain><metadata><mark xmlns='" MIGRATE_MARK_NAMESPACE
                                    "'>something x</mark></metadata></domain>",
                                    NULL),
                MIGRATE_MARK_NONE);
  cr_expect_eq (_migrate_mark_read ("<domain><devices><mark xmlns='" MIGRATE_MARK_NAMESPACE
                                    "'>incoming x</mark></devices></domain>",
                                    NULL),
                MIGRATE_MARK_NONE);
  cr_expect_eq (_migrate_mark_read ("not a document", NULL), MIGRATE_MARK_NONE);
}

Test (make, marks_guests_alone)
{
  g_autoptr (GError) error = NULL;

  cr_expect_null (_migrate_mark_set ("<volume/>", MIGRATE_MARK_INCOMING, JOB, NULL));
  cr_expect_null (_migrate_mark_set (PLAIN, MIGRATE_MARK_INCOMING, "\x01", &error));
  cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}
