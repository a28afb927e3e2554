/* Proving that the guest is at the destination, and releasing the source. */
#pragma once

#include "check/facts-private.h"

/* May be run twice, every part of it. was_autostart: to be set at the destination. */
gboolean
_migrate_finalize (MigrateWork *work, gboolean persistent, gboolean was_autostart, GError **error);
