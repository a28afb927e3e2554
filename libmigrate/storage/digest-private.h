/* A digest of a sparse file that does not depend on how its holes are told: a page of zeros and a
 * hole are the same. */
#pragma once

#include "model/model-private.h"

typedef struct _MigrateDigest MigrateDigest;

MigrateDigest *_migrate_digest_new (void);
void _migrate_digest_free (MigrateDigest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateDigest, _migrate_digest_free)
/* What comes at offset, which is not before the end of what came last; between is a hole. */
void _migrate_digest_feed (MigrateDigest *self, guint64 offset, GBytes *bytes);
/* Of all that was fed, as hexadecimal SHA-256; begins anew. */
char *_migrate_digest_take (MigrateDigest *self);

/* Whether there is nothing but zeros; so also of nothing. */
gboolean _migrate_is_zero (const guint8 *data, gsize n);
