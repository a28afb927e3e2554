/* The interface of the embedding program's hooks. */
#include "model/model-private.h"

/**
 * MigrateHooks:
 *
 * What the embedding program does around the phases of a move: make a network ready, tell a
 * scheduler, veto. An interface, because only the program knows these.
 *
 * It is asked at each [enum@Migrate.HookPoint] once for each side, source first, and its answer is
 * awaited for `hook-timeout` of the policy, but for %MIGRATE_HOOK_POINT_HANDED_OVER. Before the
 * hand-over a refusal gives the move up; then every point and side that was asked, also the one
 * that refused, is asked to undo, last first. After it a refusal is a warning of the result.
 *
 * Its method runs in the main context that was thread-default when the job was made.
 *
 * Since: 1.0
 */

G_DEFINE_INTERFACE (MigrateHooks, migrate_hooks, G_TYPE_OBJECT)

static gboolean
hooks_call_default (MigrateHooks *self, MigrateRequest *request)
{
  migrate_request_answer (request, NULL /* reply */);
  return TRUE;
}

static void
migrate_hooks_default_init (MigrateHooksInterface *iface)
{
  iface->call = hooks_call_default;
}

/**
 * migrate_hooks_call:
 * @self: the hooks
 * @request: what is asked
 *
 * Asks. The implementation answers with [method@Migrate.Request.answer] or
 * [method@Migrate.Request.refuse], now or later, from any thread.
 *
 * Returns: true when the request was answered or will be; false fails it at once
 *
 * Since: 1.0
 */
gboolean
migrate_hooks_call (MigrateHooks *self, MigrateRequest *request)
{
  g_return_val_if_fail (MIGRATE_IS_HOOKS (self), FALSE);
  g_return_val_if_fail (MIGRATE_IS_REQUEST (request), FALSE);
  return MIGRATE_HOOKS_GET_IFACE (self)->call (self, request);
}
