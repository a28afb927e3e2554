/* Proving that the guest is at the destination, and releasing the source. */
#pragma once

#include "check/facts-private.h"

/* Chores after the move, by the policy: each is tried, once. FALSE: at least one was not done;
 * error is the first, and each is a warning of the result, in the place of those of an earlier try.
 */
gboolean _migrate_chores (MigrateWork *work, gboolean may_be_cancelled, GError **error);

/* May be run twice, every part of it. was_autostart: to be set at the destination. */
gboolean
_migrate_finalize (MigrateWork *work, gboolean persistent, gboolean was_autostart, GError **error);
