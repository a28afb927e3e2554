/* What a host and its hypervisor can do: capabilities and domain capabilities. */
#include "model/mapping-private.h"
#include "xml/document-private.h"
#include "xml/host-private.h"

static void
numa_node_free (MigrateNumaNode *self)
{
  g_free (self->cpus);
  g_clear_pointer (&self->page_sizes, g_array_unref);
  g_free (self);
}

void
_migrate_capabilities_free (MigrateCapabilities *self)
{
  g_free (self->uuid);
  g_free (self->arch);
  g_free (self->cpu_model);
  g_free (self->cpu_vendor);
  g_strfreev (self->cpu_features);
  g_free (self->tsc_frequency);
  g_strfreev (self->migration_uris);
  g_clear_pointer (&self->nodes, g_ptr_array_unref);
  g_free (self->cpus);
  g_free (self);
}

void
_migrate_domain_capabilities_free (MigrateDomainCapabilities *self)
{
  g_free (self->emulator);
  g_free (self->type);
  g_free (self->arch);
  g_free (self->machine);
  g_free (self->host_model);
  g_strfreev (self->usable_models);
  g_strfreev (self->known_models);
  g_strfreev (self->disk_buses);
  g_strfreev (self->tpm_models);
  g_strfreev (self->tpm_backends);
  g_strfreev (self->loaders);
  g_strfreev (self->firmwares);
  g_free (self);
}

/* Of each child of that name its attribute, or its text; with usable, of those alone whose
 * attribute of that name it is. */
static char **
collect (const xmlNode *node, const char *child, const char *attribute, const char *usable)
{
  g_autoptr (GPtrArray) all = g_ptr_array_new ();

  for (const xmlNode *c = _migrate_node_child (node, child); c != NULL;
       c = _migrate_node_next (c, child))
    {
      char *text;

      if (usable != NULL && !_migrate_node_has (c, "usable", usable))
        continue;
      text = attribute != NULL ? _migrate_node_dup (c, attribute) : _migrate_node_text (c);
      if (text != NULL)
        g_ptr_array_add (all, text);
    }
  g_ptr_array_add (all, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&all), FALSE);
}

static const xmlNode *
child_named (const xmlNode *node, const char *element, const char *name)
{
  const xmlNode *c = _migrate_node_child (node, element);

  while (c != NULL && !_migrate_node_has (c, "name", name))
    c = _migrate_node_next (c, element);
  return c;
}

/* ---- capabilities ---- */

/* NULL: there are none. */
static char *
format_cpus (const MigrateCpus *cpus)
{
  return _migrate_cpus_next (cpus, 0) < MIGRATE_N_CPUS ? _migrate_cpus_format (cpus) : NULL;
}

static MigrateNumaNode *
read_node (const xmlNode *cell, MigrateCpus *all, GError **error)
{
  MigrateNumaNode *node = g_new0 (MigrateNumaNode, 1);
  MigrateCpus cpus = { { 0 } };

  node->id = _migrate_node_uint32 (cell, "id", error);
  node->memory_kib = _migrate_node_kib (_migrate_node_child (cell, "memory"), "KiB", error);
  node->page_sizes = g_array_new (FALSE, FALSE, sizeof (guint64));
  for (const xmlNode *p = _migrate_node_child (cell, "pages"); p != NULL;
       p = _migrate_node_next (p, "pages"))
    {
      guint64 kib = _migrate_node_attribute_bytes (p, "size", "KiB", error) / 1024;

      g_array_append_val (node->page_sizes, kib);
    }
  for (const xmlNode *c = _migrate_node_child (_migrate_node_child (cell, "cpus"), "cpu");
       c != NULL; c = _migrate_node_next (c, "cpu"))
    {
      guint id = _migrate_node_uint32 (c, "id", error);

      if (id < MIGRATE_N_CPUS)
        _migrate_cpus_add (&cpus, id);
    }
  _migrate_cpus_unite (all, &cpus);
  node->cpus = format_cpus (&cpus);
  return node;
}

static void
read_nodes (MigrateCapabilities *self, const xmlNode *cells, GError **error)
{
  MigrateCpus all = { { 0 } };

  self->nodes = g_ptr_array_new_with_free_func ((GDestroyNotify) numa_node_free);
  for (const xmlNode *cell = _migrate_node_child (cells, "cell"); cell != NULL;
       cell = _migrate_node_next (cell, "cell"))
    g_ptr_array_add (self->nodes, read_node (cell, &all, error));
  self->cpus = format_cpus (&all);
}

MigrateCapabilities *
_migrate_capabilities_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "capabilities", error);
  g_autoptr (MigrateCapabilities) self = NULL;
  g_autoptr (GError) problem = NULL;
  const xmlNode *host, *cpu, *tsc;

  if (doc == NULL)
    return NULL;
  host = _migrate_node_only_child (xmlDocGetRootElement (doc), "host", &problem);
  cpu = _migrate_node_child (host, "cpu");
  tsc = child_named (cpu, "counter", "tsc");
  self = g_new0 (MigrateCapabilities, 1);
  self->uuid = _migrate_node_text_at (host, "uuid");
  self->arch = _migrate_node_text_at (cpu, "arch");
  self->cpu_model = _migrate_node_text_at (cpu, "model");
  self->cpu_vendor = _migrate_node_text_at (cpu, "vendor");
  self->cpu_features = collect (cpu, "feature", "name", NULL /* usable */);
  self->tsc_frequency = _migrate_node_dup (tsc, "frequency");
  self->tsc_scaling = _migrate_node_has (tsc, "scaling", "yes");
  self->migration_uris = collect (_migrate_node_at (host, "migration_features/uri_transports"),
                                  "uri_transport", NULL /* attribute */, NULL /* usable */);
  read_nodes (self, _migrate_node_at (host, "topology/cells"), &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return g_steal_pointer (&self);
}

/* ---- domain capabilities ---- */

static char **
values_of (const xmlNode *node, const char *name)
{
  return collect (child_named (node, "enum", name), "value", NULL /* attribute */,
                  NULL /* usable */);
}

static gboolean
mode_supported (const xmlNode *cpu, const char *name)
{
  return _migrate_node_has (child_named (cpu, "mode", name), "supported", "yes");
}

static void
read_cpu (MigrateDomainCapabilities *self, const xmlNode *cpu)
{
  const xmlNode *custom = child_named (cpu, "mode", "custom");

  self->host_passthrough = mode_supported (cpu, "host-passthrough");
  self->maximum = mode_supported (cpu, "maximum");
  self->host_model = _migrate_node_text_at (child_named (cpu, "mode", "host-model"), "model");
  self->usable_models = collect (custom, "model", NULL /* attribute */, "yes");
  self->known_models = collect (custom, "model", NULL /* attribute */, NULL /* usable */);
}

MigrateDomainCapabilities *
_migrate_domain_capabilities_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "domainCapabilities", error);
  g_autoptr (MigrateDomainCapabilities) self = NULL;
  g_autoptr (GError) problem = NULL;
  const xmlNode *root, *os, *tpm;

  if (doc == NULL)
    return NULL;
  root = xmlDocGetRootElement (doc);
  os = _migrate_node_child (root, "os");
  tpm = _migrate_node_at (root, "devices/tpm");
  self = g_new0 (MigrateDomainCapabilities, 1);
  self->emulator = _migrate_node_text_at (root, "path");
  self->type = _migrate_node_text_at (root, "domain");
  self->arch = _migrate_node_text_at (root, "arch");
  self->machine = _migrate_node_text_at (root, "machine");
  self->max_vcpus = _migrate_node_uint32 (_migrate_node_child (root, "vcpu"), "max", &problem);
  read_cpu (self, _migrate_node_child (root, "cpu"));
  self->disk_buses = values_of (_migrate_node_at (root, "devices/disk"), "bus");
  self->tpm_models = values_of (tpm, "model");
  self->tpm_backends = values_of (tpm, "backendModel");
  self->loaders = collect (_migrate_node_child (os, "loader"), "value", NULL /* attribute */,
                           NULL /* usable */);
  self->firmwares = values_of (os, "firmware");
  self->has_sev = _migrate_node_has (_migrate_node_at (root, "features/sev"), "supported", "yes");
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return g_steal_pointer (&self);
}
