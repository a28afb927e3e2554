/* Snapshots and checkpoints, with a guest in each. */
#include "xml/records-private.h"

#include "xmltest.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (records, .timeout = 20);

#define SNAPSHOT                                                                                   \
  "<domainsnapshot><name>vor dem &lt;Umzug&gt;</name><parent><name>erster</name></parent>"         \
  "<memory snapshot='external' file='/mem/1'/>"                                                    \
  "<disks><disk name='vda' snapshot='external' type='file'><source file='/a/1'/></disk>"           \
  "<disk name='vdb' snapshot='internal'/>"                                                         \
  "<disk name='vdc' snapshot='no'><source file='/a/none'/></disk></disks>"                         \
  "<domain type='kvm'><name>g</name><x:y xmlns:x='urn:x'>k&amp;p</x:y></domain>"                   \
  "<inactiveDomain type='kvm'><name>g</name></inactiveDomain></domainsnapshot>"

Test (records, have_a_name)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *name = _migrate_record_dup_name (SNAPSHOT, NULL);
  g_autofree char *checkpoint
    = _migrate_record_dup_name ("<domaincheckpoint><name>c</name></domaincheckpoint>", NULL);

  cr_assert_str_eq (name, "vor dem <Umzug>");
  cr_assert_str_eq (checkpoint, "c");
  cr_assert_null (_migrate_record_dup_name ("<domainsnapshot/>", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}

Test (records, name_the_files_that_they_keep)
{
  g_auto (GStrv) files = _migrate_record_dup_files (SNAPSHOT);
  g_auto (GStrv) none = _migrate_record_dup_files ("<domaincheckpoint/>");
  g_autofree char *all = g_strjoinv (" ", files);

  cr_assert_str_eq (all, "/mem/1 /a/1");
  cr_assert_eq (g_strv_length (none), 0);
}

/* ---- other names ---- */

static gboolean
longer_path (gpointer data, const char *path, char **result, GError **error)
{
  *result = g_str_has_prefix (path, "/a/") ? g_strconcat ("/there", path, NULL) : NULL;
  return TRUE;
}

static gboolean
other_guest (gpointer data, const char *xml, char **result, GError **error)
{
  guint *calls = data;

  ++*calls;
  cr_assert (g_str_has_prefix (xml, "<domain "), "%s", xml);
  if (strstr (xml, "x:y") != NULL)
    *result = g_strdup ("<domain type='qemu'><name>g</name><title>a &amp; b</title></domain>");
  return TRUE;
}

static gboolean
refuse_guest (gpointer data, const char *xml, char **result, GError **error)
{
  g_set_error_literal (error, MIGRATE_ERROR, MIGRATE_ERROR_BLOCKED, "no");
  return FALSE;
}

Test (records, are_renamed_inside)
{
  guint calls = 0;
  const MigrateRecordNames names = { other_guest, longer_path, &calls };
  g_autoptr (GError) error = NULL;
  g_autofree char *xml = _migrate_record_rename (SNAPSHOT, &names, &error);

  cr_assert_not_null (xml, "%s", error != NULL ? error->message : "");
  cr_assert_eq (calls, 2);
  xmltest_assert_value (xml, "/domainsnapshot/name", "vor dem <Umzug>");
  xmltest_assert_value (xml, "/domainsnapshot/memory/@file", "/mem/1");
  xmltest_assert_value (xml, "/domainsnapshot/disks/disk[1]/source/@file", "/there/a/1");
  xmltest_assert_value (xml, "/domainsnapshot/disks/disk[3]/source/@file", "/a/none");
  xmltest_assert_value (xml, "/domainsnapshot/domain[@type='qemu']/title", "a & b");
  xmltest_assert_value (xml, "/domainsnapshot/inactiveDomain[@type='kvm']/name", "g");
  xmltest_assert_value (xml, "count(/domainsnapshot/*)", "6");
}

Test (records, are_not_renamed_in_part)
{
  const MigrateRecordNames names = { refuse_guest, longer_path, NULL };
  g_autoptr (GError) error = NULL;

  cr_assert_null (_migrate_record_rename (SNAPSHOT, &names, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BLOCKED));
}
