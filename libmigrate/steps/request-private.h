/* Asking the embedding program. */
#pragma once

#include "steps/queue-private.h"

/* On a worker: asks in the program's context, and waits for the answer. The reply is a{sv}. */
GVariant *_migrate_request_ask (MigrateHooks *hooks, MigrateQueue *queue, MigrateBackend *backend,
                                MigrateHookPoint point, const char *job_id, GVariant *details,
                                guint timeout_ms, GError **error);
