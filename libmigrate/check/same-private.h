/* Whether a file of a folder that both hosts have is the same file on both: same-look.c asks the
 * hosts, same.c decides. A probe is of folders, and a name in one may be a link out of it. */
#pragma once

#include "check/facts-private.h"

/* Decide: from n looks of both hosts at one file, NULL where a host did not tell of it. why: only
 * set for FALSE; for people. */
gboolean _migrate_same_file (const MigrateFileFacts *const *here,
                             const MigrateFileFacts *const *there, gsize n, char **why);

/* Gather: of the files (MigrateProbeFile by value), those that probed (MigrateProbed, in their
 * order) tells as shared; what is not the same there is UNKNOWN from then on. told: what source and
 * destination answered earlier; enough where it is the same. Errors: cancelled. */
gboolean _migrate_same_look (MigrateWork *work, GArray *files, GPtrArray *probed,
                             GVariant *const *told, GError **error);
