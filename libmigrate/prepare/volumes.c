/* Decide: which of a guest's disks are connected at the destination, and which secrets it needs
 * there. */
#include "prepare/prepare-private.h"

#include "check/plan-private.h"
#include "storage/files-private.h"

/* ---- volumes ---- */

/* Of a volume in a pool the document does not say what it is: it is connected where nothing else
 * is done to it. */
static gboolean
stays (const MigrateDisk *disk, GVariant *rows)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      MigrateFileHow how = _migrate_file_how (row);

      if (g_strcmp0 (_migrate_variant_string (row, "id"), disk->target) == 0)
        return how == MIGRATE_FILE_STAYS
               || (how == MIGRATE_FILE_SHARED && g_str_equal (disk->type, "volume"));
    }
  return FALSE;
}

static GVariant *
describe_secrets (const MigrateDisk *disk)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < disk->secrets->len; i++)
    {
      const MigrateSecretUse *use = disk->secrets->pdata[i];

      g_variant_builder_open (&builder, G_VARIANT_TYPE_VARDICT);
      _migrate_builder_add_string (&builder, "uuid", use->uuid);
      _migrate_builder_add_string (&builder, "usage", use->usage);
      _migrate_builder_add_string (&builder, "usage-type", use->usage_type);
      _migrate_builder_add_string (&builder, "of", use->of);
      g_variant_builder_close (&builder);
    }
  return g_variant_builder_end (&builder);
}

static void
add_volume (GVariantBuilder *volumes, const MigrateDisk *disk)
{
  g_autofree char *name = disk->name != NULL ? _migrate_uri_redact (disk->name) : NULL;

  g_variant_builder_open (volumes, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (volumes, "target", disk->target);
  _migrate_builder_add_string (volumes, "type", disk->type);
  _migrate_builder_add_string (volumes, "protocol", disk->protocol);
  _migrate_builder_add_string (volumes, "name", name);
  _migrate_builder_add_string (volumes, "pool", disk->pool);
  _migrate_builder_add_string (volumes, "volume", disk->volume);
  _migrate_builder_add_string (volumes, "path", disk->path);
  if (disk->hosts != NULL)
    g_variant_builder_add (volumes, "{sv}", "hosts",
                           g_variant_new_strv ((const char *const *) disk->hosts, -1));
  if (disk->secrets->len > 0)
    g_variant_builder_add (volumes, "{sv}", "secrets", describe_secrets (disk));
  g_variant_builder_close (volumes);
}

GVariant *
_migrate_prepare_volumes (const MigrateFacts *facts, MigratePlan *plan)
{
  g_autoptr (GVariant) rows = _migrate_files_of (plan);
  GVariantBuilder volumes;

  g_variant_builder_init (&volumes, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < facts->disks->len; i++)
    {
      const MigrateDisk *disk = facts->disks->pdata[i];

      if (disk->source != NULL && stays (disk, rows))
        add_volume (&volumes, disk);
    }
  return g_variant_ref_sink (g_variant_builder_end (&volumes));
}

/* ---- secrets ---- */

/* A document may name one by its use; hosts know which that is. */
static const char *
find_uuid (const MigrateFacts *facts, const MigrateSecretUse *use)
{
  const MigrateSecretFacts *secret;

  if (use->uuid != NULL)
    return use->uuid;
  secret = _migrate_secret_find (facts->on_source.secrets, use);
  if (secret == NULL)
    secret = _migrate_secret_find (facts->on_destination.secrets, use);
  return secret != NULL ? secret->uuid : NULL;
}

static void
add_secrets (GVariantBuilder *secrets, GHashTable *seen, const MigrateFacts *facts,
             const GPtrArray *uses)
{
  for (guint i = 0; i < uses->len; i++)
    {
      const MigrateSecretUse *use = uses->pdata[i];
      const char *uuid = find_uuid (facts, use);
      const char *name = uuid != NULL ? uuid : use->usage;

      if (name == NULL || !g_hash_table_add (seen, (char *) name))
        continue;
      g_variant_builder_open (secrets, G_VARIANT_TYPE_VARDICT);
      _migrate_builder_add_string (secrets, "uuid", uuid);
      _migrate_builder_add_string (secrets, "usage", use->usage);
      _migrate_builder_add_string (secrets, "of", use->of);
      g_variant_builder_close (secrets);
    }
}

GVariant *
_migrate_prepare_secrets (const MigrateFacts *facts, MigratePolicy *policy)
{
  const MigrateCheckRequest request = _migrate_facts_request (facts, policy);
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);
  g_auto (MigrateThere) there = { 0 };
  const MigrateGuest *guest;
  GVariantBuilder secrets;

  _migrate_there_decide (facts, &request, &there);
  guest = there.guest != NULL ? there.guest : facts->shape;
  g_variant_builder_init (&secrets, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < guest->disks->len; i++)
    {
      const MigrateDisk *disk = guest->disks->pdata[i];

      add_secrets (&secrets, seen, facts, disk->secrets);
    }
  add_secrets (&secrets, seen, facts, guest->secrets);
  return g_variant_ref_sink (g_variant_builder_end (&secrets));
}
