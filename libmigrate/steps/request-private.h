/* Asking the embedding program: one shape for all of its interfaces. */
#pragma once

#include "steps/work-private.h"

/* The interface's method, called in the program's context. FALSE: failed at once. */
typedef gboolean (*MigrateRequestFunc) (gpointer object, MigrateRequest *request);

typedef struct
{
  gpointer object;
  MigrateRequestFunc call;
  MigrateRequestSubject subject;
  MigrateHookPoint point; /* of a hook */
  MigrateSide side;
  GVariant *details;       /* a{sv}; floating is taken */
  const char *timeout_key; /* of the policy, in seconds */
} MigrateQuestion;

/* On a worker: asks, and waits for the answer. The reply is a{sv}. */
GVariant *_migrate_request_ask (MigrateWork *work, const MigrateQuestion *question, GError **error);
/* Nobody waits, and nobody hears what comes of it. */
void _migrate_request_tell (MigrateWork *work, const MigrateQuestion *question);
