/* Act: chores after the move. The guest has moved whatever comes of them. */
#include "finalize/finalize-private.h"

#include "steps/steps-private.h"

#include <string.h>

static const struct
{
  const char *word, *step;
  gboolean needs_cpus; /* the guest's agent answers, so the guest must run */
} chores[] = {
  { "clock", "set-clock", TRUE },
  { "trim", "trim", TRUE },
  { "announce", "announce", FALSE },
};

#define WARNING_BEGINS "Chore “"

static void
forget_warnings (MigrateWork *work)
{
  GPtrArray *warnings = work->result->warnings;

  for (guint i = warnings->len; i-- > 0;)
    if (g_str_has_prefix (warnings->pdata[i], WARNING_BEGINS))
      g_ptr_array_remove_index (warnings, i);
}

static gboolean
runs_there (MigrateWork *work, gboolean *runs, GError **error)
{
  g_autoptr (MigrateCall) call = _migrate_work_call (
    work, MIGRATE_SIDE_DESTINATION, MIGRATE_CALL_DOMAIN_STATE, work->result->guest_uuid, 0, error);

  *runs = call != NULL && call->domain.state == MIGRATE_DOMAIN_RUNNING;
  return call != NULL;
}

static gboolean
run_one (MigrateWork *work, const char *word, GError **error)
{
  gboolean runs;

  for (gsize i = 0; i < G_N_ELEMENTS (chores); i++)
    {
      if (!g_str_equal (chores[i].word, word))
        continue;
      if (!runs_there (work, &runs, error))
        return FALSE;
      if (chores[i].needs_cpus && !runs)
        {
          _migrate_set_error (
            error, MIGRATE_ERROR_UNSUPPORTED, "Run the chores again when the guest runs",
            "guest “%s” does not run, and its agent cannot answer", work->result->guest_name);
          return FALSE;
        }
      return _migrate_steps_run (work, chores[i].step, NULL /* args */, error);
    }
  /* Set as a property, which cannot be refused. */
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */, "there is no such chore");
  return FALSE;
}

gboolean
_migrate_chores (MigrateWork *work, gboolean may_be_cancelled, GError **error)
{
  g_auto (GStrv) words = _migrate_policy_dup_list (work->policy, "chores");
  GError *first = NULL;

  forget_warnings (work);
  for (gsize i = 0; words[i] != NULL && !work->lost_claim; i++)
    {
      g_autoptr (GError) failed = NULL;

      if (may_be_cancelled && _migrate_work_is_cancelled (work))
        {
          g_clear_error (&first);
          g_set_error_literal (error, G_IO_ERROR, G_IO_ERROR_CANCELLED,
                               "The chores were cancelled; the guest has moved all the same");
          return FALSE;
        }
      if (run_one (work, words[i], &failed))
        continue;
      g_prefix_error (&failed, WARNING_BEGINS "%s” was not done: ", words[i]);
      _migrate_work_warn (work, "%s", failed->message);
      if (first == NULL)
        first = g_steal_pointer (&failed);
    }
  if (first == NULL)
    return TRUE;
  g_propagate_error (error, first);
  return FALSE;
}
