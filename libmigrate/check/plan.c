/* Decide: the plan as a whole. */
#include "check/fate-private.h"
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
  if (basis->records)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_RECORDS, "b", TRUE);
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
    .records = facts->n_snapshots + facts->n_checkpoints > 0,
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

/* Neither the kind nor a disk's fate depends on what it is called there. NULL: none. */
static MigrateMapping *
find_whole (const MigrateFacts *facts, const MigrateCheckRequest *request, MigratePolicy *policy)
{
  MigrateKind kind = _migrate_kind_choose (facts, request, policy);
  g_autoptr (GPtrArray) targets = g_ptr_array_new ();

  if (kind != MIGRATE_KIND_BLOCK
      || _migrate_policy_get_enum (policy, "disk-copy") != MIGRATE_DISK_COPY_WHOLE)
    return NULL;
  for (guint i = 0; i < facts->disks->len; i++)
    {
      const MigrateDisk *disk = facts->disks->pdata[i];
      const char *why;

      if (!disk->read_only
          && _migrate_disk_fate (facts, request, policy, kind, disk, &why) == MIGRATE_FATE_COPIED)
        g_ptr_array_add (targets, disk->target);
    }
  g_ptr_array_add (targets, NULL);
  return _migrate_plan_end_chains ((const char *const *) targets->pdata);
}

MigrateReport *
_migrate_plan_evaluate (const MigrateFacts *facts, const MigrateCheckRequest *request,
                        MigratePolicy *policy, MigratePlan **plan)
{
  g_auto (MigrateThere) there = { 0 };
  g_autoptr (MigrateMapping) whole = find_whole (facts, request, policy);
  MigrateCheckRequest full = *request;
  MigrateReport *report;

  full.whole = whole;
  _migrate_there_decide (facts, &full, &there);
  full.documents = &there;
  full.there = there.guest;
  report = _migrate_check_evaluate (facts, &full, policy);
  *plan = decide (facts, &full, policy, migrate_report_get_kind (report));
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
      known.records = _migrate_variant_boolean (values, MIGRATE_PLAN_KEY_RECORDS);
      known.runs = _migrate_variant_boolean (values, MIGRATE_PLAN_KEY_RUNS);
      known.kind = migrate_plan_get_kind (plan);
      known.files = files;
    }
  g_variant_dict_init (&dict, values);
  set_parts (&dict, &known, request, policy);
  return _migrate_plan_new (g_variant_dict_end (&dict));
}
