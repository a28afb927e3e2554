/* Recovery in the simulator: found from the journal and without it, repaired, and left alone where
 * nothing may be concluded. */
#include "sim.h"

#include "virt/link-private.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>

static SimWorld *world;
static MigrateJournal *journal;

static void
set_up (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .autostart = TRUE });
  journal = migrate_sqlite_journal_new_none ();
  sim_world_enter (world);
}

static void
tear_down (void)
{
  g_clear_object (&journal);
  sim_world_free (world);
}

TestSuite (recover, .init = set_up, .fini = tear_down, .timeout = 60);

static MigrateJob *
job_new (const char *key, const char *value)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  cr_assert (migrate_policy_set (policy, "settle-timeout", "10", NULL));
  if (key != NULL)
    cr_assert (migrate_policy_set (policy, key, value, NULL));
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  return job;
}

static MigrateRecovery *
recovery_with (const char *guest, MigrateJournal *from, const char *const *uris)
{
  g_autoptr (GListStore) hosts = g_list_store_new (MIGRATE_TYPE_HOST);
  MigrateRecovery *recovery;

  for (; *uris != NULL; uris++)
    {
      g_autoptr (MigrateHost) host = migrate_host_new (*uris);

      g_list_store_append (hosts, host);
    }
  recovery = migrate_recovery_new (guest, G_LIST_MODEL (hosts));
  migrate_recovery_set_journal (recovery, from);
  return recovery;
}

static MigrateRecovery *
recovery_new (MigrateJournal *from)
{
  return recovery_with ("g0", from, (const char *const[]){ "sim://w/h1", "sim://w/h2", NULL });
}

static void
investigate (MigrateRecovery *recovery, MigrateVerdict verdict)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *reason = NULL;

  cr_assert (migrate_recovery_investigate (recovery, NULL, &error), "%s",
             error != NULL ? error->message : "");
  reason = migrate_recovery_dup_reason (recovery);
  cr_assert_eq (migrate_recovery_get_verdict (recovery), verdict, "verdict %d: %s; %s",
                (int) migrate_recovery_get_verdict (recovery), reason,
                sim_world_describe (world, "g0"));
}

static void
apply (MigrateRecovery *recovery, MigrateRisk risk)
{
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_recovery_apply (recovery, risk, NULL, &error), "%s; %s",
             error != NULL ? error->message : "", sim_world_describe (world, "g0"));
  cr_assert (migrate_recovery_is_at_rest (recovery));
}

static void
apply_fails (MigrateRecovery *recovery, MigrateRisk risk, int code)
{
  g_autoptr (GError) error = NULL;

  cr_assert_not (migrate_recovery_apply (recovery, risk, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "%s", error->message);
}

static void
assert_at (const char *where)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
  cr_assert_str_eq (sim_world_describe (world, "g0"), where);
}

static MigrateJobRecord *
only_record (void)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GListModel) list = migrate_journal_list (journal, NULL, &error);

  cr_assert_not_null (list, "%s", error != NULL ? error->message : "");
  cr_assert_eq (g_list_model_get_n_items (list), 1);
  return g_list_model_get_item (list, 0);
}

static void
assert_closed (MigrateState state, MigrateOutcome outcome)
{
  g_autoptr (MigrateJobRecord) record = only_record ();

  cr_assert_eq (migrate_job_record_get_state (record), state);
  cr_assert_eq (migrate_job_record_get_outcome (record), outcome);
  cr_assert_not (migrate_job_record_is_held (record));
}

/* The job as a dead controller leaves it: in flight, nobody follows. */
static void
detach_when_copying (MigrateJob *job, MigrateProgress *progress, gpointer unused)
{
  if (migrate_progress_get_fraction (progress) > 0.1)
    migrate_job_detach_async (job, NULL, NULL, NULL);
}

static void
leave_in_flight (const char *key, const char *value)
{
  g_autoptr (MigrateJob) job = job_new (key, value);
  g_autoptr (GError) error = NULL;

  sim_world_set_bandwidth (world, "h1", "h2", 8 << 20);
  g_signal_connect (job, "progress", G_CALLBACK (detach_when_copying), NULL);
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (migrate_job_is_in_flight (job), "%s", error->message);
}

/* ---- nothing to do ---- */

Test (recover, guest_that_nothing_happened_to_is_left_alone)
{
  g_autoptr (MigrateRecovery) recovery = recovery_new (journal);
  g_autoptr (GListModel) list = NULL;

  investigate (recovery, MIGRATE_VERDICT_RUNS_ON_SOURCE);
  cr_assert (migrate_recovery_is_at_rest (recovery));
  cr_assert_eq (migrate_recovery_get_n_steps (recovery), 0);
  cr_assert_eq (migrate_recovery_get_n_evidence (recovery), 2);
  apply (recovery, MIGRATE_RISK_DESTRUCTIVE);
  assert_at ("h1: running (booted) persistent autostart | h2: -");
  list = migrate_journal_list (journal, NULL, NULL);
  cr_assert_eq (g_list_model_get_n_items (list), 0, "nothing was done, and it was written down");
}

Test (recover, guest_that_nobody_knows_is_not_found)
{
  g_autoptr (MigrateRecovery) recovery
    = recovery_with ("nobody", journal, (const char *const[]){ "sim://w/h1", "sim://w/h2", NULL });
  g_autoptr (GError) error = NULL;

  cr_assert_not (migrate_recovery_investigate (recovery, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND), "%s", error->message);
}

Test (recover, one_host_under_two_names_is_one_copy)
{
  g_autoptr (MigrateRecovery) recovery = recovery_with (
    "g0", journal, (const char *const[]){ "sim://w/h1", "sim://w/h1?again=1", "sim://w/h2", NULL });

  investigate (recovery, MIGRATE_VERDICT_RUNS_ON_SOURCE);
  cr_assert_eq (migrate_recovery_get_n_evidence (recovery), 2);
}

/* ---- in flight ---- */

Test (recover, transfer_in_flight_is_followed_to_its_end)
{
  g_autoptr (MigrateRecovery) recovery = NULL;

  leave_in_flight (NULL, NULL);
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_IN_FLIGHT);
  cr_assert_not (migrate_recovery_is_at_rest (recovery));
  apply (recovery, MIGRATE_RISK_SAFE);
  assert_at ("h1: - | h2: running (migrated) persistent autostart");
  assert_closed (MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  apply (recovery, MIGRATE_RISK_SAFE);
  assert_at ("h1: - | h2: running (migrated) persistent autostart");
}

Test (recover, strict_transfer_in_flight_is_followed_and_resumed)
{
  g_autoptr (MigrateRecovery) recovery = NULL;

  leave_in_flight ("hand-over", "strict");
  recovery = recovery_new (journal);
  apply (recovery, MIGRATE_RISK_SAFE);
  cr_assert (sim_world_get_domain (world, "h2", "g0").state == MIGRATE_DOMAIN_RUNNING, "%s",
             sim_world_describe (world, "g0"));
  assert_closed (MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
}

Test (recover, transfer_in_flight_is_followed_without_a_journal)
{
  g_autoptr (MigrateJournal) none = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateRecovery) recovery = NULL;

  leave_in_flight (NULL, NULL);
  recovery = recovery_new (none);
  investigate (recovery, MIGRATE_VERDICT_IN_FLIGHT);
  apply (recovery, MIGRATE_RISK_SAFE);
  assert_at ("h1: - | h2: running (migrated) persistent");
}

Test (recover, transfer_that_ended_alone_is_finalized)
{
  g_autoptr (MigrateRecovery) recovery = NULL;

  leave_in_flight (NULL, NULL);
  sim_world_sleep (world, 600000);
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_RUNS_ON_DESTINATION);
  apply (recovery, MIGRATE_RISK_SAFE);
  assert_at ("h1: - | h2: running (migrated) persistent autostart");
  assert_closed (MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
}

Test (recover, transfer_that_failed_alone_is_undone)
{
  g_autoptr (MigrateRecovery) recovery = NULL;

  leave_in_flight (NULL, NULL);
  sim_world_do (world, &(SimAction){ .what = SIM_KILL_QEMU, .host = "h2", .guest = "g0" });
  sim_world_sleep (world, 60000);
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_RUNS_ON_SOURCE);
  apply (recovery, MIGRATE_RISK_SAFE);
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
  assert_closed (MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
}

Test (recover, job_is_recovered_by_its_id_alone_and_by_its_hosts)
{
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (MigrateJobRecord) record = NULL;

  leave_in_flight (NULL, NULL);
  record = only_record ();
  recovery = recovery_with (migrate_job_record_get_id (record), journal,
                            (const char *const[]){ "sim://w/h2", NULL });
  apply (recovery, MIGRATE_RISK_SAFE);
  cr_assert_eq (migrate_recovery_get_n_evidence (recovery), 2, "its source is asked too");
  assert_at ("h1: - | h2: running (migrated) persistent autostart");
}

/* ---- the hand-over ---- */

Test (recover, source_half_goes_when_the_reply_was_lost)
{
  g_autoptr (MigrateRecovery) recovery = NULL;

  leave_in_flight (NULL, NULL);
  sim_world_lose (world, SIM_MSG_FINISH_REPLY, 1);
  while (sim_world_get_domain (world, "h2", "g0").state != MIGRATE_DOMAIN_RUNNING)
    sim_world_sleep (world, 100);
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_HANDOVER_UNCONFIRMED);
  apply (recovery, MIGRATE_RISK_SAFE);
  assert_at ("h1: - | h2: running (migrated) persistent autostart");
  assert_closed (MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
}

/* A direct move's program dies with all memory sent. Nobody tells a new process of it. */
Test (recover, source_that_was_stopped_for_nothing_goes_on)
{
  g_autoptr (MigrateJournal) none = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateJob) job = job_new ("transport", "direct");
  g_autoptr (MigrateRecovery) recovery = NULL;

  sim_world_at (world, SIM_AT_PERFORMED, 0, &(SimAction){ .what = SIM_KILL_CLIENT });
  migrate_job_run_async (job, NULL, NULL, NULL);
  while (sim_world_get_domain (world, "h1", "g0").state != MIGRATE_DOMAIN_PAUSED)
    sim_world_sleep (world, 100);
  sim_world_sleep (world, 1000);
  recovery = recovery_new (none);
  investigate (recovery, MIGRATE_VERDICT_PAUSED_BEFORE_HAND_OVER);
  apply (recovery, MIGRATE_RISK_SAFE);
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").state, MIGRATE_DOMAIN_RUNNING);
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").exists);
}

/* ---- what must not be concluded ---- */

Test (recover, silent_host_is_unknown_and_nothing_is_done)
{
  g_autoptr (MigrateRecovery) recovery = NULL;

  leave_in_flight (NULL, NULL);
  sim_world_do (world, &(SimAction){ .what = SIM_HANG_LIBVIRTD, .host = "h2" });
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_UNKNOWN);
  apply_fails (recovery, MIGRATE_RISK_DESTRUCTIVE, MIGRATE_ERROR_NEEDS_RECOVER);
  cr_assert_eq (sim_world_count_calls (world, "destroy"), 0);
  sim_world_do (world, &(SimAction){ .what = SIM_UNHANG_LIBVIRTD, .host = "h2" });
  sim_world_sleep (world, 60000);
  g_clear_object (&recovery);
  recovery = recovery_new (journal);
  apply (recovery, MIGRATE_RISK_SAFE);
}

Test (recover, guest_of_a_live_controller_is_busy)
{
  g_autoptr (MigrateJob) job = job_new ("confirm", "manual");
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, NULL);
  g_autoptr (MigrateRecovery) recovery = NULL;

  cr_assert_not_null (result);
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_RUNS_ON_DESTINATION);
  /* The journal object is the holder: it is ours. Another would be refused. */
  apply (recovery, MIGRATE_RISK_SAFE);
  assert_closed (MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
}

static void
make_split (void)
{
  sim_world_add_guest (world, "h2", &(SimGuestSpec){ .name = "twin" });
}

Test (recover, names_of_two_guests_are_refused)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateRecovery) recovery = NULL;

  make_split ();
  sim_world_add_guest (
    world, "h1", &(SimGuestSpec){ .name = "same", .uuid = "11111111-1111-4111-8111-111111111111" });
  sim_world_add_guest (
    world, "h2", &(SimGuestSpec){ .name = "same", .uuid = "22222222-2222-4222-8222-222222222222" });
  recovery
    = recovery_with ("same", journal, (const char *const[]){ "sim://w/h1", "sim://w/h2", NULL });
  cr_assert_not (migrate_recovery_investigate (recovery, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s", error->message);
}

/* Somebody undefines it on one host, and its QEMU dies on the other. */
Test (recover, guest_that_every_host_forgot_is_defined_from_the_journal)
{
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (MigrateHost) host = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateCall) undefine = _migrate_call_new (MIGRATE_CALL_UNDEFINE, "g0");

  leave_in_flight (NULL, NULL);
  sim_world_do (world, &(SimAction){ .what = SIM_KILL_QEMU, .host = "h1", .guest = "g0" });
  sim_world_sleep (world, 60000);
  cr_assert (_migrate_link_call (_migrate_host_get_link (host), undefine, 40000, NULL));
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_UNDEFINED);
  apply_fails (recovery, MIGRATE_RISK_SAFE, MIGRATE_ERROR_NEEDS_RECOVER);
  apply (recovery, MIGRATE_RISK_DISRUPTIVE);
  cr_assert (sim_world_get_domain (world, "h1", "g0").persistent, "%s",
             sim_world_describe (world, "g0"));
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart, "its obligation was released");
  assert_closed (MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_DOWN);
}

/* ---- the fence ---- */

#define TEST_TYPE_FENCE (test_fence_get_type ())
G_DECLARE_FINAL_TYPE (TestFence, test_fence, TEST, FENCE, GObject)

struct _TestFence
{
  GObject parent_instance;
  gboolean lies; /* says that it has done it */
  guint asked;
};

static gboolean
fence_fence (MigrateFence *iface, MigrateRequest *request)
{
  TestFence *self = TEST_FENCE (iface);

  self->asked++;
  if (!self->lies)
    sim_world_do (world, &(SimAction){ .what = SIM_KILL_QEMU, .host = "h1", .guest = "g0" });
  return migrate_request_answer (request, NULL);
}

static void
test_fence_iface_init (MigrateFenceInterface *iface)
{
  iface->fence = fence_fence;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestFence, test_fence, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_FENCE, test_fence_iface_init))

static void
test_fence_class_init (TestFenceClass *klass)
{
}

static void
test_fence_init (TestFence *self)
{
}

/* A guest that hangs, on a host whose libvirt cannot even destroy it. */
static MigrateRecovery *
recovery_of_a_hung_guest (TestFence *fence)
{
  MigrateRecovery *recovery = recovery_new (journal);

  migrate_recovery_set_fence (recovery, MIGRATE_FENCE (fence));
  sim_world_do (world, &(SimAction){ .what = SIM_HANG_QEMU, .host = "h1", .guest = "g0" });
  for (guint n = 1; n <= 8; n++)
    sim_world_fail_call (world, "destroy", n, 9 /* VIR_ERR_OPERATION_FAILED */);
  return recovery;
}

Test (recover, fence_is_the_last_resort_and_asked_for)
{
  g_autoptr (TestFence) fence = g_object_new (TEST_TYPE_FENCE, NULL);
  g_autoptr (MigrateRecovery) recovery = recovery_of_a_hung_guest (fence);

  apply_fails (recovery, MIGRATE_RISK_DISRUPTIVE, MIGRATE_ERROR_NEEDS_RECOVER);
  cr_assert_eq (fence->asked, 0);
  /* It is dead then, and is to be started, which is no harm: the same call does it. */
  apply (recovery, MIGRATE_RISK_DESTRUCTIVE);
  cr_assert_eq (fence->asked, 1);
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").state, MIGRATE_DOMAIN_RUNNING);
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").boots, 2);
}

Test (recover, fence_that_lies_is_found_out)
{
  g_autoptr (TestFence) fence = g_object_new (TEST_TYPE_FENCE, NULL);
  g_autoptr (MigrateRecovery) recovery = recovery_of_a_hung_guest (fence);

  fence->lies = TRUE;
  apply_fails (recovery, MIGRATE_RISK_DESTRUCTIVE, MIGRATE_ERROR_NEEDS_RECOVER);
  cr_assert_eq (fence->asked, 1);
  cr_assert (sim_world_get_domain (world, "h1", "g0").active);
}

/* ---- what does not answer ---- */

Test (recover, abort_that_hangs_is_freed_at_the_destination)
{
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (MigrateStep) step = NULL;

  leave_in_flight (NULL, NULL);
  sim_world_do (world, &(SimAction){ .what = SIM_HANG_QEMU, .host = "h2", .guest = "g0" });
  recovery = recovery_new (journal);
  investigate (recovery, MIGRATE_VERDICT_STALLED);
  step = migrate_recovery_dup_step (recovery, 0);
  cr_assert_str_eq (migrate_step_get_what (step), "abort-transfer");
  cr_assert_eq (migrate_step_get_risk (step), MIGRATE_RISK_DISRUPTIVE);
  cr_assert_not (migrate_step_is_done (step));
  apply_fails (recovery, MIGRATE_RISK_SAFE, MIGRATE_ERROR_NEEDS_RECOVER);
  /* The abort does not end, for the destination hangs: that is the next verdict, in one go. */
  apply (recovery, MIGRATE_RISK_DISRUPTIVE);
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").state, MIGRATE_DOMAIN_RUNNING);
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").exists);
  assert_closed (MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
}

Test (recover, guest_that_hangs_is_destroyed_only_when_that_was_asked_for)
{
  g_autoptr (MigrateRecovery) recovery = recovery_new (journal);

  sim_world_do (world, &(SimAction){ .what = SIM_HANG_QEMU, .host = "h1", .guest = "g0" });
  investigate (recovery, MIGRATE_VERDICT_MONITOR_UNRESPONSIVE);
  apply_fails (recovery, MIGRATE_RISK_DISRUPTIVE, MIGRATE_ERROR_NEEDS_RECOVER);
  cr_assert_eq (sim_world_count_calls (world, "destroy"), 0);
  migrate_recovery_apply (recovery, MIGRATE_RISK_DESTRUCTIVE, NULL, NULL);
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").active);
  cr_assert (sim_world_get_domain (world, "h1", "g0").exists);
}
