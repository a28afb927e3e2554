/* All readers of libvirt's documents, and what takes secrets out of them, on any bytes. What must
 * hold for each of them is asserted, so that libFuzzer finds what breaks it. */
#include "fuzz.h"
#include "xml/document-private.h"
#include "xml/redact-private.h"
#include "xml/xml-private.h"

#include <string.h>

static void
check_guest (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateGuest) guest = _migrate_guest_parse (text, &error);

  fuzz_check_answer (guest, &error);
  if (guest == NULL)
    return;
  fuzz_must (*guest->name != '\0' && g_uuid_string_is_valid (guest->uuid) && guest->type != NULL);
  fuzz_must (guest->cpu_features != NULL && guest->perf_events != NULL);
  for (guint i = 0; i < guest->disks->len; i++)
    {
      const MigrateDisk *disk = guest->disks->pdata[i];

      fuzz_must (disk->target != NULL && disk->type != NULL && disk->device != NULL);
      fuzz_must (!_migrate_disk_is_file (disk) || disk->source != NULL);
    }
  for (guint i = 0; i < guest->pins->len; i++)
    {
      g_autofree char *missing = NULL;
      gboolean contained
        = _migrate_cpu_set_contains (guest->cpu_set, guest->pins->pdata[i], &missing);

      fuzz_must (contained == (missing == NULL));
    }
}

#define CHECK_READER(reader, free)                                                                 \
  {                                                                                                \
    g_autoptr (GError) error = NULL;                                                               \
    __typeof__ (reader (text, &error)) answer = reader (text, &error);                             \
                                                                                                   \
    fuzz_check_answer (answer, &error);                                                            \
    if (answer != NULL)                                                                            \
      free (answer);                                                                               \
  }

static void
check_hosts (const char *text)
{
  CHECK_READER (_migrate_capabilities_parse, _migrate_capabilities_free)
  CHECK_READER (_migrate_domain_capabilities_parse, _migrate_domain_capabilities_free)
  CHECK_READER (_migrate_network_parse, _migrate_network_free)
  CHECK_READER (_migrate_pool_parse, _migrate_pool_free)
  CHECK_READER (_migrate_volume_parse, _migrate_volume_free)
}

/* What is written is read again as the same. */
static void
check_document (const char *text, gsize length)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (xmlDoc) doc = _migrate_document_parse (text, (gssize) length, NULL, &error);
  g_autoptr (xmlDoc) again = NULL;
  g_autofree char *first = NULL, *second = NULL;

  fuzz_check_answer (doc, &error);
  if (doc == NULL)
    return;
  first = _migrate_document_to_text (doc);
  again = _migrate_document_parse (first, -1, NULL, &error);
  fuzz_must (again != NULL);
  second = _migrate_document_to_text (again);
  fuzz_must (strcmp (first, second) == 0);
}

static void
check_secrets (const char *text)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *once = _migrate_xml_strip_secrets (text, &error);
  g_autofree char *twice = NULL;

  fuzz_check_answer (once, &error);
  if (once == NULL)
    return;
  twice = _migrate_xml_strip_secrets (once, &error);
  fuzz_must (twice != NULL && strcmp (once, twice) == 0);
}

static void
check_text (const char *text, MigrateTextKind kind)
{
  g_autofree char *once = _migrate_redact (text, kind);
  g_autofree char *twice = once != NULL ? _migrate_redact (once, kind) : NULL;

  fuzz_must (twice == NULL);
}

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);

  check_document ((const char *) data, size);
  check_guest (text);
  check_hosts (text);
  check_secrets (text);
  check_text (text, MIGRATE_TEXT_ANY);
  check_text (text, MIGRATE_TEXT_ARGUMENT);
  return 0;
}
