/* What a move asks of the wire: what libvirt refuses is refused by the simulator alike, and by the
 * check before; what it takes moves. */
#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>
#include <string.h>

static SimWorld *world;
static MigrateJournal *journal;

static void
set_up (void)
{
  world = sim_world_new ("w", 7);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0" });
  journal = migrate_sqlite_journal_new_none ();
  sim_world_enter (world);
}

static void
tear_down (void)
{
  g_clear_object (&journal);
  sim_world_free (world);
}

TestSuite (transport, .init = set_up, .fini = tear_down, .timeout = 60);

static MigrateJob *
job_new (const char *const *settings)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  for (guint i = 0; settings[i] != NULL; i++)
    {
      g_auto (GStrv) pair = g_strsplit (settings[i], "=", 2);

      cr_assert (migrate_policy_set (policy, pair[0], pair[1], NULL), "%s", settings[i]);
    }
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  return job;
}

/* ---- by the backend alone ---- */

typedef struct
{
  MigrateTransfer transfer;
  const char *methods;
  int code;
} Refused;

static const Refused refused[] = {
  { .transfer = { .transport = MIGRATE_TRANSPORT_TUNNELLED, .connections = 2 }, .code = 8 },
  { .transfer = { .zero_copy = TRUE }, .code = 55 },
  { .transfer = { .zero_copy = TRUE, .connections = 2 }, .methods = "xbzrle", .code = 1 },
  { .transfer = { .connections = 2 }, .methods = "mt", .code = 1 },
  { .transfer = { .connections = 2 }, .methods = "zlib", .code = 8 },
  { .transfer = { .connections = 2 }, .methods = "zstd", .code = 8 },
  { .transfer = { .compression_level = 10 }, .methods = "mt", .code = 1 },
  { .transfer = { .xbzrle_cache = 3 << 20 }, .methods = "xbzrle", .code = 1 },
  { .transfer = { .tls = TRUE }, .code = 1 },
};

Test (transport, libvirts_refusals_are_the_simulators)
{
  MigrateBackend *backend = sim_world_get_backend (world);

  for (gsize i = 0; i < G_N_ELEMENTS (refused); i++)
    {
      g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, "g0");
      g_autoptr (GError) error = NULL;
      MigrateConn *conn = backend->vtable->open (backend, "sim://w/h1", NULL);

      call->transfer = refused[i].transfer;
      if (refused[i].methods != NULL)
        call->transfer.compression = g_strsplit (refused[i].methods, ";", -1);
      call->transfer.peer_uri = g_strdup ("sim://w/h2");
      call->transfer.persist = TRUE;
      cr_expect_not (backend->vtable->call (conn, call, &error), "row %zu", i);
      backend->vtable->close (conn);
      cr_assert_not_null (error, "row %zu", i);
      cr_expect_eq (_migrate_error_private (error)->vir_code, refused[i].code, "row %zu: %s", i,
                    error->message);
    }
  cr_assert_not (sim_world_get_domain (world, "h1", "g0").has_job);
}

/* ---- by a job ---- */

static const char *const blocked[][4] = {
  { "connections-excluded", "connections=2", "transport=tunnelled" },
  { "connections-excluded", "connections=2", "compression=mt" },
  { "postcopy-excluded", "connections=2", "allow=postcopy" },
  { "zero-copy-excluded", "zero-copy=true" },
  { "feature-unknown", "connections=2", "compression=zstd" },
  { "compression-tuning", "xbzrle-cache=3", "compression=xbzrle" },
  { "at-deadline-not-allowed", "at-deadline=postcopy" },
};

Test (transport, what_excludes_itself_is_blocked_before_anything_is_touched)
{
  for (gsize i = 0; i < G_N_ELEMENTS (blocked); i++)
    {
      g_autoptr (MigrateJob) job = job_new (&blocked[i][1]);
      g_autoptr (MigrateResult) result = NULL;
      g_autoptr (GError) error = NULL;

      result = migrate_job_run (job, NULL, &error);
      cr_assert_null (result, "row %zu", i);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BLOCKED), "row %zu: %s", i,
                 error->message);
      cr_assert_not_null (strstr (error->message, blocked[i][0]), "row %zu: %s", i, error->message);
      cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CHECKED);
      cr_assert_not (sim_world_get_domain (world, "h1", "g0").has_job);
    }
}

static const char *const moving[][5] = {
  { "connections=2", "allow=throttle" },
  { "compression=xbzrle", "xbzrle-cache=32" },
  { "compression=mt", "compression-level=9", "compression-threads=2" },
  { "connections=2", "zero-copy=true" },
  { "compression=xbzrle", "allow=postcopy", "postcopy-start=first-pass" },
};

Test (transport, what_hypervisors_take_moves)
{
  for (gsize i = 0; i < G_N_ELEMENTS (moving); i++)
    {
      g_autoptr (MigrateJob) job = job_new (moving[i]);
      g_autoptr (MigrateResult) result = NULL;
      g_autoptr (GError) error = NULL;

      result = migrate_job_run (job, NULL, &error);
      cr_assert_not_null (result, "row %zu: %s", i, error != NULL ? error->message : "");
      cr_assert_eq (sim_world_get_violations (world)->len, 0);
      tear_down ();
      set_up ();
    }
}

/* Nobody can know it before: libvirt has no call that tells whether a host has certificates. */
Test (transport, tls_without_certificates_says_what_to_do)
{
  static const char *const settings[] = { "tls=true", NULL };
  g_autoptr (MigrateJob) job = job_new (settings);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (GError) error = NULL;

  result = migrate_job_run (job, NULL, &error);
  cr_assert_null (result);
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNSUPPORTED), "%s",
             error->message);
  failure = migrate_job_dup_failure (job);
  cr_assert_not_null (strstr (migrate_failure_get_remedy (failure), "migrate_tls_x509_cert_dir"));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").state, MIGRATE_DOMAIN_RUNNING);
}
