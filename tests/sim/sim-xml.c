/* Documents that the simulated libvirts are given, read with GLib's parser: one of its own, so that
 * a mistake of the library's is not made here too. */
#include "sim-storage.h"

#include <string.h>

typedef struct
{
  GPtrArray *elements;
  GPtrArray *open;
  GString *path;
  guint item;
} Reader;

static void
element_free (gpointer data)
{
  SimElement *self = data;

  g_free (self->path);
  g_strfreev (self->names);
  g_strfreev (self->values);
  g_string_free (self->text, TRUE);
  g_free (self);
}

static void
on_start (GMarkupParseContext *context, const char *name, const char **names, const char **values,
          gpointer data, GError **error)
{
  SimElement *element = g_new0 (SimElement, 1);
  Reader *self = data;

  g_string_append_printf (self->path, "%s%s", self->path->len > 0 ? "/" : "", name);
  if (self->open->len == 2)
    self->item++;
  element->path = g_strdup (self->path->str);
  element->item = self->item;
  element->names = g_strdupv ((char **) names);
  element->values = g_strdupv ((char **) values);
  element->text = g_string_new (NULL);
  g_ptr_array_add (self->elements, element);
  g_ptr_array_add (self->open, element);
}

static void
on_end (GMarkupParseContext *context, const char *name, gpointer data, GError **error)
{
  Reader *self = data;
  const char *slash = strrchr (self->path->str, '/');

  g_string_truncate (self->path, slash != NULL ? (gsize) (slash - self->path->str) : 0);
  g_ptr_array_set_size (self->open, (int) self->open->len - 1);
}

static void
on_text (GMarkupParseContext *context, const char *text, gsize size, gpointer data, GError **error)
{
  Reader *self = data;

  if (self->open->len > 0)
    g_string_append_len (((SimElement *) self->open->pdata[self->open->len - 1])->text, text,
                         (gssize) size);
}

GPtrArray *
_sim_xml_read (const char *xml)
{
  static const GMarkupParser parser
    = { .start_element = on_start, .end_element = on_end, .text = on_text };
  Reader self
    = { g_ptr_array_new_with_free_func (element_free), g_ptr_array_new (), g_string_new (NULL), 0 };
  g_autoptr (GMarkupParseContext) context
    = g_markup_parse_context_new (&parser, 0, &self, NULL /* destroy */);

  if (!g_markup_parse_context_parse (context, xml, -1, NULL)
      || !g_markup_parse_context_end_parse (context, NULL))
    g_ptr_array_set_size (self.elements, 0);
  g_ptr_array_unref (self.open);
  g_string_free (self.path, TRUE);
  return self.elements;
}

static const SimElement *
find (GPtrArray *elements, guint item, const char *path)
{
  for (guint i = 0; i < elements->len; i++)
    {
      const SimElement *element = elements->pdata[i];

      if ((item == G_MAXUINT || element->item == item) && g_str_equal (element->path, path))
        return element;
    }
  return NULL;
}

const char *
_sim_xml_text (GPtrArray *elements, const char *path)
{
  const SimElement *element = find (elements, G_MAXUINT, path);

  return element != NULL ? element->text->str : NULL;
}

gboolean
_sim_xml_has (GPtrArray *elements, guint item, const char *path)
{
  return find (elements, item, path) != NULL;
}

const char *
_sim_xml_attribute (GPtrArray *elements, guint item, const char *path, const char *name)
{
  const SimElement *element = find (elements, item, path);

  for (guint i = 0; element != NULL && element->names[i] != NULL; i++)
    if (g_str_equal (element->names[i], name))
      return element->values[i];
  return NULL;
}

/* libvirt's units; without one they are bytes. */
guint64
_sim_xml_bytes (GPtrArray *elements, const char *path, guint64 otherwise)
{
  static const struct
  {
    const char *name;
    guint shift;
  } units[] = { { "KiB", 10 }, { "K", 10 }, { "MiB", 20 }, { "M", 20 },
                { "GiB", 30 }, { "G", 30 }, { "TiB", 40 }, { "T", 40 } };
  const char *text = _sim_xml_text (elements, path);
  const char *unit = _sim_xml_attribute (elements, G_MAXUINT, path, "unit");
  guint64 value;

  if (text == NULL)
    return otherwise;
  value = g_ascii_strtoull (text, NULL, 10);
  for (guint i = 0; unit != NULL && i < G_N_ELEMENTS (units); i++)
    if (g_str_equal (unit, units[i].name))
      value <<= units[i].shift;
  return value;
}

char *
_sim_xml_escape (const char *text)
{
  g_autofree char *escaped = g_markup_escape_text (text, -1);
  g_auto (GStrv) lines = g_strsplit (escaped, "\n", -1);

  return g_strjoinv ("&#10;", lines);
}
