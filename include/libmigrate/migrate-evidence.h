/* What one host said of a guest. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_EVIDENCE (migrate_evidence_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_evidence_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateEvidence *migrate_evidence_ref (MigrateEvidence *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_evidence_unref (MigrateEvidence *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_evidence_get_host (MigrateEvidence *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_evidence_is_reachable (MigrateEvidence *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_evidence_is_present (MigrateEvidence *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_evidence_get_state (MigrateEvidence *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_evidence_get_seen_at_us (MigrateEvidence *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_evidence_dup_details (MigrateEvidence *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateEvidence, migrate_evidence_unref)

G_END_DECLS
