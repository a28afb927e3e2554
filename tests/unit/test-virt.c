/* The libvirt backend, as far as it goes without a hypervisor: records of calls, errors by number,
 * test:///default, and the event loop. Real moves are in the lab. */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "virt/libvirt-private.h"
#include "xml/mark-private.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define GUEST_UUID "6695eb01-f6a4-8304-79aa-97f2502e193f"
#define NO_UUID "00000000-1111-2222-3333-444444444444"

static MigrateBackend *
get_backend (void)
{
  return _migrate_libvirt_backend ();
}

/* ---- call records ---- */

TestSuite (call, .timeout = 20);

Test (call, names_every_kind)
{
  for (int kind = 0; kind <= MIGRATE_CALL_LAST_KIND; kind++)
    cr_assert_not_null (_migrate_call_kind_name ((MigrateCallKind) kind), "kind %d", kind);
  cr_assert_str_eq (_migrate_call_kind_name (MIGRATE_CALL_TRANSFER), "transfer");
}

Test (call, lives_as_long_as_its_last_reference)
{
  MigrateCall *call = _migrate_call_new (MIGRATE_CALL_SUSPEND, "vm");
  MigrateCall *parked = _migrate_call_ref (call);

  _migrate_call_unref (call);
  cr_assert_str_eq (parked->guest, "vm");
  cr_assert_eq (parked->kind, MIGRATE_CALL_SUSPEND);
  _migrate_call_unref (parked);
}

Test (call, frees_all_it_holds) /* meant for ASan and valgrind */
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, NULL);

  call->transfer.peer_uri = g_strdup ("qemu:///system");
  call->transfer.destination_uri = g_strdup ("qemu:///system");
  call->transfer.migration_uri = g_strdup ("tcp://h");
  call->transfer.listen_address = g_strdup ("0.0.0.0");
  call->transfer.compression = g_strsplit ("xbzrle;mt", ";", -1);
  call->transfer.tls_name = g_strdup ("h");
  call->transfer.disks = g_strsplit ("vda;vdb", ";", -1);
  call->transfer.disks_uri = g_strdup ("tcp://h");
  call->host.hostname = g_strdup ("h");
  call->host.uuid = g_strdup (NO_UUID);
  call->host.hypervisor = g_strdup ("QEMU");
  call->domain.uuid = g_strdup (NO_UUID);
  call->domain.name = g_strdup ("vm");
  call->domain.mark = g_strdup ("incoming 1");
  call->text_out = g_strdup ("<domain/>");
}

static GVariant *
documents (const char *text)
{
  const char *const list[] = { text, text, NULL };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  g_variant_dict_insert (&dict, "snapshots", "^as", list);
  g_variant_dict_insert (&dict, "current", "s", text);
  g_variant_dict_insert (&dict, "number", "u", 7);
  return g_variant_ref_sink (g_variant_dict_end (&dict));
}

/* Whether its texts stand each alone, as they do when it was just made, or all in one memory. */
Test (call, wipes_every_text_of_a_value)
{
  for (int serialised = 0; serialised <= 1; serialised++)
    {
      g_autoptr (GVariant) answer = documents ("geheim");

      if (serialised)
        cr_assert_not_null (
          memmem (g_variant_get_data (answer), g_variant_get_size (answer), "geheim", 6));
      _migrate_wipe_variant (answer);
      cr_assert_null (
        memmem (g_variant_get_data (answer), g_variant_get_size (answer), "geheim", 6));
    }
  _migrate_wipe_variant (NULL);
}

Test (call, keeps_a_secret_as_it_is)
{
  static const char secret[] = { 'a', '\0', 'b' };
  g_autoptr (GBytes) bytes = _migrate_secret_bytes_new (secret, sizeof secret);
  g_autoptr (GBytes) none = _migrate_secret_bytes_new (secret, 0);

  cr_assert_eq (g_bytes_get_size (bytes), sizeof secret);
  cr_assert (memcmp (g_bytes_get_data (bytes, NULL), secret, sizeof secret) == 0);
  cr_assert_eq (g_bytes_get_size (none), 0);
}

Test (call, copies_a_domain_over_another)
{
  MigrateDomain from = { .state = MIGRATE_DOMAIN_PAUSED, .reason = 2, .persistent = TRUE };
  MigrateDomain to = { .name = g_strdup ("old") };

  from.name = g_strdup ("vm");
  from.uuid = g_strdup (GUEST_UUID);
  from.mark = g_strdup ("incoming 1");
  _migrate_domain_copy (&from, &to);
  _migrate_domain_clear (&from);
  cr_assert_null (from.name);
  cr_assert_str_eq (to.name, "vm");
  cr_assert_str_eq (to.uuid, GUEST_UUID);
  cr_assert_str_eq (to.mark, "incoming 1");
  cr_assert_eq (to.state, MIGRATE_DOMAIN_PAUSED);
  cr_assert (to.persistent);
  _migrate_domain_copy (&to, &to);
  cr_assert_str_eq (to.name, "vm");
  _migrate_domain_clear (&to);
}

/* They are passed on as they come, so they must be libvirt's. */
Test (call, has_libvirts_numbers)
{
  cr_expect_eq ((int) MIGRATE_DOMAIN_NOSTATE, VIR_DOMAIN_NOSTATE);
  cr_expect_eq ((int) MIGRATE_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING);
  cr_expect_eq ((int) MIGRATE_DOMAIN_BLOCKED, VIR_DOMAIN_BLOCKED);
  cr_expect_eq ((int) MIGRATE_DOMAIN_PAUSED, VIR_DOMAIN_PAUSED);
  cr_expect_eq ((int) MIGRATE_DOMAIN_SHUTDOWN, VIR_DOMAIN_SHUTDOWN);
  cr_expect_eq ((int) MIGRATE_DOMAIN_SHUTOFF, VIR_DOMAIN_SHUTOFF);
  cr_expect_eq ((int) MIGRATE_DOMAIN_CRASHED, VIR_DOMAIN_CRASHED);
  cr_expect_eq ((int) MIGRATE_DOMAIN_PMSUSPENDED, VIR_DOMAIN_PMSUSPENDED);
  cr_expect_eq ((int) MIGRATE_RUNNING_MIGRATED, VIR_DOMAIN_RUNNING_MIGRATED);
  cr_expect_eq ((int) MIGRATE_RUNNING_MIGRATION_CANCELED, VIR_DOMAIN_RUNNING_MIGRATION_CANCELED);
  cr_expect_eq ((int) MIGRATE_RUNNING_POSTCOPY, VIR_DOMAIN_RUNNING_POSTCOPY);
  cr_expect_eq ((int) MIGRATE_PAUSED_USER, VIR_DOMAIN_PAUSED_USER);
  cr_expect_eq ((int) MIGRATE_PAUSED_MIGRATION, VIR_DOMAIN_PAUSED_MIGRATION);
  cr_expect_eq ((int) MIGRATE_PAUSED_STARTING_UP, VIR_DOMAIN_PAUSED_STARTING_UP);
  cr_expect_eq ((int) MIGRATE_PAUSED_POSTCOPY, VIR_DOMAIN_PAUSED_POSTCOPY);
  cr_expect_eq ((int) MIGRATE_PAUSED_POSTCOPY_FAILED, VIR_DOMAIN_PAUSED_POSTCOPY_FAILED);
  cr_expect_eq ((int) MIGRATE_SHUTOFF_SHUTDOWN, VIR_DOMAIN_SHUTOFF_SHUTDOWN);
  cr_expect_eq ((int) MIGRATE_SHUTOFF_DESTROYED, VIR_DOMAIN_SHUTOFF_DESTROYED);
  cr_expect_eq ((int) MIGRATE_SHUTOFF_CRASHED, VIR_DOMAIN_SHUTOFF_CRASHED);
  cr_expect_eq ((int) MIGRATE_SHUTOFF_MIGRATED, VIR_DOMAIN_SHUTOFF_MIGRATED);
  cr_expect_eq ((int) MIGRATE_SHUTOFF_FAILED, VIR_DOMAIN_SHUTOFF_FAILED);
}

static const struct
{
  int state, reason;
  const char *words;
} descriptions[] = {
  { MIGRATE_DOMAIN_RUNNING, VIR_DOMAIN_RUNNING_MIGRATED, "running (migrated)" },
  { MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_MIGRATION_CANCELED, "running (migration canceled)" },
  { MIGRATE_DOMAIN_RUNNING, MIGRATE_RUNNING_POSTCOPY, "running (post-copy)" },
  { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_MIGRATION, "paused (migrating)" },
  { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_STARTING_UP, "paused (starting up)" },
  { MIGRATE_DOMAIN_PAUSED, MIGRATE_PAUSED_POSTCOPY_FAILED, "paused (post-copy failed)" },
  { MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_MIGRATED, "shut off (migrated)" },
  { MIGRATE_DOMAIN_SHUTOFF, MIGRATE_SHUTOFF_FAILED, "shut off (failed)" },
  { MIGRATE_DOMAIN_SHUTOFF, 0, "shut off" },
  { MIGRATE_DOMAIN_RUNNING, 99, "running (reason 99)" },
  { MIGRATE_DOMAIN_BLOCKED, -1, "idle (reason -1)" },
  { 12, 3, "state 12 (reason 3)" },
  { -1, 0, "state -1 (reason 0)" },
};

Test (call, describes_states)
{
  for (gsize i = 0; i < G_N_ELEMENTS (descriptions); i++)
    {
      g_autofree char *words = _migrate_domain_describe ((MigrateDomainState) descriptions[i].state,
                                                         descriptions[i].reason);
      cr_assert_str_eq (words, descriptions[i].words);
    }
}

/* ---- errors ---- */

TestSuite (vir_error, .timeout = 20);

static const struct
{
  int domain, code, system_error;
  MigrateVirWhere where;
  const char *said;
  MigrateError expected;
  const char *remedy; /* part of it; NULL: none is known */
} mappings[] = {
  { VIR_FROM_QEMU, VIR_ERR_NO_DOMAIN, -1, 0, "Domain not found", MIGRATE_ERROR_NOT_FOUND, NULL },
  { VIR_FROM_QEMU, VIR_ERR_NO_DOMAIN, -1, MIGRATE_VIR_TRANSFER, "Domain not found",
    MIGRATE_ERROR_FAILED, NULL },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_TIMEOUT, -1, 0, "cannot acquire state change lock",
    MIGRATE_ERROR_BUSY, "wait" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ENOENT, 0, "Failed to connect socket to '/x'",
    MIGRATE_ERROR_UNREACHABLE, "libvirtd" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ECONNREFUSED, 0, "unable to connect to server at 'h:1'",
    MIGRATE_ERROR_UNREACHABLE, "listens" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, EACCES, 0, "Failed to connect socket to '/x'",
    MIGRATE_ERROR_DENIED, "user" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ECONNRESET, 0, "Cannot recv data",
    MIGRATE_ERROR_UNREACHABLE, "network" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, -1, 0,
    "Unable to resolve address: Name or service not known", MIGRATE_ERROR_UNREACHABLE, "name" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ECONNRESET, 0,
    "Cannot recv data: Host key verification failed.: Connection reset by peer",
    MIGRATE_ERROR_DENIED, "known_hosts" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, ECONNRESET, 0,
    "Cannot recv data: a@h: Permission denied (publickey,password).", MIGRATE_ERROR_DENIED, "key" },
  { VIR_FROM_RPC, VIR_ERR_INTERNAL_ERROR, -1, 0, "client socket is closed",
    MIGRATE_ERROR_UNREACHABLE, "network" },
  { VIR_FROM_REMOTE, VIR_ERR_RPC, -1, 0, "unable to decode", MIGRATE_ERROR_UNREACHABLE, "network" },
  { VIR_FROM_NONE, VIR_ERR_NO_CONNECT, -1, 0, "no connection driver", MIGRATE_ERROR_UNREACHABLE,
    "libvirtd" },
  { VIR_FROM_QEMU, VIR_ERR_SYSTEM_ERROR, EPIPE, 0, "Unable to write", MIGRATE_ERROR_FAILED, NULL },
  { VIR_FROM_QEMU, VIR_ERR_SYSTEM_ERROR, EPIPE, MIGRATE_VIR_NO_CONNECTION, "Unable to write",
    MIGRATE_ERROR_UNREACHABLE, "network" },
  { VIR_FROM_QEMU, VIR_ERR_INTERNAL_ERROR, -1, 0, "qemu unexpectedly closed the monitor",
    MIGRATE_ERROR_FAILED, NULL },
  { VIR_FROM_QEMU, VIR_ERR_NO_DOMAIN, -1, MIGRATE_VIR_NO_CONNECTION, "Domain not found",
    MIGRATE_ERROR_NOT_FOUND, NULL },
  { VIR_FROM_AUTH, VIR_ERR_AUTH_FAILED, -1, MIGRATE_VIR_NO_CONNECTION, "authentication failed",
    MIGRATE_ERROR_DENIED, "login" },
  { VIR_FROM_POLKIT, VIR_ERR_AUTH_UNAVAILABLE, -1, MIGRATE_VIR_NO_CONNECTION, "no agent",
    MIGRATE_ERROR_DENIED, "login" },
  { VIR_FROM_ACCESS, VIR_ERR_ACCESS_DENIED, -1, 0, "access denied", MIGRATE_ERROR_DENIED, "user" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_DENIED, -1, 0, "read only", MIGRATE_ERROR_DENIED, "user" },
  { VIR_FROM_QEMU, VIR_ERR_INVALID_ARG, -1, 0, "invalid argument", MIGRATE_ERROR_INVALID, NULL },
  { VIR_FROM_QEMU, VIR_ERR_INVALID_ARG, -1, 0, "unsupported flags (0x40) in function f",
    MIGRATE_ERROR_UNSUPPORTED, "version" },
  { VIR_FROM_DOMAIN, VIR_ERR_XML_ERROR, -1, 0, "XML error", MIGRATE_ERROR_INVALID, NULL },
  { VIR_FROM_URI, VIR_ERR_INTERNAL_ERROR, -1, MIGRATE_VIR_NO_CONNECTION, "Unable to parse URI",
    MIGRATE_ERROR_INVALID, "qemu+ssh" },
  { VIR_FROM_QEMU, VIR_ERR_CONFIG_UNSUPPORTED, -1, 0, "unsupported configuration",
    MIGRATE_ERROR_UNSUPPORTED, NULL },
  { VIR_FROM_TEST, VIR_ERR_NO_SUPPORT, -1, 0, "no support", MIGRATE_ERROR_UNSUPPORTED, NULL },
  { VIR_FROM_QEMU, VIR_ERR_ARGUMENT_UNSUPPORTED, -1, 0, "x", MIGRATE_ERROR_UNSUPPORTED, NULL },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_UNSUPPORTED, -1, 0, "x", MIGRATE_ERROR_UNSUPPORTED, NULL },
  { VIR_FROM_CPU, VIR_ERR_CPU_INCOMPATIBLE, -1, 0, "missing features", MIGRATE_ERROR_UNSUPPORTED,
    "CPU model" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_FAILED, -1, 0,
    "operation failed: guest CPU doesn't match specification: missing features: avx2",
    MIGRATE_ERROR_UNSUPPORTED, "CPU model" },
  { VIR_FROM_QEMU, VIR_ERR_MIGRATE_UNSAFE, -1, MIGRATE_VIR_TRANSFER, "Migration may be unsafe",
    MIGRATE_ERROR_BLOCKED, "accept = disk-sharing-unproven" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_ABORTED, -1, MIGRATE_VIR_TRANSFER, "canceled by client",
    MIGRATE_ERROR_FAILED, NULL },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_INVALID, -1, 0, "domain is not running", MIGRATE_ERROR_FAILED,
    NULL },
  { VIR_FROM_STORAGE, VIR_ERR_SYSTEM_ERROR, ENOSPC, 0, "cannot write", MIGRATE_ERROR_NO_SPACE,
    "room" },
  { VIR_FROM_QEMU, VIR_ERR_INTERNAL_ERROR, -1, MIGRATE_VIR_TRANSFER,
    "unable to execute QEMU command 'object-add': Unable to access credentials "
    "/etc/pki/qemu/ca-cert.pem: No such file or directory",
    MIGRATE_ERROR_UNSUPPORTED, "migrate_tls_x509_cert_dir" },
  { VIR_FROM_QEMU, VIR_ERR_INTERNAL_ERROR, -1, MIGRATE_VIR_TRANSFER,
    "qemu unexpectedly closed the monitor: qemu-system-x86_64: Cannot read from TLS channel: "
    "Input/output error",
    MIGRATE_ERROR_FAILED, "certificates of both hosts" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_FAILED, -1, MIGRATE_VIR_TRANSFER,
    "operation failed: job 'migration out' failed: Certificate does not match the hostname h2",
    MIGRATE_ERROR_FAILED, "certificates of both hosts" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_FAILED, -1, MIGRATE_VIR_TRANSFER,
    "operation failed: job 'migration out' failed: The certificate hasn't got a known issuer",
    MIGRATE_ERROR_FAILED, "certificates of both hosts" },
  { VIR_FROM_RPC, VIR_ERR_SYSTEM_ERROR, 0, MIGRATE_VIR_NO_CONNECTION,
    "Certificate failed validation: The certificate hasn't got a known issuer.",
    MIGRATE_ERROR_UNREACHABLE, "in place on both ends" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_UNSUPPORTED, -1, MIGRATE_VIR_TRANSFER,
    "Explicit destination hostname is required for TLS migration over UNIX socket",
    MIGRATE_ERROR_INVALID, "TLS name" },
  { VIR_FROM_QEMU, VIR_ERR_INVALID_ARG, -1, MIGRATE_VIR_TRANSFER,
    "invalid argument: Unsupported compression method 'zlib'", MIGRATE_ERROR_UNSUPPORTED,
    "compression" },
  { VIR_FROM_NONE, VIR_ERR_SYSTEM_ERROR, EPERM, MIGRATE_VIR_TRANSFER,
    "cannot limit locked memory of process 7 to 134217728: Operation not permitted",
    MIGRATE_ERROR_DENIED, "LimitMEMLOCK" },
  { VIR_FROM_QEMU, VIR_ERR_INTERNAL_ERROR, -1, MIGRATE_VIR_TRANSFER,
    "internal error: Attempt to migrate guest to the same host " NO_UUID, MIGRATE_ERROR_INVALID,
    "host_uuid" },
  { VIR_FROM_QEMU, VIR_ERR_INTERNAL_ERROR, -1, MIGRATE_VIR_TRANSFER,
    "internal error: process exited: qemu: Failed to get \"write\" lock", MIGRATE_ERROR_FAILED,
    "second copy" },
  { VIR_FROM_QEMU, VIR_ERR_INTERNAL_ERROR, -1, MIGRATE_VIR_TRANSFER,
    "Unable to find an unused port in range 'migration' (49152-49215)", MIGRATE_ERROR_FAILED,
    "port" },
  { VIR_FROM_STORAGE, VIR_ERR_NO_STORAGE_POOL, -1, 0, "Storage pool not found",
    MIGRATE_ERROR_NOT_FOUND, NULL },
  { VIR_FROM_STORAGE, VIR_ERR_NO_STORAGE_VOL, -1, 0, "Storage volume not found",
    MIGRATE_ERROR_NOT_FOUND, NULL },
  { VIR_FROM_STORAGE, VIR_ERR_INTERNAL_ERROR, -1, 0,
    "internal error: pool 'p' has asynchronous jobs running.", MIGRATE_ERROR_BUSY, "volumes" },
  { VIR_FROM_STORAGE, VIR_ERR_OPERATION_INVALID, -1, 0, "volume 'v' is still in use.",
    MIGRATE_ERROR_BUSY, "volume" },
  { VIR_FROM_STORAGE, VIR_ERR_OPERATION_INVALID, -1, 0, "volume 'v' is still being allocated.",
    MIGRATE_ERROR_BUSY, "made" },
  { VIR_FROM_STORAGE, VIR_ERR_STORAGE_VOL_EXIST, -1, 0,
    "storage volume 'v' exists already: storage vol already exists", MIGRATE_ERROR_BUSY,
    "See what it is" },
  { VIR_FROM_STORAGE, VIR_ERR_OPERATION_INVALID, -1, 0, "volume target path '/x/v' already exists",
    MIGRATE_ERROR_BUSY, "See what it is" },
  { VIR_FROM_STORAGE, VIR_ERR_SYSTEM_ERROR, EEXIST, 0, "cannot create path '/x/v': File exists",
    MIGRATE_ERROR_BUSY, "See what it is" },
  { VIR_FROM_STORAGE, VIR_ERR_OPERATION_INVALID, -1, 0, "volume name '../v' cannot contain '/'",
    MIGRATE_ERROR_INVALID, NULL },
  { VIR_FROM_STORAGE, VIR_ERR_OPERATION_FAILED, -1, 0,
    "operation failed: Storage source conflict with pool: 'p'", MIGRATE_ERROR_BUSY,
    "Another storage pool" },
  { VIR_FROM_SECRET, VIR_ERR_NO_SECRET, -1, 0, "Secret not found", MIGRATE_ERROR_NOT_FOUND, NULL },
  { VIR_FROM_SECRET, VIR_ERR_INTERNAL_ERROR, -1, 0,
    "internal error: a secret with UUID u already defined for use with pool one",
    MIGRATE_ERROR_BUSY, "that use" },
  { VIR_FROM_STORAGE, VIR_ERR_SYSTEM_ERROR, EDQUOT, 0, "cannot write", MIGRATE_ERROR_NO_SPACE,
    "room" },
  { VIR_FROM_STREAMS, VIR_ERR_INTERNAL_ERROR, -1, 0,
    "internal error: qemu-img failed: error while writing: Disk quota exceeded",
    MIGRATE_ERROR_NO_SPACE, "room" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_FAILED, -1, MIGRATE_VIR_TRANSFER,
    "operation failed: migration of disk vda failed: No space left on device",
    MIGRATE_ERROR_NO_SPACE, "room" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_FAILED, -1, MIGRATE_VIR_TRANSFER,
    "operation failed: migration of disk vda failed: Source and target image have different sizes",
    MIGRATE_ERROR_FAILED, "to the byte" },
  { VIR_FROM_QEMU, VIR_ERR_OPERATION_FAILED, -1, MIGRATE_VIR_TRANSFER,
    "operation failed: Failed to connect to remote libvirt URI qemu+tcp://h2/system: unable to "
    "connect to server at 'h2:16509': Connection refused",
    MIGRATE_ERROR_FAILED, "peer URI" },
};

ParameterizedTestParameters (vir_error, maps)
{
  static size_t rows[G_N_ELEMENTS (mappings)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *row, vir_error, maps)
{
  const virError said = { .domain = mappings[*row].domain,
                          .code = mappings[*row].code,
                          .int1 = mappings[*row].system_error,
                          .message = (char *) mappings[*row].said };
  g_autoptr (GError) error = _migrate_vir_error_convert (&said, mappings[*row].where, "Cannot act");
  MigrateErrorPrivate *priv = _migrate_error_private (error);

  cr_assert_not_null (priv);
  cr_assert_eq (error->code, (int) mappings[*row].expected, "row %zu: got %d for “%s”", *row,
                error->code, mappings[*row].said);
  cr_assert_eq (priv->vir_domain, mappings[*row].domain);
  cr_assert_eq (priv->vir_code, mappings[*row].code);
  if (mappings[*row].remedy == NULL)
    cr_assert_null (priv->remedy, "row %zu: remedy “%s”", *row, priv->remedy);
  else
    cr_assert (priv->remedy != NULL && strstr (priv->remedy, mappings[*row].remedy) != NULL,
               "row %zu: remedy “%s”", *row, priv->remedy);
}

Test (vir_error, keeps_libvirts_words_in_one_line)
{
  const virError said = { .domain = VIR_FROM_QEMU,
                          .code = VIR_ERR_INTERNAL_ERROR,
                          .message = (char *) "internal error: exited\n  qemu: cannot open.\r\n" };
  g_autoptr (GError) error = _migrate_vir_error_convert (&said, 0, "Cannot move guest “v\nm”");

  cr_assert_str_eq (error->message,
                    "Cannot move guest “v m”: internal error: exited; qemu: cannot open");
}

Test (vir_error, never_quotes_xml)
{
  const virError said
    = { .domain = VIR_FROM_DOMAIN,
        .code = VIR_ERR_XML_ERROR,
        .message = (char *) "(definition):1: mismatch\n<graphics passwd='secret'/>" };
  g_autoptr (GError) error = _migrate_vir_error_convert (&said, 0, "Cannot define guest “vm”");

  cr_assert_str_eq (error->message, "Cannot define guest “vm”: (definition):1: mismatch");
}

Test (vir_error, survives_no_reason_and_no_utf8)
{
  const virError said = { .code = VIR_ERR_INTERNAL_ERROR, .message = (char *) "caf\xe9" };
  g_autoptr (GError) silent = _migrate_vir_error_convert (NULL, 0, "Cannot act");
  g_autoptr (GError) latin = _migrate_vir_error_convert (&said, 0, "Cannot act");

  cr_assert_str_eq (silent->message, "Cannot act: libvirt gave no reason");
  cr_assert_eq (silent->code, MIGRATE_ERROR_FAILED);
  cr_assert (g_utf8_validate (latin->message, -1, NULL));
}

/* ---- time and threads ---- */

TestSuite (libvirt_backend, .timeout = 30);

Test (libvirt_backend, has_time)
{
  MigrateBackend *backend = get_backend ();
  gint64 before = g_get_monotonic_time ();
  GMutex mutex;
  GCond cond;

  g_mutex_init (&mutex);
  g_cond_init (&cond);
  cr_assert_geq (backend->vtable->now (backend), before);
  cr_assert_gt (backend->vtable->wall (backend), G_GINT64_CONSTANT (1600000000000000));
  g_mutex_lock (&mutex);
  while (backend->vtable->wait_until (backend, &cond, &mutex, before + 20000))
    ;
  g_mutex_unlock (&mutex);
  cr_assert_geq (g_get_monotonic_time (), before + 20000);
}

static struct
{
  GMutex mutex;
  GCond cond;
  gboolean done;
  sigset_t mask;
} seen;

static void
look_at_mask (gpointer data, gpointer user_data)
{
  g_mutex_lock (&seen.mutex);
  pthread_sigmask (SIG_SETMASK, NULL, &seen.mask);
  seen.done = data == &seen;
  get_backend ()->vtable->wake (get_backend (), &seen.cond);
  g_mutex_unlock (&seen.mutex);
}

Test (libvirt_backend, blocks_signals_in_its_threads_only)
{
  MigrateBackend *backend = get_backend ();
  sigset_t mine;

  cr_assert (backend->vtable->start_thread (backend, "test", look_at_mask, &seen, NULL));
  g_mutex_lock (&seen.mutex);
  while (!seen.done)
    backend->vtable->wait_until (backend, &seen.cond, &seen.mutex, -1);
  g_mutex_unlock (&seen.mutex);
  pthread_sigmask (SIG_SETMASK, NULL, &mine);
  cr_assert (sigismember (&seen.mask, SIGPIPE));
  cr_assert (sigismember (&seen.mask, SIGINT));
  cr_assert_not (sigismember (&mine, SIGPIPE));
  cr_assert_not (sigismember (&mine, SIGINT));
}

/* ---- opening ---- */

static gint n_handled;

/* Errors of opening go to the program's function, or to stderr if it has none. */
static void
program_handler (void *data, virErrorPtr said)
{
  g_atomic_int_inc (&n_handled);
}

static const struct
{
  const char *uri;
  MigrateError expected;
  const char *says;
} bad_uris[] = {
  { "qemu+unix:///system?socket=/nonexistent", MIGRATE_ERROR_UNREACHABLE, "No such file" },
  { "qemu+tcp://127.0.0.1:1/system", MIGRATE_ERROR_UNREACHABLE, "Connection refused" },
  { "qemu+ssh://127.0.0.1:1/system", MIGRATE_ERROR_UNREACHABLE, "127.0.0.1" },
  { "qemu+bogus://h/system", MIGRATE_ERROR_INVALID, "transport" },
  { "qemu+ext://h/system?command=/bin/sh", MIGRATE_ERROR_INVALID, "not accepted" },
  { "qemu+ssh://a:geheim@h/system", MIGRATE_ERROR_INVALID, "not accepted" },
  { "", MIGRATE_ERROR_INVALID, "empty" },
};

ParameterizedTestParameters (libvirt_backend, refuses)
{
  static size_t rows[G_N_ELEMENTS (bad_uris)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *row, libvirt_backend, refuses)
{
  MigrateBackend *backend = get_backend ();
  const char *uri = bad_uris[*row].uri;
  g_autoptr (GError) error = NULL;

  virSetErrorFunc (NULL, program_handler);
  cr_assert_null (backend->vtable->open (backend, uri, &error));
  cr_assert_not_null (error);
  cr_assert (g_error_matches (error, MIGRATE_ERROR, (int) bad_uris[*row].expected), "“%s”: %d: %s",
             uri, error->code, error->message);
  cr_assert (strstr (error->message, bad_uris[*row].says) != NULL, "%s", error->message);
  cr_assert_null (strstr (error->message, "geheim"));
  if (bad_uris[*row].expected == MIGRATE_ERROR_UNREACHABLE)
    cr_assert_not_null (_migrate_error_private (error)->remedy, "no remedy for “%s”", uri);
}

Test (libvirt_backend, opens_without_an_error_to_fill)
{
  virSetErrorFunc (NULL, program_handler);
  cr_assert_null (get_backend ()->vtable->open (get_backend (), "qemu+tcp://127.0.0.1:1/system",
                                                NULL /* error */));
}

/* ---- calls, on test:///default ---- */

static MigrateConn *conn;

static void
open_test (void)
{
  GError *error = NULL;

  conn = get_backend ()->vtable->open (get_backend (), "test:///default", &error);
  cr_assert_not_null (conn, "%s", error != NULL ? error->message : "");
}

static void
close_test (void)
{
  get_backend ()->vtable->close (conn);
}

TestSuite (libvirt_calls, .timeout = 30, .init = open_test, .fini = close_test);

static gboolean
run (MigrateCall *call, GError **error)
{
  return get_backend ()->vtable->call (conn, call, error);
}

static MigrateCall *
must (MigrateCallKind kind, const char *guest, guint64 value)
{
  g_autoptr (GError) error = NULL;
  MigrateCall *call = _migrate_call_new (kind, guest);

  call->value = value;
  cr_assert (run (call, &error), "%s: %s", _migrate_call_kind_name (kind),
             error != NULL ? error->message : "no error set");
  return call;
}

static void
must_do (MigrateCallKind kind, guint64 value)
{
  _migrate_call_unref (must (kind, GUEST_UUID, value));
}

static GError *
must_fail (MigrateCallKind kind, const char *guest, MigrateError code)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (kind, guest);
  GError *error = NULL;

  cr_assert_not (run (call, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, (int) code), "%s: %d: %s",
             _migrate_call_kind_name (kind), error->code, error->message);
  return error;
}

Test (libvirt_calls, describe_the_host)
{
  g_autoptr (MigrateCall) call = must (MIGRATE_CALL_HOST_INFO, NULL, 0);

  cr_assert_not_null (call->host.hostname);
  cr_assert_str_eq (call->host.hypervisor, "TEST");
  cr_assert_geq (call->host.libvirt_version, 9000000);
  cr_assert_gt (call->host.hypervisor_version, 0);
  cr_assert (g_str_has_prefix (call->text_out, "<capabilities>"));
  cr_assert_null (call->host.uuid);
  cr_assert (get_backend ()->vtable->is_alive (conn));
}

/* What the test driver does not know (jobs, domain capabilities, secrets, …) is just not there. */
Test (libvirt_calls, tell_many_facts_at_once)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_FACTS, "test");
  g_autoptr (GError) error = NULL;
  g_autoptr (GVariant) guest = NULL;
  g_autofree char *answer = NULL;
  static const char *const said[] = { "'hostname'",
                                      "'capabilities': <\"<capabilities>",
                                      "'live': <\"<domain type='test'",
                                      "'migratable'",
                                      "'inactive'",
                                      "'snapshots': <uint32 0>",
                                      "'cpus-online'",
                                      "'max-vcpus'",
                                      "<name>default</name>",
                                      "'path': <'nope:nope'>",
                                      "'same-name': <{",
                                      "'round-trips'" };

  call->question = g_variant_parse (
    NULL,
    "{'host': <true>, 'capacity': <true>, 'find-name': <'test'>, 'find-uuid': <'" NO_UUID "'>,"
    " 'networks': <['default', 'nope']>, 'files': <['/nope']>, 'secrets': <true>,"
    " 'filters': <true>, 'devices': <true>, 'bridges': <true>, 'pools': <true>,"
    " 'domain': <{'type': <'test'>}>, 'cpu': <'<cpu/>'>, 'page-sizes': <[uint32 4]>,"
    " 'volumes': <[('nope', 'nope')]>}",
    NULL, NULL, &error);
  cr_assert_null (error, "%s", error != NULL ? error->message : "");
  cr_assert (run (call, &error), "%s", error != NULL ? error->message : "");
  answer = g_variant_print (call->answer, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (said); i++)
    cr_expect_not_null (strstr (answer, said[i]), "%s is not in %s", said[i], answer);
  cr_expect_null (strstr (answer, "'same-uuid'"));
  cr_expect_null (strstr (answer, "'secrets'"));
  cr_expect_null (strstr (answer, "'cpu'"));
}

Test (libvirt_calls, do_not_find_a_guest_among_the_facts)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_FACTS, "nobody");
  g_autoptr (GError) error = NULL;

  call->question = g_variant_parse (NULL, "{'host': <true>}", NULL, NULL, NULL);
  cr_assert (run (call, &error));
  cr_assert_null (g_variant_lookup_value (call->answer, "guest", NULL));
}

/* Those that can be left out are, and how many it took is told truly. */
Test (libvirt_calls, ask_no_more_than_they_may)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_FACTS, NULL);
  guint32 round_trips = 0;

  call->question = g_variant_parse (
    NULL, "{'budget': <uint32 2>, 'capacity': <true>, 'networks': <['default']>}", NULL, NULL,
    NULL);
  cr_assert (run (call, NULL));
  cr_assert (g_variant_lookup (call->answer, "round-trips", "u", &round_trips));
  cr_assert_eq (round_trips, 2);
  cr_assert_null (g_variant_lookup_value (call->answer, "networks", NULL));
}

Test (libvirt_calls, find_by_name_and_by_uuid)
{
  g_autoptr (MigrateCall) by_name = must (MIGRATE_CALL_DOMAIN_FIND, "test", 0);
  g_autoptr (MigrateCall) by_uuid = must (MIGRATE_CALL_DOMAIN_FIND, GUEST_UUID, 0);

  cr_assert_str_eq (by_name->domain.uuid, GUEST_UUID);
  cr_assert_str_eq (by_uuid->domain.name, "test");
  cr_assert_eq (by_uuid->domain.state, MIGRATE_DOMAIN_RUNNING);
  cr_assert (by_uuid->domain.persistent);
  cr_assert_not (by_uuid->domain.autostart);
  cr_assert_not (by_uuid->domain.managed_save);
}

Test (libvirt_calls, find_a_name_that_looks_like_a_uuid)
{
  virDomainPtr domain = virDomainDefineXML (conn->vir, "<domain type='test'><name>" NO_UUID
                                                       "</name><memory>1024</memory>"
                                                       "<os><type>hvm</type></os></domain>");
  g_autoptr (MigrateCall) call = NULL;

  cr_assert_not_null (domain);
  virDomainFree (domain);
  call = must (MIGRATE_CALL_DOMAIN_FIND, NO_UUID, 0);
  cr_assert_str_eq (call->domain.name, NO_UUID);
  cr_assert_str_neq (call->domain.uuid, NO_UUID);
  cr_assert_eq (call->domain.state, MIGRATE_DOMAIN_SHUTOFF);
  g_error_free (must_fail (MIGRATE_CALL_DOMAIN_STATE, NO_UUID, MIGRATE_ERROR_NOT_FOUND));
}

Test (libvirt_calls, say_which_guest_is_not_there)
{
  g_autoptr (GError) by_name = must_fail (MIGRATE_CALL_DOMAIN_FIND, "nix", MIGRATE_ERROR_NOT_FOUND);
  g_autoptr (GError) by_uuid
    = must_fail (MIGRATE_CALL_DOMAIN_STATE, NO_UUID, MIGRATE_ERROR_NOT_FOUND);
  g_autoptr (GError) move = must_fail (MIGRATE_CALL_TRANSFER, "nix", MIGRATE_ERROR_NOT_FOUND);

  cr_assert_str_eq (by_name->message,
                    "Cannot find guest “nix” on “test:///default”: Domain not found");
  cr_assert_eq (_migrate_error_private (by_name)->vir_code, VIR_ERR_NO_DOMAIN);
  cr_assert_eq (_migrate_error_private (by_name)->vir_domain, VIR_FROM_TEST);
  cr_assert_not_null (strstr (by_uuid->message, NO_UUID));
  cr_assert_not_null (strstr (move->message, "nix"));
}

Test (libvirt_calls, fill_only_the_state)
{
  g_autoptr (MigrateCall) call = must (MIGRATE_CALL_DOMAIN_STATE, GUEST_UUID, 0);

  cr_assert_eq (call->domain.state, MIGRATE_DOMAIN_RUNNING);
  cr_assert_null (call->domain.name);
}

Test (libvirt_calls, give_xml)
{
  g_autoptr (MigrateCall) live = must (MIGRATE_CALL_DOMAIN_XML, GUEST_UUID, 0);
  g_autoptr (MigrateCall) inactive = must (MIGRATE_CALL_DOMAIN_XML, "test", MIGRATE_XML_INACTIVE);

  cr_assert_not_null (strstr (live->text_out, "<domain type='test' id='1'>"));
  cr_assert_not_null (strstr (inactive->text_out, "<domain type='test'>"));
}

Test (libvirt_calls, set_autostart)
{
  for (guint64 on = 1; on <= 1; on--) /* 1, 0, and then it wraps */
    {
      g_autoptr (MigrateCall) call = NULL;

      must_do (MIGRATE_CALL_SET_AUTOSTART, on);
      call = must (MIGRATE_CALL_DOMAIN_FIND, GUEST_UUID, 0);
      cr_assert_eq ((guint64) call->domain.autostart, on);
    }
}

Test (libvirt_calls, may_be_made_twice)
{
  g_autoptr (MigrateCall) call = NULL;

  must_do (MIGRATE_CALL_SUSPEND, 0);
  must_do (MIGRATE_CALL_SUSPEND, 0);
  call = must (MIGRATE_CALL_DOMAIN_STATE, GUEST_UUID, 0);
  cr_assert_eq (call->domain.state, MIGRATE_DOMAIN_PAUSED);
  must_do (MIGRATE_CALL_RESUME, 0);
  must_do (MIGRATE_CALL_RESUME, 0);
  must_do (MIGRATE_CALL_DESTROY, 0);
  must_do (MIGRATE_CALL_DESTROY, 0);
  must_do (MIGRATE_CALL_UNDEFINE, 0);
  must_do (MIGRATE_CALL_DESTROY, 0);
  g_error_free (must_fail (MIGRATE_CALL_UNDEFINE, GUEST_UUID, MIGRATE_ERROR_NOT_FOUND));
}

Test (libvirt_calls, fail_in_the_wrong_state)
{
  g_autoptr (GError) error = NULL;

  must_do (MIGRATE_CALL_DESTROY, 0);
  error = must_fail (MIGRATE_CALL_SUSPEND, GUEST_UUID, MIGRATE_ERROR_FAILED);
  cr_assert_eq (_migrate_error_private (error)->vir_code, VIR_ERR_INTERNAL_ERROR);
  cr_assert (g_str_has_prefix (error->message, "Cannot pause guest “" GUEST_UUID "” on “test"),
             "%s", error->message);
}

Test (libvirt_calls, undefine_and_persist)
{
  g_autoptr (MigrateCall) transient = NULL;
  g_autoptr (MigrateCall) persistent = NULL;

  must_do (MIGRATE_CALL_UNDEFINE, 0);
  transient = must (MIGRATE_CALL_DOMAIN_FIND, GUEST_UUID, 0);
  cr_assert_not (transient->domain.persistent);
  must_do (MIGRATE_CALL_PERSIST, 0);
  must_do (MIGRATE_CALL_PERSIST, 0);
  persistent = must (MIGRATE_CALL_DOMAIN_FIND, GUEST_UUID, 0);
  cr_assert (persistent->domain.persistent);
  cr_assert_eq (persistent->domain.state, MIGRATE_DOMAIN_RUNNING);
}

static void
set_mark (const char *mark)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_SET_MARK, GUEST_UUID);
  g_autoptr (MigrateCall) found = NULL;
  g_autoptr (GError) error = NULL;

  call->text_in = g_strdup (mark);
  cr_assert (run (call, &error), "%s", error != NULL ? error->message : "");
  found = must (MIGRATE_CALL_DOMAIN_FIND, GUEST_UUID, 0);
  cr_assert_eq (g_strcmp0 (found->domain.mark, mark), 0, "%s", found->domain.mark);
}

Test (libvirt_calls, mark_a_definition)
{
  set_mark ("incoming 0f3c");
  set_mark ("outgoing '<&>");
  set_mark ("outgoing");
  set_mark (NULL);
}

/* What one of them writes, the other reads. */
Test (libvirt_calls, mark_a_definition_as_documents_are)
{
  g_autoptr (MigrateCall) plain = must (MIGRATE_CALL_DOMAIN_XML, GUEST_UUID, MIGRATE_XML_INACTIVE);
  g_autoptr (MigrateCall) found = NULL;
  g_autoptr (MigrateCall) document = NULL;
  MigrateCall *call = _migrate_call_new (MIGRATE_CALL_DEFINE, GUEST_UUID);
  g_autoptr (GError) error = NULL;
  g_autofree char *job = NULL;

  call->text_in = _migrate_mark_set (plain->text_out, MIGRATE_MARK_INCOMING, "0f3c", &error);
  cr_assert (call->text_in != NULL && run (call, &error), "%s",
             error != NULL ? error->message : "");
  _migrate_call_unref (call);
  found = must (MIGRATE_CALL_DOMAIN_FIND, GUEST_UUID, 0);
  cr_assert_eq (g_strcmp0 (found->domain.mark, "incoming 0f3c"), 0, "%s", found->domain.mark);
  set_mark ("outgoing 77");
  document = must (MIGRATE_CALL_DOMAIN_XML, GUEST_UUID, MIGRATE_XML_INACTIVE);
  cr_assert_eq (_migrate_mark_read (document->text_out, &job), MIGRATE_MARK_OUTGOING, "%s",
                document->text_out);
  cr_assert_str_eq (job, "77");
}

Test (libvirt_calls, say_what_the_driver_cannot)
{
  g_error_free (must_fail (MIGRATE_CALL_JOB_STATS, GUEST_UUID, MIGRATE_ERROR_UNSUPPORTED));
  g_error_free (must_fail (MIGRATE_CALL_ABORT, GUEST_UUID, MIGRATE_ERROR_UNSUPPORTED));
  g_error_free (must_fail (MIGRATE_CALL_SET_DOWNTIME, GUEST_UUID, MIGRATE_ERROR_UNSUPPORTED));
  g_error_free (must_fail (MIGRATE_CALL_SET_BANDWIDTH, GUEST_UUID, MIGRATE_ERROR_UNSUPPORTED));
}

static const MigrateTransport transports[]
  = { MIGRATE_TRANSPORT_P2P, MIGRATE_TRANSPORT_DIRECT, MIGRATE_TRANSPORT_TUNNELLED };

Test (libvirt_calls, fail_a_transfer_with_libvirts_numbers)
{
  for (gsize i = 0; i < G_N_ELEMENTS (transports); i++)
    {
      g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, GUEST_UUID);
      g_autoptr (GError) error = NULL;

      call->transfer.transport = transports[i];
      call->transfer.peer_uri = g_strdup ("qemu+tcp://127.0.0.1:1/system");
      call->transfer.destination_uri = g_strdup ("test:///default");
      call->transfer.migration_uri = g_strdup ("tcp://127.0.0.1");
      call->transfer.bandwidth = 10;
      call->transfer.persist = TRUE;
      cr_assert_not (run (call, &error));
      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNSUPPORTED), "%zu: %s", i,
                 error->message);
      cr_assert_neq (_migrate_error_private (error)->vir_code, 0);
    }
}

/* ---- what a transfer asks for ---- */

typedef struct
{
  MigrateTransfer transfer;
  const char *methods; /* of compression; nullable */
  const char *disks;   /* nullable */
  guint flags;         /* beside those of every transfer */
  const char *params;  /* “NAME=VALUE …”, in the order given */
} Asked;

static const Asked asked[] = {
  { .params = "" },
  { .transfer = { .connections = 4 },
    .flags = VIR_MIGRATE_PARALLEL,
    .params = "parallel.connections=4 " },
  { .transfer = { .connections = 2, .zero_copy = TRUE },
    .flags = VIR_MIGRATE_PARALLEL | VIR_MIGRATE_ZEROCOPY,
    .params = "parallel.connections=2 " },
  { .transfer = { .throttle = TRUE, .throttle_initial = 50, .throttle_increment = 20 },
    .flags = VIR_MIGRATE_AUTO_CONVERGE,
    .params = "auto_converge.initial=50 auto_converge.increment=20 " },
  { .transfer = { .throttle_initial = 50, .throttle_increment = 20 }, .params = "" },
  { .transfer = { .xbzrle_cache = 64 << 20, .compression_threads = 3 },
    .methods = "xbzrle",
    .flags = VIR_MIGRATE_COMPRESSED,
    .params = "compression=xbzrle compression.xbzrle.cache=67108864 " },
  { .transfer = { .compression_level = 9, .compression_threads = 3, .xbzrle_cache = 64 << 20 },
    .methods = "mt",
    .flags = VIR_MIGRATE_COMPRESSED,
    .params = "compression=mt compression.mt.level=9 compression.mt.threads=3 "
              "compression.mt.dthreads=3 " },
  { .transfer = { .connections = 2, .compression_level = 3 },
    .methods = "zlib",
    .flags = VIR_MIGRATE_COMPRESSED | VIR_MIGRATE_PARALLEL,
    .params = "parallel.connections=2 compression=zlib compression.zlib.level=3 " },
  { .transfer = { .connections = 2, .compression_level = 20 },
    .methods = "zstd",
    .flags = VIR_MIGRATE_COMPRESSED | VIR_MIGRATE_PARALLEL,
    .params = "parallel.connections=2 compression=zstd compression.zstd.level=20 " },
  { .transfer = { .tls = TRUE, .tls_name = (char *) "h2.lab" },
    .flags = VIR_MIGRATE_TLS,
    .params = "tls.destination=h2.lab " },
  { .transfer = { .tls_name = (char *) "h2.lab" }, .params = "" },
  { .transfer = { .dest_xml = (char *) "<live/>" }, .params = "destination_xml=<live/> " },
  { .transfer = { .dest_xml = (char *) "<live/>", .persist_xml = (char *) "<there/>" },
    .params = "destination_xml=<live/> persistent_xml=<there/> " },
  { .transfer = { .disks_top = TRUE, .sync_writes = TRUE, .disks_uri = (char *) "tcp://h2:4" },
    .params = "" },
  { .transfer = { .disks_top = TRUE, .sync_writes = TRUE }, .disks = "", .params = "" },
  { .transfer = { .bandwidth = 3 },
    .disks = "vda",
    .flags = VIR_MIGRATE_NON_SHARED_DISK,
    .params = "migrate_disks=vda bandwidth=3 " },
  { .transfer = { .sync_writes = TRUE, .disks_uri = (char *) "tcp://h2:4" },
    .disks = "vda;sdb",
    .flags = VIR_MIGRATE_NON_SHARED_DISK | VIR_MIGRATE_NON_SHARED_SYNCHRONOUS_WRITES,
    .params = "migrate_disks=vda migrate_disks=sdb disks_uri=tcp://h2:4 " },
  { .transfer = { .disks_top = TRUE, .persist = TRUE },
    .disks = "vda",
    .flags = VIR_MIGRATE_NON_SHARED_INC | VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE,
    .params = "migrate_disks=vda " },
  { .transfer = { .persist = TRUE, .unsafe = TRUE },
    .flags = VIR_MIGRATE_PERSIST_DEST | VIR_MIGRATE_UNDEFINE_SOURCE | VIR_MIGRATE_UNSAFE,
    .params = "" },
  { .transfer = { .persist = TRUE, .keep_source = TRUE },
    .flags = VIR_MIGRATE_PERSIST_DEST,
    .params = "" },
  { .transfer = { .keep_source = TRUE }, .params = "" },
  { .transfer = { .carrier = TRUE, .persist = TRUE, .unsafe = TRUE },
    .disks = "sda",
    .flags = VIR_MIGRATE_NON_SHARED_DISK,
    .params = "migrate_disks=sda " },
  { .transfer = { .transport = MIGRATE_TRANSPORT_TUNNELLED,
                  .migration_uri = (char *) "tcp://h2",
                  .listen_address = (char *) "::",
                  .bandwidth = 8 },
    .flags = VIR_MIGRATE_TUNNELLED,
    .params = "bandwidth=8 " },
};

static char *
params_to_string (const MigrateVirParams *params)
{
  GString *text = g_string_new (NULL);

  for (int i = 0; i < params->n; i++)
    {
      const virTypedParameter *p = &params->list[i];

      g_string_append_printf (text, "%s=", p->field);
      if (p->type == VIR_TYPED_PARAM_STRING)
        g_string_append (text, p->value.s);
      else if (p->type == VIR_TYPED_PARAM_INT)
        g_string_append_printf (text, "%d", p->value.i);
      else
        g_string_append_printf (text, "%llu", p->value.ul);
      g_string_append_c (text, ' ');
    }
  return g_string_free (text, FALSE);
}

Test (libvirt_calls, ask_for_what_counts_and_for_nothing_else)
{
  guint always = VIR_MIGRATE_LIVE | VIR_MIGRATE_ABORT_ON_ERROR | VIR_MIGRATE_PEER2PEER;

  for (gsize i = 0; i < G_N_ELEMENTS (asked); i++)
    {
      MigrateTransfer transfer = asked[i].transfer;
      g_auto (MigrateVirParams) params = { 0 };
      g_auto (GStrv) methods
        = asked[i].methods != NULL ? g_strsplit (asked[i].methods, ";", -1) : NULL;
      g_auto (GStrv) disks = asked[i].disks != NULL ? g_strsplit (asked[i].disks, ";", -1) : NULL;
      g_autofree char *text = NULL;

      transfer.compression = methods;
      transfer.disks = disks;
      cr_assert (_migrate_vir_transfer_params (&transfer, &params));
      text = params_to_string (&params);
      cr_expect_str_eq (text, asked[i].params, "row %zu: %s", i, text);
      cr_expect_eq (_migrate_vir_transfer_flags (&transfer), always | asked[i].flags, "row %zu", i);
    }
}

Test (libvirt_calls, blame_the_destination_that_cannot_be_opened)
{
  g_autoptr (MigrateCall) call = _migrate_call_new (MIGRATE_CALL_TRANSFER, GUEST_UUID);
  g_autoptr (GError) error = NULL;

  virSetErrorFunc (NULL, program_handler);
  call->transfer.transport = MIGRATE_TRANSPORT_DIRECT;
  call->transfer.destination_uri = g_strdup ("qemu+tcp://127.0.0.1:1/system");
  cr_assert_not (run (call, &error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_UNREACHABLE), "%s",
             error->message);
  cr_assert_eq (_migrate_error_private (error)->side, MIGRATE_SIDE_DESTINATION);
}

/* ---- events ---- */

TestSuite (events, .timeout = 30);

Test (events, start_once)
{
  g_autoptr (GError) error = NULL;

  cr_assert_not (migrate_events_is_running ());
  cr_assert (migrate_events_start (&error), "%s", error != NULL ? error->message : "");
  cr_assert (migrate_events_is_running ());
  cr_assert (migrate_events_start (&error));
}

Test (events, leave_the_loop_of_the_program_alone)
{
  g_autoptr (GError) error = NULL;

  cr_assert_eq (virEventRegisterDefaultImpl (), 0);
  cr_assert_not (migrate_events_start (&error));
  cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BUSY));
  cr_assert_not_null (_migrate_error_private (error)->remedy);
  cr_assert_not (migrate_events_is_running ());
}

static gint fired, freed;
static GThread *volatile fired_on;

static void
on_timeout (int id, void *data)
{
  fired_on = g_thread_self ();
  if (g_atomic_int_add (&fired, 1) == 1)
    virEventRemoveTimeout (id); /* from within itself */
}

static void
on_handle (int id, int fd, int handle_events, void *data)
{
  char byte;

  if ((handle_events & VIR_EVENT_HANDLE_READABLE) && read (fd, &byte, 1) == 1)
    g_atomic_int_inc (&fired);
  else if (handle_events & VIR_EVENT_HANDLE_HANGUP)
    virEventRemoveHandle (id);
}

static void
on_free (void *data)
{
  g_atomic_int_inc (&freed);
}

static void
wait_for (gint *counter, gint value)
{
  for (int i = 0; i < 1000 && g_atomic_int_get (counter) < value; i++)
    g_usleep (5000);
  cr_assert_geq (g_atomic_int_get (counter), value);
}

Test (events, run_timeouts_on_a_thread_of_their_own)
{
  int id, disabled;

  cr_assert (migrate_events_start (NULL));
  disabled = virEventAddTimeout (-1, on_timeout, NULL, on_free);
  id = virEventAddTimeout (1, on_timeout, NULL, on_free);
  cr_assert_geq (id, 0);
  wait_for (&freed, 1);
  cr_assert_eq (g_atomic_int_get (&fired), 2);
  cr_assert_neq (fired_on, g_thread_self ());
  cr_assert_eq (virEventRemoveTimeout (id), -1);

  virEventUpdateTimeout (disabled, 0);
  wait_for (&fired, 3);
  virEventUpdateTimeout (disabled, -1);
  virEventRemoveTimeout (disabled);
  wait_for (&freed, 2);
}

Test (events, run_handles)
{
  int pipes[2], id;

  cr_assert (migrate_events_start (NULL));
  cr_assert_eq (pipe (pipes), 0);
  id = virEventAddHandle (pipes[0], 0, on_handle, NULL, on_free);
  cr_assert_geq (id, 0);
  cr_assert_eq (write (pipes[1], "x", 1), 1);
  g_usleep (50000);
  cr_assert_eq (g_atomic_int_get (&fired), 0, "a handle that is off fired");
  virEventUpdateHandle (id, VIR_EVENT_HANDLE_READABLE);
  wait_for (&fired, 1);
  close (pipes[1]);
  wait_for (&freed, 1);
  cr_assert_eq (virEventRemoveHandle (id), -1);
}

static gboolean
on_idle (gpointer data)
{
  g_atomic_int_inc (&fired);
  return G_SOURCE_REMOVE;
}

/* libvirt's own implementation does just that. */
Test (events, never_run_the_main_context_of_the_program)
{
  cr_assert (migrate_events_start (NULL));
  g_idle_add (on_idle, NULL);
  virEventAddTimeout (1, on_timeout, NULL, on_free);
  wait_for (&freed, 1);
  cr_assert_eq (g_atomic_int_get (&fired), 2, "only the timeout");
  while (g_main_context_iteration (NULL, FALSE))
    ;
  cr_assert_eq (g_atomic_int_get (&fired), 3);
}

/* ---- what belongs to the program ---- */

/* What comes out of stderr while a connection is refused, and a guest is not found. */
static gsize
count_stderr (void)
{
  char buffer[4096];
  int saved = dup (STDERR_FILENO), pipes[2];
  gssize n;
  virConnectPtr vir;

  cr_assert_eq (pipe (pipes), 0);
  fcntl (pipes[0], F_SETFL, O_NONBLOCK);
  dup2 (pipes[1], STDERR_FILENO);
  cr_assert_null (_migrate_vir_connect ("qemu+unix:///system?socket=/nonexistent", NULL));
  vir = _migrate_vir_connect ("test:///default", NULL);
  cr_assert_null (virDomainLookupByName (vir, "nix"));
  virConnectClose (vir);
  dup2 (saved, STDERR_FILENO);
  n = read (pipes[0], buffer, sizeof buffer);
  return (gsize) MAX (n, 0);
}

Test (libvirt_backend, leaves_the_error_function_of_the_program)
{
  virSetErrorFunc (NULL, program_handler);
  cr_assert_eq (count_stderr (), 0);
  cr_assert_eq (g_atomic_int_get (&n_handled), 1, "opening has no connection, looking up has");
}

Test (libvirt_backend, prints_nothing_once_it_runs_the_events)
{
  cr_assert (migrate_events_start (NULL));
  cr_assert_eq (count_stderr (), 0);
}
