/* Act: the probe of shared storage, one for each folder, as one step in the journal. What is done
 * is in probe-act.c, what it means in probed.c. */
#include "storage/probe-private.h"

#include "steps/probe-private.h"

static void
half_clear (MigrateProbeHalf *self)
{
  g_free (self->folder);
  g_free (self->named);
  g_free (self->pool);
  g_free (self->name);
  g_clear_pointer (&self->bytes, g_bytes_unref);
  g_strfreev (self->names);
  g_free (self->trouble);
}

static void
probe_free (gpointer data)
{
  MigrateProbe *self = data;

  half_clear (&self->halves[0]);
  half_clear (&self->halves[1]);
  g_free (self);
}

/* ---- which probes ---- */

/* NULL and no pool: it cannot be probed by writing. */
static char *
folder_of (const MigrateProbePlace *place)
{
  if (place->pool != NULL || place->path == NULL || !g_path_is_absolute (place->path))
    return NULL;
  if (g_strcmp0 (place->type, "dir") == 0)
    return g_strdup (place->path);
  return g_strcmp0 (place->type, "file") == 0 ? g_path_get_dirname (place->path) : NULL;
}

static gboolean
is_half_of (const MigrateProbeHalf *half, const MigrateProbePlace *place)
{
  g_autofree char *folder = folder_of (place);

  return g_strcmp0 (half->folder, folder) == 0 && g_strcmp0 (half->named, place->pool) == 0;
}

/* FALSE: it cannot be probed. */
static gboolean
half_set (MigrateProbeHalf *half, const MigrateProbePlace *place)
{
  half->folder = folder_of (place);
  half->named = g_strdup (place->pool);
  return half->folder != NULL || half->named != NULL;
}

/* NULL: there is nothing to probe. */
static MigrateProbe *
need_probe (GPtrArray *probes, const MigrateProbeFile *file)
{
  MigrateProbe *probe;

  for (guint i = 0; i < probes->len; i++)
    {
      probe = probes->pdata[i];
      if (is_half_of (&probe->halves[0], &file->here)
          && is_half_of (&probe->halves[1], &file->there))
        return probe;
    }
  probe = g_new0 (MigrateProbe, 1);
  if (!half_set (&probe->halves[0], &file->here) || !half_set (&probe->halves[1], &file->there))
    {
      probe_free (probe);
      return NULL;
    }
  g_ptr_array_add (probes, probe);
  return probe;
}

/* The first probe of the same pools: a folder and a pool by name may be one. */
static MigrateProbe *
find_same (GPtrArray *probes, MigrateProbe *probe)
{
  for (guint i = 0; i < probes->len && probes->pdata[i] != probe; i++)
    {
      MigrateProbe *first = probes->pdata[i];

      if (first->halves[0].pool != NULL && first->halves[1].pool != NULL
          && g_strcmp0 (first->halves[0].pool, probe->halves[0].pool) == 0
          && g_strcmp0 (first->halves[1].pool, probe->halves[1].pool) == 0)
        return first;
    }
  return probe;
}

static GPtrArray *
choose_ready (GPtrArray *probes)
{
  GPtrArray *ready = g_ptr_array_new ();

  for (guint i = 0; i < probes->len; i++)
    {
      MigrateProbe *probe = probes->pdata[i];

      if (probe->halves[0].pool != NULL && probe->halves[1].pool != NULL
          && find_same (probes, probe) == probe)
        g_ptr_array_add (ready, probe);
    }
  return ready;
}

/* ---- the step ---- */

static GVariant *
describe (GPtrArray *probes)
{
  GVariantBuilder files;

  g_variant_builder_init (&files, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < probes->len; i++)
    {
      const MigrateProbe *probe = probes->pdata[i];

      _migrate_probe_args_add (&files, MIGRATE_SIDE_SOURCE, probe->halves[0].pool,
                               probe->halves[0].name);
      _migrate_probe_args_add (&files, MIGRATE_SIDE_DESTINATION, probe->halves[1].pool,
                               probe->halves[1].name);
    }
  return _migrate_probe_args_new (&files);
}

/* For a recovery: since when there may be files; 0: there are none. */
static void
note_time (MigrateWork *work, gint64 wall_us)
{
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_PROBE, g_variant_new_uint64 ((guint64) wall_us));
}

static MigrateStepEntry *
begin (MigrateWork *work, GPtrArray *probes, GError **error)
{
  MigrateStepEntry *step;

  if (!_migrate_work_enter_journal (work, error))
    return NULL;
  note_time (work, work->backend->vtable->wall (work->backend));
  step = _migrate_steps_begin (work, "probe", describe (probes), error);
  if (step == NULL)
    note_time (work, 0);
  return step;
}

static gboolean
end (MigrateWork *work, MigrateStepEntry *step, GPtrArray *probes, gboolean removed, GError **error)
{
  g_autoptr (GError) left = NULL;
  GVariantBuilder builder;

  if (!removed)
    {
      g_set_error_literal (&left, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER,
                           "A file that the probe wrote may be left");
      return _migrate_steps_end (work, step, left, error);
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; i < probes->len; i++)
    {
      const MigrateProbe *probe = probes->pdata[i];
      g_autofree char *why = NULL;
      MigrateSharing sharing = _migrate_probe_judge (probe, NULL /* file */, &why);

      g_variant_builder_add (&builder, "{sv}", _migrate_probe_half_where (&probe->halves[0]),
                             g_variant_new_string (_migrate_sharing_name (sharing)));
    }
  note_time (work, 0);
  return _migrate_steps_end_undone (work, step, g_variant_builder_end (&builder), error);
}

/* What an earlier probe of this job could not remove goes first, where it can now. */
static gboolean
run (MigrateWork *work, GPtrArray *probes, GError **error)
{
  MigrateStepEntry *step;
  gboolean removed;

  if (probes->len == 0)
    return TRUE;
  _migrate_steps_undo (work, "probe", NULL /* error */);
  for (guint i = 0; i < probes->len; i++)
    _migrate_probe_name (work, probes->pdata[i]);
  step = begin (work, probes, error);
  if (step == NULL)
    return FALSE;
  removed = _migrate_probe_run (work, probes);
  _migrate_probe_sweep (work, probes);
  return end (work, step, probes, removed, error) && !_migrate_work_check_cancelled (work, error);
}

/* ---- what it says of each file ---- */

/* A device of a name that is its own is the same where both hosts have it. */
static MigrateSharing
look_at_device (MigrateWork *work, const MigrateProbeFile *file, char **why)
{
  const char *path = file->here.path;

  if (g_strcmp0 (file->here.type, "block") == 0 && g_strcmp0 (file->there.path, path) == 0
      && path != NULL && _migrate_probe_is_stable_name (path)
      && _migrate_probe_has_volume (work, MIGRATE_SIDE_SOURCE, path)
      && _migrate_probe_has_volume (work, MIGRATE_SIDE_DESTINATION, path))
    {
      *why
        = g_strdup_printf ("“%s” is the same device wherever it is, and both hosts have it", path);
      return MIGRATE_SHARING_SHARED;
    }
  return _migrate_probe_judge_unprobed (file, why);
}

static MigrateProbed *
tell (MigrateWork *work, GPtrArray *probes, const MigrateProbeFile *file)
{
  MigrateProbed *row = g_new0 (MigrateProbed, 1);
  MigrateProbe *probe = need_probe (probes, file);

  row->target = g_strdup (file->target);
  row->backing = file->backing;
  row->path = file->here.path != NULL
                ? g_strdup (file->here.path)
                : g_strdup_printf ("%s:%s", file->here.pool != NULL ? file->here.pool : "",
                                   file->here.volume != NULL ? file->here.volume : "");
  if (probe == NULL)
    row->sharing = look_at_device (work, file, &row->why);
  else
    row->sharing = _migrate_probe_judge (find_same (probes, probe), file, &row->why);
  return row;
}

gboolean
_migrate_storage_probe (MigrateWork *work, GArray *files, GPtrArray **probed, GError **error)
{
  g_autoptr (GPtrArray) probes = g_ptr_array_new_with_free_func (probe_free);
  g_autoptr (GPtrArray) ready = NULL;
  GPtrArray *rows;

  for (guint i = 0; i < files->len; i++)
    need_probe (probes, &g_array_index (files, MigrateProbeFile, i));
  if (probes->len > 0)
    _migrate_probe_find_pools (work, probes);
  if (_migrate_work_check_cancelled (work, error))
    return FALSE;
  ready = choose_ready (probes);
  if (!run (work, ready, error))
    return FALSE;
  rows = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_probed_free);
  for (guint i = 0; i < files->len; i++)
    g_ptr_array_add (rows, tell (work, probes, &g_array_index (files, MigrateProbeFile, i)));
  *probed = rows;
  return TRUE;
}
