/* Acts and undos that the table of step kinds takes from files of their own. */
#pragma once

#include "steps/steps-private.h"

gboolean _migrate_hook_act (MigrateWork *work, GVariant *args, GError **error);
gboolean _migrate_hook_undo (MigrateWork *work, GVariant *args, GError **error);
gboolean _migrate_probe_undo (MigrateWork *work, GVariant *args, GError **error);
