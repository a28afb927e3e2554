/* Decide: whether there is room for the guest: memory, huge pages, CPUs, and the CPUs and nodes of
 * the host that it is bound to. Nothing reserves it: another guest may take it a moment later. */
#include "check/checks-private.h"

#include <string.h>

static const MigrateHostFacts *
destination (const MigrateLook *look)
{
  return &look->facts->on_destination;
}

/* ---- memory ---- */

/* What it may touch: a balloon is no promise. */
static guint64
memory_of (const MigrateGuest *guest)
{
  return MAX (guest->memory_kib, guest->current_memory_kib) * 1024;
}

static gboolean
is_in_huge_pages (const MigrateGuest *guest)
{
  return guest->huge_pages->len > 0;
}

static void
look_memory_total (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);
  g_autofree char *needed = _migrate_look_size (memory_of (guest));
  g_autofree char *total = _migrate_look_size (destination (look)->memory_total);

  if (destination (look)->memory_total > 0 && memory_of (guest) > destination (look)->memory_total)
    _migrate_look_find (look, look->facts->destination.hostname, needed, total, NULL);
}

/* What is free does not count what the kernel would give back of its caches. */
static void
look_memory_free (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);
  g_autofree char *needed = _migrate_look_size (memory_of (guest));
  g_autofree char *available = _migrate_look_size (destination (look)->memory_free);

  if (destination (look)->memory_free > 0 && !is_in_huge_pages (guest)
      && memory_of (guest) > destination (look)->memory_free
      && (destination (look)->memory_total == 0
          || memory_of (guest) <= destination (look)->memory_total))
    _migrate_look_find (look, look->facts->destination.hostname, needed, available, NULL);
}

/* ---- huge pages ---- */

static gboolean
has_page_size (const MigrateCapabilities *host, guint64 kib)
{
  for (guint i = 0; i < host->nodes->len; i++)
    {
      const MigrateNumaNode *node = host->nodes->pdata[i];

      for (guint j = 0; node->page_sizes != NULL && j < node->page_sizes->len; j++)
        if (g_array_index (node->page_sizes, guint64, j) == kib)
          return TRUE;
    }
  return FALSE;
}

static gboolean
tells_page_sizes (const MigrateCapabilities *host)
{
  for (guint i = 0; host != NULL && i < host->nodes->len; i++)
    {
      const MigrateNumaNode *node = host->nodes->pdata[i];

      if (node->page_sizes != NULL && node->page_sizes->len > 0)
        return TRUE;
    }
  return FALSE;
}

static void
look_page_size (MigrateLook *look)
{
  const GPtrArray *pages = _migrate_look_there (look)->huge_pages;
  const MigrateCapabilities *host = destination (look)->capabilities;

  if (!tells_page_sizes (host))
    return;
  for (guint i = 0; i < pages->len; i++)
    {
      const MigrateHugePages *page = pages->pdata[i];
      g_autofree char *size = _migrate_look_size (page->kib * 1024);

      if (page->kib != 0 && !has_page_size (host, page->kib))
        _migrate_look_find (look, look->facts->destination.hostname, size, NULL);
    }
}

/* Whether memory of the guest may be on a node of the host. */
static gboolean
may_be_on (const MigrateGuest *guest, guint node)
{
  g_autofree char *text = g_strdup_printf ("%u", node);
  gboolean allowed = guest->nodes->len == 0;

  for (guint i = 0; i < guest->nodes->len; i++)
    allowed |= _migrate_cpu_set_contains (guest->nodes->pdata[i], text, NULL /* missing */);
  return allowed;
}

/* In bytes; FALSE: the host did not tell of pages of that size. */
static gboolean
free_in_pages (const MigrateLook *look, guint64 kib, guint64 *bytes)
{
  const GArray *pages = destination (look)->free_pages;
  gboolean told = FALSE;

  *bytes = 0;
  for (guint i = 0; pages != NULL && i < pages->len; i++)
    {
      const MigrateFreePages *page = &g_array_index (pages, MigrateFreePages, i);

      if (page->kib != kib)
        continue;
      told = TRUE;
      if (may_be_on (_migrate_look_there (look), page->node))
        *bytes += page->free * kib * 1024;
    }
  return told;
}

/* How the guest's nodes share its memory is not known here: with more than one size, each must have
 * one page. */
static void
look_huge_pages (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);

  for (guint i = 0; i < guest->huge_pages->len; i++)
    {
      const MigrateHugePages *page = guest->huge_pages->pdata[i];
      guint64 need = guest->huge_pages->len == 1 && page->node_set == NULL ? memory_of (guest)
                                                                           : page->kib * 1024;
      g_autofree char *size = _migrate_look_size (page->kib * 1024);
      g_autofree char *needed = _migrate_look_size (need);
      g_autofree char *available = NULL;
      guint64 bytes;

      if (page->kib == 0 || !free_in_pages (look, page->kib, &bytes) || bytes >= need)
        continue;
      available = _migrate_look_size (bytes);
      _migrate_look_find (look, look->facts->destination.hostname, size, needed, available, NULL);
    }
}

/* ---- CPUs ---- */

static guint
vcpus_of (const MigrateGuest *guest)
{
  return MAX (guest->vcpus, guest->max_vcpus);
}

/* 0: not known. */
static guint
vcpu_limit (const MigrateLook *look)
{
  const MigrateDomainCapabilities *domain = destination (look)->domain;
  guint machine = domain != NULL ? domain->max_vcpus : 0;
  guint host = destination (look)->max_vcpus;

  if (machine == 0 || host == 0)
    return MAX (machine, host);
  return MIN (machine, host);
}

static void
look_vcpu_limit (MigrateLook *look)
{
  guint vcpus = vcpus_of (_migrate_look_there (look));
  g_autofree char *has = g_strdup_printf ("%u", vcpus);
  g_autofree char *limit = g_strdup_printf ("%u", vcpu_limit (look));

  if (vcpu_limit (look) > 0 && vcpus > vcpu_limit (look))
    _migrate_look_find (look, look->facts->guest.name, has, limit, NULL);
}

static void
look_vcpus (MigrateLook *look)
{
  guint vcpus = _migrate_look_there (look)->vcpus;
  guint online = destination (look)->cpus_online;
  g_autofree char *has = g_strdup_printf ("%u", vcpus);
  g_autofree char *cpus = g_strdup_printf ("%u", online);

  if (online > 0 && vcpus > online)
    _migrate_look_find (look, look->facts->guest.name, has, cpus, NULL);
}

/* ---- what it is bound to ---- */

static void
look_cpu_set (MigrateLook *look, const char *online, const char *set)
{
  g_autofree char *missing = NULL;

  if (set != NULL && !_migrate_cpu_set_contains (online, set, &missing))
    _migrate_look_find (look, look->facts->guest.name, set, missing != NULL ? missing : set, online,
                        NULL);
}

/* The same set is named for many CPUs: once is enough. */
static void
look_cpu_sets (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);
  const char *online = destination (look)->cpu_map;
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  if (online == NULL)
    return;
  look_cpu_set (look, online, guest->cpu_set);
  if (guest->cpu_set != NULL)
    g_hash_table_add (seen, guest->cpu_set);
  for (guint i = 0; i < guest->pins->len; i++)
    if (g_hash_table_add (seen, guest->pins->pdata[i]))
      look_cpu_set (look, online, guest->pins->pdata[i]);
}

static char *
nodes_of (const MigrateCapabilities *host)
{
  GString *nodes = g_string_new (NULL);

  for (guint i = 0; i < host->nodes->len; i++)
    {
      const MigrateNumaNode *node = host->nodes->pdata[i];

      g_string_append_printf (nodes, "%s%u", i > 0 ? "," : "", node->id);
    }
  return g_string_free (nodes, FALSE);
}

static void
look_nodes (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);
  const MigrateCapabilities *host = destination (look)->capabilities;
  g_autofree char *nodes = NULL;

  if (host == NULL || host->nodes->len == 0)
    return;
  nodes = nodes_of (host);
  for (guint i = 0; i < guest->nodes->len; i++)
    {
      g_autofree char *missing = NULL;

      if (!_migrate_cpu_set_contains (nodes, guest->nodes->pdata[i], &missing))
        _migrate_look_find (look, look->facts->guest.name, guest->nodes->pdata[i],
                            missing != NULL ? missing : guest->nodes->pdata[i], nodes, NULL);
    }
}

static void
look_partition (MigrateLook *look)
{
  const char *partition = _migrate_look_there (look)->resource_partition;

  if (partition != NULL && !g_str_equal (partition, "/machine"))
    _migrate_look_find (look, partition, NULL);
}

static const MigrateCheck checks[] = {
  { "memory-too-small", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the destination has less memory altogether than the guest",
    "The guest has $2 of memory, and the whole of “$1” has $3",
    "Choose another destination, or accept it where there is enough swap", look_memory_total },
  { "page-size-unknown", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest's memory is in huge pages of a size that the destination does not have",
    "The guest's memory is in pages of $2, which “$1” does not have",
    "Choose another destination, or give the guest another page size and start it again",
    look_page_size },
  { "huge-pages-short", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the destination has too few free huge pages of the guest's size, on the nodes that its memory "
    "may be on",
    "The guest needs $3 in pages of $2, and “$1” has $4 free in them",
    "Set more of them aside there: virsh allocpages", look_huge_pages },
  { "vcpus-too-many", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest may have more CPUs than the destination's hypervisor gives to one guest",
    "Guest “$1” has up to $2 CPUs, and the destination gives at most $3",
    "Name another destination", look_vcpu_limit },
  { "cpu-set-missing", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest is bound to CPUs that the destination does not have, or that are not online there",
    "Guest “$1” is bound to the CPUs $2: the destination does not have $3 (it has $4)",
    "Map the CPUs, or bind the guest to others first (virsh vcpupin, emulatorpin)", look_cpu_sets },
  { "numa-node-missing", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest's memory is bound to nodes that the destination does not have",
    "The memory of guest “$1” is bound to the nodes $2: the destination does not have $3 (it has "
    "$4)",
    "Map the nodes, or bind the memory to others first (virsh numatune)", look_nodes },
  { "memory-short", MIGRATE_SEVERITY_WARNING, FALSE,
    "the destination has less memory free than the guest has: its kernel must give back caches, or "
    "swap",
    "The guest has $2 of memory, and “$1” has $3 free", "Make room there", look_memory_free },
  { "vcpus-short", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest has more CPUs than the destination has online: it will be slow",
    "Guest “$1” has $2 CPUs, and the destination has $3", "Name another destination", look_vcpus },
  { "resource-partition", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest is in a resource partition of its host: it must be there at the destination",
    "The guest is in the resource partition “$1”: the destination must have it",
    "Make sure that it is there (systemd slice, cgroup)", look_partition },
};

const MigrateCheckFamily _migrate_capacity_checks = { "capacity", checks, G_N_ELEMENTS (checks) };
