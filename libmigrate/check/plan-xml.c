/* Decide: what the destination is given instead of the source's own documents, from the plan and
 * what filled its holes: the last decision before a transfer. */
#include "check/plan-private.h"

#include "xml/compare-private.h"

#include <string.h>

gboolean
_migrate_plan_has_function (MigratePlan *plan)
{
  return _migrate_variant_boolean (_migrate_plan_peek (plan), MIGRATE_PLAN_KEY_FUNCTION);
}

gboolean
_migrate_plan_rewrites (MigratePlan *plan, const MigrateCheckRequest *request, GVariant *bindings)
{
  g_autoptr (GVariant) changes = migrate_plan_dup_changes (plan);
  g_autoptr (GVariant) holes = migrate_plan_dup_holes (plan);

  return request->has_rewrite || g_variant_n_children (changes) > 0
         || g_variant_n_children (holes) > 0
         || (bindings != NULL && g_variant_n_children (bindings) > 0);
}

static void
set_unfilled (GError **error, char **holes, const MigrateCheckRequest *request)
{
  g_autofree char *names = g_strjoinv ("”, “", holes);

  _migrate_set_error (error, MIGRATE_ERROR_BLOCKED,
                      request->has_hooks
                        ? "Have the hooks answer it in “bindings”, at a point before the transfer"
                        : "Set hooks on the job, or map it to something",
                      "The destination's XML has a hole that %s not filled: “%s”",
                      request->has_hooks ? "the program's hooks have" : "nobody has", names);
}

gboolean
_migrate_plan_finish_xml (const char *xml, const MigrateCheckRequest *request, GVariant *bindings,
                          char **result, GError **error)
{
  const MigrateRewrite how = _migrate_plan_rewriting (request, bindings);
  g_autoptr (MigrateRewritten) rewritten = _migrate_xml_rewrite (xml, &how, error);

  *result = NULL;
  if (rewritten == NULL)
    return FALSE;
  if (rewritten->holes[0] != NULL)
    set_unfilled (error, rewritten->holes, request);
  else if (rewritten->changes->len > 0)
    *result = g_steal_pointer (&rewritten->xml);
  _migrate_wipe (rewritten->xml);
  return rewritten->holes[0] == NULL;
}

static gboolean
prove_identity (const char *source, const char *result, GError **error)
{
  g_autoptr (MigrateGuest) here = _migrate_guest_parse (source, error);
  g_autoptr (MigrateGuest) there = here != NULL ? _migrate_guest_parse (result, error) : NULL;

  if (there == NULL)
    return FALSE;
  if (g_str_equal (here->name, there->name) && g_str_equal (here->uuid, there->uuid))
    return TRUE;
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Keep both",
                      "the guest “%s” (UUID %s) would be “%s” (UUID %s) there", here->name,
                      here->uuid, there->name, there->uuid);
  return FALSE;
}

gboolean
_migrate_plan_prove_xml (const char *source, const char *result, GError **error)
{
  g_autoptr (GPtrArray) differences = NULL;

  if (!prove_identity (source, result, error))
    return FALSE;
  differences = _migrate_xml_compare (source, result, error);
  if (differences == NULL)
    return FALSE;
  for (guint i = 0; i < differences->len; i++)
    {
      const MigrateDifference *difference = differences->pdata[i];
      g_autofree char *sentence = NULL;

      if (difference->severity != MIGRATE_SEVERITY_BLOCKER)
        continue;
      sentence = _migrate_difference_describe (difference);
      _migrate_set_error (error, MIGRATE_ERROR_INVALID,
                          "Change only what the guest does not see of its host",
                          "the guest would see another machine: %s", sentence);
      return FALSE;
    }
  return TRUE;
}
