/* The ways to move that are played: how libvirt is asked, and what is done so that a copy comes to
 * an end. */
#include "faults.h"

#include <glib.h>

#define MIB ((guint64) 1 << 20)

#define POLICY(...)                                                                                \
  (const char *const[]) { __VA_ARGS__, NULL }
#define P2P "transport", "p2p", "hand-over", "fast"
#define STRICT "transport", "p2p", "hand-over", "strict"
#define DIRECT "transport", "direct", "hand-over", "fast"

/* Passes of a quarter of a second, as short as can be looked at, of a guest that writes as fast as
 * the link carries. */
#define BUSY(time_)                                                                                \
  .memory = (time_) *16 * MIB / 1000, .dirty_rate = 20 * MIB, .working_set = 4 * MIB,              \
  .bandwidth = 16 * MIB

#define SHAPE                                                                                      \
  "{'vcpus': <uint32 4>, 'memory': <uint64 268435456>, 'disks': <{" FAULT_DISKS_LARGER "}>}"

const FaultHow fault_hows[] = {
  { .name = "p2p-fast", .policy = POLICY (P2P) },
  { .name = "p2p-strict", .policy = POLICY (STRICT) },
  { .name = "direct", .policy = POLICY (DIRECT) },
  { .name = "mapped",
    .policy = POLICY (P2P),
    .renames = "emulator:/usr/bin/qemu-system-x86_64=/opt/there/qemu",
    .renamed = "/opt/there/qemu" },
  { .name = "tunnelled", .policy = POLICY ("transport", "tunnelled", "hand-over", "fast") },
  { .name = "check", .policy = POLICY (P2P), .storage = "one", .checks = TRUE },
  { .name = "check-unshared", .policy = POLICY (P2P), .storage = "another", .checks = TRUE },
  { .name = "shared-disk",
    .policy = POLICY (P2P, "accept", "disk-sharing-unproven"),
    .storage = "one" },
  { .name = "paused", .policy = POLICY (P2P), .paused = TRUE },
  { .name = "transient", .policy = POLICY (P2P), .transient = TRUE },
  { .name = "postcopy",
    .policy = POLICY (P2P, "allow", "postcopy", "postcopy-start", "first-pass"),
    .dirty_rate = 64 * MIB,
    .bandwidth = 32 * MIB,
    .decides = "start-postcopy" },

  /* Two looks of QEMU's, a second each, before it throttles. */
  { .name = "throttle",
    .policy = POLICY (P2P, "allow", "throttle", "throttle-initial", "80"),
    .memory = 18 * MIB,
    .dirty_rate = 17 * MIB,
    .cpu_bound = TRUE,
    .bandwidth = 16 * MIB,
    .decides = "throttle" },
  { .name = "postcopy-needed",
    .policy = POLICY (P2P, "allow", "postcopy", "postcopy-start", "needed", "max-downtime", "200"),
    BUSY (500),
    .decides = "start-postcopy" },
  { .name = "pause",
    .policy = POLICY (P2P, "allow", "pause", "max-downtime", "200"),
    BUSY (500),
    .decides = "pause-guest" },
  { .name = "pause-strict",
    .policy = POLICY (STRICT, "allow", "pause", "max-downtime", "200"),
    BUSY (500),
    .decides = "pause-guest" },
  { .name = "pause-direct",
    .policy = POLICY (DIRECT, "allow", "pause", "max-downtime", "200"),
    BUSY (500),
    .decides = "pause-guest" },
  { .name = "deadline-pause",
    .policy = POLICY (P2P, "allow", "pause", "deadline", "1", "at-deadline", "pause"),
    BUSY (2000),
    .decides = "pause-guest" },
  { .name = "raise",
    .policy = POLICY (P2P, "max-downtime", "450"),
    BUSY (500),
    .decides = "raise-downtime-limit" },
  /* It is in no hurry: what is left must have gone down no more for seven seconds. */
  { .name = "give-up",
    .policy = POLICY (P2P, "max-downtime", "200"),
    .memory = 16 * MIB,
    .dirty_rate = 8 * MIB,
    .bandwidth = 4 * MIB,
    .decides = "give-up",
    .stays = TRUE },
  { .name = "finish-now",
    .policy = POLICY (P2P, "max-downtime", "200"),
    BUSY (2000),
    .asked = "finish-now",
    .decides = "finish-now" },
  { .name = "retune",
    .policy = POLICY (P2P, "bandwidth", "16"),
    .memory = 32 * MIB,
    .bandwidth = 32 * MIB,
    .asked = "bandwidth=24",
    .decides = "retune" },

  /* Seconds, so that it is looked at meanwhile. */
  { .name = "block",
    .policy = POLICY (P2P),
    .kind = "block",
    .memory = 4 * MIB,
    .bandwidth = 2 * MIB },
  { .name = "cold",
    .policy = POLICY (P2P, "road", "auto", "shut-down", "true"),
    .kind = "cold",
    .off = TRUE,
    .bandwidth = MIB / 2 },
  { .name = "cold-stream",
    .policy = POLICY (P2P, "road", "stream", "shut-down", "true"),
    .kind = "cold",
    .off = TRUE },
  { .name = "cold-shut-down",
    .policy = POLICY (P2P, "shut-down", "true"),
    .kind = "cold",
    .boots = TRUE,
    .memory = 4 * MIB,
    .bandwidth = MIB / 2 },
  { .name = "suspend",
    .policy = POLICY (P2P),
    .kind = "suspend",
    .memory = 4 * MIB,
    .bandwidth = MIB },
  { .name = "suspend-stream",
    .policy = POLICY (P2P, "road", "stream"),
    .kind = "suspend",
    .paused = TRUE,
    .memory = 4 * MIB },
  { .name = "resize",
    .policy = POLICY (P2P, "shut-down", "true"),
    .kind = "cold",
    .off = TRUE,
    .resize = SHAPE,
    .bandwidth = MIB / 2 },
  { .name = "revert",
    .policy = POLICY (P2P, "road", "stream", "shut-down", "true"),
    .kind = "cold",
    .off = TRUE,
    .reverts = TRUE },
  { .name = "revert-resize",
    .policy = POLICY (P2P, "shut-down", "true"),
    .kind = "cold",
    .boots = TRUE,
    .resize = SHAPE,
    .reverts = TRUE,
    .memory = 4 * MIB },
  { .name = "revert-suspend",
    .policy = POLICY (P2P),
    .kind = "suspend",
    .reverts = TRUE,
    .memory = 4 * MIB },
};
const guint fault_n_hows = G_N_ELEMENTS (fault_hows);
