/* A transfer's disks: made at the destination where they are missing, as libvirt makes them, then
 * written by the source's QEMU, all at once, before memory goes; from then on kept alike until the
 * guest is stopped. What a failure leaves there stays there: libvirt takes nothing of it away. */
#include "sim-storage.h"

#include <string.h>

static void
mirror_free (gpointer data)
{
  SimMirror *self = data;

  g_free (self->target);
  g_free (self->from);
  g_free (self->from_format);
  g_free (self->to);
  g_free (self->to_format);
  g_clear_pointer (&self->plan, _sim_extents_free);
  g_free (self);
}

GPtrArray *
_sim_mirrors_new (void)
{
  return g_ptr_array_new_with_free_func (mirror_free);
}

gboolean
_sim_mirror_writes_to (const SimTransfer *transfer, const char *target)
{
  for (guint i = 0; transfer != NULL && transfer->mirrors != NULL && i < transfer->mirrors->len;
       i++)
    if (g_str_equal (((SimMirror *) transfer->mirrors->pdata[i])->target, target))
      return !transfer->done || transfer->d == SIM_INCOMING_FINISHING;
  return FALSE;
}

/* ---- Begin ---- */

/* libvirt goes by the kind of file system: one that more than one host has is shared. */
static gboolean
is_unsafe (SimHost *host, const SimOpen *open, char **disks)
{
  g_autofree char *folder = g_path_get_dirname (open->path);
  const SimStorage *storage = _sim_folder_find (host, folder);

  if (open->read_only || storage == NULL)
    return FALSE;
  if (disks != NULL && g_strv_contains ((const char *const *) disks, open->target))
    return FALSE;
  return !_sim_storage_is_shared (storage);
}

const char *
_sim_mirror_refusal (const SimDomain *domain, const MigrateTransfer *request, int *code)
{
  g_autoptr (GPtrArray) opens = NULL;

  if (!domain->guest->opens_files)
    return NULL;
  opens = _sim_opens_read (domain->host, domain->xml);
  *code = 81;
  for (guint i = 0; !request->unsafe && i < opens->len; i++)
    if (is_unsafe (domain->host, opens->pdata[i], request->disks))
      return "Unsafe migration: Migration without shared storage is unsafe";
  if (request->disks == NULL)
    return NULL;
  for (guint i = 0; request->disks[i] != NULL; i++)
    {
      *code = 8;
      if (_sim_opens_find (opens, request->disks[i]) == NULL)
        return "invalid argument: migrate_disks: a disk target is not found";
    }
  *code = 74;
  if (request->postcopy)
    return "argument unsupported: post-copy is not supported with storage migration";
  return NULL;
}

void
_sim_mirror_begin (SimTransfer *self, const MigrateTransfer *request)
{
  self->disks = g_strdupv (request->disks);
  self->disks_top = request->disks_top;
  self->sync_writes = request->sync_writes;
  self->keep_source = request->keep_source;
}

/* ---- Prepare ---- */

static void
add_mirror (SimTransfer *self, GPtrArray *here, GPtrArray *there, const char *target)
{
  const SimOpen *from = _sim_opens_find (here, target);
  const SimOpen *to = _sim_opens_find (there, target);
  const SimDisk *disk = _sim_guest_find_disk (self->guest, target);
  SimMirror *mirror;

  if (from == NULL || to == NULL)
    return;
  mirror = g_new0 (SimMirror, 1);
  mirror->target = g_strdup (target);
  mirror->from = g_strdup (from->path);
  mirror->from_format = g_strdup (from->format);
  mirror->to = g_strdup (to->path);
  mirror->to_format = g_strdup (to->format);
  mirror->write_rate = disk != NULL ? disk->write_rate : 0;
  g_ptr_array_add (self->mirrors, mirror);
}

static guint64
capacity_of (SimHost *host, const char *path, const char *format)
{
  SimFile *file = _sim_file_find (host, path);
  guint64 capacity = 0;
  g_autoptr (SimExtents) top = file != NULL ? _sim_image_top (file, format, &capacity) : NULL;

  return (capacity + 511) / 512 * 512; /* a file that ends amidst a sector is padded */
}

/* As libvirt 9.0 makes a volume: of the source's capacity, and nothing else of it. */
static const char *
pre_create (SimTransfer *self, const SimMirror *mirror, int *code)
{
  g_autofree char *folder = g_path_get_dirname (mirror->to);
  g_autofree char *name = g_path_get_basename (mirror->to);
  SimPool *pool = _sim_pool_find_by_target (self->destination, folder);
  guint64 capacity = capacity_of (self->source, mirror->from, mirror->from_format);
  g_autofree char *escaped = g_markup_escape_text (name, -1);
  MigrateCall call = { .kind = MIGRATE_CALL_VOLUME_CREATE };
  const char *words = NULL;

  if (self->disks_top)
    {
      *code = 84;
      return "Operation not supported: pre-creation of storage target for incremental storage "
             "migration is not supported";
    }
  if (pool == NULL)
    {
      *code = SIM_ERR_NO_POOL;
      return "Storage pool not found: no storage pool with matching target path";
    }
  if (g_hash_table_contains (pool->known, name))
    return NULL; /* it believes what it remembers */
  call.text_in
    = g_strdup_printf ("<volume><name>%s</name><capacity>%" G_GUINT64_FORMAT "</capacity>"
                       "<allocation>0</allocation><target><format type='%s'/></target></volume>",
                       escaped, capacity, mirror->to_format);
  *code = _sim_volume_create (pool, self->destination, &call, &words);
  g_free (call.text_in);
  return words;
}

const char *
_sim_mirror_prepare (SimTransfer *self, const char *xml, int *code)
{
  g_autoptr (GPtrArray) here = NULL;
  g_autoptr (GPtrArray) there = NULL;
  const char *words = NULL;

  if (self->disks == NULL || self->disks[0] == NULL || !self->guest->opens_files)
    return NULL;
  here = _sim_opens_read (self->source, self->out->xml);
  there = _sim_opens_read (self->destination, xml);
  self->mirrors = _sim_mirrors_new ();
  for (guint i = 0; self->disks[i] != NULL; i++)
    add_mirror (self, here, there, self->disks[i]);
  for (guint i = 0; words == NULL && i < self->mirrors->len; i++)
    {
      const SimMirror *mirror = self->mirrors->pdata[i];

      if (_sim_file_find (self->destination, mirror->to) == NULL)
        words = pre_create (self, mirror, code);
    }
  if (words == NULL && self->tunnelled)
    {
      *code = 1;
      words = "internal error: argument key 'host' must not have null value";
    }
  return words;
}

GPtrArray *
_sim_mirror_list (const SimTransfer *self)
{
  GPtrArray *targets = g_ptr_array_new ();

  for (guint i = 0; self->mirrors != NULL && i < self->mirrors->len; i++)
    g_ptr_array_add (targets, ((SimMirror *) self->mirrors->pdata[i])->target);
  return targets;
}

/* ---- Perform ---- */

/* What the mirror copies: the disk as the guest sees it, or the top image alone. */
static SimExtents *
read_source (SimTransfer *self, const SimMirror *mirror)
{
  SimFile *file = _sim_file_find (self->source, mirror->from);
  guint64 capacity;
  SimExtents *data;

  if (file == NULL)
    return _sim_extents_new ();
  data = self->disks_top
           ? _sim_image_top (file, mirror->from_format, &capacity)
           : _sim_image_read (self->source, mirror->from, mirror->from_format, &capacity, NULL);
  return data != NULL ? data : _sim_extents_new ();
}

static gboolean
write_there (SimTransfer *self, const SimMirror *mirror, const SimExtents *data, guint64 begin,
             guint64 length)
{
  g_autofree char *folder = g_path_get_dirname (mirror->to);
  SimFile *file = _sim_file_find (self->destination, mirror->to);

  return file != NULL
         && _sim_image_write (_sim_folder_find (self->destination, folder), file, mirror->to_format,
                              begin, data, begin, length);
}

static void
fail_mirror (SimTransfer *self, const SimMirror *mirror, const char *why)
{
  g_autofree char *words
    = g_strdup_printf ("operation failed: migration of disk %s failed: %s", mirror->target, why);

  _sim_transfer_close_stream (self);
  _sim_transfer_cancel (self, VIR_FROM_QEMU, 9, words);
}

/* FALSE: it has failed already. */
gboolean
_sim_mirror_start (SimTransfer *self)
{
  for (guint i = 0; i < self->mirrors->len; i++)
    {
      SimMirror *mirror = self->mirrors->pdata[i];
      guint64 here = capacity_of (self->source, mirror->from, mirror->from_format);

      if (here != capacity_of (self->destination, mirror->to, mirror->to_format))
        {
          fail_mirror (self, mirror, "Source and target image have different sizes");
          return FALSE;
        }
      _sim_domain_flush (self->out);
      mirror->plan = read_source (self, mirror);
      mirror->total = _sim_extents_allocated (mirror->plan);
      mirror->done = mirror->copied = 0;
    }
  self->mirroring = TRUE;
  return TRUE;
}

guint64
_sim_mirror_get_left (const SimTransfer *self)
{
  guint64 left = self->disk_dirty;

  for (guint i = 0; self->mirrors != NULL && i < self->mirrors->len; i++)
    {
      const SimMirror *mirror = self->mirrors->pdata[i];

      left += mirror->total - mirror->done;
    }
  return left;
}

guint64
_sim_mirror_get_total (const SimTransfer *self)
{
  guint64 total = 0;

  for (guint i = 0; self->mirrors != NULL && i < self->mirrors->len; i++)
    total += ((SimMirror *) self->mirrors->pdata[i])->total;
  return total;
}

/* What the guest writes to the disks that travel. Where its writes wait for the destination they
 * take no more than half of what the link carries, and the rest makes headway. */
guint64
_sim_mirror_get_write_rate (const SimTransfer *self, guint64 rate)
{
  guint64 sum = 0;

  for (guint i = 0; self->mirrors != NULL && self->out->cpus && i < self->mirrors->len; i++)
    sum += ((SimMirror *) self->mirrors->pdata[i])->write_rate;
  return self->sync_writes ? MIN (sum, rate / 2) : sum;
}

/* The plan's bytes from what is there up to what was sent. FALSE: no room. */
static gboolean
carry (SimTransfer *self, SimMirror *mirror)
{
  guint64 seen = 0, at = 0, begin, end;
  gboolean done = TRUE;

  if (mirror->plan == NULL)
    mirror->plan = read_source (self, mirror);
  while (done && mirror->copied < mirror->done
         && _sim_extents_next (mirror->plan, at, &begin, &end))
    {
      guint64 skip = MIN (end - begin, mirror->copied > seen ? mirror->copied - seen : 0);
      guint64 n = MIN (end - begin - skip, mirror->done - MAX (mirror->copied, seen));

      seen += end - begin;
      at = end;
      if (n == 0)
        continue;
      done = write_there (self, mirror, mirror->plan, begin + skip, n);
      mirror->copied += n;
    }
  return done;
}

/* They share what was sent evenly; what is left of it goes to what was written meanwhile. */
static void
share (SimTransfer *self, guint64 sent)
{
  gboolean moved = TRUE;

  while (sent > 0 && moved)
    {
      guint busy = 0;
      guint64 each;

      moved = FALSE;
      for (guint i = 0; i < self->mirrors->len; i++)
        busy += ((SimMirror *) self->mirrors->pdata[i])->done
                < ((SimMirror *) self->mirrors->pdata[i])->total;
      each = busy > 0 ? MAX (1, sent / busy) : 0;
      for (guint i = 0; i < self->mirrors->len && sent > 0 && busy > 0; i++)
        {
          SimMirror *mirror = self->mirrors->pdata[i];
          guint64 n = MIN (MIN (each, sent), mirror->total - mirror->done);

          mirror->done += n;
          sent -= n;
          moved |= n > 0;
        }
    }
  sent = MIN (self->disk_dirty, sent);
  self->disk_dirty -= sent;
  self->disk_again += sent;
}

void
_sim_mirror_settle (SimTransfer *self, guint64 elapsed)
{
  guint64 written = _sim_mirror_get_write_rate (self, self->rate) * elapsed / G_USEC_PER_SEC;
  guint64 sent = self->segment_moves ? self->rate * elapsed / G_USEC_PER_SEC : 0;

  if (self->sync_writes)
    sent -= MIN (sent, written);
  else
    self->disk_dirty += written;
  share (self, sent);
  for (guint i = 0; self->disks_failed == NULL && i < self->mirrors->len; i++)
    {
      SimMirror *mirror = self->mirrors->pdata[i];

      if (!carry (self, mirror))
        self->disks_failed = g_strdup_printf ("%s\nNo space left on device", mirror->target);
    }
}

/* us until all are alike; -1: never, as it is. */
gint64
_sim_mirror_time_left (const SimTransfer *self)
{
  guint64 written = _sim_mirror_get_write_rate (self, self->rate);
  guint64 left = _sim_mirror_get_left (self);

  if (left == 0)
    return 1;
  if (written >= self->rate)
    return -1;
  return (gint64) (left * G_USEC_PER_SEC / (self->rate - written)) + 1;
}

/* TRUE: something went wrong with one, and the transfer is on its way back. */
gboolean
_sim_mirror_failed (SimTransfer *self)
{
  g_auto (GStrv) parts = NULL;

  if (self->disks_failed == NULL || self->failure != NULL)
    return FALSE;
  parts = g_strsplit (self->disks_failed, "\n", 2);
  fail_mirror (self, &(SimMirror){ .target = parts[0] }, parts[1]);
  return TRUE;
}

void
_sim_mirror_break (SimTransfer *self, const char *target, const char *why)
{
  if (self->mirrors == NULL || self->mirrors->len == 0 || self->s != SIM_SIDE_PERFORMING)
    return;
  if (target == NULL)
    target = ((SimMirror *) self->mirrors->pdata[0])->target;
  g_free (self->disks_failed);
  self->disks_failed = g_strdup_printf ("%s\n%s", target, why);
  if (self->copying)
    _sim_copy_plan (self);
}

/* The guest is stopped: the images there are what they are here. FALSE: no room. */
gboolean
_sim_mirror_finish (SimTransfer *self)
{
  for (guint i = 0; self->mirrors != NULL && i < self->mirrors->len; i++)
    {
      SimMirror *mirror = self->mirrors->pdata[i];

      g_clear_pointer (&mirror->plan, _sim_extents_free);
      mirror->plan = read_source (self, mirror);
      if (!write_there (self, mirror, mirror->plan, 0, G_MAXUINT64))
        {
          self->disks_failed = g_strdup_printf ("%s\nNo space left on device", mirror->target);
          return FALSE;
        }
      mirror->total = mirror->done = _sim_extents_allocated (mirror->plan);
    }
  self->disk_dirty = 0;
  return TRUE;
}

/* ---- telling ---- */

void
_sim_mirror_get_stats (const SimTransfer *self, MigrateStats *stats)
{
  guint64 left = _sim_mirror_get_left (self);

  if (self->mirrors == NULL)
    return;
  /* What was written anew is more to do, and stays so when it is done, as QEMU counts. */
  stats->disk_total = _sim_mirror_get_total (self) + self->disk_dirty + self->disk_again;
  stats->disk_remaining = left;
  stats->disk_processed = stats->disk_total - left;
  stats->disk_bps = self->mirroring && self->segment_moves ? self->rate : 0;
}

GVariant *
_sim_mirror_answer (const SimTransfer *self)
{
  GVariantDict answer;

  g_variant_dict_init (&answer, NULL);
  for (guint i = 0; self != NULL && self->mirrors != NULL && i < self->mirrors->len; i++)
    {
      const SimMirror *mirror = self->mirrors->pdata[i];
      GVariantDict values;

      g_variant_dict_init (&values, NULL);
      g_variant_dict_insert (&values, "done", "t", mirror->done);
      g_variant_dict_insert (&values, "total", "t", mirror->total);
      g_variant_dict_insert (&values, "ready", "b", !self->mirroring && self->pass > 0);
      g_variant_dict_insert_value (&answer, mirror->target, g_variant_dict_end (&values));
    }
  return g_variant_ref_sink (g_variant_dict_end (&answer));
}
