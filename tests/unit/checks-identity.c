/* Whether this guest can go, and whether it is there already; and what is accepted. */
#include "checktest.h"

static void
same_uuid (CheckGiven *g)
{
  g_free (g->facts->destination.uuid);
  g->facts->destination.uuid = g_strdup ("u1");
}
static void
same_uri (CheckGiven *g)
{
  g->request.destination_uri = g->request.source_uri;
}
static void
off (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
crashed (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_CRASHED;
}
static void
suspended (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PMSUSPENDED;
}
static void
paused (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PAUSED;
  g->facts->guest.reason = MIGRATE_PAUSED_USER;
}
static void
frozen (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PAUSED;
  g->facts->guest.reason = MIGRATE_PAUSED_MIGRATION;
}
static void
has_job (CheckGiven *g)
{
  g->facts->guest_has_job = TRUE;
}
static void
transient (CheckGiven *g)
{
  g->facts->guest.persistent = FALSE;
}
static void
there (CheckGiven *g)
{
  g->facts->found_uuid = g->facts->found_name = TRUE;
  g->facts->same_uuid = (MigrateDomain){ .uuid = g_strdup ("g-uuid"),
                                         .name = g_strdup ("g"),
                                         .state = MIGRATE_DOMAIN_SHUTOFF };
  g->facts->same_name = (MigrateDomain){ .uuid = g_strdup ("g-uuid"),
                                         .name = g_strdup ("g"),
                                         .state = MIGRATE_DOMAIN_SHUTOFF };
}
static void
elsewhere (CheckGiven *g, int state)
{
  MigrateElsewhere *found = g_new0 (MigrateElsewhere, 1);

  found->host = g_strdup ("third");
  found->guest = (MigrateDomain){
    .uuid = g_strdup ("g-uuid"), .name = g_strdup ("g"), .state = state, .reason = 1
  };
  g->facts->elsewhere = g_ptr_array_new ();
  g_ptr_array_add (g->facts->elsewhere, found);
}
static void
runs_elsewhere (CheckGiven *g)
{
  elsewhere (g, MIGRATE_DOMAIN_RUNNING);
}
static void
paused_elsewhere_accepted (CheckGiven *g)
{
  elsewhere (g, MIGRATE_DOMAIN_PAUSED);
  check_set (g, "accept", "guest-elsewhere");
}
static void
defined_elsewhere (CheckGiven *g)
{
  elsewhere (g, MIGRATE_DOMAIN_SHUTOFF);
}
static void
off_on_both (CheckGiven *g)
{
  off (g);
  defined_elsewhere (g);
}
static void
frozen_and_defined_elsewhere (CheckGiven *g)
{
  frozen (g);
  defined_elsewhere (g);
}
static void
nobody_elsewhere (CheckGiven *g)
{
  g->facts->elsewhere = g_ptr_array_new ();
}
static void
there_accepted (CheckGiven *g)
{
  there (g);
  check_set (g, "accept", "already-there;same-host");
}
static void
name_taken (CheckGiven *g)
{
  g->facts->found_name = TRUE;
  g->facts->same_name = (MigrateDomain){ .uuid = g_strdup ("other"),
                                         .name = g_strdup ("g"),
                                         .state = MIGRATE_DOMAIN_RUNNING };
}
static void
record (CheckGiven *g, const char *host)
{
  g->facts->has_record = TRUE;
  g->facts->record = g_strdup (host);
}
static void
record_here (CheckGiven *g)
{
  record (g, "one");
}
static void
record_there (CheckGiven *g)
{
  record (g, "two");
}
static void
record_elsewhere (CheckGiven *g)
{
  record (g, "three");
}
static void
record_without_it (CheckGiven *g)
{
  record (g, NULL);
}
static void
paused_for (CheckGiven *g, int reason)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PAUSED;
  g->facts->guest.reason = reason;
}
static void
postcopy_broke (CheckGiven *g)
{
  paused_for (g, MIGRATE_PAUSED_POSTCOPY_FAILED);
}
static void
postcopy_broke_there (CheckGiven *g)
{
  g->facts->guest.reason = MIGRATE_RUNNING_POSTCOPY_FAILED;
}
static void
in_a_snapshot (CheckGiven *g)
{
  paused_for (g, MIGRATE_PAUSED_SNAPSHOT);
}
static void
in_a_dump (CheckGiven *g)
{
  paused_for (g, MIGRATE_PAUSED_DUMP);
}
static void
io_error (CheckGiven *g)
{
  paused_for (g, MIGRATE_PAUSED_IOERROR);
}
static void
managed_save (CheckGiven *g)
{
  g->facts->guest.managed_save = TRUE;
}
static void
managed_save_accepted (CheckGiven *g)
{
  managed_save (g);
  check_set (g, "accept", "managed-save");
}
static void
managed_save_off (CheckGiven *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
  g->facts->guest.managed_save = TRUE;
}
static void
snapshots (CheckGiven *g)
{
  g->facts->n_snapshots = 3;
}
static void
checkpoints (CheckGiven *g)
{
  g->facts->n_checkpoints = 2;
}
static void
other_name_there (CheckGiven *g)
{
  g->facts->found_name = TRUE;
  g->facts->same_name = (MigrateDomain){ .uuid = g_strdup ("g-uuid"), .name = g_strdup ("g") };
}
static void
accept_typo (CheckGiven *g)
{
  check_set (g, "accept", "managed-safe");
}
static void
accept_impossible (CheckGiven *g)
{
  check_set (g, "accept", "same-host");
}
static void
accept_warning (CheckGiven *g)
{
  check_set (g, "accept", "checkpoints");
}

#define A_FILE DEVICES ("<disk><source file='/a'/><target dev='vda'/></disk>")
#define MIRROR                                                                                     \
  DEVICES ("<disk type='network'><source protocol='nbd' name='a'/><target dev='vda'/>"             \
           "<mirror type='file' job='copy'/></disk>")
#define NO_MIRROR                                                                                  \
  DEVICES ("<disk type='network'><source protocol='nbd' name='a'/><target dev='vda'/></disk>")

static void
off_live (CheckGiven *g)
{
  off (g);
  g->request.kind = MIGRATE_KIND_LIVE;
}
static void
crashed_cold (CheckGiven *g)
{
  crashed (g);
  g->request.kind = MIGRATE_KIND_COLD;
}
static void
cold (CheckGiven *g)
{
  g->request.kind = MIGRATE_KIND_COLD;
}
static void
cold_shut_down (CheckGiven *g)
{
  cold (g);
  check_set (g, "shut-down", "true");
}
static void
transient_cold (CheckGiven *g)
{
  cold_shut_down (g);
  transient (g);
}
static void
snapshots_off (CheckGiven *g)
{
  off (g);
  snapshots (g);
}
static void
snapshot_file (CheckGiven *g, const char *path)
{
  MigrateSnapshotFile *file = g_new0 (MigrateSnapshotFile, 1);

  snapshots_off (g);
  file->snapshot = g_strdup ("s1");
  file->path = g_strdup (path);
  g->facts->snapshot_files
    = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_snapshot_file_free);
  g_ptr_array_add (g->facts->snapshot_files, file);
}
static void
snapshot_memory (CheckGiven *g)
{
  snapshot_file (g, "/memory/s1");
}
static void
snapshot_is_image (CheckGiven *g)
{
  snapshot_file (g, g->facts->shape->disks->len > 0
                      ? ((const MigrateDisk *) g->facts->shape->disks->pdata[0])->path
                      : NULL);
}
static void
snapshot_is_shared (CheckGiven *g)
{
  snapshot_file (g, "/s1");
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
}
static void
snapshots_shared (CheckGiven *g)
{
  snapshots (g);
  check_probed (g, "vda", MIGRATE_SHARING_SHARED);
}
static void
snapshots_and_job (CheckGiven *g)
{
  snapshots_shared (g);
  g->facts->guest_has_job = TRUE;
}

static const CheckRow rows[] = {
  { "same host UUID", NULL, same_uuid, "same-host", MIGRATE_SEVERITY_BLOCKER },
  { "same URI", NULL, same_uri, "same-host", MIGRATE_SEVERITY_BLOCKER },
  { "off", NULL, off, "guest-not-running", CHECK_ABSENT },
  { "off, and all is well", NULL, off, NULL, 0 },
  { "off, live asked for", NULL, off_live, "guest-not-running", MIGRATE_SEVERITY_BLOCKER,
    "is shut off" },
  { "crashed, cold asked for", NULL, crashed_cold, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "running, cold asked for", NULL, cold, "guest-running", MIGRATE_SEVERITY_BLOCKER },
  { "running, to be shut down", NULL, cold_shut_down, "guest-running", CHECK_ABSENT },
  { "running, to be shut down: fine", NULL, cold_shut_down, NULL, 0 },
  { "transient, cold", NULL, transient_cold, "transient-cold", MIGRATE_SEVERITY_BLOCKER },
  { "persistent, cold", NULL, cold_shut_down, "transient-cold", CHECK_ABSENT },
  { "snapshots, off", NULL, snapshots_off, "snapshots", CHECK_ABSENT },
  { "snapshots travel", NULL, snapshots_off, "records-travel", MIGRATE_SEVERITY_NOTE, "The 3 " },
  { "nothing to travel", NULL, off, "records-travel", CHECK_ABSENT },
  { "memory of a snapshot", NULL, snapshot_memory, "snapshot-files", MIGRATE_SEVERITY_WARNING,
    "“/memory/s1”, which snapshot “s1” names" },
  { "a snapshot's image is the guest's", A_FILE, snapshot_is_image, "snapshot-files",
    CHECK_ABSENT },
  { "both hosts have it", A_FILE, snapshot_is_shared, "snapshot-files", CHECK_ABSENT },
  { "with memory saved it could", A_FILE, snapshots_shared, "suspend-possible",
    MIGRATE_SEVERITY_NOTE },
  { "nowhere to save its memory", NULL, snapshots, "suspend-possible", CHECK_ABSENT },
  { "it can anyway", A_FILE, NULL, "suspend-possible", CHECK_ABSENT },
  { "it could not either", A_FILE, snapshots_and_job, "suspend-possible", CHECK_ABSENT },
  { "crashed", NULL, crashed, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "suspended to RAM", NULL, suspended, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "paused by its user", NULL, paused, "guest-paused", MIGRATE_SEVERITY_NOTE },
  { "frozen by a migration", NULL, frozen, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "job", NULL, has_job, "guest-has-job", MIGRATE_SEVERITY_BLOCKER },
  { "transient", NULL, transient, "guest-transient", MIGRATE_SEVERITY_NOTE },
  { "defined there", NULL, there, "already-there", MIGRATE_SEVERITY_BLOCKER },
  { "defined there, accepted", NULL, there_accepted, "already-there", MIGRATE_SEVERITY_BLOCKER },
  { "runs on a third host", NULL, runs_elsewhere, "guest-elsewhere", MIGRATE_SEVERITY_BLOCKER,
    "is on “third” too" },
  { "paused on a third host, accepted", NULL, paused_elsewhere_accepted, "guest-elsewhere",
    MIGRATE_SEVERITY_BLOCKER },
  { "defined on a third host", NULL, defined_elsewhere, "guest-elsewhere",
    MIGRATE_SEVERITY_WARNING },
  { "off here, defined on a third host", NULL, off_on_both, "guest-elsewhere",
    MIGRATE_SEVERITY_BLOCKER },
  { "frozen by a move, defined on a third host", NULL, frozen_and_defined_elsewhere,
    "guest-elsewhere", MIGRATE_SEVERITY_BLOCKER },
  { "nobody else has it", NULL, nobody_elsewhere, "guest-elsewhere", CHECK_ABSENT },
  { "nobody else was asked", NULL, there, "guest-elsewhere", CHECK_ABSENT },
  { "name taken", NULL, name_taken, "name-taken", MIGRATE_SEVERITY_BLOCKER },
  { "record as it is", NULL, record_here, NULL, 0 },
  { "record ahead", NULL, record_there, NULL, 0 },
  { "record of a third host", NULL, record_elsewhere, "record-differs", MIGRATE_SEVERITY_BLOCKER },
  { "record without the guest", NULL, record_without_it, "record-differs",
    MIGRATE_SEVERITY_BLOCKER },
  { "good", NULL, NULL, NULL, 0 },
  { "two hosts", NULL, NULL, "same-host", CHECK_ABSENT },
  { "running", NULL, NULL, "guest-not-running", CHECK_ABSENT },
  { "post-copy broke", NULL, postcopy_broke, "guest-not-running", MIGRATE_SEVERITY_BLOCKER,
    "a move has it" },
  { "post-copy broke, runs here", NULL, postcopy_broke_there, "guest-not-running",
    MIGRATE_SEVERITY_BLOCKER, "a move has it" },
  { "paused is up", NULL, paused, "guest-not-running", CHECK_ABSENT },
  { "no job", NULL, NULL, "guest-has-job", CHECK_ABSENT },
  { "in a snapshot", NULL, in_a_snapshot, "guest-busy", MIGRATE_SEVERITY_BLOCKER },
  { "in a dump", NULL, in_a_dump, "guest-busy", MIGRATE_SEVERITY_BLOCKER },
  { "paused, not busy", NULL, paused, "guest-busy", CHECK_ABSENT },
  { "block job", MIRROR, NULL, "block-job", MIGRATE_SEVERITY_BLOCKER, "vda" },
  { "no block job", NO_MIRROR, NULL, "block-job", CHECK_ABSENT },
  { "not there", NULL, NULL, "already-there", CHECK_ABSENT },
  { "there, by its own name", NULL, other_name_there, "name-taken", CHECK_ABSENT },
  { "record in order", NULL, record_here, "record-differs", CHECK_ABSENT },
  { "managed save", NULL, managed_save, "managed-save", MIGRATE_SEVERITY_BLOCKER },
  { "managed save of one that is off", NULL, managed_save_off, "managed-save",
    MIGRATE_SEVERITY_BLOCKER, "does not travel: it is removed" },
  { "managed save, accepted", NULL, managed_save_accepted, "managed-save",
    MIGRATE_SEVERITY_WARNING },
  { "no managed save", NULL, NULL, "managed-save", CHECK_ABSENT },
  { "snapshots", NULL, snapshots, "snapshots", MIGRATE_SEVERITY_BLOCKER, "has 3 " },
  { "no snapshots", NULL, checkpoints, "snapshots", CHECK_ABSENT },
  { "checkpoints", NULL, checkpoints, "checkpoints", MIGRATE_SEVERITY_WARNING, "has 2 " },
  { "no checkpoints", NULL, snapshots, "checkpoints", CHECK_ABSENT },
  { "stopped by an I/O error", NULL, io_error, "guest-stopped-by-error", MIGRATE_SEVERITY_WARNING },
  { "stopped by its user", NULL, paused, "guest-stopped-by-error", CHECK_ABSENT },
  { "persistent", NULL, NULL, "guest-transient", CHECK_ABSENT },
  { "not paused", NULL, NULL, "guest-paused", CHECK_ABSENT },
  { "a typo accepted", NULL, accept_typo, "accept-unknown", MIGRATE_SEVERITY_WARNING,
    "managed-safe" },
  { "a code accepted", NULL, managed_save_accepted, "accept-unknown", CHECK_ABSENT },
  { "accepted what nobody can", NULL, accept_impossible, "accept-refused", MIGRATE_SEVERITY_WARNING,
    "same-host" },
  { "accepted what one can", NULL, managed_save_accepted, "accept-refused", CHECK_ABSENT },
  { "accepted a warning", NULL, accept_warning, "accept-refused", CHECK_ABSENT },
};

const CheckRows check_identity_rows = { rows, G_N_ELEMENTS (rows) };
