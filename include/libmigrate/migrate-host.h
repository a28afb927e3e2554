/* One libvirt daemon, reached by URI. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-mapping.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_HOST (migrate_host_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateHost, migrate_host, MIGRATE, HOST, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateHost *migrate_host_new (const char *uri);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_host_get_uri (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_host_dup_peer_uri (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_peer_uri (MigrateHost *self, const char *peer_uri);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_host_dup_migration_uri (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_migration_uri (MigrateHost *self, const char *migration_uri);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_host_dup_disks_uri (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_disks_uri (MigrateHost *self, const char *disks_uri);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_host_dup_listen_address (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_listen_address (MigrateHost *self, const char *listen_address);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_host_dup_tls_name (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_tls_name (MigrateHost *self, const char *tls_name);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_host_dup_name (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_name (MigrateHost *self, const char *name);
MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_host_dup_profile (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_profile (MigrateHost *self, MigrateMapping *profile);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_host_get_max_outgoing (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_max_outgoing (MigrateHost *self, guint max_outgoing);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_host_get_max_incoming (MigrateHost *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_host_set_max_incoming (MigrateHost *self, guint max_incoming);

G_END_DECLS
