/* The kinds of things that a mapping names, and what can be said of each: the key file, the object,
 * the rewriting and the documentation follow from this table. */
#include "model/mapping-private.h"

static const char *const disk_types[] = { "file", "block", "network", "volume", NULL };
static const char *const disk_formats[]
  = { "raw", "qcow2", "qed", "vmdk", "vdi", "vpc", "vhdx", NULL };
static const char *const chain_words[] = { "end", "probe", NULL };
static const char *const cache_words[]
  = { "default", "none", "writethrough", "writeback", "directsync", "unsafe", NULL };
static const char *const io_words[] = { "threads", "native", "io_uring", NULL };
static const char *const mode_words[]
  = { "vepa", "bridge", "private", "passthrough", "client", "server", NULL };
static const char *const virtual_port_words[]
  = { "openvswitch", "802.1Qbg", "802.1Qbh", "midonet", "none", NULL };
static const char *const source_words[] = { "file", "anonymous", "memfd", NULL };
static const char *const from_source_words[] = { "file", "anonymous", "memfd", "*", NULL };
static const char *const access_words[] = { "shared", "private", NULL };
static const char *const from_access_words[] = { "shared", "private", "*", NULL };
static const char *const allocation_words[] = { "immediate", "ondemand", NULL };
static const char *const from_allocation_words[] = { "immediate", "ondemand", "*", NULL };
static const char *const yes_no[] = { "yes", "no", NULL };
static const char *const label_models[] = { "selinux", "apparmor", "dac", NULL };

static const MigrateMapField disk_fields[] = {
  { "path", MIGRATE_VALUE_PATH, NULL, "file or block device" },
  { "type", MIGRATE_VALUE_WORD, disk_types, "what it is there, where that is not plain" },
  { "format", MIGRATE_VALUE_WORD, disk_formats, "of the image" },
  { "pool", MIGRATE_VALUE_NAME, NULL, "with `volume`" },
  { "volume", MIGRATE_VALUE_NAME, NULL, "with `pool`" },
  { "protocol", MIGRATE_VALUE_NAME, NULL, "`rbd`, `nbd`, `iscsi`, …; with `name`" },
  { "name", MIGRATE_VALUE_IMAGE, NULL, "with `protocol`" },
  { "hosts", MIGRATE_VALUE_HOSTS, NULL, "that serve it, each with or without a port" },
  { "chain", MIGRATE_VALUE_WORD, chain_words,
    "`end`: no backing image there; `probe`: libvirt looks what is below" },
  { "cache", MIGRATE_VALUE_WORD, cache_words, "cache mode" },
  { "io", MIGRATE_VALUE_WORD, io_words, "how it is read and written" },
  { NULL },
};
static const MigrateMapField path_fields[] = { { "path", MIGRATE_VALUE_PATH, NULL, "" }, { NULL } };
static const MigrateMapField pool_fields[] = { { "pool", MIGRATE_VALUE_NAME, NULL, "" }, { NULL } };
static const MigrateMapField host_fields[] = { { "host", MIGRATE_VALUE_HOST, NULL, "" }, { NULL } };
static const MigrateMapField nic_fields[] = {
  { "network", MIGRATE_VALUE_NAME, NULL, "of libvirt" },
  { "port-group", MIGRATE_VALUE_NAME, NULL, "of that network" },
  { "bridge", MIGRATE_VALUE_NAME, NULL, "of the host" },
  { "device", MIGRATE_VALUE_NAME, NULL, "of the host, with macvtap" },
  { "socket", MIGRATE_VALUE_PATH, NULL, "vhost-user" },
  { "mode", MIGRATE_VALUE_WORD, mode_words, "of `device` or `socket`" },
  { "target", MIGRATE_VALUE_NAME, NULL, "name of the host's end" },
  { "filter", MIGRATE_VALUE_NAME, NULL, "network filter; `none`: without" },
  { "virtual-port", MIGRATE_VALUE_WORD, virtual_port_words, "its type; `none`: without" },
  { "interface-id", MIGRATE_VALUE_UUID, NULL, "of the virtual port" },
  { "profile-id", MIGRATE_VALUE_NAME, NULL, "of the virtual port" },
  { NULL },
};
static const MigrateMapField port_group_fields[]
  = { { "port-group", MIGRATE_VALUE_NAME, NULL, "" }, { NULL } };
static const MigrateMapField filter_fields[]
  = { { "filter", MIGRATE_VALUE_NAME, NULL, "" }, { NULL } };
static const MigrateMapField pci_fields[]
  = { { "address", MIGRATE_VALUE_PCI, NULL, "" }, { NULL } };
static const MigrateMapField mdev_fields[] = { { "uuid", MIGRATE_VALUE_UUID, NULL, "" }, { NULL } };
static const MigrateMapField usb_fields[]
  = { { "address", MIGRATE_VALUE_USB, NULL, "" }, { NULL } };
static const MigrateMapField scsi_fields[]
  = { { "adapter", MIGRATE_VALUE_NAME, NULL, "" }, { NULL } };
static const MigrateMapField listen_fields[]
  = { { "address", MIGRATE_VALUE_ADDRESS, NULL, "" }, { NULL } };
static const MigrateMapField endpoint_fields[] = {
  { "host", MIGRATE_VALUE_ADDRESS, NULL, "that it listens on, or connects to" },
  { "port", MIGRATE_VALUE_PORT, NULL, "with it" },
  { "path", MIGRATE_VALUE_PATH, NULL, "of a file, device or socket" },
  { NULL },
};
static const MigrateMapField cpus_fields[] = { { "cpus", MIGRATE_VALUE_CPUS, NULL, "" }, { NULL } };
static const MigrateMapField nodes_fields[]
  = { { "nodes", MIGRATE_VALUE_CPUS, NULL, "" }, { NULL } };
static const MigrateMapField pages_fields[] = { { "size", MIGRATE_VALUE_KIB, NULL, "" }, { NULL } };
static const MigrateMapField source_fields[]
  = { { "source", MIGRATE_VALUE_WORD, source_words, "" }, { NULL } };
static const MigrateMapField access_fields[]
  = { { "access", MIGRATE_VALUE_WORD, access_words, "" }, { NULL } };
static const MigrateMapField allocation_fields[]
  = { { "allocation", MIGRATE_VALUE_WORD, allocation_words, "" }, { NULL } };
static const MigrateMapField secret_fields[]
  = { { "uuid", MIGRATE_VALUE_UUID, NULL, "" }, { NULL } };
static const MigrateMapField perf_fields[]
  = { { "enabled", MIGRATE_VALUE_WORD, yes_no, "" }, { NULL } };
static const MigrateMapField label_fields[]
  = { { "label", MIGRATE_VALUE_TEXT, NULL, "of the process" },
      { "image-label", MIGRATE_VALUE_TEXT, NULL, "of its images" },
      { NULL } };
static const MigrateMapField no_fields[] = { { NULL } };

/* At most one of the names; 0 or 1 of them is what it returns, -1 is an error. */
static int
count_of (GVariant *to, const char *const *names, GError **error)
{
  int n = 0;

  for (; *names != NULL; names++)
    if (_migrate_variant_string (to, *names) != NULL)
      n++;
  if (n > 1)
    _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Keep the one that is meant",
                        "It names two places at once");
  return n > 1 ? -1 : n;
}

static gboolean
goes_with (GVariant *to, const char *name, const char *with, GError **error)
{
  if (_migrate_variant_string (to, name) == NULL || _migrate_variant_string (to, with) != NULL)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Name both, or neither",
                      "“%s” needs “%s” beside it", name, with);
  return FALSE;
}

static gboolean
check_disk_type (const char *type, const char *named, GError **error)
{
  if (type == NULL || named == NULL || g_str_equal (type, named)
      || (g_str_equal (named, "file") && g_str_equal (type, "block")))
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Leave “type” away",
                      "A disk of type “%s” is not named this way", type);
  return FALSE;
}

static gboolean
check_disk (GVariant *to, GError **error)
{
  static const char *const places[] = { "path", "pool", "protocol", NULL };
  static const char *const types[] = { "file", "volume", "network" };
  const char *type = _migrate_variant_string (to, "type");
  const char *named = NULL;

  if (count_of (to, places, error) < 0 || !goes_with (to, "pool", "volume", error)
      || !goes_with (to, "volume", "pool", error) || !goes_with (to, "protocol", "name", error)
      || !goes_with (to, "name", "protocol", error))
    return FALSE;
  for (guint i = 0; places[i] != NULL; i++)
    if (_migrate_variant_string (to, places[i]) != NULL)
      named = types[i];
  if (type != NULL && named == NULL)
    return goes_with (to, "type", "path", error);
  return check_disk_type (type, named, error);
}

static gboolean
check_nic (GVariant *to, GError **error)
{
  static const char *const places[] = { "network", "bridge", "device", "socket", NULL };
  const char *mode = _migrate_variant_string (to, "mode");
  gboolean is_socket = _migrate_variant_string (to, "socket") != NULL;
  gboolean of_socket
    = mode != NULL && (g_str_equal (mode, "client") || g_str_equal (mode, "server"));

  if (count_of (to, places, error) < 0 || !goes_with (to, "port-group", "network", error))
    return FALSE;
  if (mode != NULL && !is_socket && !goes_with (to, "mode", "device", error))
    return FALSE;
  if (mode != NULL && is_socket != of_socket)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID,
                          "A socket is “client” or “server”, a device one of the others",
                          "Mode “%s” does not go with %s", mode,
                          is_socket ? "“socket”" : "“device”");
      return FALSE;
    }
  return TRUE;
}

#define ROW(Kind, Name, From, Words, Fields, Primary, Removable, Check, Of, Meaning)               \
  [MIGRATE_MAP_##Kind]                                                                             \
    = { Name, MIGRATE_VALUE_##From, Words, Fields, Primary, Removable, Check, Of, Meaning }

const MigrateMapRow _migrate_map_rows[MIGRATE_N_MAP_KINDS] = {
  ROW (DISK, "disk", DISK, NULL, disk_fields, "path", FALSE, check_disk,
       "its target, or what it is: a path, `pool:volume`, `protocol:name`; images below it too",
       "what the disk, or an image of its chain, is there"),
  ROW (PATH, "path", PATH, NULL, path_fields, "path", FALSE, NULL,
       "a path, or a folder with all that is in it",
       "where the host has it: images, kernel, firmware, NVRAM, sockets, files of endpoints, …"),
  ROW (POOL, "pool", NAME, NULL, pool_fields, "pool", FALSE, NULL, "name of a storage pool",
       "the pool that has the volumes there"),
  ROW (STORAGE_HOST, "storage-host", HOST, NULL, host_fields, "host", FALSE, NULL,
       "a host that serves network disks, with or without its port",
       "the one that serves them there"),
  ROW (INTERFACE, "interface", MAC, NULL, nic_fields, NULL, FALSE, check_nic, "MAC address",
       "what the interface is plugged into there"),
  ROW (NETWORK, "network", NAME, NULL, nic_fields, "network", FALSE, check_nic,
       "name of a libvirt network", "what interfaces of it are plugged into there"),
  ROW (PORT_GROUP, "port-group", NAME, NULL, port_group_fields, "port-group", TRUE, NULL,
       "name of a port group", "its name there"),
  ROW (BRIDGE, "bridge", NAME, NULL, nic_fields, "bridge", FALSE, check_nic, "name of a bridge",
       "what interfaces on it are plugged into there"),
  ROW (DEVICE, "device", NAME, NULL, nic_fields, "device", FALSE, check_nic,
       "a host's network device under macvtap", "what interfaces on it are plugged into there"),
  ROW (SOCKET, "socket", PATH, NULL, nic_fields, "socket", FALSE, check_nic,
       "path of a vhost-user socket", "what the interface is plugged into there"),
  ROW (FILTER, "filter", NAME, NULL, filter_fields, "filter", TRUE, NULL,
       "name of a network filter", "its name there"),
  ROW (PCI, "pci", PCI, NULL, pci_fields, "address", FALSE, NULL, "address of a host device",
       "its address there; the guest's own stays"),
  ROW (MDEV, "mdev", UUID, NULL, mdev_fields, "uuid", FALSE, NULL, "UUID of a mediated device",
       "the one there"),
  ROW (USB, "usb", USB, NULL, usb_fields, "address", FALSE, NULL, "a host's USB device",
       "the one there"),
  ROW (SCSI, "scsi", NAME, NULL, scsi_fields, "adapter", FALSE, NULL,
       "name of a host's SCSI adapter", "the one there"),
  ROW (LISTEN, "listen", LISTEN, NULL, listen_fields, "address", FALSE, NULL,
       "an address that displays and endpoints listen on, or a type of display, or `*` for any",
       "the address to listen on there"),
  ROW (ENDPOINT, "endpoint", ENDPOINT, NULL, endpoint_fields, NULL, FALSE, NULL,
       "a serial or parallel port, console or channel", "where it goes there"),
  ROW (PIN, "pin", PIN, NULL, cpus_fields, "cpus", TRUE, NULL,
       "what is pinned; `shared` is the set of all vCPUs", "the host's CPUs for it there"),
  ROW (CPU, "cpu", NUMBER, NULL, cpus_fields, "cpus", FALSE, NULL, "number of a host's CPU",
       "the CPUs in its place, in every set that has it"),
  ROW (NODE, "node", NUMBER, NULL, nodes_fields, "nodes", FALSE, NULL,
       "number of a host's NUMA node", "the nodes in its place, in every set that has it"),
  ROW (PAGES, "pages", KIB, NULL, pages_fields, "size", TRUE, NULL, "size of huge pages",
       "their size there"),
  ROW (MEMORY_SOURCE, "memory-source", WORD, from_source_words, source_fields, "source", TRUE, NULL,
       "what memory is backed by, `*` for whatever it is", "what it is backed by there"),
  ROW (MEMORY_ACCESS, "memory-access", WORD, from_access_words, access_fields, "access", TRUE, NULL,
       "how memory is mapped, `*` for whatever it is", "how it is mapped there"),
  ROW (MEMORY_ALLOCATION, "memory-allocation", WORD, from_allocation_words, allocation_fields,
       "allocation", TRUE, NULL, "when memory is taken, `*` for whatever it is",
       "when it is taken there"),
  ROW (EMULATOR, "emulator", PATH, NULL, path_fields, "path", FALSE, NULL, "path of QEMU",
       "its path there"),
  ROW (SECRET, "secret", SECRET, NULL, secret_fields, "uuid", FALSE, NULL,
       "UUID or usage of a libvirt secret", "the UUID of the one that has the same value there"),
  ROW (PERF, "perf", NAME, NULL, perf_fields, "enabled", TRUE, NULL,
       "name of a performance event, `*` for any", "whether it is counted there"),
  ROW (LABEL, "label", WORD, label_models, label_fields, "label", TRUE, NULL,
       "model of a security label", "the label there"),
  ROW (METADATA, "metadata", URI, NULL, no_fields, NULL, TRUE, NULL,
       "namespace of an element in the guest's metadata", "only `none`"),
  ROW (PARTITION, "partition", PATH, NULL, path_fields, "path", TRUE, NULL, "a resource partition",
       "the one there"),
};

gssize
_migrate_map_kind_find (const char *name)
{
  for (gsize i = 0; i < MIGRATE_N_MAP_KINDS; i++)
    if (g_str_equal (_migrate_map_rows[i].name, name))
      return (gssize) i;
  return -1;
}

char *
_migrate_map_name (MigrateMapKind kind, const char *from)
{
  return g_strconcat (_migrate_map_rows[kind].name, ":", from, NULL);
}
