/* A step of a recovery or of a plan, as the program sees it. */
#include "model/model-private.h"

/**
 * MigrateStep:
 *
 * One step of a recovery or of a plan: what is done on which host, at what risk, to what effect; of
 * a recovery's whether it was done, of a plan's what takes it back.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateStep
{
  gatomicrefcount ref_count;
  char *what, *host, *effect, *undo, *failure; /* the last two are nullable */
  MigrateRisk risk;
  gboolean done;
};

G_DEFINE_BOXED_TYPE (MigrateStep, migrate_step, migrate_step_ref, migrate_step_unref)

MigrateStep *
_migrate_step_new (const char *what, const char *host, MigrateRisk risk, const char *effect,
                   gboolean done, const char *failure)
{
  MigrateStep *self = g_new0 (MigrateStep, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->what = g_strdup (what);
  self->host = g_strdup (host);
  self->risk = risk;
  self->effect = g_strdup (effect);
  self->done = done;
  self->failure = g_strdup (failure);
  return self;
}

MigrateStep *
_migrate_step_new_planned (const char *what, const char *host, MigrateRisk risk, const char *effect,
                           const char *undo)
{
  MigrateStep *self = _migrate_step_new (what, host, risk, effect, FALSE /* done */, NULL);

  self->undo = g_strdup (undo);
  return self;
}

/**
 * migrate_step_ref:
 * @self: a step
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateStep *
migrate_step_ref (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_step_unref:
 * @self: (transfer full): a step
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_step_unref (MigrateStep *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->what);
  g_free (self->host);
  g_free (self->effect);
  g_free (self->undo);
  g_free (self->failure);
  g_free (self);
}

/**
 * migrate_step_get_what:
 * @self: a step
 *
 * What is done, as a stable word: `resume-source`, `undefine-source`, `transfer`, `follow`, …
 *
 * Returns: (transfer none): the word
 *
 * Since: 1.0
 */
const char *
migrate_step_get_what (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->what;
}

/**
 * migrate_step_get_host:
 * @self: a step
 *
 * On which host.
 *
 * Returns: (transfer none): its URI, without secrets
 *
 * Since: 1.0
 */
const char *
migrate_step_get_host (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->host;
}

/**
 * migrate_step_get_risk:
 * @self: a step
 *
 * What it may do to the guest.
 *
 * Returns: the risk
 *
 * Since: 1.0
 */
MigrateRisk
migrate_step_get_risk (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_RISK_DESTRUCTIVE);
  return self->risk;
}

/**
 * migrate_step_get_effect:
 * @self: a step
 *
 * What it changes, in one sentence, for people.
 *
 * Returns: (transfer none): the effect
 *
 * Since: 1.0
 */
const char *
migrate_step_get_effect (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->effect;
}

/**
 * migrate_step_get_undo:
 * @self: a step
 *
 * Of a plan's step: what takes it back when the move is given up before the hand-over, for people.
 *
 * Returns: (transfer none) (nullable): the sentence, or %NULL when nothing needs to be taken
 *   back, or nothing can
 *   be: it comes after the hand-over
 *
 * Since: 1.0
 */
const char *
migrate_step_get_undo (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->undo;
}

/**
 * migrate_step_is_done:
 * @self: a step
 *
 * Whether it was done and proven.
 *
 * Returns: true when it was
 *
 * Since: 1.0
 */
gboolean
migrate_step_is_done (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->done;
}

/**
 * migrate_step_get_failure:
 * @self: a step
 *
 * Why it could not be done.
 *
 * Returns: (transfer none) (nullable): the reason, or %NULL when it was not tried or did not fail
 *
 * Since: 1.0
 */
const char *
migrate_step_get_failure (MigrateStep *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->failure;
}
