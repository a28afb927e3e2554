/* See the header; reference for the rows: libvirt resumes the source when the reply to its last
 * message is lost, about 29 s later, so a source that is paused for migration beside a running
 * destination has to go before (MIGRATE_UNCONFIRMED_MS). */
#include "migrate/watch-private.h"

#define MIGRATE_UNCONFIRMED_MS 2000
#define MIGRATE_LINGER_MS 45000   /* libvirt lets a failed job go after 30 s at the latest */
#define MIGRATE_CALL_LATE_MS 5000 /* a call that hosts have proven to be over */

gboolean
_migrate_sighting_runs (const MigrateSighting *s)
{
  return s->asked && s->present
         && (s->state == MIGRATE_DOMAIN_RUNNING || s->state == MIGRATE_DOMAIN_BLOCKED
             || s->state == MIGRATE_DOMAIN_PMSUSPENDED);
}

static gboolean
is_off (const MigrateSighting *s)
{
  return s->asked
         && (!s->present || s->state == MIGRATE_DOMAIN_SHUTOFF
             || s->state == MIGRATE_DOMAIN_CRASHED);
}

static gboolean
is_paused (const MigrateSighting *s)
{
  return s->asked && s->present && s->state == MIGRATE_DOMAIN_PAUSED;
}

static gboolean
is_half_in_postcopy (const MigrateSighting *s)
{
  return is_paused (s)
         && (s->reason == MIGRATE_PAUSED_POSTCOPY || s->reason == MIGRATE_PAUSED_POSTCOPY_FAILED);
}

static gboolean
is_half_broken (const MigrateSighting *s)
{
  return is_paused (s) && s->reason == MIGRATE_PAUSED_POSTCOPY_FAILED;
}

static gboolean
runs_in_postcopy (const MigrateSighting *s)
{
  return s->asked && s->present && s->state == MIGRATE_DOMAIN_RUNNING
         && (s->reason == MIGRATE_RUNNING_POSTCOPY || s->reason == MIGRATE_RUNNING_POSTCOPY_FAILED);
}

static gboolean
runs_broken (const MigrateSighting *s)
{
  return runs_in_postcopy (s) && s->reason == MIGRATE_RUNNING_POSTCOPY_FAILED;
}

gboolean
_migrate_watch_in_postcopy (const MigrateObservation *seen)
{
  return is_half_in_postcopy (&seen->source) || runs_in_postcopy (&seen->destination);
}

gboolean
_migrate_watch_postcopy_is_broken (const MigrateObservation *seen)
{
  return is_half_broken (&seen->source) || runs_broken (&seen->destination);
}

static gboolean
is_paused_for_migration (const MigrateSighting *s)
{
  return is_paused (s) && s->reason == MIGRATE_PAUSED_MIGRATION;
}

gboolean
_migrate_watch_is_paused_by_us (const MigrateObservation *seen)
{
  /* During a migration libvirt gives its reason, whoever asked. */
  return seen->stopped_by_us && is_paused (&seen->source)
         && (seen->source.reason == MIGRATE_PAUSED_USER
             || seen->source.reason == MIGRATE_PAUSED_MIGRATION);
}

/* libvirt resumes what we stopped as it does what it has stopped itself. */
static gboolean
source_waits (const MigrateObservation *seen)
{
  return is_paused_for_migration (&seen->source) || _migrate_watch_is_paused_by_us (seen);
}

static MigrateConclusion
wait_or_give_up (const MigrateObservation *seen)
{
  return seen->same_ms > seen->settle_ms ? MIGRATE_CONCLUSION_UNKNOWN : MIGRATE_CONCLUSION_WAIT;
}

/* The destination has the guest: running, or paused as it should be. */
static gboolean
arrived (const MigrateObservation *seen)
{
  const MigrateSighting *there = &seen->destination;

  if (_migrate_sighting_runs (there))
    return TRUE;
  return is_paused (there) && (seen->was_paused || seen->arrives_paused)
         && seen->transfer != MIGRATE_TRANSFER_FAILED && is_off (&seen->source);
}

static MigrateConclusion
decide_arrived (const MigrateObservation *seen)
{
  if (is_off (&seen->source))
    return MIGRATE_CONCLUSION_MOVED;
  if (_migrate_sighting_runs (&seen->source))
    return MIGRATE_CONCLUSION_SPLIT;
  if (source_waits (seen))
    return seen->unconfirmed_ms > MIGRATE_UNCONFIRMED_MS ? MIGRATE_CONCLUSION_DESTROY_SOURCE_HALF
                                                         : MIGRATE_CONCLUSION_WAIT;
  return wait_or_give_up (seen); /* a pause that nobody here made */
}

static MigrateConclusion
decide_source_paused (const MigrateObservation *seen)
{
  if (!is_off (&seen->destination))
    return wait_or_give_up (seen);
  if (seen->was_paused || !is_paused_for_migration (&seen->source))
    return MIGRATE_CONCLUSION_STAYED;
  /* Paused by libvirt, and nothing there or here goes on with it. */
  return seen->same_ms > MIGRATE_UNCONFIRMED_MS ? MIGRATE_CONCLUSION_RESUME_SOURCE
                                                : MIGRATE_CONCLUSION_WAIT;
}

static MigrateConclusion
decide_source_off (const MigrateObservation *seen)
{
  if (is_paused (&seen->destination))
    return wait_or_give_up (seen); /* half of it arrived, or it is being removed */
  if (seen->source.present || seen->destination.present)
    return MIGRATE_CONCLUSION_DOWN;
  return seen->persistent ? MIGRATE_CONCLUSION_LOST : MIGRATE_CONCLUSION_DOWN;
}

static MigrateConclusion
decide_over (const MigrateObservation *seen)
{
  if (!seen->source.asked || !seen->destination.asked)
    return seen->unasked_ms > seen->settle_ms ? MIGRATE_CONCLUSION_UNKNOWN
                                              : MIGRATE_CONCLUSION_WAIT;
  if (arrived (seen))
    return decide_arrived (seen);
  if (_migrate_sighting_runs (&seen->source))
    return is_off (&seen->destination) ? MIGRATE_CONCLUSION_STAYED : wait_or_give_up (seen);
  if (is_paused (&seen->source))
    return decide_source_paused (seen);
  if (is_off (&seen->source))
    return decide_source_off (seen);
  return wait_or_give_up (seen); /* being shut down */
}

/* ---- post-copy: half of the memory is on each host, so neither is ever resumed or destroyed ----
 */

static MigrateConclusion
wait_until (const MigrateObservation *seen, gboolean over, MigrateConclusion then)
{
  if (over)
    return then;
  return seen->transfer == MIGRATE_TRANSFER_OPEN ? MIGRATE_CONCLUSION_GO_ON
                                                 : MIGRATE_CONCLUSION_WAIT;
}

/* The source's QEMU ended. That it ended well is what libvirt says, or the definition's absence
 * where there was one. */
static MigrateConclusion
decide_postcopy_source_off (const MigrateObservation *seen)
{
  gboolean ended_well = seen->source.present ? seen->source.state == MIGRATE_DOMAIN_SHUTOFF
                                                 && seen->source.reason == MIGRATE_SHUTOFF_MIGRATED
                                             : seen->persistent;

  if (runs_broken (&seen->destination) && !ended_well)
    return wait_until (seen, seen->same_ms > MIGRATE_UNCONFIRMED_MS, MIGRATE_CONCLUSION_LOST);
  return wait_until (seen, seen->same_ms > seen->settle_ms, MIGRATE_CONCLUSION_UNKNOWN);
}

/* A source that is not broken while the destination is, or the other way round, may be late in
 * seeing it, or only the daemons have lost each other and QEMU goes on by itself. */
static MigrateConclusion
decide_postcopy_running (const MigrateObservation *seen)
{
  gboolean impatient = seen->broken_ms > seen->resume_ms;

  if (_migrate_sighting_runs (&seen->source)) /* the look at it may be the older one */
    return wait_until (seen, seen->same_ms > MIGRATE_UNCONFIRMED_MS, MIGRATE_CONCLUSION_SPLIT);
  if (is_off (&seen->source))
    return decide_postcopy_source_off (seen);
  if (is_half_broken (&seen->source) && runs_broken (&seen->destination)
      && seen->transfer != MIGRATE_TRANSFER_OPEN)
    return impatient ? MIGRATE_CONCLUSION_UNKNOWN : MIGRATE_CONCLUSION_RESUME_POSTCOPY;
  if (_migrate_watch_postcopy_is_broken (seen))
    return wait_until (seen, impatient, MIGRATE_CONCLUSION_UNKNOWN);
  if (seen->transfer == MIGRATE_TRANSFER_OPEN || (seen->job_active && !seen->job_ending))
    return MIGRATE_CONCLUSION_GO_ON;
  return seen->same_ms > MAX (seen->settle_ms, seen->resume_ms) ? MIGRATE_CONCLUSION_UNKNOWN
                                                                : MIGRATE_CONCLUSION_GO_ON;
}

/* The destination has all of the memory, or has it no more, or its CPUs stand still for a reason
 * of their own. */
static MigrateConclusion
decide_postcopy_source (const MigrateObservation *seen)
{
  if (is_off (&seen->destination) && is_half_broken (&seen->source))
    return wait_until (seen, seen->same_ms > MIGRATE_UNCONFIRMED_MS, MIGRATE_CONCLUSION_LOST);
  if (is_paused (&seen->destination) && !is_half_broken (&seen->source) && seen->job_active
      && !seen->job_ending)
    return MIGRATE_CONCLUSION_GO_ON;
  return wait_until (seen, seen->same_ms > seen->settle_ms, MIGRATE_CONCLUSION_UNKNOWN);
}

static MigrateConclusion
decide_postcopy (const MigrateObservation *seen)
{
  if (!seen->source.asked || !seen->destination.asked)
    return wait_until (seen, seen->unasked_ms > seen->settle_ms, MIGRATE_CONCLUSION_UNKNOWN);
  return runs_in_postcopy (&seen->destination) ? decide_postcopy_running (seen)
                                               : decide_postcopy_source (seen);
}

MigrateConclusion
_migrate_watch_decide (const MigrateObservation *seen)
{
  if (_migrate_watch_in_postcopy (seen))
    return decide_postcopy (seen);
  if (seen->transfer == MIGRATE_TRANSFER_OPEN)
    {
      if (_migrate_sighting_runs (&seen->destination) && source_waits (seen) && !seen->was_paused
          && seen->unconfirmed_ms > MIGRATE_UNCONFIRMED_MS)
        return MIGRATE_CONCLUSION_DESTROY_SOURCE_HALF;
      if (_migrate_sighting_runs (&seen->destination) && is_off (&seen->source)
          && seen->same_ms > MIGRATE_CALL_LATE_MS)
        return MIGRATE_CONCLUSION_MOVED;
      if (seen->unasked_ms > seen->settle_ms)
        return MIGRATE_CONCLUSION_UNKNOWN;
      if (seen->job_known && !seen->job_active && is_off (&seen->destination)
          && seen->same_ms > seen->settle_ms)
        return MIGRATE_CONCLUSION_NEVER_BEGAN;
      return MIGRATE_CONCLUSION_GO_ON;
    }
  /* The call failed for us, or is not ours: libvirt may go on all the same. */
  if (seen->transfer != MIGRATE_TRANSFER_OK && seen->source.asked && seen->source.present
      && !is_off (&seen->source))
    {
      if (!seen->job_known)
        return wait_or_give_up (seen);
      if (seen->job_ending && !_migrate_sighting_runs (&seen->destination))
        return seen->same_ms > MAX (seen->settle_ms, MIGRATE_LINGER_MS) ? MIGRATE_CONCLUSION_UNKNOWN
                                                                        : MIGRATE_CONCLUSION_WAIT;
      if (seen->job_active && !_migrate_sighting_runs (&seen->destination))
        return MIGRATE_CONCLUSION_GO_ON;
    }
  return decide_over (seen);
}
