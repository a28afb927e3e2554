/* What ends a copy in the simulator, against its specification: auto-converge as QEMU has it, a
 * stop in mid-copy as libvirt has it; and a job that stops its guest in what may become of that
 * order. */
#include "sim-memory.h"
#include "sim.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <libmigrate/migrate.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)

static SimWorld *world;
static MigrateBackend *backend;
static int code; /* of the transfer; OPEN: it has not returned */
#define OPEN (-1)

static void
setup (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  backend = sim_world_get_backend (world);
  sim_world_enter (world);
}

static void
teardown (void)
{
  sim_world_free (world);
  world = NULL;
}

TestSuite (sim_converge, .init = setup, .fini = teardown, .timeout = 60);

static int
ask (const char *host, MigrateCall *call)
{
  g_autofree char *uri = g_strdup_printf ("sim://w/%s", host);
  g_autoptr (GError) error = NULL;
  MigrateConn *conn = backend->vtable->open (backend, uri, NULL);

  cr_assert_not_null (conn);
  backend->vtable->call (conn, call, &error);
  backend->vtable->close (conn);
  return error == NULL ? 0 : _migrate_error_private (error)->vir_code;
}

static int
tell (MigrateCallKind kind, guint64 value)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (kind, "g0");

  call->value = value;
  return ask ("h1", call);
}

static MigrateStats
look (void)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");

  cr_assert_eq (ask ("h1", call), 0);
  return call->stats;
}

static void
run_move (gpointer data, gpointer unused)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, "g0");

  call->transfer.peer_uri = g_strdup ("sim://w/h2");
  call->transfer.persist = TRUE;
  call->transfer.throttle = GPOINTER_TO_INT (data);
  call->transfer.throttle_initial = 50;
  call->transfer.throttle_increment = 20;
  code = ask ("h1", call);
}

/* 160 MiB at 16 MiB/s: a pass takes ten seconds. */
static void
start (gboolean cpu_bound, gboolean throttle)
{
  sim_world_set_bandwidth (world, "h1", "h2", 16 * MIB);
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){
      .name = "g0", .memory = 160 * MIB, .dirty_rate = 20 * MIB, .cpu_bound = cpu_bound });
  code = OPEN;
  cr_assert (
    backend->vtable->start_thread (backend, "move", run_move, GINT_TO_POINTER (throttle), NULL));
}

static void
assert_moved (void)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (code, 0);
  cr_assert_str_eq (sim_world_describe (world, "g0"), "h1: - | h2: running (migrated) persistent");
  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
}

/* ---- throttling ---- */

Test (sim_converge, throttle_rises_at_each_second_look_and_ends_the_copy)
{
  start (TRUE, TRUE);
  sim_world_sleep (world, 15000);
  cr_assert_eq (look ().throttle, 0, "one look has found it too busy");
  cr_assert_eq (look ().dirty_rate, 20 * MIB);
  sim_world_sleep (world, 10000);
  cr_assert_eq (look ().throttle, 50);
  cr_assert_eq (look ().dirty_rate, 10 * MIB);
  sim_world_sleep (world, 15000);
  cr_assert_eq (look ().throttle, 70, "it is %u", look ().throttle);
  sim_world_sleep (world, 60000);
  assert_moved ();
}

Test (sim_converge, throttle_does_nothing_to_a_guest_paced_by_the_clock)
{
  start (FALSE, TRUE);
  sim_world_sleep (world, 200000);
  cr_assert_eq (look ().throttle, 99);
  cr_assert_eq (look ().dirty_rate, 20 * MIB);
  cr_assert_eq (code, OPEN);
}

Test (sim_converge, throttle_that_is_not_armed_never_engages)
{
  start (TRUE, FALSE);
  sim_world_sleep (world, 200000);
  cr_assert_eq (look ().throttle, 0);
  cr_assert_eq (code, OPEN);
}

Test (sim_converge, throttle_is_not_for_a_guest_that_writes_less_than_half_of_what_is_sent)
{
  start (TRUE, TRUE);
  sim_world_set_dirty_rate (world, "g0", 7 * MIB);
  sim_world_sleep (world, 15000);
  cr_assert_eq (look ().throttle, 0);
  sim_world_sleep (world, 30000);
  assert_moved ();
}

Test (sim_converge, throttle_outlives_our_process)
{
  g_autofree char *folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "world", NULL);

  start (TRUE, TRUE);
  sim_world_sleep (world, 25000);
  cr_assert (sim_world_save (world, path));
  teardown ();
  world = sim_world_load (path);
  backend = sim_world_get_backend (world);
  sim_world_enter (world);
  g_unlink (path);
  g_rmdir (folder);
  cr_assert_eq (look ().throttle, 50);
  sim_world_sleep (world, 15000);
  cr_assert_eq (look ().throttle, 70);
  sim_world_sleep (world, 60000);
  code = 0;
  assert_moved ();
}

/* ---- a stop, and a limit ---- */

Test (sim_converge, what_is_left_goes_to_its_end_under_a_guest_that_stands_still)
{
  guint64 counted;

  start (FALSE, FALSE);
  sim_world_sleep (world, 15000);
  cr_assert_eq (tell (MIGRATE_CALL_SUSPEND, 0), 0);
  cr_assert_eq (look ().dirty_rate, 0);
  counted = sim_world_get_domain (world, "h1", "g0").counter;
  sim_world_sleep (world, 4000);
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").counter, counted);
  cr_assert_eq (code, OPEN);
  sim_world_sleep (world, 30000);
  assert_moved ();
  cr_assert_gt (sim_world_get_domain (world, "h2", "g0").counter, counted);
}

Test (sim_converge, pass_ends_when_what_is_left_fits_the_limit)
{
  start (FALSE, FALSE);
  sim_world_sleep (world, 15000);
  cr_assert_eq (tell (MIGRATE_CALL_SET_DOWNTIME, 9000), 0);
  sim_world_sleep (world, 3000);
  cr_assert_eq (code, OPEN, "160 MiB take ten seconds");
  cr_assert_eq (tell (MIGRATE_CALL_SET_DOWNTIME, 11000), 0);
  sim_world_sleep (world, 12000);
  assert_moved ();
}

/* ---- a job that stops its guest ---- */

static SimMemory *memory;
static MigrateJournal *journal;

static void
setup_job (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_set_bandwidth (world, "h1", "h2", 16 * MIB);
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){
      .name = "g0", .memory = 160 * MIB, .dirty_rate = 20 * MIB, .autostart = TRUE });
  memory = sim_memory_new ();
  journal = sim_memory_journal_new (memory);
  sim_world_enter (world); /* time passes in calls only */
}

static void
teardown_job (void)
{
  g_clear_object (&journal);
  g_clear_pointer (&memory, sim_memory_unref);
  teardown ();
}

TestSuite (pausing_job, .init = setup_job, .fini = teardown_job, .timeout = 60);

static MigrateJob *
job_new (const char *hand_over)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  cr_assert (migrate_policy_set (policy, "allow", "pause", NULL));
  cr_assert (migrate_policy_set (policy, "hand-over", hand_over, NULL));
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  return job;
}

static guint
count_decisions (MigrateJob *job, const char *what)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  guint n = 0;

  for (guint i = 0; i < migrate_result_get_n_decisions (result); i++)
    n += g_str_equal (migrate_decision_get_what (migrate_result_get_decision (result, i)), what);
  return n;
}

static void
assert_whole (const char *expected)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_str_eq (sim_world_describe (world, "g0"), expected, "%s",
                    sim_world_describe (world, "g0"));
  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
}

#define MOVED "h1: - | h2: running (migrated) persistent autostart"
#define STAYED "h1: running (migration canceled) persistent autostart | h2: -"

Test (pausing_job, order_that_was_not_heard_is_given_again)
{
  g_autoptr (MigrateJob) job = job_new ("fast");
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  sim_world_fail_call (world, "suspend:h1", 1, 38 /* VIR_ERR_SYSTEM_ERROR */);
  result = migrate_job_run (job, NULL /* cancellable */, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert_eq (count_decisions (job, "pause-guest"), 2);
  assert_whole (MOVED);
}

Test (pausing_job, order_whose_answer_was_lost_is_not)
{
  g_autoptr (MigrateJob) job = job_new ("fast");
  g_autoptr (MigrateResult) result = NULL;

  sim_world_lose_answer (world, "suspend:h1", 1);
  result = migrate_job_run (job, NULL /* cancellable */, NULL /* error */);
  cr_assert_not_null (result);
  cr_assert_eq (count_decisions (job, "pause-guest"), 1);
  assert_whole (MOVED);
}

typedef gboolean (*Verb) (MigrateJob *job, GCancellable *cancellable, GError **error);

static void
on_decision (MigrateJob *job, MigrateDecision *decision, gpointer verb)
{
  if (g_str_equal (migrate_decision_get_what (decision), "pause-guest"))
    cr_expect (((Verb) verb) (job, NULL /* cancellable */, NULL /* error */));
}

Test (pausing_job, cancelled_it_goes_on_at_the_source)
{
  g_autoptr (MigrateJob) job = job_new ("fast");
  g_autoptr (MigrateResult) result = NULL;

  g_signal_connect (job, "decision", G_CALLBACK (on_decision), migrate_job_cancel);
  result = migrate_job_run (job, NULL /* cancellable */, NULL /* error */);
  cr_assert_null (result);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CANCELLED);
  cr_assert_eq (count_decisions (job, "pause-guest"), 1);
  assert_whole (STAYED);
}

static void
detach_and_follow (const char *hand_over, const char *expected)
{
  g_autoptr (MigrateJob) job = job_new (hand_over), second = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *id = NULL;

  g_signal_connect (job, "decision", G_CALLBACK (on_decision), migrate_job_detach);
  migrate_job_run (job, NULL /* cancellable */, NULL /* error */);
  id = g_strdup (migrate_job_get_id (job));
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").state, MIGRATE_DOMAIN_PAUSED);
  g_clear_object (&job);
  second = migrate_job_load (journal, id, NULL /* cancellable */, &error);
  cr_assert_not_null (second, "%s", error != NULL ? error->message : "");
  result = migrate_job_follow (second, NULL /* cancellable */, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  assert_whole (expected);
}

Test (pausing_job, left_alone_and_followed_it_arrives) { detach_and_follow ("fast", MOVED); }

Test (pausing_job, left_alone_under_the_strict_hand_over_it_is_let_run)
{
  detach_and_follow ("strict", "h1: - | h2: running (unpaused) persistent autostart");
}

/* What it had ordered is no reason not to believe what the hosts show. */
Test (pausing_job, is_recovered_after_its_finalize_failed)
{
  g_autoptr (MigrateJob) job = job_new ("fast");
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (GListStore) hosts = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigrateHost) one = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) two = migrate_host_new ("sim://w/h2");
  g_autoptr (GError) error = NULL;

  for (guint n = 1; n <= 9; n++)
    sim_world_fail_call (world, "set-autostart:h2", n, 68 /* VIR_ERR_OPERATION_TIMEOUT */);
  cr_assert_null (migrate_job_run (job, NULL /* cancellable */, NULL /* error */));
  assert_whole ("h1: - | h2: running (migrated) persistent");
  sim_world_disarm (world);
  g_clear_object (&job);
  g_list_store_append (hosts, one);
  g_list_store_append (hosts, two);
  recovery = migrate_recovery_new ("g0", G_LIST_MODEL (hosts));
  migrate_recovery_set_journal (recovery, journal);
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error), "%s",
             error != NULL ? error->message : "");
  assert_whole (MOVED);
}
