/* The probe of shared storage: what it says of each kind of storage, and that whatever happens to
 * it, nothing of it is left, on any host. */
#include "sim.h"

#include "steps/probe-private.h"
#include "storage/storage-private.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>

#define OLD_MS 1000000 /* older than a check that may live */
#define DISK "/images/g0.qcow2"

TestSuite (probe, .timeout = 300);

static SimWorld *world;

/* Two hosts, each with a pool of that folder, of the same storage or of another. */
static void
make_world (const SimPoolSpec *one, const SimPoolSpec *two)
{
  world = sim_world_new ("p", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_set_keepalive (world, 30000);
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .disk = DISK });
  sim_world_add_file (world, "a", "g0.qcow2");
  if (one != NULL)
    sim_world_add_pool (world, "h1", one);
  if (two != NULL)
    sim_world_add_pool (world, "h2", two);
}

#define POOL(storage_, ...)                                                                        \
  &(SimPoolSpec) { .name = "p", .target = "/images", .storage = storage_, __VA_ARGS__ }

static MigrateJob *
job_new (MigrateJournal *journal)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://p/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://p/h2");
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  migrate_job_set_journal (job, journal);
  return job;
}

static gboolean
is_probe_file (const char *name)
{
  return g_str_has_prefix (name, ".libmigrate-probe-");
}

static guint
count_in (char **names)
{
  guint n = 0;

  for (char **name = names; *name != NULL; name++)
    n += is_probe_file (*name);
  g_strfreev (names);
  return n;
}

static guint
count_files (void)
{
  return count_in (sim_world_list_files (world, "a"))
         + count_in (sim_world_list_files (world, "b"));
}

static void
assert_nothing_left (const char *when)
{
  cr_assert_eq (count_files (), 0, "%s: %u files are left", when, count_files ());
}

/* libvirt's lists are as the folders are: a tool that reads them is not led astray. */
static void
assert_nothing_listed (void)
{
  cr_assert_eq (count_in (sim_world_list_volumes (world, "h1", "p")), 0);
  cr_assert_eq (count_in (sim_world_list_volumes (world, "h2", "p")), 0);
}

/* The finding about the disk, nullable. */
static MigrateFinding *
find (MigrateReport *report)
{
  guint n = g_list_model_get_n_items (G_LIST_MODEL (report));

  for (guint i = 0; i < n; i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_has_prefix (migrate_finding_get_code (finding), "disk-"))
        return g_steal_pointer (&finding);
    }
  return NULL;
}

/* says: its code and a part of its message; NULL: no finding, the disk is shared. */
static void
assert_says_of (MigrateMapping *mapping, const char *code, const char *message)
{
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateJob) job = job_new (journal);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFinding) finding = NULL;

  migrate_job_set_mapping (job, mapping);
  report = migrate_job_check (job, NULL, &error);
  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  finding = find (report);
  if (code == NULL)
    {
      cr_assert_null (finding, "%s", finding != NULL ? migrate_finding_get_message (finding) : "");
    }
  else
    {
      cr_assert_not_null (finding);
      cr_assert_str_eq (migrate_finding_get_code (finding), code);
      cr_assert_not_null (strstr (migrate_finding_get_message (finding), message), "%s",
                          migrate_finding_get_message (finding));
    }
  assert_nothing_left (code != NULL ? code : "shared");
}

static void
assert_says (const char *code, const char *message)
{
  assert_says_of (NULL, code, message);
}

static void
assert_says_renamed (const char *path, const char *code, const char *message)
{
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
  g_autofree char *text = g_strdup_printf ("disk:vda=%s", path);

  cr_assert (migrate_mapping_set_from_string (mapping, text, NULL));
  assert_says_of (mapping, code, message);
}

Test (probe, what_the_destination_opens_is_probed)
{
  make_world (POOL ("a"), &(SimPoolSpec){ .name = "p", .target = "/mnt", .storage = "a" });
  assert_says_renamed ("/mnt/g0.qcow2", NULL, NULL);
  assert_says_renamed ("/mnt/other.qcow2", "disk-sharing-unproven",
                       "is to open “other.qcow2” of it");
  assert_says_renamed ("/images/g0.qcow2", "disk-sharing-unproven", "no active storage pool");
  sim_world_free (world);
}

Test (probe, a_file_of_another_name_in_a_shared_folder_is_not_proven)
{
  make_world (POOL ("a"), POOL ("a"));
  assert_says_renamed ("/images/other.qcow2", "disk-sharing-unproven",
                       "is to open “other.qcow2” of it");
  sim_world_free (world);
}

Test (probe, shared)
{
  make_world (POOL ("a"), POOL ("a"));
  assert_says (NULL, NULL);
  assert_nothing_listed ();
  sim_world_free (world);
}

/* ---- a folder that is shared, and files in it that are not ---- */

#define LINKED "a link may lead to a file of each host's own"

Test (probe, a_link_to_a_file_of_each_host_is_not_proven)
{
  make_world (POOL ("a"), POOL ("a"));
  sim_world_link_file (world, "a", "g0.qcow2", NULL);
  assert_says ("disk-sharing-unproven", LINKED);
  assert_nothing_listed ();
  sim_world_free (world);
}

Test (probe, a_link_to_a_file_of_one_host_is_not_proven)
{
  make_world (POOL ("a"), POOL ("a"));
  sim_world_link_file (world, "a", "g0.qcow2", "h1");
  assert_says ("disk-sharing-unproven", "the destination has no file “" DISK "”");
  sim_world_link_file (world, "a", "g0.qcow2", "h2");
  assert_says ("disk-sharing-unproven", "the source has no file “" DISK "”");
  sim_world_free (world);
}

/* QEMU is not told that libvirt need not look after it. */
Test (probe, a_link_is_not_vouched_for)
{
  for (int linked = 0; linked < 2; linked++)
    {
      g_autoptr (MigrateJournal) journal = NULL;
      g_autoptr (MigrateJob) job = NULL;
      g_autoptr (MigrateReport) report = NULL;
      g_autoptr (MigratePlan) plan = NULL;
      g_autoptr (GVariant) transfer = NULL;
      g_auto (GStrv) flags = NULL;

      make_world (POOL ("a"), POOL ("a"));
      if (linked)
        sim_world_link_file (world, "a", "g0.qcow2", NULL);
      journal = migrate_sqlite_journal_new_none ();
      job = job_new (journal);
      migrate_job_set_kind (job, MIGRATE_KIND_LIVE);
      report = migrate_job_check (job, NULL, NULL);
      cr_assert_not_null (report);
      plan = migrate_job_dup_plan (job);
      transfer = migrate_plan_dup_transfer (plan);
      cr_assert (g_variant_lookup (transfer, "flags", "^as", &flags));
      cr_expect_eq (g_strv_contains ((const char *const *) flags, "unsafe"), !linked);
      sim_world_free (world);
    }
}

Test (probe, a_file_that_is_written_to_is_shared)
{
  make_world (POOL ("a"), POOL ("a"));
  sim_world_write_file (world, "a", "g0.qcow2");
  assert_says (NULL, NULL);
  sim_world_free (world);
}

/* As file systems remember what a file is like, for a second. */
Test (probe, shared_by_hosts_that_remember_files)
{
  for (guint written = 0; written < 2; written++)
    {
      make_world (POOL ("a"), POOL ("a", .stale_ms = 1000));
      if (written)
        sim_world_write_file (world, "a", "g0.qcow2");
      assert_says (NULL, NULL);
      sim_world_free (world);
    }
}

/* What is remembered for long says nothing of a file that is written to; of another it does. */
Test (probe, files_that_are_remembered_for_long)
{
  make_world (POOL ("a"), POOL ("a", .stale_ms = 60000));
  assert_says (NULL, NULL);
  sim_world_write_file (world, "a", "g0.qcow2");
  assert_says ("disk-sharing-unproven", LINKED);
  sim_world_free (world);
}

/* What is counted in the lab by libvirt's requests is here by ours. */
Test (probe, shared_with_few_calls)
{
  make_world (POOL ("a"), POOL ("a"));
  assert_says (NULL, NULL);
  cr_assert_leq (sim_world_count_calls (world, "*:h1"), 15, "%u",
                 sim_world_count_calls (world, "*:h1"));
  cr_assert_leq (sim_world_count_calls (world, "*:h2"), 12, "%u",
                 sim_world_count_calls (world, "*:h2"));
  /* What was said of the file before the probe is enough. */
  cr_assert_eq (sim_world_count_calls (world, "facts:h1"), 2);
  cr_assert_eq (sim_world_count_calls (world, "facts:h2"), 2);
  sim_world_free (world);
}

/* As clients of network file systems do, for half a minute. */
Test (probe, shared_by_hosts_that_remember_folders)
{
  make_world (POOL ("a", .caches = TRUE), POOL ("a", .caches = TRUE));
  assert_says (NULL, NULL);
  assert_nothing_listed ();
  sim_world_free (world);
}

Test (probe, shared_by_one_host_that_remembers_folders)
{
  make_world (POOL ("a", .caches = TRUE), POOL ("a"));
  assert_says (NULL, NULL);
  assert_nothing_listed ();
  sim_world_free (world);
  make_world (POOL ("a"), POOL ("a", .caches = TRUE));
  assert_says (NULL, NULL);
  assert_nothing_listed ();
  sim_world_free (world);
}

Test (probe, not_shared)
{
  make_world (POOL ("a"), POOL ("b"));
  assert_says ("disk-not-shared", "neither host sees what the other wrote to “/images”");
  assert_nothing_listed ();
  sim_world_free (world);
}

Test (probe, same_path_but_another_file)
{
  make_world (POOL ("a"), POOL ("b"));
  sim_world_add_file (world, "b", "g0.qcow2");
  assert_says ("disk-not-shared", "the destination has another file of that name");
  sim_world_free (world);
}

Test (probe, pool_of_another_name)
{
  make_world (POOL ("a"), &(SimPoolSpec){ .name = "other", .target = "/images", .storage = "a" });
  assert_says (NULL, NULL);
  sim_world_free (world);
}

Test (probe, no_pool_there)
{
  make_world (POOL ("a"), NULL);
  assert_says ("disk-sharing-unproven",
               "the destination has no active storage pool of folder “/images”");
  sim_world_free (world);
}

Test (probe, no_pool_here)
{
  make_world (NULL, POOL ("a"));
  assert_says ("disk-sharing-unproven", "the source has no active storage pool");
  sim_world_free (world);
}

Test (probe, pool_that_is_not_active_is_left_so)
{
  make_world (POOL ("a"), POOL ("a", .inactive = TRUE));
  assert_says ("disk-sharing-unproven", "the destination has no active storage pool");
  sim_world_free (world);
}

Test (probe, pool_of_devices_is_not_written_to)
{
  make_world (POOL ("a"), POOL ("a", .of_devices = TRUE));
  assert_says ("disk-sharing-unproven", "not one of files");
  sim_world_free (world);
}

Test (probe, read_only_there)
{
  make_world (POOL ("a"), POOL ("a", .read_only = TRUE));
  assert_says ("disk-sharing-unproven", "Read-only file system");
  assert_nothing_listed ();
  sim_world_free (world);
}

Test (probe, read_only_here)
{
  make_world (POOL ("a", .read_only = TRUE), POOL ("a"));
  assert_says ("disk-sharing-unproven", "Read-only file system");
  sim_world_free (world);
}

Test (probe, full_there)
{
  make_world (POOL ("a"), POOL ("b", .full = TRUE));
  assert_says ("disk-sharing-unproven", "No space left on device");
  sim_world_free (world);
}

/* A volume is named by its pool, whose folder may have another path there. */
Test (probe, volumes)
{
  static const char xml[]
    = "<domain type='qemu'><name>g1</name><uuid>4a7e6b62-7b0e-4f2e-8d9a-000000000001</uuid>"
      "<memory unit='KiB'>65536</memory><os><type arch='x86_64' machine='pc'>hvm</type></os>"
      "<devices><disk type='volume' device='disk'><driver name='qemu' type='raw'/>"
      "<source pool='p' volume='%s'/><target dev='vda' bus='virtio'/></disk></devices></domain>";
  static const char *const storages[] = { "a", "b" };

  for (gsize i = 0; i < G_N_ELEMENTS (storages); i++)
    {
      g_autoptr (MigrateHost) source = migrate_host_new ("sim://p/h1");
      g_autoptr (MigrateHost) destination = migrate_host_new ("sim://p/h2");
      g_autoptr (MigrateReport) report = NULL;
      g_autoptr (MigrateFinding) finding = NULL;
      g_autoptr (MigrateJob) job = migrate_job_new ("g1", source, destination);
      g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
      g_autofree char *text = g_strdup_printf (xml, "v.img");

      make_world (POOL ("a"),
                  &(SimPoolSpec){ .name = "p", .target = "/elsewhere", .storage = storages[i] });
      sim_world_add_file (world, "a", "v.img");
      sim_world_add_guest (world, "h1",
                           &(SimGuestSpec){ .name = "g1",
                                            .uuid = "4a7e6b62-7b0e-4f2e-8d9a-000000000001",
                                            .xml = text });
      migrate_job_set_journal (job, journal);
      report = migrate_job_check (job, NULL, NULL);
      cr_assert_not_null (report);
      finding = find (report);
      cr_assert_eq (finding != NULL, i == 1, "%s", storages[i]);
      assert_nothing_left (storages[i]);
      sim_world_free (world);
    }
}

/* ---- what cannot be written to ---- */

static void
ignore_phase (gpointer data, MigratePhase phase)
{
}

static gboolean
refuse_journal (gpointer data, GError **error)
{
  _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, NULL, "Nothing is to be written");
  return FALSE;
}

static MigrateSharing
ask_about (const char *path)
{
  static const MigrateWorkReport report
    = { .phase = ignore_phase, .enter_journal = refuse_journal };
  g_autoptr (MigrateWork) work = _migrate_work_new ("j");
  g_autoptr (GArray) files = g_array_new (FALSE, FALSE, sizeof (MigrateProbeFile));
  g_autoptr (GPtrArray) probed = NULL;
  g_autoptr (GError) error = NULL;
  const MigrateProbePlace place = { .path = path, .type = "block" };
  MigrateProbeFile file = { .target = "vda", .here = place, .there = place };

  work->backend = sim_world_get_backend (world);
  work->report = &report;
  work->source = _migrate_link_new ("sim://p/h1");
  work->destination = _migrate_link_new ("sim://p/h2");
  work->policy = migrate_policy_new ();
  g_array_append_val (files, file);
  cr_assert (_migrate_storage_probe (work, files, &probed, &error), "%s",
             error != NULL ? error->message : "");
  cr_assert_eq (probed->len, 1);
  cr_assert_not_null (((MigrateProbed *) probed->pdata[0])->why);
  return ((MigrateProbed *) probed->pdata[0])->sharing;
}

#define LUN "ip-10.0.0.1:3260-iscsi-iqn.2020-01.org.x:t-lun-1"
#define LUNS(...)                                                                                  \
  &(SimPoolSpec) { .name = "luns", .target = "/dev/disk/by-path", .of_devices = TRUE, __VA_ARGS__ }

Test (probe, device_that_both_hosts_have)
{
  make_world (LUNS (.storage = "a"), LUNS (.storage = "b"));
  sim_world_add_file (world, "a", LUN);
  sim_world_add_file (world, "a", "pci-0000:00:1f.2-ata-1");
  sim_world_add_file (world, "b", "pci-0000:00:1f.2-ata-1");
  sim_world_refresh_pools (world);
  cr_assert_eq (ask_about ("/dev/disk/by-path/" LUN), MIGRATE_SHARING_UNKNOWN);
  sim_world_add_file (world, "b", LUN);
  sim_world_refresh_pools (world);
  cr_assert_eq (ask_about ("/dev/disk/by-path/" LUN), MIGRATE_SHARING_SHARED);
  cr_assert_eq (ask_about ("/dev/disk/by-path/pci-0000:00:1f.2-ata-1"), MIGRATE_SHARING_UNKNOWN);
  cr_assert_eq (ask_about ("/dev/sdb"), MIGRATE_SHARING_UNKNOWN);
  sim_world_free (world);
}

/* ---- what is left, and who removes it ---- */

static char *
left_file (const char *job, gint64 age_us)
{
  gint64 wall = sim_world_get_backend (world)->vtable->wall (sim_world_get_backend (world));
  char *name = _migrate_probe_file_name (job, wall - age_us);

  sim_world_add_file (world, "a", name);
  return name;
}

Test (probe, sweeps_what_a_dead_check_left)
{
  g_autofree char *old = NULL, *young = NULL, *strange = NULL;
  g_auto (GStrv) files = NULL;

  make_world (POOL ("a"), POOL ("a"));
  sim_world_sleep (world, OLD_MS);
  old = left_file ("one", MIGRATE_PROBE_OLD_US + G_TIME_SPAN_MINUTE);
  young = left_file ("two", G_TIME_SPAN_MINUTE);
  strange = g_strdup (".libmigrate-probe-of-somebody-else");
  sim_world_add_file (world, "a", strange);
  {
    g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
    g_autoptr (MigrateJob) job = job_new (journal);
    g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, NULL);

    cr_assert_not_null (report);
  }
  files = sim_world_list_files (world, "a");
  cr_assert_not (g_strv_contains ((const char *const *) files, old));
  cr_assert (g_strv_contains ((const char *const *) files, young));
  cr_assert (g_strv_contains ((const char *const *) files, strange));
  sim_world_free (world);
}

/* Somebody else's removal is no proof of anything. */
static void
remove_all (SimWorld *self, gpointer unused)
{
  sim_world_clear_files (self, "b");
}

Test (probe, removed_by_somebody_is_not_not_shared)
{
  make_world (POOL ("a"), POOL ("b"));
  /* The destination's volume is there, and is not when it is to be removed. */
  for (guint n = 1; n <= 40; n++)
    sim_world_at (world, SIM_AT_TIME, n * 5,
                  &(SimAction){ .what = SIM_CALL, .host = "h2", .func = remove_all });
  assert_says ("disk-sharing-unproven", "somebody removed the probe's file");
  sim_world_free (world);
}

/* ---- the n-th call ---- */

typedef void (*Spoil) (guint n);

static void
fail (guint n)
{
  sim_world_fail_call (world, "*", n, 38 /* VIR_ERR_SYSTEM_ERROR */);
}

static void
refuse (guint n)
{
  sim_world_fail_call (world, "*", n, 9 /* VIR_ERR_OPERATION_FAILED */);
}

static void
lose_answer (guint n)
{
  sim_world_lose_answer (world, "*", n);
}

static void
hang (guint n)
{
  sim_world_hang_call (world, "*", n);
}

static void
kill_daemon (guint n)
{
  sim_world_at (world, SIM_AT_CALL, n, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h2" });
  sim_world_at (world, SIM_AT_CALL, n,
                &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h2", .after_ms = 20000 });
}

static void
hang_daemon (guint n)
{
  sim_world_at (world, SIM_AT_CALL, n, &(SimAction){ .what = SIM_HANG_LIBVIRTD, .host = "h2" });
  sim_world_at (world, SIM_AT_CALL, n,
                &(SimAction){ .what = SIM_UNHANG_LIBVIRTD, .host = "h2", .after_ms = 45000 });
}

/* A fault may hide what is true, and never turns it round. */
static gboolean
is_true_or_unknown (MigrateFinding *finding, gboolean shared)
{
  const char *code = finding != NULL ? migrate_finding_get_code (finding) : NULL;

  return g_strcmp0 (code, "disk-sharing-unproven") == 0
         || g_strcmp0 (code, shared ? NULL : "disk-not-shared") == 0;
}

/* FALSE: the check was over before its n-th call. Whatever is left then the same job's next check
 * removes at once, or the next check of another when it is old. */
static gboolean
run_with (Spoil spoil, guint n, gboolean same_job, gboolean shared, guint *left)
{
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL, next = NULL;
  g_autoptr (MigrateFinding) finding = NULL;
  g_autoptr (GError) error = NULL;
  gboolean reached;

  make_world (POOL ("a"), POOL (shared ? "a" : "b"));
  spoil (n);
  job = job_new (journal);
  report = migrate_job_check (job, NULL, &error);
  reached = sim_world_count_calls (world, "*") >= n;
  sim_world_disarm (world);
  if (report != NULL)
    finding = find (report);
  cr_assert (report == NULL || is_true_or_unknown (finding, shared), "n=%u: %s", n,
             finding != NULL ? migrate_finding_get_message (finding) : "");
  sim_world_sleep (world, 60000);
  *left += count_files () > 0;
  if (!same_job)
    {
      sim_world_sleep (world, OLD_MS);
      g_clear_object (&job);
      job = job_new (journal);
    }
  g_clear_error (&error);
  next = migrate_job_check (job, NULL, &error);
  cr_assert_not_null (next, "n=%u: %s", n, error != NULL ? error->message : "");
  g_clear_object (&finding);
  finding = find (next);
  cr_assert_eq (finding == NULL, shared, "n=%u: %s", n,
                finding != NULL ? migrate_finding_get_message (finding) : "");
  {
    g_autofree char *when = g_strdup_printf ("n=%u", n);

    assert_nothing_left (when);
  }
  g_clear_object (&job);
  sim_world_free (world);
  return reached;
}

static void
run_all (const char *what, Spoil spoil)
{
  guint cases = 0, left = 0;

  for (guint way = 0; way < 4; way++)
    for (guint n = 1; run_with (spoil, n, (way & 1) != 0, (way & 2) != 0, &left); n++)
      {
        cr_assert_lt (n, 200);
        cases++;
      }
  cr_assert_gt (cases, 60);
  cr_log_info ("probe: %s: %u cases, %u of which left a file for the next check", what, cases,
               left);
}

Test (probe, call_fails) { run_all ("call fails", fail); }

Test (probe, call_is_refused) { run_all ("call is refused", refuse); }

Test (probe, answer_is_lost) { run_all ("answer is lost", lose_answer); }

Test (probe, call_hangs) { run_all ("call hangs", hang); }

Test (probe, libvirtd_is_killed) { run_all ("libvirtd is killed", kill_daemon); }

Test (probe, libvirtd_hangs) { run_all ("libvirtd hangs", hang_daemon); }
