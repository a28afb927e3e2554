/* Surveys of real hosts (recipe A): one that lives, one that is dead, and what CPU both can give.
 */
#include "labtest.h"

#include <string.h>

#define GUEST "g"
#define OPTIONS "--dirty 8 --rate 2"
#define DEAD "qemu+unix:///session?socket=/nowhere/libvirt-sock"

static int from, to;

static void
set_up (void)
{
  lab_set_up ();
  lab_need_to_move (GUEST, OPTIONS, &from, &to);
}

TestSuite (survey, .init = set_up, .timeout = 120);

static MigrateSurvey *
survey_new (void)
{
  g_autoptr (MigrateHost) source = lab_host_new (from);
  g_autoptr (MigrateHost) live = lab_host_new (to);
  g_autoptr (MigrateHost) dead = migrate_host_new (DEAD);
  g_autoptr (GListStore) destinations = g_list_store_new (MIGRATE_TYPE_HOST);

  g_list_store_append (destinations, dead);
  g_list_store_append (destinations, live);
  return migrate_survey_new (GUEST, source, G_LIST_MODEL (destinations));
}

Test (survey, one_of_two_destinations_is_dead)
{
  g_autoptr (MigrateSurvey) survey = survey_new ();
  g_autoptr (GError) error = NULL;
  gint64 begun = g_get_monotonic_time ();
  g_autoptr (GListModel) entries = migrate_survey_run (survey, NULL, &error);
  g_autoptr (MigrateSurveyEntry) best = NULL;
  g_autoptr (MigrateSurveyEntry) last = NULL;
  g_autoptr (GVariant) details = NULL;

  cr_assert_not_null (entries, "%s", error != NULL ? error->message : "");
  lab_assert_within (begun, 20);
  cr_assert_eq (g_list_model_get_n_items (entries), 2);
  best = g_list_model_get_item (entries, 0);
  last = g_list_model_get_item (entries, 1);
  cr_assert_str_eq (migrate_host_get_uri (migrate_survey_entry_get_host (best)),
                    lab_env_host ("URI", to));
  cr_assert_not (migrate_report_is_blocked (migrate_survey_entry_get_report (best)));
  cr_assert_not_null (strstr (migrate_survey_entry_get_reason (best), "the only one"), "%s",
                      migrate_survey_entry_get_reason (best));
  details = migrate_facts_dup_details (migrate_survey_entry_get_facts (best));
  cr_assert (g_variant_lookup (details, "destination", "@a{sv}", NULL));
  cr_assert_str_eq (migrate_host_get_uri (migrate_survey_entry_get_host (last)), DEAD);
  cr_assert_eq (migrate_failure_get_code (migrate_survey_entry_get_failure (last)),
                MIGRATE_ERROR_UNREACHABLE);
  lab_assert_at (GUEST, from, "running");
}

/* One machine: what either can give is what both can. */
Test (survey, baseline_of_two_hosts_and_a_dead_one)
{
  g_autoptr (MigrateSurvey) survey = survey_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (MigrateBaseline) baseline = migrate_survey_baseline (survey, NULL, &error);
  g_auto (GStrv) suited = NULL;
  g_auto (GStrv) unknown = NULL;

  cr_assert_not_null (baseline, "%s", error != NULL ? error->message : "");
  cr_assert (g_str_has_prefix (migrate_baseline_get_cpu (baseline), "<cpu"));
  cr_assert_not_null (
    strstr (migrate_baseline_get_cpu (baseline), migrate_baseline_get_model (baseline)));
  suited = migrate_baseline_dup_suited (baseline);
  unknown = migrate_baseline_dup_unknown (baseline);
  cr_assert_eq (g_strv_length (suited), 2);
  cr_assert_eq (g_strv_length (unknown), 1);
  cr_assert_str_eq (unknown[0], DEAD);
}

Test (survey, a_driver_without_cpus_has_no_baseline)
{
  g_autoptr (MigrateHost) host = migrate_host_new ("test:///default");
  g_autoptr (GListStore) destinations = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigrateSurvey) survey = migrate_survey_new ("test", host, G_LIST_MODEL (destinations));
  g_autoptr (GError) error = NULL;

  cr_assert_null (migrate_survey_baseline (survey, NULL, &error));
  lab_assert_code (error, MIGRATE_ERROR_UNSUPPORTED);
  cr_assert_not_null (strstr (error->message, "test:///default"), "%s", error->message);
}
