/* Act: what the hand-over needs from us, tried until it is done or the policy's patience ends. */
#include "migrate/follow-private.h"

#include "steps/steps-private.h"

/* The step that the hand-over needs from us; NULL: none. */
const char *
_migrate_follow_needed_step (Follow *self, MigrateConclusion conclusion)
{
  switch (conclusion)
    {
    case MIGRATE_CONCLUSION_DESTROY_SOURCE_HALF:
      return "destroy-source-half";
    case MIGRATE_CONCLUSION_RESUME_SOURCE:
      return "resume-source";
    case MIGRATE_CONCLUSION_MOVED:
      /* The strict hand-over: the source is proven gone, so the guest may run. */
      return self->seen.arrives_paused && !_migrate_sighting_runs (&self->seen.destination)
               ? "resume-destination"
               : NULL;
    case MIGRATE_CONCLUSION_STAYED:
      /* libvirt defines there before it starts, and leaves that when the start fails. The check has
       * proven that there was none before. */
      return self->seen.destination.present ? "undefine-destination" : NULL;
    default:
      return NULL;
    }
}

static void
say_why (Follow *self, const char *step)
{
  if (g_str_equal (step, "destroy-source-half"))
    _migrate_work_decide (self->work, step,
                          "the destination has run for %" G_GUINT64_FORMAT
                          " ms while the source waits for a reply that was lost; libvirt would "
                          "resume it",
                          self->seen.unconfirmed_ms);
  else if (g_str_equal (step, "resume-source"))
    _migrate_work_decide (self->work, step,
                          "the transfer is over, the guest stands still at the source, and the "
                          "destination has none");
  else if (g_str_equal (step, "undefine-destination"))
    _migrate_work_decide (
      self->work, step, "the guest stayed, and the failed hand-over has left its definition there");
  else
    _migrate_work_decide (self->work, step, "the source is proven gone");
}

static GError *
unacted (Follow *self, const char *step)
{
  g_autofree char *source = _migrate_sighting_describe (&self->seen.source);
  g_autofree char *destination = _migrate_sighting_describe (&self->seen.destination);

  return _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER,
                             "See to what failed, then follow the job again; start the guest "
                             "nowhere before",
                             "“%s” is needed and could not be done (source: %s; destination: %s): "
                             "%s",
                             step, source, destination, self->not_acted->message);
}

/* It is tried again as long as the hosts show that it is needed: what the guest is in for without
 * it (standing still, running twice) is worse than a few seconds of an unwritable journal or a busy
 * host. FALSE: that took longer than the policy's patience, or the claim is lost. */
gboolean
_migrate_follow_act (Follow *self, const char *step, gboolean *acted, GError **error)
{
  MigrateWork *work = self->work;
  gint64 now = _migrate_backend_now (work->backend);
  GError *failed = NULL;

  if (self->not_acted == NULL)
    say_why (self, step);
  *acted = _migrate_steps_run (work, step, NULL /* args */, &failed);
  if (*acted)
    {
      g_clear_error (&self->not_acted);
      return TRUE;
    }
  if (work->lost_claim)
    {
      g_propagate_error (error, failed);
      return FALSE;
    }
  if (self->not_acted != NULL)
    g_error_free (failed); /* the first cause is told */
  else
    {
      self->not_acted = failed;
      self->not_acted_since = now;
    }
  self->poll_ms = MIGRATE_FOLLOW_FIRST_POLL_MS;
  if (now - self->not_acted_since <= (gint64) self->seen.settle_ms * 1000)
    return TRUE;
  g_propagate_error (error, unacted (self, step));
  return FALSE;
}
