/* One job as the journal knows it. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_JOB_RECORD (migrate_job_record_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateJobRecord, migrate_job_record, MIGRATE, JOB_RECORD, GObject)

MIGRATE_AVAILABLE_IN_1_0
const char *migrate_job_record_get_id (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_job_record_get_guest_name (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_job_record_get_guest_uuid (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_job_record_get_source (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_job_record_get_destination (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateState migrate_job_record_get_state (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
MigratePhase migrate_job_record_get_phase (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateOutcome migrate_job_record_get_outcome (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_record_is_held (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_record_is_in_flight (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
double migrate_job_record_get_fraction (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
GDateTime *migrate_job_record_dup_created (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
GDateTime *migrate_job_record_dup_updated (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_job_record_dup_error (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_job_record_dup_values (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_job_record_dup_entries (MigrateJobRecord *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_job_record_dup_samples (MigrateJobRecord *self);

G_END_DECLS
