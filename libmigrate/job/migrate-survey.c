/* A survey as the program sees it: what is asked. Its operations are in migrate-survey-calls.c. */
#include "job/survey-private.h"

/**
 * MigrateSurvey:
 *
 * Asks where a guest could go: one guest, many destinations.
 *
 * [method@Migrate.Survey.run] asks the source once and every destination at the same time, each
 * bounded in time, and ranks them: fewest blockers first, then fewest warnings, then those where
 * the copy is forecast to come to its end, whose CPU can run the guest's, whose versions are the
 * source's, where the move takes less time, that have most free memory, and at last the order in
 * which they were given. A host that does not answer is a row of the list, the last.
 * What one of them says of the guest the others are told (the finding `guest-elsewhere`).
 * [method@Migrate.Survey.baseline] looks for a CPU that all of these hosts can give a guest.
 *
 * A survey changes nothing but what a check changes, see [method@Migrate.Job.check]. It does not
 * ask the platform's record ([property@Migrate.Job:inventory]); the job that moves the guest does.
 *
 * All methods may be called from any thread; one operation runs at a time. A survey has no signals
 * but `notify`, which is emitted on the thread that sets.
 *
 * Since: 1.0
 */

enum
{
  PROP_GUEST = 1,
  PROP_SOURCE,
  PROP_DESTINATIONS,
  PROP_KIND,
  PROP_POLICY,
  PROP_JOURNAL,
  PROP_FORECAST,
  PROP_HISTORY,
  PROP_MAPPING,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (MigrateSurvey, migrate_survey, G_TYPE_OBJECT)

static void
survey_dispose (GObject *object)
{
  MigrateSurvey *self = MIGRATE_SURVEY (object);

  g_clear_object (&self->source);
  g_clear_object (&self->destinations);
  g_clear_object (&self->policy);
  g_clear_object (&self->journal);
  g_clear_object (&self->history);
  g_clear_object (&self->mapping);
  G_OBJECT_CLASS (migrate_survey_parent_class)->dispose (object);
}

static void
survey_free (GObject *object)
{
  MigrateSurvey *self = MIGRATE_SURVEY (object);

  g_clear_pointer (&self->queue, _migrate_queue_unref);
  g_clear_pointer (&self->failure, migrate_failure_unref);
  g_free (self->guest);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (migrate_survey_parent_class)->finalize (object);
}

static void
survey_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateSurvey *self = MIGRATE_SURVEY (object);

  switch (id)
    {
    case PROP_GUEST:
      g_value_set_string (value, self->guest);
      break;
    case PROP_SOURCE:
      g_value_set_object (value, self->source);
      break;
    case PROP_DESTINATIONS:
      g_value_set_object (value, self->destinations);
      break;
    case PROP_KIND:
      g_value_set_enum (value, (int) migrate_survey_get_kind (self));
      break;
    case PROP_POLICY:
      g_value_take_object (value, migrate_survey_dup_policy (self));
      break;
    case PROP_JOURNAL:
      g_value_take_object (value, migrate_survey_dup_journal (self));
      break;
    case PROP_FORECAST:
      g_value_set_boolean (value, migrate_survey_get_forecast (self));
      break;
    case PROP_HISTORY:
      g_value_take_object (value, migrate_survey_dup_history (self));
      break;
    case PROP_MAPPING:
      g_value_take_object (value, migrate_survey_dup_mapping (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
survey_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  MigrateSurvey *self = MIGRATE_SURVEY (object);

  switch (id)
    {
    case PROP_GUEST:
      self->guest = g_value_dup_string (value);
      break;
    case PROP_SOURCE:
      self->source = g_value_dup_object (value);
      break;
    case PROP_DESTINATIONS:
      self->destinations = g_value_dup_object (value);
      break;
    case PROP_KIND:
      migrate_survey_set_kind (self, (MigrateKind) g_value_get_enum (value));
      break;
    case PROP_POLICY:
      if (g_value_get_object (value) != NULL)
        migrate_survey_set_policy (self, g_value_get_object (value));
      break;
    case PROP_JOURNAL:
      migrate_survey_set_journal (self, g_value_get_object (value));
      break;
    case PROP_FORECAST:
      migrate_survey_set_forecast (self, g_value_get_boolean (value));
      break;
    case PROP_HISTORY:
      migrate_survey_set_history (self, g_value_get_object (value));
      break;
    case PROP_MAPPING:
      migrate_survey_set_mapping (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
survey_constructed (GObject *object)
{
  MigrateSurvey *self = MIGRATE_SURVEY (object);

  if (self->destinations == NULL)
    self->destinations = G_LIST_MODEL (g_list_store_new (MIGRATE_TYPE_HOST));
  G_OBJECT_CLASS (migrate_survey_parent_class)->constructed (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags write = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * MigrateSurvey:guest:
   *
   * The guest's name or UUID.
   *
   * Since: 1.0
   */
  props[PROP_GUEST] = g_param_spec_string ("guest", NULL, NULL, NULL, once);
  /**
   * MigrateSurvey:source:
   *
   * The host where the guest is.
   *
   * Since: 1.0
   */
  props[PROP_SOURCE] = g_param_spec_object ("source", NULL, NULL, MIGRATE_TYPE_HOST, once);
  /**
   * MigrateSurvey:destinations:
   *
   * The hosts where it could go, as [class@Migrate.Host]. An operation takes them as they are when
   * it begins.
   *
   * Since: 1.0
   */
  props[PROP_DESTINATIONS]
    = g_param_spec_object ("destinations", NULL, NULL, G_TYPE_LIST_MODEL, once);
  /**
   * MigrateSurvey:kind:
   *
   * The kind of move that is asked about.
   *
   * Since: 1.0
   */
  props[PROP_KIND]
    = g_param_spec_enum ("kind", NULL, NULL, MIGRATE_TYPE_KIND, (int) MIGRATE_KIND_AUTO, write);
  /**
   * MigrateSurvey:policy:
   *
   * The policy of that move. Copied when it is set.
   *
   * Since: 1.0
   */
  props[PROP_POLICY] = g_param_spec_object ("policy", NULL, NULL, MIGRATE_TYPE_POLICY, write);
  /**
   * MigrateSurvey:journal:
   *
   * Where the checks are written down, each as a job; %NULL, the default: nowhere.
   *
   * Since: 1.0
   */
  props[PROP_JOURNAL] = g_param_spec_object ("journal", NULL, NULL, MIGRATE_TYPE_JOURNAL, write);
  /**
   * MigrateSurvey:forecast:
   *
   * Whether it is forecast what each move will take, as [property@Migrate.Job:forecast] says. The
   * guest is looked at once for all of them.
   *
   * Since: 1.0
   */
  props[PROP_FORECAST] = g_param_spec_boolean ("forecast", NULL, NULL, FALSE, write);
  /**
   * MigrateSurvey:history:
   *
   * The journal whose earlier moves a forecast learns from. %NULL: that of the survey.
   *
   * Since: 1.0
   */
  props[PROP_HISTORY] = g_param_spec_object ("history", NULL, NULL, MIGRATE_TYPE_JOURNAL, write);
  /**
   * MigrateSurvey:mapping:
   *
   * What every destination has where the source has something else, as
   * [property@Migrate.Job:mapping]. What one destination calls things is its own profile
   * ([property@Migrate.Host:profile]). Copied when it is set.
   *
   * Since: 1.0
   */
  props[PROP_MAPPING] = g_param_spec_object ("mapping", NULL, NULL, MIGRATE_TYPE_MAPPING, write);
  g_object_class_install_properties (klass, N_PROPS, props);
}

static void
migrate_survey_class_init (MigrateSurveyClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  object_class->dispose = survey_dispose;
  object_class->finalize = survey_free;
  object_class->get_property = survey_get_property;
  object_class->set_property = survey_set_property;
  object_class->constructed = survey_constructed;
  install_properties (object_class);
}

static void
migrate_survey_init (MigrateSurvey *self)
{
  g_mutex_init (&self->lock);
  self->queue = _migrate_queue_new ();
  self->policy = migrate_policy_new ();
}

/**
 * migrate_survey_new:
 * @guest: the guest's name or UUID
 * @source: the host where it is
 * @destinations: the hosts where it could go, as [class@Migrate.Host]
 *
 * Makes a survey. Nothing is asked of the hosts yet.
 *
 * Returns: (transfer full): a new survey
 *
 * Since: 1.0
 */
MigrateSurvey *
migrate_survey_new (const char *guest, MigrateHost *source, GListModel *destinations)
{
  g_return_val_if_fail (guest != NULL, NULL);
  g_return_val_if_fail (MIGRATE_IS_HOST (source), NULL);
  g_return_val_if_fail (G_IS_LIST_MODEL (destinations), NULL);
  return g_object_new (MIGRATE_TYPE_SURVEY, "guest", guest, "source", source, "destinations",
                       destinations, NULL);
}

/**
 * migrate_survey_get_guest:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:guest].
 *
 * Returns: (transfer none) (nullable): the guest as asked for
 *
 * Since: 1.0
 */
const char *
migrate_survey_get_guest (MigrateSurvey *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  return self->guest;
}

/**
 * migrate_survey_get_source:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:source].
 *
 * Returns: (transfer none) (nullable): the source
 *
 * Since: 1.0
 */
MigrateHost *
migrate_survey_get_source (MigrateSurvey *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  return self->source;
}

/**
 * migrate_survey_get_destinations:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:destinations].
 *
 * Returns: (transfer none): a list of [class@Migrate.Host]
 *
 * Since: 1.0
 */
GListModel *
migrate_survey_get_destinations (MigrateSurvey *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  return self->destinations;
}

/**
 * migrate_survey_get_kind:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:kind].
 *
 * Returns: the kind that is asked about
 *
 * Since: 1.0
 */
MigrateKind
migrate_survey_get_kind (MigrateSurvey *self)
{
  MigrateKind value;

  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), MIGRATE_KIND_AUTO);
  g_mutex_lock (&self->lock);
  value = self->kind;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_survey_set_kind:
 * @self: a survey
 * @kind: a kind of move
 *
 * Sets [property@Migrate.Survey:kind]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_survey_set_kind (MigrateSurvey *self, MigrateKind kind)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_mutex_lock (&self->lock);
  changed = self->kind != kind;
  self->kind = kind;
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_KIND]);
}

/**
 * migrate_survey_dup_policy:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:policy].
 *
 * Returns: (transfer full): a copy of the policy
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_survey_dup_policy (MigrateSurvey *self)
{
  MigratePolicy *value;

  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  g_mutex_lock (&self->lock);
  value = migrate_policy_copy (self->policy);
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_survey_set_policy:
 * @self: a survey
 * @policy: a policy, which is copied
 *
 * Sets [property@Migrate.Survey:policy]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_survey_set_policy (MigrateSurvey *self, MigratePolicy *policy)
{
  MigratePolicy *copy, *old;

  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_return_if_fail (MIGRATE_IS_POLICY (policy));
  copy = migrate_policy_copy (policy);
  g_mutex_lock (&self->lock);
  old = self->policy;
  self->policy = copy;
  g_mutex_unlock (&self->lock);
  g_object_unref (old);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_POLICY]);
}

/**
 * migrate_survey_dup_journal:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:journal].
 *
 * Returns: (transfer full) (nullable): the journal, or %NULL when nothing is written
 *
 * Since: 1.0
 */
MigrateJournal *
migrate_survey_dup_journal (MigrateSurvey *self)
{
  MigrateJournal *value;

  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->journal != NULL ? g_object_ref (self->journal) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_survey_set_journal:
 * @self: a survey
 * @journal: (nullable): the journal, or %NULL to write nothing
 *
 * Sets [property@Migrate.Survey:journal]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_survey_set_journal (MigrateSurvey *self, MigrateJournal *journal)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_return_if_fail (journal == NULL || MIGRATE_IS_JOURNAL (journal));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->journal, journal);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_JOURNAL]);
}

/**
 * migrate_survey_get_forecast:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:forecast].
 *
 * Returns: true when it is forecast what each move will take
 *
 * Since: 1.0
 */
gboolean
migrate_survey_get_forecast (MigrateSurvey *self)
{
  gboolean value;

  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), FALSE);
  g_mutex_lock (&self->lock);
  value = self->forecast;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_survey_set_forecast:
 * @self: a survey
 * @forecast: whether it is forecast what each move will take
 *
 * Sets [property@Migrate.Survey:forecast]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_survey_set_forecast (MigrateSurvey *self, gboolean forecast)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_mutex_lock (&self->lock);
  changed = self->forecast != !!forecast;
  self->forecast = !!forecast;
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_FORECAST]);
}

/**
 * migrate_survey_dup_history:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:history].
 *
 * Returns: (transfer full) (nullable): the journal
 *
 * Since: 1.0
 */
MigrateJournal *
migrate_survey_dup_history (MigrateSurvey *self)
{
  MigrateJournal *value;

  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->history != NULL ? g_object_ref (self->history) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_survey_set_history:
 * @self: a survey
 * @history: (nullable): the journal
 *
 * Sets [property@Migrate.Survey:history]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_survey_set_history (MigrateSurvey *self, MigrateJournal *history)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_return_if_fail (history == NULL || MIGRATE_IS_JOURNAL (history));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->history, history);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HISTORY]);
}

/**
 * migrate_survey_dup_mapping:
 * @self: a survey
 *
 * Gets [property@Migrate.Survey:mapping].
 *
 * Returns: (transfer full) (nullable): a copy
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_survey_dup_mapping (MigrateSurvey *self)
{
  MigrateMapping *value;

  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->mapping != NULL ? migrate_mapping_copy (self->mapping) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_survey_set_mapping:
 * @self: a survey
 * @mapping: (nullable): a mapping, which is copied
 *
 * Sets [property@Migrate.Survey:mapping]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_survey_set_mapping (MigrateSurvey *self, MigrateMapping *mapping)
{
  MigrateMapping *copy, *old;

  g_return_if_fail (MIGRATE_IS_SURVEY (self));
  g_return_if_fail (mapping == NULL || MIGRATE_IS_MAPPING (mapping));
  copy = mapping != NULL ? migrate_mapping_copy (mapping) : NULL;
  g_mutex_lock (&self->lock);
  old = self->mapping;
  self->mapping = copy;
  g_mutex_unlock (&self->lock);
  g_clear_object (&old);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MAPPING]);
}

/**
 * migrate_survey_dup_failure:
 * @self: a survey
 *
 * Why the last operation failed, with its remedy.
 *
 * Returns: (transfer full) (nullable): the failure, or %NULL when it did not fail
 *
 * Since: 1.0
 */
MigrateFailure *
migrate_survey_dup_failure (MigrateSurvey *self)
{
  MigrateFailure *value;

  g_return_val_if_fail (MIGRATE_IS_SURVEY (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->failure != NULL ? migrate_failure_ref (self->failure) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}
