/* Hosts, guests and links, what happens to them, and what a test may read. */
#include "sim-storage.h"

#include <stdlib.h>
#include <string.h>

#define SIM_BANDWIDTH 125000000
#define SIM_MEMORY (64 << 20)

/* Of the process, as backends are. */
static GMutex worlds_lock;
static GPtrArray *worlds;
static GPtrArray *graveyard;
static SimWorld *nowhere;

/* ---- finding ---- */

SimHost *
_sim_find_host (SimWorld *self, const char *name)
{
  for (guint i = 0; name != NULL && i < self->hosts->len; i++)
    {
      SimHost *host = g_ptr_array_index (self->hosts, i);

      if (g_str_equal (host->name, name))
        return host;
    }
  return NULL;
}

static char *
world_of_uri (const char *uri, char **host)
{
  g_autofree char *world = NULL;
  const char *slash;

  if (uri == NULL || !g_str_has_prefix (uri, "sim://"))
    return NULL;
  uri += strlen ("sim://");
  slash = strchr (uri, '/');
  if (slash == NULL)
    return NULL;
  world = g_strndup (uri, (gsize) (slash - uri));
  if (host != NULL)
    *host = g_strndup (slash + 1, strcspn (slash + 1, "/?#"));
  return g_steal_pointer (&world);
}

SimHost *
_sim_find_host_by_uri (SimWorld *self, const char *uri)
{
  g_autofree char *host = NULL;
  g_autofree char *world = world_of_uri (uri, &host);

  if (world == NULL || !g_str_equal (world, self->name))
    return NULL;
  return _sim_find_host (self, host);
}

SimLink *
_sim_find_link (SimWorld *self, const SimHost *a, const SimHost *b)
{
  for (guint i = 0; i < self->links->len; i++)
    {
      SimLink *link = g_ptr_array_index (self->links, i);

      if ((link->a == a && link->b == b) || (link->a == b && link->b == a))
        return link;
    }
  return NULL;
}

SimGuest *
_sim_find_guest (SimWorld *self, const char *name)
{
  for (guint i = 0; name != NULL && i < self->guests->len; i++)
    {
      SimGuest *guest = g_ptr_array_index (self->guests, i);

      if (g_str_equal (guest->name, name) || g_str_equal (guest->uuid, name))
        return guest;
    }
  return NULL;
}

SimDomain *
_sim_find_domain (SimHost *host, const char *name)
{
  for (guint i = 0; name != NULL && i < host->domains->len; i++)
    {
      SimDomain *domain = g_ptr_array_index (host->domains, i);

      if (g_str_equal (domain->guest->uuid, name) || g_str_equal (domain->guest->name, name))
        return domain;
    }
  return NULL;
}

gboolean
_sim_host_answers (const SimHost *self)
{
  return self->power && self->daemon == SIM_DAEMON_UP;
}

/* ---- domains ---- */

SimDomain *
_sim_domain_new (SimHost *host, SimGuest *guest)
{
  SimDomain *self = g_new0 (SimDomain, 1);

  self->host = host;
  self->guest = guest;
  self->state = MIGRATE_DOMAIN_SHUTOFF;
  self->downtime_ms = 300;
  self->snapshots = g_ptr_array_new_with_free_func (g_free);
  self->checkpoints = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (host->domains, self);
  return self;
}

void
_sim_domain_set_state (SimDomain *self, MigrateDomainState state, int reason)
{
  self->state = state;
  self->reason = reason;
}

guint64
_sim_domain_get_counter (SimDomain *self)
{
  guint64 counter = self->counter;

  if (self->cpus)
    counter += (guint64) (self->host->world->now - self->run_since) / SIM_MS;
  return counter;
}

/* The proof of identity: of all copies of a guest one may run, and only the newest. */
void
_sim_domain_set_cpus (SimDomain *self, gboolean cpus)
{
  SimWorld *world = self->host->world;
  SimGuest *guest = self->guest;

  if (self->cpus == cpus)
    return;
  if (!cpus)
    {
      _sim_domain_flush (self);
      self->counter = _sim_domain_get_counter (self);
      self->cpus = FALSE;
      guest->running--;
      if (self->boots == guest->boots)
        guest->newest = MAX (guest->newest, self->counter);
      return;
    }
  self->cpus = TRUE;
  self->run_since = world->now;
  guest->running++;
  if (guest->running > 1)
    {
      g_autoptr (GString) text = g_string_new (NULL);

      g_string_printf (text, "split: %s runs on", guest->name);
      for (guint i = 0; i < world->hosts->len; i++)
        {
          SimHost *host = g_ptr_array_index (world->hosts, i);
          SimDomain *other = _sim_find_domain (host, guest->uuid);

          if (other != NULL && other->cpus)
            g_string_append_printf (text, " %s", host->name);
        }
      g_ptr_array_add (world->violations, g_strdup (text->str));
    }
  else if (self->boots == guest->boots && self->counter < guest->newest && !guest->given_up)
    {
      g_ptr_array_add (world->violations,
                       g_strdup_printf ("stale: %s goes on at %s with memory that a newer copy "
                                        "had left behind",
                                        guest->name, self->host->name));
    }
  _sim_disks_check (self);
}

static void
domain_remove (SimDomain *self)
{
  SimWorld *world = self->host->world;

  self->gone = TRUE;
  g_ptr_array_remove (self->host->domains, self);
  g_ptr_array_add (world->attic, self);
}

void
_sim_domain_stop (SimDomain *self, int reason)
{
  SimWorld *world = self->host->world;

  _sim_domain_set_cpus (self, FALSE);
  self->active = FALSE;
  self->hung = self->released = FALSE;
  self->shut_down_at = 0;
  g_clear_pointer (&self->lasting, g_free);
  self->monitor_since = 0;
  self->downtime_ms = 300;
  self->bandwidth = 0;
  _sim_domain_set_state (self, MIGRATE_DOMAIN_SHUTOFF, reason);
  if (self->definition != NULL)
    {
      g_free (self->xml);
      self->xml = g_steal_pointer (&self->definition);
    }
  if (!self->persistent)
    domain_remove (self);
  _sim_notify (world, self);
}

void
_sim_domain_undefine (SimDomain *self)
{
  self->persistent = FALSE;
  self->autostart = FALSE;
  if (!self->active && !self->gone)
    domain_remove (self);
}

void
_sim_domain_boot (SimDomain *self)
{
  SimGuest *guest = self->guest;

  guest->boots++;
  guest->newest = 0;
  self->boots = guest->boots;
  self->counter = 0;
  self->active = TRUE;
  _sim_domain_set_state (self, MIGRATE_DOMAIN_RUNNING, 1 /* booted */);
  _sim_domain_set_cpus (self, TRUE);
}

/* ---- making a world ---- */

static void
world_init (SimWorld *self, const char *name, guint64 seed)
{
  self->backend.vtable = &_sim_vtable;
  self->name = g_strdup (name);
  self->seed = seed;
  _sim_sched_init (self);
  self->events = g_ptr_array_new ();
  self->triggers = g_ptr_array_new ();
  self->faults = g_ptr_array_new ();
  self->counts = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->hosts = g_ptr_array_new ();
  self->guests = g_ptr_array_new ();
  self->links = g_ptr_array_new ();
  self->transfers = g_ptr_array_new ();
  self->storages = g_ptr_array_new ();
  self->cuts = g_ptr_array_new ();
  self->violations = g_ptr_array_new_with_free_func (g_free);
  self->attic = g_ptr_array_new ();
}

static MigrateBackend *
factory (const char *uri)
{
  g_autofree char *name = world_of_uri (uri, NULL);
  SimWorld *world = NULL;

  g_mutex_lock (&worlds_lock);
  for (guint i = 0; name != NULL && worlds != NULL && i < worlds->len; i++)
    {
      SimWorld *other = g_ptr_array_index (worlds, i);

      if (g_str_equal (other->name, name))
        world = other;
    }
  if (world == NULL && nowhere == NULL)
    {
      nowhere = g_new0 (SimWorld, 1);
      world_init (nowhere, "", 0);
    }
  if (world == NULL)
    world = nowhere;
  g_mutex_unlock (&worlds_lock);
  return &world->backend;
}

void
_sim_register (void)
{
  static gsize once;

  if (g_once_init_enter (&once))
    {
      _migrate_backend_register ("sim", factory);
      g_once_init_leave (&once, 1);
    }
}

SimWorld *
sim_world_new (const char *name, guint64 seed)
{
  SimWorld *self = g_new0 (SimWorld, 1);

  _sim_register ();
  world_init (self, name, seed);
  g_mutex_lock (&worlds_lock);
  if (worlds == NULL)
    {
      worlds = g_ptr_array_new ();
      graveyard = g_ptr_array_new ();
    }
  for (guint i = worlds->len; i > 0; i--)
    {
      SimWorld *old = g_ptr_array_index (worlds, i - 1);

      if (g_str_equal (old->name, name))
        g_ptr_array_add (graveyard, g_ptr_array_remove_index (worlds, i - 1));
    }
  g_ptr_array_add (worlds, self);
  g_mutex_unlock (&worlds_lock);
  return self;
}

MigrateBackend *
sim_world_get_backend (SimWorld *self)
{
  return &self->backend;
}

static char *
uuid_for (const char *kind, const char *name)
{
  g_autofree char *text = g_strdup_printf ("%s %s", kind, name);
  g_autofree char *sum = g_compute_checksum_for_string (G_CHECKSUM_SHA1, text, -1);

  return g_strdup_printf ("%.8s-%.4s-4%.3s-8%.3s-%.12s", sum, sum + 8, sum + 13, sum + 17,
                          sum + 20);
}

void
sim_world_add_host (SimWorld *self, const char *name)
{
  SimHost *host = g_new0 (SimHost, 1);

  _sim_lock (self);
  host->world = self;
  host->name = g_strdup (name);
  host->uuid = uuid_for ("host", name);
  host->hostname = g_strdup_printf ("%s.%s.sim", name, self->name);
  host->power = TRUE;
  host->epoch = 1;
  host->workers = SIM_WORKERS;
  host->domains = g_ptr_array_new ();
  host->pools = g_ptr_array_new ();
  host->folders = g_ptr_array_new ();
  host->secrets = g_ptr_array_new ();
  for (guint i = 0; i < self->hosts->len; i++)
    {
      SimLink *link = g_new0 (SimLink, 1);

      link->a = g_ptr_array_index (self->hosts, i);
      link->b = host;
      link->bandwidth = SIM_BANDWIDTH;
      g_ptr_array_add (self->links, link);
    }
  g_ptr_array_add (self->hosts, host);
  _sim_unlock (self);
}

SimHost *
_sim_need_host (SimWorld *self, const char *name)
{
  SimHost *host = _sim_find_host (self, name);

  if (host == NULL)
    g_error ("sim: world %s has no host %s", self->name, name);
  return host;
}

SimGuest *
_sim_need_guest (SimWorld *self, const char *name)
{
  SimGuest *guest = _sim_find_guest (self, name);

  if (guest == NULL)
    g_error ("sim: world %s has no guest %s", self->name, name);
  return guest;
}

void
sim_world_set_host_uuid (SimWorld *self, const char *name, const char *uuid)
{
  SimHost *host;

  _sim_lock (self);
  host = _sim_need_host (self, name);
  g_free (host->uuid);
  host->uuid = g_strdup (uuid);
  _sim_unlock (self);
}

void
sim_world_set_workers (SimWorld *self, const char *name, guint workers)
{
  _sim_lock (self);
  _sim_need_host (self, name)->workers = workers;
  _sim_unlock (self);
}

void
_sim_look_at_transfers (SimWorld *self)
{
  g_autoptr (GPtrArray) copy = g_ptr_array_copy (self->transfers, NULL, NULL);

  for (guint i = 0; i < copy->len; i++)
    _sim_transfer_look (g_ptr_array_index (copy, i));
}

void
sim_world_set_bandwidth (SimWorld *self, const char *a, const char *b, guint64 bytes_per_s)
{
  _sim_lock (self);
  _sim_find_link (self, _sim_need_host (self, a), _sim_need_host (self, b))->bandwidth
    = bytes_per_s;
  _sim_look_at_transfers (self);
  _sim_unlock (self);
}

void
sim_world_set_dirty_rate (SimWorld *self, const char *guest, guint64 bytes_per_s)
{
  SimGuest *found;

  _sim_lock (self);
  found = _sim_need_guest (self, guest);
  for (guint i = 0; i < self->transfers->len; i++)
    {
      SimTransfer *transfer = g_ptr_array_index (self->transfers, i);

      if (transfer->guest == found)
        _sim_copy_settle (transfer);
    }
  found->dirty_rate = bytes_per_s;
  _sim_unlock (self);
}

void
sim_world_give_up (SimWorld *self, const char *guest)
{
  SimGuest *found;

  _sim_lock (self);
  found = _sim_need_guest (self, guest);
  found->given_up = TRUE;
  for (guint i = 0; i < found->disks->len; i++)
    ((SimDisk *) found->disks->pdata[i])->scratch = TRUE;
  _sim_unlock (self);
}

void
sim_world_set_keepalive (SimWorld *self, guint ms)
{
  _sim_lock (self);
  self->keepalive_ms = ms;
  _sim_unlock (self);
}

/* What is on them is what the guest has left there. */
static void
add_disks (SimHost *host, SimGuest *guest, const SimDiskSpec *specs)
{
  for (; specs != NULL && specs->target != NULL; specs++)
    {
      SimDisk *disk;
      g_autoptr (SimExtents) data = NULL;
      g_autofree char *why = NULL;

      if (specs->server != NULL)
        continue;
      disk = g_new0 (SimDisk, 1);
      disk->target = g_strdup (specs->target);
      disk->write_rate = specs->write_rate;
      disk->scratch = specs->scratch;
      data = _sim_image_read (host, specs->path, specs->format, NULL /* capacity */, &why);
      disk->content = data != NULL ? _sim_extents_fingerprint (data) : NULL;
      g_ptr_array_add (guest->disks, disk);
      guest->opens_files = TRUE;
    }
}

static char *
xml_for_server (const SimDiskSpec *spec)
{
  return g_markup_printf_escaped ("    <disk type='network' device='disk'>\n"
                                  "      <driver name='qemu' type='raw' cache='none'/>\n"
                                  "      <source protocol='nbd' name='%s'>\n"
                                  "        <host name='%s' port='10809'/>\n"
                                  "      </source>\n"
                                  "      <target dev='%s' bus='virtio'/>\n"
                                  "    </disk>\n",
                                  spec->path, spec->server, spec->target);
}

static char *
xml_for_disk (const SimDiskSpec *spec)
{
  const char *device = spec->device != NULL ? spec->device : "disk";
  gboolean read_only = spec->read_only || g_str_equal (device, "cdrom");
  g_autofree char *type
    = spec->format != NULL ? g_strdup_printf (" type='%s'", spec->format) : g_strdup ("");
  g_autofree char *path = _sim_xml_escape (spec->path);
  g_autofree char *encryption
    = spec->secret != NULL ? g_strdup_printf ("      <encryption format='luks'>\n"
                                              "        <secret type='passphrase' uuid='%s'/>\n"
                                              "      </encryption>\n",
                                              spec->secret)
                           : g_strdup ("");

  return g_strdup_printf ("    <disk type='file' device='%s'>\n"
                          "      <driver name='qemu'%s cache='none'/>\n"
                          "      <source file='%s'/>\n"
                          "      <target dev='%s' bus='%s'/>\n"
                          "%s%s%s    </disk>\n",
                          device, type, path, spec->target,
                          g_str_has_prefix (spec->target, "vd")   ? "virtio"
                          : g_str_has_prefix (spec->target, "sd") ? "scsi"
                                                                  : "ide",
                          encryption, read_only ? "      <readonly/>\n" : "",
                          spec->shareable ? "      <shareable/>\n" : "");
}

static char *
xml_for_disks (const SimDiskSpec *specs)
{
  GString *xml = g_string_new (NULL);

  for (; specs != NULL && specs->target != NULL; specs++)
    {
      g_autofree char *disk = specs->server != NULL ? xml_for_server (specs) : xml_for_disk (specs);

      g_string_append (xml, disk);
    }
  return g_string_free (xml, FALSE);
}

static char *
xml_for (const SimGuest *guest, const SimGuestSpec *spec)
{
  g_autofree char *disks = xml_for_disks (spec->disks);
  g_autofree char *nvram
    = spec->nvram != NULL ? g_markup_printf_escaped ("    <nvram>%s</nvram>\n", spec->nvram) : NULL;
  g_autofree char *disk = NULL;

  if (guest->disk != NULL)
    disk = g_markup_printf_escaped ("    <disk type='file' device='disk'>\n"
                                    "      <driver name='qemu' type='qcow2' cache='none'/>\n"
                                    "      <source file='%s'/>\n"
                                    "      <target dev='vda' bus='virtio'/>\n"
                                    "    </disk>\n",
                                    guest->disk);
  return g_strdup_printf ("<domain type='qemu'>\n"
                          "  <name>%s</name>\n"
                          "  <uuid>%s</uuid>\n"
                          "  <memory unit='KiB'>%" G_GUINT64_FORMAT "</memory>\n"
                          "  <currentMemory unit='KiB'>%" G_GUINT64_FORMAT "</currentMemory>\n"
                          "  <vcpu placement='static'>1</vcpu>\n"
                          "  <os>\n"
                          "    <type arch='x86_64' machine='pc-i440fx-7.2'>hvm</type>\n"
                          "%s"
                          "    <boot dev='hd'/>\n"
                          "  </os>\n"
                          "  <features>\n    <acpi/>\n  </features>\n"
                          "  <cpu mode='custom' match='exact' check='none'>\n"
                          "    <model fallback='forbid'>qemu64</model>\n  </cpu>\n"
                          "  <clock offset='utc'/>\n"
                          "  <on_poweroff>destroy</on_poweroff>\n"
                          "  <on_reboot>restart</on_reboot>\n"
                          "  <on_crash>destroy</on_crash>\n"
                          "  <devices>\n"
                          "    <emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
                          "%s%s"
                          "    <memballoon model='none'/>\n"
                          "  </devices>\n"
                          "</domain>\n",
                          guest->name, guest->uuid, guest->memory / 1024, guest->memory / 1024,
                          nvram != NULL ? nvram : "", disk != NULL ? disk : "", disks);
}

void
sim_world_add_guest (SimWorld *self, const char *host_name, const SimGuestSpec *spec)
{
  SimDomain *domain;
  SimGuest *guest;
  SimHost *host;

  _sim_lock (self);
  host = _sim_need_host (self, host_name);
  guest = _sim_find_guest (self, spec->uuid != NULL ? spec->uuid : spec->name);
  if (guest == NULL)
    {
      guest = g_new0 (SimGuest, 1);
      guest->name = g_strdup (spec->name);
      guest->uuid = spec->uuid != NULL ? g_strdup (spec->uuid) : uuid_for ("guest", spec->name);
      guest->memory = spec->memory > 0 ? spec->memory : SIM_MEMORY;
      guest->dirty_rate = spec->dirty_rate;
      guest->working_set
        = spec->working_set > 0 ? MIN (spec->working_set, guest->memory) : guest->memory;
      guest->cpu_bound = spec->cpu_bound;
      guest->disk = g_strdup (spec->disk);
      guest->shut_down_ms = spec->shut_down_ms;
      guest->disks = g_ptr_array_new ();
      add_disks (host, guest, spec->disks);
      g_ptr_array_add (self->guests, guest);
    }
  domain = _sim_domain_new (host, guest);
  domain->persistent = !spec->transient;
  domain->autostart = spec->autostart;
  domain->xml = spec->xml != NULL ? g_strdup (spec->xml) : xml_for (guest, spec);
  if (spec->state != MIGRATE_DOMAIN_SHUTOFF)
    _sim_domain_boot (domain);
  if (spec->state == MIGRATE_DOMAIN_PAUSED)
    {
      _sim_domain_set_cpus (domain, FALSE);
      _sim_domain_set_state (domain, MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_USER);
    }
  _sim_unlock (self);
}

/* ---- what the test reads ---- */

const char *
_sim_describe_state (MigrateDomainState state, int reason)
{
  static const struct
  {
    MigrateDomainState state;
    int reason;
    const char *text;
  } words[] = {
    { MIGRATE_DOMAIN_RUNNING, 1, "running (booted)" },
    { MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATED, "running (migrated)" },
    { MIGRATE_DOMAIN_RUNNING, 5, "running (unpaused)" },
    { MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATION_CANCELED, "running (migration canceled)" },
    { MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY, "running (post-copy)" },
    { MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY_FAILED, "running (post-copy failed)" },
    { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_USER, "paused (user)" },
    { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_MIGRATION, "paused (migrating)" },
    { MIGRATE_DOMAIN_RUNNING, 3, "running (restored)" },
    { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_SAVE, "paused (saving)" },
    { MIGRATE_DOMAIN_SHUTOFF, 5, "shut off (saved)" },
    { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_STARTING_UP, "paused (starting up)" },
    { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY, "paused (post-copy)" },
    { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY_FAILED, "paused (post-copy failed)" },
    { MIGRATE_DOMAIN_SHUTOFF, 0, "shut off (unknown)" },
    { MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_SHUTDOWN, "shut off (shutdown)" },
    { MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_DESTROYED, "shut off (destroyed)" },
    { MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_CRASHED, "shut off (crashed)" },
    { MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_MIGRATED, "shut off (migrated)" },
    { MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_FAILED, "shut off (failed)" },
  };

  for (guint i = 0; i < G_N_ELEMENTS (words); i++)
    if (words[i].state == state && words[i].reason == reason)
      return words[i].text;
  return "?";
}

char *
sim_world_dup_xml (SimWorld *self, const char *host, const char *guest, gboolean definition)
{
  SimDomain *domain;
  char *xml = NULL;

  _sim_lock (self);
  domain = _sim_find_domain (_sim_need_host (self, host), guest);
  if (domain != NULL)
    xml = g_strdup (definition && domain->definition != NULL ? domain->definition : domain->xml);
  _sim_unlock (self);
  return xml;
}

const MigrateTransfer *
sim_world_get_asked (SimWorld *self)
{
  const MigrateTransfer *asked;

  _sim_lock (self);
  asked = self->asked != NULL ? &self->asked->transfer : NULL;
  _sim_unlock (self);
  return asked;
}

SimDomainInfo
sim_world_get_domain (SimWorld *self, const char *host, const char *guest)
{
  SimDomainInfo info = { 0 };
  SimDomain *domain;

  _sim_lock (self);
  domain = _sim_find_domain (_sim_need_host (self, host), _sim_need_guest (self, guest)->uuid);
  if (domain != NULL)
    {
      info.exists = TRUE;
      info.active = domain->active;
      info.state = domain->state;
      info.reason = domain->reason;
      info.persistent = domain->persistent;
      info.autostart = domain->autostart;
      info.has_job = domain->job != NULL;
      info.counter = _sim_domain_get_counter (domain);
      info.boots = domain->boots;
    }
  _sim_unlock (self);
  return info;
}

const char *
sim_world_describe (SimWorld *self, const char *name)
{
  GString *text = g_string_new (NULL);
  SimGuest *guest;
  char *result;

  _sim_lock (self);
  guest = _sim_need_guest (self, name);
  for (guint i = 0; i < self->hosts->len; i++)
    {
      SimHost *host = g_ptr_array_index (self->hosts, i);
      SimDomain *domain = _sim_find_domain (host, guest->uuid);

      g_string_append_printf (text, "%s%s: ", i > 0 ? " | " : "", host->name);
      if (domain == NULL)
        g_string_append_c (text, '-');
      else
        g_string_append_printf (
          text, "%s%s%s%s", _sim_describe_state (domain->state, domain->reason),
          domain->persistent ? " persistent" : "", domain->autostart ? " autostart" : "",
          domain->job != NULL ? " job" : "");
    }
  result = g_string_free (text, FALSE);
  g_ptr_array_add (self->attic, result);
  _sim_unlock (self);
  return result;
}

GPtrArray *
sim_world_get_violations (SimWorld *self)
{
  return self->violations;
}

guint
sim_world_count_transfers (SimWorld *self)
{
  guint n;

  _sim_lock (self);
  n = self->transfers->len;
  _sim_unlock (self);
  return n;
}
