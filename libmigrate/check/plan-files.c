/* Decide: the files of a guest and what becomes of each, as the rows of storage/files-private.h. */
#include "check/fate-private.h"
#include "check/plan-private.h"
#include "model/resize-private.h"
#include "storage/files-private.h"

#include <string.h>

typedef struct
{
  const MigrateFacts *facts;
  const MigrateCheckRequest *request;
  MigratePolicy *policy;
  MigrateKind kind;
  gboolean whole;   /* a disk becomes one image */
  char **holes;     /* names that nothing has filled yet */
  GHashTable *seen; /* paths that have a row: an image may be below several disks */
  GVariantBuilder rows;
} Files;

/* A file, here and there. Strings are borrowed but where said. */
typedef struct
{
  char *id; /* taken */
  const char *target, *role, *why;
  MigrateFileHow how;
  const char *path, *pool, *volume; /* here */
  char *path_there;                 /* taken; NULL: it is not known, or has none */
  const char *pool_there, *volume_there;
  const char *format, *backing_format;
  char *backing_there;               /* taken */
  const MigrateDisk *disk;           /* nullable: of which it is the top; its secrets */
  guint64 size;                      /* of one that no host has told of yet */
  guint64 new_capacity;              /* 0: as it is */
  const char *beside, *beside_there; /* … and files that will be in its folder */
  gboolean remove, optional, open;
} File;

/* ---- what is there ---- */

static char *
path_there (Files *self, const char *path)
{
  const MigrateRewrite how = _migrate_plan_rewriting (self->request, NULL /* bindings */);

  return path != NULL ? _migrate_xml_rewrite_path (path, &how, NULL /* error */) : NULL;
}

/* Of a volume: where its pool has it. */
static char *
path_in_pool (const MigrateHostFacts *host, const char *name, const char *volume)
{
  for (guint i = 0; host->pools != NULL && name != NULL && i < host->pools->len; i++)
    {
      const MigratePool *pool = host->pools->pdata[i];

      if (g_str_equal (pool->name, name) && pool->target != NULL && volume != NULL)
        return g_build_filename (pool->target, volume, NULL);
    }
  return NULL;
}

static char *
disk_path_there (Files *self, const MigrateDisk *there)
{
  return there->path != NULL
           ? g_strdup (there->path)
           : path_in_pool (&self->facts->on_destination, there->pool, there->volume);
}

/* ---- a row ---- */

static void
add_bytes (GVariantDict *row, const char *key, guint64 bytes)
{
  if (bytes > 0)
    g_variant_dict_insert (row, key, "t", bytes);
}

static void
add_flag (GVariantDict *row, const char *key, gboolean flag)
{
  if (flag)
    g_variant_dict_insert (row, key, "b", TRUE);
}

/* What opens the image is said by the guest: libvirt does not keep it with the volume. */
static const char *
secret_of (const File *file)
{
  for (guint i = 0; file->disk != NULL && i < file->disk->secrets->len; i++)
    {
      const MigrateSecretUse *use = file->disk->secrets->pdata[i];

      if (use->uuid != NULL && g_str_has_prefix (use->of, "the encryption"))
        return use->uuid;
    }
  return NULL;
}

static void
add_options (GVariantDict *row, const File *file, const MigrateVolume *volume)
{
  const char *secret = secret_of (file);
  GVariantBuilder options;

  g_variant_builder_init (&options, G_VARIANT_TYPE ("a{ss}"));
  if (volume != NULL)
    _migrate_file_add_options (&options, volume);
  if (volume != NULL && volume->encryption != NULL)
    _migrate_file_add_option (&options, "encryption", volume->encryption);
  else if (file->disk != NULL && file->disk->encrypted)
    _migrate_file_add_option (&options, "encryption", "luks");
  if (secret == NULL && volume != NULL)
    secret = volume->encryption_secret;
  _migrate_file_add_option (&options, "encryption-secret", secret);
  g_variant_dict_insert_value (row, "options", g_variant_builder_end (&options));
}

/* What a disk that becomes one image has in those below its own. */
static guint64
sum_below (const MigrateHostFacts *host, const MigrateDisk *disk)
{
  guint64 bytes = 0;

  for (guint i = 0; i < disk->chain->len; i++)
    {
      const MigrateImage *image = disk->chain->pdata[i];
      const MigrateFileFacts *known = _migrate_host_file (host, image->path);

      bytes += known != NULL && known->volume != NULL ? known->volume->allocation : 0;
    }
  return bytes;
}

static guint64
allocation_of (Files *self, const File *file, const MigrateVolume *volume)
{
  gboolean whole = self->whole && file->how == MIGRATE_FILE_MIRROR && file->disk != NULL;

  return whole ? MIN (volume->allocation + sum_below (&self->facts->on_source, file->disk),
                      volume->capacity)
               : volume->allocation;
}

/* No second one can be made of its folder, whatever the pool knows of what is in there. */
static const char *
pool_of_folder (const MigrateHostFacts *host, const char *path)
{
  g_autofree char *folder = g_path_get_dirname (path);

  for (guint i = 0; host->pools != NULL && i < host->pools->len; i++)
    {
      const MigratePool *pool = host->pools->pdata[i];

      if (pool->active && g_strcmp0 (pool->target, folder) == 0)
        return pool->name;
    }
  return NULL;
}

/* One that is not there yet is to be in the pool of what is beside it. */
static const char *
pool_of (const MigrateHostFacts *host, const char *path, const char *beside)
{
  const MigrateFileFacts *known = _migrate_host_file (host, path);

  if (known == NULL && beside != NULL)
    known = _migrate_host_file (host, beside);
  if (known != NULL)
    return known->pool;
  return path != NULL ? pool_of_folder (host, path) : NULL;
}

/* By what its host's pools say. */
static void
add_place_here (Files *self, GVariantDict *row, const File *file)
{
  const MigrateHostFacts *source = &self->facts->on_source;
  g_autofree char *named
    = file->pool != NULL ? g_strdup_printf ("%s:%s", file->pool, file->volume) : NULL;
  const MigrateFileFacts *known = _migrate_host_file (source, named != NULL ? named : file->path);
  const MigrateVolume *volume = known != NULL ? known->volume : NULL;
  const char *path = file->path;
  const char *pool = file->pool;

  if (path == NULL && volume != NULL)
    path = volume->target;
  if (pool == NULL)
    pool = pool_of (source, path, file->beside);
  _migrate_dict_set_string (row, "path", path);
  _migrate_dict_set_string (row, "pool", pool);
  if (file->volume != NULL)
    _migrate_dict_set_string (row, "name", file->volume);
  else if (pool != NULL && path != NULL)
    g_variant_dict_insert_value (row, "name",
                                 g_variant_new_take_string (g_path_get_basename (path)));
  add_bytes (row, "capacity", volume != NULL ? volume->capacity : 0);
  add_bytes (row, "size", volume != NULL ? volume->physical : file->size);
  add_bytes (row, "allocation", volume != NULL ? allocation_of (self, file, volume) : 0);
  add_options (row, file, volume);
}

/* A pool that is not there yet has the folder's place. */
static void
add_place_there (Files *self, GVariantDict *row, const File *file)
{
  const MigrateHostFacts *there = &self->facts->on_destination;
  const char *pool = file->pool_there;

  if (file->open)
    {
      g_variant_dict_insert (row, "open", "b", TRUE);
      return;
    }
  if (pool == NULL)
    pool = pool_of (there, file->path_there, file->beside_there);
  _migrate_dict_set_string (row, "path-there", file->path_there);
  _migrate_dict_set_string (row, "pool-there", pool);
  if (file->volume_there != NULL)
    _migrate_dict_set_string (row, "name-there", file->volume_there);
  else if (file->path_there != NULL)
    g_variant_dict_insert_value (
      row, "name-there", g_variant_new_take_string (g_path_get_basename (file->path_there)));
  if (pool == NULL && file->path_there != NULL)
    g_variant_dict_insert_value (row, "folder-there",
                                 g_variant_new_take_string (g_path_get_dirname (file->path_there)));
}

static void
add_file (Files *self, File *file)
{
  GVariantDict row;

  g_variant_dict_init (&row, NULL);
  _migrate_dict_set_string (&row, "id", file->id);
  _migrate_dict_set_string (&row, "target", file->target);
  _migrate_dict_set_string (&row, "role", file->role);
  _migrate_dict_set_string (&row, "how", _migrate_file_how_name (file->how));
  _migrate_dict_set_string (&row, "why", file->why);
  if (file->path != NULL || file->pool != NULL)
    {
      add_place_here (self, &row, file);
      add_place_there (self, &row, file);
    }
  _migrate_dict_set_string (&row, "format", file->format);
  _migrate_dict_set_string (&row, "backing-format", file->backing_format);
  _migrate_dict_set_string (&row, "backing-there", file->backing_there);
  add_bytes (&row, "new-capacity", file->new_capacity);
  add_flag (&row, "remove", file->remove);
  add_flag (&row, "optional", file->optional);
  g_variant_builder_add_value (&self->rows, g_variant_dict_end (&row));
  g_free (file->id);
  g_free (file->path_there);
  g_free (file->backing_there);
}

/* ---- disks ---- */

static MigrateFileHow
how_of_copy (Files *self, const MigrateDisk *disk)
{
  /* Others may have it open, or the destination may have it. */
  if (disk->read_only)
    return MIGRATE_FILE_STREAM;
  if (self->kind == MIGRATE_KIND_BLOCK)
    return MIGRATE_FILE_MIRROR;
  return _migrate_policy_get_enum (self->policy, "road") == MIGRATE_ROAD_STREAM
           ? MIGRATE_FILE_STREAM
           : MIGRATE_FILE_MIRROR;
}

/* A disk that stays behind with leave has an empty one in its place. */
static MigrateFileHow
how_of_left (Files *self)
{
  return _migrate_kind_stops (self->kind) && _migrate_policy_accepts (self->policy, "disk-left")
           ? MIGRATE_FILE_RECREATE
           : MIGRATE_FILE_REFUSED;
}

static MigrateFileHow
how_of_disk (Files *self, const MigrateDisk *disk, MigrateFate fate)
{
  switch (fate)
    {
    case MIGRATE_FATE_SHARED:
      return MIGRATE_FILE_SHARED;
    case MIGRATE_FATE_STAYS:
      return MIGRATE_FILE_STAYS;
    case MIGRATE_FATE_COPIED:
      return how_of_copy (self, disk);
    case MIGRATE_FATE_LEFT:
      return how_of_left (self);
    case MIGRATE_FATE_EMPTY:
    case MIGRATE_FATE_UNPROVEN:
    default:
      return MIGRATE_FILE_REFUSED;
    }
}

static gboolean
may_be_removed (Files *self, const MigrateDisk *disk, MigrateFate fate)
{
  const MigrateProbed *probed = _migrate_probed_find (self->facts, disk, NULL /* image */);

  return fate == MIGRATE_FATE_COPIED && !disk->read_only && !disk->shareable && probed != NULL
         && probed->sharing == MIGRATE_SHARING_NOT_SHARED;
}

static const MigrateImage *
below (const MigrateDisk *disk, guint i)
{
  return i < disk->chain->len ? disk->chain->pdata[i] : NULL;
}

static void
set_backing (Files *self, File *file, const MigrateImage *image)
{
  if (image == NULL)
    return;
  file->backing_there = path_there (self, image->path);
  file->backing_format = image->format;
}

static void
add_top (Files *self, const MigrateDisk *disk, MigrateFate fate, const char *why)
{
  const MigrateDisk *there = _migrate_disk_there (self->request, disk);
  gboolean is_medium = g_str_equal (disk->device, "cdrom") || g_str_equal (disk->device, "floppy");
  File file = { .id = g_strdup (disk->target),
                .target = disk->target,
                .role = is_medium ? "cdrom" : "disk",
                .why = why,
                .how = how_of_disk (self, disk, fate),
                .path = disk->path,
                .pool = disk->pool,
                .volume = disk->volume,
                .path_there = disk_path_there (self, there),
                .pool_there = there->pool,
                .volume_there = there->volume,
                .format = disk->format != NULL ? disk->format : "raw",
                .disk = disk,
                .remove = may_be_removed (self, disk, fate),
                .open = _migrate_disk_is_open (disk, self->holes) };

  if (self->kind == MIGRATE_KIND_COLD && fate == MIGRATE_FATE_COPIED && !disk->read_only)
    file.new_capacity = _migrate_resize_get_disk (self->request->resize, disk->target);
  if (!self->whole)
    set_backing (self, &file, below (disk, 0));
  if (disk->path != NULL)
    g_hash_table_add (self->seen, g_strdup (disk->path));
  add_file (self, &file);
}

static MigrateFileHow
how_of_image (Files *self, const MigrateImage *image, const MigrateProbed *probed)
{
  if (image->path == NULL)
    return MIGRATE_FILE_STAYS;
  if (probed != NULL && probed->sharing == MIGRATE_SHARING_SHARED)
    return MIGRATE_FILE_SHARED;
  if (_migrate_kind_copies (self->kind) && g_str_equal (image->type, "file"))
    return MIGRATE_FILE_STREAM;
  return probed != NULL && probed->sharing == MIGRATE_SHARING_NOT_SHARED ? MIGRATE_FILE_REFUSED
                                                                         : MIGRATE_FILE_SHARED;
}

/* Never removed: whose else it is, nobody knows. */
static void
add_image (Files *self, const MigrateDisk *disk, guint i)
{
  const MigrateImage *image = below (disk, i);
  const MigrateProbed *probed = _migrate_probed_find (self->facts, disk, image);
  File file = { .id = g_strdup_printf ("%s.%u", disk->target, i + 1),
                .target = disk->target,
                .role = "backing",
                .why = probed != NULL ? probed->why : "it is below the image of a disk",
                .how = how_of_image (self, image, probed),
                .path = image->path,
                .path_there = path_there (self, image->path),
                .format = image->format,
                .open = _migrate_disk_is_open (disk, self->holes) };

  set_backing (self, &file, below (disk, i + 1));
  add_file (self, &file);
}

static void
add_disk (Files *self, const MigrateDisk *disk)
{
  const char *why;
  MigrateFate fate
    = _migrate_disk_fate (self->facts, self->request, self->policy, self->kind, disk, &why);

  if (fate == MIGRATE_FATE_EMPTY)
    return;
  add_top (self, disk, fate, why);
  for (guint i = 0; i < disk->chain->len; i++)
    {
      const MigrateImage *image = below (disk, i);

      if (self->whole && fate == MIGRATE_FATE_COPIED && !disk->read_only)
        return;
      if (image->path == NULL || g_hash_table_add (self->seen, g_strdup (image->path)))
        add_image (self, disk, i);
    }
}

/* ---- what is no disk ---- */

static void
add_boot_file (Files *self, const char *role, const char *path)
{
  File file = { .id = g_strdup (role),
                .role = role,
                .why = "the guest boots from it",
                .how = MIGRATE_FILE_STREAM,
                .path = path };

  if (path == NULL || !_migrate_kind_copies (self->kind))
    {
      g_free (file.id);
      return;
    }
  file.path_there = path_there (self, path);
  add_file (self, &file);
}

/* A guest that never ran has none yet: it is made from a template. Left behind it would be in the
 * way of the guest when it comes back. */
static void
add_nvram (Files *self)
{
  const char *path = self->facts->shape->nvram;
  gboolean is_copied = _migrate_kind_stops (self->kind);
  File file = { .role = "nvram",
                .path = path,
                .how = is_copied ? MIGRATE_FILE_STREAM : MIGRATE_FILE_IN_STREAM,
                .why = is_copied ? "it is the guest's own" : "it comes with memory",
                .optional = is_copied,
                .remove = is_copied };

  if (path == NULL)
    return;
  file.id = g_strdup ("nvram");
  file.path_there = path_there (self, path);
  add_file (self, &file);
}

static gboolean
has_tpm (const MigrateGuest *guest)
{
  for (guint i = 0; i < guest->devices->len; i++)
    {
      const MigrateDevice *device = guest->devices->pdata[i];

      if (g_str_equal (device->element, "tpm") && g_strcmp0 (device->type, "emulator") == 0)
        return TRUE;
    }
  return FALSE;
}

/* Of a guest that is off it is in a folder of libvirt's own, which no pool may have. */
static void
add_tpm (Files *self)
{
  gboolean is_lost = self->kind == MIGRATE_KIND_COLD;
  File file
    = { .role = "tpm",
        .how = !is_lost                                                   ? MIGRATE_FILE_IN_STREAM
               : _migrate_policy_accepts (self->policy, "tpm-state-lost") ? MIGRATE_FILE_RECREATE
                                                                          : MIGRATE_FILE_REFUSED,
        .why = is_lost ? "the state of a TPM travels with memory only" : "it comes with memory" };

  if (!has_tpm (self->facts->shape))
    return;
  file.id = g_strdup ("tpm");
  add_file (self, &file);
}

/* What has room for a disk has room for memory, as a rule. Where both hosts have the folder it is
 * there as soon as it is saved. */
static void
add_saved_memory (Files *self)
{
  const MigrateDisk *beside = _migrate_disk_beside (self->facts);
  const MigrateProbed *probed
    = beside != NULL ? _migrate_probed_find (self->facts, beside, NULL /* image */) : NULL;
  g_autofree char *name = NULL;
  g_autofree char *folder = NULL;
  g_autofree char *path = NULL;
  g_autofree char *disk_there = NULL;
  g_autofree char *folder_there = NULL;
  File file = { .role = "saved-memory", .why = "the guest's memory is saved to it" };

  if (self->kind != MIGRATE_KIND_SUSPEND || beside == NULL)
    return;
  name = g_strdup_printf ("libmigrate-%s.saved", self->facts->shape->uuid);
  folder = g_path_get_dirname (beside->path);
  path = g_build_filename (folder, name, NULL);
  disk_there = disk_path_there (self, _migrate_disk_there (self->request, beside));
  folder_there = disk_there != NULL ? g_path_get_dirname (disk_there) : NULL;
  file.id = g_strdup ("saved-memory");
  file.how = probed != NULL && probed->sharing == MIGRATE_SHARING_SHARED
               ? MIGRATE_FILE_SHARED
               : how_of_copy (self, beside);
  file.path = path;
  file.path_there = folder_there != NULL ? g_build_filename (folder_there, name, NULL) : NULL;
  file.beside = beside->path;
  file.beside_there = disk_there;
  file.format = "raw";
  file.size = self->facts->shape->memory_kib * 1024;
  file.remove = TRUE;
  file.open = _migrate_disk_is_open (beside, self->holes);
  add_file (self, &file);
}

GVariant *
_migrate_plan_files (const MigrateFacts *facts, const MigrateCheckRequest *request,
                     MigratePolicy *policy, MigrateKind kind)
{
  Files self = { .facts = facts, .request = request, .policy = policy, .kind = kind };

  self.whole = kind == MIGRATE_KIND_BLOCK
               && _migrate_policy_get_enum (policy, "disk-copy") == MIGRATE_DISK_COPY_WHOLE;
  self.holes = request->documents != NULL ? _migrate_there_dup_holes (request->documents) : NULL;
  self.seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL /* value */);
  g_variant_builder_init (&self.rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < facts->disks->len; i++)
    add_disk (&self, facts->disks->pdata[i]);
  add_nvram (&self);
  add_tpm (&self);
  add_boot_file (&self, "kernel", facts->shape->kernel);
  add_boot_file (&self, "initrd", facts->shape->initrd);
  add_boot_file (&self, "dtb", facts->shape->dtb);
  add_saved_memory (&self);
  g_strfreev (self.holes);
  g_hash_table_unref (self.seen);
  return g_variant_builder_end (&self.rows);
}

guint64
_migrate_files_sum (GVariant *files)
{
  guint64 bytes = 0;

  for (gsize i = 0; i < g_variant_n_children (files); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (files, i);
      MigrateFileHow how = _migrate_file_how (row);

      if (how == MIGRATE_FILE_MIRROR || how == MIGRATE_FILE_STREAM)
        bytes += _migrate_variant_uint64 (row, "allocation", 0);
    }
  return bytes;
}

guint64
_migrate_facts_sum_files (const MigrateFacts *facts, MigratePolicy *policy, MigrateKind kind)
{
  const MigrateCheckRequest request = _migrate_facts_request (facts, policy);
  g_autoptr (GVariant) files
    = g_variant_ref_sink (_migrate_plan_files (facts, &request, policy, kind));

  return _migrate_kind_copies (kind) ? _migrate_files_sum (files) : 0;
}
