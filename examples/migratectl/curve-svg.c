/* The curve as a picture. libxml2 writes it, for the texts in it come from hosts and guests. It has
 * a ground of its own and a second set of colours, so that it is readable wherever it is shown. */
#include "curve.h"

#include <libxml/xmlwriter.h>
#include <math.h>
#include <string.h>

#define WIDTH 960
#define LEFT 90.0
#define RIGHT 930.0
#define REMAINING_HEIGHT 200.0
#define RATE_HEIGHT 150.0
#define LINE_HEIGHT 18.0
#define TEXT_LENGTH 125 /* characters of a line of text */
#define LEAST_PASS 2.0  /* pixels between lines of passes */
#define LEAST_PASS_LABEL 16.0
#define TICKS 10

/* Okabe and Ito's colours, which the colour-blind tell apart; what is second is dashed as well.
 * Without variables, which not every viewer knows. */
static const char style[]
  = "svg{font:12px sans-serif}.title{font-size:16px;font-weight:bold}.small{font-size:10px}"
    ".line{fill:none;stroke-width:1.7;stroke-linejoin:round}"
    ".disk{stroke-dasharray:7 3}.dirty{stroke-dasharray:4 3}"
    ".pass{stroke-dasharray:2 3}.mark line{stroke-dasharray:5 4}"
    ".throttle{fill:#e69f00}.mark text{font-size:11px;font-weight:bold}"
    ".ground,.mark text{fill:#fff}text,.mark circle{fill:#222}.axis,.mark line{stroke:#222}"
    ".grid,.pass{stroke:#ccc}"
    ".memory{stroke:#0072b2}.disk{stroke:#a8568b}.rate{stroke:#00785a}.dirty{stroke:#c04d00}"
    "@media(prefers-color-scheme:dark){"
    ".ground,.mark text{fill:#181a1b}text,.mark circle{fill:#e4e4e4}.axis,.mark "
    "line{stroke:#e4e4e4}"
    ".grid,.pass{stroke:#4a4d50}"
    ".memory{stroke:#56b4e9}.disk{stroke:#d990bd}.rate{stroke:#2cc79c}.dirty{stroke:#ff8f45}}";

typedef struct
{
  const CtlCurve *curve;
  xmlTextWriter *writer;
  double y; /* where the next thing begins */
} Picture;

/* ---- XML ---- */

/* Also what is UTF-8 and yet no character of XML 1.0. */
static char *
xml_text (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  GString *shown = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      g_string_append_unichar (
        shown, (c < 0x20 && c != '\t' && c != '\n') || c == 0xfffe || c == 0xffff ? 0xfffd : c);
    }
  return g_string_free (shown, FALSE);
}

static void
begin (Picture *self, const char *name, const char *class)
{
  xmlTextWriterStartElement (self->writer, BAD_CAST name);
  if (class != NULL)
    xmlTextWriterWriteAttribute (self->writer, BAD_CAST "class", BAD_CAST class);
}

static void
end (Picture *self)
{
  xmlTextWriterEndElement (self->writer);
}

static void
put_word (Picture *self, const char *name, const char *value)
{
  xmlTextWriterWriteAttribute (self->writer, BAD_CAST name, BAD_CAST value);
}

/* Whatever the locale, to a tenth of a pixel. */
static void
add_number (GString *text, double value)
{
  char number[G_ASCII_DTOSTR_BUF_SIZE];

  g_string_append (text, g_ascii_formatd (number, sizeof number, "%.1f", value));
}

static void
put_number (Picture *self, const char *name, double value)
{
  g_autoptr (GString) text = g_string_new (NULL);

  add_number (text, value);
  put_word (self, name, text->str);
}

static void
put_string (Picture *self, const char *text)
{
  g_autofree char *shown = xml_text (text);

  xmlTextWriterWriteString (self->writer, BAD_CAST shown);
}

static void
put_element (Picture *self, const char *name, const char *class, const char *text)
{
  begin (self, name, class);
  put_string (self, text);
  end (self);
}

static void
put_text (Picture *self, double x, double y, const char *anchor, const char *class,
          const char *text)
{
  begin (self, "text", class);
  put_number (self, "x", x);
  put_number (self, "y", y);
  if (anchor != NULL)
    put_word (self, "text-anchor", anchor);
  put_string (self, text);
  end (self);
}

static void
put_line (Picture *self, const char *class, double x1, double y1, double x2, double y2)
{
  begin (self, "line", class);
  put_number (self, "x1", x1);
  put_number (self, "y1", y1);
  put_number (self, "x2", x2);
  put_number (self, "y2", y2);
  end (self);
}

static void
begin_rect (Picture *self, const char *class, double x, double y, double width, double height)
{
  begin (self, "rect", class);
  put_number (self, "x", x);
  put_number (self, "y", y);
  put_number (self, "width", width);
  put_number (self, "height", height);
}

/* ---- text of many lines ---- */

/* Broken at blanks, and where a word is longer than a line. */
static char **
wrap (const char *text)
{
  g_autoptr (GStrvBuilder) lines = g_strv_builder_new ();
  g_autofree char *valid = g_utf8_make_valid (text, -1);
  const char *rest = valid;

  while (g_utf8_strlen (rest, -1) > TEXT_LENGTH)
    {
      const char *stop = g_utf8_offset_to_pointer (rest, TEXT_LENGTH);
      const char *blank = g_strrstr_len (rest, stop - rest, " ");
      g_autofree char *line = NULL;

      if (blank != NULL && blank > rest)
        stop = blank;
      line = g_strndup (rest, (gsize) (stop - rest));
      g_strv_builder_add (lines, line);
      rest = *stop == ' ' ? stop + 1 : stop;
    }
  g_strv_builder_add (lines, rest);
  return g_strv_builder_end (lines);
}

static void
put_paragraph (Picture *self, double x, const char *text)
{
  g_auto (GStrv) lines = wrap (text);

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      self->y += LINE_HEIGHT;
      put_text (self, x, self->y, NULL /* anchor */, NULL /* class */, lines[i]);
    }
}

/* ---- a chart ---- */

static double
x_of (Picture *self, double at_ms)
{
  return LEFT + (RIGHT - LEFT) * ctl_curve_place (self->curve, at_ms);
}

static void
put_grid (Picture *self, const CtlCurveScale *scale, double height)
{
  guint n = (guint) round (scale->top / scale->step);

  for (guint i = 0; i <= n; i++)
    {
      g_autofree char *label = ctl_curve_label (scale, i * scale->step);
      double y = self->y + height - height * i / n;

      put_line (self, i == 0 ? "axis" : "grid", LEFT, y, RIGHT, y);
      put_text (self, LEFT - 6, y + 4, "end", NULL /* class */, label);
    }
  put_line (self, "axis", LEFT, self->y, LEFT, self->y + height);
}

/* Lifted where a value is not known, and where nobody looked for long. */
static void
put_curve (Picture *self, CtlCurveLine line, const char *class, const CtlCurveScale *scale,
           double height)
{
  g_autoptr (GString) path = g_string_new (NULL);
  gboolean down = FALSE;

  for (guint i = 0; i < self->curve->points->len; i++)
    {
      const CtlCurvePoint *point = ctl_curve_point (self->curve, i);

      if (!point->known[line])
        {
          down = FALSE;
          continue;
        }
      g_string_append (path, down && !ctl_curve_is_gap (self->curve, i) ? "L" : "M");
      add_number (path, x_of (self, (double) point->at_ms));
      g_string_append_c (path, ' ');
      add_number (path, self->y + height - height * point->values[line] / scale->top);
      down = TRUE;
    }
  if (path->len == 0)
    return;
  begin (self, "path", class);
  put_word (self, "d", path->str);
  end (self);
}

static void
put_chart (Picture *self, CtlCurveLine first, const char *first_class, CtlCurveLine second,
           const char *second_class, double height)
{
  CtlCurveScale scale;

  ctl_curve_scale (self->curve, first, second, &scale);
  put_grid (self, &scale, height);
  put_curve (self, first, first_class, &scale, height);
  if (ctl_curve_has (self->curve, second))
    put_curve (self, second, second_class, &scale, height);
}

/* ---- across both charts ---- */

static void
put_band (Picture *self, double from, double to, double percent, double height)
{
  char opacity[G_ASCII_DTOSTR_BUF_SIZE];
  g_autofree char *title = g_strdup_printf ("throttle %.0f %%", percent);

  begin_rect (self, "throttle", from, self->y, to - from, height);
  /* A tenth is the least that is seen. */
  g_ascii_formatd (opacity, sizeof opacity, "%.2f", 0.1 + 0.3 * MIN (percent, 100) / 100);
  put_word (self, "fill-opacity", opacity);
  put_element (self, "title", NULL /* class */, title);
  end (self);
}

static void
put_throttle (Picture *self, double height)
{
  const GArray *points = self->curve->points;
  guint since = 0;

  for (guint i = 1; i < points->len; i++)
    {
      const CtlCurvePoint *from = ctl_curve_point (self->curve, since);
      const CtlCurvePoint *to = ctl_curve_point (self->curve, i);
      double percent = from->values[CTL_CURVE_THROTTLE];

      if (to->values[CTL_CURVE_THROTTLE] == percent && i + 1 < points->len)
        continue;
      if (percent > 0)
        put_band (self, x_of (self, (double) from->at_ms), x_of (self, (double) to->at_ms), percent,
                  height);
      since = i;
    }
}

/* A line for each, and a number, where there is room for them. */
static void
put_passes (Picture *self, double height)
{
  double last = -G_MAXDOUBLE, last_label = -G_MAXDOUBLE;

  for (guint i = 0; i < self->curve->passes->len; i++)
    {
      const CtlCurvePass *pass = &g_array_index (self->curve->passes, CtlCurvePass, i);
      g_autofree char *label
        = g_strdup_printf (i == 0 ? "pass %" G_GUINT64_FORMAT : "%" G_GUINT64_FORMAT, pass->pass);
      double x = x_of (self, (double) pass->at_ms);

      if (x - last < LEAST_PASS)
        continue;
      last = x;
      put_line (self, "pass", x, self->y, x, self->y + height);
      if (x - last_label < LEAST_PASS_LABEL)
        continue;
      put_text (self, x, self->y - 4, i == 0 ? "start" : "middle", "small", label);
      last_label = i == 0 ? x + LEAST_PASS_LABEL : x;
    }
}

static void
put_time (Picture *self)
{
  CtlCurveScale scale;
  double at;

  ctl_curve_scale_time (self->curve, TICKS, &scale);
  for (guint i = 0; ctl_curve_tick (self->curve, &scale, i, &at); i++)
    {
      g_autofree char *label = ctl_curve_label (&scale, at);

      put_line (self, "axis", x_of (self, at), self->y, x_of (self, at), self->y + 5);
      put_text (self, x_of (self, at), self->y + 18, "middle", NULL /* class */, label);
    }
}

static char *
mark_text (const CtlCurveMark *mark)
{
  char at[G_ASCII_DTOSTR_BUF_SIZE];

  g_ascii_formatd (at, sizeof at, "%.1f", (double) mark->at_ms / 1000);
  return g_strdup_printf ("after %s s: %s: %s", at, mark->what, mark->why);
}

/* The circle of one that would cover another goes below it. */
static void
put_marks (Picture *self, double top, double bottom)
{
  double last = -G_MAXDOUBLE, row = 0;

  for (guint i = 0; i < self->curve->marks->len; i++)
    {
      const CtlCurveMark *mark = &g_array_index (self->curve->marks, CtlCurveMark, i);
      g_autofree char *number = g_strdup_printf ("%u", i + 1);
      g_autofree char *title = mark_text (mark);
      double x = x_of (self, (double) mark->at_ms);

      row = x - last < 20 ? fmod (row + 1, 3) : 0;
      last = x;
      begin (self, "g", "mark");
      put_element (self, "title", NULL /* class */, title);
      put_line (self, NULL /* class */, x, top, x, bottom);
      begin (self, "circle", NULL /* class */);
      put_number (self, "cx", x);
      put_number (self, "cy", self->y + 20 * row + 9);
      put_number (self, "r", 9);
      end (self);
      put_text (self, x, self->y + 20 * row + 13, "middle", NULL /* class */, number);
      end (self);
    }
}

/* ---- the picture ---- */

static void
put_legend (Picture *self)
{
  static const struct
  {
    CtlCurveLine line;
    const char *class, *words;
  } entries[] = { { CTL_CURVE_REMAINING, "line memory", "memory remaining" },
                  { CTL_CURVE_DISK, "line disk", "disks remaining" },
                  { CTL_CURVE_RATE, "line rate", "rate" },
                  { CTL_CURVE_DIRTY_RATE, "line dirty", "dirty rate" },
                  { CTL_CURVE_THROTTLE, "throttle", "throttle" } };
  double x = LEFT;

  for (guint i = 0; i < G_N_ELEMENTS (entries); i++)
    {
      if (entries[i].line != CTL_CURVE_REMAINING && entries[i].line != CTL_CURVE_RATE
          && !ctl_curve_has (self->curve, entries[i].line))
        continue;
      if (entries[i].line == CTL_CURVE_THROTTLE)
        {
          begin_rect (self, entries[i].class, x, self->y - 10, 26, 12);
          put_word (self, "fill-opacity", "0.3");
          end (self);
        }
      else
        put_line (self, entries[i].class, x, self->y - 4, x + 26, self->y - 4);
      put_text (self, x + 32, self->y, NULL /* anchor */, NULL /* class */, entries[i].words);
      x += 50 + 7 * (double) strlen (entries[i].words);
    }
}

static void
put_charts (Picture *self)
{
  double top, bottom, height = REMAINING_HEIGHT + 25 + RATE_HEIGHT;

  self->y += 32;
  put_legend (self);
  self->y += 30;
  top = self->y;
  put_throttle (self, height);
  put_passes (self, height);
  put_chart (self, CTL_CURVE_REMAINING, "line memory", CTL_CURVE_DISK, "line disk",
             REMAINING_HEIGHT);
  self->y += REMAINING_HEIGHT + 25;
  put_chart (self, CTL_CURVE_RATE, "line rate", CTL_CURVE_DIRTY_RATE, "line dirty", RATE_HEIGHT);
  self->y += RATE_HEIGHT;
  bottom = self->y;
  put_time (self);
  self->y += 26;
  if (self->curve->marks->len > 0)
    {
      put_marks (self, top, bottom);
      self->y += 60;
    }
}

static void
put_list (Picture *self)
{
  for (guint i = 0; i < self->curve->marks->len; i++)
    {
      const CtlCurveMark *mark = &g_array_index (self->curve->marks, CtlCurveMark, i);
      g_autofree char *text = mark_text (mark);
      g_autofree char *number = g_strdup_printf ("%u", i + 1);

      put_text (self, 44, self->y + LINE_HEIGHT, "end", NULL /* class */, number);
      put_paragraph (self, 54, text);
    }
}

/* What put_picture will need, which is said before it is drawn. */
static double
height_of (const CtlCurve *curve, const char *const *lines)
{
  double height = 36 + 32 + 30 + REMAINING_HEIGHT + 25 + RATE_HEIGHT + 26 + 20;

  for (gsize i = 0; lines[i] != NULL; i++)
    {
      g_auto (GStrv) wrapped = wrap (lines[i]);

      height += LINE_HEIGHT * g_strv_length (wrapped);
    }
  for (guint i = 0; i < curve->marks->len; i++)
    {
      g_autofree char *text = mark_text (&g_array_index (curve->marks, CtlCurveMark, i));
      g_auto (GStrv) wrapped = wrap (text);

      height += LINE_HEIGHT * g_strv_length (wrapped) + (i == 0 ? 60 : 0);
    }
  return height;
}

static void
put_picture (Picture *self, const char *title, const char *const *lines)
{
  double height = height_of (self->curve, lines);
  g_autofree char *box = g_strdup_printf ("0 0 %d %.0f", WIDTH, height);

  begin (self, "svg", NULL /* class */);
  put_word (self, "xmlns", "http://www.w3.org/2000/svg");
  put_number (self, "width", WIDTH);
  put_number (self, "height", height);
  put_word (self, "viewBox", box);
  put_word (self, "role", "img");
  put_element (self, "title", NULL /* class */, title);
  put_element (self, "style", NULL /* class */, style);
  begin_rect (self, "ground", 0, 0, WIDTH, height);
  end (self);
  self->y = 28;
  put_text (self, 24, self->y, NULL /* anchor */, "title", title);
  self->y += 8;
  for (gsize i = 0; lines[i] != NULL; i++)
    put_paragraph (self, 24, lines[i]);
  put_charts (self);
  put_list (self);
  end (self);
}

char *
ctl_curve_to_svg (const CtlCurve *curve, const char *title, const char *const *lines)
{
  xmlBuffer *buffer = xmlBufferCreate ();
  Picture self = { curve, buffer != NULL ? xmlNewTextWriterMemory (buffer, 0) : NULL, 0 };
  char *svg = NULL;

  if (self.writer != NULL)
    {
      xmlTextWriterSetIndent (self.writer, 1);
      xmlTextWriterStartDocument (self.writer, NULL /* 1.0 */, "UTF-8", NULL /* standalone */);
      put_picture (&self, title, lines);
      if (xmlTextWriterEndDocument (self.writer) >= 0)
        svg = g_strdup ((const char *) xmlBufferContent (buffer));
      xmlFreeTextWriter (self.writer);
    }
  if (buffer != NULL)
    xmlBufferFree (buffer);
  return svg;
}
