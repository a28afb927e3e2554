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
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define CASE_SECONDS 60 /* of real time: more, and it hangs */
#define MOST_CASES 2000
#define MOST_TOLD 5
#define STRIDE 5 /* of what is dear and much alike; four of them are all remainders by four */

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

#define MOST_ROWS 1000

/* Shared with the processes that run the rows. */
typedef struct
{
  guint cases, failed, now;
  gboolean complete;
  char told[MOST_TOLD][512];
  guint told_n[MOST_TOLD];
} Row;

static guint
n_rows (void)
{
  return fault_n_hows * (guint) G_N_ELEMENTS (faults);
}

static const FaultHow *
how_of (guint row)
{
  return &fault_hows[row / G_N_ELEMENTS (faults)];
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

static gboolean
counts_writes (const Fault *fault)
{
  return fault->kind == FAULT_KILL_BEFORE_JOURNAL || fault->kind == FAULT_KILL_AFTER_JOURNAL;
}

static gboolean
counts_calls (const Fault *fault)
{
  return !counts_writes (fault) && fault->kind != FAULT_LOSE_MESSAGE
         && fault->kind != FAULT_AT_STAGE;
}

/* Where disks travel every call fails, and every write is one's last; what else may happen does at
 * one call in so many, in each row at others. */
static guint
stride_of (guint row, FaultDepth depth)
{
  const Fault *fault = fault_of (row);

  return how_of (row)->kind != NULL && !how_of (row)->reverts && counts_calls (fault)
             && fault->kind != FAULT_FAIL && depth == FAULT_DEPTH_SOME
           ? STRIDE
           : 1;
}

/* The n that is played after this one; 0: none was yet. */
static guint
find_next (const FaultPlan *plan, guint row, guint n, FaultDepth depth)
{
  const Fault *fault = fault_of (row);
  guint stride = stride_of (row, depth);

  if (plan->made && counts_writes (fault) && n == 0)
    return plan->points / 2 + 1; /* each write has two points */
  n += n == 0 ? 1 + row % stride : stride;
  while (plan->made && counts_calls (fault) && n <= plan->calls && !plan->worth[n])
    n += stride;
  return n;
}

static void
run_row (guint i, Row *row, FaultPlan *plan, const char *folder, FaultDepth depth)
{
  const FaultHow *how = how_of (i);
  const Fault *fault = fault_of (i);
  gboolean reached = TRUE;

  if (fault_case_begins_late (how))
    fault_case_plan (how, folder, plan);
  for (guint n = find_next (plan, i, 0, depth); reached && n <= MOST_CASES;
       n = find_next (plan, i, n, depth))
    {
      FaultVerdict verdict;

      row->now = n;
      alarm (CASE_SECONDS);
      verdict = fault_case_run (how, fault, n, folder, depth);
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
start_row (guint i, Row *row, FaultPlan *plan, int processor, const char *folder, FaultDepth depth)
{
  pid_t pid;

  fflush (stdout);
  pid = fork ();
  if (pid != 0)
    return pid;
  stay_on (processor);
  run_row (i, row, plan, folder, depth);
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
  FaultDepth depth;
  Row *rows;
  FaultPlan *plans; /* of ways */
  pid_t pids[MOST_ROWS];
  int statuses[MOST_ROWS];
  gboolean ended[MOST_ROWS];
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
      for (; self->next < n_rows () && !is_wanted (self->next, self->only); self->next++)
        self->ended[self->next] = TRUE;
      if (self->next == n_rows ())
        return;
      self->on[processor] = start_row (self->next, &self->rows[self->next],
                                       &self->plans[self->next / G_N_ELEMENTS (faults)], processor,
                                       self->folder, self->depth);
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

/* With the rows' processes. */
static gpointer
share (gsize size)
{
  gpointer memory = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

  g_assert (memory != MAP_FAILED);
  return memory;
}

/* Of the rows' processes. */
static double
processor_seconds (void)
{
  struct rusage used;

  getrusage (RUSAGE_CHILDREN, &used);
  return (double) (used.ru_utime.tv_sec + used.ru_stime.tv_sec)
         + (double) (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / G_USEC_PER_SEC;
}

static void
tell_cases (const Row *rows)
{
  for (guint h = 0; h < fault_n_hows; h++)
    {
      guint cases = 0;

      for (guint f = 0; f < G_N_ELEMENTS (faults); f++)
        cases += rows[h * G_N_ELEMENTS (faults) + f].cases;
      if (cases > 0)
        printf ("# %u fault cases of %s\n", cases, fault_hows[h].name);
    }
}

static int
run_all (const char *folder, const char *only, FaultDepth depth)
{
  Run run = { .folder = folder, .only = only, .depth = depth };
  guint wanted = 0, number = 0, cases = 0, told = 0;
  gint64 begun = g_get_monotonic_time ();
  gboolean ok = TRUE;

  for (guint i = 0; i < n_rows (); i++)
    wanted += is_wanted (i, only);
  if (wanted == 0)
    {
      fprintf (stderr, "faults: no row begins with “%s”\n", only);
      return 64;
    }
  run.rows = share (n_rows () * sizeof (Row));
  run.plans = share (fault_n_hows * sizeof (FaultPlan));
  find_processors (&run);
  printf ("1..%u\n", wanted);
  while (told < n_rows ())
    {
      start_rows (&run);
      wait_for_row (&run);
      for (; told < n_rows () && run.ended[told]; told++)
        if (is_wanted (told, only))
          {
            ok &= tell_row (told, &run.rows[told], run.statuses[told], ++number);
            cases += run.rows[told].cases;
          }
    }
  tell_cases (run.rows);
  printf ("# %u cases in %.1f s, which took %.1f s of a processor\n", cases,
          (double) (g_get_monotonic_time () - begun) / G_USEC_PER_SEC, processor_seconds ());
  munmap (run.rows, n_rows () * sizeof (Row));
  munmap (run.plans, fault_n_hows * sizeof (FaultPlan));
  return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}

static int
run_one (const char *folder, const char *name)
{
  g_auto (GStrv) parts = g_strsplit (name, ":", 3);
  guint n = g_strv_length (parts) == 3 ? (guint) strtoul (parts[2], NULL, 10) : 0;

  for (guint i = 0; n > 0 && i < n_rows (); i++)
    {
      FaultVerdict verdict;

      if (!g_str_equal (parts[0], how_of (i)->name) || !g_str_equal (parts[1], fault_of (i)->name))
        continue;
      printf ("1..1\n");
      verdict = fault_case_run (how_of (i), fault_of (i), n, folder, FAULT_DEPTH_TOLD);
      if (verdict.failure != NULL)
        printf ("# %s\n", verdict.failure);
      printf ("%s 1 - %s%s\n", verdict.failure == NULL ? "ok" : "not ok", name,
              verdict.reached ? "" : " (n is past the end)");
      return verdict.failure == NULL ? EXIT_SUCCESS : EXIT_FAILURE;
    }
  fprintf (stderr, "faults: there is no case “%s”; a case is HOW:FAULT:N\n", name);
  return 64;
}

static int
refuse_arguments (void)
{
  fprintf (stderr, "Usage: faults [--all] [--rows PREFIX]\n       faults --case HOW:FAULT:N\n");
  return 64;
}

int
main (int argc, char **argv)
{
  /* A sync to a disk costs more than a case. */
  const char *place = g_access ("/dev/shm", W_OK) == 0 ? "/dev/shm" : g_get_tmp_dir ();
  g_autofree char *folder = g_build_filename (place, "libmigrate-faults-XXXXXX", NULL);
  const char *one = NULL, *some = NULL;
  FaultDepth depth = FAULT_DEPTH_SOME;
  int code;

  for (int i = 1; i < argc; i++)
    {
      if (g_str_equal (argv[i], "--all"))
        depth = FAULT_DEPTH_ALL;
      else if (g_str_equal (argv[i], "--case") && i + 1 < argc)
        one = argv[++i];
      else if (g_str_equal (argv[i], "--rows") && i + 1 < argc)
        some = argv[++i];
      else
        return refuse_arguments ();
    }
  if (g_mkdtemp (folder) == NULL)
    g_error ("faults: no folder in %s", place);
  sim_keep_threads ();
  code = one != NULL ? run_one (folder, one) : run_all (folder, some, depth);
  g_rmdir (folder);
  return code;
}
