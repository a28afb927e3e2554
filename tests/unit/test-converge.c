/* Whether the copy is helped: the decision, row by row. */
#include "migrate/converge-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite (converge, .timeout = 20);

static const struct
{
  const char *label;
  gboolean armed;
  MigratePostcopyStart start;
  guint pass, tried;
  MigrateConvergeAction expected;
} rows[] = {
  { "not started", TRUE, MIGRATE_POSTCOPY_START_FIRST_PASS, 0, 0, MIGRATE_CONVERGE_GO_ON },
  { "first pass", TRUE, MIGRATE_POSTCOPY_START_FIRST_PASS, 1, 0, MIGRATE_CONVERGE_GO_ON },
  { "second pass", TRUE, MIGRATE_POSTCOPY_START_FIRST_PASS, 2, 0, MIGRATE_CONVERGE_START_POSTCOPY },
  { "fifth pass", TRUE, MIGRATE_POSTCOPY_START_FIRST_PASS, 5, 0, MIGRATE_CONVERGE_START_POSTCOPY },
  { "refused in this pass", TRUE, MIGRATE_POSTCOPY_START_FIRST_PASS, 2, 2, MIGRATE_CONVERGE_GO_ON },
  { "refused in the last pass", TRUE, MIGRATE_POSTCOPY_START_FIRST_PASS, 3, 2,
    MIGRATE_CONVERGE_START_POSTCOPY },
  { "not armed", FALSE, MIGRATE_POSTCOPY_START_FIRST_PASS, 9, 0, MIGRATE_CONVERGE_GO_ON },
  { "not needed", TRUE, MIGRATE_POSTCOPY_START_NEEDED, 9, 0, MIGRATE_CONVERGE_GO_ON },
};

ParameterizedTestParameters (converge, decides)
{
  static size_t indexes[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, converge, decides)
{
  size_t i = *index;
  MigrateConvergeView view = { .armed = rows[i].armed,
                               .start = rows[i].start,
                               .pass = rows[i].pass,
                               .tried_pass = rows[i].tried };
  g_autofree char *why = NULL;

  cr_assert_eq (_migrate_converge_decide (&view, &why), rows[i].expected, "%s", rows[i].label);
  cr_assert_eq (why != NULL, rows[i].expected != MIGRATE_CONVERGE_GO_ON, "%s", rows[i].label);
}

Test (converge, tells_why_in_numbers)
{
  MigrateConvergeView view = { .armed = TRUE,
                               .start = MIGRATE_POSTCOPY_START_FIRST_PASS,
                               .pass = 2,
                               .memory_remaining = 70 << 20,
                               .memory_bps = 12 << 20 };
  g_autofree char *why = NULL;

  _migrate_converge_decide (&view, &why);
  cr_assert_not_null (strstr (why, "70 MiB"), "%s", why);
  cr_assert_not_null (strstr (why, "pass 2"), "%s", why);
  cr_assert_not_null (strstr (why, "12 MiB/s"), "%s", why);
}
