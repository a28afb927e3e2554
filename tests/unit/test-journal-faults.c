/* What goes wrong with the file while it is used. */
#include "journaltest.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

JOURNAL_SUITE (journal_faults);

Test (journal_faults, damaged_file)
{
  int fd;

  g_object_unref (journal_with_job ("job-1"));
  fd = open (path, O_WRONLY | O_CLOEXEC);
  cr_assert (fd >= 0);
  for (off_t at = 1024; at < 40960; at += 512)
    cr_assert (pwrite (fd, "garbage garbage garbage", 23, at) == 23);
  close (fd);
  assert_journal_error (path, "cannot be");
}

Test (journal_faults, file_that_was_removed)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  GError *error = NULL;

  cr_assert (g_unlink (path) == 0);
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "the file was moved or deleted");
}

Test (journal_faults, goes_on_after_a_write_that_failed)
{
  g_autoptr (MigrateJournal) journal = journal_with_job ("job-1");
  g_autofree char *text = g_strnfill (1 << 20, 'x');
  struct rlimit before, limit;
  GError *error = NULL;

  signal (SIGXFSZ, SIG_IGN);
  cr_assert (getrlimit (RLIMIT_FSIZE, &before) == 0);
  limit = before;
  limit.rlim_cur = 256 << 10;
  cr_assert (setrlimit (RLIMIT_FSIZE, &limit) == 0);
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun",
                                       g_variant_new_parsed ("{'text': <%s>}", text), &error));
  cr_assert (setrlimit (RLIMIT_FSIZE, &before) == 0);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "cannot be written: ");
  cr_assert (count_entries (journal) == 0);
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
  cr_assert (count_entries (journal) == 1);
}

Test (journal_faults, full_file_system)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *text = g_strnfill (1 << 20, 'x');
  GError *error = NULL;

  mount_small ();
  journal = journal_with_job ("job-1");
  cr_assert (!_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun",
                                       g_variant_new_parsed ("{'text': <%s>}", text), &error));
  cr_assert (error != NULL);
  cr_assert_str_eq (_migrate_error_private (error)->remedy, "Make room on its file system");
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "cannot be written: database or disk is full");
  cr_assert (_migrate_journal_append (journal, "job-1", 0, "step", "x", "begun", NULL, &error));
}

Test (journal_faults, read_only_file_system)
{
  g_autofree char *fresh = g_build_filename (folder, "new", "j.sqlite", NULL);

  mount_small ();
  g_object_unref (journal_with_job ("job-1"));
  cr_assert (mount (NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0);
  assert_journal_error (path, "cannot be opened: it can only be read");
  assert_journal_error (fresh, "Read-only file system");
}
