/* Decide: whether the copy is helped to its end. A pure function from what the copy shows and what
 * the policy allows. */
#pragma once

#include "model/model-private.h"

typedef struct
{
  gboolean armed; /* the transfer was started with post-copy, so it can switch */
  MigratePostcopyStart start;
  guint pass;       /* the one under way; 1 is the first */
  guint tried_pass; /* the one in which a switch was last asked for, and refused; 0: none */
  guint64 memory_remaining, memory_bps;
} MigrateConvergeView;

typedef enum
{
  MIGRATE_CONVERGE_GO_ON,
  MIGRATE_CONVERGE_START_POSTCOPY
} MigrateConvergeAction;

/* why: the reason in numbers; untouched when the copy simply goes on. */
MigrateConvergeAction _migrate_converge_decide (const MigrateConvergeView *view, char **why);
