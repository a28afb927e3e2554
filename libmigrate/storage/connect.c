/* Act: the program's volume connector. Each request is a step, whose undo is a request too; what is
 * asked is in the step, so that another process can take it back, or end it at the source. */
#include "storage/connect-private.h"

#include "steps/request-private.h"

static void
describe_host (MigrateWork *work, MigrateSide side, GVariantBuilder *builder)
{
  gboolean here = side == MIGRATE_SIDE_SOURCE;
  g_autofree char *uri = _migrate_uri_redact (here ? work->source_uri : work->destination_uri);

  _migrate_builder_add_string (builder, "side", _migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) side));
  _migrate_builder_add_string (builder, "host", here ? work->source_name : work->destination_name);
  _migrate_builder_add_string (builder, "uri", uri);
}

static GVariant *
describe (MigrateWork *work, MigrateSide side, GVariant *volume, const gboolean *undo)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_work_describe (work, &builder, NULL /* guest */);
  describe_host (work, side, &builder);
  g_variant_iter_init (&iter, volume);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    g_variant_builder_add (&builder, "{sv}", key, value);
  if (undo != NULL)
    g_variant_builder_add (&builder, "{sv}", "undo", g_variant_new_boolean (*undo));
  return g_variant_builder_end (&builder);
}

static GVariant *
ask_connect (MigrateWork *work, GVariant *volume, GError **error)
{
  const MigrateQuestion question = {
    .object = work->connector,
    .call = (MigrateRequestFunc) migrate_volume_connector_connect,
    .subject = MIGRATE_REQUEST_SUBJECT_VOLUME_CONNECT,
    .side = MIGRATE_SIDE_DESTINATION,
    .details = describe (work, MIGRATE_SIDE_DESTINATION, volume, NULL /* undo */),
    .timeout_key = "hook-timeout",
  };

  return _migrate_request_ask (work, &question, error);
}

static gboolean
ask_disconnect (MigrateWork *work, MigrateSide side, GVariant *volume, gboolean undo,
                GError **error)
{
  MigrateQuestion question = {
    .object = work->connector,
    .call = (MigrateRequestFunc) migrate_volume_connector_disconnect,
    .subject = MIGRATE_REQUEST_SUBJECT_VOLUME_DISCONNECT,
    .side = side,
    .timeout_key = "hook-timeout",
  };
  g_autoptr (GVariant) reply = NULL;

  if (work->connector == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER,
                          "Set the program's volume connector on the job and try again",
                          "The volume of disk “%s” must be disconnected at the %s, and no volume "
                          "connector is set",
                          _migrate_variant_string (volume, "target"),
                          _migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) side));
      return FALSE;
    }
  question.details = describe (work, side, volume, &undo);
  reply = _migrate_request_ask (work, &question, error);
  return reply != NULL;
}

/* ---- the steps ---- */

gboolean
_migrate_connect_volume_act (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (GVariant) reply = ask_connect (work, args, error);

  return reply != NULL && _migrate_steps_take_bindings (work, "volume connector", reply, error);
}

gboolean
_migrate_connect_volume_undo (MigrateWork *work, GVariant *args, GError **error)
{
  return ask_disconnect (work, MIGRATE_SIDE_DESTINATION, args, TRUE /* undo */, error);
}

gboolean
_migrate_disconnect_volume_act (MigrateWork *work, GVariant *args, GError **error)
{
  return ask_disconnect (work, MIGRATE_SIDE_SOURCE, args, FALSE /* undo */, error);
}

gboolean
_migrate_volumes_connect (MigrateWork *work, GVariant *volumes, GError **error)
{
  for (gsize i = 0; work->connector != NULL && i < g_variant_n_children (volumes); i++)
    {
      g_autoptr (GVariant) volume = g_variant_get_child_value (volumes, i);

      if (_migrate_work_check_cancelled (work, error))
        return FALSE;
      if (!_migrate_steps_run (work, "connect-volume", volume, error))
        {
          g_prefix_error (error, "Connecting the volume of disk “%s”: ",
                          _migrate_variant_string (volume, "target"));
          return FALSE;
        }
    }
  return TRUE;
}

/* ---- after the move ---- */

static gboolean
is_disconnected (MigrateWork *work, const char *target)
{
  for (guint i = 0; i < work->steps->len; i++)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];

      if (g_str_equal (step->kind->name, "disconnect-volume") && step->status == MIGRATE_STEP_DONE
          && g_strcmp0 (_migrate_variant_string (step->args, "target"), target) == 0)
        return TRUE;
    }
  return FALSE;
}

void
_migrate_volumes_disconnect (MigrateWork *work)
{
  guint n = work->steps->len; /* new ones come behind */

  for (guint i = 0; i < n && !work->lost_claim; i++)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];
      g_autoptr (GVariant) volume = NULL;
      g_autoptr (GError) error = NULL;

      if (!g_str_equal (step->kind->name, "connect-volume")
          || is_disconnected (work, _migrate_variant_string (step->args, "target")))
        continue;
      volume = g_variant_ref (step->args);
      if (!_migrate_steps_run (work, "disconnect-volume", volume, &error))
        _migrate_work_warn (work, "The volume of disk “%s” is left connected at the source: %s",
                            _migrate_variant_string (volume, "target"), error->message);
    }
}
