/* Decide: what is true of a guest, from what all hosts said and the journal knows; and what puts it
 * right. Pure values and pure functions: no host is asked here, nothing is changed. */
#pragma once

#include "virt/call-private.h"
#include "xml/mark-private.h"

/* What one host said. */
typedef struct
{
  gboolean asked;   /* it answered */
  gboolean present; /* it knows the guest */
  MigrateDomainState state;
  int reason;
  gboolean persistent, autostart;
  MigrateMark mark;
  gboolean transfer; /* to elsewhere, as its libvirt says */
  gboolean ending;   /* … which was given up or is over, and is still in libvirt's hands */
  gboolean moves;    /* … and more has travelled since the look before */
  gboolean monitor_hangs;
  gboolean stopped_by_us; /* in mid-copy, by the job, so that the copy ends */
  gboolean job_stuck;     /* an order waited in vain for a job of a guest that is off */
} MigrateSeen;

/* Of a host that is not among those asked, or not known. */
#define MIGRATE_NO_HOST (-1)

typedef struct
{
  const MigrateSeen *hosts;
  guint n_hosts;
  guint64 still_ms; /* nothing of it has changed for so long */

  /* From the journal, when it has a job of the guest that is not closed. */
  gboolean is_open; /* it is to be closed */
  gboolean has_job;
  int source, destination; /* its hosts, by index */
  gboolean begun;          /* its transfer was asked for */
  gboolean proven;         /* the hand-over was proven */
  gboolean stops;          /* no host runs the guest meanwhile: the journal hands it over, */
  gboolean handed_over;    /* … and has */
  gboolean completed;      /* … and what follows that was done */
  gboolean has_images; /* it made images at the destination, and has not released the source's */
  gboolean reverting;  /* the hand-over is being taken back, as its owner has asked for */
  gboolean arrives_paused;  /* the strict hand-over */
  gboolean resumed_there;   /* … and we have let it run */
  gboolean has_obligations; /* steps that are to be undone if it stayed */
  gboolean has_probe;       /* a check of it may have left files on its hosts */
  gboolean before_known;    /* the next three are */
  gboolean was_paused;      /* by its user */
  gboolean was_persistent, was_autostart;
  gboolean has_definition; /* the journal knows how the guest was defined */

  gboolean has_record; /* the platform keeps one */
  int recorded;        /* which host it names */
  gboolean can_fence, can_reset_stream;
  int keep; /* the host that the operator chose for a split guest */
} MigrateCase;

typedef struct
{
  MigrateVerdict verdict;
  int source, destination; /* who plays the parts; MIGRATE_NO_HOST: nobody */
  guint64 rest_ms;         /* to be believed once nothing has changed for so long */
  const char *reason; /* a sentence; {S} and {D} stand for the two hosts, {H} for unasked ones */
} MigrateJudgement;

MigrateJudgement _migrate_case_judge (const MigrateCase *self);

typedef struct
{
  const char *kind; /* of a step, see steps/step-kinds.c and recover/repair.c */
  int host;
  MigrateRisk risk;
  const char *effect;        /* for people; a static sentence */
  gboolean go_on_on_failure; /* the next one is tried all the same */
} MigratePlannedStep;

/* Of a guest that does not run: {S} has handed it over to {D}. */
gboolean _migrate_case_find_handed_over (const MigrateCase *self, int *source, int *destination);

/* In the order in which they are done; each rests on those before. */
GArray *_migrate_case_plan (const MigrateCase *self, const MigrateJudgement *judgement);

/* Whether this verdict, with nothing left of the plan, ends the job, and how. */
gboolean _migrate_case_close (const MigrateCase *self, const MigrateJudgement *judgement,
                              MigrateState *state, MigrateOutcome *outcome);

gboolean _migrate_seen_runs (const MigrateSeen *self);
gboolean _migrate_seen_is_off (const MigrateSeen *self); /* or absent */
gboolean _migrate_seen_is_paused (const MigrateSeen *self);
/* Under the mark of a move that has not handed it over: no guest yet. */
gboolean _migrate_seen_is_incoming (const MigrateSeen *self);
/* Defined and off, and no such one. */
gboolean _migrate_seen_is_defined_off (const MigrateSeen *self);
