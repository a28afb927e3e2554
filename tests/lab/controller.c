/* A program that moves one guest, so that tests can stop and kill the controller of a move.
 *
 * lab-controller JOURNAL GUEST SOURCE DESTINATION PEER-URI MIGRATION-URI [KEY=VALUE...]
 *
 * Keys are the policy's; and image-folder, then image-checksums: where backing files come from. */
#include <libmigrate/migrate.h>

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

static void
on_progress (MigrateJob *job, MigrateProgress *progress, gpointer data)
{
  if (migrate_progress_get_phase (progress) == MIGRATE_PHASE_COPYING_MEMORY)
    printf ("progress %f\n", migrate_progress_get_fraction (progress));
}

static const char *
nick_of (GType type, int value)
{
  GEnumClass *klass = g_type_class_ref (type);

  return g_enum_get_value (klass, value)->value_nick;
}

static void
on_phase (MigrateJob *job, GParamSpec *pspec, gpointer data)
{
  printf ("phase %s\n", nick_of (MIGRATE_TYPE_PHASE, (int) migrate_job_get_phase (job)));
}

static void
say_end (MigrateJob *job, const GError *error)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (job);
  const char *code = "ok";

  if (error != NULL)
    code = error->domain == MIGRATE_ERROR ? nick_of (MIGRATE_TYPE_ERROR, error->code) : "other";
  printf ("end %s %s %s %s\n", code,
          nick_of (MIGRATE_TYPE_OUTCOME, result != NULL ? (int) migrate_result_get_outcome (result)
                                                        : (int) MIGRATE_OUTCOME_NONE),
          nick_of (MIGRATE_TYPE_STATE, (int) migrate_job_get_state (job)),
          error != NULL ? error->message : "");
}

/* What is no key of the policy. */
static gboolean
set_other (MigrateJob *job, const char *key, const char *value)
{
  static char *folder;
  g_autoptr (MigrateImageSource) images = NULL;

  if (g_str_equal (key, "image-folder"))
    folder = g_strdup (value);
  else if (g_str_equal (key, "image-checksums"))
    {
      images = MIGRATE_IMAGE_SOURCE (migrate_directory_image_source_new (folder, value));
      migrate_job_set_image_source (job, images);
    }
  else
    return FALSE;
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (MigrateHost) source = NULL;
  g_autoptr (MigrateHost) destination = NULL;
  g_autoptr (MigrateJournal) journal = NULL;
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;

  prctl (PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves none of us */
  setvbuf (stdout, NULL, _IOLBF, 0);
  if (argc < 7 || !migrate_events_start (&error))
    return 2;
  source = migrate_host_new (argv[3]);
  destination = migrate_host_new (argv[4]);
  migrate_host_set_peer_uri (destination, argv[5]);
  migrate_host_set_migration_uri (destination, argv[6]);
  job = migrate_job_new (argv[2], source, destination);
  for (int i = 7; i < argc; i++)
    {
      g_auto (GStrv) pair = g_strsplit (argv[i], "=", 2);

      if (!set_other (job, pair[0], pair[1])
          && !migrate_policy_set (policy, pair[0], pair[1], &error))
        g_error ("%s", error->message);
    }
  journal = migrate_sqlite_journal_new (argv[1]);
  migrate_job_set_journal (job, journal);
  migrate_job_set_policy (job, policy);
  g_signal_connect (job, "progress", G_CALLBACK (on_progress), NULL);
  g_signal_connect (job, "notify::phase", G_CALLBACK (on_phase), NULL);
  printf ("job %s\n", migrate_job_get_id (job));
  result = migrate_job_run (job, NULL, &error);
  say_end (job, error);
  return result != NULL ? 0 : 1;
}
