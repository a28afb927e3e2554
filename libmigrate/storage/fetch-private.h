/* Backing files out of the program's image source. */
#pragma once

#include "storage/files-private.h"

/* Asks for the backing file that a row is. *from: the row as it is to be copied, with where that is
 * in it (MIGRATE_FETCH_…); NULL: there is no image source, or it does not have the file. Errors:
 * INVALID: what was answered is not that file; TIMED_OUT; what the program refused with. */
gboolean _migrate_fetch (MigrateWork *work, GVariant *row, GVariant **from, GError **error);
/* That what is at the destination now is the source's file. Errors: INVALID. */
gboolean _migrate_fetch_prove (MigrateWork *work, GVariant *from, GError **error);

/* Keys of such a row: */
#define MIGRATE_FETCH_LOCAL "fetch-local"       /* ay: a file of this machine's; or: */
#define MIGRATE_FETCH_POOL "fetch-pool"         /* s */
#define MIGRATE_FETCH_NAME "fetch-name"         /* s */
#define MIGRATE_FETCH_SIDE "fetch-side"         /* s */
#define MIGRATE_FETCH_CHECKSUM "fetch-checksum" /* s: SHA-256; absent: none is known */
