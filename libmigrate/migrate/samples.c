/* Act: how far a transfer is, into the journal. None of it is an intent: what cannot be written is
 * said once, and written with the next try. */
#include "migrate/follow-private.h"

#define SAMPLES_UNWRITTEN 600 /* five minutes of them */

static void
add_number (GVariantBuilder *builder, const char *key, guint64 value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 (value));
}

void
_migrate_follow_keep_sample (Follow *self)
{
  const MigrateStats *s = &self->stats;
  GVariantBuilder builder;

  /* Once for each answer of the source's job. */
  if (!self->seen.job_active || self->seen.job_ending || s->memory_total + s->disk_total == 0)
    return;
  if (self->samples->len >= SAMPLES_UNWRITTEN)
    g_ptr_array_remove_index (self->samples, 0);
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (
    &builder, "{sv}", "phase",
    g_variant_new_string (_migrate_enum_nick (MIGRATE_TYPE_PHASE, (int) self->work->phase)));
  add_number (&builder, "at-ms", _migrate_work_elapsed_ms (self->work));
  add_number (&builder, "pass", s->pass);
  add_number (&builder, "memory-total", s->memory_total);
  add_number (&builder, "memory-processed", s->memory_processed);
  add_number (&builder, "memory-remaining", s->memory_remaining);
  add_number (&builder, "rate", s->memory_bps);
  add_number (&builder, "dirty-rate", s->dirty_rate);
  add_number (&builder, "throttle", s->throttle);
  if (s->disk_total != 0)
    {
      add_number (&builder, "disk-total", s->disk_total);
      add_number (&builder, "disk-remaining", s->disk_remaining);
    }
  if (self->limit_ms != 0)
    add_number (&builder, "limit-ms", self->limit_ms);
  if (s->has_downtime)
    add_number (&builder, "expected-downtime-ms", s->downtime_ms);
  g_ptr_array_add (self->samples, g_variant_ref_sink (g_variant_builder_end (&builder)));
}

gboolean
_migrate_follow_write (Follow *self, GVariant *values, GError **error)
{
  MigrateWork *work = self->work;
  GVariant *samples = g_variant_new_array (
    G_VARIANT_TYPE_VARDICT, (GVariant *const *) self->samples->pdata, self->samples->len);
  g_autoptr (GError) local_error = NULL;

  if (_migrate_work_note (work, samples, values, &local_error))
    g_ptr_array_set_size (self->samples, 0);
  else if (work->lost_claim)
    {
      g_propagate_error (error, g_steal_pointer (&local_error));
      return FALSE;
    }
  else
    _migrate_work_warn_journal (work, local_error);
  return TRUE;
}
