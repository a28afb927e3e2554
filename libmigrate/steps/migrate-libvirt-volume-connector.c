/* The connector that has nothing to do itself. */
#include "model/model-private.h"

/**
 * MigrateLibvirtVolumeConnector:
 *
 * The connector that leaves volumes to libvirt and QEMU, which connect to servers by themselves
 * when the guest starts: NBD, iSCSI, RBD, and volumes of pools. It is what is used when a job has
 * none, and what a program's connector passes requests on to for volumes that it does not know.
 *
 * What such a disk needs at the destination is seen to by the move: secrets are defined there, as
 * they are at the source, and taken away again when the move is given up; the check finds a blocker
 * where a volume's pool is not there or not started (`pool-missing`), for a pool that its owner
 * stopped is not started.
 *
 * Immutable and thread-safe.
 *
 * Since: 1.0
 */
struct _MigrateLibvirtVolumeConnector
{
  GObject parent_instance;
};

/* The interface's own defaults are what it does. */
static void
libvirt_volume_connector_iface_init (MigrateVolumeConnectorInterface *iface)
{
}

G_DEFINE_FINAL_TYPE_WITH_CODE (MigrateLibvirtVolumeConnector, migrate_libvirt_volume_connector,
                               G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_VOLUME_CONNECTOR,
                                                      libvirt_volume_connector_iface_init))

static void
migrate_libvirt_volume_connector_class_init (MigrateLibvirtVolumeConnectorClass *klass)
{
}

static void
migrate_libvirt_volume_connector_init (MigrateLibvirtVolumeConnector *self)
{
}

/**
 * migrate_libvirt_volume_connector_new:
 *
 * Makes a connector that leaves volumes to libvirt.
 *
 * Returns: (transfer full): a new connector
 *
 * Since: 1.0
 */
MigrateLibvirtVolumeConnector *
migrate_libvirt_volume_connector_new (void)
{
  return g_object_new (MIGRATE_TYPE_LIBVIRT_VOLUME_CONNECTOR, NULL);
}
