/* Gather: who else relies on what a job has made. */
#include "steps/steps-private.h"

/* One that was undone relies on nothing there; one that is over and moved does. */
static gboolean
may_rely (MigrateWork *work, GVariant *job)
{
  const char *state = _migrate_variant_string (job, MIGRATE_JOB_KEY_STATE);

  return g_strcmp0 (_migrate_variant_string (job, MIGRATE_JOB_KEY_ID), work->id) != 0
         && g_strcmp0 (_migrate_variant_string (job, MIGRATE_JOB_KEY_DESTINATION),
                       work->destination_uri)
              == 0
         && g_strcmp0 (state, "undone") != 0 && g_strcmp0 (state, "cancelled") != 0;
}

static gboolean
has_step (GVariant *entries, const char *const *kinds, const char *key, const char *value)
{
  gboolean has = FALSE;

  for (gsize i = 0; i < g_variant_n_children (entries); i++)
    {
      g_autoptr (GVariant) entry = g_variant_get_child_value (entries, i);
      g_autoptr (GVariant) args = g_variant_lookup_value (entry, "values", G_VARIANT_TYPE_VARDICT);
      const char *name = _migrate_variant_string (entry, "name");
      const char *status = _migrate_variant_string (entry, "status");

      if (name == NULL || !g_strv_contains (kinds, name))
        continue;
      if (g_strcmp0 (status, "begun") == 0
          && g_strcmp0 (_migrate_variant_string (args, key), value) == 0)
        has = TRUE;
      else if (g_strcmp0 (status, "undone") == 0)
        has = FALSE; /* of its last */
    }
  return has;
}

gboolean
_migrate_steps_is_used_elsewhere (MigrateWork *work, const char *const *kinds, const char *key,
                                  const char *value)
{
  g_autoptr (GVariant) jobs
    = _migrate_journal_list_jobs (work->journal, NULL /* of all guests */, NULL /* error */);

  if (jobs == NULL)
    return TRUE;
  for (gsize i = 0; i < g_variant_n_children (jobs); i++)
    {
      g_autoptr (GVariant) job = g_variant_get_child_value (jobs, i);
      g_autoptr (GVariant) entries = NULL;

      if (!may_rely (work, job))
        continue;
      entries = _migrate_journal_load_entries (
        work->journal, _migrate_variant_string (job, MIGRATE_JOB_KEY_ID), NULL /* error */);
      if (entries == NULL || has_step (entries, kinds, key, value))
        return TRUE;
    }
  return FALSE;
}
