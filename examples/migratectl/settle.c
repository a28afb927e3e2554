/* migratectl finalize, revert: what becomes of a move that stopped before the source was released.
 */
#include "ctl.h"

static gboolean
parse_risk (const char *word, MigrateRisk *risk, GError **error)
{
  g_autoptr (GEnumClass) klass = g_type_class_ref (MIGRATE_TYPE_RISK);
  const GEnumValue *value = word != NULL ? g_enum_get_value_by_nick (klass, word) : NULL;

  if (word == NULL)
    return TRUE;
  if (value == NULL)
    {
      g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                   "--apply is safe, disruptive or destructive, not “%s”", word);
      return FALSE;
    }
  *risk = (MigrateRisk) value->value;
  return TRUE;
}

/* What was refused changed nothing; what was begun is to be asked for again. */
static CtlExit
exit_of (const GError *error)
{
  return g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER)
             || g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_LOST_CLAIM)
           ? CTL_FAILED
           : CTL_REFUSED;
}

static MigrateJob *
load (const CtlOptions *options, GError **error)
{
  g_autoptr (MigrateJournal) journal = ctl_request_journal (options);

  return migrate_job_load (journal, options->rest[0], NULL /* cancellable */, error);
}

static void
set_remedy (CtlFault *fault, const char *verb, const char *id)
{
  if (fault->remedy == NULL)
    fault->remedy = g_strdup_printf ("Go on with it: migratectl %s %s; or see what is true of the "
                                     "guest: migratectl recover %s",
                                     verb, id, id);
}

/* A job that was not found has nothing to be told of. */
static CtlExit
end (const CtlOptions *options, const char *verb, MigrateJob *job, GError *error)
{
  CtlExit code = error != NULL ? exit_of (error) : CTL_DONE;
  g_autoptr (CtlFault) fault = NULL;

  if (job == NULL)
    return ctl_fail_error (options, error, code);
  if (error != NULL)
    fault = ctl_fault_new (error, job);
  if (code == CTL_FAILED)
    set_remedy (fault, verb, migrate_job_get_id (job));
  ctl_tell_job (options, job, fault);
  g_clear_error (&error);
  return code;
}

/* Neither can be taken back half way, and each goes on when it is asked for again: so there is no
 * signal to be handled. */
CtlExit
ctl_finalize (const CtlOptions *options)
{
  GError *error = NULL;
  g_autoptr (MigrateJob) job = load (options, &error);
  g_autoptr (CtlLine) line = job != NULL ? ctl_line_new (job, options) : NULL;

  if (job != NULL)
    migrate_job_finalize (job, NULL /* cancellable */, &error);
  g_clear_pointer (&line, ctl_line_free);
  return end (options, "finalize", job, error);
}

CtlExit
ctl_revert (const CtlOptions *options)
{
  MigrateRisk risk = MIGRATE_RISK_DISRUPTIVE;
  GError *error = NULL;
  g_autoptr (MigrateJob) job = NULL;
  g_autoptr (CtlLine) line = NULL;

  if (!parse_risk (options->apply, &risk, &error))
    {
      g_autoptr (GError) wrong = error;

      return ctl_fail_usage (options, "revert", wrong->message);
    }
  job = load (options, &error);
  line = job != NULL ? ctl_line_new (job, options) : NULL;
  if (job != NULL)
    migrate_job_revert (job, risk, NULL /* cancellable */, &error);
  g_clear_pointer (&line, ctl_line_free);
  if (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_BLOCKED))
    ctl_note ("nothing was changed; --apply destructive does it all the same");
  return end (options, "revert", job, error);
}
