/* The journal traffic of whole moves: guests move between simulated hosts, whose time costs
 * nothing, with a journal in a real file, and the time inside the journal's calls is taken.
 *
 * bench-journal FOLDER ROUNDS
 *
 * One line for each move, durable ones and ones whose syncs are left out (what synchronous=OFF
 * would give) in turn: "durable|volatile ms calls writes syncs". */
#include "sim-journal.h"
#include "sim.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static int durable = TRUE; /* atomic */
static int syncs;          /* atomic */

/* In place of the C library's, for SQLite too. */
int
fdatasync (int fd)
{
  g_atomic_int_inc (&syncs);
  return g_atomic_int_get (&durable) ? (int) syscall (SYS_fdatasync, fd) : 0;
}

int
fsync (int fd)
{
  g_atomic_int_inc (&syncs);
  return g_atomic_int_get (&durable) ? (int) syscall (SYS_fsync, fd) : 0;
}

static gboolean
is_write (const char *call)
{
  return g_str_has_prefix (call, "record") || g_str_has_prefix (call, "add-")
         || g_str_equal (call, "claim") || g_str_equal (call, "release");
}

static guint
count_writes (GPtrArray *calls)
{
  guint n = 0;

  for (guint i = 0; i < calls->len; i++)
    n += is_write (calls->pdata[i]);
  return n;
}

/* As one run of a program does it: it opens the journal, moves, and closes it. */
static void
move (const char *path, gboolean back)
{
  g_autoptr (MigrateHost) source = migrate_host_new (back ? "sim://b/h2" : "sim://b/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new (back ? "sim://b/h1" : "sim://b/h2");
  MigrateJournal *file = migrate_sqlite_journal_new (path);
  SimJournal *journal = sim_journal_new (g_object_ref (file));
  MigrateJob *job = migrate_job_new ("g0", source, destination);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GPtrArray) calls = NULL;
  g_autoptr (GError) error = NULL;
  guint64 spent;
  gint64 closing;

  g_atomic_int_set (&syncs, 0);
  migrate_job_set_journal (job, MIGRATE_JOURNAL (journal));
  result = migrate_job_run (job, NULL, &error);
  if (result == NULL)
    {
      fprintf (stderr, "bench-journal: %s\n", error->message);
      exit (1);
    }
  calls = sim_journal_dup_calls (journal);
  spent = sim_journal_get_spent_us (journal);
  g_object_unref (job);
  g_object_unref (journal);
  while (G_OBJECT (file)->ref_count > 1) /* the worker lets go of it */
    g_usleep (100);
  closing = g_get_monotonic_time ();
  g_object_unref (file);
  spent += (guint64) (g_get_monotonic_time () - closing);
  printf ("%s %.3f %u %u %i\n", durable ? "durable" : "volatile", (double) spent / 1000, calls->len,
          count_writes (calls), g_atomic_int_get (&syncs));
}

int
main (int argc, char **argv)
{
  int rounds = argc == 3 ? atoi (argv[2]) : 0;
  g_autofree char *path = NULL;
  SimWorld *world;

  if (rounds < 1)
    {
      fprintf (stderr, "usage: bench-journal FOLDER ROUNDS\n");
      return 64;
    }
  path = g_build_filename (argv[1], "journal.sqlite", NULL);
  world = sim_world_new ("b", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  /* About ten seconds, so that there is progress to write; all kinds of steps. */
  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0", .memory = 1200 << 20, .autostart = TRUE });
  for (int i = 0; i < rounds; i++)
    {
      durable = i % 2 == 0;
      move (path, i % 2 != 0);
    }
  sim_world_free (world);
  return 0;
}
