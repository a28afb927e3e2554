/* Act: the end of a transfer: what the hosts showed becomes an outcome, with its first cause. */
#include "migrate/follow-private.h"

static void
set_origin (MigrateResult *result, const char *origin)
{
  g_free (result->downtime_origin);
  result->downtime_origin = g_strdup (origin);
}

static void
measure_downtime (Follow *self)
{
  MigrateResult *result = self->work->result;
  gint64 since;
  g_autoptr (MigrateCall) call
    = _migrate_work_call (self->work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_JOB_STATS,
                          result->guest_uuid, 1 /* completed */, NULL /* error */);

  if (call != NULL && call->stats.type == MIGRATE_JOB_COMPLETED)
    {
      result->bytes = MAX (call->stats.memory_processed, result->bytes);
      result->passes = MAX (result->passes, call->stats.pass);
      if (call->stats.has_downtime && !self->before->was_paused)
        {
          gint64 ended = self->call != NULL ? _migrate_transfer_call_get_ended (self->call) : 0;

          result->has_downtime = TRUE;
          result->downtime_ms = call->stats.downtime_ms;
          set_origin (result, "hypervisor");
          /* Its figure ends before a resume of ours. */
          if (self->seen.arrives_paused && ended != 0 && self->ran_at > ended)
            result->downtime_ms += (guint64) (self->ran_at - ended) / 1000;
          if (!self->seen.arrives_paused || ended != 0)
            return;
        }
    }
  /* The switch to post-copy takes a few milliseconds, less than a look does: then the most that it
   * can have been. */
  since = _migrate_follow_is_switched (self) ? self->ran_here_at : self->stopped_at;
  if (since != 0 && self->ran_at > since && !self->before->was_paused)
    {
      result->has_downtime = TRUE;
      result->downtime_ms = (guint64) (self->ran_at - since) / 1000;
      set_origin (result, "polled");
    }
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
      return TRUE;
    case MIGRATE_CONCLUSION_STAYED:
      result->outcome = MIGRATE_OUTCOME_STAYED;
      g_propagate_error (
        error, cause (self, MIGRATE_ERROR_FAILED, NULL, "The guest stayed at the source"));
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
