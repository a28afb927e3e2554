/* Act: what is done where a guest writes to its disks as fast as they are copied: the copy would
 * never get ready, and memory never travel. */
#include "migrate/follow-private.h"

#include "steps/steps-private.h"

static gboolean
waits_for_writes (Follow *self)
{
  const MigrateStepEntry *transfer = _migrate_steps_last (self->work, "transfer");

  return transfer != NULL && _migrate_variant_boolean (transfer->args, "sync-writes");
}

static GVariant *
make_details (const MigrateMirrorStuck *stuck)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "disk-remaining",
                         g_variant_new_uint64 (stuck->remaining));
  g_variant_builder_add (&builder, "{sv}", "disk-rate", g_variant_new_uint64 (stuck->rate));
  g_variant_builder_add (&builder, "{sv}", "needed-bandwidth",
                         g_variant_new_uint64 (stuck->written));
  return g_variant_builder_end (&builder);
}

static char *
tell_stuck (const MigrateMirrorStuck *stuck)
{
  return g_strdup_printf (
    "the disks do not get ready: for %" G_GUINT64_FORMAT " s what is left, %" G_GUINT64_FORMAT
    " MiB, goes down no more: %" G_GUINT64_FORMAT
    " MiB/s travel, and the guest writes %" G_GUINT64_FORMAT
    " MiB/s of what has to be copied again; a bandwidth above that would have been enough",
    stuck->span_ms / 1000, stuck->remaining >> 20, stuck->rate >> 20, stuck->written >> 20);
}

/* Told once. */
static void
shadow (Follow *self, const char *what, const char *why)
{
  if (!self->shadowed_disks)
    _migrate_work_decide (self->work, "shadow", "“%s” would be done: %s", what, why);
  self->shadowed_disks = TRUE;
}

/* The guest writes as it likes: nothing of what was copied is of use to a copy that makes it wait,
 * for QEMU decides that when a mirror begins. */
void
_migrate_follow_check_disks (Follow *self)
{
  MigrateWork *work = self->work;
  gboolean again
    = _migrate_policy_get_enum (work->policy, "sync-writes") != MIGRATE_SYNC_WRITES_NEVER;
  const char *what = again ? "sync-writes" : "give-up";
  MigrateMirrorStuck stuck;
  g_autofree char *why = NULL;

  if (self->given_up != NULL || !self->seen.job_active || self->seen.job_ending
      || !_migrate_follow_copies_disks (self) || waits_for_writes (self)
      || !_migrate_mirror_is_stuck (&self->mirror, &stuck))
    return;
  why = tell_stuck (&stuck);
  if (_migrate_policy_get_bool (work->policy, "shadow"))
    {
      shadow (self, what, why);
      return;
    }
  self->given_up = _migrate_error_new (MIGRATE_ERROR_NO_CONVERGENCE,
                                       "Raise “bandwidth”, or let “sync-writes” make the guest's "
                                       "writes wait",
                                       "%s", why);
  work->sync_writes = again;
  if (again)
    {
      g_autofree char *begun
        = g_strdup_printf ("%s; the copy begins again, and the guest's writes wait for it", why);

      _migrate_work_decide_in_numbers (work, what, begun, make_details (&stuck));
      return;
    }
  _migrate_work_decide_in_numbers (work, what, why, make_details (&stuck));
}
