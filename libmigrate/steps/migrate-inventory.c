/* The interface of the platform's record. */
#include "model/model-private.h"

/**
 * MigrateInventory:
 *
 * The platform's own record of which host has a guest: a row of its database, a key of its store.
 * An interface, because only the embedding program knows where that is.
 *
 * With [property@Migrate.Job:inventory] set, finalizing swaps the record from the source to the
 * destination after the guest is proven to be there, and before anything is released. When the
 * record names neither, nothing is written and nothing is released, and the error
 * %MIGRATE_ERROR_NEEDS_RECOVER says what it names.
 *
 * Hosts are called as [property@Migrate.Host:name] says.
 *
 * Its methods run in the main context that was thread-default when the job was made.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (MigrateInventory, migrate_inventory, G_TYPE_OBJECT)

static gboolean
inventory_refuse (MigrateInventory *self, MigrateRequest *request)
{
  return migrate_request_refuse (request, "unsupported", "The inventory does not implement this");
}

static void
migrate_inventory_default_init (MigrateInventoryInterface *iface)
{
  iface->get = inventory_refuse;
  iface->compare_and_set = inventory_refuse;
}

/**
 * migrate_inventory_get:
 * @self: the inventory
 * @request: what is asked
 *
 * Asks which host the record names for the guest of the details (`guest-uuid`, `guest-name`).
 *
 * The implementation answers with `host`, a string, now or later, from any thread; or refuses,
 * with `not-found` when it has no such guest.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_inventory_get (MigrateInventory *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_INVENTORY (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_INVENTORY_GET_IFACE (self)->get (self, request);
}

/**
 * migrate_inventory_compare_and_set:
 * @self: the inventory
 * @request: what is asked
 *
 * Asks to write the `host` of the details into the record, if that names the host `expected`, in
 * one step that nobody can come between.
 *
 * The implementation answers, with no values, when it has written, now or later, from any thread;
 * it refuses with `conflict` when the record names another host. The record is read again in both
 * cases, and when there was no answer in time.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_inventory_compare_and_set (MigrateInventory *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_INVENTORY (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_INVENTORY_GET_IFACE (self)->compare_and_set (self, request);
}
