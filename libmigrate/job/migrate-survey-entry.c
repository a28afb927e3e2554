/* One destination of a survey, as the program sees it. */
#include "job/survey-private.h"

/**
 * MigrateSurveyEntry:
 *
 * What a survey found of one destination: its place among the others, why it has it, and all that
 * a check of the move there found, or why there was none.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateSurveyEntry
{
  GObject parent_instance;

  MigrateHost *host;
  guint rank;
  char *reason;
  MigrateReport *report;
  MigrateFacts *facts;
  MigrateFailure *failure;
};

enum
{
  PROP_HOST = 1,
  PROP_RANK,
  PROP_REASON,
  PROP_REPORT,
  PROP_FACTS,
  PROP_FAILURE,
  N_PROPS
};

static GParamSpec *props[N_PROPS];

G_DEFINE_FINAL_TYPE (MigrateSurveyEntry, migrate_survey_entry, G_TYPE_OBJECT)

static void
survey_entry_dispose (GObject *object)
{
  MigrateSurveyEntry *self = MIGRATE_SURVEY_ENTRY (object);

  g_clear_object (&self->host);
  g_clear_object (&self->report);
  G_OBJECT_CLASS (migrate_survey_entry_parent_class)->dispose (object);
}

static void
survey_entry_free (GObject *object)
{
  MigrateSurveyEntry *self = MIGRATE_SURVEY_ENTRY (object);

  g_free (self->reason);
  g_clear_pointer (&self->facts, migrate_facts_unref);
  g_clear_pointer (&self->failure, migrate_failure_unref);
  G_OBJECT_CLASS (migrate_survey_entry_parent_class)->finalize (object);
}

static void
survey_entry_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateSurveyEntry *self = MIGRATE_SURVEY_ENTRY (object);

  switch (id)
    {
    case PROP_HOST:
      g_value_set_object (value, self->host);
      break;
    case PROP_RANK:
      g_value_set_uint (value, self->rank);
      break;
    case PROP_REASON:
      g_value_set_string (value, self->reason);
      break;
    case PROP_REPORT:
      g_value_set_object (value, self->report);
      break;
    case PROP_FACTS:
      g_value_set_boxed (value, self->facts);
      break;
    case PROP_FAILURE:
      g_value_set_boxed (value, self->failure);
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
migrate_survey_entry_class_init (MigrateSurveyEntryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);
  const GParamFlags flags = G_PARAM_READABLE | G_PARAM_STATIC_STRINGS;

  object_class->dispose = survey_entry_dispose;
  object_class->finalize = survey_entry_free;
  object_class->get_property = survey_entry_get_property;

  /**
   * MigrateSurveyEntry:host:
   *
   * The destination.
   *
   * Since: 1.0
   */
  props[PROP_HOST] = g_param_spec_object ("host", NULL, NULL, MIGRATE_TYPE_HOST, flags);
  /**
   * MigrateSurveyEntry:rank:
   *
   * Its place; 1 is the best.
   *
   * Since: 1.0
   */
  props[PROP_RANK] = g_param_spec_uint ("rank", NULL, NULL, 0, G_MAXUINT, 0, flags);
  /**
   * MigrateSurveyEntry:reason:
   *
   * Why it has that place, in one sentence.
   *
   * Since: 1.0
   */
  props[PROP_REASON] = g_param_spec_string ("reason", NULL, NULL, NULL, flags);
  /**
   * MigrateSurveyEntry:report:
   *
   * What the check of a move there found; %NULL when it could not be checked.
   *
   * Since: 1.0
   */
  props[PROP_REPORT] = g_param_spec_object ("report", NULL, NULL, MIGRATE_TYPE_REPORT, flags);
  /**
   * MigrateSurveyEntry:facts:
   *
   * What that report rests on; %NULL when it could not be checked.
   *
   * Since: 1.0
   */
  props[PROP_FACTS] = g_param_spec_boxed ("facts", NULL, NULL, MIGRATE_TYPE_FACTS, flags);
  /**
   * MigrateSurveyEntry:failure:
   *
   * Why it could not be checked; %NULL when it was.
   *
   * Since: 1.0
   */
  props[PROP_FAILURE] = g_param_spec_boxed ("failure", NULL, NULL, MIGRATE_TYPE_FAILURE, flags);
  g_object_class_install_properties (object_class, N_PROPS, props);
}

static void
migrate_survey_entry_init (MigrateSurveyEntry *self)
{
}

MigrateSurveyEntry *
_migrate_survey_entry_new (MigrateHost *host, guint rank, const char *reason, MigrateReport *report,
                           MigrateFacts *facts, MigrateFailure *failure)
{
  MigrateSurveyEntry *self = g_object_new (MIGRATE_TYPE_SURVEY_ENTRY, NULL);

  self->host = g_object_ref (host);
  self->rank = rank;
  self->reason = g_strdup (reason);
  self->report = report != NULL ? g_object_ref (report) : NULL;
  self->facts = facts != NULL ? migrate_facts_ref (facts) : NULL;
  self->failure = failure != NULL ? migrate_failure_ref (failure) : NULL;
  return self;
}

/**
 * migrate_survey_entry_get_host:
 * @self: an entry
 *
 * Gets [property@Migrate.SurveyEntry:host].
 *
 * Returns: (transfer none): the destination
 *
 * Since: 1.0
 */
MigrateHost *
migrate_survey_entry_get_host (MigrateSurveyEntry *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY_ENTRY (self), NULL);
  return self->host;
}

/**
 * migrate_survey_entry_get_rank:
 * @self: an entry
 *
 * Gets [property@Migrate.SurveyEntry:rank].
 *
 * Returns: its place; 1 is the best
 *
 * Since: 1.0
 */
guint
migrate_survey_entry_get_rank (MigrateSurveyEntry *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY_ENTRY (self), 0);
  return self->rank;
}

/**
 * migrate_survey_entry_get_reason:
 * @self: an entry
 *
 * Gets [property@Migrate.SurveyEntry:reason].
 *
 * Returns: (transfer none): why it has that place
 *
 * Since: 1.0
 */
const char *
migrate_survey_entry_get_reason (MigrateSurveyEntry *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY_ENTRY (self), NULL);
  return self->reason;
}

/**
 * migrate_survey_entry_get_report:
 * @self: an entry
 *
 * Gets [property@Migrate.SurveyEntry:report].
 *
 * Returns: (transfer none) (nullable): the report, or %NULL when it could not be checked
 *
 * Since: 1.0
 */
MigrateReport *
migrate_survey_entry_get_report (MigrateSurveyEntry *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY_ENTRY (self), NULL);
  return self->report;
}

/**
 * migrate_survey_entry_get_facts:
 * @self: an entry
 *
 * Gets [property@Migrate.SurveyEntry:facts].
 *
 * Returns: (transfer none) (nullable): the facts, or %NULL when it could not be checked
 *
 * Since: 1.0
 */
MigrateFacts *
migrate_survey_entry_get_facts (MigrateSurveyEntry *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY_ENTRY (self), NULL);
  return self->facts;
}

/**
 * migrate_survey_entry_get_failure:
 * @self: an entry
 *
 * Gets [property@Migrate.SurveyEntry:failure].
 *
 * Returns: (transfer none) (nullable): why it could not be checked, or %NULL when it was
 *
 * Since: 1.0
 */
MigrateFailure *
migrate_survey_entry_get_failure (MigrateSurveyEntry *self)
{
  g_return_val_if_fail (MIGRATE_IS_SURVEY_ENTRY (self), NULL);
  return self->failure;
}
