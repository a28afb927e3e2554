/* Decide: whether memory can travel as it is asked to. What excludes what is data: libvirt and QEMU
 * would refuse most of it too, but one thing at a time, in their own words, and some of it only
 * when the guest is half way. */
#include "check/features-private.h"

#include <string.h>

#define QEMU(major, minor) ((major) *1000000 + (minor) *1000)

/* ---- words ---- */

/* Of ASCII: the first letter of all these texts. */
static char *
begin_sentence (const char *text)
{
  char *sentence = g_strdup (text);

  *sentence = g_ascii_toupper (*sentence);
  return sentence;
}

static char *
remedies (const MigrateFeatureInfo *a, const char * or)
{
  g_autofree char *text = g_strdup_printf ("%s, or %s", a->remedy, or);

  return begin_sentence (text);
}

static void
find_excluded (MigrateLook *look, const MigrateFeatureInfo *a, const MigrateFeatureInfo *b,
               guint64 qemu)
{
  g_autofree char *name = begin_sentence (a->name);
  g_autofree char *remedy = remedies (a, b->remedy);
  g_autofree char *version = _migrate_version_to_string (qemu);

  if (qemu == 0)
    _migrate_look_found (look, look->check->severity, look->facts->guest.name, remedy,
                         "%s and %s exclude each other", name, b->name);
  else
    _migrate_look_found (look, look->check->severity, look->facts->guest.name, remedy,
                         "%s and %s exclude each other with QEMU %s", name, b->name, version);
}

/* ---- what excludes what ---- */

/* By the finding's code. From and until: the versions of QEMU that the row is about, 0: all. */
static const struct
{
  const char *code;
  MigrateFeature a, b;
  guint64 from, until;
} excluded[] = {
  { "tunnelled-with-uri", MIGRATE_FEATURE_TUNNELLED, MIGRATE_FEATURE_MIGRATION_URI },
  { "listen-address-excluded", MIGRATE_FEATURE_LISTEN_ADDRESS, MIGRATE_FEATURE_TUNNELLED },
  { "listen-address-excluded", MIGRATE_FEATURE_LISTEN_ADDRESS, MIGRATE_FEATURE_UNIX_URI },

  /* A guest that does not run fetches nothing. */
  { "postcopy-excluded", MIGRATE_FEATURE_POSTCOPY, MIGRATE_FEATURE_TUNNELLED },
  { "postcopy-excluded", MIGRATE_FEATURE_POSTCOPY, MIGRATE_FEATURE_STRICT },
  { "postcopy-excluded", MIGRATE_FEATURE_POSTCOPY, MIGRATE_FEATURE_PAUSED },
  /* QEMU refuses it from 8.1 on. Before, it begins, and the guest is lost at the switch (seen with
   * 7.2): nothing else stands in the way of that. */
  { "postcopy-excluded", MIGRATE_FEATURE_POSTCOPY, MIGRATE_FEATURE_CONNECTIONS, 0, QEMU (10, 1) },

  { "connections-excluded", MIGRATE_FEATURE_CONNECTIONS, MIGRATE_FEATURE_TUNNELLED },
  { "connections-excluded", MIGRATE_FEATURE_CONNECTIONS, MIGRATE_FEATURE_MT },
  { "connections-excluded", MIGRATE_FEATURE_CONNECTIONS, MIGRATE_FEATURE_XBZRLE, QEMU (8, 2), 0 },

  { "compression-excluded", MIGRATE_FEATURE_ZLIB, MIGRATE_FEATURE_ZSTD },
  { "compression-excluded", MIGRATE_FEATURE_XBZRLE, MIGRATE_FEATURE_MT, QEMU (8, 2), 0 },

  { "zero-copy-excluded", MIGRATE_FEATURE_ZERO_COPY, MIGRATE_FEATURE_TLS },
  { "zero-copy-excluded", MIGRATE_FEATURE_ZERO_COPY, MIGRATE_FEATURE_XBZRLE },
  { "zero-copy-excluded", MIGRATE_FEATURE_ZERO_COPY, MIGRATE_FEATURE_MT },
  { "zero-copy-excluded", MIGRATE_FEATURE_ZERO_COPY, MIGRATE_FEATURE_ZLIB },
  { "zero-copy-excluded", MIGRATE_FEATURE_ZERO_COPY, MIGRATE_FEATURE_ZSTD },

  { "tls-excluded", MIGRATE_FEATURE_TLS, MIGRATE_FEATURE_TUNNELLED },

  { "disks-excluded", MIGRATE_FEATURE_BLOCK, MIGRATE_FEATURE_UNIX_URI },
};

static const struct
{
  const char *code;
  MigrateFeature feature;
  guint one_of;
  const char *what, *remedy;
} needed[] = {
  { "zero-copy-excluded", MIGRATE_FEATURE_ZERO_COPY, MIGRATE_FEATURE_CONNECTIONS,
    "parallel connections", "set the policy key “connections”" },
  { "compression-excluded", MIGRATE_FEATURE_ZLIB, MIGRATE_FEATURE_CONNECTIONS,
    "parallel connections", "set the policy key “connections”" },
  { "compression-excluded", MIGRATE_FEATURE_ZSTD, MIGRATE_FEATURE_CONNECTIONS,
    "parallel connections", "set the policy key “connections”" },
  { "compression-tuning", MIGRATE_FEATURE_LEVEL,
    MIGRATE_FEATURE_MT | MIGRATE_FEATURE_ZLIB | MIGRATE_FEATURE_ZSTD,
    "one of the compressions “mt”, “zlib” and “zstd”", "name one in the policy key “compression”" },
  { "compression-tuning", MIGRATE_FEATURE_THREADS, MIGRATE_FEATURE_MT, "the compression “mt”",
    "name “mt” in the policy key “compression”" },
  { "compression-tuning", MIGRATE_FEATURE_CACHE, MIGRATE_FEATURE_XBZRLE, "the compression “xbzrle”",
    "name “xbzrle” in the policy key “compression”" },
  { "tls-excluded", MIGRATE_FEATURE_TLS_SOCKET, MIGRATE_FEATURE_TLS_NAME,
    "the name in the certificate of the destination", "give that name" },
  { "at-deadline-not-allowed", MIGRATE_FEATURE_DEADLINE_POSTCOPY, MIGRATE_FEATURE_POSTCOPY,
    "that post-copy is allowed", "name “postcopy” in the policy key “allow”" },
  { "at-deadline-not-allowed", MIGRATE_FEATURE_DEADLINE_PAUSE, MIGRATE_FEATURE_PAUSE,
    "that a pause is allowed", "name “pause” in the policy key “allow”" },
};

/* The version of a host that is in the range, or 0. */
static guint64
qemu_in_range (const MigrateFacts *f, guint64 from, guint64 until)
{
  const MigrateHostInfo *hosts[] = { &f->source, &f->destination };

  for (guint i = 0; i < G_N_ELEMENTS (hosts); i++)
    if (g_strcmp0 (hosts[i]->hypervisor, "QEMU") == 0 && hosts[i]->hypervisor_version >= from
        && (until == 0 || hosts[i]->hypervisor_version < until))
      return hosts[i]->hypervisor_version;
  return 0;
}

static void
look_excluded (MigrateLook *look)
{
  guint asked = _migrate_features_asked (look);

  for (gsize i = 0; i < G_N_ELEMENTS (excluded); i++)
    {
      guint both = excluded[i].a | excluded[i].b;
      gboolean always = excluded[i].from == 0 && excluded[i].until == 0;
      guint64 qemu = always ? 0 : qemu_in_range (look->facts, excluded[i].from, excluded[i].until);

      if (g_str_equal (excluded[i].code, look->check->code) && (asked & both) == both
          && (always || qemu > 0))
        find_excluded (look, _migrate_feature_info (excluded[i].a),
                       _migrate_feature_info (excluded[i].b), qemu);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (needed); i++)
    if (g_str_equal (needed[i].code, look->check->code) && (asked & needed[i].feature) != 0
        && (asked & needed[i].one_of) == 0)
      {
        const MigrateFeatureInfo *info = _migrate_feature_info (needed[i].feature);
        g_autofree char *name = begin_sentence (info->name);
        g_autofree char *remedy = remedies (info, needed[i].remedy);

        _migrate_look_found (look, look->check->severity, look->facts->guest.name, remedy,
                             "%s needs %s", name, needed[i].what);
      }
}

/* ---- values ---- */

static void
look_level (MigrateLook *look, guint asked)
{
  guint level = _migrate_policy_get_uint (look->policy, "compression-level");

  if (level > 9 && (asked & (MIGRATE_FEATURE_MT | MIGRATE_FEATURE_ZLIB)) != 0)
    _migrate_look_found (look, look->check->severity, look->facts->guest.name,
                         "Set the policy “compression-level” to 9 or less",
                         "The compressions “mt” and “zlib” have levels up to 9, not %u", level);
}

static void
look_cache (MigrateLook *look, guint asked)
{
  guint size = _migrate_policy_get_uint (look->policy, "xbzrle-cache");
  g_autofree char *remedy = NULL;
  guint less = 1;

  if ((asked & MIGRATE_FEATURE_XBZRLE) == 0 || (size & (size - 1)) == 0)
    return;
  while (less * 2 < size)
    less *= 2;
  remedy = g_strdup_printf ("Set the policy “xbzrle-cache” to %u or %u", less, less * 2);
  _migrate_look_found (look, look->check->severity, look->facts->guest.name, remedy,
                       "The xbzrle cache must be a power of two, in MiB, not %u", size);
}

static void
look_tuning (MigrateLook *look)
{
  guint asked = _migrate_features_asked (look);

  look_excluded (look);
  look_level (look, asked);
  if ((asked & MIGRATE_FEATURE_CACHE) != 0)
    look_cache (look, asked);
}

/* QEMU before 8.2 takes both, and sends what the connections carry as it is. */
static void
look_unused (MigrateLook *look)
{
  guint both = MIGRATE_FEATURE_CONNECTIONS | MIGRATE_FEATURE_XBZRLE;

  if ((_migrate_features_asked (look) & both) == both
      && qemu_in_range (look->facts, QEMU (8, 2), 0) == 0)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

/* ---- versions ---- */

static void
find_unknown (MigrateLook *look, const MigrateFeatureInfo *info, const MigrateHostInfo *host,
              const char *program, guint64 version, guint64 since)
{
  g_autofree char *has = _migrate_version_to_string (version);
  g_autofree char *wants = _migrate_version_to_string (since);
  g_autofree char *remedy
    = remedies (info, since > version ? "upgrade that host" : "choose another host");

  _migrate_look_found (look, look->check->severity, host->hostname, remedy,
                       since > version ? "%s %s on “%s” does not know %s: %s is the first that does"
                                       : "%s %s on “%s” does not know %s: it is gone since %s",
                       program, has, host->hostname, info->name, wants);
}

static void
look_unknown (MigrateLook *look)
{
  const MigrateHostInfo *hosts[] = { &look->facts->source, &look->facts->destination };
  guint asked = _migrate_features_asked (look);
  const MigrateFeatureInfo *info;

  for (gsize i = 0; (info = _migrate_feature_nth (i)) != NULL; i++)
    for (guint j = 0; (asked & info->feature) != 0 && j < G_N_ELEMENTS (hosts); j++)
      {
        guint64 qemu = hosts[j]->hypervisor_version;

        if (g_strcmp0 (hosts[j]->hypervisor, "QEMU") != 0)
          continue;
        if (hosts[j]->libvirt_version < info->libvirt_since)
          find_unknown (look, info, hosts[j], "libvirt", hosts[j]->libvirt_version,
                        info->libvirt_since);
        if (qemu < info->qemu_since)
          find_unknown (look, info, hosts[j], "QEMU", qemu, info->qemu_since);
        if (info->qemu_until != 0 && qemu >= info->qemu_until)
          find_unknown (look, info, hosts[j], "QEMU", qemu, info->qemu_until);
      }
}

/* ---- ways ---- */

static gboolean
is_local_peer (const char *uri)
{
  g_autoptr (GUri) parsed
    = g_uri_parse (uri, G_URI_FLAGS_ENCODED_PATH | G_URI_FLAGS_ENCODED_QUERY, NULL);
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;
  const char *query = parsed != NULL ? g_uri_get_query (parsed) : NULL;

  if (host == NULL || *host == '\0')
    return query == NULL || strstr (query, "socket=") == NULL;
  return g_str_has_prefix (host, "localhost");
}

static void
look_local_peer (MigrateLook *look)
{
  const char *peer
    = look->request->peer_uri != NULL ? look->request->peer_uri : look->request->destination_uri;

  if (look->request->transport != MIGRATE_TRANSPORT_DIRECT && is_local_peer (peer))
    _migrate_look_find (look, look->facts->destination.hostname, peer, NULL);
}

/* Somebody may carry the socket over: a proxy on each host. */
static void
look_unix_between_hosts (MigrateLook *look)
{
  const MigrateFacts *f = look->facts;

  if ((_migrate_features_asked (look) & MIGRATE_FEATURE_UNIX_URI) != 0
      && g_strcmp0 (f->source.hostname, f->destination.hostname) != 0)
    _migrate_look_find (look, f->destination.hostname, f->source.hostname, NULL);
}

/* ---- what nobody can tell beforehand ---- */

/* Without a mirror what does not run goes through streams. */
static void
look_tunnelled_disks (MigrateLook *look)
{
  const GPtrArray *disks = look->facts->disks;
  gboolean mirrors = look->kind == MIGRATE_KIND_BLOCK
                     || _migrate_policy_get_enum (look->policy, "road") == MIGRATE_ROAD_MIRROR;

  if (look->request->transport != MIGRATE_TRANSPORT_TUNNELLED || !mirrors)
    return;
  for (guint i = 0; i < disks->len; i++)
    {
      const MigrateDisk *disk = disks->pdata[i];

      if (!disk->read_only
          && _migrate_look_fate (look, disk, NULL /* why */) == MIGRATE_FATE_COPIED)
        _migrate_look_find (look, disk->target, NULL);
    }
}

static void
look_tls (MigrateLook *look)
{
  if ((_migrate_features_asked (look) & MIGRATE_FEATURE_TLS) != 0)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

static void
look_postcopy_permission (MigrateLook *look)
{
  if ((_migrate_features_asked (look) & MIGRATE_FEATURE_POSTCOPY) != 0)
    _migrate_look_find (look, look->facts->guest.name, NULL);
}

/* What fetches pages at the destination does so for anonymous and shared memory only, and each
 * program that has the guest's memory mapped must take part in it. */
static void
look_postcopy_memory (MigrateLook *look)
{
  const MigrateGuest *guest = _migrate_look_there (look);
  const char *what = NULL;

  if ((_migrate_features_asked (look) & MIGRATE_FEATURE_POSTCOPY) == 0)
    return;
  if (guest->huge_pages->len > 0)
    what = "huge pages, which must be of one size on both hosts";
  else if (g_strcmp0 (guest->memory_source, "file") == 0)
    what = "a file";
  else if (guest->memory_locked)
    what = "locked memory";
  if (what != NULL)
    _migrate_look_find (look, look->facts->guest.name, what, NULL);
}

static const MigrateCheck checks[] = {
  { "peer-uri-local", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the source's libvirt would take the destination's URI for itself",
    "The source's libvirt would take “$2” for itself",
    "Give the URI with which the source reaches the destination (peer URI)", look_local_peer },
  { "tunnelled-with-uri", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the transport `tunnelled` and a migration URI exclude each other", NULL, NULL, look_excluded },
  { "listen-address-excluded", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a listen address is given, and the transport `tunnelled` or a migration URI that is a unix "
    "socket excludes it",
    NULL, NULL, look_excluded },
  { "postcopy-excluded", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "post-copy is allowed, and the transport `tunnelled`, the hand-over `strict`, the guest's "
    "pause, or parallel connections (QEMU before 10.1) exclude it",
    NULL, NULL, look_excluded, MIGRATE_CHECK_STOPS },
  { "connections-excluded", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "parallel connections exclude the transport `tunnelled`, the compression `mt` and, from QEMU "
    "8.2 on, `xbzrle`",
    NULL, NULL, look_excluded, MIGRATE_CHECK_STOPS },
  { "compression-excluded", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "`zlib` and `zstd` need parallel connections and exclude each other; `mt` and `xbzrle` do from "
    "QEMU 8.2 on",
    NULL, NULL, look_excluded, MIGRATE_CHECK_STOPS },
  { "compression-tuning", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a level, a number of threads or a cache size for a compression that was not asked for, or one "
    "that it does not take",
    NULL, NULL, look_tuning, MIGRATE_CHECK_STOPS },
  { "zero-copy-excluded", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "zero-copy needs parallel connections and excludes TLS and all compression", NULL, NULL,
    look_excluded, MIGRATE_CHECK_STOPS },
  { "tls-excluded", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "TLS and the transport `tunnelled` exclude each other; over a unix socket it needs the TLS "
    "name",
    NULL, NULL, look_excluded },
  { "tunnelled-with-disks", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a disk would have to be copied, and the transport `tunnelled` carries no disks",
    "Disk “$1” would have to be copied, and the transport “tunnelled” carries no disks",
    "Put it on storage that both hosts share, or choose another transport", look_tunnelled_disks,
    MIGRATE_CHECK_LIVE },
  { "disks-excluded", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "disks are copied while the guest runs, and a migration URI that is a unix socket has no place "
    "for them",
    NULL, NULL, look_excluded },
  { "at-deadline-not-allowed", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "`at-deadline` names what `allow` does not", NULL, NULL, look_excluded, MIGRATE_CHECK_STOPS },
  { "feature-unknown", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "a host's libvirt or QEMU is too old for what is asked, or has it no more", NULL, NULL,
    look_unknown },
  { "compression-unused", MIGRATE_SEVERITY_WARNING, FALSE,
    "QEMU does not apply `xbzrle` to what parallel connections carry (before 8.2; later ones "
    "refuse it)",
    "What parallel connections carry is not compressed by “xbzrle”", "Use one of the two",
    look_unused, MIGRATE_CHECK_STOPS },
  { "unix-between-hosts", MIGRATE_SEVERITY_WARNING, FALSE,
    "the migration URI is a unix socket and the hosts are two: a proxy must carry it",
    "Memory is to arrive on a unix socket, and “$2” and “$1” are two hosts",
    "Make sure that a proxy on each host carries that socket to the other",
    look_unix_between_hosts },
  { "postcopy-memory", MIGRATE_SEVERITY_WARNING, FALSE,
    "post-copy is allowed, and the guest's memory is in huge pages, in a file, or locked: QEMU may "
    "refuse to switch",
    "Post-copy is allowed, and the memory of guest “$1” is in $2",
    "Try it with a guest of that kind first, or take “postcopy” out of the policy key “allow”",
    look_postcopy_memory, MIGRATE_CHECK_STOPS },
  { "tls-unproven", MIGRATE_SEVERITY_NOTE, FALSE,
    "TLS is asked for, and no call tells whether the hypervisors have certificates for it "
    "(`migrate_tls_x509_cert_dir` in qemu.conf)",
    "TLS is asked for: both hosts need QEMU's certificates for it, which no call tells of", NULL,
    look_tls },
  { "postcopy-permission", MIGRATE_SEVERITY_NOTE, FALSE,
    "post-copy is allowed, and no call tells whether the kernels let QEMU do it "
    "(`vm.unprivileged_userfaultfd`, where QEMU does not run as root)",
    "Post-copy is allowed: the kernels of both hosts must let QEMU do it "
    "(vm.unprivileged_userfaultfd)",
    NULL, look_postcopy_permission, MIGRATE_CHECK_STOPS },
};

const MigrateCheckFamily _migrate_transport_checks = { "transport", checks, G_N_ELEMENTS (checks) };
