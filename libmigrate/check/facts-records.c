/* Gather: what libvirt knows of a guest's snapshots, as far as a move rests on it: files that they
 * name and that are none of the guest's images. Their documents are not kept, for there may be
 * passwords in them. */
#include "check/facts-snapshot-private.h"

#include "xml/records-private.h"

static void
add_files (GVariantBuilder *rows, const char *xml)
{
  g_autofree char *name = _migrate_record_dup_name (xml, NULL /* error: it is told of later */);
  g_auto (GStrv) files = _migrate_record_dup_files (xml);

  for (gsize i = 0; name != NULL && files[i] != NULL; i++)
    {
      GVariantDict row;

      g_variant_dict_init (&row, NULL);
      g_variant_dict_insert_value (&row, MIGRATE_SNAPSHOT_FILE_OF, _migrate_fact_text (name));
      g_variant_dict_insert_value (&row, MIGRATE_SNAPSHOT_FILE_PATH, _migrate_fact_text (files[i]));
      g_variant_builder_add_value (rows, g_variant_dict_end (&row));
    }
}

gboolean
_migrate_facts_ask_records (MigrateWork *work, GVariant *guest, GVariantDict *source,
                            GError **error)
{
  const char *uuid = _migrate_variant_string (guest, MIGRATE_GUEST_FACT_UUID);
  g_autoptr (MigrateCall) call = NULL;
  g_autoptr (GVariant) list = NULL;
  guint32 snapshots = 0;
  GVariantBuilder rows;

  g_variant_lookup (guest, MIGRATE_GUEST_FACT_SNAPSHOTS, "u", &snapshots);
  if (snapshots == 0)
    return TRUE;
  call = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_SNAPSHOTS, uuid, 0, error);
  if (call == NULL)
    return FALSE;
  list = g_variant_lookup_value (call->answer, "snapshots", G_VARIANT_TYPE_STRING_ARRAY);
  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++)
    {
      const char *xml;

      g_variant_get_child (list, i, "&s", &xml);
      add_files (&rows, xml);
    }
  g_variant_dict_insert_value (source, MIGRATE_SNAPSHOT_FILES, g_variant_builder_end (&rows));
  return TRUE;
}

void
_migrate_snapshot_file_free (MigrateSnapshotFile *self)
{
  g_free (self->snapshot);
  g_free (self->path);
  g_free (self);
}

GPtrArray *
_migrate_facts_read_records (GVariant *source)
{
  GPtrArray *files = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_snapshot_file_free);
  g_autoptr (GVariant) rows = _migrate_facts_rows (source, MIGRATE_SNAPSHOT_FILES);

  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *of = _migrate_variant_string (row, MIGRATE_SNAPSHOT_FILE_OF);
      const char *path = _migrate_variant_string (row, MIGRATE_SNAPSHOT_FILE_PATH);
      MigrateSnapshotFile *file;

      if (of == NULL || path == NULL)
        continue;
      file = g_new0 (MigrateSnapshotFile, 1);
      file->snapshot = g_strdup (of);
      file->path = g_strdup (path);
      g_ptr_array_add (files, file);
    }
  return files;
}
