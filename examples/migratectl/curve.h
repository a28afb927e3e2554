/* The curve of a transfer: what a job's samples and decisions become before they are drawn, and the
 * two ways to draw it. Pure: no journal, no terminal and no file; a test draws it too. */
#pragma once

#include <glib.h>

typedef enum
{
  CTL_CURVE_REMAINING, /* of memory, bytes */
  CTL_CURVE_DISK,      /* remaining of disks, bytes */
  CTL_CURVE_RATE,      /* bytes per second */
  CTL_CURVE_DIRTY_RATE,
  CTL_CURVE_THROTTLE, /* percent */
  CTL_CURVE_N_LINES
} CtlCurveLine;

typedef struct
{
  guint64 at_ms; /* since the job began */
  guint64 pass;  /* 0: not told */
  double values[CTL_CURVE_N_LINES];
  gboolean known[CTL_CURVE_N_LINES];
} CtlCurvePoint;

typedef struct
{
  guint64 at_ms;
  guint64 pass;
} CtlCurvePass;

typedef struct
{
  guint64 at_ms;
  char *what, *why;
} CtlCurveMark;

typedef struct
{
  GArray *points; /* CtlCurvePoint, each later than the one before */
  GArray *passes; /* CtlCurvePass: where one is seen first */
  GArray *marks;  /* CtlCurveMark: the decisions */
} CtlCurve;

/* ---- curve.c ---- */

/* samples: aa{sv} as a record has them; decisions: aa{sv} with at-ms, what, why. Both nullable. */
CtlCurve *ctl_curve_new (GVariant *samples, GVariant *decisions);
void ctl_curve_free (CtlCurve *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (CtlCurve, ctl_curve_free)

/* One point is no curve. The others here are for one that is. */
gboolean ctl_curve_is_drawable (const CtlCurve *self);
const CtlCurvePoint *ctl_curve_point (const CtlCurve *self, guint i);
/* Where a time is, 0 to 1; what is outside of the samples is at the edge. */
double ctl_curve_place (const CtlCurve *self, double at_ms);
/* Whether nobody looked for so long, before point i, that no line leads to it. */
gboolean ctl_curve_is_gap (const CtlCurve *self, guint i);
/* Any value of it that is known, and not 0. */
gboolean ctl_curve_has (const CtlCurve *self, CtlCurveLine line);

typedef struct
{
  double unit; /* a value of 1 on the axis */
  const char *name;
  double step, top; /* of the values; top is a multiple of step */
} CtlCurveScale;

/* Of the values of both lines, which share an axis. */
void ctl_curve_scale (const CtlCurve *self, CtlCurveLine a, CtlCurveLine b, CtlCurveScale *scale);
/* Of the time, with so many steps at the most: step in ms, top unused. */
void ctl_curve_scale_time (const CtlCurve *self, guint most, CtlCurveScale *scale);
/* The time of the i-th step within the samples; FALSE when there are no more. */
gboolean ctl_curve_tick (const CtlCurve *self, const CtlCurveScale *scale, guint i, double *at_ms);
/* “20 MiB”, whatever the locale. */
char *ctl_curve_label (const CtlCurveScale *scale, double value);

/* ---- curve-text.c ---- */

/* Lines for a terminal of so many columns, none of them longer; characters beyond ASCII only with
 * utf8. Decisions are numbered on the axis from 1. */
char **ctl_curve_to_text (const CtlCurve *self, guint columns, gboolean utf8);

/* ---- curve-svg.c ---- */

/* UTF-8 with its declaration; title and lines are any text, what XML has no character for is
 * replaced. NULL only when the writer failed, which is memory. */
char *ctl_curve_to_svg (const CtlCurve *self, const char *title, const char *const *lines);
