/* What a move will take, told before it and beside what came of it. */
#include "ctl.h"

void
ctl_tell_forecast (const char *what, MigrateForecast *forecast)
{
  g_autofree char *summary = forecast != NULL ? migrate_forecast_dup_summary (forecast) : NULL;

  if (summary != NULL)
    ctl_out ("%s %s", what, summary);
}

/* "total-least-ms" is total_least_ms here, as all names are. */
void
ctl_json_forecast (JsonBuilder *builder, MigrateForecast *forecast)
{
  g_autoptr (GVariant) details = NULL;
  g_autofree char *summary = NULL;
  GVariantIter iter;
  GVariant *value;
  const char *key;

  json_builder_set_member_name (builder, "forecast");
  if (forecast == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  details = migrate_forecast_dup_details (forecast);
  summary = migrate_forecast_dup_summary (forecast);
  json_builder_begin_object (builder);
  g_variant_iter_init (&iter, details);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *name = g_strdelimit (g_strdup (key), "-", '_');

      json_builder_set_member_name (builder, name);
      json_builder_add_value (builder, ctl_json_from_variant (value));
    }
  ctl_json_string (builder, "summary", summary);
  json_builder_end_object (builder);
}
