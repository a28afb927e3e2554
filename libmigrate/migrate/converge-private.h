/* Decide: whether the copy is helped to its end. A pure function from how the copy goes, what the
 * policy allows and what was done so far to one decision. It decides once in a pass, at its begin.
 */
#pragma once

#include "migrate/trend-private.h"

/* What a hand-over takes beside the last memory; what is given to the hypervisor is less by it. */
#define MIGRATE_SWITCH_OVER_COST_MS 100

typedef struct
{
  guint target_ms, max_ms; /* of downtime; the second not below the first */
  gboolean postcopy;       /* allowed, and the transfer was started with it */
  gboolean throttle;       /* the same; it is the hypervisor that engages it */
  gboolean pause;
  MigratePostcopyStart start;
  guint64 deadline_ms; /* since the transfer began; 0: none */
  guint64 before_ms;   /* of it, what passed before the samples count */
} MigrateConvergePolicy;

typedef struct
{
  guint limit_ms;     /* in force at the hypervisor */
  guint decided_pass; /* 0: none yet */
  guint tried_pass;   /* in which a switch was last asked for, and refused; 0: none */
  gboolean paused;    /* by us */
  gboolean over;      /* post-copy, switch-over: nothing is left to decide */
  gboolean warned,
    warned_slow; /* the caller knows that no end is in sight; that the link is slow */
  gboolean finish_asked, pause_asked;
  gboolean deadline_over; /* at_deadline is to be done, once */
  MigrateAtDeadline at_deadline;
} MigrateConvergeState;

typedef enum
{
  MIGRATE_CONVERGE_GO_ON,
  MIGRATE_CONVERGE_RAISE_LIMIT,
  MIGRATE_CONVERGE_START_POSTCOPY,
  MIGRATE_CONVERGE_PAUSE,
  MIGRATE_CONVERGE_GIVE_UP,
  MIGRATE_CONVERGE_WARN,     /* it would be given up, but for the deadline that the caller set */
  MIGRATE_CONVERGE_WARN_SLOW /* the link carries a fraction of what it did */
} MigrateConvergeAction;

typedef struct
{
  MigrateConvergeAction action;
  guint limit_ms;             /* RAISE_LIMIT */
  guint64 needed_downtime_ms; /* GIVE_UP, WARN: that would have been enough */
  guint64 needed_bandwidth;   /* the same, in bytes/s */
  char *why;                  /* NULL: GO_ON */
} MigrateConvergeDecision;

MigrateConvergeDecision
_migrate_converge_decide (const MigrateTrend *trend, const MigrateConvergePolicy *policy,
                          const MigrateConvergeState *state);
/* Whether what the policy wants at the deadline can be done; else the move is given up. */
gboolean _migrate_converge_can_end (const MigrateTrend *trend, const MigrateConvergePolicy *policy,
                                    const MigrateConvergeState *state);
void _migrate_converge_decision_clear (MigrateConvergeDecision *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MigrateConvergeDecision, _migrate_converge_decision_clear)
/* "raise-downtime-limit", as decisions are called; NULL for GO_ON. */
const char *_migrate_converge_action_name (MigrateConvergeAction action);
/* How long to wait for the next sample, at most most_ms: a pass is seen to end, however short. */
guint _migrate_converge_poll_ms (const MigrateTrend *trend, guint most_ms);
/* What the hypervisor is given for this much downtime, in ms. */
guint _migrate_converge_limit (guint downtime_ms);
