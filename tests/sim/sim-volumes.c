/* Volumes: what libvirtd does with the files of a pool, and how it tells of them. */
#include "sim-storage.h"

#include <string.h>

/* Of a stream, what one call of ours carries. */
#define READ_AT_MOST (1 << 20)
#define TICK (4 * SIM_MS)
/* When the world began, by the hosts' clocks. */
#define BORN (G_GINT64_CONSTANT (1760000000) * G_USEC_PER_SEC)

static int
say (const char **words, int code, const char *what)
{
  *words = what;
  return code;
}

/* ---- documents ---- */

static void
add_image (GString *xml, const SimImage *image)
{
  if (image->encryption != NULL)
    g_string_append_printf (xml, "    <encryption format='%s'>\n", image->encryption);
  if (image->encryption != NULL && image->secret != NULL)
    g_string_append_printf (xml, "      <secret type='passphrase' uuid='%s'/>\n", image->secret);
  if (image->encryption != NULL)
    g_string_append (xml, "    </encryption>\n");
  g_string_append_printf (xml, "    <compat>%s</compat>\n", image->compat);
  g_string_append_printf (xml, "    <clusterSize unit='B'>%" G_GUINT64_FORMAT "</clusterSize>\n",
                          image->cluster_size);
  if (!image->lazy_refcounts && !image->extended_l2)
    return;
  g_string_append (xml, "    <features>\n");
  if (image->lazy_refcounts)
    g_string_append (xml, "      <lazy_refcounts/>\n");
  if (image->extended_l2)
    g_string_append (xml, "      <extended_l2/>\n");
  g_string_append (xml, "    </features>\n");
}

/* A kernel's clock for files has ticks; a link is a file of each host's own. NULL: it is not told.
 */
static char *
time_of (SimHost *host, const SimPool *pool, const SimFile *file)
{
  gint64 now = host->world->now, us = file->changed_at;

  if (pool->timeless)
    return NULL;
  if (file->only != NULL)
    us = g_str_hash (host->name) % G_USEC_PER_SEC;
  else if (file->written)
    us = now - now % MAX (pool->stale_us, TICK);
  us += BORN;
  return g_strdup_printf ("%" G_GINT64_FORMAT ".%06d%03u", us / G_USEC_PER_SEC,
                          (int) (us % G_USEC_PER_SEC), (guint) (file->inode % 1000));
}

/* time: nullable. */
static void
add_target (GString *xml, const SimFile *file, const char *path, const char *time,
            const SimImage *image)
{
  g_autofree char *escaped = g_markup_escape_text (path, -1);

  g_string_append_printf (xml, "  <target>\n    <path>%s</path>\n    <format type='%s'/>\n",
                          escaped, image != NULL ? "qcow2" : "raw");
  g_string_append (xml, "    <permissions>\n      <mode>0644</mode>\n      <owner>0</owner>\n"
                        "      <group>0</group>\n    </permissions>\n");
  if (time != NULL)
    g_string_append_printf (xml,
                            "    <timestamps>\n      <mtime>%s</mtime>\n      <ctime>%s</ctime>\n"
                            "    </timestamps>\n",
                            time, time);
  if (image != NULL)
    add_image (xml, image);
  g_string_append (xml, "  </target>\n");
}

SimFile *
_sim_volume_find_file (SimHost *host, SimPool *pool, const char *name)
{
  SimFile *file = g_hash_table_contains (pool->known, name)
                    ? g_hash_table_lookup (pool->storage->files, name)
                    : NULL;

  if (file != NULL && file->only != NULL && *file->only != '\0'
      && !g_str_equal (file->only, host->name))
    return NULL; /* libvirt passes over it */
  return file;
}

/* A file that is too short for the image that it says it is has its capacity all the same. */
char *
_sim_volume_describe (SimHost *host, SimPool *pool, const char *name)
{
  const SimFile *file = _sim_volume_find_file (host, pool, name);
  g_autoptr (SimImage) image = _sim_image_probe (file);
  g_autofree char *path = g_build_filename (pool->target, name, NULL);
  g_autofree char *time = time_of (host, pool, file);
  GString *xml = g_string_new ("<volume type='file'>\n");
  g_autofree char *escaped = g_markup_escape_text (name, -1);
  g_autofree char *key = g_markup_escape_text (path, -1);

  g_string_append_printf (xml, "  <name>%s</name>\n  <key>%s</key>\n  <source>\n  </source>\n",
                          escaped, key);
  g_string_append_printf (xml,
                          "  <capacity unit='bytes'>%" G_GUINT64_FORMAT "</capacity>\n"
                          "  <allocation unit='bytes'>%" G_GUINT64_FORMAT "</allocation>\n"
                          "  <physical unit='bytes'>%" G_GUINT64_FORMAT "</physical>\n",
                          image != NULL ? image->capacity : file->size,
                          _sim_extents_allocated (file->data), file->size);
  add_target (xml, file, path, time, image);
  if (image != NULL && image->backing != NULL)
    {
      g_autofree char *backing = _sim_image_dup_backing_path (image, path);
      g_autofree char *below = g_markup_printf_escaped (
        "  <backingStore>\n    <path>%s</path>\n    <format type='%s'/>\n"
        "    <permissions>\n      <mode>0644</mode>\n      <owner>0</owner>\n"
        "      <group>0</group>\n    </permissions>\n  </backingStore>\n",
        backing, image->backing_format != NULL ? image->backing_format : "raw");

      g_string_append (xml, below);
    }
  g_string_append (xml, "</volume>\n");
  return g_string_free (xml, FALSE);
}

/* ---- making one ---- */

static SimImage *
image_of_document (GPtrArray *elements, SimHost *host, const char **words)
{
  const char *below = _sim_xml_text (elements, "volume/backingStore/path");
  const char *compat = _sim_xml_text (elements, "volume/target/compat");
  SimImage *image = _sim_image_new (_sim_xml_bytes (elements, "volume/capacity", 0));

  if (below != NULL && _sim_file_find (host, below) == NULL)
    {
      *words = "internal error: Child process (/usr/bin/qemu-img create) unexpected exit status 1: "
               "Could not open backing file: No such file or directory";
      _sim_image_free (image);
      return NULL;
    }
  image->backing = g_strdup (below);
  image->backing_format
    = g_strdup (_sim_xml_attribute (elements, G_MAXUINT, "volume/backingStore/format", "type"));
  if (compat != NULL)
    {
      g_free (image->compat);
      image->compat = g_strdup (compat);
    }
  image->cluster_size = _sim_xml_bytes (elements, "volume/target/clusterSize", 65536);
  image->lazy_refcounts
    = _sim_xml_has (elements, G_MAXUINT, "volume/target/features/lazy_refcounts");
  image->extended_l2 = _sim_xml_has (elements, G_MAXUINT, "volume/target/features/extended_l2");
  image->encryption
    = g_strdup (_sim_xml_attribute (elements, G_MAXUINT, "volume/target/encryption", "format"));
  image->secret = g_strdup (
    _sim_xml_attribute (elements, G_MAXUINT, "volume/target/encryption/secret", "uuid"));
  return image;
}

/* Without an allocation a raw volume is given all of its room, as libvirt does. */
static gboolean
make_raw (SimStorage *storage, SimFile *file, GPtrArray *elements)
{
  guint64 capacity = _sim_xml_bytes (elements, "volume/capacity", 0);
  guint64 room = MIN (capacity, _sim_xml_bytes (elements, "volume/allocation", capacity));

  file->size = capacity;
  if (room > _sim_storage_free (storage))
    return FALSE;
  _sim_extents_write_pattern (file->data, 0, room, SIM_ZEROS, 0);
  return TRUE;
}

/* What fails half-way is taken away again. */
static int
fill_volume (SimPool *pool, SimHost *host, SimFile *file, GPtrArray *elements, const char **words)
{
  const char *format = _sim_xml_attribute (elements, G_MAXUINT, "volume/target/format", "type");
  g_autoptr (SimImage) image = NULL;

  if (format == NULL || g_str_equal (format, "raw"))
    return make_raw (pool->storage, file, elements)
             ? 0
             : say (words, SIM_ERR_NO_ROOM, "cannot allocate: No space left on device");
  if (!g_str_equal (format, "qcow2"))
    return say (words, SIM_ERR_INTERNAL, "internal error: unknown storage vol type");
  image = image_of_document (elements, host, words);
  if (image == NULL)
    return SIM_ERR_INTERNAL;
  return _sim_image_store (pool->storage, file, image)
           ? 0
           : say (words, SIM_ERR_INTERNAL,
                  "internal error: Child process (/usr/bin/qemu-img create) unexpected exit status "
                  "1: No space left on device");
}

int
_sim_volume_create (SimPool *pool, SimHost *host, MigrateCall *call, const char **words)
{
  g_autoptr (GPtrArray) elements = _sim_xml_read (call->text_in);
  const char *name = _sim_xml_text (elements, "volume/name");
  SimFile *file;
  int code;

  if (name == NULL || strchr (name, '/') != NULL)
    return say (words, SIM_ERR_XML, "XML error: missing or wrong volume name");
  if (g_hash_table_contains (pool->known, name))
    _sim_pool_refresh (pool); /* as libmigrate does when it is told so */
  if (g_hash_table_contains (pool->known, name))
    return say (words, SIM_ERR_VOLUME_EXISTS, "storage volume already exists");
  if (g_hash_table_contains (pool->storage->files, name))
    return say (words, SIM_ERR_FILE_EXISTS, "cannot create path: File exists");
  if (pool->read_only)
    return say (words, SIM_ERR_FAILED, "cannot create path: Read-only file system");
  if (pool->full)
    return say (words, SIM_ERR_NO_ROOM, "cannot allocate: No space left on device");
  file = _sim_file_new (host->world);
  code = fill_volume (pool, host, file, elements, words);
  if (code != 0)
    {
      _sim_file_free (file);
      return code;
    }
  _sim_storage_put (pool->storage, name, file);
  g_hash_table_add (pool->known, g_strdup (name));
  _sim_pool_changed (pool);
  return 0;
}

/* As libvirt does it: the volume is made, and then written to. */
static int
write_volume (SimPool *pool, SimHost *host, MigrateCall *call, const char **words)
{
  gsize size;
  const guint8 *bytes = g_bytes_get_data (call->storage.bytes, &size);
  SimFile *file;

  if (pool->read_only)
    return say (words, SIM_ERR_FAILED, "cannot create path: Read-only file system");
  if (g_hash_table_contains (pool->known, call->storage.name))
    return say (words, SIM_ERR_VOLUME_EXISTS, "storage volume already exists");
  if (pool->full)
    return say (words, SIM_ERR_FAILED, "cannot allocate: No space left on device");
  file = _sim_file_new (host->world);
  _sim_storage_put (pool->storage, call->storage.name, file);
  g_hash_table_add (pool->known, g_strdup (call->storage.name));
  _sim_pool_changed (pool);
  return _sim_file_write (pool->storage, file, 0, bytes, size)
           ? 0
           : say (words, SIM_ERR_NO_ROOM, "cannot write: No space left on device");
}

/* ---- reading and writing ---- */

static SimFile *
need_file (SimPool *pool, MigrateCall *call)
{
  return g_hash_table_contains (pool->known, call->storage.name)
           ? g_hash_table_lookup (pool->storage->files, call->storage.name)
           : NULL;
}

static GBytes *
read_bytes (const SimFile *file, guint64 offset, guint64 length)
{
  guint8 *bytes = g_malloc ((gsize) length);

  _sim_extents_read (file->data, offset, (gsize) length, bytes);
  return g_bytes_new_take (bytes, (gsize) length);
}

static int
read_volume (SimPool *pool, MigrateCall *call)
{
  SimFile *file;

  _sim_pool_refresh (pool);
  call->storage.names = _sim_list_names (pool->known);
  file = need_file (pool, call);
  call->storage.bytes = file != NULL ? read_bytes (file, 0, MIN (file->size, 65536)) : NULL;
  return 0;
}

static int
read_at (SimPool *pool, MigrateCall *call, const char **words)
{
  SimFile *file = need_file (pool, call);
  guint64 offset = call->storage.offset, end, begin, stop;

  if (file == NULL)
    return say (words, SIM_ERR_NO_VOLUME, "Storage volume not found");
  end = offset + MIN (call->storage.length, G_MAXUINT64 - offset);
  end = MIN (end, file->size);
  if (!_sim_extents_next (file->data, offset, &begin, &stop) || begin >= end)
    begin = stop = end;
  stop = MIN (MIN (stop, end), begin + READ_AT_MOST);
  call->storage.skipped = begin > offset ? begin - offset : 0;
  if (stop > begin)
    call->storage.bytes = read_bytes (file, begin, stop - begin);
  call->storage.ended = stop >= end;
  return 0;
}

static int
write_at (SimPool *pool, MigrateCall *call, const char **words)
{
  SimFile *file = need_file (pool, call);
  gsize size;
  const guint8 *bytes = g_bytes_get_data (call->storage.bytes, &size);

  if (file == NULL)
    return say (words, SIM_ERR_NO_VOLUME, "Storage volume not found");
  if (pool->read_only)
    return say (words, SIM_ERR_FAILED, "cannot open volume: Read-only file system");
  file->unflushed = TRUE;
  return !pool->full && _sim_file_write (pool->storage, file, call->storage.offset, bytes, size)
           ? 0
           : say (words, SIM_ERR_NO_ROOM, "cannot write: No space left on device");
}

static int
resize (SimPool *pool, MigrateCall *call, const char **words)
{
  SimFile *file = need_file (pool, call);
  g_autoptr (SimImage) image = NULL;
  guint64 before;

  if (file == NULL)
    return say (words, SIM_ERR_NO_VOLUME, "Storage volume not found");
  image = _sim_image_probe (file);
  before = image != NULL ? image->capacity : file->size;
  if (call->value < before)
    return say (words, SIM_ERR_INVALID_ARG,
                "invalid argument: Can't shrink capacity below current capacity unless shrink flag "
                "explicitly specified");
  if (image == NULL)
    {
      file->size = call->value;
      _sim_file_changed (pool->storage->world, file);
      return 0;
    }
  image->capacity = call->value;
  return _sim_image_store (pool->storage, file, image)
           ? 0
           : say (words, SIM_ERR_NO_ROOM, "cannot write: No space left on device");
}

/* ---- telling and removing ---- */

static int
describe (SimHost *host, SimPool *pool, const char *name, MigrateCall *call, const char **words)
{
  if (pool != NULL)
    _sim_pool_refresh (pool);
  if (pool == NULL || _sim_volume_find_file (host, pool, name) == NULL)
    return say (words, SIM_ERR_NO_VOLUME, "Storage volume not found");
  call->text_out = _sim_volume_describe (host, pool, name);
  return 0;
}

int
_sim_volume_info_by_path (SimHost *host, MigrateCall *call, const char **words)
{
  g_autofree char *folder = g_path_get_dirname (call->text_in);
  g_autofree char *name = g_path_get_basename (call->text_in);

  _sim_disks_flush (host->world);
  return describe (host, _sim_pool_find_by_target (host, folder), name, call, words);
}

int
_sim_volume_find (SimHost *host, MigrateCall *call, const char **words)
{
  g_autofree char *folder = g_path_get_dirname (call->text_in);
  g_autofree char *name = g_path_get_basename (call->text_in);
  SimPool *pool = _sim_pool_find_by_target (host, folder);

  if (pool == NULL || !g_hash_table_contains (pool->known, name))
    return say (words, SIM_ERR_NO_VOLUME, "Storage volume not found");
  call->text_out = g_steal_pointer (&name);
  return 0;
}

/* A file that is gone already is no error, when libvirtd remembers it. */
static int
remove_volume (SimPool *pool, MigrateCall *call, const char **words)
{
  if (call->value & MIGRATE_REFRESH_BEFORE)
    _sim_pool_refresh (pool);
  if (g_hash_table_contains (pool->known, call->storage.name))
    {
      g_autofree char *what = g_build_filename (pool->target, call->storage.name, NULL);
      g_autoptr (GPtrArray) alive = _sim_disks_alive (pool->storage->world);

      if (pool->read_only)
        return say (words, SIM_ERR_FAILED, "cannot unlink file: Read-only file system");
      g_hash_table_remove (pool->known, call->storage.name);
      g_hash_table_remove (pool->storage->files, call->storage.name);
      _sim_pool_changed (pool);
      _sim_disks_file_removed (pool->storage->world, what, alive);
      call->value_out = 1;
    }
  if (call->value & MIGRATE_REFRESH_AFTER)
    _sim_pool_refresh (pool);
  return 0;
}

int
_sim_volume_do (SimHost *host, MigrateCall *call, const char **words)
{
  SimPool *pool = _sim_pool_find_by_name (host, call->storage.pool);

  if (pool == NULL)
    return say (words, SIM_ERR_NO_POOL, "Storage pool not found");
  if (pool->inactive)
    return say (words, SIM_ERR_INVALID, "storage pool is not active");
  _sim_disks_flush (host->world);
  switch (call->kind)
    {
    case MIGRATE_CALL_VOLUME_WRITE:
      return write_volume (pool, host, call, words);
    case MIGRATE_CALL_VOLUME_CREATE:
      return _sim_volume_create (pool, host, call, words);
    case MIGRATE_CALL_VOLUME_READ:
      return read_volume (pool, call);
    case MIGRATE_CALL_VOLUME_READ_AT:
      return read_at (pool, call, words);
    case MIGRATE_CALL_VOLUME_WRITE_AT:
      return write_at (pool, call, words);
    case MIGRATE_CALL_VOLUME_RESIZE:
      return resize (pool, call, words);
    case MIGRATE_CALL_VOLUME_INFO:
      return describe (host, pool, call->storage.name, call, words);
    default:
      return remove_volume (pool, call, words);
    }
}
