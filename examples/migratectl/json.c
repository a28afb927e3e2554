/* The one JSON object on stdout. Its members are a contract with scripts: added to, never changed.
 */
#include "ctl.h"

void
ctl_json_print (JsonBuilder *builder)
{
  g_autoptr (JsonNode) root = json_builder_get_root (builder);
  g_autofree char *text = json_to_string (root, FALSE /* on one line */);

  fputs (text, stdout);
  fputc ('\n', stdout);
  fflush (stdout);
}

void
ctl_json_string (JsonBuilder *builder, const char *name, const char *value)
{
  if (name != NULL)
    json_builder_set_member_name (builder, name);
  if (value != NULL)
    json_builder_add_string_value (builder, value);
  else
    json_builder_add_null_value (builder);
}

static void
add_uri (JsonBuilder *builder, const char *name, const char *uri)
{
  g_autofree char *shown = uri != NULL ? ctl_redact (uri) : NULL;

  ctl_json_string (builder, name, shown);
}

void
ctl_json_int (JsonBuilder *builder, const char *name, guint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, (gint64) value);
}

void
ctl_json_fault (JsonBuilder *builder, const CtlFault *fault)
{
  json_builder_set_member_name (builder, "error");
  if (fault == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  json_builder_begin_object (builder);
  ctl_json_string (builder, "code", fault->code);
  ctl_json_string (builder, "message", fault->message);
  ctl_json_string (builder, "remedy", fault->remedy);
  ctl_json_string (builder, "side", fault->side);
  ctl_json_string (builder, "phase", fault->phase);
  json_builder_set_member_name (builder, "libvirt_code");
  if (fault->libvirt_code != 0)
    json_builder_add_int_value (builder, fault->libvirt_code);
  else
    json_builder_add_null_value (builder);
  ctl_json_string (builder, "other_job", fault->other_job);
  json_builder_end_object (builder);
}

static void
add_finding (JsonBuilder *builder, MigrateFinding *finding)
{
  json_builder_begin_object (builder);
  ctl_json_string (builder, "code", migrate_finding_get_code (finding));
  ctl_json_string (builder, "severity",
                   ctl_nick (MIGRATE_TYPE_SEVERITY, (int) migrate_finding_get_severity (finding)));
  ctl_json_string (builder, "subject", migrate_finding_get_subject (finding));
  add_uri (builder, "message", migrate_finding_get_message (finding));
  ctl_json_string (builder, "remedy", migrate_finding_get_remedy (finding));
  json_builder_set_member_name (builder, "accepted");
  json_builder_add_boolean_value (builder, migrate_finding_is_accepted (finding));
  json_builder_end_object (builder);
}

void
ctl_json_findings (JsonBuilder *builder, MigrateReport *report)
{
  guint n = report != NULL ? g_list_model_get_n_items (G_LIST_MODEL (report)) : 0;

  json_builder_set_member_name (builder, "findings");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      add_finding (builder, finding);
    }
  json_builder_end_array (builder);
}

/* ---- a job ---- */

static void
add_phases (JsonBuilder *builder, MigrateResult *result)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (MIGRATE_TYPE_PHASE);

  json_builder_set_member_name (builder, "phases");
  json_builder_begin_object (builder);
  for (guint i = 0; result != NULL && i < klass->n_values; i++)
    {
      guint64 ms = migrate_result_get_phase_ms (result, (MigratePhase) klass->values[i].value);
      g_autofree char *name = ctl_json_name (klass->values[i].value_nick);

      if (ms > 0)
        ctl_json_int (builder, name, ms);
    }
  json_builder_end_object (builder);
}

static void
add_details (JsonBuilder *builder, MigrateDecision *decision)
{
  g_autoptr (GVariant) details = migrate_decision_dup_details (decision);
  GVariantIter iter;
  GVariant *value;
  const char *key;

  g_variant_iter_init (&iter, details);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *name = ctl_json_name (key);

      if (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
        ctl_json_int (builder, name, g_variant_get_uint64 (value));
    }
}

static void
add_decisions (JsonBuilder *builder, MigrateResult *result)
{
  guint n = result != NULL ? migrate_result_get_n_decisions (result) : 0;

  json_builder_set_member_name (builder, "decisions");
  json_builder_begin_array (builder);
  for (guint i = 0; i < n; i++)
    {
      MigrateDecision *decision = migrate_result_get_decision (result, i);

      json_builder_begin_object (builder);
      ctl_json_int (builder, "at_ms", migrate_decision_get_at_ms (decision));
      ctl_json_string (builder, "what", migrate_decision_get_what (decision));
      ctl_json_string (builder, "why", migrate_decision_get_why (decision));
      add_details (builder, decision);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_warnings (JsonBuilder *builder, MigrateResult *result)
{
  g_auto (GStrv) warnings = result != NULL ? migrate_result_dup_warnings (result) : NULL;

  json_builder_set_member_name (builder, "warnings");
  json_builder_begin_array (builder);
  for (gsize i = 0; warnings != NULL && warnings[i] != NULL; i++)
    json_builder_add_string_value (builder, warnings[i]);
  json_builder_end_array (builder);
}

static void
add_int_or_null (JsonBuilder *builder, const char *name, gboolean known, guint64 value)
{
  if (known)
    {
      ctl_json_int (builder, name, value);
      return;
    }
  json_builder_set_member_name (builder, name);
  json_builder_add_null_value (builder);
}

static void
add_numbers (JsonBuilder *builder, MigrateResult *result)
{
  ctl_json_int (builder, "total_ms", result != NULL ? migrate_result_get_total_ms (result) : 0);
  add_int_or_null (builder, "downtime_ms", result != NULL && migrate_result_has_downtime (result),
                   result != NULL ? migrate_result_get_downtime_ms (result) : 0);
  ctl_json_string (builder, "downtime_origin",
                   result != NULL && migrate_result_has_downtime (result)
                     ? migrate_result_get_downtime_origin (result)
                     : NULL);
}

static void
add_transfer (JsonBuilder *builder, MigrateResult *result)
{
  ctl_json_int (builder, "bytes", result != NULL ? migrate_result_get_bytes (result) : 0);
  ctl_json_int (builder, "disk_bytes", result != NULL ? migrate_result_get_disk_bytes (result) : 0);
  add_int_or_null (builder, "bytes_resent",
                   result != NULL && migrate_result_has_bytes_resent (result),
                   result != NULL ? migrate_result_get_bytes_resent (result) : 0);
  ctl_json_int (builder, "passes", result != NULL ? migrate_result_get_passes (result) : 0);
  ctl_json_int (builder, "throttle", result != NULL ? migrate_result_get_throttle (result) : 0);
  add_int_or_null (builder, "downtime_limit_ms",
                   result != NULL && migrate_result_has_downtime_limit (result),
                   result != NULL ? migrate_result_get_downtime_limit_ms (result) : 0);
}

static void
add_identity (JsonBuilder *builder, MigrateJob *job, MigrateResult *result, MigrateReport *report)
{
  const char *name = NULL, *uuid = NULL;
  MigrateKind kind = migrate_job_get_kind (job);

  if (result != NULL)
    {
      name = migrate_result_get_guest_name (result);
      uuid = migrate_result_get_guest_uuid (result);
      kind = migrate_result_get_kind (result);
    }
  else if (report != NULL)
    {
      name = migrate_report_get_guest_name (report);
      uuid = migrate_report_get_guest_uuid (report);
      kind = migrate_report_get_kind (report);
    }
  ctl_json_string (builder, "guest", name != NULL ? name : migrate_job_get_guest (job));
  ctl_json_string (builder, "guest_uuid", uuid);
  add_uri (builder, "source", migrate_host_get_uri (migrate_job_get_source (job)));
  add_uri (builder, "destination", migrate_host_get_uri (migrate_job_get_destination (job)));
  ctl_json_string (builder, "kind", ctl_nick (MIGRATE_TYPE_KIND, (int) kind));
}

void
ctl_json_job (MigrateJob *job, const CtlFault *fault)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  g_autoptr (MigrateReport) report = migrate_job_dup_report (job);
  MigrateOutcome outcome
    = result != NULL ? migrate_result_get_outcome (result) : MIGRATE_OUTCOME_NONE;

  json_builder_begin_object (builder);
  ctl_json_string (builder, "job", migrate_job_get_id (job));
  ctl_json_string (builder, "state",
                   ctl_nick (MIGRATE_TYPE_STATE, (int) migrate_job_get_state (job)));
  ctl_json_string (builder, "outcome", ctl_nick (MIGRATE_TYPE_OUTCOME, (int) outcome));
  add_identity (builder, job, result, report);
  add_numbers (builder, result);
  add_transfer (builder, result);
  add_phases (builder, result);
  ctl_json_forecast (builder, result != NULL ? migrate_result_get_forecast (result) : NULL);
  add_decisions (builder, result);
  add_warnings (builder, result);
  ctl_json_findings (builder, report);
  ctl_json_fault (builder, fault);
  json_builder_end_object (builder);
  ctl_json_print (builder);
}
