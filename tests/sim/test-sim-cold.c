/* Moves of guests that do not run, and taking them back: there is one guest afterwards, its disks
 * are what they were, and of a move that was taken back nothing is left. */
#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>
#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define IMAGE "/images/g0.qcow2"

static SimWorld *world;
static MigrateJournal *journal;
static char *chain_before, *content_before;
static gboolean timeless; /* the hosts' storage */

/* A guest with one image on h1; shared: both hosts have the folder. */
static void
world_new (MigrateDomainState state, gboolean shared)
{
  const SimDiskSpec disks[]
    = { { .target = "vda", .path = IMAGE, .format = "qcow2", .write_rate = MIB }, { NULL } };
  const char *storage = shared ? "both" : NULL;

  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  for (guint i = 1; i <= 2; i++)
    sim_world_add_pool (
      world, i == 1 ? "h1" : "h2",
      &(SimPoolSpec){
        .name = "images", .target = "/images", .storage = storage, .timeless = timeless });
  sim_world_add_image (
    world, "h1",
    &(SimImageSpec){ .path = IMAGE, .format = "qcow2", .capacity = 64 * MIB, .data = 8 * MIB });
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){ .name = "g0", .disks = disks, .state = state, .autostart = TRUE });
  chain_before = sim_world_dup_chain_of (world, "h1", IMAGE);
  content_before = sim_world_dup_content_of (world, "h1", IMAGE);
  journal = migrate_sqlite_journal_new_none ();
  sim_world_enter (world);
}

static void
world_free (void)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
  g_clear_object (&journal);
  sim_world_free (world);
  g_free (chain_before);
  g_free (content_before);
}

TestSuite (cold, .fini = world_free, .timeout = 120);

/* ---- the job ---- */

static MigrateJob *
job_new (MigrateKind kind, const char *const *policies)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  for (; *policies != NULL; policies += 2)
    cr_assert (migrate_policy_set (policy, policies[0], policies[1], NULL), "%s", policies[0]);
  migrate_job_set_policy (job, policy);
  migrate_job_set_kind (job, kind);
  migrate_job_set_journal (job, journal);
  return job;
}

static const char *const plain[] = { NULL };
static const char *const manual[] = { "confirm", "manual", NULL };
static const char *const shut_down[] = { "shut-down", "true", NULL };
static const char *const shut_down_manual[] = { "shut-down", "true", "confirm", "manual", NULL };

static void
run (MigrateJob *job, MigrateState state)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_job_get_state (job), state);
}

static void
revert (MigrateJob *job, MigrateRisk up_to)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = NULL;

  cr_assert (migrate_job_revert (job, up_to, NULL, &error), "%s; %s",
             error != NULL ? error->message : "", sim_world_describe (world, "g0"));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_REVERTED);
  result = migrate_job_dup_result (job);
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_STAYED);
}

static void
revert_fails (MigrateJob *job, MigrateRisk up_to, int code, const char *words)
{
  g_autoptr (GError) error = NULL;
  MigrateState before = migrate_job_get_state (job);

  cr_assert_not (migrate_job_revert (job, up_to, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "%d: %s", error->code, error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
  cr_assert_eq (migrate_job_get_state (job), before);
}

/* ---- what is there ---- */

static void
assert_at (const char *where)
{
  cr_assert_str_eq (sim_world_describe (world, "g0"), where);
}

static gboolean
has_file (const char *host, const char *path)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, host);

  return g_strv_contains ((const char *const *) paths, path);
}

static void
assert_no_file (const char *host)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, host);
  g_autofree char *all = g_strjoinv (" ", paths);

  cr_assert_eq (g_strv_length (paths), 0, "%s has %s", host, all);
}

static void
assert_same_image (const char *host)
{
  g_autofree char *chain = sim_world_dup_chain_of (world, host, IMAGE);
  g_autofree char *content = sim_world_dup_content_of (world, host, IMAGE);

  cr_assert_str_eq (chain, chain_before);
  cr_assert_str_eq (content, content_before);
}

static gboolean
is_marked (const char *host)
{
  g_autofree char *xml = sim_world_dup_xml (world, host, "g0", TRUE /* definition */);

  return xml != NULL && strstr (xml, "outgoing") != NULL;
}

/* ---- there ---- */

Test (cold, a_guest_that_is_off_goes_with_its_image)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_new (MIGRATE_KIND_AUTO, plain);
  run (job, MIGRATE_STATE_FINALIZED);
  assert_at ("h1: - | h2: shut off (unknown) persistent autostart");
  assert_same_image ("h2");
  assert_no_file ("h1");
}

Test (cold, a_guest_that_runs_is_shut_down_and_started_again)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_RUNNING, FALSE);
  job = job_new (MIGRATE_KIND_COLD, shut_down);
  run (job, MIGRATE_STATE_FINALIZED);
  assert_at ("h1: - | h2: running (booted) persistent autostart");
  cr_assert_eq (sim_world_get_domain (world, "h2", "g0").boots, 2);
  assert_no_file ("h1");
}

Test (cold, a_guest_that_is_suspended_goes_on_counting)
{
  g_autoptr (MigrateJob) job = NULL;
  guint64 before;

  world_new (MIGRATE_DOMAIN_RUNNING, FALSE);
  sim_world_sleep (world, 5000);
  before = sim_world_get_domain (world, "h1", "g0").counter;
  job = job_new (MIGRATE_KIND_SUSPEND, plain);
  run (job, MIGRATE_STATE_FINALIZED);
  assert_at ("h1: - | h2: running (restored) persistent autostart");
  cr_assert_eq (sim_world_get_domain (world, "h2", "g0").boots, 1);
  cr_assert_geq (sim_world_get_domain (world, "h2", "g0").counter, before);
  assert_no_file ("h1");
}

/* Nothing but the journal proves that it has not run there yet. */
Test (cold, memory_is_restored_where_storage_tells_no_times)
{
  g_autoptr (MigrateJob) job = NULL;

  timeless = TRUE;
  world_new (MIGRATE_DOMAIN_RUNNING, FALSE);
  job = job_new (MIGRATE_KIND_SUSPEND, plain);
  run (job, MIGRATE_STATE_FINALIZED);
  assert_at ("h1: - | h2: running (restored) persistent autostart");
  cr_assert_eq (sim_world_get_domain (world, "h2", "g0").boots, 1);
  assert_no_file ("h1");
}

/* ---- how far, and whether it is right ---- */

/* The carrier's disks have other names. */
static void
note_disks (MigrateJob *job, MigrateProgress *progress, GHashTable *seen)
{
  g_autoptr (GVariant) details = migrate_progress_dup_details (progress);
  g_autoptr (GVariant) disks = g_variant_lookup_value (details, "disks", G_VARIANT_TYPE_VARDICT);
  GVariantIter iter;
  const char *id;
  GVariant *disk;

  if (disks == NULL)
    return;
  g_variant_iter_init (&iter, disks);
  while (g_variant_iter_loop (&iter, "{&sv}", &id, &disk))
    {
      guint64 rate = 0;

      cr_assert (g_variant_lookup (disk, "done", "t", NULL));
      cr_assert (g_variant_lookup (disk, "total", "t", NULL));
      cr_assert (g_variant_lookup (disk, "rate", "t", &rate));
      if (rate > 0)
        g_hash_table_add (seen, g_strdup (id));
    }
}

Test (cold, each_file_that_a_carrier_carries_is_told_of)
{
  static const char *const often[] = { "poll-interval", "50", NULL };
  g_autoptr (GHashTable) seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  sim_world_set_bandwidth (world, "h1", "h2", 2 * MIB);
  job = job_new (MIGRATE_KIND_COLD, often);
  g_signal_connect (job, "progress", G_CALLBACK (note_disks), seen);
  run (job, MIGRATE_STATE_FINALIZED);
  cr_assert (g_hash_table_contains (seen, "vda"));
  cr_assert_eq (g_hash_table_size (seen), 1);
}

static const char *const verified[] = { "verify", "always", NULL };

Test (cold, what_was_mirrored_is_read_back_when_asked)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_new (MIGRATE_KIND_COLD, verified);
  run (job, MIGRATE_STATE_FINALIZED);
  result = migrate_job_dup_result (job);
  cr_assert_gt (migrate_result_get_phase_ms (result, MIGRATE_PHASE_VERIFYING), 0);
  assert_same_image ("h2");
}

static void
spoil_when_verified (MigrateJob *job, GParamSpec *pspec, gpointer data)
{
  if (migrate_job_get_phase (job) == MIGRATE_PHASE_VERIFYING)
    sim_world_spoil (world, "h2", IMAGE, 8 * MIB);
}

Test (cold, a_mirror_that_lies_is_found_out)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_new (MIGRATE_KIND_COLD, verified);
  g_signal_connect (job, "notify::phase", G_CALLBACK (spoil_when_verified), NULL);
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_FAILED), "%s", error->message);
  cr_assert_not_null (strstr (error->message, "is not what the source has"), "%s", error->message);
  assert_at ("h1: shut off (unknown) persistent autostart | h2: -");
  assert_same_image ("h1");
  assert_no_file ("h2");
}

/* ---- and back ---- */

Test (cold, one_that_never_ran_there_is_taken_back_for_nothing)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_new (MIGRATE_KIND_COLD, manual);
  run (job, MIGRATE_STATE_MIGRATED);
  cr_assert (is_marked ("h1"));
  revert (job, MIGRATE_RISK_SAFE);
  assert_at ("h1: shut off (unknown) persistent autostart | h2: -");
  cr_assert_not (is_marked ("h1"));
  assert_same_image ("h1");
  assert_no_file ("h2");
}

Test (cold, one_that_ran_there_is_destroyed_when_that_is_allowed)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_RUNNING, FALSE);
  job = job_new (MIGRATE_KIND_COLD, shut_down_manual);
  run (job, MIGRATE_STATE_MIGRATED);
  sim_world_sleep (world, 5000);
  revert_fails (job, MIGRATE_RISK_DISRUPTIVE, MIGRATE_ERROR_BLOCKED,
                "what it has in memory and what it has written there to “vda” would be lost");
  cr_assert (sim_world_get_domain (world, "h2", "g0").active);
  sim_world_give_up (world, "g0");
  revert (job, MIGRATE_RISK_DESTRUCTIVE);
  assert_at ("h1: running (booted) persistent autostart | h2: -");
  assert_no_file ("h2");
}

/* Whoever did it. */
Test (cold, one_that_somebody_started_there_has_run_there)
{
  g_autoptr (MigrateCall) start = _migrate_call_new (MIGRATE_CALL_START, "g0");
  MigrateBackend *backend;
  g_autoptr (MigrateJob) job = NULL;
  MigrateConn *conn;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_new (MIGRATE_KIND_COLD, manual);
  run (job, MIGRATE_STATE_MIGRATED);
  backend = sim_world_get_backend (world);
  conn = backend->vtable->open (backend, "sim://w/h2", NULL);
  cr_assert (backend->vtable->call (conn, start, NULL));
  backend->vtable->close (conn);
  revert_fails (job, MIGRATE_RISK_SAFE, MIGRATE_ERROR_BLOCKED, "has run at the destination");
  sim_world_give_up (world, "g0");
  revert (job, MIGRATE_RISK_DESTRUCTIVE);
  assert_at ("h1: shut off (unknown) persistent autostart | h2: -");
  assert_same_image ("h1");
  assert_no_file ("h2");
}

Test (cold, memory_that_was_saved_is_restored_at_the_source)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_RUNNING, FALSE);
  job = job_new (MIGRATE_KIND_SUSPEND, manual);
  run (job, MIGRATE_STATE_MIGRATED);
  sim_world_give_up (world, "g0");
  revert (job, MIGRATE_RISK_DESTRUCTIVE);
  assert_at ("h1: running (restored) persistent autostart | h2: -");
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").boots, 1);
  assert_no_file ("h2");
}

Test (cold, memory_does_not_go_back_to_disks_that_were_written_since)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_RUNNING, TRUE);
  job = job_new (MIGRATE_KIND_SUSPEND, manual);
  run (job, MIGRATE_STATE_MIGRATED);
  revert_fails (job, MIGRATE_RISK_DESTRUCTIVE, MIGRATE_ERROR_TOO_LATE, "the same disk (“vda”)");
  assert_at ("h1: shut off (saved) persistent | h2: running (restored) persistent");
}

Test (cold, what_was_finalized_is_not_taken_back)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_new (MIGRATE_KIND_COLD, plain);
  run (job, MIGRATE_STATE_FINALIZED);
  revert_fails (job, MIGRATE_RISK_DESTRUCTIVE, MIGRATE_ERROR_TOO_LATE, "too late to revert");
}

Test (cold, what_never_stopped_is_not_taken_back)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_RUNNING, TRUE);
  job = job_new (MIGRATE_KIND_LIVE, manual);
  run (job, MIGRATE_STATE_MIGRATED);
  revert_fails (job, MIGRATE_RISK_DESTRUCTIVE, MIGRATE_ERROR_WRONG_STATE, "nothing to revert");
}

Test (cold, an_image_that_somebody_removed_is_not_gone_back_to)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_REMOVE, NULL);
  g_autoptr (MigrateJob) job = NULL;
  MigrateBackend *backend;
  MigrateConn *conn;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_new (MIGRATE_KIND_COLD, manual);
  run (job, MIGRATE_STATE_MIGRATED);
  call->storage.pool = g_strdup ("images");
  call->storage.name = g_strdup ("g0.qcow2");
  backend = sim_world_get_backend (world);
  conn = backend->vtable->open (backend, "sim://w/h1", NULL);
  cr_assert (backend->vtable->call (conn, call, NULL));
  backend->vtable->close (conn);
  revert_fails (job, MIGRATE_RISK_DESTRUCTIVE, MIGRATE_ERROR_TOO_LATE, "has no “" IMAGE "”");
  cr_assert (has_file ("h2", IMAGE));
}

/* Another process. */
Test (cold, a_job_that_is_loaded_is_taken_back_too)
{
  g_autoptr (MigrateJob) loaded = NULL;
  g_autofree char *id = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  {
    g_autoptr (MigrateJob) job = job_new (MIGRATE_KIND_COLD, manual);

    run (job, MIGRATE_STATE_MIGRATED);
    id = g_strdup (migrate_job_get_id (job));
  }
  loaded = migrate_job_load (journal, id, NULL, NULL);
  cr_assert_not_null (loaded);
  revert (loaded, MIGRATE_RISK_SAFE);
  assert_at ("h1: shut off (unknown) persistent autostart | h2: -");
  assert_no_file ("h2");
}

/* Half way there is nothing else to be done with the job. */
static MigrateJob *
half_reverted (void)
{
  MigrateJob *job;
  g_autoptr (GError) error = NULL;

  world_new (MIGRATE_DOMAIN_RUNNING, FALSE);
  job = job_new (MIGRATE_KIND_COLD, shut_down_manual);
  run (job, MIGRATE_STATE_MIGRATED);
  sim_world_give_up (world, "g0");
  sim_world_fail_call (world, "undefine:h2", 1, 1 /* VIR_ERR_INTERNAL_ERROR */);
  cr_assert_not (migrate_job_revert (job, MIGRATE_RISK_DESTRUCTIVE, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER), "%s",
             error->message);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
  assert_at ("h1: shut off (shutdown) persistent | h2: shut off (destroyed) persistent");
  return job;
}

Test (cold, a_revert_that_failed_is_not_followed_but_done_again)
{
  g_autoptr (MigrateJob) job = half_reverted ();
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_job_follow (job, NULL, &error));
  cr_assert_not_null (strstr (error->message, "is being taken back"), "%s", error->message);
  assert_at ("h1: shut off (shutdown) persistent | h2: shut off (destroyed) persistent");
  revert (job, MIGRATE_RISK_SAFE); /* it was allowed when it began */
  assert_at ("h1: running (booted) persistent autostart | h2: -");
  assert_no_file ("h2");
}

Test (cold, a_recovery_goes_on_with_a_revert)
{
  g_autoptr (MigrateJob) job = half_reverted ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateRecovery) recovery = migrate_job_recover (job, NULL, &error);

  cr_assert_not_null (recovery, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_recovery_get_verdict (recovery), MIGRATE_VERDICT_REVERTING);
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error), "%s",
             error != NULL ? error->message : "");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_REVERTED);
  assert_at ("h1: running (booted) persistent autostart | h2: -");
  assert_no_file ("h2");
}

/* ---- of another shape ---- */

#define SHAPE                                                                                      \
  "{'vcpus': <uint32 4>, 'memory': <uint64 268435456>, 'disks': <{'vda': uint64 134217728}>}"

static MigrateJob *
job_of_shape (const char *shape, const char *const *policies)
{
  MigrateJob *job = job_new (MIGRATE_KIND_COLD, policies);
  g_autoptr (GVariant) resize = NULL;

  migrate_job_set_resize (job, g_variant_parse (G_VARIANT_TYPE_VARDICT, shape, NULL, NULL, NULL));
  resize = migrate_job_dup_resize (job);
  cr_assert_not_null (resize);
  return job;
}

static gboolean
says (const char *host, const char *words)
{
  g_autofree char *xml = sim_world_dup_xml (world, host, "g0", TRUE /* definition */);

  return xml != NULL && strstr (xml, words) != NULL;
}

static void
assert_shape (const char *host, gboolean large)
{
  g_autofree char *chain = sim_world_dup_chain_of (world, host, IMAGE);

  cr_assert_eq (says (host, ">4</vcpu>"), large, "%s", host);
  cr_assert_eq (says (host, ">262144</memory>"), large, "%s", host);
  cr_assert_eq (strstr (chain, "134217728") != NULL, large, "%s", chain);
}

Test (cold, a_guest_is_given_another_shape_on_its_way)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_of_shape (SHAPE, plain);
  run (job, MIGRATE_STATE_FINALIZED);
  assert_shape ("h2", TRUE);
  assert_no_file ("h1");
}

Test (cold, a_guest_has_its_old_shape_back)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_of_shape (SHAPE, manual);
  run (job, MIGRATE_STATE_MIGRATED);
  assert_shape ("h2", TRUE);
  assert_shape ("h1", FALSE);
  revert (job, MIGRATE_RISK_SAFE);
  assert_shape ("h1", FALSE);
  assert_same_image ("h1");
  assert_no_file ("h2");
}

static void
run_fails (MigrateJob *job, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "%d: %s", error->code, error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
}

Test (cold, a_shape_that_is_none_is_refused)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateJob) smaller = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_of_shape ("{'vcpus': <uint32 0>}", plain);
  run_fails (job, MIGRATE_ERROR_INVALID, "“vcpus”");
  smaller = job_of_shape ("{'disks': <{'vda': uint64 1048576}>}", plain);
  run_fails (smaller, MIGRATE_ERROR_BLOCKED, "resize-shrinks");
  assert_at ("h1: shut off (unknown) persistent autostart | h2: -");
  assert_no_file ("h2");
}

/* The destination cannot make it larger: all is as it was. */
Test (cold, a_disk_that_cannot_be_made_larger_stays)
{
  g_autoptr (MigrateJob) job = NULL;

  world_new (MIGRATE_DOMAIN_SHUTOFF, FALSE);
  job = job_of_shape (SHAPE, plain);
  sim_world_fail_call (world, "volume-resize", 1, 1 /* VIR_ERR_INTERNAL_ERROR */);
  run_fails (job, MIGRATE_ERROR_FAILED, "Making disk “vda” larger");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  assert_at ("h1: shut off (unknown) persistent autostart | h2: -");
  assert_same_image ("h1");
  assert_no_file ("h2");
}

/* ---- the n-th call ---- */

typedef void (*Spoil) (SimWorld *world, guint n);

static void
fail (SimWorld *in, guint n)
{
  sim_world_fail_call (in, "*", n, 38 /* VIR_ERR_SYSTEM_ERROR */);
}

static void
lose_answer (SimWorld *in, guint n)
{
  sim_world_lose_answer (in, "*", n);
}

static void
hang (SimWorld *in, guint n)
{
  sim_world_hang_call (in, "*", n);
}

/* It is refused and nothing changed, or ends when it is asked for again. TRUE: it had an n-th call.
 */
static gboolean
revert_with (Spoil spoil, guint n, const char *where, MigrateKind kind, const char *const *policies)
{
  g_autoptr (MigrateJob) job = job_new (kind, policies);
  guint begun;

  run (job, MIGRATE_STATE_MIGRATED);
  sim_world_give_up (world, "g0");
  begun = sim_world_count_calls (world, "*");
  spoil (world, begun + n);
  if (!migrate_job_revert (job, MIGRATE_RISK_DESTRUCTIVE, NULL, NULL))
    {
      g_autoptr (GError) error = NULL;

      cr_assert (migrate_job_revert (job, MIGRATE_RISK_DESTRUCTIVE, NULL, &error), "n=%u: %s; %s",
                 n, error->message, sim_world_describe (world, "g0"));
    }
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_REVERTED);
  cr_assert_str_eq (sim_world_describe (world, "g0"), where, "n=%u: %s", n,
                    sim_world_describe (world, "g0"));
  assert_no_file ("h2");
  return sim_world_count_calls (world, "*") >= begun + n;
}

static void
revert_for_every_call (MigrateDomainState state, MigrateKind kind, const char *const *policies,
                       const char *where)
{
  static const Spoil spoils[] = { fail, lose_answer, hang };

  for (gsize i = 0; i < G_N_ELEMENTS (spoils); i++)
    {
      gboolean reached = TRUE;
      guint n;

      for (n = 1; reached; n++)
        {
          world_new (state, FALSE);
          reached = revert_with (spoils[i], n, where, kind, policies);
          world_free ();
        }
      cr_assert_gt (n, 10, "%u calls", n);
    }
  world_new (state, FALSE);
}

Test (cold, whatever_call_fails_a_revert_of_a_guest_that_is_off_ends, .timeout = 600)
{
  revert_for_every_call (MIGRATE_DOMAIN_SHUTOFF, MIGRATE_KIND_COLD, manual,
                         "h1: shut off (unknown) persistent autostart | h2: -");
}

Test (cold, whatever_call_fails_a_revert_of_a_guest_that_ran_ends, .timeout = 600)
{
  revert_for_every_call (MIGRATE_DOMAIN_RUNNING, MIGRATE_KIND_COLD, shut_down_manual,
                         "h1: running (booted) persistent autostart | h2: -");
}

Test (cold, whatever_call_fails_a_revert_of_a_suspended_guest_ends, .timeout = 600)
{
  revert_for_every_call (MIGRATE_DOMAIN_RUNNING, MIGRATE_KIND_SUSPEND, manual,
                         "h1: running (restored) persistent autostart | h2: -");
}
