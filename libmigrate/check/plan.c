/* Decide: the plan as a whole. */
#include "check/plan-private.h"

/* ---- the whole ---- */

static void
set_parts (GVariantDict *dict, const MigratePlanBasis *basis, const MigrateCheckRequest *request,
           MigratePolicy *policy)
{
  if (basis->shared)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_SHARED, "b", TRUE);
  if (basis->runs)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_RUNS, "b", TRUE);
  if (request->has_rewrite)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_FUNCTION, "b", TRUE);
  _migrate_dict_set_uri (dict, MIGRATE_PLAN_KEY_SOURCE, request->source_uri);
  _migrate_dict_set_uri (dict, MIGRATE_PLAN_KEY_DESTINATION, request->destination_uri);
  g_variant_dict_insert_value (dict, MIGRATE_PLAN_KEY_TRANSFER,
                               _migrate_plan_transfer (basis, request, policy));
  g_variant_dict_insert_value (dict, MIGRATE_PLAN_KEY_STEPS,
                               _migrate_plan_steps (basis, request, policy));
  g_variant_dict_insert_value (dict, MIGRATE_PLAN_KEY_EFFECTS,
                               _migrate_plan_effects (basis, request, policy));
}

static MigratePlan *
decide (const MigrateFacts *facts, const MigrateCheckRequest *request, MigratePolicy *policy,
        MigrateKind kind)
{
  g_autoptr (GVariant) files
    = g_variant_ref_sink (_migrate_plan_files (facts, request, policy, kind));
  const MigratePlanBasis basis = {
    .was_paused = facts->guest.state == MIGRATE_DOMAIN_PAUSED,
    .persistent = facts->guest.persistent,
    .autostart = facts->guest.autostart,
    .shared = _migrate_plan_disks_are_shared (facts),
    .kind = kind,
    .runs = facts->guest.state != MIGRATE_DOMAIN_SHUTOFF,
    .files = files,
  };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  _migrate_dict_set_string (&dict, MIGRATE_PLAN_KEY_KIND,
                            _migrate_enum_nick (MIGRATE_TYPE_KIND, (int) kind));
  _migrate_dict_set_string (&dict, MIGRATE_PLAN_KEY_GUEST_NAME, facts->guest.name);
  _migrate_dict_set_string (&dict, MIGRATE_PLAN_KEY_GUEST_UUID, facts->guest.uuid);
  g_variant_dict_insert_value (&dict, MIGRATE_PLAN_KEY_DISKS, _migrate_plan_disks (facts, request));
  g_variant_dict_insert_value (&dict, MIGRATE_PLAN_KEY_FILES, files);
  _migrate_plan_add_there (&dict, request->documents, request);
  set_parts (&dict, &basis, request, policy);
  return _migrate_plan_new (g_variant_dict_end (&dict));
}

MigrateReport *
_migrate_plan_evaluate (const MigrateFacts *facts, const MigrateCheckRequest *request,
                        MigratePolicy *policy, MigratePlan **plan)
{
  g_auto (MigrateThere) there = { 0 };
  MigrateCheckRequest whole = *request;
  MigrateReport *report;

  _migrate_there_decide (facts, request, &there);
  whole.documents = &there;
  whole.there = there.guest;
  report = _migrate_check_evaluate (facts, &whole, policy);
  *plan = decide (facts, &whole, policy, migrate_report_get_kind (report));
  return report;
}

MigratePlan *
_migrate_plan_renew (MigratePlan *plan, const MigratePlanBasis *basis,
                     const MigrateCheckRequest *request, MigratePolicy *policy)
{
  GVariant *values = plan != NULL ? _migrate_plan_peek (plan) : NULL;
  g_autoptr (GVariant) files = plan != NULL ? migrate_plan_dup_files (plan) : NULL;
  MigratePlanBasis known = *basis;
  GVariantDict dict;

  if (plan != NULL)
    {
      known.shared |= _migrate_variant_boolean (values, MIGRATE_PLAN_KEY_SHARED);
      known.runs = _migrate_variant_boolean (values, MIGRATE_PLAN_KEY_RUNS);
      known.kind = migrate_plan_get_kind (plan);
      known.files = files;
    }
  g_variant_dict_init (&dict, values);
  set_parts (&dict, &known, request, policy);
  return _migrate_plan_new (g_variant_dict_end (&dict));
}
