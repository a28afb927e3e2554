/* A request: what the library asks of the embedding program, answered once, from any thread. */
#include "steps/request-private.h"

/**
 * MigrateRequest:
 *
 * A question to the embedding program, through one of its interfaces. It is answered once, from
 * any thread, at once or later, before its deadline (`hook-timeout` of the policy).
 *
 * Thread-safe.
 *
 * Since: 1.0
 */
struct _MigrateRequest
{
  GObject parent_instance;

  MigrateHookPoint point; /* the four are set once */
  char *job_id;
  GVariant *details;
  MigrateBackend *backend;

  GMutex lock;
  GCond changed;
  gboolean answered;
  GVariant *reply; /* nullable */
  GError *refusal; /* nullable */
};

G_DEFINE_FINAL_TYPE (MigrateRequest, migrate_request, G_TYPE_OBJECT)

static void
request_free (GObject *object)
{
  MigrateRequest *self = MIGRATE_REQUEST (object);

  g_free (self->job_id);
  g_clear_pointer (&self->details, g_variant_unref);
  g_clear_pointer (&self->reply, g_variant_unref);
  g_clear_error (&self->refusal);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  G_OBJECT_CLASS (migrate_request_parent_class)->finalize (object);
}

static void
migrate_request_class_init (MigrateRequestClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = request_free;
}

static void
migrate_request_init (MigrateRequest *self)
{
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
}

/**
 * migrate_request_get_point:
 * @self: a request
 *
 * Where in the move the program is asked.
 *
 * Returns: the point
 *
 * Since: 1.0
 */
MigrateHookPoint
migrate_request_get_point (MigrateRequest *self)
{
  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), MIGRATE_HOOK_POINT_BEFORE_PREPARE);
  return self->point;
}

/**
 * migrate_request_get_job_id:
 * @self: a request
 *
 * The job that asks.
 *
 * Returns: the job's id
 *
 * Since: 1.0
 */
const char *
migrate_request_get_job_id (MigrateRequest *self)
{
  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), NULL);
  return self->job_id;
}

/**
 * migrate_request_dup_details:
 * @self: a request
 *
 * The facts of the move, as `a{sv}`: at least `guest-name`, `guest-uuid`, `source`, `destination`;
 * at the point `undo` also `undone-point`, the point that is undone.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_request_dup_details (MigrateRequest *self)
{
  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), NULL);
  return g_variant_ref (self->details);
}

/**
 * migrate_request_is_answered:
 * @self: a request
 *
 * Whether the request was answered, refused, or is past its deadline.
 *
 * Returns: true when an answer would come too late
 *
 * Since: 1.0
 */
gboolean
migrate_request_is_answered (MigrateRequest *self)
{
  gboolean answered;

  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), FALSE);
  g_mutex_lock (&self->lock);
  answered = self->answered;
  g_mutex_unlock (&self->lock);
  return answered;
}

/* Takes both. */
static gboolean
request_settle (MigrateRequest *self, GVariant *reply, GError *refusal)
{
  g_autoptr (GVariant) owned_reply = reply;
  g_autoptr (GError) owned_refusal = refusal;

  g_mutex_lock (&self->lock);
  if (self->answered)
    {
      g_mutex_unlock (&self->lock);
      return FALSE;
    }
  self->answered = TRUE;
  self->reply = g_steal_pointer (&owned_reply);
  self->refusal = g_steal_pointer (&owned_refusal);
  g_mutex_unlock (&self->lock);
  self->backend->vtable->wake (self->backend, &self->changed);
  return TRUE;
}

/**
 * migrate_request_answer:
 * @self: a request
 * @reply: (nullable): values of type `a{sv}`, or %NULL for none; a floating reference is taken
 *
 * Answers: what was asked is done, the move may go on.
 *
 * Returns: true when this was the answer; false when one was given before or the deadline passed
 *
 * Since: 1.0
 */
gboolean
migrate_request_answer (MigrateRequest *self, GVariant *reply)
{
  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (reply == NULL || g_variant_is_of_type (reply, G_VARIANT_TYPE_VARDICT),
                        FALSE);
  return request_settle (self, reply != NULL ? g_variant_ref_sink (reply) : NULL, NULL);
}

/**
 * migrate_request_refuse:
 * @self: a request
 * @code: a short stable word for the reason
 * @message: the reason, for people
 *
 * Refuses: before the hand-over the move is given up and undone, after it this is a warning.
 *
 * Returns: true when this was the answer; false when one was given before or the deadline passed
 *
 * Since: 1.0
 */
gboolean
migrate_request_refuse (MigrateRequest *self, const char *code, const char *message)
{
  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (code != NULL, FALSE);
  g_return_val_if_fail (message != NULL, FALSE);
  return request_settle (self, NULL,
                         _migrate_error_new (MIGRATE_ERROR_DENIED, NULL /* remedy */,
                                             "The program refused (%s): %s", code, message));
}

typedef struct
{
  MigrateHooks *hooks;
  MigrateRequest *request;
} Delivery;

static void
deliver (gpointer data)
{
  Delivery *self = data;

  if (!migrate_request_is_answered (self->request)
      && !migrate_hooks_call (self->hooks, self->request))
    request_settle (self->request, NULL,
                    _migrate_error_new (MIGRATE_ERROR_FAILED, NULL /* remedy */,
                                        "The program's hook failed without saying why"));
  g_object_unref (self->hooks);
  g_object_unref (self->request);
  g_free (self);
}

GVariant *
_migrate_request_ask (MigrateHooks *hooks, MigrateQueue *queue, MigrateBackend *backend,
                      MigrateHookPoint point, const char *job_id, GVariant *details,
                      guint timeout_ms, GError **error)
{
  g_autoptr (MigrateRequest) self = g_object_new (MIGRATE_TYPE_REQUEST, NULL);
  g_autoptr (GVariant) reply = NULL;
  gint64 deadline = _migrate_backend_now (backend) + (gint64) timeout_ms * 1000;
  Delivery *delivery = g_new0 (Delivery, 1);

  self->point = point;
  self->job_id = g_strdup (job_id);
  self->details = g_variant_ref_sink (details);
  self->backend = backend;
  delivery->hooks = g_object_ref (hooks);
  delivery->request = g_object_ref (self);
  _migrate_queue_push (queue, backend, deliver, delivery);

  g_mutex_lock (&self->lock);
  while (!self->answered && _migrate_backend_now (backend) < deadline)
    backend->vtable->wait_until (backend, &self->changed, &self->lock, deadline);
  if (!self->answered)
    {
      self->answered = TRUE;
      self->refusal = _migrate_error_new (
        MIGRATE_ERROR_TIMED_OUT, "Answer the request, or raise “hook-timeout”",
        "The program did not answer the hook “%s” within %u ms",
        _migrate_enum_nick (MIGRATE_TYPE_HOOK_POINT, (int) point), timeout_ms);
    }
  if (self->refusal != NULL)
    g_propagate_error (error, g_error_copy (self->refusal));
  else
    reply = self->reply != NULL
              ? g_variant_ref (self->reply)
              : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  g_mutex_unlock (&self->lock);
  return g_steal_pointer (&reply);
}
