/* See the header. */
#include "steps/work-private.h"

#include "steps/asked-private.h"
#include "steps/steps-private.h"

MigrateWork *
_migrate_work_new (const char *id)
{
  MigrateWork *self = g_new0 (MigrateWork, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->id = g_strdup (id);
  self->steps = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_step_free);
  self->later = g_ptr_array_new_with_free_func ((GDestroyNotify) g_variant_unref);
  g_variant_dict_init (&self->values_later, NULL /* empty */);
  self->result = _migrate_result_new ();
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  g_cond_init (&self->answered);
  self->policies = g_ptr_array_new_with_free_func (g_object_unref);
  self->asked = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_asked_unref);
  return self;
}

MigrateWork *
_migrate_work_ref (MigrateWork *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

void
_migrate_work_unref (MigrateWork *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_clear_pointer (&self->queue, _migrate_queue_unref);
  g_clear_pointer (&self->source, _migrate_link_unref);
  g_clear_pointer (&self->destination, _migrate_link_unref);
  g_free (self->id);
  g_free (self->guest);
  g_free (self->source_uri);
  g_free (self->destination_uri);
  g_free (self->source_name);
  g_free (self->destination_name);
  g_free (self->peer_uri);
  g_free (self->migration_uri);
  g_free (self->disks_uri);
  g_free (self->listen_address);
  g_free (self->tls_name);
  g_clear_object (&self->policy);
  g_clear_object (&self->journal);
  g_clear_object (&self->hooks);
  g_clear_object (&self->inventory);
  g_clear_object (&self->image_source);
  g_clear_object (&self->connector);
  g_clear_object (&self->mapping);
  g_clear_object (&self->profile);
  g_clear_pointer (&self->resize, g_variant_unref);
  g_clear_object (&self->history);
  g_clear_pointer (&self->looked, g_variant_unref);
  g_clear_pointer (&self->before, g_variant_unref);
  g_clear_pointer (&self->plan, migrate_plan_unref);
  g_clear_pointer (&self->bindings, g_variant_unref);
  g_clear_pointer (&self->still, g_variant_unref);
  g_clear_pointer (&self->proven, g_variant_unref);
  g_assert (self->facts == NULL); /* the job, which knows their type, frees them */
  g_ptr_array_unref (self->steps);
  g_ptr_array_unref (self->later);
  g_variant_dict_clear (&self->values_later);
  migrate_result_unref (self->result);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_cond_clear (&self->answered);
  g_ptr_array_unref (self->policies);
  g_ptr_array_unref (self->asked);
  g_free (self->cancel_why);
  g_free (self);
}

void
_migrate_work_set_phase (MigrateWork *self, MigratePhase phase)
{
  gint64 now = _migrate_backend_now (self->backend);

  if (self->phase == phase)
    return;
  if (self->phase != MIGRATE_PHASE_IDLE && self->phase_since != 0)
    self->result->phase_ms[self->phase] += (guint64) (now - self->phase_since) / 1000;
  self->phase = phase;
  self->phase_since = now;
  self->report->phase (self->report_data, phase);
}

void
_migrate_work_set_plan (MigrateWork *self, MigratePlan *plan)
{
  g_clear_pointer (&self->plan, migrate_plan_unref);
  self->plan = plan;
  self->report->plan (self->report_data, plan);
}

guint64
_migrate_work_elapsed_ms (MigrateWork *self)
{
  if (self->started == 0)
    return 0;
  return (guint64) (_migrate_backend_now (self->backend) - self->started) / 1000;
}

void
_migrate_work_decide_in_numbers (MigrateWork *self, const char *what, const char *why,
                                 GVariant *details)
{
  MigrateDecision *decision
    = _migrate_decision_new (_migrate_work_elapsed_ms (self), what, why, details);
  GVariantBuilder builder;

  g_ptr_array_add (self->result->decisions, decision);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "at-ms",
                         g_variant_new_uint64 (migrate_decision_get_at_ms (decision)));
  g_variant_builder_add (&builder, "{sv}", "why", g_variant_new_string (why));
  /* A lost decision is no reason to stop: what it leads to is journaled as a step. */
  _migrate_work_append (self, "decision", what, "done", g_variant_builder_end (&builder), NULL);
  self->report->decision (self->report_data, decision);
}

void
_migrate_work_decide (MigrateWork *self, const char *what, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  _migrate_work_decide_in_numbers (self, what, why, NULL /* details */);
}

void
_migrate_work_warn (MigrateWork *self, const char *format, ...)
{
  char *warning;
  va_list args;

  va_start (args, format);
  warning = g_strdup_vprintf (format, args);
  va_end (args);
  g_debug ("Job %s: %s", self->id, warning);
  g_ptr_array_add (self->result->warnings, warning);
}

void
_migrate_work_warn_journal (MigrateWork *self, const GError *error)
{
  if (!self->warned_of_journal)
    _migrate_work_warn (self, "The journal could not be written for a while: %s", error->message);
  self->warned_of_journal = TRUE;
}

void
_migrate_work_wake (MigrateWork *self)
{
  g_mutex_lock (&self->lock);
  self->woken = TRUE;
  g_mutex_unlock (&self->lock);
  self->backend->vtable->wake (self->backend, &self->changed);
}

void
_migrate_work_ask_cancel (MigrateWork *self, const char *why)
{
  g_mutex_lock (&self->lock);
  if (!self->cancel_asked)
    self->cancel_why = g_strdup (why);
  self->cancel_asked = TRUE;
  g_mutex_unlock (&self->lock);
  _migrate_work_wake (self);
}

void
_migrate_work_ask_detach (MigrateWork *self)
{
  g_mutex_lock (&self->lock);
  self->detach_asked = TRUE;
  g_mutex_unlock (&self->lock);
  _migrate_work_wake (self);
}

/* Done: who follows the job again does not leave it at once. */
void
_migrate_work_forget_detach (MigrateWork *self)
{
  g_mutex_lock (&self->lock);
  self->detach_asked = FALSE;
  g_mutex_unlock (&self->lock);
}

gboolean
_migrate_work_is_detached (MigrateWork *self)
{
  gboolean asked;

  g_mutex_lock (&self->lock);
  asked = self->detach_asked;
  g_mutex_unlock (&self->lock);
  return asked;
}

gboolean
_migrate_work_is_cancelled (MigrateWork *self)
{
  gboolean asked;

  g_mutex_lock (&self->lock);
  asked = self->cancel_asked;
  g_mutex_unlock (&self->lock);
  return asked;
}

gboolean
_migrate_work_check_cancelled (MigrateWork *self, GError **error)
{
  if (!_migrate_work_is_cancelled (self))
    return FALSE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The move was cancelled: %s",
               self->cancel_why);
  return TRUE;
}

gboolean
_migrate_work_take_cancel (MigrateWork *self)
{
  gboolean asked;

  g_mutex_lock (&self->lock);
  asked = self->cancel_asked;
  self->cancel_asked = FALSE;
  g_clear_pointer (&self->cancel_why, g_free);
  g_mutex_unlock (&self->lock);
  return asked;
}

void
_migrate_work_sleep (MigrateWork *self, guint ms)
{
  gint64 deadline = _migrate_backend_now (self->backend) + (gint64) ms * 1000;

  g_mutex_lock (&self->lock);
  while (!self->woken && _migrate_backend_now (self->backend) < deadline)
    self->backend->vtable->wait_until (self->backend, &self->changed, &self->lock, deadline);
  self->woken = FALSE;
  g_mutex_unlock (&self->lock);
}

MigrateLink *
_migrate_work_link (MigrateWork *self, MigrateSide side)
{
  return side == MIGRATE_SIDE_SOURCE ? self->source : self->destination;
}

/* Orders wait up to 30 s for libvirt's lock on the guest, and a destroy as long for the process to
 * end: they are given that time on top. */
#define LOCK_WAIT_MS 35000
#define DATA_WAIT_MS 120000 /* a piece of a file over a slow link */

guint
_migrate_work_call_timeout (MigrateWork *self, MigrateCallKind kind)
{
  guint timeout = _migrate_policy_get_uint (self->policy, "call-timeout");

  if (kind == MIGRATE_CALL_SET_TIME || kind == MIGRATE_CALL_TRIM || kind == MIGRATE_CALL_ANNOUNCE)
    return _migrate_policy_get_uint (self->policy, "chore-timeout") * 1000;
  if (kind == MIGRATE_CALL_VOLUME_READ_AT || kind == MIGRATE_CALL_VOLUME_WRITE_AT)
    return MAX (timeout, DATA_WAIT_MS);
  return kind >= MIGRATE_CALL_VOLUME_CREATE && kind != MIGRATE_CALL_ABORT
             && !(kind >= MIGRATE_CALL_SET_DOWNTIME && kind <= MIGRATE_CALL_SET_XBZRLE_CACHE)
           ? timeout + LOCK_WAIT_MS
           : timeout;
}

static gboolean
run_call (MigrateWork *self, MigrateLink *link, MigrateCall *call, GError **error)
{
  GError *local_error = NULL;

  if (_migrate_link_call (link, call, _migrate_work_call_timeout (self, call->kind), &local_error))
    return TRUE;
  g_propagate_error (error, _migrate_error_adopt (local_error));
  return FALSE;
}

MigrateCall *
_migrate_work_ask (MigrateWork *self, MigrateLink *link, MigrateCallKind kind, const char *guest,
                   guint64 value, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (kind, guest);

  call->value = value;
  return run_call (self, link, call, error) ? g_steal_pointer (&call) : NULL;
}

gboolean
_migrate_work_run_call (MigrateWork *self, MigrateSide side, MigrateCall *call, GError **error)
{
  GError *local_error = NULL;

  if (run_call (self, _migrate_work_link (self, side), call, &local_error))
    return TRUE;
  _migrate_error_set_side (local_error, side);
  g_propagate_error (error, local_error);
  return FALSE;
}

MigrateCall *
_migrate_work_call (MigrateWork *self, MigrateSide side, MigrateCallKind kind, const char *guest,
                    guint64 value, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (kind, guest);

  call->value = value;
  return _migrate_work_run_call (self, side, call, error) ? g_steal_pointer (&call) : NULL;
}

gboolean
_migrate_work_enter_journal (MigrateWork *self, GError **error)
{
  return self->report->enter_journal (self->report_data, error);
}

static gboolean
journal_answered (MigrateWork *self, gboolean ok, GError *error, GError **out)
{
  self->backend->vtable->point (self->backend, "after-journal");
  if (ok)
    return TRUE;
  if (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_LOST_CLAIM))
    self->lost_claim = TRUE;
  g_propagate_error (out, error);
  return FALSE;
}

void
_migrate_work_append_later (MigrateWork *self, const char *kind, const char *name,
                            const char *status, GVariant *values)
{
  GVariant *entry = _migrate_journal_entry_new (kind, name, status, values);

  g_ptr_array_add (self->later, g_variant_ref_sink (entry));
}

void
_migrate_work_set_later (MigrateWork *self, const char *key, GVariant *value)
{
  g_variant_dict_insert_value (&self->values_later, key, value);
}

void
_migrate_work_forget_later (MigrateWork *self)
{
  g_ptr_array_set_size (self->later, 0);
  g_variant_dict_clear (&self->values_later);
  g_variant_dict_init (&self->values_later, NULL /* empty */);
}

/* All that was left for later goes with it; what was not written stays. */
static gboolean
record (MigrateWork *self, GVariant *values, GError **error)
{
  GVariant *entries = g_variant_new_array (
    G_VARIANT_TYPE_VARDICT, (GVariant *const *) self->later->pdata, self->later->len);
  g_autoptr (GVariant) owned = NULL;
  GVariantIter iter;
  const char *key;
  GVariant *value;
  GError *local_error = NULL;
  gboolean ok;

  if (values != NULL)
    {
      g_variant_iter_init (&iter, values);
      while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
        g_variant_dict_insert_value (&self->values_later, key, value);
    }
  owned = g_variant_ref_sink (g_variant_dict_end (&self->values_later));
  self->backend->vtable->point (self->backend, "before-journal");
  ok = _migrate_journal_record (self->journal, self->id, self->generation, entries, owned,
                                &local_error);
  g_variant_dict_init (&self->values_later, ok ? NULL : owned);
  if (ok)
    g_ptr_array_set_size (self->later, 0);
  return journal_answered (self, ok, local_error, error);
}

/* An intent that could not be written is none: it must not be written later. */
gboolean
_migrate_work_append (MigrateWork *self, const char *kind, const char *name, const char *status,
                      GVariant *values, GError **error)
{
  _migrate_work_append_later (self, kind, name, status, values);
  if (record (self, NULL /* values */, error))
    return TRUE;
  g_ptr_array_remove_index (self->later, self->later->len - 1);
  return FALSE;
}

gboolean
_migrate_work_update (MigrateWork *self, GVariant *values, GError **error)
{
  g_autoptr (GVariant) owned = g_variant_ref_sink (values);

  return record (self, owned, error);
}

gboolean
_migrate_work_note (MigrateWork *self, GVariant *samples, GVariant *values, GError **error)
{
  g_autoptr (GVariant) owned_samples = g_variant_ref_sink (samples);
  g_autoptr (GVariant) owned = g_variant_ref_sink (
    values != NULL ? values : g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  GError *local_error = NULL;
  gboolean ok;

  self->backend->vtable->point (self->backend, "before-journal");
  ok = _migrate_journal_add_samples (self->journal, self->id, self->generation, owned_samples,
                                     owned, &local_error);
  return journal_answered (self, ok, local_error, error);
}

static void
add_uri (GVariantBuilder *builder, const char *key, const char *uri)
{
  g_autofree char *shown = uri != NULL ? _migrate_uri_redact (uri) : NULL;

  _migrate_builder_add_string (builder, key, shown);
}

void
_migrate_work_describe (MigrateWork *self, GVariantBuilder *builder, const MigrateDomain *guest)
{
  _migrate_builder_add_string (builder, "job", self->id);
  _migrate_builder_add_string (builder, "guest-name",
                               guest != NULL ? guest->name : self->result->guest_name);
  _migrate_builder_add_string (builder, "guest-uuid",
                               guest != NULL ? guest->uuid : self->result->guest_uuid);
}

static void
add_choice (MigrateWork *self, GVariantBuilder *builder, const char *key, GType type)
{
  _migrate_builder_add_string (
    builder, key, _migrate_enum_nick (type, _migrate_policy_get_enum (self->policy, key)));
}

/* By name: what a hook may answer in its bindings, and should. */
static void
add_holes (MigrateWork *self, GVariantBuilder *builder)
{
  g_autoptr (GVariant) holes = self->plan != NULL ? migrate_plan_dup_holes (self->plan) : NULL;
  GVariantBuilder names;

  if (holes == NULL || g_variant_n_children (holes) == 0)
    return;
  g_variant_builder_init (&names, G_VARIANT_TYPE_STRING_ARRAY);
  for (gsize i = 0; i < g_variant_n_children (holes); i++)
    {
      g_autoptr (GVariant) hole = g_variant_get_child_value (holes, i);

      g_variant_builder_add (&names, "s", _migrate_variant_string (hole, "name"));
    }
  g_variant_builder_add (builder, "{sv}", "holes", g_variant_builder_end (&names));
}

void
_migrate_work_describe_plan (MigrateWork *self, GVariantBuilder *builder)
{
  GVariantIter iter;
  const char *key;
  GVariant *value;

  add_uri (builder, "source", self->source_uri);
  add_uri (builder, "destination", self->destination_uri);
  _migrate_builder_add_string (builder, "source-name", self->source_name);
  _migrate_builder_add_string (builder, "destination-name", self->destination_name);
  _migrate_builder_add_string (builder, "kind",
                               _migrate_enum_nick (MIGRATE_TYPE_KIND, (int) self->result->kind));
  add_choice (self, builder, "transport", MIGRATE_TYPE_TRANSPORT);
  add_choice (self, builder, "hand-over", MIGRATE_TYPE_HAND_OVER);
  add_uri (builder, "peer-uri", self->peer_uri);
  add_uri (builder, "migration-uri", self->migration_uri);
  add_uri (builder, "disks-uri", self->disks_uri);
  _migrate_builder_add_string (builder, "listen-address", self->listen_address);
  _migrate_builder_add_string (builder, "tls-name", self->tls_name);
  add_holes (self, builder);
  if (self->before == NULL)
    return;
  g_variant_iter_init (&iter, self->before);
  while (g_variant_iter_loop (&iter, "{&sv}", &key, &value))
    if (!g_str_equal (key, "definition")) /* for a recovery; the program can ask its host */
      g_variant_builder_add (builder, "{sv}", key, value);
}

/* How far another process has seen it come. */
static void
load_progress (MigrateWork *self, MigrateProgress *progress)
{
  const MigrateProgressValues *seen = _migrate_progress_peek (progress);

  self->fraction = MAX (self->fraction, CLAMP (seen->fraction, 0.0, 1.0));
  _migrate_result_note (self->result, seen);
}

static void
load_name (GVariant *values, const char *key, char **name)
{
  g_free (*name);
  *name = g_strdup (_migrate_job_values_text (values, key));
}

/* What the plan rests on is what it was made from, whatever this process has set. */
static void
load_names (MigrateWork *self, GVariant *values)
{
  g_autoptr (MigrateMapping) mapping
    = _migrate_job_values_mapping (values, MIGRATE_JOB_KEY_MAPPING);
  g_autoptr (MigrateMapping) profile
    = _migrate_job_values_mapping (values, MIGRATE_JOB_KEY_PROFILE);

  g_clear_pointer (&self->bindings, g_variant_unref);
  self->bindings
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_BINDINGS, G_VARIANT_TYPE_VARDICT);
  if (self->before == NULL)
    return;
  g_set_object (&self->mapping, mapping);
  g_set_object (&self->profile, profile);
  g_clear_pointer (&self->resize, g_variant_unref);
  self->resize = g_variant_lookup_value (values, MIGRATE_JOB_KEY_RESIZE, G_VARIANT_TYPE_VARDICT);
  load_name (values, MIGRATE_JOB_KEY_SOURCE_NAME, &self->source_name);
  load_name (values, MIGRATE_JOB_KEY_DESTINATION_NAME, &self->destination_name);
  load_name (values, MIGRATE_JOB_KEY_PEER_URI, &self->peer_uri);
  load_name (values, MIGRATE_JOB_KEY_MIGRATION_URI, &self->migration_uri);
  load_name (values, MIGRATE_JOB_KEY_DISKS_URI, &self->disks_uri);
  load_name (values, MIGRATE_JOB_KEY_LISTEN_ADDRESS, &self->listen_address);
  load_name (values, MIGRATE_JOB_KEY_TLS_NAME, &self->tls_name);
}

void
_migrate_work_load (MigrateWork *self, GVariant *values, GVariant *entries)
{
  g_autoptr (GVariant) result
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_RESULT, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) told
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_PROGRESS, G_VARIANT_TYPE_VARDICT);
  g_autoptr (MigrateProgress) progress
    = told != NULL ? _migrate_progress_from_variant (told) : NULL;
  g_autoptr (GVariant) plan
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_PLAN, G_VARIANT_TYPE_VARDICT);
  gint64 created = (gint64) _migrate_variant_uint64 (values, MIGRATE_JOB_KEY_CREATED, 0);
  gint64 elapsed = self->backend->vtable->wall (self->backend) - created;

  _migrate_steps_load (self, entries);
  g_clear_pointer (&self->before, g_variant_unref);
  self->before = g_variant_lookup_value (values, MIGRATE_JOB_KEY_FACTS, G_VARIANT_TYPE_VARDICT);
  g_clear_pointer (&self->plan, migrate_plan_unref);
  self->plan = plan != NULL ? _migrate_plan_new (plan) : NULL;
  load_names (self, values);
  g_clear_pointer (&self->proven, g_variant_unref);
  self->handed_over = _migrate_variant_boolean (values, MIGRATE_JOB_KEY_HANDED_OVER);
  self->reverting = _migrate_variant_boolean (values, MIGRATE_JOB_KEY_REVERTING);
  self->proven = g_variant_lookup_value (values, MIGRATE_JOB_KEY_PROVEN, G_VARIANT_TYPE_VARDICT);
  g_clear_pointer (&self->still, g_variant_unref);
  self->still = g_variant_lookup_value (values, MIGRATE_JOB_KEY_STILL, G_VARIANT_TYPE_VARDICT);
  if (result != NULL)
    {
      migrate_result_unref (self->result);
      self->result = _migrate_result_from_variant (result);
    }
  g_free (self->result->guest_name);
  g_free (self->result->guest_uuid);
  self->result->guest_name
    = g_strdup (_migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_NAME));
  self->result->guest_uuid
    = g_strdup (_migrate_variant_string (values, MIGRATE_JOB_KEY_GUEST_UUID));
  /* The wall clock of whoever began the job may have been ahead of ours: its own time never goes
   * back. */
  if (progress != NULL)
    {
      load_progress (self, progress);
      elapsed = MAX (elapsed, (gint64) migrate_progress_get_elapsed_ms (progress) * 1000);
    }
  self->started = _migrate_backend_now (self->backend) - elapsed;
}
