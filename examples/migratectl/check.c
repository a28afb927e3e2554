/* migratectl check: what stands against a move, to one destination or to several, ranked. */
#include "check.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

static void
candidate_free (gpointer data)
{
  CtlCandidate *self = data;

  g_free (self->destination);
  g_free (self->reason);
  g_clear_object (&self->report);
  ctl_fault_free (self->fault);
  g_free (self);
}

static void
check_clear (CtlCheck *self)
{
  g_free (self->guest);
  g_free (self->source);
  g_ptr_array_unref (self->candidates);
  g_clear_pointer (&self->baseline, migrate_baseline_unref);
  ctl_fault_free (self->no_baseline);
}

static CtlExit
conclude (const CtlCheck *self)
{
  const CtlCandidate *best = self->candidates->pdata[0];

  ctl_check_tell (self);
  return best->report != NULL && !migrate_report_is_blocked (best->report) ? CTL_DONE : CTL_REFUSED;
}

/* ---- asking the hosts ---- */

typedef struct
{
  const CtlOptions *options;
  MigrateSurvey *survey;
  GMainLoop *loop;
  GCancellable *cancellable;
  GListModel *entries;       /* nullable */
  MigrateBaseline *baseline; /* nullable */
  CtlFault *fault;           /* nullable: of what was asked last */
} Asking;

static void
asked (Asking *self, GError *error)
{
  g_autoptr (GError) taken = error;
  g_autoptr (MigrateFailure) failure = migrate_survey_dup_failure (self->survey);

  if (taken != NULL)
    self->fault
      = failure != NULL ? ctl_fault_new_failure (failure) : ctl_fault_new (taken, NULL /* job */);
  g_main_loop_quit (self->loop);
}

static void
on_run (GObject *object, GAsyncResult *result, gpointer data)
{
  Asking *self = data;
  GError *error = NULL;

  self->entries = migrate_survey_run_finish (self->survey, result, &error);
  asked (self, error);
}

static void
on_baseline (GObject *object, GAsyncResult *result, gpointer data)
{
  Asking *self = data;
  GError *error = NULL;

  self->baseline = migrate_survey_baseline_finish (self->survey, result, &error);
  asked (self, error);
}

/* A check changes nothing, so there is nothing to unwind when a host does not let go of it. */
static gboolean
on_interrupt (gpointer data)
{
  Asking *self = data;

  if (g_cancellable_is_cancelled (self->cancellable))
    _exit ((int) ctl_fail (
      self->options,
      ctl_fault_new_literal ("cancelled", "Left before the hosts answered", NULL /* remedy */),
      CTL_REFUSED));
  ctl_err ("migratectl: cancelling…");
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static CtlCandidate *
candidate_new (MigrateSurveyEntry *entry)
{
  CtlCandidate *self = g_new0 (CtlCandidate, 1);
  MigrateFailure *failure = migrate_survey_entry_get_failure (entry);

  self->destination = ctl_redact (migrate_host_get_uri (migrate_survey_entry_get_host (entry)));
  self->reason = g_strdup (migrate_survey_entry_get_reason (entry));
  g_set_object (&self->report, migrate_survey_entry_get_report (entry));
  self->fault = failure != NULL ? ctl_fault_new_failure (failure) : NULL;
  return self;
}

static void
take_entries (CtlCheck *self, GListModel *entries)
{
  for (guint i = 0; i < g_list_model_get_n_items (entries); i++)
    {
      g_autoptr (MigrateSurveyEntry) entry = g_list_model_get_item (entries, i);

      g_ptr_array_add (self->candidates, candidate_new (entry));
    }
}

/* No destination was asked: what keeps one from being checked keeps all. */
static void
take_fault (CtlCheck *self, const CtlFault *fault, GListModel *destinations)
{
  self->failed = TRUE;
  for (guint i = 0; i < g_list_model_get_n_items (destinations); i++)
    {
      g_autoptr (MigrateHost) host = g_list_model_get_item (destinations, i);
      CtlCandidate *candidate = g_new0 (CtlCandidate, 1);

      candidate->destination = ctl_redact (migrate_host_get_uri (host));
      candidate->fault = ctl_fault_copy (fault);
      g_ptr_array_add (self->candidates, candidate);
    }
}

static void
ask (Asking *self, CtlCheck *check)
{
  migrate_survey_run_async (self->survey, self->cancellable, on_run, self);
  g_main_loop_run (self->loop);
  if (self->entries == NULL)
    {
      take_fault (check, self->fault, migrate_survey_get_destinations (self->survey));
      return;
    }
  take_entries (check, self->entries);
  if (!self->options->baseline)
    return;
  migrate_survey_baseline_async (self->survey, self->cancellable, on_baseline, self);
  g_main_loop_run (self->loop);
  check->baseline = g_steal_pointer (&self->baseline);
  check->no_baseline = g_steal_pointer (&self->fault);
}

/* ---- facts in a file ---- */

/* Longer ones the library refuses. */
#define MOST_FACTS (16 << 20)

static gboolean
save_facts (const Asking *self, GError **error)
{
  g_autoptr (MigrateSurveyEntry) entry
    = self->entries != NULL ? g_list_model_get_item (self->entries, 0) : NULL;
  MigrateFacts *facts = entry != NULL ? migrate_survey_entry_get_facts (entry) : NULL;
  g_autoptr (GBytes) bytes = facts != NULL ? migrate_facts_to_bytes (facts) : NULL;

  /* A check that failed has told why already. */
  return bytes == NULL
         || ctl_file_write (self->options->save_facts, "file of facts",
                            g_bytes_get_data (bytes, NULL), g_bytes_get_size (bytes), error);
}

/* The file's policy, which the options change; or theirs, when they name one. */
static MigratePolicy *
policy_for (const CtlOptions *options, MigrateFacts *facts, GError **error)
{
  g_autoptr (MigratePolicy) policy = NULL;

  if (options->policy != NULL)
    return ctl_request_policy (options, error);
  policy = migrate_facts_dup_policy (facts);
  return ctl_request_change_policy (options, policy, error) ? g_steal_pointer (&policy) : NULL;
}

static MigrateFacts *
load_facts (const char *path, GError **error)
{
  g_autoptr (GBytes) bytes = ctl_file_read (path, "file of facts", MOST_FACTS, error);

  return bytes != NULL ? migrate_facts_new_from_bytes (bytes, error) : NULL;
}

/* The file's names, which the options change; *names: both of them as they are to count. */
typedef struct
{
  MigrateMapping *mapping, *profile; /* nullable */
} Names;

static void
names_clear (Names *self)
{
  g_clear_object (&self->mapping);
  g_clear_object (&self->profile);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Names, names_clear)

static gboolean
names_for (const CtlOptions *options, MigrateFacts *facts, Names *names, GError **error)
{
  names->mapping = migrate_facts_dup_mapping (facts);
  names->profile = options->profile != NULL
                     ? migrate_mapping_new_from_file (options->profile, error)
                     : migrate_facts_dup_profile (facts);
  return (options->profile == NULL || names->profile != NULL)
         && ctl_request_mapping (options, &names->mapping, error);
}

static gboolean
renames (const CtlOptions *options)
{
  return options->map != NULL || options->profile != NULL || options->rename != NULL;
}

/* NULL without an error: the options are wrong, which is told. */
static MigrateReport *
report_on (const CtlOptions *options, MigrateFacts *facts, MigrateKind kind, GError **error)
{
  g_autoptr (MigratePolicy) policy = NULL;
  g_autoptr (MigrateFacts) mapped = NULL;
  g_autoptr (GError) wrong = NULL;
  g_auto (Names) names = { 0 };

  policy = policy_for (options, facts, &wrong);
  if (policy == NULL || !names_for (options, facts, &names, &wrong))
    {
      ctl_fail_usage (options, "check", wrong->message);
      return NULL;
    }
  if (renames (options))
    mapped = migrate_facts_map (facts, names.mapping, names.profile, error);
  if (renames (options) && mapped == NULL)
    return NULL;
  return migrate_facts_check (mapped != NULL ? mapped : facts, policy,
                              options->kind != NULL ? kind : migrate_facts_get_kind (facts));
}

static CtlExit
check_facts (CtlCheck *self, MigrateKind kind)
{
  const CtlOptions *options = self->options;
  GError *error = NULL;
  g_autoptr (MigrateFacts) facts = load_facts (options->facts, &error);
  g_autoptr (MigrateReport) report = NULL;
  CtlCandidate *candidate;

  if (facts != NULL)
    report = report_on (options, facts, kind, &error);
  if (error != NULL)
    return ctl_fail_error (options, error, CTL_REFUSED);
  if (report == NULL)
    return CTL_USAGE;
  if (options->forecast && migrate_report_get_forecast (report) == NULL)
    return ctl_fail_usage (options, "check",
                           "--forecast needs a look at how the guest writes, and the file has "
                           "none: write it with --save-facts and --forecast");
  self->guest = g_strdup (migrate_facts_get_guest_name (facts));
  self->source = ctl_redact (migrate_facts_get_source (facts));
  candidate = g_new0 (CtlCandidate, 1);
  candidate->destination = ctl_redact (migrate_facts_get_destination (facts));
  candidate->report = g_steal_pointer (&report);
  g_ptr_array_add (self->candidates, candidate);
  return conclude (self);
}

/* ---- all of it ---- */

static MigrateSurvey *
survey_from_options (const CtlOptions *options, MigratePolicy *policy, MigrateKind kind,
                     GError **error)
{
  g_autoptr (MigrateHost) source = migrate_host_new (options->from);
  g_autoptr (GListStore) destinations = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigrateJournal) journal
    = options->journal != NULL ? ctl_request_journal (options) : NULL;
  g_autoptr (MigrateJournal) history = options->forecast ? ctl_request_journal (options) : NULL;
  g_autoptr (MigrateMapping) mapping = NULL;
  MigrateSurvey *survey;

  if (!ctl_request_mapping (options, &mapping, error))
    return NULL;
  for (guint i = 0; options->to[i] != NULL; i++)
    {
      g_autoptr (MigrateHost) destination = ctl_request_destination (options, options->to[i]);

      if (!ctl_request_profile (options, destination, error))
        return NULL;
      g_list_store_append (destinations, destination);
    }
  survey = migrate_survey_new (options->rest[0], source, G_LIST_MODEL (destinations));
  migrate_survey_set_kind (survey, kind);
  migrate_survey_set_policy (survey, policy);
  migrate_survey_set_journal (survey, journal);
  migrate_survey_set_forecast (survey, options->forecast);
  migrate_survey_set_history (survey, history);
  migrate_survey_set_mapping (survey, mapping);
  return survey;
}

static CtlExit
check_hosts (CtlCheck *self, MigrateSurvey *survey)
{
  const CtlOptions *options = self->options;
  Asking asking = { .options = options,
                    .survey = survey,
                    .loop = g_main_loop_new (NULL, FALSE),
                    .cancellable = g_cancellable_new () };
  guint sources[] = { g_unix_signal_add (SIGINT, on_interrupt, &asking),
                      g_unix_signal_add (SIGTERM, on_interrupt, &asking) };
  GError *error = NULL;
  gboolean saved;

  self->guest = g_strdup (options->rest[0]);
  self->source = ctl_redact (options->from);
  ask (&asking, self);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  saved = options->save_facts == NULL || save_facts (&asking, &error);
  ctl_fault_free (asking.fault);
  g_clear_object (&asking.entries);
  g_object_unref (asking.cancellable);
  g_main_loop_unref (asking.loop);
  return saved ? conclude (self) : ctl_fail_error (options, error, CTL_REFUSED);
}

CtlExit
ctl_check (const CtlOptions *options)
{
  CtlCheck self = { .options = options };
  g_autoptr (MigratePolicy) policy = NULL;
  g_autoptr (MigrateSurvey) survey = NULL;
  g_autoptr (GError) error = NULL;
  MigrateKind kind;
  CtlExit code;

  if (ctl_request_kind (options, &kind, &error))
    policy = ctl_request_policy (options, &error);
  if (policy != NULL && options->facts == NULL)
    survey = survey_from_options (options, policy, kind, &error);
  if (error != NULL)
    return ctl_fail_usage (options, "check", error->message);
  self.candidates = g_ptr_array_new_with_free_func (candidate_free);
  code = options->facts != NULL ? check_facts (&self, kind) : check_hosts (&self, survey);
  check_clear (&self);
  return code;
}
