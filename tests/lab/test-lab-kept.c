/* What a libvirtd makes of the calls about what it keeps of guests, and for them (recipe A): marks,
 * secrets, snapshots, saved memory; and about a guest that carries disks. */
#include "labcalls.h"

#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define GUEST "s"
#define UUID "6f3c0a2e-9b1d-4e57-8a55-0f1a2b3c4d5e"
#define POOL "libmigrate-test"
#define MIB (G_GUINT64_CONSTANT (1) << 20)

static void
remove_guest (int host)
{
  lab_try (NULL, "virsh %d destroy " GUEST, host);
  lab_try (NULL,
           "virsh %d undefine " GUEST
           " --managed-save --snapshots-metadata --checkpoints-metadata --nvram",
           host);
}

static void
set_up (void)
{
  lab_calls_set_up ();
  remove_guest (1);
  remove_guest (2);
}

static void
tear_down (void)
{
  if (g_getenv ("LAB_SKIP") == NULL)
    {
      remove_guest (1);
      remove_guest (2);
    }
  lab_calls_tear_down ();
}

TestSuite (kept_calls, .init = set_up, .fini = tear_down, .timeout = 120);

/* With a password, and a disk where path is no NULL. */
static char *
guest_xml (const char *path, const char *format, const char *metadata)
{
  g_autofree char *disk = NULL;

  if (path != NULL)
    disk = g_markup_printf_escaped ("<disk type='file' device='disk'>"
                                    "<driver name='qemu' type='%s'/><source file='%s'/>"
                                    "<target dev='vda' bus='virtio'/></disk>",
                                    format, path);
  return g_strdup_printf ("<domain type='qemu'><name>" GUEST "</name><uuid>" UUID "</uuid>%s"
                          "<memory unit='MiB'>32</memory>"
                          "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>%s"
                          "<graphics type='vnc' autoport='yes' passwd='geheim'/>"
                          "<video><model type='none'/></video></devices></domain>",
                          metadata != NULL ? metadata : "", disk != NULL ? disk : "");
}

static void
define (int host, const char *xml)
{
  lab_do (host, lab_call (MIGRATE_CALL_DEFINE, GUEST, NULL, NULL, xml));
}

static MigrateCall *
guest_call (MigrateCallKind kind, const char *text, guint64 value)
{
  MigrateCall *call = lab_call (kind, UUID, NULL, NULL, text);

  call->value = value;
  return call;
}

static void
tell (int host, MigrateCallKind kind, const char *text, guint64 value)
{
  lab_do (host, guest_call (kind, text, value));
}

static MigrateCall *
find (int host)
{
  return lab_ask (host, guest_call (MIGRATE_CALL_DOMAIN_FIND, NULL, 0));
}

/* ---- marks ---- */

static void
assert_mark (const char *mark)
{
  g_autoptr (MigrateCall) found = find (1);

  cr_assert_eq (g_strcmp0 (found->domain.mark, mark), 0, "%s", found->domain.mark);
}

Test (kept_calls, mark_a_definition)
{
  g_autofree char *xml
    = guest_xml (NULL, NULL, "<metadata><x:y xmlns:x='urn:other'>theirs</x:y></metadata>");
  g_autoptr (MigrateCall) document = NULL;

  define (1, xml);
  assert_mark (NULL);
  tell (1, MIGRATE_CALL_SET_MARK, NULL, 0);
  tell (1, MIGRATE_CALL_SET_MARK, "incoming 0f3c'<&", 0);
  assert_mark ("incoming 0f3c'<&");
  tell (1, MIGRATE_CALL_SET_MARK, "outgoing 77", 0);
  tell (1, MIGRATE_CALL_SET_MARK, "outgoing 77", 0);
  assert_mark ("outgoing 77");
  tell (1, MIGRATE_CALL_START, NULL, 0);
  assert_mark ("outgoing 77");
  tell (1, MIGRATE_CALL_SET_MARK, "incoming 78", 0);
  assert_mark ("incoming 78");
  tell (1, MIGRATE_CALL_SET_MARK, NULL, 0);
  tell (1, MIGRATE_CALL_SET_MARK, NULL, 0);
  assert_mark (NULL);
  document = lab_ask (1, guest_call (MIGRATE_CALL_DOMAIN_XML, NULL, MIGRATE_XML_INACTIVE));
  cr_assert_not_null (strstr (document->text_out, "theirs"));
}

/* ---- secrets ---- */

#define OTHER_UUID "6f3c0a2e-9b1d-4e57-8a55-0f1a2b3c4d5f"

/* The second byte is none of a text's. */
static const char value[] = { 'a', '\0', 'b' };

static MigrateCall *
secret (const char *uuid, const char *use, const char *is_private)
{
  g_autofree char *xml = g_strdup_printf ("<secret ephemeral='no' private='%s'><uuid>%s</uuid>"
                                          "<usage type='ceph'><name>%s</name></usage></secret>",
                                          is_private, uuid, use);

  return lab_call (MIGRATE_CALL_SECRET_DEFINE, NULL, NULL, uuid, xml);
}

static MigrateCall *
read_secret (const char *uuid)
{
  return lab_ask (1, lab_call (MIGRATE_CALL_SECRET_READ, NULL, NULL, NULL, uuid));
}

static void
remove_secret (const char *uuid)
{
  lab_do (1, lab_call (MIGRATE_CALL_SECRET_REMOVE, NULL, NULL, NULL, uuid));
}

Test (kept_calls, keep_secrets)
{
  g_autoptr (MigrateCall) empty = NULL;
  g_autoptr (MigrateCall) full = NULL;
  MigrateCall *call;

  remove_secret (UUID); /* of a test that failed */
  remove_secret (OTHER_UUID);
  lab_refused (1, lab_call (MIGRATE_CALL_SECRET_READ, NULL, NULL, NULL, UUID),
               MIGRATE_ERROR_NOT_FOUND, UUID);
  lab_do (1, secret (UUID, "pool one", "no"));
  empty = read_secret (UUID);
  cr_assert_null (empty->storage.bytes);
  lab_refused (1, secret (UUID, "pool one", "no"), MIGRATE_ERROR_BUSY, UUID);
  lab_refused (1, secret (OTHER_UUID, "pool one", "no"), MIGRATE_ERROR_BUSY, "already defined");
  remove_secret (UUID);
  call = secret (UUID, "pool one", "no");
  call->storage.bytes = _migrate_secret_bytes_new (value, sizeof value);
  lab_do (1, call);
  full = read_secret (UUID);
  cr_assert_not_null (strstr (full->text_out, "pool one"));
  cr_assert (g_bytes_get_size (full->storage.bytes) == sizeof value
             && memcmp (g_bytes_get_data (full->storage.bytes, NULL), value, sizeof value) == 0);
  remove_secret (UUID);
  remove_secret (UUID);
}

Test (kept_calls, give_no_private_secret)
{
  MigrateCall *call = secret (UUID, "pool one", "yes");
  g_autoptr (MigrateCall) told = NULL;

  remove_secret (UUID);
  call->storage.bytes = _migrate_secret_bytes_new (value, sizeof value);
  lab_do (1, call);
  told = read_secret (UUID);
  cr_assert_null (told->storage.bytes);
  cr_assert_not_null (strstr (told->text_out, UUID));
  remove_secret (UUID);
}

/* ---- snapshots ---- */

static void
define_with_image (int host)
{
  g_autofree char *path = lab_path (host, "s.qcow2");
  g_autofree char *xml = guest_xml (path, "qcow2", NULL);

  g_free (lab_run ("run %d qemu-img create -q -f qcow2 %s 1M", host, path));
  define (host, xml);
}

static GVariant *
snapshots (void)
{
  g_autoptr (MigrateCall) call = lab_ask (1, guest_call (MIGRATE_CALL_SNAPSHOTS, NULL, 0));

  return g_steal_pointer (&call->answer);
}

static char **
documents (GVariant *answer, const char *key)
{
  char **list = NULL;

  cr_assert (g_variant_lookup (answer, key, "^as", &list));
  return list;
}

Test (kept_calls, keep_snapshots)
{
  g_autoptr (GVariant) none = NULL;
  g_autoptr (GVariant) two = NULL;
  g_autoptr (GVariant) again = NULL;
  g_auto (GStrv) list = NULL;
  const char *current;

  define_with_image (1);
  none = snapshots ();
  cr_assert_eq (g_strv_length (list = documents (none, "snapshots")), 0);
  cr_assert_not (g_variant_lookup (none, "current", "&s", &current));
  g_free (lab_run ("virsh 1 snapshot-create-as " GUEST " zwei"));
  g_free (lab_run ("virsh 1 snapshot-create-as " GUEST " eins"));
  two = snapshots ();
  g_strfreev (list);
  list = documents (two, "snapshots");
  cr_assert_eq (g_strv_length (list), 2);
  cr_assert_not_null (strstr (list[0], "<name>zwei</name>"), "%s", list[0]);
  cr_assert_not_null (strstr (list[1], "passwd='geheim'"), "%s", list[1]);
  cr_assert (g_variant_lookup (two, "current", "&s", &current));
  cr_assert_str_eq (current, "eins");
  lab_refused (1, guest_call (MIGRATE_CALL_UNDEFINE, NULL, 0), MIGRATE_ERROR_FAILED, "snapshot");
  tell (1, MIGRATE_CALL_UNDEFINE, NULL, MIGRATE_UNDEFINE_SNAPSHOTS);
  define_with_image (1);
  for (int times = 0; times < 2; times++)
    {
      tell (1, MIGRATE_CALL_SNAPSHOT_DEFINE, list[0], 0);
      tell (1, MIGRATE_CALL_SNAPSHOT_DEFINE, list[1], 2);
    }
  again = snapshots ();
  cr_assert (g_variant_equal (two, again));
}

Test (kept_calls, keep_checkpoints)
{
  g_autoptr (GVariant) two = NULL;
  g_autoptr (GVariant) again = NULL;
  g_auto (GStrv) list = NULL;

  define_with_image (1);
  tell (1, MIGRATE_CALL_START, NULL, 0);
  g_free (lab_run ("virsh 1 checkpoint-create-as " GUEST " zwei"));
  g_free (lab_run ("virsh 1 checkpoint-create-as " GUEST " eins"));
  two = snapshots ();
  list = documents (two, "checkpoints");
  cr_assert_eq (g_strv_length (list), 2);
  cr_assert_not_null (strstr (list[0], "<name>zwei</name>"), "%s", list[0]);
  tell (1, MIGRATE_CALL_DESTROY, NULL, 0);
  tell (1, MIGRATE_CALL_UNDEFINE, NULL, 0);
  define_with_image (1);
  for (int times = 0; times < 2; times++)
    for (guint i = 0; list[i] != NULL; i++)
      tell (1, MIGRATE_CALL_SNAPSHOT_DEFINE, list[i], 1);
  again = snapshots ();
  cr_assert (g_variant_equal (two, again));
}

/* ---- saved memory ---- */

static void
assert_state (int host, MigrateDomainState state)
{
  g_autoptr (MigrateCall) found = find (host);

  cr_assert_eq (found->domain.state, state, "%d", (int) found->domain.state);
}

static void
do_lasting (int host, MigrateCall *call)
{
  g_autoptr (GError) error = lab_end (lab_begin (host, call));

  cr_assert_null (error, "%s", error != NULL ? error->message : "");
}

Test (kept_calls, save_and_restore)
{
  g_autofree char *xml = guest_xml (NULL, NULL, NULL);
  g_autofree char *path = lab_path (1, "saved <1>");
  g_autoptr (MigrateCall) bare = NULL;
  g_autoptr (MigrateCall) whole = NULL;
  MigrateCall *call;

  define (1, xml);
  tell (1, MIGRATE_CALL_START, NULL, 0);
  do_lasting (1, guest_call (MIGRATE_CALL_SAVE, path, 0));
  assert_state (1, MIGRATE_DOMAIN_SHUTOFF);
  bare = lab_ask (1, lab_call (MIGRATE_CALL_SAVED_XML, NULL, NULL, NULL, path));
  cr_assert_null (strstr (bare->text_out, "geheim"));
  call = lab_call (MIGRATE_CALL_SAVED_XML, NULL, NULL, NULL, path);
  call->value = MIGRATE_XML_SECURE;
  whole = lab_ask (1, call);
  cr_assert_not_null (strstr (whole->text_out, "geheim"));
  call = lab_call (MIGRATE_CALL_RESTORE, NULL, NULL, NULL, path);
  call->transfer.dest_xml = g_strdup (whole->text_out);
  do_lasting (2, call); /* one machine: the file is there, too */
  assert_state (2, MIGRATE_DOMAIN_RUNNING);
  call = lab_call (MIGRATE_CALL_RESTORE, NULL, NULL, NULL, path);
  call->value = 1;
  do_lasting (1, call);
  assert_state (1, MIGRATE_DOMAIN_PAUSED);
  cr_assert (g_file_test (path, G_FILE_TEST_EXISTS));
}

Test (kept_calls, say_what_cannot_be_restored)
{
  g_autofree char *path = lab_path (1, "saved");
  g_autoptr (GError) error = NULL;

  error = lab_end (lab_begin (1, lab_call (MIGRATE_CALL_RESTORE, NULL, NULL, NULL, path)));
  cr_assert (error != NULL && strstr (error->message, path) != NULL);
  lab_refused (1, lab_call (MIGRATE_CALL_SAVED_XML, NULL, NULL, NULL, path), MIGRATE_ERROR_FAILED,
               path);
}

Test (kept_calls, undefine_what_they_are_told_to)
{
  g_autofree char *xml = guest_xml (NULL, NULL, NULL);
  g_autoptr (MigrateCall) managed = NULL;

  define (1, xml);
  tell (1, MIGRATE_CALL_START, NULL, 0);
  g_free (lab_run ("virsh 1 managedsave " GUEST));
  managed = lab_ask (1, guest_call (MIGRATE_CALL_SAVED_XML, NULL, MIGRATE_XML_SECURE));
  cr_assert_not_null (strstr (managed->text_out, "geheim"));
  lab_refused (1, guest_call (MIGRATE_CALL_UNDEFINE, NULL, MIGRATE_UNDEFINE_SNAPSHOTS),
               MIGRATE_ERROR_FAILED, "managed save");
  tell (1, MIGRATE_CALL_UNDEFINE, NULL, MIGRATE_UNDEFINE_MANAGED_SAVE);
  lab_refused (1, guest_call (MIGRATE_CALL_SAVED_XML, NULL, 0), MIGRATE_ERROR_NOT_FOUND, UUID);
}

/* What is in it pays no heed. */
Test (kept_calls, ask_a_guest_to_shut_down)
{
  g_autofree char *xml = guest_xml (NULL, NULL, NULL);

  define (1, xml);
  tell (1, MIGRATE_CALL_SHUT_DOWN, NULL, 0);
  tell (1, MIGRATE_CALL_START, NULL, 0);
  tell (1, MIGRATE_CALL_SHUT_DOWN, NULL, 0);
  assert_state (1, MIGRATE_DOMAIN_RUNNING);
}

/* ---- a guest that carries a disk ---- */

#define SIZE (48 * MIB + 100)

static char *
make_cargo (void)
{
  char *path = lab_path (1, "cargo");

  g_free (lab_run ("run 1 sh -c 'head -c %d /dev/urandom > %s'", (int) SIZE, path));
  return path;
}

static char *
make_place (void)
{
  g_autofree char *folder = lab_path (2, "");
  g_autofree char *xml = g_strdup_printf ("<volume><name>cargo</name>"
                                          "<capacity unit='bytes'>%" G_GUINT64_FORMAT "</capacity>"
                                          "<allocation>0</allocation>"
                                          "<target><format type='raw'/></target></volume>",
                                          (guint64) SIZE);

  lab_do (2, lab_call (MIGRATE_CALL_POOL_CREATE, NULL, POOL, NULL, folder));
  lab_do (2, lab_call (MIGRATE_CALL_VOLUME_CREATE, NULL, POOL, NULL, xml));
  return lab_path (2, "cargo");
}

static LabLasting *
begin_transfer (const char *path_there, guint64 bandwidth)
{
  MigrateCall *call = guest_call (MIGRATE_CALL_TRANSFER, NULL, 0);
  static const char *const disks[] = { "vda", NULL };

  call->transfer.peer_uri = lab_env_host ("PEER_URI", 2);
  call->transfer.migration_uri = lab_env_host ("MIGRATION_URI", 2);
  call->transfer.disks = g_strdupv ((char **) disks);
  call->transfer.carrier = TRUE;
  call->transfer.bandwidth = bandwidth;
  call->transfer.dest_xml = guest_xml (path_there, "raw", NULL);
  return lab_begin (1, call);
}

/* Of a mirror that is halfway. */
static gboolean
has_block_job (gpointer unused)
{
  g_autoptr (MigrateCall) call = lab_ask (1, guest_call (MIGRATE_CALL_BLOCK_JOBS, NULL, 0));
  g_autoptr (GVariant) job = g_variant_lookup_value (call->answer, "vda", G_VARIANT_TYPE_VARDICT);
  guint64 done = 0, total = 0;
  gboolean ready = TRUE;

  if (job == NULL)
    return FALSE;
  cr_assert (g_variant_lookup (job, "done", "t", &done)
             && g_variant_lookup (job, "total", "t", &total)
             && g_variant_lookup (job, "ready", "b", &ready));
  cr_assert_leq (done, total);
  return done > MIB && done < total && !ready && total >= 40 * MIB;
}

static void
assert_same_files (const char *here, const char *there)
{
  g_autofree char *a = NULL;
  g_autofree char *b = NULL;
  gsize size_here, size_there;

  cr_assert (g_file_get_contents (here, &a, &size_here, NULL));
  cr_assert (g_file_get_contents (there, &b, &size_there, NULL));
  cr_assert_eq (size_here, (gsize) SIZE);
  cr_assert_geq (size_there, size_here);
  cr_assert (memcmp (a, b, size_here) == 0);
}

Test (kept_calls, carry_a_disk)
{
  g_autofree char *here = make_cargo ();
  g_autofree char *there = make_place ();
  g_autofree char *xml = guest_xml (here, "raw", NULL);
  g_autoptr (GError) aborted = NULL;
  g_autoptr (GError) error = NULL;
  LabLasting *transfer;

  lab_do (1, lab_call (MIGRATE_CALL_CREATE_PAUSED, NULL, NULL, NULL, xml));
  assert_state (1, MIGRATE_DOMAIN_PAUSED);
  transfer = begin_transfer (there, 4);
  cr_assert (lab_wait_until (30, has_block_job, NULL));
  tell (1, MIGRATE_CALL_ABORT, NULL, 0);
  aborted = lab_end (transfer);
  cr_assert_not_null (aborted);
  assert_state (1, MIGRATE_DOMAIN_PAUSED);
  error = lab_end (begin_transfer (there, 0));
  cr_assert_null (error, "%s", error != NULL ? error->message : "");
  assert_state (2, MIGRATE_DOMAIN_PAUSED);
  lab_refused (1, guest_call (MIGRATE_CALL_DOMAIN_FIND, NULL, 0), MIGRATE_ERROR_NOT_FOUND, UUID);
  tell (2, MIGRATE_CALL_DESTROY, NULL, 0);
  lab_refused (2, guest_call (MIGRATE_CALL_DOMAIN_FIND, NULL, 0), MIGRATE_ERROR_NOT_FOUND, UUID);
  assert_same_files (here, there);
}

/* Bytes of it that only memory has, as far as the kernel does not let go of them. */
static gsize
count_unwritten (const char *path)
{
  int fd = open (path, O_RDONLY);
  gsize pages = SIZE / (gsize) sysconf (_SC_PAGESIZE), left = 0;
  g_autofree guint8 *resident = g_malloc0 (pages + 1);
  void *mapped;

  cr_assert_geq (fd, 0);
  posix_fadvise (fd, 0, 0, POSIX_FADV_DONTNEED);
  mapped = mmap (NULL, SIZE, PROT_READ, MAP_SHARED, fd, 0);
  cr_assert_neq (mapped, MAP_FAILED);
  cr_assert_eq (mincore (mapped, SIZE, resident), 0);
  for (gsize i = 0; i < pages; i++)
    left += resident[i] & 1;
  munmap (mapped, SIZE);
  close (fd);
  return left;
}

/* What libvirtd has written is flushed by a guest that never ran. */
Test (kept_calls, touch_disks)
{
  g_autofree char *place = make_place ();
  g_autofree char *data = g_malloc (MIB);
  g_autofree char *xml = guest_xml (place, "raw", NULL);
  MigrateCall *call;
  GVariantDict sizes;
  struct stat status;

  memset (data, 'x', MIB);
  for (guint64 at = 0; at + MIB <= SIZE; at += MIB)
    {
      call = lab_call (MIGRATE_CALL_VOLUME_WRITE_AT, NULL, POOL, "cargo", NULL);
      call->storage.offset = at;
      call->storage.bytes = g_bytes_new (data, MIB);
      lab_do (2, call);
    }
  lab_do (2, lab_call (MIGRATE_CALL_CREATE_PAUSED, NULL, NULL, NULL, xml));
  g_variant_dict_init (&sizes, NULL);
  g_variant_dict_insert (&sizes, "vda", "t", (guint64) SIZE);
  call = guest_call (MIGRATE_CALL_TOUCH_DISKS, NULL, 0);
  call->question = g_variant_ref_sink (g_variant_dict_end (&sizes));
  lab_do (2, call);
  tell (2, MIGRATE_CALL_DESTROY, NULL, 0);
  cr_assert_eq (count_unwritten (place), 0);
  cr_assert_eq (stat (place, &status), 0);
  cr_assert_eq ((guint64) status.st_size, (guint64) SIZE);
}
