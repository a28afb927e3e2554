/* Steps: one side effect each, written to the journal before and after, with its proof and its
 * undo. The kinds are a table, so that a step can be undone from the journal alone. */
#pragma once

#include "steps/work-private.h"

typedef enum
{
  MIGRATE_STEP_BEGUN,
  MIGRATE_STEP_DONE,
  MIGRATE_STEP_FAILED,
  MIGRATE_STEP_UNDONE,
  MIGRATE_STEP_RELEASED /* an obligation that the move's success has fulfilled */
} MigrateStepStatus;

typedef struct
{
  const char *name;
  /* Does and proves; may be run twice. NULL: done by the room that begins and ends it. */
  gboolean (*act) (MigrateWork *work, GVariant *args, GError **error);
  /* Takes back and proves; may be run twice, and on a step that was begun only. NULL: nothing. */
  gboolean (*undo) (MigrateWork *work, GVariant *args, GError **error);
} MigrateStepKind;

typedef struct
{
  const MigrateStepKind *kind;
  GVariant *args; /* a{sv} */
  MigrateStepStatus status;
} MigrateStepEntry;

const MigrateStepKind *_migrate_step_kind (const char *name); /* nullable */
/* Those of a room above, once, before the first step runs. kinds: static. */
void _migrate_step_kinds_add (const MigrateStepKind *kinds, gsize n);

/* ---- repair-kinds.c: what only a recovery does ---- */
extern const MigrateStepKind _migrate_repair_kinds[];
extern const gsize _migrate_n_repair_kinds;

/* ---- step-kinds.c: shared by the kinds ---- */
/* The guest as the host knows it now. */
MigrateCall *_migrate_step_find (MigrateWork *work, MigrateSide side, GError **error);
/* NULL and no error: the host does not know the guest. */
MigrateCall *_migrate_step_find_if_there (MigrateWork *work, MigrateSide side, GError **error);
/* Orders wait for another job's lock once more. */
gboolean _migrate_step_order (MigrateWork *work, MigrateSide side, MigrateCallKind kind,
                              guint64 value, GError **error);
gboolean _migrate_step_unproven (GError **error, MigrateSide side, const char *what);
/* Destroys, or undefines, and proves it; a guest that is gone already is as it should be. */
gboolean _migrate_step_end_guest (MigrateWork *work, MigrateSide side, GError **error);
/* flags: MIGRATE_UNDEFINE_… */
gboolean _migrate_step_undefine (MigrateWork *work, MigrateSide side, guint flags, GError **error);

void _migrate_step_free (MigrateStepEntry *step);

/* Intent, act, outcome. args: a{sv}, nullable, floating is taken. */
gboolean _migrate_steps_run (MigrateWork *work, const char *kind, GVariant *args, GError **error);
/* The same in two halves, for what lasts. The step is the work's. */
MigrateStepEntry *
_migrate_steps_begin (MigrateWork *work, const char *kind, GVariant *args, GError **error);
gboolean _migrate_steps_end (MigrateWork *work, MigrateStepEntry *step, const GError *failure,
                             GError **error);
/* Done, and taken back already: both with one write. values: a{sv}, floating is taken. */
gboolean _migrate_steps_end_undone (MigrateWork *work, MigrateStepEntry *step, GVariant *values,
                                    GError **error);
/* All that can be undone, or all of one kind, last first; goes on after a failure and reports the
 * first. */
gboolean _migrate_steps_undo (MigrateWork *work, const char *only, GError **error);
/* Those of a kind that were begun and did not get done, last first. */
gboolean _migrate_steps_undo_unfinished (MigrateWork *work, const char *kind, GError **error);
/* The move succeeded: obligations at the source are void. Written with the job's state. */
void _migrate_steps_release (MigrateWork *work);
/* The steps of a job, from its journal entries (aa{sv}). */
void _migrate_steps_load (MigrateWork *work, GVariant *entries);
gboolean _migrate_steps_has (MigrateWork *work, const char *kind);
/* The last of a kind; NULL: there is none. The work's. */
MigrateStepEntry *_migrate_steps_last (MigrateWork *work, const char *kind);
/* Whether anything is left that can be undone: of a check's, or of all others. */
gboolean _migrate_steps_has_open (MigrateWork *work, gboolean of_check);
/* Asks the program at this point, once for each side, source first, as steps; TRUE when no hooks
 * are set. Stops at the first refusal. */
gboolean _migrate_steps_hook (MigrateWork *work, MigrateHookPoint point, GError **error);
/* Merges the names that an answer has for the destination's XML; who: "hook “x”", for messages. An
 * answer without any is one too. Errors: INVALID. */
gboolean
_migrate_steps_take_bindings (MigrateWork *work, const char *who, GVariant *reply, GError **error);
/* Whether another job of the journal that went to the same destination, and was not undone, has
 * begun a step of one of these kinds with that value (s) in its arguments. In doubt: TRUE. */
gboolean _migrate_steps_is_used_elsewhere (MigrateWork *work, const char *const *kinds,
                                           const char *key, const char *value);
/* After the hand-over: a refusal is a warning, and both sides are asked. */
void _migrate_steps_hook_or_warn (MigrateWork *work, MigrateHookPoint point);
/* Tells the program, the first time, and waits for nothing. No step: there is nothing to undo, and
 * nothing to do again. */
void _migrate_steps_tell_handed_over (MigrateWork *work);
