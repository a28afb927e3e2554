/* migratectl follow, cancel, chores: a job that is in the journal already. */
#include "ctl.h"

static gboolean
is_closed (MigrateState state)
{
  return state == MIGRATE_STATE_FINALIZED || state == MIGRATE_STATE_UNDONE
         || state == MIGRATE_STATE_CANCELLED || state == MIGRATE_STATE_REVERTED;
}

/* It ended before we came: its end is told again. */
static CtlExit
tell_closed (const CtlOptions *options, MigrateJob *job)
{
  g_autoptr (CtlFault) fault = NULL;

  if (migrate_job_get_state (job) != MIGRATE_STATE_FINALIZED)
    fault = ctl_fault_new (NULL /* error */, job);
  ctl_tell_job (options, job, fault);
  return ctl_exit_of (job, NULL /* error */);
}

/* --chore is a policy of this time only: the job's own is in the journal. */
static gboolean
set_chores (MigrateJob *job, char **chores, GError **error)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);
  g_autofree char *list = g_strjoinv (";", chores);

  if (!migrate_policy_set (policy, "chores", list, error))
    return FALSE;
  migrate_job_set_policy (job, policy);
  return TRUE;
}

/* The journal answers at once: it is a local file. */
static CtlExit
with_job (const CtlOptions *options, CtlDriveVerb verb)
{
  g_autoptr (MigrateJournal) journal = ctl_request_journal (options);
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (MigrateJob) job = NULL;
  const char *id = options->rest[0];
  GError *error = NULL;
  gboolean held;

  record = migrate_journal_lookup (journal, id, NULL /* cancellable */, &error);
  job = record != NULL ? migrate_job_load (journal, id, NULL /* cancellable */, &error) : NULL;
  if (job == NULL || (options->chore != NULL && !set_chores (job, options->chore, &error)))
    return ctl_fail_error (options, error, CTL_REFUSED);
  held = migrate_job_record_is_held (record);
  if (verb == CTL_DRIVE_FOLLOW && !held && is_closed (migrate_job_get_state (job)))
    return tell_closed (options, job);
  if (verb == CTL_DRIVE_FOLLOW)
    ctl_note (held ? "job %s: another process runs it; Ctrl-C ends the following, not the move"
                   : "job %s: nobody runs it, taking it over; Ctrl-C cancels the move",
              id);
  return ctl_drive (options, job, verb, held);
}

CtlExit
ctl_follow (const CtlOptions *options)
{
  return with_job (options, CTL_DRIVE_FOLLOW);
}

CtlExit
ctl_cancel (const CtlOptions *options)
{
  return with_job (options, CTL_DRIVE_CANCEL);
}

CtlExit
ctl_chores (const CtlOptions *options)
{
  return with_job (options, CTL_DRIVE_CHORES);
}
