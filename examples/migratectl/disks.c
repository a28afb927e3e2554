/* How far each disk is, from the details of a progress. */
#include "ctl.h"

static gboolean
read_disk (GVariant *disk, guint64 *done, guint64 *total, guint64 *rate)
{
  *rate = 0;
  if (!g_variant_is_of_type (disk, G_VARIANT_TYPE_VARDICT)
      || !g_variant_lookup (disk, "done", "t", done)
      || !g_variant_lookup (disk, "total", "t", total))
    return FALSE;
  g_variant_lookup (disk, "rate", "t", rate);
  return TRUE;
}

static gboolean
is_ready (GVariant *disk)
{
  gboolean ready = FALSE;

  return g_variant_lookup (disk, "ready", "b", &ready) && ready;
}

static char *
field_of (const char *name, GVariant *disk)
{
  guint64 done, total, rate;
  g_autofree char *speed = NULL;

  if (!read_disk (disk, &done, &total, &rate))
    return NULL;
  if (is_ready (disk))
    return g_strdup_printf ("%s ready", name);
  speed = ctl_bytes (rate);
  return g_strdup_printf ("%s %.0f %% %s/s", name,
                          total > 0 ? (double) done / (double) total * 100 : 100.0, speed);
}

void
ctl_disks_add_fields (GPtrArray *fields, MigrateProgress *progress)
{
  g_autoptr (GVariant) details = migrate_progress_dup_details (progress);
  g_autoptr (GVariant) disks = g_variant_lookup_value (details, "disks", G_VARIANT_TYPE_VARDICT);
  GVariantIter iter;
  const char *name;
  GVariant *disk;

  if (disks == NULL)
    return;
  g_variant_iter_init (&iter, disks);
  while (g_variant_iter_loop (&iter, "{&sv}", &name, &disk))
    {
      char *field = field_of (name, disk);

      if (field != NULL)
        g_ptr_array_add (fields, field);
    }
}

char *
ctl_disk_words (GVariant *disk)
{
  guint64 done, total, rate;
  g_autofree char *is_done = NULL;
  g_autofree char *all = NULL;
  g_autofree char *speed = NULL;

  if (!read_disk (disk, &done, &total, &rate))
    return NULL;
  is_done = ctl_bytes (done);
  all = ctl_bytes (total);
  speed = ctl_bytes (rate);
  return g_strdup_printf ("%s of %s, %s/s%s", is_done, all, speed,
                          is_ready (disk) ? ", ready" : "");
}
