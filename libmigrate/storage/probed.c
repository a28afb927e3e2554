/* Decide: what a probe found means. Pure. */
#include "storage/probe-private.h"

#include <string.h>

void
_migrate_probed_free (MigrateProbed *self)
{
  g_free (self->target);
  g_free (self->path);
  g_free (self->why);
  g_free (self);
}

static int
weight (MigrateSharing sharing)
{
  return sharing == MIGRATE_SHARING_NOT_SHARED ? 2 : sharing == MIGRATE_SHARING_UNKNOWN;
}

MigrateSharing
_migrate_probed_of (GPtrArray *probed, const char *target, const char **why)
{
  const MigrateProbed *counts = NULL;

  for (guint i = 0; i < probed->len; i++)
    {
      const MigrateProbed *row = probed->pdata[i];

      if (g_strcmp0 (row->target, target) == 0
          && (counts == NULL || weight (row->sharing) > weight (counts->sharing)))
        counts = row;
    }
  if (why != NULL)
    *why = counts != NULL ? counts->why : NULL;
  return counts != NULL ? counts->sharing : MIGRATE_SHARING_UNKNOWN;
}

const char *
_migrate_sharing_name (MigrateSharing sharing)
{
  static const char *const names[] = { "unknown", "shared", "not-shared" };

  return names[sharing];
}

/* ---- one probe ---- */

static char *
name_of (const MigrateProbePlace *place)
{
  if (g_strcmp0 (place->type, "dir") == 0)
    return g_strdup (".");
  return place->path != NULL ? g_path_get_basename (place->path) : g_strdup (place->volume);
}

static gboolean
has_file (const MigrateProbeHalf *self, const MigrateProbePlace *place)
{
  g_autofree char *name = name_of (place);

  return name != NULL && self->names != NULL
         && g_strv_contains ((const char *const *) self->names, name);
}

const char *
_migrate_probe_half_where (const MigrateProbeHalf *self)
{
  return self->folder != NULL ? self->folder : self->named;
}

static char *
where (const MigrateProbe *probe)
{
  const char *here = _migrate_probe_half_where (&probe->halves[0]);
  const char *there = _migrate_probe_half_where (&probe->halves[1]);

  return g_strcmp0 (here, there) == 0
           ? g_strdup_printf ("“%s”", here)
           : g_strdup_printf ("“%s” (“%s” at the destination)", here, there);
}

/* In a folder that both hosts have, one name is one file; another name may be a link to it. */
static MigrateSharing
judge_names (const MigrateProbeFile *file, const char *place, char **why)
{
  g_autofree char *here = file != NULL ? name_of (&file->here) : NULL;
  g_autofree char *there = file != NULL ? name_of (&file->there) : NULL;

  if (file == NULL || (here != NULL && g_strcmp0 (here, there) == 0))
    {
      *why = g_strdup_printf ("each host read what the other wrote to %s", place);
      return MIGRATE_SHARING_SHARED;
    }
  *why = g_strdup_printf ("both hosts have %s, but the destination is to open “%s” of it", place,
                          there != NULL ? there : "");
  return MIGRATE_SHARING_UNKNOWN;
}

/* What was not seen by one or by both. */
static MigrateSharing
judge_unseen (const MigrateProbe *probe, const MigrateProbeFile *file, const char *place,
              char **why)
{
  const MigrateProbeHalf *source = &probe->halves[MIGRATE_PROBE_HALF (MIGRATE_SIDE_SOURCE)];
  const MigrateProbeHalf *destination
    = &probe->halves[MIGRATE_PROBE_HALF (MIGRATE_SIDE_DESTINATION)];

  if (source->sees || destination->sees)
    {
      *why = g_strdup_printf ("what the %s wrote to %s was not read at the %s, but the reverse was",
                              source->sees ? "source" : "destination", place,
                              source->sees ? "destination" : "source");
      return MIGRATE_SHARING_UNKNOWN;
    }
  if (source->stale || destination->stale)
    {
      *why = g_strdup_printf ("the probe's file in %s was seen, with other content", place);
      return MIGRATE_SHARING_UNKNOWN;
    }
  *why = g_strdup_printf ("neither host sees what the other wrote to %s%s", place,
                          file != NULL && has_file (destination, &file->there)
                            ? "; the destination has another file of that name there"
                            : "");
  return MIGRATE_SHARING_NOT_SHARED;
}

MigrateSharing
_migrate_probe_judge (const MigrateProbe *probe, const MigrateProbeFile *file, char **why)
{
  const MigrateProbeHalf *source = &probe->halves[MIGRATE_PROBE_HALF (MIGRATE_SIDE_SOURCE)];
  const MigrateProbeHalf *destination
    = &probe->halves[MIGRATE_PROBE_HALF (MIGRATE_SIDE_DESTINATION)];
  const char *trouble = source->trouble != NULL ? source->trouble : destination->trouble;
  g_autofree char *place = where (probe);

  if (trouble != NULL)
    {
      *why = g_strdup (trouble);
      return MIGRATE_SHARING_UNKNOWN;
    }
  if (source->lost || destination->lost)
    {
      *why = g_strdup_printf ("somebody removed the probe's file from %s", place);
      return MIGRATE_SHARING_UNKNOWN;
    }
  return source->sees && destination->sees ? judge_names (file, place, why)
                                           : judge_unseen (probe, file, place, why);
}

/* ---- what is not probed by writing ---- */

/* Of iSCSI: the target and its unit. Of a device: what it says of itself to whoever asks. */
gboolean
_migrate_probe_is_stable_name (const char *path)
{
  static const char *const prefixes[]
    = { "/dev/disk/by-id/wwn-",           "/dev/disk/by-id/scsi-3",
        "/dev/disk/by-id/nvme-eui.",      "/dev/disk/by-id/nvme-uuid.",
        "/dev/disk/by-id/dm-uuid-mpath-", "/dev/disk/by-id/dm-uuid-LVM-",
        "/dev/disk/by-id/lvm-pv-uuid-" };
  const char *name = strrchr (path, '/');

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (path, prefixes[i]))
      return TRUE;
  /* multipath's name for a disk is its WWID: a digit for its kind, and 16 or 32 others. */
  if (g_str_has_prefix (path, "/dev/mapper/") && strlen (name + 1) >= 17
      && strspn (name + 1, "0123456789abcdef") == strlen (name + 1))
    return TRUE;
  return g_str_has_prefix (path, "/dev/disk/by-path/ip-") && strstr (path, "-iscsi-") != NULL;
}

static const char *
kind_of (const MigrateProbePlace *place)
{
  static const struct
  {
    const char *type, *kind;
  } kinds[] = {
    { "file", "a file" },     { "dir", "a directory" },        { "block", "a block device" },
    { "volume", "a volume" }, { "network", "a network disk" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (g_strcmp0 (place->type, kinds[i].type) == 0)
      return kinds[i].kind;
  return "of another kind";
}

static char *
tell_place (const MigrateProbePlace *place)
{
  if (place->path != NULL)
    return g_strdup_printf ("%s, “%s”", kind_of (place), place->path);
  if (place->pool != NULL && place->volume != NULL)
    return g_strdup_printf ("%s, “%s” of pool “%s”", kind_of (place), place->volume, place->pool);
  return g_strdup (kind_of (place));
}

/* Two files by their paths, two devices by theirs: nothing was written to them to see. */
static char *
tell_unprobed (const MigrateProbePlace *here, const MigrateProbePlace *there)
{
  const MigrateProbePlace *odd;

  if (here->path == NULL)
    return g_strdup ("it names nothing that can be written to");
  if (g_strcmp0 (here->type, "block") != 0)
    {
      odd = g_path_is_absolute (here->path) || there->path == NULL ? there : here;
      return g_strdup_printf ("“%s” is not a whole path", odd->path != NULL ? odd->path : "");
    }
  if (_migrate_probe_is_stable_name (here->path))
    return g_strdup_printf ("“%s” is the same device wherever it is, but no storage pool of both "
                            "hosts has it",
                            here->path);
  return g_strdup_printf ("“%s” may be another device on another host, and nothing can be written "
                          "to it to see",
                          here->path);
}

MigrateSharing
_migrate_probe_judge_unprobed (const MigrateProbeFile *file, char **why)
{
  const MigrateProbePlace *here = &file->here, *there = &file->there;
  g_autofree char *mine = tell_place (here);
  g_autofree char *other = tell_place (there);

  if (there->type == NULL)
    *why
      = g_strdup_printf ("here it is %s, and nothing is named that the destination is to open in "
                         "its place",
                         mine);
  else if (g_strcmp0 (here->type, there->type) != 0)
    *why = g_strdup_printf ("here it is %s, and the destination is to open %s", mine, other);
  else
    *why = tell_unprobed (here, there);
  return MIGRATE_SHARING_UNKNOWN;
}
