/* Where jobs are written down: an interface. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <gio/gio.h>
#include <libmigrate/migrate-types.h>
#include <libmigrate/migrate-job-record.h>

G_BEGIN_DECLS

#define MIGRATE_TYPE_JOURNAL (migrate_journal_get_type ())
MIGRATE_AVAILABLE_IN_1_0
G_DECLARE_INTERFACE (MigrateJournal, migrate_journal, MIGRATE, JOURNAL, GObject)

/**
 * MigrateJournalInterface:
 * @parent_iface: the parent interface
 * @add_job: write a new job with its values; an id that exists is an error
 * @record: add entries to the job's log and merge values into the job's, in one step; refused with
 *   LOST_CLAIM when @generation is not the current one of the job's claim
 * @load_job: the values of a job
 * @list_jobs: the values of all jobs, or of those of one guest, newest first
 * @load_entries: the log of a job, oldest first
 * @claim: take the right to act on a guest; BUSY names the other job
 * @release: give the claim back; the claim's generation stays known
 * @post: put a message into a job's mailbox
 * @collect: take all messages out of a job's mailbox
 * @add_samples: keep samples of a running transfer and merge values, in one step; refused as
 *   @record is; %NULL: samples are not kept, the values go to @record
 * @load_samples: the samples of a job, oldest first; %NULL: there are none
 *
 * An interface, because a platform may keep the journal in a store of its own that several
 * controllers share. Blocking, called on worker threads of the library, from several at once: to
 * be implemented in C. All values are `a{sv}`.
 *
 * Since: 1.0
 */
struct _MigrateJournalInterface
{
  GTypeInterface parent_iface;

  gboolean (*add_job) (MigrateJournal *self, const char *id, GVariant *values, GError **error);
  gboolean (*record) (MigrateJournal *self, const char *id, guint64 generation, GVariant *entries,
                      GVariant *values, GError **error);
  GVariant *(*load_job) (MigrateJournal *self, const char *id, GError **error);
  GVariant *(*list_jobs) (MigrateJournal *self, const char *guest_uuid, GError **error);
  GVariant *(*load_entries) (MigrateJournal *self, const char *id, GError **error);
  guint64 (*claim) (MigrateJournal *self, const char *guest_uuid, const char *id, GError **error);
  gboolean (*release) (MigrateJournal *self, const char *guest_uuid, const char *id,
                       guint64 generation, GError **error);
  gboolean (*post) (MigrateJournal *self, const char *id, const char *verb, GVariant *values,
                    GError **error);
  GVariant *(*collect) (MigrateJournal *self, const char *id, GError **error);
  gboolean (*add_samples) (MigrateJournal *self, const char *id, guint64 generation,
                           GVariant *samples, GVariant *values, GError **error);
  GVariant *(*load_samples) (MigrateJournal *self, const char *id, GError **error);

  /*< private >*/
  gpointer _reserved[8];
};

MIGRATE_AVAILABLE_IN_1_0
GListModel *migrate_journal_list (MigrateJournal *self, GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_journal_list_async (MigrateJournal *self, GCancellable *cancellable,
                                 GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
GListModel *
migrate_journal_list_finish (MigrateJournal *self, GAsyncResult *result, GError **error);
MIGRATE_AVAILABLE_IN_1_0
MigrateJobRecord *migrate_journal_lookup (MigrateJournal *self, const char *id,
                                          GCancellable *cancellable, GError **error);
MIGRATE_AVAILABLE_IN_1_0
void migrate_journal_lookup_async (MigrateJournal *self, const char *id, GCancellable *cancellable,
                                   GAsyncReadyCallback callback, gpointer user_data);
MIGRATE_AVAILABLE_IN_1_0
MigrateJobRecord *
migrate_journal_lookup_finish (MigrateJournal *self, GAsyncResult *result, GError **error);

G_END_DECLS
