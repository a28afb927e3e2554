/* What libvirt said, as an error of ours: its code by tables, its words as they are, its own
 * numbers alongside. The only place that reads virGetLastError(). */
#include "virt/libvirt-private.h"

#include <errno.h>
#include <string.h>

#define ANY (-1)

#define REMEDY_RUNNING                                                                             \
  "See whether libvirtd runs on that host, and whether the URI names its socket"
#define REMEDY_LISTENS "See whether libvirtd runs on that host and listens there"
#define REMEDY_NETWORK                                                                             \
  "See whether the host is up, and what the network between the hosts lets pass"
#define REMEDY_RIGHTS "Use a user that libvirt on that host lets manage guests"
#define REMEDY_LOGIN                                                                               \
  "Make the login work without questions: a key for ssh, auth.conf for the others"
#define REMEDY_ROOM "Free room on that host, or choose another destination"
#define REMEDY_BUSY "Another operation holds the guest: wait for it, or cancel it"
#define REMEDY_CERTIFICATES                                                                        \
  "Put certificates for memory on the wire on both hosts, and name their folder in qemu.conf "     \
  "(migrate_tls_x509_cert_dir), or set the policy tls = false"
#define REMEDY_TLS_NAMES                                                                           \
  "See whether the certificates of both hosts are valid and of one authority, and the "            \
  "destination's names the host of the migration URI, or the TLS name that was given"
#define REMEDY_IN_THE_WAY                                                                          \
  "See what it is: if nobody needs it, remove it, else choose another place by the mapping"
#define REMEDY_CPU "Give the guest a CPU model that both hosts have, or choose another destination"

/* The first row that fits counts. errno is where libvirt keeps it with system errors: it comes
 * from the other host unchanged. */
static const struct
{
  int domain;
  int code;
  int system_error;
  MigrateVirWhere where;
  MigrateError error;
  const char *remedy;
} codes[] = {
  { ANY, VIR_ERR_AUTH_FAILED, ANY, 0, MIGRATE_ERROR_DENIED, REMEDY_LOGIN },
  { ANY, VIR_ERR_AUTH_CANCELLED, ANY, 0, MIGRATE_ERROR_DENIED, REMEDY_LOGIN },
  { ANY, VIR_ERR_AUTH_UNAVAILABLE, ANY, 0, MIGRATE_ERROR_DENIED, REMEDY_LOGIN },
  { ANY, VIR_ERR_ACCESS_DENIED, ANY, 0, MIGRATE_ERROR_DENIED, REMEDY_RIGHTS },
  { ANY, VIR_ERR_OPERATION_DENIED, ANY, 0, MIGRATE_ERROR_DENIED, REMEDY_RIGHTS },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, EACCES, 0, MIGRATE_ERROR_DENIED, REMEDY_RIGHTS },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, EPERM, 0, MIGRATE_ERROR_DENIED, REMEDY_RIGHTS },

  /* Whatever libvirt's network code reports as a system error is about the way to a host. */
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ENOENT, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_RUNNING },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ECONNREFUSED, 0, MIGRATE_ERROR_UNREACHABLE,
    REMEDY_LISTENS },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_NETWORK },
  { ANY, VIR_ERR_UNKNOWN_HOST, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_NETWORK },
  { ANY, VIR_ERR_NO_CONNECT, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_RUNNING },
  { ANY, VIR_ERR_INVALID_CONN, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_NETWORK },
  { ANY, VIR_ERR_RPC, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_NETWORK },
  { ANY, VIR_ERR_GNUTLS_ERROR, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_NETWORK },
  { ANY, VIR_ERR_SSH, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_LOGIN },
  { ANY, VIR_ERR_LIBSSH, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_LOGIN },
  { VIR_FROM_URI, ANY, ANY, 0, MIGRATE_ERROR_INVALID,
    "Give a URI such as “qemu+ssh://host/system”" },
  { ANY, VIR_ERR_SYSTEM_ERROR, ANY, MIGRATE_VIR_NO_CONNECTION, MIGRATE_ERROR_UNREACHABLE,
    REMEDY_NETWORK },
  { ANY, VIR_ERR_INTERNAL_ERROR, ANY, MIGRATE_VIR_NO_CONNECTION, MIGRATE_ERROR_UNREACHABLE,
    REMEDY_NETWORK },
  /* "client socket is closed", "connection closed due to keepalive timeout" */
  { VIR_FROM_RPC, VIR_ERR_INTERNAL_ERROR, ANY, 0, MIGRATE_ERROR_UNREACHABLE, REMEDY_NETWORK },

  { ANY, VIR_ERR_SYSTEM_ERROR, ENOSPC, 0, MIGRATE_ERROR_NO_SPACE, REMEDY_ROOM },
  { ANY, VIR_ERR_SYSTEM_ERROR, EDQUOT, 0, MIGRATE_ERROR_NO_SPACE, REMEDY_ROOM },
  { ANY, VIR_ERR_NO_MEMORY, ANY, 0, MIGRATE_ERROR_NO_SPACE, REMEDY_ROOM },
  { ANY, VIR_ERR_OPERATION_TIMEOUT, ANY, 0, MIGRATE_ERROR_BUSY, REMEDY_BUSY },
  { ANY, VIR_ERR_RESOURCE_BUSY, ANY, 0, MIGRATE_ERROR_BUSY, REMEDY_BUSY },
  { ANY, VIR_ERR_BLOCK_COPY_ACTIVE, ANY, 0, MIGRATE_ERROR_BUSY, REMEDY_BUSY },
  { ANY, VIR_ERR_STORAGE_VOL_EXIST, ANY, 0, MIGRATE_ERROR_BUSY, REMEDY_IN_THE_WAY },
  { VIR_FROM_STORAGE, VIR_ERR_SYSTEM_ERROR, EEXIST, 0, MIGRATE_ERROR_BUSY, REMEDY_IN_THE_WAY },

  /* In a transfer it may mean that the other host lost its half. */
  { ANY, VIR_ERR_NO_DOMAIN, ANY, MIGRATE_VIR_TRANSFER, MIGRATE_ERROR_FAILED, NULL },
  { ANY, VIR_ERR_NO_DOMAIN, ANY, 0, MIGRATE_ERROR_NOT_FOUND, NULL },
  { ANY, VIR_ERR_NO_STORAGE_POOL, ANY, 0, MIGRATE_ERROR_NOT_FOUND, NULL },
  { ANY, VIR_ERR_NO_STORAGE_VOL, ANY, 0, MIGRATE_ERROR_NOT_FOUND, NULL },
  { ANY, VIR_ERR_NO_SECRET, ANY, 0, MIGRATE_ERROR_NOT_FOUND, NULL },

  { ANY, VIR_ERR_MIGRATE_UNSAFE, ANY, 0, MIGRATE_ERROR_BLOCKED,
    "Use storage that both hosts share; if they do and libvirt cannot see it, set the policy "
    "accept = disk-sharing-unproven" },
  { ANY, VIR_ERR_CPU_INCOMPATIBLE, ANY, 0, MIGRATE_ERROR_UNSUPPORTED, REMEDY_CPU },
  { ANY, VIR_ERR_CONFIG_UNSUPPORTED, ANY, 0, MIGRATE_ERROR_UNSUPPORTED, NULL },
  { ANY, VIR_ERR_NO_SUPPORT, ANY, 0, MIGRATE_ERROR_UNSUPPORTED, NULL },
  { ANY, VIR_ERR_ARGUMENT_UNSUPPORTED, ANY, 0, MIGRATE_ERROR_UNSUPPORTED, NULL },
  { ANY, VIR_ERR_OPERATION_UNSUPPORTED, ANY, 0, MIGRATE_ERROR_UNSUPPORTED, NULL },
  { ANY, VIR_ERR_INVALID_ARG, ANY, 0, MIGRATE_ERROR_INVALID, NULL },
  { ANY, VIR_ERR_XML_ERROR, ANY, 0, MIGRATE_ERROR_INVALID, NULL },
  { ANY, VIR_ERR_XML_DETAIL, ANY, 0, MIGRATE_ERROR_INVALID, NULL },
  { ANY, VIR_ERR_XML_INVALID_SCHEMA, ANY, 0, MIGRATE_ERROR_INVALID, NULL },
};

/* libvirt and QEMU have one code for many things, of which some are worth a remedy. Daemons speak
 * English unless their service was set up otherwise: then the number alone decides. */
static const struct
{
  const char *words;
  int error; /* ANY: as the code says */
  const char *remedy;
} phrases[] = {
  { "to the same host", MIGRATE_ERROR_INVALID,
    "Choose another destination; cloned machines need a host_uuid of their own in libvirtd.conf" },
  { "unsupported flags", MIGRATE_ERROR_UNSUPPORTED,
    "Use the same version of libvirt on both hosts" },
  { "Name or service not known", MIGRATE_ERROR_UNREACHABLE,
    "See whether the name is right; peer and migration URIs are resolved by the source host" },
  { "Temporary failure in name resolution", MIGRATE_ERROR_UNREACHABLE,
    "See whether the name is right; peer and migration URIs are resolved by the source host" },
  { "Host key verification failed", MIGRATE_ERROR_DENIED,
    "Put the host's ssh key into known_hosts of the user who connects" },
  { "Permission denied (", MIGRATE_ERROR_DENIED, REMEDY_LOGIN },
  { "Unable to access credentials", MIGRATE_ERROR_UNSUPPORTED, REMEDY_CERTIFICATES },
  { "TLS channel", ANY, REMEDY_TLS_NAMES },
  { "TLS handshake failed", ANY, REMEDY_TLS_NAMES },
  /* The source's QEMU refuses the other's certificate, the destination's finds its channel broken:
   * libvirt tells the one that it hears of first. */
  { "Certificate does not match the hostname", ANY, REMEDY_TLS_NAMES },
  { "failed: The certificate ", ANY, REMEDY_TLS_NAMES },
  { "hostname is required for TLS", MIGRATE_ERROR_INVALID,
    "Give the TLS name of the destination, or a migration URI that is no unix socket" },
  { "Unsupported compression method", MIGRATE_ERROR_UNSUPPORTED,
    "Take that method out of the policy key compression" },
  { "cannot limit locked memory", MIGRATE_ERROR_DENIED,
    "Let libvirtd lock as much memory as the guest has (LimitMEMLOCK of its service), or set the "
    "policy zero-copy = false" },
  { "asynchronous jobs running", MIGRATE_ERROR_BUSY,
    "Wait until the storage pool's volumes are made" },
  { "cannot contain '/'", MIGRATE_ERROR_INVALID, NULL },
  { "volume target path", MIGRATE_ERROR_BUSY, REMEDY_IN_THE_WAY },
  { "Storage source conflict with pool", MIGRATE_ERROR_BUSY,
    "Another storage pool has that folder: start it if it is not active, or remove it" },
  { "already defined for use with", MIGRATE_ERROR_BUSY,
    "Another secret has that use: see whether it is the same one, rename or remove it" },
  { "is still in use", MIGRATE_ERROR_BUSY, "Wait until nobody uses the storage volume" },
  { "is still being allocated", MIGRATE_ERROR_BUSY, "Wait until the storage volume is made" },
  { "certificate", ANY, "See whether the TLS certificates are in place on both ends" },
  { "Failed to get \"write\" lock", ANY,
    "Another process has the disk open: find it before anything else, it may be a second copy" },
  { "Failed to get shared \"write\" lock", ANY,
    "Another process has the disk open: find it before anything else, it may be a second copy" },
  { "Unable to find an unused port", ANY,
    "Wait for other migrations to end, or name a free port in the migration URI" },
  { "Address already in use", ANY,
    "Wait for other migrations to end, or name a free port in the migration URI" },
  { "guest CPU doesn't match specification", MIGRATE_ERROR_UNSUPPORTED, REMEDY_CPU },
  { "Host CPU does not provide required features", MIGRATE_ERROR_UNSUPPORTED, REMEDY_CPU },
  { "Cannot allocate memory", MIGRATE_ERROR_NO_SPACE, REMEDY_ROOM },
  { "No space left on device", MIGRATE_ERROR_NO_SPACE, REMEDY_ROOM },
  { "Disk quota exceeded", MIGRATE_ERROR_NO_SPACE, REMEDY_ROOM },
  { "Failed to connect to remote libvirt URI", ANY,
    "See whether the destination's libvirtd runs, and the source reaches it at the peer URI" },
  { "have different sizes", ANY,
    "The image at the destination must have the size of the source's, to the byte: remove it" },
  { "already defined with uuid", ANY,
    "The other host has a guest of this name or UUID: see which one is yours, rename or remove "
    "it" },
  { "already exists with uuid", ANY,
    "The other host has a guest of this name or UUID: see which one is yours, rename or remove "
    "it" },
};

static gboolean
is_about_xml (const virError *said)
{
  return said->code == VIR_ERR_XML_ERROR || said->code == VIR_ERR_XML_DETAIL
         || said->code == VIR_ERR_XML_INVALID_SCHEMA;
}

/* One line, without a trailing dot. Of an error about XML only the first line is kept: the next
 * ones quote the XML, which may hold secrets. */
static char *
get_words (const virError *said)
{
  g_autofree char *text = g_utf8_make_valid (said->message != NULL ? said->message : "", -1);
  g_auto (GStrv) lines = g_strsplit_set (text, "\r\n", -1);
  GString *words = g_string_new (NULL);

  for (guint i = 0; lines[i] != NULL; i++)
    {
      g_strstrip (lines[i]);
      if (*lines[i] == '\0')
        continue;
      g_string_append_printf (words, "%s%s", words->len > 0 ? "; " : "", lines[i]);
      if (is_about_xml (said))
        break;
    }
  while (words->len > 0 && strchr (".;: ", words->str[words->len - 1]) != NULL)
    g_string_truncate (words, words->len - 1);
  if (words->len == 0)
    g_string_append (words, "libvirt gave no reason");
  return g_string_free (words, FALSE);
}

char *
_migrate_vir_dup_words (void)
{
  static const virError nothing = { .code = VIR_ERR_OK };
  const virError *said = virGetLastError ();

  return get_words (said != NULL ? said : &nothing);
}

static void
look_up (const virError *said, MigrateVirWhere where, MigrateError *code, const char **remedy)
{
  for (gsize i = 0; i < G_N_ELEMENTS (codes); i++)
    if ((codes[i].domain == ANY || codes[i].domain == said->domain)
        && (codes[i].code == ANY || codes[i].code == said->code)
        && (codes[i].system_error == ANY || codes[i].system_error == said->int1)
        && (codes[i].where & where) == codes[i].where)
      {
        *code = codes[i].error;
        *remedy = codes[i].remedy;
        break;
      }
  for (gsize i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (said->message != NULL && strstr (said->message, phrases[i].words) != NULL)
      {
        if (phrases[i].error != ANY)
          *code = (MigrateError) phrases[i].error;
        *remedy = phrases[i].remedy;
        break;
      }
}

GError *
_migrate_vir_error_convert (const virError *said, MigrateVirWhere where, const char *doing)
{
  static const virError nothing = { .code = VIR_ERR_OK };
  MigrateError code = MIGRATE_ERROR_FAILED;
  const char *remedy = NULL;
  g_autofree char *words = NULL;
  GError *error;

  if (said == NULL)
    said = &nothing;
  words = get_words (said);
  look_up (said, where, &code, &remedy);
  error = _migrate_error_new (code, remedy, "%s: %s", doing, words);
  g_strdelimit (error->message, "\r\n", ' '); /* of names, which are files' */
  _migrate_error_private (error)->vir_domain = said->domain;
  _migrate_error_private (error)->vir_code = said->code;
  return error;
}

void
_migrate_set_vir_error (GError **error, virConnectPtr conn, MigrateVirWhere where,
                        const char *format, ...)
{
  virErrorPtr said
    = virSaveLastError (); /* a copy, for asking the connection resets the last one */
  g_autofree char *doing = NULL;
  va_list args;

  va_start (args, format);
  doing = g_strdup_vprintf (format, args);
  va_end (args);
  if (conn == NULL || virConnectIsAlive (conn) == 0)
    where |= MIGRATE_VIR_NO_CONNECTION;
  g_propagate_error (error, _migrate_vir_error_convert (said, where, doing));
  virFreeError (said);
}
