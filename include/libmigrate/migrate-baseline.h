/* A CPU model that many hosts can give a guest. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_BASELINE (migrate_baseline_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_baseline_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateBaseline *migrate_baseline_ref (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_baseline_unref (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_baseline_get_cpu (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_baseline_get_model (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_baseline_dup_features (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_baseline_dup_suited (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_baseline_dup_unsuited (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_baseline_dup_unknown (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_baseline_dup_advice (MigrateBaseline *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_baseline_dup_details (MigrateBaseline *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateBaseline, migrate_baseline_unref)

G_END_DECLS
