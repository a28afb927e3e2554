/* What the embedding program does around each phase. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-request.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_HOOKS (migrate_hooks_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (MigrateHooks, migrate_hooks, MIGRATE, HOOKS, GObject)

/**
 * MigrateHooksInterface:
 * @parent_iface: the parent interface
 * @call: asked at every [enum@Migrate.HookPoint], once for each side; the default answers with no
 * reply values
 *
 * Implemented by the embedding program to act before and after the phases of a move: an
 * interface, because only the program knows its network, its scheduler, its record.
 *
 * Since: 1.0
 */
struct _MigrateHooksInterface
{
  GTypeInterface parent_iface;

  gboolean (*call) (MigrateHooks *self, MigrateRequest *request);

  /*< private >*/
  gpointer _reserved[8];
};

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_hooks_call (MigrateHooks *self, MigrateRequest *request);

G_END_DECLS
