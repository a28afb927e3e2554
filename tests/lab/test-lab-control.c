/* Controllers that hold a guest, leave it, sleep or die; and hooks. */
#include "labtest.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>

#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 2"
#define SLOW "12"

static const char *const slow[] = { "bandwidth=" SLOW, NULL };

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (control, .init = set_up, .timeout = 180);

/* Takes the job over, or looks on, until it ends. */
static void
assert_followed_to_its_end (const char *id)
{
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  job = migrate_job_load (journal, id, NULL, &error);
  cr_assert_not_null (job, "%s", error != NULL ? error->message : "");
  result = migrate_job_follow (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  lab_assert_within (begun, 60);
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  cr_assert_str_eq (migrate_job_get_id (job), id);
}

/* ---- another process ---- */

Test (control, guest_of_another_process_is_busy_and_can_be_cancelled)
{
  LabController *other = lab_controller_start (GUEST, from, to, slow);
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (MigrateJob) loaded = NULL;
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (GError) error = NULL;
  g_autofree char *end = NULL;

  lab_controller_await_progress (other, 0.1);
  error = lab_run_fails (job, NULL);
  lab_assert_code (error, MIGRATE_ERROR_BUSY); /* and not BLOCKED, by libvirt's job */
  failure = migrate_job_dup_failure (job);
  cr_assert_str_eq (migrate_failure_get_other_job (failure), other->id);
  lab_assert_rest (job, MIGRATE_STATE_CHECKED, MIGRATE_OUTCOME_NONE);
  g_clear_error (&error);

  loaded = migrate_job_load (journal, other->id, NULL, &error);
  cr_assert_not_null (loaded, "%s", error != NULL ? error->message : "");
  cr_assert (migrate_job_cancel (loaded, NULL, &error), "%s", error != NULL ? error->message : "");
  end = lab_controller_await_end (other, 30);
  cr_assert (g_str_has_prefix (end, "other stayed cancelled "), "%s", end);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, from, to);
}

/* What an operator does who declares a controller dead. */
static void
remove_holders (void)
{
  g_autofree char *folder = g_path_get_dirname (lab_journal_path ());
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  int removed = 0;

  while ((name = g_dir_read_name (dir)) != NULL)
    if (strstr (name, ".holder-") != NULL)
      {
        g_autofree char *path = g_build_filename (folder, name, NULL);

        removed += g_unlink (path) == 0;
      }
  cr_assert_eq (removed, 1);
}

Test (control, controller_that_slept_through_a_takeover_does_nothing_more)
{
  LabController *sleeper = lab_controller_start (GUEST, from, to, slow);
  g_autofree char *end = NULL;

  lab_controller_await_progress (sleeper, 0.1);
  lab_controller_stop (sleeper);
  remove_holders ();
  assert_followed_to_its_end (sleeper->id);
  lab_assert_at (GUEST, to, "running");

  kill (sleeper->pid, SIGCONT);
  end = lab_controller_await_end (sleeper, 60);
  cr_assert (g_str_has_prefix (end, "lost-claim unknown failed "), "%s", end);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, to, from);
}

Test (control, controller_that_is_killed_leaves_a_move_to_be_followed)
{
  LabController *killed = lab_controller_start (GUEST, from, to, slow);

  lab_controller_await_progress (killed, 0.1);
  lab_controller_kill (killed);
  assert_followed_to_its_end (killed->id);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, to, from);
}

static void
detach (gpointer job)
{
  migrate_job_detach_async (job, NULL, NULL, NULL);
}

Test (control, move_that_is_left_is_followed_again)
{
  g_autofree char *id = NULL;

  {
    g_autoptr (MigrateJob) left = lab_job_new (GUEST, from, to);
    g_autoptr (GError) error = NULL;

    lab_set_policy (left, "bandwidth", SLOW);
    lab_when (left, 0.1, 0, detach, left);
    error = lab_run_fails (left, NULL);
    lab_assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
    lab_assert_rest (left, MIGRATE_STATE_PREPARED, MIGRATE_OUTCOME_DETACHED);
    cr_assert (migrate_job_is_in_flight (left));
    id = g_strdup (migrate_job_get_id (left));
  }
  assert_followed_to_its_end (id);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
  lab_assert_moves (GUEST, to, from);
}

/* ---- hooks ---- */

#define REFUSER_TYPE (refuser_get_type ())
G_DECLARE_FINAL_TYPE (Refuser, refuser, LAB, REFUSER, GObject)

struct _Refuser
{
  GObject parent_instance;
  GArray *points;
};

static gboolean
refuser_call (MigrateHooks *hooks, MigrateRequest *request)
{
  Refuser *self = LAB_REFUSER (hooks);
  MigrateHookPoint point = migrate_request_get_point (request);

  g_array_append_val (self->points, point);
  if (point == MIGRATE_HOOK_POINT_BEFORE_MIGRATE)
    return migrate_request_refuse (request, "not-now", "the rack is being moved");
  return migrate_request_answer (request, NULL);
}

static void
refuser_hooks_init (MigrateHooksInterface *iface)
{
  iface->call = refuser_call;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (Refuser, refuser, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (MIGRATE_TYPE_HOOKS, refuser_hooks_init))

static void
refuser_free (GObject *object)
{
  g_array_unref (LAB_REFUSER (object)->points);
  G_OBJECT_CLASS (refuser_parent_class)->finalize (object);
}

static void
refuser_class_init (RefuserClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = refuser_free;
}

static void
refuser_init (Refuser *self)
{
  self->points = g_array_new (FALSE, FALSE, sizeof (MigrateHookPoint));
}

Test (control, hook_that_refuses_before_the_transfer_is_undone)
{
  g_autoptr (Refuser) refuser = g_object_new (REFUSER_TYPE, NULL);
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (GError) error = NULL;
  static const MigrateHookPoint wanted[]
    = { /* For the source and for the destination; the source's refusal is the last. */
        MIGRATE_HOOK_POINT_BEFORE_PREPARE, MIGRATE_HOOK_POINT_BEFORE_PREPARE,
        MIGRATE_HOOK_POINT_AFTER_PREPARE,  MIGRATE_HOOK_POINT_AFTER_PREPARE,
        MIGRATE_HOOK_POINT_BEFORE_MIGRATE, MIGRATE_HOOK_POINT_UNDO,
        MIGRATE_HOOK_POINT_UNDO,           MIGRATE_HOOK_POINT_UNDO,
        MIGRATE_HOOK_POINT_UNDO,           MIGRATE_HOOK_POINT_UNDO
      };

  g_free (lab_run ("virsh %d autostart %s", from, GUEST));
  migrate_job_set_hooks (job, MIGRATE_HOOKS (refuser));
  error = lab_run_fails (job, NULL);
  lab_assert_code (error, MIGRATE_ERROR_DENIED);
  cr_assert_not_null (strstr (error->message, "the rack is being moved"), "%s", error->message);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  cr_assert (lab_has_autostart (GUEST, from));
  g_free (lab_run ("virsh %d autostart --disable %s", from, GUEST));
  cr_assert_eq (refuser->points->len, G_N_ELEMENTS (wanted));
  for (guint i = 0; i < G_N_ELEMENTS (wanted); i++)
    cr_assert_eq (g_array_index (refuser->points, MigrateHookPoint, i), wanted[i]);
  lab_assert_moves (GUEST, from, to);
}
