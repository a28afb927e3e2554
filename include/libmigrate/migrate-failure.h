/* Why a job failed: the first cause, in libvirt's words and ours. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>
#include <libmigrate/migrate-error.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_FAILURE (migrate_failure_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_failure_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateFailure *migrate_failure_ref (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_failure_unref (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateError migrate_failure_get_code (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_failure_is_cancelled (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateSide migrate_failure_get_side (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
MigratePhase migrate_failure_get_phase (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_failure_get_message (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_failure_get_remedy (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_failure_get_other_job (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
int migrate_failure_get_libvirt_domain (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
int migrate_failure_get_libvirt_code (MigrateFailure *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_failure_dup_details (MigrateFailure *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateFailure, migrate_failure_unref)

G_END_DECLS
