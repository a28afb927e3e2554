/* What the files of the libvirt backend share. Nothing outside of them includes this. */
#pragma once

#include "virt/backend-private.h"

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

struct _MigrateConn
{
  virConnectPtr vir;
  char *uri; /* redacted, for messages */
};

/* Freeing a handle resets the thread's last error: convert that first. */
static inline void
_migrate_vir_connect_close (virConnectPtr conn)
{
  virConnectClose (conn);
}

static inline void
_migrate_vir_domain_free (virDomainPtr domain)
{
  virDomainFree (domain);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virConnect, _migrate_vir_connect_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, _migrate_vir_domain_free)

typedef struct
{
  virTypedParameterPtr list;
  int n, max;
} MigrateVirParams;

static inline void
_migrate_vir_params_clear (MigrateVirParams *self)
{
  virTypedParamsFree (self->list, self->n);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MigrateVirParams, _migrate_vir_params_clear)

/* ---- libvirt-error.c ---- */

/* Where the error came up, as far as its meaning depends on it. */
typedef enum
{
  MIGRATE_VIR_ANYWHERE = 0,
  MIGRATE_VIR_NO_CONNECTION = 1 << 0, /* while opening, or the connection has died */
  MIGRATE_VIR_TRANSFER = 1 << 1       /* may be the other host's words */
} MigrateVirWhere;

/* Pure. said may be NULL: libvirt gave no reason. */
GError *_migrate_vir_error_convert (const virError *said, MigrateVirWhere where, const char *doing);
/* Takes the last error of this thread: to be called right after the call that failed. conn is
 * NULL while opening. */
void _migrate_set_vir_error (GError **error, virConnectPtr conn, MigrateVirWhere where,
                             const char *format, ...) G_GNUC_PRINTF (4, 5);

/* ---- backend-libvirt.c ---- */

/* Never asks anybody anything. Blocks, possibly for ever. */
virConnectPtr _migrate_vir_connect (const char *uri, GError **error);

/* ---- libvirt-transfer.c: what a transfer asks for, in libvirt's words; pure ---- */

guint _migrate_vir_transfer_flags (const MigrateTransfer *transfer);
/* FALSE: out of memory, and libvirt's last error says so. */
gboolean _migrate_vir_transfer_params (const MigrateTransfer *transfer, MigrateVirParams *params);

/* ---- libvirt-dirty-rate.c ---- */

/* As libvirt's own calls: FALSE, and its last error says why. */
gboolean _migrate_vir_start_dirty_rate (virDomainPtr domain, guint64 seconds);
gboolean _migrate_vir_memory (virDomainPtr domain, MigrateMemory *memory);

/* ---- libvirt-calls.c ---- */

/* FALSE: it is not there, or no number. */
gboolean _migrate_vir_params_get (const MigrateVirParams *self, const char *name, guint64 *value);

gboolean _migrate_libvirt_call (MigrateConn *conn, MigrateCall *call, GError **error);
