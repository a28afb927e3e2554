/* migratectl plan: what a move would do, step by step. Changes nothing. */
#include "ctl.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

typedef struct
{
  const CtlOptions *options;
  MigrateJob *job;
  GMainLoop *loop;
  GCancellable *cancellable;
  CtlPlanned planned;
} Plan;

static void
on_planned (GObject *object, GAsyncResult *result, gpointer data)
{
  Plan *self = data;
  g_autoptr (GError) error = NULL;

  self->planned.plan = migrate_job_plan_finish (self->job, result, &error);
  if (error != NULL)
    self->planned.fault = ctl_fault_new (error, self->job);
  else
    self->planned.report = migrate_job_dup_report (self->job);
  g_main_loop_quit (self->loop);
}

static gboolean
on_interrupt (gpointer data)
{
  Plan *self = data;

  if (g_cancellable_is_cancelled (self->cancellable))
    _exit ((int) ctl_fail (
      self->options,
      ctl_fault_new_literal ("cancelled", "Left before the hosts answered", NULL /* remedy */),
      CTL_REFUSED));
  ctl_err ("migratectl: cancelling…");
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
run (Plan *self)
{
  guint sources[2];

  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
  sources[0] = g_unix_signal_add (SIGINT, on_interrupt, self);
  sources[1] = g_unix_signal_add (SIGTERM, on_interrupt, self);
  migrate_job_plan_async (self->job, self->cancellable, on_planned, self);
  g_main_loop_run (self->loop);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  g_object_unref (self->cancellable);
  g_main_loop_unref (self->loop);
}

CtlExit
ctl_plan (const CtlOptions *options)
{
  Plan self = { .options = options };
  g_autoptr (MigrateJournal) journal
    = options->journal != NULL ? ctl_request_journal (options) : migrate_sqlite_journal_new_none ();
  g_autoptr (GError) error = NULL;
  CtlExit code;

  if (g_strv_length (options->to) > 1)
    return ctl_fail_usage (options, "plan", "A plan has one --to; check takes several");
  self.job = ctl_request_job (options, journal, &error);
  if (self.job == NULL)
    return ctl_fail_usage (options, "plan", error->message);
  run (&self);
  ctl_plan_tell (options, &self.planned);
  code = self.planned.plan != NULL && !migrate_report_is_blocked (self.planned.report)
           ? CTL_DONE
           : CTL_REFUSED;
  g_clear_pointer (&self.planned.plan, migrate_plan_unref);
  g_clear_object (&self.planned.report);
  ctl_fault_free (self.planned.fault);
  g_object_unref (self.job);
  return code;
}
