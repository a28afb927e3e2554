/* Requests that must fail before anything is changed, with the code that says what to do next. */
#include "labtest.h"

#include <string.h>
#include <unistd.h>

#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 2"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (input, .init = set_up, .timeout = 120);

/* ---- URIs ---- */

/* Nothing of these may come to a shell, to ssh or to QEMU's monitor. */
static const char *const wrong_uris[] = {
  "",
  "not a uri",
  "qemu+ssh://h2;touch lmt-injected/system",
  "qemu+ssh://$(touch lmt-injected)/system",
  "qemu+ssh://-oProxyCommand=touch%20lmt-injected/system",
  "qemu+ext:///system?command=/usr/bin/touch",
  "qemu+ssh://h2/system?netcat=touch",
  "qemu+unix:///session?socket=/tmp/a\nb",
  "qemu+ssh://user:secret@h2/system",
};

Test (input, wrong_uris_are_refused)
{
  for (gsize i = 0; i < G_N_ELEMENTS (wrong_uris); i++)
    {
      g_autoptr (MigrateHost) source = lab_host_new (from);
      g_autoptr (MigrateHost) wrong = migrate_host_new (wrong_uris[i]);
      g_autoptr (MigrateJob) job = lab_job_between (GUEST, source, wrong);
      g_autoptr (MigrateJob) other = lab_job_between (GUEST, wrong, source);
      g_autoptr (GError) error = lab_run_fails (job, NULL);
      g_autoptr (GError) other_error = lab_run_fails (other, NULL);

      cr_assert (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s: %s",
                 wrong_uris[i], error->message);
      cr_assert (g_error_matches (other_error, MIGRATE_ERROR, MIGRATE_ERROR_INVALID), "%s: %s",
                 wrong_uris[i], other_error->message);
      cr_assert_null (strstr (error->message, "secret"), "%s", error->message);
      lab_assert_rest (job, MIGRATE_STATE_NEW, MIGRATE_OUTCOME_NONE);
    }
  cr_assert_neq (access ("lmt-injected", F_OK), 0);
  lab_assert_at (GUEST, from, "running");
}

/* Those that the source's libvirt and QEMU would be given. */
Test (input, wrong_peer_and_migration_uris_are_refused)
{
  for (gsize i = 0; i < 2; i++)
    {
      g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
      MigrateHost *destination = migrate_job_get_destination (job);
      g_autoptr (GError) error = NULL;

      if (i == 0)
        migrate_host_set_peer_uri (destination, "qemu+ext:///system?command=/usr/bin/touch");
      else
        migrate_host_set_migration_uri (destination, "exec:touch lmt-injected");
      error = lab_run_fails (job, NULL);
      lab_assert_code (error, MIGRATE_ERROR_INVALID);
      lab_assert_at (GUEST, from, "running");
    }
  lab_assert_moves (GUEST, from, to);
}

/* ---- hosts ---- */

static void
assert_host_fails (const char *uri, gboolean as_source, int code)
{
  g_autoptr (MigrateHost) good = lab_host_new (as_source ? to : from);
  g_autoptr (MigrateHost) bad = migrate_host_new (uri);
  g_autoptr (MigrateJob) job
    = lab_job_between (GUEST, as_source ? bad : good, as_source ? good : bad);
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();

  migrate_host_set_peer_uri (bad, uri);
  lab_set_policy (job, "call-timeout", "2000");
  error = lab_run_fails (job, NULL);
  lab_assert_within (begun, 10);
  lab_assert_code (error, code);
  failure = migrate_job_dup_failure (job);
  cr_assert_not_null (failure);
  cr_assert_eq (migrate_failure_get_side (failure),
                as_source ? MIGRATE_SIDE_SOURCE : MIGRATE_SIDE_DESTINATION);
  cr_assert_not_null (migrate_failure_get_remedy (failure), "%s", error->message);
  lab_assert_rest (job, MIGRATE_STATE_NEW, MIGRATE_OUTCOME_NONE);
  lab_assert_at (GUEST, from, "running");
}

Test (input, refused_connection)
{
  assert_host_fails ("qemu+unix:///session?socket=/nonexistent/sock", FALSE,
                     MIGRATE_ERROR_UNREACHABLE);
  assert_host_fails ("qemu+unix:///session?socket=/nonexistent/sock", TRUE,
                     MIGRATE_ERROR_UNREACHABLE);
  assert_host_fails ("qemu+tcp://127.0.0.1:1/system", FALSE, MIGRATE_ERROR_UNREACHABLE);
  lab_assert_moves (GUEST, from, to);
}

Test (input, destination_that_never_answers)
{
  g_autofree char *wedge = lab_run ("wedge");

  assert_host_fails (wedge, FALSE, MIGRATE_ERROR_TIMED_OUT);
  lab_assert_moves (GUEST, from, to);
}

Test (input, source_that_never_answers)
{
  g_autofree char *wedge = lab_run ("wedge");

  assert_host_fails (wedge, TRUE, MIGRATE_ERROR_TIMED_OUT);
  lab_assert_moves (GUEST, from, to);
}

Test (input, same_host_by_its_uri_and_by_another)
{
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, from);
  g_autoptr (GError) error = lab_run_fails (job, NULL);
  g_autofree char *uri = lab_env_host ("URI", from);
  g_autofree char *link = g_strdup_printf ("%s/alias", lab_env ("DIR"));
  g_autofree char *alias = g_strdup_printf ("qemu+unix:///session?socket=%s", link);
  g_autoptr (MigrateHost) source = lab_host_new (from);
  g_autoptr (MigrateHost) same = migrate_host_new (alias);
  g_autoptr (MigrateJob) hidden = lab_job_between (GUEST, source, same);
  g_autoptr (GError) hidden_error = NULL;

  lab_assert_blocked_by (job, error, "same-host");
  lab_assert_rest (job, MIGRATE_STATE_CHECKED, MIGRATE_OUTCOME_NONE);
  unlink (link);
  cr_assert_eq (symlink (strchr (uri, '=') + 1, link), 0);
  hidden_error = lab_run_fails (hidden, NULL);
  unlink (link);
  lab_assert_blocked_by (hidden, hidden_error, "same-host");
  lab_assert_at (GUEST, from, "running");
  lab_assert_alive (GUEST);
}

/* ---- guests ---- */

Test (input, no_such_guest)
{
  static const char *const names[]
    = { "nobody", "11111111-2222-3333-4444-555555555555", "a\nb", "$(touch lmt-injected)" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (MigrateJob) job = lab_job_new (names[i], from, to);
      g_autoptr (GError) error = lab_run_fails (job, NULL);

      lab_assert_code (error, MIGRATE_ERROR_NOT_FOUND);
      lab_assert_rest (job, MIGRATE_STATE_NEW, MIGRATE_OUTCOME_NONE);
    }
}

/* The definition that lab made, without its UUID, for a guest of that name; in a file. */
static char *
definition_as (const char *name)
{
  g_autofree char *path = g_strdup_printf ("%s/guests/%s.xml", lab_env ("DIR"), GUEST);
  char *copy = g_strdup_printf ("%s/guests/%s-copy.xml", lab_env ("DIR"), name);
  g_autofree char *line = g_strdup_printf ("<name>%s</name>", name);
  g_autofree char *xml = NULL;
  g_autoptr (GString) changed = NULL;

  cr_assert (g_file_get_contents (path, &xml, NULL, NULL));
  changed = g_string_new (xml);
  g_string_replace (changed, "<name>" GUEST "</name>", line, 1);
  cr_assert (g_file_set_contents (copy, changed->str, -1, NULL));
  return copy;
}

Test (input, guest_that_is_off)
{
  g_autofree char *file = definition_as ("off");
  g_autoptr (MigrateJob) job = lab_job_new ("off", from, to);
  g_autoptr (GError) error = NULL;

  migrate_job_set_kind (job, MIGRATE_KIND_LIVE);
  g_free (lab_run ("virsh %d define %s", from, file));
  error = lab_run_fails (job, NULL);
  lab_assert_blocked_by (job, error, "guest-not-running");
  lab_assert_rest (job, MIGRATE_STATE_CHECKED, MIGRATE_OUTCOME_NONE);
  lab_assert_off_at ("off", from);
  g_free (lab_run ("virsh %d undefine off", from));
}

Test (input, name_taken_at_the_destination)
{
  g_autofree char *file = definition_as (GUEST);
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (GError) error = NULL;

  g_free (lab_run ("virsh %d define %s", to, file));
  error = lab_run_fails (job, NULL);
  lab_assert_blocked_by (job, error, "name-taken");
  g_free (lab_run ("virsh %d undefine %s", to, GUEST));
  lab_assert_at (GUEST, from, "running");
  lab_assert_moves (GUEST, from, to);
}

Test (input, guest_is_defined_at_the_destination)
{
  g_autofree char *xml = lab_run ("virsh %d dumpxml --inactive %s", from, GUEST);
  g_autofree char *file = g_strdup_printf ("%s/guests/there.xml", lab_env ("DIR"));
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (GError) error = NULL;

  cr_assert (g_file_set_contents (file, xml, -1, NULL));
  g_free (lab_run ("virsh %d define %s", to, file));
  error = lab_run_fails (job, NULL);
  lab_assert_blocked_by (job, error, "already-there");
  g_free (lab_run ("virsh %d undefine %s", to, GUEST));
  lab_assert_at (GUEST, from, "running");
  lab_assert_moves (GUEST, from, to);
}
