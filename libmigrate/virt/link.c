/* The link to one host. Every call runs on a thread of its own, so that the caller can stop
 * waiting; a call that did not return in time stays behind with its thread, its connection and
 * its record, and is counted.
 *
 * Lock order: link->lock only; never held across a call into the seam but for waiting. */
#include "virt/link-private.h"

/* A connection lives until the last call that uses it returned. */
typedef struct
{
  gatomicrefcount ref_count;
  MigrateBackend *backend;
  MigrateConn *conn;
} SharedConn;

struct _MigrateLink
{
  gatomicrefcount ref_count;
  char *uri;
  MigrateBackend *backend;

  GMutex lock;
  GCond changed;
  SharedConn *conn;           /* nullable; the control connection */
  MigrateBoundedCall *opener; /* nullable, borrowed: whose thread is opening it */
  guint running;              /* threads in bounded calls, parked ones included */
  guint parked;
};

struct _MigrateBoundedCall
{
  gatomicrefcount ref_count;
  MigrateLink *link;
  MigrateCall *call;
  guint timeout_ms;
  gint64 deadline;
  /* Under link->lock. */
  gboolean done, parked;
  SharedConn *asked; /* nullable, borrowed from the thread: where the answer is awaited */
  GError *error;
};

static void
conn_close (gpointer data)
{
  SharedConn *self = data;

  self->backend->vtable->close (self->conn);
  g_free (self);
}

static void
conn_close_thread (gpointer data, gpointer unused)
{
  conn_close (data);
}

/* Closing talks to the host and may block: never on a thread of the program. */
static void
conn_unref (SharedConn *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (!self->backend->vtable->start_thread (self->backend, "migrate-close",
                                            (GFunc) conn_close_thread, self, NULL))
    conn_close (self);
}

static SharedConn *
conn_ref (SharedConn *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

static SharedConn *
conn_open (MigrateBackend *backend, const char *uri, GError **error)
{
  MigrateConn *conn = backend->vtable->open (backend, uri, error);
  SharedConn *self;

  if (conn == NULL)
    return NULL;
  self = g_new0 (SharedConn, 1);
  g_atomic_ref_count_init (&self->ref_count);
  self->backend = backend;
  self->conn = conn;
  return self;
}

MigrateLink *
_migrate_link_new (const char *uri)
{
  MigrateLink *self = g_new0 (MigrateLink, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->uri = g_strdup (uri);
  self->backend = _migrate_backend_for_uri (uri);
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

MigrateLink *
_migrate_link_ref (MigrateLink *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
_migrate_link_unref (MigrateLink *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->conn != NULL)
    conn_unref (self->conn);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self->uri);
  g_free (self);
}

const char *
_migrate_link_get_uri (MigrateLink *self)
{
  return self->uri;
}

MigrateBackend *
_migrate_link_get_backend (MigrateLink *self)
{
  return self->backend;
}

/* One thread opens, the others wait for it: each of them is bounded by its own caller. One that was
 * given up is not waited for, and keeps what it opens to itself. */
static SharedConn *
link_get_conn (MigrateBoundedCall *caller, gboolean *fresh, GError **error)
{
  MigrateLink *self = caller->link;
  SharedConn *conn;

  g_mutex_lock (&self->lock);
  while (self->opener != NULL)
    self->backend->vtable->wait_until (self->backend, &self->changed, &self->lock, -1);
  *fresh = self->conn == NULL;
  if (self->conn != NULL)
    {
      conn = conn_ref (self->conn);
      g_mutex_unlock (&self->lock);
      return conn;
    }
  if (!caller->parked)
    self->opener = caller;
  g_mutex_unlock (&self->lock);

  conn = conn_open (self->backend, self->uri, error);

  g_mutex_lock (&self->lock);
  if (self->opener == caller)
    {
      self->opener = NULL;
      self->conn = conn != NULL ? conn_ref (conn) : NULL;
    }
  g_mutex_unlock (&self->lock);
  self->backend->vtable->wake (self->backend, &self->changed);
  return conn;
}

/* Once a connection is dead the next call opens another. */
static void
link_drop_conn (MigrateLink *self, SharedConn *conn)
{
  SharedConn *dropped = NULL;

  g_mutex_lock (&self->lock);
  if (self->conn == conn)
    dropped = g_steal_pointer (&self->conn);
  g_mutex_unlock (&self->lock);
  if (dropped != NULL)
    conn_unref (dropped);
}

static gboolean
only_reads (MigrateCallKind kind)
{
  return kind <= MIGRATE_CALL_LAST_READ;
}

/* FALSE: nobody waits for the answer any more, and an order that comes late is none. */
static gboolean
may_ask (MigrateBoundedCall *self, SharedConn *conn)
{
  gboolean may;

  g_mutex_lock (&self->link->lock);
  may = !self->parked;
  self->asked = may ? conn : NULL;
  g_mutex_unlock (&self->link->lock);
  return may;
}

static gboolean
ask (MigrateBoundedCall *self, SharedConn *conn, GError **error)
{
  MigrateBackend *backend = self->link->backend;
  gboolean ok;

  if (!may_ask (self, conn))
    {
      _migrate_set_error (error, MIGRATE_ERROR_TIMED_OUT, NULL /* remedy */,
                          "The connection to “%s” opened too late", self->link->uri);
      return FALSE;
    }
  ok = backend->vtable->call (conn->conn, self->call, error);
  g_mutex_lock (&self->link->lock);
  self->asked = NULL;
  g_mutex_unlock (&self->link->lock);
  return ok;
}

static GError *
lost_error (MigrateLink *self, const GError *error)
{
  MigrateErrorPrivate *priv = _migrate_error_private (error);
  GError *lost
    = _migrate_error_new (MIGRATE_ERROR_UNREACHABLE, "See whether libvirtd runs on that host",
                          "The connection to “%s” was lost: %s", self->uri, error->message);

  if (priv != NULL)
    {
      _migrate_error_private (lost)->vir_domain = priv->vir_domain;
      _migrate_error_private (lost)->vir_code = priv->vir_code;
    }
  return lost;
}

static gboolean
link_call_now (MigrateBoundedCall *bounded, GError **error)
{
  MigrateLink *self = bounded->link;

  for (;;)
    {
      g_autoptr (GError) local_error = NULL;
      gboolean fresh, alive, ok;
      SharedConn *conn = link_get_conn (bounded, &fresh, error);

      if (conn == NULL)
        return FALSE;
      ok = ask (bounded, conn, &local_error);
      alive = ok || self->backend->vtable->is_alive (conn->conn);
      if (!alive)
        link_drop_conn (self, conn);
      conn_unref (conn);
      if (ok)
        return TRUE;
      /* The daemon was restarted since: a question may be asked again, an order may not. */
      if (!alive && !fresh && only_reads (bounded->call->kind))
        continue;
      if (!alive && !g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE))
        g_propagate_error (error, lost_error (self, local_error));
      else
        g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
}

static void
bounded_unref (MigrateBoundedCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  _migrate_call_unref (self->call);
  _migrate_link_unref (self->link);
  g_clear_error (&self->error);
  g_free (self);
}

static void
bounded_main (gpointer data, gpointer unused)
{
  MigrateBoundedCall *self = data;
  MigrateLink *link = self->link;
  GError *error = NULL;

  link_call_now (self, &error);

  g_mutex_lock (&link->lock);
  self->done = TRUE;
  self->error = error;
  link->running--;
  if (self->parked)
    link->parked--;
  g_mutex_unlock (&link->lock);
  link->backend->vtable->wake (link->backend, &link->changed);
  bounded_unref (self);
}

/* Waits for one of the host's threads. Called and returns with the lock held. */
static gboolean
link_take_thread (MigrateLink *self, gint64 deadline, GError **error)
{
  while (self->running >= MIGRATE_LINK_MAX_CALLS)
    {
      if (self->parked >= MIGRATE_LINK_MAX_CALLS)
        {
          _migrate_set_error (error, MIGRATE_ERROR_UNREACHABLE,
                              "See whether libvirtd answers on that host, and restart it",
                              "Host “%s” is not asked any more: %u calls to it never returned",
                              self->uri, self->parked);
          return FALSE;
        }
      if (_migrate_backend_now (self->backend) >= deadline)
        {
          _migrate_set_error (error, MIGRATE_ERROR_TIMED_OUT, NULL,
                              "Host “%s” is busy with %u other calls", self->uri, self->running);
          return FALSE;
        }
      self->backend->vtable->wait_until (self->backend, &self->changed, &self->lock, deadline);
    }
  self->running++;
  return TRUE;
}

/* Gives the call up, with the lock held: whoever comes next does not wait for what it waits for,
 * but opens a connection of his own. Returns what the link held of the connection, to be given back
 * without the lock. */
static SharedConn *
park (MigrateBoundedCall *bounded)
{
  MigrateLink *self = bounded->link;

  bounded->parked = TRUE;
  self->parked++;
  if (self->opener == bounded)
    self->opener = NULL;
  if (bounded->asked != NULL && bounded->asked == self->conn)
    return g_steal_pointer (&self->conn);
  return NULL;
}

MigrateBoundedCall *
_migrate_link_begin (MigrateLink *self, MigrateCall *call, guint timeout_ms, GError **error)
{
  gint64 deadline = _migrate_backend_now (self->backend) + (gint64) timeout_ms * 1000;
  MigrateBoundedCall *bounded;

  g_mutex_lock (&self->lock);
  if (!link_take_thread (self, deadline, error))
    {
      g_mutex_unlock (&self->lock);
      return NULL;
    }
  g_mutex_unlock (&self->lock);

  bounded = g_new0 (MigrateBoundedCall, 1);
  g_atomic_ref_count_init (&bounded->ref_count);
  g_atomic_ref_count_inc (&bounded->ref_count); /* the thread's */
  bounded->link = _migrate_link_ref (self);
  bounded->call = _migrate_call_ref (call);
  bounded->timeout_ms = timeout_ms;
  bounded->deadline = deadline;
  if (self->backend->vtable->start_thread (self->backend, "migrate-call", (GFunc) bounded_main,
                                           bounded, error))
    return bounded;
  g_mutex_lock (&self->lock);
  self->running--;
  g_mutex_unlock (&self->lock);
  bounded_unref (bounded);
  bounded_unref (bounded);
  return NULL;
}

gboolean
_migrate_link_end (MigrateBoundedCall *bounded, GError **error)
{
  MigrateLink *self = bounded->link;
  SharedConn *dropped = NULL;
  gboolean ok = FALSE, gave_up;

  g_mutex_lock (&self->lock);
  while (!bounded->done && _migrate_backend_now (self->backend) < bounded->deadline)
    self->backend->vtable->wait_until (self->backend, &self->changed, &self->lock,
                                       bounded->deadline);
  gave_up = !bounded->done;
  if (gave_up)
    {
      dropped = park (bounded);
      _migrate_set_error (error, MIGRATE_ERROR_TIMED_OUT,
                          "See whether libvirtd and the guest's monitor answer on that host",
                          "Host “%s” did not answer “%s” within %u ms", self->uri,
                          _migrate_call_kind_name (bounded->call->kind), bounded->timeout_ms);
    }
  else if (bounded->error != NULL)
    g_propagate_error (error, g_steal_pointer (&bounded->error));
  else
    ok = TRUE;
  g_mutex_unlock (&self->lock);
  if (gave_up)
    self->backend->vtable->wake (self->backend, &self->changed); /* who waits for its opening */
  if (dropped != NULL)
    conn_unref (dropped);
  bounded_unref (bounded);
  return ok;
}

gboolean
_migrate_link_call (MigrateLink *self, MigrateCall *call, guint timeout_ms, GError **error)
{
  MigrateBoundedCall *bounded = _migrate_link_begin (self, call, timeout_ms, error);

  return bounded != NULL && _migrate_link_end (bounded, error);
}

guint
_migrate_link_count_parked (MigrateLink *self)
{
  guint parked;

  g_mutex_lock (&self->lock);
  parked = self->parked;
  g_mutex_unlock (&self->lock);
  return parked;
}

typedef struct
{
  MigrateLink *link;
  MigrateCall *call;
  MigrateTransferDone done;
  gpointer data;
} Transfer;

static void
transfer_main (gpointer data, gpointer unused)
{
  Transfer *self = data;
  GError *error = NULL;
  SharedConn *conn = conn_open (self->link->backend, self->link->uri, &error);

  if (conn != NULL
      && !g_atomic_int_compare_and_exchange (&self->call->transfer.stage, MIGRATE_TRANSFER_ASKED,
                                             MIGRATE_TRANSFER_BEGUN))
    error = _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, NULL /* remedy */,
                                "“%s” was called off before it began",
                                _migrate_call_kind_name (self->call->kind));
  else if (conn != NULL)
    self->link->backend->vtable->call (conn->conn, self->call, &error);
  self->done (self->call, error, self->data);
  if (conn != NULL)
    conn_close (conn);
  _migrate_call_unref (self->call);
  _migrate_link_unref (self->link);
  g_free (self);
}

gboolean
_migrate_link_start_transfer (MigrateLink *self, MigrateCall *call, MigrateTransferDone done,
                              gpointer data, GError **error)
{
  Transfer *transfer = g_new0 (Transfer, 1);

  transfer->link = _migrate_link_ref (self);
  transfer->call = _migrate_call_ref (call);
  transfer->done = done;
  transfer->data = data;
  if (self->backend->vtable->start_thread (self->backend, "migrate-transfer", (GFunc) transfer_main,
                                           transfer, error))
    return TRUE;
  _migrate_call_unref (transfer->call);
  _migrate_link_unref (transfer->link);
  g_free (transfer);
  return FALSE;
}
