/* Decide: whether the guest finds the same disks at the destination. That is what a live move rests
 * on: a guest that goes on with another file, or another device of that name, destroys data. So not
 * to know is a blocker here, which the caller may take on himself. */
#include "check/checks-private.h"

#include <string.h>

#define QEMU_DROPS_CACHE 4000000 /* QEMU 4.0: forgets at the hand-over what it read before */

static gboolean
is_writable_file (const MigrateDisk *disk)
{
  return _migrate_look_is_file (disk) && !disk->read_only;
}

static const MigrateDisk *
disk_there (const MigrateLook *look, const MigrateDisk *disk)
{
  return _migrate_disk_there (look->request, disk);
}

/* Then what is there has no part in it. */
static gboolean
is_copied (const MigrateLook *look, const MigrateDisk *disk)
{
  return _migrate_look_fate (look, disk, NULL /* why */) == MIGRATE_FATE_COPIED;
}

/* A file: what becomes of it is for the checks of copies to say. */
static gboolean
may_be_copied (const MigrateLook *look, const MigrateDisk *disk)
{
  return _migrate_kind_copies (look->kind) && _migrate_disk_can_be_copied (disk)
         && _migrate_disk_can_be_copied (disk_there (look, disk));
}

static const MigrateDisk *
nth_disk (const MigrateLook *look, guint i)
{
  return i < look->facts->disks->len ? look->facts->disks->pdata[i] : NULL;
}

/* The caller who asks for the kind “live” says with it that the disks are there. */
static MigrateSeverity
weight (const MigrateLook *look)
{
  return look->request->kind == MIGRATE_KIND_LIVE ? MIGRATE_SEVERITY_WARNING
                                                  : look->check->severity;
}

/* ---- files ---- */

/* What travels is told, and is no fault. */
static void
find_not_shared (MigrateLook *look, const MigrateDisk *disk, const char *why)
{
  if (is_copied (look, disk))
    _migrate_look_found (look, MIGRATE_SEVERITY_NOTE, disk->target, NULL /* remedy */,
                         "Disk “%s” is “%s”, which the hosts do not share, and travels: %s",
                         disk->target, disk->source, why);
  else if (!may_be_copied (look, disk))
    _migrate_look_find (look, disk->target, disk->source, why, NULL);
}

static void
look_not_shared (MigrateLook *look)
{
  const MigrateDisk *disk;
  const char *why;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (disk->source != NULL && !disk->read_only
        && _migrate_look_sharing (look, disk, &why) == MIGRATE_SHARING_NOT_SHARED)
      find_not_shared (look, disk, why);
}

/* Of a disk that is a path, and a host that told of its pools. */
static const MigrateFileFacts *
find_file (const MigrateHostFacts *host, const char *path)
{
  for (guint i = 0; host->files != NULL && i < host->files->len; i++)
    {
      const MigrateFileFacts *file = host->files->pdata[i];

      if (g_strcmp0 (file->path, path) == 0)
        return file;
    }
  return NULL;
}

static gboolean
has_no_pool (const MigrateFileFacts *file)
{
  return file != NULL && file->pool == NULL;
}

static char *
folder_of (const MigrateDisk *disk)
{
  return g_str_equal (disk->type, "dir") ? g_strdup (disk->path) : g_path_get_dirname (disk->path);
}

/* What is not known of them is to be seen to. */
static char *
name_pools (const MigrateFileFacts *here, const MigrateFileFacts *there)
{
  if (here == NULL || there == NULL || here->pool == NULL || there->pool == NULL)
    return g_strdup (", with an active storage pool on each,");
  return g_str_equal (here->pool, there->pool)
           ? g_strdup_printf (" (pool “%s” of both)", here->pool)
           : g_strdup_printf (" (pool “%s” here, “%s” there)", here->pool, there->pool);
}

static char *
how_to_try (const char *who, const char *folder)
{
  return g_strdup_printf (
    "Give %s an active storage pool of the folder “%s”, so that it can be tried (virsh "
    "pool-define-as NAME dir --target %s, pool-start); or make sure that both hosts see the same "
    "file, then ask for the kind “live”",
    who, folder, folder);
}

/* Two folders by two names where a mapping gives another. */
static char *
how_to_prove_file (const MigrateLook *look, const MigrateDisk *here, const MigrateDisk *there)
{
  const MigrateFileFacts *file_here = find_file (&look->facts->on_source, here->path);
  const MigrateFileFacts *file_there = find_file (&look->facts->on_destination, there->path);
  g_autofree char *folder_here = folder_of (here);
  g_autofree char *folder_there = folder_of (there);
  g_autofree char *pools = name_pools (file_here, file_there);
  gboolean one = g_str_equal (folder_here, folder_there);

  if (has_no_pool (file_here))
    return how_to_try (one && has_no_pool (file_there) ? "both hosts" : "the source", folder_here);
  if (has_no_pool (file_there))
    return how_to_try ("the destination", folder_there);
  if (one)
    return g_strdup_printf (
      "Make sure that the folder “%s” is one and the same on both hosts%s and can be written to, "
      "then check again; or ask for the kind “live”",
      folder_here, pools);
  return g_strdup_printf (
    "Make sure that the folders “%s” here and “%s” there are one and the same%s and can be written "
    "to, then check again; or ask for the kind “live”",
    folder_here, folder_there, pools);
}

/* NULL: there is nothing to name. */
static char *
how_to_prove (const MigrateLook *look, const MigrateDisk *disk)
{
  const MigrateDisk *there = disk_there (look, disk);

  if (disk->path != NULL && there->path != NULL && _migrate_look_is_file (there))
    return how_to_prove_file (look, disk, there);
  if (disk->pool == NULL || there->pool == NULL)
    return NULL;
  if (g_str_equal (disk->pool, there->pool))
    return g_strdup_printf (
      "Make sure that the storage pool “%s” is started on both hosts and one and the same storage, "
      "then check again; or ask for the kind “live”",
      disk->pool);
  return g_strdup_printf (
    "Make sure that the storage pools “%s” here and “%s” there are started and one and the same "
    "storage, then check again; or ask for the kind “live”",
    disk->pool, there->pool);
}

static void
look_unproven (MigrateLook *look)
{
  const MigrateDisk *disk;
  const char *why;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (is_writable_file (disk) && !is_copied (look, disk)
        && _migrate_look_sharing (look, disk, &why) == MIGRATE_SHARING_UNKNOWN)
      {
        g_autofree char *remedy = how_to_prove (look, disk);

        _migrate_look_find_with (look, weight (look), remedy != NULL ? remedy : look->check->remedy,
                                 disk->target, disk->source, why, NULL);
      }
}

/* ---- what is compared by its name ---- */

/* libvirt takes a device in the place of a file too. */
static gboolean
is_block (const MigrateDisk *disk)
{
  return disk->path != NULL && !_migrate_look_is_file (disk);
}

static void
look_block (MigrateLook *look)
{
  const MigrateDisk *disk;
  const char *why;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (is_block (disk) && g_strcmp0 (disk_there (look, disk)->path, disk->path) == 0
        && !_migrate_probe_is_stable_name (disk->path)
        && _migrate_look_sharing (look, disk, &why) == MIGRATE_SHARING_UNKNOWN)
      _migrate_look_find_as (look, weight (look), disk->target, disk->path, NULL);
}

static gboolean
is_network (const MigrateDisk *disk)
{
  return g_str_equal (disk->type, "network");
}

static gboolean
has_other_hosts (const MigrateDisk *here, const MigrateDisk *there)
{
  if (here->hosts == NULL || there->hosts == NULL)
    return here->hosts != there->hosts;
  return !g_strv_equal ((const char *const *) here->hosts, (const char *const *) there->hosts);
}

/* Of two files, each in its folder. */
static gboolean
has_other_name (const MigrateDisk *here, const MigrateDisk *there)
{
  g_autofree char *name_here = here->path != NULL ? g_path_get_basename (here->path) : NULL;
  g_autofree char *name_there = there->path != NULL ? g_path_get_basename (there->path) : NULL;

  return g_strcmp0 (name_here, name_there) != 0 || g_strcmp0 (here->volume, there->volume) != 0;
}

/* Of two files of one name the probe knows more. Of a server by another address nobody knows that
 * it is the same one. */
gboolean
_migrate_disk_is_named_otherwise (const MigrateDisk *here, const MigrateDisk *there)
{
  if (!is_network (here) && !is_block (here))
    return is_network (there) || is_block (there) || has_other_name (here, there);
  if (g_strcmp0 (here->type, there->type) != 0)
    return TRUE;
  if (is_block (here))
    return g_strcmp0 (here->path, there->path) != 0;
  return g_strcmp0 (here->protocol, there->protocol) != 0
         || g_strcmp0 (here->name, there->name) != 0 || has_other_hosts (here, there);
}

/* With the server, where that is all that differs. */
static char *
label (const MigrateDisk *disk)
{
  return is_network (disk) && disk->hosts != NULL && disk->hosts[0] != NULL
           ? g_strdup_printf ("%s at %s", disk->source, disk->hosts[0])
           : g_strdup (disk->source);
}

static void
look_names (MigrateLook *look)
{
  const MigrateDisk *disk;
  const char *why;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigrateDisk *there = disk_there (look, disk);
      g_autofree char *name_here = NULL;
      g_autofree char *name_there = NULL;

      if (disk->source == NULL || there->source == NULL || is_copied (look, disk)
          || !_migrate_disk_is_named_otherwise (disk, there)
          || _migrate_look_sharing (look, disk, &why) == MIGRATE_SHARING_SHARED)
        continue;
      name_here = label (disk);
      name_there = label (there);
      _migrate_look_find (look, disk->target, name_here, name_there, NULL);
    }
}

static gboolean
is_of_the_host (const char *address)
{
  return address[0] == '/' || g_str_has_prefix (address, "localhost")
         || g_str_has_prefix (address, "127.") || g_str_has_prefix (address, "[::1]")
         || g_str_has_prefix (address, "::1");
}

gboolean
_migrate_disk_is_served_by_itself (const MigrateDisk *disk)
{
  for (gsize i = 0; is_network (disk) && disk->hosts != NULL && disk->hosts[i] != NULL; i++)
    if (is_of_the_host (disk->hosts[i]))
      return TRUE;
  return FALSE;
}

static void
look_local_server (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      char **hosts = is_network (disk) ? disk_there (look, disk)->hosts : NULL;

      for (gsize j = 0; hosts != NULL && hosts[j] != NULL; j++)
        if (is_of_the_host (hosts[j]))
          _migrate_look_find (look, disk->target, hosts[j], NULL);
    }
}

/* One file, read in two ways: what the guest writes there goes over what the other way keeps. */
static void
look_format (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const MigrateDisk *there = disk_there (look, disk);

      if (disk->source != NULL && disk->format != NULL && there->format != NULL
          && !g_str_equal (disk->format, there->format))
        _migrate_look_find (look, disk->target, disk->format, there->format, NULL);
    }
}

static void
look_of_the_host (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (g_str_equal (disk->type, "nvme") || g_str_equal (disk->type, "vhostuser")
        || g_str_equal (disk->type, "vhostvdpa"))
      _migrate_look_find (look, disk->target, disk->type, NULL);
}

/* ---- how they are used ---- */

static void
look_transient_disk (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (disk->transient)
      _migrate_look_find (look, disk->target, NULL);
}

static gboolean
drops_cache (const MigrateHostInfo *host)
{
  return g_strcmp0 (host->hypervisor, "QEMU") != 0 || host->hypervisor_version >= QEMU_DROPS_CACHE;
}

/* With “none” and “directsync” the source's writes are at the storage when it hands over. With
 * “unsafe” they are where its kernel likes; with the others QEMU flushes, and the destination must
 * forget what it has read. */
static void
look_cache (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;
  gboolean forgets = drops_cache (&f->source) && drops_cache (&f->destination);
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    {
      const char *cache = disk->cache != NULL ? disk->cache : "default";

      if (disk->read_only || is_copied (look, disk)
          || (!_migrate_look_is_file (disk) && !is_block (disk)) || g_str_equal (cache, "none")
          || g_str_equal (cache, "directsync"))
        continue;
      if (g_str_equal (cache, "unsafe") || !forgets)
        _migrate_look_find (look, disk->target, cache, NULL);
    }
}

static void
look_reservations (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (disk->reservations)
      _migrate_look_find (look, disk->target, NULL);
}

static void
look_shareable (MigrateLook *look)
{
  const MigrateDisk *disk;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    if (disk->shareable && !disk->read_only)
      _migrate_look_find (look, disk->target, NULL);
}

/* QEMU locks the images of files it writes; nothing else stands between two copies. Of a file that
 * travels each host has its own. */
static void
look_unprotected (MigrateLook *look)
{
  const MigrateDisk *disk;
  gboolean locked = FALSE;

  for (guint i = 0; (disk = nth_disk (look, i)) != NULL; i++)
    locked |= is_writable_file (disk) && !disk->shareable && !is_copied (look, disk);
  if (!locked && look->request->hand_over == MIGRATE_HAND_OVER_FAST)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static const MigrateCheck checks[] = {
  { "disk-not-shared", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the hosts do not see the same file for a disk, [shown by writing](storage.html): the guest "
    "would go on with another; a note where it travels",
    "Disk “$1” is “$2”, and the hosts do not share it: $3",
    "Put it on storage that both hosts see under that name; or let it travel: ask for the kind "
    "“block”, where it is a file",
    look_not_shared },
  { "disk-sharing-unproven", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a disk is a file, and nothing proves that both hosts see the same one; a warning where the "
    "kind `live` is asked for",
    "Disk “$1” is the file “$2”: nothing proves that both hosts share it: $3",
    "Make sure that both hosts see the same file, then ask for the kind “live”; or that they do "
    "not, then name the disk in the policy key “disks”",
    look_unproven },
  { "block-device-unproven", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a disk is a block device, and its name does not say which: another host may have another one "
    "of that name; a warning where the kind `live` is asked for",
    "Disk “$1” is the device “$2”: the destination may have another one of that name",
    "Make sure that it is the same device, then ask for the kind “live”; or name it by what it "
    "is, as in /dev/disk/by-id",
    look_block },
  { "disk-named-otherwise", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a disk is to have another name, or another server, at the destination, and nothing "
    "proves that it is the same",
    "Disk “$1” is “$2” here and is to be “$3” there: nothing proves that they are the same",
    "Make sure that they are, and accept it; or map the disk to its own name", look_names },
  { "disk-server-local", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a network disk is reached by an address that is each host's own: the destination would ask "
    "another server",
    "Disk “$1” is reached by “$2”, which is each host's own address",
    "Make sure that the destination has a way to the same server there, and accept it; or map the "
    "disk to an address that both hosts reach",
    look_local_server },
  { "disk-format-differs", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the mapping gives a disk another format than its image has",
    "Disk “$1” is “$2” here, and would be “$3” at the destination",
    "Take the format out of the mapping", look_format },
  { "disk-of-the-host", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a disk is a device or a program of the source's own (nvme, vhostuser, vhostvdpa)",
    "Disk “$1” is of the type “$2”: a device or a program of this host's own",
    "Detach the disk, or make sure that the destination has the same data behind it, and accept it",
    look_of_the_host },
  { "transient-disk", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a disk is transient: what the guest wrote to it cannot move",
    "Disk “$1” is transient: what the guest wrote to it cannot move", "Detach the disk",
    look_transient_disk, MIGRATE_CHECK_COLD },
  { "disk-cache", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "a disk's cache mode lets the destination read what is not there yet: `unsafe`, or with QEMU "
    "before 4.0 any but `none` and `directsync`",
    "Disk “$1” has the cache mode “$2”: the destination may read what is not there yet",
    "Set its cache mode to “none” and start the guest again", look_cache, MIGRATE_CHECK_STOPS },
  { "disk-reservations", MIGRATE_SEVERITY_WARNING, FALSE,
    "a disk has persistent reservations: they belong to the host that made them",
    "Disk “$1” has persistent reservations, which stay with the source",
    "See to it that the guest, or the cluster in it, makes them again", look_reservations },
  { "hand-over-unprotected", MIGRATE_SEVERITY_WARNING, FALSE,
    "no image lock stands between two copies if the last reply of the hand-over is lost, or the "
    "destination's libvirtd dies in it; `hand-over = strict` does",
    "No image lock guards the hand-over: if its last reply is lost, or the destination's libvirtd "
    "dies in it, the guest could run twice",
    "Choose the policy “hand-over = strict” where a short second copy would do harm",
    look_unprotected, MIGRATE_CHECK_STOPS },
  { "disk-shareable", MIGRATE_SEVERITY_NOTE, FALSE,
    "a disk may be written by several guests: nothing locks it",
    "Disk “$1” may be written by several guests: nothing locks it", NULL, look_shareable },
};

const MigrateCheckFamily _migrate_storage_checks = { "storage", checks, G_N_ELEMENTS (checks) };
