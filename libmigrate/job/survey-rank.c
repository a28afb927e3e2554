/* See the header. What can stop a move or hurt the guest comes first, room last: two hosts nearly
 * never have the same room, and nothing after it would count. */
#include "job/survey-rank-private.h"

#include <stdlib.h>

static int
compare_numbers (guint64 a, guint64 b)
{
  return (a > b) - (a < b);
}

/* ---- what counts: each less than 0 when a is better, and what a host has of it ---- */

static int
compare_answers (const MigrateCandidate *a, const MigrateCandidate *b)
{
  return compare_numbers (a->why != NULL, b->why != NULL);
}

static int
compare_blockers (const MigrateCandidate *a, const MigrateCandidate *b)
{
  return compare_numbers (a->blockers, b->blockers);
}

static int
compare_copies (const MigrateCandidate *a, const MigrateCandidate *b)
{
  return compare_numbers (a->copies, b->copies);
}

static int
compare_warnings (const MigrateCandidate *a, const MigrateCandidate *b)
{
  return compare_numbers (a->warnings, b->warnings);
}

static int
compare_convergence (const MigrateCandidate *a, const MigrateCandidate *b)
{
  static const guint order[] = { [MIGRATE_CONVERGENCE_CONVERGES] = 0,
                                 [MIGRATE_CONVERGENCE_NEAR] = 1,
                                 [MIGRATE_CONVERGENCE_UNKNOWN] = 2,
                                 [MIGRATE_CONVERGENCE_DIVERGES] = 3 };

  return compare_numbers (order[a->convergence], order[b->convergence]);
}

/* By powers of two: a forecast is no more exact than that. */
static int
compare_times (const MigrateCandidate *a, const MigrateCandidate *b)
{
  guint mine = a->total_ms > 0 ? g_bit_storage ((gulong) a->total_ms) : G_MAXUINT;
  guint others = b->total_ms > 0 ? g_bit_storage ((gulong) b->total_ms) : G_MAXUINT;

  return compare_numbers (mine, others);
}

static int
compare_cpus (const MigrateCandidate *a, const MigrateCandidate *b)
{
  static const guint order[]
    = { [MIGRATE_CPU_COMPATIBLE] = 0, [MIGRATE_CPU_UNKNOWN] = 1, [MIGRATE_CPU_INCOMPATIBLE] = 2 };

  return compare_numbers (order[a->cpu], order[b->cpu]);
}

static int
compare_ages (const MigrateCandidate *a, const MigrateCandidate *b)
{
  return compare_numbers (a->age, b->age);
}

static int
compare_memory (const MigrateCandidate *a, const MigrateCandidate *b)
{
  return compare_numbers (b->memory_free, a->memory_free);
}

static char *
tell_number (guint n, const char *what)
{
  if (n == 0)
    return g_strdup_printf ("no %s", what);
  return g_strdup_printf ("%u %s", n, what);
}

static char *
tell_copies (const MigrateCandidate *self)
{
  return g_strdup (self->copies ? "disks to be copied" : "the guest's disks already");
}

static char *
tell_warnings (const MigrateCandidate *self)
{
  return tell_number (self->warnings, self->warnings == 1 ? "warning" : "warnings");
}

static char *
tell_convergence (const MigrateCandidate *self)
{
  static const char *const words[]
    = { [MIGRATE_CONVERGENCE_UNKNOWN] = "a copy of which no end is forecast",
        [MIGRATE_CONVERGENCE_CONVERGES] = "a copy that comes to its end by itself",
        [MIGRATE_CONVERGENCE_NEAR] = "a copy that may or may not come to its end by itself",
        [MIGRATE_CONVERGENCE_DIVERGES] = "a copy that does not come to its end by itself" };

  return g_strdup (words[self->convergence]);
}

static char *
tell_time (const MigrateCandidate *self)
{
  if (self->total_ms == 0)
    return g_strdup ("a move of which no length is forecast");
  return g_strdup_printf ("a move of %" G_GUINT64_FORMAT " s at most",
                          (self->total_ms + 999) / 1000);
}

static char *
tell_cpu (const MigrateCandidate *self)
{
  switch (self->cpu)
    {
    case MIGRATE_CPU_COMPATIBLE:
      return g_strdup ("a CPU that can run the guest's");
    case MIGRATE_CPU_INCOMPATIBLE:
      return g_strdup ("a CPU that cannot run the guest's");
    default:
      return g_strdup ("a CPU that was not compared with the guest's");
    }
}

static char *
tell_age (const MigrateCandidate *self)
{
  static const char *const words[] = { [MIGRATE_AGE_SAME] = "the source's versions",
                                       [MIGRATE_AGE_NEWER] = "newer versions than the source",
                                       [MIGRATE_AGE_OLDER] = "older versions than the source" };

  return g_strdup (words[self->age]);
}

/* With an ordinary space, for those who search for it; GLib writes one that does not break. */
static char *
tell_memory (const MigrateCandidate *self)
{
  g_autofree char *size = g_format_size_full (self->memory_free, G_FORMAT_SIZE_IEC_UNITS);
  g_auto (GStrv) words = g_strsplit (size, "\u00a0", -1);
  g_autofree char *plain = g_strjoinv (" ", words);

  if (self->memory_free == 0)
    return g_strdup ("an amount of free memory that is not known");
  return g_strconcat (plain, " of free memory", NULL);
}

/* Those without words are told in sentences of their own. */
static const struct
{
  int (*compare) (const MigrateCandidate *a, const MigrateCandidate *b);
  char *(*tell) (const MigrateCandidate *self); /* “It has …” */
} criteria[] = {
  { compare_answers, NULL },
  { compare_blockers, NULL },
  { compare_copies, tell_copies },
  { compare_warnings, tell_warnings },
  { compare_convergence, tell_convergence },
  { compare_cpus, tell_cpu },
  { compare_ages, tell_age },
  { compare_times, tell_time },
  { compare_memory, tell_memory },
};

/* ---- the order ---- */

static int
compare (gconstpointer pa, gconstpointer pb)
{
  const MigrateCandidate *a = pa, *b = pb;

  for (gsize i = 0; i < G_N_ELEMENTS (criteria); i++)
    {
      int order = criteria[i].compare (a, b);

      if (order != 0)
        return order;
    }
  return compare_numbers (a->place, b->place);
}

void
_migrate_survey_rank (MigrateCandidate *candidates, guint n)
{
  qsort (candidates, n, sizeof *candidates, compare);
}

/* ---- the reason ---- */

static gboolean
is_clear (const MigrateCandidate *self)
{
  return self->why == NULL && self->blockers == 0;
}

/* By what one of two that nothing blocks is before the other. */
static char *
explain_beside (const MigrateCandidate *self, const MigrateCandidate *other)
{
  for (gsize i = 0; i < G_N_ELEMENTS (criteria); i++)
    {
      g_autofree char *mine = NULL;
      g_autofree char *others = NULL;

      if (criteria[i].tell == NULL || criteria[i].compare (self, other) == 0)
        continue;
      mine = criteria[i].tell (self);
      others = criteria[i].tell (other);
      return g_strdup_printf ("It has %s, “%s” has %s", mine, other->host, others);
    }
  return g_strdup_printf ("It is as good as “%s”, and was named %s it", other->host,
                          self->place < other->place ? "before" : "after");
}

char *
_migrate_survey_explain (const MigrateCandidate *candidates, guint n, guint i)
{
  const MigrateCandidate *self = &candidates[i];

  if (self->why != NULL)
    return g_strdup_printf ("It could not be checked: %s", self->why);
  if (self->blockers > 0)
    return g_strdup_printf ("It has %u blocker%s: %s", self->blockers,
                            self->blockers == 1 ? "" : "s", self->codes);
  if (i > 0)
    return explain_beside (self, self - 1);
  if (n > 1 && is_clear (&candidates[1]))
    return explain_beside (self, &candidates[1]);
  return g_strdup (n > 1 ? "It is the only one where nothing blocks the move"
                         : "Nothing blocks the move");
}
