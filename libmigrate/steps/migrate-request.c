/* A request: what the library asks of the embedding program, answered once, from any thread. */
#include "steps/request-private.h"

/**
 * MigrateRequest:
 *
 * A question to the embedding program, through one of its interfaces: [iface@Migrate.Hooks],
 * [iface@Migrate.Inventory], [iface@Migrate.Fence]. It is answered once, from any thread, at once
 * or later, before its deadline: `hook-timeout` of the policy, for a fence `fence-timeout`.
 *
 * Thread-safe.
 *
 * Since: 1.0
 */
struct _MigrateRequest
{
  GObject parent_instance;

  MigrateRequestSubject subject; /* these are set once */
  MigrateHookPoint point;
  MigrateSide side;
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
 * migrate_request_get_subject:
 * @self: a request
 *
 * What is asked for, where one object implements several interfaces.
 *
 * Returns: the subject
 *
 * Since: 1.0
 */
MigrateRequestSubject
migrate_request_get_subject (MigrateRequest *self)
{
  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), MIGRATE_REQUEST_SUBJECT_HOOK);
  return self->subject;
}

/**
 * migrate_request_get_point:
 * @self: a request
 *
 * Where in the move the program is asked. Of a request to [iface@Migrate.Hooks] only; of others it
 * says nothing.
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
 * migrate_request_get_side:
 * @self: a request
 *
 * Which host of the move the request is about. A hook is asked once for the source, and once for
 * the destination; also in the details, as `side`.
 *
 * Returns: the side; %MIGRATE_SIDE_NONE where the request is not about one of the two
 *
 * Since: 1.0
 */
MigrateSide
migrate_request_get_side (MigrateRequest *self)
{
  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), MIGRATE_SIDE_NONE);
  return self->side;
}

/**
 * migrate_request_get_job_id:
 * @self: a request
 *
 * The job that asks.
 *
 * Returns: (transfer none): the job's id
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
 * What is asked, as `a{sv}`; URIs are without secrets. Of every request at least `job`,
 * `guest-name` and `guest-uuid`.
 *
 * Of a hook also: `side`; `source` and `destination` (URIs), `source-name` and `destination-name`
 * (see [property@Migrate.Host:name]), `kind`, `transport`, `hand-over`; `peer-uri`,
 * `migration-uri`, `listen-address` and `tls-name` when they are set; what was true of the guest
 * before the move: `was-paused`, `persistent`, `autostart`, and `disks`, an `aa{sv}` with `target`,
 * `type`, `device` and, where there is one, `source`; `holes`, an `as`, where the mapping leaves
 * names open: a hook of the destination answers them, before or after prepare or before migrate, in
 * `bindings`, an `a{sv}` by these names (`network:blue`), each as in a mapping; at the point `undo`
 * also `undone-point`, the point that is undone.
 *
 * Of an inventory and of a fence: see there.
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
 * Answers: what was asked is done, the move may go on. Of a hook at the destination before the
 * transfer the reply may have `bindings`; see [method@Migrate.Request.dup_details].
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

/* In messages. Of a hook the point is said too. */
static const char *const subject_words[] = {
  [MIGRATE_REQUEST_SUBJECT_HOOK] = "hook",
  [MIGRATE_REQUEST_SUBJECT_INVENTORY_GET] = "inventory (get)",
  [MIGRATE_REQUEST_SUBJECT_INVENTORY_COMPARE_AND_SET] = "inventory (compare-and-set)",
  [MIGRATE_REQUEST_SUBJECT_FENCE] = "fence",
  [MIGRATE_REQUEST_SUBJECT_FENCE_RESET_STREAM] = "fence (reset of the stream)",
  [MIGRATE_REQUEST_SUBJECT_IMAGE_FETCH] = "image source",
  [MIGRATE_REQUEST_SUBJECT_VOLUME_CONNECT] = "volume connector (connect)",
  [MIGRATE_REQUEST_SUBJECT_VOLUME_DISCONNECT] = "volume connector (disconnect)",
};

static char *
describe (MigrateRequest *self)
{
  if (self->subject != MIGRATE_REQUEST_SUBJECT_HOOK)
    return g_strdup (subject_words[self->subject]);
  return g_strdup_printf ("hook “%s” (%s)",
                          _migrate_enum_nick (MIGRATE_TYPE_HOOK_POINT, (int) self->point),
                          _migrate_enum_nick (MIGRATE_TYPE_SIDE, (int) self->side));
}

/* A hook's refusal is a veto, whatever its word. Of the others the caller can do something with
 * these. */
static MigrateError
refusal_to_code (MigrateRequest *self, const char *word)
{
  static const struct
  {
    const char *word;
    MigrateError code;
  } words[] = {
    { "conflict", MIGRATE_ERROR_CHANGED },        { "not-found", MIGRATE_ERROR_NOT_FOUND },
    { "unsupported", MIGRATE_ERROR_UNSUPPORTED }, { "invalid", MIGRATE_ERROR_INVALID },
    { "failed", MIGRATE_ERROR_FAILED },           { "timed-out", MIGRATE_ERROR_TIMED_OUT },
  };

  if (self->subject != MIGRATE_REQUEST_SUBJECT_HOOK)
    for (gsize i = 0; i < G_N_ELEMENTS (words); i++)
      if (g_str_equal (words[i].word, word))
        return words[i].code;
  return MIGRATE_ERROR_DENIED;
}

/**
 * migrate_request_refuse:
 * @self: a request
 * @code: a short stable word for the reason
 * @message: the reason, for people
 *
 * Refuses. Of a hook: before the hand-over the move is given up and undone, after it this is a
 * warning; the error is `DENIED`. Of an inventory or a fence the words `conflict`, `not-found`,
 * `unsupported`, `invalid`, `failed` and `timed-out` are understood; any other is `DENIED`.
 *
 * Returns: true when this was the answer; false when one was given before or the deadline passed
 *
 * Since: 1.0
 */
gboolean
migrate_request_refuse (MigrateRequest *self, const char *code, const char *message)
{
  const char *who;

  g_return_val_if_fail (MIGRATE_IS_REQUEST (self), FALSE);
  g_return_val_if_fail (code != NULL, FALSE);
  g_return_val_if_fail (message != NULL, FALSE);
  who = self->subject == MIGRATE_REQUEST_SUBJECT_HOOK ? "program" : subject_words[self->subject];
  return request_settle (self, NULL,
                         _migrate_error_new (refusal_to_code (self, code), NULL /* remedy */,
                                             "The %s refused (%s): %s", who, code, message));
}

/* ---- asking ---- */

typedef struct
{
  GObject *object;
  MigrateRequestFunc call;
  MigrateRequest *request;
} Delivery;

static void
deliver (gpointer data)
{
  Delivery *self = data;

  if (!migrate_request_is_answered (self->request) && !self->call (self->object, self->request))
    {
      g_autofree char *what = describe (self->request);

      request_settle (self->request, NULL,
                      _migrate_error_new (MIGRATE_ERROR_FAILED,
                                          "Look for an exception in the program's own output",
                                          "The program's %s failed without saying why", what));
    }
  g_object_unref (self->object);
  g_object_unref (self->request);
  g_free (self);
}

static MigrateRequest *
request_push (MigrateWork *work, const MigrateQuestion *question)
{
  MigrateRequest *self = g_object_new (MIGRATE_TYPE_REQUEST, NULL);
  Delivery *delivery = g_new0 (Delivery, 1);

  self->subject = question->subject;
  self->point = question->point;
  self->side = question->side;
  self->job_id = g_strdup (work->id);
  self->details = g_variant_ref_sink (question->details);
  self->backend = work->backend;
  delivery->object = g_object_ref (question->object);
  delivery->call = question->call;
  delivery->request = g_object_ref (self);
  _migrate_queue_push (work->queue, work->backend, deliver, delivery);
  return self;
}

void
_migrate_request_tell (MigrateWork *work, const MigrateQuestion *question)
{
  g_object_unref (request_push (work, question));
}

static void
give_up (MigrateRequest *self, const MigrateQuestion *question, guint timeout_ms)
{
  g_autofree char *what = describe (self);
  g_autofree char *remedy
    = g_strdup_printf ("Answer the request, or raise “%s”", question->timeout_key);

  self->answered = TRUE;
  self->refusal
    = _migrate_error_new (MIGRATE_ERROR_TIMED_OUT, remedy,
                          "The program did not answer the %s within %u ms", what, timeout_ms);
}

GVariant *
_migrate_request_ask (MigrateWork *work, const MigrateQuestion *question, GError **error)
{
  MigrateBackend *backend = work->backend;
  guint timeout_ms = _migrate_policy_get_uint (work->policy, question->timeout_key) * 1000;
  gint64 deadline = _migrate_backend_now (backend) + (gint64) timeout_ms * 1000;
  g_autoptr (MigrateRequest) self = request_push (work, question);
  g_autoptr (GVariant) reply = NULL;

  g_mutex_lock (&self->lock);
  while (!self->answered && _migrate_backend_now (backend) < deadline)
    backend->vtable->wait_until (backend, &self->changed, &self->lock, deadline);
  if (!self->answered)
    give_up (self, question, timeout_ms);
  if (self->refusal != NULL)
    g_propagate_error (error, g_error_copy (self->refusal));
  else
    reply = self->reply != NULL
              ? g_variant_ref (self->reply)
              : g_variant_ref_sink (g_variant_new_array (G_VARIANT_TYPE ("{sv}"), NULL, 0));
  g_mutex_unlock (&self->lock);
  return g_steal_pointer (&reply);
}
