/* What is asked of a move that runs: put down by anyone, in this process or through the mailbox,
 * taken up and answered by the worker that runs it. */
#pragma once

#include "steps/work-private.h"

typedef enum
{
  MIGRATE_ASKED_RETUNE,
  MIGRATE_ASKED_FINISH_NOW,
  MIGRATE_ASKED_PAUSE,
  MIGRATE_ASKED_GIVE_UP
} MigrateAskedVerb;
#define MIGRATE_N_ASKED_VERBS (MIGRATE_ASKED_GIVE_UP + 1)

/* In the journal: a message has the three, and in "values" what retune is given; an answer is an
 * entry of this kind, named by the verb, "begun", then "done" or "refused". */
#define MIGRATE_ASKED_KEY_TOKEN "token"    /* s */
#define MIGRATE_ASKED_KEY_CLAIM "claim"    /* t: the generation of the holder it is for */
#define MIGRATE_ASKED_KEY_UNTIL "until-us" /* t: wall clock; not to be done later */
#define MIGRATE_ASKED_KEY_VALUES "values"  /* a{sv} */
#define MIGRATE_ASKED_ENTRY "answer"
#define MIGRATE_ASKED_WITHDRAW "withdraw" /* a verb: who asked with that token waits no longer */

typedef struct
{
  gatomicrefcount ref_count;
  MigrateAskedVerb verb;
  GVariant *values; /* a{sv} */
  char *token;      /* nullable: another process asked, and reads the answer in the journal */
  gint64 until;     /* wall clock; 0: for as long as somebody waits */

  /* Under the work's lock. */
  gboolean answered;
  GError *refused; /* nullable */
} MigrateAsked;

/* values: a{sv}, nullable, floating is taken. */
MigrateAsked *_migrate_asked_new (MigrateAskedVerb verb, GVariant *values);
MigrateAsked *_migrate_asked_ref (MigrateAsked *self);
void _migrate_asked_unref (MigrateAsked *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateAsked, _migrate_asked_unref)

const char *_migrate_asked_verb_name (MigrateAskedVerb verb);
/* What it is refused with when its time is over; NULL: it is not. */
GError *_migrate_asked_expired (const MigrateAsked *self);
/* NULL: it is none for this holder. */
MigrateAsked *_migrate_asked_from_message (MigrateWork *work, GVariant *message);
/* What _migrate_asked_from_message() reads, floating. values: a{sv}, nullable. */
GVariant *
_migrate_asked_to_message (const char *token, guint64 generation, gint64 until, GVariant *values);
/* An answer's error, from the values of its entry. */
GError *_migrate_asked_refusal (GVariant *values);

/* ---- from any thread ---- */
void _migrate_work_put (MigrateWork *self, MigrateAsked *asked);
/* FALSE: it was taken up. */
gboolean _migrate_work_withdraw (MigrateWork *self, MigrateAsked *asked);
/* Until it is answered, or ms passed. TRUE: it is; *refused is given then, NULL: it was done. */
gboolean _migrate_work_await (MigrateWork *self, MigrateAsked *asked, guint ms, GError **refused);

/* ---- the worker ---- */
/* What other processes ask of the job. TRUE: that it be left alone. */
gboolean _migrate_work_read_mailbox (MigrateWork *work);
/* All that waits, oldest first; what is not answered is put again. */
GPtrArray *_migrate_work_take_asked (MigrateWork *self);
void _migrate_work_put_back (MigrateWork *self, MigrateAsked *asked);
/* That it is about to be done: written with the next write. */
void _migrate_work_note_asked (MigrateWork *self, MigrateAsked *asked);
/* refused: taken, nullable. What the journal is told of it is written with the next write. */
void _migrate_work_answer (MigrateWork *self, MigrateAsked *asked, GError *refused);
/* Takes out what has the message's token. */
void _migrate_work_withdraw_message (MigrateWork *self, GVariant *message);
/* Other processes are not answered any more: they see that the job is at rest. */
void _migrate_work_forget_messages (MigrateWork *self);
