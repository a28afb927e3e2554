/* migratectl move: one guest, from check to finalize. */
#include "ctl.h"

static MigrateJob *
job_from_options (const CtlOptions *options, GError **error)
{
  g_autoptr (MigrateHost) source = NULL;
  g_autoptr (MigrateHost) destination = NULL;
  g_autoptr (MigratePolicy) policy = NULL;
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *confirm = NULL;
  MigrateKind kind;
  MigrateJob *job;

  if (!ctl_request_kind (options, &kind, error))
    return NULL;
  policy = ctl_request_policy (options, error);
  if (policy == NULL)
    return NULL;
  confirm = migrate_policy_dup (policy, "confirm", NULL);
  if (g_str_equal (confirm, "manual"))
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "The policy “confirm = manual” is for programs: migratectl always finalizes");
      return NULL;
    }
  source = migrate_host_new (options->from);
  destination = ctl_request_destination (options, options->to[0]);
  journal = ctl_request_journal (options);
  job = migrate_job_new (options->rest[0], source, destination);
  migrate_job_set_kind (job, kind);
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  migrate_job_set_forecast (job, TRUE);
  return job;
}

CtlExit
ctl_move (const CtlOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateJob) job = NULL;

  if (g_strv_length (options->to) > 1)
    return ctl_fail_usage (options, "move", "A move has one --to; check takes several");
  job = job_from_options (options, &error);
  if (job == NULL)
    return ctl_fail_usage (options, "move", error->message);
  return ctl_drive (options, job, CTL_DRIVE_RUN, FALSE /* looking on */);
}
