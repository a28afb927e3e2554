/* Volumes that stay where they are, and the secrets that open disks.
 *
 * A volume, a{sv}: "target", "type" s; "protocol", "name", "pool", "volume", "path" s and "hosts"
 * as, where it has them; "secrets" aa{sv}. Without what a URI may hide.
 * A secret, a{sv}: "uuid" s; "of" s: what it is for, for people. */
#pragma once

#include "steps/steps-private.h"

/* At the destination, by the program's connector, where it has one; each is a step. volumes:
 * aa{sv}. Errors: what the program refused with; TIMED_OUT. */
gboolean _migrate_volumes_connect (MigrateWork *work, GVariant *volumes, GError **error);
/* What was connected there is disconnected at the source. Failures are warnings. */
void _migrate_volumes_disconnect (MigrateWork *work);
/* Secrets that the destination lacks are defined there as they are at the source. secrets: aa{sv}.
 * Errors: BLOCKED: the source does not have one, or does not give its value. */
gboolean _migrate_secrets_provide (MigrateWork *work, GVariant *secrets, GError **error);

/* ---- their steps ---- */
gboolean _migrate_connect_volume_act (MigrateWork *work, GVariant *args, GError **error);
gboolean _migrate_connect_volume_undo (MigrateWork *work, GVariant *args, GError **error);
gboolean _migrate_disconnect_volume_act (MigrateWork *work, GVariant *args, GError **error);
gboolean _migrate_define_secret_undo (MigrateWork *work, GVariant *args, GError **error);
