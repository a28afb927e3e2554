/* migratectl move: one guest, from check to finalize. */
#include "ctl.h"

CtlExit
ctl_move (const CtlOptions *options)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateJournal) journal = ctl_request_journal (options);
  g_autoptr (MigrateJob) job = NULL;

  if (g_strv_length (options->to) > 1)
    return ctl_fail_usage (options, "move", "A move has one --to; check takes several");
  job = ctl_request_job (options, journal, &error);
  if (job == NULL)
    return ctl_fail_usage (options, "move", error->message);
  return ctl_drive (options, job, CTL_DRIVE_RUN, FALSE /* looking on */);
}
