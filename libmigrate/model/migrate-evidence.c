/* What one host said, as the program sees it. */
#include "model/model-private.h"

/**
 * MigrateEvidence:
 *
 * What one host said of a guest, and when.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateEvidence
{
  gatomicrefcount ref_count;
  char *host, *state;
  gboolean reachable, present;
  guint64 seen_at_us;
  GVariant *details;
};

G_DEFINE_BOXED_TYPE (MigrateEvidence, migrate_evidence, migrate_evidence_ref,
                     migrate_evidence_unref)

MigrateEvidence *
_migrate_evidence_new (const char *host, gboolean reachable, gboolean present, const char *state,
                       guint64 seen_at_us, GVariant *details)
{
  MigrateEvidence *self = g_new0 (MigrateEvidence, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->host = g_strdup (host);
  self->reachable = reachable;
  self->present = present;
  self->state = g_strdup (state);
  self->seen_at_us = seen_at_us;
  self->details = g_variant_ref_sink (details);
  return self;
}

/**
 * migrate_evidence_ref:
 * @self: an evidence
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateEvidence *
migrate_evidence_ref (MigrateEvidence *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_evidence_unref:
 * @self: (transfer full): an evidence
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_evidence_unref (MigrateEvidence *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self->host);
  g_free (self->state);
  g_variant_unref (self->details);
  g_free (self);
}

/**
 * migrate_evidence_get_host:
 * @self: an evidence
 *
 * Which host was asked.
 *
 * Returns: (transfer none): its URI, without secrets
 *
 * Since: 1.0
 */
const char *
migrate_evidence_get_host (MigrateEvidence *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->host;
}

/**
 * migrate_evidence_is_reachable:
 * @self: an evidence
 *
 * Whether the host answered.
 *
 * Returns: false when it could not be asked
 *
 * Since: 1.0
 */
gboolean
migrate_evidence_is_reachable (MigrateEvidence *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->reachable;
}

/**
 * migrate_evidence_is_present:
 * @self: an evidence
 *
 * Whether the host knows the guest.
 *
 * Returns: true when it does
 *
 * Since: 1.0
 */
gboolean
migrate_evidence_is_present (MigrateEvidence *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->present;
}

/**
 * migrate_evidence_get_state:
 * @self: an evidence
 *
 * The state of the guest there with its reason, as virsh spells it: `paused (migrating)`; or why
 * the host could not be asked.
 *
 * Returns: (transfer none): the state, for people
 *
 * Since: 1.0
 */
const char *
migrate_evidence_get_state (MigrateEvidence *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return self->state;
}

/**
 * migrate_evidence_get_seen_at_us:
 * @self: an evidence
 *
 * When the host was asked.
 *
 * Returns: microseconds since 1970, of this machine's clock
 *
 * Since: 1.0
 */
guint64
migrate_evidence_get_seen_at_us (MigrateEvidence *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->seen_at_us;
}

/**
 * migrate_evidence_dup_details:
 * @self: an evidence
 *
 * The rest of what was seen, as `a{sv}`: `persistent`, `autostart`, `transfer` (b: a transfer of
 * the guest to elsewhere is under way), `monitor-busy-ms` (t), `processed`, `remaining` (t, bytes),
 * `messages` (as: what the host keeps of QEMU's words), `failure` (s: why it could not be asked). A
 * key that does not apply is missing; more may be added.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_evidence_dup_details (MigrateEvidence *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref (self->details);
}
