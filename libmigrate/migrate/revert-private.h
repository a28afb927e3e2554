/* Taking back a move after its hand-over, while the source has all that it had. */
#pragma once

#include "migrate/migrate-private.h"

/* Whether it can be taken back, and nothing is lost by it that up_to does not allow. Changes
 * nothing on the hosts. Errors: WRONG_STATE: it was not handed over by us; TOO_LATE: the source was
 * released; BLOCKED: of a higher risk; NEEDS_RECOVER: a host shows something else. */
gboolean _migrate_revert_prove (MigrateWork *work, MigrateRisk up_to, GError **error);

/* Every step undone, last first. Of what concerns the guest one that fails is the last that is
 * tried: the source does not start it before the destination is proven to have it no more. May be
 * run twice. */
gboolean _migrate_revert (MigrateWork *work, GError **error);
