/* The last resort: making sure that a guest is dead on a host that libvirt cannot reach. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-request.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_FENCE (migrate_fence_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (MigrateFence, migrate_fence, MIGRATE, FENCE, GObject)

/**
 * MigrateFenceInterface:
 * @parent_iface: the parent interface
 * @fence: asked to make sure that a guest is dead on a host; the default refuses with
 *   `unsupported`
 * @reset_stream: asked to end the connections of a guest's migration at a host; the default
 *   refuses with `unsupported`
 *
 * Implemented by [class@Migrate.CommandFence], and by programs that have power switches or agents
 * of their own: an interface, because only they know these.
 *
 * Since: 1.0
 */
struct _MigrateFenceInterface
{
  GTypeInterface parent_iface;

  gboolean (*fence) (MigrateFence *self, MigrateRequest *request);
  gboolean (*reset_stream) (MigrateFence *self, MigrateRequest *request);

  /*< private >*/
  gpointer _reserved[8];
};

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_fence_fence (MigrateFence *self, MigrateRequest *request);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_fence_reset_stream (MigrateFence *self, MigrateRequest *request);

G_END_DECLS
