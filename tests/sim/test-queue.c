/* A host takes so many transfers at once and no more; who finds no place waits in the phase
 * “queued”, without a thread. */
#include "sim.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <libmigrate/migrate.h>

#define GUESTS 24

static SimWorld *world;
static MigrateJournal *journal;

static void
set_up (void)
{
  world = sim_world_new ("w", 3);
  for (int i = 1; i <= 3; i++)
    {
      g_autofree char *name = g_strdup_printf ("h%d", i);

      sim_world_add_host (world, name);
    }
  for (int i = 0; i < GUESTS; i++)
    {
      g_autofree char *name = g_strdup_printf ("g%d", i);

      sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = name, .memory = 512 << 20 });
    }
  journal = migrate_sqlite_journal_new_none ();
}

static void
tear_down (void)
{
  g_clear_object (&journal);
  sim_world_free (world);
}

TestSuite (queue, .init = set_up, .fini = tear_down, .timeout = 60);

/* ---- jobs that run at once ---- */

typedef struct
{
  GMainLoop *loop;
  guint running, queued, most_queued, most_transfers;
  void (*when_queued) (gpointer data); /* once, when so many wait */
  guint wanted;
  gpointer data;
} Crowd;

typedef struct
{
  Crowd *crowd;
  MigrateJob *job;
  gboolean queued, was_queued;
  MigrateResult *result;
  GError *error;
} One;

static void
on_phase (MigrateJob *job, GParamSpec *pspec, One *one)
{
  Crowd *crowd = one->crowd;
  gboolean queued = migrate_job_get_phase (job) == MIGRATE_PHASE_QUEUED;

  crowd->queued += (guint) queued - (guint) one->queued;
  one->queued = queued;
  one->was_queued |= queued;
  crowd->most_queued = MAX (crowd->most_queued, crowd->queued);
}

static void
on_progress (MigrateJob *job, MigrateProgress *progress, One *one)
{
  Crowd *crowd = one->crowd;

  crowd->most_transfers = MAX (crowd->most_transfers, sim_world_count_transfers (world));
  if (crowd->when_queued == NULL || crowd->queued < crowd->wanted)
    return;
  crowd->when_queued (crowd->data);
  crowd->when_queued = NULL;
}

static void
on_done (GObject *object, GAsyncResult *result, gpointer data)
{
  One *one = data;

  one->result = migrate_job_run_finish (MIGRATE_JOB (object), result, &one->error);
  if (--one->crowd->running == 0)
    g_main_loop_quit (one->crowd->loop);
}

static One *
add (Crowd *crowd, guint number, MigrateHost *from, MigrateHost *to)
{
  g_autofree char *guest = g_strdup_printf ("g%u", number);
  One *one = g_new0 (One, 1);

  one->crowd = crowd;
  one->job = migrate_job_new (guest, from, to);
  migrate_job_set_journal (one->job, journal);
  g_signal_connect (one->job, "notify::phase", G_CALLBACK (on_phase), one);
  g_signal_connect (one->job, "progress", G_CALLBACK (on_progress), one);
  migrate_job_run_async (one->job, NULL /* cancellable */, on_done, one);
  crowd->running++;
  return one;
}

static void
run_crowd (Crowd *crowd)
{
  crowd->loop = g_main_loop_new (NULL, FALSE);
  g_main_loop_run (crowd->loop);
  g_clear_pointer (&crowd->loop, g_main_loop_unref);
}

static void
assert_moved (One *one)
{
  cr_assert_not_null (one->result, "%s", one->error != NULL ? one->error->message : "");
  cr_assert_eq (migrate_job_get_state (one->job), MIGRATE_STATE_FINALIZED);
}

static void
one_free (One *one)
{
  g_clear_object (&one->job);
  g_clear_pointer (&one->result, migrate_result_unref);
  g_clear_error (&one->error);
  g_free (one);
}

static MigrateHost *
host_new (const char *uri, guint most)
{
  MigrateHost *self = migrate_host_new (uri);

  migrate_host_set_max_outgoing (self, most);
  migrate_host_set_max_incoming (self, most);
  return self;
}

/* ---- limits ---- */

Test (queue, a_source_gives_no_more_than_it_may)
{
  g_autoptr (MigrateHost) h1 = host_new ("sim://w/h1", 2);
  g_autoptr (MigrateHost) h2 = host_new ("sim://w/h2", 10);
  g_autoptr (MigrateHost) h3 = host_new ("sim://w/h3", 10);
  Crowd crowd = { 0 };
  One *all[6];

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    all[i] = add (&crowd, i, h1, i % 2 == 0 ? h2 : h3);
  run_crowd (&crowd);
  cr_assert_eq (crowd.most_transfers, 2);
  cr_assert_eq (crowd.most_queued, 4);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      assert_moved (all[i]);
      one_free (all[i]);
    }
}

/* Also when each job has a host object of its own: it is the same host. */
Test (queue, a_destination_takes_no_more_than_it_may)
{
  Crowd crowd = { 0 };
  One *all[5];

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      g_autoptr (MigrateHost) h1 = host_new ("sim://w/h1", 10);
      g_autoptr (MigrateHost) h2 = host_new ("sim://w/h2", 1);

      all[i] = add (&crowd, i, h1, h2);
    }
  run_crowd (&crowd);
  cr_assert_eq (crowd.most_transfers, 1);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      assert_moved (all[i]);
      one_free (all[i]);
    }
}

Test (queue, four_at_once_unless_told_otherwise)
{
  g_autoptr (MigrateHost) h1 = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) h2 = migrate_host_new ("sim://w/h2");
  Crowd crowd = { 0 };
  One *all[8];

  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    all[i] = add (&crowd, i, h1, h2);
  run_crowd (&crowd);
  cr_assert_eq (crowd.most_transfers, 4);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      assert_moved (all[i]);
      one_free (all[i]);
    }
}

/* ---- those that wait ---- */

static guint
count_threads (void)
{
  g_autoptr (GDir) dir = g_dir_open ("/proc/self/task", 0, NULL);
  guint count = 0;

  while (g_dir_read_name (dir) != NULL)
    count++;
  return count;
}

static void
count_now (gpointer data)
{
  *(guint *) data = count_threads ();
}

Test (queue, waits_without_a_thread)
{
  g_autoptr (MigrateHost) h1 = host_new ("sim://w/h1", 1);
  g_autoptr (MigrateHost) h2 = host_new ("sim://w/h2", 1);
  guint before, waiting = 0;
  Crowd crowd = { .when_queued = count_now, .wanted = GUESTS - 1, .data = &waiting };
  One *all[GUESTS];

  g_type_ensure (G_TYPE_TASK); /* which starts a thread of GLib's */
  before = count_threads ();
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    all[i] = add (&crowd, i, h1, h2);
  run_crowd (&crowd);
  cr_assert_neq (waiting, 0, "no more than %u waited at once", crowd.most_queued);
  /* One edge, one transfer, and four for bounded calls on each host. */
  cr_assert_leq (waiting, before + 10, "%u threads more", waiting - before);
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    {
      assert_moved (all[i]);
      one_free (all[i]);
    }
}

typedef struct
{
  One *all[2];
  One *victim;
  const char *path;
} Pair;

/* Which of the two got the place is not ours to say. */
static One *
who_waits (Pair *pair)
{
  pair->victim = pair->all[0]->queued ? pair->all[0] : pair->all[1];
  cr_assert (pair->victim->queued);
  return pair->victim;
}

static void
run_pair (Pair *pair, void (*when_queued) (gpointer data))
{
  g_autoptr (MigrateHost) h1 = host_new ("sim://w/h1", 1);
  g_autoptr (MigrateHost) h2 = host_new ("sim://w/h2", 1);
  Crowd crowd = { .when_queued = when_queued, .wanted = 1, .data = pair };

  for (guint i = 0; i < G_N_ELEMENTS (pair->all); i++)
    pair->all[i] = add (&crowd, i, h1, h2);
  run_crowd (&crowd);
  cr_assert_null (crowd.when_queued, "nobody waited");
}

static void
assert_only_the_victim_stayed (Pair *pair)
{
  One *victim = pair->victim;
  const char *guest = migrate_job_get_guest (victim->job);

  assert_moved (victim == pair->all[0] ? pair->all[1] : pair->all[0]);
  cr_assert (g_error_matches (victim->error, G_IO_ERROR, G_IO_ERROR_CANCELLED), "%s",
             victim->error != NULL ? victim->error->message : "it moved");
  cr_assert_eq (migrate_job_get_state (victim->job), MIGRATE_STATE_CANCELLED);
  cr_assert (sim_world_get_domain (world, "h1", guest).active);
  cr_assert_not (sim_world_get_domain (world, "h2", guest).exists);
  for (guint i = 0; i < G_N_ELEMENTS (pair->all); i++)
    one_free (pair->all[i]);
}

static void
cancel_job (gpointer data)
{
  migrate_job_cancel_async (who_waits (data)->job, NULL, NULL, NULL);
}

Test (queue, a_job_that_waits_is_cancelled_at_once)
{
  Pair pair = { 0 };

  run_pair (&pair, cancel_job);
  assert_only_the_victim_stayed (&pair);
}

/* ---- another process ---- */

static void
cancel_elsewhere (gpointer data)
{
  Pair *pair = data;
  const char *id = migrate_job_get_id (who_waits (pair)->job);
  g_autoptr (MigrateJournal) other = migrate_sqlite_journal_new (pair->path);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateJob) job = migrate_job_load (other, id, NULL, &error);

  cr_assert_not_null (job, "%s", error != NULL ? error->message : "");
  cr_assert (migrate_job_cancel (job, NULL, &error), "%s", error != NULL ? error->message : "");
}

/* It holds no claim yet; what another process has ended must not begin all the same. */
Test (queue, a_job_that_waits_is_cancelled_by_another_process)
{
  g_autofree char *folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  g_autofree char *path = g_build_filename (folder, "journal.sqlite", NULL);
  Pair pair = { .path = path };

  g_clear_object (&journal);
  journal = migrate_sqlite_journal_new (path);
  run_pair (&pair, cancel_elsewhere);
  assert_only_the_victim_stayed (&pair);
  g_clear_object (&journal);
  g_unlink (path);
  g_rmdir (folder);
}
