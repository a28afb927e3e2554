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

static inline void
_migrate_vir_pool_free (virStoragePoolPtr pool)
{
  virStoragePoolFree (pool);
}

static inline void
_migrate_vir_volume_free (virStorageVolPtr volume)
{
  virStorageVolFree (volume);
}

static inline void
_migrate_vir_secret_free (virSecretPtr secret)
{
  virSecretFree (secret);
}

static inline void
_migrate_vir_stream_free (virStreamPtr stream)
{
  virStreamFree (stream);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (virConnect, _migrate_vir_connect_close)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virDomain, _migrate_vir_domain_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virStoragePool, _migrate_vir_pool_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virStorageVol, _migrate_vir_volume_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virSecret, _migrate_vir_secret_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC (virStream, _migrate_vir_stream_free)

typedef struct
{
  virTypedParameterPtr list;
  int n, max;
} MigrateVirParams;

/* Some of the texts have secrets. */
static inline void
_migrate_vir_params_clear (MigrateVirParams *self)
{
  for (int i = 0; i < self->n; i++)
    if (self->list[i].type == VIR_TYPED_PARAM_STRING)
      _migrate_wipe (self->list[i].value.s);
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

/* The same error's words alone, on one line. */
char *_migrate_vir_dup_words (void);

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

/* Of one kind of call. domain is NULL for calls that concern the host. FALSE with libvirt's last
 * error still in place, which the dispatcher converts; or with an error of its own. */
typedef gboolean
MigrateVirHandler (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error);

/* ---- libvirt-storage.c, libvirt-pools.c, libvirt-volumes.c, libvirt-bytes.c: storage ---- */

MigrateVirHandler _migrate_vir_pool_find;
MigrateVirHandler _migrate_vir_pool_create;
MigrateVirHandler _migrate_vir_pool_remove;
MigrateVirHandler _migrate_vir_volume_find;
MigrateVirHandler _migrate_vir_volume_read;
MigrateVirHandler _migrate_vir_volume_write;
MigrateVirHandler _migrate_vir_volume_remove;
MigrateVirHandler _migrate_vir_volume_info;
MigrateVirHandler _migrate_vir_volume_create;
MigrateVirHandler _migrate_vir_volume_resize;
MigrateVirHandler _migrate_vir_volume_read_at;
MigrateVirHandler _migrate_vir_volume_write_at;

/* “Cannot DOING “WHAT” on “HOST”: …”, from libvirt's last error. FALSE, always. */
gboolean
_migrate_vir_storage_fail (MigrateConn *conn, const char *doing, const char *what, GError **error);
/* The same of the call's volume: “Cannot DOING volume “NAME” of storage pool “POOL” on “HOST”: …”.
 */
gboolean
_migrate_vir_volume_fail (MigrateConn *conn, const char *doing, MigrateCall *call, GError **error);
/* The call's; NULL with the error. */
virStoragePoolPtr _migrate_vir_need_pool (MigrateConn *conn, MigrateCall *call, GError **error);
virStorageVolPtr _migrate_vir_need_volume (MigrateConn *conn, virStoragePoolPtr pool,
                                           MigrateCall *call, GError **error);
gboolean
_migrate_vir_refresh (MigrateConn *conn, virStoragePoolPtr pool, MigrateCall *call, GError **error);
/* Writes the bytes of the call from offset on. */
gboolean _migrate_vir_upload (MigrateConn *conn, virStorageVolPtr volume, guint64 offset,
                              MigrateCall *call, GError **error);

/* ---- libvirt-kept.c: what a host keeps of a guest or for it ---- */

MigrateVirHandler _migrate_vir_snapshots;
MigrateVirHandler _migrate_vir_snapshot_define;
MigrateVirHandler _migrate_vir_secret_read;
MigrateVirHandler _migrate_vir_secret_define;
MigrateVirHandler _migrate_vir_secret_remove;
MigrateVirHandler _migrate_vir_set_mark;
/* NULL in mark: it has none. FALSE: libvirt's last error says why. */
gboolean _migrate_vir_get_mark (virDomainPtr domain, char **mark);

/* ---- libvirt-stopped.c: guests that are stopped for a move, or made for it ---- */

MigrateVirHandler _migrate_vir_saved_xml;
MigrateVirHandler _migrate_vir_create_paused;
MigrateVirHandler _migrate_vir_touch_disks;
MigrateVirHandler _migrate_vir_shut_down;
MigrateVirHandler _migrate_vir_save;
MigrateVirHandler _migrate_vir_restore;
MigrateVirHandler _migrate_vir_undefine;
MigrateVirHandler _migrate_vir_block_jobs;

/* ---- libvirt-calls.c ---- */

/* FALSE: it is not there, or no number. */
gboolean _migrate_vir_params_get (const MigrateVirParams *self, const char *name, guint64 *value);

gboolean _migrate_libvirt_call (MigrateConn *conn, MigrateCall *call, GError **error);

/* For calls that ask more than one thing at once; as the handlers of these calls. */
gboolean _migrate_vir_host_info (MigrateConn *conn, MigrateCall *call);
gboolean _migrate_vir_domain_find (MigrateConn *conn, virDomainPtr domain, MigrateDomain *found);
gboolean _migrate_vir_job_stats (virDomainPtr domain, gboolean completed, MigrateStats *stats);
/* By name or UUID. NULL: libvirt's last error says why. */
virDomainPtr _migrate_vir_find_domain (MigrateConn *conn, const char *guest);

/* QEMU's driver; others do not know all of its flags. */
gboolean _migrate_vir_is_qemu (MigrateConn *conn);

/* ---- libvirt-facts.c, libvirt-baseline.c ---- */

MigrateVirHandler _migrate_vir_facts;
MigrateVirHandler _migrate_vir_baseline_cpu;
