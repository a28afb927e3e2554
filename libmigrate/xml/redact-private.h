/* Secrets within a text: what stands for them, and where they are recognised. Pure. */
#pragma once

#include "model/model-private.h"

#define MIGRATE_REDACTED "…"

typedef enum
{
  MIGRATE_TEXT_ANY,
  MIGRATE_TEXT_ARGUMENT /* one of QEMU's */
} MigrateTextKind;

/* Whether a thing of that name holds a secret rather than names one. */
gboolean _migrate_names_secret (const char *name);
/* With passwords in URLs, and the values of keys that name secrets ("password=…", "password: …",
 * "\"password\":\"…\""), taken out; NULL when there are none. */
char *_migrate_redact (const char *text, MigrateTextKind kind);
