/* See the header. Only a probe says of a file that it is shared or that it is not; what nobody
 * proved is copied or taken for shared only when the caller names it. */
#include "check/fate-private.h"

static gboolean
is_off (const MigrateFacts *facts)
{
  return facts->guest.state == MIGRATE_DOMAIN_SHUTOFF;
}

gboolean
_migrate_disk_can_be_copied (const MigrateDisk *disk)
{
  return disk->source != NULL && _migrate_disk_is_file (disk);
}

const MigrateProbed *
_migrate_probed_find (const MigrateFacts *facts, const MigrateDisk *disk, const MigrateImage *image)
{
  for (guint i = 0; i < facts->probed->len; i++)
    {
      const MigrateProbed *probed = facts->probed->pdata[i];

      if (g_strcmp0 (probed->target, disk->target) == 0 && probed->backing == (image != NULL)
          && (image == NULL || g_strcmp0 (probed->path, image->path) == 0))
        return probed;
    }
  return NULL;
}

gboolean
_migrate_probed_has_unshared (const GPtrArray *probed)
{
  for (guint i = 0; i < probed->len; i++)
    {
      const MigrateProbed *row = probed->pdata[i];

      if (row->sharing == MIGRATE_SHARING_NOT_SHARED)
        return TRUE;
    }
  return FALSE;
}

static MigrateSharing
sharing_of (const MigrateFacts *facts, const MigrateDisk *disk, const char **why)
{
  const MigrateProbed *probed = _migrate_probed_find (facts, disk, NULL /* image */);

  *why = probed != NULL ? probed->why : "that was not tried";
  return probed != NULL ? probed->sharing : MIGRATE_SHARING_UNKNOWN;
}

const MigrateDisk *
_migrate_disk_there (const MigrateCheckRequest *request, const MigrateDisk *disk)
{
  const MigrateDisk *there
    = request->there != NULL ? _migrate_disk_find (request->there->disks, disk->target) : NULL;

  return there != NULL ? there : disk;
}

const MigrateFileFacts *
_migrate_host_file (const MigrateHostFacts *host, const char *path)
{
  for (guint i = 0; path != NULL && host->files != NULL && i < host->files->len; i++)
    {
      const MigrateFileFacts *file = host->files->pdata[i];

      if (g_strcmp0 (file->path, path) == 0)
        return file;
    }
  return NULL;
}

const MigrateDisk *
_migrate_disk_beside (const MigrateFacts *facts)
{
  for (guint i = 0; i < facts->disks->len; i++)
    {
      const MigrateDisk *disk = facts->disks->pdata[i];

      if (disk->path != NULL && _migrate_disk_is_file (disk) && !disk->read_only)
        return disk;
    }
  return NULL;
}

/* ---- the kind ---- */

gboolean
_migrate_kind_copies (MigrateKind kind)
{
  return kind == MIGRATE_KIND_BLOCK || _migrate_kind_stops (kind);
}

gboolean
_migrate_kind_stops (MigrateKind kind)
{
  return kind == MIGRATE_KIND_COLD || kind == MIGRATE_KIND_SUSPEND;
}

static gboolean
must_travel (const MigrateFacts *facts, const MigrateDisk *disk)
{
  const char *why;

  return _migrate_disk_can_be_copied (disk) && !disk->read_only
         && sharing_of (facts, disk, &why) == MIGRATE_SHARING_NOT_SHARED;
}

MigrateKind
_migrate_kind_choose (const MigrateFacts *facts, const MigrateCheckRequest *request,
                      MigratePolicy *policy)
{
  g_auto (GStrv) named = NULL;

  if (request->kind != MIGRATE_KIND_AUTO)
    return request->kind;
  if (is_off (facts))
    return MIGRATE_KIND_COLD;
  named = _migrate_policy_dup_list (policy, "disks");
  if (named[0] != NULL)
    return MIGRATE_KIND_BLOCK;
  for (guint i = 0; i < facts->disks->len; i++)
    if (must_travel (facts, facts->disks->pdata[i]))
      return MIGRATE_KIND_BLOCK;
  return MIGRATE_KIND_LIVE;
}

/* ---- the disks ---- */

static gboolean
says_is_shared (const MigrateCheckRequest *request, MigratePolicy *policy)
{
  return request->kind == MIGRATE_KIND_LIVE
         || _migrate_policy_accepts (policy, "disk-sharing-unproven");
}

/* Of a file that is only read: a copy that finds it there compares it. */
static MigrateFate
fate_of_medium (MigrateKind kind, MigrateSharing sharing)
{
  if (sharing == MIGRATE_SHARING_SHARED)
    return MIGRATE_FATE_SHARED;
  return _migrate_kind_copies (kind) ? MIGRATE_FATE_COPIED : MIGRATE_FATE_UNPROVEN;
}

static MigrateFate
fate_of_file (const MigrateCheckRequest *request, MigratePolicy *policy, MigrateKind kind,
              const MigrateDisk *disk, MigrateSharing sharing, const char **why)
{
  g_auto (GStrv) named = _migrate_policy_dup_list (policy, "disks");
  gboolean is_named = g_strv_contains ((const char *const *) named, disk->target);

  if (sharing == MIGRATE_SHARING_SHARED)
    return MIGRATE_FATE_SHARED;
  if (sharing == MIGRATE_SHARING_UNKNOWN && is_named && _migrate_kind_copies (kind))
    return MIGRATE_FATE_COPIED;
  if (sharing == MIGRATE_SHARING_UNKNOWN && !says_is_shared (request, policy))
    return MIGRATE_FATE_UNPROVEN;
  if (sharing == MIGRATE_SHARING_UNKNOWN)
    {
      *why = "the caller says that both hosts have it";
      return MIGRATE_FATE_SHARED;
    }
  return _migrate_kind_copies (kind) && (named[0] == NULL || is_named) ? MIGRATE_FATE_COPIED
                                                                       : MIGRATE_FATE_LEFT;
}

MigrateFate
_migrate_disk_fate (const MigrateFacts *facts, const MigrateCheckRequest *request,
                    MigratePolicy *policy, MigrateKind kind, const MigrateDisk *disk,
                    const char **why)
{
  const char *unused;
  MigrateSharing sharing;

  why = why != NULL ? why : &unused;
  if (disk->source == NULL)
    {
      *why = "there is no medium in the drive";
      return MIGRATE_FATE_EMPTY;
    }
  sharing = sharing_of (facts, disk, why);
  if (_migrate_disk_can_be_copied (disk)
      && _migrate_disk_can_be_copied (_migrate_disk_there (request, disk)))
    return disk->read_only ? fate_of_medium (kind, sharing)
                           : fate_of_file (request, policy, kind, disk, sharing, why);
  if (sharing == MIGRATE_SHARING_SHARED)
    return MIGRATE_FATE_SHARED;
  /* A directory that is made to look like a disk, or a file that is to be a device. */
  if (_migrate_disk_can_be_copied (disk) || g_str_equal (disk->type, "dir"))
    return sharing == MIGRATE_SHARING_NOT_SHARED ? MIGRATE_FATE_LEFT : MIGRATE_FATE_UNPROVEN;
  *why = "it is on a server, or a device: it is reached from both hosts, or from neither";
  return MIGRATE_FATE_STAYS;
}
