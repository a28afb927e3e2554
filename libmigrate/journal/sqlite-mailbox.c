/* Messages to the holder of a job. The holder looks twice a second, so looking takes no write
 * lock. */
#include "journal/sqlite-private.h"

gboolean
_migrate_store_post (MigrateStore *self, const char *id, const char *verb, GVariant *values,
                     GError **error)
{
  g_autofree char *dict = _migrate_store_print (values);

  return _migrate_store_require_job (self, id, error)
         && _migrate_store_run (self, error,
                                "INSERT INTO mailbox (job_id, at, verb, dict)"
                                "  VALUES (?1, ?2, ?3, ?4)",
                                "suss", id, (guint64) g_get_real_time (), verb, dict);
}

int
_migrate_store_has_mail (MigrateStore *self, const char *id, GError **error)
{
  g_autoptr (sqlite3_stmt) query = _migrate_store_query (
    self, error, "SELECT 1 FROM mailbox WHERE job_id = ?1 LIMIT 1", "s", id);

  return query != NULL ? _migrate_store_step (self, query, error) : -1;
}

static gboolean
add_message_row (MigrateStore *self, const char *id, sqlite3_stmt *row, GVariantBuilder *messages,
                 GError **error)
{
  g_autoptr (GVariant) values
    = _migrate_store_parse (self, id, _migrate_store_text (row, 2), error);
  GVariantBuilder message;

  if (values == NULL)
    return FALSE;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "verb", _migrate_store_string (row, 0));
  g_variant_builder_add (&message, "{sv}", "at-us",
                         g_variant_new_uint64 (_migrate_store_number (row, 1)));
  g_variant_builder_add (&message, "{sv}", "values", values);
  g_variant_builder_add_value (messages, g_variant_builder_end (&message));
  return TRUE;
}

GVariant *
_migrate_store_take_mail (MigrateStore *self, const char *id, GError **error)
{
  g_autoptr (sqlite3_stmt) query = _migrate_store_query (
    self, error, "SELECT verb, at, dict FROM mailbox WHERE job_id = ?1 ORDER BY seq", "s", id);
  g_auto (GVariantBuilder) messages = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  int more;

  if (query == NULL)
    return NULL;
  while ((more = _migrate_store_step (self, query, error)) == 1)
    if (!add_message_row (self, id, query, &messages, error))
      return NULL;
  if (more != 0
      || !_migrate_store_run (self, error, "DELETE FROM mailbox WHERE job_id = ?1", "s", id))
    return NULL;
  return g_variant_ref_sink (g_variant_builder_end (&messages));
}
