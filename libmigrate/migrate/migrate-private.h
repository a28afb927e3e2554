/* Moving: starting the transfer, following it, and the hand-over. */
#pragma once

#include "check/facts-private.h"
#include "migrate/watch-private.h"

/* The guest before the move, as whoever follows must know it. */
typedef struct
{
  gboolean was_running, was_paused, persistent, autostart;
  guint64 memory; /* bytes; 0: not known */
} MigrateBefore;

MigrateBefore _migrate_before (GVariant *facts);

/* A transfer that was started by this process. Outlives whoever follows it. */
typedef struct _MigrateTransferCall MigrateTransferCall;

/* Writes the step's intent, then starts. */
MigrateTransferCall *
_migrate_transfer_start (MigrateWork *work, const MigrateBefore *before, GError **error);
/* Whether what was followed stayed because its disks did not get ready, and may be begun again so
 * that the guest's writes wait for the destination. The volumes there serve once more. */
gboolean _migrate_transfer_may_begin_again (MigrateWork *work);
/* A transfer of its own, with a step of its own. */
MigrateTransferCall *
_migrate_transfer_begin_again (MigrateWork *work, const MigrateBefore *before, GError **error);
/* The same for going on with a post-copy that broke; the step is its caller's to end. */
MigrateTransferCall *
_migrate_transfer_resume (MigrateWork *work, const MigrateBefore *before, GError **error);
/* The step is begun here, and ended by the caller. */
MigrateTransferCall *_migrate_transfer_start_call (MigrateWork *work, const char *step,
                                                   MigrateCall *call, GError **error);
/* Since the check a disk can have been plugged in, or a snapshot been taken. Errors: CHANGED. */
gboolean _migrate_transfer_has_planned_disks (MigrateWork *work, GError **error);
/* The documents in it, where they are not the source's own. */
gboolean _migrate_transfer_make_xml (MigrateWork *work, MigrateTransfer *transfer, GError **error);
/* The guest's definition for the destination, whether it differs or not; with its passwords: to be
 * wiped. */
gboolean _migrate_transfer_make_definition (MigrateWork *work, char **xml, GError **error);
void _migrate_transfer_call_unref (MigrateTransferCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateTransferCall, _migrate_transfer_call_unref)
MigrateTransferState _migrate_transfer_call_get_state (MigrateTransferCall *self);
/* TRUE: libvirt has not heard of it and never will. */
gboolean _migrate_transfer_call_off (MigrateTransferCall *self);
/* When it returned, in the backend's time; 0: it has not. */
gint64 _migrate_transfer_call_get_ended (MigrateTransferCall *self);
/* What libvirt said; NULL unless FAILED. */
GError *_migrate_transfer_call_dup_error (MigrateTransferCall *self);

/* Follows to the end, ours (call) or foreign (NULL). On MOVED returns TRUE. On FALSE the outcome
 * in work->result says how it ended; DETACHED comes with no error. */
gboolean _migrate_follow (MigrateWork *work, MigrateTransferCall *call, const MigrateBefore *before,
                          GError **error);
