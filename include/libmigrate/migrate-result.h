/* How a job ended, in numbers. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>
#include <libmigrate/migrate-forecast.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_RESULT (migrate_result_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_result_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateResult *migrate_result_ref (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_result_unref (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateOutcome migrate_result_get_outcome (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateKind migrate_result_get_kind (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_result_get_guest_name (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_result_get_guest_uuid (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_result_get_total_ms (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_result_has_downtime (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_result_get_downtime_ms (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_result_get_downtime_origin (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_result_get_bytes (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_result_get_disk_bytes (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_result_has_bytes_resent (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_result_get_bytes_resent (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_result_get_passes (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_result_get_throttle (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_result_has_downtime_limit (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_result_get_downtime_limit_ms (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_result_get_phase_ms (MigrateResult *self, MigratePhase phase);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_result_get_n_decisions (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateDecision *migrate_result_get_decision (MigrateResult *self, guint index);
MIGRATE_AVAILABLE_IN_1_0
char **migrate_result_dup_warnings (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateForecast *migrate_result_get_forecast (MigrateResult *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_result_dup_details (MigrateResult *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateResult, migrate_result_unref)

G_END_DECLS
