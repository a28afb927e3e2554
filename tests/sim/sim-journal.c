/* See the header. */
#include "sim-journal.h"

struct _SimJournal
{
  GObject parent_instance;
  MigrateJournal *inner;
  GMutex lock; /* for all below */
  SimJournalFault fault;
  guint n, first, last; /* of the calls that fail; 0: none */
  GPtrArray *calls;
  guint64 spent_us;
};

static void sim_journal_iface_init (MigrateJournalInterface *iface);

G_DEFINE_FINAL_TYPE_WITH_CODE (SimJournal, sim_journal, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_JOURNAL, sim_journal_iface_init))

typedef struct
{
  gboolean fails, passes;
  gint64 begun;
} Turn;

static Turn
enter (SimJournal *self, const char *what)
{
  Turn turn = { .passes = TRUE };

  g_mutex_lock (&self->lock);
  self->n++;
  g_ptr_array_add (self->calls, g_strdup (what));
  turn.fails = self->first != 0 && self->n >= self->first && self->n <= self->last;
  turn.passes = !turn.fails || self->fault == SIM_JOURNAL_LOSE_ANSWER;
  g_mutex_unlock (&self->lock);
  turn.begun = g_get_monotonic_time ();
  return turn;
}

/* TRUE: the answer is given on. */
static gboolean
leave (SimJournal *self, const Turn *turn, GError **error)
{
  g_mutex_lock (&self->lock);
  self->spent_us += (guint64) (g_get_monotonic_time () - turn->begun);
  g_mutex_unlock (&self->lock);
  if (!turn->fails)
    return TRUE;
  g_clear_error (error);
  g_set_error (error, MIGRATE_ERROR, MIGRATE_ERROR_JOURNAL, "The journal fails on demand");
  return FALSE;
}

#define INNER(self) MIGRATE_JOURNAL_GET_IFACE ((self)->inner)

static gboolean
forward_add_job (MigrateJournal *journal, const char *id, GVariant *values, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "add-job");
  gboolean ok = turn.passes && INNER (self)->add_job (self->inner, id, values, error);

  return leave (self, &turn, error) && ok;
}

/* "record step transfer begun": the last entry, which is what the write is for. */
static char *
describe (GVariant *entries)
{
  gsize n = g_variant_n_children (entries);
  g_autoptr (GVariant) entry = n > 0 ? g_variant_get_child_value (entries, n - 1) : NULL;
  const char *kind, *name, *status;

  if (entry == NULL || !g_variant_lookup (entry, "kind", "&s", &kind)
      || !g_variant_lookup (entry, "name", "&s", &name)
      || !g_variant_lookup (entry, "status", "&s", &status))
    return g_strdup ("record");
  return g_strdup_printf ("record %s %s %s", kind, name, status);
}

static gboolean
forward_record (MigrateJournal *journal, const char *id, guint64 generation, GVariant *entries,
                GVariant *values, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  g_autofree char *what = describe (entries);
  Turn turn = enter (self, what);
  gboolean ok
    = turn.passes && INNER (self)->record (self->inner, id, generation, entries, values, error);

  return leave (self, &turn, error) && ok;
}

static gboolean
forward_add_samples (MigrateJournal *journal, const char *id, guint64 generation, GVariant *samples,
                     GVariant *values, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "add-samples");
  gboolean ok = turn.passes
                && INNER (self)->add_samples (self->inner, id, generation, samples, values, error);

  return leave (self, &turn, error) && ok;
}

static GVariant *
answer (SimJournal *self, const Turn *turn, GVariant *given, GError **error)
{
  if (leave (self, turn, error))
    return given;
  g_clear_pointer (&given, g_variant_unref);
  return NULL;
}

static GVariant *
forward_load_job (MigrateJournal *journal, const char *id, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "load-job");
  GVariant *given = turn.passes ? INNER (self)->load_job (self->inner, id, error) : NULL;

  return answer (self, &turn, given, error);
}

static GVariant *
forward_list_jobs (MigrateJournal *journal, const char *guest_uuid, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "list-jobs");
  GVariant *given = turn.passes ? INNER (self)->list_jobs (self->inner, guest_uuid, error) : NULL;

  return answer (self, &turn, given, error);
}

static GVariant *
forward_load_entries (MigrateJournal *journal, const char *id, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "load-entries");
  GVariant *given = turn.passes ? INNER (self)->load_entries (self->inner, id, error) : NULL;

  return answer (self, &turn, given, error);
}

static GVariant *
forward_load_samples (MigrateJournal *journal, const char *id, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "load-samples");
  GVariant *given = turn.passes ? INNER (self)->load_samples (self->inner, id, error) : NULL;

  return answer (self, &turn, given, error);
}

static GVariant *
forward_collect (MigrateJournal *journal, const char *id, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "collect");
  GVariant *given = turn.passes ? INNER (self)->collect (self->inner, id, error) : NULL;

  return answer (self, &turn, given, error);
}

static guint64
forward_claim (MigrateJournal *journal, const char *guest_uuid, const char *id, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "claim");
  guint64 generation = turn.passes ? INNER (self)->claim (self->inner, guest_uuid, id, error) : 0;

  return leave (self, &turn, error) ? generation : 0;
}

static gboolean
forward_release (MigrateJournal *journal, const char *guest_uuid, const char *id,
                 guint64 generation, GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "release");
  gboolean ok
    = turn.passes && INNER (self)->release (self->inner, guest_uuid, id, generation, error);

  return leave (self, &turn, error) && ok;
}

static gboolean
forward_post (MigrateJournal *journal, const char *id, const char *verb, GVariant *values,
              GError **error)
{
  SimJournal *self = SIM_JOURNAL (journal);
  Turn turn = enter (self, "post");
  gboolean ok = turn.passes && INNER (self)->post (self->inner, id, verb, values, error);

  return leave (self, &turn, error) && ok;
}

static void
sim_journal_iface_init (MigrateJournalInterface *iface)
{
  iface->add_job = forward_add_job;
  iface->record = forward_record;
  iface->load_job = forward_load_job;
  iface->list_jobs = forward_list_jobs;
  iface->load_entries = forward_load_entries;
  iface->claim = forward_claim;
  iface->release = forward_release;
  iface->post = forward_post;
  iface->collect = forward_collect;
  iface->add_samples = forward_add_samples;
  iface->load_samples = forward_load_samples;
}

static void
sim_journal_free (GObject *object)
{
  SimJournal *self = SIM_JOURNAL (object);

  g_clear_object (&self->inner);
  g_ptr_array_unref (self->calls);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (sim_journal_parent_class)->finalize (object);
}

static void
sim_journal_class_init (SimJournalClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = sim_journal_free;
}

static void
sim_journal_init (SimJournal *self)
{
  g_mutex_init (&self->lock);
  self->calls = g_ptr_array_new_with_free_func (g_free);
}

SimJournal *
sim_journal_new (MigrateJournal *inner)
{
  SimJournal *self = g_object_new (SIM_TYPE_JOURNAL, NULL);

  self->inner = inner;
  return self;
}

void
sim_journal_fail (SimJournal *self, SimJournalFault fault, guint n, guint count)
{
  g_mutex_lock (&self->lock);
  self->fault = fault;
  self->first = self->n + n;
  self->last = count > G_MAXUINT - self->first ? G_MAXUINT : self->first + count - 1;
  g_mutex_unlock (&self->lock);
}

void
sim_journal_heal (SimJournal *self)
{
  g_mutex_lock (&self->lock);
  self->first = 0;
  g_mutex_unlock (&self->lock);
}

guint
sim_journal_count (SimJournal *self)
{
  guint n;

  g_mutex_lock (&self->lock);
  n = self->n;
  g_mutex_unlock (&self->lock);
  return n;
}

GPtrArray *
sim_journal_dup_calls (SimJournal *self)
{
  GPtrArray *calls = g_ptr_array_new_with_free_func (g_free);

  g_mutex_lock (&self->lock);
  for (guint i = 0; i < self->calls->len; i++)
    g_ptr_array_add (calls, g_strdup (self->calls->pdata[i]));
  g_mutex_unlock (&self->lock);
  return calls;
}

guint64
sim_journal_get_spent_us (SimJournal *self)
{
  guint64 spent;

  g_mutex_lock (&self->lock);
  spent = self->spent_us;
  g_mutex_unlock (&self->lock);
  return spent;
}
