/* The journal in a SQLite file: the object around the store. One connection and one lock: calls
 * are short, and SQLite has one writer at a time anyway. */
#include "journal/holder-private.h"
#include "journal/sqlite-private.h"

#include <unistd.h>

/* The holder of claims in memory: nobody else can see them. */
#define HOLDER_IN_MEMORY "self"
#define SYSTEM_PLACE "/var/lib/libmigrate/journal.sqlite"

/**
 * MigrateSqliteJournal:
 *
 * A journal in a SQLite file, the default of every job.
 *
 * The file can be shared by all programs of one user on one machine: each job has at most one
 * controller, proven by a lock file beside the journal that the kernel releases when its program
 * ends, however it ends. The file has mode 0600; a file that belongs to another user, or that
 * others can write to, is refused. Each write but those of
 * samples is on the disk before the call returns.
 *
 * The file is opened, or made with its folder, at the first use; so a wrong path is found then,
 * with %MIGRATE_ERROR_JOURNAL. A file of an older libmigrate is brought up to date then; one of a
 * newer libmigrate is refused and left as it is. Of one job at most 2000 samples are kept. Closed
 * jobs are removed 90 days after their last change, when a
 * journal is opened. The values are text; `sqlite3 FILE` shows them.
 *
 * [ctor@Migrate.SqliteJournal.new_none] gives a journal in memory: an explicit choice, for a
 * program that accepts that nothing can be recovered after it.
 *
 * Thread-safe. An object must not be used in a forked child of the process that used it: this
 * fails with %MIGRATE_ERROR_JOURNAL. A child that lives on without exec keeps the claims of its
 * parent alive.
 *
 * Since: 1.0
 */
struct _MigrateSqliteJournal
{
  GObject parent_instance;

  char *path; /* set once at construction; NULL: there is no default place */
  int pid;    /* atomic: the process that opened the store, 0: not open */

  GMutex lock; /* for all below */
  MigrateStore *store;
  MigrateHolder *holder;
};

enum
{
  PROP_0,
  PROP_PATH,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

static void sqlite_journal_iface_init (MigrateJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (MigrateSqliteJournal, migrate_sqlite_journal, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_JOURNAL,
                                                      sqlite_journal_iface_init))

/* ---- entering and leaving ---- */

/* Asked before the lock, which a fork may have copied in any state. */
static gboolean
journal_check_process (MigrateSqliteJournal *self, GError **error)
{
  int pid = g_atomic_int_get (&self->pid);

  if (pid == 0 || pid == getpid ())
    return TRUE;
  _migrate_set_error (
    error, MIGRATE_ERROR_JOURNAL, "Make a journal object of its own in the child process",
    "Journal “%s” was opened by process %d and cannot be used by its child", self->path, pid);
  return FALSE;
}

static gboolean
journal_open (MigrateSqliteJournal *self, GError **error)
{
  if (self->store != NULL)
    return TRUE;
  if (self->path == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL,
                          "Set XDG_STATE_HOME, name a path, or choose the journal “none”",
                          "There is no place for the journal: neither XDG_STATE_HOME nor HOME is "
                          "an absolute path");
      return FALSE;
    }
  self->store = _migrate_store_open (self->path, error);
  if (self->store == NULL)
    return FALSE;
  g_atomic_int_set (&self->pid, getpid ());
  if (self->store->file != NULL)
    _migrate_holder_sweep (self->store->file);
  return TRUE;
}

/* The lock with the store open, or NULL. */
static GMutexLocker *
journal_enter (MigrateSqliteJournal *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = NULL;

  if (!journal_check_process (self, error))
    return NULL;
  locker = g_mutex_locker_new (&self->lock);
  return journal_open (self, error) ? g_steal_pointer (&locker) : NULL;
}

/* The same inside a transaction, which _migrate_store_end() closes. */
static GMutexLocker *
journal_begin (MigrateSqliteJournal *self, GError **error)
{
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);

  if (locker == NULL || !_migrate_store_begin (self->store, error))
    return NULL;
  return g_steal_pointer (&locker);
}

static const char *
journal_holder_name (MigrateSqliteJournal *self)
{
  if (self->store->file == NULL)
    return HOLDER_IN_MEMORY;
  return self->holder != NULL ? _migrate_holder_get_name (self->holder) : NULL;
}

/* ---- the interface ---- */

static gboolean
sqlite_journal_add_job (MigrateJournal *journal, const char *id, GVariant *values, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_begin (self, error);

  return locker != NULL
         && _migrate_store_end (self->store,
                                _migrate_store_add_job (self->store, id, values, error), error);
}

static gboolean
sqlite_journal_record (MigrateJournal *journal, const char *id, guint64 generation,
                       GVariant *entries, GVariant *values, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_begin (self, error);

  return locker != NULL
         && _migrate_store_end (
           self->store, _migrate_store_record (self->store, id, generation, entries, values, error),
           error);
}

static GVariant *
sqlite_journal_load_job (MigrateJournal *journal, const char *id, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);
  g_autoptr (GVariant) jobs = NULL;

  if (locker == NULL || !_migrate_store_require_job (self->store, id, error))
    return NULL;
  jobs = _migrate_store_load_jobs (self->store, journal_holder_name (self), id,
                                   NULL /* any guest */, error);
  return jobs != NULL && g_variant_n_children (jobs) == 1 ? g_variant_get_child_value (jobs, 0)
                                                          : NULL;
}

static GVariant *
sqlite_journal_list_jobs (MigrateJournal *journal, const char *guest_uuid, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);

  if (locker == NULL)
    return NULL;
  return _migrate_store_load_jobs (self->store, journal_holder_name (self), NULL /* any id */,
                                   guest_uuid, error);
}

static GVariant *
sqlite_journal_load_entries (MigrateJournal *journal, const char *id, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);

  return locker != NULL ? _migrate_store_load_entries (self->store, id, error) : NULL;
}

/* These may be lost, and whoever writes them watches a hand-over meanwhile: a writer that stays in
 * its transaction holds them up for a moment only. */
static gboolean
sqlite_journal_add_samples (MigrateJournal *journal, const char *id, guint64 generation,
                            GVariant *samples, GVariant *values, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);

  return locker != NULL && _migrate_store_begin_dispensable (self->store, error)
         && _migrate_store_end (
           self->store,
           _migrate_store_add_samples (self->store, id, generation, samples, values, error), error);
}

static GVariant *
sqlite_journal_load_samples (MigrateJournal *journal, const char *id, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);

  return locker != NULL ? _migrate_store_load_samples (self->store, id, error) : NULL;
}

/* The lock file comes before the claim that names it. */
static gboolean
journal_become_holder (MigrateSqliteJournal *self, GError **error)
{
  if (self->holder == NULL && self->store->file != NULL)
    self->holder = _migrate_holder_new (self->store->file, error);
  return self->holder != NULL || self->store->file == NULL;
}

static guint64
sqlite_journal_claim (MigrateJournal *journal, const char *guest_uuid, const char *id,
                      GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);
  g_autofree char *buried = NULL;
  guint64 generation;

  if (locker == NULL || !journal_become_holder (self, error)
      || !_migrate_store_begin (self->store, error))
    return 0;
  generation = _migrate_store_claim (self->store, journal_holder_name (self), guest_uuid, id,
                                     &buried, error);
  if (!_migrate_store_end (self->store, generation != 0, error))
    return 0;
  if (buried != NULL)
    _migrate_holder_bury (self->store->file, buried);
  return generation;
}

static gboolean
sqlite_journal_release (MigrateJournal *journal, const char *guest_uuid, const char *id,
                        guint64 generation, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_begin (self, error);

  return locker != NULL
         && _migrate_store_end (
           self->store, _migrate_store_release (self->store, guest_uuid, id, generation, error),
           error);
}

static gboolean
sqlite_journal_post (MigrateJournal *journal, const char *id, const char *verb, GVariant *values,
                     GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_begin (self, error);

  return locker != NULL
         && _migrate_store_end (self->store,
                                _migrate_store_post (self->store, id, verb, values, error), error);
}

static GVariant *
sqlite_journal_collect (MigrateJournal *journal, const char *id, GError **error)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (journal);
  g_autoptr (GMutexLocker) locker = journal_enter (self, error);
  g_autoptr (GVariant) messages = NULL;
  int mail;

  if (locker == NULL)
    return NULL;
  mail = _migrate_store_has_mail (self->store, id, error);
  if (mail == 0)
    return g_variant_ref_sink (g_variant_new ("aa{sv}", NULL));
  if (mail < 0 || !_migrate_store_begin (self->store, error))
    return NULL;
  messages = _migrate_store_take_mail (self->store, id, error);
  if (!_migrate_store_end (self->store, messages != NULL, error))
    return NULL;
  return g_steal_pointer (&messages);
}

static void
sqlite_journal_iface_init (MigrateJournalInterface *iface)
{
  iface->add_job = sqlite_journal_add_job;
  iface->record = sqlite_journal_record;
  iface->load_job = sqlite_journal_load_job;
  iface->list_jobs = sqlite_journal_list_jobs;
  iface->load_entries = sqlite_journal_load_entries;
  iface->claim = sqlite_journal_claim;
  iface->release = sqlite_journal_release;
  iface->post = sqlite_journal_post;
  iface->collect = sqlite_journal_collect;
  iface->add_samples = sqlite_journal_add_samples;
  iface->load_samples = sqlite_journal_load_samples;
}

/* ---- the object ---- */

/* By the environment and not by the user database: a service without HOME has no place of its own
 * that an operator would look for. */
static char *
default_place (void)
{
  const char *state_home = g_getenv ("XDG_STATE_HOME");
  const char *home = g_getenv ("HOME");

  if (geteuid () == 0)
    return g_strdup (SYSTEM_PLACE);
  if (state_home != NULL && g_path_is_absolute (state_home))
    return g_build_filename (state_home, "libmigrate", "journal.sqlite", NULL);
  if (home != NULL && g_path_is_absolute (home))
    return g_build_filename (home, ".local", "state", "libmigrate", "journal.sqlite", NULL);
  return NULL;
}

static void
sqlite_journal_constructed (GObject *object)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (object);
  g_autofree char *asked = g_steal_pointer (&self->path);

  G_OBJECT_CLASS (migrate_sqlite_journal_parent_class)->constructed (object);
  if (asked == NULL)
    self->path = default_place ();
  else if (g_str_equal (asked, MIGRATE_STORE_MEMORY))
    self->path = g_steal_pointer (&asked);
  else
    /* Absolute: the program may change its directory before the first use. */
    self->path = g_canonicalize_filename (asked, NULL /* the current directory */);
}

static void
sqlite_journal_dispose (GObject *object)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (object);

  /* The lock last: as long as the store is open, whoever looks sees us alive. */
  g_clear_pointer (&self->store, _migrate_store_free);
  g_clear_pointer (&self->holder, _migrate_holder_free);
  G_OBJECT_CLASS (migrate_sqlite_journal_parent_class)->dispose (object);
}

static void
sqlite_journal_free (GObject *object)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (object);

  g_clear_pointer (&self->store, _migrate_store_free);
  g_clear_pointer (&self->holder, _migrate_holder_free);
  g_mutex_clear (&self->lock);
  g_free (self->path);
  G_OBJECT_CLASS (migrate_sqlite_journal_parent_class)->finalize (object);
}

static void
sqlite_journal_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (object);

  switch (id)
    {
    case PROP_PATH:
      g_value_set_string (value, self->path);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
sqlite_journal_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  MigrateSqliteJournal *self = MIGRATE_SQLITE_JOURNAL (object);

  switch (id)
    {
    case PROP_PATH:
      self->path = g_value_dup_string (value);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
migrate_sqlite_journal_class_init (MigrateSqliteJournalClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->constructed = sqlite_journal_constructed;
  object_class->dispose = sqlite_journal_dispose;
  object_class->finalize = sqlite_journal_free;
  object_class->get_property = sqlite_journal_get_property;
  object_class->set_property = sqlite_journal_set_property;

  /**
   * MigrateSqliteJournal:path: (getter get_path)
   *
   * The file of the journal, `:memory:` for one in memory.
   *
   * When it is not given: `/var/lib/libmigrate/journal.sqlite` for root, else
   * `libmigrate/journal.sqlite` in `$XDG_STATE_HOME` (`~/.local/state`).
   *
   * Since: 1.0
   */
  properties[PROP_PATH] = g_param_spec_string (
    "path", NULL, NULL, NULL,
    G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY);
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

static void
migrate_sqlite_journal_init (MigrateSqliteJournal *self)
{
  g_mutex_init (&self->lock);
}

/**
 * migrate_sqlite_journal_new:
 * @path: (nullable) (type filename): the file, or %NULL for the default place
 *
 * Makes a journal in a SQLite file.
 *
 * Does not block: the file is opened at the first use, and any error is told then.
 *
 * Returns: (transfer full) (type MigrateSqliteJournal): the journal
 *
 * Since: 1.0
 */
MigrateJournal *
migrate_sqlite_journal_new (const char *path)
{
  return g_object_new (MIGRATE_TYPE_SQLITE_JOURNAL, "path", path, NULL);
}

/**
 * migrate_sqlite_journal_new_none:
 *
 * Makes a journal in memory, for a program that chooses to have none.
 *
 * A move without a journal can only be recovered from what the hosts say, and no other program can
 * see or steer it. Claims work between the jobs that share this object.
 *
 * Returns: (transfer full) (type MigrateSqliteJournal): the journal
 *
 * Since: 1.0
 */
MigrateJournal *
migrate_sqlite_journal_new_none (void)
{
  return g_object_new (MIGRATE_TYPE_SQLITE_JOURNAL, "path", MIGRATE_STORE_MEMORY, NULL);
}

/**
 * migrate_sqlite_journal_get_path: (get-property path)
 * @self: a journal
 *
 * The file of the journal, as an absolute path.
 *
 * May be called from any thread; does not block.
 *
 * Returns: (transfer none) (nullable) (type filename): the path, `:memory:` for a journal in
 *   memory, %NULL when there is no default place
 *
 * Since: 1.0
 */
const char *
migrate_sqlite_journal_get_path (MigrateSqliteJournal *self)
{
  g_return_val_if_fail (MIGRATE_IS_SQLITE_JOURNAL (self), NULL);
  return self->path;
}
