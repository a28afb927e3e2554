/* The platform's record of which host has a guest. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-request.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_INVENTORY (migrate_inventory_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (MigrateInventory, migrate_inventory, MIGRATE, INVENTORY, GObject)

/**
 * MigrateInventoryInterface:
 * @parent_iface: the parent interface
 * @get: asked which host the record names; the default refuses with `unsupported`
 * @compare_and_set: asked to write another host into the record, if it names the expected one; the
 *   default refuses with `unsupported`
 *
 * Implemented by the embedding program around its own record: an interface, because only the
 * program knows where its record is.
 *
 * Since: 1.0
 */
struct _MigrateInventoryInterface
{
  GTypeInterface parent_iface;

  gboolean (*get) (MigrateInventory *self, MigrateRequest *request);
  gboolean (*compare_and_set) (MigrateInventory *self, MigrateRequest *request);

  /*< private >*/
  gpointer _reserved[8];
};

MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_inventory_get (MigrateInventory *self, MigrateRequest *request);
MIGRATE_AVAILABLE_IN_1_0
gboolean migrate_inventory_compare_and_set (MigrateInventory *self, MigrateRequest *request);

G_END_DECLS
