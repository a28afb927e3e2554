/* Help for the tests of the journal. */
#include "journaltest.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

char *folder;
char *path;

void
remove_tree (const char *place)
{
  g_autoptr (GDir) dir = g_dir_open (place, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *entry = g_build_filename (place, name, NULL);

      if (g_file_test (entry, G_FILE_TEST_IS_DIR) && !g_file_test (entry, G_FILE_TEST_IS_SYMLINK))
        remove_tree (entry);
      else
        g_unlink (entry);
    }
  g_rmdir (place);
}

void
journaltest_set_up (void)
{
  folder = g_dir_make_tmp ("migrate-journal-XXXXXX", NULL);
  cr_assert (folder != NULL);
  path = g_build_filename (folder, "state", "journal.sqlite", NULL);
}

void
journaltest_tear_down (void)
{
  if (seteuid (getuid ()) == 0)
    {
      umount2 (folder, MNT_DETACH); /* where a test mounted something */
      remove_tree (folder);
    }
  g_free (folder);
  g_free (path);
}

MigrateJournal *
journal_with_job (const char *id)
{
  MigrateJournal *journal = migrate_sqlite_journal_new (path);
  GError *error = NULL;

  _migrate_journal_add_job (
    journal, id,
    g_variant_new_parsed ("{'state': <'checked'>, 'guest': <'web1'>, 'guest-uuid': <%s>}", GUEST),
    &error);
  cr_assert (error == NULL, "%s", error != NULL ? error->message : "");
  return journal;
}

/* The error as it must be; and it is cleared. */
void
assert_error (GError **error, int code, const char *part)
{
  cr_assert (*error != NULL, "no error, “%s” expected", part);
  cr_assert (g_error_matches (*error, MIGRATE_ERROR, code), "wrong code %d: %s", (*error)->code,
             (*error)->message);
  cr_assert (strstr ((*error)->message, part) != NULL, "“%s” is not in “%s”", part,
             (*error)->message);
  g_clear_error (error);
}

void
assert_journal_error (const char *place, const char *part)
{
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new (place);
  GError *error = NULL;
  g_autoptr (GListModel) list = migrate_journal_list (journal, NULL, &error);

  cr_assert (list == NULL);
  cr_assert (error != NULL);
  cr_assert (_migrate_error_private (error) != NULL);
  cr_assert (_migrate_error_private (error)->remedy != NULL, "no remedy: %s", error->message);
  cr_assert (strstr (error->message, place) != NULL, "“%s” does not name the file", error->message);
  assert_error (&error, MIGRATE_ERROR_JOURNAL, part);
}

guint
mode_of (const char *place)
{
  struct stat st;

  cr_assert (lstat (place, &st) == 0, "%s: %s", place, g_strerror (errno));
  return st.st_mode & 07777;
}

void
execute (const char *place, const char *sql)
{
  sqlite3 *db = NULL;

  cr_assert (sqlite3_open (place, &db) == SQLITE_OK);
  cr_assert (sqlite3_exec (db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s", sqlite3_errmsg (db));
  cr_assert (sqlite3_close (db) == SQLITE_OK);
}

char *
lock_file (void)
{
  g_autofree char *state = g_path_get_dirname (path);
  g_autoptr (GDir) dir = g_dir_open (state, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    if (strstr (name, ".holder-") != NULL)
      return g_build_filename (state, name, NULL);
  return NULL;
}

guint
open_files (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/fd", 0, NULL);
  guint n = 0;

  while (g_dir_read_name (dir) != NULL)
    n++;
  return n;
}

Child
child_start (ChildWork work)
{
  Child child = { 0 };
  int ends[2];

  cr_assert (pipe2 (ends, O_CLOEXEC) == 0);
  child.pid = fork ();
  cr_assert (child.pid >= 0);
  if (child.pid == 0)
    {
      guint64 said;

      /* A test that fails kills nobody itself. */
      prctl (PR_SET_PDEATHSIG, SIGKILL);
      close (ends[0]);
      said = work ();
      if (write (ends[1], &said, sizeof said) == sizeof said)
        for (;;)
          pause ();
      _exit (1);
    }
  close (ends[1]);
  child.from = ends[0];
  return child;
}

guint64
child_wait (Child *child)
{
  cr_assert (read (child->from, &child->said, sizeof child->said) == sizeof child->said);
  return child->said;
}

void
child_kill (Child *child)
{
  kill (child->pid, SIGKILL);
  waitpid (child->pid, NULL, 0);
  close (child->from);
}

gsize
count_entries (MigrateJournal *journal)
{
  GError *error = NULL;
  g_autoptr (GVariant) entries = _migrate_journal_load_entries (journal, "job-1", &error);

  assert_no_error (error);
  return g_variant_n_children (entries);
}

void
become_nobody (void)
{
  if (getuid () != 0)
    cr_skip ("this test changes the user: it must run as root");
  cr_assert (chmod (folder, 0755) == 0);
  cr_assert (seteuid (NOBODY) == 0);
}

void
mount_small (void)
{
  if (unshare (CLONE_NEWNS) != 0 || mount (NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0
      || mount ("none", folder, "tmpfs", 0, "size=256k") != 0)
    cr_skip ("no right to mount a file system");
}
