/* A guest arrives under other names on a real host: as it runs, and as it is defined; with its
 * password, which no file of ours has. */
#include "labtest.h"

#include <string.h>
#include <unistd.h>

#define PATTERN "g" /* a guest of the lab, whose XML is taken */
#define OPTIONS "--dirty 8 --rate 2"
#define GUEST "m"
#define PASSWORD "geheim77"
#define DISPLAY                                                                                    \
  "<graphics type='vnc' autoport='yes' passwd='" PASSWORD "'>"                                     \
  "<listen type='address' address='127.0.0.1'/></graphics><memballoon"

static int from, to;
static char *here, *there; /* where its serial port goes */

static void
clean (void)
{
  g_free (lab_run ("clean-guest " GUEST));
  unlink (there);
}

static char *
replace (char *text, const char *what, const char *with)
{
  g_autofree char *owned = text;
  g_auto (GStrv) parts = g_strsplit (owned, what, -1);

  cr_assert_gt (g_strv_length (parts), 1, "no “%s” in %s", what, owned);
  return g_strjoinv (with, parts);
}

static void
start_guest (void)
{
  g_autofree char *pattern = g_strdup_printf ("%s/guests/" PATTERN ".xml", lab_env ("DIR"));
  g_autofree char *path = g_strdup_printf ("%s/guests/" GUEST ".xml", lab_env ("DIR"));
  g_autofree char *log = g_strdup_printf ("%s/serial/" PATTERN ".log", lab_env ("DIR"));
  g_autofree char *xml = NULL;

  cr_assert (g_file_get_contents (pattern, &xml, NULL, NULL));
  xml = replace (xml, "<name>" PATTERN "</name>", "<name>" GUEST "</name>");
  xml = replace (xml, log, here);
  xml = replace (xml, "<memballoon", DISPLAY);
  cr_assert (g_file_set_contents (path, xml, -1, NULL));
  g_free (lab_run ("virsh %d define %s", from, path));
  g_free (lab_run ("virsh %d start " GUEST, from));
}

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (PATTERN, OPTIONS, &from, &to);
  here = g_strdup_printf ("%s/serial/" GUEST ".log", lab_env ("DIR"));
  there = g_strdup_printf ("%s/serial/" GUEST "-there.log", lab_env ("DIR"));
  clean ();
  start_guest ();
}

TestSuite (mapped, .init = set_up, .fini = clean, .timeout = 180);

static MigrateJob *
job_new (MigrateJournal *journal)
{
  g_autofree char *serial = g_strdup_printf ("endpoint:serial:0=path=%s", there);
  const char *lines[] = { "listen:127.0.0.1=127.0.0.2", serial };
  g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();
  MigrateJob *job = lab_job_new (GUEST, from, to);

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    cr_assert (migrate_mapping_set_from_string (mapping, lines[i], NULL), "%s", lines[i]);
  migrate_job_set_mapping (job, mapping);
  migrate_job_set_journal (job, journal);
  return job;
}

static void
assert_names (const char *options)
{
  g_autofree char *xml = lab_run ("virsh %d dumpxml --security-info %s " GUEST, to, options);
  g_autofree char *path = g_strdup_printf ("path='%s'", there);

  cr_expect_not_null (strstr (xml, path), "%s: %s", options, xml);
  cr_expect_null (strstr (xml, here), "%s: %s", options, xml);
  cr_expect_not_null (strstr (xml, "address='127.0.0.2'"), "%s: %s", options, xml);
  cr_expect_null (strstr (xml, "127.0.0.1"), "%s: %s", options, xml);
  cr_expect_not_null (strstr (xml, "passwd='" PASSWORD "'"), "%s: %s", options, xml);
}

/* The journal, what SQLite keeps beside it, and whatever else is there. */
static void
assert_no_password_in (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;
  guint n = 0;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      g_autofree char *text = NULL;
      gsize length = 0;

      if (!g_file_get_contents (path, &text, &length, NULL))
        continue;
      n++;
      cr_expect_null (memmem (text, length, PASSWORD, strlen (PASSWORD)), "%s", path);
    }
  cr_assert_gt (n, 0);
}

static void
move_with (const char *transport)
{
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  g_autoptr (MigrateJob) job = job_new (journal);
  g_autofree char *folder = g_path_get_dirname (lab_journal_path ());
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (GVariant) changes = NULL;

  lab_set_policy (job, "transport", transport);
  if (g_str_equal (transport, "tunnelled"))
    migrate_host_set_migration_uri (migrate_job_get_destination (job), NULL);
  result = lab_run_works (job, NULL);
  lab_assert_at (GUEST, to, "running");
  assert_names ("");
  assert_names ("--inactive");
  cr_assert (g_file_test (there, G_FILE_TEST_EXISTS), "its serial port is not there");
  plan = migrate_job_dup_plan (job);
  changes = migrate_plan_dup_changes (plan);
  cr_assert_geq (g_variant_n_children (changes), 2);
  assert_no_password_in (folder);
}

Test (mapped, arrives_under_other_names) { move_with ("p2p"); }

Test (mapped, arrives_so_directly) { move_with ("direct"); }

Test (mapped, arrives_so_through_a_tunnel) { move_with ("tunnelled"); }

static char *
to_another_machine (MigrateJob *job, const char *xml, gboolean definition, gpointer data)
{
  g_auto (GStrv) parts = g_strsplit (xml, "port='0'", -1);

  return g_strjoinv ("port='1'", parts);
}

/* Before libvirt does. */
Test (mapped, another_machine_is_refused)
{
  g_autoptr (MigrateJournal) journal = lab_journal_new ();
  g_autoptr (MigrateJob) job = job_new (journal);
  g_autoptr (GError) error = NULL;

  migrate_job_set_mapping (job, NULL);
  migrate_job_set_rewrite_func (job, to_another_machine, NULL, NULL);
  error = lab_run_fails (job, NULL);
  lab_assert_code (error, MIGRATE_ERROR_INVALID);
  cr_assert_not_null (strstr (error->message, "another machine"), "%s", error->message);
  lab_assert_rest (job, MIGRATE_STATE_UNDONE, MIGRATE_OUTCOME_STAYED);
  lab_assert_at (GUEST, from, "running");
}
