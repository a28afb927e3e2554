/* Decide: what a move will do. Pure: from facts, the request and the policy to a plan; the move
 * carries out what the plan says, and reads it from there. */
#pragma once

#include "check/facts-private.h"

/* What of the guest the way it travels rests on. */
typedef struct
{
  gboolean was_paused, persistent, autostart;
} MigratePlanBasis;

MigratePlan *_migrate_plan_decide (const MigrateFacts *facts, const MigrateCheckRequest *request,
                                   MigratePolicy *policy, MigrateKind kind);
/* The same under a policy that may have changed since. plan: NULL: a job of a library that had
 * none.
 */
MigratePlan *_migrate_plan_renew (MigratePlan *plan, const MigratePlanBasis *basis,
                                  const MigrateCheckRequest *request, MigratePolicy *policy);
/* Into one that is all zero; its addresses are the request's, for the plan has them without
 * secrets. */
void _migrate_plan_get_transfer (MigratePlan *plan, const MigrateCheckRequest *request,
                                 MigrateTransfer *transfer);
/* In milliseconds, for the transfer's begin. */
guint _migrate_plan_get_target_downtime (MigratePlan *plan);

/* ---- its parts: floating ---- */
GVariant *_migrate_plan_transfer (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                                  MigratePolicy *policy);
GVariant *_migrate_plan_steps (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                               MigratePolicy *policy);
GVariant *_migrate_plan_effects (const MigratePlanBasis *basis, const MigrateCheckRequest *request,
                                 MigratePolicy *policy);
