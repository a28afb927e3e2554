/* The curve as lines of characters: what remains over how fast it goes, on one axis of time. A
 * filled line is drawn in eighths of a character, a second one over it as crosses. */
#include "curve.h"

#include <math.h>
#include <string.h>

#define REMAINING_ROWS 5
#define RATE_ROWS 4
#define LEAST_WIDTH 10 /* of what is drawn: a narrower terminal wraps it */
#define COLUMNS_OF_A_TICK 10
#define SLACK 4 /* columns by which a label may give way to another */

typedef struct
{
  const CtlCurve *curve;
  GStrvBuilder *lines;
  guint margin, width; /* of the labels, of what is drawn */
  gboolean utf8;
} Sheet;

/* ---- rows of characters ---- */

static gunichar *
row_new (const Sheet *self)
{
  gunichar *row = g_new (gunichar, self->width);

  for (guint c = 0; c < self->width; c++)
    row[c] = ' ';
  return row;
}

/* The label, an edge, and the row without the blanks at its end; takes the row. */
static void
put_row (Sheet *self, const char *label, gunichar edge, gunichar *row)
{
  GString *line = g_string_new (NULL);
  guint length = self->width;

  g_string_printf (line, "%*s ", (int) self->margin, label);
  g_string_append_unichar (line, edge);
  while (length > 0 && row[length - 1] == ' ')
    length--;
  for (guint c = 0; c < length; c++)
    g_string_append_unichar (line, row[c]);
  g_strchomp (line->str);
  g_strv_builder_add (self->lines, line->str);
  g_string_free (line, TRUE);
  g_free (row);
}

static guint
column_of (const Sheet *self, double place)
{
  return MIN ((guint) (place * self->width), self->width - 1);
}

/* With a blank on both sides, so that two numbers stay two. */
static gboolean
is_free (const Sheet *self, const gunichar *row, glong start, glong length)
{
  if (start < 0 || start + length > (glong) self->width)
    return FALSE;
  for (glong c = MAX (start - 1, 0); c < MIN (start + length + 1, (glong) self->width); c++)
    if (row[c] != ' ')
      return FALSE;
  return TRUE;
}

/* ASCII text as near to its column as there is room, within so many columns. */
static gboolean
put_label (const Sheet *self, gunichar *row, guint column, const char *text, glong slack)
{
  glong length = (glong) strlen (text);
  glong start = MIN ((glong) column, (glong) self->width - length);

  for (glong off = 0; off <= slack; off++)
    for (glong side = 1; side >= -1; side -= 2)
      if (is_free (self, row, start + side * off, length))
        {
          for (glong i = 0; i < length; i++)
            row[start + side * off + i] = (gunichar) text[i];
          return TRUE;
        }
  return FALSE;
}

/* ---- a chart ---- */

static double
between (const CtlCurve *curve, CtlCurveLine line, guint i, double place)
{
  const CtlCurvePoint *before = ctl_curve_point (curve, i - 1);
  const CtlCurvePoint *after = ctl_curve_point (curve, i);
  double from = ctl_curve_place (curve, before->at_ms), to = ctl_curve_place (curve, after->at_ms);

  if (!before->known[line] || !after->known[line] || ctl_curve_is_gap (curve, i))
    return NAN;
  return before->values[line]
         + (after->values[line] - before->values[line]) * (place - from) / (to - from);
}

/* The mean of what was seen in each column; where nobody looked just then, what lies between. */
static double *
values_new (const Sheet *self, CtlCurveLine line)
{
  double *values = g_new0 (double, self->width);
  g_autofree guint *counts = g_new0 (guint, self->width);
  guint i;

  for (i = 0; i < self->curve->points->len; i++)
    {
      const CtlCurvePoint *point = ctl_curve_point (self->curve, i);
      guint c = column_of (self, ctl_curve_place (self->curve, point->at_ms));

      if (point->known[line])
        values[c] += (point->values[line] - values[c]) / ++counts[c];
    }
  i = 1;
  for (guint c = 0; c < self->width; c++)
    {
      double middle = (c + 0.5) / self->width;

      while (i + 1 < self->curve->points->len
             && ctl_curve_place (self->curve, ctl_curve_point (self->curve, i)->at_ms) < middle)
        i++;
      if (counts[c] == 0)
        values[c] = between (self->curve, line, i, middle);
    }
  return values;
}

static gunichar
fill (const Sheet *self, int eighths)
{
  if (eighths <= 0)
    return ' ';
  if (eighths >= 8)
    return self->utf8 ? 0x2588 : '#';
  if (self->utf8)
    return 0x2580 + (gunichar) eighths; /* ▁ to ▇ */
  return eighths <= 4 ? '.' : ':';
}

static void
put_chart (Sheet *self, CtlCurveLine filled, CtlCurveLine crossed, int rows)
{
  g_autofree double *values = values_new (self, filled);
  g_autofree double *over
    = ctl_curve_has (self->curve, crossed) ? values_new (self, crossed) : NULL;
  CtlCurveScale scale;

  ctl_curve_scale (self->curve, filled, crossed, &scale);
  for (int r = rows - 1; r >= 0; r--)
    {
      gboolean ends = r == 0 || r == rows - 1;
      g_autofree char *label = ctl_curve_label (&scale, r == 0 ? 0 : scale.top);
      gunichar *row = row_new (self);

      for (guint c = 0; c < self->width; c++)
        {
          /* A little that is left is not nothing. */
          if (!isnan (values[c]))
            row[c] = fill (self, (int) ceil (values[c] / scale.top * rows * 8) - r * 8);
          if (over != NULL && !isnan (over[c])
              && MIN ((int) (over[c] / scale.top * rows), rows - 1) == r)
            row[c] = self->utf8 ? 0xd7 : 'x';
        }
      put_row (self, ends ? label : "", self->utf8 ? (ends ? 0x2524 : 0x2502) : '|', row);
    }
}

static void
put_title (Sheet *self, const char *filled, const char *crossed)
{
  g_autofree char *title = crossed == NULL
                             ? g_strdup (filled)
                             : g_strdup_printf ("%s %s  %s %s", filled, self->utf8 ? "█" : "#",
                                                crossed, self->utf8 ? "×" : "x");

  g_strv_builder_add (self->lines, title);
}

/* ---- below the charts ---- */

static void
put_time (Sheet *self)
{
  gunichar *axis = row_new (self), *labels = row_new (self);
  CtlCurveScale scale;
  double at;

  ctl_curve_scale_time (self->curve, self->width / COLUMNS_OF_A_TICK, &scale);
  for (guint c = 0; c < self->width; c++)
    axis[c] = self->utf8 ? 0x2500 : '-';
  for (guint i = 0; ctl_curve_tick (self->curve, &scale, i, &at); i++)
    {
      g_autofree char *label = ctl_curve_label (&scale, at);
      guint c = column_of (self, ctl_curve_place (self->curve, at));

      axis[c] = self->utf8 ? 0x252c : '+';
      put_label (self, labels, c, label, 0);
    }
  put_row (self, "", self->utf8 ? 0x2514 : '+', axis);
  put_row (self, "time", ' ', labels);
}

static void
put_passes (Sheet *self)
{
  gunichar *row = row_new (self);

  for (guint i = 0; i < self->curve->passes->len; i++)
    {
      const CtlCurvePass *pass = &g_array_index (self->curve->passes, CtlCurvePass, i);
      g_autofree char *label = g_strdup_printf ("%" G_GUINT64_FORMAT, pass->pass);
      guint c = column_of (self, ctl_curve_place (self->curve, pass->at_ms));

      if (!put_label (self, row, c, label, 0) && row[c] == ' ')
        row[c] = '.';
    }
  put_row (self, "pass", ' ', row);
}

static void
put_throttle (Sheet *self)
{
  gunichar *row = row_new (self);
  double last = 0;

  for (guint i = 0; i < self->curve->points->len; i++)
    {
      const CtlCurvePoint *point = ctl_curve_point (self->curve, i);
      double value = point->values[CTL_CURVE_THROTTLE];
      g_autofree char *label = g_strdup_printf ("%.0f%%", value);

      if (value != last)
        put_label (self, row, column_of (self, ctl_curve_place (self->curve, point->at_ms)), label,
                   SLACK);
      last = value;
    }
  put_row (self, "throttle", ' ', row);
}

static void
put_marks (Sheet *self)
{
  gunichar *row = row_new (self);

  for (guint i = 0; i < self->curve->marks->len; i++)
    {
      const CtlCurveMark *mark = &g_array_index (self->curve->marks, CtlCurveMark, i);
      g_autofree char *label = g_strdup_printf ("%u", i + 1);

      put_label (self, row, column_of (self, ctl_curve_place (self->curve, mark->at_ms)), label,
                 SLACK);
    }
  put_row (self, "decision", ' ', row);
}

/* ---- the sheet ---- */

static guint
margin_of (const CtlCurve *curve)
{
  static const CtlCurveLine axes[][2]
    = { { CTL_CURVE_REMAINING, CTL_CURVE_DISK }, { CTL_CURVE_RATE, CTL_CURVE_DIRTY_RATE } };
  guint margin = (guint) strlen ("decision");

  for (guint i = 0; i < G_N_ELEMENTS (axes); i++)
    {
      CtlCurveScale scale;
      g_autofree char *label = NULL;

      ctl_curve_scale (curve, axes[i][0], axes[i][1], &scale);
      label = ctl_curve_label (&scale, scale.top);
      margin = MAX (margin, (guint) strlen (label));
    }
  return margin;
}

char **
ctl_curve_to_text (const CtlCurve *curve, guint columns, gboolean utf8)
{
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
  Sheet self = { curve, lines, margin_of (curve), 0, utf8 };

  self.width = MAX (columns, self.margin + 2 + LEAST_WIDTH) - self.margin - 2;
  put_title (&self, "memory remaining",
             ctl_curve_has (curve, CTL_CURVE_DISK) ? "disks remaining" : NULL);
  put_chart (&self, CTL_CURVE_REMAINING, CTL_CURVE_DISK, REMAINING_ROWS);
  put_title (&self, "rate", ctl_curve_has (curve, CTL_CURVE_DIRTY_RATE) ? "dirty rate" : NULL);
  put_chart (&self, CTL_CURVE_RATE, CTL_CURVE_DIRTY_RATE, RATE_ROWS);
  put_time (&self);
  if (curve->passes->len > 0)
    put_passes (&self);
  if (ctl_curve_has (curve, CTL_CURVE_THROTTLE))
    put_throttle (&self);
  if (curve->marks->len > 0)
    put_marks (&self);
  return g_strv_builder_end (lines);
}
