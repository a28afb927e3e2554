/* Finding out what is true of a guest, and putting it right. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>
#include <libmigrate/migrate-fence.h>
#include <libmigrate/migrate-hooks.h>
#include <libmigrate/migrate-inventory.h>
#include <libmigrate/migrate-journal.h>
#include <libmigrate/migrate-policy.h>
#include <libmigrate/migrate-volume-connector.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_RECOVERY (migrate_recovery_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateRecovery, migrate_recovery, MIGRATE, RECOVERY, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateRecovery *migrate_recovery_new (const char *guest, GListModel *hosts);

MIGRATE_AVAILABLE_IN_1_0
gboolean
migrate_recovery_investigate (MigrateRecovery *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_investigate_async (MigrateRecovery *self, GCancellable *cancellable,
                                         GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean
migrate_recovery_investigate_finish (MigrateRecovery *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_recovery_apply (MigrateRecovery *self, MigrateRisk up_to_risk,
                                 GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_apply_async (MigrateRecovery *self, MigrateRisk up_to_risk,
                                   GCancellable *cancellable, GAsyncReadyCallback callback,
                                   gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean
migrate_recovery_apply_finish (MigrateRecovery *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_keep (MigrateRecovery *self, const char *uri);

MIGRATE_AVAILABLE_IN_1_0
const char *migrate_recovery_get_guest (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
GListModel *migrate_recovery_get_hosts (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_recovery_dup_policy (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_set_policy (MigrateRecovery *self, MigratePolicy *policy);
MIGRATE_AVAILABLE_IN_1_0
MigrateJournal *migrate_recovery_dup_journal (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_set_journal (MigrateRecovery *self, MigrateJournal *journal);
MIGRATE_AVAILABLE_IN_1_0
MigrateHooks *migrate_recovery_dup_hooks (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_set_hooks (MigrateRecovery *self, MigrateHooks *hooks);
MIGRATE_AVAILABLE_IN_1_0
MigrateInventory *migrate_recovery_dup_inventory (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_set_inventory (MigrateRecovery *self, MigrateInventory *inventory);
MIGRATE_AVAILABLE_IN_1_0
MigrateVolumeConnector *migrate_recovery_dup_volume_connector (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
void
migrate_recovery_set_volume_connector (MigrateRecovery *self, MigrateVolumeConnector *connector);
MIGRATE_AVAILABLE_IN_1_0
MigrateFence *migrate_recovery_dup_fence (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_recovery_set_fence (MigrateRecovery *self, MigrateFence *fence);
MIGRATE_AVAILABLE_IN_1_0
MigrateVerdict migrate_recovery_get_verdict (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_recovery_dup_reason (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
char *migrate_recovery_dup_job_id (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_recovery_is_at_rest (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_recovery_get_n_evidence (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateEvidence *migrate_recovery_dup_evidence (MigrateRecovery *self, guint index);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_recovery_get_n_steps (MigrateRecovery *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateStep *migrate_recovery_dup_step (MigrateRecovery *self, guint index);

G_END_DECLS
