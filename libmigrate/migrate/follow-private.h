/* What following a transfer knows, shared by the one that looks and the one that acts. */
#pragma once

#include "migrate/estimate-private.h"
#include "migrate/migrate-private.h"
#include "migrate/mirror-private.h"
#include "migrate/trend-private.h"
#include "steps/asked-private.h"

#define MIGRATE_FOLLOW_FIRST_POLL_MS 100

typedef struct
{
  MigrateWork *work;
  MigrateTransferCall *call; /* nullable; the last one that was made */
  const MigrateBefore *before;

  MigrateObservation seen;
  MigrateStats stats; /* the last good sample */
  gint64 same_since, unasked_since, unconfirmed_since, broken_since;
  gint64 ran_here_at;        /* before the last look that found it running at the source; 0: none */
  gint64 active_since;       /* the transfer, as the source's libvirt says; 0: not yet */
  gint64 travelled_at;       /* when more was last seen to have travelled; 0: not yet */
  gint64 stopped_at, ran_at; /* 0: not seen yet */
  gint64 disks_since, copy_since, written_at;
  gint64 aborted_at, abort_since; /* the last abort that was asked for, and the first */
  gint64 postcopy_since;
  guint poll_ms;
  MigrateRates rates;
  GError *given_up;  /* why an abort was asked for */
  GError *not_acted; /* why an act that the hand-over needs has failed so far */
  gint64 not_acted_since;
  GPtrArray *samples; /* GVariant a{sv}: not written yet */
  gboolean too_late;  /* a cancel came after the switch to post-copy */
  /* The operator's word, for as long as this process follows; it is the permission too. */
  gboolean finish_asked; /* end it by the fastest way: post-copy where it is armed, else a stop */
  gboolean pause_asked;  /* stop the guest, so that the copy comes to its end */

  /* How the copy goes, and what was decided of it. */
  MigrateTrend trend;
  gint64 sampled_at; /* backend time of stats; 0: none yet */
  MigrateMirrorTrend mirror;
  GVariant *mirrors;      /* a{sv}, nullable: each disk, as MigrateProgressValues has them */
  gint64 mirrors_at;      /* backend time of them; 0: none yet */
  gboolean disks_told;    /* that they do not get ready, where nothing is done for it */
  guint limit_ms;         /* of downtime, in force at the hypervisor; 0: not known */
  guint target_ms;        /* of the policy, when it was set */
  guint decided_pass;     /* 0: none yet */
  gboolean deadline_over; /* and the policy wants something else than to give up */
  gboolean warned, warned_slow;
  gboolean stall_told;
  gint64 paused_at; /* by us, for all that was seen since; 0: not */
  GError *overdue;  /* it is not followed any longer */

  guint tried_pass;             /* in which a switch was asked for last */
  gint64 ordered_at;            /* the switch, by this process; 0: not yet */
  MigrateTransferCall *resumed; /* nullable; the last try to mend a post-copy */
  GError *broke;                /* nullable; what the first call that failed said */
  guint attempts, back_off_ms;
  gint64 resume_at; /* the next attempt; 0: at once */
} Follow;

/* Gather: one look at both hosts, into seen and stats; nothing is changed anywhere. */
void _migrate_follow_sample (Follow *self);

/* ---- sample-disks.c ---- */
/* Only disks travel: memory comes after all of them. */
gboolean _migrate_follow_copies_disks (Follow *self);
/* Gather: how each disk goes, beside the statistics. */
void _migrate_follow_sample_disks (Follow *self);

/* ---- samples.c ---- */
/* Keeps what was seen for the next write. */
void _migrate_follow_keep_sample (Follow *self);
/* Writes values (a{sv}, nullable, floating is taken) and the samples that were kept. What fails is
 * tried again with the next; FALSE: the claim is lost, and so is the right to go on. */
gboolean _migrate_follow_write (Follow *self, GVariant *values, GError **error);
/* Act, in follow-postcopy.c. */

/* The order to switch was given, or may have been: no abort may follow. */
gboolean _migrate_follow_is_switched (Follow *self);
/* Gives the order. FALSE: the journal refuses to know of it. */
gboolean _migrate_follow_switch (Follow *self, GError **error);
/* Gives it once more where its answer is not known. */
gboolean _migrate_follow_switch_again (Follow *self, GError **error);
/* The order was given and is not seen to be done: the guest is about to stand still. */
gboolean _migrate_follow_is_switching (Follow *self);
/* Ends the steps whose end was seen. */
gboolean _migrate_follow_note_postcopy (Follow *self, GError **error);
/* Tries to mend a broken post-copy, unless it is too early for the next try. */
gboolean _migrate_follow_resume (Follow *self, GError **error);

/* Act, in follow-tell.c: tells the program and the journal. FALSE: the claim is lost. */
gboolean _migrate_follow_tell (Follow *self, GError **error);
/* The last of it: it is there. */
void _migrate_follow_tell_moved (Follow *self);
/* Into the result. */
void _migrate_follow_note_stats (Follow *self, const MigrateStats *stats);

/* Act, in follow-asked.c: what the caller and other processes want. */
void _migrate_follow_read_mailbox (Follow *self);
void _migrate_follow_check_cancelled (Follow *self);
/* What was asked of a controller that died. */
void _migrate_follow_load_asked (Follow *self);
/* Does, or refuses, what waits. FALSE: the claim is lost. */
gboolean _migrate_follow_answer_asked (Follow *self, GError **error);

/* Act, in follow-retune.c: the whole of it or nothing. NULL: it is so now. */
GError *_migrate_follow_retune (Follow *self, MigrateAsked *asked);
/* Ends a retune in whose midst a controller died. */
void _migrate_follow_retune_again (Follow *self);

/* Act, in follow-clocks.c: sets given_up when a time is over. */
void _migrate_follow_check_clocks (Follow *self);

/* Act, in follow-disks.c: sets given_up where the disks do not get ready, and in the work that the
 * next transfer makes the guest's writes wait, where the policy wants one. */
void _migrate_follow_check_disks (Follow *self);
/* When memory began to travel, after the disks; without any, when the transfer began. */
gint64 _migrate_follow_memory_since (Follow *self);

/* In follow-forecast.c: reads the look that was begun before the copy, when its time has passed. */
void _migrate_follow_forecast (Follow *self);

/* Act, in follow-converge.c: does what converge.c decides. FALSE: the claim is lost, or the journal
 * refuses to know of it. */
gboolean _migrate_follow_converge (Follow *self, GError **error);
/* What a process before this one ordered. */
void _migrate_follow_load_pause (Follow *self);
/* Until the next look. */
guint _migrate_follow_poll_ms (Follow *self);
/* Whether what the policy wants at the deadline can be done. */
gboolean _migrate_follow_can_end (Follow *self);
/* The transfer was started with this, and the policy still allows it. */
gboolean _migrate_follow_may (Follow *self, MigrateAllow what);

/* Act, in follow-act.c. */

/* The step that the hand-over needs from us; NULL: none. */
const char *_migrate_follow_needed_step (Follow *self, MigrateConclusion conclusion);
/* Does it, now or in a later round. FALSE: it was tried for too long, or the claim is lost. */
gboolean _migrate_follow_act (Follow *self, const char *step, gboolean *acted, GError **error);

/* "paused (migrating)", "does not answer": for people. */
char *_migrate_sighting_describe (const MigrateSighting *sighting);
/* Act: the outcome, with everything that is settled at the end. TRUE: it moved. */
gboolean _migrate_follow_end (Follow *self, MigrateConclusion conclusion, GError **error);
