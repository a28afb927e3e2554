/* What is read out of libvirt's documents. */
#include "xml/xml-private.h"

#include <criterion/criterion.h>

TestSuite (xml, .timeout = 20);

static GPtrArray *
disks (const char *inside)
{
  g_autofree char *xml
    = g_strdup_printf ("<domain type='qemu'><name>a</name><devices>%s</devices></domain>", inside);
  g_autoptr (GError) error = NULL;
  GPtrArray *found = _migrate_xml_parse_disks (xml, &error);

  cr_assert_not_null (found, "%s", error != NULL ? error->message : "");
  return found;
}

Test (xml, reads_disks_of_every_type)
{
  g_autoptr (GPtrArray) found = disks (
    "<disk type='file' device='disk'><source file='/a&amp;b.img'/><target dev='vda'/></disk>"
    "<disk type='block'><source dev='/dev/sdb'/><target dev='vdb'/><readonly/></disk>"
    "<disk type='network' device='disk'><source protocol='nbd' name='exp'/>"
    "<target dev='vdc'/><shareable/></disk>"
    "<disk type='volume'><source pool='p' volume='v'/><target dev='vdd'/></disk>"
    "<disk type='file' device='cdrom'><target dev='sda'/></disk>"
    "<disk type='vhostuser'><source type='unix' path='/s'/><target dev='vde'/></disk>");
  static const struct
  {
    const char *target, *type, *source;
  } expected[] = { { "vda", "file", "/a&b.img" },   { "vdb", "block", "/dev/sdb" },
                   { "vdc", "network", "nbd:exp" }, { "vdd", "volume", "p:v" },
                   { "sda", "file", NULL },         { "vde", "vhostuser", "/s" } };

  cr_assert_eq (found->len, G_N_ELEMENTS (expected));
  for (guint i = 0; i < found->len; i++)
    {
      MigrateDisk *disk = found->pdata[i];

      cr_assert_str_eq (disk->target, expected[i].target);
      cr_assert_str_eq (disk->type, expected[i].type);
      cr_assert_eq (g_strcmp0 (disk->source, expected[i].source), 0, "%s has source %s",
                    disk->target, disk->source);
    }
  cr_assert (((MigrateDisk *) found->pdata[1])->read_only);
  cr_assert (((MigrateDisk *) found->pdata[2])->shareable);
}

Test (xml, ignores_what_only_looks_like_a_disk)
{
  g_autoptr (GPtrArray) found = disks ("<x:disk xmlns:x='urn:x'/><filesystem><disk/></filesystem>");

  cr_assert_eq (found->len, 0);
}

Test (xml, refuses_what_is_no_domain)
{
  static const char *const bad[] = { "", "<domain", "<pool/>", "no xml", "<domain>&undefined;" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      cr_assert_null (_migrate_xml_parse_disks (bad[i], &error), "%s", bad[i]);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
    }
}

Test (xml, reads_the_hosts_uuid)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *uuid = _migrate_xml_parse_host_uuid (
    "<capabilities><host><uuid> 1f </uuid></host></capabilities>", &error);
  g_autofree char *none
    = _migrate_xml_parse_host_uuid ("<capabilities><host/></capabilities>", &error);

  cr_assert_str_eq (uuid, "1f");
  cr_assert_null (none);
  cr_assert_null (error);
}
