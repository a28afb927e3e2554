/* The n-th call of the journal fails once, for ever, or after it was written, for every n that a
 * move makes. When the move rests, what it says is true; afterwards the same program, or another
 * one with the same file, brings it to a good end, and a second move works. */
#include "sim.h"

#include "sim-journal.h"

#include <criterion/criterion.h>
#include <glib/gstdio.h>

TestSuite (unwritten, .timeout = 600);

typedef struct
{
  const char *hand_over;
  gboolean reply_lost; /* of Finish: the hand-over needs an act of ours */
  SimJournalFault fault;
  guint count;           /* of calls that fail */
  gboolean same_program; /* goes on; else another one with the same file */
  gboolean cold;         /* it does not run, and takes its image along */
} Case;

typedef struct
{
  const Case *how;
  guint n;
  SimWorld *world;
  char *folder, *path;
  MigrateJournal *file;
  SimJournal *journal;
  MigrateJob *job;
  char *id;
  char *call; /* that fails first */
  GError *error;
} Run;

/* ---- the file ---- */

/* In memory: thousands of journals are made, and power is not cut here. */
static char *
folder_new (void)
{
  g_autofree char *template = g_strdup ("/dev/shm/libmigrate-XXXXXX");

  return g_mkdtemp (template) != NULL ? g_steal_pointer (&template)
                                      : g_dir_make_tmp ("libmigrate-XXXXXX", NULL);
}

static void
folder_remove (const char *folder)
{
  g_autoptr (GDir) dir = g_dir_open (folder, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);

      g_unlink (path);
    }
  g_rmdir (folder);
}

/* ---- what is true ---- */

/* It runs there, or would. */
static gboolean
runs (Run *run, const char *host)
{
  SimDomainInfo info = sim_world_get_domain (run->world, host, "g0");
  g_autofree char *xml = NULL;

  if (!run->how->cold)
    return info.active && info.state == MIGRATE_DOMAIN_RUNNING;
  xml = sim_world_dup_xml (run->world, host, "g0", TRUE /* definition */);
  return xml != NULL && strstr (xml, ">incoming ") == NULL && strstr (xml, ">outgoing ") == NULL;
}

#define assert_in(run, condition, what)                                                            \
  cr_assert (condition, "n=%u (%s), %s: %s; %s", (run)->n, (run)->call, what,                      \
             (run)->error != NULL ? (run)->error->message : "no error",                            \
             sim_world_describe ((run)->world, "g0"))

static void
assert_one_copy (Run *run, const char *when)
{
  GPtrArray *violations = sim_world_get_violations (run->world);

  assert_in (run, violations->len == 0, violations->len > 0 ? violations->pdata[0] : "");
  assert_in (run, runs (run, "h1") != runs (run, "h2"), when);
}

/* What the job says it came to, at the moment when it says so. */
static void
assert_true_at_rest (Run *run)
{
  g_autoptr (MigrateResult) result = migrate_job_dup_result (run->job);
  MigrateOutcome outcome
    = result != NULL ? migrate_result_get_outcome (result) : MIGRATE_OUTCOME_NONE;
  MigrateState state = migrate_job_get_state (run->job);
  SimDomainInfo here = sim_world_get_domain (run->world, "h1", "g0");
  SimDomainInfo there = sim_world_get_domain (run->world, "h2", "g0");
  guint under_way = sim_world_count_transfers (run->world);

  switch (outcome)
    {
    case MIGRATE_OUTCOME_MOVED:
      if (run->how->cold)
        assert_in (run, there.exists && state != MIGRATE_STATE_UNDONE, "“moved” is a lie");
      else
        assert_in (run, runs (run, "h2") && !here.active, "“moved” is a lie");
      break;
    case MIGRATE_OUTCOME_STAYED:
      assert_in (run, runs (run, "h1") && !there.exists && under_way == 0, "“stayed” is a lie");
      break;
    case MIGRATE_OUTCOME_NONE:
      assert_in (run,
                 runs (run, "h1") && (!there.exists || (run->how->cold && !runs (run, "h2")))
                   && under_way == 0,
                 "“none” hides a move");
      break;
    default:
      assert_in (run, outcome == MIGRATE_OUTCOME_UNKNOWN, "what else");
      assert_in (run, state == MIGRATE_STATE_FAILED, "unknown is no good end");
    }
  if (state == MIGRATE_STATE_UNDONE || state == MIGRATE_STATE_CANCELLED)
    assert_in (run, here.autostart, "undone, but for autostart");
  if (state == MIGRATE_STATE_FAILED)
    assert_in (run, g_error_matches (run->error, MIGRATE_ERROR, MIGRATE_ERROR_NEEDS_RECOVER),
               "failed, and the code does not say what to do");
  if (run->error != NULL)
    assert_in (run, strstr (run->error->message, "fails on demand") != NULL,
               "the first cause is not told");
}

/* ---- one move ---- */

static MigrateJob *
job_new (MigrateJournal *journal, const Case *how, gboolean back)
{
  g_autoptr (MigrateHost) source = migrate_host_new (back ? "sim://u/h2" : "sim://u/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new (back ? "sim://u/h1" : "sim://u/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new ("g0", source, destination);

  migrate_policy_set (policy, "hand-over", how->hand_over, NULL);
  migrate_policy_set (policy, "settle-timeout", "20", NULL);
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  if (how->cold)
    migrate_job_set_kind (job, MIGRATE_KIND_COLD);
  return job;
}

static void
add_guest (Run *run)
{
  static const SimDiskSpec disks[]
    = { { .target = "vda", .path = "/images/g0", .format = "raw" }, { .target = NULL } };
  SimGuestSpec guest = { .name = "g0", .memory = 256 << 20, .autostart = TRUE };

  for (guint h = 1; run->how->cold && h <= 2; h++)
    sim_world_add_pool (run->world, h == 1 ? "h1" : "h2",
                        &(SimPoolSpec){ .name = "images", .target = "/images" });
  if (run->how->cold)
    {
      sim_world_add_image (run->world, "h1",
                           &(SimImageSpec){ .path = "/images/g0", .data = 4 << 20 });
      guest.disks = disks;
      guest.state = MIGRATE_DOMAIN_SHUTOFF;
    }
  sim_world_add_guest (run->world, "h1", &guest);
}

static void
run_begin (Run *run)
{
  g_autoptr (MigrateResult) result = NULL;
  g_autoptr (GPtrArray) calls = NULL;

  run->world = sim_world_new ("u", 1);
  sim_world_add_host (run->world, "h1");
  sim_world_add_host (run->world, "h2");
  add_guest (run);
  if (run->how->reply_lost)
    sim_world_lose (run->world, SIM_MSG_FINISH_REPLY, 1);
  sim_world_enter (run->world);
  run->folder = folder_new ();
  run->path = g_build_filename (run->folder, "journal.sqlite", NULL);
  run->file = migrate_sqlite_journal_new (run->path);
  run->journal = sim_journal_new (g_object_ref (run->file));
  sim_journal_fail (run->journal, run->how->fault, run->n, run->how->count);
  run->job = job_new (MIGRATE_JOURNAL (run->journal), run->how, FALSE);
  run->id = g_strdup (migrate_job_get_id (run->job));

  result = migrate_job_run (run->job, NULL, &run->error);
  calls = sim_journal_dup_calls (run->journal);
  run->call = g_strdup (run->n <= calls->len ? calls->pdata[run->n - 1] : "none");
  assert_in (run, (result != NULL) == (run->error == NULL), "result or error");
  assert_true_at_rest (run);
}

/* Whatever libvirt does by itself is over. */
static void
go_on (Run *run, MigrateJob *job)
{
  g_autoptr (MigrateResult) result = NULL;
  MigrateState state = migrate_job_get_state (job);

  g_clear_error (&run->error);
  if (migrate_job_is_in_flight (job) || state == MIGRATE_STATE_FAILED)
    {
      sim_world_sleep (run->world, 60000);
      result = migrate_job_follow (job, NULL, &run->error);
    }
  else if (state == MIGRATE_STATE_MIGRATED || state == MIGRATE_STATE_PREPARED)
    {
      result = migrate_job_run (job, NULL, &run->error);
      assert_in (run, result != NULL, "gone on with");
    }
  assert_in (run, migrate_job_get_state (job) != MIGRATE_STATE_FAILED, "gone on with");
}

static void
go_on_with_another_program (Run *run)
{
  g_autoptr (MigrateJob) loaded = NULL;
  g_autoptr (GError) error = NULL;

  g_clear_object (&run->job);
  g_clear_object (&run->journal);
  g_clear_object (&run->file);
  /* Its threads have ended, that of the transfer too, and so has its hold of the claim. */
  sim_world_sleep (run->world, 60000);
  run->file = migrate_sqlite_journal_new (run->path);
  loaded = migrate_job_load (run->file, run->id, NULL, &error);
  if (loaded != NULL)
    go_on (run, loaded);
  else
    assert_in (run, g_error_matches (error, MIGRATE_ERROR, MIGRATE_ERROR_NOT_FOUND),
               error->message);
}

static void
move_again (Run *run)
{
  gboolean moved = runs (run, "h2");
  g_autoptr (MigrateJob) job
    = job_new (run->journal != NULL ? MIGRATE_JOURNAL (run->journal) : run->file, run->how, moved);
  g_autoptr (MigrateResult) result = NULL;

  g_clear_error (&run->error);
  if (run->how->cold) /* where it could not be removed, that was told */
    sim_world_remove_path (run->world, moved ? "h1" : "h2", "/images/g0");
  result = migrate_job_run (job, NULL, &run->error);
  assert_in (run, result != NULL, "the second move");
  assert_one_copy (run, "after the second move");
  assert_in (run, !sim_world_get_domain (run->world, moved ? "h2" : "h1", "g0").exists,
             "left over");
  assert_in (run, sim_world_get_domain (run->world, moved ? "h1" : "h2", "g0").autostart,
             "autostart");
}

static void
run_end (Run *run)
{
  sim_world_leave (run->world);
  g_clear_object (&run->job);
  g_clear_object (&run->journal);
  g_clear_object (&run->file);
  sim_world_free (run->world);
  folder_remove (run->folder);
  g_clear_error (&run->error);
  g_free (run->folder);
  g_free (run->path);
  g_free (run->id);
  g_free (run->call);
}

static gboolean
run_one (const Case *how, guint n)
{
  Run run = { .how = how, .n = n };
  gboolean reached;

  run_begin (&run);
  reached = sim_journal_count (run.journal) >= n;
  sim_journal_heal (run.journal);
  if (how->same_program)
    go_on (&run, run.job);
  else
    go_on_with_another_program (&run);
  sim_world_sleep (run.world, 60000);
  assert_one_copy (&run, "after it was gone on with");
  move_again (&run);
  run_end (&run);
  return reached;
}

static void
run_all (const Case *how)
{
  guint n = 1;

  while (run_one (how, n))
    cr_assert_lt (++n, 1000);
  cr_assert_gt (n, 20, "a move makes more calls than %u", n);
}

#define ONCE 1
#define FOR_EVER G_MAXUINT

#define CASE(name, ...)                                                                            \
  Test (unwritten, name) { run_all (&(Case){ __VA_ARGS__ }); }

CASE (once, "fast", FALSE, SIM_JOURNAL_REFUSE, ONCE, TRUE)
CASE (once_then_another_program, "fast", FALSE, SIM_JOURNAL_REFUSE, ONCE, FALSE)
CASE (for_ever, "fast", FALSE, SIM_JOURNAL_REFUSE, FOR_EVER, TRUE)
CASE (for_ever_then_another_program, "fast", FALSE, SIM_JOURNAL_REFUSE, FOR_EVER, FALSE)
CASE (answer_lost_then_another_program, "fast", FALSE, SIM_JOURNAL_LOSE_ANSWER, ONCE, FALSE)
CASE (strict_once, "strict", FALSE, SIM_JOURNAL_REFUSE, ONCE, TRUE)
CASE (strict_once_then_another_program, "strict", FALSE, SIM_JOURNAL_REFUSE, ONCE, FALSE)
CASE (strict_for_ever, "strict", FALSE, SIM_JOURNAL_REFUSE, FOR_EVER, TRUE)
CASE (strict_for_ever_then_another_program, "strict", FALSE, SIM_JOURNAL_REFUSE, FOR_EVER, FALSE)
CASE (hand_over_once, "fast", TRUE, SIM_JOURNAL_REFUSE, ONCE, TRUE)
CASE (hand_over_answer_lost, "fast", TRUE, SIM_JOURNAL_LOSE_ANSWER, ONCE, FALSE)
CASE (cold_once, "fast", FALSE, SIM_JOURNAL_REFUSE, ONCE, TRUE, TRUE)
CASE (cold_once_then_another_program, "fast", FALSE, SIM_JOURNAL_REFUSE, ONCE, FALSE, TRUE)
CASE (cold_for_ever, "fast", FALSE, SIM_JOURNAL_REFUSE, FOR_EVER, TRUE, TRUE)
CASE (cold_for_ever_then_another_program, "fast", FALSE, SIM_JOURNAL_REFUSE, FOR_EVER, FALSE, TRUE)
CASE (cold_answer_lost_then_another_program, "fast", FALSE, SIM_JOURNAL_LOSE_ANSWER, ONCE, FALSE,
      TRUE)

/* ---- progress ---- */

static guint
find_call (SimJournal *journal, const char *call)
{
  g_autoptr (GPtrArray) calls = sim_journal_dup_calls (journal);

  for (guint i = 0; i < calls->len; i++)
    if (g_str_equal (calls->pdata[i], call))
      return i + 1;
  cr_assert_fail ("“%s” was not called", call);
  return 0;
}

static gsize
count_samples (Run *run)
{
  g_autoptr (MigrateJobRecord) record = migrate_journal_lookup (run->file, run->id, NULL, NULL);
  g_autoptr (GVariant) samples = migrate_job_record_dup_samples (record);

  return g_variant_n_children (samples);
}

/* Said once, written later, and no reason to stop. */
Test (unwritten, progress_is_written_later)
{
  Case how = { "fast", FALSE, SIM_JOURNAL_REFUSE, 1, TRUE, FALSE };
  Run whole = { .how = &how, .n = 1000 };
  g_autoptr (MigrateResult) result = NULL;
  g_auto (GStrv) warnings = NULL;
  Run run = { .how = &how };
  gsize samples;

  run_begin (&whole);
  samples = count_samples (&whole);
  cr_assert_gt (samples, 3);
  run.n = find_call (whole.journal, "add-samples");
  run_end (&whole);

  how.count = 6; /* looks into the mailbox among them */
  run_begin (&run);
  result = migrate_job_dup_result (run.job);
  assert_in (&run, migrate_job_get_state (run.job) == MIGRATE_STATE_FINALIZED, "stopped");
  warnings = migrate_result_dup_warnings (result);
  cr_assert_eq (g_strv_length (warnings), 1, "%u", g_strv_length (warnings));
  cr_assert (strstr (warnings[0], "The journal could not be written for a while") != NULL, "%s",
             warnings[0]);
  cr_assert_eq (count_samples (&run), samples);
  run_end (&run);
}
