/* Who has the guest: the decision, row by row, and properties over every picture there can be. */
#include "migrate/watch-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#define SETTLE 60000
#define RESUME 300000

/* A host as seen: "-" does not answer, "." no such guest, else state and reason. */
typedef struct
{
  char kind; /* '-', '.', 'S' */
  int state, reason;
} Seen;

#define SILENT                                                                                     \
  {                                                                                                \
    '-', 0, 0                                                                                      \
  }
#define ABSENT                                                                                     \
  {                                                                                                \
    '.', 0, 0                                                                                      \
  }
#define RUNNING                                                                                    \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_RUNNING, 1                                                                 \
  }
#define RUNNING_MIGRATED                                                                           \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATED                                          \
  }
#define RUNNING_CANCELED                                                                           \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATION_CANCELED                                \
  }
#define PAUSED_USER                                                                                \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_USER                                                \
  }
#define PAUSED_MIGRATION                                                                           \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_MIGRATION                                           \
  }
#define HALF                                                                                       \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY                                            \
  }
#define HALF_BROKEN                                                                                \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY_FAILED                                     \
  }
#define FETCHING                                                                                   \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY                                          \
  }
#define FETCHING_BROKEN                                                                            \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY_FAILED                                   \
  }
#define OFF                                                                                        \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_SHUTDOWN                                          \
  }
#define OFF_MIGRATED                                                                               \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_MIGRATED                                          \
  }
#define OFF_CRASHED                                                                                \
  {                                                                                                \
    'S', MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_CRASHED                                           \
  }

#define OPEN MIGRATE_TRANSFER_OPEN
#define OK MIGRATE_TRANSFER_OK
#define FAILED MIGRATE_TRANSFER_FAILED
#define FOREIGN MIGRATE_TRANSFER_FOREIGN
#define C(name) MIGRATE_CONCLUSION_##name

enum
{
  NO_JOB = 0,
  JOB = 1,
  UNASKED_JOB = 2,
  ENDING_JOB = 3
};
enum
{
  WAS_PAUSED = 1,
  STRICT = 2,
  TRANSIENT = 4,
  STOPPED = 8 /* by us, in mid-copy */
};

static const struct
{
  const char *label;
  int transfer;
  Seen source, destination;
  int job, flags;
  guint64 ms; /* unconfirmed, unasked and same, whichever applies */
  int expected;
} rows[] = {
  /* while the call is open */
  { "copying", OPEN, RUNNING, PAUSED_MIGRATION, JOB, 0, 0, C (GO_ON) },
  { "before it began", OPEN, RUNNING, ABSENT, NO_JOB, 0, 9000, C (GO_ON) },
  { "it never begins", OPEN, RUNNING, ABSENT, NO_JOB, 0, SETTLE + 1, C (NEVER_BEGAN) },
  { "it copies for long", OPEN, RUNNING, PAUSED_MIGRATION, JOB, 0, SETTLE + 1, C (GO_ON) },
  { "switching over", OPEN, PAUSED_MIGRATION, PAUSED_MIGRATION, JOB, 0, 0, C (GO_ON) },
  { "reply on its way", OPEN, PAUSED_MIGRATION, RUNNING_MIGRATED, JOB, 0, 1000, C (GO_ON) },
  { "reply lost", OPEN, PAUSED_MIGRATION, RUNNING_MIGRATED, JOB, 0, 2500, C (DESTROY_SOURCE_HALF) },
  { "source silent", OPEN, SILENT, PAUSED_MIGRATION, UNASKED_JOB, 0, 1000, C (GO_ON) },
  { "source silent for long", OPEN, SILENT, PAUSED_MIGRATION, UNASKED_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "both silent for long", OPEN, SILENT, SILENT, UNASKED_JOB, 0, SETTLE + 1, C (UNKNOWN) },
  { "over, the call does not return", OPEN, ABSENT, RUNNING_MIGRATED, NO_JOB, 0, 6000, C (MOVED) },
  { "over, the call is about to return", OPEN, ABSENT, RUNNING_MIGRATED, NO_JOB, 0, 100,
    C (GO_ON) },
  /* it said yes */
  { "moved", OK, ABSENT, RUNNING_MIGRATED, NO_JOB, 0, 0, C (MOVED) },
  { "moved, definition left", OK, OFF_MIGRATED, RUNNING_MIGRATED, NO_JOB, 0, 0, C (MOVED) },
  { "moved, source silent", OK, SILENT, RUNNING_MIGRATED, UNASKED_JOB, 0, 0, C (WAIT) },
  { "moved, source silent for long", OK, SILENT, RUNNING_MIGRATED, UNASKED_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "moved paused", OK, ABSENT, PAUSED_USER, NO_JOB, WAS_PAUSED, 0, C (MOVED) },
  { "moved strictly", OK, ABSENT, PAUSED_USER, NO_JOB, STRICT, 0, C (MOVED) },
  { "arrived paused, unasked for", OK, ABSENT, PAUSED_MIGRATION, NO_JOB, 0, 0, C (WAIT) },
  { "arrived paused, unasked for, long", OK, ABSENT, PAUSED_MIGRATION, NO_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "moved, then off", OK, ABSENT, OFF, NO_JOB, 0, 0, C (DOWN) },
  { "yes, but nobody has it", OK, ABSENT, ABSENT, NO_JOB, 0, 0, C (LOST) },
  { "yes, transient, off since", OK, ABSENT, ABSENT, NO_JOB, TRANSIENT, 0, C (DOWN) },
  { "yes, and both run", OK, RUNNING, RUNNING_MIGRATED, NO_JOB, 0, 0, C (SPLIT) },
  { "yes, source not released", OK, PAUSED_MIGRATION, RUNNING_MIGRATED, NO_JOB, 0, 2500,
    C (DESTROY_SOURCE_HALF) },
  /* it said no */
  { "stayed", FAILED, RUNNING, ABSENT, NO_JOB, 0, 0, C (STAYED) },
  { "stayed, resumed", FAILED, RUNNING_CANCELED, ABSENT, NO_JOB, 0, 0, C (STAYED) },
  { "stayed, definition there", FAILED, RUNNING, OFF, NO_JOB, 0, 0, C (STAYED) },
  { "no, but it goes on", FAILED, RUNNING, PAUSED_MIGRATION, JOB, 0, 0, C (GO_ON) },
  { "no, its job cannot be asked", FAILED, RUNNING, PAUSED_MIGRATION, UNASKED_JOB, 0, 0, C (WAIT) },
  { "no, half there still", FAILED, RUNNING, PAUSED_MIGRATION, NO_JOB, 0, 0, C (WAIT) },
  { "no, half there for long", FAILED, RUNNING, PAUSED_MIGRATION, NO_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "no, libvirt has not let go", FAILED, RUNNING, ABSENT, ENDING_JOB, 0, 40000, C (WAIT) },
  { "no, libvirt never lets go", FAILED, RUNNING, ABSENT, ENDING_JOB, 0, SETTLE + 1, C (UNKNOWN) },
  { "no, not let go, destination runs", FAILED, PAUSED_MIGRATION, RUNNING_MIGRATED, ENDING_JOB, 0,
    2500, C (DESTROY_SOURCE_HALF) },
  { "no, destination silent", FAILED, RUNNING, SILENT, NO_JOB, 0, 0, C (WAIT) },
  { "no, destination silent for long", FAILED, RUNNING, SILENT, NO_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "no, source frozen", FAILED, PAUSED_MIGRATION, ABSENT, NO_JOB, 0, 1000, C (WAIT) },
  { "no, source frozen and left alone", FAILED, PAUSED_MIGRATION, ABSENT, NO_JOB, 0, 3000,
    C (RESUME_SOURCE) },
  { "no, source frozen, destination silent", FAILED, PAUSED_MIGRATION, SILENT, NO_JOB, 0, 3000,
    C (WAIT) },
  { "stopped by us, on its way", OPEN, PAUSED_MIGRATION, PAUSED_MIGRATION, JOB, STOPPED, 90000,
    C (GO_ON) },
  { "stopped by us, arrived", OK, ABSENT, RUNNING_MIGRATED, NO_JOB, STOPPED, 0, C (MOVED) },
  { "stopped by us, the reply was lost", OPEN, PAUSED_USER, RUNNING_MIGRATED, JOB, STOPPED, 2001,
    C (DESTROY_SOURCE_HALF) },
  { "stopped by us, and it failed", FAILED, PAUSED_USER, ABSENT, NO_JOB, STOPPED, 0, C (STAYED) },
  { "stopped by us, and libvirt does not resume it", FAILED, PAUSED_MIGRATION, ABSENT, NO_JOB,
    STOPPED, 2001, C (RESUME_SOURCE) },
  { "no, it was paused before", FAILED, PAUSED_USER, ABSENT, NO_JOB, WAS_PAUSED, 0, C (STAYED) },
  { "no, but the destination runs", FAILED, PAUSED_MIGRATION, RUNNING_MIGRATED, NO_JOB, 0, 2500,
    C (DESTROY_SOURCE_HALF) },
  { "no, but it moved", FAILED, OFF_MIGRATED, RUNNING_MIGRATED, NO_JOB, 0, 0, C (MOVED) },
  { "no, and both run", FAILED, RUNNING_CANCELED, RUNNING_MIGRATED, NO_JOB, 0, 0, C (SPLIT) },
  { "off on the way", FAILED, OFF, ABSENT, NO_JOB, 0, 0, C (DOWN) },
  { "crashed on the way", FAILED, OFF_CRASHED, ABSENT, NO_JOB, 0, 0, C (DOWN) },
  { "transient, off on the way", FAILED, ABSENT, ABSENT, NO_JOB, TRANSIENT, 0, C (DOWN) },
  { "paused there, gone here, failed", FAILED, ABSENT, PAUSED_USER, NO_JOB, STRICT, 1000,
    C (WAIT) },
  /* not ours */
  { "followed", FOREIGN, RUNNING, PAUSED_MIGRATION, JOB, 0, 0, C (GO_ON) },
  { "followed to its end", FOREIGN, ABSENT, RUNNING_MIGRATED, NO_JOB, 0, 0, C (MOVED) },
  { "followed, rolled back", FOREIGN, RUNNING, ABSENT, NO_JOB, 0, 0, C (STAYED) },
  { "followed, strict", FOREIGN, ABSENT, PAUSED_USER, NO_JOB, STRICT, 0, C (MOVED) },
  /* post-copy */
  { "post-copy", OPEN, HALF, FETCHING, JOB, 0, 0, C (GO_ON) },
  { "post-copy for long", OPEN, HALF, FETCHING, JOB, 0, 2 * RESUME, C (GO_ON) },
  { "post-copy, followed", FOREIGN, HALF, FETCHING, JOB, 0, 2 * RESUME, C (GO_ON) },
  { "post-copy, daemon restarted", FAILED, HALF, FETCHING, JOB, 0, 2 * RESUME, C (GO_ON) },
  { "post-copy, its job cannot be asked", FAILED, HALF, FETCHING, UNASKED_JOB, 0, 1000, C (GO_ON) },
  { "post-copy, its job is unseen for long", FAILED, HALF, FETCHING, UNASKED_JOB, 0, RESUME + 1,
    C (UNKNOWN) },
  { "entering it", OPEN, PAUSED_MIGRATION, FETCHING, JOB, 0, 100, C (GO_ON) },
  { "entering it slowly", OPEN, PAUSED_MIGRATION, FETCHING, JOB, 0, 20000, C (GO_ON) },
  { "entering it, followed", FOREIGN, PAUSED_MIGRATION, FETCHING, JOB, 0, 20000, C (GO_ON) },
  { "entering it, seen out of step", FOREIGN, RUNNING, FETCHING, JOB, 0, 100, C (WAIT) },
  { "entering it, seen out of step, open", OPEN, RUNNING, FETCHING, JOB, 0, 100, C (GO_ON) },
  { "the source was resumed in post-copy", FOREIGN, RUNNING, FETCHING, JOB, 0, 3000, C (SPLIT) },
  { "leaving it", OPEN, HALF, RUNNING_MIGRATED, JOB, 0, 100, C (GO_ON) },
  { "leaving it, followed", FOREIGN, HALF, RUNNING_MIGRATED, NO_JOB, 0, 100, C (WAIT) },
  { "the source never hears of the end", FAILED, HALF_BROKEN, RUNNING_MIGRATED, JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "ended unattended", FAILED, OFF_MIGRATED, RUNNING_MIGRATED, NO_JOB, 0, 0, C (MOVED) },
  { "ended unattended, followed", FOREIGN, OFF_MIGRATED, RUNNING_MIGRATED, NO_JOB, 0, 0,
    C (MOVED) },
  { "the destination is late at the end", FAILED, OFF_MIGRATED, FETCHING, NO_JOB, 0, 1000,
    C (WAIT) },
  { "the destination is never at the end", FAILED, OFF_MIGRATED, FETCHING, NO_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "source silent in post-copy", FAILED, SILENT, FETCHING, UNASKED_JOB, 0, 1000, C (WAIT) },
  { "source silent in post-copy for long", FAILED, SILENT, FETCHING, UNASKED_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
  { "destination silent in post-copy", FAILED, HALF_BROKEN, SILENT, JOB, 0, 1000, C (WAIT) },
  { "destination silent for long", FAILED, HALF_BROKEN, SILENT, JOB, 0, SETTLE + 1, C (UNKNOWN) },
  { "guest paused there in post-copy", FOREIGN, HALF, PAUSED_USER, JOB, 0, 2 * SETTLE, C (GO_ON) },
  /* post-copy that broke */
  { "broken, the call is open", OPEN, HALF_BROKEN, FETCHING_BROKEN, JOB, 0, 1000, C (GO_ON) },
  { "broken, the call is open for long", OPEN, HALF_BROKEN, FETCHING_BROKEN, JOB, 0, RESUME + 1,
    C (UNKNOWN) },
  { "broken", FAILED, HALF_BROKEN, FETCHING_BROKEN, JOB, 0, 0, C (RESUME_POSTCOPY) },
  { "broken, no job", FAILED, HALF_BROKEN, FETCHING_BROKEN, NO_JOB, 0, 0, C (RESUME_POSTCOPY) },
  { "broken, found", FOREIGN, HALF_BROKEN, FETCHING_BROKEN, JOB, 0, 0, C (RESUME_POSTCOPY) },
  { "broken for longer than settling", FAILED, HALF_BROKEN, FETCHING_BROKEN, JOB, 0, SETTLE + 1,
    C (RESUME_POSTCOPY) },
  { "broken for too long", FAILED, HALF_BROKEN, FETCHING_BROKEN, JOB, 0, RESUME + 1, C (UNKNOWN) },
  { "daemons lost each other", FAILED, HALF_BROKEN, FETCHING, JOB, 0, SETTLE + 1, C (WAIT) },
  { "half broken for too long", FAILED, HALF_BROKEN, FETCHING, JOB, 0, RESUME + 1, C (UNKNOWN) },
  { "the source is late in seeing it", OPEN, HALF, FETCHING_BROKEN, JOB, 0, 3000, C (GO_ON) },
  { "the source is late, followed", FOREIGN, HALF, FETCHING_BROKEN, JOB, 0, 3000, C (WAIT) },
  { "the source never sees it", FOREIGN, HALF, FETCHING_BROKEN, JOB, 0, RESUME + 1, C (UNKNOWN) },
  { "being resumed", OPEN, HALF_BROKEN, FETCHING, JOB, 0, 1000, C (GO_ON) },
  { "destination crashed", FAILED, HALF_BROKEN, OFF_CRASHED, JOB, 0, 3000, C (LOST) },
  { "destination crashed just now", FAILED, HALF_BROKEN, OFF_CRASHED, JOB, 0, 0, C (WAIT) },
  { "destination crashed, source unaware", OPEN, HALF, OFF_CRASHED, JOB, 0, 3000, C (GO_ON) },
  { "destination gone", FOREIGN, HALF_BROKEN, ABSENT, JOB, 0, 3000, C (LOST) },
  { "source crashed", FAILED, OFF_CRASHED, FETCHING_BROKEN, NO_JOB, 0, 3000, C (LOST) },
  { "source crashed, destination unaware", FAILED, OFF_CRASHED, FETCHING, NO_JOB, 0, 3000,
    C (WAIT) },
  { "transient source crashed", FAILED, ABSENT, FETCHING_BROKEN, NO_JOB, TRANSIENT, 3000,
    C (LOST) },
  { "source gone, as after a good end", FAILED, ABSENT, FETCHING_BROKEN, NO_JOB, 0, SETTLE + 1,
    C (UNKNOWN) },
};

static MigrateSighting
sighting (Seen seen)
{
  return (MigrateSighting){ seen.kind != '-', seen.kind == 'S', (MigrateDomainState) seen.state,
                            seen.reason };
}

static MigrateObservation
observe (int transfer, Seen source, Seen destination, int job, int flags, guint64 ms)
{
  MigrateObservation seen = {
    .transfer = (MigrateTransferState) transfer,
    .source = sighting (source),
    .destination = sighting (destination),
    .job_known = job != UNASKED_JOB,
    .job_active = job == JOB || job == ENDING_JOB,
    .job_ending = job == ENDING_JOB,
    .was_paused = (flags & WAS_PAUSED) != 0,
    .arrives_paused = (flags & STRICT) != 0,
    .stopped_by_us = (flags & STOPPED) != 0,
    .persistent = (flags & TRANSIENT) == 0,
    .same_ms = ms,
    .settle_ms = SETTLE,
    .resume_ms = RESUME,
  };

  if (_migrate_watch_postcopy_is_broken (&seen))
    seen.broken_ms = ms;
  if (!seen.source.asked || !seen.destination.asked)
    seen.unasked_ms = ms;
  if (_migrate_sighting_runs (&seen.destination) && seen.source.state == MIGRATE_DOMAIN_PAUSED
      && (seen.source.reason == MIGRATE_PAUSED_MIGRATION || _migrate_watch_is_paused_by_us (&seen)))
    seen.unconfirmed_ms = ms;
  return seen;
}

TestSuite (watch, .timeout = 20);

ParameterizedTestParameters (watch, decides)
{
  static size_t indexes[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, watch, decides)
{
  size_t i = *index;
  MigrateObservation seen = observe (rows[i].transfer, rows[i].source, rows[i].destination,
                                     rows[i].job, rows[i].flags, rows[i].ms);

  cr_assert_eq ((int) _migrate_watch_decide (&seen), rows[i].expected, "%s: got %d, not %d",
                rows[i].label, (int) _migrate_watch_decide (&seen), rows[i].expected);
}

static const Seen pictures[]
  = { SILENT,           ABSENT,     RUNNING,     RUNNING_MIGRATED, RUNNING_CANCELED, PAUSED_USER,
      PAUSED_MIGRATION, HALF,       HALF_BROKEN, FETCHING,         FETCHING_BROKEN,  OFF,
      OFF_MIGRATED,     OFF_CRASHED };

static void
assert_safe (const MigrateObservation *seen)
{
  MigrateConclusion c = _migrate_watch_decide (seen);
  gboolean here = _migrate_sighting_runs (&seen->source);
  gboolean there = _migrate_sighting_runs (&seen->destination);

  if (c == MIGRATE_CONCLUSION_MOVED)
    cr_assert (seen->source.asked && seen->destination.asked && !here,
               "moved is never said while the source may run");
  if (c == MIGRATE_CONCLUSION_STAYED)
    cr_assert (seen->source.asked && seen->destination.asked && !there,
               "stayed is never said while the destination may run");
  if (c == MIGRATE_CONCLUSION_DESTROY_SOURCE_HALF)
    cr_assert (there && seen->source.asked && !here
                 && seen->source.reason == MIGRATE_PAUSED_MIGRATION,
               "only a paused half is destroyed, beside a guest that runs");
  if (c == MIGRATE_CONCLUSION_RESUME_SOURCE)
    cr_assert (seen->destination.asked && !there && !here && !seen->was_paused,
               "the source is resumed only when the destination has none");
  if (_migrate_watch_in_postcopy (seen))
    cr_assert (c != MIGRATE_CONCLUSION_DESTROY_SOURCE_HALF && c != MIGRATE_CONCLUSION_RESUME_SOURCE
                 && c != MIGRATE_CONCLUSION_STAYED && c != MIGRATE_CONCLUSION_MOVED
                 && c != MIGRATE_CONCLUSION_NEVER_BEGAN,
               "memory on both hosts is left alone, and is no end");
  if (c == MIGRATE_CONCLUSION_RESUME_POSTCOPY)
    cr_assert (seen->transfer != MIGRATE_TRANSFER_OPEN && seen->source.asked
                 && seen->destination.asked && there && !here,
               "mended only where nobody else does");
  if (c == MIGRATE_CONCLUSION_SPLIT)
    cr_assert (here && there);
  if (seen->same_ms > MAX (seen->settle_ms, seen->resume_ms)
      && seen->transfer != MIGRATE_TRANSFER_OPEN && (!seen->job_active || seen->job_ending))
    cr_assert (c != MIGRATE_CONCLUSION_WAIT && c != MIGRATE_CONCLUSION_GO_ON
                 && c != MIGRATE_CONCLUSION_RESUME_POSTCOPY,
               "it ends: transfer %d, source %d/%d, destination %d/%d", (int) seen->transfer,
               (int) seen->source.state, seen->source.reason, (int) seen->destination.state,
               seen->destination.reason);
}

Test (watch, is_safe_and_ends_for_every_picture)
{
  static const guint64 ages[] = { 0, 2500, SETTLE + 1, RESUME + 1 };
  guint64 seen_rows = 0;

  for (int transfer = OPEN; transfer <= FOREIGN; transfer++)
    for (gsize s = 0; s < G_N_ELEMENTS (pictures); s++)
      for (gsize d = 0; d < G_N_ELEMENTS (pictures); d++)
        for (int job = NO_JOB; job <= ENDING_JOB; job++)
          for (int flags = 0; flags < 8; flags++)
            for (gsize a = 0; a < G_N_ELEMENTS (ages); a++)
              {
                MigrateObservation seen
                  = observe (transfer, pictures[s], pictures[d], job, flags, ages[a]);

                assert_safe (&seen);
                seen_rows++;
              }
  cr_assert_gt (seen_rows, 30000);
}
