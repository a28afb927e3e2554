/* The rewriting and the comparison, on any document, with any mapping: the input is a key file, a
 * line of "=" characters, and a document. What is written is well-formed and the same when nothing
 * is said; with a mapping the guest sees no other document, and doing it twice does not fail. */
#include "fuzz.h"
#include "xml/compare-private.h"
#include "xml/document-private.h"
#include "xml/rewrite-private.h"

#include <string.h>

#define SEPARATOR "\n====\n"

/* A mapping out of text, group by group as a file has it, leaving out what is not valid: the file
 * itself would be refused as a whole. */
static MigrateMapping *
read_mapping (const char *text)
{
  MigrateMapping *mapping = migrate_mapping_new ();
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_autoptr (GError) error = NULL;
      gboolean good = migrate_mapping_set_from_string (mapping, lines[i], &error);

      fuzz_check_answer (good ? mapping : NULL, &error);
    }
  return mapping;
}

/* Through the journal and back nothing changes. */
static void
check_mapping (MigrateMapping *mapping)
{
  g_autoptr (GVariant) value = g_variant_ref_sink (_migrate_mapping_to_variant (mapping));
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateMapping) again = _migrate_mapping_from_variant (value, &error);
  g_autoptr (GVariant) other = NULL;

  fuzz_must (again != NULL);
  other = g_variant_ref_sink (_migrate_mapping_to_variant (again));
  fuzz_must (g_variant_equal (value, other));
}

static char *
normal_form (const char *xml)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "domain", &error);

  fuzz_check_answer (doc, &error);
  return doc != NULL ? _migrate_document_to_text (doc) : NULL;
}

static MigrateRewritten *
rewrite (const char *xml, MigrateMapping *mapping)
{
  const MigrateRewrite how = { .mapping = mapping };
  g_autoptr (GError) error = NULL;
  MigrateRewritten *result = _migrate_xml_rewrite (xml, &how, &error);

  fuzz_check_answer (result, &error);
  return result;
}

/* The light tree accepts what libxml2's own does, and writes what that would. */
static gboolean
check_nothing_said (const char *xml)
{
  g_autofree char *before = normal_form (xml), *after = NULL;
  g_autoptr (MigrateRewritten) result = rewrite (xml, NULL /* mapping */);

  fuzz_must ((before != NULL) == (result != NULL));
  if (result == NULL)
    return FALSE;
  fuzz_must (result->changes->len == 0 && result->holes[0] == NULL && result->unused[0] == NULL);
  after = normal_form (result->xml);
  fuzz_must (after != NULL && strcmp (before, after) == 0);
  return TRUE;
}

static void
check_mapped (const char *xml, MigrateMapping *mapping)
{
  g_autoptr (MigrateRewritten) once = rewrite (xml, mapping), twice = NULL;
  g_autofree char *form = NULL;
  g_autoptr (GPtrArray) differences = NULL;
  g_autoptr (GError) error = NULL;

  fuzz_must (once != NULL);
  /* It may have grown beyond the bounds; else it is a document. */
  if (strlen (once->xml) > strlen (xml) + 100000)
    return;
  form = normal_form (once->xml);
  fuzz_must (form != NULL);
  differences = _migrate_xml_compare (xml, once->xml, &error);
  fuzz_must (differences != NULL && differences->len == 0);
  twice = rewrite (once->xml, mapping);
  fuzz_must (twice != NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  char *separator = strstr (text, SEPARATOR);
  const char *xml = separator != NULL ? separator + strlen (SEPARATOR) : text;
  g_autoptr (MigrateMapping) mapping = NULL;

  if (separator != NULL)
    *separator = '\0';
  mapping = read_mapping (separator != NULL ? text : "");
  check_mapping (mapping);
  if (check_nothing_said (xml))
    check_mapped (xml, mapping);
  return 0;
}
