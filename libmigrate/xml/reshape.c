/* See the header. Each rule names the first thing that would be wrong with the new numbers: libvirt
 * would refuse it, or take another number than was asked for. */
#include "xml/reshape-private.h"

#include "xml/tree-private.h"

#include <string.h>

#define KIB 1024

static gboolean contradict (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static gboolean
contradict (GError **error, const char *format, ...)
{
  g_autofree char *why = NULL;
  va_list args;

  va_start (args, format);
  why = g_strdup_vprintf (format, args);
  va_end (args);
  _migrate_set_error (error, MIGRATE_ERROR_UNSUPPORTED,
                      "Change the guest's definition at the source first",
                      "The guest cannot be given another shape: %s", why);
  return FALSE;
}

/* ---- numbers ---- */

static guint64
number_of (const MigrateNode *node, const char *attribute, guint64 otherwise)
{
  const char *text = _migrate_tree_peek (node, attribute);
  guint64 number;

  return text != NULL && g_ascii_string_to_unsigned (text, 10, 0, G_MAXUINT32, &number, NULL)
           ? number
           : otherwise;
}

static gboolean
read_text (const MigrateNode *node, guint64 *number)
{
  g_autofree char *text = node != NULL ? _migrate_tree_text (node) : NULL;

  return text != NULL
         && g_ascii_string_to_unsigned (g_strstrip (text), 10, 0, G_MAXINT64, number, NULL);
}

/* libvirt's units; without one it is KiB. */
static gboolean
read_bytes (const MigrateNode *node, guint64 *bytes)
{
  static const struct
  {
    const char *name;
    guint64 bytes;
  } units[] = {
    { "b", 1 },
    { "bytes", 1 },
    { "KB", 1000 },
    { "k", KIB },
    { "KiB", KIB },
    { "MB", 1000000 },
    { "M", KIB * KIB },
    { "MiB", KIB * KIB },
    { "GB", 1000000000 },
    { "G", G_GUINT64_CONSTANT (1) << 30 },
    { "GiB", G_GUINT64_CONSTANT (1) << 30 },
    { "TB", G_GUINT64_CONSTANT (1000000000000) },
    { "T", G_GUINT64_CONSTANT (1) << 40 },
    { "TiB", G_GUINT64_CONSTANT (1) << 40 },
  };
  const char *unit = node != NULL ? _migrate_tree_peek (node, "unit") : NULL;

  if (!read_text (node, bytes))
    return FALSE;
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (g_ascii_strcasecmp (units[i].name, unit != NULL ? unit : "KiB") == 0)
      return g_uint64_checked_mul (bytes, *bytes, units[i].bytes);
  return FALSE;
}

static void
set_number (MigrateNode *node, guint64 number)
{
  g_autofree char *text = g_strdup_printf ("%" G_GUINT64_FORMAT, number);

  _migrate_tree_set_text (node, text);
}

static MigrateNode *
at (MigrateNode *root, const char *first, const char *second)
{
  return _migrate_tree_child (_migrate_tree_child (root, first), second);
}

static gboolean
has_cells (MigrateNode *root)
{
  return _migrate_tree_child (at (root, "cpu", "numa"), "cell") != NULL;
}

/* ---- CPUs ---- */

static gboolean
fits_topology (MigrateNode *root, guint vcpus, GError **error)
{
  static const char *const parts[] = { "sockets", "dies", "clusters", "cores", "threads" };
  MigrateNode *topology = at (root, "cpu", "topology");
  guint64 product = 1;

  if (topology == NULL)
    return TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    if (!g_uint64_checked_mul (&product, product, number_of (topology, parts[i], 1)))
      product = 0;
  return product == vcpus
         || contradict (error, "its CPU topology is of %" G_GUINT64_FORMAT " vCPUs, not of %u",
                        product, vcpus);
}

static gboolean
is_tuned_past (MigrateNode *root, guint vcpus)
{
  MigrateNode *tune = _migrate_tree_child (root, "cputune");

  for (MigrateNode *c = tune != NULL ? tune->first : NULL; c != NULL; c = c->next)
    {
      if (c->kind != MIGRATE_NODE_ELEMENT)
        continue;
      if (number_of (c, "vcpu", 0) >= vcpus && _migrate_tree_peek (c, "vcpu") != NULL)
        return TRUE;
      if (_migrate_tree_peek (c, "vcpus") != NULL) /* sets of them, in many a spelling */
        return TRUE;
    }
  return FALSE;
}

static gboolean
reshape_vcpus (MigrateNode *root, guint vcpus, GError **error)
{
  MigrateNode *node = _migrate_tree_child (root, "vcpu");
  guint64 before = 1;

  read_text (node, &before);
  if (vcpus == 0 || (before == vcpus && number_of (node, "current", vcpus) == vcpus))
    return TRUE;
  if (node == NULL)
    return contradict (error, "its definition does not say how many vCPUs it has");
  if (_migrate_tree_child (root, "vcpus") != NULL)
    return contradict (error, "its vCPUs are listed one by one");
  if (before != vcpus && has_cells (root))
    return contradict (error, "its vCPUs are shared out among NUMA cells");
  if (!fits_topology (root, vcpus, error))
    return FALSE;
  if (vcpus < before && is_tuned_past (root, vcpus))
    return contradict (error, "it has tuning for a vCPU past the first %u", vcpus);
  set_number (node, vcpus);
  if (_migrate_tree_peek (node, "current") != NULL)
    _migrate_tree_set (node, "current", NULL);
  return TRUE;
}

/* ---- memory ---- */

static gboolean
has_memory_device (MigrateNode *root)
{
  return at (root, "devices", "memory") != NULL;
}

static gboolean
fits_limits (MigrateNode *root, guint64 memory, GError **error)
{
  static const char *const limits[] = { "hard_limit", "soft_limit", "swap_hard_limit" };
  MigrateNode *most = _migrate_tree_child (root, "maxMemory");
  guint64 bytes;

  if (most != NULL && read_bytes (most, &bytes) && bytes < memory)
    return contradict (
      error, "it may have at most %" G_GUINT64_FORMAT " bytes of memory (maxMemory)", bytes);
  for (gsize i = 0; i < G_N_ELEMENTS (limits); i++)
    {
      MigrateNode *limit = at (root, "memtune", limits[i]);

      if (limit != NULL && read_bytes (limit, &bytes) && bytes < memory)
        return contradict (error, "its “%s” is %" G_GUINT64_FORMAT " bytes", limits[i], bytes);
    }
  return TRUE;
}

static void
set_memory (MigrateNode *node, guint64 bytes)
{
  _migrate_tree_set (node, "unit", "KiB");
  set_number (node, bytes / KIB);
}

static gboolean
reshape_memory (MigrateNode *root, guint64 memory, GError **error)
{
  MigrateNode *node = _migrate_tree_child (root, "memory");
  MigrateNode *current = _migrate_tree_child (root, "currentMemory");
  guint64 before = 0, now = 0;

  if (memory == 0)
    return TRUE;
  if (!read_bytes (node, &before))
    return contradict (error, "its definition does not say how much memory it has");
  if (before == memory && (current == NULL || (read_bytes (current, &now) && now == memory)))
    return TRUE;
  if (before != memory && has_cells (root))
    return contradict (error, "its memory is shared out among NUMA cells");
  if (before != memory && has_memory_device (root))
    return contradict (error, "it has memory devices, which are part of its memory");
  if (!fits_limits (root, memory, error))
    return FALSE;
  set_memory (node, memory);
  if (current != NULL)
    set_memory (current, memory);
  return TRUE;
}

char *
_migrate_xml_reshape (const char *xml, GVariant *resize, GError **error)
{
  guint vcpus = _migrate_resize_get_vcpus (resize);
  guint64 memory = _migrate_resize_get_memory (resize);
  g_autoptr (MigrateTree) tree = NULL;
  MigrateNode *root;

  if (vcpus == 0 && memory == 0)
    return g_strdup (xml);
  tree = _migrate_tree_parse (xml, "domain", error);
  if (tree == NULL)
    return NULL;
  root = _migrate_tree_root (tree);
  if (!reshape_vcpus (root, vcpus, error) || !reshape_memory (root, memory, error))
    return NULL;
  return _migrate_tree_to_text (tree);
}
