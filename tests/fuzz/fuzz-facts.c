/* Facts as anybody may have written them into a file, read, checked, and asked about other names:
 * an error with a remedy or a report, and what is written again is read as the same. */
#include "fuzz.h"

int
LLVMFuzzerTestOneInput (const uint8_t *data, size_t size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateFacts) facts = migrate_facts_new_from_bytes (bytes, &error);
  g_autoptr (MigrateFacts) again = NULL;
  g_autoptr (MigrateFacts) unmapped = NULL;
  g_autoptr (GError) refused = NULL;
  g_autoptr (GBytes) first = NULL;
  g_autoptr (GBytes) second = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autoptr (GEnumClass) kinds = g_type_class_ref (MIGRATE_TYPE_KIND);

  fuzz_check_answer (facts, &error);
  if (facts == NULL)
    return 0;
  for (guint i = 0; i < kinds->n_values; i++)
    {
      g_autoptr (MigrateReport) report
        = migrate_facts_check (facts, NULL /* policy */, (MigrateKind) kinds->values[i].value);

      fuzz_must (report != NULL);
    }
  unmapped = migrate_facts_map (facts, NULL /* mapping */, NULL /* profile */, &refused);
  fuzz_check_answer (unmapped, &refused);
  details = migrate_facts_dup_details (facts);
  fuzz_must (details != NULL);
  first = migrate_facts_to_bytes (facts);
  again = migrate_facts_new_from_bytes (first, &error);
  fuzz_must (again != NULL);
  second = migrate_facts_to_bytes (again);
  fuzz_must (g_bytes_equal (first, second));
  return 0;
}
