/* An error, as people and scripts are told it. */
#include "ctl.h"

CtlFault *
ctl_fault_new_failure (MigrateFailure *failure)
{
  CtlFault *self = g_new0 (CtlFault, 1);
  MigrateSide side = migrate_failure_get_side (failure);
  MigratePhase phase = migrate_failure_get_phase (failure);

  self->code = g_strdup (migrate_failure_is_cancelled (failure)
                           ? "cancelled"
                           : ctl_nick (MIGRATE_TYPE_ERROR, migrate_failure_get_code (failure)));
  self->message = ctl_redact (migrate_failure_get_message (failure));
  self->remedy = g_strdup (migrate_failure_get_remedy (failure));
  self->other_job = g_strdup (migrate_failure_get_other_job (failure));
  self->libvirt_code = migrate_failure_get_libvirt_code (failure);
  if (phase != MIGRATE_PHASE_IDLE)
    self->phase = g_strdup (ctl_nick (MIGRATE_TYPE_PHASE, (int) phase));
  if (side != MIGRATE_SIDE_NONE)
    self->side = g_strdup (ctl_nick (MIGRATE_TYPE_SIDE, (int) side));
  return self;
}

/* For the journal's own calls, which no job's failure tells of. */
static const char *
remedy_of (const GError *error)
{
  if (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_JOURNAL))
    return "Make the journal readable and writable, or name another one with --journal";
  if (g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND))
    return "See “migratectl list --all”; another user, or --journal, is another journal";
  return NULL;
}

/* What the operation was refused for is in the error alone; what it failed for is in the job's
 * failure too, with its phase. A failure may also be an old one. */
CtlFault *
ctl_fault_new (const GError *error, MigrateJob *job)
{
  g_autoptr (MigrateFailure) failure = job != NULL ? migrate_job_dup_failure (job) : NULL;
  const char *code = "failed";

  if (failure != NULL
      && (error == NULL || g_strcmp0 (migrate_failure_get_message (failure), error->message) == 0))
    return ctl_fault_new_failure (failure);
  if (error == NULL)
    return NULL;
  if (error->domain == MIGRATE_ERROR)
    code = ctl_nick (MIGRATE_TYPE_ERROR, error->code);
  else if (g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    code = "cancelled";
  return ctl_fault_new_literal (code, error->message, remedy_of (error));
}

CtlFault *
ctl_fault_new_literal (const char *code, const char *message, const char *remedy)
{
  CtlFault *self = g_new0 (CtlFault, 1);

  self->code = g_strdup (code);
  self->message = ctl_redact (message);
  self->remedy = g_strdup (remedy);
  return self;
}

CtlFault *
ctl_fault_copy (const CtlFault *self)
{
  CtlFault *copy = g_new0 (CtlFault, 1);

  *copy = (CtlFault){ .code = g_strdup (self->code),
                      .message = g_strdup (self->message),
                      .remedy = g_strdup (self->remedy),
                      .side = g_strdup (self->side),
                      .phase = g_strdup (self->phase),
                      .other_job = g_strdup (self->other_job),
                      .libvirt_code = self->libvirt_code };
  return copy;
}

void
ctl_fault_free (CtlFault *self)
{
  if (self == NULL)
    return;
  g_free (self->code);
  g_free (self->message);
  g_free (self->remedy);
  g_free (self->side);
  g_free (self->phase);
  g_free (self->other_job);
  g_free (self);
}

void
ctl_fault_tell (const CtlFault *self)
{
  ctl_err ("migratectl: %s", self->message);
  if (self->remedy != NULL)
    ctl_err ("remedy: %s", self->remedy);
}

CtlExit
ctl_fail (const CtlOptions *options, CtlFault *fault, CtlExit code)
{
  ctl_fault_tell (fault);
  if (options->json)
    {
      g_autoptr (JsonBuilder) builder = json_builder_new ();

      json_builder_begin_object (builder);
      ctl_json_fault (builder, fault);
      json_builder_end_object (builder);
      ctl_json_print (builder);
    }
  ctl_fault_free (fault);
  return code;
}

CtlExit
ctl_fail_error (const CtlOptions *options, GError *error, CtlExit code)
{
  CtlFault *fault = ctl_fault_new (error, NULL /* job */);

  g_error_free (error);
  return ctl_fail (options, fault, code);
}

CtlExit
ctl_fail_usage (const CtlOptions *options, const char *verb, const char *message)
{
  g_autofree char *remedy = verb != NULL ? g_strdup_printf ("See “migratectl help %s”", verb)
                                         : g_strdup ("See “migratectl help”");

  return ctl_fail (options, ctl_fault_new_literal ("usage", message, remedy), CTL_USAGE);
}
