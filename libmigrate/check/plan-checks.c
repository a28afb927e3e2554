/* Decide: what stands against the documents that a plan would give the destination. */
#include "check/checks-private.h"
#include "check/plan-private.h"

#include "xml/compare-private.h"

static gboolean
rewrite (MigrateLook *look, MigratePlanDocuments *documents)
{
  return _migrate_plan_rewrite (look->facts, look->request, documents, NULL /* error */);
}

static void
look_rewrite (MigrateLook *look)
{
  g_auto (MigratePlanDocuments) documents = { 0 };
  g_autoptr (GError) error = NULL;

  if (!_migrate_plan_rewrite (look->facts, look->request, &documents, &error))
    _migrate_look_found (look, look->check->severity, look->facts->guest.name,
                         _migrate_error_private (error)->remedy,
                         "The destination's XML cannot be made: %s", error->message);
}

static void
find_differences (MigrateLook *look, const char *source, const MigrateRewritten *there)
{
  g_autoptr (GPtrArray) differences
    = there->changes->len > 0 ? _migrate_xml_compare (source, there->xml, NULL /* error */) : NULL;

  for (guint i = 0; differences != NULL && i < differences->len; i++)
    {
      const MigrateDifference *difference = differences->pdata[i];
      g_autofree char *sentence = _migrate_difference_describe (difference);

      _migrate_look_found (look, difference->severity, difference->subject,
                           "Map only what the guest does not see of its host",
                           "The guest would see another machine at the destination: %s", sentence);
    }
}

static void
look_abi (MigrateLook *look)
{
  g_auto (MigratePlanDocuments) documents = { 0 };

  if (!rewrite (look, &documents))
    return;
  find_differences (look, look->facts->xml, documents.live);
  if (documents.definition != NULL)
    find_differences (look, look->facts->inactive_xml, documents.definition);
}

static void
look_holes (MigrateLook *look)
{
  g_auto (MigratePlanDocuments) documents = { 0 };
  g_auto (GStrv) names = NULL;

  if (look->request->has_hooks || !rewrite (look, &documents))
    return;
  names = _migrate_plan_documents_dup_holes (&documents);
  for (gsize i = 0; names[i] != NULL; i++)
    _migrate_look_found (look, look->check->severity, names[i],
                         "Set hooks on the job, which answer it, or map it to something",
                         "“%s” is left open in the mapping, and nobody will fill it", names[i]);
}

/* Often a slip of the pen; a mapping for several guests has more than one of them needs. */
static void
look_unused (MigrateLook *look)
{
  g_auto (MigratePlanDocuments) documents = { 0 };

  if (!rewrite (look, &documents))
    return;
  for (gsize i = 0; documents.live->unused[i] != NULL; i++)
    _migrate_look_found (
      look, look->check->severity, documents.live->unused[i], "Look whether it is spelled right",
      "The mapping names “%s”, and the guest has nothing of that", documents.live->unused[i]);
}

const MigrateCheck _migrate_plan_checks[] = {
  { "mapping-invalid", MIGRATE_SEVERITY_BLOCKER, FALSE, look_rewrite },
  { "abi-differs", MIGRATE_SEVERITY_BLOCKER, FALSE, look_abi },
  { "mapping-open", MIGRATE_SEVERITY_BLOCKER, FALSE, look_holes },
  { "mapping-unused", MIGRATE_SEVERITY_WARNING, FALSE, look_unused },
};
const gsize _migrate_n_plan_checks = G_N_ELEMENTS (_migrate_plan_checks);
