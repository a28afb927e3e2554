/* Ways for memory to travel that need two addresses (recipe B: root): libvirt's own connections
 * under TLS, and a link whose speed is known. With test-lab-tls.c. */
#include "labtest.h"

#include <string.h>

#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 3"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  g_free (lab_run ("link 400mbit"));
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (transports, .init = set_up, .timeout = 120);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "b");
}

/* As the host asks for it that has the certificates of the second. */
static char *
tls_uri (int host, int asking)
{
  g_autofree char *folder = lab_env_host ("TLS", asking);

  return g_strdup_printf ("qemu+tls://10.77.0.%d/system?pkipath=%s", host, folder);
}

static void
see_connections (gpointer seen)
{
  *(char **) seen = lab_run ("run %d ss -Htn state established dport = 16514", from);
}

Test (transports, hosts_meet_under_tls)
{
  static const char *const settings[] = { "connections=2", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *uri = tls_uri (to, from);
  g_autofree char *seen = NULL;

  g_free (lab_run ("tls on"));
  job = lab_slow_job (GUEST, from, to, settings);
  migrate_host_set_peer_uri (migrate_job_get_destination (job), uri);
  lab_when (job, 0.2, 0, see_connections, &seen);
  result = lab_move_and_ask (job, GUEST, from, to, NULL /* command */, NULL /* pattern */);
  cr_assert (seen != NULL && *seen != '\0', "nothing talks to port 16514");
}

/* The program is on a third machine, as far as the hosts can tell: one that has their names and
 * certificates, and no sockets of theirs. */
static void
control_over_tls (const char *transport)
{
  g_autofree char *self = g_file_read_link ("/proc/self/exe", NULL);
  g_autofree char *folder = g_path_get_dirname (self);
  g_autofree char *source = tls_uri (from, from);
  g_autofree char *destination = tls_uri (to, from);
  g_autofree char *migration = lab_env_host ("MIGRATION_URI", to);
  g_autofree char *said = NULL;

  g_free (lab_run ("tls on"));
  said = lab_run ("run %d %s/lab-controller %s %s '%s' '%s' '%s' '%s' transport=%s tls=true", from,
                  folder, lab_journal_path (), GUEST, source, destination, destination, migration,
                  transport);
  cr_assert_not_null (strstr (said, "end ok moved finalized"), "%s", said);
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
}

Test (transports, controller_meets_both_hosts_under_tls) { control_over_tls ("p2p"); }

Test (transports, controller_drives_under_tls) { control_over_tls ("direct"); }

/* Less than the link carries. */
Test (transports, connections_keep_to_the_limit_on_a_link)
{
  static const char *const settings[] = { "connections=4", NULL };
  g_autoptr (MigrateJob) job = lab_slow_job (GUEST, from, to, settings);
  g_autoptr (MigrateResult) result = lab_move_and_ask (
    job, GUEST, from, to, "query-migrate-parameters", "\"multifd-channels\": ?4\\b");
  guint64 copying = migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_MEMORY);

  cr_assert_lt (migrate_result_get_bytes (result) / MAX (copying, 1), 24 << 10);
}
