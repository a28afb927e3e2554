/* Facts as a file: exact, and for people to read. */
#pragma once

#include "model/model-private.h"

/* Decide. snapshot: a{sv}. */
GBytes *_migrate_facts_print (GVariant *snapshot);
/* In bounded time and memory. Errors: INVALID. */
GVariant *_migrate_facts_parse (GBytes *bytes, GError **error);
