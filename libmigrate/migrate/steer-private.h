/* Decide: what becomes of an operator's verb, by the phase in which it comes. */
#pragma once

#include "steps/asked-private.h"

typedef enum
{
  MIGRATE_STEER_DO,
  MIGRATE_STEER_LATER,   /* the transfer has not begun: when it has */
  MIGRATE_STEER_IS_DONE, /* nothing is left to do for it */
  MIGRATE_STEER_TOO_LATE,
  MIGRATE_STEER_WRONG /* it contradicts what was decided before */
} MigrateSteer;

/* phase: one of those of a transfer. */
MigrateSteer _migrate_steer_decide (MigrateAskedVerb verb, MigratePhase phase);
const char *_migrate_steer_describe (MigrateSteer steer); /* for people, of the table */
/* NULL: it is none. */
GError *_migrate_steer_refusal (MigrateAskedVerb verb, MigratePhase phase);
