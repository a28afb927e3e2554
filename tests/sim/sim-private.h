/* What the simulator's files share. Everything here is called with the world's lock held, unless
 * it says otherwise. Names beginning with _sim are private to the room. */
#pragma once

#include <errno.h>
#include <semaphore.h>

#include "sim-error.h"
#include "sim.h"

#define SIM_MS 1000
#define SIM_WORKERS 20 /* of a libvirtd, which serves so many calls at once */

typedef struct _SimActor SimActor;
typedef struct _SimHost SimHost;
typedef struct _SimGuest SimGuest;
typedef struct _SimDomain SimDomain;
typedef struct _SimLink SimLink;
typedef struct _SimTransfer SimTransfer;
typedef struct _SimThread SimThread;
typedef struct _SimStorage SimStorage;
typedef struct _SimPool SimPool;

/* ---- the scheduler ---- */

typedef enum
{
  SIM_ACTOR_READY,   /* wants the baton */
  SIM_ACTOR_RUNNING, /* has it */
  SIM_ACTOR_WAITING, /* for key, or for deadline */
  SIM_ACTOR_HUNG     /* for the teardown */
} SimActorState;

struct _SimActor
{
  SimWorld *world;
  GThread *thread;
  guint id;
  char *name;
  sem_t *go;    /* the baton is given by it */
  sem_t own_go; /* where the thread is none of ours */
  SimActorState state;
  guint depth;     /* of enter */
  gboolean tester; /* the test itself: a stopped world does not stop it */
  gconstpointer key;
  gint64 deadline; /* -1: none */
  gboolean woken;
  MigrateConn *conn;   /* whose call this actor is in */
  GHashTable *numbers; /* of "kind:host", for the trace */
};

typedef enum
{
  SIM_EVENT_STEP,             /* the transfer's next step */
  SIM_EVENT_PERCENT,          /* a trigger in mid-copy */
  SIM_EVENT_KEEPALIVE,        /* of the daemons' connection */
  SIM_EVENT_KEEPALIVE_SOURCE, /* of the client's connection to the source, direct only */
  SIM_EVENT_ABORT,
  SIM_EVENT_ACTION,
  SIM_EVENT_STREAM /* post-copy: TCP goes on again, or gives up */
} SimEventKind;

typedef struct
{
  gint64 at;
  guint64 seq;
  SimEventKind kind;
  SimTransfer *transfer; /* nullable */
  guint stamp;           /* void when the transfer's differs */
  SimAction action;      /* strings owned */
} SimEvent;

typedef enum
{
  SIM_FAULT_FAIL,
  SIM_FAULT_LOSE,
  SIM_FAULT_HANG
} SimFaultKind;

typedef struct
{
  SimFaultKind kind;
  char *which;
  guint n;
  int vir_code;
} SimFault;

typedef struct
{
  SimAt when;
  guint arg;
  SimAction action;
} SimTrigger;

struct _SimWorld
{
  MigrateBackend backend; /* first */
  char *name;
  guint64 seed;

  GMutex lock;
  GThread *holder; /* of the lock, while a test's callback runs */

  /* scheduler */
  GRand *rand;
  gint64 now;
  gint64 idle_since;
  GPtrArray *actors; /* alive, by id */
  GPtrArray *ready;
  SimActor *running;
  GHashTable *by_thread;
  guint last_actor;
  GCond gone; /* real: an actor ended, or the world stopped */
  gboolean tearing;
  gboolean freed;
  gboolean stopped;
  guint stop_at_point, stop_at_call, n_points, n_calls;
  char *stop_file;
  guint pace;
  gint64 real_now;    /* when the clock was last moved */
  gint64 pacer_until; /* real: when it may be moved next; 0: nobody waits */
  GThread *pacer;
  GCond pacer_cond;
  GPtrArray *trace;

  /* what happens by itself */
  GPtrArray *events; /* soonest last */
  guint64 last_event;
  GPtrArray *triggers;
  GPtrArray *faults;
  GHashTable *counts; /* "kind:host" -> calls */
  guint lose[SIM_MSG_LAST + 1], sent[SIM_MSG_LAST + 1];

  /* the world */
  GPtrArray *hosts;
  GPtrArray *guests;
  GPtrArray *links;
  GPtrArray *transfers; /* under way */
  guint last_transfer;
  MigrateCall *asked; /* nullable: the last transfer that was asked for */
  guint keepalive_ms;
  GPtrArray *storages;
  guint64 last_file;
  GPtrArray *cuts;        /* of SimCut */
  gboolean tells_storage; /* there are images: hosts answer about files and pools */
  GPtrArray *violations;
  GPtrArray *attic; /* strings, domains and transfers that somebody may still look at */
};

void _sim_lock (SimWorld *self);
void _sim_unlock (SimWorld *self);
void _sim_sched_init (SimWorld *self);
/* The calling thread becomes an actor and has the baton, or is one already. */
SimActor *_sim_enter (SimWorld *self, gboolean tester);
void _sim_leave (SimActor *actor);
/* A scheduling point. */
void _sim_yield (SimActor *actor);
/* TRUE: woken by notify; FALSE: the deadline passed, or teardown. */
gboolean _sim_wait (SimActor *actor, gconstpointer key, gint64 deadline);
void _sim_pause (SimActor *actor, gint64 us);
void _sim_hang (SimActor *actor);
void _sim_notify (SimWorld *self, gconstpointer key);
void _sim_wake_actor (SimActor *actor);
/* When nobody has the baton, gives it to somebody. */
void _sim_dispatch (SimWorld *self);
void _sim_trace (SimActor *actor, const char *kind, const char *host);
/* Our process is killed now. */
void _sim_stop (SimWorld *self);

/* ---- threads; the world's lock may be held or not ---- */

void _sim_sem_wait (sem_t *sem);
/* func runs on it, once, when the semaphore is posted. */
SimThread *_sim_thread_take (GFunc func, gpointer data, GError **error);
sem_t *_sim_thread_get_go (SimThread *self);

/* ---- the seam's clock and threads; without the lock ---- */

gint64 _sim_backend_now (MigrateBackend *backend);
gint64 _sim_backend_wall (MigrateBackend *backend);
gboolean
_sim_backend_wait_until (MigrateBackend *backend, GCond *cond, GMutex *mutex, gint64 deadline);
void _sim_backend_wake (MigrateBackend *backend, GCond *cond);
gboolean _sim_backend_start_thread (MigrateBackend *backend, const char *name, GFunc func,
                                    gpointer data, GError **error);
void _sim_backend_enter (MigrateBackend *backend);
void _sim_backend_leave (MigrateBackend *backend);
void _sim_backend_point (MigrateBackend *backend, const char *what);

/* ---- the world ---- */

typedef enum
{
  SIM_DAEMON_UP,
  SIM_DAEMON_HUNG,
  SIM_DAEMON_DOWN
} SimDaemon;

struct _SimHost
{
  SimWorld *world;
  char *name, *uuid, *hostname;
  gboolean power;
  SimDaemon daemon;
  guint epoch; /* of libvirtd: connections of an older one are broken */
  gboolean wedged;
  gboolean control_cut;
  guint workers, busy;
  char *cpu_model, *cpu_features; /* nullable: it tells of none */
  char *refuse_prepare;           /* once */
  gboolean fail_persist;          /* once */
  GPtrArray *domains;
  GPtrArray *pools;
  GPtrArray *secrets; /* of SimSecret */
  GPtrArray *folders; /* of SimFolder: where what other hosts may have too is */
};

/* What two hosts have between them. */
struct _SimLink
{
  SimHost *a, *b;
  guint64 bandwidth;
  gboolean daemons_cut, data_cut;
  guint copying; /* transfers that share it now */
};

struct _SimGuest
{
  char *name, *uuid, *disk;
  GPtrArray *disks;     /* of SimDisk */
  gboolean opens_files; /* its disks are files that must be there */
  guint64 memory, dirty_rate, working_set;
  gboolean cpu_bound; /* a throttle makes it write less; else it catches up */
  guint shut_down_ms; /* after it was asked to; G_MAXUINT: never */
  guint boots;
  guint64 newest;    /* counter of the copy that ran last, at its last stop */
  guint running;     /* copies */
  gboolean given_up; /* what it does is for nothing */
};

/* A guest as one libvirtd knows it. */
typedef struct
{
  char *uuid, *usage, *usage_type, *document;
  GBytes *value; /* nullable */
} SimSecret;

struct _SimDomain
{
  SimGuest *guest;
  SimHost *host;
  gboolean gone; /* in the attic */
  gboolean persistent, autostart, managed_save;
  GPtrArray *snapshots, *checkpoints; /* documents */
  char *current_snapshot;             /* nullable */
  gboolean active;                    /* has a QEMU */
  MigrateDomainState state;
  int reason;
  gboolean cpus;
  guint64 counter; /* ms, up to run_since */
  gint64 run_since;
  guint boots;
  gboolean released; /* it has let go of its images */
  char *lasting;     /* nullable: what it is saved to, or how it is restored */
  gboolean save_paused, save_failed;
  gint64 shut_down_at;            /* it was asked to; 0: it was not */
  gboolean hung;                  /* its QEMU */
  gint64 monitor_since;           /* a call waits in the monitor since; 0: none */
  guint64 downtime_ms, bandwidth; /* QEMU's settings */
  SimTransfer *job;
  gboolean incoming;
  gboolean has_completed;
  MigrateStats completed;
  gint64 dirty_since; /* how fast it writes is measured since; 0: never */
  guint dirty_seconds;
  gboolean dirty_cpus; /* it ran then */
  char *messages;      /* nullable: what libvirtd keeps of QEMU's words */
  char *xml;
  char *definition; /* nullable: it is the same as xml */
};

SimHost *_sim_find_host (SimWorld *self, const char *name);
SimHost *_sim_find_host_by_uri (SimWorld *self, const char *uri);
SimLink *_sim_find_link (SimWorld *self, const SimHost *a, const SimHost *b);
SimGuest *_sim_find_guest (SimWorld *self, const char *name_or_uuid);
SimDomain *_sim_find_domain (SimHost *host, const char *name_or_uuid);
SimDomain *_sim_domain_new (SimHost *host, SimGuest *guest);
void _sim_domain_set_state (SimDomain *self, MigrateDomainState state, int reason);
void _sim_domain_set_cpus (SimDomain *self, gboolean cpus);
void _sim_life_end_save (SimDomain *domain, const char *path);
void _sim_life_end_restore (SimDomain *domain, gboolean paused);
/* What was under way when it died is taken back. */
void _sim_life_daemon_started (SimDomain *domain);
/* Of a save, made of memory; of a definition. */
/* Of one that runs, what it has when it starts again. */
void _sim_domain_define (SimDomain *self, const char *xml);
char *_sim_domain_dup_mark (const SimDomain *self); /* NULL: it has none */
void _sim_domain_drop_managed_save (SimDomain *self);
void _sim_domain_drop_nvram (SimDomain *self);
const char *_sim_snapshots_refusal (const SimDomain *self, int *code);
/* FALSE: another has them, or they are not there. */
gboolean _sim_domain_take_images (SimDomain *self);
guint64 _sim_domain_get_counter (SimDomain *self);
/* Its QEMU ended. */
void _sim_domain_stop (SimDomain *self, int reason);
void _sim_domain_undefine (SimDomain *self);
SimHost *_sim_need_host (SimWorld *self, const char *name);
SimGuest *_sim_need_guest (SimWorld *self, const char *name);
void _sim_domain_boot (SimDomain *self);
void _sim_look_at_transfers (SimWorld *self);
const char *_sim_describe_state (MigrateDomainState state, int reason);
gboolean _sim_host_answers (const SimHost *self); /* libvirtd is up and not hung */

/* Borrowed until it has run. */
SimEvent *
_sim_schedule (SimWorld *self, gint64 delay, SimEventKind kind, SimTransfer *transfer, guint stamp);
void _sim_unschedule (SimWorld *self, SimEvent *event); /* nullable */
void _sim_schedule_action (SimWorld *self, gint64 delay, const SimAction *action);
void _sim_run_event (SimWorld *self, SimEvent *event);
void _sim_event_free (SimEvent *event);
void _sim_act (SimWorld *self, const SimAction *action, SimTransfer *transfer);
void _sim_trigger (SimWorld *self, SimAt when, guint arg, SimTransfer *transfer);
/* Things of our own process, which are counted. */
void _sim_trigger_nth (SimWorld *self, SimAt when, guint n);
guint _sim_next_percent (SimWorld *self, SimTransfer *transfer, SimAt when, guint from);

/* ---- calls ---- */

struct _MigrateConn
{
  MigrateBackend *backend;
  SimHost *host;
  guint epoch;
  gboolean closed; /* by the host, or by keep-alive */
  guint busy;
};

/* Counts the call, and says what is to go wrong with it; NULL: nothing. May be the end of us. */
const SimFault *_sim_begin_call (SimActor *actor, const char *kind, const char *host);
void
_sim_fault_set_error (const SimFault *fault, const char *kind, const char *host, GError **error);
/* No call is to fail any more. */
void _sim_disarm_calls (SimWorld *self);
/* Connections to this host broke: whoever waits on one looks again. */
void _sim_host_connections_changed (SimHost *host);

MigrateConn *_sim_backend_open (MigrateBackend *backend, const char *uri, GError **error);
gboolean _sim_backend_call (MigrateConn *conn, MigrateCall *call, GError **error);
gboolean _sim_backend_is_alive (MigrateConn *conn);
void _sim_backend_close (MigrateConn *conn);
extern const MigrateBackendVtable _sim_vtable;

/* ---- sim-cpu.c: of a host that tells of its CPU ---- */

char *_sim_cpu_describe (const SimHost *host); /* domain capabilities */
gboolean _sim_cpu_compare (const SimHost *host, const char *cpu);
char *_sim_cpu_baseline (GVariant *question); /* NULL: they have nothing in common */

/* ---- sim-facts.c, sim-facts-storage.c: what a host tells of itself and its guests ---- */

/* Returns its capabilities. */
char *_sim_host_describe (const SimHost *self, MigrateHostInfo *info);
char *_sim_domain_dup_live_xml (const SimDomain *self); /* with its chains */
void _sim_facts_tell_storage (SimHost *host, const MigrateCall *call, GVariantDict *answer);
void _sim_facts_tell_secrets (SimHost *host, const MigrateCall *call, GVariantDict *answer);
void _sim_domain_describe (const SimDomain *self, MigrateDomain *domain);
/* guest: nullable; its job is in the call's stats. */
void _sim_facts_answer (SimHost *host, const SimDomain *guest, MigrateCall *call);

/* ---- sim-calls-disks.c ---- */

const SimSecret *_sim_secret_find (SimHost *host, const char *uuid); /* NULL: there is none */

/* ---- sim-pools.c, sim-volumes.c: 0, or libvirt's code with its words ---- */

enum
{
  SIM_ERR_INTERNAL = 1,
  SIM_ERR_NO_SUPPORT = 3,
  SIM_ERR_INVALID_ARG = 8,
  SIM_ERR_FAILED = 9,
  SIM_ERR_XML = 27,
  SIM_ERR_NO_POOL = 49,
  SIM_ERR_NO_VOLUME = 50,
  SIM_ERR_INVALID = 55,
  SIM_ERR_VOLUME_EXISTS = 90,
  /* VIR_ERR_SYSTEM_ERROR, by its errno */
  SIM_ERR_SYSTEM = 38,
  SIM_ERR_NO_FOLDER = 38 | ENOENT << 8,
  SIM_ERR_FILE_EXISTS = 38 | EEXIST << 8,
  SIM_ERR_NO_ROOM = 38 | ENOSPC << 8,
  SIM_ERR_STREAM = 38 | ECONNRESET << 8
};

int _sim_pool_find (SimHost *host, MigrateCall *call, const char **words);
int _sim_volume_find (SimHost *host, MigrateCall *call, const char **words);
int _sim_pool_create (SimHost *host, MigrateCall *call, const char **words);
int _sim_pool_remove (SimHost *host, MigrateCall *call, const char **words);
int _sim_volume_info_by_path (SimHost *host, MigrateCall *call, const char **words);
/* Writes, reads or removes one. */
int _sim_volume_do (SimHost *host, MigrateCall *call, const char **words);

/* ---- the move ---- */

typedef enum
{
  SIM_STEP_BEGIN,
  SIM_STEP_CONNECT,
  SIM_STEP_PREPARE,
  SIM_STEP_PREPARED,
  SIM_STEP_PERFORM,
  SIM_STEP_COPY,
  SIM_STEP_MIRRORED,
  SIM_STEP_PASS_END,
  SIM_STEP_CONTINUE, /* QEMU waits at pre-switchover for libvirtd */
  SIM_STEP_LAST_SENT,
  SIM_STEP_PERFORMED,
  SIM_STEP_SEND_FINISH,
  SIM_STEP_FINISH,
  SIM_STEP_STARTED,
  SIM_STEP_FINISHED,
  SIM_STEP_REPLIED,
  SIM_STEP_CONFIRM,
  SIM_STEP_CONFIRMED,
  SIM_STEP_CANCEL_SEND,
  SIM_STEP_CANCEL_DESTINATION,
  SIM_STEP_CANCEL_SOURCE,
  SIM_STEP_POSTCOPY_SENT,
  SIM_STEP_POSTCOPY_RECOVER,
  SIM_STEP_NONE
} SimStep;

typedef enum
{
  SIM_SIDE_NONE,
  SIM_SIDE_BEGUN,
  SIM_SIDE_PERFORMING,
  SIM_SIDE_PERFORMED,
  SIM_SIDE_CONFIRMING,
  SIM_SIDE_GONE
} SimSourceSide;

typedef enum
{
  SIM_INCOMING_NONE,
  SIM_INCOMING_PREPARING,
  SIM_INCOMING_PREPARED,
  SIM_INCOMING_FINISHING,
  SIM_INCOMING_FINISHED,
  SIM_INCOMING_GONE,
  SIM_INCOMING_POSTCOPY /* it runs, and not all of its memory is there */
} SimDestinationSide;

struct _SimTransfer
{
  SimWorld *world;
  guint id;
  SimGuest *guest;
  SimHost *source, *destination; /* destination: NULL when the URI names no host */
  SimDomain *out, *in;
  SimLink *link;
  gboolean direct, tunnelled;
  gboolean persist, paused, was_paused;

  SimStep step;      /* that comes next */
  SimEvent *pending; /* that brings it */
  gboolean held;     /* it waits for a libvirtd that hangs or for a link that is cut */
  SimSourceSide s;
  SimDestinationSide d;

  /* connection between driver and destination; for direct, also client and source */
  gboolean silent, closed, driver_told, destination_told;
  gint64 quiet_since;
  guint quiet_stamp;
  gboolean silent_source, closed_source;
  gint64 quiet_source_since;
  guint quiet_source_stamp;
  gboolean client_dead, driver_dead;
  gboolean reset; /* an end died behind a cut link: closed as soon as packets pass */

  /* copying */
  gboolean copying, final, connected;
  gboolean received; /* the destination has got everything */
  gint64 segment_at;
  gboolean segment_moves; /* data flows in this segment */
  guint64 rate, left, dirtied, processed;
  gint64 pass_at;
  guint pass;
  gint64 begun_at, stopped_at;
  guint64 downtime_ms;
  SimEvent *percent; /* that sets off the next trigger */
  MigrateJobType type;

  /* auto-converge */
  guint throttle, throttle_initial, throttle_increment; /* %; initial 0: it is not armed */
  guint throttle_high;                                  /* looks that found the guest too busy */
  gint64 throttle_looked_at;
  guint64 throttle_written, throttle_sent; /* bytes: written since that look, sent before it */

  /* post-copy */
  gboolean armed, switch_asked;
  guint64 postcopy_bandwidth;
  gboolean post; /* switched: from here on only sim-postcopy.c knows what a failure means */
  gboolean sent; /* all of it */
  guint64 post_total;
  gboolean unattended;            /* nobody drives it any more, the QEMUs go on */
  gboolean given_up;              /* the source's libvirtd takes it for broken */
  gboolean out_broken, in_broken; /* an end's QEMU has lost the stream */
  gboolean stalled;               /* TCP has not noticed yet that the path is back */
  gboolean recovering;
  gint64 cut_since;
  guint stream_stamp;
  guint attempt; /* to drive it: each ends for its caller without the transfer's end */

  char *dest_xml, *persist_xml; /* nullable: what is there is what is here */

  /* disks */
  char **disks; /* nullable: targets */
  gboolean disks_top, sync_writes, keep_source;
  GPtrArray *mirrors; /* nullable; of SimMirror */
  gboolean mirroring; /* they are not alike yet */
  guint64 disk_dirty; /* bytes written since they were sent */
  guint64 disk_again; /* bytes of them that were sent since */
  char *disks_failed; /* nullable: target, newline, words */

  GError *failure; /* what the caller will get */
  gboolean done;
};

#define SIM_MESSAGE_TIME (1 * SIM_MS)
#define SIM_FINISH_TIME (5 * SIM_MS)

enum
{
  VIR_FROM_RPC = 7,
  VIR_FROM_QEMU = 10,
  VIR_FROM_STORAGE = 18
};

/* ---- sim-dirty-rate.c ---- */

/* FALSE: one is under way. */
gboolean _sim_dirty_rate_start (SimDomain *domain, guint seconds);
void _sim_dirty_rate_get (const SimDomain *domain, MigrateMemory *memory);

/* ---- sim-steps.c ---- */

/* The caller waits on the transfer itself as key, for done. */
SimTransfer *
_sim_transfer_new (SimDomain *domain, const MigrateTransfer *request, SimHost *destination);
void _sim_transfer_run (SimTransfer *self, const SimEvent *event);

/* ---- sim-copy.c ---- */

void _sim_copy_set (SimTransfer *self, gboolean copying);
/* Books what was sent and dirtied since the last time. */
void _sim_copy_settle (SimTransfer *self);
/* From here to the end of the pass, if nothing changes. */
void _sim_copy_plan (SimTransfer *self);
void _sim_copy_arm_percent (SimTransfer *self);
SimAt _sim_copy_get_trigger (const SimTransfer *self); /* of percentages */
void _sim_copy_pass_end (SimTransfer *self);
void _sim_copy_save (SimTransfer *self, SimDomain *domain);
void _sim_transfer_retune (SimTransfer *self);
void _sim_transfer_get_stats (SimTransfer *self, MigrateStats *stats);

/* ---- sim-mirror.c ---- */

const char *
_sim_mirror_refusal (const SimDomain *domain, const MigrateTransfer *request, int *code);
void _sim_mirror_begin (SimTransfer *self, const MigrateTransfer *request);
/* What libvirt makes of the disks at the destination; its words when it cannot. */
const char *_sim_mirror_prepare (SimTransfer *self, const char *xml, int *code);
GPtrArray *_sim_mirror_list (const SimTransfer *self); /* targets, borrowed */
gboolean _sim_mirror_writes_to (const SimTransfer *transfer, const char *target);
gboolean _sim_mirror_start (SimTransfer *self);
void _sim_mirror_settle (SimTransfer *self, guint64 elapsed);
guint64 _sim_mirror_get_left (const SimTransfer *self);
guint64 _sim_mirror_get_total (const SimTransfer *self);
guint64 _sim_mirror_get_write_rate (const SimTransfer *self, guint64 rate);
gint64 _sim_mirror_time_left (const SimTransfer *self);
gboolean _sim_mirror_failed (SimTransfer *self);
void _sim_mirror_break (SimTransfer *self, const char *target, const char *why);
gboolean _sim_mirror_finish (SimTransfer *self);
void _sim_mirror_get_stats (const SimTransfer *self, MigrateStats *stats);
GVariant *_sim_mirror_answer (const SimTransfer *self);

/* ---- sim-postcopy.c ---- */

/* What keeps it from being switched now, in libvirt's words; NULL: nothing. */
const char *_sim_postcopy_refusal (SimTransfer *self);
void _sim_postcopy_ask (SimTransfer *self);
/* When it is asked for and may be: TRUE, it is in post-copy now. */
gboolean _sim_postcopy_try (SimTransfer *self);
/* Somebody wants to go on with one that broke. A code, or 0: the caller waits for the attempt. */
int _sim_postcopy_resume (SimTransfer *self, const MigrateTransfer *request, const char **words);
void _sim_postcopy_recover (SimTransfer *self);
gboolean _sim_postcopy_flows (SimTransfer *self);
void _sim_postcopy_sent (SimTransfer *self);
/* What each libvirtd that answers does by itself. */
void _sim_postcopy_settle (SimTransfer *self);
void _sim_postcopy_driver_lost (SimTransfer *self, int domain, int code, const char *message);
void _sim_postcopy_source_gone (SimTransfer *self);
void _sim_postcopy_destination_gone (SimTransfer *self);
void _sim_postcopy_daemon_killed (SimTransfer *self, SimHost *host);
void _sim_postcopy_daemon_started (SimTransfer *self, SimDomain *domain);
void _sim_postcopy_client_killed (SimTransfer *self);
void _sim_postcopy_look (SimTransfer *self);
void _sim_postcopy_run_stream (SimTransfer *self, guint stamp);
/* The stream's ends lose it. */
void _sim_postcopy_break (SimTransfer *self, gboolean out, gboolean in);

/* ---- sim-refuse.c ---- */
/* libvirt's code, 0: it takes it. */
int _sim_refuse_transfer (const MigrateTransfer *request, const char **words);

/* ---- sim-transfer.c ---- */

void _sim_transfer_next (SimTransfer *self, SimStep step, gint64 delay);
/* A message on its way, which begins the step when it arrives. */
void _sim_transfer_send (SimTransfer *self, SimMessage message, SimStep step);
void _sim_transfer_lose (SimTransfer *self, gboolean to_destination);
/* Whose libvirtd does the step that comes next; NULL: a QEMU, or our own process. */
SimHost *_sim_transfer_get_actor (SimTransfer *self);
gboolean _sim_transfer_must_wait (SimTransfer *self);
gboolean _sim_transfer_is_cut (SimTransfer *self); /* between driver and destination */
void _sim_transfer_watch (SimTransfer *self);
void _sim_transfer_close (SimTransfer *self);
void _sim_transfer_fail (SimTransfer *self, int domain, int code, const char *message);
/* The driver gives up: Finish(cancel) at the destination, then Confirm(cancel) at the source. */
void _sim_transfer_cancel (SimTransfer *self, int domain, int code, const char *message);
void _sim_transfer_run_abort (SimTransfer *self);
void _sim_transfer_close_stream (SimTransfer *self);
void _sim_transfer_kill_incoming (SimTransfer *self);
void _sim_transfer_take_back (SimTransfer *self);
void _sim_transfer_source_lost_client (SimTransfer *self);
void _sim_transfer_client_lost_source (SimTransfer *self);
void _sim_transfer_release (SimDomain *domain, SimTransfer *self);
void _sim_transfer_end (SimTransfer *self);
void _sim_transfer_bury (SimTransfer *self);
void _sim_transfer_abort (SimTransfer *self);
/* What happened to the hosts. */
void _sim_transfer_source_gone (SimTransfer *self);
void _sim_transfer_destination_gone (SimTransfer *self);
void _sim_transfer_daemon_killed (SimTransfer *self, SimHost *host);
void _sim_transfer_daemon_back (SimTransfer *self, SimHost *host); /* from hanging */
void _sim_transfer_look (SimTransfer *self); /* links, daemons or QEMUs changed */
void _sim_transfer_client_killed (SimTransfer *self);
