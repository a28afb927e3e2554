/* The journal as an interface: the wrappers that the library calls, which distrust what an
 * implementation gives back, and the calls by which a program looks into it.
 *
 * list and lookup run on a thread of their own, not on the runner of a job: there is no job. */
#include "journal/journal-private.h"

#include <pthread.h>
#include <signal.h>

/**
 * MigrateJournal:
 *
 * Where jobs are written down, so that a job outlives the program that began it.
 *
 * It is an interface, because a platform may keep the journal in a store of its own that several
 * controllers share; such an implementation is written in C and is called on worker threads.
 * [class@Migrate.SqliteJournal] is the one that comes along.
 *
 * [method@Migrate.Journal.list] and [method@Migrate.Journal.lookup] may be called from any thread.
 *
 * Since: 1.0
 */
G_DEFINE_INTERFACE (MigrateJournal, migrate_journal, G_TYPE_OBJECT)

/* ---- what an implementation provides ----
 *
 * Each function may be called from several threads at once, on worker threads of the library, and
 * may block. One that fails sets an error, best of the domain MigrateError; the library makes one
 * when it does not. */

/**
 * MigrateJournalInterface::add_job:
 * @self: a journal
 * @id: the id of a new job
 * @values: its values, of type `a{sv}`, with at least `state`
 * @error: return location for an error
 *
 * Writes a new job. An id that exists already is an error. What it returns true for must survive
 * the end of the program, and of the machine.
 *
 * Returns: true when it is written
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::record:
 * @self: a journal
 * @id: the job's id
 * @generation: the generation of the claim under which the caller acts, or 0 for none
 * @entries: entries for the job's log, of type `aa{sv}`, oldest first; each has `kind` (`edge`,
 *   `step`, `decision`), `name` and `status` (`begun`, `done`, `failed`, …; all `s`), `values`
 *   (`a{sv}`) and `at-us` (`t`, microseconds of the wall clock)
 * @values: values of type `a{sv}` that are merged into the job's
 * @error: return location for an error
 *
 * Adds to the job's log and changes some of its values, all of it or nothing. What it returns true
 * for must survive the end of the program, and of the machine: the library does what an entry
 * announces only after that.
 *
 * With a @generation that is not the current one of the job's claim nothing is written and the call
 * fails with %MIGRATE_ERROR_LOST_CLAIM; so it does with 0 while there is a claim. This is what
 * stops a controller that was replaced while it slept.
 *
 * Returns: true when it is written
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::load_job:
 * @self: a journal
 * @id: the job's id
 * @error: return location for an error
 *
 * Reads a job. Added to the values that were written are `id` (`s`), `created-us` and `updated-us`
 * (`t`, microseconds of the wall clock), `held` (`b`: a live controller has the claim) and
 * `generation` (`t`: of the claim, 0 for none). Whether a holder lives must be known, not guessed:
 * what is held by the living is never taken over.
 *
 * Returns: (transfer full): the values, of type `a{sv}`
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::list_jobs:
 * @self: a journal
 * @guest_uuid: (nullable): only the jobs of this guest, or %NULL for all
 * @error: return location for an error
 *
 * Reads the jobs, newest first, each as `load_job` gives it.
 *
 * Returns: (transfer full): the jobs, of type `aa{sv}`
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::load_entries:
 * @self: a journal
 * @id: the job's id
 * @error: return location for an error
 *
 * Reads the log of a job, oldest entry first. An entry has `seq`, `at-us` and `generation` (`t`),
 * `kind`, `name` and `status` (`s`), and `values` (`a{sv}`).
 *
 * Returns: (transfer full): the entries, of type `aa{sv}`
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::claim:
 * @self: a journal
 * @guest_uuid: the guest's UUID
 * @id: the job that wants to act on it
 * @error: return location for an error
 *
 * Takes the right to act on a guest, in one step that no other controller can come between. The
 * claim of a dead holder is taken over. Taking what the same caller holds for the same job gives
 * the same generation again.
 *
 * Fails with %MIGRATE_ERROR_BUSY when a live holder has it; the message names the other job.
 *
 * Returns: the generation of the claim, which is higher than every earlier one of this guest; 0 on
 *   failure
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::release:
 * @self: a journal
 * @guest_uuid: the guest's UUID
 * @id: the job that holds it
 * @generation: the generation of the claim
 * @error: return location for an error
 *
 * Gives the claim back. Its generation stays known, so that the next is higher. Fails with
 * %MIGRATE_ERROR_LOST_CLAIM when the claim is not the caller's any more.
 *
 * Returns: true when it was the caller's, and is given back
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::post:
 * @self: a journal
 * @id: the job's id
 * @verb: what its holder shall do: `cancel`, `detach`
 * @values: arguments, of type `a{sv}`
 * @error: return location for an error
 *
 * Puts a message into a job's mailbox, for the controller that holds it. No claim is needed.
 *
 * Returns: true when it is there
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::collect:
 * @self: a journal
 * @id: the job's id
 * @error: return location for an error
 *
 * Takes all messages out of a job's mailbox, oldest first. A message has `verb` (`s`), `at-us`
 * (`t`) and `values` (`a{sv}`). Called up to ten times a second: it should be cheap while there is
 * no message.
 *
 * Returns: (transfer full): the messages, of type `aa{sv}`
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::add_samples:
 * @self: a journal
 * @id: the job's id
 * @generation: as for `record`
 * @samples: the samples, of type `aa{sv}`, oldest first; each has at least `at-ms` (`t`), the time
 *   since the job began
 * @values: values of type `a{sv}` that are merged into the job's
 * @error: return location for an error
 *
 * Keeps samples of a running transfer and changes some of the job's values, in one step, refused
 * as `record` is. Called about once a second while the hand-over is watched, so it must not wait
 * longer than a second for others; what it could not write comes again with the next call. It need
 * not survive a power cut. An implementation bounds what it keeps of one job, and thins out evenly
 * over time.
 *
 * Returns: true when it is written
 *
 * Since: 1.0
 */
/**
 * MigrateJournalInterface::load_samples:
 * @self: a journal
 * @id: the job's id
 * @error: return location for an error
 *
 * Reads the samples of a job, oldest first.
 *
 * Returns: (transfer full): the samples, of type `aa{sv}`
 *
 * Since: 1.0
 */

static void
migrate_journal_default_init (MigrateJournalInterface *iface)
{
}

/* ---- what the library calls ---- */

/* Nothing given is an empty dictionary. Takes a floating reference, as g_variant_builder_add(). */
static GVariant *
own_values (GVariant *values)
{
  return g_variant_ref_sink (values != NULL ? values : g_variant_new ("a{sv}", NULL));
}

/* A function that is missing, or that failed without a word, fails with one. */
static gboolean
settle (MigrateJournal *self, const char *function, gboolean ok, GError *inner, GError **error)
{
  if (ok)
    {
      g_clear_error (&inner);
      return TRUE;
    }
  if (inner == NULL)
    inner = _migrate_error_new (MIGRATE_ERROR_FAILED, NULL,
                                "The journal “%s” failed in “%s” and did not say why",
                                G_OBJECT_TYPE_NAME (self), function);
  g_propagate_error (error, inner);
  return FALSE;
}

static GVariant *
settle_variant (MigrateJournal *self, const char *function, const char *type, GVariant *given,
                GError *inner, GError **error)
{
  g_autoptr (GVariant) owned = given != NULL ? g_variant_take_ref (given) : NULL;

  if (!settle (self, function, owned != NULL, inner, error))
    return NULL;
  if (g_variant_is_of_type (owned, G_VARIANT_TYPE (type)))
    return g_steal_pointer (&owned);
  _migrate_set_error (error, MIGRATE_ERROR_FAILED, NULL,
                      "The journal “%s” gave “%s” from “%s”, not “%s”", G_OBJECT_TYPE_NAME (self),
                      g_variant_get_type_string (owned), function, type);
  return NULL;
}

/* The result of a function, or nothing when the implementation lacks it. */
#define CALL(self, function, ...)                                                                  \
  (MIGRATE_JOURNAL_GET_IFACE (self)->function != NULL                                              \
     ? MIGRATE_JOURNAL_GET_IFACE (self)->function (self, __VA_ARGS__)                              \
     : 0)

gboolean
_migrate_journal_add_job (MigrateJournal *self, const char *id, GVariant *values, GError **error)
{
  g_autoptr (GVariant) owned = own_values (values);
  GError *inner = NULL;
  gboolean ok = CALL (self, add_job, id, owned, &inner);

  return settle (self, "add_job", ok, inner, error);
}

static GVariant *
own_list (GVariant *list)
{
  return g_variant_ref_sink (list != NULL ? list : g_variant_new ("aa{sv}", NULL));
}

gboolean
_migrate_journal_record (MigrateJournal *self, const char *id, guint64 generation,
                         GVariant *entries, GVariant *values, GError **error)
{
  g_autoptr (GVariant) owned_entries = own_list (entries);
  g_autoptr (GVariant) owned_values = own_values (values);
  GError *inner = NULL;
  gboolean ok = CALL (self, record, id, generation, owned_entries, owned_values, &inner);

  if (ok)
    _migrate_journal_pay (self);
  return settle (self, "record", ok, inner, error);
}

gboolean
_migrate_journal_update_job (MigrateJournal *self, const char *id, guint64 generation,
                             GVariant *values, GError **error)
{
  return _migrate_journal_record (self, id, generation, NULL /* entries */, values, error);
}

MigrateMapping *
_migrate_job_values_mapping (GVariant *values, const char *key)
{
  g_autoptr (GVariant) written = g_variant_lookup_value (values, key, G_VARIANT_TYPE_VARDICT);

  return written != NULL ? _migrate_mapping_from_variant (written, NULL /* error */) : NULL;
}

const char *
_migrate_job_values_text (GVariant *values, const char *key)
{
  const char *text = _migrate_variant_string (values, key);

  return text != NULL && *text != '\0' ? text : NULL;
}

GVariant *
_migrate_journal_entry_new (const char *kind, const char *name, const char *status,
                            GVariant *values)
{
  g_autoptr (GVariant) owned = own_values (values);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "kind", g_variant_new_string (kind));
  g_variant_builder_add (&builder, "{sv}", "name", g_variant_new_string (name));
  g_variant_builder_add (&builder, "{sv}", "status", g_variant_new_string (status));
  g_variant_builder_add (&builder, "{sv}", "values", owned);
  g_variant_builder_add (&builder, "{sv}", "at-us",
                         g_variant_new_uint64 ((guint64) g_get_real_time ()));
  return g_variant_builder_end (&builder);
}

gboolean
_migrate_journal_append (MigrateJournal *self, const char *id, guint64 generation, const char *kind,
                         const char *name, const char *status, GVariant *values, GError **error)
{
  GVariant *entry = _migrate_journal_entry_new (kind, name, status, values);

  return _migrate_journal_record (self, id, generation,
                                  g_variant_new_array (G_VARIANT_TYPE_VARDICT, &entry, 1),
                                  NULL /* values */, error);
}

GVariant *
_migrate_journal_load_job (MigrateJournal *self, const char *id, GError **error)
{
  GError *inner = NULL;
  GVariant *given = CALL (self, load_job, id, &inner);

  return settle_variant (self, "load_job", "a{sv}", given, inner, error);
}

GVariant *
_migrate_journal_list_jobs (MigrateJournal *self, const char *guest_uuid, GError **error)
{
  GError *inner = NULL;
  GVariant *given = CALL (self, list_jobs, guest_uuid, &inner);

  return settle_variant (self, "list_jobs", "aa{sv}", given, inner, error);
}

GVariant *
_migrate_journal_load_entries (MigrateJournal *self, const char *id, GError **error)
{
  GError *inner = NULL;
  GVariant *given = CALL (self, load_entries, id, &inner);

  return settle_variant (self, "load_entries", "aa{sv}", given, inner, error);
}

guint64
_migrate_journal_claim (MigrateJournal *self, const char *guest_uuid, const char *id,
                        GError **error)
{
  GError *inner = NULL;
  guint64 generation;

  _migrate_journal_pay (self);
  generation = CALL (self, claim, guest_uuid, id, &inner);
  return settle (self, "claim", generation != 0, inner, error) ? generation : 0;
}

gboolean
_migrate_journal_release (MigrateJournal *self, const char *guest_uuid, const char *id,
                          guint64 generation, GError **error)
{
  GError *inner = NULL;
  gboolean ok = CALL (self, release, guest_uuid, id, generation, &inner);

  if (!ok && !g_error_matches (inner, MIGRATE_ERROR, MIGRATE_ERROR_LOST_CLAIM)
      && MIGRATE_JOURNAL_GET_IFACE (self)->release != NULL)
    _migrate_journal_owe (self, guest_uuid, id, generation);
  return settle (self, "release", ok, inner, error);
}

gboolean
_migrate_journal_post (MigrateJournal *self, const char *id, const char *verb, GVariant *values,
                       GError **error)
{
  g_autoptr (GVariant) owned = own_values (values);
  GError *inner = NULL;
  gboolean ok = CALL (self, post, id, verb, owned, &inner);

  return settle (self, "post", ok, inner, error);
}

GVariant *
_migrate_journal_collect (MigrateJournal *self, const char *id, GError **error)
{
  GError *inner = NULL;
  GVariant *given = CALL (self, collect, id, &inner);

  return settle_variant (self, "collect", "aa{sv}", given, inner, error);
}

gboolean
_migrate_journal_add_samples (MigrateJournal *self, const char *id, guint64 generation,
                              GVariant *samples, GVariant *values, GError **error)
{
  g_autoptr (GVariant) owned_samples = own_list (samples);
  g_autoptr (GVariant) owned_values = own_values (values);
  GError *inner = NULL;
  gboolean ok;

  if (MIGRATE_JOURNAL_GET_IFACE (self)->add_samples == NULL)
    return _migrate_journal_update_job (self, id, generation, owned_values, error);
  ok = CALL (self, add_samples, id, generation, owned_samples, owned_values, &inner);
  return settle (self, "add_samples", ok, inner, error);
}

GVariant *
_migrate_journal_load_samples (MigrateJournal *self, const char *id, GError **error)
{
  GError *inner = NULL;
  GVariant *given;

  if (MIGRATE_JOURNAL_GET_IFACE (self)->load_samples == NULL)
    return own_list (NULL /* none */);
  given = CALL (self, load_samples, id, &inner);
  return settle_variant (self, "load_samples", "aa{sv}", given, inner, error);
}

/* ---- a thread for one call ---- */

typedef gpointer (*JournalWork) (MigrateJournal *self, const char *id, GCancellable *cancellable,
                                 GError **error);

typedef struct
{
  JournalWork work;
  char *id;
} JournalCall;

static void
journal_call_free (gpointer data)
{
  JournalCall *call = data;

  g_free (call->id);
  g_free (call);
}

static gpointer
journal_thread (gpointer data)
{
  g_autoptr (GTask) task = data;
  JournalCall *call = g_task_get_task_data (task);
  GError *error = NULL;
  gpointer result
    = call->work (g_task_get_source_object (task), call->id, g_task_get_cancellable (task), &error);

  if (result != NULL)
    g_task_return_pointer (task, result, g_object_unref);
  else
    g_task_return_error (task, error);
  return NULL;
}

/* With all signals blocked: they belong to the threads of the program. */
static void
journal_start (MigrateJournal *self, JournalWork work, const char *id, gpointer tag,
               const char *name, GCancellable *cancellable, GAsyncReadyCallback callback,
               gpointer user_data)
{
  g_autoptr (GTask) task = g_task_new (self, cancellable, callback, user_data);
  JournalCall *call = g_new0 (JournalCall, 1);
  GError *error = NULL;
  GThread *thread;
  sigset_t all, before;

  call->work = work;
  call->id = g_strdup (id);
  g_task_set_task_data (task, call, journal_call_free);
  g_task_set_source_tag (task, tag);
  g_task_set_name (task, name);
  g_task_set_check_cancellable (task, FALSE); /* what was read is given, not thrown away */

  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new ("migrate-journal", journal_thread, g_object_ref (task), &error);
  pthread_sigmask (SIG_SETMASK, &before, NULL /* nobody asks */);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return;
    }
  g_object_unref (task); /* the thread's */
  g_task_return_error (task, _migrate_error_adopt (error));
}

/* ---- list ---- */

static gpointer
work_list (MigrateJournal *self, const char *id, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) jobs = NULL;
  GListStore *list;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  jobs = _migrate_journal_list_jobs (self, NULL /* all guests */, error);
  if (jobs == NULL)
    return NULL;
  list = g_list_store_new (MIGRATE_TYPE_JOB_RECORD);
  for (gsize i = 0; i < g_variant_n_children (jobs); i++)
    {
      g_autoptr (GVariant) values = g_variant_get_child_value (jobs, i);
      g_autoptr (MigrateJobRecord) record
        = _migrate_job_record_new (values, NULL /* entries */, NULL /* samples */);

      g_list_store_append (list, record);
    }
  return list;
}

/**
 * migrate_journal_list:
 * @self: a journal
 * @cancellable: (nullable): asked once, before the journal is read
 * @error: where to put an error
 *
 * Tells all jobs of the journal, newest first, without their logs and samples.
 *
 * Blocks for a read of the journal; [method@Migrate.Journal.list_async] does not. May be called
 * from any thread. Fails with %MIGRATE_ERROR_JOURNAL when the journal cannot be opened or read,
 * and with %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): a list of [class@Migrate.JobRecord]; it does not follow the journal
 *
 * Since: 1.0
 */
GListModel *
migrate_journal_list (MigrateJournal *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOURNAL (self), NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return work_list (self, NULL /* all */, cancellable, error);
}

/**
 * migrate_journal_list_async:
 * @self: a journal
 * @cancellable: (nullable): asked once, before the journal is read
 * @callback: (scope async) (closure user_data): called when the list is there
 * @user_data: for @callback
 *
 * Does what [method@Migrate.Journal.list] does, without blocking. @callback runs in the main
 * context that is thread-default now.
 *
 * Since: 1.0
 */
void
migrate_journal_list_async (MigrateJournal *self, GCancellable *cancellable,
                            GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOURNAL (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  journal_start (self, work_list, NULL /* all */, migrate_journal_list_async,
                 "migrate_journal_list", cancellable, callback, user_data);
}

/**
 * migrate_journal_list_finish:
 * @self: a journal
 * @result: what the callback got
 * @error: where to put an error
 *
 * Ends [method@Migrate.Journal.list_async]; errors as in [method@Migrate.Journal.list].
 *
 * Returns: (transfer full): a list of [class@Migrate.JobRecord]
 *
 * Since: 1.0
 */
GListModel *
migrate_journal_list_finish (MigrateJournal *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOURNAL (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_journal_list_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}

/* ---- lookup ---- */

static gpointer
work_lookup (MigrateJournal *self, const char *id, GCancellable *cancellable, GError **error)
{
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) samples = NULL;

  if (g_cancellable_set_error_if_cancelled (cancellable, error))
    return NULL;
  values = _migrate_journal_load_job (self, id, error);
  if (values == NULL)
    return NULL;
  entries = _migrate_journal_load_entries (self, id, error);
  if (entries == NULL)
    return NULL;
  samples = _migrate_journal_load_samples (self, id, error);
  return samples != NULL ? _migrate_job_record_new (values, entries, samples) : NULL;
}

/**
 * migrate_journal_lookup:
 * @self: a journal
 * @id: the id of a job
 * @cancellable: (nullable): asked once, before the journal is read
 * @error: where to put an error
 *
 * Tells what the journal knows of one job, with its log and samples.
 *
 * Blocks for a read of the journal; [method@Migrate.Journal.lookup_async] does not. May be called
 * from any thread. Fails with %MIGRATE_ERROR_NOT_FOUND when the job is not in this journal, with
 * %MIGRATE_ERROR_JOURNAL when the journal cannot be opened or read, and with
 * %G_IO_ERROR_CANCELLED.
 *
 * Returns: (transfer full): the record
 *
 * Since: 1.0
 */
MigrateJobRecord *
migrate_journal_lookup (MigrateJournal *self, const char *id, GCancellable *cancellable,
                        GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOURNAL (self), NULL);
  g_return_val_if_fail (id != NULL, NULL);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return work_lookup (self, id, cancellable, error);
}

/**
 * migrate_journal_lookup_async:
 * @self: a journal
 * @id: the id of a job
 * @cancellable: (nullable): asked once, before the journal is read
 * @callback: (scope async) (closure user_data): called when the record is there
 * @user_data: for @callback
 *
 * Does what [method@Migrate.Journal.lookup] does, without blocking. @callback runs in the main
 * context that is thread-default now.
 *
 * Since: 1.0
 */
void
migrate_journal_lookup_async (MigrateJournal *self, const char *id, GCancellable *cancellable,
                              GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_JOURNAL (self));
  g_return_if_fail (id != NULL);
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));

  journal_start (self, work_lookup, id, migrate_journal_lookup_async, "migrate_journal_lookup",
                 cancellable, callback, user_data);
}

/**
 * migrate_journal_lookup_finish:
 * @self: a journal
 * @result: what the callback got
 * @error: where to put an error
 *
 * Ends [method@Migrate.Journal.lookup_async]; errors as in [method@Migrate.Journal.lookup].
 *
 * Returns: (transfer full): the record
 *
 * Since: 1.0
 */
MigrateJobRecord *
migrate_journal_lookup_finish (MigrateJournal *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_JOURNAL (self), NULL);
  g_return_val_if_fail (g_task_is_valid (result, self), NULL);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_journal_lookup_async), NULL);
  g_return_val_if_fail (error == NULL || *error == NULL, NULL);

  return g_task_propagate_pointer (G_TASK (result), error);
}
