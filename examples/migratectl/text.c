/* Lines for people. Names, messages and URIs come from guests and hosts, so every line passes one
 * place that makes control characters visible: nobody's guest name steers this terminal. */
#include "ctl.h"

#include <string.h>

static gboolean is_json, is_quiet;

void
ctl_text_init (gboolean json, gboolean quiet)
{
  is_json = json;
  is_quiet = quiet;
}

static gboolean
is_plain (gunichar c)
{
  switch (g_unichar_type (c))
    {
    case G_UNICODE_CONTROL:
    case G_UNICODE_FORMAT: /* among them those that turn the direction of writing */
    case G_UNICODE_LINE_SEPARATOR:
    case G_UNICODE_PARAGRAPH_SEPARATOR:
    case G_UNICODE_SURROGATE:
      return FALSE;
    default:
      return TRUE;
    }
}

char *
ctl_escape (const char *text)
{
  g_autofree char *valid = g_utf8_make_valid (text != NULL ? text : "", -1);
  GString *shown = g_string_new (NULL);

  for (const char *p = valid; *p != '\0'; p = g_utf8_next_char (p))
    {
      gunichar c = g_utf8_get_char (p);

      if (is_plain (c))
        g_string_append_unichar (shown, c);
      else if (c == '\n')
        g_string_append (shown, "\\n");
      else if (c == '\t')
        g_string_append (shown, "\\t");
      else
        g_string_append_printf (shown, "\\u%04x", c);
    }
  return g_string_free (shown, FALSE);
}

/* The library refuses URIs with passwords; should one have got anywhere, it is not shown. */
char *
ctl_redact (const char *text)
{
  GString *shown = g_string_new (NULL);
  const char *rest = text != NULL ? text : "";
  const char *authority;

  while ((authority = strstr (rest, "://")) != NULL)
    {
      gsize length;
      const char *at, *colon;

      authority += strlen ("://");
      length = strcspn (authority, "/?# \t\n");
      at = g_strrstr_len (authority, (gssize) length, "@");
      colon = at != NULL ? g_strstr_len (authority, at - authority, ":") : NULL;
      if (colon != NULL)
        {
          g_string_append_len (shown, rest, colon - rest);
          g_string_append (shown, ":…");
          rest = at;
        }
      else
        {
          g_string_append_len (shown, rest, authority - rest);
          rest = authority;
        }
    }
  g_string_append (shown, rest);
  return g_string_free (shown, FALSE);
}

static void put_line (FILE *stream, const char *format, va_list args) G_GNUC_PRINTF (2, 0);

static void
put_line (FILE *stream, const char *format, va_list args)
{
  g_autofree char *text = g_strdup_vprintf (format, args);
  g_autofree char *shown = ctl_escape (text);

  fputs (shown, stream);
  fputc ('\n', stream);
  fflush (stream);
}

void
ctl_out (const char *format, ...)
{
  va_list args;

  if (is_json)
    return;
  ctl_line_clear ();
  va_start (args, format);
  put_line (stdout, format, args);
  va_end (args);
}

void
ctl_err (const char *format, ...)
{
  va_list args;

  ctl_line_clear ();
  va_start (args, format);
  put_line (stderr, format, args);
  va_end (args);
}

void
ctl_note (const char *format, ...)
{
  va_list args;

  if (is_quiet)
    return;
  ctl_line_clear ();
  va_start (args, format);
  put_line (stderr, format, args);
  va_end (args);
}

void
ctl_raw (const char *text)
{
  fputs (text, stdout);
  fflush (stdout);
}

/* With an ordinary space, for those who search the output; GLib writes one that does not break. */
char *
ctl_bytes (guint64 bytes)
{
  g_autofree char *text = g_format_size_full (bytes, G_FORMAT_SIZE_IEC_UNITS);
  g_auto (GStrv) words = g_strsplit (text, "\u00a0", -1);

  return g_strjoinv (" ", words);
}

char *
ctl_duration (guint64 ms)
{
  guint64 s = ms / 1000;

  if (ms < 1000)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " ms", ms);
  if (s < 100)
    return g_strdup_printf ("%" G_GUINT64_FORMAT ".%" G_GUINT64_FORMAT " s", s, ms % 1000 / 100);
  if (s < 3600)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " min %" G_GUINT64_FORMAT " s", s / 60, s % 60);
  if (s < 24 * 3600)
    return g_strdup_printf ("%" G_GUINT64_FORMAT " h %" G_GUINT64_FORMAT " min", s / 3600,
                            s % 3600 / 60);
  return g_strdup_printf ("%" G_GUINT64_FORMAT " d %" G_GUINT64_FORMAT " h", s / 86400,
                          s % 86400 / 3600);
}

const char *
ctl_nick (GType type, int value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  const GEnumValue *found = g_enum_get_value (klass, value);

  return found != NULL ? found->value_nick : "unknown";
}

void
ctl_pad (GString *line, const char *text, gsize width)
{
  g_autofree char *shown = ctl_escape (text);
  gsize length = (gsize) g_utf8_strlen (shown, -1);

  g_string_append (line, shown);
  for (; length < width; length++)
    g_string_append_c (line, ' ');
}
