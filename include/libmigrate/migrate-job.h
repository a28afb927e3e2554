/* One move of one guest: the state machine. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>
#include <libmigrate/migrate-host.h>
#include <libmigrate/migrate-plan.h>
#include <libmigrate/migrate-policy.h>
#include <libmigrate/migrate-report.h>
#include <libmigrate/migrate-hooks.h>
#include <libmigrate/migrate-image-source.h>
#include <libmigrate/migrate-inventory.h>
#include <libmigrate/migrate-journal.h>
#include <libmigrate/migrate-mapping.h>
#include <libmigrate/migrate-recovery.h>
#include <libmigrate/migrate-volume-connector.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_JOB (migrate_job_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateJob, migrate_job, MIGRATE, JOB, GObject)

/**
 * MigrateRewriteFunc:
 * @job: the job
 * @xml: the guest's XML as the destination would be given it, with its passwords
 * @definition: whether this is the guest's definition, which counts from its next start on, and not
 *   the guest as it runs
 * @user_data: what [method@Migrate.Job.set_rewrite_func] was given
 *
 * Changes what a guest's XML names of its host, where a [class@Migrate.Mapping] cannot. Called in
 * the job's main context, before the transfer begins. What is returned must be the same guest, and
 * the same machine for the guest.
 *
 * Returns: (transfer full) (nullable): the XML that the destination is given, or %NULL to give the
 *   move up
 *
 * Since: 1.0
 */
typedef char *(*MigrateRewriteFunc) (MigrateJob *job, const char *xml, gboolean definition,
                                     gpointer user_data);

MIGRATE_AVAILABLE_IN_1_0
MigrateJob *migrate_job_new (const char *guest, MigrateHost *source, MigrateHost *destination);
MIGRATE_AVAILABLE_IN_1_0
MigrateJob *migrate_job_load (MigrateJournal *journal, const char *id, GCancellable *cancellable,
                              GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_load_async (MigrateJournal *journal, const char *id, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigrateJob *migrate_job_load_finish (GAsyncResult *result, GError **error);

MIGRATE_AVAILABLE_IN_1_0
MigrateReport *migrate_job_check (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_check_async (MigrateJob *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigrateReport *migrate_job_check_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigratePlan *migrate_job_plan (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_plan_async (MigrateJob *self, GCancellable *cancellable,
                             GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigratePlan *migrate_job_plan_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_prepare (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_prepare_async (MigrateJob *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_prepare_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_migrate (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_migrate_async (MigrateJob *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_migrate_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_finalize (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_finalize_async (MigrateJob *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_finalize_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigrateResult *migrate_job_run (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_run_async (MigrateJob *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigrateResult *migrate_job_run_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigrateResult *migrate_job_follow (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_follow_async (MigrateJob *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigrateResult *migrate_job_follow_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_cancel (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_cancel_async (MigrateJob *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_cancel_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_detach (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_detach_async (MigrateJob *self, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_detach_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_run_chores (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_run_chores_async (MigrateJob *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_run_chores_finish (MigrateJob *self, GAsyncResult *result, GError **error);

MIGRATE_AVAILABLE_IN_1_0
gboolean
migrate_job_retune (MigrateJob *self, GVariant *values, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_retune_async (MigrateJob *self, GVariant *values, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_retune_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_finish_now (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_finish_now_async (MigrateJob *self, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_finish_now_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_pause (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_pause_async (MigrateJob *self, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_pause_finish (MigrateJob *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_give_up (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_give_up_async (MigrateJob *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_give_up_finish (MigrateJob *self, GAsyncResult *result, GError **error);

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_revert (MigrateJob *self, MigrateRisk up_to_risk, GCancellable *cancellable,
                             GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_revert_async (MigrateJob *self, MigrateRisk up_to_risk, GCancellable *cancellable,
                               GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_revert_finish (MigrateJob *self, GAsyncResult *result, GError **error);

MIGRATE_AVAILABLE_IN_1_0
MigrateRecovery *migrate_job_recover (MigrateJob *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_recover_async (MigrateJob *self, GCancellable *cancellable,
                                GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigrateRecovery *
migrate_job_recover_finish (MigrateJob *self, GAsyncResult *result, GError **error);

MIGRATE_AVAILABLE_IN_1_0
const char *migrate_job_get_id (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_job_get_guest (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateHost *migrate_job_get_source (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateHost *migrate_job_get_destination (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateKind migrate_job_get_kind (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_kind (MigrateJob *self, MigrateKind kind);
MIGRATE_AVAILABLE_IN_1_0
MigratePolicy *migrate_job_dup_policy (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_policy (MigrateJob *self, MigratePolicy *policy);
MIGRATE_AVAILABLE_IN_1_0
MigrateJournal *migrate_job_dup_journal (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_journal (MigrateJob *self, MigrateJournal *journal);
MIGRATE_AVAILABLE_IN_1_0
MigrateHooks *migrate_job_dup_hooks (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_hooks (MigrateJob *self, MigrateHooks *hooks);
MIGRATE_AVAILABLE_IN_1_0
MigrateInventory *migrate_job_dup_inventory (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_inventory (MigrateJob *self, MigrateInventory *inventory);
MIGRATE_AVAILABLE_IN_1_0
MigrateImageSource *migrate_job_dup_image_source (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_image_source (MigrateJob *self, MigrateImageSource *image_source);
MIGRATE_AVAILABLE_IN_1_0
MigrateVolumeConnector *migrate_job_dup_volume_connector (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_volume_connector (MigrateJob *self, MigrateVolumeConnector *connector);
MIGRATE_AVAILABLE_IN_1_0
MigrateMapping *migrate_job_dup_mapping (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_mapping (MigrateJob *self, MigrateMapping *mapping);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_job_dup_resize (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_resize (MigrateJob *self, GVariant *resize);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_rewrite_func (MigrateJob *self, MigrateRewriteFunc func, gpointer user_data,
                                   GDestroyNotify destroy);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_get_forecast (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_forecast (MigrateJob *self, gboolean forecast);
MIGRATE_AVAILABLE_IN_1_0
MigrateJournal *migrate_job_dup_history (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_job_set_history (MigrateJob *self, MigrateJournal *history);
MIGRATE_AVAILABLE_IN_1_0
MigrateState migrate_job_get_state (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigratePhase migrate_job_get_phase (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_job_is_in_flight (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateReport *migrate_job_dup_report (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigratePlan *migrate_job_dup_plan (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateFacts *migrate_job_dup_facts (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateProgress *migrate_job_dup_progress (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateResult *migrate_job_dup_result (MigrateJob *self);
MIGRATE_AVAILABLE_IN_1_0
MigrateFailure *migrate_job_dup_failure (MigrateJob *self);

G_END_DECLS
