/* A guest's disks, and the images below them. */
#include "xml/guest-parts-private.h"

#include <string.h>

static void
image_free (MigrateImage *self)
{
  g_free (self->type);
  g_free (self->format);
  g_free (self->path);
  g_free (self->source);
  g_free (self);
}

static void
secret_use_free (MigrateSecretUse *self)
{
  g_free (self->uuid);
  g_free (self->usage);
  g_free (self->usage_type);
  g_free (self->of);
  g_free (self);
}

static void
disk_free (MigrateDisk *self)
{
  g_free (self->target);
  g_free (self->type);
  g_free (self->device);
  g_free (self->source);
  g_free (self->path);
  g_free (self->pool);
  g_free (self->volume);
  g_free (self->protocol);
  g_free (self->name);
  g_strfreev (self->hosts);
  g_free (self->format);
  g_free (self->cache);
  g_free (self->bus);
  g_free (self->alias);
  g_clear_pointer (&self->chain, g_ptr_array_unref);
  g_clear_pointer (&self->secrets, g_ptr_array_unref);
  g_free (self);
}

const MigrateDisk *
_migrate_disk_find (GPtrArray *disks, const char *target)
{
  for (guint i = 0; i < disks->len; i++)
    {
      const MigrateDisk *disk = disks->pdata[i];

      if (g_strcmp0 (disk->target, target) == 0)
        return disk;
    }
  return NULL;
}

GPtrArray *
_migrate_disk_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) disk_free);
}

GPtrArray *
_migrate_secret_use_list_new (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) secret_use_free);
}

const char *
_migrate_short_name (const char *name)
{
  return strlen (name) <= 64 ? name : "…";
}

/* A volume may be one too: its pool decides, and the document does not know. */
gboolean
_migrate_disk_is_file (const MigrateDisk *self)
{
  if (strcmp (self->type, "volume") == 0)
    return self->volume != NULL;
  return strcmp (self->type, "file") == 0 && self->path != NULL
         && (!g_str_has_prefix (self->path, "/dev/") || g_str_has_prefix (self->path, "/dev/shm/"));
}

/* ---- secrets ---- */

void
_migrate_secret_use_add (GPtrArray *uses, const xmlNode *secret, const char *usage_type, char *of)
{
  MigrateSecretUse *use = g_new0 (MigrateSecretUse, 1);

  use->uuid = _migrate_node_dup (secret, "uuid");
  use->usage = _migrate_node_dup (secret, "usage");
  if (use->usage != NULL)
    use->usage_type
      = usage_type != NULL ? g_strdup (usage_type) : _migrate_node_dup (secret, "type");
  use->of = of;
  g_ptr_array_add (uses, use);
}

/* libvirt takes both elements in the disk and in its source. */
static void
read_secrets (MigrateDisk *disk, const xmlNode *holder)
{
  const xmlNode *encryption = _migrate_node_child (holder, "encryption");
  const xmlNode *access = _migrate_node_at (holder, "auth/secret");

  disk->encrypted |= encryption != NULL;
  for (const xmlNode *s = _migrate_node_child (encryption, "secret"); s != NULL;
       s = _migrate_node_next (s, "secret"))
    _migrate_secret_use_add (disk->secrets, s, "volume",
                             g_strdup_printf ("the encryption of disk “%s”", disk->target));
  if (access != NULL)
    _migrate_secret_use_add (disk->secrets, access, NULL /* usage_type */,
                             g_strdup_printf ("access to disk “%s”", disk->target));
}

/* ---- sources ---- */

static char *
host_text (const xmlNode *host)
{
  const char *name = _migrate_node_peek (host, "name");
  const char *port = _migrate_node_peek (host, "port");

  if (name == NULL)
    return g_strdup (_migrate_node_peek (host, "socket"));
  if (port == NULL)
    return g_strdup (name);
  return g_strdup_printf (strchr (name, ':') != NULL ? "[%s]:%s" : "%s:%s", name, port);
}

static char **
read_hosts (const xmlNode *source)
{
  g_autoptr (GPtrArray) hosts = g_ptr_array_new_with_free_func (g_free);

  for (const xmlNode *h = _migrate_node_child (source, "host"); h != NULL;
       h = _migrate_node_next (h, "host"))
    {
      char *text = host_text (h);

      if (text != NULL)
        g_ptr_array_add (hosts, text);
    }
  if (hosts->len == 0)
    return NULL;
  g_ptr_array_add (hosts, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&hosts), FALSE);
}

static char *
source_path (const xmlNode *source, const char *type)
{
  static const struct
  {
    const char *type, *attribute;
  } places[] = { { "file", "file" }, { "block", "dev" }, { "dir", "dir" } };

  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (strcmp (places[i].type, type) == 0)
      return _migrate_node_dup (source, places[i].attribute);
  return NULL;
}

static char *
network_source (const xmlNode *source)
{
  g_autofree char *name = _migrate_node_dup (source, "name");
  g_autofree char *host = host_text (_migrate_node_child (source, "host"));
  const char *protocol = _migrate_node_peek (source, "protocol");

  return g_strdup_printf ("%s:%s", protocol != NULL ? protocol : "network",
                          name != NULL   ? name
                          : host != NULL ? host
                                         : "");
}

/* An NVMe drive, a vhost-user socket, a vDPA device, or one in a form that is not known here. */
static char *
other_source (const xmlNode *source, const char *type, GError **error)
{
  static const char *const places[] = { "path", "dev", "file", "name" };
  g_autofree char *pci = NULL;

  if (source == NULL || (source->properties == NULL && source->children == NULL))
    return NULL;
  for (gsize i = 0; i < G_N_ELEMENTS (places); i++)
    if (_migrate_node_peek (source, places[i]) != NULL)
      return _migrate_node_dup (source, places[i]);
  if (strcmp (type, "nvme") == 0)
    pci = _migrate_pci_address (_migrate_node_child (source, "address"), error);
  return g_strdup (pci != NULL ? pci : type);
}

static char *
source_text (const xmlNode *source, const char *type, GError **error)
{
  const char *pool = _migrate_node_peek (source, "pool");
  const char *volume = _migrate_node_peek (source, "volume");
  char *path = source_path (source, type);

  if (path != NULL)
    return path;
  if (strcmp (type, "network") == 0 && source != NULL)
    return network_source (source);
  if (pool != NULL && volume != NULL)
    return g_strdup_printf ("%s:%s", pool, volume);
  return other_source (source, type, error);
}

/* ---- disks ---- */

/* An empty <backingStore/> says that there is nothing below; none at all, that nobody looked. */
static void
read_chain (MigrateDisk *disk, const xmlNode *node, GError **error)
{
  for (const xmlNode *below = _migrate_node_child (node, "backingStore"); below != NULL;
       below = _migrate_node_child (below, "backingStore"))
    {
      const xmlNode *source = _migrate_node_child (below, "source");
      MigrateImage *image;

      if (_migrate_node_child (below, NULL) == NULL)
        {
          disk->chain_ends = TRUE;
          return;
        }
      image = g_new0 (MigrateImage, 1);
      image->type = _migrate_node_dup (below, "type");
      if (image->type == NULL)
        image->type = g_strdup ("file");
      image->format = _migrate_node_dup_at (below, "format", "type");
      image->path = source_path (source, image->type);
      image->source = source_text (source, image->type, error);
      g_ptr_array_add (disk->chain, image);
      read_secrets (disk, below);
      read_secrets (disk, source);
    }
}

static void
read_source (MigrateDisk *disk, const xmlNode *source, GError **error)
{
  disk->source = source_text (source, disk->type, error);
  disk->path = source_path (source, disk->type);
  if (strcmp (disk->type, "volume") == 0)
    {
      disk->pool = _migrate_node_dup (source, "pool");
      disk->volume = _migrate_node_dup (source, "volume");
    }
  if (strcmp (disk->type, "network") == 0)
    {
      disk->protocol = _migrate_node_dup (source, "protocol");
      disk->name = _migrate_node_dup (source, "name");
      disk->hosts = read_hosts (source);
    }
  disk->reservations = _migrate_node_child (source, "reservations") != NULL;
}

static void
read_frontend (MigrateDisk *disk, const xmlNode *node)
{
  disk->device = _migrate_node_dup (node, "device");
  if (disk->device == NULL)
    disk->device = g_strdup ("disk");
  disk->bus = _migrate_node_dup_at (node, "target", "bus");
  disk->alias = _migrate_node_dup_at (node, "alias", "name");
  disk->format = _migrate_node_dup_at (node, "driver", "type");
  disk->cache = _migrate_node_dup_at (node, "driver", "cache");
  disk->read_only = _migrate_node_child (node, "readonly") != NULL;
  disk->shareable = _migrate_node_child (node, "shareable") != NULL;
  disk->transient = _migrate_node_child (node, "transient") != NULL;
  disk->mirrored = _migrate_node_child (node, "mirror") != NULL;
}

static MigrateDisk *
read_disk (const xmlNode *node, char *target, GError **error)
{
  MigrateDisk *disk = g_new0 (MigrateDisk, 1);
  const xmlNode *source = _migrate_node_only_child (node, "source", error);

  disk->target = target;
  disk->chain = g_ptr_array_new_with_free_func ((GDestroyNotify) image_free);
  disk->secrets = _migrate_secret_use_list_new ();
  disk->type = _migrate_node_dup (node, "type");
  if (disk->type == NULL)
    disk->type = g_strdup ("file");
  read_frontend (disk, node);
  read_source (disk, source, error);
  read_secrets (disk, node);
  read_secrets (disk, source);
  read_chain (disk, node, error);
  return disk;
}

void
_migrate_guest_read_disks (GPtrArray *disks, const xmlNode *devices, GError **error)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (const xmlNode *node = _migrate_node_child (devices, "disk"); node != NULL;
       node = _migrate_node_next (node, "disk"))
    {
      char *target = _migrate_node_dup_at (node, "target", "dev");
      MigrateDisk *disk;

      if (target == NULL)
        {
          _migrate_node_error (error, node, "Give the document as libvirt does",
                               "a disk has no target");
          return;
        }
      disk = read_disk (node, target, error);
      g_ptr_array_add (disks, disk);
      if (!g_hash_table_add (seen, disk->target))
        _migrate_node_error (error, node, "Give each disk a target of its own",
                             "there is a second disk “%s”", _migrate_short_name (disk->target));
    }
}
