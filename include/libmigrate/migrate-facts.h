/* What both hosts said about one move, at one time. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-mapping.h>
#include <libmigrate/migrate-policy.h>
#include <libmigrate/migrate-report.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_FACTS (migrate_facts_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_facts_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateFacts *migrate_facts_new_from_bytes (GBytes *bytes, GError **error);
MIGRATE_AVAILABLE_IN_1_0
GBytes *migrate_facts_to_bytes (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateFacts *migrate_facts_ref (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_facts_unref (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_facts_get_taken_us (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_facts_get_guest_name (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_facts_get_guest_uuid (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_facts_get_source (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_facts_get_destination (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateKind migrate_facts_get_kind (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_facts_dup_policy (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_facts_dup_mapping (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_facts_dup_profile (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateFacts *migrate_facts_map (MigrateFacts *self, MigrateMapping *mapping,
                                 MigrateMapping *profile, GError **error);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_facts_dup_details (MigrateFacts *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateReport *migrate_facts_check (MigrateFacts *self, MigratePolicy *policy, MigrateKind kind);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateFacts, migrate_facts_unref)

G_END_DECLS
