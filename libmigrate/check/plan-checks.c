/* Decide: what stands against the documents that the destination would be given. */
#include "check/checks-private.h"
#include "check/plan-private.h"

#include "xml/compare-private.h"

static void
look_invalid (MigrateLook *look)
{
  const MigrateThere *there = look->request->documents;

  if (there != NULL && there->error != NULL)
    _migrate_look_found (look, look->check->severity, look->facts->guest.name,
                         _migrate_error_private (there->error)->remedy,
                         "The destination's XML cannot be made: %s", there->error->message);
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

      _migrate_look_find_as (look, difference->severity, difference->subject, sentence, NULL);
    }
}

static void
look_abi (MigrateLook *look)
{
  const MigrateThere *there = look->request->documents;

  if (there == NULL || there->live == NULL)
    return;
  find_differences (look, there->shaped, there->live);
  if (there->definition != NULL)
    find_differences (look, there->shaped_definition, there->definition);
}

static void
look_open (MigrateLook *look)
{
  const MigrateThere *there = look->request->documents;
  g_auto (GStrv) names = NULL;

  if (there == NULL || look->request->has_hooks || look->request->has_connector)
    return;
  names = _migrate_there_dup_holes (there);
  for (gsize i = 0; names[i] != NULL; i++)
    _migrate_look_find (look, names[i], NULL);
}

/* Often a slip of the pen; a mapping for several guests has more than one of them needs. */
static void
look_unused (MigrateLook *look)
{
  const MigrateThere *there = look->request->documents;

  if (there == NULL || there->live == NULL)
    return;
  for (gsize i = 0; there->live->unused[i] != NULL; i++)
    _migrate_look_find (look, there->live->unused[i], NULL);
}

static const MigrateCheck checks[] = {
  { "mapping-invalid", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest's XML for the destination cannot be made: a mapping, or the XML itself, is not "
    "valid",
    NULL, NULL, look_invalid },
  { "abi-differs", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the guest would see another machine at the destination than it has here: the mapping changes "
    "more than names of the host; a difference that does not break it is a warning or a note",
    "The guest would see another machine at the destination: $2",
    "Map only what the guest does not see of its host", look_abi },
  { "mapping-open", MIGRATE_SEVERITY_BLOCKER, FALSE,
    "the mapping leaves a name open, and no hooks are set that could answer it",
    "The mapping leaves “$1” open, and nobody will fill it",
    "Set hooks on the job, which answer it, or map it to something", look_open },
  { "mapping-unused", MIGRATE_SEVERITY_WARNING, FALSE,
    "the job's mapping names something that the guest does not have",
    "The mapping names “$1”, and the guest has nothing of that", "Look whether it is spelled right",
    look_unused },
};

const MigrateCheckFamily _migrate_mapping_checks = { "mapping", checks, G_N_ELEMENTS (checks) };
