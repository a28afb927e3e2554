/* The calls, as a libvirtd answers them: with its limits (five requests of a client, twenty
 * workers, one job at a guest), its monitors that hang and its words. */
#include "sim-calls.h"

#include <errno.h>
#include <string.h>

#define OPEN_TIME (5 * SIM_MS)
#define CALL_TIME (1 * SIM_MS)
#define NO_ROUTE_TIME (3000 * SIM_MS)
#define CONNECT_TIMEOUT (127000 * SIM_MS)
#define JOB_LOCK_TIME (30000 * SIM_MS)
#define DESTROY_TIME (250 * SIM_MS)
#define DESTROY_HUNG_TIME (11500 * SIM_MS) /* SIGTERM, then SIGKILL after 10 s */
#define MAX_REQUESTS 5

/* ---- errors ---- */

gboolean
_sim_refuse (SimRequest *self, int code, const char *words)
{
  g_autofree char *doing
    = self->call->guest != NULL
        ? g_strdup_printf ("Cannot do “%s” for guest “%s” on “sim://%s/%s”",
                           _migrate_call_kind_name (self->call->kind), self->call->guest,
                           self->world->name, self->host->name)
        : g_strdup_printf ("Cannot do “%s” on “sim://%s/%s”",
                           _migrate_call_kind_name (self->call->kind), self->world->name,
                           self->host->name);

  _sim_set_error (self->error, self->call->kind == MIGRATE_CALL_TRANSFER,
                  code == ERR_SYSTEM ? VIR_FROM_RPC : VIR_FROM_QEMU, code, 0, doing, words);
  return FALSE;
}

gboolean
_sim_refuse_connection (SimRequest *self)
{
  g_autofree char *doing = g_strdup_printf ("Cannot do “%s” on “sim://%s/%s”",
                                            _migrate_call_kind_name (self->call->kind),
                                            self->world->name, self->host->name);

  if (self->world->tearing)
    _sim_set_error (self->error, FALSE, VIR_FROM_RPC, ERR_SYSTEM, ECONNRESET, doing,
                    "The simulated world has ended");
  else
    _sim_set_error (self->error, FALSE, VIR_FROM_RPC, ERR_SYSTEM, ECONNRESET, doing,
                    "Cannot recv data: Connection reset by peer");
  return FALSE;
}

gboolean
_sim_refuse_as (SimRequest *self, MigrateError error, int code, const char *words)
{
  _sim_refuse (self, code, words);
  if (self->error != NULL && *self->error != NULL)
    (*self->error)->code = (int) error;
  return FALSE;
}

/* In the upper bits of the code is the errno of a system error. */
gboolean
_sim_refuse_storage (SimRequest *self, int code, const char *words)
{
  g_autofree char *doing = g_strdup_printf ("Cannot do “%s” on “sim://%s/%s”",
                                            _migrate_call_kind_name (self->call->kind),
                                            self->world->name, self->host->name);

  _sim_set_error (self->error, FALSE, code == SIM_ERR_STREAM ? VIR_FROM_RPC : VIR_FROM_STORAGE,
                  code & 0xff, code >> 8, doing, words);
  return FALSE;
}

/* ---- connections ---- */

static gboolean
conn_is_broken (const MigrateConn *conn)
{
  return conn->closed
         || (conn->host->power && conn->epoch != conn->host->epoch && !conn->host->control_cut);
}

/* No packet comes back, not even a reset. */
static gboolean
conn_is_silent (const MigrateConn *conn)
{
  return !conn->host->power || conn->host->control_cut;
}

void
_sim_host_connections_changed (SimHost *host)
{
  for (guint i = 0; i < host->world->actors->len; i++)
    {
      SimActor *actor = g_ptr_array_index (host->world->actors, i);

      if (actor->conn != NULL && actor->conn->host == host)
        _sim_wake_actor (actor);
    }
}

/* Waits for key as a client waits for an answer: FALSE when the connection broke meanwhile. A
 * silent host is noticed only with keep-alive. */
static gboolean
conn_wait (SimRequest *self, gconstpointer key, gint64 deadline)
{
  MigrateConn *conn = self->conn;
  gint64 keepalive = (gint64) self->world->keepalive_ms * SIM_MS;
  gboolean mute = conn_is_silent (conn) || self->host->daemon == SIM_DAEMON_HUNG;
  gint64 end = mute && keepalive > 0 ? self->world->now + keepalive : -1;

  self->actor->conn = conn;
  if (end < 0 || (deadline >= 0 && deadline < end))
    end = deadline;
  _sim_wait (self->actor, key, end);
  self->actor->conn = NULL;
  if (self->world->tearing || conn_is_broken (conn))
    return FALSE;
  if (mute && keepalive > 0 && self->world->now >= end && end >= 0
      && (conn_is_silent (conn) || self->host->daemon == SIM_DAEMON_HUNG))
    conn->closed = TRUE;
  return !conn->closed;
}

/* Until the host's libvirtd can hear us. */
static gboolean
conn_reach (SimRequest *self)
{
  while (!conn_is_broken (self->conn) && !self->world->tearing
         && (conn_is_silent (self->conn) || self->host->daemon == SIM_DAEMON_HUNG))
    if (!conn_wait (self, self->host, -1))
      return FALSE;
  return !conn_is_broken (self->conn) && !self->world->tearing;
}

static gboolean
is_priority (MigrateCallKind kind)
{
  return kind == MIGRATE_CALL_DOMAIN_STATE || kind == MIGRATE_CALL_CONTROL_INFO
         || kind == MIGRATE_CALL_DESTROY;
}

/* libvirtd reads five requests of a client and then no more; with all workers busy only priority
 * calls are served. A client that is not read from for 30 s is thrown out. */
static gboolean
conn_take_worker (SimRequest *self)
{
  SimHost *host = self->host;
  gint64 deadline = self->world->now + JOB_LOCK_TIME;

  while (self->conn->busy >= MAX_REQUESTS)
    {
      if (!conn_wait (self, self->conn, deadline))
        return FALSE;
      if (self->conn->busy >= MAX_REQUESTS && self->world->now >= deadline)
        {
          self->conn->closed = TRUE;
          _sim_host_connections_changed (host);
          return FALSE;
        }
    }
  self->conn->busy++;
  while (!is_priority (self->call->kind) && host->workers > 0 && host->busy >= host->workers)
    if (!conn_wait (self, &host->busy, -1))
      {
        self->conn->busy--;
        _sim_notify (self->world, self->conn);
        return FALSE;
      }
  if (!is_priority (self->call->kind))
    host->busy++;
  return TRUE;
}

static void
conn_give_worker (SimRequest *self, guint epoch)
{
  self->conn->busy--;
  _sim_notify (self->world, self->conn);
  if (is_priority (self->call->kind) || self->host->epoch != epoch)
    return;
  if (self->host->busy > 0)
    self->host->busy--;
  _sim_notify (self->world, &self->host->busy);
}

/* ---- guests ---- */

SimDomain *
_sim_request_domain (SimRequest *self)
{
  SimDomain *domain = _sim_find_domain (self->host, self->call->guest);

  if (domain == NULL)
    _sim_refuse (self, ERR_NO_DOMAIN, "Domain not found");
  return domain;
}

/* What may be done to a guest that migrates; the rest waits 30 s for its lock. */
static gboolean
job_allows (const SimDomain *domain, MigrateCallKind kind)
{
  if (domain->monitor_since > 0)
    return FALSE;
  if (domain->lasting != NULL)
    return kind == MIGRATE_CALL_JOB_STATS || kind == MIGRATE_CALL_FACTS;
  if (domain->job == NULL)
    return TRUE;
  if (domain->incoming)
    return kind == MIGRATE_CALL_JOB_STATS || kind == MIGRATE_CALL_FACTS
           || kind == MIGRATE_CALL_ABORT || kind == MIGRATE_CALL_POSTCOPY;
  switch (kind)
    {
    case MIGRATE_CALL_JOB_STATS:
    case MIGRATE_CALL_MEMORY:
    case MIGRATE_CALL_FACTS:
    case MIGRATE_CALL_ABORT:
    case MIGRATE_CALL_SUSPEND:
    case MIGRATE_CALL_SET_DOWNTIME:
    case MIGRATE_CALL_SET_BANDWIDTH:
    case MIGRATE_CALL_SET_POSTCOPY_BANDWIDTH:
    case MIGRATE_CALL_SET_XBZRLE_CACHE:
    case MIGRATE_CALL_POSTCOPY:
    case MIGRATE_CALL_BLOCK_JOBS:
      return TRUE;
    default:
      return FALSE;
    }
}

/* Returns the guest, looked up again, with its job lock free for us. */
SimDomain *
_sim_request_job (SimRequest *self, gboolean active)
{
  gint64 deadline = self->world->now + JOB_LOCK_TIME;
  SimDomain *domain = _sim_request_domain (self);

  while (domain != NULL && !job_allows (domain, self->call->kind))
    {
      if (self->world->now >= deadline)
        {
          _sim_refuse (self, ERR_TIMEOUT,
                       "Timed out during operation: cannot acquire state change lock");
          return NULL;
        }
      if (!conn_wait (self, domain, deadline))
        {
          _sim_refuse_connection (self);
          return NULL;
        }
      if (!conn_reach (self))
        {
          _sim_refuse_connection (self);
          return NULL;
        }
      domain = _sim_request_domain (self);
    }
  if (domain != NULL && active && !domain->active)
    {
      _sim_refuse (self, ERR_INVALID, "Requested operation is not valid: domain is not running");
      return NULL;
    }
  return domain;
}

/* Asks QEMU. While it hangs, so does the call, with the guest's lock; FALSE: an error is set. */
static gboolean
ask_monitor (SimRequest *self, SimDomain *domain)
{
  while (domain->hung)
    {
      if (domain->monitor_since == 0)
        domain->monitor_since = self->world->now;
      if (!conn_wait (self, domain, -1))
        return _sim_refuse_connection (self);
      if (!domain->active)
        return _sim_refuse (self, ERR_FAILED, "operation failed: domain is no longer running");
    }
  if (domain->monitor_since > 0)
    {
      domain->monitor_since = 0;
      _sim_notify (self->world, domain);
    }
  return TRUE;
}

SimDomain *
_sim_request_monitor (SimRequest *self)
{
  SimDomain *domain = _sim_request_job (self, TRUE);

  return domain != NULL && ask_monitor (self, domain) ? domain : NULL;
}

gboolean
_sim_request_wait (SimRequest *self, SimDomain *domain)
{
  return (conn_wait (self, domain, -1) && conn_reach (self)) || _sim_refuse_connection (self);
}

/* ---- what each call does ---- */

static gboolean
do_host_info (SimRequest *self)
{
  self->call->text_out = _sim_host_describe (self->host, &self->call->host);
  return TRUE;
}

static gboolean
do_find (SimRequest *self)
{
  SimDomain *domain = _sim_request_domain (self);

  if (domain == NULL)
    return FALSE;
  _sim_domain_describe (domain, &self->call->domain);
  return TRUE;
}

static gboolean
do_state (SimRequest *self)
{
  SimDomain *domain = _sim_request_domain (self);

  if (domain == NULL)
    return FALSE;
  self->call->domain.state = domain->state;
  self->call->domain.reason = domain->reason;
  return TRUE;
}

/* As libvirt does for who does not ask for them. */
static char *
without_passwords (const char *xml)
{
  g_autoptr (GRegex) regex = g_regex_new (" passwd=('[^']*'|\"[^\"]*\")", 0, 0, NULL);

  return g_regex_replace_literal (regex, xml, -1, 0, "", 0, NULL);
}

static gboolean
do_xml (SimRequest *self)
{
  SimDomain *domain = _sim_request_domain (self);
  g_autofree char *xml = NULL;

  if (domain == NULL)
    return FALSE;
  xml = (self->call->value & (MIGRATE_XML_INACTIVE | MIGRATE_XML_MIGRATABLE)) == 0
          ? _sim_domain_dup_live_xml (domain)
        : (self->call->value & MIGRATE_XML_INACTIVE) != 0 && domain->definition != NULL
          ? g_strdup (domain->definition)
          : g_strdup (domain->xml);
  self->call->text_out
    = (self->call->value & MIGRATE_XML_SECURE) != 0 ? g_strdup (xml) : without_passwords (xml);
  return TRUE;
}

static gboolean
ask_stats (SimRequest *self)
{
  SimDomain *domain = _sim_request_job (self, TRUE);

  if (domain == NULL)
    return FALSE;
  if (domain->job != NULL && domain->incoming)
    return _sim_refuse (
      self, ERR_INVALID,
      "Requested operation is not valid: migration statistics are available only on "
      "the source host");
  if (!ask_monitor (self, domain))
    return FALSE;
  if (domain->job != NULL && !domain->incoming)
    _sim_transfer_get_stats (domain->job, &self->call->stats);
  else if (domain->lasting != NULL)
    self->call->stats
      = (MigrateStats){ .type = MIGRATE_JOB_ACTIVE, .memory_total = domain->guest->memory };
  return TRUE;
}

static gboolean
do_stats (SimRequest *self)
{
  SimDomain *domain;

  if (self->call->value != 1)
    return ask_stats (self);
  domain = _sim_request_domain (self);
  if (domain == NULL)
    return FALSE;
  if (domain->has_completed)
    self->call->stats = domain->completed;
  return TRUE;
}

/* The guest's job is asked for last, for with it comes the guest's lock. */
static gboolean
do_facts (SimRequest *self)
{
  const char *guest = self->call->guest;
  SimDomain *domain = guest != NULL ? _sim_find_domain (self->host, guest) : NULL;

  if (domain != NULL && domain->active && !ask_stats (self))
    return FALSE;
  domain = guest != NULL ? _sim_find_domain (self->host, guest) : NULL;
  _sim_facts_answer (self->host, domain, self->call);
  return TRUE;
}

static gboolean
do_baseline_cpu (SimRequest *self)
{
  if (self->host->cpu_model == NULL)
    return _sim_refuse (self, ERR_NO_SUPPORT,
                        "this function is not supported by the connection driver: "
                        "virConnectBaselineHypervisorCPU");
  self->call->text_out = _sim_cpu_baseline (self->call->question);
  return self->call->text_out != NULL
         || _sim_refuse (self, ERR_CPU_INCOMPATIBLE,
                         "CPUs are incompatible: CPU models do not match");
}

static gboolean
do_control (SimRequest *self)
{
  SimDomain *domain = _sim_request_domain (self);

  if (domain == NULL)
    return FALSE;
  if (!domain->active)
    return _sim_refuse (self, ERR_INVALID,
                        "Requested operation is not valid: domain is not running");
  if (domain->monitor_since > 0)
    self->call->value_out = MAX (1, (guint64) (self->world->now - domain->monitor_since) / SIM_MS);
  return TRUE;
}

static gboolean
do_memory (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  _sim_dirty_rate_get (domain, &self->call->memory);
  return TRUE;
}

static gboolean
do_start_dirty_rate (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  return _sim_dirty_rate_start (domain, (guint) self->call->value)
         || _sim_refuse (
           self, ERR_INTERNAL,
           "internal error: unable to execute QEMU command 'calc-dirty-rate': the last "
           "dirty page rate measurement is in progress");
}

static gboolean
do_autostart (SimRequest *self)
{
  SimDomain *domain = _sim_request_job (self, FALSE);

  if (domain == NULL)
    return FALSE;
  if (!domain->persistent)
    return _sim_refuse (
      self, ERR_INVALID,
      "Requested operation is not valid: cannot set autostart for transient domain");
  domain->autostart = self->call->value != 0;
  return TRUE;
}

static gboolean
do_downtime (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  domain->downtime_ms = self->call->value;
  if (domain->job != NULL)
    _sim_transfer_retune (domain->job);
  return TRUE;
}

static gboolean
do_bandwidth (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  domain->bandwidth = self->call->value;
  if (domain->job != NULL)
    _sim_transfer_retune (domain->job);
  return TRUE;
}

/* What a transfer was started with, changed; before it begins there is none to change. */
static gboolean
do_postcopy_bandwidth (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  if (domain->job != NULL)
    {
      domain->job->postcopy_bandwidth = self->call->value;
      _sim_transfer_retune (domain->job);
    }
  return TRUE;
}

/* As QEMU: a cache is not smaller than a page, and not larger than what it could ever hold. */
static gboolean
do_xbzrle_cache (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  if (self->call->value > domain->guest->memory >> 20)
    return _sim_refuse (self, ERR_INVALID, "Parameter 'xbzrle_cache_size' exceeds guest ram size");
  return TRUE;
}

static gboolean
do_suspend (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  if (domain->state == MIGRATE_DOMAIN_PAUSED)
    return TRUE;
  _sim_domain_set_cpus (domain, FALSE);
  /* During a migration libvirt gives its reason, whoever asked. */
  _sim_domain_set_state (domain, MIGRATE_DOMAIN_PAUSED,
                         domain->job != NULL ? MIGRATE_PAUSED_MIGRATION : MIGRATE_PAUSED_USER);
  if (domain->job != NULL)
    _sim_transfer_retune (domain->job);
  return TRUE;
}

static gboolean
do_resume (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);

  if (domain == NULL)
    return FALSE;
  if (domain->state == MIGRATE_DOMAIN_RUNNING)
    return TRUE;
  if (!_sim_domain_take_images (domain))
    return _sim_refuse (self, ERR_INTERNAL,
                        "internal error: unable to execute QEMU command 'cont': Failed to get "
                        "\"write\" lock");
  _sim_domain_set_state (domain, MIGRATE_DOMAIN_RUNNING, 5 /* unpaused */);
  _sim_domain_set_cpus (domain, TRUE);
  return TRUE;
}

static gboolean
do_destroy (SimRequest *self)
{
  SimDomain *domain = _sim_find_domain (self->host, self->call->guest);
  SimTransfer *job;
  gboolean incoming;

  if (domain == NULL || !domain->active)
    return TRUE; /* as wanted, says the libvirt backend */
  _sim_pause (self->actor, domain->hung ? DESTROY_HUNG_TIME : DESTROY_TIME);
  if (!conn_reach (self))
    return _sim_refuse_connection (self);
  if (domain->gone || !domain->active)
    return TRUE;
  job = domain->job;
  incoming = domain->incoming;
  _sim_domain_stop (domain, MIGRATE_SHUTOFF_DESTROYED);
  if (job != NULL && incoming)
    _sim_transfer_destination_gone (job);
  else if (job != NULL)
    {
      _sim_transfer_source_gone (job);
      if (job->post)
        _sim_transfer_release (domain, job); /* unlike a crash, it ends its job */
    }
  return TRUE;
}

static gboolean
do_undefine (SimRequest *self)
{
  SimDomain *domain = _sim_request_job (self, FALSE);

  if (domain == NULL)
    return FALSE;
  if (!domain->persistent)
    return _sim_refuse (self, ERR_INVALID,
                        "Requested operation is not valid: cannot undefine transient domain");
  if (domain->managed_save && !(self->call->value & MIGRATE_UNDEFINE_MANAGED_SAVE))
    return _sim_refuse (
      self, ERR_INVALID,
      "Requested operation is not valid: Refusing to undefine while domain managed "
      "save image exists");
  if (domain->snapshots->len > 0 && !(self->call->value & MIGRATE_UNDEFINE_SNAPSHOTS))
    return _sim_refuse (
      self, ERR_INVALID,
      "Requested operation is not valid: cannot delete inactive domain with snapshots");
  if (self->call->value & MIGRATE_UNDEFINE_MANAGED_SAVE)
    _sim_domain_drop_managed_save (domain);
  if (self->call->value & MIGRATE_UNDEFINE_NVRAM)
    _sim_domain_drop_nvram (domain);
  _sim_domain_undefine (domain);
  return TRUE;
}

static gboolean
do_persist (SimRequest *self)
{
  SimDomain *domain = _sim_request_domain (self);

  if (domain == NULL)
    return FALSE;
  domain->persistent = TRUE;
  return TRUE;
}

static gboolean
do_abort (SimRequest *self)
{
  SimDomain *domain = _sim_request_job (self, TRUE);

  if (domain == NULL)
    return FALSE;
  if (domain->job == NULL)
    return _sim_refuse (self, ERR_INVALID,
                        "Requested operation is not valid: no job is active on the domain");
  if (domain->incoming)
    return _sim_refuse (self, ERR_INVALID,
                        "Requested operation is not valid: cannot abort incoming migration; use "
                        "virDomainDestroy instead");
  if (domain->job->post)
    return _sim_refuse (
      self, ERR_INVALID,
      "Requested operation is not valid: cannot abort migration in post-copy mode");
  if (!ask_monitor (self, domain))
    return FALSE;
  if (domain->job != NULL)
    _sim_transfer_abort (domain->job);
  return TRUE;
}

/* A post-copy that broke has nobody who holds the guest's lock, so that one may go on with it. */
static SimTransfer *
resume_transfer (SimRequest *self, SimDomain *domain)
{
  SimTransfer *transfer = domain->job;
  const char *words;
  int code;

  if (!self->call->transfer.resume)
    {
      _sim_refuse (self, ERR_INVALID,
                   "Requested operation is not valid: another migration job is already running");
      return NULL;
    }
  if (!ask_monitor (self, domain))
    return NULL;
  code = _sim_postcopy_resume (transfer, &self->call->transfer, &words);
  if (code != 0)
    _sim_refuse (self, code, words);
  return code == 0 ? transfer : NULL;
}

/* What libvirt compares before anything else; the rest of its comparison is libmigrate's too. */
static gboolean
is_same_guest (SimRequest *self, const SimGuest *guest, const char *xml)
{
  g_autofree char *name = g_markup_printf_escaped ("<name>%s</name>", guest->name);
  g_autofree char *uuid = g_markup_printf_escaped ("<uuid>%s</uuid>", guest->uuid);

  if (xml == NULL || (strstr (xml, name) != NULL && strstr (xml, uuid) != NULL))
    return TRUE;
  _sim_refuse (self, ERR_INVALID_ARG,
               "invalid argument: target domain name doesn't match source name");
  return FALSE;
}

static SimTransfer *
begin_transfer (SimRequest *self, const char *uri)
{
  const MigrateTransfer *request = &self->call->transfer;
  SimDomain *domain = _sim_find_domain (self->host, self->call->guest);
  const char *words;
  int code;

  if (domain != NULL && domain->active && domain->job != NULL && domain->job->out == domain
      && domain->job->post && (request->resume || domain->job->unattended))
    return resume_transfer (self, domain);
  domain = _sim_request_job (self, TRUE);
  if (domain == NULL || !ask_monitor (self, domain))
    return NULL;
  if (request->resume)
    {
      _sim_refuse (self, ERR_INVALID,
                   "Requested operation is not valid: no failed post-copy migration to resume");
      return NULL;
    }
  if (request->postcopy
      && (request->transport == MIGRATE_TRANSPORT_TUNNELLED || request->paused
          || domain->state == MIGRATE_DOMAIN_PAUSED))
    {
      _sim_refuse (
        self, ERR_UNSUPPORTED,
        "argument unsupported: post-copy is not supported with tunnelled, non-live or paused "
        "migration");
      return NULL;
    }
  code = _sim_refuse_transfer (request, &words);
  if (code == 0)
    words = _sim_mirror_refusal (domain, request, &code);
  if (words == NULL)
    words = _sim_snapshots_refusal (domain, &code);
  if (words != NULL)
    {
      _sim_refuse (self, code, words);
      return NULL;
    }
  if (!is_same_guest (self, domain->guest, request->dest_xml)
      || !is_same_guest (self, domain->guest, request->persist_xml))
    return NULL;
  return _sim_transfer_new (domain, request, _sim_find_host_by_uri (self->world, uri));
}

static gboolean
do_transfer (SimRequest *self)
{
  const MigrateTransfer *request = &self->call->transfer;
  gboolean direct = request->transport == MIGRATE_TRANSPORT_DIRECT;
  const char *uri = direct ? request->destination_uri : request->peer_uri;
  SimTransfer *transfer;
  guint attempt;

  if (uri == NULL)
    return _sim_refuse (self, ERR_INVALID_ARG, "invalid argument: no destination URI was given");
  g_clear_pointer (&self->world->asked, _migrate_call_unref);
  self->world->asked = _migrate_call_ref (self->call);
  transfer = begin_transfer (self, uri);
  if (transfer == NULL)
    return FALSE;
  attempt = transfer->attempt;
  /* Who drives a direct transfer waits for its own steps, not for an answer of the source. */
  while (!transfer->done && transfer->attempt == attempt)
    if (direct)
      {
        _sim_wait (self->actor, transfer, -1);
        if (self->world->tearing)
          return _sim_refuse_connection (self);
      }
    else if (!conn_wait (self, transfer, -1))
      {
        return _sim_refuse_connection (self);
      }
  if (!direct && !conn_reach (self))
    return _sim_refuse_connection (self);
  if (transfer->failure != NULL)
    {
      g_propagate_error (self->error, g_error_copy (transfer->failure));
      return FALSE;
    }
  return TRUE;
}

static gboolean
do_messages (SimRequest *self)
{
  SimDomain *domain = _sim_request_domain (self);

  if (domain == NULL)
    return FALSE;
  self->call->text_out = g_strdup (domain->messages != NULL ? domain->messages : "");
  return TRUE;
}

static gboolean
do_define (SimRequest *self)
{
  for (guint i = 0; i < self->world->guests->len; i++)
    {
      SimGuest *guest = g_ptr_array_index (self->world->guests, i);
      SimDomain *domain;

      if (strstr (self->call->text_in, guest->uuid) == NULL)
        continue;
      domain = _sim_find_domain (self->host, guest->uuid);
      if (domain == NULL)
        domain = _sim_domain_new (self->host, guest);
      domain->persistent = TRUE;
      _sim_domain_define (domain, self->call->text_in);
      return TRUE;
    }
  return _sim_refuse (self, ERR_INTERNAL,
                      "internal error: the definition names no guest of this world");
}

static gboolean
do_postcopy (SimRequest *self)
{
  SimDomain *domain = _sim_request_monitor (self);
  const char *refusal;

  if (domain == NULL)
    return FALSE;
  if (domain->job == NULL || domain->incoming)
    return _sim_refuse (
      self, ERR_INVALID,
      "Requested operation is not valid: post-copy can only be started while outgoing "
      "migration is in progress");
  refusal = _sim_postcopy_refusal (domain->job);
  if (refusal != NULL)
    return _sim_refuse (self, ERR_INVALID, refusal);
  _sim_postcopy_ask (domain->job);
  return TRUE;
}

/* Through the agent, which these guests have. */
static gboolean
do_chore (SimRequest *self)
{
  return _sim_request_monitor (self) != NULL;
}

static gboolean (*const handlers[]) (SimRequest *) = {
  [MIGRATE_CALL_HOST_INFO] = do_host_info,
  [MIGRATE_CALL_DOMAIN_FIND] = do_find,
  [MIGRATE_CALL_DOMAIN_STATE] = do_state,
  [MIGRATE_CALL_DOMAIN_XML] = do_xml,
  [MIGRATE_CALL_JOB_STATS] = do_stats,
  [MIGRATE_CALL_CONTROL_INFO] = do_control,
  [MIGRATE_CALL_MEMORY] = do_memory,
  [MIGRATE_CALL_START_DIRTY_RATE] = do_start_dirty_rate,
  [MIGRATE_CALL_MESSAGES] = do_messages,
  [MIGRATE_CALL_FACTS] = do_facts,
  [MIGRATE_CALL_BASELINE_CPU] = do_baseline_cpu,
  [MIGRATE_CALL_POOL_FIND] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_FIND] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_READ] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_INFO] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_READ_AT] = _sim_do_storage,
  [MIGRATE_CALL_BLOCK_JOBS] = _sim_do_block_jobs,
  [MIGRATE_CALL_SNAPSHOTS] = _sim_do_snapshots,
  [MIGRATE_CALL_SECRET_READ] = _sim_do_secret_read,
  [MIGRATE_CALL_SAVED_XML] = _sim_do_saved_xml,
  [MIGRATE_CALL_VOLUME_WRITE] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_REMOVE] = _sim_do_storage,
  [MIGRATE_CALL_POOL_CREATE] = _sim_do_storage,
  [MIGRATE_CALL_POOL_REMOVE] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_CREATE] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_RESIZE] = _sim_do_storage,
  [MIGRATE_CALL_VOLUME_WRITE_AT] = _sim_do_storage,
  [MIGRATE_CALL_SECRET_DEFINE] = _sim_do_secret_define,
  [MIGRATE_CALL_SECRET_REMOVE] = _sim_do_secret_remove,
  [MIGRATE_CALL_SNAPSHOT_DEFINE] = _sim_do_snapshot_define,
  [MIGRATE_CALL_CREATE_PAUSED] = _sim_do_create_paused,
  [MIGRATE_CALL_TOUCH_DISKS] = _sim_do_touch_disks,
  [MIGRATE_CALL_SHUT_DOWN] = _sim_do_shut_down,
  [MIGRATE_CALL_SAVE] = _sim_do_save,
  [MIGRATE_CALL_RESTORE] = _sim_do_restore,
  [MIGRATE_CALL_SET_MARK] = _sim_do_set_mark,
  [MIGRATE_CALL_SET_AUTOSTART] = do_autostart,
  [MIGRATE_CALL_SET_DOWNTIME] = do_downtime,
  [MIGRATE_CALL_SET_BANDWIDTH] = do_bandwidth,
  [MIGRATE_CALL_SET_POSTCOPY_BANDWIDTH] = do_postcopy_bandwidth,
  [MIGRATE_CALL_SET_XBZRLE_CACHE] = do_xbzrle_cache,
  [MIGRATE_CALL_SUSPEND] = do_suspend,
  [MIGRATE_CALL_RESUME] = do_resume,
  [MIGRATE_CALL_DESTROY] = do_destroy,
  [MIGRATE_CALL_UNDEFINE] = do_undefine,
  [MIGRATE_CALL_PERSIST] = do_persist,
  [MIGRATE_CALL_DEFINE] = do_define,
  [MIGRATE_CALL_START] = _sim_do_start,
  [MIGRATE_CALL_POSTCOPY] = do_postcopy,
  [MIGRATE_CALL_SET_TIME] = do_chore,
  [MIGRATE_CALL_TRIM] = do_chore,
  [MIGRATE_CALL_ANNOUNCE] = do_chore,
  [MIGRATE_CALL_ABORT] = do_abort,
  [MIGRATE_CALL_TRANSFER] = do_transfer,
};
G_STATIC_ASSERT (G_N_ELEMENTS (handlers) == MIGRATE_CALL_LAST_KIND + 1);

static gboolean
serve (SimRequest *self)
{
  guint epoch = self->host->epoch;
  gboolean done;

  _sim_pause (self->actor, CALL_TIME);
  if (!conn_reach (self) || !conn_take_worker (self))
    return _sim_refuse_connection (self);
  done = handlers[self->call->kind](self);
  conn_give_worker (self, epoch);
  /* The answer: a daemon that was stopped meanwhile does not give it. */
  if (self->call->kind != MIGRATE_CALL_TRANSFER && !conn_reach (self))
    {
      if (!done)
        g_clear_error (self->error);
      return _sim_refuse_connection (self);
    }
  return done;
}

/* ---- the seam ---- */

gboolean
_sim_backend_call (MigrateConn *conn, MigrateCall *call, GError **error)
{
  SimWorld *world = conn->host->world;
  const char *kind = _migrate_call_kind_name (call->kind);
  GError *local = NULL;
  SimRequest request = { world, NULL, conn, call, conn->host, &local };
  const SimFault *fault;
  gboolean done;

  g_mutex_lock (&world->lock);
  request.actor = _sim_enter (world, FALSE);
  fault = _sim_begin_call (request.actor, kind, conn->host->name);
  if (world->tearing)
    {
      done = _sim_refuse_connection (&request);
    }
  else if (fault != NULL && fault->kind == SIM_FAULT_FAIL)
    {
      _sim_pause (request.actor, CALL_TIME);
      _sim_fault_set_error (fault, kind, conn->host->name, &local);
      done = FALSE;
    }
  else
    {
      done = serve (&request);
    }
  if (done && fault != NULL && fault->kind == SIM_FAULT_LOSE)
    {
      _sim_fault_set_error (fault, kind, conn->host->name, &local);
      done = FALSE;
    }
  _sim_leave (request.actor);
  g_mutex_unlock (&world->lock);
  g_assert (done == (local == NULL));
  if (!done)
    g_propagate_error (error, local);
  return done;
}

static void
refuse_open (const char *uri, int system_error, GError **error)
{
  g_autofree char *doing = g_strdup_printf ("Cannot connect to “%s”", uri);
  g_autofree char *words
    = g_strdup_printf ("Failed to connect socket: %s", g_strerror (system_error));

  _sim_set_error (error, FALSE, VIR_FROM_RPC, ERR_SYSTEM, system_error, doing, words);
}

/* Blocks as a connect() does. FALSE: refused. */
static gboolean
reach_for_open (SimActor *actor, SimHost *host, const char *uri, GError **error)
{
  SimWorld *world = actor->world;

  _sim_pause (actor, OPEN_TIME);
  while (!world->tearing)
    {
      if (host == NULL || (host->power && host->daemon == SIM_DAEMON_DOWN))
        {
          refuse_open (uri, ECONNREFUSED, error);
          return FALSE;
        }
      if (!host->power)
        {
          _sim_pause (actor, NO_ROUTE_TIME);
          refuse_open (uri, EHOSTUNREACH, error);
          return FALSE;
        }
      if (host->control_cut)
        {
          _sim_wait (actor, host, world->now + CONNECT_TIMEOUT);
          if (!host->control_cut)
            continue;
          refuse_open (uri, ETIMEDOUT, error);
          return FALSE;
        }
      if (!host->wedged && host->daemon == SIM_DAEMON_UP)
        return TRUE;
      _sim_wait (actor, host, -1);
    }
  refuse_open (uri, ECONNRESET, error);
  return FALSE;
}

MigrateConn *
_sim_backend_open (MigrateBackend *backend, const char *uri, GError **error)
{
  SimWorld *world = (SimWorld *) backend;
  SimHost *host;
  SimActor *actor;
  const SimFault *fault;
  MigrateConn *conn = NULL;

  g_mutex_lock (&world->lock);
  host = _sim_find_host_by_uri (world, uri);
  actor = _sim_enter (world, FALSE);
  fault = _sim_begin_call (actor, "open", host != NULL ? host->name : "-");
  if (world->tearing)
    {
      refuse_open (uri, ECONNRESET, error);
    }
  else if (fault != NULL && fault->kind != SIM_FAULT_HANG)
    {
      _sim_pause (actor, OPEN_TIME);
      _sim_fault_set_error (fault, "open", uri, error);
    }
  else if (reach_for_open (actor, host, uri, error))
    {
      conn = g_new0 (MigrateConn, 1);
      conn->backend = backend;
      conn->host = host;
      conn->epoch = host->epoch;
    }
  _sim_leave (actor);
  g_mutex_unlock (&world->lock);
  return conn;
}

gboolean
_sim_backend_is_alive (MigrateConn *conn)
{
  SimWorld *world = conn->host->world;
  SimActor *actor;
  gboolean alive;

  g_mutex_lock (&world->lock);
  actor = _sim_enter (world, FALSE);
  _sim_yield (actor);
  _sim_trace (actor, "is-alive", conn->host->name);
  alive = !world->tearing && !conn_is_broken (conn);
  _sim_leave (actor);
  g_mutex_unlock (&world->lock);
  return alive;
}

/* Asks the other end, too: with a libvirtd that hangs this does not return. */
void
_sim_backend_close (MigrateConn *conn)
{
  SimWorld *world = conn->host->world;
  MigrateCall call = { .kind = MIGRATE_CALL_HOST_INFO };
  SimRequest request = { world, NULL, conn, &call, conn->host, NULL };

  g_mutex_lock (&world->lock);
  request.actor = _sim_enter (world, FALSE);
  _sim_yield (request.actor);
  _sim_trace (request.actor, "close", conn->host->name);
  if (!world->tearing)
    {
      _sim_pause (request.actor, CALL_TIME);
      conn_reach (&request);
    }
  _sim_leave (request.actor);
  g_mutex_unlock (&world->lock);
  g_free (conn);
}

const MigrateBackendVtable _sim_vtable = {
  .now = _sim_backend_now,
  .wall = _sim_backend_wall,
  .wait_until = _sim_backend_wait_until,
  .wake = _sim_backend_wake,
  .start_thread = _sim_backend_start_thread,
  .enter = _sim_backend_enter,
  .leave = _sim_backend_leave,
  .point = _sim_backend_point,
  .open = _sim_backend_open,
  .call = _sim_backend_call,
  .is_alive = _sim_backend_is_alive,
  .close = _sim_backend_close,
};
