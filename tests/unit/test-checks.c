/* The checks: a good picture, and one thing wrong with it at a time. */
#include "check/facts-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

TestSuite (checks, .timeout = 20);

static MigrateDisk *
disk (const char *target, const char *type, const char *source)
{
  MigrateDisk *d = g_new0 (MigrateDisk, 1);

  d->target = g_strdup (target);
  d->type = g_strdup (type);
  d->device = g_strdup ("disk");
  d->source = g_strdup (source);
  return d;
}

static MigrateFacts *
good_facts (void)
{
  MigrateFacts *f = g_new0 (MigrateFacts, 1);

  g_atomic_ref_count_init (&f->ref_count);
  f->source
    = (MigrateHostInfo){ g_strdup ("h1"), g_strdup ("u1"), g_strdup ("QEMU"), 9000000, 7002022 };
  f->destination
    = (MigrateHostInfo){ g_strdup ("h2"), g_strdup ("u2"), g_strdup ("QEMU"), 9000000, 7002022 };
  f->guest = (MigrateDomain){ .uuid = g_strdup ("g-uuid"),
                              .name = g_strdup ("g"),
                              .state = MIGRATE_DOMAIN_RUNNING,
                              .reason = 1,
                              .persistent = TRUE };
  f->disks = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_disk_free);
  f->probed = g_ptr_array_new_with_free_func ((GDestroyNotify) _migrate_probed_free);
  return f;
}

typedef struct
{
  MigrateFacts *facts;
  MigrateCheckRequest request;
  MigratePolicy *policy;
} Given;

static void
nothing (Given *g)
{
}
static void
same_uuid (Given *g)
{
  g_free (g->facts->destination.uuid);
  g->facts->destination.uuid = g_strdup ("u1");
}
static void
same_uri (Given *g)
{
  g->request.destination_uri = g->request.source_uri;
}
static void
off (Given *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_SHUTOFF;
}
static void
crashed (Given *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_CRASHED;
}
static void
suspended (Given *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PMSUSPENDED;
}
static void
paused (Given *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PAUSED;
  g->facts->guest.reason = MIGRATE_PAUSED_USER;
}
static void
frozen (Given *g)
{
  g->facts->guest.state = MIGRATE_DOMAIN_PAUSED;
  g->facts->guest.reason = MIGRATE_PAUSED_MIGRATION;
}
static void
has_job (Given *g)
{
  g->facts->guest_has_job = TRUE;
}
static void
transient (Given *g)
{
  g->facts->guest.persistent = FALSE;
}
static void
hypervisor (Given *g)
{
  g_free (g->facts->destination.hypervisor);
  g->facts->destination.hypervisor = g_strdup ("Xen");
}
static void
older (Given *g)
{
  g->facts->destination.libvirt_version = 8000000;
}
static void
older_qemu (Given *g)
{
  g->facts->destination.hypervisor_version = 6000000;
}
static void
file_disk (Given *g)
{
  g_ptr_array_add (g->facts->disks, disk ("vda", "file", "/a"));
}
static void
file_disk_live (Given *g)
{
  file_disk (g);
  g->request.kind = MIGRATE_KIND_LIVE;
}
static void
file_disk_accepted (Given *g)
{
  file_disk (g);
  migrate_policy_set (g->policy, "accept", "disk-sharing-unproven", NULL);
}
static void
network_disk (Given *g)
{
  g_ptr_array_add (g->facts->disks, disk ("vda", "network", "nbd:a"));
}
static void
empty_drive (Given *g)
{
  g_ptr_array_add (g->facts->disks, disk ("sda", "file", NULL));
}
static void
transient_disk (Given *g)
{
  network_disk (g);
  ((MigrateDisk *) g->facts->disks->pdata[0])->transient = TRUE;
}
static void
strict (Given *g)
{
  g->request.hand_over = MIGRATE_HAND_OVER_STRICT;
}
static void
postcopy (Given *g)
{
  migrate_policy_set (g->policy, "allow", "postcopy", NULL);
}
static void
postcopy_tunnelled (Given *g)
{
  postcopy (g);
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
}
static void
postcopy_strict (Given *g)
{
  postcopy (g);
  strict (g);
}
static void
postcopy_paused (Given *g)
{
  postcopy (g);
  paused (g);
}
static void
tunnelled_uri (Given *g)
{
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
  g->request.migration_uri = "tcp://h";
}
static void
set (Given *g, const char *key, const char *value)
{
  cr_assert (migrate_policy_set (g->policy, key, value, NULL), "%s = %s", key, value);
}
static void
tunnelled_listen (Given *g)
{
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
  g->request.listen_address = "::";
}
static void
socket_listen (Given *g)
{
  g->request.migration_uri = "unix:///a";
  g->request.listen_address = "::";
}
static void
socket_only (Given *g)
{
  g->request.migration_uri = "unix:///a";
}
static void
connections (Given *g)
{
  set (g, "connections", "2");
}
static void
connections_tunnelled (Given *g)
{
  set (g, "connections", "2");
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
}
static void
connections_mt (Given *g)
{
  set (g, "connections", "2");
  set (g, "compression", "mt");
}
static void
connections_xbzrle (Given *g)
{
  set (g, "connections", "2");
  set (g, "compression", "xbzrle");
}
static void
connections_xbzrle_later (Given *g)
{
  set (g, "connections", "2");
  set (g, "compression", "xbzrle");
  g->facts->source.hypervisor_version = g->facts->destination.hypervisor_version = 8002000;
}
static void
connections_postcopy (Given *g)
{
  set (g, "connections", "2");
  set (g, "allow", "postcopy");
}
static void
connections_postcopy_later (Given *g)
{
  set (g, "connections", "2");
  set (g, "allow", "postcopy");
  g->facts->source.hypervisor_version = g->facts->destination.hypervisor_version = 10001000;
}
static void
connections_old (Given *g)
{
  set (g, "connections", "2");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 5001000;
}
static void
xbzrle (Given *g)
{
  set (g, "compression", "xbzrle");
}
static void
xbzrle_postcopy (Given *g)
{
  set (g, "compression", "xbzrle");
  set (g, "allow", "postcopy");
}
static void
xbzrle_cache (Given *g)
{
  set (g, "compression", "xbzrle");
  set (g, "xbzrle-cache", "64");
}
static void
xbzrle_odd (Given *g)
{
  set (g, "compression", "xbzrle");
  set (g, "xbzrle-cache", "48");
}
static void
cache_alone (Given *g)
{
  set (g, "xbzrle-cache", "64");
}
static void
mt (Given *g)
{
  set (g, "compression", "mt");
  set (g, "compression-level", "9");
  set (g, "compression-threads", "2");
}
static void
mt_xbzrle (Given *g)
{
  set (g, "compression", "mt;xbzrle");
}
static void
mt_xbzrle_later (Given *g)
{
  set (g, "compression", "mt;xbzrle");
  g->facts->source.hypervisor_version = g->facts->destination.hypervisor_version = 8002000;
}
static void
mt_gone (Given *g)
{
  set (g, "compression", "mt");
  g->facts->source.hypervisor_version = g->facts->destination.hypervisor_version = 9001000;
}
static void
mt_level (Given *g)
{
  set (g, "compression", "mt");
  set (g, "compression-level", "10");
}
static void
level_alone (Given *g)
{
  set (g, "compression-level", "1");
}
static void
level_xbzrle (Given *g)
{
  set (g, "compression", "xbzrle");
  set (g, "compression-level", "1");
}
static void
threads_alone (Given *g)
{
  set (g, "compression-threads", "2");
}
static void
zlib_unknown (Given *g)
{
  set (g, "compression", "zlib");
  set (g, "connections", "2");
}
static void
zlib (Given *g)
{
  set (g, "compression", "zlib");
  set (g, "connections", "2");
  set (g, "compression-level", "9");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 9004000;
}
static void
zlib_alone (Given *g)
{
  set (g, "compression", "zlib");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 9004000;
}
static void
zstd (Given *g)
{
  set (g, "compression", "zstd");
  set (g, "connections", "2");
  set (g, "compression-level", "20");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 9004000;
}
static void
zstd_alone (Given *g)
{
  set (g, "compression", "zstd");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 9004000;
}
static void
zlib_zstd (Given *g)
{
  set (g, "compression", "zlib;zstd");
  set (g, "connections", "2");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 9004000;
}
static void
zero_copy (Given *g)
{
  set (g, "connections", "2");
  set (g, "zero-copy", "true");
}
static void
zero_copy_alone (Given *g)
{
  set (g, "zero-copy", "true");
}
static void
zero_copy_tls (Given *g)
{
  set (g, "connections", "2");
  set (g, "zero-copy", "true");
  set (g, "tls", "true");
}
static void
zero_copy_xbzrle (Given *g)
{
  set (g, "connections", "2");
  set (g, "zero-copy", "true");
  set (g, "compression", "xbzrle");
}
static void
zero_copy_zstd (Given *g)
{
  set (g, "connections", "2");
  set (g, "zero-copy", "true");
  set (g, "compression", "zstd");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 9004000;
}
static void
zero_copy_old (Given *g)
{
  set (g, "connections", "2");
  set (g, "zero-copy", "true");
  g->facts->source.hypervisor_version = g->facts->destination.hypervisor_version = 7000000;
}
static void
tls (Given *g)
{
  g->request.tls_name = "h";
  set (g, "tls", "true");
  set (g, "connections", "2");
  set (g, "allow", "throttle");
}
static void
tls_tunnelled (Given *g)
{
  set (g, "tls", "true");
  g->request.transport = MIGRATE_TRANSPORT_TUNNELLED;
}
static void
tls_name_old (Given *g)
{
  g->request.tls_name = "h";
  set (g, "tls", "true");
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 5009000;
}
static void
tls_name_unused (Given *g)
{
  g->request.tls_name = "h";
  g->facts->source.libvirt_version = g->facts->destination.libvirt_version = 5009000;
}
static void
deadline_postcopy (Given *g)
{
  set (g, "at-deadline", "postcopy");
  set (g, "allow", "pause");
}
static void
deadline_pause (Given *g)
{
  set (g, "at-deadline", "pause");
  set (g, "allow", "postcopy");
}
static void
deadline_allowed (Given *g)
{
  set (g, "at-deadline", "pause");
  set (g, "allow", "pause");
}
static void
throttle_paused (Given *g)
{
  set (g, "allow", "throttle");
  paused (g);
}
static void
tls_socket (Given *g)
{
  set (g, "tls", "true");
  socket_only (g);
}
static void
tls_socket_named (Given *g)
{
  tls_socket (g);
  g->request.tls_name = "h";
}
static void
local_peer (Given *g)
{
  g->request.peer_uri = "qemu:///system";
}
static void
localhost_peer (Given *g)
{
  g->request.peer_uri = "qemu+tcp://localhost/system";
}
static void
local_peer_direct (Given *g)
{
  local_peer (g);
  g->request.transport = MIGRATE_TRANSPORT_DIRECT;
}

static void
there (Given *g)
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
there_accepted (Given *g)
{
  there (g);
  migrate_policy_set (g->policy, "accept", "already-there;same-host", NULL);
}

static void
name_taken (Given *g)
{
  g->facts->found_name = TRUE;
  g->facts->same_name = (MigrateDomain){ .uuid = g_strdup ("other"),
                                         .name = g_strdup ("g"),
                                         .state = MIGRATE_DOMAIN_RUNNING };
}

static void
record (Given *g, const char *host)
{
  g->facts->has_record = TRUE;
  g->facts->record = g_strdup (host);
}
static void
record_here (Given *g)
{
  record (g, "one");
}
static void
record_there (Given *g)
{
  record (g, "two");
}
static void
record_elsewhere (Given *g)
{
  record (g, "three");
}
static void
record_without_it (Given *g)
{
  record (g, NULL);
}

/* What must be found: code and severity, and whether prepare is refused then. */
static const struct
{
  const char *label;
  void (*spoil) (Given *given);
  const char *code; /* NULL: no blocker at all */
  MigrateSeverity severity;
} rows[] = {
  { "good", nothing, NULL, 0 },
  { "same host UUID", same_uuid, "same-host", MIGRATE_SEVERITY_BLOCKER },
  { "same URI", same_uri, "same-host", MIGRATE_SEVERITY_BLOCKER },
  { "off", off, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "crashed", crashed, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "suspended to RAM", suspended, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "paused by its user", paused, "guest-paused", MIGRATE_SEVERITY_NOTE },
  { "frozen by a migration", frozen, "guest-not-running", MIGRATE_SEVERITY_BLOCKER },
  { "job", has_job, "guest-has-job", MIGRATE_SEVERITY_BLOCKER },
  { "transient", transient, "guest-transient", MIGRATE_SEVERITY_NOTE },
  { "other hypervisor", hypervisor, "hypervisor-differs", MIGRATE_SEVERITY_BLOCKER },
  { "older libvirt", older, "destination-older", MIGRATE_SEVERITY_WARNING },
  { "older QEMU", older_qemu, "destination-older", MIGRATE_SEVERITY_WARNING },
  { "file disk", file_disk, "disk-sharing-unproven", MIGRATE_SEVERITY_BLOCKER },
  { "file disk, live asked for", file_disk_live, "disk-sharing-unproven",
    MIGRATE_SEVERITY_WARNING },
  { "file disk, accepted", file_disk_accepted, "disk-sharing-unproven", MIGRATE_SEVERITY_WARNING },
  { "network disk", network_disk, NULL, 0 },
  { "empty drive", empty_drive, NULL, 0 },
  { "transient disk", transient_disk, "transient-disk", MIGRATE_SEVERITY_BLOCKER },
  { "no lock guards", nothing, "hand-over-unprotected", MIGRATE_SEVERITY_WARNING },
  { "strict", strict, NULL, 0 },
  { "post-copy", postcopy, NULL, 0 },
  { "post-copy, tunnelled", postcopy_tunnelled, "postcopy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "post-copy, strict", postcopy_strict, "postcopy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "post-copy, paused", postcopy_paused, "postcopy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "defined there", there, "already-there", MIGRATE_SEVERITY_BLOCKER },
  { "defined there, accepted", there_accepted, "already-there", MIGRATE_SEVERITY_BLOCKER },
  { "name taken", name_taken, "name-taken", MIGRATE_SEVERITY_BLOCKER },
  { "record as it is", record_here, NULL, 0 },
  { "record ahead", record_there, NULL, 0 },
  { "record of a third host", record_elsewhere, "record-differs", MIGRATE_SEVERITY_BLOCKER },
  { "record without the guest", record_without_it, "record-differs", MIGRATE_SEVERITY_BLOCKER },
  { "tunnelled with URI", tunnelled_uri, "tunnelled-with-uri", MIGRATE_SEVERITY_BLOCKER },
  { "tunnelled with listen address", tunnelled_listen, "listen-address-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "socket with listen address", socket_listen, "listen-address-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "socket between hosts", socket_only, "unix-between-hosts", MIGRATE_SEVERITY_WARNING },
  { "connections", connections, NULL, 0 },
  { "connections, tunnelled", connections_tunnelled, "connections-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "connections, mt", connections_mt, "connections-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "connections, xbzrle", connections_xbzrle, "compression-unused", MIGRATE_SEVERITY_WARNING },
  { "connections, xbzrle, QEMU 8.2", connections_xbzrle_later, "connections-excluded",
    MIGRATE_SEVERITY_BLOCKER },
  { "connections, post-copy", connections_postcopy, "postcopy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "connections, post-copy, QEMU 10.1", connections_postcopy_later, NULL, 0 },
  { "connections, old libvirt", connections_old, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "xbzrle", xbzrle, NULL, 0 },
  { "xbzrle, post-copy", xbzrle_postcopy, NULL, 0 },
  { "xbzrle with a cache", xbzrle_cache, NULL, 0 },
  { "xbzrle with an odd cache", xbzrle_odd, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "cache without xbzrle", cache_alone, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "mt", mt, NULL, 0 },
  { "mt and xbzrle", mt_xbzrle, NULL, 0 },
  { "mt and xbzrle, QEMU 8.2", mt_xbzrle_later, "compression-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "mt, QEMU 9.1", mt_gone, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "mt, level 10", mt_level, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "level alone", level_alone, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "level with xbzrle", level_xbzrle, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "threads alone", threads_alone, "compression-tuning", MIGRATE_SEVERITY_BLOCKER },
  { "zlib, libvirt 9.0", zlib_unknown, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "zlib, libvirt 9.4", zlib, NULL, 0 },
  { "zlib without connections", zlib_alone, "compression-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zstd, level 20", zstd, NULL, 0 },
  { "zstd without connections", zstd_alone, "compression-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zlib and zstd", zlib_zstd, "compression-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy", zero_copy, NULL, 0 },
  { "zero-copy alone", zero_copy_alone, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, TLS", zero_copy_tls, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, xbzrle", zero_copy_xbzrle, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, zstd", zero_copy_zstd, "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "zero-copy, QEMU 7.0", zero_copy_old, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "TLS", tls, NULL, 0 },
  { "TLS, tunnelled", tls_tunnelled, "tls-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "TLS name, libvirt 5.9", tls_name_old, "feature-unknown", MIGRATE_SEVERITY_BLOCKER },
  { "TLS name that does not count", tls_name_unused, NULL, 0 },
  { "post-copy at the deadline", deadline_postcopy, "at-deadline-not-allowed",
    MIGRATE_SEVERITY_BLOCKER },
  { "pause at the deadline", deadline_pause, "at-deadline-not-allowed", MIGRATE_SEVERITY_BLOCKER },
  { "allowed at the deadline", deadline_allowed, NULL, 0 },
  { "throttle of a paused guest", throttle_paused, NULL, 0 },
  { "TLS over a socket", tls_socket, "tls-excluded", MIGRATE_SEVERITY_BLOCKER },
  { "TLS over a socket, named", tls_socket_named, NULL, 0 },
  { "local peer", local_peer, "peer-uri-local", MIGRATE_SEVERITY_BLOCKER },
  { "localhost peer", localhost_peer, "peer-uri-local", MIGRATE_SEVERITY_BLOCKER },
  { "local peer, direct", local_peer_direct, NULL, 0 },
};

static Given
given_good (void)
{
  return (Given){ good_facts (),
                  { .kind = MIGRATE_KIND_AUTO,
                    .source_uri = "qemu+tcp://h1/system",
                    .destination_uri = "qemu+tcp://h2/system",
                    .source_name = "one",
                    .destination_name = "two" },
                  migrate_policy_new () };
}

static MigrateFinding *
find (MigrateReport *report, const char *code)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_equal (migrate_finding_get_code (finding), code))
        return g_steal_pointer (&finding);
    }
  return NULL;
}

ParameterizedTestParameters (checks, find_what_is_wrong)
{
  static size_t indexes[G_N_ELEMENTS (rows)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *index, checks, find_what_is_wrong)
{
  Given given = given_good ();
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFinding) finding = NULL;
  const char *label = rows[*index].label;

  rows[*index].spoil (&given);
  report = _migrate_check_evaluate (given.facts, &given.request, given.policy);
  if (rows[*index].code == NULL)
    {
      cr_assert_not (migrate_report_is_blocked (report), "%s", label);
    }
  else
    {
      finding = find (report, rows[*index].code);
      cr_assert_not_null (finding, "%s: “%s” was not found", label, rows[*index].code);
      cr_assert_eq (migrate_finding_get_severity (finding), rows[*index].severity, "%s", label);
      cr_assert_eq (migrate_report_is_blocked (report),
                    rows[*index].severity == MIGRATE_SEVERITY_BLOCKER, "%s", label);
      cr_assert_not_null (migrate_finding_get_subject (finding), "%s", label);
      cr_assert_gt (strlen (migrate_finding_get_message (finding)), 20, "%s", label);
      if (rows[*index].severity != MIGRATE_SEVERITY_NOTE)
        cr_assert_not_null (migrate_finding_get_remedy (finding), "%s", label);
    }
  _migrate_facts_unref (given.facts);
  g_object_unref (given.policy);
}

Test (checks, say_when_a_blocker_was_accepted)
{
  Given given = given_good ();
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateFinding) finding = NULL;

  file_disk_accepted (&given);
  report = _migrate_check_evaluate (given.facts, &given.request, given.policy);
  finding = find (report, "disk-sharing-unproven");
  cr_assert (migrate_finding_is_accepted (finding));
  _migrate_facts_unref (given.facts);
  g_object_unref (given.policy);
}

/* ---- what changed between check and prepare ---- */

static void
changed_name (Given *g)
{
  g_free (g->facts->guest.name);
  g->facts->guest.name = g_strdup ("x");
}
static void
changed_host (Given *g)
{
  g_free (g->facts->destination.uuid);
  g->facts->destination.uuid = g_strdup ("u3");
}
static void
changed_uuid (Given *g)
{
  g_free (g->facts->guest.uuid);
  g->facts->guest.uuid = g_strdup ("x");
}

static const struct
{
  const char *label, *says;
  void (*spoil) (Given *given);
} changes[] = {
  { "nothing", NULL, nothing },
  { "paused since", "paused", paused },
  { "transient since", "transient", transient },
  { "renamed", "named", changed_name },
  { "other UUID", "UUID", changed_uuid },
  { "other host", "another host", changed_host },
  { "disk added", "disks", network_disk },
};

ParameterizedTestParameters (checks, see_what_changed)
{
  static size_t indexes[G_N_ELEMENTS (changes)];

  for (size_t i = 0; i < G_N_ELEMENTS (changes); i++)
    indexes[i] = i;
  return cr_make_param_array (size_t, indexes, G_N_ELEMENTS (changes));
}

ParameterizedTest (size_t *index, checks, see_what_changed)
{
  Given before = given_good (), now = given_good ();
  g_autofree char *difference = NULL;

  changes[*index].spoil (&now);
  difference = _migrate_facts_compare (before.facts, now.facts);
  if (changes[*index].says == NULL)
    cr_assert_null (difference);
  else
    cr_assert (difference != NULL && strstr (difference, changes[*index].says) != NULL, "%s: %s",
               changes[*index].label, difference);
  _migrate_facts_unref (before.facts);
  _migrate_facts_unref (now.facts);
  g_object_unref (before.policy);
  g_object_unref (now.policy);
}
