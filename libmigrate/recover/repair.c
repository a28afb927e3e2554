/* Act: carry the plan out, look again, and so on, until nothing is left that may be done. Every
 * step is written to the journal before and after, as any job's, so that a recovery that is killed
 * is one more thing to recover from. */
#include "recover/recover-private.h"

#include "check/plan-private.h"
#include "migrate/cold-private.h"
#include "migrate/revert-private.h"
#include "steps/fence-private.h"
#include "storage/connect-private.h"
#include "storage/files-private.h"

#define ROUNDS_AT_MOST 20

typedef struct
{
  MigrateRecoveryWork *recovery;
  MigrateRisk up_to;
  MigrateRecoveryStepDone done;
  gpointer data;
  gboolean acted;  /* in this round: the hosts are to be asked again */
  GError *failure; /* of the step that could not be done */
} Repair;

/* ---- which host is which side ---- */

static gboolean
acts_on_destination (const char *kind)
{
  static const char *const kinds[]
    = { "remove-incoming", "undefine-destination", "persist-destination", "resume-destination",
        "set-autostart",   "reset-stream",         "adopt-destination",   "complete-hand-over" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_str_equal (kinds[i], kind))
      return TRUE;
  return FALSE;
}

static void
take_string (char **field, const char *value)
{
  g_free (*field);
  *field = g_strdup (value);
}

static void
bind_sides (MigrateRecoveryWork *self, int source, int destination)
{
  MigrateWork *work = self->work;
  MigrateRecoveryHost *from = self->hosts->pdata[source];
  MigrateRecoveryHost *to = self->hosts->pdata[destination];
  g_autoptr (MigrateLink) old_source = work->source, old_destination = work->destination;

  work->source = _migrate_link_ref (from->link);
  work->destination = _migrate_link_ref (to->link);
  take_string (&work->source_uri, from->uri);
  take_string (&work->destination_uri, to->uri);
  take_string (&work->source_name, from->name);
  take_string (&work->destination_name, to->name);
  take_string (&work->peer_uri, to->peer_uri);
  take_string (&work->migration_uri, to->migration_uri);
  take_string (&work->listen_address, to->listen_address);
  take_string (&work->tls_name, to->tls_name);
}

static void
bind_for (MigrateRecoveryWork *self, const MigratePlannedStep *step)
{
  int source = self->judgement.source, destination = self->judgement.destination;

  if (g_str_equal (step->kind, "release-obligations") || g_str_equal (step->kind, "remove-probe")
      || g_str_equal (step->kind, "close-job") || g_str_equal (step->kind, "release-images"))
    {
      source = self->facts.source;
      destination = self->facts.destination;
    }
  else if (acts_on_destination (step->kind))
    destination = step->host;
  else
    source = step->host;
  if (source == MIGRATE_NO_HOST)
    source = step->host;
  if (destination == MIGRATE_NO_HOST)
    destination = step->host;
  bind_sides (self, source, destination);
}

/* ---- steps that are no single order ---- */

/* Without a journal the source tells how the guest was. */
static MigrateBefore
before_now (MigrateRecoveryWork *self)
{
  const MigrateSeen *source = &self->facts.hosts[self->judgement.source];

  if (self->facts.before_known)
    return self->before;
  return (MigrateBefore){
    .was_paused = _migrate_seen_is_paused (source) && source->reason == MIGRATE_PAUSED_USER,
    .persistent = source->persistent,
    .autostart = source->autostart,
  };
}

/* To the end of a transfer, also of one whose post-copy broke. However it ends, the next look tells
 * what is true; only what cannot be told is a failure. */
static gboolean
follow (MigrateRecoveryWork *self, GError **error)
{
  MigrateBefore before = before_now (self);
  MigrateResult *result = self->work->result;
  GError *ended = NULL;

  result->outcome = MIGRATE_OUTCOME_NONE;
  if (_migrate_follow (self->work, NULL /* call */, &before, &ended))
    {
      self->proven = TRUE;
      return _migrate_recovery_note_state (self, MIGRATE_STATE_MIGRATED, MIGRATE_OUTCOME_MOVED,
                                           error);
    }
  if (result->outcome == MIGRATE_OUTCOME_DETACHED)
    {
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                   "Following guest “%s” was stopped; its transfer goes on", self->guest);
      return FALSE;
    }
  if (result->outcome == MIGRATE_OUTCOME_STAYED || result->outcome == MIGRATE_OUTCOME_DOWN)
    {
      g_clear_error (&ended);
      return TRUE;
    }
  g_propagate_error (error, ended);
  return FALSE;
}

static gboolean
close_job (MigrateRecoveryWork *self, GError **error)
{
  MigrateState state;
  MigrateOutcome outcome;

  if (!_migrate_case_close (&self->facts, &self->judgement, &state, &outcome))
    return TRUE;
  if (state == MIGRATE_STATE_FINALIZED)
    {
      _migrate_volumes_disconnect (self->work);
      _migrate_steps_release (self->work);
    }
  if (!_migrate_recovery_note_state (self, state, outcome, error))
    return FALSE;
  _migrate_recovery_release (self);
  _migrate_recovery_forget_job (self);
  self->closed = TRUE;
  return TRUE;
}

static gboolean
revert (MigrateRecoveryWork *self, GError **error)
{
  if (!_migrate_revert (self->work, error)
      || !_migrate_recovery_note_state (self, MIGRATE_STATE_REVERTED, MIGRATE_OUTCOME_STAYED,
                                        error))
    return FALSE;
  _migrate_recovery_release (self);
  _migrate_recovery_forget_job (self);
  return TRUE;
}

/* A record that names none of our hosts is not ours to overwrite: it is expected to name the
 * source, and the swap then tells what it names. */
static const char *
expected_record (MigrateRecoveryWork *self, const MigratePlannedStep *step)
{
  int other
    = self->judgement.source != step->host ? self->judgement.source : self->judgement.destination;

  if (self->facts.recorded != MIGRATE_NO_HOST)
    return self->record;
  return _migrate_recovery_host_name (self, other != MIGRATE_NO_HOST ? other : step->host);
}

/* What a stopped guest had has travelled along, when its source is released; what is known of one
 * that is marked as incoming is a copy. */
static gboolean
undefines_all (MigrateRecoveryWork *self, const MigratePlannedStep *step)
{
  if (g_str_equal (step->kind, "undefine-source"))
    return _migrate_plan_is_cold (self->work->plan);
  return g_str_equal (step->kind, "undefine-destination")
         && self->facts.hosts[step->host].mark == MIGRATE_MARK_INCOMING;
}

static GVariant *
step_args (MigrateRecoveryWork *self, const MigratePlannedStep *step)
{
  const MigrateRecoveryHost *host = self->hosts->pdata[step->host];
  gboolean swap = g_str_equal (step->kind, "swap-record");
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", "host",
    g_variant_new_string (swap ? _migrate_recovery_host_name (self, step->host) : host->shown));
  if (swap)
    g_variant_builder_add (&builder, "{sv}", "expected",
                           g_variant_new_string (expected_record (self, step)));
  if (undefines_all (self, step))
    g_variant_builder_add (
      &builder, "{sv}", "flags",
      g_variant_new_uint64 (MIGRATE_UNDEFINE_MANAGED_SAVE | MIGRATE_UNDEFINE_SNAPSHOTS));
  if (g_str_equal (step->kind, "define"))
    g_variant_builder_add (&builder, "{sv}", "definition", g_variant_new_string (self->definition));
  return g_variant_builder_end (&builder);
}

/* What the operator's command says is a hint; without its own proof libvirt must show it. */
static gboolean
prove_dead (MigrateRecoveryWork *self, const MigratePlannedStep *step, GError **error)
{
  const MigrateRecoveryHost *host = self->hosts->pdata[step->host];
  g_autoptr (GError) missing = NULL;
  g_autoptr (MigrateCall) call = _migrate_work_ask (
    self->work, host->link, MIGRATE_CALL_DOMAIN_FIND, self->guest_uuid, 0, &missing);

  if (call == NULL && g_error_matches (missing, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    return TRUE;
  if (call != NULL && call->domain.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER, "Give the fence a probe",
                      "The fence says that guest “%s” is dead on “%s”, and nothing proves it",
                      self->guest, host->shown);
  return FALSE;
}

static gboolean
ask_fence (MigrateRecoveryWork *self, const MigratePlannedStep *step, GError **error)
{
  const MigrateRecoveryHost *host = self->hosts->pdata[step->host];
  const MigrateFenceTarget target = { host->uri, host->name, MIGRATE_SIDE_NONE };
  MigrateStepEntry *entry
    = _migrate_steps_begin (self->work, step->kind, step_args (self, step), error);
  GError *failure = NULL;
  gboolean ok, proven = FALSE;

  if (entry == NULL)
    return FALSE;
  if (g_str_equal (step->kind, "reset-stream"))
    ok = _migrate_fence_ask_reset_stream (self->work, self->fence, &target, &failure);
  else
    ok = _migrate_fence_ask (self->work, self->fence, &target, &proven, &failure)
         && (proven || prove_dead (self, step, &failure));
  if (!_migrate_steps_end (self->work, entry, failure, ok ? error : NULL) && ok)
    return FALSE;
  if (!ok)
    g_propagate_error (error, failure);
  return ok;
}

/* What cannot be removed is told as what a move tells, and is no failure. */
static gboolean
release_images (MigrateRecoveryWork *self, GError **error)
{
  MigrateStepEntry *entry
    = _migrate_steps_begin (self->work, "release-images", NULL /* args */, error);

  if (entry == NULL)
    return FALSE;
  _migrate_storage_release (self->work);
  return _migrate_steps_end (self->work, entry, NULL /* failure */, error);
}

static gboolean
do_step (MigrateRecoveryWork *self, const MigratePlannedStep *step, GError **error)
{
  bind_for (self, step);
  if (g_str_equal (step->kind, "follow") || g_str_equal (step->kind, "resume-postcopy"))
    return follow (self, error);
  if (g_str_equal (step->kind, "release-obligations"))
    return _migrate_steps_undo (self->work, NULL /* only */, error);
  if (g_str_equal (step->kind, "remove-probe"))
    return _migrate_steps_undo (self->work, "probe", error);
  if (g_str_equal (step->kind, "revert"))
    return revert (self, error);
  if (g_str_equal (step->kind, "complete-hand-over"))
    return _migrate_cold_adopt (self->work, &self->before, error);
  if (g_str_equal (step->kind, "release-images"))
    return release_images (self, error);
  if (g_str_equal (step->kind, "close-job"))
    return close_job (self, error);
  if (g_str_equal (step->kind, "fence") || g_str_equal (step->kind, "reset-stream"))
    return ask_fence (self, step, error);
  return _migrate_steps_run (self->work, step->kind, step_args (self, step), error);
}

/* ---- one round ---- */

/* An order to a guest that is off waits for nobody but a job that has no end. */
static gboolean
is_stuck_job (MigrateRecoveryWork *self, const MigratePlannedStep *step, const GError *error)
{
  MigrateRecoveryHost *host = self->hosts->pdata[step->host];

  if (!g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY)
      || !_migrate_seen_is_off (&self->facts.hosts[step->host]))
    return FALSE;
  host->job_stuck = TRUE;
  return TRUE;
}

/* FALSE: this round ends here. */
static gboolean
take_step (Repair *repair, const MigratePlannedStep *step)
{
  MigrateRecoveryWork *self = repair->recovery;
  const MigrateRecoveryHost *host = self->hosts->pdata[step->host];
  g_autoptr (GError) error = NULL;
  gboolean ok = do_step (self, step, &error);

  repair->acted |= ok;
  repair->done (repair->data, step, host->shown, ok ? NULL : error->message);
  if (ok)
    return !g_str_equal (step->kind, "close-job") && !g_str_equal (step->kind, "revert")
           && !g_str_equal (step->kind, "follow") && !g_str_equal (step->kind, "resume-postcopy");
  if (is_stuck_job (self, step, error))
    {
      repair->acted = TRUE;
      return FALSE;
    }
  if (step->go_on_on_failure)
    return TRUE;
  g_prefix_error (&error, "Step “%s” on “%s”: ", step->kind, host->shown);
  repair->failure = g_steal_pointer (&error);
  return FALSE;
}

static gboolean
is_anything_allowed (MigrateRecoveryWork *self, MigrateRisk up_to)
{
  return self->plan->len > 0 && g_array_index (self->plan, MigratePlannedStep, 0).risk <= up_to;
}

/* A job is closed when nothing more is to be written of it. */
static gboolean
is_too_early (const Repair *repair, GArray *plan, guint i)
{
  return g_str_equal (g_array_index (plan, MigratePlannedStep, i).kind, "close-job")
         && i + 1 < plan->len
         && g_array_index (plan, MigratePlannedStep, i + 1).risk <= repair->up_to;
}

/* What was done is no plan any more. */
static void
keep_what_is_left (MigrateRecoveryWork *self, MigrateRisk up_to)
{
  for (guint i = self->plan->len; i-- > 0;)
    if (g_array_index (self->plan, MigratePlannedStep, i).risk <= up_to)
      g_array_remove_index (self->plan, i);
}

static void
run_round (Repair *repair)
{
  g_autoptr (GArray) plan = g_array_ref (repair->recovery->plan);

  repair->acted = FALSE;
  for (guint i = 0; i < plan->len; i++)
    {
      const MigratePlannedStep *step = &g_array_index (plan, MigratePlannedStep, i);

      if (is_too_early (repair, plan, i))
        continue;
      if (step->risk > repair->up_to || !take_step (repair, step))
        return;
    }
}

/* ---- until nothing is left ---- */

char *
_migrate_recovery_explain (MigrateRecoveryWork *self)
{
  g_autoptr (GString) unasked = g_string_new (NULL);
  GString *text = g_string_new (self->judgement.reason);
  const int parts[] = { self->judgement.source, self->judgement.destination };
  const char *const marks[] = { "{S}", "{D}" };

  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      const MigrateRecoveryHost *host
        = parts[i] != MIGRATE_NO_HOST ? self->hosts->pdata[parts[i]] : NULL;
      g_autofree char *name = host != NULL ? g_strdup_printf ("“%s”", host->shown)
                                           : g_strdup ("a host that is not known");

      g_string_replace (text, marks[i], name, 0);
    }
  for (guint i = 0; i < self->hosts->len; i++)
    if (!g_array_index (self->seen, MigrateSeen, i).asked)
      g_string_append_printf (unasked, "%s“%s”", unasked->len > 0 ? ", " : "",
                              ((MigrateRecoveryHost *) self->hosts->pdata[i])->shown);
  g_string_replace (text, "{H}", unasked->len > 0 ? unasked->str : "its peer", 0);
  return g_string_free (text, FALSE);
}

static gboolean
say_left (MigrateRecoveryWork *self, GError **error)
{
  g_autofree char *reason = _migrate_recovery_explain (self);
  const MigratePlannedStep *step
    = self->plan->len > 0 ? &g_array_index (self->plan, MigratePlannedStep, 0) : NULL;
  g_autofree char *remedy
    = step != NULL ? g_strdup_printf ("Step “%s” would go on; it is %s", step->kind,
                                      _migrate_enum_nick (MIGRATE_TYPE_RISK, (int) step->risk))
                   : g_strdup ("Do what the reason names, then investigate again");

  _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER, remedy, "Guest “%s”: %s: %s", self->guest,
                      _migrate_enum_nick (MIGRATE_TYPE_VERDICT, (int) self->judgement.verdict),
                      reason);
  return FALSE;
}

/* The journal of a job that stays open says what was found. */
static void
note_unfinished (MigrateRecoveryWork *self)
{
  MigrateState state;
  MigrateOutcome outcome;

  if (self->work->generation == 0 || self->values == NULL)
    return;
  if (!_migrate_case_close (&self->facts, &self->judgement, &state, &outcome))
    _migrate_recovery_note_state (self, MIGRATE_STATE_FAILED, outcome, NULL /* error */);
}

static gboolean
claim_first (MigrateRecoveryWork *self, GError **error)
{
  gboolean had = self->work->generation != 0;

  if (!_migrate_recovery_claim (self, error))
    return FALSE;
  /* Until now somebody else could act: what was seen before is not what we act on. */
  return had || _migrate_recovery_look (self, error);
}

gboolean
_migrate_recovery_repair (MigrateRecoveryWork *self, MigrateRisk up_to,
                          MigrateRecoveryStepDone done, gpointer data, GError **error)
{
  Repair repair = { self, up_to, done, data, FALSE, NULL };

  self->closed = FALSE;
  for (int round = 0; round < ROUNDS_AT_MOST && repair.failure == NULL; round++)
    {
      if (!_migrate_recovery_look (self, error))
        return FALSE;
      if (!is_anything_allowed (self, up_to))
        break;
      if (!claim_first (self, error))
        return FALSE;
      if (!is_anything_allowed (self, up_to))
        break;
      run_round (&repair);
      if (self->closed)
        keep_what_is_left (self, up_to);
      if (self->closed || !repair.acted)
        break;
    }
  note_unfinished (self);
  if (repair.failure != NULL)
    {
      g_propagate_error (error, repair.failure);
      return FALSE;
    }
  if (_migrate_recovery_is_at_rest (self))
    return TRUE;
  return say_left (self, error);
}

gboolean
_migrate_recovery_is_at_rest (MigrateRecoveryWork *self)
{
  MigrateState state;
  MigrateOutcome outcome;

  return self->plan != NULL && self->plan->len == 0
         && _migrate_case_close (&self->facts, &self->judgement, &state, &outcome);
}
