/* Hostile text: refused in bounded time and memory, with a line and a remedy, and without a word of
 * what it said. */
#include "xml/document-private.h"

#include <criterion/criterion.h>
#include <string.h>
#include <sys/resource.h>

/* What takes longer than that took more than bounded time; the machine may be slow and busy. */
TestSuite (document, .timeout = 120);

/* Far below what any of these would take without bounds. */
#define MOST_MIB 512

static xmlDoc *
parse (const char *text, GError **error)
{
  return _migrate_document_parse (text, -1, "domain", error);
}

/* Takes text. */
static void
expect_refusal (char *text, gssize length, const char *what)
{
  g_autofree char *owned = text;
  g_autoptr (GError) error = NULL;
  struct rusage usage;

  cr_assert_null (_migrate_document_parse (text, length, "domain", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s",
             error != NULL ? error->message : "");
  cr_assert_not_null (strstr (error->message, what), "“%s” does not say “%s”", error->message,
                      what);
  cr_assert_not_null (_migrate_error_private (error)->remedy);
  cr_assert_null (strstr (error->message, "hidden"));
  cr_assert_eq (getrusage (RUSAGE_SELF, &usage), 0);
  cr_assert_lt (usage.ru_maxrss, MOST_MIB * 1024);
}

static char *
repeat (const char *head, const char *piece, gsize times, const char *tail)
{
  GString *text = g_string_new (head);

  for (gsize i = 0; i < times; i++)
    g_string_append (text, piece);
  g_string_append (text, tail);
  return g_string_free (text, FALSE);
}

static char *
numbered (const char *head, const char *format_head, const char *format_tail, guint times,
          const char *tail)
{
  GString *text = g_string_new (head);

  for (guint i = 0; i < times; i++)
    g_string_append_printf (text, "%s%u%s", format_head, i, format_tail);
  g_string_append (text, tail);
  return g_string_free (text, FALSE);
}

Test (document, keeps_all_that_is_in_it)
{
  static const char text[]
    = "<!-- one --><domain type='kvm'>\n  <name>a&amp;b é</name>\n"
      "  <q:x xmlns:q=\"urn:q\" q:y=\"1\"><![CDATA[<z>]]></q:x><?pi data?>\n</domain>";
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = parse (text, &error);
  g_autoptr (xmlDoc) again = NULL;
  g_autofree char *first = NULL, *second = NULL;

  cr_assert_not_null (doc, "%s", error != NULL ? error->message : "");
  first = _migrate_document_to_text (doc);
  again = parse (first, &error);
  cr_assert_not_null (again);
  second = _migrate_document_to_text (again);
  cr_assert_str_eq (first, second);
  for (gsize i = 0; i < 5; i++)
    {
      static const char *const kept[]
        = { "<!-- one -->", "\n  <name>a&amp;b é</name>\n", "<?pi data?>", "<![CDATA[<z>]]>",
            "<q:x xmlns:q=\"urn:q\" q:y=\"1\">" };

      cr_expect_not_null (strstr (first, kept[i]), "%s is not in %s", kept[i], first);
    }
}

Test (document, takes_a_byte_order_mark_and_a_declaration)
{
  static const char *const texts[]
    = { "\xef\xbb\xbf<domain/>", "<?xml version='1.0'?><domain/>",
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<domain/>",
        "<?xml version='1.0' encoding='US-ASCII' standalone='yes'?><domain/>" };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (xmlDoc) doc = parse (texts[i], &error);

      cr_expect_not_null (doc, "%s: %s", texts[i], error != NULL ? error->message : "");
    }
}

static const struct
{
  const char *text, *what;
} malformed[] = {
  { "", "it is empty" },
  { "no xml", "not well-formed XML (line 1)" },
  { "<domain", "a tag does not end (line 1)" },
  { "<domain>\n<hidden>\n</domain>", "not well-formed XML (line 3)" },
  { "<domain a='1' a='2'/>", "not well-formed" },
  { "<domain/><domain/>", "not well-formed" },
  { "<domain/>hidden", "not well-formed" },
  { "<domain>\x01</domain>", "not well-formed" },
  { "<domain>&hidden;</domain>", "not well-formed" },
  { "<domain a='&hidden;'/>", "not well-formed" },
  { "<domain>&#0;</domain>", "not well-formed" },
  { "<domain><hidden:x/></domain>", "not well-formed" },
  { "<domain a='x\n<b c='1'/>'/>", "value does not end" },
  { "<domain a=\"hidden/>", "value does not end" },
  { "<domain <b/>/>", "a tag begins within a tag" },
  { "<domain><!-- hidden </domain>", "does not end" },
  { "<domain><![CDATA[ hidden </domain>", "does not end" },
  { "<?xml version='1.0' ><domain/>", "declaration does not end" },
  { "<hidden/>", "a document of another kind" },
  { "<domain xmlns='urn:hidden'/>", "a document of another kind" },
};

Test (document, refuses_what_is_not_well_formed)
{
  for (gsize i = 0; i < G_N_ELEMENTS (malformed); i++)
    expect_refusal (g_strdup (malformed[i].text), -1, malformed[i].what);
}

Test (document, refuses_other_encodings)
{
  static const struct
  {
    const char *text;
    gssize length;
    const char *what;
  } rows[] = {
    { "<?xml version='1.0' encoding='UTF-16'?><domain/>", -1, "an encoding other than UTF-8" },
    { "<?xml version='1.0' encoding='UTF-7'?><domain/>", -1, "an encoding other than UTF-8" },
    { "<?xml version='1.0' encoding = \"iso-8859-1\"?><domain/>", -1, "other than UTF-8" },
    { "<domain>\n<name>\xe9t\xe9</name></domain>", -1, "not UTF-8 text (line 2)" },
    { "<domain>\xed\xa0\x80</domain>", -1, "not UTF-8 text" },
    { "<domain>\xc0\xbc</domain>", -1, "not UTF-8 text" },
    { "<domain>\n\n\0</domain>", 20, "not UTF-8 text (line 3)" },
    { "<domain/>\0", 10, "not UTF-8 text" },
    { "\xff\xfe<\0d\0/\0>\0", 10, "not UTF-8 text" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      gsize length = rows[i].length < 0 ? strlen (rows[i].text) : (gsize) rows[i].length;

      expect_refusal (g_memdup2 (rows[i].text, length + 1), rows[i].length, rows[i].what);
    }
}

Test (document, refuses_every_document_type)
{
  static const char *const doctypes[] = {
    "<!DOCTYPE domain>",
    "<!DOCTYPE domain SYSTEM 'http://127.0.0.1:9/hidden.dtd'>",
    "<!DOCTYPE domain [<!ENTITY hidden SYSTEM 'file:///etc/passwd'>]>",
    "<!DOCTYPE domain [<!ENTITY % hidden SYSTEM 'file:///etc/passwd'> %hidden;]>",
    "<!DOCTYPE domain [<!ATTLIST domain hidden CDATA 'x'>]>",
    "<!doctype domain>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (doctypes); i++)
    expect_refusal (g_strdup_printf ("<!-- <!DOCTYPE in a comment is none -->\n%s\n"
                                     "<domain><name>&hidden;</name></domain>",
                                     doctypes[i]),
                    -1, "a document type declaration (line 2)");
}

Test (document, refuses_entity_bombs)
{
  g_autofree char *laughs = numbered ("<!DOCTYPE domain [<!ENTITY l 'lol'>", "<!ENTITY l",
                                      " '&l;&l;&l;&l;&l;&l;&l;'>", 20, "]><domain>&l19;</domain>");
  g_autofree char *large = g_strnfill (100000, 'a');
  g_autofree char *head = g_strdup_printf ("<!DOCTYPE domain [<!ENTITY a '%s'>]><domain>", large);

  expect_refusal (g_steal_pointer (&laughs), -1, "a document type declaration (line 1)");
  expect_refusal (repeat (head, "&a;", 100000, "</domain>"), -1, "a document type declaration");
}

Test (document, refuses_50_mib_at_once)
{
  gsize length = 50 << 20;
  g_autofree char *text = g_strnfill (length, 'x');
  g_autoptr (GError) error = NULL;

  memcpy (text, "<domain>", 8);
  cr_assert_null (parse (text, &error));
  cr_assert_null (_migrate_document_parse (text, (gssize) length, "domain", NULL));
  cr_assert_not_null (strstr (error->message, "larger than 4 MiB"));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}

Test (document, takes_what_libvirt_may_write)
{
  g_autofree char *open = repeat ("<domain>", "<backingStore>", 205, "");
  g_autofree char *deep = repeat (open, "</backingStore>", 205, "</domain>");
  g_autofree char *wide
    = numbered ("<domain>", "<cpu id='", "' socket_id='0' die_id='0' core_id='0' siblings='0'/>\n",
                16000, "</domain>");
  g_autofree char *padding = g_strnfill (100000, 'a');
  g_autofree char *argument = g_strdup_printf ("<domain a='%s'/>", padding);
  const char *const texts[] = { deep, wide, argument };

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (xmlDoc) doc = parse (texts[i], &error);

      cr_expect_not_null (doc, "%s", error != NULL ? error->message : "");
    }
}

/* Each is what libxml2 alone would take memory or quadratic time for. */
Test (document, refuses_more_than_libvirt_would_write)
{
  expect_refusal (repeat ("<domain>\n", "<a>", 100000, ""), -1, "nested too deeply (line 2)");
  expect_refusal (repeat ("<domain>", "<a/>", 500000, "</domain>"), -1, "too many elements");
  expect_refusal (repeat ("<domain>", "<?a?>", 500000, "</domain>"), -1, "too many elements");
  expect_refusal (repeat ("<domain>", "<!---->", 500000, "</domain>"), -1, "too many elements");
  expect_refusal (numbered ("<domain ", " a", "='1'", 200000, "/>"), -1, "too many attributes");
  expect_refusal (numbered ("<domain>", "<a xmlns:b", "='u'/>", 300, "</domain>"), -1,
                  "too many namespaces");
  expect_refusal (repeat ("<domain a='", "hidden", 30000, "'/>"), -1, "value is too long");
  expect_refusal (repeat ("<domain a='", "&amp;", 30000, "'/>"), -1, "value is too long");
}

/* Up to the bounds it is the bounds that keep it fast. */
Test (document, takes_little_time_for_the_worst_it_accepts)
{
  g_autofree char *namespaces
    = numbered ("<domain xmlns:x='urn:x'", " xmlns:a", "='urn:y'", 250, ">");
  g_autofree char *scoped = repeat (namespaces, "<x:a/>", 190000, "</domain>");
  g_autofree char *attributes = numbered ("<a ", " a", "='1'", 250, "/>");
  g_autofree char *many = repeat ("<domain>", attributes, 750, "</domain>");
  g_autofree char *references = repeat ("<domain>", "&amp;", 800000, "</domain>");
  g_autofree char *characters = repeat ("<domain>", "&#x10ffff;", 400000, "</domain>");
  const char *const texts[] = { scoped, many, references, characters };
  struct rusage usage;

  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (xmlDoc) doc = parse (texts[i], &error);

      cr_expect_not_null (doc, "%s", error != NULL ? error->message : "");
    }
  cr_assert_eq (getrusage (RUSAGE_SELF, &usage), 0);
  cr_assert_lt (usage.ru_maxrss, MOST_MIB * 1024);
}

/* ---- nodes ---- */

static xmlNode *
root_of (xmlDoc *doc)
{
  cr_assert_not_null (doc);
  return xmlDocGetRootElement (doc);
}

Test (document, finds_by_name_without_namespace)
{
  g_autoptr (xmlDoc) doc = parse ("<domain xmlns:q='urn:q'><q:os/><os><type q:arch='no' arch='yes'>"
                                  " hvm<!-- no --> </type><type/></os><os/></domain>",
                                  NULL);
  g_autofree char *text = _migrate_node_text_at (root_of (doc), "os/type");
  g_autofree char *arch = _migrate_node_dup_at (root_of (doc), "os/type", "arch");
  const xmlNode *os = _migrate_node_child (root_of (doc), "os");
  g_autoptr (GError) error = NULL;

  cr_assert_str_eq (text, "hvm");
  cr_assert_str_eq (arch, "yes");
  cr_assert_not_null (_migrate_node_next (_migrate_node_child (os, "type"), "type"));
  cr_assert_null (_migrate_node_at (os, "type/type"));
  cr_assert_null (_migrate_node_text (NULL));
  cr_assert_eq (_migrate_node_only_child (root_of (doc), "os", &error), os);
  cr_assert_str_eq (error->message,
                    "Cannot read the <domain> document: there is a second <os> (line 1)");
}

static const struct
{
  const char *xml;
  guint64 bytes, kib;
  gboolean valid;
} sizes[] = {
  { "<m>8</m>", 8192, 8, TRUE },
  { "<m unit='b'>1025</m>", 1025, 2, TRUE },
  { "<m unit='bytes'>0</m>", 0, 0, TRUE },
  { "<m unit='KB'>2</m>", 2000, 2, TRUE },
  { "<m unit='k'>2</m>", 2048, 2, TRUE },
  { "<m unit='MiB'> 3\n</m>", 3 << 20, 3 << 10, TRUE },
  { "<m unit='G'>1</m>", 1 << 30, 1 << 20, TRUE },
  { "<m unit='TB'>1</m>", 1000000000000, 976562500, TRUE },
  { "<m unit='EiB'>15</m>", G_GUINT64_CONSTANT (15) << 60, G_GUINT64_CONSTANT (15) << 50, TRUE },
  { "<m/>", 0, 0, TRUE },
  { "<m unit='EiB'>16</m>", 0, 0, FALSE },
  { "<m unit='furlong'>1</m>", 0, 0, FALSE },
  { "<m>18446744073709551616</m>", 0, 0, FALSE },
  { "<m>-1</m>", 0, 0, FALSE },
  { "<m>1 hidden</m>", 0, 0, FALSE },
};

Test (document, reads_sizes_in_their_units)
{
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (xmlDoc) doc = _migrate_document_parse (sizes[i].xml, -1, "m", &error);
      xmlNode *node = root_of (doc);

      cr_expect_eq (_migrate_node_bytes (node, "KiB", &error), sizes[i].bytes, "%s", sizes[i].xml);
      cr_expect_eq (_migrate_node_kib (node, "KiB", &error), sizes[i].kib, "%s", sizes[i].xml);
      cr_expect_eq (error == NULL, sizes[i].valid, "%s", sizes[i].xml);
      if (error != NULL)
        cr_expect_str_eq (error->message, "Cannot read the <m> document: <m> is not a number in "
                                          "its range (line 1)");
    }
}

Test (document, keeps_the_first_of_several_errors)
{
  g_autoptr (xmlDoc) doc = parse ("<domain a='0x1f' b='x' c='4294967296'/>", NULL);
  g_autoptr (GError) error = NULL;

  cr_assert_eq (_migrate_node_uint32 (root_of (doc), "a", &error), 31);
  cr_assert_eq (_migrate_node_uint32 (root_of (doc), "none", &error), 0);
  cr_assert_null (error);
  cr_assert_eq (_migrate_node_uint32 (root_of (doc), "c", &error), 0);
  cr_assert_eq (_migrate_node_uint (root_of (doc), "b", &error), 0);
  cr_assert_not_null (strstr (error->message, "“c” of <domain>"));
}
