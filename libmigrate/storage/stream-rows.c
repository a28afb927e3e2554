/* Act: several files at once through streams, each a step that says how far it is proven; the
 * threads only copy, and the job's own worker tells and writes. */
#include "storage/fetch-private.h"
#include "storage/stream-private.h"

#include "steps/standstill-private.h"
#include "xml/host-private.h"

#define AT_ONCE 2

typedef struct
{
  gatomicrefcount ref_count;
  MigrateWork *work;
  MigrateStreamTally tally;
  GPtrArray *rows, *streams; /* GVariant, MigrateStream */
  GVariant *proven;          /* a{sv}, nullable: how far an earlier process came */
  guint64 total;             /* bytes of data */
  double share;              /* of a block move, that these are */
  gint64 told_at;            /* backend time */
  gint64 written_at;
  /* Under the tally's lock. */
  guint next, running;
  GError *error;
} Copying;

static void
copying_unref (Copying *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_ptr_array_unref (self->streams);
  g_ptr_array_unref (self->rows);
  g_mutex_clear (&self->tally.lock);
  g_clear_error (&self->error);
  g_clear_pointer (&self->proven, g_variant_unref);
  _migrate_work_unref (self->work);
  g_free (self);
}
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Copying, copying_unref)

/* Proven is what was copied of a file that nobody has written to since. */
static gboolean
find_proven (Copying *copying, MigrateStream *self, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) here = _migrate_ask_volume (copying->work, MIGRATE_SIDE_SOURCE,
                                                        self->pool, self->name, &local_error);
  guint64 proven, written;

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  self->written = here != NULL ? here->written : 0;
  if (copying->proven != NULL && self->written != 0
      && g_variant_lookup (copying->proven, self->id, "(tt)", &proven, &written)
      && written == self->written)
    self->proven = proven;
  return TRUE;
}

static gboolean
is_fetched (GVariant *row)
{
  return g_variant_lookup (row, MIGRATE_FETCH_LOCAL, "@ay", NULL)
         || _migrate_variant_string (row, MIGRATE_FETCH_POOL) != NULL;
}

/* Where the program has it. */
static gboolean
set_fetched (MigrateStream *self, GVariant *row, GError **error)
{
  const char *checksum = _migrate_variant_string (row, MIGRATE_FETCH_CHECKSUM);
  const char *path;

  if (checksum != NULL)
    {
      self->checksum = g_strdup (checksum);
      self->whole = _migrate_whole_new ();
    }
  if (g_variant_lookup (row, MIGRATE_FETCH_LOCAL, "^&ay", &path))
    {
      self->from = MIGRATE_SIDE_NONE;
      self->name = g_strdup (path);
      self->file = _migrate_stream_open_local (path, self->size, error);
      if (self->file < 0)
        g_prefix_error (error, "Fetching “%s”: ", _migrate_variant_string (row, "path"));
      return self->file >= 0;
    }
  self->from = g_str_equal (_migrate_variant_string (row, MIGRATE_FETCH_SIDE), "source")
                 ? MIGRATE_SIDE_SOURCE
                 : MIGRATE_SIDE_DESTINATION;
  self->pool = g_strdup (_migrate_variant_string (row, MIGRATE_FETCH_POOL));
  self->name = g_strdup (_migrate_variant_string (row, MIGRATE_FETCH_NAME));
  return TRUE;
}

static gboolean
set_source (MigrateStream *self, GVariant *row, GError **error)
{
  const char *pool;

  self->from = MIGRATE_SIDE_SOURCE;
  if (!_migrate_find_source (self->work, row, &pool, &self->name, error))
    return FALSE;
  self->pool = g_strdup (pool);
  return TRUE;
}

/* compare: with the source's file, wherever the copy came from. */
static MigrateStream *
stream_new (Copying *copying, GVariant *row, gboolean compare, GError **error)
{
  gboolean fetched = !compare && is_fetched (row);
  MigrateStream *self = g_new0 (MigrateStream, 1);

  self->work = copying->work;
  self->tally = &copying->tally;
  self->file = -1;
  self->id = _migrate_variant_string (row, "id");
  self->pool_there = _migrate_made_pool (copying->work, row);
  self->name_there = _migrate_variant_string (row, "name-there");
  self->size = _migrate_variant_uint64 (row, "size", 0);
  self->expected = _migrate_variant_uint64 (row, "allocation", 0);
  self->sent = _migrate_digest_new ();
  self->found = _migrate_digest_new ();
  if ((fetched ? set_fetched (self, row, error) : set_source (self, row, error))
      && (compare || fetched || find_proven (copying, self, error)))
    return self;
  _migrate_stream_free (self);
  return NULL;
}

/* Everything that a row borrows lives as long as the rows. NULL: it failed. */
static Copying *
copying_new (MigrateWork *work, GPtrArray *rows, gboolean compare, GError **error)
{
  g_autoptr (Copying) self = g_new0 (Copying, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->work = _migrate_work_ref (work);
  g_mutex_init (&self->tally.lock);
  self->rows = g_ptr_array_ref (rows);
  self->streams = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_stream_free);
  self->proven = work->proven != NULL ? g_variant_ref (work->proven) : NULL;
  self->share = _migrate_files_share (work->plan, MIGRATE_FILE_STREAM,
                                      _migrate_variant_uint64 (work->before, "memory", 0));
  for (guint i = 0; i < rows->len; i++)
    {
      GVariant *row = rows->pdata[i];
      MigrateStream *stream = stream_new (self, row, compare, error);

      if (stream == NULL)
        return NULL;
      g_ptr_array_add (self->streams, stream);
      self->total += _migrate_variant_uint64 (row, "allocation", 0);
    }
  return g_steal_pointer (&self);
}

/* ---- the threads ---- */

static void
run_one (Copying *self, guint i)
{
  GError *error = NULL;
  gboolean ok;

  g_mutex_unlock (&self->tally.lock);
  ok = _migrate_stream_run (self->streams->pdata[i], &error);
  g_mutex_lock (&self->tally.lock);
  if (ok)
    return;
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_clear_error (&error);
  self->tally.failed = TRUE;
}

static void
copying_main (gpointer data, gpointer unused)
{
  Copying *self = data;

  g_mutex_lock (&self->tally.lock);
  while (self->next < self->streams->len && !self->tally.failed)
    run_one (self, self->next++);
  self->running--;
  g_mutex_unlock (&self->tally.lock);
  _migrate_work_wake (self->work);
  copying_unref (self);
}

static gboolean
start (Copying *self, GError **error)
{
  g_atomic_ref_count_inc (&self->ref_count);
  g_mutex_lock (&self->tally.lock);
  self->running++;
  g_mutex_unlock (&self->tally.lock);
  if (self->work->backend->vtable->start_thread (self->work->backend, "migrate-copy",
                                                 (GFunc) copying_main, self, error))
    return TRUE;
  g_mutex_lock (&self->tally.lock);
  self->running--;
  g_mutex_unlock (&self->tally.lock);
  copying_unref (self);
  return FALSE;
}

/* ---- the worker ---- */

/* One file, as MigrateProgressValues has disks. Under the lock. */
static GVariant *
tell_one (MigrateStream *stream, guint64 us, guint64 *rate)
{
  guint64 sent = us > 0 ? (stream->copied - stream->told) * G_USEC_PER_SEC / us : 0;
  GVariantDict dict;

  stream->told = stream->copied;
  *rate += sent;
  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "done", "t", stream->copied);
  g_variant_dict_insert (&dict, "total", "t", MAX (stream->expected, stream->copied));
  g_variant_dict_insert (&dict, "rate", "t", sent);
  g_variant_dict_insert (&dict, "ready", "b", stream->proven >= stream->size);
  return g_variant_dict_end (&dict);
}

/* How far each is proven, and of which source, so that a later process need not begin anew. */
static GVariant *
dup_proven (Copying *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_mutex_lock (&self->tally.lock);
  for (guint i = 0; i < self->streams->len; i++)
    {
      const MigrateStream *stream = self->streams->pdata[i];

      g_variant_builder_add (&builder, "{sv}", stream->id,
                             g_variant_new ("(tt)", stream->proven, stream->written));
    }
  g_mutex_unlock (&self->tally.lock);
  return g_variant_builder_end (&builder);
}

static gboolean
tell (Copying *self, GError **error)
{
  MigrateWork *work = self->work;
  MigrateProgressValues values = { .phase = MIGRATE_PHASE_COPYING_DISKS };
  guint64 copied = 0, verified = 0;
  gint64 now = _migrate_backend_now (work->backend);
  g_autoptr (MigrateProgress) progress = NULL;
  GVariantBuilder disks;

  g_variant_builder_init (&disks, G_VARIANT_TYPE_VARDICT);
  g_mutex_lock (&self->tally.lock);
  for (guint i = 0; i < self->streams->len; i++)
    {
      MigrateStream *stream = self->streams->pdata[i];

      copied += stream->copied;
      verified += stream->verified;
      g_variant_builder_add (&disks, "{sv}", stream->id,
                             tell_one (stream, (guint64) (now - self->told_at), &values.disk_rate));
    }
  g_mutex_unlock (&self->tally.lock);
  self->told_at = now;
  values.disks = g_variant_builder_end (&disks);
  values.disk_total = MAX (self->total, copied);
  values.disk_processed = copied;
  values.disk_remaining = values.disk_total - copied;
  values.elapsed_ms = _migrate_work_elapsed_ms (work);
  /* Each byte is sent and read back. */
  if (values.disk_total > 0)
    values.fraction = (double) (copied + verified) / (2.0 * (double) values.disk_total);
  if (migrate_plan_get_kind (work->plan) == MIGRATE_KIND_BLOCK)
    values.fraction *= self->share;
  work->fraction = MAX (work->fraction, MIN (values.fraction, 0.99));
  values.fraction = work->fraction;
  progress = _migrate_progress_new (&values);
  return _migrate_standstill_tell (work, progress, dup_proven (self), &self->written_at, error);
}

static gboolean
is_running (Copying *self)
{
  gboolean running;

  g_mutex_lock (&self->tally.lock);
  running = self->running > 0;
  g_mutex_unlock (&self->tally.lock);
  return running;
}

static void
stop (Copying *self, GError *error)
{
  g_mutex_lock (&self->tally.lock);
  self->tally.failed = TRUE;
  if (self->error == NULL)
    self->error = g_steal_pointer (&error);
  g_mutex_unlock (&self->tally.lock);
  g_clear_error (&error);
}

/* Who has lost the claim writes no more: somebody else does. */
static void
wait (Copying *self)
{
  while (is_running (self))
    {
      GError *lost = NULL;

      _migrate_work_sleep (self->work,
                           _migrate_policy_get_uint (self->work->policy, "poll-interval"));
      _migrate_standstill_listen (self->work);
      if (!tell (self, &lost))
        stop (self, lost);
    }
}

/* ---- steps ---- */

static GVariant *
copy_args (GVariant *row)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "id", _migrate_variant_string (row, "id"));
  _migrate_builder_add_string (&builder, "name", _migrate_variant_string (row, "name-there"));
  return g_variant_builder_end (&builder);
}

static gboolean
begin_steps (Copying *self, GPtrArray *steps, GError **error)
{
  for (guint i = 0; i < self->rows->len; i++)
    {
      MigrateStepEntry *step
        = _migrate_steps_begin (self->work, "copy-file", copy_args (self->rows->pdata[i]), error);

      if (step == NULL)
        return FALSE;
      g_ptr_array_add (steps, step);
    }
  return TRUE;
}

static gboolean
end_steps (Copying *self, GPtrArray *steps, const GError *failure, GError **error)
{
  for (guint i = 0; i < steps->len; i++)
    if (!_migrate_steps_end (self->work, steps->pdata[i], failure, error))
      return FALSE;
  return TRUE;
}

/* One that ends early was noticed on the way; of one that has become longer nothing more was read.
 */
static gboolean
prove_size (Copying *self, const MigrateStream *stream, GError **error)
{
  GError *local_error = NULL;
  g_autoptr (MigrateVolume) here = NULL;
  guint64 size = 0;

  if (stream->from == MIGRATE_SIDE_NONE) /* its size was proven when it was opened */
    return TRUE;
  here = _migrate_ask_volume (self->work, stream->from, stream->pool, stream->name, &local_error);

  if (local_error != NULL)
    {
      g_propagate_error (error, local_error);
      return FALSE;
    }
  if (here != NULL)
    size = here->physical > 0 ? here->physical : here->capacity;
  return size == stream->size || _migrate_stream_refuse_size (stream, stream->from, size, error);
}

static gboolean
prove_sizes (Copying *self, GError **error)
{
  for (guint i = 0; i < self->streams->len; i++)
    if (!prove_size (self, self->streams->pdata[i], error))
      return FALSE;
  return TRUE;
}

/* A transfer that comes after it counts by itself. */
static void
note_bytes (Copying *self)
{
  MigrateResult *result = self->work->result;

  for (guint i = 0; i < self->streams->len; i++)
    result->disk_bytes_before += ((const MigrateStream *) self->streams->pdata[i])->copied;
  _migrate_result_note (result, &(MigrateProgressValues){ 0 });
}

gboolean
_migrate_stream_rows (MigrateWork *work, GPtrArray *rows, GError **error)
{
  g_autoptr (Copying) self = copying_new (work, rows, FALSE /* compare */, error);
  g_autoptr (GPtrArray) steps = g_ptr_array_new ();
  g_autoptr (GError) failure = NULL;

  if (self == NULL)
    return FALSE;
  self->told_at = _migrate_backend_now (work->backend);
  _migrate_work_set_phase (work, MIGRATE_PHASE_COPYING_DISKS);
  if (!begin_steps (self, steps, error))
    return FALSE;
  for (guint i = 0; i < MIN (AT_ONCE, rows->len); i++)
    if (!start (self, i == 0 ? &failure : NULL))
      break;
  wait (self);
  if (self->error == NULL)
    tell (self, NULL /* error */);
  note_bytes (self);
  if (failure == NULL && self->error != NULL)
    failure = g_error_copy (self->error);
  if (failure == NULL && prove_sizes (self, &failure))
    return end_steps (self, steps, NULL /* failure */, error);
  end_steps (self, steps, failure, NULL /* error */);
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}

typedef gboolean (*CompareFunc) (MigrateStream *stream, gboolean *same, GError **error);

static gboolean
compare (MigrateWork *work, GVariant *row, CompareFunc func, gboolean *same, GError **error)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new ();
  g_autoptr (Copying) self = NULL;
  GError *local_error = NULL;

  *same = FALSE;
  g_ptr_array_add (rows, row);
  self = copying_new (work, rows, TRUE /* compare */, error);
  if (self == NULL)
    return FALSE;
  if (func (self->streams->pdata[0], same, &local_error))
    return TRUE;
  if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_CHANGED)) /* of another size */
    {
      g_error_free (local_error);
      return TRUE;
    }
  g_propagate_error (error, local_error);
  return FALSE;
}

gboolean
_migrate_stream_compare (MigrateWork *work, GVariant *row, gboolean *same, GError **error)
{
  return compare (work, row, _migrate_stream_is_same, same, error);
}

gboolean
_migrate_stream_compare_parts (MigrateWork *work, GVariant *row, gboolean *same, GError **error)
{
  return compare (work, row, _migrate_stream_is_alike, same, error);
}

gboolean
_migrate_stream_is_done (MigrateWork *work, GVariant *row)
{
  const char *id = _migrate_variant_string (row, "id");

  for (guint i = 0; i < work->steps->len; i++)
    {
      const MigrateStepEntry *step = work->steps->pdata[i];

      if (g_str_equal (step->kind->name, "copy-file") && step->status == MIGRATE_STEP_DONE
          && g_strcmp0 (_migrate_variant_string (step->args, "id"), id) == 0)
        return TRUE;
    }
  return FALSE;
}
