/* One result of a check. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_FINDING (migrate_finding_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateFinding, migrate_finding, MIGRATE, FINDING, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateSeverity migrate_finding_get_severity (MigrateFinding *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_finding_get_code (MigrateFinding *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_finding_get_subject (MigrateFinding *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_finding_get_message (MigrateFinding *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_finding_get_remedy (MigrateFinding *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_finding_is_accepted (MigrateFinding *self);

G_END_DECLS
