/* Storage on disk, as the rest of the world is: what is in files, who sees them, what guests have
 * left there. */
#include "sim-save.h"

#include <string.h>

/* ---- what is in a file ---- */

static void
write_bytes (GString *text, const SimExtent *extent)
{
  const guint8 *bytes = (const guint8 *) g_bytes_get_data (extent->bytes, NULL) + extent->origin;
  g_autofree char *base64 = g_base64_encode (bytes, (gsize) extent->length);

  g_string_append_printf (text, "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " = %s\n",
                          extent->offset, extent->length, base64);
}

static char *
write_extents (const SimExtents *self)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < self->list->len; i++)
    {
      const SimExtent *extent = &g_array_index (self->list, SimExtent, i);

      if (extent->bytes != NULL)
        write_bytes (text, extent);
      else
        g_string_append_printf (text,
                                "%" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT
                                " %" G_GUINT64_FORMAT "\n",
                                extent->offset, extent->length, extent->id, extent->origin);
    }
  return g_string_free (text, FALSE);
}

static void
read_extent (SimExtents *self, const char *line)
{
  g_auto (GStrv) words = g_strsplit (line, " ", 4);
  guint64 offset, length;
  gsize size;

  if (g_strv_length (words) != 4)
    return;
  offset = g_ascii_strtoull (words[0], NULL, 10);
  length = g_ascii_strtoull (words[1], NULL, 10);
  if (g_str_equal (words[2], "="))
    {
      g_autofree guint8 *bytes = g_base64_decode (words[3], &size);

      _sim_extents_write_bytes (self, offset, bytes, size);
      return;
    }
  _sim_extents_write_pattern (self, offset, length, g_ascii_strtoull (words[2], NULL, 10),
                              g_ascii_strtoull (words[3], NULL, 10));
}

static void
archive_extents (Archive *ar, SimExtents **data)
{
  struct
  {
    char *extents;
  } self = { ar->loading ? NULL : write_extents (*data) };
  g_auto (GStrv) lines = NULL;

  TEXT (&self, extents);
  if (ar->loading)
    {
      *data = _sim_extents_new ();
      lines = g_strsplit (self.extents != NULL ? self.extents : "", "\n", -1);
      for (guint i = 0; lines[i] != NULL; i++)
        read_extent (*data, lines[i]);
    }
  g_free (self.extents);
}

/* ---- files ---- */

typedef struct
{
  SimStorage *storage;
  char *name;
  SimFile *file;
} Entry;

static void
archive_storage (Archive *ar, SimStorage *self)
{
  TEXT (self, name);
  NUMBER (self, gone);
  NUMBER (self, no_locks);
  NUMBER (self, room);
  REFERENCE (self, parent, ar->world->storages);
  if (!ar->loading)
    return;
  self->world = ar->world;
  self->files = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, _sim_file_free);
}

static void
archive_entry (Archive *ar, Entry *self)
{
  if (ar->loading)
    self->file = g_new0 (SimFile, 1);
  REFERENCE (self, storage, ar->world->storages);
  TEXT (self, name);
  NUMBER (self->file, size);
  NUMBER (self->file, inode);
  NUMBER (self->file, changes);
  NUMBER (self->file, changed_at);
  NUMBER (self->file, written);
  NUMBER (self->file, unflushed);
  TEXT (self->file, only);
  archive_extents (ar, &self->file->data);
  if (ar->loading)
    g_hash_table_replace (self->storage->files, g_strdup (self->name), self->file);
}

static GPtrArray *
list_entries (SimWorld *self)
{
  GPtrArray *entries = g_ptr_array_new ();

  for (guint i = 0; i < self->storages->len; i++)
    {
      SimStorage *storage = self->storages->pdata[i];
      g_auto (GStrv) names = _sim_list_names (storage->files);

      for (guint n = 0; names[n] != NULL; n++)
        {
          Entry *entry = g_new0 (Entry, 1);

          entry->storage = storage;
          entry->name = g_strdup (names[n]);
          entry->file = g_hash_table_lookup (storage->files, names[n]);
          g_ptr_array_add (entries, entry);
        }
    }
  return entries;
}

/* ---- what hosts make of them ---- */

static void
archive_names (Archive *ar, const char *key, GHashTable **names)
{
  g_auto (GStrv) list = NULL;

  if (!ar->loading)
    {
      if (*names == NULL)
        return;
      list = _sim_list_names (*names);
      g_key_file_set_string_list (ar->file, ar->group, key, (const char *const *) list,
                                  g_strv_length (list));
      return;
    }
  list = g_key_file_get_string_list (ar->file, ar->group, key, NULL /* length */, NULL);
  *names = list != NULL ? g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL) : NULL;
  for (guint i = 0; list != NULL && list[i] != NULL; i++)
    g_hash_table_add (*names, g_strdup (list[i]));
}

static void
archive_pool (Archive *ar, SimPool *self)
{
  TEXT (self, name);
  TEXT (self, target);
  REFERENCE (self, storage, ar->world->storages);
  NUMBER (self, inactive);
  NUMBER (self, read_only);
  NUMBER (self, full);
  NUMBER (self, of_devices);
  NUMBER (self, timeless);
  NUMBER (self, transient);
  NUMBER (self, stale_us);
  NUMBER (self, epoch);
  archive_names (ar, "known", &self->known);
  archive_names (ar, "view", &self->view);
}

static void
archive_secret (Archive *ar, SimSecret *self)
{
  struct
  {
    char *value;
  } text = { NULL };
  gsize size;

  TEXT (self, uuid);
  TEXT (self, usage);
  TEXT (self, usage_type);
  TEXT (self, document);
  if (self->value != NULL)
    text.value
      = g_base64_encode (g_bytes_get_data (self->value, NULL), g_bytes_get_size (self->value));
  TEXT (&text, value);
  if (ar->loading && text.value != NULL)
    {
      guchar *bytes = g_base64_decode (text.value, &size);

      self->value = g_bytes_new_take (bytes, size);
    }
  g_free (text.value);
}

static void
archive_host (Archive *ar, SimHost *host, guint n)
{
  GPtrArray **const lists[] = { &host->pools, &host->folders, &host->secrets };
  static const gsize sizes[] = { sizeof (SimPool), sizeof (SimFolder), sizeof (SimSecret) };
  static const char *const names[] = { "pools", "folders", "secrets" };

  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    {
      g_autofree char *key = g_strdup_printf ("%s %u", names[i], n);

      if (ar->loading)
        *lists[i] = g_ptr_array_new ();
      _sim_archive_list (ar, key, *lists[i], sizes[i]);
    }
  for (guint i = 0; i < host->pools->len; i++)
    {
      _sim_archive_open (ar, "pool %u %u", n, i);
      archive_pool (ar, host->pools->pdata[i]);
    }
  for (guint i = 0; i < host->folders->len; i++)
    {
      SimFolder *folder = host->folders->pdata[i];

      _sim_archive_open (ar, "folder %u %u", n, i);
      TEXT (folder, path);
      REFERENCE (folder, storage, ar->world->storages);
    }
  for (guint i = 0; i < host->secrets->len; i++)
    {
      _sim_archive_open (ar, "secret %u %u", n, i);
      archive_secret (ar, host->secrets->pdata[i]);
    }
}

static void
archive_guest (Archive *ar, SimGuest *guest, guint n)
{
  g_autofree char *key = g_strdup_printf ("disks %u", n);

  if (ar->loading)
    guest->disks = g_ptr_array_new ();
  _sim_archive_list (ar, key, guest->disks, sizeof (SimDisk));
  for (guint i = 0; i < guest->disks->len; i++)
    {
      SimDisk *disk = guest->disks->pdata[i];

      _sim_archive_open (ar, "disk %u %u", n, i);
      TEXT (disk, target);
      TEXT (disk, content);
      NUMBER (disk, write_rate);
      NUMBER (disk, scratch);
      NUMBER (disk, stamp);
      NUMBER (disk, stamp_boots);
    }
}

void
_sim_archive_storage (Archive *ar)
{
  SimWorld *self = ar->world;
  g_autoptr (GPtrArray) entries = NULL;

  _sim_archive_open (ar, "storage");
  NUMBER (self, last_file);
  NUMBER (self, tells_storage);
  _sim_archive_list (ar, "storages", self->storages, sizeof (SimStorage));
  for (guint i = 0; i < self->storages->len; i++)
    {
      _sim_archive_open (ar, "storage %u", i);
      archive_storage (ar, self->storages->pdata[i]);
    }
  entries = ar->loading ? g_ptr_array_new () : list_entries (self);
  g_ptr_array_set_free_func (entries, g_free);
  _sim_archive_list (ar, "files", entries, sizeof (Entry));
  for (guint i = 0; i < entries->len; i++)
    {
      Entry *entry = entries->pdata[i];

      _sim_archive_open (ar, "file %u", i);
      archive_entry (ar, entry);
      g_free (entry->name);
    }
  for (guint i = 0; i < self->hosts->len; i++)
    archive_host (ar, self->hosts->pdata[i], i);
  for (guint i = 0; i < self->guests->len; i++)
    archive_guest (ar, self->guests->pdata[i], i);
}

/* The plan of what is copied is made anew, from the source as it is then. */
void
_sim_archive_mirrors (Archive *ar, SimTransfer *transfer, guint n)
{
  g_autofree char *key = g_strdup_printf ("mirrors %u", n);
  g_autoptr (GPtrArray) none = g_ptr_array_new ();
  GPtrArray *mirrors = transfer->mirrors != NULL ? transfer->mirrors : none;

  if (ar->loading)
    mirrors = _sim_mirrors_new ();
  _sim_archive_list (ar, key, mirrors, sizeof (SimMirror));
  for (guint i = 0; i < mirrors->len; i++)
    {
      SimMirror *mirror = mirrors->pdata[i];

      _sim_archive_open (ar, "mirror %u %u", n, i);
      TEXT (mirror, target);
      TEXT (mirror, from);
      TEXT (mirror, from_format);
      TEXT (mirror, to);
      TEXT (mirror, to_format);
      NUMBER (mirror, total);
      NUMBER (mirror, done);
      NUMBER (mirror, copied);
      NUMBER (mirror, write_rate);
    }
  if (ar->loading && mirrors->len > 0)
    transfer->mirrors = mirrors;
  else if (ar->loading)
    g_ptr_array_unref (mirrors);
}
