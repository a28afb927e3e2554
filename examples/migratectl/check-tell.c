/* What a check found, for people and for scripts. */
#include "check.h"

static guint
count (const CtlCandidate *self, MigrateSeverity severity)
{
  return migrate_report_count (self->report, severity);
}

static const char *
kind_of (const CtlCandidate *self)
{
  return ctl_nick (MIGRATE_TYPE_KIND, (int) migrate_report_get_kind (self->report));
}

static MigrateForecast *
forecast_of (const CtlCandidate *self)
{
  return self->report != NULL ? migrate_report_get_forecast (self->report) : NULL;
}

/* Of whichever destination was checked. */
static MigrateReport *
any_report (const CtlCheck *self)
{
  return ((const CtlCandidate *) self->candidates->pdata[0])->report;
}

static const char *
guest_name (const CtlCheck *self)
{
  MigrateReport *report = any_report (self);
  const char *name = report != NULL ? migrate_report_get_guest_name (report) : NULL;

  return name != NULL ? name : self->guest;
}

/* ---- one destination ---- */

static void
tell_one (const CtlCheck *self, const CtlCandidate *candidate)
{
  guint blockers, warnings;

  if (candidate->report == NULL)
    return; /* the error is on stderr already */
  blockers = count (candidate, MIGRATE_SEVERITY_BLOCKER);
  warnings = count (candidate, MIGRATE_SEVERITY_WARNING);
  ctl_out ("“%s”: %s, %u blocker%s, %u warning%s", guest_name (self), kind_of (candidate), blockers,
           blockers == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
  ctl_tell_findings (candidate->report, MIGRATE_SEVERITY_NOTE);
  ctl_tell_forecast ("  forecast", forecast_of (candidate));
}

/* ---- several ---- */

enum
{
  COLUMN_RANK,
  COLUMN_DESTINATION,
  COLUMN_KIND,
  COLUMN_BLOCKERS,
  COLUMN_WARNINGS,
  COLUMN_REASON,
  N_COLUMNS
};

static const char *const titles[N_COLUMNS]
  = { "RANK", "DESTINATION", "KIND", "BLOCKERS", "WARNINGS", "REASON" };

static char **
row_new (const CtlCandidate *candidate, guint rank)
{
  char **row = g_new0 (char *, N_COLUMNS + 1);
  gboolean known = candidate->report != NULL;

  row[COLUMN_RANK] = g_strdup_printf ("%u.", rank);
  row[COLUMN_DESTINATION] = ctl_escape (candidate->destination);
  row[COLUMN_KIND] = g_strdup (known ? kind_of (candidate) : "-");
  row[COLUMN_BLOCKERS]
    = known ? g_strdup_printf ("%u", count (candidate, MIGRATE_SEVERITY_BLOCKER)) : g_strdup ("-");
  row[COLUMN_WARNINGS]
    = known ? g_strdup_printf ("%u", count (candidate, MIGRATE_SEVERITY_WARNING)) : g_strdup ("-");
  row[COLUMN_REASON] = ctl_redact (candidate->reason);
  return row;
}

static void
tell_row (const char *const *row, const gsize *widths)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (guint c = 0; c < N_COLUMNS - 1; c++)
    ctl_pad (line, row[c], widths[c] + 2);
  g_string_append (line, row[N_COLUMNS - 1]);
  ctl_out ("%s", line->str);
}

static void
tell_table (const CtlCheck *self)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  gsize widths[N_COLUMNS];

  for (guint c = 0; c < N_COLUMNS; c++)
    widths[c] = (gsize) g_utf8_strlen (titles[c], -1);
  for (guint i = 0; i < self->candidates->len; i++)
    {
      char **row = row_new (self->candidates->pdata[i], i + 1);

      g_ptr_array_add (rows, row);
      for (guint c = 0; c < N_COLUMNS; c++)
        widths[c] = MAX (widths[c], (gsize) g_utf8_strlen (row[c], -1));
    }
  tell_row (titles, widths);
  for (guint i = 0; i < rows->len; i++)
    tell_row ((const char *const *) rows->pdata[i], widths);
}

/* All of the best, and of the others what keeps the guest from going there. */
static void
tell_several (const CtlCheck *self)
{
  ctl_out ("“%s” from %s", guest_name (self), self->source);
  tell_table (self);
  for (guint i = 0; i < self->candidates->len; i++)
    {
      const CtlCandidate *candidate = self->candidates->pdata[i];
      MigrateSeverity least = i == 0 ? MIGRATE_SEVERITY_NOTE : MIGRATE_SEVERITY_BLOCKER;
      MigrateForecast *forecast = forecast_of (candidate);

      if (candidate->report == NULL || (i > 0 && forecast == NULL && count (candidate, least) == 0))
        continue;
      ctl_out ("%u. %s", i + 1, candidate->destination);
      ctl_tell_findings (candidate->report, least);
      ctl_tell_forecast ("  forecast", forecast);
    }
}

/* ---- the CPU for many ---- */

static void
tell_lines (const char *indent, const char *const *lines)
{
  for (; *lines != NULL; lines++)
    if (**lines != '\0')
      ctl_out ("%s%s", indent, *lines);
}

static void
tell_baseline (MigrateBaseline *baseline)
{
  g_auto (GStrv) features = migrate_baseline_dup_features (baseline);
  g_auto (GStrv) advice = migrate_baseline_dup_advice (baseline);
  g_auto (GStrv) cpu = g_strsplit (migrate_baseline_get_cpu (baseline), "\n", -1);
  g_autofree char *list = g_strjoinv (" ", features);

  ctl_out ("A CPU for these hosts: %s%s%s", migrate_baseline_get_model (baseline),
           *list != '\0' ? " " : "", list);
  tell_lines ("  ", (const char *const *) advice);
  tell_lines ("  ", (const char *const *) cpu);
}

/* ---- JSON ---- */

static void
add_candidate (JsonBuilder *builder, const CtlCandidate *self)
{
  ctl_json_string (builder, "destination", self->destination);
  ctl_json_string (builder, "kind", self->report != NULL ? kind_of (self) : NULL);
  json_builder_set_member_name (builder, "blocked");
  if (self->report != NULL)
    json_builder_add_boolean_value (builder, migrate_report_is_blocked (self->report));
  else
    json_builder_add_null_value (builder);
  ctl_json_findings (builder, self->report);
  ctl_json_forecast (builder, forecast_of (self));
  ctl_json_fault (builder, self->fault);
}

static void
add_destinations (JsonBuilder *builder, const CtlCheck *self)
{
  json_builder_set_member_name (builder, "destinations");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->candidates->len; i++)
    {
      const CtlCandidate *candidate = self->candidates->pdata[i];

      json_builder_begin_object (builder);
      ctl_json_int (builder, "rank", i + 1);
      ctl_json_string (builder, "reason", candidate->reason);
      add_candidate (builder, candidate);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
}

static void
add_strings (JsonBuilder *builder, const char *name, char **taken)
{
  g_auto (GStrv) strings = taken;

  json_builder_set_member_name (builder, name);
  json_builder_begin_array (builder);
  for (char **string = strings; *string != NULL; string++)
    json_builder_add_string_value (builder, *string);
  json_builder_end_array (builder);
}

static void
add_baseline (JsonBuilder *builder, const CtlCheck *self)
{
  MigrateBaseline *baseline = self->baseline;

  json_builder_set_member_name (builder, "baseline");
  json_builder_begin_object (builder);
  if (baseline != NULL)
    {
      ctl_json_string (builder, "cpu", migrate_baseline_get_cpu (baseline));
      ctl_json_string (builder, "model", migrate_baseline_get_model (baseline));
      add_strings (builder, "features", migrate_baseline_dup_features (baseline));
      add_strings (builder, "suited", migrate_baseline_dup_suited (baseline));
      add_strings (builder, "unsuited", migrate_baseline_dup_unsuited (baseline));
      add_strings (builder, "unknown", migrate_baseline_dup_unknown (baseline));
      add_strings (builder, "advice", migrate_baseline_dup_advice (baseline));
    }
  ctl_json_fault (builder, self->no_baseline);
  json_builder_end_object (builder);
}

static void
tell_json (const CtlCheck *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  MigrateReport *report = any_report (self);

  json_builder_begin_object (builder);
  ctl_json_string (builder, "guest", guest_name (self));
  ctl_json_string (builder, "guest_uuid",
                   report != NULL ? migrate_report_get_guest_uuid (report) : NULL);
  ctl_json_string (builder, "source", self->source);
  add_candidate (builder, self->candidates->pdata[0]);
  if (self->candidates->len > 1)
    add_destinations (builder, self);
  if (self->baseline != NULL || self->no_baseline != NULL)
    add_baseline (builder, self);
  json_builder_end_object (builder);
  ctl_json_print (builder);
}

void
ctl_check_tell (const CtlCheck *self)
{
  const CtlCandidate *best = self->candidates->pdata[0];

  if (self->options->json)
    tell_json (self);
  else if (self->candidates->len == 1)
    tell_one (self, best);
  else if (!self->failed)
    tell_several (self);
  if (self->baseline != NULL)
    tell_baseline (self->baseline);
  if (best->fault != NULL)
    ctl_fault_tell (best->fault);
  if (self->no_baseline != NULL)
    ctl_fault_tell (self->no_baseline);
}
