/* What a recovery found and did, as values for the program. */
#include "recover/findings-private.h"

static void
add_bytes (GVariantBuilder *builder, const char *key, guint64 value)
{
  g_variant_builder_add (builder, "{sv}", key, g_variant_new_uint64 (value));
}

static GVariant *
describe (const MigrateRecoveryHost *host, const MigrateSeen *seen)
{
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  if (host->why != NULL)
    g_variant_builder_add (&builder, "{sv}", "failure", g_variant_new_string (host->why));
  if (seen->present)
    {
      g_variant_builder_add (&builder, "{sv}", "persistent",
                             g_variant_new_boolean (seen->persistent));
      g_variant_builder_add (&builder, "{sv}", "autostart",
                             g_variant_new_boolean (seen->autostart));
      g_variant_builder_add (&builder, "{sv}", "transfer", g_variant_new_boolean (seen->transfer));
    }
  if (seen->monitor_hangs)
    add_bytes (&builder, "monitor-busy-ms", host->monitor_ms);
  if (seen->transfer)
    {
      add_bytes (&builder, "processed", host->processed);
      add_bytes (&builder, "remaining", host->remaining);
    }
  if (host->messages != NULL && *host->messages != '\0')
    {
      g_auto (GStrv) lines = g_strsplit (host->messages, "\n", -1);

      g_variant_builder_add (&builder, "{sv}", "messages",
                             g_variant_new_strv ((const char *const *) lines, -1));
    }
  return g_variant_builder_end (&builder);
}

static MigrateEvidence *
evidence_of (const MigrateRecoveryHost *host, const MigrateSeen *seen)
{
  g_autofree char *state = NULL;

  if (!seen->asked)
    state = g_strdup ("cannot be asked");
  else if (!seen->present)
    state = g_strdup ("does not know the guest");
  else
    state = _migrate_domain_describe (seen->state, seen->reason);
  return _migrate_evidence_new (host->shown, seen->asked, seen->present, state,
                                (guint64) host->seen_at, describe (host, seen));
}

GPtrArray *
_migrate_recovery_evidence (MigrateRecoveryWork *self)
{
  GPtrArray *list = g_ptr_array_new_with_free_func ((GDestroyNotify) migrate_evidence_unref);

  for (guint i = 0; i < self->hosts->len; i++)
    g_ptr_array_add (
      list, evidence_of (self->hosts->pdata[i], &g_array_index (self->seen, MigrateSeen, i)));
  return list;
}

MigrateStep *
_migrate_recovery_step (const MigratePlannedStep *step, const char *host, gboolean done,
                        const char *failure)
{
  return _migrate_step_new (step->kind, host, step->risk, step->effect, done, failure);
}

void
_migrate_recovery_add_plan (MigrateRecoveryWork *self, GPtrArray *steps)
{
  for (guint i = 0; self->plan != NULL && i < self->plan->len; i++)
    {
      const MigratePlannedStep *step = &g_array_index (self->plan, MigratePlannedStep, i);
      const MigrateRecoveryHost *host = self->hosts->pdata[step->host];

      g_ptr_array_add (steps, _migrate_recovery_step (step, host->shown, FALSE, NULL));
    }
}
