/* The program's hooks: each request is a step, whose undo is a request too. What they answer for
 * the destination's XML is written down with the step's outcome. */
#include "steps/request-private.h"
#include "steps/step-acts-private.h"

static const MigrateSide sides[] = { MIGRATE_SIDE_SOURCE, MIGRATE_SIDE_DESTINATION };

static void
hook_question (MigrateWork *work, MigrateHookPoint point, MigrateSide side, const char *undone,
               MigrateQuestion *question)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_work_describe (work, &builder, NULL /* guest */);
  _migrate_work_describe_plan (work, &builder);
  g_variant_builder_add (&builder, "{sv}", "side",
                         g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) side)));
  if (undone != NULL)
    g_variant_builder_add (&builder, "{sv}", "undone-point", g_variant_new_string (undone));
  *question = (MigrateQuestion){
    .object = work->hooks,
    .call = (MigrateRequestFunc) migrate_hooks_call,
    .subject = MIGRATE_REQUEST_SUBJECT_HOOK,
    .point = point,
    .side = side,
    .details = g_variant_builder_end (&builder),
    .timeout_key = "hook-timeout",
  };
}

/* ---- bindings ---- */

/* The destination's alone, and before the transfer: it is its names that they are. */
static gboolean
binds (MigrateHookPoint point, MigrateSide side)
{
  return side == MIGRATE_SIDE_DESTINATION
         && (point == MIGRATE_HOOK_POINT_BEFORE_PREPARE || point == MIGRATE_HOOK_POINT_AFTER_PREPARE
             || point == MIGRATE_HOOK_POINT_BEFORE_MIGRATE);
}

/* Over what was answered before. */
static void
merge_bindings (MigrateWork *work, GVariant *answered)
{
  GVariantDict dict;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  g_variant_dict_init (&dict, work->bindings);
  g_variant_iter_init (&iter, answered);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    g_variant_dict_insert_value (&dict, name, value);
  g_clear_pointer (&work->bindings, g_variant_unref);
  work->bindings = g_variant_ref_sink (g_variant_dict_end (&dict));
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_BINDINGS, work->bindings);
}

gboolean
_migrate_steps_take_bindings (MigrateWork *work, const char *who, GVariant *reply, GError **error)
{
  g_autoptr (GVariant) bindings
    = g_variant_lookup_value (reply, "bindings", G_VARIANT_TYPE_VARDICT);
  g_autoptr (MigrateMapping) mapping = NULL;
  g_autoptr (GVariant) normal = NULL;

  if (bindings == NULL)
    return TRUE;
  mapping = _migrate_mapping_new_from_bindings (bindings, error);
  if (mapping == NULL)
    {
      g_prefix_error (error, "The program's %s answered bindings that are none: ", who);
      return FALSE;
    }
  normal = g_variant_ref_sink (_migrate_mapping_to_variant (mapping));
  merge_bindings (work, normal);
  return TRUE;
}

static gboolean
ask (MigrateWork *work, MigrateHookPoint point, MigrateSide side, const char *undone,
     GError **error)
{
  g_autoptr (GVariant) reply = NULL;
  g_autofree char *who
    = g_strdup_printf ("hook “%s”", _migrate_enum_nick (MIGRATE_TYPE_HOOK_POINT, (int) point));
  MigrateQuestion question;

  hook_question (work, point, side, undone, &question);
  reply = _migrate_request_ask (work, &question, error);
  return reply != NULL
         && (!binds (point, side) || _migrate_steps_take_bindings (work, who, reply, error));
}

/* ---- the step ---- */

/* A step of a version that asked once for both has no side. */
static MigrateSide
side_of (GVariant *args)
{
  int side = MIGRATE_SIDE_NONE;

  _migrate_enum_parse (MIGRATE_TYPE_SIDE, _migrate_variant_string (args, "side"), &side);
  return (MigrateSide) side;
}

gboolean
_migrate_hook_act (MigrateWork *work, GVariant *args, GError **error)
{
  const char *word = _migrate_variant_string (args, "point");
  int point;

  if (!_migrate_enum_parse (MIGRATE_TYPE_HOOK_POINT, word, &point))
    {
      _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER, "Use the version that wrote it",
                          "The hook “%s” is of another version of the library", word);
      return FALSE;
    }
  return ask (work, (MigrateHookPoint) point, side_of (args), NULL /* undone */, error);
}

gboolean
_migrate_hook_undo (MigrateWork *work, GVariant *args, GError **error)
{
  const char *point = _migrate_variant_string (args, "point");

  if (work->hooks == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER,
                          "Set the program's hooks on the job and try again",
                          "The hook “%s” must be undone, and no hooks are set", point);
      return FALSE;
    }
  return ask (work, MIGRATE_HOOK_POINT_UNDO, side_of (args), point, error);
}

static gboolean
run_hook (MigrateWork *work, MigrateHookPoint point, MigrateSide side, GError **error)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", "point",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_HOOK_POINT, (int) point)));
  g_variant_builder_add (&builder, "{sv}", "side",
                         g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) side)));
  return _migrate_steps_run (work, "hook", g_variant_builder_end (&builder), error);
}

gboolean
_migrate_steps_hook (MigrateWork *work, MigrateHookPoint point, GError **error)
{
  for (gsize i = 0; work->hooks != NULL && i < G_N_ELEMENTS (sides); i++)
    if (!run_hook (work, point, sides[i], error))
      return FALSE;
  return TRUE;
}

void
_migrate_steps_hook_or_warn (MigrateWork *work, MigrateHookPoint point)
{
  for (gsize i = 0; work->hooks != NULL && !work->lost_claim && i < G_N_ELEMENTS (sides); i++)
    {
      g_autoptr (GError) refused = NULL;

      if (!run_hook (work, point, sides[i], &refused))
        _migrate_work_warn (work, "After the move: %s", refused->message);
    }
}

void
_migrate_steps_tell_handed_over (MigrateWork *work)
{
  gboolean told = work->told_handed_over;

  work->told_handed_over = TRUE;
  for (gsize i = 0; work->hooks != NULL && !told && i < G_N_ELEMENTS (sides); i++)
    {
      MigrateQuestion question;

      hook_question (work, MIGRATE_HOOK_POINT_HANDED_OVER, sides[i], NULL /* undone */, &question);
      _migrate_request_tell (work, &question);
    }
}
