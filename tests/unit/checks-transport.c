/* What travels how: features that exclude each other, and what nobody can tell beforehand. */
#include "checktest.h"

static void
paused (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PAUSED;
  g->facts->guest.reason = MIGRATE_PAUSED_USER;
}
static void
strict (CheckGiven *g)
{
  g->request.hand_over = MIGRATE_HAND_OVER_STRICT;
}
static void
postcopy (CheckGiven *g)
{
  check_set (g, "allow", "postcopy");
}
static void
postcopy_tunnelled (CheckGiven *g)
{
  postcopy (g);
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
}
static void
postcopy_strict (CheckGiven *g)
{
  postcopy (g);
  strict (g);
}
static void
postcopy_paused (CheckGiven *g)
{
  postcopy (g);
  paused (g);
}
static void
tunnelled_uri (CheckGiven *g)
{
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
  g->request.migration_uri = "tcp://h";
}
static void
tunnelled_listen (CheckGiven *g)
{
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
  g->request.listen_address = "::";
}
static void
socket_listen (CheckGiven *g)
{
  g->request.migration_uri = "unix:///a";
  g->request.listen_address = "::";
}
static void
socket_only (CheckGiven *g)
{
  g->request.migration_uri = "unix:///a";
}
static void
connections (CheckGiven *g)
{
  check_set (g, "connections", "2");
}
static void
connections_tunnelled (CheckGiven *g)
{
  check_set (g, "connections", "2");
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
}
static void
connections_mt (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "compression", "mt");
}
static void
connections_xbzrle (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "compression", "xbzrle");
}
static void
connections_xbzrle_later (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "compression", "xbzrle");
  check_versions (g, 9000000, 8002000);
}
static void
connections_postcopy (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "allow", "postcopy");
}
static void
connections_postcopy_later (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "allow", "postcopy");
  check_versions (g, 9000000, 10001000);
}
static void
connections_old (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_versions (g, 5001000, 7002022);
}
static void
xbzrle (CheckGiven *g)
{
  check_set (g, "compression", "xbzrle");
}
static void
xbzrle_postcopy (CheckGiven *g)
{
  check_set (g, "compression", "xbzrle");
  check_set (g, "allow", "postcopy");
}
static void
xbzrle_cache (CheckGiven *g)
{
  check_set (g, "compression", "xbzrle");
  check_set (g, "xbzrle-cache", "64");
}
static void
xbzrle_odd (CheckGiven *g)
{
  check_set (g, "compression", "xbzrle");
  check_set (g, "xbzrle-cache", "48");
}
static void
cache_alone (CheckGiven *g)
{
  check_set (g, "xbzrle-cache", "64");
}
static void
mt (CheckGiven *g)
{
  check_set (g, "compression", "mt");
  check_set (g, "compression-level", "9");
  check_set (g, "compression-threads", "2");
}
static void
mt_xbzrle (CheckGiven *g)
{
  check_set (g, "compression", "mt;xbzrle");
}
static void
mt_xbzrle_later (CheckGiven *g)
{
  check_set (g, "compression", "mt;xbzrle");
  check_versions (g, 9000000, 8002000);
}
static void
mt_gone (CheckGiven *g)
{
  check_set (g, "compression", "mt");
  check_versions (g, 9000000, 9001000);
}
static void
mt_level (CheckGiven *g)
{
  check_set (g, "compression", "mt");
  check_set (g, "compression-level", "10");
}
static void
level_alone (CheckGiven *g)
{
  check_set (g, "compression-level", "1");
}
static void
level_xbzrle (CheckGiven *g)
{
  check_set (g, "compression", "xbzrle");
  check_set (g, "compression-level", "1");
}
static void
threads_alone (CheckGiven *g)
{
  check_set (g, "compression-threads", "2");
}
static void
zlib_unknown (CheckGiven *g)
{
  check_set (g, "compression", "zlib");
  check_set (g, "connections", "2");
}
static void
zlib (CheckGiven *g)
{
  check_set (g, "compression", "zlib");
  check_set (g, "connections", "2");
  check_set (g, "compression-level", "9");
  check_versions (g, 9004000, 7002022);
}
static void
zlib_alone (CheckGiven *g)
{
  check_set (g, "compression", "zlib");
  check_versions (g, 9004000, 7002022);
}
static void
zstd (CheckGiven *g)
{
  check_set (g, "compression", "zstd");
  check_set (g, "connections", "2");
  check_set (g, "compression-level", "20");
  check_versions (g, 9004000, 7002022);
}
static void
zstd_alone (CheckGiven *g)
{
  check_set (g, "compression", "zstd");
  check_versions (g, 9004000, 7002022);
}
static void
zlib_zstd (CheckGiven *g)
{
  check_set (g, "compression", "zlib;zstd");
  check_set (g, "connections", "2");
  check_versions (g, 9004000, 7002022);
}
static void
zero_copy (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "zero-copy", "true");
}
static void
zero_copy_alone (CheckGiven *g)
{
  check_set (g, "zero-copy", "true");
}
static void
zero_copy_tls (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "zero-copy", "true");
  check_set (g, "tls", "true");
}
static void
zero_copy_xbzrle (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "zero-copy", "true");
  check_set (g, "compression", "xbzrle");
}
static void
zero_copy_zstd (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "zero-copy", "true");
  check_set (g, "compression", "zstd");
  check_versions (g, 9004000, 7002022);
}
static void
zero_copy_old (CheckGiven *g)
{
  check_set (g, "connections", "2");
  check_set (g, "zero-copy", "true");
  check_versions (g, 9000000, 7000000);
}
static void
tls (CheckGiven *g)
{
  g->request.tls_name = "h";
  check_set (g, "tls", "true");
  check_set (g, "connections", "2");
  check_set (g, "allow", "throttle");
}
static void
tls_tunnelled (CheckGiven *g)
{
  check_set (g, "tls", "true");
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
}
static void
tls_name_old (CheckGiven *g)
{
  g->request.tls_name = "h";
  check_set (g, "tls", "true");
  check_versions (g, 5009000, 7002022);
}
static void
tls_name_unused (CheckGiven *g)
{
  g->request.tls_name = "h";
  check_versions (g, 5009000, 7002022);
}
static void
deadline_postcopy (CheckGiven *g)
{
  check_set (g, "at-deadline", "postcopy");
  check_set (g, "allow", "pause");
}
static void
deadline_pause (CheckGiven *g)
{
  check_set (g, "at-deadline", "pause");
  check_set (g, "allow", "postcopy");
}
static void
deadline_allowed (CheckGiven *g)
{
  check_set (g, "at-deadline", "pause");
  check_set (g, "allow", "pause");
}
static void
throttle_paused (CheckGiven *g)
{
  check_set (g, "allow", "throttle");
  paused (g);
}
static void
tls_socket (CheckGiven *g)
{
  check_set (g, "tls", "true");
  socket_only (g);
}
static void
tls_socket_named (CheckGiven *g)
{
  tls_socket (g);
  g->request.tls_name = "h";
}
static void
local_peer (CheckGiven *g)
{
  g->request.peer_uri = "qemu:///system";
}
static void
localhost_peer (CheckGiven *g)
{
  g->request.peer_uri = "qemu+tcp://localhost/system";
}
static void
local_peer_direct (CheckGiven *g)
{
  local_peer (g);
  g->request.transport = MIGRATE_TRANSPORT_DIRECT;
}
static void
tls_alone (CheckGiven *g)
{
  check_set (g, "tls", "true");
}
static void
tunnelled (CheckGiven *g)
{
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
}
static void
tunnelled_not_shared (CheckGiven *g)
{
  tunnelled (g);
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
}
static void
tunnelled_shared (CheckGiven *g)
{
  tunnelled (g);
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
}

static void
listen_alone (CheckGiven *g)
{
  g->request.listen_address = "::";
}

#define HUGE "<memoryBacking><hugepages/></memoryBacking>"
#define FILE_DISK DEVICES ("<disk><source file='/a'/><target dev='vda'/></disk>")

static void
tunnelled_off (CheckGiven *g)
{
  tunnelled_not_shared (g);
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
tunnelled_off_mirror (CheckGiven *g)
{
  tunnelled_off (g);
  check_set (g, "road", "mirror");
}
static void
socket_alone (CheckGiven *g)
{
  g->request.migration_uri = "unix:///run/m";
}
static void
socket_not_shared (CheckGiven *g)
{
  socket_alone (g);
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
}
static void
postcopy_off (CheckGiven *g)
{
  postcopy (g);
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
waiting_writes (CheckGiven *g)
{
  check_probed (g, "vda", MIGRATE_SHARING_NOT_SHARED);
  check_set (g, "sync-writes", "always");
  check_versions (g, 7009000, 7002022);
}

static const CheckRow rows[] = {
  { "post-copy", NULL, postcopy, NULL, 0 },
  { "post-copy, tunnelled", NULL, postcopy_tunnelled, "postcopy-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "post-copy, strict", NULL, postcopy_strict, "postcopy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "post-copy, paused", NULL, postcopy_paused, "postcopy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "tunnelled with URI", NULL, tunnelled_uri, "tunnelled-with-uri", MIGRATE_SEVERITY_BLOCKER },
  { "tunnelled with listen address", NULL, tunnelled_listen, "listen-address-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "socket with listen address", NULL, socket_listen, "listen-address-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "socket between hosts", NULL, socket_only, "unix-between-hosts", MIGRATE_SEVERITY_WARNING },
  { "connections", NULL, connections, NULL, 0 },
  { "connections, tunnelled", NULL, connections_tunnelled, "connections-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "connections, mt", NULL, connections_mt, "connections-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "connections, xbzrle", NULL, connections_xbzrle, "compression-unused",
    MIGRATE_SEVERITY_WARNING },
  { "connections, xbzrle, QEMU 8.2", NULL, connections_xbzrle_later, "connections-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "connections, post-copy", NULL, connections_postcopy, "postcopy-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "connections, post-copy, QEMU 10.1", NULL, connections_postcopy_later, NULL, 0 },
  { "connections, old libvirt", NULL, connections_old, "feature-unknown",
    MIGRATE_SEVERITY_BLOCKER },
  { "xbzrle", NULL, xbzrle, NULL, 0 },
  { "xbzrle, post-copy", NULL, xbzrle_postcopy, NULL, 0 },
  { "xbzrle with a cache", NULL, xbzrle_cache, NULL, 0 },
  { "xbzrle with an odd cache", NULL, xbzrle_odd, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "cache without xbzrle", NULL, cache_alone, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "mt", NULL, mt, NULL, 0 },
  { "mt and xbzrle", NULL, mt_xbzrle, NULL, 0 },
  { "mt and xbzrle, QEMU 8.2", NULL, mt_xbzrle_later, "compression-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "mt, QEMU 9.1", NULL, mt_gone, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "mt, level 10", NULL, mt_level, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "level alone", NULL, level_alone, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "level with xbzrle", NULL, level_xbzrle, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "threads alone", NULL, threads_alone, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "zlib, libvirt 9.0", NULL, zlib_unknown, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "zlib, libvirt 9.4", NULL, zlib, NULL, 0 },
  { "zlib without connections", NULL, zlib_alone, "compression-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "zstd, level 20", NULL, zstd, NULL, 0 },
  { "zstd without connections", NULL, zstd_alone, "compression-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "zlib and zstd", NULL, zlib_zstd, "compression-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy", NULL, zero_copy, NULL, 0 },
  { "zero-copy alone", NULL, zero_copy_alone, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, TLS", NULL, zero_copy_tls, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, xbzrle", NULL, zero_copy_xbzrle, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, zstd", NULL, zero_copy_zstd, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, QEMU 7.0", NULL, zero_copy_old, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "TLS", NULL, tls, NULL, 0 },
  { "TLS, tunnelled", NULL, tls_tunnelled, "tls-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "TLS name, libvirt 5.9", NULL, tls_name_old, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "TLS name that does not count", NULL, tls_name_unused, NULL, 0 },
  { "post-copy at the deadline", NULL, deadline_postcopy, "at-deadline-not-allowed",
    MIGRATE_SEVERITY_BLOCKER },
  { "pause at the deadline", NULL, deadline_pause, "at-deadline-not-allowed",
    MIGRATE_SEVERITY_BLOCKER },
  { "allowed at the deadline", NULL, deadline_allowed, NULL, 0 },
  { "throttle of a paused guest", NULL, throttle_paused, NULL, 0 },
  { "TLS over a socket", NULL, tls_socket, "tls-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "TLS over a socket, named", NULL, tls_socket_named, NULL, 0 },
  { "local peer", NULL, local_peer, "peer-uri-local", MIGRATE_SEVERITY_BLOCKER },
  { "localhost peer", NULL, localhost_peer, "peer-uri-local", MIGRATE_SEVERITY_BLOCKER },
  { "local peer, direct", NULL, local_peer_direct, NULL, 0 },
  { "tunnelled alone", NULL, tunnelled, "tunnelled-with-uri", CHECK_ABSENT },
  { "listen address alone", NULL, listen_alone, "listen-address-excluded", CHECK_ABSENT },
  { "post-copy alone", NULL, postcopy, "postcopy-excluded", CHECK_ABSENT },
  { "two connections", NULL, connections, "connections-excluded", CHECK_ABSENT },
  { "zlib over connections", NULL, zlib, "compression-excluded", CHECK_ABSENT },
  { "a cache for xbzrle", NULL, xbzrle_cache, "compression-tuning", CHECK_ABSENT },
  { "zero-copy over connections", NULL, zero_copy, "zero-copy-excluded", CHECK_ABSENT },
  { "TLS with all it goes with", NULL, tls, "tls-excluded", CHECK_ABSENT },
  { "what is allowed, at the deadline", NULL, deadline_allowed, "at-deadline-not-allowed",
    CHECK_ABSENT },
  { "known since", NULL, zlib, "feature-unknown", CHECK_ABSENT },
  { "xbzrle on one stream", NULL, xbzrle, "compression-unused", CHECK_ABSENT },
  { "no socket", NULL, connections, "unix-between-hosts", CHECK_ABSENT },
  { "peer of its own", NULL, connections, "peer-uri-local", CHECK_ABSENT },
  { "tunnelled, disk not shared", FILE_DISK, tunnelled_not_shared, "tunnelled-with-disks",
    MIGRATE_SEVERITY_BLOCKER },
  { "tunnelled, off, by streams", FILE_DISK, tunnelled_off, "tunnelled-with-disks", CHECK_ABSENT },
  { "tunnelled, off, by a mirror", FILE_DISK, tunnelled_off_mirror, "tunnelled-with-disks",
    MIGRATE_SEVERITY_BLOCKER },
  { "disks over a socket", FILE_DISK, socket_not_shared, "disks-excluded", MIGRATE_SEVERITY_BLOCKER,
    "exclude each other" },
  { "a socket without disks", NULL, socket_alone, "disks-excluded", CHECK_ABSENT },
  { "post-copy, off", NULL, postcopy_off, "postcopy-permission", CHECK_ABSENT },
  { "waiting writes, libvirt 7", FILE_DISK, waiting_writes, "feature-unknown",
    MIGRATE_SEVERITY_BLOCKER, "8.0.0" },
  { "tunnelled, disk only read",
    DEVICES ("<disk><source file='/a'/><target dev='vda'/><readonly/></disk>"),
    tunnelled_not_shared, "tunnelled-with-disks", CHECK_ABSENT },
  { "tunnelled, disk shared", FILE_DISK, tunnelled_shared, "tunnelled-with-disks", CHECK_ABSENT },
  { "TLS asked for", NULL, tls_alone, "tls-unproven", MIGRATE_SEVERITY_NOTE },
  { "no TLS", NULL, NULL, "tls-unproven", CHECK_ABSENT },
  { "post-copy allowed", NULL, postcopy, "postcopy-permission", MIGRATE_SEVERITY_NOTE },
  { "no post-copy", NULL, NULL, "postcopy-permission", CHECK_ABSENT },
  { "post-copy, huge pages", HUGE, postcopy, "postcopy-memory", MIGRATE_SEVERITY_WARNING },
  { "post-copy, file", "<memoryBacking><source type='file'/></memoryBacking>", postcopy,
    "postcopy-memory", MIGRATE_SEVERITY_WARNING },
  { "post-copy, locked", "<memoryBacking><locked/></memoryBacking>", postcopy, "postcopy-memory",
    MIGRATE_SEVERITY_WARNING },
  { "post-copy, plain memory", NULL, postcopy, "postcopy-memory", CHECK_ABSENT },
  { "huge pages, no post-copy", HUGE, NULL, "postcopy-memory", CHECK_ABSENT },
};

const CheckRows check_transport_rows = { rows, G_N_ELEMENTS (rows) };
