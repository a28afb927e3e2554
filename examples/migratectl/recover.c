/* migratectl recover: what is true of a guest, and, when asked for, what puts it right. */
#include "ctl.h"

#include <glib-unix.h>
#include <signal.h>

#define ENTRIES_SHOWN 8

typedef struct
{
  const CtlOptions *options;
  MigrateRecovery *recovery;
  GMainLoop *loop;
  GCancellable *cancellable;
  GError *error; /* of the operation */
} Recover;

/* ---- telling ---- */

static void
append_word (GString *text, GVariant *details, const char *key, const char *word)
{
  gboolean holds = FALSE;

  if (g_variant_lookup (details, key, "b", &holds) && holds)
    g_string_append_printf (text, ", %s", word);
}

static void
tell_evidence (MigrateEvidence *evidence)
{
  g_autoptr (GVariant) details = migrate_evidence_dup_details (evidence);
  g_autoptr (GString) text = g_string_new (migrate_evidence_get_state (evidence));
  g_autoptr (GDateTime) seen = g_date_time_new_from_unix_local (
    (gint64) migrate_evidence_get_seen_at_us (evidence) / G_USEC_PER_SEC);
  g_autofree char *when = seen != NULL ? g_date_time_format (seen, "%T") : g_strdup ("?");
  g_autofree const char **messages = NULL;
  const char *failure = NULL;
  guint64 busy = 0;

  append_word (text, details, "persistent", "persistent");
  append_word (text, details, "autostart", "autostart");
  append_word (text, details, "transfer", "a transfer is under way");
  if (g_variant_lookup (details, "monitor-busy-ms", "t", &busy))
    g_string_append_printf (text, ", its monitor has not answered for %" G_GUINT64_FORMAT " s",
                            busy / 1000);
  ctl_out ("  %s: %s (at %s)", migrate_evidence_get_host (evidence), text->str, when);
  if (g_variant_lookup (details, "failure", "&s", &failure))
    ctl_out ("    %s", failure);
  if (g_variant_lookup (details, "messages", "^a&s", &messages))
    for (guint i = 0; messages[i] != NULL; i++)
      ctl_out ("    QEMU: %s", messages[i]);
}

static void
tell_step (MigrateStep *step)
{
  ctl_out ("  %-11s %-20s on %s", ctl_nick (MIGRATE_TYPE_RISK, (int) migrate_step_get_risk (step)),
           migrate_step_get_what (step), migrate_step_get_host (step));
  ctl_out ("              %s%s", migrate_step_is_done (step) ? "done: " : "",
           migrate_step_get_effect (step));
  if (migrate_step_get_failure (step) != NULL)
    ctl_out ("              could not be done: %s", migrate_step_get_failure (step));
}

static void
tell_journal (Recover *self)
{
  g_autofree char *id = migrate_recovery_dup_job_id (self->recovery);
  g_autoptr (MigrateJournal) journal = migrate_recovery_dup_journal (self->recovery);
  g_autoptr (MigrateJobRecord) record
    = id != NULL ? migrate_journal_lookup (journal, id, NULL /* cancellable */, NULL) : NULL;
  g_autoptr (GVariant) entries = record != NULL ? migrate_job_record_dup_entries (record) : NULL;

  if (record == NULL)
    {
      ctl_out ("journal      has no open job of the guest");
      return;
    }
  ctl_out ("journal      job %s, %s%s", id,
           ctl_nick (MIGRATE_TYPE_STATE, (int) migrate_job_record_get_state (record)),
           migrate_job_record_is_held (record) ? ", held by a live controller" : "");
  if (entries != NULL)
    ctl_tell_entries (entries, ENTRIES_SHOWN);
}

static void
tell_text (Recover *self)
{
  MigrateRecovery *recovery = self->recovery;
  g_autofree char *reason = migrate_recovery_dup_reason (recovery);
  guint n_steps = migrate_recovery_get_n_steps (recovery);

  ctl_out ("guest        %s", migrate_recovery_get_guest (recovery));
  ctl_out ("verdict      %s",
           ctl_nick (MIGRATE_TYPE_VERDICT, (int) migrate_recovery_get_verdict (recovery)));
  ctl_out ("reason       %s", reason != NULL ? reason : "-");
  ctl_out ("hosts");
  for (guint i = 0; i < migrate_recovery_get_n_evidence (recovery); i++)
    {
      g_autoptr (MigrateEvidence) evidence = migrate_recovery_dup_evidence (recovery, i);

      tell_evidence (evidence);
    }
  tell_journal (self);
  ctl_out (n_steps > 0 ? "steps" : "steps        none");
  for (guint i = 0; i < n_steps; i++)
    {
      g_autoptr (MigrateStep) step = migrate_recovery_dup_step (recovery, i);

      tell_step (step);
    }
}

static void
add_evidence (JsonBuilder *builder, MigrateEvidence *evidence)
{
  g_autoptr (GVariant) details = migrate_evidence_dup_details (evidence);

  json_builder_begin_object (builder);
  ctl_json_string (builder, "host", migrate_evidence_get_host (evidence));
  json_builder_set_member_name (builder, "reachable");
  json_builder_add_boolean_value (builder, migrate_evidence_is_reachable (evidence));
  json_builder_set_member_name (builder, "present");
  json_builder_add_boolean_value (builder, migrate_evidence_is_present (evidence));
  ctl_json_string (builder, "state", migrate_evidence_get_state (evidence));
  ctl_json_int (builder, "seen_at_us", migrate_evidence_get_seen_at_us (evidence));
  json_builder_set_member_name (builder, "details");
  json_builder_add_value (builder, ctl_json_from_variant (details));
  json_builder_end_object (builder);
}

static void
add_step (JsonBuilder *builder, MigrateStep *step)
{
  json_builder_begin_object (builder);
  ctl_json_string (builder, "what", migrate_step_get_what (step));
  ctl_json_string (builder, "host", migrate_step_get_host (step));
  ctl_json_string (builder, "risk",
                   ctl_nick (MIGRATE_TYPE_RISK, (int) migrate_step_get_risk (step)));
  ctl_json_string (builder, "effect", migrate_step_get_effect (step));
  json_builder_set_member_name (builder, "done");
  json_builder_add_boolean_value (builder, migrate_step_is_done (step));
  ctl_json_string (builder, "failure", migrate_step_get_failure (step));
  json_builder_end_object (builder);
}

static void
tell_json (Recover *self, const CtlFault *fault)
{
  MigrateRecovery *recovery = self->recovery;
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autofree char *reason = migrate_recovery_dup_reason (recovery);
  g_autofree char *job = migrate_recovery_dup_job_id (recovery);

  json_builder_begin_object (builder);
  ctl_json_string (builder, "guest", migrate_recovery_get_guest (recovery));
  ctl_json_string (builder, "job", job);
  ctl_json_string (builder, "verdict",
                   ctl_nick (MIGRATE_TYPE_VERDICT, (int) migrate_recovery_get_verdict (recovery)));
  ctl_json_string (builder, "reason", reason);
  json_builder_set_member_name (builder, "at_rest");
  json_builder_add_boolean_value (builder, migrate_recovery_is_at_rest (recovery));
  json_builder_set_member_name (builder, "evidence");
  json_builder_begin_array (builder);
  for (guint i = 0; i < migrate_recovery_get_n_evidence (recovery); i++)
    {
      g_autoptr (MigrateEvidence) evidence = migrate_recovery_dup_evidence (recovery, i);

      add_evidence (builder, evidence);
    }
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "steps");
  json_builder_begin_array (builder);
  for (guint i = 0; i < migrate_recovery_get_n_steps (recovery); i++)
    {
      g_autoptr (MigrateStep) step = migrate_recovery_dup_step (recovery, i);

      add_step (builder, step);
    }
  json_builder_end_array (builder);
  ctl_json_fault (builder, fault);
  json_builder_end_object (builder);
  ctl_json_print (builder);
}

/* ---- while it works ---- */

static void
on_step (MigrateRecovery *recovery, MigrateStep *step, gpointer data)
{
  if (migrate_step_is_done (step))
    ctl_note ("done: %s on %s", migrate_step_get_what (step), migrate_step_get_host (step));
  else
    ctl_err ("migratectl: %s on %s could not be done: %s", migrate_step_get_what (step),
             migrate_step_get_host (step), migrate_step_get_failure (step));
}

static void
on_progress (MigrateRecovery *recovery, MigrateProgress *progress, gpointer data)
{
  Recover *self = data;
  g_autofree char *rate = ctl_bytes (migrate_progress_get_rate (progress));
  g_autofree char *text
    = g_strdup_printf ("%s  following  %3.0f %%  %s/s", migrate_recovery_get_guest (recovery),
                       migrate_progress_get_fraction (progress) * 100, rate);

  if (!self->options->quiet)
    ctl_line_show (text);
}

static gboolean
on_interrupt (gpointer data)
{
  Recover *self = data;

  ctl_err ("migratectl: stopping; what was done stays done, and what runs under libvirt goes on");
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
on_investigated (GObject *object, GAsyncResult *result, gpointer data)
{
  Recover *self = data;

  migrate_recovery_investigate_finish (MIGRATE_RECOVERY (object), result, &self->error);
  g_main_loop_quit (self->loop);
}

static void
on_applied (GObject *object, GAsyncResult *result, gpointer data)
{
  Recover *self = data;

  migrate_recovery_apply_finish (MIGRATE_RECOVERY (object), result, &self->error);
  g_main_loop_quit (self->loop);
}

/* ---- the verb ---- */

static gboolean
parse_risk (const char *text, MigrateRisk *risk, GError **error)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (MIGRATE_TYPE_RISK);
  const GEnumValue *value = g_enum_get_value_by_nick (klass, text);

  if (value == NULL)
    {
      g_set_error (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID,
                   "There is no risk “%s”; there are: safe, disruptive, destructive", text);
      return FALSE;
    }
  *risk = (MigrateRisk) value->value;
  return TRUE;
}

/* Into words as a shell would, and no shell. */
static gboolean
parse_command (const char *text, const char *option, char ***words, GError **error)
{
  if (text == NULL || g_shell_parse_argv (text, NULL, words, error))
    return TRUE;
  g_prefix_error (error, "%s: ", option);
  return FALSE;
}

static gboolean
set_fence (MigrateRecovery *recovery, const CtlOptions *options, GError **error)
{
  g_auto (GStrv) command = NULL;
  g_auto (GStrv) probe = NULL;
  g_auto (GStrv) reset = NULL;
  g_autoptr (MigrateCommandFence) fence = NULL;

  if (options->fence_command == NULL && options->reset_stream_command == NULL)
    return TRUE;
  if (!parse_command (options->fence_command, "--fence-command", &command, error)
      || !parse_command (options->fence_probe, "--fence-probe", &probe, error)
      || !parse_command (options->reset_stream_command, "--reset-stream-command", &reset, error))
    return FALSE;
  fence = g_object_new (MIGRATE_TYPE_COMMAND_FENCE, "command", command, "probe", probe,
                        "reset-stream", reset, NULL);
  migrate_recovery_set_fence (recovery, MIGRATE_FENCE (fence));
  return TRUE;
}

static MigrateRecovery *
recovery_new (const CtlOptions *options, GError **error)
{
  g_autoptr (GListStore) hosts = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigrateJournal) journal = ctl_request_journal (options);
  g_autoptr (MigratePolicy) policy = ctl_request_policy (options, error);
  MigrateRecovery *recovery;

  if (policy == NULL)
    return NULL;
  for (gsize i = 0; options->host != NULL && options->host[i] != NULL; i++)
    {
      g_autoptr (MigrateHost) host = ctl_request_host (options->host[i]);

      g_list_store_append (hosts, host);
    }
  recovery = migrate_recovery_new (options->rest[0], G_LIST_MODEL (hosts));
  migrate_recovery_set_journal (recovery, journal);
  migrate_recovery_set_policy (recovery, policy);
  if (options->keep != NULL)
    migrate_recovery_keep (recovery, options->keep);
  if (!set_fence (recovery, options, error))
    g_clear_object (&recovery);
  return recovery;
}

static CtlExit
judge (Recover *self)
{
  if (self->error == NULL)
    return migrate_recovery_is_at_rest (self->recovery) ? CTL_DONE : CTL_TO_REPAIR;
  if (g_error_matches (self->error, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER))
    return CTL_TO_REPAIR;
  if (g_error_matches (self->error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    return migrate_recovery_get_verdict (self->recovery) == MIGRATE_VERDICT_IN_FLIGHT ? CTL_LEFT
                                                                                      : CTL_REFUSED;
  return g_error_matches (self->error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID)
             || g_error_matches (self->error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND)
             || g_error_matches (self->error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY)
             || g_error_matches (self->error, MIGRATE_ERROR, MIGRATE_ERROR_JOURNAL)
           ? CTL_REFUSED
           : CTL_FAILED;
}

static CtlExit
conclude (Recover *self)
{
  CtlExit code = judge (self);
  g_autoptr (CtlFault) fault
    = self->error != NULL ? ctl_fault_new (self->error, NULL /* job */) : NULL;

  ctl_line_clear ();
  if (self->options->json)
    tell_json (self, fault);
  else if (migrate_recovery_get_verdict (self->recovery) != MIGRATE_VERDICT_NONE)
    tell_text (self);
  if (fault != NULL)
    ctl_fault_tell (fault);
  else if (code == CTL_TO_REPAIR)
    ctl_note ("nothing was changed; --apply safe carries out the safe steps");
  return code;
}

static void
drive (Recover *self, MigrateRisk risk)
{
  guint sources[3];

  sources[0] = g_unix_signal_add (SIGINT, on_interrupt, self);
  sources[1] = g_unix_signal_add (SIGTERM, on_interrupt, self);
  sources[2] = g_unix_signal_add (SIGHUP, on_interrupt, self);
  g_signal_connect (self->recovery, "step", G_CALLBACK (on_step), self);
  g_signal_connect (self->recovery, "progress", G_CALLBACK (on_progress), self);
  if (self->options->apply != NULL)
    migrate_recovery_apply_async (self->recovery, risk, self->cancellable, on_applied, self);
  else
    migrate_recovery_investigate_async (self->recovery, self->cancellable, on_investigated, self);
  g_main_loop_run (self->loop);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
}

CtlExit
ctl_recover (const CtlOptions *options)
{
  Recover self = { .options = options };
  MigrateRisk risk = MIGRATE_RISK_SAFE;
  GError *error = NULL;
  CtlExit code;

  if (options->apply != NULL && !parse_risk (options->apply, &risk, &error))
    return ctl_fail_error (options, error, CTL_USAGE);
  self.recovery = recovery_new (options, &error);
  if (self.recovery == NULL)
    return ctl_fail_error (options, error, CTL_USAGE);
  self.loop = g_main_loop_new (NULL, FALSE);
  self.cancellable = g_cancellable_new ();
  drive (&self, risk);
  code = conclude (&self);
  g_clear_error (&self.error);
  g_object_unref (self.cancellable);
  g_object_unref (self.recovery);
  g_main_loop_unref (self.loop);
  return code;
}
