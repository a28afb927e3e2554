/* What a check finds with real hosts: all of it at once, with nothing changed. */
#include "labtest.h"

#include <string.h>

#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 2"
#define SAVED "saved"
#define SECRET "0a1b2c3d-0000-4000-8000-000000000001"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (checks, .init = set_up, .timeout = 180);

static MigrateReport *
check_kind (const char *guest, MigrateKind kind)
{
  g_autoptr (MigrateJob) job = lab_job_new (guest, from, to);
  g_autoptr (GError) error = NULL;
  MigrateReport *report;

  migrate_job_set_kind (job, kind);
  report = migrate_job_check (job, NULL /* cancellable */, &error);
  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  return report;
}

static MigrateReport *
check (const char *guest)
{
  return check_kind (guest, MIGRATE_KIND_AUTO);
}

/* Its message, or NULL. */
static char *
message_of (MigrateReport *report, const char *code)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_equal (migrate_finding_get_code (finding), code))
        return g_strdup (migrate_finding_get_message (finding));
    }
  return NULL;
}

static void
assert_says (MigrateReport *report, const char *code, const char *text)
{
  g_autofree char *message = message_of (report, code);

  cr_expect_not_null (message, "“%s” was not found", code);
  cr_expect (message == NULL || strstr (message, text) != NULL, "%s: %s", code, message);
}

static void
assert_silent (MigrateReport *report, const char *code)
{
  g_autofree char *message = message_of (report, code);

  cr_expect_null (message, "%s: %s", code, message);
}

static char *
write_file (const char *name, const char *text)
{
  char *path = g_strdup_printf ("%s/guests/%s", lab_env ("DIR"), name);

  cr_assert (g_file_set_contents (path, text, -1, NULL));
  return path;
}

/* No host can run it: it is only defined. */
static void
define_hopeless (void)
{
  g_autofree char *plain = lab_run ("virsh %d dumpxml --inactive %s", from, GUEST);
  g_autoptr (GRegex) machine = g_regex_new ("machine='([^']*)'", 0, 0, NULL);
  g_autoptr (GMatchInfo) match = NULL;
  g_autofree char *type = NULL;
  g_autofree char *xml = NULL;
  g_autofree char *path = NULL;

  cr_assert (g_regex_match (machine, plain, 0, &match));
  type = g_match_info_fetch (match, 1);
  xml = g_strdup_printf (
    "<domain type='qemu'><name>hopeless</name><memory unit='GiB'>8000</memory>"
    "<vcpu cpuset='1000'>1</vcpu><numatune><memory mode='strict' nodeset='7'/></numatune>"
    "<os><type arch='x86_64' machine='%s'>hvm</type></os>"
    "<cpu mode='custom' match='exact'><model fallback='forbid'>Nehalem</model>"
    "<feature policy='require' name='avx512f'/></cpu>"
    "<devices><disk type='file'><driver name='qemu' type='raw'/><source file='%s/no.img'>"
    "<encryption format='luks'><secret type='passphrase' uuid='" SECRET "'/></encryption>"
    "</source><target dev='vda' bus='virtio'/></disk>"
    "<disk type='file'><driver name='qemu' type='vmdk'/><source file='%s/no.vmdk'/>"
    "<target dev='vdb' bus='virtio'/></disk>"
    "<interface type='network'><source network='nowhere'/></interface>"
    "<filesystem type='mount'><source dir='/srv'/><target dir='t'/></filesystem>"
    "</devices></domain>",
    type, lab_env ("SHARED"), lab_env ("SHARED"));
  path = write_file ("hopeless.xml", xml);
  g_free (lab_run ("virsh %d define %s", from, path));
}

Test (checks, find_everything_at_once)
{
  g_autoptr (MigrateReport) report = NULL;

  define_hopeless ();
  report = check_kind ("hopeless", MIGRATE_KIND_LIVE);
  g_free (lab_run ("virsh %d undefine hopeless", from));
  cr_assert (migrate_report_is_blocked (report));
  assert_says (report, "guest-not-running", "shut off");
  assert_says (report, "network-missing", "“nowhere”");
  assert_says (report, "cpu-incompatible", "avx512f");
  assert_says (report, "disk-format", "vmdk");
  assert_says (report, "secret-missing", SECRET);
  assert_says (report, "filesystem-9p", "/srv");
  assert_says (report, "cpu-set-missing", "1000");
  assert_says (report, "numa-node-missing", "7");
  assert_says (report, "memory-too-small", "7.8 TiB");
  assert_silent (report, "snapshots");
  assert_silent (report, "managed-save");
}

Test (checks, find_nothing_of_it_in_a_good_guest)
{
  g_autoptr (MigrateReport) report = check (GUEST);

  cr_assert_not (migrate_report_is_blocked (report));
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      cr_expect (g_str_equal (migrate_finding_get_code (finding), "hand-over-unprotected"),
                 "%s: %s", migrate_finding_get_code (finding),
                 migrate_finding_get_message (finding));
    }
}

Test (checks, find_snapshots)
{
  g_autofree char *guest = lab_run ("virsh %d dumpxml --inactive %s", from, GUEST);
  g_autofree char *xml = g_strdup_printf ("<domainsnapshot><name>s</name><state>shutoff</state>"
                                          "<creationTime>1</creationTime>%s</domainsnapshot>",
                                          guest);
  g_autofree char *path = write_file ("snapshot.xml", xml);
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, from, to);
  g_autoptr (GError) error = NULL;

  g_free (lab_run ("virsh %d snapshot-create %s %s --redefine", from, GUEST, path));
  error = lab_run_fails (job, NULL);
  g_free (lab_run ("virsh %d snapshot-delete %s s --metadata", from, GUEST));
  lab_assert_blocked_by (job, error, "snapshots");
  lab_assert_at (GUEST, from, "running");
  lab_assert_moves (GUEST, from, to);
}

Test (checks, find_a_managed_save)
{
  g_autoptr (MigrateReport) report = NULL;
  int here = lab_need (SAVED, OPTIONS);

  from = here;
  to = 3 - here;
  g_free (lab_run ("virsh %d managedsave %s", from, SAVED));
  report = check_kind (SAVED, MIGRATE_KIND_LIVE);
  g_free (lab_run ("virsh %d managedsave-remove %s", from, SAVED));
  g_free (lab_run ("clean-guest %s", SAVED));
  assert_says (report, "managed-save", SAVED);
  assert_says (report, "guest-not-running", "shut off");
}
