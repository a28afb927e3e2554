/* A move that was switched to post-copy: the guest runs at the destination while its memory is
 * still coming, so nothing can be taken back any more, and each side goes on with what it has. What
 * a failure leaves behind: reference/libvirt.md §2.1, experiments.md 6.
 *
 * Simplified: the switch itself takes no time, and waits until both libvirtd and the path are
 * there. */
#include "sim-private.h"

#define RECOVER_TIME (50 * SIM_MS)
#define SWITCH_DOWNTIME_MS 70

/* ---- what it looks like ---- */

static void
show (SimTransfer *self)
{
  gboolean out_failed = self->out_broken || self->given_up;

  if (self->sent)
    return;
  if (self->s == SIM_SIDE_PERFORMING && _sim_host_answers (self->source))
    _sim_domain_set_state (self->out, MIGRATE_DOMAIN_PAUSED,
                           out_failed ? MIGRATE_PAUSED_POSTCOPY_FAILED : MIGRATE_PAUSED_POSTCOPY);
  if (self->d == SIM_INCOMING_POSTCOPY && _sim_host_answers (self->destination))
    _sim_domain_set_state (self->in, MIGRATE_DOMAIN_RUNNING,
                           self->in_broken ? MIGRATE_RUNNING_POSTCOPY_FAILED
                                           : MIGRATE_RUNNING_POSTCOPY);
}

static gboolean
path_is_cut (const SimTransfer *self)
{
  return self->link->data_cut || !self->source->power || !self->destination->power;
}

gboolean
_sim_postcopy_flows (SimTransfer *self)
{
  return self->s == SIM_SIDE_PERFORMING && self->d == SIM_INCOMING_POSTCOPY && !self->out->hung
         && !self->in->hung && !path_is_cut (self) && !self->stalled && !self->out_broken
         && !self->in_broken;
}

static void
stop_copying (SimTransfer *self)
{
  _sim_copy_set (self, FALSE);
  if (self->step == SIM_STEP_POSTCOPY_SENT)
    _sim_transfer_next (self, SIM_STEP_NONE, 0);
}

/* ---- switching ---- */

const char *
_sim_postcopy_refusal (SimTransfer *self)
{
  if (!self->armed)
    return "Requested operation is not valid: switching to post-copy requires migration to be "
           "started with VIR_MIGRATE_POSTCOPY flag";
  if (self->post || self->s != SIM_SIDE_PERFORMING || self->pass == 0 || self->final
      || self->failure != NULL || self->type != MIGRATE_JOB_ACTIVE)
    return "Requested operation is not valid: post-copy can only be started while outgoing "
           "migration is in progress";
  return NULL;
}

static gboolean
driver_reaches_both (SimTransfer *self)
{
  if (self->closed || _sim_transfer_is_cut (self) || !_sim_host_answers (self->source)
      || !_sim_host_answers (self->destination))
    return FALSE;
  return !self->direct || (!self->client_dead && !self->closed_source);
}

/* Finish is what starts the CPUs there, and defines the guest. */
static void
do_switch (SimTransfer *self)
{
  self->post = self->final = TRUE;
  self->switch_asked = FALSE;
  self->left = MIN (self->left + self->dirtied, MAX (self->guest->working_set, self->left));
  self->dirtied = 0;
  self->post_total = MAX (self->left, 1);
  self->downtime_ms = SWITCH_DOWNTIME_MS;
  self->d = SIM_INCOMING_POSTCOPY;
  _sim_domain_set_cpus (self->out, FALSE);
  self->in->counter = _sim_domain_get_counter (self->out);
  self->in->persistent |= self->persist;
  show (self);
  _sim_domain_set_cpus (self->in, TRUE);
  _sim_copy_plan (self);
  _sim_trigger (self->world, SIM_AT_POSTCOPY, 0, self);
}

gboolean
_sim_postcopy_try (SimTransfer *self)
{
  if (!self->switch_asked || _sim_postcopy_refusal (self) != NULL || !driver_reaches_both (self))
    return FALSE;
  do_switch (self);
  return TRUE;
}

void
_sim_postcopy_ask (SimTransfer *self)
{
  self->switch_asked = TRUE;
  _sim_copy_plan (self);
}

/* ---- its end ---- */

static void
bury_if_over (SimTransfer *self)
{
  if (!self->unattended || self->s != SIM_SIDE_GONE
      || (self->d != SIM_INCOMING_FINISHED && self->d != SIM_INCOMING_GONE))
    return;
  self->done = TRUE;
  _sim_transfer_bury (self);
}

void
_sim_postcopy_settle (SimTransfer *self)
{
  if (self->sent && self->d == SIM_INCOMING_POSTCOPY && _sim_host_answers (self->destination))
    {
      self->d = SIM_INCOMING_FINISHED;
      _sim_domain_set_state (self->in, MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATED);
      _sim_transfer_release (self->in, self);
      if (!self->unattended)
        _sim_transfer_send (self, SIM_MSG_FINISH_REPLY, SIM_STEP_REPLIED);
    }
  if (self->sent && self->unattended && self->s == SIM_SIDE_PERFORMED
      && _sim_host_answers (self->source))
    {
      /* Undefining is Confirm's, which nobody sends. */
      self->s = SIM_SIDE_GONE;
      _sim_domain_stop (self->out, MIGRATE_SHUTOFF_MIGRATED);
      _sim_transfer_release (self->out, self);
    }
  bury_if_over (self);
}

void
_sim_postcopy_sent (SimTransfer *self)
{
  _sim_copy_settle (self);
  self->processed += self->left;
  self->left = 0;
  stop_copying (self);
  _sim_trigger (self->world, SIM_AT_POSTCOPY, 100, self);
  if (self->s != SIM_SIDE_PERFORMING || self->d != SIM_INCOMING_POSTCOPY)
    return;
  self->s = SIM_SIDE_PERFORMED;
  self->sent = self->received = TRUE;
  _sim_postcopy_settle (self);
}

/* ---- what breaks ---- */

static void
leave (SimTransfer *self)
{
  self->unattended = TRUE;
  self->recovering = FALSE;
  if (self->step == SIM_STEP_REPLIED || self->step == SIM_STEP_CONFIRM
      || self->step == SIM_STEP_POSTCOPY_RECOVER)
    _sim_transfer_next (self, SIM_STEP_NONE, 0);
}

/* Whoever drives it is told, and drives it no more. The transfer lives on. */
static void
fail_attempt (SimTransfer *self, int domain, int code, const char *message)
{
  if (self->unattended)
    return;
  leave (self);
  _sim_transfer_fail (self, domain, code, message);
  self->attempt++;
  _sim_notify (self->world, self);
}

void
_sim_postcopy_break (SimTransfer *self, gboolean out, gboolean in)
{
  if (self->sent)
    return;
  self->out_broken |= out && self->s == SIM_SIDE_PERFORMING;
  self->in_broken |= in && self->d == SIM_INCOMING_POSTCOPY;
  if (self->out_broken || self->in_broken)
    stop_copying (self);
  /* While it recovers, that is what tells its caller. */
  if (self->out_broken && !self->recovering)
    fail_attempt (self, VIR_FROM_QEMU, 9,
                  "operation failed: migration out job: post-copy phase failed");
  show (self);
}

/* The source's libvirtd takes it for broken, its QEMU goes on. */
void
_sim_postcopy_driver_lost (SimTransfer *self, int domain, int code, const char *message)
{
  if (self->unattended || self->done || self->s == SIM_SIDE_CONFIRMING)
    return;
  self->given_up = _sim_host_answers (self->source);
  fail_attempt (self, domain, code, message);
  show (self);
  _sim_postcopy_settle (self);
}

/* Killed, its libvirtd keeps a job that nobody ends before that libvirtd is restarted. */
void
_sim_postcopy_source_gone (SimTransfer *self)
{
  self->s = SIM_SIDE_GONE;
  stop_copying (self);
  if (!self->sent)
    fail_attempt (self, VIR_FROM_QEMU, 9, "operation failed: domain is no longer running");
  _sim_postcopy_look (self);
}

void
_sim_postcopy_destination_gone (SimTransfer *self)
{
  self->d = SIM_INCOMING_GONE;
  _sim_transfer_release (self->in, self);
  stop_copying (self);
  if (self->sent && self->s != SIM_SIDE_GONE)
    {
      self->sent = FALSE; /* all was there, and nobody had noticed */
      self->s = SIM_SIDE_PERFORMING;
    }
  _sim_postcopy_look (self);
}

void
_sim_postcopy_daemon_killed (SimTransfer *self, SimHost *host)
{
  if (host == self->source)
    {
      self->given_up = FALSE; /* the next one asks QEMU */
      self->driver_dead |= !self->direct;
      self->closed_source |= self->direct;
      self->closed |= !self->direct;
      self->destination_told |= !self->direct;
      if (self->s == SIM_SIDE_CONFIRMING)
        {
          self->s = SIM_SIDE_PERFORMED;
          _sim_transfer_next (self, SIM_STEP_NONE, 0);
        }
      fail_attempt (self, VIR_FROM_RPC, 38, "Cannot recv data: Connection reset by peer");
    }
  else
    {
      self->destination_told = TRUE;
      self->reset = TRUE;
      if (!_sim_transfer_is_cut (self))
        _sim_transfer_close (self);
    }
  _sim_postcopy_look (self);
}

void
_sim_postcopy_daemon_started (SimTransfer *self, SimDomain *domain)
{
  if (domain == self->out)
    self->given_up = FALSE;
  show (self);
  _sim_postcopy_settle (self);
}

void
_sim_postcopy_client_killed (SimTransfer *self)
{
  if (!self->direct || self->client_dead || self->done)
    return;
  self->client_dead = self->closed_source = TRUE;
  self->closed = self->driver_told = self->destination_told = TRUE;
  if (self->unattended || self->s == SIM_SIDE_CONFIRMING)
    return;
  self->given_up = _sim_host_answers (self->source);
  leave (self);
  show (self);
  _sim_postcopy_settle (self);
}

/* ---- the stream ---- */

static void
watch_path (SimTransfer *self)
{
  gboolean cut = path_is_cut (self);
  gboolean whole = !self->out_broken && !self->in_broken;

  if (cut == (self->cut_since > 0))
    return;
  self->stream_stamp++;
  self->cut_since = cut ? self->world->now : 0;
  if (cut && whole)
    {
      _sim_schedule (self->world, SIM_SOURCE_GIVES_UP_MS * SIM_MS, SIM_EVENT_STREAM, self,
                     self->stream_stamp);
    }
  else if (!cut && whole && self->copying)
    {
      self->stalled = TRUE;
      _sim_schedule (self->world, SIM_STREAM_BACK_MS * SIM_MS, SIM_EVENT_STREAM, self,
                     self->stream_stamp);
    }
}

void
_sim_postcopy_look (SimTransfer *self)
{
  if (self->done)
    return;
  if (!self->unattended && !self->direct && !self->source->power)
    fail_attempt (self, VIR_FROM_RPC, 38, "Cannot recv data: Connection reset by peer");
  if (!self->sent && !path_is_cut (self))
    {
      /* A kernel resets what it does not know. The source's end asks nothing of the other, so a
       * destination that only waits never hears that the source gave up. */
      if (self->s == SIM_SIDE_GONE)
        _sim_postcopy_break (self, FALSE, TRUE);
      if (self->d == SIM_INCOMING_GONE || self->in_broken)
        _sim_postcopy_break (self, TRUE, FALSE);
    }
  if (!self->sent)
    watch_path (self);
  show (self);
  _sim_copy_plan (self);
  _sim_postcopy_settle (self);
}

void
_sim_postcopy_run_stream (SimTransfer *self, guint stamp)
{
  if (stamp != self->stream_stamp || self->sent || self->done)
    return;
  if (self->cut_since == 0)
    {
      self->stalled = FALSE;
      _sim_copy_plan (self);
    }
  else if (!self->out_broken && self->s == SIM_SIDE_PERFORMING)
    {
      _sim_postcopy_break (self, TRUE, FALSE);
      _sim_schedule (self->world, (SIM_DESTINATION_GIVES_UP_MS - SIM_SOURCE_GIVES_UP_MS) * SIM_MS,
                     SIM_EVENT_STREAM, self, stamp);
    }
  else
    {
      _sim_postcopy_break (self, FALSE, TRUE);
    }
}

/* ---- going on ---- */

int
_sim_postcopy_resume (SimTransfer *self, const MigrateTransfer *request, const char **words)
{
  if (!request->postcopy)
    {
      *words = "invalid argument: flag 'VIR_MIGRATE_POSTCOPY_RESUME' requires flag "
               "'VIR_MIGRATE_POSTCOPY'";
      return 8;
    }
  if (!self->out_broken || self->recovering)
    {
      *words = "Requested operation is not valid: migration of the domain is still running";
      return 55;
    }
  self->recovering = TRUE;
  self->unattended = FALSE;
  self->direct = request->transport == MIGRATE_TRANSPORT_DIRECT;
  self->postcopy_bandwidth = request->postcopy_bandwidth;
  self->client_dead = self->driver_dead = self->reset = FALSE;
  self->closed = self->driver_told = self->destination_told = self->silent = FALSE;
  self->closed_source = self->silent_source = FALSE;
  self->quiet_since = self->quiet_source_since = 0;
  self->quiet_stamp++;
  self->quiet_source_stamp++;
  self->connected = FALSE;
  g_clear_error (&self->failure);
  _sim_transfer_next (self, SIM_STEP_POSTCOPY_RECOVER, RECOVER_TIME);
  return 0;
}

static const struct
{
  int code;
  const char *words;
} obstacles[] = {
  { 9, "operation failed: Failed to connect to remote libvirt URI: Connection refused" },
  { 9, "operation failed: Failed to connect to remote libvirt URI: No route to host" },
  { 42, "Domain not found: no domain with matching name" },
  { 55, "Requested operation is not valid: migration of the domain is still running" },
  { 9, "operation failed: unable to connect to server: No route to host" },
};

/* Why it cannot go on, as an index; -1: it can. */
static int
find_obstacle (SimTransfer *self)
{
  if (self->destination->power && self->destination->daemon == SIM_DAEMON_DOWN)
    return 0;
  if (_sim_transfer_is_cut (self))
    return 1;
  if (self->d != SIM_INCOMING_POSTCOPY)
    return 2;
  if (!self->in_broken)
    return 3;
  return path_is_cut (self) ? 4 : -1;
}

void
_sim_postcopy_recover (SimTransfer *self)
{
  int obstacle = find_obstacle (self);

  if (obstacle < 0 && (self->destination->wedged || self->destination->daemon == SIM_DAEMON_HUNG))
    {
      self->held = TRUE;
      return;
    }
  if (obstacle >= 0)
    {
      fail_attempt (self, VIR_FROM_QEMU, obstacles[obstacle].code, obstacles[obstacle].words);
      return;
    }
  _sim_transfer_next (self, SIM_STEP_NONE, 0);
  self->connected = TRUE;
  self->recovering = FALSE;
  self->out_broken = self->in_broken = self->given_up = self->stalled = FALSE;
  show (self);
  _sim_transfer_watch (self);
  _sim_copy_set (self, TRUE);
}
