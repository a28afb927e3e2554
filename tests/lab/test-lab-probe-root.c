/* The probe of shared storage between hosts that have mounts of their own (recipe B: root): the
 * same path is one folder, or another one, or one of the two may not write to it. */
#include "labtest.h"

#include <string.h>

#define OWN "/srv/local"
#define FULL "/srv/full"
#define LINK "/srv/link"

static const char *shared;

/* Whatever a test has mounted, and left in the folders. */
static void
clear_mounts (void)
{
  for (int host = 1; host <= 2; host++)
    g_free (lab_inside (host,
                        "umount -l %s " FULL " 2>/dev/null; rm -rf " FULL " " LINK " " OWN "/*; "
                        "mkdir -p " FULL "; find %s " OWN " -name '.libmigrate*' -delete; "
                        "rm -f %s/s.img %s/real.img; true",
                        shared, shared, shared, shared));
}

static void
set_up (void)
{
  lab_set_up ();
  shared = lab_env ("SHARED");
  lab_clear_storage ();
  clear_mounts ();
  g_free (lab_inside (1, "truncate -s 1M %s/s.img", shared));
}

static void
tear_down (void)
{
  if (g_getenv ("LAB_SKIP") != NULL)
    return;
  lab_clear_storage ();
  clear_mounts ();
}

TestSuite (probe, .init = set_up, .fini = tear_down, .timeout = 180);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "b");
}

static void
define_in (const char *folder)
{
  g_autofree char *source = g_strdup_printf ("file='%s/s.img'", folder);

  lab_define_with_disk ("file", source);
}

static void
assert_sharing_of (const char *folder, const char *code, const char *message)
{
  const char *const folders[] = { folder, NULL };

  define_in (folder);
  lab_pool (1, "p", folder, TRUE);
  lab_pool (2, "p", folder, TRUE);
  lab_assert_sharing (folders, code, message);
}

Test (probe, folder_that_both_have) { assert_sharing_of (shared, NULL, NULL); }

Test (probe, path_that_is_each_hosts_own)
{
  g_free (lab_inside (1, "truncate -s 1M " OWN "/s.img"));
  assert_sharing_of (OWN, "disk-not-shared", "neither host sees what the other wrote to “" OWN "”");
}

Test (probe, same_path_but_another_file)
{
  for (int host = 1; host <= 2; host++)
    g_free (lab_inside (host, "truncate -s 1M " OWN "/s.img"));
  assert_sharing_of (OWN, "disk-not-shared", "the destination has another file of that name");
}

static void
make_read_only (int host)
{
  g_free (
    lab_inside (host, "mount --bind %s %s && mount -o remount,ro,bind %s", shared, shared, shared));
}

Test (probe, read_only_there)
{
  make_read_only (2);
  assert_sharing_of (shared, "disk-sharing-unproven", "Read-only file system");
}

Test (probe, read_only_here)
{
  make_read_only (1);
  assert_sharing_of (shared, "disk-sharing-unproven", "Read-only file system");
}

static void
fill (int host)
{
  g_free (lab_inside (host, "mount -t tmpfs -o size=16k tmpfs " FULL "; cat /dev/zero >" FULL
                            "/all 2>/dev/null; true"));
}

Test (probe, full_there)
{
  fill (2);
  assert_sharing_of (FULL, "disk-sharing-unproven", "No space left on device");
}

Test (probe, full_here)
{
  fill (1);
  assert_sharing_of (FULL, "disk-sharing-unproven", "No space left on device");
}

/* The pool's target is another text, though it is the same folder: libvirt does not find it. */
Test (probe, path_through_a_link)
{
  const char *const folders[] = { shared, LINK "/", NULL };

  for (int host = 1; host <= 2; host++)
    {
      g_free (lab_inside (host, "ln -s %s " LINK, shared));
      lab_pool (host, "p", shared, TRUE);
    }
  define_in (LINK);
  lab_assert_sharing (folders, "disk-sharing-unproven",
                      "the source has no active storage pool of folder “" LINK "”");
}

/* One name in a folder that both have, and a file of each host's own behind it. */
Test (probe, link_to_a_file_of_each_host)
{
  for (int host = 1; host <= 2; host++)
    g_free (lab_inside (host, "truncate -s 1M " OWN "/o.img"));
  g_free (lab_inside (1, "ln -sf " OWN "/o.img %s/s.img", shared));
  assert_sharing_of (shared, "disk-sharing-unproven",
                     "a link may lead to a file of each host's own");
}

Test (probe, link_to_a_file_of_one_host)
{
  g_free (lab_inside (1, "truncate -s 1M " OWN "/o.img"));
  g_free (lab_inside (1, "ln -sf " OWN "/o.img %s/s.img", shared));
  assert_sharing_of (shared, "disk-sharing-unproven", "the destination has no file");
}

Test (probe, link_to_a_file_that_both_have)
{
  g_free (lab_inside (1, "truncate -s 1M %s/real.img && ln -sf real.img %s/s.img", shared, shared));
  assert_sharing_of (shared, NULL, NULL);
}

/* As a guest does: there is never a moment at which both say the same. */
Test (probe, file_that_is_written_to)
{
  g_autofree char *pid
    = lab_inside (1,
                  "timeout 60 sh -c 'while :; do echo x | dd of=%s/s.img conv=notrunc; done' "
                  ">/dev/null 2>&1 & echo $!",
                  shared);

  assert_sharing_of (shared, NULL, NULL);
  g_free (lab_inside (1, "kill %s", pid));
}

/* A volume's pool may have its folder elsewhere there. */
Test (probe, volumes_of_one_folder_with_two_paths)
{
  const char *const folders[] = { shared, FULL, NULL };

  g_free (lab_inside (2, "mount --bind %s " FULL, shared));
  lab_pool (1, "v", shared, TRUE);
  lab_pool (2, "v", FULL, TRUE);
  lab_define_with_disk ("volume", "pool='v' volume='s.img'");
  lab_assert_sharing (folders, NULL, NULL);
}

/* A host without power: the check fails before it writes. */
Test (probe, host_without_power)
{
  const char *const folders[] = { shared, NULL };
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GError) error = NULL;

  define_in (shared);
  lab_pool (1, "p", shared, TRUE);
  before = lab_storage_now (folders);
  g_free (lab_run ("power-off 2"));
  job = lab_job_new ("s", 1, 2);
  report = migrate_job_check (job, NULL, &error);
  g_free (lab_run ("power-on 2"));
  cr_assert_null (report);
  lab_assert_code (error, MIGRATE_ERROR_UNREACHABLE);
  after = lab_storage_now (folders);
  cr_assert_str_eq (after, before);
}
