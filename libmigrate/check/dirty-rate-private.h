/* How fast a running guest writes its memory, looked at from outside. */
#pragma once

#include "check/facts-private.h"

#define MIGRATE_DIRTY_LOOKS 3

/* Zeroed: nothing is known. */
typedef struct
{
  gboolean paused; /* it writes nothing */
  guint n;         /* looks; each longer than the one before */
  guint seconds[MIGRATE_DIRTY_LOOKS];
  double bytes[MIGRATE_DIRTY_LOOKS]; /* of different pages that were written meanwhile */
  guint64 resident, total;           /* bytes of the guest's memory; 0: not known */
} MigrateDirtySample;

/* Gather. What the host refuses, as libvirt does beside another job, is not known then, and no
 * error. FALSE: cancelled. Takes a second at least, unless the guest is paused. */
gboolean _migrate_dirty_rate_sample (MigrateWork *work, const MigrateDomain *guest,
                                     MigrateDirtySample *sample, GError **error);
/* For a move, which does not wait: one look is begun, and read when its time has passed. */
gboolean _migrate_dirty_rate_begin (MigrateWork *work, const MigrateDomain *guest,
                                    MigrateDirtySample *sample, gint64 *ends);
/* FALSE: not yet. */
gboolean
_migrate_dirty_rate_read (MigrateWork *work, const char *guest_uuid, MigrateDirtySample *sample);

/* The same facts with all that a forecast rests on besides the policy: a sample, and what earlier
 * moves have shown (a{sv}). */
MigrateFacts *_migrate_facts_add_look (MigrateFacts *facts, const MigrateDirtySample *sample,
                                       GVariant *learned, GError **error);
/* FALSE: they have no sample. *learned: nullable. */
gboolean
_migrate_facts_get_look (const MigrateFacts *facts, MigrateDirtySample *sample, GVariant **learned);

/* As in the snapshot of facts: a{sv}, floating. */
GVariant *_migrate_dirty_sample_to_variant (const MigrateDirtySample *self);
MigrateDirtySample _migrate_dirty_sample_from_variant (GVariant *values);
