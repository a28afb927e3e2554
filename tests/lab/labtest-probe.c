/* For tests of shared storage: pools, a guest that is off and only has a disk, and all that is on
 * both hosts before and after. */
#include "labtest.h"

#include <stdarg.h>
#include <string.h>

#define GUEST "s"

/* lab's own run sees the files of this side. */
char *
lab_inside (int host, const char *format, ...)
{
  g_autofree char *command = NULL;
  g_autofree char *quoted = NULL;
  g_autofree char *pid = NULL;
  g_autofree char *line = NULL;
  g_autofree char *said = NULL;
  char *output = NULL;
  int status = -1;
  va_list args;

  va_start (args, format);
  command = g_strdup_vprintf (format, args);
  va_end (args);
  quoted = g_shell_quote (command);
  if (g_str_equal (lab_env ("RECIPE"), "a"))
    return lab_run ("run %d sh -c %s", host, quoted);
  pid = lab_run ("libvirtd %d pid", host);
  line = g_strdup_printf ("nsenter --target %s --mount --root --pid sh -c %s", pid, quoted);
  cr_assert (g_spawn_command_line_sync (line, &output, &said, &status, NULL) && status == 0,
             "on h%d, %s: %s", host, command, said);
  return g_strchomp (output);
}

void
lab_pool (int host, const char *name, const char *folder, gboolean active)
{
  g_free (lab_inside (host, "mkdir -p %s", folder));
  g_free (lab_run ("virsh %d pool-define-as %s dir --target %s", host, name, folder));
  if (active)
    g_free (lab_run ("virsh %d pool-start %s", host, name));
}

static char **
list_pools (int host, const char *which)
{
  g_autofree char *names = lab_run ("virsh %d pool-list --name %s", host, which);
  g_autofree char *tidy = g_strstrip (g_strdup (names));

  return *tidy != '\0' ? g_strsplit (tidy, "\n", -1) : g_new0 (char *, 1);
}

/* Those of an earlier test, too; and the guest. */
void
lab_clear_storage (void)
{
  for (int host = 1; host <= 2; host++)
    {
      g_auto (GStrv) active = list_pools (host, "");
      g_auto (GStrv) others = NULL;

      for (char **name = active; *name != NULL; name++)
        g_free (lab_run ("virsh %d pool-destroy %s", host, g_strstrip (*name)));
      others = list_pools (host, "--inactive");
      for (char **name = others; *name != NULL; name++)
        g_free (lab_run ("virsh %d pool-undefine %s", host, g_strstrip (*name)));
      lab_try (NULL, "virsh %d undefine " GUEST, host);
    }
}

void
lab_define_with_disk (const char *type, const char *source)
{
  g_autofree char *xml
    = g_strdup_printf ("<domain type='qemu'><name>" GUEST "</name><memory unit='MiB'>32</memory>"
                       "<os><type arch='x86_64' machine='pc'>hvm</type></os><devices>"
                       "<disk type='%s' device='disk'><driver name='qemu' type='raw'/><source %s/>"
                       "<target dev='vda' bus='virtio'/></disk></devices></domain>",
                       type, source);
  g_autofree char *path = g_build_filename (lab_env ("DIR"), "probe-guest.xml", NULL);

  cr_assert (g_file_set_contents (path, xml, -1, NULL));
  g_free (lab_run ("virsh 1 define %s", path));
}

char *
lab_storage_now (const char *const *folders)
{
  GString *text = g_string_new (NULL);

  for (int host = 1; host <= 2; host++)
    {
      g_autofree char *pools = lab_run ("virsh %d pool-list --all", host);
      g_auto (GStrv) active = list_pools (host, "");

      g_string_append_printf (text, "h%d\n%s\n", host, pools);
      for (char **name = active; *name != NULL; name++)
        {
          g_autofree char *volumes = lab_run ("virsh %d vol-list %s", host, g_strstrip (*name));

          g_string_append_printf (text, "%s\n", volumes);
        }
      for (gsize i = 0; folders[i] != NULL; i++)
        {
          g_autofree char *files = lab_inside (host, "ls -A %s", folders[i]);

          g_string_append_printf (text, "%s: %s\n", folders[i], files);
        }
    }
  return g_string_free (text, FALSE);
}

MigrateFinding *
lab_find (MigrateReport *report, const char *prefix)
{
  for (guint i = 0; i < g_list_model_get_n_items (G_LIST_MODEL (report)); i++)
    {
      g_autoptr (MigrateFinding) finding = g_list_model_get_item (G_LIST_MODEL (report), i);

      if (g_str_has_prefix (migrate_finding_get_code (finding), prefix))
        return g_steal_pointer (&finding);
    }
  return NULL;
}

void
lab_assert_sharing (const char *const *folders, const char *code, const char *message)
{
  g_autofree char *before = lab_storage_now (folders);
  g_autofree char *after = NULL;
  g_autoptr (MigrateJob) job = lab_job_new (GUEST, 1, 2);
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, &error);
  g_autoptr (MigrateFinding) finding = NULL;

  cr_assert_not_null (report, "%s", error != NULL ? error->message : "");
  finding = lab_find (report, "disk-");
  cr_assert_eq (finding != NULL, code != NULL, "%s",
                finding != NULL ? migrate_finding_get_message (finding) : "no finding");
  if (code != NULL)
    {
      cr_assert_str_eq (migrate_finding_get_code (finding), code, "%s",
                        migrate_finding_get_message (finding));
      cr_assert_not_null (strstr (migrate_finding_get_message (finding), message), "%s",
                          migrate_finding_get_message (finding));
    }
  after = lab_storage_now (folders);
  cr_assert_str_eq (after, before);
}
