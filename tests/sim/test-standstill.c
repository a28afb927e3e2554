/* A move whose guest does not run, seen and steered by other processes, and taken over from one
 * that was killed: the other process is a second journal on the same file. */
#include "sim.h"

#include "journal/journal-private.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <libmigrate/migrate.h>
#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define IMAGE "/images/g0.raw"
#define SMALL (64 * MIB)
#define MIDDLE (512 * MIB)
#define LARGE (1024 * MIB) /* several proofs */

static SimWorld *world;
static MigrateJournal *journal, *second;
static char *folder, *content;

static void
set_up (void)
{
  g_autofree char *path = NULL;

  folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  path = g_build_filename (folder, "journal.sqlite", NULL);
  journal = migrate_sqlite_journal_new (path);
  second = migrate_sqlite_journal_new (path);
  world = sim_world_new ("w", 1);
  for (guint h = 1; h <= 2; h++)
    {
      const char *host = h == 1 ? "h1" : "h2";

      sim_world_add_host (world, host);
      sim_world_add_pool (world, host, &(SimPoolSpec){ .name = "images", .target = "/images" });
    }
}

static void
add_guest (guint64 size)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = IMAGE, .format = "raw" }, { .target = NULL } };

  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = IMAGE, .data = size });
  sim_world_add_guest (
    world, "h1", &(SimGuestSpec){ .name = "g0", .disks = disks, .state = MIGRATE_DOMAIN_SHUTOFF });
  content = sim_world_dup_bytes_of (world, "h1", IMAGE);
}

static void
tear_down (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_clear_object (&journal);
  g_clear_object (&second);
  sim_world_free (world);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
  g_clear_pointer (&content, g_free);
}

TestSuite (standstill, .init = set_up, .fini = tear_down, .timeout = 120);

static MigrateJob *
job_new (const char *road, guint64 size)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  add_guest (size);
  cr_assert (migrate_policy_set (policy, "road", road, NULL));
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  migrate_job_set_kind (job, MIGRATE_KIND_COLD);
  return job;
}

static MigrateJob *
from_elsewhere (const char *id)
{
  g_autoptr (GError) error = NULL;
  MigrateJob *loaded = migrate_job_load (second, id, NULL, &error);

  cr_assert_not_null (loaded, "%s", error != NULL ? error->message : "");
  return loaded;
}

static void
assert_only_on (const char *host, const char *other)
{
  GPtrArray *violations = sim_world_get_violations (world);
  g_autofree char *here = sim_world_dup_bytes_of (world, host, IMAGE);
  g_auto (GStrv) paths = sim_world_list_paths (world, other);
  g_auto (GStrv) guests = sim_world_list_guests (world, other);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
  cr_assert_str_eq (here, content);
  cr_assert_null (paths[0], "“%s” is left on %s", paths[0], other);
  cr_assert_null (guests[0], "“%s” is left on %s", guests[0], other);
  cr_assert (sim_world_get_domain (world, host, "g0").persistent);
}

/* ---- another process asks, while files are copied ---- */

typedef struct
{
  void (*ask) (MigrateJob *elsewhere);
  gboolean asked;
} Asking;

static void
on_phase (MigrateJob *job, GParamSpec *pspec, Asking *asking)
{
  g_autoptr (MigrateJob) other = NULL;

  if (asking->asked || migrate_job_get_phase (job) != MIGRATE_PHASE_COPYING_DISKS)
    return;
  asking->asked = TRUE;
  other = from_elsewhere (migrate_job_get_id (job));
  asking->ask (other);
}

/* TRUE: it moved. */
static gboolean
run_and_ask (MigrateJob *job, void (*ask) (MigrateJob *elsewhere))
{
  Asking asking = { ask, FALSE };
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  g_signal_connect (job, "notify::phase", G_CALLBACK (on_phase), &asking);
  result = migrate_job_run (job, NULL /* cancellable */, &error);
  cr_assert (asking.asked, "it never copied");
  return result != NULL;
}

static void
cancel (MigrateJob *elsewhere)
{
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_job_cancel (elsewhere, NULL /* cancellable */, &error), "%s",
             error != NULL ? error->message : "");
}

static void
give_up (MigrateJob *elsewhere)
{
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_job_give_up (elsewhere, NULL /* cancellable */, &error), "%s",
             error != NULL ? error->message : "");
}

static void
steer (MigrateJob *elsewhere)
{
  g_autoptr (GError) error = NULL;
  GVariantBuilder values;

  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&values, "{sv}", "poll-interval", g_variant_new_string ("400"));
  cr_assert (migrate_job_retune (elsewhere, g_variant_builder_end (&values), NULL, &error), "%s",
             error != NULL ? error->message : "");
  cr_assert_not (migrate_job_pause (elsewhere, NULL /* cancellable */, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_WRONG_STATE), "%s",
             error->message);
}

static void
ends_at_source (const char *road, void (*ask) (MigrateJob *elsewhere))
{
  g_autoptr (MigrateJob) job = job_new (road, SMALL);

  cr_assert_not (run_and_ask (job, ask));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CANCELLED);
  assert_only_on ("h1", "h2");
}

Test (standstill, is_cancelled_on_the_mirror_road) { ends_at_source ("mirror", cancel); }

Test (standstill, is_cancelled_on_the_stream_road) { ends_at_source ("stream", cancel); }

Test (standstill, is_given_up) { ends_at_source ("stream", give_up); }

Test (standstill, is_retuned_but_not_paused)
{
  g_autoptr (MigrateJob) job = job_new ("stream", MIDDLE);
  g_autoptr (MigratePolicy) policy = NULL;
  g_autofree char *interval = NULL;

  cr_assert (run_and_ask (job, steer));
  policy = migrate_job_dup_policy (job);
  interval = migrate_policy_dup (policy, "poll-interval", NULL);
  cr_assert_str_eq (interval, "400");
  assert_only_on ("h2", "h1");
}

/* ---- its process is killed ---- */

static void
run_main (gpointer data, gpointer unused)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (MigrateResult) result = NULL;

  g_main_context_push_thread_default (context);
  result = migrate_job_run (data, NULL /* cancellable */, NULL /* error */);
  g_main_context_pop_thread_default (context);
}

static guint64
read_proven (const char *id)
{
  g_autoptr (GVariant) values = _migrate_journal_load_job (second, id, NULL /* error */);
  g_autoptr (GVariant) proven
    = values != NULL
        ? g_variant_lookup_value (values, MIGRATE_JOB_KEY_PROVEN, G_VARIANT_TYPE_VARDICT)
        : NULL;
  guint64 bytes = 0, written;

  if (proven != NULL)
    g_variant_lookup (proven, "vda", "(tt)", &bytes, &written);
  return bytes;
}

/* In this program a dead holder's lock would live on. */
static void
bury_holder (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      if (strstr (name, ".holder-") != NULL)
        g_unlink (path);
    }
}

/* In mid-copy, when some of it is proven: how much. */
static guint64
kill_in_mid_copy (MigrateJob *job)
{
  MigrateBackend *backend = sim_world_get_backend (world);
  const char *id = migrate_job_get_id (job);
  guint64 proven = 0;

  cr_assert (backend->vtable->start_thread (backend, "process", run_main, job, NULL));
  for (guint i = 0; proven == 0 && i < 1000; i++)
    {
      sim_world_sleep (world, 100);
      proven = read_proven (id);
    }
  sim_world_kill_client (world);
  sim_world_restart_client (world);
  bury_holder ();
  cr_assert (proven > 0 && proven < LARGE, "%" G_GUINT64_FORMAT " bytes were proven", proven);
  return proven;
}

/* Of data, to the destination. */
static guint64
follow (const char *id)
{
  guint before = sim_world_count_calls (world, "volume-write-at:h2");
  g_autoptr (MigrateJob) job = from_elsewhere (id);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_follow (job, NULL /* cancellable */, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_FINALIZED);
  return (sim_world_count_calls (world, "volume-write-at:h2") - before) * MIB;
}

Test (standstill, goes_on_from_what_is_proven)
{
  MigrateJob *job = job_new ("stream", LARGE); /* a killed process frees nothing */
  guint64 proven;

  sim_world_enter (world);
  proven = kill_in_mid_copy (job);
  cr_assert_eq (follow (migrate_job_get_id (job)), LARGE - proven);
  assert_only_on ("h2", "h1");
  sim_world_leave (world);
}

Test (standstill, begins_anew_where_somebody_has_written_since)
{
  MigrateJob *job = job_new ("stream", LARGE);

  sim_world_enter (world);
  kill_in_mid_copy (job);
  sim_world_spoil (world, "h1", IMAGE, 4096);
  g_free (content);
  content = sim_world_dup_bytes_of (world, "h1", IMAGE);
  cr_assert_eq (follow (migrate_job_get_id (job)), LARGE);
  assert_only_on ("h2", "h1");
  sim_world_leave (world);
}

Test (standstill, carries_anew_on_the_mirror_road)
{
  MigrateJob *job = job_new ("mirror", SMALL);
  MigrateBackend *backend = sim_world_get_backend (world);

  sim_world_enter (world);
  cr_assert (backend->vtable->start_thread (backend, "process", run_main, job, NULL));
  for (guint i = 0; sim_world_count_transfers (world) == 0 && i < 1000; i++)
    sim_world_sleep (world, 100);
  sim_world_kill_client (world);
  sim_world_restart_client (world);
  bury_holder ();
  follow (migrate_job_get_id (job));
  assert_only_on ("h2", "h1");
  sim_world_leave (world);
}

/* ---- and its journal is lost ---- */

Test (standstill, what_carried_files_is_ended_by_name)
{
  MigrateJob *job = job_new ("mirror", SMALL);
  MigrateBackend *backend = sim_world_get_backend (world);
  g_autoptr (GListStore) hosts = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigrateHost) h1 = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) h2 = migrate_host_new ("sim://w/h2");
  g_autoptr (MigrateJournal) none = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *carrier = g_strconcat ("libmigrate-carrier-", migrate_job_get_id (job), NULL);
  g_auto (GStrv) left = NULL;

  sim_world_enter (world);
  cr_assert (backend->vtable->start_thread (backend, "process", run_main, job, NULL));
  for (guint i = 0; sim_world_count_transfers (world) == 0 && i < 1000; i++)
    sim_world_sleep (world, 100);
  sim_world_kill_client (world);
  sim_world_restart_client (world);
  sim_world_sleep (world, 60000); /* it arrives, and waits for nobody */
  g_list_store_append (hosts, h1);
  g_list_store_append (hosts, h2);
  recovery = migrate_recovery_new (carrier, G_LIST_MODEL (hosts));
  migrate_recovery_set_journal (recovery, none);
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error), "%s",
             error != NULL ? error->message : "");
  cr_assert_eq (migrate_recovery_get_verdict (recovery), MIGRATE_VERDICT_CARRIER);
  left = sim_world_list_guests (world, "h2");
  cr_assert_null (left[0], "“%s” is left", left[0]);
  sim_world_leave (world);
}
