/* Act: a move is taken back after its hand-over. */
#include "migrate/revert-private.h"

#include "steps/steps-private.h"

/* In this order; the rest of the steps may follow in any case. */
static gboolean
undo_guest (MigrateWork *work, GError **error)
{
  static const char *const kinds[] = { "start-destination", "restore-destination",
                                       "adopt-destination", "mark-source", "define-destination" };

  for (gsize i = 0; i < G_N_ELEMENTS (kinds); i++)
    if (!_migrate_steps_undo (work, kinds[i], error))
      return FALSE;
  return !work->lost_claim;
}

/* A finalize that failed may have told the platform already. */
static gboolean
swap_record_back (MigrateWork *work, GError **error)
{
  GVariantBuilder builder;

  if (!_migrate_steps_has (work, "swap-record"))
    return TRUE;
  g_variant_builder_init (&builder, G_VARIANT_TYPE_VARDICT);
  g_variant_builder_add (&builder, "{sv}", "expected",
                         g_variant_new_string (work->destination_name));
  g_variant_builder_add (&builder, "{sv}", "host", g_variant_new_string (work->source_name));
  return _migrate_steps_run (work, "swap-record", g_variant_builder_end (&builder), error);
}

gboolean
_migrate_revert (MigrateWork *work, GError **error)
{
  _migrate_work_set_phase (work, MIGRATE_PHASE_UNDOING);
  return _migrate_steps_run (work, "end-destination", NULL /* args */, error)
         && undo_guest (work, error) && swap_record_back (work, error)
         && _migrate_steps_undo (work, NULL /* only */, error);
}
