/* Facts asked about a move that nobody checked: with other names, and under another policy. What
 * they do not tell is not made up. */
#include "factstest.h"

#include "migrate/forecast-private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (facts_map, .timeout = 60);

static GVariant *
parse (const char *text)
{
  GError *error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  cr_assert_not_null (value, "%s", error != NULL ? error->message : "");
  return value;
}

static MigrateMapping *
mapping_of (const char *line)
{
  g_autoptr (GError) error = NULL;
  MigrateMapping *mapping = migrate_mapping_new ();

  if (*line != '\0')
    cr_assert (migrate_mapping_set_from_string (mapping, line, &error), "%s",
               error != NULL ? error->message : "");
  return mapping;
}

/* Guest “g”, whose disk was proven to be shared. */
static MigrateFacts *
facts_new (void)
{
  GVariant *snapshot = facts_test_snapshot (NULL);

  return facts_test_read (facts_test_with (
    snapshot, "probed",
    parse ("[{'target': <'vda'>, 'path': <'/srv/images/g.qcow2'>, 'backing': <false>, "
           "'sharing': <'shared'>, 'why': <'it was read there'>}]")));
}

static gboolean
finds (MigrateFacts *facts, const char *code)
{
  g_autoptr (MigrateReport) report = migrate_facts_check (facts, NULL, MIGRATE_KIND_AUTO);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_equal (migrate_finding_get_code (finding), code))
        return TRUE;
    }
  return FALSE;
}

/* ---- other names ---- */

static const struct
{
  const char *line;
  const char *unasked; /* what the error names; NULL: the facts tell of it */
  gboolean proven;     /* that the disk is shared */
} names[] = {
  { "", NULL, TRUE },
  { "listen:10.0.0.1=10.0.0.2", NULL, TRUE },
  { "interface:52:54:00:00:00:01=target=tap7", NULL, TRUE },
  { "network:default=default", NULL, TRUE },
  { "network:default=red", "networks “red”", FALSE },
  { "interface:52:54:00:00:00:01=bridge=br1", "bridges", FALSE },
  { "emulator:/usr/bin/qemu-system-x86_64=/opt/qemu", "domain", FALSE },
  { "disk:vda=/srv/images/other.qcow2", "files “/srv/images/other.qcow2”", FALSE },
  { "disk:vda=?", NULL, FALSE },
  { "path:/srv/images=?", NULL, FALSE },
};

Test (facts_map, tells_of_what_was_asked_alone)
{
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (MigrateFacts) facts = facts_new ();
      g_autoptr (MigrateMapping) mapping = mapping_of (names[i].line);
      g_autoptr (GError) error = NULL;
      g_autoptr (MigrateFacts) mapped
        = migrate_facts_map (facts, mapping, NULL /* profile */, &error);
      g_autoptr (GError) other_error = NULL;
      g_autoptr (MigrateFacts) by_profile
        = migrate_facts_map (facts, NULL /* mapping */, mapping, &other_error);

      cr_assert_eq (mapped == NULL, by_profile == NULL, "%s", names[i].line);
      cr_assert_eq (mapped == NULL, names[i].unasked != NULL, "%s: %s", names[i].line,
                    error != NULL ? error->message : "was taken");
      if (mapped != NULL)
        {
          cr_assert_eq (finds (mapped, "disk-sharing-unproven"), !names[i].proven, "%s",
                        names[i].line);
          continue;
        }
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
      cr_assert_not_null (strstr (error->message, names[i].unasked), "%s", error->message);
    }
}

/* And without a mapping, what the destination was asked with one. */
Test (facts_map, tells_of_nothing_that_was_asked_otherwise)
{
  GVariant *snapshot = facts_test_with (facts_test_snapshot (NULL), "request/mapping",
                                        parse ("{'network:default': <{'network': <'red'>}>}"));
  g_autoptr (MigrateFacts) facts = facts_test_read (snapshot);
  g_autoptr (MigrateMapping) own = migrate_facts_dup_mapping (facts);
  g_autoptr (MigrateFacts) same = migrate_facts_map (facts, own, NULL, NULL);
  g_autoptr (GError) error = NULL;

  cr_assert_not_null (same);
  cr_assert_null (migrate_facts_map (facts, NULL, NULL, &error));
  cr_assert_not_null (strstr (error->message, "networks “default”"), "%s", error->message);
}

/* Of many names a few are told, each of bounded length. */
Test (facts_map, names_few_of_what_was_not_asked)
{
  GString *document = g_string_new ("<domain type='kvm'><name>g</name>"
                                    "<uuid>6f31579b-fa92-435d-8a54-514c372276e9</uuid><devices>");
  g_autoptr (MigrateFacts) facts = NULL;
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
  g_autoptr (GError) error = NULL;

  for (guint i = 0; i < 9; i++)
    {
      g_autofree char *line = g_strdup_printf ("network:n%u=%0200u", i, i);

      g_string_append_printf (document,
                              "<interface type='network'><mac address='52:54:00:00:00:0%u'/>"
                              "<source network='n%u'/></interface>",
                              i, i);
      cr_assert (migrate_mapping_set_from_string (mapping, line, NULL));
    }
  g_string_append (document, "</devices></domain>");
  facts = facts_test_read (facts_test_snapshot (document->str));
  g_string_free (document, TRUE);
  cr_assert_null (migrate_facts_map (facts, mapping, NULL, &error));
  cr_assert_not_null (strstr (error->message, "and 6 more"), "%s", error->message);
  cr_assert_lt (strlen (error->message), 400, "%s", error->message);
}

Test (facts_map, keeps_what_is_mapped)
{
  g_autoptr (MigrateFacts) facts = facts_new ();
  g_autoptr (MigrateMapping) mapping = mapping_of ("listen:10.0.0.1=10.0.0.2");
  g_autoptr (MigrateFacts) mapped = migrate_facts_map (facts, mapping, NULL, NULL);
  g_autoptr (GBytes) bytes = migrate_facts_to_bytes (mapped);
  g_autoptr (MigrateFacts) read = migrate_facts_new_from_bytes (bytes, NULL);
  g_autoptr (MigrateMapping) kept = migrate_facts_dup_mapping (read);

  cr_assert_not_null (migrate_mapping_get (kept, "listen", "10.0.0.1"));
  cr_assert_null (migrate_facts_dup_profile (read));
  cr_assert_null (migrate_facts_dup_mapping (facts), "these are as they were");
  cr_assert (finds (read, "mapping-unused"));
}

/* ---- what a forecast rests on, from anybody's file ---- */

#define LOOKS                                                                                      \
  "{'paused': <false>, 'looks': <[(uint32 1, uint64 20971520), (uint32 3, uint64 31457280)]>, "    \
  "'resident': <uint64 134217728>, 'total': <uint64 134217728>}"

static MigrateConvergence
convergence_with (const char *looks, const char *learned)
{
  GVariant *snapshot = facts_test_with (facts_test_snapshot (NULL), "dirty-rate", parse (looks));
  g_autoptr (MigrateFacts) facts
    = facts_test_read (facts_test_with (snapshot, "learned", parse (learned)));
  g_autoptr (MigrateReport) report = migrate_facts_check (facts, NULL, MIGRATE_KIND_LIVE);

  cr_assert_not_null (migrate_report_get_forecast (report));
  return migrate_forecast_get_convergence (migrate_report_get_forecast (report));
}

Test (facts_map, forecasts_from_what_was_learned)
{
  cr_assert_eq (convergence_with (LOOKS, "{'bandwidth': <[1e9]>}"), MIGRATE_CONVERGENCE_CONVERGES);
  cr_assert_eq (convergence_with (LOOKS, "{'bandwidth': <[3e6]>}"), MIGRATE_CONVERGENCE_DIVERGES);
  cr_assert_eq (convergence_with (LOOKS, "{'overhead': <[300.0]>}"), MIGRATE_CONVERGENCE_UNKNOWN);
}

/* No number of theirs is used, and nothing runs for ever. */
Test (facts_map, does_not_learn_nonsense)
{
  static const char *const learned[] = {
    "{'bandwidth': <[0.0, -1.0, 1e300, 1e-300]>, 'overhead': <[-5.0, 1e17]>}",
    "{'bandwidth': <'fast'>, 'overhead': <@ad []>, 'memory-least': <'all'>}",
    "{'memory-least': <9.0>, 'memory-most': <8.0>, 'working-set': <1.0>}",
    "{'memory-least': <-1.0>, 'memory-most': <1e200>, 'working-set': <-3.0>, 'dirty-rate': <-9.0>}",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (learned); i++)
    {
      g_autoptr (GVariant) values = g_variant_ref_sink (parse (learned[i]));
      MigrateLearned read = _migrate_learned_from_variant (values);

      cr_assert_eq (read.bandwidth.n, 0, "row %zu", i);
      cr_assert_eq (read.overhead.n, 0, "row %zu", i);
      cr_assert_not (read.has_guest, "row %zu", i);
      cr_assert_eq (convergence_with (LOOKS, learned[i]), MIGRATE_CONVERGENCE_UNKNOWN);
    }
}

Test (facts_map, reads_what_was_learned_as_it_was)
{
  MigrateLearned learned = { .bandwidth = { 2, { 1e8 / 3, 5 } },
                             .has_guest = TRUE,
                             .memory_least = 1e6 / 7,
                             .memory_most = 2e6,
                             .working_set = 0,
                             .dirty_rate = -1,
                             .dirty_rate_most = 3 };
  g_autoptr (GVariant) values = g_variant_ref_sink (_migrate_learned_to_variant (&learned));
  MigrateLearned read = _migrate_learned_from_variant (values);

  cr_assert_eq (memcmp (&read, &learned, sizeof read), 0);
}
