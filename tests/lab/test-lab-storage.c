/* What a libvirtd makes of the calls about pools and volumes (recipe A). Files are looked at, and
 * made, as what they are: both hosts are this machine. */
#include "labcalls.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define TIB (G_GUINT64_CONSTANT (1) << 40)
#define POOL "libmigrate-test"

TestSuite (storage_calls, .init = lab_calls_set_up, .fini = lab_calls_tear_down, .timeout = 120);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "a");
}

static gboolean
exists (const char *path)
{
  return g_file_test (path, G_FILE_TEST_EXISTS);
}

/* ---- pools ---- */

static MigrateCall *
make_pool (const char *pool, const char *folder, gboolean build)
{
  MigrateCall *call = lab_call (MIGRATE_CALL_POOL_CREATE, NULL, pool, NULL, folder);

  call->value = build;
  return call;
}

static MigrateCall *
remove_pool (const char *pool, const char *folder, gboolean with_folder)
{
  MigrateCall *call = lab_call (MIGRATE_CALL_POOL_REMOVE, NULL, pool, NULL, folder);

  call->value = with_folder;
  return call;
}

static gboolean
makes_folder (const char *pool, const char *folder)
{
  g_autoptr (MigrateCall) call = lab_ask (1, make_pool (pool, folder, TRUE));

  return call->value_out == 1;
}

/* In the folder that every test has. */
static void
need_pool (int host)
{
  g_autofree char *folder = lab_path (host, "");

  lab_do (host, make_pool (POOL, folder, FALSE));
}

Test (storage_calls, make_a_pool_and_its_folder)
{
  g_autofree char *folder = lab_path (1, "a & 'b'/c <d>, ..e");

  lab_refused (1, make_pool (POOL, folder, FALSE), MIGRATE_ERROR_NOT_FOUND, "no folder");
  cr_assert_not (exists (folder));
  cr_assert (makes_folder (POOL, folder));
  cr_assert (g_file_test (folder, G_FILE_TEST_IS_DIR));
  cr_assert_not (makes_folder (POOL, folder));
  lab_refused (1, make_pool ("libmigrate-other", folder, TRUE), MIGRATE_ERROR_BUSY, "conflict");
}

Test (storage_calls, remove_a_folder_that_is_empty)
{
  g_autofree char *folder = lab_path (1, "made");
  g_autofree char *file = g_build_filename (folder, "file", NULL);

  makes_folder (POOL, folder);
  lab_do (1, remove_pool (POOL, NULL, FALSE));
  cr_assert (exists (folder));
  cr_assert_not (makes_folder (POOL, folder));
  cr_assert (g_file_set_contents (file, "x", 1, NULL));
  lab_do (1, remove_pool (POOL, NULL, TRUE));
  cr_assert (exists (file));
  unlink (file);
  makes_folder (POOL, folder);
  lab_do (1, remove_pool (POOL, NULL, TRUE));
  cr_assert_not (exists (folder));
  lab_do (1, remove_pool (POOL, NULL, TRUE));
  lab_do (1, remove_pool (POOL, folder, TRUE));
}

static void
assert_no_pools (void)
{
  g_autofree char *left = lab_run ("virsh 1 pool-list --all --name");

  cr_assert_str_eq (g_strstrip (left), "");
}

Test (storage_calls, remove_the_folder_of_a_pool_that_is_gone)
{
  g_autofree char *folder = lab_path (1, "made");

  makes_folder (POOL, folder);
  g_free (lab_run ("virsh 1 pool-destroy " POOL));
  lab_do (1, remove_pool (POOL, NULL, TRUE));
  cr_assert (exists (folder));
  lab_do (1, remove_pool (POOL, folder, TRUE));
  cr_assert_not (exists (folder));
  assert_no_pools ();
}

Test (storage_calls, keep_a_pool_over_a_restart)
{
  g_autofree char *folder = lab_path (1, "made");

  makes_folder (POOL, folder);
  g_free (lab_run ("libvirtd 1 kill"));
  g_free (lab_run ("libvirtd 1 start"));
  lab_do (1, lab_call (MIGRATE_CALL_HOST_INFO, NULL, NULL, NULL, NULL)); /* connects again */
  cr_assert_not (makes_folder (POOL, folder));
  lab_do (1, remove_pool (POOL, NULL, TRUE));
  cr_assert_not (exists (folder));
  assert_no_pools ();
}

/* As a call that ended in the middle leaves it. */
Test (storage_calls, remove_a_pool_that_is_only_defined)
{
  g_autofree char *folder = lab_path (1, "made");

  for (int with_folder = 0; with_folder <= 1; with_folder++)
    {
      lab_pool (1, POOL, folder, FALSE);
      lab_do (1, remove_pool (POOL, NULL, with_folder));
      cr_assert_neq (exists (folder), with_folder);
      assert_no_pools ();
    }
}

Test (storage_calls, leave_a_folder_that_is_another_pools)
{
  g_autofree char *folder = lab_path (1, "made");

  makes_folder ("libmigrate-other", folder);
  lab_do (1, remove_pool (POOL, folder, TRUE));
  cr_assert (exists (folder));
}

/* ---- images ---- */

static MigrateCall *
create (const char *name, guint64 capacity, guint64 allocation, const char *target)
{
  g_autofree char *xml
    = g_markup_printf_escaped ("<volume><name>%s</name>"
                               "<capacity unit='bytes'>%" G_GUINT64_FORMAT "</capacity>"
                               "<allocation unit='bytes'>%" G_GUINT64_FORMAT "</allocation>",
                               name, capacity, allocation);
  g_autofree char *whole = g_strconcat (xml, "<target>", target, "</target></volume>", NULL);

  return lab_call (MIGRATE_CALL_VOLUME_CREATE, NULL, POOL, NULL, whole);
}

static MigrateCall *
create_raw (const char *name, guint64 capacity)
{
  return create (name, capacity, 0, "<format type='raw'/>");
}

static char *
image_info (const char *path)
{
  g_autofree char *quoted = g_shell_quote (path);

  return lab_run ("run 1 qemu-img info --output=json %s", quoted);
}

static void
assert_has (const char *text, const char *pattern)
{
  cr_assert (g_regex_match_simple (pattern, text, 0, 0), "%s is not in: %s", pattern, text);
}

Test (storage_calls, create_an_image_with_its_options)
{
  g_autofree char *path = lab_path (1, "a.qcow2");
  g_autofree char *info = NULL;
  g_autoptr (MigrateCall) told = NULL;

  need_pool (1);
  lab_do (1, create ("a.qcow2", 64 * MIB, 0,
                     "<format type='qcow2'/><compat>1.1</compat>"
                     "<clusterSize unit='KiB'>128</clusterSize>"
                     "<features><lazy_refcounts/></features>"));
  info = image_info (path);
  assert_has (info, "\"virtual-size\": 67108864");
  assert_has (info, "\"cluster-size\": 131072");
  assert_has (info, "\"compat\": \"1.1\"");
  assert_has (info, "\"lazy-refcounts\": true");
  told = lab_ask (1, lab_call (MIGRATE_CALL_VOLUME_INFO, NULL, POOL, "a.qcow2", NULL));
  assert_has (told->text_out, "<capacity unit='bytes'>67108864</capacity>");
  assert_has (told->text_out, "<lazy_refcounts/>");
  assert_has (told->text_out, "<clusterSize unit='B'>131072</clusterSize>");
}

Test (storage_calls, create_an_image_of_every_size)
{
  g_autofree char *path = lab_path (1, "a.qcow2");
  guint64 sizes[] = { 64 * MIB + 512, 64 * MIB - 512, 64 * MIB + 1024, MIB + 512 };

  need_pool (1);
  for (gsize i = 0; i < G_N_ELEMENTS (sizes); i++)
    {
      g_autofree char *wanted
        = g_strdup_printf ("\"virtual-size\": %" G_GUINT64_FORMAT ",", sizes[i]);
      MigrateCall *call = create ("a.qcow2", sizes[i], 0, "<format type='qcow2'/>");
      g_autofree char *info = NULL;

      call->value = sizes[i];
      lab_do (1, call);
      info = image_info (path);
      assert_has (info, wanted);
      lab_do (1, lab_call (MIGRATE_CALL_VOLUME_REMOVE, NULL, POOL, "a.qcow2", NULL));
    }
}

Test (storage_calls, create_nothing_over_something)
{
  static const char *const formats[] = { "raw", "qcow2" };
  g_autofree char *path = lab_path (1, "v");

  need_pool (1);
  for (gsize i = 0; i < G_N_ELEMENTS (formats); i++)
    {
      g_autofree char *target = g_strdup_printf ("<format type='%s'/>", formats[i]);
      g_autofree char *contents = NULL;

      g_free (lab_run ("run 1 sh -c 'echo mine > %s'", path)); /* which the pool does not know */
      lab_refused (1, create ("v", MIB, 0, target), MIGRATE_ERROR_BUSY, "exists");
      g_free (lab_run ("virsh 1 pool-refresh " POOL));
      lab_refused (1, create ("v", MIB, 0, target), MIGRATE_ERROR_BUSY, "exists");
      cr_assert (g_file_get_contents (path, &contents, NULL, NULL));
      cr_assert_str_eq (contents, "mine\n");
      unlink (path); /* which it does not know either */
      lab_do (1, create ("v", MIB, 0, target));
      unlink (path);
    }
}

Test (storage_calls, resize)
{
  g_autofree char *path = lab_path (1, "v");
  MigrateCall *call;
  struct stat status;

  need_pool (1);
  lab_do (1, create_raw ("v", MIB));
  for (int times = 0; times < 2; times++)
    {
      call = lab_call (MIGRATE_CALL_VOLUME_RESIZE, NULL, POOL, "v", NULL);
      call->value = 3 * MIB;
      lab_do (1, call);
    }
  cr_assert_eq (stat (path, &status), 0);
  cr_assert_eq ((guint64) status.st_size, 3 * MIB);
  call = lab_call (MIGRATE_CALL_VOLUME_RESIZE, NULL, POOL, "v", NULL);
  call->value = 2 * MIB;
  lab_refused (1, call, MIGRATE_ERROR_INVALID, "“v” of storage pool “" POOL "”");
}

Test (storage_calls, tell_what_a_volume_is_now)
{
  g_autofree char *path = lab_path (1, "v");
  g_autoptr (MigrateCall) by_path = NULL;
  g_autoptr (MigrateCall) by_name = NULL;

  need_pool (1);
  g_free (lab_run ("run 1 truncate -s 5000 %s", path));
  by_path = lab_ask (1, lab_call (MIGRATE_CALL_VOLUME_INFO, NULL, NULL, NULL, path));
  assert_has (by_path->text_out, "<physical unit='bytes'>5000</physical>");
  g_free (lab_run ("run 1 truncate -s 7000 %s", path));
  by_name = lab_ask (1, lab_call (MIGRATE_CALL_VOLUME_INFO, NULL, POOL, "v", NULL));
  assert_has (by_name->text_out, "<physical unit='bytes'>7000</physical>");
  unlink (path);
  lab_refused (1, lab_call (MIGRATE_CALL_VOLUME_INFO, NULL, POOL, "v", NULL),
               MIGRATE_ERROR_NOT_FOUND, "“v”");
  lab_refused (1, lab_call (MIGRATE_CALL_VOLUME_INFO, NULL, NULL, NULL, path),
               MIGRATE_ERROR_NOT_FOUND, path);
}

/* ---- bytes ---- */

static MigrateCall *
read_at (const char *name, guint64 offset, guint64 length)
{
  MigrateCall *call = lab_call (MIGRATE_CALL_VOLUME_READ_AT, NULL, POOL, name, NULL);

  call->storage.offset = offset;
  call->storage.length = length;
  return call;
}

static MigrateCall *
write_at (const char *name, guint64 offset, const char *data, gsize size)
{
  MigrateCall *call = lab_call (MIGRATE_CALL_VOLUME_WRITE_AT, NULL, POOL, name, NULL);

  call->storage.offset = offset;
  call->storage.bytes = g_bytes_new (data, size);
  return call;
}

/* Never zero, and different everywhere. */
static char *
pattern (guint64 from, gsize size)
{
  char *data = g_malloc (size);

  for (gsize i = 0; i < size; i++)
    data[i] = (char) (1 + ((from + i) * 2654435761u >> 11) % 255);
  return data;
}

typedef struct
{
  guint64 offset, length;
} Extent;

/* A file of that size with data there. */
static int
make_file (const char *name, guint64 size, const Extent *extents)
{
  g_autofree char *path = lab_path (1, name);
  int fd = open (path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);

  cr_assert_geq (fd, 0);
  cr_assert_eq (fchmod (fd, 0666), 0);
  cr_assert_eq (ftruncate (fd, (off_t) size), 0);
  for (gsize i = 0; extents != NULL && extents[i].length > 0; i++)
    {
      g_autofree char *data = pattern (extents[i].offset, extents[i].length);

      cr_assert_eq (pwrite (fd, data, extents[i].length, (off_t) extents[i].offset),
                    (gssize) extents[i].length);
    }
  return fd;
}

static void
assert_same (int fd, guint64 offset, GBytes *bytes)
{
  gsize size;
  const char *data = g_bytes_get_data (bytes, &size);
  g_autofree char *wanted = g_malloc (size);

  cr_assert_eq (pread (fd, wanted, size, (off_t) offset), (gssize) size);
  cr_assert (memcmp (data, wanted, size) == 0, "at %" G_GUINT64_FORMAT, offset);
}

/* What is said to be a hole is one. */
static void
assert_hole (int fd, guint64 offset, guint64 length)
{
  off_t data = lseek (fd, (off_t) offset, SEEK_DATA);

  cr_assert (length == 0 || data < 0 || (guint64) data >= offset + length,
             "data at %" G_GUINT64_FORMAT, (guint64) data);
}

/* Reads it to its end, which is where the file's is or the range's; the number of calls. */
static guint
read_all (const char *name, int fd, guint64 from, guint64 length, guint64 *carried)
{
  guint64 at = from, end = MIN (from + length, (guint64) lseek (fd, 0, SEEK_END));
  gboolean ended = FALSE;
  guint calls;

  *carried = 0;
  for (calls = 0; !ended; calls++)
    {
      g_autoptr (MigrateCall) call = lab_ask (1, read_at (name, at, from + length - at));
      gsize size = call->storage.bytes != NULL ? g_bytes_get_size (call->storage.bytes) : 0;

      cr_assert_leq (size, 8 * MIB);
      assert_hole (fd, at, call->storage.skipped);
      at += call->storage.skipped;
      if (size > 0)
        assert_same (fd, at, call->storage.bytes);
      at += size;
      *carried += size;
      ended = call->storage.ended;
      cr_assert (ended || call->storage.skipped + size > 0, "nothing, and no end");
    }
  cr_assert_eq (at, end, "ended at %" G_GUINT64_FORMAT, at);
  return calls;
}

static const Extent at_the_end[] = { { 3 * MIB, MIB }, { 0, 0 } };
static const Extent dense[] = { { 0, 20 * MIB + 12345 }, { 0, 0 } };
static const Extent ragged[]
  = { { 0, 100 },         { 64 << 10, 4096 },        { 5 * MIB, 70000 },      { 7 * MIB, 2 * MIB },
      { 40 * MIB, 4096 }, { 99 * MIB, 9 * MIB + 1 }, { 200 * MIB, 30 * MIB }, { 0, 0 } };
static const Extent far_away[] = { { TIB + 4096, MIB }, { 0, 0 } };

static const struct
{
  const char *what;
  guint64 size;
  const Extent *extents;
  guint64 carried; /* at the most */
  guint calls;     /* at the most */
} layouts[] = {
  { "empty", 0, NULL, 0, 1 },
  { "hole", 30 * MIB + 1, NULL, 0, 1 },
  { "hole, then data", 4 * MIB, at_the_end, MIB, 1 },
  { "data", 20 * MIB + 12345, dense, 20 * MIB + 12345, 3 },
  { "ragged", 250 * MIB, ragged, 49 * MIB, 12 },
  { "1 MiB in 2 TiB", 2 * TIB, far_away, MIB, 2 },
};

Test (storage_calls, read_data_and_holes)
{
  need_pool (1);
  for (gsize i = 0; i < G_N_ELEMENTS (layouts); i++)
    {
      int fd = make_file ("v", layouts[i].size, layouts[i].extents);
      guint64 carried;
      guint calls;

      g_free (lab_run ("virsh 1 pool-refresh " POOL));
      calls = read_all ("v", fd, 0, MAX (layouts[i].size, 1), &carried);
      cr_log_info ("%s: %u calls, %" G_GUINT64_FORMAT " bytes", layouts[i].what, calls, carried);
      cr_expect_leq (calls, layouts[i].calls, "%s: %u calls", layouts[i].what, calls);
      cr_expect_leq (carried, layouts[i].carried, "%s: %" G_GUINT64_FORMAT, layouts[i].what,
                     carried);
      close (fd);
    }
}

Test (storage_calls, read_what_is_asked_for)
{
  static const Extent asked[] = { { 0, 50 },
                                  { 99, 1 },
                                  { 64 << 10, 4097 },
                                  { 5 * MIB + 7, 3 * MIB },
                                  { 10 * MIB, 29 * MIB },
                                  { 249 * MIB, 5 * MIB },
                                  { 250 * MIB, 1 } };
  int fd = make_file ("v", 250 * MIB, ragged);
  guint64 carried;

  need_pool (1);
  for (gsize i = 0; i < G_N_ELEMENTS (asked); i++)
    read_all ("v", fd, asked[i].offset, asked[i].length, &carried);
  close (fd);
}

/* Many small holes are no reason for many calls. */
Test (storage_calls, read_a_comb)
{
  Extent extents[257] = { 0 };
  guint64 carried;
  guint calls;
  int fd;

  for (guint i = 0; i < 256; i++)
    extents[i] = (Extent){ i * (64 << 10), 16 << 10 };
  fd = make_file ("v", 16 * MIB, extents);
  need_pool (1);
  calls = read_all ("v", fd, 0, 16 * MIB, &carried);
  cr_assert_leq (calls, 4, "%u", calls);
  close (fd);
}

Test (storage_calls, write_where_they_are_told)
{
  static const Extent pieces[]
    = { { 5 * MIB, 3 * MIB + 17 }, { 0, 1 }, { 20 * MIB - 3, 3 }, { MIB, 262121 }, { 0, 0 } };
  g_autofree char *path = lab_path (1, "v");
  struct stat status;
  int fd;

  need_pool (1);
  lab_do (1, create_raw ("v", 20 * MIB));
  for (gsize i = 0; pieces[i].length > 0; i++)
    {
      g_autofree char *data = pattern (pieces[i].offset, pieces[i].length);

      lab_do (1, write_at ("v", pieces[i].offset, data, pieces[i].length));
    }
  fd = open (path, O_RDONLY | O_CLOEXEC);
  cr_assert_eq (fstat (fd, &status), 0);
  cr_assert_eq ((guint64) status.st_size, 20 * MIB);
  cr_assert_leq ((guint64) status.st_blocks * 512, 5 * MIB);
  for (gsize i = 0; pieces[i].length > 0; i++)
    {
      g_autofree char *data = pattern (pieces[i].offset, pieces[i].length);
      g_autoptr (GBytes) bytes = g_bytes_new (data, pieces[i].length);

      assert_same (fd, pieces[i].offset, bytes);
    }
  assert_hole (fd, 10 * MIB, 9 * MIB);
  close (fd);
}

Test (storage_calls, say_which_volume_is_not_there)
{
  need_pool (1);
  lab_refused (1, read_at ("no", 0, 10), MIGRATE_ERROR_NOT_FOUND,
               "find volume “no” of storage pool “" POOL "” on “");
  lab_refused (1, write_at ("no", 0, "x", 1), MIGRATE_ERROR_NOT_FOUND, "“no”");
}

/* ---- names ---- */

static const char *const names[]
  = { "a b", "a,b=c", "..a", "…ü", "<&>'\"", "%s%n", "a\\b", "-rf", "a\nb" };

Test (storage_calls, take_names_as_they_are)
{
  need_pool (1);
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *path = lab_path (1, names[i]);
      g_autoptr (MigrateCall) told = NULL;
      g_autoptr (MigrateCall) read = NULL;

      lab_do (1, create_raw (names[i], 4096));
      cr_assert (exists (path), "%s", path);
      lab_do (1, write_at (names[i], 7, "data", 4));
      read = lab_ask (1, read_at (names[i], 7, 4));
      cr_assert (g_bytes_get_size (read->storage.bytes) == 4
                 && memcmp (g_bytes_get_data (read->storage.bytes, NULL), "data", 4) == 0);
      told = lab_ask (1, lab_call (MIGRATE_CALL_VOLUME_INFO, NULL, POOL, names[i], NULL));
      lab_do (1, lab_call (MIGRATE_CALL_VOLUME_REMOVE, NULL, POOL, names[i], NULL));
      cr_assert_not (exists (path), "%s", path);
    }
}

/* libvirt takes no slash, and no newline. */
Test (storage_calls, refuse_names_that_are_none)
{
  need_pool (1);
  lab_refused (1, create_raw ("../v", MIB), MIGRATE_ERROR_INVALID, "/");
  lab_refused (1, create_raw ("", MIB), MIGRATE_ERROR_INVALID, "name");
}

/* ---- no room ---- */

static char *small; /* a file system of 8 MiB */

static void
unmount (void)
{
  if (small != NULL)
    umount2 (small, MNT_DETACH);
  g_clear_pointer (&small, g_free);
}

static void
mount_small (void)
{
  g_autofree char *uid = NULL;
  g_autofree char *options = NULL;

  if (getuid () != 0)
    cr_skip_test ("only root mounts a file system");
  small = lab_path (1, "small");
  g_free (lab_run ("run 1 mkdir %s", small));
  uid = lab_run ("run 1 id -u");
  options = g_strdup_printf ("size=8m,uid=%s", uid);
  cr_assert_eq (mount ("libmigrate-test", small, "tmpfs", 0, options), 0);
  lab_do (1, make_pool (POOL, small, FALSE));
}

static void
tear_down_small (void)
{
  unmount ();
  lab_calls_tear_down ();
}

TestSuite (storage_room, .init = lab_calls_set_up, .fini = tear_down_small, .timeout = 60);

Test (storage_room, is_missing_when_it_is_reserved)
{
  mount_small ();
  lab_refused (1, create ("v", 64 * MIB, 64 * MIB, "<format type='raw'/>"), MIGRATE_ERROR_NO_SPACE,
               "No space left on device");
  lab_do (1, create_raw ("v", 64 * MIB));
}

Test (storage_room, is_missing_when_it_is_written)
{
  g_autofree char *data = pattern (0, 16 * MIB);

  mount_small ();
  lab_do (1, create_raw ("v", 64 * MIB));
  lab_do (1, write_at ("v", 0, data, MIB));
  lab_refused (1, write_at ("v", MIB, data, 16 * MIB), MIGRATE_ERROR_NO_SPACE,
               "No space left on device");
}
