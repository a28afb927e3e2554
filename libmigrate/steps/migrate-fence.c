/* The interface of the last resort. */
#include "model/model-private.h"

/**
 * MigrateFence:
 *
 * What is done to a guest, or to its host, where libvirt is helpless: a daemon or a QEMU that does
 * not answer, a host that is cut off. An interface, because only the operator knows his power
 * switches; [class@Migrate.CommandFence] runs commands of his.
 *
 * It is asked by a recovery, and only when destructive steps were asked for.
 *
 * The details of a request are `guest-uuid` and `guest-name`, `host` (the URI, without secrets),
 * and `host-name` (see [property@Migrate.Host:name]).
 *
 * Its methods run in the main context that was thread-default when the asking object was made; the
 * answer is awaited for `fence-timeout` of the policy.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (MigrateFence, migrate_fence, G_TYPE_OBJECT)

static gboolean
fence_refuse (MigrateFence *self, MigrateRequest *request)
{
  return migrate_request_refuse (request, "unsupported", "The fence does not implement this");
}

static void
migrate_fence_default_init (MigrateFenceInterface *iface)
{
  iface->fence = fence_refuse;
  iface->reset_stream = fence_refuse;
}

/**
 * migrate_fence_fence:
 * @self: the fence
 * @request: what is asked
 *
 * Asks to make sure that the guest is dead on the host: by killing it, or by switching off the
 * host.
 *
 * The implementation answers with `proven`, a boolean: whether it has proof that the guest is dead
 * there. Without it the proof must come from libvirt before anything is concluded. It refuses when
 * it could not do it, now or later, from any thread.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_fence_fence (MigrateFence *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_FENCE (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_FENCE_GET_IFACE (self)->fence (self, request);
}

/**
 * migrate_fence_reset_stream:
 * @self: the fence
 * @request: what is asked
 *
 * Asks to end the connections of the guest's migration at the host, and nothing else: a broken
 * post-copy whose destination still waits for its dead stream can be resumed only then. The guest
 * must stay as it is.
 *
 * The implementation answers when it has done so, or refuses, now or later, from any thread.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_fence_reset_stream (MigrateFence *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_FENCE (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_FENCE_GET_IFACE (self)->reset_stream (self, request);
}
