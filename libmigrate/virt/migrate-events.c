/* libvirt's event loop, for programs that have none: keep-alive needs one. libvirt's own
 * implementation is not used, for since 6.1 it lives on GLib's default main context: running it on
 * a thread of ours would run the program's callbacks there. This one has a context of its own. */
#include "virt/backend-private.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include <glib-unix.h>

/* One handle or timeout that libvirt asked for. Freed on the loop's thread alone, so a callback
 * that runs there need not fear for it. */
typedef struct
{
  int id;
  int fd;      /* -1: a timeout */
  int setting; /* virEventHandleType, or milliseconds; 0 and -1 respectively: off */
  GSource *source;
  virEventHandleCallback handle_callback;
  virEventTimeoutCallback timeout_callback;
  void *opaque;
  virFreeCallback free_opaque;
} Watch;

static struct
{
  GMutex mutex;        /* for watches and next_id; never held while libvirt is called */
  GHashTable *watches; /* id to Watch, not owned */
  int next_id;
  GMainContext *context;
  GMainLoop *loop;
  gboolean probed; /* a probe reached this implementation */
} events;

/* Serialises starting; running is read without it. */
static GMutex start_mutex;
static gint running;

/* ---- the implementation ---- */

static GIOCondition
get_condition (int handle_events)
{
  return (GIOCondition) ((handle_events & VIR_EVENT_HANDLE_READABLE ? G_IO_IN : 0)
                         | (handle_events & VIR_EVENT_HANDLE_WRITABLE ? G_IO_OUT : 0)
                         | (handle_events & VIR_EVENT_HANDLE_ERROR ? G_IO_ERR : 0)
                         | (handle_events & VIR_EVENT_HANDLE_HANGUP ? G_IO_HUP : 0));
}

static int
get_handle_events (GIOCondition condition)
{
  return (condition & G_IO_IN ? VIR_EVENT_HANDLE_READABLE : 0)
         | (condition & G_IO_OUT ? VIR_EVENT_HANDLE_WRITABLE : 0)
         | (condition & (G_IO_ERR | G_IO_NVAL) ? VIR_EVENT_HANDLE_ERROR : 0)
         | (condition & G_IO_HUP ? VIR_EVENT_HANDLE_HANGUP : 0);
}

/* A source may be dispatched although another thread has just taken it off. */
static gboolean
is_current (GSource *source)
{
  return !g_source_is_destroyed (source);
}

static gboolean
dispatch_handle (int fd, GIOCondition condition, gpointer data)
{
  Watch *watch = data;

  if (is_current (g_main_current_source ()))
    watch->handle_callback (watch->id, fd, get_handle_events (condition), watch->opaque);
  return G_SOURCE_CONTINUE;
}

static gboolean
dispatch_timeout (gpointer data)
{
  Watch *watch = data;

  if (is_current (g_main_current_source ()))
    watch->timeout_callback (watch->id, watch->opaque);
  return G_SOURCE_CONTINUE;
}

static void
disarm (Watch *watch)
{
  if (watch->source == NULL)
    return;
  g_source_destroy (watch->source);
  g_clear_pointer (&watch->source, g_source_unref);
}

static void
arm (Watch *watch, int setting)
{
  disarm (watch);
  watch->setting = setting;
  if (watch->fd >= 0 && setting > 0)
    {
      watch->source = g_unix_fd_source_new (watch->fd, get_condition (setting));
      g_source_set_callback (watch->source, G_SOURCE_FUNC (dispatch_handle), watch, NULL);
    }
  else if (watch->fd < 0 && setting >= 0)
    {
      watch->source = g_timeout_source_new ((guint) setting);
      g_source_set_callback (watch->source, dispatch_timeout, watch, NULL);
    }
  if (watch->source != NULL)
    g_source_attach (watch->source, events.context);
}

static int
add_watch (Watch *watch, int setting)
{
  g_mutex_lock (&events.mutex);
  watch->id = ++events.next_id;
  g_hash_table_insert (events.watches, GINT_TO_POINTER (watch->id), watch);
  arm (watch, setting);
  g_mutex_unlock (&events.mutex);
  return watch->id;
}

static void
update_watch (int id, int setting)
{
  Watch *watch;

  g_mutex_lock (&events.mutex);
  watch = g_hash_table_lookup (events.watches, GINT_TO_POINTER (id));
  if (watch != NULL && (watch->fd < 0 || watch->setting != setting))
    arm (watch, setting); /* a timeout counts anew from here, as in libvirt's own loop */
  g_mutex_unlock (&events.mutex);
}

static gboolean
free_watch (gpointer data)
{
  Watch *watch = data;

  if (watch->free_opaque != NULL)
    watch->free_opaque (watch->opaque);
  g_free (watch);
  return G_SOURCE_REMOVE;
}

/* libvirt holds locks here that freeing takes: it is done by the loop, later. */
static int
remove_watch (int id)
{
  g_autoptr (GSource) later = NULL;
  gpointer watch = NULL;

  g_mutex_lock (&events.mutex);
  if (g_hash_table_steal_extended (events.watches, GINT_TO_POINTER (id), NULL, &watch))
    disarm (watch);
  g_mutex_unlock (&events.mutex);
  if (watch == NULL)
    return -1;
  later = g_idle_source_new ();
  g_source_set_priority (later, G_PRIORITY_DEFAULT);
  g_source_set_callback (later, free_watch, watch, NULL);
  g_source_attach (later, events.context);
  return 0;
}

static int
add_handle (int fd, int handle_events, virEventHandleCallback callback, void *opaque,
            virFreeCallback free_opaque)
{
  Watch *watch = g_new0 (Watch, 1);

  watch->fd = fd;
  watch->handle_callback = callback;
  watch->opaque = opaque;
  watch->free_opaque = free_opaque;
  return add_watch (watch, handle_events);
}

static void probe_callback (int id, void *data);

static int
add_timeout (int interval, virEventTimeoutCallback callback, void *opaque,
             virFreeCallback free_opaque)
{
  Watch *watch = g_new0 (Watch, 1);

  if (callback == probe_callback)
    events.probed = TRUE;
  watch->fd = -1;
  watch->timeout_callback = callback;
  watch->opaque = opaque;
  watch->free_opaque = free_opaque;
  return add_watch (watch, interval);
}

/* ---- starting ---- */

static void
probe_callback (int id, void *data)
{
}

static void
ignore_error (void *data, virErrorPtr error)
{
}

/* libvirt has no question for it, and prints a warning when an implementation is registered over
 * another. But without one a timeout is refused; with one, a disabled timeout does nothing. */
static gboolean
has_implementation (void)
{
  int id = virEventAddTimeout (-1 /* disabled */, probe_callback, NULL, NULL);

  if (id < 0)
    return FALSE;
  virEventRemoveTimeout (id);
  return TRUE;
}

static void
run_loop (gpointer data, gpointer user_data)
{
  g_main_context_push_thread_default (events.context);
  g_main_loop_run (events.loop);
  g_main_context_pop_thread_default (events.context);
}

static gboolean
refuse (GError **error)
{
  _migrate_set_error (error, MIGRATE_ERROR_BUSY,
                      "Leave it at that, and run that loop: the library's connections use it",
                      "Cannot run libvirt's events: this program has registered an event loop with "
                      "libvirt already");
  return FALSE;
}

/* The thread is had before the implementation is registered, which cannot be taken back: registered
 * but not run, connections would be cut. */
static gboolean
start (GError **error)
{
  MigrateBackend *backend = _migrate_libvirt_backend ();

  if (has_implementation ())
    return refuse (error);
  if (events.loop == NULL)
    {
      events.watches = g_hash_table_new (NULL, NULL);
      events.context = g_main_context_new ();
      events.loop = g_main_loop_new (events.context, FALSE);
    }
  if (!backend->vtable->start_thread (backend, "migrate-events", run_loop, NULL, error))
    return FALSE;
  virEventRegisterImpl (add_handle, update_watch, remove_watch, add_timeout, update_watch,
                        remove_watch);
  has_implementation ();
  if (!events.probed)
    {
      g_main_loop_quit (events.loop);
      return refuse (error); /* another thread was faster */
    }
  /* A program that leaves libvirt's events to us leaves its printing to us too: see
   * _migrate_vir_connect(). The one place that touches the process-wide function. */
  virSetErrorFunc (NULL, ignore_error);
  return TRUE;
}

/**
 * migrate_events_start:
 * @error: return location for an error
 *
 * Runs an event loop for libvirt in a thread of the library, to the end of the process.
 *
 * With it, a host that falls silent is noticed after 30 seconds. Without it everything works by
 * polling, and each call is still bounded in time. Programs that registered an event loop with
 * libvirt and run it do not call this; all others should, once, before the first connection is
 * opened.
 *
 * It also keeps libvirt from printing a line on stderr whenever a connection cannot be opened, by
 * setting libvirt's process-wide error function.
 *
 * Does not block, may be called from any thread, and again: then it does nothing. Fails with
 * %MIGRATE_ERROR_BUSY if the program has registered an event loop with libvirt, and with
 * %MIGRATE_ERROR_FAILED if no thread can be started.
 *
 * Returns: %TRUE if the library's event loop runs
 *
 * Since: 1.0
 */
gboolean
migrate_events_start (GError **error)
{
  gboolean done;

  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);

  g_mutex_lock (&start_mutex);
  done = g_atomic_int_get (&running) || start (error);
  if (done)
    g_atomic_int_set (&running, TRUE);
  g_mutex_unlock (&start_mutex);
  return done;
}

/**
 * migrate_events_is_running:
 *
 * Tells whether [func@events_start] has succeeded in this process. An event loop of the program's
 * own does not count.
 *
 * May be called from any thread.
 *
 * Returns: %TRUE if the library's event loop runs
 *
 * Since: 1.0
 */
gboolean
migrate_events_is_running (void)
{
  return g_atomic_int_get (&running) != 0;
}
