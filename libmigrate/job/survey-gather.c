/* Gather: the source once, then every destination as a check of its own, beside the others. */
#include "job/job-private.h"
#include "job/survey-private.h"
#include "job/survey-rank-private.h"

#include "check/dirty-rate-private.h"
#include "virt/facts-private.h"

/* Codes of blockers that a reason names. */
#define MOST_CODES 3

/* ---- cancelling ---- */

void
_migrate_survey_cancel (MigrateSurveyRun *run)
{
  _migrate_work_ask_cancel (run->work, "the caller asked for it");
  g_mutex_lock (&run->lock);
  for (guint i = 0; run->rows != NULL && i < run->rows->len; i++)
    {
      MigrateSurveyRow *row = run->rows->pdata[i];

      if (row->job != NULL)
        _migrate_job_ask_cancel (row->job, "the caller asked for it");
    }
  g_mutex_unlock (&run->lock);
}

gboolean
_migrate_survey_check_cancelled (MigrateSurveyRun *run, GError **error)
{
  if (!_migrate_work_is_cancelled (run->work))
    return FALSE;
  g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "The survey of guest “%s” was cancelled",
               run->work->guest);
  return TRUE;
}

/* ---- the rows ---- */

static void
row_free (gpointer data)
{
  MigrateSurveyRow *self = data;

  g_clear_object (&self->host);
  g_clear_object (&self->job);
  g_clear_error (&self->error);
  g_free (self);
}

static MigrateSurveyRow *
row_new (MigrateSurveyRun *run, MigrateHost *host)
{
  MigrateSurveyRow *self = g_new0 (MigrateSurveyRow, 1);
  g_autoptr (MigrateJob) job = migrate_job_new (run->work->guest, run->source, host);

  self->host = g_object_ref (host);
  migrate_job_set_kind (job, run->work->kind);
  migrate_job_set_policy (job, run->work->policy);
  migrate_job_set_journal (job, run->journal);
  migrate_job_set_forecast (job, run->forecast);
  migrate_job_set_history (job, run->history);
  migrate_job_set_mapping (job, run->mapping);
  if (_migrate_job_make_ready (job, run->work->queue, &self->error))
    self->job = g_steal_pointer (&job);
  return self;
}

static void
make_rows (MigrateSurveyRun *run)
{
  GPtrArray *rows = g_ptr_array_new_with_free_func (row_free);

  for (guint i = 0; i < run->destinations->len; i++)
    g_ptr_array_add (rows, row_new (run, run->destinations->pdata[i]));
  g_mutex_lock (&run->lock);
  run->rows = rows;
  g_mutex_unlock (&run->lock);
}

typedef struct
{
  MigrateSurveyRun *run;
  GVariant *source; /* a{sv}: what it says */
  GVariant *look;   /* a{sv}; nullable: how its guest writes its memory */
} Checks;

static void
check_one (gpointer data, guint i)
{
  const Checks *checks = data;
  MigrateSurveyRow *row = checks->run->rows->pdata[i];

  if (row->job != NULL && !_migrate_work_is_cancelled (checks->run->work))
    _migrate_job_check_beside (row->job, checks->source, checks->look, &row->error);
}

/* ---- what counts of a row ---- */

static MigrateAge
age_of (const MigrateFacts *facts)
{
  const MigrateHostInfo *from = &facts->source, *to = &facts->destination;

  if (to->libvirt_version < from->libvirt_version
      || to->hypervisor_version < from->hypervisor_version)
    return MIGRATE_AGE_OLDER;
  return to->libvirt_version == from->libvirt_version
             && to->hypervisor_version == from->hypervisor_version
           ? MIGRATE_AGE_SAME
           : MIGRATE_AGE_NEWER;
}

/* Each once; a report has blockers first. */
static char *
list_blockers (MigrateReport *report)
{
  g_autoptr (GPtrArray) codes = g_ptr_array_new ();
  g_autoptr (MigrateFinding) finding = NULL;
  guint more = 0;
  GString *text = g_string_new (NULL);

  for (guint i = 0; (finding = g_list_model_get_item (G_LIST_MODEL (report), i)) != NULL; i++)
    {
      const char *code = migrate_finding_get_code (finding);

      if (migrate_finding_get_severity (finding) == MIGRATE_SEVERITY_BLOCKER
          && !g_ptr_array_find_with_equal_func (codes, code, g_str_equal, NULL))
        g_ptr_array_add (codes, (gpointer) code); /* the report keeps it */
      g_clear_object (&finding);
    }
  more = codes->len > MOST_CODES ? codes->len - MOST_CODES : 0;
  for (guint i = 0; i < codes->len - more; i++)
    g_string_append_printf (text, "%s%s", i > 0 ? ", " : "", (const char *) codes->pdata[i]);
  if (more > 0)
    g_string_append_printf (text, " and %u more", more);
  return g_string_free (text, FALSE);
}

typedef struct
{
  MigrateSurveyRow *row;
  MigrateReport *report;   /* nullable */
  MigrateFacts *facts;     /* nullable */
  MigrateFailure *failure; /* nullable */
  char *host, *codes;
} Seen;

static void
seen_clear (Seen *self)
{
  g_clear_object (&self->report);
  g_clear_pointer (&self->facts, migrate_facts_unref);
  g_clear_pointer (&self->failure, migrate_failure_unref);
  g_free (self->host);
  g_free (self->codes);
}

static void
look_at_row (MigrateSurveyRow *row, Seen *seen)
{
  *seen = (Seen){ .row = row, .host = _migrate_host_dup_platform_name (row->host) };
  if (row->error == NULL)
    {
      seen->report = migrate_job_dup_report (row->job);
      seen->facts = migrate_job_dup_facts (row->job);
      return;
    }
  seen->failure = row->job != NULL ? migrate_job_dup_failure (row->job) : NULL;
  if (seen->failure == NULL)
    seen->failure = _migrate_failure_new (row->error, MIGRATE_PHASE_IDLE);
}

/* A row that learns of the guest on another host is judged again: nobody is asked for that. */
static gboolean
tell_of_others (Seen *seen, GPtrArray *others, GError **error)
{
  const MigrateFacts *before = seen->facts;

  if (before == NULL)
    return TRUE;
  if (!_migrate_facts_add_elsewhere (&seen->facts, others, error))
    return FALSE;
  if (seen->facts == before)
    return TRUE;
  g_object_unref (seen->report);
  seen->report
    = migrate_facts_check (seen->facts, NULL /* policy */, migrate_facts_get_kind (seen->facts));
  return TRUE;
}

static gboolean
tell_each_of_others (Seen *seen, guint n, GError **error)
{
  g_autoptr (GPtrArray) others
    = g_ptr_array_new_with_free_func ((GDestroyNotify) migrate_facts_unref);

  for (guint i = 0; i < n; i++)
    if (seen[i].facts != NULL)
      g_ptr_array_add (others, migrate_facts_ref (seen[i].facts));
  for (guint i = 0; i < n; i++)
    if (!tell_of_others (&seen[i], others, error))
      return FALSE;
  return TRUE;
}

static void
make_candidate (Seen *seen, guint place, MigrateCandidate *candidate)
{
  MigrateForecast *forecast;

  *candidate = (MigrateCandidate){ .host = seen->host, .place = place };
  if (seen->report == NULL)
    {
      candidate->why = seen->row->error->message;
      return;
    }
  seen->codes = list_blockers (seen->report);
  candidate->codes = seen->codes;
  candidate->blockers = migrate_report_count (seen->report, MIGRATE_SEVERITY_BLOCKER);
  candidate->warnings = migrate_report_count (seen->report, MIGRATE_SEVERITY_WARNING);
  forecast = migrate_report_get_forecast (seen->report);
  if (forecast != NULL)
    {
      candidate->convergence = migrate_forecast_get_convergence (forecast);
      if (migrate_forecast_has_total_most (forecast))
        candidate->total_ms = migrate_forecast_get_total_most_ms (forecast);
    }
  candidate->copies = migrate_report_get_kind (seen->report) == MIGRATE_KIND_BLOCK;
  candidate->cpu = seen->facts->on_destination.cpu;
  candidate->age = age_of (seen->facts);
  candidate->memory_free = seen->facts->on_destination.memory_free;
}

static GListModel *
rank (const Seen *seen, MigrateCandidate *candidates, guint n)
{
  GListStore *entries = g_list_store_new (MIGRATE_TYPE_SURVEY_ENTRY);

  _migrate_survey_rank (candidates, n);
  for (guint i = 0; i < n; i++)
    {
      const Seen *of = &seen[candidates[i].place];
      g_autofree char *reason = _migrate_survey_explain (candidates, n, i);
      g_autoptr (MigrateSurveyEntry) entry = _migrate_survey_entry_new (
        of->row->host, i + 1, reason, of->report, of->facts, of->failure);

      g_list_store_append (entries, entry);
    }
  return G_LIST_MODEL (entries);
}

static GListModel *
list_entries (MigrateSurveyRun *run, GError **error)
{
  guint n = run->rows->len;
  g_autofree Seen *seen = g_new0 (Seen, n);
  g_autofree MigrateCandidate *candidates = g_new0 (MigrateCandidate, n);
  GListModel *entries = NULL;

  for (guint i = 0; i < n; i++)
    look_at_row (run->rows->pdata[i], &seen[i]);
  if (tell_each_of_others (seen, n, error))
    {
      for (guint i = 0; i < n; i++)
        make_candidate (&seen[i], i, &candidates[i]);
      entries = rank (seen, candidates, n);
    }
  for (guint i = 0; i < n; i++)
    seen_clear (&seen[i]);
  return entries;
}

/* One look for all: libvirt takes one measurement of a guest at a time. FALSE: cancelled. */
static gboolean
look_at_guest (MigrateSurveyRun *run, GVariant *source, GVariant **look, GError **error)
{
  g_autoptr (GVariant) values
    = g_variant_lookup_value (source, MIGRATE_FACT_GUEST, G_VARIANT_TYPE_VARDICT);
  g_auto (MigrateDomain) guest = { 0 };
  MigrateDirtySample sample;

  if (!run->forecast || !_migrate_domain_read (values, &guest)
      || guest.state == MIGRATE_DOMAIN_SHUTOFF)
    return TRUE;
  if (!_migrate_dirty_rate_sample (run->work, &guest, &sample, error))
    return FALSE;
  *look = g_variant_ref_sink (_migrate_dirty_sample_to_variant (&sample));
  return TRUE;
}

GListModel *
_migrate_survey_gather (MigrateSurveyRun *run, GError **error)
{
  g_autoptr (GVariant) source = NULL;
  g_autoptr (GVariant) look = NULL;
  Checks checks = { .run = run };

  if (run->destinations->len == 0)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Name a host where the guest could go",
                          "A survey needs a destination");
      return NULL;
    }
  if (_migrate_survey_check_cancelled (run, error))
    return NULL;
  source = _migrate_facts_gather_source (run->work, error);
  if (source == NULL || !look_at_guest (run, source, &look, error))
    return NULL;
  checks.source = source;
  checks.look = look;
  make_rows (run);
  _migrate_backend_each (run->work->backend, "migrate-survey", MIGRATE_SURVEY_AT_ONCE,
                         run->rows->len, check_one, &checks);
  return _migrate_survey_check_cancelled (run, error) ? NULL : list_entries (run, error);
}
