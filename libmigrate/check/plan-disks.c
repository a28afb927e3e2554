/* Decide: the disks of a plan, and whether a document has those disks and no others. What was
 * proven of them is of no use if something else is opened in the end. */
#include "check/checks-private.h"
#include "check/plan-private.h"

#include <string.h>

/* ---- what is open ---- */

/* A name is “KIND:FROM”; a path may be that of a folder above. */
static gboolean
is_named_by (const char *hole, const char *target, const char *source, const char *path)
{
  const char *colon = strchr (hole, ':');
  const char *from = colon != NULL ? colon + 1 : hole;

  if (g_str_has_prefix (hole, "disk:"))
    return g_strcmp0 (from, target) == 0 || g_strcmp0 (from, source) == 0
           || g_strcmp0 (from, path) == 0;
  return g_str_has_prefix (hole, "path:") && path != NULL && g_str_has_prefix (path, from);
}

static gboolean
is_reached_by (const char *hole, const MigrateDisk *disk)
{
  const char *colon = strchr (hole, ':');

  if (colon == NULL)
    return FALSE;
  if (g_str_has_prefix (hole, "pool:"))
    return g_strcmp0 (colon + 1, disk->pool) == 0;
  /* Which of its servers is meant does not matter. */
  return g_str_has_prefix (hole, "storage-host:") && disk->hosts != NULL;
}

gboolean
_migrate_disk_is_open (const MigrateDisk *disk, char **holes)
{
  for (gsize i = 0; holes != NULL && holes[i] != NULL; i++)
    {
      if (is_named_by (holes[i], disk->target, disk->source, disk->path)
          || is_reached_by (holes[i], disk))
        return TRUE;
      for (guint j = 0; j < disk->chain->len; j++)
        {
          const MigrateImage *image = disk->chain->pdata[j];

          if (is_named_by (holes[i], NULL, image->source, image->path))
            return TRUE;
        }
    }
  return FALSE;
}

/* ---- what is known ---- */

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
classify (const MigrateFacts *facts, const MigrateDisk *disk, const MigrateDisk *there,
          const char **storage, const char **why)
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
  else if (g_str_equal (disk->type, "network") && !_migrate_disk_is_named_otherwise (disk, there)
           && !_migrate_disk_is_served_by_itself (there))
    {
      *storage = "shared";
      *why = "it is on a server that both hosts reach by its name";
    }
}

static const MigrateDisk *
find_there (const MigrateCheckRequest *request, const MigrateDisk *disk)
{
  const MigrateDisk *there
    = request->there != NULL ? _migrate_disk_find (request->there->disks, disk->target) : NULL;

  return there != NULL ? there : disk;
}

static void
set_uris (GVariantDict *dict, const char *key, GPtrArray *chain)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_STRING_ARRAY);
  for (guint i = 0; i < chain->len; i++)
    {
      const MigrateImage *image = chain->pdata[i];
      g_autofree char *shown = _migrate_uri_redact (image->source != NULL ? image->source : "");

      g_variant_builder_add (&builder, "s", shown);
    }
  g_variant_dict_insert_value (dict, key, g_variant_builder_end (&builder));
}

static GVariant *
plan_disk (const MigrateFacts *facts, const MigrateDisk *disk, const MigrateDisk *there,
           gboolean open)
{
  const char *storage, *why;
  GVariantDict dict;

  classify (facts, disk, there, &storage, &why);
  g_variant_dict_init (&dict, NULL);
  _migrate_dict_set_string (&dict, "target", disk->target);
  _migrate_dict_set_string (&dict, "type", disk->type);
  _migrate_dict_set_string (&dict, "device", disk->device);
  _migrate_dict_set_uri (&dict, "source", disk->source);
  _migrate_dict_set_string (&dict, "format", disk->format);
  if (disk->chain->len > 0)
    set_uris (&dict, "chain", disk->chain);
  if (g_strcmp0 (there->source, disk->source) != 0)
    _migrate_dict_set_uri (&dict, "source-there", there->source);
  if (g_strcmp0 (there->format, disk->format) != 0)
    _migrate_dict_set_string (&dict, "format-there", there->format);
  if (open)
    g_variant_dict_insert (&dict, "open", "b", TRUE);
  _migrate_dict_set_string (&dict, "storage", storage);
  _migrate_dict_set_string (&dict, "why", why);
  return g_variant_dict_end (&dict);
}

GVariant *
_migrate_plan_disks (const MigrateFacts *facts, const MigrateCheckRequest *request)
{
  g_auto (GStrv) holes
    = request->documents != NULL ? _migrate_there_dup_holes (request->documents) : NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < facts->disks->len; i++)
    {
      const MigrateDisk *disk = facts->disks->pdata[i];

      g_variant_builder_add_value (&builder, plan_disk (facts, disk, find_there (request, disk),
                                                        _migrate_disk_is_open (disk, holes)));
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
gboolean
_migrate_plan_disks_are_shared (const MigrateFacts *facts)
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

/* ---- the proof ---- */

static GVariant *
find_row (GVariant *rows, const MigrateDisk *disk)
{
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      if (g_strcmp0 (_migrate_variant_string (row, "target"), disk->target) == 0)
        return g_steal_pointer (&row);
    }
  return NULL;
}

static const char *
planned (GVariant *row, const char *key, const char *key_there, gboolean there)
{
  const char *value = there ? _migrate_variant_string (row, key_there) : NULL;

  return value != NULL ? value : _migrate_variant_string (row, key);
}

static gboolean
refuse (const MigrateDisk *disk, gboolean there, const char *is, const char *was, GError **error)
{
  if (there)
    _migrate_set_error (
      error, MIGRATE_ERROR_INVALID,
      "Name it in the job's mapping, so that it is checked, or leave it open there with “?”",
      "disk “%s” would be “%s”, and “%s” was checked", disk->target, is != NULL ? is : "nothing",
      was != NULL ? was : "nothing");
  else
    _migrate_set_error (error, MIGRATE_ERROR_CHANGED, "Check again",
                        "Disk “%s” is “%s” now, and “%s” was checked", disk->target,
                        is != NULL ? is : "nothing", was != NULL ? was : "nothing");
  return FALSE;
}

/* Of the source's own document: the destination is not told of what libvirt itself found. That of a
 * guest that is off says nothing of it. */
static gboolean
prove_chain (GVariant *row, const MigrateDisk *disk, gboolean off, GError **error)
{
  g_autoptr (GVariant) chain = g_variant_lookup_value (row, "chain", G_VARIANT_TYPE_STRING_ARRAY);
  gsize n = chain != NULL ? g_variant_n_children (chain) : 0;

  if (off && disk->chain->len == 0 && !disk->chain_ends)
    return TRUE;
  for (gsize i = 0; i < MAX (n, disk->chain->len); i++)
    {
      const MigrateImage *image = i < disk->chain->len ? disk->chain->pdata[i] : NULL;
      g_autofree char *is
        = image != NULL && image->source != NULL ? _migrate_uri_redact (image->source) : NULL;
      g_autofree char *was = NULL;

      if (i < n)
        g_variant_get_child (chain, i, "s", &was);
      if (g_strcmp0 (is, was) != 0)
        return refuse (disk, FALSE, is, was, error);
    }
  return TRUE;
}

static gboolean
prove_disk (GVariant *row, const MigrateDisk *disk, gboolean there, gboolean off, GError **error)
{
  const char *source = row != NULL ? planned (row, "source", "source-there", there) : NULL;
  const char *format = row != NULL ? planned (row, "format", "format-there", there) : NULL;
  g_autofree char *is = _migrate_uri_redact (disk->source);

  if (g_strcmp0 (is, source) != 0)
    return refuse (disk, there, is, source, error);
  if (g_strcmp0 (disk->format, format) != 0)
    return refuse (disk, there, disk->format, format, error);
  return there || prove_chain (row, disk, off, error);
}

gboolean
_migrate_plan_prove_disks (MigratePlan *plan, const char *xml, gboolean there, GError **error)
{
  g_autoptr (GVariant) rows = g_variant_lookup_value (
    _migrate_plan_peek (plan), MIGRATE_PLAN_KEY_DISKS, G_VARIANT_TYPE ("aa{sv}"));
  gboolean off = _migrate_kind_stops (migrate_plan_get_kind (plan));
  g_autoptr (MigrateGuest) guest = NULL;

  if (rows == NULL) /* of a library that had no plans */
    return TRUE;
  guest = _migrate_guest_parse (xml, error);
  if (guest == NULL)
    return FALSE;
  for (guint i = 0; i < guest->disks->len; i++)
    {
      const MigrateDisk *disk = guest->disks->pdata[i];
      g_autoptr (GVariant) row = find_row (rows, disk);
      gboolean open = there && row != NULL && _migrate_variant_boolean (row, "open");

      if (disk->source != NULL && !open && !prove_disk (row, disk, there, off, error))
        return FALSE;
    }
  return TRUE;
}
