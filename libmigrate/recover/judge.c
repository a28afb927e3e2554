/* See the header. The rules are tried in order, the first that applies decides. What a failure
 * leaves behind, and how long libvirt takes to let go of it by itself, is in reference: a silent
 * peer is noticed after 30 s, a job that failed is let go 30 s later at the latest, QEMU's own
 * connection comes back 15 s after the path does.
 *
 * Hosts are asked one after the other, so one look may show the guest on both or on none in the
 * middle of a hand-over: no verdict is believed that has not stood still for LOOKS_MS. */
#include "recover/case-private.h"

#define LOOKS_MS 1000
#define UNCONFIRMED_MS 2000
#define SILENT_MS 35000
#define LINGER_MS 45000
#define STALLED_MS 30000
#define RECONNECT_MS 20000
#define MONITOR_MS 15000

#define NOBODY MIGRATE_NO_HOST

gboolean
_migrate_seen_runs (const MigrateSeen *self)
{
  return self->asked && self->present
         && (self->state == MIGRATE_DOMAIN_RUNNING || self->state == MIGRATE_DOMAIN_BLOCKED
             || self->state == MIGRATE_DOMAIN_PMSUSPENDED);
}

gboolean
_migrate_seen_is_off (const MigrateSeen *self)
{
  return self->asked
         && (!self->present || self->state == MIGRATE_DOMAIN_SHUTOFF
             || self->state == MIGRATE_DOMAIN_CRASHED);
}

gboolean
_migrate_seen_is_paused (const MigrateSeen *self)
{
  return self->asked && self->present && self->state == MIGRATE_DOMAIN_PAUSED;
}

/* During a migration libvirt gives its reason, whoever asked. */
static gboolean
is_stopped_by_us (const MigrateSeen *self)
{
  return _migrate_seen_is_paused (self) && self->stopped_by_us
         && (self->reason == MIGRATE_PAUSED_USER || self->reason == MIGRATE_PAUSED_MIGRATION);
}

/* For a move: the source in the switch-over, or stopped by us so that its copy ends; or a
 * destination that was never started. */
static gboolean
is_paused_for_move (const MigrateSeen *self)
{
  return is_stopped_by_us (self)
         || (_migrate_seen_is_paused (self)
             && (self->reason == MIGRATE_PAUSED_MIGRATION
                 || self->reason == MIGRATE_PAUSED_STARTING_UP));
}

static gboolean
is_postcopy_source (const MigrateSeen *self)
{
  return _migrate_seen_is_paused (self)
         && (self->reason == MIGRATE_PAUSED_POSTCOPY
             || self->reason == MIGRATE_PAUSED_POSTCOPY_FAILED);
}

static gboolean
is_postcopy_destination (const MigrateSeen *self)
{
  return _migrate_seen_runs (self) && self->state == MIGRATE_DOMAIN_RUNNING
         && (self->reason == MIGRATE_RUNNING_POSTCOPY
             || self->reason == MIGRATE_RUNNING_POSTCOPY_FAILED);
}

gboolean
_migrate_seen_is_incoming (const MigrateSeen *self)
{
  return self->asked && self->present && _migrate_seen_is_off (self)
         && self->mark == MIGRATE_MARK_INCOMING;
}

gboolean
_migrate_seen_is_defined_off (const MigrateSeen *self)
{
  return self->asked && self->present && _migrate_seen_is_off (self)
         && self->mark != MIGRATE_MARK_INCOMING;
}

static gboolean
is_present (const MigrateSeen *self)
{
  return self->asked && self->present;
}

/* What is defined under our mark is not the guest's before its hand-over. */
static gboolean
is_defined (const MigrateSeen *self)
{
  return is_present (self) && !_migrate_seen_is_incoming (self);
}

static gboolean
is_handed_over (const MigrateSeen *self)
{
  return is_present (self) && self->mark == MIGRATE_MARK_OUTGOING;
}

static gboolean
is_carrier (const MigrateSeen *self)
{
  return is_present (self) && self->mark == MIGRATE_MARK_CARRIER;
}

/* One that transfers and one that is paused for a move both hold an active copy. */
static gboolean
is_active (const MigrateSeen *self)
{
  return self->asked && self->present && !_migrate_seen_is_off (self);
}

typedef gboolean (*Look) (const MigrateSeen *self);

static guint
count (const MigrateCase *c, Look look)
{
  guint n = 0;

  for (guint i = 0; i < c->n_hosts; i++)
    n += look (&c->hosts[i]) ? 1 : 0;
  return n;
}

static int
find (const MigrateCase *c, Look look, int other_than)
{
  for (guint i = 0; i < c->n_hosts; i++)
    if ((int) i != other_than && look (&c->hosts[i]))
      return (int) i;
  return NOBODY;
}

static gboolean
transfers (const MigrateSeen *self)
{
  return is_active (self) && self->transfer;
}

static gboolean
say (MigrateJudgement *j, MigrateVerdict verdict, int source, int destination, guint64 rest_ms,
     const char *reason)
{
  *j = (MigrateJudgement){ verdict, source, destination, MAX (rest_ms, LOOKS_MS), reason };
  return TRUE;
}

static gboolean
say_unknown (const MigrateCase *c, MigrateJudgement *j, guint64 rest_ms, const char *reason)
{
  return say (j, MIGRATE_VERDICT_UNKNOWN, c->source, c->destination, rest_ms, reason);
}

/* Where the only active copy is, and which part that host plays. */
static gboolean
say_runs (const MigrateCase *c, int owner, MigrateJudgement *j)
{
  int other = NOBODY;

  if (c->has_job && owner == c->source)
    return say (j, MIGRATE_VERDICT_RUNS_ON_SOURCE, owner, c->destination, 0,
                "the guest is on {S}, where it was, and on no other host");
  if (c->has_job)
    return say (j, MIGRATE_VERDICT_RUNS_ON_DESTINATION, c->source, owner, 0,
                "the guest is on {D}, and on no other host");
  for (guint i = 0; i < c->n_hosts; i++)
    if ((int) i != owner && is_defined (&c->hosts[i]) && c->hosts[i].state == MIGRATE_DOMAIN_SHUTOFF
        && c->hosts[i].reason == MIGRATE_SHUTOFF_MIGRATED)
      other = (int) i;
  if (other != NOBODY)
    return say (j, MIGRATE_VERDICT_RUNS_ON_DESTINATION, other, owner, 0,
                "the guest is on {D}; libvirt on {S} says that it moved away");
  return say (j, MIGRATE_VERDICT_RUNS_ON_SOURCE, owner, find (c, is_present, owner), 0,
              "the guest is on {S}, and on no other host");
}

/* Of a mark too: the journal may be lost. */
gboolean
_migrate_case_find_handed_over (const MigrateCase *c, int *source, int *destination)
{
  if (c->has_job && c->stops)
    {
      *source = c->source;
      *destination = c->destination;
      return c->handed_over && c->source != NOBODY && c->destination != NOBODY;
    }
  *source = find (c, is_handed_over, NOBODY);
  *destination = *source != NOBODY ? find (c, is_present, *source) : NOBODY;
  return *destination != NOBODY;
}

/* ---- rules ---- */

static gboolean
judge_carrier (const MigrateCase *c, MigrateJudgement *j)
{
  int host = find (c, is_carrier, NOBODY);

  if (host == NOBODY)
    return FALSE;
  return say (j, MIGRATE_VERDICT_CARRIER, host, find (c, is_carrier, host), 0,
              "it is no guest: it carried the images of one, and never ran");
}

static gboolean
judge_split (const MigrateCase *c, MigrateJudgement *j)
{
  if (count (c, _migrate_seen_runs) < 2)
    return FALSE;
  return say (j, MIGRATE_VERDICT_SPLIT, c->source, c->destination, 0,
              "the guest runs on more than one host; which copy is good only its owner can tell");
}

/* One that was stopped since it came up: by a move, or by anybody. QEMU that goes on by itself
 * after a failed switch-over is “unpaused”, and so is a half that somebody resumed by hand. */
static gboolean
was_stopped (const MigrateSeen *self)
{
  return self->state == MIGRATE_DOMAIN_RUNNING
         && (self->reason == MIGRATE_RUNNING_UNPAUSED
             || self->reason == MIGRATE_RUNNING_MIGRATION_CANCELED);
}

static gboolean
never_handed_over (const MigrateCase *c)
{
  const MigrateSeen *source = c->source != NOBODY ? &c->hosts[c->source] : NULL;

  return c->has_job && !c->proven && !c->handed_over && source != NULL
         && _migrate_seen_runs (source) && !source->transfer && !is_postcopy_destination (source)
         && !was_stopped (source);
}

static gboolean
judge_unasked (const MigrateCase *c, MigrateJudgement *j)
{
  gboolean unnamed = c->has_job && (c->source == NOBODY || c->destination == NOBODY);

  for (guint i = 0; i < c->n_hosts; i++)
    unnamed |= !c->hosts[i].asked;
  if (!unnamed)
    return FALSE;
  if (never_handed_over (c))
    return say (
      j, MIGRATE_VERDICT_RUNS_ON_SOURCE, c->source, c->destination, 0,
      "the guest runs on {S} and was never stopped for a hand-over, whatever {H} would say");
  return say_unknown (c, j, 0, "{H} cannot be asked, and could have the guest");
}

/* Wherever it stands: what had been allowed when it was begun is to be done to its end. */
static gboolean
judge_reverting (const MigrateCase *c, MigrateJudgement *j)
{
  if (!c->reverting)
    return FALSE;
  return say (j, MIGRATE_VERDICT_REVERTING, c->source, c->destination, 0,
              "the move from {S} to {D} is being taken back, and has not come to its end");
}

static gboolean
judge_stuck_job (const MigrateCase *c, MigrateJudgement *j)
{
  for (guint i = 0; i < c->n_hosts; i++)
    if (c->hosts[i].job_stuck)
      return say (j, MIGRATE_VERDICT_JOB_STUCK, (int) i, c->destination, 0,
                  "libvirtd on {S} holds a job of a guest that is off; no call clears it: restart "
                  "that libvirtd");
  return FALSE;
}

/* libvirt saves it, or brings it back, and goes on with that whoever asked for it. */
static gboolean
is_on_its_way (const MigrateSeen *self)
{
  return _migrate_seen_is_paused (self)
         && (self->reason == MIGRATE_PAUSED_SAVE || self->reason == MIGRATE_PAUSED_STARTING_UP);
}

static gboolean
judge_handed_over (const MigrateCase *c, int from, int to, MigrateJudgement *j)
{
  const MigrateSeen *here = &c->hosts[from], *there = &c->hosts[to];

  if (is_active (here))
    return say_unknown (c, j, 0,
                        "the guest was handed over to {D}, and somebody has started it on {S}");
  if (is_active (there) && is_on_its_way (there))
    return say_unknown (c, j, SILENT_MS, "the guest is coming back from its saved memory on {D}");
  if (is_active (there))
    return say (j, MIGRATE_VERDICT_RUNS_ON_DESTINATION, from, to, 0,
                "the guest is on {D}, to which it was handed over");
  if (is_present (there))
    return say (j, MIGRATE_VERDICT_STOPPED, from, to, UNCONFIRMED_MS,
                "the guest is off, and was handed over to {D}");
  return say_unknown (c, j, 0, "the guest was handed over to {D}, which does not know it any more");
}

/* A guest that no host runs meanwhile moves by what the journal and the marks say. */
static gboolean
judge_stopped_move (const MigrateCase *c, MigrateJudgement *j)
{
  int from, to, host;

  if (_migrate_case_find_handed_over (c, &from, &to))
    return judge_handed_over (c, from, to, j);
  if (!c->has_job || !c->stops)
    return FALSE;
  if (c->destination != NOBODY && is_active (&c->hosts[c->destination]))
    return say_unknown (
      c, j, 0, "somebody has started the guest on {D} from a copy that was not handed over");
  if (c->destination != NOBODY && is_defined (&c->hosts[c->destination]))
    return say_unknown (c, j, UNCONFIRMED_MS,
                        "the guest was not handed over, and somebody has defined it on {D}");
  host = find (c, is_on_its_way, NOBODY);
  if (host != NOBODY)
    return say_unknown (c, j, SILENT_MS, "the memory of the guest is being saved, or read back");
  return FALSE;
}

/* A source that went because all had come leaves a destination that is about to say so. */
static gboolean
judge_postcopy_without_source (const MigrateCase *c, int to, MigrateJudgement *j)
{
  int crashed = NOBODY;

  for (guint i = 0; i < c->n_hosts; i++)
    if (is_defined (&c->hosts[i]) && c->hosts[i].state == MIGRATE_DOMAIN_SHUTOFF
        && c->hosts[i].reason != MIGRATE_SHUTOFF_MIGRATED)
      crashed = (int) i;
  if (crashed == NOBODY && c->hosts[to].reason == MIGRATE_RUNNING_POSTCOPY)
    {
      say_runs (c, to, j);
      j->rest_ms = SILENT_MS;
      return TRUE;
    }
  return say (j, MIGRATE_VERDICT_LOST, crashed != NOBODY ? crashed : c->source, to, UNCONFIRMED_MS,
              "the source is gone before all memory had come to {D}: the guest there is not whole");
}

static gboolean
judge_postcopy (const MigrateCase *c, MigrateJudgement *j)
{
  int from = find (c, is_postcopy_source, NOBODY);
  int to = find (c, is_postcopy_destination, from);
  const MigrateSeen *source;

  if (from == NOBODY && to == NOBODY)
    return FALSE;
  if (to == NOBODY)
    to = find (c, _migrate_seen_runs, from);
  if (from == NOBODY)
    return judge_postcopy_without_source (c, to, j);
  if (to == NOBODY)
    return say (j, MIGRATE_VERDICT_LOST, from, c->destination != from ? c->destination : NOBODY,
                UNCONFIRMED_MS,
                "the destination is gone after it had run: what {S} has of the memory is too old");
  source = &c->hosts[from];
  if (!is_postcopy_destination (&c->hosts[to]))
    {
      if (source->transfer)
        return say (j, MIGRATE_VERDICT_IN_FLIGHT, from, to, 0,
                    "post-copy is done, {S} is about to let go");
      return say (j, MIGRATE_VERDICT_PAUSED_AT_HAND_OVER, from, to, UNCONFIRMED_MS,
                  "the guest runs whole on {D}, and {S} was left with its old half");
    }
  if (source->reason == MIGRATE_PAUSED_POSTCOPY)
    return say (j, MIGRATE_VERDICT_IN_FLIGHT, from, to, 0,
                "the guest runs on {D} while the rest of its memory follows");
  if (c->hosts[to].reason == MIGRATE_RUNNING_POSTCOPY_FAILED)
    return say (j, MIGRATE_VERDICT_POSTCOPY_PAUSED, from, to, 0,
                "the path between {S} and {D} broke in post-copy; each has a part of the memory");
  if (source->moves)
    return say (j, MIGRATE_VERDICT_IN_FLIGHT, from, to, 0,
                "libvirt has lost the other side, but memory goes on travelling");
  return say (
    j, MIGRATE_VERDICT_POSTCOPY_HALF_BROKEN, from, to, RECONNECT_MS,
    "{S} has given the path up in post-copy, {D} has not noticed: until its connection is "
    "reset nothing can go on");
}

/* A half that came in and never ran is not what the guest's life hangs on. */
static gboolean
monitor_matters (const MigrateCase *c, guint i)
{
  const MigrateSeen *host = &c->hosts[i];

  if (!is_active (host) || !host->monitor_hangs)
    return FALSE;
  return !(is_paused_for_move (host) && find (c, transfers, (int) i) != NOBODY);
}

static gboolean
judge_monitor (const MigrateCase *c, MigrateJudgement *j)
{
  for (guint i = 0; i < c->n_hosts; i++)
    if (monitor_matters (c, i))
      return say (
        j, MIGRATE_VERDICT_MONITOR_UNRESPONSIVE, (int) i, find (c, is_active, (int) i), MONITOR_MS,
        "the guest's QEMU on {S} does not answer its libvirt; it may yet, and no question "
        "but the first is asked meanwhile");
  return FALSE;
}

static gboolean
judge_transfer (const MigrateCase *c, MigrateJudgement *j)
{
  int from = find (c, transfers, NOBODY);
  int to;
  const MigrateSeen *source;

  if (from == NOBODY)
    return FALSE;
  source = &c->hosts[from];
  to = find (c, is_active, from);
  if (to == NOBODY && c->destination != from)
    to = c->destination;
  if (to != NOBODY && _migrate_seen_runs (&c->hosts[to]) && is_paused_for_move (source))
    return say (
      j, MIGRATE_VERDICT_HANDOVER_UNCONFIRMED, from, to, UNCONFIRMED_MS,
      "the guest runs on {D}, but {S} waits for a reply that was lost and would resume its "
      "own half");
  if (to != NOBODY && _migrate_seen_runs (&c->hosts[to]))
    return say_unknown (
      c, j, SILENT_MS,
      "the guest runs on one host, while another sends a copy that somebody paused");
  if (source->ending)
    return say (j, MIGRATE_VERDICT_ABORT_STUCK, from, to, LINGER_MS,
                "the transfer from {S} was given up, but does not end: {D} does not answer it");
  if (is_paused_for_move (source) && !(is_stopped_by_us (source) && source->moves))
    return say (j, MIGRATE_VERDICT_FROZEN, from, to, SILENT_MS,
                "the guest stands still in the switch-over from {S}, and libvirt does not go on");
  if (source->moves)
    return say (j, MIGRATE_VERDICT_IN_FLIGHT, from, to, 0, "memory travels from {S}");
  return say (j, MIGRATE_VERDICT_STALLED, from, to, STALLED_MS,
              "a transfer from {S} is under way, and nothing travels");
}

/* Of two active copies without a transfer: which is the source? The journal knows; else only a
 * source is persistent before the hand-over is done. */
static gboolean
tell_sides (const MigrateCase *c, int runs, int paused, gboolean *paused_is_source)
{
  if (c->has_job
      && ((c->source == runs && c->destination == paused)
          || (c->source == paused && c->destination == runs)))
    {
      *paused_is_source = c->source == paused;
      return TRUE;
    }
  *paused_is_source = c->hosts[paused].persistent;
  return c->hosts[paused].persistent || c->hosts[runs].persistent;
}

/* Under the strict hand-over nobody but us lets it run. */
static gboolean
never_ran_there (const MigrateCase *c, int host)
{
  return c->has_job && c->destination == host && c->arrives_paused && !c->resumed_there;
}

static gboolean
judge_runs_beside_paused (const MigrateCase *c, int runs, int paused, MigrateJudgement *j)
{
  gboolean paused_is_source;

  if (!is_paused_for_move (&c->hosts[paused]))
    {
      if (never_ran_there (c, paused))
        return say (j, MIGRATE_VERDICT_RUNS_ON_SOURCE, runs, paused, 0,
                    "the guest runs on {S}; the copy that arrived at {D} was never let run");
      return say_unknown (c, j, 0,
                          "beside the guest that runs there is a copy that somebody paused");
    }
  if (!tell_sides (c, runs, paused, &paused_is_source))
    return say_unknown (c, j, SILENT_MS,
                        "nothing tells whether the copy that is paused is older or newer than the "
                        "one that runs");
  if (paused_is_source)
    return say (j, MIGRATE_VERDICT_PAUSED_AT_HAND_OVER, paused, runs, UNCONFIRMED_MS,
                "the guest runs on {D}, and {S} was left with a paused half");
  return say (j, MIGRATE_VERDICT_RUNS_ON_SOURCE, runs, paused, UNCONFIRMED_MS,
              "the guest runs on {S}; what came in at {D} was never started");
}

static gboolean
judge_runs (const MigrateCase *c, MigrateJudgement *j)
{
  int runs = find (c, _migrate_seen_runs, NOBODY);
  int paused;

  if (runs == NOBODY)
    return FALSE;
  paused = find (c, _migrate_seen_is_paused, runs);
  if (paused != NOBODY)
    return judge_runs_beside_paused (c, runs, paused, j);
  return say_runs (c, runs, j);
}

static gboolean
judge_paused_alone (const MigrateCase *c, int host, MigrateJudgement *j)
{
  const MigrateSeen *seen = &c->hosts[host];

  if (!is_paused_for_move (seen))
    return say_runs (c, host, j); /* by its user, or as the strict hand-over wants it */
  if (c->has_job && host == c->destination)
    {
      const MigrateSeen *source = &c->hosts[c->source];

      if (is_defined (source) && source->reason != MIGRATE_SHUTOFF_MIGRATED)
        return say (j, MIGRATE_VERDICT_STOPPED, c->source, host, SILENT_MS,
                    "the guest went off on {S} before its memory had come to {D}");
      return say_unknown (c, j, SILENT_MS, "{S} has let the guest go, and {D} has not started it");
    }
  if (c->has_job && c->was_paused)
    return say_runs (c, host, j);
  return say (j, MIGRATE_VERDICT_PAUSED_BEFORE_HAND_OVER, host,
              c->destination != host ? c->destination : NOBODY, UNCONFIRMED_MS,
              "the guest was stopped on {S} for a hand-over that never happened");
}

static gboolean
judge_paused (const MigrateCase *c, MigrateJudgement *j)
{
  int one = find (c, _migrate_seen_is_paused, NOBODY);
  int other = find (c, _migrate_seen_is_paused, one);
  gboolean one_is_source;
  int source, destination;

  if (one == NOBODY)
    return FALSE;
  if (other == NOBODY)
    return judge_paused_alone (c, one, j);
  if (!tell_sides (c, other, one, &one_is_source))
    return say_unknown (c, j, SILENT_MS, "two copies are paused, and nothing tells which is newer");
  source = one_is_source ? one : other;
  destination = one_is_source ? other : one;
  if (!is_paused_for_move (&c->hosts[destination]) && !never_ran_there (c, destination)
      && !c->was_paused)
    return say_unknown (c, j, SILENT_MS, "two copies are paused, and the one on {D} may have run");
  return say (j, MIGRATE_VERDICT_PAUSED_BEFORE_HAND_OVER, source, destination, UNCONFIRMED_MS,
              "the guest was stopped on {S} for a hand-over that never happened; the half on {D} "
              "never ran");
}

static gboolean
judge_off (const MigrateCase *c, MigrateJudgement *j)
{
  guint defined = count (c, is_defined);
  int one = find (c, is_defined, NOBODY);

  if (count (c, is_active) > 0)
    return say_unknown (c, j, SILENT_MS, "the guest is being shut down");
  if (defined == 0)
    {
      if (c->has_job && c->has_definition && c->was_persistent)
        return say (j, MIGRATE_VERDICT_UNDEFINED, c->source, c->destination, UNCONFIRMED_MS,
                    "no host knows the guest any more; the journal knows how it was defined");
      if (count (c, is_present) > 0)
        return say_unknown (c, j, UNCONFIRMED_MS,
                            "only a copy that was not handed over is defined; the host that it "
                            "came from was not asked, or does not know the guest any more");
      return say (j, MIGRATE_VERDICT_LOST, c->source, c->destination, UNCONFIRMED_MS,
                  c->before_known && !c->was_persistent
                    ? "the guest was transient and went off: nothing of it is left on any host"
                    : "no host knows the guest");
    }
  if (defined == 1)
    {
      gboolean there = c->has_job && one == c->destination;

      if (c->has_images && one == c->source && c->hosts[one].reason == MIGRATE_SHUTOFF_MIGRATED)
        return say_unknown (c, j, UNCONFIRMED_MS,
                            "libvirt on {S} says that the guest moved away, and {D} does not know "
                            "it: the images there may be the newer ones");
      return say (j, MIGRATE_VERDICT_STOPPED, there ? c->source : one,
                  there ? one : (c->destination != one ? c->destination : NOBODY), UNCONFIRMED_MS,
                  "the guest is off, and defined on one host");
    }
  return say (j, MIGRATE_VERDICT_OFF_ON_BOTH, c->source, c->destination, UNCONFIRMED_MS,
              "the guest is off, and defined on more than one host");
}

MigrateJudgement
_migrate_case_judge (const MigrateCase *self)
{
  static gboolean (*const rules[]) (const MigrateCase *, MigrateJudgement *)
    = { judge_carrier,   judge_split,        judge_unasked,  judge_reverting,
        judge_stuck_job, judge_stopped_move, judge_postcopy, judge_monitor,
        judge_transfer,  judge_runs,         judge_paused,   judge_off };
  MigrateJudgement judgement = { 0 };

  for (gsize i = 0; i < G_N_ELEMENTS (rules); i++)
    if (rules[i](self, &judgement))
      break;
  return judgement;
}
