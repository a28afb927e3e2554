/* What a move may do: one table of keys. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_POLICY (migrate_policy_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigratePolicy, migrate_policy, MIGRATE, POLICY, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_policy_new (void);
MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_policy_new_preset (const char *name, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_policy_new_from_file (const char *path, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_policy_copy (MigratePolicy *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean
migrate_policy_set (MigratePolicy *self, const char *key, const char *value, GError **error);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_policy_dup (MigratePolicy *self, const char *key, GError **error);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_policy_dup_keys (MigratePolicy *self);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_policy_describe (const char *key);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_policy_may_retune (const char *key);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_policy_dup_presets (void);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_policy_describe_preset (const char *name);

G_END_DECLS
