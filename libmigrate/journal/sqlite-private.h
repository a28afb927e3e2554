/* The parts of the SQLite journal: the store (file, statements, transactions), its schema, and
 * what is written there. All of it runs under the lock of the journal object. */
#pragma once

#include <sqlite3.h>

#include "journal/journal-private.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC (sqlite3_stmt, sqlite3_finalize)

#define MIGRATE_STORE_MEMORY ":memory:"

typedef struct
{
  sqlite3 *db;
  char *path;           /* as messages name it */
  char *file;           /* with its folder resolved; NULL: in memory */
  pid_t pid;            /* who opened it */
  ino_t log;            /* of the write-ahead log; 0: there is none */
  gboolean dispensable; /* the transaction that is open */
} MigrateStore;

/* ---- sqlite-file.c ---- */
/* Makes the folder and the file when they are missing, refuses a file that others can change.
 * Returns the path with the folder resolved. */
char *_migrate_store_prepare_file (const char *path, GError **error);
/* Whether other machines may have the folder mounted too. */
gboolean _migrate_store_file_is_remote (const char *file);

/* ---- sqlite-locks.c ---- */
/* The process that is writing now; 0: it cannot be told. */
guint _migrate_store_find_writer (MigrateStore *self);

/* ---- sqlite-store.c ---- */
MigrateStore *_migrate_store_open (const char *path, GError **error);
void _migrate_store_free (MigrateStore *self);
/* verb: "opened", "read", "written"; SQLite's last error tells why. */
void _migrate_store_set_error (MigrateStore *self, const char *verb, GError **error);

gboolean _migrate_store_begin (MigrateStore *self, GError **error);
/* The same, waiting for others for a second at most; a power cut may take the commit back, until
 * the next durable one. */
gboolean _migrate_store_begin_dispensable (MigrateStore *self, GError **error);
/* Commits when ok, else rolls back and returns FALSE. */
gboolean _migrate_store_end (MigrateStore *self, gboolean ok, GError **error);

/* types: a letter for each argument, s: const char *, nullable; u: guint64. */
sqlite3_stmt *
_migrate_store_query (MigrateStore *self, GError **error, const char *sql, const char *types, ...);
/* 1: a row, 0: no more, -1: error. */
int _migrate_store_step (MigrateStore *self, sqlite3_stmt *query, GError **error);
/* Executes a statement that gives no rows. */
gboolean
_migrate_store_run (MigrateStore *self, GError **error, const char *sql, const char *types, ...);
const char *_migrate_store_text (sqlite3_stmt *query, int column);
/* Of a file that a bad disk has changed: no text at all, or bytes that are none. */
GVariant *_migrate_store_string (sqlite3_stmt *query, int column);
guint64 _migrate_store_number (sqlite3_stmt *query, int column);

/* ---- sqlite-schema.c ---- */
/* Whether the file is a journal of this version or an older one, or empty; only reads. */
gboolean _migrate_store_check_version (MigrateStore *self, GError **error);
gboolean _migrate_store_upgrade (MigrateStore *self, GError **error);
void _migrate_store_prune (MigrateStore *self);

/* ---- sqlite-jobs.c: inside a transaction, unless they only read ---- */
gboolean _migrate_store_require_job (MigrateStore *self, const char *id, GError **error);
gboolean
_migrate_store_add_job (MigrateStore *self, const char *id, GVariant *values, GError **error);
/* All of it or nothing; entries aa{sv}, values a{sv}, either may be empty. */
gboolean _migrate_store_record (MigrateStore *self, const char *id, guint64 generation,
                                GVariant *entries, GVariant *values, GError **error);
/* own: the name of this object's holder, nullable. id NULL: all jobs, newest first. */
GVariant *
_migrate_store_load_jobs (MigrateStore *self, const char *own, const char *id /* nullable: all */,
                          const char *guest_uuid /* nullable: all */, GError **error);
GVariant *_migrate_store_load_entries (MigrateStore *self, const char *id, GError **error);

/* ---- sqlite-samples.c: add inside a transaction ---- */
/* The job's values are merged as by update. */
gboolean _migrate_store_add_samples (MigrateStore *self, const char *id, guint64 generation,
                                     GVariant *samples, GVariant *values, GError **error);
GVariant *_migrate_store_load_samples (MigrateStore *self, const char *id, GError **error);

/* ---- sqlite-mailbox.c: post and take inside a transaction ---- */
gboolean _migrate_store_post (MigrateStore *self, const char *id, const char *verb,
                              GVariant *values, GError **error);
int _migrate_store_has_mail (MigrateStore *self, const char *id, GError **error);
GVariant *_migrate_store_take_mail (MigrateStore *self, const char *id, GError **error);

/* ---- sqlite-claims.c: inside a transaction ---- */
/* Whether a write of the job with this generation is still allowed. */
gboolean
_migrate_store_check_claim (MigrateStore *self, const char *id, guint64 generation, GError **error);
/* buried: the dead holder that was replaced, to be buried after the commit. */
guint64 _migrate_store_claim (MigrateStore *self, const char *own, const char *guest_uuid,
                              const char *id, char **buried, GError **error);
gboolean _migrate_store_release (MigrateStore *self, const char *guest_uuid, const char *id,
                                 guint64 generation, GError **error);
gboolean _migrate_store_holder_is_alive (MigrateStore *self, const char *own, const char *holder,
                                         gboolean *alive, GError **error);

/* ---- sqlite-values.c: a{sv} as legible text ---- */
char *_migrate_store_print (GVariant *values);
/* Of a job: without what is told on load. values: nullable. */
char *_migrate_store_merge (GVariant *values, GVariant *changes);
GVariant *
_migrate_store_parse (MigrateStore *self, const char *id, const char *text, GError **error);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateStore, _migrate_store_free)
