/* Whether the disks that are to travel can. */
#include "checktest.h"

#define GIB G_GUINT64_CONSTANT (1073741824)

#define RAW                                                                                        \
  DEVICES ("<disk type='file'><driver type='raw'/><source file='/p/top'/>"                         \
           "<target dev='vda'/></disk>")
#define TWO                                                                                        \
  DEVICES ("<disk><source file='/p/top'/><target dev='vda'/></disk>"                               \
           "<disk><source file='/p/two'/><target dev='vdb'/></disk>")
#define VOLUME                                                                                     \
  DEVICES ("<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>")
#define CDROM                                                                                      \
  DEVICES ("<disk type='file' device='cdrom'><source file='/iso/a.iso'/><target dev='sda'/>"       \
           "<readonly/></disk><disk type='file' device='cdrom'><target dev='sdb'/><readonly/>"     \
           "</disk>")
#define NBD                                                                                        \
  DEVICES ("<disk type='network'><source protocol='nbd' name='a'><host name='s'/></source>"        \
           "<target dev='vdc'/></disk>")
#define CHAIN                                                                                      \
  DEVICES ("<disk type='file'><driver type='qcow2'/><source file='/p/top'/><target dev='vda'/>"    \
           "<backingStore type='file'><format type='raw'/><source file='/p/base'/>"                \
           "<backingStore/></backingStore></disk>")
#define LUKS                                                                                       \
  DEVICES ("<disk type='file'><driver type='raw'/><source file='/p/top'>"                          \
           "<encryption format='luks'/></source><target dev='vda'/></disk>")

static MigrateHostFacts *
there (CheckGiven *g)
{
  return &g->facts->on_destination;
}
static void
in_the_way (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
  check_file (there (g), "/p/top", "p", TRUE);
}
static void
out_of_the_way (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
  check_file (there (g), "/p/top", "p", FALSE);
}
static void
the_same_file (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
  check_file (there (g), "/p/top", "p", TRUE);
}
static void
disk_of (CheckGiven *g, const char *path, guint64 capacity, guint64 allocation)
{
  MigrateVolume *volume = g_new0 (MigrateVolume, 1);

  volume->name = g_strdup (path);
  volume->capacity = capacity;
  volume->allocation = allocation;
  check_file (&g->facts->on_source, path, "p", TRUE)->volume = volume;
}
/* 10 GiB, of which 4 GiB are used: with a margin of a half 6, and 1 more to be left. */
static void
room (CheckGiven *g, guint64 available)
{
  check_set (g, "space-margin", "50");
  check_set (g, "space-reserve", "1024");
  disk_of (g, "/p/top", 10 * GIB, 4 * GIB);
  out_of_the_way (g);
  check_pool (there (g), "p", available);
}
static void
just_enough (CheckGiven *g)
{
  room (g, 7 * GIB);
}
static void
just_short (CheckGiven *g)
{
  room (g, 7 * GIB - 1000);
}
/* Never more than its capacity. */
static void
grown_to_capacity (CheckGiven *g)
{
  check_set (g, "space-margin", "1000");
  disk_of (g, "/p/top", 10 * GIB, 4 * GIB);
  out_of_the_way (g);
  check_pool (there (g), "p", 11 * GIB);
}
static void
two_disks (CheckGiven *g)
{
  room (g, 12 * GIB);
  disk_of (g, "/p/two", 6 * GIB, 6 * GIB);
  check_probed (g, "vdb", MIGRATE_SHARING_NOT_SHARED);
  check_file (there (g), "/p/two", "p", FALSE);
}
static void
volume_short (CheckGiven *g)
{
  disk_of (g, "p:v", 10 * GIB, 4 * GIB);
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
  check_file (there (g), "p:v", "p", FALSE);
  check_pool (there (g), "p", GIB);
}

/* ---- which ---- */

static void
kind_of (CheckGiven *g, MigrateKind kind)
{
  g->request.kind = kind;
}
static void
not_shared (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
}
static void
shared (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
}
static void
off (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
live (CheckGiven *g)
{
  kind_of (g, MIGRATE_KIND_LIVE);
}
static void
block (CheckGiven *g)
{
  kind_of (g, MIGRATE_KIND_BLOCK);
}
static void
block_shared (CheckGiven *g)
{
  block (g);
  shared (g);
}
static void
named (CheckGiven *g)
{
  not_shared (g);
  check_set (g, "disks", "vda");
}
static void
named_live (CheckGiven *g)
{
  shared (g);
  live (g);
  check_set (g, "disks", "vda");
}
static void
named_nothing (CheckGiven *g)
{
  check_set (g, "disks", "vdz");
}
static void
named_empty (CheckGiven *g)
{
  check_set (g, "disks", "sdb");
}
static void
named_medium (CheckGiven *g)
{
  check_set (g, "disks", "sda");
}
static void
named_network (CheckGiven *g)
{
  check_set (g, "disks", "vdc");
}
static void
named_shared (CheckGiven *g)
{
  shared (g);
  check_set (g, "disks", "vda");
}
static void
named_unproven (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_UNKNOWN);
  check_set (g, "disks", "vda");
}
static void
named_unproven_accepted (CheckGiven *g)
{
  named_unproven (g);
  check_set (g, "accept", "disk-copy-unproven");
}
static void
one_named (CheckGiven *g)
{
  named (g);
  check_probed (g, "vdb", MIGRATE_SHARING_NOT_SHARED);
}
static void
one_named_accepted (CheckGiven *g)
{
  one_named (g);
  check_set (g, "accept", "disk-not-named;disk-left");
}
static void
one_named_off (CheckGiven *g)
{
  one_named (g);
  off (g);
}
static void
one_named_off_accepted (CheckGiven *g)
{
  one_named_accepted (g);
  off (g);
}
static void
none_named (CheckGiven *g)
{
  not_shared (g);
  check_probed (g, "vdb", MIGRATE_SHARING_NOT_SHARED);
}
static void
none_named_off (CheckGiven *g)
{
  none_named (g);
  off (g);
}
static void
tls (CheckGiven *g)
{
  not_shared (g);
  check_set (g, "tls", "true");
}
static void
not_shared_off (CheckGiven *g)
{
  not_shared (g);
  off (g);
}
static void
suspend (CheckGiven *g)
{
  kind_of (g, MIGRATE_KIND_SUSPEND);
}
static void
suspend_with_file (CheckGiven *g)
{
  suspend (g);
  not_shared (g);
}

/* ---- what lies there ---- */

static void
file_of (MigrateHostFacts *host, const char *path, guint64 physical)
{
  MigrateVolume *volume = g_new0 (MigrateVolume, 1);

  volume->name = g_strdup (path);
  volume->capacity = volume->physical = volume->allocation = physical;
  volume->format = g_strdup ("raw");
  check_file (host, path, "p", TRUE)->volume = volume;
}
static void
smaller_there (CheckGiven *g)
{
  not_shared (g);
  file_of (&g->facts->on_source, "/p/top", 2 * GIB);
  file_of (there (g), "/p/top", GIB);
}
static void
base_differs (CheckGiven *g)
{
  not_shared (g);
  file_of (&g->facts->on_source, "/p/base", 2 * GIB);
  file_of (there (g), "/p/base", GIB);
}
static void
base_same_size (CheckGiven *g)
{
  not_shared (g);
  file_of (&g->facts->on_source, "/p/base", GIB);
  file_of (there (g), "/p/base", GIB);
}
static void
iso_differs (CheckGiven *g)
{
  off (g);
  file_of (&g->facts->on_source, "/iso/a.iso", 2 * GIB);
  file_of (there (g), "/iso/a.iso", GIB);
}
/* 4 GiB of the image grow to 6, 3 GiB of what is below it stay, and 1 is left. */
static void
base_needs_room (CheckGiven *g)
{
  room (g, 10 * GIB - 1000);
  file_of (&g->facts->on_source, "/p/base", 3 * GIB);
  check_file (there (g), "/p/base", "p", FALSE);
}
static void
base_has_room (CheckGiven *g)
{
  room (g, 10 * GIB);
  file_of (&g->facts->on_source, "/p/base", 3 * GIB);
  check_file (there (g), "/p/base", "p", FALSE);
}
static void
base_is_there (CheckGiven *g)
{
  room (g, 7 * GIB);
  file_of (&g->facts->on_source, "/p/base", 3 * GIB);
  file_of (there (g), "/p/base", 3 * GIB);
}
/* One image of 10 GiB. */
static void
whole_needs_all (CheckGiven *g)
{
  room (g, 11 * GIB - 1000);
  check_set (g, "disk-copy", "whole");
}
/* With the guest's 4 GiB of memory, and what does not run does not grow. */
static void
memory_needs_room (CheckGiven *g)
{
  room (g, 9 * GIB - 1000);
  suspend (g);
}
static void
memory_has_room (CheckGiven *g)
{
  room (g, 9 * GIB);
  suspend (g);
}
static void
short_accepted (CheckGiven *g)
{
  just_short (g);
  check_set (g, "accept", "space-short");
}

static const CheckRow rows[] = {
  { "a disk that is not there", RAW, named_nothing, "disk-not-copyable", MIGRATE_SEVERITY_BLOCKER,
    "does not have it" },
  { "an empty drive", CDROM, named_empty, "disk-not-copyable", MIGRATE_SEVERITY_BLOCKER,
    "no medium" },
  { "a medium", CDROM, named_medium, "disk-not-copyable", MIGRATE_SEVERITY_BLOCKER, "only read" },
  { "a network disk", NBD, named_network, "disk-not-copyable", MIGRATE_SEVERITY_BLOCKER,
    "not a file" },
  { "a file", RAW, named, "disk-not-copyable", CHECK_ABSENT },
  { "a file, and all is well", RAW, named, NULL, 0 },
  { "named, and live", RAW, named_live, "disks-in-vain", MIGRATE_SEVERITY_WARNING },
  { "live, none named", RAW, live, "disks-in-vain", CHECK_ABSENT },
  { "onto itself", RAW, named_shared, "disk-copy-shared", MIGRATE_SEVERITY_BLOCKER },
  { "onto another", RAW, named, "disk-copy-shared", CHECK_ABSENT },
  { "nobody knows", RAW, named_unproven, "disk-copy-unproven", MIGRATE_SEVERITY_BLOCKER,
    "so it was found" },
  { "nobody knows, accepted", RAW, named_unproven_accepted, "disk-copy-unproven",
    MIGRATE_SEVERITY_WARNING },
  { "nobody knows, accepted: it goes", RAW, named_unproven_accepted, NULL, 0 },
  { "named, so not unproven twice", RAW, named_unproven, "disk-sharing-unproven", CHECK_ABSENT },
  { "known", RAW, named, "disk-copy-unproven", CHECK_ABSENT },
  { "one of two", TWO, one_named, "disk-not-named", MIGRATE_SEVERITY_BLOCKER, "/p/two" },
  { "one of two, accepted in vain", TWO, one_named_accepted, "disk-not-named",
    MIGRATE_SEVERITY_BLOCKER },
  { "all of two", TWO, none_named, "disk-not-named", CHECK_ABSENT },
  { "one of two, off", TWO, one_named_off, "disk-left", MIGRATE_SEVERITY_BLOCKER, "/p/two" },
  { "one of two, off, accepted", TWO, one_named_off_accepted, "disk-left",
    MIGRATE_SEVERITY_WARNING },
  { "all of two, off", TWO, none_named_off, "disk-left", CHECK_ABSENT },
  { "block without a disk", RAW, block_shared, "nothing-to-copy", MIGRATE_SEVERITY_BLOCKER },
  { "block with a medium alone", CDROM, block, "nothing-to-copy", MIGRATE_SEVERITY_BLOCKER },
  { "block with a disk", RAW, not_shared, "nothing-to-copy", CHECK_ABSENT },
  { "another file of that name", RAW, in_the_way, "file-in-the-way", MIGRATE_SEVERITY_BLOCKER },
  { "no file of that name", RAW, out_of_the_way, "file-in-the-way", CHECK_ABSENT },
  { "the same file", RAW, the_same_file, "file-in-the-way", CHECK_ABSENT },
  { "a little short", RAW, just_short, "space-short", MIGRATE_SEVERITY_BLOCKER, "7.0 GiB" },
  { "two disks, one pool", TWO, two_disks, "space-short", MIGRATE_SEVERITY_BLOCKER, "13.0 GiB" },
  { "no room for a volume", VOLUME, volume_short, "space-short", MIGRATE_SEVERITY_BLOCKER, "“p”" },
  { "just enough", RAW, just_enough, "space-short", CHECK_ABSENT },
  { "enough for its capacity", RAW, grown_to_capacity, "space-short", CHECK_ABSENT },
  { "shared: no room needed", RAW, the_same_file, "space-short", CHECK_ABSENT },
  { "another file, in words", RAW, smaller_there, "file-in-the-way", MIGRATE_SEVERITY_BLOCKER,
    "raw, 1.0 GiB), where disk “vda” is to be (raw, 2.0 GiB)" },
  { "the base there has another size", CHAIN, base_differs, "image-differs",
    MIGRATE_SEVERITY_BLOCKER, "/p/base" },
  { "the base there has that size", CHAIN, base_same_size, "image-differs", CHECK_ABSENT },
  { "the base there has that size: fine", CHAIN, base_same_size, NULL, 0 },
  { "another ISO", CDROM, iso_differs, "image-differs", MIGRATE_SEVERITY_BLOCKER, "/iso/a.iso" },
  { "short, accepted", RAW, short_accepted, "space-short", MIGRATE_SEVERITY_WARNING },
  { "short for the base", CHAIN, base_needs_room, "space-short", MIGRATE_SEVERITY_BLOCKER,
    "10.0 GiB" },
  { "room for the base", CHAIN, base_has_room, "space-short", CHECK_ABSENT },
  { "the base is there", CHAIN, base_is_there, "space-short", CHECK_ABSENT },
  { "short for one image", CHAIN, whole_needs_all, "space-short", MIGRATE_SEVERITY_BLOCKER,
    "11.0 GiB" },
  { "short for memory", RAW, memory_needs_room, "space-short", MIGRATE_SEVERITY_BLOCKER,
    "9.0 GiB" },
  { "room for memory", RAW, memory_has_room, "space-short", CHECK_ABSENT },
  { "no folder for memory", NBD, suspend, "suspend-without-folder", MIGRATE_SEVERITY_BLOCKER },
  { "a folder for memory", RAW, suspend_with_file, "suspend-without-folder", CHECK_ABSENT },
  { "in clear", LUKS, not_shared, "disk-in-clear", MIGRATE_SEVERITY_WARNING },
  { "over TLS", LUKS, tls, "disk-in-clear", CHECK_ABSENT },
  { "as the image is", LUKS, not_shared_off, "disk-in-clear", CHECK_ABSENT },
};

const CheckRows check_copy_rows = { rows, G_N_ELEMENTS (rows) };
