/* The operator's verbs on a job: in every state and phase, from this process and from another. The
 * other process is a second journal on the same file, with a job that was loaded from it. */
#include "sim.h"

#include "journal/journal-private.h"
#include "steps/asked-private.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <glib/gstdio.h>
#include <libmigrate/migrate.h>

#define GIB (G_GUINT64_CONSTANT (1) << 30)

static SimWorld *world;
static MigrateJournal *journal, *second;
static char *folder;

static void
set_up (void)
{
  g_autofree char *path = NULL;

  folder = g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
  path = g_build_filename (folder, "journal.sqlite", NULL);
  journal = migrate_sqlite_journal_new (path);
  second = migrate_sqlite_journal_new (path);
  world = sim_world_new ("w", 1);
  sim_world_add_host (world, "h1");
  sim_world_add_host (world, "h2");
}

static void
tear_down (void)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  g_clear_object (&journal);
  g_clear_object (&second);
  sim_world_free (world);
  while ((name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
  g_clear_pointer (&folder, g_free);
}

TestSuite (steer, .init = set_up, .fini = tear_down, .timeout = 120);

/* ---- a job, and what is asked of it ---- */

static void
add_guest (guint64 memory, guint64 dirty_rate)
{
  sim_world_add_guest (
    world, "h1",
    &(SimGuestSpec){
      .name = "g0", .memory = memory, .dirty_rate = dirty_rate, .working_set = memory / 4 });
}

static void
set_policy (MigrateJob *job, const char *key, const char *value)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);

  cr_assert (migrate_policy_set (policy, key, value, NULL));
  migrate_job_set_policy (job, policy);
}

static MigrateJob *
job_new (void)
{
  g_autoptr (MigrateHost) source = migrate_host_new ("sim://w/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new ("sim://w/h2");
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  migrate_job_set_journal (job, journal);
  return job;
}

static MigrateJob *
from_elsewhere (MigrateJob *job)
{
  g_autoptr (GError) error = NULL;
  MigrateJob *loaded = migrate_job_load (second, migrate_job_get_id (job), NULL, &error);

  cr_assert_not_null (loaded, "%s", error != NULL ? error->message : "");
  return loaded;
}

static GVariant *
one (const char *key, const char *value)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", key, g_variant_new_string (value));
  return g_variant_builder_end (&builder);
}

typedef enum
{
  RETUNE,
  FINISH_NOW,
  PAUSE,
  GIVE_UP
} Verb;
static const char *const verb_names[] = { "retune", "finish-now", "pause", "give-up" };

static gboolean
ask (MigrateJob *job, Verb verb, const char *key, const char *value, GError **error)
{
  switch (verb)
    {
    case RETUNE:
      return migrate_job_retune (job, one (key, value), NULL /* cancellable */, error);
    case FINISH_NOW:
      return migrate_job_finish_now (job, NULL /* cancellable */, error);
    case PAUSE:
      return migrate_job_pause (job, NULL /* cancellable */, error);
    case GIVE_UP:
    default:
      return migrate_job_give_up (job, NULL /* cancellable */, error);
    }
}

static char *
value_of (MigrateJob *job, const char *key)
{
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);

  return migrate_policy_dup (policy, key, NULL);
}

static void
assert_value (MigrateJob *job, const char *key, const char *expected)
{
  g_autofree char *value = value_of (job, key);

  cr_assert_str_eq (value, expected, "%s is “%s”", key, value);
}

static char *
value_in_journal (MigrateJob *job, const char *key)
{
  g_autoptr (GVariant) values
    = _migrate_journal_load_job (second, migrate_job_get_id (job), NULL /* error */);
  g_autoptr (GVariant) policy
    = g_variant_lookup_value (values, MIGRATE_JOB_KEY_POLICY, G_VARIANT_TYPE_VARDICT);

  return g_strdup (_migrate_variant_string (policy, key));
}

static void
assert_in_journal (MigrateJob *job, const char *key, const char *expected)
{
  g_autofree char *value = value_in_journal (job, key);

  cr_assert_str_eq (value, expected, "%s is “%s” in the journal", key, value);
}

static guint
count_entries (MigrateJob *job, const char *kind, const char *name, const char *status)
{
  g_autoptr (GVariant) entries
    = _migrate_journal_load_entries (second, migrate_job_get_id (job), NULL /* error */);
  guint n = 0;

  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);

      n += g_strcmp0 (_migrate_variant_string (entry, "kind"), kind) == 0
           && g_strcmp0 (_migrate_variant_string (entry, "name"), name) == 0
           && g_strcmp0 (_migrate_variant_string (entry, "status"), status) == 0;
    }
  return n;
}

static void
assert_code (const GError *error, int code)
{
  cr_assert_not_null (error, "it did not fail");
  cr_assert (g_error_matches (error, MIGRATE_ERROR, code), "code %d: %s", error->code,
             error->message);
}

static gboolean
runs_on (const char *host)
{
  SimDomainInfo info = sim_world_get_domain (world, host, "g0");

  return info.active && info.state == MIGRATE_DOMAIN_RUNNING;
}

static void
assert_no_violation (void)
{
  GPtrArray *violations = sim_world_get_violations (world);

  cr_assert_eq (violations->len, 0, "%s", violations->len > 0 ? (char *) violations->pdata[0] : "");
}

/* ---- in the midst of a run ---- */

typedef struct
{
  MigratePhase phase;
  void (*ask) (MigrateJob *job, gpointer data);
  gpointer data;
  gboolean asked;
} When;

static void
on_phase (MigrateJob *job, GParamSpec *pspec, When *when)
{
  if (when->asked || migrate_job_get_phase (job) != when->phase)
    return;
  when->asked = TRUE;
  when->ask (job, when->data);
}

/* TRUE: it moved. */
static gboolean
run_and_ask (MigrateJob *job, MigratePhase phase, void (*func) (MigrateJob *job, gpointer data),
             gpointer data)
{
  When when = { .phase = phase, .ask = func, .data = data };
  g_autoptr (MigrateResult) result = NULL;
  gulong id = g_signal_connect (job, "notify::phase", G_CALLBACK (on_phase), &when);

  result = migrate_job_run (job, NULL /* cancellable */, NULL /* error */);
  g_signal_handler_disconnect (job, id);
  cr_assert (when.asked, "it was never in phase %d", (int) phase);
  return result != NULL;
}

static const struct
{
  const char *label;
  MigratePhase phase;
  Verb verb;
  int code; /* 0: it is done */
  gboolean moves;
} in_flight[] = {
  { "retune", MIGRATE_PHASE_STARTING, RETUNE, 0, TRUE },
  { "retune", MIGRATE_PHASE_COPYING_MEMORY, RETUNE, 0, TRUE },
  { "retune", MIGRATE_PHASE_SWITCHING_OVER, RETUNE, 0, TRUE },
  { "retune", MIGRATE_PHASE_POSTCOPY, RETUNE, 0, TRUE },
  { "finish now", MIGRATE_PHASE_STARTING, FINISH_NOW, 0, TRUE },
  { "finish now", MIGRATE_PHASE_COPYING_MEMORY, FINISH_NOW, 0, TRUE },
  { "finish now", MIGRATE_PHASE_SWITCHING_OVER, FINISH_NOW, 0, TRUE },
  { "finish now", MIGRATE_PHASE_POSTCOPY, FINISH_NOW, 0, TRUE },
  { "pause", MIGRATE_PHASE_STARTING, PAUSE, 0, TRUE },
  { "pause", MIGRATE_PHASE_COPYING_MEMORY, PAUSE, 0, TRUE },
  { "pause", MIGRATE_PHASE_SWITCHING_OVER, PAUSE, 0, TRUE },
  { "pause", MIGRATE_PHASE_POSTCOPY, PAUSE, MIGRATE_ERROR_TOO_LATE, TRUE },
  { "give up", MIGRATE_PHASE_STARTING, GIVE_UP, 0, FALSE },
  { "give up", MIGRATE_PHASE_COPYING_MEMORY, GIVE_UP, 0, FALSE },
  { "give up", MIGRATE_PHASE_SWITCHING_OVER, GIVE_UP, 0, FALSE },
  { "give up", MIGRATE_PHASE_POSTCOPY, GIVE_UP, MIGRATE_ERROR_TOO_LATE, TRUE },
  /* Before and after the transfer. */
  { "retune", MIGRATE_PHASE_PREPARING, RETUNE, 0, TRUE },
  { "finish now", MIGRATE_PHASE_PREPARING, FINISH_NOW, MIGRATE_ERROR_WRONG_STATE, TRUE },
  { "pause", MIGRATE_PHASE_PREPARING, PAUSE, MIGRATE_ERROR_WRONG_STATE, TRUE },
  { "give up", MIGRATE_PHASE_PREPARING, GIVE_UP, 0, FALSE },
  { "retune", MIGRATE_PHASE_FINALIZING, RETUNE, MIGRATE_ERROR_WRONG_STATE, TRUE },
  { "finish now", MIGRATE_PHASE_FINALIZING, FINISH_NOW, MIGRATE_ERROR_WRONG_STATE, TRUE },
  { "pause", MIGRATE_PHASE_FINALIZING, PAUSE, MIGRATE_ERROR_TOO_LATE, TRUE },
  { "give up", MIGRATE_PHASE_FINALIZING, GIVE_UP, MIGRATE_ERROR_TOO_LATE, TRUE },
};

typedef struct
{
  Verb verb;
  gboolean elsewhere;
  GError *error;
  gboolean ok;
} Asking;

static void
ask_it (MigrateJob *job, gpointer data)
{
  Asking *asking = data;
  g_autoptr (MigrateJob) other = asking->elsewhere ? from_elsewhere (job) : g_object_ref (job);

  asking->ok = ask (other, asking->verb, "poll-interval", "400", &asking->error);
}

/* A switch-over that takes seconds, so that it is seen. */
static MigrateJob *
job_with_phase (MigratePhase phase)
{
  MigrateJob *job = job_new ();

  add_guest (2 * GIB, phase == MIGRATE_PHASE_POSTCOPY ? 64 << 20 : 16 << 20);
  if (phase == MIGRATE_PHASE_SWITCHING_OVER)
    {
      set_policy (job, "target-downtime", "4000");
      set_policy (job, "max-downtime", "4000");
    }
  if (phase == MIGRATE_PHASE_POSTCOPY)
    {
      set_policy (job, "allow", "postcopy");
      set_policy (job, "postcopy-start", "first-pass");
    }
  return job;
}

static void
ask_in_flight (gsize i, gboolean elsewhere)
{
  g_autoptr (MigrateJob) job = job_with_phase (in_flight[i].phase);
  Asking asking = { .verb = in_flight[i].verb, .elsewhere = elsewhere };
  gboolean moved = run_and_ask (job, in_flight[i].phase, ask_it, &asking);
  const char *where = elsewhere ? "elsewhere" : "here";

  if (in_flight[i].code == 0)
    cr_assert (asking.ok, "%s in phase %d, %s: %s", in_flight[i].label, (int) in_flight[i].phase,
               where, asking.error != NULL ? asking.error->message : "");
  else
    {
      cr_assert_not (asking.ok, "%s in phase %d, %s", in_flight[i].label, (int) in_flight[i].phase,
                     where);
      assert_code (asking.error, in_flight[i].code);
    }
  cr_assert_eq (moved, in_flight[i].moves, "%s in phase %d, %s", in_flight[i].label,
                (int) in_flight[i].phase, where);
  cr_assert (runs_on (moved ? "h2" : "h1"));
  assert_no_violation ();
  if (in_flight[i].verb == RETUNE)
    {
      assert_value (job, "poll-interval", asking.ok ? "400" : "500");
      assert_in_journal (job, "poll-interval", asking.ok ? "400" : "500");
    }
  g_clear_error (&asking.error);
}

ParameterizedTestParameters (steer, here)
{
  static size_t rows[G_N_ELEMENTS (in_flight)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *row, steer, here) { ask_in_flight (*row, FALSE); }

ParameterizedTestParameters (steer, elsewhere)
{
  static size_t rows[G_N_ELEMENTS (in_flight)];

  for (size_t i = 0; i < G_N_ELEMENTS (rows); i++)
    rows[i] = i;
  return cr_make_param_array (size_t, rows, G_N_ELEMENTS (rows));
}

ParameterizedTest (size_t *row, steer, elsewhere) { ask_in_flight (*row, TRUE); }

/* ---- at rest ---- */

static void
retune_and_expect (MigrateJob *job, const char *key, const char *value, int code, const char *says)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = ask (job, RETUNE, key, value, &error);

  cr_assert_eq (ok, code == 0, "%s=%s: %s", key, value, error != NULL ? error->message : "");
  if (code == 0)
    return;
  assert_code (error, code);
  cr_assert_not_null (strstr (error->message, says), "%s", error->message);
}

Test (steer, at_rest_every_verb_has_an_answer)
{
  static const struct
  {
    Verb verb;
    int fresh, checked, prepared, done; /* codes; 0: it is done */
  } rows[] = {
    { RETUNE, 0, 0, 0, MIGRATE_ERROR_WRONG_STATE },
    { FINISH_NOW, MIGRATE_ERROR_WRONG_STATE, MIGRATE_ERROR_WRONG_STATE, MIGRATE_ERROR_WRONG_STATE,
      MIGRATE_ERROR_WRONG_STATE },
    { PAUSE, MIGRATE_ERROR_WRONG_STATE, MIGRATE_ERROR_WRONG_STATE, MIGRATE_ERROR_WRONG_STATE,
      MIGRATE_ERROR_TOO_LATE },
    { GIVE_UP, 0, 0, 0, MIGRATE_ERROR_TOO_LATE },
  };

  add_guest (64 << 20, 0);
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    for (int at = 0; at < 3; at++)
      {
        g_autoptr (MigrateJob) job = job_new ();
        g_autoptr (GError) error = NULL;
        int code = at == 0 ? rows[i].fresh : at == 1 ? rows[i].checked : rows[i].prepared;

        if (at > 0)
          {
            g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, NULL);

            cr_assert_not_null (report);
          }
        if (at > 1)
          cr_assert (migrate_job_prepare (job, NULL, NULL));
        cr_assert_eq (ask (job, rows[i].verb, "bandwidth", "16", &error), code == 0, "%s, %d: %s",
                      verb_names[rows[i].verb], at, error != NULL ? error->message : "");
        if (code != 0)
          assert_code (error, code);
        else if (rows[i].verb == RETUNE)
          assert_value (job, "bandwidth", "16");
        else
          cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_CANCELLED);
        if (rows[i].verb == RETUNE && at > 0)
          assert_in_journal (job, "bandwidth", "16");
        if (migrate_job_get_state (job) != MIGRATE_STATE_CANCELLED)
          cr_assert (migrate_job_cancel (job, NULL, NULL));
      }
  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (MigrateJob) job = job_new ();
      g_autoptr (MigrateResult) result = NULL;
      g_autoptr (GError) error = NULL;

      if (runs_on ("h2"))
        {
          g_clear_object (&job);
          sim_world_add_guest (world, "h1", &(SimGuestSpec){ .name = "g1" });
          break;
        }
      result = migrate_job_run (job, NULL, NULL);
      cr_assert_not_null (result);
      for (gsize j = 0; j < G_N_ELEMENTS (rows); j++)
        {
          cr_assert_not (ask (job, rows[j].verb, "bandwidth", "16", &error));
          assert_code (error, rows[j].done);
          g_clear_error (&error);
        }
    }
}

Test (steer, a_retune_names_its_key_and_changes_nothing_when_refused)
{
  g_autoptr (MigrateJob) job = job_new ();

  retune_and_expect (job, "no-such", "1", MIGRATE_ERROR_INVALID, "“no-such”");
  retune_and_expect (job, "bandwidth", "lots", MIGRATE_ERROR_INVALID, "“bandwidth”");
  retune_and_expect (job, "max-downtime", "3", MIGRATE_ERROR_INVALID, "“max-downtime”");
  retune_and_expect (job, "tls", "true", MIGRATE_ERROR_UNSUPPORTED, "“tls”");
  retune_and_expect (job, "transport", "direct", MIGRATE_ERROR_UNSUPPORTED, "“transport”");
  retune_and_expect (job, "bandwidth", "7", 0, NULL);
  assert_value (job, "bandwidth", "7");
  assert_value (job, "max-downtime", "500");
}

Test (steer, a_retune_takes_values_of_the_keys_own_types)
{
  g_autoptr (MigrateJob) job = job_new ();
  g_autoptr (GError) error = NULL;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "bandwidth", g_variant_new_uint32 (12));
  g_variant_builder_add (&builder, "{sv}", "max-downtime", g_variant_new_int64 (700));
  g_variant_builder_add (&builder, "{sv}", "deadline", g_variant_new_double (90));
  g_variant_builder_add (&builder, "{sv}", "shadow", g_variant_new_boolean (TRUE));
  g_variant_builder_add (&builder, "{sv}", "allow",
                         g_variant_new_strv ((const char *[]){ "pause", "throttle" }, 2));
  cr_assert (migrate_job_retune (job, g_variant_builder_end (&builder), NULL, &error), "%s",
             error != NULL ? error->message : "");
  assert_value (job, "bandwidth", "12");
  assert_value (job, "max-downtime", "700");
  assert_value (job, "deadline", "90");
  assert_value (job, "shadow", "true");
  assert_value (job, "allow", "throttle;pause");
  cr_assert_not (migrate_job_retune (job, g_variant_new ("a{sv}", NULL), NULL, &error));
  assert_code (error, MIGRATE_ERROR_INVALID);
  g_clear_error (&error);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "bandwidth", g_variant_new ("(ii)", 1, 2));
  cr_assert_not (migrate_job_retune (job, g_variant_builder_end (&builder), NULL, &error));
  assert_code (error, MIGRATE_ERROR_INVALID);
  cr_assert_not_null (strstr (error->message, "bandwidth"));
}

Test (steer, a_job_that_waits_for_a_slot_elsewhere_is_retuned_before_it_is_prepared)
{
  g_autoptr (MigrateJob) job = job_new ();
  g_autoptr (MigrateJob) other = NULL;
  g_autoptr (MigrateReport) report = NULL;
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GError) error = NULL;
  gint64 before;

  add_guest (64 << 20, 0);
  report = migrate_job_check (job, NULL, NULL);
  other = from_elsewhere (job);
  cr_assert (ask (other, RETUNE, "bandwidth", "4", &error), "%s",
             error != NULL ? error->message : "");
  before = sim_world_get_now (world);
  result = migrate_job_run (job, NULL, &error);
  cr_assert_not_null (result, "%s", error != NULL ? error->message : "");
  assert_value (job, "bandwidth", "4");
  cr_assert_gt (sim_world_get_now (world) - before, 14 * G_TIME_SPAN_SECOND, "64 MiB at 4 MiB/s");
}

/* ---- in flight: the hypervisor ---- */

static void
retune_two_at_once (MigrateJob *job, gpointer data)
{
  GError **error = data;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "bandwidth", g_variant_new_string ("300"));
  g_variant_builder_add (&builder, "{sv}", "max-downtime", g_variant_new_string ("900"));
  g_variant_builder_add (&builder, "{sv}", "tls", g_variant_new_string ("true"));
  cr_assert_not (migrate_job_retune (job, g_variant_builder_end (&builder), NULL, error));
}

Test (steer, one_bad_key_among_good_ones_refuses_all)
{
  g_autoptr (MigrateJob) job = job_with_phase (MIGRATE_PHASE_COPYING_MEMORY);
  GError *error = NULL;

  cr_assert (run_and_ask (job, MIGRATE_PHASE_COPYING_MEMORY, retune_two_at_once, &error));
  assert_code (error, MIGRATE_ERROR_UNSUPPORTED);
  cr_assert_not_null (strstr (error->message, "“tls”"));
  g_error_free (error);
  assert_value (job, "bandwidth", "0");
  assert_value (job, "max-downtime", "500");
  assert_in_journal (job, "bandwidth", "0");
  cr_assert_eq (sim_world_count_calls (world, "set-bandwidth"), 0);
}

static void
slow_it_down (MigrateJob *job, gpointer data)
{
  retune_and_expect (job, "bandwidth", "64", 0, NULL);
  assert_value (job, "bandwidth", "64");
  assert_in_journal (job, "bandwidth", "64");
  retune_and_expect (job, "bandwidth", "32", 0, NULL);
  *(gint64 *) data = sim_world_get_now (world);
}

Test (steer, two_retunes_in_a_row_reach_the_hypervisor)
{
  g_autoptr (MigrateJob) job = job_new ();
  gint64 since = 0;

  add_guest (1 * GIB, 0);
  cr_assert (run_and_ask (job, MIGRATE_PHASE_COPYING_MEMORY, slow_it_down, &since));
  cr_assert_gt (sim_world_get_now (world) - since, 20 * G_TIME_SPAN_SECOND,
                "most of 1 GiB at 32 MiB/s");
  assert_value (job, "bandwidth", "32");
  assert_in_journal (job, "bandwidth", "32");
  cr_assert_eq (count_entries (job, "step", "retune", "done"), 2);
  cr_assert_eq (count_entries (job, "decision", "retune", "done"), 2);
}

static void
retune_refused (MigrateJob *job, gpointer data)
{
  g_autoptr (GError) error = NULL;
  GVariantBuilder builder;

  sim_world_fail_call (world, "set-postcopy-bandwidth", 1, 9);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "bandwidth", g_variant_new_string ("300"));
  g_variant_builder_add (&builder, "{sv}", "postcopy-bandwidth", g_variant_new_string ("10"));
  g_variant_builder_add (&builder, "{sv}", "deadline", g_variant_new_string ("900"));
  cr_assert_not (migrate_job_retune (job, g_variant_builder_end (&builder), NULL, &error));
  cr_assert_not_null (strstr (error->message, "“postcopy-bandwidth”"), "%s", error->message);
  assert_value (job, "bandwidth", "0");
  assert_value (job, "deadline", "0");
  assert_in_journal (job, "bandwidth", "0");
}

Test (steer, what_the_hypervisor_refuses_is_undone_for_all_keys)
{
  g_autoptr (MigrateJob) job = job_with_phase (MIGRATE_PHASE_COPYING_MEMORY);

  set_policy (job, "allow", "postcopy");
  cr_assert (run_and_ask (job, MIGRATE_PHASE_COPYING_MEMORY, retune_refused, NULL));
  cr_assert_eq (sim_world_count_calls (world, "set-bandwidth"), 2, "set, and set back");
  cr_assert_eq (count_entries (job, "step", "retune", "failed"), 1);
  assert_in_journal (job, "bandwidth", "0");
}

static void
arm_late (MigrateJob *job, gpointer data)
{
  retune_and_expect (job, "allow", "postcopy", MIGRATE_ERROR_UNSUPPORTED,
                     "can only be armed before the start");
  retune_and_expect (job, "allow", "pause;throttle", MIGRATE_ERROR_UNSUPPORTED, "throttling");
  assert_value (job, "allow", "");
  retune_and_expect (job, "allow", "pause", 0, NULL);
}

Test (steer, what_was_not_armed_is_not_given)
{
  g_autoptr (MigrateJob) job = job_with_phase (MIGRATE_PHASE_COPYING_MEMORY);

  cr_assert (run_and_ask (job, MIGRATE_PHASE_COPYING_MEMORY, arm_late, NULL));
  assert_value (job, "allow", "pause");
}

static void
take_away_and_give_back (MigrateJob *job, gpointer data)
{
  retune_and_expect (job, "allow", "", 0, NULL);
  assert_in_journal (job, "allow", "");
  retune_and_expect (job, "allow", "postcopy", 0, NULL);
}

Test (steer, what_was_armed_is_taken_away_and_given_back)
{
  g_autoptr (MigrateJob) job = job_with_phase (MIGRATE_PHASE_COPYING_MEMORY);

  set_policy (job, "allow", "postcopy");
  cr_assert (run_and_ask (job, MIGRATE_PHASE_COPYING_MEMORY, take_away_and_give_back, NULL));
  assert_value (job, "allow", "postcopy");
}

static void
faster_postcopy (MigrateJob *job, gpointer data)
{
  retune_and_expect (job, "postcopy-bandwidth", "0", 0, NULL);
  *(gint64 *) data = sim_world_get_now (world);
}

Test (steer, a_post_copy_is_let_loose)
{
  g_autoptr (MigrateJob) job = job_with_phase (MIGRATE_PHASE_POSTCOPY);
  gint64 since = 0;

  set_policy (job, "postcopy-bandwidth", "1");
  cr_assert (run_and_ask (job, MIGRATE_PHASE_POSTCOPY, faster_postcopy, &since));
  cr_assert_eq (sim_world_count_calls (world, "set-postcopy-bandwidth"), 1);
  cr_assert_lt (sim_world_get_now (world) - since, 60 * G_TIME_SPAN_SECOND,
                "2 GiB at 1 MiB/s would take half an hour");
}

/* ---- give-up ---- */

Test (steer, a_given_up_move_is_undone_and_says_what_remained)
{
  g_autoptr (MigrateJob) job = job_with_phase (MIGRATE_PHASE_COPYING_MEMORY);
  g_autoptr (MigrateFailure) failure = NULL;
  g_autoptr (MigrateResult) result = NULL;
  Asking asking = { .verb = GIVE_UP };

  cr_assert_not (run_and_ask (job, MIGRATE_PHASE_COPYING_MEMORY, ask_it, &asking));
  cr_assert (asking.ok);
  cr_assert_eq (migrate_job_get_state (job), MIGRATE_STATE_UNDONE);
  failure = migrate_job_dup_failure (job);
  cr_assert_eq (migrate_failure_get_code (failure), MIGRATE_ERROR_NO_CONVERGENCE);
  cr_assert_not_null (strstr (migrate_failure_get_message (failure), "MiB remained"));
  result = migrate_job_dup_result (job);
  cr_assert_eq (migrate_result_get_outcome (result), MIGRATE_OUTCOME_STAYED);
  cr_assert_eq (count_entries (job, "decision", "give-up", "done"), 1);
}

/* ---- nobody, and somebody who does not answer ---- */

static void
leave_it (MigrateJob *job, gpointer data)
{
  cr_assert (migrate_job_detach (job, NULL, NULL));
}

Test (steer, a_job_that_nobody_follows_says_so_and_can_be_given_up)
{
  g_autoptr (MigrateJob) job = job_with_phase (MIGRATE_PHASE_COPYING_MEMORY);
  g_autoptr (MigrateJob) other = NULL;
  g_autoptr (GError) error = NULL;

  sim_world_enter (world); /* the copy does not run on while nobody waits */
  cr_assert_not (run_and_ask (job, MIGRATE_PHASE_COPYING_MEMORY, leave_it, NULL));
  other = from_elsewhere (job);
  for (int verb = RETUNE; verb <= PAUSE; verb++)
    {
      cr_assert_not (ask (other, (Verb) verb, "bandwidth", "16", &error));
      assert_code (error, MIGRATE_ERROR_NEEDS_RECOVER);
      cr_assert_not_null (strstr (error->message, "nobody follows"), "%s", error->message);
      g_clear_error (&error);
    }
  cr_assert (ask (other, GIVE_UP, NULL, NULL, &error), "%s", error != NULL ? error->message : "");
  cr_assert_eq (migrate_job_get_state (other), MIGRATE_STATE_UNDONE);
  cr_assert (runs_on ("h1"));
  sim_world_leave (world);
}
