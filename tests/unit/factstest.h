/* Facts for tests, made as a file of them would be: by reading a snapshot. */
#pragma once

#include "check/facts-private.h"

/* Guest “g”, running on h1, and what h1 and h2 say; a{sv}. guest_xml: its document; NULL: one with
 * a disk, a network and a CPU. */
GVariant *facts_test_snapshot (const char *guest_xml);
/* The same with one value set anew (floating is taken), or taken out when it is NULL. path:
 * "destination/networks". Takes snapshot. */
GVariant *facts_test_with (GVariant *snapshot, const char *path, GVariant *value);
/* A list of documents as hosts' answers have them. */
GVariant *facts_test_documents (const char *xml, gboolean active);
/* Takes snapshot; the test fails when it cannot be read. */
MigrateFacts *facts_test_read (GVariant *snapshot);
