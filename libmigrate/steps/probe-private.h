/* The files that a probe of shared storage writes: known by their names, so that whoever finds one
 * can tell whose it is and how old. */
#pragma once

#include "steps/steps-private.h"

/* The bounds of all calls of a check together are far below. */
#define MIGRATE_PROBE_OLD_US (15 * G_TIME_SPAN_MINUTE)

/* ".libmigrate-probe-JOB-TIME-RANDOM" */
char *_migrate_probe_file_name (const char *job, gint64 wall_us);
/* Left by a check of that job, or by one so long ago that it is dead. */
gboolean _migrate_probe_file_is_left (const char *name, const char *job, gint64 wall_us);

/* args of a step "probe": a{sv} with "files", aa{sv} of "side", "pool", "name". */
void _migrate_probe_args_add (GVariantBuilder *files, MigrateSide side, const char *pool,
                              const char *name);
GVariant *_migrate_probe_args_new (GVariantBuilder *files);

/* A call about a volume, asked again while its pool is busy, for a moment. */
gboolean
_migrate_probe_ask (MigrateWork *work, MigrateSide side, MigrateCall *call, GError **error);
/* One file at one side, with the refreshes of MIGRATE_CALL_VOLUME_REMOVE. was_there: nullable.
 * Errors: as hosts answer; a pool that is gone has none. */
gboolean
_migrate_probe_file_remove (MigrateWork *work, MigrateSide side, const char *pool, const char *name,
                            guint64 refresh, gboolean *was_there, GError **error);
