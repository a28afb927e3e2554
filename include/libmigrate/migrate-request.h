/* A question to the embedding program, answered once. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_REQUEST (migrate_request_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateRequest, migrate_request, MIGRATE, REQUEST, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateRequestSubject migrate_request_get_subject (MigrateRequest *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateHookPoint migrate_request_get_point (MigrateRequest *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateSide migrate_request_get_side (MigrateRequest *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_request_get_job_id (MigrateRequest *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_request_dup_details (MigrateRequest *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_request_is_answered (MigrateRequest *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_request_answer (MigrateRequest *self, GVariant *reply);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_request_refuse (MigrateRequest *self, const char *code, const char *message);

G_END_DECLS
