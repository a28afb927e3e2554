/* A finding: one row of a check's answer. */
#include "model/model-private.h"

/**
 * MigrateFinding:
 *
 * One result of a check: how much it weighs, a stable code, the disk, device or host that it
 * concerns, and what to do about it.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateFinding
{
  GObject parent_instance;

  MigrateSeverity severity;
  gboolean accepted;
  char *code, *subject, *message, *remedy;
};

enum
{
  PROP_SEVERITY = 1,
  PROP_CODE,
  PROP_SUBJECT,
  PROP_MESSAGE,
  PROP_REMEDY,
  PROP_ACCEPTED,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (MigrateFinding, migrate_finding, G_TYPE_OBJECT)

static void
finding_free (GObject *object)
{
  MigrateFinding *self = MIGRATE_FINDING (object);

  g_free (self->code);
  g_free (self->subject);
  g_free (self->message);
  g_free (self->remedy);
  G_OBJECT_CLASS (migrate_finding_parent_class)->finalize (object);
}

static void
finding_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateFinding *self = MIGRATE_FINDING (object);

  switch (id)
    {
    case PROP_SEVERITY:
      g_value_set_enum (value, (int) self->severity);
      break;
    case PROP_CODE:
      g_value_set_string (value, self->code);
      break;
    case PROP_SUBJECT:
      g_value_set_string (value, self->subject);
      break;
    case PROP_MESSAGE:
      g_value_set_string (value, self->message);
      break;
    case PROP_REMEDY:
      g_value_set_string (value, self->remedy);
      break;
    case PROP_ACCEPTED:
      g_value_set_boolean (value, self->accepted);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
migrate_finding_class_init (MigrateFindingClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->finalize = finding_free;
  object_class->get_property = finding_get_property;

  /**
   * MigrateFinding:severity:
   *
   * How much the finding weighs.
   *
   * Since: 1.0
   */
  props[PROP_SEVERITY] = g_param_spec_enum ("severity", NULL, NULL, MIGRATE_TYPE_SEVERITY,
                                            MIGRATE_SEVERITY_NOTE, flags);
  /**
   * MigrateFinding:code:
   *
   * The stable code.
   *
   * Since: 1.0
   */
  props[PROP_CODE] = g_param_spec_string ("code", NULL, NULL, NULL, flags);
  /**
   * MigrateFinding:subject:
   *
   * What is concerned: a disk, a device, a host.
   *
   * Since: 1.0
   */
  props[PROP_SUBJECT] = g_param_spec_string ("subject", NULL, NULL, NULL, flags);
  /**
   * MigrateFinding:message:
   *
   * What was found.
   *
   * Since: 1.0
   */
  props[PROP_MESSAGE] = g_param_spec_string ("message", NULL, NULL, NULL, flags);
  /**
   * MigrateFinding:remedy:
   *
   * What to do about it.
   *
   * Since: 1.0
   */
  props[PROP_REMEDY] = g_param_spec_string ("remedy", NULL, NULL, NULL, flags);
  /**
   * MigrateFinding:accepted:
   *
   * Whether this was a blocker that the caller accepted.
   *
   * Since: 1.0
   */
  props[PROP_ACCEPTED] = g_param_spec_boolean ("accepted", NULL, NULL, FALSE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
migrate_finding_init (MigrateFinding *self)
{
}

MigrateFinding *
_migrate_finding_new (MigrateSeverity severity, const char *code, const char *subject,
                      const char *message, const char *remedy)
{
  MigrateFinding *self = g_object_new (MIGRATE_TYPE_FINDING, NULL);

  self->severity = severity;
  self->code = g_strdup (code);
  self->subject = g_strdup (subject);
  self->message = g_strdup (message);
  self->remedy = g_strdup (remedy);
  return self;
}

void
_migrate_finding_accept (MigrateFinding *self)
{
  self->accepted = TRUE;
  self->severity = MIGRATE_SEVERITY_WARNING;
}

/**
 * migrate_finding_get_severity:
 * @self: a finding
 *
 * How much the finding weighs.
 *
 * Returns: the severity
 *
 * Since: 1.0
 */
MigrateSeverity
migrate_finding_get_severity (MigrateFinding *self)
{
  g_return_val_if_fail (MIGRATE_IS_FINDING (self), MIGRATE_SEVERITY_NOTE);
  return self->severity;
}

/**
 * migrate_finding_get_code:
 * @self: a finding
 *
 * The stable code, such as `already-there`.
 *
 * Returns: (transfer none): the code
 *
 * Since: 1.0
 */
const char *
migrate_finding_get_code (MigrateFinding *self)
{
  g_return_val_if_fail (MIGRATE_IS_FINDING (self), NULL);
  return self->code;
}

/**
 * migrate_finding_get_subject:
 * @self: a finding
 *
 * The disk, device, host or guest that is concerned.
 *
 * Returns: (transfer none): the subject
 *
 * Since: 1.0
 */
const char *
migrate_finding_get_subject (MigrateFinding *self)
{
  g_return_val_if_fail (MIGRATE_IS_FINDING (self), NULL);
  return self->subject;
}

/**
 * migrate_finding_get_message:
 * @self: a finding
 *
 * What was found, for people.
 *
 * Returns: (transfer none): the message
 *
 * Since: 1.0
 */
const char *
migrate_finding_get_message (MigrateFinding *self)
{
  g_return_val_if_fail (MIGRATE_IS_FINDING (self), NULL);
  return self->message;
}

/**
 * migrate_finding_get_remedy:
 * @self: a finding
 *
 * What to do about it.
 *
 * Returns: (transfer none) (nullable): the remedy
 *
 * Since: 1.0
 */
const char *
migrate_finding_get_remedy (MigrateFinding *self)
{
  g_return_val_if_fail (MIGRATE_IS_FINDING (self), NULL);
  return self->remedy;
}

/**
 * migrate_finding_is_accepted:
 * @self: a finding
 *
 * Whether this was a blocker that the caller accepted in the policy; it is a warning now.
 *
 * Returns: true when it was accepted
 *
 * Since: 1.0
 */
gboolean
migrate_finding_is_accepted (MigrateFinding *self)
{
  g_return_val_if_fail (MIGRATE_IS_FINDING (self), FALSE);
  return self->accepted;
}
