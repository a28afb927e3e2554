/* Inside the public object. */
#pragma once

#include "recover/recover-private.h"
#include "steps/operation-private.h"

struct _MigrateRecovery
{
  GObject parent_instance;

  GMutex lock;         /* for all below but what is set once */
  char *guest;         /* set once */
  GListModel *hosts;   /* set once; of MigrateHost */
  MigrateQueue *queue; /* set once */
  MigratePolicy *policy;
  MigrateJournal *journal;           /* nullable until used */
  MigrateHooks *hooks;               /* nullable */
  MigrateInventory *inventory;       /* nullable */
  MigrateVolumeConnector *connector; /* nullable */
  MigrateFence *fence;               /* nullable */
  char *kept;                        /* nullable */
  gboolean busy;

  MigrateVerdict verdict;
  char *reason, *job_id; /* nullable */
  gboolean at_rest;
  GPtrArray *evidence; /* MigrateEvidence */
  GPtrArray *done;     /* MigrateStep that were tried in the last apply */
  GPtrArray *planned;  /* MigrateStep that are left */
  gboolean progress_pending;
  MigrateProgress *progress; /* nullable */

  MigrateRecoveryWork *recovery; /* the worker's; nullable until the first operation */
};

/* In migrate-recovery.c, run in the object's context. */
void _migrate_recovery_emit_verdict (MigrateRecovery *self);
void _migrate_recovery_emit_progress (MigrateRecovery *self, MigrateProgress *progress);
void _migrate_recovery_emit_step (MigrateRecovery *self, MigrateStep *step);
