#include "xmltest.h"

#include <criterion/criterion.h>
#include <libxml/c14n.h>
#include <libxml/parser.h>
#include <libxml/xpath.h>
#include <string.h>

char *
xmltest_read (const char *folder, const char *name, const char *suffix)
{
  g_autofree char *path = g_strdup_printf ("%s/%s%s", folder, name, suffix);
  g_autoptr (GError) error = NULL;
  char *text = NULL;

  cr_assert (g_file_get_contents (path, &text, NULL /* length */, &error), "%s",
             error != NULL ? error->message : "");
  return text;
}

static xmlDoc *
read_doc (const char *xml)
{
  return xmlReadMemory (xml, (int) strlen (xml), NULL /* url */, NULL /* encoding */,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

char *
xmltest_canonical (const char *xml)
{
  xmlDoc *doc = read_doc (xml);
  xmlChar *text = NULL;
  char *copy = NULL;

  if (doc != NULL
      && xmlC14NDocDumpMemory (doc, NULL /* nodes */, XML_C14N_1_0, NULL /* prefixes */,
                               TRUE /* comments */, &text)
           >= 0)
    copy = g_strdup ((const char *) text);
  xmlFree (text);
  xmlFreeDoc (doc);
  return copy;
}

void
xmltest_assert_same (const char *first, const char *second)
{
  g_autofree char *one = xmltest_canonical (first), *other = xmltest_canonical (second);

  cr_assert_not_null (one);
  cr_assert_not_null (other);
  cr_assert_str_eq (one, other);
}

void
xmltest_assert_value (const char *xml, const char *path, const char *expected)
{
  xmlDoc *doc = read_doc (xml);
  xmlXPathContext *context = doc != NULL ? xmlXPathNewContext (doc) : NULL;
  xmlXPathObject *found
    = context != NULL ? xmlXPathEvalExpression ((const xmlChar *) path, context) : NULL;
  xmlChar *text = found != NULL ? xmlXPathCastToString (found) : NULL;

  cr_assert_not_null (text);
  cr_assert_str_eq ((const char *) text, expected);
  xmlFree (text);
  xmlXPathFreeObject (found);
  xmlXPathFreeContext (context);
  xmlFreeDoc (doc);
}
