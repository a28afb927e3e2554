/* From text to a tree, within bounds. The text is surveyed first, in one pass without memory of its
 * own, for libxml2 has no bounds of its own on what makes it slow: it compares each attribute of an
 * element with all others, and looks through all namespaces in scope for each name. */
#include "xml/document-private.h"

#include <libxml/parser.h>
#include <libxml/xmlsave.h>
#include <string.h>

/* Far above what libvirt writes: a host with 4096 CPUs has 30,000 pieces in 1 MiB, a chain of 200
 * images is 205 deep, and Linux takes no longer argument than a value may be. */
enum
{
  MAX_BYTES = 4 << 20,
  MAX_DEPTH = 250,
  MAX_PIECES = 200000, /* elements, attributes, comments and the like */
  MAX_ATTRIBUTES = 256,
  MAX_NAMESPACES = 256, /* declared in the whole document */
  MAX_VALUE = 128 << 10
};

static const char as_libvirt_gives_it[]
  = "Give the document as libvirt does, for example as “virsh dumpxml” prints it";
static const char take_utf8[] = "Convert the document to UTF-8";
static const char take_less[] = "Take out of the document what libvirt did not put there";

typedef struct
{
  const char *root; /* nullable */
  const char *text, *at, *end;
  guint depth, pieces, namespaces;
} Survey;

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlBuffer, xmlBufferFree)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)

static void
set_error (GError **error, const char *root, guint line, const char *remedy, const char *what)
{
  g_autofree char *place = line > 0 ? g_strdup_printf (" (line %u)", line) : g_strdup ("");
  g_autofree char *name = root != NULL ? g_strdup_printf ("<%s> ", root) : g_strdup ("");

  if (error == NULL || *error == NULL)
    _migrate_set_error (error, MIGRATE_ERROR_INVALID, remedy, "Cannot read the %sdocument: %s%s",
                        name, what, place);
}

void
_migrate_document_error (GError **error, const char *root, guint line, const char *remedy,
                         const char *format, ...)
{
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  set_error (error, root, line, remedy, what);
}

void
_migrate_node_error (GError **error, const xmlNode *node, const char *remedy, const char *format,
                     ...)
{
  const xmlNode *root = xmlDocGetRootElement (node->doc);
  g_autofree char *what = NULL;
  va_list args;

  va_start (args, format);
  what = g_strdup_vprintf (format, args);
  va_end (args);
  set_error (error, (const char *) root->name, (guint) MAX (xmlGetLineNo (node), 0), remedy, what);
}

/* ---- the survey ---- */

static gboolean
refuse (const Survey *self, const char *remedy, const char *what, GError **error)
{
  guint line = 1;

  for (const char *c = self->text; c < self->at; c++)
    line += *c == '\n';
  set_error (error, self->root, line, remedy, what);
  return FALSE;
}

static gboolean
begins (const Survey *self, const char *with)
{
  gsize length = strlen (with);

  return (gsize) (self->end - self->at) >= length && memcmp (self->at, with, length) == 0;
}

static gboolean
skip_to (Survey *self, const char *closing, GError **error)
{
  const char *found = memmem (self->at, (gsize) (self->end - self->at), closing, strlen (closing));

  if (found == NULL)
    return refuse (self, as_libvirt_gives_it, "something does not end that begins", error);
  self->at = found + strlen (closing);
  return TRUE;
}

static gboolean
count (Survey *self, GError **error)
{
  if (++self->pieces > MAX_PIECES)
    return refuse (self, take_less, "it has too many elements and attributes", error);
  return TRUE;
}

/* The quote that begins a value; leaves the one that ends it. */
static gboolean
survey_value (Survey *self, GError **error)
{
  const char *end = memchr (self->at + 1, *self->at, (gsize) (self->end - self->at - 1));

  if (end == NULL || memchr (self->at, '<', (gsize) (end - self->at)) != NULL)
    return refuse (self, as_libvirt_gives_it, "an attribute's value does not end", error);
  if (end - self->at > MAX_VALUE)
    return refuse (self, take_less, "an attribute's value is too long", error);
  self->at = end;
  return TRUE;
}

static gboolean
survey_tag (Survey *self, GError **error)
{
  guint n_attributes = 0;

  for (self->at++; self->at < self->end && *self->at != '>'; self->at++)
    {
      if (*self->at == '<')
        return refuse (self, as_libvirt_gives_it, "a tag begins within a tag", error);
      if ((*self->at == '"' || *self->at == '\'') && !survey_value (self, error))
        return FALSE;
      if (*self->at == '=' && (!count (self, error) || ++n_attributes > MAX_ATTRIBUTES))
        return refuse (self, take_less, "an element has too many attributes", error);
      if (begins (self, "xmlns") && ++self->namespaces > MAX_NAMESPACES)
        return refuse (self, take_less, "it declares too many namespaces", error);
    }
  if (self->at == self->end)
    return refuse (self, as_libvirt_gives_it, "a tag does not end", error);
  if (self->at[-1] != '/' && ++self->depth > MAX_DEPTH)
    return refuse (self, take_less, "its elements are nested too deeply", error);
  self->at++;
  return TRUE;
}

static gboolean
survey_markup (Survey *self, GError **error)
{
  if (begins (self, "</"))
    {
      self->depth -= self->depth > 0;
      return skip_to (self, ">", error);
    }
  if (!count (self, error))
    return FALSE;
  if (begins (self, "<!--"))
    {
      self->at += strlen ("<!--");
      return skip_to (self, "-->", error);
    }
  if (begins (self, "<![CDATA["))
    return skip_to (self, "]]>", error);
  if (begins (self, "<!"))
    return refuse (self, "Take the DOCTYPE and its entities out; libvirt's documents have none",
                   "it has a document type declaration", error);
  if (begins (self, "<?"))
    return skip_to (self, "?>", error);
  return survey_tag (self, error);
}

/* <?xml version='1.0' encoding='UTF-8'?>: must end as it should, for libxml2 goes on within one
 * that does not, where the survey does not look. */
static gboolean
survey_declaration (Survey *self, GError **error)
{
  g_autofree char *declaration = NULL;
  const char *end, *encoding;
  gsize length;

  if (!begins (self, "<?xml") || self->end - self->at < 6 || !g_ascii_isspace (self->at[5]))
    return TRUE;
  end = memchr (self->at, '>', (gsize) (self->end - self->at));
  if (end == NULL || end[-1] != '?')
    return refuse (self, as_libvirt_gives_it, "its XML declaration does not end", error);
  declaration = g_strndup (self->at, (gsize) (end - self->at));
  encoding = strstr (declaration, "encoding");
  if (encoding == NULL)
    return TRUE;
  encoding += strlen ("encoding");
  encoding += strspn (encoding, " \t\r\n=\"'");
  length = strcspn (encoding, " \t\r\n\"'?");
  if ((length == 5 && g_ascii_strncasecmp (encoding, "UTF-8", length) == 0)
      || (length == 8 && g_ascii_strncasecmp (encoding, "US-ASCII", length) == 0))
    return TRUE;
  return refuse (self, take_utf8, "it claims an encoding other than UTF-8", error);
}

static gboolean
survey (Survey *self, GError **error)
{
  if (self->end - self->text > MAX_BYTES)
    {
      set_error (error, self->root, 0, take_less, "it is larger than 4 MiB");
      return FALSE;
    }
  if (!g_utf8_validate_len (self->text, (gsize) (self->end - self->text), &self->at))
    return refuse (self, take_utf8, "it is not UTF-8 text", error);
  self->at = self->text;
  if (begins (self, "\xef\xbb\xbf"))
    self->at += 3;
  if (!survey_declaration (self, error))
    return FALSE;
  while ((self->at = memchr (self->at, '<', (gsize) (self->end - self->at))) != NULL)
    if (!survey_markup (self, error))
      return FALSE;
  return TRUE;
}

/* ---- the tree ---- */

/* libxml2 goes on after an error, to find more of them. */
static void
stop (void *context, const xmlError *problem)
{
  if (problem->level >= XML_ERR_ERROR)
    xmlStopParser (context);
}

static xmlDoc *
build (const char *text, gsize length, const char *root, GError **error)
{
  g_autoptr (xmlParserCtxt) context = xmlNewParserCtxt ();
  g_autoptr (xmlDoc) doc = NULL;
  const xmlError *problem;

  if (context == NULL)
    {
      set_error (error, root, 0, NULL /* remedy */, "there is no memory for it");
      return NULL;
    }
  /* The error is const from libxml2 2.12 on. */
  context->sax->serror = (xmlStructuredErrorFunc) stop;
  doc = xmlCtxtReadMemory (context, text, (int) length, NULL /* url */, "UTF-8",
                           XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING
                             | XML_PARSE_IGNORE_ENC);
  problem = xmlCtxtGetLastError (context);
  if (doc != NULL && xmlDocGetRootElement (doc) != NULL
      && (problem == NULL || problem->level < XML_ERR_ERROR))
    return g_steal_pointer (&doc);
  set_error (error, root, problem != NULL ? (guint) MAX (problem->line, 0) : 0, as_libvirt_gives_it,
             length == 0 ? "it is empty" : "it is not well-formed XML");
  return NULL;
}

xmlDoc *
_migrate_document_parse (const char *text, gssize length, const char *root, GError **error)
{
  g_autoptr (xmlDoc) doc = NULL;
  Survey self = { .root = root, .text = text, .at = text };

  self.end = text + (length < 0 ? strnlen (text, MAX_BYTES + 1) : (gsize) length);
  if (!survey (&self, error))
    return NULL;
  doc = build (text, (gsize) (self.end - text), root, error);
  if (doc == NULL)
    return NULL;
  if (root != NULL && !_migrate_node_is (xmlDocGetRootElement (doc), root))
    {
      set_error (error, root, 0, as_libvirt_gives_it, "it is a document of another kind");
      return NULL;
    }
  return g_steal_pointer (&doc);
}

static char *
take_buffer (xmlBuffer *buffer)
{
  return g_strndup ((const char *) xmlBufferContent (buffer), (gsize) xmlBufferLength (buffer));
}

char *
_migrate_document_to_text (xmlDoc *doc)
{
  g_autoptr (xmlBuffer) buffer = xmlBufferCreate ();
  xmlSaveCtxt *save = xmlSaveToBuffer (buffer, "UTF-8", XML_SAVE_NO_DECL | XML_SAVE_AS_XML);

  xmlSaveDoc (save, doc);
  xmlSaveClose (save);
  return take_buffer (buffer);
}

char *
_migrate_node_to_text (xmlNode *node)
{
  g_autoptr (xmlBuffer) buffer = xmlBufferCreate ();
  xmlSaveCtxt *save = xmlSaveToBuffer (buffer, "UTF-8", XML_SAVE_NO_DECL | XML_SAVE_AS_XML);

  xmlSaveTree (save, node);
  xmlSaveClose (save);
  return take_buffer (buffer);
}
