/* The baton and the virtual clock. Actors are real threads of which one runs at a time; whenever
 * it calls into the seam, the next one is drawn from the seed. Time moves only when all wait, to
 * the earliest deadline, so that hours pass in milliseconds and the same seed gives the same run.
 */
#include "sim-private.h"

#include <stdlib.h>
#include <unistd.h>

/* A world in which time runs this long without anybody doing anything is a test that hangs. */
#define SIM_IDLE_LIMIT (G_GINT64_CONSTANT (30) * 24 * 3600 * G_USEC_PER_SEC)
#define SIM_TEARDOWN_LIMIT (20 * G_USEC_PER_SEC)

static SimActor *draw (SimWorld *self);

/* ---- the lock: callbacks of a test may use the API while we hold it ---- */

void
_sim_lock (SimWorld *self)
{
  if (g_atomic_pointer_get (&self->holder) != g_thread_self ())
    g_mutex_lock (&self->lock);
}

void
_sim_unlock (SimWorld *self)
{
  if (g_atomic_pointer_get (&self->holder) != g_thread_self ())
    g_mutex_unlock (&self->lock);
}

/* ---- actors ---- */

static void
actor_free (SimActor *actor)
{
  g_hash_table_unref (actor->numbers);
  sem_destroy (&actor->own_go);
  g_free (actor->name);
  g_free (actor);
}

static SimActor *
actor_new (SimWorld *self, const char *name)
{
  SimActor *actor = g_new0 (SimActor, 1);

  actor->world = self;
  actor->id = ++self->last_actor;
  actor->name = g_strdup (name);
  actor->deadline = -1;
  actor->numbers = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  sem_init (&actor->own_go, 0 /* of this process */, 0);
  actor->go = &actor->own_go;
  g_ptr_array_add (self->actors, actor);
  return actor;
}

static void
actor_make_ready (SimActor *actor)
{
  if (actor->state == SIM_ACTOR_READY)
    return;
  actor->state = SIM_ACTOR_READY;
  actor->key = NULL;
  actor->deadline = -1;
  g_ptr_array_add (actor->world->ready, actor);
}

/* The caller gives the baton away, or never had it; it goes on when it is drawn. Whoever is drawn
 * wants the lock first, so it is woken without: else it would sleep again at once. */
static void
actor_wait_for_baton (SimActor *actor)
{
  SimWorld *self = actor->world;
  SimActor *next;

  if (self->running == actor)
    self->running = NULL;
  next = draw (self);
  if (next == actor)
    return;
  g_mutex_unlock (&self->lock);
  if (next != NULL)
    sem_post (next->go);
  _sim_sem_wait (actor->go);
  g_mutex_lock (&self->lock);
  g_assert (self->running == actor);
}

void
_sim_sched_init (SimWorld *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->gone);
  g_cond_init (&self->pacer_cond);
  self->rand = g_rand_new_with_seed_array (
    (guint32[]){ (guint32) self->seed, (guint32) (self->seed >> 32) }, 2);
  self->now = G_USEC_PER_SEC; /* not 0: nobody shall take it for unset */
  self->real_now = g_get_monotonic_time ();
  self->actors = g_ptr_array_new ();
  self->ready = g_ptr_array_new ();
  self->by_thread = g_hash_table_new (NULL, NULL);
  self->trace = g_ptr_array_new_with_free_func (g_free);
}

static gpointer
pacer_main (gpointer data)
{
  SimWorld *self = data;

  g_mutex_lock (&self->lock);
  while (!self->freed)
    {
      if (self->pacer_until == 0)
        g_cond_wait (&self->pacer_cond, &self->lock);
      else if (!g_cond_wait_until (&self->pacer_cond, &self->lock, self->pacer_until))
        {
          self->pacer_until = 0;
          _sim_dispatch (self);
        }
    }
  g_mutex_unlock (&self->lock);
  return NULL;
}

void
sim_world_set_pace (SimWorld *self, guint times)
{
  _sim_lock (self);
  self->pace = times;
  self->real_now = g_get_monotonic_time (); /* what was before is not made up for */
  if (times > 0 && self->pacer == NULL)
    {
      self->pacer = g_thread_new ("sim-pacer", pacer_main, self);
      g_thread_unref (self->pacer);
    }
  _sim_unlock (self);
}

/* FALSE: not yet, the pacer will ask again. */
static gboolean
may_advance (SimWorld *self, gint64 to)
{
  gint64 real;

  if (self->pace == 0 || self->tearing || to <= self->now)
    return TRUE;
  real = self->real_now + (to - self->now) / self->pace;
  if (g_get_monotonic_time () >= real)
    return TRUE;
  self->pacer_until = real;
  g_cond_signal (&self->pacer_cond);
  return FALSE;
}

/* All wait: one thing happens. FALSE: nothing can. */
static gboolean
advance (SimWorld *self)
{
  SimActor *first = NULL;
  SimEvent *event = NULL;
  gboolean anybody = FALSE;
  gint64 to;

  for (guint i = 0; i < self->actors->len; i++)
    {
      SimActor *actor = g_ptr_array_index (self->actors, i);

      if (actor->state != SIM_ACTOR_WAITING)
        continue;
      anybody = TRUE;
      if (actor->deadline >= 0 && (first == NULL || actor->deadline < first->deadline))
        first = actor;
    }
  if (!anybody)
    return FALSE;
  if (self->events->len > 0)
    event = g_ptr_array_index (self->events, self->events->len - 1);
  if (event != NULL && first != NULL && first->deadline < event->at)
    event = NULL;
  if (event == NULL && first == NULL)
    return FALSE;

  to = event != NULL ? event->at : first->deadline;
  if (!may_advance (self, to))
    return FALSE;
  if (to > self->now)
    {
      self->now = to;
      self->real_now = g_get_monotonic_time ();
    }
  if (event == NULL)
    {
      actor_make_ready (first);
      return TRUE;
    }
  if (self->now - self->idle_since > SIM_IDLE_LIMIT)
    g_error ("sim: 30 days of virtual time have passed in world %s and nobody did anything",
             self->name);
  g_ptr_array_set_size (self->events, self->events->len - 1);
  _sim_run_event (self, event);
  _sim_event_free (event);
  return TRUE;
}

static void
give_baton (SimWorld *self, SimActor *actor)
{
  self->idle_since = self->now;
  self->running = actor;
  actor->state = SIM_ACTOR_RUNNING;
  /* Whoever came to its deadline meanwhile takes part in the next draw. */
  for (guint i = 0; i < self->actors->len; i++)
    {
      SimActor *other = g_ptr_array_index (self->actors, i);

      if (other->state == SIM_ACTOR_WAITING && other->deadline >= 0 && other->deadline <= self->now)
        actor_make_ready (other);
    }
}

/* Who has the baton from now on, and is to be woken; NULL: it is not free, or nobody wants it. */
static SimActor *
draw (SimWorld *self)
{
  while (self->running == NULL)
    {
      guint i = self->ready->len < 2
                  ? 0
                  : (guint) g_rand_int_range (self->rand, 0, (gint32) self->ready->len);

      if (self->ready->len > 0)
        {
          SimActor *actor = g_ptr_array_remove_index (self->ready, i);

          give_baton (self, actor);
          return actor;
        }
      if (!advance (self))
        return NULL;
    }
  return NULL;
}

void
_sim_dispatch (SimWorld *self)
{
  SimActor *actor = draw (self);

  if (actor != NULL)
    sem_post (actor->go);
}

static void
actor_end (SimActor *actor)
{
  SimWorld *self = actor->world;

  g_ptr_array_remove (self->actors, actor);
  g_hash_table_remove (self->by_thread, actor->thread);
  if (self->running == actor)
    self->running = NULL;
  actor_free (actor);
  g_cond_broadcast (&self->gone);
  _sim_dispatch (self);
}

static SimActor *
actor_of_this_thread (SimWorld *self)
{
  return g_hash_table_lookup (self->by_thread, g_thread_self ());
}

static SimActor *
actor_join (SimWorld *self)
{
  SimActor *actor = actor_new (self, "program");

  actor->thread = g_thread_self ();
  g_hash_table_insert (self->by_thread, actor->thread, actor);
  return actor;
}

SimActor *
_sim_enter (SimWorld *self, gboolean tester)
{
  SimActor *actor = actor_of_this_thread (self);

  if (actor == NULL)
    {
      actor = actor_join (self);
      actor->tester = tester;
      actor->state = SIM_ACTOR_WAITING;
      if (self->stopped && !self->tearing && !tester)
        {
          _sim_hang (actor);
        }
      else
        {
          actor_make_ready (actor);
          actor_wait_for_baton (actor);
        }
    }
  actor->depth++;
  return actor;
}

void
_sim_leave (SimActor *actor)
{
  if (--actor->depth == 0)
    actor_end (actor);
}

void
_sim_yield (SimActor *actor)
{
  actor_make_ready (actor);
  actor_wait_for_baton (actor);
}

gboolean
_sim_wait (SimActor *actor, gconstpointer key, gint64 deadline)
{
  if (actor->world->tearing)
    deadline = 0;
  actor->state = SIM_ACTOR_WAITING;
  actor->key = key;
  actor->deadline = deadline;
  actor->woken = FALSE;
  actor_wait_for_baton (actor);
  return actor->woken;
}

void
_sim_pause (SimActor *actor, gint64 us)
{
  _sim_wait (actor, NULL, actor->world->now + us);
}

void
_sim_hang (SimActor *actor)
{
  if (actor->world->tearing)
    return;
  actor->state = SIM_ACTOR_HUNG;
  actor_wait_for_baton (actor);
}

void
_sim_wake_actor (SimActor *actor)
{
  if (actor->state != SIM_ACTOR_WAITING)
    return;
  actor_make_ready (actor);
  actor->woken = TRUE;
}

void
_sim_notify (SimWorld *self, gconstpointer key)
{
  for (guint i = 0; i < self->actors->len; i++)
    {
      SimActor *actor = g_ptr_array_index (self->actors, i);

      if (actor->state == SIM_ACTOR_WAITING && actor->key == key)
        _sim_wake_actor (actor);
    }
}

void
_sim_trace (SimActor *actor, const char *kind, const char *host)
{
  g_autofree char *key = g_strdup_printf ("%s:%s", kind, host);
  guint n = GPOINTER_TO_UINT (g_hash_table_lookup (actor->numbers, key)) + 1;

  g_ptr_array_add (actor->world->trace, g_strdup_printf ("%u:%s#%u", actor->id, key, n));
  g_hash_table_insert (actor->numbers, g_steal_pointer (&key), GUINT_TO_POINTER (n));
}

/* ---- the seam's clock and threads ---- */

gint64
_sim_backend_now (MigrateBackend *backend)
{
  SimWorld *self = (SimWorld *) backend;
  gint64 now;

  _sim_lock (self);
  now = self->now;
  _sim_unlock (self);
  return now;
}

gint64
_sim_backend_wall (MigrateBackend *backend)
{
  /* 2026-01-01 */
  return G_GINT64_CONSTANT (1767225600) * G_USEC_PER_SEC + _sim_backend_now (backend);
}

gboolean
_sim_backend_wait_until (MigrateBackend *backend, GCond *cond, GMutex *mutex, gint64 deadline)
{
  SimWorld *self = (SimWorld *) backend;
  SimActor *actor;
  gboolean joined, woken;

  g_mutex_lock (&self->lock);
  /* A thread that is no actor must not wait for its turn here: it holds the mutex, which may be
   * what the actor with the baton wants next. */
  actor = actor_of_this_thread (self);
  joined = actor == NULL;
  if (joined)
    actor = actor_join (self);
  else
    _sim_trace (actor, "wait", "-");
  actor->state = joined && self->stopped && !self->tearing ? SIM_ACTOR_HUNG : SIM_ACTOR_WAITING;
  actor->key = cond;
  actor->deadline = deadline;
  actor->woken = FALSE;
  /* Nobody who does as libvirt would can be gone for good in a world that ends; those that wait
   * without a deadline are woken to see it. */
  if (self->tearing && (deadline < 0 || deadline > self->now + 10 * SIM_MS))
    actor->deadline = self->now + 10 * SIM_MS;
  g_mutex_unlock (mutex);
  actor_wait_for_baton (actor);
  woken = actor->woken;
  if (joined)
    actor_end (actor);
  g_mutex_unlock (&self->lock);
  g_mutex_lock (mutex);
  return woken;
}

void
_sim_backend_wake (MigrateBackend *backend, GCond *cond)
{
  SimWorld *self = (SimWorld *) backend;
  SimActor *actor;

  g_mutex_lock (&self->lock);
  if (actor_of_this_thread (self) == NULL)
    {
      /* A handler of g_cancellable_cancel(): the actor with the baton may wait for it to return. */
      _sim_notify (self, cond);
      _sim_dispatch (self);
      g_mutex_unlock (&self->lock);
      return;
    }
  actor = _sim_enter (self, FALSE);
  _sim_trace (actor, "wake", "-");
  _sim_notify (self, cond);
  _sim_yield (actor);
  _sim_leave (actor);
  g_mutex_unlock (&self->lock);
}

typedef struct
{
  SimActor *actor;
  GFunc func;
  gpointer data;
} Thread;

static void
thread_main (gpointer data, gpointer unused)
{
  g_autofree Thread *thread = data;
  SimActor *actor = thread->actor;
  SimWorld *self = actor->world;

  g_mutex_lock (&self->lock);
  actor->thread = g_thread_self ();
  g_hash_table_insert (self->by_thread, actor->thread, actor);
  g_mutex_unlock (&self->lock);

  thread->func (thread->data, NULL);

  g_mutex_lock (&self->lock);
  _sim_leave (actor);
  g_mutex_unlock (&self->lock);
}

gboolean
_sim_backend_start_thread (MigrateBackend *backend, const char *name, GFunc func, gpointer data,
                           GError **error)
{
  SimWorld *self = (SimWorld *) backend;
  Thread *thread = g_new0 (Thread, 1);
  SimThread *real = _sim_thread_take (thread_main, thread, error);
  SimActor *actor;

  if (real == NULL)
    {
      g_free (thread);
      return FALSE;
    }
  g_mutex_lock (&self->lock);
  actor = _sim_enter (self, FALSE);
  _sim_trace (actor, "start-thread", "-");
  thread->func = func;
  thread->data = data;
  thread->actor = actor_new (self, name);
  thread->actor->go = _sim_thread_get_go (real);
  thread->actor->depth = 1;
  thread->actor->state = SIM_ACTOR_WAITING;
  actor_make_ready (thread->actor);
  _sim_yield (actor);
  _sim_leave (actor);
  g_mutex_unlock (&self->lock);
  return TRUE;
}

void
_sim_backend_enter (MigrateBackend *backend)
{
  SimWorld *self = (SimWorld *) backend;

  g_mutex_lock (&self->lock);
  _sim_enter (self, FALSE);
  g_mutex_unlock (&self->lock);
}

void
_sim_backend_leave (MigrateBackend *backend)
{
  SimWorld *self = (SimWorld *) backend;
  SimActor *actor;

  g_mutex_lock (&self->lock);
  actor = actor_of_this_thread (self);
  g_assert (actor != NULL);
  _sim_leave (actor);
  g_mutex_unlock (&self->lock);
}

void
_sim_backend_point (MigrateBackend *backend, const char *what)
{
  SimWorld *self = (SimWorld *) backend;
  SimActor *actor;

  g_mutex_lock (&self->lock);
  actor = _sim_enter (self, FALSE);
  _sim_yield (actor);
  _sim_trace (actor, "point", what);
  if (++self->n_points == self->stop_at_point && !self->tearing)
    {
      _sim_stop (self);
      _sim_hang (actor);
    }
  if (!self->tearing)
    _sim_trigger_nth (self, SIM_AT_POINT, self->n_points);
  _sim_leave (actor);
  g_mutex_unlock (&self->lock);
}

/* ---- the test's side ---- */

gint64
sim_world_get_now (SimWorld *self)
{
  return _sim_backend_now (&self->backend);
}

GPtrArray *
sim_world_get_trace (SimWorld *self)
{
  return self->trace;
}

void
sim_world_enter (SimWorld *self)
{
  g_mutex_lock (&self->lock);
  _sim_enter (self, TRUE);
  g_mutex_unlock (&self->lock);
}

void
sim_world_leave (SimWorld *self)
{
  _sim_backend_leave (&self->backend);
}

void
sim_world_sleep (SimWorld *self, guint ms)
{
  SimActor *actor;

  _sim_lock (self);
  actor = _sim_enter (self, TRUE);
  _sim_pause (actor, (gint64) ms * SIM_MS);
  _sim_leave (actor);
  _sim_unlock (self);
}

guint
sim_world_count_points (SimWorld *self)
{
  return self->n_points;
}

/* ---- stopping ---- */

void
_sim_stop (SimWorld *self)
{
  if (self->stop_file != NULL)
    {
      _sim_act (self, &(SimAction){ .what = SIM_KILL_CLIENT }, NULL);
      self->holder = g_thread_self ();
      if (!sim_world_save (self, self->stop_file))
        g_error ("sim: cannot write %s", self->stop_file);
      _exit (SIM_EXIT_STOPPED);
    }
  self->stopped = TRUE;
  for (guint i = 0; i < self->actors->len; i++)
    {
      SimActor *actor = g_ptr_array_index (self->actors, i);

      if (actor->tester || actor->state == SIM_ACTOR_RUNNING)
        continue;
      g_ptr_array_remove (self->ready, actor);
      actor->state = SIM_ACTOR_HUNG;
    }
  _sim_act (self, &(SimAction){ .what = SIM_KILL_CLIENT }, NULL);
  g_cond_broadcast (&self->gone);
}

void
sim_world_stop_at_point (SimWorld *self, guint n)
{
  _sim_lock (self);
  self->stop_at_point = n;
  _sim_unlock (self);
}

void
sim_world_stop_at_call (SimWorld *self, guint n)
{
  _sim_lock (self);
  self->stop_at_call = n;
  _sim_unlock (self);
}

void
sim_world_kill_client (SimWorld *self)
{
  _sim_lock (self);
  if (!self->stopped)
    _sim_stop (self);
  _sim_unlock (self);
}

gboolean
sim_world_is_stopped (SimWorld *self)
{
  gboolean stopped;

  _sim_lock (self);
  stopped = self->stopped;
  _sim_unlock (self);
  return stopped;
}

gboolean
sim_world_wait_stopped (SimWorld *self, guint real_ms)
{
  gint64 until = g_get_monotonic_time () + (gint64) real_ms * SIM_MS;
  gboolean stopped;

  g_mutex_lock (&self->lock);
  while (!self->stopped)
    {
      SimActor *actor = actor_of_this_thread (self);

      if (actor != NULL && g_get_monotonic_time () < until)
        _sim_pause (actor, SIM_MS);
      else if (actor != NULL || !g_cond_wait_until (&self->gone, &self->lock, until))
        break;
    }
  stopped = self->stopped;
  g_mutex_unlock (&self->lock);
  return stopped;
}

void
sim_world_restart_client (SimWorld *self)
{
  _sim_lock (self);
  self->stopped = FALSE;
  self->stop_at_point = self->stop_at_call = 0;
  _sim_unlock (self);
}

void
sim_world_set_stop_file (SimWorld *self, const char *path)
{
  _sim_lock (self);
  g_free (self->stop_file);
  self->stop_file = g_strdup (path);
  _sim_unlock (self);
}

static void
release_all (SimWorld *self)
{
  self->tearing = TRUE;
  self->stopped = FALSE;
  for (guint i = self->events->len; i > 0; i--)
    _sim_event_free (g_ptr_array_index (self->events, i - 1));
  g_ptr_array_set_size (self->events, 0);
  for (guint i = 0; i < self->actors->len; i++)
    {
      SimActor *actor = g_ptr_array_index (self->actors, i);

      if (actor->state == SIM_ACTOR_HUNG || actor->state == SIM_ACTOR_WAITING)
        actor_make_ready (actor);
    }
  _sim_dispatch (self);
}

void
sim_world_free (SimWorld *self)
{
  gint64 until = g_get_monotonic_time () + SIM_TEARDOWN_LIMIT;
  SimActor *own;

  if (self == NULL)
    return;
  g_mutex_lock (&self->lock);
  release_all (self);
  own = actor_of_this_thread (self);
  if (own != NULL)
    {
      g_assert (own->tester && own->depth == 1);
      _sim_leave (own);
    }
  while (self->actors->len > 0 && g_cond_wait_until (&self->gone, &self->lock, until))
    ;
  for (guint i = 0; i < self->actors->len; i++)
    {
      SimActor *actor = g_ptr_array_index (self->actors, i);

      g_printerr ("sim: world %s ends with actor %u (%s) left\n", self->name, actor->id,
                  actor->name);
    }
  g_assert (self->actors->len == 0);
  self->freed = TRUE;
  g_cond_signal (&self->pacer_cond);
  g_mutex_unlock (&self->lock);
}
