/* One case: a fresh world, a move that meets one fault, the world made whole again, recovery in a
 * fresh process, and what must be true afterwards. */
#include "faults-case.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#define LOOKS_IN_A_ROUND 3 /* of what follows a transfer */
#define LOOKS_PLAYED 10    /* one of so many */
#define CALM_BANDWIDTH 125000000
#define DISK "/images/g0.qcow2"
#define SHUT_DOWN_MS 4000
#define OLD_MS 900000    /* with what it takes to settle: what a check has left is left */
#define SETTLE_MS 200000 /* whatever libvirt and QEMU do by themselves is over */

void
fault_case_fail (FaultCase *self, const char *format, ...)
{
  va_list args;

  if (self->failure->len > 0)
    return; /* the rest follows from the first */
  va_start (args, format);
  g_string_append_vprintf (self->failure, format, args);
  va_end (args);
  g_string_append_printf (self->failure, " (%s)", sim_world_describe (self->world, FAULT_GUEST));
}

static void
tell (FaultCase *self, const char *what, const GError *error)
{
  if (self->depth == FAULT_DEPTH_TOLD)
    printf ("# %8.3f s  %-24s %s%s%s\n", (double) sim_world_get_now (self->world) / G_USEC_PER_SEC,
            what, sim_world_describe (self->world, FAULT_GUEST), error != NULL ? "  " : "",
            error != NULL ? error->message : "");
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
arm (FaultCase *self)
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
was_reached (FaultCase *self)
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
add_storage (FaultCase *self)
{
  for (guint h = 1; h <= 2; h++)
    sim_world_add_pool (self->world, h == 1 ? "h1" : "h2",
                        &(SimPoolSpec){ .name = "images",
                                        .target = "/images",
                                        .storage = h == 1 ? "one" : self->how->storage });
}

/* Slow enough that many calls are made in each stage. */
static void
make_world (FaultCase *self)
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
                       &(SimGuestSpec){ .name = FAULT_GUEST,
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
make_whole (FaultCase *self)
{
  static const SimWhat whats[] = { SIM_START_HOST,   SIM_START_LIBVIRTD,  SIM_UNHANG_LIBVIRTD,
                                   SIM_RESTORE_LINK, SIM_RESTORE_CONTROL, SIM_UNHANG_QEMU };

  for (guint i = 0; i < G_N_ELEMENTS (whats); i++)
    for (guint h = 1; h <= 2; h++)
      sim_world_do (
        self->world,
        &(SimAction){ .what = whats[i], .host = h == 1 ? "h1" : "h2", .guest = FAULT_GUEST });
}

/* ---- what must be true ---- */

static gboolean
is_owner (const FaultCase *self, const SimDomainInfo *info)
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
check_violations (FaultCase *self, const char *when)
{
  GPtrArray *list = sim_world_get_violations (self->world);

  if (list->len > 0)
    fault_case_fail (self, "%s: %s", when, (char *) list->pdata[0]);
}

/* Its counter goes on from where it was seen last, wherever it runs now; and it was booted only
 * where it was lost. */
static void
check_counter (FaultCase *self, const SimDomainInfo *info, const char *when)
{
  if (info->boots == self->boots && info->counter < self->counted)
    fault_case_fail (self, "%s: its counter has gone back", when);
  if (info->boots > 1 && !self->fault->loses_qemu && !self->how->boots)
    fault_case_fail (self, "%s: it was booted anew", when);
  self->boots = info->boots;
  self->counted = info->counter;
}

/* The host that has the guest, 1 or 2; 0: none. The other one has nothing of it. */
static guint
check_owner (FaultCase *self, const char *when)
{
  SimDomainInfo infos[2] = { sim_world_get_domain (self->world, "h1", FAULT_GUEST),
                             sim_world_get_domain (self->world, "h2", FAULT_GUEST) };

  check_violations (self, when);
  for (guint i = 0; i < 2; i++)
    {
      if (!is_owner (self, &infos[i]))
        continue;
      if (infos[1 - i].exists)
        fault_case_fail (self, "%s: something is left over", when);
      if (infos[i].persistent == self->how->transient)
        fault_case_fail (self, "%s: it is %s", when,
                         infos[i].persistent ? "persistent" : "transient");
      if (infos[i].autostart == self->how->transient)
        fault_case_fail (self, "%s: autostart is %s", when, infos[i].autostart ? "on" : "off");
      check_counter (self, &infos[i], when);
      return i + 1;
    }
  return 0;
}

/* As an operator would where a QEMU or its host is gone: what is left of it is ended, and the guest
 * booted where it is defined. FALSE: no host knows it any more, which is right of a transient one.
 */
static gboolean
start_anew (FaultCase *self)
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
        g_autoptr (MigrateCall) call = _migrate_call_new (orders[i], FAULT_GUEST);
        SimDomainInfo info = sim_world_get_domain (self->world, host, FAULT_GUEST);
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
runs_nowhere (FaultCase *self)
{
  for (guint h = 1; h <= 2; h++)
    {
      SimDomainInfo info = sim_world_get_domain (self->world, h == 1 ? "h1" : "h2", FAULT_GUEST);

      if (info.active && info.state == MIGRATE_DOMAIN_RUNNING
          && info.reason != MIGRATE_RUNNING_POSTCOPY_FAILED)
        return FALSE;
    }
  return TRUE;
}

/* Of what checks write; in the folders, and in what libvirt says of them. */
static void
check_storage (FaultCase *self, const char *when)
{
  for (guint i = 0; self->how->storage != NULL && i < 4; i++)
    {
      g_auto (GStrv) names
        = i < 2 ? sim_world_list_files (self->world, i == 0 ? "one" : self->how->storage)
                : sim_world_list_volumes (self->world, i == 2 ? "h1" : "h2", "images");

      if (names[0] != NULL)
        fault_case_fail (self, "%s: “%s” is left", when, names[0]);
    }
}

/* An image that could not be removed at the source is told, and stays; but not for our own death.
 */
static gboolean
may_leave_images (const FaultCase *self)
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
check_disks (FaultCase *self, guint owner, const char *when)
{
  g_autofree char *wrong
    = self->how->kind != NULL && owner > 0
        ? fault_disks_check (&self->disks, self->world, self->how, owner, may_leave_images (self))
        : NULL;

  if (wrong != NULL)
    fault_case_fail (self, "%s: %s", when, wrong);
}

/* A guest that is off, with nothing that only the operator may end, is defined on one host, as it
 * was. */
static void
check_definitions (FaultCase *self)
{
  SimDomainInfo infos[2] = { sim_world_get_domain (self->world, "h1", FAULT_GUEST),
                             sim_world_get_domain (self->world, "h2", FAULT_GUEST) };

  if (infos[0].active || infos[0].has_job || infos[1].active || infos[1].has_job)
    return;
  if (infos[0].persistent && infos[1].persistent)
    fault_case_fail (self, "off, and defined on two hosts");
  for (guint i = 0; i < 2; i++)
    if (infos[i].persistent && !infos[i].autostart)
      fault_case_fail (self, "off, with autostart off");
}

/* Of a guest that has calmed down: it needs no help. */
static void
check_second_move (FaultCase *self, guint from)
{
  FaultProcess *process;
  guint owner;

  sim_world_set_dirty_rate (self->world, FAULT_GUEST, 0);
  sim_world_set_bandwidth (self->world, "h1", "h2", CALM_BANDWIDTH);
  sim_world_sleep (self->world, SETTLE_MS);
  process = fault_process_run (self, fault_move_main, from == 2);
  if (!process->ok)
    fault_case_fail (self, "the second move: %s",
                     process->error != NULL ? process->error->message : "killed");
  owner = check_owner (self, "after the second move");
  if (owner != 3 - from)
    fault_case_fail (self, "after the second move it is on %s",
                     owner == 0 ? "neither host" : "the same host");
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
moves_again (const FaultCase *self)
{
  return self->depth != FAULT_DEPTH_SOME
         || (!fault_case_begins_late (self->how) && self->how->kind == NULL) || self->n % 4 == 1;
}

static gboolean
is_split (FaultCase *self)
{
  GPtrArray *list = sim_world_get_violations (self->world);

  return self->fault->splits && list->len == 1 && g_str_has_prefix (list->pdata[0], "split");
}

/* Two copies that ran: which one goes is nobody's to say but the operator's. */
static void
check_split (FaultCase *self, gboolean recovered)
{
  SimDomainInfo infos[2] = { sim_world_get_domain (self->world, "h1", FAULT_GUEST),
                             sim_world_get_domain (self->world, "h2", FAULT_GUEST) };

  if (recovered)
    fault_case_fail (self, "two copies are called recovered");
  if (!is_owner (self, &infos[0]) || !is_owner (self, &infos[1]))
    fault_case_fail (self, "recovery chose between two copies");
  if (!is_split (self))
    check_violations (self, "after recovery");
}

/* Wherever it is, its XML is that host's own, as it runs and as it is defined. */
static void
check_names (FaultCase *self, guint owner)
{
  static const char *const hosts[] = { "h1", "h2" };

  for (guint i = 0; self->how->renames != NULL && owner > 0 && i < 2; i++)
    {
      g_autofree char *xml = sim_world_dup_xml (self->world, hosts[owner - 1], FAULT_GUEST, i == 1);

      if (xml == NULL || (strstr (xml, self->how->renamed) != NULL) != (owner == 2))
        fault_case_fail (self, "%s of the guest on %s is another host's",
                         i == 1 ? "the definition" : "the XML", hosts[owner - 1]);
    }
}

static void
check_all (FaultCase *self, gboolean recovered)
{
  guint owner = check_owner (self, "after recovery");
  FaultProcess *process;

  if (owner == 0 && self->fault->loses_qemu && runs_nowhere (self))
    {
      check_definitions (self);
      if (!start_anew (self))
        {
          if (!self->how->transient)
            fault_case_fail (self, "nothing is left to start");
          return;
        }
      tell (self, "started anew", NULL);
      /* What recovery had left to the operator is done, so it can do the rest. */
      process = fault_process_run (self, fault_recover_main, FALSE);
      tell (self, process->ok ? "recovered again" : "not recovered again", process->error);
      if (!process->ok)
        fault_case_fail (self, "recovery after a new start: %s",
                         process->error != NULL ? process->error->message : "work is left");
      owner = check_owner (self, "started anew");
    }
  else if (owner == 0)
    {
      fault_case_fail (self, "after recovery nobody has the guest");
    }
  else if (!recovered)
    {
      fault_case_fail (self, "recovery says that work is left, and there is none");
    }
  check_names (self, owner);
  check_disks (self, owner, "after recovery");
  if (self->failure->len == 0 && moves_again (self))
    check_second_move (self, owner);
}

/* The way is what it is called, or it enumerates something else. */
static void
check_way (FaultCase *self, const FaultProcess *mover)
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
    fault_case_fail (self, "without a fault, “%s” is not decided", how->decides);
  if (how->reverts && sim_world_get_domain (self->world, "h2", FAULT_GUEST).exists)
    fault_case_fail (self, "without a fault, it is not taken back");
  if (mover->ok == how->stays)
    fault_case_fail (self, "without a fault, %s", mover->ok ? "it moved" : mover->error->message);
  if (how->stays && !g_error_matches (mover->error, MIGRATE_ERROR, MIGRATE_ERROR_NO_CONVERGENCE))
    fault_case_fail (self, "it stayed for another reason: %s", mover->error->message);
}

/* ---- the case ---- */

static void
play (FaultCase *self, FaultVerdict *verdict)
{
  FaultProcess *process;
  gboolean recovered, split;

  arm (self);
  process
    = fault_process_run (self, self->how->reverts ? fault_revert_main : fault_move_main, FALSE);
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
  process = fault_process_run (self, fault_recover_main, FALSE);
  tell (self, process->ok ? "recovered" : "not recovered", process->error);
  recovered = process->ok;
  if (!recovered && !self->fault->loses_qemu && !split)
    fault_case_fail (self, "recovery: %s",
                     process->error != NULL ? process->error->message : "work is left");
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
play_check (FaultCase *self, FaultVerdict *verdict)
{
  FaultProcess *process;

  arm (self);
  process = fault_process_run (self, fault_check_main, FALSE);
  verdict->reached = was_reached (self);
  sim_world_disarm (self->world);
  tell (self, "the check", process->error);
  if (!verdict->reached && !process->ok)
    fault_case_fail (self, "without a fault, the check fails: %s", process->error->message);
  make_whole (self);
  sim_world_sleep (self->world, SETTLE_MS);
  make_whole (self); /* what was to happen later has happened */
  sim_world_sleep (self->world, OLD_MS);
  process = fault_process_run (self, fault_recover_main, FALSE);
  tell (self, process->ok ? "recovered" : "not recovered", process->error);
  if (!process->ok && !self->fault->loses_qemu)
    fault_case_fail (self, "recovery: %s",
                     process->error != NULL ? process->error->message : "work is left");
  check_storage (self, "after recovery");
  if (runs_nowhere (self))
    return;
  process = fault_process_run (self, fault_check_main, FALSE);
  if (!process->ok)
    fault_case_fail (self, "the next check: %s",
                     process->error != NULL ? process->error->message : "killed");
  check_owner (self, "after the next check");
  check_storage (self, "after the next check");
}

/* What a file adds is SQLite and its locks, at as much again as all else of a case: it is taken
 * where our process dies, which is what the file is for, and for one in eight of the others. */
static gboolean
is_on_file (const FaultCase *self)
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
make_journal (FaultCase *self, const char *folder)
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
remove_journal (FaultCase *self)
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
case_init (FaultCase *self, const char *folder)
{
  self->failure = g_string_new (NULL);
  self->processes = g_ptr_array_new_with_free_func (fault_process_free);
  make_journal (self, folder);
  make_world (self);
}

static void
case_clear (FaultCase *self)
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
fill_plan (FaultCase *self, FaultPlan *plan)
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
  FaultCase self = { .how = how, .fault = &none };
  FaultPlan made = { 0 };

  if (g_atomic_int_get (&plan->made))
    return;
  case_init (&self, folder);
  if (!how->reverts)
    sim_world_at (self.world, SIM_AT_BEGIN, 0,
                  &(SimAction){ .what = SIM_CALL, .func = fault_note_start, .data = &self });
  fault_process_run (&self, how->reverts ? fault_revert_main : fault_move_main, FALSE);
  fill_plan (&self, &made);
  case_clear (&self);
  *plan = made; /* whoever makes it at the same time makes the same */
  g_atomic_int_set (&plan->made, TRUE);
}

FaultVerdict
fault_case_run (const FaultHow *how, const Fault *fault, guint n, const char *folder,
                FaultDepth depth)
{
  FaultCase self = { .how = how, .fault = fault, .n = n, .depth = depth };
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
