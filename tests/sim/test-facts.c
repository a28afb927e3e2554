/* Gathering facts in the simulator: two questions to each host, both hosts at once, each bounded;
 * and what becomes of them in a file. */
#include "sim.h"

#include <criterion/criterion.h>
#include <libmigrate/migrate.h>
#include <string.h>

static SimWorld *world;

static void
set_up (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_enter (world);
}

static void
tear_down (void)
{
  sim_world_leave (world);
  sim_world_free (world);
}

TestSuite (facts, .init = set_up, .fini = tear_down, .timeout = 60);

static MigrateJob *
job_new (const char *source)
{
  g_autoptr (MigrateHost) from = migrate_host_new (source);
  g_autoptr (MigrateHost) to = migrate_host_new ("sim://w/h2");
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
  MigrateJob *job = migrate_job_new ("g0", from, to);

  migrate_job_set_journal (job, journal);
  return job;
}

static MigrateJob *
job_of (SimGuestSpec spec)
{
  spec.name = "g0";
  sim_world_add_guest (world, "h1", &spec);
  return job_new ("sim://w/h1");
}

static MigrateFacts *
check (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, &error);
  MigrateFacts *facts = migrate_job_dup_facts (job);

  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  cr_assert_not_null (facts);
  return facts;
}

static void
assert_fails (MigrateJob *job, int code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, &error);

  cr_assert_null (report);
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "%s", error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
}

/* ---- how hosts are asked ---- */

Test (facts, come_from_two_questions_to_each_host)
{
  g_autoptr (MigrateJob) job = job_of ((SimGuestSpec){ 0 });
  g_autoptr (MigrateFacts) facts = check (job);

  /* The source has nothing that only this guest, without disk and network, would need. */
  cr_assert_eq (sim_world_count_calls (world, "facts:h1"), 1);
  cr_assert_eq (sim_world_count_calls (world, "facts:h2"), 2);
  cr_assert_eq (sim_world_count_calls (world, "open:h1"), 1);
  cr_assert_eq (sim_world_count_calls (world, "open:h2"), 1);
}

Test (facts, are_asked_of_both_hosts_at_once)
{
  g_autoptr (MigrateJob) job = job_of ((SimGuestSpec){ 0 });
  gint64 begun = sim_world_get_now (world);

  /* Each would be waited for for as long as a call may take: 10 s. */
  sim_world_hang_call (world, "facts:h1", 1);
  sim_world_hang_call (world, "facts:h2", 1);
  assert_fails (job, MIGRATE_ERROR_TIMED_OUT, "sim://w/h1");
  cr_assert_geq (sim_world_get_now (world) - begun, 10 * G_USEC_PER_SEC);
  cr_assert_lt (sim_world_get_now (world) - begun, 11 * G_USEC_PER_SEC);
}

/* ---- what goes wrong ---- */

static const struct
{
  const char *which;
  guint n;
  const char *host;
} calls[] = {
  { "open:h1", 1, "sim://w/h1" }, { "open:h2", 1, "sim://w/h2" }, { "facts:h1", 1, "h1" },
  { "facts:h2", 1, "h2" },        { "facts:h2", 2, "h2" },
};

/* Which host it was is told, the job is as new, and the next check asks again. */
Test (facts, fail_with_the_call_that_failed)
{
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (MigrateJob) job = NULL;
      g_autoptr (MigrateFacts) facts = NULL;
      g_autoptr (MigrateFailure) failure = NULL;

      if (i > 0)
        {
          tear_down ();
          set_up ();
        }
      job = job_of ((SimGuestSpec){ 0 });
      sim_world_fail_call (world, calls[i].which, calls[i].n, 68 /* VIR_ERR_OPERATION_TIMEOUT */);
      assert_fails (job, MIGRATE_ERROR_BUSY, calls[i].host);
      failure = migrate_job_dup_failure (job);
      cr_assert_eq (migrate_failure_get_side (failure), g_str_has_suffix (calls[i].host, "1")
                                                          ? MIGRATE_SIDE_SOURCE
                                                          : MIGRATE_SIDE_DESTINATION);
      cr_assert_null (migrate_job_dup_facts (job));
      facts = check (job);
    }
}

Test (facts, are_not_waited_for_longer_than_a_call_may_take)
{
  for (gsize i = 0; i < G_N_ELEMENTS (calls); i++)
    {
      g_autoptr (MigrateJob) job = NULL;
      gint64 begun;

      if (i > 0)
        {
          tear_down ();
          set_up ();
        }
      job = job_of ((SimGuestSpec){ 0 });
      begun = sim_world_get_now (world);
      sim_world_hang_call (world, calls[i].which, calls[i].n);
      assert_fails (job, MIGRATE_ERROR_TIMED_OUT, calls[i].host);
      cr_assert_lt (sim_world_get_now (world) - begun, 11 * G_USEC_PER_SEC);
    }
}

Test (facts, are_not_waited_for_when_the_monitor_hangs)
{
  g_autoptr (MigrateJob) job = job_of ((SimGuestSpec){ 0 });

  sim_world_do (world, &(SimAction){ .what = SIM_HANG_QEMU, .host = "h1", .guest = "g0" });
  assert_fails (job, MIGRATE_ERROR_TIMED_OUT, "“facts”");
}

Test (facts, tell_the_missing_guest_before_the_missing_destination)
{
  g_autoptr (MigrateJob) job = job_new ("sim://w/h1");

  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h2" });
  assert_fails (job, MIGRATE_ERROR_NOT_FOUND, "There is no guest “g0” on “h1");
}

/* A connection that a restarted libvirtd has closed is opened again, and what was asked on it is
 * asked anew. */
Test (facts, survive_a_restart_of_libvirtd)
{
  g_autoptr (MigrateJob) job = job_of ((SimGuestSpec){ 0 });
  g_autoptr (MigrateFacts) before = check (job);
  g_autoptr (MigrateFacts) after = NULL;

  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h2" });
  sim_world_do (world, &(SimAction){ .what = SIM_START_LIBVIRTD, .host = "h2" });
  after = check (job);
  cr_assert_str_eq (migrate_facts_get_guest_uuid (after), migrate_facts_get_guest_uuid (before));
}

/* ---- what is kept ---- */

#define GUEST_WITH_SECRETS                                                                         \
  "<domain type='qemu' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>\n"                 \
  "  <name>g0</name>\n  <uuid>11111111-2222-3333-4444-555555555555</uuid>\n"                       \
  "  <memory unit='KiB'>65536</memory>\n  <vcpu>1</vcpu>\n"                                        \
  "  <os><type arch='x86_64' machine='pc'>hvm</type></os>\n"                                       \
  "  <devices>\n"                                                                                  \
  "    <graphics type='vnc' port='-1' passwd='hush-vnc'/>\n"                                       \
  "    <graphics type='spice' passwd='hush-spice'/>\n"                                             \
  "  </devices>\n"                                                                                 \
  "  <qemu:commandline>\n"                                                                         \
  "    <qemu:arg value='-object'/>\n"                                                              \
  "    <qemu:arg value='secret,id=s0,data=hush-object'/>\n"                                        \
  "  </qemu:commandline>\n"                                                                        \
  "</domain>\n"

static char *
text_of (MigrateFacts *facts)
{
  g_autoptr (GBytes) bytes = migrate_facts_to_bytes (facts);

  return g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));
}

Test (facts, hold_no_password)
{
  g_autoptr (MigrateJob) job = job_of (
    (SimGuestSpec){ .uuid = "11111111-2222-3333-4444-555555555555", .xml = GUEST_WITH_SECRETS });
  g_autoptr (MigrateFacts) facts = check (job);
  g_autofree char *text = text_of (facts);
  g_autoptr (GVariant) details = migrate_facts_dup_details (facts);
  g_autofree char *all = g_variant_print (details, FALSE);

  cr_assert_not_null (strstr (text, "graphics"), "the documents are not in the file");
  cr_assert_null (strstr (text, "hush"), "%s", strstr (text, "hush"));
  cr_assert_null (strstr (all, "hush"));
}

static char *
tell (MigrateReport *report)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);
      const char *remedy = migrate_finding_get_remedy (finding);

      g_string_append_printf (text, "%d %s %s %s %s %d\n", migrate_finding_get_severity (finding),
                              migrate_finding_get_code (finding),
                              migrate_finding_get_subject (finding),
                              migrate_finding_get_message (finding), remedy != NULL ? remedy : "-",
                              migrate_finding_is_accepted (finding));
    }
  return g_string_free (text, FALSE);
}

/* With everything that a report rests on: a policy, a kind, hosts that are named. */
Test (facts, give_the_same_report_elsewhere)
{
  g_autoptr (MigrateJob) job = job_of (
    (SimGuestSpec){ .disk = "/srv/g0.qcow2", .state = MIGRATE_DOMAIN_PAUSED, .transient = TRUE });
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);
  g_autoptr (MigrateFacts) facts = NULL;
  g_autoptr (MigrateFacts) back = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateReport) again = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *told = NULL;
  g_autofree char *told_again = NULL;

  cr_assert (migrate_policy_set (policy, "allow", "postcopy", NULL));
  cr_assert (migrate_policy_set (policy, "accept", "disk-sharing-unproven", NULL));
  cr_assert (migrate_policy_set (policy, "transport", "tunnelled", NULL));
  migrate_job_set_policy (job, policy);
  migrate_job_set_kind (job, MIGRATE_KIND_LIVE);
  facts = check (job);
  report = migrate_job_dup_report (job);
  bytes = migrate_facts_to_bytes (facts);
  back = migrate_facts_new_from_bytes (bytes, &error);
  cr_assert_not_null (back, "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_facts_get_kind (back), MIGRATE_KIND_LIVE);
  again = migrate_facts_check (back, NULL, migrate_facts_get_kind (back));
  told = tell (report);
  told_again = tell (again);
  cr_assert_str_eq (told_again, told);
  cr_assert_geq (g_list_model_get_n_items (G_LIST_MODEL (report)), 4, "%s", told);
  cr_assert_eq (migrate_report_get_kind (again), migrate_report_get_kind (report));
}

/* Those of the last check, whatever the work did with its own since. */
Test (facts, stay_while_the_job_goes_on)
{
  g_autoptr (MigrateJob) job = job_of ((SimGuestSpec){ .autostart = TRUE });
  g_autoptr (MigrateFacts) facts = check (job);
  g_autofree char *before = text_of (facts);
  g_autofree char *after = NULL;
  g_autoptr (MigrateFacts) last = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  after = text_of (facts);
  cr_assert_str_eq (after, before);
  last = migrate_job_dup_facts (job);
  cr_assert_gt (migrate_facts_get_taken_us (last), migrate_facts_get_taken_us (facts),
                "prepare gathers again");
}
