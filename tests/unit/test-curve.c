/* The curve that migratectl draws, as text and as a picture: what is drawn, compared as a whole,
 * and what must hold whatever the journal says. */
#include "curve.h"

#include <criterion/criterion.h>
#include <libxml/parser.h>
#include <libxml/xpathInternals.h>
#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)

TestSuite (curve, .timeout = 60);

static const char *const lines[] = { "qemu://a/system → qemu://b/system", "job 0123abcd", NULL };

/* ---- transfers ---- */

/* One that throttling brings to its end: each pass sends what was written in the one before. */
static CtlCurve *
throttled (void)
{
  GVariantBuilder samples;
  guint64 remaining = 256, written = 0, throttle = 0;
  guint pass = 1;

  g_variant_builder_init (&samples, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < 120; i++)
    {
      guint64 dirty = pass == 1 ? 0 : 12 * (100 - throttle) / 100;

      g_variant_builder_add_parsed (
        &samples,
        "{'phase': <'copying-memory'>, 'at-ms': <%t>, 'pass': <%t>, 'memory-total': <%t>,"
        " 'memory-remaining': <%t>, 'rate': <%t>, 'dirty-rate': <%t>, 'throttle': <%t>,"
        " 'of-tomorrow': <'a key'>}",
        (guint64) 700 + 500 * i, (guint64) pass, 256 * MIB, remaining * MIB, 10 * MIB, dirty * MIB,
        throttle);
      written += 6 * (100 - throttle) / 100;
      if (remaining > 5)
        {
          remaining -= 5;
          continue;
        }
      remaining = MIN (written, 48);
      written = 0;
      throttle = pass > 2 ? MIN (throttle + 20, 80) : 0;
      pass++;
    }
  return ctl_curve_new (
    g_variant_builder_end (&samples),
    g_variant_new_parsed ("[{'at-ms': <uint64 39200>, 'what': <'throttle'>, 'why': <'20 percent'>},"
                          " {'at-ms': <uint64 39600>, 'what': <'throttle'>, 'why': <'more'>},"
                          " {'at-ms': <uint64 99000>, 'what': <'finish'>, 'why': <'over'>}]"));
}

/* One that was left alone for an hour, with disks, and few keys. */
static CtlCurve *
left_alone (void)
{
  GVariantBuilder samples;

  g_variant_builder_init (&samples, G_VARIANT_TYPE ("aa{sv}"));
  for (guint64 i = 0; i < 200; i++)
    {
      guint64 at = i * 10 + (i < 100 ? 0 : 3600);

      g_variant_builder_add_parsed (
        &samples, "{'at-ms': <%t>, 'memory-remaining': <%t>, 'disk-remaining': <%t>, 'rate': <%t>}",
        at * 1000, (400 - 2 * i) * 100 * MIB, (i < 100 ? 100 - i : 0) * 1024 * MIB,
        (100 + i % 7) * MIB);
    }
  return ctl_curve_new (g_variant_builder_end (&samples), NULL /* decisions */);
}

/* ---- as a whole ---- */

static void
assert_golden (const char *name, const char *drawn)
{
  g_autofree char *path
    = g_build_filename (g_getenv ("MIGRATE_SOURCE_DIR"), "tests", "unit", "data", name, NULL);
  g_autofree char *golden = NULL;
  g_autofree char *actual = NULL;

  g_file_get_contents (path, &golden, NULL, NULL);
  if (g_strcmp0 (golden, drawn) == 0)
    return;
  actual = g_build_filename (g_getenv ("MIGRATE_BUILD_DIR"), "tests", "unit", name, NULL);
  g_file_set_contents (actual, drawn, -1, NULL);
  cr_assert_fail ("%s is not what is drawn; look at %s, and put it there if it is right", path,
                  actual);
}

static void
assert_text (const CtlCurve *curve, const char *name, guint columns, gboolean utf8)
{
  g_auto (GStrv) rows = ctl_curve_to_text (curve, columns, utf8);
  g_autofree char *body = g_strjoinv ("\n", rows);
  g_autofree char *text = g_strconcat (body, "\n", NULL);

  assert_golden (name, text);
}

Test (curve, a_throttled_transfer_as_text)
{
  g_autoptr (CtlCurve) curve = throttled ();

  assert_text (curve, "curve-throttled.txt", 80, TRUE);
  assert_text (curve, "curve-throttled-ascii.txt", 60, FALSE);
}

Test (curve, a_throttled_transfer_as_a_picture)
{
  g_autoptr (CtlCurve) curve = throttled ();
  g_autofree char *svg = ctl_curve_to_svg (curve, "Move of “web1”", lines);

  assert_golden ("curve-throttled.svg", svg);
}

Test (curve, one_that_was_left_alone_has_a_gap)
{
  g_autoptr (CtlCurve) curve = left_alone ();
  g_autofree char *svg = ctl_curve_to_svg (curve, "Move of “db”", lines);

  assert_text (curve, "curve-left-alone.txt", 80, TRUE);
  assert_golden ("curve-left-alone.svg", svg);
}

/* ---- too little ---- */

Test (curve, needs_two_samples)
{
  static const char *const few[]
    = { "@aa{sv} []", "[{'at-ms': <uint64 5>}]", "[{'at-ms': <uint64 5>}, {'at-ms': <uint64 5>}]",
        "[{'at-ms': <uint64 5>}, {'rate': <uint64 7>}]",
        "[{'at-ms': <uint64 5>}, {'at-ms': <uint64 18446744073709551615>}]" };
  g_autoptr (CtlCurve) none = ctl_curve_new (NULL, NULL);
  g_autoptr (CtlCurve) two
    = ctl_curve_new (g_variant_new_parsed ("[{'at-ms': <uint64 5>}, {'at-ms': <uint64 6>}]"), NULL);

  cr_assert_not (ctl_curve_is_drawable (none));
  cr_assert (ctl_curve_is_drawable (two));
  for (guint i = 0; i < G_N_ELEMENTS (few); i++)
    {
      g_autoptr (CtlCurve) curve = ctl_curve_new (g_variant_new_parsed (few[i]), NULL);

      cr_assert_not (ctl_curve_is_drawable (curve), "%s", few[i]);
    }
}

/* ---- any text ---- */

static char *
read_back (xmlDoc *doc, const char *path)
{
  xmlXPathContext *context = xmlXPathNewContext (doc);
  xmlXPathObject *found;
  xmlChar *text;
  char *read;

  xmlXPathRegisterNs (context, BAD_CAST "s", BAD_CAST "http://www.w3.org/2000/svg");
  found = xmlXPathEval (BAD_CAST path, context);
  text = xmlXPathCastToString (found);
  read = g_strdup ((const char *) text);
  xmlFree (text);
  xmlXPathFreeObject (found);
  xmlXPathFreeContext (context);
  return read;
}

Test (curve, texts_of_others_do_not_become_markup)
{
  const char *hostile = "</title><script>alert(1)</script>&amp;\"']]>\033\xff\xef\xbf\xbf é";
  const char *harmless = "</title><script>alert(1)</script>&amp;\"']]>\xef\xbf\xbd\xef\xbf\xbd"
                         "\xef\xbf\xbd é";
  const char *const words[] = { hostile, NULL };
  g_autoptr (CtlCurve) curve = throttled ();
  CtlCurveMark *mark = &g_array_index (curve->marks, CtlCurveMark, 0);
  g_autofree char *svg = NULL, *title = NULL, *tip = NULL, *line = NULL, *scripts = NULL;
  g_autofree char *expected = g_strdup_printf ("after 39.2 s: throttle: %s", harmless);
  xmlDoc *doc;

  g_free (mark->why);
  mark->why = g_strdup (hostile);
  svg = ctl_curve_to_svg (curve, hostile, words);
  doc = xmlReadMemory (svg, (int) strlen (svg), NULL, NULL, XML_PARSE_NONET | XML_PARSE_NOERROR);
  cr_assert_not_null (doc, "%s", svg);
  title = read_back (doc, "string(/s:svg/s:title)");
  line = read_back (doc, "string(/s:svg/s:text[2])");
  tip = read_back (doc, "string(//s:g[@class='mark'][1]/s:title)");
  scripts = read_back (doc, "count(//s:script)");
  cr_assert_str_eq (title, harmless);
  cr_assert_str_eq (line, harmless);
  cr_assert_str_eq (tip, expected);
  cr_assert_str_eq (scripts, "0");
  xmlFreeDoc (doc);
}

/* ---- any numbers ---- */

static guint64
any_number (GRand *rand)
{
  guint64 wide = (guint64) g_rand_int (rand) << 32 | g_rand_int (rand);

  return g_rand_boolean (rand) ? wide >> g_rand_int_range (rand, 0, 64) : wide >> 44;
}

static CtlCurve *
any_curve (GRand *rand)
{
  static const char *const keys[]
    = { "pass", "memory-remaining", "disk-remaining", "rate", "dirty-rate", "throttle" };
  guint n = (guint) g_rand_int_range (rand, 0, 300);
  GVariantBuilder samples, decisions;
  guint64 at = any_number (rand);

  g_variant_builder_init (&samples, G_VARIANT_TYPE ("aa{sv}"));
  g_variant_builder_init (&decisions, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < n; i++)
    {
      at += (guint64) g_rand_int_range (rand, 0, 2000);
      if (g_rand_int_range (rand, 0, 50) == 0)
        at = any_number (rand);
      g_variant_builder_open (&samples, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add_parsed (&samples, "{'at-ms', <%t>}", at);
      for (guint k = 0; k < G_N_ELEMENTS (keys); k++)
        if (g_rand_boolean (rand))
          g_variant_builder_add (&samples, "{sv}", keys[k],
                                 g_variant_new_uint64 (any_number (rand)));
      g_variant_builder_close (&samples);
      if (g_rand_int_range (rand, 0, 20) == 0)
        g_variant_builder_add_parsed (&decisions, "{'at-ms': <%t>}", any_number (rand));
    }
  return ctl_curve_new (g_variant_builder_end (&samples), g_variant_builder_end (&decisions));
}

static void
assert_sound (const CtlCurve *curve, guint seed, guint columns)
{
  g_autofree char *svg = ctl_curve_to_svg (curve, "Move", lines);
  xmlDoc *doc = xmlReadMemory (svg, (int) strlen (svg), NULL, NULL, XML_PARSE_NONET);

  cr_assert_not_null (doc, "seed %u", seed);
  xmlFreeDoc (doc);
  cr_assert_null (strstr (svg, "nan"), "seed %u", seed);
  cr_assert_null (strstr (svg, "inf"), "seed %u", seed);
  for (guint utf8 = 0; utf8 < 2; utf8++)
    {
      g_auto (GStrv) rows = ctl_curve_to_text (curve, columns, utf8 == 1);

      cr_assert_leq (g_strv_length (rows), 16, "seed %u", seed);
      for (gsize i = 0; rows[i] != NULL; i++)
        {
          cr_assert (g_utf8_validate (rows[i], -1, NULL), "seed %u", seed);
          cr_assert (utf8 == 1 || g_str_is_ascii (rows[i]), "seed %u: %s", seed, rows[i]);
          cr_assert_leq (g_utf8_strlen (rows[i], -1), (glong) columns, "seed %u: %s", seed,
                         rows[i]);
        }
    }
}

Test (curve, whatever_the_journal_says)
{
  guint drawn = 0;

  for (guint seed = 0; seed < 500; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      g_autoptr (CtlCurve) curve = any_curve (rand);

      if (!ctl_curve_is_drawable (curve))
        continue;
      assert_sound (curve, seed, (guint) g_rand_int_range (rand, 40, 300));
      drawn++;
    }
  cr_assert_gt (drawn, 100);
}
