/* This here is that there: what can be said, in what forms, and what is refused. */
#include "model/mapping-private.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>

TestSuite (mapping, .timeout = 20);

static GVariant *
parsed (const char *text)
{
  return g_variant_ref_sink (g_variant_new_parsed (text));
}

static void
set (MigrateMapping *mapping, const char *text)
{
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_mapping_set_from_string (mapping, text, &error), "%s: %s", text,
             error != NULL ? error->message : "");
}

static char *
get (MigrateMapping *mapping, const char *kind, const char *from)
{
  GVariant *to = migrate_mapping_get (mapping, kind, from);

  return to != NULL ? g_variant_print (to, FALSE) : NULL;
}

static void
assert_is (MigrateMapping *mapping, const char *kind, const char *from, const char *expected)
{
  g_autofree char *found = get (mapping, kind, from);

  cr_expect_eq (g_strcmp0 (found, expected), 0, "%s %s is %s, not %s", kind, from, found, expected);
}

/* ---- forms ---- */

/* Whatever way it is written here, it is found in any other. */
Test (mapping, names_have_one_form)
{
  static const struct
  {
    const char *kind, *from, *also, *form;
  } rows[] = {
    { "interface", "52:54:00:AA:0B:c1", "52:54:0:aa:b:C1", "52:54:00:aa:0b:c1" },
    { "pci", "06:12.5", "0000:06:12.5", "0000:06:12.5" },
    { "mdev", "C2177883F1BB47F0914D32A22E3A8804", "c2177883-f1bb-47f0-914d-32a22e3a8804",
      "c2177883-f1bb-47f0-914d-32a22e3a8804" },
    { "usb", "46D:825", "046d:0825", "046d:0825" },
    { "usb", "001.004", "1.4", "1.4" },
    { "path", "//srv/./images///a/", "/srv/images/a", "/srv/images/a" },
    { "disk", "/srv//a", "/srv/a", "/srv/a" },
    { "pages", "2M", "2048", "2048" },
    { "pages", "1GiB", "1024M", "1048576" },
    { "secret", "AAAAAAAA-2222-3333-4444-555555555555", "aaaaaaaa222233334444555555555555",
      "aaaaaaaa-2222-3333-4444-555555555555" },
    { "storage-host", "[fd00::1]:3260", "[fd00::1]:03260", "[fd00::1]:3260" },
    { "cpu", "007", "7", "7" },
    { "pin", "vcpu:03", "vcpu:3", "vcpu:3" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
      g_autoptr (GVariant) to = parsed ("{'hole': <true>}");
      g_auto (GStrv) froms = NULL;

      cr_assert (migrate_mapping_set (mapping, rows[i].kind, rows[i].from, to, NULL), "%s",
                 rows[i].from);
      cr_expect_not_null (migrate_mapping_get (mapping, rows[i].kind, rows[i].also), "%s",
                          rows[i].also);
      froms = migrate_mapping_dup_froms (mapping, rows[i].kind);
      cr_assert_eq (g_strv_length (froms), 1);
      cr_expect_str_eq (froms[0], rows[i].form);
    }
}

Test (mapping, values_have_one_form)
{
  static const struct
  {
    const char *text, *kind, *from, *expected;
  } rows[] = {
    { "disk:vda=/srv//b/", "disk", "vda", "{'path': <'/srv/b'>}" },
    { "disk:vda= cache = none ; path=/a", "disk", "vda", "{'path': <'/a'>, 'cache': <'none'>}" },
    { "disk:/a;b=/c;d", "disk", "/a;b", "{'path': <'/c;d'>}" },
    { "disk:vda=/a=b", "disk", "vda", "{'path': <'/a=b'>}" },
    { "disk:vda=protocol=rbd;name=p/i;hosts=a:1, [::1]:2 b", "disk", "vda",
      "{'protocol': <'rbd'>, 'name': <'p/i'>, 'hosts': <'a:1 [::1]:2 b'>}" },
    { "interface:1:2:3:4:5:6=network=n;port-group=g", "interface", "1:2:3:4:5:6",
      "{'network': <'n'>, 'port-group': <'g'>}" },
    { "network:n=m", "network", "n", "{'network': <'m'>}" },
    { "network:n=bridge=b", "network", "n", "{'bridge': <'b'>}" },
    { "pci:1:2.3=0:4:5.6", "pci", "01:02.3", "{'address': <'0000:04:05.6'>}" },
    { "pin:shared=^2,0-3", "pin", "shared", "{'cpus': <'0-3'>}" },
    { "pin:shared=0-3,^2,3", "pin", "shared", "{'cpus': <'0-1,3'>}" },
    { "pin:shared=none", "pin", "shared", "{'none': <true>}" },
    { "perf:*=no", "perf", "*", "{'enabled': <'no'>}" },
    { "disk:vda=?", "disk", "vda", "{'hole': <true>}" },
    { "metadata:urn:a=none", "metadata", "urn:a", "{'none': <true>}" },
    { "pages:1G=512M", "pages", "1G", "{'size': <'524288'>}" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
      g_autoptr (GVariant) wanted = rows[i].expected != NULL ? parsed (rows[i].expected) : NULL;
      GVariant *found;

      set (mapping, rows[i].text);
      found = migrate_mapping_get (mapping, rows[i].kind, rows[i].from);
      cr_assert_not_null (found, "%s", rows[i].text);
      cr_expect (g_variant_equal (found, wanted), "%s", rows[i].text);
    }
}

/* Python and Lua have their own ideas of numbers. */
Test (mapping, numbers_may_be_numbers)
{
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
  g_autoptr (GVariant) to = parsed ("{'port': <uint16 2445>}");
  g_autoptr (GVariant) lua = parsed ("{'port': <2446.0>}");
  g_autoptr (GVariant) flag = parsed ("{'enabled': <true>}");
  g_autoptr (GVariant) no = parsed ("{'cpus': <'1'>, 'none': <false>}");

  cr_assert (migrate_mapping_set (mapping, "endpoint", "serial:0", to, NULL));
  assert_is (mapping, "endpoint", "serial:0", "{'port': <'2445'>}");
  cr_assert (migrate_mapping_set (mapping, "endpoint", "serial:0", lua, NULL));
  assert_is (mapping, "endpoint", "serial:0", "{'port': <'2446'>}");
  cr_assert (migrate_mapping_set (mapping, "perf", "cmt", flag, NULL));
  assert_is (mapping, "perf", "cmt", "{'enabled': <'yes'>}");
  cr_assert (migrate_mapping_set (mapping, "pin", "shared", no, NULL));
  assert_is (mapping, "pin", "shared", "{'cpus': <'1'>}");
}

/* ---- what is refused ---- */

Test (mapping, refuses_what_cannot_be)
{
  static const char *const bad[] = {
    "",
    "disk",
    "disk:vda",
    "nonsense:a=b",
    "disk:vda=",
    "disk:vda=relative",
    "disk:vda=/a/../b",
    "disk:vda=/a\nb",
    "disk:vda=/a\x7f",
    "disk:vda=/a\xff",
    "disk:vda=/a\xc2\x85",
    "disk:vda=/a\xef\xbf\xbf",
    "disk:=/a",
    "disk:v da=/a",
    "disk:vda=none",
    "disk:vda=colour=red",
    "disk:vda=path=/a;colour=red",
    "disk:vda=path=/a;cache",
    "disk:vda=path=/a;pool=p;volume=v",
    "disk:vda=pool=p",
    "disk:vda=volume=v",
    "disk:vda=protocol=rbd",
    "disk:vda=type=block",
    "disk:vda=type=network;path=/a",
    "disk:vda=format=exe;path=/a",
    "disk:vda=hosts=a b:0",
    "disk:vda=hosts=-a",
    "path:relative=/a",
    "path:/a=b",
    "pool:a/b=c",
    "pool:a=..",
    "interface:52:54:00:aa:bb=bridge=b",
    "interface:52:54:00:aa:bb:cc:dd=bridge=b",
    "interface:52:54:00:aa:bb:gg=bridge=b",
    "interface:52:54:00:aa:bb:cc=br0",
    "interface:52:54:00:aa:bb:cc=bridge=a;network=b",
    "interface:52:54:00:aa:bb:cc=port-group=g",
    "interface:52:54:00:aa:bb:cc=mode=bridge",
    "interface:52:54:00:aa:bb:cc=device=eth0;mode=client",
    "interface:52:54:00:aa:bb:cc=socket=/s;mode=bridge",
    "interface:52:54:00:aa:bb:cc=bridge=b;interface-id=x",
    "pci:06:12.8=06:12.1",
    "pci:06:20.0=06:12.1",
    "pci:06:12=06:12.1",
    "pci:06:12.1= 6:12.1x",
    "pci:10000:06:12.1=06:12.1",
    "mdev:c2177883-f1bb-47f0-914d=c2177883-f1bb-47f0-914d-32a22e3a8804",
    "mdev:c2177883--f1bb-47f0-914d-32a22e3a8804=c2177883-f1bb-47f0-914d-32a22e3a8804",
    "usb:046d=046e",
    "usb:1.4=046d:10825",
    "listen:*=a b",
    "listen:*=-a",
    "endpoint:serial:0=port=0",
    "endpoint:serial:0=port=65536",
    "endpoint:serial:0=2445",
    "endpoint:serial=port=1",
    "endpoint:display:0=port=1",
    "pin:shared=",
    "pin:shared=3-1",
    "pin:shared=0-99999",
    "pin:shared=1,",
    "pin:shared=x",
    "pin:0=1",
    "pin:vcpu:x=1",
    "cpu:0-1=2",
    "node:x=1",
    "pages:0=2M",
    "pages:2X=1G",
    "memory-source:memfd=shared",
    "memory-access:memfd=shared",
    "secret:a=b",
    "perf:cmt=maybe",
    "label:magic=x",
    "metadata:nonsense=none",
    "metadata:urn:a=x",
    "metadata:urn:a b=none",
    "partition:/a=b",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
      g_autoptr (GPtrArray) entries = NULL;
      g_autoptr (GError) error = NULL;

      cr_expect_not (migrate_mapping_set_from_string (mapping, bad[i], &error), "%s", bad[i]);
      entries = _migrate_mapping_list (mapping);
      cr_expect_eq (entries->len, 0, "%s", bad[i]);
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s", bad[i]);
      if (error != NULL)
        {
          cr_expect_not_null (_migrate_error_private (error)->remedy, "%s", bad[i]);
          cr_expect (g_utf8_validate (error->message, -1, NULL));
          cr_expect_null (strchr (error->message, '\n'), "%s", error->message);
          cr_expect_null (strstr (error->message, "\xc2\x85"));
        }
    }
}

Test (mapping, refuses_fields_that_cannot_be)
{
  static const char *const bad[] = {
    "@a{sv} {}",
    "{'none': <true>}",
    "{'path': <['/a']>}",
    "{'path': <{'path': '/a'}>}",
    "{'path': <'/a'>, 'none': <true>}",
    "{'': <'/a'>}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
      g_autoptr (GVariant) to = parsed (bad[i]);
      g_autoptr (GError) error = NULL;

      cr_expect_not (migrate_mapping_set (mapping, "disk", "vda", to, &error), "%s", bad[i]);
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s", bad[i]);
      cr_expect_null (migrate_mapping_get (mapping, "disk", "vda"));
    }
}

Test (mapping, lengths_are_bounded)
{
  g_autofree char *name = g_strnfill (256, 'a'), *path = g_strnfill (4096, 'a');
  g_autofree char *long_name = g_strconcat ("pool:p=", name, NULL);
  g_autofree char *long_path = g_strconcat ("disk:vda=/", path, NULL);
  g_autofree char *long_from = g_strconcat ("path:/", path, "=/a", NULL);
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();

  cr_expect_not (migrate_mapping_set_from_string (mapping, long_name, NULL));
  cr_expect_not (migrate_mapping_set_from_string (mapping, long_path, NULL));
  cr_expect_not (migrate_mapping_set_from_string (mapping, long_from, NULL));
  long_name[strlen (long_name) - 1] = '\0';
  long_path[strlen (long_path) - 1] = '\0';
  set (mapping, long_name);
  set (mapping, long_path);
}

/* ---- the object ---- */

Test (mapping, a_later_word_holds_and_null_takes_it_back)
{
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new (), copy = NULL;
  g_auto (GStrv) froms = NULL, none = NULL;

  set (mapping, "disk:vda=/a");
  set (mapping, "disk:vdb=/b");
  set (mapping, "disk:vda=/c");
  copy = migrate_mapping_copy (mapping);
  cr_assert (migrate_mapping_set (mapping, "disk", "vda", NULL /* to */, NULL));
  cr_assert (migrate_mapping_set (mapping, "disk", "vda", NULL /* to */, NULL));
  cr_assert (migrate_mapping_set (mapping, "pool", "p", NULL /* to */, NULL));
  assert_is (mapping, "disk", "vda", NULL);
  assert_is (mapping, "disk", "vdb", "{'path': <'/b'>}");
  assert_is (copy, "disk", "vda", "{'path': <'/c'>}");
  froms = migrate_mapping_dup_froms (copy, "disk");
  none = migrate_mapping_dup_froms (copy, "nonsense");
  cr_assert_eq (g_strv_length (froms), 2);
  cr_assert_eq (g_strv_length (none), 0);
  cr_assert_null (migrate_mapping_get (copy, "nonsense", "a"));
  cr_assert_null (migrate_mapping_get (copy, "disk", "no disk"));
}

Test (mapping, goes_through_the_journal)
{
  static const char *const lines[]
    = { "disk:vda=path=/a;format=raw", "pin:shared=none", "pci:1:2.3=?", "path:/=/x",
        "metadata:urn:a=none",         "disk:a:b=/c=d" };
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new (), other = NULL;
  g_autoptr (GVariant) first = NULL, second = NULL, number = parsed ("7");
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    set (mapping, lines[i]);
  first = g_variant_ref_sink (_migrate_mapping_to_variant (mapping));
  other = _migrate_mapping_from_variant (first, &error);
  cr_assert_not_null (other, "%s", error != NULL ? error->message : "");
  second = g_variant_ref_sink (_migrate_mapping_to_variant (other));
  cr_assert (g_variant_equal (first, second));
  cr_assert_eq (g_variant_n_children (first), G_N_ELEMENTS (lines));
  cr_assert_null (_migrate_mapping_from_variant (number, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}

Test (mapping, every_kind_is_described)
{
  g_auto (GStrv) kinds = migrate_mapping_dup_kinds ();

  cr_assert_eq (g_strv_length (kinds), MIGRATE_N_MAP_KINDS);
  for (guint i = 0; kinds[i] != NULL; i++)
    {
      const MigrateMapRow *row = &_migrate_map_rows[i];
      g_autofree char *text = migrate_mapping_describe_kind (kinds[i]);

      cr_assert_not_null (text);
      for (const MigrateMapField *field = row->fields; field->name != NULL; field++)
        cr_expect_not_null (strstr (text, field->name), "%s: %s", kinds[i], field->name);
      cr_expect (row->fields->name != NULL || row->removable);
      cr_expect_eq (_migrate_map_kind_find (kinds[i]), (gssize) i);
    }
  cr_assert_null (migrate_mapping_describe_kind ("nonsense"));
}

/* ---- folders ---- */

Test (mapping, the_longest_folder_is_found)
{
  static const struct
  {
    const char *path, *from;
  } rows[] = { { "/a/b/c", "/a/b" }, { "/a/b", "/a/b" }, { "/a/bc", "/a" },   { "/a", "/a" },
               { "/x/y", "/x/y" },   { "/x", NULL },     { "relative", NULL } };
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();

  set (mapping, "path:/a=/1");
  set (mapping, "path:/a/b=/2");
  set (mapping, "path:/x/y=/3");
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      const MigrateMapEntry *entry = _migrate_mapping_find_folder (mapping, rows[i].path);

      cr_expect_eq (g_strcmp0 (entry != NULL ? entry->from : NULL, rows[i].from), 0, "%s",
                    rows[i].path);
    }
  set (mapping, "path:/=/root");
  cr_expect_str_eq (_migrate_mapping_find_folder (mapping, "/x")->from, "/");
}

/* ---- files ---- */

static MigrateMapping *
from_file (const char *text, GError **error)
{
  g_autofree char *path = g_build_filename (g_get_tmp_dir (), "mapping.XXXXXX", NULL);
  MigrateMapping *mapping;
  int file = g_mkstemp (path);

  cr_assert (file >= 0);
  cr_assert (g_close (file, NULL));
  cr_assert (g_file_set_contents (path, text, -1, NULL));
  mapping = migrate_mapping_new_from_file (path, error);
  g_unlink (path);
  return mapping;
}

Test (mapping, reads_a_key_file)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateMapping) mapping
    = from_file ("# the destination\n"
                 "[disk]\nvda = /srv/b.qcow2\n/srv/a b.img=path=/x;format=raw\n"
                 "[interface 52:54:00:AA:BB:CC]\nbridge = br1\ntarget=tap7\n"
                 "[path /srv/a=b]\npath=/srv/c\n"
                 "[pin]\nshared=none\n"
                 "[pin emulator]\nnone=true\n"
                 "[pci]\n06:12.5=?\n"
                 "[filter]\n"
                 "[metadata]\nurn:a=none\n",
                 &error);

  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  assert_is (mapping, "disk", "vda", "{'path': <'/srv/b.qcow2'>}");
  assert_is (mapping, "disk", "/srv/a b.img", "{'path': <'/x'>, 'format': <'raw'>}");
  cr_assert_not_null (migrate_mapping_get (mapping, "interface", "52:54:00:aa:bb:cc"));
  assert_is (mapping, "path", "/srv/a=b", "{'path': <'/srv/c'>}");
  assert_is (mapping, "pin", "shared", "{'none': <true>}");
  assert_is (mapping, "pin", "emulator", "{'none': <true>}");
  assert_is (mapping, "pci", "0000:06:12.5", "{'hole': <true>}");
}

Test (mapping, a_bad_line_is_named)
{
  static const struct
  {
    const char *text, *group, *key, *why;
  } rows[] = {
    { "[disk]\nvda=/a\nvdb=relative\n", "disk", "vdb", "absolute path" },
    { "[nonsense]\na=b\n", "nonsense", "a", "no kind of mapping" },
    { "[nonsense a]\nb=c\n", "nonsense a", NULL, "no kind of mapping" },
    { "[interface 52:54:00:aa:bb:cc]\nbridge=br0\ncolour=red\n", "interface 52:54:00:aa:bb:cc",
      "colour", "no field “colour”" },
    { "[interface nonsense]\nbridge=br0\n", "interface nonsense", NULL, "52:54:00:12:34:56" },
    { "[interface 52:54:00:aa:bb:cc]\n", "interface 52:54:00:aa:bb:cc", NULL, "says nothing" },
    { "[disk vda]\npool=p\n", "disk vda", NULL, "needs “volume”" },
    { "[disk vda]\nnone=true\n", "disk vda", "none", "no field “none”" },
    { "[pci]\n06:12.9=06:12.1\n", "pci", "06:12.9", "PCI address" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *group = g_strdup_printf ("group “%s”", rows[i].group);
      g_autofree char *key = rows[i].key != NULL ? g_strdup_printf ("key “%s”", rows[i].key) : NULL;

      cr_assert_null (from_file (rows[i].text, &error), "%s", rows[i].text);
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_expect_not_null (strstr (error->message, "Mapping file “"), "%s", error->message);
      cr_expect_not_null (strstr (error->message, group), "%s", error->message);
      cr_expect (key == NULL || strstr (error->message, key) != NULL, "%s", error->message);
      cr_expect_not_null (strstr (error->message, rows[i].why), "%s", error->message);
      cr_expect_not_null (_migrate_error_private (error)->remedy);
    }
}

Test (mapping, a_file_that_is_none_is_refused)
{
  g_autofree char *large = g_strnfill (1024 * 1024 + 1, '\n');
  static const char *const bad[] = { "vda=/a\n", "[disk\nvda=/a\n", "\x01\x02", "[disk]\nvda\n" };
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      cr_expect_null (from_file (bad[i], &error), "%s", bad[i]);
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      g_clear_error (&error);
    }
  cr_expect_null (from_file (large, &error));
  cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  g_clear_error (&error);
  cr_expect_null (migrate_mapping_new_from_file ("/nonexistent/mapping", &error));
  cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND));
  g_clear_error (&error);
  /* Nothing that would block. */
  cr_expect_null (migrate_mapping_new_from_file ("/dev/tty", &error));
  cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}

/* ---- sets ---- */

Test (mapping, sets_of_cpus)
{
  static const struct
  {
    const char *text, *form;
  } rows[] = { { "0", "0" },
               { "3,1,2", "1-3" },
               { "0-3,^2", "0-1,3" },
               { "0-3,^2,2", "0-3" },
               { "63,64,127-129", "63-64,127-129" },
               { "16383", "16383" },
               { "0-16383", "0-16383" },
               { "16384", NULL },
               { "1-", NULL },
               { "-1", NULL },
               { "^1", NULL },
               { "1 ,2", NULL },
               { "", NULL },
               { "99999999999999999999", NULL },
               { "0-3,^0-2", NULL } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      MigrateCpus cpus;
      gboolean good = _migrate_cpus_parse (rows[i].text, &cpus);
      g_autofree char *form = good ? _migrate_cpus_format (&cpus) : NULL;

      cr_expect_eq (g_strcmp0 (form, rows[i].form), 0, "%s is %s", rows[i].text, form);
    }
}

/* The one that the documentation shows. */
Test (mapping, reads_the_example)
{
  g_autofree char *path
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "examples/destination.map", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new_from_file (path, &error);

  cr_assert_not_null (mapping, "%s", error != NULL ? error->message : "");
  assert_is (mapping, "bridge", "br0", "{'bridge': <'br10'>, 'virtual-port': <'openvswitch'>}");
  assert_is (mapping, "pci", "06:12.5", "{'hole': <true>}");
}
