/* See the header. */
#include "disktest.h"

#include <string.h>

SimWorld *disktest_world;
MigrateJournal *disktest_journal;

void
disktest_set_up (void)
{
  disktest_world = sim_world_new ("w", 1);
  sim_world_add_host (disktest_world, "h1");
  sim_world_add_host (disktest_world, "h2");
  sim_world_add_pool (disktest_world, "h1",
                      &(SimPoolSpec){ .name = "images", .target = "/images" });
  sim_world_add_pool (disktest_world, "h2",
                      &(SimPoolSpec){ .name = "images", .target = "/images" });
  sim_world_set_bandwidth (disktest_world, "h1", "h2", 16 * MIB);
  disktest_journal = migrate_sqlite_journal_new_none ();
}

void
disktest_tear_down (void)
{
  g_clear_object (&disktest_journal);
  sim_world_free (disktest_world);
}

void
disktest_add_images (guint64 base_data, guint64 top_data)
{
  sim_world_add_image (
    disktest_world, "h1",
    &(SimImageSpec){ .path = "/images/base", .capacity = base_data + MIB, .data = base_data });
  sim_world_add_image (disktest_world, "h1",
                       &(SimImageSpec){ .path = "/images/top",
                                        .format = "qcow2",
                                        .capacity = 1024 * MIB,
                                        .offset = 64 * MIB,
                                        .data = top_data,
                                        .backing = "/images/base",
                                        .backing_format = "raw" });
}

void
disktest_add_guest_alone (guint64 write_rate)
{
  const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/top", .format = "qcow2", .write_rate = write_rate },
        { .target = NULL } };

  sim_world_add_guest (
    disktest_world, "h1",
    &(SimGuestSpec){ .name = "g0", .memory = 32 * MIB, .dirty_rate = MIB, .disks = disks });
}

void
disktest_add_guest (guint64 base_data, guint64 top_data, guint64 write_rate)
{
  disktest_add_images (base_data, top_data);
  disktest_add_guest_alone (write_rate);
}

MigrateJob *
disktest_job (const char *guest, const char *const *settings)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new (guest, source, destination);

  for (guint i = 0; settings != NULL && settings[i] != NULL; i += 2)
    cr_assert (migrate_policy_set (policy, settings[i], settings[i + 1], NULL), "%s", settings[i]);
  migrate_job_set_policy (job, policy);
  migrate_job_set_kind (job, MIGRATE_KIND_BLOCK);
  migrate_job_set_journal (job, disktest_journal);
  return job;
}

/* ---- what is told ---- */

static void
note_disk (DiskHeard *heard, MigrateProgress *progress)
{
  g_autoptr (GVariant) details = migrate_progress_dup_details (progress);
  g_autoptr (GVariant) disks = g_variant_lookup_value (details, "disks", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) vda
    = disks != NULL ? g_variant_lookup_value (disks, "vda", G_VARIANT_TYPE_VARDICT) : NULL;

  if (vda == NULL)
    return;
  heard->each++;
  heard->rate_most = MAX (heard->rate_most, migrate_progress_get_disk_rate (progress));
  cr_expect_leq (_migrate_variant_uint64 (vda, "done", 0),
                 _migrate_variant_uint64 (vda, "total", 0));
  cr_expect (g_variant_lookup (vda, "ready", "b", NULL));
  heard->with_rate += _migrate_variant_uint64 (vda, "rate", 0) > 0;
}

static void
on_progress (MigrateJob *job, MigrateProgress *progress, DiskHeard *heard)
{
  double fraction = migrate_progress_get_fraction (progress);

  heard->went_back |= fraction < heard->last;
  heard->last = fraction;
  switch (migrate_progress_get_phase (progress))
    {
    case MIGRATE_PHASE_COPYING_DISKS:
      heard->disks++;
      heard->disks_after_memory |= heard->memory > 0;
      heard->disks_most = fraction;
      heard->with_time += migrate_progress_has_time_left (progress);
      note_disk (heard, progress);
      break;
    case MIGRATE_PHASE_COPYING_MEMORY:
      heard->memory++;
      break;
    default:
      break;
    }
}

static void
on_decision (MigrateJob *job, MigrateDecision *decision, DiskHeard *heard)
{
  g_ptr_array_add (heard->decisions,
                   g_strdup_printf ("%s: %s", migrate_decision_get_what (decision),
                                    migrate_decision_get_why (decision)));
}

DiskHeard *
disktest_listen (MigrateJob *job)
{
  DiskHeard *heard = g_new0 (DiskHeard, 1);

  heard->decisions = g_ptr_array_new_with_free_func (g_free);
  g_signal_connect (job, "progress", G_CALLBACK (on_progress), heard);
  g_signal_connect (job, "decision", G_CALLBACK (on_decision), heard);
  return heard;
}

void
disktest_heard_free (DiskHeard *heard)
{
  g_ptr_array_unref (heard->decisions);
  g_free (heard);
}

gboolean
disktest_decided (const DiskHeard *heard, const char *what, const char *words)
{
  g_autofree char *prefix = g_strconcat (what, ":", NULL);

  for (guint i = 0; i < heard->decisions->len; i++)
    {
      const char *decision = heard->decisions->pdata[i];

      if (g_str_has_prefix (decision, prefix) && strstr (decision, words) != NULL)
        return TRUE;
    }
  return FALSE;
}

/* ---- how it ends ---- */

MigrateResult *
disktest_move (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  MigrateResult *result = migrate_job_run (job, NULL, &error);

  cr_assert_not_null (result, "%s", error != NULL ? error->message : "?");
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_MOVED);
  return result;
}

void
disktest_fail (MigrateJob *job, MigrateError code, const char *words)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result = migrate_job_run (job, NULL, &error);

  cr_assert_null (result, "it moved");
  cr_assert (g_error_matches (error, MIGRATE_ERROR, (int) code), "code %d: %s", error->code,
             error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
}

static void
assert_no_violation (void)
{
  GPtrArray *list = sim_world_get_violations (disktest_world);

  cr_assert_eq (list->len, 0, "%s", list->len > 0 ? (char *) list->pdata[0] : "");
}

static void
assert_no_files (const char *host)
{
  g_auto (GStrv) paths = sim_world_list_paths (disktest_world, host);
  g_autofree char *text = g_strjoinv (" ", paths);

  cr_assert_str_eq (text, "", "%s has %s", host, text);
}

void
disktest_assert_stayed (void)
{
  g_autofree char *here = g_strdup (sim_world_describe (disktest_world, "g0"));

  cr_assert (g_str_has_prefix (here, "h1: running ("), "%s", here);
  cr_assert (g_str_has_suffix (here, "| h2: -"), "%s", here);
  assert_no_files ("h2");
  assert_no_violation ();
}

void
disktest_assert_moved (void)
{
  cr_assert_str_eq (sim_world_describe (disktest_world, "g0"),
                    "h1: - | h2: running (migrated) persistent");
  assert_no_violation ();
}

void
disktest_assert_same (const char *path_here, const char *here_bytes, const char *there)
{
  g_autofree char *bytes = sim_world_dup_bytes_of (disktest_world, there, path_here);

  cr_assert_not_null (bytes, "%s is not at %s", path_here, there);
  cr_assert_str_eq (bytes, here_bytes, "%s is another at %s", path_here, there);
}
