/* Calls that last as long as what they do: a guest's memory is written to a file, or read from one.
 */
#pragma once

#include "migrate/migrate-private.h"

/* Until it returns. A cancel aborts it, where that is possible, and is what it fails with then; one
 * of which nothing moves for the policy's stall-timeout is aborted too. */
gboolean _migrate_lasting_call (MigrateWork *work, MigrateSide side, MigrateCall *call,
                                gboolean may_be_cancelled, GError **error);
/* Of one that another process began: until the guest is neither being saved nor being brought back.
 * take_back: a save is aborted, and the guest goes on. Errors: TIMED_OUT: nothing of it moves. */
gboolean
_migrate_lasting_settle (MigrateWork *work, MigrateSide side, gboolean take_back, GError **error);
