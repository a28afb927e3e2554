/* One destination of a survey. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-facts.h>
#include <libmigrate/migrate-failure.h>
#include <libmigrate/migrate-host.h>
#include <libmigrate/migrate-report.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_SURVEY_ENTRY (migrate_survey_entry_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateSurveyEntry, migrate_survey_entry, MIGRATE, SURVEY_ENTRY, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateHost *migrate_survey_entry_get_host (MigrateSurveyEntry *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_survey_entry_get_rank (MigrateSurveyEntry *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_survey_entry_get_reason (MigrateSurveyEntry *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateReport *migrate_survey_entry_get_report (MigrateSurveyEntry *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateFacts *migrate_survey_entry_get_facts (MigrateSurveyEntry *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateFailure *migrate_survey_entry_get_failure (MigrateSurveyEntry *self);

G_END_DECLS
