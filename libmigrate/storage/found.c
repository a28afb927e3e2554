/* Act: whether a file is at the destination already. What another move has brought, or this guest
 * left, may serve: when it is proven to be the same. Another job may be writing it right now: its
 * volume has its whole size from the start, and grows in what it takes of the disk. */
#include "storage/found-private.h"

#define GROW_WAIT_US (30 * G_TIME_SPAN_SECOND)
#define GROW_POLL_MS 1000

static gboolean
ask_allocation (MigrateWork *work, GVariant *row, gboolean *there, guint64 *allocation,
                GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) volume
    = _migrate_ask_volume (work, MIGRATE_SIDE_DESTINATION, _migrate_made_pool (work, row),
                           _migrate_variant_string (row, "name-there"), &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  *there = volume != NULL;
  *allocation = volume != NULL ? volume->allocation : 0;
  return TRUE;
}

static GVariant *
step_args (GVariant *row)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "id", _migrate_variant_string (row, "id"));
  _migrate_builder_add_string (&builder, "path", _migrate_variant_string (row, "path-there"));
  return g_variant_builder_end (&builder);
}

/* Written down before it is looked at: who has made it, and has to take that back, leaves it. */
static gboolean
compare (MigrateWork *work, GVariant *row, gboolean *same, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_begin (work, "use-file", step_args (row), error);
  GError *failure = NULL;

  if (step == NULL)
    return FALSE;
  if (!_migrate_stream_compare (work, row, same, &failure))
    {
      _migrate_steps_end (work, step, failure, NULL /* error */);
      g_propagate_error (error, failure);
      return FALSE;
    }
  if (!*same)
    return _migrate_steps_end_undone (
      work, step, g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0), error);
  _migrate_work_decide (work, "use-file", "“%s” is there already, and is the same",
                        _migrate_variant_string (row, "path-there"));
  return _migrate_steps_end (work, step, NULL /* failure */, error);
}

/* Compared when it does not grow, and again when it has grown since, and in the end. */
static gboolean
wait_until_whole (MigrateWork *work, GVariant *row, MigratePlace *place, GError **error)
{
  guint64 last = G_MAXUINT64, compared = G_MAXUINT64, allocation;
  gint64 since = _migrate_backend_now (work->backend);
  gboolean there, same, over;

  for (;;)
    {
      if (_migrate_work_check_cancelled (work, error)
          || !ask_allocation (work, row, &there, &allocation, error))
        return FALSE;
      *place = MIGRATE_PLACE_FREE;
      if (!there)
        return TRUE;
      if (allocation != last && last != G_MAXUINT64)
        since = _migrate_backend_now (work->backend);
      over = _migrate_backend_now (work->backend) - since >= GROW_WAIT_US;
      if (over || (allocation != compared && (allocation == last || last == G_MAXUINT64)))
        {
          if (!compare (work, row, &same, error))
            return FALSE;
          *place = same ? MIGRATE_PLACE_SAME : MIGRATE_PLACE_TAKEN;
          compared = allocation;
          if (same || over)
            return TRUE;
        }
      last = allocation;
      _migrate_work_sleep (work, GROW_POLL_MS);
    }
}

gboolean
_migrate_find_place (MigrateWork *work, GVariant *row, MigratePlace *place, GError **error)
{
  gboolean there, same;
  guint64 allocation;

  if (_migrate_file_may_serve (row))
    return wait_until_whole (work, row, place, error);
  if (!ask_allocation (work, row, &there, &allocation, error))
    return FALSE;
  *place = there ? MIGRATE_PLACE_TAKEN : MIGRATE_PLACE_FREE;
  /* The guest's own, which it has left there. */
  if (there && g_strcmp0 (_migrate_variant_string (row, "role"), "disk") != 0)
    {
      if (!compare (work, row, &same, error))
        return FALSE;
      *place = same ? MIGRATE_PLACE_SAME : MIGRATE_PLACE_TAKEN;
    }
  return TRUE;
}
