/* Decide: whether this is a guest that can go, between these two hosts, and whether it is there
 * already. Where two copies could come of it, nothing may be accepted. */
#include "check/checks-private.h"

static void
look_same_host (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  if (g_strcmp0 (look->request->source_uri, look->request->destination_uri) == 0)
    _migrate_look_found (look, look->check->severity, f->source.hostname,
                         "Name another destination",
                         "Source and destination are one host: their URIs are equal");
  else if (f->source.uuid != NULL && g_strcmp0 (f->source.uuid, f->destination.uuid) == 0)
    _migrate_look_found (
      look, look->check->severity, f->source.hostname,
      "Name another destination; if these are two machines that were cloned, give each a "
      "“host_uuid” of its own in libvirtd.conf",
      "Source and destination are one host: both have the host UUID %s", f->source.uuid);
}

/* Half of the guest, or the whole of it, may be elsewhere: a move has it. */
static gboolean
is_held_by_a_move (const MigrateDomain *guest)
{
  if (guest->state == MIGRATE_DOMAIN_PAUSED)
    return guest->reason == MIGRATE_PAUSED_MIGRATION || guest->reason == MIGRATE_PAUSED_POSTCOPY
           || guest->reason == MIGRATE_PAUSED_POSTCOPY_FAILED;
  return guest->state == MIGRATE_DOMAIN_RUNNING && guest->reason == MIGRATE_RUNNING_POSTCOPY_FAILED;
}

static gboolean
is_up (const MigrateDomain *guest)
{
  return guest->state == MIGRATE_DOMAIN_RUNNING || guest->state == MIGRATE_DOMAIN_BLOCKED
         || guest->state == MIGRATE_DOMAIN_PAUSED;
}

static void
look_not_running (MigrateLook *look)
{
  const MigrateDomain *guest = &look->facts->guest;
  g_autofree char *state = _migrate_domain_describe (guest->state, guest->reason);

  if (is_held_by_a_move (guest))
    _migrate_look_found (look, look->check->severity, guest->name,
                         "Look what became of its last move: migratectl recover",
                         "Guest “%s” is %s: a move has it, or left it so", guest->name, state);
  else if (!is_up (guest)
           && (look->kind != MIGRATE_KIND_COLD || guest->state != MIGRATE_DOMAIN_SHUTOFF))
    _migrate_look_found (look, look->check->severity, guest->name,
                         guest->state == MIGRATE_DOMAIN_SHUTOFF
                           ? "Start it, or ask for the kind “cold”, then try again"
                           : "Start it, or resume it, then try again",
                         "Guest “%s” is %s: only a running or paused guest moves with its memory",
                         guest->name, state);
}

static void
look_running (MigrateLook *look)
{
  if (is_up (&look->facts->guest) && !_migrate_policy_get_bool (look->policy, "shut-down"))
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

/* Once it is off nothing is left of it that could be moved, or taken back. */
static void
look_transient_cold (MigrateLook *look)
{
  if (!look->facts->guest.persistent)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static void
look_records_travel (MigrateLook *look)
{
  g_autofree char *number
    = g_strdup_printf ("%u", look->facts->n_snapshots + look->facts->n_checkpoints);

  if (look->facts->n_snapshots + look->facts->n_checkpoints > 0)
    _migrate_look_find (look, look->facts->guest.name, number, NULL);
}

static void
look_has_job (MigrateLook *look)
{
  if (look->facts->guest_has_job)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

/* A pause of libvirt's own, for what it is doing with the guest. */
static gboolean
is_paused_for_work (const MigrateDomain *guest)
{
  return guest->state == MIGRATE_DOMAIN_PAUSED
         && (guest->reason == MIGRATE_PAUSED_SAVE || guest->reason == MIGRATE_PAUSED_DUMP
             || guest->reason == MIGRATE_PAUSED_SHUTTING_DOWN
             || guest->reason == MIGRATE_PAUSED_SNAPSHOT
             || guest->reason == MIGRATE_PAUSED_STARTING_UP);
}

static void
look_busy (MigrateLook *look)
{
  const MigrateDomain *guest = &look->facts->guest;
  g_autofree char *state = _migrate_domain_describe (guest->state, guest->reason);

  if (is_paused_for_work (guest))
    _migrate_look_find (look, guest->name, state, NULL);
}

static void
look_block_job (MigrateLook *look)
{
  for (guint i = 0; i < look->facts->disks->len; i++)
    {
      const MigrateDisk *disk = look->facts->disks->pdata[i];

      if (disk->mirrored)
        _migrate_look_find (look, disk->target, NULL);
    }
}

/* Then it is the guest itself that was found there. */
static gboolean
is_same_host (const MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  return g_strcmp0 (look->request->source_uri, look->request->destination_uri) == 0
         || (f->source.uuid != NULL && g_strcmp0 (f->source.uuid, f->destination.uuid) == 0);
}

static void
look_already_there (MigrateLook *look)
{
  const MigrateDomain *there = &look->facts->same_uuid;
  g_autofree char *state = NULL;

  if (!look->facts->found_uuid || is_same_host (look))
    return;
  state = _migrate_domain_describe (there->state, there->reason);
  _migrate_look_found (look, look->check->severity, there->name,
                       there->state == MIGRATE_DOMAIN_SHUTOFF
                         ? "If that definition is stale, undefine it there"
                         : "Find out which of the two is good; do not start or stop either before",
                       "The destination already has a guest with UUID %s: “%s”, %s", there->uuid,
                       there->name, state);
}

/* Beside a guest that is up here, a definition is what an earlier move forgot: this move makes it
 * neither better nor worse. Where nothing is up, nobody knows which of the two ran last. */
static gboolean
is_remnant (const MigrateLook *look, const MigrateDomain *there)
{
  const MigrateDomain *here = &look->facts->guest;

  return there->state == MIGRATE_DOMAIN_SHUTOFF && is_up (here) && !is_held_by_a_move (here);
}

static void
look_elsewhere (MigrateLook *look)
{
  const GPtrArray *elsewhere = look->facts->elsewhere;

  for (guint i = 0; elsewhere != NULL && i < elsewhere->len; i++)
    {
      const MigrateElsewhere *found = elsewhere->pdata[i];
      gboolean remnant = is_remnant (look, &found->guest);
      g_autofree char *state = _migrate_domain_describe (found->guest.state, found->guest.reason);

      _migrate_look_found (
        look, remnant ? MIGRATE_SEVERITY_WARNING : look->check->severity, found->host,
        remnant ? "If that definition is stale, undefine it there; do not start it"
                : "Find out which of them is good, with migratectl recover; do not start or stop "
                  "one before",
        "Guest “%s” is on “%s” too, a host that this move has nothing to do with: %s",
        look->facts->guest.name, found->host, state);
    }
}

static void
look_name_taken (MigrateLook *look)
{
  const MigrateDomain *there = &look->facts->same_name;

  if (look->facts->found_name && !is_same_host (look)
      && g_strcmp0 (there->uuid, look->facts->guest.uuid) != 0)
    _migrate_look_find (look, there->name, there->uuid, NULL);
}

/* Else the guest would be moved, and then nothing could be released. */
static void
look_record (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;
  const MigrateCheckRequest *request = look->request;

  if (!f->has_record
      || (f->record != NULL
          && (g_str_equal (f->record, request->source_name)
              || g_str_equal (f->record, request->destination_name))))
    return;
  if (f->record == NULL)
    _migrate_look_found (look, look->check->severity, f->guest.name,
                         "Put the platform's record right",
                         "The platform's record does not have guest “%s”", f->guest.name);
  else
    _migrate_look_found (
      look, look->check->severity, f->guest.name, "Put the platform's record right",
      "The platform's record has guest “%s” on “%s”, neither on “%s” nor on “%s”", f->guest.name,
      f->record, request->source_name, request->destination_name);
}

/* libvirt starts a guest from its image wherever it finds one, also long after the guest went on
 * without it: with memory that is older than the disks. */
static void
look_managed_save (MigrateLook *look)
{
  const char *name = look->facts->guest.name;

  if (!look->facts->guest.managed_save)
    return;
  if (_migrate_kind_stops (look->kind))
    _migrate_look_found (
      look, look->check->severity, name,
      "Start the guest, which goes on from that memory, and move it while it runs, or with the "
      "kind “suspend”; accept this only where the memory is of no use",
      "The memory that guest “%s” was saved with (managed save) does not travel: it is removed "
      "with the definition at the source, and the guest boots from its disks at the destination",
      name);
  else
    _migrate_look_find (look, name, NULL);
}

static void
look_snapshots (MigrateLook *look)
{
  g_autofree char *number = g_strdup_printf ("%u", look->facts->n_snapshots);

  if (look->facts->n_snapshots > 0)
    _migrate_look_find (look, look->facts->guest.name, number, NULL);
}

/* Where it is an image of the guest's, it goes its way. */
static gboolean
is_image (const MigrateLook *look, const char *path)
{
  for (guint i = 0; i < look->facts->disks->len; i++)
    {
      const MigrateDisk *disk = look->facts->disks->pdata[i];

      if (g_strcmp0 (disk->path, path) == 0)
        return TRUE;
      for (guint j = 0; j < disk->chain->len; j++)
        if (g_strcmp0 (((const MigrateImage *) disk->chain->pdata[j])->path, path) == 0)
          return TRUE;
    }
  return FALSE;
}

static void
look_snapshot_files (MigrateLook *look)
{
  const GPtrArray *files = look->facts->snapshot_files;

  for (guint i = 0; files != NULL && i < files->len; i++)
    {
      const MigrateSnapshotFile *file = files->pdata[i];

      if (!is_image (look, file->path) && !_migrate_look_is_in_shared_folder (look, file->path))
        _migrate_look_find (look, file->snapshot, file->path, NULL);
    }
}

static void
look_checkpoints (MigrateLook *look)
{
  g_autofree char *number = g_strdup_printf ("%u", look->facts->n_checkpoints);

  if (look->facts->n_checkpoints > 0)
    _migrate_look_find (look, look->facts->guest.name, number, NULL);
}

static void
look_stopped_by_error (MigrateLook *look)
{
  const MigrateDomain *guest = &look->facts->guest;
  g_autofree char *state = _migrate_domain_describe (guest->state, guest->reason);

  if (guest->state == MIGRATE_DOMAIN_PAUSED
      && (guest->reason == MIGRATE_PAUSED_IOERROR || guest->reason == MIGRATE_PAUSED_WATCHDOG
          || guest->reason == MIGRATE_PAUSED_CRASHED))
    _migrate_look_find (look, guest->name, state, NULL);
}

static void
look_transient (MigrateLook *look)
{
  if (!look->facts->guest.persistent)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static void
look_paused (MigrateLook *look)
{
  if (look->facts->guest.state == MIGRATE_DOMAIN_PAUSED)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static const MigrateCheck checks[] = {
  { "same-host", MIGRATE_SEVERITY_BLOCKER, FALSE, "source and destination are one host", NULL, NULL,
    look_same_host },
  { "guest-not-running", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest is neither running nor paused, and only such a guest moves with its memory (one "
    "that is off moves by the kind `cold`); or it stands as a move left it",
    NULL, NULL, look_not_running },
  { "guest-running", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the kind `cold` is asked for, and the guest runs",
    "Guest “$1” runs, and a cold move is of one that is off",
    "Shut it down; or set the policy “shut-down = true”, to have it asked to", look_running,
    MIGRATE_CHECK_RUNS | MIGRATE_CHECK_SUSPEND },
  { "transient-cold", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest is transient: once it is off there is none to move",
    "Guest “$1” is transient: nothing is left of it when it is off",
    "Define it (virsh define), or move it while it runs", look_transient_cold,
    MIGRATE_CHECK_RUNS | MIGRATE_CHECK_SUSPEND },
  { "guest-has-job", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "libvirt is busy with the guest: a backup, a dump, a snapshot, another migration",
    "Guest “$1” has another job running in libvirt",
    "Wait until it ends, or end it with “virsh domjobabort”", look_has_job },
  { "guest-busy", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "libvirt paused the guest for something that it does with it: a save, a dump, a snapshot, its "
    "start, its shutdown",
    "Guest “$1” is $2: libvirt is not done with it", "Wait until that ends", look_busy },
  { "block-job", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a block job runs on a disk, as far as the guest's document shows it (a copy, a commit of the "
    "uppermost image): libvirt refuses to move the guest until it ends",
    "A block job runs on disk “$1”",
    "Wait until it ends, or end it: virsh blockjob GUEST DISK --pivot or --abort", look_block_job },
  { "already-there", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the destination has a guest with this UUID, running or defined", NULL, NULL,
    look_already_there },
  { "guest-elsewhere", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "another of the hosts that a [survey](survey.html) asked has a guest with this UUID; a warning "
    "where the guest is up at the source and that one is only defined, as an earlier move may have "
    "left it",
    NULL, NULL, look_elsewhere },
  { "name-taken", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the destination has another guest with this name",
    "The destination has another guest named “$1” (UUID $2)", "Rename one of the two",
    look_name_taken },
  { "record-differs", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the platform's record ([property@Migrate.Job:inventory]) names neither of the two hosts, or "
    "does not have the guest",
    NULL, NULL, look_record },
  { "managed-save", MIGRATE_SEVERITY_BLOCKER, TRUE,
    "the guest has a managed-save image: it would stay at the source, and a later start there "
    "would bring back that old memory beside newer disks; a move of one that is off, where this is "
    "accepted, removes it in the end",
    "Guest “$1” has a managed-save image, which does not move",
    "Start the guest from it, or remove it: virsh managedsave-remove", look_managed_save },
  { "snapshots", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "libvirt knows snapshots of the guest, and refuses to move a guest that has any; what is in "
    "the images stays, also without libvirt's knowledge of it",
    "Guest “$1” has $2 of libvirt's snapshots",
    "Note them (virsh snapshot-dumpxml), let libvirt forget them (virsh snapshot-delete "
    "--metadata), and give them to the destination after the move (virsh snapshot-create "
    "--redefine)",
    look_snapshots, MIGRATE_CHECK_STOPS },
  { "snapshot-files", MIGRATE_SEVERITY_WARNING, FALSE,
    "a snapshot names a file (memory that was saved with it, or an image) that is none of the "
    "guest's images and that the hosts are not known to share: it stays at the source, and the "
    "guest cannot go back to that snapshot at the destination before it is brought there",
    "“$2”, which snapshot “$1” names, stays at the source",
    "Copy it to the same path there, if the snapshot is still of use", look_snapshot_files,
    MIGRATE_CHECK_RUNS },
  { "checkpoints", MIGRATE_SEVERITY_WARNING, FALSE,
    "libvirt knows checkpoints of the guest: they do not move, and the next backup is a full one",
    "Guest “$1” has $2 of libvirt's checkpoints, which do not move",
    "Make a full backup after the move", look_checkpoints, MIGRATE_CHECK_STOPS },
  { "guest-stopped-by-error", MIGRATE_SEVERITY_WARNING, FALSE,
    "the guest stands still because of an I/O error, its watchdog or a crash, and will do so there",
    "Guest “$1” is $2: it will arrive so",
    "Put right what stopped it, unless the destination does not have that fault",
    look_stopped_by_error, MIGRATE_CHECK_COLD },
  { "guest-transient", MIGRATE_SEVERITY_NOTE, FALSE,
    "the guest is transient, and will be there too",
    "Guest “$1” is transient: it will be transient at the destination", NULL, look_transient },
  { "guest-paused", MIGRATE_SEVERITY_NOTE, FALSE, "the guest is paused, and will arrive paused",
    "Guest “$1” is paused: it will arrive paused", NULL, look_paused, MIGRATE_CHECK_COLD },
  { "records-travel", MIGRATE_SEVERITY_NOTE, FALSE,
    "what libvirt knows of the guest's snapshots and checkpoints travels with it",
    "The $2 snapshots and checkpoints of guest “$1” are made known to the destination", NULL,
    look_records_travel, MIGRATE_CHECK_RUNS },
};

const MigrateCheckFamily _migrate_identity_checks = { "identity", checks, G_N_ELEMENTS (checks) };
