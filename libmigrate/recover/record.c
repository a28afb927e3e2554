/* What the journal knows of the case, and what it is told. */
#include "recover/recover-private.h"

#include "check/plan-private.h"
#include "steps/probe-private.h"

/* ---- the recovery's hosts ---- */

static void
host_free (gpointer data)
{
  MigrateRecoveryHost *self = data;

  _migrate_link_unref (self->link);
  g_free (self->uri);
  g_free (self->shown);
  g_free (self->peer_uri);
  g_free (self->migration_uri);
  g_free (self->listen_address);
  g_free (self->tls_name);
  g_free (self->name);
  g_free (self->machine);
  g_ptr_array_unref (self->aliases);
  g_free (self->why);
  g_free (self->guest_uuid);
  g_free (self->guest_name);
  g_free (self->messages);
  g_free (self);
}

MigrateRecoveryWork *
_migrate_recovery_work_new (const char *guest, MigrateWork *work)
{
  MigrateRecoveryWork *self = g_new0 (MigrateRecoveryWork, 1);

  self->work = _migrate_work_ref (work);
  self->guest = g_strdup (guest);
  if (g_uuid_string_is_valid (guest))
    self->guest_uuid = g_strdup (guest);
  self->hosts = g_ptr_array_new_with_free_func (host_free);
  self->seen = g_array_new (FALSE, TRUE, sizeof (MigrateSeen));
  return self;
}

void
_migrate_recovery_work_free (MigrateRecoveryWork *self)
{
  _migrate_work_unref (self->work);
  g_free (self->guest);
  g_free (self->guest_uuid);
  g_ptr_array_unref (self->hosts);
  g_array_unref (self->seen);
  g_clear_pointer (&self->values, g_variant_unref);
  g_free (self->definition);
  g_free (self->record);
  g_clear_object (&self->fence);
  g_free (self->kept);
  g_clear_pointer (&self->plan, g_array_unref);
  g_free (self);
}

static gboolean
is_called (const MigrateRecoveryHost *host, const char *uri)
{
  if (g_strcmp0 (host->uri, uri) == 0)
    return TRUE;
  for (guint i = 0; i < host->aliases->len; i++)
    if (g_strcmp0 (host->aliases->pdata[i], uri) == 0)
      return TRUE;
  return FALSE;
}

int
_migrate_recovery_find_host (MigrateRecoveryWork *self, const char *uri)
{
  for (guint i = 0; uri != NULL && i < self->hosts->len; i++)
    if (is_called (self->hosts->pdata[i], uri))
      return (int) i;
  return MIGRATE_NO_HOST;
}

static void
complete (char **field, const char *value)
{
  if (*field == NULL)
    *field = g_strdup (value);
}

void
_migrate_recovery_add_host (MigrateRecoveryWork *self, MigrateLink *link, const char *uri,
                            const char *name, const char *peer_uri, const char *migration_uri,
                            const char *listen_address, const char *tls_name)
{
  int at = _migrate_recovery_find_host (self, uri);
  MigrateRecoveryHost *host;
  MigrateSeen unseen = { 0 };

  if (at == MIGRATE_NO_HOST)
    {
      host = g_new0 (MigrateRecoveryHost, 1);
      host->link = _migrate_link_ref (link);
      host->uri = g_strdup (uri);
      host->shown = _migrate_uri_redact (uri);
      host->aliases = g_ptr_array_new_with_free_func (g_free);
      g_ptr_array_add (self->hosts, host);
      g_array_append_val (self->seen, unseen);
    }
  else
    {
      host = self->hosts->pdata[at];
    }
  complete (&host->name, name);
  complete (&host->peer_uri, peer_uri);
  complete (&host->migration_uri, migration_uri);
  complete (&host->listen_address, listen_address);
  complete (&host->tls_name, tls_name);
}

/* ---- the job ---- */

/* One that is written as checked, with facts, was cut short while it prepared. */
static gboolean
is_open (GVariant *values)
{
  const char *state = _migrate_variant_string (values, MIGRATE_JOB_KEY_STATE);

  if (g_strcmp0 (state, "checked") == 0)
    return g_variant_lookup (values, MIGRATE_JOB_KEY_FACTS, "@a{sv}", NULL);
  return g_strcmp0 (state, "prepared") == 0 || g_strcmp0 (state, "migrated") == 0
         || g_strcmp0 (state, "failed") == 0;
}

/* A check that died in its probe has a job that did nothing else; one that lives is over long
 * before. */
static gboolean
has_left_probe (MigrateRecoveryWork *self, GVariant *values)
{
  const char *state = _migrate_variant_string (values, MIGRATE_JOB_KEY_STATE);
  gint64 since = (gint64) _migrate_variant_uint64 (values, MIGRATE_JOB_KEY_PROBE, 0);
  MigrateBackend *backend = self->work->backend;

  return (g_strcmp0 (state, "new") == 0 || g_strcmp0 (state, "checked") == 0) && since > 0
         && backend->vtable->wall (backend) - since > MIGRATE_PROBE_OLD_US;
}

static gboolean
is_of_guest (MigrateRecoveryWork *self, GVariant *values)
{
  if (self->guest_uuid != NULL)
    return g_strcmp0 (_migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_UUID),
                      self->guest_uuid)
           == 0;
  return g_strcmp0 (_migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_NAME), self->guest) == 0;
}

static void
add_job_host (MigrateRecoveryWork *self, const char *uri, const char *name, const char *peer_uri,
              const char *migration_uri, const char *listen_address, const char *tls_name)
{
  g_autoptr (MigrateLink) link = NULL;

  if (uri == NULL || !_migrate_uri_check (uri, MIGRATE_URI_CONNECTION, NULL /* error */)
      || _migrate_backend_for_uri (uri) != self->work->backend)
    return;
  link = _migrate_link_new (uri);
  _migrate_recovery_add_host (self, link, uri, name, peer_uri, migration_uri, listen_address,
                              tls_name);
}

static gboolean
read_job (MigrateRecoveryWork *self, GError **error)
{
  MigrateWork *work = self->work;
  GVariant *v = self->values;
  const char *id = _migrate_variant_string (v, MIGRATE_JOB_KEY_ID);
  g_autoptr (GVariant) entries = _migrate_journal_load_entries (work->journal, id, error);
  g_autoptr (GVariant) facts = g_variant_lookup_value (v, MIGRATE_JOB_KEY_FACTS, NULL);
  g_autoptr (GVariant) policy
    = g_variant_lookup_value (v, MIGRATE_JOB_KEY_POLICY, G_VARIANT_TYPE_VARDICT);

  if (entries == NULL)
    return FALSE;
  g_free (work->id);
  work->id = g_strdup (id);
  self->held = _migrate_variant_boolean (v, MIGRATE_JOB_KEY_HELD) && work->generation == 0;
  self->written = TRUE;
  if (policy != NULL)
    _migrate_policy_load_variant (work->policy, policy);
  if (facts != NULL)
    {
      self->before = _migrate_before (facts);
      g_free (self->definition);
      self->definition = g_strdup (_migrate_variant_string (facts, "definition"));
    }
  _migrate_work_forget_later (work);
  _migrate_work_load (work, v, entries);
  return TRUE;
}

static gboolean
take_job (MigrateRecoveryWork *self, GVariant *values, GError **error)
{
  const char *source = _migrate_variant_string (values, MIGRATE_JOB_KEY_SOURCE);
  const char *destination = _migrate_variant_string (values, MIGRATE_JOB_KEY_DESTINATION);

  g_clear_pointer (&self->values, g_variant_unref);
  self->values = g_variant_ref (values);
  add_job_host (self, source, _migrate_job_values_text (values, MIGRATE_JOB_KEY_SOURCE_NAME), NULL,
                NULL, NULL, NULL);
  add_job_host (self, destination,
                _migrate_job_values_text (values, MIGRATE_JOB_KEY_DESTINATION_NAME),
                _migrate_job_values_text (values, MIGRATE_JOB_KEY_PEER_URI),
                _migrate_job_values_text (values, MIGRATE_JOB_KEY_MIGRATION_URI),
                _migrate_job_values_text (values, MIGRATE_JOB_KEY_LISTEN_ADDRESS),
                _migrate_job_values_text (values, MIGRATE_JOB_KEY_TLS_NAME));
  return read_job (self, error);
}

/* A job that is closed still tells whose guest is meant, and which hosts may have it. */
static gboolean
take_by_id (MigrateRecoveryWork *self, GVariant *values, GError **error)
{
  const char *uuid = _migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_UUID);

  if (uuid != NULL)
    {
      g_free (self->guest_uuid);
      self->guest_uuid = g_strdup (uuid);
    }
  g_free (self->guest);
  self->guest = g_strdup (_migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST));
  if (!take_job (self, values, error))
    return FALSE;
  if (!is_open (values) && !has_left_probe (self, values))
    _migrate_recovery_forget_job (self);
  return TRUE;
}

gboolean
_migrate_recovery_find_job (MigrateRecoveryWork *self, GError **error)
{
  MigrateJournal *journal = self->work->journal;
  g_autoptr (GError) missing = NULL;
  g_autoptr (GVariant) by_id = _migrate_journal_load_job (journal, self->guest, &missing);
  g_autoptr (GVariant) jobs = NULL;
  g_autoptr (GVariant) left = NULL;

  if (by_id != NULL)
    return take_by_id (self, by_id, error);
  if (!g_error_matches (missing, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    {
      g_propagate_error (error, g_steal_pointer (&missing));
      return FALSE;
    }
  jobs = _migrate_journal_list_jobs (journal, self->guest_uuid, error);
  if (jobs == NULL)
    return FALSE;
  for (gsize i = 0; i < g_variant_n_children (jobs); i++)
    {
      g_autoptr (GVariant) job = g_variant_get_child_value (jobs, i);

      if (!is_of_guest (self, job))
        continue;
      if (is_open (job))
        return take_job (self, job, error);
      if (left == NULL && has_left_probe (self, job))
        left = g_variant_ref (job);
    }
  return left == NULL || take_job (self, left, error);
}

void
_migrate_recovery_forget_job (MigrateRecoveryWork *self)
{
  g_autofree char *id = g_uuid_string_random ();

  g_clear_pointer (&self->values, g_variant_unref);
  g_clear_pointer (&self->definition, g_free);
  self->held = self->written = self->proven = FALSE;
  self->before = (MigrateBefore){ 0 };
  g_free (self->work->id);
  self->work->id = g_steal_pointer (&id);
  g_ptr_array_set_size (self->work->steps, 0);
  g_clear_pointer (&self->work->plan, migrate_plan_unref);
  self->work->handed_over = FALSE;
}

void
_migrate_recovery_check_job (MigrateRecoveryWork *self)
{
  const char *uuid = self->values != NULL
                       ? _migrate_variant_string (self->values, MIGRATE_JOB_KEY_GUEST_UUID)
                       : NULL;

  if (uuid == NULL)
    return;
  if (self->guest_uuid == NULL)
    self->guest_uuid = g_strdup (uuid);
  else if (g_strcmp0 (uuid, self->guest_uuid) != 0)
    _migrate_recovery_forget_job (self);
}

const char *
_migrate_recovery_host_name (MigrateRecoveryWork *self, int i)
{
  const MigrateRecoveryHost *host = self->hosts->pdata[i];

  return host->name != NULL ? host->name : host->shown;
}

static int
find_recorded (MigrateRecoveryWork *self)
{
  for (guint i = 0; self->record != NULL && i < self->hosts->len; i++)
    if (g_str_equal (_migrate_recovery_host_name (self, (int) i), self->record))
      return (int) i;
  return MIGRATE_NO_HOST;
}

static gboolean
can_reset_stream (MigrateFence *fence)
{
  g_auto (GStrv) command = NULL;

  if (fence == NULL || !MIGRATE_IS_COMMAND_FENCE (fence))
    return fence != NULL;
  g_object_get (fence, "reset-stream", &command, NULL);
  return command != NULL;
}

/* A pause that was ordered and not taken back; whose order failed it may have been all the same. */
static void
mark_stopped (MigrateRecoveryWork *self, int source)
{
  const MigrateStepEntry *step = _migrate_steps_last (self->work, "pause-guest");

  if (source != MIGRATE_NO_HOST)
    g_array_index (self->seen, MigrateSeen, source).stopped_by_us
      = step != NULL && step->status != MIGRATE_STEP_UNDONE
        && step->status != MIGRATE_STEP_RELEASED;
}

static gboolean
is_done (MigrateWork *work, const char *kind)
{
  const MigrateStepEntry *step = _migrate_steps_last (work, kind);

  return step != NULL && step->status == MIGRATE_STEP_DONE;
}

/* What a program's record says of it is another matter. */
static gboolean
is_completed (MigrateRecoveryWork *self)
{
  MigrateWork *work = self->work;
  const char *start = migrate_plan_get_kind (work->plan) == MIGRATE_KIND_SUSPEND
                        ? "restore-destination"
                        : "start-destination";

  return is_done (work, "mark-source") && is_done (work, "adopt-destination")
         && (!self->before.was_running || is_done (work, start));
}

static gboolean
has_images (MigrateRecoveryWork *self)
{
  return _migrate_steps_has (self->work, "make-volume") && !is_done (self->work, "release-images");
}

void
_migrate_recovery_fill_case (MigrateRecoveryWork *self)
{
  MigrateWork *work = self->work;
  MigrateCase *c = &self->facts;
  gboolean strict
    = _migrate_policy_get_enum (work->policy, "hand-over") == MIGRATE_HAND_OVER_STRICT;

  *c = (MigrateCase){
    .hosts = (const MigrateSeen *) self->seen->data,
    .n_hosts = self->seen->len,
    .source = MIGRATE_NO_HOST,
    .destination = MIGRATE_NO_HOST,
    .has_record = work->inventory != NULL && !self->no_record,
    .recorded = find_recorded (self),
    .can_fence = self->fence != NULL,
    .can_reset_stream = can_reset_stream (self->fence),
    .keep = _migrate_recovery_find_host (self, self->kept),
  };
  if (self->values == NULL)
    return;
  c->source = _migrate_recovery_find_host (
    self, _migrate_variant_string (self->values, MIGRATE_JOB_KEY_SOURCE));
  c->destination = _migrate_recovery_find_host (
    self, _migrate_variant_string (self->values, MIGRATE_JOB_KEY_DESTINATION));
  c->stops = _migrate_plan_is_cold (work->plan);
  c->handed_over = work->handed_over;
  c->completed = c->stops && is_completed (self);
  c->has_images = has_images (self);
  c->begun = c->stops || _migrate_steps_has (work, "transfer");
  mark_stopped (self, c->source);
  c->proven
    = self->proven
      || g_strcmp0 (_migrate_variant_string (self->values, MIGRATE_JOB_KEY_STATE), "migrated") == 0;
  c->reverting = work->reverting;
  c->resumed_there = _migrate_steps_has (work, "resume-destination");
  c->has_obligations = _migrate_steps_has_open (work, FALSE /* of_check */);
  c->has_probe = _migrate_steps_has_open (work, TRUE /* of_check */);
  c->before_known = g_variant_lookup (self->values, MIGRATE_JOB_KEY_FACTS, "@a{sv}", NULL);
  c->is_open = TRUE;
  c->has_job = c->before_known || c->begun; /* else it is a recovery's own, or did nothing */
  c->was_paused = self->before.was_paused;
  c->was_persistent = self->before.persistent;
  c->was_autostart = self->before.autostart;
  c->arrives_paused = strict && !c->was_paused && !c->stops;
  c->has_definition = self->definition != NULL;
}

/* ---- the right to act ---- */

static const char *
uri_of (MigrateRecoveryWork *self, int host)
{
  return host != MIGRATE_NO_HOST ? ((MigrateRecoveryHost *) self->hosts->pdata[host])->uri : NULL;
}

/* A recovery without a job is a job of its own, so that it is known, and can itself be recovered.
 */
static gboolean
write_new_job (MigrateRecoveryWork *self, GError **error)
{
  const MigrateJudgement *j = &self->judgement;
  MigrateWork *work = self->work;
  g_autoptr (GVariant) values = NULL;
  GVariantBuilder builder;
  const char *name = self->guest;

  for (guint i = 0; i < self->hosts->len; i++)
    {
      const MigrateRecoveryHost *host = self->hosts->pdata[i];

      name = host->guest_name != NULL ? host->guest_name : name;
    }
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_GUEST, self->guest);
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_GUEST_NAME, name);
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_GUEST_UUID, self->guest_uuid);
  _migrate_builder_add_string (
    &builder, MIGRATE_JOB_KEY_SOURCE,
    uri_of (self, j->source != MIGRATE_NO_HOST ? j->source : j->destination));
  _migrate_builder_add_string (
    &builder, MIGRATE_JOB_KEY_DESTINATION,
    uri_of (self, j->destination != MIGRATE_NO_HOST ? j->destination : j->source));
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_KIND, "live");
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_STATE, "failed");
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_OUTCOME, "unknown");
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_POLICY,
                         _migrate_policy_to_variant (work->policy));
  values = g_variant_ref_sink (g_variant_builder_end (&builder));
  if (!_migrate_journal_add_job (work->journal, work->id, values, error))
    return FALSE;
  self->written = TRUE;
  g_free (work->result->guest_name);
  g_free (work->result->guest_uuid);
  work->result->guest_name = g_strdup (name);
  work->result->guest_uuid = g_strdup (self->guest_uuid);
  return TRUE;
}

gboolean
_migrate_recovery_claim (MigrateRecoveryWork *self, GError **error)
{
  MigrateWork *work = self->work;

  if (work->generation != 0)
    return TRUE;
  if (!self->written && !write_new_job (self, error))
    return FALSE;
  work->generation = _migrate_journal_claim (work->journal, self->guest_uuid, work->id, error);
  if (work->generation == 0)
    return FALSE;
  self->held = FALSE;
  g_clear_pointer (&self->values, g_variant_unref);
  self->values = _migrate_journal_load_job (work->journal, work->id, error);
  return self->values != NULL && read_job (self, error);
}

gboolean
_migrate_recovery_note_state (MigrateRecoveryWork *self, MigrateState state, MigrateOutcome outcome,
                              GError **error)
{
  MigrateWork *work = self->work;
  GVariantBuilder builder;

  work->result->outcome = outcome;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_STATE,
                               _migrate_enum_nick (MIGRATE_TYPE_STATE, (int) state));
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_PHASE, "idle");
  _migrate_builder_add_string (&builder, MIGRATE_JOB_KEY_OUTCOME,
                               _migrate_enum_nick (MIGRATE_TYPE_OUTCOME, (int) outcome));
  g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_IN_FLIGHT,
                         g_variant_new_boolean (FALSE));
  if (work->result->guest_uuid != NULL)
    g_variant_builder_add (&builder, "{sv}", MIGRATE_JOB_KEY_RESULT,
                           _migrate_result_to_variant (work->result));
  return _migrate_work_update (work, g_variant_builder_end (&builder), error);
}

void
_migrate_recovery_release (MigrateRecoveryWork *self)
{
  MigrateWork *work = self->work;

  if (work->generation == 0)
    return;
  _migrate_journal_release (work->journal, self->guest_uuid, work->id, work->generation,
                            NULL /* the claim of a dead holder can be taken over */);
  work->generation = 0;
}
