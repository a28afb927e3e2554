/* Decide: what puts it right, for each verdict. What completes what the job's owner asked for is
 * safe when the journal proves it, and destructive without; what touches no running guest and no
 * only copy is safe in any case. */
#include "recover/case-private.h"

typedef struct
{
  const MigrateCase *c;
  const MigrateJudgement *j;
  GArray *steps;
} Plan;

static void
add (Plan *self, const char *kind, int host, MigrateRisk risk, const char *effect)
{
  MigratePlannedStep step = { kind, host, risk, effect, FALSE };

  g_array_append_val (self->steps, step);
}

/* NULL: nobody plays that part, or it cannot be asked. */
static const MigrateSeen *
seen (Plan *self, int host)
{
  return host != MIGRATE_NO_HOST && self->c->hosts[host].asked ? &self->c->hosts[host] : NULL;
}

static gboolean
is_defined_and_off (const MigrateSeen *host)
{
  return host != NULL && _migrate_seen_is_defined_off (host);
}

static gboolean
is_incoming (const MigrateSeen *host)
{
  return host != NULL && _migrate_seen_is_incoming (host);
}

/* The job's own hosts in the parts that it gave them. */
static gboolean
is_as_asked (Plan *self)
{
  return self->c->has_job && self->c->begun && self->j->source == self->c->source
         && self->j->destination == self->c->destination;
}

static MigrateRisk
safe_if (gboolean proven)
{
  return proven ? MIGRATE_RISK_SAFE : MIGRATE_RISK_DESTRUCTIVE;
}

static void
plan_record (Plan *self, int owner)
{
  if (self->c->has_record && self->c->recorded != owner && owner != MIGRATE_NO_HOST)
    add (self, "swap-record", owner, MIGRATE_RISK_SAFE,
         "the platform's record names this host as the owner");
}

static void
plan_obligations (Plan *self, int owner)
{
  if (self->c->has_job && self->c->has_obligations && owner == self->c->source)
    add (self, "release-obligations", owner, MIGRATE_RISK_SAFE,
         "what the job had changed for the move (autostart, hooks) is as it was before");
}

/* One that was not handed over is proven to be nobody's guest by its mark. */
static void
plan_incoming_definitions (Plan *self, int owner)
{
  for (guint i = 0; i < self->c->n_hosts; i++)
    if ((int) i != owner && is_incoming (&self->c->hosts[i]))
      add (self, "undefine-destination", (int) i, MIGRATE_RISK_SAFE,
           "the definition that a move brought and did not hand over is removed");
}

static MigrateRisk
risk_of_left (Plan *self, int host)
{
  return safe_if (is_as_asked (self) || self->c->hosts[host].mark == MIGRATE_MARK_OUTGOING);
}

/* The journal, or the mark at the source, has handed it over: nobody may take that back. */
static void
plan_hand_over (Plan *self)
{
  const MigrateCase *c = self->c;
  const MigrateSeen *there = seen (self, self->j->destination);

  if (c->has_job && c->handed_over && !c->completed)
    add (self, "complete-hand-over", self->j->destination, MIGRATE_RISK_SAFE,
         "the guest is the destination's, and runs there if it ran before");
  else if (there != NULL && there->mark == MIGRATE_MARK_INCOMING)
    add (self, "adopt-destination", self->j->destination, MIGRATE_RISK_SAFE,
         "the guest is the destination's, for its source says so");
}

/* After the source's definition is gone: nothing is to be started from them any more. */
static void
plan_images (Plan *self)
{
  if (self->c->has_images && is_as_asked (self))
    add (self, "release-images", self->j->source, MIGRATE_RISK_SAFE,
         "images of the guest that the source keeps no longer are removed there");
}

/* Other hosts must not keep what could start a second copy. */
static void
plan_other_definitions (Plan *self, int owner, int ours, const char *kind)
{
  if (is_defined_and_off (seen (self, ours)))
    add (self, kind, ours, risk_of_left (self, ours),
         "the definition of the guest that is off is removed, its disks are kept");
  for (guint i = 0; i < self->c->n_hosts; i++)
    if ((int) i != owner && (int) i != ours && is_defined_and_off (&self->c->hosts[i]))
      add (self, "undefine-source", (int) i, MIGRATE_RISK_DESTRUCTIVE,
           "the definition of the guest that is off is removed, its disks are kept");
}

static void
plan_runs_on_source (Plan *self)
{
  int owner = self->j->source;
  const MigrateSeen *there = seen (self, self->j->destination);

  if (there != NULL && _migrate_seen_is_paused (there))
    add (self, "remove-incoming", self->j->destination,
         safe_if (is_as_asked (self) || !there->persistent),
         "the half that came in and never ran is ended");
  plan_record (self, owner);
  plan_obligations (self, owner);
  plan_incoming_definitions (self, owner);
  plan_other_definitions (self, owner, self->j->destination, "undefine-destination");
}

static void
plan_runs_on_destination (Plan *self)
{
  const MigrateCase *c = self->c;
  int owner = self->j->destination;
  const MigrateSeen *there = seen (self, owner);
  gboolean known = c->has_job && c->before_known;

  if (there == NULL)
    return;
  plan_record (self, owner);
  plan_hand_over (self);
  if (_migrate_seen_is_paused (there) && known && c->arrives_paused && !c->was_paused)
    add (self, "resume-destination", owner, MIGRATE_RISK_SAFE,
         "the guest goes on: it arrived paused and its source is gone");
  if (known && c->was_persistent && !there->persistent)
    add (self, "persist-destination", owner, MIGRATE_RISK_SAFE,
         "the guest is defined there, so that it outlives a power-off");
  if (known && c->was_autostart && !there->autostart)
    add (self, "set-autostart", owner, MIGRATE_RISK_SAFE,
         "the guest starts with its host, as it did before");
  plan_other_definitions (self, owner, self->j->source, "undefine-source");
  plan_images (self);
}

static void
plan_before_hand_over (Plan *self)
{
  const MigrateSeen *there = seen (self, self->j->destination);

  if (there != NULL && there->present && !_migrate_seen_is_off (there))
    add (self, "remove-incoming", self->j->destination, MIGRATE_RISK_SAFE,
         "the half that came in and never ran is ended");
  if (!self->c->was_paused)
    add (self, "resume-source", self->j->source, MIGRATE_RISK_SAFE,
         "the guest goes on where it was stopped");
}

static void
plan_at_hand_over (Plan *self)
{
  add (self, "destroy-source-half", self->j->source,
       self->j->verdict == MIGRATE_VERDICT_HANDOVER_UNCONFIRMED ? MIGRATE_RISK_SAFE
                                                                : safe_if (is_as_asked (self)),
       "the paused half is ended before anybody resumes it; the guest runs on the other host");
}

/* Whose definition stays when it is off on several hosts. Which of two has the newer images, only
 * what stood still tells. */
static int
owner_of_off (const MigrateCase *c, gboolean *proven)
{
  int migrated = MIGRATE_NO_HOST, other = MIGRATE_NO_HOST;
  guint n_migrated = 0, n_other = 0;

  *proven = c->has_job && c->begun;
  for (guint i = 0; i < c->n_hosts; i++)
    {
      gboolean away = c->hosts[i].state == MIGRATE_DOMAIN_SHUTOFF
                      && c->hosts[i].reason == MIGRATE_SHUTOFF_MIGRATED;

      if (!is_defined_and_off (&c->hosts[i]))
        continue;
      n_migrated += away;
      n_other += !away;
      *(away ? &migrated : &other) = (int) i;
    }
  if (n_migrated == 1 && n_other == 1)
    return other;
  if (!c->has_job)
    return MIGRATE_NO_HOST;
  if (c->proven)
    return c->destination;
  return c->has_images && c->begun ? MIGRATE_NO_HOST : c->source;
}

static void
plan_settled_off (Plan *self, int owner)
{
  const MigrateSeen *there = seen (self, owner);
  gboolean known = self->c->has_job && self->c->before_known;

  plan_record (self, owner);
  plan_obligations (self, owner);
  if (known && owner == self->c->destination && there != NULL && self->c->was_autostart
      && !there->autostart)
    add (self, "set-autostart", owner, MIGRATE_RISK_SAFE,
         "the guest starts with its host, as it did before");
}

static void
plan_off_on_both (Plan *self)
{
  gboolean proven;
  int owner = owner_of_off (self->c, &proven);

  if (owner == MIGRATE_NO_HOST)
    return;
  for (guint i = 0; i < self->c->n_hosts; i++)
    if ((int) i != owner && is_defined_and_off (&self->c->hosts[i]))
      add (self, (int) i == self->c->destination ? "undefine-destination" : "undefine-source",
           (int) i,
           safe_if (proven && ((int) i == self->c->source || (int) i == self->c->destination)),
           "the definition of the guest that is off is removed, its disks are kept");
  plan_settled_off (self, owner);
}

static int
owner_of_stopped (const MigrateCase *c, const MigrateJudgement *j)
{
  int from, to;

  if (_migrate_case_find_handed_over (c, &from, &to))
    return to;
  return j->source != MIGRATE_NO_HOST && _migrate_seen_is_defined_off (&c->hosts[j->source])
           ? j->source
           : j->destination;
}

/* It ran there, and ended in a way that does not tell whether its images are good. */
static gboolean
is_doubtful (const MigrateCase *c, int owner)
{
  return c->has_images && !c->stops && owner != MIGRATE_NO_HOST && owner == c->destination
         && c->hosts[owner].reason != MIGRATE_SHUTOFF_SHUTDOWN
         && c->hosts[owner].reason != MIGRATE_SHUTOFF_DESTROYED;
}

/* A guest that was shut down is not started against its user's will. */
static void
plan_stopped (Plan *self)
{
  int owner = owner_of_stopped (self->c, self->j);
  const MigrateSeen *there = seen (self, owner);
  const MigrateSeen *incoming = seen (self, self->j->destination);

  if (incoming != NULL && owner == self->j->source && _migrate_seen_is_paused (incoming))
    add (self, "remove-incoming", self->j->destination, safe_if (is_as_asked (self)),
         "the half that came in and never ran is ended");
  if (owner == self->j->destination)
    plan_hand_over (self);
  plan_settled_off (self, owner);
  plan_incoming_definitions (self, owner);
  if (owner == self->j->destination)
    {
      plan_other_definitions (self, owner, self->j->source, "undefine-source");
      if (!is_doubtful (self->c, owner))
        plan_images (self);
    }
  if (there == NULL || self->c->stops)
    return;
  if (there->state == MIGRATE_DOMAIN_CRASHED || there->reason == MIGRATE_SHUTOFF_CRASHED
      || there->reason == MIGRATE_SHUTOFF_FAILED || there->reason == MIGRATE_SHUTOFF_MIGRATED)
    add (self, "start-guest", owner, MIGRATE_RISK_DISRUPTIVE,
         "the guest boots anew from its disks: what it had in memory is lost");
}

static void
plan_destruction (Plan *self, int host)
{
  const MigrateSeen *there = seen (self, host);

  if (there == NULL || !there->present || _migrate_seen_is_off (there))
    return;
  add (self, "destroy-guest", host, MIGRATE_RISK_DESTRUCTIVE,
       "the guest's process on this host is ended, and what it has in memory is lost");
  if (self->c->can_fence)
    {
      g_array_index (self->steps, MigratePlannedStep, self->steps->len - 1).go_on_on_failure = TRUE;
      add (self, "fence", host, MIGRATE_RISK_DESTRUCTIVE,
           "the operator's command makes sure that the guest is dead on this host");
    }
}

static void
plan_split (Plan *self)
{
  const MigrateCase *c = self->c;

  if (c->keep == MIGRATE_NO_HOST || !_migrate_seen_runs (&c->hosts[c->keep]))
    return;
  for (guint i = 0; i < c->n_hosts; i++)
    if ((int) i != c->keep && _migrate_seen_runs (&c->hosts[i]))
      plan_destruction (self, (int) i);
}

static void
plan_carriers (Plan *self)
{
  for (guint i = 0; i < self->c->n_hosts; i++)
    if (self->c->hosts[i].mark == MIGRATE_MARK_CARRIER)
      add (self, "destroy-guest", (int) i, MIGRATE_RISK_SAFE,
           "what carried images is ended; it never ran, and has nothing in memory");
}

static void
plan_memory_lost (Plan *self)
{
  plan_destruction (self, self->j->source);
  plan_destruction (self, self->j->destination);
}

static void
plan_transfer (Plan *self)
{
  int source = self->j->source;

  switch (self->j->verdict)
    {
    case MIGRATE_VERDICT_IN_FLIGHT:
      add (self, "follow", source, MIGRATE_RISK_SAFE, "the transfer is followed to its end");
      break;
    case MIGRATE_VERDICT_ABORT_STUCK:
      if (self->j->destination != MIGRATE_NO_HOST)
        add (self, "remove-incoming", self->j->destination,
             self->c->has_job ? MIGRATE_RISK_SAFE : MIGRATE_RISK_DISRUPTIVE,
             "the half that came in and never ran is ended, which frees both sides");
      break;
    default:
      add (self, "abort-transfer", source, MIGRATE_RISK_DISRUPTIVE,
           "the transfer is given up, the guest goes on at its source");
    }
}

static void
plan_postcopy (Plan *self)
{
  if (self->j->verdict == MIGRATE_VERDICT_POSTCOPY_PAUSED)
    add (self, "resume-postcopy", self->j->source, MIGRATE_RISK_SAFE,
         "the rest of the memory follows to the destination, where the guest runs");
  else if (self->c->can_reset_stream)
    add (
      self, "reset-stream", self->j->destination, MIGRATE_RISK_DISRUPTIVE,
      "the operator's command resets the transfer's connection, so that both ends know it broke");
}

/* What arrived whole was defined there as well: the next look finds it off, and ours to remove. */
static gboolean
leaves_definition (Plan *self)
{
  for (guint i = 0; i < self->steps->len; i++)
    {
      const MigratePlannedStep *step = &g_array_index (self->steps, MigratePlannedStep, i);

      if (g_str_equal (step->kind, "remove-incoming") && self->c->hosts[step->host].persistent)
        return TRUE;
    }
  return FALSE;
}

/* Nothing rests on these files, and they on nothing. */
static void
plan_probe (Plan *self)
{
  if (!self->c->has_probe || seen (self, self->c->source) == NULL
      || seen (self, self->c->destination) == NULL)
    return;
  add (self, "remove-probe", self->c->source, MIGRATE_RISK_SAFE,
       "files that a check wrote to see whether storage is shared are removed");
  g_array_index (self->steps, MigratePlannedStep, self->steps->len - 1).go_on_on_failure = TRUE;
}

/* What is safe does not wait for what is not; and with all that is safe done, the job is over. */
static void
plan_close (Plan *self)
{
  MigrateState state;
  MigrateOutcome outcome;
  GArray *sorted;
  MigratePlannedStep close
    = { "close-job", self->j->destination, MIGRATE_RISK_SAFE,
        "the job is closed in the journal, and the guest is free for another", FALSE };

  if (!_migrate_case_close (self->c, self->j, &state, &outcome) || leaves_definition (self))
    return;
  if (state != MIGRATE_STATE_FINALIZED || close.host == MIGRATE_NO_HOST)
    close.host = MAX (self->j->source, 0);
  sorted = g_array_new (FALSE, FALSE, sizeof (MigratePlannedStep));
  for (int risk = MIGRATE_RISK_SAFE; risk <= MIGRATE_RISK_DESTRUCTIVE; risk++)
    {
      for (guint i = 0; i < self->steps->len; i++)
        if ((int) g_array_index (self->steps, MigratePlannedStep, i).risk == risk)
          g_array_append_val (sorted, g_array_index (self->steps, MigratePlannedStep, i));
      if (risk == MIGRATE_RISK_SAFE && self->c->is_open)
        g_array_append_val (sorted, close);
    }
  g_array_unref (self->steps);
  self->steps = sorted;
}

GArray *
_migrate_case_plan (const MigrateCase *self, const MigrateJudgement *judgement)
{
  Plan plan = { self, judgement, g_array_new (FALSE, FALSE, sizeof (MigratePlannedStep)) };

  plan_probe (&plan);
  switch (judgement->verdict)
    {
    case MIGRATE_VERDICT_IN_FLIGHT:
    case MIGRATE_VERDICT_ABORT_STUCK:
    case MIGRATE_VERDICT_FROZEN:
    case MIGRATE_VERDICT_STALLED:
      plan_transfer (&plan);
      break;
    case MIGRATE_VERDICT_RUNS_ON_SOURCE:
      plan_runs_on_source (&plan);
      break;
    case MIGRATE_VERDICT_RUNS_ON_DESTINATION:
      plan_runs_on_destination (&plan);
      break;
    case MIGRATE_VERDICT_POSTCOPY_PAUSED:
    case MIGRATE_VERDICT_POSTCOPY_HALF_BROKEN:
      plan_postcopy (&plan);
      break;
    case MIGRATE_VERDICT_HANDOVER_UNCONFIRMED:
    case MIGRATE_VERDICT_PAUSED_AT_HAND_OVER:
      plan_at_hand_over (&plan);
      break;
    case MIGRATE_VERDICT_PAUSED_BEFORE_HAND_OVER:
      plan_before_hand_over (&plan);
      break;
    case MIGRATE_VERDICT_REVERTING:
      add (&plan, "revert", judgement->source, MIGRATE_RISK_SAFE,
           "every step of the move is taken back, as its owner has asked for");
      break;
    case MIGRATE_VERDICT_OFF_ON_BOTH:
      plan_off_on_both (&plan);
      break;
    case MIGRATE_VERDICT_STOPPED:
      plan_stopped (&plan);
      break;
    case MIGRATE_VERDICT_UNDEFINED:
      add (&plan, "define", judgement->source, MIGRATE_RISK_DISRUPTIVE,
           "the guest is defined as the journal knows it, and stays off");
      break;
    case MIGRATE_VERDICT_SPLIT:
      plan_split (&plan);
      break;
    case MIGRATE_VERDICT_CARRIER:
      plan_carriers (&plan);
      break;
    case MIGRATE_VERDICT_MONITOR_UNRESPONSIVE:
      plan_destruction (&plan, judgement->source);
      break;
    case MIGRATE_VERDICT_LOST:
      plan_memory_lost (&plan);
      break;
    case MIGRATE_VERDICT_JOB_STUCK:
    case MIGRATE_VERDICT_UNKNOWN:
    case MIGRATE_VERDICT_NONE:
    default:
      break;
    }
  plan_close (&plan);
  return plan.steps;
}

gboolean
_migrate_case_close (const MigrateCase *self, const MigrateJudgement *judgement,
                     MigrateState *state, MigrateOutcome *outcome)
{
  gboolean there;

  switch (judgement->verdict)
    {
    case MIGRATE_VERDICT_RUNS_ON_SOURCE:
      *state = MIGRATE_STATE_UNDONE;
      *outcome = MIGRATE_OUTCOME_STAYED;
      return TRUE;
    case MIGRATE_VERDICT_RUNS_ON_DESTINATION:
      *state = MIGRATE_STATE_FINALIZED;
      *outcome = MIGRATE_OUTCOME_MOVED;
      return TRUE;
    case MIGRATE_VERDICT_STOPPED:
      there = judgement->destination != MIGRATE_NO_HOST
              && owner_of_stopped (self, judgement) == judgement->destination;
      *state = there ? MIGRATE_STATE_FINALIZED : MIGRATE_STATE_UNDONE;
      *outcome = !self->stops ? MIGRATE_OUTCOME_DOWN
                 : there      ? MIGRATE_OUTCOME_MOVED
                              : MIGRATE_OUTCOME_STAYED;
      if (!is_doubtful (self, owner_of_stopped (self, judgement)))
        return TRUE;
      *state = MIGRATE_STATE_FAILED;
      return FALSE; /* it is to run there first */
    case MIGRATE_VERDICT_CARRIER:
      *state = MIGRATE_STATE_UNDONE;
      *outcome = MIGRATE_OUTCOME_DOWN;
      return TRUE;
    case MIGRATE_VERDICT_LOST:
      *outcome
        = self->before_known && !self->was_persistent ? MIGRATE_OUTCOME_DOWN : MIGRATE_OUTCOME_LOST;
      *state = *outcome == MIGRATE_OUTCOME_DOWN ? MIGRATE_STATE_UNDONE : MIGRATE_STATE_FAILED;
      return *outcome == MIGRATE_OUTCOME_DOWN;
    default:
      *state = MIGRATE_STATE_FAILED;
      *outcome = judgement->verdict == MIGRATE_VERDICT_SPLIT  ? MIGRATE_OUTCOME_SPLIT
                 : judgement->verdict == MIGRATE_VERDICT_LOST ? MIGRATE_OUTCOME_LOST
                                                              : MIGRATE_OUTCOME_UNKNOWN;
      return FALSE;
    }
}
