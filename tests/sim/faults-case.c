/* One case: a fresh world, a move that meets one fault, the world made whole again, recovery in a
 * fresh process, and what must be true afterwards. */
#include "faults.h"
#include "sim-memory.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <libmigrate/migrate.h>

#define GUEST "g0"
#define LOOK_MS 1000
#define PATIENCE_MS 600000
#define LOOKS_IN_A_ROUND 3 /* of what follows a transfer */
#define LOOKS_PLAYED 10    /* one of so many */
#define CALM_BANDWIDTH 125000000
#define DISK "/images/g0.qcow2"
#define SHUT_DOWN_MS 4000
#define OLD_MS 900000    /* with what it takes to settle: what a check has left is left */
#define SETTLE_MS 200000 /* whatever libvirt and QEMU do by themselves is over */

typedef struct
{
  const FaultHow *how;
  const Fault *fault;
  guint n;
  FaultDepth depth;
  SimWorld *world;
  char *journal_path, *folder; /* NULL: the journal is in memory */
  SimMemory *memory;
  GPtrArray *processes;
  GString *failure;
  guint64 counted;     /* by the guest, when it was last looked at */
  guint boots;         /* of it, then */
  guint calls, points; /* before what is played of the way began */
  FaultDisks disks;    /* of a way that takes them along */
} Case;

/* What the library does in one process of ours: on a thread that can be killed. */
typedef struct _Process Process;
struct _Process
{
  Case *play;
  gboolean (*main) (Process *self, MigrateJournal *journal, GError **error);
  gboolean back; /* from h2 to h1 */
  int ended;     /* atomic */
  gboolean ok;
  GError *error;
  char *id;              /* of the job */
  MigrateResult *result; /* nullable */
  gboolean asks;         /* another process has begun to ask something of it */
};

static void
process_free (gpointer data)
{
  Process *self = data;

  g_clear_error (&self->error);
  g_free (self->id);
  g_clear_pointer (&self->result, migrate_result_unref);
  g_free (self);
}

G_GNUC_PRINTF (2, 3)
static void
fail (Case *self, const char *format, ...)
{
  va_list args;

  if (self->failure->len > 0)
    return; /* the rest follows from the first */
  va_start (args, format);
  g_string_append_vprintf (self->failure, format, args);
  va_end (args);
  g_string_append_printf (self->failure, " (%s)", sim_world_describe (self->world, GUEST));
}

static void
tell (Case *self, const char *what, const GError *error)
{
  if (self->depth == FAULT_DEPTH_TOLD)
    printf ("# %8.3f s  %-24s %s%s%s\n", (double) sim_world_get_now (self->world) / G_USEC_PER_SEC,
            what, sim_world_describe (self->world, GUEST), error != NULL ? "  " : "",
            error != NULL ? error->message : "");
}

/* ---- processes ---- */

static MigrateJournal *
open_journal (Case *self)
{
  return self->memory != NULL ? sim_memory_journal_new (self->memory)
                              : migrate_sqlite_journal_new (self->journal_path);
}

/* The holder of a claim is alive while its lock file is there. In this program all holders are
 * one process, so a death has to be shown to the journal. */
static void
bury_holders (Case *self)
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
  Process *self = data;
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_autoptr (MigrateJournal) journal = open_journal (self->play);

  g_main_context_push_thread_default (context);
  self->ok = self->main (self, journal, &self->error);
  g_main_context_pop_thread_default (context);
  g_atomic_int_set (&self->ended, TRUE);
}

static Process *
start_process (Case *self, gboolean (*main) (Process *, MigrateJournal *, GError **), gboolean back,
               const char *id)
{
  Process *process = g_new0 (Process, 1);
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
ask_main (Process *self, MigrateJournal *journal, GError **error)
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
ask (Case *self, Process *mover)
{
  if (self->how->asked == NULL || mover->asks || mover->back
      || sim_world_count_transfers (self->world) == 0)
    return;
  mover->asks = TRUE;
  start_process (self, ask_main, FALSE, mover->id);
}

/* Until it has ended or was killed; then nothing of it lives any more, nor of who asks it. */
static Process *
run_process (Case *self, gboolean (*main) (Process *, MigrateJournal *, GError **), gboolean back)
{
  Process *process = start_process (self, main, back, NULL);
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
    fail (self, "a process of ours does not end");
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
job_new (Process *self, MigrateJournal *journal)
{
  const char *const *policies = self->play->how->policy;
  g_autoptr (MigrateHost) source = migrate_host_new (self->back ? "sim://f/h2" : "sim://f/h1");
  g_autoptr (MigrateHost) destination = migrate_host_new (self->back ? "sim://f/h1" : "sim://f/h2");
  g_autoptr (MigratePolicy) policy = migrate_policy_new ();
  MigrateJob *job = migrate_job_new (GUEST, source, destination);

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

static gboolean
check_main (Process *self, MigrateJournal *journal, GError **error)
{
  g_autoptr (MigrateJob) job = job_new (self, journal);
  g_autoptr (MigrateReport) report = migrate_job_check (job, NULL, error);

  return report != NULL;
}

static void
note_start (SimWorld *world, gpointer data)
{
  Case *self = data;

  self->calls = sim_world_count_calls (world, "*");
  self->points = sim_world_count_points (world);
}

/* It may have run there, and what it did is lost. */
static gboolean
revert_main (Process *self, MigrateJournal *journal, GError **error)
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
  sim_world_give_up (world, GUEST);
  note_start (world, self->play);
  return migrate_job_revert (job, MIGRATE_RISK_DESTRUCTIVE, NULL, error);
}

static gboolean
move_main (Process *self, MigrateJournal *journal, GError **error)
{
  g_autoptr (MigrateJob) job = job_new (self, journal);
  g_autoptr (MigrateResult) result = NULL;

  self->id = g_strdup (migrate_job_get_id (job));
  result = migrate_job_run (job, NULL, error);
  self->result = migrate_job_dup_result (job);
  return result != NULL;
}

/* ---- recovery ---- */

/* The one place that says what recovery is. TRUE: nothing is left to do. */
static gboolean
recover_guest (Process *self, MigrateJournal *journal, GError **error)
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
  recovery = migrate_recovery_new (GUEST, G_LIST_MODEL (hosts));
  migrate_recovery_set_journal (recovery, journal);
  migrate_recovery_set_policy (recovery, policy);
  return migrate_recovery_apply (recovery, MIGRATE_RISK_SAFE, NULL, error);
}

/* ---- the world ---- */

/* Of a transfer: a hand-over takes milliseconds, and few calls of ours meet it. */
static const struct
{
  SimAt when;
  guint arg;
} stages[] = {
  { SIM_AT_BEGIN, 0 },
  { SIM_AT_PREPARE, 0 },
  { SIM_AT_PERFORM, 0 },
  { SIM_AT_PERFORM, 50 },
  { SIM_AT_SWITCH, 0 },
  { SIM_AT_PERFORMED, 0 },
  { SIM_AT_FINISH, 0 },
  { SIM_AT_STARTED, 0 },
  { SIM_AT_CONFIRM, 0 },
  { SIM_AT_POSTCOPY, 0 },
  { SIM_AT_POSTCOPY, 50 },
  { SIM_AT_POSTCOPY, 99 },
  { SIM_AT_POSTCOPY, 100 },
  /* Where disks travel. */
  { SIM_AT_MIRROR, 0 },
  { SIM_AT_MIRROR, 50 },
};
#define MIRROR_STAGES 2

static guint
count_stages (const FaultHow *how)
{
  if (how->checks || how->reverts)
    return 0;
  return G_N_ELEMENTS (stages) - (how->kind != NULL ? 0 : MIRROR_STAGES);
}

static void
arm (Case *self)
{
  SimWorld *world = self->world;
  const Fault *fault = self->fault;
  guint n = self->n;

  switch (fault->kind)
    {
    case FAULT_FAIL:
      sim_world_fail_call (world, "*", n, 38 /* VIR_ERR_SYSTEM_ERROR */);
      break;
    case FAULT_REFUSE:
      sim_world_fail_call (world, "*", n, 68 /* VIR_ERR_OPERATION_TIMEOUT */);
      break;
    case FAULT_LOSE_ANSWER:
      sim_world_lose_answer (world, "*", n);
      break;
    case FAULT_HANG:
      sim_world_hang_call (world, "*", n);
      break;
    case FAULT_KILL_BEFORE_JOURNAL: /* each write has two points */
      sim_world_stop_at_point (world, 2 * n - 1);
      break;
    case FAULT_KILL_AFTER_JOURNAL:
      sim_world_stop_at_point (world, 2 * n);
      break;
    case FAULT_KILL_AT_CALL:
      sim_world_stop_at_call (world, n);
      break;
    case FAULT_LOSE_MESSAGE:
      if (count_stages (self->how) > 0 && n - 1 <= SIM_MSG_LAST)
        sim_world_lose (world, (SimMessage) (n - 1), 1);
      break;
    case FAULT_AT_STAGE:
      for (guint i = 0; i < G_N_ELEMENTS (fault->actions) && n <= count_stages (self->how); i++)
        if (fault->actions[i].host != NULL)
          sim_world_at (world, stages[n - 1].when, stages[n - 1].arg, &fault->actions[i]);
      break;
    case FAULT_ACTION:
    default:
      for (guint i = 0; i < G_N_ELEMENTS (fault->actions); i++)
        if (fault->actions[i].host != NULL)
          sim_world_at (world, SIM_AT_CALL, n, &fault->actions[i]);
    }
}

static gboolean
was_reached (Case *self)
{
  switch (self->fault->kind)
    {
    case FAULT_KILL_BEFORE_JOURNAL:
      return sim_world_count_points (self->world) >= 2 * self->n - 1;
    case FAULT_KILL_AFTER_JOURNAL:
      return sim_world_count_points (self->world) >= 2 * self->n;
    case FAULT_LOSE_MESSAGE:
      return count_stages (self->how) > 0 && self->n <= SIM_MSG_LAST + 1;
    case FAULT_AT_STAGE:
      return self->n <= count_stages (self->how);
    default:
      return sim_world_count_calls (self->world, "*") >= self->n;
    }
}

static void
add_storage (Case *self)
{
  for (guint h = 1; h <= 2; h++)
    sim_world_add_pool (self->world, h == 1 ? "h1" : "h2",
                        &(SimPoolSpec){ .name = "images",
                                        .target = "/images",
                                        .storage = h == 1 ? "one" : self->how->storage });
}

/* Slow enough that many calls are made in each stage. */
static void
make_world (Case *self)
{
  const FaultHow *how = self->how;
  const SimDiskSpec *disks;

  self->world = sim_world_new ("f", 1);
  sim_world_add_host (self->world, "h1");
  sim_world_add_host (self->world, "h2");
  sim_world_set_keepalive (self->world, 30000);
  if (how->bandwidth > 0)
    sim_world_set_bandwidth (self->world, "h1", "h2", how->bandwidth);
  if (how->storage != NULL)
    add_storage (self);
  disks = how->kind != NULL ? fault_disks_make (self->world) : NULL;
  sim_world_add_guest (self->world, "h1",
                       &(SimGuestSpec){ .name = GUEST,
                                        .disk = how->storage != NULL ? DISK : NULL,
                                        .transient = how->transient,
                                        .autostart = !how->transient,
                                        .memory = how->memory,
                                        .dirty_rate = how->dirty_rate,
                                        .working_set = how->working_set,
                                        .cpu_bound = how->cpu_bound,
                                        .disks = disks,
                                        .nvram = disks != NULL ? FAULT_DISKS_NVRAM : NULL,
                                        .shut_down_ms = how->boots ? SHUT_DOWN_MS : 0,
                                        .state = how->off      ? MIGRATE_DOMAIN_SHUTOFF
                                                 : how->paused ? MIGRATE_DOMAIN_PAUSED
                                                               : MIGRATE_DOMAIN_RUNNING });
  if (how->kind != NULL)
    fault_disks_note (&self->disks, self->world, how);
  sim_world_enter (self->world);
}

static void
make_whole (Case *self)
{
  static const SimWhat whats[] = { SIM_START_HOST,   SIM_START_LIBVIRTD,  SIM_UNHANG_LIBVIRTD,
                                   SIM_RESTORE_LINK, SIM_RESTORE_CONTROL, SIM_UNHANG_QEMU };

  for (guint i = 0; i < G_N_ELEMENTS (whats); i++)
    for (guint h = 1; h <= 2; h++)
      sim_world_do (self->world,
                    &(SimAction){ .what = whats[i], .host = h == 1 ? "h1" : "h2", .guest = GUEST });
}

/* ---- what must be true ---- */

static gboolean
is_owner (const Case *self, const SimDomainInfo *info)
{
  /* A host that boots starts it, for it is to be started with the host. */
  if (self->how->off && (!info->active || !self->fault->loses_qemu))
    return info->persistent && !info->active && !info->has_job;
  if (!info->active || info->has_job)
    return FALSE;
  if (self->how->paused && info->boots == 1)
    return info->state == MIGRATE_DOMAIN_PAUSED && info->reason == MIGRATE_PAUSED_USER;
  return info->state == MIGRATE_DOMAIN_RUNNING && info->reason != MIGRATE_RUNNING_POSTCOPY_FAILED
         && info->reason != MIGRATE_RUNNING_POSTCOPY;
}

static void
check_violations (Case *self, const char *when)
{
  GPtrArray *list = sim_world_get_violations (self->world);

  if (list->len > 0)
    fail (self, "%s: %s", when, (char *) list->pdata[0]);
}

/* Its counter goes on from where it was seen last, wherever it runs now; and it was booted only
 * where it was lost. */
static void
check_counter (Case *self, const SimDomainInfo *info, const char *when)
{
  if (info->boots == self->boots && info->counter < self->counted)
    fail (self, "%s: its counter has gone back", when);
  if (info->boots > 1 && !self->fault->loses_qemu && !self->how->boots)
    fail (self, "%s: it was booted anew", when);
  self->boots = info->boots;
  self->counted = info->counter;
}

/* The host that has the guest, 1 or 2; 0: none. The other one has nothing of it. */
static guint
check_owner (Case *self, const char *when)
{
  SimDomainInfo infos[2] = { sim_world_get_domain (self->world, "h1", GUEST),
                             sim_world_get_domain (self->world, "h2", GUEST) };

  check_violations (self, when);
  for (guint i = 0; i < 2; i++)
    {
      if (!is_owner (self, &infos[i]))
        continue;
      if (infos[1 - i].exists)
        fail (self, "%s: something is left over", when);
      if (infos[i].persistent == self->how->transient)
        fail (self, "%s: it is %s", when, infos[i].persistent ? "persistent" : "transient");
      if (infos[i].autostart == self->how->transient)
        fail (self, "%s: autostart is %s", when, infos[i].autostart ? "on" : "off");
      check_counter (self, &infos[i], when);
      return i + 1;
    }
  return 0;
}

/* As an operator would where a QEMU or its host is gone: what is left of it is ended, and the guest
 * booted where it is defined. FALSE: no host knows it any more, which is right of a transient one.
 */
static gboolean
start_anew (Case *self)
{
  MigrateBackend *backend = sim_world_get_backend (self->world);
  static const MigrateCallKind orders[]
    = { MIGRATE_CALL_DESTROY, MIGRATE_CALL_START, MIGRATE_CALL_UNDEFINE };
  gboolean started = FALSE;

  for (guint i = 0; i < G_N_ELEMENTS (orders); i++)
    for (guint h = 1; h <= 2; h++)
      {
        const char *host = h == 1 ? "h1" : "h2";
        g_autofree char *uri = g_strdup_printf ("sim://f/%s", host);
        g_autoptr (MigrateCall) call = _migrate_call_new (orders[i], GUEST);
        SimDomainInfo info = sim_world_get_domain (self->world, host, GUEST);
        MigrateConn *conn;

        if (!info.exists || (orders[i] == MIGRATE_CALL_DESTROY && !info.active)
            || (orders[i] == MIGRATE_CALL_START && started)
            || (orders[i] == MIGRATE_CALL_UNDEFINE && info.active))
          continue;
        if (info.has_job && orders[i] == MIGRATE_CALL_START)
          {
            sim_world_do (self->world, &(SimAction){ .what = SIM_KILL_LIBVIRTD, .host = host });
            sim_world_do (self->world, &(SimAction){ .what = SIM_START_LIBVIRTD, .host = host });
          }
        conn = backend->vtable->open (backend, uri, NULL);
        if (conn == NULL)
          continue;
        started |= backend->vtable->call (conn, call, NULL) && orders[i] == MIGRATE_CALL_START;
        backend->vtable->close (conn);
      }
  return started;
}

static gboolean
runs_nowhere (Case *self)
{
  for (guint h = 1; h <= 2; h++)
    {
      SimDomainInfo info = sim_world_get_domain (self->world, h == 1 ? "h1" : "h2", GUEST);

      if (info.active && info.state == MIGRATE_DOMAIN_RUNNING
          && info.reason != MIGRATE_RUNNING_POSTCOPY_FAILED)
        return FALSE;
    }
  return TRUE;
}

/* Of what checks write; in the folders, and in what libvirt says of them. */
static void
check_storage (Case *self, const char *when)
{
  for (guint i = 0; self->how->storage != NULL && i < 4; i++)
    {
      g_auto (GStrv) names
        = i < 2 ? sim_world_list_files (self->world, i == 0 ? "one" : self->how->storage)
                : sim_world_list_volumes (self->world, i == 2 ? "h1" : "h2", "images");

      if (names[0] != NULL)
        fail (self, "%s: “%s” is left", when, names[0]);
    }
}

/* An image that could not be removed at the source is told, and stays; but not for our own death.
 */
static gboolean
may_leave_images (const Case *self)
{
  switch (self->fault->kind)
    {
    case FAULT_KILL_BEFORE_JOURNAL:
    case FAULT_KILL_AFTER_JOURNAL:
    case FAULT_KILL_AT_CALL:
      return FALSE;
    default:
      return TRUE;
    }
}

static void
check_disks (Case *self, guint owner, const char *when)
{
  g_autofree char *wrong
    = self->how->kind != NULL && owner > 0
        ? fault_disks_check (&self->disks, self->world, self->how, owner, may_leave_images (self))
        : NULL;

  if (wrong != NULL)
    fail (self, "%s: %s", when, wrong);
}

/* A guest that is off, with nothing that only the operator may end, is defined on one host, as it
 * was. */
static void
check_definitions (Case *self)
{
  SimDomainInfo infos[2] = { sim_world_get_domain (self->world, "h1", GUEST),
                             sim_world_get_domain (self->world, "h2", GUEST) };

  if (infos[0].active || infos[0].has_job || infos[1].active || infos[1].has_job)
    return;
  if (infos[0].persistent && infos[1].persistent)
    fail (self, "off, and defined on two hosts");
  for (guint i = 0; i < 2; i++)
    if (infos[i].persistent && !infos[i].autostart)
      fail (self, "off, with autostart off");
}

/* Of a guest that has calmed down: it needs no help. */
static void
check_second_move (Case *self, guint from)
{
  Process *process;
  guint owner;

  sim_world_set_dirty_rate (self->world, GUEST, 0);
  sim_world_set_bandwidth (self->world, "h1", "h2", CALM_BANDWIDTH);
  sim_world_sleep (self->world, SETTLE_MS);
  process = run_process (self, move_main, from == 2);
  if (!process->ok)
    fail (self, "the second move: %s", process->error != NULL ? process->error->message : "killed");
  owner = check_owner (self, "after the second move");
  if (owner != 3 - from)
    fail (self, "after the second move it is on %s", owner == 0 ? "neither host" : "the same host");
  check_disks (self, owner, "after the second move");
}

gboolean
fault_case_begins_late (const FaultHow *how)
{
  return how->decides != NULL || how->reverts;
}

/* What could be in its way was looked for; where a way is not played from its beginning, and where
 * disks make it dear, one in four is the proof. */
static gboolean
moves_again (const Case *self)
{
  return self->depth != FAULT_DEPTH_SOME
         || (!fault_case_begins_late (self->how) && self->how->kind == NULL) || self->n % 4 == 1;
}

static gboolean
is_split (Case *self)
{
  GPtrArray *list = sim_world_get_violations (self->world);

  return self->fault->splits && list->len == 1 && g_str_has_prefix (list->pdata[0], "split");
}

/* Two copies that ran: which one goes is nobody's to say but the operator's. */
static void
check_split (Case *self, gboolean recovered)
{
  SimDomainInfo infos[2] = { sim_world_get_domain (self->world, "h1", GUEST),
                             sim_world_get_domain (self->world, "h2", GUEST) };

  if (recovered)
    fail (self, "two copies are called recovered");
  if (!is_owner (self, &infos[0]) || !is_owner (self, &infos[1]))
    fail (self, "recovery chose between two copies");
  if (!is_split (self))
    check_violations (self, "after recovery");
}

/* Wherever it is, its XML is that host's own, as it runs and as it is defined. */
static void
check_names (Case *self, guint owner)
{
  static const char *const hosts[] = { "h1", "h2" };

  for (guint i = 0; self->how->renames != NULL && owner > 0 && i < 2; i++)
    {
      g_autofree char *xml = sim_world_dup_xml (self->world, hosts[owner - 1], GUEST, i == 1);

      if (xml == NULL || (strstr (xml, self->how->renamed) != NULL) != (owner == 2))
        fail (self, "%s of the guest on %s is another host's",
              i == 1 ? "the definition" : "the XML", hosts[owner - 1]);
    }
}

static void
check_all (Case *self, gboolean recovered)
{
  guint owner = check_owner (self, "after recovery");
  Process *process;

  if (owner == 0 && self->fault->loses_qemu && runs_nowhere (self))
    {
      check_definitions (self);
      if (!start_anew (self))
        {
          if (!self->how->transient)
            fail (self, "nothing is left to start");
          return;
        }
      tell (self, "started anew", NULL);
      /* What recovery had left to the operator is done, so it can do the rest. */
      process = run_process (self, recover_guest, FALSE);
      tell (self, process->ok ? "recovered again" : "not recovered again", process->error);
      if (!process->ok)
        fail (self, "recovery after a new start: %s",
              process->error != NULL ? process->error->message : "work is left");
      owner = check_owner (self, "started anew");
    }
  else if (owner == 0)
    {
      fail (self, "after recovery nobody has the guest");
    }
  else if (!recovered)
    {
      fail (self, "recovery says that work is left, and there is none");
    }
  check_names (self, owner);
  check_disks (self, owner, "after recovery");
  if (self->failure->len == 0 && moves_again (self))
    check_second_move (self, owner);
}

/* The way is what it is called, or it enumerates something else. */
static void
check_way (Case *self, const Process *mover)
{
  const FaultHow *how = self->how;
  guint n = mover->result != NULL ? migrate_result_get_n_decisions (mover->result) : 0;
  gboolean decided = how->decides == NULL;

  for (guint i = 0; i < n; i++)
    decided
      |= g_strcmp0 (how->decides,
                    migrate_decision_get_what (migrate_result_get_decision (mover->result, i)))
         == 0;
  if (!decided)
    fail (self, "without a fault, “%s” is not decided", how->decides);
  if (how->reverts && sim_world_get_domain (self->world, "h2", GUEST).exists)
    fail (self, "without a fault, it is not taken back");
  if (mover->ok == how->stays)
    fail (self, "without a fault, %s", mover->ok ? "it moved" : mover->error->message);
  if (how->stays && !g_error_matches (mover->error, MIGRATE_ERROR, MIGRATE_ERROR_NO_CONVERGENCE))
    fail (self, "it stayed for another reason: %s", mover->error->message);
}

/* ---- the case ---- */

static void
play (Case *self, FaultVerdict *verdict)
{
  Process *process;
  gboolean recovered, split;

  arm (self);
  process = run_process (self, self->how->reverts ? revert_main : move_main, FALSE);
  verdict->reached = was_reached (self);
  sim_world_disarm (self->world);
  tell (self, "the move", process->error);
  if (!verdict->reached)
    check_way (self, process);
  make_whole (self);
  sim_world_sleep (self->world, SETTLE_MS);
  make_whole (self); /* what was to happen later has happened */
  tell (self, "made whole", NULL);
  split = is_split (self);
  process = run_process (self, recover_guest, FALSE);
  tell (self, process->ok ? "recovered" : "not recovered", process->error);
  recovered = process->ok;
  if (!recovered && !self->fault->loses_qemu && !split)
    fail (self, "recovery: %s", process->error != NULL ? process->error->message : "work is left");
  sim_world_sleep (self->world, SETTLE_MS);
  if (self->how->storage != NULL || self->how->kind != NULL)
    sim_world_sleep (self->world, OLD_MS);
  if (split)
    {
      check_split (self, recovered);
    }
  else
    {
      check_all (self, recovered);
      check_storage (self, "after the second move");
    }
  tell (self, "the end", NULL);
}

/* What it has left goes with a recovery, which needs no proof but the journal and its age. */
static void
play_check (Case *self, FaultVerdict *verdict)
{
  Process *process;

  arm (self);
  process = run_process (self, check_main, FALSE);
  verdict->reached = was_reached (self);
  sim_world_disarm (self->world);
  tell (self, "the check", process->error);
  if (!verdict->reached && !process->ok)
    fail (self, "without a fault, the check fails: %s", process->error->message);
  make_whole (self);
  sim_world_sleep (self->world, SETTLE_MS);
  make_whole (self); /* what was to happen later has happened */
  sim_world_sleep (self->world, OLD_MS);
  process = run_process (self, recover_guest, FALSE);
  tell (self, process->ok ? "recovered" : "not recovered", process->error);
  if (!process->ok && !self->fault->loses_qemu)
    fail (self, "recovery: %s", process->error != NULL ? process->error->message : "work is left");
  check_storage (self, "after recovery");
  if (runs_nowhere (self))
    return;
  process = run_process (self, check_main, FALSE);
  if (!process->ok)
    fail (self, "the next check: %s", process->error != NULL ? process->error->message : "killed");
  check_owner (self, "after the next check");
  check_storage (self, "after the next check");
}

/* What a file adds is SQLite and its locks, at as much again as all else of a case: it is taken
 * where our process dies, which is what the file is for, and for one in eight of the others. */
static gboolean
is_on_file (const Case *self)
{
  switch (self->fault->kind)
    {
    case FAULT_KILL_BEFORE_JOURNAL:
    case FAULT_KILL_AFTER_JOURNAL:
      return TRUE;
    case FAULT_KILL_AT_CALL:
      return !fault_case_begins_late (self->how) || self->n % 8 == 1;
    default:
      return self->fault->actions[0].what == SIM_CALL || self->n % 8 == 1;
    }
}

static void
make_journal (Case *self, const char *folder)
{
  if (!is_on_file (self))
    {
      self->memory = sim_memory_new ();
      return;
    }
  self->folder = g_build_filename (folder, "case-XXXXXX", NULL);
  if (g_mkdtemp (self->folder) == NULL)
    g_error ("faults: no folder in %s", folder);
  self->journal_path = g_build_filename (self->folder, "journal.sqlite", NULL);
}

static void
remove_journal (Case *self)
{
  g_autoptr (GDir) dir = self->folder != NULL ? g_dir_open (self->folder, 0, NULL) : NULL;
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *path = g_build_filename (self->folder, name, NULL);

      g_unlink (path);
    }
  if (self->folder != NULL)
    g_rmdir (self->folder);
  g_clear_pointer (&self->memory, sim_memory_unref);
  g_free (self->journal_path);
  g_free (self->folder);
}

static void
case_init (Case *self, const char *folder)
{
  self->failure = g_string_new (NULL);
  self->processes = g_ptr_array_new_with_free_func (process_free);
  make_journal (self, folder);
  make_world (self);
}

static void
case_clear (Case *self)
{
  sim_world_free (self->world);
  fault_disks_clear (&self->disks);
  g_ptr_array_unref (self->processes);
  g_string_free (self->failure, TRUE);
  remove_journal (self);
}

/* An entry of the trace: a call of ours to a host, by kind and host; NULL: something else, and what
 * does not count as a call. */
static char *
dup_call (const char *entry)
{
  const char *kind = strchr (entry, ':') + 1;
  const char *end = strrchr (entry, '#');

  if (g_str_has_prefix (kind, "point:") || g_str_has_prefix (kind, "is-alive:")
      || g_str_has_prefix (kind, "close:") || end[-1] == '-')
    return NULL;
  return g_strndup (kind, (gsize) (end - kind));
}

static gboolean
is_look (const char *call)
{
  return g_str_has_prefix (call, "domain-state:") || g_str_has_prefix (call, "job-stats:");
}

/* What is asked again and again while the copy goes on is worth a case at first, at last before an
 * order of ours, and now and then in between. */
static void
fill_plan (Case *self, FaultPlan *plan)
{
  GPtrArray *trace = sim_world_get_trace (self->world);
  guint looks = 0;

  for (guint i = 0; i < trace->len && plan->calls + 1 < FAULT_MOST_CALLS; i++)
    {
      g_autofree char *call = dup_call (trace->pdata[i]);

      if (call == NULL || ++plan->calls < self->calls)
        continue;
      looks = is_look (call) ? looks + 1 : 0;
      plan->worth[plan->calls] = looks <= LOOKS_IN_A_ROUND || looks % LOOKS_PLAYED == 0;
      for (guint n = 1; looks == 0 && n <= MIN (LOOKS_IN_A_ROUND, plan->calls); n++)
        plan->worth[plan->calls - n] = TRUE;
    }
  plan->points = self->points;
}

void
fault_case_plan (const FaultHow *how, const char *folder, FaultPlan *plan)
{
  static const Fault none = { "none", FAULT_LOSE_MESSAGE, { { 0 } }, FALSE, FALSE };
  Case self = { .how = how, .fault = &none };
  FaultPlan made = { 0 };

  if (g_atomic_int_get (&plan->made))
    return;
  case_init (&self, folder);
  if (!how->reverts)
    sim_world_at (self.world, SIM_AT_BEGIN, 0,
                  &(SimAction){ .what = SIM_CALL, .func = note_start, .data = &self });
  run_process (&self, how->reverts ? revert_main : move_main, FALSE);
  fill_plan (&self, &made);
  case_clear (&self);
  *plan = made; /* whoever makes it at the same time makes the same */
  g_atomic_int_set (&plan->made, TRUE);
}

FaultVerdict
fault_case_run (const FaultHow *how, const Fault *fault, guint n, const char *folder,
                FaultDepth depth)
{
  Case self = { .how = how, .fault = fault, .n = n, .depth = depth };
  FaultVerdict verdict = { 0 };

  case_init (&self, folder);
  if (how->checks)
    play_check (&self, &verdict);
  else
    play (&self, &verdict);
  if (self.failure->len > 0)
    verdict.failure = g_strdup (self.failure->str);
  case_clear (&self);
  return verdict;
}
