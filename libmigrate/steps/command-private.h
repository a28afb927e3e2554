/* Running a command of the operator's: the only place where the library starts a program. */
#pragma once

#include "model/model-private.h"

/* The template with “{host}” and “{uuid}” replaced inside its words; no shell comes near it.
 * Refuses what an option or a terminal could make something else of (INVALID). */
char **_migrate_command_expand (const char *const *words, const char *host, const char *uuid,
                                GError **error);

/* Blocking, on a thread of ours: TRUE when it ended with exit code 0 in time. Errors: FAILED with
 * the end of what it said; TIMED_OUT, and then it and all that it started in its process group
 * were killed. Its arguments are in no message, for they may hold secrets. */
gboolean _migrate_command_run (const char *const *argv, guint timeout_ms, GError **error);
