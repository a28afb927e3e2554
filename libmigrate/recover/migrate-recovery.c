/* A recovery as the program sees it: properties, signals, what was found. Its operations are in
 * migrate-recovery-calls.c. */
#include "recover/recovery-private.h"

#include "migrate/carry-private.h"
#include "migrate/cold-private.h"
#include "storage/files-private.h"

/**
 * MigrateRecovery:
 *
 * Finds out what is true of a guest from what all its hosts say, from the journal when it knows a
 * job of the guest and without it when not, and puts it right.
 *
 * [method@Migrate.Recovery.investigate] changes nothing: it gathers evidence, and tells a verdict
 * with its reason and the steps that would follow, each with its risk.
 * [method@Migrate.Recovery.apply] carries out the steps up to a risk, proves each, and looks again
 * until nothing is left that it may do. Both may be called again at any time.
 *
 * A recovery takes the claim of the guest before it acts, and writes each step to the journal: one
 * that is killed is one more thing to recover from.
 *
 * Signals and `notify` are emitted in the main context that was thread-default when the object was
 * made; a blocking call delivers them itself while it waits. All methods may be called from any
 * thread; one operation runs at a time.
 *
 * Since: 1.0
 */

enum
{
  PROP_GUEST = 1,
  PROP_HOSTS,
  PROP_POLICY,
  PROP_JOURNAL,
  PROP_HOOKS,
  PROP_INVENTORY,
  PROP_VOLUME_CONNECTOR,
  PROP_FENCE,
  PROP_JOB_ID,
  PROP_VERDICT,
  N_PROPS
};

enum
{
  SIGNAL_PROGRESS,
  SIGNAL_STEP,
  N_SIGNALS
};

static GParamSpec *props[N_PROPS];
static guint signals[N_SIGNALS];

G_DEFINE_FINAL_TYPE (MigrateRecovery, migrate_recovery, G_TYPE_OBJECT)

static void
recovery_dispose (GObject *object)
{
  MigrateRecovery *self = MIGRATE_RECOVERY (object);

  g_clear_object (&self->hosts);
  g_clear_object (&self->policy);
  g_clear_object (&self->journal);
  g_clear_object (&self->hooks);
  g_clear_object (&self->inventory);
  g_clear_object (&self->connector);
  g_clear_object (&self->fence);
  G_OBJECT_CLASS (migrate_recovery_parent_class)->dispose (object);
}

static void
recovery_free (GObject *object)
{
  MigrateRecovery *self = MIGRATE_RECOVERY (object);

  g_clear_pointer (&self->recovery, _migrate_recovery_work_free);
  g_clear_pointer (&self->queue, _migrate_queue_unref);
  g_clear_pointer (&self->progress, migrate_progress_unref);
  g_ptr_array_unref (self->evidence);
  g_ptr_array_unref (self->done);
  g_ptr_array_unref (self->planned);
  g_free (self->guest);
  g_free (self->kept);
  g_free (self->reason);
  g_free (self->job_id);
  g_mutex_clear (&self->lock);
  G_OBJECT_CLASS (migrate_recovery_parent_class)->finalize (object);
}

static void
recovery_get_property (GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
  MigrateRecovery *self = MIGRATE_RECOVERY (object);

  switch (id)
    {
    case PROP_GUEST:
      g_value_set_string (value, self->guest);
      break;
    case PROP_HOSTS:
      g_value_set_object (value, self->hosts);
      break;
    case PROP_POLICY:
      g_value_take_object (value, migrate_recovery_dup_policy (self));
      break;
    case PROP_JOURNAL:
      g_value_take_object (value, migrate_recovery_dup_journal (self));
      break;
    case PROP_HOOKS:
      g_value_take_object (value, migrate_recovery_dup_hooks (self));
      break;
    case PROP_INVENTORY:
      g_value_take_object (value, migrate_recovery_dup_inventory (self));
      break;
    case PROP_VOLUME_CONNECTOR:
      g_value_take_object (value, migrate_recovery_dup_volume_connector (self));
      break;
    case PROP_FENCE:
      g_value_take_object (value, migrate_recovery_dup_fence (self));
      break;
    case PROP_JOB_ID:
      g_value_take_string (value, migrate_recovery_dup_job_id (self));
      break;
    case PROP_VERDICT:
      g_value_set_enum (value, (int) migrate_recovery_get_verdict (self));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
recovery_set_property (GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
  MigrateRecovery *self = MIGRATE_RECOVERY (object);

  switch (id)
    {
    case PROP_GUEST:
      self->guest = g_value_dup_string (value);
      break;
    case PROP_HOSTS:
      self->hosts = g_value_dup_object (value);
      break;
    case PROP_POLICY:
      if (g_value_get_object (value) != NULL)
        migrate_recovery_set_policy (self, g_value_get_object (value));
      break;
    case PROP_JOURNAL:
      migrate_recovery_set_journal (self, g_value_get_object (value));
      break;
    case PROP_HOOKS:
      migrate_recovery_set_hooks (self, g_value_get_object (value));
      break;
    case PROP_INVENTORY:
      migrate_recovery_set_inventory (self, g_value_get_object (value));
      break;
    case PROP_VOLUME_CONNECTOR:
      migrate_recovery_set_volume_connector (self, g_value_get_object (value));
      break;
    case PROP_FENCE:
      migrate_recovery_set_fence (self, g_value_get_object (value));
      break;
    default:
      G_OBJECT_WARN_INVALID_PROPERTY_ID (object, id, pspec);
    }
}

static void
recovery_constructed (GObject *object)
{
  MigrateRecovery *self = MIGRATE_RECOVERY (object);

  if (self->hosts == NULL)
    self->hosts = G_LIST_MODEL (g_list_store_new (MIGRATE_TYPE_HOST));
  if (self->guest == NULL)
    self->guest = g_strdup ("");
  G_OBJECT_CLASS (migrate_recovery_parent_class)->constructed (object);
}

static void
install_properties (GObjectClass *klass)
{
  const GParamFlags once = G_PARAM_READWRITE | G_PARAM_CONSTRUCT_ONLY | G_PARAM_STATIC_STRINGS;
  const GParamFlags write = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
  const GParamFlags read = G_PARAM_READABLE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;

  /**
   * MigrateRecovery:guest:
   *
   * The guest's name or UUID, or the id of a job.
   *
   * Since: 1.0
   */
  props[PROP_GUEST] = g_param_spec_string ("guest", NULL, NULL, NULL, once);
  /**
   * MigrateRecovery:hosts:
   *
   * The hosts that may have the guest, as [class@Migrate.Host]. Those of the guest's job are asked
   * too.
   *
   * Since: 1.0
   */
  props[PROP_HOSTS] = g_param_spec_object ("hosts", NULL, NULL, G_TYPE_LIST_MODEL, once);
  /**
   * MigrateRecovery:policy:
   *
   * How long to wait for what, where the guest's job has no policy of its own. Copied when it is
   * set.
   *
   * Since: 1.0
   */
  props[PROP_POLICY] = g_param_spec_object ("policy", NULL, NULL, MIGRATE_TYPE_POLICY, write);
  /**
   * MigrateRecovery:journal:
   *
   * Where the guest's jobs are written down; the default journal when none is set.
   *
   * Since: 1.0
   */
  props[PROP_JOURNAL] = g_param_spec_object ("journal", NULL, NULL, MIGRATE_TYPE_JOURNAL, write);
  /**
   * MigrateRecovery:hooks:
   *
   * The program's hooks, for those of a job that have to be undone.
   *
   * Since: 1.0
   */
  props[PROP_HOOKS] = g_param_spec_object ("hooks", NULL, NULL, MIGRATE_TYPE_HOOKS, write);
  /**
   * MigrateRecovery:inventory:
   *
   * The platform's record, which is put right together with the guest.
   *
   * Since: 1.0
   */
  props[PROP_INVENTORY]
    = g_param_spec_object ("inventory", NULL, NULL, MIGRATE_TYPE_INVENTORY, write);
  /**
   * MigrateRecovery:volume-connector:
   *
   * The program's connector, for the volumes of a job that have to be disconnected.
   *
   * Since: 1.0
   */
  props[PROP_VOLUME_CONNECTOR]
    = g_param_spec_object ("volume-connector", NULL, NULL, MIGRATE_TYPE_VOLUME_CONNECTOR, write);
  /**
   * MigrateRecovery:fence:
   *
   * What makes sure that the guest is dead on a host where libvirt cannot, and resets the
   * connection of a post-copy that is broken at one end.
   *
   * Since: 1.0
   */
  props[PROP_FENCE] = g_param_spec_object ("fence", NULL, NULL, MIGRATE_TYPE_FENCE, write);
  /**
   * MigrateRecovery:job-id:
   *
   * The job of the guest that the recovery rests on, if the journal has one.
   *
   * Since: 1.0
   */
  props[PROP_JOB_ID] = g_param_spec_string ("job-id", NULL, NULL, NULL, read);
  /**
   * MigrateRecovery:verdict:
   *
   * What the last look concluded.
   *
   * Since: 1.0
   */
  props[PROP_VERDICT] = g_param_spec_enum ("verdict", NULL, NULL, MIGRATE_TYPE_VERDICT,
                                           (int) MIGRATE_VERDICT_NONE, read);
  g_object_class_install_properties (klass, N_PROPS, props);
}

static void
migrate_recovery_class_init (MigrateRecoveryClass *klass)
{
  GObjectClass *object_class = G_OBJECT_CLASS (klass);

  _migrate_storage_add_step_kinds ();
  _migrate_carry_add_step_kinds ();
  _migrate_cold_add_step_kinds ();
  object_class->dispose = recovery_dispose;
  object_class->finalize = recovery_free;
  object_class->get_property = recovery_get_property;
  object_class->set_property = recovery_set_property;
  object_class->constructed = recovery_constructed;
  install_properties (object_class);

  /**
   * MigrateRecovery::progress:
   * @self: the recovery
   * @progress: how far the transfer is that is followed
   *
   * A transfer that is followed has gone on.
   *
   * Since: 1.0
   */
  signals[SIGNAL_PROGRESS] = g_signal_new ("progress", MIGRATE_TYPE_RECOVERY, G_SIGNAL_RUN_LAST, 0,
                                           NULL, NULL, NULL, G_TYPE_NONE, 1, MIGRATE_TYPE_PROGRESS);
  /**
   * MigrateRecovery::step:
   * @self: the recovery
   * @step: the step
   *
   * A step was done, or could not be done.
   *
   * Since: 1.0
   */
  signals[SIGNAL_STEP] = g_signal_new ("step", MIGRATE_TYPE_RECOVERY, G_SIGNAL_RUN_LAST, 0, NULL,
                                       NULL, NULL, G_TYPE_NONE, 1, MIGRATE_TYPE_STEP);
}

static void
migrate_recovery_init (MigrateRecovery *self)
{
  g_mutex_init (&self->lock);
  self->queue = _migrate_queue_new ();
  self->policy = migrate_policy_new ();
  self->evidence = g_ptr_array_new ();
  self->done = g_ptr_array_new ();
  self->planned = g_ptr_array_new ();
}

void
_migrate_recovery_emit_verdict (MigrateRecovery *self)
{
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_VERDICT]);
  g_object_notify_by_pspec (G_OBJECT (self), props[PROP_JOB_ID]);
}

void
_migrate_recovery_emit_progress (MigrateRecovery *self, MigrateProgress *progress)
{
  g_signal_emit (self, signals[SIGNAL_PROGRESS], 0, progress);
}

void
_migrate_recovery_emit_step (MigrateRecovery *self, MigrateStep *step)
{
  g_signal_emit (self, signals[SIGNAL_STEP], 0, step);
}

/**
 * migrate_recovery_new:
 * @guest: the guest's name or UUID, or the id of a job
 * @hosts: the hosts that may have it, as [class@Migrate.Host]; those of its job are asked too, so
 *   with the id of a job the list may be empty
 *
 * Makes a recovery. Nothing is asked yet.
 *
 * Returns: (transfer full): a new recovery
 *
 * Since: 1.0
 */
MigrateRecovery *
migrate_recovery_new (const char *guest, GListModel *hosts)
{
  g_return_val_if_fail (guest != NULL, NULL);
  g_return_val_if_fail (G_IS_LIST_MODEL (hosts), NULL);
  return g_object_new (MIGRATE_TYPE_RECOVERY, "guest", guest, "hosts", hosts, NULL);
}

/**
 * migrate_recovery_keep:
 * @self: a recovery
 * @uri: the URI of one of the hosts
 *
 * Chooses the copy that stays of a guest that runs on several hosts. The next
 * [method@Migrate.Recovery.investigate] plans to destroy the others, which is destructive.
 *
 * Since: 1.0
 */
void
migrate_recovery_keep (MigrateRecovery *self, const char *uri)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (uri != NULL);
  g_mutex_lock (&self->lock);
  g_free (self->kept);
  self->kept = g_strdup (uri);
  g_mutex_unlock (&self->lock);
}

/**
 * migrate_recovery_get_guest:
 * @self: a recovery
 *
 * What was asked for.
 *
 * Returns: (transfer none): the guest's name or UUID, or the id of a job
 *
 * Since: 1.0
 */
const char *
migrate_recovery_get_guest (MigrateRecovery *self)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  return self->guest;
}

/**
 * migrate_recovery_get_hosts:
 * @self: a recovery
 *
 * The hosts that were given.
 *
 * Returns: (transfer none): a list of [class@Migrate.Host]
 *
 * Since: 1.0
 */
GListModel *
migrate_recovery_get_hosts (MigrateRecovery *self)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  return self->hosts;
}

/* Of a field that is an object, under the lock. */
static gpointer
dup_object (MigrateRecovery *self, gpointer *field)
{
  gpointer object;

  g_mutex_lock (&self->lock);
  object = *field != NULL ? g_object_ref (*field) : NULL;
  g_mutex_unlock (&self->lock);
  return object;
}

static void
set_object (MigrateRecovery *self, gpointer *field, gpointer object, guint prop)
{
  gpointer old;

  g_mutex_lock (&self->lock);
  old = *field;
  *field = object != NULL ? g_object_ref (object) : NULL;
  g_mutex_unlock (&self->lock);
  if (old != object)
    g_object_notify_by_pspec (G_OBJECT (self), props[prop]);
  g_clear_object (&old);
}

/**
 * migrate_recovery_dup_policy:
 * @self: a recovery
 *
 * How long to wait for what.
 *
 * Returns: (transfer full): a copy of the policy
 *
 * Since: 1.0
 */
MigratePolicy *
migrate_recovery_dup_policy (MigrateRecovery *self)
{
  g_autoptr (MigratePolicy) policy = NULL;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  policy = dup_object (self, (gpointer *) &self->policy);
  return migrate_policy_copy (policy);
}

/**
 * migrate_recovery_set_policy:
 * @self: a recovery
 * @policy: the policy; it is copied
 *
 * Sets how long to wait for what, where the guest's job has no policy of its own.
 *
 * Since: 1.0
 */
void
migrate_recovery_set_policy (MigrateRecovery *self, MigratePolicy *policy)
{
  g_autoptr (MigratePolicy) copy = NULL;

  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (MIGRATE_IS_POLICY (policy));
  copy = migrate_policy_copy (policy);
  set_object (self, (gpointer *) &self->policy, copy, PROP_POLICY);
}

/**
 * migrate_recovery_dup_journal:
 * @self: a recovery
 *
 * Where the guest's jobs are written down.
 *
 * Returns: (transfer full) (nullable): the journal, or %NULL for the default one
 *
 * Since: 1.0
 */
MigrateJournal *
migrate_recovery_dup_journal (MigrateRecovery *self)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  return dup_object (self, (gpointer *) &self->journal);
}

/**
 * migrate_recovery_set_journal:
 * @self: a recovery
 * @journal: (nullable): the journal, or %NULL for the default one
 *
 * Sets where the guest's jobs are written down. To work from what the hosts show alone, give it
 * [ctor@Migrate.SqliteJournal.new_none].
 *
 * Since: 1.0
 */
void
migrate_recovery_set_journal (MigrateRecovery *self, MigrateJournal *journal)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (journal == NULL || MIGRATE_IS_JOURNAL (journal));
  set_object (self, (gpointer *) &self->journal, journal, PROP_JOURNAL);
}

/**
 * migrate_recovery_dup_hooks:
 * @self: a recovery
 *
 * The program's hooks.
 *
 * Returns: (transfer full) (nullable): the hooks, or %NULL
 *
 * Since: 1.0
 */
MigrateHooks *
migrate_recovery_dup_hooks (MigrateRecovery *self)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  return dup_object (self, (gpointer *) &self->hooks);
}

/**
 * migrate_recovery_set_hooks:
 * @self: a recovery
 * @hooks: (nullable): the hooks, or %NULL
 *
 * Sets the program's hooks. Without them a hook of the job that has to be undone is left, and said.
 *
 * Since: 1.0
 */
void
migrate_recovery_set_hooks (MigrateRecovery *self, MigrateHooks *hooks)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (hooks == NULL || MIGRATE_IS_HOOKS (hooks));
  set_object (self, (gpointer *) &self->hooks, hooks, PROP_HOOKS);
}

/**
 * migrate_recovery_dup_inventory:
 * @self: a recovery
 *
 * Gets [property@Migrate.Recovery:inventory].
 *
 * Returns: (transfer full) (nullable): the inventory, or %NULL
 *
 * Since: 1.0
 */
MigrateInventory *
migrate_recovery_dup_inventory (MigrateRecovery *self)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  return dup_object (self, (gpointer *) &self->inventory);
}

/**
 * migrate_recovery_set_inventory:
 * @self: a recovery
 * @inventory: (nullable): the inventory, or %NULL
 *
 * Sets [property@Migrate.Recovery:inventory]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_recovery_set_inventory (MigrateRecovery *self, MigrateInventory *inventory)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (inventory == NULL || MIGRATE_IS_INVENTORY (inventory));
  set_object (self, (gpointer *) &self->inventory, inventory, PROP_INVENTORY);
}

/**
 * migrate_recovery_dup_volume_connector:
 * @self: a recovery
 *
 * Gets [property@Migrate.Recovery:volume-connector].
 *
 * Returns: (transfer full) (nullable): the connector, or %NULL
 *
 * Since: 1.0
 */
MigrateVolumeConnector *
migrate_recovery_dup_volume_connector (MigrateRecovery *self)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  return dup_object (self, (gpointer *) &self->connector);
}

/**
 * migrate_recovery_set_volume_connector:
 * @self: a recovery
 * @connector: (nullable): the connector, or %NULL
 *
 * Sets [property@Migrate.Recovery:volume-connector]. Without it a volume that a program's connector
 * has connected and that has to be disconnected is left, and said.
 *
 * Since: 1.0
 */
void
migrate_recovery_set_volume_connector (MigrateRecovery *self, MigrateVolumeConnector *connector)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (connector == NULL || MIGRATE_IS_VOLUME_CONNECTOR (connector));
  set_object (self, (gpointer *) &self->connector, connector, PROP_VOLUME_CONNECTOR);
}

/**
 * migrate_recovery_dup_fence:
 * @self: a recovery
 *
 * Gets [property@Migrate.Recovery:fence].
 *
 * Returns: (transfer full) (nullable): the fence, or %NULL
 *
 * Since: 1.0
 */
MigrateFence *
migrate_recovery_dup_fence (MigrateRecovery *self)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  return dup_object (self, (gpointer *) &self->fence);
}

/**
 * migrate_recovery_set_fence:
 * @self: a recovery
 * @fence: (nullable): the fence, or %NULL
 *
 * Sets [property@Migrate.Recovery:fence]. Counts from the next operation on.
 *
 * Since: 1.0
 */
void
migrate_recovery_set_fence (MigrateRecovery *self, MigrateFence *fence)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (fence == NULL || MIGRATE_IS_FENCE (fence));
  set_object (self, (gpointer *) &self->fence, fence, PROP_FENCE);
}

/**
 * migrate_recovery_get_verdict:
 * @self: a recovery
 *
 * What the last look concluded.
 *
 * Returns: the verdict; %MIGRATE_VERDICT_NONE before the first look
 *
 * Since: 1.0
 */
MigrateVerdict
migrate_recovery_get_verdict (MigrateRecovery *self)
{
  MigrateVerdict verdict;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), MIGRATE_VERDICT_NONE);
  g_mutex_lock (&self->lock);
  verdict = self->verdict;
  g_mutex_unlock (&self->lock);
  return verdict;
}

/**
 * migrate_recovery_dup_reason:
 * @self: a recovery
 *
 * Why the verdict is what it is, in one sentence that names the hosts.
 *
 * Returns: (transfer full) (nullable): the reason, or %NULL before the first look
 *
 * Since: 1.0
 */
char *
migrate_recovery_dup_reason (MigrateRecovery *self)
{
  char *reason;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  g_mutex_lock (&self->lock);
  reason = g_strdup (self->reason);
  g_mutex_unlock (&self->lock);
  return reason;
}

/**
 * migrate_recovery_dup_job_id:
 * @self: a recovery
 *
 * The job that the recovery rests on.
 *
 * Returns: (transfer full) (nullable): the job's id, or %NULL when the journal has no open job of
 * the guest
 *
 * Since: 1.0
 */
char *
migrate_recovery_dup_job_id (MigrateRecovery *self)
{
  char *id;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  g_mutex_lock (&self->lock);
  id = g_strdup (self->job_id);
  g_mutex_unlock (&self->lock);
  return id;
}

/**
 * migrate_recovery_is_at_rest:
 * @self: a recovery
 *
 * Whether the last look found nothing to repair.
 *
 * Returns: true when nothing is left to do, for this library or for an operator
 *
 * Since: 1.0
 */
gboolean
migrate_recovery_is_at_rest (MigrateRecovery *self)
{
  gboolean at_rest;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), FALSE);
  g_mutex_lock (&self->lock);
  at_rest = self->at_rest;
  g_mutex_unlock (&self->lock);
  return at_rest;
}

/**
 * migrate_recovery_get_n_evidence:
 * @self: a recovery
 *
 * How many hosts were asked in the last look.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
migrate_recovery_get_n_evidence (MigrateRecovery *self)
{
  guint n;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), 0);
  g_mutex_lock (&self->lock);
  n = self->evidence->len;
  g_mutex_unlock (&self->lock);
  return n;
}

/**
 * migrate_recovery_dup_evidence:
 * @self: a recovery
 * @index: which, from 0
 *
 * What one host said in the last look.
 *
 * Returns: (transfer full) (nullable): the evidence, or %NULL past the last
 *
 * Since: 1.0
 */
MigrateEvidence *
migrate_recovery_dup_evidence (MigrateRecovery *self, guint index)
{
  MigrateEvidence *evidence = NULL;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  g_mutex_lock (&self->lock);
  if (index < self->evidence->len)
    evidence = migrate_evidence_ref (self->evidence->pdata[index]);
  g_mutex_unlock (&self->lock);
  return evidence;
}

/**
 * migrate_recovery_get_n_steps:
 * @self: a recovery
 *
 * How many steps there are: those that the last apply tried, then those that are left.
 *
 * Returns: the number
 *
 * Since: 1.0
 */
guint
migrate_recovery_get_n_steps (MigrateRecovery *self)
{
  guint n;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), 0);
  g_mutex_lock (&self->lock);
  n = self->done->len + self->planned->len;
  g_mutex_unlock (&self->lock);
  return n;
}

/**
 * migrate_recovery_dup_step:
 * @self: a recovery
 * @index: which, from 0
 *
 * One step: those that the last apply tried come first, then those that are left.
 *
 * Returns: (transfer full) (nullable): the step, or %NULL past the last
 *
 * Since: 1.0
 */
MigrateStep *
migrate_recovery_dup_step (MigrateRecovery *self, guint index)
{
  MigrateStep *step = NULL;

  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), NULL);
  g_mutex_lock (&self->lock);
  if (index < self->done->len)
    step = migrate_step_ref (self->done->pdata[index]);
  else if (index - self->done->len < self->planned->len)
    step = migrate_step_ref (self->planned->pdata[index - self->done->len]);
  g_mutex_unlock (&self->lock);
  return step;
}
