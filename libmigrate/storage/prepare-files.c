/* Act: everything that the destination's storage needs before the transfer, in the plan's order:
 * pools; what is copied through streams, the deepest image of a chain first; then the empty images
 * that the hypervisor writes, for one that has a backing file is only made where that is. */
#include "storage/fetch-private.h"
#include "storage/found-private.h"

#define RACES 3

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

/* What the program's image source has, else what the source host has, into a new volume. */
static gboolean
make_copy (MigrateWork *work, GVariant *row, GPtrArray *fetched, GPtrArray *copies, GError **error)
{
  gboolean asks = g_strcmp0 (_migrate_variant_string (row, "role"), "backing") == 0;
  g_autoptr (GVariant) from = NULL;

  if (asks && !_migrate_fetch (work, row, &from, error))
    return FALSE;
  if (!_migrate_make_volume (work, row, TRUE /* raw */, error))
    return FALSE;
  if (from != NULL)
    g_ptr_array_add (fetched, g_steal_pointer (&from));
  else
    g_ptr_array_add (copies, g_variant_ref (row));
  return TRUE;
}

/* While an image is fetched another job may have begun to bring the same. */
static gboolean
find_or_make (MigrateWork *work, GVariant *row, GPtrArray *fetched, GPtrArray *copies,
              GError **error)
{
  for (guint tries = 0;; tries++)
    {
      g_autoptr (GError) failure = NULL;
      MigratePlace place;

      if (!_migrate_find_place (work, row, &place, error))
        return FALSE;
      if (place == MIGRATE_PLACE_SAME || make_copy (work, row, fetched, copies, &failure))
        return TRUE;
      if (place != MIGRATE_PLACE_FREE || tries >= RACES || !_migrate_file_may_serve (row)
          || !g_error_matches (failure, MIGRATE_ERROR, MIGRATE_ERROR_BUSY))
        {
          g_propagate_error (error, g_steal_pointer (&failure));
          return FALSE;
        }
    }
}

/* NVRAM of a guest that never ran: its host makes it when it does. */
static gboolean
need_not_be_there (MigrateWork *work, GVariant *planned, const GError *error)
{
  if (!_migrate_variant_boolean (planned, "optional")
      || !g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    return FALSE;
  _migrate_work_decide (work, "no-file", "there is no “%s” at the source to be copied",
                        _migrate_variant_string (planned, "path"));
  return TRUE;
}

/* The last row of a chain is its deepest image. */
static gboolean
make_streamed (MigrateWork *work, GVariant *rows, GPtrArray *fetched, GPtrArray *copies,
               GError **error)
{
  for (gsize i = g_variant_n_children (rows); i-- > 0;)
    {
      g_autoptr (GVariant) planned = g_variant_get_child_value (rows, i);
      g_autoptr (GVariant) row = NULL;
      g_autoptr (GError) missing = NULL;

      if (_migrate_work_check_cancelled (work, error))
        return FALSE;
      if (_migrate_file_how (planned) != MIGRATE_FILE_STREAM || _migrate_file_comes_later (planned))
        continue;
      row = _migrate_file_complete (work, planned, &missing);
      if (row == NULL && need_not_be_there (work, planned, missing))
        continue;
      if (row == NULL)
        {
          g_propagate_error (error, g_steal_pointer (&missing));
          return FALSE;
        }
      if (!find_or_make (work, row, fetched, copies, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
copy_fetched (MigrateWork *work, GPtrArray *fetched, GError **error)
{
  if (fetched->len > 0 && !_migrate_stream_rows (work, fetched, error))
    return FALSE;
  for (guint i = 0; i < fetched->len; i++)
    if (!_migrate_fetch_prove (work, fetched->pdata[i], error))
      return FALSE;
  return TRUE;
}

static gboolean
make_empty (MigrateWork *work, GVariant *rows, GError **error)
{
  for (gsize i = g_variant_n_children (rows); i-- > 0;)
    {
      g_autoptr (GVariant) planned = g_variant_get_child_value (rows, i);
      g_autoptr (GVariant) row = NULL;
      MigrateFileHow how = _migrate_file_how (planned);

      if (_migrate_work_check_cancelled (work, error))
        return FALSE;
      if ((how != MIGRATE_FILE_MIRROR && how != MIGRATE_FILE_RECREATE)
          || _migrate_file_comes_later (planned))
        continue;
      row = how == MIGRATE_FILE_MIRROR ? _migrate_file_complete (work, planned, error)
                                       : g_variant_ref (planned);
      if (row == NULL
          || !_migrate_make_volume (work, row, how == MIGRATE_FILE_MIRROR && !is_block (work),
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
  g_autoptr (GPtrArray) fetched = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);

  if (!make_pools (work, rows, error) || !make_streamed (work, rows, fetched, copies, error)
      || !copy_fetched (work, fetched, error))
    return FALSE;
  if (is_block (work) && copies->len > 0 && !_migrate_stream_rows (work, copies, error))
    return FALSE;
  _migrate_work_set_phase (work, MIGRATE_PHASE_PREPARING);
  return make_empty (work, rows, error);
}
