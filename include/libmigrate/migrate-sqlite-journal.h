/* The journal in a SQLite file. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <libmigrate/migrate-journal.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_SQLITE_JOURNAL (migrate_sqlite_journal_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_FINAL_TYPE (MigrateSqliteJournal, migrate_sqlite_journal, MIGRATE, SQLITE_JOURNAL,
                      GObject)

MIGRATE_AVAILABLE_IN_1_0
MigrateJournal *migrate_sqlite_journal_new (const char *path);
MIGRATE_AVAILABLE_IN_1_0
MigrateJournal *migrate_sqlite_journal_new_none (void);
MIGRATE_AVAILABLE_IN_1_0
const char *migrate_sqlite_journal_get_path (MigrateSqliteJournal *self);

G_END_DECLS
