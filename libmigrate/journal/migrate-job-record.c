/* A job as the journal told it at one moment. */
#include "journal/journal-private.h"

/**
 * MigrateJobRecord:
 *
 * One job as the journal knew it when it was asked: a picture that never changes. Ask again, with
 * [method@Migrate.Journal.lookup], for a newer one.
 *
 * Records come from [method@Migrate.Journal.list] and [method@Migrate.Journal.lookup]. No call
 * blocks; all may be made from any thread.
 *
 * Since: 1.0
 */
struct _MigrateJobRecord
{
  GObject parent_instance;

  GVariant *values;  /* a{sv}, never NULL */
  GVariant *entries; /* aa{sv}, nullable */
  GVariant *samples; /* aa{sv}, nullable */

  /* Copies: a string inside values may move when somebody serialises them. */
  char *id, *guest_name, *guest_uuid, *source, *destination;
  MigrateState state;
  MigratePhase phase;
  MigrateOutcome outcome;
  gboolean held, in_flight;
  double fraction;
};

enum
{
  PROP_0,
  PROP_ID,
  PROP_GUEST_NAME,
  PROP_GUEST_UUID,
  PROP_SOURCE,
  PROP_DESTINATION,
  PROP_STATE,
  PROP_PHASE,
  PROP_OUTCOME,
  PROP_HELD,
  PROP_IN_FLIGHT,
  PROP_FRACTION,
  N_PROPS
};

static GParamSpec *properties[N_PROPS];

G_DEFINE_FINAL_TYPE (MigrateJobRecord, migrate_job_record, G_TYPE_OBJECT)

static int
read_word (GVariant *values, const char *key, GType type, int missing, int unknown)
{
  const char *nick = _migrate_variant_string (values, key);
  int value;

  if (nick == NULL)
    return missing;
  return _migrate_enum_parse (type, nick, &value) ? value : unknown;
}

static void
record_read (MigrateJobRecord *self)
{
  g_autoptr (GVariant) progress
    = g_variant_lookup_value (self->values, MIGRATE_JOB_KEY_PROGRESS, G_VARIANT_TYPE_VARDICT);

  self->id = g_strdup (_migrate_variant_string (self->values, MIGRATE_JOB_KEY_ID));
  self->guest_name = g_strdup (_migrate_variant_string (self->values, MIGRATE_JOB_KEY_GUEST_NAME));
  self->guest_uuid = g_strdup (_migrate_variant_string (self->values, MIGRATE_JOB_KEY_GUEST_UUID));
  self->source = g_strdup (_migrate_variant_string (self->values, MIGRATE_JOB_KEY_SOURCE));
  self->destination
    = g_strdup (_migrate_variant_string (self->values, MIGRATE_JOB_KEY_DESTINATION));
  /* Words of a newer library: failed makes somebody look, unknown concludes nothing. */
  self->state = read_word (self->values, MIGRATE_JOB_KEY_STATE, MIGRATE_TYPE_STATE,
                           MIGRATE_STATE_NEW, MIGRATE_STATE_FAILED);
  self->phase = read_word (self->values, MIGRATE_JOB_KEY_PHASE, MIGRATE_TYPE_PHASE,
                           MIGRATE_PHASE_IDLE, MIGRATE_PHASE_IDLE);
  self->outcome = read_word (self->values, MIGRATE_JOB_KEY_OUTCOME, MIGRATE_TYPE_OUTCOME,
                             MIGRATE_OUTCOME_NONE, MIGRATE_OUTCOME_UNKNOWN);
  self->held = _migrate_variant_boolean (self->values, MIGRATE_JOB_KEY_HELD);
  self->in_flight = _migrate_variant_boolean (self->values, MIGRATE_JOB_KEY_IN_FLIGHT);
  self->fraction = CLAMP (_migrate_variant_double (progress, "fraction"), 0.0, 1.0);
}

MigrateJobRecord *
_migrate_job_record_new (GVariant *values, GVariant *entries, GVariant *samples)
{
  MigrateJobRecord *self = g_object_new (MIGRATE_TYPE_JOB_RECORD, NULL);

  g_assert (g_variant_is_of_type (values, G_VARIANT_TYPE_VARDICT));
  g_variant_unref (self->values);
  self->values = g_variant_ref_sink (values);
  self->entries = entries != NULL ? g_variant_ref_sink (entries) : NULL;
  self->samples = samples != NULL ? g_variant_ref_sink (samples) : NULL;
  record_read (self);
  return self;
}

static void
job_record_free (GObject *object)
{
  MigrateJobRecord *self = MIGRATE_JOB_RECORD (object);

  g_variant_unref (self->values);
  g_clear_pointer (&self->entries, g_variant_unref);
  g_clear_pointer (&self->samples, g_variant_unref);
  g_free (self->id);
  g_free (self->guest_name);
  g_free (self->guest_uuid);
  g_free (self->source);
  g_free (self->destination);
  G_OBJECT_CLASS (migrate_job_record_parent_class)->finalize (object);
}

static void
job_record_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateJobRecord *self = MIGRATE_JOB_RECORD (object);

  switch (id)
    {
    case PROP_ID:
      g_value_set_string (value, migrate_job_record_get_id (self));
      break;
    case PROP_GUEST_NAME:
      g_value_set_string (value, self->guest_name);
      break;
    case PROP_GUEST_UUID:
      g_value_set_string (value, self->guest_uuid);
      break;
    case PROP_SOURCE:
      g_value_set_string (value, self->source);
      break;
    case PROP_DESTINATION:
      g_value_set_string (value, self->destination);
      break;
    case PROP_STATE:
      g_value_set_enum (value, (int) self->state);
      break;
    case PROP_PHASE:
      g_value_set_enum (value, (int) self->phase);
      break;
    case PROP_OUTCOME:
      g_value_set_enum (value, (int) self->outcome);
      break;
    case PROP_HELD:
      g_value_set_boolean (value, self->held);
      break;
    case PROP_IN_FLIGHT:
      g_value_set_boolean (value, self->in_flight);
      break;
    case PROP_FRACTION:
      g_value_set_double (value, self->fraction);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

#define RECORD_FLAGS (G_PARAM_READABLE | G_PARAM_STATIC_STRINGS | G_PARAM_EXPLICIT_NOTIFY)

static void
install_words (void)
{
  /**
   * MigrateJobRecord:id: (getter get_id)
   *
   * The job's id.
   *
   * Since: 1.0
   */
  properties[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, RECORD_FLAGS);

  /**
   * MigrateJobRecord:guest-name: (getter get_guest_name)
   *
   * The guest's name.
   *
   * Since: 1.0
   */
  properties[PROP_GUEST_NAME] = g_param_spec_string ("guest-name", NULL, NULL, NULL, RECORD_FLAGS);

  /**
   * MigrateJobRecord:guest-uuid: (getter get_guest_uuid)
   *
   * The guest's UUID.
   *
   * Since: 1.0
   */
  properties[PROP_GUEST_UUID] = g_param_spec_string ("guest-uuid", NULL, NULL, NULL, RECORD_FLAGS);

  /**
   * MigrateJobRecord:source: (getter get_source)
   *
   * The URI of the source.
   *
   * Since: 1.0
   */
  properties[PROP_SOURCE] = g_param_spec_string ("source", NULL, NULL, NULL, RECORD_FLAGS);

  /**
   * MigrateJobRecord:destination: (getter get_destination)
   *
   * The URI of the destination.
   *
   * Since: 1.0
   */
  properties[PROP_DESTINATION]
    = g_param_spec_string ("destination", NULL, NULL, NULL, RECORD_FLAGS);
}

static void
install_standing (void)
{
  /**
   * MigrateJobRecord:state: (getter get_state)
   *
   * Where the job rests.
   *
   * Since: 1.0
   */
  properties[PROP_STATE]
    = g_param_spec_enum ("state", NULL, NULL, MIGRATE_TYPE_STATE, MIGRATE_STATE_NEW, RECORD_FLAGS);

  /**
   * MigrateJobRecord:phase: (getter get_phase)
   *
   * What happened inside the running operation.
   *
   * Since: 1.0
   */
  properties[PROP_PHASE]
    = g_param_spec_enum ("phase", NULL, NULL, MIGRATE_TYPE_PHASE, MIGRATE_PHASE_IDLE, RECORD_FLAGS);

  /**
   * MigrateJobRecord:outcome: (getter get_outcome)
   *
   * How the job ended.
   *
   * Since: 1.0
   */
  properties[PROP_OUTCOME] = g_param_spec_enum ("outcome", NULL, NULL, MIGRATE_TYPE_OUTCOME,
                                                MIGRATE_OUTCOME_NONE, RECORD_FLAGS);

  /**
   * MigrateJobRecord:held: (getter is_held)
   *
   * Whether a living controller held the job's claim.
   *
   * Since: 1.0
   */
  properties[PROP_HELD] = g_param_spec_boolean ("held", NULL, NULL, FALSE, RECORD_FLAGS);

  /**
   * MigrateJobRecord:in-flight: (getter is_in_flight)
   *
   * Whether the transfer ran under libvirt.
   *
   * Since: 1.0
   */
  properties[PROP_IN_FLIGHT] = g_param_spec_boolean ("in-flight", NULL, NULL, FALSE, RECORD_FLAGS);

  /**
   * MigrateJobRecord:fraction: (getter get_fraction)
   *
   * How much was done, 0 to 1.
   *
   * Since: 1.0
   */
  properties[PROP_FRACTION]
    = g_param_spec_double ("fraction", NULL, NULL, 0.0, 1.0, 0.0, RECORD_FLAGS);
}

static void
migrate_job_record_class_init (MigrateJobRecordClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->finalize = job_record_free;
  object_class->get_property = job_record_get_property;
  install_words ();
  install_standing ();
  g_object_class_install_properties (object_class, N_PROPS, properties);
}

/* An empty record answers too: bindings can make one. */
static void
migrate_job_record_init (MigrateJobRecord *self)
{
  self->values = g_variant_ref_sink (g_variant_new ("a{sv}", NULL));
}

/**
 * migrate_job_record_get_id: (get-property id)
 * @self: a record
 *
 * The job's id, with which [method@Migrate.Journal.lookup] finds it again.
 *
 * Returns: (transfer none): the id
 *
 * Since: 1.0
 */
const char *
migrate_job_record_get_id (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return self->id != NULL ? self->id : "";
}

/**
 * migrate_job_record_get_guest_name: (get-property guest-name)
 * @self: a record
 *
 * The guest's name.
 *
 * Returns: (transfer none) (nullable): the name, %NULL before the first check
 *
 * Since: 1.0
 */
const char *
migrate_job_record_get_guest_name (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return self->guest_name;
}

/**
 * migrate_job_record_get_guest_uuid: (get-property guest-uuid)
 * @self: a record
 *
 * The guest's UUID.
 *
 * Returns: (transfer none) (nullable): the UUID, %NULL before the first check
 *
 * Since: 1.0
 */
const char *
migrate_job_record_get_guest_uuid (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return self->guest_uuid;
}

/**
 * migrate_job_record_get_source: (get-property source)
 * @self: a record
 *
 * The libvirt URI of the host where the guest was.
 *
 * Returns: (transfer none) (nullable): the URI, %NULL when the journal does not say
 *
 * Since: 1.0
 */
const char *
migrate_job_record_get_source (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return self->source;
}

/**
 * migrate_job_record_get_destination: (get-property destination)
 * @self: a record
 *
 * The libvirt URI of the host where the guest goes.
 *
 * Returns: (transfer none) (nullable): the URI, %NULL when the journal does not say
 *
 * Since: 1.0
 */
const char *
migrate_job_record_get_destination (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return self->destination;
}

/**
 * migrate_job_record_get_state: (get-property state)
 * @self: a record
 *
 * Where the job rested when the journal was asked.
 *
 * Returns: the state; a word of a newer library reads as %MIGRATE_STATE_FAILED
 *
 * Since: 1.0
 */
MigrateState
migrate_job_record_get_state (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), MIGRATE_STATE_NEW);
  return self->state;
}

/**
 * migrate_job_record_get_phase: (get-property phase)
 * @self: a record
 *
 * What happened inside the running operation; meaningful while the job is held.
 *
 * Returns: the phase
 *
 * Since: 1.0
 */
MigratePhase
migrate_job_record_get_phase (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), MIGRATE_PHASE_IDLE);
  return self->phase;
}

/**
 * migrate_job_record_get_outcome: (get-property outcome)
 * @self: a record
 *
 * How the job ended.
 *
 * Returns: the outcome, %MIGRATE_OUTCOME_NONE when it had not ended
 *
 * Since: 1.0
 */
MigrateOutcome
migrate_job_record_get_outcome (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), MIGRATE_OUTCOME_NONE);
  return self->outcome;
}

/**
 * migrate_job_record_is_held: (get-property held)
 * @self: a record
 *
 * Whether a living controller held the claim of the job. A job that is not held and not closed
 * can be followed, when it is in flight, or recovered.
 *
 * Returns: true when somebody acts on it
 *
 * Since: 1.0
 */
gboolean
migrate_job_record_is_held (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), FALSE);
  return self->held;
}

/**
 * migrate_job_record_is_in_flight: (get-property in-flight)
 * @self: a record
 *
 * Whether the transfer was running under libvirt, with or without us.
 *
 * Returns: true when it was
 *
 * Since: 1.0
 */
gboolean
migrate_job_record_is_in_flight (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), FALSE);
  return self->in_flight;
}

/**
 * migrate_job_record_get_fraction: (get-property fraction)
 * @self: a record
 *
 * How much of the move was done.
 *
 * Returns: 0 to 1
 *
 * Since: 1.0
 */
double
migrate_job_record_get_fraction (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), 0.0);
  return self->fraction;
}

static GDateTime *
record_time (MigrateJobRecord *self, const char *key)
{
  guint64 us = _migrate_variant_uint64 (self->values, key, 0);
  g_autoptr (GDateTime) second = NULL;

  if (us == 0)
    return NULL;
  second = g_date_time_new_from_unix_local ((gint64) (us / G_USEC_PER_SEC));
  return second != NULL ? g_date_time_add (second, (GTimeSpan) (us % G_USEC_PER_SEC)) : NULL;
}

/**
 * migrate_job_record_dup_created:
 * @self: a record
 *
 * When the job was made, in local time.
 *
 * Returns: (transfer full) (nullable): the time, %NULL when the journal does not say
 *
 * Since: 1.0
 */
GDateTime *
migrate_job_record_dup_created (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return record_time (self, MIGRATE_JOB_KEY_CREATED);
}

/**
 * migrate_job_record_dup_updated:
 * @self: a record
 *
 * When the job's values last changed, in local time.
 *
 * Returns: (transfer full) (nullable): the time, %NULL when the journal does not say
 *
 * Since: 1.0
 */
GDateTime *
migrate_job_record_dup_updated (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return record_time (self, MIGRATE_JOB_KEY_UPDATED);
}

/**
 * migrate_job_record_dup_error:
 * @self: a record
 *
 * Why the job failed, as its first cause put it.
 *
 * Returns: (transfer full) (nullable): the message, %NULL when nothing failed
 *
 * Since: 1.0
 */
char *
migrate_job_record_dup_error (MigrateJobRecord *self)
{
  g_autoptr (GVariant) failure = NULL;

  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  failure = g_variant_lookup_value (self->values, MIGRATE_JOB_KEY_FAILURE, G_VARIANT_TYPE_VARDICT);
  return g_strdup (_migrate_variant_string (failure, "message"));
}

/**
 * migrate_job_record_dup_values:
 * @self: a record
 *
 * All that the journal knows of the job, as `a{sv}`: for printing, and for keys without a getter.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_job_record_dup_values (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return g_variant_ref (self->values);
}

/**
 * migrate_job_record_dup_entries:
 * @self: a record
 *
 * The log of the job, oldest first, as `aa{sv}`; each entry has `seq`, `at-us`, `generation`,
 * `kind`, `name`, `status` and `values`. The values of a `decision` are `at-ms` (`t`, since the job
 * began, as in [method@Migrate.JobRecord.dup_samples]) and `why` (`s`); its name is what was
 * decided.
 *
 * Returns: (transfer full) (nullable): the entries, %NULL in a record that comes from
 *   [method@Migrate.Journal.list]
 *
 * Since: 1.0
 */
GVariant *
migrate_job_record_dup_entries (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return self->entries != NULL ? g_variant_ref (self->entries) : NULL;
}

/**
 * migrate_job_record_dup_samples:
 * @self: a record
 *
 * How the transfer went, oldest first, as `aa{sv}`: what was seen each time the hosts were asked,
 * thinned out evenly where it went on for long. A sample has `at-ms` (`t`, since the job began) and
 * `phase` (`s`), and of the memory copy `pass`, `memory-total`, `memory-processed`,
 * `memory-remaining`, `rate`, `dirty-rate` (bytes per second) and `throttle` (percent), all `t`;
 * and, where they are known, `expected-downtime-ms` (the hypervisor's), `limit-ms` (the downtime
 * limit in force), and of the disks that travel `disk-total` and `disk-remaining`.
 *
 * Returns: (transfer full) (nullable): the samples, %NULL in a record that comes from
 *   [method@Migrate.Journal.list]
 *
 * Since: 1.0
 */
GVariant *
migrate_job_record_dup_samples (MigrateJobRecord *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB_RECORD (self), NULL);
  return self->samples != NULL ? g_variant_ref (self->samples) : NULL;
}
