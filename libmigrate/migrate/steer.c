/* See the header. One table answers every verb in every phase of a transfer. */
#include "migrate/steer-private.h"

#define DO MIGRATE_STEER_DO
#define LATER MIGRATE_STEER_LATER
#define IS_DONE MIGRATE_STEER_IS_DONE
#define TOO_LATE MIGRATE_STEER_TOO_LATE
#define WRONG MIGRATE_STEER_WRONG

static const struct
{
  MigratePhase phase;
  MigrateSteer answers[MIGRATE_N_ASKED_VERBS]; /* retune, finish now, pause, give up */
} table[] = {
  { MIGRATE_PHASE_STARTING, { LATER, LATER, LATER, DO } },
  /* What ends the copy of memory is noted, and done when it has begun. */
  { MIGRATE_PHASE_COPYING_DISKS, { DO, DO, DO, DO } },
  { MIGRATE_PHASE_COPYING_MEMORY, { DO, DO, DO, DO } },
  /* As a cancel: at the very end the transfer may win. */
  { MIGRATE_PHASE_SWITCHING_OVER, { DO, IS_DONE, IS_DONE, DO } },
  { MIGRATE_PHASE_POSTCOPY, { DO, IS_DONE, TOO_LATE, TOO_LATE } },
  { MIGRATE_PHASE_CANCELLING, { WRONG, WRONG, WRONG, IS_DONE } },
  { MIGRATE_PHASE_PROVING, { TOO_LATE, IS_DONE, TOO_LATE, DO } },
};

static const char *const descriptions[] = {
  [MIGRATE_STEER_DO] = "done",
  [MIGRATE_STEER_LATER] = "done once it has begun",
  [MIGRATE_STEER_IS_DONE] = "nothing is left to do",
  [MIGRATE_STEER_TOO_LATE] = "`TOO_LATE`",
  [MIGRATE_STEER_WRONG] = "`WRONG_STATE`",
};

MigrateSteer
_migrate_steer_decide (MigrateAskedVerb verb, MigratePhase phase)
{
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    if (table[i].phase == phase)
      return table[i].answers[verb];
  return MIGRATE_STEER_LATER;
}

const char *
_migrate_steer_describe (MigrateSteer steer)
{
  return descriptions[steer];
}

static const char *
too_late_why (MigratePhase phase)
{
  return phase == MIGRATE_PHASE_POSTCOPY
           ? "the guest runs at the destination, and there is no way back from post-copy"
           : "the copy is over";
}

GError *
_migrate_steer_refusal (MigrateAskedVerb verb, MigratePhase phase)
{
  const char *name = _migrate_asked_verb_name (verb);

  switch (_migrate_steer_decide (verb, phase))
    {
    case MIGRATE_STEER_TOO_LATE:
      return _migrate_error_new (MIGRATE_ERROR_TOO_LATE, "Let the move come to its end",
                                 "It is too late for “%s”: %s", name, too_late_why (phase));
    case MIGRATE_STEER_WRONG:
      return _migrate_error_new (MIGRATE_ERROR_WRONG_STATE, "Wait for its end",
                                 "“%s” is not done: the move is being given up", name);
    default:
      return NULL;
    }
}
