/* A recovery's operations, each in three shapes around one starter, and the way from the worker to
 * the program. */
#include "recover/findings-private.h"
#include "recover/recovery-private.h"

typedef enum
{
  OPERATION_INVESTIGATE,
  OPERATION_APPLY
} OperationKind;

typedef struct
{
  MigrateRecovery *self; /* kept by the caller, or by the GTask */
  OperationKind kind;
  MigrateRisk up_to;
  MigrateOperation *operation;
  GCancellable *cancellable; /* nullable */
  gulong cancelled_id;
} RecoveryOperation;

/* ---- telling the program ---- */

typedef struct
{
  MigrateRecovery *self;
  MigrateStep *step; /* nullable: the verdict or the progress */
  gboolean progress;
} Note;

static void
deliver_note (gpointer data)
{
  Note *note = data;
  MigrateRecovery *self = note->self;
  g_autoptr (MigrateProgress) progress = NULL;

  if (note->progress)
    {
      g_mutex_lock (&self->lock);
      self->progress_pending = FALSE;
      progress = g_steal_pointer (&self->progress);
      g_mutex_unlock (&self->lock);
      _migrate_recovery_emit_progress (self, progress);
    }
  else if (note->step != NULL)
    {
      _migrate_recovery_emit_step (self, note->step);
      migrate_step_unref (note->step);
    }
  else
    {
      _migrate_recovery_emit_verdict (self);
    }
  g_object_unref (self);
  g_free (note);
}

static void
push_note (MigrateRecovery *self, MigrateStep *step, gboolean progress)
{
  Note *note = g_new0 (Note, 1);

  note->self = g_object_ref (self);
  note->step = step;
  note->progress = progress;
  _migrate_queue_push (self->queue, self->recovery->work->backend, deliver_note, note);
}

static void
report_phase (gpointer data, MigratePhase phase)
{
}

static void
report_progress (gpointer data, MigrateProgress *progress)
{
  MigrateRecovery *self = data;
  gboolean pending;

  g_mutex_lock (&self->lock);
  g_clear_pointer (&self->progress, migrate_progress_unref);
  self->progress = migrate_progress_ref (progress);
  pending = self->progress_pending;
  self->progress_pending = TRUE;
  g_mutex_unlock (&self->lock);
  if (!pending)
    push_note (self, NULL, TRUE);
}

/* Decisions of a recovery are its steps. */
static void
report_decision (gpointer data, MigrateDecision *decision)
{
}

static void
report_policy (gpointer data, MigratePolicy *policy)
{
}

static void
report_plan (gpointer data, MigratePlan *plan)
{
}

/* It begins no transfer. */
static char *
report_rewrite (gpointer data, const char *xml, gboolean definition, GError **error)
{
  return g_strdup (xml);
}

/* It is there once its claim is taken, before anything is done. */
static gboolean
report_enter_journal (gpointer data, GError **error)
{
  return TRUE;
}

static const MigrateWorkReport report
  = { report_phase, report_progress, report_decision,     report_policy,
      report_plan,  report_rewrite,  report_enter_journal };

static void
step_done (gpointer data, const MigratePlannedStep *planned, const char *host, const char *failure)
{
  MigrateRecovery *self = data;
  MigrateStep *step = _migrate_recovery_step (planned, host, failure == NULL, failure);

  g_mutex_lock (&self->lock);
  g_ptr_array_add (self->done, migrate_step_ref (step));
  g_mutex_unlock (&self->lock);
  push_note (self, step, FALSE);
}

/* ---- the worker ---- */

static GPtrArray *
new_steps (void)
{
  return g_ptr_array_new_with_free_func ((GDestroyNotify) migrate_step_unref);
}

/* What is true now, for whoever asks; also after a failure, as far as it came. */
static void
publish (MigrateRecovery *self)
{
  MigrateRecoveryWork *recovery = self->recovery;
  g_autoptr (GPtrArray) evidence = _migrate_recovery_evidence (recovery);
  g_autoptr (GPtrArray) planned = new_steps ();
  g_autofree char *reason
    = recovery->judgement.reason != NULL ? _migrate_recovery_explain (recovery) : NULL;

  _migrate_recovery_add_plan (recovery, planned);
  g_mutex_lock (&self->lock);
  self->verdict = recovery->judgement.verdict;
  g_free (self->reason);
  self->reason = g_steal_pointer (&reason);
  g_free (self->job_id);
  self->job_id = recovery->values != NULL ? g_strdup (recovery->work->id) : NULL;
  self->at_rest = _migrate_recovery_is_at_rest (recovery);
  g_ptr_array_unref (self->evidence);
  self->evidence = g_steal_pointer (&evidence);
  g_ptr_array_unref (self->planned);
  self->planned = g_steal_pointer (&planned);
  g_mutex_unlock (&self->lock);
  push_note (self, NULL, FALSE);
}

/* A claim that is held already keeps its job; else the journal is asked anew. */
static gboolean
find_job (MigrateRecoveryWork *recovery, GError **error)
{
  if (recovery->work->generation != 0)
    return TRUE;
  _migrate_recovery_forget_job (recovery);
  return _migrate_recovery_find_job (recovery, error);
}

static gboolean
run (RecoveryOperation *op, GError **error)
{
  MigrateRecoveryWork *recovery = op->self->recovery;

  if (!find_job (recovery, error))
    return FALSE;
  if (recovery->hosts->len == 0)
    {
      _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Name the hosts that may have the guest",
                          "No host of guest “%s” is known", recovery->guest);
      return FALSE;
    }
  if (op->kind == OPERATION_INVESTIGATE)
    return _migrate_recovery_look (recovery, error);
  return _migrate_recovery_repair (recovery, op->up_to, step_done, op->self, error);
}

static void
operation_main (MigrateOperation *operation, gpointer data)
{
  RecoveryOperation *op = data;
  MigrateRecovery *self = op->self;
  GError *error = NULL;

  run (op, &error);
  publish (self);
  g_cancellable_disconnect (op->cancellable, op->cancelled_id);
  g_mutex_lock (&self->lock);
  self->busy = FALSE;
  g_mutex_unlock (&self->lock);
  _migrate_operation_end (op->operation, NULL, NULL, error);
}

static void
operation_free (gpointer data)
{
  RecoveryOperation *op = data;

  g_clear_object (&op->cancellable);
  g_free (op);
}

/* ---- starting ---- */

static void
on_cancelled (GCancellable *cancellable, gpointer data)
{
  _migrate_work_ask_detach (data);
}

static MigrateBackend *
find_backend (MigrateRecovery *self)
{
  g_autoptr (MigrateHost) first = g_list_model_get_item (self->hosts, 0);

  return first != NULL ? _migrate_backend_for_uri (migrate_host_get_uri (first))
                       : _migrate_libvirt_backend ();
}

static gboolean
add_hosts (MigrateRecovery *self, MigrateRecoveryWork *recovery, GError **error)
{
  for (guint i = 0; i < g_list_model_get_n_items (self->hosts); i++)
    {
      g_autoptr (MigrateHost) host = g_list_model_get_item (self->hosts, i);
      const char *uri = migrate_host_get_uri (host);
      g_autofree char *name = _migrate_host_dup_platform_name (host);
      g_autofree char *peer = migrate_host_dup_peer_uri (host);
      g_autofree char *migration = migrate_host_dup_migration_uri (host);
      g_autofree char *listen = migrate_host_dup_listen_address (host);
      g_autofree char *tls_name = migrate_host_dup_tls_name (host);

      if (!_migrate_uri_check (uri, MIGRATE_URI_CONNECTION, error)
          || (peer != NULL && !_migrate_uri_check (peer, MIGRATE_URI_CONNECTION, error))
          || (migration != NULL && !_migrate_uri_check (migration, MIGRATE_URI_DATA, error)))
        return FALSE;
      if (_migrate_backend_for_uri (uri) != recovery->work->backend)
        {
          _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                              "The hosts are of different worlds");
          return FALSE;
        }
      _migrate_recovery_add_host (recovery, _migrate_host_get_link (host), uri, name, peer,
                                  migration, listen, tls_name);
    }
  return TRUE;
}

static gboolean
ensure_work (MigrateRecovery *self, GError **error)
{
  g_autoptr (MigrateWork) work = NULL;
  g_autofree char *id = g_uuid_string_random ();

  if (self->recovery != NULL)
    return TRUE;
  work = _migrate_work_new (id);
  work->backend = find_backend (self);
  work->queue = _migrate_queue_ref (self->queue);
  work->report = &report;
  work->report_data = self;
  work->started = _migrate_backend_now (work->backend);
  self->recovery = _migrate_recovery_work_new (self->guest, work);
  if (add_hosts (self, self->recovery, error))
    return TRUE;
  g_clear_pointer (&self->recovery, _migrate_recovery_work_free);
  return FALSE;
}

/* The request as it is now; under the lock. */
static void
refresh_work (MigrateRecovery *self)
{
  MigrateWork *work = self->recovery->work;

  if (self->journal == NULL)
    self->journal = migrate_sqlite_journal_new (NULL /* the default */);
  g_set_object (&work->journal, self->journal);
  g_set_object (&work->hooks, self->hooks);
  g_set_object (&work->inventory, self->inventory);
  g_set_object (&work->connector, self->connector);
  g_set_object (&self->recovery->fence, self->fence);
  g_clear_object (&work->policy);
  work->policy = migrate_policy_copy (self->policy);
  _migrate_work_forget_detach (work);
  g_free (self->recovery->kept);
  self->recovery->kept = g_strdup (self->kept);
}

static gboolean
prepare_start (MigrateRecovery *self, OperationKind kind, GError **error)
{
  if (self->busy)
    {
      _migrate_set_error (error, MIGRATE_ERROR_BUSY, "Wait for it, or cancel it",
                          "The recovery of guest “%s” is already at work", self->guest);
      return FALSE;
    }
  if (!ensure_work (self, error))
    return FALSE;
  refresh_work (self);
  self->busy = TRUE;
  g_ptr_array_unref (self->done);
  self->done = new_steps ();
  return TRUE;
}

/* task is taken; NULL: blocking. NULL is returned, with error or through the task, when it was
 * refused. */
static MigrateOperation *
recovery_start (MigrateRecovery *self, OperationKind kind, MigrateRisk up_to,
                GCancellable *cancellable, GTask *task, GError **error)
{
  GError *refused = NULL;
  RecoveryOperation *op;
  MigrateOperation *operation;
  gboolean ok;

  g_mutex_lock (&self->lock);
  ok = prepare_start (self, kind, &refused);
  g_mutex_unlock (&self->lock);
  if (!ok)
    {
      if (task == NULL)
        {
          g_propagate_error (error, refused);
          return NULL;
        }
      g_task_return_error (task, refused);
      g_object_unref (task);
      return NULL;
    }
  op = g_new0 (RecoveryOperation, 1);
  op->self = self;
  op->kind = kind;
  op->up_to = up_to;
  op->cancellable = cancellable != NULL ? g_object_ref (cancellable) : NULL;
  op->operation = operation = _migrate_operation_new (self->queue, self->recovery->work->backend,
                                                      operation_main, op, operation_free, task);
  if (cancellable != NULL)
    op->cancelled_id = g_cancellable_connect (cancellable, G_CALLBACK (on_cancelled),
                                              _migrate_work_ref (self->recovery->work),
                                              (GDestroyNotify) _migrate_work_unref);
  _migrate_operation_start (operation);
  return operation;
}

static gboolean
recovery_wait (MigrateRecovery *self, OperationKind kind, MigrateRisk up_to,
               GCancellable *cancellable, GError **error)
{
  MigrateBackend *backend = find_backend (self);
  MigrateOperation *operation;
  gboolean ok;

  backend->vtable->enter (backend);
  operation = recovery_start (self, kind, up_to, cancellable, NULL /* task */, error);
  ok = operation != NULL && _migrate_operation_wait (operation, NULL /* value */, error);
  backend->vtable->leave (backend);
  return ok;
}

static void
recovery_start_async (MigrateRecovery *self, OperationKind kind, MigrateRisk up_to, gpointer tag,
                      GCancellable *cancellable, GAsyncReadyCallback callback, gpointer user_data)
{
  GTask *task = g_task_new (self, cancellable, callback, user_data);

  g_task_set_source_tag (task, tag);
  g_task_set_check_cancellable (task, FALSE);
  recovery_start (self, kind, up_to, cancellable, task, NULL /* error */);
}

/**
 * migrate_recovery_investigate:
 * @self: a recovery
 * @cancellable: (nullable): a cancellable
 * @error: return location for an error
 *
 * Asks all hosts at the same time, each bounded in time, until what they say stands still, and
 * concludes. Changes nothing anywhere. A host that does not answer is evidence too, no failure.
 *
 * Takes from one second to some 45: a verdict that libvirt may still overturn by itself is waited
 * for. Blocks; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_INVALID (a URI, no host, a name that is several guests'),
 * %MIGRATE_ERROR_NOT_FOUND (no host knows such a guest, nor does the journal),
 * %MIGRATE_ERROR_JOURNAL, %MIGRATE_ERROR_BUSY (another operation runs).
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_recovery_investigate (MigrateRecovery *self, GCancellable *cancellable, GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return recovery_wait (self, OPERATION_INVESTIGATE, MIGRATE_RISK_SAFE, cancellable, error);
}

/**
 * migrate_recovery_investigate_async:
 * @self: a recovery
 * @cancellable: (nullable): a cancellable
 * @callback: (nullable): called when it is done
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Recovery.investigate] without blocking.
 *
 * Since: 1.0
 */
void
migrate_recovery_investigate_async (MigrateRecovery *self, GCancellable *cancellable,
                                    GAsyncReadyCallback callback, gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  recovery_start_async (self, OPERATION_INVESTIGATE, MIGRATE_RISK_SAFE,
                        migrate_recovery_investigate_async, cancellable, callback, user_data);
}

/**
 * migrate_recovery_investigate_finish:
 * @self: a recovery
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Recovery.investigate_async].
 *
 * Fails as [method@Migrate.Recovery.investigate] does.
 *
 * Returns: true on success
 *
 * Since: 1.0
 */
gboolean
migrate_recovery_investigate_finish (MigrateRecovery *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_recovery_investigate_async),
                        FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}

/**
 * migrate_recovery_apply:
 * @self: a recovery
 * @up_to_risk: the highest risk that may be taken
 * @cancellable: (nullable): a cancellable; a transfer that is followed then goes on without us
 * @error: return location for an error
 *
 * Looks, takes the claim of the guest, carries out the steps up to the risk, each proven, and looks
 * again until nothing is left that may be done. Running it again is harmless. Nothing destructive
 * is ever done while a host that could have the guest cannot be asked.
 *
 * Blocks, as long as a transfer that is followed takes; signals are delivered meanwhile.
 *
 * Fails with %MIGRATE_ERROR_NEEDS_RECOVER when something is left: steps of a higher risk, or what
 * only an operator can do, which the message names; with %MIGRATE_ERROR_BUSY when another
 * controller holds the guest; with %MIGRATE_ERROR_LOST_CLAIM; and as
 * [method@Migrate.Recovery.investigate] does.
 *
 * Returns: true when nothing is left to repair
 *
 * Since: 1.0
 */
gboolean
migrate_recovery_apply (MigrateRecovery *self, MigrateRisk up_to_risk, GCancellable *cancellable,
                        GError **error)
{
  g_return_val_if_fail (MIGRATE_IS_RECOVERY (self), FALSE);
  g_return_val_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return recovery_wait (self, OPERATION_APPLY, up_to_risk, cancellable, error);
}

/**
 * migrate_recovery_apply_async:
 * @self: a recovery
 * @up_to_risk: the highest risk that may be taken
 * @cancellable: (nullable): as for [method@Migrate.Recovery.apply]
 * @callback: (nullable): called when it is done
 * @user_data: for @callback
 *
 * Begins [method@Migrate.Recovery.apply] without blocking.
 *
 * Since: 1.0
 */
void
migrate_recovery_apply_async (MigrateRecovery *self, MigrateRisk up_to_risk,
                              GCancellable *cancellable, GAsyncReadyCallback callback,
                              gpointer user_data)
{
  g_return_if_fail (MIGRATE_IS_RECOVERY (self));
  g_return_if_fail (cancellable == NULL || G_IS_CANCELLABLE (cancellable));
  recovery_start_async (self, OPERATION_APPLY, up_to_risk, migrate_recovery_apply_async,
                        cancellable, callback, user_data);
}

/**
 * migrate_recovery_apply_finish:
 * @self: a recovery
 * @result: what the callback was given
 * @error: return location for an error
 *
 * Ends [method@Migrate.Recovery.apply_async].
 *
 * Fails as [method@Migrate.Recovery.apply] does.
 *
 * Returns: true when nothing is left to repair
 *
 * Since: 1.0
 */
gboolean
migrate_recovery_apply_finish (MigrateRecovery *self, GAsyncResult *result, GError **error)
{
  g_return_val_if_fail (g_task_is_valid (result, self), FALSE);
  g_return_val_if_fail (g_async_result_is_tagged (result, migrate_recovery_apply_async), FALSE);
  g_return_val_if_fail (error == NULL || *error == NULL, FALSE);
  return g_task_propagate_boolean (G_TASK (result), error);
}
