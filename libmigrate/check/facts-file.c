/* A snapshot as a file: a first line that names the format, then the text of a GVariant, laid out
 * for people. A text of several lines (a document) stands there as its lines, in a type that
 * snapshots do not have otherwise, so that all comes back exactly. A file may come from anybody: it
 * is measured before it is parsed. */
#include "check/facts-file-private.h"

#include <string.h>

#define FIRST_WORDS "libmigrate facts "
#define VERSION "1"

#define MAX_BYTES (16 << 20)
/* An array's element costs the parser some hundred bytes: what separates elements is counted. */
#define MAX_MARKS (1 << 18)
#define MAX_DEPTH 32

#define LINES_TYPE G_VARIANT_TYPE ("(as)")

/* ---- writing ---- */

static void
indent (GString *text, guint depth)
{
  g_string_append_printf (text, "\n%*s", (int) depth * 2, "");
}

static void
print_lines (GString *text, const char *string, guint depth)
{
  g_auto (GStrv) lines = g_strsplit (string, "\n", -1);

  g_string_append (text, "([");
  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GVariant) line = g_variant_ref_sink (g_variant_new_string (lines[i]));

      if (i > 0)
        g_string_append_c (text, ',');
      indent (text, depth + 1);
      g_variant_print_string (line, text, FALSE);
    }
  g_string_append (text, "],)");
}

static void print (GString *text, GVariant *value, guint depth);

static void
print_list (GString *text, GVariant *list, const char *brackets, guint depth)
{
  gsize n = g_variant_n_children (list);

  if (n == 0)
    g_string_append_printf (text, "@%s ", g_variant_get_type_string (list));
  g_string_append_c (text, brackets[0]);
  for (gsize i = 0; i < n; i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (list, i);

      if (i > 0)
        g_string_append_c (text, ',');
      indent (text, depth + 1);
      print (text, child, depth + 1);
    }
  g_string_append_c (text, brackets[1]);
}

static void
print_entry (GString *text, GVariant *entry, guint depth)
{
  g_autoptr (GVariant) key = g_variant_get_child_value (entry, 0);
  g_autoptr (GVariant) boxed = g_variant_get_child_value (entry, 1);
  g_autoptr (GVariant) value = g_variant_get_variant (boxed);

  g_variant_print_string (key, text, FALSE);
  g_string_append (text, ": <");
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING)
      && strchr (g_variant_get_string (value, NULL), '\n') != NULL)
    print_lines (text, g_variant_get_string (value, NULL), depth);
  else
    print (text, value, depth);
  g_string_append_c (text, '>');
}

static void
print (GString *text, GVariant *value, guint depth)
{
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    print_list (text, value, "{}", depth);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("{sv}")))
    print_entry (text, value, depth);
  else if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
    print_list (text, value, "[]", depth);
  else
    g_variant_print_string (value, text, TRUE);
}

GBytes *
_migrate_facts_print (GVariant *snapshot)
{
  GString *text = g_string_new (FIRST_WORDS VERSION "\n");

  print (text, snapshot, 0);
  g_string_append_c (text, '\n');
  return g_string_free_to_bytes (text);
}

/* ---- reading ---- */

static gboolean
refuse (GError **error, const char *remedy, const char *why)
{
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, remedy, "The facts cannot be read: %s", why);
  return FALSE;
}

/* The end of a string that begins at text, or the end of all. */
static const char *
skip_string (const char *text, const char *end)
{
  char quote = *text++;

  while (text < end && *text != quote)
    text += *text == '\\' ? 2 : 1;
  return MIN (text, end);
}

/* Before it costs memory. */
static gboolean
measure (const char *text, const char *end, GError **error)
{
  guint marks = 0, depth = 0;

  for (; text < end; text++)
    {
      if (*text == '\'' || *text == '"')
        text = skip_string (text, end);
      else if (strchr ("[({<", *text) != NULL && *text != '\0')
        depth++;
      else if (strchr ("])}>", *text) != NULL && *text != '\0' && depth > 0)
        depth--;
      if (depth > MAX_DEPTH)
        return refuse (error, "Gather the facts again", "they are nested too deeply");
      if (text < end && strchr ("[({<,:@", *text) != NULL && *text != '\0' && ++marks > MAX_MARKS)
        return refuse (error, "Gather the facts again", "they have too many parts");
    }
  return TRUE;
}

/* Past the first line; NULL: refused. */
static const char *
skip_first_line (const char *text, gsize length, GError **error)
{
  const char *end = memchr (text, '\n', MIN (length, 64));
  gsize words = strlen (FIRST_WORDS);

  if (end == NULL || (gsize) (end - text) < words || memcmp (text, FIRST_WORDS, words) != 0)
    {
      refuse (error, "Name a file that was written as facts", "this is something else");
      return NULL;
    }
  if (strncmp (text + words, VERSION "\n", strlen (VERSION "\n")) != 0)
    {
      refuse (error, "Use the version of libmigrate that wrote them",
              "they are of another version");
      return NULL;
    }
  return end + 1;
}

static GVariant *fold (GVariant *value);

static GVariant *
fold_lines (GVariant *value)
{
  g_autoptr (GVariant) list = g_variant_get_child_value (value, 0);
  g_autofree const char **lines = g_variant_get_strv (list, NULL);

  return g_variant_new_take_string (g_strjoinv ("\n", (char **) lines));
}

static GVariant *
fold_dictionary (GVariant *value)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *key;
  GVariant *child;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, value);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &child))
    {
      g_variant_builder_add (&builder, "{sv}", key, fold (child));
      g_variant_unref (child);
    }
  return g_variant_builder_end (&builder);
}

static GVariant *
fold_list (GVariant *value)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      g_variant_builder_add_value (&builder, fold (child));
    }
  return g_variant_builder_end (&builder);
}

/* What was text of several lines is that again. Its depth is that of the text, which was measured.
 */
static GVariant *
fold (GVariant *value)
{
  if (g_variant_is_of_type (value, LINES_TYPE))
    return fold_lines (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_VARDICT))
    return fold_dictionary (value);
  if (g_variant_is_of_type (value, G_VARIANT_TYPE ("aa{sv}")))
    return fold_list (value);
  return value;
}

GVariant *
_migrate_facts_parse (GBytes *bytes, GError **error)
{
  g_autoptr (GError) local_error = NULL;
  g_autoptr (GVariant) parsed = NULL;
  gsize length;
  const char *text = g_bytes_get_data (bytes, &length);
  const char *begin, *end = text + length;

  if (length > MAX_BYTES)
    {
      refuse (error, "Gather the facts again", "they have more than 16 MiB");
      return NULL;
    }
  if (length == 0 || !g_utf8_validate (text, (gssize) length, NULL))
    {
      refuse (error, "Name a file that was written as facts", "this is no text");
      return NULL;
    }
  begin = skip_first_line (text, length, error);
  if (begin == NULL || !measure (begin, end, error))
    return NULL;
  parsed = g_variant_parse (G_VARIANT_TYPE_VARDICT, begin, end, NULL, &local_error);
  if (parsed == NULL)
    {
      refuse (error, "Gather the facts again", local_error->message);
      return NULL;
    }
  return g_variant_ref_sink (fold (parsed));
}
