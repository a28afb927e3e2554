/* The program's part in where disks are: images out of its image source, volumes that its connector
 * attaches, and secrets that go along. */
#include "sim.h"

#include "journal/journal-private.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <libmigrate/migrate.h>
#include <string.h>
#include <unistd.h>

#define KIB 1024
#define BASE_SIZE (300 * KIB + 123)
#define CAPACITY (8 << 20)
#define SECRET "0f3c1f6e-6c3b-4a61-8e35-6a8f2f1f0a77"
#define VALUE "chap-pass-word"

static const char guest_xml[]
  = "<domain type='qemu'><name>%s</name><uuid>%s</uuid>"
    "<memory unit='KiB'>65536</memory><vcpu>1</vcpu>"
    "<os><type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type></os>"
    "<devices><emulator>/usr/bin/qemu-system-x86_64</emulator>%s</devices></domain>";
static const char layered_xml[]
  = "<disk type='file' device='disk'><driver name='qemu' type='qcow2' cache='none'/>"
    "<source file='/images/top-%s'/><backingStore type='file'><format type='raw'/>"
    "<source file='/images/base'/><backingStore/></backingStore>"
    "<target dev='vda' bus='virtio'/></disk>";
static const char server_xml[]
  = "<disk type='network' device='disk'><driver name='qemu' type='raw' cache='none'/>"
    "<auth username='guest'><secret type='iscsi' uuid='" SECRET "'/></auth>"
    "<source protocol='iscsi' name='iqn.2026-01.org.example:disk/1'>"
    "<host name='storage.example.org' port='3260'/></source>"
    "<target dev='vdb' bus='virtio'/></disk>";
static const char secret_xml[] = "<secret ephemeral='no' private='%s'><uuid>" SECRET "</uuid>"
                                 "<usage type='iscsi'><target>disk-1</target></usage></secret>";

static SimWorld *world;
static MigrateJournal *journal;
static char *folder, *image, *text;

/* ---- the world ---- */

static void
make_text (void)
{
  text = g_malloc (BASE_SIZE + 1);
  for (gsize i = 0; i < BASE_SIZE; i++)
    text[i] = (char) ('a' + (i * 7 + i / 4096) % 26);
  text[BASE_SIZE] = '\0';
}

static void
add_layered (const char *name)
{
  g_autofree char *top = g_strconcat ("/images/top-", name, NULL);
  g_autofree char *uuid = g_uuid_string_random ();
  g_autofree char *disks = g_strdup_printf (layered_xml, name);
  g_autofree char *all = g_strconcat (disks, server_xml, NULL);
  g_autofree char *xml = g_strdup_printf (guest_xml, name, uuid, all);
  const SimDiskSpec open[]
    = { { .target = "vda", .path = top, .format = "qcow2" }, { .target = NULL } };

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = top,
                                        .format = "qcow2",
                                        .capacity = CAPACITY,
                                        .data = 64 * KIB,
                                        .backing = "/images/base",
                                        .backing_format = "raw" });
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){ .name = name, .uuid = uuid, .disks = open, .xml = xml, .autostart = TRUE });
}

static void
add_secret (const char *host, const char *private, const char *value)
{
  g_autofree char *document = g_strdup_printf (secret_xml, private);

  sim_world_add_secret (world, host, SECRET, document, value);
}

static void
make_world (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_pool (world, "h1", &(SimPoolSpec){ .name = "images", .target = "/images" });
  sim_world_add_pool (world, "h2", &(SimPoolSpec){ .name = "images", .target = "/images" });
  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/images/base", .text = text });
  add_layered ("g0");
  add_secret ("h1", "no", VALUE);
}

static void
set_up (void)
{
  make_text ();
  make_world ();
  journal = migrate_sqlite_journal_new_none ();
  folder = g_dir_make_tmp ("libmigrate-connect-XXXXXX", NULL);
  image = g_build_filename (folder, "base", NULL);
  g_file_set_contents (image, text, -1, NULL);
}

static void
tear_down (void)
{
  g_autofree char *sums = g_build_filename (folder, "SHA256SUMS", NULL);

  g_clear_object (&journal);
  sim_world_free (world);
  g_unlink (image);
  g_unlink (sums);
  g_rmdir (folder);
  g_free (image);
  g_free (folder);
  g_free (text);
}

TestSuite (fetch, .init = set_up, .fini = tear_down, .timeout = 60);
TestSuite (connect, .init = set_up, .fini = tear_down, .timeout = 60);
TestSuite (secrets, .init = set_up, .fini = tear_down, .timeout = 60);
TestSuite (connect_nth, .init = make_text, .timeout = 900);

/* ---- an image source that does as it is told ---- */

#define TEST_TYPE_IMAGES (test_images_get_type ())
G_DECLARE_FINAL_TYPE (TestImages, test_images, TEST, IMAGES, GObject)

struct _TestImages
{
  GObject parent_instance;
  const char *answer;  /* GVariant text; NULL: never answers */
  const char *refusal; /* nullable: a word */
  guint asked;
  GVariant *details;
};

static gboolean
images_fetch (MigrateImageSource *iface, MigrateRequest *request)
{
  TestImages *self = TEST_IMAGES (iface);

  self->asked++;
  g_clear_pointer (&self->details, g_variant_unref);
  self->details = migrate_request_dup_details (request);
  cr_assert_eq (migrate_request_get_subject (request), MIGRATE_REQUEST_SUBJECT_IMAGE_FETCH);
  if (self->refusal != NULL)
    return migrate_request_refuse (request, self->refusal, "as I was told");
  return self->answer == NULL
         || migrate_request_answer (
           request, g_variant_parse (G_VARIANT_TYPE_VARDICT, self->answer, NULL, NULL, NULL));
}

static void
test_images_iface_init (MigrateImageSourceInterface *iface)
{
  iface->fetch = images_fetch;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestImages, test_images, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_IMAGE_SOURCE,
                                                      test_images_iface_init))

static void
images_free (GObject *object)
{
  g_clear_pointer (&TEST_IMAGES (object)->details, g_variant_unref);
  G_OBJECT_CLASS (test_images_parent_class)->finalize (object);
}

static void
test_images_class_init (TestImagesClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = images_free;
}

static void
test_images_init (TestImages *self)
{
}

/* ---- a connector that counts ---- */

#define TEST_TYPE_CONNECTOR (test_connector_get_type ())
G_DECLARE_FINAL_TYPE (TestConnector, test_connector, TEST, CONNECTOR, GObject)

struct _TestConnector
{
  GObject parent_instance;
  gboolean refuses, refuses_disconnect, silent;
  const char *answer; /* nullable: GVariant text */
  GString *told;      /* "connect destination vdb; …" */
  gboolean connected[MIGRATE_SIDE_DESTINATION + 1];
};

static void
tell (TestConnector *self, MigrateRequest *request, const char *what)
{
  g_autoptr (GVariant) details = migrate_request_dup_details (request);
  g_autofree char *shown = g_variant_print (details, FALSE);

  cr_assert_null (strstr (shown, VALUE), "%s", shown);
  g_string_append_printf (self->told, "%s %s %s; ", what, _migrate_variant_string (details, "side"),
                          _migrate_variant_string (details, "target"));
}

static gboolean
connector_connect (MigrateVolumeConnector *iface, MigrateRequest *request)
{
  TestConnector *self = TEST_CONNECTOR (iface);

  tell (self, request, "connect");
  if (self->silent)
    return TRUE;
  if (self->refuses)
    return migrate_request_refuse (request, "failed", "the target is offline");
  self->connected[migrate_request_get_side (request)] = TRUE;
  return migrate_request_answer (request, self->answer != NULL ? g_variant_parse (
                                            G_VARIANT_TYPE_VARDICT, self->answer, NULL, NULL, NULL)
                                                               : NULL);
}

static gboolean
connector_disconnect (MigrateVolumeConnector *iface, MigrateRequest *request)
{
  TestConnector *self = TEST_CONNECTOR (iface);

  tell (self, request, "disconnect");
  if (self->refuses_disconnect)
    return migrate_request_refuse (request, "failed", "it is busy");
  self->connected[migrate_request_get_side (request)] = FALSE;
  return migrate_request_answer (request, NULL);
}

static void
test_connector_iface_init (MigrateVolumeConnectorInterface *iface)
{
  iface->connect = connector_connect;
  iface->disconnect = connector_disconnect;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestConnector, test_connector, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_VOLUME_CONNECTOR,
                                                      test_connector_iface_init))

static void
connector_free (GObject *object)
{
  g_string_free (TEST_CONNECTOR (object)->told, TRUE);
  G_OBJECT_CLASS (test_connector_parent_class)->finalize (object);
}

static void
test_connector_class_init (TestConnectorClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = connector_free;
}

static void
test_connector_init (TestConnector *self)
{
  self->told = g_string_new (NULL);
  self->connected[MIGRATE_SIDE_SOURCE] = TRUE;
}

/* ---- the move ---- */

static MigrateJob *
job_new (const char *guest)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new (guest, source, destination);

  cr_assert (migrate_policy_set (policy, "disks", "vda", NULL));
  cr_assert (migrate_policy_set (policy, "settle-timeout", "10", NULL));
  cr_assert (migrate_policy_set (policy, "space-reserve", "0", NULL));
  migrate_job_set_kind (job, MIGRATE_KIND_BLOCK);
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  return job;
}

static gboolean
runs_on (const char *host, const char *guest)
{
  SimDomainInfo info = sim_world_get_domain (world, host, guest);

  return info.active && info.state == MIGRATE_DOMAIN_RUNNING;
}

static void
assert_no_violation (void)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
}

static void
assert_same (const char *path)
{
  g_autofree char *here = sim_world_dup_bytes_of (world, "h1", path);
  g_autofree char *there = sim_world_dup_bytes_of (world, "h2", path);

  cr_assert_not_null (there, "%s is not there", path);
  cr_assert_str_eq (here, there);
}

static void
assert_nothing_left (const char *when)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, "h2");
  g_auto (GStrv) pools = sim_world_list_pools (world, "h2");
  g_autofree char *secret = sim_world_dup_secret (world, "h2", SECRET);

  for (gsize i = 0; paths[i] != NULL; i++) /* a probe's is the next check's to find */
    cr_assert_not_null (strstr (paths[i], "libmigrate-probe"), "%s: %s is left", when, paths[i]);
  cr_assert_eq (g_strv_length (pools), 1, "%s: a pool is left", when);
  cr_assert_null (secret, "%s: a secret is left", when);
}

static void
run (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert (runs_on ("h2", migrate_job_get_guest (job)));
  assert_no_violation ();
}

static void
assert_run_fails (MigrateJob *job, int code, const char *words)
{
  g_autofree char *before = sim_world_dup_bytes_of (world, "h1", "/images/base");
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "code %d: %s", error->code,
             error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  cr_assert (runs_on ("h1", migrate_job_get_guest (job)));
  assert_no_violation ();
  assert_nothing_left (words);
  after = sim_world_dup_bytes_of (world, "h1", "/images/base");
  cr_assert_str_eq (before, after);
}

static guint
count_steps (MigrateJob *job, const char *name, const char *status)
{
  g_autoptr (GVariant) entries
    = _migrate_journal_load_entries (journal, migrate_job_get_id (job), NULL);
  guint n = 0;

  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      n += g_strcmp0 (_migrate_variant_string (entry, "kind"), "step") == 0
           && g_strcmp0 (_migrate_variant_string (entry, "name"), name) == 0
           && g_strcmp0 (_migrate_variant_string (entry, "status"), status) == 0;
    }
  return n;
}

static TestImages *
images_new (MigrateJob *job, const char *answer)
{
  TestImages *images = g_object_new (TEST_TYPE_IMAGES, NULL);

  images->answer = answer;
  migrate_job_set_image_source (job, MIGRATE_IMAGE_SOURCE (images));
  return images;
}

static TestConnector *
connector_new (MigrateJob *job)
{
  TestConnector *connector = g_object_new (TEST_TYPE_CONNECTOR, NULL);

  migrate_job_set_volume_connector (job, MIGRATE_VOLUME_CONNECTOR (connector));
  return connector;
}

static char *
good_answer (void)
{
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);

  return g_strdup_printf ("{'path': <'%s'>, 'size': <uint64 %u>, 'checksum': <'%s'>}", image,
                          (guint) BASE_SIZE, sum);
}

/* ---- images ---- */

Test (fetch, an_image_of_this_machine_is_used)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *answer = good_answer ();
  g_autoptr (TestImages) images = images_new (job, answer);
  const char *name, *path, *there;
  guint64 size;

  run (job);
  assert_same ("/images/base");
  cr_assert_eq (images->asked, 1);
  cr_assert (g_variant_lookup (images->details, "name", "&s", &name));
  cr_assert (g_variant_lookup (images->details, "path", "&s", &path));
  cr_assert (g_variant_lookup (images->details, "path-there", "&s", &there));
  cr_assert (g_variant_lookup (images->details, "size", "t", &size));
  cr_assert_str_eq (name, "base");
  cr_assert_str_eq (path, "/images/base");
  cr_assert_str_eq (there, "/images/base");
  cr_assert_eq (size, BASE_SIZE);
  cr_assert_eq (count_steps (job, "fetch-image", "done"), 1);
}

Test (fetch, without_an_image_source_the_source_serves_it)
{
  g_autoptr (MigrateJob) job = job_new ("g0");

  run (job);
  assert_same ("/images/base");
  cr_assert_eq (count_steps (job, "fetch-image", "begun"), 0);
}

Test (fetch, what_the_image_source_lacks_the_source_serves)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestImages) images = images_new (job, NULL);

  images->refusal = "not-found";
  run (job);
  assert_same ("/images/base");
  cr_assert_eq (images->asked, 1);
}

Test (fetch, a_refusal_ends_the_move)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestImages) images = images_new (job, NULL);

  images->refusal = "denied";
  assert_run_fails (job, MIGRATE_ERROR_DENIED,
                    "Fetching “/images/base”: The image source refused (denied): as I was told");
}

Test (fetch, silence_ends_the_move)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestImages) images = images_new (job, NULL);

  assert_run_fails (job, MIGRATE_ERROR_TIMED_OUT,
                    "did not answer the image source within 600000 ms");
}

Test (fetch, a_wrong_checksum_ends_the_move)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "other", -1);
  g_autofree char *answer = g_strdup_printf ("{'path': <'%s'>, 'checksum': <'%s'>}", image, sum);
  g_autoptr (TestImages) images = images_new (job, answer);

  assert_run_fails (job, MIGRATE_ERROR_INVALID, "has the SHA-256 checksum");
}

Test (fetch, a_wrong_size_ends_the_move)
{
  static const char *const numbers[] = { "uint64 7", "uint32 7", "int64 7", "7", "7.0" };

  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      g_autoptr (MigrateJob) job = job_new ("g0");
      g_autofree char *answer
        = g_strdup_printf ("{'path': <'%s'>, 'size': <%s>}", image, numbers[i]);
      g_autoptr (TestImages) images = images_new (job, answer);

      assert_run_fails (job, MIGRATE_ERROR_INVALID, "it has 7 bytes, not");
    }
}

Test (fetch, a_file_that_ends_early_ends_the_move)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *answer = good_answer ();
  g_autoptr (TestImages) images = images_new (job, answer);

  cr_assert (g_file_set_contents (image, text, 1000, NULL));
  assert_run_fails (job, MIGRATE_ERROR_INVALID, "it has 1000 bytes, not");
}

/* Its checksum is right, and its size is: it is another image all the same. */
Test (fetch, another_image_of_that_name_ends_the_move)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *other = g_strdup (text);
  g_autofree char *sum = NULL;
  g_autofree char *answer = NULL;
  g_autoptr (TestImages) images = NULL;

  memset (other + 70000, 'X', 100000);
  cr_assert (g_file_set_contents (image, other, -1, NULL));
  sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, other, -1);
  answer = g_strdup_printf ("{'path': <'%s'>, 'checksum': <'%s'>}", image, sum);
  images = images_new (job, answer);
  assert_run_fails (job, MIGRATE_ERROR_INVALID, "it differs from the source's");
}

/* Without a checksum every byte is compared. */
Test (fetch, one_byte_that_differs_ends_the_move)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *other = g_strdup (text);
  g_autofree char *answer = g_strdup_printf ("{'path': <'%s'>}", image);
  g_autoptr (TestImages) images = images_new (job, answer);

  other[BASE_SIZE - 1] = '!';
  cr_assert (g_file_set_contents (image, other, -1, NULL));
  assert_run_fails (job, MIGRATE_ERROR_INVALID, "it differs from the source's");
}

Test (fetch, an_answer_without_a_place_ends_the_move)
{
  static const char *const answers[] = { "{}",
                                         "{'path': <'base'>}",
                                         "{'path': <'/'>}",
                                         "{'path': <'/does/not/exist'>}",
                                         "{'pool': <'images'>, 'name': <'base'>, 'side': <'moon'>}",
                                         "{'pool': <'images'>, 'name': <'nothing'>}",
                                         "{'path': <'/'>, 'checksum': <'abc'>}" };

  for (gsize i = 0; i < G_N_ELEMENTS (answers); i++)
    {
      g_autoptr (MigrateJob) job = job_new ("g0");
      g_autoptr (TestImages) images = images_new (job, answers[i]);

      assert_run_fails (job, MIGRATE_ERROR_INVALID, "“/images/base”");
    }
}

Test (fetch, a_volume_of_a_host_is_used)
{
  static const char *const sides[] = { "source", "destination" };

  for (gsize i = 0; i < G_N_ELEMENTS (sides); i++)
    {
      g_autofree char *name = g_strdup_printf ("g%" G_GSIZE_FORMAT, i + 1);
      g_autofree char *which
        = g_strdup_printf ("{'pool': <'images'>, 'name': <'golden'>, 'side': <'%s'>}", sides[i]);
      g_autoptr (MigrateJob) job = NULL;
      g_autoptr (TestImages) images = NULL;

      sim_world_free (world);
      make_world ();
      sim_world_add_image (world, i == 0 ? "h1" : "h2",
                           &(SimImageSpec){ .path = "/images/golden", .text = text });
      add_layered (name);
      job = job_new (name);
      images = images_new (job, which);
      run (job);
      assert_same ("/images/base");
    }
}

Test (fetch, a_folder_of_images)
{
  g_autofree char *sums = g_build_filename (folder, "SHA256SUMS", NULL);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, text, -1);
  g_autofree char *lines = g_strdup_printf ("%s  other\n%s *base\n", SECRET, sum);
  g_autoptr (MigrateDirectoryImageSource) source
    = migrate_directory_image_source_new (folder, sums);
  g_autoptr (MigrateJob) job = job_new ("g0");

  cr_assert (g_file_set_contents (sums, lines, -1, NULL));
  migrate_job_set_image_source (job, MIGRATE_IMAGE_SOURCE (source));
  run (job);
  assert_same ("/images/base");
  cr_assert_eq (count_steps (job, "fetch-image", "done"), 1);
}

Test (fetch, a_folder_whose_checksum_is_another)
{
  g_autofree char *sums = g_build_filename (folder, "SHA256SUMS", NULL);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA256, "other", -1);
  g_autofree char *lines = g_strdup_printf ("%s  base\n", sum);
  g_autoptr (MigrateDirectoryImageSource) source
    = migrate_directory_image_source_new (folder, sums);
  g_autoptr (MigrateJob) job = job_new ("g0");

  cr_assert (g_file_set_contents (sums, lines, -1, NULL));
  migrate_job_set_image_source (job, MIGRATE_IMAGE_SOURCE (source));
  assert_run_fails (job, MIGRATE_ERROR_INVALID, "has the SHA-256 checksum");
}

Test (fetch, a_link_out_of_the_folder_is_refused)
{
  g_autoptr (MigrateDirectoryImageSource) source
    = migrate_directory_image_source_new (folder, NULL);
  g_autoptr (MigrateJob) job = job_new ("g0");

  g_unlink (image);
  cr_assert_eq (symlink ("/etc/passwd", image), 0);
  migrate_job_set_image_source (job, MIGRATE_IMAGE_SOURCE (source));
  assert_run_fails (job, MIGRATE_ERROR_DENIED, "is no file of that folder");
}

/* What is fetched before a guest is shut down need not be copied while it is off. */
Test (fetch, of_a_guest_that_is_off)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autofree char *answer = good_answer ();
  g_autoptr (TestImages) images = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  sim_world_do (world, &(SimAction){ .what = SIM_POWER_OFF, .guest = "g0" });
  job = job_new ("g0");
  migrate_job_set_kind (job, MIGRATE_KIND_COLD);
  images = images_new (job, answer);
  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  cr_assert (sim_world_get_domain (world, "h2", "g0").exists);
  cr_assert_eq (images->asked, 1);
  cr_assert_eq (count_steps (job, "copy-file", "done"), 1);
  assert_same ("/images/base");
  assert_no_violation ();
}

/* ---- what is there already ---- */

Test (fetch, the_same_file_is_used)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *answer = good_answer ();
  g_autoptr (TestImages) images = images_new (job, answer);

  sim_world_add_image (world, "h2", &(SimImageSpec){ .path = "/images/base", .text = text });
  run (job);
  cr_assert_eq (images->asked, 0);
  cr_assert_eq (count_steps (job, "use-file", "done"), 1);
}

Test (fetch, another_file_is_in_the_way)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (GError) error = NULL;

  sim_world_add_image (world, "h2",
                       &(SimImageSpec){ .path = "/images/base", .data = BASE_SIZE, .pattern = 9 });
  before = sim_world_dup_bytes_of (world, "h2", "/images/base");
  cr_assert_null (migrate_job_run (job, NULL, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY), "%s", error->message);
  cr_assert_not_null (strstr (error->message, "“base” of storage pool “images” is in the way"));
  after = sim_world_dup_bytes_of (world, "h2", "/images/base");
  cr_assert_str_eq (before, after);
  assert_no_violation ();
}

typedef struct
{
  MigrateJob *job;
  GMutex lock;
  gboolean over, moved;
} Runner;

static void
run_beside (gpointer data, gpointer unused)
{
  Runner *self = data;
  g_autoptr (MigrateResult) result = migrate_job_run (self->job, NULL, NULL);

  g_mutex_lock (&self->lock);
  self->moved = result != NULL;
  self->over = TRUE;
  g_mutex_unlock (&self->lock);
}

static gboolean
is_over (Runner *self)
{
  gboolean over;

  g_mutex_lock (&self->lock);
  over = self->over;
  g_mutex_unlock (&self->lock);
  return over;
}

/* Both lack it: one brings it, the other waits for that, and uses it. */
Test (fetch, two_jobs_bring_the_same_file)
{
  MigrateBackend *backend = sim_world_get_backend (world);
  Runner runners[2] = { 0 };

  add_layered ("g1");
  sim_world_enter (world);
  for (gsize i = 0; i < G_N_ELEMENTS (runners); i++)
    {
      g_mutex_init (&runners[i].lock);
      runners[i].job = job_new (i == 0 ? "g0" : "g1");
      cr_assert (backend->vtable->start_thread (backend, "run", run_beside, &runners[i], NULL));
    }
  while (!is_over (&runners[0]) || !is_over (&runners[1]))
    sim_world_sleep (world, 100);
  sim_world_leave (world);
  for (gsize i = 0; i < G_N_ELEMENTS (runners); i++)
    {
      g_autoptr (MigrateFailure) failure = migrate_job_dup_failure (runners[i].job);

      cr_assert (runners[i].moved, "%s",
                 failure != NULL ? migrate_failure_get_message (failure) : "");
    }
  assert_same ("/images/base");
  assert_no_violation ();
  cr_assert_eq (count_steps (runners[0].job, "use-file", "done")
                  + count_steps (runners[1].job, "use-file", "done"),
                1);
  for (gsize i = 0; i < G_N_ELEMENTS (runners); i++)
    g_object_unref (runners[i].job);
}

/* Who made it leaves it to who uses it by now. */
Test (fetch, a_file_that_another_job_uses_is_left)
{
  g_autoptr (MigrateJob) first = job_new ("g0");
  g_autoptr (MigrateJob) second = NULL;

  add_layered ("g1");
  cr_assert (migrate_job_check (first, NULL, NULL));
  cr_assert (migrate_job_prepare (first, NULL, NULL));
  second = job_new ("g1");
  run (second);
  cr_assert (migrate_job_cancel (first, NULL, NULL));
  cr_assert_eq (migrate_job_get_state (first), MIGRATE_STATE_CANCELLED);
  assert_same ("/images/base");
  cr_assert (runs_on ("h2", "g1"));
  cr_assert (runs_on ("h1", "g0"));
  assert_no_violation ();
}

/* ---- volumes ---- */

Test (connect, at_the_destination_before_and_at_the_source_after)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestConnector) connector = connector_new (job);

  run (job);
  cr_assert_str_eq (connector->told->str, "connect destination vdb; disconnect source vdb; ");
  cr_assert (connector->connected[MIGRATE_SIDE_DESTINATION]);
  cr_assert_not (connector->connected[MIGRATE_SIDE_SOURCE]);
}

static gboolean
plans (MigratePlan *plan, const char *what)
{
  for (guint i = 0; i < migrate_plan_get_n_steps (plan); i++)
    {
      MigrateStep *step = migrate_plan_get_step (plan, i);

      if (g_str_equal (migrate_step_get_what (step), what))
        return TRUE;
    }
  return FALSE;
}

Test (connect, is_planned)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestConnector) connector = connector_new (job);
  g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, NULL);
  g_autoptr (MigratePlan) plan = migrate_job_dup_plan (job);

  cr_assert (plans (plan, "connect-volume"));
  cr_assert (plans (plan, "disconnect-volume"));
  cr_assert_eq (connector->told->len, 0);
  cr_assert_not_null (report);
}

Test (connect, a_refusal_gives_the_move_up)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestConnector) connector = connector_new (job);

  connector->refuses = TRUE;
  assert_run_fails (job, MIGRATE_ERROR_FAILED, "Connecting the volume of disk “vdb”");
  cr_assert_str_eq (connector->told->str, "connect destination vdb; disconnect destination vdb; ");
  cr_assert (connector->connected[MIGRATE_SIDE_SOURCE]);
}

Test (connect, silence_gives_the_move_up)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestConnector) connector = connector_new (job);

  connector->silent = TRUE;
  assert_run_fails (job, MIGRATE_ERROR_TIMED_OUT, "did not answer the volume connector (connect)");
}

Test (connect, bindings_that_are_none_give_the_move_up)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestConnector) connector = connector_new (job);

  connector->answer = "{'bindings': <{'disk:vdb': <5>}>}";
  assert_run_fails (job, MIGRATE_ERROR_INVALID, "volume connector answered bindings that are none");
}

Test (connect, a_volume_that_stays_connected_is_a_warning)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestConnector) connector = connector_new (job);
  g_autoptr (MigrateResult) result = NULL;
  g_auto (GStrv) warnings = NULL;

  connector->refuses_disconnect = TRUE;
  run (job);
  result = migrate_job_dup_result (job);
  warnings = migrate_result_dup_warnings (result);
  cr_assert_not_null (warnings[0]);
  cr_assert_not_null (strstr (warnings[0], "“vdb” is left connected at the source"), "%s",
                      warnings[0]);
}

/* Another process that has no connector says so, and leaves it. */
Test (connect, an_undo_needs_the_connector)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (TestConnector) connector = connector_new (job);
  g_autoptr (MigrateRecovery) recovery = NULL;
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_job_check (job, NULL, NULL));
  cr_assert (migrate_job_prepare (job, NULL, &error), "%s", error != NULL ? error->message : "");
  migrate_job_set_volume_connector (job, NULL);
  recovery = migrate_job_recover (job, NULL, &error);
  cr_assert_not_null (recovery, "%s", error != NULL ? error->message : "");
  cr_assert_not (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error));
  cr_assert_not_null (strstr (error->message, "no volume connector is set"), "%s", error->message);
  cr_assert (connector->connected[MIGRATE_SIDE_DESTINATION]);
  migrate_recovery_set_volume_connector (recovery, MIGRATE_VOLUME_CONNECTOR (connector));
  g_clear_error (&error);
  cr_assert (migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error), "%s",
             error != NULL ? error->message : "");
  cr_assert_not (connector->connected[MIGRATE_SIDE_DESTINATION]);
  assert_nothing_left ("recovered");
}

Test (connect, libvirt_has_nothing_to_do)
{
  g_autoptr (MigrateLibvirtVolumeConnector) connector = migrate_libvirt_volume_connector_new ();
  g_autoptr (MigrateJob) job = job_new ("g0");

  migrate_job_set_volume_connector (job, MIGRATE_VOLUME_CONNECTOR (connector));
  run (job);
}

/* ---- secrets ---- */

Test (secrets, go_to_the_destination)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *there = NULL;

  run (job);
  there = sim_world_dup_secret (world, "h2", SECRET);
  cr_assert_not_null (there);
  cr_assert_str_eq (there, VALUE);
  cr_assert_eq (count_steps (job, "define-secret", "done"), 1);
}

/* Neither in the journal nor in what is told. */
Test (secrets, are_written_nowhere)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autoptr (GVariant) entries = NULL;
  g_autoptr (GVariant) values = NULL;
  g_autofree char *log = NULL;
  g_autofree char *record = NULL;

  run (job);
  entries = _migrate_journal_load_entries (journal, migrate_job_get_id (job), NULL);
  values = _migrate_journal_load_job (journal, migrate_job_get_id (job), NULL);
  log = g_variant_print (entries, FALSE);
  record = g_variant_print (values, FALSE);
  cr_assert_not_null (strstr (log, SECRET));
  cr_assert_null (strstr (log, VALUE));
  cr_assert_null (strstr (record, VALUE));
}

Test (secrets, that_are_there_are_left_as_they_are)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *there = NULL;

  add_secret ("h2", "no", "another");
  run (job);
  there = sim_world_dup_secret (world, "h2", SECRET);
  cr_assert_str_eq (there, "another");
  cr_assert_eq (count_steps (job, "define-secret", "begun"), 0);
}

Test (secrets, are_taken_back)
{
  g_autoptr (MigrateJob) job = job_new ("g0");
  g_autofree char *there = NULL;

  cr_assert (migrate_job_check (job, NULL, NULL));
  cr_assert (migrate_job_prepare (job, NULL, NULL));
  there = sim_world_dup_secret (world, "h2", SECRET);
  cr_assert_not_null (there);
  cr_assert (migrate_job_cancel (job, NULL, NULL));
  assert_nothing_left ("cancelled");
}

Test (secrets, that_others_need_are_not_taken_back)
{
  g_autoptr (MigrateJob) first = job_new ("g0");
  g_autoptr (MigrateJob) second = NULL;
  g_autofree char *there = NULL;

  add_layered ("g1");
  cr_assert (migrate_job_check (first, NULL, NULL));
  cr_assert (migrate_job_prepare (first, NULL, NULL));
  second = job_new ("g1");
  run (second);
  cr_assert (migrate_job_cancel (first, NULL, NULL));
  there = sim_world_dup_secret (world, "h2", SECRET);
  cr_assert_not_null (there);
}

static void
make_world_with_secret (const char *private, const char *value)
{
  sim_world_free (world);
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_pool (world, "h1", &(SimPoolSpec){ .name = "images", .target = "/images" });
  sim_world_add_pool (world, "h2", &(SimPoolSpec){ .name = "images", .target = "/images" });
  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/images/base", .text = text });
  add_layered ("g0");
  add_secret ("h1", private, value);
}

Test (secrets, that_are_private_end_the_move)
{
  g_autoptr (MigrateJob) job = NULL;

  make_world_with_secret ("yes", VALUE);
  job = job_new ("g0");
  assert_run_fails (job, MIGRATE_ERROR_BLOCKED, "it is private, or was not set");
}

Test (secrets, without_a_value_end_the_move)
{
  g_autoptr (MigrateJob) job = NULL;

  make_world_with_secret ("no", NULL);
  job = job_new ("g0");
  assert_run_fails (job, MIGRATE_ERROR_BLOCKED, "it is private, or was not set");
}

/* ---- every call ---- */

typedef void (*Spoil) (SimWorld *world, guint n);

static void
spoil_fail (SimWorld *which, guint n)
{
  sim_world_fail_call (which, "*", n, 38 /* VIR_ERR_SYSTEM_ERROR */);
}

static void
spoil_lose (SimWorld *which, guint n)
{
  sim_world_lose_answer (which, "*", n);
}

static void
spoil_hang (SimWorld *which, guint n)
{
  sim_world_hang_call (which, "*", n);
}

static void
assert_balanced (TestConnector *connector, guint n)
{
  gboolean moved = runs_on ("h2", "g0");
  g_autofree char *when = g_strdup_printf ("n=%u (%s)", n, connector->told->str);

  cr_assert (moved != runs_on ("h1", "g0"), "%s: %s", when, sim_world_describe (world, "g0"));
  assert_no_violation ();
  if (moved)
    {
      cr_assert_not (connector->connected[MIGRATE_SIDE_SOURCE], "%s", when);
      assert_same ("/images/base");
      return;
    }
  cr_assert_not (connector->connected[MIGRATE_SIDE_DESTINATION], "%s", when);
  assert_nothing_left (when);
}

static void
settle (MigrateJob *job, guint n)
{
  for (guint tries = 0;
       tries < 3
       && (migrate_job_get_state (job) == MIGRATE_STATE_FAILED || migrate_job_is_in_flight (job));
       tries++)
    {
      g_autoptr (GError) error = NULL;
      g_autoptr (MigrateRecovery) recovery = NULL;

      sim_world_sleep (world, 60000);
      recovery = migrate_job_recover (job, NULL, &error);
      cr_assert_not_null (recovery, "n=%u: %s", n, error != NULL ? error->message : "");
      migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, &error);
    }
}

static gboolean
run_with (Spoil spoil, guint n)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (TestConnector) connector = NULL;
  g_autoptr (TestImages) images = NULL;
  g_autofree char *answer = NULL;
  g_autoptr (MigrateResult) result = NULL;
  gboolean reached;

  make_world ();
  journal = migrate_sqlite_journal_new_none ();
  answer = good_answer ();
  spoil (world, n);
  job = job_new ("g0");
  images = images_new (job, answer);
  connector = connector_new (job);
  result = migrate_job_run (job, NULL, NULL);
  settle (job, n);
  sim_world_sleep (world, 60000);
  reached = sim_world_count_calls (world, "*") >= n;
  assert_balanced (connector, n);
  g_clear_object (&job);
  g_clear_object (&journal);
  sim_world_free (world);
  return reached;
}

static void
run_all (Spoil spoil)
{
  guint n = 1;

  folder = g_dir_make_tmp ("libmigrate-connect-XXXXXX", NULL);
  image = g_build_filename (folder, "base", NULL);
  cr_assert (g_file_set_contents (image, text, -1, NULL));
  while (run_with (spoil, n))
    cr_assert_lt (++n, 1000);
  cr_assert_gt (n, 30, "such a move makes more calls than %u", n);
  g_unlink (image);
  g_rmdir (folder);
}

Test (connect_nth, call_fails) { run_all (spoil_fail); }

Test (connect_nth, answer_is_lost) { run_all (spoil_lose); }

Test (connect_nth, call_hangs) { run_all (spoil_hang); }
