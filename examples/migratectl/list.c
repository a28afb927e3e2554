/* migratectl list: the jobs that the journal knows. No host is asked. */
#include "ctl.h"

#define RECENT (24 * G_TIME_SPAN_HOUR)

/* A job that nobody holds and that changed nothing yet needs nobody either. */
static gboolean
is_open (MigrateJobRecord *record)
{
  switch (migrate_job_record_get_state (record))
    {
    case MIGRATE_STATE_PREPARED:
    case MIGRATE_STATE_MIGRATED:
    case MIGRATE_STATE_FAILED:
      return TRUE;
    default:
      return migrate_job_record_is_held (record);
    }
}

static GTimeSpan
since (GDateTime *then)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_local ();

  return then != NULL ? MAX (g_date_time_difference (now, then), 0) : 0;
}

static gboolean
is_wanted (MigrateJobRecord *record, const CtlOptions *options)
{
  g_autoptr (GDateTime) updated = migrate_job_record_dup_updated (record);

  return options->all || is_open (record) || since (updated) < RECENT;
}

static char *
age (MigrateJobRecord *record)
{
  g_autoptr (GDateTime) created = migrate_job_record_dup_created (record);
  gint64 s = since (created) / G_TIME_SPAN_SECOND;

  if (s < 120)
    return g_strdup_printf ("%" G_GINT64_FORMAT " s", s);
  if (s < 2 * 3600)
    return g_strdup_printf ("%" G_GINT64_FORMAT " min", s / 60);
  if (s < 2 * 86400)
    return g_strdup_printf ("%" G_GINT64_FORMAT " h", s / 3600);
  return g_strdup_printf ("%" G_GINT64_FORMAT " d", s / 86400);
}

/* What it is at, or what came of it. */
static char *
standing (MigrateJobRecord *record)
{
  MigratePhase phase = migrate_job_record_get_phase (record);
  MigrateOutcome outcome = migrate_job_record_get_outcome (record);

  if (migrate_job_record_is_held (record) && phase != MIGRATE_PHASE_IDLE)
    return g_strdup_printf ("%s %.0f %%", ctl_nick (MIGRATE_TYPE_PHASE, (int) phase),
                            migrate_job_record_get_fraction (record) * 100);
  if (outcome != MIGRATE_OUTCOME_NONE)
    return g_strdup (ctl_nick (MIGRATE_TYPE_OUTCOME, (int) outcome));
  return g_strdup (migrate_job_record_is_in_flight (record) ? "in flight" : "-");
}

static char *
way (MigrateJobRecord *record)
{
  g_autofree char *source = ctl_redact (migrate_job_record_get_source (record));
  g_autofree char *destination = ctl_redact (migrate_job_record_get_destination (record));

  return g_strdup_printf ("%s → %s", source, destination);
}

enum
{
  COLUMN_ID,
  COLUMN_GUEST,
  COLUMN_STATE,
  COLUMN_STANDING,
  COLUMN_HELD,
  COLUMN_AGE,
  COLUMN_WAY,
  N_COLUMNS
};

static const char *const titles[N_COLUMNS]
  = { "JOB", "GUEST", "STATE", "PHASE", "HELD", "AGE", "SOURCE → DESTINATION" };

static char **
row_new (MigrateJobRecord *record)
{
  const char *name = migrate_job_record_get_guest_name (record);
  char **row = g_new0 (char *, N_COLUMNS + 1);

  row[COLUMN_ID] = ctl_escape (migrate_job_record_get_id (record));
  row[COLUMN_GUEST] = ctl_escape (name != NULL ? name : "-");
  row[COLUMN_STATE]
    = g_strdup (ctl_nick (MIGRATE_TYPE_STATE, (int) migrate_job_record_get_state (record)));
  row[COLUMN_STANDING] = standing (record);
  row[COLUMN_HELD] = g_strdup (migrate_job_record_is_held (record) ? "yes" : "no");
  row[COLUMN_AGE] = age (record);
  row[COLUMN_WAY] = way (record);
  return row;
}

static void
tell_row (const char *const *row, const gsize *widths)
{
  g_autoptr (GString) line = g_string_new (NULL);

  for (gsize i = 0; i < N_COLUMNS; i++)
    {
      ctl_pad (line, row[i], i + 1 < N_COLUMNS ? widths[i] : 0);
      if (i + 1 < N_COLUMNS)
        g_string_append (line, "  ");
    }
  ctl_out ("%s", line->str);
}

static void
tell_table (GPtrArray *records)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func ((GDestroyNotify) g_strfreev);
  gsize widths[N_COLUMNS];

  for (gsize c = 0; c < N_COLUMNS; c++)
    widths[c] = (gsize) g_utf8_strlen (titles[c], -1);
  for (guint i = 0; i < records->len; i++)
    {
      char **row = row_new (records->pdata[i]);

      for (gsize c = 0; c < N_COLUMNS; c++)
        widths[c] = MAX (widths[c], (gsize) g_utf8_strlen (row[c], -1));
      g_ptr_array_add (rows, row);
    }
  tell_row (titles, widths);
  for (guint i = 0; i < rows->len; i++)
    tell_row ((const char *const *) rows->pdata[i], widths);
}

static void
tell_json (GPtrArray *records)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();

  json_builder_begin_object (builder);
  json_builder_set_member_name (builder, "jobs");
  json_builder_begin_array (builder);
  for (guint i = 0; i < records->len; i++)
    {
      g_autoptr (GVariant) values = migrate_job_record_dup_values (records->pdata[i]);

      json_builder_add_value (builder, ctl_json_from_variant (values));
    }
  json_builder_end_array (builder);
  ctl_json_fault (builder, NULL);
  json_builder_end_object (builder);
  ctl_json_print (builder);
}

CtlExit
ctl_list (const CtlOptions *options)
{
  g_autoptr (MigrateJournal) journal = ctl_request_journal (options);
  g_autoptr (GPtrArray) records = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GListModel) list = NULL;
  GError *error = NULL;

  list = migrate_journal_list (journal, NULL /* cancellable */, &error);
  if (list == NULL)
    return ctl_fail_error (options, error, CTL_REFUSED);
  for (guint i = 0; i < g_list_model_get_n_items (list); i++)
    {
      g_autoptr (MigrateJobRecord) record = g_list_model_get_item (list, i);

      if (is_wanted (record, options))
        g_ptr_array_add (records, g_steal_pointer (&record));
    }
  if (options->json)
    tell_json (records);
  else if (records->len > 0)
    tell_table (records);
  else
    ctl_note (g_list_model_get_n_items (list) > 0 ? "no open or recent jobs; --all shows the others"
                                                  : "no jobs");
  return CTL_DONE;
}
