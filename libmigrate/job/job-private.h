/* Inside a job. */
#pragma once

#include "job/edges-private.h"
#include "steps/operation-private.h"
#include "steps/work-private.h"

typedef struct _MigrateJobOperation MigrateJobOperation;
typedef struct _MigrateRewriter MigrateRewriter;

struct _MigrateJob
{
  GObject parent_instance;

  GMutex lock;                       /* for all below but what is set once */
  char *id;                          /* set once */
  char *guest;                       /* set once */
  MigrateHost *source, *destination; /* set once */
  MigrateQueue *queue;               /* set once */
  MigrateKind kind;
  MigratePolicy *policy; /* never changed, but replaced: the work has it too */
  gboolean policy_set;   /* since it was written down or read: it counts more than the journal's */
  MigrateJournal *journal;           /* nullable until used */
  MigrateHooks *hooks;               /* nullable */
  MigrateInventory *inventory;       /* nullable */
  MigrateImageSource *image_source;  /* nullable */
  MigrateVolumeConnector *connector; /* nullable */
  MigrateMapping *mapping;           /* nullable; never changed, but replaced */
  GVariant *resize;                  /* a{sv}, nullable */
  MigrateRewriter *rewriter;         /* nullable */
  gboolean forecast;
  MigrateJournal *history; /* nullable */

  MigrateState state;
  gboolean in_flight;
  MigratePhase phase;
  MigrateReport *report;
  MigratePlan *plan;
  MigrateFacts *facts; /* nullable; of the last check: nobody writes to them */
  MigrateProgress *progress;
  MigrateResult *result;
  MigrateFailure *failure;
  gboolean progress_pending; /* a notification is in the queue */

  /* The worker's, while an operation runs; of whoever holds the lock else. */
  MigrateWork *work;     /* nullable until the first operation */
  GVariant *before;      /* a{sv}; nullable: what was true of the guest before the move */
  GVariant *source_says; /* a{sv}; nullable: what the source was asked already, for many jobs */
  GVariant *source_look; /* a{sv}; nullable: the same, of how the guest writes its memory */
  gboolean in_journal;
  MigrateJobOperation *current; /* nullable */
  gboolean cancelling_at_rest;  /* an edge is run to undo, beside no operation */
  gboolean retuning_at_rest;    /* the policy is written, beside no operation or a queued one */
  gboolean current_queued;      /* it waits for a slot, without a thread */
};

/* ---- job-state.c: fields, and telling the program; from any thread ---- */
extern const MigrateWorkReport _migrate_job_work_report;
void _migrate_job_set_state (MigrateJob *self, MigrateState state, gboolean in_flight);
void _migrate_job_set_phase (MigrateJob *self, MigratePhase phase);
void _migrate_job_set_progress (MigrateJob *self, MigrateProgress *progress);
/* Of one check; both are borrowed. */
void _migrate_job_set_report (MigrateJob *self, MigrateReport *report, MigrateFacts *facts);
void _migrate_job_set_plan (MigrateJob *self, MigratePlan *plan);       /* borrowed, nullable */
void _migrate_job_set_result (MigrateJob *self, MigrateResult *result); /* taken, nullable */
/* The work's, as it is now. */
void _migrate_job_publish_result (MigrateJob *self);
void _migrate_job_set_failure (MigrateJob *self, MigrateFailure *failure); /* taken, nullable */
/* By the worker, or where there is none: the job's and the work's. */
void _migrate_job_adopt_policy (MigrateJob *self, MigratePolicy *policy);
MigrateState _migrate_job_where (MigrateJob *self, gboolean *in_flight);

/* In migrate-job.c, run in the job's context. */
void _migrate_job_emit_state (MigrateJob *self, MigrateState before, MigrateState now);
void _migrate_job_emit_phase (MigrateJob *self);
void _migrate_job_emit_progress (MigrateJob *self);
void _migrate_job_emit_policy (MigrateJob *self);
void _migrate_job_emit_decision (MigrateJob *self, MigrateDecision *decision);

/* ---- job-edges.c: the edges and the journal, on workers ---- */
gboolean _migrate_job_run_edge (MigrateJob *self, MigrateVerb verb, GError **error);
gboolean _migrate_job_write (MigrateJob *self, GError **error);
/* Reads state, steps and the rest again from the journal. */
gboolean _migrate_job_reload (MigrateJob *self, GError **error);
void _migrate_job_load_values (MigrateJob *self, GVariant *values);
void _migrate_job_release_claim (MigrateJob *self);

/* The policy that another process wrote, unless the program has set one here since. */
void _migrate_job_load_policy (MigrateJob *self, GVariant *values);

/* ---- job-operations.c ---- */
/* Starts a verb. values: a{sv}, nullable: of a retune. task is taken; NULL: blocking. NULL is
 * returned, with error or through the task, when it was refused. */
MigrateOperation *_migrate_job_start (MigrateJob *self, MigrateVerb verb, GVariant *values,
                                      GCancellable *cancellable, GTask *task, GError **error);
/* The same, and waits; value may be NULL. */
gboolean _migrate_job_wait (MigrateJob *self, MigrateVerb verb, GVariant *values,
                            GCancellable *cancellable, gpointer *value, GError **error);
/* The same as a GTask. */
void _migrate_job_start_async (MigrateJob *self, MigrateVerb verb, GVariant *values, gpointer tag,
                               GCancellable *cancellable, GAsyncReadyCallback callback,
                               gpointer user_data);
/* For one check beside many others, on a thread of the caller's (a survey's worker): first the job
 * is made ready, to be told of in the context of another queue, then it is checked. source: a{sv},
 * what the source has said already; look: a{sv}, nullable: the dirty sample for its forecast. */
gboolean _migrate_job_make_ready (MigrateJob *self, MigrateQueue *queue, GError **error);
gboolean
_migrate_job_check_beside (MigrateJob *self, GVariant *source, GVariant *look, GError **error);
MigrateOperation *_migrate_job_operation_get (MigrateJobOperation *op);
/* Sets and writes what it came to; gives slots, and a claim that is not needed, back. Returns the
 * error of the write. looked_on: another process's job, of which nothing is ours. */
GError *_migrate_job_rest (MigrateJob *self, gboolean looked_on, const GError *error);

/* ---- job-control.c: cancel, detach, looking on ---- */
/* Raises the flag; if the operation waits for a slot, lets it go on to its end. */
void _migrate_job_ask_cancel (MigrateJob *self, const char *why);
gboolean _migrate_job_is_held_elsewhere (MigrateJob *self);
/* Until the other process is done with the job, telling the program meanwhile. */
gboolean _migrate_job_look_on (MigrateJob *self, GError **error);
gboolean _migrate_job_cancel_now (MigrateJob *self, GError **error);
gboolean _migrate_job_detach_now (MigrateJob *self, GError **error);
/* Nothing runs: makes an end, as the verb (cancel, give-up) says. *begun: FALSE: something does run
 * by now. */
gboolean
_migrate_job_end_at_rest (MigrateJob *self, MigrateVerb verb, gboolean *begun, GError **error);
/* What such a verb came to, once the job is at rest. */
gboolean _migrate_job_judge_end (MigrateJob *self, MigrateVerb verb, GError **error);
/* Whether an operation, or an undo beside none, is at work. */
gboolean _migrate_job_is_busy (MigrateJob *self);
void _migrate_job_wait_until_idle (MigrateJob *self);
#define MIGRATE_JOB_LOOK_EVERY_MS 200

/* ---- job-rewrite.c: the program's own function ---- */
MigrateRewriter *
_migrate_rewriter_new (MigrateRewriteFunc func, gpointer user_data, GDestroyNotify destroy);
/* The last one destroys the program's data: by the program's threads alone, without the lock. */
void _migrate_rewriter_unref (MigrateRewriter *self);
/* On a worker: a text of the caller's; itself where the program has no function. Errors: DENIED: it
 * gave up; TIMED_OUT. */
char *_migrate_job_rewrite (MigrateJob *self, const char *xml, gboolean definition, GError **error);

/* ---- job-steer.c, job-steer-elsewhere.c: the operator's verbs ---- */
gboolean
_migrate_job_steer_now (MigrateJob *self, MigrateVerb verb, GVariant *values, GError **error);
/* Asks the process that holds the job. FALSE without an error: nobody holds it any more. */
gboolean
_migrate_job_steer_elsewhere (MigrateJob *self, MigrateVerb verb, GVariant *values, GError **error);
/* Until a retune beside no operation, or a queued one, is written. */
void _migrate_job_wait_for_retune (MigrateJob *self);
/* How long an asker waits for its answer. */
guint _migrate_job_patience_ms (MigrateJob *self);
/* On the worker, between edges. */
void _migrate_job_answer_asked (MigrateJob *self);
