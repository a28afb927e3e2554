/* The files of a guest in its plan: what becomes of each, for each way to travel. */
#include "check/facts-snapshot-private.h"
#include "check/plan-private.h"
#include "storage/files-private.h"

#include "factstest.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (files, .timeout = 20);

#define GUEST(devices)                                                                             \
  "<domain type='kvm'><name>g</name><uuid>6f31579b-fa92-435d-8a54-514c372276e9</uuid>"             \
  "<memory unit='MiB'>512</memory><vcpu>1</vcpu>"                                                  \
  "<os><type arch='x86_64' machine='pc-q35-7.2'>hvm</type><kernel>/boot/k</kernel>"                \
  "<nvram>/nv/g.fd</nvram></os><devices>" devices "</devices></domain>"
#define CHAIN                                                                                      \
  "<disk type='file' device='disk'><driver type='qcow2'/><source file='/srv/top'/>"                \
  "<backingStore type='file'><format type='qcow2'/><source file='/srv/mid'/>"                      \
  "<backingStore type='file'><format type='raw'/><source file='/base/b'/><backingStore/>"          \
  "</backingStore></backingStore><target dev='vda'/></disk>"
#define PLAIN "<disk type='file' device='disk'><source file='/srv/data'/><target dev='vdb'/></disk>"
#define SHAREABLE                                                                                  \
  "<disk type='file' device='disk'><source file='/srv/data'/><target dev='vdb'/><shareable/>"      \
  "</disk>"
#define MEDIA                                                                                      \
  "<disk type='file' device='cdrom'><source file='/iso/a'/><target dev='sda'/><readonly/></disk>"  \
  "<disk type='file' device='cdrom'><target dev='sdb'/><readonly/></disk>"
#define CEPH                                                                                       \
  "<disk type='network' device='disk'><source protocol='rbd' name='p/i'><host name='ceph'/>"       \
  "</source><target dev='vdc'/></disk>"
#define VOLUME                                                                                     \
  "<disk type='volume' device='disk'><driver type='qcow2'/><source pool='p' volume='v'/>"          \
  "<target dev='vdd'/></disk>"
#define TPM "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>"

#define PROBED(target, path, backing, sharing)                                                     \
  "{'target': <'" target "'>, 'path': <'" path "'>, 'backing': <" backing                          \
  ">, 'sharing': <'" sharing "'>, 'why': <'so'>}"
#define TOP(sharing) PROBED ("vda", "/srv/top", "false", sharing)
#define MID(sharing) PROBED ("vda", "/srv/mid", "true", sharing)
#define BASE(sharing) PROBED ("vda", "/base/b", "true", sharing)
#define DATA(sharing) PROBED ("vdb", "/srv/data", "false", sharing)
#define ISO(sharing) PROBED ("sda", "/iso/a", "false", sharing)

static const struct
{
  const char *devices, *probed, *settings;
  MigrateKind asked;
  gboolean off;
  const char *kind, *files;
} rows[] = {
  /* What is proven decides. */
  { CHAIN, TOP ("shared") "," MID ("shared") "," BASE ("shared"), "", 0, FALSE, "live",
    "vda=shared vda.1=shared vda.2=shared nvram=in-stream" },
  { CHAIN, TOP ("not-shared") "," MID ("not-shared") "," BASE ("shared"), "", 0, FALSE, "block",
    "vda=mirror! vda.1=stream vda.2=shared nvram=in-stream kernel=stream" },
  { CHAIN, TOP ("unknown"), "", 0, FALSE, "live",
    "vda=refused vda.1=shared vda.2=shared nvram=in-stream" },
  { CHAIN, TOP ("unknown"), "", MIGRATE_KIND_LIVE, FALSE, "live",
    "vda=shared vda.1=shared vda.2=shared nvram=in-stream" },
  { CHAIN, TOP ("unknown"), "accept=disk-sharing-unproven", 0, FALSE, "live",
    "vda=shared vda.1=shared vda.2=shared nvram=in-stream" },
  { CHAIN, TOP ("not-shared"), "", MIGRATE_KIND_LIVE, FALSE, "live",
    "vda=refused vda.1=shared vda.2=shared nvram=in-stream" },
  /* One image, without what is below it. */
  { CHAIN, TOP ("not-shared") "," MID ("not-shared") "," BASE ("not-shared"), "disk-copy=whole", 0,
    FALSE, "block", "vda=mirror! nvram=in-stream kernel=stream" },
  /* Mixed: what both hosts have stays, and media follow. */
  { CHAIN PLAIN MEDIA CEPH,
    TOP ("not-shared") "," MID ("not-shared") "," DATA ("shared") "," ISO ("not-shared"), "", 0,
    FALSE, "block",
    "vda=mirror! vda.1=stream vda.2=stream vdb=shared sda=stream vdc=stays nvram=in-stream "
    "kernel=stream" },
  { PLAIN MEDIA, DATA ("shared") "," ISO ("shared"), "", 0, FALSE, "live",
    "vdb=shared sda=shared nvram=in-stream" },
  /* Which ones is for the caller to say. */
  { CHAIN PLAIN, TOP ("not-shared") "," DATA ("not-shared"), "disks=vda", 0, FALSE, "block",
    "vda=mirror! vda.1=stream vda.2=stream vdb=refused nvram=in-stream kernel=stream" },
  { CHAIN PLAIN, TOP ("shared") "," DATA ("unknown"), "disks=vdb", 0, FALSE, "block",
    "vda=shared vda.1=stream vda.2=stream vdb=mirror nvram=in-stream kernel=stream" },
  { PLAIN, DATA ("shared"), "disks=vdb", 0, FALSE, "block",
    "vdb=shared nvram=in-stream kernel=stream" },
  /* A disk that other guests write is nobody's to remove. */
  { SHAREABLE, DATA ("not-shared"), "", 0, FALSE, "block",
    "vdb=mirror nvram=in-stream kernel=stream" },
  /* Off: file by file. */
  { CHAIN PLAIN MEDIA, TOP ("not-shared") "," DATA ("not-shared") "," ISO ("unknown"), "", 0, TRUE,
    "cold",
    "vda=mirror! vda.1=stream vda.2=stream vdb=mirror! sda=stream nvram=stream! kernel=stream" },
  { CHAIN, TOP ("not-shared") "," MID ("shared") "," BASE ("shared"), "road=stream", 0, TRUE,
    "cold", "vda=stream! vda.1=shared vda.2=shared nvram=stream! kernel=stream" },
  { CHAIN, TOP ("not-shared"), "disk-copy=whole", 0, TRUE, "cold",
    "vda=mirror! vda.1=stream vda.2=stream nvram=stream! kernel=stream" },
  { CHAIN, TOP ("shared") "," MID ("shared") "," BASE ("shared"), "", 0, TRUE, "cold",
    "vda=shared vda.1=shared vda.2=shared nvram=stream! kernel=stream" },
  { PLAIN, DATA ("not-shared"), "disks=vda", MIGRATE_KIND_COLD, FALSE, "cold",
    "vdb=refused nvram=stream! kernel=stream" },
  { PLAIN, DATA ("not-shared"), "disks=vda accept=disk-left", MIGRATE_KIND_COLD, FALSE, "cold",
    "vdb=recreate nvram=stream! kernel=stream" },
  { PLAIN, DATA ("not-shared"), "disks=vda accept=disk-left", MIGRATE_KIND_BLOCK, FALSE, "block",
    "vdb=refused nvram=in-stream kernel=stream" },
  /* The state of a TPM is in memory, and travels with that alone. */
  { PLAIN TPM, DATA ("not-shared"), "", 0, FALSE, "block",
    "vdb=mirror! nvram=in-stream tpm=in-stream kernel=stream" },
  { PLAIN TPM, DATA ("not-shared"), "", 0, TRUE, "cold",
    "vdb=mirror! nvram=stream! tpm=refused kernel=stream" },
  { PLAIN TPM, DATA ("not-shared"), "accept=tpm-state-lost", 0, TRUE, "cold",
    "vdb=mirror! nvram=stream! tpm=recreate kernel=stream" },
  /* Memory is a file, too. */
  { PLAIN TPM, DATA ("not-shared"), "", MIGRATE_KIND_SUSPEND, FALSE, "suspend",
    "vdb=mirror! nvram=stream! tpm=in-stream kernel=stream saved-memory=mirror!" },
  { PLAIN, DATA ("not-shared"), "road=stream", MIGRATE_KIND_SUSPEND, FALSE, "suspend",
    "vdb=stream! nvram=stream! kernel=stream saved-memory=stream!" },
  { PLAIN, DATA ("shared"), "", MIGRATE_KIND_SUSPEND, FALSE, "suspend",
    "vdb=shared nvram=stream! kernel=stream saved-memory=shared!" },
  /* Nothing beside which it could be. */
  { CEPH, "", "", MIGRATE_KIND_SUSPEND, FALSE, "suspend", "vdc=stays nvram=stream! kernel=stream" },
  { VOLUME, PROBED ("vdd", "p:v", "false", "not-shared"), "", 0, FALSE, "block",
    "vdd=mirror! nvram=in-stream kernel=stream" },
};

static GVariant *
parse (const char *type, const char *text)
{
  g_autoptr (GError) error = NULL;
  GVariant *value = g_variant_parse (G_VARIANT_TYPE (type), text, NULL, NULL, &error);

  cr_assert_not_null (value, "%s: %s", text, error != NULL ? error->message : "");
  return value;
}

static MigrateFacts *
facts_of (const char *devices, const char *probed, gboolean off, const char *files_here,
          const char *files_there, const char *pools_there)
{
  g_autofree char *xml = g_strdup_printf (GUEST ("%s"), devices);
  g_autofree char *list = g_strdup_printf ("[%s]", probed);
  GVariant *snapshot = facts_test_snapshot (xml);

  snapshot = facts_test_with (snapshot, "probed", parse ("aa{sv}", list));
  if (off)
    {
      snapshot = facts_test_with (snapshot, "source/guest/state",
                                  g_variant_new_int32 (MIGRATE_DOMAIN_SHUTOFF));
      snapshot = facts_test_with (snapshot, "source/guest/reason", g_variant_new_int32 (1));
    }
  if (files_here != NULL)
    snapshot = facts_test_with (snapshot, "source/files", parse ("aa{sv}", files_here));
  if (files_there != NULL)
    snapshot = facts_test_with (snapshot, "destination/files", parse ("aa{sv}", files_there));
  if (pools_there != NULL)
    snapshot
      = facts_test_with (snapshot, "destination/pools", facts_test_documents (pools_there, TRUE));
  return facts_test_read (snapshot);
}

static MigrateFacts *
facts_with_pools (const char *devices, const char *probed, const char *here, const char *there)
{
  g_autofree char *xml = g_strdup_printf (GUEST ("%s"), devices);
  g_autofree char *list = g_strdup_printf ("[%s]", probed);
  GVariant *snapshot = facts_test_snapshot (xml);

  snapshot = facts_test_with (snapshot, "probed", parse ("aa{sv}", list));
  snapshot = facts_test_with (snapshot, "source/pools", facts_test_documents (here, TRUE));
  snapshot = facts_test_with (snapshot, "destination/pools", facts_test_documents (there, TRUE));
  return facts_test_read (snapshot);
}

static MigratePolicy *
policy_of (const char *settings)
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

static MigratePlan *
plan_of (MigrateFacts *facts, MigratePolicy *policy, MigrateKind kind, MigrateMapping *mapping)
{
  MigrateCheckRequest request = { .kind = kind,
                                  .source_uri = "qemu+tcp://one/system",
                                  .destination_uri = "qemu+tcp://two/system",
                                  .source_name = "one",
                                  .destination_name = "two",
                                  .mapping = mapping };
  g_autoptr (MigrateReport) report = NULL;
  MigratePlan *plan;

  report = _migrate_plan_evaluate (facts, &request, policy, &plan);
  return plan;
}

/* "vda=mirror!", the last where it may go. */
static char *
list_files (MigratePlan *plan)
{
  g_autoptr (GVariant) files = migrate_plan_dup_files (plan);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (files, i);

      g_string_append_printf (
        text, "%s%s=%s%s", i > 0 ? " " : "", _migrate_variant_string (row, "id"),
        _migrate_variant_string (row, "how"), _migrate_variant_boolean (row, "remove") ? "!" : "");
      cr_expect_not_null (_migrate_variant_string (row, "why"));
      cr_expect_not_null (_migrate_variant_string (row, "role"));
    }
  return g_string_free (text, FALSE);
}

Test (files, become_what_their_kind_makes_of_them)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (MigrateFacts) facts
        = facts_of (rows[i].devices, rows[i].probed, rows[i].off, NULL, NULL, NULL);
      g_autoptr (MigratePolicy) policy = policy_of (rows[i].settings);
      g_autoptr (MigratePlan) plan = plan_of (facts, policy, rows[i].asked, NULL);
      g_autofree char *files = list_files (plan);

      cr_expect_str_eq (_migrate_enum_nick (MIGRATE_TYPE_KIND, (int) migrate_plan_get_kind (plan)),
                        rows[i].kind, "row %zu", i);
      cr_expect_str_eq (files, rows[i].files, "row %zu: %s", i, files);
    }
}

/* ---- what a row says ---- */

#define TOP_VOLUME                                                                                 \
  "<volume><name>top</name><capacity>1073741825</capacity><allocation>4096</allocation>"           \
  "<physical>200704</physical><target><path>/srv/top</path><format type=\"qcow2\"/>"               \
  "<permissions><mode>0600</mode><owner>64055</owner><group>64056</group></permissions>"           \
  "<compat>1.1</compat><clusterSize unit=\"B\">131072</clusterSize>"                               \
  "<features><lazy_refcounts/><extended_l2/></features></target></volume>"

static GVariant *
find_row (MigratePlan *plan, const char *id)
{
  g_autoptr (GVariant) files = migrate_plan_dup_files (plan);

  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (files, i);

      if (g_strcmp0 (_migrate_variant_string (row, "id"), id) == 0)
        return g_steal_pointer (&row);
    }
  cr_assert_fail ("there is no file “%s”", id);
  return NULL;
}

static void
expect (GVariant *row, const char *key, const char *value)
{
  const char *is = _migrate_variant_string (row, key);

  if (value == NULL)
    cr_expect_null (is, "%s is “%s”", key, is);
  else
    cr_expect_str_eq (is != NULL ? is : "nothing", value, "%s", key);
}

static void
expect_option (GVariant *row, const char *key, const char *value)
{
  g_autoptr (GVariant) options = g_variant_lookup_value (row, "options", G_VARIANT_TYPE ("a{ss}"));
  const char *is = NULL;

  cr_assert_not_null (options);
  g_variant_lookup (options, key, "&s", &is);
  cr_expect_str_eq (is != NULL ? is : "nothing", value, "%s", key);
}

Test (files, say_what_is_to_be_made)
{
  g_autoptr (MigrateFacts) facts = facts_of (
    CHAIN, TOP ("not-shared"), FALSE,
    "[{'path': <'/srv/top'>, 'found': <true>, 'pool': <'here'>, 'xml': <'" TOP_VOLUME "'>}]",
    "[{'path': <'/srv/top'>, 'found': <false>, 'pool': <'there'>}]", NULL);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) plan = plan_of (facts, policy, MIGRATE_KIND_AUTO, NULL);
  g_autoptr (GVariant) top = find_row (plan, "vda");
  g_autoptr (GVariant) mid = find_row (plan, "vda.1");
  g_autoptr (GVariant) base = find_row (plan, "vda.2");

  expect (top, "target", "vda");
  expect (top, "path", "/srv/top");
  expect (top, "path-there", "/srv/top");
  expect (top, "pool", "here");
  expect (top, "name", "top");
  expect (top, "pool-there", "there");
  expect (top, "name-there", "top");
  expect (top, "folder-there", NULL);
  expect (top, "format", "qcow2");
  expect (top, "backing-there", "/srv/mid");
  expect (top, "backing-format", "qcow2");
  cr_expect_eq (_migrate_variant_uint64 (top, "capacity", 0), 1073741825);
  cr_expect_eq (_migrate_variant_uint64 (top, "size", 0), 200704);
  cr_expect_eq (_migrate_variant_uint64 (top, "allocation", 0), 4096);
  expect_option (top, "compat", "1.1");
  expect_option (top, "cluster-size", "131072");
  expect_option (top, "lazy-refcounts", "true");
  expect_option (top, "extended-l2", "true");
  expect_option (top, "owner", "64055");
  expect_option (top, "group", "64056");
  expect_option (top, "mode", "0600");
  /* In no pool: one is to be made of its folder. */
  expect (mid, "role", "backing");
  expect (mid, "pool", NULL);
  expect (mid, "name", NULL);
  expect (mid, "pool-there", NULL);
  expect (mid, "folder-there", "/srv");
  expect (mid, "name-there", "mid");
  expect (mid, "backing-there", "/base/b");
  expect (mid, "backing-format", "raw");
  expect (base, "backing-there", NULL);
  cr_expect_eq (_migrate_variant_uint64 (mid, "size", 0), 0);
}

/* A pool knows nothing of a file that was made behind its back, and libvirt makes no second one of
 * its folder. */
Test (files, are_in_the_pool_that_has_their_folder)
{
  static const char pool[]
    = "<pool type='dir'><name>%s</name><target><path>/srv</path></target></pool>";
  g_autofree char *here = g_strdup_printf (pool, "here");
  g_autofree char *there = g_strdup_printf (pool, "there");
  g_autoptr (MigrateFacts) facts = facts_with_pools (CHAIN, TOP ("not-shared"), here, there);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) plan = plan_of (facts, policy, MIGRATE_KIND_AUTO, NULL);
  g_autoptr (GVariant) mid = find_row (plan, "vda.1");
  g_autoptr (GVariant) base = find_row (plan, "vda.2");

  expect (mid, "pool", "here");
  expect (mid, "name", "mid");
  expect (mid, "pool-there", "there");
  expect (mid, "folder-there", NULL);
  expect (base, "pool", NULL);
  expect (base, "pool-there", NULL);
  expect (base, "folder-there", "/base");
}

Test (files, go_where_the_mapping_says)
{
  g_autoptr (MigrateFacts) facts
    = facts_of (CHAIN PLAIN MEDIA, TOP ("not-shared") "," DATA ("not-shared"), FALSE, NULL,
                "[{'path': <'/new/top'>, 'found': <false>, 'pool': <'fast'>}]", NULL);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) top = NULL;
  g_autoptr (GVariant) base = NULL;
  g_autoptr (GVariant) data = NULL;
  g_autoptr (GVariant) iso = NULL;

  cr_assert (migrate_mapping_set_from_string (mapping, "path:/srv=/new", NULL));
  cr_assert (migrate_mapping_set_from_string (mapping, "path:/base=/b2", NULL));
  cr_assert (migrate_mapping_set_from_string (mapping, "disk:vdb=/else/where", NULL));
  cr_assert (migrate_mapping_set_from_string (mapping, "disk:sda=?", NULL));
  plan = plan_of (facts, policy, MIGRATE_KIND_AUTO, mapping);
  top = find_row (plan, "vda");
  base = find_row (plan, "vda.2");
  data = find_row (plan, "vdb");
  iso = find_row (plan, "sda");
  expect (top, "path", "/srv/top");
  expect (top, "path-there", "/new/top");
  expect (top, "pool-there", "fast");
  expect (top, "backing-there", "/new/mid");
  expect (base, "path-there", "/b2/b");
  expect (base, "folder-there", "/b2");
  expect (data, "path-there", "/else/where");
  expect (data, "name-there", "where");
  expect (data, "folder-there", "/else");
  /* A hook will say. */
  cr_expect (_migrate_variant_boolean (iso, "open"));
  expect (iso, "path-there", NULL);
  expect (iso, "folder-there", NULL);
}

Test (files, may_be_volumes_of_pools)
{
  g_autoptr (MigrateFacts) facts
    = facts_of (VOLUME, PROBED ("vdd", "p:v", "false", "not-shared"), FALSE,
                "[{'path': <'p:v'>, 'found': <true>, 'pool': <'p'>, 'xml': <'<volume><name>v</name>"
                "<capacity>7</capacity><target><path>/pool/v</path></target></volume>'>}]",
                NULL, "<pool type='dir'><name>q</name><target><path>/pool2</path></target></pool>");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) row = NULL;

  cr_assert (migrate_mapping_set_from_string (mapping, "pool:p=q", NULL));
  plan = plan_of (facts, policy, MIGRATE_KIND_AUTO, mapping);
  row = find_row (plan, "vdd");
  expect (row, "path", "/pool/v");
  expect (row, "pool", "p");
  expect (row, "name", "v");
  expect (row, "path-there", "/pool2/v");
  expect (row, "pool-there", "q");
  expect (row, "name-there", "v");
  cr_expect_eq (_migrate_variant_uint64 (row, "capacity", 0), 7);
}

#define LUKS                                                                                       \
  "<disk type='file' device='disk'><driver type='raw'/><source file='/srv/data'>"                  \
  "<encryption format='luks'><secret type='passphrase' "                                           \
  "uuid='abcdef00-0000-0000-0000-000000000001'/></encryption></source><target dev='vdb'/></disk>"

Test (files, name_the_secret_that_opens_them)
{
  g_autoptr (MigrateFacts) facts = facts_of (LUKS, DATA ("not-shared"), FALSE, NULL, NULL, NULL);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) plan = plan_of (facts, policy, MIGRATE_KIND_AUTO, NULL);
  g_autoptr (GVariant) row = find_row (plan, "vdb");

  expect_option (row, "encryption", "luks");
  expect_option (row, "encryption-secret", "abcdef00-0000-0000-0000-000000000001");
}

/* Two disks on one image: it is made once. */
Test (files, are_made_once)
{
#define OVER(target, file)                                                                         \
  "<disk type='file' device='disk'><driver type='qcow2'/><source file='" file "'/>"                \
  "<backingStore type='file'><format type='raw'/><source file='/base/b'/><backingStore/>"          \
  "</backingStore><target dev='" target "'/></disk>"
  g_autoptr (MigrateFacts) facts
    = facts_of (OVER ("vda", "/srv/top") OVER ("vdb", "/srv/data"),
                TOP ("not-shared") "," DATA ("not-shared"), FALSE, NULL, NULL, NULL);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) plan = plan_of (facts, policy, MIGRATE_KIND_AUTO, NULL);
  g_autofree char *files = list_files (plan);
  g_autoptr (GVariant) second = find_row (plan, "vdb");

  cr_assert_str_eq (files, "vda=mirror! vda.1=stream vdb=mirror! nvram=in-stream kernel=stream");
  expect (second, "backing-there", "/base/b");
}

/* ---- what the plan does with them ---- */

static const struct
{
  const char *devices, *probed, *settings;
  MigrateKind asked;
  gboolean off;
  const char *steps;
} steps[] = {
  { CHAIN, TOP ("not-shared") "," MID ("not-shared") "," BASE ("shared"), "", 0, FALSE,
    "make-pool make-pool make-volume make-volume make-volume copy-file copy-file transfer "
    "remove-image" },
  { CHAIN, TOP ("not-shared") "," MID ("not-shared") "," BASE ("shared"), "keep-source=true", 0,
    FALSE, "make-pool make-pool make-volume make-volume make-volume copy-file copy-file transfer" },
  { PLAIN, DATA ("not-shared"), "", 0, TRUE,
    "make-pool make-pool make-pool make-volume make-volume make-volume copy-file copy-file "
    "flush-files "
    "start-carrier carry end-carrier define-destination mark-source adopt-destination "
    "undefine-source remove-image remove-image" },
  { PLAIN, DATA ("not-shared"), "road=stream", 0, TRUE,
    "make-pool make-pool make-pool make-volume make-volume make-volume copy-file copy-file "
    "copy-file flush-files define-destination mark-source adopt-destination undefine-source "
    "remove-image remove-image" },
  { PLAIN, DATA ("not-shared"), "shut-down=true", MIGRATE_KIND_COLD, FALSE,
    "make-pool make-pool make-pool make-volume make-volume make-volume shut-down-guest copy-file "
    "copy-file flush-files start-carrier carry end-carrier define-destination mark-source "
    "adopt-destination "
    "start-destination undefine-source remove-image remove-image" },
  { PLAIN, DATA ("shared"), "", MIGRATE_KIND_SUSPEND, FALSE,
    "make-pool make-pool make-volume make-volume save-guest copy-file copy-file flush-files "
    "define-destination mark-source adopt-destination restore-destination undefine-source "
    "remove-image remove-image" },
  { PLAIN, DATA ("shared"), "", 0, FALSE, "transfer" },
};

Test (files, are_made_before_and_removed_after)
{
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_autoptr (MigrateFacts) facts
        = facts_of (steps[i].devices, steps[i].probed, steps[i].off, NULL, NULL, NULL);
      g_autoptr (MigratePolicy) policy = policy_of (steps[i].settings);
      g_autoptr (MigratePlan) plan = plan_of (facts, policy, steps[i].asked, NULL);
      g_autoptr (GString) text = g_string_new (NULL);

      for (guint j = 0; j < migrate_plan_get_n_steps (plan); j++)
        g_string_append_printf (text, "%s%s", j > 0 ? " " : "",
                                migrate_step_get_what (migrate_plan_get_step (plan, j)));
      cr_expect_str_eq (text->str, steps[i].steps, "row %zu: %s", i, text->str);
    }
}

#define ROOM(path, bytes)                                                                          \
  "{'path': <'" path "'>, 'found': <true>, 'pool': <'p'>, 'xml': <'<volume><name>x</name>"         \
  "<key>k</key><capacity>1000</capacity><allocation>" bytes "</allocation><physical>" bytes        \
  "</physical><target><path>" path "</path><format type=\"qcow2\"/></target></volume>'>}"

/* Of all that is sent: 300 bytes of the top, 100 and 50 of what is below, and memory. */
Test (files, have_their_share_of_a_move)
{
  g_autoptr (MigrateFacts) facts = facts_of (
    CHAIN, TOP ("not-shared") "," MID ("not-shared") "," BASE ("not-shared"), FALSE,
    "[" ROOM ("/srv/top", "300") "," ROOM ("/srv/mid", "100") "," ROOM ("/base/b", "50") "]", NULL,
    NULL);
  g_autoptr (MigratePolicy) chain = policy_of ("");
  g_autoptr (MigratePolicy) one = policy_of ("disk-copy=whole");
  g_autoptr (MigratePlan) plan = plan_of (facts, chain, 0, NULL);
  g_autoptr (MigratePlan) whole = plan_of (facts, one, 0, NULL);

  cr_expect_float_eq (_migrate_files_share (plan, MIGRATE_FILE_STREAM, 550), 0.15, 1e-9);
  cr_expect_float_eq (_migrate_files_share (plan, MIGRATE_FILE_MIRROR, 550), 0.3, 1e-9);
  cr_expect_float_eq (_migrate_files_share (whole, MIGRATE_FILE_MIRROR, 550), 0.45, 1e-9);
  cr_expect_float_eq (_migrate_files_share (NULL, MIGRATE_FILE_STREAM, 550), 0, 1e-9);
  cr_expect_float_eq (_migrate_files_share (NULL, MIGRATE_FILE_STREAM, 0), 0, 1e-9);
}

static const struct
{
  const char *settings, *disks; /* NULL: none are named */
  MigrateKind asked;
  gboolean top, sync, unsafe;
} transfers[] = {
  { "", "vda", 0, TRUE },
  { "disk-copy=whole", "vda", 0, FALSE },
  { "sync-writes=always", "vda", 0, TRUE, TRUE },
  { "sync-writes=never", "vda", 0, TRUE },
  /* Never told of as safe, and never a list without a name in it. */
  { "accept=disk-sharing-unproven", "vda", 0, TRUE },
  { "disks=vdb", NULL, MIGRATE_KIND_BLOCK },
  { "", NULL, MIGRATE_KIND_LIVE },
  { "accept=disk-sharing-unproven", NULL, MIGRATE_KIND_LIVE, .unsafe = TRUE },
  { "", NULL, MIGRATE_KIND_COLD },
};

Test (files, of_a_block_move_are_named_to_the_transfer)
{
  g_autoptr (MigrateFacts) facts
    = facts_of (CHAIN PLAIN MEDIA, TOP ("not-shared") "," DATA ("shared") "," ISO ("not-shared"),
                FALSE, NULL, NULL, NULL);
  const MigrateCheckRequest request = { .source_uri = "a", .destination_uri = "b" };

  for (gsize i = 0; i < G_N_ELEMENTS (transfers); i++)
    {
      g_autoptr (MigratePolicy) policy = policy_of (transfers[i].settings);
      g_autoptr (MigratePlan) plan = plan_of (facts, policy, transfers[i].asked, NULL);
      const MigratePlanBasis basis = { .persistent = TRUE };
      g_autoptr (MigratePlan) again = _migrate_plan_renew (plan, &basis, &request, policy);
      MigrateTransfer t = { 0 };
      g_autofree char *disks = NULL;

      _migrate_plan_get_transfer (again, &request, &t);
      disks = t.disks != NULL ? g_strjoinv (" ", t.disks) : NULL;
      cr_expect_eq (g_strcmp0 (disks, transfers[i].disks), 0, "row %zu: %s", i, disks);
      cr_expect_eq (t.disks_top, transfers[i].top, "row %zu", i);
      cr_expect_eq (t.sync_writes, transfers[i].sync, "row %zu", i);
      cr_expect_eq (t.unsafe, transfers[i].unsafe, "row %zu", i);
      _migrate_transfer_clear (&t);
    }
}

/* A transfer that has shown it needs it, whatever the policy waits for. */
Test (files, of_which_writes_wait_when_that_is_needed)
{
  g_autoptr (MigrateFacts) facts = facts_of (PLAIN, DATA ("not-shared"), FALSE, NULL, NULL, NULL);
  g_autoptr (MigratePolicy) policy = policy_of ("");
  g_autoptr (MigratePlan) plan = plan_of (facts, policy, 0, NULL);
  const MigratePlanBasis basis = { .persistent = TRUE };
  const MigrateCheckRequest request
    = { .source_uri = "a", .destination_uri = "b", .sync_writes = TRUE };
  g_autoptr (MigratePlan) again = _migrate_plan_renew (plan, &basis, &request, policy);
  MigrateTransfer t = { 0 };

  _migrate_plan_get_transfer (again, &request, &t);
  cr_expect (t.sync_writes && t.disks_top);
  _migrate_transfer_clear (&t);
}

static const struct
{
  const char *settings;
  MigrateKind asked;
  gboolean ends;
} wholes[] = {
  { "disk-copy=whole", 0, TRUE },
  { "", 0, FALSE },
  { "disk-copy=whole", MIGRATE_KIND_COLD, FALSE },
  { "disk-copy=whole disks=vdb", MIGRATE_KIND_BLOCK, FALSE },
};

/* The destination is told that nothing is below, as it runs and as it is defined; so is whoever
 * begins the transfer, from the plan alone. */
Test (files, that_become_one_image_have_nothing_below_them)
{
  g_autoptr (MigrateFacts) facts
    = facts_of (CHAIN PLAIN, TOP ("not-shared") "," DATA ("shared"), FALSE, NULL, NULL, NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (wholes); i++)
    {
      g_autoptr (MigratePolicy) policy = policy_of (wholes[i].settings);
      g_autoptr (MigratePlan) plan = plan_of (facts, policy, wholes[i].asked, NULL);
      g_autoptr (MigrateMapping) whole = _migrate_plan_get_whole (plan);
      const MigrateCheckRequest request = { .whole = whole };
      const char *xml = _migrate_variant_string (_migrate_plan_peek (plan), MIGRATE_PLAN_KEY_XML);
      g_autofree char *made = NULL;

      cr_expect_eq (strstr (xml, "/srv/mid") == NULL, wholes[i].ends, "row %zu: %s", i, xml);
      cr_expect_eq (whole != NULL, wholes[i].ends, "row %zu", i);
      cr_expect (_migrate_plan_finish_xml (facts->xml, &request, NULL, &made, NULL), "row %zu", i);
      cr_expect_eq (made != NULL, wholes[i].ends, "row %zu", i);
      if (made == NULL)
        continue;
      cr_expect_null (strstr (made, "/srv/mid"), "row %zu: %s", i, made);
      cr_expect (_migrate_plan_prove_xml (facts->xml, made, NULL), "row %zu: %s", i, made);
    }
}

static const struct
{
  const char *devices, *probed, *settings;
  MigrateKind asked;
  gboolean off;
  const char *says;
} effects[] = {
  { PLAIN, DATA ("not-shared"), "", 0, FALSE,
    "the destination does not have travels: “vdb”, “kernel”" },
  { PLAIN, DATA ("not-shared"), "", 0, FALSE, "goes on running" },
  { PLAIN, DATA ("not-shared"), "", 0, FALSE, "removed once the guest is good at the" },
  { PLAIN, DATA ("not-shared"), "keep-source=true", 0, FALSE, "keeps its images: “vdb”" },
  { PLAIN, DATA ("not-shared"), "", 0, TRUE, "is off, and is off at the destination" },
  { PLAIN, DATA ("not-shared"), "", MIGRATE_KIND_COLD, FALSE, "is shut down, and started" },
  { PLAIN, DATA ("not-shared"), "", MIGRATE_KIND_SUSPEND, FALSE, "stands still from when" },
  { PLAIN, DATA ("not-shared"), "disks=vda accept=disk-left", 0, TRUE, "is left behind: “vdb”" },
};

Test (files, are_told_of_in_sentences)
{
  for (gsize i = 0; i < G_N_ELEMENTS (effects); i++)
    {
      g_autoptr (MigrateFacts) facts
        = facts_of (effects[i].devices, effects[i].probed, effects[i].off, NULL, NULL, NULL);
      g_autoptr (MigratePolicy) policy = policy_of (effects[i].settings);
      g_autoptr (MigratePlan) plan = plan_of (facts, policy, effects[i].asked, NULL);
      g_auto (GStrv) sentences = migrate_plan_dup_effects (plan);
      g_autofree char *text = g_strjoinv ("\n", sentences);

      cr_expect_not_null (strstr (text, effects[i].says), "row %zu: %s", i, text);
    }
}

/* ---- a guest that is off does not say what is below its images ---- */

#define TWO_DEEP                                                                                   \
  "<disk type='file' device='disk'><driver type='qcow2'/><source file='/srv/top'/>"                \
  "<target dev='vda'/></disk>"
#define VOLUME_OF(name, below)                                                                     \
  "{'path': <'/srv/" name "'>, 'found': <true>, 'pool': <'p'>, 'xml': <'<volume><name>" name       \
  "</name><target><path>/srv/" name "</path></target>" below "</volume>'>}"
#define BELOW(name, format)                                                                        \
  "<backingStore><path>/srv/" name "</path><format type=\"" format "\"/></backingStore>"

Test (files, below_an_image_are_found_by_its_volume)
{
  g_autoptr (MigrateFacts) facts = facts_of (
    TWO_DEEP, TOP ("not-shared"), TRUE,
    "[" VOLUME_OF ("top", BELOW ("mid", "qcow2")) "," VOLUME_OF ("mid", BELOW ("base", "raw")) "]",
    NULL, NULL);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigratePlan) plan = plan_of (facts, policy, MIGRATE_KIND_AUTO, NULL);
  g_autoptr (GVariant) mid = find_row (plan, "vda.1");
  g_autofree char *files = list_files (plan);

  cr_assert_str_eq (files, "vda=mirror! vda.1=stream vda.2=stream nvram=stream! kernel=stream");
  expect (mid, "path", "/srv/mid");
  expect (mid, "pool", "p");
  expect (mid, "backing-there", "/srv/base");
  expect (mid, "backing-format", "raw");
}
