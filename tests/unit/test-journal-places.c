/* Where the file may lie, and what is refused. */
#include "journaltest.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

JOURNAL_SUITE (journal_places);

Test (journal_places, default_place_of_root)
{
  g_autoptr (MigrateJournal) journal = NULL;

  if (geteuid () != 0)
    cr_skip ("this test must run as root");
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert_str_eq (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)),
                    "/var/lib/libmigrate/journal.sqlite");
}

Test (journal_places, default_place_of_a_user)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *home = g_build_filename (folder, "home", NULL);
  g_autofree char *expected
    = g_build_filename (home, ".local/state/libmigrate/journal.sqlite", NULL);
  g_autofree char *xdg = g_build_filename (folder, "libmigrate/journal.sqlite", NULL);
  GError *error = NULL;

  become_nobody ();
  cr_assert (seteuid (0) == 0 && g_mkdir (home, 0700) == 0 && chown (home, NOBODY, -1) == 0);
  cr_assert (seteuid (NOBODY) == 0);
  g_setenv ("HOME", home, TRUE);
  g_setenv ("XDG_STATE_HOME", folder, TRUE);
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert_str_eq (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)), xdg);
  g_clear_object (&journal);
  g_setenv ("XDG_STATE_HOME", "not/absolute", TRUE);
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert_str_eq (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)), expected);
  cr_assert (_migrate_journal_add_job (journal, "job-1", NULL, &error));
  cr_assert (mode_of (expected) == 0600);
}

Test (journal_places, no_home)
{
  g_autoptr (MigrateJournal) journal = NULL;
  GError *error = NULL;

  become_nobody ();
  g_unsetenv ("HOME");
  g_unsetenv ("XDG_STATE_HOME");
  journal = migrate_sqlite_journal_new (NULL);
  cr_assert (migrate_sqlite_journal_get_path (MIGRATE_SQLITE_JOURNAL (journal)) == NULL);
  cr_assert (migrate_journal_list (journal, NULL, &error) == NULL);
  cr_assert (error != NULL);
  cr_assert (strstr (_migrate_error_private (error)->remedy, "XDG_STATE_HOME") != NULL);
  cr_assert (strstr (_migrate_error_private (error)->remedy, "none") != NULL);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, "neither XDG_STATE_HOME nor HOME");
}

Test (journal_places, a_path_does_not_follow_the_directory)
{
  g_autoptr (MigrateJournal) journal = NULL;
  g_autofree char *here = g_build_filename (folder, "j.sqlite", NULL);
  GError *error = NULL;

  cr_assert (chdir (folder) == 0);
  journal = migrate_sqlite_journal_new ("j.sqlite");
  cr_assert (chdir ("/") == 0);
  cr_assert (_migrate_journal_add_job (journal, "job-1", NULL, &error));
  assert_no_error (error);
  cr_assert (g_file_test (here, G_FILE_TEST_EXISTS));
}

Test (journal_places, folder_that_cannot_be_made)
{
  become_nobody ();
  assert_journal_error (path, "cannot be made or entered: Permission denied");
}

Test (journal_places, folder_that_cannot_be_written)
{
  g_autofree char *file = g_build_filename (folder, "j.sqlite", NULL);

  become_nobody ();
  assert_journal_error (file, "cannot be opened: Permission denied");
}

/* The file is ours, the folder is not: SQLite cannot make its log. */
Test (journal_places, log_that_cannot_be_made)
{
  g_autofree char *state = g_path_get_dirname (path);

  g_object_unref (journal_with_job ("job-1"));
  become_nobody ();
  cr_assert (seteuid (0) == 0 && chmod (state, 0755) == 0 && chown (path, NOBODY, -1) == 0);
  cr_assert (seteuid (NOBODY) == 0);
  assert_journal_error (path, "cannot be opened: attempt to write a readonly database");
}

Test (journal_places, file_that_can_only_be_read)
{
  g_autofree char *state = g_path_get_dirname (path);

  g_object_unref (journal_with_job ("job-1"));
  become_nobody ();
  cr_assert (seteuid (0) == 0 && chmod (path, 0400) == 0);
  cr_assert (chown (path, NOBODY, -1) == 0 && chown (state, NOBODY, -1) == 0);
  cr_assert (seteuid (NOBODY) == 0);
  assert_journal_error (path, "cannot be opened: it can only be read");
}

Test (journal_places, file_of_another_user)
{
  g_object_unref (journal_with_job ("job-1"));
  if (getuid () != 0)
    cr_skip ("this test gives files away: it must run as root");
  cr_assert (chown (path, NOBODY, -1) == 0);
  assert_journal_error (path, "it belongs to user 65534, this program runs as user 0");
}

Test (journal_places, file_that_others_can_write)
{
  g_object_unref (journal_with_job ("job-1"));
  cr_assert (chmod (path, 0602) == 0);
  assert_journal_error (path, "others may write to it");
  cr_assert (chmod (path, 0620) == 0);
  assert_journal_error (path, "others may write to it");
}

Test (journal_places, folder_that_others_can_write)
{
  g_autofree char *state = g_path_get_dirname (path);

  cr_assert (g_mkdir (state, 0700) == 0 && chmod (state, 0777) == 0);
  assert_journal_error (path, "others may replace files in its folder");
  cr_assert (chmod (state, 01777) == 0);
  g_object_unref (journal_with_job ("job-1"));
}

Test (journal_places, not_a_file)
{
  g_autofree char *link = g_build_filename (folder, "link.sqlite", NULL);

  g_object_unref (journal_with_job ("job-1"));
  cr_assert (symlink (path, link) == 0);
  assert_journal_error (link, "it is not a regular file");
  assert_journal_error (folder, "it is not a regular file");
  assert_journal_error ("/dev/null", "it is not a regular file");
}

Test (journal_places, not_a_database)
{
  g_autofree char *file = g_build_filename (folder, "j.sqlite", NULL);
  g_autofree char *text = g_strnfill (5000, 'x');

  cr_assert (g_file_set_contents_full (file, text, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
  assert_journal_error (file, "cannot be opened: file is not a database");
}

Test (journal_places, database_of_another_program)
{
  g_autofree char *file = g_build_filename (folder, "j.sqlite", NULL);

  execute (file, "CREATE TABLE cookies (name)");
  cr_assert (chmod (file, 0600) == 0);
  assert_journal_error (file, "it is a database of another program");
}

/* A file system without shared memory: SQLite's own stand-in for one. */
Test (journal_places, works_without_wal)
{
  g_autofree char *wal = g_strconcat (path, "-wal", NULL);
  g_autoptr (MigrateJournal) journal = NULL;
  GError *error = NULL;

  sqlite3_vfs_register (sqlite3_vfs_find ("unix-dotfile"), TRUE);
  journal = journal_with_job ("job-1");
  cr_assert (_migrate_journal_claim (journal, GUEST, "job-1", &error) == 1);
  cr_assert (_migrate_journal_append (journal, "job-1", 1, "step", "x", "begun", NULL, &error));
  cr_assert (count_entries (journal) == 1);
  cr_assert (!g_file_test (wal, G_FILE_TEST_EXISTS));
}
