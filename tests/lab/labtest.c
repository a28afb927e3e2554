#include "labtest.h"

#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <libvirt/virterror.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the program ---- */

static char *
lab_script (void)
{
  const char *source = g_getenv ("MIGRATE_SOURCE_DIR");

  return g_build_filename (source != NULL ? source : ".", "tests/lab/lab", NULL);
}

/* Takes the lab down when the pipe closes: then main is done, or was killed in whatever way. In a
 * session of its own, so that it outlives a signal to main's group. */
static pid_t
guard_lab (int *pipe_end)
{
  g_autofree char *script = lab_script ();
  int ends[2];
  pid_t pid;
  char byte;

  g_assert_cmpint (pipe2 (ends, O_CLOEXEC), ==, 0);
  fflush (NULL);
  pid = fork ();
  if (pid != 0)
    {
      close (ends[0]);
      *pipe_end = ends[1];
      return pid;
    }
  setsid ();
  close (ends[1]);
  for (int fd = 0; fd < 3; fd++)
    dup2 (open ("/dev/null", O_RDWR), fd);
  while (read (ends[0], &byte, 1) != 0)
    continue;
  execlp ("bash", "bash", script, "down", NULL);
  _exit (127);
}

static gboolean
spawn_lab (char **words, char **output, char **said)
{
  g_autoptr (GError) error = NULL;
  int status;

  if (!g_spawn_sync (NULL, words, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, output, said, &status,
                     &error))
    {
      *output = g_strdup ("");
      *said = g_strdup (error->message);
      return FALSE;
    }
  return WIFEXITED (status) && WEXITSTATUS (status) == 0;
}

static gboolean
run_command (char **output, char **said, const char *command)
{
  g_autofree char *script = lab_script ();
  g_auto (GStrv) parsed = NULL;
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  g_auto (GStrv) words = NULL;

  g_assert_true (g_shell_parse_argv (command, NULL, &parsed, NULL));
  g_strv_builder_add_many (builder, "bash", script, NULL);
  g_strv_builder_addv (builder, (const char **) parsed);
  words = g_strv_builder_end (builder);
  return spawn_lab (words, output, said);
}

/* The tests find it all in their environment. */
static void
import_env (void)
{
  g_autofree char *output = NULL;
  g_autofree char *said = NULL;
  g_auto (GStrv) lines = NULL;

  run_command (&output, &said, "env");
  lines = g_strsplit (output, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      char *value = strchr (*line, '=');

      if (value == NULL)
        continue;
      *value++ = '\0';
      g_setenv (*line, value, TRUE);
    }
}

/* A fresh libvirtd answers this for the first time after seconds: not within a test's timeout. */
static void
warm_up (void)
{
  for (int host = 1; host <= 2; host++)
    lab_try (NULL, "virsh %d capabilities", host);
}

static gboolean
bring_up (const char *recipe)
{
  g_autofree char *command = g_strdup_printf ("up --recipe %s", recipe);
  g_autofree char *output = NULL;
  g_autofree char *said = NULL;

  if (run_command (&output, &said, command))
    {
      import_env ();
      warm_up ();
      return TRUE;
    }
  g_printerr ("%s", said);
  if (strstr (said, "is missing") == NULL)
    return FALSE;
  g_setenv ("LAB_SKIP", said, TRUE);
  return TRUE;
}

/* No guest on two hosts, no pool or socket, no QEMU that is no guest's. Here and not in a test, for
 * the order of suites is not ours to choose. */
static gboolean
nothing_is_left (void)
{
  g_autofree char *found = NULL;
  g_autofree char *said = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean ok = run_command (&found, &said, "leftovers");

  lines = g_strsplit (g_strchomp (found), "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) words = g_strsplit (*line, " ", -1);
      g_autofree char *domain = NULL;

      if (g_strv_length (words) < 3 || g_str_equal (words[0], "socket")
          || g_str_equal (words[1], "pool"))
        ok = FALSE;
      else if (g_str_equal (words[1], "qemu"))
        {
          domain = g_strdup_printf ("%s domain %s ", words[0], words[2]);
          ok &= strstr (found, domain) != NULL;
        }
    }
  if (!ok)
    g_printerr ("left over:\n%s\n%s", found, said);
  return ok;
}

int
lab_main (int argc, char **argv, const char *recipe)
{
  struct criterion_test_set *tests = criterion_initialize ();
  g_autofree char *dir = g_strdup_printf ("/tmp/lmt-%d", getpid ());
  int status = 0, pipe_end = -1;
  pid_t guard = -1;

  if (criterion_handle_args (argc, argv, true))
    {
      criterion_options.jobs = 1;
      g_setenv ("LAB_DIR", dir, TRUE);
      if (g_str_equal (recipe, "b") && getuid () != 0)
        g_setenv ("LAB_SKIP", "needs root", TRUE);
      else
        guard = guard_lab (&pipe_end);
      if (guard > 0 && !bring_up (recipe))
        status = 1;
      else
        status = !criterion_run_all_tests (tests) || (guard > 0 && !nothing_is_left ());
    }
  criterion_finalize (tests);
  if (guard > 0)
    {
      close (pipe_end);
      waitpid (guard, NULL, 0);
    }
  return status;
}

/* libvirt's own lines, about hosts that tests take away. */
static void
ignore_error (void *data, virErrorPtr said)
{
}

void
lab_set_up (void)
{
  virSetErrorFunc (NULL, ignore_error);
  if (g_getenv ("LAB_SKIP") != NULL)
    cr_skip_test ("%s", g_getenv ("LAB_SKIP"));
  cr_assert (migrate_events_start (NULL));
}

/* ---- tests/lab/lab ---- */

gboolean
lab_try (char **output, const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *said = NULL;
  g_autofree char *own = NULL;
  va_list args;
  gboolean ok;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  ok = run_command (output != NULL ? output : &own, &said, command);
  return ok;
}

char *
lab_run (const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *said = NULL;
  char *output = NULL;
  va_list args;
  gboolean ok;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  ok = run_command (&output, &said, command);
  cr_assert (ok, "lab %s: %s%s", command, said, output);
  return g_strchomp (output);
}

const char *
lab_env (const char *key)
{
  g_autofree char *name = g_strconcat ("LAB_", key, NULL);
  const char *value = g_getenv (name);

  cr_assert_not_null (value, "lab env tells no %s", name);
  return value;
}

char *
lab_env_host (const char *key, int host)
{
  g_autofree char *name = g_strdup_printf ("%s_%d", key, host);

  return g_strdup (lab_env (name));
}

gboolean
lab_wait_until (guint seconds, gboolean (*holds) (gpointer data), gpointer data)
{
  gint64 deadline = g_get_monotonic_time () + seconds * G_TIME_SPAN_SECOND;

  while (!holds (data))
    {
      if (g_get_monotonic_time () > deadline)
        return FALSE;
      g_usleep (50000);
    }
  return TRUE;
}

/* ---- guests ---- */

/* “hN STATE (REASON)” for each host; a libvirtd that a test left dead is started. */
static char **
look_at_hosts (const char *guest)
{
  for (int tries = 0;; tries++)
    {
      g_autofree char *where = lab_run ("where %s", guest);
      char **lines = g_strsplit (where, "\n", -1);
      gboolean all_answer = TRUE;

      cr_assert_eq (g_strv_length (lines), 2, "%s", where);
      for (int host = 1; host <= 2; host++)
        if (strstr (lines[host - 1], " unreachable") != NULL)
          {
            cr_assert_lt (tries, 2, "%s", where);
            all_answer = FALSE;
            lab_try (NULL, "libvirtd %d start", host);
          }
      if (all_answer)
        return lines;
      g_strfreev (lines);
    }
}

int
lab_need (const char *guest, const char *options)
{
  g_auto (GStrv) lines = look_at_hosts (guest);

  for (int host = 1; host <= 2; host++)
    if (strstr (lines[host - 1], " running") != NULL
        && g_str_has_suffix (lines[2 - host], " absent")
        && lab_try (NULL, "check-counter %s", guest))
      return host;
  lab_try (NULL, "clean-guest %s", guest);
  g_free (lab_run ("guest %s %s", guest, options));
  return 1;
}

void
lab_need_to_move (const char *guest, const char *options, int *from, int *to)
{
  *from = lab_need (guest, options);
  *to = 3 - *from;
}

void
lab_assert_at (const char *guest, int host, const char *state)
{
  g_autofree char *where = lab_run ("where %s", guest);
  g_autofree char *here = g_strdup_printf ("h%d %s", host, state);
  g_autofree char *there = g_strdup_printf ("h%d absent", 3 - host);
  g_auto (GStrv) lines = g_strsplit (where, "\n", -1);

  cr_assert (g_strv_contains ((const char *const *) lines, there), "wanted %s: %s", there, where);
  cr_assert (g_str_has_prefix (lines[host - 1], here), "wanted %s: %s", here, where);
}

void
lab_assert_off_at (const char *guest, int host)
{
  lab_assert_at (guest, host, "shut off");
}

void
lab_assert_alive (const char *guest)
{
  g_free (lab_run ("wait-counter %s +1 --timeout 60", guest));
  g_free (lab_run ("check-counter %s", guest));
}

gboolean
lab_has_autostart (const char *guest, int host)
{
  g_autofree char *info = lab_run ("virsh %d dominfo %s", host, guest);

  return g_regex_match_simple ("^Autostart: +enable$", info, G_REGEX_MULTILINE, 0);
}

/* ---- jobs ---- */

const char *
lab_journal_path (void)
{
  static char *path;

  if (path == NULL)
    path = g_strdup_printf ("%s/journal-%d/j.sqlite", lab_env ("DIR"), getpid ());
  return path;
}

MigrateJournal *
lab_journal_new (void)
{
  return migrate_sqlite_journal_new (lab_journal_path ());
}

MigrateHost *
lab_host_new (int host)
{
  g_autofree char *uri = lab_env_host ("URI", host);
  g_autofree char *peer = lab_env_host ("PEER_URI", host);
  g_autofree char *migration = lab_env_host ("MIGRATION_URI", host);
  MigrateHost *self = migrate_host_new (uri);

  migrate_host_set_peer_uri (self, peer);
  migrate_host_set_migration_uri (self, migration);
  return self;
}

MigrateJob *
lab_job_between (const char *guest, MigrateHost *from, MigrateHost *to)
{
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  MigrateJob *job = migrate_job_new (guest, from, to);

  migrate_job_set_journal (job, journal);
  return job;
}

MigrateJob *
lab_job_new (const char *guest, int from, int to)
{
  g_autoptr (MigrateHost) source = lab_host_new (from);
  g_autoptr (MigrateHost) destination = lab_host_new (to);

  return lab_job_between (guest, source, destination);
}

void
lab_set_policy (MigrateJob *job, const char *key, const char *value)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);
  g_autoptr (GError) error = NULL;

  cr_assert (migrate_policy_set (policy, key, value, &error), "%s", error->message);
  migrate_job_set_policy (job, policy);
}

MigrateOutcome
lab_outcome (MigrateJob *job)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);

  return result != NULL ? migrate_result_get_outcome (result) : MIGRATE_OUTCOME_NONE;
}

char *
lab_nick (GType type, int value)
{
  g_autoptr (GTypeClass) klass = g_type_class_ref (type);
  GEnumValue *found = g_enum_get_value (G_ENUM_CLASS (klass), value);

  return found != NULL ? g_strdup (found->value_nick) : g_strdup_printf ("%d", value);
}

GError *
lab_run_fails (MigrateJob *job, GCancellable *cancellable)
{
  GError *error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, cancellable, &error);

  cr_assert_null (result, "it did not fail");
  cr_assert_not_null (error);
  return error;
}

MigrateResult *
lab_run_works (MigrateJob *job, GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  MigrateResult *result = migrate_job_run (job, cancellable, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "no error either");
  return result;
}

void
lab_assert_code (const GError *error, int code)
{
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "%s %d: %s",
             g_quark_to_string (error->domain), error->code, error->message);
}

void
lab_assert_remedy (MigrateJob *job, const char *words)
{
  g_autoptr (MigrateFailure) failure = migrate_job_dup_failure (job);
  const char *remedy;

  cr_assert_not_null (failure);
  remedy = migrate_failure_get_remedy (failure);
  cr_assert (remedy != NULL && strstr (remedy, words) != NULL, "remedy “%s” of “%s”", remedy,
             migrate_failure_get_message (failure));
}

void
lab_assert_rest (MigrateJob *job, MigrateState state, MigrateOutcome outcome)
{
  g_autofree char *rests = lab_nick (MIGRATE_TYPE_STATE, (int) migrate_job_get_state (job));
  g_autofree char *came_to = lab_nick (MIGRATE_TYPE_OUTCOME, (int) lab_outcome (job));
  g_autoptr (MigrateFailure) failure = migrate_job_dup_failure (job);
  const char *why = failure != NULL ? migrate_failure_get_message (failure) : "no failure";

  cr_assert_eq (migrate_job_get_state (job), state, "state %s, outcome %s; %s", rests, came_to,
                why);
  cr_assert_eq (lab_outcome (job), outcome, "state %s, outcome %s; %s", rests, came_to, why);
  cr_assert_eq (migrate_job_get_phase (job), MIGRATE_PHASE_IDLE);
}

void
lab_assert_blocked_by (MigrateJob *job, const GError *error, const char *finding)
{
  g_autoptr (MigrateReport) report = migrate_job_dup_report (job);
  gboolean found = FALSE;

  lab_assert_code (error, MIGRATE_ERROR_BLOCKED);
  cr_assert_not_null (report);
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) item = g_list_model_get_item (G_LIST_MODEL (report), i);

      found |= migrate_finding_get_severity (item) == MIGRATE_SEVERITY_BLOCKER
               && g_str_equal (migrate_finding_get_code (item), finding);
    }
  cr_assert (found, "not blocked by %s: %s", finding, error->message);
}

void
lab_assert_moves (const char *guest, int from, int to)
{
  g_autoptr (MigrateJob) job = lab_job_new (guest, from, to);
  g_autoptr (MigrateResult) result = lab_run_works (job, NULL);

  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_at (guest, to, "running");
  lab_assert_alive (guest);
}

void
lab_assert_within (gint64 since, guint seconds)
{
  gint64 took = (g_get_monotonic_time () - since) / 1000;

  cr_assert_leq (took, (gint64) seconds * 1000, "it took %d ms", (int) took);
}

typedef struct
{
  double fraction;
  guint64 ms, reached_at;
  gboolean reached, done;
  LabAct act;
  gpointer data;
} When;

static void
on_progress (MigrateJob *job, MigrateProgress *progress, When *when)
{
  guint64 now = migrate_progress_get_elapsed_ms (progress);

  if (!when->reached && migrate_progress_get_phase (progress) == MIGRATE_PHASE_COPYING_MEMORY
      && migrate_progress_get_fraction (progress) >= when->fraction)
    {
      when->reached = TRUE;
      when->reached_at = now;
    }
  if (!when->reached || when->done || now < when->reached_at + when->ms)
    return;
  when->done = TRUE;
  when->act (when->data);
}

static void
when_free (gpointer data, GClosure *closure)
{
  g_free (data);
}

void
lab_when (MigrateJob *job, double fraction, guint ms, LabAct act, gpointer data)
{
  When *when = g_new0 (When, 1);

  when->fraction = fraction;
  when->ms = ms;
  when->act = act;
  when->data = data;
  g_signal_connect_data (job, "progress", G_CALLBACK (on_progress), when, when_free, 0);
}
