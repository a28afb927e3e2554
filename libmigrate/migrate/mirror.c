/* See the header. A copy begun again costs all that was sent, so the evidence must have lasted, and
 * the longer the more there is to lose. */
#include "migrate/mirror-private.h"

#include <math.h>

#define HALF_LIFE_MS 2000.0
#define LEAST_SPAN_MS 30000 /* a guest may write much for a while */
#define SPAN_SHARE 4        /* of the time that the copy has taken: a quarter of it */
#define HEADWAY 0.05        /* of what was sent: less is none, for the link is not that steady */

/* What happened in ms counts less the longer ago it was. */
static void
smooth (MigrateMirrorTrend *self, const MigrateMirrorPoint *before, const MigrateMirrorPoint *now)
{
  double ms = (double) (now->at_ms - before->at_ms);
  double kept = pow (0.5, ms / HALF_LIFE_MS);
  double sent = (double) (now->processed - before->processed);
  double grown = (double) now->remaining - (double) before->remaining + sent;

  self->sent = self->sent * kept + sent;
  self->grown = self->grown * kept + MAX (grown, 0);
  self->smoothed_ms = self->smoothed_ms * kept + ms;
  self->rate = (guint64) (self->sent * 1000 / self->smoothed_ms);
  self->written = (guint64) (self->grown * 1000 / self->smoothed_ms);
}

/* The one goes that is missed least: the time between its neighbours is the least part of its age.
 * So the span that all cover stays, and however old a look is, there is one about as old. */
static void
thin_out (MigrateMirrorTrend *self)
{
  const MigrateMirrorPoint *points = self->points;
  guint64 now = points[self->n - 1].at_ms;
  guint least = 1;
  double least_part = G_MAXDOUBLE;

  for (guint i = 1; i + 1 < self->n; i++)
    {
      double gap = (double) (points[i + 1].at_ms - points[i - 1].at_ms);
      double part = gap / (double) (now - points[i].at_ms);

      if (part < least_part)
        {
          least = i;
          least_part = part;
        }
    }
  self->n--;
  memmove (&self->points[least], &points[least + 1],
           (self->n - least) * sizeof (MigrateMirrorPoint));
}

void
_migrate_mirror_add (MigrateMirrorTrend *self, const MigrateMirrorPoint *point)
{
  const MigrateMirrorPoint *last = self->n > 0 ? &self->points[self->n - 1] : NULL;

  if (last != NULL && point->at_ms == last->at_ms)
    return;
  if (last != NULL && (point->at_ms < last->at_ms || point->processed < last->processed))
    *self = (MigrateMirrorTrend){ 0 };
  else if (last != NULL)
    smooth (self, last, point);
  if (self->n == MIGRATE_MIRROR_POINTS)
    thin_out (self);
  self->points[self->n++] = *point;
}

/* The latest that is so old; NULL: none is. */
static const MigrateMirrorPoint *
find_before (const MigrateMirrorTrend *self, guint64 at_ms)
{
  for (guint i = self->n; i-- > 0;)
    if (self->points[i].at_ms <= at_ms)
      return &self->points[i];
  return NULL;
}

gboolean
_migrate_mirror_is_stuck (const MigrateMirrorTrend *self, MigrateMirrorStuck *stuck)
{
  const MigrateMirrorPoint *now = self->n > 0 ? &self->points[self->n - 1] : NULL, *then;
  guint64 span, ms;
  double sent, fell;

  if (now == NULL || now->remaining == 0)
    return FALSE;
  span = MAX (LEAST_SPAN_MS, (now->at_ms - self->points[0].at_ms) / SPAN_SHARE);
  then = now->at_ms >= span ? find_before (self, now->at_ms - span) : NULL;
  if (then == NULL)
    return FALSE;
  sent = (double) (now->processed - then->processed);
  fell = (double) then->remaining - (double) now->remaining;
  if (sent <= 0 || fell >= HEADWAY * sent)
    return FALSE;
  ms = now->at_ms - then->at_ms;
  *stuck = (MigrateMirrorStuck){
    .span_ms = ms,
    .remaining = now->remaining,
    .rate = (guint64) (sent * 1000 / (double) ms),
    .written = (guint64) ((sent - fell) * 1000 / (double) ms),
  };
  return TRUE;
}

static guint64
rate_of (GVariant *before, const char *id, guint64 done, gint64 us)
{
  g_autoptr (GVariant) values
    = before != NULL ? g_variant_lookup_value (before, id, G_VARIANT_TYPE_VARDICT) : NULL;
  guint64 was = values != NULL ? _migrate_variant_uint64 (values, "done", 0) : done;

  return done > was && us > 0 ? (done - was) * G_USEC_PER_SEC / (guint64) us : 0;
}

GVariant *
_migrate_mirror_with_rate (GVariant *before, const char *id, GVariant *values, gint64 us)
{
  guint64 done = _migrate_variant_uint64 (values, "done", 0);
  GVariantDict dict;

  g_variant_dict_init (&dict, values);
  g_variant_dict_insert (&dict, "rate", "t", rate_of (before, id, done, us));
  return g_variant_dict_end (&dict);
}
