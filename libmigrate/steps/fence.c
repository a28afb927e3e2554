/* Act: asking the fence. */
#include "steps/fence-private.h"

#include "steps/request-private.h"

static GVariant *
ask (MigrateWork *work, MigrateFence *fence, const MigrateFenceTarget *target,
     MigrateRequestSubject subject, MigrateRequestFunc call, GError **error)
{
  MigrateQuestion question = {
    .object = fence,
    .call = call,
    .subject = subject,
    .side = target->side,
    .timeout_key = "fence-timeout",
  };
  g_autofree char *host = _migrate_uri_redact (target->uri);
  const char *name = target->name != NULL ? target->name : host;
  GVariantBuilder builder;

  if (fence == NULL)
    {
      _migrate_set_error (
        error, MIGRATE_ERROR_UNSUPPORTED, "Set a fence, such as a command of your own",
        "There is no fence for guest “%s” on “%s”", work->result->guest_name, name);
      return NULL;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_work_describe (work, &builder, NULL /* guest */);
  g_variant_builder_add (&builder, "{sv}", "host", g_variant_new_string (host));
  g_variant_builder_add (&builder, "{sv}", "host-name", g_variant_new_string (name));
  question.details = g_variant_builder_end (&builder);
  return _migrate_request_ask (work, &question, error);
}

gboolean
_migrate_fence_ask (MigrateWork *work, MigrateFence *fence, const MigrateFenceTarget *target,
                    gboolean *proven, GError **error)
{
  g_autoptr (GVariant) reply = ask (work, fence, target, MIGRATE_REQUEST_SUBJECT_FENCE,
                                    (MigrateRequestFunc) migrate_fence_fence, error);

  if (reply == NULL)
    return FALSE;
  *proven = _migrate_variant_boolean (reply, "proven");
  return TRUE;
}

gboolean
_migrate_fence_ask_reset_stream (MigrateWork *work, MigrateFence *fence,
                                 const MigrateFenceTarget *target, GError **error)
{
  g_autoptr (GVariant) reply = ask (work, fence, target, MIGRATE_REQUEST_SUBJECT_FENCE_RESET_STREAM,
                                    (MigrateRequestFunc) migrate_fence_reset_stream, error);

  return reply != NULL;
}
