/* A failure: an error that outlives its operation, with everything known about the cause. */
#include "model/model-private.h"

#include <gio/gio.h>

/**
 * MigrateFailure:
 *
 * Why an operation failed: the first cause, where, in libvirt's words and ours, and the remedy.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateFailure
{
  gatomicrefcount ref_count;
  gboolean cancelled;
  MigrateError code;
  MigrateSide side;
  MigratePhase phase;
  int vir_domain, vir_code;
  char *message, *remedy, *other_job;
};

G_DEFINE_BOXED_TYPE (MigrateFailure, migrate_failure, migrate_failure_ref, migrate_failure_unref)

static MigrateFailure *
failure_new (void)
{
  MigrateFailure *self = g_new0 (MigrateFailure, 1);

  g_atomic_ref_count_init (&self->ref_count);
  return self;
}

MigrateFailure *
_migrate_failure_new (const GError *error, MigratePhase phase)
{
  const MigrateErrorPrivate *priv = _migrate_error_private (error);
  MigrateFailure *self = failure_new ();

  self->cancelled = g_error_matches (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  self->code = priv != NULL ? (MigrateError) error->code : MIGRATE_ERROR_FAILED;
  self->phase = phase;
  self->message = g_strdup (error->message);
  if (priv != NULL)
    {
      self->side = priv->side;
      self->vir_domain = priv->vir_domain;
      self->vir_code = priv->vir_code;
      self->remedy = g_strdup (priv->remedy);
      self->other_job = g_strdup (priv->other_job);
    }
  return self;
}

GError *
_migrate_failure_to_error (MigrateFailure *self)
{
  GError *error;
  MigrateErrorPrivate *priv;

  if (self->cancelled)
    return g_error_new_literal (G_IO_ERROR, G_IO_ERROR_CANCELLED, self->message);
  error = _migrate_error_new (self->code, self->remedy, "%s", self->message);
  priv = _migrate_error_private (error);
  priv->side = self->side;
  priv->phase = self->phase;
  priv->vir_domain = self->vir_domain;
  priv->vir_code = self->vir_code;
  priv->other_job = g_strdup (self->other_job);
  return error;
}

GVariant *
_migrate_failure_to_variant (MigrateFailure *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "cancelled", g_variant_new_boolean (self->cancelled));
  g_variant_builder_add (
    &builder, "{sv}", "code",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_ERROR, (int) self->code)));
  g_variant_builder_add (
    &builder, "{sv}", "side",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) self->side)));
  g_variant_builder_add (
    &builder, "{sv}", "phase",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) self->phase)));
  g_variant_builder_add (&builder, "{sv}", "message", g_variant_new_string (self->message));
  if (self->remedy != NULL)
    g_variant_builder_add (&builder, "{sv}", "remedy", g_variant_new_string (self->remedy));
  if (self->other_job != NULL)
    g_variant_builder_add (&builder, "{sv}", "other-job", g_variant_new_string (self->other_job));
  if (self->vir_code != 0)
    {
      g_variant_builder_add (&builder, "{sv}", "libvirt-domain",
                             g_variant_new_int32 (self->vir_domain));
      g_variant_builder_add (&builder, "{sv}", "libvirt-code",
                             g_variant_new_int32 (self->vir_code));
    }
  return g_variant_builder_end (&builder);
}

MigrateFailure *
_migrate_failure_from_variant (GVariant *value)
{
  MigrateFailure *self = failure_new ();
  const char *message = _migrate_variant_string (value, "message");
  int number;

  self->cancelled = _migrate_variant_boolean (value, "cancelled");
  if (_migrate_enum_parse (MIGRATE_TYPE_ERROR, _migrate_variant_string (value, "code"), &number))
    self->code = number;
  if (_migrate_enum_parse (MIGRATE_TYPE_SIDE, _migrate_variant_string (value, "side"), &number))
    self->side = number;
  if (_migrate_enum_parse (MIGRATE_TYPE_PHASE, _migrate_variant_string (value, "phase"), &number))
    self->phase = number;
  g_variant_lookup (value, "libvirt-domain", "i", &self->vir_domain);
  g_variant_lookup (value, "libvirt-code", "i", &self->vir_code);
  self->message = g_strdup (message != NULL ? message : "");
  self->remedy = g_strdup (_migrate_variant_string (value, "remedy"));
  self->other_job = g_strdup (_migrate_variant_string (value, "other-job"));
  return self;
}

/**
 * migrate_failure_ref:
 * @self: a failure
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateFailure *
migrate_failure_ref (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_failure_unref:
 * @self: (transfer full): a failure
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_failure_unref (MigrateFailure *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->message);
  g_free (self->remedy);
  g_free (self->other_job);
  g_free (self);
}

/**
 * migrate_failure_get_code:
 * @self: a failure
 *
 * What the caller can do next. Meaningless when [method@Migrate.Failure.is_cancelled] is true.
 *
 * Returns: the code
 *
 * Since: 1.0
 */
MigrateError
migrate_failure_get_code (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_ERROR_FAILED);
  return self->code;
}

/**
 * migrate_failure_is_cancelled:
 * @self: a failure
 *
 * Whether the operation ended because it was cancelled.
 *
 * Returns: true when it was cancelled
 *
 * Since: 1.0
 */
gboolean
migrate_failure_is_cancelled (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->cancelled;
}

/**
 * migrate_failure_get_side:
 * @self: a failure
 *
 * Which host the first cause was seen on.
 *
 * Returns: the side
 *
 * Since: 1.0
 */
MigrateSide
migrate_failure_get_side (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_SIDE_NONE);
  return self->side;
}

/**
 * migrate_failure_get_phase:
 * @self: a failure
 *
 * In which phase it happened.
 *
 * Returns: the phase
 *
 * Since: 1.0
 */
MigratePhase
migrate_failure_get_phase (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_PHASE_IDLE);
  return self->phase;
}

/**
 * migrate_failure_get_message:
 * @self: a failure
 *
 * What could not be done, to which object, and why.
 *
 * Returns: (transfer none): the message
 *
 * Since: 1.0
 */
const char *
migrate_failure_get_message (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->message;
}

/**
 * migrate_failure_get_remedy:
 * @self: a failure
 *
 * What an operator can do about it.
 *
 * Returns: (transfer none) (nullable): the remedy, or %NULL when none is known
 *
 * Since: 1.0
 */
const char *
migrate_failure_get_remedy (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->remedy;
}

/**
 * migrate_failure_get_other_job:
 * @self: a failure
 *
 * The job that holds the guest, when the code is `BUSY` or `LOST_CLAIM`.
 *
 * Returns: (transfer none) (nullable): the other job's id
 *
 * Since: 1.0
 */
const char *
migrate_failure_get_other_job (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->other_job;
}

/**
 * migrate_failure_get_libvirt_domain:
 * @self: a failure
 *
 * libvirt's error domain (`virErrorDomain`).
 *
 * Returns: the number, 0 when the cause was not libvirt's
 *
 * Since: 1.0
 */
int
migrate_failure_get_libvirt_domain (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->vir_domain;
}

/**
 * migrate_failure_get_libvirt_code:
 * @self: a failure
 *
 * libvirt's error number (`virErrorNumber`).
 *
 * Returns: the number, 0 when the cause was not libvirt's
 *
 * Since: 1.0
 */
int
migrate_failure_get_libvirt_code (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->vir_code;
}

/**
 * migrate_failure_dup_details:
 * @self: a failure
 *
 * Everything the failure knows, as `a{sv}`: for printing and for keys that later versions add.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_failure_dup_details (MigrateFailure *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref_sink (_migrate_failure_to_variant (self));
}
