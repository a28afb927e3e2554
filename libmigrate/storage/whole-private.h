/* The checksum of a whole file, as it is read: in ranges, of which some are read twice, with holes
 * left out. */
#pragma once

#include "model/model-private.h"

typedef struct _MigrateWhole MigrateWhole;

MigrateWhole *_migrate_whole_new (void);
void _migrate_whole_free (MigrateWhole *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateWhole, _migrate_whole_free)
/* A hole up to there, which is zeros: a part of it at a time, for they take their time. TRUE: it is
 * there. */
gboolean _migrate_whole_reach (MigrateWhole *self, guint64 offset);
/* What comes next. */
void _migrate_whole_feed (MigrateWhole *self, GBytes *bytes);
/* All that was fed so far counts; or nothing since the last time. */
void _migrate_whole_keep (MigrateWhole *self);
void _migrate_whole_forget (MigrateWhole *self);
/* SHA-256, hexadecimal, once. */
const char *_migrate_whole_end (MigrateWhole *self);
