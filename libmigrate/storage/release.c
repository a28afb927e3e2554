/* Act: what the source's storage keeps no longer. Only what the plan has proven not to be the
 * destination's, or what the destination did not have before the move made it there; only after the
 * guest was proven good there, and only where its copy is to be seen. */
#include "storage/files-private.h"

#include "steps/probe-private.h"

gboolean
_migrate_remove_image_act (MigrateWork *work, GVariant *args, GError **error)
{
  return _migrate_probe_file_remove (
    work, MIGRATE_SIDE_SOURCE, _migrate_variant_string (args, "pool"),
    _migrate_variant_string (args, "name"), MIGRATE_REFRESH_BEFORE, NULL /* was_there */, error);
}

static gboolean
has_copy (MigrateWork *work, GVariant *row, GError **error)
{
  const char *pool = _migrate_made_pool (work, row);
  const char *name = _migrate_variant_string (row, "name-there");
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) there
    = pool != NULL ? _migrate_ask_volume (work, MIGRATE_SIDE_DESTINATION, pool, name, &local_error)
                   : NULL;

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (there != NULL)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER, "Look for it before anything else",
                      "The destination does not show its copy, “%s”", name);
  return FALSE;
}

/* The guest's memory is in no file any more once it runs, and must not be restored again. */
static gboolean
is_used_up (GVariant *row)
{
  return _migrate_file_comes_later (row);
}

/* The next loss of power must not take both. */
static gboolean
is_on_disk (MigrateWork *work, GVariant *row)
{
  gboolean flushed = FALSE;

  for (guint i = 0; i < work->steps->len; i++)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];

      flushed |= g_str_equal (step->kind->name, "flush-files") && step->status == MIGRATE_STEP_DONE;
    }
  return flushed || !_migrate_stream_is_done (work, row) || is_used_up (row);
}

static gboolean
remove_image (MigrateWork *work, GVariant *row, GError **error)
{
  g_autofree char *name = NULL;
  const char *pool;
  GVariantBuilder builder;

  if ((!is_used_up (row) && !has_copy (work, row, error))
      || !_migrate_find_source (work, row, &pool, &name, error))
    return FALSE;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "id", _migrate_variant_string (row, "id"));
  _migrate_builder_add_string (&builder, "pool", pool);
  _migrate_builder_add_string (&builder, "name", name);
  return _migrate_steps_run (work, "remove-image", g_variant_builder_end (&builder), error);
}

static gboolean
remove_pools (MigrateWork *work, GVariant *row, GError **error)
{
  return _migrate_steps_undo (work, "make-pool", error);
}

/* Nobody comes by here again. */
static gboolean
twice (MigrateWork *work, GVariant *row,
       gboolean (*release) (MigrateWork *work, GVariant *row, GError **error), GError **error)
{
  GError *first = NULL;

  if (release (work, row, &first))
    return TRUE;
  if (!work->lost_claim)
    {
      g_error_free (first);
      return release (work, row, error);
    }
  g_propagate_error (error, first);
  return FALSE;
}

void
_migrate_storage_release (MigrateWork *work)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);
  gboolean keep = _migrate_policy_get_bool (work->policy, "keep-source");
  g_autoptr (GError) pools = NULL;

  for (gsize i = 0; i < g_variant_n_children (rows) && !work->lost_claim; i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      g_autoptr (GError) error = NULL;

      if (_migrate_variant_boolean (row, "remove") && (!keep || is_used_up (row))
          && _migrate_was_made (work, row) && is_on_disk (work, row)
          && !twice (work, row, remove_image, &error))
        _migrate_work_warn (work, "The image “%s” of “%s” is left at the source: %s",
                            _migrate_variant_string (row, "path"),
                            _migrate_variant_string (row, "id"), error->message);
    }
  /* Folders that have something in them stay. */
  if (!twice (work, NULL /* row */, remove_pools, &pools))
    _migrate_work_warn (work, "A storage pool that was made for the move is left: %s",
                        pools->message);
}
