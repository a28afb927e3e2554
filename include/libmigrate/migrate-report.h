/* Everything a check found: a list of findings. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>
#include <libmigrate/migrate-finding.h>
#include <libmigrate/migrate-forecast.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_REPORT (migrate_report_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateReport, migrate_report, MIGRATE, REPORT, GObject)

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_report_is_blocked (MigrateReport *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_report_count (MigrateReport *self, MigrateSeverity severity);
MIGRATE_AVAILABLE_IN_1_0
MigrateKind migrate_report_get_kind (MigrateReport *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_report_get_guest_name (MigrateReport *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_report_get_guest_uuid (MigrateReport *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateForecast *migrate_report_get_forecast (MigrateReport *self);

G_END_DECLS
