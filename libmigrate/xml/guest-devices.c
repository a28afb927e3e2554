/* A guest's other devices: those of the host that it holds, and those of which only kind, type and
 * model decide. */
#include "xml/guest-parts-private.h"

#include <string.h>

static void
host_device_free (MigrateHostDevice *self)
{
  g_free (self->type);
  g_free (self->address);
  g_free (self->model);
  g_free (self->alias);
  g_free (self);
}

static void
device_free (MigrateDevice *self)
{
  g_free (self->element);
  g_free (self->type);
  g_free (self->model);
  g_free (self->alias);
  g_free (self->driver);
  g_free (self->path);
  g_free (self->role);
  g_free (self);
}

GPtrArray *
_migrate_host_device_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) host_device_free);
}

GPtrArray *
_migrate_device_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) device_free);
}

/* ---- devices of the host ---- */

char *
_migrate_pci_address (const xmlNode *address, GError **error)
{
  if (address == NULL)
    return NULL;
  return g_strdup_printf ("%04x:%02x:%02x.%x", _migrate_node_uint32 (address, "domain", error),
                          _migrate_node_uint32 (address, "bus", error),
                          _migrate_node_uint32 (address, "slot", error),
                          _migrate_node_uint32 (address, "function", error));
}

static char *
usb_address (const xmlNode *source, const xmlNode *address, GError **error)
{
  const xmlNode *vendor = _migrate_node_child (source, "vendor");
  const xmlNode *product = _migrate_node_child (source, "product");

  if (vendor != NULL && product != NULL)
    return g_strdup_printf ("%04x:%04x", _migrate_node_uint32 (vendor, "id", error),
                            _migrate_node_uint32 (product, "id", error));
  if (address == NULL)
    return NULL;
  return g_strdup_printf ("bus %u, device %u", _migrate_node_uint32 (address, "bus", error),
                          _migrate_node_uint32 (address, "device", error));
}

static char *
scsi_address (const xmlNode *source, const xmlNode *address, GError **error)
{
  const char *adapter = _migrate_node_peek (_migrate_node_child (source, "adapter"), "name");

  if (adapter == NULL || address == NULL)
    return NULL;
  return g_strdup_printf (
    "%s:%u:%u:%" G_GUINT64_FORMAT, adapter, _migrate_node_uint32 (address, "bus", error),
    _migrate_node_uint32 (address, "target", error), _migrate_node_uint (address, "unit", error));
}

/* By protocol and name (iSCSI, vhost), or the path of one in mode "capabilities". */
static char *
other_address (const xmlNode *source)
{
  static const char *const places[] = { "block", "char", "interface" };
  const char *protocol = _migrate_node_peek (source, "protocol");
  const char *name = _migrate_node_peek (source, "name");

  if (name == NULL)
    name = _migrate_node_peek (source, "wwpn");
  if (protocol != NULL && name != NULL)
    return g_strdup_printf ("%s:%s", protocol, name);
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    {
      char *path = _migrate_node_text_at (source, places[i]);

      if (path != NULL)
        return path;
    }
  return NULL;
}

static char *
host_device_address (const xmlNode *node, const char *type, GError **error)
{
  const xmlNode *source = _migrate_node_child (node, "source");
  const xmlNode *address = _migrate_node_child (source, "address");

  if (strcmp (type, "pci") == 0)
    return _migrate_pci_address (address, error);
  if (strcmp (type, "usb") == 0)
    return usb_address (source, address, error);
  if (strcmp (type, "mdev") == 0)
    return _migrate_node_dup (address, "uuid");
  if (strcmp (type, "scsi") == 0 && _migrate_node_peek (source, "protocol") == NULL)
    return scsi_address (source, address, error);
  return other_address (source);
}

/* seen: of those read so far. */
static void
expect_only (GHashTable *seen, const MigrateHostDevice *device, const xmlNode *node, GError **error)
{
  if (device->address != NULL
      && !g_hash_table_add (seen, g_strdup_printf ("%s %s", device->type, device->address)))
    _migrate_node_error (error, node, "Give each device of the host once",
                         "there is a second host device “%s”",
                         _migrate_short_name (device->address));
}

static void
read_host_device (MigrateGuest *self, const xmlNode *node, GHashTable *seen, GError **error)
{
  const xmlNode *access = _migrate_node_at (node, "source/auth/secret");
  MigrateHostDevice *device = g_new0 (MigrateHostDevice, 1);

  device->type = _migrate_node_dup (node, "type");
  if (device->type == NULL)
    device->type = g_strdup ("pci");
  device->address = host_device_address (node, device->type, error);
  device->model = _migrate_node_dup (node, "model");
  device->alias = _migrate_node_dup_at (node, "alias", "name");
  device->teaming_transient
    = _migrate_node_has (_migrate_node_child (node, "teaming"), "type", "transient");
  expect_only (seen, device, node, error);
  g_ptr_array_add (self->host_devices, device);
  if (access != NULL)
    _migrate_secret_use_add (self->secrets, access, NULL /* usage_type */,
                             g_strdup ("access to a SCSI device"));
}

/* ---- all others ---- */

/* Where each says it: "path@attribute", or "path" for text; of several, what is there first. */
static const struct
{
  const char *element, *type, *model, *driver, *path, *role;
} places[] = {
  { "audio", "@type", NULL, NULL, NULL, NULL },
  { "controller", "@type", "@model", NULL, NULL, NULL },
  { "crypto", "@type", "@model", "backend@model", NULL, NULL },
  { "filesystem", "@type", "@model", "driver@type", "source@dir|source@file|source@socket", NULL },
  { "hub", "@type", NULL, NULL, NULL, NULL },
  { "input", "@type", "@model", NULL, "source@evdev|source@dev", NULL },
  { "iommu", NULL, "@model", NULL, NULL, NULL },
  { "lease", NULL, NULL, NULL, "target@path", NULL },
  { "memballoon", NULL, "@model", NULL, NULL, NULL },
  { "memory", NULL, "@model", NULL, "source/path", NULL },
  { "nvram", NULL, NULL, NULL, NULL, NULL },
  { "panic", NULL, "@model", NULL, NULL, NULL },
  { "pstore", "@backend", NULL, NULL, "path", NULL },
  { "redirdev", "@type", NULL, NULL, "source@path", NULL },
  { "rng", "backend@model", "@model", NULL, "backend", NULL },
  { "shmem", NULL, "model@type", NULL, "server@path", "@role" },
  { "smartcard", "@mode", NULL, NULL, "source@path", NULL },
  { "sound", NULL, "@model", NULL, NULL, NULL },
  { "tpm", "backend@type", "@model", "backend@version", "backend/device@path|backend/source@path",
    NULL },
  { "video", NULL, "model@type", "driver@name", NULL, NULL },
  { "vsock", NULL, "@model", NULL, NULL, NULL },
  { "watchdog", NULL, "@model", NULL, NULL, "@action" },
};

static char *
get (const xmlNode *node, const char *where)
{
  g_auto (GStrv) choices = where != NULL ? g_strsplit (where, "|", -1) : NULL;
  char *found = NULL;

  for (gsize i = 0; choices != NULL && choices[i] != NULL && found == NULL; i++)
    {
      char *at = strchr (choices[i], '@');

      if (at == NULL)
        found = _migrate_node_text_at (node, choices[i]);
      else if (at == choices[i])
        found = _migrate_node_dup (node, at + 1);
      else
        {
          *at = '\0';
          found = _migrate_node_dup_at (node, choices[i], at + 1);
        }
    }
  return found;
}

static gboolean
is_placed (const xmlNode *node)
{
  const xmlNode *address = _migrate_node_child (node, "address");

  return _migrate_node_has (address, "type", "dimm") && _migrate_node_peek (address, "slot") != NULL
         && _migrate_node_peek (address, "base") != NULL;
}

static MigrateDevice *
read_device (const xmlNode *node, gsize place)
{
  MigrateDevice *device = g_new0 (MigrateDevice, 1);

  device->element = g_strdup (places[place].element);
  device->type = get (node, places[place].type);
  device->model = get (node, places[place].model);
  device->driver = get (node, places[place].driver);
  device->path = get (node, places[place].path);
  device->role = get (node, places[place].role);
  device->alias = _migrate_node_dup_at (node, "alias", "name");
  device->placed = is_placed (node);
  if (_migrate_node_has (_migrate_node_at (node, "model/acceleration"), "accel3d", "yes"))
    {
      g_free (device->driver);
      device->driver = g_strdup ("accel3d");
    }
  return device;
}

static void
read_state_encryption (MigrateGuest *self, const xmlNode *tpm)
{
  char *uuid = _migrate_node_dup_at (tpm, "backend/encryption", "secret");
  MigrateSecretUse *use;

  if (uuid == NULL)
    return;
  use = g_new0 (MigrateSecretUse, 1);
  use->uuid = uuid;
  use->of = g_strdup ("the state of the TPM");
  g_ptr_array_add (self->secrets, use);
}

/* Host nodes that a memory device is bound to count as those of numatune. */
static void
read_memory_nodes (MigrateGuest *self, const xmlNode *memory)
{
  char *set = _migrate_node_text_at (memory, "source/nodemask");

  if (set != NULL)
    g_ptr_array_add (self->nodes, set);
}

void
_migrate_guest_read_devices (MigrateGuest *self, const xmlNode *devices, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  for (const xmlNode *node = _migrate_node_child (devices, NULL); node != NULL;
       node = _migrate_node_next (node, NULL))
    {
      if (_migrate_node_is (node, "hostdev"))
        read_host_device (self, node, seen, error);
      for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
        if (_migrate_node_is (node, places[i].element))
          g_ptr_array_add (self->devices, read_device (node, i));
      if (_migrate_node_is (node, "tpm"))
        read_state_encryption (self, node);
      if (_migrate_node_is (node, "memory"))
        read_memory_nodes (self, node);
    }
}
