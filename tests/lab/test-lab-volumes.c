/* Volumes that stay where they are while a guest moves: NBD, and iSCSI with a password that the
 * destination learns from the source. The servers are real, and this machine's (recipe A). */
#include "labtest.h"

#include <gio/gio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATTERN "g" /* a guest of the lab, whose XML is taken */
#define OPTIONS "--dirty 8 --rate 2"
#define GUEST "v"
#define SECRET "5d1f2c0e-4c55-4a43-9a0b-3f8f6f7d2f10"
#define USER "guest"
#define PASSWORD "geheim-geheim-77" /* 12 to 16, by the iSCSI RFC */
#define IQN "iqn.2026-01.org.libmigrate:lab"
#define SIZE (8 << 20)

static int from, to;
static char *folder, *image;
static pid_t server;
static guint port;

/* ---- the servers ---- */

/* One that was free a moment ago. */
static guint
find_port (void)
{
  g_autoptr (GSocketListener) listener = g_socket_listener_new ();
  guint found = g_socket_listener_add_any_inet_port (listener, NULL, NULL);

  g_socket_listener_close (listener);
  return found;
}

static gboolean
is_served (gpointer data)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection) made
    = g_socket_client_connect_to_host (client, "127.0.0.1", (guint16) port, NULL, NULL);

  return made != NULL;
}

static void
start_server (const char *const *argv)
{
  GPid pid;
  GError *error = NULL;

  cr_assert (g_spawn_async (folder, (char **) argv, NULL,
                            G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD
                              | G_SPAWN_STDOUT_TO_DEV_NULL | G_SPAWN_STDERR_TO_DEV_NULL,
                            NULL, NULL, &pid, &error),
             "%s", error != NULL ? error->message : "");
  server = pid;
  cr_assert (lab_wait_until (20, is_served, NULL), "%s does not serve", argv[0]);
}

static void
need (const char *program)
{
  g_autofree char *path = g_find_program_in_path (program);

  if (path == NULL)
    cr_skip ("there is no %s", program);
}

static void
serve_nbd (void)
{
  g_autofree char *number = NULL;

  need ("qemu-nbd");
  port = find_port ();
  number = g_strdup_printf ("%u", port);
  start_server ((const char *const[]){ "qemu-nbd", "--persistent", "--format=raw", "--shared=0",
                                       "--bind=127.0.0.1", "--export-name=disk", "--port", number,
                                       image, NULL });
}

static void
admin (const char *control, const char *words)
{
  g_autofree char *line
    = g_strdup_printf ("tgtadm --control-port %s --lld iscsi %s", control, words);
  g_autofree char *said = NULL;
  int status;

  cr_assert (g_spawn_command_line_sync (line, NULL, &said, &status, NULL));
  cr_assert (g_spawn_check_wait_status (status, NULL), "%s: %s", words, said);
}

static void
serve_iscsi (void)
{
  g_autofree char *control = NULL;
  g_autofree char *portal = NULL;
  g_autofree char *unit = NULL;

  need ("tgtd");
  if (getuid () != 0)
    cr_skip ("tgtd needs root");
  port = find_port ();
  control = g_strdup_printf ("%u", port % 30000);
  portal = g_strdup_printf ("portal=127.0.0.1:%u", port);
  unit = g_strdup_printf ("--mode logicalunit --op new --tid 1 --lun 1 --backing-store %s", image);
  start_server ((const char *const[]){ "tgtd", "--foreground", "--control-port", control, "--iscsi",
                                       portal, NULL });
  admin (control, "--mode target --op new --tid 1 --targetname " IQN);
  admin (control, unit);
  admin (control, "--mode account --op new --user " USER " --password " PASSWORD);
  admin (control, "--mode account --op bind --tid 1 --user " USER);
  admin (control, "--mode target --op bind --tid 1 --initiator-address ALL");
}

/* ---- the guest ---- */

static void
define_secret (int host)
{
  g_autofree char *path = g_build_filename (folder, "secret.xml", NULL);
  g_autofree char *value = g_base64_encode ((const guchar *) PASSWORD, strlen (PASSWORD));

  cr_assert (g_file_set_contents (path,
                                  "<secret ephemeral='no' private='no'><uuid>" SECRET "</uuid>"
                                  "<usage type='iscsi'><target>lab</target></usage></secret>",
                                  -1, NULL));
  g_free (lab_run ("virsh %d secret-define %s", host, path));
  g_free (lab_run ("virsh %d secret-set-value " SECRET " %s", host, value));
}

static void
start_guest (const char *disk)
{
  g_autofree char *pattern = g_strdup_printf ("%s/guests/" PATTERN ".xml", lab_env ("DIR"));
  g_autofree char *path = g_strdup_printf ("%s/guests/" GUEST ".xml", lab_env ("DIR"));
  g_autofree char *xml = NULL;
  g_autofree char *with_disk = g_strconcat (disk, "<memballoon", NULL);
  g_autoptr (GString) text = NULL;

  cr_assert (g_file_get_contents (pattern, &xml, NULL, NULL));
  text = g_string_new (xml);
  g_string_replace (text, "<name>" PATTERN "</name>", "<name>" GUEST "</name>", 0);
  g_string_replace (text, "/serial/" PATTERN ".log", "/serial/" GUEST ".log", 0);
  cr_assert_eq (g_string_replace (text, "<memballoon", with_disk, 1), 1);
  cr_assert (g_file_set_contents (path, text->str, -1, NULL));
  g_free (lab_run ("virsh %d define %s", from, path));
  g_free (lab_run ("virsh %d start " GUEST, from));
  g_free (lab_run ("wait-counter " GUEST " 2"));
}

static void
set_up (void)
{
  g_autofree char *zeros = g_malloc0 (SIZE);

  lab_set_up ();
  lab_need_to_move (PATTERN, OPTIONS, &from, &to);
  g_free (lab_run ("clean-guest " GUEST));
  folder = g_dir_make_tmp ("libmigrate-volumes-XXXXXX", NULL);
  image = g_build_filename (folder, "disk", NULL);
  cr_assert (g_file_set_contents (image, zeros, SIZE, NULL));
  g_free (lab_run ("clean-guest " GUEST));
}

static void
tear_down (void)
{
  g_autofree char *secret = NULL;

  if (folder == NULL)
    return;
  g_free (lab_run ("clean-guest " GUEST));
  for (int host = 1; host <= 2; host++)
    lab_try (NULL, "virsh %d secret-undefine " SECRET, host);
  if (server > 0)
    {
      kill (server, SIGKILL);
      waitpid (server, NULL, 0);
    }
  secret = g_build_filename (folder, "secret.xml", NULL);
  unlink (secret);
  unlink (image);
  rmdir (folder);
}

TestSuite (volumes, .init = set_up, .fini = tear_down, .timeout = 180);

static gboolean
has_secret (int host)
{
  return lab_try (NULL, "virsh %d secret-dumpxml " SECRET, host);
}

/* Both hosts are this machine: the server's address is the same one. */
static MigrateJob *
job_new (void)
{
  MigrateJob *job = lab_job_new (GUEST, from, to);

  lab_set_policy (job, "accept", "disk-server-local");
  return job;
}

Test (volumes, nbd_stays)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autofree char *disk = NULL;

  serve_nbd ();
  disk = g_strdup_printf ("<disk type='network' device='disk'>"
                          "<driver name='qemu' type='raw' cache='none'/>"
                          "<source protocol='nbd' name='disk'><host name='127.0.0.1' port='%u'/>"
                          "</source><target dev='vda' bus='virtio'/></disk>",
                          port);
  start_guest (disk);
  job = job_new ();
  migrate_result_unref (lab_run_works (job, NULL));
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
}

static void
start_with_iscsi (void)
{
  g_autofree char *disk = NULL;

  serve_iscsi ();
  define_secret (from);
  disk
    = g_strdup_printf ("<disk type='network' device='disk'>"
                       "<driver name='qemu' type='raw' cache='none'/>"
                       "<auth username='" USER "'><secret type='iscsi' uuid='" SECRET "'/></auth>"
                       "<source protocol='iscsi' name='" IQN "/1'>"
                       "<host name='127.0.0.1' port='%u'/></source>"
                       "<target dev='vda' bus='virtio'/></disk>",
                       port);
  start_guest (disk);
}

Test (volumes, iscsi_stays_and_its_secret_goes_along)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autofree char *value = NULL;
  g_autofree char *expected = g_base64_encode ((const guchar *) PASSWORD, strlen (PASSWORD));

  start_with_iscsi ();
  cr_assert_not (has_secret (to));
  job = job_new ();
  migrate_result_unref (lab_run_works (job, NULL));
  lab_assert_at (GUEST, to, "running");
  lab_assert_alive (GUEST);
  value = lab_run ("virsh %d secret-get-value " SECRET, to);
  cr_assert_str_eq (value, expected);
}

Test (volumes, a_secret_is_taken_back)
{
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (GError) error = NULL;

  start_with_iscsi ();
  job = job_new ();
  cr_assert_not_null (migrate_job_check (job, NULL, &error));
  cr_assert (migrate_job_prepare (job, NULL, &error), "%s", error != NULL ? error->message : "");
  cr_assert (has_secret (to));
  cr_assert (migrate_job_cancel (job, NULL, &error));
  cr_assert_not (has_secret (to));
  cr_assert (has_secret (from));
  lab_assert_at (GUEST, from, "running");
}
