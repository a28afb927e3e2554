/* The connector that leaves volumes to libvirt. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-volume-connector.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_LIBVIRT_VOLUME_CONNECTOR (migrate_libvirt_volume_connector_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateLibvirtVolumeConnector, migrate_libvirt_volume_connector, MIGRATE,
                      LIBVIRT_VOLUME_CONNECTOR, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateLibvirtVolumeConnector *migrate_libvirt_volume_connector_new (void);

G_END_DECLS
