/* What a check is told of: by check.c, to check-tell.c. */
#pragma once

#include "ctl.h"

typedef struct
{
  char *destination;     /* to be shown */
  char *reason;          /* nullable: why it has its place */
  MigrateReport *report; /* nullable */
  CtlFault *fault;       /* nullable */
} CtlCandidate;

typedef struct
{
  const CtlOptions *options;
  char *guest, *source;      /* as asked for; to be shown */
  GPtrArray *candidates;     /* CtlCandidate, best first; at least one */
  gboolean failed;           /* the source could not be asked: each has the same fault */
  MigrateBaseline *baseline; /* nullable */
  CtlFault *no_baseline;     /* nullable: why there is none, where it was asked for */
} CtlCheck;

void ctl_check_tell (const CtlCheck *self);
