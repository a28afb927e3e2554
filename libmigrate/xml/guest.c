/* A guest's document, read once: what it is, its memory, its processors. */
#include "xml/guest-parts-private.h"

#include <string.h>

static const char as_libvirt_gives_it[] = "Give the document as “virsh dumpxml” prints it";
static const char qemu_namespace[] = "http://libvirt.org/schemas/domain/qemu/1.0";

static void
huge_pages_free (MigrateHugePages *self)
{
  g_free (self->node_set);
  g_free (self);
}

void
_migrate_guest_free (MigrateGuest *self)
{
  char *const strings[] = {
    self->uuid,
    self->name,
    self->type,
    self->arch,
    self->machine,
    self->emulator,
    self->loader,
    self->nvram,
    self->kernel,
    self->initrd,
    self->dtb,
    self->memory_source,
    self->cpu_mode,
    self->cpu_model,
    self->cpu_check,
    self->cpu_xml,
    self->cpu_set,
    self->launch_security,
    self->resource_partition,
  };
  GPtrArray *const lists[]
    = { self->huge_pages,   self->pins,    self->nodes,     self->disks,  self->nics,
        self->host_devices, self->devices, self->endpoints, self->secrets };

  for (gsize i = 0; i < G_N_ELEMENTS (strings); i++)
    g_free (strings[i]);
  for (gsize i = 0; i < G_N_ELEMENTS (lists); i++)
    if (lists[i] != NULL)
      g_ptr_array_unref (lists[i]);
  g_strfreev (self->cpu_features);
  g_strfreev (self->perf_events);
  g_free (self);
}

static MigrateGuest *
guest_new (void)
{
  MigrateGuest *self = g_new0 (MigrateGuest, 1);

  self->huge_pages = g_ptr_array_new_with_free_func ((GDestroyNotify) huge_pages_free);
  self->pins = g_ptr_array_new_with_free_func (g_free);
  self->nodes = g_ptr_array_new_with_free_func (g_free);
  self->disks = _migrate_disk_list_new ();
  self->nics = _migrate_nic_list_new ();
  self->host_devices = _migrate_host_device_list_new ();
  self->devices = _migrate_device_list_new ();
  self->endpoints = _migrate_endpoint_list_new ();
  self->secrets = _migrate_secret_use_list_new ();
  return self;
}

/* ---- what it is ---- */

static void
read_identity (MigrateGuest *self, const xmlNode *domain, GError **error)
{
  self->name = _migrate_node_text (_migrate_node_only_child (domain, "name", error));
  self->uuid = _migrate_node_text (_migrate_node_only_child (domain, "uuid", error));
  self->type = _migrate_node_dup (domain, "type");
  if (self->name == NULL)
    _migrate_node_error (error, domain, as_libvirt_gives_it, "it has no <name>");
  else if (self->uuid == NULL)
    _migrate_node_error (error, domain, as_libvirt_gives_it, "it has no <uuid>");
  else if (!g_uuid_string_is_valid (self->uuid))
    _migrate_node_error (error, domain, as_libvirt_gives_it, "its <uuid> is not a UUID");
  else if (self->type == NULL)
    _migrate_node_error (error, domain, as_libvirt_gives_it, "<domain> has no type");
}

static void
read_os (MigrateGuest *self, const xmlNode *os)
{
  self->arch = _migrate_node_dup_at (os, "type", "arch");
  self->machine = _migrate_node_dup_at (os, "type", "machine");
  self->loader = _migrate_node_text_at (os, "loader");
  self->nvram = _migrate_node_text_at (os, "nvram");
  if (self->nvram == NULL)
    self->nvram = _migrate_node_dup_at (os, "nvram/source", "file");
  self->kernel = _migrate_node_text_at (os, "kernel");
  self->initrd = _migrate_node_text_at (os, "initrd");
  self->dtb = _migrate_node_text_at (os, "dtb");
  self->firmware_auto = _migrate_node_peek (os, "firmware") != NULL;
}

static void
read_rest (MigrateGuest *self, const xmlNode *domain)
{
  g_autoptr (GPtrArray) events = g_ptr_array_new ();

  self->launch_security = _migrate_node_dup_at (domain, "launchSecurity", "type");
  self->resource_partition = _migrate_node_text_at (domain, "resource/partition");
  for (const xmlNode *node = _migrate_node_child (_migrate_node_child (domain, "perf"), "event");
       node != NULL; node = _migrate_node_next (node, "event"))
    if (_migrate_node_has (node, "enabled", "yes") && _migrate_node_peek (node, "name") != NULL)
      g_ptr_array_add (events, _migrate_node_dup (node, "name"));
  g_ptr_array_add (events, NULL);
  self->perf_events = (char **) g_ptr_array_free (g_steal_pointer (&events), FALSE);
  for (const xmlNode *node = domain->children; node != NULL; node = node->next)
    if (node->type == XML_ELEMENT_NODE && node->ns != NULL
        && strcmp ((const char *) node->ns->href, qemu_namespace) == 0
        && (strcmp ((const char *) node->name, "commandline") == 0
            || strcmp ((const char *) node->name, "override") == 0))
      self->has_command_line = TRUE;
}

/* ---- memory ---- */

static void
read_huge_pages (MigrateGuest *self, const xmlNode *pages, GError **error)
{
  const xmlNode *page = _migrate_node_child (pages, "page");

  if (pages == NULL)
    return;
  do
    {
      MigrateHugePages *huge = g_new0 (MigrateHugePages, 1);

      huge->kib = _migrate_node_attribute_bytes (page, "size", "KiB", error) / 1024;
      huge->node_set = _migrate_node_dup (page, "nodeset");
      g_ptr_array_add (self->huge_pages, huge);
      page = _migrate_node_next (page, "page");
    }
  while (page != NULL);
}

static gboolean
shares_a_cell (const xmlNode *domain)
{
  for (const xmlNode *cell = _migrate_node_child (_migrate_node_at (domain, "cpu/numa"), "cell");
       cell != NULL; cell = _migrate_node_next (cell, "cell"))
    if (_migrate_node_has (cell, "memAccess", "shared"))
      return TRUE;
  return FALSE;
}

static void
read_memory (MigrateGuest *self, const xmlNode *domain, GError **error)
{
  const xmlNode *backing = _migrate_node_child (domain, "memoryBacking");

  self->memory_kib
    = _migrate_node_kib (_migrate_node_only_child (domain, "memory", error), "KiB", error);
  self->current_memory_kib
    = _migrate_node_kib (_migrate_node_child (domain, "currentMemory"), "KiB", error);
  self->max_memory_kib
    = _migrate_node_kib (_migrate_node_child (domain, "maxMemory"), "KiB", error);
  self->memory_locked = _migrate_node_child (backing, "locked") != NULL;
  self->memory_source = _migrate_node_dup_at (backing, "source", "type");
  self->memory_shared
    = _migrate_node_has (_migrate_node_child (backing, "access"), "mode", "shared")
      || shares_a_cell (domain);
  read_huge_pages (self, _migrate_node_child (backing, "hugepages"), error);
}

static void
read_nodes (MigrateGuest *self, const xmlNode *tune)
{
  for (const xmlNode *node = _migrate_node_child (tune, NULL); node != NULL;
       node = _migrate_node_next (node, NULL))
    if (_migrate_node_is (node, "memory") || _migrate_node_is (node, "memnode"))
      {
        char *set = _migrate_node_dup (node, "nodeset");

        if (set != NULL)
          g_ptr_array_add (self->nodes, set);
      }
}

/* ---- processors ---- */

static char **
required_features (const xmlNode *cpu)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (const xmlNode *node = _migrate_node_child (cpu, "feature"); node != NULL;
       node = _migrate_node_next (node, "feature"))
    {
      const char *policy = _migrate_node_peek (node, "policy");
      char *name = _migrate_node_dup (node, "name");

      if (name != NULL
          && (policy == NULL || strcmp (policy, "require") == 0 || strcmp (policy, "force") == 0))
        g_ptr_array_add (names, name);
      else
        g_free (name);
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static void
read_cpu (MigrateGuest *self, xmlNode *cpu)
{
  self->cpu_features = required_features (cpu);
  if (cpu == NULL)
    return;
  self->cpu_xml = _migrate_node_to_text (cpu);
  self->cpu_mode = _migrate_node_dup (cpu, "mode");
  self->cpu_model = _migrate_node_text_at (cpu, "model");
  if (self->cpu_mode == NULL && self->cpu_model != NULL)
    self->cpu_mode = g_strdup ("custom");
  self->cpu_check = _migrate_node_dup (cpu, "check");
  self->cpu_unmigratable = _migrate_node_has (cpu, "migratable", "off");
}

static void
read_timers (MigrateGuest *self, const xmlNode *clock)
{
  for (const xmlNode *node = _migrate_node_child (clock, "timer"); node != NULL;
       node = _migrate_node_next (node, "timer"))
    if (_migrate_node_has (node, "name", "tsc") && _migrate_node_peek (node, "frequency") != NULL)
      self->has_tsc_frequency = TRUE;
}

static void
read_vcpus (MigrateGuest *self, const xmlNode *domain, GError **error)
{
  static const char *const pinned[] = { "vcpupin", "emulatorpin", "iothreadpin", NULL };
  const xmlNode *vcpu = _migrate_node_only_child (domain, "vcpu", error);

  self->max_vcpus = vcpu != NULL ? _migrate_node_uint32 (vcpu, NULL /* attribute */, error) : 1;
  self->vcpus = _migrate_node_peek (vcpu, "current") != NULL
                  ? _migrate_node_uint32 (vcpu, "current", error)
                  : self->max_vcpus;
  self->cpu_set = _migrate_node_dup (vcpu, "cpuset");
  for (const xmlNode *node = _migrate_node_child (_migrate_node_child (domain, "cputune"), NULL);
       node != NULL; node = _migrate_node_next (node, NULL))
    if (g_strv_contains (pinned, (const char *) node->name))
      {
        char *set = _migrate_node_dup (node, "cpuset");

        if (set != NULL)
          g_ptr_array_add (self->pins, set);
      }
}

static void
read_devices (MigrateGuest *self, const xmlNode *domain, GError **error)
{
  const xmlNode *devices = _migrate_node_only_child (domain, "devices", error);

  self->emulator = _migrate_node_text_at (devices, "emulator");
  _migrate_guest_read_disks (self->disks, devices, error);
  _migrate_guest_read_nics (self, devices, error);
  _migrate_guest_read_devices (self, devices, error);
  _migrate_guest_read_endpoints (self, devices);
}

MigrateGuest *
_migrate_guest_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "domain", error);
  g_autoptr (MigrateGuest) self = NULL;
  g_autoptr (GError) problem = NULL;
  const xmlNode *domain;

  if (doc == NULL)
    return NULL;
  domain = xmlDocGetRootElement (doc);
  self = guest_new ();
  read_identity (self, domain, &problem);
  read_os (self, _migrate_node_only_child (domain, "os", &problem));
  read_memory (self, domain, &problem);
  read_nodes (self, _migrate_node_child (domain, "numatune"));
  read_cpu (self, _migrate_node_only_child (domain, "cpu", &problem));
  read_timers (self, _migrate_node_child (domain, "clock"));
  read_vcpus (self, domain, &problem);
  read_devices (self, domain, &problem);
  read_rest (self, domain);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return g_steal_pointer (&self);
}
