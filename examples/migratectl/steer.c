/* migratectl retune, finish-now, pause, give-up: a job that another process runs, or nobody. */
#include "ctl.h"

#include <string.h>

static GVariant *
values_of (char **pairs)
{
  g_autoptr (GVariantDict) dict = g_variant_dict_new (NULL);

  for (gsize i = 0; pairs[i] != NULL; i++)
    {
      const char *value = strchr (pairs[i], '=') + 1;
      g_autofree char *key = g_strndup (pairs[i], (gsize) (value - 1 - pairs[i]));

      g_variant_dict_insert (dict, key, "s", value);
    }
  return g_variant_dict_end (dict);
}

/* An order that was refused changed nothing; one that was taken and failed leaves the job with
 * something to do. */
static CtlExit
exit_of (const GError *error)
{
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER) ? CTL_FAILED
                                                                             : CTL_REFUSED;
}

static void
tell_done (const CtlOptions *options, MigrateJob *job, const char *verb, const char *done)
{
  g_autoptr (JsonBuilder) builder = NULL;

  if (!options->json)
    {
      ctl_out ("job %s: %s", migrate_job_get_id (job), done);
      return;
    }
  builder = json_builder_new ();
  json_builder_begin_object (builder);
  ctl_json_string (builder, "job", migrate_job_get_id (job));
  ctl_json_string (builder, "verb", verb);
  ctl_json_string (builder, "state",
                   ctl_nick (MIGRATE_TYPE_STATE, (int) migrate_job_get_state (job)));
  ctl_json_fault (builder, NULL);
  json_builder_end_object (builder);
  ctl_json_print (builder);
}

typedef gboolean (*Verb) (MigrateJob *job, GCancellable *cancellable, GError **error);

/* verb: NULL: retune. */
static CtlExit
steer (const CtlOptions *options, Verb verb, const char *name, const char *done)
{
  g_autoptr (MigrateJournal) journal = ctl_request_journal (options);
  g_autoptr (MigrateJob) job = NULL;
  GError *error = NULL;
  gboolean ok;

  job = migrate_job_load (journal, options->rest[0], NULL /* cancellable */, &error);
  if (job == NULL)
    return ctl_fail_error (options, error, CTL_REFUSED);
  ok = verb != NULL
         ? verb (job, NULL /* cancellable */, &error)
         : migrate_job_retune (job, values_of (options->rest + 1), NULL /* cancellable */, &error);
  if (!ok)
    return ctl_fail_error (options, error, exit_of (error));
  tell_done (options, job, name, done);
  return CTL_DONE;
}

CtlExit
ctl_retune (const CtlOptions *options)
{
  return steer (options, NULL /* verb */, "retune", "it runs by the new values");
}

CtlExit
ctl_finish_now (const CtlOptions *options)
{
  return steer (options, migrate_job_finish_now, "finish-now",
                "it ends the fastest way that there is");
}

CtlExit
ctl_pause (const CtlOptions *options)
{
  return steer (options, migrate_job_pause, "pause",
                "the guest stands still until the copy is done");
}

CtlExit
ctl_give_up (const CtlOptions *options)
{
  return steer (options, migrate_job_give_up, "give-up", "it is given up, and the guest stayed");
}
