/* Gather: one look at both hosts while a transfer runs. */
#include "migrate/follow-private.h"

#include <string.h>

static void
look_at (Follow *self, MigrateSide side, MigrateSighting *sighting)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateCall) call = _migrate_work_call (self->work, side, MIGRATE_CALL_DOMAIN_STATE,
                                                     self->work->result->guest_uuid, 0, &error);

  memset (sighting, 0, sizeof *sighting);
  sighting->present = call != NULL;
  sighting->asked = call != NULL || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND);
  if (call != NULL)
    {
      sighting->state = call->domain.state;
      sighting->reason = call->domain.reason;
    }
}

/* A question that never came back need not sit in the guest's monitor: its answer may be lost. This
 * one is answered without the monitor. */
static gboolean
is_monitor_free (Follow *self)
{
  g_autoptr (MigrateCall) call
    = _migrate_work_call (self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_CONTROL_INFO,
                          self->work->result->guest_uuid, 0, NULL /* error */);

  return call != NULL && call->value_out == 0;
}

/* A page of one repeated byte is dealt with as any other, and costs next to nothing on the wire. */
static void
note_travel (Follow *self, const MigrateStats *stats)
{
  guint64 pages = (stats->memory_normal + stats->memory_constant) * stats->page_size;
  gint64 now = _migrate_backend_now (self->work->backend);

  /* What the guest writes to disks that are there goes on while memory stands still. */
  if (self->stats.memory_processed != stats->memory_processed
      || (stats->memory_total == 0 && self->stats.disk_processed != stats->disk_processed))
    self->travelled_at = now;
  if (stats->memory_total != 0)
    _migrate_rates_add (&self->rates, now, MAX (stats->memory_processed, pages), stats->pass);
}

/* Statistics come from the guest's monitor, which may not answer: while one such question is
 * out there, no other is asked. */
static void
sample_job (Follow *self)
{
  MigrateWork *work = self->work;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateCall) call = NULL;

  self->seen.job_known = self->seen.source.asked && !self->seen.source.present;
  self->seen.job_active = FALSE;
  self->seen.job_ending = FALSE;
  if (!self->seen.source.present
      || (_migrate_link_count_parked (work->source) > 0 && !is_monitor_free (self)))
    return;
  call = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_JOB_STATS,
                             work->result->guest_uuid, 0, &error);
  self->seen.job_known
    = call != NULL || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND);
  /* A job that has failed, or is complete, and can still be asked about is one that libvirt still
   * has in hand, for up to 30 s where the other host is silent: nothing is over before it is gone.
   */
  if (call == NULL || call->stats.type == MIGRATE_JOB_NONE)
    return;
  self->seen.job_active = TRUE;
  if (self->active_since == 0)
    self->active_since = _migrate_backend_now (work->backend);
  if (work->transfer_since == 0)
    work->transfer_since = self->active_since;
  self->seen.job_ending = call->stats.type != MIGRATE_JOB_ACTIVE;
  if (call->stats.memory_total + call->stats.disk_total == 0)
    return;
  note_travel (self, &call->stats);
  self->stats = call->stats;
  self->sampled_at = _migrate_backend_now (work->backend);
  _migrate_follow_sample_disks (self);
}

static guint64
ms_since (gint64 now, gint64 since)
{
  return since != 0 ? (guint64) (now - since) / 1000 : 0;
}

static void
stamp (gint64 *since, gboolean holds, gint64 now)
{
  if (!holds)
    *since = 0;
  else if (*since == 0)
    *since = now;
}

static gboolean
same_sighting (const MigrateSighting *a, const MigrateSighting *b)
{
  return a->asked == b->asked && a->present == b->present && a->state == b->state
         && a->reason == b->reason;
}

void
_migrate_follow_sample (Follow *self)
{
  MigrateObservation *seen = &self->seen;
  MigrateSighting source = seen->source, destination = seen->destination;
  gint64 now, begun = _migrate_backend_now (self->work->backend);
  gboolean frozen;

  /* The call first: what it says must not be older than what the hosts show. */
  seen->transfer
    = self->call != NULL ? _migrate_transfer_call_get_state (self->call) : MIGRATE_TRANSFER_FOREIGN;
  look_at (self, MIGRATE_SIDE_SOURCE, &seen->source);
  look_at (self, MIGRATE_SIDE_DESTINATION, &seen->destination);
  sample_job (self);

  now = _migrate_backend_now (self->work->backend);
  if (_migrate_sighting_runs (&seen->source))
    self->paused_at = 0; /* the order was not heard, or libvirt let the guest run again */
  seen->stopped_by_us = self->paused_at != 0;
  frozen = _migrate_watch_is_paused_by_us (seen)
           || (seen->source.present && seen->source.state == MIGRATE_DOMAIN_PAUSED
               && seen->source.reason == MIGRATE_PAUSED_MIGRATION);
  if (!same_sighting (&source, &seen->source) || !same_sighting (&destination, &seen->destination)
      || self->same_since == 0)
    self->same_since = now;
  stamp (&self->unasked_since, !seen->source.asked || !seen->destination.asked, now);
  /* A source that enters post-copy shows itself so for a moment, beside a guest that needs it. */
  stamp (&self->unconfirmed_since,
         frozen && _migrate_sighting_runs (&seen->destination)
           && !_migrate_watch_in_postcopy (seen),
         now);
  stamp (&self->broken_since, _migrate_watch_postcopy_is_broken (seen), now);
  seen->same_ms = ms_since (now, self->same_since);
  seen->unasked_ms = ms_since (now, self->unasked_since);
  seen->unconfirmed_ms = ms_since (now, self->unconfirmed_since);
  seen->broken_ms = ms_since (now, self->broken_since);
  if (_migrate_sighting_runs (&seen->source))
    self->ran_here_at = begun;
  if (self->stopped_at == 0 && seen->source.asked && !_migrate_sighting_runs (&seen->source))
    self->stopped_at = now;
  if (self->ran_at == 0 && _migrate_sighting_runs (&seen->destination))
    self->ran_at = now;
}
