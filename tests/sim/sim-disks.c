/* Guests' disks: what each guest has left on them, who has which image open, and what must never
 * happen to them. A guest that writes leaves a note of its progress on the last block of each such
 * disk, when somebody looks or it stops. */
#include "sim-storage.h"

#include <string.h>

/* ---- which disks ---- */

SimDisk *
_sim_guest_find_disk (const SimGuest *guest, const char *target)
{
  for (guint i = 0; i < guest->disks->len; i++)
    {
      SimDisk *disk = guest->disks->pdata[i];

      if (g_str_equal (disk->target, target))
        return disk;
    }
  return NULL;
}

static void
open_free (gpointer data)
{
  SimOpen *self = data;

  g_free (self->target);
  g_free (self->path);
  g_free (self->format);
  g_free (self);
}

static char *
path_of_source (SimHost *host, GPtrArray *elements, guint item)
{
  const char *file = _sim_xml_attribute (elements, item, "domain/devices/disk/source", "file");
  const char *pool_name = _sim_xml_attribute (elements, item, "domain/devices/disk/source", "pool");
  const char *volume = _sim_xml_attribute (elements, item, "domain/devices/disk/source", "volume");
  SimPool *pool;

  if (pool_name == NULL || volume == NULL)
    return g_strdup (file);
  pool = _sim_pool_find_by_name (host, pool_name);
  return pool != NULL ? g_build_filename (pool->target, volume, NULL) : NULL;
}

/* Without a declared format an image is raw, as libvirt takes it. */
static SimOpen *
open_of_disk (SimHost *host, GPtrArray *elements, guint item)
{
  const char *target = _sim_xml_attribute (elements, item, "domain/devices/disk/target", "dev");
  const char *format = _sim_xml_attribute (elements, item, "domain/devices/disk/driver", "type");
  const char *device = _sim_xml_attribute (elements, item, "domain/devices/disk", "device");
  g_autofree char *path = path_of_source (host, elements, item);
  SimOpen *self;

  if (path == NULL || target == NULL)
    return NULL;
  self = g_new0 (SimOpen, 1);
  self->target = g_strdup (target);
  self->path = g_steal_pointer (&path);
  self->format = g_strdup (format != NULL ? format : "raw");
  self->cdrom = g_strcmp0 (device, "cdrom") == 0;
  self->read_only = self->cdrom || _sim_xml_has (elements, item, "domain/devices/disk/readonly");
  self->shareable = _sim_xml_has (elements, item, "domain/devices/disk/shareable");
  return self;
}

GPtrArray *
_sim_opens_read (SimHost *host, const char *xml)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (xml);
  GPtrArray *opens = g_ptr_array_new_with_free_func (open_free);

  for (guint i = 0; i < elements->len; i++)
    {
      const SimElement *element = elements->pdata[i];
      SimOpen *open = g_str_equal (element->path, "domain/devices/disk")
                        ? open_of_disk (host, elements, element->item)
                        : NULL;

      if (open != NULL)
        g_ptr_array_add (opens, open);
    }
  return opens;
}

const SimOpen *
_sim_opens_find (GPtrArray *opens, const char *target)
{
  for (guint i = 0; i < opens->len; i++)
    {
      const SimOpen *open = opens->pdata[i];

      if (g_str_equal (open->target, target))
        return open;
    }
  return NULL;
}

/* ---- what the guest writes ---- */

static void
write_note (SimDomain *domain, SimDisk *disk, const SimOpen *open)
{
  g_autofree char *folder = g_path_get_dirname (open->path);
  SimFile *file = _sim_file_find (domain->host, open->path);
  g_autoptr (SimExtents) note = _sim_extents_new ();
  g_autoptr (SimExtents) top = NULL;
  guint8 block[SIM_BLOCK] = { 0 };
  guint64 capacity = 0;

  if (file != NULL)
    top = _sim_image_top (file, open->format, &capacity);
  if (top == NULL || capacity < SIM_BLOCK)
    return;
  g_snprintf ((char *) block, sizeof block,
              "%s has written to %s: boot %u, %" G_GUINT64_FORMAT " ms", domain->guest->name,
              disk->target, domain->boots, disk->stamp);
  _sim_extents_write_bytes (note, 0, block, sizeof block);
  _sim_image_write (_sim_folder_find (domain->host, folder), file, open->format,
                    (capacity / SIM_BLOCK - 1) * SIM_BLOCK, note, 0, sizeof block);
}

static char *
content_at (SimHost *host, const SimOpen *open, char **why)
{
  g_autoptr (SimExtents) data
    = _sim_image_read (host, open->path, open->format, NULL /* capacity */, why);

  return data != NULL ? _sim_extents_fingerprint (data) : NULL;
}

static void
write_disk (SimDomain *domain, SimDisk *disk, guint64 counter)
{
  g_autoptr (GPtrArray) opens = _sim_opens_read (domain->host, domain->xml);
  const SimOpen *open = _sim_opens_find (opens, disk->target);

  if (open == NULL || open->read_only)
    return;
  disk->stamp = counter;
  disk->stamp_boots = domain->boots;
  write_note (domain, disk, open);
  g_free (disk->content);
  disk->content = content_at (domain->host, open, NULL /* why */);
}

void
_sim_domain_flush (SimDomain *domain)
{
  guint64 counter = _sim_domain_get_counter (domain);

  for (guint i = 0; domain->cpus && i < domain->guest->disks->len; i++)
    {
      SimDisk *disk = domain->guest->disks->pdata[i];

      if (disk->write_rate > 0 && (disk->stamp != counter || disk->stamp_boots != domain->boots))
        write_disk (domain, disk, counter);
    }
}

void
_sim_disks_flush (SimWorld *self)
{
  for (guint i = 0; i < self->hosts->len; i++)
    {
      SimHost *host = self->hosts->pdata[i];

      for (guint d = 0; d < host->domains->len; d++)
        _sim_domain_flush (host->domains->pdata[d]);
    }
}

/* ---- who has what open ---- */

static gboolean
writes_to (SimDomain *domain, const SimFile *file, gboolean *shareable)
{
  g_autoptr (GPtrArray) opens = _sim_opens_read (domain->host, domain->xml);

  for (guint i = 0; i < opens->len; i++)
    {
      const SimOpen *open = opens->pdata[i];

      if (open->read_only || _sim_file_find (domain->host, open->path) != file)
        continue;
      *shareable = open->shareable;
      /* What comes in writes only to what is mirrored into it. */
      return !domain->incoming || _sim_mirror_writes_to (domain->job, open->target);
    }
  return FALSE;
}

/* Another than this one that has the file open for writing; NULL: nobody. */
static SimDomain *
find_writer (SimDomain *self, const SimFile *file, gboolean locks)
{
  SimWorld *world = self->host->world;
  gboolean shareable = FALSE;

  for (guint i = 0; file != NULL && i < world->hosts->len; i++)
    {
      SimHost *host = world->hosts->pdata[i];

      for (guint d = 0; d < host->domains->len; d++)
        {
          SimDomain *domain = host->domains->pdata[d];

          if (domain == self || !domain->active || !domain->guest->opens_files)
            continue;
          if (locks ? domain->released && !domain->incoming : !domain->cpus)
            continue;
          if (writes_to (domain, file, &shareable) && !shareable)
            return domain;
        }
    }
  return NULL;
}

static gboolean
has_locks (SimHost *host, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);
  const SimStorage *storage = _sim_folder_find (host, folder);

  return storage != NULL && !storage->no_locks;
}

static gboolean
is_mirrored (GPtrArray *mirrored, const char *target)
{
  for (guint i = 0; mirrored != NULL && i < mirrored->len; i++)
    if (g_str_equal (mirrored->pdata[i], target))
      return TRUE;
  return FALSE;
}

static char *
open_refusal (SimDomain *domain, const SimOpen *open, gboolean locks, int *code)
{
  SimFile *file = _sim_file_find (domain->host, open->path);
  g_autoptr (SimExtents) data = NULL;
  g_autofree char *why = NULL;

  if (file == NULL)
    {
      *code = 38;
      return g_strdup_printf ("Cannot access storage file '%s': No such file or directory",
                              open->path);
    }
  *code = 1;
  data = _sim_image_read (domain->host, open->path, open->format, NULL /* capacity */, &why);
  if (data == NULL)
    return g_strdup_printf ("internal error: process exited while connecting to monitor: %s", why);
  if (locks && !open->shareable && has_locks (domain->host, open->path)
      && find_writer (domain, file, TRUE) != NULL)
    return g_strdup_printf ("internal error: process exited while connecting to monitor: Failed to "
                            "get %s\"write\" lock; Is another process using the image [%s]?",
                            open->read_only ? "shared " : "", open->path);
  return NULL;
}

/* Of images, and of servers. */
static char *
secret_refusal (SimHost *host, const char *xml, int *code)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (xml);

  for (guint i = 0; i < elements->len; i++)
    {
      const SimElement *element = elements->pdata[i];
      gboolean is_one = g_str_has_prefix (element->path, "domain/devices/disk/")
                        && g_str_has_suffix (element->path, "/secret");

      for (guint n = 0; is_one && element->names[n] != NULL; n++)
        if (g_str_equal (element->names[n], "uuid")
            && _sim_secret_find (host, element->values[n]) == NULL)
          {
            *code = 66;
            return g_strdup_printf ("Secret not found: no secret with matching uuid '%s'",
                                    element->values[n]);
          }
    }
  return NULL;
}

char *
_sim_disks_refusal (SimDomain *domain, const char *xml, gboolean incoming, GPtrArray *mirrored,
                    int *code)
{
  g_autoptr (GPtrArray) opens = NULL;
  char *refusal = NULL;

  if (!domain->guest->opens_files)
    return NULL;
  opens = _sim_opens_read (domain->host, xml);
  refusal = secret_refusal (domain->host, xml, code);
  for (guint i = 0; refusal == NULL && i < opens->len; i++)
    {
      const SimOpen *open = opens->pdata[i];

      refusal
        = open_refusal (domain, open, !incoming || is_mirrored (mirrored, open->target), code);
    }
  return refusal;
}

gboolean
_sim_domain_take_images (SimDomain *self)
{
  int code;
  g_autofree char *refusal
    = _sim_disks_refusal (self, self->xml, FALSE, NULL /* mirrored */, &code);

  if (refusal == NULL)
    self->released = FALSE;
  return refusal == NULL;
}

/* ---- what must never happen ---- */

static void
check_content (SimDomain *domain, SimDisk *disk, const SimOpen *open)
{
  GPtrArray *violations = domain->host->world->violations;
  g_autofree char *why = NULL;
  g_autofree char *content = content_at (domain->host, open, &why);

  if (content == NULL)
    {
      g_ptr_array_add (violations, g_strdup_printf ("lost: %s runs at %s without its disk %s: %s",
                                                    domain->guest->name, domain->host->name,
                                                    disk->target, why));
      return;
    }
  if (g_strcmp0 (content, disk->content) == 0)
    return;
  g_ptr_array_add (violations,
                   g_strdup_printf ("lost: %s runs at %s on an image of %s that is not what it "
                                    "left behind",
                                    domain->guest->name, domain->host->name, disk->target));
  g_free (disk->content);
  disk->content = g_steal_pointer (&content);
}

static void
check_writers (SimDomain *domain, const SimOpen *open)
{
  SimDomain *other = open->read_only || open->shareable
                       ? NULL
                       : find_writer (domain, _sim_file_find (domain->host, open->path), FALSE);

  if (other != NULL)
    g_ptr_array_add (domain->host->world->violations,
                     g_strdup_printf ("writers: %s at %s and %s at %s write to %s",
                                      domain->guest->name, domain->host->name, other->guest->name,
                                      other->host->name, open->path));
}

void
_sim_disks_check (SimDomain *domain)
{
  g_autoptr (GPtrArray) opens = NULL;

  if (!domain->guest->opens_files)
    return;
  opens = _sim_opens_read (domain->host, domain->xml);
  for (guint i = 0; i < opens->len; i++)
    {
      const SimOpen *open = opens->pdata[i];
      SimDisk *disk = _sim_guest_find_disk (domain->guest, open->target);

      check_writers (domain, open);
      if (disk != NULL && !disk->scratch)
        check_content (domain, disk, open);
    }
}

/* ---- the last copy ---- */

/* Where the host sees the storage; NULL: it does not. */
static char *
path_at (SimHost *host, const SimStorage *storage)
{
  g_autofree char *own = g_strconcat (host->name, ":", NULL);

  for (guint i = 0; i < host->folders->len; i++)
    {
      const SimFolder *folder = host->folders->pdata[i];
      gsize length = strlen (folder->storage->name);

      if (folder->storage == storage)
        return g_strdup (folder->path);
      if (g_str_has_prefix (storage->name, folder->storage->name) && storage->name[length] == '/')
        return g_strconcat (folder->path, storage->name + length, NULL);
    }
  return g_str_has_prefix (storage->name, own) ? g_strdup (storage->name + strlen (own)) : NULL;
}

static void
add_contents (SimHost *host, const SimStorage *storage, GHashTable *contents)
{
  g_autofree char *folder = path_at (host, storage);
  GHashTableIter iter;
  gpointer name, file;

  if (folder == NULL)
    return;
  g_hash_table_iter_init (&iter, storage->files);
  while (g_hash_table_iter_next (&iter, &name, &file))
    {
      g_autoptr (SimImage) image = _sim_image_probe (file);
      g_autofree char *path = g_build_filename (folder, name, NULL);
      SimOpen open = { .path = path, .format = (char *) (image != NULL ? "qcow2" : "raw") };
      char *content = content_at (host, &open, NULL /* why */);

      if (content != NULL)
        g_hash_table_add (contents, content);
    }
}

void
_sim_each_path (SimHost *host, void (*func) (const char *path, SimFile *file, gpointer data),
                gpointer data)
{
  SimWorld *self = host->world;

  for (guint i = 0; i < self->storages->len; i++)
    {
      const SimStorage *storage = self->storages->pdata[i];
      g_autofree char *folder = storage->gone ? NULL : path_at (host, storage);
      GHashTableIter iter;
      gpointer name, file;

      if (folder == NULL)
        continue;
      g_hash_table_iter_init (&iter, storage->files);
      while (g_hash_table_iter_next (&iter, &name, &file))
        {
          g_autofree char *path = g_build_filename (folder, name, NULL);

          func (path, file, data);
        }
    }
}

GPtrArray *
_sim_disks_alive (SimWorld *self)
{
  g_autoptr (GHashTable) contents = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GPtrArray *alive = g_ptr_array_new ();
  guint disks = 0;

  for (guint i = 0; i < self->guests->len; i++)
    disks += ((SimGuest *) self->guests->pdata[i])->disks->len;
  for (guint i = 0; disks > 0 && i < self->hosts->len; i++)
    for (guint s = 0; s < self->storages->len; s++)
      if (!((SimStorage *) self->storages->pdata[s])->gone)
        add_contents (self->hosts->pdata[i], self->storages->pdata[s], contents);
  for (guint i = 0; i < self->guests->len; i++)
    {
      SimGuest *guest = self->guests->pdata[i];

      for (guint d = 0; d < guest->disks->len; d++)
        {
          SimDisk *disk = guest->disks->pdata[d];

          if (!disk->scratch && disk->content != NULL
              && g_hash_table_contains (contents, disk->content))
            g_ptr_array_add (alive, disk);
        }
    }
  return alive;
}

void
_sim_disks_file_removed (SimWorld *self, const char *what, GPtrArray *had)
{
  g_autoptr (GPtrArray) have = had->len > 0 ? _sim_disks_alive (self) : NULL;

  for (guint i = 0; i < had->len; i++)
    if (!g_ptr_array_find (have, had->pdata[i], NULL))
      g_ptr_array_add (self->violations,
                       g_strdup_printf ("removed: with %s went the only copy of %s", what,
                                        ((SimDisk *) had->pdata[i])->target));
}
