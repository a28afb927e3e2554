/* Act: everything that the destination's storage needs before the transfer, in the plan's order:
 * pools; what is copied through streams, the deepest image of a chain first; then the empty images
 * that the hypervisor writes, for one that has a backing file is only made where that is. */
#include "storage/files-private.h"

static gboolean
is_block (MigrateWork *work)
{
  return migrate_plan_get_kind (work->plan) == MIGRATE_KIND_BLOCK;
}

static gboolean
make_pools (MigrateWork *work, GVariant *rows, GError **error)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      if (_migrate_file_is_made (row) && _migrate_variant_string (row, "pool-there") == NULL
          && _migrate_make_pool (work, MIGRATE_SIDE_DESTINATION,
                                 _migrate_variant_string (row, "folder-there"), error)
               == NULL)
        return FALSE;
    }
  return TRUE;
}

/* What another move has brought, or this guest left, may serve: when it is proven to be the same.
 */
static gboolean
is_found (MigrateWork *work, GVariant *row, gboolean *found, GError **error)
{
  const char *pool = _migrate_made_pool (work, row);
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) there
    = _migrate_ask_volume (work, MIGRATE_SIDE_DESTINATION, pool,
                           _migrate_variant_string (row, "name-there"), &local_error);

  *found = FALSE;
  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (there == NULL || g_strcmp0 (_migrate_variant_string (row, "role"), "disk") == 0)
    return TRUE;
  if (!_migrate_stream_compare (work, row, found, error))
    return FALSE;
  if (*found)
    _migrate_work_decide (work, "use-backing-file", "“%s” is there already, and is the same",
                          _migrate_variant_string (row, "path-there"));
  return TRUE;
}

/* The last row of a chain is its deepest image. */
static gboolean
make_streamed (MigrateWork *work, GVariant *rows, GPtrArray *copies, GError **error)
{
  for (gsize i = g_variant_n_children (rows); i-- > 0;)
    {
      g_autoptr (GVariant) planned = g_variant_get_child_value (rows, i);
      g_autoptr (GVariant) row = NULL;
      gboolean found;

      if (_migrate_work_check_cancelled (work, error))
        return FALSE;
      if (_migrate_file_how (planned) != MIGRATE_FILE_STREAM || _migrate_file_comes_later (planned))
        continue;
      row = _migrate_file_complete (work, planned, error);
      if (row == NULL)
        return FALSE;
      if (!is_found (work, row, &found, error))
        return FALSE;
      if (found)
        continue;
      if (!_migrate_make_volume (work, row, TRUE /* raw */, error))
        return FALSE;
      g_ptr_array_add (copies, g_steal_pointer (&row));
    }
  return TRUE;
}

static gboolean
make_empty (MigrateWork *work, GVariant *rows, GError **error)
{
  for (gsize i = g_variant_n_children (rows); i-- > 0;)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      MigrateFileHow how = _migrate_file_how (row);

      if (_migrate_work_check_cancelled (work, error))
        return FALSE;
      if ((how == MIGRATE_FILE_MIRROR || how == MIGRATE_FILE_RECREATE)
          && !_migrate_file_comes_later (row)
          && !_migrate_make_volume (work, row, how == MIGRATE_FILE_MIRROR && !is_block (work),
                                    error))
        return FALSE;
    }
  return TRUE;
}

gboolean
_migrate_storage_prepare (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);
  g_autoptr (GPtrArray) copies = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  if (!make_pools (work, rows, error) || !make_streamed (work, rows, copies, error))
    return FALSE;
  if (is_block (work) && copies->len > 0 && !_migrate_stream_rows (work, copies, error))
    return FALSE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_PREPARING);
  return make_empty (work, rows, error);
}
