/* The state machine's edges: data, and the one function that reads it. */
#pragma once

#include "model/model-private.h"

typedef enum
{
  MIGRATE_VERB_CHECK,
  MIGRATE_VERB_PREPARE,
  MIGRATE_VERB_MIGRATE,
  MIGRATE_VERB_FINALIZE,
  MIGRATE_VERB_FOLLOW,
  MIGRATE_VERB_CANCEL,
  MIGRATE_VERB_DETACH,
  MIGRATE_VERB_RECOVER,
  MIGRATE_VERB_CHORES,
  MIGRATE_VERB_RETUNE,
  MIGRATE_VERB_FINISH_NOW,
  MIGRATE_VERB_PAUSE,
  MIGRATE_VERB_GIVE_UP,
  MIGRATE_VERB_REVERT,
  MIGRATE_VERB_PLAN, /* takes the edge of a check */
  MIGRATE_VERB_RUN
} MigrateVerb;

typedef struct
{
  guint from; /* states, as bits */
  gboolean in_flight;
  MigrateVerb verb;
  MigrateState to; /* when it succeeds; for recover: where it stays until the verdict is applied */
  MigrateSide owner; /* of the guest then; NONE: as proven */
  gboolean claim;    /* held then */
} MigrateEdge;

#define MIGRATE_STATE_BIT(state) (1u << (state))

const MigrateEdge *_migrate_edge_find (MigrateState state, gboolean in_flight, MigrateVerb verb);
/* NULL and WRONG_STATE naming both, or TOO_LATE, when the table has no such edge. */
const MigrateEdge *
_migrate_edge_require (MigrateState state, gboolean in_flight, MigrateVerb verb, GError **error);
/* Which edge a run takes from here; FALSE: it rests. */
gboolean _migrate_edge_next (MigrateState state, gboolean in_flight, MigrateVerb *verb);
gboolean _migrate_state_is_closed (MigrateState state);
const char *_migrate_verb_name (MigrateVerb verb);
