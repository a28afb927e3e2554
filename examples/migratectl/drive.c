/* A long operation and the signals that steer it. The first Ctrl-C asks for the cancel and waits
 * for what comes of it; the next one leaves at once: what runs under libvirt goes on, and the
 * kernel gives our claim back, so that another process can follow the job. */
#include "ctl.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

#define DETACH_WITHIN_S 10

typedef struct
{
  const CtlOptions *options;
  MigrateJob *job;
  CtlDriveVerb verb;
  gboolean looking_on;
  gboolean direct;
  GMainLoop *loop;
  GCancellable *cancellable;
  CtlLine *line;
  gboolean cancelling, detaching;
  guint detach_timeout;
  guint pending; /* callbacks of the library that will still come */
  GError *error; /* of the operation */
} Drive;

/* ---- leaving at once ---- */

static CtlExit
judge_leaving (Drive *self, const char **why, const char **remedy)
{
  MigrateState state = migrate_job_get_state (self->job);
  MigratePhase phase = migrate_job_get_phase (self->job);

  if (self->verb == CTL_DRIVE_CANCEL)
    {
      *why = "Left; the cancel was asked for, its end was not waited for";
      *remedy = "See how it ended: migratectl show %s; or ask again: migratectl cancel %s";
      return CTL_LEFT;
    }
  if (self->verb == CTL_DRIVE_CHORES)
    {
      *why = "Left; the guest has moved, and a chore may still go on in it";
      *remedy = "Do the chores again: migratectl chores %s";
      return CTL_TO_REPAIR;
    }
  if (self->looking_on)
    {
      *why = "No longer following; the job goes on";
      *remedy = "Follow it again: migratectl follow %s";
      return CTL_LEFT;
    }
  if ((state == MIGRATE_STATE_NEW || state == MIGRATE_STATE_CHECKED)
      && (phase == MIGRATE_PHASE_IDLE || phase == MIGRATE_PHASE_GATHERING
          || phase == MIGRATE_PHASE_QUEUED))
    {
      *why = "Left before anything was changed";
      *remedy = NULL;
      return CTL_REFUSED;
    }
  if (migrate_job_is_in_flight (self->job) && !self->direct)
    {
      *why = self->cancelling
               ? "Left while libvirt was ending the move; it may also have come to its end"
               : "Left; the move goes on under libvirt";
      *remedy = "Follow it: migratectl follow %s";
      return CTL_LEFT;
    }
  *why = "Left in the middle";
  *remedy = migrate_job_is_in_flight (self->job)
              ? "See what came of it: migratectl follow %s"
              : "Have what was done taken back: migratectl cancel %s";
  return CTL_FAILED;
}

static char *
with_id (const char *format, const char *id)
{
  g_auto (GStrv) parts = g_strsplit (format, "%s", -1);

  return g_strjoinv (id, parts);
}

/* Nothing is unwound: threads of ours may hang in a host that does not answer, and the journal
 * survives this by design. */
static G_GNUC_NORETURN void
leave (Drive *self)
{
  const char *why, *advice;
  CtlExit code = judge_leaving (self, &why, &advice);
  g_autofree char *remedy
    = advice != NULL ? with_id (advice, migrate_job_get_id (self->job)) : NULL;
  g_autoptr (CtlFault) fault = ctl_fault_new_literal (code == CTL_LEFT      ? "left"
                                                      : code == CTL_REFUSED ? "cancelled"
                                                                            : "failed",
                                                      why, remedy);

  ctl_line_clear ();
  if (self->options->json)
    ctl_json_job (self->job, fault);
  ctl_fault_tell (fault);
  fflush (stdout);
  _exit ((int) code);
}

/* ---- signals ---- */

static void
ask_cancel (Drive *self)
{
  self->cancelling = TRUE;
  ctl_err ("migratectl: cancelling… (%s)", self->direct
                                             ? "once more: leave at once, which breaks the move off"
                                             : "once more: leave at once, and let libvirt go on");
  g_cancellable_cancel (self->cancellable);
}

static gboolean
on_interrupt (gpointer data)
{
  Drive *self = data;

  if (self->cancelling || self->detaching || self->looking_on || self->verb == CTL_DRIVE_CANCEL)
    leave (self);
  ask_cancel (self);
  return G_SOURCE_CONTINUE;
}

static void
done_one (Drive *self)
{
  if (--self->pending == 0)
    g_main_loop_quit (self->loop);
}

/* What comes of it is told by the operation itself, which ends now or later. */
static void
on_detached (GObject *object, GAsyncResult *result, gpointer data)
{
  Drive *self = data;
  g_autoptr (GError) error = NULL;

  if (!migrate_job_detach_finish (MIGRATE_JOB (object), result, &error))
    g_debug ("Detaching: %s", error->message);
  done_one (self);
}

static gboolean
on_detach_timeout (gpointer data)
{
  leave (data);
}

static gboolean
on_terminate (gpointer data)
{
  Drive *self = data;

  if (self->cancelling || self->detaching || self->looking_on || self->verb == CTL_DRIVE_CANCEL)
    leave (self);
  if (self->direct || !migrate_job_is_in_flight (self->job))
    {
      ask_cancel (self);
      return G_SOURCE_CONTINUE;
    }
  self->detaching = TRUE;
  ctl_err ("migratectl: leaving the move to libvirt…");
  self->detach_timeout = g_timeout_add_seconds (DETACH_WITHIN_S, on_detach_timeout, self);
  self->pending++;
  migrate_job_detach_async (self->job, NULL /* cancellable */, on_detached, self);
  return G_SOURCE_CONTINUE;
}

/* ---- the operation ---- */

static void
on_run (GObject *object, GAsyncResult *result, gpointer data)
{
  Drive *self = data;
  g_autoptr (MigrateResult) moved
    = migrate_job_run_finish (MIGRATE_JOB (object), result, &self->error);

  done_one (self);
}

static void
on_follow (GObject *object, GAsyncResult *result, gpointer data)
{
  Drive *self = data;
  g_autoptr (MigrateResult) moved
    = migrate_job_follow_finish (MIGRATE_JOB (object), result, &self->error);

  done_one (self);
}

static void
on_cancel (GObject *object, GAsyncResult *result, gpointer data)
{
  Drive *self = data;

  migrate_job_cancel_finish (MIGRATE_JOB (object), result, &self->error);
  done_one (self);
}

static void
on_chores (GObject *object, GAsyncResult *result, gpointer data)
{
  Drive *self = data;

  migrate_job_run_chores_finish (MIGRATE_JOB (object), result, &self->error);
  done_one (self);
}

static void
start (Drive *self)
{
  self->pending = 1;
  switch (self->verb)
    {
    case CTL_DRIVE_RUN:
      migrate_job_run_async (self->job, self->cancellable, on_run, self);
      break;
    case CTL_DRIVE_FOLLOW:
      migrate_job_follow_async (self->job, self->cancellable, on_follow, self);
      break;
    case CTL_DRIVE_CANCEL:
      migrate_job_cancel_async (self->job, NULL /* cancellable */, on_cancel, self);
      break;
    case CTL_DRIVE_CHORES:
      migrate_job_run_chores_async (self->job, self->cancellable, on_chores, self);
      break;
    }
}

static gboolean
is_direct (MigrateJob *job)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);
  MigrateTransport transport = MIGRATE_TRANSPORT_P2P;

  g_object_get (policy, "transport", &transport, NULL);
  return transport == MIGRATE_TRANSPORT_DIRECT;
}

/* A cancel succeeds when the guest stays; all other verbs when it moves. */
static CtlExit
judge_cancel (Drive *self)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (self->job);

  if (self->error != NULL)
    return g_error_matches (self->error, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER)
               || migrate_job_get_state (self->job) == MIGRATE_STATE_PREPARED
             ? CTL_FAILED
             : CTL_REFUSED;
  return result != NULL && migrate_result_get_outcome (result) == MIGRATE_OUTCOME_DOWN
           ? CTL_NOT_MOVED
           : CTL_DONE;
}

/* The move is not in question. */
static CtlExit
conclude_chores (Drive *self)
{
  static const int refused[] = { MIGRATE_ERROR_WRONG_STATE, MIGRATE_ERROR_INVALID,
                                 MIGRATE_ERROR_BUSY, MIGRATE_ERROR_JOURNAL };
  g_autoptr (CtlFault) fault = ctl_fault_new (self->error, NULL /* job */);
  CtlExit code = self->error == NULL ? CTL_DONE : CTL_TO_REPAIR;

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    if (g_error_matches (self->error, MIGRATE_ERROR, refused[i]))
      code = CTL_REFUSED;
  if (code == CTL_TO_REPAIR)
    {
      g_free (fault->remedy);
      fault->remedy = with_id ("Try again: migratectl chores %s", migrate_job_get_id (self->job));
    }
  ctl_tell_job (self->options, self->job, fault);
  return code;
}

/* It waits for a word, which only the user has. */
static void
tell_what_is_left (MigrateJob *job)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  const char *id = migrate_job_get_id (job);
  MigrateKind kind = result != NULL ? migrate_result_get_kind (result) : migrate_job_get_kind (job);

  if (migrate_job_get_state (job) != MIGRATE_STATE_MIGRATED)
    return;
  ctl_note ("confirm it: migratectl finalize %s", id);
  if (kind == MIGRATE_KIND_COLD || kind == MIGRATE_KIND_SUSPEND)
    ctl_note ("or take it back: migratectl revert %s", id);
}

static CtlExit
conclude (Drive *self)
{
  gboolean is_cancel = self->verb == CTL_DRIVE_CANCEL;
  CtlExit code = is_cancel ? judge_cancel (self) : ctl_exit_of (self->job, self->error);
  g_autoptr (CtlFault) fault = NULL;

  /* The library's word for it is an error that asks for a recovery. */
  if (code == CTL_LEFT)
    {
      g_autofree char *remedy
        = with_id ("Follow it: migratectl follow %s", migrate_job_get_id (self->job));

      fault = ctl_fault_new_literal ("left", "The move was left running under libvirt", remedy);
    }
  else if (self->error != NULL)
    fault = ctl_fault_new (self->error, self->job);
  ctl_tell_job (self->options, self->job, fault);
  if (self->error == NULL)
    tell_what_is_left (self->job);
  return code;
}

CtlExit
ctl_drive (const CtlOptions *options, MigrateJob *job, CtlDriveVerb verb, gboolean looking_on)
{
  Drive self = { .options = options, .job = job, .verb = verb, .looking_on = looking_on };
  guint sources[3];
  CtlExit code;

  self.direct = is_direct (job);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.cancellable = g_cancellable_new ();
  self.line = ctl_line_new (job, options);
  sources[0] = g_unix_signal_add (SIGINT, on_interrupt, &self);
  sources[1] = g_unix_signal_add (SIGTERM, on_terminate, &self);
  sources[2] = g_unix_signal_add (SIGHUP, on_terminate, &self);
  start (&self);
  g_main_loop_run (self.loop);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  if (self.detach_timeout != 0)
    g_source_remove (self.detach_timeout);
  g_clear_pointer (&self.line, ctl_line_free);
  code = verb == CTL_DRIVE_CHORES ? conclude_chores (&self) : conclude (&self);
  g_clear_error (&self.error);
  g_object_unref (self.cancellable);
  g_main_loop_unref (self.loop);
  return code;
}
