/* Decide: who has the guest. A pure function from what was seen on both hosts, and for how long,
 * to what to do next. The result of libvirt's call is a hint in it, never the answer. */
#pragma once

#include "virt/call-private.h"

typedef enum
{
  MIGRATE_TRANSFER_OPEN,   /* our call has not returned */
  MIGRATE_TRANSFER_OK,     /* it said yes */
  MIGRATE_TRANSFER_FAILED, /* it said no */
  MIGRATE_TRANSFER_FOREIGN /* it is not ours: another, dead controller made it */
} MigrateTransferState;

typedef struct
{
  gboolean asked;   /* the host answered */
  gboolean present; /* it knows the guest */
  MigrateDomainState state;
  int reason;
} MigrateSighting;

typedef struct
{
  MigrateTransferState transfer;
  MigrateSighting source, destination;
  gboolean job_known, job_active, job_ending; /* the source's job, as far as it could be asked */
  gboolean was_paused;                        /* by its user, before the move */
  gboolean arrives_paused;                    /* the strict hand-over */
  gboolean stopped_by_us;                     /* in mid-copy, so that the copy ends */
  gboolean persistent;
  guint64 unconfirmed_ms; /* source paused for migration, destination running */
  guint64 unasked_ms;     /* a host has not answered */
  guint64 broken_ms;      /* a host has shown that its half of the post-copy is broken */
  guint64 same_ms;        /* both states have not changed */
  guint64 settle_ms;      /* the policy's patience */
  guint64 resume_ms;      /* the same, with a broken post-copy */
} MigrateObservation;

typedef enum
{
  MIGRATE_CONCLUSION_GO_ON,
  MIGRATE_CONCLUSION_WAIT, /* over, but the hosts do not show yet how */
  MIGRATE_CONCLUSION_MOVED,
  MIGRATE_CONCLUSION_STAYED,
  MIGRATE_CONCLUSION_DOWN,
  MIGRATE_CONCLUSION_LOST,
  MIGRATE_CONCLUSION_SPLIT,
  MIGRATE_CONCLUSION_UNKNOWN,
  MIGRATE_CONCLUSION_NEVER_BEGAN, /* no host shows a trace of the transfer: call it off */
  MIGRATE_CONCLUSION_DESTROY_SOURCE_HALF,
  MIGRATE_CONCLUSION_RESUME_SOURCE,
  MIGRATE_CONCLUSION_RESUME_POSTCOPY /* both halves are broken, and nobody mends them */
} MigrateConclusion;

MigrateConclusion _migrate_watch_decide (const MigrateObservation *seen);
gboolean _migrate_sighting_runs (const MigrateSighting *sighting);
/* The guest's memory is on both hosts. */
gboolean _migrate_watch_in_postcopy (const MigrateObservation *seen);
/* The source stands still since we stopped it in mid-copy. */
gboolean _migrate_watch_is_paused_by_us (const MigrateObservation *seen);
gboolean _migrate_watch_postcopy_is_broken (const MigrateObservation *seen);
