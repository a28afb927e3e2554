/* See the header. Errors have the codes of MigrateSqliteJournal, and messages of their own. */
#include "sim-memory.h"

#include <string.h>

#include "journal/journal-private.h"

typedef struct
{
  char *id;
  GTree *values;
  guint64 created, updated;
  GPtrArray *entries, *mail; /* GVariant */
} Job;

/* Stays when it is given back, for its generation. */
typedef struct
{
  char *guest_uuid;
  char *job_id; /* NULL: free */
  guint64 generation;
  guint holder;
} Claim;

struct _SimMemory
{
  gatomicrefcount refs;
  GMutex lock;     /* for all below */
  GPtrArray *jobs; /* oldest first */
  GPtrArray *claims;
  GHashTable *alive; /* numbers of holders */
  guint last_holder;
  guint64 last_seq;
};

struct _SimMemoryJournal
{
  GObject parent_instance;
  SimMemory *memory;
  guint holder; /* under the memory's lock; 0: none yet */
};

static void memory_journal_iface_init (MigrateJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimMemoryJournal, sim_memory_journal, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_JOURNAL,
                                                      memory_journal_iface_init))

/* ---- what is there ---- */

static void
job_free (gpointer data)
{
  Job *job = data;

  g_tree_unref (job->values);
  g_ptr_array_unref (job->entries);
  g_ptr_array_unref (job->mail);
  g_free (job->id);
  g_free (job);
}

static void
claim_free (gpointer data)
{
  Claim *claim = data;

  g_free (claim->guest_uuid);
  g_free (claim->job_id);
  g_free (claim);
}

static GMutexLocker *
enter (MigrateJournal *journal, SimMemory **memory)
{
  *memory = SIM_MEMORY_JOURNAL (journal)->memory;
  return g_mutex_locker_new (&(*memory)->lock);
}

static Job *
find_job (SimMemory *self, const char *id, GError **error)
{
  for (guint i = 0; i < self->jobs->len; i++)
    {
      Job *job = g_ptr_array_index (self->jobs, i);

      if (g_str_equal (job->id, id))
        return job;
    }
  if (error != NULL)
    _migrate_set_error (error, MIGRATE_ERROR_NOT_FOUND, NULL, "Job “%s” is not in memory", id);
  return NULL;
}

static Claim *
find_claim_of_job (SimMemory *self, const char *id)
{
  for (guint i = 0; i < self->claims->len; i++)
    {
      Claim *claim = g_ptr_array_index (self->claims, i);

      if (g_strcmp0 (claim->job_id, id) == 0)
        return claim;
    }
  return NULL;
}

static Claim *
find_claim_of_guest (SimMemory *self, const char *guest_uuid)
{
  for (guint i = 0; i < self->claims->len; i++)
    {
      Claim *claim = g_ptr_array_index (self->claims, i);

      if (g_ascii_strcasecmp (claim->guest_uuid, guest_uuid) == 0)
        return claim;
    }
  return NULL;
}

static gboolean
is_alive (SimMemory *self, const Claim *claim)
{
  return claim->job_id != NULL
         && g_hash_table_contains (self->alive, GUINT_TO_POINTER (claim->holder));
}

static int
compare_keys (gconstpointer a, gconstpointer b, gpointer unused)
{
  return strcmp (a, b);
}

static void
merge (Job *job, GVariant *values)
{
  GVariantIter iter;
  char *key;
  GVariant *value;

  g_variant_iter_init (&iter, values);
  while (g_variant_iter_next (&iter, "{sv}", &key, &value))
    g_tree_replace (job->values, key, value);
  job->updated = (guint64) g_get_real_time ();
}

/* ---- writing ---- */

static gboolean
memory_add_job (MigrateJournal *journal, const char *id, GVariant *values, GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Job *job;

  if (find_job (self, id, NULL) != NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL, "Job “%s” is in memory already", id);
      return FALSE;
    }
  job = g_new0 (Job, 1);
  job->id = g_strdup (id);
  job->values
    = g_tree_new_full (compare_keys, NULL /* data */, g_free, (GDestroyNotify) g_variant_unref);
  job->entries = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  job->mail = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  merge (job, values);
  job->created = job->updated;
  g_ptr_array_add (self->jobs, job);
  return TRUE;
}

static void
append (SimMemory *self, Job *job, guint64 generation, GVariant *entry)
{
  GVariantDict dict;

  g_variant_dict_init (&dict, entry);
  g_variant_dict_insert (&dict, "seq", "t", ++self->last_seq);
  g_variant_dict_insert (&dict, "generation", "t", generation);
  g_ptr_array_add (job->entries, g_variant_ref_sink (g_variant_dict_end (&dict)));
}

static gboolean
memory_record (MigrateJournal *journal, const char *id, guint64 generation, GVariant *entries,
               GVariant *values, GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Job *job = find_job (self, id, error);
  Claim *claim = find_claim_of_job (self, id);
  gsize n = g_variant_n_children (entries);

  if (job == NULL)
    return FALSE;
  if ((claim != NULL ? claim->generation : 0) != generation)
    {
      _migrate_set_error (error, MIGRATE_ERROR_LOST_CLAIM, NULL,
                          "Job “%s” has no claim with this generation", id);
      return FALSE;
    }
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      append (self, job, generation, entry);
    }
  if (n == 0 || g_variant_n_children (values) > 0)
    merge (job, values);
  return TRUE;
}

static gboolean
memory_post (MigrateJournal *journal, const char *id, const char *verb, GVariant *values,
             GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Job *job = find_job (self, id, error);
  GVariantBuilder message;

  if (job == NULL)
    return FALSE;
  g_variant_builder_init (&message, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&message, "{sv}", "verb", g_variant_new_string (verb));
  g_variant_builder_add (&message, "{sv}", "at-us",
                         g_variant_new_uint64 ((guint64) g_get_real_time ()));
  g_variant_builder_add (&message, "{sv}", "values", values);
  g_ptr_array_add (job->mail, g_variant_ref_sink (g_variant_builder_end (&message)));
  return TRUE;
}

/* ---- reading ---- */

static gboolean
insert_value (gpointer key, gpointer value, gpointer dict)
{
  g_variant_dict_insert_value (dict, key, value);
  return FALSE;
}

static GVariant *
tell_job (SimMemory *self, Job *job)
{
  Claim *claim = find_claim_of_job (self, job->id);
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_tree_foreach (job->values, insert_value, &dict);
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_ID, "s", job->id);
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_CREATED, "t", job->created);
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_UPDATED, "t", job->updated);
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_HELD, "b", claim != NULL && is_alive (self, claim));
  g_variant_dict_insert (&dict, MIGRATE_JOB_KEY_GENERATION, "t",
                         claim != NULL ? claim->generation : (guint64) 0);
  return g_variant_dict_end (&dict);
}

static GVariant *
memory_load_job (MigrateJournal *journal, const char *id, GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Job *job = find_job (self, id, error);

  return job != NULL ? g_variant_ref_sink (tell_job (self, job)) : NULL;
}

static GVariant *
memory_list_jobs (MigrateJournal *journal, const char *guest_uuid, GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  GVariantBuilder jobs;

  g_variant_builder_init (&jobs, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = self->jobs->len; i > 0; i--)
    {
      Job *job = g_ptr_array_index (self->jobs, i - 1);
      GVariant *uuid = g_tree_lookup (job->values, MIGRATE_JOB_KEY_GUEST_UUID);

      if (guest_uuid == NULL
          || (uuid != NULL
              && g_ascii_strcasecmp (g_variant_get_string (uuid, NULL), guest_uuid) == 0))
        g_variant_builder_add_value (&jobs, tell_job (self, job));
    }
  return g_variant_ref_sink (g_variant_builder_end (&jobs));
}

static GVariant *
tell_all (GPtrArray *list)
{
  return g_variant_ref_sink (
    g_variant_new_array (G_VARIANT_TYPE_VARDICT, (GVariant **) list->pdata, list->len));
}

static GVariant *
memory_load_entries (MigrateJournal *journal, const char *id, GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Job *job = find_job (self, id, error);

  return job != NULL ? tell_all (job->entries) : NULL;
}

static GVariant *
memory_collect (MigrateJournal *journal, const char *id, GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Job *job = find_job (self, id, NULL);
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  GVariant *messages = tell_all (job != NULL ? job->mail : none);

  if (job != NULL)
    g_ptr_array_set_size (job->mail, 0);
  return messages;
}

/* ---- claims ---- */

static gboolean
check_free (SimMemory *self, const Claim *claim, const char *id, GError **error)
{
  GError *busy;

  if (!is_alive (self, claim))
    return TRUE;
  busy = _migrate_error_new (MIGRATE_ERROR_BUSY, NULL, "Job “%s” cannot have what job “%s” holds",
                             id, claim->job_id);
  _migrate_error_private (busy)->other_job = g_strdup (claim->job_id);
  g_propagate_error (error, busy);
  return FALSE;
}

static guint64
memory_claim (MigrateJournal *journal, const char *guest_uuid, const char *id, GError **error)
{
  SimMemoryJournal *own = SIM_MEMORY_JOURNAL (journal);
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Claim *claim = find_claim_of_guest (self, guest_uuid);

  if (find_job (self, id, error) == NULL)
    return 0;
  if (own->holder == 0)
    {
      own->holder = ++self->last_holder;
      g_hash_table_add (self->alive, GUINT_TO_POINTER (own->holder));
    }
  if (claim == NULL)
    {
      claim = g_new0 (Claim, 1);
      claim->guest_uuid = g_strdup (guest_uuid);
      g_ptr_array_add (self->claims, claim);
    }
  if (claim->holder == own->holder && g_strcmp0 (claim->job_id, id) == 0)
    return claim->generation;
  if (!check_free (self, claim, id, error))
    return 0;
  g_free (claim->job_id);
  claim->job_id = g_strdup (id);
  claim->holder = own->holder;
  return ++claim->generation;
}

static gboolean
memory_release (MigrateJournal *journal, const char *guest_uuid, const char *id, guint64 generation,
                GError **error)
{
  SimMemory *self;
  g_autoptr (GMutexLocker) locker = enter (journal, &self);
  Claim *claim = find_claim_of_guest (self, guest_uuid);

  if (claim != NULL && g_strcmp0 (claim->job_id, id) == 0 && claim->generation == generation)
    {
      g_clear_pointer (&claim->job_id, g_free);
      return TRUE;
    }
  _migrate_set_error (error, MIGRATE_ERROR_LOST_CLAIM, NULL,
                      "Job “%s” has no claim with this generation to release", id);
  return FALSE;
}

/* ---- the objects ---- */

SimMemory *
sim_memory_new (void)
{
  SimMemory *self = g_new0 (SimMemory, 1);

  g_atomic_ref_count_init (&self->refs);
  g_mutex_init (&self->lock);
  self->jobs = g_ptr_array_new_with_free_func (job_free);
  self->claims = g_ptr_array_new_with_free_func (claim_free);
  self->alive = g_hash_table_new (NULL, NULL);
  return self;
}

void
sim_memory_unref (SimMemory *self)
{
  if (!g_atomic_ref_count_dec (&self->refs))
    return;
  g_ptr_array_unref (self->jobs);
  g_ptr_array_unref (self->claims);
  g_hash_table_unref (self->alive);
  g_mutex_clear (&self->lock);
  g_free (self);
}

void
sim_memory_bury_holders (SimMemory *self)
{
  g_mutex_lock (&self->lock);
  g_hash_table_remove_all (self->alive);
  g_mutex_unlock (&self->lock);
}

static void
memory_journal_free (GObject *object)
{
  SimMemoryJournal *self = SIM_MEMORY_JOURNAL (object);

  g_mutex_lock (&self->memory->lock);
  g_hash_table_remove (self->memory->alive, GUINT_TO_POINTER (self->holder));
  g_mutex_unlock (&self->memory->lock);
  sim_memory_unref (self->memory);
  G_OBJECT_CLASS (sim_memory_journal_parent_class)->finalize (object);
}

static void
sim_memory_journal_class_init (SimMemoryJournalClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = memory_journal_free;
}

static void
sim_memory_journal_init (SimMemoryJournal *self)
{
}

static void
memory_journal_iface_init (MigrateJournalInterface *iface)
{
  iface->add_job = memory_add_job;
  iface->record = memory_record;
  iface->load_job = memory_load_job;
  iface->list_jobs = memory_list_jobs;
  iface->load_entries = memory_load_entries;
  iface->claim = memory_claim;
  iface->release = memory_release;
  iface->post = memory_post;
  iface->collect = memory_collect;
}

MigrateJournal *
sim_memory_journal_new (SimMemory *memory)
{
  SimMemoryJournal *self = g_object_new (SIM_TYPE_MEMORY_JOURNAL, NULL);

  g_atomic_ref_count_inc (&memory->refs);
  self->memory = memory;
  return MIGRATE_JOURNAL (self);
}
