/* What a libvirtd tells of files, pools and secrets when many facts are asked for at once, and of a
 * running guest's chains. */
#include "sim-storage.h"

#include "virt/facts-private.h"

#include <string.h>

static void
tell_pool (const SimPool *pool, GHashTable *told, GVariantBuilder *pools)
{
  g_autofree char *xml = _sim_pool_describe (pool);
  GVariantDict values;

  if (!g_hash_table_add (told, (gpointer) pool))
    return;
  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert (&values, MIGRATE_DOCUMENT_ACTIVE, "b", !pool->inactive);
  g_variant_dict_insert (&values, MIGRATE_DOCUMENT_XML, "s", xml);
  g_variant_builder_add_value (pools, g_variant_dict_end (&values));
}

/* pool: nullable, there is none that has it. */
static void
tell_file (SimHost *host, const char *path, SimPool *pool, const char *name, GVariantBuilder *files)
{
  gboolean found = pool != NULL && _sim_volume_find_file (host, pool, name) != NULL;
  GVariantDict values;

  g_variant_dict_init (&values, NULL);
  g_variant_dict_insert_value (&values, MIGRATE_FILE_FACT_PATH, _migrate_fact_text (path));
  g_variant_dict_insert (&values, MIGRATE_FILE_FACT_FOUND, "b", found);
  if (pool != NULL)
    g_variant_dict_insert (&values, MIGRATE_FILE_FACT_POOL, "s", pool->name);
  if (found)
    {
      g_autofree char *xml = _sim_volume_describe (host, pool, name);

      g_variant_dict_insert_value (&values, MIGRATE_FILE_FACT_XML, _migrate_fact_text (xml));
    }
  g_variant_builder_add_value (files, g_variant_dict_end (&values));
}

static void
tell_files (SimHost *host, const MigrateCall *call, GHashTable *told, GVariantBuilder *pools,
            GVariantDict *answer)
{
  g_autoptr (GVariant) paths
    = g_variant_lookup_value (call->question, MIGRATE_FACT_FILES, G_VARIANT_TYPE ("as"));
  g_autoptr (GVariant) volumes
    = g_variant_lookup_value (call->question, MIGRATE_FACT_VOLUMES, G_VARIANT_TYPE ("a(ss)"));
  GVariantBuilder files;

  if (paths == NULL && volumes == NULL)
    return;
  g_variant_builder_init (&files, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; paths != NULL && i < g_variant_n_children (paths); i++)
    {
      const char *path;
      g_autofree char *folder = NULL;
      g_autofree char *name = NULL;
      SimPool *pool;

      g_variant_get_child (paths, i, "&s", &path);
      folder = g_path_get_dirname (path);
      name = g_path_get_basename (path);
      pool = _sim_pool_find_by_target (host, folder);
      if (pool != NULL)
        tell_pool (pool, told, pools);
      tell_file (host, path, pool, name, &files);
    }
  for (gsize i = 0; volumes != NULL && i < g_variant_n_children (volumes); i++)
    {
      const char *name, *volume;
      g_autofree char *path = NULL;

      g_variant_get_child (volumes, i, "(&s&s)", &name, &volume);
      path = g_strdup_printf ("%s:%s", name, volume);
      tell_file (host, path, _sim_pool_find_by_name (host, name), volume, &files);
    }
  g_variant_dict_insert_value (answer, MIGRATE_FACT_FILES, g_variant_builder_end (&files));
}

/* Of pools only a world that has images tells. */
void
_sim_facts_tell_storage (SimHost *host, const MigrateCall *call, GVariantDict *answer)
{
  g_autoptr (GHashTable) told = g_hash_table_new (NULL, NULL);
  GVariantBuilder pools;

  _sim_disks_flush (host->world);
  g_variant_builder_init (&pools, G_VARIANT_TYPE ("aa{sv}"));
  tell_files (host, call, told, &pools, answer);
  for (guint i = 0; i < host->pools->len; i++)
    tell_pool (host->pools->pdata[i], told, &pools);
  if (host->world->tells_storage && _migrate_variant_boolean (call->question, MIGRATE_FACT_POOLS))
    g_variant_dict_insert_value (answer, MIGRATE_FACT_POOLS, g_variant_builder_end (&pools));
  else
    g_variant_builder_clear (&pools);
}

void
_sim_facts_tell_secrets (SimHost *host, const MigrateCall *call, GVariantDict *answer)
{
  GVariantBuilder secrets;

  if (!host->world->tells_storage
      || !_migrate_variant_boolean (call->question, MIGRATE_FACT_SECRETS))
    return;
  g_variant_builder_init (&secrets, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < host->secrets->len; i++)
    {
      const SimSecret *secret = host->secrets->pdata[i];
      GVariantDict values;

      g_variant_dict_init (&values, NULL);
      g_variant_dict_insert (&values, MIGRATE_SECRET_FACT_UUID, "s", secret->uuid);
      g_variant_dict_insert (&values, MIGRATE_SECRET_FACT_USAGE, "s",
                             secret->usage != NULL ? secret->usage : "");
      g_variant_dict_insert (&values, MIGRATE_SECRET_FACT_USAGE_TYPE, "s",
                             secret->usage_type != NULL ? secret->usage_type : "none");
      g_variant_builder_add_value (&secrets, g_variant_dict_end (&values));
    }
  g_variant_dict_insert_value (answer, MIGRATE_FACT_SECRETS, g_variant_builder_end (&secrets));
}

/* ---- chains ---- */

static void
add_chain (SimHost *host, const char *path, guint depth, GString *xml)
{
  SimFile *file = depth < 32 ? _sim_file_find (host, path) : NULL;
  g_autoptr (SimImage) image = file != NULL ? _sim_image_probe (file) : NULL;
  g_autofree char *next = NULL;
  g_autofree char *escaped = NULL;
  g_autofree char *below = NULL;

  if (image == NULL || image->backing == NULL)
    {
      g_string_append (xml, "<backingStore/>");
      return;
    }
  next = _sim_image_dup_backing_path (image, path);
  escaped = _sim_xml_escape (next);
  below = g_strdup_printf ("<backingStore type='file'><format type='%s'/><source file='%s'/>",
                           image->backing_format != NULL ? image->backing_format : "raw", escaped);
  g_string_append (xml, below);
  add_chain (host, next, depth + 1, xml);
  g_string_append (xml, "</backingStore>");
}

/* Behind the source that names the path; however it is quoted. */
static gsize
find_source (const GString *xml, const char *path)
{
  const char *source = strstr (xml->str, "<source file=");

  for (; source != NULL; source = strstr (source + 1, "<source file="))
    {
      const char *end = strstr (source, "/>");
      g_autofree char *element
        = end != NULL ? g_strndup (source, (gsize) (end + 2 - source)) : g_strdup ("");
      g_autoptr (GPtrArray) elements = _sim_xml_read (element);

      if (g_strcmp0 (_sim_xml_attribute (elements, G_MAXUINT, "source", "file"), path) == 0)
        return (gsize) (end + 2 - xml->str);
    }
  return 0;
}

char *
_sim_domain_dup_live_xml (const SimDomain *domain)
{
  g_autoptr (GPtrArray) opens = NULL;
  GString *xml = g_string_new (domain->xml);

  if (!domain->active || !domain->guest->opens_files
      || strstr (domain->xml, "<backingStore") != NULL)
    return g_string_free (xml, FALSE);
  opens = _sim_opens_read (domain->host, domain->xml);
  for (guint i = 0; i < opens->len; i++)
    {
      const SimOpen *open = opens->pdata[i];
      gsize place = find_source (xml, open->path);
      g_autoptr (GString) chain = g_string_new (NULL);

      if (place == 0)
        continue;
      if (g_str_equal (open->format, "qcow2"))
        add_chain (domain->host, open->path, 0, chain);
      else
        g_string_append (chain, "<backingStore/>");
      g_string_insert (xml, (gssize) place, chain->str);
    }
  return g_string_free (xml, FALSE);
}
