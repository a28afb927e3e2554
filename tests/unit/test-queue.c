/* The way back into the program, against a program that is quicker than the worker. */
#include "steps/queue-private.h"

#include <criterion/criterion.h>

#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <time.h>

/* ---- the last delivery takes the queue with it ---- */

typedef struct
{
  MigrateBackend backend;
  GMainContext *context;
  gboolean delivered, gone, gone_at_wake;
} Quick;

/* The program gets its turn before the worker has woken those who wait. */
static void
deliver_first (MigrateBackend *backend, GCond *cond)
{
  Quick *self = (Quick *) backend;

  g_main_context_iteration (self->context, FALSE);
  g_clear_pointer (&self->context, g_main_context_unref);
  self->gone_at_wake = self->gone;
  if (!self->gone)
    g_cond_broadcast (cond);
}

static void
note_end (gpointer data)
{
  *(gboolean *) data = TRUE;
}

typedef struct
{
  Quick *quick;
  MigrateQueue *queue;
} Last;

static void
drop_queue (gpointer data)
{
  Last *self = data;

  self->quick->delivered = TRUE;
  _migrate_queue_unref (self->queue);
  g_free (self);
}

static gboolean
never (gpointer data)
{
  return G_SOURCE_CONTINUE;
}

/* Ends with the context, which lives as long as the queue does. */
static void
watch_end (GMainContext *context, gboolean *gone)
{
  g_autoptr (GSource) source = g_timeout_source_new_seconds (G_MAXINT);

  g_source_set_callback (source, never, gone, note_end);
  g_source_attach (source, context);
}

Test (queue, lives_until_push_is_done_with_it)
{
  MigrateBackendVtable vtable = { .wake = deliver_first };
  Quick quick = { .backend = { &vtable }, .context = g_main_context_new () };
  Last *last = g_new0 (Last, 1);
  MigrateQueue *queue;

  watch_end (quick.context, &quick.gone);
  g_main_context_push_thread_default (quick.context);
  queue = _migrate_queue_new ();
  g_main_context_pop_thread_default (quick.context);
  *last = (Last){ &quick, queue };
  _migrate_queue_push (queue, &quick.backend, drop_queue, last);
  cr_assert (quick.delivered);
  cr_assert (!quick.gone_at_wake);
  cr_assert (quick.gone);
}

/* ---- one thread pushes while another finds all done ---- */

#define HALTS 400
#define HALT_US 100

typedef struct
{
  MigrateQueue *queue;
  guint pushed, delivered; /* each by one thread */
  gint ended;
} Crowd;

static volatile sig_atomic_t halts;
static gint complaints;

/* Wherever the pusher is, the other one overtakes it there. */
static void
halt (int number)
{
  nanosleep (&(struct timespec){ .tv_nsec = HALT_US * 1000 }, NULL);
  halts++;
}

static void
count (gpointer data)
{
  ((Crowd *) data)->delivered++;
}

static gpointer
push_many (gpointer data)
{
  Crowd *self = data;
  sigset_t alarm;

  sigemptyset (&alarm);
  sigaddset (&alarm, SIGALRM);
  pthread_sigmask (SIG_UNBLOCK, &alarm, NULL);
  while (halts < HALTS)
    {
      _migrate_queue_push (self->queue, _migrate_libvirt_backend (), count, self);
      self->pushed++;
    }
  g_atomic_int_set (&self->ended, TRUE);
  return NULL;
}

static GLogWriterOutput
note_complaint (GLogLevelFlags level, const GLogField *fields, gsize n_fields, gpointer data)
{
  if ((level & (G_LOG_LEVEL_CRITICAL | G_LOG_LEVEL_WARNING)) != 0)
    g_atomic_int_inc (&complaints);
  return G_LOG_WRITER_HANDLED;
}

/* The signals go to the thread that has them open: the pusher. */
static void
start_halting (void)
{
  struct sigaction action = { .sa_handler = halt, .sa_flags = SA_RESTART };
  struct itimerval every = { { 0, 2 * HALT_US }, { 0, 2 * HALT_US } };
  sigset_t alarm;

  sigemptyset (&alarm);
  sigaddset (&alarm, SIGALRM);
  pthread_sigmask (SIG_BLOCK, &alarm, NULL);
  sigaction (SIGALRM, &action, NULL);
  setitimer (ITIMER_REAL, &every, NULL);
}

Test (queue, a_wait_that_ends_leaves_pushes_alone, .timeout = 60)
{
  const gboolean done = TRUE;
  g_autoptr (MigrateQueue) queue = _migrate_queue_new ();
  Crowd crowd = { .queue = queue };
  GThread *thread;

  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  g_log_set_writer_func (note_complaint, NULL, NULL);
  start_halting ();
  thread = g_thread_new ("pusher", push_many, &crowd);
  while (!g_atomic_int_get (&crowd.ended))
    _migrate_queue_wait (queue, _migrate_libvirt_backend (), &done);
  setitimer (ITIMER_REAL, &(struct itimerval){ 0 }, NULL);
  g_thread_join (thread);
  _migrate_queue_wait (queue, _migrate_libvirt_backend (), &done);
  cr_assert_eq (crowd.delivered, crowd.pushed);
  cr_assert_eq (complaints, 0);
}
