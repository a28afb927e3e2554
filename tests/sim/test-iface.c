/* The program's part of a move: its record, its hooks, and the chores after it. */
#include "sim.h"

#include "journal/journal-private.h"

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
  journal = migrate_sqlite_journal_new_none ();
}

static void
tear_down (void)
{
  g_clear_object (&journal);
  sim_world_free (world);
}

TestSuite (record, .init = set_up, .fini = tear_down, .timeout = 60);
TestSuite (hooks, .init = set_up, .fini = tear_down, .timeout = 60);
TestSuite (chores, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- shared ---- */

static MigrateJob *
job_new (SimGuestSpec spec)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  spec.name = "g0";
  sim_world_add_guest (world, "h1", &spec);
  migrate_host_set_name (source, "one");
  migrate_host_set_name (destination, "two");
  migrate_job_set_journal (job, journal);
  return job;
}

static void
set_policy (MigrateJob *job, const char *key, const char *value)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);

  cr_assert (migrate_policy_set (policy, key, value, NULL));
  migrate_job_set_policy (job, policy);
}

static gboolean
runs_on (const char *host)
{
  SimDomainInfo info = sim_world_get_domain (world, host, "g0");

  return info.active && info.state == MIGRATE_DOMAIN_RUNNING;
}

static void
assert_no_violation (void)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
}

static void
assert_moved (MigrateJob *job)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);

  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FINALIZED);
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_MOVED);
  cr_assert (runs_on ("h2"), "%s", sim_world_describe (world, "g0"));
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").exists);
  assert_no_violation ();
}

static void
assert_stayed (MigrateJob *job)
{
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  cr_assert (runs_on ("h1"), "%s", sim_world_describe (world, "g0"));
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").exists);
  assert_no_violation ();
}

static void
run (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
}

static void
assert_error (GError **error, int code, const char *words)
{
  cr_assert_not_null (*error, "it did not fail");
  cr_assert (g_error_matches (*error, MIGRATE_ERROR, code), "code %d: %s", (*error)->code,
             (*error)->message);
  cr_assert_not_null (strstr ((*error)->message, words), "%s", (*error)->message);
  g_clear_error (error);
}

static void
assert_run_fails (MigrateJob *job, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_job_run (job, NULL, &error));
  assert_error (&error, code, words);
}

static char **
warnings_of (MigrateJob *job)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);

  return migrate_result_dup_warnings (result);
}

/* Where the first entry of a step with this status is in the journal; -1: nowhere. */
static int
entry_of (MigrateJob *job, const char *name, const char *status)
{
  g_autoptr (GVariant) entries
    = _migrate_journal_load_entries (journal, migrate_job_get_id (job), NULL);

  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      if (g_strcmp0 (_migrate_variant_string (entry, "name"), name) == 0
          && g_strcmp0 (_migrate_variant_string (entry, "status"), status) == 0)
        return (int) i;
    }
  return -1;
}

/* ---- an inventory with faults ---- */

typedef enum
{
  RECORD_GOOD,
  RECORD_SILENT,       /* never answers */
  RECORD_WRITES_ONLY,  /* writes, never answers */
  RECORD_ANSWERS_ONLY, /* says that it has written */
  RECORD_FAILS,
  RECORD_LATE,  /* by another thread, in time */
  RECORD_RACES, /* somebody else writes a third host just before */
} RecordFault;

#define TEST_TYPE_RECORD (test_record_get_type ())
G_DECLARE_FINAL_TYPE (TestRecord, test_record, TEST, RECORD, GObject)

struct _TestRecord
{
  GObject parent_instance;
  char *host;
  RecordFault fault; /* of compare-and-set */
  gboolean get_fails;
  guint gets, sets;
  GThread *thread;
};

static void
answer_late (gpointer data, gpointer unused)
{
  MigrateRequest *request = data;

  sim_world_sleep (world, 20000);
  cr_assert (migrate_request_answer (request, NULL));
  g_object_unref (request);
}

static gboolean
record_get (MigrateInventory *iface, MigrateRequest *request)
{
  TestRecord *self = TEST_RECORD (iface);

  self->gets++;
  self->thread = g_thread_self ();
  if (self->get_fails)
    return FALSE;
  if (self->host == NULL)
    return migrate_request_refuse (request, "not-found", "no such row");
  return migrate_request_answer (request, g_variant_new_parsed ("{'host': <%s>}", self->host));
}

static void
record_write (TestRecord *self, const char *host)
{
  g_free (self->host);
  self->host = g_strdup (host);
}

static gboolean
record_compare_and_set (MigrateInventory *iface, MigrateRequest *request)
{
  TestRecord *self = TEST_RECORD (iface);
  g_autoptr (GVariant) details = migrate_request_dup_details (request);
  MigrateBackend *backend = sim_world_get_backend (world);

  self->sets++;
  if (self->fault == RECORD_RACES)
    record_write (self, "three");
  if (self->fault == RECORD_FAILS)
    return FALSE;
  if (self->fault == RECORD_SILENT)
    return TRUE;
  if (self->fault == RECORD_ANSWERS_ONLY)
    return migrate_request_answer (request, NULL);
  if (!g_str_equal (self->host, _migrate_variant_string (details, "expected")))
    return migrate_request_refuse (request, "conflict", "somebody else wrote it");
  record_write (self, _migrate_variant_string (details, "host"));
  if (self->fault == RECORD_WRITES_ONLY)
    return TRUE;
  if (self->fault == RECORD_LATE)
    return backend->vtable->start_thread (backend, "late", answer_late, g_object_ref (request),
                                          NULL);
  return migrate_request_answer (request, NULL);
}

static void
test_record_iface_init (MigrateInventoryInterface *iface)
{
  iface->get = record_get;
  iface->compare_and_set = record_compare_and_set;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestRecord, test_record, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_INVENTORY,
                                                      test_record_iface_init))

static void
record_free (GObject *object)
{
  g_free (TEST_RECORD (object)->host);
  G_OBJECT_CLASS (test_record_parent_class)->finalize (object);
}

static void
test_record_class_init (TestRecordClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = record_free;
}

static void
test_record_init (TestRecord *self)
{
  self->host = g_strdup ("one");
}

static TestRecord *
record_new (MigrateJob *job, RecordFault fault)
{
  TestRecord *record = g_object_new (TEST_TYPE_RECORD, NULL);

  record->fault = fault;
  migrate_job_set_inventory (job, MIGRATE_INVENTORY (record));
  return record;
}

Test (record, is_swapped_before_anything_is_released)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .autostart = TRUE });
  g_autoptr (TestRecord) record = record_new (job, RECORD_GOOD);
  int swapped;

  run (job);
  assert_moved (job);
  cr_assert_str_eq (record->host, "two");
  cr_assert_eq (record->thread, g_thread_self ());
  cr_assert_eq (record->sets, 1);
  swapped = entry_of (job, "swap-record", "done");
  cr_assert_geq (swapped, 0);
  cr_assert_lt (swapped, entry_of (job, "set-autostart", "begun"));
  cr_assert_lt (swapped, entry_of (job, "clear-autostart", "released"));
}

Test (record, without_an_inventory_there_is_no_step)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });

  run (job);
  cr_assert_eq (entry_of (job, "swap-record", "begun"), -1);
}

Test (record, of_another_host_blocks_the_move)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestRecord) record = record_new (job, RECORD_GOOD);

  record_write (record, "three");
  assert_run_fails (job, MIGRATE_ERROR_BLOCKED, "record-differs");
  cr_assert (runs_on ("h1"));
  record_write (record, NULL);
  assert_run_fails (job, MIGRATE_ERROR_BLOCKED, "does not have guest “g0”");
  record_write (record, "one");
  run (job);
  assert_moved (job);
}

/* What was done is kept as it is: a guest that is at the destination, and a source that could
 * still start it. */
Test (record, a_conflict_releases_nothing)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .autostart = TRUE });
  g_autoptr (TestRecord) record = record_new (job, RECORD_GOOD);
  g_autoptr (MigrateResult) followed = NULL;
  g_autoptr (GError) error = NULL;

  set_policy (job, "confirm", "manual");
  run (job);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_MIGRATED);
  record_write (record, "three");
  cr_assert_not (migrate_job_finalize (job, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_NEEDS_RECOVER,
                "has guest “g0” on “three”, neither on “one” nor on “two”");
  cr_assert_eq (record->sets, 0);
  cr_assert_str_eq (record->host, "three");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
  cr_assert (runs_on ("h2"));
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").autostart);
  cr_assert_eq (entry_of (job, "clear-autostart", "released"), -1);

  record_write (record, "one");
  set_policy (job, "confirm", "auto");
  followed = migrate_job_follow (job, NULL, &error);
  cr_assert_not_null (followed, "%s", error != NULL ? error->message : "");
  assert_moved (job);
  cr_assert_str_eq (record->host, "two");
  cr_assert (sim_world_get_domain (world, "h2", "g0").autostart);
}

Test (record, is_put_right_by_a_recovery_with_the_rest)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .autostart = TRUE });
  g_autoptr (TestRecord) record = record_new (job, RECORD_FAILS);
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (MigrateStep) step = NULL;
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
  g_clear_error (&error);
  record->fault = RECORD_GOOD;
  recovery = migrate_job_recover (job, NULL, &error);
  cr_assert_not_null (recovery, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_recovery_get_verdict (recovery), MIGRATE_VERDICT_RUNS_ON_DESTINATION);
  step = migrate_recovery_dup_step (recovery, 0);
  cr_assert_str_eq (migrate_step_get_what (step), "swap-record");
  cr_assert_str_eq (record->host, "one");
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error), "%s",
             error != NULL ? error->message : "");
  cr_assert_str_eq (record->host, "two");
  assert_moved (job);
  cr_assert (sim_world_get_domain (world, "h2", "g0").autostart);
}

Test (record, that_names_a_third_host_is_left_alone_by_a_recovery)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestRecord) record = record_new (job, RECORD_FAILS);
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_job_run (job, NULL, &error));
  g_clear_error (&error);
  record->fault = RECORD_GOOD;
  record_write (record, "three");
  recovery = migrate_job_recover (job, NULL, &error);
  cr_assert_not_null (recovery, "%s", error != NULL ? error->message : "");
  cr_assert_not (migrate_recovery_apply (recovery, MIGRATE_RISK_DESTRUCTIVE, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_NEEDS_RECOVER, "on “three”");
  cr_assert_str_eq (record->host, "three");
  cr_assert (runs_on ("h2"));
}

Test (record, a_race_that_is_lost_is_a_conflict)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestRecord) record = record_new (job, RECORD_RACES);

  assert_run_fails (job, MIGRATE_ERROR_NEEDS_RECOVER, "on “three”");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
  cr_assert (runs_on ("h2"));
}

static void
assert_fails_then_follows (RecordFault fault, const char *words)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .autostart = TRUE });
  g_autoptr (TestRecord) record = record_new (job, fault);
  g_autoptr (MigrateResult) followed = NULL;
  g_autoptr (GError) error = NULL;

  assert_run_fails (job, MIGRATE_ERROR_NEEDS_RECOVER, words);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
  cr_assert_str_eq (record->host, "one");
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").autostart);
  record->fault = RECORD_GOOD;
  followed = migrate_job_follow (job, NULL, &error);
  cr_assert_not_null (followed, "%s", error != NULL ? error->message : "");
  assert_moved (job);
  cr_assert_str_eq (record->host, "two");
}

Test (record, an_inventory_that_fails)
{
  assert_fails_then_follows (RECORD_FAILS, "inventory (compare-and-set) failed without saying why");
}

Test (record, an_inventory_that_never_answers)
{
  assert_fails_then_follows (RECORD_SILENT,
                             "did not answer the inventory (compare-and-set) within 60000 ms");
}

Test (record, an_inventory_that_only_says_so)
{
  assert_fails_then_follows (RECORD_ANSWERS_ONLY, "the record still names “one”");
}

/* What counts is what the record says. */
Test (record, an_inventory_that_writes_and_does_not_answer)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestRecord) record = record_new (job, RECORD_WRITES_ONLY);

  run (job);
  assert_moved (job);
}

Test (record, an_inventory_that_answers_late)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestRecord) record = record_new (job, RECORD_LATE);

  run (job);
  assert_moved (job);
  cr_assert_str_eq (record->host, "two");
}

Test (record, one_that_is_swapped_already_is_left)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestRecord) record = record_new (job, RECORD_GOOD);

  record_write (record, "two");
  run (job);
  assert_moved (job);
  cr_assert_eq (record->sets, 0);
}

/* Before the move, where nothing is lost by it. */
Test (record, an_inventory_that_cannot_be_read_fails_the_check)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestRecord) record = record_new (job, RECORD_GOOD);

  record->get_fails = TRUE;
  assert_run_fails (job, MIGRATE_ERROR_FAILED, "Reading the platform's record: ");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_NEW);
  cr_assert (runs_on ("h1"));
}

/* Another process knows by the journal what the platform calls the hosts. */
Test (record, names_are_in_the_journal)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (MigrateJob) again = NULL;
  g_autofree char *name = NULL;

  run (job);
  again = migrate_job_load (journal, migrate_job_get_id (job), NULL, NULL);
  name = migrate_host_dup_name (migrate_job_get_destination (again));
  cr_assert_str_eq (name, "two");
}

/* ---- hooks with faults ---- */

#define TEST_TYPE_HOOKS (test_hooks_get_type ())
G_DECLARE_FINAL_TYPE (TestHooks, test_hooks, TEST, HOOKS, GObject)

struct _TestHooks
{
  GObject parent_instance;
  GString *log;
  const char *refuse, *silent; /* "before-migrate/destination" */
  GVariant *details;           /* of the first */
  char *world_then;            /* when it heard of the hand-over first */
};

static gboolean
hooks_call (MigrateHooks *iface, MigrateRequest *request)
{
  TestHooks *self = TEST_HOOKS (iface);
  g_autoptr (GVariant) details = migrate_request_dup_details (request);
  const char *undone = _migrate_variant_string (details, "undone-point");
  const char *side = _migrate_variant_string (details, "side");
  g_autofree char *what = g_strdup_printf (
    "%s%s/%s", undone != NULL ? "undo-" : "",
    undone != NULL
      ? undone
      : _migrate_enum_nick (MIGRATE_TYPE_HOOK_POINT, (int) migrate_request_get_point (request)),
    side);

  cr_assert_eq (undone != NULL, migrate_request_get_point (request) == MIGRATE_HOOK_POINT_UNDO);
  cr_assert_str_eq (
    side, _migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) migrate_request_get_side (request)));
  g_string_append_printf (self->log, "%s%s", self->log->len > 0 ? " " : "", what);
  if (self->world_then == NULL
      && migrate_request_get_point (request) == MIGRATE_HOOK_POINT_HANDED_OVER)
    self->world_then = g_strdup (sim_world_describe (world, "g0"));
  if (self->details == NULL)
    self->details = g_variant_ref (details);
  if (g_strcmp0 (self->refuse, what) == 0)
    return migrate_request_refuse (request, "no", "not today");
  if (g_strcmp0 (self->silent, what) == 0)
    return TRUE;
  return migrate_request_answer (request, NULL);
}

static void
test_hooks_iface_init (MigrateHooksInterface *iface)
{
  iface->call = hooks_call;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestHooks, test_hooks, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_HOOKS, test_hooks_iface_init))

static void
hooks_free (GObject *object)
{
  TestHooks *self = TEST_HOOKS (object);

  g_string_free (self->log, TRUE);
  g_clear_pointer (&self->details, g_variant_unref);
  g_free (self->world_then);
  G_OBJECT_CLASS (test_hooks_parent_class)->finalize (object);
}

static void
test_hooks_class_init (TestHooksClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hooks_free;
}

static void
test_hooks_init (TestHooks *self)
{
  self->log = g_string_new (NULL);
}

static TestHooks *
hooks_new (MigrateJob *job)
{
  TestHooks *hooks = g_object_new (TEST_TYPE_HOOKS, NULL);

  migrate_job_set_hooks (job, MIGRATE_HOOKS (hooks));
  return hooks;
}

#define BOTH(point) point "/source " point "/destination"
#define UNDONE(point) "undo-" point "/destination undo-" point "/source"

Test (hooks, are_asked_before_and_after_each_phase_per_side)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestHooks) hooks = hooks_new (job);

  run (job);
  assert_moved (job);
  cr_assert_str_eq (
    hooks->log->str,
    BOTH ("before-prepare") " " BOTH ("after-prepare") " " BOTH ("before-migrate") " " BOTH (
      "handed-over") " " BOTH ("after-migrate") " " BOTH ("before-finalize") " " BOTH ("after-"
                                                                                       "finalize"));
}

Test (hooks, are_told_the_facts_and_the_plan)
{
  g_autoptr (MigrateJob) job
    = job_new ((SimGuestSpec){ .disk = "/srv/shared/g0.qcow2", .autostart = TRUE });
  g_autoptr (TestHooks) hooks = hooks_new (job);
  g_autoptr (GVariant) disks = NULL;
  g_autoptr (GVariant) disk = NULL;

  migrate_job_set_kind (job, MIGRATE_KIND_LIVE);
  migrate_host_set_migration_uri (migrate_job_get_destination (job), "tcp://192.0.2.1");
  run (job);
  assert_moved (job);
  cr_assert_str_eq (_migrate_variant_string (hooks->details, "guest-name"), "g0");
  cr_assert_str_eq (_migrate_variant_string (hooks->details, "job"), migrate_job_get_id (job));
  cr_assert_str_eq (_migrate_variant_string (hooks->details, "source"), "sim://w/h1");
  cr_assert_str_eq (_migrate_variant_string (hooks->details, "destination-name"), "two");
  cr_assert_str_eq (_migrate_variant_string (hooks->details, "kind"), "live");
  cr_assert_str_eq (_migrate_variant_string (hooks->details, "transport"), "p2p");
  cr_assert_str_eq (_migrate_variant_string (hooks->details, "migration-uri"), "tcp://192.0.2.1");
  cr_assert (_migrate_variant_boolean (hooks->details, "persistent"));
  cr_assert (_migrate_variant_boolean (hooks->details, "autostart"));
  cr_assert_not (_migrate_variant_boolean (hooks->details, "was-paused"));
  disks = g_variant_lookup_value (hooks->details, "disks", G_VARIANT_TYPE ("aa{sv}"));
  cr_assert_not_null (disks);
  cr_assert_eq (g_variant_n_children (disks), 1);
  disk = g_variant_get_child_value (disks, 0);
  cr_assert_str_eq (_migrate_variant_string (disk, "source"), "/srv/shared/g0.qcow2");
  cr_assert_str_eq (_migrate_variant_string (disk, "type"), "file");
  cr_assert_not_null (_migrate_variant_string (disk, "target"));
}

static void
assert_veto (const char *refuse, const char *log)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .autostart = TRUE });
  g_autoptr (TestHooks) hooks = hooks_new (job);

  hooks->refuse = refuse;
  assert_run_fails (job, MIGRATE_ERROR_DENIED, "The program refused (no): not today");
  assert_stayed (job);
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
  cr_assert_str_eq (hooks->log->str, log, "%s", hooks->log->str);
}

/* What was asked is undone in reverse, side by side; the one that refused may have done half. */
Test (hooks, veto_at_the_first)
{
  assert_veto ("before-prepare/source", "before-prepare/source undo-before-prepare/source");
}

Test (hooks, veto_after_prepare_at_the_destination)
{
  assert_veto ("after-prepare/destination",
               BOTH ("before-prepare") " " BOTH ("after-prepare") " " UNDONE (
                 "after-prepare") " " UNDONE ("before-prepare"));
}

Test (hooks, veto_before_migrate_at_the_source)
{
  assert_veto (
    "before-migrate/source",
    BOTH ("before-prepare") " " BOTH ("after-prepare") " before-migrate/source "
                                                       "undo-before-migrate/source " UNDONE (
                                                         "after-prepare") " " UNDONE ("before-"
                                                                                      "prepare"));
}

Test (hooks, after_the_hand_over_they_only_warn)
{
  static const char *const points[]
    = { "after-migrate/source", "before-finalize/destination", "after-finalize/source" };

  for (gsize i = 0; i < G_N_ELEMENTS (points); i++)
    {
      g_autoptr (MigrateJob) job = NULL;
      g_autoptr (TestHooks) hooks = NULL;
      g_auto (GStrv) warnings = NULL;

      if (i > 0)
        {
          tear_down ();
          set_up ();
        }
      job = job_new ((SimGuestSpec){ 0 });
      hooks = hooks_new (job);
      hooks->refuse = points[i];
      run (job);
      assert_moved (job);
      warnings = warnings_of (job);
      cr_assert_eq (g_strv_length (warnings), 1, "%s", points[i]);
      cr_assert_not_null (strstr (warnings[0], "not today"), "%s", warnings[0]);
      cr_assert_null (strstr (hooks->log->str, "undo"), "%s", hooks->log->str);
      cr_assert_not_null (strstr (hooks->log->str, BOTH ("after-finalize")));
    }
}

Test (hooks, one_that_does_not_answer_is_given_up_in_time)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestHooks) hooks = hooks_new (job);
  gint64 began = sim_world_get_now (world);
  gint64 took_ms;

  hooks->silent = "before-migrate/destination";
  set_policy (job, "hook-timeout", "7");
  assert_run_fails (job, MIGRATE_ERROR_TIMED_OUT,
                    "did not answer the hook “before-migrate” (destination) within 7000 ms");
  assert_stayed (job);
  took_ms = (sim_world_get_now (world) - began) / 1000;
  cr_assert (took_ms >= 7000 && took_ms < 9000, "%" G_GINT64_FORMAT, took_ms);
}

Test (hooks, nobody_waits_for_handed_over)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestHooks) hooks = hooks_new (job);
  g_auto (GStrv) warnings = NULL;
  gint64 began = sim_world_get_now (world);

  hooks->silent = "handed-over/source";
  run (job);
  assert_moved (job);
  warnings = warnings_of (job);
  cr_assert_eq (g_strv_length (warnings), 0);
  cr_assert_lt (sim_world_get_now (world) - began, 30 * G_TIME_SPAN_SECOND);
  cr_assert_not_null (strstr (hooks->log->str, BOTH ("handed-over")));
}

/* The guest runs there from then on, and the rest of its memory may take long. */
Test (hooks, handed_over_comes_with_the_switch_to_post_copy)
{
  g_autoptr (MigrateJob) job
    = job_new ((SimGuestSpec){ .memory = 1024 << 20, .dirty_rate = 200 << 20 });
  g_autoptr (TestHooks) hooks = hooks_new (job);
  const char *again;

  set_policy (job, "allow", "postcopy");
  set_policy (job, "postcopy-start", "first-pass");
  run (job);
  assert_moved (job);
  cr_assert_not_null (hooks->world_then);
  cr_assert_not_null (strstr (hooks->world_then, "post-copy"), "%s", hooks->world_then);
  again = strstr (hooks->log->str, BOTH ("handed-over"));
  cr_assert_not_null (again, "%s", hooks->log->str);
  cr_assert_null (strstr (again + strlen (BOTH ("handed-over")), "handed-over"));
}

Test (hooks, an_undo_that_is_refused_is_not_swallowed)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (TestHooks) hooks = hooks_new (job);

  hooks->refuse = "undo-before-prepare/source";
  hooks->silent = "before-migrate/source";
  set_policy (job, "hook-timeout", "1");
  assert_run_fails (job, MIGRATE_ERROR_NEEDS_RECOVER, "Undoing “hook”: The program refused (no)");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FAILED);
  cr_assert (runs_on ("h1"));
}

/* ---- chores ---- */

Test (chores, none_are_done_by_default)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (GError) error = NULL;

  run (job);
  cr_assert_eq (sim_world_count_calls (world, "trim"), 0);
  cr_assert_eq (sim_world_count_calls (world, "announce"), 0);
  cr_assert_not (migrate_job_run_chores (job, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_INVALID, "The policy names no chores");
}

Test (chores, are_done_after_the_move_in_their_order)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_auto (GStrv) warnings = NULL;

  set_policy (job, "chores", "trim;clock;announce");
  run (job);
  assert_moved (job);
  warnings = warnings_of (job);
  cr_assert_eq (g_strv_length (warnings), 0);
  cr_assert_eq (sim_world_count_calls (world, "set-time:h2"), 1);
  cr_assert_eq (sim_world_count_calls (world, "trim:h2"), 1);
  cr_assert_eq (sim_world_count_calls (world, "announce:h2"), 1);
  cr_assert_lt (entry_of (job, "finalize", "done"), entry_of (job, "trim", "begun"));
  cr_assert_lt (entry_of (job, "trim", "done"), entry_of (job, "set-clock", "begun"));
}

Test (chores, that_fail_are_warnings_and_can_be_done_again)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (MigrateJob) again = NULL;
  g_auto (GStrv) warnings = NULL;
  g_autoptr (MigrateResult) before = NULL;
  g_autoptr (MigrateResult) after = NULL;
  g_autoptr (GError) error = NULL;

  set_policy (job, "chores", "clock;trim;announce");
  sim_world_fail_call (world, "set-time:h2", 1, 86 /* VIR_ERR_AGENT_UNRESPONSIVE */);
  sim_world_fail_call (world, "trim:h2", 1, 86);
  run (job);
  assert_moved (job);
  warnings = warnings_of (job);
  cr_assert_eq (g_strv_length (warnings), 2);
  cr_assert (g_str_has_prefix (warnings[0], "Chore “clock” was not done: "), "%s", warnings[0]);
  cr_assert (g_str_has_prefix (warnings[1], "Chore “trim” was not done: "), "%s", warnings[1]);
  cr_assert_eq (sim_world_count_calls (world, "announce:h2"), 1);
  before = migrate_job_dup_result (job);

  /* Elsewhere, later. */
  sim_world_sleep (world, 3600 * 1000);
  again = migrate_job_load (journal, migrate_job_get_id (job), NULL, NULL);
  cr_assert (migrate_job_run_chores (again, NULL, &error), "%s",
             error != NULL ? error->message : "");
  assert_moved (again);
  g_strfreev (warnings);
  warnings = warnings_of (again);
  cr_assert_eq (g_strv_length (warnings), 0);
  after = migrate_job_dup_result (again);
  cr_assert_eq (migrate_result_get_total_ms (after), migrate_result_get_total_ms (before));
  cr_assert_null (migrate_job_dup_failure (again));
}

Test (chores, again_that_fail_say_so_and_change_nothing)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_auto (GStrv) warnings = NULL;
  g_autoptr (GError) error = NULL;

  set_policy (job, "chores", "trim");
  sim_world_fail_call (world, "trim:h2", 1, 86);
  sim_world_fail_call (world, "trim:h2", 2, 86);
  run (job);
  cr_assert_not (migrate_job_run_chores (job, NULL, &error));
  cr_assert_not_null (strstr (error->message, "Chore “trim” was not done: "), "%s", error->message);
  assert_moved (job);
  warnings = warnings_of (job);
  cr_assert_eq (g_strv_length (warnings), 1);
  cr_assert_null (migrate_job_dup_failure (job));
}

Test (chores, that_hang_are_given_up_in_time)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_auto (GStrv) warnings = NULL;
  gint64 began;

  run (job); /* how long it takes without */
  began = sim_world_get_now (world);
  set_policy (job, "chores", "trim;announce");
  set_policy (job, "chore-timeout", "5");
  sim_world_hang_call (world, "trim:h2", 1);
  cr_assert_not (migrate_job_run_chores (job, NULL, NULL));
  warnings = warnings_of (job);
  cr_assert_eq (g_strv_length (warnings), 1);
  cr_assert_eq (sim_world_count_calls (world, "announce:h2"), 1);
  cr_assert_lt (sim_world_get_now (world) - began, 8 * G_TIME_SPAN_SECOND);
}

static char *seen_state;

static void
see_state (SimWorld *unused, gpointer data)
{
  g_autoptr (GVariant) values = _migrate_journal_load_job (journal, data, NULL);

  seen_state = g_strdup (_migrate_variant_string (values, MIGRATE_JOB_KEY_STATE));
}

/* Who is killed in a chore leaves a job that is over. */
Test (chores, begin_when_the_move_is_written_down)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });

  set_policy (job, "chores", "trim");
  set_policy (job, "chore-timeout", "600");
  sim_world_hang_call (world, "trim:h2", 1);
  sim_world_at (world, SIM_AT_TIME, 100000,
                &(SimAction){ .what = SIM_CALL,
                              .func = see_state,
                              .data = (gpointer) migrate_job_get_id (job) });
  run (job);
  assert_moved (job);
  cr_assert_str_eq (seen_state, "finalized");
  g_free (seen_state);
}

Test (chores, of_a_paused_guest_are_left_out)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .state = MIGRATE_DOMAIN_PAUSED });
  g_auto (GStrv) warnings = NULL;

  set_policy (job, "chores", "clock;announce");
  run (job);
  warnings = warnings_of (job);
  cr_assert_eq (g_strv_length (warnings), 1);
  cr_assert_not_null (strstr (warnings[0], "does not run"), "%s", warnings[0]);
  cr_assert_eq (sim_world_count_calls (world, "set-time"), 0);
  cr_assert_eq (sim_world_count_calls (world, "announce"), 1);
}

Test (chores, of_a_guest_that_is_gone)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (MigrateHost) there = migrate_host_new ("sim://w/h2");
  g_autoptr (MigrateHost) here = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateJob) back = NULL;
  g_autoptr (GError) error = NULL;

  set_policy (job, "chores", "trim");
  run (job);
  back = migrate_job_new ("g0", there, here);
  migrate_job_set_journal (back, journal);
  run (back);
  cr_assert_not (migrate_job_run_chores (job, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_NOT_FOUND, "Chore “trim” was not done");
}

Test (chores, that_nobody_knows)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_auto (GStrv) warnings = NULL;

  g_object_set (policy, "chores", ((const char *[]){ "dishes", NULL }), NULL);
  migrate_job_set_policy (job, policy);
  run (job);
  assert_moved (job);
  warnings = warnings_of (job);
  cr_assert_eq (g_strv_length (warnings), 1);
  cr_assert_str_eq (warnings[0], "Chore “dishes” was not done: there is no such chore");
}

Test (chores, are_refused_before_the_end_of_the_move)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (GError) error = NULL;

  cr_assert_not (migrate_job_run_chores (job, NULL, &error));
  assert_error (&error, MIGRATE_ERROR_WRONG_STATE, "Operation “chores” is not allowed");
}

Test (chores, alone_can_be_cancelled)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  g_autoptr (GError) error = NULL;

  run (job);
  set_policy (job, "chores", "trim");
  g_cancellable_cancel (cancellable);
  cr_assert_not (migrate_job_run_chores (job, cancellable, &error));
  cr_assert (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s", error->message);
  cr_assert_eq (sim_world_count_calls (world, "trim"), 0);
  assert_moved (job);
  cr_assert (migrate_job_run_chores (job, NULL, NULL));
}
