/* Inside a survey. */
#pragma once

#include "check/facts-private.h"
#include "steps/operation-private.h"

struct _MigrateSurvey
{
  GObject parent_instance;

  GMutex lock;              /* for all below but what is set once */
  char *guest;              /* set once */
  MigrateHost *source;      /* set once; nullable */
  GListModel *destinations; /* set once; of MigrateHost */
  MigrateQueue *queue;      /* set once */
  MigrateKind kind;
  MigratePolicy *policy;
  MigrateJournal *journal; /* nullable: nothing is written */
  gboolean forecast;
  MigrateJournal *history; /* nullable */
  MigrateMapping *mapping; /* nullable; never changed, but replaced */
  gboolean busy;
  MigrateFailure *failure; /* nullable */
};

/* One destination while it is asked. */
typedef struct
{
  MigrateHost *host;
  MigrateJob *job; /* nullable: it could not be made */
  GError *error;   /* nullable: it was checked */
} MigrateSurveyRow;

/* One operation: the worker's but for what is under the lock. */
typedef struct
{
  MigrateWork *work; /* the source's; a cancel is asked for here */
  MigrateHost *source;
  MigrateJournal *journal;
  gboolean forecast;
  MigrateJournal *history; /* nullable */
  MigrateMapping *mapping; /* nullable */
  GPtrArray *destinations; /* MigrateHost */
  GMutex lock;
  GPtrArray *rows; /* MigrateSurveyRow, one for each destination; nullable until all are made */
} MigrateSurveyRun;

/* ---- survey-gather.c ---- */

/* Checks at once; each has up to two threads more, in calls. */
#define MIGRATE_SURVEY_AT_ONCE 8

/* MigrateSurveyEntry, best first. Errors: what the source cannot be asked for; cancelled. */
GListModel *_migrate_survey_gather (MigrateSurveyRun *run, GError **error);
/* From any thread. */
void _migrate_survey_cancel (MigrateSurveyRun *run);
gboolean _migrate_survey_check_cancelled (MigrateSurveyRun *run, GError **error);

/* ---- survey-baseline.c ---- */

/* Errors: as above; UNSUPPORTED. */
MigrateBaseline *_migrate_survey_find_baseline (MigrateSurveyRun *run, GError **error);

/* ---- migrate-survey-entry.c ---- */

/* report, facts and failure: nullable. */
MigrateSurveyEntry *
_migrate_survey_entry_new (MigrateHost *host, guint rank, const char *reason, MigrateReport *report,
                           MigrateFacts *facts, MigrateFailure *failure);
