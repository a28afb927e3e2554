/* The simulator: a world of libvirt hosts in memory, behind the same seam as libvirt itself, for
 * tests. It is deterministic: one thread runs at a time, in an order drawn from a seed, and its
 * clock moves only when every thread waits. What hosts and guests do is reference/libvirt.md §2.1
 * played out.
 *
 *   SimWorld *world = sim_world_new ("w", 1);
 *   sim_world_add_host (world, "h1");
 *   sim_world_add_host (world, "h2");
 *   sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g0", .memory = 64 << 20 });
 *   sim_world_at (world, SIM_AT_PERFORM, 50,
 *                 &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = "h2" });
 *   … move it from sim://w/h1 to sim://w/h2 with the library …
 *   cr_assert_str_eq (sim_world_describe (world, "g0"), "h1: running (booted) persistent | h2: -");
 *   cr_assert_eq (sim_world_get_violations (world)->len, 0);
 *   sim_world_free (world);
 *
 * Whose thread: all functions may be called from any thread. Actors (threads that take turns) are
 * those made by start_thread, and any other thread while it is inside a blocking library call.
 * While the test's own thread is none of them, the others go on without it, as far as time takes
 * them; a test that does one thing after another enters first. A run is reproducible as long as
 * one thread of the test drives everything. */
#pragma once

#include "virt/backend-private.h"

typedef struct _SimWorld SimWorld;

/* ---- the world ---- */

/* Serves "sim" URIs; called by sim_world_new(), and at load for MIGRATE_SIM. */
void _sim_register (void);
SimWorld *sim_world_new (const char *name, guint64 seed);
/* "world=w;hosts=2;guests=500;memory=64M;dirty=1M;working-set=8M;bandwidth=1G;seed=1;pace=100":
 * guests g0… on h1; "cpu=Nehalem": that and "aes" on all hosts; "also=h3": they are on h3 too, as
 * only a move that went wrong leaves them; "off=1": they do not run;
 * "image=64M;data=8M;write=1M": each has an image of its own, /images/g0.qcow2 in the pool “images”
 * that all hosts have, each its own; "base=200K": below each of them is SIM_SPEC_BASE, that many
 * letters b; "server=nbd.sim": each has a disk there, vdb, named as the guest; "file=PATH": it is
 * as a program before has left it there, and left there when this one exits; "fail=undefine:h2#1":
 * a call that fails. What MIGRATE_SIM holds. NULL: not understood. */
#define SIM_SPEC_BASE "/images/base"
SimWorld *sim_world_new_from_spec (const char *spec);
/* Lets go of every call that hangs with an error, waits until no actor is left and aborts the
 * program if one stays. Leaves for the calling thread, when it has entered. The shell of the world
 * stays, for backends live as long as the process. */
void sim_world_free (SimWorld *self);
MigrateBackend *sim_world_get_backend (SimWorld *self);

/* Up, with libvirtd, linked to all other hosts at 125 MB/s. */
void sim_world_add_host (SimWorld *self, const char *name);
/* Two hosts with the same machine id: refused by Prepare. */
void sim_world_set_host_uuid (SimWorld *self, const char *host, const char *uuid);
/* What its hypervisor can give a guest: features are names with a blank between. Without it a host
 * tells nothing of CPUs, as a driver that does not know them. */
void sim_world_set_cpu (SimWorld *self, const char *host, const char *model, const char *features);
/* Calls that libvirtd serves at once, 20 by default; 0: no limit. */
void sim_world_set_workers (SimWorld *self, const char *host, guint workers);
/* Transfers share the bandwidth of a link evenly. */
void sim_world_set_bandwidth (SimWorld *self, const char *a, const char *b, guint64 bytes_per_s);
/* Our connections notice a silent host after this time; 0, the default: never. */
void sim_world_set_keepalive (SimWorld *self, guint ms);
/* Virtual time runs at most this many times as fast as real time, for programs whose main loop is
 * not an actor; 0, the default: as fast as it can. */
void sim_world_set_pace (SimWorld *self, guint times);

#define SIM_NEVER G_MAXUINT

/* A disk of a guest that opens its files: they are looked at when it starts, and what it has left
 * there is what it must find again. */
typedef struct
{
  const char *target;
  const char *path;
  const char *format; /* NULL: none is declared */
  const char *device; /* NULL: disk */
  const char *secret; /* its passphrase's UUID; NULL: it is not encrypted */
  const char *server; /* of NBD, which has it under the name in path; NULL: it is a file */
  gboolean read_only, shareable;
  guint64 write_rate; /* bytes/s */
  gboolean scratch;   /* what is on it does not matter */
} SimDiskSpec;

typedef struct
{
  const char *name;
  const char *uuid;    /* NULL: made from the name */
  guint64 memory;      /* bytes; 0: 64 MiB */
  guint64 dirty_rate;  /* bytes/s */
  guint64 working_set; /* bytes; 0: all memory */
  gboolean cpu_bound;  /* writes less under a throttle; else it is paced by the clock */
  gboolean transient;
  gboolean autostart;
  MigrateDomainState state; /* 0: running. Also paused (by the user), shut off */
  const char *disk;         /* path of a file disk; NULL: none. Nobody looks what is there */
  const SimDiskSpec *disks; /* nullable; the last has no target. Their files must be there */
  const char *nvram;        /* path; NULL: none */
  guint shut_down_ms;       /* from being asked to being off; 0: at once; SIM_NEVER */
  const char *xml;          /* NULL: one that fits the rest */
} SimGuestSpec;

void sim_world_add_guest (SimWorld *self, const char *host, const SimGuestSpec *spec);

/* A pool of a host. Pools of one storage, whichever host has them, are one folder. */
typedef struct
{
  const char *name;
  const char *target;  /* its path there */
  const char *storage; /* what is behind it; NULL: the host's own */
  gboolean inactive;
  gboolean read_only;  /* that host mounts it so */
  gboolean full;       /* for that host */
  gboolean of_devices; /* not of files */
  gboolean timeless;   /* libvirt does not tell when its volumes were written */
  gboolean caches;     /* its host learns of others' changes only when it makes one itself */
  guint stale_ms;      /* … and of a file's size and times when what it knows is so old */
} SimPoolSpec;

void sim_world_add_pool (SimWorld *self, const char *host, const SimPoolSpec *spec);
void sim_world_add_file (SimWorld *self, const char *storage, const char *name);
/* A link to a file of each host's own, or of one host only. */
void sim_world_link_file (SimWorld *self, const char *storage, const char *name,
                          const char *only /* nullable */);
/* Somebody writes to it, now and always. */
void sim_world_write_file (SimWorld *self, const char *storage, const char *name);
void sim_world_clear_files (SimWorld *self, const char *storage);
/* A folder of a host, on a storage that others may have too; NULL: the host's own. Folders that are
 * below one are on the same. Images, and pools without a storage, make theirs. */
void sim_world_add_folder (SimWorld *self, const char *host, const char *path, const char *storage);

/* A file with something in it. Data costs nothing, however much it is. */
typedef struct
{
  const char *path;
  const char *format;   /* NULL: raw; or qcow2 */
  guint64 capacity;     /* bytes; raw: 0: as much as there is data */
  guint64 offset, data; /* bytes: the data, and where it begins */
  guint pattern;        /* of the data; 0: of the path */
  const char *text;     /* nullable: real bytes instead, from offset */
  const char *backing, *backing_format;
  const char *compat;     /* NULL: 1.1 */
  guint64 cluster_size;   /* 0: 65536 */
  const char *encryption; /* a format; NULL: none */
  const char *secret;     /* its UUID */
  const char *snapshots;  /* nullable: names of internal ones */
  gboolean lazy_refcounts, extended_l2;
} SimImageSpec;

/* From then on the hosts tell of their files and pools too. */
void sim_world_add_image (SimWorld *self, const char *host, const SimImageSpec *spec);
/* That many bytes are free in the folder, which is a file system of its own; G_MAXUINT64: any. */
void sim_world_set_room (SimWorld *self, const char *host, const char *folder, guint64 bytes);
/* Whether hosts see each other's locks of images on this storage; they do, else. */
void sim_world_set_locks (SimWorld *self, const char *storage, gboolean locks);
/* Sixteen bytes of the file are others. */
void sim_world_spoil (SimWorld *self, const char *host, const char *path, guint64 offset);
void sim_world_truncate (SimWorld *self, const char *host, const char *path, guint64 size);
/* Its operator has removed it. */
void sim_world_remove_path (SimWorld *self, const char *host, const char *path);
/* The stream that reads or writes this byte of it breaks there, once. */
void sim_world_cut_stream (SimWorld *self, const char *host, const char *path, guint64 offset);

/* What libvirt knows of a guest beside its definition. */
typedef enum
{
  SIM_SNAPSHOT,
  SIM_CURRENT_SNAPSHOT,
  SIM_CHECKPOINT
} SimSnapshot;

void sim_world_add_snapshot (SimWorld *self, const char *host, const char *guest, const char *xml,
                             SimSnapshot kind);
/* "s1", "*s2" the current one, "checkpoint c1"; the caller's. */
char **sim_world_list_records (SimWorld *self, const char *host, const char *guest);
/* The document of a snapshot; NULL: there is none. The caller's. */
char *
sim_world_dup_snapshot (SimWorld *self, const char *host, const char *guest, const char *name);
/* value: NULL: it has none. */
void sim_world_add_secret (SimWorld *self, const char *host, const char *uuid, const char *document,
                           const char *value);
/* NULL: there is none; "": it has no value. The caller's. */
char *sim_world_dup_secret (SimWorld *self, const char *host, const char *uuid);
/* The guest is saved by libvirt to its own folder, and is off. */
void sim_world_managed_save (SimWorld *self, const char *host, const char *guest);
/* Every libvirtd looks into its folders. */
void sim_world_refresh_pools (SimWorld *self);

/* ---- what the test reads ---- */

/* By name; the caller's. */
char **sim_world_list_files (SimWorld *self, const char *storage);
/* All that the host sees, whole paths; the caller's. */
char **sim_world_list_paths (SimWorld *self, const char *host);
/* Of all guests that the host knows, carriers too. */
char **sim_world_list_guests (SimWorld *self, const char *host);
char **sim_world_list_pools (SimWorld *self, const char *host);
gboolean sim_world_has_folder (SimWorld *self, const char *host, const char *path);
/* "SIZE bytes CHECKSUM" of the file; holes are zeros. NULL: there is none. The caller's. */
char *sim_world_dup_bytes_of (SimWorld *self, const char *host, const char *path);
/* A checksum of the disk that is in it, through its chain. NULL: it cannot be read. The caller's.
 */
char *sim_world_dup_content_of (SimWorld *self, const char *host, const char *path);
/* As “qemu-img info --backing-chain” tells it, a line for each. The caller's. */
char *sim_world_dup_chain_of (SimWorld *self, const char *host, const char *path);
/* Part of it was written by its libvirtd, and would go with the host's power. */
gboolean sim_world_is_unflushed (SimWorld *self, const char *host, const char *path);
guint64 sim_world_get_room (SimWorld *self, const char *host, const char *folder);
guint64 sim_world_get_allocation (SimWorld *self, const char *host, const char *path);
/* What libvirtd says of it, without looking. */
char **sim_world_list_volumes (SimWorld *self, const char *host, const char *pool);

typedef struct
{
  gboolean exists;
  gboolean active;
  MigrateDomainState state;
  int reason;
  gboolean persistent;
  gboolean autostart;
  gboolean has_job; /* libvirt's, in or out */
  guint64 counter;  /* what this copy has counted, ms of its CPUs' time */
  guint boots;      /* cold starts of the guest up to this copy */
} SimDomainInfo;

SimDomainInfo sim_world_get_domain (SimWorld *self, const char *host, const char *guest);
/* As that libvirtd has it, passwords and all; of the guest as it runs, or of its definition. The
 * caller's. */
char *sim_world_dup_xml (SimWorld *self, const char *host, const char *guest, gboolean definition);
/* The last transfer that was asked for, as it was asked for. Borrowed; NULL: there was none. */
const MigrateTransfer *sim_world_get_asked (SimWorld *self);
/* "h1: running (booted) persistent autostart job | h2: -"; borrowed until the world's end. */
const char *sim_world_describe (SimWorld *self, const char *guest);
/* "split: …" two copies ran at once; "stale: …" a copy ran on that a newer one had left behind;
 * "lost: …" one ran on a disk that is not what it had left, or on none; "writers: …" two guests
 * wrote to one image; "removed: …" the last image of a disk went. */
GPtrArray *sim_world_get_violations (SimWorld *self);
/* "actor:kind:host#n", in the order in which it happened. */
GPtrArray *sim_world_get_trace (SimWorld *self);
gint64 sim_world_get_now (SimWorld *self);
guint sim_world_count_calls (SimWorld *self, const char *which);
guint sim_world_count_points (SimWorld *self);
guint sim_world_count_transfers (SimWorld *self); /* under way, with or without a caller */
/* From now on a thread of start_thread that has ended is used again, in all worlds. */
void sim_keep_threads (void);
/* The guest writes more or less from now on, wherever it runs. */
void sim_world_set_dirty_rate (SimWorld *self, const char *guest, guint64 bytes_per_s);
/* What the guest does from now on, in memory and on its disks, may be lost. */
void sim_world_give_up (SimWorld *self, const char *guest);
/* Between the two the calling thread is an actor, and time passes only in its calls and sleeps. A
 * stop does not stop it: to be killed, the library must run in another thread, as start_thread
 * makes them. */
void sim_world_enter (SimWorld *self);
void sim_world_leave (SimWorld *self);
/* Virtual time passes. Works in a stopped world too. */
void sim_world_sleep (SimWorld *self, guint ms);

/* ---- calls that fail ----
 * which: "*", "*:h1", "transfer", "transfer:h1": kind and host; kinds as in the trace ("open",
 * "domain-state", …). n counts from 1 among the calls that match, from the world's beginning. */

/* The call is refused, nothing happens. vir_code: 9, 38, 68, …, turned into a MigrateError. */
void sim_world_fail_call (SimWorld *self, const char *which, guint n, int vir_code);
/* What was asked is done, the answer is lost: code 38. */
void sim_world_lose_answer (SimWorld *self, const char *which, guint n);
/* The call never returns; at teardown, with UNREACHABLE. */
void sim_world_hang_call (SimWorld *self, const char *which, guint n);

/* What was to go wrong with a call or a message, or to happen at a call, a point or a transfer's
 * stage, and did not yet, does not any more. */
void sim_world_disarm (SimWorld *self);

/* ---- things that happen to the world ---- */

typedef enum
{
  SIM_KILL_LIBVIRTD, /* SIGKILL: QEMU lives on */
  SIM_START_LIBVIRTD,
  SIM_HANG_LIBVIRTD, /* SIGSTOP */
  SIM_UNHANG_LIBVIRTD,
  SIM_WEDGE, /* open never answers, connections that exist work on */
  SIM_UNWEDGE,
  SIM_KILL_QEMU, /* of guest on host */
  SIM_HANG_QEMU,
  SIM_UNHANG_QEMU,
  SIM_POWER_OFF,  /* the guest shuts itself down, wherever it runs */
  SIM_KILL_HOST,  /* power: nothing answers, not even with a reset */
  SIM_START_HOST, /* boots: guests with autostart too */
  SIM_CUT_LINK,   /* host to peer, daemons and data; packets vanish */
  SIM_CUT_DAEMONS,
  SIM_CUT_DATA,
  SIM_RESTORE_LINK,
  SIM_CUT_CONTROL, /* us to host */
  SIM_RESTORE_CONTROL,
  SIM_REFUSE_PREPARE, /* host refuses the next incoming transfer with text, code 9 */
  SIM_FAIL_PERSIST,   /* host cannot save the next incoming definition */
  SIM_FAIL_MIRROR,    /* of guest's transfer, with text: at the disk named by peer, or the first */
  SIM_KILL_CLIENT,    /* our process, as a direct transfer sees it */
  /* Post-copy, of guest: somebody switches an armed transfer; an end's TCP gives up; the operator
   * resets the stream at the destination, as "ss -K" does. */
  SIM_START_POSTCOPY,
  SIM_BREAK_STREAM,      /* both ends */
  SIM_BREAK_STREAM_HALF, /* the source's end only */
  SIM_RESET_STREAM,
  SIM_CALL, /* func, with the world held: it may only use sim_world_do, _at, and readers */
  /* What hosts end by themselves; not for tests. */
  SIM_END_SAVE,
  SIM_END_RESTORE,
  SIM_END_SHUT_DOWN
} SimWhat;

typedef struct
{
  SimWhat what;
  const char *host;  /* also "source", "destination" of the transfer, in sim_world_at() */
  const char *peer;  /* the link's other end */
  const char *guest; /* NULL: the transfer's */
  guint after_ms;    /* later by this much */
  const char *text;
  void (*func) (SimWorld *world, gpointer data);
  gpointer data;
} SimAction;

typedef enum
{
  SIM_AT_TIME,      /* arg: ms from now */
  SIM_AT_BEGIN,     /* the source has begun */
  SIM_AT_PREPARE,   /* Prepare has reached the destination */
  SIM_AT_PERFORM,   /* arg: percent of memory sent, once */
  SIM_AT_MIRROR,    /* arg: percent of the disks sent, before memory */
  SIM_AT_SWITCH,    /* the guest was stopped at the source */
  SIM_AT_PERFORMED, /* all is sent, Finish was not */
  SIM_AT_FINISH,    /* Finish has reached the destination, CPUs do not run yet */
  SIM_AT_STARTED,   /* the destination's CPUs run, no reply yet */
  SIM_AT_CONFIRM,   /* the reply has reached the driver, the source is not released yet */
  SIM_AT_POSTCOPY,  /* arg: percent of what had remained at the switch to post-copy */
  /* arg: n, from the world's beginning. They know no transfer: the action names its guest. */
  SIM_AT_CALL, /* our n-th call, before it is served */
  SIM_AT_POINT /* the n-th point */
} SimAt;

/* A post-copy whose path is cut stalls. QEMU's TCP goes on by itself a while after the path is
 * back; in a longer cut the source's end gives up, and later, having had more to wait for, the
 * destination's. */
#define SIM_STREAM_BACK_MS 15000
#define SIM_SOURCE_GIVES_UP_MS 60000
#define SIM_DESTINATION_GIVES_UP_MS 120000

/* Once, now. */
void sim_world_do (SimWorld *self, const SimAction *action);
/* Once, for the first transfer that gets there (of action->guest, when that is set). */
void sim_world_at (SimWorld *self, SimAt when, guint arg, const SimAction *action);

/* A message is lost and so is the connection that carried it: both ends notice by keep-alive,
 * after 29 s. Peer-to-peer has prepare and finish only. */
typedef enum
{
  SIM_MSG_BEGIN,
  SIM_MSG_BEGIN_REPLY,
  SIM_MSG_PREPARE,
  SIM_MSG_PREPARE_REPLY,
  SIM_MSG_PERFORM,
  SIM_MSG_PERFORM_REPLY,
  SIM_MSG_FINISH,
  SIM_MSG_FINISH_REPLY,
  SIM_MSG_CONFIRM,
  SIM_MSG_CONFIRM_REPLY,
  SIM_MSG_LAST = SIM_MSG_CONFIRM_REPLY
} SimMessage;

void sim_world_lose (SimWorld *self, SimMessage message, guint nth);

/* ---- our process is killed ---- */

/* At the n-th point (journal write) or call from the world's beginning: from then on every seam
 * call of every actor hangs until teardown, its connections are closed, the hosts go on. */
void sim_world_stop_at_point (SimWorld *self, guint n);
void sim_world_stop_at_call (SimWorld *self, guint n);
gboolean sim_world_is_stopped (SimWorld *self);
/* real_ms of real time at most; an actor lets virtual time pass meanwhile. */
gboolean sim_world_wait_stopped (SimWorld *self, guint real_ms);
/* Now. Not by an actor that is not the test's own. */
void sim_world_kill_client (SimWorld *self);
/* Those that were stopped stay so; threads that come in from now on are a new process. */
void sim_world_restart_client (SimWorld *self);
/* With a path: when stopped, the world is written there and the program ends by _exit() with
 * SIM_EXIT_STOPPED: fork, kill, and go on in another process. */
#define SIM_EXIT_STOPPED 77
void sim_world_set_stop_file (SimWorld *self, const char *path);
/* Hosts, guests, links, storage, transfers under way, clock and violations; not faults, not
 * callbacks. */
gboolean sim_world_save (SimWorld *self, const char *path);
SimWorld *sim_world_load (const char *path);
