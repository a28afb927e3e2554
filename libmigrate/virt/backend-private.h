/* The seam below which libvirt lives. Everything that the library asks of a hypervisor, of the
 * clock and of threads goes through one small vtable, so that the simulator can replace all of it
 * at once and play any order of events again.
 *
 * Rules for callers: never hold a mutex across a call into the seam, but for the one handed to
 * wait_until. */
#pragma once

#include "virt/call-private.h"

typedef struct _MigrateBackend MigrateBackend;
typedef struct _MigrateConn MigrateConn;

typedef struct
{
  gboolean has_resolver; /* names of hosts are the operating system's */

  /* Monotonic time, microseconds. */
  gint64 (*now) (MigrateBackend *self);
  /* Wall-clock time, microseconds since the epoch, for what people read. */
  gint64 (*wall) (MigrateBackend *self);
  /* As g_cond_wait_until(); deadline in now()'s time, -1 waits for ever. May wake early. */
  gboolean (*wait_until) (MigrateBackend *self, GCond *cond, GMutex *mutex, gint64 deadline);
  /* As g_cond_broadcast(). */
  void (*wake) (MigrateBackend *self, GCond *cond);
  /* A detached thread with all signals blocked. FALSE: none could be had. */
  gboolean (*start_thread) (MigrateBackend *self, const char *name, GFunc func, gpointer data,
                            GError **error);
  /* Brackets what a thread of the program does inside a blocking call of ours. */
  void (*enter) (MigrateBackend *self);
  void (*leave) (MigrateBackend *self);
  /* A point in time worth failing at: around each journal write. */
  void (*point) (MigrateBackend *self, const char *what);

  /* Blocking, on workers only, possibly for ever. */
  MigrateConn *(*open) (MigrateBackend *self, const char *uri, GError **error);
  gboolean (*call) (MigrateConn *conn, MigrateCall *call, GError **error);
  gboolean (*is_alive) (MigrateConn *conn);
  void (*close) (MigrateConn *conn);
} MigrateBackendVtable;

struct _MigrateBackend
{
  const MigrateBackendVtable *vtable;
};

/* A backend serves the URIs of a scheme; libvirt serves all that nobody registered for. Backends
 * live as long as the process. */
typedef MigrateBackend *(*MigrateBackendFactory) (const char *uri);
void _migrate_backend_register (const char *scheme, MigrateBackendFactory factory);
MigrateBackend *_migrate_backend_for_uri (const char *uri);
MigrateBackend *_migrate_libvirt_backend (void);

typedef void (*MigrateEachFunc) (gpointer data, guint i);
/* func for each i below n, on at_once threads at the most; returns when all are done. name: of the
 * threads; static. */
void _migrate_backend_each (MigrateBackend *backend, const char *name, guint at_once, guint n,
                            MigrateEachFunc func, gpointer data);

static inline gint64
_migrate_backend_now (MigrateBackend *self)
{
  return self->vtable->now (self);
}
