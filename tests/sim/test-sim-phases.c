/* Each side's libvirtd is killed as each phase begins, for every kind of move, and is back after
 * five seconds: the move ends in a named outcome, a recovery has no more to do than it may, there
 * is one guest with its disks as they were, nothing of ours is left, and the next move works. */
#include "disktest.h"

#include <criterion/parameterized.h>
#include <string.h>

#define world disktest_world
#define TOP "/images/top"
#define BACK_MS 5000
#define SETTLE_MS 60000
#define MOST_PHASES 32

typedef struct
{
  const char *name;
  MigrateKind kind;
  MigrateDomainState state;
  const char *settings[5];
} Way;

static const Way ways[] = {
  { "live", MIGRATE_KIND_LIVE, MIGRATE_DOMAIN_RUNNING, { NULL } },
  { "block", MIGRATE_KIND_BLOCK, MIGRATE_DOMAIN_RUNNING, { NULL } },
  { "mirror", MIGRATE_KIND_COLD, MIGRATE_DOMAIN_SHUTOFF, { "road", "mirror", NULL } },
  { "stream", MIGRATE_KIND_COLD, MIGRATE_DOMAIN_SHUTOFF, { "road", "stream", NULL } },
  { "shut-down", MIGRATE_KIND_COLD, MIGRATE_DOMAIN_RUNNING, { "shut-down", "true", NULL } },
  { "suspend", MIGRATE_KIND_SUSPEND, MIGRATE_DOMAIN_RUNNING, { NULL } },
};
static const char *const hosts[] = { "h1", "h2" };

typedef struct
{
  gsize way, host;
} Row;

static char *content_before;

static void
tear_down (void)
{
  g_clear_pointer (&content_before, g_free);
  disktest_tear_down ();
}

TestSuite (phases, .init = disktest_set_up, .fini = tear_down, .timeout = 600);

/* ---- the world ---- */

static void
add_guest (const Way *way)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = TOP, .format = "qcow2" }, { .target = NULL } };
  gboolean has_disks = way->kind != MIGRATE_KIND_LIVE;

  disktest_add_images (8 * MIB, 24 * MIB);
  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0",
                                        .memory = 32 * MIB,
                                        .dirty_rate = MIB,
                                        .disks = has_disks ? disks : NULL,
                                        .autostart = TRUE,
                                        .shut_down_ms = 2000,
                                        .state = way->state });
  sim_world_set_keepalive (world, 30000);
  content_before = sim_world_dup_content_of (world, "h1", TOP);
}

static MigrateJob *
job_new (const Way *way, gsize from)
{
  g_autofree char *here = g_strdup_printf ("sim://w/%s", hosts[from]);
  g_autofree char *there = g_strdup_printf ("sim://w/%s", hosts[1 - from]);
  g_autoptr (MigrateHost) source = migrate_host_new (here);
  g_autoptr (MigrateHost) destination = migrate_host_new (there);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  for (guint i = 0; way->settings[i] != NULL; i += 2)
    cr_assert (migrate_policy_set (policy, way->settings[i], way->settings[i + 1], NULL));
  cr_assert (migrate_policy_set (policy, "settle-timeout", "10", NULL));
  migrate_job_set_policy (job, policy);
  migrate_job_set_kind (job, way->kind);
  migrate_job_set_journal (job, disktest_journal);
  return job;
}

/* ---- phases ---- */

typedef struct
{
  MigratePhase seen[MOST_PHASES];
  guint n;
} Phases;

static void
note_phase (MigrateJob *job, GParamSpec *pspec, Phases *phases)
{
  MigratePhase phase = migrate_job_get_phase (job);

  for (guint i = 0; i < phases->n; i++)
    if (phases->seen[i] == phase)
      return;
  cr_assert_lt (phases->n, MOST_PHASES);
  phases->seen[phases->n++] = phase;
}

static void
find_phases (const Way *way, Phases *phases)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  add_guest (way);
  job = job_new (way, 0);
  g_signal_connect (job, "notify::phase", G_CALLBACK (note_phase), phases);
  result = disktest_move (job);
  cr_assert_gt (phases->n, 4, "%s has %u phases", way->name, phases->n);
}

typedef struct
{
  MigratePhase phase;
  const char *host;
  gboolean done;
} Killing;

static void
kill_in_phase (MigrateJob *job, GParamSpec *pspec, Killing *self)
{
  if (self->done || migrate_job_get_phase (job) != self->phase)
    return;
  self->done = TRUE;
  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = self->host });
  sim_world_at (world, SIM_AT_TIME, BACK_MS,
                &(SimAction){ .what = SIM_START_LIBVIRTD, .host = self->host });
}

/* ---- what must be true ---- */

/* "block, h2, copying-disks" */
static const char *
label (const Way *way, const Killing *killing)
{
  static char text[128];

  g_snprintf (text, sizeof text, "%s, %s, %s", way->name, killing->host,
              _migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) killing->phase));
  return text;
}

/* Of one that says so; any other has left nothing. */
static void
recover (MigrateJob *job, const char *what)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateRecovery) recovery = migrate_job_recover (job, NULL, &error);

  cr_assert_not_null (recovery, "%s: %s", what, error != NULL ? error->message : "");
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error), "%s: %s; %s", what,
             error != NULL ? error->message : "work is left", sim_world_describe (world, "g0"));
}

/* The code says what the caller can do, and the remedy what to look after. */
static void
assert_cause (MigrateJob *job, const GError *error, const char *what)
{
  g_autoptr (MigrateFailure) failure = migrate_job_dup_failure (job);

  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE)
               || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_FAILED)
               || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER),
             "%s: code %d: %s", what, error->code, error->message);
  cr_assert (failure != NULL && migrate_failure_get_remedy (failure) != NULL, "%s: no remedy: %s",
             what, error->message);
}

/* As the journal has it; one that was never prepared is not in it. */
static void
assert_ended (MigrateJob *job, const char *what)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateJob) loaded = NULL;
  g_autoptr (MigrateResult) result = NULL;

  if (migrate_job_get_state (job) == MIGRATE_STATE_NEW)
    return;
  loaded = migrate_job_load (disktest_journal, migrate_job_get_id (job), NULL, &error);
  cr_assert_not_null (loaded, "%s: %s", what, error != NULL ? error->message : "");
  result = migrate_job_dup_result (loaded);
  cr_assert (migrate_job_get_state (loaded) != MIGRATE_STATE_FAILED
               && migrate_result_get_outcome (result) != MIGRATE_OUTCOME_NONE,
             "%s: no outcome", what);
}

/* It is where it is said to be. */
static gsize
find_owner (const Way *way, const char *what)
{
  GPtrArray *list = sim_world_get_violations (world);
  gsize at = sim_world_get_domain (world, "h2", "g0").exists;
  SimDomainInfo info = sim_world_get_domain (world, hosts[at], "g0");

  cr_assert_eq (list->len, 0, "%s: %s", what, list->len > 0 ? (char *) list->pdata[0] : "");
  cr_assert_not (sim_world_get_domain (world, hosts[1 - at], "g0").exists, "%s: %s", what,
                 sim_world_describe (world, "g0"));
  cr_assert (info.persistent && info.autostart && info.state == way->state && !info.has_job,
             "%s: %s", what, sim_world_describe (world, "g0"));
  return at;
}

/* What the source could not release is said. */
static gboolean
is_told (MigrateJob *job, const char *path)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  g_auto (GStrv) warnings = result != NULL ? migrate_result_dup_warnings (result) : NULL;

  for (guint i = 0; warnings != NULL && warnings[i] != NULL; i++)
    if (strstr (warnings[i], path) != NULL)
      return TRUE;
  return FALSE;
}

static void
assert_files (const Way *way, MigrateJob *job, gsize at, const char *what)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, hosts[1 - at]);
  g_autofree char *content = NULL;

  if (way->kind == MIGRATE_KIND_LIVE)
    return;
  content = sim_world_dup_content_of (world, hosts[at], TOP);
  cr_assert_str_eq (content, content_before, "%s", what);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      if (at == 1 && g_str_equal (paths[i], "/images/base")) /* others' too, perhaps */
        continue;
      cr_assert (at == 1 && is_told (job, paths[i]), "%s: %s has %s", what, hosts[1 - at],
                 paths[i]);
      sim_world_remove_path (world, hosts[1 - at], paths[i]);
    }
}

static void
assert_moves_on (const Way *way, gsize from, const char *what)
{
  g_autoptr (MigrateJob) job = job_new (way, from);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s: %s", what, error != NULL ? error->message : "");
  cr_assert_eq (find_owner (way, what), 1 - from, "%s", what);
}

static void
kill_once (const Way *way, Killing *killing)
{
  const char *what = label (way, killing);
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) done = NULL;
  gsize at;

  add_guest (way);
  job = job_new (way, 0);
  g_signal_connect (job, "notify::phase", G_CALLBACK (kill_in_phase), killing);
  done = migrate_job_run (job, NULL, &error);
  cr_assert (killing->done, "%s: never", what);
  if (done == NULL)
    assert_cause (job, error, what);
  sim_world_sleep (world, SETTLE_MS);
  if (migrate_job_get_state (job) == MIGRATE_STATE_FAILED)
    recover (job, what);
  assert_ended (job, what);
  at = find_owner (way, what);
  cr_assert (done == NULL || at == 1, "%s: it is not where it was moved", what);
  assert_files (way, job, at, what);
  assert_moves_on (way, at, what);
}

ParameterizedTestParameters (phases, a_libvirtd_is_killed_in_each)
{
  static Row rows[G_N_ELEMENTS (ways) * G_N_ELEMENTS (hosts)];

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = (Row){ i / G_N_ELEMENTS (hosts), i % G_N_ELEMENTS (hosts) };
  return cr_make_param_array (Row, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (Row *row, phases, a_libvirtd_is_killed_in_each)
{
  const Way *way = &ways[row->way];
  Phases phases = { .n = 0 };

  find_phases (way, &phases);
  for (guint i = 0; i < phases.n; i++)
    {
      Killing killing = { .phase = phases.seen[i], .host = hosts[row->host] };

      if (killing.phase == MIGRATE_PHASE_IDLE)
        continue;
      tear_down ();
      disktest_set_up ();
      kill_once (way, &killing);
    }
}
