/* One case, as the files that play it have it. */
#pragma once

#include "faults.h"
#include "sim-memory.h"

#include <libmigrate/migrate.h>

#define FAULT_GUEST "g0"

typedef struct
{
  const FaultHow *how;
  const Fault *fault;
  guint n;
  FaultDepth depth;
  SimWorld *world;
  char *journal_path, *folder; /* NULL: the journal is in memory */
  SimMemory *memory;
  GPtrArray *processes;
  GString *failure;
  guint64 counted;     /* by the guest, when it was last looked at */
  guint boots;         /* of it, then */
  guint calls, points; /* before what is played of the way began */
  FaultDisks disks;    /* of a way that takes them along */
} FaultCase;

/* What the library does in one process of ours: on a thread that can be killed. */
typedef struct _FaultProcess FaultProcess;
struct _FaultProcess
{
  FaultCase *play;
  gboolean (*main) (FaultProcess *self, MigrateJournal *journal, GError **error);
  gboolean back; /* from h2 to h1 */
  int ended;     /* atomic */
  gboolean ok;
  GError *error;
  char *id;              /* of the job */
  MigrateResult *result; /* nullable */
  gboolean asks;         /* another process has begun to ask something of it */
};

typedef gboolean (*FaultMain) (FaultProcess *self, MigrateJournal *journal, GError **error);

/* The rest follows from the first. */
void fault_case_fail (FaultCase *self, const char *format, ...) G_GNUC_PRINTF (2, 3);

/* ---- faults-process.c ---- */

void fault_process_free (gpointer process);
/* Until it has ended or was killed; then nothing of it lives any more, nor of who asks it. Borrowed
 * from the case. back: from h2 to h1. */
FaultProcess *fault_process_run (FaultCase *self, FaultMain main, gboolean back);
/* What they do. */
gboolean fault_check_main (FaultProcess *self, MigrateJournal *journal, GError **error);
gboolean fault_move_main (FaultProcess *self, MigrateJournal *journal, GError **error);
/* It may have run there, and what it did is lost. */
gboolean fault_revert_main (FaultProcess *self, MigrateJournal *journal, GError **error);
/* The one place that says what recovery is. TRUE: nothing is left to do. */
gboolean fault_recover_main (FaultProcess *self, MigrateJournal *journal, GError **error);
/* What is played of the case's way begins here. */
void fault_note_start (SimWorld *world, gpointer self);
