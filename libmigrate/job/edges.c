/* The state machine as a table. Owner and claim are those after the edge succeeded. */
#include "job/edges-private.h"

#define BIT MIGRATE_STATE_BIT
#define SOURCE MIGRATE_SIDE_SOURCE
#define DESTINATION MIGRATE_SIDE_DESTINATION
#define AS_PROVEN MIGRATE_SIDE_NONE

static const MigrateEdge edges[] = {
  /* from, in flight, verb, to, owner, claim */
  { BIT (MIGRATE_STATE_NEW) | BIT (MIGRATE_STATE_CHECKED), FALSE, MIGRATE_VERB_CHECK,
    MIGRATE_STATE_CHECKED, SOURCE, FALSE },
  { BIT (MIGRATE_STATE_CHECKED), FALSE, MIGRATE_VERB_PREPARE, MIGRATE_STATE_PREPARED, SOURCE,
    TRUE },
  { BIT (MIGRATE_STATE_PREPARED), FALSE, MIGRATE_VERB_MIGRATE, MIGRATE_STATE_MIGRATED, DESTINATION,
    TRUE },
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_FOLLOW, MIGRATE_STATE_MIGRATED, DESTINATION,
    TRUE },
  /* A move whose end could not be told is looked at again, by evidence alone. */
  { BIT (MIGRATE_STATE_FAILED), FALSE, MIGRATE_VERB_FOLLOW, MIGRATE_STATE_MIGRATED, DESTINATION,
    TRUE },
  { BIT (MIGRATE_STATE_MIGRATED), FALSE, MIGRATE_VERB_FINALIZE, MIGRATE_STATE_FINALIZED,
    DESTINATION, FALSE },
  { BIT (MIGRATE_STATE_NEW) | BIT (MIGRATE_STATE_CHECKED) | BIT (MIGRATE_STATE_PREPARED), FALSE,
    MIGRATE_VERB_CANCEL, MIGRATE_STATE_CANCELLED, SOURCE, FALSE },
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_CANCEL, MIGRATE_STATE_CANCELLED, SOURCE,
    FALSE },
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_DETACH, MIGRATE_STATE_PREPARED, AS_PROVEN,
    FALSE },
  /* Only looks; applying what it found leads on, by the table of verdicts. */
  { BIT (MIGRATE_STATE_PREPARED), FALSE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_PREPARED, AS_PROVEN,
    TRUE },
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_PREPARED, AS_PROVEN,
    FALSE },
  { BIT (MIGRATE_STATE_MIGRATED), FALSE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_MIGRATED, AS_PROVEN,
    TRUE },
  { BIT (MIGRATE_STATE_FAILED), FALSE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_FAILED, AS_PROVEN,
    TRUE },
  /* Changes the policy, and of a transfer what its hypervisor can change. */
  { BIT (MIGRATE_STATE_NEW), FALSE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_NEW, SOURCE, FALSE },
  { BIT (MIGRATE_STATE_CHECKED), FALSE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_CHECKED, SOURCE, FALSE },
  { BIT (MIGRATE_STATE_PREPARED), FALSE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_PREPARED, SOURCE,
    TRUE },
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_PREPARED, AS_PROVEN,
    TRUE },
  /* Orders to whoever follows the transfer, which leave the job where it is; its own edge ends. */
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_FINISH_NOW, MIGRATE_STATE_PREPARED, AS_PROVEN,
    TRUE },
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_PAUSE, MIGRATE_STATE_PREPARED, AS_PROVEN,
    TRUE },
  /* Before a transfer it is a cancel. */
  { BIT (MIGRATE_STATE_NEW) | BIT (MIGRATE_STATE_CHECKED) | BIT (MIGRATE_STATE_PREPARED), FALSE,
    MIGRATE_VERB_GIVE_UP, MIGRATE_STATE_CANCELLED, SOURCE, FALSE },
  { BIT (MIGRATE_STATE_PREPARED), TRUE, MIGRATE_VERB_GIVE_UP, MIGRATE_STATE_UNDONE, SOURCE, FALSE },
  /* Undoes the hand-over of a move whose source was kept; again, where that was cut short. Whether
   * it was kept is the job's to prove. */
  { BIT (MIGRATE_STATE_MIGRATED) | BIT (MIGRATE_STATE_FAILED), FALSE, MIGRATE_VERB_REVERT,
    MIGRATE_STATE_REVERTED, SOURCE, FALSE },
  /* The chores after the move, again; the job stays as it is whatever comes of them. */
  { BIT (MIGRATE_STATE_FINALIZED), FALSE, MIGRATE_VERB_CHORES, MIGRATE_STATE_FINALIZED, DESTINATION,
    FALSE },
};

/* What a run does next where it stands. */
static const struct
{
  MigrateState state;
  gboolean in_flight;
  MigrateVerb verb;
} order[] = {
  { MIGRATE_STATE_NEW, FALSE, MIGRATE_VERB_CHECK },
  { MIGRATE_STATE_CHECKED, FALSE, MIGRATE_VERB_PREPARE },
  { MIGRATE_STATE_PREPARED, FALSE, MIGRATE_VERB_MIGRATE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_FOLLOW },
  { MIGRATE_STATE_MIGRATED, FALSE, MIGRATE_VERB_FINALIZE },
};

static const char *const verb_names[]
  = { "check",  "prepare", "migrate",    "finalize", "follow",  "cancel", "detach", "recover",
      "chores", "retune",  "finish-now", "pause",    "give-up", "revert", "plan",   "run" };

const char *
_migrate_verb_name (MigrateVerb verb)
{
  return verb_names[verb];
}

const MigrateEdge *
_migrate_edge_find (MigrateState state, gboolean in_flight, MigrateVerb verb)
{
  for (gsize i = 0; i < G_N_ELEMENTS (edges); i++)
    if ((edges[i].from & BIT (state)) != 0 && edges[i].in_flight == in_flight
        && edges[i].verb == verb)
      return &edges[i];
  return NULL;
}

/* What would have the guest stay, or stand still, at the source. */
static gboolean
takes_back (MigrateVerb verb)
{
  return verb == MIGRATE_VERB_CANCEL || verb == MIGRATE_VERB_GIVE_UP || verb == MIGRATE_VERB_PAUSE;
}

const MigrateEdge *
_migrate_edge_require (MigrateState state, gboolean in_flight, MigrateVerb verb, GError **error)
{
  const MigrateEdge *edge = _migrate_edge_find (state, in_flight, verb);
  gboolean handed_over = state == MIGRATE_STATE_MIGRATED || state == MIGRATE_STATE_FINALIZED;

  if (edge != NULL)
    return edge;
  if (handed_over && takes_back (verb))
    _migrate_set_error (error, MIGRATE_ERROR_TOO_LATE, "Move it back with a new job",
                        "The guest has been handed over: it is too late to %s",
                        verb == MIGRATE_VERB_GIVE_UP ? "give up" : _migrate_verb_name (verb));
  else if (state == MIGRATE_STATE_FINALIZED && verb == MIGRATE_VERB_REVERT)
    _migrate_set_error (error, MIGRATE_ERROR_TOO_LATE, "Move it back with a new job",
                        "The source has been released: it is too late to revert");
  else
    _migrate_set_error (error, MIGRATE_ERROR_WRONG_STATE, NULL /* remedy */,
                        "Operation “%s” is not allowed in state “%s”%s", _migrate_verb_name (verb),
                        _migrate_enum_nick (MIGRATE_TYPE_STATE, (int) state),
                        in_flight ? " (in flight)" : "");
  return NULL;
}

gboolean
_migrate_edge_next (MigrateState state, gboolean in_flight, MigrateVerb *verb)
{
  for (gsize i = 0; i < G_N_ELEMENTS (order); i++)
    if (order[i].state == state && order[i].in_flight == in_flight)
      {
        *verb = order[i].verb;
        return TRUE;
      }
  return FALSE;
}

gboolean
_migrate_state_is_closed (MigrateState state)
{
  return state == MIGRATE_STATE_FINALIZED || state == MIGRATE_STATE_UNDONE
         || state == MIGRATE_STATE_CANCELLED || state == MIGRATE_STATE_REVERTED;
}
