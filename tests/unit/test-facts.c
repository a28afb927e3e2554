/* Facts: what is asked, what a snapshot says, and the file of one. */
#include "factstest.h"

#include "check/facts-file-private.h"
#include "check/facts-snapshot-private.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite (facts, .timeout = 60);

/* ---- reading ---- */

Test (facts, reads_what_both_hosts_said)
{
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (NULL));

  cr_assert_str_eq (f->source.hostname, "h1");
  cr_assert_str_eq (f->source.uuid, "bbbf362b-fa6a-4238-80bc-e5676f171dd8");
  cr_assert_str_eq (f->destination.hostname, "h2");
  cr_assert_str_eq (f->destination.uuid, "14782d2e-9b61-4022-8805-19f6c9f1e4da");
  cr_assert_eq (f->destination.libvirt_version, 9000000);
  cr_assert_str_eq (f->guest.name, "g");
  cr_assert_eq (f->guest.state, MIGRATE_DOMAIN_RUNNING);
  cr_assert (f->guest.persistent);
  cr_assert_eq (f->disks, f->shape->disks);
  cr_assert_eq (f->disks->len, 1);
  cr_assert_not_null (f->xml);
  cr_assert_not_null (f->inactive_xml);
  cr_assert_not (f->found_uuid || f->found_name || f->guest_has_job || f->has_record);
  cr_assert_eq (f->taken, 1764000000000000);
  cr_assert_eq (f->probed->len, 0);
  cr_assert_eq (f->resolved, MIGRATE_RESOLVED_UNKNOWN);
}

Test (facts, reads_what_the_destination_has)
{
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (NULL));
  const MigrateHostFacts *there = &f->on_destination;
  const MigrateNetwork *network;
  const MigratePool *pool;

  cr_assert_eq (there->memory_total, (guint64) 8 << 30);
  cr_assert_eq (there->memory_free, (guint64) 4 << 30);
  cr_assert_eq (there->cpus_online, 8);
  cr_assert_str_eq (there->cpu_map, "0-7");
  cr_assert_eq (there->networks->len, 1);
  network = there->networks->pdata[0];
  cr_assert_str_eq (network->name, "default");
  cr_assert (network->active);
  pool = there->pools->pdata[0];
  cr_assert_str_eq (pool->target, "/srv/images");
  cr_assert (pool->active);
}

/* Not said is not the same as not there. */
Test (facts, does_not_know_what_was_not_said)
{
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (NULL));
  const MigrateHostFacts *here = &f->on_source;

  cr_assert_null (here->networks);
  cr_assert_null (here->filters);
  cr_assert_null (here->secrets);
  cr_assert_null (here->pools);
  cr_assert_null (here->files);
  cr_assert_null (here->free_pages);
  cr_assert_null (here->domain);
  cr_assert_eq (here->cpu, MIGRATE_CPU_UNKNOWN);
  cr_assert_eq (here->memory_total, 0);
}

/* One that cannot be read would seem not to be there. */
Test (facts, does_not_know_networks_of_which_one_cannot_be_read)
{
  GVariant *snapshot = facts_test_with (facts_test_snapshot (NULL), "destination/networks",
                                        facts_test_documents ("<network><name>a</name>", TRUE));
  g_autoptr (MigrateFacts) f = facts_test_read (snapshot);

  cr_assert_null (f->on_destination.networks);
}

static GVariant *
answer (const char *text)
{
  GError *error = NULL;
  GVariant *value = g_variant_parse (NULL, text, NULL, NULL, &error);

  cr_assert_not_null (value, "%s", error != NULL ? error->message : "");
  return value;
}

Test (facts, reads_what_only_some_guests_need)
{
  GVariant *s = facts_test_snapshot (NULL);
  g_autoptr (MigrateFacts) f = NULL;
  const MigrateHostFacts *there;
  const MigrateFileFacts *file;
  const MigrateSecretFacts *secret;
  const MigrateProbed *probed;

  s = facts_test_with (s, "destination/cpu", answer ("{'compatible': <false>, 'why': <'vmx'>}"));
  s = facts_test_with (s, "destination/domain", answer ("{'error': <'no such machine'>}"));
  s = facts_test_with (s, "destination/max-vcpus", answer ("uint32 16"));
  s = facts_test_with (s, "destination/free-pages", answer ("[(uint32 1, uint64 2048, uint64 7)]"));
  s = facts_test_with (s, "destination/filters", answer ("['clean-traffic']"));
  s = facts_test_with (s, "destination/secrets",
                       answer ("[{'uuid': <'u'>, 'usage': <'/a'>, 'usage-type': <'volume'>}]"));
  s = facts_test_with (s, "destination/files",
                       answer ("[{'path': <'/a'>, 'found': <false>, 'pool': <'p'>},"
                               " {'path': <'/found-but-not-described'>, 'found': <true>}]"));
  s = facts_test_with (s, "probed",
                       answer ("[{'target': <'vda'>, 'path': <'/a'>, 'sharing': "
                               "<'not-shared'>, 'why': <'because'>}]"));
  s = facts_test_with (s, "destination/same-uuid",
                       answer ("{'uuid': <'u'>, 'name': <'other'>, 'state': <5>}"));
  s = facts_test_with (s, "resolves", answer ("false"));
  f = facts_test_read (s);
  there = &f->on_destination;
  cr_assert_eq (there->cpu, MIGRATE_CPU_INCOMPATIBLE);
  cr_assert_str_eq (there->cpu_why, "vmx");
  cr_assert_str_eq (there->domain_error, "no such machine");
  cr_assert_eq (there->max_vcpus, 16);
  cr_assert_eq (g_array_index (there->free_pages, MigrateFreePages, 0).free, 7);
  cr_assert_str_eq (there->filters[0], "clean-traffic");
  secret = there->secrets->pdata[0];
  cr_assert_str_eq (secret->usage_type, "volume");
  cr_assert_eq (there->files->len, 1, "what was found and is not described is not known");
  file = there->files->pdata[0];
  cr_assert_str_eq (file->path, "/a");
  cr_assert_str_eq (file->pool, "p");
  cr_assert_not (file->found);
  probed = f->probed->pdata[0];
  cr_assert_eq (probed->sharing, MIGRATE_SHARING_NOT_SHARED);
  cr_assert (f->found_uuid);
  cr_assert_str_eq (f->same_uuid.name, "other");
  cr_assert_eq (f->same_uuid.state, MIGRATE_DOMAIN_SHUTOFF);
  cr_assert_eq (f->resolved, MIGRATE_RESOLVED_NOT);
}

static gboolean
can_time (const char *channel)
{
  g_autofree char *xml
    = g_strdup_printf ("<domain "
                       "type='kvm'><name>g</name><uuid>6f31579b-fa92-435d-8a54-514c372276e9</"
                       "uuid><devices>%s</devices>"
                       "</domain>",
                       channel);
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (xml));

  return f->can_time;
}

Test (facts, know_whether_the_agent_is_connected)
{
  cr_assert (can_time ("<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0' "
                       "state='connected'/></channel>"));
  cr_assert_not (can_time ("<channel type='unix'><target type='virtio' "
                           "name='org.qemu.guest_agent.0' state='disconnected'/></channel>"));
  cr_assert_not (can_time ("<channel type='spicevmc'><target type='virtio' "
                           "name='com.redhat.spice.0' state='connected'/></channel>"));
}

/* ---- what is refused ---- */

static const char *const needed[] = {
  "source",
  "source/host",
  "source/host/hostname",
  "source/guest",
  "source/guest/uuid",
  "destination",
  "destination/host",
  "destination/host/hypervisor",
  "source/guest/live",
};

Test (facts, are_refused_without_what_every_check_needs)
{
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    {
      g_autoptr (GVariant) s = facts_test_with (facts_test_snapshot (NULL), needed[i], NULL);
      g_autoptr (GError) error = NULL;

      cr_assert_null (_migrate_facts_read (s, &error), "without %s", needed[i]);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "without %s",
                 needed[i]);
    }
}

/* Every value in it, replaced by one of another type. */
static void
try_each (GVariant *snapshot, GVariant *dictionary, const char *prefix, const char *wrong,
          guint *tried)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, dictionary);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) held = value;
      g_autofree char *path = g_strdup_printf ("%s%s", prefix, key);
      g_autofree char *below = g_strdup_printf ("%s/", path);
      g_autoptr (GVariant) s = facts_test_with (g_variant_ref (snapshot), path, answer (wrong));
      g_autoptr (GError) error = NULL;
      g_autoptr (MigrateFacts) f = _migrate_facts_read (s, &error);

      ++*tried;
      cr_assert ((f != NULL) != (error != NULL), "%s", path);
      if (f != NULL)
        {
          g_autoptr (MigrateReport) report = migrate_facts_check (f, NULL, MIGRATE_KIND_AUTO);
          g_autoptr (GBytes) bytes = migrate_facts_to_bytes (f);

          cr_assert_not_null (report);
          cr_assert_not_null (bytes);
        }
      else
        cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s: %s", path,
                   error->message);
      if (g_variant_is_of_type (held, G_VARIANT_TYPE_VARDICT))
        try_each (snapshot, held, below, wrong, tried);
    }
}

Test (facts, survive_any_value_of_another_type)
{
  static const char *const wrongs[] = {
    "'text'",       "true",   "{'a': <1>}", "[{'xml': <'<a>'>}]",
    "[('a', 'b')]", "@as []", "-1",         "@mi nothing",
  };
  g_autoptr (GVariant) snapshot = facts_test_snapshot (NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (wrongs); i++)
    {
      guint tried = 0;

      try_each (snapshot, snapshot, "", wrongs[i], &tried);
      cr_assert_gt (tried, 40);
    }
}

Test (facts, pass_over_what_they_do_not_know)
{
  GVariant *s = facts_test_with (facts_test_snapshot (NULL), "source/of-a-later-version",
                                 answer ("<(1, 'a')>"));
  g_autoptr (MigrateFacts) f = facts_test_read (s);

  cr_assert_str_eq (f->guest.name, "g");
}

/* ---- what was asked ---- */

Test (facts, give_the_report_of_their_own_policy)
{
  GVariant *s = facts_test_with (facts_test_snapshot (NULL), "policy/accept",
                                 answer ("'disk-sharing-unproven'"));
  g_autoptr (MigrateFacts) f = facts_test_read (s);
  g_autoptr (MigrateReport) own = migrate_facts_check (f, NULL, migrate_facts_get_kind (f));
  g_autoptr (MigratePolicy) plain = migrate_policy_new ();
  g_autoptr (MigrateReport) other = migrate_facts_check (f, plain, MIGRATE_KIND_AUTO);
  g_autoptr (MigratePolicy) policy = migrate_facts_dup_policy (f);
  g_autofree char *accept = migrate_policy_dup (policy, "accept", NULL);

  cr_assert_str_eq (accept, "disk-sharing-unproven");
  cr_assert_not (migrate_report_is_blocked (own));
  cr_assert (migrate_report_is_blocked (other));
}

Test (facts, know_who_was_asked)
{
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (NULL));

  cr_assert_str_eq (migrate_facts_get_source (f), "qemu+ssh://h1/system");
  cr_assert_str_eq (migrate_facts_get_destination (f), "qemu+ssh://h2/system");
  cr_assert_str_eq (migrate_facts_get_guest_name (f), "g");
  cr_assert_str_eq (migrate_facts_get_guest_uuid (f), f->guest.uuid);
  cr_assert_eq (migrate_facts_get_taken_us (f), 1764000000000000);
}

/* ---- the file ---- */

static GBytes *
bytes_of (const char *text)
{
  return g_bytes_new (text, strlen (text));
}

static void
assert_comes_back (GVariant *snapshot)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) bytes = _migrate_facts_print (snapshot);
  g_autoptr (GVariant) back = _migrate_facts_parse (bytes, &error);
  g_autofree char *before = g_variant_print (snapshot, TRUE);
  g_autofree char *after = back != NULL ? g_variant_print (back, TRUE) : NULL;

  cr_assert_not_null (back, "%s", error != NULL ? error->message : "");
  cr_assert_str_eq (after, before);
  cr_assert (g_variant_equal (back, snapshot));
}

Test (facts, come_back_from_their_file_exactly)
{
  g_autoptr (GVariant) snapshot = facts_test_snapshot (NULL);

  assert_comes_back (snapshot);
}

Test (facts, come_back_with_any_text)
{
  static const char *const texts[] = {
    "",      "\n",        "\n\n",           "a\n",         "\na",      "it's \"quoted\"",
    "a\\nb", "ä€😀\u202e", "\t\r\v\001\177", "'\n\"\n\\\n", "([\n'],)", "<@as []>",
  };
  GVariantDict values;
  g_autoptr (GVariant) snapshot = NULL;

  g_variant_dict_init (&values, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_autofree char *key = g_strdup_printf ("k%02zu %s", i, texts[i]);

      g_variant_dict_insert (&values, key, "s", texts[i]);
    }
  snapshot = g_variant_ref_sink (g_variant_dict_end (&values));
  assert_comes_back (snapshot);
}

Test (facts, come_back_with_every_type)
{
  g_autoptr (GVariant) snapshot
    = answer ("{'empty': <@a{sv} {}>, 'none': <@aa{sv} []>, 'names': <@as []>, 'n': <int64 -3>,"
              " 'pages': <@a(utt) []>, 'list': <[{'xml': <'a\\nb'>}, @a{sv} {}]>,"
              " 'map': <[(uint32 1, uint64 2, uint64 3)]>, 'flag': <true>, 'in': <<'x'>>}");

  assert_comes_back (snapshot);
}

/* Documents are to be read: a line of theirs is one of the file's. */
Test (facts, are_a_file_for_people)
{
  g_autoptr (GVariant) snapshot = facts_test_snapshot (NULL);
  g_autoptr (GBytes) bytes = _migrate_facts_print (snapshot);
  g_autofree char *text = g_strndup (g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes));

  cr_assert (g_str_has_prefix (text, "libmigrate facts 1\n{\n"));
  cr_assert_not_null (strstr (text,
                              "\n        '    <emulator>/usr/bin/qemu-system-x86_64</emulator>"
                              "',\n"));
}

static const struct
{
  const char *text, *why;
} not_facts[] = {
  { "", "no text" },
  { "hello", "something else" },
  { "libmigrate facts 1", "something else" },
  { "libmigrate facts 2\n{}\n", "another version" },
  { "libmigrate facts 10\n{}\n", "another version" },
  { "libmigrate facts 1\n", "expected value" },
  { "libmigrate facts 1\n{'a': <1>", "expected" },
  { "libmigrate facts 1\n{'a': <'x", "unterminated" },
  { "libmigrate facts 1\n{'a': 1}", "type" },
  { "libmigrate facts 1\n[1, 2]", "type" },
  { "libmigrate facts 1\n{'a': <\xff>}", "no text" },
};

Test (facts, are_not_read_from_what_is_none)
{
  for (gsize i = 0; i < G_N_ELEMENTS (not_facts); i++)
    {
      g_autoptr (GBytes) bytes = bytes_of (not_facts[i].text);
      g_autoptr (GError) error = NULL;

      cr_assert_null (migrate_facts_new_from_bytes (bytes, &error), "row %zu", i);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "row %zu", i);
      cr_assert_not_null (strstr (error->message, not_facts[i].why), "row %zu: %s", i,
                          error->message);
    }
}

Test (facts, are_not_read_from_a_file_that_was_cut)
{
  g_autoptr (GVariant) snapshot = facts_test_snapshot (NULL);
  g_autoptr (GBytes) whole = _migrate_facts_print (snapshot);
  gsize length = g_bytes_get_size (whole);

  for (gsize n = 0; n < length - 2; n += n < 200 ? 1 : 97)
    {
      g_autoptr (GBytes) part = g_bytes_new_from_bytes (whole, 0, n);
      g_autoptr (GError) error = NULL;

      cr_assert_null (migrate_facts_new_from_bytes (part, &error), "%zu bytes", n);
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%zu bytes", n);
    }
}

static void
assert_bomb_is_refused (GString *text, const char *why)
{
  g_autoptr (GBytes) bytes = g_string_free_to_bytes (text);
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_facts_new_from_bytes (bytes, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  cr_assert_not_null (strstr (error->message, why), "%s", error->message);
}

static GString *
repeat (const char *before, const char *what, gsize n)
{
  GString *text = g_string_new ("libmigrate facts 1\n");

  g_string_append (text, before);
  for (gsize i = 0; i < n; i++)
    g_string_append (text, what);
  return text;
}

Test (facts, cannot_exhaust_who_reads_them)
{
  assert_bomb_is_refused (repeat ("", "{'a':<", 100000), "nested");
  assert_bomb_is_refused (repeat ("{'a':<[", "0,", 1000000), "too many");
  assert_bomb_is_refused (repeat ("{'a':<[", "''\"\",", 1000000), "too many");
  assert_bomb_is_refused (repeat ("{'", "x", 17 << 20), "16 MiB");
  assert_bomb_is_refused (repeat ("{'a':<'", "\\", (15 << 20) + 1), "unterminated");
  assert_bomb_is_refused (repeat ("", " ", 15 << 20), "expected value");
}

/* ---- what is asked ---- */

static GVariant *
second_question (const char *xml, MigrateSide side, guint spent)
{
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (xml));

  return _migrate_facts_second_question (f->shape, side, spent);
}

Test (facts, ask_the_destination_for_what_the_guest_needs)
{
  g_autoptr (GVariant) question = second_question (NULL, MIGRATE_SIDE_DESTINATION, 7);
  g_autofree char *text = g_variant_print (question, FALSE);
  static const char *const asked[] = { "'find-uuid'",
                                       "'find-name': <'g'>",
                                       "'networks': <['default']>",
                                       "'files': <['/srv/images/g.qcow2']>",
                                       "'pools': <true>",
                                       "'machine': <'pc-q35-7.2'>",
                                       "<model fallback=",
                                       "'budget': <uint32 13>" };
  static const char *const not_asked[]
    = { "'secrets'", "'filters'", "'bridges'", "'devices'", "'page-sizes'", "'volumes'", "'host'" };

  for (gsize i = 0; i < G_N_ELEMENTS (asked); i++)
    cr_assert_not_null (strstr (text, asked[i]), "%s is not in %s", asked[i], text);
  for (gsize i = 0; i < G_N_ELEMENTS (not_asked); i++)
    cr_assert_null (strstr (text, not_asked[i]), "%s is in %s", not_asked[i], text);
}

Test (facts, ask_for_what_only_some_guests_need)
{
  g_autoptr (GVariant) question = second_question (
    "<domain type='kvm'><name>g</name><uuid>6f31579b-fa92-435d-8a54-514c372276e9</uuid>"
    "<memoryBacking><hugepages><page size='2' unit='MiB'/></hugepages></memoryBacking>"
    "<cpu mode='host-passthrough'/><devices>"
    "<disk type='volume'><source pool='p' volume='v'/><target dev='vda'/></disk>"
    "<disk type='network'><auth username='u'><secret type='ceph' uuid='1'/></auth>"
    "<source protocol='rbd' name='n'/><target dev='vdb'/></disk>"
    "<interface type='bridge'><source bridge='br0'/><filterref filter='f'/></interface>"
    "<hostdev mode='subsystem' type='usb'/>"
    "</devices></domain>",
    MIGRATE_SIDE_DESTINATION, 0);
  g_autofree char *text = g_variant_print (question, FALSE);
  static const char *const asked[] = { "'secrets': <true>",
                                       "'filters': <true>",
                                       "'bridges': <true>",
                                       "'devices': <true>",
                                       "'page-sizes': <[uint32 2048]>",
                                       "'volumes': <[('p', 'v')]>" };

  for (gsize i = 0; i < G_N_ELEMENTS (asked); i++)
    cr_assert_not_null (strstr (text, asked[i]), "%s is not in %s", asked[i], text);
  cr_assert_null (strstr (text, "'cpu'"), "a CPU that is passed through cannot be compared: %s",
                  text);
}

Test (facts, ask_the_source_for_little)
{
  g_autoptr (GVariant) little = second_question (NULL, MIGRATE_SIDE_SOURCE, 100);
  g_autoptr (GVariant) nothing
    = second_question ("<domain type='kvm'><name>g</name>"
                       "<uuid>6f31579b-fa92-435d-8a54-514c372276e9</uuid></domain>",
                       MIGRATE_SIDE_SOURCE, 0);
  guint32 budget = 1;

  cr_assert (g_variant_lookup (little, "budget", "u", &budget));
  cr_assert_eq (budget, 0, "more was spent than there is");
  cr_assert_eq (g_variant_n_children (little), 3, "networks, files and a budget");
  cr_assert_null (nothing);
}

static const struct
{
  MigrateTransport transport;
  const char *uri, *address;
} addresses[] = {
  { MIGRATE_TRANSPORT_P2P, NULL, "h2" },
  { MIGRATE_TRANSPORT_P2P, "tcp://other:49152", "other" },
  { MIGRATE_TRANSPORT_P2P, "tcp://[fe80::1]", "fe80::1" },
  { MIGRATE_TRANSPORT_P2P, "unix:///a", NULL },
  { MIGRATE_TRANSPORT_DIRECT, "rdma://r", "r" },
  { MIGRATE_TRANSPORT_TUNNELLED, NULL, NULL },
};

Test (facts, know_the_address_that_the_source_is_given)
{
  for (gsize i = 0; i < G_N_ELEMENTS (addresses); i++)
    {
      MigrateCheckRequest asked
        = { .transport = addresses[i].transport, .migration_uri = addresses[i].uri };
      g_autofree char *address = _migrate_facts_address (&asked, "h2");

      cr_assert_eq (g_strcmp0 (address, addresses[i].address), 0, "row %zu: %s", i, address);
    }
}

Test (facts, keep_no_password_of_a_uri)
{
  MigrateCheckRequest asked = { .source_uri = "qemu+tcp://user:hush@h1/system" };
  g_autoptr (GVariant) values = g_variant_ref_sink (_migrate_facts_request_to_variant (&asked));
  g_autofree char *text = g_variant_print (values, FALSE);

  cr_assert_null (strstr (text, "hush"), "%s", text);
}

/* ---- what other hosts said ---- */

#define THIRD "33333333-3333-3333-3333-333333333333"

/* A move to a third host; known_there: as that answered, or NULL. */
static MigrateFacts *
to_third (const char *uri, const char *uuid, const char *known_there)
{
  g_autofree char *capabilities
    = g_strdup_printf ("<capabilities><host><uuid>%s</uuid></host></capabilities>", uuid);
  GVariant *snapshot = facts_test_with (facts_test_snapshot (NULL), "request/destination-name",
                                        g_variant_new_string ("third"));

  snapshot = facts_test_with (snapshot, "request/destination-uri", g_variant_new_string (uri));
  snapshot = facts_test_with (snapshot, "destination/host/capabilities",
                              g_variant_new_string (capabilities));
  if (known_there != NULL)
    snapshot = facts_test_with (snapshot, "destination/same-uuid", answer (known_there));
  return facts_test_read (snapshot);
}

#define RUNS "{'uuid': <'6f31579b-fa92-435d-8a54-514c372276e9'>, 'name': <'g'>, 'state': <1>}"

static const struct
{
  const char *label, *uri, *uuid, *known_there;
  gboolean twice; /* the same is asked by another URI too */
  guint found;
} others[] = {
  { "it is on a third host", "qemu+ssh://h3/system", THIRD, RUNS, FALSE, 1 },
  { "it is not", "qemu+ssh://h3/system", THIRD, NULL, FALSE, 0 },
  { "that is the source", "qemu+tcp://h1/system", "bbbf362b-fa6a-4238-80bc-e5676f171dd8", RUNS,
    FALSE, 0 },
  { "that is the destination", "qemu+tcp://h2/system", "14782d2e-9b61-4022-8805-19f6c9f1e4da", RUNS,
    FALSE, 0 },
  { "one host by two URIs", "qemu+ssh://h3/system", THIRD, RUNS, TRUE, 1 },
};

static void
add_others (MigrateFacts **facts, gsize row)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new_with_free_func ((GDestroyNotify) migrate_facts_unref);
  g_autoptr (GError) error = NULL;

  g_ptr_array_add (all, migrate_facts_ref (*facts));
  g_ptr_array_add (all, to_third (others[row].uri, others[row].uuid, others[row].known_there));
  if (others[row].twice)
    g_ptr_array_add (all,
                     to_third ("qemu+tls://h3/system", others[row].uuid, others[row].known_there));
  cr_assert (_migrate_facts_add_elsewhere (facts, all, &error), "%s: %s", others[row].label,
             error != NULL ? error->message : "");
}

Test (facts, learn_where_else_the_guest_is)
{
  for (gsize i = 0; i < G_N_ELEMENTS (others); i++)
    {
      g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (NULL));
      const MigrateFacts *before = f;
      const MigrateElsewhere *found;

      add_others (&f, i);
      cr_assert_eq (f->elsewhere != NULL ? f->elsewhere->len : 0, others[i].found, "%s",
                    others[i].label);
      cr_assert_eq (f == before, others[i].found == 0, "%s", others[i].label);
      if (others[i].found == 0)
        continue;
      found = f->elsewhere->pdata[0];
      cr_assert_str_eq (found->host, "third");
      cr_assert_eq (found->guest.state, MIGRATE_DOMAIN_RUNNING);
    }
}

Test (facts, keep_where_else_the_guest_is_in_the_file)
{
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_snapshot (NULL));
  g_autoptr (MigrateFacts) again = NULL;
  g_autoptr (GBytes) bytes = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GError) error = NULL;

  add_others (&f, 0);
  bytes = migrate_facts_to_bytes (f);
  again = migrate_facts_new_from_bytes (bytes, &error);
  cr_assert_not_null (again, "%s", error != NULL ? error->message : "");
  cr_assert_eq (again->elsewhere->len, 1);
  report = migrate_facts_check (again, NULL, MIGRATE_KIND_AUTO);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_equal (migrate_finding_get_code (finding), "guest-elsewhere"))
        return;
    }
  cr_assert_fail ("the file tells nothing of it");
}

/* It may come from anybody. */
Test (facts, pass_over_what_is_no_guest_elsewhere)
{
  g_autoptr (MigrateFacts) f = facts_test_read (facts_test_with (
    facts_test_snapshot (NULL), "elsewhere",
    answer ("[{'host': <'a'>}, {'guest': <" RUNS ">}, {'host': <1>, 'guest': <'g'>}]")));
  g_autoptr (MigrateReport) report = migrate_facts_check (f, NULL, MIGRATE_KIND_AUTO);

  cr_assert_eq (f->elsewhere->len, 1);
  cr_assert (migrate_report_is_blocked (report));
}
