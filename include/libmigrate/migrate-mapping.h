/* This here is that there: what a guest finds under another name at its destination. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_MAPPING (migrate_mapping_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateMapping, migrate_mapping, MIGRATE, MAPPING, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_mapping_new (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_mapping_new_from_file (const char *path, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_mapping_copy (MigrateMapping *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_mapping_set (MigrateMapping *self, const char *kind, const char *from,
                              GVariant *to, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_mapping_set_from_string (MigrateMapping *self, const char *text, GError **error);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_mapping_get (MigrateMapping *self, const char *kind, const char *from);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_mapping_dup_froms (MigrateMapping *self, const char *kind);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_mapping_dup_kinds (void);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_mapping_describe_kind (const char *kind);

G_END_DECLS
