/* Act: tells the program, and now and then the journal, how far the transfer is. */
#include "migrate/follow-private.h"

#define WRITE_EVERY_US G_TIME_SPAN_SECOND

static MigratePhase
phase_now (Follow *self)
{
  const MigrateObservation *seen = &self->seen;

  if (_migrate_watch_in_postcopy (seen))
    return MIGRATE_PHASE_POSTCOPY;
  if (self->aborted_at != 0)
    return MIGRATE_PHASE_CANCELLING;
  if (seen->transfer == MIGRATE_TRANSFER_OK || seen->transfer == MIGRATE_TRANSFER_FAILED)
    return MIGRATE_PHASE_PROVING;
  if (!self->before->was_paused && seen->source.asked && !_migrate_sighting_runs (&seen->source)
      && !_migrate_watch_is_paused_by_us (seen))
    return MIGRATE_PHASE_SWITCHING_OVER;
  if (self->stats.memory_total != 0)
    return MIGRATE_PHASE_COPYING_MEMORY;
  return MIGRATE_PHASE_STARTING;
}

/* Pages may be sent many times, so what is done is told by what remains, and never goes back. */
static void
update_fraction (Follow *self)
{
  const MigrateStats *s = &self->stats;
  gboolean may_be_whole = self->ran_at != 0 && self->work->phase != MIGRATE_PHASE_POSTCOPY;
  double done = 0;

  if (s->memory_total > s->memory_remaining)
    done = (double) (s->memory_total - s->memory_remaining) / (double) s->memory_total;
  if (self->work->phase == MIGRATE_PHASE_PROVING)
    done = 1;
  self->fraction = MAX (self->fraction, MIN (done, may_be_whole ? 1 : 0.99));
}

static MigrateProgress *
make_progress (Follow *self)
{
  const MigrateStats *s = &self->stats;
  /* What the guest writes at the destination need not travel. */
  guint64 dirty_rate = self->work->phase == MIGRATE_PHASE_POSTCOPY ? 0 : s->dirty_rate;
  MigrateProgressValues values = {
    .phase = self->work->phase,
    .fraction = self->fraction,
    .elapsed_ms = _migrate_work_elapsed_ms (self->work),
    .memory_total = s->memory_total,
    .memory_processed = s->memory_processed,
    .memory_remaining = s->memory_remaining,
    .rate = s->memory_bps,
    .dirty_rate = dirty_rate,
    .pass = s->pass,
    .throttle = s->throttle,
    /* While the guest writes as fast as memory travels there is no end to be told. */
    .has_time_left = s->memory_bps > dirty_rate,
  };

  if (values.has_time_left)
    values.time_left_ms = s->memory_remaining * 1000 / (s->memory_bps - dirty_rate);
  return _migrate_progress_new (&values);
}

/* Tells the program, and now and then the journal, so that other processes see how far it is; the
 * write is also how a controller that slept learns that it was replaced. */
gboolean
_migrate_follow_tell (Follow *self, GError **error)
{
  MigrateWork *work = self->work;
  MigrateResult *result = work->result;
  gint64 now = _migrate_backend_now (work->backend);
  g_autoptr (MigrateProgress) progress = NULL;
  GVariantBuilder builder;

  _migrate_work_set_phase (work, phase_now (self));
  if (self->copy_since == 0 && work->phase == MIGRATE_PHASE_COPYING_MEMORY)
    self->copy_since = now;
  if (self->postcopy_since == 0 && work->phase == MIGRATE_PHASE_POSTCOPY)
    self->postcopy_since = now;
  update_fraction (self);
  result->passes = MAX (result->passes, self->stats.pass);
  result->bytes = MAX (result->bytes, self->stats.memory_processed);
  progress = make_progress (self);
  work->report->progress (work->report_data, progress);
  _migrate_follow_keep_sample (self);

  if (now - self->written_at < WRITE_EVERY_US)
    return TRUE;
  self->written_at = now;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", MIGRATE_JOB_KEY_PHASE,
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) work->phase)));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_PROGRESS,
                         _migrate_progress_to_variant (progress));
  return _migrate_follow_write (self, g_variant_builder_end (&builder), error);
}
