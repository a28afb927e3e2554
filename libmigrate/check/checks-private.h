/* What the checks share. Each is one row: a stable code, how much it weighs, whether the caller may
 * take it on himself, what it means and what is said of it, and the look that finds it. The
 * documentation is made from the same rows. Nothing that could make two copies of a guest may be
 * accepted, and nothing that libvirt or QEMU refuses in any case. */
#pragma once

#include "check/fate-private.h"

typedef struct _MigrateLook MigrateLook;

typedef struct
{
  const char *code;
  MigrateSeverity severity; /* as a rule; a look may weigh one finding otherwise */
  gboolean acceptable;
  const char *meaning; /* for the documentation: Markdown, without “|” */
  const char *message; /* “$1” is the subject, “$2” and so on what else the look names; NULL: its
                          words depend on what is found */
  const char *remedy; /* nullable: with the message, or of a note */
  void (*look) (MigrateLook *look);
  guint spares; /* kinds that it does not concern; last, for most concern all */
} MigrateCheck;

#define MIGRATE_CHECK_LIVE (1u << MIGRATE_KIND_LIVE)
#define MIGRATE_CHECK_BLOCK (1u << MIGRATE_KIND_BLOCK)
#define MIGRATE_CHECK_COLD (1u << MIGRATE_KIND_COLD)
#define MIGRATE_CHECK_SUSPEND (1u << MIGRATE_KIND_SUSPEND)
#define MIGRATE_CHECK_RUNS (MIGRATE_CHECK_LIVE | MIGRATE_CHECK_BLOCK)
#define MIGRATE_CHECK_STOPS (MIGRATE_CHECK_COLD | MIGRATE_CHECK_SUSPEND)
#define MIGRATE_CHECK_COPIES (MIGRATE_CHECK_BLOCK | MIGRATE_CHECK_STOPS)

typedef struct
{
  const char *name;
  const MigrateCheck *checks;
  gsize n;
} MigrateCheckFamily;

struct _MigrateLook
{
  const MigrateFacts *facts;
  const MigrateCheckRequest *request;
  MigratePolicy *policy;
  MigrateReport *report;
  const MigrateCheck *check;
  MigrateKind kind; /* how the guest would travel */
};

/* In the row's own words. */
void _migrate_look_find (MigrateLook *look, const char *subject, ...) G_GNUC_NULL_TERMINATED;
void _migrate_look_find_as (MigrateLook *look, MigrateSeverity severity, const char *subject,
                            ...) G_GNUC_NULL_TERMINATED;
/* In the row's own words, with a remedy that names what to do it to. */
void _migrate_look_find_with (MigrateLook *look, MigrateSeverity severity, const char *remedy,
                              const char *subject, ...) G_GNUC_NULL_TERMINATED;
/* In others. */
void _migrate_look_found (MigrateLook *look, MigrateSeverity severity, const char *subject,
                          const char *remedy, const char *format, ...) G_GNUC_PRINTF (5, 6);

/* The guest as it will be at the destination. */
const MigrateGuest *_migrate_look_there (const MigrateLook *look);
/* What the destination said of a file; NULL: nothing. */
const MigrateFileFacts *_migrate_look_file (const MigrateLook *look, const char *path);
/* Not known to be there is not known to be missing. */
gboolean _migrate_look_lacks (const MigrateLook *look, const char *path);
/* Whether a path leads through that folder. */
gboolean _migrate_path_is_below (const char *path, const char *folder);
/* In a folder that the probe has shown both hosts to share. */
gboolean _migrate_look_is_in_shared_folder (const MigrateLook *look, const char *path);
/* A file, or a directory that is made to look like a disk. */
gboolean _migrate_look_is_file (const MigrateDisk *disk);
/* Whether it is known by another name at the destination; where both are files the probe tells. */
gboolean _migrate_disk_is_named_otherwise (const MigrateDisk *here, const MigrateDisk *there);
/* A network disk whose server is an address of each host's own. */
gboolean _migrate_disk_is_served_by_itself (const MigrateDisk *disk);
/* Whether both hosts see the file of a disk; why, for people. */
MigrateSharing
_migrate_look_sharing (const MigrateLook *look, const MigrateDisk *disk, const char **why);
/* What becomes of a disk; why: nullable. */
MigrateFate _migrate_look_fate (const MigrateLook *look, const MigrateDisk *disk, const char **why);
/* "1.5 GiB", in whatever locale. */
char *_migrate_look_size (guint64 bytes);

extern const MigrateCheckFamily _migrate_identity_checks;
extern const MigrateCheckFamily _migrate_storage_checks;
extern const MigrateCheckFamily _migrate_image_checks;
extern const MigrateCheckFamily _migrate_copy_checks;
extern const MigrateCheckFamily _migrate_resize_checks;
extern const MigrateCheckFamily _migrate_chain_checks;
extern const MigrateCheckFamily _migrate_cpu_checks;
extern const MigrateCheckFamily _migrate_device_checks;
extern const MigrateCheckFamily _migrate_tpm_checks;
extern const MigrateCheckFamily _migrate_network_checks;
extern const MigrateCheckFamily _migrate_capacity_checks;
extern const MigrateCheckFamily _migrate_transport_checks;
extern const MigrateCheckFamily _migrate_mapping_checks;

/* All of them, in the order in which they look; NULL past the last. */
const MigrateCheckFamily *_migrate_check_family (gsize i);
/* NULL: there is no such code. */
const MigrateCheck *_migrate_check_by_code (const char *code);
