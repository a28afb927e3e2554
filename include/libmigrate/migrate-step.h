/* One step of a recovery, or of a plan. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_STEP (migrate_step_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_step_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateStep *migrate_step_ref (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_step_unref (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_step_get_what (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_step_get_host (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateRisk migrate_step_get_risk (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_step_get_effect (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_step_get_undo (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_step_is_done (MigrateStep *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_step_get_failure (MigrateStep *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateStep, migrate_step_unref)

G_END_DECLS
