/* What the library does in one process of ours, which may be killed: a check, a move, a revert, a
 * recovery; and what another process asks of it meanwhile. */
#include "faults-case.h"

#include <glib/gstdio.h>
#include <string.h>

#define LOOK_MS 1000
#define PATIENCE_MS 600000

void
fault_process_free (gpointer data)
{
  FaultProcess *self = data;

  g_clear_error (&self->error);
  g_free (self->id);
  g_clear_pointer (&self->result, migrate_result_unref);
  g_free (self);
}

/* ---- processes ---- */

static MigrateJournal *
open_journal (FaultCase *self)
{
  return self->memory != NULL ? sim_memory_journal_new (self->memory)
                              : migrate_sqlite_journal_new (self->journal_path);
}

/* The holder of a claim is alive while its lock file is there. In this program all holders are
 * one process, so a death has to be shown to the journal. */
static void
bury_holders (FaultCase *self)
{
  g_autoptr (GDir) dir = self->folder != NULL ? g_dir_open (self->folder, 0, NULL) : NULL;
  const char *name;

  if (self->memory != NULL)
    sim_memory_bury_holders (self->memory);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      if (strstr (name, ".holder-") != NULL)
        g_unlink (path);
    }
}

static void
process_main (gpointer data, gpointer unused)
{
  FaultProcess *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (MigrateJournal) journal = open_journal (self->play);

  g_main_context_push_thread_default (context);
  self->ok = self->main (self, journal, &self->error);
  g_main_context_pop_thread_default (context);
  g_atomic_int_set (&self->ended, TRUE);
}

static FaultProcess *
start_process (FaultCase *self, FaultMain main, gboolean back, const char *id)
{
  FaultProcess *process = g_new0 (FaultProcess, 1);
  MigrateBackend *backend = sim_world_get_backend (self->world);

  g_ptr_array_add (self->processes, process);
  process->play = self;
  process->main = main;
  process->back = back;
  process->id = g_strdup (id);
  if (!backend->vtable->start_thread (backend, "process", process_main, process, NULL))
    g_error ("faults: no thread");
  return process;
}

/* ---- what another process asks of it ---- */

static gboolean
ask_main (FaultProcess *self, MigrateJournal *journal, GError **error)
{
  const char *asked = self->play->how->asked;
  g_autoptr (MigrateJob) job = migrate_job_load (journal, self->id, NULL, error);
  g_auto (GStrv) parts = g_strsplit (asked, "=", 2);
  GVariantBuilder values;

  if (job == NULL)
    return FALSE;
  if (parts[1] == NULL)
    return migrate_job_finish_now (job, NULL, error);
  g_variant_builder_init (&values, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&values, "{sv}", parts[0], g_variant_new_string (parts[1]));
  return migrate_job_retune (job, g_variant_builder_end (&values), NULL, error);
}

/* Once, in the midst of the first move's copy. */
static void
ask (FaultCase *self, FaultProcess *mover)
{
  if (self->how->asked == NULL || mover->asks || mover->back
      || sim_world_count_transfers (self->world) == 0)
    return;
  mover->asks = TRUE;
  start_process (self, ask_main, FALSE, mover->id);
}

FaultProcess *
fault_process_run (FaultCase *self, FaultMain main, gboolean back)
{
  FaultProcess *process = start_process (self, main, back, NULL);
  guint waited = 0; /* ms */

  while (waited < PATIENCE_MS && !g_atomic_int_get (&process->ended)
         && !sim_world_is_stopped (self->world))
    {
      guint look = MAX (LOOK_MS, waited / 8);

      sim_world_sleep (self->world, look);
      waited += look;
      if (process->id != NULL)
        ask (self, process);
    }
  if (!g_atomic_int_get (&process->ended) && !sim_world_is_stopped (self->world))
    fault_case_fail (self, "a process of ours does not end");
  sim_world_kill_client (self->world);
  sim_world_restart_client (self->world);
  bury_holders (self);
  return process;
}

static MigrateKind
kind_of (const FaultHow *how)
{
  int kind;

  if (!_migrate_enum_parse (MIGRATE_TYPE_KIND, how->kind, &kind))
    g_error ("faults: no kind “%s”", how->kind);
  return (MigrateKind) kind;
}

static void
set_resize (MigrateJob *job, const char *resize)
{
  GVariant *values = g_variant_parse (G_VARIANT_TYPE_VARDICT, resize, NULL, NULL, NULL);

  if (values == NULL)
    g_error ("faults: no shape “%s”", resize);
  migrate_job_set_resize (job, values);
}

static MigrateJob *
job_new (FaultProcess *self, MigrateJournal *journal)
{
  const char *const *policies = self->play->how->policy;
  g_autoptr (MigrateHost) source = migrate_host_new (self->back ? "sim://f/h2" : "sim://f/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new (self->back ? "sim://f/h1" : "sim://f/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new (FAULT_GUEST, source, destination);

  migrate_policy_set (policy, "settle-timeout", "10", NULL);
  /* Where nothing travels; a copy that goes on is looked at four times in a pass. */
  migrate_policy_set (policy, "poll-interval", "2000", NULL);
  for (guint i = 0; policies[i] != NULL; i += 2)
    if (!migrate_policy_set (policy, policies[i], policies[i + 1], NULL))
      g_error ("faults: no policy “%s=%s”", policies[i], policies[i + 1]);
  migrate_job_set_policy (job, policy);
  migrate_job_set_journal (job, journal);
  if (self->play->how->kind != NULL)
    migrate_job_set_kind (job, kind_of (self->play->how));
  if (self->play->how->resize != NULL && !self->back)
    set_resize (job, self->play->how->resize);
  if (self->play->how->renames != NULL && !self->back)
    {
      g_autoptr (MigrateMapping) mapping = migrate_mapping_new ();

      if (!migrate_mapping_set_from_string (mapping, self->play->how->renames, NULL))
        g_error ("faults: no mapping “%s”", self->play->how->renames);
      migrate_job_set_mapping (job, mapping);
    }
  return job;
}

gboolean
fault_check_main (FaultProcess *self, MigrateJournal *journal, GError **error)
{
  g_autoptr (MigrateJob) job = job_new (self, journal);
  g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, error);

  return report != NULL;
}

void
fault_note_start (SimWorld *world, gpointer data)
{
  FaultCase *self = data;

  self->calls = sim_world_count_calls (world, "*");
  self->points = sim_world_count_points (world);
}

gboolean
fault_revert_main (FaultProcess *self, MigrateJournal *journal, GError **error)
{
  SimWorld *world = self->play->world;
  g_autoptr (MigrateJob) job = job_new (self, journal);
  g_autoptr (MigratePolicy) policy = migrate_job_dup_policy (job);
  g_autoptr (MigrateResult) moved = NULL;

  migrate_policy_set (policy, "confirm", "manual", NULL);
  migrate_job_set_policy (job, policy);
  moved = migrate_job_run (job, NULL, error);
  if (moved == NULL)
    return FALSE;
  sim_world_give_up (world, FAULT_GUEST);
  fault_note_start (world, self->play);
  return migrate_job_revert (job, MIGRATE_RISK_DESTRUCTIVE, NULL, error);
}

gboolean
fault_move_main (FaultProcess *self, MigrateJournal *journal, GError **error)
{
  g_autoptr (MigrateJob) job = job_new (self, journal);
  g_autoptr (MigrateResult) result = NULL;

  self->id = g_strdup (migrate_job_get_id (job));
  result = migrate_job_run (job, NULL, error);
  self->result = migrate_job_dup_result (job);
  return result != NULL;
}

/* ---- recovery ---- */

gboolean
fault_recover_main (FaultProcess *self, MigrateJournal *journal, GError **error)
{
  static const char *const uris[] = { "sim://f/h1", "sim://f/h2" };
  /* Released last: a list store gives up its objects in an order that is made of addresses, and
   * with a host its connection is closed. */
  g_autoptr (GPtrArray) kept = g_ptr_array_new_with_free_func (g_object_unref);
  g_autoptr (GListStore) hosts = g_list_store_new (MIGRATE_TYPE_HOST);
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  g_autoptr (MigrateRecovery) recovery = NULL;

  (void) self;
  for (gsize i = 0; i < G_N_ELEMENTS (uris); i++)
    {
      MigrateHost *host = migrate_host_new (uris[i]);

      g_ptr_array_add (kept, host);
      g_list_store_append (hosts, host);
    }
  migrate_policy_set (policy, "settle-timeout", "10", NULL);
  recovery = migrate_recovery_new (FAULT_GUEST, G_LIST_MODEL (hosts));
  migrate_recovery_set_journal (recovery, journal);
  migrate_recovery_set_policy (recovery, policy);
  return migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, error);
}
