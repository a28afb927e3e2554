/* The backend of real hosts: time and threads of the operating system, connections of libvirt. */
#include "virt/libvirt-private.h"

#include <libmigrate/migrate.h>

#include <pthread.h>
#include <signal.h>

/* As the daemons do it: a silent peer is given up after (count + 1) * interval = 30 s. */
#define KEEPALIVE_INTERVAL_S 5
#define KEEPALIVE_COUNT 5

/* ---- time and threads ---- */

typedef struct
{
  GFunc func;
  gpointer data;
} Start;

static gint64
backend_now (MigrateBackend *self)
{
  return g_get_monotonic_time ();
}

static gint64
backend_wall (MigrateBackend *self)
{
  return g_get_real_time ();
}

static gboolean
backend_wait_until (MigrateBackend *self, GCond *cond, GMutex *mutex, gint64 deadline)
{
  if (deadline >= 0)
    return g_cond_wait_until (cond, mutex, deadline);
  g_cond_wait (cond, mutex);
  return TRUE;
}

static void
backend_wake (MigrateBackend *self, GCond *cond)
{
  g_cond_broadcast (cond);
}

static gpointer
thread_main (gpointer data)
{
  g_autofree Start *start = data;

  start->func (start->data, NULL /* user_data */);
  return NULL;
}

/* A thread inherits its signal mask. Blocked from its first instruction on, for libvirt writes to
 * sockets that may be closed at the other end: the SIGPIPE of that must not end the program. */
static gboolean
backend_start_thread (MigrateBackend *self, const char *name, GFunc func, gpointer data,
                      GError **error)
{
  g_autoptr (GError) local = NULL;
  Start *start = g_new (Start, 1);
  sigset_t all, before;
  GThread *thread;

  *start = (Start){ func, data };
  sigfillset (&all);
  pthread_sigmask (SIG_SETMASK, &all, &before);
  thread = g_thread_try_new (name, thread_main, start, &local);
  pthread_sigmask (SIG_SETMASK, &before, NULL);
  if (thread == NULL)
    {
      g_free (start);
      _migrate_set_error (error, MIGRATE_ERROR_FAILED,
                          "See the limits on processes and memory of this program",
                          "Cannot start thread “%s”: %s", name, local->message);
      return FALSE;
    }
  g_thread_unref (thread);
  return TRUE;
}

static void
backend_enter_leave (MigrateBackend *self)
{
}

static void
backend_point (MigrateBackend *self, const char *what)
{
}

/* ---- connections ---- */

static int
refuse_credentials (virConnectCredentialPtr credentials, unsigned int n_credentials, void *data)
{
  return -1;
}

static void
ignore_error (void *data, virErrorPtr said)
{
}

/* ssh asks for passwords on the terminal by itself, past our refusal of credentials, unless it is
 * told that there is none. The last of several equal parameters counts. */
static char *
without_terminal (const char *uri)
{
  g_autofree char *scheme = g_uri_parse_scheme (uri);

  if (scheme == NULL || !g_str_has_suffix (scheme, "+ssh"))
    return g_strdup (uri);
  return g_strconcat (uri, strchr (uri, '?') != NULL ? "&" : "?", "no_tty=1", NULL);
}

/* Errors of a connection are kept off stderr here. Those of opening one have no connection yet:
 * libvirt 9.0 gives them to the process-wide function or, when the program set none, prints one
 * line, “libvirt: XML-RPC error : …”. Nothing stops that per thread or per call, and the
 * process-wide function cannot be read, so as to be replaced only where nobody had set one. It
 * belongs to the program, which calls virSetErrorFunc () itself, or migrate_events_start (). */
virConnectPtr
_migrate_vir_connect (const char *uri, GError **error)
{
  virConnectAuth auth = { NULL /* credtype */, 0 /* ncredtype */, refuse_credentials, NULL };
  g_autofree char *silent = NULL;
  virConnectPtr conn;

  if (!_migrate_uri_check (uri, MIGRATE_URI_CONNECTION, error))
    return NULL;
  silent = without_terminal (uri);
  conn = virConnectOpenAuth (silent, &auth, 0 /* flags */);
  if (conn == NULL)
    {
      g_autofree char *shown = _migrate_uri_redact (uri);
      _migrate_set_vir_error (error, NULL /* conn */, MIGRATE_VIR_NO_CONNECTION,
                              "Cannot connect to “%s”", shown);
      return NULL;
    }
  virConnSetErrorFunc (conn, NULL /* data */, ignore_error);
  /* Works with any event loop, ours or the program's; refused without one, and by hosts that need
   * none such as test:///default. */
  virConnectSetKeepAlive (conn, KEEPALIVE_INTERVAL_S, KEEPALIVE_COUNT);
  return conn;
}

static MigrateConn *
backend_open (MigrateBackend *self, const char *uri, GError **error)
{
  virConnectPtr vir = _migrate_vir_connect (uri, error);
  MigrateConn *conn;

  if (vir == NULL)
    return NULL;
  conn = g_new0 (MigrateConn, 1);
  conn->vir = vir;
  conn->uri = _migrate_uri_redact (uri);
  return conn;
}

static gboolean
backend_is_alive (MigrateConn *conn)
{
  return virConnectIsAlive (conn->vir) == 1;
}

static void
backend_close (MigrateConn *conn)
{
  virConnectClose (conn->vir);
  g_free (conn->uri);
  g_free (conn);
}

static const MigrateBackendVtable libvirt_vtable = {
  .has_resolver = TRUE,
  .now = backend_now,
  .wall = backend_wall,
  .wait_until = backend_wait_until,
  .wake = backend_wake,
  .start_thread = backend_start_thread,
  .enter = backend_enter_leave,
  .leave = backend_enter_leave,
  .point = backend_point,
  .open = backend_open,
  .call = _migrate_libvirt_call,
  .is_alive = backend_is_alive,
  .close = backend_close,
};

MigrateBackend *
_migrate_libvirt_backend (void)
{
  static MigrateBackend backend = { &libvirt_vtable };

  return &backend;
}
