/* The probe of shared storage with real libvirtds (recipe A): one machine, so that a path is the
 * same file on both hosts, and a pool's name need not be. */
#include "labtest.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

static const char *folders[4];

static void
set_up (void)
{
  lab_set_up ();
  lab_try (NULL, "libvirtd 2 start"); /* what a test that failed left */
  lab_clear_storage ();
  folders[0] = lab_env ("SHARED");
  folders[1] = g_strdup (lab_env_host ("LOCAL", 1));
  folders[2] = g_strdup (lab_env_host ("LOCAL", 2));
  for (int i = 0; i < 3; i++)
    g_free (lab_run ("run 1 sh -c 'chmod u+w %s; rm -rf %s/* %s/.l*'", folders[i], folders[i],
                     folders[i]));
}

static void
tear_down (void)
{
  if (g_getenv ("LAB_SKIP") == NULL)
    lab_clear_storage ();
}

TestSuite (probe, .init = set_up, .fini = tear_down, .timeout = 180);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "a");
}

static void
define_with_file (const char *name)
{
  g_autofree char *source = g_strdup_printf ("file=\"%s/%s\"", folders[0], name);

  g_free (lab_run ("run 1 truncate -s 1M %s/%s", folders[0], name));
  lab_define_with_disk ("file", source);
}

Test (probe, shared)
{
  define_with_file ("s.img");
  lab_pool (1, "p", folders[0], TRUE);
  lab_pool (2, "p", folders[0], TRUE);
  lab_assert_sharing (folders, NULL, NULL);
}

Test (probe, takes_no_time)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;
  gint64 least = G_MAXINT64;

  define_with_file ("s.img");
  lab_pool (1, "p", folders[0], TRUE);
  lab_pool (2, "p", folders[0], TRUE);
  job = lab_job_new ("s", 1, 2);
  for (guint i = 0; i < 5; i++)
    {
      gint64 begun = g_get_monotonic_time ();

      g_clear_object (&report);
      report = migrate_job_check (job, NULL, NULL);
      least = MIN (least, g_get_monotonic_time () - begun);
      cr_assert_not_null (report);
    }
  cr_log_info ("a check that writes: %d ms", (int) (least / 1000));
  cr_assert_lt (least, 300 * G_TIME_SPAN_MILLISECOND, "%d ms", (int) (least / 1000));
}

Test (probe, pool_of_another_name)
{
  define_with_file ("s.img");
  lab_pool (1, "p", folders[0], TRUE);
  lab_pool (2, "images-of-mine", folders[0], TRUE);
  lab_assert_sharing (folders, NULL, NULL);
}

Test (probe, pool_that_is_not_active_stays_so)
{
  define_with_file ("s.img");
  lab_pool (1, "p", folders[0], TRUE);
  lab_pool (2, "p", folders[0], FALSE);
  lab_assert_sharing (folders, "disk-sharing-unproven",
                      "the destination has no active storage pool of folder");
}

Test (probe, no_pool)
{
  define_with_file ("s.img");
  lab_pool (2, "p", folders[0], TRUE);
  lab_assert_sharing (folders, "disk-sharing-unproven", "the source has no active storage pool");
}

static void
define_with_volume (void)
{
  g_free (lab_run ("run 1 truncate -s 1M %s/v.img", folders[1]));
  lab_pool (1, "v", folders[1], TRUE);
  lab_define_with_disk ("volume", "pool='v' volume='v.img'");
}

Test (probe, volumes_of_another_folder)
{
  define_with_volume ();
  lab_pool (2, "v", folders[2], TRUE);
  lab_assert_sharing (folders, "disk-not-shared", "neither host sees what the other wrote to “v”");
}

Test (probe, volumes_of_another_folder_with_a_file_of_that_name)
{
  define_with_volume ();
  g_free (lab_run ("run 2 truncate -s 1M %s/v.img", folders[2]));
  lab_pool (2, "v", folders[2], TRUE);
  lab_assert_sharing (folders, "disk-not-shared", "the destination has another file of that name");
}

Test (probe, volumes_of_one_folder)
{
  define_with_volume ();
  lab_pool (2, "v", folders[1], TRUE);
  lab_assert_sharing (folders, NULL, NULL);
}

Test (probe, writing_not_permitted_there)
{
  define_with_volume ();
  lab_pool (2, "v", folders[2], TRUE);
  g_free (lab_run ("run 2 chmod 0555 %s", folders[2]));
  lab_assert_sharing (folders, "disk-sharing-unproven", "Permission denied");
}

/* More than libvirt lists. What it lists is not looked at here, it takes long. */
Test (probe, more_files_than_libvirt_lists)
{
  g_autofree char *left = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFinding) finding = NULL;

  g_free (lab_run ("run 1 sh -c 'cd %s && seq 16500 | xargs touch'", folders[0]));
  define_with_file ("s.img");
  lab_pool (1, "p", folders[0], TRUE);
  lab_pool (2, "p", folders[0], TRUE);
  job = lab_job_new ("s", 1, 2);
  lab_set_policy (job, "call-timeout", "60000");
  report = migrate_job_check (job, NULL, NULL);
  cr_assert_not_null (report);
  finding = lab_find (report, "disk-");
  cr_assert_null (finding, "%s", finding != NULL ? migrate_finding_get_message (finding) : "");
  left = lab_run ("run 1 find %s -name '.libmigrate*'", folders[0]);
  cr_assert_str_eq (left, "");
}

/* Nothing was written yet: the check itself fails. */
Test (probe, unreachable_host)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (GError) error = NULL;

  define_with_file ("s.img");
  lab_pool (1, "p", folders[0], TRUE);
  lab_pool (2, "p", folders[0], TRUE);
  before = lab_storage_now (folders);
  g_free (lab_run ("libvirtd 2 kill"));
  job = lab_job_new ("s", 1, 2);
  report = migrate_job_check (job, NULL, &error);
  cr_assert_null (report);
  lab_assert_code (error, MIGRATE_ERROR_UNREACHABLE);
  g_free (lab_run ("libvirtd 2 start"));
  after = lab_storage_now (folders);
  cr_assert_str_eq (after, before);
}

/* ---- in mid-probe ---- */

typedef struct
{
  const char *folder;
  int signal;
  pid_t pid;
} Killer;

/* As soon as a probe's file is there. */
static gpointer
kill_at_file (gpointer data)
{
  Killer *self = data;
  int fd = inotify_init1 (IN_CLOEXEC);
  char buffer[4096] __attribute__ ((aligned (__alignof__(struct inotify_event))));

  inotify_add_watch (fd, self->folder, IN_CREATE);
  while (read (fd, buffer, sizeof buffer) > 0)
    {
      const struct inotify_event *event = (const struct inotify_event *) (gpointer) buffer;

      if (event->len > 0 && g_str_has_prefix (event->name, ".libmigrate-probe-"))
        break;
    }
  kill (self->pid, self->signal);
  close (fd);
  return NULL;
}

static MigrateReport *
check_with (MigrateJob *job, const char *folder, int signal, GError **error)
{
  g_autofree char *pid = lab_run ("libvirtd 2 pid");
  Killer killer = { folder, signal, (pid_t) atoi (pid) };
  GThread *thread = g_thread_new ("killer", kill_at_file, &killer);
  MigrateReport *report;

  g_usleep (100000); /* it watches */
  report = migrate_job_check (job, NULL, error);
  g_thread_join (thread);
  return report;
}

/* What the destination wrote is out of reach until its libvirtd is back; then the next check, or
 * its end of the job, removes it. */
static void
assert_clean_after (int signal, const char *way_back)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateReport) next = NULL;
  g_autoptr (MigrateFinding) finding = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  define_with_volume ();
  lab_pool (2, "v", folders[2], TRUE);
  before = lab_storage_now (folders);
  job = lab_job_new ("s", 1, 2);
  lab_set_policy (job, "call-timeout", "3000");
  report = check_with (job, folders[2], signal, &error);
  lab_assert_within (begun, 60);
  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  finding = lab_find (report, "disk-");
  cr_assert_str_eq (migrate_finding_get_code (finding), "disk-sharing-unproven", "%s",
                    migrate_finding_get_message (finding));

  g_free (lab_run ("libvirtd 2 %s", way_back));
  next = migrate_job_check (job, NULL, &error);
  cr_assert_not_null (next, "%s", error != NULL ? error->message : "");
  g_clear_object (&finding);
  finding = lab_find (next, "disk-");
  cr_assert_str_eq (migrate_finding_get_code (finding), "disk-not-shared", "%s",
                    migrate_finding_get_message (finding));
  after = lab_storage_now (folders);
  cr_assert_str_eq (after, before);
}

Test (probe, libvirtd_killed_in_mid_probe) { assert_clean_after (SIGKILL, "start"); }

Test (probe, libvirtd_hangs_in_mid_probe) { assert_clean_after (SIGSTOP, "resume"); }

/* Two at a time, of the same folder: neither disturbs the other. */
static gpointer
check_often (gpointer data)
{
  guint unknown = 0;

  for (guint i = 0; i < 10; i++)
    {
      g_autoptr (MigrateJob) job = lab_job_new ("s", 1, 2);
      g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, NULL);
      g_autoptr (MigrateFinding) finding = report != NULL ? lab_find (report, "disk-") : NULL;

      unknown += report == NULL || finding != NULL;
    }
  return GUINT_TO_POINTER (unknown);
}

Test (probe, several_at_once)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;
  GThread *threads[3];
  guint unknown = 0;

  define_with_file ("s.img");
  lab_pool (1, "p", folders[0], TRUE);
  lab_pool (2, "p", folders[0], TRUE);
  before = lab_storage_now (folders);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    threads[i] = g_thread_new ("check", check_often, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (threads); i++)
    unknown += GPOINTER_TO_UINT (g_thread_join (threads[i]));
  cr_assert_eq (unknown, 0, "%u of 30 could not tell", unknown);
  g_free (lab_run ("virsh 1 pool-refresh p"));
  g_free (lab_run ("virsh 2 pool-refresh p"));
  after = lab_storage_now (folders);
  cr_assert_str_eq (after, before);
}
