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
  if (values->disks != NULL)
    self->values.disks = g_variant_ref_sink (values->disks);
  return self;
}

const MigrateProgressValues *
_migrate_progress_peek (MigrateProgress *self)
{
  return &self->values;
}

/* The numbers, as the journal and the details have them. */
static const struct
{
  const char *key;
  gsize offset;
  gboolean rare; /* left out when it is 0 */
} numbers[] = {
#define NUMBER(key, field, rare)                                                                   \
  {                                                                                                \
    key, G_STRUCT_OFFSET (MigrateProgressValues, field), rare                                      \
  }
  NUMBER ("elapsed-ms", elapsed_ms, FALSE),
  NUMBER ("memory-total", memory_total, FALSE),
  NUMBER ("memory-processed", memory_processed, FALSE),
  NUMBER ("memory-remaining", memory_remaining, FALSE),
  NUMBER ("rate", rate, FALSE),
  NUMBER ("dirty-rate", dirty_rate, FALSE),
  NUMBER ("disk-total", disk_total, TRUE),
  NUMBER ("disk-processed", disk_processed, TRUE),
  NUMBER ("disk-remaining", disk_remaining, TRUE),
  NUMBER ("disk-rate", disk_rate, TRUE),
  NUMBER ("limit-ms", limit_ms, TRUE),
  NUMBER ("memory-constant", memory_constant, TRUE),
  NUMBER ("memory-normal", memory_normal, TRUE),
  NUMBER ("memory-normal-bytes", memory_normal_bytes, TRUE),
  NUMBER ("page-size", page_size, TRUE),
  NUMBER ("compression-cache", compression_cache, TRUE),
  NUMBER ("compression-bytes", compression_bytes, TRUE),
  NUMBER ("compression-pages", compression_pages, TRUE),
  NUMBER ("compression-cache-misses", compression_cache_misses, TRUE),
  NUMBER ("compression-overflow", compression_overflow, TRUE),
  NUMBER ("postcopy-requests", postcopy_requests, TRUE),
  NUMBER ("setup-ms", setup_ms, TRUE),
  NUMBER ("downtime-net-ms", downtime_net_ms, TRUE),
#undef NUMBER
};

static void
add_number (GVariantBuilder *builder, const char *key, guint64 value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 (value));
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
  add_number (&builder, "pass", v->pass);
  add_number (&builder, "throttle", v->throttle);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    {
      guint64 value = G_STRUCT_MEMBER (guint64, v, numbers[i].offset);

      if (!numbers[i].rare || value != 0)
        add_number (&builder, numbers[i].key, value);
    }
  if (v->has_time_left)
    {
      add_number (&builder, "time-left-ms", v->time_left_ms);
      add_number (&builder, "time-left-least-ms", v->time_left_least_ms);
    }
  if (v->has_time_left_most)
    add_number (&builder, "time-left-most-ms", v->time_left_most_ms);
  if (v->has_downtime_expected)
    add_number (&builder, "downtime-expected-ms", v->downtime_expected_ms);
  if (v->disks != NULL)
    g_variant_builder_add (&builder, "{sv}", "disks", v->disks);
  return g_variant_builder_end (&builder);
}

MigrateProgress *
_migrate_progress_from_variant (GVariant *value)
{
  MigrateProgressValues v = { 0 };
  g_autoptr (GVariant) disks = NULL;
  int phase;

  if (_migrate_enum_parse (MIGRATE_TYPE_PHASE, _migrate_variant_string (value, "phase"), &phase))
    v.phase = phase;
  v.fraction = _migrate_variant_double (value, "fraction");
  v.pass = (guint) _migrate_variant_uint64 (value, "pass", 0);
  v.throttle = (guint) _migrate_variant_uint64 (value, "throttle", 0);
  for (gsize i = 0; i < G_N_ELEMENTS (numbers); i++)
    G_STRUCT_MEMBER (guint64, &v, numbers[i].offset)
      = _migrate_variant_uint64 (value, numbers[i].key, 0);
  v.has_time_left = g_variant_lookup (value, "time-left-ms", "t", &v.time_left_ms);
  v.time_left_least_ms = _migrate_variant_uint64 (value, "time-left-least-ms", 0);
  v.has_time_left_most = g_variant_lookup (value, "time-left-most-ms", "t", &v.time_left_most_ms);
  v.has_downtime_expected
    = g_variant_lookup (value, "downtime-expected-ms", "t", &v.downtime_expected_ms);
  disks = g_variant_lookup_value (value, "disks", G_VARIANT_TYPE_VARDICT);
  v.disks = disks;
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
  g_clear_pointer (&self->values.disks, g_variant_unref);
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
 * migrate_progress_get_throttle:
 * @self: a progress
 *
 * By how much the hypervisor slows the guest down so that its memory can be caught up with. It is
 * 0 unless the policy allows throttling and the copy needs it.
 *
 * Returns: percent of its processor time that the guest is kept from, 0: none
 *
 * Since: 1.0
 */
guint
migrate_progress_get_throttle (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.throttle;
}

/**
 * migrate_progress_get_disk_total:
 * @self: a progress
 *
 * The size of the disks that travel, as the hypervisor counts it.
 *
 * Returns: bytes, 0 when no disk travels or nothing is known yet
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_disk_total (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.disk_total;
}

/**
 * migrate_progress_get_disk_processed:
 * @self: a progress
 *
 * What was sent of the disks so far, what was sent again because the guest wrote it included.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_disk_processed (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.disk_processed;
}

/**
 * migrate_progress_get_disk_remaining:
 * @self: a progress
 *
 * What is still to be sent of the disks.
 *
 * Returns: bytes
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_disk_remaining (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.disk_remaining;
}

/**
 * migrate_progress_get_disk_rate:
 * @self: a progress
 *
 * How fast the disks travel, what is sent again included.
 *
 * Returns: bytes per second
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_disk_rate (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.disk_rate;
}

/**
 * migrate_progress_has_time_left:
 * @self: a progress
 *
 * Whether the time left can be told. It cannot before the first samples, and while the guest writes
 * its memory as fast as memory travels or faster: then there is no end to be told.
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
 * The estimated time to the transfer's end: what remains at the rate of the last few seconds, and
 * after that what the guest writes meanwhile, and so on until the rest fits into the downtime
 * limit. After the switch to post-copy, what remains at that rate.
 *
 * How far off it may be is in [method@Migrate.Progress.get_time_left_least_ms] and
 * [method@Migrate.Progress.get_time_left_most_ms].
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
 * migrate_progress_get_time_left_least_ms:
 * @self: a progress
 *
 * The least time that is left when memory travels as fast as its rate has lately varied upwards.
 *
 * Returns: milliseconds, not above [method@Migrate.Progress.get_time_left_ms]; 0 when it cannot be
 * told
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_time_left_least_ms (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.time_left_least_ms;
}

/**
 * migrate_progress_has_time_left_most:
 * @self: a progress
 *
 * Whether an upper bound of the time left can be told. It cannot in the first pass, when it is not
 * known yet what the guest writes, and while the slowest of the recent rates would not get ahead
 * of the guest.
 *
 * Returns: true when [method@Migrate.Progress.get_time_left_most_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_progress_has_time_left_most (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_time_left_most;
}

/**
 * migrate_progress_get_time_left_most_ms:
 * @self: a progress
 *
 * The most time that is left when memory travels as slowly as its rate has lately varied
 * downwards.
 *
 * Returns: milliseconds, not below [method@Migrate.Progress.get_time_left_ms]; 0 when it cannot be
 * told
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_time_left_most_ms (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.time_left_most_ms;
}

/**
 * migrate_progress_has_downtime_expected:
 * @self: a progress
 *
 * Whether it can be told how long the guest would stand still at the hand-over. It cannot in the
 * first pass of a guest that runs, nor after the switch to post-copy.
 *
 * Returns: true when [method@Migrate.Progress.get_downtime_expected_ms] means something
 *
 * Since: 1.0
 */
gboolean
migrate_progress_has_downtime_expected (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, FALSE);
  return self->values.has_downtime_expected;
}

/**
 * migrate_progress_get_downtime_expected_ms:
 * @self: a progress
 *
 * How long the guest is expected to stand still at the hand-over. When the copy gets ahead of the
 * guest: the time for what is left by then. Else what a hand-over at once would cost, by the
 * hypervisor's own figure where it has one.
 *
 * Returns: milliseconds, 0 when it cannot be told
 *
 * Since: 1.0
 */
guint64
migrate_progress_get_downtime_expected_ms (MigrateProgress *self)
{
  g_return_val_if_fail (self != NULL, 0);
  return self->values.downtime_expected_ms;
}

/**
 * migrate_progress_dup_details:
 * @self: a progress
 *
 * All values as `a{sv}`: for printing and for keys that later versions add. What is rare is here
 * only, and only when the hypervisor tells it: `limit-ms` (the downtime limit in force), `setup-
 * ms`, `memory-normal` and `memory-constant` (pages sent whole, and as one byte), `memory-normal-
 * bytes`, `page-size`, `compression-cache`, `compression-bytes`, `compression-pages`,
 * `compression-cache-misses` and `compression-overflow` (of XBZRLE), `postcopy-requests`.
 *
 * While disks are copied, `disks` (`a{sv}`) has each of them by its target, and files that travel
 * by themselves by their names in the plan (`vda.1`): an `a{sv}` with `done` and `total` (`t`,
 * bytes; what the guest writes meanwhile is more to do), `rate` (`t`, bytes per second) and `ready`
 * (`b`: all of it is there, and what the guest writes from now on is kept alike on both hosts).
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
