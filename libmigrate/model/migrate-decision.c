/* A decision: when, what, why in numbers. */
#include "model/model-private.h"

/**
 * MigrateDecision:
 *
 * One decision taken during a move: when, what was done, and why.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateDecision
{
  gatomicrefcount ref_count;
  guint64 at_ms;
  char *what, *why;
  GVariant *details; /* a{sv} */
};

G_DEFINE_BOXED_TYPE (MigrateDecision, migrate_decision, migrate_decision_ref,
                     migrate_decision_unref)

MigrateDecision *
_migrate_decision_new (guint64 at_ms, const char *what, const char *why, GVariant *details)
{
  MigrateDecision *self = g_new0 (MigrateDecision, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->at_ms = at_ms;
  self->what = g_strdup (what);
  self->why = g_strdup (why);
  self->details = g_variant_ref_sink (details != NULL ? details : g_variant_new ("a{sv}", NULL));
  return self;
}

GVariant *
_migrate_decision_to_variant (MigrateDecision *self)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "at-ms", g_variant_new_uint64 (self->at_ms));
  g_variant_builder_add (&builder, "{sv}", "what", g_variant_new_string (self->what));
  g_variant_builder_add (&builder, "{sv}", "why", g_variant_new_string (self->why));
  g_variant_builder_add (&builder, "{sv}", "details", self->details);
  return g_variant_builder_end (&builder);
}

MigrateDecision *
_migrate_decision_from_variant (GVariant *value)
{
  const char *what = _migrate_variant_string (value, "what");
  const char *why = _migrate_variant_string (value, "why");
  g_autoptr (GVariant) details = g_variant_lookup_value (value, "details", G_VARIANT_TYPE_VARDICT);

  return _migrate_decision_new (_migrate_variant_uint64 (value, "at-ms", 0), what ? what : "",
                                why ? why : "", details);
}

/**
 * migrate_decision_ref:
 * @self: a decision
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateDecision *
migrate_decision_ref (MigrateDecision *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_decision_unref:
 * @self: (transfer full): a decision
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_decision_unref (MigrateDecision *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->what);
  g_free (self->why);
  g_variant_unref (self->details);
  g_free (self);
}

/**
 * migrate_decision_get_at_ms:
 * @self: a decision
 *
 * When the decision was taken.
 *
 * Returns: milliseconds since the job's first operation began
 *
 * Since: 1.0
 */
guint64
migrate_decision_get_at_ms (MigrateDecision *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->at_ms;
}

/**
 * migrate_decision_get_what:
 * @self: a decision
 *
 * What was decided, as a stable word: `cancel`, `destroy-source-half`, `give-up`, …
 *
 * Returns: (transfer none): the word
 *
 * Since: 1.0
 */
const char *
migrate_decision_get_what (MigrateDecision *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->what;
}

/**
 * migrate_decision_get_why:
 * @self: a decision
 *
 * Why it was decided, for people.
 *
 * Returns: (transfer none): the reason
 *
 * Since: 1.0
 */
const char *
migrate_decision_get_why (MigrateDecision *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->why;
}

/**
 * migrate_decision_dup_details:
 * @self: a decision
 *
 * The numbers of a decision, where it has some: `limit-ms`, the downtime limit that was set; and,
 * of a copy that came to no end, `needed-downtime-ms` and `needed-bandwidth` (bytes per second),
 * either of which would have been enough.
 *
 * Returns: (transfer full): an `a{sv}` of 64-bit numbers, which may be empty
 *
 * Since: 1.0
 */
GVariant *
migrate_decision_dup_details (MigrateDecision *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref (self->details);
}
