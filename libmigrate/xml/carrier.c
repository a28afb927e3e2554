/* The guest that carries files from one hypervisor to another: it is made, moved and taken away,
 * and never runs. So it has what a machine cannot be without, and a disk for each file. */
#include "xml/make-private.h"
#include "xml/mark-private.h"
#include "xml/volume-private.h"

#define MAX_FILES 255 /* units of one virtio-scsi controller */

char *
_migrate_carrier_target (guint n)
{
  GString *target = g_string_new (NULL);

  for (guint rest = n + 1; rest > 0; rest = (rest - 1) / 26)
    g_string_prepend_c (target, (char) ('a' + (rest - 1) % 26));
  g_string_prepend (target, "sd");
  return g_string_free (target, FALSE);
}

/* Its own QEMU makes the file's zeroes holes again at the other end. */
static void
add_disk (xmlNode *devices, guint n, const char *path)
{
  xmlNode *disk = _migrate_make_child (devices, "disk", NULL);
  xmlNode *driver = _migrate_make_child (disk, "driver", NULL);
  xmlNode *target, *address;
  g_autofree char *name = _migrate_carrier_target (n);
  g_autofree char *unit = g_strdup_printf ("%u", n);

  _migrate_make_set (disk, "type", "file");
  _migrate_make_set (disk, "device", "disk");
  _migrate_make_set (driver, "name", "qemu");
  _migrate_make_set (driver, "type", "raw");
  _migrate_make_set (driver, "discard", "unmap");
  _migrate_make_set (_migrate_make_child (disk, "source", NULL), "file", path);
  target = _migrate_make_child (disk, "target", NULL);
  _migrate_make_set (target, "dev", name);
  _migrate_make_set (target, "bus", "scsi");
  address = _migrate_make_child (disk, "address", NULL);
  _migrate_make_set (address, "type", "drive");
  _migrate_make_set (address, "controller", "0");
  _migrate_make_set (address, "bus", "0");
  _migrate_make_set (address, "target", unit);
  _migrate_make_set (address, "unit", "0");
}

static void
add_devices (xmlNode *root, const MigrateCarrier *carrier)
{
  xmlNode *devices = _migrate_make_child (root, "devices", NULL);
  xmlNode *controller;

  if (carrier->emulator != NULL)
    _migrate_make_child (devices, "emulator", carrier->emulator);
  for (guint i = 0; carrier->paths[i] != NULL; i++)
    add_disk (devices, i, carrier->paths[i]);
  controller = _migrate_make_child (devices, "controller", NULL);
  _migrate_make_set (controller, "type", "scsi");
  _migrate_make_set (controller, "index", "0");
  _migrate_make_set (controller, "model", "virtio-scsi");
  controller = _migrate_make_child (devices, "controller", NULL);
  _migrate_make_set (controller, "type", "usb");
  _migrate_make_set (controller, "model", "none");
  _migrate_make_set (_migrate_make_child (devices, "memballoon", NULL), "model", "none");
}

static void
add_machine (xmlNode *root, const MigrateCarrier *carrier)
{
  xmlNode *type;

  _migrate_make_set (_migrate_make_child (root, "memory", "1"), "unit", "MiB");
  _migrate_make_child (root, "vcpu", "1");
  type = _migrate_make_child (_migrate_make_child (root, "os", NULL), "type", "hvm");
  _migrate_make_set (type, "arch", carrier->arch);
  _migrate_make_set (type, "machine", carrier->machine != NULL ? carrier->machine : "pc");
}

static gboolean
check (const MigrateCarrier *carrier, GError **error)
{
  guint n = g_strv_length ((char **) carrier->paths);

  if (n == 0 || n > MAX_FILES)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Move the guest in parts, or by streams",
                          "A carrier carries from 1 to %u files, and not %u", MAX_FILES, n);
      return FALSE;
    }
  for (guint i = 0; i < n; i++)
    if (carrier->paths[i][0] != '/' || !_migrate_make_can_say (carrier->paths[i]))
      {
        _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Rename the file",
                            "No document can name the file “%s”", carrier->paths[i]);
        return FALSE;
      }
  return TRUE;
}

char *
_migrate_carrier_make (const MigrateCarrier *carrier, GError **error)
{
  g_autoptr (xmlDoc) doc = NULL;
  g_autofree char *text = NULL;
  xmlNode *root;

  if (!check (carrier, error))
    return NULL;
  doc = _migrate_make_document ("domain");
  root = xmlDocGetRootElement (doc);
  _migrate_make_set (root, "type", carrier->type);
  _migrate_make_child (root, "name", carrier->name);
  _migrate_make_child (root, "uuid", carrier->uuid);
  add_machine (root, carrier);
  add_devices (root, carrier);
  text = _migrate_document_to_text (doc);
  return _migrate_mark_set (text, MIGRATE_MARK_CARRIER, carrier->job, error);
}
