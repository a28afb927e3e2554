/* What a worker owes to others while the files of a guest that does not run travel, which may take
 * hours: they see how far it is, and they are listened to. */
#pragma once

#include "steps/work-private.h"

/* Takes up what was asked, here and by other processes: a cancel raises the work's flag, and so
 * does giving up; the policy may change; the rest is refused, for there is no guest to do it to. */
void _migrate_standstill_listen (MigrateWork *work);
/* The program at once, the journal now and then. proven: a{sv}, nullable, floating is taken: how
 * far files are proven. written_at: when it was written last; 0 at first. Errors: LOST_CLAIM. */
gboolean _migrate_standstill_tell (MigrateWork *work, MigrateProgress *progress, GVariant *proven,
                                   gint64 *written_at, GError **error);
