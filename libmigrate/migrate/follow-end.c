/* Act: the end of a transfer: what the hosts showed becomes an outcome, with its first cause. */
#include "migrate/downtime-private.h"
#include "migrate/follow-private.h"
#include "storage/files-private.h"

static void
measure_downtime (Follow *self)
{
  MigrateResult *result = self->work->result;
  const char *origin;
  guint64 ms;
  g_autoptr (MigrateCall) call
    = _migrate_work_call (self->work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_JOB_STATS,
                          result->guest_uuid, 1 /* completed */, NULL /* error */);
  gboolean completed = call != NULL && call->stats.type == MIGRATE_JOB_COMPLETED;
  MigrateDowntimeView view = {
    .was_paused = self->before->was_paused,
    .has_said = completed && call->stats.has_downtime,
    .said_ms = completed ? call->stats.downtime_ms : 0,
    .resumed_by_us = self->seen.arrives_paused,
    .ended = self->call != NULL ? _migrate_transfer_call_get_ended (self->call) : 0,
    .postcopy = _migrate_follow_is_switched (self),
    .ran_here_at = self->ran_here_at,
    .stopped_at = self->stopped_at,
    .paused_at = self->paused_at,
    .ran_at = self->ran_at,
  };

  if (completed)
    _migrate_follow_note_stats (self, &call->stats);
  ms = _migrate_downtime_decide (&view, &origin);
  if (origin == NULL)
    return;
  result->has_downtime = TRUE;
  result->downtime_ms = ms;
  g_free (result->downtime_origin);
  result->downtime_origin = g_strdup (origin);
}

char *
_migrate_sighting_describe (const MigrateSighting *s)
{
  if (!s->asked)
    return g_strdup ("does not answer");
  if (!s->present)
    return g_strdup ("has no such guest");
  return _migrate_domain_describe (s->state, s->reason);
}

/* The first cause, with libvirt's own words where there are some. */
static GError *
cause (Follow *self, MigrateError otherwise, const char *remedy, const char *what)
{
  g_autofree char *source = _migrate_sighting_describe (&self->seen.source);
  g_autofree char *destination = _migrate_sighting_describe (&self->seen.destination);
  GError *error = self->given_up != NULL ? g_steal_pointer (&self->given_up) : NULL;

  if (error == NULL && self->broke != NULL)
    error = g_steal_pointer (&self->broke);
  if (error == NULL && self->call != NULL)
    error = _migrate_transfer_call_dup_error (self->call);
  if (error == NULL)
    return _migrate_error_new (otherwise, remedy, "%s (source: %s; destination: %s)", what, source,
                               destination);
  g_prefix_error (&error, "%s (source: %s; destination: %s): ", what, source, destination);
  return error;
}

static GError *
needs_recover (Follow *self, const char *remedy, const char *what)
{
  g_autoptr (GError) first = cause (self, MIGRATE_ERROR_NEEDS_RECOVER, NULL, what);

  return _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER, remedy, "%s", first->message);
}

#define REMEDY_ASK                                                                                 \
  "Make both hosts answer, then follow the job again; start the guest nowhere before"
#define REMEDY_POSTCOPY                                                                            \
  "Let the hosts reach each other, then follow the job again; destroy the guest on neither before"

static GError *
unknown (Follow *self)
{
  g_autofree char *what = NULL;

  if (self->overdue != NULL)
    return needs_recover (self,
                          "See to what holds it up, then follow the job again; start the guest "
                          "nowhere before",
                          self->overdue->message);
  if (!_migrate_watch_in_postcopy (&self->seen))
    return needs_recover (self, REMEDY_ASK, "It cannot be told who runs the guest");
  what = g_strdup_printf ("The post-copy is not done: the guest's memory is on both hosts, and "
                          "neither half may be destroyed; it was tried to resume it %u times%s",
                          self->attempts,
                          self->resumed != NULL && self->seen.transfer == MIGRATE_TRANSFER_OPEN
                            ? ", the last of which has not returned: see whether the guest's "
                              "monitor answers at the destination"
                            : "");
  return needs_recover (self, REMEDY_POSTCOPY, what);
}

static GError *
lost (Follow *self)
{
  if (!_migrate_watch_in_postcopy (&self->seen))
    return needs_recover (self, REMEDY_ASK, "No host knows the guest any more");
  return needs_recover (self, "Start the guest anew from its disks, once what is left is destroyed",
                        "The guest's memory is lost: half of it was on each host when one of them "
                        "lost its half");
}

gboolean
_migrate_follow_end (Follow *self, MigrateConclusion conclusion, GError **error)
{
  MigrateResult *result = self->work->result;

  switch (conclusion)
    {
    case MIGRATE_CONCLUSION_MOVED:
      result->outcome = MIGRATE_OUTCOME_MOVED;
      measure_downtime (self);
      _migrate_follow_tell_moved (self);
      return TRUE;
    case MIGRATE_CONCLUSION_STAYED:
      result->outcome = MIGRATE_OUTCOME_STAYED;
      g_propagate_error (
        error, cause (self, MIGRATE_ERROR_FAILED, NULL, "The guest stayed at the source"));
      _migrate_files_explain_no_space (self->work, error);
      return FALSE;
    case MIGRATE_CONCLUSION_DOWN:
      result->outcome = MIGRATE_OUTCOME_DOWN;
      g_propagate_error (error, cause (self, MIGRATE_ERROR_FAILED, "Start it where it is defined",
                                       "The guest went off on the way"));
      return FALSE;
    case MIGRATE_CONCLUSION_LOST:
      result->outcome = MIGRATE_OUTCOME_LOST;
      g_propagate_error (error, lost (self));
      return FALSE;
    case MIGRATE_CONCLUSION_SPLIT:
      result->outcome = MIGRATE_OUTCOME_SPLIT;
      g_propagate_error (error, needs_recover (self, REMEDY_ASK, "The guest runs on both hosts"));
      return FALSE;
    case MIGRATE_CONCLUSION_UNKNOWN:
    default:
      result->outcome = MIGRATE_OUTCOME_UNKNOWN;
      g_propagate_error (error, unknown (self));
      return FALSE;
    }
}
