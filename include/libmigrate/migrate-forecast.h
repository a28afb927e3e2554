/* What a move will take, before it is begun. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_FORECAST (migrate_forecast_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_forecast_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateForecast *migrate_forecast_ref (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_forecast_unref (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateConvergence migrate_forecast_get_convergence (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateRung migrate_forecast_get_rung (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_forecast_has_total (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_total_least_ms (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_forecast_has_total_most (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_total_most_ms (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_forecast_has_downtime (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_downtime_least_ms (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_downtime_most_ms (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_forecast_has_bytes (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_bytes_least (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_forecast_has_bytes_most (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_bytes_most (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_forecast_has_need (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_forecast_has_needed_downtime (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_needed_downtime_ms (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_forecast_get_needed_bandwidth (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_forecast_dup_summary (MigrateForecast *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_forecast_dup_details (MigrateForecast *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateForecast, migrate_forecast_unref)

G_END_DECLS
