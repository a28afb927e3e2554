/* Gather: how the disks of a guest travel, while nothing else does. */
#include "migrate/follow-private.h"

gboolean
_migrate_follow_copies_disks (Follow *self)
{
  return self->stats.disk_total != 0 && self->stats.memory_total == 0;
}

static GVariant *
with_rates (Follow *self, GVariant *answer, gint64 now)
{
  GVariantBuilder builder;
  GVariantIter iter;
  const char *target;
  GVariant *values;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_iter_init (&iter, answer);
  while (g_variant_iter_loop (&iter, "{&sv}", &target, &values))
    if (g_variant_is_of_type (values, G_VARIANT_TYPE_VARDICT))
      g_variant_builder_add (
        &builder, "{sv}", target,
        _migrate_mirror_with_rate (self->mirrors, target, values, now - self->mirrors_at));
  return g_variant_ref_sink (g_variant_builder_end (&builder));
}

/* The statistics have just been answered; but a question of before that never was may be in the
 * monitor's way. */
static void
ask_each (Follow *self)
{
  MigrateWork *work = self->work;
  gint64 now = _migrate_backend_now (work->backend);
  gint64 every = (gint64) _migrate_policy_get_uint (work->policy, "poll-interval") * 1000;
  g_autoptr (MigrateCall) call = NULL;
  GVariant *mirrors;

  if ((self->mirrors_at != 0 && now - self->mirrors_at < every)
      || _migrate_link_count_parked (work->source) > 0)
    return;
  call = _migrate_work_call (work, MIGRATE_SIDE_SOURCE, MIGRATE_CALL_BLOCK_JOBS,
                             work->result->guest_uuid, 0, NULL /* error */);
  if (call == NULL || call->answer == NULL)
    return;
  mirrors = with_rates (self, call->answer, now);
  g_clear_pointer (&self->mirrors, g_variant_unref);
  self->mirrors = mirrors;
  self->mirrors_at = now;
}

void
_migrate_follow_sample_disks (Follow *self)
{
  const MigrateMirrorPoint point = {
    .at_ms = (guint64) (self->sampled_at - self->active_since) / 1000,
    .processed = self->stats.disk_processed,
    .remaining = self->stats.disk_remaining,
  };

  if (!_migrate_follow_copies_disks (self))
    {
      g_clear_pointer (&self->mirrors, g_variant_unref);
      return;
    }
  if (self->disks_since == 0)
    self->disks_since = self->sampled_at;
  _migrate_mirror_add (&self->mirror, &point);
  ask_each (self);
}
