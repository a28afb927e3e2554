/* What a plan says, for people and for scripts. */
#include "ctl.h"

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

typedef enum
{
  UNIT_NONE,
  UNIT_MIB_PER_S,
  UNIT_BYTES,
  UNIT_PERCENT,
  UNIT_MS
} Unit;

static Unit
unit_of (const char *name)
{
  static const struct
  {
    const char *name;
    Unit unit;
  } units[] = {
    { "bandwidth", UNIT_MIB_PER_S },        { "postcopy-bandwidth", UNIT_MIB_PER_S },
    { "xbzrle-cache", UNIT_BYTES },         { "throttle-initial", UNIT_PERCENT },
    { "throttle-increment", UNIT_PERCENT }, { "target-downtime", UNIT_MS },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (units[i].name, name))
      return units[i].unit;
  return UNIT_NONE;
}

static guint64
number_of (GVariant *value)
{
  return g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) ? g_variant_get_uint64 (value)
                                                             : g_variant_get_uint32 (value);
}

static char *
parameter_text (const char *name, GVariant *value)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    return ctl_redact (g_variant_get_string (value, NULL /* length */));
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING_ARRAY))
    {
      g_autofree const char **words = g_variant_get_strv (value, NULL /* length */);

      return g_strjoinv (" ", (char **) words);
    }
  switch (unit_of (name))
    {
    case UNIT_MIB_PER_S:
      return g_strdup_printf ("%" G_GUINT64_FORMAT " MiB/s", number_of (value));
    case UNIT_BYTES:
      return ctl_bytes (number_of (value));
    case UNIT_PERCENT:
      return g_strdup_printf ("%" G_GUINT64_FORMAT "%%", number_of (value));
    case UNIT_MS:
      return ctl_duration (number_of (value));
    case UNIT_NONE:
    default:
      return ctl_json_text (value);
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
      text = parameter_text (name, value);
      ctl_out ("           %s: %s", name, text);
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
tell_names (MigratePlan *plan)
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

/* A comment of XML has no two dashes in it. */
static void
tell_hole (GVariant *hole)
{
  g_auto (GStrv) parts = g_strsplit (text_of (hole, "name"), "--", -1);
  g_autofree char *name = g_strjoinv ("- -", parts);

  ctl_out ("<!-- hole: %s: %s -->", name, text_of (hole, "filled-by"));
}

static void
tell_document (const char *what, const char *xml, GVariant *holes)
{
  g_auto (GStrv) lines = g_strsplit (xml != NULL ? xml : "", "\n", -1);

  if (xml == NULL)
    return;
  ctl_out ("%s", what);
  for (gsize i = 0; i < g_variant_n_children (holes); i++)
    {
      g_autoptr (GVariant) hole = g_variant_get_child_value (holes, i);

      tell_hole (hole);
    }
  for (gsize i = 0; lines[i] != NULL; i++)
    if (*lines[i] != '\0' || lines[i + 1] != NULL)
      ctl_out ("%s", lines[i]);
}

static void
tell_xml (MigratePlan *plan)
{
  g_autoptr (GVariant) holes = migrate_plan_dup_holes (plan);

  tell_document ("xml", migrate_plan_get_xml (plan), holes);
  tell_document ("persistent xml", migrate_plan_get_persistent_xml (plan), holes);
}

static void
tell_text (const CtlPlanned *self, gboolean with_xml)
{
  g_auto (GStrv) effects = migrate_plan_dup_effects (self->plan);

  ctl_out ("“%s”: %s, from %s to %s", migrate_plan_get_guest_name (self->plan),
           ctl_nick (MIGRATE_TYPE_KIND, (int) migrate_plan_get_kind (self->plan)),
           migrate_plan_get_source (self->plan), migrate_plan_get_destination (self->plan));
  for (gsize i = 0; effects[i] != NULL; i++)
    ctl_out ("  %s", effects[i]);
  tell_disks (self->plan);
  tell_transfer (self->plan);
  tell_names (self->plan);
  ctl_out ("steps");
  tell_steps (self->plan);
  if (g_list_model_get_n_items (G_LIST_MODEL (self->report)) > 0)
    ctl_out ("findings");
  ctl_tell_findings (self->report, MIGRATE_SEVERITY_NOTE);
  ctl_tell_forecast ("forecast", migrate_report_get_forecast (self->report));
  if (with_xml)
    tell_xml (self->plan);
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
tell_json (const CtlPlanned *self)
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

void
ctl_plan_tell (const CtlOptions *options, const CtlPlanned *planned)
{
  if (options->json)
    tell_json (planned);
  else if (planned->plan != NULL)
    tell_text (planned, options->xml);
  if (planned->fault != NULL)
    ctl_fault_tell (planned->fault);
}
