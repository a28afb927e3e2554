/* Act: files travel by a carrier, a guest of our own whose CPUs never run: the source's hypervisor
 * mirrors its disks, which are the files, to the destination's. It is ended at both hosts whatever
 * comes of it, so nothing that happens to it can hurt a guest. */
#include "migrate/carry-private.h"

#include "check/plan-private.h"
#include "migrate/mirror-private.h"
#include "steps/standstill-private.h"
#include "steps/steps-private.h"
#include "xml/mark-private.h"
#include "xml/volume-private.h"

#define ABORT_AGAIN_US (2 * G_TIME_SPAN_SECOND)
#define ABORT_PATIENCE_US (60 * G_TIME_SPAN_SECOND)
#define END_TRIES 10
#define END_POLL_MS 500

typedef struct
{
  MigrateWork *work;
  char *uuid, *name;
  char **paths, **there, **ids; /* of the files, in the order of its disks */
  guint64 total;                /* bytes of data */
  MigrateTransferCall *call;
  GVariant *disks;   /* how far each was, by its id; nullable */
  gint64 disks_at;   /* when that was asked */
  guint64 processed; /* last seen */
  gint64 written_at;
  gint64 moved_at; /* when that last grew */
  gint64 aborted_at, abort_since;
  GError *given_up;
} Carry;

static void
carry_clear (Carry *self)
{
  g_free (self->uuid);
  g_free (self->name);
  g_strfreev (self->paths);
  g_strfreev (self->there);
  g_strfreev (self->ids);
  g_clear_pointer (&self->disks, g_variant_unref);
  g_clear_pointer (&self->call, _migrate_transfer_call_unref);
  g_clear_error (&self->given_up);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Carry, carry_clear)

/* ---- the step: it is there, and it is gone ---- */

static gboolean
start_act (MigrateWork *work, GVariant *args, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_CREATE_PAUSED, NULL /* guest */);

  call->text_in = g_strdup (_migrate_variant_string (args, "document"));
  return _migrate_work_run_call (work, MIGRATE_SIDE_SOURCE, call, error);
}

/* A transient guest that is destroyed is gone altogether; but a libvirtd that was started anew may
 * not have found it yet. */
gboolean
_migrate_carry_end (MigrateWork *work, MigrateSide side, const char *uuid, GError **error)
{
  for (guint tries = 1;; tries++)
    {
      GError *local_error = NULL;
      g_autoptr (MigrateCall) ended
        = _migrate_work_call (work, side, MIGRATE_CALL_DESTROY, uuid, 0, &local_error);
      g_autoptr (MigrateCall) seen = NULL;

      g_clear_error (&local_error); /* what it shows counts */
      seen = _migrate_work_call (work, side, MIGRATE_CALL_DOMAIN_STATE, uuid, 0, &local_error);
      if (g_error_matches (local_error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
        {
          g_error_free (local_error);
          return TRUE;
        }
      if (seen == NULL)
        {
          g_propagate_error (error, local_error);
          return FALSE;
        }
      if (tries >= END_TRIES)
        return _migrate_step_unproven (error, side, "Destroying the carrier");
      _migrate_work_sleep (work, END_POLL_MS);
    }
}

static gboolean
start_undo (MigrateWork *work, GVariant *args, GError **error)
{
  const char *uuid = _migrate_variant_string (args, "uuid");

  return _migrate_carry_end (work, MIGRATE_SIDE_SOURCE, uuid, error)
         && _migrate_carry_end (work, MIGRATE_SIDE_DESTINATION, uuid, error);
}

void
_migrate_carry_add_step_kinds (void)
{
  static const MigrateStepKind kinds[] = {
    { "start-carrier", start_act, start_undo },
    { "carry", NULL, NULL },
    { "flush-files", _migrate_flush_act, _migrate_flush_undo },
  };
  static gsize once = 0;

  if (g_once_init_enter (&once))
    {
      _migrate_step_kinds_add (kinds, G_N_ELEMENTS (kinds));
      g_once_init_leave (&once, 1);
    }
}

/* ---- before ---- */

static void
describe (Carry *self, MigrateWork *work, GPtrArray *rows)
{
  g_autoptr (GStrvBuilder) paths = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) there = g_strv_builder_new ();
  g_autoptr (GStrvBuilder) ids = g_strv_builder_new ();

  self->work = work;
  self->uuid = g_uuid_string_random ();
  self->name = g_strconcat (MIGRATE_CARRIER_PREFIX, work->id, NULL);
  for (guint i = 0; i < rows->len; i++)
    {
      GVariant *row = rows->pdata[i];

      g_strv_builder_add (paths, _migrate_variant_string (row, "path"));
      g_strv_builder_add (there, _migrate_variant_string (row, "path-there"));
      g_strv_builder_add (ids, _migrate_variant_string (row, "id"));
      self->total += _migrate_variant_uint64 (row, "allocation", 0);
    }
  self->paths = g_strv_builder_end (paths);
  self->there = g_strv_builder_end (there);
  self->ids = g_strv_builder_end (ids);
}

/* The guest's own way of being emulated is one that both hosts have. */
char *
_migrate_carry_document (MigrateWork *work, const char *uuid, const char *const *paths,
                         GError **error)
{
  g_autofree char *name = g_strconcat (MIGRATE_CARRIER_PREFIX, work->id, NULL);
  const MigrateCarrier carrier = {
    .name = name,
    .uuid = uuid,
    .type = _migrate_variant_string (work->before, "type"),
    .arch = _migrate_variant_string (work->before, "arch"),
    .machine = _migrate_variant_string (work->before, "machine"),
    .job = work->id,
    .paths = paths,
  };

  return _migrate_carrier_make (&carrier, error);
}

static gboolean
start (Carry *self, GError **error)
{
  g_autofree char *xml
    = _migrate_carry_document (self->work, self->uuid, (const char *const *) self->paths, error);
  GVariantBuilder builder;

  if (xml == NULL)
    return FALSE;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  _migrate_builder_add_string (&builder, "uuid", self->uuid);
  _migrate_builder_add_string (&builder, "name", self->name);
  _migrate_builder_add_string (&builder, "document", xml);
  return _migrate_steps_run (self->work, "start-carrier", g_variant_builder_end (&builder), error);
}

/* Where its files have other names there: its own document, with those names. */
static gboolean
make_there (Carry *self, char **xml, GError **error)
{
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
  g_autoptr (MigrateCall) call = NULL;
  gboolean differs = FALSE;
  MigrateCheckRequest request = { .mapping = mapping };

  for (guint i = 0; self->paths[i] != NULL; i++)
    {
      g_autofree char *target = _migrate_carrier_target (i);
      GVariantBuilder to;

      if (g_str_equal (self->paths[i], self->there[i]))
        continue;
      differs = TRUE;
      g_variant_builder_init (&to, G_VARIANT_TYPE_VARDICT);
      g_variant_builder_add (&to, "{sv}", "path", g_variant_new_string (self->there[i]));
      if (!migrate_mapping_set (mapping, "disk", target, g_variant_builder_end (&to), error))
        return FALSE;
    }
  if (!differs)
    return TRUE;
  call = _migrate_work_call (self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_DOMAIN_XML, self->uuid,
                             MIGRATE_XML_MIGRATABLE, error);
  return call != NULL
         && _migrate_plan_finish_xml (call->text_out, &request, NULL /* bindings */, xml, error);
}

static char **
targets (Carry *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  for (guint i = 0; self->paths[i] != NULL; i++)
    {
      g_autofree char *target = _migrate_carrier_target (i);

      g_strv_builder_add (names, target);
    }
  return g_strv_builder_end (names);
}

/* As the guest itself would travel, but for what is done to a guest's memory and CPUs. */
static gboolean
begin (Carry *self, GError **error)
{
  const MigrateCheckRequest request = _migrate_check_request (self->work);
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, self->uuid);
  MigrateTransfer *t = &call->transfer;

  _migrate_plan_get_transfer (self->work->plan, &request, t);
  if (t->transport == MIGRATE_TRANSPORT_TUNNELLED)
    t->transport = MIGRATE_TRANSPORT_P2P; /* a tunnel carries no disks */
  t->carrier = TRUE;
  t->persist = t->paused = t->unsafe = t->postcopy = t->throttle = t->zero_copy = FALSE;
  t->connections = 0;
  g_clear_pointer (&t->compression, g_strfreev);
  g_strfreev (t->disks);
  t->disks = targets (self);
  t->disks_top = t->sync_writes = FALSE;
  if (!make_there (self, &t->dest_xml, error))
    return FALSE;
  self->call = _migrate_transfer_start_call (self->work, "carry", call, error);
  return self->call != NULL;
}

/* ---- meanwhile ---- */

/* Its disks have targets of their own, which mean nothing to anybody else. */
static GVariant *
with_ids (Carry *self, GVariant *answer, gint64 now)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  for (guint i = 0; self->ids[i] != NULL; i++)
    {
      g_autofree char *target = _migrate_carrier_target (i);
      g_autoptr (GVariant) values = g_variant_lookup_value (answer, target, G_VARIANT_TYPE_VARDICT);

      if (values != NULL)
        g_variant_builder_add (
          &builder, "{sv}", self->ids[i],
          _migrate_mirror_with_rate (self->disks, self->ids[i], values, now - self->disks_at));
    }
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

static void
ask_each (Carry *self)
{
  gint64 now = _migrate_backend_now (self->work->backend);
  g_autoptr (MigrateCall) call = _migrate_work_call (
    self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_BLOCK_JOBS, self->uuid, 0, NULL /* error */);
  GVariant *disks;

  if (call == NULL || call->answer == NULL)
    return;
  disks = with_ids (self, call->answer, now);
  g_clear_pointer (&self->disks, g_variant_unref);
  self->disks = disks;
  self->disks_at = now;
}

/* Who has lost the claim ends the carrier, for whoever has it begins with that as well. */
static void
tell (Carry *self, const MigrateStats *stats)
{
  MigrateWork *work = self->work;
  MigrateProgressValues values = { .phase = MIGRATE_PHASE_COPYING_DISKS };
  g_autoptr (MigrateProgress) progress = NULL;

  values.disk_total = stats->disk_total;
  values.disk_processed = stats->disk_processed;
  values.disk_remaining = stats->disk_remaining;
  values.disk_rate = stats->disk_bps;
  values.disks = self->disks;
  values.elapsed_ms = _migrate_work_elapsed_ms (work);
  if (stats->disk_total > 0)
    work->fraction = MAX (work->fraction,
                          MIN ((double) stats->disk_processed / (double) stats->disk_total, 0.99));
  values.fraction = work->fraction;
  _migrate_result_note (work->result, &values);
  progress = _migrate_progress_new (&values);
  _migrate_standstill_tell (work, progress, NULL /* proven */, &self->written_at,
                            self->given_up == NULL ? &self->given_up : NULL);
}

static void
look (Carry *self)
{
  g_autoptr (MigrateCall) call = _migrate_work_call (
    self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_JOB_STATS, self->uuid, 0, NULL /* error */);

  if (call == NULL || call->stats.type != MIGRATE_JOB_ACTIVE)
    return;
  if (call->stats.disk_processed > self->processed)
    self->moved_at = _migrate_backend_now (self->work->backend);
  self->processed = MAX (self->processed, call->stats.disk_processed);
  /* A question that never was answered may be in the monitor's way. */
  if (_migrate_link_count_parked (self->work->source) == 0)
    ask_each (self);
  tell (self, &call->stats);
}

static void
check_clocks (Carry *self, gint64 since)
{
  MigrateWork *work = self->work;
  gint64 now = _migrate_backend_now (work->backend);
  gint64 stall = (gint64) _migrate_policy_get_uint (work->policy, "stall-timeout");
  gint64 most = (gint64) _migrate_policy_get_uint (work->policy, "disk-timeout");

  if (self->given_up != NULL)
    return;
  if (_migrate_work_check_cancelled (work, &self->given_up))
    return;
  if (stall > 0 && now - self->moved_at > stall * G_TIME_SPAN_SECOND)
    self->given_up = _migrate_error_new (
      MIGRATE_ERROR_TIMED_OUT, "Look at the link between the hosts, and at the destination's disk",
      "The copy of the disks stands still at byte %" G_GUINT64_FORMAT " for %" G_GINT64_FORMAT " s",
      self->processed, stall);
  else if (most > 0 && now - since > most * G_TIME_SPAN_SECOND)
    self->given_up = _migrate_error_new (
      MIGRATE_ERROR_TIMED_OUT, "Give it more time with “disk-timeout”",
      "The copy of the disks is not done within %" G_GINT64_FORMAT " s", most);
}

/* An abort that is not heard of ends with the carrier itself. */
static void
abort_if_given_up (Carry *self)
{
  gint64 now = _migrate_backend_now (self->work->backend);
  g_autoptr (MigrateCall) call = NULL;

  if (self->given_up == NULL || (self->aborted_at != 0 && now - self->aborted_at < ABORT_AGAIN_US))
    return;
  _migrate_work_set_phase (self->work, MIGRATE_PHASE_CANCELLING);
  self->aborted_at = now;
  if (self->abort_since == 0)
    self->abort_since = now;
  if (_migrate_transfer_call_off (self->call))
    return;
  if (now - self->abort_since > ABORT_PATIENCE_US)
    _migrate_carry_end (self->work, MIGRATE_SIDE_DESTINATION, self->uuid, NULL /* error */);
  call = _migrate_work_call (self->work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_ABORT, self->uuid, 0,
                             NULL /* error */);
}

/* FALSE: it has not come back, and is left: its end is what the hosts show of the carrier. */
static gboolean
wait (Carry *self)
{
  MigrateWork *work = self->work;
  gint64 since = _migrate_backend_now (work->backend);
  guint poll = _migrate_policy_get_uint (work->policy, "poll-interval");

  self->moved_at = since;
  while (_migrate_transfer_call_get_state (self->call) == MIGRATE_TRANSFER_OPEN)
    {
      _migrate_standstill_listen (work);
      look (self);
      check_clocks (self, since);
      abort_if_given_up (self);
      if (self->abort_since != 0
          && _migrate_backend_now (work->backend) - self->abort_since > 2 * ABORT_PATIENCE_US)
        return FALSE;
      _migrate_work_sleep (work, poll);
    }
  return TRUE;
}

/* ---- after ---- */

/* What the call said is a hint: it is there, paused, and not here. */
static gboolean
prove (Carry *self, GError **error)
{
  MigrateWork *work = self->work;
  GError *said = _migrate_transfer_call_dup_error (self->call);
  g_autoptr (MigrateCall) there = _migrate_work_call (
    work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_DOMAIN_STATE, self->uuid, 0, NULL /* error */);

  if (said == NULL && there != NULL && there->domain.state == MIGRATE_DOMAIN_PAUSED)
    return TRUE;
  if (said == NULL)
    said = _migrate_error_new (MIGRATE_ERROR_FAILED, NULL /* remedy */,
                               "The carrier of the disks is not at the destination");
  g_propagate_prefixed_error (error, said, "Copying the disks: ");
  return FALSE;
}

static gboolean
follow (Carry *self, GError **error)
{
  MigrateStepEntry *step = _migrate_steps_last (self->work, "carry");
  gboolean returned = wait (self);
  GError *failure = NULL;

  if (self->given_up != NULL)
    failure = g_error_copy (self->given_up);
  else if (returned)
    prove (self, &failure);
  if (failure == NULL)
    return _migrate_steps_end (self->work, step, NULL /* failure */, error);
  _migrate_steps_end (self->work, step, failure, NULL /* error */);
  g_propagate_error (error, failure);
  return FALSE;
}

gboolean
_migrate_carry (MigrateWork *work, GPtrArray *rows, GError **error)
{
  g_auto (Carry) self = { 0 };

  describe (&self, work, rows);
  _migrate_work_set_phase (work, MIGRATE_PHASE_COPYING_DISKS);
  return start (&self, error) && begin (&self, error) && follow (&self, error)
         && _migrate_steps_undo (work, "start-carrier", error);
}
