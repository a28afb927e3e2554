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

static gboolean
has_file (const MigrateProbeHalf *self, const char *path)
{
  g_autofree char *name = path != NULL ? g_path_get_basename (path) : NULL;

  return name != NULL && self->names != NULL
         && g_strv_contains ((const char *const *) self->names, name);
}

static const char *
where (const MigrateProbe *probe)
{
  return probe->folder != NULL ? probe->folder : probe->pool;
}

MigrateSharing
_migrate_probe_judge (const MigrateProbe *probe, const char *path, char **why)
{
  const MigrateProbeHalf *source = &probe->halves[MIGRATE_PROBE_HALF (MIGRATE_SIDE_SOURCE)];
  const MigrateProbeHalf *destination
    = &probe->halves[MIGRATE_PROBE_HALF (MIGRATE_SIDE_DESTINATION)];
  const char *trouble = source->trouble != NULL ? source->trouble : destination->trouble;

  if (trouble != NULL)
    {
      *why = g_strdup (trouble);
      return MIGRATE_SHARING_UNKNOWN;
    }
  if (source->lost || destination->lost)
    {
      *why = g_strdup_printf ("somebody removed the probe's file from “%s”", where (probe));
      return MIGRATE_SHARING_UNKNOWN;
    }
  if (source->sees && destination->sees)
    {
      *why = g_strdup_printf ("each host read what the other wrote to “%s”", where (probe));
      return MIGRATE_SHARING_SHARED;
    }
  if (source->sees || destination->sees)
    {
      *why
        = g_strdup_printf ("what the %s wrote to “%s” was not read at the %s, but the reverse was",
                           source->sees ? "source" : "destination", where (probe),
                           source->sees ? "destination" : "source");
      return MIGRATE_SHARING_UNKNOWN;
    }
  if (source->stale || destination->stale)
    {
      *why
        = g_strdup_printf ("the probe's file in “%s” was seen, with other content", where (probe));
      return MIGRATE_SHARING_UNKNOWN;
    }
  *why = g_strdup_printf (
    "neither host sees what the other wrote to “%s”%s", where (probe),
    has_file (destination, path) ? "; the destination has another file of that name there" : "");
  return MIGRATE_SHARING_NOT_SHARED;
}

/* ---- what is not probed by writing ---- */

/* Of iSCSI: the target and its unit. Of a device: what it says of itself to whoever asks. */
gboolean
_migrate_probe_is_stable_name (const char *path)
{
  static const char *const prefixes[]
    = { "/dev/disk/by-id/wwn-", "/dev/disk/by-id/scsi-3", "/dev/disk/by-id/nvme-eui.",
        "/dev/disk/by-id/nvme-uuid.", "/dev/disk/by-id/dm-uuid-mpath-" };

  for (gsize i = 0; i < G_N_ELEMENTS (prefixes); i++)
    if (g_str_has_prefix (path, prefixes[i]))
      return TRUE;
  return g_str_has_prefix (path, "/dev/disk/by-path/ip-") && strstr (path, "-iscsi-") != NULL;
}

MigrateSharing
_migrate_probe_judge_unprobed (const MigrateProbeFile *file, char **why)
{
  if (file->path == NULL)
    *why = g_strdup ("it names nothing that can be written to");
  else if (g_strcmp0 (file->type, "block") != 0)
    *why = g_strdup_printf ("“%s” is not in a folder", file->path);
  else if (_migrate_probe_is_stable_name (file->path))
    *why = g_strdup_printf ("“%s” is the same device wherever it is, but no storage pool of both "
                            "hosts has it",
                            file->path);
  else
    *why = g_strdup_printf ("“%s” may be another device on another host, and nothing can be "
                            "written to it to see",
                            file->path);
  return MIGRATE_SHARING_UNKNOWN;
}
