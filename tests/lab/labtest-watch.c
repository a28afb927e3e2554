/* The parts of labtest.h that need threads and processes: looking at both hosts all the time, and
 * controllers of their own. */
#include "labtest.h"
#include "look.h"

#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- both hosts ---- */

struct _LabWatch
{
  LabLook *look;
  GThread *thread;
  gint stop; /* atomic */
};

static gpointer
watch_main (gpointer data)
{
  LabWatch *self = data;

  while (!g_atomic_int_get (&self->stop))
    {
      lab_look_once (self->look);
      g_usleep (3000);
    }
  return NULL;
}

LabWatch *
lab_watch_start (const char *guest)
{
  LabWatch *self = g_new0 (LabWatch, 1);
  g_autofree char *uri_1 = lab_env_host ("URI", 1);
  g_autofree char *uri_2 = lab_env_host ("URI", 2);

  self->look = lab_look_new (guest, uri_1, uri_2);
  self->thread = g_thread_new ("watch", watch_main, self);
  return self;
}

void
lab_watch_stop (LabWatch *self, guint *samples, guint *twice)
{
  g_atomic_int_set (&self->stop, 1);
  g_thread_join (self->thread);
  *samples = lab_look_get_samples (self->look);
  *twice = lab_look_get_twice (self->look);
  lab_look_free (self->look);
  g_free (self);
}

/* ---- controllers ---- */

static char *
controller_program (void)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (self);

  return g_build_filename (folder, "lab-controller", NULL);
}

/* More of what it says; FALSE at its end or when the deadline is past. */
static gboolean
controller_read (LabController *self, gint64 deadline)
{
  gint64 left = (deadline - g_get_monotonic_time ()) / 1000;
  struct pollfd ready = { self->out, POLLIN, 0 };
  char buffer[4096];
  gssize got;

  if (poll (&ready, 1, (int) MAX (left, 0)) != 1)
    return FALSE;
  got = read (self->out, buffer, sizeof buffer);
  if (got > 0)
    g_string_append_len (self->text, buffer, got);
  return got > 0;
}

/* The value of the last whole line that begins so. */
static char *
controller_last (LabController *self, const char *word)
{
  g_auto (GStrv) lines = g_strsplit (self->text->str, "\n", -1);
  g_autofree char *prefix = g_strconcat (word, " ", NULL);

  for (int i = (int) g_strv_length (lines) - 2; i >= 0; i--)
    if (g_str_has_prefix (lines[i], prefix))
      return g_strdup (lines[i] + strlen (prefix));
  return NULL;
}

LabController *
lab_controller_start (const char *guest, int from, int to, const char *const *policy)
{
  LabController *self = g_new0 (LabController, 1);
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_autofree char *program = controller_program ();
  g_autofree char *source = lab_env_host ("URI", from);
  g_autofree char *destination = lab_env_host ("URI", to);
  g_autofree char *peer = lab_env_host ("PEER_URI", to);
  g_autofree char *migration = lab_env_host ("MIGRATION_URI", to);
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;

  g_strv_builder_add_many (builder, program, lab_journal_path (), guest, source, destination, peer,
                           migration, NULL);
  g_strv_builder_addv (builder, (const char **) policy);
  words = g_strv_builder_end (builder);
  cr_assert (g_spawn_async_with_pipes (NULL, words, NULL, G_SPAWN_DO_NOT_REAP_CHILD, NULL, NULL,
                                       &self->pid, NULL, &self->out, NULL, &error),
             "%s", error != NULL ? error->message : "");
  self->text = g_string_new (NULL);
  while ((self->id = controller_last (self, "job")) == NULL)
    cr_assert (controller_read (self, deadline), "the controller says nothing");
  return self;
}

void
lab_controller_await_progress (LabController *self, double fraction)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  for (;;)
    {
      g_autofree char *text = controller_last (self, "progress");

      if (text != NULL && g_ascii_strtod (text, NULL) >= fraction)
        return;
      cr_assert (controller_read (self, deadline), "it did not come to %f: %s", fraction,
                 self->text->str);
    }
}

void
lab_controller_await_phase (LabController *self, const char *phase)
{
  gint64 deadline = g_get_monotonic_time () + 60 * G_TIME_SPAN_SECOND;

  for (;;)
    {
      g_autofree char *last = controller_last (self, "phase");

      if (g_strcmp0 (last, phase) == 0)
        return;
      cr_assert (controller_read (self, deadline), "it did not come to %s: %s", phase,
                 self->text->str);
    }
}

char *
lab_controller_await_end (LabController *self, guint seconds)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;
  char *end;

  while ((end = controller_last (self, "end")) == NULL)
    cr_assert (controller_read (self, deadline), "it did not end: %s", self->text->str);
  waitpid (self->pid, NULL, 0);
  return end;
}

void
lab_controller_kill (LabController *self)
{
  kill (self->pid, SIGKILL);
  waitpid (self->pid, NULL, 0);
}

/* Stopped between two writes: a process that is stopped inside of one keeps the journal locked for
 * everybody, as it would with any SQLite file. */
static gboolean
journal_is_free (void)
{
  sqlite3 *db = NULL;
  gboolean free;

  free = sqlite3_open_v2 (lab_journal_path (), &db, SQLITE_OPEN_READWRITE, NULL) == SQLITE_OK
         && sqlite3_exec (db, "BEGIN IMMEDIATE; ROLLBACK", NULL, NULL, NULL) == SQLITE_OK;
  sqlite3_close (db);
  return free;
}

void
lab_controller_stop (LabController *self)
{
  int status;

  for (int i = 0; i < 100; i++)
    {
      cr_assert_eq (kill (self->pid, SIGSTOP), 0);
      cr_assert_eq (waitpid (self->pid, &status, WUNTRACED), self->pid);
      cr_assert (WIFSTOPPED (status), "it ended before it could be stopped");
      if (journal_is_free ())
        return;
      kill (self->pid, SIGCONT);
    }
  cr_assert_fail ("the controller never leaves the journal free");
}
