/* Decide: whether the disks that are to travel can: which ones are named, what lies where they go,
 * and whether there is room. */
#include "check/checks-private.h"

#include "model/resize-private.h"

#include <string.h>

static const MigrateDisk *
nth_disk (const MigrateLook *look, guint i)
{
  return i < look->facts->disks->len ? look->facts->disks->pdata[i] : NULL;
}

static gboolean
is_copied (const MigrateLook *look, const MigrateDisk *disk)
{
  return _migrate_look_fate (look, disk, NULL /* why */) == MIGRATE_FATE_COPIED;
}

static MigrateSharing
sharing_of (const MigrateLook *look, const MigrateDisk *disk, const char **why)
{
  const MigrateProbed *probed = _migrate_probed_find (look->facts, disk, NULL /* image */);

  *why = probed != NULL ? probed->why : "that was not tried";
  return probed != NULL ? probed->sharing : MIGRATE_SHARING_UNKNOWN;
}

/* What the destination says of the file that a disk is to be there. */
static const MigrateFileFacts *
file_there (const MigrateLook *look, const MigrateDisk *disk)
{
  return _migrate_host_file (&look->facts->on_destination,
                             _migrate_disk_there (look->request, disk)->source);
}

static const MigrateVolume *
volume_here (const MigrateLook *look, const char *source)
{
  const MigrateFileFacts *file = _migrate_host_file (&look->facts->on_source, source);

  return file != NULL ? file->volume : NULL;
}

/* ---- which ---- */

/* NULL: it can be. */
static const char *
why_not (const MigrateLook *look, const char *target)
{
  const MigrateDisk *disk = _migrate_disk_find (look->facts->disks, target);

  if (disk == NULL)
    return "the guest does not have it";
  if (disk->source == NULL)
    return "there is no medium in it";
  if (disk->read_only)
    return "it is only read, and travels without being named where that is needed";
  if (!_migrate_disk_can_be_copied (disk)
      || !_migrate_disk_can_be_copied (_migrate_disk_there (look->request, disk)))
    return "it is not a file on both hosts";
  return NULL;
}

static void
look_named (MigrateLook *look)
{
  g_auto (GStrv) named = _migrate_policy_dup_list (look->policy, "disks");

  for (gsize i = 0; named[i] != NULL; i++)
    {
      const char *why = why_not (look, named[i]);

      if (why != NULL)
        _migrate_look_find (look, named[i], why, NULL);
    }
}

static void
look_named_in_vain (MigrateLook *look)
{
  g_auto (GStrv) named = _migrate_policy_dup_list (look->policy, "disks");

  if (named[0] != NULL)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

/* It would be copied onto itself. */
static void
look_shared (MigrateLook *look)
{
  g_auto (GStrv) named = _migrate_policy_dup_list (look->policy, "disks");
  const char *why;

  for (gsize i = 0; named[i] != NULL; i++)
    {
      const MigrateDisk *disk = _migrate_disk_find (look->facts->disks, named[i]);

      if (disk != NULL && sharing_of (look, disk, &why) == MIGRATE_SHARING_SHARED)
        _migrate_look_find (look, named[i], why, NULL);
    }
}

static void
look_unproven (MigrateLook *look)
{
  const MigrateDisk *disk;
  const char *why;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (is_copied (look, disk) && !disk->read_only
        && sharing_of (look, disk, &why) == MIGRATE_SHARING_UNKNOWN)
      _migrate_look_find (look, disk->target, why, NULL);
}

static void
look_left (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (_migrate_look_fate (look, disk, NULL /* why */) == MIGRATE_FATE_LEFT
        && _migrate_disk_can_be_copied (disk) && !disk->read_only)
      _migrate_look_find (look, disk->target, disk->source, NULL);
}

/* libvirt would take a list without a name in it for all disks. */
static void
look_nothing (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (is_copied (look, disk) && !disk->read_only)
      return;
  _migrate_look_find (look, look->facts->guest.name, NULL);
}

static void
look_clear_text (MigrateLook *look)
{
  const MigrateDisk *disk;

  if (_migrate_policy_get_bool (look->policy, "tls"))
    return;
  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (disk->encrypted && is_copied (look, disk) && !disk->read_only)
      _migrate_look_find (look, disk->target, NULL);
}

static void
look_folder (MigrateLook *look)
{
  if (_migrate_disk_beside (look->facts) == NULL)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

/* ---- what lies there ---- */

static char *
describe (const MigrateVolume *volume)
{
  g_autofree char *size
    = volume != NULL ? _migrate_look_size (volume->capacity) : g_strdup ("unknown size");

  return g_strdup_printf (
    "%s, %s", volume != NULL && volume->format != NULL ? volume->format : "unknown format", size);
}

static void
find_in_the_way (MigrateLook *look, const MigrateDisk *disk)
{
  const MigrateFileFacts *file = file_there (look, disk);
  g_autofree char *is = NULL;
  g_autofree char *was = NULL;

  if (file == NULL || !file->found)
    return;
  is = describe (file->volume);
  was = describe (volume_here (look, disk->source));
  _migrate_look_find (look, disk->target, _migrate_disk_there (look->request, disk)->source, is,
                      was, NULL);
}

static void
look_in_the_way (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (!disk->read_only
        && (is_copied (look, disk)
            || _migrate_look_fate (look, disk, NULL /* why */) == MIGRATE_FATE_LEFT))
      find_in_the_way (look, disk);
}

/* One that is only read may be there already; not one of another size. */
static void
find_other (MigrateLook *look, const char *target, const char *here, const char *there)
{
  const MigrateVolume *volume = volume_here (look, here);
  const MigrateFileFacts *file = _migrate_host_file (&look->facts->on_destination, there);

  if (volume != NULL && file != NULL && file->found && volume->physical > 0 && file->volume != NULL
      && file->volume->physical > 0 && volume->physical != file->volume->physical)
    _migrate_look_find (look, target, there, NULL);
}

static void
look_other (MigrateLook *look)
{
  const MigrateDisk *disk;
  const char *why;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigrateDisk *there = _migrate_disk_there (look->request, disk);

      if (sharing_of (look, disk, &why) == MIGRATE_SHARING_SHARED)
        continue;
      if (disk->read_only && is_copied (look, disk))
        find_other (look, disk->target, disk->source, there->source);
      for (guint j = 0; j < disk->chain->len && j < there->chain->len; j++)
        find_other (look, disk->target, ((const MigrateImage *) disk->chain->pdata[j])->path,
                    ((const MigrateImage *) there->chain->pdata[j])->path);
    }
}

/* ---- room ---- */

/* It grows while it is copied, and at most to its capacity. 0: not known. */
static guint64
need_of (const MigrateLook *look, const MigrateVolume *volume, gboolean grows)
{
  guint margin = _migrate_policy_get_uint (look->policy, "space-margin");
  guint64 grown;

  if (volume == NULL)
    return 0;
  if (volume->allocation == 0 || volume->allocation >= volume->capacity)
    return grows ? MAX (volume->allocation, volume->capacity)
                 : MAX (volume->allocation, volume->physical);
  grown = volume->allocation / 100 * (100 + margin);
  return grows ? MIN (grown, volume->capacity) : volume->allocation;
}

typedef struct
{
  const MigrateLook *look;
  const char *pool;
  gboolean whole;   /* disks become one image each */
  GHashTable *seen; /* paths there: an image may be below several disks */
  guint64 bytes;
} Need;

/* One image takes in what was below it. */
static void
add_whole (Need *self, const MigrateDisk *disk, const char *there)
{
  const MigrateVolume *volume = volume_here (self->look, disk->source);
  const MigrateFileFacts *file = _migrate_host_file (&self->look->facts->on_destination, there);

  if (file != NULL && !file->found && g_strcmp0 (file->pool, self->pool) == 0 && volume != NULL)
    self->bytes += volume->capacity;
}

static void
add_need (Need *self, const char *here, const char *there, gboolean grows)
{
  const MigrateFileFacts *file = _migrate_host_file (&self->look->facts->on_destination, there);

  if (file != NULL && !file->found && g_strcmp0 (file->pool, self->pool) == 0
      && g_hash_table_add (self->seen, g_strdup (there)))
    self->bytes += need_of (self->look, volume_here (self->look, here), grows);
}

/* What a larger disk may take up one day. */
static void
add_growth (Need *self, const MigrateDisk *disk, const char *there)
{
  const MigrateVolume *volume = volume_here (self->look, disk->source);
  const MigrateFileFacts *file = _migrate_host_file (&self->look->facts->on_destination, there);
  guint64 wanted = _migrate_resize_get_disk (self->look->request->resize, disk->target);

  if (volume != NULL && file != NULL && g_strcmp0 (file->pool, self->pool) == 0
      && wanted > volume->capacity)
    self->bytes += wanted - volume->capacity;
}

static void
add_chain (Need *self, const MigrateDisk *disk, const MigrateDisk *there)
{
  for (guint j = 0; j < disk->chain->len && j < there->chain->len; j++)
    {
      const MigrateImage *here = disk->chain->pdata[j], *image = there->chain->pdata[j];
      const MigrateProbed *probed = _migrate_probed_find (self->look->facts, disk, here);

      if (probed == NULL || probed->sharing != MIGRATE_SHARING_SHARED)
        add_need (self, here->path, image->path, FALSE);
    }
}

static void
add_memory (Need *self)
{
  const MigrateLook *look = self->look;
  const MigrateDisk *beside = _migrate_disk_beside (look->facts);
  const MigrateFileFacts *file = beside != NULL ? file_there (look, beside) : NULL;

  if (file != NULL && g_strcmp0 (file->pool, self->pool) == 0 && is_copied (look, beside))
    self->bytes += look->facts->shape->memory_kib * 1024;
}

static guint64
need_in_pool (const MigrateLook *look, const char *pool)
{
  g_autoptr (GHashTable) seen
    = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL /* value */);
  gboolean whole
    = look->kind == MIGRATE_KIND_BLOCK
      && _migrate_policy_get_enum (look->policy, "disk-copy") == MIGRATE_DISK_COPY_WHOLE;
  Need need = { look, pool, whole, seen, 0 };
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigrateDisk *there = _migrate_disk_there (look->request, disk);

      if (whole && disk->chain->len > 0 && is_copied (look, disk) && !disk->read_only)
        {
          add_whole (&need, disk, there->source);
          continue;
        }
      if (is_copied (look, disk))
        add_need (&need, disk->source, there->source,
                  look->kind == MIGRATE_KIND_BLOCK && !disk->read_only);
      if (look->kind == MIGRATE_KIND_COLD && is_copied (look, disk))
        add_growth (&need, disk, there->source);
      add_chain (&need, disk, there);
    }
  if (look->kind == MIGRATE_KIND_SUSPEND)
    add_memory (&need);
  return need.bytes;
}

static void
look_space (MigrateLook *look)
{
  const GPtrArray *pools = look->facts->on_destination.pools;
  guint64 reserve = (guint64) _migrate_policy_get_uint (look->policy, "space-reserve") << 20;

  for (guint i = 0; pools != NULL && i < pools->len; i++)
    {
      const MigratePool *pool = pools->pdata[i];
      guint64 need = need_in_pool (look, pool->name);
      g_autofree char *needed = _migrate_look_size (need + reserve);
      g_autofree char *available = _migrate_look_size (pool->available);

      if (need > 0 && pool->capacity > 0 && need + reserve > pool->available)
        _migrate_look_find (look, pool->name, available, needed, NULL);
    }
}

static const MigrateCheck checks[] = {
  { "disk-not-copyable", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the policy key `disks` names a disk that the guest does not have, that is empty or only read, "
    "or that is no file",
    "Disk “$1” is to be copied, and cannot be: $2", "Take it out of the policy key “disks”",
    look_named, MIGRATE_CHECK_LIVE },
  { "disks-in-vain", MIGRATE_SEVERITY_WARNING, FALSE,
    "the policy key `disks` names disks, and the kind `live`, which copies none, is asked for",
    "Disks of guest “$1” are to be copied, and a live move copies none",
    "Ask for the kind “block”, or take the policy key “disks” away", look_named_in_vain,
    MIGRATE_CHECK_COPIES },
  { "disk-copy-shared", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the policy key `disks` names a disk that both hosts share: it would be copied onto itself",
    "Disk “$1” is to be copied, and both hosts have it already: $2",
    "Take it out of the policy key “disks”", look_shared, MIGRATE_CHECK_LIVE },
  { "disk-copy-unproven", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the policy key `disks` names a disk of which nothing proves that the hosts do not share it; "
    "nothing of it is removed at the source",
    "Disk “$1” is to be copied, and nothing proves that the hosts do not share it: $2",
    "Make sure that they do not, and accept it", look_unproven, MIGRATE_CHECK_LIVE },
  { "disk-not-named", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the hosts do not share a disk of a guest that runs, and the policy key `disks` does not name "
    "it",
    "Disk “$1” is “$2”, which the hosts do not share, and it is not among those that are copied",
    "Name it in the policy key “disks” too, or name none", look_left,
    MIGRATE_CHECK_LIVE | MIGRATE_CHECK_STOPS },
  { "disk-left", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the hosts do not share a disk, and the policy key `disks` does not name it: accepted, the "
    "guest has an empty one in its place, as for swap or scratch",
    "Disk “$1” is “$2”, which the hosts do not share: what is on it would be left behind",
    "Name it in the policy key “disks” too; or accept that it is empty at the destination",
    look_left, MIGRATE_CHECK_RUNS },
  { "nothing-to-copy", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the kind `block` is asked for, and there is no disk that would be copied",
    "No disk of guest “$1” is to be copied", "Ask for the kind “live”", look_nothing,
    MIGRATE_CHECK_LIVE | MIGRATE_CHECK_STOPS },
  { "file-in-the-way", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the destination has a file already where a disk is to be made: it is not this library's to "
    "write over",
    "The destination has a file “$2” already ($3), where disk “$1” is to be ($4)",
    "Look what it is, and move it away; or map the disk to another place", look_in_the_way,
    MIGRATE_CHECK_LIVE },
  { "image-differs", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the destination has another file in the place of a backing file or a medium: it has another "
    "size",
    "The destination has another file “$2”, of another size, in the place of one of disk “$1”",
    "Look what it is, and move it away; or map the file to another place", look_other,
    MIGRATE_CHECK_LIVE },
  { "space-short", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the destination's pool has no room for what is to be made in it (`space-margin` and "
    "`space-reserve` say how much is needed)",
    "Pool “$1” has $2 left at the destination, and what is copied needs $3 there",
    "Make room, or map the disks to another pool", look_space, MIGRATE_CHECK_LIVE },
  { "suspend-without-folder", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the kind `suspend` is asked for, and the guest has no disk that is a file, beside which its "
    "memory could be saved",
    "Guest “$1” has no disk that is a file: its memory is saved beside one",
    "Move it with another kind", look_folder, MIGRATE_CHECK_RUNS | MIGRATE_CHECK_COLD },
  { "disk-in-clear", MIGRATE_SEVERITY_WARNING, FALSE,
    "an encrypted disk is copied as the guest sees it, and no TLS is asked for: it crosses the "
    "network in clear",
    "Disk “$1” is encrypted, and crosses the network in clear",
    "Set the policy “tls = true”; or move the guest while it is off, which copies its image as it "
    "is",
    look_clear_text, MIGRATE_CHECK_LIVE | MIGRATE_CHECK_STOPS },
};

const MigrateCheckFamily _migrate_copy_checks = { "copies", checks, G_N_ELEMENTS (checks) };
