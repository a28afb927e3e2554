/* One question to a host for many facts (MIGRATE_CALL_FACTS), and its answer, both a{sv}: what is
 * asked for, by key, and what the host could say of it. What it could not say is absent in the
 * answer, and never an error: only the host's own description, the guest's, and a connection that
 * broke are.
 *
 * The keys are also those of the snapshot that a check keeps, so they do not change their meaning.
 */
#pragma once

#include "virt/call-private.h"

/* ---- what may be asked; the call's guest (name or UUID) asks for MIGRATE_FACT_GUEST ---- */

#define MIGRATE_FACT_BUDGET "budget"       /* u: round trips that it may take; absent: any number */
#define MIGRATE_FACT_FIND_UUID "find-uuid" /* s -> MIGRATE_FACT_SAME_UUID */
#define MIGRATE_FACT_FIND_NAME "find-name" /* s -> MIGRATE_FACT_SAME_NAME */

/* Asked with true. */
#define MIGRATE_FACT_HOST "host"         /* -> a{sv}, by MIGRATE_HOST_FACT */
#define MIGRATE_FACT_CAPACITY "capacity" /* -> a{sv}, by MIGRATE_CAPACITY */
#define MIGRATE_FACT_FILTERS "filters"   /* -> as: names of network filters */
#define MIGRATE_FACT_BRIDGES "bridges"   /* -> as: host interfaces */
#define MIGRATE_FACT_DEVICES "devices"   /* -> as: node devices */
#define MIGRATE_FACT_SECRETS "secrets"   /* -> aa{sv}, by MIGRATE_SECRET_FACT; never values */
#define MIGRATE_FACT_POOLS                                                                         \
  "pools" /* -> aa{sv}, by MIGRATE_DOCUMENT; also where not asked:                                 \
             those that have the files */

#define MIGRATE_FACT_NETWORKS "networks"     /* as: names -> aa{sv}, by MIGRATE_DOCUMENT */
#define MIGRATE_FACT_FILES "files"           /* as: paths -> aa{sv}, by MIGRATE_FILE_FACT */
#define MIGRATE_FACT_VOLUMES "volumes"       /* a(ss): pool, volume -> MIGRATE_FACT_FILES */
#define MIGRATE_FACT_PAGE_SIZES "page-sizes" /* au: KiB -> MIGRATE_FACT_FREE_PAGES */
#define MIGRATE_FACT_DOMAIN "domain" /* a{sv}, by MIGRATE_EMULATOR -> a{sv} of text, error */
#define MIGRATE_FACT_CPU                                                                           \
  "cpu" /* s: a <cpu>; needs MIGRATE_FACT_DOMAIN -> a{sv}, by MIGRATE_CPU                          \
         */

/* What is asked of MIGRATE_CALL_BASELINE_CPU, with MIGRATE_FACT_DOMAIN. */
#define MIGRATE_BASELINE_CPUS "cpus" /* as: <cpu> elements, at least one */

/* ---- what may be answered besides ---- */

#define MIGRATE_FACT_GUEST "guest"             /* a{sv}, by MIGRATE_GUEST_FACT; absent: none */
#define MIGRATE_FACT_SAME_UUID "same-uuid"     /* a{sv}, as a domain; absent: none */
#define MIGRATE_FACT_SAME_NAME "same-name"     /* the same */
#define MIGRATE_FACT_FREE_PAGES "free-pages"   /* a(utt): node, KiB, pages */
#define MIGRATE_FACT_MAX_VCPUS "max-vcpus"     /* u */
#define MIGRATE_FACT_ROUND_TRIPS "round-trips" /* u: that it took */

#define MIGRATE_HOST_FACT_HOSTNAME "hostname"
#define MIGRATE_HOST_FACT_UUID "uuid"
#define MIGRATE_HOST_FACT_HYPERVISOR "hypervisor"
#define MIGRATE_HOST_FACT_LIBVIRT_VERSION "libvirt-version"       /* t */
#define MIGRATE_HOST_FACT_HYPERVISOR_VERSION "hypervisor-version" /* t */
#define MIGRATE_HOST_FACT_CAPABILITIES "capabilities"             /* s: a document */

#define MIGRATE_CAPACITY_MEMORY_TOTAL "memory-total" /* t: bytes */
#define MIGRATE_CAPACITY_MEMORY_FREE "memory-free"   /* t: bytes; caches are given up on demand */
#define MIGRATE_CAPACITY_CPUS_ONLINE "cpus-online"   /* u */
#define MIGRATE_CAPACITY_CPU_MAP "cpu-map"           /* s: "0-3,8" */

#define MIGRATE_DOCUMENT_XML "xml"       /* s */
#define MIGRATE_DOCUMENT_ACTIVE "active" /* b */

#define MIGRATE_FILE_FACT_PATH "path"   /* s; of a volume "pool:volume" */
#define MIGRATE_FILE_FACT_FOUND "found" /* b */
#define MIGRATE_FILE_FACT_POOL "pool"   /* s; absent: no active pool has its directory */
#define MIGRATE_FILE_FACT_XML "xml"     /* s: of the volume */

#define MIGRATE_SECRET_FACT_UUID "uuid"
#define MIGRATE_SECRET_FACT_USAGE "usage"
#define MIGRATE_SECRET_FACT_USAGE_TYPE "usage-type"

#define MIGRATE_EMULATOR_PATH "emulator" /* all s, all optional */
#define MIGRATE_EMULATOR_ARCH "arch"
#define MIGRATE_EMULATOR_MACHINE "machine"
#define MIGRATE_EMULATOR_TYPE "type"

#define MIGRATE_ANSWER_XML "xml"     /* s */
#define MIGRATE_ANSWER_ERROR "error" /* s: why there is no such thing, in libvirt's words */

#define MIGRATE_CPU_COMPATIBLE_KEY "compatible" /* b; absent: it cannot tell */
#define MIGRATE_CPU_WHY "why"                   /* s */

#define MIGRATE_GUEST_FACT_UUID "uuid"
#define MIGRATE_GUEST_FACT_NAME "name"
#define MIGRATE_GUEST_FACT_STATE "state"   /* i: libvirt's number */
#define MIGRATE_GUEST_FACT_REASON "reason" /* i */
#define MIGRATE_GUEST_FACT_PERSISTENT "persistent"
#define MIGRATE_GUEST_FACT_AUTOSTART "autostart"
#define MIGRATE_GUEST_FACT_MANAGED_SAVE "managed-save"
#define MIGRATE_GUEST_FACT_MARK "mark"               /* s: of its definition; absent: none */
#define MIGRATE_GUEST_FACT_LIVE "live"               /* s: as it runs, with its chains and states */
#define MIGRATE_GUEST_FACT_MIGRATABLE "migratable"   /* s: as it travels */
#define MIGRATE_GUEST_FACT_INACTIVE "inactive"       /* s: as it is defined; absent: transient */
#define MIGRATE_GUEST_FACT_JOB "job"                 /* b: another job runs; absent: not known */
#define MIGRATE_GUEST_FACT_SNAPSHOTS "snapshots"     /* u */
#define MIGRATE_GUEST_FACT_CHECKPOINTS "checkpoints" /* u */

/* ---- facts-values.c ---- */

/* Whatever bytes a host sent, as text of a GVariant; floating. */
GVariant *_migrate_fact_text (const char *text);
/* Adds to an a{sv}. */
void _migrate_host_info_add_to (const MigrateHostInfo *self, GVariantDict *values);
void _migrate_domain_add_to (const MigrateDomain *self, GVariantDict *values);
/* What was there is not freed. FALSE: it has no name or no UUID. */
gboolean _migrate_domain_read (GVariant *values, MigrateDomain *self);
void _migrate_host_info_read (GVariant *values, MigrateHostInfo *self);
