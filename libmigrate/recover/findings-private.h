/* What a recovery found and did, as values for the program. */
#pragma once

#include "recover/recover-private.h"

GPtrArray *_migrate_recovery_evidence (MigrateRecoveryWork *self); /* MigrateEvidence */
MigrateStep *_migrate_recovery_step (const MigratePlannedStep *step, const char *host,
                                     gboolean done, const char *failure /* nullable */);
/* What is left of the plan, as MigrateStep. */
void _migrate_recovery_add_plan (MigrateRecoveryWork *self, GPtrArray *steps);
