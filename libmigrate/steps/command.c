/* See the header. The command gets no more of the program's world than it needs: no shell, no
 * environment but PATH, /dev/null to read from, no file of ours, a process group of its own. */
#include "steps/command-private.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define CLEAN_PATH "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define MOST_KEPT 512 /* bytes of what it said; the end tells why */
/* A killed process that does not go, for it waits in the kernel, is left. */
#define AFTER_KILL_MS 2000

/* ---- the template ---- */

static gboolean
check_value (const char *what, const char *value, GError **error)
{
  gboolean ok = value != NULL && *value != '\0' && *value != '-' && strlen (value) <= 2048
                && g_utf8_validate (value, -1, NULL);

  for (const char *c = value; ok && *c != '\0'; c = g_utf8_next_char (c))
    ok = !g_unichar_iscntrl (g_utf8_get_char (c));
  if (!ok)
    _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                        "The %s cannot be given to a command: it is empty, too long, begins with a "
                        "dash, or has a control character",
                        what);
  return ok;
}

/* One pass: what was put in is not looked at again. */
static char *
expand_word (const char *word, const char *host, const char *uuid)
{
  GString *text = g_string_new (NULL);

  while (*word != '\0')
    {
      if (g_str_has_prefix (word, "{host}"))
        {
          g_string_append (text, host);
          word += strlen ("{host}");
        }
      else if (g_str_has_prefix (word, "{uuid}"))
        {
          g_string_append (text, uuid);
          word += strlen ("{uuid}");
        }
      else
        g_string_append_c (text, *word++);
    }
  return g_string_free (text, FALSE);
}

char **
_migrate_command_expand (const char *const *words, const char *host, const char *uuid,
                         GError **error)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();

  if (words == NULL || words[0] == NULL || words[0][0] == '\0')
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */, "The command is empty");
      return NULL;
    }
  if (strchr (words[0], '{') != NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                          "The program of command “%s” must be named as it is", words[0]);
      return NULL;
    }
  if (!check_value ("host", host, error) || !check_value ("guest's UUID", uuid, error))
    return NULL;
  for (gsize i = 0; words[i] != NULL; i++)
    {
      g_autofree char *word = expand_word (words[i], host, uuid);

      g_strv_builder_add (builder, word);
    }
  return g_strv_builder_end (builder);
}

/* ---- running ---- */

typedef struct
{
  GMainContext *context; /* of this thread, for this run */
  GSubprocess *process;
  GPollableInputStream *output; /* the process's */
  GString *said;
  gboolean ended, late, left;
} Run;

/* In the child, between fork and exec: only what is safe after a fork. */
static void
prepare_child (gpointer data)
{
  sigset_t none;

  setpgid (0, 0);
  /* Our threads have all signals blocked, and a mask is inherited. */
  sigemptyset (&none);
  sigprocmask (SIG_SETMASK, &none, NULL);
}

static GSubprocess *
spawn (const char *const *argv, GError **error)
{
  static const char *const environment[] = { CLEAN_PATH, NULL };
  g_autoptr (GSubprocessLauncher) launcher
    = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_MERGE
                                 | G_SUBPROCESS_FLAGS_SEARCH_PATH_FROM_ENVP);
  g_autoptr (GError) failed = NULL;
  GSubprocess *process;

  g_subprocess_launcher_set_environ (launcher, (char **) environment);
  g_subprocess_launcher_set_cwd (launcher, "/");
  g_subprocess_launcher_set_child_setup (launcher, prepare_child, NULL, NULL);
  process = g_subprocess_launcher_spawnv (launcher, argv, &failed);
  if (process == NULL)
    _migrate_set_error (error, MIGRATE_ERROR_FAILED, NULL /* remedy */,
                        "Command “%s” cannot be run: %s", argv[0], failed->message);
  return process;
}

typedef enum
{
  OUTPUT_MORE,
  OUTPUT_LATER,
  OUTPUT_END
} Output;

static Output
read_some (Run *self)
{
  char buffer[4096];
  g_autoptr (GError) error = NULL;
  gssize n
    = g_pollable_input_stream_read_nonblocking (self->output, buffer, sizeof buffer, NULL, &error);

  if (n <= 0)
    return g_error_matches (error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK) ? OUTPUT_LATER : OUTPUT_END;
  g_string_append_len (self->said, buffer, n);
  if (self->said->len > MOST_KEPT)
    g_string_erase (self->said, 0, (gssize) (self->said->len - MOST_KEPT));
  return OUTPUT_MORE;
}

static gboolean
on_output (GObject *stream, gpointer data)
{
  return read_some (data) != OUTPUT_END ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

/* What it said last is still in the pipe. Bounded: what it left running may go on talking. */
static void
read_rest (Run *self)
{
  for (int i = 0; i < 32 && read_some (self) == OUTPUT_MORE; i++)
    ;
}

static void
on_ended (GObject *object, GAsyncResult *result, gpointer data)
{
  Run *self = data;

  self->ended = g_subprocess_wait_finish (G_SUBPROCESS (object), result, NULL);
  self->left |= !self->ended;
}

static gboolean
on_left (gpointer data)
{
  ((Run *) data)->left = TRUE;
  return G_SOURCE_REMOVE;
}

static void
add_timeout (Run *self, guint ms, GSourceFunc func)
{
  g_autoptr (GSource) source = g_timeout_source_new (ms);

  g_source_set_callback (source, func, self, NULL);
  g_source_attach (source, self->context);
}

static gboolean
on_late (gpointer data)
{
  Run *self = data;
  const char *pid = g_subprocess_get_identifier (self->process);

  self->late = TRUE;
  if (pid != NULL)
    kill (-(pid_t) g_ascii_strtoll (pid, NULL, 10), SIGKILL);
  g_subprocess_force_exit (self->process);
  add_timeout (self, AFTER_KILL_MS, on_left);
  return G_SOURCE_REMOVE;
}

static void
run_to_end (Run *self, guint timeout_ms)
{
  g_autoptr (GCancellable) leaving = g_cancellable_new ();
  g_autoptr (GSource) output
    = g_pollable_input_stream_create_source (self->output, NULL /* cancellable */);

  g_source_set_callback (output, G_SOURCE_FUNC (on_output), self, NULL);
  g_source_attach (output, self->context);
  add_timeout (self, timeout_ms, on_late);
  g_subprocess_wait_async (self->process, leaving, on_ended, self);
  while (!self->ended && !self->left)
    g_main_context_iteration (self->context, TRUE);
  if (!self->ended)
    {
      /* The callback, which holds self, must have come before we go. */
      self->left = FALSE;
      g_cancellable_cancel (leaving);
      while (!self->ended && !self->left)
        g_main_context_iteration (self->context, TRUE);
    }
  g_source_destroy (output);
  read_rest (self);
}

/* On one line, and nothing that a terminal would obey. */
static char *
quote (const char *said)
{
  g_autofree char *valid = g_utf8_make_valid (said, -1);
  GString *text = g_string_new (NULL);

  for (const char *c = g_strstrip (valid); *c != '\0'; c = g_utf8_next_char (c))
    {
      gunichar letter = g_utf8_get_char (c);

      if (letter == '\n')
        g_string_append (text, " | ");
      else if (!g_unichar_iscntrl (letter))
        g_string_append_unichar (text, letter);
    }
  return g_string_free (text, FALSE);
}

static gboolean
judge (Run *self, const char *name, guint timeout_ms, GError **error)
{
  g_autofree char *said = quote (self->said->str);
  g_autofree char *how = NULL;
  gboolean in_time = self->ended && !self->late;

  if (in_time && g_subprocess_get_successful (self->process))
    return TRUE;
  if (!in_time)
    how = g_strdup_printf ("did not end within %u ms and was killed", timeout_ms);
  else if (g_subprocess_get_if_exited (self->process))
    how = g_strdup_printf ("ended with exit code %d", g_subprocess_get_exit_status (self->process));
  else
    how = g_strdup_printf ("was ended by signal %d", g_subprocess_get_term_sig (self->process));
  _migrate_set_error (error, in_time ? MIGRATE_ERROR_FAILED : MIGRATE_ERROR_TIMED_OUT,
                      NULL /* remedy */, "Command “%s” %s%s%s", name, how,
                      *said != '\0' ? "; it said: " : "", said);
  return FALSE;
}

gboolean
_migrate_command_run (const char *const *argv, guint timeout_ms, GError **error)
{
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (GString) said = g_string_new (NULL);
  g_autoptr (GSubprocess) process = NULL;
  Run self = { .context = context, .said = said };
  gboolean ok = FALSE;

  /* What tells of the process's end comes to the context that it was started in. */
  g_main_context_push_thread_default (context);
  process = spawn (argv, error);
  if (process != NULL)
    {
      self.process = process;
      self.output = G_POLLABLE_INPUT_STREAM (g_subprocess_get_stdout_pipe (process));
      run_to_end (&self, timeout_ms);
      ok = judge (&self, argv[0], timeout_ms, error);
    }
  g_main_context_pop_thread_default (context);
  return ok;
}
