/* The facts of a move, checked again: the one thing of them that knows the forecast too. */
#include "check/plan-private.h"
#include "migrate/forecast-private.h"

/**
 * migrate_facts_check:
 * @self: facts
 * @policy: (nullable): a policy, or %NULL for that of the check that gathered them
 * @kind: a kind of move
 *
 * What stands against the move, as far as these facts tell. No host is asked; with the policy and
 * the kind of the check that gathered them ([method@Migrate.Facts.get_kind]) the report is the one
 * that the check gave.
 *
 * Where that check looked at how the guest writes ([property@Migrate.Job:forecast]), the report has
 * a forecast, made anew for this policy and kind from that look and from what earlier moves had
 * taught by then; no journal is read.
 *
 * Returns: (transfer full): the report
 *
 * Since: 1.0
 */
MigrateReport *
migrate_facts_check (MigrateFacts *self, MigratePolicy *policy, MigrateKind kind)
{
  g_autoptr (MigratePolicy) own = NULL;
  g_autoptr (MigratePlan) plan = NULL;
  g_autoptr (MigrateForecast) forecast = NULL;
  MigrateCheckRequest request;
  MigrateReport *report;

  g_return_val_if_fail (self != NULL, NULL);
  g_return_val_if_fail (policy == NULL || MIGRATE_IS_POLICY (policy), NULL);
  if (policy == NULL)
    policy = own = _migrate_facts_dup_policy (self);
  request = _migrate_facts_request (self, policy);
  request.kind = kind;
  report = _migrate_plan_evaluate (self, &request, policy, &plan);
  forecast = _migrate_forecast_of_facts (self, policy, migrate_report_get_kind (report));
  if (forecast != NULL)
    _migrate_report_set_forecast (report, forecast);
  return report;
}
