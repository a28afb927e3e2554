/* Whether the guest finds the same disks. */
#include "checktest.h"

#define DISK(more)                                                                                 \
  DEVICES ("<disk type='file'><source file='/a'/><target dev='vda'/>" more "</disk>")
#define BLOCK(path)                                                                                \
  DEVICES ("<disk type='block'><source dev='" path "'/><target dev='vda'/></disk>")
#define NBD(name, host)                                                                            \
  DEVICES ("<disk type='network'><source protocol='nbd' name='" name "'>" host                     \
           "</source><target dev='vda'/></disk>")
#define FORMAT(type) DISK ("<driver name='qemu' type='" type "'/>")
#define CACHE(mode) DISK ("<driver name='qemu' type='raw' cache='" mode "'/>")

static void
shared (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
}
static void
not_shared (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
}
static void
not_shared_live (CheckGiven *g)
{
  not_shared (g);
  g->request.kind = MIGRATE_KIND_LIVE;
}
static void
not_shared_accepted (CheckGiven *g)
{
  not_shared_live (g);
  check_set (g, "accept", "disk-not-shared;disk-sharing-unproven");
}
static void
probed_in_vain (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_UNKNOWN);
}
static void
other_disk_shared (CheckGiven *g)
{
  check_probed (g, "vdb", MIGRATE_SHARING_SHARED);
}
static void
live (CheckGiven *g)
{
  g->request.kind = MIGRATE_KIND_LIVE;
}
static void
accepted (CheckGiven *g)
{
  check_set (g, "accept", "disk-sharing-unproven");
}
static void
block_accepted (CheckGiven *g)
{
  check_set (g, "accept", "block-device-unproven");
}
static void
other_export (CheckGiven *g)
{
  check_there (g, NBD ("b", ""));
}
static void
other_host (CheckGiven *g)
{
  check_there (g, NBD ("a", "<host name='gateway' port='1'/>"));
}
static void
other_file (CheckGiven *g)
{
  check_there (g, DEVICES ("<disk type='file'><source file='/b'/><target dev='vda'/></disk>"));
}
static void
raw_there (CheckGiven *g)
{
  check_there (g, FORMAT ("raw"));
}
static void
other_block (CheckGiven *g)
{
  check_there (g, BLOCK ("/dev/sdc"));
}
static void
other_block_shared (CheckGiven *g)
{
  other_block (g);
  shared (g);
}
static void
strict (CheckGiven *g)
{
  g->request.hand_over = MIGRATE_HAND_OVER_STRICT;
}
static void
old_qemu (CheckGiven *g)
{
  check_versions (g, 9000000, 3001000);
}

#define RESERVED                                                                                   \
  DEVICES ("<disk type='block' device='lun'><source dev='/dev/disk/by-id/a'>"                      \
           "<reservations managed='yes'/></source><target dev='sda'/></disk>")
#define NVME                                                                                       \
  DEVICES ("<disk type='nvme'><source type='pci' managed='yes' namespace='1'>"                     \
           "<address domain='0x0000' bus='0x01' slot='0x00' function='0x0'/></source>"             \
           "<target dev='vda'/></disk>")
#define EMPTY DEVICES ("<disk type='file' device='cdrom'><target dev='sda'/><readonly/></disk>")
#define LOCAL "<host name='localhost' port='10809'/>"
#define SOCKET "<host transport='unix' socket='/run/nbd'/>"
#define REMOTE "<host name='192.0.2.9' port='10809'/>"

static const CheckRow rows[] = {
  { "not shared: it travels", DISK (""), not_shared, "disk-not-shared", MIGRATE_SEVERITY_NOTE,
    "travels: so it was found" },
  { "not shared, and all is well", DISK (""), not_shared, NULL, 0 },
  { "not shared, live asked for", DISK (""), not_shared_live, "disk-not-shared",
    MIGRATE_SEVERITY_BLOCKER, "so it was found" },
  { "not shared, accepted in vain", DISK (""), not_shared_accepted, "disk-not-shared",
    MIGRATE_SEVERITY_BLOCKER },
  { "device that is not shared", BLOCK ("/dev/sdb"), not_shared, "disk-not-shared",
    MIGRATE_SEVERITY_BLOCKER },
  { "shared", DISK (""), shared, "disk-not-shared", CHECK_ABSENT },
  { "not shared, and only read", DISK ("<readonly/>"), not_shared, "disk-not-shared",
    CHECK_ABSENT },
  { "all shared", DISK (""), shared, NULL, 0 },
  { "not probed", DISK (""), NULL, "disk-sharing-unproven", MIGRATE_SEVERITY_BLOCKER,
    "was not tried" },
  { "probed in vain", DISK (""), probed_in_vain, "disk-sharing-unproven", MIGRATE_SEVERITY_BLOCKER,
    "so it was found" },
  { "another is shared", DISK (""), other_disk_shared, "disk-sharing-unproven",
    MIGRATE_SEVERITY_BLOCKER },
  { "directory", DEVICES ("<disk type='dir'><source dir='/d'/><target dev='vda'/></disk>"), NULL,
    "disk-sharing-unproven", MIGRATE_SEVERITY_BLOCKER },
  { "volume",
    DEVICES ("<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>"), NULL,
    "disk-sharing-unproven", MIGRATE_SEVERITY_BLOCKER },
  { "not probed, live asked for", DISK (""), live, "disk-sharing-unproven",
    MIGRATE_SEVERITY_WARNING },
  { "not probed, accepted", DISK (""), accepted, "disk-sharing-unproven",
    MIGRATE_SEVERITY_WARNING },
  { "proven", DISK (""), shared, "disk-sharing-unproven", CHECK_ABSENT },
  { "known not to be", DISK (""), not_shared, "disk-sharing-unproven", CHECK_ABSENT },
  { "network disk", NBD ("a", ""), NULL, NULL, 0 },
  { "empty drive", EMPTY, NULL, NULL, 0 },
  { "device by its place", BLOCK ("/dev/sdb"), NULL, "block-device-unproven",
    MIGRATE_SEVERITY_BLOCKER, "/dev/sdb" },
  { "logical volume", BLOCK ("/dev/vg0/disk"), NULL, "block-device-unproven",
    MIGRATE_SEVERITY_BLOCKER },
  { "logical volume, mapped", BLOCK ("/dev/mapper/vg0-disk"), NULL, "block-device-unproven",
    MIGRATE_SEVERITY_BLOCKER },
  { "multipath by its own name", BLOCK ("/dev/mapper/mpatha"), NULL, "block-device-unproven",
    MIGRATE_SEVERITY_BLOCKER },
  { "PCI path", BLOCK ("/dev/disk/by-path/pci-0000:00:1f.2-ata-1"), NULL, "block-device-unproven",
    MIGRATE_SEVERITY_BLOCKER },
  { "device as a file", DEVICES ("<disk><source file='/dev/sdb'/><target dev='vda'/></disk>"), NULL,
    "block-device-unproven", MIGRATE_SEVERITY_BLOCKER },
  { "device, live asked for", BLOCK ("/dev/sdb"), live, "block-device-unproven",
    MIGRATE_SEVERITY_WARNING },
  { "device, accepted", BLOCK ("/dev/sdb"), block_accepted, "block-device-unproven",
    MIGRATE_SEVERITY_WARNING },
  { "device, proven", BLOCK ("/dev/sdb"), shared, "block-device-unproven", CHECK_ABSENT },
  { "device by its id", BLOCK ("/dev/disk/by-id/wwn-0x5000c500a1b2c3d4"), NULL,
    "block-device-unproven", CHECK_ABSENT },
  { "iSCSI path", BLOCK ("/dev/disk/by-path/ip-192.0.2.1:3260-iscsi-iqn.2001-05.a:b-lun-0"), NULL,
    "block-device-unproven", CHECK_ABSENT },
  { "multipath by WWID", BLOCK ("/dev/mapper/3600508b400105e210000900000490000"), NULL,
    "block-device-unproven", CHECK_ABSENT },
  { "RBD of some cluster", BLOCK ("/dev/rbd/pool/image"), NULL, "block-device-unproven",
    MIGRATE_SEVERITY_BLOCKER },
  { "name that somebody gave", BLOCK ("/dev/disk/by-id/dm-name-vg0-a"), NULL,
    "block-device-unproven", MIGRATE_SEVERITY_BLOCKER },
  { "other export there", NBD ("a", ""), other_export, "disk-named-otherwise",
    MIGRATE_SEVERITY_BLOCKER, "nbd:b" },
  { "other device there", BLOCK ("/dev/disk/by-id/a"), other_block, "disk-named-otherwise",
    MIGRATE_SEVERITY_BLOCKER, "/dev/sdc" },
  { "a device there, a file here", DISK (""), other_block, "disk-named-otherwise",
    MIGRATE_SEVERITY_BLOCKER, "/dev/sdc" },
  { "other device there, proven", BLOCK ("/dev/disk/by-id/a"), other_block_shared,
    "disk-named-otherwise", CHECK_ABSENT },
  { "an export of that name by another host", NBD ("a", REMOTE), other_host, "disk-named-otherwise",
    MIGRATE_SEVERITY_BLOCKER, "nbd:a at gateway" },
  { "another file there", DISK (""), other_file, "disk-named-otherwise", MIGRATE_SEVERITY_BLOCKER,
    "/b" },
  { "the same file", DISK (""), NULL, "disk-named-otherwise", CHECK_ABSENT },
  { "raw there, qcow2 here", FORMAT ("qcow2"), raw_there, "disk-format-differs",
    MIGRATE_SEVERITY_BLOCKER, "“qcow2” here, and would be “raw”" },
  { "raw on both", FORMAT ("raw"), raw_there, "disk-format-differs", CHECK_ABSENT },
  { "same export", NBD ("a", ""), NULL, "disk-named-otherwise", CHECK_ABSENT },
  { "local server", NBD ("a", LOCAL), NULL, "disk-server-local", MIGRATE_SEVERITY_BLOCKER,
    "localhost:10809" },
  { "local socket", NBD ("a", SOCKET), NULL, "disk-server-local", MIGRATE_SEVERITY_BLOCKER,
    "/run/nbd" },
  { "remote server", NBD ("a", REMOTE), NULL, "disk-server-local", CHECK_ABSENT },
  { "local here, remote there", NBD ("a", LOCAL), other_host, "disk-server-local", CHECK_ABSENT },
  { "NVMe of the host", NVME, NULL, "disk-of-the-host", MIGRATE_SEVERITY_BLOCKER, "nvme" },
  { "no NVMe", DISK (""), NULL, "disk-of-the-host", CHECK_ABSENT },
  { "transient disk", DISK ("<transient/>"), shared, "transient-disk", MIGRATE_SEVERITY_BLOCKER },
  { "lasting disk", DISK (""), shared, "transient-disk", CHECK_ABSENT },
  { "cache unsafe", CACHE ("unsafe"), shared, "disk-cache", MIGRATE_SEVERITY_BLOCKER, "unsafe" },
  { "cache writeback, QEMU 3", CACHE ("writeback"), old_qemu, "disk-cache",
    MIGRATE_SEVERITY_BLOCKER },
  { "cache not said, QEMU 3", DISK (""), old_qemu, "disk-cache", MIGRATE_SEVERITY_BLOCKER,
    "default" },
  { "cache writeback", CACHE ("writeback"), shared, "disk-cache", CHECK_ABSENT },
  { "cache none, QEMU 3", CACHE ("none"), old_qemu, "disk-cache", CHECK_ABSENT },
  { "network disk, QEMU 3", NBD ("a", ""), old_qemu, "disk-cache", CHECK_ABSENT },
  { "reservations", RESERVED, NULL, "disk-reservations", MIGRATE_SEVERITY_WARNING },
  { "no reservations", BLOCK ("/dev/disk/by-id/a"), NULL, "disk-reservations", CHECK_ABSENT },
  { "shareable", DISK ("<shareable/>"), shared, "disk-shareable", MIGRATE_SEVERITY_NOTE },
  { "its own", DISK (""), shared, "disk-shareable", CHECK_ABSENT },
  { "no lock guards", NULL, NULL, "hand-over-unprotected", MIGRATE_SEVERITY_WARNING },
  { "shareable: no lock either", DISK ("<shareable/>"), shared, "hand-over-unprotected",
    MIGRATE_SEVERITY_WARNING },
  { "a lock guards", DISK (""), shared, "hand-over-unprotected", CHECK_ABSENT },
  { "strict", NULL, strict, "hand-over-unprotected", CHECK_ABSENT },
};

const CheckRows check_storage_rows = { rows, G_N_ELEMENTS (rows) };
