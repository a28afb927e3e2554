/* Copying memory as QEMU does: passes over what was dirtied meanwhile, until the rest fits into the
 * allowed downtime. Transfers share a link's bandwidth. */
#include "sim-private.h"

#include <string.h>

#define MIN_PASS_TIME (20 * SIM_MS)
#define SIM_PAGE_SIZE 4096
#define THROTTLE_PERIOD (1000 * SIM_MS) /* at least, between two looks of auto-converge */
#define MOST_THROTTLE 99
#define MIRROR_LOOK (1000 * SIM_MS)

void
_sim_copy_set (SimTransfer *self, gboolean copying)
{
  if (self->copying == copying)
    return;
  self->copying = copying;
  self->segment_at = self->world->now;
  self->segment_moves = FALSE;
  self->link->copying += copying ? 1 : -1;
  if (!copying)
    {
      _sim_unschedule (self->world, self->percent);
      self->percent = NULL;
    }
  for (guint i = 0; i < self->world->transfers->len; i++)
    {
      SimTransfer *other = g_ptr_array_index (self->world->transfers, i);

      if (other->link == self->link && other->copying)
        _sim_copy_plan (other);
    }
}

static gboolean
data_flows (SimTransfer *self)
{
  if (self->post)
    return _sim_postcopy_flows (self);
  if (self->link->data_cut || !self->destination->power || !self->source->power)
    return FALSE;
  if (self->d != SIM_INCOMING_PREPARED || self->in->hung || self->out->hung)
    return FALSE;
  if (self->tunnelled
      && (self->link->daemons_cut || !_sim_host_answers (self->source)
          || !_sim_host_answers (self->destination)))
    return FALSE;
  return TRUE;
}

static guint64
write_rate (const SimTransfer *self)
{
  const SimGuest *guest = self->guest;

  if (!self->out->cpus)
    return 0;
  return guest->cpu_bound ? guest->dirty_rate * (100 - self->throttle) / 100 : guest->dirty_rate;
}

/* Books what was sent and dirtied since the last time. */
void
_sim_copy_settle (SimTransfer *self)
{
  guint64 elapsed = (guint64) (self->world->now - self->segment_at);
  guint64 sent;

  if (!self->copying)
    return;
  if (self->mirrors != NULL)
    _sim_mirror_settle (self, elapsed);
  if (self->mirroring)
    {
      self->segment_at = self->world->now;
      return;
    }
  if (self->segment_moves)
    {
      sent = MIN (self->left, self->rate * elapsed / G_USEC_PER_SEC);
      self->left -= sent;
      self->processed += sent;
    }
  self->dirtied += write_rate (self) * elapsed / G_USEC_PER_SEC;
  self->dirtied = MIN (self->dirtied, self->guest->working_set);
  self->segment_at = self->world->now;
}

static guint64
threshold (SimTransfer *self)
{
  return self->final ? 0 : self->rate * self->out->downtime_ms / 1000;
}

SimAt
_sim_copy_get_trigger (const SimTransfer *self)
{
  return self->mirroring ? SIM_AT_MIRROR : self->post ? SIM_AT_POSTCOPY : SIM_AT_PERFORM;
}

void
_sim_copy_arm_percent (SimTransfer *self)
{
  guint64 total = self->mirroring ? MAX (1, _sim_mirror_get_total (self))
                  : self->post    ? self->post_total
                                  : self->guest->memory;
  guint64 done = self->mirroring ? total - MIN (total, _sim_mirror_get_left (self))
                 : self->post    ? self->post_total - self->left
                                 : self->processed;
  guint percent;
  guint64 target;

  _sim_unschedule (self->world, self->percent);
  self->percent = NULL;
  if (!self->post && !self->mirroring && self->pass != 1)
    return;
  percent = _sim_next_percent (self->world, self, _sim_copy_get_trigger (self),
                               (guint) (done * 100 / total));
  if (percent >= 100)
    return;
  target = total / 100 * percent;
  self->percent = _sim_schedule (
    self->world, target > done ? (gint64) ((target - done) * G_USEC_PER_SEC / self->rate) + 1 : 0,
    SIM_EVENT_PERCENT, self, percent);
}

/* A mirror that makes no headway is looked at again now and then, for its writes take room. */
static void
plan_mirror (SimTransfer *self)
{
  gint64 time = _sim_mirror_time_left (self);

  _sim_transfer_next (self, SIM_STEP_MIRRORED, time < 0 ? MIRROR_LOOK : time);
  _sim_copy_arm_percent (self);
}

/* From here to the end of the pass, if nothing changes. */
void
_sim_copy_plan (SimTransfer *self)
{
  guint64 need, limit;
  gint64 time;

  if (!self->copying)
    return;
  _sim_copy_settle (self);
  if (_sim_mirror_failed (self))
    return;
  self->segment_moves = data_flows (self);
  if (!self->segment_moves)
    {
      _sim_transfer_next (self, SIM_STEP_NONE, 0);
      return;
    }
  if (!self->mirroring && _sim_postcopy_try (self))
    return; /* which has planned anew */
  limit = self->post ? self->postcopy_bandwidth : self->out->bandwidth;
  self->rate = self->link->bandwidth / MAX (1, self->link->copying);
  if (limit > 0)
    self->rate = MIN (self->rate, limit << 20);
  self->rate = MAX (self->rate, 1);
  if (self->mirroring)
    {
      plan_mirror (self);
      return;
    }
  if (self->mirrors != NULL)
    self->rate
      = MAX (1, self->rate - MIN (self->rate, _sim_mirror_get_write_rate (self, self->rate)));

  need = self->left > threshold (self) ? self->left - threshold (self) : 0;
  time = (gint64) (need * G_USEC_PER_SEC / self->rate) + 1;
  if (!self->final)
    time = MAX (time, self->pass_at + MIN_PASS_TIME - self->world->now);
  _sim_transfer_next (self,
                      self->post    ? SIM_STEP_POSTCOPY_SENT
                      : self->final ? SIM_STEP_LAST_SENT
                                    : SIM_STEP_PASS_END,
                      time);
  if (self->post || !self->final)
    _sim_copy_arm_percent (self);
}

/* QEMU has stopped the CPUs and waits for libvirtd to say that it may go on. */
static void
switch_over (SimTransfer *self)
{
  _sim_copy_set (self, FALSE);
  self->stopped_at = self->world->now;
  _sim_domain_set_cpus (self->out, FALSE);
  if (!self->was_paused)
    _sim_domain_set_state (self->out, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_MIGRATION);
  _sim_transfer_next (self, SIM_STEP_CONTINUE, SIM_MESSAGE_TIME);
  _sim_trigger (self->world, SIM_AT_SWITCH, 0, self);
}

/* As QEMU's auto-converge: it looks when a bitmap is synchronised, at most once in a second, and
 * acts at each second look that found more than half of what was sent written anew. */
static void
throttle (SimTransfer *self)
{
  guint64 sent = self->processed - self->throttle_sent;

  self->throttle_written += self->dirtied;
  if (self->throttle_initial == 0 || self->world->now - self->throttle_looked_at <= THROTTLE_PERIOD)
    return;
  if (self->throttle_written * 2 > sent && ++self->throttle_high >= 2)
    {
      self->throttle_high = 0;
      self->throttle = self->throttle == 0
                         ? self->throttle_initial
                         : MIN (MOST_THROTTLE, self->throttle + self->throttle_increment);
    }
  self->throttle_looked_at = self->world->now;
  self->throttle_written = 0;
  self->throttle_sent = self->processed;
}

static void
pass_end (SimTransfer *self)
{
  guint64 limit = threshold (self);

  _sim_copy_settle (self);
  throttle (self);
  self->left = MIN (self->left + self->dirtied, MAX (self->guest->working_set, self->left));
  self->dirtied = 0;
  if (self->left <= limit)
    {
      switch_over (self);
      return;
    }
  self->pass++;
  self->pass_at = self->world->now;
  _sim_copy_plan (self);
}

void
_sim_transfer_retune (SimTransfer *self)
{
  if (!self->copying)
    return;
  _sim_copy_plan (self);
  if (self->segment_moves && !self->final && !self->mirroring
      && self->left + self->dirtied <= threshold (self))
    _sim_transfer_next (self, SIM_STEP_PASS_END, 0);
}

void
_sim_transfer_get_stats (SimTransfer *self, MigrateStats *stats)
{
  _sim_copy_settle (self);
  memset (stats, 0, sizeof *stats);
  stats->type = self->type;
  stats->outgoing = TRUE;
  stats->elapsed_ms = (guint64) (self->world->now - self->begun_at) / SIM_MS;
  _sim_mirror_get_stats (self, stats);
  if (self->pass == 0)
    return;
  stats->memory_total = self->guest->memory;
  stats->memory_processed = self->processed;
  stats->memory_remaining = self->left;
  stats->memory_bps = self->segment_moves ? self->rate : 0;
  stats->dirty_rate = write_rate (self);
  stats->throttle = self->throttle;
  stats->pass = self->pass;
  stats->page_size = SIM_PAGE_SIZE;
  stats->memory_normal = self->processed / SIM_PAGE_SIZE;
  stats->memory_normal_bytes = stats->memory_normal * SIM_PAGE_SIZE;
  if (self->rate > 0 && !self->post)
    {
      stats->has_downtime = TRUE;
      stats->downtime_ms = self->left * 1000 / self->rate;
    }
}

void
_sim_copy_save (SimTransfer *self, SimDomain *domain)
{
  _sim_transfer_get_stats (self, &domain->completed);
  domain->completed.type = MIGRATE_JOB_COMPLETED;
  domain->completed.outgoing = domain == self->out;
  domain->completed.memory_remaining = 0;
  domain->completed.has_downtime = !self->was_paused;
  domain->completed.downtime_ms = self->downtime_ms;
  domain->has_completed = TRUE;
}

void
_sim_copy_pass_end (SimTransfer *self)
{
  guint64 limit = threshold (self);

  _sim_copy_settle (self);
  self->left = MIN (self->left, limit); /* rounding */
  if (self->pass == 1)
    _sim_trigger (self->world, SIM_AT_PERFORM, 100, self);
  if (self->copying && self->segment_moves && self->failure == NULL)
    pass_end (self);
}
