/* The policy: one table says everything about every key; properties, the key-file parser, the
 * command line, the journal and the documentation come from it. Beside it is what bindings read of
 * each key. A test finds a missing one. */
#include "model/policy-private.h"

static const char *const chore_words[] = { "clock", "trim", "announce", NULL };
static const char *const compression_words[] = { "xbzrle", "mt", "zlib", "zstd", NULL };

#define IN_FLIGHT TRUE

#define NUMBER(name, initial, least, most, unit, in_flight, meaning)                               \
  {                                                                                                \
    name, MIGRATE_POLICY_UINT, initial, least, most, NULL, unit, in_flight, meaning, NULL          \
  }
#define CHOICE(name, initial, type, in_flight, meaning)                                            \
  {                                                                                                \
    name, MIGRATE_POLICY_ENUM, initial, 0, 0, type, NULL, in_flight, meaning, NULL                 \
  }
#define WORDS(name, type, in_flight, meaning)                                                      \
  {                                                                                                \
    name, MIGRATE_POLICY_FLAGS, 0, 0, 0, type, NULL, in_flight, meaning, NULL                      \
  }
#define SWITCH(name, in_flight, meaning)                                                           \
  {                                                                                                \
    name, MIGRATE_POLICY_BOOL, FALSE, 0, 1, NULL, NULL, in_flight, meaning, NULL                   \
  }
#define LIST(name, words, meaning)                                                                 \
  {                                                                                                \
    name, MIGRATE_POLICY_LIST, 0, 0, 0, NULL, NULL, FALSE, meaning, words                          \
  }

const MigratePolicyKey _migrate_policy_keys[] = {
  CHOICE ("transport", MIGRATE_TRANSPORT_P2P, migrate_transport_get_type, FALSE,
          "who drives the transfer and by which way memory travels"),
  CHOICE ("hand-over", MIGRATE_HAND_OVER_FAST, migrate_hand_over_get_type, FALSE,
          "fast: libvirt resumes the guest there; strict: we do, once the source is proven gone"),
  CHOICE ("confirm", MIGRATE_CONFIRM_AUTO, migrate_confirm_get_type, FALSE,
          "manual: a run stops at the state “migrated”, and the program finalizes itself"),
  NUMBER ("bandwidth", 0, 0, 1024 * 1024, "MiB/s", IN_FLIGHT,
          "the most that memory may take of the link; 0: all there is"),
  NUMBER ("link-speed", 0, 0, 1024 * 1024, "MiB/s", FALSE,
          "what the link between the hosts carries, for the forecast; 0: not known, or learned"),
  NUMBER ("target-downtime", 150, 20, 2000000, "ms", IN_FLIGHT,
          "how long the guest should stand still at the hand-over"),
  NUMBER ("max-downtime", 500, 20, 2000000, "ms", IN_FLIGHT,
          "how long it may, when the target is out of reach"),
  WORDS ("allow", migrate_allow_get_type, IN_FLIGHT,
         "what may be done to the guest so that the move comes to an end"),
  CHOICE ("postcopy-start", MIGRATE_POSTCOPY_START_NEEDED, migrate_postcopy_start_get_type,
          IN_FLIGHT,
          "when a move that is allowed post-copy switches to it; there is no way back from it"),
  NUMBER (
    "postcopy-bandwidth", 0, 0, 1024 * 1024, "MiB/s", IN_FLIGHT,
    "the most that memory may take of the link after the switch to post-copy; 0: all there is"),
  NUMBER ("throttle-initial", 60, 1, 99, "%", FALSE,
          "how much of the guest's CPU time a throttle takes away at first"),
  NUMBER ("throttle-increment", 20, 1, 99, "%", FALSE,
          "how much more it takes away each time that this was not enough"),
  NUMBER ("connections", 0, 0, 255, "connections", FALSE,
          "how many carry memory in parallel; 0: one stream, without that protocol"),
  LIST ("compression", compression_words, "how memory is made smaller on its way"),
  NUMBER ("compression-level", 0, 0, 20, "(1: fastest)", FALSE,
          "how hard it is compressed; 0: the hypervisor's default"),
  NUMBER ("compression-threads", 0, 0, 255, "threads", FALSE,
          "how many compress with the method mt; 0: the hypervisor's default"),
  NUMBER ("xbzrle-cache", 0, 0, 1024 * 1024, "MiB", IN_FLIGHT,
          "the memory that the method xbzrle may use; 0: the hypervisor's default"),
  SWITCH ("zero-copy", FALSE, "send memory without copying it first; needs connections"),
  SWITCH ("tls", FALSE, "let the hypervisors encrypt memory on its way"),
  NUMBER ("resume-timeout", 300, 1, 24 * 3600, "s", IN_FLIGHT,
          "how long a broken post-copy is tried again before the job rests as failed"),
  NUMBER ("postcopy-timeout", 0, 0, 7 * 24 * 3600, "s", IN_FLIGHT,
          "how long the rest may take after the switch to post-copy; 0: from size and rate"),
  NUMBER ("deadline", 0, 0, 7 * 24 * 3600, "s", IN_FLIGHT,
          "how long the move may take until the hand-over; 0: no deadline"),
  CHOICE ("at-deadline", MIGRATE_AT_DEADLINE_GIVE_UP, migrate_at_deadline_get_type, IN_FLIGHT,
          "what is done with a copy that is not done at the deadline"),
  NUMBER ("memory-timeout", 0, 0, 7 * 24 * 3600, "s", IN_FLIGHT,
          "how long the copy of memory may take; 0: from size and rate"),
  NUMBER ("disk-timeout", 0, 0, 7 * 24 * 3600, "s", IN_FLIGHT,
          "how long the copy of disks may take; 0: from size and rate"),
  NUMBER ("call-timeout", 10000, 100, 600000, "ms", FALSE,
          "how long one question to a host may take"),
  NUMBER ("settle-timeout", 60, 1, 3600, "s", FALSE,
          "how long to go on asking a host that does not answer who runs the guest"),
  NUMBER ("stall-timeout", 120, 0, 3600, "s", IN_FLIGHT,
          "how long a copy of which nothing travels is waited for; 0: for ever"),
  NUMBER ("switchover-timeout", 60, 0, 3600, "s", IN_FLIGHT,
          "how long a switch-over that stands still is waited for; 0: for ever"),
  CHOICE ("at-stall", MIGRATE_AT_STALL_GIVE_UP, migrate_at_stall_get_type, IN_FLIGHT,
          "what is done with a copy or a switch-over that stands still for longer"),
  NUMBER ("poll-interval", 500, 50, 60000, "ms", IN_FLIGHT,
          "how often both hosts are asked while the transfer runs"),
  SWITCH ("shadow", IN_FLIGHT, "tell what convergence decides, and do nothing of it"),
  NUMBER ("hook-timeout", 60, 1, 3600, "s", FALSE,
          "how long the program may take to answer a request"),
  NUMBER ("fetch-timeout", 600, 1, 24 * 3600, "s", FALSE,
          "how long the program's image source may take to name a backing file"),
  NUMBER ("fence-timeout", 180, 1, 7200, "s", FALSE,
          "how long a fence may take to answer a recovery"),
  /* None by default: clock and trim need an agent in the guest, announce taints it in libvirt. */
  LIST ("chores", chore_words, "what is done in the moved guest after the move"),
  NUMBER ("chore-timeout", 60, 1, 3600, "s", FALSE, "how long one chore may take"),
  NUMBER ("space-margin", 20, 0, 1000, "%", FALSE,
          "how much more than it has now a disk that is to be copied may need at the destination"),
  NUMBER ("space-reserve", 1024, 0, 1024 * 1024 * 1024, "MiB", FALSE,
          "how much of the destination's pool is to be left when disks are copied into it"),
  LIST ("disks", NULL, "targets of the disks that are copied; none named: all that are not shared"),
  CHOICE ("disk-copy", MIGRATE_DISK_COPY_CHAIN, migrate_disk_copy_get_type, FALSE,
          "whether backing files travel as what they are, or each disk becomes one image"),
  CHOICE ("sync-writes", MIGRATE_SYNC_WRITES_NEEDED, migrate_sync_writes_get_type, FALSE,
          "when the guest's writes wait until they are at the destination too"),
  CHOICE ("road", MIGRATE_ROAD_AUTO, migrate_road_get_type, FALSE,
          "the way on which the images of a guest that does not run travel"),
  CHOICE ("verify", MIGRATE_VERIFY_AUTO, migrate_verify_get_type, FALSE,
          "which images are read back at the destination"),
  SWITCH ("keep-source", FALSE, "leave the images of the source where they are after the move"),
  SWITCH ("shut-down", FALSE, "a guest that runs may be shut down for a cold move"),
  NUMBER ("shutdown-timeout", 120, 1, 24 * 3600, "s", FALSE,
          "how long a guest may take to shut down when it is asked to"),
  LIST ("accept", NULL, "codes of findings that the caller takes on himself"),
};

G_STATIC_ASSERT (G_N_ELEMENTS (_migrate_policy_keys) == MIGRATE_N_POLICY_KEYS);

/* What a preset has different from the defaults. */
static const MigratePolicySetting presets[] = {
  { "gentle", "target-downtime", "100" },
  { "gentle", "max-downtime", "300" },
  { "fast", "target-downtime", "300" },
  { "fast", "max-downtime", "1000" },
  { "fast", "allow", "throttle" },
  { "fast", "connections", "2" },
  { "must-finish", "target-downtime", "300" },
  { "must-finish", "max-downtime", "2000" },
  { "must-finish", "allow", "throttle;postcopy;pause" },
  { "must-finish", "at-deadline", "pause" },
};

static const MigratePolicyPreset names[] = {
  { "default",
    "nothing is done to the guest but a stand-still of at most 500 ms; a copy that cannot "
    "end within it is given up" },
  { "gentle",
    "never disturbs the guest: a stand-still of 100 ms is aimed at and 300 ms is the most, "
    "it is not throttled, and stays where it is rather than that" },
  { "fast", "is done soon: the guest may stand still for a second, be throttled by its CPUs, and "
            "two connections carry its memory" },
  { "must-finish",
    "comes to an end: the guest may stand still for two seconds, be throttled, run at "
    "the destination before its memory is there, and be stopped for as long as the "
    "rest takes" },
};

const MigratePolicyPreset *
_migrate_policy_presets (gsize *n)
{
  *n = G_N_ELEMENTS (names);
  return names;
}

const MigratePolicySetting *
_migrate_policy_preset_settings (gsize *n)
{
  *n = G_N_ELEMENTS (presets);
  return presets;
}

/**
 * MigratePolicy:transport:
 *
 * Who drives the transfer, and by which way memory travels.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:hand-over:
 *
 * How the guest changes hands: with the strict way it arrives paused and is resumed once the
 * source is proven gone.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:confirm:
 *
 * Whether a run stops at the state `migrated`, so that the program finalizes itself.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:bandwidth:
 *
 * The most that memory may take of the link, in MiB/s; 0 for all there is.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:link-speed:
 *
 * What the link between the hosts carries, in MiB/s, for the forecast alone: it limits nothing.
 * With 0 it is learned from earlier moves between these hosts, or not known.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:target-downtime:
 *
 * How long the guest should stand still at the hand-over, in milliseconds: the limit that a copy
 * begins with. It is raised towards `max-downtime` when the copy shows that the target is out of
 * reach, or far. May be changed in flight.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:max-downtime:
 *
 * How long the guest may stand still at the hand-over when the target cannot be had, in
 * milliseconds. A value below the target counts as the target. May be changed in flight.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:allow:
 *
 * What may be done to the guest so that the move comes to an end; nothing by default. Post-copy
 * excludes the transport `tunnelled`, the hand-over `strict` and a guest that is paused. In
 * flight, post-copy and throttling can be taken away from a move that was started with them, but
 * not given to one that was not.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:postcopy-start:
 *
 * When a move that is allowed post-copy switches to it. The switch is the hand-over: after it the
 * guest runs at the destination, its memory is on both hosts, and a cancel is too late.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:postcopy-bandwidth:
 *
 * The most that memory may take of the link after the switch to post-copy, in MiB/s; 0 for all
 * there is. What the guest itself asks for is not held back.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:throttle-initial:
 *
 * How much of the guest's CPU time the hypervisor takes away when it begins to throttle, in
 * percent. Counts only where `allow` names `throttle`.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:throttle-increment:
 *
 * How much more it takes away each time that this was not enough, in percent.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:connections:
 *
 * How many connections carry memory in parallel; 0 for one stream without that protocol. Excludes
 * the transport `tunnelled`.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:compression:
 *
 * How memory is made smaller on its way: `xbzrle` sends what changed in a page that was sent
 * before, `mt` compresses each page; `zlib` and `zstd` compress what parallel connections carry.
 * None by default.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:compression-level:
 *
 * How hard `mt`, `zlib` and `zstd` compress: 1 is the fastest, 9 the smallest (20 with `zstd`); 0
 * leaves it to the hypervisor.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:compression-threads:
 *
 * How many threads compress with the method `mt`; 0 leaves it to the hypervisor.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:xbzrle-cache:
 *
 * How much memory the method `xbzrle` may use at the source, in MiB; 0 leaves it to the
 * hypervisor. May be changed in flight.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:zero-copy:
 *
 * Whether memory is sent without being copied first. Needs parallel connections; excludes
 * compression and TLS, and locks the guest's memory at the source.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:tls:
 *
 * Whether memory travels encrypted by the hypervisors, with the certificates that both hosts are
 * configured with. Excludes the transport `tunnelled`, which has the encryption of its connection.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:resume-timeout:
 *
 * How long a post-copy that broke is tried again, in seconds, before the job rests as failed. It
 * can be followed again after that.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:postcopy-timeout:
 *
 * How long the rest of memory may take after the switch to post-copy, in seconds, while nothing is
 * broken; past it the job rests as failed, and the guest goes on. 0: twenty times what the rest
 * takes at the measured rate, and ten minutes at least.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:deadline:
 *
 * How long the move may take until the hand-over, in seconds, from the start of the transfer; past
 * it `at-deadline` says what is done. A copy that cannot end is not given up before a deadline
 * that the caller has set. 0: none.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:at-deadline:
 *
 * What is done with a copy that is not done at the deadline: it is given up; or, where that is
 * allowed, the move switches to post-copy or stops the guest and finishes.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:memory-timeout:
 *
 * How long the copy of memory may take, in seconds, whatever the deadline of the whole is; 0:
 * twenty times what its size takes at the measured rate, and ten minutes at least.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:disk-timeout:
 *
 * How long the copy of disks may take, in seconds; 0: as with memory.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:call-timeout:
 *
 * How long one question to a host may take, in milliseconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:settle-timeout:
 *
 * How long to go on asking a host that does not answer who runs the guest, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:stall-timeout:
 *
 * How long a copy of which nothing travels is waited for, in seconds; past it `at-stall` says what
 * is done. 0: for ever.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:switchover-timeout:
 *
 * How long a guest may stand still in a switch-over that does not go on, in seconds, and three
 * times what it may take at the most; past it `at-stall` says what is done. 0: for ever.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:at-stall:
 *
 * What is done when a copy or a switch-over stands still for longer than its time: the move is
 * given up, or it is waited for, and that is told once.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:poll-interval:
 *
 * How often both hosts are asked while the transfer runs, in milliseconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:shadow:
 *
 * Whether what convergence decides is only told, and not done: to see what it would do. Deadlines
 * and stalls are acted upon all the same, so that the move ends.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:hook-timeout:
 *
 * How long the program may take to answer a request, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:fetch-timeout:
 *
 * How long the program's image source may take to name a backing file, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:fence-timeout:
 *
 * How long a fence may take to answer a recovery, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:chores:
 *
 * What is done after the move, in this order: `clock` sets the guest's clock, `trim` discards what
 * its file systems do not use (both through the guest's agent), `announce` tells the network again
 * where the guest is (libvirt marks the guest as tainted by that). None by default.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:chore-timeout:
 *
 * How long one chore may take, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:space-margin:
 *
 * How much more than it has now a disk that is to be copied may need at the destination, in
 * percent: the guest goes on writing. It never needs more than its capacity.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:space-reserve:
 *
 * How much of the destination's pool is to be left when disks are copied into it, in MiB.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:disks:
 *
 * Targets (`vda`) of the disks that are copied. With none named it is all that are not shared and
 * may be written. Only with the kinds `block`, `cold` and `suspend`.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:disk-copy:
 *
 * Whether an image keeps its backing files, which then travel too, or each disk becomes one image
 * without any. Only with the kind `block`: what does not run travels file by file.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:sync-writes:
 *
 * When the guest's writes to a disk that is being copied wait until they are at the destination
 * too: a guest that writes faster than the link carries is slowed down by it.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:road:
 *
 * The way on which the images of a guest that does not run travel: from hypervisor to hypervisor,
 * or through libvirt's streams and this process.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:verify:
 *
 * Which images are read back at the destination before the source lets go of its own.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:keep-source:
 *
 * Whether the images of the source are left where they are after the move. They are never removed
 * unless the probe has proven that they are not the destination's, and the guest is good there.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:shut-down:
 *
 * Whether a guest that runs may be shut down for a cold move. It is asked first, by its agent or by
 * ACPI; the move fails when it does not within `shutdown-timeout`, and the guest goes on.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:shutdown-timeout:
 *
 * How long a guest may take to shut down when it is asked to, in seconds.
 *
 * Since: 1.0
 */
/**
 * MigratePolicy:accept:
 *
 * Codes of findings that the caller takes on himself; not every blocker can be accepted. A code
 * that cannot, or that no check has, is a warning of the report, and accepts nothing.
 *
 * Since: 1.0
 */
