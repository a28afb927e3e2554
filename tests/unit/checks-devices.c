/* Devices that cannot go along, and what they need there. */
#include "checktest.h"

#define PCI(more)                                                                                  \
  DEVICES ("<hostdev mode='subsystem' type='pci'><source><address domain='0' bus='0x06' "          \
           "slot='0x12' function='0x5'/></source>" more "</hostdev>")
#define TEAM "<teaming type='transient' persistent='ua-net'/>"
#define MDEV                                                                                       \
  DEVICES ("<hostdev mode='subsystem' type='mdev' model='vfio-pci'><source>"                       \
           "<address uuid='c2177883-f1bb-47f0-914d-32a22e3a8804'/></source></hostdev>")
#define USB                                                                                        \
  DEVICES ("<hostdev mode='subsystem' type='usb'><source><vendor id='0x046d'/>"                    \
           "<product id='0x0825'/></source></hostdev>")
#define SCSI                                                                                       \
  DEVICES ("<hostdev mode='subsystem' type='scsi'><source><adapter name='scsi_host0'/>"            \
           "<address bus='0' target='0' unit='0'/></source></hostdev>")
#define VHOST_SCSI                                                                                 \
  DEVICES ("<hostdev mode='subsystem' type='scsi_host'><source protocol='vhost' "                  \
           "wwpn='naa.1'/></hostdev>")
#define VF                                                                                         \
  DEVICES ("<interface type='hostdev'><mac address='52:54:00:00:00:01'/><source><address "         \
           "type='pci' domain='0' bus='6' slot='2' function='1'/></source></interface>")
#define VF_TEAM                                                                                    \
  DEVICES ("<interface type='hostdev'><mac address='52:54:00:00:00:01'/>" TEAM "</interface>")
#define LAN DEVICES ("<interface type='network'><source network='lan'/></interface>")
#define SHARE(driver, type)                                                                        \
  DEVICES ("<filesystem type='" type "'>" driver "<source dir='/srv'/><target dir='t'/>"           \
           "</filesystem>")
#define VIRTIOFS SHARE ("<driver type='virtiofs'/>", "mount")
#define SHMEM(role, model) DEVICES ("<shmem name='s' " role "><model type='" model "'/></shmem>")
#define TPM(backend) DEVICES ("<tpm model='tpm-crb'><backend type='" backend "'/></tpm>")
#define VIDEO(accelerated)                                                                         \
  DEVICES ("<video><model type='virtio'><acceleration accel3d='" accelerated "'/></model></"       \
           "video>")
#define MEMORY(model)                                                                              \
  DEVICES ("<memory model='" model "'><source><path>/m</path></source></memory>")
#define LISTEN(address)                                                                            \
  DEVICES ("<graphics type='vnc'><listen type='address' address='" address "'/></graphics>")
#define NOTHING DEVICES ("")
#define DIMM(more) DEVICES ("<memory model='dimm'><target/><alias name='dimm0'/>" more "</memory>")
#define TPM_AT(path)                                                                               \
  DEVICES ("<tpm model='tpm-crb'><backend type='emulator'><source type='dir' path='" path "'/>"    \
           "</backend><alias name='tpm0'/></tpm>")

static MigrateHostFacts *
there (CheckGiven *g)
{
  return &g->facts->on_destination;
}
static void
devices (CheckGiven *g, const char *name)
{
  const char *names[] = { "computer", name, NULL };

  there (g)->devices = g_strdupv ((char **) names);
}
static void
no_devices (CheckGiven *g)
{
  devices (g, NULL);
}
static void
pci_there (CheckGiven *g)
{
  devices (g, "pci_0000_06_12_5");
}
static void
mdev_there (CheckGiven *g)
{
  devices (g, "mdev_c2177883_f1bb_47f0_914d_32a22e3a8804_0000_00_02_0");
}
static void
host_network (CheckGiven *g)
{
  check_network (&g->facts->on_source, "<forward mode='hostdev'/>", TRUE);
}
static void
plain_network (CheckGiven *g)
{
  check_network (&g->facts->on_source, "<forward mode='bridge'/><bridge name='br0'/>", TRUE);
}
static void
no_swtpm (CheckGiven *g)
{
  check_domain_capabilities (there (g), "<devices><tpm supported='yes'><enum name='backendModel'>"
                                        "<value>passthrough</value></enum></tpm></devices>");
}
static void
swtpm (CheckGiven *g)
{
  check_domain_capabilities (there (g), "<devices><tpm supported='yes'><enum name='model'>"
                                        "<value>tpm-crb</value></enum><enum name='backendModel'>"
                                        "<value>emulator</value></enum></tpm></devices>");
}
static void
off (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
shared_folder (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
  check_put (&((MigrateProbed *) g->facts->probed->pdata[0])->path, "/mnt/nfs/a.img");
}
static void
shared_folder_old_libvirt (CheckGiven *g)
{
  shared_folder (g);
  g->facts->destination.libvirt_version = 8010000;
}
static void
folder_not_shared (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
  check_put (&((MigrateProbed *) g->facts->probed->pdata[0])->path, "/mnt/nfs/a.img");
}
static void
pool_of (CheckGiven *g, const char *type)
{
  MigratePool *pool = check_pool (there (g), "p", 1);

  pool->type = g_strdup (type);
  pool->target = g_strdup ("/var/lib/libvirt/swtpm/");
}
static void
network_pool (CheckGiven *g)
{
  pool_of (g, "netfs");
}
static void
local_pool (CheckGiven *g)
{
  pool_of (g, "dir");
}
static void
network_pool_of_a_session (CheckGiven *g)
{
  network_pool (g);
  g->request.source_uri = "qemu+tcp://h1/session";
}
static void
no_kernel (CheckGiven *g)
{
  check_file (there (g), "/boot/k", "boot", FALSE);
}
static void
kernel (CheckGiven *g)
{
  check_file (there (g), "/boot/k", "boot", TRUE);
}
static void
mapped_address (CheckGiven *g)
{
  check_there (g, LISTEN ("192.0.2.2"));
}

#define KERNEL "<os><type>hvm</type><kernel>/boot/k</kernel></os>"
#define UEFI "<os><type>hvm</type><loader>/code.fd</loader><nvram>/vars.fd</nvram></os>"
#define COMMAND_LINE                                                                               \
  "<q:commandline xmlns:q='http://libvirt.org/schemas/domain/qemu/1.0'><q:arg value='-foo'/>"      \
  "</q:commandline>"
#define SERIAL(type) DEVICES ("<serial type='" type "'><source path='/dev/ttyS0'/></serial>")

static void
no_kernel_off (CheckGiven *g)
{
  no_kernel (g);
  off (g);
}
static void
off_accepted (CheckGiven *g)
{
  off (g);
  check_set (g, "accept", "tpm-state-lost");
}

static const CheckRow rows[] = {
  { "PCI", PCI (""), NULL, "host-device", MIGRATE_SEVERITY_BLOCKER, "0000:06:12.5" },
  { "PCI of a team", PCI (TEAM), NULL, "host-device", CHECK_ABSENT },
  { "USB is no PCI", USB, NULL, "host-device", CHECK_ABSENT },
  { "VF", VF, NULL, "host-interface", MIGRATE_SEVERITY_BLOCKER, "52:54:00:00:00:01" },
  { "VF of a network", LAN, host_network, "host-interface", MIGRATE_SEVERITY_BLOCKER },
  { "VF of a team", VF_TEAM, NULL, "host-interface", CHECK_ABSENT },
  { "plain network", LAN, plain_network, "host-interface", CHECK_ABSENT },
  { "team", VF_TEAM, NULL, "failover-device", MIGRATE_SEVERITY_NOTE },
  { "team of a device", PCI (TEAM), NULL, "failover-device", MIGRATE_SEVERITY_NOTE },
  { "no team", VF, NULL, "failover-device", CHECK_ABSENT },
  { "mediated", MDEV, NULL, "mediated-device", MIGRATE_SEVERITY_BLOCKER, "c2177883" },
  { "not mediated", PCI (""), NULL, "mediated-device", CHECK_ABSENT },
  { "USB", USB, NULL, "usb-device", MIGRATE_SEVERITY_WARNING, "046d:0825" },
  { "no USB", PCI (""), NULL, "usb-device", CHECK_ABSENT },
  { "SCSI", SCSI, NULL, "scsi-device", MIGRATE_SEVERITY_BLOCKER, "scsi_host0:0:0:0" },
  { "no SCSI", VHOST_SCSI, NULL, "scsi-device", CHECK_ABSENT },
  { "vhost-scsi", VHOST_SCSI, NULL, "vhost-scsi", MIGRATE_SEVERITY_BLOCKER },
  { "no vhost-scsi", SCSI, NULL, "vhost-scsi", CHECK_ABSENT },
  { "PCI not there", PCI (""), no_devices, "host-device-missing", MIGRATE_SEVERITY_BLOCKER },
  { "mediated not there", MDEV, pci_there, "host-device-missing", MIGRATE_SEVERITY_BLOCKER },
  { "PCI there", PCI (""), pci_there, "host-device-missing", CHECK_ABSENT },
  { "mediated there", MDEV, mdev_there, "host-device-missing", CHECK_ABSENT },
  { "devices unknown", PCI (""), NULL, "host-device-missing", CHECK_ABSENT },
  { "virtiofs", VIRTIOFS, NULL, "virtiofs", MIGRATE_SEVERITY_BLOCKER, "/srv" },
  { "no virtiofs", SHARE ("", "mount"), NULL, "virtiofs", CHECK_ABSENT },
  { "9p", SHARE ("", "mount"), NULL, "filesystem-9p", MIGRATE_SEVERITY_BLOCKER, "/srv" },
  { "no 9p", VIRTIOFS, NULL, "filesystem-9p", CHECK_ABSENT },
  { "ivshmem, a peer", SHMEM ("role='peer'", "ivshmem-plain"), NULL, "shared-memory",
    MIGRATE_SEVERITY_BLOCKER },
  { "ivshmem, the old one", SHMEM ("role='master'", "ivshmem"), NULL, "shared-memory",
    MIGRATE_SEVERITY_BLOCKER },
  { "ivshmem, the master", SHMEM ("role='master'", "ivshmem-plain"), NULL, "shared-memory",
    CHECK_ABSENT },
  { "the host's TPM", TPM ("passthrough"), NULL, "tpm-passthrough", MIGRATE_SEVERITY_BLOCKER },
  { "an emulated TPM", TPM ("emulator"), NULL, "tpm-passthrough", CHECK_ABSENT },
  { "no swtpm there", TPM ("emulator"), no_swtpm, "tpm-unknown", MIGRATE_SEVERITY_BLOCKER,
    "emulator" },
  { "swtpm there", TPM ("emulator"), swtpm, "tpm-unknown", CHECK_ABSENT },
  { "swtpm unknown", TPM ("emulator"), NULL, "tpm-unknown", CHECK_ABSENT },
  { "TPM state", TPM ("emulator"), NULL, "tpm-state", MIGRATE_SEVERITY_NOTE },
  { "TPM state, off", TPM ("emulator"), off, "tpm-state", CHECK_ABSENT },
  { "TPM state is lost", TPM ("emulator"), off, "tpm-state-lost", MIGRATE_SEVERITY_BLOCKER },
  { "TPM state is lost, accepted", TPM ("emulator"), off_accepted, "tpm-state-lost",
    MIGRATE_SEVERITY_WARNING },
  { "TPM state travels with memory", TPM ("emulator"), NULL, "tpm-state-lost", CHECK_ABSENT },
  { "PCI, off", PCI (""), off, "host-device", CHECK_ABSENT },
  { "no TPM state", TPM ("passthrough"), NULL, "tpm-state", CHECK_ABSENT },
  { "TPM state in a shared folder", TPM_AT ("/mnt/nfs/tpm"), shared_folder, "tpm-state-shared",
    MIGRATE_SEVERITY_WARNING, "/mnt/nfs/tpm" },
  { "the same, libvirt 8.10", TPM_AT ("/mnt/nfs/tpm"), shared_folder_old_libvirt,
    "tpm-state-shared", MIGRATE_SEVERITY_BLOCKER },
  { "TPM state of its own", TPM_AT ("/mnt/nfs-2/tpm"), shared_folder, "tpm-state-shared",
    CHECK_ABSENT },
  { "folder not shared", TPM_AT ("/mnt/nfs/tpm"), folder_not_shared, "tpm-state-shared",
    CHECK_ABSENT },
  { "TPM state in a network pool", TPM ("emulator"), network_pool, "tpm-state-shared",
    MIGRATE_SEVERITY_WARNING, "/var/lib/libvirt/swtpm/11111111" },
  { "TPM state in a local pool", TPM ("emulator"), local_pool, "tpm-state-shared", CHECK_ABSENT },
  { "TPM state somewhere", TPM ("emulator"), network_pool_of_a_session, "tpm-state-shared",
    CHECK_ABSENT },
  { "the host's TPM, network pool", TPM ("passthrough"), network_pool, "tpm-state-shared",
    CHECK_ABSENT },
  { "DIMM without an address", DIMM (""), NULL, "memory-device-unplaced", MIGRATE_SEVERITY_BLOCKER,
    "dimm0" },
  { "DIMM without a base", DIMM ("<address type='dimm' slot='0'/>"), NULL, "memory-device-unplaced",
    MIGRATE_SEVERITY_BLOCKER },
  { "DIMM without a slot", DIMM ("<address type='dimm' base='0x100000000'/>"), NULL,
    "memory-device-unplaced", MIGRATE_SEVERITY_BLOCKER },
  { "DIMM in its place", DIMM ("<address type='dimm' slot='0' base='0x100000000'/>"), NULL,
    "memory-device-unplaced", CHECK_ABSENT },
  { "DIMM of one that is off", DIMM (""), off, "memory-device-unplaced", CHECK_ABSENT },
  { "virtio-mem", MEMORY ("virtio-mem"), NULL, "memory-device-unplaced", CHECK_ABSENT },
  { "virgl", VIDEO ("yes"), NULL, "video-3d", MIGRATE_SEVERITY_BLOCKER },
  { "no virgl", VIDEO ("no"), NULL, "video-3d", CHECK_ABSENT },
  { "vhost-user-gpu", DEVICES ("<video><driver name='vhostuser'/><model type='virtio'/></video>"),
    NULL, "video-vhost-user", MIGRATE_SEVERITY_BLOCKER },
  { "QEMU's own graphics", DEVICES ("<video><driver name='qemu'/><model type='virtio'/></video>"),
    NULL, "video-vhost-user", CHECK_ABSENT },
  { "crypto", DEVICES ("<crypto model='virtio' type='qemu'/>"), NULL, "crypto-device",
    MIGRATE_SEVERITY_BLOCKER },
  { "no crypto", NOTHING, NULL, "crypto-device", CHECK_ABSENT },
  { "SGX", MEMORY ("sgx-epc"), NULL, "sgx-memory", MIGRATE_SEVERITY_BLOCKER },
  { "no SGX", MEMORY ("nvdimm"), NULL, "sgx-memory", CHECK_ABSENT },
  { "NVDIMM", MEMORY ("nvdimm"), NULL, "memory-file", MIGRATE_SEVERITY_WARNING, "/m" },
  { "DIMM", DEVICES ("<memory model='dimm'/>"), NULL, "memory-file", CHECK_ABSENT },
  { "no kernel there", KERNEL, no_kernel, "boot-file-missing", MIGRATE_SEVERITY_BLOCKER,
    "/boot/k" },
  { "no kernel there, and it travels", KERNEL, no_kernel_off, "boot-file-missing", CHECK_ABSENT },
  { "kernel there", KERNEL, kernel, "boot-file-missing", CHECK_ABSENT },
  { "kernel unknown", KERNEL, NULL, "boot-file-missing", CHECK_ABSENT },
  { "smartcard", DEVICES ("<smartcard mode='host'/>"), NULL, "smartcard",
    MIGRATE_SEVERITY_WARNING },
  { "smartcard of a client", DEVICES ("<smartcard mode='passthrough' type='spicevmc'/>"), NULL,
    "smartcard", CHECK_ABSENT },
  { "serial device", SERIAL ("dev"), NULL, "character-device", MIGRATE_SEVERITY_WARNING,
    "/dev/ttyS0" },
  { "serial terminal", SERIAL ("pty"), NULL, "character-device", CHECK_ABSENT },
  { "address of this host", LISTEN ("192.0.2.1"), NULL, "listen-address", MIGRATE_SEVERITY_WARNING,
    "192.0.2.1" },
  { "address mapped", LISTEN ("192.0.2.1"), mapped_address, "listen-address", CHECK_ABSENT },
  { "every address", LISTEN ("0.0.0.0"), NULL, "listen-address", CHECK_ABSENT },
  { "own address", LISTEN ("127.0.0.1"), NULL, "listen-address", CHECK_ABSENT },
  { "command line", COMMAND_LINE, NULL, "command-line", MIGRATE_SEVERITY_WARNING },
  { "no command line", NOTHING, NULL, "command-line", CHECK_ABSENT },
  { "NVRAM", UEFI, NULL, "nvram", MIGRATE_SEVERITY_NOTE, "/vars.fd" },
  { "no NVRAM", KERNEL, NULL, "nvram", CHECK_ABSENT },
  { "redirected", DEVICES ("<redirdev bus='usb' type='spicevmc'/>"), NULL, "redirected-usb",
    MIGRATE_SEVERITY_NOTE },
  { "not redirected", USB, NULL, "redirected-usb", CHECK_ABSENT },
  { "sound of the host", DEVICES ("<audio id='1' type='alsa'/>"), NULL, "host-audio",
    MIGRATE_SEVERITY_NOTE },
  { "sound of a client", DEVICES ("<audio id='1' type='spice'/>"), NULL, "host-audio",
    CHECK_ABSENT },
  { "vsock", DEVICES ("<vsock model='virtio'><cid auto='yes'/></vsock>"), NULL, "vsock",
    MIGRATE_SEVERITY_NOTE },
  { "no vsock", NOTHING, NULL, "vsock", CHECK_ABSENT },
};

const CheckRows check_device_rows = { rows, G_N_ELEMENTS (rows) };
