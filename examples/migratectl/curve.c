/* From samples to points, and the scales of the axes. A sample's keys are each optional: a newer
 * library has more of them, an older one fewer. */
#include "curve.h"

#include <math.h>
#include <string.h>

#define GAP_LEAST_MS 5000.0
#define GAP_STEPS 8.0 /* as long as so many samples take on average */
#define KIB 1024.0
#define LATEST_MS (G_GUINT64_CONSTANT (1) << 52) /* what a double tells from its neighbours */

static void
mark_clear (gpointer data)
{
  CtlCurveMark *mark = data;

  g_free (mark->what);
  g_free (mark->why);
}

/* ---- from the journal ---- */

static void
read_point (CtlCurvePoint *point, GVariant *sample)
{
  static const char *const keys[CTL_CURVE_N_LINES]
    = { "memory-remaining", "disk-remaining", "rate", "dirty-rate", "throttle" };

  memset (point, 0, sizeof *point);
  g_variant_lookup (sample, "at-ms", "t", &point->at_ms);
  g_variant_lookup (sample, "pass", "t", &point->pass);
  for (guint line = 0; line < CTL_CURVE_N_LINES; line++)
    {
      guint64 value = 0;

      point->known[line] = g_variant_lookup (sample, keys[line], "t", &value);
      point->values[line] = (double) value;
    }
}

static void
add_point (CtlCurve *self, const CtlCurvePoint *point)
{
  guint n = self->points->len;

  /* A journal of the program's own may repeat itself. */
  if (point->at_ms > LATEST_MS || (n > 0 && point->at_ms <= ctl_curve_point (self, n - 1)->at_ms))
    return;
  /* A counter that starts again, as after a follow, is a pass as well. */
  if (point->pass > 0 && (n == 0 || point->pass != ctl_curve_point (self, n - 1)->pass))
    {
      CtlCurvePass pass = { point->at_ms, point->pass };

      g_array_append_val (self->passes, pass);
    }
  g_array_append_val (self->points, *point);
}

static void
add_mark (CtlCurve *self, GVariant *decision)
{
  CtlCurveMark mark = { 0 };

  g_variant_lookup (decision, "at-ms", "t", &mark.at_ms);
  if (!g_variant_lookup (decision, "what", "s", &mark.what))
    mark.what = g_strdup ("?");
  if (!g_variant_lookup (decision, "why", "s", &mark.why))
    mark.why = g_strdup ("?");
  g_array_append_val (self->marks, mark);
}

CtlCurve *
ctl_curve_new (GVariant *samples, GVariant *decisions)
{
  CtlCurve *self = g_new0 (CtlCurve, 1);

  self->points = g_array_new (FALSE, FALSE, sizeof (CtlCurvePoint));
  self->passes = g_array_new (FALSE, FALSE, sizeof (CtlCurvePass));
  self->marks = g_array_new (FALSE, FALSE, sizeof (CtlCurveMark));
  g_array_set_clear_func (self->marks, mark_clear);
  for (gsize i = 0; samples != NULL && i < g_variant_n_children (samples); i++)
    {
      g_autoptr (GVariant) sample = g_variant_get_child_value (samples, i);
      CtlCurvePoint point;

      read_point (&point, sample);
      add_point (self, &point);
    }
  for (gsize i = 0; decisions != NULL && i < g_variant_n_children (decisions); i++)
    {
      g_autoptr (GVariant) decision = g_variant_get_child_value (decisions, i);

      add_mark (self, decision);
    }
  return self;
}

void
ctl_curve_free (CtlCurve *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->points);
  g_array_unref (self->passes);
  g_array_unref (self->marks);
  g_free (self);
}

/* ---- what can be asked of it ---- */

gboolean
ctl_curve_is_drawable (const CtlCurve *self)
{
  return self->points->len > 1;
}

const CtlCurvePoint *
ctl_curve_point (const CtlCurve *self, guint i)
{
  return &g_array_index (self->points, CtlCurvePoint, i);
}

static double
begin_ms (const CtlCurve *self)
{
  return (double) ctl_curve_point (self, 0)->at_ms;
}

static double
span_ms (const CtlCurve *self)
{
  return (double) ctl_curve_point (self, self->points->len - 1)->at_ms - begin_ms (self);
}

double
ctl_curve_place (const CtlCurve *self, double at_ms)
{
  return CLAMP ((at_ms - begin_ms (self)) / span_ms (self), 0.0, 1.0);
}

gboolean
ctl_curve_is_gap (const CtlCurve *self, guint i)
{
  double step = span_ms (self) / (self->points->len - 1);

  return i > 0
         && (double) (ctl_curve_point (self, i)->at_ms - ctl_curve_point (self, i - 1)->at_ms)
              > MAX (GAP_STEPS * step, GAP_LEAST_MS);
}

static double
most (const CtlCurve *self, CtlCurveLine line)
{
  double found = 0;

  for (guint i = 0; i < self->points->len; i++)
    if (ctl_curve_point (self, i)->known[line])
      found = MAX (found, ctl_curve_point (self, i)->values[line]);
  return found;
}

gboolean
ctl_curve_has (const CtlCurve *self, CtlCurveLine line)
{
  return most (self, line) > 0;
}

/* ---- the axes ---- */

/* The least round number that is not below. */
static double
round_up (double value)
{
  static const double steps[] = { 1, 2, 2.5, 5 };
  double decade = pow (10, floor (log10 (value)));

  for (guint i = 0; i < G_N_ELEMENTS (steps); i++)
    if (steps[i] * decade >= value)
      return steps[i] * decade;
  return 10 * decade;
}

void
ctl_curve_scale (const CtlCurve *self, CtlCurveLine a, CtlCurveLine b, CtlCurveScale *scale)
{
  double value = MAX (most (self, a), most (self, b));
  gboolean is_rate = a == CTL_CURVE_RATE;

  if (value >= 10 * KIB * KIB * KIB)
    {
      scale->unit = KIB * KIB * KIB;
      scale->name = is_rate ? "GiB/s" : "GiB";
    }
  else
    {
      scale->unit = KIB * KIB;
      scale->name = is_rate ? "MiB/s" : "MiB";
    }
  value = value > 0 ? value : scale->unit;
  scale->step = round_up (value / scale->unit / 4) * scale->unit;
  scale->top = ceil (value / scale->step) * scale->step;
}

void
ctl_curve_scale_time (const CtlCurve *self, guint n, CtlCurveScale *scale)
{
  static const struct
  {
    double from_ms, unit;
    const char *name;
  } units[] = { { 36000e3, 3600e3, "h" }, { 600e3, 60e3, "min" }, { 0, 1e3, "s" } };
  double span = span_ms (self);
  guint i = 0;

  while (span < units[i].from_ms)
    i++;
  scale->unit = units[i].unit;
  scale->name = units[i].name;
  scale->step = round_up (span / scale->unit / MAX (n, 1)) * scale->unit;
  scale->top = 0;
}

gboolean
ctl_curve_tick (const CtlCurve *self, const CtlCurveScale *scale, guint i, double *at_ms)
{
  *at_ms = (ceil (begin_ms (self) / scale->step) + i) * scale->step;
  return *at_ms <= begin_ms (self) + span_ms (self);
}

char *
ctl_curve_label (const CtlCurveScale *scale, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (number, sizeof number, "%.6g", value / scale->unit);
  return g_strdup_printf ("%s %s", number, scale->name);
}
