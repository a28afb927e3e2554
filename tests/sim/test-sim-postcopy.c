/* Post-copy in the simulator against its specification, reference/libvirt.md §2.1 and
 * experiments.md 6: through the seam alone. */
#include "sim.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glib/gstdio.h>
#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define OPEN (-1) /* the call has not returned */
#define P2P MIGRATE_TRANSPORT_P2P
#define DIRECT MIGRATE_TRANSPORT_DIRECT

static SimWorld *world;
static MigrateBackend *backend;
static GPtrArray *moves; /* of Move */

/* 1 GiB at 125 MB/s of which a quarter is sent before the switch: the switch is at 2.5 s, and the
 * post-copy lasts 6.5 s more. */
static void
setup (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){
      .name = "g0", .memory = 1024 * MIB, .dirty_rate = 8 * MIB, .working_set = 64 * MIB });
  backend = sim_world_get_backend (world);
  moves = g_ptr_array_new_with_free_func (g_free);
  sim_world_enter (world);
}

static void
teardown (void)
{
  sim_world_free (world);
  world = NULL;
  g_clear_pointer (&moves, g_ptr_array_unref);
}

TestSuite (sim_postcopy, .init = setup, .fini = teardown, .timeout = 60);

static MigrateConn *
open_host (const char *host)
{
  g_autofree char *uri = g_strdup_printf ("sim://w/%s", host);

  return backend->vtable->open (backend, uri, NULL);
}

static int
ask (const char *host, MigrateCall *call)
{
  g_autoptr (GError) error = NULL;
  MigrateConn *conn = open_host (host);

  if (conn == NULL)
    return 38;
  backend->vtable->call (conn, call, &error);
  backend->vtable->close (conn);
  return error == NULL ? 0 : _migrate_error_private (error)->vir_code;
}

static int
tell (const char *host, MigrateCallKind kind)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (kind, "g0");

  return ask (host, call);
}

typedef struct
{
  MigrateTransport transport;
  gboolean unarmed, resume, without_postcopy, transient;
  guint64 postcopy_bandwidth;
  gboolean returned;
  int code;
} Move;

static void
run_move (gpointer data, gpointer unused)
{
  Move *move = data;
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, "g0");

  call->transfer.transport = move->transport;
  call->transfer.peer_uri = g_strdup ("sim://w/h2");
  call->transfer.destination_uri = g_strdup ("sim://w/h2");
  call->transfer.persist = !move->transient;
  call->transfer.postcopy = !move->unarmed && !move->without_postcopy;
  call->transfer.resume = move->resume;
  call->transfer.postcopy_bandwidth = move->postcopy_bandwidth;
  move->code = ask ("h1", call);
  move->returned = TRUE;
}

static void
start_move (Move *move)
{
  cr_assert (backend->vtable->start_thread (backend, "move", run_move, move, NULL));
}

static void
at (SimAt when, guint arg, SimAction action)
{
  sim_world_at (world, when, arg, &action);
}

/* A move that is switched when a quarter of the memory was sent. */
static void
start_and_switch (Move *move)
{
  at (SIM_AT_PERFORM, 25, (SimAction){ .what = SIM_START_POSTCOPY });
  start_move (move);
}

static void
assert_world (const char *expected)
{
  cr_assert_str_eq (sim_world_describe (world, "g0"), expected, "%s",
                    sim_world_describe (world, "g0"));
}

static void
assert_violations (guint n)
{
  GPtrArray *list = sim_world_get_violations (world);

  cr_assert_eq (list->len, n, "%u violations, first: %s", list->len,
                list->len > 0 ? (char *) list->pdata[0] : "-");
}

#define UNDER_WAY "h1: paused (post-copy) persistent job | h2: running (post-copy) persistent job"
#define HALF_BROKEN                                                                                \
  "h1: paused (post-copy failed) persistent job | h2: running (post-copy) persistent job"
#define BROKEN                                                                                     \
  "h1: paused (post-copy failed) persistent job | h2: running (post-copy failed) persistent job"
#define DONE "h1: - | h2: running (migrated) persistent"
#define DONE_UNATTENDED "h1: shut off (migrated) persistent | h2: running (migrated) persistent"

/* ---- switching ---- */

static void
switches (MigrateTransport transport)
{
  g_autoptr (MigrateCall) stats = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");
  g_autoptr (MigrateCall) completed = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");
  Move move = { .transport = transport };
  guint64 before;

  start_move (&move);
  sim_world_sleep (world, 3000);
  before = sim_world_get_domain (world, "h1", "g0").counter;
  cr_assert_eq (tell ("h1", MIGRATE_CALL_POSTCOPY), 0);
  assert_world (UNDER_WAY);
  sim_world_sleep (world, 2000);
  cr_assert_geq (sim_world_get_domain (world, "h2", "g0").counter, before + 2000);
  cr_assert_eq (ask ("h1", stats), 0);
  cr_assert_eq (stats->stats.type, MIGRATE_JOB_ACTIVE);
  cr_assert (stats->stats.outgoing);
  cr_assert_eq (stats->stats.dirty_rate, 0);
  cr_assert_gt (stats->stats.memory_remaining, 0);
  cr_assert_eq (tell ("h2", MIGRATE_CALL_JOB_STATS), 55);
  sim_world_sleep (world, 10000);
  cr_assert (move.returned);
  cr_assert_eq (move.code, 0);
  assert_world (DONE);
  /* Nobody has the figures of a post-copy at the destination. */
  completed->value = 1;
  cr_assert_eq (ask ("h2", completed), 0);
  cr_assert_eq (completed->stats.type, MIGRATE_JOB_NONE);
  cr_assert_eq (sim_world_get_domain (world, "h2", "g0").boots, 1);
  assert_violations (0);
}

Test (sim_postcopy, switches_peer_to_peer) { switches (P2P); }

Test (sim_postcopy, switches_directly) { switches (DIRECT); }

Test (sim_postcopy, is_only_armed_until_it_is_asked_for)
{
  Move move = { 0 };

  start_move (&move);
  sim_world_sleep (world, 20000);
  cr_assert_eq (move.code, 0);
  assert_world (DONE);
}

Test (sim_postcopy, ends_where_precopy_would_not)
{
  Move move = { 0 };

  sim_world_set_bandwidth (world, "h1", "h2", 4 * MIB);
  start_move (&move);
  sim_world_sleep (world, 600000);
  cr_assert_not (move.returned);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_POSTCOPY), 0);
  sim_world_sleep (world, 20000);
  cr_assert (move.returned);
  assert_world (DONE);
}

Test (sim_postcopy, has_a_bandwidth_of_its_own)
{
  Move move = { .postcopy_bandwidth = 8 };

  start_and_switch (&move);
  sim_world_sleep (world, 80000);
  assert_world (UNDER_WAY);
  sim_world_sleep (world, 40000);
  assert_world (DONE);
}

Test (sim_postcopy, transient_guest_stays_transient)
{
  Move move = { .transient = TRUE };

  start_and_switch (&move);
  sim_world_sleep (world, 5000);
  assert_world ("h1: paused (post-copy) persistent job | h2: running (post-copy) job");
}

Test (sim_postcopy, waits_for_the_path)
{
  Move move = { 0 };

  start_move (&move);
  sim_world_sleep (world, 3000);
  sim_world_do (world, &(SimAction){ .what = SIM_CUT_DATA, .host = "h1", .peer = "h2" });
  cr_assert_eq (tell ("h1", MIGRATE_CALL_POSTCOPY), 0);
  sim_world_sleep (world, 5000);
  assert_world ("h1: running (booted) persistent job | h2: paused (migrating) job");
  sim_world_do (world, &(SimAction){ .what = SIM_RESTORE_LINK, .host = "h1", .peer = "h2" });
  assert_world (UNDER_WAY);
}

/* ---- what is refused ---- */

Test (sim_postcopy, is_refused)
{
  Move move = { .unarmed = TRUE };

  cr_assert_eq (tell ("h1", MIGRATE_CALL_POSTCOPY), 55); /* no job */
  start_move (&move);
  sim_world_sleep (world, 200);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_POSTCOPY), 55); /* not armed */
  sim_world_sleep (world, 3000);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_POSTCOPY), 55);
  cr_assert_eq (tell ("h2", MIGRATE_CALL_POSTCOPY), 55);
  sim_world_sleep (world, 20000);
  cr_assert_eq (tell ("h2", MIGRATE_CALL_POSTCOPY), 55); /* over */
}

Test (sim_postcopy, is_refused_before_the_copy_begins)
{
  Move move = { 0 };

  start_move (&move);
  sim_world_sleep (world, 200);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_POSTCOPY), 55);
}

Test (sim_postcopy, cannot_be_armed_for_a_tunnel_or_a_paused_guest)
{
  Move tunnelled = { .transport = MIGRATE_TRANSPORT_TUNNELLED }, paused = { 0 };

  start_move (&tunnelled);
  sim_world_sleep (world, 100);
  cr_assert (tunnelled.returned);
  cr_assert_eq (tunnelled.code, 74);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SUSPEND), 0);
  start_move (&paused);
  sim_world_sleep (world, 100);
  cr_assert (paused.returned);
  cr_assert_eq (paused.code, 74);
}

static const struct
{
  const char *label, *host;
  MigrateCallKind kind;
  int code;
} mask[] = {
  { "abort", "h1", MIGRATE_CALL_ABORT, 55 },
  { "switch again", "h1", MIGRATE_CALL_POSTCOPY, 55 },
  { "resume the source", "h1", MIGRATE_CALL_RESUME, 68 },
  { "start the source", "h1", MIGRATE_CALL_START, 68 },
  { "undefine the source", "h1", MIGRATE_CALL_UNDEFINE, 68 },
  { "state", "h1", MIGRATE_CALL_DOMAIN_STATE, 0 },
  { "statistics", "h1", MIGRATE_CALL_JOB_STATS, 0 },
  { "abort at the destination", "h2", MIGRATE_CALL_ABORT, 55 },
  { "suspend the destination", "h2", MIGRATE_CALL_SUSPEND, 68 },
  { "undefine the destination", "h2", MIGRATE_CALL_UNDEFINE, 68 },
};

Test (sim_postcopy, job_mask)
{
  Move move = { .postcopy_bandwidth = 1 };

  start_and_switch (&move);
  sim_world_sleep (world, 5000);
  for (guint i = 0; i < G_N_ELEMENTS (mask); i++)
    cr_expect_eq (tell (mask[i].host, mask[i].kind), mask[i].code, "%s", mask[i].label);
  assert_world (UNDER_WAY);
}

/* ---- failure × post-copy ---- */

typedef struct
{
  const char *label;
  MigrateTransport transport;
  guint percent;
  SimAction actions[3];
  guint after_ms; /* of the beginning */
  int code;
  const char *expected;
} Row;

static const Row rows[] = {
  /* QEMU */
  { "destination QEMU killed",
    P2P,
    50,
    { { SIM_KILL_QEMU, .host = "h2" } },
    20000,
    9,
    "h1: paused (post-copy failed) persistent job | h2: shut off (crashed) persistent" },
  { "source QEMU killed",
    P2P,
    50,
    { { SIM_KILL_QEMU, .host = "h1" } },
    20000,
    9,
    "h1: shut off (crashed) persistent job | h2: running (post-copy failed) persistent job" },
  { "source QEMU killed, its libvirtd restarted",
    P2P,
    50,
    { { SIM_KILL_QEMU, .host = "h1" },
      { SIM_KILL_LIBVIRTD, .host = "h1", .after_ms = 1000 },
      { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 2000 } },
    20000,
    9,
    "h1: shut off (crashed) persistent | h2: running (post-copy failed) persistent job" },
  { "guest powers off",
    P2P,
    50,
    { { SIM_POWER_OFF } },
    20000,
    9,
    "h1: paused (post-copy failed) persistent job | h2: shut off (shutdown) persistent" },
  { "destination QEMU hung for a while",
    P2P,
    50,
    { { SIM_HANG_QEMU, .host = "h2" }, { SIM_UNHANG_QEMU, .host = "h2", .after_ms = 60000 } },
    80000,
    0,
    DONE },

  /* libvirtd */
  { "source libvirtd killed",
    P2P,
    10,
    { { SIM_KILL_LIBVIRTD, .host = "h1" } },
    20000,
    38,
    "h1: paused (post-copy) persistent job | h2: running (migrated) persistent" },
  { "source libvirtd killed, back in mid-copy",
    P2P,
    10,
    { { SIM_KILL_LIBVIRTD, .host = "h1" }, { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 2000 } },
    6000,
    38,
    UNDER_WAY },
  { "source libvirtd killed, back",
    P2P,
    10,
    { { SIM_KILL_LIBVIRTD, .host = "h1" }, { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 2000 } },
    20000,
    38,
    DONE_UNATTENDED },
  { "source libvirtd killed, back, direct",
    DIRECT,
    10,
    { { SIM_KILL_LIBVIRTD, .host = "h1" }, { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 2000 } },
    20000,
    38,
    DONE_UNATTENDED },
  { "destination libvirtd killed, in mid-copy",
    P2P,
    10,
    { { SIM_KILL_LIBVIRTD, .host = "h2" } },
    6000,
    9,
    HALF_BROKEN },
  { "destination libvirtd killed, back",
    P2P,
    10,
    { { SIM_KILL_LIBVIRTD, .host = "h2" },
      { SIM_START_LIBVIRTD, .host = "h2", .after_ms = 20000 } },
    40000,
    9,
    DONE_UNATTENDED },
  { "destination libvirtd hung, 10 s",
    P2P,
    10,
    { { SIM_HANG_LIBVIRTD, .host = "h2" },
      { SIM_UNHANG_LIBVIRTD, .host = "h2", .after_ms = 10000 } },
    40000,
    0,
    DONE },
  { "direct, client killed, in mid-copy",
    DIRECT,
    10,
    { { SIM_KILL_CLIENT } },
    6000,
    OPEN,
    HALF_BROKEN },
  { "direct, client killed", DIRECT, 10, { { SIM_KILL_CLIENT } }, 20000, OPEN, DONE_UNATTENDED },
  { "p2p, client killed", P2P, 10, { { SIM_KILL_CLIENT } }, 20000, 0, DONE },

  /* the three faces of a cut */
  { "data path cut for 20 s, before it is back",
    P2P,
    50,
    { { SIM_CUT_DATA, .host = "h1" }, { SIM_RESTORE_LINK, .host = "h1", .after_ms = 20000 } },
    39000,
    OPEN,
    UNDER_WAY },
  { "data path cut for 20 s",
    P2P,
    50,
    { { SIM_CUT_DATA, .host = "h1" }, { SIM_RESTORE_LINK, .host = "h1", .after_ms = 20000 } },
    60000,
    0,
    DONE },
  { "everything cut for 50 s, in mid-copy",
    P2P,
    50,
    { { SIM_CUT_LINK, .host = "h1" }, { SIM_RESTORE_LINK, .host = "h1", .after_ms = 50000 } },
    50000,
    9,
    HALF_BROKEN },
  { "everything cut for 50 s: done unattended",
    P2P,
    50,
    { { SIM_CUT_LINK, .host = "h1" }, { SIM_RESTORE_LINK, .host = "h1", .after_ms = 50000 } },
    90000,
    9,
    DONE_UNATTENDED },
  { "only the daemons' link cut for 40 s: done unattended",
    P2P,
    10,
    { { SIM_CUT_DAEMONS, .host = "h1" }, { SIM_RESTORE_LINK, .host = "h1", .after_ms = 40000 } },
    60000,
    9,
    DONE_UNATTENDED },
  { "data path cut for 90 s: half broken for ever",
    P2P,
    50,
    { { SIM_CUT_DATA, .host = "h1" }, { SIM_RESTORE_LINK, .host = "h1", .after_ms = 90000 } },
    3600000,
    9,
    HALF_BROKEN },
  { "half broken, both libvirtd restarted",
    P2P,
    50,
    { { SIM_BREAK_STREAM_HALF },
      { SIM_KILL_LIBVIRTD, .host = "h2", .after_ms = 1000 },
      { SIM_START_LIBVIRTD, .host = "h2", .after_ms = 2000 } },
    60000,
    9,
    HALF_BROKEN },
  { "half broken, reset at the destination",
    P2P,
    50,
    { { SIM_BREAK_STREAM_HALF }, { SIM_RESET_STREAM, .host = "h2", .after_ms = 10000 } },
    60000,
    9,
    BROKEN },
  { "data path cut for 130 s: both ends fail",
    P2P,
    50,
    { { SIM_CUT_DATA, .host = "h1" }, { SIM_RESTORE_LINK, .host = "h1", .after_ms = 130000 } },
    150000,
    9,
    BROKEN },
  { "the stream breaks at both ends", P2P, 50, { { SIM_BREAK_STREAM } }, 20000, 9, BROKEN },
  { "a good stream is reset", P2P, 50, { { SIM_RESET_STREAM } }, 20000, 9, BROKEN },

  /* hosts */
  { "source loses power",
    P2P,
    50,
    { { SIM_KILL_HOST, .host = "h1" } },
    30000,
    OPEN,
    "h1: shut off (unknown) persistent | h2: running (post-copy) persistent job" },
  { "source loses power, for long",
    P2P,
    50,
    { { SIM_KILL_HOST, .host = "h1" } },
    90000,
    OPEN,
    "h1: shut off (unknown) persistent | h2: running (post-copy failed) persistent job" },
  { "source loses power and boots",
    P2P,
    50,
    { { SIM_KILL_HOST, .host = "h1" }, { SIM_START_HOST, .host = "h1", .after_ms = 20000 } },
    30000,
    38,
    "h1: shut off (unknown) persistent | h2: running (post-copy failed) persistent job" },
  { "destination loses power and boots",
    P2P,
    50,
    { { SIM_KILL_HOST, .host = "h2" }, { SIM_START_HOST, .host = "h2", .after_ms = 20000 } },
    40000,
    9,
    "h1: paused (post-copy failed) persistent job | h2: shut off (unknown) persistent" },
};

ParameterizedTestParameters (sim_postcopy, leaves_behind)
{
  static size_t indices[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indices[i] = i;
  return cr_make_param_array (size_t, indices, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, sim_postcopy, leaves_behind)
{
  const Row *row = &rows[*index];
  Move move = { .transport = row->transport };

  for (guint i = 0; i < G_N_ELEMENTS (row->actions); i++)
    if (i == 0 || row->actions[i].host != NULL)
      at (SIM_AT_POSTCOPY, row->percent, row->actions[i]);
  start_and_switch (&move);
  sim_world_sleep (world, row->after_ms);
  cr_assert_str_eq (sim_world_describe (world, "g0"), row->expected, "%s: %s", row->label,
                    sim_world_describe (world, "g0"));
  if (row->code == OPEN)
    cr_assert_not (move.returned, "%s: returned with %d", row->label, move.code);
  else
    {
      cr_assert (move.returned, "%s: the call has not returned", row->label);
      cr_assert_eq (move.code, row->code, "%s: code %d", row->label, move.code);
    }
  cr_assert_eq (sim_world_get_violations (world)->len, 0, "%s", row->label);
}

/* ---- going on ---- */

static int
resume (MigrateTransport transport, guint ms)
{
  Move *move = g_new0 (Move, 1);

  g_ptr_array_add (moves, move); /* it may return late */
  move->transport = transport;
  move->resume = TRUE;
  start_move (move);
  sim_world_sleep (world, ms);
  return move->returned ? move->code : OPEN;
}

static void
break_it (SimWhat what)
{
  Move move = { 0 };

  at (SIM_AT_POSTCOPY, 50, (SimAction){ .what = what });
  start_and_switch (&move);
  sim_world_sleep (world, 20000);
  cr_assert_eq (move.code, 9);
}

Test (sim_postcopy, goes_on_when_both_ends_failed)
{
  Move move = { .resume = TRUE };

  break_it (SIM_BREAK_STREAM);
  start_move (&move);
  sim_world_sleep (world, 1000);
  assert_world (UNDER_WAY);
  sim_world_sleep (world, 10000);
  cr_assert (move.returned);
  cr_assert_eq (move.code, 0);
  assert_world (DONE);
  assert_violations (0);
}

Test (sim_postcopy, goes_on_directly)
{
  break_it (SIM_BREAK_STREAM);
  cr_assert_eq (resume (DIRECT, 10000), 0);
  assert_world (DONE);
}

Test (sim_postcopy, going_on_is_not_a_new_move)
{
  Move plain = { 0 }, unarmed = { .resume = TRUE, .without_postcopy = TRUE };

  break_it (SIM_BREAK_STREAM);
  start_move (&plain);
  start_move (&unarmed);
  sim_world_sleep (world, 1000);
  cr_assert_eq (plain.code, 55);
  cr_assert_eq (unarmed.code, 8);
  assert_world (BROKEN);
}

Test (sim_postcopy, nothing_to_go_on_with)
{
  cr_assert_eq (resume (P2P, 1000), 55);
  assert_world ("h1: running (booted) persistent | h2: -");
}

Test (sim_postcopy, does_not_go_on_without_a_path)
{
  break_it (SIM_BREAK_STREAM);
  sim_world_do (world, &(SimAction){ .what = SIM_CUT_DATA, .host = "h1" });
  cr_assert_eq (resume (P2P, 1000), 9);
  assert_world (BROKEN);
  sim_world_do (world, &(SimAction){ .what = SIM_CUT_DAEMONS, .host = "h1" });
  cr_assert_eq (resume (P2P, 1000), 9);
  sim_world_do (world, &(SimAction){ .what = SIM_RESTORE_LINK, .host = "h1" });
  cr_assert_eq (resume (P2P, 10000), 0);
  assert_world (DONE);
}

Test (sim_postcopy, half_broken_needs_the_operator)
{
  break_it (SIM_BREAK_STREAM_HALF);
  assert_world (HALF_BROKEN);
  cr_assert_eq (resume (P2P, 1000), 55);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_ABORT), 55);
  assert_world (HALF_BROKEN);
  sim_world_do (world, &(SimAction){ .what = SIM_RESET_STREAM, .guest = "g0" });
  assert_world (BROKEN);
  cr_assert_eq (resume (P2P, 10000), 0);
  assert_world (DONE);
  assert_violations (0);
}

Test (sim_postcopy, breaks_again)
{
  break_it (SIM_BREAK_STREAM);
  at (SIM_AT_POSTCOPY, 75, (SimAction){ .what = SIM_BREAK_STREAM });
  cr_assert_eq (resume (P2P, 10000), 9);
  assert_world (BROKEN);
  cr_assert_eq (resume (P2P, 10000), 0);
  assert_world (DONE);
}

/* It looks broken, and is not: the daemons have lost each other. */
Test (sim_postcopy, still_running_is_not_resumed)
{
  Move move = { .postcopy_bandwidth = 8 };

  at (SIM_AT_POSTCOPY, 0, (SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h2" });
  at (SIM_AT_POSTCOPY, 0,
      (SimAction){ .what = SIM_START_LIBVIRTD, .host = "h2", .after_ms = 5000 });
  start_and_switch (&move);
  sim_world_sleep (world, 20000);
  assert_world (HALF_BROKEN);
  cr_assert_eq (resume (P2P, 1000), 55);
  sim_world_sleep (world, 120000);
  assert_world (DONE_UNATTENDED);
}

/* ---- memory that is lost ---- */

static void
lose_destination (void)
{
  Move move = { 0 };

  at (SIM_AT_POSTCOPY, 50, (SimAction){ .what = SIM_KILL_QEMU, .host = "h2" });
  start_and_switch (&move);
  sim_world_sleep (world, 20000);
}

Test (sim_postcopy, without_its_destination_only_a_cold_start_is_left)
{
  lose_destination ();
  cr_assert_eq (resume (P2P, 1000), 42);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_START), 68);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DESTROY), 0);
  assert_world ("h1: shut off (destroyed) persistent | h2: shut off (crashed) persistent");
  cr_assert_eq (tell ("h1", MIGRATE_CALL_START), 0);
  assert_world ("h1: running (booted) persistent | h2: shut off (crashed) persistent");
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").boots, 2);
  cr_assert_eq (sim_world_count_transfers (world), 0);
  assert_violations (0);
}

Test (sim_postcopy, a_crashed_source_has_a_stuck_job)
{
  Move move = { 0 };

  at (SIM_AT_POSTCOPY, 50, (SimAction){ .what = SIM_KILL_QEMU, .host = "h1" });
  start_and_switch (&move);
  sim_world_sleep (world, 20000);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_START), 68);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_UNDEFINE), 68);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DESTROY), 0);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_START), 68);
  cr_assert_eq (tell ("h2", MIGRATE_CALL_DESTROY), 0);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_START), 68);
  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h1" });
  sim_world_do (world, &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h1" });
  cr_assert_eq (tell ("h1", MIGRATE_CALL_START), 0);
  assert_world ("h1: running (booted) persistent | h2: shut off (destroyed) persistent");
  assert_violations (0);
}

/* ---- the mistakes that recover must not make ---- */

Test (sim_postcopy, starting_a_second_copy_is_noticed)
{
  Move move = { 0 };

  at (SIM_AT_POSTCOPY, 50, (SimAction){ .what = SIM_KILL_QEMU, .host = "h1" });
  start_and_switch (&move);
  sim_world_sleep (world, 20000);
  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h1" });
  sim_world_do (world, &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h1" });
  cr_assert_eq (tell ("h1", MIGRATE_CALL_START), 0);
  cr_assert_eq (sim_world_get_violations (world)->len, 1);
  cr_assert_str_eq (sim_world_get_violations (world)->pdata[0], "split: g0 runs on h1 h2");
}

/* ---- messages, saving ---- */

Test (sim_postcopy, a_failed_transfer_leaves_words)
{
  g_autoptr (MigrateCall) before = _migrate_call_new (MIGRATE_CALL_MESSAGES, "g0");
  g_autoptr (MigrateCall) after = _migrate_call_new (MIGRATE_CALL_MESSAGES, "g0");

  cr_assert_eq (ask ("h1", before), 0);
  cr_assert_str_eq (before->text_out, "");
  break_it (SIM_BREAK_STREAM);
  cr_assert_eq (ask ("h1", after), 0);
  cr_assert_not_null (strstr (after->text_out, "post-copy"), "%s", after->text_out);
}

Test (sim_postcopy, reads_back_what_it_wrote)
{
  g_autofree char *path = NULL;
  int fd = g_file_open_tmp ("sim-XXXXXX", &path, NULL);
  Move move = { 0 };

  cr_assert_geq (fd, 0);
  g_close (fd, NULL);
  at (SIM_AT_POSTCOPY, 50, (SimAction){ .what = SIM_CUT_DATA, .host = "h1" });
  start_and_switch (&move);
  sim_world_sleep (world, 40000);
  cr_assert (sim_world_save (world, path));
  sim_world_free (world);
  world = sim_world_load (path);
  backend = sim_world_get_backend (world);
  sim_world_enter (world);
  assert_world (UNDER_WAY);
  sim_world_sleep (world, 100000);
  assert_world (BROKEN);
  sim_world_do (world, &(SimAction){ .what = SIM_RESTORE_LINK, .host = "h1" });
  cr_assert_eq (resume (P2P, 10000), 0);
  assert_world (DONE);
  assert_violations (0);
  g_remove (path);
}

/* ---- anything, in any order ---- */

static void
do_anything (GRand *rand)
{
  static const char *const hosts[] = { "h1", "h2" };
  static const SimWhat whats[] = {
    SIM_KILL_LIBVIRTD, SIM_START_LIBVIRTD,    SIM_HANG_LIBVIRTD, SIM_UNHANG_LIBVIRTD,
    SIM_KILL_QEMU,     SIM_HANG_QEMU,         SIM_UNHANG_QEMU,   SIM_POWER_OFF,
    SIM_KILL_HOST,     SIM_START_HOST,        SIM_CUT_LINK,      SIM_CUT_DAEMONS,
    SIM_CUT_DATA,      SIM_RESTORE_LINK,      SIM_CUT_CONTROL,   SIM_KILL_CLIENT,
    SIM_BREAK_STREAM,  SIM_BREAK_STREAM_HALF, SIM_RESET_STREAM,  SIM_START_POSTCOPY,
  };

  for (int n = g_rand_int_range (rand, 1, 5); n > 0; n--)
    at (g_rand_int_range (rand, 0, 4) > 0 ? SIM_AT_POSTCOPY : SIM_AT_CONFIRM,
        (guint) g_rand_int_range (rand, 0, 101),
        (SimAction){
          .what = whats[g_rand_int_range (rand, 0, G_N_ELEMENTS (whats))],
          .host = hosts[g_rand_int_range (rand, 0, 2)],
          .guest = "g0",
          .after_ms = g_rand_boolean (rand) ? (guint) g_rand_int_range (rand, 0, 150000) : 0,
        });
  if (g_rand_int_range (rand, 0, 4) == 0)
    sim_world_lose (world, (SimMessage) g_rand_int_range (rand, 0, SIM_MSG_LAST + 1), 1);
}

static void
repair_everything (void)
{
  static const SimWhat whats[]
    = { SIM_RESTORE_LINK,    SIM_RESTORE_CONTROL, SIM_START_HOST, SIM_START_LIBVIRTD,
        SIM_UNHANG_LIBVIRTD, SIM_UNWEDGE,         SIM_UNHANG_QEMU };

  for (guint i = 0; i < G_N_ELEMENTS (whats); i++)
    for (guint h = 0; h < 2; h++)
      sim_world_do (world, &(SimAction){ whats[i], .host = h == 0 ? "h1" : "h2", .guest = "g0" });
}

static gboolean
shows (const char *host, MigrateDomainState state, int reason)
{
  SimDomainInfo info = sim_world_get_domain (world, host, "g0");

  return info.exists && info.state == state && info.reason == reason;
}

/* As an operator would: what half broke is reset, what broke goes on, what was lost is ended. */
static void
recover (void)
{
  gboolean out = shows ("h1", MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY_FAILED);

  if (out && shows ("h2", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY))
    sim_world_do (world, &(SimAction){ .what = SIM_RESET_STREAM, .guest = "g0" });
  if (out && shows ("h2", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY_FAILED))
    {
      resume (P2P, 60000);
      return;
    }
  if (out)
    cr_assert_eq (tell ("h1", MIGRATE_CALL_DESTROY), 0);
  if (shows ("h2", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY_FAILED))
    cr_assert_eq (tell ("h2", MIGRATE_CALL_DESTROY), 0);
  for (guint i = 0; i < 2; i++)
    sim_world_do (world, &(SimAction){ i == 0 ? SIM_KILL_LIBVIRTD : SIM_START_LIBVIRTD, "h1" });
}

/* Whatever happens, once everything is repaired and recovered no transfer and no job is left, and
 * there were never two copies, nor a stale one. */
Test (sim_postcopy, ends_after_anything)
{
  teardown ();
  for (guint seed = 1; seed <= 2000; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      Move move = { .transport = g_rand_boolean (rand) ? P2P : DIRECT };
      SimDomainInfo source, destination;

      setup ();
      if (g_rand_boolean (rand))
        sim_world_set_keepalive (world, 29000);
      do_anything (rand);
      start_and_switch (&move);
      sim_world_sleep (world, 120000);
      /* More than once: what was to happen late happens when it goes on. */
      for (guint i = 0; i < 6; i++)
        {
          repair_everything ();
          sim_world_sleep (world, 200000);
          repair_everything ();
          recover ();
        }
      source = sim_world_get_domain (world, "h1", "g0");
      destination = sim_world_get_domain (world, "h2", "g0");
      cr_assert (sim_world_count_transfers (world) == 0 && !source.has_job && !destination.has_job,
                 "seed %u leaves %s", seed, sim_world_describe (world, "g0"));
      cr_assert_eq (sim_world_get_violations (world)->len, 0, "seed %u: %s; %s", seed,
                    sim_world_describe (world, "g0"),
                    (char *) sim_world_get_violations (world)->pdata[0]);
      teardown ();
    }
}
