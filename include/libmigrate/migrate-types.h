/* The enumerations that every object shares. Values are only ever appended. */
#pragma once

#if !defined(MIGRATE_INSIDE) && !defined(MIGRATE_COMPILATION)
#error "Only <libmigrate/migrate.h> can be included directly."
#endif

#include <glib-object.h>
#include <libmigrate/migrate-version.h>

G_BEGIN_DECLS

/**
 * MigrateState:
 * @MIGRATE_STATE_NEW: nothing was asked yet; the source owns the guest
 * @MIGRATE_STATE_CHECKED: a check was done; the source owns the guest, there is no claim
 * @MIGRATE_STATE_PREPARED: the destination is ready, the claim is held; when the job is in flight
 *   the transfer runs under libvirt and can be followed
 * @MIGRATE_STATE_MIGRATED: the guest was handed over; the destination owns it
 * @MIGRATE_STATE_FINALIZED: closed: proven at the destination, the source is released
 * @MIGRATE_STATE_UNDONE: closed: an operation failed and everything was undone
 * @MIGRATE_STATE_CANCELLED: closed: cancelled before the hand-over, everything was undone
 * @MIGRATE_STATE_FAILED: an operation failed and something is left to repair
 * @MIGRATE_STATE_REVERTED: closed: the hand-over was taken back; the source owns the guest
 *
 * Where a job rests.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_STATE_NEW,
  MIGRATE_STATE_CHECKED,
  MIGRATE_STATE_PREPARED,
  MIGRATE_STATE_MIGRATED,
  MIGRATE_STATE_FINALIZED,
  MIGRATE_STATE_UNDONE,
  MIGRATE_STATE_CANCELLED,
  MIGRATE_STATE_FAILED,
  MIGRATE_STATE_REVERTED
} MigrateState;

/**
 * MigratePhase:
 * @MIGRATE_PHASE_IDLE: no operation runs
 * @MIGRATE_PHASE_GATHERING: facts are read from both hosts
 * @MIGRATE_PHASE_QUEUED: waiting for a free transfer on one of the hosts
 * @MIGRATE_PHASE_PREPARING: the destination is made ready
 * @MIGRATE_PHASE_STARTING: the transfer was asked for, nothing was copied yet
 * @MIGRATE_PHASE_COPYING_MEMORY: memory travels, the guest runs at the source
 * @MIGRATE_PHASE_SWITCHING_OVER: the guest is stopped at the source, the rest travels
 * @MIGRATE_PHASE_CANCELLING: an abort was asked for, the hypervisor has not answered yet
 * @MIGRATE_PHASE_PROVING: both hosts are asked who runs the guest
 * @MIGRATE_PHASE_FINALIZING: the definition is settled, the source is released
 * @MIGRATE_PHASE_UNDOING: what was done is taken back
 * @MIGRATE_PHASE_POSTCOPY: the guest runs at the destination and fetches its memory from the
 * source; there is no way back
 * @MIGRATE_PHASE_COPYING_DISKS: images travel: before memory in a block move, all there is to copy
 *   in a cold one
 * @MIGRATE_PHASE_SHUTTING_DOWN: the guest is asked to shut down, or its memory is saved
 * @MIGRATE_PHASE_VERIFYING: what was copied is read back
 *
 * What happens inside an operation.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_PHASE_IDLE,
  MIGRATE_PHASE_GATHERING,
  MIGRATE_PHASE_QUEUED,
  MIGRATE_PHASE_PREPARING,
  MIGRATE_PHASE_STARTING,
  MIGRATE_PHASE_COPYING_MEMORY,
  MIGRATE_PHASE_SWITCHING_OVER,
  MIGRATE_PHASE_CANCELLING,
  MIGRATE_PHASE_PROVING,
  MIGRATE_PHASE_FINALIZING,
  MIGRATE_PHASE_UNDOING,
  MIGRATE_PHASE_POSTCOPY,
  MIGRATE_PHASE_COPYING_DISKS,
  MIGRATE_PHASE_SHUTTING_DOWN,
  MIGRATE_PHASE_VERIFYING
} MigratePhase;

/**
 * MigrateOutcome:
 * @MIGRATE_OUTCOME_NONE: the job has not ended
 * @MIGRATE_OUTCOME_MOVED: the guest is at the destination, and only there
 * @MIGRATE_OUTCOME_STAYED: the guest is at the source as before, and only there
 * @MIGRATE_OUTCOME_DOWN: the guest is off: it powered itself off, or its QEMU ended
 * @MIGRATE_OUTCOME_LOST: no copy of the guest is left, or of its memory no whole one
 * @MIGRATE_OUTCOME_SPLIT: the guest runs on both hosts
 * @MIGRATE_OUTCOME_UNKNOWN: a host could not be asked; nothing was concluded
 * @MIGRATE_OUTCOME_DETACHED: the transfer was left running under libvirt
 *
 * How a job ended.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_OUTCOME_NONE,
  MIGRATE_OUTCOME_MOVED,
  MIGRATE_OUTCOME_STAYED,
  MIGRATE_OUTCOME_DOWN,
  MIGRATE_OUTCOME_LOST,
  MIGRATE_OUTCOME_SPLIT,
  MIGRATE_OUTCOME_UNKNOWN,
  MIGRATE_OUTCOME_DETACHED
} MigrateOutcome;

/**
 * MigrateKind:
 * @MIGRATE_KIND_AUTO: let the check choose; only what can be proven is chosen
 * @MIGRATE_KIND_LIVE: the guest goes on running, its disks are shared between the hosts
 * @MIGRATE_KIND_BLOCK: the guest goes on running, and disks that are not shared travel with it
 * @MIGRATE_KIND_COLD: the guest is off, or is shut down for it; its disks and definition travel
 * @MIGRATE_KIND_SUSPEND: the guest is stopped with its memory, which travels with its disks, and
 *   goes on at the destination
 *
 * How a guest travels.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_KIND_AUTO,
  MIGRATE_KIND_LIVE,
  MIGRATE_KIND_BLOCK,
  MIGRATE_KIND_COLD,
  MIGRATE_KIND_SUSPEND
} MigrateKind;

/**
 * MigrateTransport:
 * @MIGRATE_TRANSPORT_P2P: the source's libvirt drives; the move outlives this program
 * @MIGRATE_TRANSPORT_DIRECT: this program drives; it must live to the end
 * @MIGRATE_TRANSPORT_TUNNELLED: as peer-to-peer, memory travels inside libvirt's own connection
 *
 * Who drives the transfer and by which way memory travels.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_TRANSPORT_P2P,
  MIGRATE_TRANSPORT_DIRECT,
  MIGRATE_TRANSPORT_TUNNELLED
} MigrateTransport;

/**
 * MigrateHandOver:
 * @MIGRATE_HAND_OVER_FAST: libvirt resumes the guest at the destination
 * @MIGRATE_HAND_OVER_STRICT: the guest arrives paused and is resumed once the source is proven gone
 *
 * How the guest changes hands.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_HAND_OVER_FAST,
  MIGRATE_HAND_OVER_STRICT
} MigrateHandOver;

/**
 * MigrateAllow:
 * @MIGRATE_ALLOW_THROTTLE: slow the guest's CPUs down
 * @MIGRATE_ALLOW_POSTCOPY: let the guest run at the destination before all of its memory is there.
 *   From that moment its memory is on both hosts, and it is lost when either of them is
 * @MIGRATE_ALLOW_PAUSE: stop the guest, and finish
 *
 * What may be done to a guest so that its move comes to an end.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_ALLOW_THROTTLE = 1 << 0,
  MIGRATE_ALLOW_POSTCOPY = 1 << 1,
  MIGRATE_ALLOW_PAUSE = 1 << 2
} MigrateAllow;

/**
 * MigratePostcopyStart:
 * @MIGRATE_POSTCOPY_START_NEEDED: only where the copy would not come to an end otherwise
 * @MIGRATE_POSTCOPY_START_FIRST_PASS: as soon as all memory was sent once
 *
 * When a move that may use post-copy switches to it.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_POSTCOPY_START_NEEDED,
  MIGRATE_POSTCOPY_START_FIRST_PASS
} MigratePostcopyStart;

/**
 * MigrateAtDeadline:
 * @MIGRATE_AT_DEADLINE_GIVE_UP: give the move up
 * @MIGRATE_AT_DEADLINE_POSTCOPY: switch to post-copy, which must be allowed
 * @MIGRATE_AT_DEADLINE_PAUSE: stop the guest and finish, which must be allowed
 *
 * What is done with a copy that is not done at its deadline.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_AT_DEADLINE_GIVE_UP,
  MIGRATE_AT_DEADLINE_POSTCOPY,
  MIGRATE_AT_DEADLINE_PAUSE
} MigrateAtDeadline;

/**
 * MigrateAtStall:
 * @MIGRATE_AT_STALL_GIVE_UP: give the move up
 * @MIGRATE_AT_STALL_WAIT: tell it once, and wait for as long as it takes
 *
 * What is done with a copy or a switch-over that stands still.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_AT_STALL_GIVE_UP,
  MIGRATE_AT_STALL_WAIT
} MigrateAtStall;

/**
 * MigrateDiskCopy:
 * @MIGRATE_DISK_COPY_CHAIN: layer by layer: an image keeps its backing files
 * @MIGRATE_DISK_COPY_WHOLE: each disk becomes one image without backing files
 *
 * How a disk with backing files arrives.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_DISK_COPY_CHAIN,
  MIGRATE_DISK_COPY_WHOLE
} MigrateDiskCopy;

/**
 * MigrateSyncWrites:
 * @MIGRATE_SYNC_WRITES_NEEDED: when a mirror does not get ready, the copy begins again with them
 * @MIGRATE_SYNC_WRITES_ALWAYS: from the start
 * @MIGRATE_SYNC_WRITES_NEVER: a mirror that does not get ready ends the move
 *
 * When a guest's writes wait until they are at the destination too.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_SYNC_WRITES_NEEDED,
  MIGRATE_SYNC_WRITES_ALWAYS,
  MIGRATE_SYNC_WRITES_NEVER
} MigrateSyncWrites;

/**
 * MigrateRoad:
 * @MIGRATE_ROAD_AUTO: a mirror where both hosts can run one, else streams
 * @MIGRATE_ROAD_MIRROR: hypervisor to hypervisor
 * @MIGRATE_ROAD_STREAM: through libvirt's streams and this process
 *
 * The way on which the images of a guest that does not run travel.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_ROAD_AUTO,
  MIGRATE_ROAD_MIRROR,
  MIGRATE_ROAD_STREAM
} MigrateRoad;

/**
 * MigrateVerify:
 * @MIGRATE_VERIFY_AUTO: what came by streams
 * @MIGRATE_VERIFY_ALWAYS: everything but the disks of a guest that runs, which writes to them
 *   meanwhile; what was mirrored comes back over the link
 *
 * Which images are read back at the destination before the source lets go of its own. A mirror is
 * acknowledged by the other hypervisor, write by write, and flushed.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_VERIFY_AUTO,
  MIGRATE_VERIFY_ALWAYS
} MigrateVerify;

/**
 * MigrateConfirm:
 * @MIGRATE_CONFIRM_AUTO: `run` goes on to the end
 * @MIGRATE_CONFIRM_MANUAL: `run` stops at `migrated`; the program calls finalize itself
 *
 * Who decides that a moved guest is good.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_CONFIRM_AUTO,
  MIGRATE_CONFIRM_MANUAL
} MigrateConfirm;

/**
 * MigrateSeverity:
 * @MIGRATE_SEVERITY_NOTE: good to know
 * @MIGRATE_SEVERITY_WARNING: the move can be made, at a risk that is named
 * @MIGRATE_SEVERITY_BLOCKER: the move is refused
 *
 * How much a finding weighs.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_SEVERITY_NOTE,
  MIGRATE_SEVERITY_WARNING,
  MIGRATE_SEVERITY_BLOCKER
} MigrateSeverity;

/**
 * MigrateSide:
 * @MIGRATE_SIDE_NONE: neither host: this program, the journal, the request itself
 * @MIGRATE_SIDE_SOURCE: the host where the guest was
 * @MIGRATE_SIDE_DESTINATION: the host where the guest goes
 *
 * Which host something concerns.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_SIDE_NONE,
  MIGRATE_SIDE_SOURCE,
  MIGRATE_SIDE_DESTINATION
} MigrateSide;

/**
 * MigrateHookPoint:
 * @MIGRATE_HOOK_POINT_BEFORE_PREPARE: before the destination is touched; may refuse
 * @MIGRATE_HOOK_POINT_BEFORE_MIGRATE: before the transfer starts: the last that may refuse
 * @MIGRATE_HOOK_POINT_AFTER_MIGRATE: the guest was handed over; a refusal is a warning
 * @MIGRATE_HOOK_POINT_AFTER_FINALIZE: the source is released; a refusal is a warning
 * @MIGRATE_HOOK_POINT_UNDO: the move is given up; undo what an earlier point did
 * @MIGRATE_HOOK_POINT_AFTER_PREPARE: the destination is ready; may refuse
 * @MIGRATE_HOOK_POINT_HANDED_OVER: the guest has just been handed over, with post-copy before all
 *   of its memory has travelled; told, nobody waits for an answer
 * @MIGRATE_HOOK_POINT_BEFORE_FINALIZE: before the platform's record is swapped and the source is
 *   released; a refusal is a warning
 *
 * Where in a move the embedding program is asked: at each point once for each side.
 *
 * In the order of a move: before and after prepare, before migrate, handed over, after migrate,
 * before and after finalize.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_HOOK_POINT_BEFORE_PREPARE,
  MIGRATE_HOOK_POINT_BEFORE_MIGRATE,
  MIGRATE_HOOK_POINT_AFTER_MIGRATE,
  MIGRATE_HOOK_POINT_AFTER_FINALIZE,
  MIGRATE_HOOK_POINT_UNDO,
  MIGRATE_HOOK_POINT_AFTER_PREPARE,
  MIGRATE_HOOK_POINT_HANDED_OVER,
  MIGRATE_HOOK_POINT_BEFORE_FINALIZE
} MigrateHookPoint;

/**
 * MigrateRequestSubject:
 * @MIGRATE_REQUEST_SUBJECT_HOOK: a point of the move, of [iface@Migrate.Hooks]
 * @MIGRATE_REQUEST_SUBJECT_INVENTORY_GET: [method@Migrate.Inventory.get]
 * @MIGRATE_REQUEST_SUBJECT_INVENTORY_COMPARE_AND_SET:
 *   [method@Migrate.Inventory.compare_and_set]
 * @MIGRATE_REQUEST_SUBJECT_FENCE: [method@Migrate.Fence.fence]
 * @MIGRATE_REQUEST_SUBJECT_FENCE_RESET_STREAM: [method@Migrate.Fence.reset_stream]
 * @MIGRATE_REQUEST_SUBJECT_IMAGE_FETCH: [method@Migrate.ImageSource.fetch]
 * @MIGRATE_REQUEST_SUBJECT_VOLUME_CONNECT: [method@Migrate.VolumeConnector.connect]
 * @MIGRATE_REQUEST_SUBJECT_VOLUME_DISCONNECT: [method@Migrate.VolumeConnector.disconnect]
 *
 * What a request asks for.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_REQUEST_SUBJECT_HOOK,
  MIGRATE_REQUEST_SUBJECT_INVENTORY_GET,
  MIGRATE_REQUEST_SUBJECT_INVENTORY_COMPARE_AND_SET,
  MIGRATE_REQUEST_SUBJECT_FENCE,
  MIGRATE_REQUEST_SUBJECT_FENCE_RESET_STREAM,
  MIGRATE_REQUEST_SUBJECT_IMAGE_FETCH,
  MIGRATE_REQUEST_SUBJECT_VOLUME_CONNECT,
  MIGRATE_REQUEST_SUBJECT_VOLUME_DISCONNECT
} MigrateRequestSubject;

/**
 * MigrateVerdict:
 * @MIGRATE_VERDICT_NONE: nothing was investigated yet
 * @MIGRATE_VERDICT_IN_FLIGHT: a transfer is under way and moves
 * @MIGRATE_VERDICT_RUNS_ON_SOURCE: the guest is where it was, and only there
 * @MIGRATE_VERDICT_RUNS_ON_DESTINATION: the guest is where it went, and only there
 * @MIGRATE_VERDICT_POSTCOPY_PAUSED: post-copy broke, both halves know it and can go on
 * @MIGRATE_VERDICT_POSTCOPY_HALF_BROKEN: post-copy broke, the destination does not know it
 * @MIGRATE_VERDICT_HANDOVER_UNCONFIRMED: the destination runs, the source waits for a reply that
 *   was lost
 * @MIGRATE_VERDICT_PAUSED_BEFORE_HAND_OVER: the source was stopped for the hand-over, which did not
 *   happen
 * @MIGRATE_VERDICT_PAUSED_AT_HAND_OVER: the destination runs, a paused half was left at the source
 * @MIGRATE_VERDICT_OFF_ON_BOTH: the guest is off and defined on more than one host
 * @MIGRATE_VERDICT_STOPPED: the guest is off, one complete copy is there
 * @MIGRATE_VERDICT_UNDEFINED: no host knows the guest any more, but the journal knows how it was
 *   defined
 * @MIGRATE_VERDICT_SPLIT: the guest runs on two or more hosts
 * @MIGRATE_VERDICT_MONITOR_UNRESPONSIVE: the guest's QEMU does not answer its libvirt
 * @MIGRATE_VERDICT_JOB_STUCK: libvirt holds a job on the guest that no call clears
 * @MIGRATE_VERDICT_LOST: no complete copy of the guest's memory or definition is left
 * @MIGRATE_VERDICT_UNKNOWN: it cannot be told, for a host cannot be asked or the evidence does not
 *   decide
 * @MIGRATE_VERDICT_FROZEN: the guest stands still in the switch-over, under a job that does not end
 * @MIGRATE_VERDICT_ABORT_STUCK: an abort was accepted and does not end
 * @MIGRATE_VERDICT_STALLED: a transfer is under way and does not move
 * @MIGRATE_VERDICT_REVERTING: a move is being taken back, and nobody goes on with it
 * @MIGRATE_VERDICT_CARRIER: it is no guest, but what carried the images of one for a move
 *
 * What a recovery concludes from what all hosts say.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_VERDICT_NONE,
  MIGRATE_VERDICT_IN_FLIGHT,
  MIGRATE_VERDICT_RUNS_ON_SOURCE,
  MIGRATE_VERDICT_RUNS_ON_DESTINATION,
  MIGRATE_VERDICT_POSTCOPY_PAUSED,
  MIGRATE_VERDICT_POSTCOPY_HALF_BROKEN,
  MIGRATE_VERDICT_HANDOVER_UNCONFIRMED,
  MIGRATE_VERDICT_PAUSED_BEFORE_HAND_OVER,
  MIGRATE_VERDICT_PAUSED_AT_HAND_OVER,
  MIGRATE_VERDICT_OFF_ON_BOTH,
  MIGRATE_VERDICT_STOPPED,
  MIGRATE_VERDICT_UNDEFINED,
  MIGRATE_VERDICT_SPLIT,
  MIGRATE_VERDICT_MONITOR_UNRESPONSIVE,
  MIGRATE_VERDICT_JOB_STUCK,
  MIGRATE_VERDICT_LOST,
  MIGRATE_VERDICT_UNKNOWN,
  MIGRATE_VERDICT_FROZEN,
  MIGRATE_VERDICT_ABORT_STUCK,
  MIGRATE_VERDICT_STALLED,
  MIGRATE_VERDICT_REVERTING,
  MIGRATE_VERDICT_CARRIER
} MigrateVerdict;

/**
 * MigrateRisk:
 * @MIGRATE_RISK_SAFE: no running guest is touched, nothing that may be the only copy is removed;
 *   or it completes what the job's owner asked for, and the journal proves it
 * @MIGRATE_RISK_DISRUPTIVE: a guest is started, or a transfer is given up
 * @MIGRATE_RISK_DESTRUCTIVE: a guest, or what may be the only copy of something, is destroyed
 *
 * What a step of a recovery may do to the guest.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_RISK_SAFE,
  MIGRATE_RISK_DISRUPTIVE,
  MIGRATE_RISK_DESTRUCTIVE
} MigrateRisk;

/**
 * MigrateConvergence:
 * @MIGRATE_CONVERGENCE_UNKNOWN: how fast the guest writes, or what the link carries, is not known
 * @MIGRATE_CONVERGENCE_CONVERGES: the copy comes to an end by itself, within the downtime allowed
 * @MIGRATE_CONVERGENCE_NEAR: the guest writes about as fast as the link carries: it may or may not,
 *   and how long it takes depends on little
 * @MIGRATE_CONVERGENCE_DIVERGES: it does not; something must be done to the guest, or it stays
 *
 * Whether a copy of memory is forecast to come to an end by itself.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_CONVERGENCE_UNKNOWN,
  MIGRATE_CONVERGENCE_CONVERGES,
  MIGRATE_CONVERGENCE_NEAR,
  MIGRATE_CONVERGENCE_DIVERGES
} MigrateConvergence;

/**
 * MigrateRung:
 * @MIGRATE_RUNG_UNKNOWN: it is not known
 * @MIGRATE_RUNG_PLAIN: nothing is done to the guest but the hand-over
 * @MIGRATE_RUNG_THROTTLE: its CPUs are slowed down
 * @MIGRATE_RUNG_POSTCOPY: it runs at the destination before all of its memory is there
 * @MIGRATE_RUNG_PAUSE: it stands still while the rest is sent
 * @MIGRATE_RUNG_GIVE_UP: the move is given up, and the guest stays
 *
 * What is forecast to be done to a guest so that its move comes to an end.
 *
 * Since: 1.0
 */
typedef enum
{
  MIGRATE_RUNG_UNKNOWN,
  MIGRATE_RUNG_PLAIN,
  MIGRATE_RUNG_THROTTLE,
  MIGRATE_RUNG_POSTCOPY,
  MIGRATE_RUNG_PAUSE,
  MIGRATE_RUNG_GIVE_UP
} MigrateRung;

typedef struct _MigrateBaseline MigrateBaseline;
typedef struct _MigrateDecision MigrateDecision;
typedef struct _MigrateEvidence MigrateEvidence;
typedef struct _MigrateFacts MigrateFacts;
typedef struct _MigrateFailure MigrateFailure;
typedef struct _MigratePlan MigratePlan;
typedef struct _MigrateForecast MigrateForecast;
typedef struct _MigrateProgress MigrateProgress;
typedef struct _MigrateResult MigrateResult;
typedef struct _MigrateStep MigrateStep;

G_END_DECLS
