/* The document there: golden files, one for each part of the table; what wins; what is left to be
 * answered; what strangers may try. */
#include "xml/compare-private.h"
#include "xml/rewrite-private.h"
#include "xmltest.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (rewrite, .timeout = 60);

static MigrateMapping *
mapping (const char *const *lines)
{
  MigrateMapping *made = migrate_mapping_new ();

  for (; *lines != NULL; lines++)
    {
      g_autoptr (GError) error = NULL;

      cr_assert (migrate_mapping_set_from_string (made, *lines, &error), "%s: %s", *lines,
                 error != NULL ? error->message : "");
    }
  return made;
}

#define MAPPING(...) mapping ((const char *const[]){ __VA_ARGS__, NULL })

static MigrateRewritten *
rewrite (const char *xml, const MigrateRewrite *how)
{
  g_autoptr (GError) error = NULL;
  MigrateRewritten *result = _migrate_xml_rewrite (xml, how, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  return result;
}

static const MigrateChange *
change (const MigrateRewritten *result, guint i)
{
  cr_assert_lt (i, result->changes->len);
  return result->changes->pdata[i];
}

/* ---- golden files ---- */

static void
check_golden (const char *name)
{
  g_autofree char *folder
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests/unit/data/xml", NULL);
  g_autofree char *input = xmltest_read (folder, name, ".xml");
  g_autofree char *expected = xmltest_read (folder, name, ".expected");
  g_autofree char *map = g_strdup_printf ("%s/%s.map", folder, name);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateMapping) made = migrate_mapping_new_from_file (map, &error);
  const MigrateRewrite by_job = { .mapping = made }, by_profile = { .profile = made };
  const MigrateRewrite by_both = { .mapping = made, .profile = made };
  g_autoptr (MigrateRewritten) first = NULL, second = NULL, third = NULL;

  cr_assert_not_null (made, "%s", error != NULL ? error->message : "");
  first = rewrite (input, &by_job);
  second = rewrite (input, &by_profile);
  third = rewrite (input, &by_both);
  cr_expect_str_eq (first->xml, expected, "%s is\n%s", name, first->xml);
  cr_expect_str_eq (second->xml, expected, "%s by the profile is\n%s", name, second->xml);
  cr_expect_str_eq (third->xml, expected, "%s by both is\n%s", name, third->xml);
  cr_expect_eq (g_strv_length (first->unused), 0, "%s: %s has nothing", name, first->unused[0]);
  cr_expect_eq (g_strv_length (second->unused), 0);
  cr_expect_gt (first->changes->len, 0);
}

Test (rewrite, golden_files)
{
  g_autofree char *folder
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests/unit/data/xml", NULL);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;
  guint n = 0;

  cr_assert_not_null (dir);
  while ((file = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (file, ".map"))
      {
        g_autofree char *name = g_strndup (file, strlen (file) - strlen (".map"));

        check_golden (name);
        n++;
      }
  cr_assert_geq (n, 13);
}

/* Each row of the table is in some golden file: a row that changes nothing there is not tested. */
Test (rewrite, every_rule_has_a_golden_file)
{
  g_autofree char *folder
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests/unit/data/xml", NULL);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *file;
  MigrateRuleText text;

  while ((file = g_dir_read_name (dir)) != NULL)
    if (g_str_has_suffix (file, ".map"))
      {
        g_autofree char *name = g_strndup (file, strlen (file) - strlen (".map"));
        g_autofree char *input = xmltest_read (folder, name, ".xml");
        g_autofree char *map = g_build_filename (folder, file, NULL);
        g_autoptr (MigrateMapping) made = migrate_mapping_new_from_file (map, NULL);
        g_autoptr (MigrateRewritten) result = rewrite (input, &(MigrateRewrite){ .mapping = made });

        for (guint i = 0; i < result->changes->len; i++)
          g_hash_table_add (seen, (gpointer) change (result, i)->rule);
      }
  for (guint i = 0; _migrate_rewrite_describe (i, &text); i++)
    cr_expect (g_hash_table_contains (seen, text.rule), "no golden file for “%s” at %s", text.rule,
               text.place);
}

/* ---- nothing said ---- */

Test (rewrite, without_a_rule_it_is_the_same)
{
  g_autofree char *folder
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests/unit/data/xml", NULL);
  g_autofree char *input = xmltest_read (folder, "survivors", ".xml");
  g_autoptr (MigrateMapping) other = MAPPING ("path:/nowhere=/there", "pci:01:02.3=04:05.6");
  const MigrateRewrite none = { NULL }, nothing_here = { .profile = other };
  g_autoptr (MigrateRewritten) first = rewrite (input, &none);
  g_autoptr (MigrateRewritten) second = rewrite (input, &nothing_here);

  xmltest_assert_same (input, first->xml);
  xmltest_assert_same (input, second->xml);
  cr_assert_eq (first->changes->len + second->changes->len, 0);
}

/* Everything that XML has two ways of writing. */
Test (rewrite, what_is_read_is_written)
{
  static const char *const awkward[] = {
    "<domain a='&amp;#38;&amp;amp; &lt;&gt;&quot;&apos; &#9;&#10;&#13;&#x20AC;\xe2\x82\xac'/>",
    "<domain>&amp;#38; &lt;a&gt; &#13;\n\t &#38;&#60; ]]&gt; \xf0\x9f\x96\xa5</domain>",
    "<domain><![CDATA[]]><![CDATA[<a>&amp;]]>a<![CDATA[ ]] > ]]></domain>",
    "<domain><?a?><?b   c ?><!----><!-- - --></domain>",
    "<?a b?><!-- c --><domain/><!-- d --><?e?>",
    "<domain xmlns:a='urn:a' xmlns:b='urn:&amp;b'><a:a b:c='1' c='2'><d xmlns='urn:d' e='f'>"
    "<g xmlns=''/></d></a:a></domain>",
    "<domain xml:lang='en' xml:space='preserve'> <a></a><a/> </domain>",
    "\xef\xbb\xbf<?xml version='1.0' encoding='utf-8' standalone='yes'?>\r\n<domain\r\n a\r\n=\r\n"
    "'b\r\nc'>\r\n</domain >\r\n",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (awkward); i++)
    {
      g_autoptr (MigrateRewritten) result = rewrite (awkward[i], &(MigrateRewrite){ NULL });

      xmltest_assert_same (awkward[i], result->xml);
    }
}

/* The two trees refuse the same. */
Test (rewrite, what_is_not_well_formed_is_refused)
{
  static const char *const bad[] = {
    "<domain a='1' a='2'/>",
    "<domain><a></b></domain>",
    "<domain>&nbsp;</domain>",
    "<domain a='<'/>",
    "<domain a=b/>",
    "<domain>&#0;</domain>",
    "<domain/><domain/>",
    "<domain/>text",
    "<domain><a:b/></domain>",
    "<domain>]]></domain>",
    "<domain><!-- a -- b --></domain>",
    "<domain xmlns:a='urn:a' xmlns:b='urn:a' a:c='1' b:c='2'/>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      cr_expect_null (_migrate_xml_rewrite (bad[i], &(MigrateRewrite){ NULL }, &error), "%s",
                      bad[i]);
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s", bad[i]);
      cr_expect_null (_migrate_xml_compare (bad[i], bad[i], NULL), "%s", bad[i]);
    }
}

/* What is there already is no change, and is used all the same. */
Test (rewrite, the_same_value_is_no_change)
{
  g_autoptr (MigrateMapping) made = MAPPING ("disk:vda=/a", "path:/b=/b", "pin:vcpu:0=3");
  const char *xml = "<domain><cputune><vcpupin vcpu='0' cpuset='3'/></cputune><devices>"
                    "<disk type='file'><source file='/a'/><backingStore type='file'>"
                    "<source file='/b/c'/></backingStore><target dev='vda'/></disk>"
                    "</devices></domain>";
  g_autoptr (MigrateRewritten) result = rewrite (xml, &(MigrateRewrite){ .mapping = made });

  xmltest_assert_same (xml, result->xml);
  cr_assert_eq (result->changes->len, 0);
  cr_assert_eq (g_strv_length (result->unused), 0);
}

/* ---- what wins ---- */

static const char one_disk[]
  = "<domain><devices><disk type='file'><source file='/here/a'/><target dev='vda'/></disk>"
    "</devices></domain>";

static void
assert_source (const MigrateRewrite *how, const char *expected, MigrateOrigin origin)
{
  g_autoptr (MigrateRewritten) result = rewrite (one_disk, how);
  g_autofree char *text = g_strdup_printf ("<source file=\"%s\"/>", expected);

  cr_assert_not_null (strstr (result->xml, text), "%s is not in %s", text, result->xml);
  cr_assert_eq (change (result, 0)->origin, origin);
  cr_assert_str_eq (change (result, 0)->from, "/here/a");
  cr_assert_str_eq (change (result, 0)->to, expected);
  cr_assert_str_eq (change (result, 0)->subject, "disk vda");
}

Test (rewrite, binding_wins_over_job_over_profile)
{
  g_autoptr (MigrateMapping) job = MAPPING ("disk:vda=/job"),
                             profile = MAPPING ("disk:vda=/profile");
  g_autoptr (GVariant) text
    = g_variant_ref_sink (g_variant_new_parsed ("{'disk:vda': <'/binding'>, 'other': <7>}"));
  g_autoptr (GVariant) fields
    = g_variant_ref_sink (g_variant_new_parsed ("{'disk:vda': <{'path': <'/binding'>}>}"));

  assert_source (&(MigrateRewrite){ text, job, profile }, "/binding", MIGRATE_ORIGIN_BINDING);
  assert_source (&(MigrateRewrite){ fields, job, profile }, "/binding", MIGRATE_ORIGIN_BINDING);
  assert_source (&(MigrateRewrite){ NULL, job, profile }, "/job", MIGRATE_ORIGIN_JOB);
  assert_source (&(MigrateRewrite){ NULL, NULL, profile }, "/profile", MIGRATE_ORIGIN_PROFILE);
}

/* Who says it counts more than how exactly it is named; within one, the exact name wins. */
Test (rewrite, precedence_comes_before_exactness)
{
  g_autoptr (MigrateMapping) folder = MAPPING ("path:/here=/folder");
  g_autoptr (MigrateMapping) disk = MAPPING ("disk:vda=/disk");
  g_autoptr (MigrateMapping) both = MAPPING ("path:/here=/folder", "disk:vda=/disk");
  g_autoptr (MigrateMapping) nested = MAPPING ("path:/here=/folder", "path:/here/a=/exact");

  assert_source (&(MigrateRewrite){ NULL, folder, disk }, "/folder/a", MIGRATE_ORIGIN_JOB);
  assert_source (&(MigrateRewrite){ NULL, disk, folder }, "/disk", MIGRATE_ORIGIN_JOB);
  assert_source (&(MigrateRewrite){ NULL, both, NULL }, "/disk", MIGRATE_ORIGIN_JOB);
  assert_source (&(MigrateRewrite){ NULL, NULL, nested }, "/exact", MIGRATE_ORIGIN_PROFILE);
}

/* A value is mapped once: there is no chain of mappings, and so no loop of them. */
Test (rewrite, what_is_mapped_is_not_mapped_again)
{
  g_autoptr (MigrateMapping) swap
    = MAPPING ("path:/here=/there", "path:/there=/here", "disk:/here/a=/there/x");

  assert_source (&(MigrateRewrite){ .mapping = swap }, "/there/x", MIGRATE_ORIGIN_JOB);
}

/* Fields come each from who says them first. */
Test (rewrite, fields_are_joined_across_layers)
{
  g_autoptr (MigrateMapping) job = MAPPING ("disk:vda=/job");
  g_autoptr (MigrateMapping) profile = MAPPING ("disk:vda=path=/profile;cache=none;format=raw");
  g_autoptr (MigrateRewritten) result = rewrite (one_disk, &(MigrateRewrite){ NULL, job, profile });

  cr_assert_not_null (strstr (result->xml, "<source file=\"/job\"/>"));
  cr_assert_not_null (strstr (result->xml, "<driver type=\"raw\" cache=\"none\"/>"), "%s",
                      result->xml);
}

/* ---- what is left over ---- */

Test (rewrite, what_will_be_answered_is_a_hole)
{
  g_autoptr (MigrateMapping) job
    = MAPPING ("disk:vda=?", "pci:01:02.3=?", "interface:1:2:3:4:5:6=?");
  const char *const expected[] = { "disk:vda", "disk:vdb", "port", NULL };
  g_autoptr (GVariant) bindings
    = g_variant_ref_sink (g_variant_new_parsed ("{'disk:vda': <'/b'>, 'port': <49152>}"));
  g_autoptr (MigrateRewritten) before
    = rewrite (one_disk, &(MigrateRewrite){ .mapping = job, .expected = expected });
  g_autoptr (MigrateRewritten) after
    = rewrite (one_disk, &(MigrateRewrite){ bindings, job, NULL, expected });

  xmltest_assert_same (one_disk, before->xml);
  cr_assert_eq (g_strv_length (before->holes), 3);
  cr_assert_str_eq (before->holes[0], "disk:vda");
  cr_assert_str_eq (before->holes[1], "disk:vdb");
  cr_assert_str_eq (before->holes[2], "port");
  cr_assert_eq (g_strv_length (after->holes), 1);
  cr_assert_str_eq (after->holes[0], "disk:vdb");
  cr_assert_not_null (strstr (after->xml, "file=\"/b\""));
  /* The guest has neither: that is told too. */
  cr_assert_eq (g_strv_length (before->unused), 2);
  cr_assert_str_eq (before->unused[0], "interface:01:02:03:04:05:06");
  cr_assert_str_eq (before->unused[1], "pci:0000:01:02.3");
}

/* ---- what strangers try ---- */

Test (rewrite, values_are_text_and_never_markup)
{
  g_autoptr (MigrateMapping) hostile = migrate_mapping_new ();
  static const char value[] = "/x'\"><evil a='1'/><!-- &lt;&evil; ]]> ${x} %n";
  g_autoptr (GVariant) to = g_variant_ref_sink (g_variant_new_parsed ("{'path': <%s>}", value));
  const char *xml = "<domain><os><kernel>/here/k</kernel></os><devices><disk type='file'>"
                    "<source file='/here/a'/><target dev='vda'/></disk></devices></domain>";
  g_autoptr (MigrateRewritten) result = NULL;

  cr_assert (migrate_mapping_set (hostile, "path", "/here/a", to, NULL));
  cr_assert (migrate_mapping_set (hostile, "path", "/here/k", to, NULL));
  result = rewrite (xml, &(MigrateRewrite){ .profile = hostile });
  xmltest_assert_value (result->xml, "/domain/devices/disk/source/@file", value);
  xmltest_assert_value (result->xml, "/domain/os/kernel", value);
  xmltest_assert_value (result->xml, "count(//*)", "7");
  xmltest_assert_value (result->xml, "count(//comment())", "0");
}

Test (rewrite, a_binding_that_cannot_be_is_refused)
{
  static const char *const bad[] = {
    "{'disk:vda': <'not a path'>}",
    "{'disk:vda': <{'path': <'/a\\u0007b'>}>}",
    "{'pci:01:02.3': <'04:05.9'>}",
    "{'interface:nonsense': <'bridge=br0'>}",
    "{'disk:vda': <7>}",
    "{'disk:vda': <{'colour': <'red'>}>}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (GVariant) bindings = g_variant_ref_sink (g_variant_new_parsed (bad[i]));

      cr_assert_null (_migrate_xml_rewrite (one_disk, &(MigrateRewrite){ bindings }, &error), "%s",
                      bad[i]);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s", bad[i]);
      cr_assert (g_str_has_prefix (error->message, "Binding: "), "%s", error->message);
    }
}

Test (rewrite, refuses_what_is_no_domain)
{
  static const char *const bad[] = { "", "<domain", "<network/>", "<domain><a></domain>",
                                     "<!DOCTYPE domain [<!ENTITY e 'x'>]><domain>&e;</domain>" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      cr_assert_null (_migrate_xml_rewrite (bad[i], &(MigrateRewrite){ NULL }, &error));
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
    }
}

/* Documents that libvirt would refuse: nothing is assumed of them. */
Test (rewrite, lives_with_odd_documents)
{
  static const char *const odd[] = {
    "<domain/>",
    "<domain><devices><disk/><interface/><hostdev type='pci'><source><address/></source></hostdev>"
    "<hostdev type='usb'><source/></hostdev><graphics/><serial/><rng/></devices></domain>",
    "<domain><vcpu/><cputune><vcpupin/><emulatorpin/><iothreadpin/></cputune><numatune><memory/>"
    "</numatune><memoryBacking><hugepages><page/></hugepages></memoryBacking><perf><event/></perf>"
    "<seclabel/><metadata/><resource/><memory/></domain>",
    "<domain><devices><disk><disk><source file='/here/a'/></disk></disk></devices></domain>",
    "<domain><devices><interface type='vhostuser'><mac address='zz'/><source/></interface>"
    "<hostdev type='pci'><source><address domain='x' bus='0xfffffffff'/></source></hostdev>"
    "</devices><cputune><vcpupin vcpu='0' cpuset='7-3,x'/></cputune></domain>",
    "<x:domain xmlns:x='urn:x'/>",
  };
  g_autoptr (MigrateMapping) all = MAPPING (
    "disk:vda=path=/x;cache=none;chain=end", "path:/=/root", "interface:0:0:0:0:0:0=bridge=b",
    "socket:/s=/t", "bridge:b=c", "network:n=m", "pci:00:00.0=00:00.1", "usb:1.1=1.2",
    "listen:*=::1", "endpoint:serial:0=port=1", "pin:shared=1", "pin:vcpu:0=1", "pin:emulator=none",
    "cpu:0=1", "node:0=1", "pages:2M=1G", "memory-source:*=memfd", "memory-access:*=none",
    "perf:*=none", "label:dac=none", "metadata:urn:a=none", "partition:/a=none",
    "secret:x=11111111222233334444555555555555");

  for (gsize i = 0; i < G_N_ELEMENTS (odd); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MigrateRewritten) result
        = _migrate_xml_rewrite (odd[i], &(MigrateRewrite){ .mapping = all }, &error);

      cr_assert ((result != NULL) != (error != NULL));
      cr_assert (result != NULL || i == G_N_ELEMENTS (odd) - 1, "%s", odd[i]);
    }
}
