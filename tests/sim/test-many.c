/* Fifty jobs at once through one process: every guest moves, a host takes no more transfers than
 * it allows, and nothing is left behind: no thread, no descriptor. */
#include "sim.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <libmigrate/migrate.h>

#define JOBS 50

static guint
count_entries (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  guint count = 0;

  cr_assert_not_null (dir, "%s", path);
  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

typedef struct
{
  SimWorld *world;
  GMainLoop *loop;
  guint left, moved, progress, most_transfers;
} Many;

static void
on_progress (MigrateJob *job, MigrateProgress *progress, Many *many)
{
  many->progress++;
  many->most_transfers = MAX (many->most_transfers, sim_world_count_transfers (many->world));
}

static void
on_done (GObject *object, GAsyncResult *async_result, gpointer data)
{
  Many *many = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result
    = migrate_job_run_finish (MIGRATE_JOB (object), async_result, &error);

  cr_expect_not_null (result, "%s", error != NULL ? error->message : "");
  many->moved += result != NULL;
  if (--many->left == 0)
    g_main_loop_quit (many->loop);
}

static void
start_all (Many *many, MigrateJournal *journal)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");

  for (guint i = 0; i < JOBS; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);
      g_autoptr (MigrateJob) job = NULL;

      sim_world_add_guest (many->world, "h1",
                           &(SimGuestSpec){ .name = name, .dirty_rate = 1 << 20 });
      job = migrate_job_new (name, source, destination);
      migrate_job_set_journal (job, journal);
      g_signal_connect (job, "progress", G_CALLBACK (on_progress), many);
      migrate_job_run_async (job, NULL, on_done, many);
      many->left++;
    }
}

static gboolean
quit_late (gpointer data)
{
  g_main_loop_quit (data);
  return G_SOURCE_REMOVE;
}

/* Closing happens on workers: wait for the condition, not for a time. */
static guint
settle (const char *path, guint expected)
{
  gint64 deadline = g_get_monotonic_time () + 20 * G_TIME_SPAN_SECOND;
  guint count = count_entries (path);

  while (count > expected && g_get_monotonic_time () < deadline)
    {
      g_thread_yield ();
      count = count_entries (path);
    }
  return count;
}

static void
all_move (void)
{
  Many many = { .world = sim_world_new ("w", 7) };
  g_autofree char *folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "journal.sqlite", NULL);
  MigrateJournal *journal = migrate_sqlite_journal_new (path);
  guint late;

  sim_world_add_host (many.world, "h1");
  sim_world_add_host (many.world, "h2");
  many.loop = g_main_loop_new (NULL, FALSE);
  late = g_timeout_add_seconds (400, quit_late, many.loop);
  start_all (&many, journal);
  g_main_loop_run (many.loop);
  g_source_remove (late);

  cr_assert_eq (many.moved, JOBS);
  cr_assert_gt (many.progress, JOBS);
  cr_assert_leq (many.most_transfers, 4, "%u transfers at once", many.most_transfers);
  cr_assert_eq (sim_world_get_violations (many.world)->len, 0);
  for (guint i = 0; i < JOBS; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%u", i);

      cr_assert (sim_world_get_domain (many.world, "h2", name).active);
      cr_assert_not (sim_world_get_domain (many.world, "h1", name).exists);
    }
  g_main_loop_unref (many.loop);
  g_object_unref (journal);
  sim_world_free (many.world);
  g_unlink (path);
  g_rmdir (folder);
}

TestSuite (many, .timeout = 900);

Test (many, fifty_jobs_leave_nothing_behind)
{
  guint threads, descriptors;

  /* GTask starts GLib's own worker, which stays for the life of the process; Criterion has
   * threads of its own. */
  g_type_ensure (G_TYPE_TASK);
  threads = count_entries ("/proc/self/task");

  all_move ();
  cr_assert_leq (settle ("/proc/self/task", threads), threads, "threads are left");
  /* The first round made what GLib keeps open for the life of a process. */
  descriptors = count_entries ("/proc/self/fd");
  all_move ();
  cr_assert_leq (settle ("/proc/self/task", threads), threads, "threads are left");
  cr_assert_leq (settle ("/proc/self/fd", descriptors), descriptors, "descriptors are left");
}
