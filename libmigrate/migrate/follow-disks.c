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

static double
mib (guint64 bytes)
{
  return (double) bytes / (1 << 20);
}

static char *
tell_stuck (const MigrateMirrorStuck *stuck)
{
  return g_strdup_printf (
    "the disks do not get ready: for %" G_GUINT64_FORMAT
    " s what is left, %.0f MiB, goes down no more: %.1f MiB/s travel, and the guest writes "
    "%.1f MiB/s of what has to be copied again; a bandwidth above that would have been enough",
    stuck->span_ms / 1000, mib (stuck->remaining), mib (stuck->rate), mib (stuck->written));
}

/* What is not done, for now or at all, is told once. */
static void
tell_once (Follow *self, const char *what, char *why, GVariant *details)
{
  if (!self->disks_told)
    _migrate_work_decide_in_numbers (self->work, what, why, details);
  else
    g_variant_unref (g_variant_ref_sink (details));
  self->disks_told = TRUE;
  g_free (why);
}

static void
give_up (Follow *self, const char *what, const char *why, const char *then, GVariant *details)
{
  g_autofree char *told = g_strconcat (why, then, NULL);

  self->given_up = _migrate_error_new (MIGRATE_ERROR_NO_CONVERGENCE,
                                       "Raise “bandwidth”, or let “sync-writes” make the guest's "
                                       "writes wait",
                                       "%s", why);
  _migrate_work_decide_in_numbers (self->work, what, told, details);
}

/* Nothing of what was copied is of use to a copy for which the guest waits: whether it does is
 * settled when QEMU begins a mirror. With a deadline the guest may become idle before it. */
void
_migrate_follow_check_disks (Follow *self)
{
  MigratePolicy *policy = self->work->policy;
  gboolean again = _migrate_policy_get_enum (policy, "sync-writes") != MIGRATE_SYNC_WRITES_NEVER;
  MigrateMirrorStuck stuck;
  g_autofree char *why = NULL;

  if (self->given_up != NULL || !self->seen.job_active || self->seen.job_ending
      || !_migrate_follow_copies_disks (self) || waits_for_writes (self)
      || !_migrate_mirror_is_stuck (&self->mirror, &stuck))
    return;
  why = tell_stuck (&stuck);
  if (_migrate_policy_get_bool (policy, "shadow"))
    tell_once (self, "shadow",
               g_strdup_printf ("“%s” would be done: %s", again ? "sync-writes" : "give-up", why),
               make_details (&stuck));
  else if (!again && _migrate_policy_get_uint (policy, "deadline") > 0)
    tell_once (self, "no-end-in-sight", g_strconcat (why, "; it is tried until the deadline", NULL),
               make_details (&stuck));
  else if (!again)
    give_up (self, "give-up", why, "", make_details (&stuck));
  else
    {
      self->work->sync_writes = TRUE;
      give_up (self, "sync-writes", why,
               "; the copy begins again, and the guest's writes wait for it",
               make_details (&stuck));
    }
}
