/* What both hosts said about one move, at one time. Immutable once gathered.
 *
 * The truth is the snapshot, a GVariant: gathering only fills it, reading it makes all the rest,
 * and a file of it gives the same facts elsewhere. The checks see the structures alone. */
#pragma once

#include "steps/work-private.h"
#include "storage/storage-private.h"
#include "xml/xml-private.h"

typedef enum
{
  MIGRATE_CPU_UNKNOWN, /* it was not asked, or cannot tell */
  MIGRATE_CPU_INCOMPATIBLE,
  MIGRATE_CPU_COMPATIBLE
} MigrateCpuAnswer;

/* A file that a guest names, as a host sees it through its pools. */
typedef struct
{
  char *path;
  gboolean found;
  char *pool;            /* the active one that has its directory; nullable: no pool has it */
  MigrateVolume *volume; /* nullable unless found */
} MigrateFileFacts;

typedef struct
{
  guint node;
  guint64 kib, free; /* size of a page, number of free ones */
} MigrateFreePages;

typedef struct
{
  char *uuid, *usage, *usage_type;
} MigrateSecretFacts;

/* NULL: it is not among them. secrets: nullable. */
const MigrateSecretFacts *
_migrate_secret_find (const GPtrArray *secrets, const MigrateSecretUse *use);

/* One host. What a host could not tell is NULL, or 0 where said so: never a finding by itself. */
typedef struct
{
  MigrateCapabilities *capabilities;
  MigrateDomainCapabilities *domain; /* for this guest's emulator, architecture and machine */
  char *domain_error;   /* why it has none: that machine or emulator is not known there */
  MigrateCpuAnswer cpu; /* of the guest's CPU against the hypervisor there */
  char *cpu_why;        /* libvirt's words on it */
  GPtrArray *networks;  /* MigrateNetwork: those that the guest names and the host has */
  char **filters;       /* names of its network filters */
  char **bridges;       /* host interfaces by name, bridges among them */
  char **devices;       /* node devices: "pci_0000_06_12_5", "mdev_…" */
  GPtrArray *secrets;   /* MigrateSecretFacts */
  GPtrArray *pools; /* MigratePool, active ones and others; never proof that there is no other */
  GPtrArray *files; /* MigrateFileFacts: every path that the guest names */
  guint64 memory_free, memory_total; /* bytes; 0: not known */
  GArray *free_pages;                /* MigrateFreePages */
  guint cpus_online;                 /* 0: not known */
  char *cpu_map;                     /* those online, "0-7" */
  guint max_vcpus;                   /* 0: not known */
} MigrateHostFacts;

/* The guest on a host that is neither end of the move: only who asks many hosts knows of it. */
typedef struct
{
  char *host; /* as it was given; never NULL */
  MigrateDomain guest;
} MigrateElsewhere;

/* What a snapshot keeps beside the guest's definition: memory, or an image. */
typedef struct
{
  char *snapshot, *path;
} MigrateSnapshotFile;

void _migrate_snapshot_file_free (MigrateSnapshotFile *self);

typedef enum
{
  MIGRATE_RESOLVED_UNKNOWN,
  MIGRATE_RESOLVED,
  MIGRATE_RESOLVED_NOT
} MigrateResolved;

struct _MigrateFacts
{
  gatomicrefcount ref_count;
  GVariant *snapshot; /* a{sv} */
  gint64 taken;       /* wall clock, microseconds */
  MigrateHostInfo source, destination;
  MigrateHostFacts on_source, on_destination;
  MigrateDomain guest; /* at the source */
  MigrateGuest *shape; /* its live document; never NULL */
  char *xml;           /* that document, migratable, without secrets; never NULL */
  char *inactive_xml;  /* nullable: transient; without secrets */
  char *definition;    /* nullable: how it is defined there, for the journal; only where that has no
                          secrets */
  gboolean guest_has_job;
  guint n_snapshots, n_checkpoints;
  GPtrArray *snapshot_files; /* MigrateSnapshotFile; nullable */
  gboolean can_time;         /* the guest's agent is connected */
  GPtrArray *disks;          /* MigrateDisk; the shape's */
  GPtrArray *probed;         /* MigrateProbed; never NULL; of each disk that was probed */
  gboolean found_uuid;       /* the destination knows the guest's UUID */
  MigrateDomain same_uuid;
  GPtrArray *elsewhere; /* MigrateElsewhere; nullable: no other host was asked */
  gboolean has_record;  /* the platform was asked */
  char *record;         /* the host that it names; nullable: it has no such guest */
  gboolean found_name;  /* the destination knows the guest's name */
  MigrateDomain same_name;
  MigrateResolved resolved;          /* the address that the source will be given, as we see it */
  char *address;                     /* that address; nullable */
  MigrateMapping *mapping, *profile; /* of the request; nullable */
  GVariant *resize;                  /* a{sv}, nullable: the same */
};

/* Gather: what is asked is put down in it too, without secrets. Errors: INVALID, NOT_FOUND,
 * UNREACHABLE, TIMED_OUT, DENIED. */
MigrateFacts *_migrate_facts_gather (MigrateWork *work, GError **error);
/* The same in two halves, for many destinations: all that the source says (a{sv}), which is asked
 * once, and then the facts of a move to each. source: nullable, to ask it now. */
GVariant *_migrate_facts_gather_source (MigrateWork *work, GError **error);
MigrateFacts *_migrate_facts_gather_beside (MigrateWork *work, GVariant *source, GError **error);
/* Decide: what a snapshot says, however hostile. Errors: INVALID. */
MigrateFacts *_migrate_facts_read (GVariant *snapshot, GError **error);
/* Decide: the same of a move with other names; mapping, profile: nullable. What was proven of other
 * names is not known. Errors: INVALID: they do not tell of these names. */
MigrateFacts *_migrate_facts_map (const MigrateFacts *self, MigrateMapping *mapping,
                                  MigrateMapping *profile, GError **error);
MigrateFacts *_migrate_facts_ref (MigrateFacts *self);
void _migrate_facts_unref (MigrateFacts *self);

/* Decide: where a host of others has the guest, and is neither end of this move, *facts are
 * replaced by the same with that. others: MigrateFacts of moves to other hosts; *facts may be among
 * them. */
gboolean _migrate_facts_add_elsewhere (MigrateFacts **facts, GPtrArray *others, GError **error);

/* What is known before the probe. */
typedef struct
{
  GPtrArray *disks, *there; /* MigrateDisk: here, and the same as the destination is told of them;
                               NULL: under the same names */
  char **holes;             /* nullable: names of bindings that are not filled yet */
  GVariant *told[2];        /* what source and destination answered */
} MigrateSharingBasis;

/* Acts, for the probe writes: MigrateProbed, of every file of the disks. Errors: JOURNAL,
 * LOST_CLAIM, cancelled. */
GPtrArray *_migrate_facts_probe (MigrateWork *work, const MigrateDomain *guest,
                                 const MigrateSharingBasis *basis, GError **error);
/* Decide: whether one of those names says what the disk, or an image below it, will be. */
gboolean _migrate_disk_is_open (const MigrateDisk *disk, char **holes);

/* What was true before the move, for the journal and for whoever follows: a{sv} with
 * "was-paused", "persistent", "autostart", and "disks", aa{sv}. */
GVariant *_migrate_facts_to_variant (const MigrateFacts *self);

/* What is asked of the checks besides the facts. */
typedef struct _MigrateThere MigrateThere; /* check/plan-private.h */

typedef struct
{
  MigrateKind kind;
  MigrateTransport transport;
  MigrateHandOver hand_over;
  const char *source_uri, *destination_uri, *peer_uri, *migration_uri; /* last two nullable */
  const char *disks_uri, *listen_address, *tls_name;                   /* nullable */
  const char *source_name, *destination_name;                    /* of the platform's record */
  gboolean has_hooks, has_inventory, has_rewrite, has_connector; /* of the program's */
  gboolean sync_writes;              /* needed, as a transfer has shown */
  MigrateMapping *mapping, *profile; /* nullable: the job's, the destination's */
  MigrateMapping *whole;             /* nullable: disks that travel become one image each */
  GVariant *resize;                  /* a{sv}, borrowed, nullable: model/resize-private.h */
  const MigrateGuest *there;         /* the guest as it will be there; NULL: as it is here */
  const MigrateThere *documents;     /* the same, as text; nullable */
} MigrateCheckRequest;

/* What was asked when the facts were gathered, but for what a policy says; strings are borrowed. */
MigrateCheckRequest _migrate_facts_request (const MigrateFacts *self, MigratePolicy *policy);
/* The policy of that time. */
MigratePolicy *_migrate_facts_dup_policy (const MigrateFacts *self);

/* Decide: pure. */
MigrateReport *_migrate_check_evaluate (const MigrateFacts *facts,
                                        const MigrateCheckRequest *request, MigratePolicy *policy);
/* Decide: the first fact that the move rests on and that is not the same any more, as a sentence;
 * NULL: none. */
char *_migrate_facts_compare (const MigrateFacts *before, const MigrateFacts *now);
MigrateCheckRequest _migrate_check_request (MigrateWork *work);
/* Decide: what is asked about URIs, before any host is. */
gboolean _migrate_check_uris (MigrateWork *work, GError **error);
