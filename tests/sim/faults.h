/* The enumeration of faults: what faults.c runs and faults-case.c plays. */
#pragma once

#include "sim.h"

/* How the guest moves. */
typedef struct
{
  const char *name;
  const char *transport, *hand_over;
  gboolean transient, paused, postcopy;
} FaultHow;

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

typedef struct
{
  gboolean reached; /* n was not past the end */
  char *failure;    /* nullable */
} FaultVerdict;

/* Plays one case in a world of its own. folder: for the journal. verbose: tells on the way. */
FaultVerdict fault_case_run (const FaultHow *how, const Fault *fault, guint n, const char *folder,
                             gboolean verbose);
