/* What a transfer asks for, in libvirt's words: flags and typed parameters. libvirt refuses a
 * parameter that it does not know, and one that tunes what was not asked for, so each is given only
 * where it counts. */
#include "virt/libvirt-private.h"

/* Since libvirt 9.4: by name, for the headers that this is built with may be older. What does not
 * know them refuses the methods too. */
#define PARAM_ZLIB_LEVEL "compression.zlib.level"
#define PARAM_ZSTD_LEVEL "compression.zstd.level"

static gboolean
compresses (const MigrateTransfer *transfer, const char *method)
{
  return transfer->compression != NULL
         && g_strv_contains ((const char *const *) transfer->compression, method);
}

static guint
get_accelerator_flags (const MigrateTransfer *transfer)
{
  guint flags = 0;

  if (transfer->throttle)
    flags |= VIR_MIGRATE_AUTO_CONVERGE;
  if (transfer->connections > 0)
    flags |= VIR_MIGRATE_PARALLEL;
  if (transfer->compression != NULL && transfer->compression[0] != NULL)
    flags |= VIR_MIGRATE_COMPRESSED;
  if (transfer->zero_copy)
    flags |= VIR_MIGRATE_ZEROCOPY;
  if (transfer->tls)
    flags |= VIR_MIGRATE_TLS;
  return flags;
}

/* Never without the disks by name: libvirt takes an empty list for all of them. */
static gboolean
copies_disks (const MigrateTransfer *transfer)
{
  return transfer->disks != NULL && transfer->disks[0] != NULL;
}

static guint
get_disk_flags (const MigrateTransfer *transfer)
{
  guint flags;

  if (!copies_disks (transfer))
    return 0;
  flags = transfer->disks_top ? VIR_MIGRATE_NON_SHARED_INC : VIR_MIGRATE_NON_SHARED_DISK;
  if (transfer->sync_writes)
    flags |= VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES;
  return flags;
}

/* Nothing of a carrier outlives the transfer, and what it carries is never vouched for. */
static guint
get_keeping_flags (const MigrateTransfer *transfer)
{
  guint flags = 0;

  if (transfer->carrier)
    return 0;
  if (transfer->persist)
    flags |= VIR_MIGRATE_PERSIST_DEST;
  if (transfer->persist && !transfer->keep_source)
    flags |= VIR_MIGRATE_UNDEFINE_SOURCE;
  if (transfer->unsafe)
    flags |= VIR_MIGRATE_UNSAFE;
  return flags;
}

/* ABORT_ON_ERROR: a guest that meets an I/O error stays where the error is and can be looked into;
 * without the flag libvirt would carry it over and start its CPUs there, with requests in flight on
 * a disk that just failed. PAUSED is added by libvirt when the guest is paused at the start. */
guint
_migrate_vir_transfer_flags (const MigrateTransfer *transfer)
{
  guint flags = VIR_MIGRATE_LIVE | VIR_MIGRATE_ABORT_ON_ERROR | get_accelerator_flags (transfer)
                | get_disk_flags (transfer) | get_keeping_flags (transfer);

  if (transfer->transport != MIGRATE_TRANSPORT_DIRECT)
    flags |= VIR_MIGRATE_PEER2PEER;
  if (transfer->transport == MIGRATE_TRANSPORT_TUNNELLED)
    flags |= VIR_MIGRATE_TUNNELLED;
  if (transfer->paused)
    flags |= VIR_MIGRATE_PAUSED;
  if (transfer->postcopy)
    flags |= VIR_MIGRATE_POSTCOPY;
  if (transfer->resume)
    flags |= VIR_MIGRATE_POSTCOPY_RESUME;
  return flags;
}

static const struct
{
  guint flag;
  const char *name;
} flag_names[] = {
  { VIR_MIGRATE_LIVE, "live" },
  { VIR_MIGRATE_PEER2PEER, "peer2peer" },
  { VIR_MIGRATE_TUNNELLED, "tunnelled" },
  { VIR_MIGRATE_PERSIST_DEST, "persist-dest" },
  { VIR_MIGRATE_UNDEFINE_SOURCE, "undefine-source" },
  { VIR_MIGRATE_PAUSED, "paused" },
  { VIR_MIGRATE_NON_SHARED_DISK, "non-shared-disk" },
  { VIR_MIGRATE_NON_SHARED_INC, "non-shared-inc" },
  { VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES, "non-shared-synchronous-writes" },
  { VIR_MIGRATE_UNSAFE, "unsafe" },
  { VIR_MIGRATE_ABORT_ON_ERROR, "abort-on-error" },
  { VIR_MIGRATE_AUTO_CONVERGE, "auto-converge" },
  { VIR_MIGRATE_POSTCOPY, "postcopy" },
  { VIR_MIGRATE_POSTCOPY_RESUME, "postcopy-resume" },
  { VIR_MIGRATE_PARALLEL, "parallel" },
  { VIR_MIGRATE_COMPRESSED, "compressed" },
  { VIR_MIGRATE_ZEROCOPY, "zerocopy" },
  { VIR_MIGRATE_TLS, "tls" },
};

char **
_migrate_transfer_flag_names (const MigrateTransfer *self)
{
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();
  guint flags = _migrate_vir_transfer_flags (self);

  for (gsize i = 0; i < G_N_ELEMENTS (flag_names); i++)
    if ((flags & flag_names[i].flag) != 0)
      g_strv_builder_add (names, flag_names[i].name);
  return g_strv_builder_end (names);
}

static gboolean
add_string (MigrateVirParams *self, const char *name, const char *value)
{
  return value == NULL
         || virTypedParamsAddString (&self->list, &self->n, &self->max, name, value) == 0;
}

static gboolean
add_unless_0 (MigrateVirParams *self, const char *name, guint64 value)
{
  return value == 0
         || virTypedParamsAddULLong (&self->list, &self->n, &self->max, name, value) == 0;
}

static gboolean
add_int_unless_0 (MigrateVirParams *self, const char *name, guint value)
{
  return value == 0
         || virTypedParamsAddInt (&self->list, &self->n, &self->max, name, (int) value) == 0;
}

/* A tunnel goes where the peer URI goes: libvirt refuses addresses for it. */
static gboolean
add_addresses (const MigrateTransfer *transfer, MigrateVirParams *params)
{
  return transfer->transport == MIGRATE_TRANSPORT_TUNNELLED
         || (add_string (params, VIR_MIGRATE_PARAM_URI, transfer->migration_uri)
             && add_string (params, VIR_MIGRATE_PARAM_LISTEN_ADDRESS, transfer->listen_address));
}

static gboolean
add_compression (const MigrateTransfer *transfer, MigrateVirParams *params)
{
  static const struct
  {
    const char *method, *level;
  } levels[] = { { "mt", VIR_MIGRATE_PARAM_COMPRESSION_MT_LEVEL },
                 { "zlib", PARAM_ZLIB_LEVEL },
                 { "zstd", PARAM_ZSTD_LEVEL } };

  for (guint i = 0; transfer->compression != NULL && transfer->compression[i] != NULL; i++)
    if (!add_string (params, VIR_MIGRATE_PARAM_COMPRESSION, transfer->compression[i]))
      return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (levels); i++)
    if (compresses (transfer, levels[i].method)
        && !add_int_unless_0 (params, levels[i].level, transfer->compression_level))
      return FALSE;
  if (compresses (transfer, "mt")
      && (!add_int_unless_0 (params, VIR_MIGRATE_PARAM_COMPRESSION_MT_THREADS,
                             transfer->compression_threads)
          || !add_int_unless_0 (params, VIR_MIGRATE_PARAM_COMPRESSION_MT_DTHREADS,
                                transfer->compression_threads)))
    return FALSE;
  return !compresses (transfer, "xbzrle")
         || add_unless_0 (params, VIR_MIGRATE_PARAM_COMPRESSION_XBZRLE_CACHE,
                          transfer->xbzrle_cache);
}

static gboolean
add_disks (const MigrateTransfer *transfer, MigrateVirParams *params)
{
  if (!copies_disks (transfer))
    return TRUE;
  for (guint i = 0; transfer->disks[i] != NULL; i++)
    if (!add_string (params, VIR_MIGRATE_PARAM_MIGRATE_DISKS, transfer->disks[i]))
      return FALSE;
  return transfer->transport == MIGRATE_TRANSPORT_TUNNELLED
         || add_string (params, VIR_MIGRATE_PARAM_DISKS_URI, transfer->disks_uri);
}

static gboolean
add_throttle (const MigrateTransfer *transfer, MigrateVirParams *params)
{
  return !transfer->throttle
         || (add_int_unless_0 (params, VIR_MIGRATE_PARAM_AUTO_CONVERGE_INITIAL,
                               transfer->throttle_initial)
             && add_int_unless_0 (params, VIR_MIGRATE_PARAM_AUTO_CONVERGE_INCREMENT,
                                  transfer->throttle_increment));
}

gboolean
_migrate_vir_transfer_params (const MigrateTransfer *transfer, MigrateVirParams *params)
{
  return add_addresses (transfer, params) && add_disks (transfer, params)
         && add_unless_0 (params, VIR_MIGRATE_PARAM_BANDWIDTH, transfer->bandwidth)
         && add_unless_0 (params, VIR_MIGRATE_PARAM_BANDWIDTH_POSTCOPY,
                          transfer->postcopy_bandwidth)
         && add_throttle (transfer, params)
         && add_int_unless_0 (params, VIR_MIGRATE_PARAM_PARALLEL_CONNECTIONS, transfer->connections)
         && add_compression (transfer, params)
         && add_string (params, VIR_MIGRATE_PARAM_DEST_XML, transfer->dest_xml)
         && add_string (params, VIR_MIGRATE_PARAM_PERSIST_XML, transfer->persist_xml)
         && (!transfer->tls
             || add_string (params, VIR_MIGRATE_PARAM_TLS_DESTINATION, transfer->tls_name));
}
