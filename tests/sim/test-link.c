/* The link to a host that stops answering: what is given up has no effect later, and does not stand
 * in the way of what comes next. */
#include "sim.h"

#include "virt/link-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#define SHORT_MS 1000

static SimWorld *world;
static MigrateLink *link_to_h1;

static void
set_up (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0" });
  link_to_h1 = _migrate_link_new ("sim://w/h1");
  sim_world_enter (world);
}

static void
tear_down (void)
{
  g_clear_pointer (&link_to_h1, _migrate_link_unref);
  sim_world_free (world);
}

TestSuite (link, .init = set_up, .fini = tear_down, .timeout = 20);

static gboolean
call (MigrateCallKind kind, GError **error)
{
  g_autoptr (MigrateCall) record = _migrate_call_new (kind, "g0");

  record->value = 1;
  return _migrate_link_call (link_to_h1, record, SHORT_MS, error);
}

static void
assert_asks (void)
{
  g_autoptr (GError) error = NULL;

  cr_assert (call (MIGRATE_CALL_HOST_INFO, &error), "%s", error != NULL ? error->message : "");
}

static void
assert_gives_up (MigrateCallKind kind)
{
  g_autoptr (GError) error = NULL;

  cr_assert_not (call (kind, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TIMED_OUT), "%s", error->message);
}

static void
do_to_h1 (SimWhat what)
{
  sim_world_do (world, &(SimAction){ .what = what, .host = "h1" });
}

static const struct
{
  const char *label;
  SimWhat harm, mend;
} silences[] = {
  { "accepts and never answers", SIM_WEDGE, SIM_UNWEDGE },
  { "hangs", SIM_HANG_LIBVIRTD, SIM_UNHANG_LIBVIRTD },
  { "cannot be reached", SIM_CUT_CONTROL, SIM_RESTORE_CONTROL },
};

ParameterizedTestParameters (link, opens_another_connection)
{
  static size_t rows[G_N_ELEMENTS (silences)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

/* An opening that never ends is not waited for by those who come later. */
ParameterizedTest (size_t *row, link, opens_another_connection)
{
  do_to_h1 (silences[*row].harm);
  assert_gives_up (MIGRATE_CALL_HOST_INFO);
  assert_gives_up (MIGRATE_CALL_HOST_INFO);
  do_to_h1 (silences[*row].mend);
  assert_asks ();
  assert_asks ();
}

Test (link, waits_for_no_opening_that_never_ends)
{
  sim_world_hang_call (world, "open", 1);
  assert_gives_up (MIGRATE_CALL_HOST_INFO);
  assert_asks ();
  cr_assert_eq (_migrate_link_count_parked (link_to_h1), 1);
}

/* Nor is a connection asked again on which an answer never came. */
Test (link, leaves_a_connection_that_does_not_answer)
{
  guint opened;

  assert_asks ();
  opened = sim_world_count_calls (world, "open");
  sim_world_hang_call (world, "domain-state", 1);
  assert_gives_up (MIGRATE_CALL_DOMAIN_STATE);
  assert_asks ();
  assert_asks ();
  cr_assert_eq (sim_world_count_calls (world, "open"), opened + 1);
}

/* What was given up before libvirt heard of it is not done when the connection opens at last. */
Test (link, does_nothing_late)
{
  do_to_h1 (SIM_WEDGE);
  assert_gives_up (MIGRATE_CALL_SET_AUTOSTART);
  do_to_h1 (SIM_UNWEDGE);
  sim_world_sleep (world, 60 * 1000);
  cr_assert_eq (sim_world_count_calls (world, "set-autostart"), 0);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").autostart);
  assert_asks ();
}

Test (link, refuses_a_host_with_too_many_calls_that_never_return)
{
  g_autoptr (GError) error = NULL;

  do_to_h1 (SIM_WEDGE);
  for (int i = 0; i < MIGRATE_LINK_MAX_CALLS; i++)
    assert_gives_up (MIGRATE_CALL_HOST_INFO);
  cr_assert_eq (_migrate_link_count_parked (link_to_h1), MIGRATE_LINK_MAX_CALLS);
  cr_assert_not (call (MIGRATE_CALL_HOST_INFO, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE), "%s",
             error->message);
  do_to_h1 (SIM_UNWEDGE);
  sim_world_sleep (world, 1000);
  cr_assert_eq (_migrate_link_count_parked (link_to_h1), 0);
  assert_asks ();
}
