/* Memory under TLS, with certificates that the lab makes: on hosts that have them and on hosts that
 * have none. Both recipes. */
#include "labtest.h"

#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 3"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (tls, .init = set_up, .timeout = 300);

static void
assert_refused (MigrateJob *job, int code, const char *remedy)
{
  g_autoptr (GError) error = lab_run_fails (job, NULL);

  lab_assert_code (error, code);
  lab_assert_remedy (job, remedy);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
}

Test (tls, hosts_without_certificates_say_what_they_lack)
{
  static const char *const settings[] = { "tls=true", NULL };
  g_autoptr (MigrateJob) job = NULL;

  g_free (lab_run ("tls off"));
  job = lab_slow_job (GUEST, from, to, settings);
  assert_refused (job, MIGRATE_ERROR_UNSUPPORTED, "migrate_tls_x509_cert_dir");
}

Test (tls, memory_is_encrypted_on_all_connections)
{
  static const char *const settings[] = { "tls=true", "connections=2", NULL };
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;

  g_free (lab_run ("tls on"));
  job = lab_slow_job (GUEST, from, to, settings);
  result = lab_move_and_ask (job, GUEST, from, to, "query-migrate-parameters",
                             "\"tls-creds\": ?\"[^\"]");
}

/* Who is not whom the certificate names gets nothing: which also proves that it is looked at. */
Test (tls, certificate_must_name_the_destination)
{
  static const char *const settings[] = { "tls=true", NULL };
  g_autoptr (MigrateJob) wrong = NULL;
  g_autoptr (MigrateJob) right = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autofree char *name = g_strdup_printf ("h%d.lab", to);

  g_free (lab_run ("tls on"));
  wrong = lab_slow_job (GUEST, from, to, settings);
  migrate_host_set_tls_name (migrate_job_get_destination (wrong), "other.lab");
  assert_refused (wrong, MIGRATE_ERROR_FAILED, "certificates of both hosts");

  right = lab_slow_job (GUEST, from, to, settings);
  migrate_host_set_tls_name (migrate_job_get_destination (right), name);
  result = lab_move_and_ask (right, GUEST, from, to, "query-migrate-parameters",
                             "\"tls-hostname\": ?\"h[12].lab\"");
}
