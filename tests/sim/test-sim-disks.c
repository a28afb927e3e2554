/* The simulator's storage and its moves with disks against their specification, libvirt.md §1.7 and
 * §2.1: through the seam alone, for what stands above it must be able to trust it. */
#include "sim.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#define MIB (G_GUINT64_CONSTANT (1) << 20)
#define TIB (G_GUINT64_CONSTANT (1) << 40)

static SimWorld *world;
static MigrateBackend *backend;

static void
setup (void)
{
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
  sim_world_add_pool (world, "h1", &(SimPoolSpec){ .name = "images", .target = "/images" });
  sim_world_add_pool (world, "h2", &(SimPoolSpec){ .name = "images", .target = "/images" });
  backend = sim_world_get_backend (world);
  sim_world_enter (world);
}

static void
teardown (void)
{
  sim_world_free (world);
}

TestSuite (sim_disks, .init = setup, .fini = teardown, .timeout = 60);

/* ---- asking ---- */

static gboolean
ask (const char *host, MigrateCall *call, GError **error)
{
  g_autofree char *uri = g_strdup_printf ("sim://w/%s", host);
  MigrateConn *conn = backend->vtable->open (backend, uri, error);
  gboolean done = conn != NULL && backend->vtable->call (conn, call, error);

  if (conn != NULL)
    backend->vtable->close (conn);
  return done;
}

static void
must (const char *host, MigrateCall *call)
{
  g_autoptr (GError) error = NULL;

  cr_assert (ask (host, call, &error), "%s: %s", _migrate_call_kind_name (call->kind),
             error != NULL ? error->message : "?");
}

/* It is refused, with this code and these words. */
static void
refused (const char *host, MigrateCall *call, MigrateError code, const char *words)
{
  g_autoptr (GError) error = NULL;

  cr_assert (!ask (host, call, &error), "%s was not refused", _migrate_call_kind_name (call->kind));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, (int) code), "code %d: %s", error->code,
             error->message);
  cr_assert_not_null (strstr (error->message, words), "%s", error->message);
}

static MigrateCall *
volume_call (MigrateCallKind kind, const char *name)
{
  MigrateCall *call = _migrate_call_new (kind, NULL);

  call->storage.pool = g_strdup ("images");
  call->storage.name = g_strdup (name);
  return call;
}

static MigrateCall *
create_call (const char *xml)
{
  MigrateCall *call = volume_call (MIGRATE_CALL_VOLUME_CREATE, NULL);

  call->text_in = g_strdup (xml);
  return call;
}

static MigrateCall *
transfer_call (const char *guest, const char *const *disks)
{
  MigrateCall *call = _migrate_call_new (MIGRATE_CALL_TRANSFER, guest);

  call->transfer.transport = MIGRATE_TRANSPORT_P2P;
  call->transfer.peer_uri = g_strdup ("sim://w/h2");
  call->transfer.persist = TRUE;
  call->transfer.disks = g_strdupv ((char **) disks);
  return call;
}

static const char *const vda[] = { "vda", NULL };

static void
assert_no_violation (void)
{
  GPtrArray *list = sim_world_get_violations (world);

  cr_assert_eq (list->len, 0, "%s", list->len > 0 ? (char *) list->pdata[0] : "");
}

/* A guest with one disk on h1. */
static void
add_guest (const char *format, guint64 capacity, guint64 data, guint64 write_rate)
{
  const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/a", .format = format, .write_rate = write_rate },
        { .target = NULL } };

  sim_world_add_image (
    world, "h1",
    &(SimImageSpec){ .path = "/images/a", .format = format, .capacity = capacity, .data = data });
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .disks = disks });
}

/* ---- volumes ---- */

Test (sim_disks, a_sparse_image_costs_nothing_and_reads_as_holes)
{
  g_autoptr (MigrateCall) call = volume_call (MIGRATE_CALL_VOLUME_READ_AT, "a");
  g_autoptr (MigrateCall) rest = volume_call (MIGRATE_CALL_VOLUME_READ_AT, "a");

  sim_world_add_image (
    world, "h1",
    &(SimImageSpec){ .path = "/images/a", .capacity = 2 * TIB, .offset = TIB, .data = MIB });
  call->storage.length = 2 * TIB;
  must ("h1", call);
  cr_assert_eq (call->storage.skipped, TIB);
  cr_assert_eq (g_bytes_get_size (call->storage.bytes), MIB);
  cr_assert (!call->storage.ended);
  rest->storage.offset = TIB + MIB;
  rest->storage.length = TIB;
  must ("h1", rest);
  cr_assert_eq (rest->storage.skipped, TIB - MIB);
  cr_assert_null (rest->storage.bytes);
  cr_assert (rest->storage.ended);
  cr_assert_eq (sim_world_get_allocation (world, "h1", "/images/a"), MIB);
}

/* What one call reads at h1, another writes at h2; returns where to go on, 0: at the end. */
static guint64
copy_some (guint64 offset)
{
  g_autoptr (MigrateCall) read = volume_call (MIGRATE_CALL_VOLUME_READ_AT, "a");
  g_autoptr (MigrateCall) write = volume_call (MIGRATE_CALL_VOLUME_WRITE_AT, "a");

  read->storage.offset = offset;
  read->storage.length = G_MAXUINT64 - offset;
  must ("h1", read);
  write->storage.offset = offset + read->storage.skipped;
  if (read->storage.bytes != NULL)
    {
      write->storage.bytes = g_bytes_ref (read->storage.bytes);
      must ("h2", write);
      write->storage.offset += g_bytes_get_size (write->storage.bytes);
    }
  return read->storage.ended ? 0 : write->storage.offset;
}

static void
copy_all (void)
{
  guint64 offset = 0;

  do
    offset = copy_some (offset);
  while (offset > 0);
}

Test (sim_disks, bytes_that_are_copied_are_the_image)
{
  g_autoptr (MigrateCall) create
    = create_call ("<volume><name>a</name><capacity unit='bytes'>3211264</capacity>"
                   "<allocation>0</allocation><target><format type='raw'/></target></volume>");
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;
  g_autofree char *chain_here = NULL;
  g_autofree char *chain_there = NULL;

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = "/images/a",
                                        .format = "qcow2",
                                        .capacity = 64 * MIB,
                                        .offset = 10 * MIB,
                                        .data = 3 * MIB,
                                        .compat = "0.10",
                                        .cluster_size = 4096,
                                        .snapshots = "before",
                                        .lazy_refcounts = TRUE });
  must ("h2", create);
  copy_all ();
  here = sim_world_dup_bytes_of (world, "h1", "/images/a");
  there = sim_world_dup_bytes_of (world, "h2", "/images/a");
  cr_assert_str_eq (here, there);
  chain_here = sim_world_dup_chain_of (world, "h1", "/images/a");
  chain_there = sim_world_dup_chain_of (world, "h2", "/images/a");
  cr_assert_str_eq (chain_here, chain_there);
  cr_assert_str_eq (chain_there, "/images/a: qcow2 67108864 compat 0.10 clusters 4096 "
                                 "lazy-refcounts snapshots before");
}

Test (sim_disks, a_byte_that_differs_is_seen)
{
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/images/a", .data = MIB });
  before = sim_world_dup_bytes_of (world, "h1", "/images/a");
  sim_world_spoil (world, "h1", "/images/a", 5000);
  after = sim_world_dup_bytes_of (world, "h1", "/images/a");
  cr_assert_str_neq (before, after);
}

Test (sim_disks, a_volume_is_told_as_libvirt_tells_it)
{
  g_autoptr (MigrateCall) call = volume_call (MIGRATE_CALL_VOLUME_INFO, "a b&c");
  static const char *const parts[] = {
    "<name>a b&amp;c</name>",
    "<key>/images/a b&amp;c</key>",
    "<capacity unit='bytes'>67108864</capacity>",
    "<allocation unit='bytes'>1114112</allocation>",
    "<physical unit='bytes'>1114112</physical>",
    "<format type='qcow2'/>",
    "<compat>1.1</compat>",
    "<clusterSize unit='B'>65536</clusterSize>",
    "<backingStore>\n    <path>/images/base</path>\n    <format type='raw'/>",
  };

  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/images/base", .data = MIB });
  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = "/images/a b&c",
                                        .format = "qcow2",
                                        .capacity = 64 * MIB,
                                        .data = MIB,
                                        .backing = "/images/base",
                                        .backing_format = "raw" });
  must ("h1", call);
  for (gsize i = 0; i < G_N_ELEMENTS (parts); i++)
    cr_assert_not_null (strstr (call->text_out, parts[i]), "%s in %s", parts[i], call->text_out);
}

Test (sim_disks, a_full_disk_keeps_what_fitted)
{
  g_autoptr (MigrateCall) create
    = create_call ("<volume><name>a</name><capacity unit='MiB'>4</capacity><allocation>0"
                   "</allocation><target><format type='raw'/></target></volume>");
  g_autoptr (MigrateCall) write = volume_call (MIGRATE_CALL_VOLUME_WRITE_AT, "a");
  g_autofree char *bytes = g_malloc0 (MIB);

  sim_world_set_room (world, "h2", "/images", MIB / 2);
  must ("h2", create);
  write->storage.bytes = g_bytes_new (bytes, MIB);
  refused ("h2", write, MIGRATE_ERROR_NO_SPACE, "No space left on device");
  cr_assert_eq (sim_world_get_allocation (world, "h2", "/images/a"), MIB / 2);
  cr_assert_eq (sim_world_get_room (world, "h2", "/images"), 0);
}

Test (sim_disks, a_volume_without_room_is_not_made)
{
  g_autoptr (MigrateCall) create
    = create_call ("<volume><name>a</name><capacity unit='MiB'>4</capacity>"
                   "<target><format type='raw'/></target></volume>");
  g_auto (GStrv) paths = NULL;

  sim_world_set_room (world, "h2", "/images", MIB);
  refused ("h2", create, MIGRATE_ERROR_NO_SPACE, "No space left on device");
  paths = sim_world_list_paths (world, "h2");
  cr_assert_null (paths[0]);
}

Test (sim_disks, what_is_there_is_not_made_again)
{
  g_autoptr (MigrateCall) create
    = create_call ("<volume><name>a</name><capacity>4096</capacity></volume>");

  sim_world_add_image (world, "h2", &(SimImageSpec){ .path = "/images/a", .data = 4096 });
  refused ("h2", create, MIGRATE_ERROR_BUSY, "already exists");
}

Test (sim_disks, a_stream_breaks_where_it_is_cut)
{
  g_autoptr (MigrateCall) read = volume_call (MIGRATE_CALL_VOLUME_READ_AT, "a");

  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/images/a", .data = 4096 });
  sim_world_cut_stream (world, "h1", "/images/a", 100);
  read->storage.length = 4096;
  refused ("h1", read, MIGRATE_ERROR_UNREACHABLE, "Connection reset by peer");
  must ("h1", read);
}

Test (sim_disks, a_pool_makes_its_folder_when_told_to)
{
  g_autoptr (MigrateCall) create = _migrate_call_new (MIGRATE_CALL_POOL_CREATE, NULL);
  g_autoptr (MigrateCall) again = _migrate_call_new (MIGRATE_CALL_POOL_CREATE, NULL);
  g_autoptr (MigrateCall) gone = _migrate_call_new (MIGRATE_CALL_POOL_REMOVE, NULL);

  create->storage.pool = g_strdup ("ours");
  create->text_in = g_strdup ("/instances/g0");
  refused ("h2", create, MIGRATE_ERROR_NOT_FOUND, "No such file or directory");
  create->value = 1;
  must ("h2", create);
  cr_assert_eq (create->value_out, 1);
  again->storage.pool = g_strdup ("other");
  again->text_in = g_strdup ("/instances/g0");
  refused ("h2", again, MIGRATE_ERROR_BUSY, "conflict");
  gone->storage.pool = g_strdup ("ours");
  gone->value = 1;
  must ("h2", gone);
  must ("h2", gone);
  cr_assert (!sim_world_has_folder (world, "h2", "/instances/g0"));
}

/* ---- moves ---- */

static void
assert_image (const char *host, const char *path, const char *content)
{
  g_autofree char *found = sim_world_dup_content_of (world, host, path);

  cr_assert_str_eq (found != NULL ? found : "none", content);
}

static void
assert_guest (const char *name, const char *where)
{
  const char *found = sim_world_describe (world, name);

  cr_assert_str_eq (found, where);
}

Test (sim_disks, a_missing_image_is_made_and_filled)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autofree char *content = NULL;

  add_guest ("qcow2", 64 * MIB, 10 * MIB, 0);
  content = sim_world_dup_content_of (world, "h1", "/images/a");
  must ("h1", call);
  assert_guest ("g0", "h1: - | h2: running (migrated) persistent");
  assert_image ("h1", "/images/a", content);
  assert_image ("h2", "/images/a", content);
  assert_no_violation ();
}

/* What it wrote up to the switch is in the image there, and not in that here. */
Test (sim_disks, a_guest_that_writes_finds_what_it_wrote)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autofree char *before = NULL;
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;

  add_guest ("qcow2", 64 * MIB, 10 * MIB, 10 * MIB);
  before = sim_world_dup_content_of (world, "h1", "/images/a");
  must ("h1", call);
  sim_world_sleep (world, 100);
  here = sim_world_dup_content_of (world, "h1", "/images/a");
  there = sim_world_dup_content_of (world, "h2", "/images/a");
  cr_assert_str_neq (before, here);
  cr_assert_str_neq (here, there);
  assert_no_violation ();
}

Test (sim_disks, a_target_of_another_size_is_refused)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);

  add_guest ("raw", 64 * MIB, 10 * MIB, 0);
  sim_world_add_image (world, "h2", &(SimImageSpec){ .path = "/images/a", .capacity = 32 * MIB });
  refused ("h1", call, MIGRATE_ERROR_FAILED, "different sizes");
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
  assert_no_violation ();
}

Test (sim_disks, without_a_pool_nothing_is_made)
{
  const SimDiskSpec disks[] = { { .target = "vda", .path = "/other/a" }, { .target = NULL } };
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);

  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/other/a", .data = MIB });
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .disks = disks });
  refused ("h1", call, MIGRATE_ERROR_NOT_FOUND, "no storage pool with matching target path");
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
}

/* libvirt takes a volume that it remembers for one that is there. */
Test (sim_disks, a_pool_that_was_not_refreshed_makes_it_fail)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_auto (GStrv) known = NULL;

  sim_world_add_pool (world, "h2",
                      &(SimPoolSpec){ .name = "stale", .target = "/stale", .storage = "stale" });
  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/stale/a", .data = MIB });
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){ .name = "g0",
                     .disks = (const SimDiskSpec[]){ { .target = "vda", .path = "/stale/a" },
                                                     { .target = NULL } } });
  sim_world_add_file (world, "stale", "a");
  known = sim_world_list_volumes (world, "h2", "stale");
  cr_assert_str_eq (known[0], "a");
  sim_world_clear_files (world, "stale");
  refused ("h1", call, MIGRATE_ERROR_FAILED, "Cannot access storage file");
}

Test (sim_disks, the_top_alone_needs_an_image_that_is_there)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);

  add_guest ("qcow2", 64 * MIB, 10 * MIB, 0);
  call->transfer.disks_top = TRUE;
  refused ("h1", call, MIGRATE_ERROR_UNSUPPORTED, "incremental");
}

/* On h1 a disk of two layers; on h2 the lower one, and above it an empty one. */
static void
add_layers (guint pattern_there)
{
  static const char *const hosts[] = { "h1", "h2" };
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/a", .format = "qcow2" }, { .target = NULL } };

  for (guint i = 0; i < 2; i++)
    {
      sim_world_add_image (world, hosts[i],
                           &(SimImageSpec){ .path = "/images/base",
                                            .format = "qcow2",
                                            .capacity = 64 * MIB,
                                            .data = 8 * MIB,
                                            .pattern = i == 0 ? 7 : pattern_there });
      sim_world_add_image (world, hosts[i],
                           &(SimImageSpec){ .path = "/images/a",
                                            .format = "qcow2",
                                            .capacity = 64 * MIB,
                                            .offset = 4 * MIB,
                                            .data = i == 0 ? 2 * MIB : 0,
                                            .backing = "/images/base",
                                            .backing_format = "qcow2" });
    }
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .disks = disks });
}

Test (sim_disks, the_top_alone_goes_on_top)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autofree char *content = NULL;
  g_autofree char *chain = NULL;

  add_layers (7);
  call->transfer.disks_top = TRUE;
  content = sim_world_dup_content_of (world, "h1", "/images/a");
  must ("h1", call);
  assert_image ("h2", "/images/a", content);
  chain = sim_world_dup_chain_of (world, "h2", "/images/a");
  cr_assert_not_null (strstr (chain, "over qcow2 /images/base"), "%s", chain);
  assert_no_violation ();
}

/* libvirt does not look whether it is. */
Test (sim_disks, over_another_lower_image_the_guest_is_lost)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  GPtrArray *violations = sim_world_get_violations (world);

  add_layers (8);
  call->transfer.disks_top = TRUE;
  must ("h1", call);
  cr_assert_eq (violations->len, 1);
  cr_assert (g_str_has_prefix (violations->pdata[0], "lost: "), "%s",
             (char *) violations->pdata[0]);
}

Test (sim_disks, a_lower_image_that_is_missing_fails_prepare)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);

  add_layers (7);
  call->transfer.disks_top = TRUE;
  sim_world_truncate (world, "h2", "/images/base", 0);
  refused ("h1", call, MIGRATE_ERROR_FAILED, "is not in qcow2 format");
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
}

static void
assert_left_at_h2 (const char *path, guint64 at_least)
{
  cr_assert_geq (sim_world_get_allocation (world, "h2", path), at_least);
}

Test (sim_disks, a_full_disk_ends_the_mirror_and_what_was_sent_stays)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autofree char *before = NULL;

  add_guest ("raw", 64 * MIB, 10 * MIB, 0);
  before = sim_world_dup_bytes_of (world, "h1", "/images/a");
  sim_world_set_room (world, "h2", "/images", 5 * MIB);
  refused ("h1", call, MIGRATE_ERROR_NO_SPACE, "migration of disk vda failed");
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
  assert_left_at_h2 ("/images/a", 5 * MIB);
  cr_assert_str_eq (before, sim_world_dup_bytes_of (world, "h1", "/images/a"));
  assert_no_violation ();
}

Test (sim_disks, a_second_try_uses_what_the_first_has_left)
{
  g_autoptr (MigrateCall) first = transfer_call ("g0", vda);
  g_autoptr (MigrateCall) second = transfer_call ("g0", vda);

  add_guest ("qcow2", 64 * MIB, 10 * MIB, MIB);
  sim_world_at (world, SIM_AT_MIRROR, 50, &(SimAction){ .what = SIM_FAIL_MIRROR });
  refused ("h1", first, MIGRATE_ERROR_FAILED, "Input/output error");
  assert_left_at_h2 ("/images/a", 5 * MIB);
  must ("h1", second);
  assert_guest ("g0", "h1: - | h2: running (migrated) persistent");
  assert_no_violation ();
}

/* Each row of libvirt.md §2.1 in which a volume is left. */
static void
run_failure (SimAt when, guint arg, SimWhat what, const char *host, const char *guest)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autoptr (GError) error = NULL;

  add_guest ("qcow2", 64 * MIB, 10 * MIB, MIB);
  sim_world_set_keepalive (world, 30000);
  sim_world_at (world, when, arg, &(SimAction){ .what = what, .host = host, .guest = guest });
  cr_assert (!ask ("h1", call, &error));
  sim_world_sleep (world, 60000);
  assert_left_at_h2 ("/images/a", 4 * MIB);
  assert_no_violation ();
}

Test (sim_disks, the_destinations_libvirtd_dies_in_the_mirror)
{
  run_failure (SIM_AT_MIRROR, 50, SIM_KILL_LIBVIRTD, "h2", NULL);
  cr_assert_eq (sim_world_get_domain (world, "h1", "g0").state, MIGRATE_DOMAIN_RUNNING);
}

Test (sim_disks, the_sources_libvirtd_dies_in_the_mirror)
{
  run_failure (SIM_AT_MIRROR, 50, SIM_KILL_LIBVIRTD, "h1", NULL);
  assert_guest ("g0", "h1: running (booted) persistent job | h2: -");
}

Test (sim_disks, the_destinations_qemu_dies_in_the_mirror)
{
  run_failure (SIM_AT_MIRROR, 50, SIM_KILL_QEMU, "h2", "g0");
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
}

Test (sim_disks, the_link_is_cut_in_the_mirror)
{
  run_failure (SIM_AT_MIRROR, 50, SIM_CUT_LINK, "h1", NULL);
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
}

Test (sim_disks, a_failure_with_memory_leaves_the_whole_volume)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autoptr (GError) error = NULL;

  add_guest ("qcow2", 64 * MIB, 10 * MIB, 0);
  sim_world_at (world, SIM_AT_PERFORM, 50,
                &(SimAction){ .what = SIM_KILL_QEMU, .host = "h2", .guest = "g0" });
  cr_assert (!ask ("h1", call, &error));
  assert_left_at_h2 ("/images/a", 10 * MIB);
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
}

/* ---- how far it is ---- */

static void
run_transfer (gpointer data, gpointer unused)
{
  ask ("h1", data, NULL);
}

static void
start (MigrateCall *call)
{
  cr_assert (backend->vtable->start_thread (backend, "move", run_transfer, call, NULL /* error */));
}

static MigrateStats
get_stats (void)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_JOB_STATS, "g0");

  must ("h1", call);
  return call->stats;
}

Test (sim_disks, the_job_tells_of_disks_before_memory)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autoptr (MigrateCall) jobs = _migrate_call_new (MIGRATE_CALL_BLOCK_JOBS, "g0");
  g_autoptr (GVariant) job = NULL;
  MigrateStats stats;
  gboolean ready;
  guint64 total;

  add_guest ("qcow2", 256 * MIB, 125000000, 0);
  start (call);
  sim_world_sleep (world, 900);
  stats = get_stats ();
  cr_assert_eq (stats.type, MIGRATE_JOB_ACTIVE);
  cr_assert_eq (stats.disk_total, 125000000);
  cr_assert (stats.disk_processed > 50000000 && stats.disk_processed < 75000000,
             "%" G_GUINT64_FORMAT, stats.disk_processed);
  cr_assert_eq (stats.disk_processed + stats.disk_remaining, stats.disk_total);
  cr_assert_eq (stats.disk_bps, 125000000);
  cr_assert_eq (stats.memory_total, 0);
  must ("h1", jobs);
  job = g_variant_lookup_value (jobs->answer, "vda", G_VARIANT_TYPE_VARDICT);
  cr_assert_not_null (job);
  cr_assert (g_variant_lookup (job, "total", "t", &total) && total == 125000000);
  cr_assert (g_variant_lookup (job, "ready", "b", &ready) && !ready);
  sim_world_sleep (world, 700);
  stats = get_stats ();
  cr_assert_eq (stats.disk_remaining, 0);
  cr_assert_gt (stats.memory_total, 0);
  sim_world_sleep (world, 5000);
  assert_guest ("g0", "h1: - | h2: running (migrated) persistent");
}

/* The link carries 125 MB/s. */
static gboolean
gets_there (gboolean sync_writes)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);

  add_guest ("raw", 256 * MIB, 64 * MIB, 200000000);
  call->transfer.sync_writes = sync_writes;
  start (call);
  sim_world_sleep (world, 30000);
  return sim_world_get_domain (world, "h2", "g0").state == MIGRATE_DOMAIN_RUNNING;
}

Test (sim_disks, a_guest_that_writes_faster_than_the_link_never_gets_ready)
{
  cr_assert (!gets_there (FALSE));
  cr_assert_eq (get_stats ().memory_total, 0);
}

Test (sim_disks, unless_its_writes_wait_for_the_destination)
{
  cr_assert (gets_there (TRUE));
  assert_no_violation ();
}

/* ---- locks ---- */

/* Both hosts have the folder. */
static void
add_shared_guest (void)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/shared/a", .write_rate = 1000 }, { .target = NULL } };

  sim_world_add_folder (world, "h1", "/shared", "nfs");
  sim_world_add_folder (world, "h2", "/shared", "nfs");
  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/shared/a", .data = MIB });
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .disks = disks });
}

static void
start_copy (const char *host, MigrateError code, const char *words)
{
  g_autoptr (MigrateCall) xml = _migrate_call_new (MIGRATE_CALL_DOMAIN_XML, "g0");
  g_autoptr (MigrateCall) define = _migrate_call_new (MIGRATE_CALL_DEFINE, "g0");
  g_autoptr (MigrateCall) start_it = _migrate_call_new (MIGRATE_CALL_START, "g0");

  xml->value = MIGRATE_XML_INACTIVE;
  must ("h1", xml);
  define->text_in = g_strdup (xml->text_out);
  must (host, define);
  if (words != NULL)
    refused (host, start_it, code, words);
  else
    must (host, start_it);
}

Test (sim_disks, an_image_that_is_open_keeps_a_second_guest_from_starting)
{
  add_shared_guest ();
  start_copy ("h2", MIGRATE_ERROR_FAILED, "Failed to get \"write\" lock");
  assert_no_violation ();
}

Test (sim_disks, where_there_are_no_locks_two_write_to_it)
{
  GPtrArray *violations = sim_world_get_violations (world);
  gboolean told = FALSE;

  add_shared_guest ();
  sim_world_set_locks (world, "nfs", FALSE);
  start_copy ("h2", MIGRATE_ERROR_FAILED, NULL);
  for (guint i = 0; i < violations->len; i++)
    told |= g_str_has_prefix (violations->pdata[i], "writers: ");
  cr_assert (told);
}

Test (sim_disks, an_image_of_the_source_is_not_what_the_guest_left_once_it_ran_elsewhere)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autoptr (MigrateCall) off = _migrate_call_new (MIGRATE_CALL_DESTROY, "g0");
  GPtrArray *violations = sim_world_get_violations (world);

  add_guest ("raw", 4 * MIB, MIB, 1000);
  call->transfer.keep_source = TRUE;
  must ("h1", call);
  sim_world_sleep (world, 1000);
  must ("h2", off);
  start_copy ("h1", MIGRATE_ERROR_FAILED, NULL);
  cr_assert_eq (violations->len, 1);
  cr_assert (g_str_has_prefix (violations->pdata[0], "lost: g0 runs at h1"), "%s",
             (char *) violations->pdata[0]);
}

/* experiments.md 1: the reply to Finish is lost, and the source would come back. */
Test (sim_disks, a_lock_keeps_the_source_paused_when_the_destination_has_the_image)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, "g0");
  g_autoptr (GError) error = NULL;

  add_shared_guest ();
  call->transfer.peer_uri = g_strdup ("sim://w/h2");
  call->transfer.persist = TRUE;
  sim_world_lose (world, SIM_MSG_FINISH_REPLY, 1);
  cr_assert (!ask ("h1", call, &error));
  assert_guest ("g0", "h1: paused (migrating) persistent | h2: running (migrated) persistent");
  assert_no_violation ();
}

Test (sim_disks, the_last_image_that_goes_is_told)
{
  g_autoptr (MigrateCall) remove = volume_call (MIGRATE_CALL_VOLUME_REMOVE, "a");
  GPtrArray *violations = sim_world_get_violations (world);

  add_guest ("raw", 4 * MIB, MIB, 0);
  must ("h1", remove);
  cr_assert_eq (violations->len, 1);
  cr_assert (g_str_has_prefix (violations->pdata[0], "removed: "));
}

Test (sim_disks, one_of_two_images_may_go)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autoptr (MigrateCall) remove = volume_call (MIGRATE_CALL_VOLUME_REMOVE, "a");

  add_guest ("raw", 4 * MIB, MIB, 1000);
  must ("h1", call);
  must ("h1", remove);
  assert_no_violation ();
}

/* ---- carriers ---- */

static char *
carrier_xml (const char *path)
{
  return g_strdup_printf ("<domain type='qemu'><name>carrier</name>"
                          "<uuid>11111111-2222-4333-8444-555555555555</uuid>"
                          "<memory unit='MiB'>1</memory><devices><disk type='file' device='disk'>"
                          "<driver name='qemu' type='raw' discard='unmap'/><source file='%s'/>"
                          "<target dev='sda' bus='scsi'/></disk></devices></domain>",
                          path);
}

/* A guest that is off, its image open in a carrier. */
static void
start_carrier (void)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/a", .format = "qcow2" }, { .target = NULL } };
  g_autoptr (MigrateCall) carrier = _migrate_call_new (MIGRATE_CALL_CREATE_PAUSED, NULL);

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = "/images/a",
                                        .format = "qcow2",
                                        .capacity = 64 * MIB,
                                        .data = 10 * MIB,
                                        .snapshots = "s1",
                                        .cluster_size = 4096 });
  sim_world_add_guest (
    world, "h1", &(SimGuestSpec){ .name = "g0", .disks = disks, .state = MIGRATE_DOMAIN_SHUTOFF });
  carrier->text_in = carrier_xml ("/images/a");
  must ("h1", carrier);
}

Test (sim_disks, a_carrier_carries_the_file_as_it_is)
{
  static const char *const sda[] = { "sda", NULL };
  g_autoptr (MigrateCall) call = transfer_call ("carrier", sda);
  g_autoptr (MigrateCall) create
    = create_call ("<volume><name>a</name><capacity>10551296</capacity><allocation>0</allocation>"
                   "<target><format type='raw'/></target></volume>");
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;

  start_carrier ();
  must ("h2", create);
  call->transfer.persist = FALSE;
  call->transfer.carrier = TRUE;
  must ("h1", call);
  assert_guest ("carrier", "h1: - | h2: paused (user)");
  here = sim_world_dup_bytes_of (world, "h1", "/images/a");
  there = sim_world_dup_bytes_of (world, "h2", "/images/a");
  cr_assert_str_eq (here, there);
  g_free (here);
  g_free (there);
  here = sim_world_dup_chain_of (world, "h1", "/images/a");
  there = sim_world_dup_chain_of (world, "h2", "/images/a");
  cr_assert_str_eq (here, there);
  assert_no_violation ();
}

Test (sim_disks, a_carrier_keeps_the_guest_from_starting)
{
  g_autoptr (MigrateCall) begin = _migrate_call_new (MIGRATE_CALL_START, "g0");
  g_autoptr (MigrateCall) off = _migrate_call_new (MIGRATE_CALL_DESTROY, "carrier");

  start_carrier ();
  refused ("h1", begin, MIGRATE_ERROR_FAILED, "Failed to get \"write\" lock");
  must ("h1", off);
  must ("h1", begin);
  assert_no_violation ();
}

/* ---- on and off ---- */

Test (sim_disks, a_guest_shuts_down_when_it_is_asked_to)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_SHUT_DOWN, "g0");
  g_autoptr (MigrateCall) never = _migrate_call_new (MIGRATE_CALL_SHUT_DOWN, "g1");

  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .shut_down_ms = 2000 });
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g1", .shut_down_ms = SIM_NEVER });
  must ("h1", call);
  must ("h1", never);
  assert_guest ("g0", "h1: running (booted) persistent | h2: -");
  sim_world_sleep (world, 2000);
  assert_guest ("g0", "h1: shut off (shutdown) persistent | h2: -");
  sim_world_sleep (world, 1000000);
  assert_guest ("g1", "h1: running (booted) persistent | h2: -");
}

static MigrateCall *
path_call (MigrateCallKind kind, const char *guest, const char *path)
{
  MigrateCall *call = _migrate_call_new (kind, guest);

  call->text_in = g_strdup (path);
  return call;
}

Test (sim_disks, a_guest_that_is_saved_goes_on_where_it_was)
{
  g_autoptr (MigrateCall) save = path_call (MIGRATE_CALL_SAVE, "g0", "/images/saved");
  g_autoptr (MigrateCall) xml = path_call (MIGRATE_CALL_SAVED_XML, NULL, "/images/saved");
  g_autoptr (MigrateCall) restore = path_call (MIGRATE_CALL_RESTORE, NULL, "/images/saved");
  guint64 counter;

  add_guest ("raw", 4 * MIB, MIB, 1000);
  sim_world_sleep (world, 500);
  must ("h1", save);
  assert_guest ("g0", "h1: shut off (saved) persistent | h2: -");
  counter = sim_world_get_domain (world, "h1", "g0").counter;
  must ("h1", xml);
  cr_assert_not_null (strstr (xml->text_out, "<name>g0</name>"));
  must ("h1", restore);
  assert_guest ("g0", "h1: running (restored) persistent | h2: -");
  cr_assert_geq (sim_world_get_domain (world, "h1", "g0").counter, counter);
  assert_no_violation ();
}

Test (sim_disks, saved_memory_that_is_spoiled_does_not_come_to_life)
{
  g_autoptr (MigrateCall) save = path_call (MIGRATE_CALL_SAVE, "g0", "/images/saved");
  g_autoptr (MigrateCall) restore = path_call (MIGRATE_CALL_RESTORE, NULL, "/images/saved");

  add_guest ("raw", 4 * MIB, MIB, 0);
  must ("h1", save);
  sim_world_spoil (world, "h1", "/images/saved", 5 * MIB);
  refused ("h1", restore, MIGRATE_ERROR_FAILED, "load of migration failed");
  assert_guest ("g0", "h1: shut off (saved) persistent | h2: -");
}

Test (sim_disks, a_guest_that_cannot_be_saved_runs_on)
{
  g_autoptr (MigrateCall) save = path_call (MIGRATE_CALL_SAVE, "g0", "/images/saved");

  add_guest ("raw", 4 * MIB, MIB, 0);
  sim_world_set_room (world, "h1", "/images", MIB);
  refused ("h1", save, MIGRATE_ERROR_NO_SPACE, "No space left on device");
  assert_guest ("g0", "h1: running (unpaused) persistent | h2: -");
}

Test (sim_disks, saved_memory_that_is_old_is_told)
{
  g_autoptr (MigrateCall) save = path_call (MIGRATE_CALL_SAVE, "g0", "/images/saved");
  g_autoptr (MigrateCall) restore = path_call (MIGRATE_CALL_RESTORE, NULL, "/images/saved");
  g_autoptr (MigrateCall) off = _migrate_call_new (MIGRATE_CALL_DESTROY, "g0");
  GPtrArray *violations = sim_world_get_violations (world);

  add_guest ("raw", 4 * MIB, MIB, 0);
  must ("h1", save);
  must ("h1", restore);
  sim_world_sleep (world, 1000);
  must ("h1", off);
  must ("h1", restore);
  cr_assert_eq (violations->len, 1);
  cr_assert (g_str_has_prefix (violations->pdata[0], "stale: "));
}

Test (sim_disks, a_guest_with_a_managed_save_is_undefined_only_with_it)
{
  g_autoptr (MigrateCall) undefine = _migrate_call_new (MIGRATE_CALL_UNDEFINE, "g0");
  g_autoptr (MigrateCall) find = _migrate_call_new (MIGRATE_CALL_DOMAIN_FIND, "g0");

  add_guest ("raw", 4 * MIB, MIB, 0);
  sim_world_managed_save (world, "h1", "g0");
  must ("h1", find);
  cr_assert (find->domain.managed_save);
  refused ("h1", undefine, MIGRATE_ERROR_FAILED, "managed save");
  undefine->value = MIGRATE_UNDEFINE_MANAGED_SAVE;
  must ("h1", undefine);
  assert_guest ("g0", "h1: - | h2: -");
}

Test (sim_disks, starting_it_restores_it)
{
  g_autoptr (MigrateCall) begin = _migrate_call_new (MIGRATE_CALL_START, "g0");

  add_guest ("raw", 4 * MIB, MIB, 1000);
  sim_world_managed_save (world, "h1", "g0");
  must ("h1", begin);
  assert_guest ("g0", "h1: running (restored) persistent | h2: -");
  assert_no_violation ();
}

/* ---- what is kept of a guest ---- */

Test (sim_disks, snapshots_hinder_a_transfer_and_can_be_written_down_elsewhere)
{
  static const char xml[] = "<domainsnapshot><name>s1</name></domainsnapshot>";
  static const char child[] = "<domainsnapshot><name>s2</name><parent><name>s1</name></parent>"
                              "</domainsnapshot>";
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, "g0");
  g_autoptr (MigrateCall) list = _migrate_call_new (MIGRATE_CALL_SNAPSHOTS, "g0");
  g_autoptr (MigrateCall) define = _migrate_call_new (MIGRATE_CALL_SNAPSHOT_DEFINE, "g1");
  g_autoptr (GVariant) found = NULL;
  const char *current;

  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0" });
  sim_world_add_guest (world, "h2", &(SimGuestSpec){ .name = "g1" });
  sim_world_add_snapshot (world, "h1", "g0", xml, SIM_SNAPSHOT);
  sim_world_add_snapshot (world, "h1", "g0", child, SIM_CURRENT_SNAPSHOT);
  call->transfer.peer_uri = g_strdup ("sim://w/h2");
  refused ("h1", call, MIGRATE_ERROR_FAILED, "snapshots");
  must ("h1", list);
  found = g_variant_lookup_value (list->answer, "snapshots", G_VARIANT_TYPE_STRING_ARRAY);
  cr_assert_eq (g_variant_n_children (found), 2);
  cr_assert (g_variant_lookup (list->answer, "current", "&s", &current));
  cr_assert_str_eq (current, "s2");
  define->text_in = g_strdup (child);
  refused ("h2", define, MIGRATE_ERROR_INVALID, "parent");
}

Test (sim_disks, secrets_are_defined_once)
{
  static const char uuid[] = "0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f";
  static const char xml[] = "<secret ephemeral='no' private='no'>"
                            "<uuid>0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f</uuid>"
                            "<usage type='volume'><volume>/images/a</volume></usage></secret>";
  g_autoptr (MigrateCall) read = path_call (MIGRATE_CALL_SECRET_READ, NULL, uuid);
  g_autoptr (MigrateCall) define = path_call (MIGRATE_CALL_SECRET_DEFINE, NULL, xml);
  g_autoptr (MigrateCall) remove = path_call (MIGRATE_CALL_SECRET_REMOVE, NULL, uuid);
  g_autofree char *value = NULL;

  refused ("h2", read, MIGRATE_ERROR_NOT_FOUND, "Secret not found");
  sim_world_add_secret (world, "h1", uuid, xml, "geheim");
  must ("h1", read);
  define->storage.name = g_strdup (uuid);
  define->storage.bytes = g_bytes_ref (read->storage.bytes);
  must ("h2", define);
  value = sim_world_dup_secret (world, "h2", uuid);
  cr_assert_str_eq (value, "geheim");
  refused ("h2", define, MIGRATE_ERROR_BUSY, "already");
  must ("h2", remove);
  must ("h2", remove);
  cr_assert_null (sim_world_dup_secret (world, "h2", uuid));
}

Test (sim_disks, a_definition_is_marked_and_the_mark_taken_away)
{
  g_autoptr (MigrateCall) mark = path_call (MIGRATE_CALL_SET_MARK, "g0", "outgoing 0f3c");
  g_autoptr (MigrateCall) none = _migrate_call_new (MIGRATE_CALL_SET_MARK, "g0");
  g_autoptr (MigrateCall) marked = _migrate_call_new (MIGRATE_CALL_DOMAIN_FIND, "g0");
  g_autoptr (MigrateCall) plain = _migrate_call_new (MIGRATE_CALL_DOMAIN_FIND, "g0");
  g_autofree char *before = NULL;
  g_autofree char *after = NULL;

  sim_world_add_guest (world, "h1",
                       &(SimGuestSpec){ .name = "g0", .state = MIGRATE_DOMAIN_SHUTOFF });
  before = sim_world_dup_xml (world, "h1", "g0", TRUE);
  must ("h1", mark);
  must ("h1", mark);
  must ("h1", marked);
  cr_assert_str_eq (marked->domain.mark, "outgoing 0f3c");
  must ("h1", none);
  must ("h1", plain);
  cr_assert_null (plain->domain.mark);
  after = sim_world_dup_xml (world, "h1", "g0", TRUE);
  cr_assert_str_eq (before, after);
}

Test (sim_disks, an_encrypted_disk_needs_its_secret)
{
  static const char uuid[] = "0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f";
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/a", .format = "qcow2", .secret = uuid },
        { .target = NULL } };
  g_autoptr (MigrateCall) begin = _migrate_call_new (MIGRATE_CALL_START, "g0");

  sim_world_add_image (world, "h1",
                       &(SimImageSpec){ .path = "/images/a",
                                        .format = "qcow2",
                                        .capacity = MIB,
                                        .encryption = "luks",
                                        .secret = uuid });
  sim_world_add_guest (
    world, "h1", &(SimGuestSpec){ .name = "g0", .disks = disks, .state = MIGRATE_DOMAIN_SHUTOFF });
  refused ("h1", begin, MIGRATE_ERROR_NOT_FOUND, "Secret not found");
  sim_world_add_secret (world, "h1", uuid, "<secret/>", "geheim");
  must ("h1", begin);
}

Test (sim_disks, nvram_comes_with_memory)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, "g0");
  g_autofree char *here = NULL;
  g_autofree char *there = NULL;

  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/nvram/g0", .data = 4096 });
  sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .nvram = "/nvram/g0" });
  call->transfer.peer_uri = g_strdup ("sim://w/h2");
  call->transfer.persist = TRUE;
  must ("h1", call);
  here = sim_world_dup_bytes_of (world, "h1", "/nvram/g0");
  there = sim_world_dup_bytes_of (world, "h2", "/nvram/g0");
  cr_assert_str_eq (here, there);
}

/* ---- a world that is kept ---- */

/* In mid-mirror it is written down, and goes on in another. */
Test (sim_disks, storage_outlives_the_process)
{
  g_autofree char *path = g_strdup_printf ("/tmp/sim-disks-%d", (int) getpid ());
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);
  g_autofree char *bytes = NULL;
  g_autofree char *again = NULL;
  SimWorld *other;

  add_guest ("qcow2", 64 * MIB, 50 * MIB, MIB);
  sim_world_add_image (world, "h1", &(SimImageSpec){ .path = "/images/t", .text = "text" });
  bytes = sim_world_dup_bytes_of (world, "h1", "/images/t");
  start (call);
  sim_world_sleep (world, 600);
  cr_assert_gt (get_stats ().disk_processed, 0);
  cr_assert (sim_world_save (world, path));
  other = sim_world_load (path);
  cr_assert_not_null (other);
  sim_world_enter (other);
  sim_world_sleep (other, 60000);
  cr_assert_str_eq (sim_world_describe (other, "g0"), "h1: - | h2: running (migrated) persistent");
  cr_assert_eq (sim_world_get_violations (other)->len, 0);
  again = sim_world_dup_bytes_of (other, "h1", "/images/t");
  cr_assert_str_eq (bytes, again);
  sim_world_free (other);
  g_unlink (path);
}
