/* One decision taken during a move, and why. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_DECISION (migrate_decision_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_decision_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateDecision *migrate_decision_ref (MigrateDecision *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_decision_unref (MigrateDecision *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_decision_get_at_ms (MigrateDecision *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_decision_get_what (MigrateDecision *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_decision_get_why (MigrateDecision *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_decision_dup_details (MigrateDecision *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateDecision, migrate_decision_unref)

G_END_DECLS
