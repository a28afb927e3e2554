/* A journal that several processes of ours share, each with an object of its own, in the memory of
 * the one that plays them. It answers as that in a SQLite file does, for half the price of a
 * move. */
#pragma once

#include <libmigrate/migrate.h>

/* What would be in the file. */
typedef struct _SimMemory SimMemory;

SimMemory *sim_memory_new (void);
void sim_memory_unref (SimMemory *self);
/* The processes that hold claims are dead. */
void sim_memory_bury_holders (SimMemory *self);

#define SIM_TYPE_MEMORY_JOURNAL (sim_memory_journal_get_type ())
G_DECLARE_FINAL_TYPE (SimMemoryJournal, sim_memory_journal, SIM, MEMORY_JOURNAL, GObject)

/* As one process opens it; samples are not kept. */
MigrateJournal *sim_memory_journal_new (SimMemory *memory);
