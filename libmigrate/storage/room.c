/* Act: what a move needed of a disk that was full. QEMU and libvirt name neither the pool nor how
 * much, and where a carrier carries the files not even the disk. */
#include "storage/files-private.h"

#include <string.h>

/* Memory that is short has the same code. */
static gboolean
is_of_disk (const GError *error)
{
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NO_SPACE)
         && (strstr (error->message, "No space left") != NULL
             || strstr (error->message, "quota") != NULL);
}

static void
describe_row (GString *text, MigrateWork *work, GVariant *row)
{
  const char *pool = _migrate_made_pool (work, row);
  guint64 needed = _migrate_variant_uint64 (row, "allocation", 0);
  g_autofree char *size = needed > 0 ? g_strdup_printf ("%.1f MiB", (double) needed / (1 << 20))
                                     : g_strdup ("as much as there is");

  g_string_append_printf (text, "%sfor “%s” %s in storage pool “%s”", text->len > 0 ? ", " : "",
                          _migrate_variant_string (row, "id"), size, pool != NULL ? pool : "");
}

void
_migrate_files_explain_no_space (MigrateWork *work, GError **error)
{
  g_autoptr (GVariant) rows = _migrate_files_of (work->plan);
  g_autoptr (GString) text = g_string_new (NULL);

  if (error == NULL || !is_of_disk (*error))
    return;
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      if (_migrate_was_made (work, row))
        describe_row (text, work, row);
    }
  if (text->len > 0)
    g_prefix_error (error, "Needed at the destination: %s; ", text->str);
}
