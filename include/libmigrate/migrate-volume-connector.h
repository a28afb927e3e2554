/* What makes network volumes reachable on a host. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-request.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_VOLUME_CONNECTOR (migrate_volume_connector_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (MigrateVolumeConnector, migrate_volume_connector, MIGRATE, VOLUME_CONNECTOR,
                     GObject)

/**
 * MigrateVolumeConnectorInterface:
 * @parent_iface: the parent interface
 * @connect: asked to connect a volume at a host; the default leaves it to libvirt
 * @disconnect: asked to take that back, also where nothing was connected; the default does nothing
 *
 * Implemented by the embedding program around its volume service: an interface, because only the
 * program knows what attaches a volume to a host.
 *
 * Since: 1.0
 */
struct _MigrateVolumeConnectorInterface
{
  GTypeInterface parent_iface;

  gboolean (*connect) (MigrateVolumeConnector *self, MigrateRequest *request);
  gboolean (*disconnect) (MigrateVolumeConnector *self, MigrateRequest *request);

  /*< private >*/
  gpointer _reserved[8];
};

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_volume_connector_connect (MigrateVolumeConnector *self, MigrateRequest *request);
MIGRATE_AVAILABLE_IN_1_0
gboolean
migrate_volume_connector_disconnect (MigrateVolumeConnector *self, MigrateRequest *request);

G_END_DECLS
