/* The move as libvirt's protocol: Begin, Prepare, Perform, Finish, Confirm. A chain of steps, each
 * done by one libvirtd or one QEMU, in the world's own time: a peer-to-peer move has no thread, so
 * it goes on when whoever asked for it is gone. */
#include "sim-storage.h"

#define BEGIN_TIME (10 * SIM_MS)
#define PREPARE_TIME (300 * SIM_MS)
#define SETUP_TIME (20 * SIM_MS)
#define SWITCH_TIME (70 * SIM_MS) /* what a switch-over costs beside the copy */
#define CONFIRM_TIME (20 * SIM_MS)
#define NO_ROUTE_TIME (3000 * SIM_MS)

static void
do_begin (SimTransfer *self)
{
  self->s = SIM_SIDE_BEGUN;
  _sim_transfer_send (self, SIM_MSG_BEGIN_REPLY, SIM_STEP_CONNECT);
  _sim_trigger (self->world, SIM_AT_BEGIN, 0, self);
}

static void
do_connect (SimTransfer *self)
{
  SimHost *host = self->destination;

  if (host == NULL || (host->power && host->daemon == SIM_DAEMON_DOWN))
    {
      _sim_transfer_fail (self, self->direct ? VIR_FROM_RPC : VIR_FROM_QEMU, self->direct ? 38 : 9,
                          self->direct
                            ? "Failed to connect socket: Connection refused"
                            : "operation failed: Failed to connect to remote libvirt URI: "
                              "Connection refused");
      _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, SIM_MESSAGE_TIME);
      return;
    }
  if (host == self->source)
    {
      g_autofree char *text = g_strdup_printf (
        "internal error: Attempt to migrate guest to the same host %s", host->uuid);

      _sim_transfer_fail (self, VIR_FROM_QEMU, 1, text);
      _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, SIM_MESSAGE_TIME);
      return;
    }
  if (_sim_transfer_is_cut (self))
    {
      _sim_transfer_fail (
        self, VIR_FROM_QEMU, 9,
        "operation failed: Failed to connect to remote libvirt URI: No route to host");
      _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, NO_ROUTE_TIME);
      return;
    }
  if (host->wedged || host->daemon == SIM_DAEMON_HUNG)
    {
      self->held = TRUE; /* connects, and gets no answer: no keep-alive yet, so for ever */
      return;
    }
  self->connected = TRUE;
  _sim_transfer_watch (self);
  _sim_transfer_send (self, SIM_MSG_PREPARE, SIM_STEP_PREPARE);
}

/* Why the destination would not have it, or NULL. */
static char *
refusal (SimTransfer *self, int *code)
{
  SimHost *host = self->destination;

  if (host->refuse_prepare != NULL)
    {
      *code = 9;
      return g_steal_pointer (&host->refuse_prepare);
    }
  if (g_str_equal (host->uuid, self->source->uuid))
    {
      *code = 1;
      return g_strdup_printf ("internal error: Attempt to migrate guest to the same host %s",
                              host->uuid);
    }
  for (guint i = 0; i < host->domains->len; i++)
    {
      SimDomain *domain = g_ptr_array_index (host->domains, i);
      gboolean same_uuid = g_str_equal (domain->guest->uuid, self->guest->uuid);
      gboolean same_name = g_str_equal (domain->guest->name, self->guest->name);

      if (same_uuid && same_name && domain->active)
        {
          *code = 55;
          return g_strdup_printf ("Requested operation is not valid: domain is already active "
                                  "as '%s'",
                                  domain->guest->name);
        }
      if (same_uuid != same_name)
        {
          *code = 9;
          return g_strdup_printf ("operation failed: domain '%s' already exists with uuid %s",
                                  domain->guest->name, domain->guest->uuid);
        }
    }
  return NULL;
}

/* Its QEMU starts: with what libvirt makes of the disks first. The caller's words. */
static char *
open_disks (SimTransfer *self, int *code)
{
  const char *xml = self->dest_xml != NULL ? self->dest_xml : self->out->xml;
  const char *words = _sim_mirror_prepare (self, xml, code);
  g_autoptr (GPtrArray) mirrored = NULL;
  SimDomain there = { .host = self->destination, .guest = self->guest };

  if (words != NULL)
    return g_strdup (words);
  mirrored = _sim_mirror_list (self);
  return _sim_disks_refusal (&there, xml, TRUE, mirrored, code);
}

static void
do_prepare (SimTransfer *self)
{
  g_autofree char *text = NULL;
  int code = 0;

  _sim_trigger (self->world, SIM_AT_PREPARE, 0, self);
  if (self->step != SIM_STEP_PREPARE || !_sim_host_answers (self->destination))
    {
      self->held = self->step == SIM_STEP_PREPARE && self->destination->daemon == SIM_DAEMON_HUNG;
      return;
    }
  text = refusal (self, &code);
  if (text == NULL)
    text = open_disks (self, &code);
  if (text != NULL)
    {
      _sim_transfer_fail (self, VIR_FROM_QEMU, code, text);
      _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, SIM_MESSAGE_TIME);
      return;
    }
  self->in = _sim_find_domain (self->destination, self->guest->uuid);
  if (self->in == NULL)
    self->in = _sim_domain_new (self->destination, self->guest);
  g_free (self->in->xml);
  self->in->xml = g_strdup (self->dest_xml != NULL ? self->dest_xml : self->out->xml);
  self->in->active = TRUE;
  self->in->released = TRUE; /* images are taken at the switch */
  self->in->boots = self->out->boots;
  self->in->counter = 0;
  self->in->job = self;
  self->in->incoming = TRUE;
  self->in->has_completed = FALSE;
  _sim_domain_set_state (self->in, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_STARTING_UP);
  self->d = SIM_INCOMING_PREPARING;
  _sim_transfer_next (self, SIM_STEP_PREPARED, PREPARE_TIME);
}

static void
do_prepared (SimTransfer *self)
{
  self->d = SIM_INCOMING_PREPARED;
  _sim_domain_set_state (self->in, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_MIGRATION);
  _sim_transfer_send (self, SIM_MSG_PREPARE_REPLY, SIM_STEP_PERFORM);
}

static void
do_perform (SimTransfer *self)
{
  if (self->direct && ++self->world->sent[SIM_MSG_PERFORM] == self->world->lose[SIM_MSG_PERFORM])
    {
      _sim_transfer_lose (self, FALSE);
      return;
    }
  self->s = SIM_SIDE_PERFORMING;
  if (self->type == MIGRATE_JOB_CANCELLED)
    {
      _sim_transfer_run_abort (self);
      return;
    }
  if (self->link->data_cut)
    {
      _sim_transfer_fail (self, VIR_FROM_QEMU, 9,
                          "operation failed: unable to connect to server: No route to host");
      _sim_transfer_next (self, SIM_STEP_CANCEL_SEND, NO_ROUTE_TIME);
      return;
    }
  _sim_transfer_next (self, SIM_STEP_COPY, SETUP_TIME);
}

static void
copy_memory (SimTransfer *self)
{
  self->pass = 1;
  self->pass_at = self->throttle_looked_at = self->world->now;
  self->left = self->guest->memory;
  _sim_copy_set (self, TRUE);
  if (self->copying)
    _sim_trigger (self->world, SIM_AT_PERFORM, 0, self);
}

/* Disks first. */
static void
do_copy (SimTransfer *self)
{
  if (self->mirrors == NULL || self->mirrors->len == 0)
    {
      copy_memory (self);
      return;
    }
  if (!_sim_mirror_start (self))
    return;
  _sim_copy_set (self, TRUE);
  if (self->copying)
    _sim_trigger (self->world, SIM_AT_MIRROR, 0, self);
}

static void
do_mirrored (SimTransfer *self)
{
  _sim_copy_settle (self);
  if (_sim_mirror_failed (self))
    return;
  if (_sim_mirror_get_left (self) > 0)
    {
      _sim_copy_plan (self);
      return;
    }
  _sim_trigger (self->world, SIM_AT_MIRROR, 100, self);
  if (!self->copying || !self->segment_moves || self->failure != NULL)
    return;
  _sim_copy_set (self, FALSE);
  self->mirroring = FALSE;
  copy_memory (self);
}

/* A guest's NVRAM comes with its memory, into the file that its definition there names. */
static void
bring_nvram (SimTransfer *self)
{
  g_autoptr (GPtrArray) here = _sim_xml_read (self->out->xml);
  g_autoptr (GPtrArray) there = _sim_xml_read (self->in->xml);
  const char *from = _sim_xml_text (here, "domain/os/nvram");
  const char *to = _sim_xml_text (there, "domain/os/nvram");
  SimFile *file = from != NULL ? _sim_file_find (self->source, from) : NULL;
  g_autofree char *folder = to != NULL ? g_path_get_dirname (to) : NULL;
  g_autofree char *name = to != NULL ? g_path_get_basename (to) : NULL;
  SimFile *copy;

  if (file == NULL || to == NULL || _sim_file_find (self->destination, to) == file)
    return;
  copy = _sim_file_new (self->world);
  _sim_extents_copy_range (file->data, 0, G_MAXUINT64, copy->data, 0);
  copy->size = file->size;
  _sim_storage_put (_sim_folder_need (self->destination, folder), name, copy);
}

static void
do_performed (SimTransfer *self)
{
  if (!_sim_mirror_finish (self) && _sim_mirror_failed (self))
    return;
  self->s = SIM_SIDE_PERFORMED;
  self->out->released = TRUE;
  self->received = TRUE;
  bring_nvram (self);
  self->in->counter = _sim_domain_get_counter (self->out);
  _sim_trigger (self->world, SIM_AT_PERFORMED, 0, self);
  if (self->step != SIM_STEP_PERFORMED || self->driver_dead || self->client_dead)
    return;
  _sim_transfer_send (self, SIM_MSG_PERFORM_REPLY, SIM_STEP_SEND_FINISH);
}

static void
do_send_finish (SimTransfer *self)
{
  if (self->closed)
    _sim_transfer_cancel (self, VIR_FROM_RPC, 1, "internal error: client socket is closed");
  else
    _sim_transfer_send (self, SIM_MSG_FINISH, SIM_STEP_FINISH);
}

static void
take_definition (SimTransfer *self)
{
  const char *here = self->out->definition != NULL ? self->out->definition : self->out->xml;

  self->in->persistent = TRUE;
  g_free (self->in->definition);
  self->in->definition = g_strdup (self->persist_xml != NULL ? self->persist_xml : here);
}

static void
do_finish (SimTransfer *self)
{
  self->d = SIM_INCOMING_FINISHING;
  if (self->persist && self->destination->fail_persist)
    {
      self->destination->fail_persist = FALSE;
      _sim_transfer_kill_incoming (self);
      _sim_transfer_cancel (
        self, VIR_FROM_QEMU, 9,
        "operation failed: cannot save the definition: No space left on device");
      return;
    }
  if (self->persist)
    take_definition (self);
  _sim_transfer_next (self, SIM_STEP_STARTED, SIM_FINISH_TIME);
  _sim_trigger (self->world, SIM_AT_FINISH, 0, self);
}

static void
do_started (SimTransfer *self)
{
  SimDomain *in = self->in;

  if (!in->active)
    return;
  if (in->hung)
    {
      _sim_transfer_next (self, SIM_STEP_STARTED, 1000 * SIM_MS);
      return;
    }
  if (self->paused) /* it takes its images when somebody resumes it */
    {
      _sim_domain_set_state (in, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_USER);
    }
  else
    {
      in->released = FALSE;
      _sim_domain_set_state (in, MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATED);
      _sim_domain_set_cpus (in, TRUE);
    }
  self->downtime_ms = (guint64) (self->world->now - self->stopped_at) / SIM_MS;
  _sim_copy_save (self, in);
  _sim_transfer_next (self, SIM_STEP_FINISHED, SIM_FINISH_TIME);
  _sim_trigger (self->world, SIM_AT_STARTED, 0, self);
}

static void
do_finished (SimTransfer *self)
{
  self->d = SIM_INCOMING_FINISHED;
  _sim_transfer_release (self->in, self);
  if (self->driver_dead || self->client_dead || self->done)
    {
      self->done = TRUE;
      _sim_transfer_bury (self);
      return;
    }
  if (self->closed)
    return;
  _sim_transfer_send (self, SIM_MSG_FINISH_REPLY, SIM_STEP_REPLIED);
}

static void
do_replied (SimTransfer *self)
{
  self->driver_told = TRUE; /* what becomes of the destination is nothing to it any more */
  _sim_trigger (self->world, SIM_AT_CONFIRM, 0, self);
  if (self->step != SIM_STEP_REPLIED || self->driver_dead || self->client_dead)
    return;
  if (self->closed_source)
    _sim_transfer_end (self);
  else
    _sim_transfer_send (self, SIM_MSG_CONFIRM, SIM_STEP_CONFIRM);
}

static void
do_confirm (SimTransfer *self)
{
  if (self->s == SIM_SIDE_PERFORMED)
    self->s = SIM_SIDE_CONFIRMING;
  _sim_transfer_next (self, SIM_STEP_CONFIRMED, CONFIRM_TIME);
}

static void
do_confirmed (SimTransfer *self)
{
  SimDomain *out = self->out;

  if (self->s == SIM_SIDE_CONFIRMING && out->active)
    {
      _sim_copy_save (self, out);
      self->s = SIM_SIDE_GONE;
      _sim_domain_stop (out, MIGRATE_SHUTOFF_MIGRATED);
    }
  if (self->persist && !self->keep_source && !out->gone)
    _sim_domain_undefine (out);
  _sim_transfer_release (out, self);
  if (self->direct
      && ++self->world->sent[SIM_MSG_CONFIRM_REPLY] == self->world->lose[SIM_MSG_CONFIRM_REPLY])
    _sim_transfer_next (self, SIM_STEP_NONE, 0);
  _sim_transfer_end (self);
}

static void
do_cancel_send (SimTransfer *self)
{
  gboolean there = self->d == SIM_INCOMING_PREPARING || self->d == SIM_INCOMING_PREPARED;

  _sim_transfer_close_stream (self);
  if (there && !self->closed)
    _sim_transfer_next (self, SIM_STEP_CANCEL_DESTINATION, SIM_MESSAGE_TIME);
  else
    _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, SIM_MESSAGE_TIME);
}

static void
do_cancel_destination (SimTransfer *self)
{
  if (self->in != NULL && self->in->active && self->in->hung && self->in->job == self)
    return; /* Finish(cancel) waits in a dead monitor until somebody destroys that guest */
  _sim_transfer_kill_incoming (self);
  _sim_transfer_next (self, SIM_STEP_CANCEL_SOURCE, SIM_MESSAGE_TIME);
}

static void
do_cancel_source (SimTransfer *self)
{
  if (!self->closed_source)
    _sim_transfer_take_back (self);
  _sim_transfer_end (self);
}

static void
run_step (SimTransfer *self)
{
  static void (*const steps[]) (SimTransfer *) = {
    [SIM_STEP_BEGIN] = do_begin,
    [SIM_STEP_CONNECT] = do_connect,
    [SIM_STEP_PREPARE] = do_prepare,
    [SIM_STEP_PREPARED] = do_prepared,
    [SIM_STEP_PERFORM] = do_perform,
    [SIM_STEP_COPY] = do_copy,
    [SIM_STEP_MIRRORED] = do_mirrored,
    [SIM_STEP_PASS_END] = _sim_copy_pass_end,
    [SIM_STEP_CONTINUE] = NULL,
    [SIM_STEP_LAST_SENT] = NULL,
    [SIM_STEP_PERFORMED] = do_performed,
    [SIM_STEP_SEND_FINISH] = do_send_finish,
    [SIM_STEP_FINISH] = do_finish,
    [SIM_STEP_STARTED] = do_started,
    [SIM_STEP_FINISHED] = do_finished,
    [SIM_STEP_REPLIED] = do_replied,
    [SIM_STEP_CONFIRM] = do_confirm,
    [SIM_STEP_CONFIRMED] = do_confirmed,
    [SIM_STEP_CANCEL_SEND] = do_cancel_send,
    [SIM_STEP_CANCEL_DESTINATION] = do_cancel_destination,
    [SIM_STEP_CANCEL_SOURCE] = do_cancel_source,
    [SIM_STEP_POSTCOPY_SENT] = _sim_postcopy_sent,
    [SIM_STEP_POSTCOPY_RECOVER] = _sim_postcopy_recover,
    [SIM_STEP_NONE] = NULL,
  };
  SimHost *host = _sim_transfer_get_actor (self);

  if (host != NULL && host->daemon == SIM_DAEMON_DOWN)
    {
      if (self->step == SIM_STEP_CANCEL_SOURCE)
        _sim_transfer_end (self);
      return;
    }
  if (_sim_transfer_must_wait (self))
    {
      self->held = TRUE;
      return;
    }
  if (self->step == SIM_STEP_CONTINUE)
    {
      self->final = TRUE;
      _sim_copy_set (self, TRUE);
    }
  else if (self->step == SIM_STEP_LAST_SENT)
    {
      _sim_copy_settle (self);
      self->processed += self->left;
      self->left = 0;
      _sim_copy_set (self, FALSE);
      _sim_transfer_next (self, SIM_STEP_PERFORMED, SWITCH_TIME);
    }
  else if (steps[self->step] != NULL)
    {
      steps[self->step](self);
    }
}

void
_sim_transfer_run (SimTransfer *self, const SimEvent *event)
{
  switch (event->kind)
    {
    case SIM_EVENT_STEP:
      self->pending = NULL;
      run_step (self);
      break;
    case SIM_EVENT_PERCENT:
      self->percent = NULL;
      _sim_copy_settle (self);
      _sim_trigger (self->world, _sim_copy_get_trigger (self), event->stamp, self);
      if (self->copying && self->segment_moves && self->percent == NULL
          && (self->post || !self->final))
        _sim_copy_arm_percent (self);
      break;
    case SIM_EVENT_KEEPALIVE:
      if (event->stamp == self->quiet_stamp && !self->closed)
        _sim_transfer_close (self);
      break;
    case SIM_EVENT_KEEPALIVE_SOURCE:
      if (event->stamp != self->quiet_source_stamp || self->closed_source)
        break;
      self->closed_source = TRUE;
      if (_sim_host_answers (self->source))
        _sim_transfer_source_lost_client (self);
      if (!self->client_dead && !self->done)
        _sim_transfer_client_lost_source (self);
      break;
    case SIM_EVENT_ABORT:
      _sim_transfer_run_abort (self);
      break;
    case SIM_EVENT_STREAM:
      _sim_postcopy_run_stream (self, event->stamp);
      break;
    default:
      g_assert_not_reached ();
    }
}

SimTransfer *
_sim_transfer_new (SimDomain *domain, const MigrateTransfer *request, SimHost *destination)
{
  SimWorld *world = domain->host->world;
  SimTransfer *self = g_new0 (SimTransfer, 1);

  self->world = world;
  self->id = ++world->last_transfer;
  self->guest = domain->guest;
  self->out = domain;
  self->source = domain->host;
  self->destination = destination;
  self->link = _sim_find_link (world, self->source, destination);
  self->direct = request->transport == MIGRATE_TRANSPORT_DIRECT;
  self->tunnelled = request->transport == MIGRATE_TRANSPORT_TUNNELLED;
  self->persist = request->persist;
  self->was_paused = domain->state == MIGRATE_DOMAIN_PAUSED;
  self->paused = request->paused || self->was_paused;
  self->throttle_initial = request->throttle ? request->throttle_initial : 0;
  self->throttle_increment = request->throttle_increment;
  self->armed = request->postcopy;
  self->postcopy_bandwidth = request->postcopy_bandwidth;
  self->dest_xml = g_strdup (request->dest_xml);
  self->persist_xml = g_strdup (request->persist_xml);
  _sim_mirror_begin (self, request);
  self->begun_at = world->now;
  self->type = MIGRATE_JOB_ACTIVE;
  if (request->bandwidth > 0)
    domain->bandwidth = request->bandwidth;
  domain->job = self;
  domain->incoming = FALSE;
  domain->has_completed = FALSE;
  g_ptr_array_add (world->transfers, self);
  _sim_transfer_next (self, SIM_STEP_BEGIN, 0);
  if (self->direct)
    _sim_transfer_send (self, SIM_MSG_BEGIN, SIM_STEP_BEGIN);
  else
    _sim_transfer_next (self, SIM_STEP_BEGIN, BEGIN_TIME);
  return self;
}
