/* The enumeration of faults: what faults.c runs and faults-case.c plays. */
#pragma once

#include "sim.h"

/* How the guest moves. */
typedef struct
{
  const char *name;
  const char *const *policy; /* keys and values, NULL at the end */
  gboolean transient, paused;
  guint64 memory, dirty_rate, working_set; /* of the guest; 0: the simulator's own */
  gboolean cpu_bound;
  guint64 bandwidth; /* of the link; 0: the simulator's own */
  /* By another process, through the mailbox, in mid-copy; nullable: "finish-now", "key=value", ….
   */
  const char *asked;
  /* Nullable: the decision that the way is named for, in a move that meets no fault. Until the
   * transfer it is as the first way, so that part is not played again. */
  const char *decides;
  gboolean stays; /* and so it ends at the source */
  /* Nullable: the guest has a disk in a folder of h1's, and this is the one of that path on h2. */
  const char *storage;
  /* Nullable: a line of the mapping for the way from h1 to h2, and what the guest's XML then has
   * there, and only there. */
  const char *renames, *renamed;
  gboolean checks; /* is all that is done: no move */
  /* Nullable: the kind of the move, whose guest has disks of h1's own, see faults-disks.c. */
  const char *kind;
  gboolean off;       /* it does not run */
  gboolean boots;     /* it is shut down for the move, and started after it */
  const char *resize; /* nullable: another shape on the way from h1 to h2, as text */
  /* It stops at migrated and is taken back. Until that it is as another way, so that part is not
   * played again. */
  gboolean reverts;
} FaultHow;

extern const FaultHow fault_hows[];
extern const guint fault_n_hows;

typedef enum
{
  FAULT_FAIL,   /* the n-th call fails: the connection is gone */
  FAULT_REFUSE, /* it is refused: the guest's lock */
  FAULT_LOSE_ANSWER,
  FAULT_HANG,
  FAULT_KILL_BEFORE_JOURNAL, /* our process, before the n-th write */
  FAULT_KILL_AFTER_JOURNAL,
  FAULT_KILL_AT_CALL,
  FAULT_LOSE_MESSAGE, /* the n-th kind of message between the daemons */
  FAULT_ACTION,       /* the n-th call is when something happens to the world */
  FAULT_AT_STAGE      /* the n-th stage of the transfer is */
} FaultKind;

typedef struct
{
  const char *name;
  FaultKind kind;
  SimAction actions[2]; /* a second one without a host is none */
  gboolean loses_qemu;  /* the guest may rightly be down, or its memory gone */
  gboolean splits;      /* libvirt itself may run two copies, before anybody can prevent it */
} Fault;

#define FAULT_MOST_CALLS 1000

/* Of a way that is not played from its beginning: the calls that are worth a case. */
typedef struct
{
  gint made;                      /* atomic; it is shared */
  guint points;                   /* before that part begins */
  guint calls;                    /* up to the move's end */
  guint8 worth[FAULT_MOST_CALLS]; /* by the call's number, from 1 */
} FaultPlan;

typedef struct
{
  gboolean reached; /* n was not past the end */
  char *failure;    /* nullable */
} FaultVerdict;

/* ---- faults-disks.c ---- */

#define FAULT_DISKS_NVRAM "/nvram/g0.fd"

/* What a resize makes of the disks. */
#define FAULT_DISKS_LARGER "'vda': uint64 8388608, 'vdb': uint64 4194304"

typedef struct
{
  char **pools[2];           /* of h1 and h2, before */
  char *content, *chains;    /* of the disks, before */
  gboolean was_there, again; /* the guest on h2; it was looked at */
  gboolean has_run;          /* it was off, and its host has started it */
} FaultDisks;

/* What the guest has, and all that its hosts keep for it. */
const SimDiskSpec *fault_disks_make (SimWorld *world);
void fault_disks_note (FaultDisks *self, SimWorld *world, const FaultHow *how);
void fault_disks_clear (FaultDisks *self);
/* NULL: the hosts have what they must have when the guest is on the owner, 1 or 2, and nothing
 * else. may_leave: what a move that was done could not release, and told; it then goes. The
 * caller's. */
char *fault_disks_check (FaultDisks *self, SimWorld *world, const FaultHow *how, guint owner,
                         gboolean may_leave);

/* ---- faults-case.c ---- */

typedef enum
{
  FAULT_DEPTH_SOME, /* what proves that a second move works is played for some cases */
  FAULT_DEPTH_ALL,
  FAULT_DEPTH_TOLD /* and it tells on the way */
} FaultDepth;

/* TRUE: the first part of it is that of another way. */
gboolean fault_case_begins_late (const FaultHow *how);

/* Once: a move that meets no fault. */
void fault_case_plan (const FaultHow *how, const char *folder, FaultPlan *plan);
/* Plays one case in a world of its own. folder: for the journal. */
FaultVerdict fault_case_run (const FaultHow *how, const Fault *fault, guint n, const char *folder,
                             FaultDepth depth);
