/* Act: tells the program, and now and then the journal, how far the transfer is. */
#include "migrate/follow-private.h"

#include "storage/files-private.h"

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
  if (_migrate_follow_copies_disks (self))
    return MIGRATE_PHASE_COPYING_DISKS;
  return MIGRATE_PHASE_STARTING;
}

/* Not every hypervisor tells it, nor of what was sent again. */
static guint64
disk_rate (Follow *self)
{
  return _migrate_follow_copies_disks (self) && self->mirror.n > 1 ? self->mirror.rate
                                                                   : self->stats.disk_bps;
}

/* What the guest writes at the destination need not travel, and a guest that stands still writes
 * nothing. */
static MigrateEstimateView
estimate_view (Follow *self)
{
  const MigrateStats *s = &self->stats;
  MigratePolicy *policy = self->work->policy;
  gboolean postcopy = _migrate_watch_in_postcopy (&self->seen);
  gboolean still = !_migrate_sighting_runs (&self->seen.source);
  gboolean disks = _migrate_follow_copies_disks (self); /* later they are kept alike */
  guint64 cap = _migrate_policy_get_uint (policy, postcopy ? "postcopy-bandwidth" : "bandwidth");

  return (MigrateEstimateView){
    .rates = &self->rates,
    .said_rate = s->memory_bps,
    .cap = cap << 20,
    .memory_total = s->memory_total,
    .memory_remaining = s->memory_remaining,
    .memory_expected = self->before->memory,
    .disk_remaining = disks ? s->disk_remaining : 0,
    .disk_rate = disk_rate (self),
    .disk_written = self->mirror.written,
    .dirty_known = s->pass > 1 || postcopy || still,
    .dirty_rate = postcopy || still ? 0 : s->dirty_rate,
    .limit_ms
    = self->limit_ms != 0 ? self->limit_ms : _migrate_policy_get_uint (policy, "target-downtime"),
    .postcopy = postcopy,
    .has_said_downtime = s->has_downtime,
    .said_downtime_ms = s->downtime_ms,
  };
}

/* Never back, neither when memory is sent again nor in another process. */
static void
update_fraction (Follow *self, const MigrateEstimateView *view)
{
  MigrateWork *work = self->work;
  double done = _migrate_estimate_fraction (view, self->stats.disk_total, self->stats.pass);
  double before = _migrate_files_share (work->plan, MIGRATE_FILE_STREAM, view->memory_expected);

  done = before + (1 - before) * done;
  if (work->phase == MIGRATE_PHASE_PROVING)
    done = self->ran_at != 0 ? 1 : 0.99;
  work->fraction = MAX (work->fraction, done);
}

static void
set_stats (MigrateProgressValues *values, const MigrateStats *s)
{
  values->memory_total = s->memory_total;
  values->memory_processed = s->memory_processed;
  values->memory_remaining = s->memory_remaining;
  values->rate = s->memory_bps;
  values->dirty_rate = s->dirty_rate;
  values->pass = s->pass;
  values->throttle = s->throttle;
  values->disk_total = s->disk_total;
  values->disk_processed = s->disk_processed;
  values->disk_remaining = s->disk_remaining;
  values->disk_rate = s->disk_bps;
  values->memory_constant = s->memory_constant;
  values->memory_normal = s->memory_normal;
  values->memory_normal_bytes = s->memory_normal_bytes;
  values->page_size = s->page_size;
  values->compression_cache = s->compression_cache;
  values->compression_bytes = s->compression_bytes;
  values->compression_pages = s->compression_pages;
  values->compression_cache_misses = s->compression_cache_misses;
  values->compression_overflow = s->compression_overflow;
  values->postcopy_requests = s->postcopy_requests;
  values->setup_ms = s->setup_ms;
  values->downtime_net_ms = s->downtime_net_ms;
}

static void
set_estimate (MigrateProgressValues *values, const MigrateEstimate *estimate)
{
  values->has_time_left = estimate->has_left;
  values->time_left_ms = estimate->left_ms;
  values->time_left_least_ms = estimate->least_ms;
  values->has_time_left_most = estimate->has_most;
  values->time_left_most_ms = estimate->most_ms;
  values->has_downtime_expected = estimate->has_downtime;
  values->downtime_expected_ms = estimate->downtime_ms;
}

void
_migrate_follow_note_stats (Follow *self, const MigrateStats *stats)
{
  MigrateProgressValues values = { .limit_ms = self->limit_ms };

  set_stats (&values, stats);
  _migrate_result_note (self->work->result, &values);
}

static MigrateProgress *
make_progress (Follow *self)
{
  MigrateEstimateView view = estimate_view (self);
  MigrateEstimate estimate = _migrate_estimate (&view);
  MigrateProgressValues values = { .phase = self->work->phase, .limit_ms = self->limit_ms };

  update_fraction (self, &view);
  values.fraction = self->work->fraction;
  values.elapsed_ms = _migrate_work_elapsed_ms (self->work);
  set_stats (&values, &self->stats);
  values.dirty_rate = view.dirty_rate;
  values.disk_rate = view.disk_rate;
  values.disks = self->mirrors;
  set_estimate (&values, &estimate);
  return _migrate_progress_new (&values);
}

/* Tells the program, and now and then the journal, so that other processes see how far it is; the
 * write is also how a controller that slept learns that it was replaced. */
gboolean
_migrate_follow_tell (Follow *self, GError **error)
{
  MigrateWork *work = self->work;
  gint64 now = _migrate_backend_now (work->backend);
  g_autoptr (MigrateProgress) progress = NULL;
  GVariantBuilder builder;

  _migrate_work_set_phase (work, phase_now (self));
  if (self->copy_since == 0 && work->phase == MIGRATE_PHASE_COPYING_MEMORY)
    self->copy_since = now;
  if (self->postcopy_since == 0 && work->phase == MIGRATE_PHASE_POSTCOPY)
    self->postcopy_since = now;
  _migrate_follow_note_stats (self, &self->stats);
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

/* Another process's transfer has no phase that is proving, and a guest that its user had paused
 * does not run there: that it is all done is known by the end alone. */
void
_migrate_follow_tell_moved (Follow *self)
{
  MigrateWork *work = self->work;
  g_autoptr (MigrateProgress) progress = NULL;

  _migrate_work_set_phase (work, MIGRATE_PHASE_PROVING);
  work->fraction = 1;
  self->stats.memory_remaining = 0;
  self->stats.disk_remaining = 0;
  progress = make_progress (self);
  work->report->progress (work->report_data, progress);
}
