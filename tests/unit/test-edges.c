/* The state machine's table: every state with every verb, and what a refusal says. */
#include "job/edges-private.h"

#include <criterion/criterion.h>
#include <criterion/theories.h>

TestSuite (edges, .timeout = 20);

/* Every edge there is: state, in flight, verb, to. What is not here must be refused. */
static const struct
{
  MigrateState from;
  gboolean in_flight;
  MigrateVerb verb;
  MigrateState to;
  gboolean claim;
} allowed[] = {
  { MIGRATE_STATE_NEW, FALSE, MIGRATE_VERB_CHECK, MIGRATE_STATE_CHECKED, FALSE },
  { MIGRATE_STATE_CHECKED, FALSE, MIGRATE_VERB_CHECK, MIGRATE_STATE_CHECKED, FALSE },
  { MIGRATE_STATE_CHECKED, FALSE, MIGRATE_VERB_PREPARE, MIGRATE_STATE_PREPARED, TRUE },
  { MIGRATE_STATE_PREPARED, FALSE, MIGRATE_VERB_MIGRATE, MIGRATE_STATE_MIGRATED, TRUE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_FOLLOW, MIGRATE_STATE_MIGRATED, TRUE },
  { MIGRATE_STATE_FAILED, FALSE, MIGRATE_VERB_FOLLOW, MIGRATE_STATE_MIGRATED, TRUE },
  { MIGRATE_STATE_MIGRATED, FALSE, MIGRATE_VERB_FINALIZE, MIGRATE_STATE_FINALIZED, FALSE },
  { MIGRATE_STATE_NEW, FALSE, MIGRATE_VERB_CANCEL, MIGRATE_STATE_CANCELLED, FALSE },
  { MIGRATE_STATE_CHECKED, FALSE, MIGRATE_VERB_CANCEL, MIGRATE_STATE_CANCELLED, FALSE },
  { MIGRATE_STATE_PREPARED, FALSE, MIGRATE_VERB_CANCEL, MIGRATE_STATE_CANCELLED, FALSE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_CANCEL, MIGRATE_STATE_CANCELLED, FALSE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_DETACH, MIGRATE_STATE_PREPARED, FALSE },
  { MIGRATE_STATE_PREPARED, FALSE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_PREPARED, TRUE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_PREPARED, FALSE },
  { MIGRATE_STATE_MIGRATED, FALSE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_MIGRATED, TRUE },
  { MIGRATE_STATE_FAILED, FALSE, MIGRATE_VERB_RECOVER, MIGRATE_STATE_FAILED, TRUE },
  { MIGRATE_STATE_MIGRATED, FALSE, MIGRATE_VERB_REVERT, MIGRATE_STATE_REVERTED, FALSE },
  { MIGRATE_STATE_FAILED, FALSE, MIGRATE_VERB_REVERT, MIGRATE_STATE_REVERTED, FALSE },
  { MIGRATE_STATE_FINALIZED, FALSE, MIGRATE_VERB_CHORES, MIGRATE_STATE_FINALIZED, FALSE },
  { MIGRATE_STATE_NEW, FALSE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_NEW, FALSE },
  { MIGRATE_STATE_CHECKED, FALSE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_CHECKED, FALSE },
  { MIGRATE_STATE_PREPARED, FALSE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_PREPARED, TRUE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_RETUNE, MIGRATE_STATE_PREPARED, TRUE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_FINISH_NOW, MIGRATE_STATE_PREPARED, TRUE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_PAUSE, MIGRATE_STATE_PREPARED, TRUE },
  { MIGRATE_STATE_NEW, FALSE, MIGRATE_VERB_GIVE_UP, MIGRATE_STATE_CANCELLED, FALSE },
  { MIGRATE_STATE_CHECKED, FALSE, MIGRATE_VERB_GIVE_UP, MIGRATE_STATE_CANCELLED, FALSE },
  { MIGRATE_STATE_PREPARED, FALSE, MIGRATE_VERB_GIVE_UP, MIGRATE_STATE_CANCELLED, FALSE },
  { MIGRATE_STATE_PREPARED, TRUE, MIGRATE_VERB_GIVE_UP, MIGRATE_STATE_UNDONE, FALSE },
};

static gssize
find (int state, int in_flight, int verb)
{
  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    if ((int) allowed[i].from == state && allowed[i].in_flight == in_flight
        && (int) allowed[i].verb == verb)
      return (gssize) i;
  return -1;
}

TheoryDataPoints (edges, every_state_with_every_verb) = {
  DataPoints (int, MIGRATE_STATE_NEW, MIGRATE_STATE_CHECKED, MIGRATE_STATE_PREPARED,
              MIGRATE_STATE_MIGRATED, MIGRATE_STATE_FINALIZED, MIGRATE_STATE_UNDONE,
              MIGRATE_STATE_CANCELLED, MIGRATE_STATE_FAILED, MIGRATE_STATE_REVERTED),
  DataPoints (int, FALSE, TRUE),
  DataPoints (int, MIGRATE_VERB_CHECK, MIGRATE_VERB_PREPARE, MIGRATE_VERB_MIGRATE,
              MIGRATE_VERB_FINALIZE, MIGRATE_VERB_FOLLOW, MIGRATE_VERB_CANCEL, MIGRATE_VERB_DETACH,
              MIGRATE_VERB_RECOVER, MIGRATE_VERB_CHORES, MIGRATE_VERB_RETUNE,
              MIGRATE_VERB_FINISH_NOW, MIGRATE_VERB_PAUSE, MIGRATE_VERB_GIVE_UP,
              MIGRATE_VERB_REVERT),
};

Theory ((int state, int in_flight, int verb), edges, every_state_with_every_verb)
{
  g_autoptr (GError) error = NULL;
  gssize i = find (state, in_flight, verb);
  const MigrateEdge *edge
    = _migrate_edge_require ((MigrateState) state, in_flight, (MigrateVerb) verb, &error);

  if (i >= 0)
    {
      cr_assert_not_null (edge, "state %d, in flight %d, verb %d", state, in_flight, verb);
      cr_assert_null (error);
      cr_assert_eq (edge->to, allowed[i].to, "state %d, verb %d", state, verb);
      cr_assert_eq (edge->claim, allowed[i].claim, "state %d, verb %d", state, verb);
      return;
    }
  cr_assert_null (edge, "state %d, in flight %d, verb %d", state, in_flight, verb);
  cr_assert_not_null (error);
  if (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TOO_LATE))
    cr_assert (verb == MIGRATE_VERB_CANCEL || verb == MIGRATE_VERB_GIVE_UP
               || verb == MIGRATE_VERB_PAUSE || verb == MIGRATE_VERB_REVERT);
  else
    {
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_WRONG_STATE));
      cr_assert_not_null (strstr (error->message, _migrate_verb_name ((MigrateVerb) verb)));
      cr_assert_not_null (strstr (error->message, _migrate_enum_nick (MIGRATE_TYPE_STATE, state)));
    }
}

Test (edges, cancel_after_the_hand_over_is_too_late)
{
  for (int state = MIGRATE_STATE_MIGRATED; state <= MIGRATE_STATE_FINALIZED; state++)
    {
      g_autoptr (GError) error = NULL;

      cr_assert_null (
        _migrate_edge_require ((MigrateState) state, FALSE, MIGRATE_VERB_CANCEL, &error));
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TOO_LATE));
      cr_assert_str_eq (error->message, "The guest has been handed over: it is too late to cancel");
    }
}

Test (edges, a_revert_after_the_source_was_released_is_too_late)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (
    _migrate_edge_require (MIGRATE_STATE_FINALIZED, FALSE, MIGRATE_VERB_REVERT, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TOO_LATE));
  cr_assert_str_eq (error->message, "The source has been released: it is too late to revert");
}

Test (edges, a_run_ends_where_no_edge_leads_on)
{
  MigrateState state = MIGRATE_STATE_NEW;
  MigrateVerb verb;
  int taken = 0;

  while (_migrate_edge_next (state, FALSE, &verb))
    {
      state = _migrate_edge_find (state, FALSE, verb)->to;
      cr_assert_lt (++taken, 10);
    }
  cr_assert_eq (taken, 4);
  cr_assert_eq (state, MIGRATE_STATE_FINALIZED);
  cr_assert (_migrate_state_is_closed (state));
}

Test (edges, only_the_hand_over_changes_the_owner)
{
  for (gsize i = 0; i < G_N_ELEMENTS (allowed); i++)
    {
      const MigrateEdge *edge
        = _migrate_edge_find (allowed[i].from, allowed[i].in_flight, allowed[i].verb);
      gboolean there = edge->to == MIGRATE_STATE_MIGRATED || edge->to == MIGRATE_STATE_FINALIZED;

      if (edge->owner != MIGRATE_SIDE_NONE)
        cr_assert_eq (edge->owner, there ? MIGRATE_SIDE_DESTINATION : MIGRATE_SIDE_SOURCE);
    }
}
