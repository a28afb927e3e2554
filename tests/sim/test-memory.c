/* The journal that the enumeration of faults mostly uses answers as the one in a SQLite file does:
 * the same calls, their answers and errors compared as text. */
#include "sim-memory.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

#include "journal/journal-private.h"

#define GUEST "c5d5a4a6-0d3c-4a57-9d43-1f0d3c1e2b11"
#define GUEST_IN_CAPITALS "C5D5A4A6-0D3C-4A57-9D43-1F0D3C1E2B11"

typedef struct
{
  MigrateJournal *ours, *theirs; /* of two processes */
  GString *answers;
} Play;

static gboolean
is_time (const char *key)
{
  return g_str_has_suffix (key, "-us");
}

static int
compare_strings (gconstpointer a, gconstpointer b)
{
  return g_strcmp0 (*(const char *const *) a, *(const char *const *) b);
}

/* Without times, its keys sorted. */
static void
note_dict (GString *text, GVariant *dict)
{
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, dict);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    {
      g_autofree char *printed = g_variant_print (value, TRUE /* with types */);

      g_ptr_array_add (lines, g_strdup_printf (" %s=%s", key, is_time (key) ? "?" : printed));
    }
  g_ptr_array_sort (lines, compare_strings);
  for (guint i = 0; i < lines->len; i++)
    g_string_append (text, g_ptr_array_index (lines, i));
  g_string_append_c (text, '\n');
}

static void
note_error (Play *self, const char *what, GError *error)
{
  g_string_append_printf (self->answers, "%s: ", what);
  if (error == NULL)
    {
      g_string_append (self->answers, "done\n");
      return;
    }
  g_string_append_printf (
    self->answers, "%s %d because of %s\n", g_quark_to_string (error->domain), error->code,
    error->domain == MIGRATE_ERROR ? _migrate_error_private (error)->other_job : NULL);
  g_error_free (error);
}

static void
note_values (Play *self, const char *what, GVariant *given, GError *error)
{
  g_autoptr (GVariant) owned = given;

  note_error (self, what, error);
  if (owned == NULL)
    return;
  if (g_variant_is_of_type (owned, G_VARIANT_TYPE_VARDICT))
    note_dict (self->answers, owned);
  else
    for (gsize i = 0; i < g_variant_n_children (owned); i++)
      {
        g_autoptr (GVariant) dict = g_variant_get_child_value (owned, i);

        note_dict (self->answers, dict);
      }
}

#define DO(call, ...)                                                                              \
  {                                                                                                \
    GError *error = NULL;                                                                          \
                                                                                                   \
    _migrate_journal_##call (__VA_ARGS__, &error);                                                 \
    note_error (self, #call, error);                                                               \
  }

#define READ(call, ...)                                                                            \
  {                                                                                                \
    GError *error = NULL;                                                                          \
    GVariant *given = _migrate_journal_##call (__VA_ARGS__, &error);                               \
                                                                                                   \
    note_values (self, #call, given, error);                                                       \
  }

#define CLAIM(journal, guest, id)                                                                  \
  {                                                                                                \
    GError *error = NULL;                                                                          \
    guint64 generation = _migrate_journal_claim (journal, guest, id, &error);                      \
                                                                                                   \
    note_error (self, "claim", error);                                                             \
    g_string_append_printf (self->answers, "%" G_GUINT64_FORMAT "\n", generation);                 \
  }

static void
play_jobs (Play *self)
{
  GVariant *entry = _migrate_journal_entry_new ("step", "define", "begun",
                                                g_variant_new_parsed ("{'host': <'h1'>}"));

  DO (add_job, self->ours, "a",
      g_variant_new_parsed ("{'guest-uuid': <%s>, 'state': <'new'>, 'z': <1>}", GUEST));
  DO (add_job, self->ours, "a", NULL);
  DO (add_job, self->theirs, "b", g_variant_new_parsed ("{'state': <'new'>}"));
  DO (update_job, self->ours, "a", 0, g_variant_new_parsed ("{'state': <'checked'>, 'b': <2.5>}"));
  DO (update_job, self->ours, "a", 0, NULL);
  DO (update_job, self->ours, "nobody", 0, NULL);
  DO (record, self->ours, "a", 0, g_variant_new_array (G_VARIANT_TYPE_VARDICT, &entry, 1), NULL);
  DO (append, self->theirs, "a", 0, "note", "two", "done", NULL);
  DO (append, self->ours, "a", 3, "note", "three", "done", NULL);
  DO (add_samples, self->ours, "a", 0, NULL, g_variant_new_parsed ("{'phase': <'copying'>}"));
  DO (add_samples, self->ours, "a", 3, NULL, NULL);
  READ (load_job, self->theirs, "a");
  READ (load_job, self->theirs, "nobody");
  READ (list_jobs, self->ours, NULL);
  READ (list_jobs, self->ours, GUEST_IN_CAPITALS);
  READ (load_entries, self->theirs, "a");
  READ (load_entries, self->theirs, "nobody");
}

static void
play_mail (Play *self)
{
  READ (collect, self->ours, "a");
  READ (collect, self->ours, "nobody");
  DO (post, self->theirs, "a", "pause", NULL);
  DO (post, self->theirs, "a", "retune", g_variant_new_parsed ("{'max-downtime': <'1s'>}"));
  DO (post, self->theirs, "nobody", "pause", NULL);
  READ (collect, self->ours, "a");
  READ (collect, self->ours, "a");
}

static void
play_claims (Play *self)
{
  CLAIM (self->ours, GUEST, "nobody");
  CLAIM (self->ours, GUEST, "a");
  CLAIM (self->ours, GUEST_IN_CAPITALS, "a");
  CLAIM (self->ours, GUEST, "b");
  CLAIM (self->theirs, GUEST, "a");
  CLAIM (self->theirs, GUEST, "b");
  READ (load_job, self->theirs, "a");
  DO (update_job, self->theirs, "a", 0, NULL);
  DO (update_job, self->ours, "a", 1, NULL);
  DO (update_job, self->ours, "a", 2, NULL);
  DO (release, self->theirs, GUEST, "a", 2);
  DO (release, self->theirs, GUEST, "b", 1);
  DO (release, self->ours, GUEST, "a", 1);
  DO (release, self->ours, GUEST, "a", 1);
  READ (load_job, self->theirs, "a");
  CLAIM (self->theirs, GUEST, "b");
  DO (update_job, self->ours, "a", 1, NULL);
  CLAIM (self->ours, GUEST, "a");
  g_clear_object (&self->theirs); /* the holder goes without a word */
  READ (load_job, self->ours, "b");
  CLAIM (self->ours, GUEST, "a");
  DO (update_job, self->ours, "b", 2, NULL);
  DO (update_job, self->ours, "a", 3, NULL);
  READ (list_jobs, self->ours, NULL);
}

static char *
play (MigrateJournal *ours, MigrateJournal *theirs)
{
  Play self = { .ours = ours, .theirs = theirs, .answers = g_string_new (NULL) };

  play_jobs (&self);
  play_mail (&self);
  play_claims (&self);
  g_object_unref (self.ours);
  return g_string_free (self.answers, FALSE);
}

Test (memory, answers_as_a_file_does)
{
  SimMemory *memory = sim_memory_new ();
  g_autofree char *folder = g_dir_make_tmp ("memory-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "journal.sqlite", NULL);
  g_autofree char *of_file
    = play (migrate_sqlite_journal_new (path), migrate_sqlite_journal_new (path));
  g_autofree char *of_memory
    = play (sim_memory_journal_new (memory), sim_memory_journal_new (memory));

  sim_memory_unref (memory);
  cr_assert_str_eq (of_memory, of_file);
  g_unlink (path);
  g_rmdir (folder);
}

Test (memory, the_dead_hold_nothing)
{
  SimMemory *memory = sim_memory_new ();
  g_autoptr (MigrateJournal) dead = sim_memory_journal_new (memory);
  g_autoptr (MigrateJournal) next = sim_memory_journal_new (memory);
  GError *error = NULL;

  cr_assert (_migrate_journal_add_job (dead, "a", NULL, &error));
  cr_assert_eq (_migrate_journal_claim (dead, GUEST, "a", &error), 1);
  sim_memory_bury_holders (memory);
  cr_assert_eq (_migrate_journal_claim (next, GUEST, "a", &error), 2);
  cr_assert_not (_migrate_journal_update_job (dead, "a", 1, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_LOST_CLAIM));
  g_error_free (error);
  sim_memory_unref (memory);
}
