/* One recovery at work: the hosts, what they said, what it means, what is done about it. Used by
 * one worker at a time. */
#pragma once

#include "migrate/migrate-private.h"
#include "recover/case-private.h"
#include "steps/steps-private.h"

typedef struct
{
  MigrateLink *link;
  char *uri;                                                  /* as given */
  char *shown;                                                /* without secrets */
  char *peer_uri, *migration_uri, *listen_address, *tls_name; /* nullable */
  char *name;         /* what the platform's record calls it */
  char *machine;      /* its UUID; nullable until it was asked */
  GPtrArray *aliases; /* char *: other URIs of the same machine */

  /* Of the last look. */
  char *why; /* nullable: why it could not be asked */
  char *guest_uuid, *guest_name;
  char *messages; /* nullable: what the host keeps of QEMU's words */
  gboolean has_numbers;
  guint64 processed, remaining, monitor_ms;
  gint64 seen_at; /* wall clock */

  gboolean job_stuck; /* found by acting */
} MigrateRecoveryHost;

typedef struct
{
  MigrateWork *work;
  char *guest;      /* as asked: name, UUID or job id */
  char *guest_uuid; /* nullable until known */
  GPtrArray *hosts; /* MigrateRecoveryHost */
  GArray *seen;     /* MigrateSeen, of the same hosts */
  GVariant *values; /* nullable: what the journal has of the job */
  gboolean held;    /* by a live controller that is not us */
  gboolean written; /* the job is in the journal */
  gboolean proven;  /* its hand-over, by us */
  gboolean closed;  /* by this repair: the verdict stands */
  MigrateBefore before;
  char *definition;    /* nullable: how the guest was defined, from the journal */
  MigrateFence *fence; /* nullable */
  char *record;        /* nullable: which host the platform's record names */
  gboolean no_record;  /* the platform does not know the guest */
  char *kept;          /* nullable: URI of the host that the operator chose */

  MigrateCase facts; /* hosts point into seen */
  MigrateJudgement judgement;
  GArray *plan; /* MigratePlannedStep; nullable until investigated */
} MigrateRecoveryWork;

MigrateRecoveryWork *_migrate_recovery_work_new (const char *guest, MigrateWork *work);
void _migrate_recovery_work_free (MigrateRecoveryWork *self);
/* Strings are copied. A host that is there already is completed. */
void _migrate_recovery_add_host (MigrateRecoveryWork *self, MigrateLink *link, const char *uri,
                                 const char *name, const char *peer_uri, const char *migration_uri,
                                 const char *listen_address, const char *tls_name);
int _migrate_recovery_find_host (MigrateRecoveryWork *self, const char *uri);

/* ---- look.c: gather; nothing is changed on any host ---- */
/* Asks all hosts at once, each bounded, until the verdict has stood still long enough; fills seen,
 * facts, judgement and plan. Errors: INVALID, NOT_FOUND, cancelled. */
gboolean _migrate_recovery_look (MigrateRecoveryWork *self, GError **error);

/* ---- record.c: the journal ---- */
/* The guest's newest job that is not closed, or the one that was asked for by id; its hosts are
 * added. */
gboolean _migrate_recovery_find_job (MigrateRecoveryWork *self, GError **error);
/* Once the guest's UUID is known: a job of another guest of the same name is none. */
void _migrate_recovery_check_job (MigrateRecoveryWork *self);
/* The hosts that it named stay. */
void _migrate_recovery_forget_job (MigrateRecoveryWork *self);
/* Once the hosts are known: fills what the journal knows of the case. */
void _migrate_recovery_fill_case (MigrateRecoveryWork *self);
const char *_migrate_recovery_host_name (MigrateRecoveryWork *self, int host);
/* The right to act: the job's claim, or that of a new job for this recovery. What is known is read
 * again under it. */
gboolean _migrate_recovery_claim (MigrateRecoveryWork *self, GError **error);
gboolean _migrate_recovery_note_state (MigrateRecoveryWork *self, MigrateState state,
                                       MigrateOutcome outcome, GError **error);
void _migrate_recovery_release (MigrateRecoveryWork *self);

/* ---- repair.c: act ---- */
typedef void (*MigrateRecoveryStepDone) (gpointer data, const MigratePlannedStep *step,
                                         const char *host, const char *failure /* nullable */);
/* Carries out the plan up to that risk, looks again, and so on until nothing is left that may be
 * done. TRUE: nothing is left to repair. */
gboolean _migrate_recovery_repair (MigrateRecoveryWork *self, MigrateRisk up_to,
                                   MigrateRecoveryStepDone done, gpointer data, GError **error);
gboolean _migrate_recovery_is_at_rest (MigrateRecoveryWork *self);
/* The reason with the names of hosts. */
char *_migrate_recovery_explain (MigrateRecoveryWork *self);
