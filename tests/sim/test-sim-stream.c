/* Backing files on their way through streams, in the simulator: sources that end early or late,
 * streams that break, disks that lie or are full, two that bring the same. */
#include "disktest.h"

#include <criterion/parameterized.h>

TestSuite (stream, .init = disktest_set_up, .fini = disktest_tear_down, .timeout = 240);

#define world disktest_world
#define BASE "/images/base"

/* ---- what travels ---- */

static void
must (const char *host, MigrateCall *call)
{
  MigrateBackend *backend = sim_world_get_backend (world);
  g_autofree char *uri = g_strdup_printf ("sim://w/%s", host);
  g_autoptr (GError) error = NULL;
  MigrateConn *conn = backend->vtable->open (backend, uri, &error);

  cr_assert_not_null (conn);
  cr_assert (backend->vtable->call (conn, call, &error), "%s",
             error != NULL ? error->message : "?");
  backend->vtable->close (conn);
}

/* Zeros that take up room, where there was data before. */
static void
write_zeros (guint64 offset, gsize length)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_VOLUME_WRITE_AT, NULL);

  call->storage.pool = g_strdup ("images");
  call->storage.name = g_strdup ("base");
  call->storage.offset = offset;
  call->storage.bytes = g_bytes_new_take (g_malloc0 (length), length);
  must ("h1", call);
}

Test (stream, zeros_take_up_no_room_there)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *bytes = NULL;

  disktest_add_images (8 * MIB, MIB);
  sim_world_enter (world);
  write_zeros (MIB, 2 * MIB);
  write_zeros (4 * MIB + 4096, 65536); /* askew: less than a block of them is whole */
  sim_world_leave (world);
  disktest_add_guest_alone (0);
  bytes = sim_world_dup_bytes_of (world, "h1", BASE);
  cr_assert_eq (sim_world_get_allocation (world, "h1", BASE), 8 * MIB);
  job = disktest_job ("g0", NULL);
  result = disktest_move (job);
  disktest_assert_same (BASE, bytes, "h2");
  cr_assert_eq (sim_world_get_allocation (world, "h2", BASE), 6 * MIB);
  disktest_assert_moved ();
}

Test (stream, holes_are_not_sent)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *bytes = NULL;

  disktest_add_images (MIB, MIB);
  sim_world_truncate (world, "h1", BASE, G_GUINT64_CONSTANT (1) << 41); /* 2 TiB */
  disktest_add_guest_alone (0);
  bytes = sim_world_dup_bytes_of (world, "h1", BASE);
  job = disktest_job ("g0", NULL);
  result = disktest_move (job);
  disktest_assert_same (BASE, bytes, "h2");
  cr_assert_leq (sim_world_get_allocation (world, "h2", BASE), MIB);
  cr_assert_leq (migrate_result_get_disk_bytes (result), 3 * MIB);
}

static void
note_file (MigrateJob *job, MigrateProgress *progress, guint64 *rate)
{
  g_autoptr (GVariant) details = migrate_progress_dup_details (progress);
  g_autoptr (GVariant) disks = g_variant_lookup_value (details, "disks", G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) base
    = disks != NULL ? g_variant_lookup_value (disks, "vda.1", G_VARIANT_TYPE_VARDICT) : NULL;

  if (base != NULL)
    *rate = MAX (*rate, _migrate_variant_uint64 (base, "rate", 0));
}

Test (stream, each_file_is_told_with_its_rate)
{
  static const char *const settings[] = { "poll-interval", "50", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (DiskHeard) heard = NULL;
  g_autoptr (MigrateResult) result = NULL;
  guint64 rate = 0;

  disktest_add_guest (64 * MIB, MIB, 0);
  job = disktest_job ("g0", settings);
  heard = disktest_listen (job);
  g_signal_connect (job, "progress", G_CALLBACK (note_file), &rate);
  result = disktest_move (job);
  cr_assert_gt (rate, 10 * MIB);
  cr_assert_not (heard->went_back);
  cr_assert_float_eq (heard->last, 1.0, 1e-9);
}

/* ---- sources that are not what they were said to be ---- */

typedef struct
{
  guint64 size, spoil;
} Meddling;

/* When some of it has travelled. */
static void
meddle (MigrateJob *job, MigrateProgress *progress, Meddling *self)
{
  if (migrate_progress_get_phase (progress) != MIGRATE_PHASE_COPYING_DISKS
      || migrate_progress_get_disk_processed (progress) == 0)
    return;
  if (self->size > 0)
    sim_world_truncate (world, "h1", BASE, self->size);
  if (self->spoil > 0)
    sim_world_spoil (world, "h2", BASE, self->spoil);
  *self = (Meddling){ 0 };
}

static MigrateJob *
meddled_job (Meddling *meddling)
{
  static const char *const settings[] = { "poll-interval", "50", NULL };
  MigrateJob *job = disktest_job ("g0", settings);

  g_signal_connect (job, "progress", G_CALLBACK (meddle), meddling);
  return job;
}

static void
assert_fails (Meddling *meddling, MigrateError code, const char *words)
{
  g_autoptr (MigrateJob) job = meddled_job (meddling);

  disktest_fail (job, code, words);
  cr_assert_eq (meddling->size + meddling->spoil, 0);
  disktest_assert_stayed ();
}

static void
assert_fails_and_moves_again (Meddling *meddling, MigrateError code, const char *words)
{
  g_autoptr (MigrateJob) again = NULL;
  g_autoptr (MigrateResult) result = NULL;

  assert_fails (meddling, code, words);
  again = disktest_job ("g0", NULL);
  result = disktest_move (again);
  disktest_assert_moved ();
}

Test (stream, one_that_ends_early_is_refused)
{
  Meddling meddling = { .size = 60 * MIB };

  disktest_add_guest (100 * MIB, MIB, 0);
  assert_fails (&meddling, MIGRATE_ERROR_CHANGED, "ends at byte 62914560");
}

Test (stream, one_that_has_become_longer_is_refused)
{
  Meddling meddling = { .size = 300 * MIB };

  disktest_add_guest (100 * MIB, MIB, 0);
  assert_fails_and_moves_again (&meddling, MIGRATE_ERROR_CHANGED, "ends at byte 314572800");
}

/* What was written is not what is read back. */
Test (stream, a_disk_that_lies_is_found_out)
{
  Meddling meddling = { .spoil = 4096 };

  disktest_add_guest (100 * MIB, MIB, 0);
  assert_fails_and_moves_again (&meddling, MIGRATE_ERROR_FAILED, "is not what was written");
}

/* ---- streams that break ---- */

static void
assert_moves_whole (void)
{
  g_autoptr (MigrateJob) job = disktest_job ("g0", NULL);
  g_autofree char *bytes = sim_world_dup_bytes_of (world, "h1", BASE);
  g_autoptr (MigrateResult) result = disktest_move (job);

  disktest_assert_same (BASE, bytes, "h2");
  disktest_assert_moved ();
}

ParameterizedTestParameters (stream, one_that_breaks_is_begun_again)
{
  static guint64 at[] = { 0, 1, MIB - 1, MIB, 5 * MIB + 77, 8 * MIB - 1 };

  return cr_make_param_array (guint64, at, G_N_ELEMENTS (at));
}

ParameterizedTest (guint64 *at, stream, one_that_breaks_is_begun_again)
{
  disktest_add_guest (8 * MIB, MIB, 0);
  sim_world_cut_stream (world, "h1", BASE, *at);
  sim_world_cut_stream (world, "h2", BASE, *at);
  assert_moves_whole ();
}

/* 256 MiB are proven at a time: what was is not sent again. */
Test (stream, goes_on_at_what_is_proven)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (300 * MIB, MIB, 0);
  sim_world_cut_stream (world, "h1", BASE, 290 * MIB);
  job = disktest_job ("g0", NULL);
  result = disktest_move (job);
  disktest_assert_moved ();
  cr_assert_geq (migrate_result_get_disk_bytes (result), 300 * MIB);
  cr_assert_leq (migrate_result_get_disk_bytes (result), (300 + 46) * MIB);
}

/* ---- no room ---- */

ParameterizedTestParameters (stream, a_full_disk_leaves_nothing)
{
  static guint64 percent[] = { 0, 1, 50, 99 };

  return cr_make_param_array (guint64, percent, G_N_ELEMENTS (percent));
}

ParameterizedTest (guint64 *percent, stream, a_full_disk_leaves_nothing)
{
  static const char *const settings[] = { "accept", "space-short", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autofree char *bytes = NULL;

  disktest_add_guest (100 * MIB, MIB, 0);
  bytes = sim_world_dup_bytes_of (world, "h1", BASE);
  sim_world_set_room (world, "h2", "/images", *percent * MIB + 4096);
  job = disktest_job ("g0", settings);
  disktest_fail (job, MIGRATE_ERROR_NO_SPACE, "base");
  disktest_assert_stayed ();
  disktest_assert_same (BASE, bytes, "h1");
  sim_world_set_room (world, "h2", "/images", G_MAXUINT64);
  assert_moves_whole ();
}

/* ---- two at once ---- */

typedef struct
{
  GMainLoop *loop;
  guint left, moved;
  GPtrArray *failures; /* char * */
} Both;

static void
on_done (GObject *object, GAsyncResult *async_result, gpointer data)
{
  Both *both = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result
    = migrate_job_run_finish (MIGRATE_JOB (object), async_result, &error);

  both->moved += result != NULL;
  if (error != NULL)
    {
      cr_expect (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY), "%s", error->message);
      g_ptr_array_add (both->failures, g_strdup (error->message));
    }
  if (--both->left == 0)
    g_main_loop_quit (both->loop);
}

static void
add_second_guest (void)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/top1", .format = "qcow2" }, { .target = NULL } };

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = "/images/top1",
                                        .format = "qcow2",
                                        .capacity = 1024 * MIB,
                                        .offset = 64 * MIB,
                                        .data = MIB,
                                        .backing = BASE,
                                        .backing_format = "raw" });
  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g1", .memory = 32 * MIB, .disks = disks });
}

/* One brings the base; the other finds it whole, or is told that somebody is at it, and finds it
 * the next time. What the first has made is not taken away by the second. */
Test (stream, two_that_bring_the_same_do_not_disturb_each_other)
{
  Both both = { .loop = g_main_loop_new (NULL, FALSE), .left = 2 };
  g_autofree char *bytes = NULL;
  const char *const guests[] = { "g0", "g1" };
  MigrateJob *jobs[2];

  both.failures = g_ptr_array_new_with_free_func (g_free);
  disktest_add_guest (64 * MIB, MIB, 0);
  add_second_guest ();
  bytes = sim_world_dup_bytes_of (world, "h1", BASE);
  for (guint i = 0; i < 2; i++)
    {
      jobs[i] = disktest_job (guests[i], NULL);
      migrate_job_run_async (jobs[i], NULL, on_done, &both);
    }
  g_main_loop_run (both.loop);
  cr_assert_geq (both.moved, 1);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MigrateJob) again = NULL;
      g_autoptr (MigrateResult) result = NULL;

      g_object_unref (jobs[i]);
      if (sim_world_get_domain (world, "h2", guests[i]).active)
        continue;
      again = disktest_job (guests[i], NULL);
      result = disktest_move (again);
    }
  disktest_assert_moved ();
  disktest_assert_same (BASE, bytes, "h2");
  g_ptr_array_unref (both.failures);
  g_main_loop_unref (both.loop);
}

/* The base is there already: by another move, or left by this guest. */
Test (stream, what_is_there_and_the_same_serves)
{
  g_autoptr (MigrateJob) first = NULL;
  g_autoptr (MigrateJob) second = NULL;
  g_autoptr (DiskHeard) heard = NULL;
  g_autoptr (MigrateResult) moved = NULL;
  g_autoptr (MigrateResult) result = NULL;

  disktest_add_guest (8 * MIB, MIB, 0);
  add_second_guest ();
  first = disktest_job ("g0", NULL);
  moved = disktest_move (first);
  second = disktest_job ("g1", NULL);
  heard = disktest_listen (second);
  result = disktest_move (second);
  cr_assert (disktest_decided (heard, "use-file", BASE));
  cr_assert_leq (migrate_result_get_disk_bytes (result), 2 * MIB);
}
