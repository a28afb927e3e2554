/* The n-th call fails, loses its answer or hangs; our process dies at it or around the n-th write
 * of the journal; a libvirtd, a host, a QEMU or the link goes at the n-th call: for every n that a
 * move makes, for every way to move. Afterwards, recovered in a fresh process, there is one guest.
 *
 * Not Criterion, which takes a process and 20 ms for each test: thousands of cases are wanted. One
 * row is a way to move with one fault, for all n, in a process of its own. */
#include "faults.h"

#include <glib/gstdio.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASE_SECONDS 60 /* of real time: more, and it hangs */
#define MOST_CASES 2000
#define MOST_TOLD 5

static const FaultHow hows[] = {
  { "p2p-fast", "p2p", "fast", FALSE, FALSE, FALSE },
  { "p2p-strict", "p2p", "strict", FALSE, FALSE, FALSE },
  { "direct", "direct", "fast", FALSE, FALSE, FALSE },
  { "tunnelled", "tunnelled", "fast", FALSE, FALSE, FALSE },
  { "paused", "p2p", "fast", FALSE, TRUE, FALSE },
  { "transient", "p2p", "fast", TRUE, FALSE, FALSE },
  { "postcopy", "p2p", "fast", FALSE, FALSE, TRUE },
};

#define ON(host_, what_, ...)                                                                      \
  {                                                                                                \
    .what = what_, .host = host_, .guest = "g0", __VA_ARGS__                                       \
  }

/* At the n-th call, and at the n-th stage. */
#define HAPPENS(name_, loses_, splits_, ...)                                                       \
  { name_, FAULT_ACTION, { __VA_ARGS__ }, loses_, splits_ },                                       \
  {                                                                                                \
    name_ "/stage", FAULT_AT_STAGE, { __VA_ARGS__ }, loses_, splits_                               \
  }

static void
kill_us (SimWorld *world, gpointer unused)
{
  sim_world_kill_client (world);
}

static const Fault faults[] = {
  { "fail", FAULT_FAIL, { { 0 } }, FALSE, FALSE },
  { "refuse", FAULT_REFUSE, { { 0 } }, FALSE, FALSE },
  { "lose-answer", FAULT_LOSE_ANSWER, { { 0 } }, FALSE, FALSE },
  { "hang", FAULT_HANG, { { 0 } }, FALSE, FALSE },
  { "kill-before-journal", FAULT_KILL_BEFORE_JOURNAL, { { 0 } }, FALSE, FALSE },
  { "kill-after-journal", FAULT_KILL_AFTER_JOURNAL, { { 0 } }, FALSE, FALSE },
  { "kill-at-call", FAULT_KILL_AT_CALL, { { 0 } }, FALSE, FALSE },
  { "lose-message", FAULT_LOSE_MESSAGE, { { 0 } }, FALSE, FALSE },
  { "kill-at-stage",
    FAULT_AT_STAGE,
    { ON ("h1", SIM_CALL, .func = kill_us, .after_ms = 1) },
    FALSE,
    FALSE },
  HAPPENS ("daemon-killed@h1", FALSE, FALSE, ON ("h1", SIM_KILL_LIBVIRTD),
           ON ("h1", SIM_START_LIBVIRTD, .after_ms = 5000)),
  HAPPENS ("daemon-killed@h2", FALSE, TRUE, ON ("h2", SIM_KILL_LIBVIRTD),
           ON ("h2", SIM_START_LIBVIRTD, .after_ms = 5000)),
  HAPPENS ("daemon-hung@h1", FALSE, FALSE, ON ("h1", SIM_HANG_LIBVIRTD),
           ON ("h1", SIM_UNHANG_LIBVIRTD, .after_ms = 45000)),
  HAPPENS ("daemon-hung@h2", FALSE, FALSE, ON ("h2", SIM_HANG_LIBVIRTD),
           ON ("h2", SIM_UNHANG_LIBVIRTD, .after_ms = 45000)),
  HAPPENS ("host-lost@h1", TRUE, FALSE, ON ("h1", SIM_KILL_HOST),
           ON ("h1", SIM_START_HOST, .after_ms = 60000)),
  HAPPENS ("host-lost@h2", TRUE, FALSE, ON ("h2", SIM_KILL_HOST),
           ON ("h2", SIM_START_HOST, .after_ms = 60000)),
  HAPPENS ("qemu-killed@h1", TRUE, FALSE, ON ("h1", SIM_KILL_QEMU)),
  HAPPENS ("qemu-killed@h2", TRUE, FALSE, ON ("h2", SIM_KILL_QEMU)),
  HAPPENS ("link-cut-5s", FALSE, FALSE, ON ("h1", SIM_CUT_LINK, .peer = "h2"),
           ON ("h1", SIM_RESTORE_LINK, .peer = "h2", .after_ms = 5000)),
  HAPPENS ("link-cut", FALSE, FALSE, ON ("h1", SIM_CUT_LINK, .peer = "h2")),
};

#define N_ROWS (G_N_ELEMENTS (hows) * G_N_ELEMENTS (faults))

/* Shared with the process that runs the row. */
typedef struct
{
  guint cases, failed, now;
  gboolean complete;
  char told[MOST_TOLD][512];
  guint told_n[MOST_TOLD];
} Row;

static const FaultHow *
how_of (guint row)
{
  return &hows[row / G_N_ELEMENTS (faults)];
}

static const Fault *
fault_of (guint row)
{
  return &faults[row % G_N_ELEMENTS (faults)];
}

/* ---- a row ---- */

static void
note_failure (Row *row, guint n, const char *failure)
{
  if (row->failed < MOST_TOLD)
    {
      g_strlcpy (row->told[row->failed], failure, sizeof row->told[0]);
      row->told_n[row->failed] = n;
    }
  row->failed++;
}

static void
run_row (guint i, Row *row, const char *folder)
{
  gboolean reached = TRUE;

  for (guint n = 1; reached && n <= MOST_CASES; n++)
    {
      FaultVerdict verdict;

      row->now = n;
      alarm (CASE_SECONDS);
      verdict = fault_case_run (how_of (i), fault_of (i), n, folder, FALSE);
      reached = verdict.reached;
      row->cases++;
      if (verdict.failure != NULL)
        note_failure (row, n, verdict.failure);
      g_free (verdict.failure);
    }
  row->complete = !reached;
}

/* Of a row's threads one runs at a time: on one processor it hands over to the next at half the
 * price. Where this is not allowed, it is only slower. */
static void
stay_on (int processor)
{
  cpu_set_t set;

  CPU_ZERO (&set);
  CPU_SET (processor, &set);
  sched_setaffinity (0 /* ourselves */, sizeof set, &set);
}

static pid_t
start_row (guint i, Row *row, int processor, const char *folder)
{
  pid_t pid;

  fflush (stdout);
  pid = fork ();
  if (pid != 0)
    return pid;
  stay_on (processor);
  run_row (i, row, folder);
  _exit (0);
}

/* ---- all of them ---- */

static void
tell_case (guint i, guint n, const char *what)
{
  const char *how = how_of (i)->name, *fault = fault_of (i)->name;

  printf ("# %s:%s:%u: %s\n#   replay: tests/sim/faults --case %s:%s:%u\n", how, fault, n, what,
          how, fault, n);
}

/* FALSE: the row fails. */
static gboolean
tell_row (guint i, const Row *row, int status, guint number)
{
  const char *how = how_of (i)->name, *fault = fault_of (i)->name;
  gboolean ok = row->failed == 0;

  for (guint f = 0; f < MIN (row->failed, MOST_TOLD); f++)
    tell_case (i, row->told_n[f], row->told[f]);
  if (!WIFEXITED (status) || !row->complete)
    {
      tell_case (i, row->now,
                 WIFSIGNALED (status) && WTERMSIG (status) == SIGALRM ? "it hangs" : "it crashes");
      ok = FALSE;
    }
  printf ("%s %u - %s:%s %u cases", ok ? "ok" : "not ok", number, how, fault, row->cases);
  if (row->failed > 0)
    printf (", %u failed", row->failed);
  printf ("\n");
  fflush (stdout);
  return ok;
}

static gboolean
is_wanted (guint row, const char *only)
{
  g_autofree char *name = g_strdup_printf ("%s:%s", how_of (row)->name, fault_of (row)->name);

  return only == NULL || g_str_has_prefix (name, only);
}

/* The rows' processes, one at a time on each processor. */
typedef struct
{
  const char *folder, *only;
  Row *rows;
  pid_t pids[N_ROWS];
  int statuses[N_ROWS];
  gboolean ended[N_ROWS];
  pid_t on[CPU_SETSIZE]; /* who runs on the processor; 0: nobody, -1: it is not ours */
  guint next;
} Run;

static void
find_processors (Run *self)
{
  cpu_set_t ours;

  if (sched_getaffinity (0 /* ourselves */, sizeof ours, &ours) != 0)
    g_error ("faults: more processors than can be counted");
  for (int i = 0; i < CPU_SETSIZE; i++)
    self->on[i] = CPU_ISSET (i, &ours) ? 0 : -1;
}

static void
start_rows (Run *self)
{
  for (int processor = 0; processor < CPU_SETSIZE; processor++)
    {
      if (self->on[processor] != 0)
        continue;
      for (; self->next < N_ROWS && !is_wanted (self->next, self->only); self->next++)
        self->ended[self->next] = TRUE;
      if (self->next == N_ROWS)
        return;
      self->on[processor]
        = start_row (self->next, &self->rows[self->next], processor, self->folder);
      if (self->on[processor] < 0)
        g_error ("faults: no process can be had");
      self->pids[self->next++] = self->on[processor];
    }
}

static void
wait_for_row (Run *self)
{
  int status;
  pid_t pid = wait (&status);

  for (guint i = 0; pid > 0 && i < CPU_SETSIZE; i++)
    if (self->on[i] == pid)
      self->on[i] = 0;
  for (guint i = 0; pid > 0 && i < self->next; i++)
    if (self->pids[i] == pid)
      {
        self->pids[i] = 0; /* it may be given out again */
        self->ended[i] = TRUE;
        self->statuses[i] = status;
      }
}

static int
run_all (const char *folder, const char *only)
{
  Run run = { .folder = folder, .only = only };
  guint wanted = 0, number = 0, cases = 0, told = 0;
  gint64 begun = g_get_monotonic_time ();
  gboolean ok = TRUE;

  for (guint i = 0; i < N_ROWS; i++)
    wanted += is_wanted (i, only);
  if (wanted == 0)
    {
      fprintf (stderr, "faults: no row begins with “%s”\n", only);
      return 64;
    }
  run.rows
    = mmap (NULL, N_ROWS * sizeof (Row), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  g_assert (run.rows != MAP_FAILED);
  find_processors (&run);
  printf ("1..%u\n", wanted);
  while (told < N_ROWS)
    {
      start_rows (&run);
      wait_for_row (&run);
      for (; told < N_ROWS && run.ended[told]; told++)
        if (is_wanted (told, only))
          {
            ok &= tell_row (told, &run.rows[told], run.statuses[told], ++number);
            cases += run.rows[told].cases;
          }
    }
  printf ("# %u cases in %.1f s\n", cases,
          (double) (g_get_monotonic_time () - begun) / G_USEC_PER_SEC);
  munmap (run.rows, N_ROWS * sizeof (Row));
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run_one (const char *folder, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ":", 3);
  guint n = g_strv_length (parts) == 3 ? (guint) strtoul (parts[2], NULL, 10) : 0;

  for (guint i = 0; n > 0 && i < N_ROWS; i++)
    {
      FaultVerdict verdict;

      if (!g_str_equal (parts[0], how_of (i)->name) || !g_str_equal (parts[1], fault_of (i)->name))
        continue;
      printf ("1..1\n");
      verdict = fault_case_run (how_of (i), fault_of (i), n, folder, TRUE);
      if (verdict.failure != NULL)
        printf ("# %s\n", verdict.failure);
      printf ("%s 1 - %s%s\n", verdict.failure == NULL ? "ok" : "not ok", name,
              verdict.reached ? "" : " (n is past the end)");
      return verdict.failure == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    }
  fprintf (stderr, "faults: there is no case “%s”; a case is HOW:FAULT:N\n", name);
  return 64;
}

int
main (int argc, char **argv)
{
  /* A sync to a disk costs more than a case. */
  const char *place = g_access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir ();
  g_autofree char *folder = g_build_filename (place, "libmigrate-faults-XXXXXX", NULL);
  gboolean one = argc == 3 && g_str_equal (argv[1], "--case");
  gboolean some = argc == 3 && g_str_equal (argv[1], "--rows");
  int code;

  if (argc > 1 && !one && !some)
    {
      fprintf (stderr, "Usage: faults [--case HOW:FAULT:N | --rows PREFIX]\n");
      return 64;
    }
  if (g_mkdtemp (folder) == NULL)
    g_error ("faults: no folder in %s", place);
  sim_keep_threads ();
  code = one ? run_one (folder, argv[2]) : run_all (folder, some ? argv[2] : NULL);
  g_rmdir (folder);
  return code;
}
