/* A fence made of commands of the operator's. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-fence.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_COMMAND_FENCE (migrate_command_fence_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateCommandFence, migrate_command_fence, MIGRATE, COMMAND_FENCE, GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateCommandFence *
migrate_command_fence_new (const char *const *command, const char *const *probe);

G_END_DECLS
