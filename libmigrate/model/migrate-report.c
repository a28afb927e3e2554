/* A report: the findings of a check, as a list model. */
#include "model/model-private.h"

/**
 * MigrateReport:
 *
 * Everything that a check found, as a list of [class@Migrate.Finding], blockers first.
 *
 * Immutable once returned; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateReport
{
  GObject parent_instance;

  MigrateKind kind;
  char *guest_name, *guest_uuid;
  GPtrArray *findings;
  MigrateForecast *forecast; /* nullable */
};

static GType
report_get_item_type (GListModel *list)
{
  return MIGRATE_TYPE_FINDING;
}

static guint
report_get_n_items (GListModel *list)
{
  return MIGRATE_REPORT (list)->findings->len;
}

static gpointer
report_get_item (GListModel *list, guint position)
{
  MigrateReport *self = MIGRATE_REPORT (list);

  return position < self->findings->len ? g_object_ref (self->findings->pdata[position]) : NULL;
}

static void
list_model_init (GListModelInterface *iface)
{
  iface->get_item_type = report_get_item_type;
  iface->get_n_items = report_get_n_items;
  iface->get_item = report_get_item;
}

G_DEFINE_FINAL_TYPE_WITH_CODE (MigrateReport, migrate_report, G_TYPE_OBJECT,
                               G_IMPLEMENT_INTERFACE (G_TYPE_LIST_MODEL, list_model_init))

static void
report_free (GObject *object)
{
  MigrateReport *self = MIGRATE_REPORT (object);

  g_free (self->guest_name);
  g_free (self->guest_uuid);
  g_ptr_array_unref (self->findings);
  g_clear_pointer (&self->forecast, migrate_forecast_unref);
  G_OBJECT_CLASS (migrate_report_parent_class)->finalize (object);
}

static void
migrate_report_class_init (MigrateReportClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = report_free;
}

static void
migrate_report_init (MigrateReport *self)
{
  self->findings = g_ptr_array_new_with_free_func (g_object_unref);
}

MigrateReport *
_migrate_report_new (MigrateKind kind, const char *guest_name, const char *guest_uuid)
{
  MigrateReport *self = g_object_new (MIGRATE_TYPE_REPORT, NULL);

  self->kind = kind;
  self->guest_name = g_strdup (guest_name);
  self->guest_uuid = g_strdup (guest_uuid);
  return self;
}

void
_migrate_report_add (MigrateReport *self, MigrateFinding *finding)
{
  guint at = 0;

  /* Heaviest first, else in the order found. */
  while (at < self->findings->len
         && migrate_finding_get_severity (self->findings->pdata[at])
              >= migrate_finding_get_severity (finding))
    at++;
  g_ptr_array_insert (self->findings, (int) at, finding);
}

/* Before it is handed out. */
void
_migrate_report_set_forecast (MigrateReport *self, MigrateForecast *forecast)
{
  g_clear_pointer (&self->forecast, migrate_forecast_unref);
  self->forecast = migrate_forecast_ref (forecast);
}

/**
 * migrate_report_count:
 * @self: a report
 * @severity: a severity
 *
 * How many findings have this severity.
 *
 * Returns: the number of findings
 *
 * Since: 1.0
 */
guint
migrate_report_count (MigrateReport *self, MigrateSeverity severity)
{
  guint count = 0;

  g_return_val_if_fail (MIGRATE_IS_REPORT (self), 0);
  for (guint i = 0; i < self->findings->len; i++)
    if (migrate_finding_get_severity (self->findings->pdata[i]) == severity)
      count++;
  return count;
}

/**
 * migrate_report_is_blocked:
 * @self: a report
 *
 * Whether a blocker was found; prepare is refused then.
 *
 * Returns: true when the move is refused
 *
 * Since: 1.0
 */
gboolean
migrate_report_is_blocked (MigrateReport *self)
{
  g_return_val_if_fail (MIGRATE_IS_REPORT (self), FALSE);
  return migrate_report_count (self, MIGRATE_SEVERITY_BLOCKER) > 0;
}

/**
 * migrate_report_get_kind:
 * @self: a report
 *
 * The kind of move that was chosen.
 *
 * Returns: the kind
 *
 * Since: 1.0
 */
MigrateKind
migrate_report_get_kind (MigrateReport *self)
{
  g_return_val_if_fail (MIGRATE_IS_REPORT (self), MIGRATE_KIND_AUTO);
  return self->kind;
}

/**
 * migrate_report_get_guest_name:
 * @self: a report
 *
 * The guest's name.
 *
 * Returns: (transfer none) (nullable): the name, or %NULL when the guest was not found
 *
 * Since: 1.0
 */
const char *
migrate_report_get_guest_name (MigrateReport *self)
{
  g_return_val_if_fail (MIGRATE_IS_REPORT (self), NULL);
  return self->guest_name;
}

/**
 * migrate_report_get_guest_uuid:
 * @self: a report
 *
 * The guest's UUID.
 *
 * Returns: (transfer none) (nullable): the UUID, or %NULL when the guest was not found
 *
 * Since: 1.0
 */
const char *
migrate_report_get_guest_uuid (MigrateReport *self)
{
  g_return_val_if_fail (MIGRATE_IS_REPORT (self), NULL);
  return self->guest_uuid;
}

/**
 * migrate_report_get_forecast:
 * @self: a report
 *
 * What the move will take, where the check was asked for it: [property@Migrate.Job:forecast].
 *
 * Returns: (transfer none) (nullable): the forecast
 *
 * Since: 1.0
 */
MigrateForecast *
migrate_report_get_forecast (MigrateReport *self)
{
  g_return_val_if_fail (MIGRATE_IS_REPORT (self), NULL);
  return self->forecast;
}
