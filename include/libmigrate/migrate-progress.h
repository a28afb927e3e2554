/* How far a move is. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-types.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_PROGRESS (migrate_progress_get_type ())

MIGRATE_AVAILABLE_IN_1_0
GType migrate_progress_get_type (void);
MIGRATE_AVAILABLE_IN_1_0
MigrateProgress *migrate_progress_ref (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
void migrate_progress_unref (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
MigratePhase migrate_progress_get_phase (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
double migrate_progress_get_fraction (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_elapsed_ms (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_memory_total (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_memory_processed (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_memory_remaining (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_rate (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_dirty_rate (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_progress_get_pass (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint migrate_progress_get_throttle (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_disk_total (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_disk_processed (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_disk_remaining (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_disk_rate (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_progress_has_time_left (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_time_left_ms (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_time_left_least_ms (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_progress_has_time_left_most (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_time_left_most_ms (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_progress_has_downtime_expected (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
guint64 migrate_progress_get_downtime_expected_ms (MigrateProgress *self);
MIGRATE_AVAILABLE_IN_1_0
GVariant *migrate_progress_dup_details (MigrateProgress *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateProgress, migrate_progress_unref)

G_END_DECLS
