/* Which destination is best, and why; and the words about a CPU for many hosts. */
#include "job/survey-rank-private.h"
#include "xml/xml-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

#define GIB ((guint64) 1 << 30)

#define AS_GIVEN "It is as good as "

/* Candidates by name, in the order in which they are given; order: names as they come out. reasons:
 * of each in that order, a part of it. */
static const struct
{
  const char *label;
  MigrateCandidate given[4];
  const char *order;
  const char *reasons[4];
} rankings[] = {
  { "one alone", { { .host = "a" } }, "a", { "Nothing blocks the move" } },
  { "one alone that is blocked",
    { { .host = "a", .blockers = 1, .codes = "same-host" } },
    "a",
    { "It has 1 blocker: same-host" } },
  { "equals stay as given",
    { { .host = "b" }, { .host = "a" }, { .host = "c" } },
    "bac",
    { AS_GIVEN "“a”, and was named before it", AS_GIVEN "“b”, and was named after it",
      AS_GIVEN "“a”, and was named after it" } },
  { "who does not answer is last, also behind the blocked",
    { { .host = "a", .why = "refused" },
      { .host = "b", .blockers = 9, .codes = "x, y, z and 6 more" },
      { .host = "c" } },
    "cba",
    { "the only one where nothing blocks", "It has 9 blockers: x, y, z and 6 more",
      "It could not be checked: refused" } },
  { "nobody answers: as given",
    { { .host = "b", .why = "1" }, { .host = "a", .why = "2" } },
    "ba",
    { "It could not be checked: 1", "It could not be checked: 2" } },
  { "fewer blockers, however many warnings",
    { { .host = "a", .blockers = 2, .codes = "x, y" },
      { .host = "b", .blockers = 1, .codes = "x", .warnings = 9 } },
    "ba",
    { "It has 1 blocker: x", "It has 2 blockers: x, y" } },
  { "disks that are there, however many warnings",
    { { .host = "a", .copies = TRUE }, { .host = "b", .warnings = 9 } },
    "ba",
    { "It has the guest's disks already, “a” has disks to be copied",
      "It has disks to be copied, “b” has the guest's disks already" } },
  { "fewer warnings, however little room",
    { { .host = "a", .warnings = 2, .memory_free = 64 * GIB },
      { .host = "b", .warnings = 1, .memory_free = GIB },
      { .host = "c", .memory_free = 1 } },
    "cba",
    { "It has no warnings, “b” has 1 warning", "It has 1 warning, “c” has no warnings",
      "It has 2 warnings, “b” has 1 warning" } },
  { "a CPU that fits before one that was not compared, before one that does not fit",
    { { .host = "a", .cpu = MIGRATE_CPU_INCOMPATIBLE },
      { .host = "b", .cpu = MIGRATE_CPU_UNKNOWN },
      { .host = "c", .cpu = MIGRATE_CPU_COMPATIBLE, .age = MIGRATE_AGE_OLDER } },
    "cba",
    { "It has a CPU that can run the guest's, “b” has a CPU that was not compared",
      "It has a CPU that was not compared", "It has a CPU that cannot run the guest's" } },
  { "a copy that ends before one that may, before no forecast, before one that does not",
    { { .host = "a", .convergence = MIGRATE_CONVERGENCE_DIVERGES },
      { .host = "b", .convergence = MIGRATE_CONVERGENCE_UNKNOWN },
      { .host = "c", .convergence = MIGRATE_CONVERGENCE_NEAR },
      { .host = "d", .convergence = MIGRATE_CONVERGENCE_CONVERGES, .total_ms = 900000 } },
    "dcba",
    { "It has a copy that comes to its end by itself, “c” has a copy that may or may not",
      "It has a copy that may or may not", "It has a copy of which no end is forecast",
      "It has a copy that does not come to its end" } },
  { "half the time, but no smaller difference",
    { { .host = "a" },
      { .host = "b", .total_ms = 60000 },
      { .host = "c", .total_ms = 20000, .memory_free = GIB },
      { .host = "d", .total_ms = 19000, .memory_free = 2 * GIB } },
    "dcba",
    { "It has 2.0 GiB of free memory", "It has 1.0 GiB of free memory",
      "It has a move of 60 s at most, “c” has a move of 20 s at most",
      "It has a move of which no length is forecast, “b” has a move of 60 s" } },
  { "the source's versions before newer ones, before older ones",
    { { .host = "a", .age = MIGRATE_AGE_OLDER, .memory_free = 64 * GIB },
      { .host = "b", .age = MIGRATE_AGE_NEWER, .memory_free = 64 * GIB },
      { .host = "c", .age = MIGRATE_AGE_SAME, .memory_free = GIB } },
    "cba",
    { "It has the source's versions, “b” has newer versions than the source",
      "It has newer versions than the source, “c” has the source's versions",
      "It has older versions than the source" } },
  { "more room; the one whose room is not known last",
    { { .host = "a" },
      { .host = "b", .memory_free = 3 * GIB },
      { .host = "c", .memory_free = 12 * GIB } },
    "cba",
    { "It has 12.0 GiB of free memory, “b” has 3.0 GiB of free memory",
      "It has 3.0 GiB of free memory, “c” has 12.0 GiB of free memory",
      "It has an amount of free memory that is not known, “b” has 3.0 GiB" } },
  { "the only clear one is not compared with the blocked",
    { { .host = "a", .blockers = 1, .codes = "x", .memory_free = 64 * GIB },
      { .host = "b", .warnings = 3 } },
    "ba",
    { "It is the only one where nothing blocks the move", "It has 1 blocker: x" } },
};

ParameterizedTestParameters (survey, ranks)
{
  static size_t rows[G_N_ELEMENTS (rankings)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

static guint
take_given (size_t row, MigrateCandidate *candidates)
{
  guint n = 0;

  for (; n < G_N_ELEMENTS (rankings[row].given) && rankings[row].given[n].host != NULL; n++)
    {
      candidates[n] = rankings[row].given[n];
      candidates[n].place = n;
    }
  return n;
}

static void
assert_order (size_t row, MigrateCandidate *candidates, guint n)
{
  g_autoptr (GString) order = g_string_new (NULL);

  _migrate_survey_rank (candidates, n);
  for (guint i = 0; i < n; i++)
    g_string_append (order, candidates[i].host);
  cr_assert_str_eq (order->str, rankings[row].order, "%s: %s", rankings[row].label, order->str);
}

ParameterizedTest (size_t *row, survey, ranks)
{
  MigrateCandidate candidates[4], reversed[4];
  guint n = take_given (*row, candidates);

  assert_order (*row, candidates, n);
  for (guint i = 0; i < n; i++)
    {
      g_autofree char *reason = _migrate_survey_explain (candidates, n, i);

      cr_expect_not_null (strstr (reason, rankings[*row].reasons[i]), "%s: %s: %s",
                          rankings[*row].label, candidates[i].host, reason);
    }
  /* Whatever the order in which they were looked at. */
  for (guint i = 0; i < n; i++)
    reversed[i] = candidates[n - 1 - i];
  assert_order (*row, reversed, n);
}

/* ---- CPUs ---- */

#define DOMAIN_CAPABILITIES(supported)                                                             \
  "<domainCapabilities><arch>x86_64</arch><cpu>"                                                   \
  "<mode name='host-passthrough' supported='yes'/>"                                                \
  "<mode name='host-model' supported='" supported "'>"                                             \
  "<model fallback='forbid'>Nehalem</model><vendor>Intel</vendor>"                                 \
  "<feature policy='require' name='aes'/><feature policy='disable' name='vme'/></mode>"            \
  "<mode name='custom' supported='yes'><model usable='yes'>pentium</model></mode>"                 \
  "</cpu></domainCapabilities>"

Test (survey, takes_the_host_model_for_a_cpu)
{
  g_autofree char *cpu = _migrate_xml_host_model (DOMAIN_CAPABILITIES ("yes"), NULL);
  g_autofree char *model = NULL;
  g_auto (GStrv) features = NULL;

  cr_assert_str_eq (cpu, "<cpu><model fallback=\"forbid\">Nehalem</model><vendor>Intel</vendor>"
                         "<feature policy=\"require\" name=\"aes\"/>"
                         "<feature policy=\"disable\" name=\"vme\"/></cpu>");
  cr_assert (_migrate_xml_read_cpu (cpu, &model, &features, NULL));
  cr_assert_str_eq (model, "Nehalem");
  cr_assert_eq (g_strv_length (features), 2);
  cr_assert_str_eq (features[0], "+aes");
  cr_assert_str_eq (features[1], "-vme");
}

Test (survey, a_hypervisor_without_a_host_model_gives_none)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (_migrate_xml_host_model (DOMAIN_CAPABILITIES ("no"), &error));
  cr_assert_null (_migrate_xml_host_model ("<domainCapabilities/>", &error));
  cr_assert_null (error);
  cr_assert_null (_migrate_xml_host_model ("<domainCapabilities", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}

Test (survey, a_cpu_without_a_model_is_refused)
{
  g_autoptr (GError) error = NULL;
  char *model = NULL;
  char **features = NULL;

  cr_assert_not (_migrate_xml_read_cpu ("<cpu mode='host-model'/>", &model, &features, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  cr_assert_null (features);
}

Test (survey, baseline_advises_on_each_host)
{
  static const char *const features[] = { "+aes", NULL };
  g_autoptr (GVariant) hosts = g_variant_ref_sink (g_variant_new_parsed (
    "[{'host': <'a'>, 'suited': <true>}, {'host': <'b'>, 'suited': <false>, 'why': <'no avx'>},"
    " {'host': <'c'>, 'why': <'refused'>}]"));
  g_autoptr (MigrateBaseline) baseline
    = _migrate_baseline_new ("<cpu/>", "Nehalem", features, hosts);
  g_auto (GStrv) suited = migrate_baseline_dup_suited (baseline);
  g_auto (GStrv) unsuited = migrate_baseline_dup_unsuited (baseline);
  g_auto (GStrv) unknown = migrate_baseline_dup_unknown (baseline);
  g_auto (GStrv) advice = migrate_baseline_dup_advice (baseline);

  cr_assert_eq (g_strv_length (suited), 1);
  cr_assert_str_eq (suited[0], "a");
  cr_assert_eq (g_strv_length (unsuited), 1);
  cr_assert_str_eq (unsuited[0], "b");
  cr_assert_eq (g_strv_length (unknown), 1);
  cr_assert_str_eq (unknown[0], "c");
  cr_assert_eq (g_strv_length (advice), 3);
  cr_assert_str_eq (advice[0], "“a” could take the guest with this CPU");
  cr_assert_str_eq (advice[1], "“b” could not: no avx");
  cr_assert_str_eq (advice[2], "“c” cannot be judged: refused");
}
