/* The plan, decided from a request and a policy: what is asked for is what the transfer is given.
 */
#include "check/plan-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <string.h>

TestSuite (plan, .timeout = 20);

static const MigrateCheckRequest request = {
  .source_uri = "qemu+tcp://one/system",
  .destination_uri = "qemu+tcp://two/system",
  .source_name = "one",
  .destination_name = "two",
};

static MigratePolicy *
policy_with (const char *settings)
{
  MigratePolicy *policy = migrate_policy_new ();
  g_auto (GStrv) pairs = g_strsplit (settings, " ", -1);

  for (gsize i = 0; pairs[i] != NULL; i++)
    {
      g_auto (GStrv) pair = g_strsplit (pairs[i], "=", 2);

      if (pair[0] != NULL)
        cr_assert (migrate_policy_set (policy, pair[0], pair[1], NULL), "%s", pairs[i]);
    }
  return policy;
}

/* ---- how memory travels ---- */

static const struct
{
  const char *settings, *flags;
  MigratePlanBasis basis;
  MigrateTransport transport;
  MigrateHandOver hand_over;
} flags[] = {
  { "", "live peer2peer abort-on-error" },
  { "", "live peer2peer persist-dest undefine-source abort-on-error", { .persistent = TRUE } },
  { "", "live abort-on-error", { 0 }, MIGRATE_TRANSPORT_DIRECT },
  { "", "live peer2peer tunnelled abort-on-error", { 0 }, MIGRATE_TRANSPORT_TUNNELLED },
  { "", "live peer2peer paused abort-on-error", { 0 }, 0, MIGRATE_HAND_OVER_STRICT },
  /* A guest that is paused arrives so anyway, and nobody resumes it. */
  { "", "live peer2peer abort-on-error", { .was_paused = TRUE }, 0, MIGRATE_HAND_OVER_STRICT },
  { "allow=throttle", "live peer2peer abort-on-error auto-converge" },
  { "allow=postcopy", "live peer2peer abort-on-error postcopy" },
  { "allow=throttle;postcopy;pause", "live peer2peer abort-on-error auto-converge postcopy" },
  { "allow=pause", "live peer2peer abort-on-error" },
  { "connections=4", "live peer2peer abort-on-error parallel" },
  { "compression=xbzrle", "live peer2peer abort-on-error compressed" },
  { "zero-copy=true connections=2", "live peer2peer abort-on-error parallel zerocopy" },
  { "tls=true", "live peer2peer abort-on-error tls" },
  { "accept=disk-sharing-unproven", "live peer2peer unsafe abort-on-error" },
  { "accept=disk-cache", "live peer2peer abort-on-error" },
  { "accept=cpu-incompatible", "live peer2peer abort-on-error" },
  /* libvirt's guess by the name of a file system is not needed. */
  { "", "live peer2peer unsafe abort-on-error", { .shared = TRUE } },
};

static MigrateCheckRequest
request_of (MigrateTransport transport, MigrateHandOver hand_over)
{
  MigrateCheckRequest of = request;

  of.transport = transport;
  of.hand_over = hand_over;
  return of;
}

ParameterizedTestParameters (plan, names_the_flags)
{
  static size_t rows[G_N_ELEMENTS (flags)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, plan, names_the_flags)
{
  const MigrateCheckRequest of = request_of (flags[*index].transport, flags[*index].hand_over);
  g_autoptr (MigratePolicy) policy = policy_with (flags[*index].settings);
  g_autoptr (MigratePlan) plan
    = _migrate_plan_renew (NULL /* plan */, &flags[*index].basis, &of, policy);
  g_autoptr (GVariant) transfer = migrate_plan_dup_transfer (plan);
  g_auto (GStrv) words = NULL;
  g_autofree char *text = NULL;

  cr_assert (g_variant_lookup (transfer, "flags", "^as", &words));
  text = g_strjoinv (" ", words);
  cr_assert_str_eq (text, flags[*index].flags, "%s: %s", flags[*index].settings, text);
}

/* Every flag that a transfer can make has a name, and so is told. */
Test (plan, tells_every_flag)
{
  MigrateTransfer all = { .transport = MIGRATE_TRANSPORT_TUNNELLED,
                          .persist = TRUE,
                          .paused = TRUE,
                          .unsafe = TRUE,
                          .postcopy = TRUE,
                          .resume = TRUE,
                          .throttle = TRUE,
                          .connections = 2,
                          .zero_copy = TRUE,
                          .tls = TRUE };
  const char *methods[] = { "mt", NULL };
  g_auto (GStrv) names = NULL;

  all.compression = (char **) methods;
  names = _migrate_transfer_flag_names (&all);
  cr_assert_eq (g_strv_length (names), 15);
}

/* What goes in under a name comes out again, and the rest is as the hypervisor has it. */
Test (plan, is_what_the_transfer_is_given)
{
  const MigratePlanBasis basis = { .persistent = TRUE };
  MigrateCheckRequest of = request_of (MIGRATE_TRANSPORT_DIRECT, MIGRATE_HAND_OVER_STRICT);
  g_autoptr (MigratePolicy) policy
    = policy_with ("bandwidth=7 allow=throttle;postcopy throttle-initial=31 throttle-increment=17 "
                   "connections=3 compression=xbzrle;mt compression-level=5 compression-threads=6 "
                   "xbzrle-cache=64 zero-copy=true tls=true postcopy-bandwidth=9 "
                   "target-downtime=77 accept=disk-sharing-unproven");
  g_autoptr (MigratePlan) plan = NULL;
  MigrateTransfer t = { 0 };

  of.peer_uri = "qemu+tcp://peer/system";
  of.migration_uri = "tcp://10.0.0.2";
  of.listen_address = "10.0.0.2";
  of.tls_name = "two.example";
  plan = _migrate_plan_renew (NULL /* plan */, &basis, &of, policy);
  _migrate_plan_get_transfer (plan, &of, &t);
  cr_expect_eq (t.transport, MIGRATE_TRANSPORT_DIRECT);
  cr_expect_str_eq (t.peer_uri, "qemu+tcp://peer/system");
  cr_expect_str_eq (t.destination_uri, "qemu+tcp://two/system");
  cr_expect_str_eq (t.migration_uri, "tcp://10.0.0.2");
  cr_expect_str_eq (t.listen_address, "10.0.0.2");
  cr_expect_str_eq (t.tls_name, "two.example");
  cr_expect_eq (t.bandwidth, 7);
  cr_expect (t.persist && t.paused && t.unsafe && t.postcopy && t.throttle && t.zero_copy && t.tls);
  cr_expect_not (t.resume);
  cr_expect_eq (t.postcopy_bandwidth, 9);
  cr_expect_eq (t.throttle_initial, 31);
  cr_expect_eq (t.throttle_increment, 17);
  cr_expect_eq (t.connections, 3);
  cr_expect_eq (g_strv_length (t.compression), 2);
  cr_expect_eq (t.compression_level, 5);
  cr_expect_eq (t.compression_threads, 6);
  cr_expect_eq (t.xbzrle_cache, 64 << 20);
  cr_expect_null (t.dest_xml);
  cr_expect_null (t.persist_xml);
  cr_expect_eq (_migrate_plan_get_target_downtime (plan), 77);
  _migrate_transfer_clear (&t);
}

Test (plan, shows_no_password_of_a_uri)
{
  const MigratePlanBasis basis = { 0 };
  MigrateCheckRequest of = request;
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) details = NULL;
  g_autofree char *text = NULL;
  MigrateTransfer t = { 0 };

  of.destination_uri = "qemu+tcp://me:geheim@two/system";
  plan = _migrate_plan_renew (NULL /* plan */, &basis, &of, policy);
  details = migrate_plan_dup_details (plan);
  text = g_variant_print (details, FALSE);
  cr_assert_null (strstr (text, "geheim"), "%s", text);
  _migrate_plan_get_transfer (plan, &of, &t);
  cr_assert_str_eq (t.peer_uri, of.destination_uri);
  _migrate_transfer_clear (&t);
}

/* ---- a policy that changes ---- */

Test (plan, keeps_what_a_new_policy_does_not_touch)
{
  const MigratePlanBasis basis = { .persistent = TRUE };
  g_autoptr (MigratePolicy) before = policy_with ("bandwidth=7");
  g_autoptr (MigratePolicy) after = policy_with ("bandwidth=8 allow=pause");
  GVariantDict dict;
  g_autoptr (MigratePlan) old = NULL;
  g_autoptr (MigratePlan) first = NULL;
  g_autoptr (MigratePlan) second = NULL;
  g_autoptr (GVariant) transfer = NULL;
  g_auto (GStrv) effects = NULL;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "guest-name", "s", "g0");
  g_variant_dict_insert (&dict, "kind", "s", "live");
  old = _migrate_plan_new (g_variant_dict_end (&dict));
  first = _migrate_plan_renew (old, &basis, &request, before);
  second = _migrate_plan_renew (first, &basis, &request, after);
  transfer = migrate_plan_dup_transfer (second);
  effects = migrate_plan_dup_effects (second);
  cr_assert_str_eq (migrate_plan_get_guest_name (second), "g0");
  cr_assert_eq (migrate_plan_get_kind (second), MIGRATE_KIND_LIVE);
  cr_assert_eq (_migrate_variant_uint64 (transfer, "bandwidth", 0), 8);
  cr_assert (g_strv_contains ((const char *const *) effects,
                              "Where nothing else helps it is stopped until the rest has "
                              "travelled"));
  /* The first is as it was. */
  g_variant_unref (transfer);
  transfer = migrate_plan_dup_transfer (first);
  cr_assert_eq (_migrate_variant_uint64 (transfer, "bandwidth", 0), 7);
}

Test (plan, keeps_what_was_proven)
{
  const MigratePlanBasis proven = { .shared = TRUE }, known_again = { 0 };
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) first = _migrate_plan_renew (NULL, &proven, &request, policy);
  g_autoptr (MigratePlan) second = _migrate_plan_renew (first, &known_again, &request, policy);
  g_autoptr (GVariant) transfer = migrate_plan_dup_transfer (second);

  cr_assert (_migrate_variant_boolean (transfer, "unsafe"));
}

/* ---- steps ---- */

static const struct
{
  const char *steps, *settings;
  MigratePlanBasis basis;
  MigrateHandOver hand_over;
  gboolean hooks, inventory;
} steps[] = {
  { "transfer", "" },
  { "clear-autostart transfer set-autostart", "", { .autostart = TRUE } },
  { "transfer resume-destination", "", { 0 }, MIGRATE_HAND_OVER_STRICT },
  { "transfer", "", { .was_paused = TRUE }, MIGRATE_HAND_OVER_STRICT },
  { "transfer swap-record", "", { 0 }, 0, FALSE, TRUE },
  { "transfer set-clock trim announce", "chores=clock;trim;announce" },
  /* Its agent does not answer. */
  { "transfer announce", "chores=clock;announce", { .was_paused = TRUE } },
  { "hook-before-prepare hook-before-prepare hook-after-prepare hook-after-prepare "
    "hook-before-migrate hook-before-migrate transfer hook-after-migrate hook-after-migrate "
    "hook-before-finalize hook-before-finalize hook-after-finalize hook-after-finalize",
    "",
    { 0 },
    0,
    TRUE },
};

ParameterizedTestParameters (plan, takes_steps)
{
  static size_t rows[G_N_ELEMENTS (steps)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, plan, takes_steps)
{
  MigrateCheckRequest of = request_of (MIGRATE_TRANSPORT_P2P, steps[*index].hand_over);
  g_autoptr (MigratePolicy) policy = policy_with (steps[*index].settings);
  g_autoptr (GString) text = g_string_new (NULL);
  g_autoptr (MigratePlan) plan = NULL;

  of.has_hooks = steps[*index].hooks;
  of.has_inventory = steps[*index].inventory;
  plan = _migrate_plan_renew (NULL /* plan */, &steps[*index].basis, &of, policy);
  for (guint i = 0; i < migrate_plan_get_n_steps (plan); i++)
    g_string_append_printf (text, "%s%s", i > 0 ? " " : "",
                            migrate_step_get_what (migrate_plan_get_step (plan, i)));
  cr_assert_str_eq (text->str, steps[*index].steps);
  cr_assert_null (migrate_plan_get_step (plan, migrate_plan_get_n_steps (plan)));
}

Test (plan, says_what_takes_a_step_back)
{
  const MigratePlanBasis basis = { .autostart = TRUE };
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) plan = _migrate_plan_renew (NULL, &basis, &request, policy);
  MigrateStep *first = migrate_plan_get_step (plan, 0);
  MigrateStep *last = migrate_plan_get_step (plan, 2);

  cr_assert_str_eq (migrate_step_get_what (first), "clear-autostart");
  cr_assert_str_eq (migrate_step_get_host (first), "qemu+tcp://one/system");
  cr_assert_str_eq (migrate_step_get_undo (first), "autostart is set again");
  cr_assert_str_eq (migrate_step_get_what (last), "set-autostart");
  cr_assert_str_eq (migrate_step_get_host (last), "qemu+tcp://two/system");
  cr_assert_null (migrate_step_get_undo (last));
}

/* ---- effects ---- */

static const struct
{
  const char *settings, *says;
  gboolean says_so;
  MigratePlanBasis basis;
} effects[] = {
  { "", "stands still for about 150 ms when it changes hands, 500 ms at the most", TRUE },
  { "target-downtime=300 max-downtime=100", "about 300 ms when it changes hands, 300 ms at", TRUE },
  { "", "or longer where it has to be stopped", FALSE },
  { "allow=throttle,postcopy", "or longer where it has to be stopped", FALSE },
  { "allow=pause", "500 ms at the most, or longer where it has to be stopped", TRUE },
  { "deadline=60 at-deadline=pause", "at the most, or longer where it has to be stopped", TRUE },
  { "deadline=60 at-deadline=give-up", "or longer where it has to be stopped", FALSE },
  { "deadline=0 at-deadline=pause", "or longer where it has to be stopped", FALSE },
  { "", "is paused, and arrives paused", TRUE, { .was_paused = TRUE } },
  { "", "stands still", FALSE, { .was_paused = TRUE } },
  { "", "is given up, and the guest stays", TRUE },
  { "allow=throttle throttle-initial=40", "throttled, by 40% and then 20% more", TRUE },
  { "", "throttled", FALSE },
  { "allow=postcopy", "Where nothing else helps it runs at the destination before", TRUE },
  { "allow=postcopy postcopy-start=first-pass", "Once its memory has been sent it runs", TRUE },
  { "allow=postcopy", "is given up", FALSE },
  { "deadline=60", "is given up, and the guest stays", TRUE },
  { "deadline=60 at-deadline=pause", "is given up", FALSE },
  { "deadline=60 at-deadline=pause", "after 60 s stops the guest and finishes", TRUE },
  { "bandwidth=12", "at most 12 MiB/s", TRUE },
  { "", "It is transient", TRUE },
  { "", "definition at the source is removed", TRUE, { .persistent = TRUE } },
  { "", "starts by itself at the destination", TRUE, { .autostart = TRUE } },
};

ParameterizedTestParameters (plan, says_what_it_means)
{
  static size_t rows[G_N_ELEMENTS (effects)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, plan, says_what_it_means)
{
  g_autoptr (MigratePolicy) policy = policy_with (effects[*index].settings);
  g_autoptr (MigratePlan) plan
    = _migrate_plan_renew (NULL /* plan */, &effects[*index].basis, &request, policy);
  g_auto (GStrv) sentences = migrate_plan_dup_effects (plan);
  g_autofree char *text = g_strjoinv ("\n", sentences);

  cr_assert_eq (strstr (text, effects[*index].says) != NULL, effects[*index].says_so,
                "%s: “%s” in:\n%s", effects[*index].settings, effects[*index].says, text);
}

/* ---- hostile journals ---- */

Test (plan, reads_anything)
{
  GVariantDict dict;
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) disks = NULL;
  g_auto (GStrv) sentences = NULL;
  MigrateTransfer t = { 0 };

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "kind", "t", (guint64) 7);
  g_variant_dict_insert (&dict, "transfer", "s", "none");
  g_variant_dict_insert (&dict, "steps", "as", NULL);
  g_variant_dict_insert (&dict, "disks", "s", "vda");
  g_variant_dict_insert (&dict, "effects", "u", 3);
  plan = _migrate_plan_new (g_variant_dict_end (&dict));
  disks = migrate_plan_dup_disks (plan);
  sentences = migrate_plan_dup_effects (plan);
  cr_assert_eq (migrate_plan_get_kind (plan), MIGRATE_KIND_AUTO);
  cr_assert_eq (migrate_plan_get_n_steps (plan), 0);
  cr_assert_eq (g_variant_n_children (disks), 0);
  cr_assert_eq (g_strv_length (sentences), 0);
  cr_assert_null (migrate_plan_get_xml (plan));
  _migrate_plan_get_transfer (plan, &request, &t);
  cr_assert_eq (t.transport, MIGRATE_TRANSPORT_P2P);
  _migrate_transfer_clear (&t);
}

/* ---- what is opened is what was checked ---- */

#define GUEST(disks)                                                                               \
  "<domain type='qemu'><name>g</name><uuid>11111111-2222-3333-4444-555555555555</uuid>"            \
  "<devices>" disks "</devices></domain>"
#define DISK_OF(file, format)                                                                      \
  "<disk type='file'><driver type='" format "'/><source file='" file "'/><target dev='vda'/>"
#define CHAIN(file)                                                                                \
  "<backingStore type='file'><format type='raw'/><source file='" file                              \
  "'/><backingStore/></backingStore>"

static const struct
{
  const char *row, *document;
  gboolean there;
  MigrateError code;
  const char *words; /* NULL: it is as planned */
} proofs[] = {
  { "'format': <'qcow2'>", GUEST (DISK_OF ("/a", "qcow2") "</disk>"), FALSE, 0, NULL },
  { "'format': <'qcow2'>", GUEST (DISK_OF ("/b", "qcow2") "</disk>"), FALSE, MIGRATE_ERROR_CHANGED,
    "“/b” now, and “/a” was checked" },
  { "'format': <'qcow2'>", GUEST (DISK_OF ("/a", "raw") "</disk>"), FALSE, MIGRATE_ERROR_CHANGED,
    "“raw” now, and “qcow2” was checked" },
  /* A snapshot was taken. */
  { "'format': <'qcow2'>", GUEST (DISK_OF ("/a", "qcow2") CHAIN ("/base") "</disk>"), FALSE,
    MIGRATE_ERROR_CHANGED, "“/base” now, and “nothing” was checked" },
  { "'format': <'qcow2'>, 'chain': <['/base']>",
    GUEST (DISK_OF ("/a", "qcow2") CHAIN ("/base") "</disk>"), FALSE, 0, NULL },
  /* A disk was plugged in; an empty drive is none. */
  { "'format': <'qcow2'>",
    GUEST (DISK_OF ("/a", "qcow2") "</disk><disk type='file'><source file='/c'/>"
                                   "<target dev='vdb'/></disk>"),
    FALSE, MIGRATE_ERROR_CHANGED, "“vdb” is “/c” now, and “nothing” was checked" },
  { "'format': <'qcow2'>",
    GUEST (DISK_OF ("/a", "qcow2") "</disk><disk type='file' device='cdrom'>"
                                   "<target dev='sda'/></disk>"),
    FALSE, 0, NULL },
  /* At the destination. */
  { "'format': <'qcow2'>, 'source-there': <'/m/a'>", GUEST (DISK_OF ("/m/a", "qcow2") "</disk>"),
    TRUE, 0, NULL },
  { "'format': <'qcow2'>", GUEST (DISK_OF ("/m/b", "qcow2") "</disk>"), TRUE, MIGRATE_ERROR_INVALID,
    "would be “/m/b”, and “/a” was checked" },
  { "'format': <'qcow2'>", GUEST (DISK_OF ("/a", "raw") "</disk>"), TRUE, MIGRATE_ERROR_INVALID,
    "would be “raw”, and “qcow2” was checked" },
  /* A binding was to fill it. */
  { "'format': <'qcow2'>, 'open': <true>", GUEST (DISK_OF ("/m/b", "qcow2") "</disk>"), TRUE, 0,
    NULL },
};

Test (plan, proves_the_disks_of_a_document)
{
  for (gsize i = 0; i < G_N_ELEMENTS (proofs); i++)
    {
      g_autofree char *text = g_strdup_printf (
        "{'disks': <[{'target': <'vda'>, 'source': <'/a'>, %s}]>}", proofs[i].row);
      g_autoptr (GError) error = NULL;
      g_autoptr (MigratePlan) plan
        = _migrate_plan_new (g_variant_parse (G_VARIANT_TYPE_VARDICT, text, NULL, NULL, &error));
      gboolean ok;

      cr_assert_null (error, "row %zu: %s", i, error != NULL ? error->message : "");
      ok = _migrate_plan_prove_disks (plan, proofs[i].document, proofs[i].there, &error);
      cr_assert_eq (ok, proofs[i].words == NULL, "row %zu: %s", i,
                    error != NULL ? error->message : "");
      if (ok)
        continue;
      cr_expect (g_error_matches (error, MIGRATE_ERROR, (int) proofs[i].code), "row %zu", i);
      cr_expect_not_null (strstr (error->message, proofs[i].words), "row %zu: %s", i,
                          error->message);
    }
}
