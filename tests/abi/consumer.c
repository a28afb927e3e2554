/* A program of somebody else: it sees only what is installed. C and C++. */
#include <libmigrate/migrate.h>

#include <stdio.h>

int
main (void)
{
  g_autoptr (MigrateHost) host = migrate_host_new ("test:///default");
  g_autoptr (MigrateJob) job = migrate_job_new ("test", host, host);
  g_autoptr (GError) error = NULL;

  if (migrate_job_migrate (job, NULL /* cancellable */, &error))
    return 1;
  printf ("%d.%d.%d: %s\n", MIGRATE_MAJOR_VERSION, MIGRATE_MINOR_VERSION, MIGRATE_MICRO_VERSION,
          error->message);
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_WRONG_STATE) ? 0 : 1;
}
