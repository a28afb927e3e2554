/* Decide: what the plan's rows of files say. */
#include "storage/files-private.h"

#include "xml/host-private.h"

static const char *const how_names[] = {
  [MIGRATE_FILE_SHARED] = "shared",     [MIGRATE_FILE_STAYS] = "stays",
  [MIGRATE_FILE_MIRROR] = "mirror",     [MIGRATE_FILE_STREAM] = "stream",
  [MIGRATE_FILE_RECREATE] = "recreate", [MIGRATE_FILE_IN_STREAM] = "in-stream",
  [MIGRATE_FILE_FOUND] = "found",       [MIGRATE_FILE_REFUSED] = "refused",
};

const char *
_migrate_file_how_name (MigrateFileHow how)
{
  return how_names[how];
}

MigrateFileHow
_migrate_file_how (GVariant *row)
{
  const char *name = _migrate_variant_string (row, "how");

  for (gsize i = 0; i < G_N_ELEMENTS (how_names); i++)
    if (g_strcmp0 (how_names[i], name) == 0)
      return (MigrateFileHow) i;
  return MIGRATE_FILE_REFUSED;
}

gboolean
_migrate_file_may_serve (GVariant *row)
{
  static const char *const roles[] = { "backing", "cdrom", "kernel", "initrd", "dtb", NULL };
  const char *role = _migrate_variant_string (row, "role");

  return role != NULL && g_strv_contains (roles, role);
}

gboolean
_migrate_file_is_made (GVariant *row)
{
  MigrateFileHow how = _migrate_file_how (row);

  return how == MIGRATE_FILE_MIRROR || how == MIGRATE_FILE_STREAM || how == MIGRATE_FILE_RECREATE;
}

gboolean
_migrate_file_comes_later (GVariant *row)
{
  return g_strcmp0 (_migrate_variant_string (row, "role"), "saved-memory") == 0;
}

GVariant *
_migrate_files_of (MigratePlan *plan)
{
  GVariant *rows = plan != NULL ? g_variant_lookup_value (
                     _migrate_plan_peek (plan), MIGRATE_PLAN_KEY_FILES, G_VARIANT_TYPE ("aa{sv}"))
                                : NULL;

  return rows != NULL ? rows
                      : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE_VARDICT, NULL, 0));
}

double
_migrate_files_share (MigratePlan *plan, MigrateFileHow how, guint64 memory)
{
  g_autoptr (GVariant) rows = _migrate_files_of (plan);
  double share = 0, all = (double) memory;

  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      MigrateFileHow is = _migrate_file_how (row);
      double bytes = (double) _migrate_variant_uint64 (row, "allocation", 0);

      if (is != MIGRATE_FILE_MIRROR && is != MIGRATE_FILE_STREAM)
        continue;
      all += bytes;
      share += is == how ? bytes : 0;
    }
  return all > 0 ? share / all : 0;
}

/* value: nullable: it has none. */
void
_migrate_file_add_option (GVariantBuilder *options, const char *key, const char *value)
{
  if (value != NULL)
    g_variant_builder_add (options, "{ss}", key, value);
}

void
_migrate_file_add_options (GVariantBuilder *options, const MigrateVolume *volume)
{
  _migrate_file_add_option (options, "compat", volume->compat);
  _migrate_file_add_option (options, "cluster-size", volume->cluster_size);
  _migrate_file_add_option (options, "lazy-refcounts", volume->lazy_refcounts ? "true" : NULL);
  _migrate_file_add_option (options, "extended-l2", volume->extended_l2 ? "true" : NULL);
  _migrate_file_add_option (options, "owner", volume->owner);
  _migrate_file_add_option (options, "group", volume->group);
  _migrate_file_add_option (options, "mode", volume->mode);
}
