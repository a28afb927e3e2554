/* Making the destination ready, and taking the right to act. */
#pragma once

#include "check/facts-private.h"

/* Gathers again and refuses with CHANGED or BLOCKED before anything is touched; takes the claim
 * (BUSY); does the steps. After a failure with work->generation != 0 the caller undoes them.
 * report is set when one was made. */
gboolean _migrate_prepare (MigrateWork *work, MigrateReport **report, GError **error);

/* ---- volumes.c: what storage/connect-private.h is told ---- */
GVariant *_migrate_prepare_volumes (const MigrateFacts *facts, MigratePlan *plan);
GVariant *_migrate_prepare_secrets (const MigrateFacts *facts, MigratePolicy *policy);
