/* How a snapshot is laid out: what facts-gather.c fills, facts-read.c reads and facts-file.c
 * writes. Hosts are as they answered (virt/facts-private.h). */
#pragma once

#include "check/facts-private.h"
#include "virt/facts-private.h"

#define MIGRATE_SNAPSHOT_TAKEN "taken"             /* x: wall clock, microseconds */
#define MIGRATE_SNAPSHOT_REQUEST "request"         /* a{sv}: what was asked of the check */
#define MIGRATE_SNAPSHOT_POLICY "policy"           /* a{sv} of s */
#define MIGRATE_SNAPSHOT_SOURCE "source"           /* a{sv}: its answers; the guest's among them */
#define MIGRATE_SNAPSHOT_DESTINATION "destination" /* a{sv} */
#define MIGRATE_SNAPSHOT_RECORD_ASKED "record-asked" /* b */
#define MIGRATE_SNAPSHOT_RECORD "record"             /* s */
#define MIGRATE_SNAPSHOT_ADDRESS "address"           /* s */
#define MIGRATE_SNAPSHOT_RESOLVES "resolves"         /* b; absent: not known */
#define MIGRATE_SNAPSHOT_PROBED "probed"             /* aa{sv} */
#define MIGRATE_SNAPSHOT_DIRTY_RATE "dirty-rate"     /* a{sv}: a sample; where it was asked for */
#define MIGRATE_SNAPSHOT_LEARNED "learned" /* a{sv}: what earlier moves have shown; the same */

/* aa{sv}: where other hosts were asked; of each that knows the guest: */
#define MIGRATE_SNAPSHOT_ELSEWHERE "elsewhere"

#define MIGRATE_ELSEWHERE_HOST "host"   /* s */
#define MIGRATE_ELSEWHERE_GUEST "guest" /* a{sv}: as it answered */

/* aa{sv}, in the source's answers: files that its snapshots name; of each: */
#define MIGRATE_SNAPSHOT_FILES "snapshot-files"

#define MIGRATE_SNAPSHOT_FILE_OF "snapshot" /* s: its name */
#define MIGRATE_SNAPSHOT_FILE_PATH "path"   /* s */

#define MIGRATE_REQUEST_KEY_KIND "kind"
#define MIGRATE_REQUEST_KEY_SOURCE_URI "source-uri" /* this and the next four without secrets */
#define MIGRATE_REQUEST_KEY_DESTINATION_URI "destination-uri"
#define MIGRATE_REQUEST_KEY_PEER_URI "peer-uri"
#define MIGRATE_REQUEST_KEY_MIGRATION_URI "migration-uri"
#define MIGRATE_REQUEST_KEY_DISKS_URI "disks-uri"
#define MIGRATE_REQUEST_KEY_LISTEN_ADDRESS "listen-address"
#define MIGRATE_REQUEST_KEY_TLS_NAME "tls-name"
#define MIGRATE_REQUEST_KEY_SOURCE_NAME "source-name"
#define MIGRATE_REQUEST_KEY_DESTINATION_NAME "destination-name"
#define MIGRATE_REQUEST_KEY_HOOKS "hooks" /* b: the program has some; so the next two */
#define MIGRATE_REQUEST_KEY_INVENTORY "inventory"
#define MIGRATE_REQUEST_KEY_CONNECTOR "volume-connector"
#define MIGRATE_REQUEST_KEY_REWRITE "rewrite"
#define MIGRATE_REQUEST_KEY_MAPPING "mapping" /* a{sv}: the job's */
#define MIGRATE_REQUEST_KEY_PROFILE "profile" /* a{sv}: the destination's */
#define MIGRATE_REQUEST_KEY_RESIZE "resize"   /* a{sv}: model/resize-private.h */

#define MIGRATE_PROBED_TARGET "target"
#define MIGRATE_PROBED_PATH "path"
#define MIGRATE_PROBED_BACKING "backing" /* b */
#define MIGRATE_PROBED_SHARING "sharing" /* s: its name */
#define MIGRATE_PROBED_WHY "why"

/* ---- facts-ask.c: decide what is asked ---- */

/* Most round trips that a check may make to one host, all told. */
#define MIGRATE_CHECK_ROUND_TRIPS 40

/* Before anything is known. */
GVariant *_migrate_facts_first_question (MigrateSide side);
/* What this guest needs. spent: round trips of the first. NULL: nothing. */
GVariant *_migrate_facts_second_question (const MigrateGuest *guest, MigrateSide side, guint spent);
/* What is still to be known of the guest's files, those below its images and beside them too, with
 * no limit on round trips. known: aa{sv}, nullable. NULL: nothing. */
GVariant *_migrate_facts_files_question (const MigrateGuest *guest, GVariant *known);
/* The host that the source will be told to send memory to; NULL: none that has a name. */
char *_migrate_facts_address (const MigrateCheckRequest *request, const char *destination);
GVariant *_migrate_facts_request_to_variant (const MigrateCheckRequest *request);

/* ---- facts-records.c ---- */

/* guest: the source's answer about it. Asks only of one that has snapshots. */
gboolean _migrate_facts_ask_records (MigrateWork *work, GVariant *guest, GVariantDict *source,
                                     GError **error);
/* MigrateSnapshotFile; never NULL. */
GPtrArray *_migrate_facts_read_records (GVariant *source);

/* ---- facts-elsewhere.c ---- */

/* MigrateElsewhere; NULL: no other host was asked. */
GPtrArray *_migrate_facts_read_elsewhere (GVariant *snapshot);

/* ---- facts-order.c ---- */

/* Floating, or value itself: with its dictionaries sorted. */
GVariant *_migrate_facts_order (GVariant *value);

/* ---- facts-host.c: one host, read ---- */

gboolean _migrate_host_facts_read (GVariant *answer, MigrateHostFacts *self, GError **error);
void _migrate_host_facts_clear (MigrateHostFacts *self);
/* MigrateFileFacts of an answer; NULL: none were told of. */
GPtrArray *_migrate_host_facts_read_files (GVariant *answer);
/* aa{sv} of a dictionary, of bounded length; nullable. */
GVariant *_migrate_facts_rows (GVariant *values, const char *key);
