/* The machinery of steps; what each kind does is in step-kinds.c. */
#include "steps/steps-private.h"

void
_migrate_step_free (MigrateStepEntry *step)
{
  g_variant_unref (step->args);
  g_free (step);
}

static MigrateStepEntry *
step_new (MigrateWork *work, const MigrateStepKind *kind, GVariant *args)
{
  MigrateStepEntry *step = g_new0 (MigrateStepEntry, 1);

  step->kind = kind;
  step->args = g_variant_ref_sink (
    args != NULL ? args : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  g_ptr_array_add (work->steps, step);
  return step;
}

MigrateStepEntry *
_migrate_steps_begin (MigrateWork *work, const char *kind_name, GVariant *args, GError **error)
{
  const MigrateStepKind *kind = _migrate_step_kind (kind_name);
  MigrateStepEntry *step;

  g_assert (kind != NULL);
  step = step_new (work, kind, args);
  if (!_migrate_work_append (work, "step", kind->name, "begun", step->args, error))
    {
      g_ptr_array_remove (work->steps, step); /* nothing was done */
      return NULL;
    }
  return step;
}

gboolean
_migrate_steps_end (MigrateWork *work, MigrateStepEntry *step, const GError *failure,
                    GError **error)
{
  const char *status = failure != NULL ? "failed" : "done";
  g_autoptr (GVariant) values = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (failure != NULL)
    g_variant_builder_add (&builder, "{sv}", "message", g_variant_new_string (failure->message));
  values = g_variant_ref_sink (g_variant_builder_end (&builder));
  step->status = failure != NULL ? MIGRATE_STEP_FAILED : MIGRATE_STEP_DONE;
  if (_migrate_work_append (work, "step", step->kind->name, status, values, error))
    return TRUE;
  _migrate_work_append_later (work, "step", step->kind->name, status, values); /* it is so */
  return FALSE;
}

gboolean
_migrate_steps_end_undone (MigrateWork *work, MigrateStepEntry *step, GVariant *values,
                           GError **error)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (values);

  step->status = MIGRATE_STEP_UNDONE;
  _migrate_work_append_later (work, "step", step->kind->name, "done", owned);
  if (_migrate_work_append (work, "step", step->kind->name, "undone", step->args, error))
    return TRUE;
  _migrate_work_append_later (work, "step", step->kind->name, "undone", step->args); /* it is so */
  return FALSE;
}

gboolean
_migrate_steps_run (MigrateWork *work, const char *kind_name, GVariant *args, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_begin (work, kind_name, args, error);
  g_autoptr (GError) failure = NULL;

  if (step == NULL)
    return FALSE;
  step->kind->act (work, step->args, &failure);
  if (!_migrate_steps_end (work, step, failure, failure == NULL ? error : NULL) && failure == NULL)
    return FALSE;
  if (failure != NULL)
    g_propagate_error (error, g_steal_pointer (&failure));
  return step->status == MIGRATE_STEP_DONE;
}

static gboolean
step_undo (MigrateWork *work, MigrateStepEntry *step, GError **error)
{
  if (!_migrate_work_append (work, "step", step->kind->name, "undoing", NULL, error)
      || !step->kind->undo (work, step->args, error))
    return FALSE;
  step->status = MIGRATE_STEP_UNDONE;
  return _migrate_work_append (work, "step", step->kind->name, "undone", step->args, error);
}

static gboolean
is_open (const MigrateStepEntry *step)
{
  return step->kind->undo != NULL && step->status != MIGRATE_STEP_UNDONE
         && step->status != MIGRATE_STEP_RELEASED;
}

static gboolean
undo_all (MigrateWork *work, const char *only, gboolean done_too, GError **error)
{
  GError *first = NULL;

  for (guint i = work->steps->len; i-- > 0 && !work->lost_claim;)
    {
      MigrateStepEntry *step = work->steps->pdata[i];
      g_autoptr (GError) failure = NULL;

      if (!is_open (step) || (only != NULL && !g_str_equal (step->kind->name, only))
          || (!done_too && step->status == MIGRATE_STEP_DONE) || step_undo (work, step, &failure))
        continue;
      g_prefix_error (&failure, "Undoing “%s”: ", step->kind->name);
      if (first == NULL)
        first = g_steal_pointer (&failure);
      else
        _migrate_work_warn (work, "%s", failure->message);
    }
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}

gboolean
_migrate_steps_undo (MigrateWork *work, const char *only, GError **error)
{
  return undo_all (work, only, TRUE /* done_too */, error);
}

gboolean
_migrate_steps_undo_unfinished (MigrateWork *work, const char *kind, GError **error)
{
  return undo_all (work, kind, FALSE /* done_too */, error);
}

void
_migrate_steps_release (MigrateWork *work)
{
  for (guint i = 0; i < work->steps->len; i++)
    {
      MigrateStepEntry *step = work->steps->pdata[i];

      if (!is_open (step))
        continue;
      _migrate_work_append_later (work, "step", step->kind->name, "released", NULL);
      step->status = MIGRATE_STEP_RELEASED;
    }
}

static gboolean
parse_status (const char *word, MigrateStepStatus *status)
{
  static const char *const words[] = { "begun", "done", "failed", "undone", "released" };

  for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
    if (g_strcmp0 (word, words[i]) == 0)
      {
        *status = (MigrateStepStatus) i;
        return TRUE;
      }
  return FALSE; /* "undoing" leaves the step open */
}

static gboolean
is_meant (const MigrateStepEntry *step, MigrateStepStatus status)
{
  return status == MIGRATE_STEP_UNDONE || status == MIGRATE_STEP_RELEASED
           ? is_open (step)
           : step->status == MIGRATE_STEP_BEGUN;
}

/* The step that an entry speaks of: the last of its kind for an outcome, the last open one for an
 * undoing, which goes backwards; but an undo that fails is passed over, so the one that was undone
 * is known by its arguments. */
static MigrateStepEntry *
find_step (MigrateWork *work, const MigrateStepKind *kind, MigrateStepStatus status,
           GVariant *values)
{
  MigrateStepEntry *last = NULL;

  for (guint i = work->steps->len; i-- > 0;)
    {
      MigrateStepEntry *step = work->steps->pdata[i];

      if (step->kind != kind || !is_meant (step, status))
        continue;
      if (status != MIGRATE_STEP_UNDONE || (values != NULL && g_variant_equal (step->args, values)))
        return step;
      if (last == NULL)
        last = step;
    }
  return last;
}

void
_migrate_steps_load (MigrateWork *work, GVariant *entries)
{
  g_ptr_array_set_size (work->steps, 0);
  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      g_autoptr (GVariant) values
        = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
      const char *name = _migrate_variant_string (entry, "name");
      const MigrateStepKind *kind = name != NULL ? _migrate_step_kind (name) : NULL;
      MigrateStepStatus status;
      MigrateStepEntry *step;

      if (kind == NULL || g_strcmp0 (_migrate_variant_string (entry, "kind"), "step") != 0
          || !parse_status (_migrate_variant_string (entry, "status"), &status))
        continue;
      if (status == MIGRATE_STEP_BEGUN)
        {
          step_new (work, kind, values);
          continue;
        }
      step = find_step (work, kind, status, values);
      if (step != NULL)
        step->status = status;
    }
}

MigrateStepEntry *
_migrate_steps_last (MigrateWork *work, const char *kind_name)
{
  for (guint i = work->steps->len; i-- > 0;)
    {
      MigrateStepEntry *step = work->steps->pdata[i];

      if (g_str_equal (step->kind->name, kind_name))
        return step;
    }
  return NULL;
}

gboolean
_migrate_steps_has (MigrateWork *work, const char *kind_name)
{
  return _migrate_steps_last (work, kind_name) != NULL;
}

gboolean
_migrate_steps_has_open (MigrateWork *work, gboolean of_check)
{
  for (guint i = 0; i < work->steps->len; i++)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];

      if (is_open (step) && g_str_equal (step->kind->name, "probe") == of_check)
        return TRUE;
    }
  return FALSE;
}
