/* The job as the program sees it: properties and signals. Its operations begin in
 * migrate-job-calls.c. */
#include "job/job-private.h"

#include "check/facts-private.h"
#include "migrate/carry-private.h"
#include "migrate/cold-private.h"
#include "storage/files-private.h"

/**
 * MigrateJob:
 *
 * One move of one guest from a source to a destination: a state machine.
 *
 * [method@Migrate.Job.run] walks all of it; [method@Migrate.Job.check],
 * [method@Migrate.Job.prepare], [method@Migrate.Job.migrate] and [method@Migrate.Job.finalize] take
 * one edge each. Every one has an asynchronous form. A refused operation changes nothing.
 *
 * Signals and `notify` are emitted in the main context that was thread-default when the job was
 * made; a blocking call delivers them itself while it waits. All methods may be called from any
 * thread; one operation runs at a time, beside which [method@Migrate.Job.cancel],
 * [method@Migrate.Job.detach], [method@Migrate.Job.retune], [method@Migrate.Job.finish_now],
 * [method@Migrate.Job.pause] and [method@Migrate.Job.give_up] may be called.
 *
 * Since: 1.0
 */

enum
{
  PROP_ID = 1,
  PROP_GUEST,
  PROP_SOURCE,
  PROP_DESTINATION,
  PROP_KIND,
  PROP_POLICY,
  PROP_JOURNAL,
  PROP_HOOKS,
  PROP_INVENTORY,
  PROP_IMAGE_SOURCE,
  PROP_VOLUME_CONNECTOR,
  PROP_MAPPING,
  PROP_RESIZE,
  PROP_FORECAST,
  PROP_HISTORY,
  PROP_STATE,
  PROP_PHASE,
  PROP_IN_FLIGHT,
  PROP_REPORT,
  PROP_PROGRESS,
  PROP_RESULT,
  PROP_FAILURE,
  N_PROPS
};

enum
{
  SIGNAL_STATE_CHANGED,
  SIGNAL_PROGRESS,
  SIGNAL_DECISION,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (MigrateJob, migrate_job, G_TYPE_OBJECT)

static void
job_dispose (GObject *object)
{
  MigrateJob *self = MIGRATE_JOB (object);

  g_clear_object (&self->source);
  g_clear_object (&self->destination);
  g_clear_object (&self->policy);
  g_clear_object (&self->journal);
  g_clear_object (&self->hooks);
  g_clear_object (&self->inventory);
  g_clear_object (&self->image_source);
  g_clear_object (&self->connector);
  g_clear_object (&self->mapping);
  g_clear_pointer (&self->rewriter, _migrate_rewriter_unref);
  g_clear_object (&self->history);
  g_clear_object (&self->report);
  G_OBJECT_CLASS (migrate_job_parent_class)->dispose (object);
}

static void
job_free (GObject *object)
{
  MigrateJob *self = MIGRATE_JOB (object);

  if (self->work != NULL)
    {
      g_clear_pointer (&self->work->facts, _migrate_facts_unref);
      _migrate_work_unref (self->work);
    }
  g_clear_pointer (&self->resize, g_variant_unref);
  g_clear_pointer (&self->before, g_variant_unref);
  g_clear_pointer (&self->plan, migrate_plan_unref);
  g_clear_pointer (&self->source_says, g_variant_unref);
  g_clear_pointer (&self->source_look, g_variant_unref);
  g_clear_pointer (&self->facts, migrate_facts_unref);
  g_clear_pointer (&self->progress, migrate_progress_unref);
  g_clear_pointer (&self->result, migrate_result_unref);
  g_clear_pointer (&self->failure, migrate_failure_unref);
  g_clear_pointer (&self->queue, _migrate_queue_unref);
  g_free (self->id);
  g_free (self->guest);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (migrate_job_parent_class)->finalize (object);
}

static void
job_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateJob *self = MIGRATE_JOB (object);

  switch (id)
    {
    case PROP_ID:
      g_value_set_string (value, self->id);
      break;
    case PROP_GUEST:
      g_value_set_string (value, self->guest);
      break;
    case PROP_SOURCE:
      g_value_set_object (value, self->source);
      break;
    case PROP_DESTINATION:
      g_value_set_object (value, self->destination);
      break;
    case PROP_KIND:
      g_value_set_enum (value, (int) migrate_job_get_kind (self));
      break;
    case PROP_POLICY:
      g_value_take_object (value, migrate_job_dup_policy (self));
      break;
    case PROP_JOURNAL:
      g_value_take_object (value, migrate_job_dup_journal (self));
      break;
    case PROP_HOOKS:
      g_value_take_object (value, migrate_job_dup_hooks (self));
      break;
    case PROP_INVENTORY:
      g_value_take_object (value, migrate_job_dup_inventory (self));
      break;
    case PROP_IMAGE_SOURCE:
      g_value_take_object (value, migrate_job_dup_image_source (self));
      break;
    case PROP_VOLUME_CONNECTOR:
      g_value_take_object (value, migrate_job_dup_volume_connector (self));
      break;
    case PROP_MAPPING:
      g_value_take_object (value, migrate_job_dup_mapping (self));
      break;
    case PROP_RESIZE:
      g_value_take_variant (value, migrate_job_dup_resize (self));
      break;
    case PROP_FORECAST:
      g_value_set_boolean (value, migrate_job_get_forecast (self));
      break;
    case PROP_HISTORY:
      g_value_take_object (value, migrate_job_dup_history (self));
      break;
    case PROP_STATE:
      g_value_set_enum (value, (int) migrate_job_get_state (self));
      break;
    case PROP_PHASE:
      g_value_set_enum (value, (int) migrate_job_get_phase (self));
      break;
    case PROP_IN_FLIGHT:
      g_value_set_boolean (value, migrate_job_is_in_flight (self));
      break;
    case PROP_REPORT:
      g_value_take_object (value, migrate_job_dup_report (self));
      break;
    case PROP_PROGRESS:
      g_value_take_boxed (value, migrate_job_dup_progress (self));
      break;
    case PROP_RESULT:
      g_value_take_boxed (value, migrate_job_dup_result (self));
      break;
    case PROP_FAILURE:
      g_value_take_boxed (value, migrate_job_dup_failure (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
job_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  MigrateJob *self = MIGRATE_JOB (object);

  switch (id)
    {
    case PROP_GUEST:
      self->guest = g_value_dup_string (value);
      break;
    case PROP_SOURCE:
      self->source = g_value_dup_object (value);
      break;
    case PROP_DESTINATION:
      self->destination = g_value_dup_object (value);
      break;
    case PROP_KIND:
      migrate_job_set_kind (self, (MigrateKind) g_value_get_enum (value));
      break;
    case PROP_POLICY:
      if (g_value_get_object (value) != NULL)
        migrate_job_set_policy (self, g_value_get_object (value));
      break;
    case PROP_JOURNAL:
      migrate_job_set_journal (self, g_value_get_object (value));
      break;
    case PROP_HOOKS:
      migrate_job_set_hooks (self, g_value_get_object (value));
      break;
    case PROP_INVENTORY:
      migrate_job_set_inventory (self, g_value_get_object (value));
      break;
    case PROP_IMAGE_SOURCE:
      migrate_job_set_image_source (self, g_value_get_object (value));
      break;
    case PROP_VOLUME_CONNECTOR:
      migrate_job_set_volume_connector (self, g_value_get_object (value));
      break;
    case PROP_MAPPING:
      migrate_job_set_mapping (self, g_value_get_object (value));
      break;
    case PROP_RESIZE:
      migrate_job_set_resize (self, g_value_get_variant (value));
      break;
    case PROP_FORECAST:
      migrate_job_set_forecast (self, g_value_get_boolean (value));
      break;
    case PROP_HISTORY:
      migrate_job_set_history (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags write = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * MigrateJob:id:
   *
   * The job's id, which outlives the process.
   *
   * Since: 1.0
   */
  props[PROP_ID] = g_param_spec_string ("id", NULL, NULL, NULL, read);
  /**
   * MigrateJob:guest:
   *
   * The guest's name or UUID.
   *
   * Since: 1.0
   */
  props[PROP_GUEST] = g_param_spec_string ("guest", NULL, NULL, NULL, once);
  /**
   * MigrateJob:source:
   *
   * The host where the guest is.
   *
   * Since: 1.0
   */
  props[PROP_SOURCE] = g_param_spec_object ("source", NULL, NULL, MIGRATE_TYPE_HOST, once);
  /**
   * MigrateJob:destination:
   *
   * The host where it goes.
   *
   * Since: 1.0
   */
  props[PROP_DESTINATION]
    = g_param_spec_object ("destination", NULL, NULL, MIGRATE_TYPE_HOST, once);
  /**
   * MigrateJob:kind:
   *
   * The kind of move that is asked for.
   *
   * Since: 1.0
   */
  props[PROP_KIND]
    = g_param_spec_enum ("kind", NULL, NULL, MIGRATE_TYPE_KIND, (int) MIGRATE_KIND_AUTO, write);
  /**
   * MigrateJob:policy:
   *
   * What the move may do. Copied when it is set.
   *
   * Since: 1.0
   */
  props[PROP_POLICY] = g_param_spec_object ("policy", NULL, NULL, MIGRATE_TYPE_POLICY, write);
  /**
   * MigrateJob:journal:
   *
   * Where the job is written down; the default journal when none is set.
   *
   * Since: 1.0
   */
  props[PROP_JOURNAL] = g_param_spec_object ("journal", NULL, NULL, MIGRATE_TYPE_JOURNAL, write);
  /**
   * MigrateJob:hooks:
   *
   * What the program does around the phases.
   *
   * Since: 1.0
   */
  props[PROP_HOOKS] = g_param_spec_object ("hooks", NULL, NULL, MIGRATE_TYPE_HOOKS, write);
  /**
   * MigrateJob:inventory:
   *
   * The platform's record of which host has the guest: finalizing swaps it. %NULL: there is none.
   *
   * Since: 1.0
   */
  props[PROP_INVENTORY]
    = g_param_spec_object ("inventory", NULL, NULL, MIGRATE_TYPE_INVENTORY, write);
  /**
   * MigrateJob:image-source:
   *
   * Where backing files come from that the destination lacks. %NULL: from the source host.
   *
   * Since: 1.0
   */
  props[PROP_IMAGE_SOURCE]
    = g_param_spec_object ("image-source", NULL, NULL, MIGRATE_TYPE_IMAGE_SOURCE, write);
  /**
   * MigrateJob:volume-connector:
   *
   * What makes the guest's network volumes reachable at the destination, and not reachable at the
   * source any more. %NULL: libvirt does, as with [class@Migrate.LibvirtVolumeConnector].
   *
   * Since: 1.0
   */
  props[PROP_VOLUME_CONNECTOR]
    = g_param_spec_object ("volume-connector", NULL, NULL, MIGRATE_TYPE_VOLUME_CONNECTOR, write);
  /* Documented where they are read, in migrate-job-forecast.c. */
  props[PROP_FORECAST] = g_param_spec_boolean ("forecast", NULL, NULL, FALSE, write);
  props[PROP_HISTORY] = g_param_spec_object ("history", NULL, NULL, MIGRATE_TYPE_JOURNAL, write);
  /**
   * MigrateJob:mapping:
   *
   * What the destination has where the source has something else: networks, bridges, disks,
   * devices. It counts more than the destination's profile ([property@Migrate.Host:profile]), and
   * less than what hooks answer. %NULL: nothing. Copied when it is set.
   *
   * Since: 1.0
   */
  props[PROP_MAPPING] = g_param_spec_object ("mapping", NULL, NULL, MIGRATE_TYPE_MAPPING, write);
  /**
   * MigrateJob:resize:
   *
   * Another shape that the guest is to have at the destination, as an `a{sv}`: `vcpus` (`u`),
   * `memory` (`t`, bytes, a multiple of 1024), `disks` (`a{st}`, by target: the capacity in bytes,
   * a multiple of 512). %NULL: it keeps its own. Of cold moves; a disk may only become larger. The
   * source keeps what it had until the job is finalized, and [method@Migrate.Job.revert] goes
   * back to it.
   *
   * Since: 1.0
   */
  props[PROP_RESIZE] = g_param_spec_variant ("resize", NULL, NULL, G_VARIANT_TYPE_VARDICT,
                                             NULL /* default */, write);
  /**
   * MigrateJob:state:
   *
   * Where the job rests.
   *
   * Since: 1.0
   */
  props[PROP_STATE]
    = g_param_spec_enum ("state", NULL, NULL, MIGRATE_TYPE_STATE, (int) MIGRATE_STATE_NEW, read);
  /**
   * MigrateJob:phase:
   *
   * What happens inside the operation that runs.
   *
   * Since: 1.0
   */
  props[PROP_PHASE]
    = g_param_spec_enum ("phase", NULL, NULL, MIGRATE_TYPE_PHASE, (int) MIGRATE_PHASE_IDLE, read);
  /**
   * MigrateJob:in-flight:
   *
   * Whether a transfer was started and its end is not known.
   *
   * Since: 1.0
   */
  props[PROP_IN_FLIGHT] = g_param_spec_boolean ("in-flight", NULL, NULL, FALSE, read);
  /**
   * MigrateJob:report:
   *
   * What the last check found.
   *
   * Since: 1.0
   */
  props[PROP_REPORT] = g_param_spec_object ("report", NULL, NULL, MIGRATE_TYPE_REPORT, read);
  /**
   * MigrateJob:progress:
   *
   * How far the move is.
   *
   * Since: 1.0
   */
  props[PROP_PROGRESS] = g_param_spec_boxed ("progress", NULL, NULL, MIGRATE_TYPE_PROGRESS, read);
  /**
   * MigrateJob:result:
   *
   * How the job ended; set in every resting state after prepare.
   *
   * Since: 1.0
   */
  props[PROP_RESULT] = g_param_spec_boxed ("result", NULL, NULL, MIGRATE_TYPE_RESULT, read);
  /**
   * MigrateJob:failure:
   *
   * Why the last operation failed.
   *
   * Since: 1.0
   */
  props[PROP_FAILURE] = g_param_spec_boxed ("failure", NULL, NULL, MIGRATE_TYPE_FAILURE, read);
  g_object_class_install_properties (klass, N_PROPS, props);
}

static void
migrate_job_class_init (MigrateJobClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  _migrate_storage_add_step_kinds ();
  _migrate_carry_add_step_kinds ();
  _migrate_cold_add_step_kinds ();
  object_class->dispose = job_dispose;
  object_class->finalize = job_free;
  object_class->get_property = job_get_property;
  object_class->set_property = job_set_property;
  install_properties (object_class);

  /**
   * MigrateJob::state-changed:
   * @self: the job
   * @before: where it rested
   * @now: where it rests
   *
   * The job came to rest in another state, or a transfer began or ended.
   *
   * Since: 1.0
   */
  signals[SIGNAL_STATE_CHANGED]
    = g_signal_new ("state-changed", MIGRATE_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                    G_TYPE_NONE, 2, MIGRATE_TYPE_STATE, MIGRATE_TYPE_STATE);
  /**
   * MigrateJob::progress:
   * @self: the job
   * @progress: how far it is
   *
   * There is news of the transfer. News that come faster than they are delivered are left out.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", MIGRATE_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 1, MIGRATE_TYPE_PROGRESS);
  /**
   * MigrateJob::decision:
   * @self: the job
   * @decision: what was decided, and why
   *
   * The job decided something on its own or on somebody's word.
   *
   * Since: 1.0
   */
  signals[SIGNAL_DECISION] = g_signal_new ("decision", MIGRATE_TYPE_JOB, G_SIGNAL_RUN_LAST, 0, NULL,
                                           NULL, NULL, G_TYPE_NONE, 1, MIGRATE_TYPE_DECISION);
}

static void
migrate_job_init (MigrateJob *self)
{
  g_mutex_init (&self->lock);
  self->id = g_uuid_string_random ();
  self->id[8] = '\0'; /* 32 random bits: enough among a journal's jobs, and a person can type it */
  self->queue = _migrate_queue_new ();
  self->policy = migrate_policy_new ();
}

/* ---- telling the program, in its context ---- */

void
_migrate_job_emit_state (MigrateJob *self, MigrateState before, MigrateState now)
{
  g_object_freeze_notify (G_OBJECT (self));
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_STATE]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_IN_FLIGHT]);
  g_object_thaw_notify (G_OBJECT (self));
  g_signal_emit (self, signals[SIGNAL_STATE_CHANGED], 0, (int) before, (int) now);
}

void
_migrate_job_emit_phase (MigrateJob *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PHASE]);
}

void
_migrate_job_emit_progress (MigrateJob *self)
{
  g_autoptr (MigrateProgress) progress = migrate_job_dup_progress (self);

  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_PROGRESS]);
  if (progress != NULL)
    g_signal_emit (self, signals[SIGNAL_PROGRESS], 0, progress);
}

void
_migrate_job_emit_policy (MigrateJob *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_POLICY]);
}

void
_migrate_job_emit_decision (MigrateJob *self, MigrateDecision *decision)
{
  g_signal_emit (self, signals[SIGNAL_DECISION], 0, decision);
}

/**
 * migrate_job_new:
 * @guest: the guest's name or UUID
 * @source: the host where it is
 * @destination: the host where it goes
 *
 * Makes a job. Nothing is asked of the hosts yet.
 *
 * Returns: (transfer full): a new job
 *
 * Since: 1.0
 */
MigrateJob *
migrate_job_new (const char *guest, MigrateHost *source, MigrateHost *destination)
{
  g_return_val_if_fail (guest != NULL, NULL);
  g_return_val_if_fail (MIGRATE_IS_HOST (source), NULL);
  g_return_val_if_fail (MIGRATE_IS_HOST (destination), NULL);
  return g_object_new (MIGRATE_TYPE_JOB, "guest", guest, "source", source, "destination",
                       destination, NULL);
}

/* ---- accessors ---- */

/**
 * migrate_job_get_id:
 * @self: a job
 *
 * Gets [property@Migrate.Job:id].
 *
 * Returns: (transfer none): the id
 *
 * Since: 1.0
 */
const char *
migrate_job_get_id (MigrateJob *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  return self->id;
}

/**
 * migrate_job_get_guest:
 * @self: a job
 *
 * Gets [property@Migrate.Job:guest].
 *
 * Returns: (transfer none) (nullable): the guest as asked for
 *
 * Since: 1.0
 */
const char *
migrate_job_get_guest (MigrateJob *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  return self->guest;
}

/**
 * migrate_job_get_source:
 * @self: a job
 *
 * Gets [property@Migrate.Job:source].
 *
 * Returns: (transfer none) (nullable): the source
 *
 * Since: 1.0
 */
MigrateHost *
migrate_job_get_source (MigrateJob *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  return self->source;
}

/**
 * migrate_job_get_destination:
 * @self: a job
 *
 * Gets [property@Migrate.Job:destination].
 *
 * Returns: (transfer none) (nullable): the destination
 *
 * Since: 1.0
 */
MigrateHost *
migrate_job_get_destination (MigrateJob *self)
{
  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  return self->destination;
}

/**
 * migrate_job_get_kind:
 * @self: a job
 *
 * Gets [property@Migrate.Job:kind].
 *
 * Returns: the kind that is asked for
 *
 * Since: 1.0
 */
MigrateKind
migrate_job_get_kind (MigrateJob *self)
{
  MigrateKind value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), MIGRATE_KIND_AUTO);
  g_mutex_lock (&self->lock);
  value = self->kind;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_policy:
 * @self: a job
 *
 * Gets [property@Migrate.Job:policy].
 *
 * Returns: (transfer full) (nullable): a copy of the policy
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_job_dup_policy (MigrateJob *self)
{
  MigratePolicy *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->policy != NULL ? migrate_policy_copy (self->policy) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_journal:
 * @self: a job
 *
 * Gets [property@Migrate.Job:journal].
 *
 * Returns: (transfer full) (nullable): the journal, or %NULL before one is used
 *
 * Since: 1.0
 */
MigrateJournal *
migrate_job_dup_journal (MigrateJob *self)
{
  MigrateJournal *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->journal != NULL ? g_object_ref (self->journal) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_hooks:
 * @self: a job
 *
 * Gets [property@Migrate.Job:hooks].
 *
 * Returns: (transfer full) (nullable): the hooks
 *
 * Since: 1.0
 */
MigrateHooks *
migrate_job_dup_hooks (MigrateJob *self)
{
  MigrateHooks *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->hooks != NULL ? g_object_ref (self->hooks) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_inventory:
 * @self: a job
 *
 * Gets [property@Migrate.Job:inventory].
 *
 * Returns: (transfer full) (nullable): the inventory
 *
 * Since: 1.0
 */
MigrateInventory *
migrate_job_dup_inventory (MigrateJob *self)
{
  MigrateInventory *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->inventory != NULL ? g_object_ref (self->inventory) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_mapping:
 * @self: a job
 *
 * Gets [property@Migrate.Job:mapping].
 *
 * Returns: (transfer full) (nullable): a copy of the mapping
 *
 * Since: 1.0
 */
MigrateMapping *
migrate_job_dup_mapping (MigrateJob *self)
{
  MigrateMapping *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->mapping != NULL ? migrate_mapping_copy (self->mapping) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_dup_resize:
 * @self: a job
 *
 * Gets [property@Migrate.Job:resize].
 *
 * Returns: (transfer full) (nullable): the shape, an `a{sv}`; %NULL: its own
 *
 * Since: 1.0
 */
GVariant *
migrate_job_dup_resize (MigrateJob *self)
{
  GVariant *value;

  g_return_val_if_fail (MIGRATE_IS_JOB (self), NULL);
  g_mutex_lock (&self->lock);
  value = self->resize != NULL ? g_variant_ref (self->resize) : NULL;
  g_mutex_unlock (&self->lock);
  return value;
}

/**
 * migrate_job_set_resize:
 * @self: a job
 * @resize: (nullable): the shape, an `a{sv}`; a floating reference is taken
 *
 * Sets [property@Migrate.Job:resize]. Counts from the next operation on, until the job is
 * prepared: the next check fails with %MIGRATE_ERROR_INVALID where it cannot be read, and has a
 * finding where this guest cannot have it.
 *
 * Since: 1.0
 */
void
migrate_job_set_resize (MigrateJob *self, GVariant *resize)
{
  GVariant *old;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (resize == NULL || g_variant_is_of_type (resize, G_VARIANT_TYPE_VARDICT));
  if (resize != NULL)
    g_variant_ref_sink (resize);
  g_mutex_lock (&self->lock);
  old = self->resize;
  self->resize = resize;
  g_mutex_unlock (&self->lock);
  g_clear_pointer (&old, g_variant_unref);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_RESIZE]);
}

/**
 * migrate_job_set_kind:
 * @self: a job
 * @kind: a kind of move
 *
 * Sets [property@Migrate.Job:kind]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_kind (MigrateJob *self, MigrateKind kind)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_mutex_lock (&self->lock);
  changed = self->kind != kind;
  self->kind = kind;
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_KIND]);
}

/**
 * migrate_job_set_policy:
 * @self: a job
 * @policy: a policy, which is copied
 *
 * Sets [property@Migrate.Job:policy]. Counts from the next operation on; an operation that runs is
 * changed by [method@Migrate.Job.retune].
 *
 * Since: 1.0
 */
void
migrate_job_set_policy (MigrateJob *self, MigratePolicy *policy)
{
  MigratePolicy *copy, *old;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (MIGRATE_IS_POLICY (policy));
  copy = migrate_policy_copy (policy);
  g_mutex_lock (&self->lock);
  old = self->policy;
  self->policy = copy;
  self->policy_set = TRUE;
  g_mutex_unlock (&self->lock);
  g_object_unref (old);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_POLICY]);
}

/**
 * migrate_job_set_journal:
 * @self: a job
 * @journal: (nullable): the journal
 *
 * Sets [property@Migrate.Job:journal]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_journal (MigrateJob *self, MigrateJournal *journal)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (journal == NULL || MIGRATE_IS_JOURNAL (journal));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->journal, journal);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_JOURNAL]);
}

/**
 * migrate_job_set_hooks:
 * @self: a job
 * @hooks: (nullable): the hooks
 *
 * Sets [property@Migrate.Job:hooks]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_hooks (MigrateJob *self, MigrateHooks *hooks)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (hooks == NULL || MIGRATE_IS_HOOKS (hooks));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->hooks, hooks);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_HOOKS]);
}

/**
 * migrate_job_set_inventory:
 * @self: a job
 * @inventory: (nullable): the inventory
 *
 * Sets [property@Migrate.Job:inventory]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_job_set_inventory (MigrateJob *self, MigrateInventory *inventory)
{
  gboolean changed;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (inventory == NULL || MIGRATE_IS_INVENTORY (inventory));
  g_mutex_lock (&self->lock);
  changed = g_set_object (&self->inventory, inventory);
  g_mutex_unlock (&self->lock);
  if (changed)
    g_object_notify_by_pspec (G_OBJECT (self), props[PROP_INVENTORY]);
}

/**
 * migrate_job_set_mapping:
 * @self: a job
 * @mapping: (nullable): a mapping, which is copied
 *
 * Sets [property@Migrate.Job:mapping]. Counts from the next operation on, until the job is
 * prepared: what a prepared job's plan names is what its move does.
 *
 * Since: 1.0
 */
void
migrate_job_set_mapping (MigrateJob *self, MigrateMapping *mapping)
{
  MigrateMapping *copy, *old;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_return_if_fail (mapping == NULL || MIGRATE_IS_MAPPING (mapping));
  copy = mapping != NULL ? migrate_mapping_copy (mapping) : NULL;
  g_mutex_lock (&self->lock);
  old = self->mapping;
  self->mapping = copy;
  g_mutex_unlock (&self->lock);
  g_clear_object (&old);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_MAPPING]);
}

/**
 * migrate_job_set_rewrite_func:
 * @self: a job
 * @func: (scope notified) (closure user_data) (destroy destroy) (nullable): the function, or %NULL
 *   for none
 * @user_data: for @func
 * @destroy: (nullable): called when the function is not needed any more
 *
 * Sets a function of the program's own that has the last word on the XML which the destination is
 * given, once for the guest as it runs and once for its definition. It is called in the job's main
 * context when the transfer is about to begin, after mapping, profile and bindings were applied,
 * and must return within `hook-timeout` of the policy.
 *
 * What it returns must be a document, name the same guest and be the same machine for the guest:
 * else the move fails with %MIGRATE_ERROR_INVALID before anything has travelled. It is not written
 * to the journal: a process that goes on with a prepared job must set it again.
 *
 * Since: 1.0
 */
void
migrate_job_set_rewrite_func (MigrateJob *self, MigrateRewriteFunc func, gpointer user_data,
                              GDestroyNotify destroy)
{
  MigrateRewriter *old;

  g_return_if_fail (MIGRATE_IS_JOB (self));
  g_mutex_lock (&self->lock);
  old = self->rewriter;
  self->rewriter = func != NULL ? _migrate_rewriter_new (func, user_data, destroy) : NULL;
  g_mutex_unlock (&self->lock);
  if (old != NULL)
    _migrate_rewriter_unref (old);
}
