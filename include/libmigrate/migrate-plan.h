/* What a move will do. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_PLAN (migrate_plan_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_plan_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigratePlan *migrate_plan_ref (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_plan_unref (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateKind migrate_plan_get_kind (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_plan_get_guest_name (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_plan_get_guest_uuid (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_plan_get_source (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_plan_get_destination (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_plan_get_n_steps (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateStep *migrate_plan_get_step (MigratePlan *self, guint index);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_plan_dup_transfer (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_plan_dup_disks (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_plan_dup_files (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_plan_dup_changes (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_plan_dup_holes (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_plan_dup_effects (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_plan_get_xml (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_plan_get_persistent_xml (MigratePlan *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_plan_dup_details (MigratePlan *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigratePlan, migrate_plan_unref)

G_END_DECLS
