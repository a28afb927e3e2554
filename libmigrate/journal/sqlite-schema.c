/* What is in the file, and how a file of an older version becomes one of this version. A step is
 * never changed once released: a new version appends one. */
#include "journal/sqlite-private.h"

/* "MIGR", in PRAGMA application_id: tells a journal from any other SQLite file. */
#define STORE_APPLICATION_ID G_GUINT64_CONSTANT (0x4d494752)
#define STORE_KEEP_CLOSED_US (G_GINT64_CONSTANT (90) * G_TIME_SPAN_DAY)

/* steps[n] makes version n + 1 out of version n. What queries look for are columns; all else is in
 * `dict`, as GVariant text. A claim's row stays when it is given back, for its generation. */
static const char *const steps[] = {
  "CREATE TABLE job ("
  "  id TEXT PRIMARY KEY NOT NULL, guest_uuid TEXT COLLATE NOCASE, state TEXT,"
  "  created INTEGER NOT NULL, updated INTEGER NOT NULL, dict TEXT NOT NULL);"
  "CREATE TABLE entry ("
  "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
  "  at INTEGER NOT NULL, generation INTEGER NOT NULL, kind TEXT NOT NULL, name TEXT NOT NULL,"
  "  status TEXT NOT NULL, dict TEXT NOT NULL);"
  "CREATE INDEX entry_job ON entry (job_id, seq);"
  "CREATE TABLE claim ("
  "  guest_uuid TEXT PRIMARY KEY NOT NULL COLLATE NOCASE,"
  "  job_id TEXT UNIQUE REFERENCES job (id),"
  "  generation INTEGER NOT NULL, holder TEXT, taken INTEGER NOT NULL);"
  "CREATE TABLE mailbox ("
  "  seq INTEGER PRIMARY KEY AUTOINCREMENT,"
  "  job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
  "  at INTEGER NOT NULL, verb TEXT NOT NULL, dict TEXT NOT NULL);"
  "CREATE INDEX mailbox_job ON mailbox (job_id, seq);",

  "CREATE TABLE sample ("
  "  job_id TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,"
  "  at_ms INTEGER NOT NULL, dict TEXT NOT NULL, PRIMARY KEY (job_id, at_ms)) WITHOUT ROWID;",
};

static gboolean
schema_number (MigrateStore *self, const char *sql, guint64 *number, GError **error)
{
  g_autoptr (sqlite3_stmt) query = _migrate_store_query (self, error, sql, "");

  if (query == NULL || _migrate_store_step (self, query, error) != 1)
    return FALSE;
  *number = _migrate_store_number (query, 0);
  return TRUE;
}

/* Only an empty file is taken for a new journal. */
static gboolean
schema_version (MigrateStore *self, guint64 *version, GError **error)
{
  guint64 application, tables;

  if (!schema_number (self, "PRAGMA application_id", &application, error)
      || !schema_number (self, "PRAGMA user_version", version, error)
      || !schema_number (self, "SELECT count(*) FROM sqlite_schema", &tables, error))
    return FALSE;
  if (application != STORE_APPLICATION_ID && (application != 0 || *version != 0 || tables != 0))
    {
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, "Name another path for the journal",
                          "Journal “%s” cannot be opened: it is a database of another program",
                          self->path);
      return FALSE;
    }
  if (*version > G_N_ELEMENTS (steps))
    {
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL,
                          "Use the newer libmigrate, or name another path for the journal",
                          "Journal “%s” cannot be opened: it was written by a newer libmigrate "
                          "(schema %" G_GUINT64_FORMAT ", this one knows up to %u)",
                          self->path, *version, (guint) G_N_ELEMENTS (steps));
      return FALSE;
    }
  return TRUE;
}

static gboolean
schema_run_steps (MigrateStore *self, GError **error)
{
  g_autofree char *mark
    = g_strdup_printf ("PRAGMA application_id = %u; PRAGMA user_version = %u",
                       (guint) STORE_APPLICATION_ID, (guint) G_N_ELEMENTS (steps));
  guint64 version;

  /* Asked again: another process may have been faster. */
  if (!schema_version (self, &version, error))
    return FALSE;
  for (guint64 i = version; i < G_N_ELEMENTS (steps); i++)
    if (sqlite3_exec (self->db, steps[i], NULL, NULL, NULL) != SQLITE_OK)
      {
        _migrate_store_set_error (self, "opened", error);
        return FALSE;
      }
  if (sqlite3_exec (self->db, mark, NULL, NULL, NULL) != SQLITE_OK)
    {
      _migrate_store_set_error (self, "opened", error);
      return FALSE;
    }
  return TRUE;
}

gboolean
_migrate_store_check_version (MigrateStore *self, GError **error)
{
  guint64 version;

  return schema_version (self, &version, error);
}

gboolean
_migrate_store_upgrade (MigrateStore *self, GError **error)
{
  guint64 version;

  if (!schema_version (self, &version, error))
    return FALSE;
  if (version == G_N_ELEMENTS (steps))
    return TRUE;
  return _migrate_store_begin (self, error)
         && _migrate_store_end (self, schema_run_steps (self, error), error);
}

/* Housekeeping: whoever has a job to do does not fail for it. Looks before it writes, so that
 * opening the journal takes no write lock. */
void
_migrate_store_prune (MigrateStore *self)
{
#define PRUNABLE                                                                                   \
  " FROM job WHERE state IN ('new', 'checked', 'finalized', 'undone', 'cancelled')"                \
  "   AND updated < ?1"                                                                            \
  "   AND id NOT IN (SELECT job_id FROM claim WHERE job_id IS NOT NULL)"
  gint64 now = g_get_real_time ();
  guint64 limit = (guint64) MAX (now - STORE_KEEP_CLOSED_US, 0);
  g_autoptr (sqlite3_stmt) query
    = _migrate_store_query (self, NULL, "SELECT 1" PRUNABLE " LIMIT 1", "u", limit);

  if (query == NULL || _migrate_store_step (self, query, NULL) != 1)
    return;
  g_clear_pointer (&query, sqlite3_finalize);
  if (!_migrate_store_run (self, NULL, "DELETE" PRUNABLE, "u", limit))
    g_debug ("journal “%s”: old jobs were not removed", self->path);
#undef PRUNABLE
}
