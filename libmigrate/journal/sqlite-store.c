/* An open SQLite file: how it is opened, statements, transactions, and what its errors mean to the
 * caller.
 *
 * Each commit is on the disk before the call returns (synchronous=EXTRA: in WAL mode this is FULL,
 * else it also covers the removal of the rollback journal): an intent that a power cut could take
 * back would be no intent. */
#include "journal/sqlite-private.h"

#include <stdarg.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_BUSY_MS 10000
#define STORE_BUSY_SOON_MS 1000
#define STORE_RETRY_US 20000

#define REMEDY_ROOM "Make room on its file system"
#define REMEDY_RIGHTS "Make the file and its folder writable for this user, or name another path"
#define REMEDY_NO_DATABASE "Move the file away, or name another path for the journal"
#define REMEDY_BUSY "See which process keeps the journal locked, and try again"

static const struct
{
  int code;
  gboolean system; /* the system's own reason says more */
  const char *remedy;
} remedies[] = {
  { SQLITE_FULL, FALSE, REMEDY_ROOM },          { SQLITE_IOERR, TRUE, REMEDY_ROOM ", or mend it" },
  { SQLITE_READONLY, FALSE, REMEDY_RIGHTS },    { SQLITE_CANTOPEN, TRUE, REMEDY_RIGHTS },
  { SQLITE_PERM, FALSE, REMEDY_RIGHTS },        { SQLITE_AUTH, FALSE, REMEDY_RIGHTS },
  { SQLITE_NOTADB, FALSE, REMEDY_NO_DATABASE }, { SQLITE_CORRUPT, FALSE, REMEDY_NO_DATABASE },
  { SQLITE_BUSY, FALSE, REMEDY_BUSY },          { SQLITE_LOCKED, FALSE, REMEDY_BUSY },
  { SQLITE_ERROR, FALSE, REMEDY_NO_DATABASE },
};

/* A writer that was stopped in its transaction blocks everybody: it is named where it can be. */
static gboolean
store_set_busy (MigrateStore *self, const char *verb, GError **error)
{
  guint pid = _migrate_store_find_writer (self);
  g_autofree char *remedy
    = g_strdup_printf ("See why process %u does not go on; continue it or end it", pid);

  if (pid == 0)
    return FALSE;
  _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, remedy,
                      "Journal “%s” cannot be %s: process %u keeps it locked", self->path, verb,
                      pid);
  return TRUE;
}

void
_migrate_store_set_error (MigrateStore *self, const char *verb, GError **error)
{
  int code = sqlite3_errcode (self->db) & 0xff;
  const char *remedy = NULL;
  g_autofree char *system = NULL;

  if (code == SQLITE_BUSY && store_set_busy (self, verb, error))
    return;
  for (guint i = 0; i < G_N_ELEMENTS (remedies); i++)
    if (remedies[i].code == code)
      {
        remedy = remedies[i].remedy;
        if (remedies[i].system && sqlite3_system_errno (self->db) != 0)
          system = g_strdup_printf (" (%s)", g_strerror (sqlite3_system_errno (self->db)));
      }
  _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, remedy, "Journal “%s” cannot be %s: %s%s",
                      self->path, verb, sqlite3_errmsg (self->db), system != NULL ? system : "");
}

/* ---- statements ---- */

static sqlite3_stmt *
store_query_valist (MigrateStore *self, GError **error, const char *sql, const char *types,
                    va_list args)
{
  g_autoptr (sqlite3_stmt) query = NULL;
  int rc = sqlite3_prepare_v2 (self->db, sql, -1 /* to the NUL */, &query, NULL);

  for (int i = 0; rc == SQLITE_OK && types[i] != '\0'; i++)
    if (types[i] == 's')
      rc = sqlite3_bind_text (query, i + 1, va_arg (args, const char *), -1 /* to the NUL */,
                              SQLITE_TRANSIENT);
    else
      rc = sqlite3_bind_int64 (query, i + 1, (sqlite3_int64) va_arg (args, guint64));
  if (rc == SQLITE_OK)
    return g_steal_pointer (&query);
  _migrate_store_set_error (self, "used", error);
  return NULL;
}

sqlite3_stmt *
_migrate_store_query (MigrateStore *self, GError **error, const char *sql, const char *types, ...)
{
  sqlite3_stmt *query;
  va_list args;

  va_start (args, types);
  query = store_query_valist (self, error, sql, types, args);
  va_end (args);
  return query;
}

int
_migrate_store_step (MigrateStore *self, sqlite3_stmt *query, GError **error)
{
  switch (sqlite3_step (query))
    {
    case SQLITE_ROW:
      return 1;
    case SQLITE_DONE:
      return 0;
    default:
      /* A COMMIT has no columns, and SQLite counts it as reading. */
      _migrate_store_set_error (
        self,
        sqlite3_stmt_readonly (query) && sqlite3_column_count (query) > 0 ? "read" : "written",
        error);
      return -1;
    }
}

gboolean
_migrate_store_run (MigrateStore *self, GError **error, const char *sql, const char *types, ...)
{
  g_autoptr (sqlite3_stmt) query = NULL;
  va_list args;

  va_start (args, types);
  query = store_query_valist (self, error, sql, types, args);
  va_end (args);
  return query != NULL && _migrate_store_step (self, query, error) == 0;
}

const char *
_migrate_store_text (sqlite3_stmt *query, int column)
{
  return (const char *) sqlite3_column_text (query, column);
}

GVariant *
_migrate_store_string (sqlite3_stmt *query, int column)
{
  const char *text = _migrate_store_text (query, column);

  return g_variant_new_take_string (text != NULL ? g_utf8_make_valid (text, -1 /* to the NUL */)
                                                 : g_strdup (""));
}

guint64
_migrate_store_number (sqlite3_stmt *query, int column)
{
  return (guint64) sqlite3_column_int64 (query, column);
}

/* ---- transactions ---- */

static char *
store_log_path (MigrateStore *self)
{
  return g_strconcat (self->file, "-wal", NULL);
}

/* A file that was deleted or replaced under us would swallow intents that nobody can find. SQLite
 * tells it of the database, not of its log, which is where a commit goes. */
static gboolean
store_check_place (MigrateStore *self, GError **error)
{
  g_autofree char *log = NULL;
  struct stat st;
  int moved = 0;

  if (self->file == NULL)
    return TRUE;
  log = store_log_path (self);
  if (sqlite3_file_control (self->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved) != SQLITE_OK)
    moved = 0;
  if (!moved && (self->log == 0 || (stat (log, &st) == 0 && st.st_ino == self->log)))
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_JOURNAL,
                      "Put the file back, or begin again with a new journal",
                      "Journal “%s” cannot be written: the file%s was moved or deleted", self->path,
                      moved ? "" : " of its log");
  return FALSE;
}

/* IMMEDIATE: what is read inside is true until the commit, and SQLite's busy timeout works. */
gboolean
_migrate_store_begin (MigrateStore *self, GError **error)
{
  if (!_migrate_store_run (self, error, "BEGIN IMMEDIATE", ""))
    return FALSE;
  return store_check_place (self, error) || _migrate_store_end (self, FALSE, error);
}

static gboolean
store_leave (MigrateStore *self, gboolean ok)
{
  if (self->dispensable)
    {
      sqlite3_busy_timeout (self->db, STORE_BUSY_MS);
      sqlite3_exec (self->db, "PRAGMA synchronous = EXTRA", NULL, NULL, NULL);
    }
  self->dispensable = FALSE;
  return ok;
}

/* In WAL mode NORMAL leaves the sync of a commit to the next one that has it, which writes further
 * on in the same log: what follows never survives without what was before. */
gboolean
_migrate_store_begin_dispensable (MigrateStore *self, GError **error)
{
  sqlite3_busy_timeout (self->db, STORE_BUSY_SOON_MS);
  sqlite3_exec (self->db, "PRAGMA synchronous = NORMAL", NULL, NULL, NULL);
  self->dispensable = TRUE;
  return _migrate_store_begin (self, error) || store_leave (self, FALSE);
}

gboolean
_migrate_store_end (MigrateStore *self, gboolean ok, GError **error)
{
  ok = ok && _migrate_store_run (self, error, "COMMIT", "");
  if (sqlite3_get_autocommit (self->db) == 0)
    _migrate_store_run (self, NULL, "ROLLBACK", "");
  return store_leave (self, ok);
}

/* ---- opening ---- */

/* SQLite's busy handler is not asked when a file leaves WAL mode, as it must on a file system that
 * has become a remote one. */
static int
store_set_mode (MigrateStore *self, const char *sql)
{
  gint64 until = g_get_monotonic_time () + STORE_BUSY_MS * G_TIME_SPAN_MILLISECOND;
  int rc;

  while ((rc = sqlite3_exec (self->db, sql, NULL, NULL, NULL) & 0xff) == SQLITE_BUSY
         && g_get_monotonic_time () < until)
    g_usleep (STORE_RETRY_US);
  return rc;
}

/* WAL lets others read while we write, with one sync to a commit. Where it is not possible SQLite
 * keeps the rollback journal, which is right everywhere. */
static gboolean
store_choose_mode (MigrateStore *self, GError **error)
{
  int rc = SQLITE_IOERR;

  if (self->file == NULL)
    return TRUE;
  if (!_migrate_store_file_is_remote (self->file))
    rc = store_set_mode (self, "PRAGMA journal_mode = WAL");
  if (rc == SQLITE_IOERR || rc == SQLITE_PROTOCOL || rc == SQLITE_CANTOPEN)
    rc = store_set_mode (self, "PRAGMA journal_mode = DELETE");
  if (rc == SQLITE_OK)
    return TRUE;
  _migrate_store_set_error (self, "opened", error);
  return FALSE;
}

/* Closing would write what the log holds into a file that is not ours to change. An empty log is
 * removed by it, as it should be. */
static void
store_leave_log (MigrateStore *self)
{
  g_autofree char *log = self->file != NULL ? store_log_path (self) : NULL;
  struct stat st;

  if (log != NULL && stat (log, &st) == 0 && st.st_size > 0)
    sqlite3_db_config (self->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
}

static void
store_note_log (MigrateStore *self)
{
  g_autofree char *log = self->file != NULL ? store_log_path (self) : NULL;
  struct stat st;

  if (log != NULL && stat (log, &st) == 0)
    self->log = st.st_ino;
}

static gboolean
store_configure (MigrateStore *self, GError **error)
{
  sqlite3_busy_timeout (self->db, STORE_BUSY_MS);
  if (sqlite3_db_readonly (self->db, "main") == 1)
    {
      /* SQLite would go on, for reading only. */
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, REMEDY_RIGHTS,
                          "Journal “%s” cannot be opened: it can only be read", self->path);
      return FALSE;
    }
  if (sqlite3_exec (self->db,
                    "PRAGMA trusted_schema = OFF; PRAGMA foreign_keys = ON;"
                    "PRAGMA synchronous = EXTRA",
                    NULL, NULL, NULL)
      != SQLITE_OK)
    {
      _migrate_store_set_error (self, "opened", error);
      return FALSE;
    }
  if (!_migrate_store_check_version (self, error))
    {
      store_leave_log (self);
      return FALSE;
    }
  if (!store_choose_mode (self, error) || !_migrate_store_upgrade (self, error))
    return FALSE;
  store_note_log (self);
  return TRUE;
}

MigrateStore *
_migrate_store_open (const char *path, GError **error)
{
  g_autoptr (MigrateStore) self = g_new0 (MigrateStore, 1);
  gboolean in_memory = g_str_equal (path, MIGRATE_STORE_MEMORY);
  int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
              | (in_memory ? SQLITE_OPEN_MEMORY : SQLITE_OPEN_NOFOLLOW);

  self->pid = getpid ();
  self->path = g_strdup (path);
  if (!in_memory)
    {
      self->file = _migrate_store_prepare_file (path, error);
      if (self->file == NULL)
        return NULL;
    }
  if (sqlite3_open_v2 (in_memory ? path : self->file, &self->db, flags, NULL) != SQLITE_OK)
    {
      if (self->db != NULL)
        _migrate_store_set_error (self, "opened", error);
      else
        _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, NULL,
                            "Journal “%s” cannot be opened: no memory", path);
      return NULL;
    }
  if (!store_configure (self, error))
    return NULL;
  _migrate_store_prune (self);
  return g_steal_pointer (&self);
}

void
_migrate_store_free (MigrateStore *self)
{
  /* In a forked child SQLite's connection is left alone: closing it would touch the parent's
   * log. */
  if (self->pid == getpid ())
    sqlite3_close (self->db);
  g_free (self->path);
  g_free (self->file);
  g_free (self);
}
