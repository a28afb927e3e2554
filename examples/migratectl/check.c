/* migratectl check: what stands against a move, to one destination or to several, ranked. */
#include "ctl.h"

#include <glib-unix.h>
#include <signal.h>
#include <unistd.h>

typedef struct _Check Check;

typedef struct
{
  Check *check;
  MigrateJob *job;            /* nullable: no host is asked */
  char *guest;                /* as asked for */
  char *source, *destination; /* to be shown */
  guint place;                /* as given */
  MigrateReport *report;      /* nullable */
  CtlFault *fault;            /* nullable */
} Candidate;

struct _Check
{
  const CtlOptions *options;
  GMainLoop *loop;
  GCancellable *cancellable;
  GPtrArray *candidates;
  guint pending;
};

static void
candidate_free (gpointer data)
{
  Candidate *self = data;

  g_clear_object (&self->job);
  g_free (self->guest);
  g_free (self->source);
  g_free (self->destination);
  g_clear_object (&self->report);
  ctl_fault_free (self->fault);
  g_free (self);
}

/* ---- decide: the ranking ---- */

static guint
count (const Candidate *self, MigrateSeverity severity)
{
  return self->report != NULL ? migrate_report_count (self->report, severity) : G_MAXUINT;
}

static int
compare_numbers (guint a, guint b)
{
  return (a > b) - (a < b);
}

static int
compare (gconstpointer pa, gconstpointer pb)
{
  const Candidate *a = *(Candidate *const *) pa, *b = *(Candidate *const *) pb;
  int order
    = compare_numbers (count (a, MIGRATE_SEVERITY_BLOCKER), count (b, MIGRATE_SEVERITY_BLOCKER));

  if (order == 0)
    order
      = compare_numbers (count (a, MIGRATE_SEVERITY_WARNING), count (b, MIGRATE_SEVERITY_WARNING));
  return order != 0 ? order : compare_numbers (a->place, b->place);
}

static gboolean
is_clear (const Candidate *self)
{
  return self->report != NULL && !migrate_report_is_blocked (self->report);
}

/* ---- telling ---- */

static MigrateForecast *
forecast_of (const Candidate *self)
{
  return self->report != NULL ? migrate_report_get_forecast (self->report) : NULL;
}

static void
tell_candidate (const Candidate *self)
{
  if (self->fault != NULL)
    {
      ctl_out ("  error    %s", self->fault->message);
      if (self->fault->remedy != NULL)
        ctl_out ("           remedy: %s", self->fault->remedy);
    }
  ctl_tell_findings (self->report, MIGRATE_SEVERITY_NOTE);
  ctl_tell_forecast ("  forecast", forecast_of (self));
}

static void
tell_counts (const Candidate *self, const char *what)
{
  guint blockers = count (self, MIGRATE_SEVERITY_BLOCKER);
  guint warnings = count (self, MIGRATE_SEVERITY_WARNING);

  if (self->report == NULL)
    ctl_out ("%s: could not be checked", what);
  else
    ctl_out ("%s: %s, %u blocker%s, %u warning%s", what,
             ctl_nick (MIGRATE_TYPE_KIND, (int) migrate_report_get_kind (self->report)), blockers,
             blockers == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
}

static void
tell_text (Check *self)
{
  Candidate *best = self->candidates->pdata[0];
  const char *name = best->report != NULL ? migrate_report_get_guest_name (best->report) : NULL;
  g_autofree char *guest = g_strdup_printf ("“%s”", name != NULL ? name : best->guest);

  if (self->candidates->len == 1)
    {
      /* An error is on stderr already. */
      if (best->report != NULL)
        {
          tell_counts (best, guest);
          tell_candidate (best);
        }
      return;
    }
  for (guint i = 0; i < self->candidates->len; i++)
    {
      Candidate *candidate = self->candidates->pdata[i];
      g_autofree char *what = g_strdup_printf ("%u. %s", i + 1, candidate->destination);

      tell_counts (candidate, what);
      tell_candidate (candidate);
    }
}

static void
add_candidate (JsonBuilder *builder, const Candidate *self)
{
  ctl_json_string (builder, "destination", self->destination);
  ctl_json_string (builder, "kind",
                   self->report != NULL
                     ? ctl_nick (MIGRATE_TYPE_KIND, (int) migrate_report_get_kind (self->report))
                     : NULL);
  json_builder_set_member_name (builder, "blocked");
  if (self->report != NULL)
    json_builder_add_boolean_value (builder, migrate_report_is_blocked (self->report));
  else
    json_builder_add_null_value (builder);
  ctl_json_findings (builder, self->report);
  ctl_json_forecast (builder, forecast_of (self));
  ctl_json_fault (builder, self->fault);
}

static void
tell_json (Check *self)
{
  g_autoptr (JsonBuilder) builder = json_builder_new ();
  Candidate *best = self->candidates->pdata[0];
  const char *name = best->report != NULL ? migrate_report_get_guest_name (best->report) : NULL;
  const char *uuid = best->report != NULL ? migrate_report_get_guest_uuid (best->report) : NULL;

  json_builder_begin_object (builder);
  ctl_json_string (builder, "guest", name != NULL ? name : best->guest);
  ctl_json_string (builder, "guest_uuid", uuid);
  ctl_json_string (builder, "source", best->source);
  add_candidate (builder, best);
  if (self->candidates->len > 1)
    {
      json_builder_set_member_name (builder, "destinations");
      json_builder_begin_array (builder);
      for (guint i = 0; i < self->candidates->len; i++)
        {
          json_builder_begin_object (builder);
          add_candidate (builder, self->candidates->pdata[i]);
          json_builder_end_object (builder);
        }
      json_builder_end_array (builder);
    }
  json_builder_end_object (builder);
  ctl_json_print (builder);
}

static CtlExit
conclude (Check *self, const CtlOptions *options)
{
  Candidate *best;

  g_ptr_array_sort (self->candidates, compare);
  best = self->candidates->pdata[0];
  if (options->json)
    tell_json (self);
  else
    tell_text (self);
  if (best->fault != NULL)
    ctl_fault_tell (best->fault);
  return is_clear (best) ? CTL_DONE : CTL_REFUSED;
}

/* ---- act ---- */

static void
on_checked (GObject *object, GAsyncResult *result, gpointer data)
{
  Candidate *self = data;
  g_autoptr (GError) error = NULL;

  self->report = migrate_job_check_finish (MIGRATE_JOB (object), result, &error);
  if (error != NULL)
    self->fault = ctl_fault_new (error, self->job);
  if (--self->check->pending == 0)
    g_main_loop_quit (self->check->loop);
}

/* A check changes nothing, so there is nothing to unwind when a host does not let go of it. */
static gboolean
on_interrupt (gpointer data)
{
  Check *self = data;

  if (g_cancellable_is_cancelled (self->cancellable))
    _exit ((int) ctl_fail (
      self->options,
      ctl_fault_new_literal ("cancelled", "Left before the hosts answered", NULL /* remedy */),
      CTL_REFUSED));
  ctl_err ("migratectl: cancelling…");
  g_cancellable_cancel (self->cancellable);
  return G_SOURCE_CONTINUE;
}

static void
run (Check *self)
{
  guint sources[2];

  self->loop = g_main_loop_new (NULL, FALSE);
  self->cancellable = g_cancellable_new ();
  sources[0] = g_unix_signal_add (SIGINT, on_interrupt, self);
  sources[1] = g_unix_signal_add (SIGTERM, on_interrupt, self);
  self->pending = self->candidates->len;
  for (guint i = 0; i < self->candidates->len; i++)
    {
      Candidate *candidate = self->candidates->pdata[i];

      migrate_job_check_async (candidate->job, self->cancellable, on_checked, candidate);
    }
  g_main_loop_run (self->loop);
  for (gsize i = 0; i < G_N_ELEMENTS (sources); i++)
    g_source_remove (sources[i]);
  g_object_unref (self->cancellable);
  g_main_loop_unref (self->loop);
}

static Candidate *
candidate_new (Check *check, const CtlOptions *options, guint place, MigrateHost *source,
               MigratePolicy *policy, MigrateKind kind)
{
  Candidate *self = g_new0 (Candidate, 1);
  g_autoptr (MigrateHost) destination = ctl_request_destination (options, options->to[place]);

  self->check = check;
  self->place = place;
  self->guest = g_strdup (options->rest[0]);
  self->source = ctl_redact (options->from);
  self->destination = ctl_redact (migrate_host_get_uri (destination));
  self->job = migrate_job_new (options->rest[0], source, destination);
  migrate_job_set_kind (self->job, kind);
  migrate_job_set_policy (self->job, policy);
  migrate_job_set_forecast (self->job, options->forecast);
  return self;
}

/* ---- facts in a file ---- */

/* Longer ones the library refuses. */
#define MOST_FACTS (16 << 20)

static gboolean
save_facts (Candidate *self, const char *path, GError **error)
{
  g_autoptr (MigrateFacts) facts = migrate_job_dup_facts (self->job);
  g_autoptr (GBytes) bytes = facts != NULL ? migrate_facts_to_bytes (facts) : NULL;

  /* A check that failed has told why already. */
  return bytes == NULL
         || ctl_file_write (path, "file of facts", g_bytes_get_data (bytes, NULL),
                            g_bytes_get_size (bytes), error);
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

static CtlExit
check_facts (Check *self, MigrateKind kind)
{
  const CtlOptions *options = self->options;
  g_autoptr (MigratePolicy) policy = NULL;
  GError *error = NULL;
  g_autoptr (MigrateFacts) facts = load_facts (options->facts, &error);
  Candidate *candidate;

  if (facts == NULL)
    return ctl_fail_error (options, error, CTL_REFUSED);
  policy = policy_for (options, facts, &error);
  if (policy == NULL)
    {
      CtlExit code = ctl_fail_usage (options, "check", error->message);

      g_error_free (error);
      return code;
    }
  if (options->kind == NULL)
    kind = migrate_facts_get_kind (facts);
  candidate = g_new0 (Candidate, 1);
  candidate->guest = g_strdup (migrate_facts_get_guest_name (facts));
  candidate->source = ctl_redact (migrate_facts_get_source (facts));
  candidate->destination = ctl_redact (migrate_facts_get_destination (facts));
  candidate->report = migrate_facts_check (facts, policy, kind);
  g_ptr_array_add (self->candidates, candidate);
  return conclude (self, options);
}

static CtlExit
fail_usage (const CtlOptions *options, GError *error)
{
  g_autoptr (GError) owned = error;

  return ctl_fail_usage (options, "check", owned->message);
}

static CtlExit
check_hosts (Check *self, MigratePolicy *policy, MigrateKind kind)
{
  const CtlOptions *options = self->options;
  g_autoptr (MigrateHost) source = migrate_host_new (options->from);
  g_autoptr (MigrateJournal) journal
    = options->journal != NULL ? ctl_request_journal (options) : migrate_sqlite_journal_new_none ();
  g_autoptr (MigrateJournal) history = options->forecast ? ctl_request_journal (options) : NULL;
  GError *error = NULL;

  for (guint i = 0; options->to[i] != NULL; i++)
    {
      Candidate *candidate = candidate_new (self, options, i, source, policy, kind);

      migrate_job_set_journal (candidate->job, journal);
      migrate_job_set_history (candidate->job, history);
      g_ptr_array_add (self->candidates, candidate);
      if (!ctl_request_names (options, candidate->job, &error))
        return fail_usage (options, error);
    }
  run (self);
  if (options->save_facts != NULL
      && !save_facts (self->candidates->pdata[0], options->save_facts, &error))
    return ctl_fail_error (options, error, CTL_REFUSED);
  return conclude (self, options);
}

CtlExit
ctl_check (const CtlOptions *options)
{
  Check self = { .options = options };
  g_autoptr (MigratePolicy) policy = NULL;
  g_autoptr (GError) error = NULL;
  MigrateKind kind;
  CtlExit code;

  if (ctl_request_kind (options, &kind, &error))
    policy = ctl_request_policy (options, &error);
  if (policy == NULL)
    return ctl_fail_usage (options, "check", error->message);
  self.candidates = g_ptr_array_new_with_free_func (candidate_free);
  code = options->facts != NULL ? check_facts (&self, kind) : check_hosts (&self, policy, kind);
  g_ptr_array_unref (self.candidates);
  return code;
}
