/* The curve as a file: a title from the job's record, and a place that is written as a whole or not
 * at all. */
#include "ctl.h"

#include <errno.h>
#include <string.h>

/* ---- the words ---- */

static char *
title_of (MigrateJobRecord *record)
{
  const char *name = migrate_job_record_get_guest_name (record);
  g_autofree char *shown
    = ctl_escape (name != NULL ? name : migrate_job_record_get_guest_uuid (record));

  return g_strdup_printf ("Move of “%s”", shown);
}

static char *
way_of (MigrateJobRecord *record)
{
  g_autofree char *source = ctl_redact (migrate_job_record_get_source (record));
  g_autofree char *destination = ctl_redact (migrate_job_record_get_destination (record));
  g_autofree char *text = g_strdup_printf ("%s → %s", source, destination);

  return ctl_escape (text);
}

static char *
job_of (MigrateJobRecord *record)
{
  g_autoptr (GDateTime) created = migrate_job_record_dup_created (record);
  g_autofree char *time
    = created != NULL ? g_date_time_format (created, ", begun %F %T") : g_strdup ("");
  g_autofree char *id = ctl_escape (migrate_job_record_get_id (record));

  return g_strdup_printf ("job %s%s", id, time);
}

/* How it stands, and how long it took so far as that is known. */
static char *
standing_of (MigrateJobRecord *record)
{
  g_autoptr (GVariant) values = migrate_job_record_dup_values (record);
  g_autoptr (GVariant) result = g_variant_lookup_value (values, "result", G_VARIANT_TYPE_VARDICT);
  MigrateOutcome outcome = migrate_job_record_get_outcome (record);
  guint64 total = 0, downtime = 0;
  GString *text = g_string_new (NULL);

  g_string_append_printf (
    text, "state %s", ctl_nick (MIGRATE_TYPE_STATE, (int) migrate_job_record_get_state (record)));
  if (outcome != MIGRATE_OUTCOME_NONE)
    g_string_append_printf (text, ", %s", ctl_nick (MIGRATE_TYPE_OUTCOME, (int) outcome));
  else
    g_string_append_printf (text, ", %.0f %% done", migrate_job_record_get_fraction (record) * 100);
  if (result != NULL && outcome != MIGRATE_OUTCOME_NONE
      && g_variant_lookup (result, "total-ms", "t", &total))
    {
      g_autofree char *shown = ctl_duration (total);

      g_string_append_printf (text, ", total time %s", shown);
    }
  if (result != NULL && g_variant_lookup (result, "downtime-ms", "t", &downtime))
    {
      g_autofree char *shown = ctl_duration (downtime);

      g_string_append_printf (text, ", downtime %s", shown);
    }
  return g_string_free (text, FALSE);
}

static char *
picture_of (MigrateJobRecord *record, const CtlCurve *curve)
{
  g_autofree char *title = title_of (record);
  g_autofree char *way = way_of (record);
  g_autofree char *job = job_of (record);
  g_autofree char *standing = standing_of (record);
  const char *const lines[] = { way, job, standing, NULL };

  return ctl_curve_to_svg (curve, title, lines);
}

/* ---- the file ---- */

static gboolean
fail (const char *path, int number, GError **error)
{
  g_set_error (error, G_FILE_ERROR, g_file_error_from_errno (number),
               "The picture “%s” cannot be written: %s", path, g_strerror (number));
  return FALSE;
}

static gboolean
write_stdout (const char *svg, GError **error)
{
  if (fputs (svg, stdout) < 0 || fflush (stdout) != 0)
    return fail (CTL_PICTURE_STDOUT, errno, error);
  return TRUE;
}

gboolean
ctl_picture_write (MigrateJobRecord *record, const CtlCurve *curve, const char *path,
                   GError **error)
{
  g_autofree char *svg = picture_of (record, curve);

  if (svg == NULL)
    return fail (path, ENOMEM, error);
  if (g_str_equal (path, CTL_PICTURE_STDOUT))
    return write_stdout (svg, error);
  return ctl_file_write (path, "picture", svg, strlen (svg), error);
}
