/* Act: secrets that disks need, from the source to the destination. Values are in memory alone, for
 * as long as it takes, and wiped there.
 *
 * Many guests may need one secret (that of a Ceph cluster is all of theirs): who finds it there
 * writes that down before it looks, and who has made it and has to take that back looks for such
 * words of others first. */
#include "storage/connect-private.h"

static const char *const user_kinds[] = { "use-secret", "define-secret", NULL };

static MigrateCall *
read_secret (MigrateWork *work, MigrateSide side, const char *uuid, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_SECRET_READ, NULL /* guest */);

  call->text_in = g_strdup (uuid);
  return _migrate_work_run_call (work, side, call, error) ? g_steal_pointer (&call) : NULL;
}

static gboolean
is (const GError *error, int code)
{
  return g_error_matches (error, MIGRATE_ERROR, code);
}

static gboolean
is_there (MigrateWork *work, const char *uuid, gboolean *there, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) call = read_secret (work, MIGRATE_SIDE_DESTINATION, uuid, &local_error);

  *there = call != NULL;
  if (call != NULL)
    return TRUE;
  if (is (local_error, MIGRATE_ERROR_NOT_FOUND))
    {
      g_error_free (local_error);
      return TRUE;
    }
  g_propagate_error (error, local_error);
  return FALSE;
}

static gboolean
refuse (GError **error, GVariant *secret, const char *why)
{
  const char *uuid = _migrate_variant_string (secret, "uuid");

  _migrate_set_error (error, MIGRATE_ERROR_BLOCKED,
                      "Define it at the destination, with the same UUID and usage, and give it its "
                      "value (virsh secret-define, secret-set-value)",
                      "The destination does not have the secret “%s”, which %s needs, and %s",
                      uuid != NULL ? uuid : _migrate_variant_string (secret, "usage"),
                      _migrate_variant_string (secret, "of"), why);
  return FALSE;
}

/* ---- the step ---- */

static GVariant *
step_args (GVariant *secret)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "uuid", _migrate_variant_string (secret, "uuid"));
  _migrate_builder_add_string (&builder, "of", _migrate_variant_string (secret, "of"));
  return g_variant_builder_end (&builder);
}

static gboolean
undone (MigrateWork *work, MigrateStepEntry *step, GError **error)
{
  return _migrate_steps_end_undone (work, step,
                                    g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0), error);
}

static gboolean
use (MigrateWork *work, GVariant *secret, gboolean *there, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_begin (work, "use-secret", step_args (secret), error);
  GError *failure = NULL;

  if (step == NULL)
    return FALSE;
  if (!is_there (work, _migrate_variant_string (secret, "uuid"), there, &failure))
    {
      _migrate_steps_end (work, step, failure, NULL /* error */);
      g_propagate_error (error, failure);
      return FALSE;
    }
  return *there ? _migrate_steps_end (work, step, NULL /* failure */, error)
                : undone (work, step, error);
}

static gboolean
define (MigrateWork *work, GVariant *secret, MigrateCall *read, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_SECRET_DEFINE, NULL /* guest */);
  MigrateStepEntry *step = _migrate_steps_begin (work, "define-secret", step_args (secret), error);
  GError *failure = NULL;
  gboolean there;

  if (step == NULL)
    return FALSE;
  call->text_in = g_strdup (read->text_out);
  call->storage.name = g_strdup (_migrate_variant_string (secret, "uuid"));
  call->storage.bytes = g_bytes_ref (read->storage.bytes);
  if (_migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, call, &failure))
    return _migrate_steps_end (work, step, NULL /* failure */, error);
  if (!is (failure, MIGRATE_ERROR_BUSY))
    {
      _migrate_steps_end (work, step, failure, NULL /* error */);
    }
  else if (undone (work, step, NULL /* error */) && use (work, secret, &there, NULL /* error */)
           && there)
    {
      g_error_free (failure); /* another job was faster, and it is that one's */
      return TRUE;
    }
  g_propagate_prefixed_error (
    error, failure, "Defining the secret of %s: ", _migrate_variant_string (secret, "of"));
  return FALSE;
}

gboolean
_migrate_define_secret_undo (MigrateWork *work, GVariant *args, GError **error)
{
  const char *uuid = _migrate_variant_string (args, "uuid");
  g_autoptr (MigrateCall) call = NULL;

  if (_migrate_steps_is_used_elsewhere (work, user_kinds, "uuid", uuid))
    {
      _migrate_work_warn (work, "The secret “%s” is left at the destination: another job needs it",
                          uuid);
      return TRUE;
    }
  call = _migrate_call_new (MIGRATE_CALL_SECRET_REMOVE, NULL /* guest */);
  call->text_in = g_strdup (uuid);
  return _migrate_work_run_call (work, MIGRATE_SIDE_DESTINATION, call, error);
}

/* ---- one after the other ---- */

static gboolean
copy_secret (MigrateWork *work, GVariant *secret, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateCall) read = read_secret (
    work, MIGRATE_SIDE_SOURCE, _migrate_variant_string (secret, "uuid"), &local_error);

  if (is (local_error, MIGRATE_ERROR_NOT_FOUND))
    {
      g_error_free (local_error);
      return refuse (error, secret, "neither does the source");
    }
  if (read == NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (read->storage.bytes == NULL)
    return refuse (error, secret,
                   "the source does not give its value: it is private, or was not set");
  return define (work, secret, read, error);
}

static gboolean
provide (MigrateWork *work, GVariant *secret, GError **error)
{
  gboolean there;

  if (_migrate_variant_string (secret, "uuid") == NULL)
    return refuse (error, secret, "neither does the source");
  return use (work, secret, &there, error) && (there || copy_secret (work, secret, error));
}

/* What the caller has taken on himself is not asked for. */
gboolean
_migrate_secrets_provide (MigrateWork *work, GVariant *secrets, GError **error)
{
  gboolean accepted = _migrate_policy_accepts (work->policy, "secret-missing");

  for (gsize i = 0; i < g_variant_n_children (secrets); i++)
    {
      g_autoptr (GVariant) secret = g_variant_get_child_value (secrets, i);
      g_autoptr (GError) failure = NULL;

      if (_migrate_work_check_cancelled (work, error))
        return FALSE;
      if (provide (work, secret, &failure))
        continue;
      if (!accepted || !is (failure, MIGRATE_ERROR_BLOCKED))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
      _migrate_work_warn (work, "%s", failure->message);
    }
  return TRUE;
}
