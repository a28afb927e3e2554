/* The threads of actors. A world starts about a hundred and a test thousands of worlds, so that
 * making them costs more than what they do: one that has ended waits for its next actor. */
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
static GPtrArray *idle;
static pid_t owner; /* a forked child has none of them */

void
_sim_sem_wait (sem_t *sem)
{
  while (sem_wait (sem) != 0)
    g_assert (errno == EINTR);
}

static gpointer
thread_main (gpointer data)
{
  SimThread *self = data;

  for (;;)
    {
      _sim_sem_wait (&self->go);
      self->func (self->data, NULL);
      g_mutex_lock (&lock);
      g_ptr_array_add (idle, self);
      g_mutex_unlock (&lock);
    }
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
  sem_destroy (&self->go);
  g_free (self);
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
