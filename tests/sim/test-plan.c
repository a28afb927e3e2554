/* A move does what its plan says: with the simulator's own record of what it was asked for, and the
 * journal's of what was done. */
#include "sim.h"

#include "check/plan-private.h"
#include "journal/journal-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <libmigrate/migrate.h>
#include <string.h>

#define UUID "6a1f0c4e-9f0e-4f57-8d51-0d4e6f4f3a77"
#define PASSWORD "geheim77"
#define DOCUMENT                                                                                   \
  "<domain type='qemu'>\n"                                                                         \
  "  <name>g0</name>\n"                                                                            \
  "  <uuid>" UUID "</uuid>\n"                                                                      \
  "  <memory unit='KiB'>65536</memory>\n"                                                          \
  "  <vcpu>1</vcpu>\n"                                                                             \
  "  <os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>\n"                            \
  "  <!-- somebody's own words -->\n"                                                              \
  "  <devices>\n"                                                                                  \
  "    <interface type='network'>\n"                                                               \
  "      <mac address='52:54:00:aa:bb:cc'/>\n"                                                     \
  "      <source network='blue'/>\n"                                                               \
  "      <model type='virtio'/>\n"                                                                 \
  "    </interface>\n"                                                                             \
  "    <serial type='file'>\n"                                                                     \
  "      <source path='/var/log/here.log'/>\n"                                                     \
  "      <target port='0'/>\n"                                                                     \
  "    </serial>\n"                                                                                \
  "    <graphics type='vnc' port='-1' autoport='yes' listen='10.0.0.1' passwd='" PASSWORD "'>\n"   \
  "      <listen type='address' address='10.0.0.1'/>\n"                                            \
  "    </graphics>\n"                                                                              \
  "  </devices>\n"                                                                                 \
  "</domain>\n"

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

TestSuite (plan, .init = set_up, .fini = tear_down, .timeout = 60);
TestSuite (mapped, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- shared ---- */

static MigrateJob *
job_new (SimGuestSpec spec)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  spec.name = "g0";
  sim_world_add_guest (world, "h1", &spec);
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

static void
run (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
}

static void
assert_error (const GError *error, int code, const char *words)
{
  cr_assert_not_null (error, "it did not fail");
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "code %d: %s", error->code,
             error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
}

static void
assert_stayed (MigrateJob *job)
{
  SimDomainInfo info = sim_world_get_domain (world, "h1", "g0");

  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  cr_assert (info.active && info.state == MIGRATE_DOMAIN_RUNNING && !info.has_job);
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").exists);
}

static GVariant *
load_values (MigrateJob *job)
{
  return _migrate_journal_load_job (journal, migrate_job_get_id (job), NULL);
}

/* ---- the transfer is the plan's ---- */

static const char *const settings[][12] = {
  { NULL },
  { "transport", "direct", "bandwidth", "77", NULL },
  { "transport", "tunnelled", NULL },
  { "hand-over", "strict", "allow", "throttle", "throttle-initial", "33", NULL },
  { "allow", "postcopy;throttle", "postcopy-bandwidth", "11", NULL },
  { "connections", "3", "compression", "xbzrle", "xbzrle-cache", "64", NULL },
  { "accept", "disk-sharing-unproven", NULL },
};

ParameterizedTestParameters (plan, is_carried_out)
{
  static size_t rows[G_N_ELEMENTS (settings)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

static void
assert_same_transfer (const MigrateTransfer *a, const MigrateTransfer *b)
{
  g_auto (GStrv) flags_a = _migrate_transfer_flag_names (a);
  g_auto (GStrv) flags_b = _migrate_transfer_flag_names (b);

  cr_assert (g_strv_equal ((const char *const *) flags_a, (const char *const *) flags_b));
  cr_expect_eq (a->transport, b->transport);
  cr_expect_str_eq (a->peer_uri, b->peer_uri);
  cr_expect_str_eq (a->destination_uri, b->destination_uri);
  cr_expect_eq (a->bandwidth, b->bandwidth);
  cr_expect_eq (a->postcopy_bandwidth, b->postcopy_bandwidth);
  cr_expect_eq (a->throttle_initial, b->throttle_initial);
  cr_expect_eq (a->throttle_increment, b->throttle_increment);
  cr_expect_eq (a->connections, b->connections);
  cr_expect_eq (a->compression_level, b->compression_level);
  cr_expect_eq (a->compression_threads, b->compression_threads);
  cr_expect_eq (a->xbzrle_cache, b->xbzrle_cache);
}

/* Asked for before, without another word, and then done. */
ParameterizedTest (size_t *index, plan, is_carried_out)
{
  const char *const *pairs = settings[*index];
  const MigrateCheckRequest request
    = { .source_uri = "sim://w/h1", .destination_uri = "sim://w/h2" };
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .autostart = TRUE });
  g_autoptr (MigratePlan) plan = NULL;
  MigrateTransfer planned = { 0 };

  for (gsize i = 0; pairs[i] != NULL; i += 2)
    set_policy (job, pairs[i], pairs[i + 1]);
  plan = migrate_job_plan (job, NULL, NULL);
  cr_assert_not_null (plan);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CHECKED);
  cr_assert_null (sim_world_get_asked (world));
  run (job);
  _migrate_plan_get_transfer (plan, &request, &planned);
  assert_same_transfer (sim_world_get_asked (world), &planned);
  _migrate_transfer_clear (&planned);
}

/* "hook-before-prepare" is the journal's "hook" with that point. */
static char *
name_of_entry (GVariant *entry)
{
  const char *name = _migrate_variant_string (entry, "name");
  g_autoptr (GVariant) values = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);

  if (g_str_equal (name, "hook"))
    return g_strconcat ("hook-", _migrate_variant_string (values, "point"), NULL);
  return g_strdup (name);
}

static char *
steps_of_journal (MigrateJob *job)
{
  g_autoptr (GVariant) entries
    = _migrate_journal_load_entries (journal, migrate_job_get_id (job), NULL);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      g_autofree char *name = NULL;

      if (g_strcmp0 (_migrate_variant_string (entry, "kind"), "step") != 0
          || g_strcmp0 (_migrate_variant_string (entry, "status"), "begun") != 0)
        continue;
      name = name_of_entry (entry);
      g_string_append_printf (text, "%s ", name);
    }
  return g_string_free (text, FALSE);
}

static char *
steps_of_plan (MigratePlan *plan)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < migrate_plan_get_n_steps (plan); i++)
    g_string_append_printf (text, "%s ", migrate_step_get_what (migrate_plan_get_step (plan, i)));
  return g_string_free (text, FALSE);
}

static void
assert_steps (MigrateJob *job)
{
  g_autoptr (MigratePlan) plan = migrate_job_plan (job, NULL, NULL);
  g_autofree char *planned = steps_of_plan (plan);
  g_autofree char *done = NULL;

  run (job);
  done = steps_of_journal (job);
  cr_assert_str_eq (planned, done);
}

Test (plan, has_the_steps_of_a_plain_move)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });

  assert_steps (job);
}

Test (plan, has_the_steps_of_a_strict_one_with_autostart_and_chores)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .autostart = TRUE });

  set_policy (job, "hand-over", "strict");
  set_policy (job, "chores", "clock;announce");
  assert_steps (job);
}

Test (plan, has_the_steps_of_a_paused_guest)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .state = MIGRATE_DOMAIN_PAUSED });

  set_policy (job, "hand-over", "strict");
  set_policy (job, "chores", "clock;announce");
  assert_steps (job);
}

/* ---- when it is told ---- */

Test (plan, is_there_where_the_move_is_blocked)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .disk = "/var/lib/images/g0.qcow2" });
  g_autoptr (MigratePlan) plan = migrate_job_plan (job, NULL, NULL);
  g_autoptr (MigrateReport) report = migrate_job_dup_report (job);
  g_autoptr (GVariant) disks = NULL;
  g_autoptr (GVariant) disk = NULL;

  cr_assert_not_null (plan);
  cr_assert (migrate_report_is_blocked (report));
  disks = migrate_plan_dup_disks (plan);
  disk = g_variant_get_child_value (disks, 0);
  cr_assert_str_eq (_migrate_variant_string (disk, "target"), "vda");
  cr_assert_str_eq (_migrate_variant_string (disk, "source"), "/var/lib/images/g0.qcow2");
  cr_assert_null (_migrate_variant_string (disk, "source-there"));
}

Test (plan, fails_as_a_check_does)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (GError) error = NULL;

  sim_world_do (world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h2" });
  cr_assert_null (migrate_job_plan (job, NULL, &error));
  assert_error (error, MIGRATE_ERROR_UNREACHABLE, "");
  cr_assert_null (migrate_job_dup_plan (job));
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_NEW);
}

Test (plan, is_not_made_of_a_job_that_is_closed)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (GError) error = NULL;

  run (job);
  cr_assert_null (migrate_job_plan (job, NULL, &error));
  assert_error (error, MIGRATE_ERROR_WRONG_STATE, "finalized");
}

/* Another process knows what was planned. */
Test (plan, is_in_the_journal)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (MigrateJob) loaded = NULL;
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (MigratePlan) written = NULL;
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;

  run (job);
  plan = migrate_job_dup_plan (job);
  loaded = migrate_job_load (journal, migrate_job_get_id (job), NULL, NULL);
  written = migrate_job_dup_plan (loaded);
  cr_assert_not_null (written);
  here = steps_of_plan (plan);
  there = steps_of_plan (written);
  cr_assert_str_eq (here, there);
  cr_assert_str_eq (migrate_plan_get_guest_name (written), "g0");
}

/* Between prepare and migrate a retune counts, and is planned anew. */
Test (plan, follows_a_retune_before_the_transfer)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ 0 });
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) transfer = NULL;
  GVariantBuilder values;

  cr_assert (migrate_job_check (job, NULL, NULL));
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&values, "{sv}", "bandwidth", g_variant_new_string ("99"));
  cr_assert (migrate_job_retune (job, g_variant_builder_end (&values), NULL, NULL));
  cr_assert (migrate_job_migrate (job, NULL, NULL));
  plan = migrate_job_dup_plan (job);
  transfer = migrate_plan_dup_transfer (plan);
  cr_assert_eq (_migrate_variant_uint64 (transfer, "bandwidth", 0), 99);
  cr_assert_eq (sim_world_get_asked (world)->bandwidth, 99);
}

/* ---- nothing is rewritten ---- */

Test (mapped, without_a_mapping_nothing_is_sent)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .uuid = UUID, .xml = DOCUMENT });

  run (job);
  cr_assert_null (sim_world_get_asked (world)->dest_xml);
  cr_assert_null (sim_world_get_asked (world)->persist_xml);
}
