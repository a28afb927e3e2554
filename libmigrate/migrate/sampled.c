/* Decide: how fast a guest writes and to how much, from looks at some of its pages. Which rates and
 * which sets make what was found likely enough is told as it is: a few pages are little evidence.
 */
#include "migrate/forecast-private.h"

#include <math.h>

/* QEMU samples 512 pages of each GiB: one of them that has changed stands for 2 MiB. */
#define STANDS_FOR ((double) (2 << 20))
/* It tells whole MiB/s, the fraction cut off. */
#define CUT_OFF ((double) (1 << 20) / 2)
#define UNBOUND 10.0 /* times the rate that was found, of a guest that writes all it has */
#define SLOWEST 0.01 /* pages/s of those sampled */
#define SMALLEST 0.5 /* pages */
#define STEP 1.03
#define MOST_STEPS 1000
#define SURELY 1e-9
/* By how much the logarithm of the likelihood falls at two deviations: one guest in twenty is
 * outside. */
#define FALLS 2.0
#define SAME 0.02 /* of the same: nothing tells them apart */

typedef struct
{
  guint n;
  double seconds[MIGRATE_DIRTY_LOOKS], found[MIGRATE_DIRTY_LOOKS]; /* pages that had changed */
  double pages;                                                    /* looked at */
} Looks;

/* What a figure may be, each a step more than the one before, and how likely that is at best. */
typedef struct
{
  guint n;
  double least;
  double best[MOST_STEPS];
} Scale;

typedef struct
{
  Looks looks;
  Scale rates, sets;
  double top; /* logarithm of the likelihood */
} Weighed;

static double
value (const Scale *self, guint i)
{
  return self->least * pow (STEP, i);
}

static void
scale_init (Scale *self, double least, double most)
{
  double steps = log (MAX (most, least) / least) / log (STEP);

  self->least = least;
  self->n = (guint) MIN (ceil (steps) + 1, MOST_STEPS);
  for (guint i = 0; i < self->n; i++)
    self->best[i] = -INFINITY;
}

static Looks
read_looks (const MigrateDirtySample *sample)
{
  Looks looks = { .n = sample->n };

  looks.pages = sample->total > 0 ? MAX ((double) sample->total / STANDS_FOR, 1) : 1 / SURELY;
  for (guint i = 0; i < looks.n; i++)
    {
      looks.seconds[i] = sample->seconds[i];
      looks.found[i]
        = MIN ((sample->bytes[i] + CUT_OFF * looks.seconds[i]) / STANDS_FOR, looks.pages);
    }
  return looks;
}

/* As the copy is played: it writes to new pages at the rate until it has written the set. */
static double
likelihood (const Looks *looks, double rate, double set)
{
  double sum = 0;

  for (guint i = 0; i < looks->n; i++)
    {
      double share = MIN (set, rate * looks->seconds[i]) / looks->pages;

      share = CLAMP (share, SURELY, 1 - SURELY);
      sum += looks->found[i] * log (share) + (looks->pages - looks->found[i]) * log (1 - share);
    }
  return sum;
}

/* One look alone does not tell a small set from a slow guest: it counts as the latter. */
static double
weight (const Weighed *self, guint rate, guint set)
{
  const Looks *looks = &self->looks;
  double written = value (&self->rates, rate), to = value (&self->sets, set);

  if (looks->n == 1 && written * looks->seconds[0] > to && set < self->sets.n - 1)
    return -INFINITY;
  return likelihood (looks, written, to);
}

static void
weigh (Weighed *self)
{
  self->top = -INFINITY;
  for (guint i = 0; i < self->rates.n; i++)
    for (guint j = 0; j < self->sets.n; j++)
      {
        double found = weight (self, i, j);

        self->sets.best[j] = MAX (self->sets.best[j], found);
        self->rates.best[i] = MAX (self->rates.best[i], found);
        self->top = MAX (self->top, found);
      }
}

static MigrateFigure
read_scale (const Scale *self, double top)
{
  MigrateFigure figure = { .origin = MIGRATE_FIGURE_SAMPLED };
  guint least, likely, most;

  for (least = 0; self->best[least] < top - FALLS;)
    least++;
  for (likely = least; self->best[likely] < top - SAME;)
    likely++;
  for (most = self->n - 1; self->best[most] < top - FALLS;)
    most--;
  figure.least = least > 0 ? value (self, least) * STANDS_FOR : 0;
  figure.likely = value (self, likely) * STANDS_FOR;
  figure.most = value (self, most) * STANDS_FOR;
  return figure;
}

static double
fastest (const Looks *looks)
{
  double most = SLOWEST;

  for (guint i = 0; i < looks->n; i++)
    most = MAX (most, looks->found[i] / looks->seconds[i]);
  return most;
}

/* ---- both at once ---- */

/* Where a share of all the weight is reached. */
static guint
find_share (const double *weights, guint n, double share)
{
  double all = 0, sum = 0;
  guint i;

  for (i = 0; i < n; i++)
    all += weights[i];
  for (i = 0; i < n - 1; i++)
    if ((sum += weights[i]) >= all * share)
      break;
  return i;
}

static void
draw_sets (const Weighed *self, guint rate, MigrateLoad *loads)
{
  double weights[MOST_STEPS];

  for (guint j = 0; j < self->sets.n; j++)
    weights[j] = exp (weight (self, rate, j) - self->top);
  for (guint n = 0; n < MIGRATE_LOAD_SETS; n++)
    {
      guint set = find_share (weights, self->sets.n, (n + 0.5) / MIGRATE_LOAD_SETS);

      loads[n] = (MigrateLoad){ value (&self->rates, rate) * STANDS_FOR,
                                value (&self->sets, set) * STANDS_FOR };
    }
}

static void
draw_loads (const Weighed *self, MigrateLoads *loads)
{
  double weights[MOST_STEPS];

  for (guint i = 0; i < self->rates.n; i++)
    {
      weights[i] = 0;
      for (guint j = 0; j < self->sets.n; j++)
        weights[i] += exp (weight (self, i, j) - self->top);
    }
  for (guint n = 0; n < MIGRATE_LOAD_RATES; n++)
    draw_sets (self, find_share (weights, self->rates.n, (n + 0.5) / MIGRATE_LOAD_RATES),
               loads->loads[n]);
  loads->known = TRUE;
}

void
_migrate_sampled_load (const MigrateDirtySample *sample, MigrateFigure *rate, MigrateFigure *set,
                       MigrateLoads *loads)
{
  g_autofree Weighed *self = g_new0 (Weighed, 1);

  *rate = *set = (MigrateFigure){ 0 };
  loads->known = FALSE;
  if (sample->n == 0)
    return;
  self->looks = read_looks (sample);
  scale_init (&self->rates, SLOWEST, fastest (&self->looks) * UNBOUND);
  scale_init (&self->sets, SMALLEST, self->looks.pages);
  weigh (self);
  *rate = read_scale (&self->rates, self->top);
  *set = read_scale (&self->sets, self->top);
  /* At least what was seen; no look has come to its end. */
  if (self->sets.best[self->sets.n - 1] >= self->top - FALLS)
    set->most = 0;
  draw_loads (self, loads);
}
