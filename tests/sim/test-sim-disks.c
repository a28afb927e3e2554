/* The simulator's storage and its moves with disks against their specification, libvirt.md §1.7 and
 * §2.1: through the seam alone, for what stands above it must be able to trust it. */
#include "sim.h"

#include <criterion/criterion.h>
#include <string.h>

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

Test (sim_disks, a_missing_image_is_made_and_filled)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);

  add_guest ("qcow2", 64 * MIB, 10 * MIB, MIB);
  must ("h1", call);
  cr_assert_str_eq (sim_world_describe (world, "g0"), "h1: - | h2: running (migrated) persistent");
  assert_no_violation ();
}

Test (sim_disks, a_target_of_another_size_is_refused)
{
  g_autoptr (MigrateCall) call = transfer_call ("g0", vda);

  add_guest ("raw", 64 * MIB, 10 * MIB, 0);
  sim_world_add_image (world, "h2", &(SimImageSpec){ .path = "/images/a", .capacity = 32 * MIB });
  refused ("h1", call, MIGRATE_ERROR_FAILED, "different sizes");
  cr_assert_str_eq (sim_world_describe (world, "g0"), "h1: running (booted) persistent | h2: -");
  assert_no_violation ();
}
