/* What a recovery concludes and plans: a table. Hosts are written as “STATE.REASON FLAG…”, in the
 * order A | B | C; “-” knows no such guest, “?” cannot be asked. A journal's job goes from A to B.
 */
#include "recover/case-private.h"

#include <criterion/criterion.h>
#include <string.h>

#define HOSTS_AT_MOST 4
#define MOVED "shut.migrated def"
#define OFF "shut.shutdown def"
#define CRASHED "shut.crashed def"
#define RUNS "run.booted def"
#define ARRIVED "run.migrated def"
#define FROZEN "pause.migrating def"
#define INCOMING "pause.migrating"
#define COLD "shut.unknown def"
#define MARKED "shut.unknown def incoming"
#define GIVEN "shut.unknown def outgoing"

enum
{
  JOB = 1 << 0,         /* the journal has the job, its transfer was asked for */
  PROVEN = 1 << 1,      /* … its hand-over was proven */
  STRICT = 1 << 2,      /* … the hand-over is the strict one */
  RESUMED = 1 << 3,     /* … and we have let the guest run there */
  PAUSED = 1 << 4,      /* the guest was paused before */
  TRANSIENT = 1 << 5,   /* … or transient */
  AUTOSTART = 1 << 6,   /* … or starts with its host; an obligation is open */
  KEEP_B = 1 << 7,      /* the operator chose B */
  RECORD_A = 1 << 8,    /* the platform's record names A */
  FENCE = 1 << 9,       /* there is a fence that can also reset a stream */
  DEFINITION = 1 << 10, /* the journal knows how the guest was defined */
  PROBE = 1 << 11,      /* a check of a job from A to B has left files */
  STOPS = 1 << 12,      /* no host runs the guest in the job's move */
  HANDED = 1 << 13,     /* … which was handed over by the journal */
  COMPLETED = 1 << 14,  /* … and belongs to the destination in all */
  IMAGES = 1 << 15,     /* it made images at the destination */
  REVERTING = 1 << 16   /* the job's hand-over is being taken back */
};

typedef struct
{
  const char *hosts;
  guint journal;
  MigrateVerdict verdict;
  const char *plan; /* “kind@HOST:risk …” */
} Row;

#define V(name) MIGRATE_VERDICT_##name

static const Row rows[] = {
  /* where it was */
  { RUNS " | -", 0, V (RUNS_ON_SOURCE), "" },
  { RUNS " | -", JOB, V (RUNS_ON_SOURCE), "close-job@A:safe" },
  { RUNS " | -", JOB | AUTOSTART, V (RUNS_ON_SOURCE),
    "release-obligations@A:safe close-job@A:safe" },
  { RUNS " | -", PROBE, V (RUNS_ON_SOURCE), "remove-probe@A:safe close-job@A:safe" },
  { RUNS " | -", JOB | AUTOSTART | PROBE, V (RUNS_ON_SOURCE),
    "remove-probe@A:safe release-obligations@A:safe close-job@A:safe" },
  { RUNS " | " INCOMING, JOB, V (RUNS_ON_SOURCE), "remove-incoming@B:safe close-job@A:safe" },
  { RUNS " | " INCOMING, 0, V (RUNS_ON_SOURCE), "remove-incoming@B:safe" },
  { RUNS " | " OFF, JOB, V (RUNS_ON_SOURCE), "undefine-destination@B:safe close-job@A:safe" },
  { RUNS " | " OFF, 0, V (RUNS_ON_SOURCE), "undefine-destination@B:destructive" },
  { RUNS " | - | " OFF, JOB, V (RUNS_ON_SOURCE), "close-job@A:safe undefine-source@C:destructive" },
  { RUNS " | -", JOB | RECORD_A, V (RUNS_ON_SOURCE), "close-job@A:safe" },
  { "pause.user def | -", JOB | PAUSED, V (RUNS_ON_SOURCE), "close-job@A:safe" },
  { "pause.ioerror def | -", JOB, V (RUNS_ON_SOURCE), "close-job@A:safe" },
  { "pause.user def | -", 0, V (RUNS_ON_SOURCE), "" },
  { "idle def | -", 0, V (RUNS_ON_SOURCE), "" },
  /* the strict hand-over: its copy there never ran */
  { "run.canceled def | pause.user def", JOB | STRICT, V (RUNS_ON_SOURCE),
    "remove-incoming@B:safe" }, /* its definition stays, so the job does too */
  { "run.canceled def | pause.user def", JOB | STRICT | RESUMED, V (UNKNOWN), "" },
  { "run.canceled def | pause.user def", JOB, V (UNKNOWN), "" },
  /* where it went */
  { "- | " ARRIVED, 0, V (RUNS_ON_SOURCE), "" }, /* nobody remembers a move */
  { "- | " ARRIVED, JOB, V (RUNS_ON_DESTINATION), "close-job@B:safe" },
  { MOVED " | " ARRIVED, JOB, V (RUNS_ON_DESTINATION), "undefine-source@A:safe close-job@B:safe" },
  { MOVED " | " ARRIVED, 0, V (RUNS_ON_DESTINATION), "undefine-source@A:destructive" },
  { "- | run.migrated", JOB, V (RUNS_ON_DESTINATION),
    "persist-destination@B:safe close-job@B:safe" },
  { "- | run.migrated", JOB | TRANSIENT, V (RUNS_ON_DESTINATION), "close-job@B:safe" },
  { "- | " ARRIVED, JOB | AUTOSTART, V (RUNS_ON_DESTINATION),
    "set-autostart@B:safe close-job@B:safe" },
  { "- | " ARRIVED " auto", JOB | AUTOSTART, V (RUNS_ON_DESTINATION), "close-job@B:safe" },
  { "- | " ARRIVED, JOB | RECORD_A, V (RUNS_ON_DESTINATION),
    "swap-record@B:safe close-job@B:safe" },
  { "- | pause.user def", JOB | STRICT, V (RUNS_ON_DESTINATION),
    "resume-destination@B:safe close-job@B:safe" },
  { "- | pause.user def", JOB | PAUSED, V (RUNS_ON_DESTINATION), "close-job@B:safe" },
  { "- | pause.user def", JOB | PAUSED | STRICT, V (RUNS_ON_DESTINATION), "close-job@B:safe" },
  { "- | - | " ARRIVED, JOB, V (RUNS_ON_DESTINATION), "close-job@C:safe" },
  /* on its way back, wherever that was cut short */
  { OFF " | " RUNS, JOB | PROVEN | REVERTING, V (REVERTING), "revert@A:safe" },
  { OFF " | " OFF, JOB | PROVEN | REVERTING, V (REVERTING), "revert@A:safe" },
  { OFF " | -", JOB | PROVEN | REVERTING, V (REVERTING), "revert@A:safe" },
  { RUNS " | -", JOB | PROVEN | REVERTING, V (REVERTING), "revert@A:safe" },
  { RUNS " | " RUNS, JOB | PROVEN | REVERTING, V (SPLIT), "" },
  { OFF " | ?", JOB | PROVEN | REVERTING, V (UNKNOWN), "" },
  /* under way */
  { RUNS " out moves | " INCOMING, JOB, V (IN_FLIGHT), "follow@A:safe" },
  { RUNS " out moves | " INCOMING, 0, V (IN_FLIGHT), "follow@A:safe" },
  { RUNS " out moves | -", JOB, V (IN_FLIGHT), "follow@A:safe" },
  { "pause.user def out moves | " INCOMING, JOB | PAUSED, V (IN_FLIGHT), "follow@A:safe" },
  { RUNS " out | " INCOMING, JOB, V (STALLED), "abort-transfer@A:disruptive" },
  { FROZEN " out | " INCOMING, JOB, V (FROZEN), "abort-transfer@A:disruptive" },
  { RUNS " out ending | " INCOMING, JOB, V (ABORT_STUCK), "remove-incoming@B:safe" },
  { RUNS " out ending | " INCOMING, 0, V (ABORT_STUCK), "remove-incoming@B:disruptive" },
  { RUNS " out ending | " INCOMING " hangs", JOB, V (ABORT_STUCK), "remove-incoming@B:safe" },
  { RUNS " out | " INCOMING " hangs", JOB, V (STALLED), "abort-transfer@A:disruptive" },
  /* the hand-over */
  { FROZEN " out | " ARRIVED, JOB, V (HANDOVER_UNCONFIRMED), "destroy-source-half@A:safe" },
  { FROZEN " out | " ARRIVED, 0, V (HANDOVER_UNCONFIRMED), "destroy-source-half@A:safe" },
  { FROZEN " out ending | " ARRIVED, 0, V (HANDOVER_UNCONFIRMED), "destroy-source-half@A:safe" },
  { FROZEN " | " ARRIVED, JOB, V (PAUSED_AT_HAND_OVER), "destroy-source-half@A:safe" },
  { FROZEN " | " ARRIVED, 0, V (PAUSED_AT_HAND_OVER), "destroy-source-half@A:destructive" },
  { INCOMING " | run.migrated", 0, V (UNKNOWN), "" },
  { INCOMING " | run.migrated", JOB | TRANSIENT, V (PAUSED_AT_HAND_OVER),
    "destroy-source-half@A:safe" },
  /* stopped by the job in mid-copy */
  { "pause.user def out moves ours | " INCOMING, JOB, V (IN_FLIGHT), "follow@A:safe" },
  { FROZEN " out moves ours | " INCOMING, JOB, V (IN_FLIGHT), "follow@A:safe" },
  { FROZEN " out ours | " INCOMING, JOB, V (FROZEN), "abort-transfer@A:disruptive" },
  { "pause.user def out ours | " INCOMING, JOB, V (FROZEN), "abort-transfer@A:disruptive" },
  { "pause.user def out ours | " ARRIVED, JOB, V (HANDOVER_UNCONFIRMED),
    "destroy-source-half@A:safe" },
  { "pause.user def ours | " ARRIVED, JOB, V (PAUSED_AT_HAND_OVER), "destroy-source-half@A:safe" },
  { "pause.user def ours | -", JOB, V (PAUSED_BEFORE_HAND_OVER), "resume-source@A:safe" },
  { "run.booted def ours | -", JOB, V (RUNS_ON_SOURCE), "close-job@A:safe" },
  { "pause.ioerror def ours | -", JOB, V (RUNS_ON_SOURCE), "close-job@A:safe" },

  { FROZEN " | -", JOB, V (PAUSED_BEFORE_HAND_OVER), "resume-source@A:safe" },
  { FROZEN " | -", 0, V (PAUSED_BEFORE_HAND_OVER), "resume-source@A:safe" },
  { FROZEN " | " INCOMING, JOB, V (PAUSED_BEFORE_HAND_OVER),
    "remove-incoming@B:safe resume-source@A:safe" },
  { FROZEN " | " INCOMING, 0, V (PAUSED_BEFORE_HAND_OVER),
    "remove-incoming@B:safe resume-source@A:safe" },
  { FROZEN " | pause.user def", JOB | STRICT, V (PAUSED_BEFORE_HAND_OVER),
    "remove-incoming@B:safe resume-source@A:safe" },
  { FROZEN " | pause.user def", JOB, V (UNKNOWN), "" },
  { FROZEN " | pause.user def", JOB | STRICT | RESUMED, V (UNKNOWN), "" },
  { "- | " INCOMING, JOB, V (UNKNOWN), "" },
  { MOVED " | " INCOMING, JOB, V (UNKNOWN), "" },
  { CRASHED " | " INCOMING, JOB, V (STOPPED),
    "remove-incoming@B:safe close-job@A:safe start-guest@A:disruptive" },
  /* post-copy */
  { "pause.postcopy def out moves | run.postcopy def", JOB, V (IN_FLIGHT), "follow@A:safe" },
  { "pause.postcopy def out | run.postcopy def", 0, V (IN_FLIGHT), "follow@A:safe" },
  { "pause.pcfailed def out | run.pcfailed def", JOB, V (POSTCOPY_PAUSED),
    "resume-postcopy@A:safe" },
  { "pause.pcfailed def out | run.pcfailed def", 0, V (POSTCOPY_PAUSED), "resume-postcopy@A:safe" },
  { "run.pcfailed def | pause.pcfailed def out", 0, V (POSTCOPY_PAUSED), "resume-postcopy@B:safe" },
  { "pause.pcfailed def out | run.postcopy def", JOB, V (POSTCOPY_HALF_BROKEN), "" },
  { "pause.pcfailed def out | run.postcopy def", JOB | FENCE, V (POSTCOPY_HALF_BROKEN),
    "reset-stream@B:disruptive" },
  { "pause.pcfailed def out moves | run.postcopy def", JOB, V (IN_FLIGHT), "follow@A:safe" },
  { "pause.postcopy def out | " ARRIVED, JOB, V (IN_FLIGHT), "follow@A:safe" },
  { "pause.pcfailed def | " ARRIVED, JOB, V (PAUSED_AT_HAND_OVER), "destroy-source-half@A:safe" },
  { "pause.pcfailed def out | -", JOB, V (LOST), "destroy-guest@A:destructive" },
  { CRASHED " | run.pcfailed def", JOB, V (LOST), "destroy-guest@B:destructive" },
  { CRASHED " | run.postcopy def", JOB | FENCE, V (LOST),
    "destroy-guest@B:destructive fence@B:destructive" },
  { MOVED " | run.postcopy def", JOB, V (RUNS_ON_DESTINATION),
    "undefine-source@A:safe close-job@B:safe" },
  { "- | run.postcopy def", JOB, V (RUNS_ON_DESTINATION), "close-job@B:safe" },
  /* two copies */
  { RUNS " | " ARRIVED, JOB, V (SPLIT), "" },
  { RUNS " | " ARRIVED, 0, V (SPLIT), "" },
  { RUNS " | " ARRIVED, JOB | KEEP_B, V (SPLIT), "destroy-guest@A:destructive" },
  { RUNS " | " ARRIVED " | " RUNS, KEEP_B | FENCE, V (SPLIT),
    "destroy-guest@A:destructive fence@A:destructive destroy-guest@C:destructive "
    "fence@C:destructive" },
  { RUNS " | ? | " ARRIVED, 0, V (SPLIT), "" },
  /* somebody cannot be asked */
  { RUNS " | ?", 0, V (UNKNOWN), "" },
  { RUNS " | ?", JOB, V (RUNS_ON_SOURCE), "close-job@A:safe" }, /* it was never stopped */
  { "run.canceled def | ?", JOB, V (UNKNOWN), "" },
  { "run.unpaused def | ?", JOB, V (UNKNOWN), "" }, /* from what, nobody tells */
  { RUNS " out moves | ?", JOB, V (UNKNOWN), "" },
  { FROZEN " | ?", JOB, V (UNKNOWN), "" },
  { "? | " ARRIVED, JOB, V (UNKNOWN), "" },
  { "? | " ARRIVED, JOB | PROVEN, V (UNKNOWN), "" },
  { "? | -", 0, V (UNKNOWN), "" },
  { RUNS " | ?", PROBE, V (UNKNOWN), "" },
  { "? | ?", JOB, V (UNKNOWN), "" },
  /* off */
  { OFF " | -", 0, V (STOPPED), "" },
  { OFF " | -", JOB | AUTOSTART, V (STOPPED), "release-obligations@A:safe close-job@A:safe" },
  { CRASHED " | -", JOB, V (STOPPED), "close-job@A:safe start-guest@A:disruptive" },
  { CRASHED " | -", 0, V (STOPPED), "start-guest@A:disruptive" },
  { "shut.failed def | -", JOB, V (STOPPED), "close-job@A:safe start-guest@A:disruptive" },
  { "- | " OFF, JOB | AUTOSTART, V (STOPPED), "set-autostart@B:safe close-job@B:safe" },
  { MOVED " | " OFF, JOB, V (OFF_ON_BOTH), "undefine-source@A:safe" },
  { MOVED " | " OFF, 0, V (OFF_ON_BOTH), "undefine-source@A:destructive" },
  { OFF " | " OFF, JOB | AUTOSTART, V (OFF_ON_BOTH),
    "undefine-destination@B:safe release-obligations@A:safe" },
  { OFF " | " OFF, JOB | PROVEN, V (OFF_ON_BOTH), "undefine-source@A:safe" },
  { OFF " | " OFF, 0, V (OFF_ON_BOTH), "" },
  { "shutting def | -", 0, V (UNKNOWN), "" },
  { "- | -", JOB, V (LOST), "" },
  { "- | -", JOB | TRANSIENT, V (LOST), "close-job@A:safe" },
  { "- | -", JOB | DEFINITION, V (UNDEFINED), "define@A:disruptive" },
  { "- | -", 0, V (LOST), "" },
  /* it does not answer */
  { RUNS " hangs | -", JOB, V (MONITOR_UNRESPONSIVE), "destroy-guest@A:destructive" },
  { RUNS " hangs | " INCOMING, JOB | FENCE, V (MONITOR_UNRESPONSIVE),
    "destroy-guest@A:destructive fence@A:destructive" },
  { "- | " ARRIVED " hangs", JOB, V (MONITOR_UNRESPONSIVE), "destroy-guest@B:destructive" },
  { CRASHED " stuck | run.pcfailed def", JOB, V (JOB_STUCK), "" },
  { CRASHED " stuck | -", 0, V (JOB_STUCK), "" },
  /* of one that does not run: before the hand-over */
  { COLD " | -", JOB | STOPS, V (STOPPED), "close-job@A:safe" },
  { COLD " | -", JOB | STOPS | AUTOSTART | IMAGES, V (STOPPED),
    "release-obligations@A:safe close-job@A:safe" },
  { COLD " | " MARKED, JOB | STOPS | AUTOSTART, V (STOPPED),
    "release-obligations@A:safe undefine-destination@B:safe close-job@A:safe" },
  { RUNS " | " MARKED, JOB | STOPS | AUTOSTART, V (RUNS_ON_SOURCE),
    "release-obligations@A:safe undefine-destination@B:safe close-job@A:safe" },
  { RUNS " | ?", JOB | STOPS, V (RUNS_ON_SOURCE), "close-job@A:safe" },
  { COLD " | ?", JOB | STOPS, V (UNKNOWN), "" },
  { "shut.saved def | " MARKED, JOB | STOPS | AUTOSTART, V (STOPPED),
    "release-obligations@A:safe undefine-destination@B:safe close-job@A:safe" },
  { "pause.saving def | -", JOB | STOPS | AUTOSTART, V (UNKNOWN), "" },
  { "pause.starting def | -", JOB | STOPS | AUTOSTART, V (UNKNOWN), "" },
  { COLD " | run.booted def incoming", JOB | STOPS, V (UNKNOWN), "" },
  { COLD " | " COLD, JOB | STOPS, V (UNKNOWN), "" }, /* what the move defines is marked */
  { "- | " COLD, JOB | STOPS | IMAGES, V (UNKNOWN), "" },
  { "- | " MARKED, JOB | STOPS, V (UNKNOWN), "" },
  { "- | " MARKED, JOB | STOPS | DEFINITION, V (UNDEFINED), "define@A:disruptive" },
  /* … and after it */
  { COLD " | " MARKED, JOB | STOPS | HANDED | IMAGES, V (STOPPED),
    "complete-hand-over@B:safe undefine-source@A:safe release-images@A:safe close-job@B:safe" },
  { GIVEN " | " COLD, JOB | STOPS | HANDED | COMPLETED | AUTOSTART, V (STOPPED),
    "set-autostart@B:safe undefine-source@A:safe close-job@B:safe" },
  { GIVEN " | " COLD, JOB | STOPS | HANDED | COMPLETED | RECORD_A, V (STOPPED),
    "swap-record@B:safe undefine-source@A:safe close-job@B:safe" },
  { "- | " COLD, JOB | STOPS | HANDED | COMPLETED | IMAGES, V (STOPPED),
    "release-images@A:safe close-job@B:safe" },
  { GIVEN " | " RUNS, JOB | STOPS | HANDED | COMPLETED, V (RUNS_ON_DESTINATION),
    "undefine-source@A:safe close-job@B:safe" },
  { GIVEN " | run.restored def", JOB | STOPS | HANDED | IMAGES, V (RUNS_ON_DESTINATION),
    "complete-hand-over@B:safe undefine-source@A:safe release-images@A:safe close-job@B:safe" },
  { GIVEN " | pause.starting def", JOB | STOPS | HANDED, V (UNKNOWN), "" },
  { RUNS " | " COLD, JOB | STOPS | HANDED, V (UNKNOWN), "" },
  { RUNS " | ?", JOB | STOPS | HANDED, V (UNKNOWN), "" },
  { GIVEN " | -", JOB | STOPS | HANDED, V (UNKNOWN), "" },
  /* … by its marks alone */
  { COLD " | " MARKED, 0, V (STOPPED), "undefine-destination@B:safe" },
  { RUNS " | " MARKED, 0, V (RUNS_ON_SOURCE), "undefine-destination@B:safe" },
  { "- | " MARKED, 0, V (UNKNOWN), "" },
  { GIVEN " | " MARKED, 0, V (STOPPED), "adopt-destination@B:safe undefine-source@A:safe" },
  { COLD " | " GIVEN, 0, V (STOPPED), "undefine-source@B:safe" },
  { GIVEN " | " RUNS, 0, V (RUNS_ON_DESTINATION), "undefine-source@A:safe" },
  { RUNS " outgoing | " COLD, 0, V (UNKNOWN), "" },
  { "pause.user carrier | -", 0, V (CARRIER), "destroy-guest@A:safe" },
  { "pause.user carrier | pause.migrating carrier", 0, V (CARRIER),
    "destroy-guest@A:safe destroy-guest@B:safe" },
  /* its images may be newer where it went */
  { MOVED " | -", JOB | IMAGES, V (UNKNOWN), "" },
  { OFF " | " OFF, JOB | IMAGES, V (OFF_ON_BOTH), "" },
  { OFF " | " OFF, JOB | IMAGES | PROVEN, V (OFF_ON_BOTH), "undefine-source@A:safe" },
  { "- | " CRASHED, JOB | IMAGES, V (STOPPED), "start-guest@B:disruptive" },
  { "- | " OFF, JOB | IMAGES, V (STOPPED), "release-images@A:safe close-job@B:safe" },
  { MOVED " | " ARRIVED, JOB | IMAGES, V (RUNS_ON_DESTINATION),
    "undefine-source@A:safe release-images@A:safe close-job@B:safe" },
};

/* ---- reading the table ---- */

static const struct
{
  const char *word;
  MigrateDomainState state;
  int reason;
} words[] = {
  { "run.booted", MIGRATE_DOMAIN_RUNNING, 1 },
  { "run.migrated", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATED },
  { "run.unpaused", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_UNPAUSED },
  { "run.canceled", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATION_CANCELED },
  { "run.postcopy", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY },
  { "run.pcfailed", MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY_FAILED },
  { "idle", MIGRATE_DOMAIN_BLOCKED, 0 },
  { "pause.user", MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_USER },
  { "pause.ioerror", MIGRATE_DOMAIN_PAUSED, 5 },
  { "pause.migrating", MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_MIGRATION },
  { "pause.postcopy", MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY },
  { "pause.pcfailed", MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY_FAILED },
  { "shutting", MIGRATE_DOMAIN_SHUTDOWN, 1 },
  { "shut.shutdown", MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_SHUTDOWN },
  { "shut.crashed", MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_CRASHED },
  { "shut.migrated", MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_MIGRATED },
  { "shut.failed", MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_FAILED },
  { "shut.unknown", MIGRATE_DOMAIN_SHUTOFF, 0 },
  { "shut.saved", MIGRATE_DOMAIN_SHUTOFF, 5 },
  { "pause.saving", MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_SAVE },
  { "pause.starting", MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_STARTING_UP },
  { "run.restored", MIGRATE_DOMAIN_RUNNING, 3 },
};

static void
read_word (const char *word, MigrateSeen *seen)
{
  if (g_str_equal (word, "def"))
    seen->persistent = TRUE;
  else if (g_str_equal (word, "auto"))
    seen->autostart = TRUE;
  else if (g_str_equal (word, "out"))
    seen->transfer = TRUE;
  else if (g_str_equal (word, "ending"))
    seen->ending = TRUE;
  else if (g_str_equal (word, "moves"))
    seen->moves = TRUE;
  else if (g_str_equal (word, "hangs"))
    seen->monitor_hangs = TRUE;
  else if (g_str_equal (word, "stuck"))
    seen->job_stuck = TRUE;
  else if (g_str_equal (word, "ours"))
    seen->stopped_by_us = TRUE;
  else if (g_str_equal (word, "incoming"))
    seen->mark = MIGRATE_MARK_INCOMING;
  else if (g_str_equal (word, "outgoing"))
    seen->mark = MIGRATE_MARK_OUTGOING;
  else if (g_str_equal (word, "carrier"))
    seen->mark = MIGRATE_MARK_CARRIER;
  else
    for (gsize i = 0; i <= G_N_ELEMENTS (words); i++)
      {
        cr_assert_lt (i, G_N_ELEMENTS (words), "the table has a word “%s”", word);
        if (!g_str_equal (words[i].word, word))
          continue;
        seen->present = TRUE;
        seen->state = words[i].state;
        seen->reason = words[i].reason;
        return;
      }
}

static guint
read_hosts (const char *text, MigrateSeen *seen)
{
  g_auto (GStrv) hosts = g_strsplit (text, " | ", -1);
  guint n = g_strv_length (hosts);

  for (guint i = 0; i < n; i++)
    {
      g_auto (GStrv) parts = g_strsplit (hosts[i], " ", -1);

      seen[i] = (MigrateSeen){ .asked = !g_str_equal (hosts[i], "?") };
      for (guint k = 0; seen[i].asked && !g_str_equal (hosts[i], "-") && parts[k] != NULL; k++)
        read_word (parts[k], &seen[i]);
    }
  return n;
}

static MigrateCase
read_row (const Row *row, MigrateSeen *seen)
{
  guint j = row->journal;
  gboolean job = (j & JOB) != 0, hosts = (j & (JOB | PROBE)) != 0;

  return (MigrateCase){
    .hosts = seen,
    .n_hosts = read_hosts (row->hosts, seen),
    .is_open = hosts,
    .has_job = job,
    .has_probe = (j & PROBE) != 0,
    .source = hosts ? 0 : MIGRATE_NO_HOST,
    .destination = hosts ? 1 : MIGRATE_NO_HOST,
    .begun = job,
    .proven = (j & PROVEN) != 0,
    .reverting = (j & REVERTING) != 0,
    .arrives_paused = (j & STRICT) != 0 && (j & PAUSED) == 0,
    .resumed_there = (j & RESUMED) != 0,
    .has_obligations = (j & AUTOSTART) != 0,
    .before_known = job,
    .was_paused = (j & PAUSED) != 0,
    .was_persistent = (j & TRANSIENT) == 0,
    .was_autostart = (j & AUTOSTART) != 0,
    .has_definition = (j & DEFINITION) != 0,
    .stops = (j & STOPS) != 0,
    .handed_over = (j & HANDED) != 0,
    .completed = (j & COMPLETED) != 0,
    .has_images = (j & IMAGES) != 0,
    .has_record = (j & RECORD_A) != 0,
    .recorded = 0,
    .can_fence = (j & FENCE) != 0,
    .can_reset_stream = (j & FENCE) != 0,
    .keep = (j & KEEP_B) != 0 ? 1 : MIGRATE_NO_HOST,
  };
}

static char *
describe_plan (GArray *plan)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < plan->len; i++)
    {
      const MigratePlannedStep *step = &g_array_index (plan, MigratePlannedStep, i);

      cr_assert_geq (step->host, 0);
      cr_assert_not_null (step->effect);
      g_string_append_printf (text, "%s%s@%c:%s", i > 0 ? " " : "", step->kind, 'A' + step->host,
                              _migrate_enum_nick (MIGRATE_TYPE_RISK, (int) step->risk));
    }
  return g_string_free (text, FALSE);
}

Test (recover, table)
{
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      MigrateSeen seen[HOSTS_AT_MOST];
      MigrateCase c = read_row (&rows[i], seen);
      MigrateJudgement j = _migrate_case_judge (&c);
      g_autoptr (GArray) plan = _migrate_case_plan (&c, &j);
      g_autofree char *text = describe_plan (plan);

      cr_expect_eq (j.verdict, rows[i].verdict, "row %zu, %s (%x): %s, %s", i, rows[i].hosts,
                    rows[i].journal, _migrate_enum_nick (MIGRATE_TYPE_VERDICT, (int) j.verdict),
                    j.reason);
      cr_expect_str_eq (text, rows[i].plan, "row %zu, %s (%x): %s", i, rows[i].hosts,
                        rows[i].journal, text);
    }
}

/* ---- what must hold for any evidence: every pair of states, with every journal ---- */

static void
assert_sound (const MigrateCase *c, const char *what)
{
  MigrateJudgement j = _migrate_case_judge (c);
  g_autoptr (GArray) plan = _migrate_case_plan (c, &j);
  gboolean unasked = FALSE;

  cr_assert_neq (j.verdict, MIGRATE_VERDICT_NONE, "%s", what);
  cr_assert_not_null (j.reason, "%s", what);
  cr_assert_gt (j.rest_ms, 0, "%s: one look is none", what);
  for (guint i = 0; i < c->n_hosts; i++)
    unasked |= !c->hosts[i].asked;
  for (guint i = 0; i < plan->len; i++)
    {
      const MigratePlannedStep *step = &g_array_index (plan, MigratePlannedStep, i);
      const MigrateSeen *host = &c->hosts[step->host];
      gboolean ends_a_guest = strstr (step->kind, "destroy") != NULL
                              || g_str_equal (step->kind, "remove-incoming")
                              || g_str_equal (step->kind, "fence");

      cr_assert (!unasked || !ends_a_guest, "%s: %s while a host is silent", what, step->kind);
      cr_assert (!unasked || step->risk == MIGRATE_RISK_SAFE, "%s: %s while a host is silent", what,
                 step->kind);
      if (_migrate_seen_runs (host) && ends_a_guest)
        cr_assert_eq (step->risk, MIGRATE_RISK_DESTRUCTIVE, "%s: %s of what runs", what,
                      step->kind);
      if (g_str_equal (step->kind, "resume-source") || g_str_equal (step->kind, "start-guest")
          || g_str_equal (step->kind, "resume-destination"))
        for (guint k = 0; k < c->n_hosts; k++)
          cr_assert_not (_migrate_seen_runs (&c->hosts[k]), "%s: %s beside a copy that runs", what,
                         step->kind);
      if (strstr (step->kind, "undefine") != NULL)
        cr_assert (_migrate_seen_is_off (host), "%s: %s of what is on", what, step->kind);
    }
}

Test (recover, any_evidence_is_met_soundly)
{
  static const char *const flags[]
    = { "", " def", " out", " out moves", " out ending", " def out", " hangs", " stuck def" };
  GPtrArray *hosts = g_ptr_array_new_with_free_func (g_free);
  guint cases = 0;

  g_ptr_array_add (hosts, g_strdup ("-"));
  g_ptr_array_add (hosts, g_strdup ("?"));
  for (gsize w = 0; w < G_N_ELEMENTS (words); w++)
    for (gsize f = 0; f < G_N_ELEMENTS (flags); f++)
      g_ptr_array_add (hosts, g_strconcat (words[w].word, flags[f], NULL));
  for (guint a = 0; a < hosts->len; a++)
    for (guint b = 0; b < hosts->len; b++)
      for (guint journal = 0; journal < 1 << 8; journal += journal == 0 ? 1 : 2)
        {
          g_autofree char *text
            = g_strdup_printf ("%s | %s", (char *) hosts->pdata[a], (char *) hosts->pdata[b]);
          Row row = { text, journal | FENCE, MIGRATE_VERDICT_NONE, NULL };
          MigrateSeen seen[HOSTS_AT_MOST];
          MigrateCase c;

          if (b != 0 && a != 0 && journal % 8 > 3)
            continue; /* a sample of the rest */
          c = read_row (&row, seen);
          assert_sound (&c, text);
          cases++;
        }
  cr_assert_gt (cases, 100000, "only %u cases", cases);
  g_ptr_array_unref (hosts);
}

/* ---- and of a guest that no host runs meanwhile ---- */

static void
assert_keeps (const MigrateCase *c, const char *what)
{
  MigrateJudgement j = _migrate_case_judge (c);
  g_autoptr (GArray) plan = _migrate_case_plan (c, &j);

  for (guint i = 0; i < plan->len; i++)
    {
      const MigratePlannedStep *step = &g_array_index (plan, MigratePlannedStep, i);
      gboolean takes_back
        = g_str_equal (step->kind, "release-obligations")
          || (g_str_equal (step->kind, "undefine-destination") && step->host == c->destination);
      gboolean goes_on = g_str_equal (step->kind, "undefine-source")
                         || g_str_equal (step->kind, "release-images")
                         || g_str_equal (step->kind, "complete-hand-over");

      cr_assert (!c->handed_over || !takes_back, "%s: %s of what was handed over", what,
                 step->kind);
      cr_assert (c->handed_over || !goes_on || step->risk == MIGRATE_RISK_DESTRUCTIVE,
                 "%s: %s of what was not handed over", what, step->kind);
    }
}

Test (recover, a_hand_over_by_the_journal_is_never_taken_back)
{
  static const char *const flags[] = { "", " def", " def incoming", " def outgoing" };
  GPtrArray *hosts = g_ptr_array_new_with_free_func (g_free);

  g_ptr_array_add (hosts, g_strdup ("-"));
  g_ptr_array_add (hosts, g_strdup ("?"));
  for (gsize w = 0; w < G_N_ELEMENTS (words); w++)
    for (gsize f = 0; f < G_N_ELEMENTS (flags); f++)
      g_ptr_array_add (hosts, g_strconcat (words[w].word, flags[f], NULL));
  for (guint a = 0; a < hosts->len; a++)
    for (guint b = 0; b < hosts->len; b++)
      for (guint handed = 0; handed < 2; handed++)
        {
          g_autofree char *text
            = g_strdup_printf ("%s | %s", (char *) hosts->pdata[a], (char *) hosts->pdata[b]);
          Row row = { text, JOB | STOPS | IMAGES | AUTOSTART | (handed ? HANDED : 0),
                      MIGRATE_VERDICT_NONE, NULL };
          MigrateSeen seen[HOSTS_AT_MOST];
          MigrateCase c = read_row (&row, seen);

          assert_sound (&c, text);
          assert_keeps (&c, text);
        }
  g_ptr_array_unref (hosts);
}
