/* The step "probe": its files, their names, and their removal. What is done with them is storage's;
 * here is what a recovery needs to take it back. */
#include "steps/probe-private.h"

#include "steps/step-acts-private.h"

#include <string.h>

#define PREFIX ".libmigrate-probe-"
#define BUSY_WAIT_US (2 * G_TIME_SPAN_SECOND)
#define BUSY_POLL_MS 50

/* ---- names ---- */

char *
_migrate_probe_file_name (const char *job, gint64 wall_us)
{
  g_autofree char *random = g_uuid_string_random ();

  return g_strdup_printf (PREFIX "%s-%" G_GINT64_FORMAT "-%.8s%.4s", job, wall_us / G_USEC_PER_SEC,
                          random, random + 9);
}

/* A job's id may have dashes of its own. */
gboolean
_migrate_probe_file_is_left (const char *name, const char *job, gint64 wall_us)
{
  g_autofree char *rest = NULL;
  char *random, *time, *end;
  gint64 made;

  if (!g_str_has_prefix (name, PREFIX))
    return FALSE;
  rest = g_strdup (name + strlen (PREFIX));
  random = strrchr (rest, '-');
  if (random == NULL)
    return FALSE;
  *random = '\0';
  time = strrchr (rest, '-');
  if (time == NULL)
    return FALSE;
  *time++ = '\0';
  made = g_ascii_strtoll (time, &end, 10);
  if (*time == '\0' || *end != '\0')
    return FALSE;
  return g_str_equal (rest, job)
         || wall_us / G_USEC_PER_SEC - made > MIGRATE_PROBE_OLD_US / G_USEC_PER_SEC;
}

/* ---- the step's arguments ---- */

void
_migrate_probe_args_add (GVariantBuilder *files, MigrateSide side, const char *pool,
                         const char *name)
{
  g_variant_builder_open (files, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    files, "{sv}", "side",
    g_variant_new_string (side == MIGRATE_SIDE_SOURCE ? "source" : "destination"));
  g_variant_builder_add (files, "{sv}", "pool", g_variant_new_string (pool));
  g_variant_builder_add (files, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_close (files);
}

GVariant *
_migrate_probe_args_new (GVariantBuilder *files)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "files", g_variant_builder_end (files));
  return g_variant_builder_end (&builder);
}

/* ---- removal ---- */

/* Whoever makes a volume, or another probe, keeps the pool busy for a moment. */
gboolean
_migrate_probe_ask (MigrateWork *work, MigrateSide side, MigrateCall *call, GError **error)
{
  gint64 deadline = _migrate_backend_now (work->backend) + BUSY_WAIT_US;

  for (;;)
    {
      GError *local_error = NULL;

      if (_migrate_work_run_call (work, side, call, &local_error))
        return TRUE;
      if (!g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY)
          || _migrate_backend_now (work->backend) >= deadline)
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      g_error_free (local_error);
      _migrate_work_sleep (work, BUSY_POLL_MS);
    }
}

gboolean
_migrate_probe_file_remove (MigrateWork *work, MigrateSide side, const char *pool, const char *name,
                            guint64 refresh, gboolean *was_there, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_REMOVE, NULL /* guest */);
  GError *local_error = NULL;

  call->storage.pool = g_strdup (pool);
  call->storage.name = g_strdup (name);
  call->value = refresh;
  if (!_migrate_probe_ask (work, side, call, &local_error))
    {
      /* libvirt does not reach the folder any more: a later check that does finds the file. */
      if (!g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      g_error_free (local_error);
    }
  else if (was_there != NULL)
    *was_there = call->value_out != 0;
  return TRUE;
}

static gboolean
remove_files (MigrateWork *work, GVariant *files, MigrateSide side, GError **error)
{
  const char *word = side == MIGRATE_SIDE_SOURCE ? "source" : "destination";
  GError *first = NULL;

  for (gsize i = 0; files != NULL && i < g_variant_n_children (files); i++)
    {
      g_autoptr (GVariant) file = g_variant_get_child_value (files, i);
      const char *pool = _migrate_variant_string (file, "pool");
      const char *name = _migrate_variant_string (file, "name");

      if (pool != NULL && name != NULL && g_str_has_prefix (name, PREFIX)
          && g_strcmp0 (_migrate_variant_string (file, "side"), word) == 0)
        _migrate_probe_file_remove (work, side, pool, name, MIGRATE_REFRESH_BEFORE,
                                    NULL /* was_there */, first == NULL ? &first : NULL);
    }
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}

/* The source twice: its libvirt may have listed what the destination's has removed since. */
gboolean
_migrate_probe_undo (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (GVariant) files = g_variant_lookup_value (args, "files", G_VARIANT_TYPE ("aa{sv}"));
  GError *here = NULL;
  gboolean ok = remove_files (work, files, MIGRATE_SIDE_SOURCE, &here);

  /* The other side is cleaned whatever the first said. */
  ok &= remove_files (work, files, MIGRATE_SIDE_DESTINATION, ok ? error : NULL);
  if (here == NULL)
    return ok && remove_files (work, files, MIGRATE_SIDE_SOURCE, error);
  g_propagate_error (error, here);
  return FALSE;
}
