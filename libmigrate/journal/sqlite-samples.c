/* How a transfer went, as samples: bounded for each job, however long it lasts. */
#include "journal/sqlite-private.h"

#define SAMPLES_MAX G_GUINT64_CONSTANT (2000)

static gboolean
add_sample (MigrateStore *self, const char *id, GVariant *sample, GError **error)
{
  guint64 at = MIN (_migrate_variant_uint64 (sample, "at-ms", 0), (guint64) G_MAXINT64);
  g_autofree char *dict = _migrate_store_print (sample);

  /* The clock of another machine, or one that was set back, may give a time twice. */
  return _migrate_store_run (self, error,
                             "INSERT OR REPLACE INTO sample (job_id, at_ms, dict)"
                             "  VALUES (?1, ?2, ?3)",
                             "sus", id, at, dict);
}

/* Half as many are kept, spread evenly over the whole time: thinning out by rank would leave
 * nothing of the beginning of a long transfer. */
static gboolean
thin_out (MigrateStore *self, const char *id, GError **error)
{
  g_autoptr (sqlite3_stmt) query
    = _migrate_store_query (self, error,
                            "SELECT count(*), min(at_ms), max(at_ms) FROM sample"
                            "  WHERE job_id = ?1",
                            "s", id);
  guint64 first, span;

  if (query == NULL || _migrate_store_step (self, query, error) != 1)
    return FALSE;
  if (_migrate_store_number (query, 0) <= SAMPLES_MAX)
    return TRUE;
  first = _migrate_store_number (query, 1);
  span = _migrate_store_number (query, 2) - first + 1;
  g_clear_pointer (&query, sqlite3_finalize);
  return _migrate_store_run (self, error,
                             "DELETE FROM sample WHERE job_id = ?1 AND at_ms NOT IN"
                             "  (SELECT min(at_ms) FROM sample WHERE job_id = ?1"
                             "    GROUP BY cast((at_ms - ?2) * 1.0 * ?4 / ?3 AS INTEGER))",
                             "suuu", id, first, span, SAMPLES_MAX / 2);
}

gboolean
_migrate_store_add_samples (MigrateStore *self, const char *id, guint64 generation,
                            GVariant *samples, GVariant *values, GError **error)
{
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new ("aa{sv}", NULL));

  if (!_migrate_store_record (self, id, generation, none, values, error))
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (samples); i++)
    {
      g_autoptr (GVariant) sample = g_variant_get_child_value (samples, i);

      if (!add_sample (self, id, sample, error))
        return FALSE;
    }
  return thin_out (self, id, error);
}

GVariant *
_migrate_store_load_samples (MigrateStore *self, const char *id, GError **error)
{
  g_autoptr (sqlite3_stmt) query = NULL;
  g_auto (GVariantBuilder) samples = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  int more;

  if (!_migrate_store_require_job (self, id, error))
    return NULL;
  query = _migrate_store_query (
    self, error, "SELECT dict FROM sample WHERE job_id = ?1 ORDER BY at_ms", "s", id);
  if (query == NULL)
    return NULL;
  while ((more = _migrate_store_step (self, query, error)) == 1)
    {
      g_autoptr (GVariant) sample
        = _migrate_store_parse (self, id, _migrate_store_text (query, 0), error);

      if (sample == NULL)
        return NULL;
      g_variant_builder_add_value (&samples, sample);
    }
  return more == 0 ? g_variant_ref_sink (g_variant_builder_end (&samples)) : NULL;
}
