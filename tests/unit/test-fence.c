/* The fence: asked through a request, with real commands. */
#include "steps/command-private.h"
#include "steps/fence-private.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

#define UUID "6a1c4a1e-2f8a-4f0e-9d52-6f6f5ab4f0aa"

static MigrateWork *work;
static char *folder;

static void
set_up (void)
{
  work = _migrate_work_new ("job");
  work->backend = _migrate_libvirt_backend ();
  work->queue = _migrate_queue_new ();
  work->policy = migrate_policy_new ();
  work->result->guest_name = g_strdup ("g0");
  work->result->guest_uuid = g_strdup (UUID);
  folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
}

static void
tear_down (void)
{
  const char *argv[] = { "rm", "-r", folder, NULL };

  g_clear_pointer (&work, _migrate_work_unref);
  g_spawn_sync (NULL, (char **) argv, NULL, G_SPAWN_SEARCH_PATH, NULL, NULL, NULL, NULL, NULL,
                NULL);
  g_clear_pointer (&folder, g_free);
}

TestSuite (fence, .init = set_up, .fini = tear_down, .timeout = 60);

typedef struct
{
  MigrateFence *fence;
  const char *name;
  gboolean reset;
  gboolean ok, proven, done; /* the last is atomic */
  GError *error;
} Asked;

static gpointer
ask_main (gpointer data)
{
  Asked *self = data;
  const MigrateFenceTarget target
    = { "qemu+ssh://root:secret@h9/system", self->name, MIGRATE_SIDE_SOURCE };

  self->ok = self->reset
               ? _migrate_fence_ask_reset_stream (work, self->fence, &target, &self->error)
               : _migrate_fence_ask (work, self->fence, &target, &self->proven, &self->error);
  g_atomic_int_set (&self->done, TRUE);
  g_main_context_wakeup (NULL);
  return NULL;
}

static gboolean
count_tick (gpointer data)
{
  (*(int *) data)++;
  return G_SOURCE_CONTINUE;
}

/* From a worker, as a recovery does, while this thread has the main loop. */
static int
ask (Asked *self)
{
  GThread *thread = g_thread_new ("ask", ask_main, self);
  int ticks = 0;
  guint source = g_timeout_add (10, count_tick, &ticks);

  while (!g_atomic_int_get (&self->done))
    g_main_context_iteration (NULL, TRUE);
  g_source_remove (source);
  g_thread_join (thread);
  cr_assert_eq (self->ok, self->error == NULL);
  return ticks;
}

static MigrateFence *
fence_new (const char *const *command, const char *const *probe, const char *const *reset)
{
  return g_object_new (MIGRATE_TYPE_COMMAND_FENCE, "command", command, "probe", probe,
                       "reset-stream", reset, "timeout", 2, NULL);
}

#define WORDS(...) ((const char *const[]){ __VA_ARGS__, NULL })
#define SHELL(script) WORDS ("/bin/sh", "-c", script, "sh", "{host}", "--id={uuid}")

static Asked
fence_with (const char *const *command, const char *const *probe)
{
  g_autoptr (MigrateFence) fence = fence_new (command, probe, NULL);
  Asked asked = { .fence = fence, .name = "rack7-2" };

  ask (&asked);
  return asked;
}

static void
assert_refused (Asked *asked, int code, const char *words)
{
  cr_assert_not_null (asked->error, "it did not fail");
  cr_assert (g_error_matches (asked->error, MIGRATE_ERROR, code), "code %d: %s", asked->error->code,
             asked->error->message);
  cr_assert_not_null (strstr (asked->error->message, words), "%s", asked->error->message);
  cr_assert_null (strstr (asked->error->message, "secret"));
  cr_assert_not (asked->proven);
  g_clear_error (&asked->error);
}

static char *
file (const char *name)
{
  return g_build_filename (folder, name, NULL);
}

Test (fence, without_a_probe_nothing_is_proven)
{
  Asked asked = fence_with (WORDS ("/bin/true"), NULL);

  cr_assert (asked.ok);
  cr_assert_not (asked.proven);
}

Test (fence, the_probe_proves)
{
  g_autofree char *dead = file ("dead");
  Asked asked = fence_with (WORDS ("/usr/bin/touch", dead), WORDS ("/usr/bin/test", "-e", dead));

  cr_assert (asked.ok, "%s", asked.error != NULL ? asked.error->message : "");
  cr_assert (asked.proven);
}

Test (fence, what_is_dead_is_not_fenced_again)
{
  g_autofree char *fenced = file ("fenced");
  Asked asked = fence_with (WORDS ("/usr/bin/touch", fenced), WORDS ("/bin/true"));

  cr_assert (asked.proven);
  cr_assert_not (g_file_test (fenced, G_FILE_TEST_EXISTS));
}

Test (fence, a_command_that_fails_may_have_done_it)
{
  g_autofree char *dead = file ("dead");
  g_autofree char *script = g_strdup_printf ("touch %s; exit 1", dead);
  Asked asked = fence_with (SHELL (script), WORDS ("/usr/bin/test", "-e", dead));

  cr_assert (asked.proven);
}

Test (fence, success_without_proof_is_none)
{
  Asked asked = fence_with (WORDS ("/bin/true"), WORDS ("/bin/false"));

  assert_refused (&asked, MIGRATE_ERROR_FAILED, "The probe does not prove that the guest is dead");
}

Test (fence, a_command_that_fails_is_quoted)
{
  Asked asked = fence_with (WORDS ("/bin/false"), NULL);

  assert_refused (&asked, MIGRATE_ERROR_FAILED, "Command “/bin/false” ended with exit code 1");
  asked = fence_with (SHELL ("echo 'no such outlet' >&2; exit 3"), WORDS ("/bin/false"));
  assert_refused (&asked, MIGRATE_ERROR_FAILED, "exit code 3; it said: no such outlet");
}

Test (fence, there_is_no_shell)
{
  g_autoptr (MigrateFence) fence = fence_new (SHELL ("printf '%s\\n' \"$@\"; exit 1"), NULL, NULL);
  Asked asked = { .fence = fence, .name = "a b;$(id) '\"* {uuid}" };

  ask (&asked);
  assert_refused (&asked, MIGRATE_ERROR_FAILED, "it said: a b;$(id) '\"* {uuid} | --id=" UUID);
}

Test (fence, a_command_sees_little_of_the_program)
{
  g_setenv ("MIGRATE_SECRET", "x", TRUE);
  Asked asked = fence_with (
    SHELL ("[ -z \"$MIGRATE_SECRET\" ] && [ \"$PATH\" ] && [ \"$(pwd)\" = / ] && ! read line "
           "&& [ \"$(ls /proc/self/fd | wc -l)\" -eq 4 ]"),
    NULL);

  cr_assert (asked.ok, "%s", asked.error != NULL ? asked.error->message : "");
}

/* The library's threads have all signals blocked. */
Test (fence, a_command_can_be_ended_by_a_signal)
{
  Asked asked = fence_with (SHELL ("kill -TERM $$; exit 0"), NULL);

  assert_refused (&asked, MIGRATE_ERROR_FAILED, "was ended by signal 15");
}

static gboolean
lives (const char *pid)
{
  g_autofree char *path = g_strdup_printf ("/proc/%s/stat", pid);
  g_autofree char *stat = NULL;

  return g_file_get_contents (path, &stat, NULL, NULL) && strstr (stat, ") Z ") == NULL;
}

Test (fence, a_command_that_hangs_is_killed_with_all_it_started)
{
  g_autofree char *path = file ("pid");
  g_autofree char *pid = NULL;
  g_autofree char *script
    = g_strdup_printf ("sleep 1000 & echo $! >%s; echo waiting; trap '' TERM; wait", path);
  g_autoptr (MigrateFence) fence = fence_new (SHELL (script), NULL, NULL);
  Asked asked = { .fence = fence, .name = "h" };
  gint64 began = g_get_monotonic_time ();
  int ticks = ask (&asked);

  assert_refused (&asked, MIGRATE_ERROR_TIMED_OUT,
                  "did not end within 2000 ms and was killed; it said: waiting");
  cr_assert_lt (g_get_monotonic_time () - began, 20 * G_TIME_SPAN_SECOND);
  cr_assert_gt (ticks, 20, "the main loop stood still: %d", ticks);
  cr_assert (g_file_get_contents (path, &pid, NULL, NULL));
  g_strstrip (pid);
  for (int i = 0; lives (pid); i++)
    {
      cr_assert_lt (i, 500, "%s lives", pid);
      g_usleep (10000);
    }
}

Test (fence, output_is_bounded_and_cannot_steer_a_terminal)
{
  Asked asked = fence_with (SHELL ("head -c 3000000 /dev/zero | tr '\\0' a; printf '\\033[2Jend'; "
                                   "exit 1"),
                            NULL);

  cr_assert_not_null (asked.error);
  cr_assert_lt (strlen (asked.error->message), 800);
  cr_assert_null (strchr (asked.error->message, '\033'));
  assert_refused (&asked, MIGRATE_ERROR_FAILED, "aaa[2Jend");
}

Test (fence, what_a_command_leaves_running_is_not_waited_for)
{
  Asked asked = fence_with (SHELL ("sleep 5 & exit 0"), NULL);

  cr_assert (asked.ok);
}

Test (fence, a_program_that_is_not_there)
{
  Asked asked = fence_with (WORDS ("/nonexistent/fence"), NULL);

  assert_refused (&asked, MIGRATE_ERROR_FAILED, "Command “/nonexistent/fence” cannot be run");
}

Test (fence, values_that_could_be_something_else_are_refused)
{
  static const char *const bad[] = { "-rf", "", "a\nb", "a\033b", "\xff" };

  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    {
      g_autoptr (GError) error = NULL;

      cr_assert_null (_migrate_command_expand (WORDS ("/bin/x", "{host}"), bad[i], UUID, &error));
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "row %zu", i);
      g_clear_error (&error);
      cr_assert_null (_migrate_command_expand (WORDS ("/bin/x", "{host}"), "h", bad[i], &error));
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "row %zu", i);
    }
}

Test (fence, templates_that_cannot_be_run_are_refused)
{
  g_autoptr (GError) error = NULL;

  cr_assert_null (_migrate_command_expand (WORDS (""), "h", UUID, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
  g_clear_error (&error);
  cr_assert_null (_migrate_command_expand (WORDS ("/opt/{host}"), "h", UUID, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID));
}

/* Before anything is done to a guest: its death could not be proven then. */
Test (fence, a_bad_probe_is_refused_before_the_command_is_run)
{
  g_autofree char *fenced = file ("fenced");
  Asked asked = fence_with (WORDS ("/usr/bin/touch", fenced), WORDS ("/opt/{host}"));

  assert_refused (&asked, MIGRATE_ERROR_INVALID, "must be named as it is");
  cr_assert_not (g_file_test (fenced, G_FILE_TEST_EXISTS));
}

Test (fence, the_host_is_called_by_its_uri_where_it_has_no_name)
{
  g_autoptr (MigrateFence) fence = fence_new (SHELL ("echo \"$1\"; exit 1"), NULL, NULL);
  Asked asked = { .fence = fence };

  ask (&asked);
  assert_refused (&asked, MIGRATE_ERROR_FAILED, "it said: qemu+ssh://root:…@h9/system");
}

Test (fence, resets_a_stream)
{
  g_autofree char *reset = file ("reset");
  g_autoptr (MigrateFence) fence = fence_new (NULL, NULL, WORDS ("/usr/bin/touch", reset));
  Asked asked = { .fence = fence, .name = "h", .reset = TRUE };

  ask (&asked);
  cr_assert (asked.ok);
  cr_assert (g_file_test (reset, G_FILE_TEST_EXISTS));
}

Test (fence, what_is_not_set_is_unsupported)
{
  g_autoptr (MigrateFence) fence = fence_new (NULL, NULL, NULL);
  Asked asked = { .fence = fence, .name = "h" };

  ask (&asked);
  assert_refused (&asked, MIGRATE_ERROR_UNSUPPORTED, "There is no command to fence with");
  asked = (Asked){ .fence = fence, .name = "h", .reset = TRUE };
  ask (&asked);
  assert_refused (&asked, MIGRATE_ERROR_UNSUPPORTED, "There is no command to reset a stream");
  asked = (Asked){ .fence = NULL, .name = "h" };
  ask (&asked);
  assert_refused (&asked, MIGRATE_ERROR_UNSUPPORTED, "There is no fence for guest “g0” on “h”");
}

/* ---- a fence of a program's own ---- */

#define TEST_TYPE_FENCE (test_fence_get_type ())
G_DECLARE_FINAL_TYPE (TestFence, test_fence, TEST, FENCE, GObject)

struct _TestFence
{
  GObject parent_instance;
  gboolean silent;
};

static gboolean
test_fence_fence (MigrateFence *iface, MigrateRequest *request)
{
  g_autoptr (GVariant) details = migrate_request_dup_details (request);

  if (TEST_FENCE (iface)->silent)
    return TRUE;
  cr_assert_eq (migrate_request_get_subject (request), MIGRATE_REQUEST_SUBJECT_FENCE);
  cr_assert_eq (migrate_request_get_side (request), MIGRATE_SIDE_SOURCE);
  cr_assert_str_eq (_migrate_variant_string (details, "guest-uuid"), UUID);
  cr_assert_str_eq (_migrate_variant_string (details, "host"), "qemu+ssh://root:…@h9/system");
  cr_assert_str_eq (_migrate_variant_string (details, "host-name"), "h");
  return migrate_request_answer (request, g_variant_new_parsed ("{'proven': <true>}"));
}

static void
test_fence_iface_init (MigrateFenceInterface *iface)
{
  iface->fence = test_fence_fence;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (TestFence, test_fence, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_FENCE, test_fence_iface_init))

static void
test_fence_class_init (TestFenceClass *klass)
{
}

static void
test_fence_init (TestFence *self)
{
}

Test (fence, a_program_s_own)
{
  g_autoptr (TestFence) fence = g_object_new (TEST_TYPE_FENCE, NULL);
  Asked asked = { .fence = MIGRATE_FENCE (fence), .name = "h" };

  ask (&asked);
  cr_assert (asked.proven);
  asked = (Asked){ .fence = MIGRATE_FENCE (fence), .name = "h", .reset = TRUE };
  ask (&asked);
  assert_refused (&asked, MIGRATE_ERROR_UNSUPPORTED, "does not implement this");
}

Test (fence, one_that_does_not_answer_is_given_up)
{
  g_autoptr (TestFence) fence = g_object_new (TEST_TYPE_FENCE, NULL);
  Asked asked = { .fence = MIGRATE_FENCE (fence), .name = "h" };

  fence->silent = TRUE;
  migrate_policy_set (work->policy, "fence-timeout", "1", NULL);
  ask (&asked);
  assert_refused (&asked, MIGRATE_ERROR_TIMED_OUT, "did not answer the fence within 1000 ms");
}
