/* The simulator against its specification, reference/libvirt.md §2.1 and experiments.md: through
 * the seam alone, for what stands above it must be able to trust it. */
#include "sim.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)

static SimWorld *world;
static MigrateBackend *backend;

static void
setup (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  backend = _migrate_backend_for_uri ("sim://w/h1");
  cr_assert_eq (backend, sim_world_get_backend (world));
  sim_world_enter (world);
}

static void
teardown (void)
{
  sim_world_free (world);
}

TestSuite (sim, .init = setup, .fini = teardown, .timeout = 60);

static void
add_guest (const char *name, guint64 memory, guint64 dirty_rate, guint64 working_set)
{
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){
      .name = name, .memory = memory, .dirty_rate = dirty_rate, .working_set = working_set });
}

static MigrateConn *
open_host (const char *host)
{
  g_autofree char *uri = g_strdup_printf ("sim://w/%s", host);
  g_autoptr (GError) error = NULL;
  MigrateConn *conn = backend->vtable->open (backend, uri, &error);

  cr_assert_not_null (conn, "%s", error != NULL ? error->message : "?");
  return conn;
}

static void
close_host (MigrateConn *conn)
{
  backend->vtable->close (conn);
}

static int
code_of (const GError *error)
{
  return error == NULL ? 0 : _migrate_error_private (error)->vir_code;
}

/* libvirt's code, 0: done. */
static int
ask (MigrateConn *conn, MigrateCall *call)
{
  g_autoptr (GError) error = NULL;
  gboolean done = backend->vtable->call (conn, call, &error);

  cr_assert_eq (done, error == NULL);
  return code_of (error);
}

static int
tell (const char *host, MigrateCallKind kind, const char *guest, guint64 value)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (kind, guest);
  MigrateConn *conn = open_host (host);
  int code;

  call->value = value;
  code = ask (conn, call);
  close_host (conn);
  return code;
}

/* ---- a move on a thread of its own ---- */

typedef struct
{
  const char *guest, *from, *to;
  MigrateTransport transport;
  gboolean transient, paused;
  gboolean returned;
  int code;
  MigrateError error_code;
  gint64 ended_at;
  MigrateConn *conn; /* borrowed; NULL: its own */
} Move;

static void
run_move (gpointer data, gpointer unused)
{
  Move *move = data;
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, move->guest);
  g_autoptr (GError) error = NULL;
  MigrateConn *conn = move->conn;

  if (conn == NULL)
    {
      g_autofree char *uri = g_strdup_printf ("sim://w/%s", move->from);

      conn = backend->vtable->open (backend, uri, &error);
    }
  if (conn != NULL)
    {
      call->transfer.transport = move->transport;
      call->transfer.peer_uri = g_strdup_printf ("sim://w/%s", move->to);
      call->transfer.destination_uri = g_strdup (call->transfer.peer_uri);
      call->transfer.persist = !move->transient;
      call->transfer.paused = move->paused;
      backend->vtable->call (conn, call, &error);
      if (move->conn == NULL)
        backend->vtable->close (conn);
    }
  move->code = code_of (error);
  move->error_code = error != NULL ? (MigrateError) error->code : 0;
  move->ended_at = backend->vtable->now (backend);
  move->returned = TRUE;
}

static void
start_move (Move *move)
{
  if (move->guest == NULL)
    move->guest = "g0";
  if (move->from == NULL)
    move->from = "h1";
  if (move->to == NULL)
    move->to = "h2";
  cr_assert (backend->vtable->start_thread (backend, "move", run_move, move, NULL));
}

static void
assert_world (const char *guest, const char *expected)
{
  cr_assert_str_eq (sim_world_describe (world, guest), expected);
}

static void
assert_violations (guint n)
{
  GPtrArray *list = sim_world_get_violations (world);

  cr_assert_eq (list->len, n, "%u violations, first: %s", list->len,
                list->len > 0 ? (char *) g_ptr_array_index (list, 0) : "-");
}

/* ---- the happy path ---- */

Test (sim, moves_peer_to_peer)
{
  gint64 begun = g_get_monotonic_time ();
  Move move = { 0 };
  guint64 before;

  add_guest ("g0", 4096 * MIB, 20 * MIB, 256 * MIB);
  sim_world_sleep (world, 1000);
  before = sim_world_get_domain (world, "h1", "g0").counter;
  cr_assert_geq (before, 1000);
  start_move (&move);
  sim_world_sleep (world, 120000);
  cr_assert (move.returned);
  cr_assert_eq (move.code, 0);
  assert_world ("g0", "h1: - | h2: running (migrated) persistent");
  assert_violations (0);
  /* The guest's own time: the same copy went on, with a gap of the downtime. */
  cr_assert_gt (sim_world_get_domain (world, "h2", "g0").counter, before + 100000);
  cr_assert_lt (sim_world_get_domain (world, "h2", "g0").counter, 121000 - 70);
  cr_assert_eq (sim_world_get_domain (world, "h2", "g0").boots, 1);
  /* 4 GiB at 125 MB/s are 34 s of the world's time, and nothing of ours. */
  cr_assert_gt (move.ended_at, 30 * G_USEC_PER_SEC);
  cr_assert_lt (g_get_monotonic_time () - begun, G_USEC_PER_SEC);
}

Test (sim, reports_statistics)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");
  g_autoptr (MigrateCall) completed = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");
  MigrateConn *source, *destination;
  Move move = { 0 };

  add_guest ("g0", 1250000000, 0, 0);
  source = open_host ("h1");
  destination = open_host ("h2");
  cr_assert_eq (ask (source, call), 0);
  cr_assert_eq (call->stats.type, MIGRATE_JOB_NONE);

  start_move (&move);
  sim_world_sleep (world, 5000);
  cr_assert_eq (ask (source, call), 0);
  cr_assert_eq (call->stats.type, MIGRATE_JOB_ACTIVE);
  cr_assert (call->stats.outgoing);
  cr_assert_eq (call->stats.memory_total, 1250000000);
  cr_assert_eq (call->stats.memory_processed + call->stats.memory_remaining, 1250000000);
  cr_assert_geq (call->stats.memory_processed, 550000000);
  cr_assert_leq (call->stats.memory_processed, 650000000);
  cr_assert_eq (call->stats.memory_bps, 125000000);
  cr_assert_eq (call->stats.pass, 1);
  cr_assert_eq (ask (destination, call), 55); /* only the source has them */

  sim_world_sleep (world, 20000);
  cr_assert (move.returned);
  cr_assert_eq (ask (source, call), 42);
  completed->value = 1;
  cr_assert_eq (ask (destination, completed), 0);
  cr_assert_eq (completed->stats.type, MIGRATE_JOB_COMPLETED);
  cr_assert (completed->stats.has_downtime);
  /* 300 ms were allowed; the switch-over costs its own time on top. */
  cr_assert_geq (completed->stats.downtime_ms, 300);
  cr_assert_leq (completed->stats.downtime_ms, 400);
  close_host (source);
  close_host (destination);
}

Test (sim, converges_when_the_limit_is_raised)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");
  MigrateConn *source;
  Move move = { 0 };

  add_guest ("g0", 1024 * MIB, 200 * MIB, 256 * MIB);
  source = open_host ("h1");
  start_move (&move);
  sim_world_sleep (world, 600000);
  cr_assert_not (move.returned);
  cr_assert_eq (ask (source, call), 0);
  cr_assert_gt (call->stats.pass, 10);
  cr_assert_eq (call->stats.dirty_rate, 200 * MIB);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SET_DOWNTIME, "g0", 3000), 0);
  sim_world_sleep (world, 10000);
  cr_assert (move.returned);
  cr_assert_eq (move.code, 0);
  assert_world ("g0", "h1: - | h2: running (migrated) persistent");
  close_host (source);
}

Test (sim, converges_with_more_bandwidth)
{
  Move move = { 0 };

  add_guest ("g0", 512 * MIB, 40 * MIB, 256 * MIB);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SET_BANDWIDTH, "g0", 32), 0);
  start_move (&move);
  sim_world_sleep (world, 300000);
  cr_assert_not (move.returned);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SET_BANDWIDTH, "g0", 1000), 0);
  sim_world_sleep (world, 30000);
  cr_assert (move.returned);
  cr_assert_eq (move.code, 0);
}

Test (sim, aborts)
{
  Move move = { 0 };

  add_guest ("g0", 4096 * MIB, 0, 0);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_ABORT, "g0", 0), 55);
  start_move (&move);
  sim_world_sleep (world, 5000);
  assert_world ("g0", "h1: running (booted) persistent job | h2: paused (migrating) job");
  cr_assert_eq (tell ("h2", MIGRATE_CALL_ABORT, "g0", 0), 55);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_ABORT, "g0", 0), 0);
  cr_assert_not (move.returned); /* it is only asked for */
  sim_world_sleep (world, 1000);
  cr_assert (move.returned);
  cr_assert_eq (move.code, 78);
  assert_world ("g0", "h1: running (booted) persistent | h2: -");
}

Test (sim, moves_there_and_back)
{
  Move there = { 0 }, back = { .from = "h2", .to = "h1" };

  add_guest ("g0", 64 * MIB, 0, 0);
  start_move (&there);
  sim_world_sleep (world, 5000);
  start_move (&back);
  sim_world_sleep (world, 5000);
  assert_world ("g0", "h1: running (migrated) persistent | h2: -");
  assert_violations (0);
}

/* ---- who arrives how ---- */

Test (sim, transient_source_vanishes)
{
  Move move = { .transient = TRUE };

  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .transient = TRUE });
  start_move (&move);
  sim_world_sleep (world, 5000);
  cr_assert_eq (move.code, 0);
  assert_world ("g0", "h1: - | h2: running (migrated)");
}

Test (sim, definition_stays_without_persist)
{
  Move move = { .transient = TRUE };

  add_guest ("g0", 64 * MIB, 0, 0);
  start_move (&move);
  sim_world_sleep (world, 5000);
  assert_world ("g0", "h1: shut off (migrated) persistent | h2: running (migrated)");
}

Test (sim, autostart_does_not_travel)
{
  Move move = { 0 };

  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .autostart = TRUE });
  assert_world ("g0", "h1: running (booted) persistent autostart | h2: -");
  start_move (&move);
  sim_world_sleep (world, 5000);
  assert_world ("g0", "h1: - | h2: running (migrated) persistent");
}

Test (sim, arrives_paused_when_asked)
{
  Move move = { .paused = TRUE };

  add_guest ("g0", 64 * MIB, 0, 0);
  start_move (&move);
  sim_world_sleep (world, 5000);
  assert_world ("g0", "h1: - | h2: paused (user) persistent");
  cr_assert_eq (tell ("h2", MIGRATE_CALL_RESUME, "g0", 0), 0);
  assert_world ("g0", "h1: - | h2: running (unpaused) persistent");
  assert_violations (0);
}

Test (sim, guest_paused_by_its_user_arrives_paused)
{
  Move move = { 0 };

  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0", .state = MIGRATE_DOMAIN_PAUSED });
  start_move (&move);
  sim_world_sleep (world, 5000);
  cr_assert_eq (move.code, 0);
  assert_world ("g0", "h1: - | h2: paused (user) persistent");
}

Test (sim, guest_suspended_in_mid_copy_is_resumed)
{
  Move move = { 0 };

  add_guest ("g0", 1024 * MIB, 200 * MIB, 512 * MIB);
  start_move (&move);
  sim_world_sleep (world, 5000);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SUSPEND, "g0", 0), 0);
  assert_world ("g0", "h1: paused (migrating) persistent job | h2: paused (migrating) job");
  sim_world_sleep (world, 30000);
  assert_world ("g0", "h1: - | h2: running (migrated) persistent");
}

Test (sim, guest_suspended_in_mid_copy_is_resumed_by_abort)
{
  Move move = { 0 };

  add_guest ("g0", 4096 * MIB, 200 * MIB, 512 * MIB);
  start_move (&move);
  sim_world_sleep (world, 5000);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SUSPEND, "g0", 0), 0);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_ABORT, "g0", 0), 0);
  sim_world_sleep (world, 1000);
  cr_assert_eq (move.code, 78);
  assert_world ("g0", "h1: running (migration canceled) persistent | h2: -");
}

/* ---- failure × phase ---- */

#define P2P MIGRATE_TRANSPORT_P2P
#define DIRECT MIGRATE_TRANSPORT_DIRECT
#define TUNNELLED MIGRATE_TRANSPORT_TUNNELLED
#define OPEN (-1) /* the call has not returned */

typedef struct
{
  const char *label;
  MigrateTransport transport;
  SimAt when;
  guint arg;
  SimAction actions[3];
  guint after_ms; /* of the beginning */
  int code;
  const char *expected;
  guint violations;
} Row;

/* A move of 1 GiB: Perform begins at 0.36 s, the switch-over is at 8.6 s. */
static const Row rows[] = {
  /* client */
  { "direct, client killed before Perform",
    DIRECT,
    SIM_AT_PREPARE,
    0,
    { { SIM_KILL_CLIENT } },
    20000,
    OPEN,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "direct, client killed in Perform",
    DIRECT,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_CLIENT } },
    20000,
    OPEN,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "direct, client killed between Perform and Finish",
    DIRECT,
    SIM_AT_PERFORMED,
    0,
    { { SIM_KILL_CLIENT } },
    20000,
    OPEN,
    "h1: paused (migrating) persistent | h2: -",
    0 },
  { "direct, client killed between Finish and Confirm",
    DIRECT,
    SIM_AT_STARTED,
    0,
    { { SIM_KILL_CLIENT } },
    20000,
    OPEN,
    "h1: paused (migrating) persistent | h2: running (migrated) persistent",
    0 },
  { "p2p, client killed: it goes on",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_CLIENT } },
    20000,
    0,
    "h1: - | h2: running (migrated) persistent",
    0 },

  /* QEMU */
  { "source QEMU killed",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_QEMU, .host = "h1" } },
    20000,
    9,
    "h1: shut off (crashed) persistent | h2: -",
    0 },
  { "source QEMU killed, direct",
    DIRECT,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_QEMU, .host = "h1" } },
    20000,
    9,
    "h1: shut off (crashed) persistent | h2: -",
    0 },
  { "source QEMU hung",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_HANG_QEMU, .host = "h1" } },
    600000,
    OPEN,
    "h1: running (booted) persistent job | h2: paused (migrating) job",
    0 },
  { "source QEMU hung and released",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_HANG_QEMU, .host = "h1" }, { SIM_UNHANG_QEMU, .host = "h1", .after_ms = 60000 } },
    90000,
    0,
    "h1: - | h2: running (migrated) persistent",
    0 },
  { "destination QEMU killed",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_QEMU, .host = "h2" } },
    20000,
    9,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "destination QEMU killed in Prepare",
    P2P,
    SIM_AT_PREPARE,
    0,
    { { SIM_KILL_QEMU, .host = "h2", .guest = "g0", .after_ms = 100 } },
    20000,
    1,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "destination QEMU killed in the switch-over",
    P2P,
    SIM_AT_SWITCH,
    0,
    { { SIM_KILL_QEMU, .host = "h2" } },
    20000,
    9,
    "h1: running (migration canceled) persistent | h2: -",
    0 },
  { "destination QEMU killed in Finish",
    P2P,
    SIM_AT_FINISH,
    0,
    { { SIM_KILL_QEMU, .host = "h2" } },
    20000,
    9,
    "h1: running (migration canceled) persistent | h2: shut off (failed) persistent",
    0 },
  { "destination QEMU hung",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_HANG_QEMU, .host = "h2" } },
    600000,
    OPEN,
    "h1: running (booted) persistent job | h2: paused (migrating) job",
    0 },

  /* source libvirtd */
  { "source libvirtd killed in Perform",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_LIBVIRTD, .host = "h1" } },
    10000,
    38,
    "h1: running (booted) persistent job | h2: -",
    0 },
  { "source libvirtd killed in Perform, back",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_LIBVIRTD, .host = "h1" }, { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 5000 } },
    20000,
    38,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "source libvirtd killed in Perform, back, direct",
    DIRECT,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_LIBVIRTD, .host = "h1" }, { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 5000 } },
    20000,
    38,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "source libvirtd killed at pre-switchover",
    P2P,
    SIM_AT_SWITCH,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h1" } },
    60000,
    38,
    "h1: paused (migrating) persistent job | h2: -",
    0 },
  { "source libvirtd killed at pre-switchover, back",
    P2P,
    SIM_AT_SWITCH,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h1" }, { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 5000 } },
    60000,
    38,
    "h1: running (migration canceled) persistent | h2: -",
    0 },
  { "source libvirtd hung at pre-switchover, 10 s",
    P2P,
    SIM_AT_SWITCH,
    0,
    { { SIM_HANG_LIBVIRTD, .host = "h1" } },
    18000,
    OPEN,
    "h1: paused (migrating) persistent job | h2: paused (migrating) job",
    0 },
  { "source libvirtd hung at pre-switchover, 50 s",
    P2P,
    SIM_AT_SWITCH,
    0,
    { { SIM_HANG_LIBVIRTD, .host = "h1" } },
    60000,
    OPEN,
    "h1: paused (migrating) persistent job | h2: -",
    0 },
  { "source libvirtd hung at pre-switchover, back",
    P2P,
    SIM_AT_SWITCH,
    0,
    { { SIM_HANG_LIBVIRTD, .host = "h1" },
      { SIM_UNHANG_LIBVIRTD, .host = "h1", .after_ms = 50000 } },
    80000,
    9,
    "h1: running (migration canceled) persistent | h2: -",
    0 },
  { "source libvirtd hung for 10 s only",
    P2P,
    SIM_AT_SWITCH,
    0,
    { { SIM_HANG_LIBVIRTD, .host = "h1" },
      { SIM_UNHANG_LIBVIRTD, .host = "h1", .after_ms = 10000 } },
    80000,
    0,
    "h1: - | h2: running (migrated) persistent",
    0 },
  { "source libvirtd killed at Finish's reply, back",
    P2P,
    SIM_AT_CONFIRM,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h1" }, { SIM_START_LIBVIRTD, .host = "h1", .after_ms = 5000 } },
    60000,
    38,
    "h1: paused (migrating) persistent | h2: running (migrated) persistent",
    0 },

  /* destination libvirtd */
  { "destination libvirtd killed in Prepare, back",
    P2P,
    SIM_AT_PREPARE,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h2", .after_ms = 100 },
      { SIM_START_LIBVIRTD, .host = "h2", .after_ms = 5000 } },
    20000,
    1,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "destination libvirtd killed in Perform",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_LIBVIRTD, .host = "h2" } },
    20000,
    1,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "destination libvirtd killed in Perform, direct",
    DIRECT,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_LIBVIRTD, .host = "h2" } },
    20000,
    1,
    "h1: running (migration canceled) persistent | h2: paused (migrating) job",
    0 },
  { "destination libvirtd killed in Perform, direct, back",
    DIRECT,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_LIBVIRTD, .host = "h2" },
      { SIM_START_LIBVIRTD, .host = "h2", .after_ms = 30000 } },
    60000,
    1,
    "h1: running (migration canceled) persistent | h2: -",
    0 },
  { "destination libvirtd killed before its CPUs start, back",
    P2P,
    SIM_AT_FINISH,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h2" }, { SIM_START_LIBVIRTD, .host = "h2", .after_ms = 5000 } },
    20000,
    1,
    "h1: running (migration canceled) persistent | h2: shut off (failed) persistent",
    0 },
  { "destination libvirtd killed after Finish: two copies",
    P2P,
    SIM_AT_STARTED,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h2" } },
    20000,
    1,
    "h1: running (migration canceled) persistent | h2: running (migrated) persistent job",
    1 },

  { "destination libvirtd killed when its reply has arrived",
    P2P,
    SIM_AT_CONFIRM,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h2" } },
    20000,
    0,
    "h1: - | h2: running (migrated) persistent",
    0 },

  /* links */
  { "network cut in Perform, 10 s",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_CUT_LINK, .host = "h1", .peer = "h2" } },
    14000,
    OPEN,
    "h1: running (booted) persistent job | h2: paused (migrating) job",
    0 },
  { "network cut in Perform, 30 s",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_CUT_LINK, .host = "h1", .peer = "h2" } },
    40000,
    1,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "network cut for 10 s only",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_CUT_LINK, .host = "h1", .peer = "h2" },
      { SIM_RESTORE_LINK, .host = "h1", .peer = "h2", .after_ms = 10000 } },
    40000,
    0,
    "h1: - | h2: running (migrated) persistent",
    0 },
  { "daemons' link cut in Perform",
    P2P,
    SIM_AT_PERFORM,
    0,
    { { SIM_CUT_DAEMONS, .host = "h1", .peer = "h2" } },
    60000,
    1,
    "h1: running (migration canceled) persistent | h2: -",
    0 },
  { "data path cut",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_CUT_DATA, .host = "h1", .peer = "h2" } },
    600000,
    OPEN,
    "h1: running (booted) persistent job | h2: paused (migrating) job",
    0 },
  { "data path cut before the start",
    P2P,
    SIM_AT_BEGIN,
    0,
    { { SIM_CUT_DATA, .host = "h1", .peer = "h2" } },
    20000,
    9,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "network cut before the daemons are connected",
    P2P,
    SIM_AT_BEGIN,
    0,
    { { SIM_CUT_LINK, .host = "h1", .peer = "h2" } },
    20000,
    9,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "tunnelled, daemons' link cut",
    TUNNELLED,
    SIM_AT_PERFORM,
    50,
    { { SIM_CUT_DAEMONS, .host = "h1", .peer = "h2" } },
    60000,
    1,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "network cut after Finish: two copies",
    P2P,
    SIM_AT_FINISH,
    0,
    { { SIM_CUT_LINK, .host = "h1", .peer = "h2" } },
    60000,
    1,
    "h1: running (migration canceled) persistent | h2: running (migrated) persistent",
    1 },

  /* hosts */
  { "source loses power in Perform",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_HOST, .host = "h1" } },
    60000,
    OPEN,
    "h1: shut off (unknown) persistent | h2: -",
    0 },
  { "destination loses power in Perform",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_KILL_HOST, .host = "h2" } },
    60000,
    1,
    "h1: running (booted) persistent | h2: -",
    0 },

  /* refusals */
  { "Prepare refuses",
    P2P,
    SIM_AT_BEGIN,
    0,
    { { SIM_REFUSE_PREPARE, .host = "h2", .text = "no such bridge" } },
    20000,
    9,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "the definition cannot be saved",
    P2P,
    SIM_AT_BEGIN,
    0,
    { { SIM_FAIL_PERSIST, .host = "h2" } },
    20000,
    9,
    "h1: running (migration canceled) persistent | h2: -",
    0 },
  { "destination libvirtd is down",
    P2P,
    SIM_AT_BEGIN,
    0,
    { { SIM_KILL_LIBVIRTD, .host = "h2" } },
    20000,
    9,
    "h1: running (booted) persistent | h2: -",
    0 },
  { "destination libvirtd never answers",
    P2P,
    SIM_AT_BEGIN,
    0,
    { { SIM_WEDGE, .host = "h2" } },
    600000,
    OPEN,
    "h1: running (booted) persistent job | h2: -",
    0 },

  /* the guest itself */
  { "guest powers off",
    P2P,
    SIM_AT_PERFORM,
    50,
    { { SIM_POWER_OFF } },
    20000,
    9,
    "h1: shut off (shutdown) persistent | h2: -",
    0 },
  { "guest powers off just after the move",
    P2P,
    SIM_AT_CONFIRM,
    0,
    { { SIM_POWER_OFF } },
    20000,
    0,
    "h1: - | h2: shut off (shutdown) persistent",
    0 },
};

ParameterizedTestParameters (sim, leaves_behind)
{
  static size_t indices[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indices[i] = i;
  return cr_make_param_array (size_t, indices, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, sim, leaves_behind)
{
  const Row *row = &rows[*index];
  Move move = { .transport = row->transport };
  GPtrArray *violations = sim_world_get_violations (world);

  add_guest ("g0", 1024 * MIB, 8 * MIB, 64 * MIB);
  for (guint i = 0; i < G_N_ELEMENTS (row->actions); i++)
    if (i == 0 || row->actions[i].host != NULL)
      sim_world_at (world, row->when, row->arg, &row->actions[i]);
  start_move (&move);
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
  cr_assert_eq (violations->len, row->violations, "%s: %u violations", row->label, violations->len);
}

/* ---- messages that are lost ---- */

static const struct
{
  const char *label;
  MigrateTransport transport;
  SimMessage message;
  guint after_ms;
  int code;
  const char *expected;
  guint violations;
} losses[] = {
  { "p2p, Prepare", P2P, SIM_MSG_PREPARE, 40000, 1, "h1: running (booted) persistent | h2: -", 0 },
  { "p2p, Prepare's reply", P2P, SIM_MSG_PREPARE_REPLY, 40000, 1,
    "h1: running (booted) persistent | h2: -", 0 },
  { "p2p, Finish", P2P, SIM_MSG_FINISH, 40000, 1,
    "h1: running (migration canceled) persistent | h2: -", 0 },
  { "p2p, Finish's reply, before libvirt notices", P2P, SIM_MSG_FINISH_REPLY, 20000, OPEN,
    "h1: paused (migrating) persistent job | h2: running (migrated) persistent", 0 },
  { "p2p, Finish's reply", P2P, SIM_MSG_FINISH_REPLY, 40000, 1,
    "h1: running (migration canceled) persistent | h2: running (migrated) persistent", 1 },
  { "direct, Begin's reply", DIRECT, SIM_MSG_BEGIN_REPLY, 40000, 38,
    "h1: running (booted) persistent | h2: -", 0 },
  { "direct, Prepare's reply", DIRECT, SIM_MSG_PREPARE_REPLY, 40000, 1,
    "h1: running (booted) persistent | h2: -", 0 },
  { "direct, Perform", DIRECT, SIM_MSG_PERFORM, 40000, 38,
    "h1: running (booted) persistent | h2: -", 0 },
  { "direct, Perform's reply", DIRECT, SIM_MSG_PERFORM_REPLY, 50000, 38,
    "h1: paused (migrating) persistent | h2: -", 0 },
  { "direct, Finish's reply", DIRECT, SIM_MSG_FINISH_REPLY, 50000, 1,
    "h1: running (migration canceled) persistent | h2: running (migrated) persistent", 1 },
  { "direct, Confirm", DIRECT, SIM_MSG_CONFIRM, 50000, 0,
    "h1: paused (migrating) persistent | h2: running (migrated) persistent", 0 },
};

ParameterizedTestParameters (sim, loses_messages)
{
  static size_t indices[G_N_ELEMENTS (losses)];

  for (size_t i = 0; i < G_N_ELEMENTS (losses); i++)
    indices[i] = i;
  return cr_make_param_array (size_t, indices, G_N_ELEMENTS (losses));
}

ParameterizedTest (size_t *index, sim, loses_messages)
{
  Move move = { .transport = losses[*index].transport };
  const char *label = losses[*index].label;

  add_guest ("g0", 512 * MIB, 8 * MIB, 64 * MIB);
  sim_world_set_keepalive (world, 29000);
  sim_world_lose (world, losses[*index].message, 1);
  start_move (&move);
  sim_world_sleep (world, losses[*index].after_ms);
  cr_assert_str_eq (sim_world_describe (world, "g0"), losses[*index].expected, "%s: %s", label,
                    sim_world_describe (world, "g0"));
  cr_assert_eq (move.returned, losses[*index].code != OPEN, "%s", label);
  if (move.returned)
    cr_assert_eq (move.code, losses[*index].code, "%s: code %d", label, move.code);
  cr_assert_eq (sim_world_get_violations (world)->len, losses[*index].violations, "%s", label);
}

/* ---- one copy ---- */

/* experiments.md 1: the remedy, within the 29 s. */
Test (sim, destroying_the_source_half_prevents_two_copies)
{
  Move move = { 0 };

  add_guest ("g0", 512 * MIB, 8 * MIB, 64 * MIB);
  sim_world_lose (world, SIM_MSG_FINISH_REPLY, 1);
  start_move (&move);
  sim_world_sleep (world, 10000);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DESTROY, "g0", 0), 0);
  assert_world ("g0",
                "h1: shut off (destroyed) persistent job | h2: running (migrated) persistent");
  /* It waits for the lock that the transfer holds until it sees that its peer is gone. */
  cr_assert_eq (tell ("h1", MIGRATE_CALL_UNDEFINE, "g0", 0), 0);
  assert_world ("g0", "h1: - | h2: running (migrated) persistent");
  cr_assert_gt (sim_world_get_now (world), 25 * G_USEC_PER_SEC);
  sim_world_sleep (world, 1000);
  cr_assert (move.returned);
  cr_assert_neq (move.code, 0);
  assert_violations (0);
}

Test (sim, two_copies_are_noticed)
{
  GPtrArray *violations;

  add_guest ("g0", 64 * MIB, 0, 0);
  sim_world_lose (world, SIM_MSG_FINISH_REPLY, 1);
  start_move (&(Move){ 0 });
  sim_world_sleep (world, 60000);
  violations = sim_world_get_violations (world);
  cr_assert_eq (violations->len, 1);
  cr_assert_str_eq (g_ptr_array_index (violations, 0), "split: g0 runs on h1 h2");
}

/* The mistake that recover must not make. */
Test (sim, stale_copy_is_noticed)
{
  add_guest ("g0", 64 * MIB, 0, 0);
  sim_world_at (world, SIM_AT_CONFIRM, 0, &(SimAction){ SIM_KILL_LIBVIRTD, .host = "h1" });
  sim_world_at (world, SIM_AT_CONFIRM, 0,
                &(SimAction){ SIM_START_LIBVIRTD, .host = "h1", .after_ms = 1000 });
  start_move (&(Move){ 0 });
  sim_world_sleep (world, 10000);
  assert_world ("g0", "h1: paused (migrating) persistent | h2: running (migrated) persistent");
  cr_assert_eq (tell ("h2", MIGRATE_CALL_DESTROY, "g0", 0), 0);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_RESUME, "g0", 0), 0);
  cr_assert_eq (sim_world_get_violations (world)->len, 1);
  cr_assert (g_str_has_prefix (g_ptr_array_index (sim_world_get_violations (world), 0), "stale"));
}

/* experiments.md 2 */
Test (sim, reboot_at_the_hand_over_starts_a_second_copy)
{
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .autostart = TRUE });
  sim_world_at (world, SIM_AT_CONFIRM, 0, &(SimAction){ SIM_KILL_HOST, .host = "h1" });
  sim_world_at (world, SIM_AT_CONFIRM, 0,
                &(SimAction){ SIM_START_HOST, .host = "h1", .after_ms = 60000 });
  start_move (&(Move){ 0 });
  sim_world_sleep (world, 30000);
  assert_violations (0);
  sim_world_sleep (world, 60000);
  assert_world ("g0", "h1: running (booted) persistent autostart | "
                      "h2: running (migrated) persistent");
  assert_violations (1);
}

/* ---- monitors, locks and limits ---- */

Test (sim, hung_destination_holds_an_abort_until_it_is_destroyed)
{
  g_autoptr (MigrateCall) stats = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");
  MigrateConn *source;
  Move move = { 0 };
  gint64 begun;

  add_guest ("g0", 1024 * MIB, 0, 0);
  sim_world_at (world, SIM_AT_PERFORM, 50, &(SimAction){ SIM_HANG_QEMU, .host = "h2" });
  start_move (&move);
  sim_world_sleep (world, 60000);
  source = open_host ("h1");
  cr_assert_eq (ask (source, stats), 0);
  cr_assert_eq (stats->stats.memory_bps, 0);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_ABORT, "g0", 0), 0);
  sim_world_sleep (world, 60000);
  cr_assert_eq (ask (source, stats), 0);
  cr_assert_eq (stats->stats.type, MIGRATE_JOB_CANCELLED);
  cr_assert_not (move.returned);
  begun = sim_world_get_now (world);
  cr_assert_eq (tell ("h2", MIGRATE_CALL_DESTROY, "g0", 0), 0);
  cr_assert_gt (sim_world_get_now (world) - begun, 11 * G_USEC_PER_SEC);
  sim_world_sleep (world, 1000);
  cr_assert_eq (move.code, 78);
  assert_world ("g0", "h1: running (booted) persistent | h2: -");
  close_host (source);
}

static void
ask_stats (gpointer data, gpointer unused)
{
  *(int *) data = tell ("h1", MIGRATE_CALL_JOB_STATS, "g0", 0);
}

Test (sim, hung_monitor)
{
  g_autoptr (MigrateCall) state = _migrate_call_new (MIGRATE_CALL_DOMAIN_STATE, "g0");
  g_autoptr (MigrateCall) control = _migrate_call_new (MIGRATE_CALL_CONTROL_INFO, "g0");
  MigrateConn *conn;
  int stats = OPEN;
  gint64 begun;

  add_guest ("g0", 64 * MIB, 0, 0);
  conn = open_host ("h1");
  sim_world_do (world, &(SimAction){ SIM_HANG_QEMU, .host = "h1", .guest = "g0" });
  backend->vtable->start_thread (backend, "stats", ask_stats, &stats, NULL);
  sim_world_sleep (world, 10000);
  cr_assert_eq (stats, OPEN);
  cr_assert_eq (ask (conn, state), 0);
  cr_assert_eq (state->domain.state, MIGRATE_DOMAIN_RUNNING);
  cr_assert_eq (ask (conn, control), 0);
  cr_assert_geq (control->value_out, 9000);
  begun = sim_world_get_now (world);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SET_AUTOSTART, "g0", 1), 68);
  cr_assert_geq (sim_world_get_now (world) - begun, 30 * G_USEC_PER_SEC);
  sim_world_do (world, &(SimAction){ SIM_UNHANG_QEMU, .host = "h1", .guest = "g0" });
  sim_world_sleep (world, 1000);
  cr_assert_eq (stats, 0);
  close_host (conn);
}

static const struct
{
  const char *label;
  const char *host;
  MigrateCallKind kind;
  int code;
} in_mid_copy[] = {
  { "state, source", "h1", MIGRATE_CALL_DOMAIN_STATE, 0 },
  { "XML, source", "h1", MIGRATE_CALL_DOMAIN_XML, 0 },
  { "resume, source", "h1", MIGRATE_CALL_RESUME, 68 },
  { "undefine, source", "h1", MIGRATE_CALL_UNDEFINE, 68 },
  { "autostart, source", "h1", MIGRATE_CALL_SET_AUTOSTART, 68 },
  { "another transfer, source", "h1", MIGRATE_CALL_TRANSFER, 68 },
  { "downtime, source", "h1", MIGRATE_CALL_SET_DOWNTIME, 0 },
  { "state, destination", "h2", MIGRATE_CALL_DOMAIN_STATE, 0 },
  { "statistics, destination", "h2", MIGRATE_CALL_JOB_STATS, 55 },
  { "abort, destination", "h2", MIGRATE_CALL_ABORT, 55 },
  { "resume, destination", "h2", MIGRATE_CALL_RESUME, 68 },
  { "suspend, destination", "h2", MIGRATE_CALL_SUSPEND, 68 },
  { "undefine, destination", "h2", MIGRATE_CALL_UNDEFINE, 68 },
  { "destroy, destination", "h2", MIGRATE_CALL_DESTROY, 0 },
  { "destroy, source", "h1", MIGRATE_CALL_DESTROY, 0 },
};

ParameterizedTestParameters (sim, job_mask)
{
  static size_t indices[G_N_ELEMENTS (in_mid_copy)];

  for (size_t i = 0; i < G_N_ELEMENTS (in_mid_copy); i++)
    indices[i] = i;
  return cr_make_param_array (size_t, indices, G_N_ELEMENTS (in_mid_copy));
}

ParameterizedTest (size_t *index, sim, job_mask)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (in_mid_copy[*index].kind, "g0");
  MigrateConn *conn;
  int code;

  add_guest ("g0", 1024 * MIB, 200 * MIB, 0);
  start_move (&(Move){ 0 });
  sim_world_sleep (world, 5000);
  conn = open_host (in_mid_copy[*index].host);
  call->transfer.peer_uri = g_strdup ("sim://w/h2");
  call->value = 30;
  code = ask (conn, call);
  cr_assert_eq (code, in_mid_copy[*index].code, "%s: %d", in_mid_copy[*index].label, code);
  close_host (conn);
}

/* libvirt.md 0.1 */
Test (sim, five_blocked_calls_kill_a_connection)
{
  Move moves[5];
  MigrateConn *conn;

  conn = open_host ("h1");
  for (guint i = 0; i < 5; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);

      add_guest (name, 16384 * MIB, 0, 0);
      moves[i] = (Move){ .guest = g_intern_string (name), .conn = conn };
      start_move (&moves[i]);
    }
  sim_world_sleep (world, 1000);
  cr_assert_eq (ask (conn, _migrate_call_new (MIGRATE_CALL_DOMAIN_STATE, "g0")), 38);
  sim_world_sleep (world, 1000);
  for (guint i = 0; i < 5; i++)
    {
      cr_assert (moves[i].returned);
      cr_assert_eq (moves[i].code, 38);
      cr_assert_eq (moves[i].error_code, MIGRATE_ERROR_UNREACHABLE);
    }
  cr_assert_not (backend->vtable->is_alive (conn));
  cr_assert_eq (sim_world_count_transfers (world), 5); /* and go on unattended */
  sim_world_sleep (world, 1200000);
  cr_assert_eq (sim_world_count_transfers (world), 0);
  for (guint i = 0; i < 5; i++)
    cr_assert_str_eq (sim_world_describe (world, moves[i].guest),
                      "h1: - | h2: running (migrated) persistent");
  close_host (conn);
}

/* libvirt.md 0.2: with all workers busy only priority calls are served. */
Test (sim, twenty_transfers_starve_a_daemon)
{
  Move moves[20];
  int stats = OPEN;

  for (guint i = 0; i < 20; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);

      add_guest (name, 1024 * MIB, 0, 0);
      moves[i] = (Move){ .guest = g_intern_string (name) };
      start_move (&moves[i]);
    }
  sim_world_sleep (world, 10000);
  backend->vtable->start_thread (backend, "stats", ask_stats, &stats, NULL);
  sim_world_sleep (world, 60000);
  cr_assert_eq (stats, OPEN);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DOMAIN_STATE, "g0", 0), 0);
  sim_world_sleep (world, 600000);
  cr_assert_neq (stats, OPEN);
}

Test (sim, hosts_that_cannot_be_reached)
{
  g_autoptr (GError) error = NULL;
  MigrateBackend *nowhere = _migrate_backend_for_uri ("sim://elsewhere/h1");
  gint64 begun = sim_world_get_now (world);

  cr_assert_null (nowhere->vtable->open (nowhere, "sim://elsewhere/h1", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE));
  cr_assert_eq (code_of (error), 38);
  g_clear_error (&error);
  cr_assert_null (backend->vtable->open (backend, "sim://w/h9", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE));
  g_clear_error (&error);
  sim_world_do (world, &(SimAction){ SIM_KILL_LIBVIRTD, .host = "h1" });
  cr_assert_null (backend->vtable->open (backend, "sim://w/h1", &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE));
  g_clear_error (&error);
  cr_assert_lt (sim_world_get_now (world) - begun, G_USEC_PER_SEC);
  sim_world_do (world, &(SimAction){ SIM_KILL_HOST, .host = "h1" });
  cr_assert_null (backend->vtable->open (backend, "sim://w/h1", &error));
  cr_assert_gt (sim_world_get_now (world) - begun, 2 * G_USEC_PER_SEC);
}

Test (sim, connection_breaks_with_its_daemon)
{
  MigrateConn *conn;

  add_guest ("g0", 64 * MIB, 0, 0);
  conn = open_host ("h1");
  cr_assert (backend->vtable->is_alive (conn));
  sim_world_do (world, &(SimAction){ SIM_KILL_LIBVIRTD, .host = "h1" });
  cr_assert_not (backend->vtable->is_alive (conn));
  sim_world_do (world, &(SimAction){ SIM_START_LIBVIRTD, .host = "h1" });
  cr_assert_not (backend->vtable->is_alive (conn));
  cr_assert_eq (ask (conn, _migrate_call_new (MIGRATE_CALL_DOMAIN_STATE, "g0")), 38);
  close_host (conn);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DOMAIN_STATE, "g0", 0), 0);
}

Test (sim, keepalive_ends_calls_to_a_silent_host)
{
  MigrateConn *conn;
  gint64 begun;

  add_guest ("g0", 64 * MIB, 0, 0);
  conn = open_host ("h1");
  sim_world_set_keepalive (world, 30000);
  sim_world_do (world, &(SimAction){ SIM_CUT_CONTROL, .host = "h1" });
  begun = sim_world_get_now (world);
  cr_assert_eq (ask (conn, _migrate_call_new (MIGRATE_CALL_DOMAIN_STATE, "g0")), 38);
  cr_assert_geq (sim_world_get_now (world) - begun, 30 * G_USEC_PER_SEC);
  cr_assert_not (backend->vtable->is_alive (conn));
  sim_world_do (world, &(SimAction){ SIM_RESTORE_CONTROL, .host = "h1" });
  close_host (conn);
}

Test (sim, same_host_and_clashes_are_refused)
{
  Move same = { .to = "h1" }, active = { 0 }, clash = { .guest = "g1" };

  add_guest ("g0", 64 * MIB, 0, 0);
  add_guest ("g1", 64 * MIB, 0, 0);
  start_move (&same);
  sim_world_sleep (world, 5000);
  cr_assert_eq (same.code, 1);
  cr_assert_eq (same.error_code, MIGRATE_ERROR_INVALID);
  sim_world_add_guest (world, "h2", &(SimGuestSpec){ .name = "g0" });
  start_move (&active);
  sim_world_sleep (world, 5000);
  cr_assert_eq (active.code, 55);
  sim_world_add_guest (world, "h2",
                       &(SimGuestSpec){ .name = "g1",
                                        .uuid = "11111111-2222-3333-4444-555555555555",
                                        .state = MIGRATE_DOMAIN_SHUTOFF });
  start_move (&clash);
  sim_world_sleep (world, 5000);
  cr_assert_eq (clash.code, 9);
}

/* ---- calls that fail ---- */

Test (sim, fails_the_nth_call)
{
  add_guest ("g0", 64 * MIB, 0, 0);
  sim_world_fail_call (world, "domain-state:h1", 2, 9);
  sim_world_fail_call (world, "*", 8, 68);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DOMAIN_STATE, "g0", 0), 0); /* calls 1 and 2 */
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DOMAIN_STATE, "g0", 0), 9);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DOMAIN_STATE, "g0", 0), 0);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_DOMAIN_STATE, "g0", 0), 68);
  cr_assert_eq (sim_world_count_calls (world, "*"), 8);
  cr_assert_eq (sim_world_count_calls (world, "domain-state"), 4);
  cr_assert_eq (sim_world_count_calls (world, "open:h2"), 0);
}

Test (sim, loses_an_answer_but_does_it)
{
  add_guest ("g0", 64 * MIB, 0, 0);
  sim_world_lose_answer (world, "set-autostart", 1);
  cr_assert_eq (tell ("h1", MIGRATE_CALL_SET_AUTOSTART, "g0", 1), 38);
  assert_world ("g0", "h1: running (booted) persistent autostart | h2: -");
}

Test (sim, hung_call_ends_with_the_world)
{
  Move move = { 0 };

  add_guest ("g0", 64 * MIB, 0, 0);
  sim_world_hang_call (world, "transfer", 1);
  start_move (&move);
  sim_world_sleep (world, 3600000);
  cr_assert_not (move.returned);
  sim_world_free (world);
  cr_assert (move.returned);
  cr_assert_eq (move.error_code, MIGRATE_ERROR_UNREACHABLE);
  world = NULL;
}

Test (sim, wedged_open_ends_with_the_world)
{
  Move move = { 0 };

  add_guest ("g0", 64 * MIB, 0, 0);
  sim_world_do (world, &(SimAction){ SIM_WEDGE, .host = "h1" });
  start_move (&move);
  sim_world_sleep (world, 3600000);
  cr_assert_not (move.returned);
  sim_world_free (world);
  cr_assert_eq (move.error_code, MIGRATE_ERROR_UNREACHABLE);
  world = NULL;
}

/* ---- clock and threads ---- */

typedef struct
{
  GMutex mutex;
  GCond cond;
  gboolean ready;
  gint64 seen_at;
} Gate;

static void
wait_at_gate (gpointer data, gpointer unused)
{
  Gate *gate = data;

  g_mutex_lock (&gate->mutex);
  while (!gate->ready)
    backend->vtable->wait_until (backend, &gate->cond, &gate->mutex, -1);
  gate->seen_at = backend->vtable->now (backend);
  g_mutex_unlock (&gate->mutex);
}

static void
open_gate (Gate *gate)
{
  g_mutex_lock (&gate->mutex);
  gate->ready = TRUE;
  g_mutex_unlock (&gate->mutex);
  backend->vtable->wake (backend, &gate->cond);
}

Test (sim, waits_and_wakes)
{
  Gate gate = { 0 };

  backend->vtable->start_thread (backend, "waiter", wait_at_gate, &gate, NULL);
  sim_world_sleep (world, 5000);
  cr_assert_eq (gate.seen_at, 0);
  open_gate (&gate);
  sim_world_sleep (world, 1);
  cr_assert_eq (gate.seen_at, 6 * G_USEC_PER_SEC);
}

Test (sim, wait_ends_at_its_deadline)
{
  Gate gate = { 0 };
  gint64 begun = sim_world_get_now (world);

  backend->vtable->enter (backend);
  backend->vtable->enter (backend); /* it nests */
  g_mutex_lock (&gate.mutex);
  cr_assert_not (
    backend->vtable->wait_until (backend, &gate.cond, &gate.mutex, begun + G_TIME_SPAN_HOUR));
  g_mutex_unlock (&gate.mutex);
  backend->vtable->leave (backend);
  backend->vtable->leave (backend);
  cr_assert_eq (sim_world_get_now (world), begun + G_TIME_SPAN_HOUR);
}

static gpointer
outside_thread (gpointer data)
{
  g_usleep (50000);
  open_gate (data);
  return NULL;
}

/* All actors wait without a deadline: nothing happens until somebody comes from outside. */
Test (sim, waits_for_the_outside)
{
  Gate gate = { 0 };
  GThread *thread = g_thread_new ("outside", outside_thread, &gate);

  sim_world_leave (world);
  wait_at_gate (&gate, NULL);
  g_thread_join (thread);
  cr_assert_eq (sim_world_get_now (world), G_USEC_PER_SEC);
}

static gpointer
crowd_thread (gpointer data)
{
  Gate *gate = data;

  for (guint i = 0; i < 50; i++)
    {
      gint64 until = backend->vtable->now (backend) + 1000;

      g_mutex_lock (&gate->mutex);
      backend->vtable->wait_until (backend, &gate->cond, &gate->mutex, until);
      g_mutex_unlock (&gate->mutex);
      backend->vtable->wake (backend, &gate->cond);
    }
  return NULL;
}

Test (sim, many_threads_from_outside)
{
  Gate gate = { 0 };
  GThread *threads[8];

  sim_world_leave (world);
  for (guint i = 0; i < 8; i++)
    threads[i] = g_thread_new ("crowd", crowd_thread, &gate);
  for (guint i = 0; i < 8; i++)
    g_thread_join (threads[i]);
}

Test (sim, pace_slows_time_down)
{
  gint64 begun = g_get_monotonic_time ();

  sim_world_set_pace (world, 100);
  sim_world_sleep (world, 20000);
  cr_assert_geq (g_get_monotonic_time () - begun, 190000);
}

/* ---- the same seed, the same run ---- */

typedef struct
{
  Gate *gate;
  const char *guest;
} Busy;

static void
busy_actor (gpointer data, gpointer unused)
{
  Busy *busy = data;
  MigrateConn *conn = open_host ("h1");

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (MigrateCall) call = _migrate_call_new (
        i % 2 == 0 ? MIGRATE_CALL_DOMAIN_STATE : MIGRATE_CALL_JOB_STATS, busy->guest);

      ask (conn, call);
      g_mutex_lock (&busy->gate->mutex);
      backend->vtable->wait_until (backend, &busy->gate->cond, &busy->gate->mutex,
                                   backend->vtable->now (backend) + 1000 * (1 + i % 3));
      g_mutex_unlock (&busy->gate->mutex);
      backend->vtable->wake (backend, &busy->gate->cond);
      backend->vtable->point (backend, "before-append");
    }
  close_host (conn);
}

static char *
trace_of_run (guint64 seed)
{
  Gate gate = { 0 };
  Busy busy[4];
  Move moves[3];
  g_autoptr (GString) text = g_string_new (NULL);
  GPtrArray *trace;

  world = sim_world_new ("w", seed);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  backend = sim_world_get_backend (world);
  for (guint i = 0; i < 4; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);

      add_guest (name, 64 * MIB, MIB, 0);
      busy[i] = (Busy){ &gate, g_intern_string (name) };
    }
  sim_world_enter (world);
  for (guint i = 0; i < 3; i++)
    {
      moves[i] = (Move){ .guest = busy[i].guest };
      start_move (&moves[i]);
    }
  for (guint i = 0; i < 4; i++)
    backend->vtable->start_thread (backend, "busy", busy_actor, &busy[i], NULL);
  sim_world_sleep (world, 10000);
  trace = sim_world_get_trace (world);
  for (guint i = 0; i < trace->len; i++)
    g_string_append_printf (text, "%s\n", (char *) g_ptr_array_index (trace, i));
  sim_world_free (world);
  return g_string_free (g_steal_pointer (&text), FALSE);
}

Test (sim, same_seed_same_order)
{
  g_autofree char *first = NULL;
  g_autoptr (GHashTable) orders = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  sim_world_free (world);
  first = trace_of_run (7);
  cr_assert_gt (strlen (first), 1000);
  for (guint i = 0; i < 200; i++)
    {
      g_autofree char *again = trace_of_run (7);

      cr_assert_str_eq (again, first, "run %u differs", i);
    }
  for (guint64 seed = 1; seed <= 20; seed++)
    g_hash_table_add (orders, trace_of_run (seed));
  cr_assert_eq (g_hash_table_size (orders), 20);
  world = NULL;
}

Test (sim, trace_names_calls)
{
  GPtrArray *trace;

  add_guest ("g0", 64 * MIB, 0, 0);
  tell ("h1", MIGRATE_CALL_DOMAIN_STATE, "g0", 0);
  trace = sim_world_get_trace (world);
  cr_assert_eq (trace->len, 3);
  cr_assert (g_str_has_suffix (g_ptr_array_index (trace, 0), ":open:h1#1"));
  cr_assert (g_str_has_suffix (g_ptr_array_index (trace, 1), ":domain-state:h1#1"));
}

Test (sim, five_hundred_at_once, .timeout = 120)
{
  g_autofree Move *moves = g_new0 (Move, 500);
  gint64 begun = g_get_monotonic_time ();

  sim_world_set_workers (world, "h1", 0);
  sim_world_set_bandwidth (world, "h1", "h2", G_GUINT64_CONSTANT (12500000000));
  for (guint i = 0; i < 500; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);

      add_guest (name, 64 * MIB, MIB, 8 * MIB);
      moves[i].guest = g_intern_string (name);
      start_move (&moves[i]);
    }
  sim_world_sleep (world, 3600000);
  for (guint i = 0; i < 500; i++)
    {
      cr_assert (moves[i].returned && moves[i].code == 0, "%u: %d", i, moves[i].code);
      cr_assert_str_eq (sim_world_describe (world, moves[i].guest),
                        "h1: - | h2: running (migrated) persistent");
    }
  assert_violations (0);
  cr_log_info ("500 transfers in %" G_GINT64_FORMAT " ms",
               (g_get_monotonic_time () - begun) / 1000);
}

/* ---- our process is killed ---- */

static void
write_journal (gpointer data, gpointer unused)
{
  guint *written = data;

  for (;;)
    {
      backend->vtable->point (backend, "before-append");
      (*written)++;
      backend->vtable->point (backend, "after-append");
    }
}

Test (sim, stops_at_a_point)
{
  guint written = 0;
  Move move = { 0 }, another = { .guest = "g1" };

  add_guest ("g0", 64 * MIB, 0, 0);
  add_guest ("g1", 64 * MIB, 0, 0);
  sim_world_stop_at_point (world, 7);
  start_move (&move);
  sim_world_sleep (world, 400);
  backend->vtable->start_thread (backend, "writer", write_journal, &written, NULL);
  cr_assert (sim_world_wait_stopped (world, 5000));
  cr_assert_eq (written, 3);
  /* The hosts go on, and nobody of ours hears of it. */
  sim_world_sleep (world, 10000);
  cr_assert_not (move.returned);
  assert_world ("g0", "h1: - | h2: running (migrated) persistent");
  /* A new process finds the world as it is. */
  sim_world_restart_client (world);
  cr_assert_eq (tell ("h2", MIGRATE_CALL_DOMAIN_STATE, "g0", 0), 0);
  start_move (&another);
  sim_world_sleep (world, 10000);
  cr_assert (another.returned);
  cr_assert_not (move.returned);
  cr_assert_eq (written, 3);
  _exit (0); /* the writer would go on for ever */
}

Test (sim, stops_at_a_call)
{
  Move move = { .transport = DIRECT };

  add_guest ("g0", 64 * MIB, 0, 0);
  sim_world_stop_at_call (world, 3);
  start_move (&move); /* 1 and 2 */
  sim_world_sleep (world, 500);
  start_move (&(Move){ .guest = "g0" }); /* 3: its open */
  cr_assert (sim_world_wait_stopped (world, 5000));
  sim_world_sleep (world, 10000);
  assert_world ("g0", "h1: running (booted) persistent | h2: -");
  cr_assert_not (move.returned);
}

/* The real thing: a process that dies in mid-copy, and another that finds the world it left. */
static void
child_moves (const char *path, MigrateTransport transport)
{
  Move move = { .transport = transport };

  setup ();
  add_guest ("g0", 1024 * MIB, 8 * MIB, 64 * MIB);
  sim_world_set_stop_file (world, path);
  sim_world_stop_at_point (world, 1);
  start_move (&move);
  sim_world_sleep (world, 4000);
  backend->vtable->point (backend, "after-append");
  _exit (1);
}

static void
run_in_two_processes (MigrateTransport transport, const char *expected)
{
  g_autofree char *dir = g_dir_make_tmp ("sim-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (dir, "world", NULL);
  int status = 0;
  pid_t pid;

  pid = fork ();
  if (pid == 0)
    child_moves (path, transport);
  cr_assert_eq (waitpid (pid, &status, 0), pid);
  cr_assert (WIFEXITED (status));
  cr_assert_eq (WEXITSTATUS (status), SIM_EXIT_STOPPED);
  sim_world_free (world);
  world = sim_world_load (path);
  cr_assert_not_null (world);
  backend = sim_world_get_backend (world);
  cr_assert_eq (_migrate_backend_for_uri ("sim://w/h2"), backend);
  cr_assert_geq (sim_world_get_now (world), 5 * G_USEC_PER_SEC);
  if (transport == P2P)
    cr_assert_eq (tell ("h1", MIGRATE_CALL_JOB_STATS, "g0", 0), 0);
  sim_world_sleep (world, 20000);
  assert_world ("g0", expected);
  assert_violations (0);
  g_unlink (path);
  g_rmdir (dir);
}

Test (sim, peer_to_peer_survives_the_process)
{
  run_in_two_processes (P2P, "h1: - | h2: running (migrated) persistent");
}

Test (sim, direct_ends_with_the_process)
{
  run_in_two_processes (DIRECT, "h1: running (booted) persistent | h2: -");
}

/* ---- a world from a line of text ---- */

Test (sim, from_a_spec)
{
  SimWorld *other = sim_world_new_from_spec (
    "world=x;hosts=3;guests=5;memory=256M;dirty=1M;working-set=8M;bandwidth=1G;seed=3;pace=0");
  MigrateBackend *there = _migrate_backend_for_uri ("sim://x/h3");
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_DOMAIN_FIND, "g4");
  g_autoptr (GError) error = NULL;
  MigrateConn *conn;

  cr_assert_not_null (other);
  cr_assert_eq (there, sim_world_get_backend (other));
  conn = there->vtable->open (there, "sim://x/h1", &error);
  cr_assert_not_null (conn);
  cr_assert (there->vtable->call (conn, call, &error));
  cr_assert (g_uuid_string_is_valid (call->domain.uuid));
  cr_assert_str_eq (call->domain.name, "g4");
  cr_assert (call->domain.persistent);
  there->vtable->close (conn);
  sim_world_free (other);
  cr_assert_null (sim_world_new_from_spec ("what=ever"));
}

Test (sim, describes_hosts_and_guests)
{
  g_autoptr (MigrateCall) host = _migrate_call_new (MIGRATE_CALL_HOST_INFO, NULL);
  g_autoptr (MigrateCall) xml = _migrate_call_new (MIGRATE_CALL_DOMAIN_XML, "g0");
  MigrateConn *conn;

  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0", .disk = "/var/lib/images/g0.qcow2" });
  conn = open_host ("h1");
  cr_assert_eq (ask (conn, host), 0);
  cr_assert_str_eq (host->host.hypervisor, "QEMU");
  cr_assert (g_uuid_string_is_valid (host->host.uuid));
  cr_assert_not_null (strstr (host->text_out, host->host.uuid));
  cr_assert_eq (ask (conn, xml), 0);
  cr_assert_not_null (strstr (xml->text_out, "<source file='/var/lib/images/g0.qcow2'/>"));
  close_host (conn);
}

/* ---- anything, in any order ---- */

static void
do_anything (GRand *rand)
{
  static const char *const hosts[] = { "h1", "h2" };
  static const SimWhat whats[] = {
    SIM_KILL_LIBVIRTD, SIM_START_LIBVIRTD, SIM_HANG_LIBVIRTD, SIM_UNHANG_LIBVIRTD, SIM_WEDGE,
    SIM_KILL_QEMU,     SIM_HANG_QEMU,      SIM_UNHANG_QEMU,   SIM_POWER_OFF,       SIM_KILL_HOST,
    SIM_START_HOST,    SIM_CUT_LINK,       SIM_CUT_DAEMONS,   SIM_CUT_DATA,        SIM_RESTORE_LINK,
    SIM_CUT_CONTROL,   SIM_FAIL_PERSIST,   SIM_KILL_CLIENT,
  };

  for (int n = g_rand_int_range (rand, 1, 5); n > 0; n--)
    {
      SimAction action = {
        .what = whats[g_rand_int_range (rand, 0, G_N_ELEMENTS (whats))],
        .host = hosts[g_rand_int_range (rand, 0, 2)],
        .guest = "g0",
        .after_ms = g_rand_boolean (rand) ? (guint) g_rand_int_range (rand, 0, 40000) : 0,
      };

      sim_world_at (world, (SimAt) g_rand_int_range (rand, SIM_AT_BEGIN, SIM_AT_CONFIRM + 1),
                    (guint) g_rand_int_range (rand, 0, 100), &action);
    }
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

/* Whatever happens, once everything is repaired every transfer ends and no job is left. */
Test (sim, ends_after_anything)
{
  sim_world_free (world);
  for (guint seed = 1; seed <= 2000; seed++)
    {
      g_autoptr (GRand) rand = g_rand_new_with_seed (seed);
      Move move = { .transport = (MigrateTransport) g_rand_int_range (rand, 0, 3) };
      SimDomainInfo source, destination;

      setup ();
      add_guest ("g0", 512 * MIB, 8 * MIB, 64 * MIB);
      if (g_rand_boolean (rand))
        sim_world_set_keepalive (world, 29000);
      do_anything (rand);
      start_move (&move);
      sim_world_sleep (world, 50000);
      repair_everything ();
      sim_world_sleep (world, 100000);
      repair_everything ();
      sim_world_sleep (world, 100000);
      source = sim_world_get_domain (world, "h1", "g0");
      destination = sim_world_get_domain (world, "h2", "g0");
      cr_assert (sim_world_count_transfers (world) == 0 && !source.has_job && !destination.has_job,
                 "seed %u leaves %s", seed, sim_world_describe (world, "g0"));
      cr_assert (!destination.active || destination.state != MIGRATE_DOMAIN_PAUSED
                   || destination.reason == MIGRATE_PAUSED_USER,
                 "seed %u leaves %s", seed, sim_world_describe (world, "g0"));
      sim_world_free (world);
    }
  world = NULL;
}
