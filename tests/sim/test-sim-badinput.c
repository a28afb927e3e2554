/* What hosts and their storage may hold out to a move that takes disks along, for each way to move
 * them: it is refused with its cause, the object and a remedy, the source is what it was byte by
 * byte, nothing of ours is left, and when the cause is gone the next try works. */
#include "disktest.h"

#include <criterion/parameterized.h>
#include <string.h>

#define world disktest_world
#define TOP "/images/top"
#define BASE "/images/base"
#define TIB (G_GUINT64_CONSTANT (1) << 40)

typedef struct
{
  const char *name;
  MigrateKind kind;
  MigrateDomainState state;
  const char *settings[3];
} Way;

static const Way ways[] = {
  { "block", MIGRATE_KIND_BLOCK, MIGRATE_DOMAIN_RUNNING, { NULL } },
  { "mirror", MIGRATE_KIND_COLD, MIGRATE_DOMAIN_SHUTOFF, { "road", "mirror", NULL } },
  { "stream", MIGRATE_KIND_COLD, MIGRATE_DOMAIN_SHUTOFF, { "road", "stream", NULL } },
  { "suspend", MIGRATE_KIND_SUSPEND, MIGRATE_DOMAIN_RUNNING, { "road", "stream", NULL } },
};
#define N_WAYS G_N_ELEMENTS (ways)

/* A row of a test: a way, and which of what the test goes through. */
typedef struct
{
  gsize way, what;
} Row;

static struct criterion_test_params
make_rows (Row *rows, gsize n_what)
{
  for (gsize i = 0; i < N_WAYS * n_what; i++)
    rows[i] = (Row){ i / n_what, i % n_what };
  return cr_make_param_array (Row, rows, N_WAYS * n_what);
}

static char *before; /* what the hosts had */

static void
tear_down (void)
{
  g_clear_pointer (&before, g_free);
  disktest_tear_down ();
}

TestSuite (badinput, .init = disktest_set_up, .fini = tear_down, .timeout = 300);

/* ---- what the hosts have ---- */

static void
describe_host (GString *text, const char *host)
{
  g_auto (GStrv) paths = sim_world_list_paths (world, host);
  g_auto (GStrv) pools = sim_world_list_pools (world, host);
  g_auto (GStrv) guests = sim_world_list_guests (world, host);
  g_autofree char *all_pools = g_strjoinv (" ", pools);
  g_autofree char *all_guests = g_strjoinv (" ", guests);

  g_string_append_printf (text, "%s: pools %s; guests %s", host, all_pools, all_guests);
  for (guint i = 0; paths[i] != NULL; i++)
    {
      g_autofree char *bytes = sim_world_dup_bytes_of (world, host, paths[i]);

      g_string_append_printf (text, "; %s %s", paths[i], bytes);
    }
  g_string_append_c (text, '\n');
}

static char *
describe (void)
{
  GString *text = g_string_new (NULL);

  describe_host (text, "h1");
  describe_host (text, "h2");
  return g_string_free (text, FALSE);
}

static void
note (void)
{
  g_free (before);
  before = describe ();
}

static void
assert_no_violation (void)
{
  GPtrArray *list = sim_world_get_violations (world);

  cr_assert_eq (list->len, 0, "%s", list->len > 0 ? (char *) list->pdata[0] : "");
}

static gboolean
is_where (const Way *way, const char *host, const char *other)
{
  SimDomainInfo info = sim_world_get_domain (world, host, "g0");

  return info.persistent && info.state == way->state && !info.has_job
         && !sim_world_get_domain (world, other, "g0").exists;
}

static void
assert_as_before (const Way *way)
{
  g_autofree char *now = describe ();

  cr_assert_str_eq (now, before, "%s: %s\nand not\n%s", way->name, now, before);
  cr_assert (is_where (way, "h1", "h2"), "%s: %s", way->name, sim_world_describe (world, "g0"));
  assert_no_violation ();
}

/* ---- moves ---- */

static void
add_guest (const Way *way, const char *path, const char *format)
{
  const SimDiskSpec disks[]
    = { { .target = "vda", .path = path, .format = format }, { .target = NULL } };

  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){ .name = "g0", .memory = 32 * MIB, .disks = disks, .state = way->state });
  note ();
}

static void
add_base (const char *backing)
{
  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = BASE,
                                        .format = "qcow2",
                                        .capacity = 64 * MIB,
                                        .data = 8 * MIB,
                                        .backing = backing,
                                        .backing_format = backing != NULL ? "qcow2" : NULL });
  sim_world_refresh_pools (world);
}

static void
add_layered (const Way *way)
{
  add_base (NULL);
  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = TOP,
                                        .format = "qcow2",
                                        .capacity = 64 * MIB,
                                        .offset = 32 * MIB,
                                        .data = MIB,
                                        .backing = BASE,
                                        .backing_format = "qcow2" });
  add_guest (way, TOP, "qcow2");
}

/* more: settings, nullable. */
static MigrateJob *
job_for (const char *guest, const Way *way, const char *const *more)
{
  const char *settings[8] = { NULL };
  guint n = 0;
  MigrateJob *job;

  for (; way->settings[n] != NULL; n++)
    settings[n] = way->settings[n];
  for (; more != NULL && *more != NULL; more++)
    settings[n++] = *more;
  job = disktest_job (guest, settings);
  migrate_job_set_kind (job, way->kind);
  return job;
}

static MigrateJob *
job_new (const Way *way, const char *const *more)
{
  return job_for ("g0", way, more);
}

static void
fails (const Way *way, const char *const *more, MigrateError code, const char *object)
{
  g_autoptr (MigrateJob) job = job_new (way, more);
  g_autoptr (MigrateFailure) failure = NULL;

  disktest_fail (job, code, object);
  failure = migrate_job_dup_failure (job);
  cr_assert_not_null (failure, "%s", way->name);
  cr_assert_not_null (migrate_failure_get_remedy (failure), "%s: %s: no remedy", way->name,
                      migrate_failure_get_message (failure));
  assert_as_before (way);
}

static void
moves (const Way *way, const char *const *more)
{
  g_autoptr (MigrateJob) job = job_new (way, more);
  g_autoptr (MigrateResult) result = disktest_move (job);

  cr_assert (is_where (way, "h2", "h1"), "%s: %s", way->name, sim_world_describe (world, "g0"));
  assert_no_violation ();
}

/* Every file of the guest is there as it was here. */
static void
moves_whole (const Way *way, const char *path, const char *const *more)
{
  g_autofree char *chain = sim_world_dup_chain_of (world, "h1", path);
  g_autofree char *content = sim_world_dup_content_of (world, "h1", path);
  g_autofree char *bytes = sim_world_dup_bytes_of (world, "h1", path);
  g_autofree char *chain_there = NULL;
  g_autofree char *content_there = NULL;

  moves (way, more);
  chain_there = sim_world_dup_chain_of (world, "h2", path);
  content_there = sim_world_dup_content_of (world, "h2", path);
  cr_assert_str_eq (chain_there, chain, "%s: %s", way->name, chain_there);
  cr_assert_str_eq (content_there, content, "%s", way->name);
  if (way->kind != MIGRATE_KIND_BLOCK)
    disktest_assert_same (path, bytes, "h2");
}

/* ---- chains ---- */

ParameterizedTestParameters (badinput, a_chain_with_a_file_missing)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

ParameterizedTest (Row *row, badinput, a_chain_with_a_file_missing)
{
  const Way *way = &ways[row->way];

  add_layered (way);
  sim_world_remove_path (world, "h1", BASE);
  sim_world_refresh_pools (world);
  note ();
  if (way->state == MIGRATE_DOMAIN_SHUTOFF)
    fails (way, NULL, MIGRATE_ERROR_BLOCKED, "“" BASE "”, an image of disk “vda”, is not there");
  else /* the document of one that runs says what it has, and pools may not know of it yet */
    fails (way, NULL, MIGRATE_ERROR_NOT_FOUND, "The source does not show “" BASE "”");
  add_base (NULL);
  moves_whole (way, TOP, NULL);
}

ParameterizedTestParameters (badinput, a_chain_that_has_itself_below_it)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

ParameterizedTest (Row *row, badinput, a_chain_that_has_itself_below_it)
{
  const Way *way = &ways[row->way];

  add_layered (way);
  add_base (TOP);
  note ();
  fails (way, NULL, MIGRATE_ERROR_BLOCKED, "has itself below it");
  add_base (NULL);
  moves_whole (way, TOP, NULL);
}

/* ---- sizes ---- */

ParameterizedTestParameters (badinput, an_image_that_is_larger_than_its_header_says)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

ParameterizedTest (Row *row, badinput, an_image_that_is_larger_than_its_header_says)
{
  const Way *way = &ways[row->way];

  add_layered (way);
  sim_world_truncate (world, "h1", TOP, 2048 * MIB);
  moves_whole (way, TOP, NULL);
}

ParameterizedTestParameters (badinput, an_image_of_two_terabytes_of_holes)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

/* What is not there costs neither time nor calls. */
ParameterizedTest (Row *row, badinput, an_image_of_two_terabytes_of_holes)
{
  const Way *way = &ways[row->way];
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *bytes = NULL;
  gint64 begun;

  sim_world_add_image (
    world, "h1", &(SimImageSpec){ .path = TOP, .capacity = 2 * TIB, .offset = TIB, .data = MIB });
  add_guest (way, TOP, "raw");
  bytes = sim_world_dup_bytes_of (world, "h1", TOP);
  job = job_new (way, NULL);
  begun = sim_world_get_now (world);
  result = disktest_move (job);
  disktest_assert_same (TOP, bytes, "h2");
  cr_assert_leq (sim_world_get_allocation (world, "h2", TOP), 2 * MIB);
  cr_assert_leq (migrate_result_get_disk_bytes (result), (32 + 8) * MIB); /* with saved memory */
  cr_assert_leq (sim_world_get_now (world) - begun, 60 * G_TIME_SPAN_SECOND, "%s", way->name);
  cr_assert_leq (sim_world_count_calls (world, "*"), 400, "%s", way->name);
}

/* ---- in the way ---- */

/* What the destination has where the image is to be. */
static const SimImageSpec others[] = {
  { .path = TOP, .capacity = 64 * MIB, .data = 4 * MIB, .pattern = 7 }, /* of the same size */
  { .path = TOP, .capacity = 4096 },
  { .path = TOP, .capacity = 1024 * MIB, .data = MIB },
  { .path = TOP, .format = "qcow2", .capacity = 64 * MIB },
};

ParameterizedTestParameters (badinput, a_file_is_in_the_way)
{
  static Row rows[N_WAYS * G_N_ELEMENTS (others)];

  return make_rows (rows, G_N_ELEMENTS (others));
}

static void
add_raw (const Way *way)
{
  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = TOP, .capacity = 64 * MIB, .data = 4 * MIB });
  add_guest (way, TOP, "raw");
}

ParameterizedTest (Row *row, badinput, a_file_is_in_the_way)
{
  const Way *way = &ways[row->way];

  add_raw (way);
  sim_world_add_image (world, "h2", &others[row->what]);
  note ();
  fails (way, NULL, MIGRATE_ERROR_BLOCKED, "“" TOP "” already");
  sim_world_remove_path (world, "h2", TOP);
  moves_whole (way, TOP, NULL);
}

static void
put_in_the_way (SimWorld *in, gpointer data)
{
  sim_world_add_image (in, "h2", &others[0]);
}

/* What the trace has beside them is no call that may fail. */
static gboolean
is_call (const char *entry)
{
  return !g_str_has_prefix (entry, "point:") && !g_str_has_prefix (entry, "is-alive:")
         && !g_str_has_prefix (entry, "close:") && strrchr (entry, '#')[-1] != '-';
}

/* By number, of all that a move makes; the world is made anew for the next. */
static guint
find_call (const Way *way, const char *which)
{
  GPtrArray *trace;
  guint n = 0, found = 0;

  sim_world_enter (world);
  moves (way, NULL);
  trace = sim_world_get_trace (world);
  for (guint i = 0; i < trace->len && found == 0; i++)
    {
      const char *call = strchr (trace->pdata[i], ':') + 1;

      n += is_call (call);
      if (g_str_has_prefix (call, which))
        found = n;
    }
  cr_assert_gt (found, 0, "%s makes no %s", way->name, which);
  tear_down ();
  disktest_set_up ();
  add_raw (way);
  sim_world_enter (world);
  return found;
}

ParameterizedTestParameters (badinput, a_file_gets_in_the_way)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

/* After it was looked for. */
ParameterizedTest (Row *row, badinput, a_file_gets_in_the_way)
{
  const Way *way = &ways[row->way];
  g_autoptr (MigrateJob) job = NULL;
  g_autofree char *theirs = NULL;
  guint n;

  add_raw (way);
  n = find_call (way, "volume-create:h2");
  sim_world_at (world, SIM_AT_CALL, n,
                &(SimAction){ .what = SIM_CALL, .host = "h2", .func = put_in_the_way });
  job = job_new (way, NULL);
  disktest_fail (job, MIGRATE_ERROR_BUSY, "Volume “top” of storage pool “images” is in the way");
  theirs = sim_world_dup_bytes_of (world, "h2", TOP);
  cr_assert_not_null (theirs);
  sim_world_remove_path (world, "h2", TOP);
  assert_as_before (way);
  moves_whole (way, TOP, NULL);
}

/* ---- folders and names ---- */

#define LINK "/link/top"

/* Where there is no pool nothing proves whose it is. */
static const char *const unproven[] = { "disks", "vda", "accept", "disk-copy-unproven", NULL };

/* At the destination the folder of the guest's images is a link to another, which has a pool. */
static void
add_linked (const Way *way)
{
  sim_world_add_pool (world, "h1", &(SimPoolSpec){ .name = "link", .target = "/link" });
  sim_world_add_pool (world, "h2",
                      &(SimPoolSpec){ .name = "data", .target = "/data", .storage = "disk" });
  sim_world_add_folder (world, "h2", "/link", "disk");
  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = LINK, .capacity = 64 * MIB, .data = 4 * MIB });
  add_guest (way, LINK, "raw");
}

ParameterizedTestParameters (badinput, a_folder_is_a_link)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

ParameterizedTest (Row *row, badinput, a_folder_is_a_link)
{
  const Way *way = &ways[row->way];
  g_auto (GStrv) pools = NULL;
  g_autofree char *all = NULL;

  add_linked (way);
  moves_whole (way, LINK, unproven);
  pools = sim_world_list_pools (world, "h2");
  all = g_strjoinv (" ", pools);
  cr_assert_str_eq (all, "data images", "%s: %s", way->name, all);
}

ParameterizedTestParameters (badinput, a_file_is_in_the_way_behind_a_link)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

ParameterizedTest (Row *row, badinput, a_file_is_in_the_way_behind_a_link)
{
  const Way *way = &ways[row->way];

  add_linked (way);
  sim_world_add_image (world, "h2", &(SimImageSpec){ .path = "/data/top", .data = 4096 });
  note ();
  fails (way, unproven, MIGRATE_ERROR_BUSY, "“top”");
  sim_world_remove_path (world, "h2", "/data/top");
  moves_whole (way, LINK, unproven);
}

#define ELSEWHERE "/elsewhere/top"

ParameterizedTestParameters (badinput, a_folder_has_no_pool)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

/* They are made for as long as it takes; and the folder, where there is none. */
ParameterizedTest (Row *row, badinput, a_folder_has_no_pool)
{
  const Way *way = &ways[row->way];
  gboolean block = way->kind == MIGRATE_KIND_BLOCK;
  g_auto (GStrv) pools = NULL;
  g_autoptr (MigrateJob) job = NULL;

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = ELSEWHERE, .capacity = 64 * MIB, .data = MIB });
  add_guest (way, ELSEWHERE, "raw");
  if (block)
    sim_world_do (world, &(SimAction){ .what = SIM_REFUSE_PREPARE, .host = "h2", .text = "no" });
  else
    sim_world_fail_call (world, "define:h2", 1, 1 /* VIR_ERR_INTERNAL_ERROR */);
  job = job_new (way, unproven);
  disktest_fail (job, MIGRATE_ERROR_FAILED, block ? "no" : "failed by the test");
  assert_as_before (way);
  cr_assert_not (sim_world_has_folder (world, "h2", "/elsewhere"));
  moves_whole (way, ELSEWHERE, unproven);
  for (guint h = 1; h <= 2; h++)
    {
      g_autofree char *all = NULL;

      g_clear_pointer (&pools, g_strfreev);
      pools = sim_world_list_pools (world, h == 1 ? "h1" : "h2");
      all = g_strjoinv (" ", pools);
      cr_assert_str_eq (all, "images", "%s: h%u: %s", way->name, h, all);
    }
}

static const char *const names[] = {
  "/images/a name, with commas, and  blanks ",
  "/images/one line\nand another",
  "/images/../images/other",
  "/images/..top",
  "/images/'quoted' \"twice\" & <b>",
  "/images/-o=x,file=/etc/passwd",
  "/images/json:{\"driver\":\"qcow2\"}",
};

ParameterizedTestParameters (badinput, a_name_is_bytes)
{
  static Row rows[N_WAYS * G_N_ELEMENTS (names)];

  return make_rows (rows, G_N_ELEMENTS (names));
}

ParameterizedTest (Row *row, badinput, a_name_is_bytes)
{
  const Way *way = &ways[row->way];
  const char *path = names[row->what];
  g_autofree char *folder = g_path_get_dirname (path);

  for (guint h = 1; h <= 2 && !g_str_equal (folder, "/images"); h++)
    sim_world_add_pool (world, h == 1 ? "h1" : "h2",
                        &(SimPoolSpec){ .name = "other", .target = folder });
  sim_world_add_image (
    world, "h1",
    &(SimImageSpec){
      .path = path, .format = "qcow2", .capacity = 64 * MIB, .offset = MIB, .data = 4 * MIB });
  add_guest (way, path, "qcow2");
  moves_whole (way, path, NULL);
}

/* ---- no room ---- */

static const char *const space_short[] = { "accept", "space-short", NULL };
static const guint percents[] = { 1, 50, 99 };

ParameterizedTestParameters (badinput, a_disk_that_fills_up)
{
  static Row rows[N_WAYS * G_N_ELEMENTS (percents)];

  return make_rows (rows, G_N_ELEMENTS (percents));
}

ParameterizedTest (Row *row, badinput, a_disk_that_fills_up)
{
  const Way *way = &ways[row->way];

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = TOP, .capacity = 128 * MIB, .data = 100 * MIB });
  add_guest (way, TOP, "raw");
  sim_world_set_room (world, "h2", "/images", percents[row->what] * MIB);
  fails (way, space_short, MIGRATE_ERROR_NO_SPACE, "for “vda” 100.0 MiB in storage pool “images”");
  sim_world_set_room (world, "h2", "/images", G_MAXUINT64);
  moves_whole (way, TOP, NULL);
}

/* ---- two at once ---- */

typedef struct
{
  GMainLoop *loop;
  guint left;
} Both;

static void
on_done (GObject *object, GAsyncResult *async_result, gpointer data)
{
  Both *both = data;
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateResult) result
    = migrate_job_run_finish (MIGRATE_JOB (object), async_result, &error);

  cr_expect (result != NULL || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY), "%s",
             error != NULL ? error->message : "");
  if (--both->left == 0)
    g_main_loop_quit (both->loop);
}

static void
add_second (const Way *way)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/top1", .format = "qcow2" }, { .target = NULL } };

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = "/images/top1",
                                        .format = "qcow2",
                                        .capacity = 64 * MIB,
                                        .offset = 40 * MIB,
                                        .data = MIB,
                                        .backing = BASE,
                                        .backing_format = "qcow2" });
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){ .name = "g1", .memory = 32 * MIB, .disks = disks, .state = way->state });
}

ParameterizedTestParameters (badinput, two_bring_the_same_file)
{
  static Row rows[N_WAYS];

  return make_rows (rows, 1);
}

/* One of them may find the other at it, and is told so; then it moves the next time. */
ParameterizedTest (Row *row, badinput, two_bring_the_same_file)
{
  static const char *const guests[] = { "g0", "g1" };
  const Way *way = &ways[row->way];
  Both both = { .loop = g_main_loop_new (NULL, FALSE), .left = 2 };
  g_autofree char *bytes = NULL;
  MigrateJob *jobs[2];

  add_layered (way);
  add_second (way);
  bytes = sim_world_dup_bytes_of (world, "h1", BASE);
  for (guint i = 0; i < 2; i++)
    {
      jobs[i] = job_for (guests[i], way, NULL);
      migrate_job_run_async (jobs[i], NULL, on_done, &both);
    }
  g_main_loop_run (both.loop);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (MigrateJob) again = NULL;
      g_autoptr (MigrateResult) result = NULL;

      g_object_unref (jobs[i]);
      if (sim_world_get_domain (world, "h2", guests[i]).exists)
        continue;
      again = job_for (guests[i], way, NULL);
      result = disktest_move (again);
    }
  disktest_assert_same (BASE, bytes, "h2");
  cr_assert (is_where (way, "h2", "h1"), "%s: %s", way->name, sim_world_describe (world, "g0"));
  assert_no_violation ();
  g_main_loop_unref (both.loop);
}
