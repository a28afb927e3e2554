/* Act: the edges of the state machine, each on a worker, and what the journal is told of them. */
#include "job/job-private.h"

#include "check/dirty-rate-private.h"
#include "check/plan-private.h"
#include "finalize/finalize-private.h"
#include "migrate/forecast-private.h"
#include "migrate/cold-private.h"
#include "migrate/revert-private.h"
#include "prepare/prepare-private.h"
#include "steps/steps-private.h"

/* ---- the journal ---- */

static void
add_request (MigrateJob *self, GVariantBuilder *builder)
{
  MigrateWork *work = self->work;

  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_GUEST, work->guest);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_SOURCE, work->source_uri);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_DESTINATION, work->destination_uri);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_PEER_URI, work->peer_uri);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_MIGRATION_URI, work->migration_uri);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_DISKS_URI, work->disks_uri);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_LISTEN_ADDRESS, work->listen_address);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_TLS_NAME, work->tls_name);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_KIND,
                               _migrate_enum_nick (MIGRATE_TYPE_KIND, (int) work->kind));
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_SOURCE_NAME, work->source_name);
  _migrate_builder_add_string (builder, MIGRATE_JOB_KEY_DESTINATION_NAME, work->destination_name);
}

/* One that was set for what comes after the move is of that process only. */
static gboolean
has_unwritten_policy (MigrateJob *self)
{
  return !self->in_journal || (self->policy_set && self->state == MIGRATE_STATE_PREPARED);
}

static GVariant *
job_to_variant (MigrateJob *self)
{
  MigrateWork *work = self->work;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (!self->in_journal)
    add_request (self, &builder);
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_GUEST_NAME, work->result->guest_name);
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_GUEST_UUID, work->result->guest_uuid);
  g_mutex_lock (&self->lock);
  if (has_unwritten_policy (self))
    g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_POLICY,
                           _migrate_policy_to_variant (work->policy));
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_STATE,
                               _migrate_enum_nick (MIGRATE_TYPE_STATE, (int) self->state));
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_PHASE,
                               _migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) self->phase));
  _migrate_builder_add_string (
    &builder, MIGRATE_JOB_KEY_OUTCOME,
    _migrate_enum_nick (MIGRATE_TYPE_OUTCOME, (int) work->result->outcome));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_IN_FLIGHT,
                         g_variant_new_boolean (self->in_flight));
  if (self->result != NULL)
    g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_RESULT,
                           _migrate_result_to_variant (self->result));
  if (self->failure != NULL)
    g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_FAILURE,
                           _migrate_failure_to_variant (self->failure));
  if (self->progress != NULL)
    g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_PROGRESS,
                           _migrate_progress_to_variant (self->progress));
  g_mutex_unlock (&self->lock);
  return g_variant_builder_end (&builder);
}

/* What the program has set while an operation runs counts from the next one on. */
static void
note_policy_written (MigrateJob *self)
{
  g_mutex_lock (&self->lock);
  if (self->policy == self->work->policy)
    self->policy_set = FALSE;
  g_mutex_unlock (&self->lock);
}

gboolean
_migrate_job_write (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;
  g_autoptr (GVariant) values = g_variant_ref_sink (job_to_variant (self));
  gboolean ok;

  if (self->in_journal)
    ok = _migrate_work_update (work, values, error);
  else
    ok = self->in_journal = _migrate_journal_add_job (work->journal, work->id, values, error);
  if (ok && g_variant_lookup (values, MIGRATE_JOB_KEY_POLICY, "@a{sv}", NULL))
    note_policy_written (self);
  return ok;
}

void
_migrate_job_load_policy (MigrateJob *self, GVariant *values)
{
  g_autoptr (GVariant) written
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_POLICY, G_VARIANT_TYPE_VARDICT);
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (self);
  g_autoptr (GVariant) before = g_variant_ref_sink (_migrate_policy_to_variant (policy));
  g_autoptr (GVariant) now = NULL;
  gboolean set;

  g_mutex_lock (&self->lock);
  set = self->policy_set;
  g_mutex_unlock (&self->lock);
  if (written == NULL || set || g_variant_equal (before, written))
    return;
  _migrate_policy_load_variant (policy, written);
  now = g_variant_ref_sink (_migrate_policy_to_variant (policy));
  if (!g_variant_equal (before, now))
    _migrate_job_adopt_policy (self, policy);
}

/* What has happened is so, whether the journal can be told or not: who takes the job over from an
 * older state finds the same by evidence. FALSE: the claim is lost. */
static gboolean
write_if_possible (MigrateJob *self, GError **error)
{
  g_autoptr (GError) local_error = NULL;

  if (_migrate_job_write (self, &local_error))
    return TRUE;
  if (self->work->lost_claim)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  _migrate_work_warn_journal (self->work, local_error);
  return TRUE;
}

/* For whoever reads the log: it goes with the next write, which is what counts. */
static void
note_edge (MigrateJob *self, MigrateVerb verb, const char *status)
{
  if (self->in_journal)
    _migrate_work_append_later (self->work, "edge", _migrate_verb_name (verb), status,
                                NULL /* values */);
}

static gboolean
read_enum (GVariant *values, const char *key, GType type, int *number)
{
  return _migrate_enum_parse (type, _migrate_variant_string (values, key), number);
}

/* Its controller died while it prepared (the facts are written under the claim, before the first
 * step): what it did may be left. */
static gboolean
is_cut_short (MigrateJob *self, GVariant *values)
{
  g_autoptr (GVariant) facts
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_FACTS, G_VARIANT_TYPE_VARDICT);
  gboolean ours = self->work != NULL && self->work->generation != 0;

  return self->state == MIGRATE_STATE_CHECKED && facts != NULL
         && (ours || !_migrate_variant_boolean (values, MIGRATE_JOB_KEY_HELD));
}

/* What another process, or this one earlier, wrote. */
void
_migrate_job_load_values (MigrateJob *self, GVariant *values)
{
  g_autoptr (GVariant) result
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_RESULT, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) failure
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_FAILURE, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) progress
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_PROGRESS, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) plan
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_PLAN, G_VARIANT_TYPE_VARDICT);
  int number;

  g_mutex_lock (&self->lock);
  if (read_enum (values, MIGRATE_JOB_KEY_STATE, MIGRATE_TYPE_STATE, &number))
    self->state = number;
  if (is_cut_short (self, values))
    self->state = MIGRATE_STATE_FAILED;
  if (read_enum (values, MIGRATE_JOB_KEY_KIND, MIGRATE_TYPE_KIND, &number))
    self->kind = number;
  self->in_flight = _migrate_variant_boolean (values, MIGRATE_JOB_KEY_IN_FLIGHT);
  g_clear_pointer (&self->before, g_variant_unref);
  self->before = g_variant_lookup_value (values, MIGRATE_JOB_KEY_FACTS, G_VARIANT_TYPE_VARDICT);
  g_clear_pointer (&self->plan, migrate_plan_unref);
  self->plan = plan != NULL ? _migrate_plan_new (plan) : NULL;
  g_clear_pointer (&self->result, migrate_result_unref);
  self->result = result != NULL ? _migrate_result_from_variant (result) : NULL;
  g_clear_pointer (&self->failure, migrate_failure_unref);
  self->failure = failure != NULL ? _migrate_failure_from_variant (failure) : NULL;
  g_clear_pointer (&self->progress, migrate_progress_unref);
  self->progress = progress != NULL ? _migrate_progress_from_variant (progress) : NULL;
  g_mutex_unlock (&self->lock);
}

gboolean
_migrate_job_reload (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;
  g_autoptr (GVariant) values = _migrate_journal_load_job (work->journal, work->id, error);
  g_autoptr (GVariant) entries
    = values != NULL ? _migrate_journal_load_entries (work->journal, work->id, error) : NULL;

  if (entries == NULL)
    return FALSE;
  _migrate_work_forget_later (work);
  _migrate_job_load_values (self, values);
  _migrate_job_load_policy (self, values);
  _migrate_work_load (work, values, entries);
  return TRUE;
}

void
_migrate_job_release_claim (MigrateJob *self)
{
  MigrateWork *work = self->work;
  g_autoptr (GError) error = NULL;

  if (work->generation == 0)
    return;
  if (!_migrate_journal_release (work->journal, work->result->guest_uuid, work->id,
                                 work->generation, &error))
    g_debug ("Job %s: releasing the claim: %s", work->id, error->message);
  work->generation = 0;
}

/* A job that was loaded acts only with the claim; what is known is read again under it. */
static gboolean
ensure_claim (MigrateJob *self, MigrateVerb verb, GError **error)
{
  MigrateWork *work = self->work;

  if (work->generation != 0 || verb == MIGRATE_VERB_CHECK || verb == MIGRATE_VERB_PREPARE)
    return TRUE;
  if (work->result->guest_uuid == NULL && !_migrate_job_reload (self, error))
    return FALSE;
  work->generation
    = _migrate_journal_claim (work->journal, work->result->guest_uuid, work->id, error);
  if (work->generation == 0)
    return FALSE;
  if (_migrate_job_reload (self, error))
    return TRUE;
  _migrate_job_release_claim (self);
  return FALSE;
}

/* ---- the edges ---- */

/* A move does not wait for its look at the guest, and reads it on the way. */
static void
begin_forecast (MigrateWork *work, const MigrateDomain *guest)
{
  MigrateDirtySample sample;

  if (_migrate_dirty_rate_begin (work, guest, &sample, &work->look_ends))
    work->looked = g_variant_ref_sink (_migrate_dirty_sample_to_variant (&sample));
}

static gboolean
look (MigrateJob *self, const MigrateDomain *guest, MigrateDirtySample *sample, GError **error)
{
  if (self->source_look == NULL)
    return _migrate_dirty_rate_sample (self->work, guest, sample, error);
  *sample = _migrate_dirty_sample_from_variant (self->source_look);
  return TRUE;
}

static gboolean
make_forecast (MigrateJob *self, MigrateReport *report, MigrateFacts **facts, GError **error)
{
  MigrateWork *work = self->work;
  const MigrateDomain *guest = &(*facts)->guest;
  MigrateDirtySample sample;
  MigrateLearned learned = { 0 };
  g_autoptr (MigrateForecast) made = NULL;
  MigrateFacts *with;

  if (!look (self, guest, &sample, error))
    return FALSE;
  _migrate_learned_gather (work, guest->uuid, &learned);
  with = _migrate_facts_add_look (*facts, &sample, _migrate_learned_to_variant (&learned), error);
  if (with == NULL)
    return FALSE;
  _migrate_facts_unref (*facts);
  *facts = with;
  made = _migrate_forecast_of_facts (with, work->policy, migrate_report_get_kind (report));
  _migrate_report_set_forecast (report, made);
  work->result->forecast = migrate_forecast_ref (made);
  return TRUE;
}

static gboolean
forecast (MigrateJob *self, MigrateReport *report, MigrateFacts **facts, GError **error)
{
  MigrateWork *work = self->work;

  work->look_ends = 0;
  g_clear_pointer (&work->looked, g_variant_unref);
  g_clear_pointer (&work->result->forecast, migrate_forecast_unref);
  if (!work->forecast || (*facts)->guest.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  if (!work->in_a_hurry)
    return make_forecast (self, report, facts, error);
  if (!migrate_report_is_blocked (report))
    begin_forecast (work, &(*facts)->guest);
  return TRUE;
}

static gboolean
edge_check (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFacts) facts = NULL;
  MigrateCheckRequest request;
  g_autoptr (MigratePlan) plan = NULL;

  _migrate_work_set_phase (work, MIGRATE_PHASE_GATHERING);
  facts = _migrate_facts_gather_beside (work, self->source_says, error);
  if (facts == NULL || _migrate_work_check_cancelled (work, error))
    return FALSE;
  request = _migrate_facts_request (facts, work->policy);
  report = _migrate_plan_evaluate (facts, &request, work->policy, &plan);
  if (!forecast (self, report, &facts, error))
    return FALSE;
  _migrate_job_set_report (self, report, facts);
  _migrate_work_set_plan (work, g_steal_pointer (&plan));
  g_clear_pointer (&work->facts, _migrate_facts_unref);
  work->facts = g_steal_pointer (&facts);
  g_free (work->result->guest_name);
  g_free (work->result->guest_uuid);
  work->result->guest_name = g_strdup (work->facts->guest.name);
  work->result->guest_uuid = g_strdup (work->facts->guest.uuid);
  work->result->kind = migrate_report_get_kind (report);
  return TRUE;
}

/* While we waited for a slot another process may have cancelled the job, or retuned it. */
static gboolean
check_closed_elsewhere (MigrateJob *self, GError **error)
{
  g_autoptr (GVariant) values
    = _migrate_journal_load_job (self->work->journal, self->work->id, error);
  int state;

  if (values == NULL)
    return FALSE;
  if (read_enum (values, MIGRATE_JOB_KEY_STATE, MIGRATE_TYPE_STATE, &state)
      && state == MIGRATE_STATE_CANCELLED)
    _migrate_work_ask_cancel (self->work, "another process asked for it");
  _migrate_job_load_policy (self, values);
  return !_migrate_work_check_cancelled (self->work, error);
}

static gboolean
edge_prepare (MigrateJob *self, GError **error)
{
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFacts) facts = NULL;
  gboolean ok;

  if (!check_closed_elsewhere (self, error))
    return FALSE;
  ok = _migrate_prepare (self->work, &report, error);
  if (report != NULL)
    {
      /* The program gets a copy, for the work's is written to. */
      facts = _migrate_facts_read (self->work->facts->snapshot, NULL /* error */);
      _migrate_job_set_report (self, report, facts);
    }
  if (!ok)
    return FALSE;
  g_clear_pointer (&self->before, g_variant_unref);
  self->before = g_variant_ref (self->work->before);
  return TRUE;
}

/* And, where that is what came of it, the one that is begun again. */
static gboolean
follow_to_end (MigrateJob *self, MigrateTransferCall *call, GError **error)
{
  MigrateBefore before = _migrate_before (self->before);
  g_autoptr (MigrateTransferCall) again = NULL;
  GError *failure = NULL;

  self->work->result->outcome = MIGRATE_OUTCOME_NONE;
  if (_migrate_follow (self->work, call, &before, &failure))
    return TRUE;
  if (failure == NULL) /* detached */
    return FALSE;
  if (!_migrate_transfer_may_begin_again (self->work))
    {
      g_propagate_error (error, failure);
      return FALSE;
    }
  g_error_free (failure);
  if (_migrate_work_check_cancelled (self->work, error))
    return FALSE;
  again = _migrate_transfer_begin_again (self->work, &before, error);
  if (again == NULL)
    return FALSE;
  self->work->result->outcome = MIGRATE_OUTCOME_NONE;
  return _migrate_follow (self->work, again, &before, error);
}

static gboolean
follow_call (MigrateJob *self, MigrateTransferCall *call, GError **error)
{
  if (!follow_to_end (self, call, error))
    return FALSE;
  /* The hand-over: one write, then the program is told. */
  _migrate_job_set_state (self, MIGRATE_STATE_MIGRATED, FALSE);
  if (!write_if_possible (self, error))
    return FALSE;
  _migrate_steps_tell_handed_over (self->work);
  _migrate_steps_hook_or_warn (self->work, MIGRATE_HOOK_POINT_AFTER_MIGRATE);
  return TRUE;
}

static void
set_handed_over (MigrateJob *self, gboolean handed_over)
{
  MigrateWork *work = self->work;

  _migrate_work_set_later (work, MIGRATE_JOB_KEY_HANDED_OVER, g_variant_new_boolean (handed_over));
  _migrate_work_set_later (work, MIGRATE_JOB_KEY_STATE,
                           g_variant_new_string (handed_over ? "migrated" : "prepared"));
  _migrate_job_set_state (self, handed_over ? MIGRATE_STATE_MIGRATED : MIGRATE_STATE_PREPARED,
                          !handed_over);
}

/* No host runs the guest: this write is all there is of a hand-over, so it must be made. One that
 * could not be must not be made later either, with what takes the move back: and if it was made
 * all the same, the first of that says that it was not. */
static gboolean
hand_over (MigrateJob *self, GError **error)
{
  set_handed_over (self, TRUE);
  if (!_migrate_job_write (self, error))
    {
      set_handed_over (self, FALSE);
      return FALSE;
    }
  self->work->handed_over = TRUE;
  _migrate_steps_tell_handed_over (self->work);
  return TRUE;
}

/* Half undone it can only be undone. */
static gboolean
refuse_reverting (MigrateJob *self, GError **error)
{
  _migrate_set_error (error, MIGRATE_ERROR_NEEDS_RECOVER, "Revert it again",
                      "Job “%s” is being taken back, and that has not come to its end", self->id);
  return FALSE;
}

static gboolean
adopt (MigrateJob *self, GError **error)
{
  MigrateBefore before = _migrate_before (self->before);

  if (self->work->reverting)
    return refuse_reverting (self, error);
  self->work->result->outcome = MIGRATE_OUTCOME_MOVED; /* nothing is taken back any more */
  return _migrate_cold_adopt (self->work, &before, error);
}

static gboolean
move_cold (MigrateJob *self, GError **error)
{
  MigrateBefore before = _migrate_before (self->before);

  self->work->result->outcome = MIGRATE_OUTCOME_NONE;
  _migrate_job_set_state (self, MIGRATE_STATE_PREPARED, TRUE);
  if (_migrate_work_check_cancelled (self->work, error) || !_migrate_job_write (self, error)
      || !_migrate_cold (self->work, &before, error) || !hand_over (self, error)
      || !adopt (self, error))
    return FALSE;
  _migrate_steps_hook_or_warn (self->work, MIGRATE_HOOK_POINT_AFTER_MIGRATE);
  return TRUE;
}

/* Whose controller died goes on where that was. What had failed: before the hand-over all of it is
 * taken back, after it all of it is done. */
static gboolean
follow_cold (MigrateJob *self, GError **error)
{
  gboolean in_flight;

  if (self->work->handed_over)
    return adopt (self, error);
  _migrate_job_where (self, &in_flight);
  if (in_flight)
    return move_cold (self, error);
  self->work->result->outcome = MIGRATE_OUTCOME_STAYED;
  _migrate_set_error (error, MIGRATE_ERROR_FAILED, "Begin again with a new job",
                      "Job “%s” had not handed the guest over", self->id);
  return FALSE;
}

/* Until the claim was taken another process could retune the job; from now on it asks us. */
static void
read_policy (MigrateJob *self)
{
  g_autoptr (GVariant) values
    = _migrate_journal_load_job (self->work->journal, self->work->id, NULL /* error */);

  if (values != NULL)
    _migrate_job_load_policy (self, values);
}

static gboolean
edge_migrate (MigrateJob *self, GError **error)
{
  g_autoptr (MigrateTransferCall) call = NULL;
  MigrateBefore before = _migrate_before (self->before);

  read_policy (self);
  if (_migrate_work_check_cancelled (self->work, error)
      || !_migrate_steps_hook (self->work, MIGRATE_HOOK_POINT_BEFORE_MIGRATE, error)
      || _migrate_work_check_cancelled (self->work, error)
      || !_migrate_transfer_has_planned_disks (self->work, error))
    return FALSE;
  if (_migrate_plan_is_cold (self->work->plan))
    return move_cold (self, error);
  _migrate_work_set_phase (self->work, MIGRATE_PHASE_STARTING);
  self->work->transfer_since = 0;
  call = _migrate_transfer_start (self->work, &before, error);
  if (call == NULL)
    return FALSE;
  _migrate_job_set_state (self, MIGRATE_STATE_PREPARED, TRUE);
  return follow_call (self, call, error);
}

/* A job that failed is in flight no more by its state, but its transfer may be. Each was written
 * down before it was asked for. */
static gboolean
may_be_in_flight (MigrateJob *self)
{
  gboolean in_flight;

  _migrate_job_where (self, &in_flight);
  return in_flight || _migrate_steps_has (self->work, "transfer");
}

/* Without the facts it cannot be followed; it is only taken back where no transfer was begun. */
static gboolean
edge_follow (MigrateJob *self, GError **error)
{
  if (self->before == NULL)
    {
      self->work->result->outcome
        = may_be_in_flight (self) ? MIGRATE_OUTCOME_UNKNOWN : MIGRATE_OUTCOME_NONE;
      _migrate_set_error (error, MIGRATE_ERROR_JOURNAL, "Recover the guest",
                          "The journal does not tell how the guest was before job “%s”", self->id);
      return FALSE;
    }
  if (_migrate_plan_is_cold (self->work->plan))
    return follow_cold (self, error);
  return follow_call (self, NULL, error);
}

static gboolean
edge_finalize (MigrateJob *self, GError **error)
{
  MigrateBefore before = _migrate_before (self->before);

  if (_migrate_plan_is_cold (self->work->plan) && !adopt (self, error))
    return FALSE;
  if (!_migrate_finalize (self->work, before.persistent, before.autostart, error))
    return FALSE;
  self->work->result->outcome = MIGRATE_OUTCOME_MOVED;
  return TRUE;
}

/* From here on the destination is not to be believed in, whoever goes on with the job. */
static gboolean
begin_revert (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;

  _migrate_work_set_later (work, MIGRATE_JOB_KEY_REVERTING, g_variant_new_boolean (TRUE));
  if (!_migrate_job_write (self, error))
    {
      _migrate_work_set_later (work, MIGRATE_JOB_KEY_REVERTING, g_variant_new_boolean (FALSE));
      return FALSE;
    }
  work->reverting = TRUE;
  return TRUE;
}

static gboolean
edge_revert (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;

  if (!work->reverting
      && (!_migrate_revert_prove (work, work->up_to, error)
          || _migrate_work_check_cancelled (work, error) || !begin_revert (self, error)))
    return FALSE;
  work->result->outcome = MIGRATE_OUTCOME_UNKNOWN; /* until it is done */
  if (!_migrate_revert (work, error))
    return FALSE;
  work->result->outcome = MIGRATE_OUTCOME_STAYED;
  return TRUE;
}

static gboolean
edge_chores (MigrateJob *self, GError **error)
{
  g_auto (GStrv) words = _migrate_policy_dup_list (self->work->policy, "chores");

  if (words[0] == NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Set the policy key “chores”",
                          "The policy names no chores");
      return FALSE;
    }
  return _migrate_chores (self->work, TRUE /* may be cancelled */, error);
}

/* The move is over, and written down as good first: who is killed here leaves a finalized job,
 * whose chores can be run again. Nothing here can make it a failed one. */
static void
do_chores (MigrateJob *self)
{
  g_auto (GStrv) words = _migrate_policy_dup_list (self->work->policy, "chores");
  g_autoptr (GError) failed = NULL;

  if (words[0] == NULL)
    return;
  self->work->result->total_ms = _migrate_work_elapsed_ms (self->work);
  _migrate_job_publish_result (self);
  if (!_migrate_job_write (self, &failed))
    _migrate_work_warn_journal (self->work, failed);
  g_clear_error (&failed);
  if (!_migrate_chores (self->work, FALSE /* may be cancelled */, &failed))
    g_debug ("Job %s: %s", self->id, failed->message);
}

/* Something is left to do: the code says so, the message keeps the first cause. */
static void
fail (MigrateJob *self, GError **error)
{
  const MigrateErrorPrivate *first = _migrate_error_private (*error);
  g_autofree char *remedy = NULL;
  GError *failed;

  _migrate_job_set_state (self, MIGRATE_STATE_FAILED, FALSE);
  if (first == NULL || (*error)->code == MIGRATE_ERROR_NEEDS_RECOVER)
    return; /* a cancellation stays one */
  remedy = first->remedy != NULL
             ? g_strdup_printf ("%s, then %s the job again", first->remedy,
                                self->work->reverting ? "revert" : "follow")
             : g_strdup (self->work->reverting ? "Revert the job again" : "Follow the job again");
  failed = _migrate_error_new (MIGRATE_ERROR_NEEDS_RECOVER, remedy, "%s", (*error)->message);
  _migrate_error_private (failed)->side = first->side;
  _migrate_error_private (failed)->vir_domain = first->vir_domain;
  _migrate_error_private (failed)->vir_code = first->vir_code;
  _migrate_error_private (failed)->other_job = g_strdup (first->other_job);
  g_clear_error (error);
  g_propagate_error (error, failed);
}

/* Everything is taken back, or what is left is said. */
static void
undo (MigrateJob *self, GError **error)
{
  MigrateWork *work = self->work;
  g_autoptr (GError) failed = NULL;
  gboolean cancelled = g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  _migrate_work_set_phase (work, MIGRATE_PHASE_UNDOING);
  if (_migrate_steps_undo (work, NULL /* only */, &failed))
    {
      if (work->result->outcome == MIGRATE_OUTCOME_NONE)
        work->result->outcome = MIGRATE_OUTCOME_STAYED;
      _migrate_job_set_state (self, cancelled ? MIGRATE_STATE_CANCELLED : MIGRATE_STATE_UNDONE,
                              FALSE);
      return;
    }
  _migrate_work_warn (work, "%s", failed->message);
  g_prefix_error (error, "%s; before that: ", failed->message);
  fail (self, error);
}

static void
edge_failed (MigrateJob *self, MigrateVerb verb, GError **error)
{
  MigrateWork *work = self->work;
  gboolean cancelled = g_error_matches (*error, G_IO_ERROR, G_IO_ERROR_CANCELLED);

  if (verb == MIGRATE_VERB_CHORES /* no part of the move */
      || (verb == MIGRATE_VERB_REVERT && !work->reverting && !work->lost_claim)) /* refused */
    return;
  if (work->lost_claim)
    {
      work->result->outcome = MIGRATE_OUTCOME_UNKNOWN;
      _migrate_job_set_state (self, MIGRATE_STATE_FAILED, FALSE);
      return;
    }
  if (work->generation == 0) /* nothing was done */
    {
      if (cancelled)
        _migrate_job_set_state (self, MIGRATE_STATE_CANCELLED, FALSE);
      return;
    }
  switch (work->result->outcome)
    {
    case MIGRATE_OUTCOME_DOWN:
      /* Which host's images are the guest's is for a recovery to say. */
      if (_migrate_steps_has (work, "make-volume"))
        fail (self, error);
      else
        undo (self, error);
      break;
    case MIGRATE_OUTCOME_NONE: /* before the transfer */
    case MIGRATE_OUTCOME_STAYED:
      undo (self, error);
      break;
    default:
      fail (self, error);
    }
}

/* An edge that is not written was not taken; but where the guest has moved nothing can take that
 * back, and the job's rest writes it. */
static gboolean
edge_done (MigrateJob *self, MigrateVerb verb, GError **error)
{
  if (verb != MIGRATE_VERB_CHECK && verb != MIGRATE_VERB_PREPARE)
    return TRUE;
  return _migrate_job_write (self, error);
}

gboolean
_migrate_job_run_edge (MigrateJob *self, MigrateVerb verb, GError **error)
{
  static gboolean (*const runs[]) (MigrateJob * self, GError * *error)
    = { [MIGRATE_VERB_CHECK] = edge_check,     [MIGRATE_VERB_PREPARE] = edge_prepare,
        [MIGRATE_VERB_MIGRATE] = edge_migrate, [MIGRATE_VERB_FINALIZE] = edge_finalize,
        [MIGRATE_VERB_FOLLOW] = edge_follow,   [MIGRATE_VERB_CHORES] = edge_chores,
        [MIGRATE_VERB_REVERT] = edge_revert };
  MigrateWork *work = self->work;
  g_autoptr (GError) failure = NULL;
  const MigrateEdge *edge;
  MigrateState state;
  gboolean in_flight;

  if (!ensure_claim (self, verb, error))
    return FALSE;
  state = _migrate_job_where (self, &in_flight);
  edge = _migrate_edge_require (state, in_flight, verb, error);
  if (edge == NULL)
    return FALSE;
  note_edge (self, verb, "begun");
  if (runs[verb](self, &failure))
    {
      _migrate_job_set_state (self, edge->to, FALSE);
      if (edge_done (self, verb, &failure))
        {
          note_edge (self, verb, "done");
          if (verb == MIGRATE_VERB_FINALIZE)
            do_chores (self);
          return TRUE;
        }
      if (verb == MIGRATE_VERB_CHECK)
        _migrate_job_set_state (self, state, FALSE);
    }
  if (failure == NULL) /* detached: neither done nor failed */
    return FALSE;
  work->failed_phase = work->phase;
  edge_failed (self, verb, &failure);
  note_edge (self, verb, "failed");
  g_propagate_error (error, g_steal_pointer (&failure));
  return FALSE;
}
