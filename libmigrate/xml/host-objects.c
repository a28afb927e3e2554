/* What a host has: networks, storage pools, volumes. */
#include "xml/document-private.h"
#include "xml/host-private.h"

#define NS_PER_SECOND G_GUINT64_CONSTANT (1000000000)

void
_migrate_network_free (MigrateNetwork *self)
{
  g_free (self->name);
  g_free (self->uuid);
  g_free (self->bridge);
  g_free (self->mtu);
  g_free (self->forward);
  g_strfreev (self->port_groups);
  g_free (self);
}

void
_migrate_pool_free (MigratePool *self)
{
  g_free (self->name);
  g_free (self->uuid);
  g_free (self->type);
  g_free (self->target);
  g_free (self);
}

void
_migrate_volume_free (MigrateVolume *self)
{
  g_free (self->name);
  g_free (self->type);
  g_free (self->target);
  g_free (self->format);
  g_free (self->backing_path);
  g_free (self->backing_format);
  g_free (self->encryption);
  g_free (self->encryption_secret);
  g_free (self->compat);
  g_free (self->cluster_size);
  g_free (self->owner);
  g_free (self->group);
  g_free (self->mode);
  g_free (self);
}

/* The name that each of them must have, and has once. */
static char *
read_name (const xmlNode *root, GError **error)
{
  char *name = _migrate_node_text (_migrate_node_only_child (root, "name", error));

  if (name == NULL)
    _migrate_node_error (error, root, "Give the document as libvirt does", "it has no <name>");
  return name;
}

static char **
read_port_groups (const xmlNode *root)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();

  for (const xmlNode *c = _migrate_node_child (root, "portgroup"); c != NULL;
       c = _migrate_node_next (c, "portgroup"))
    {
      char *name = _migrate_node_dup (c, "name");

      if (name != NULL)
        g_ptr_array_add (names, name);
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

MigrateNetwork *
_migrate_network_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "network", error);
  g_autoptr (MigrateNetwork) self = NULL;
  g_autoptr (GError) problem = NULL;
  const xmlNode *root, *forward;

  if (doc == NULL)
    return NULL;
  root = xmlDocGetRootElement (doc);
  forward = _migrate_node_child (root, "forward");
  self = g_new0 (MigrateNetwork, 1);
  self->name = read_name (root, &problem);
  self->uuid = _migrate_node_text_at (root, "uuid");
  self->bridge = _migrate_node_dup_at (root, "bridge", "name");
  self->mtu = _migrate_node_dup_at (root, "mtu", "size");
  self->forward = _migrate_node_dup (forward, "mode");
  if (forward != NULL && self->forward == NULL)
    self->forward = g_strdup ("nat");
  self->port_groups = read_port_groups (root);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return g_steal_pointer (&self);
}

MigratePool *
_migrate_pool_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "pool", error);
  g_autoptr (MigratePool) self = NULL;
  g_autoptr (GError) problem = NULL;
  const xmlNode *root;

  if (doc == NULL)
    return NULL;
  root = xmlDocGetRootElement (doc);
  self = g_new0 (MigratePool, 1);
  self->name = read_name (root, &problem);
  self->uuid = _migrate_node_text_at (root, "uuid");
  self->type = _migrate_node_dup (root, "type");
  self->target = _migrate_node_text_at (root, "target/path");
  self->capacity = _migrate_node_bytes (_migrate_node_child (root, "capacity"), "bytes", &problem);
  self->available
    = _migrate_node_bytes (_migrate_node_child (root, "available"), "bytes", &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return g_steal_pointer (&self);
}

/* “1341933637.273190990”; without a fraction where that is 0. */
static guint64
read_time (const xmlNode *target, const char *path)
{
  g_autofree char *text = _migrate_node_text_at (target, path);
  guint64 seconds, ns = 0, unit = NS_PER_SECOND;
  char *rest;

  if (text == NULL || !g_ascii_isdigit (*text))
    return 0;
  seconds = g_ascii_strtoull (text, &rest, 10);
  if (*rest == '.')
    while (g_ascii_isdigit (*++rest))
      ns += (unit /= 10) * (guint64) (*rest - '0');
  return *rest == '\0' && seconds < G_MAXUINT64 / NS_PER_SECOND ? seconds * NS_PER_SECOND + ns : 0;
}

static void
read_target (MigrateVolume *self, const xmlNode *target)
{
  const xmlNode *features = _migrate_node_child (target, "features");
  const xmlNode *permissions = _migrate_node_child (target, "permissions");

  self->target = _migrate_node_text_at (target, "path");
  self->format = _migrate_node_dup_at (target, "format", "type");
  self->encrypted = _migrate_node_child (target, "encryption") != NULL;
  self->encryption = _migrate_node_dup_at (target, "encryption", "format");
  self->encryption_secret = _migrate_node_dup_at (target, "encryption/secret", "uuid");
  self->compat = _migrate_node_text_at (target, "compat");
  self->lazy_refcounts = _migrate_node_child (features, "lazy_refcounts") != NULL;
  self->extended_l2 = _migrate_node_child (features, "extended_l2") != NULL;
  self->owner = _migrate_node_text_at (permissions, "owner");
  self->group = _migrate_node_text_at (permissions, "group");
  self->mode = _migrate_node_text_at (permissions, "mode");
}

static void
read_volume (MigrateVolume *self, const xmlNode *root, GError **error)
{
  const xmlNode *target = _migrate_node_child (root, "target");
  guint64 cluster
    = _migrate_node_bytes (_migrate_node_child (target, "clusterSize"), "bytes", error);

  self->name = read_name (root, error);
  self->type = _migrate_node_dup (root, "type");
  self->backing_path = _migrate_node_text_at (root, "backingStore/path");
  self->backing_format = _migrate_node_dup_at (root, "backingStore/format", "type");
  self->capacity = _migrate_node_bytes (_migrate_node_child (root, "capacity"), "bytes", error);
  self->allocation = _migrate_node_bytes (_migrate_node_child (root, "allocation"), "bytes", error);
  self->physical = _migrate_node_bytes (_migrate_node_child (root, "physical"), "bytes", error);
  self->written = read_time (target, "timestamps/mtime");
  self->changed = read_time (target, "timestamps/ctime");
  read_target (self, target);
  if (cluster > 0)
    self->cluster_size = g_strdup_printf ("%" G_GUINT64_FORMAT, cluster);
}

MigrateVolume *
_migrate_volume_parse (const char *xml, GError **error)
{
  g_autoptr (xmlDoc) doc = _migrate_document_parse (xml, -1, "volume", error);
  g_autoptr (MigrateVolume) self = NULL;
  g_autoptr (GError) problem = NULL;

  if (doc == NULL)
    return NULL;
  self = g_new0 (MigrateVolume, 1);
  read_volume (self, xmlDocGetRootElement (doc), &problem);
  if (problem != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&problem));
      return NULL;
    }
  return g_steal_pointer (&self);
}
