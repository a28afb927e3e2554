/* What a move will take, told before it and beside what came of it. */
#include "ctl.h"

void
ctl_tell_forecast (const char *what, MigrateForecast *forecast)
{
  g_autofree char *summary = forecast != NULL ? migrate_forecast_dup_summary (forecast) : NULL;

  if (summary != NULL)
    ctl_out ("%s %s", what, summary);
}

void
ctl_json_forecast (JsonBuilder *builder, MigrateForecast *forecast)
{
  g_autoptr (GVariant) details = NULL;
  g_autofree char *summary = NULL;
  JsonNode *node;

  json_builder_set_member_name (builder, "forecast");
  if (forecast == NULL)
    {
      json_builder_add_null_value (builder);
      return;
    }
  details = migrate_forecast_dup_details (forecast);
  summary = migrate_forecast_dup_summary (forecast);
  node = ctl_json_from_variant (details);
  json_object_set_string_member (json_node_get_object (node), "summary", summary);
  json_builder_add_value (builder, node);
}
