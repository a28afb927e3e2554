/* A journal around another one, that fails on demand and says what it was asked. */
#pragma once

#include <libmigrate/migrate.h>

#define SIM_TYPE_JOURNAL (sim_journal_get_type ())
G_DECLARE_FINAL_TYPE (SimJournal, sim_journal, SIM, JOURNAL, GObject)

typedef enum
{
  SIM_JOURNAL_REFUSE,     /* nothing is written, and so it says */
  SIM_JOURNAL_LOSE_ANSWER /* it is written, and it says that it is not */
} SimJournalFault;

/* Takes the reference. */
SimJournal *sim_journal_new (MigrateJournal *inner);
/* The n-th call from now on fails, and all after it until count have failed. */
void sim_journal_fail (SimJournal *self, SimJournalFault fault, guint n, guint count);
void sim_journal_heal (SimJournal *self);
guint sim_journal_count (SimJournal *self);
/* What was asked, oldest first: "record step transfer begun"; and in µs of real time how long it
 * took. Copied. */
GPtrArray *sim_journal_dup_calls (SimJournal *self);
guint64 sim_journal_get_spent_us (SimJournal *self);
