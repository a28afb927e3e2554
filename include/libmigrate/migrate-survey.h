/* One guest, many destinations. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-baseline.h>
#include <libmigrate/migrate-failure.h>
#include <libmigrate/migrate-host.h>
#include <libmigrate/migrate-journal.h>
#include <libmigrate/migrate-policy.h>
#include <libmigrate/migrate-survey-entry.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_SURVEY (migrate_survey_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateSurvey, migrate_survey, MIGRATE, SURVEY, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateSurvey *
migrate_survey_new (const char *guest, MigrateHost *source, GListModel *destinations);

MIGRATE_AVAILABLE_IN_1_0
GListModel *migrate_survey_run (MigrateSurvey *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_run_async (MigrateSurvey *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
GListModel *migrate_survey_run_finish (MigrateSurvey *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigrateBaseline *
migrate_survey_baseline (MigrateSurvey *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_baseline_async (MigrateSurvey *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigrateBaseline *
migrate_survey_baseline_finish (MigrateSurvey *self, GAsyncResult *result, GError **error);

MIGRATE_AVAILABLE_IN_1_0
const char *migrate_survey_get_guest (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateHost *migrate_survey_get_source (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
GListModel *migrate_survey_get_destinations (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateKind migrate_survey_get_kind (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_set_kind (MigrateSurvey *self, MigrateKind kind);
MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_survey_dup_policy (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_set_policy (MigrateSurvey *self, MigratePolicy *policy);
MIGRATE_AVAILABLE_IN_1_0
MigrateJournal *migrate_survey_dup_journal (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_set_journal (MigrateSurvey *self, MigrateJournal *journal);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_survey_get_forecast (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_set_forecast (MigrateSurvey *self, gboolean forecast);
MIGRATE_AVAILABLE_IN_1_0
MigrateJournal *migrate_survey_dup_history (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_set_history (MigrateSurvey *self, MigrateJournal *history);
MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_survey_dup_mapping (MigrateSurvey *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_survey_set_mapping (MigrateSurvey *self, MigrateMapping *mapping);
MIGRATE_AVAILABLE_IN_1_0
MigrateFailure *migrate_survey_dup_failure (MigrateSurvey *self);

G_END_DECLS
