/* Decide: what stands against a move, from facts alone: identity, hosts, storage, hand-over. How
 * memory travels is in transport.c. */
#include "check/checks-private.h"

#include <string.h>

void
_migrate_look_found (MigrateLook *look, MigrateSeverity severity, const char *subject,
                     const char *remedy, const char *format, ...)
{
  g_autofree char *message = NULL;
  MigrateFinding *finding;
  va_list args;

  va_start (args, format);
  message = g_strdup_vprintf (format, args);
  va_end (args);
  finding = _migrate_finding_new (severity, look->check->code, subject, message, remedy);
  if (severity == MIGRATE_SEVERITY_BLOCKER && look->check->acceptable
      && _migrate_policy_accepts (look->policy, look->check->code))
    _migrate_finding_accept (finding);
  _migrate_report_add (look->report, finding);
}

/* ---- identity ---- */

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

static void
look_not_running (MigrateLook *look)
{
  const MigrateDomain *guest = &look->facts->guest;
  g_autofree char *state = NULL;

  if (guest->state == MIGRATE_DOMAIN_RUNNING || guest->state == MIGRATE_DOMAIN_BLOCKED
      || (guest->state == MIGRATE_DOMAIN_PAUSED && guest->reason != MIGRATE_PAUSED_MIGRATION))
    return;
  state = _migrate_domain_describe (guest->state, guest->reason);
  _migrate_look_found (
    look, look->check->severity, guest->name, "Start it, or resume it, then try again",
    "Guest “%s” is %s: only a running or paused guest moves live", guest->name, state);
}

static void
look_has_job (MigrateLook *look)
{
  if (look->facts->guest_has_job)
    _migrate_look_found (look, look->check->severity, look->facts->guest.name,
                         "Wait until it ends, or end it with “virsh domjobabort”",
                         "Guest “%s” has another job running in libvirt", look->facts->guest.name);
}

static void
look_already_there (MigrateLook *look)
{
  const MigrateDomain *there = &look->facts->same_uuid;
  g_autofree char *state = NULL;

  if (!look->facts->found_uuid)
    return;
  state = _migrate_domain_describe (there->state, there->reason);
  _migrate_look_found (look, look->check->severity, there->name,
                       there->state == MIGRATE_DOMAIN_SHUTOFF
                         ? "If that definition is stale, undefine it there"
                         : "Find out which of the two is good; do not start or stop either before",
                       "The destination already has a guest with UUID %s: “%s”, %s", there->uuid,
                       there->name, state);
}

static void
look_name_taken (MigrateLook *look)
{
  const MigrateDomain *there = &look->facts->same_name;

  if (look->facts->found_name && g_strcmp0 (there->uuid, look->facts->guest.uuid) != 0)
    _migrate_look_found (look, look->check->severity, there->name, "Rename one of the two",
                         "The destination has another guest named “%s” (UUID %s)", there->name,
                         there->uuid);
}

static void
look_transient (MigrateLook *look)
{
  if (!look->facts->guest.persistent)
    _migrate_look_found (look, look->check->severity, look->facts->guest.name, NULL,
                         "Guest “%s” is transient: it will be transient at the destination",
                         look->facts->guest.name);
}

static void
look_paused (MigrateLook *look)
{
  if (look->facts->guest.state == MIGRATE_DOMAIN_PAUSED)
    _migrate_look_found (look, look->check->severity, look->facts->guest.name, NULL,
                         "Guest “%s” is paused: it will arrive paused", look->facts->guest.name);
}

/* ---- hosts ---- */

static void
look_hypervisor (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  if (g_strcmp0 (f->source.hypervisor, f->destination.hypervisor) != 0)
    _migrate_look_found (look, look->check->severity, f->destination.hostname,
                         "Name another destination", "The source runs %s, the destination %s",
                         f->source.hypervisor, f->destination.hypervisor);
}

static void
look_older (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  if (f->destination.libvirt_version < f->source.libvirt_version
      || f->destination.hypervisor_version < f->source.hypervisor_version)
    _migrate_look_found (look, look->check->severity, f->destination.hostname,
                         "Upgrade the destination if the move is refused",
                         "The destination has an older libvirt or hypervisor than the source");
}

/* ---- storage ---- */

static gboolean
is_file_disk (const MigrateDisk *disk)
{
  return disk->source != NULL
         && (g_str_equal (disk->type, "file") || g_str_equal (disk->type, "dir")
             || g_str_equal (disk->type, "volume"));
}

static void
look_disks (MigrateLook *look)
{
  for (guint i = 0; i < look->facts->disks->len; i++)
    {
      const MigrateDisk *disk = look->facts->disks->pdata[i];
      const char *why = NULL;

      if (!is_file_disk (disk)
          || _migrate_probed_of (look->facts->probed, disk->target, &why)
               != MIGRATE_SHARING_UNKNOWN)
        continue;
      _migrate_look_found (
        look,
        look->request->kind == MIGRATE_KIND_LIVE ? MIGRATE_SEVERITY_WARNING : look->check->severity,
        disk->target, "Make sure that both hosts see the same file, then ask for the kind “live”",
        "Disk “%s” is the file “%s”: nothing proves that both hosts share it%s%s", disk->target,
        disk->source, why != NULL ? ": " : "", why != NULL ? why : "");
    }
}

static void
look_not_shared (MigrateLook *look)
{
  for (guint i = 0; i < look->facts->disks->len; i++)
    {
      const MigrateDisk *disk = look->facts->disks->pdata[i];
      const char *why = NULL;

      if (_migrate_probed_of (look->facts->probed, disk->target, &why)
          == MIGRATE_SHARING_NOT_SHARED)
        _migrate_look_found (look, look->check->severity, disk->target,
                             "Put the disk on storage that both hosts have",
                             "Disk “%s”, “%s”, is not shared: %s", disk->target, disk->source, why);
    }
}

static void
look_transient_disk (MigrateLook *look)
{
  for (guint i = 0; i < look->facts->disks->len; i++)
    {
      const MigrateDisk *disk = look->facts->disks->pdata[i];

      if (disk->transient)
        _migrate_look_found (look, look->check->severity, disk->target, "Detach the disk",
                             "Disk “%s” is transient: what the guest wrote to it cannot move",
                             disk->target);
    }
}

/* ---- hand-over ---- */

static void
look_unprotected (MigrateLook *look)
{
  gboolean locked = FALSE;

  /* QEMU locks the images of files it writes; nothing else stands between two copies. */
  for (guint i = 0; i < look->facts->disks->len; i++)
    {
      const MigrateDisk *disk = look->facts->disks->pdata[i];

      locked |= is_file_disk (disk) && !disk->read_only && !disk->shareable;
    }
  if (!locked && look->request->hand_over == MIGRATE_HAND_OVER_FAST)
    _migrate_look_found (
      look, look->check->severity, look->facts->guest.name,
      "Choose the policy “hand-over = strict” where a short second copy would do harm",
      "No image lock guards the hand-over: if its last reply is lost, or the destination's "
      "libvirtd "
      "dies in it, the guest could run twice");
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

static const MigrateCheck checks[] = {
  { "same-host", MIGRATE_SEVERITY_BLOCKER, FALSE, look_same_host },
  { "guest-not-running", MIGRATE_SEVERITY_BLOCKER, FALSE, look_not_running },
  { "guest-has-job", MIGRATE_SEVERITY_BLOCKER, FALSE, look_has_job },
  { "already-there", MIGRATE_SEVERITY_BLOCKER, FALSE, look_already_there },
  { "name-taken", MIGRATE_SEVERITY_BLOCKER, FALSE, look_name_taken },
  { "record-differs", MIGRATE_SEVERITY_BLOCKER, FALSE, look_record },
  { "hypervisor-differs", MIGRATE_SEVERITY_BLOCKER, FALSE, look_hypervisor },
  { "disk-sharing-unproven", MIGRATE_SEVERITY_BLOCKER, TRUE, look_disks },
  { "disk-not-shared", MIGRATE_SEVERITY_BLOCKER, FALSE, look_not_shared },
  { "transient-disk", MIGRATE_SEVERITY_BLOCKER, FALSE, look_transient_disk },
  { "destination-older", MIGRATE_SEVERITY_WARNING, FALSE, look_older },
  { "hand-over-unprotected", MIGRATE_SEVERITY_WARNING, FALSE, look_unprotected },
  { "guest-transient", MIGRATE_SEVERITY_NOTE, FALSE, look_transient },
  { "guest-paused", MIGRATE_SEVERITY_NOTE, FALSE, look_paused },
};

static void
look_at_all (MigrateLook *look, const MigrateCheck *list, gsize n)
{
  for (gsize i = 0; i < n; i++)
    {
      look->check = &list[i];
      list[i].look (look);
    }
}

MigrateReport *
_migrate_check_evaluate (const MigrateFacts *facts, const MigrateCheckRequest *request,
                         MigratePolicy *policy)
{
  MigrateLook look
    = { facts, request, policy,
        _migrate_report_new (MIGRATE_KIND_LIVE, facts->guest.name, facts->guest.uuid), NULL };

  look_at_all (&look, checks, G_N_ELEMENTS (checks));
  look_at_all (&look, _migrate_transport_checks, _migrate_n_transport_checks);
  return look.report;
}

static char *
compare_disks (const MigrateFacts *before, const MigrateFacts *now)
{
  if (before->disks->len != now->disks->len)
    return g_strdup_printf ("the guest had %u disks and has %u now", before->disks->len,
                            now->disks->len);
  for (guint i = 0; i < now->disks->len; i++)
    {
      const MigrateDisk *old = before->disks->pdata[i];
      const MigrateDisk *new = now->disks->pdata[i];

      if (g_strcmp0 (old->target, new->target) != 0 || g_strcmp0 (old->source, new->source) != 0)
        return g_strdup_printf ("disk “%s” is another one now", new->target);
    }
  return NULL;
}

char *
_migrate_facts_compare (const MigrateFacts *before, const MigrateFacts *now)
{
  if (g_strcmp0 (before->guest.uuid, now->guest.uuid) != 0)
    return g_strdup_printf ("guest “%s” has another UUID now", now->guest.name);
  if (g_strcmp0 (before->guest.name, now->guest.name) != 0)
    return g_strdup_printf ("guest “%s” is named “%s” now", before->guest.name, now->guest.name);
  if (before->guest.state != now->guest.state)
    {
      g_autofree char *old = _migrate_domain_describe (before->guest.state, before->guest.reason);
      g_autofree char *new = _migrate_domain_describe (now->guest.state, now->guest.reason);

      return g_strdup_printf ("guest “%s” was %s and is %s now", now->guest.name, old, new);
    }
  if (before->guest.persistent != now->guest.persistent)
    return g_strdup_printf ("guest “%s” is %s now", now->guest.name,
                            now->guest.persistent ? "persistent" : "transient");
  if (g_strcmp0 (before->source.uuid, now->source.uuid) != 0
      || g_strcmp0 (before->destination.uuid, now->destination.uuid) != 0)
    return g_strdup ("a URI leads to another host now");
  return compare_disks (before, now);
}

MigrateCheckRequest
_migrate_check_request (MigrateWork *work)
{
  return (MigrateCheckRequest){
    .kind = work->kind,
    .transport = (MigrateTransport) _migrate_policy_get_enum (work->policy, "transport"),
    .hand_over = (MigrateHandOver) _migrate_policy_get_enum (work->policy, "hand-over"),
    .source_uri = work->source_uri,
    .destination_uri = work->destination_uri,
    .peer_uri = work->peer_uri,
    .migration_uri = work->migration_uri,
    .listen_address = work->listen_address,
    .tls_name = work->tls_name,
    .source_name = work->source_name,
    .destination_name = work->destination_name,
  };
}
