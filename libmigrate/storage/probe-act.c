/* Act: writes on one host what is read on the other. What a host refuses is its half's trouble, and
 * no error; whatever happens, what was written is removed.
 *
 * The order is what defeats the caches of network file systems: a client knows a folder anew when
 * it has itself changed it. So each host writes, or removes, in the folder after the other has
 * written there and before it reads. */
#include "storage/probe-private.h"

#include "steps/probe-private.h"

#define BYTES 512
/* A file that is not seen at once is looked for once more: where each host's own change has brought
 * the folder up to date, no cache is left that time would help against. */
#define SEE_WAIT_MS 150
#define SWEEP_AT_MOST 32

static const MigrateSide sides[] = { MIGRATE_SIDE_SOURCE, MIGRATE_SIDE_DESTINATION };

static MigrateSide
other (MigrateSide side)
{
  return side == MIGRATE_SIDE_SOURCE ? MIGRATE_SIDE_DESTINATION : MIGRATE_SIDE_SOURCE;
}

static MigrateProbeHalf *
half (MigrateProbe *probe, MigrateSide side)
{
  return &probe->halves[MIGRATE_PROBE_HALF (side)];
}

static gboolean
is_silent (const GError *error)
{
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TIMED_OUT)
         || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE);
}

static void
note_trouble (MigrateProbe *probe, MigrateSide side, const GError *error)
{
  MigrateProbeHalf *self = half (probe, side);

  if (self->trouble == NULL)
    self->trouble = g_strdup (error->message);
  self->silent |= is_silent (error);
}

/* One that is not active may be there: it is not ours to start. */
static void
note_missing (MigrateProbe *probe, MigrateSide side)
{
  const char *where = side == MIGRATE_SIDE_SOURCE ? "source" : "destination";
  MigrateProbeHalf *self = half (probe, side);

  self->trouble
    = self->folder != NULL
        ? g_strdup_printf ("the %s has no active storage pool of folder “%s”", where, self->folder)
        : g_strdup_printf ("the %s has no storage pool “%s”", where, self->named);
}

static gboolean
is_ready (MigrateProbe *probe)
{
  return half (probe, MIGRATE_SIDE_SOURCE)->trouble == NULL
         && half (probe, MIGRATE_SIDE_DESTINATION)->trouble == NULL;
}

/* ---- finding ---- */

typedef struct
{
  MigrateWork *work;
  GPtrArray *probes;
} Finder;

static void
find_pool (MigrateWork *work, MigrateProbe *probe, MigrateSide side, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_POOL_FIND, NULL /* guest */);

  call->storage.pool = g_strdup (half (probe, side)->named);
  call->text_in = g_strdup (half (probe, side)->folder);
  if (_migrate_work_run_call (work, side, call, error))
    half (probe, side)->pool = g_strdup (call->text_out);
}

static void
find_pools (gpointer data, guint nth)
{
  const Finder *self = data;
  MigrateSide side = sides[nth];
  g_autoptr (GError) silent = NULL;

  for (guint i = 0; i < self->probes->len; i++)
    {
      MigrateProbe *probe = self->probes->pdata[i];
      g_autoptr (GError) error = NULL;

      if (silent == NULL)
        find_pool (self->work, probe, side, &error);
      if (is_silent (error))
        silent = g_error_copy (error);
      if (silent != NULL)
        note_trouble (probe, side, silent);
      else if (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
        note_missing (probe, side);
      else if (error != NULL)
        note_trouble (probe, side, error);
    }
}

void
_migrate_probe_find_pools (MigrateWork *work, GPtrArray *probes)
{
  Finder finder = { work, probes };

  _migrate_backend_each (work->backend, "migrate-probe", G_N_ELEMENTS (sides), G_N_ELEMENTS (sides),
                         find_pools, &finder);
}

void
_migrate_probe_name (MigrateWork *work, MigrateProbe *probe)
{
  gint64 wall = work->backend->vtable->wall (work->backend);

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      MigrateProbeHalf *self = half (probe, sides[i]);
      GByteArray *bytes = g_byte_array_sized_new (BYTES);

      while (bytes->len < BYTES)
        {
          g_autofree char *random = g_uuid_string_random ();

          g_byte_array_append (bytes, (const guint8 *) random, 32);
        }
      self->name = _migrate_probe_file_name (work->id, wall);
      self->bytes = g_byte_array_free_to_bytes (bytes);
    }
}

/* ---- writing, reading, removing ---- */

static MigrateCall *
call_new (MigrateCallKind kind, const MigrateProbeHalf *at, const char *name)
{
  MigrateCall *call = _migrate_call_new (kind, NULL /* guest */);

  call->storage.pool = g_strdup (at->pool);
  call->storage.name = g_strdup (name);
  return call;
}

/* Making a volume twice would meet the first: it is not asked for again. */
static void
write_half (MigrateWork *work, MigrateProbe *probe, MigrateSide side)
{
  MigrateProbeHalf *self = half (probe, side);
  g_autoptr (MigrateCall) call = call_new (MIGRATE_CALL_VOLUME_WRITE, self, self->name);
  g_autoptr (GError) error = NULL;

  if (!is_ready (probe))
    return;
  call->storage.bytes = g_bytes_ref (self->bytes);
  self->wrote = TRUE;
  if (_migrate_work_run_call (work, side, call, &error))
    return;
  note_trouble (probe, side, error);
  self->unsure = self->silent; /* libvirt may do it yet */
}

static void
read_half (MigrateWork *work, MigrateProbe *probe, MigrateSide side)
{
  MigrateProbeHalf *self = half (probe, side);
  const MigrateProbeHalf *writer = half (probe, other (side));
  g_autoptr (MigrateCall) call = call_new (MIGRATE_CALL_VOLUME_READ, self, writer->name);
  g_autoptr (GError) error = NULL;

  if (!is_ready (probe) || self->sees)
    return;
  if (!_migrate_probe_ask (work, side, call, &error))
    {
      note_trouble (probe, side, error);
      return;
    }
  g_strfreev (self->names);
  self->names = g_steal_pointer (&call->storage.names);
  self->sees = call->storage.bytes != NULL && g_bytes_equal (call->storage.bytes, writer->bytes);
  self->stale |= call->storage.bytes != NULL;
}

/* What one host cannot remove any more, the other can where the folder is one. FALSE: it may be
 * left, or be listed by a libvirt. */
static gboolean
remove_half (MigrateWork *work, MigrateProbe *probe, MigrateSide side, guint64 refresh)
{
  MigrateProbeHalf *self = half (probe, side);
  g_autoptr (GError) error = NULL;
  gboolean was_there = FALSE;

  if (!self->wrote)
    return TRUE;
  if (_migrate_probe_file_remove (work, side, self->pool, self->name, refresh, &was_there, &error))
    {
      self->wrote = FALSE;
      self->lost = !was_there;
      return was_there || !self->unsure;
    }
  note_trouble (probe, side, error);
  self->wrote = !self->silent; /* at the end it is tried once more */
  _migrate_probe_file_remove (work, other (side), half (probe, other (side))->pool, self->name,
                              MIGRATE_REFRESH_BEFORE, NULL /* was_there */, NULL /* error */);
  return FALSE;
}

/* ---- all of it ---- */

/* A host that does not answer for one folder is not asked for the next. */
static void
each (MigrateWork *work, GPtrArray *probes, MigrateSide side,
      void (*act) (MigrateWork *work, MigrateProbe *probe, MigrateSide side))
{
  const MigrateProbeHalf *silent = NULL;

  for (guint i = 0; i < probes->len && !_migrate_work_is_cancelled (work); i++)
    {
      MigrateProbeHalf *self = half (probes->pdata[i], side);

      if (silent == NULL)
        act (work, probes->pdata[i], side);
      else if (self->trouble == NULL)
        self->trouble = g_strdup (silent->trouble);
      if (self->silent)
        silent = self;
    }
}

static gboolean
remove_each (MigrateWork *work, GPtrArray *probes, MigrateSide side, gboolean seen_only,
             guint64 refresh)
{
  gboolean all = TRUE;

  for (guint i = 0; i < probes->len; i++)
    if (!seen_only || half (probes->pdata[i], other (side))->sees)
      all &= remove_half (work, probes->pdata[i], side, refresh);
  return all;
}

static gboolean
has_seen_all (GPtrArray *probes)
{
  for (guint i = 0; i < probes->len; i++)
    {
      MigrateProbe *probe = probes->pdata[i];

      if (is_ready (probe)
          && !(half (probe, MIGRATE_SIDE_SOURCE)->sees
               && half (probe, MIGRATE_SIDE_DESTINATION)->sees))
        return FALSE;
    }
  return TRUE;
}

/* FALSE: something may be left. */
static gboolean
read_all (MigrateWork *work, GPtrArray *probes)
{
  gint64 deadline = _migrate_backend_now (work->backend) + SEE_WAIT_MS * G_TIME_SPAN_MILLISECOND;
  gboolean removed = TRUE;

  for (;;)
    {
      gint64 now;

      each (work, probes, MIGRATE_SIDE_DESTINATION, read_half);
      removed &= remove_each (work, probes, MIGRATE_SIDE_SOURCE, TRUE /* seen_only */, 0);
      each (work, probes, MIGRATE_SIDE_SOURCE, read_half);
      now = _migrate_backend_now (work->backend);
      if (has_seen_all (probes) || now >= deadline || _migrate_work_is_cancelled (work))
        return removed;
      _migrate_work_sleep (work, (guint) ((deadline - now) / G_TIME_SPAN_MILLISECOND) + 1);
    }
}

/* libvirt lists what was there when it last looked, and its host may yet believe the same: to
 * remove what is gone is what puts both right. */
static gboolean
forget_at_source (MigrateWork *work, MigrateProbe *probe)
{
  const MigrateProbeHalf *self = half (probe, MIGRATE_SIDE_SOURCE);
  const char *name = half (probe, MIGRATE_SIDE_DESTINATION)->name;

  if (self->names != NULL && !self->stale)
    return TRUE;
  return !self->silent
         && _migrate_probe_file_remove (work, MIGRATE_SIDE_SOURCE, self->pool, name,
                                        MIGRATE_REFRESH_BEFORE, NULL /* was_there */,
                                        NULL /* error */);
}

gboolean
_migrate_probe_run (MigrateWork *work, GPtrArray *probes)
{
  gboolean removed;

  each (work, probes, MIGRATE_SIDE_SOURCE, write_half);
  each (work, probes, MIGRATE_SIDE_DESTINATION, write_half);
  removed = read_all (work, probes);
  removed &= remove_each (work, probes, MIGRATE_SIDE_SOURCE, FALSE, 0);
  each (work, probes, MIGRATE_SIDE_SOURCE, read_half);
  removed &= remove_each (work, probes, MIGRATE_SIDE_DESTINATION, FALSE, MIGRATE_REFRESH_AFTER);
  for (guint i = 0; i < probes->len; i++)
    removed &= forget_at_source (work, probes->pdata[i]);
  return removed;
}

void
_migrate_probe_sweep (MigrateWork *work, GPtrArray *probes)
{
  gint64 wall = work->backend->vtable->wall (work->backend);

  for (guint i = 0; i < probes->len; i++)
    for (gsize s = 0; s < G_N_ELEMENTS (sides); s++)
      {
        MigrateProbe *probe = probes->pdata[i];
        const MigrateProbeHalf *self = half (probe, sides[s]),
                               *peer = half (probe, other (sides[s]));
        guint swept = 0;

        for (char **name = self->names;
             name != NULL && *name != NULL && self->trouble == NULL && swept < SWEEP_AT_MOST;
             name++)
          if (!g_str_equal (*name, self->name) && !g_str_equal (*name, peer->name)
              && _migrate_probe_file_is_left (*name, work->id, wall))
            {
              swept++;
              _migrate_probe_file_remove (work, sides[s], self->pool, *name, 0,
                                          NULL /* was_there */, NULL /* error */);
            }
      }
}

gboolean
_migrate_probe_has_volume (MigrateWork *work, MigrateSide side, const char *path)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_FIND, NULL /* guest */);

  call->text_in = g_strdup (path);
  return _migrate_work_run_call (work, side, call, NULL /* error */);
}
