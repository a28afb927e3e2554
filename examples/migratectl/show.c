/* migratectl show: all that the journal knows of a job, and the curve of its transfer. No host is
 * asked. */
#include "ctl.h"

#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static char *
time_text (gint64 us)
{
  g_autoptr (GDateTime) second = g_date_time_new_from_unix_local (us / G_USEC_PER_SEC);
  g_autofree char *text = second != NULL ? g_date_time_format (second, "%F %T") : NULL;

  return g_strdup_printf ("%s.%03d", text != NULL ? text : "?", (int) (us % G_USEC_PER_SEC / 1000));
}

static char *
variant_text (GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return ctl_redact (g_variant_get_string (value, NULL));
  return ctl_json_text (value);
}

static void tell_value (const char *key, GVariant *value, const char *indent);

/* What a person looks for first comes first. */
static void
tell_values (GVariant *values, const char *indent)
{
  static const char *const first[]
    = { "id",     "guest-name", "guest-uuid", "source",    "destination", "kind",
        "state",  "outcome",    "phase",      "in-flight", "held",        "failure",
        "result", "message",    "remedy",     NULL };
  GVariantIter iter;
  const char *key;
  GVariant *value;

  for (gsize i = 0; first[i] != NULL; i++)
    {
      g_autoptr (GVariant) found = g_variant_lookup_value (values, first[i], NULL /* any type */);

      if (found != NULL)
        tell_value (first[i], found, indent);
    }
  g_variant_iter_init (&iter, values);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (!g_strv_contains (first, key))
      tell_value (key, value, indent);
}

static void
tell_value (const char *key, GVariant *value, const char *indent)
{
  g_autofree char *text = ctl_disk_words (value);

  if (text != NULL)
    {
      ctl_out ("%s%s: %s", indent, key, text);
      return;
    }
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT) && g_variant_n_children (value) > 0)
    {
      g_autofree char *deeper = g_strconcat (indent, "  ", NULL);

      ctl_out ("%s%s:", indent, key);
      tell_values (value, deeper);
      return;
    }
  if (g_str_has_suffix (key, "-us") && g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64))
    {
      text = time_text ((gint64) g_variant_get_uint64 (value));
      ctl_out ("%s%.*s: %s", indent, (int) strlen (key) - 3, key, text);
      return;
    }
  text = variant_text (value);
  ctl_out ("%s%s: %s", indent, key, text);
}

static void
tell_entry (GVariant *entry)
{
  g_autoptr (GVariant) values = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
  const char *kind = "?", *name = "?", *status = "?";
  guint64 at = 0, generation = 0;
  g_autofree char *when = NULL;
  g_autofree char *more = NULL;

  g_variant_lookup (entry, "kind", "&s", &kind);
  g_variant_lookup (entry, "name", "&s", &name);
  g_variant_lookup (entry, "status", "&s", &status);
  g_variant_lookup (entry, "at-us", "t", &at);
  g_variant_lookup (entry, "generation", "t", &generation);
  when = time_text ((gint64) at);
  if (values != NULL && g_variant_n_children (values) > 0)
    more = ctl_json_text (values);
  ctl_out ("  %s  %-8s %s %s%s%s", when, kind, name, status, more != NULL ? "  " : "",
           more != NULL ? more : "");
}

void
ctl_tell_entries (GVariant *entries, guint last)
{
  gsize n = g_variant_n_children (entries);

  for (gsize i = last > 0 && n > last ? n - last : 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      tell_entry (entry);
    }
}

/* ---- the curve ---- */

static GVariant *
decisions_of_result (GVariant *values)
{
  g_autoptr (GVariant) result = g_variant_lookup_value (values, "result", G_VARIANT_TYPE_VARDICT);

  return result != NULL ? g_variant_lookup_value (result, "decisions", G_VARIANT_TYPE ("aa{sv}"))
                        : NULL;
}

static void
add_decision (GVariantBuilder *builder, GVariant *entry)
{
  g_autoptr (GVariant) values = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
  const char *kind = NULL, *what = "?", *why = "?";
  guint64 at = 0;

  if (!g_variant_lookup (entry, "kind", "&s", &kind) || !g_str_equal (kind, "decision")
      || values == NULL)
    return;
  g_variant_lookup (entry, "name", "&s", &what);
  g_variant_lookup (values, "why", "&s", &why);
  g_variant_lookup (values, "at-ms", "t", &at);
  g_variant_builder_add_parsed (builder, "{'at-ms': <%t>, 'what': <%s>, 'why': <%s>}", at, what,
                                why);
}

/* While a job runs they are in its log alone; one that could not be written there is in the result,
 * which a process that took the job over may not have had in full. */
static GVariant *
decisions_of (GVariant *values, GVariant *entries)
{
  g_autoptr (GVariant) told = decisions_of_result (values);
  g_autoptr (GVariant) logged = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; entries != NULL && i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      add_decision (&builder, entry);
    }
  logged = g_variant_ref_sink (g_variant_builder_end (&builder));
  return g_variant_n_children (logged) >= (told != NULL ? g_variant_n_children (told) : 0)
           ? g_steal_pointer (&logged)
           : g_steal_pointer (&told);
}

static char *
shown (const char *text)
{
  g_autofree char *redacted = ctl_redact (text);

  return ctl_escape (redacted);
}

static CtlCurve *
curve_of (GVariant *samples, GVariant *decisions)
{
  CtlCurve *curve = ctl_curve_new (samples, decisions);

  for (guint i = 0; i < curve->marks->len; i++)
    {
      CtlCurveMark *mark = &g_array_index (curve->marks, CtlCurveMark, i);
      g_autofree char *what = g_steal_pointer (&mark->what);
      g_autofree char *why = g_steal_pointer (&mark->why);

      mark->what = shown (what);
      mark->why = shown (why);
    }
  return curve;
}

static guint
columns (void)
{
  const char *word = g_getenv ("COLUMNS");
  guint64 told = 0;
  struct winsize size;

  if (word != NULL && g_ascii_string_to_unsigned (word, 10, 1, 1000, &told, NULL /* error */))
    return (guint) told;
  if (ioctl (STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
    return MIN (size.ws_col, 1000);
  return 80;
}

static char *
no_curve (const CtlCurve *curve)
{
  return g_strdup_printf ("The journal has %s of the transfer, which makes no curve",
                          curve->points->len == 0 ? "no samples" : "one sample");
}

static void
tell_curve (const CtlCurve *curve)
{
  g_auto (GStrv) lines = NULL;
  g_autofree char *none = NULL;

  if (!ctl_curve_is_drawable (curve))
    {
      none = no_curve (curve);
      ctl_out ("%s", none);
      return;
    }
  lines = ctl_curve_to_text (curve, columns (), g_get_charset (NULL /* name */));
  for (gsize i = 0; lines[i] != NULL; i++)
    ctl_out ("%s", lines[i]);
  for (guint i = 0; i < curve->marks->len; i++)
    {
      const CtlCurveMark *mark = &g_array_index (curve->marks, CtlCurveMark, i);
      g_autofree char *at = ctl_duration (mark->at_ms);

      ctl_out ("  %u  after %s: %s: %s", i + 1, at, mark->what, mark->why);
    }
}

/* ---- the verb ---- */

static void
tell_record (GVariant *values, GVariant *entries, const CtlCurve *curve)
{
  tell_values (values, "");
  if (entries != NULL && g_variant_n_children (entries) > 0)
    {
      ctl_out ("entries:");
      ctl_tell_entries (entries, 0 /* all */);
    }
  tell_curve (curve);
}

static void
add_array (JsonObject *object, const char *name, GVariant *array)
{
  if (array != NULL)
    json_object_set_member (object, name, ctl_json_from_variant (array));
  else
    json_object_set_array_member (object, name, json_array_new ());
}

static void
tell_json (GVariant *values, GVariant *entries, GVariant *samples, GVariant *decisions)
{
  g_autoptr (JsonNode) root = ctl_json_from_variant (values);
  JsonObject *object = json_node_get_object (root);
  g_autofree char *text = NULL;

  if (entries != NULL)
    json_object_set_member (object, "entries", ctl_json_from_variant (entries));
  add_array (object, "samples", samples);
  add_array (object, "decisions", decisions);
  json_object_set_null_member (object, "error");
  text = json_to_string (root, FALSE /* on one line */);
  ctl_raw (text);
  ctl_raw ("\n");
}

static gboolean
write_picture (const CtlOptions *options, MigrateJobRecord *record, const CtlCurve *curve,
               GError **error)
{
  g_autofree char *none = NULL;

  if (ctl_curve_is_drawable (curve))
    return ctl_picture_write (record, curve, options->svg, error);
  none = no_curve (curve);
  g_set_error_literal (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID, none);
  return FALSE;
}

CtlExit
ctl_show (const CtlOptions *options)
{
  g_autoptr (MigrateJournal) journal = ctl_request_journal (options);
  g_autoptr (MigrateJobRecord) record = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) samples = NULL;
  g_autoptr (GVariant) decisions = NULL;
  g_autoptr (CtlCurve) curve = NULL;
  GError *error = NULL;

  record = migrate_journal_lookup (journal, options->rest[0], NULL /* cancellable */, &error);
  if (record == NULL)
    return ctl_fail_error (options, error, CTL_REFUSED);
  values = migrate_job_record_dup_values (record);
  entries = migrate_job_record_dup_entries (record);
  samples = migrate_job_record_dup_samples (record);
  decisions = decisions_of (values, entries);
  curve = curve_of (samples, decisions);
  /* The one thing that can fail comes first: nothing is told that has to be taken back. */
  if (options->svg != NULL && !write_picture (options, record, curve, &error))
    return ctl_fail_error (options, error, CTL_REFUSED);
  if (options->json)
    tell_json (values, entries, samples, decisions);
  else if (g_strcmp0 (options->svg, CTL_PICTURE_STDOUT) != 0)
    tell_record (values, entries, curve);
  return CTL_DONE;
}
