/* Act: a copy becomes larger than what it was copied from. */
#include "storage/files-private.h"

#include "steps/probe-private.h"

static gboolean
resize (MigrateWork *work, const char *pool, const char *name, guint64 capacity, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_RESIZE, NULL /* guest */);

  call->storage.pool = g_strdup (pool);
  call->storage.name = g_strdup (name);
  call->value = capacity;
  return _migrate_probe_ask (work, MIGRATE_SIDE_DESTINATION, call, error);
}

/* As its pool has it by now; NULL: it has none. */
static MigrateVolume *
find (MigrateWork *work, GVariant *args, GError **error)
{
  const char *name = _migrate_variant_string (args, "name");
  GError *local_error = NULL;
  MigrateVolume *there = _migrate_ask_volume (
    work, MIGRATE_SIDE_DESTINATION, _migrate_variant_string (args, "pool"), name, &local_error);

  if (there != NULL)
    return there;
  if (local_error != NULL)
    g_propagate_error (error, local_error);
  else
    _migrate_set_error (error, MIGRATE_ERROR_FAILED, NULL /* remedy */,
                        "The destination does not show “%s” any more", name);
  return NULL;
}

/* libvirt grows an image as the format that its pool has found in it: one of another would be
 * destroyed. */
static gboolean
is_as_declared (const MigrateVolume *there, GVariant *args, GError **error)
{
  const char *format = _migrate_variant_string (args, "format");

  if (there->format == NULL || g_strcmp0 (there->format, format) == 0)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED, "Move it as large as it is",
                      "The destination finds the format “%s” in “%s”, which is “%s”: it cannot be "
                      "made larger there",
                      there->format, _migrate_variant_string (args, "name"), format);
  return FALSE;
}

gboolean
_migrate_resize_volume_act (MigrateWork *work, GVariant *args, GError **error)
{
  guint64 wanted = _migrate_variant_uint64 (args, "capacity", 0);
  const char *name = _migrate_variant_string (args, "name");
  g_autoptr (MigrateVolume) before = find (work, args, error);
  g_autoptr (MigrateVolume) after = NULL;

  if (before == NULL || !is_as_declared (before, args, error))
    return FALSE;
  if (before->capacity >= wanted)
    return TRUE;
  if (!resize (work, _migrate_variant_string (args, "pool"), name, wanted, error))
    return FALSE;
  after = find (work, args, error);
  if (after == NULL)
    return FALSE;
  return after->capacity >= wanted
         || _migrate_step_unproven (error, MIGRATE_SIDE_DESTINATION, "Making the disk larger");
}

static gboolean
resize_row (MigrateWork *work, GVariant *row, guint64 capacity, GError **error)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "id", _migrate_variant_string (row, "id"));
  _migrate_builder_add_string (&builder, "pool", _migrate_made_pool (work, row));
  _migrate_builder_add_string (&builder, "name", _migrate_variant_string (row, "name-there"));
  _migrate_builder_add_string (&builder, "format", _migrate_variant_string (row, "format"));
  g_variant_builder_add (&builder, "{sv}", "capacity", g_variant_new_uint64 (capacity));
  if (_migrate_steps_run (work, "resize-volume", g_variant_builder_end (&builder), error))
    return TRUE;
  g_prefix_error (error, "Making disk “%s” larger: ", _migrate_variant_string (row, "id"));
  return FALSE;
}

gboolean
_migrate_storage_resize (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      guint64 capacity = _migrate_variant_uint64 (row, "new-capacity", 0);

      if (capacity > 0 && !resize_row (work, row, capacity, error))
        return FALSE;
    }
  return TRUE;
}
