/* Ways for memory to travel, between real hosts (recipe A): each moves a guest, and QEMU or libvirt
 * says that it was in use. What needs addresses of two hosts is in test-lab-tls.c. */
#include "labtest.h"

#include <string.h>

/* It dirties so much that a limited move needs several passes. */
#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 3"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (transports, .init = set_up, .timeout = 120);

int
main (int argc, char **argv)
{
  return lab_main (argc, argv, "a");
}

/* Moves it with these settings, and QEMU's answer in mid-copy matches the pattern. */
static MigrateResult *
move_and_ask (const char *const *settings, const char *command, const char *pattern)
{
  g_autoptr (MigrateJob) job = lab_slow_job (GUEST, from, to, settings);

  return lab_move_and_ask (job, GUEST, from, to, command, pattern);
}

/* A number of the statistics that libvirt keeps at the destination. */
static double
completed (const char *what)
{
  g_autofree char *text = lab_run ("virsh %d domjobinfo %s --completed", to, GUEST);
  g_autofree char *pattern = g_strdup_printf ("^%s: +([0-9.]+)", what);
  g_autoptr (GRegex) regex = g_regex_new (pattern, G_REGEX_MULTILINE, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *number = NULL;

  if (!g_regex_match (regex, text, 0, &match))
    return 0;
  number = g_match_info_fetch (match, 1);
  return g_ascii_strtod (number, NULL);
}

/* ---- connections ---- */

#define MULTIFD "\"state\": ?true, ?\"capability\": ?\"multifd\""

Test (transports, connections_keep_to_the_limit)
{
  static const char *const settings[] = { "connections=3", NULL };
  g_autoptr (MigrateResult) result
    = move_and_ask (settings, "query-migrate-parameters", "\"multifd-channels\": ?3\\b");
  guint64 copying = migrate_result_get_phase_ms (result, MIGRATE_PHASE_COPYING_MEMORY);

  /* 16 MiB/s; bytes in a millisecond. */
  cr_assert_lt (migrate_result_get_bytes (result) / MAX (copying, 1), 24 << 10);
}

Test (transports, connections_are_qemus_multifd)
{
  static const char *const settings[] = { "connections=2", "allow=throttle", NULL };
  g_autoptr (MigrateResult) result
    = move_and_ask (settings, "query-migrate", "\"multifd-bytes\": ?[1-9]");
}

Test (transports, connections_are_used_when_driven_directly)
{
  static const char *const settings[] = { "connections=2", "transport=direct", NULL };
  g_autoptr (MigrateResult) result = move_and_ask (settings, "query-migrate-capabilities", MULTIFD);
}

/* ---- compression ---- */

Test (transports, xbzrle_sends_what_changed)
{
  static const char *const settings[]
    = { "compression=xbzrle", "xbzrle-cache=32", "target-downtime=120", NULL };
  g_autoptr (MigrateResult) result
    = move_and_ask (settings, "query-migrate-parameters", "\"xbzrle-cache-size\": ?33554432");

  cr_assert_gt (completed ("Compressed pages"), 0);
}

/* libvirt's statistics have nothing of it. */
Test (transports, mt_compresses_each_page)
{
  static const char *const settings[]
    = { "compression=mt", "compression-level=9", "compression-threads=2", NULL };
  g_autoptr (MigrateResult) result
    = move_and_ask (settings, "query-migrate", "\"compression\": ?\\{[^}]*\"pages\": ?[1-9]");
}

/* libvirt knows them from 9.4 on: on these hosts the check says so, on later ones they are used. */
static void
move_with_multifd_compression (const char *method)
{
  g_autofree char *compression = g_strconcat ("compression=", method, NULL);
  g_autofree char *in_use = g_strdup_printf ("\"multifd-compression\": ?\"%s\"", method);
  const char *const settings[] = { "connections=2", compression, NULL };
  g_autofree char *version = lab_run ("virsh %d version --daemon", from);
  g_autoptr (GRegex) old = g_regex_new ("daemon: (9\\.[0-3]\\.|[0-8]\\.)", 0, 0, NULL);

  if (g_regex_match (old, version, 0, NULL))
    {
      g_autoptr (MigrateJob) job = lab_slow_job (GUEST, from, to, settings);
      g_autoptr (GError) error = lab_run_fails (job, NULL);

      lab_assert_blocked_by (job, error, "feature-unknown");
      lab_assert_at (GUEST, from, "running");
    }
  else
    {
      migrate_result_unref (move_and_ask (settings, "query-migrate-parameters", in_use));
    }
}

Test (transports, zlib_of_connections) { move_with_multifd_compression ("zlib"); }

Test (transports, zstd_of_connections) { move_with_multifd_compression ("zstd"); }

/* ---- zero-copy ---- */

/* Where libvirtd may not lock the guest's memory, which nobody can know before, that is said. */
Test (transports, zero_copy_works_or_says_what_it_lacks)
{
  static const char *const settings[] = { "connections=2", "zero-copy=true", NULL };
  g_autoptr (MigrateJob) job = lab_slow_job (GUEST, from, to, settings);
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  result = migrate_job_run (job, NULL, &error);
  if (result != NULL)
    {
      cr_assert_gt (completed ("Normal data"), 0);
      lab_assert_at (GUEST, to, "running");
    }
  else
    {
      lab_assert_code (error, MIGRATE_ERROR_DENIED);
      lab_assert_remedy (job, "LimitMEMLOCK");
      lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
      lab_assert_at (GUEST, from, "running");
    }
  lab_assert_alive (GUEST);
}

/* ---- ways ---- */

static void
move_over_socket (const char *const *settings)
{
  g_autoptr (MigrateJob) job = lab_slow_job (GUEST, from, to, settings);
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *uri = g_strdup_printf ("unix://%s/move.sock", lab_env ("SHARED"));
  LabWatch *watch = lab_watch_start (GUEST);
  guint samples, twice;

  migrate_host_set_migration_uri (migrate_job_get_destination (job), uri);
  result = lab_move_and_ask (job, GUEST, from, to, NULL /* command */, NULL /* pattern */);
  lab_watch_stop (watch, &samples, &twice);
  cr_assert_gt (samples, 20);
  cr_assert_eq (twice, 0);
}

/* No other address was given, and libvirt has none of its own between these hosts. */
Test (transports, unix_socket)
{
  static const char *const settings[] = { NULL };

  move_over_socket (settings);
}

Test (transports, unix_socket_with_connections_driven_directly)
{
  static const char *const settings[] = { "connections=2", "transport=direct", NULL };

  move_over_socket (settings);
}

/* QEMU gets a pipe of libvirtd's instead of an address. */
Test (transports, tunnel_with_compression)
{
  static const char *const settings[] = { "transport=tunnelled", "compression=xbzrle", NULL };
  g_autoptr (MigrateJob) job = lab_slow_job (GUEST, from, to, settings);
  g_autoptr (MigrateResult) result = NULL;

  migrate_host_set_migration_uri (migrate_job_get_destination (job), NULL);
  result = lab_move_and_ask (job, GUEST, from, to, NULL /* command */, NULL /* pattern */);
  cr_assert_gt (completed ("Compression cache"), 0);
}

/* ---- throttle ---- */

/* One that is bound by its CPU, so fast that the limited link never catches up. */
#define BUSY "busy"
#define BUSY_OPTIONS "--dirty 24 --rate 200 --mode cpu"

/* Only while it runs does libvirt tell how much it takes away. */
static void
look_for_throttle (MigrateJob *job, MigrateProgress *progress, char **seen)
{
  g_autofree char *text = NULL;

  if (*seen == NULL && lab_try (&text, "virsh %d domjobinfo %s", from, BUSY)
      && strstr (text, "Auto converge throttle:") != NULL)
    *seen = g_steal_pointer (&text);
}

Test (transports, throttle_engages)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *seen = NULL;

  lab_need_to_move (BUSY, BUSY_OPTIONS, &from, &to);
  job = lab_job_new (BUSY, from, to);
  lab_set_policy (job, "allow", "throttle");
  lab_set_policy (job, "throttle-initial", "70");
  lab_set_policy (job, "throttle-increment", "25");
  lab_set_policy (job, "bandwidth", "12");
  lab_set_policy (job, "max-downtime", "1000");
  lab_set_policy (job, "deadline", "90");
  g_signal_connect (job, "progress", G_CALLBACK (look_for_throttle), &seen);
  result = lab_run_works (job, NULL);
  lab_assert_rest (job, MIGRATE_STATE_FINALIZED, MIGRATE_OUTCOME_MOVED);
  lab_assert_decided (job, "throttle", "takes (70|9[0-9]) % of the guest's CPU time");
  lab_assert_at (BUSY, to, "running");
  lab_assert_alive (BUSY);
  cr_assert (seen != NULL
               && g_regex_match_simple ("Auto converge throttle: +(70|9[0-9])\\b", seen, 0, 0),
             "%s", seen);
  g_free (lab_run ("clean-guest %s", BUSY));
}
