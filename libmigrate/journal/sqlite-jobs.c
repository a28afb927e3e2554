/* Jobs and their log, as rows. */
#include "journal/sqlite-private.h"

gboolean
_migrate_store_require_job (MigrateStore *self, const char *id, GError **error)
{
  g_autoptr (sqlite3_stmt) query
    = _migrate_store_query (self, error, "SELECT 1 FROM job WHERE id = ?1", "s", id);
  int found = query != NULL ? _migrate_store_step (self, query, error) : -1;

  if (found == 0)
    _migrate_set_error (error, MIGRATE_ERROR_NOT_FOUND, "See the list of jobs of this journal",
                        "Job “%s” is not in journal “%s”", id, self->path);
  return found == 1;
}

gboolean
_migrate_store_add_job (MigrateStore *self, const char *id, GVariant *values, GError **error)
{
  g_autofree char *dict = _migrate_store_merge (NULL /* none before */, values);
  g_autoptr (sqlite3_stmt) query
    = _migrate_store_query (self, error, "SELECT 1 FROM job WHERE id = ?1", "s", id);
  int found = query != NULL ? _migrate_store_step (self, query, error) : -1;
  guint64 now = (guint64) g_get_real_time ();

  if (found == 1)
    _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Give each job an id of its own",
                        "Job “%s” is in journal “%s” already", id, self->path);
  if (found != 0)
    return FALSE;
  return _migrate_store_run (self, error,
                             "INSERT INTO job (id, guest_uuid, state, created, updated, dict)"
                             "  VALUES (?1, ?2, ?3, ?4, ?4, ?5)",
                             "sssus", id,
                             _migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_UUID),
                             _migrate_variant_string (values, MIGRATE_JOB_KEY_STATE), now, dict);
}

static GVariant *
load_dict (MigrateStore *self, const char *id, GError **error)
{
  g_autoptr (sqlite3_stmt) query
    = _migrate_store_query (self, error, "SELECT dict FROM job WHERE id = ?1", "s", id);

  if (query == NULL || _migrate_store_step (self, query, error) != 1)
    return NULL;
  return _migrate_store_parse (self, id, _migrate_store_text (query, 0), error);
}

static gboolean
update_job (MigrateStore *self, const char *id, GVariant *values, GError **error)
{
  g_autoptr (GVariant) before = load_dict (self, id, error);
  g_autofree char *dict = NULL;

  if (before == NULL)
    return FALSE;
  dict = _migrate_store_merge (before, values);
  return _migrate_store_run (
    self, error,
    "UPDATE job SET guest_uuid = coalesce (?2, guest_uuid), state = coalesce (?3, state),"
    "  updated = ?4, dict = ?5 WHERE id = ?1",
    "sssus", id, _migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_UUID),
    _migrate_variant_string (values, MIGRATE_JOB_KEY_STATE), (guint64) g_get_real_time (), dict);
}

static const char *
word (GVariant *entry, const char *key)
{
  const char *text = _migrate_variant_string (entry, key);

  return text != NULL ? text : "";
}

static gboolean
append (MigrateStore *self, const char *id, guint64 generation, GVariant *entry, GError **error)
{
  g_autoptr (GVariant) values = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) none = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
  g_autofree char *dict = _migrate_store_print (values != NULL ? values : none);

  return _migrate_store_run (
    self, error,
    "INSERT INTO entry (job_id, at, generation, kind, name, status, dict)"
    "  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    "suussss", id, _migrate_variant_uint64 (entry, "at-us", (guint64) g_get_real_time ()),
    generation, word (entry, "kind"), word (entry, "name"), word (entry, "status"), dict);
}

gboolean
_migrate_store_record (MigrateStore *self, const char *id, guint64 generation, GVariant *entries,
                       GVariant *values, GError **error)
{
  gsize n = g_variant_n_children (entries);

  if (!_migrate_store_require_job (self, id, error)
      || !_migrate_store_check_claim (self, id, generation, error))
    return FALSE;
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      if (!append (self, id, generation, entry, error))
        return FALSE;
    }
  /* With neither it still tells that somebody is there. */
  return (n > 0 && g_variant_n_children (values) == 0) || update_job (self, id, values, error);
}

/* ---- reading ---- */

static gboolean
add_job_row (MigrateStore *self, const char *own, sqlite3_stmt *row, GVariantBuilder *jobs,
             GError **error)
{
  const char *id = _migrate_store_text (row, 0);
  const char *holder = _migrate_store_text (row, 5);
  g_autoptr (GVariant) values
    = _migrate_store_parse (self, id, _migrate_store_text (row, 3), error);
  gboolean held = FALSE;
  GVariantDict dict;

  if (values == NULL)
    return FALSE;
  if (holder != NULL && !_migrate_store_holder_is_alive (self, own, holder, &held, error))
    return FALSE;
  g_variant_dict_init (&dict, values);
  g_variant_dict_insert_value (&dict, MIGRATE_JOB_KEY_ID, _migrate_store_string (row, 0));
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_CREATED, "t", _migrate_store_number (row, 1));
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_UPDATED, "t", _migrate_store_number (row, 2));
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_HELD, "b", held);
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_GENERATION, "t", _migrate_store_number (row, 4));
  g_variant_builder_add_value (jobs, g_variant_dict_end (&dict));
  return TRUE;
}

GVariant *
_migrate_store_load_jobs (MigrateStore *self, const char *own, const char *id,
                          const char *guest_uuid, GError **error)
{
  g_autoptr (sqlite3_stmt) query = _migrate_store_query (
    self, error,
    "SELECT j.id, j.created, j.updated, j.dict, c.generation, c.holder"
    "  FROM job j LEFT JOIN claim c ON c.job_id = j.id"
    "  WHERE (?1 IS NULL OR j.id = ?1) AND (?2 IS NULL OR j.guest_uuid = ?2)"
    "  ORDER BY j.created DESC, j.rowid DESC",
    "ss", id, guest_uuid);
  g_auto (GVariantBuilder) jobs = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  int more;

  if (query == NULL)
    return NULL;
  while ((more = _migrate_store_step (self, query, error)) == 1)
    if (!add_job_row (self, own, query, &jobs, error))
      return NULL;
  return more == 0 ? g_variant_ref_sink (g_variant_builder_end (&jobs)) : NULL;
}

static gboolean
add_entry_row (MigrateStore *self, const char *id, sqlite3_stmt *row, GVariantBuilder *entries,
               GError **error)
{
  g_autoptr (GVariant) values
    = _migrate_store_parse (self, id, _migrate_store_text (row, 6), error);
  GVariantBuilder entry;

  if (values == NULL)
    return FALSE;
  g_variant_builder_init (&entry, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&entry, "{sv}", "seq",
                         g_variant_new_uint64 (_migrate_store_number (row, 0)));
  g_variant_builder_add (&entry, "{sv}", "at-us",
                         g_variant_new_uint64 (_migrate_store_number (row, 1)));
  g_variant_builder_add (&entry, "{sv}", "generation",
                         g_variant_new_uint64 (_migrate_store_number (row, 2)));
  g_variant_builder_add (&entry, "{sv}", "kind", _migrate_store_string (row, 3));
  g_variant_builder_add (&entry, "{sv}", "name", _migrate_store_string (row, 4));
  g_variant_builder_add (&entry, "{sv}", "status", _migrate_store_string (row, 5));
  g_variant_builder_add (&entry, "{sv}", "values", values);
  g_variant_builder_add_value (entries, g_variant_builder_end (&entry));
  return TRUE;
}

GVariant *
_migrate_store_load_entries (MigrateStore *self, const char *id, GError **error)
{
  g_autoptr (sqlite3_stmt) query = NULL;
  g_auto (GVariantBuilder) entries = G_VARIANT_BUILDER_INIT (G_VARIANT_TYPE ("aa{sv}"));
  int more;

  if (!_migrate_store_require_job (self, id, error))
    return NULL;
  query = _migrate_store_query (self, error,
                                "SELECT seq, at, generation, kind, name, status, dict FROM entry"
                                "  WHERE job_id = ?1 ORDER BY seq",
                                "s", id);
  if (query == NULL)
    return NULL;
  while ((more = _migrate_store_step (self, query, error)) == 1)
    if (!add_entry_row (self, id, query, &entries, error))
      return NULL;
  return more == 0 ? g_variant_ref_sink (g_variant_builder_end (&entries)) : NULL;
}
