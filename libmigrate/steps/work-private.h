/* What one job works with: handed from the state machine down to the rooms that gather, prepare,
 * migrate and finalize. Used by one worker at a time (the one that runs the job's operation),
 * but for the flags that others raise, which are under the lock. */
#pragma once

#include "journal/journal-private.h"
#include "steps/queue-private.h"
#include "virt/link-private.h"

typedef struct _MigrateWork MigrateWork;

/* How the rooms tell the job what happens. Called on the worker. */
typedef struct
{
  void (*phase) (gpointer data, MigratePhase phase);
  void (*progress) (gpointer data, MigrateProgress *progress);
  void (*decision) (gpointer data, MigrateDecision *decision);
  /* It is the work's from now on. */
  void (*policy) (gpointer data, MigratePolicy *policy);
  /* The same. */
  void (*plan) (gpointer data, MigratePlan *plan);
  /* Asks the program's own function, where it has one. */
  char *(*rewrite) (gpointer data, const char *xml, gboolean definition, GError **error);
  /* Something is to be done before the job was written down: writes it. */
  gboolean (*enter_journal) (gpointer data, GError **error);
} MigrateWorkReport;

struct _MigrateWork
{
  gatomicrefcount ref_count;
  MigrateBackend *backend;
  MigrateQueue *queue;
  const MigrateWorkReport *report;
  gpointer report_data;

  /* What was asked; set before an operation begins. */
  char *id;
  char *guest;
  MigrateLink *source, *destination;
  char *source_uri, *destination_uri;   /* as given */
  char *source_name, *destination_name; /* what the platform's record calls them */
  /* Of the destination; nullable. */
  char *peer_uri, *migration_uri, *disks_uri, *listen_address, *tls_name;
  guint max_outgoing, max_incoming;
  MigrateKind kind;
  MigratePolicy *policy;
  MigrateJournal *journal;           /* nullable until the first operation */
  MigrateHooks *hooks;               /* nullable */
  MigrateInventory *inventory;       /* nullable */
  MigrateImageSource *image_source;  /* nullable */
  MigrateVolumeConnector *connector; /* nullable */
  MigrateMapping *mapping, *profile; /* nullable: the job's, the destination's; never changed, but
                                        replaced until prepared */
  GVariant *resize;                  /* a{sv}, nullable: so too; model/resize-private.h */
  gboolean has_rewrite;              /* the program's function, which the report calls */
  gboolean forecast;                 /* wanted */
  gboolean in_a_hurry;               /* the move begins at once: a forecast may come later */
  MigrateJournal *history;           /* nullable: the journal; what a forecast learns from */

  /* What is known and held. */
  guint64 generation; /* of the claim; 0: none */
  gboolean lost_claim;
  gboolean warned_of_journal;
  gboolean slots_held;
  gboolean told_handed_over;
  gboolean handed_over; /* of a guest that no host runs: the journal says so */
  gboolean sync_writes; /* its disks did not get ready: the next transfer makes its writes wait */
  gboolean reverting;   /* that is being taken back: nothing but that is done any more */
  MigrateRisk up_to;    /* of a revert: what it may do */
  MigrateFacts *facts;  /* nullable; of the last check or prepare */
  GVariant *before;     /* a{sv}; nullable until prepared: what was true before the move */
  MigratePlan *plan;    /* nullable until checked: what the move does */
  GVariant *bindings;   /* a{sv}, nullable: what hooks answered, by name */
  GVariant *proven; /* a{sv}, nullable: of files that an earlier process copied, by id: t, bytes */
  GVariant *still;  /* a{sv}, nullable: see MIGRATE_JOB_KEY_STILL */
  GPtrArray *steps; /* MigrateStepEntry, in the order they were begun */
  GPtrArray *policies; /* that were replaced, while other threads may have looked at them */
  /* For the journal, with its next write: entries (GVariant a{sv}) and values. */
  GPtrArray *later;
  GVariantDict values_later;

  /* What will be told. */
  MigrateResult *result;
  double fraction;       /* the last that was told, by whichever process */
  GVariant *looked;      /* a{sv}; nullable: a look at the guest that was begun, */
  gint64 look_ends;      /* and when it is over; 0: there is none to be read */
  gint64 started;        /* backend time; 0: not yet */
  gint64 transfer_since; /* the same, of the first transfer as the source's libvirt said; 0 */
  MigratePhase phase, failed_phase; /* the second: where the edge failed; IDLE: it did not */
  gint64 phase_since;

  /* Raised by others. */
  GMutex lock;
  GCond changed;
  gboolean woken; /* since the last sleep */
  gboolean cancel_asked, detach_asked;
  char *cancel_why;
  GPtrArray *asked; /* MigrateAsked (asked-private.h): not taken up yet */
  GCond answered;   /* one of them was */
};

MigrateWork *_migrate_work_new (const char *id);
MigrateWork *_migrate_work_ref (MigrateWork *self);
void _migrate_work_unref (MigrateWork *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateWork, _migrate_work_unref)

/* Taken, and told; written by whoever set it. */
void _migrate_work_set_plan (MigrateWork *self, MigratePlan *plan);
void _migrate_work_set_phase (MigrateWork *self, MigratePhase phase);
guint64 _migrate_work_elapsed_ms (MigrateWork *self);
void _migrate_work_decide (MigrateWork *self, const char *what, const char *format, ...)
  G_GNUC_PRINTF (3, 4);
/* With its numbers: a{sv}, floating is taken. */
void _migrate_work_decide_in_numbers (MigrateWork *self, const char *what, const char *why,
                                      GVariant *details);
void _migrate_work_warn (MigrateWork *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* That something dispensable could not be written: once for each job. */
void _migrate_work_warn_journal (MigrateWork *self, const GError *error);

void _migrate_work_ask_cancel (MigrateWork *self, const char *why);
void _migrate_work_ask_detach (MigrateWork *self);
void _migrate_work_forget_detach (MigrateWork *self);
gboolean _migrate_work_is_detached (MigrateWork *self);
gboolean _migrate_work_is_cancelled (MigrateWork *self);
/* TRUE and G_IO_ERROR_CANCELLED when a cancel was asked for. */
gboolean _migrate_work_check_cancelled (MigrateWork *self, GError **error);
/* Whether a cancel was asked for; it is forgotten. */
gboolean _migrate_work_take_cancel (MigrateWork *self);
/* Until somebody wakes the work, or ms passed. */
void _migrate_work_sleep (MigrateWork *self, guint ms);
void _migrate_work_wake (MigrateWork *self);

/* One bounded call to a side; the answer is in the returned record. */
MigrateCall *_migrate_work_call (MigrateWork *self, MigrateSide side, MigrateCallKind kind,
                                 const char *guest, guint64 value, GError **error);
/* The same with a record that the caller has filled. */
gboolean
_migrate_work_run_call (MigrateWork *self, MigrateSide side, MigrateCall *call, GError **error);
/* Several at once, each bounded, each with its own error; on one host or on both. */
typedef struct
{
  MigrateSide side;
  MigrateCall *call;
  GError *error; /* nullable: it was answered */
} MigrateWorkCall;
void _migrate_work_run_calls (MigrateWork *self, MigrateWorkCall *calls, gsize n);
guint _migrate_work_call_timeout (MigrateWork *self, MigrateCallKind kind);
MigrateLink *_migrate_work_link (MigrateWork *self, MigrateSide side);
/* The same to any host. */
MigrateCall *_migrate_work_ask (MigrateWork *self, MigrateLink *link, MigrateCallKind kind,
                                const char *guest, guint64 value, GError **error);

/* Journal writes on behalf of this job, with its generation. */
gboolean _migrate_work_enter_journal (MigrateWork *self, GError **error);
gboolean _migrate_work_append (MigrateWork *self, const char *kind, const char *name,
                               const char *status, GVariant *values, GError **error);
gboolean _migrate_work_update (MigrateWork *self, GVariant *values, GError **error);
/* What the journal has of the job: result, guest, beginning, steps. */
void _migrate_work_load (MigrateWork *self, GVariant *values, GVariant *entries);
/* With the next of these two, in one step: for what announces no act. */
void _migrate_work_append_later (MigrateWork *self, const char *kind, const char *name,
                                 const char *status, GVariant *values);
void _migrate_work_set_later (MigrateWork *self, const char *key, GVariant *value);
/* What was left for later is of no use: the journal is read again, and may know better. */
void _migrate_work_forget_later (MigrateWork *self);
/* Dispensable: samples (aa{sv}) and values (a{sv}, nullable); waits for others for a moment only.
 */
gboolean
_migrate_work_note (MigrateWork *self, GVariant *samples, GVariant *values, GError **error);

/* What requests tell the program: "job", "guest-name", "guest-uuid"; the guest is the work's when
 * it is NULL. */
void
_migrate_work_describe (MigrateWork *self, GVariantBuilder *builder, const MigrateDomain *guest);
/* The hosts, the plan, and what was true before. */
void _migrate_work_describe_plan (MigrateWork *self, GVariantBuilder *builder);
