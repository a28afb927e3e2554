/* What the disks are made of, and whether the destination has it. */
#include "checktest.h"

#define GIB G_GUINT64_CONSTANT (1073741824)

#define CDROM                                                                                      \
  DEVICES ("<disk type='file' device='cdrom'><source file='/iso/a.iso'/><target dev='sda'/>"       \
           "<readonly/></disk>")
#define EMPTY DEVICES ("<disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>")
#define CHAIN(format)                                                                              \
  DEVICES ("<disk type='file'><driver type='qcow2'/><source file='/p/top'/><target dev='vda'/>"    \
           "<backingStore type='file'><format type='" format "'/><source file='/p/base'/>"         \
           "<backingStore/></backingStore></disk>")
#define FORMAT(format, more)                                                                       \
  DEVICES ("<disk type='file'><driver type='" format "'/><source file='/p/top'/>"                  \
           "<target dev='vda'/>" more "</disk>")
#define VVFAT(more)                                                                                \
  DEVICES ("<disk type='dir'><driver type='fat'/><source dir='/d'/><target dev='vda'/>" more       \
           "</disk>")
#define LUKS                                                                                       \
  DEVICES ("<disk type='file'><driver type='raw'/><source file='/p/top'>"                          \
           "<encryption format='luks'><secret type='passphrase' "                                  \
           "uuid='ABCDEF00-0000-0000-0000-000000000001'/></encryption></source>"                   \
           "<target dev='vda'/></disk>")
#define CEPH                                                                                       \
  DEVICES ("<disk type='network'><auth username='u'><secret type='ceph' usage='client.u'/></auth>" \
           "<source protocol='rbd' name='p/i'/><target dev='vda'/></disk>")
#define VOLUME                                                                                     \
  DEVICES ("<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>")

static MigrateHostFacts *
there (CheckGiven *g)
{
  return &g->facts->on_destination;
}
static void
no_iso (CheckGiven *g)
{
  check_file (there (g), "/iso/a.iso", "iso", FALSE);
}
static void
no_iso_accepted (CheckGiven *g)
{
  no_iso (g);
  check_set (g, "accept", "image-missing");
}
static void
no_iso_pool (CheckGiven *g)
{
  check_file (there (g), "/iso/a.iso", NULL, FALSE);
}
static void
iso (CheckGiven *g)
{
  check_file (there (g), "/iso/a.iso", "iso", TRUE);
}
static void
iso_shared (CheckGiven *g)
{
  iso (g);
  check_probed (g, "sda", MIGRATE_SHARING_SHARED);
}
static void
no_base (CheckGiven *g)
{
  check_file (there (g), "/p/base", "p", FALSE);
}
static void
base (CheckGiven *g)
{
  check_file (there (g), "/p/base", "p", TRUE);
}
static void
secret (CheckGiven *g, const char *uuid, const char *type, const char *usage)
{
  MigrateSecretFacts *known = g_new0 (MigrateSecretFacts, 1);

  known->uuid = g_strdup (uuid);
  known->usage_type = g_strdup (type);
  known->usage = g_strdup (usage);
  if (there (g)->secrets == NULL)
    there (g)->secrets = g_ptr_array_new ();
  g_ptr_array_add (there (g)->secrets, known);
}
/* Moved from there to here: the destination has another one. */
static void
secret_here (CheckGiven *g, const char *uuid, const char *type, const char *usage)
{
  MigrateHostFacts *here = &g->facts->on_source, *other = there (g);
  GPtrArray *known = other->secrets;

  other->secrets = NULL;
  secret (g, uuid, type, usage);
  here->secrets = g_steal_pointer (&other->secrets);
  other->secrets = known;
}
static void
other_secret (CheckGiven *g)
{
  secret (g, "abcdef00-0000-0000-0000-000000000002", "ceph", "client.v");
}
static void
same_uuid (CheckGiven *g)
{
  other_secret (g);
  secret (g, "abcdef00-0000-0000-0000-000000000001", NULL, NULL);
}
static void
same_usage (CheckGiven *g)
{
  other_secret (g);
  secret (g, "abcdef00-0000-0000-0000-000000000003", "ceph", "client.u");
}
static void
block (CheckGiven *g)
{
  g->request.kind = MIGRATE_KIND_BLOCK;
}
static void
no_iso_block (CheckGiven *g)
{
  no_iso (g);
  block (g);
}
static void
iso_block (CheckGiven *g)
{
  iso (g);
  block (g);
}
static void
no_base_block (CheckGiven *g)
{
  no_base (g);
  block (g);
}
static void
off (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
uuid_here (CheckGiven *g)
{
  other_secret (g);
  secret_here (g, "abcdef00-0000-0000-0000-000000000001", NULL, NULL);
}
static void
usage_here (CheckGiven *g)
{
  other_secret (g);
  secret_here (g, "abcdef00-0000-0000-0000-000000000003", "ceph", "client.u");
}
static void
other_pool (CheckGiven *g)
{
  check_pool (there (g), "q", GIB);
}
static void
stopped_pool (CheckGiven *g)
{
  check_pool (there (g), "p", GIB)->active = FALSE;
}
static void
same_pool (CheckGiven *g)
{
  check_pool (there (g), "p", GIB);
}
#define RAW FORMAT ("raw", "")

static const CheckRow rows[] = {
  { "ISO only here", CDROM, no_iso, "image-missing", MIGRATE_SEVERITY_BLOCKER, "/iso/a.iso" },
  { "ISO only here, accepted", CDROM, no_iso_accepted, "image-missing", MIGRATE_SEVERITY_WARNING },
  { "ISO there too", CDROM, iso, "image-missing", CHECK_ABSENT },
  { "nobody looked for the ISO", CDROM, no_iso_pool, "image-missing", CHECK_ABSENT },
  { "nothing of the ISO", CDROM, NULL, "image-unproven", MIGRATE_SEVERITY_WARNING },
  { "ISO seen", CDROM, iso, "image-unproven", CHECK_ABSENT },
  { "empty drive", EMPTY, NULL, "image-unproven", CHECK_ABSENT },
  { "two ISOs", CDROM, iso, "image-copy", MIGRATE_SEVERITY_NOTE },
  { "one ISO", CDROM, iso_shared, "image-copy", CHECK_ABSENT },
  { "ISO only here, and travels", CDROM, no_iso_block, "image-missing", CHECK_ABSENT },
  { "nothing of the ISO, and it travels", CDROM, block, "image-unproven", CHECK_ABSENT },
  { "two ISOs, compared", CDROM, iso_block, "image-copy", CHECK_ABSENT },
  { "base only here, and travels", CHAIN ("qcow2"), no_base_block, "chain-missing", CHECK_ABSENT },
  { "vmdk, off", FORMAT ("vmdk", ""), off, "disk-format", CHECK_ABSENT },
  { "base only here", CHAIN ("qcow2"), no_base, "chain-missing", MIGRATE_SEVERITY_BLOCKER,
    "/p/base" },
  { "base there too", CHAIN ("qcow2"), base, "chain-missing", CHECK_ABSENT },
  { "base unknown", CHAIN ("qcow2"), NULL, "chain-missing", CHECK_ABSENT },
  { "vmdk", FORMAT ("vmdk", ""), NULL, "disk-format", MIGRATE_SEVERITY_BLOCKER, "vmdk" },
  { "vdi", FORMAT ("vdi", ""), NULL, "disk-format", MIGRATE_SEVERITY_BLOCKER },
  { "vpc", FORMAT ("vpc", ""), NULL, "disk-format", MIGRATE_SEVERITY_BLOCKER },
  { "qcow1", FORMAT ("qcow", "<readonly/>"), NULL, "disk-format", MIGRATE_SEVERITY_BLOCKER },
  { "vmdk below", CHAIN ("vmdk"), NULL, "disk-format", MIGRATE_SEVERITY_BLOCKER },
  { "vvfat", VVFAT (""), NULL, "disk-format", MIGRATE_SEVERITY_BLOCKER },
  { "vvfat, only read", VVFAT ("<readonly/>"), NULL, "disk-format", CHECK_ABSENT },
  { "qcow2", CHAIN ("qcow2"), NULL, "disk-format", CHECK_ABSENT },
  { "raw", RAW, NULL, "disk-format", CHECK_ABSENT },
  { "passphrase not there", LUKS, other_secret, "secret-missing", MIGRATE_SEVERITY_BLOCKER,
    "ABCDEF00" },
  { "passphrase here", LUKS, uuid_here, "secret-missing", CHECK_ABSENT },
  { "passphrase travels", LUKS, uuid_here, "secret-copied", MIGRATE_SEVERITY_NOTE, "ABCDEF00" },
  { "key travels", CEPH, usage_here, "secret-copied", MIGRATE_SEVERITY_NOTE, "client.u" },
  { "another key", CEPH, uuid_here, "secret-missing", MIGRATE_SEVERITY_BLOCKER },
  { "passphrase of neither", LUKS, other_secret, "secret-copied", CHECK_ABSENT },
  { "passphrase there already", LUKS, same_uuid, "secret-copied", CHECK_ABSENT },
  { "passphrase there", LUKS, same_uuid, "secret-missing", CHECK_ABSENT },
  { "passphrase unknown", LUKS, NULL, "secret-missing", CHECK_ABSENT },
  { "key not there", CEPH, other_secret, "secret-missing", MIGRATE_SEVERITY_BLOCKER, "client.u" },
  { "key there", CEPH, same_usage, "secret-missing", CHECK_ABSENT },
  { "no secret needed", RAW, other_secret, "secret-missing", CHECK_ABSENT },
  { "pool not there", VOLUME, other_pool, "pool-missing", MIGRATE_SEVERITY_BLOCKER,
    "does not have" },
  { "pool stopped", VOLUME, stopped_pool, "pool-missing", MIGRATE_SEVERITY_BLOCKER,
    "has not started" },
  { "pool there", VOLUME, same_pool, "pool-missing", CHECK_ABSENT },
  { "pools unknown", VOLUME, NULL, "pool-missing", CHECK_ABSENT },
};

const CheckRows check_image_rows = { rows, G_N_ELEMENTS (rows) };
