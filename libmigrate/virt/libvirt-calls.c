/* The calls to libvirt: one handler per kind, in one table. A handler returns FALSE with libvirt's
 * last error still in place, and the dispatcher converts it; or it set an error of its own. */
#include "virt/libvirt-private.h"

#include <libvirt/libvirt-qemu.h>
#include <string.h>

static void fail (MigrateConn *conn, MigrateCall *call, GError **error);

/* ---- asking ---- */

/* The host's UUID is in the capabilities alone; what knows XML reads it from there. */
gboolean
_migrate_vir_host_info (MigrateConn *conn, MigrateCall *call)
{
  g_autofree char *hostname = NULL;
  g_autofree char *capabilities = NULL;
  const char *type;
  unsigned long library, hypervisor;

  hostname = virConnectGetHostname (conn->vir);
  if (hostname == NULL)
    return FALSE;
  type = virConnectGetType (conn->vir);
  if (type == NULL || virConnectGetLibVersion (conn->vir, &library) < 0
      || virConnectGetVersion (conn->vir, &hypervisor) < 0)
    return FALSE;
  capabilities = virConnectGetCapabilities (conn->vir);
  if (capabilities == NULL)
    return FALSE;
  call->host.hostname = g_steal_pointer (&hostname);
  call->host.hypervisor = g_strdup (type);
  call->host.libvirt_version = library;
  call->host.hypervisor_version = hypervisor;
  call->text_out = g_steal_pointer (&capabilities);
  return TRUE;
}

gboolean
_migrate_vir_is_qemu (MigrateConn *conn)
{
  return g_strcmp0 (virConnectGetType (conn->vir), "QEMU") == 0;
}

static gboolean
host_info (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return _migrate_vir_host_info (conn, call);
}

static gboolean
get_state (virDomainPtr domain, MigrateDomain *found)
{
  int state, reason;

  if (virDomainGetState (domain, &state, &reason, 0 /* flags */) < 0)
    return FALSE;
  found->state = (MigrateDomainState) state;
  found->reason = reason;
  return TRUE;
}

static gboolean
domain_state (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return get_state (domain, &call->domain);
}

/* A driver that has no such thing as autostart or saved state has none of it set. */
static gboolean
get_flag (int answer, gboolean *flag)
{
  if (answer < 0 && virGetLastErrorCode () != VIR_ERR_NO_SUPPORT)
    return FALSE;
  *flag = answer > 0;
  return TRUE;
}

/* A guest that runs has no saved state, for starting it removes that. */
gboolean
_migrate_vir_domain_find (MigrateConn *conn, virDomainPtr domain, MigrateDomain *found)
{
  char uuid[VIR_UUID_STRING_BUFLEN];
  const char *name;
  gboolean persistent, autostart, managed_save = FALSE;
  g_autofree char *mark = NULL;
  int on = 0;

  name = virDomainGetName (domain);
  if (name == NULL || virDomainGetUUIDString (domain, uuid) < 0
      || !get_flag (virDomainIsPersistent (domain), &persistent)
      || !get_flag (virDomainGetAutostart (domain, &on) < 0 ? -1 : on, &autostart)
      || !get_state (domain, found)
      || (found->state == MIGRATE_DOMAIN_SHUTOFF
          && !get_flag (virDomainHasManagedSaveImage (domain, 0 /* flags */), &managed_save))
      || (persistent && !_migrate_vir_get_mark (domain, &mark)))
    return FALSE;
  found->uuid = g_strdup (uuid);
  found->name = g_strdup (name);
  found->persistent = persistent;
  found->autostart = autostart;
  found->managed_save = managed_save;
  found->mark = g_steal_pointer (&mark);
  return TRUE;
}

static gboolean
domain_find (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return _migrate_vir_domain_find (conn, domain, &call->domain);
}

/* With secrets only for who asks for them; the text goes to rooms that may keep it. */
static gboolean
domain_xml (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  guint flags = 0;

  if (call->value & MIGRATE_XML_INACTIVE)
    flags |= VIR_DOMAIN_XML_INACTIVE;
  if (call->value & MIGRATE_XML_MIGRATABLE)
    flags |= VIR_DOMAIN_XML_MIGRATABLE;
  if (call->value & MIGRATE_XML_SECURE)
    flags |= VIR_DOMAIN_XML_SECURE;
  call->text_out = virDomainGetXMLDesc (domain, flags);
  return call->text_out != NULL;
}

/* ---- typed parameters ---- */

/* By hand, for virTypedParamsGetULLong () and its like print to stderr when a later libvirt sends
 * another type. */
gboolean
_migrate_vir_params_get (const MigrateVirParams *self, const char *name, guint64 *value)
{
  virTypedParameterPtr param = virTypedParamsGet (self->list, self->n, name);

  if (param == NULL)
    return FALSE;
  switch (param->type)
    {
    case VIR_TYPED_PARAM_INT:
      *value = (guint64) MAX (param->value.i, 0);
      return TRUE;
    case VIR_TYPED_PARAM_UINT:
      *value = param->value.ui;
      return TRUE;
    case VIR_TYPED_PARAM_LLONG:
      *value = (guint64) MAX (param->value.l, 0);
      return TRUE;
    case VIR_TYPED_PARAM_ULLONG:
      *value = param->value.ul;
      return TRUE;
    default:
      return FALSE;
    }
}

static guint64
params_get_or_0 (const MigrateVirParams *self, const char *name)
{
  guint64 value = 0;

  _migrate_vir_params_get (self, name, &value);
  return value;
}

static MigrateJobType
get_job_type (int type)
{
  switch (type)
    {
    case VIR_DOMAIN_JOB_BOUNDED:
    case VIR_DOMAIN_JOB_UNBOUNDED:
      return MIGRATE_JOB_ACTIVE;
    case VIR_DOMAIN_JOB_COMPLETED:
      return MIGRATE_JOB_COMPLETED;
    case VIR_DOMAIN_JOB_FAILED:
      return MIGRATE_JOB_FAILED;
    case VIR_DOMAIN_JOB_CANCELLED:
      return MIGRATE_JOB_CANCELLED;
    default:
      return MIGRATE_JOB_NONE;
    }
}

/* Compression is XBZRLE's here: libvirt tells nothing of the other methods. */
static void
read_page_stats (const MigrateVirParams *params, MigrateStats *stats)
{
  stats->memory_constant = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_CONSTANT);
  stats->memory_normal = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_NORMAL);
  stats->memory_normal_bytes = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_NORMAL_BYTES);
  stats->postcopy_requests = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_POSTCOPY_REQS);
  stats->compression_cache = params_get_or_0 (params, VIR_DOMAIN_JOB_COMPRESSION_CACHE);
  stats->compression_bytes = params_get_or_0 (params, VIR_DOMAIN_JOB_COMPRESSION_BYTES);
  stats->compression_pages = params_get_or_0 (params, VIR_DOMAIN_JOB_COMPRESSION_PAGES);
  stats->compression_cache_misses
    = params_get_or_0 (params, VIR_DOMAIN_JOB_COMPRESSION_CACHE_MISSES);
  stats->compression_overflow = params_get_or_0 (params, VIR_DOMAIN_JOB_COMPRESSION_OVERFLOW);
}

static void
read_stats (const MigrateVirParams *params, MigrateStats *stats)
{
  guint64 page_size = 4096; /* libvirt sends it since 3.9.0 */

  _migrate_vir_params_get (params, VIR_DOMAIN_JOB_MEMORY_PAGE_SIZE, &page_size);
  stats->outgoing
    = params_get_or_0 (params, VIR_DOMAIN_JOB_OPERATION) == VIR_DOMAIN_JOB_OPERATION_MIGRATION_OUT;
  stats->elapsed_ms = params_get_or_0 (params, VIR_DOMAIN_JOB_TIME_ELAPSED);
  stats->memory_total = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_TOTAL);
  stats->memory_processed = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_PROCESSED);
  stats->memory_remaining = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_REMAINING);
  stats->memory_bps = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_BPS);
  stats->dirty_rate = params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_DIRTY_RATE) * page_size;
  stats->pass = (guint) params_get_or_0 (params, VIR_DOMAIN_JOB_MEMORY_ITERATION);
  stats->throttle = (guint) params_get_or_0 (params, VIR_DOMAIN_JOB_AUTO_CONVERGE_THROTTLE);
  stats->has_downtime
    = _migrate_vir_params_get (params, VIR_DOMAIN_JOB_DOWNTIME, &stats->downtime_ms);
  stats->downtime_net_ms = params_get_or_0 (params, VIR_DOMAIN_JOB_DOWNTIME_NET);
  stats->setup_ms = params_get_or_0 (params, VIR_DOMAIN_JOB_SETUP_TIME);
  read_page_stats (params, stats);
  stats->page_size = page_size;
  stats->disk_total = params_get_or_0 (params, VIR_DOMAIN_JOB_DISK_TOTAL);
  stats->disk_processed = params_get_or_0 (params, VIR_DOMAIN_JOB_DISK_PROCESSED);
  stats->disk_remaining = params_get_or_0 (params, VIR_DOMAIN_JOB_DISK_REMAINING);
  stats->disk_bps = params_get_or_0 (params, VIR_DOMAIN_JOB_DISK_BPS);
}

/* Reading completed statistics deletes them, unless they are asked to stay (6.0.0): another
 * controller, or we after a crash, may need them again. */
gboolean
_migrate_vir_job_stats (virDomainPtr domain, gboolean completed, MigrateStats *stats)
{
  g_auto (MigrateVirParams) params = { 0 };
  guint flags = 0;
  int type;

  if (completed)
    flags = VIR_DOMAIN_JOB_STATS_COMPLETED | VIR_DOMAIN_JOB_STATS_KEEP_COMPLETED;
  if (virDomainGetJobStats (domain, &type, &params.list, &params.n, flags) < 0)
    return FALSE;
  stats->type = get_job_type (type);
  read_stats (&params, stats);
  return TRUE;
}

static gboolean
job_stats (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return _migrate_vir_job_stats (domain, call->value == 1, &call->stats);
}

/* OK does not mean that no job runs: a job shows only while it sits in the monitor. */
static gboolean
control_info (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  virDomainControlInfo info;

  if (virDomainGetControlInfo (domain, &info, 0 /* flags */) < 0)
    return FALSE;
  if (info.state == VIR_DOMAIN_CONTROL_ERROR)
    {
      _migrate_set_error (error, MIGRATE_ERROR_FAILED, "The guest can only be destroyed",
                          "The monitor of guest “%s” on “%s” is broken", call->guest, conn->uri);
      return FALSE;
    }
  call->value_out = info.state == VIR_DOMAIN_CONTROL_OK ? 0 : MAX (info.stateTime, 1);
  return TRUE;
}

static gboolean
memory (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return _migrate_vir_memory (domain, &call->memory);
}

static gboolean
start_dirty_rate (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return _migrate_vir_start_dirty_rate (domain, call->value);
}

/* Since libvirt 7.1; what QEMU printed stays until the guest is started again. */
static gboolean
messages (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  char **list = NULL;
  int n = virDomainGetMessages (domain, &list, 0 /* flags */);
  GString *text;

  if (n < 0)
    return FALSE;
  text = g_string_new (NULL);
  for (int i = 0; i < n; i++)
    {
      g_string_append_printf (text, "%s%s", i > 0 ? "\n" : "", list[i]);
      free (list[i]);
    }
  free (list);
  call->text_out = g_string_free (text, FALSE);
  return TRUE;
}

/* ---- changing ---- */

static gboolean
set_autostart (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainSetAutostart (domain, call->value != 0) == 0;
}

static gboolean
set_downtime (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainMigrateSetMaxDowntime (domain, call->value, 0 /* flags */) == 0;
}

/* In a transfer's parameters 0 means no limit; here it would mean the hypervisor's default, so it
 * becomes the limit that libvirt has when none was set. */
static gboolean
set_bandwidth (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  guint64 unlimited = G_MAXINT64 / (1024 * 1024);
  guint64 limit = call->value > 0 ? MIN (call->value, unlimited) : unlimited;

  return virDomainMigrateSetMaxSpeed (domain, MIN (limit, G_MAXULONG), 0 /* flags */) == 0;
}

/* Of this one 0 means no limit. */
static gboolean
set_postcopy_bandwidth (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  guint64 limit = MIN (call->value, G_MAXINT64 / (1024 * 1024));

  return virDomainMigrateSetMaxSpeed (domain, MIN (limit, G_MAXULONG),
                                      VIR_DOMAIN_MIGRATE_MAX_SPEED_POSTCOPY)
         == 0;
}

static gboolean
set_xbzrle_cache (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainMigrateSetCompressionCache (domain, call->value * 1024 * 1024, 0 /* flags */)
         == 0;
}

static gboolean
suspend (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainSuspend (domain) == 0;
}

static gboolean
resume (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainResume (domain) == 0;
}

/* libvirt 9.0 may say "Domain not found" about a transient guest that it did destroy. */
static gboolean
destroy (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainDestroy (domain) == 0 || virGetLastErrorCode () == VIR_ERR_NO_DOMAIN;
}

/* Without its secrets a guest would not start again. They live between these two calls only. */
static gboolean
persist (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  char *xml = virDomainGetXMLDesc (domain, VIR_DOMAIN_XML_INACTIVE | VIR_DOMAIN_XML_SECURE);
  g_autoptr (virDomain) defined = NULL;

  if (xml == NULL)
    return FALSE;
  defined = virDomainDefineXMLFlags (conn->vir, xml, 0 /* flags */);
  explicit_bzero (xml, strlen (xml));
  g_free (xml);
  return defined != NULL;
}

static gboolean
define (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_autoptr (virDomain) defined = virDomainDefineXMLFlags (conn->vir, call->text_in, 0 /* flags */);

  if (defined == NULL)
    _migrate_set_vir_error (error, conn->vir, MIGRATE_VIR_ANYWHERE,
                            "Cannot define guest “%s” on “%s”", call->guest, conn->uri);
  return defined != NULL;
}

static gboolean
start (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainCreate (domain) == 0;
}

static gboolean
start_postcopy (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainMigrateStartPostCopy (domain, 0 /* flags */) == 0;
}

/* ---- chores ---- */

static gboolean
set_time (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  gint64 now = g_get_real_time ();

  return virDomainSetTime (domain, now / G_USEC_PER_SEC, (guint) (now % G_USEC_PER_SEC) * 1000,
                           0 /* flags */)
         == 0;
}

static gboolean
trim (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainFSTrim (domain, NULL /* every mount point */, 0 /* any length */, 0 /* flags */)
         == 0;
}

/* libvirt has no call for it. The monitor command marks the guest as tainted (custom-monitor),
 * which is why nobody gets this chore who did not ask for it. */
static gboolean
announce (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  static const char command[] = "{\"execute\": \"announce-self\", \"arguments\": "
                                "{\"initial\": 50, \"max\": 550, \"rounds\": 5, \"step\": 50}}";
  char *reply = NULL;
  gboolean ok = virDomainQemuMonitorCommand (domain, command, &reply, 0 /* flags */) == 0;

  if (ok && strstr (reply, "\"error\"") != NULL)
    {
      _migrate_set_error (error, MIGRATE_ERROR_FAILED, NULL /* remedy */,
                          "QEMU refused to announce guest “%s” on “%s”", call->guest, conn->uri);
      ok = FALSE;
    }
  free (reply);
  return ok;
}

static gboolean
abort_job (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  return virDomainAbortJob (domain) == 0;
}

/* ---- transfer ---- */

static gboolean
transfer_direct (MigrateConn *conn, virDomainPtr domain, MigrateVirParams *params,
                 MigrateCall *call, GError **error)
{
  g_autoptr (virConnect) destination = NULL;
  g_autoptr (virDomain) arrived = NULL;
  GError *local = NULL;

  destination = _migrate_vir_connect (call->transfer.destination_uri, &local);
  if (destination == NULL)
    {
      _migrate_error_set_side (local, MIGRATE_SIDE_DESTINATION);
      g_propagate_error (error, local);
      return FALSE;
    }
  arrived = virDomainMigrate3 (domain, destination, params->list, (guint) params->n,
                               _migrate_vir_transfer_flags (&call->transfer));
  if (arrived == NULL)
    fail (conn, call, error); /* here, for closing the connection would reset it */
  return arrived != NULL;
}

static gboolean
transfer (MigrateConn *conn, virDomainPtr domain, MigrateCall *call, GError **error)
{
  g_auto (MigrateVirParams) params = { 0 };

  if (!_migrate_vir_transfer_params (&call->transfer, &params))
    return FALSE;
  _migrate_transfer_forget_xml (&call->transfer); /* the parameters have it */
  if (call->transfer.transport == MIGRATE_TRANSPORT_DIRECT)
    return transfer_direct (conn, domain, &params, call, error);
  return virDomainMigrateToURI3 (domain, call->transfer.peer_uri, params.list, (guint) params.n,
                                 _migrate_vir_transfer_flags (&call->transfer))
         == 0;
}

/* ---- the table ---- */

typedef enum
{
  GUEST_NONE, /* the call concerns the host */
  GUEST_BY_UUID,
  GUEST_BY_ANY /* by UUID or name */
} GuestKey;

/* doing: “Cannot … guest “name””. wanted: a call that failed because the guest was in that state
 * already did what it was for; so every call may be made twice. */
static const struct
{
  MigrateVirHandler *run;
  GuestKey key;
  const char *doing;
  MigrateDomainState wanted;
} handlers[] = {
  [MIGRATE_CALL_HOST_INFO] = { host_info, GUEST_NONE, "describe" },
  [MIGRATE_CALL_DOMAIN_FIND] = { domain_find, GUEST_BY_ANY, "find" },
  [MIGRATE_CALL_DOMAIN_STATE] = { domain_state, GUEST_BY_UUID, "get the state of" },
  [MIGRATE_CALL_DOMAIN_XML] = { domain_xml, GUEST_BY_ANY, "get the definition of" },
  [MIGRATE_CALL_JOB_STATS] = { job_stats, GUEST_BY_ANY, "get the progress of" },
  [MIGRATE_CALL_CONTROL_INFO] = { control_info, GUEST_BY_ANY, "ask about the monitor of" },
  [MIGRATE_CALL_MEMORY] = { memory, GUEST_BY_ANY, "get the memory statistics of" },
  [MIGRATE_CALL_START_DIRTY_RATE] = { start_dirty_rate, GUEST_BY_ANY, "measure the dirty rate of" },
  [MIGRATE_CALL_MESSAGES] = { messages, GUEST_BY_ANY, "get the messages of" },
  [MIGRATE_CALL_FACTS] = { _migrate_vir_facts, GUEST_NONE, "describe" },
  [MIGRATE_CALL_BASELINE_CPU] = { _migrate_vir_baseline_cpu, GUEST_NONE, "find a common CPU on" },
  [MIGRATE_CALL_POOL_FIND] = { _migrate_vir_pool_find, GUEST_NONE, "find a storage pool of" },
  [MIGRATE_CALL_VOLUME_FIND] = { _migrate_vir_volume_find, GUEST_NONE, "find a volume of" },
  [MIGRATE_CALL_VOLUME_READ] = { _migrate_vir_volume_read, GUEST_NONE, "read a volume of" },
  [MIGRATE_CALL_VOLUME_WRITE] = { _migrate_vir_volume_write, GUEST_NONE, "write a volume of" },
  [MIGRATE_CALL_VOLUME_REMOVE] = { _migrate_vir_volume_remove, GUEST_NONE, "remove a volume of" },
  [MIGRATE_CALL_VOLUME_INFO] = { _migrate_vir_volume_info, GUEST_NONE, "describe a volume of" },
  [MIGRATE_CALL_VOLUME_READ_AT] = { _migrate_vir_volume_read_at, GUEST_NONE, "read a volume of" },
  [MIGRATE_CALL_BLOCK_JOBS] = { _migrate_vir_block_jobs, GUEST_BY_ANY, "get the disk jobs of" },
  [MIGRATE_CALL_SNAPSHOTS] = { _migrate_vir_snapshots, GUEST_BY_ANY, "get the snapshots of" },
  [MIGRATE_CALL_SECRET_READ] = { _migrate_vir_secret_read, GUEST_NONE, "read a secret of" },
  [MIGRATE_CALL_SAVED_XML] = { _migrate_vir_saved_xml, GUEST_NONE, "read saved memory of" },
  [MIGRATE_CALL_POOL_CREATE] = { _migrate_vir_pool_create, GUEST_NONE, "make a storage pool of" },
  [MIGRATE_CALL_POOL_REMOVE] = { _migrate_vir_pool_remove, GUEST_NONE, "remove a storage pool of" },
  [MIGRATE_CALL_VOLUME_CREATE] = { _migrate_vir_volume_create, GUEST_NONE, "create a volume of" },
  [MIGRATE_CALL_VOLUME_RESIZE] = { _migrate_vir_volume_resize, GUEST_NONE, "resize a volume of" },
  [MIGRATE_CALL_VOLUME_WRITE_AT]
  = { _migrate_vir_volume_write_at, GUEST_NONE, "write a volume of" },
  [MIGRATE_CALL_SECRET_DEFINE] = { _migrate_vir_secret_define, GUEST_NONE, "define a secret of" },
  [MIGRATE_CALL_SECRET_REMOVE] = { _migrate_vir_secret_remove, GUEST_NONE, "remove a secret of" },
  [MIGRATE_CALL_SNAPSHOT_DEFINE]
  = { _migrate_vir_snapshot_define, GUEST_BY_ANY, "define a snapshot of" },
  [MIGRATE_CALL_CREATE_PAUSED] = { _migrate_vir_create_paused, GUEST_NONE, "create a guest on" },
  [MIGRATE_CALL_TOUCH_DISKS] = { _migrate_vir_touch_disks, GUEST_BY_ANY, "resize the disks of" },
  [MIGRATE_CALL_SHUT_DOWN]
  = { _migrate_vir_shut_down, GUEST_BY_ANY, "shut down", MIGRATE_DOMAIN_SHUTOFF },
  [MIGRATE_CALL_SAVE] = { _migrate_vir_save, GUEST_BY_ANY, "save the memory of" },
  [MIGRATE_CALL_RESTORE] = { _migrate_vir_restore, GUEST_NONE, "restore a guest on" },
  [MIGRATE_CALL_SET_MARK] = { _migrate_vir_set_mark, GUEST_BY_ANY, "mark the definition of" },
  [MIGRATE_CALL_SET_AUTOSTART] = { set_autostart, GUEST_BY_ANY, "set autostart of" },
  [MIGRATE_CALL_SET_DOWNTIME] = { set_downtime, GUEST_BY_ANY, "set the downtime limit of" },
  [MIGRATE_CALL_SET_BANDWIDTH] = { set_bandwidth, GUEST_BY_ANY, "set the bandwidth limit of" },
  [MIGRATE_CALL_SET_POSTCOPY_BANDWIDTH]
  = { set_postcopy_bandwidth, GUEST_BY_ANY, "set the post-copy bandwidth limit of" },
  [MIGRATE_CALL_SET_XBZRLE_CACHE]
  = { set_xbzrle_cache, GUEST_BY_ANY, "set the compression cache of" },
  [MIGRATE_CALL_SUSPEND] = { suspend, GUEST_BY_ANY, "pause", MIGRATE_DOMAIN_PAUSED },
  [MIGRATE_CALL_RESUME] = { resume, GUEST_BY_ANY, "resume", MIGRATE_DOMAIN_RUNNING },
  [MIGRATE_CALL_DESTROY] = { destroy, GUEST_BY_ANY, "destroy", MIGRATE_DOMAIN_SHUTOFF },
  [MIGRATE_CALL_UNDEFINE] = { _migrate_vir_undefine, GUEST_BY_ANY, "undefine" },
  [MIGRATE_CALL_PERSIST] = { persist, GUEST_BY_ANY, "define" },
  [MIGRATE_CALL_DEFINE] = { define, GUEST_NONE, "define a guest on" },
  [MIGRATE_CALL_START] = { start, GUEST_BY_ANY, "start", MIGRATE_DOMAIN_RUNNING },
  [MIGRATE_CALL_POSTCOPY] = { start_postcopy, GUEST_BY_ANY, "switch to post-copy" },
  [MIGRATE_CALL_SET_TIME] = { set_time, GUEST_BY_ANY, "set the clock of" },
  [MIGRATE_CALL_TRIM] = { trim, GUEST_BY_ANY, "trim the file systems of" },
  [MIGRATE_CALL_ANNOUNCE] = { announce, GUEST_BY_ANY, "announce" },
  [MIGRATE_CALL_ABORT] = { abort_job, GUEST_BY_ANY, "stop the transfer of" },
  [MIGRATE_CALL_TRANSFER] = { transfer, GUEST_BY_ANY, "transfer" },
};
G_STATIC_ASSERT (G_N_ELEMENTS (handlers) == MIGRATE_CALL_LAST_KIND + 1);

static void
fail (MigrateConn *conn, MigrateCall *call, GError **error)
{
  const char *doing = handlers[call->kind].doing;
  MigrateVirWhere where
    = call->kind == MIGRATE_CALL_TRANSFER ? MIGRATE_VIR_TRANSFER : MIGRATE_VIR_ANYWHERE;

  if (handlers[call->kind].key == GUEST_NONE)
    _migrate_set_vir_error (error, conn->vir, where, "Cannot %s host “%s”", doing, conn->uri);
  else
    _migrate_set_vir_error (error, conn->vir, where, "Cannot %s guest “%s” on “%s”", doing,
                            call->guest, conn->uri);
}

/* A guest may be named like a UUID that is not its own. */
virDomainPtr
_migrate_vir_find_domain (MigrateConn *conn, const char *guest)
{
  virDomainPtr domain;

  if (g_uuid_string_is_valid (guest))
    {
      domain = virDomainLookupByUUIDString (conn->vir, guest);
      if (domain != NULL || virGetLastErrorCode () != VIR_ERR_NO_DOMAIN)
        return domain;
    }
  return virDomainLookupByName (conn->vir, guest);
}

static virDomainPtr
find_domain (MigrateConn *conn, MigrateCall *call)
{
  if (handlers[call->kind].key == GUEST_BY_ANY)
    return _migrate_vir_find_domain (conn, call->guest);
  return virDomainLookupByUUIDString (conn->vir, call->guest);
}

/* NOT_FOUND is about the guest asked for, and never what a transfer's far end said. */
static gboolean
fail_lookup (MigrateConn *conn, MigrateCall *call, GError **error)
{
  gboolean gone = virGetLastErrorCode () == VIR_ERR_NO_DOMAIN;

  if (gone && call->kind == MIGRATE_CALL_DESTROY)
    return TRUE;
  _migrate_set_vir_error (error, conn->vir, MIGRATE_VIR_ANYWHERE, "Cannot find guest “%s” on “%s”",
                          call->guest, conn->uri);
  return FALSE;
}

static gboolean
is_as_wanted (virDomainPtr domain, MigrateDomainState wanted)
{
  int state, reason;

  return wanted != MIGRATE_DOMAIN_NOSTATE && virDomainGetState (domain, &state, &reason, 0) == 0
         && state == (int) wanted;
}

gboolean
_migrate_libvirt_call (MigrateConn *conn, MigrateCall *call, GError **error)
{
  g_autoptr (virDomain) domain = NULL;
  GError *local = NULL;

  g_assert ((gsize) call->kind < G_N_ELEMENTS (handlers));
  if (handlers[call->kind].key != GUEST_NONE)
    {
      domain = find_domain (conn, call);
      if (domain == NULL)
        return fail_lookup (conn, call, error);
    }
  if (handlers[call->kind].run (conn, domain, call, &local))
    return TRUE;
  if (local == NULL)
    fail (conn, call, &local);
  if (is_as_wanted (domain, handlers[call->kind].wanted))
    {
      g_error_free (local);
      return TRUE;
    }
  g_propagate_error (error, local);
  return FALSE;
}
