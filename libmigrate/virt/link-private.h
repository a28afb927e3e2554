/* A link to one host: the control connection that everything but transfers shares, calls bounded
 * in time, and the host's transfer slots. Reference-counted apart from MigrateHost, for calls that
 * never return keep it. Thread-safe. */
#pragma once

#include "virt/backend-private.h"

typedef struct _MigrateLink MigrateLink;

#define MIGRATE_LINK_MAX_CALLS 4

MigrateLink *_migrate_link_new (const char *uri);
MigrateLink *_migrate_link_ref (MigrateLink *self);
/* The control connection is closed when the owner is gone, on a worker. */
void _migrate_link_unref (MigrateLink *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateLink, _migrate_link_unref)

const char *_migrate_link_get_uri (MigrateLink *self);
MigrateBackend *_migrate_link_get_backend (MigrateLink *self);

/* Runs a call on a worker over the control connection and waits at most timeout_ms. Past it the
 * call is parked and the error is TIMED_OUT; with MIGRATE_LINK_MAX_CALLS parked the host is
 * refused with UNREACHABLE. The record may be read only when TRUE was returned, or FALSE with any
 * other error than TIMED_OUT. */
gboolean
_migrate_link_call (MigrateLink *self, MigrateCall *call, guint timeout_ms, GError **error);
/* The same in two halves, so that several hosts are asked at once: the time runs from the first on.
 * Each call that was begun must be ended, which frees it. */
typedef struct _MigrateBoundedCall MigrateBoundedCall;
MigrateBoundedCall *
_migrate_link_begin (MigrateLink *self, MigrateCall *call, guint timeout_ms, GError **error);
gboolean _migrate_link_end (MigrateBoundedCall *bounded, GError **error);
guint _migrate_link_count_parked (MigrateLink *self);

/* A call that lasts (TRANSFER, SAVE, RESTORE) on a connection of its own, opened for it: the
 * control connection stays free for the questions about it. Until it is open the call can be called
 * off (transfer.stage). done is called on the call's thread, once, with the error (owned by the
 * callee) or NULL. */
typedef void (*MigrateTransferDone) (MigrateCall *call, GError *error, gpointer data);
gboolean _migrate_link_start_transfer (MigrateLink *self, MigrateCall *call,
                                       MigrateTransferDone done, gpointer data, GError **error);

/* Slots: a transfer needs one outgoing at the source and one incoming at the destination. Counted
 * per URI, process-wide. TRUE: granted at once. FALSE: granted will be called later, once, on a
 * thread that must not be kept; with granted NULL nobody waits. */
typedef void (*MigrateSlotGranted) (gpointer data);
gboolean _migrate_slots_acquire (MigrateLink *source, guint max_outgoing, MigrateLink *destination,
                                 guint max_incoming, MigrateSlotGranted granted, gpointer data);
/* TRUE: the waiter was removed and will not be called. */
gboolean _migrate_slots_give_up (gpointer data);
void _migrate_slots_release (MigrateLink *source, MigrateLink *destination);

/* From MigrateHost. */
char *_migrate_host_dup_platform_name (MigrateHost *host); /* its name, or the redacted URI */
MigrateLink *_migrate_host_get_link (MigrateHost *host);
