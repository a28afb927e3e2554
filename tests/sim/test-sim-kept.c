/* What libvirt keeps of a guest beside its definition and its disks: none of it is lost when a
 * guest that is off moves. */
#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>
#include <string.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define IMAGE "/images/g0.qcow2"

static SimWorld *world;
static MigrateJournal *journal;

static void
set_up (void)
{
  const SimDiskSpec disks[]
    = { { .target = "vda", .path = IMAGE, .format = "qcow2", .write_rate = MIB }, { NULL } };

  world = sim_world_new ("w", 1);
  for (guint i = 1; i <= 2; i++)
    {
      const char *host = i == 1 ? "h1" : "h2";

      sim_world_add_host (world, host);
      sim_world_add_pool (world, host, &(SimPoolSpec){ .name = "images", .target = "/images" });
    }
  sim_world_add_image (
    world, "h1",
    &(SimImageSpec){ .path = IMAGE, .format = "qcow2", .capacity = 64 * MIB, .data = 8 * MIB });
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){
      .name = "g0", .disks = disks, .state = MIGRATE_DOMAIN_SHUTOFF, .autostart = TRUE });
  journal = migrate_sqlite_journal_new_none ();
  sim_world_enter (world);
}

static void
tear_down (void)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
  g_clear_object (&journal);
  sim_world_free (world);
}

TestSuite (kept, .init = set_up, .fini = tear_down, .timeout = 120);

static MigrateJob *
job_new (const char *from, const char *to, const char *mapping)
{
  g_autofree char *here = g_strconcat ("sim://w/", from, NULL);
  g_autofree char *there = g_strconcat ("sim://w/", to, NULL);
  g_autoptr (MigrateHost) source = migrate_host_new (here);
  g_autoptr (MigrateHost) destination = migrate_host_new (there);
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  if (mapping != NULL)
    {
      g_autoptr (MigrateMapping) names = migrate_mapping_new ();

      cr_assert (migrate_mapping_set_from_string (names, mapping, NULL));
      migrate_job_set_mapping (job, names);
    }
  migrate_job_set_journal (job, journal);
  return job;
}

static void
run (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
}

static void
move (const char *from, const char *to, const char *mapping)
{
  g_autoptr (MigrateJob) job = job_new (from, to, mapping);

  run (job);
}

static void
assert_stayed (void)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, "h2");

  cr_assert_str_eq (sim_world_describe (world, "g0"),
                    "h1: shut off (unknown) persistent autostart | h2: -");
  cr_assert_eq (g_strv_length (paths), 0);
}

/* ---- what is written ---- */

static MigrateJob *
stream_job (void)
{
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = job_new ("h1", "h2", NULL);

  cr_assert (migrate_policy_set (policy, "road", "stream", NULL));
  migrate_job_set_policy (job, policy);
  return job;
}

static gboolean
has_image (const char *host)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, host);

  return g_strv_contains ((const char *const *) paths, IMAGE);
}

Test (kept, streams_reach_the_disk_before_the_source_goes)
{
  g_autoptr (MigrateJob) job = stream_job ();
  g_auto (GStrv) guests = NULL;

  run (job);
  cr_assert_not (sim_world_is_unflushed (world, "h2", IMAGE));
  cr_assert_not (has_image ("h1"));
  guests = sim_world_list_guests (world, "h2");
  cr_assert_eq (g_strv_length (guests), 1);
}

Test (kept, the_source_where_nobody_knows_whether_streams_reached_the_disk)
{
  g_autoptr (MigrateJob) job = stream_job ();
  g_autoptr (MigrateResult) result = NULL;
  g_auto (GStrv) warnings = NULL;

  sim_world_fail_call (world, "create-paused:h2", 1, 9);
  run (job);
  cr_assert (sim_world_is_unflushed (world, "h2", IMAGE));
  cr_assert (has_image ("h1"));
  result = migrate_job_dup_result (job);
  warnings = migrate_result_dup_warnings (result);
  cr_assert_not_null (strstr (warnings[0], "are kept"), "%s", warnings[0]);
}

/* ---- snapshots ---- */

#define SNAPSHOT(name, more) "<domainsnapshot><name>" name "</name>" more "</domainsnapshot>"

static void
add_records (void)
{
  sim_world_add_snapshot (world, "h1", "g0", SNAPSHOT ("s1", ""), SIM_SNAPSHOT);
  sim_world_add_snapshot (world, "h1", "g0", SNAPSHOT ("s2", "<parent><name>s1</name></parent>"),
                          SIM_CURRENT_SNAPSHOT);
  sim_world_add_snapshot (world, "h1", "g0", SNAPSHOT ("s3", "<parent><name>s2</name></parent>"),
                          SIM_SNAPSHOT);
  sim_world_add_snapshot (world, "h1", "g0", "<domaincheckpoint><name>c1</name></domaincheckpoint>",
                          SIM_CHECKPOINT);
}

static void
assert_records (const char *host, const char *expected)
{
  g_auto (GStrv) list = sim_world_list_records (world, host, "g0");
  g_autofree char *all = g_strjoinv (", ", list);

  cr_assert_str_eq (all, expected);
}

Test (kept, snapshots_and_checkpoints)
{
  add_records ();
  move ("h1", "h2", NULL);
  cr_assert_str_eq (sim_world_describe (world, "g0"),
                    "h1: - | h2: shut off (unknown) persistent autostart");
  assert_records ("h2", "s1, *s2, s3, checkpoint c1");
  move ("h2", "h1", NULL);
  assert_records ("h1", "s1, *s2, s3, checkpoint c1");
}

Test (kept, snapshots_under_other_names)
{
  g_autofree char *xml = NULL;
  g_autofree char *guest = sim_world_dup_xml (world, "h1", "g0", TRUE /* definition */);
  g_autofree char *text
    = g_strdup_printf (SNAPSHOT ("s1", "<disks><disk name='vda' snapshot='external'>"
                                       "<source file='" IMAGE "'/></disk></disks>%s"),
                       guest);

  sim_world_add_folder (world, "h2", "/other", NULL);
  sim_world_add_pool (world, "h2", &(SimPoolSpec){ .name = "other", .target = "/other" });
  sim_world_add_snapshot (world, "h1", "g0", text, SIM_SNAPSHOT);
  move ("h1", "h2", "path:/images=/other");
  xml = sim_world_dup_snapshot (world, "h2", "g0", "s1");
  cr_assert_null (strstr (xml, "/images/"), "%s", xml);
  cr_assert_not_null (strstr (xml, "<source file=\"/other/g0.qcow2\"/></disk></disks>"), "%s", xml);
}

Test (kept, at_the_source_when_the_destination_does_not_want_them)
{
  g_autoptr (MigrateJob) job = job_new ("h1", "h2", NULL);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = NULL;

  add_records ();
  sim_world_fail_call (world, "snapshot-define:h2", 3, 9);
  result = migrate_job_run (job, NULL, &error);
  cr_assert_null (result);
  cr_assert_not_null (strstr (error->message, "snapshot “s3”"), "%s", error->message);
  assert_stayed ();
  assert_records ("h1", "s1, *s2, s3, checkpoint c1");
}

static MigrateFinding *
find (MigrateReport *report, const char *code)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_equal (migrate_finding_get_code (finding), code))
        return g_steal_pointer (&finding);
    }
  return NULL;
}

Test (kept, not_the_memory_of_a_snapshot_and_check_says_so)
{
  g_autoptr (MigrateJob) job = job_new ("h1", "h2", NULL);
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFinding) finding = NULL;

  sim_world_add_snapshot (world, "h1", "g0",
                          SNAPSHOT ("s1", "<memory snapshot='external' file='/mem/s1'/>"),
                          SIM_SNAPSHOT);
  report = migrate_job_check (job, NULL, NULL);
  cr_assert_not_null (report);
  finding = find (report, "snapshot-files");
  cr_assert_not_null (finding);
  cr_assert_not_null (strstr (migrate_finding_get_message (finding), "/mem/s1"));
}

/* ---- NVRAM ---- */

#define NVRAM "/nvram/g1.fd"

static void
add_guest_with_nvram (void)
{
  sim_world_add_guest (
    world, "h1", &(SimGuestSpec){ .name = "g1", .nvram = NVRAM, .state = MIGRATE_DOMAIN_SHUTOFF });
}

static void
move_g1 (void)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigrateJob) job = migrate_job_new ("g1", source, destination);

  migrate_job_set_journal (job, journal);
  run (job);
  cr_assert_not_null (strstr (sim_world_describe (world, "g1"), "h1: - | h2: shut off"), "%s",
                      sim_world_describe (world, "g1"));
}

Test (kept, nvram_as_the_guest_has_left_it)
{
  g_autofree char *here = NULL, *there = NULL;

  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = NVRAM, .data = 4096 });
  add_guest_with_nvram ();
  here = sim_world_dup_bytes_of (world, "h1", NVRAM);
  move_g1 ();
  there = sim_world_dup_bytes_of (world, "h2", NVRAM);
  cr_assert_str_eq (here, there);
}

/* It is made from its template when the guest is started for the first time. */
Test (kept, no_nvram_of_a_guest_that_never_ran)
{
  g_auto (GStrv) here = NULL, there = NULL;

  sim_world_add_folder (world, "h1", "/nvram", NULL);
  add_guest_with_nvram ();
  move_g1 ();
  here = sim_world_list_paths (world, "h1");
  there = sim_world_list_paths (world, "h2");
  cr_assert_not (g_strv_contains ((const char *const *) here, NVRAM));
  cr_assert_not (g_strv_contains ((const char *const *) there, NVRAM));
}

Test (kept, no_nvram_where_not_even_its_folder_is_there)
{
  add_guest_with_nvram ();
  move_g1 ();
}
