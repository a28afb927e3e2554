/* Act: the program's own rewriting of a guest's XML: run in the job's context, awaited by a worker.
 */
#include "job/job-private.h"

/* The program's function. Whoever drops the last reference destroys the program's data, so workers
 * never do. */
struct _MigrateRewriter
{
  gatomicrefcount ref_count;
  MigrateRewriteFunc func;
  gpointer user_data;
  GDestroyNotify destroy; /* nullable */
};

/* One call of it, which outlives whoever does not wait for it any longer. */
typedef struct
{
  gatomicrefcount ref_count;
  MigrateJob *job;           /* until it is delivered */
  MigrateRewriter *rewriter; /* the same */
  MigrateBackend *backend;
  char *xml; /* has secrets */
  gboolean definition;

  GMutex lock;
  GCond changed;
  gboolean answered, given_up;
  char *result; /* nullable; has secrets */
} Rewriting;

MigrateRewriter *
_migrate_rewriter_new (MigrateRewriteFunc func, gpointer user_data, GDestroyNotify destroy)
{
  MigrateRewriter *self = g_new0 (MigrateRewriter, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->func = func;
  self->user_data = user_data;
  self->destroy = destroy;
  return self;
}

void
_migrate_rewriter_unref (MigrateRewriter *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  if (self->destroy != NULL)
    self->destroy (self->user_data);
  g_free (self);
}

static void
rewriting_unref (Rewriting *self)
{
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  _migrate_wipe (self->xml);
  g_free (self->xml);
  _migrate_wipe (self->result);
  g_free (self->result);
  g_mutex_clear (&self->lock);
  g_cond_clear (&self->changed);
  g_free (self);
}

/* In the job's context. */
static void
deliver (gpointer data)
{
  Rewriting *self = data;
  gboolean given_up;
  char *result = NULL;

  g_mutex_lock (&self->lock);
  given_up = self->given_up;
  g_mutex_unlock (&self->lock);
  if (!given_up)
    result
      = self->rewriter->func (self->job, self->xml, self->definition, self->rewriter->user_data);
  _migrate_rewriter_unref (self->rewriter);
  g_object_unref (self->job);
  g_mutex_lock (&self->lock);
  self->result = result;
  self->answered = TRUE;
  g_mutex_unlock (&self->lock);
  self->backend->vtable->wake (self->backend, &self->changed);
  rewriting_unref (self);
}

/* NULL: the program has no function. */
static Rewriting *
rewriting_new (MigrateJob *job, const char *xml, gboolean definition)
{
  MigrateRewriter *rewriter = NULL;
  Rewriting *self;

  g_mutex_lock (&job->lock);
  if (job->rewriter != NULL)
    {
      rewriter = job->rewriter;
      g_atomic_ref_count_inc (&rewriter->ref_count);
    }
  g_mutex_unlock (&job->lock);
  if (rewriter == NULL)
    return NULL;
  self = g_new0 (Rewriting, 1);
  g_atomic_ref_count_init (&self->ref_count);
  g_atomic_ref_count_inc (&self->ref_count); /* its delivery */
  self->job = g_object_ref (job);
  self->rewriter = rewriter;
  self->backend = job->work->backend;
  self->xml = g_strdup (xml);
  self->definition = definition;
  g_mutex_init (&self->lock);
  g_cond_init (&self->changed);
  return self;
}

static char *
await (Rewriting *self, guint timeout_ms, GError **error)
{
  gint64 deadline = _migrate_backend_now (self->backend) + (gint64) timeout_ms * 1000;
  char *result;

  g_mutex_lock (&self->lock);
  while (!self->answered && _migrate_backend_now (self->backend) < deadline)
    self->backend->vtable->wait_until (self->backend, &self->changed, &self->lock, deadline);
  self->given_up = !self->answered;
  result = g_steal_pointer (&self->result);
  g_mutex_unlock (&self->lock);
  if (self->given_up)
    _migrate_set_error (error, MIGRATE_ERROR_TIMED_OUT, "Answer sooner, or raise “hook-timeout”",
                        "The program did not rewrite the guest's XML within %u ms", timeout_ms);
  else if (result == NULL)
    _migrate_set_error (error, MIGRATE_ERROR_DENIED,
                        "Look for a reason in the program's own output",
                        "The program's rewrite function gave the move up");
  return result;
}

char *
_migrate_job_rewrite (MigrateJob *self, const char *xml, gboolean definition, GError **error)
{
  guint timeout_ms = _migrate_policy_get_uint (self->work->policy, "hook-timeout") * 1000;
  Rewriting *rewriting = rewriting_new (self, xml, definition);
  char *result;

  if (rewriting == NULL)
    return g_strdup (xml);
  _migrate_queue_push (self->queue, rewriting->backend, deliver, rewriting);
  result = await (rewriting, timeout_ms, error);
  rewriting_unref (rewriting);
  return result;
}
