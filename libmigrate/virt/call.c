/* The record of a call: made by rooms above, filled by a backend. Knows no hypervisor, for the
 * simulator fills the same records. */
#include "virt/call-private.h"

#include <string.h>

static const char *const kind_names[] = {
  [MIGRATE_CALL_HOST_INFO] = "host-info",
  [MIGRATE_CALL_DOMAIN_FIND] = "domain-find",
  [MIGRATE_CALL_DOMAIN_STATE] = "domain-state",
  [MIGRATE_CALL_DOMAIN_XML] = "domain-xml",
  [MIGRATE_CALL_JOB_STATS] = "job-stats",
  [MIGRATE_CALL_CONTROL_INFO] = "control-info",
  [MIGRATE_CALL_MEMORY] = "memory",
  [MIGRATE_CALL_START_DIRTY_RATE] = "start-dirty-rate",
  [MIGRATE_CALL_MESSAGES] = "messages",
  [MIGRATE_CALL_FACTS] = "facts",
  [MIGRATE_CALL_BASELINE_CPU] = "baseline-cpu",
  [MIGRATE_CALL_POOL_FIND] = "pool-find",
  [MIGRATE_CALL_VOLUME_FIND] = "volume-find",
  [MIGRATE_CALL_VOLUME_READ] = "volume-read",
  [MIGRATE_CALL_VOLUME_INFO] = "volume-info",
  [MIGRATE_CALL_VOLUME_READ_AT] = "volume-read-at",
  [MIGRATE_CALL_BLOCK_JOBS] = "block-jobs",
  [MIGRATE_CALL_SNAPSHOTS] = "snapshots",
  [MIGRATE_CALL_SECRET_READ] = "secret-read",
  [MIGRATE_CALL_SAVED_XML] = "saved-xml",
  [MIGRATE_CALL_POOL_CREATE] = "pool-create",
  [MIGRATE_CALL_POOL_REMOVE] = "pool-remove",
  [MIGRATE_CALL_VOLUME_CREATE] = "volume-create",
  [MIGRATE_CALL_VOLUME_RESIZE] = "volume-resize",
  [MIGRATE_CALL_VOLUME_WRITE_AT] = "volume-write-at",
  [MIGRATE_CALL_SECRET_DEFINE] = "secret-define",
  [MIGRATE_CALL_SECRET_REMOVE] = "secret-remove",
  [MIGRATE_CALL_SNAPSHOT_DEFINE] = "snapshot-define",
  [MIGRATE_CALL_CREATE_PAUSED] = "create-paused",
  [MIGRATE_CALL_TOUCH_DISKS] = "touch-disks",
  [MIGRATE_CALL_SHUT_DOWN] = "shut-down",
  [MIGRATE_CALL_SAVE] = "save",
  [MIGRATE_CALL_RESTORE] = "restore",
  [MIGRATE_CALL_VOLUME_WRITE] = "volume-write",
  [MIGRATE_CALL_VOLUME_REMOVE] = "volume-remove",
  [MIGRATE_CALL_SET_MARK] = "set-mark",
  [MIGRATE_CALL_SET_AUTOSTART] = "set-autostart",
  [MIGRATE_CALL_SET_DOWNTIME] = "set-downtime",
  [MIGRATE_CALL_SET_BANDWIDTH] = "set-bandwidth",
  [MIGRATE_CALL_SET_POSTCOPY_BANDWIDTH] = "set-postcopy-bandwidth",
  [MIGRATE_CALL_SET_XBZRLE_CACHE] = "set-xbzrle-cache",
  [MIGRATE_CALL_SUSPEND] = "suspend",
  [MIGRATE_CALL_RESUME] = "resume",
  [MIGRATE_CALL_DESTROY] = "destroy",
  [MIGRATE_CALL_UNDEFINE] = "undefine",
  [MIGRATE_CALL_PERSIST] = "persist",
  [MIGRATE_CALL_DEFINE] = "define",
  [MIGRATE_CALL_START] = "start",
  [MIGRATE_CALL_POSTCOPY] = "postcopy",
  [MIGRATE_CALL_SET_TIME] = "set-time",
  [MIGRATE_CALL_TRIM] = "trim",
  [MIGRATE_CALL_ANNOUNCE] = "announce",
  [MIGRATE_CALL_ABORT] = "abort",
  [MIGRATE_CALL_TRANSFER] = "transfer",
};
G_STATIC_ASSERT (G_N_ELEMENTS (kind_names) == MIGRATE_CALL_LAST_KIND + 1);

/* The words of virsh domstate --reason: operators know them, and search for them. */
static const char *const running_reasons[] = { NULL,
                                               "booted",
                                               "migrated",
                                               "restored",
                                               "from snapshot",
                                               "unpaused",
                                               "migration canceled",
                                               "save canceled",
                                               "event wakeup",
                                               "crashed",
                                               "post-copy",
                                               "post-copy failed" };
static const char *const blocked_reasons[] = { NULL };
static const char *const paused_reasons[]
  = { NULL,        "user",        "migrating",     "saving",           "dumping",
      "I/O error", "watchdog",    "from snapshot", "shutting down",    "creating snapshot",
      "crashed",   "starting up", "post-copy",     "post-copy failed", "API error" };
static const char *const shutdown_reasons[] = { NULL, "user" };
static const char *const shutoff_reasons[]
  = { NULL,    "shutdown", "destroyed",     "crashed", "migrated",
      "saved", "failed",   "from snapshot", "daemon" };
static const char *const crashed_reasons[] = { NULL, "panicked" };

#define REASONS(list) list, G_N_ELEMENTS (list)
static const struct
{
  const char *name;
  const char *const *reasons;
  gsize n_reasons;
} states[] = {
  [MIGRATE_DOMAIN_NOSTATE] = { "no state", REASONS (blocked_reasons) },
  [MIGRATE_DOMAIN_RUNNING] = { "running", REASONS (running_reasons) },
  [MIGRATE_DOMAIN_BLOCKED] = { "idle", REASONS (blocked_reasons) },
  [MIGRATE_DOMAIN_PAUSED] = { "paused", REASONS (paused_reasons) },
  [MIGRATE_DOMAIN_SHUTDOWN] = { "in shutdown", REASONS (shutdown_reasons) },
  [MIGRATE_DOMAIN_SHUTOFF] = { "shut off", REASONS (shutoff_reasons) },
  [MIGRATE_DOMAIN_CRASHED] = { "crashed", REASONS (crashed_reasons) },
  [MIGRATE_DOMAIN_PMSUSPENDED] = { "pmsuspended", REASONS (blocked_reasons) },
};

typedef struct
{
  gpointer data;
  gsize size;
} Secret;

static void
secret_free (gpointer data)
{
  Secret *self = data;

  if (self->data != NULL)
    explicit_bzero (self->data, self->size);
  g_free (self->data);
  g_free (self);
}

MigrateCall *
_migrate_call_new (MigrateCallKind kind, const char *guest)
{
  MigrateCall *self = g_new0 (MigrateCall, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->kind = kind;
  self->guest = g_strdup (guest);
  return self;
}

MigrateCall *
_migrate_call_ref (MigrateCall *self)
{
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

GBytes *
_migrate_secret_bytes_new (gconstpointer data, gsize size)
{
  Secret *secret = g_new (Secret, 1);

  *secret = (Secret){ g_memdup2 (data, size), size };
  return g_bytes_new_with_free_func (secret->data, size, secret_free, secret);
}

/* What g_variant_get_string () gives is the value's own memory, whether it stands alone or in a
 * larger one. */
void
_migrate_wipe_variant (GVariant *value)
{
  if (value == NULL)
    return;
  if (g_variant_is_of_type (value, G_VARIANT_TYPE_STRING))
    {
      _migrate_wipe ((char *) g_variant_get_string (value, NULL /* length */));
      return;
    }
  for (gsize i = 0; g_variant_is_container (value) && i < g_variant_n_children (value); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (value, i);

      _migrate_wipe_variant (child);
    }
}

/* Definitions of guests that may have passwords in them, whoever made the record. */
static void
wipe (MigrateCall *self)
{
  switch (self->kind)
    {
    case MIGRATE_CALL_DOMAIN_XML:
    case MIGRATE_CALL_SAVED_XML:
      if ((self->value & MIGRATE_XML_SECURE) != 0)
        _migrate_wipe (self->text_out);
      break;
    case MIGRATE_CALL_DEFINE:
    case MIGRATE_CALL_CREATE_PAUSED:
    case MIGRATE_CALL_SNAPSHOT_DEFINE:
      _migrate_wipe (self->text_in);
      break;
    case MIGRATE_CALL_SNAPSHOTS:
      _migrate_wipe_variant (self->answer);
      break;
    default:
      break;
    }
}

void
_migrate_call_unref (MigrateCall *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->guest);
  _migrate_transfer_clear (&self->transfer);
  _migrate_host_info_clear (&self->host);
  _migrate_domain_clear (&self->domain);
  wipe (self);
  g_free (self->text_in);
  g_free (self->storage.pool);
  g_free (self->storage.name);
  g_clear_pointer (&self->storage.bytes, g_bytes_unref);
  g_strfreev (self->storage.names);
  g_free (self->text_out);
  g_clear_pointer (&self->question, g_variant_unref);
  g_clear_pointer (&self->answer, g_variant_unref);
  g_free (self);
}

const char *
_migrate_call_kind_name (MigrateCallKind kind)
{
  g_assert ((gsize) kind < G_N_ELEMENTS (kind_names));
  return kind_names[kind];
}

void
_migrate_domain_clear (MigrateDomain *self)
{
  g_free (self->uuid);
  g_free (self->name);
  g_free (self->mark);
  *self = (MigrateDomain){ 0 };
}

/* What `to` had is freed: it is a copy made before, or all zero. */
void
_migrate_domain_copy (const MigrateDomain *from, MigrateDomain *to)
{
  MigrateDomain copy = *from;

  copy.uuid = g_strdup (from->uuid);
  copy.name = g_strdup (from->name);
  copy.mark = g_strdup (from->mark);
  _migrate_domain_clear (to);
  *to = copy;
}

void
_migrate_host_info_clear (MigrateHostInfo *self)
{
  g_free (self->hostname);
  g_free (self->uuid);
  g_free (self->hypervisor);
  *self = (MigrateHostInfo){ 0 };
}

void
_migrate_transfer_forget_xml (MigrateTransfer *self)
{
  _migrate_wipe (self->dest_xml);
  _migrate_wipe (self->persist_xml);
  g_clear_pointer (&self->dest_xml, g_free);
  g_clear_pointer (&self->persist_xml, g_free);
}

void
_migrate_transfer_clear (MigrateTransfer *self)
{
  g_free (self->peer_uri);
  g_free (self->destination_uri);
  g_free (self->migration_uri);
  g_free (self->listen_address);
  g_strfreev (self->compression);
  g_free (self->tls_name);
  g_strfreev (self->disks);
  g_free (self->disks_uri);
  _migrate_transfer_forget_xml (self);
  *self = (MigrateTransfer){ 0 };
}

/* Numbers of a newer libvirt than this are no reason to fail: they are shown as they are. */
char *
_migrate_domain_describe (MigrateDomainState state, int reason)
{
  if ((gsize) state >= G_N_ELEMENTS (states))
    return g_strdup_printf ("state %d (reason %d)", (int) state, reason);
  if (reason == 0)
    return g_strdup (states[state].name);
  if (reason < 0 || (gsize) reason >= states[state].n_reasons)
    return g_strdup_printf ("%s (reason %d)", states[state].name, reason);
  return g_strdup_printf ("%s (%s)", states[state].name, states[state].reasons[reason]);
}
