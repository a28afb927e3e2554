/* What a job came to, for people; and the exit code, for scripts. */
#include "ctl.h"

/* ---- findings ---- */

static void
tell_finding (MigrateFinding *finding)
{
  g_autofree char *message = ctl_redact (migrate_finding_get_message (finding));
  const char *remedy = migrate_finding_get_remedy (finding);

  ctl_out ("    %s [%s%s]", message, migrate_finding_get_code (finding),
           migrate_finding_is_accepted (finding) ? ", accepted" : "");
  if (remedy != NULL && !migrate_finding_is_accepted (finding))
    ctl_out ("      remedy: %s", remedy);
}

/* Heaviest first, as the report has them, under a heading each. */
void
ctl_tell_findings (MigrateReport *report, MigrateSeverity least)
{
  guint n = report != NULL ? g_list_model_get_n_items (G_LIST_MODEL (report)) : 0;
  int before = -1;

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);
      MigrateSeverity severity = migrate_finding_get_severity (finding);

      if (severity < least)
        continue;
      if ((int) severity != before)
        ctl_out ("  %ss", ctl_nick (MIGRATE_TYPE_SEVERITY, (int) severity));
      before = (int) severity;
      tell_finding (finding);
    }
}

/* ---- a job ---- */

static void
tell_phases (MigrateResult *result)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (MIGRATE_TYPE_PHASE);
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint i = 0; i < klass->n_values; i++)
    {
      guint64 ms = migrate_result_get_phase_ms (result, (MigratePhase) klass->values[i].value);
      g_autofree char *duration = ctl_duration (ms);

      if (ms > 0)
        g_string_append_printf (text, "%s%s %s", text->len > 0 ? ", " : "",
                                klass->values[i].value_nick, duration);
    }
  if (text->len > 0)
    ctl_out ("phases       %s", text->str);
}

static char *
resent_words (MigrateResult *result)
{
  g_autofree char *bytes = ctl_bytes (migrate_result_get_bytes_resent (result));

  return migrate_result_get_bytes_resent (result) > 0 ? g_strdup_printf (", %s of it again", bytes)
                                                      : g_strdup ("");
}

static void
tell_numbers (MigrateResult *result)
{
  g_autofree char *total = ctl_duration (migrate_result_get_total_ms (result));
  g_autofree char *bytes = ctl_bytes (migrate_result_get_bytes (result));
  g_autofree char *resent = resent_words (result);

  ctl_out ("total time   %s", total);
  if (migrate_result_has_downtime (result))
    {
      g_autofree char *downtime = ctl_duration (migrate_result_get_downtime_ms (result));

      ctl_out ("downtime     %s (%s)", downtime, migrate_result_get_downtime_origin (result));
    }
  if (migrate_result_get_bytes (result) > 0)
    ctl_out ("transferred  %s, %u pass%s%s", bytes, migrate_result_get_passes (result),
             migrate_result_get_passes (result) == 1 ? "" : "es", resent);
  if (migrate_result_get_throttle (result) > 0)
    ctl_out ("throttle     up to %u %%", migrate_result_get_throttle (result));
  if (migrate_result_has_downtime_limit (result))
    {
      g_autofree char *limit = ctl_duration (migrate_result_get_downtime_limit_ms (result));

      ctl_out ("limit        %s of downtime at the end", limit);
    }
  tell_phases (result);
  ctl_tell_forecast ("forecast    ", migrate_result_get_forecast (result));
}

static void
tell_result (MigrateResult *result)
{
  g_auto (GStrv) warnings = migrate_result_dup_warnings (result);

  tell_numbers (result);
  for (guint i = 0; i < migrate_result_get_n_decisions (result); i++)
    {
      MigrateDecision *decision = migrate_result_get_decision (result, i);
      g_autofree char *at = ctl_duration (migrate_decision_get_at_ms (decision));

      ctl_out ("decision     after %s: %s: %s", at, migrate_decision_get_what (decision),
               migrate_decision_get_why (decision));
    }
  for (gsize i = 0; warnings[i] != NULL; i++)
    ctl_out ("warning      %s", warnings[i]);
}

static const char *
outcome_words (MigrateJob *job, MigrateResult *result)
{
  switch (migrate_result_get_outcome (result))
    {
    case MIGRATE_OUTCOME_NONE:
      if (migrate_job_get_state (job) == MIGRATE_STATE_CANCELLED)
        return "cancelled before anything was changed; the guest is at the source as before";
      return "none yet";
    case MIGRATE_OUTCOME_MOVED:
      return migrate_job_get_state (job) == MIGRATE_STATE_MIGRATED ? "moved, and not finalized yet"
                                                                   : "moved";
    case MIGRATE_OUTCOME_STAYED:
      if (migrate_job_get_state (job) == MIGRATE_STATE_REVERTED)
        return "taken back: the guest is at the source as before";
      return "stayed: the guest is at the source as before";
    case MIGRATE_OUTCOME_DOWN:
      return "down: the guest is off";
    case MIGRATE_OUTCOME_LOST:
      return "lost: no host has the guest";
    case MIGRATE_OUTCOME_SPLIT:
      return "split: the guest runs on both hosts";
    case MIGRATE_OUTCOME_DETACHED:
      return "detached: the move goes on under libvirt";
    case MIGRATE_OUTCOME_UNKNOWN:
    default:
      return "unknown: a host could not be asked";
    }
}

static void
tell_job (MigrateJob *job)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  g_autoptr (MigrateReport) report = migrate_job_dup_report (job);
  g_autofree char *from = ctl_redact (migrate_host_get_uri (migrate_job_get_source (job)));
  g_autofree char *to = ctl_redact (migrate_host_get_uri (migrate_job_get_destination (job)));
  const char *name;

  /* Refused: what stands against it; moved or not: what was risked. */
  if (result == NULL)
    {
      ctl_tell_findings (report, MIGRATE_SEVERITY_WARNING);
      return;
    }
  name = migrate_result_get_guest_name (result);
  ctl_out ("job          %s", migrate_job_get_id (job));
  ctl_out ("guest        “%s”", name != NULL ? name : migrate_job_get_guest (job));
  ctl_out ("source       %s", from);
  ctl_out ("destination  %s", to);
  ctl_out ("outcome      %s", outcome_words (job, result));
  tell_result (result);
  if (report != NULL && migrate_report_count (report, MIGRATE_SEVERITY_WARNING) > 0)
    {
      ctl_out ("findings");
      ctl_tell_findings (report, MIGRATE_SEVERITY_WARNING);
    }
}

void
ctl_tell_job (const CtlOptions *options, MigrateJob *job, const CtlFault *fault)
{
  if (options->json)
    ctl_json_job (job, fault);
  else
    tell_job (job);
  if (fault != NULL)
    ctl_fault_tell (fault);
}

/* ---- the exit code ---- */

static gboolean
was_refused (const GError *error)
{
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY)
         || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_WRONG_STATE)
         || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND);
}

CtlExit
ctl_exit_of (MigrateJob *job, const GError *error)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  MigrateOutcome outcome
    = result != NULL ? migrate_result_get_outcome (result) : MIGRATE_OUTCOME_NONE;

  switch (migrate_job_get_state (job))
    {
    case MIGRATE_STATE_NEW:
    case MIGRATE_STATE_CHECKED:
      return CTL_REFUSED;
    case MIGRATE_STATE_UNDONE:
    case MIGRATE_STATE_CANCELLED:
    case MIGRATE_STATE_REVERTED:
      return CTL_NOT_MOVED;
    case MIGRATE_STATE_PREPARED:
      if (outcome == MIGRATE_OUTCOME_DETACHED && !was_refused (error))
        return CTL_LEFT;
      return was_refused (error) ? CTL_REFUSED : CTL_FAILED;
    case MIGRATE_STATE_MIGRATED:
    case MIGRATE_STATE_FINALIZED:
      return error == NULL ? CTL_DONE : CTL_FAILED;
    case MIGRATE_STATE_FAILED:
    default:
      return CTL_FAILED;
    }
}
