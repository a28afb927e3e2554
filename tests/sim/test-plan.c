/* A move does what its plan says: with the simulator's own record of what it was asked for, and the
 * journal's of what was done. */
#include "sim.h"

#include "check/plan-private.h"
#include "journal/journal-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glib/gstdio.h>
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

/* ---- the addresses are the plan's ---- */

static void
set_addresses (MigrateHost *host, const char *peer, const char *migration, const char *listen,
               const char *tls, const char *name)
{
  migrate_host_set_peer_uri (host, peer);
  migrate_host_set_migration_uri (host, migration);
  migrate_host_set_listen_address (host, listen);
  migrate_host_set_tls_name (host, tls);
  migrate_host_set_name (host, name);
}

static void
set_first (MigrateHost *host)
{
  set_addresses (host, "sim://w/h2", "tcp://h2:4444", "10.0.0.2", "h2.example", "two");
}

static void
set_second (MigrateHost *host)
{
  set_addresses (host, "sim://w/h3", "tcp://h3:5555", "10.0.0.3", "h3.example", "three");
}

static void
assert_first (MigrateJob *job)
{
  g_autoptr (GVariant) values = _migrate_journal_load_job (journal, migrate_job_get_id (job), NULL);
  const MigrateTransfer *asked = sim_world_get_asked (world);

  cr_assert_not_null (asked);
  cr_expect_str_eq (asked->peer_uri, "sim://w/h2");
  cr_expect_str_eq (asked->migration_uri, "tcp://h2:4444");
  cr_expect_str_eq (asked->listen_address, "10.0.0.2");
  cr_expect_str_eq (asked->tls_name, "h2.example");
  cr_expect_str_eq (_migrate_variant_string (values, MIGRATE_JOB_KEY_DESTINATION_NAME), "two");
  cr_expect_not (sim_world_get_domain (world, "h3", "g0").exists);
}

static MigrateJob *
job_to_h2_beside_h3 (void)
{
  sim_world_add_host (world, "h3");
  return job_new ((SimGuestSpec){ 0 });
}

Test (plan, addresses_set_after_it_was_prepared_are_not_taken)
{
  g_autoptr (MigrateJob) job = job_to_h2_beside_h3 ();
  MigrateHost *host = migrate_job_get_destination (job);

  set_first (host);
  cr_assert (migrate_job_check (job, NULL, NULL));
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  set_second (host);
  run (job);
  assert_first (job);
}

/* What is gathered again is told to the journal: another program goes by it. */
Test (plan, addresses_set_after_the_check_are_those_that_are_written)
{
  g_autoptr (MigrateJob) job = job_to_h2_beside_h3 ();
  MigrateHost *host = migrate_job_get_destination (job);
  g_autoptr (GVariant) values = NULL;

  set_second (host);
  cr_assert (migrate_job_check (job, NULL, NULL));
  set_addresses (host, NULL, "tcp://h2:4444", NULL, NULL, "two");
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  values = _migrate_journal_load_job (journal, migrate_job_get_id (job), NULL);
  cr_expect_null (_migrate_job_values_text (values, MIGRATE_JOB_KEY_PEER_URI));
  cr_expect_str_eq (_migrate_job_values_text (values, MIGRATE_JOB_KEY_MIGRATION_URI),
                    "tcp://h2:4444");
  cr_expect_null (_migrate_job_values_text (values, MIGRATE_JOB_KEY_TLS_NAME));
  cr_expect_str_eq (_migrate_job_values_text (values, MIGRATE_JOB_KEY_DESTINATION_NAME), "two");
  run (job);
  cr_expect_str_eq (sim_world_get_asked (world)->peer_uri, "sim://w/h2");
  cr_expect_null (sim_world_get_asked (world)->listen_address);
}

Test (plan, addresses_set_on_a_loaded_job_are_not_taken)
{
  g_autoptr (MigrateJob) first = job_to_h2_beside_h3 ();
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  set_first (migrate_job_get_destination (first));
  cr_assert (migrate_job_check (first, NULL, NULL));
  cr_assert (migrate_job_prepare (first, NULL, NULL));
  job = migrate_job_load (journal, migrate_job_get_id (first), NULL, &error);
  cr_assert_not_null (job, "%s", error != NULL ? error->message : "");
  g_clear_object (&first);
  set_second (migrate_job_get_destination (job));
  run (job);
  assert_first (job);
}

/* ---- hooks that answer bindings ---- */

#define TEST_TYPE_HOOKS (test_hooks_get_type ())
G_DECLARE_FINAL_TYPE (TestHooks, test_hooks, TEST, HOOKS, GObject)

struct _TestHooks
{
  GObject parent_instance;
  MigrateHookPoint point; /* at which it answers */
  MigrateSide side;
  const char *reply; /* a{sv}, as text; nullable */
  gboolean told;     /* of the holes, by then */
};

static gboolean
hooks_call (MigrateHooks *iface, MigrateRequest *request)
{
  TestHooks *self = TEST_HOOKS (iface);
  g_autoptr (GVariant) details = migrate_request_dup_details (request);
  g_autoptr (GVariant) holes
    = g_variant_lookup_value (details, "holes", G_VARIANT_TYPE_STRING_ARRAY);

  self->told |= holes != NULL && g_variant_n_children (holes) > 0;
  if (self->reply == NULL || migrate_request_get_point (request) != self->point
      || migrate_request_get_side (request) != self->side)
    return migrate_request_answer (request, NULL);
  return migrate_request_answer (request, g_variant_new_parsed (self->reply));
}

static void
test_hooks_iface_init (MigrateHooksInterface *iface)
{
  iface->call = hooks_call;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestHooks, test_hooks, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_HOOKS, test_hooks_iface_init))

static void
test_hooks_class_init (TestHooksClass *klass)
{
}

static void
test_hooks_init (TestHooks *self)
{
  self->point = MIGRATE_HOOK_POINT_AFTER_PREPARE;
  self->side = MIGRATE_SIDE_DESTINATION;
}

static TestHooks *
hooks_new (MigrateJob *job, const char *reply)
{
  TestHooks *hooks = g_object_new (TEST_TYPE_HOOKS, NULL);

  hooks->reply = reply;
  migrate_job_set_hooks (job, MIGRATE_HOOKS (hooks));
  return hooks;
}

/* ---- names ---- */

static MigrateMapping *
mapping_of (const char *const *lines)
{
  MigrateMapping *mapping = migrate_mapping_new ();
  g_autoptr (GError) error = NULL;

  for (gsize i = 0; lines[i] != NULL; i++)
    cr_assert (migrate_mapping_set_from_string (mapping, lines[i], &error), "%s: %s", lines[i],
               error->message);
  return mapping;
}

#define LINES(...)                                                                                 \
  (const char *const[]) { __VA_ARGS__, NULL }

static void
map_job (MigrateJob *job, const char *const *lines)
{
  g_autoptr (MigrateMapping) mapping = mapping_of (lines);

  migrate_job_set_mapping (job, mapping);
}

static MigrateJob *
job_with_document (void)
{
  return job_new ((SimGuestSpec){ .uuid = UUID, .xml = DOCUMENT });
}

static void
assert_says (const char *xml, const char *words)
{
  cr_assert_not_null (xml);
  cr_assert_not_null (strstr (xml, words), "no “%s” in:\n%s", words, xml);
}

static void
assert_says_not (const char *xml, const char *words)
{
  cr_assert_not_null (xml);
  cr_assert_null (strstr (xml, words), "“%s” in:\n%s", words, xml);
}

/* Of the guest as it runs there, and of its definition. */
static void
assert_there (const char *words)
{
  g_autofree char *live = sim_world_dup_xml (world, "h2", "g0", FALSE);
  g_autofree char *definition = sim_world_dup_xml (world, "h2", "g0", TRUE);

  assert_says (live, words);
  assert_says (definition, words);
}

static void
assert_run_fails (MigrateJob *job, int code, const char *words)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_job_run (job, NULL, &error));
  assert_error (error, code, words);
}

/* No transfer was asked for, and what was begun is undone. */
static void
assert_stayed (MigrateJob *job)
{
  SimDomainInfo info = sim_world_get_domain (world, "h1", "g0");

  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  cr_assert (info.active && info.state == MIGRATE_DOMAIN_RUNNING && !info.has_job);
  cr_assert_not (sim_world_get_domain (world, "h2", "g0").exists);
  cr_assert_null (sim_world_get_asked (world));
}

/* ---- what is written down has no password ---- */

static void
assert_no_password (MigrateJob *job)
{
  g_autoptr (GVariant) values = _migrate_journal_load_job (journal, migrate_job_get_id (job), NULL);
  g_autoptr (GVariant) entries
    = _migrate_journal_load_entries (journal, migrate_job_get_id (job), NULL);
  g_autoptr (MigratePlan) plan = migrate_job_dup_plan (job);
  g_autoptr (GVariant) details = migrate_plan_dup_details (plan);
  GVariant *told[] = { values, entries, details };

  for (gsize i = 0; i < G_N_ELEMENTS (told); i++)
    {
      g_autofree char *text = g_variant_print (told[i], FALSE);

      assert_says_not (text, PASSWORD);
    }
}

/* ---- moves ---- */

Test (mapped, without_a_mapping_nothing_is_sent)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  g_autoptr (MigratePlan) plan = NULL;

  run (job);
  plan = migrate_job_dup_plan (job);
  cr_assert_null (sim_world_get_asked (world)->dest_xml);
  cr_assert_null (sim_world_get_asked (world)->persist_xml);
  /* It is told all the same, and is the source's own. */
  assert_says (migrate_plan_get_xml (plan), "network=\"blue\"");
  assert_says (migrate_plan_get_persistent_xml (plan), "network=\"blue\"");
  assert_says_not (migrate_plan_get_xml (plan), PASSWORD);
}

Test (mapped, arrives_under_other_names)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) changes = NULL;

  map_job (job, LINES ("network:blue=red", "listen:10.0.0.1=10.0.0.2",
                       "endpoint:serial:0=path=/var/log/there.log"));
  plan = migrate_job_plan (job, NULL, NULL);
  changes = migrate_plan_dup_changes (plan);
  cr_assert_geq (g_variant_n_children (changes), 3);
  assert_says (migrate_plan_get_xml (plan), "network=\"red\"");
  assert_says_not (migrate_plan_get_xml (plan), PASSWORD);
  assert_says (migrate_plan_get_persistent_xml (plan), "network=\"red\"");
  run (job);
  assert_there ("network=\"red\"");
  assert_there ("10.0.0.2");
  assert_there ("/var/log/there.log");
  assert_there ("<!-- somebody's own words -->");
  assert_there ("passwd=\"" PASSWORD "\"");
  assert_no_password (job);
}

/* What libvirt would refuse is what it is given by others; ours is the same guest. */
Test (mapped, moves_directly_and_tunnelled)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  g_autoptr (MigrateHost) h1 = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) h2 = migrate_host_new ("sim://w/h2");
  g_autoptr (MigrateJob) back = migrate_job_new ("g0", h2, h1);
  g_autofree char *live = NULL;

  map_job (job, LINES ("network:blue=red"));
  set_policy (job, "transport", "direct");
  run (job);
  assert_there ("network=\"red\"");
  migrate_job_set_journal (back, journal);
  map_job (back, LINES ("network:red=blue"));
  set_policy (back, "transport", "tunnelled");
  run (back);
  live = sim_world_dup_xml (world, "h1", "g0", FALSE);
  assert_says (live, "network=\"blue\"");
}

Test (mapped, a_transient_guest_has_no_definition)
{
  g_autoptr (MigrateJob) job
    = job_new ((SimGuestSpec){ .uuid = UUID, .xml = DOCUMENT, .transient = TRUE });

  map_job (job, LINES ("network:blue=red"));
  run (job);
  cr_assert_not_null (sim_world_get_asked (world)->dest_xml);
  cr_assert_null (sim_world_get_asked (world)->persist_xml);
}

/* Binding, job, profile, as it was. */
Test (mapped, the_nearest_name_wins)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigrateJob) job = migrate_job_new ("g0", source, destination);
  g_autoptr (MigrateMapping) profile
    = mapping_of (LINES ("network:blue=of-the-profile", "listen:10.0.0.1=10.0.0.8",
                         "endpoint:serial:0=path=/var/log/of-the-profile"));
  g_autoptr (TestHooks) hooks
    = hooks_new (job, "{'bindings': <{'network:blue': <'of-the-hook'>}>}");

  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .uuid = UUID, .xml = DOCUMENT });
  migrate_job_set_journal (job, journal);
  migrate_host_set_profile (destination, profile);
  map_job (job, LINES ("network:blue=of-the-job", "listen:10.0.0.1=10.0.0.9"));
  run (job);
  assert_there ("network=\"of-the-hook\"");
  assert_there ("10.0.0.9");
  assert_there ("/var/log/of-the-profile");
}

/* ---- holes ---- */

Test (mapped, a_hook_fills_a_hole)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  g_autoptr (TestHooks) hooks = hooks_new (job, "{'bindings': <{'network:blue': <'red'>}>}");
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) holes = NULL;
  g_autoptr (GVariant) hole = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autoptr (GVariant) bindings = NULL;

  map_job (job, LINES ("network:blue=?"));
  plan = migrate_job_plan (job, NULL, NULL);
  holes = migrate_plan_dup_holes (plan);
  cr_assert_eq (g_variant_n_children (holes), 1);
  hole = g_variant_get_child_value (holes, 0);
  cr_assert_str_eq (_migrate_variant_string (hole, "name"), "network:blue");
  cr_assert_str_eq (_migrate_variant_string (hole, "filled-by"), "the program's hooks");
  run (job);
  cr_assert (hooks->told);
  assert_there ("network=\"red\"");
  values = _migrate_journal_load_job (journal, migrate_job_get_id (job), NULL);
  bindings = g_variant_lookup_value (values, "bindings", G_VARIANT_TYPE_VARDICT);
  cr_assert_not_null (bindings);
  cr_assert (g_variant_lookup (bindings, "network:blue", "@*", NULL));
}

Test (mapped, a_hole_that_nobody_can_fill_is_refused_before_anything_is_touched)
{
  g_autoptr (MigrateJob) job = job_with_document ();

  map_job (job, LINES ("network:blue=?"));
  assert_run_fails (job, MIGRATE_ERROR_BLOCKED, "“network:blue”");
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CHECKED);
  cr_assert_null (sim_world_get_asked (world));
}

static const struct
{
  MigrateHookPoint point;
  MigrateSide side;
  const char *reply;
} silences[] = {
  { MIGRATE_HOOK_POINT_AFTER_PREPARE, MIGRATE_SIDE_DESTINATION, NULL },
  { MIGRATE_HOOK_POINT_AFTER_PREPARE, MIGRATE_SIDE_DESTINATION, "{'port': <uint32 7>}" },
  { MIGRATE_HOOK_POINT_AFTER_PREPARE, MIGRATE_SIDE_DESTINATION,
    "{'bindings': <{'network:green': <'red'>}>}" },
  /* These are not the destination's to answer. */
  { MIGRATE_HOOK_POINT_AFTER_PREPARE, MIGRATE_SIDE_SOURCE,
    "{'bindings': <{'network:blue': <'red'>}>}" },
};

ParameterizedTestParameters (mapped, a_hole_that_was_not_filled_is_named)
{
  static size_t rows[G_N_ELEMENTS (silences)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, mapped, a_hole_that_was_not_filled_is_named)
{
  g_autoptr (MigrateJob) job
    = job_new ((SimGuestSpec){ .uuid = UUID, .xml = DOCUMENT, .autostart = TRUE });
  g_autoptr (TestHooks) hooks = hooks_new (job, silences[*index].reply);

  hooks->point = silences[*index].point;
  hooks->side = silences[*index].side;
  map_job (job, LINES ("network:blue=?"));
  assert_run_fails (job, MIGRATE_ERROR_BLOCKED,
                    "the program's hooks have not filled: “network:blue”");
  assert_stayed (job);
  cr_assert (sim_world_get_domain (world, "h1", "g0").autostart);
}

Test (mapped, bindings_that_are_none_are_refused)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  g_autoptr (TestHooks) hooks
    = hooks_new (job, "{'bindings': <{'network:blue': <'red/../../etc'>}>}");

  hooks->point = MIGRATE_HOOK_POINT_BEFORE_PREPARE;
  map_job (job, LINES ("network:blue=?"));
  assert_run_fails (job, MIGRATE_ERROR_INVALID, "before-prepare");
  assert_stayed (job);
}

/* Bindings without a mapping: a hook may know what no file says. */
Test (mapped, a_hook_names_what_no_mapping_does)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  g_autoptr (TestHooks) hooks = hooks_new (job, "{'bindings': <{'network:blue': <'red'>}>}");

  hooks->point = MIGRATE_HOOK_POINT_BEFORE_MIGRATE;
  run (job);
  assert_there ("network=\"red\"");
}

/* ---- another process goes on ---- */

static void
remove_folder (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

static MigrateJob *
prepared_elsewhere (const char *path, MigrateJournal **journal_there)
{
  g_autofree char *id = NULL;
  g_autoptr (GError) error = NULL;
  MigrateJob *loaded;
  gpointer held; /* until nobody has the first journal any more */

  {
    MigrateJournal *first = migrate_sqlite_journal_new (path);
    g_autoptr (MigrateJob) job = job_with_document ();
    g_autoptr (MigrateReport) report = NULL;
    g_autoptr (TestHooks) hooks
      = hooks_new (job, "{'bindings': <{'listen:10.0.0.1': <'10.0.0.7'>}>}");

    migrate_job_set_journal (job, first);
    held = first;
    map_job (job, LINES ("network:blue=red", "listen:10.0.0.1=?"));
    report = migrate_job_check (job, NULL, NULL);
    cr_assert (migrate_job_prepare (job, NULL, &error), "%s", error != NULL ? error->message : "");
    id = g_strdup (migrate_job_get_id (job));
    g_object_add_weak_pointer (G_OBJECT (first), &held);
    g_object_unref (first);
  } /* the holder of the claim is gone, as soon as its worker has ended */
  while (g_atomic_pointer_get (&held) != NULL)
    g_usleep (1000);
  *journal_there = migrate_sqlite_journal_new (path);
  loaded = migrate_job_load (*journal_there, id, NULL, NULL);
  cr_assert_not_null (loaded);
  return loaded;
}

Test (mapped, goes_on_in_another_process)
{
  g_autofree char *folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "journal.sqlite", NULL);
  g_autoptr (MigrateJournal) there = NULL;
  g_autoptr (MigrateJob) job = prepared_elsewhere (path, &there);
  g_autoptr (MigrateMapping) mapping = migrate_job_dup_mapping (job);
  g_autoptr (MigrateMapping) other = mapping_of (LINES ("network:blue=yellow"));
  g_autoptr (GError) error = NULL;

  cr_assert_not_null (migrate_mapping_get (mapping, "network", "blue"));
  /* Too late: it is prepared. */
  migrate_job_set_mapping (job, other);
  cr_assert (migrate_job_migrate (job, NULL, &error), "%s", error != NULL ? error->message : "");
  assert_there ("network=\"red\"");
  assert_there ("10.0.0.7");
  remove_folder (folder);
}

/* ---- the program's own function ---- */

typedef struct
{
  const char *from, *to; /* to: NULL: it gives up */
  GThread *thread;
  guint calls, definitions, destroyed;
} Rewriter;

static char *
rewrite (MigrateJob *job, const char *xml, gboolean definition, gpointer data)
{
  Rewriter *self = data;
  g_auto (GStrv) parts = g_strsplit (xml, self->from, -1);

  self->calls++;
  self->definitions += definition ? 1 : 0;
  self->thread = g_thread_self ();
  return self->to != NULL ? g_strjoinv (self->to, parts) : NULL;
}

static void
rewriter_destroy (gpointer data)
{
  Rewriter *self = data;

  self->destroyed++;
}

Test (mapped, the_programs_function_has_the_last_word)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  Rewriter rewriter = { "network=\"red\"", "network=\"green\"" };
  g_autoptr (MigratePlan) plan = NULL;

  map_job (job, LINES ("network:blue=red"));
  migrate_job_set_rewrite_func (job, rewrite, &rewriter, rewriter_destroy);
  run (job);
  assert_there ("network=\"green\"");
  assert_there ("passwd=\"" PASSWORD "\"");
  assert_no_password (job);
  cr_assert_eq (rewriter.calls, 2);
  cr_assert_eq (rewriter.definitions, 1);
  cr_assert_eq (rewriter.thread, g_thread_self ());
  cr_assert_eq (rewriter.destroyed, 0);
  migrate_job_set_rewrite_func (job, NULL, NULL, NULL);
  cr_assert_eq (rewriter.destroyed, 1);
}

/* What it leaves as it was is not sent. */
Test (mapped, a_function_that_changes_nothing_sends_nothing)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  Rewriter rewriter = { "blue", "blue" };

  migrate_job_set_rewrite_func (job, rewrite, &rewriter, rewriter_destroy);
  run (job);
  cr_assert_eq (rewriter.calls, 2);
  cr_assert_null (sim_world_get_asked (world)->dest_xml);
  cr_assert_null (sim_world_get_asked (world)->persist_xml);
  g_clear_object (&job);
  cr_assert_eq (rewriter.destroyed, 1);
}

static const struct
{
  const char *from, *to, *words;
  int code;
} faults[] = {
  { "blue", NULL, "gave the move up", MIGRATE_ERROR_DENIED },
  { "<devices>", "<devices", "refused", MIGRATE_ERROR_INVALID },
  { "<name>g0</name>", "<name>g1</name>", "would be “g1”", MIGRATE_ERROR_INVALID },
  { "4f3a77</uuid>", "4f3a78</uuid>", "would be “g0”", MIGRATE_ERROR_INVALID },
  { "machine='pc-i440fx-7.2'", "machine='pc-q35-7.2'", "another machine", MIGRATE_ERROR_INVALID },
  { "52:54:00:aa:bb:cc", "52:54:00:aa:bb:cd", "another machine", MIGRATE_ERROR_INVALID },
};

ParameterizedTestParameters (mapped, the_function_is_not_believed)
{
  static size_t rows[G_N_ELEMENTS (faults)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, mapped, the_function_is_not_believed)
{
  g_autoptr (MigrateJob) job = job_with_document ();
  Rewriter rewriter = { faults[*index].from, faults[*index].to };

  migrate_job_set_rewrite_func (job, rewrite, &rewriter, rewriter_destroy);
  assert_run_fails (job, faults[*index].code, faults[*index].words);
  assert_stayed (job);
  assert_no_password (job);
}

static char *
sleep_long (MigrateJob *job, const char *xml, gboolean definition, gpointer data)
{
  sim_world_sleep (world, 120000);
  return g_strdup (xml);
}

Test (mapped, a_function_that_takes_too_long_ends_the_move)
{
  g_autoptr (MigrateJob) job = job_with_document ();

  migrate_job_set_rewrite_func (job, sleep_long, NULL, NULL);
  assert_run_fails (job, MIGRATE_ERROR_TIMED_OUT, "60000 ms");
  assert_stayed (job);
}

/* ---- what breaks the guest is seen before ---- */

Test (mapped, a_source_that_denies_passwords_is_told)
{
  g_autoptr (MigrateJob) job = job_with_document ();

  map_job (job, LINES ("network:blue=red"));
  cr_assert (migrate_job_check (job, NULL, NULL));
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  sim_world_fail_call (world, "domain-xml:h1", sim_world_count_calls (world, "domain-xml:h1") + 2,
                       29);
  {
    g_autoptr (GError) error = NULL;

    cr_assert_not (migrate_job_migrate (job, NULL, &error));
    assert_error (error, MIGRATE_ERROR_DENIED, "with its passwords");
  }
  assert_stayed (job);
}

/* libvirt's own look at the storage is switched off by then. */
Test (mapped, a_disk_that_nobody_checked_is_refused)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .uuid = UUID, .disk = "/images/g0.qcow2" });
  g_autoptr (TestHooks) hooks = hooks_new (job, "{'bindings': <{'disk:vda': <'/m/b'>}>}");
  g_autoptr (GError) error = NULL;

  set_policy (job, "accept", "disk-sharing-unproven");
  cr_assert (migrate_job_check (job, NULL, NULL));
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  cr_assert_not (migrate_job_migrate (job, NULL, &error));
  assert_error (error, MIGRATE_ERROR_INVALID, "“/images/g0.qcow2” was checked");
  assert_stayed (job);
}

Test (mapped, an_open_disk_is_not_proven)
{
  g_autoptr (MigrateJob) job = job_new ((SimGuestSpec){ .uuid = UUID, .disk = "/images/g0.qcow2" });
  g_autoptr (TestHooks) hooks = hooks_new (job, "{'bindings': <{'disk:vda': <'/m/b'>}>}");
  g_autoptr (GError) error = NULL;

  sim_world_add_pool (world, "h1",
                      &(SimPoolSpec){ .name = "p", .target = "/images", .storage = "a" });
  sim_world_add_pool (world, "h2",
                      &(SimPoolSpec){ .name = "p", .target = "/images", .storage = "a" });
  map_job (job, LINES ("disk:vda=?"));
  cr_assert (migrate_job_check (job, NULL, NULL));
  cr_assert_not (migrate_job_prepare (job, NULL, &error));
  assert_error (error, MIGRATE_ERROR_BLOCKED, "disk-sharing-unproven");
  set_policy (job, "accept", "disk-sharing-unproven");
  run (job);
  assert_there ("/m/b");
}
