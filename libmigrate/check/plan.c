/* Decide: the plan as a whole. */
#include "check/plan-private.h"

static void
set_string (GVariantDict *dict, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_dict_insert (dict, key, "s", value);
}

static void
set_uri (GVariantDict *dict, const char *key, const char *uri)
{
  g_autofree char *shown = _migrate_uri_redact (uri);

  set_string (dict, key, shown);
}

/* ---- disks ---- */

static const MigrateProbed *
find_probed (const MigrateFacts *facts, const MigrateDisk *disk)
{
  for (guint i = 0; i < facts->probed->len; i++)
    {
      const MigrateProbed *probed = facts->probed->pdata[i];

      if (!probed->backing && g_strcmp0 (probed->target, disk->target) == 0)
        return probed;
    }
  return NULL;
}

/* What lies on a server is found there by both hosts; of what lies on a host only a probe tells. */
static void
classify (const MigrateFacts *facts, const MigrateDisk *disk, const char **storage,
          const char **why)
{
  static const char *const words[] = {
    [MIGRATE_SHARING_UNKNOWN] = "unproven",
    [MIGRATE_SHARING_SHARED] = "shared",
    [MIGRATE_SHARING_NOT_SHARED] = "not-shared",
  };
  const MigrateProbed *probed = find_probed (facts, disk);

  *storage = "unproven";
  *why = "nothing proves that both hosts have the same";
  if (disk->source == NULL)
    {
      *storage = "empty";
      *why = "there is no medium in the drive";
    }
  else if (probed != NULL)
    {
      *storage = words[probed->sharing];
      *why = probed->why;
    }
  else if (g_str_equal (disk->type, "network"))
    {
      *storage = "shared";
      *why = "it is on a server that both hosts reach by its name";
    }
}

/* What the destination calls it; NULL: the same. */
static const char *
source_there (GPtrArray *there, const MigrateDisk *disk)
{
  for (guint i = 0; i < there->len; i++)
    {
      const MigrateDisk *other = there->pdata[i];

      if (g_strcmp0 (other->target, disk->target) == 0)
        return g_strcmp0 (other->source, disk->source) != 0 ? other->source : NULL;
    }
  return NULL;
}

static GVariant *
plan_disks (const MigrateFacts *facts, GPtrArray *there)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < facts->disks->len; i++)
    {
      const MigrateDisk *disk = facts->disks->pdata[i];
      GVariantDict dict;
      const char *storage, *why, *other = source_there (there, disk);

      classify (facts, disk, &storage, &why);
      g_variant_dict_init (&dict, NULL);
      set_string (&dict, "target", disk->target);
      set_string (&dict, "type", disk->type);
      set_string (&dict, "device", disk->device);
      if (disk->source != NULL)
        set_uri (&dict, "source", disk->source);
      if (other != NULL)
        set_uri (&dict, "source-there", other);
      set_string (&dict, "storage", storage);
      set_string (&dict, "why", why);
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&builder);
}

static gboolean
is_shared (const MigrateFacts *facts, const MigrateDisk *disk)
{
  const MigrateProbed *own = find_probed (facts, disk);

  for (guint i = 0; i < facts->probed->len; i++)
    {
      const MigrateProbed *probed = facts->probed->pdata[i];

      if (g_strcmp0 (probed->target, disk->target) == 0
          && probed->sharing != MIGRATE_SHARING_SHARED)
        return FALSE;
    }
  return own != NULL;
}

/* FALSE also where there is nothing to prove. */
static gboolean
all_are_shared (const MigrateFacts *facts)
{
  gboolean any = FALSE;

  for (guint i = 0; i < facts->disks->len; i++)
    {
      const MigrateDisk *disk = facts->disks->pdata[i];

      if (!_migrate_disk_is_file (disk) || disk->read_only)
        continue;
      if (!is_shared (facts, disk))
        return FALSE;
      any = TRUE;
    }
  return any;
}

/* ---- the whole ---- */

static void
set_parts (GVariantDict *dict, const MigratePlanBasis *basis, const MigrateCheckRequest *request,
           MigratePolicy *policy)
{
  if (basis->shared)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_SHARED, "b", TRUE);
  if (request->has_rewrite)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_FUNCTION, "b", TRUE);
  set_uri (dict, MIGRATE_PLAN_KEY_SOURCE, request->source_uri);
  set_uri (dict, MIGRATE_PLAN_KEY_DESTINATION, request->destination_uri);
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
  const MigratePlanBasis basis = {
    .was_paused = facts->guest.state == MIGRATE_DOMAIN_PAUSED,
    .persistent = facts->guest.persistent,
    .autostart = facts->guest.autostart,
    .shared = all_are_shared (facts),
  };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  set_string (&dict, MIGRATE_PLAN_KEY_KIND, _migrate_enum_nick (MIGRATE_TYPE_KIND, (int) kind));
  set_string (&dict, MIGRATE_PLAN_KEY_GUEST_NAME, facts->guest.name);
  set_string (&dict, MIGRATE_PLAN_KEY_GUEST_UUID, facts->guest.uuid);
  g_variant_dict_insert_value (
    &dict, MIGRATE_PLAN_KEY_DISKS,
    plan_disks (facts, request->there != NULL ? request->there->disks : facts->disks));
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
  MigratePlanBasis known = *basis;
  GVariantDict dict;

  known.shared |= _migrate_variant_boolean (values, MIGRATE_PLAN_KEY_SHARED);
  g_variant_dict_init (&dict, values);
  set_parts (&dict, &known, request, policy);
  return _migrate_plan_new (g_variant_dict_end (&dict));
}
