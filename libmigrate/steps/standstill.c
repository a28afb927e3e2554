/* Act: see the header. */
#include "steps/standstill-private.h"

#include "steps/asked-private.h"

#define WRITE_EVERY_US (5 * G_TIME_SPAN_SECOND)

/* ---- listening ---- */

static GError *
retune (MigrateWork *work, MigrateAsked *asked)
{
  GError *error = NULL;
  g_autoptr (MigratePolicy) policy = _migrate_policy_retune (work->policy, asked->values, &error);
  g_autofree char *what = NULL;
  GVariantBuilder builder;

  if (policy == NULL)
    return error;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_POLICY,
                         _migrate_policy_to_variant (policy));
  if (!_migrate_work_update (work, g_variant_builder_end (&builder), &error))
    return error;
  what = _migrate_policy_describe_change (work->policy, policy, asked->values);
  g_ptr_array_add (work->policies, g_object_ref (work->policy)); /* threads that copy have it */
  g_set_object (&work->policy, policy);
  work->report->policy (work->report_data, policy);
  _migrate_work_decide (work, "retune", "asked for while files are copied: %s", what);
  return NULL;
}

static GError *
answer (MigrateWork *work, MigrateAsked *asked)
{
  switch (asked->verb)
    {
    case MIGRATE_ASKED_RETUNE:
      return retune (work, asked);
    case MIGRATE_ASKED_GIVE_UP:
      _migrate_work_ask_cancel (work, "its operator gave it up");
      return NULL;
    case MIGRATE_ASKED_FINISH_NOW:
    case MIGRATE_ASKED_PAUSE:
    default:
      return _migrate_error_new (MIGRATE_ERROR_WRONG_STATE, "Wait for it, or cancel it",
                                 "“%s” is nothing to a guest that does not run while its files "
                                 "are copied",
                                 _migrate_asked_verb_name (asked->verb));
    }
}

void
_migrate_standstill_listen (MigrateWork *work)
{
  g_autoptr (GPtrArray) taken = NULL;

  _migrate_work_read_mailbox (work); /* it cannot be left alone: nobody else copies */
  taken = _migrate_work_take_asked (work);
  for (guint i = 0; i < taken->len; i++)
    {
      MigrateAsked *asked = taken->pdata[i];
      GError *refused = _migrate_asked_expired (asked);

      if (refused == NULL)
        refused = answer (work, asked);
      _migrate_work_answer (work, asked, refused);
    }
  if (taken->len > 0)
    _migrate_work_update (work, g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0),
                          NULL /* the answers go with the next write */);
}

/* ---- telling ---- */

gboolean
_migrate_standstill_tell (MigrateWork *work, MigrateProgress *progress, GVariant *proven,
                          gint64 *written_at, GError **error)
{
  gint64 now = _migrate_backend_now (work->backend);
  g_autoptr (GVariant) owned = proven != NULL ? g_variant_ref_sink (proven) : NULL;
  GError *local_error = NULL;
  GVariantBuilder builder;

  work->report->progress (work->report_data, progress);
  if (*written_at != 0 && now - *written_at < WRITE_EVERY_US)
    return TRUE;
  *written_at = now;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", MIGRATE_JOB_KEY_PHASE,
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) work->phase)));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_PROGRESS,
                         _migrate_progress_to_variant (progress));
  if (owned != NULL)
    g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_PROVEN, owned);
  if (_migrate_work_note (work, g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0),
                          g_variant_builder_end (&builder), &local_error))
    return TRUE;
  if (work->lost_claim)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  g_error_free (local_error); /* it is dispensable */
  return TRUE;
}
