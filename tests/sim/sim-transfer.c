/* The move under way: what travels between whom, and what each side learns when something breaks.
 * What a failure leaves behind follows from that: reference/libvirt.md §2.1, experiments.md 1, 2.
 */
#include "sim-private.h"

#include <errno.h>
#include <string.h>

#define ABORT_TIME (50 * SIM_MS)
#define PEER_KEEPALIVE_TIME (29000 * SIM_MS)

static void tell (SimTransfer *self);

/* ---- steps ---- */

void
_sim_transfer_next (SimTransfer *self, SimStep step, gint64 delay)
{
  _sim_unschedule (self->world, self->pending);
  self->pending = NULL;
  self->held = FALSE;
  self->step = step;
  if (step != SIM_STEP_NONE)
    self->pending = _sim_schedule (self->world, delay, SIM_EVENT_STEP, self, 0);
}

/* Whose libvirtd does it; NULL: a QEMU, or our own process. */
SimHost *
_sim_transfer_get_actor (SimTransfer *self)
{
  switch (self->step)
    {
    case SIM_STEP_PREPARE:
    case SIM_STEP_PREPARED:
    case SIM_STEP_FINISH:
    case SIM_STEP_STARTED:
    case SIM_STEP_FINISHED:
    case SIM_STEP_CANCEL_DESTINATION:
      return self->destination;
    case SIM_STEP_CONNECT:
    case SIM_STEP_SEND_FINISH:
    case SIM_STEP_REPLIED:
    case SIM_STEP_CANCEL_SEND:
    case SIM_STEP_POSTCOPY_RECOVER:
      return self->direct ? NULL : self->source;
    case SIM_STEP_MIRRORED:
    case SIM_STEP_PASS_END:
    case SIM_STEP_LAST_SENT:
    case SIM_STEP_POSTCOPY_SENT:
    case SIM_STEP_NONE:
      return NULL;
    case SIM_STEP_CANCEL_SOURCE:
      return self->closed_source ? NULL : self->source;
    default:
      return self->source;
    }
}

gboolean
_sim_transfer_is_cut (SimTransfer *self)
{
  if (self->link == NULL)
    return FALSE;
  if (!self->destination->power)
    return TRUE;
  if (self->direct)
    return self->destination->control_cut;
  return !self->source->power || self->link->daemons_cut;
}

static gboolean
cut_to_source (SimTransfer *self)
{
  return self->direct && (!self->source->power || self->source->control_cut);
}

/* The step begins when a message arrives that travels between driver and destination. */
static gboolean
step_is_message (SimTransfer *self)
{
  switch (self->step)
    {
    case SIM_STEP_PREPARE:
    case SIM_STEP_PERFORM:
    case SIM_STEP_FINISH:
    case SIM_STEP_REPLIED:
    case SIM_STEP_CANCEL_DESTINATION:
      return TRUE;
    case SIM_STEP_CANCEL_SOURCE:
      return self->connected && !self->closed;
    default:
      return FALSE;
    }
}

static gboolean
driver_answers (SimTransfer *self)
{
  if (self->direct)
    return !self->client_dead;
  return !self->driver_dead && _sim_host_answers (self->source);
}

/* A message is lost, and with it the connection: both ends will notice. */
void
_sim_transfer_lose (SimTransfer *self, gboolean to_destination)
{
  _sim_transfer_next (self, SIM_STEP_NONE, 0);
  if (to_destination)
    {
      self->silent = TRUE;
      self->quiet_since = self->world->now;
      _sim_schedule (self->world, PEER_KEEPALIVE_TIME, SIM_EVENT_KEEPALIVE, self,
                     ++self->quiet_stamp);
    }
  else
    {
      self->silent_source = TRUE;
      self->quiet_source_since = self->world->now;
      _sim_schedule (self->world, PEER_KEEPALIVE_TIME, SIM_EVENT_KEEPALIVE_SOURCE, self,
                     ++self->quiet_source_stamp);
    }
}

/* A message on its way, which begins the step when it arrives. */
void
_sim_transfer_send (SimTransfer *self, SimMessage message, SimStep step)
{
  gboolean to_destination = message == SIM_MSG_PREPARE || message == SIM_MSG_PREPARE_REPLY
                            || message == SIM_MSG_FINISH || message == SIM_MSG_FINISH_REPLY;

  if (!to_destination && !self->direct)
    {
      _sim_transfer_next (self, step, 0); /* within the source's libvirtd */
      return;
    }
  if (++self->world->sent[message] == self->world->lose[message])
    _sim_transfer_lose (self, to_destination);
  else
    _sim_transfer_next (self, step, SIM_MESSAGE_TIME);
}

void
_sim_transfer_fail (SimTransfer *self, int domain, int code, const char *message)
{
  g_autofree char *doing
    = g_strdup_printf ("Cannot transfer guest “%s” from “sim://%s/%s”", self->guest->name,
                       self->world->name, self->source->name);

  g_free (self->out->messages);
  self->out->messages = g_strdup (message);
  if (self->failure == NULL)
    _sim_set_error (&self->failure, TRUE, domain, code,
                    strstr (message, "refused") != NULL ? ECONNREFUSED : 0, doing, message);
}

void
_sim_transfer_release (SimDomain *domain, SimTransfer *self)
{
  if (domain == NULL || domain->job != self)
    return;
  domain->job = NULL;
  domain->incoming = FALSE;
  _sim_notify (self->world, domain);
}

/* Nothing of it is under way any more. */
void
_sim_transfer_bury (SimTransfer *self)
{
  _sim_copy_set (self, FALSE);
  _sim_transfer_next (self, SIM_STEP_NONE, 0);
  _sim_unschedule (self->world, self->percent);
  self->percent = NULL;
  self->quiet_stamp++;
  self->quiet_source_stamp++;
  if (g_ptr_array_remove (self->world->transfers, self))
    g_ptr_array_add (self->world->attic, self);
}

/* What its caller waits for is over. What the destination has still to do or to learn, it does. */
void
_sim_transfer_end (SimTransfer *self)
{
  gboolean pending = self->d == SIM_INCOMING_PREPARING || self->d == SIM_INCOMING_PREPARED
                     || self->d == SIM_INCOMING_FINISHING;

  self->done = TRUE;
  if (self->source->daemon != SIM_DAEMON_DOWN)
    _sim_transfer_release (self->out, self);
  if (!pending)
    _sim_transfer_release (self->in, self);
  if (!pending || self->destination_told)
    _sim_transfer_bury (self);
  _sim_copy_set (self, FALSE);
  _sim_notify (self->world, self);
}

/* ---- taking it back ---- */

/* The stream is closed: an incoming QEMU that has not got everything ends by itself. */
void
_sim_transfer_close_stream (SimTransfer *self)
{
  SimDomain *in = self->in;

  if (self->d != SIM_INCOMING_PREPARING && self->d != SIM_INCOMING_PREPARED)
    return;
  if (self->received || in->hung || self->link->data_cut || !self->destination->power)
    return;
  self->d = SIM_INCOMING_GONE;
  _sim_transfer_release (in, self);
  _sim_domain_stop (in, MIGRATE_SHUTOFF_FAILED);
}

/* The destination's libvirtd kills what came in and was not finished. */
void
_sim_transfer_kill_incoming (SimTransfer *self)
{
  SimDomain *in = self->in;

  if (self->d != SIM_INCOMING_PREPARING && self->d != SIM_INCOMING_PREPARED
      && self->d != SIM_INCOMING_FINISHING)
    return;
  self->d = SIM_INCOMING_GONE;
  _sim_transfer_release (in, self);
  _sim_domain_stop (in, MIGRATE_SHUTOFF_FAILED);
}

/* The source's libvirtd: as it was before. A guest that somebody suspended in mid-copy is resumed
 * too, for its state then says "migrating" as well. */
void
_sim_transfer_take_back (SimTransfer *self)
{
  SimDomain *out = self->out;

  if (self->s == SIM_SIDE_GONE || !out->active || self->was_paused)
    return;
  if (out->state != MIGRATE_DOMAIN_PAUSED || out->reason != MIGRATE_PAUSED_MIGRATION || out->hung)
    return;
  if (!_sim_domain_take_images (out))
    return; /* as libvirt then says only in its log */
  _sim_domain_set_state (out, MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATION_CANCELED);
  _sim_domain_set_cpus (out, TRUE);
}

/* The driver gives up: Finish(cancel) at the destination, then Confirm(cancel) at the source. */
void
_sim_transfer_cancel (SimTransfer *self, int domain, int code, const char *message)
{
  _sim_transfer_fail (self, domain, code, message);
  _sim_copy_set (self, FALSE);
  if (self->s == SIM_SIDE_PERFORMED)
    self->s = SIM_SIDE_PERFORMING;
  _sim_transfer_next (self, SIM_STEP_CANCEL_SEND, SIM_MESSAGE_TIME);
}

/* ---- who learns what ---- */

/* The driver knows that its connection to the destination is gone. */
static void
driver_lost_destination (SimTransfer *self)
{
  const char *message = self->quiet_since > 0
                          ? "internal error: connection closed due to keepalive timeout"
                          : "internal error: client socket is closed";

  if (self->post)
    _sim_postcopy_driver_lost (self, VIR_FROM_QEMU, 9,
                               "operation failed: Lost connection to destination host");
  else if (self->failure != NULL)
    _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, SIM_MESSAGE_TIME);
  else if (self->s == SIM_SIDE_CONFIRMING)
    return;
  else if (self->s == SIM_SIDE_PERFORMING && self->direct)
    return; /* the client finds out when it sends Finish */
  else
    _sim_transfer_cancel (self, VIR_FROM_RPC, 1, message);
}

/* The source's libvirtd knows that the client of a direct transfer is gone. */
void
_sim_transfer_source_lost_client (SimTransfer *self)
{
  if (self->post)
    {
      _sim_postcopy_driver_lost (self, VIR_FROM_RPC, 38,
                                 "Cannot recv data: Connection reset by peer");
    }
  else if (self->s == SIM_SIDE_BEGUN)
    {
      _sim_transfer_release (self->out, self);
    }
  else if (self->s == SIM_SIDE_PERFORMING)
    {
      _sim_copy_set (self, FALSE);
      _sim_transfer_next (self, SIM_STEP_NONE, 0);
      _sim_transfer_take_back (self);
      _sim_transfer_release (self->out, self);
    }
  else if (self->s == SIM_SIDE_PERFORMED)
    {
      _sim_transfer_release (self->out, self); /* paused (migrating), and nobody to resume it */
    }
}

void
_sim_transfer_client_lost_source (SimTransfer *self)
{
  if (self->post)
    {
      _sim_postcopy_driver_lost (self, VIR_FROM_RPC, 38,
                                 "Cannot recv data: Connection reset by peer");
      return;
    }
  if (self->failure == NULL && self->s == SIM_SIDE_PERFORMED
      && (self->step == SIM_STEP_FINISH || self->step == SIM_STEP_STARTED
          || self->step == SIM_STEP_FINISHED || self->step == SIM_STEP_REPLIED))
    return; /* it finds out when it sends Confirm */
  if (self->d == SIM_INCOMING_FINISHED && self->failure == NULL)
    {
      _sim_transfer_end (self); /* libvirt only logs it */
      return;
    }
  _sim_transfer_cancel (self, VIR_FROM_RPC, 38, "Cannot recv data: Connection reset by peer");
}

/* The connection between driver and destination is closed; each end acts when it can. */
static void
tell (SimTransfer *self)
{
  if (!self->closed || (self->done && self->destination_told))
    return;
  if (!self->driver_told && driver_answers (self) && !self->done)
    {
      self->driver_told = TRUE;
      driver_lost_destination (self);
    }
  if (!self->destination_told && self->destination != NULL && _sim_host_answers (self->destination))
    {
      self->destination_told = TRUE;
      if (self->d == SIM_INCOMING_PREPARING || self->d == SIM_INCOMING_PREPARED)
        {
          _sim_transfer_kill_incoming (self);
          _sim_transfer_destination_gone (self);
        }
    }
  if ((self->done || self->driver_dead || self->client_dead) && !self->post
      && self->d != SIM_INCOMING_FINISHING
      && (self->destination_told || self->d == SIM_INCOMING_GONE || self->d == SIM_INCOMING_NONE))
    {
      _sim_copy_set (self, FALSE);
      self->done = TRUE;
      _sim_transfer_bury (self);
    }
}

void
_sim_transfer_close (SimTransfer *self)
{
  self->closed = TRUE;
  tell (self);
}

static void
watch (SimTransfer *self, gboolean quiet, gint64 *since, guint *stamp, SimEventKind kind)
{
  gint64 time = !self->direct ? PEER_KEEPALIVE_TIME : (gint64) self->world->keepalive_ms * SIM_MS;

  if (quiet == (*since > 0))
    return;
  (*stamp)++;
  *since = quiet ? self->world->now : 0;
  if (quiet && time > 0)
    _sim_schedule (self->world, time, kind, self, *stamp);
}

void
_sim_transfer_watch (SimTransfer *self)
{
  gboolean quiet;

  if (self->destination != NULL && self->connected && !self->closed)
    {
      quiet = self->silent || _sim_transfer_is_cut (self)
              || self->destination->daemon == SIM_DAEMON_HUNG
              || (!self->direct && self->source->daemon == SIM_DAEMON_HUNG);
      watch (self, quiet, &self->quiet_since, &self->quiet_stamp, SIM_EVENT_KEEPALIVE);
    }
  if (self->direct && !self->closed_source)
    {
      quiet
        = self->silent_source || cut_to_source (self) || self->source->daemon == SIM_DAEMON_HUNG;
      watch (self, quiet, &self->quiet_source_since, &self->quiet_source_stamp,
             SIM_EVENT_KEEPALIVE_SOURCE);
    }
}

gboolean
_sim_transfer_must_wait (SimTransfer *self)
{
  SimHost *host = _sim_transfer_get_actor (self);

  if (host != NULL && host->daemon == SIM_DAEMON_HUNG)
    return TRUE;
  if (step_is_message (self) && _sim_transfer_is_cut (self))
    return TRUE;
  return self->direct && !self->closed_source
         && (self->step == SIM_STEP_CONFIRM || self->step == SIM_STEP_SEND_FINISH
             || self->step == SIM_STEP_PERFORM)
         && cut_to_source (self);
}

void
_sim_transfer_look (SimTransfer *self)
{
  _sim_transfer_watch (self);
  if (self->reset && !self->closed && !_sim_transfer_is_cut (self))
    _sim_transfer_close (self);
  if (self->post)
    {
      _sim_postcopy_look (self);
    }
  else if (self->copying)
    {
      if (self->d == SIM_INCOMING_GONE && !self->link->data_cut && self->destination->power)
        _sim_transfer_destination_gone (self); /* it only now sees that the stream is closed */
      else
        _sim_copy_plan (self);
    }
  if (self->step == SIM_STEP_CANCEL_DESTINATION && self->pending == NULL && !self->held
      && self->in != NULL && !self->in->hung)
    _sim_transfer_next (self, SIM_STEP_CANCEL_DESTINATION, 0);
  if (self->held && !_sim_transfer_must_wait (self))
    _sim_transfer_next (self, self->step, 0);
}

void
_sim_transfer_daemon_back (SimTransfer *self, SimHost *host)
{
  tell (self);
  if (host == self->destination && self->done && self->d == SIM_INCOMING_FINISHING)
    _sim_transfer_next (self, SIM_STEP_STARTED, SIM_FINISH_TIME);
  _sim_transfer_look (self);
}

/* ---- what others did to it ---- */

void
_sim_transfer_source_gone (SimTransfer *self)
{
  SimSourceSide before = self->s;

  if (self->post)
    {
      _sim_postcopy_source_gone (self);
      return;
    }
  self->s = SIM_SIDE_GONE;
  _sim_copy_set (self, FALSE);
  if (self->done)
    return;
  if (before == SIM_SIDE_PERFORMED || before == SIM_SIDE_CONFIRMING)
    return; /* the answer of Finish is still awaited */
  if (self->failure == NULL || self->step != SIM_STEP_CANCEL_SOURCE)
    {
      _sim_transfer_close_stream (self);
      _sim_transfer_cancel (self, VIR_FROM_QEMU, 9,
                            "operation failed: domain is no longer running");
    }
}

void
_sim_transfer_destination_gone (SimTransfer *self)
{
  gboolean heard = _sim_host_answers (self->destination) && !_sim_transfer_is_cut (self)
                   && !self->silent && !self->closed;

  if (self->post)
    {
      _sim_postcopy_destination_gone (self);
      return;
    }
  self->d = SIM_INCOMING_GONE;
  _sim_transfer_release (self->in, self);
  if (self->done)
    {
      _sim_transfer_bury (self);
      return;
    }
  if (self->failure != NULL)
    {
      if (self->step == SIM_STEP_CANCEL_DESTINATION)
        _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, SIM_MESSAGE_TIME);
      return;
    }
  if (self->s == SIM_SIDE_BEGUN && self->pass == 0)
    {
      if (heard)
        _sim_transfer_cancel (self, VIR_FROM_QEMU, 1,
                              "internal error: QEMU unexpectedly closed the monitor");
    }
  else if (self->s == SIM_SIDE_PERFORMING)
    {
      if (self->link->data_cut || !self->destination->power)
        _sim_copy_plan (self);
      else
        _sim_transfer_cancel (self, VIR_FROM_QEMU, 9,
                              "operation failed: Unable to write to socket: Broken pipe");
    }
  else if (self->s == SIM_SIDE_PERFORMED && heard)
    {
      _sim_transfer_cancel (self, VIR_FROM_QEMU, 9,
                            "operation failed: domain is no longer running");
    }
}

static void
source_daemon_killed (SimTransfer *self)
{
  gboolean destination_acts = _sim_transfer_get_actor (self) == self->destination
                              && self->step != SIM_STEP_PREPARE && self->step != SIM_STEP_FINISH;

  if (self->direct)
    {
      _sim_copy_set (self, FALSE);
      if (_sim_transfer_get_actor (self) == self->source)
        _sim_transfer_next (self, SIM_STEP_NONE, 0);
      self->closed_source = TRUE;
      if (!self->client_dead && !self->done)
        _sim_transfer_client_lost_source (self);
      return;
    }
  self->driver_dead = TRUE;
  _sim_copy_set (self, FALSE);
  if (!destination_acts)
    _sim_transfer_next (self, SIM_STEP_NONE, 0);
  self->done = TRUE;
  self->reset = TRUE;
  if (!self->connected || !_sim_transfer_is_cut (self))
    _sim_transfer_close (self);
  else
    _sim_transfer_watch (self); /* the destination will notice by keep-alive */
  _sim_notify (self->world, self);
}

static void
destination_daemon_killed (SimTransfer *self)
{
  if (_sim_transfer_get_actor (self) == self->destination)
    _sim_transfer_next (self, SIM_STEP_NONE, 0);
  self->destination_told = TRUE; /* its restart decides */
  if (self->driver_dead || self->client_dead || self->done)
    {
      _sim_transfer_bury (self);
      return;
    }
  self->reset = TRUE;
  if (!_sim_transfer_is_cut (self))
    _sim_transfer_close (self);
}

void
_sim_transfer_daemon_killed (SimTransfer *self, SimHost *host)
{
  if (self->post)
    {
      if (host == self->source || host == self->destination)
        _sim_postcopy_daemon_killed (self, host);
    }
  else if (host == self->source)
    source_daemon_killed (self);
  else if (host == self->destination && self->connected && !self->destination_told)
    destination_daemon_killed (self);
}

void
_sim_transfer_client_killed (SimTransfer *self)
{
  SimStep step = self->step;

  if (self->post)
    {
      _sim_postcopy_client_killed (self);
      return;
    }
  if (!self->direct || self->client_dead || self->done)
    return;
  self->client_dead = TRUE;
  if (!self->closed_source)
    {
      self->closed_source = TRUE;
      _sim_transfer_source_lost_client (self);
    }
  if (step != SIM_STEP_STARTED && step != SIM_STEP_FINISHED && step != SIM_STEP_PREPARED)
    _sim_transfer_next (self, SIM_STEP_NONE, 0);
  _sim_transfer_close (self);
}

void
_sim_transfer_abort (SimTransfer *self)
{
  if (self->type == MIGRATE_JOB_CANCELLED || self->failure != NULL)
    return;
  self->type = MIGRATE_JOB_CANCELLED;
  if (self->s == SIM_SIDE_PERFORMING)
    _sim_schedule (self->world, ABORT_TIME, SIM_EVENT_ABORT, self, 0);
}

void
_sim_transfer_run_abort (SimTransfer *self)
{
  if (self->done || self->failure != NULL || self->s != SIM_SIDE_PERFORMING)
    return; /* too late, or over */
  _sim_transfer_cancel (self, VIR_FROM_QEMU, 78,
                        "operation aborted: migration out job: canceled by client");
}
