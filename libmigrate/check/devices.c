/* Decide: whether the guest's devices can go along. Most of it is what libvirt and QEMU refuse, one
 * thing at a time and some of it only in mid-move; the rest is what stays behind or must be there
 * already. */
#include "check/checks-private.h"

#include <string.h>

/* ---- devices of the host ---- */

static gboolean
is_of_type (const MigrateLook *look, const char *type)
{
  static const struct
  {
    const char *code, *type;
  } types[] = { { "host-device", "pci" },
                { "mediated-device", "mdev" },
                { "usb-device", "usb" },
                { "scsi-device", "scsi" },
                { "vhost-scsi", "scsi_host" } };

  for (gsize i = 0; i < G_N_ELEMENTS (types); i++)
    if (g_str_equal (types[i].code, look->check->code))
      return g_str_equal (types[i].type, type);
  return FALSE;
}

static const char *
address_of (const MigrateHostDevice *device)
{
  return device->address != NULL ? device->address
         : device->alias != NULL ? device->alias
                                 : device->type;
}

static void
look_host_device (MigrateLook *look)
{
  const GPtrArray *devices = _migrate_look_there (look)->host_devices;

  for (guint i = 0; i < devices->len; i++)
    {
      const MigrateHostDevice *device = devices->pdata[i];

      if (is_of_type (look, device->type) && !device->teaming_transient)
        _migrate_look_find (look, address_of (device), NULL);
    }
}

static gboolean
is_passed_through (const MigrateLook *look, const MigrateNic *nic)
{
  const GPtrArray *networks = look->facts->on_source.networks;

  if (g_str_equal (nic->type, "hostdev"))
    return TRUE;
  for (guint i = 0; nic->network != NULL && networks != NULL && i < networks->len; i++)
    {
      const MigrateNetwork *network = networks->pdata[i];

      if (g_str_equal (network->name, nic->network))
        return g_strcmp0 (network->forward, "hostdev") == 0;
    }
  return FALSE;
}

static const char *
name_of_nic (const MigrateNic *nic)
{
  return nic->mac != NULL ? nic->mac : nic->type;
}

static void
look_host_nic (MigrateLook *look)
{
  const GPtrArray *nics = _migrate_look_there (look)->nics;

  for (guint i = 0; i < nics->len; i++)
    {
      const MigrateNic *nic = nics->pdata[i];

      if (is_passed_through (look, nic) && !nic->teaming_transient)
        _migrate_look_find (look, name_of_nic (nic), NULL);
    }
}

static void
look_failover (MigrateLook *look)
{
  const MigrateGuest *there = _migrate_look_there (look);

  for (guint i = 0; i < there->nics->len; i++)
    {
      const MigrateNic *nic = there->nics->pdata[i];

      if (nic->teaming_transient)
        _migrate_look_find (look, name_of_nic (nic), NULL);
    }
  for (guint i = 0; i < there->host_devices->len; i++)
    {
      const MigrateHostDevice *device = there->host_devices->pdata[i];

      if (device->teaming_transient)
        _migrate_look_find (look, address_of (device), NULL);
    }
}

/* As libvirt names it: "pci_0000_06_12_5", "mdev_" and the UUID, and since 7.3 its parent. */
static char *
node_device (const MigrateHostDevice *device)
{
  if (device->address == NULL
      || (!g_str_equal (device->type, "pci") && !g_str_equal (device->type, "mdev")))
    return NULL;
  return g_strdelimit (g_strdup_printf ("%s_%s", device->type, device->address), ":.-", '_');
}

static gboolean
has_device (char *const *devices, const char *name)
{
  for (gsize i = 0; devices[i] != NULL; i++)
    if (g_str_has_prefix (devices[i], name)
        && (devices[i][strlen (name)] == '\0' || devices[i][strlen (name)] == '_'))
      return TRUE;
  return FALSE;
}

static void
look_host_device_missing (MigrateLook *look)
{
  const GPtrArray *devices = _migrate_look_there (look)->host_devices;
  char *const *there = look->facts->on_destination.devices;

  for (guint i = 0; there != NULL && i < devices->len; i++)
    {
      const MigrateHostDevice *device = devices->pdata[i];
      g_autofree char *name = node_device (device);

      if (name != NULL && !has_device (there, name))
        _migrate_look_find (look, device->address, NULL);
    }
}

/* ---- kinds of devices ---- */

/* By the finding's code. A NULL matches all; “!” in front: all but that. */
static const struct
{
  const char *code, *element, *type, *model, *driver, *role;
} kinds[] = {
  { "virtiofs", "filesystem", NULL, NULL, "virtiofs", NULL },
  { "filesystem-9p", "filesystem", "mount", NULL, "!virtiofs", NULL },
  { "shared-memory", "shmem", NULL, "ivshmem", NULL, NULL },
  { "shared-memory", "shmem", NULL, "!ivshmem", NULL, "!master" },
  { "video-3d", "video", NULL, NULL, "accel3d", NULL },
  { "video-vhost-user", "video", NULL, NULL, "vhostuser", NULL },
  { "crypto-device", "crypto", NULL, NULL, NULL, NULL },
  { "sgx-memory", "memory", NULL, "sgx-epc", NULL, NULL },
  { "smartcard", "smartcard", "host", NULL, NULL, NULL },
  { "smartcard", "smartcard", "host-certificates", NULL, NULL, NULL },
  { "redirected-usb", "redirdev", NULL, NULL, NULL, NULL },
  { "host-audio", "audio", "alsa", NULL, NULL, NULL },
  { "host-audio", "audio", "coreaudio", NULL, NULL, NULL },
  { "host-audio", "audio", "jack", NULL, NULL, NULL },
  { "host-audio", "audio", "oss", NULL, NULL, NULL },
  { "host-audio", "audio", "pipewire", NULL, NULL, NULL },
  { "host-audio", "audio", "pulseaudio", NULL, NULL, NULL },
  { "vsock", "vsock", NULL, NULL, NULL, NULL },
};

static gboolean
matches (const char *pattern, const char *text)
{
  if (pattern == NULL)
    return TRUE;
  if (pattern[0] == '!')
    return g_strcmp0 (pattern + 1, text) != 0;
  return g_strcmp0 (pattern, text) == 0;
}

static gboolean
is_kind (const char *code, const MigrateDevice *device)
{
  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i].code, code) && g_str_equal (kinds[i].element, device->element)
        && matches (kinds[i].type, device->type) && matches (kinds[i].model, device->model)
        && matches (kinds[i].driver, device->driver) && matches (kinds[i].role, device->role))
      return TRUE;
  return FALSE;
}

static const char *
name_of (const MigrateDevice *device)
{
  if (device->path != NULL)
    return device->path;
  return device->alias != NULL ? device->alias : device->element;
}

static const MigrateDevice *
nth_device (const MigrateLook *look, guint i)
{
  const GPtrArray *devices = _migrate_look_there (look)->devices;

  return i < devices->len ? devices->pdata[i] : NULL;
}

static void
look_kind (MigrateLook *look)
{
  const MigrateDevice *device;

  for (guint i = 0; (device = nth_device (look, i)) != NULL; i++)
    if (is_kind (look->check->code, device))
      _migrate_look_find (look, name_of (device), NULL);
}

/* Memory that is a file: its content does not move where the file is the memory. */
static void
look_memory_file (MigrateLook *look)
{
  const MigrateDevice *device;

  for (guint i = 0; (device = nth_device (look, i)) != NULL; i++)
    if (g_str_equal (device->element, "memory") && device->path != NULL
        && (g_strcmp0 (device->model, "nvdimm") == 0
            || g_strcmp0 (device->model, "virtio-pmem") == 0))
      _migrate_look_find (look, device->path, NULL);
}

/* One that is off has its place from its start. */
static void
look_unplaced (MigrateLook *look)
{
  const GPtrArray *devices = look->facts->shape->devices;

  for (guint i = 0; look->facts->guest.state != MIGRATE_DOMAIN_SHUTOFF && i < devices->len; i++)
    {
      const MigrateDevice *device = devices->pdata[i];

      if (g_str_equal (device->element, "memory") && g_strcmp0 (device->model, "dimm") == 0
          && !device->placed)
        _migrate_look_find (look, name_of (device), NULL);
    }
}

/* ---- files beside the guest ---- */

static void
look_boot_file (MigrateLook *look)
{
  const MigrateGuest *there = _migrate_look_there (look);
  const char *paths[] = { there->loader, there->kernel, there->initrd, there->dtb };

  /* The firmware is the host's own; the others travel with disks. */
  for (gsize i = 0; i < (_migrate_kind_copies (look->kind) ? 1 : G_N_ELEMENTS (paths)); i++)
    if (_migrate_look_lacks (look, paths[i]))
      _migrate_look_find (look, paths[i], NULL);
}

static void
look_nvram (MigrateLook *look)
{
  const char *nvram = _migrate_look_there (look)->nvram;

  if (nvram != NULL)
    _migrate_look_find (look, nvram, NULL);
}

/* ---- what the guest talks to ---- */

static void
look_character_device (MigrateLook *look)
{
  const GPtrArray *endpoints = _migrate_look_there (look)->endpoints;

  for (guint i = 0; i < endpoints->len; i++)
    {
      const MigrateEndpoint *endpoint = endpoints->pdata[i];

      if (g_str_equal (endpoint->type, "dev") && endpoint->path != NULL
          && !g_str_equal (endpoint->element, "console")) /* repeats the first serial port */
        _migrate_look_find (look, endpoint->path, endpoint->element, NULL);
    }
}

static gboolean
is_any_hosts (const char *address)
{
  static const char *const any[] = { "0.0.0.0", "::", "localhost", "::1", NULL };

  return g_strv_contains (any, address) || g_str_has_prefix (address, "127.");
}

/* One that is to change has been thought of. */
static gboolean
listens_as_here (const MigrateLook *look, guint i, const char *address)
{
  const GPtrArray *here = look->facts->shape->endpoints;
  const MigrateEndpoint *same = i < here->len ? here->pdata[i] : NULL;

  return same == NULL || g_strcmp0 (same->listen, address) == 0;
}

static void
look_listen_address (MigrateLook *look)
{
  const GPtrArray *endpoints = _migrate_look_there (look)->endpoints;

  for (guint i = 0; i < endpoints->len; i++)
    {
      const MigrateEndpoint *endpoint = endpoints->pdata[i];

      if (endpoint->listen != NULL && !is_any_hosts (endpoint->listen)
          && listens_as_here (look, i, endpoint->listen))
        _migrate_look_find (look, endpoint->element, endpoint->type, endpoint->listen, NULL);
    }
}

static void
look_command_line (MigrateLook *look)
{
  if (_migrate_look_there (look)->has_command_line)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static const MigrateCheck checks[] = {
  { "host-device", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a PCI device of the host: only those whose driver in the kernel can move its "
    "state move, and QEMU refuses the others",
    "The guest has the host's PCI device “$1”",
    "Detach it; or accept it where its driver can move its state", look_host_device,
    MIGRATE_CHECK_COLD },
  { "host-interface", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "an interface is a PCI device of the host (SR-IOV), without a partner to fail over to",
    "Interface “$1” is a PCI device of the host",
    "Detach it, or give it a partner (<teaming>) to fail over to", look_host_nic,
    MIGRATE_CHECK_COLD },
  { "mediated-device", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a mediated device, such as a part of a graphics card: only the newest drivers "
    "move its state",
    "The guest has the mediated device “$1”",
    "Detach it; or accept it where driver, QEMU and libvirt can move it", look_host_device,
    MIGRATE_CHECK_COLD },
  { "scsi-device", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a SCSI device of the host: nothing shows that its address leads to the same one "
    "at the destination",
    "The guest has the host's SCSI device “$1”: nothing shows that it is the same at the "
    "destination",
    "Detach it; or make sure that it is the same there, and accept it", look_host_device },
  { "vhost-scsi", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a vhost-scsi device: QEMU refuses to move it",
    "The guest has the vhost-scsi device “$1”", "Detach it", look_host_device, MIGRATE_CHECK_COLD },
  { "host-device-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a PCI or mediated device of the host, and the destination has none of that "
    "address",
    "The destination has no device “$1”", "Map it to one that it has", look_host_device_missing },
  { "virtiofs", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a directory of the host through virtiofs: libvirt refuses to move it, except "
    "where the newest virtiofsd can",
    "The guest has “$1” through virtiofs", "Unmount it in the guest and detach it", look_kind,
    MIGRATE_CHECK_COLD },
  { "filesystem-9p", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a directory of the host through 9p: QEMU refuses to move it while the guest has "
    "it mounted",
    "The guest has “$1” through 9p, with which QEMU moves no guest that has it mounted",
    "Unmount it in the guest, and accept it", look_kind, MIGRATE_CHECK_COLD },
  { "shared-memory", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest shares memory with others of its host (ivshmem), and is not its master, or has the "
    "old model of it: libvirt refuses to move it",
    "The guest shares the memory “$1” with others of this host", "Detach it", look_kind,
    MIGRATE_CHECK_COLD },
  { "memory-device-unplaced", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a memory device (DIMM) of a running guest has no slot or no address in its document: libvirt "
    "refuses to move the guest, for the destination could put it elsewhere",
    "The guest's memory device “$1” has no slot or no address",
    "Give it both (<address type='dimm' slot='…' base='…'/>) and start the guest again, or detach "
    "it",
    look_unplaced, MIGRATE_CHECK_COLD },
  { "video-3d", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest has an accelerated graphics card (virgl): QEMU refuses to move it",
    "The guest's graphics card “$1” is accelerated in 3D, with which QEMU moves no guest",
    "Switch the acceleration off, and start the guest again", look_kind, MIGRATE_CHECK_COLD },
  { "video-vhost-user", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest's graphics card is a program of the host's (vhost-user-gpu): QEMU refuses to move "
    "it, except where that program keeps a log of what it writes",
    "The guest's graphics card “$1” is a program of the host's (vhost-user-gpu)",
    "Give the guest another graphics card, and start it again", look_kind, MIGRATE_CHECK_COLD },
  { "crypto-device", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest has a virtio-crypto device: QEMU refuses to move it",
    "The guest has the crypto device “$1”, with which QEMU moves no guest", "Detach it", look_kind,
    MIGRATE_CHECK_COLD },
  { "sgx-memory", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest has SGX memory: it cannot leave the processor", "The guest has the SGX memory “$1”",
    "Start the guest without it", look_kind, MIGRATE_CHECK_COLD },
  { "boot-file-missing", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a file that the guest boots from, a kernel, an initrd, a device tree or a firmware, is not at "
    "the destination",
    "“$1”, which the guest boots from, is not at the destination", "Copy it there",
    look_boot_file },
  { "usb-device", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest has a USB device of the host: it is taken out, and one of that address put in there "
    "if there is one",
    "The guest has the host's USB device “$1”, which stays here", "Detach it first",
    look_host_device },
  { "memory-file", MIGRATE_SEVERITY_WARNING, FALSE,
    "a memory device of the guest is a file of the host: it must be at the destination, and "
    "virtio-pmem must be shared",
    "The guest has the file “$1” for memory: the destination must have it",
    "Make sure that both hosts see the same file", look_memory_file },
  { "smartcard", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest has a smartcard of the host: it stays here",
    "The guest has the host's smartcard “$1”, which stays here", "Detach it first", look_kind },
  { "character-device", MIGRATE_SEVERITY_WARNING, FALSE,
    "a serial or parallel port of the guest is a device of the host: the destination opens its own "
    "of that name",
    "The guest's $2 port is the host's device “$1”: the destination will open its own",
    "Make sure that it is there, and what is plugged into it", look_character_device },
  { "listen-address", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest's graphics or a port of it listens on an address that is given: it must be one of "
    "the destination's too",
    "The guest's $1 ($2) listens on “$3”: the destination must have that address",
    "Map it to an address of the destination, or let it listen on all", look_listen_address },
  { "command-line", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest is started with QEMU arguments of the user's own: nothing is known of what they "
    "name",
    "Guest “$1” has QEMU arguments of its own, which nothing was checked of",
    "Make sure that the files, sockets and devices in them are at the destination",
    look_command_line },
  { "failover-device", MIGRATE_SEVERITY_NOTE, FALSE,
    "a device has a partner to fail over to: it is unplugged for the move, and plugged in there",
    "“$1” is unplugged for the move, and plugged in at the destination", NULL, look_failover,
    MIGRATE_CHECK_COLD },
  { "nvram", MIGRATE_SEVERITY_NOTE, FALSE,
    "the variables of the guest's firmware move along with memory, and a file is made for them",
    "The variables of the guest's firmware move along, and the destination makes “$1” for them",
    NULL, look_nvram, MIGRATE_CHECK_STOPS },
  { "redirected-usb", MIGRATE_SEVERITY_NOTE, FALSE,
    "USB devices of a client can be redirected to the guest: they go with the client's connection",
    "What is redirected to the guest's “$1” goes with its client's connection", NULL, look_kind },
  { "host-audio", MIGRATE_SEVERITY_NOTE, FALSE,
    "the guest plays through the sound system of its host",
    "The guest's “$1” will play at the destination", NULL, look_kind },
  { "vsock", MIGRATE_SEVERITY_NOTE, FALSE,
    "the guest has a socket to its host (vsock): connections through it end",
    "Connections through the guest's “$1” to its host end with the move", NULL, look_kind },
};

const MigrateCheckFamily _migrate_device_checks = { "devices", checks, G_N_ELEMENTS (checks) };
