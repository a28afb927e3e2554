/* What a guest sees of its document: one row for each thing. What is in no row is the host's. */
#include "xml/compare-table-private.h"

#define BLOCKER MIGRATE_SEVERITY_BLOCKER
#define WARNING MIGRATE_SEVERITY_WARNING
#define NOTE MIGRATE_SEVERITY_NOTE
#define VALUE MIGRATE_ASPECT_VALUE
#define TEXT MIGRATE_ASPECT_TEXT
#define KIB MIGRATE_ASPECT_KIB
#define PRESENT MIGRATE_ASPECT_PRESENT
#define ALL MIGRATE_ASPECT_ALL
#define DEEP MIGRATE_ASPECT_DEEP
#define SUM MIGRATE_ASPECT_SUM
#define EACH_SUM MIGRATE_ASPECT_EACH_SUM
#define EACH MIGRATE_ASPECT_EACH
#define CHILDREN MIGRATE_ASPECT_CHILDREN

/* A difference that only the next boot shows is a warning: what runs is carried as it is. */
const MigrateAspect _migrate_guest_aspects[] = {
  { NULL, "", "type", VALUE, "hypervisor", BLOCKER },
  { NULL, "name", NULL, TEXT, "name", BLOCKER },
  { NULL, "uuid", NULL, TEXT, "UUID", BLOCKER },
  { NULL, "genid", NULL, TEXT, "generation id", BLOCKER },
  { NULL, "os/type", NULL, TEXT, "kind of system", BLOCKER },
  { NULL, "os/type", "arch", VALUE, "architecture", BLOCKER },
  { NULL, "os/type", "machine", VALUE, "machine type", BLOCKER },
  { NULL, "os", "firmware", VALUE, "firmware", WARNING },
  { NULL, "os/loader", NULL, PRESENT, "loader", BLOCKER },
  { NULL, "os/loader", "type|secure|readonly", VALUE, "loader", BLOCKER },
  { NULL, "os/nvram", NULL, PRESENT, "NVRAM", BLOCKER },
  { NULL, "os/smbios", "mode", VALUE, "SMBIOS mode", WARNING },
  { NULL, "os/bios", NULL, ALL, "BIOS", WARNING },
  { NULL, "os/bootmenu", NULL, ALL, "boot menu", WARNING },
  { NULL, "os/boot", NULL, EACH, "boot", WARNING },
  { NULL, "os/cmdline", NULL, SUM, "kernel's command line", WARNING },
  { NULL, "os/kernel", NULL, PRESENT, "kernel", WARNING },
  { NULL, "os/initrd", NULL, PRESENT, "initrd", WARNING },
  { NULL, "memory", NULL, KIB, "memory", BLOCKER },
  { NULL, "maxMemory", NULL, KIB, "largest memory", BLOCKER },
  { NULL, "maxMemory", "slots", VALUE, "memory slots", BLOCKER },
  { NULL, "currentMemory", NULL, KIB, "current memory", WARNING },
  { NULL, "vcpu", NULL, TEXT, "number of CPUs", BLOCKER },
  { NULL, "vcpu", "current", VALUE, "number of CPUs that are on", BLOCKER },
  { NULL, "vcpus/vcpu", "id", EACH, "CPU", BLOCKER },
  { NULL, "cpu", NULL, PRESENT, "CPU", BLOCKER },
  { NULL, "cpu", "mode|match", VALUE, "CPU", BLOCKER },
  { NULL, "cpu/model", NULL, TEXT, "CPU model", BLOCKER },
  { NULL, "cpu/model", "vendor_id", VALUE, "CPU vendor id", BLOCKER },
  { NULL, "cpu/vendor", NULL, TEXT, "CPU vendor", BLOCKER },
  { NULL, "cpu/topology", NULL, ALL, "CPU topology", BLOCKER },
  { NULL, "cpu/cache", NULL, ALL, "CPU cache", BLOCKER },
  { NULL, "cpu/maxphysaddr", NULL, ALL, "address bits", BLOCKER },
  { NULL, "cpu/feature", "name", EACH, "CPU feature", BLOCKER },
  { NULL, "cpu/numa/cell", "id", EACH, "NUMA cell", BLOCKER },
  { NULL, "features", NULL, CHILDREN, "feature", BLOCKER },
  { NULL, "clock", NULL, ALL, "clock", WARNING },
  { NULL, "clock/timer", "name", EACH, "timer", BLOCKER },
  { NULL, "pm", NULL, CHILDREN, "power management", BLOCKER },
  { NULL, "sysinfo", NULL, EACH_SUM, "system information", BLOCKER },
  { NULL, "launchSecurity", NULL, SUM, "launch security", BLOCKER },
};

/* Of what it takes to be the same one. */
const MigrateDeviceKey _migrate_device_keys[] = {
  { "disk", "target", "dev" },      { "interface", "mac", "address" },
  { "controller", "", "type" },     { "serial", "target", "port" },
  { "parallel", "target", "port" }, { "console", "target", "port" },
  { "channel", "target", "name" },  { "filesystem", "target", "dir" },
};

/* Of these the guest sees nothing. */
const char *const _migrate_host_devices[]
  = { "emulator", "graphics", "audio", "lease", "iommufd", NULL };

const MigrateAspect _migrate_device_aspects[] = {
  { NULL, "address", NULL, ALL, "address", BLOCKER },
  { NULL, "boot", "order", VALUE, "boot order", WARNING },
  { NULL, "rom", "bar|enabled", VALUE, "option ROM", BLOCKER },
  { NULL, "acpi", "index", VALUE, "ACPI index", BLOCKER },
  { NULL, "alias", "name", VALUE, "alias", NOTE },
  { NULL, "driver", "iommu|ats|packed|page_per_vq|event_idx|queues|queue_size", VALUE, "driver",
    BLOCKER },

  { "disk", "", "device|model", VALUE, "disk", BLOCKER },
  { "disk", "target", "bus", VALUE, "bus", BLOCKER },
  { "disk", "target", "removable|rotation_rate", VALUE, "target", BLOCKER },
  { "disk", "serial", NULL, TEXT, "serial number", BLOCKER },
  { "disk", "wwn", NULL, TEXT, "WWN", BLOCKER },
  { "disk", "vendor", NULL, TEXT, "vendor", BLOCKER },
  { "disk", "product", NULL, TEXT, "product", BLOCKER },
  { "disk", "readonly", NULL, PRESENT, "read-only", BLOCKER },
  { "disk", "geometry", NULL, ALL, "geometry", BLOCKER },
  { "disk", "blockio", NULL, ALL, "block sizes", BLOCKER },
  { "disk", "encryption", NULL, PRESENT, "encryption", WARNING },

  { "interface", "model", "type", VALUE, "model", BLOCKER },
  { "interface", "driver", "rx_queue_size|tx_queue_size", VALUE, "driver", BLOCKER },
  { "interface", "driver/host", NULL, ALL, "offloads of the host", BLOCKER },
  { "interface", "driver/guest", NULL, ALL, "offloads of the guest", BLOCKER },
  { "interface", "mtu", "size", VALUE, "MTU", BLOCKER },
  { "interface", "link", "state", VALUE, "link", WARNING },
  { "interface", "teaming", NULL, ALL, "teaming", BLOCKER },

  { "controller", "", "model|ports|vectors", VALUE, "controller", BLOCKER },
  { "controller", "model", "name", VALUE, "model", BLOCKER },
  { "controller", "master", "startport", VALUE, "first port", BLOCKER },
  { "controller", "target", NULL, DEEP, "target", BLOCKER },
  { "controller", "pcihole64", NULL, KIB, "64-bit PCI hole", BLOCKER },

  { "hostdev", "", "mode|type|model|ramfb|display", VALUE, "host device", BLOCKER },
  { "hostdev", "readonly", NULL, PRESENT, "read-only", BLOCKER },
  { "hostdev", "teaming", NULL, ALL, "teaming", BLOCKER },

  { "video", "model", NULL, DEEP, "model", BLOCKER },
  { "sound", "", "model", VALUE, "model", BLOCKER },
  { "sound", "codec", NULL, EACH, "codec", BLOCKER },
  { "input", "", "type|bus|model", VALUE, "input", BLOCKER },
  { "hub", "", "type", VALUE, "type", BLOCKER },
  { "serial", "target", "type|port", VALUE, "target", BLOCKER },
  { "serial", "target/model", "name", VALUE, "model", BLOCKER },
  { "parallel", "target", "port", VALUE, "target", BLOCKER },
  { "console", "target", "type|port", VALUE, "target", BLOCKER },
  { "channel", "target", "type|name|address|port", VALUE, "target", BLOCKER },
  { "smartcard", "", "mode", VALUE, "mode", BLOCKER },
  { "redirdev", "", "bus", VALUE, "bus", BLOCKER },
  { "watchdog", "", "model", VALUE, "model", BLOCKER },
  { "watchdog", "", "action", VALUE, "action", WARNING },
  { "rng", "", "model", VALUE, "model", BLOCKER },
  { "memballoon", "", "model|autodeflate|freePageReporting", VALUE, "balloon", BLOCKER },
  { "tpm", "", "model", VALUE, "model", BLOCKER },
  { "tpm", "backend", "version", VALUE, "version", BLOCKER },
  { "tpm", "backend", "type", VALUE, "backend", WARNING },
  { "panic", "", "model", VALUE, "model", BLOCKER },
  { "shmem", "", "name", VALUE, "name", BLOCKER },
  { "shmem", "model", "type", VALUE, "model", BLOCKER },
  { "shmem", "size", NULL, KIB, "size", BLOCKER },
  { "shmem", "msi", NULL, ALL, "interrupts", BLOCKER },
  { "memory", "", "model", VALUE, "model", BLOCKER },
  { "memory", "uuid", NULL, TEXT, "UUID", BLOCKER },
  { "memory", "target/size", NULL, KIB, "size", BLOCKER },
  { "memory", "target/block", NULL, KIB, "block", BLOCKER },
  { "memory", "target/label/size", NULL, KIB, "label", BLOCKER },
  { "memory", "target/node", NULL, TEXT, "node of the guest", BLOCKER },
  { "memory", "target/readonly", NULL, PRESENT, "read-only", BLOCKER },
  { "iommu", "", "model", VALUE, "model", BLOCKER },
  { "iommu", "driver", NULL, ALL, "driver", BLOCKER },
  { "vsock", "", "model", VALUE, "model", BLOCKER },
  { "vsock", "cid", "address", VALUE, "CID", BLOCKER },
  { "filesystem", "", "model", VALUE, "model", BLOCKER },
  { "filesystem", "driver", "type", VALUE, "driver", BLOCKER },
  { "filesystem", "readonly", NULL, PRESENT, "read-only", BLOCKER },
  { "crypto", "", "model|type", VALUE, "crypto device", BLOCKER },
};

/* Attributes that are the host's, wherever they stand in what is compared as a whole. */
const char *const _migrate_host_attributes[] = { "memAccess", "file", "rendernode", "unit", NULL };

const guint _migrate_n_guest_aspects = G_N_ELEMENTS (_migrate_guest_aspects);
const guint _migrate_n_device_keys = G_N_ELEMENTS (_migrate_device_keys);
const guint _migrate_n_device_aspects = G_N_ELEMENTS (_migrate_device_aspects);
