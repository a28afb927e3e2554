/* One call to a hypervisor, as a record: what is asked, and what came back. A record instead of
 * thirty functions, so that bounding, failing the n-th call and replaying are each written once.
 * Reference-counted, because a call that does not return in time is left behind with its record. */
#pragma once

#include "model/model-private.h"

typedef enum
{
  MIGRATE_CALL_HOST_INFO,    /* -> host */
  MIGRATE_CALL_DOMAIN_FIND,  /* guest: name or UUID -> domain; NOT_FOUND */
  MIGRATE_CALL_DOMAIN_STATE, /* guest: UUID -> domain.state, .reason only; NOT_FOUND. Never hangs on
                                a monitor */
  MIGRATE_CALL_DOMAIN_XML,   /* guest, value: MigrateXmlFlags -> text_out */
  MIGRATE_CALL_JOB_STATS, /* guest, value: 1 for the completed job's -> stats. Uses the monitor */
  MIGRATE_CALL_CONTROL_INFO, /* guest -> value_out: ms that the monitor has been occupied, 0: free
                              */
  MIGRATE_CALL_MEMORY,       /* guest -> memory */
  MIGRATE_CALL_START_DIRTY_RATE, /* guest, value: seconds. MEMORY has the figure when they have
                                    passed */
  MIGRATE_CALL_MESSAGES, /* guest -> text_out: what the host keeps of QEMU's words, a line each */
  MIGRATE_CALL_FACTS, /* guest: name or UUID, nullable; question -> answer (facts-private.h). Uses
                         the monitor when there is a guest */
  MIGRATE_CALL_BASELINE_CPU, /* question (facts-private.h) -> text_out: a <cpu> that is in all;
                                UNSUPPORTED */
  MIGRATE_CALL_POOL_FIND,    /* storage.pool, or text_in: a folder -> text_out: the active pool of
                                files that it is, by name; NOT_FOUND, UNSUPPORTED: another kind of pool
                              */
  MIGRATE_CALL_VOLUME_FIND,  /* text_in: a path -> text_out: the volume's name; NOT_FOUND */
  MIGRATE_CALL_VOLUME_READ,  /* storage.pool, .name: after a refresh -> storage.bytes of the volume,
                                NULL: there is none; .names of all, NULL: they are too many */
  MIGRATE_CALL_VOLUME_INFO, /* storage.pool, .name: after a refresh; or text_in: a path -> text_out:
                               the volume's document; NOT_FOUND */
  MIGRATE_CALL_VOLUME_READ_AT, /* storage.pool, .name, .offset, .length: -> storage.skipped, a hole
                                  that comes first; .bytes, the data after it, as much as one call
                                  carries, nullable; .ended: nothing comes after these two. Holes
                                  that are small and amidst data are zeros in .bytes: who writes
                                  it elsewhere may leave them out again */
  MIGRATE_CALL_BLOCK_JOBS,     /* guest -> answer: a{sv}, by target: "done", "total" (t, bytes) and
                                  "ready" (b) of the mirror that runs on each disk */
  MIGRATE_CALL_SNAPSHOTS,   /* guest -> answer: "snapshots", "checkpoints" (as): their documents, a
                               parent before its children; "current" (s): the snapshot's name, if
                               one is. With passwords: steal it or copy it, for it is wiped with
                               the record */
  MIGRATE_CALL_SECRET_READ, /* text_in: UUID -> text_out: its document; storage.bytes: its value,
                               NULL: it has none, or may not be read. NOT_FOUND */
  MIGRATE_CALL_SAVED_XML,   /* text_in: path of a saved image, or guest: of its managed one; value:
                               MIGRATE_XML_SECURE -> text_out */
  MIGRATE_CALL_LAST_READ = MIGRATE_CALL_SAVED_XML,
  MIGRATE_CALL_VOLUME_WRITE,  /* storage.pool, .name, .bytes: a new volume */
  MIGRATE_CALL_VOLUME_REMOVE, /* storage.pool, .name, value: MigrateRefresh -> value_out: 1 where it
                                 was there */
  MIGRATE_CALL_POOL_CREATE, /* storage.pool, text_in: a folder, value: 1: made, where it is missing
                               -> a transient pool of it; value_out: 1 where the folder was made.
                               NOT_FOUND: there is no such folder; BUSY: another pool has it */
  MIGRATE_CALL_POOL_REMOVE, /* storage.pool, value: 1: its folder too, if that is empty; then
                               text_in, nullable, is that folder, for a pool that went with its
                               host. One that is gone already is as it should be */
  MIGRATE_CALL_VOLUME_CREATE,   /* storage.pool, text_in: its document (xml/volume); value: the
                                   capacity that is wanted to the byte, 0: as libvirt makes it.
                                   BUSY: there is one of that name; NO_SPACE */
  MIGRATE_CALL_VOLUME_RESIZE,   /* storage.pool, .name, value: capacity, bytes */
  MIGRATE_CALL_VOLUME_WRITE_AT, /* storage.pool, .name, .offset, .bytes. NO_SPACE */
  MIGRATE_CALL_SECRET_DEFINE,   /* text_in: its document; storage.name: its UUID; .bytes: its
                                   value, nullable. BUSY: there is one of that UUID, or of that
                                   use */
  MIGRATE_CALL_SECRET_REMOVE,   /* text_in: UUID. One that is gone is as it should be */
  MIGRATE_CALL_SNAPSHOT_DEFINE, /* guest, text_in: a document, value: 1: of a checkpoint, 2: it is
                                   the current snapshot */
  MIGRATE_CALL_CREATE_PAUSED,   /* text_in: a document: a transient guest whose CPUs do not run */
  MIGRATE_CALL_TOUCH_DISKS,     /* guest, question: a{sv}, by target: t: bytes that the disk has.
                                   Given that size once more, it has its hypervisor flush the
                                   file when that ends, whoever has written to it */
  MIGRATE_CALL_SHUT_DOWN,       /* guest: ask it to; returns before it did */
  MIGRATE_CALL_SAVE, /* guest, text_in: path. The guest is off afterwards, its memory is in there.
                        Lasts: on a connection of its own, as a transfer */
  MIGRATE_CALL_RESTORE,  /* text_in: path; transfer.dest_xml: nullable; value: 1: its CPUs do not
                            run. Lasts, too */
  MIGRATE_CALL_SET_MARK, /* guest, text_in: what its definition is marked with (MIGRATE_MARK_…);
                            NULL: with nothing */
  MIGRATE_CALL_SET_AUTOSTART,          /* guest, value: 0 or 1 */
  MIGRATE_CALL_SET_DOWNTIME,           /* guest, value: ms */
  MIGRATE_CALL_SET_BANDWIDTH,          /* guest, value: MiB/s */
  MIGRATE_CALL_SET_POSTCOPY_BANDWIDTH, /* guest, value: MiB/s, after the switch to post-copy */
  MIGRATE_CALL_SET_XBZRLE_CACHE,       /* guest, value: MiB */
  MIGRATE_CALL_SUSPEND,                /* guest */
  MIGRATE_CALL_RESUME,                 /* guest */
  MIGRATE_CALL_DESTROY,                /* guest */
  MIGRATE_CALL_UNDEFINE, /* guest, value: MigrateUndefine: the definition, all of it but disks and
                            what is named there */
  MIGRATE_CALL_PERSIST,  /* guest: define the running guest's own inactive XML */
  MIGRATE_CALL_DEFINE,   /* guest: for messages; text_in: its definition */
  MIGRATE_CALL_START,    /* guest: boot it from its definition */
  MIGRATE_CALL_POSTCOPY, /* guest: switch an outgoing transfer that is armed for it to post-copy */
  MIGRATE_CALL_SET_TIME, /* guest: through its agent, from the clock of the host */
  MIGRATE_CALL_TRIM,     /* guest: through its agent, discard what its file systems do not use */
  MIGRATE_CALL_ANNOUNCE, /* guest: tell the network again where it is */
  MIGRATE_CALL_ABORT, /* guest: ask for the end of an outgoing transfer; returns before it ended */
  MIGRATE_CALL_TRANSFER, /* guest, transfer. Lasts as long as the move */
  MIGRATE_CALL_LAST_KIND = MIGRATE_CALL_TRANSFER
} MigrateCallKind;

#define MIGRATE_XML_INACTIVE 1
#define MIGRATE_XML_MIGRATABLE 2
#define MIGRATE_XML_SECURE 4 /* with passwords: never to be kept */

#define MIGRATE_UNDEFINE_NVRAM 1        /* goes too; else it is kept */
#define MIGRATE_UNDEFINE_MANAGED_SAVE 2 /* goes too; else a guest that has one is refused */
#define MIGRATE_UNDEFINE_SNAPSHOTS                                                                 \
  4 /* what is written of them; else one that has some is refused */

#define MIGRATE_REFRESH_BEFORE 1
#define MIGRATE_REFRESH_AFTER 2

/* libvirt's numbers for states and reasons are used as they are: virDomainState and its reasons
 * are ABI there, and the only vocabulary that operators know. */
typedef enum
{
  MIGRATE_DOMAIN_NOSTATE = 0,
  MIGRATE_DOMAIN_RUNNING = 1,
  MIGRATE_DOMAIN_BLOCKED = 2,
  MIGRATE_DOMAIN_PAUSED = 3,
  MIGRATE_DOMAIN_SHUTDOWN = 4,
  MIGRATE_DOMAIN_SHUTOFF = 5,
  MIGRATE_DOMAIN_CRASHED = 6,
  MIGRATE_DOMAIN_PMSUSPENDED = 7
} MigrateDomainState;

enum
{
  MIGRATE_RUNNING_MIGRATED = 2,
  MIGRATE_RUNNING_UNPAUSED = 5,
  MIGRATE_RUNNING_MIGRATION_CANCELED = 6,
  MIGRATE_RUNNING_POSTCOPY = 10,
  MIGRATE_RUNNING_POSTCOPY_FAILED = 11,
  MIGRATE_PAUSED_USER = 1,
  MIGRATE_PAUSED_MIGRATION = 2,
  MIGRATE_PAUSED_SAVE = 3,
  MIGRATE_PAUSED_DUMP = 4,
  MIGRATE_PAUSED_IOERROR = 5,
  MIGRATE_PAUSED_WATCHDOG = 6,
  MIGRATE_PAUSED_SHUTTING_DOWN = 8,
  MIGRATE_PAUSED_SNAPSHOT = 9,
  MIGRATE_PAUSED_CRASHED = 10,
  MIGRATE_PAUSED_STARTING_UP = 11,
  MIGRATE_PAUSED_POSTCOPY = 12,
  MIGRATE_PAUSED_POSTCOPY_FAILED = 13,
  MIGRATE_SHUTOFF_SHUTDOWN = 1,
  MIGRATE_SHUTOFF_DESTROYED = 2,
  MIGRATE_SHUTOFF_CRASHED = 3,
  MIGRATE_SHUTOFF_MIGRATED = 4,
  MIGRATE_SHUTOFF_SAVED = 5,
  MIGRATE_SHUTOFF_FAILED = 6
};

typedef struct
{
  char *uuid;
  char *name;
  MigrateDomainState state;
  int reason;
  gboolean persistent;
  gboolean autostart;
  gboolean managed_save;
  char *mark; /* nullable: what its definition is marked with */
} MigrateDomain;

typedef struct
{
  char *hostname;
  char *uuid;
  char *hypervisor;        /* "QEMU" */
  guint64 libvirt_version; /* major * 1000000 + minor * 1000 + release */
  guint64 hypervisor_version;
} MigrateHostInfo;

typedef enum
{
  MIGRATE_JOB_NONE = 0,
  MIGRATE_JOB_ACTIVE,
  MIGRATE_JOB_COMPLETED,
  MIGRATE_JOB_FAILED,
  MIGRATE_JOB_CANCELLED
} MigrateJobType;

typedef struct
{
  MigrateJobType type;
  gboolean outgoing; /* a migration to elsewhere, not a backup or a save */
  guint64 elapsed_ms;
  guint64 memory_total, memory_processed, memory_remaining; /* bytes */
  guint64 memory_bps;                                       /* bytes/s */
  guint64 dirty_rate;                                       /* bytes/s */
  guint pass;
  guint throttle; /* percent */
  gboolean has_downtime;
  guint64 downtime_ms;     /* expected while active, measured after */
  guint64 downtime_net_ms; /* the same without the time that libvirt's own messages took */
  guint64 setup_ms;
  guint64 disk_total, disk_processed, disk_remaining; /* bytes */
  guint64 disk_bps;                                   /* bytes/s */
  guint64 memory_constant, memory_normal;             /* pages sent: of one byte, whole */
  guint64 memory_normal_bytes;
  guint64 page_size;
  guint64 postcopy_requests;                    /* pages that the destination has asked for */
  guint64 compression_cache, compression_bytes; /* bytes */
  guint64 compression_pages, compression_cache_misses, compression_overflow; /* pages */
} MigrateStats;

typedef enum
{
  MIGRATE_DIRTY_UNSTARTED,
  MIGRATE_DIRTY_MEASURING,
  MIGRATE_DIRTY_MEASURED
} MigrateDirtyStatus;

/* How a guest uses its memory. */
typedef struct
{
  guint64 current, resident; /* bytes: that it has, and that the host keeps for it; 0: not said */
  MigrateDirtyStatus dirty_status; /* of the last measurement that was started */
  guint dirty_period_s;
  guint64 dirty_rate; /* bytes/s of different pages written in that time */
} MigrateMemory;

/* What a transfer is given. */
typedef struct
{
  MigrateTransport transport;
  char *peer_uri;             /* the destination's libvirtd as the source's reaches it */
  char *destination_uri;      /* as we reach it; direct only: the backend opens it */
  char *migration_uri;        /* nullable */
  char *listen_address;       /* nullable */
  guint64 bandwidth;          /* MiB/s, 0: no limit */
  gboolean persist;           /* the guest is persistent: define there, undefine here */
  gboolean paused;            /* arrives paused */
  gboolean unsafe;            /* storage vouched for by the caller */
  gboolean postcopy;          /* armed: MIGRATE_CALL_POSTCOPY may switch */
  gboolean resume;            /* goes on with a post-copy that broke; postcopy is set too */
  guint64 postcopy_bandwidth; /* MiB/s, 0: no limit */
  gboolean throttle;          /* armed: the hypervisor slows the guest down when it sees fit */
  guint throttle_initial, throttle_increment; /* % */
  guint connections;                          /* that carry memory in parallel; 0: one stream */
  char **compression;                         /* nullable: its methods */
  guint compression_level;                    /* 0: the hypervisor's default; so the next two */
  guint compression_threads;
  guint64 xbzrle_cache; /* bytes */
  gboolean zero_copy;
  gboolean tls;
  char *tls_name; /* nullable: whom the destination's certificate names, where that is not the host
                     in the migration URI */
  char **disks;   /* targets of those whose data travels too; NULL, or none: no disk does */
  gboolean disks_top;   /* of each its top image alone; what is below is there already */
  gboolean sync_writes; /* the guest's writes to them wait for the destination */
  char *disks_uri;      /* nullable */
  gboolean keep_source; /* with persist: the definition here stays */
  gboolean carrier;     /* no guest of anybody's: nothing is persisted or undefined, its CPUs
                           never run */
  char *dest_xml, *persist_xml; /* nullable: the source's own; the guest as it runs, and its
                                   definition. With passwords: never kept, and wiped */
  int stage;                    /* MigrateTransferStage; atomic */
} MigrateTransfer;

/* Between asking for a transfer and libvirt's hearing of it lies a connection that may take for
 * ever to open: until it is open the transfer can be called off for good. */
typedef enum
{
  MIGRATE_TRANSFER_ASKED,
  MIGRATE_TRANSFER_BEGUN,
  MIGRATE_TRANSFER_CALLED_OFF
} MigrateTransferStage;

/* Of calls about volumes. */
typedef struct
{
  char *pool, *name;
  GBytes *bytes; /* a secret's are _migrate_secret_bytes_new () */
  char **names;
  guint64 offset, length, skipped; /* bytes */
  gboolean ended;
} MigrateVolumeCall;

typedef struct
{
  gatomicrefcount ref_count;
  MigrateCallKind kind;

  char *guest;
  guint64 value;
  MigrateTransfer transfer;
  char *text_in;
  GVariant *question; /* a{sv} */
  MigrateVolumeCall storage;

  MigrateHostInfo host;
  MigrateDomain domain;
  MigrateStats stats;
  MigrateMemory memory;
  char *text_out;
  guint64 value_out;
  GVariant *answer; /* a{sv} */
} MigrateCall;

MigrateCall *_migrate_call_new (MigrateCallKind kind, const char *guest);
MigrateCall *_migrate_call_ref (MigrateCall *self);
void _migrate_call_unref (MigrateCall *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MigrateCall, _migrate_call_unref)

const char *_migrate_call_kind_name (MigrateCallKind kind);
/* A copy that is wiped when nobody holds it any more. */
GBytes *_migrate_secret_bytes_new (gconstpointer data, gsize size);
/* Overwrites every text in it: only for who holds it alone; nullable. */
void _migrate_wipe_variant (GVariant *value);
void _migrate_domain_clear (MigrateDomain *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (MigrateDomain, _migrate_domain_clear)
void _migrate_domain_copy (const MigrateDomain *from, MigrateDomain *to);
void _migrate_host_info_clear (MigrateHostInfo *self);
void _migrate_transfer_clear (MigrateTransfer *self);
/* Its documents are of no use any more. */
void _migrate_transfer_forget_xml (MigrateTransfer *self);
/* libvirt's flags that it makes, by their names: "live", "peer2peer". */
char **_migrate_transfer_flag_names (const MigrateTransfer *self);
/* "running (migrated)": for people. */
char *_migrate_domain_describe (MigrateDomainState state, int reason);
