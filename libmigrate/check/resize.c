/* Decide: whether the guest can be given the shape that is asked for on its way. */
#include "check/checks-private.h"
#include "check/plan-private.h"

#include "model/resize-private.h"

static gboolean
is_asked_for (const MigrateLook *look)
{
  return look->request->resize != NULL && g_variant_n_children (look->request->resize) > 0;
}

/* What is made as it was, and then grows. */
static gboolean
is_new_there (const MigrateLook *look, const MigrateDisk *disk)
{
  return disk != NULL && !disk->read_only
         && _migrate_look_fate (look, disk, NULL /* why */) == MIGRATE_FATE_COPIED;
}

static const MigrateVolume *
volume_of (const MigrateLook *look, const MigrateDisk *disk)
{
  const MigrateFileFacts *file = _migrate_host_file (&look->facts->on_source, disk->source);

  return file != NULL ? file->volume : NULL;
}

static void
look_kind (MigrateLook *look)
{
  if (is_asked_for (look))
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static void
look_unknown (MigrateLook *look)
{
  g_auto (GStrv) targets = _migrate_resize_list_disks (look->request->resize);

  for (gsize i = 0; targets[i] != NULL; i++)
    {
      const MigrateDisk *disk = _migrate_disk_find (look->facts->disks, targets[i]);

      if (disk == NULL)
        _migrate_look_find (look, targets[i], "the guest does not have it", NULL);
      else if (!is_new_there (look, disk))
        _migrate_look_find (look, targets[i], "it does not travel", NULL);
    }
}

static void
look_smaller (MigrateLook *look)
{
  g_auto (GStrv) targets = _migrate_resize_list_disks (look->request->resize);

  for (gsize i = 0; targets[i] != NULL; i++)
    {
      const MigrateDisk *disk = _migrate_disk_find (look->facts->disks, targets[i]);
      const MigrateVolume *volume = is_new_there (look, disk) ? volume_of (look, disk) : NULL;
      guint64 bytes = _migrate_resize_get_disk (look->request->resize, targets[i]);
      g_autofree char *is = _migrate_look_size (volume != NULL ? volume->capacity : 0);
      g_autofree char *wanted = _migrate_look_size (bytes);

      if (volume != NULL && bytes < volume->capacity)
        _migrate_look_find (look, targets[i], is, wanted, NULL);
    }
}

/* NULL: nothing. What a host finds in an image is not what the guest's owner says that it is: a raw
 * disk may begin with another format's header. */
static const char *
why_not (const MigrateDisk *disk, const MigrateVolume *volume)
{
  const char *format = disk->format != NULL ? disk->format : "raw";

  if (disk->encrypted)
    return "it is encrypted";
  if (volume == NULL)
    return "no pool of the source's tells how large it is";
  if (volume->format != NULL && g_strcmp0 (volume->format, format) != 0)
    return "the source finds another format in it than the guest declares";
  return NULL;
}

static void
look_unfit (MigrateLook *look)
{
  g_auto (GStrv) targets = _migrate_resize_list_disks (look->request->resize);

  for (gsize i = 0; targets[i] != NULL; i++)
    {
      const MigrateDisk *disk = _migrate_disk_find (look->facts->disks, targets[i]);
      const char *why = is_new_there (look, disk) ? why_not (disk, volume_of (look, disk)) : NULL;

      if (why != NULL)
        _migrate_look_find (look, targets[i], why, NULL);
    }
}

static void
look_contradiction (MigrateLook *look)
{
  const MigrateThere *there = look->request->documents;

  if (there != NULL && there->misshapen != NULL)
    _migrate_look_found (look, look->check->severity, look->facts->guest.name,
                         _migrate_error_private (there->misshapen)->remedy, "%s",
                         there->misshapen->message);
}

static const MigrateCheck checks[] = {
  { "resize-needs-cold", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "another shape is asked for, and the guest does not travel while it is off",
    "Guest “$1” is to have another shape, and can have it only when it is off on its way",
    "Ask for the kind “cold”; a guest that runs needs the policy “shut-down = true” too", look_kind,
    MIGRATE_CHECK_COLD },
  { "resize-disk-unknown", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a disk is to be larger that the guest does not have, or that does not travel: nothing of the "
    "source's is changed",
    "Disk “$1” is to be larger, and cannot be: $2", "Take it out of what is asked for",
    look_unknown, MIGRATE_CHECK_RUNS | MIGRATE_CHECK_SUSPEND },
  { "resize-shrinks", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a disk would be smaller than it is: what is at its end would be cut off",
    "Disk “$1” has $2, and is to have only $3", "Ask for more, or for as much as it has",
    look_smaller, MIGRATE_CHECK_RUNS | MIGRATE_CHECK_SUSPEND },
  { "resize-disk-unfit", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a disk is to be larger, and its image cannot be made so from outside",
    "Disk “$1” cannot be made larger: $2", "Take it out of what is asked for", look_unfit,
    MIGRATE_CHECK_RUNS | MIGRATE_CHECK_SUSPEND },
  { "resize-contradicts", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "something in the guest's definition (CPU topology, NUMA cells, limits) contradicts the "
    "number of vCPUs, or the memory, that is asked for",
    NULL, "Change the guest's definition at the source first", look_contradiction,
    MIGRATE_CHECK_RUNS | MIGRATE_CHECK_SUSPEND },
};

const MigrateCheckFamily _migrate_resize_checks = { "resize", checks, G_N_ELEMENTS (checks) };
