/* Gather: what every host says of the guest, at the same time, again and again until the verdict
 * has stood still for as long as it asks for. */
#include "recover/recover-private.h"

#include "steps/inventory-private.h"
#include "xml/xml-private.h"

#include <string.h>

#define LOOK_EVERY_MS 500
#define LOOK_AT_MOST_US (180 * G_TIME_SPAN_SECOND) /* what does not rest by then will not */

/* ---- one look, a thread for each host ---- */

typedef struct
{
  MigrateRecoveryWork *recovery;
  MigrateRecoveryHost *host;
  const char *guest;
  MigrateSeen seen;
  gboolean skipped;
} Look;

static MigrateCall *
ask (Look *self, MigrateCallKind kind, const char *guest, GError **error)
{
  return _migrate_work_ask (self->recovery->work, self->host->link, kind, guest, 0, error);
}

static void
set_why (MigrateRecoveryHost *host, const GError *error)
{
  g_free (host->why);
  host->why = error != NULL ? g_strdup (error->message) : NULL;
}

/* One host under two names would look like two copies. */
static char *
read_machine (const char *xml)
{
  g_autoptr (MigrateCapabilities) capabilities
    = xml != NULL ? _migrate_capabilities_parse (xml, NULL /* error */) : NULL;

  return capabilities != NULL ? g_steal_pointer (&capabilities->uuid) : NULL;
}

static gboolean
look_at_machine (Look *self)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateCall) call = NULL;

  if (self->host->machine != NULL)
    return TRUE;
  call = ask (self, MIGRATE_CALL_HOST_INFO, NULL, &error);
  if (call == NULL)
    {
      set_why (self->host, error);
      return FALSE;
    }
  self->host->machine = g_strdup (call->host.uuid);
  if (self->host->machine == NULL)
    self->host->machine = read_machine (call->text_out);
  if (self->host->machine == NULL)
    self->host->machine = g_strdup (self->host->uri); /* a driver that has none */
  return TRUE;
}

/* Statistics come from the monitor: while one question sits in it no other is asked. */
static void
look_at_transfer (Look *self, const char *uuid)
{
  MigrateRecoveryHost *host = self->host;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateCall) call = NULL;
  g_autoptr (MigrateCall) control = NULL;

  if (_migrate_link_count_parked (host->link) > 0)
    control = ask (self, MIGRATE_CALL_CONTROL_INFO, uuid, NULL /* error */);
  if (_migrate_link_count_parked (host->link) == 0 || (control != NULL && control->value_out == 0))
    call = ask (self, MIGRATE_CALL_JOB_STATS, uuid, &error);
  self->seen.monitor_hangs
    = call == NULL
      && (error == NULL || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_TIMED_OUT));
  if (self->seen.monitor_hangs)
    {
      if (control == NULL)
        control = ask (self, MIGRATE_CALL_CONTROL_INFO, uuid, NULL /* error */);
      host->monitor_ms = control != NULL ? control->value_out : 0;
      return;
    }
  host->monitor_ms = 0;
  if (call == NULL || call->stats.type == MIGRATE_JOB_NONE || !call->stats.outgoing)
    {
      host->has_numbers = FALSE;
      return;
    }
  self->seen.transfer = TRUE;
  self->seen.ending = call->stats.type != MIGRATE_JOB_ACTIVE;
  self->seen.moves = !host->has_numbers || host->processed != call->stats.memory_processed
                     || host->remaining != call->stats.memory_remaining;
  host->has_numbers = TRUE;
  host->processed = call->stats.memory_processed;
  host->remaining = call->stats.memory_remaining;
}

static void
look_at_messages (Look *self, const char *uuid)
{
  g_autoptr (MigrateCall) call = NULL;

  if (self->host->messages != NULL)
    return;
  call = ask (self, MIGRATE_CALL_MESSAGES, uuid, NULL /* error */);
  self->host->messages = g_strdup (call != NULL && call->text_out != NULL ? call->text_out : "");
}

/* A carrier is transient, and has no definition that could be marked. */
static MigrateMark
read_mark (const MigrateDomain *domain)
{
  if (!domain->persistent && g_str_has_prefix (domain->name, MIGRATE_CARRIER_PREFIX))
    return MIGRATE_MARK_CARRIER;
  return _migrate_mark_from_text (domain->mark, NULL /* job */);
}

static void
look_at_guest (Look *self)
{
  MigrateRecoveryHost *host = self->host;
  MigrateSeen *seen = &self->seen;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateCall) call = ask (self, MIGRATE_CALL_DOMAIN_FIND, self->guest, &error);

  if (call == NULL)
    {
      seen->asked = g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND);
      set_why (host, seen->asked ? NULL : error);
      return;
    }
  set_why (host, NULL);
  seen->asked = seen->present = TRUE;
  seen->state = call->domain.state;
  seen->reason = call->domain.reason;
  seen->persistent = call->domain.persistent;
  seen->autostart = call->domain.autostart;
  seen->mark = read_mark (&call->domain);
  seen->job_stuck = host->job_stuck && _migrate_seen_is_off (seen);
  g_free (host->guest_uuid);
  g_free (host->guest_name);
  host->guest_uuid = g_strdup (call->domain.uuid);
  host->guest_name = g_strdup (call->domain.name);
  look_at_messages (self, host->guest_uuid);
  if (!_migrate_seen_is_off (seen))
    look_at_transfer (self, host->guest_uuid);
}

static void
look_at_host (gpointer data, guint i)
{
  Look *looks = data, *self = &looks[i];
  MigrateBackend *backend = self->recovery->work->backend;

  if (self->skipped)
    return;
  g_clear_pointer (&self->host->guest_uuid, g_free);
  if (look_at_machine (self))
    look_at_guest (self);
  self->host->seen_at = backend->vtable->wall (backend);
}

static void
look_at_all (MigrateRecoveryWork *self, const char *guest, gboolean missing_only)
{
  guint n = self->hosts->len;
  g_autofree Look *looks = g_new0 (Look, n);

  for (guint i = 0; i < n; i++)
    {
      looks[i] = (Look){ .recovery = self, .host = self->hosts->pdata[i], .guest = guest };
      if (missing_only)
        {
          looks[i].seen = g_array_index (self->seen, MigrateSeen, i);
          looks[i].skipped = looks[i].seen.present || !looks[i].seen.asked;
        }
    }
  _migrate_backend_each (self->work->backend, "migrate-look", n, n, look_at_host, looks);
  for (guint i = 0; i < n; i++)
    g_array_index (self->seen, MigrateSeen, i) = looks[i].seen;
}

/* ---- who is meant ---- */

static void
drop_host (MigrateRecoveryWork *self, guint i)
{
  g_ptr_array_remove_index (self->hosts, i);
  g_array_remove_index (self->seen, i);
}

/* The first name of a machine is kept, and what only its other name knows. */
static void
merge_machines (MigrateRecoveryWork *self)
{
  for (guint i = 0; i < self->hosts->len; i++)
    for (guint k = self->hosts->len; k-- > i + 1;)
      {
        MigrateRecoveryHost *one = self->hosts->pdata[i];
        MigrateRecoveryHost *other = self->hosts->pdata[k];

        if (one->machine == NULL || g_strcmp0 (one->machine, other->machine) != 0)
          continue;
        if (one->peer_uri == NULL)
          one->peer_uri = g_steal_pointer (&other->peer_uri);
        if (one->migration_uri == NULL)
          one->migration_uri = g_steal_pointer (&other->migration_uri);
        g_ptr_array_add (one->aliases, g_strdup (other->uri));
        drop_host (self, k);
      }
}

/* A name may be several guests' on several hosts; a UUID is one guest's. */
static gboolean
learn_uuid (MigrateRecoveryWork *self, GError **error)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      MigrateRecoveryHost *host = self->hosts->pdata[i];

      if (host->guest_uuid == NULL)
        continue;
      if (self->guest_uuid != NULL && g_strcmp0 (self->guest_uuid, host->guest_uuid) != 0)
        {
          _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Name the guest by its UUID",
                              "Guest “%s” is one with UUID %s on one host, and one with UUID %s on "
                              "“%s”",
                              self->guest, self->guest_uuid, host->guest_uuid, host->shown);
          return FALSE;
        }
      if (self->guest_uuid == NULL)
        self->guest_uuid = g_strdup (host->guest_uuid);
    }
  return TRUE;
}

static gboolean
all_answered (MigrateRecoveryWork *self)
{
  for (guint i = 0; i < self->seen->len; i++)
    if (!g_array_index (self->seen, MigrateSeen, i).asked)
      return FALSE;
  return TRUE;
}

static gboolean
first_look (MigrateRecoveryWork *self, GError **error)
{
  gboolean by_name = self->guest_uuid == NULL;

  look_at_all (self, by_name ? self->guest : self->guest_uuid, FALSE);
  merge_machines (self);
  if (!learn_uuid (self, error))
    return FALSE;
  _migrate_recovery_check_job (self);
  if (by_name && self->guest_uuid != NULL)
    look_at_all (self, self->guest_uuid, TRUE); /* it may have another name there */
  if (self->guest_uuid != NULL || !all_answered (self))
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_NOT_FOUND,
                      "Name all hosts that may have it, or its job in the journal",
                      "No host that was asked knows a guest “%s”", self->guest);
  return FALSE;
}

/* ---- the platform's record ---- */

/* One that cannot be read is found out by whoever has to swap it. */
static void
read_record (MigrateRecoveryWork *self)
{
  MigrateDomain guest = { .uuid = self->guest_uuid, .name = self->guest };
  g_autoptr (GError) error = NULL;

  if (self->work->inventory == NULL || self->guest_uuid == NULL)
    return;
  for (guint i = 0; i < self->hosts->len; i++)
    {
      const MigrateRecoveryHost *host = self->hosts->pdata[i];

      if (host->guest_name != NULL)
        guest.name = host->guest_name;
    }
  g_clear_pointer (&self->record, g_free);
  _migrate_inventory_ask_get_of (self->work, &guest, &self->record, &error);
  self->no_record = g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND);
}

/* ---- until it rests ---- */

static void
judge (MigrateRecoveryWork *self, guint64 still_ms)
{
  _migrate_recovery_fill_case (self);
  self->facts.still_ms = still_ms;
  self->judgement = _migrate_case_judge (&self->facts);
  g_clear_pointer (&self->plan, g_array_unref);
  self->plan = _migrate_case_plan (&self->facts, &self->judgement);
}

static gboolean
check_stopped (MigrateRecoveryWork *self, GError **error)
{
  if (!_migrate_work_is_detached (self->work))
    return FALSE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The recovery of guest “%s” was stopped",
               self->guest);
  return TRUE;
}

gboolean
_migrate_recovery_look (MigrateRecoveryWork *self, GError **error)
{
  MigrateBackend *backend = self->work->backend;
  gint64 begun = _migrate_backend_now (backend), since = begun;
  g_autofree MigrateSeen *before = NULL;
  gsize size;

  if (!first_look (self, error))
    return FALSE;
  read_record (self);
  size = self->seen->len * sizeof (MigrateSeen);
  judge (self, 0);
  while ((gint64) self->facts.still_ms < (gint64) self->judgement.rest_ms)
    {
      gint64 now;

      g_free (before);
      before = g_memdup2 (self->seen->data, size);
      _migrate_work_sleep (self->work, LOOK_EVERY_MS);
      if (check_stopped (self, error))
        return FALSE;
      look_at_all (self, self->guest_uuid != NULL ? self->guest_uuid : self->guest, FALSE);
      _migrate_recovery_fill_case (self); /* marks the hosts as it did before the last look */
      now = _migrate_backend_now (backend);
      if (memcmp (before, self->seen->data, size) != 0)
        since = now;
      judge (self, (guint64) (now - since) / 1000);
      if (now - begun > LOOK_AT_MOST_US)
        {
          self->judgement.verdict = MIGRATE_VERDICT_UNKNOWN;
          self->judgement.reason = "what the hosts say does not come to rest";
          g_array_set_size (self->plan, 0);
          break;
        }
    }
  return TRUE;
}
