/* From text to a light tree: libxml2's parser tells what it finds, one thing after the other. */
#include "xml/document-private.h"
#include "xml/tree-private.h"

#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <string.h>

G_DEFINE_AUTOPTR_CLEANUP_FUNC (xmlParserCtxt, xmlFreeParserCtxt)

#define BLOCK (16 * 1024)

struct _MigrateTree
{
  xmlParserCtxt *context; /* has the names of elements and attributes */
  GPtrArray *blocks;
  char *at;
  gsize left;
  MigrateNode *document, *open;
  gsize n_bytes; /* of the text that it was */
};

/* ---- memory: taken in blocks, given back at once ---- */

static gpointer
take (MigrateTree *self, gsize size)
{
  char *taken;

  size = (size + 7) & ~(gsize) 7;
  if (size > self->left)
    {
      self->left = MAX (size, BLOCK);
      self->at = g_malloc (self->left);
      g_ptr_array_add (self->blocks, self->at);
    }
  taken = self->at;
  self->at += size;
  self->left -= size;
  return taken;
}

static char *
take_text (MigrateTree *self, const char *text, gsize length)
{
  char *copy = take (self, length + 1);

  memcpy (copy, text, length);
  copy[length] = '\0';
  return copy;
}

static MigrateNode *
take_node (MigrateTree *self, MigrateNodeKind kind, const char *name)
{
  MigrateNode *node = take (self, sizeof *node);

  memset (node, 0, sizeof *node);
  node->kind = kind;
  node->name = name;
  node->tree = self;
  return node;
}

static void
append (MigrateNode *parent, MigrateNode *node)
{
  node->parent = parent;
  node->prev = parent->last;
  if (parent->last != NULL)
    parent->last->next = node;
  else
    parent->first = node;
  parent->last = node;
}

/* ---- what the parser tells ---- */

static void
add_text (MigrateTree *self, MigrateNodeKind kind, const char *text, gsize length)
{
  MigrateNode *node = take_node (self, kind, NULL /* name */);

  node->text = take_text (self, text, length);
  append (self->open, node);
}

/* In a value libxml2 has resolved all references but that to "&", which it gives as "&#38;". */
static const char *
take_value (MigrateTree *self, const char *value, gsize length)
{
  char *copy = take_text (self, value, length), *to;

  if (memchr (copy, '&', length) == NULL)
    return copy;
  to = copy;
  for (const char *from = copy; *from != '\0';)
    {
      gboolean is_reference = strncmp (from, "&#38;", 5) == 0;

      *to++ = *from;
      from += is_reference ? 5 : 1;
    }
  *to = '\0';
  return copy;
}

static MigrateAttribute **
add_attribute (MigrateTree *self, MigrateAttribute **end, const xmlChar *name,
               const xmlChar *prefix, const char *value)
{
  MigrateAttribute *attribute = take (self, sizeof *attribute);

  *attribute = (MigrateAttribute){ (const char *) name, (const char *) prefix, value, NULL };
  *end = attribute;
  return &attribute->next;
}

static void
on_start (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri,
          int n_namespaces, const xmlChar **namespaces, int n_attributes, int n_defaulted,
          const xmlChar **attributes)
{
  MigrateTree *self = data;
  MigrateNode *node = take_node (self, MIGRATE_NODE_ELEMENT, (const char *) name);
  MigrateAttribute **end = &node->namespaces;

  node->prefix = (const char *) prefix;
  node->uri = (const char *) uri;
  /* Names are the context's; an attribute's value lies in the text that was read. */
  for (int i = 0; i < n_namespaces; i++)
    {
      const char *declared = (const char *) namespaces[2 * i + 1];

      declared = declared != NULL ? declared : "";
      end = add_attribute (self, end, namespaces[2 * i], NULL /* prefix */,
                           take_value (self, declared, strlen (declared)));
    }
  end = &node->attributes;
  for (int i = 0; i < n_attributes; i++)
    {
      const xmlChar **a = attributes + 5 * i;

      end = add_attribute (self, end, a[0], a[1],
                           take_value (self, (const char *) a[3], (gsize) (a[4] - a[3])));
    }
  append (self->open, node);
  self->open = node;
}

static void
on_end (void *data, const xmlChar *name, const xmlChar *prefix, const xmlChar *uri)
{
  MigrateTree *self = data;

  self->open = self->open->parent;
}

static void
on_text (void *data, const xmlChar *text, int length)
{
  add_text (data, MIGRATE_NODE_TEXT, (const char *) text, (gsize) length);
}

static void
on_cdata (void *data, const xmlChar *text, int length)
{
  add_text (data, MIGRATE_NODE_CDATA, (const char *) text, (gsize) length);
}

static void
on_comment (void *data, const xmlChar *text)
{
  add_text (data, MIGRATE_NODE_COMMENT, (const char *) text, strlen ((const char *) text));
}

static void
on_instruction (void *data, const xmlChar *target, const xmlChar *text)
{
  MigrateTree *self = data;
  const char *content = text != NULL ? (const char *) text : "";

  add_text (self, MIGRATE_NODE_INSTRUCTION, content, strlen (content));
  self->open->last->name = (const char *) target;
}

/* The first error ends it, as for the other tree. */
static void
on_problem (void *data, const xmlError *problem)
{
  MigrateTree *self = data;

  if (problem->level >= XML_ERR_ERROR)
    xmlStopParser (self->context);
}

static void
tell (xmlSAXHandler *sax)
{
  memset (sax, 0, sizeof *sax);
  sax->initialized = XML_SAX2_MAGIC;
  sax->startElementNs = on_start;
  sax->endElementNs = on_end;
  sax->characters = on_text;
  sax->ignorableWhitespace = on_text;
  sax->cdataBlock = on_cdata;
  sax->comment = on_comment;
  sax->processingInstruction = on_instruction;
  /* The error is const from libxml2 2.12 on. */
  sax->serror = (xmlStructuredErrorFunc) on_problem;
}

static MigrateTree *
tree_new (void)
{
  MigrateTree *self = g_new0 (MigrateTree, 1);

  self->blocks = g_ptr_array_new_with_free_func (g_free);
  self->document = self->open = take_node (self, MIGRATE_NODE_DOCUMENT, NULL /* name */);
  return self;
}

void
_migrate_tree_free (MigrateTree *self)
{
  g_ptr_array_unref (self->blocks);
  g_clear_pointer (&self->context, xmlFreeParserCtxt);
  g_free (self);
}

MigrateTree *
_migrate_tree_parse (const char *text, const char *root, GError **error)
{
  g_autoptr (MigrateTree) self = NULL;
  const xmlError *problem;
  gsize length;

  if (!_migrate_document_survey (text, -1, root, &length, error))
    return NULL;
  self = tree_new ();
  self->context = xmlNewParserCtxt ();
  if (self->context == NULL)
    {
      _migrate_document_error (error, root, 0, NULL /* remedy */, "there is no memory for it");
      return NULL;
    }
  self->n_bytes = length;
  tell (self->context->sax);
  self->context->userData = self;
  xmlFreeDoc (xmlCtxtReadMemory (self->context, text, (int) length, NULL /* url */,
                                 NULL /* encoding */, MIGRATE_DOCUMENT_OPTIONS));
  problem = xmlCtxtGetLastError (self->context);
  if (_migrate_tree_root (self) == NULL || !self->context->wellFormed
      || (problem != NULL && problem->level >= XML_ERR_ERROR))
    {
      _migrate_document_not_well_formed (error, root, problem != NULL ? problem->line : 0, length);
      return NULL;
    }
  if (!_migrate_tree_is (_migrate_tree_root (self), root))
    {
      _migrate_document_other_kind (error, root);
      return NULL;
    }
  return g_steal_pointer (&self);
}

MigrateNode *
_migrate_tree_root (MigrateTree *self)
{
  for (MigrateNode *node = self->document->first; node != NULL; node = node->next)
    if (node->kind == MIGRATE_NODE_ELEMENT)
      return node;
  return NULL;
}

/* ---- writing ---- */

static const char *
reference_to (char character, gboolean in_value)
{
  switch (character)
    {
    case '&':
      return "&amp;";
    case '<':
      return "&lt;";
    case '>':
      return "&gt;";
    case '\r':
      return "&#13;";
    case '"':
      return in_value ? "&quot;" : NULL;
    case '\n':
      return in_value ? "&#10;" : NULL;
    case '\t':
      return in_value ? "&#9;" : NULL;
    default:
      return NULL;
    }
}

static void
write_escaped (GString *out, const char *text, gboolean in_value)
{
  const char *start = text;

  for (; *text != '\0'; text++)
    {
      /* Beyond ">" there is nothing to escape. */
      const char *reference = *text <= '>' ? reference_to (*text, in_value) : NULL;

      if (reference == NULL)
        continue;
      g_string_append_len (out, start, text - start);
      g_string_append (out, reference);
      start = text + 1;
    }
  g_string_append_len (out, start, text - start);
}

static void
write_name (GString *out, const char *prefix, const char *name)
{
  if (prefix != NULL)
    {
      g_string_append (out, prefix);
      g_string_append_c (out, ':');
    }
  g_string_append (out, name);
}

static void
write_attributes (GString *out, const MigrateNode *node)
{
  for (const MigrateAttribute *a = node->namespaces; a != NULL; a = a->next)
    {
      g_string_append (out, a->name != NULL ? " xmlns:" : " xmlns");
      g_string_append (out, a->name != NULL ? a->name : "");
      g_string_append (out, "=\"");
      write_escaped (out, a->value, TRUE /* in_value */);
      g_string_append_c (out, '"');
    }
  for (const MigrateAttribute *a = node->attributes; a != NULL; a = a->next)
    {
      g_string_append_c (out, ' ');
      write_name (out, a->prefix, a->name);
      g_string_append (out, "=\"");
      write_escaped (out, a->value, TRUE /* in_value */);
      g_string_append_c (out, '"');
    }
}

static void write_node (GString *out, const MigrateNode *node);

static void
write_element (GString *out, const MigrateNode *node)
{
  g_string_append_c (out, '<');
  write_name (out, node->prefix, node->name);
  write_attributes (out, node);
  if (node->first == NULL)
    {
      g_string_append (out, "/>");
      return;
    }
  g_string_append_c (out, '>');
  for (const MigrateNode *c = node->first; c != NULL; c = c->next)
    write_node (out, c);
  g_string_append (out, "</");
  write_name (out, node->prefix, node->name);
  g_string_append_c (out, '>');
}

static void
write_node (GString *out, const MigrateNode *node)
{
  switch (node->kind)
    {
    case MIGRATE_NODE_ELEMENT:
      write_element (out, node);
      break;
    case MIGRATE_NODE_TEXT:
      write_escaped (out, node->text, FALSE /* in_value */);
      break;
    case MIGRATE_NODE_CDATA:
      g_string_append_printf (out, "<![CDATA[%s]]>", node->text);
      break;
    case MIGRATE_NODE_COMMENT:
      g_string_append_printf (out, "<!--%s-->", node->text);
      break;
    case MIGRATE_NODE_INSTRUCTION:
      g_string_append_printf (out, "<?%s%s%s?>", node->name, *node->text != '\0' ? " " : "",
                              node->text);
      break;
    case MIGRATE_NODE_DOCUMENT:
      break;
    }
}

char *
_migrate_tree_to_text (MigrateTree *self)
{
  GString *out = g_string_sized_new (self->n_bytes + self->n_bytes / 8);

  for (const MigrateNode *c = self->document->first; c != NULL; c = c->next)
    {
      write_node (out, c);
      g_string_append_c (out, '\n');
    }
  return g_string_free (out, FALSE);
}

/* ---- changing ---- */

void
_migrate_tree_set (MigrateNode *node, const char *attribute, const char *value)
{
  MigrateAttribute **a = &node->attributes;

  while (*a != NULL && ((*a)->prefix != NULL || strcmp ((*a)->name, attribute) != 0))
    a = &(*a)->next;
  if (value == NULL)
    {
      if (*a != NULL)
        *a = (*a)->next;
      return;
    }
  if (*a == NULL)
    add_attribute (node->tree, a, (const xmlChar *) attribute, NULL /* prefix */, NULL);
  (*a)->value = take_text (node->tree, value, strlen (value));
}

void
_migrate_tree_set_text (MigrateNode *node, const char *value)
{
  MigrateNode *next, *text;

  for (MigrateNode *c = node->first; c != NULL; c = next)
    {
      next = c->next;
      if (c->kind == MIGRATE_NODE_TEXT || c->kind == MIGRATE_NODE_CDATA)
        _migrate_tree_remove (c);
    }
  text = take_node (node->tree, MIGRATE_NODE_TEXT, NULL /* name */);
  text->text = take_text (node->tree, value, strlen (value));
  append (node, text);
}

/* name is not copied: it is one of ours. */
MigrateNode *
_migrate_tree_add_child (MigrateNode *parent, const char *name)
{
  MigrateNode *node = take_node (parent->tree, MIGRATE_NODE_ELEMENT, name);

  append (parent, node);
  return node;
}

MigrateNode *
_migrate_tree_add_foreign (MigrateNode *parent, const char *name, const char *prefix,
                           const char *uri)
{
  MigrateNode *node = _migrate_tree_add_child (parent, name);

  node->prefix = prefix;
  node->uri = uri;
  add_attribute (parent->tree, &node->namespaces, (const xmlChar *) prefix, NULL /* prefix */, uri);
  return node;
}

MigrateNode *
_migrate_tree_add_after (MigrateNode *sibling, const char *name)
{
  MigrateNode *node = take_node (sibling->tree, MIGRATE_NODE_ELEMENT, name);

  node->parent = sibling->parent;
  node->prev = sibling;
  node->next = sibling->next;
  if (sibling->next != NULL)
    sibling->next->prev = node;
  else
    sibling->parent->last = node;
  sibling->next = node;
  return node;
}

void
_migrate_tree_remove (MigrateNode *node)
{
  MigrateNode *parent = node->parent;

  if (node->prev != NULL)
    node->prev->next = node->next;
  else
    parent->first = node->next;
  if (node->next != NULL)
    node->next->prev = node->prev;
  else
    parent->last = node->prev;
  node->parent = node->prev = node->next = NULL;
}

void
_migrate_tree_empty (MigrateNode *node)
{
  node->attributes = NULL;
  node->first = node->last = NULL;
}

/* ---- asking ---- */

gboolean
_migrate_tree_is (const MigrateNode *node, const char *name)
{
  return node != NULL && node->kind == MIGRATE_NODE_ELEMENT && node->uri == NULL
         && (name == NULL || strcmp (node->name, name) == 0);
}

static MigrateNode *
first_of (MigrateNode *node, const char *name)
{
  while (node != NULL && !_migrate_tree_is (node, name))
    node = node->next;
  return node;
}

MigrateNode *
_migrate_tree_child (const MigrateNode *node, const char *name)
{
  return node != NULL ? first_of (node->first, name) : NULL;
}

MigrateNode *
_migrate_tree_next (const MigrateNode *node, const char *name)
{
  return node != NULL ? first_of (node->next, name) : NULL;
}

const char *
_migrate_tree_peek (const MigrateNode *node, const char *attribute)
{
  for (const MigrateAttribute *a = node != NULL ? node->attributes : NULL; a != NULL; a = a->next)
    if (a->prefix == NULL && strcmp (a->name, attribute) == 0)
      return a->value;
  return NULL;
}

gboolean
_migrate_tree_has (const MigrateNode *node, const char *attribute, const char *value)
{
  return g_strcmp0 (_migrate_tree_peek (node, attribute), value) == 0;
}

char *
_migrate_tree_dup (const MigrateNode *node, const char *attribute)
{
  const char *value = _migrate_tree_peek (node, attribute);

  return value != NULL && *value != '\0' ? g_strdup (value) : NULL;
}

char *
_migrate_tree_text (const MigrateNode *node)
{
  g_autoptr (GString) text = NULL;

  for (const MigrateNode *c = node != NULL ? node->first : NULL; c != NULL; c = c->next)
    if (c->kind == MIGRATE_NODE_TEXT || c->kind == MIGRATE_NODE_CDATA)
      {
        if (text == NULL)
          text = g_string_new (NULL);
        g_string_append (text, c->text);
      }
  if (text == NULL || *g_strstrip (text->str) == '\0')
    return NULL;
  return g_strdup (text->str);
}
