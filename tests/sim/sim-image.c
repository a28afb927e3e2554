/* Images as their bytes: the first 64 KiB of a qcow2 file are a header that says what is where, so
 * whoever copies the bytes copies the image, and whoever loses some has broken it. */
#include "sim-storage.h"

#include <string.h>

#define HEADER 65536
#define MAGIC "QFI\xfb\n"
#define GROUP "qcow2"
#define DEEPEST 32

SimImage *
_sim_image_new (guint64 capacity)
{
  SimImage *self = g_new0 (SimImage, 1);

  self->capacity = capacity;
  self->cluster_size = 65536;
  self->compat = g_strdup ("1.1");
  self->map = g_array_new (FALSE, FALSE, sizeof (SimMapping));
  return self;
}

void
_sim_image_free (SimImage *self)
{
  g_free (self->backing);
  g_free (self->backing_format);
  g_free (self->compat);
  g_free (self->encryption);
  g_free (self->secret);
  g_free (self->snapshots);
  g_array_unref (self->map);
  g_free (self);
}

/* ---- the header ---- */

static void
read_map (SimImage *self, const char *text)
{
  g_auto (GStrv) parts = g_strsplit (text, ",", -1);

  for (guint i = 0; parts[i] != NULL; i++)
    {
      g_auto (GStrv) numbers = g_strsplit (parts[i], "+", 3);
      SimMapping mapping;

      if (g_strv_length (numbers) != 3)
        continue;
      mapping.guest = g_ascii_strtoull (numbers[0], NULL, 10);
      mapping.length = g_ascii_strtoull (numbers[1], NULL, 10);
      mapping.at = g_ascii_strtoull (numbers[2], NULL, 10);
      g_array_append_val (self->map, mapping);
    }
}

static char *
write_map (const SimImage *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->map->len; i++)
    {
      const SimMapping *mapping = &g_array_index (self->map, SimMapping, i);

      g_string_append_printf (text,
                              "%s%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT "+%" G_GUINT64_FORMAT,
                              i > 0 ? "," : "", mapping->guest, mapping->length, mapping->at);
    }
  return g_string_free (text, FALSE);
}

static char *
get (GKeyFile *header, const char *key)
{
  return g_key_file_get_string (header, GROUP, key, NULL);
}

SimImage *
_sim_image_probe (const SimFile *file)
{
  g_autoptr (GKeyFile) header = g_key_file_new ();
  g_autofree char *text = g_malloc0 (HEADER + 1);
  g_autofree char *map = NULL;
  SimImage *self;

  _sim_extents_read (file->data, 0, HEADER, (guint8 *) text);
  if (!g_str_has_prefix (text, MAGIC)
      || !g_key_file_load_from_data (header, text + strlen (MAGIC), (gsize) -1, G_KEY_FILE_NONE,
                                     NULL))
    return NULL;
  self = _sim_image_new (g_key_file_get_uint64 (header, GROUP, "capacity", NULL));
  self->cluster_size = g_key_file_get_uint64 (header, GROUP, "cluster-size", NULL);
  g_free (self->compat);
  self->compat = get (header, "compat");
  self->backing = get (header, "backing");
  self->backing_format = get (header, "backing-format");
  self->encryption = get (header, "encryption");
  self->secret = get (header, "secret");
  self->snapshots = get (header, "snapshots");
  self->lazy_refcounts = g_key_file_get_boolean (header, GROUP, "lazy-refcounts", NULL);
  self->extended_l2 = g_key_file_get_boolean (header, GROUP, "extended-l2", NULL);
  map = get (header, "map");
  read_map (self, map != NULL ? map : "");
  return self;
}

static void
set (GKeyFile *header, const char *key, const char *value)
{
  if (value != NULL)
    g_key_file_set_string (header, GROUP, key, value);
}

gboolean
_sim_image_store (SimStorage *storage, SimFile *file, const SimImage *self)
{
  g_autoptr (GKeyFile) header = g_key_file_new ();
  g_autofree char *map = write_map (self);
  g_autofree char *text = NULL;
  g_autofree guint8 *bytes = g_malloc0 (HEADER);
  gsize size;

  g_key_file_set_uint64 (header, GROUP, "capacity", self->capacity);
  g_key_file_set_uint64 (header, GROUP, "cluster-size", self->cluster_size);
  set (header, "compat", self->compat);
  set (header, "backing", self->backing);
  set (header, "backing-format", self->backing_format);
  set (header, "encryption", self->encryption);
  set (header, "secret", self->secret);
  set (header, "snapshots", self->snapshots);
  g_key_file_set_boolean (header, GROUP, "lazy-refcounts", self->lazy_refcounts);
  g_key_file_set_boolean (header, GROUP, "extended-l2", self->extended_l2);
  set (header, "map", map);
  text = g_key_file_to_data (header, &size, NULL);
  if (size + strlen (MAGIC) >= HEADER)
    g_error ("sim: an image has too many pieces for its header");
  memcpy (bytes, MAGIC, strlen (MAGIC));
  memcpy (bytes + strlen (MAGIC), text, size);
  return _sim_file_write (storage, file, 0, bytes, HEADER);
}

/* ---- what the guest sees ---- */

SimExtents *
_sim_image_top (const SimFile *file, const char *format, guint64 *capacity)
{
  g_autoptr (SimImage) image = NULL;
  SimExtents *data;

  if (g_strcmp0 (format, "qcow2") != 0)
    {
      *capacity = file->size;
      return _sim_extents_copy (file->data);
    }
  image = _sim_image_probe (file);
  if (image == NULL)
    return NULL;
  *capacity = image->capacity;
  data = _sim_extents_new ();
  for (guint i = 0; i < image->map->len; i++)
    {
      const SimMapping *mapping = &g_array_index (image->map, SimMapping, i);

      if (mapping->at + mapping->length > file->size)
        continue; /* cut off: it reads as nothing */
      _sim_extents_copy_range (file->data, mapping->at, mapping->length, data, mapping->guest);
    }
  return data;
}

/* One that is not absolute is beside the image. */
char *
_sim_image_dup_backing_path (const SimImage *self, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  return g_path_is_absolute (self->backing) ? g_strdup (self->backing)
                                            : g_build_filename (folder, self->backing, NULL);
}

static SimExtents *
read_chain (SimHost *host, const char *path, const char *format, guint depth, guint64 *capacity,
            char **why)
{
  SimFile *file = _sim_file_find (host, path);
  g_autoptr (SimExtents) top = NULL;
  g_autoptr (SimExtents) below = NULL;
  g_autoptr (SimImage) image = NULL;
  g_autofree char *next = NULL;
  guint64 size;

  if (file == NULL)
    *why = g_strdup_printf ("Could not open '%s': No such file or directory", path);
  else if (depth > DEEPEST)
    *why = g_strdup_printf ("backing store for %s is self-referential", path);
  else
    top = _sim_image_top (file, format, capacity);
  if (top == NULL)
    {
      if (*why == NULL)
        *why = g_strdup_printf ("Could not open '%s': Image is not in %s format", path, format);
      return NULL;
    }
  image = g_strcmp0 (format, "qcow2") == 0 ? _sim_image_probe (file) : NULL;
  if (image == NULL || image->backing == NULL)
    return g_steal_pointer (&top);
  next = _sim_image_dup_backing_path (image, path);
  below = read_chain (host, next, image->backing_format != NULL ? image->backing_format : "raw",
                      depth + 1, &size, why);
  if (below == NULL)
    return NULL;
  _sim_extents_punch (below, *capacity, G_MAXUINT64 - *capacity);
  _sim_extents_copy_range (top, 0, *capacity, below, 0);
  return g_steal_pointer (&below);
}

SimExtents *
_sim_image_read (SimHost *host, const char *path, const char *format, guint64 *capacity, char **why)
{
  g_autofree char *words = NULL;
  guint64 size = 0;
  SimExtents *data = read_chain (host, path, format, 0, &size, &words);

  if (capacity != NULL)
    *capacity = size;
  if (why != NULL)
    *why = g_steal_pointer (&words);
  return data;
}

/* ---- what the guest writes ---- */

/* Where in the file a guest's byte is, and how far this goes on; FALSE: nowhere, so far. */
static gboolean
look_up (const SimImage *self, guint64 guest, guint64 length, guint64 *at, guint64 *part)
{
  *part = length;
  for (guint i = 0; i < self->map->len; i++)
    {
      const SimMapping *mapping = &g_array_index (self->map, SimMapping, i);

      if (mapping->guest + mapping->length <= guest)
        continue;
      if (mapping->guest > guest)
        {
          *part = MIN (length, mapping->guest - guest);
          return FALSE;
        }
      *at = mapping->at + (guest - mapping->guest);
      *part = MIN (length, mapping->guest + mapping->length - guest);
      return TRUE;
    }
  return FALSE;
}

static void
add_mapping (SimImage *self, guint64 guest, guint64 length, guint64 at)
{
  SimMapping new = { guest, length, at };
  guint i = 0;

  while (i < self->map->len && g_array_index (self->map, SimMapping, i).guest < guest)
    i++;
  if (i > 0)
    {
      SimMapping *before = &g_array_index (self->map, SimMapping, i - 1);

      if (before->guest + before->length == guest && before->at + before->length == at)
        {
          before->length += length;
          return;
        }
    }
  g_array_insert_val (self->map, i, new);
}

static gboolean
write_run (SimStorage *storage, SimFile *file, SimImage *image, guint64 guest,
           const SimExtents *from, guint64 begin, guint64 length, gboolean *grown)
{
  while (length > 0)
    {
      guint64 at = 0, part = 0;

      if (!look_up (image, guest, length, &at, &part))
        {
          at = file->size;
          if (_sim_storage_free (storage) < part)
            part = _sim_storage_free (storage) / SIM_BLOCK * SIM_BLOCK;
          if (part == 0)
            return FALSE;
          file->size += part;
          add_mapping (image, guest, part, at);
          *grown = TRUE;
        }
      if (!_sim_file_copy (storage, file, at, from, begin, part))
        return FALSE;
      guest += part;
      begin += part;
      length -= part;
    }
  return TRUE;
}

gboolean
_sim_image_write (SimStorage *storage, SimFile *file, const char *format, guint64 offset,
                  const SimExtents *from, guint64 begin, guint64 length)
{
  g_autoptr (SimImage) image = NULL;
  guint64 at = begin, first, end;
  gboolean grown = FALSE, done = TRUE;

  if (g_strcmp0 (format, "qcow2") != 0)
    return _sim_file_copy (storage, file, offset, from, begin, length);
  image = _sim_image_probe (file);
  if (image == NULL)
    return FALSE;
  while (done && _sim_extents_next (from, at, &first, &end) && first < begin + length)
    {
      end = MIN (end, begin + length);
      done = write_run (storage, file, image, offset + (first - begin), from, first, end - first,
                        &grown);
      at = end;
    }
  if (grown)
    done = _sim_image_store (storage, file, image) && done;
  return done;
}
