/* Progress: one immutable picture of how far a move is. */
#include "model/model-private.h"

/**
 * MigrateProgress:
 *
 * How far a move is. The fraction never goes back.
 *
 * Immutable; may be used from any thread.
 *
 * Since: 1.0
 */
struct _MigrateProgress
{
  gatomicrefcount ref_count;
  MigrateProgressValues values;
};

G_DEFINE_BOXED_TYPE (MigrateProgress, migrate_progress, migrate_progress_ref,
                     migrate_progress_unref)

MigrateProgress *
_migrate_progress_new (const MigrateProgressValues *values)
{
  MigrateProgress *self = g_new0 (MigrateProgress, 1);

  g_atomic_ref_count_init (&self->ref_count);
  self->values = *values;
  return self;
}

GVariant *
_migrate_progress_to_variant (MigrateProgress *self)
{
  const MigrateProgressValues *v = &self->values;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", "phase",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) v->phase)));
  g_variant_builder_add (&builder, "{sv}", "fraction", g_variant_new_double (v->fraction));
  g_variant_builder_add (&builder, "{sv}", "elapsed-ms", g_variant_new_uint64 (v->elapsed_ms));
  g_variant_builder_add (&builder, "{sv}", "memory-total", g_variant_new_uint64 (v->memory_total));
  g_variant_builder_add (&builder, "{sv}", "memory-processed",
                         g_variant_new_uint64 (v->memory_processed));
  g_variant_builder_add (&builder, "{sv}", "memory-remaining",
                         g_variant_new_uint64 (v->memory_remaining));
  g_variant_builder_add (&builder, "{sv}", "rate", g_variant_new_uint64 (v->rate));
  g_variant_builder_add (&builder, "{sv}", "dirty-rate", g_variant_new_uint64 (v->dirty_rate));
  g_variant_builder_add (&builder, "{sv}", "pass", g_variant_new_uint64 (v->pass));
  g_variant_builder_add (&builder, "{sv}", "throttle", g_variant_new_uint64 (v->throttle));
  if (v->has_time_left)
    g_variant_builder_add (&builder, "{sv}", "time-left-ms",
                           g_variant_new_uint64 (v->time_left_ms));
  return g_variant_builder_end (&builder);
}

MigrateProgress *
_migrate_progress_from_variant (GVariant *value)
{
  MigrateProgressValues v = { 0 };
  int phase;

  if (_migrate_enum_parse (MIGRATE_TYPE_PHASE, _migrate_variant_string (value, "phase"), &phase))
    v.phase = phase;
  v.fraction = _migrate_variant_double (value, "fraction");
  v.elapsed_ms = _migrate_variant_uint64 (value, "elapsed-ms", 0);
  v.memory_total = _migrate_variant_uint64 (value, "memory-total", 0);
  v.memory_processed = _migrate_variant_uint64 (value, "memory-processed", 0);
  v.memory_remaining = _migrate_variant_uint64 (value, "memory-remaining", 0);
  v.rate = _migrate_variant_uint64 (value, "rate", 0);
  v.dirty_rate = _migrate_variant_uint64 (value, "dirty-rate", 0);
  v.pass = (guint) _migrate_variant_uint64 (value, "pass", 0);
  v.throttle = (guint) _migrate_variant_uint64 (value, "throttle", 0);
  v.has_time_left = g_variant_lookup (value, "time-left-ms", "t", &v.time_left_ms);
  return _migrate_progress_new (&v);
}

/**
 * migrate_progress_ref:
 * @self: a progress
 *
 * Takes a reference.
 *
 * Returns: (transfer full): @self
 *
 * Since: 1.0
 */
MigrateProgress *
migrate_progress_ref (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  g_atomic_ref_count_inc (&self->ref_count);
  return self;
}

/**
 * migrate_progress_unref:
 * @self: (transfer full): a progress
 *
 * Gives a reference back.
 *
 * Since: 1.0
 */
void
migrate_progress_unref (MigrateProgress *self)
{
  g_return_if_fail (self != NULL);
  if (!g_atomic_ref_count_dec (&self->ref_count))
    return;
  g_free (self);
}

/**
 * migrate_progress_get_phase:
 * @self: a progress
 *
 * What happens now.
 *
 * Returns: the phase
 *
 * Since: 1.0
 */
MigratePhase
migrate_progress_get_phase (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, MIGRATE_PHASE_IDLE);
  return self->values.phase;
}

/**
 * migrate_progress_get_fraction:
 * @self: a progress
 *
 * How much is done; never goes back within a job.
 *
 * Returns: 0 to 1
 *
 * Since: 1.0
 */
double
migrate_progress_get_fraction (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.fraction;
}

/**
 * migrate_progress_get_elapsed_ms:
 * @self: a progress
 *
 * Time since the first operation of the job began.
 *
 * Returns: milliseconds
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_elapsed_ms (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.elapsed_ms;
}

/**
 * migrate_progress_get_memory_total:
 * @self: a progress
 *
 * The size of the guest's memory as the hypervisor counts it.
 *
 * Returns: bytes, 0 before the first sample
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_memory_total (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.memory_total;
}

/**
 * migrate_progress_get_memory_processed:
 * @self: a progress
 *
 * Memory sent so far, pages sent again included.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_memory_processed (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.memory_processed;
}

/**
 * migrate_progress_get_memory_remaining:
 * @self: a progress
 *
 * Memory that is still to be sent in this pass.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_memory_remaining (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.memory_remaining;
}

/**
 * migrate_progress_get_rate:
 * @self: a progress
 *
 * How fast memory travels.
 *
 * Returns: bytes per second
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_rate (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.rate;
}

/**
 * migrate_progress_get_dirty_rate:
 * @self: a progress
 *
 * How fast the guest writes memory, as the hypervisor reports it; 0 in the first pass.
 *
 * Returns: bytes per second
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_dirty_rate (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.dirty_rate;
}

/**
 * migrate_progress_get_pass:
 * @self: a progress
 *
 * Which pass over memory this is, beginning with 1.
 *
 * Returns: the pass, 0 before the first sample
 *
 * Since: 1.0
 */
guint
migrate_progress_get_pass (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.pass;
}

/**
 * migrate_progress_has_time_left:
 * @self: a progress
 *
 * Whether the time left can be told.
 *
 * Returns: true when [method@Migrate.Progress.get_time_left_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_progress_has_time_left (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_time_left;
}

/**
 * migrate_progress_get_time_left_ms:
 * @self: a progress
 *
 * The estimated time to the hand-over.
 *
 * Returns: milliseconds, 0 when it cannot be told
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_time_left_ms (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.time_left_ms;
}

/**
 * migrate_progress_dup_details:
 * @self: a progress
 *
 * All values as `a{sv}`: for printing and for keys that later versions add.
 *
 * Returns: (transfer full): the values
 *
 * Since: 1.0
 */
GVariant *
migrate_progress_dup_details (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, NULL);
  return g_variant_ref_sink (_migrate_progress_to_variant (self));
}
