/* What happens to the world: by itself in time, because a test asked for it, or when a transfer
 * gets somewhere. */
#include "sim-storage.h"

#include <string.h>

/* ---- events ---- */

static SimAction
action_copy (const SimAction *action)
{
  SimAction copy = *action;

  copy.host = g_strdup (action->host);
  copy.peer = g_strdup (action->peer);
  copy.guest = g_strdup (action->guest);
  copy.text = g_strdup (action->text);
  return copy;
}

static void
action_clear (SimAction *action)
{
  g_free ((char *) action->host);
  g_free ((char *) action->peer);
  g_free ((char *) action->guest);
  g_free ((char *) action->text);
}

void
_sim_event_free (SimEvent *event)
{
  action_clear (&event->action);
  g_free (event);
}

/* Soonest last; of equal ones, the older later. */
static void
event_insert (SimWorld *self, SimEvent *event)
{
  guint low = 0, high = self->events->len;

  event->seq = ++self->last_event;
  while (low < high)
    {
      guint middle = (low + high) / 2;
      SimEvent *other = g_ptr_array_index (self->events, middle);

      if (other->at > event->at)
        low = middle + 1;
      else
        high = middle;
    }
  g_ptr_array_insert (self->events, (gint) low, event);
}

SimEvent *
_sim_schedule (SimWorld *self, gint64 delay, SimEventKind kind, SimTransfer *transfer, guint stamp)
{
  SimEvent *event;

  if (self->tearing)
    return NULL;
  event = g_new0 (SimEvent, 1);
  event->at = self->now + delay;
  event->kind = kind;
  event->transfer = transfer;
  event->stamp = stamp;
  event_insert (self, event);
  return event;
}

void
_sim_unschedule (SimWorld *self, SimEvent *event)
{
  guint low = 0, high = self->events->len;

  while (event != NULL && low < high)
    {
      guint middle = (low + high) / 2;
      SimEvent *other = g_ptr_array_index (self->events, middle);

      if (other == event)
        {
          g_ptr_array_remove_index (self->events, middle);
          _sim_event_free (event);
          return;
        }
      if (other->at > event->at || (other->at == event->at && other->seq > event->seq))
        low = middle + 1;
      else
        high = middle;
    }
}

void
_sim_schedule_action (SimWorld *self, gint64 delay, const SimAction *action)
{
  SimEvent *event;

  if (self->tearing)
    return;
  event = g_new0 (SimEvent, 1);
  event->at = self->now + delay;
  event->kind = SIM_EVENT_ACTION;
  event->action = action_copy (action);
  event->action.after_ms = 0;
  event_insert (self, event);
}

void
_sim_run_event (SimWorld *self, SimEvent *event)
{
  if (event->kind == SIM_EVENT_ACTION)
    _sim_act (self, &event->action, event->transfer);
  else
    _sim_transfer_run (event->transfer, event);
}

/* ---- what happens to the world ---- */

static void
client_killed (SimTransfer *transfer, SimHost *host)
{
  (void) host;
  _sim_transfer_client_killed (transfer);
}

static void
each_transfer (SimWorld *self, SimHost *host, void (*func) (SimTransfer *, SimHost *))
{
  g_autoptr (GPtrArray) copy = g_ptr_array_copy (self->transfers, NULL, NULL);

  for (guint i = 0; i < copy->len; i++)
    func (g_ptr_array_index (copy, i), host);
}

static void
qemu_died (SimDomain *domain, int reason)
{
  SimTransfer *job = domain->job;

  if (!domain->active)
    return;
  if (job != NULL && !domain->incoming)
    {
      _sim_domain_stop (domain, reason);
      _sim_transfer_source_gone (job);
    }
  else if (job != NULL)
    {
      /* One that ran has crashed, one that was still arriving has failed. */
      _sim_domain_stop (domain, job->post ? reason : MIGRATE_SHUTOFF_FAILED);
      _sim_transfer_destination_gone (job);
    }
  else
    {
      _sim_domain_stop (domain, reason);
    }
}

static void
kill_daemon (SimHost *host)
{
  if (host->daemon == SIM_DAEMON_DOWN)
    return;
  host->daemon = SIM_DAEMON_DOWN;
  host->epoch++;
  each_transfer (host->world, host, _sim_transfer_daemon_killed);
  _sim_host_connections_changed (host);
}

/* libvirtd looks at what it finds: an incoming guest that never ran is killed; an outgoing one is
 * taken back if its transfer was under way, and left alone if the transfer had been performed, for
 * then only the other side knows. That memory is in status files, here in the job pointer. */
static void
start_daemon (SimHost *host)
{
  g_autoptr (GPtrArray) domains = NULL;

  if (host->daemon != SIM_DAEMON_DOWN || !host->power)
    return;
  host->daemon = SIM_DAEMON_UP;
  host->busy = 0;
  domains = g_ptr_array_copy (host->domains, NULL, NULL);
  for (guint i = 0; i < domains->len; i++)
    {
      SimDomain *domain = g_ptr_array_index (domains, i);
      SimTransfer *job = domain->job;

      _sim_life_daemon_started (domain);
      if (job == NULL)
        continue;
      if (job->post && !job->done && domain->active)
        {
          _sim_postcopy_daemon_started (job, domain);
          continue;
        }
      domain->job = NULL;
      if (!domain->active)
        continue;
      if (domain->incoming)
        {
          domain->incoming = FALSE;
          if (!domain->cpus && job->d != SIM_INCOMING_FINISHED)
            {
              _sim_domain_stop (domain, MIGRATE_SHUTOFF_FAILED);
              if (!job->done)
                _sim_transfer_destination_gone (job);
            }
        }
      else if (job->s == SIM_SIDE_CONFIRMING)
        {
          _sim_domain_stop (domain, MIGRATE_SHUTOFF_MIGRATED);
        }
      else if (job->s == SIM_SIDE_PERFORMING && domain->state == MIGRATE_DOMAIN_PAUSED
               && domain->reason == MIGRATE_PAUSED_MIGRATION && !domain->hung
               && _sim_domain_take_images (domain))
        {
          _sim_domain_set_state (domain, MIGRATE_DOMAIN_RUNNING,
                                 MIGRATE_RUNNING_MIGRATION_CANCELED);
          _sim_domain_set_cpus (domain, TRUE);
        }
    }
  _sim_host_connections_changed (host);
}

static void
kill_host (SimHost *host)
{
  g_autoptr (GPtrArray) domains = g_ptr_array_copy (host->domains, NULL, NULL);

  if (!host->power)
    return;
  host->power = FALSE;
  host->daemon = SIM_DAEMON_DOWN;
  for (guint i = 0; i < domains->len; i++)
    {
      SimDomain *domain = g_ptr_array_index (domains, i);
      SimTransfer *job = domain->job;

      if (!domain->active)
        continue;
      _sim_domain_stop (domain, 0);
      if (job != NULL && !domain->incoming)
        {
          job->s = SIM_SIDE_GONE;
          job->driver_dead |= !job->direct;
        }
      else if (job != NULL)
        {
          job->d = SIM_INCOMING_GONE;
        }
      domain->job = NULL;
    }
  /* No reset reaches anybody: the others notice by keep-alive. */
  _sim_look_at_transfers (host->world);
  _sim_host_connections_changed (host);
}

static void
start_host (SimHost *host)
{
  if (host->power)
    return;
  host->power = TRUE;
  host->daemon = SIM_DAEMON_UP;
  _sim_pools_forget_transient (host);
  host->busy = 0;
  host->epoch++;
  each_transfer (host->world, host, _sim_transfer_daemon_killed);
  for (guint i = 0; i < host->domains->len; i++)
    {
      SimDomain *domain = g_ptr_array_index (host->domains, i);

      if (domain->autostart && !domain->active && _sim_domain_take_images (domain))
        _sim_domain_boot (domain);
    }
  _sim_host_connections_changed (host);
}

static void
hang_daemon (SimHost *host, gboolean hang)
{
  if (host->daemon != (hang ? SIM_DAEMON_UP : SIM_DAEMON_HUNG))
    return;
  host->daemon = hang ? SIM_DAEMON_HUNG : SIM_DAEMON_UP;
  _sim_look_at_transfers (host->world);
  if (!hang)
    each_transfer (host->world, host, _sim_transfer_daemon_back);
  _sim_host_connections_changed (host);
  _sim_notify (host->world, host); /* those that open a connection */
}

static void
act_on_guest (SimWorld *self, const SimAction *action, SimHost *host, SimGuest *guest)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      SimHost *there = g_ptr_array_index (self->hosts, i);
      SimDomain *domain = _sim_find_domain (there, guest->uuid);

      if (domain == NULL || !domain->active || (host != NULL && host != there))
        continue;
      if (action->what == SIM_POWER_OFF)
        {
          if (domain->cpus)
            qemu_died (domain, MIGRATE_SHUTOFF_SHUTDOWN);
          continue;
        }
      if (action->what == SIM_KILL_QEMU)
        {
          qemu_died (domain, MIGRATE_SHUTOFF_CRASHED);
          continue;
        }
      domain->hung = action->what == SIM_HANG_QEMU;
      /* Stopped by the host, as a hung QEMU is, its CPUs count nothing; its state is unchanged. */
      if (domain->state == MIGRATE_DOMAIN_RUNNING)
        _sim_domain_set_cpus (domain, !domain->hung);
      if (domain->job != NULL)
        _sim_transfer_look (domain->job);
      _sim_notify (self, domain);
    }
}

/* One that was destroyed and started since is not the one that was asked. */
static void
end_by_itself (SimWorld *self, const SimAction *action, SimHost *host, SimGuest *guest)
{
  SimDomain *domain = _sim_find_domain (host, guest->uuid);

  if (domain == NULL)
    return;
  if (action->what == SIM_END_SAVE)
    _sim_life_end_save (domain, action->text);
  else if (action->what == SIM_END_RESTORE)
    _sim_life_end_restore (domain, g_strcmp0 (action->text, "paused") == 0);
  else if (domain->cpus && domain->shut_down_at > 0 && domain->shut_down_at <= self->now)
    qemu_died (domain, MIGRATE_SHUTOFF_SHUTDOWN);
}

static void
act_on_link (SimWorld *self, const SimAction *action, SimHost *host, SimHost *peer)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      SimLink *link = g_ptr_array_index (self->links, i);

      if ((link->a != host && link->b != host)
          || (peer != NULL && link->a != peer && link->b != peer))
        continue;
      if (action->what == SIM_CUT_LINK || action->what == SIM_CUT_DAEMONS)
        link->daemons_cut = TRUE;
      if (action->what == SIM_CUT_LINK || action->what == SIM_CUT_DATA)
        link->data_cut = TRUE;
      if (action->what == SIM_RESTORE_LINK)
        link->daemons_cut = link->data_cut = FALSE;
    }
  _sim_look_at_transfers (self);
}

/* The operator cuts a connection, or somebody else orders something, at all transfers of a guest.
 */
static void
act_on_transfers (SimWorld *self, const SimAction *action, SimGuest *guest)
{
  g_autoptr (GPtrArray) copy = g_ptr_array_copy (self->transfers, NULL, NULL);

  for (guint i = 0; i < copy->len; i++)
    {
      SimTransfer *transfer = g_ptr_array_index (copy, i);

      if (transfer->guest != guest)
        continue;
      if (action->what == SIM_START_POSTCOPY)
        {
          if (_sim_postcopy_refusal (transfer) == NULL)
            _sim_postcopy_ask (transfer);
        }
      else if (action->what == SIM_FAIL_MIRROR)
        {
          _sim_mirror_break (transfer, action->peer,
                             action->text != NULL ? action->text : "Input/output error");
        }
      else if (transfer->post)
        {
          _sim_postcopy_break (transfer, action->what != SIM_RESET_STREAM,
                               action->what != SIM_BREAK_STREAM_HALF);
          _sim_postcopy_look (transfer);
        }
      else if (transfer->copying && transfer->failure == NULL)
        {
          _sim_transfer_close_stream (transfer);
          _sim_transfer_cancel (transfer, VIR_FROM_QEMU, 9,
                                "operation failed: Unable to write to socket: Broken pipe");
        }
    }
}

static SimGuest *
guest_of_action (SimWorld *self, const SimAction *action, SimTransfer *transfer)
{
  return action->guest == NULL && transfer != NULL ? transfer->guest
                                                   : _sim_need_guest (self, action->guest);
}

static SimHost *
host_of_action (SimWorld *self, const char *name, SimTransfer *transfer)
{
  if (name == NULL)
    return NULL;
  if (transfer != NULL && g_str_equal (name, "source"))
    return transfer->source;
  if (transfer != NULL && g_str_equal (name, "destination"))
    return transfer->destination;
  return _sim_need_host (self, name);
}

static void
act_on_host (SimWorld *self, const SimAction *action, SimHost *host)
{
  switch (action->what)
    {
    case SIM_KILL_LIBVIRTD:
      kill_daemon (host);
      break;
    case SIM_START_LIBVIRTD:
      start_daemon (host);
      break;
    case SIM_HANG_LIBVIRTD:
    case SIM_UNHANG_LIBVIRTD:
      hang_daemon (host, action->what == SIM_HANG_LIBVIRTD);
      break;
    case SIM_WEDGE:
    case SIM_UNWEDGE:
      host->wedged = action->what == SIM_WEDGE;
      _sim_notify (self, host);
      _sim_look_at_transfers (self);
      break;
    case SIM_KILL_HOST:
      kill_host (host);
      break;
    case SIM_START_HOST:
      start_host (host);
      break;
    case SIM_CUT_CONTROL:
    case SIM_RESTORE_CONTROL:
      host->control_cut = action->what == SIM_CUT_CONTROL;
      _sim_look_at_transfers (self);
      _sim_host_connections_changed (host);
      _sim_notify (self, host);
      break;
    case SIM_REFUSE_PREPARE:
      g_free (host->refuse_prepare);
      host->refuse_prepare = g_strdup (action->text != NULL ? action->text : "refused");
      break;
    case SIM_FAIL_PERSIST:
      host->fail_persist = TRUE;
      break;
    default:
      g_assert_not_reached ();
    }
}

void
_sim_act (SimWorld *self, const SimAction *action, SimTransfer *transfer)
{
  SimHost *host = host_of_action (self, action->host, transfer);

  if (action->after_ms > 0)
    {
      SimAction later = *action;

      if (host != NULL)
        later.host = host->name;
      if (action->peer != NULL)
        later.peer = host_of_action (self, action->peer, transfer)->name;
      if (later.guest == NULL && transfer != NULL)
        later.guest = transfer->guest->name;
      _sim_schedule_action (self, (gint64) action->after_ms * SIM_MS, &later);
      return;
    }
  switch (action->what)
    {
    case SIM_KILL_QEMU:
    case SIM_HANG_QEMU:
    case SIM_UNHANG_QEMU:
    case SIM_POWER_OFF:
      act_on_guest (self, action, host, guest_of_action (self, action, transfer));
      break;
    case SIM_END_SAVE:
    case SIM_END_RESTORE:
    case SIM_END_SHUT_DOWN:
      end_by_itself (self, action, host, guest_of_action (self, action, transfer));
      break;
    case SIM_FAIL_MIRROR:
    case SIM_START_POSTCOPY:
    case SIM_BREAK_STREAM:
    case SIM_BREAK_STREAM_HALF:
    case SIM_RESET_STREAM:
      act_on_transfers (self, action, guest_of_action (self, action, transfer));
      break;
    case SIM_CUT_LINK:
    case SIM_CUT_DAEMONS:
    case SIM_CUT_DATA:
    case SIM_RESTORE_LINK:
      act_on_link (self, action, host, host_of_action (self, action->peer, transfer));
      break;
    case SIM_KILL_CLIENT:
      each_transfer (self, NULL, client_killed);
      break;
    case SIM_CALL:
      {
        GThread *before = self->holder;

        g_atomic_pointer_set (&self->holder, g_thread_self ());
        action->func (self, action->data);
        g_atomic_pointer_set (&self->holder, before);
        break;
      }
    default:
      if (host == NULL)
        g_error ("sim: an action needs its host");
      act_on_host (self, action, host);
    }
}

void
sim_world_do (SimWorld *self, const SimAction *action)
{
  _sim_lock (self);
  _sim_act (self, action, NULL);
  if (self->holder != g_thread_self ())
    _sim_dispatch (self);
  _sim_unlock (self);
}

void
sim_world_at (SimWorld *self, SimAt when, guint arg, const SimAction *action)
{
  SimTrigger *trigger;

  _sim_lock (self);
  if (when == SIM_AT_TIME)
    {
      _sim_schedule_action (self, ((gint64) arg + action->after_ms) * SIM_MS, action);
    }
  else
    {
      trigger = g_new0 (SimTrigger, 1);
      trigger->when = when;
      trigger->arg = arg;
      trigger->action = action_copy (action);
      g_ptr_array_add (self->triggers, trigger);
    }
  _sim_unlock (self);
}

static void
trigger_free (SimTrigger *self)
{
  action_clear (&self->action);
  g_free (self);
}

static gboolean
trigger_matches (const SimTrigger *self, SimAt when, const SimTransfer *transfer)
{
  return self->when == when
         && (self->action.guest == NULL || g_str_equal (self->action.guest, transfer->guest->name)
             || g_str_equal (self->action.guest, transfer->guest->uuid));
}

void
_sim_trigger (SimWorld *self, SimAt when, guint arg, SimTransfer *transfer)
{
  for (guint i = 0; i < self->triggers->len;)
    {
      SimTrigger *trigger = g_ptr_array_index (self->triggers, i);

      if (!trigger_matches (trigger, when, transfer) || trigger->arg > arg)
        {
          i++;
          continue;
        }
      g_ptr_array_remove_index (self->triggers, i);
      _sim_act (self, &trigger->action, transfer);
      trigger_free (trigger);
    }
}

void
_sim_trigger_nth (SimWorld *self, SimAt when, guint n)
{
  for (guint i = 0; i < self->triggers->len;)
    {
      SimTrigger *trigger = g_ptr_array_index (self->triggers, i);

      if (trigger->when != when || trigger->arg != n)
        {
          i++;
          continue;
        }
      g_ptr_array_remove_index (self->triggers, i);
      _sim_act (self, &trigger->action, NULL);
      trigger_free (trigger);
    }
}

void
sim_world_disarm (SimWorld *self)
{
  _sim_lock (self);
  self->stop_at_point = self->stop_at_call = 0;
  _sim_disarm_calls (self);
  for (guint i = self->triggers->len; i > 0; i--)
    trigger_free (g_ptr_array_remove_index (self->triggers, i - 1));
  memset (self->lose, 0, sizeof self->lose);
  _sim_unlock (self);
}

/* The next percentage at which something is to happen, or G_MAXUINT. */
guint
_sim_next_percent (SimWorld *self, SimTransfer *transfer, SimAt when, guint from)
{
  guint next = G_MAXUINT;

  for (guint i = 0; i < self->triggers->len; i++)
    {
      SimTrigger *trigger = g_ptr_array_index (self->triggers, i);

      if (trigger_matches (trigger, when, transfer) && trigger->arg >= from)
        next = MIN (next, trigger->arg);
    }
  return next;
}

void
sim_world_lose (SimWorld *self, SimMessage message, guint nth)
{
  _sim_lock (self);
  self->lose[message] = nth;
  _sim_unlock (self);
}
