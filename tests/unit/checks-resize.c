/* Whether the guest can have another shape. */
#include "checktest.h"

#define GIB G_GUINT64_CONSTANT (1073741824)

#define RAW                                                                                        \
  DEVICES ("<disk type='file'><driver type='raw'/><source file='/p/top'/>"                         \
           "<target dev='vda'/></disk>")
#define LUKS                                                                                       \
  DEVICES ("<disk type='file'><driver type='raw'/><source file='/p/top'>"                          \
           "<encryption format='luks'/></source><target dev='vda'/></disk>")
#define TOPOLOGY "<cpu><topology sockets='1' dies='1' cores='2' threads='1'/></cpu>"

static void
ask (CheckGiven *g, const char *resize)
{
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
  g->facts->guest.reason = 0;
  g->facts->resize = g_variant_parse (G_VARIANT_TYPE_VARDICT, resize, NULL, NULL, NULL);
  g->request.resize = g->facts->resize;
}

/* 10 GiB, of which 4 are used, in a pool of each host. */
static void
image (CheckGiven *g, const char *format)
{
  MigrateVolume *volume = g_new0 (MigrateVolume, 1);

  volume->name = g_strdup ("top");
  volume->format = g_strdup (format);
  volume->capacity = 10 * GIB;
  volume->allocation = 4 * GIB;
  check_file (&g->facts->on_source, "/p/top", "p", TRUE)->volume = volume;
  check_file (&g->facts->on_destination, "/p/top", "p", FALSE);
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
  check_set (g, "space-reserve", "0");
}

static void
larger (CheckGiven *g)
{
  ask (g, "{'disks': <{'vda': uint64 21474836480}>}");
  image (g, "raw");
}
static void
larger_with_room (CheckGiven *g)
{
  larger (g);
  check_pool (&g->facts->on_destination, "p", 14 * GIB);
}
static void
larger_without_room (CheckGiven *g)
{
  larger (g);
  check_pool (&g->facts->on_destination, "p", 13 * GIB);
}
static void
larger_live (CheckGiven *g)
{
  larger (g);
  g->facts->guest.state = MIGRATE_DOMAIN_RUNNING;
  g->request.kind = MIGRATE_KIND_BLOCK;
}
static void
as_large (CheckGiven *g)
{
  ask (g, "{'disks': <{'vda': uint64 10737418240}>}");
  image (g, "raw");
}
static void
smaller (CheckGiven *g)
{
  ask (g, "{'disks': <{'vda': uint64 10737417728}>}");
  image (g, "raw");
}
static void
another (CheckGiven *g)
{
  ask (g, "{'disks': <{'vdz': uint64 21474836480}>}");
  image (g, "raw");
}
static void
shared (CheckGiven *g)
{
  larger (g);
  g_ptr_array_set_size (g->facts->probed, 0);
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
}
static void
other_format (CheckGiven *g)
{
  ask (g, "{'disks': <{'vda': uint64 21474836480}>}");
  image (g, "qcow2");
}
static void
in_no_pool (CheckGiven *g)
{
  ask (g, "{'disks': <{'vda': uint64 21474836480}>}");
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
}
static void
four_vcpus (CheckGiven *g)
{
  ask (g, "{'vcpus': <uint32 4>}");
}
static void
two_vcpus (CheckGiven *g)
{
  ask (g, "{'vcpus': <uint32 2>}");
}
/* What the destination has not. */
static void
much_memory (CheckGiven *g)
{
  ask (g, "{'memory': <uint64 68719476736>}");
  g->facts->on_destination.memory_total = 32 * GIB;
}

static const CheckRow rows[] = {
  { "a larger disk", RAW, larger, NULL, 0 },
  { "of a guest that runs", RAW, larger_live, "resize-needs-cold", MIGRATE_SEVERITY_BLOCKER },
  { "of one that is off", RAW, larger, "resize-needs-cold", CHECK_ABSENT },
  { "a disk that is not there", RAW, another, "resize-disk-unknown", MIGRATE_SEVERITY_BLOCKER,
    "does not have it" },
  { "a disk of both hosts", RAW, shared, "resize-disk-unknown", MIGRATE_SEVERITY_BLOCKER,
    "does not travel" },
  { "a disk that is there", RAW, larger, "resize-disk-unknown", CHECK_ABSENT },
  { "a sector less", RAW, smaller, "resize-shrinks", MIGRATE_SEVERITY_BLOCKER, "10.0 GiB" },
  { "not a sector less", RAW, as_large, "resize-shrinks", CHECK_ABSENT },
  { "encrypted", LUKS, larger, "resize-disk-unfit", MIGRATE_SEVERITY_BLOCKER, "encrypted" },
  { "another format than declared", RAW, other_format, "resize-disk-unfit",
    MIGRATE_SEVERITY_BLOCKER, "another format" },
  { "nobody knows its size", RAW, in_no_pool, "resize-disk-unfit", MIGRATE_SEVERITY_BLOCKER,
    "no pool" },
  { "as declared", RAW, larger, "resize-disk-unfit", CHECK_ABSENT },
  { "room to grow", RAW, larger_with_room, "space-short", CHECK_ABSENT },
  { "no room to grow", RAW, larger_without_room, "space-short", MIGRATE_SEVERITY_BLOCKER,
    "14.0 GiB" },
  { "a topology of two", TOPOLOGY, four_vcpus, "resize-contradicts", MIGRATE_SEVERITY_BLOCKER,
    "of 2 vCPUs, not of 4" },
  { "a topology that fits", TOPOLOGY, two_vcpus, "resize-contradicts", CHECK_ABSENT },
  { "no topology", NULL, four_vcpus, NULL, 0 },
  { "more memory than there is", NULL, much_memory, "memory-too-small", MIGRATE_SEVERITY_BLOCKER,
    "64.0 GiB" },
};

const CheckRows check_resize_rows = { rows, G_N_ELEMENTS (rows) };
