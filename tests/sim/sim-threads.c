/* The threads of actors. A case of faults starts about eighty and there are thousands of cases, so
 * that making them costs more than what they do: there, one that has ended waits for its next
 * actor. Elsewhere it goes, for tests count threads. */
#include "sim-private.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

struct _SimThread
{
  sem_t go; /* the baton, of whichever actor the thread has */
  GFunc func;
  gpointer data;
};

static GMutex lock; /* for all below */
static gboolean keeps;
static GPtrArray *idle;
static pid_t owner; /* a forked child has none of them */

void
_sim_sem_wait (sem_t *sem)
{
  while (sem_wait (sem) != 0)
    g_assert (errno == EINTR);
}

static void
thread_free (SimThread *self)
{
  sem_destroy (&self->go);
  g_free (self);
}

static gboolean
become_idle (SimThread *self)
{
  gboolean kept;

  g_mutex_lock (&lock);
  kept = keeps;
  if (kept)
    g_ptr_array_add (idle, self);
  g_mutex_unlock (&lock);
  return kept;
}

static gpointer
thread_main (gpointer data)
{
  SimThread *self = data;

  do
    {
      _sim_sem_wait (&self->go);
      self->func (self->data, NULL);
    }
  while (become_idle (self));
  thread_free (self);
  return NULL;
}

static SimThread *
take_idle (void)
{
  SimThread *self = NULL;

  g_mutex_lock (&lock);
  if (owner != getpid ())
    {
      owner = getpid ();
      idle = g_ptr_array_new ();
    }
  if (idle->len > 0)
    self = g_ptr_array_steal_index (idle, idle->len - 1);
  g_mutex_unlock (&lock);
  return self;
}

/* With all signals blocked, as libmigrate's own: they belong to the threads of the program. */
static SimThread *
make (GError **error)
{
  SimThread *self = g_new0 (SimThread, 1);
  sigset_t all, before;
  GThread *thread;
  g_autoptr (GError) failure = NULL;

  sem_init (&self->go, 0 /* of this process */, 0);
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new ("sim-actor", thread_main, self, &failure);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (thread != NULL)
    {
      g_thread_unref (thread);
      return self;
    }
  _migrate_set_error (error, MIGRATE_ERROR_FAILED, NULL, "Cannot start a thread: %s",
                      failure->message);
  thread_free (self);
  return NULL;
}

SimThread *
_sim_thread_take (GFunc func, gpointer data, GError **error)
{
  SimThread *self = take_idle ();

  if (self == NULL)
    self = make (error);
  if (self != NULL)
    {
      self->func = func;
      self->data = data;
    }
  return self;
}

sem_t *
_sim_thread_get_go (SimThread *self)
{
  return &self->go;
}

void
sim_keep_threads (void)
{
  g_mutex_lock (&lock);
  keeps = TRUE;
  g_mutex_unlock (&lock);
}
