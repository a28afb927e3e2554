/* Embedding: a program that has a libvirt event loop and connections of its own and no GLib main
 * loop moves two guests at once, with blocking calls on two threads of its own. At its end it
 * proves that the library was a good guest: no signal disposition changed, the program's event
 * loop still the one that runs, no thread and no descriptor left.
 *
 *   embed GUEST1 GUEST2 FROM TO [PEER]
 *
 * PEER is the URI with which the host FROM reaches the host TO, where that differs from TO.
 * Exit code: 0 both moved and nothing left, 1 a move failed, 2 something was left, 64 usage. */
#include <libmigrate/migrate.h>
#include <libvirt/libvirt.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define TICK_MS 100
#define SETTLE_S 10 /* the library closes its connections on threads of its own */

/* ---- the program's own libvirt: an event loop on a thread, a timer, two connections ---- */

static volatile int loop_ends;
static gint ticks;

static gpointer
event_loop (gpointer data)
{
  while (!g_atomic_int_get (&loop_ends))
    if (virEventRunDefaultImpl () < 0)
      break;
  return NULL;
}

static void
on_tick (int timer, void *data)
{
  g_atomic_int_inc (&ticks);
}

/* ---- what a program would notice ---- */

static void
read_signals (struct sigaction *actions)
{
  memset (actions, 0, sizeof *actions * NSIG);
  for (int i = 1; i < NSIG; i++)
    sigaction (i, NULL /* only look */, &actions[i]);
}

/* By signal: the C library leaves the rest of a sigset_t undefined. */
static gboolean
equal_masks (const sigset_t *a, const sigset_t *b)
{
  for (int i = 1; i < NSIG; i++)
    if (sigismember (a, i) != sigismember (b, i))
      return FALSE;
  return TRUE;
}

static int
compare_signals (const struct sigaction *before, const struct sigaction *now)
{
  int changed = 0;

  for (int i = 1; i < NSIG; i++)
    if (before[i].sa_handler != now[i].sa_handler || before[i].sa_flags != now[i].sa_flags
        || !equal_masks (&before[i].sa_mask, &now[i].sa_mask))
      {
        printf ("signal %d (%s) has another disposition now\n", i, strsignal (i));
        changed++;
      }
  return changed;
}

/* Threads that GLib itself starts once and keeps to the end of the process, whoever uses it. */
static gboolean
is_glib_thread (const char *name)
{
  static const char *const names[] = { "gmain", "gdbus", "dconf worker", "pool-spawner", NULL };

  return g_strv_contains (names, name) || g_str_has_prefix (name, "pool-");
}

/* The names of our threads, or what our descriptors point to, one a line. */
static GPtrArray *
list_self (const char *what)
{
  g_autofree char *path = g_strdup_printf ("/proc/self/%s", what);
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  GPtrArray *list = g_ptr_array_new_with_free_func (g_free);
  gboolean threads = g_str_equal (what, "task");
  const char *entry;

  while (dir != NULL && (entry = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *file = g_strdup_printf ("%s/%s%s", path, entry, threads ? "/comm" : "");
      char *name = NULL;

      if (threads ? !g_file_get_contents (file, &name, NULL, NULL)
                  : (name = g_file_read_link (file, NULL)) == NULL)
        continue; /* it has just ended */
      if (threads && is_glib_thread (g_strchomp (name)))
        g_free (name);
      else
        g_ptr_array_add (list, name);
    }
  return list;
}

static guint
count_self (const char *what)
{
  g_autoptr (GPtrArray) list = list_self (what);

  return list->len;
}

/* Waits until there are as many as before; says what there is when there are more. */
static gboolean
wait_for_level (const char *what, const char *words, guint before)
{
  gint64 begin = g_get_monotonic_time ();
  g_autoptr (GPtrArray) list = NULL;

  while (count_self (what) > before)
    {
      if (g_get_monotonic_time () - begin > SETTLE_S * G_USEC_PER_SEC)
        {
          list = list_self (what);
          printf ("%u %s before, %u now:\n", before, words, list->len);
          for (guint i = 0; i < list->len; i++)
            printf ("  %s\n", (char *) list->pdata[i]);
          return FALSE;
        }
      g_usleep (10 * 1000);
    }
  printf ("%u %s, as before (after %d ms)\n", before, words,
          (int) ((g_get_monotonic_time () - begin) / 1000));
  return TRUE;
}

/* ---- the moves ---- */

typedef struct
{
  const char *guest;
  MigrateHost *source, *destination;
  MigrateJournal *journal;
  GThread *thread;
  guint foreign; /* handlers that ran on another thread than the one that waits */
  gboolean moved;
} Move;

static const char *
nick (GType type, int value)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (type);
  GEnumValue *known = g_enum_get_value (klass, value);

  return known != NULL ? known->value_nick : "?";
}

static void
on_progress (MigrateJob *job, MigrateProgress *progress, Move *move)
{
  move->foreign += g_thread_self () != move->thread;
  printf ("%s: %s %.0f %%, %.1f MiB/s\n", move->guest,
          nick (MIGRATE_TYPE_PHASE, (int) migrate_progress_get_phase (progress)),
          migrate_progress_get_fraction (progress) * 100,
          (double) migrate_progress_get_rate (progress) / (1024 * 1024));
}

static void
on_state_changed (MigrateJob *job, MigrateState before, MigrateState now, Move *move)
{
  move->foreign += g_thread_self () != move->thread;
  printf ("%s: %s -> %s\n", move->guest, nick (MIGRATE_TYPE_STATE, (int) before),
          nick (MIGRATE_TYPE_STATE, (int) now));
}

/* A context of its own makes this thread the one in which the job's handlers run: inside
 * migrate_job_run(), for nothing else turns it. */
static gpointer
move_guest (gpointer data)
{
  Move *move = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  move->thread = g_thread_self ();
  g_main_context_push_thread_default (context);
  job = migrate_job_new (move->guest, move->source, move->destination);
  migrate_job_set_journal (job, move->journal);
  g_signal_connect (job, "progress", G_CALLBACK (on_progress), move);
  g_signal_connect (job, "state-changed", G_CALLBACK (on_state_changed), move);

  result = migrate_job_run (job, NULL /* cancellable */, &error);
  if (result != NULL)
    printf ("%s: moved in %.1f s, downtime %d ms\n", move->guest,
            (double) migrate_result_get_total_ms (result) / 1000,
            (int) migrate_result_get_downtime_ms (result));
  else
    printf ("%s: %s\n", move->guest, error->message);
  move->moved = result != NULL;
  g_clear_object (&job);
  g_main_context_pop_thread_default (context);
  return NULL;
}

static gboolean
move_both (char **guests, const char *from, const char *to, const char *peer)
{
  g_autoptr (MigrateHost) source = migrate_host_new (from);
  g_autoptr (MigrateHost) destination = migrate_host_new (to);
  /* In memory, for an example. With migrate_sqlite_journal_new (NULL), or no journal set, another
   * process could recover what this one left when it was killed. */
  g_autoptr (MigrateJournal) journal = migrate_sqlite_journal_new_none ();
  Move moves[2] = { 0 };
  GThread *threads[2];
  gboolean ok = TRUE;

  migrate_host_set_peer_uri (destination, peer);
  for (int i = 0; i < 2; i++)
    {
      moves[i].guest = guests[i];
      moves[i].source = source;
      moves[i].destination = destination;
      moves[i].journal = journal;
      threads[i] = g_thread_new ("mover", move_guest, &moves[i]);
    }
  for (int i = 0; i < 2; i++)
    {
      g_thread_join (threads[i]);
      ok = ok && moves[i].moved;
      if (moves[i].foreign > 0)
        {
          printf ("%s: %u handlers ran on a thread that was not theirs\n", moves[i].guest,
                  moves[i].foreign);
          ok = FALSE;
        }
    }
  return ok;
}

/* ---- the proof ---- */

static gboolean
own_loop_runs (void)
{
  g_autoptr (GError) error = NULL;
  int before = g_atomic_int_get (&ticks);
  gint64 deadline = g_get_monotonic_time () + SETTLE_S * G_USEC_PER_SEC;

  while (g_atomic_int_get (&ticks) < before + 3)
    {
      if (g_get_monotonic_time () > deadline)
        {
          printf ("our event loop does not run any more\n");
          return FALSE;
        }
      g_usleep (TICK_MS * 1000);
    }
  /* The library sees that there is a loop, and keeps its hands off. */
  if (migrate_events_is_running () || migrate_events_start (&error))
    {
      printf ("the library runs an event loop of its own\n");
      return FALSE;
    }
  printf ("our event loop runs (%d ticks); the library: %s\n", g_atomic_int_get (&ticks),
          error->message);
  return TRUE;
}

static gboolean
is_alive (virConnectPtr conn)
{
  return conn != NULL && virConnectIsAlive (conn) == 1;
}

int
main (int argc, char **argv)
{
  struct sigaction before[NSIG], now[NSIG];
  virConnectPtr source, destination;
  guint threads, descriptors;
  GThread *events;
  gboolean moved, clean;
  int timer;

  if (argc < 5 || argc > 6)
    {
      fprintf (stderr, "Usage: embed GUEST1 GUEST2 FROM TO [PEER]\n");
      return 64;
    }
  setvbuf (stdout, NULL, _IOLBF, 0);
  read_signals (before);
  virEventRegisterDefaultImpl ();
  timer = virEventAddTimeout (TICK_MS, on_tick, NULL, NULL);
  events = g_thread_new ("our-events", event_loop, NULL);
  source = virConnectOpen (argv[3]);
  destination = virConnectOpen (argv[4]);
  if (source == NULL || destination == NULL)
    return 1; /* libvirt has printed why */
  threads = count_self ("task");
  descriptors = count_self ("fd");

  moved = move_both (argv + 1, argv[3], argv[4], argc > 5 ? argv[5] : NULL);

  read_signals (now);
  clean = compare_signals (before, now) == 0;
  if (clean)
    printf ("all %d signal dispositions are as before\n", NSIG - 1);
  clean &= wait_for_level ("task", "threads", threads);
  clean &= wait_for_level ("fd", "descriptors", descriptors);
  clean &= own_loop_runs ();
  if (!is_alive (source) || !is_alive (destination))
    {
      printf ("a connection of ours was lost\n");
      clean = FALSE;
    }
  virConnectClose (source);
  virConnectClose (destination);
  g_atomic_int_set (&loop_ends, 1);
  virEventUpdateTimeout (timer, 0); /* once more, at once, so that the loop sees it */
  g_thread_join (events);
  virEventRemoveTimeout (timer);
  if (!moved)
    return 1;
  return clean ? 0 : 2;
}
