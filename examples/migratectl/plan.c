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
  MigratePlan *plan;     /* nullable */
  MigrateReport *report; /* nullable */
  CtlFault *fault;       /* nullable */
} Plan;

/* ---- telling people ---- */

static const char *
text_of (GVariant *values, const char *key)
{
  const char *text = NULL;

  g_variant_lookup (values, key, "&s", &text);
  return text;
}

static void
tell_disks (MigratePlan *plan)
{
  g_autoptr (GVariant) disks = migrate_plan_dup_disks (plan);

  for (gsize i = 0; i < g_variant_n_children (disks); i++)
    {
      g_autoptr (GVariant) disk = g_variant_get_child_value (disks, i);
      const char *source = text_of (disk, "source"), *there = text_of (disk, "source-there");

      ctl_out ("  disk     %s: %s%s%s (%s)", text_of (disk, "target"), text_of (disk, "storage"),
               source != NULL ? ", " : "", source != NULL ? source : "", text_of (disk, "why"));
      if (there != NULL)
        ctl_out ("           there: %s", there);
    }
}

static void
tell_transfer (MigratePlan *plan)
{
  g_autoptr (GVariant) transfer = migrate_plan_dup_transfer (plan);
  g_autofree const char **flags = NULL;
  g_autofree char *words = NULL;
  GVariantIter iter;
  const char *name;
  GVariant *value;

  if (g_variant_lookup (transfer, "flags", "^a&s", &flags))
    words = g_strjoinv (" ", (char **) flags);
  ctl_out ("  transfer %s: %s", text_of (transfer, "transport"), words != NULL ? words : "");
  g_variant_iter_init (&iter, transfer);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &value))
    {
      g_autofree char *text = NULL;

      /* The flags say these. */
      if (g_variant_is_of_type (value, G_VARIANT_TYPE_BOOLEAN) || g_str_equal (name, "flags")
          || g_str_equal (name, "transport"))
        continue;
      text = ctl_json_text (value);
      ctl_out ("           %s %s", name, text);
    }
}

static void
tell_steps (MigratePlan *plan)
{
  for (guint i = 0; i < migrate_plan_get_n_steps (plan); i++)
    {
      MigrateStep *step = migrate_plan_get_step (plan, i);

      ctl_out ("  %2u. %s on %s (%s): %s", i + 1, migrate_step_get_what (step),
               migrate_step_get_host (step),
               ctl_nick (MIGRATE_TYPE_RISK, (int) migrate_step_get_risk (step)),
               migrate_step_get_effect (step));
      if (migrate_step_get_undo (step) != NULL)
        ctl_out ("      undone: %s", migrate_step_get_undo (step));
    }
}

static void
tell_xml (MigratePlan *plan)
{
  g_autoptr (GVariant) changes = migrate_plan_dup_changes (plan);
  g_autoptr (GVariant) holes = migrate_plan_dup_holes (plan);

  for (gsize i = 0; i < g_variant_n_children (changes); i++)
    {
      g_autoptr (GVariant) change = g_variant_get_child_value (changes, i);
      const char *from = text_of (change, "from"), *to = text_of (change, "to");

      ctl_out ("  change   %s: %s becomes %s (%s)", text_of (change, "subject"),
               from != NULL ? from : "nothing", to != NULL ? to : "nothing",
               text_of (change, "rule"));
    }
  for (gsize i = 0; i < g_variant_n_children (holes); i++)
    {
      g_autoptr (GVariant) hole = g_variant_get_child_value (holes, i);

      ctl_out ("  hole     %s: %s", text_of (hole, "name"), text_of (hole, "filled-by"));
    }
}

static void
tell_text (Plan *self)
{
  g_auto (GStrv) effects = migrate_plan_dup_effects (self->plan);

  ctl_out ("“%s”: %s, from %s to %s", migrate_plan_get_guest_name (self->plan),
           ctl_nick (MIGRATE_TYPE_KIND, (int) migrate_plan_get_kind (self->plan)),
           migrate_plan_get_source (self->plan), migrate_plan_get_destination (self->plan));
  for (gsize i = 0; effects[i] != NULL; i++)
    ctl_out ("  %s", effects[i]);
  tell_disks (self->plan);
  tell_transfer (self->plan);
  tell_xml (self->plan);
  ctl_out ("steps");
  tell_steps (self->plan);
  if (g_list_model_get_n_items (G_LIST_MODEL (self->report)) > 0)
    ctl_out ("findings");
  ctl_tell_findings (self->report, MIGRATE_SEVERITY_NOTE);
  ctl_tell_forecast ("forecast", migrate_report_get_forecast (self->report));
}

/* ---- telling scripts ---- */

static void
add_value (JsonBuilder *builder, const char *name, GVariant *value)
{
  g_autoptr (GVariant) owned = value;

  json_builder_set_member_name (builder, name);
  json_builder_add_value (builder, ctl_json_from_variant (owned));
}

static void
add_steps (JsonBuilder *builder, MigratePlan *plan)
{
  json_builder_set_member_name (builder, "steps");
  json_builder_begin_array (builder);
  for (guint i = 0; i < migrate_plan_get_n_steps (plan); i++)
    {
      MigrateStep *step = migrate_plan_get_step (plan, i);

      json_builder_begin_object (builder);
      ctl_json_string (builder, "what", migrate_step_get_what (step));
      ctl_json_string (builder, "host", migrate_step_get_host (step));
      ctl_json_string (builder, "risk",
                       ctl_nick (MIGRATE_TYPE_RISK, (int) migrate_step_get_risk (step)));
      ctl_json_string (builder, "effect", migrate_step_get_effect (step));
      ctl_json_string (builder, "undo", migrate_step_get_undo (step));
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_plan (JsonBuilder *builder, MigratePlan *plan)
{
  g_auto (GStrv) effects = migrate_plan_dup_effects (plan);

  ctl_json_string (builder, "guest", migrate_plan_get_guest_name (plan));
  ctl_json_string (builder, "guest_uuid", migrate_plan_get_guest_uuid (plan));
  ctl_json_string (builder, "source", migrate_plan_get_source (plan));
  ctl_json_string (builder, "destination", migrate_plan_get_destination (plan));
  ctl_json_string (builder, "kind",
                   ctl_nick (MIGRATE_TYPE_KIND, (int) migrate_plan_get_kind (plan)));
  add_value (builder, "transfer", migrate_plan_dup_transfer (plan));
  add_value (builder, "disks", migrate_plan_dup_disks (plan));
  add_steps (builder, plan);
  add_value (builder, "changes", migrate_plan_dup_changes (plan));
  add_value (builder, "holes", migrate_plan_dup_holes (plan));
  add_value (builder, "effects",
             g_variant_ref_sink (g_variant_new_strv ((const char *const *) effects, -1)));
  ctl_json_string (builder, "xml", migrate_plan_get_xml (plan));
  ctl_json_string (builder, "persistent_xml", migrate_plan_get_persistent_xml (plan));
}

static void
tell_json (Plan *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  if (self->plan != NULL)
    {
      add_plan (builder, self->plan);
      json_builder_set_member_name (builder, "blocked");
      json_builder_add_boolean_value (builder, migrate_report_is_blocked (self->report));
    }
  ctl_json_findings (builder, self->report);
  ctl_json_forecast (builder,
                     self->report != NULL ? migrate_report_get_forecast (self->report) : NULL);
  ctl_json_fault (builder, self->fault);
  json_builder_end_object (builder);
  ctl_json_print (builder);
}

static CtlExit
conclude (Plan *self)
{
  if (self->options->json)
    tell_json (self);
  else if (self->plan != NULL)
    tell_text (self);
  if (self->fault != NULL)
    ctl_fault_tell (self->fault);
  return self->plan != NULL && !migrate_report_is_blocked (self->report) ? CTL_DONE : CTL_REFUSED;
}

/* ---- act ---- */

static void
on_planned (GObject *object, GAsyncResult *result, gpointer data)
{
  Plan *self = data;
  g_autoptr (GError) error = NULL;

  self->plan = migrate_job_plan_finish (self->job, result, &error);
  if (error != NULL)
    self->fault = ctl_fault_new (error, self->job);
  else
    self->report = migrate_job_dup_report (self->job);
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
  code = conclude (&self);
  g_clear_pointer (&self.plan, migrate_plan_unref);
  g_clear_object (&self.report);
  ctl_fault_free (self.fault);
  g_object_unref (self.job);
  return code;
}
