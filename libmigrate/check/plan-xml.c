/* Decide: what the guest's documents are to be at the destination: for the plan without secrets and
 * with holes, and for the transfer with all of it. */
#include "check/plan-private.h"

#include "xml/compare-private.h"

#include <string.h>

static MigrateRewrite
rewriting (const MigrateCheckRequest *request, GVariant *bindings)
{
  return (MigrateRewrite){
    .bindings = bindings,
    .mapping = request->mapping,
    .profile = request->profile,
  };
}

/* ---- for the plan ---- */

void
_migrate_plan_documents_clear (MigratePlanDocuments *self)
{
  g_clear_pointer (&self->live, _migrate_rewritten_free);
  g_clear_pointer (&self->definition, _migrate_rewritten_free);
}

gboolean
_migrate_plan_rewrite (const MigrateFacts *facts, const MigrateCheckRequest *request,
                       MigratePlanDocuments *documents, GError **error)
{
  const MigrateRewrite how = rewriting (request, NULL /* bindings */);

  documents->live = _migrate_xml_rewrite (facts->xml, &how, error);
  if (documents->live == NULL)
    return FALSE;
  if (facts->inactive_xml == NULL)
    return TRUE;
  documents->definition = _migrate_xml_rewrite (facts->inactive_xml, &how, error);
  return documents->definition != NULL;
}

static gboolean
is_same_change (const MigrateChange *a, const MigrateChange *b)
{
  return g_str_equal (a->rule, b->rule) && g_strcmp0 (a->subject, b->subject) == 0
         && g_strcmp0 (a->from, b->from) == 0 && g_strcmp0 (a->to, b->to) == 0;
}

static gboolean
has_change (const MigrateRewritten *in, const MigrateChange *change)
{
  for (guint i = 0; in != NULL && i < in->changes->len; i++)
    if (is_same_change (in->changes->pdata[i], change))
      return TRUE;
  return FALSE;
}

static void
set_text (GVariantDict *dict, const char *key, const char *text)
{
  g_autofree char *shown = text != NULL ? _migrate_uri_redact (text) : NULL;

  if (shown != NULL)
    g_variant_dict_insert (dict, key, "s", shown);
}

static void
add_change (GVariantBuilder *builder, const MigrateChange *change, const char *document)
{
  static const char *const origins[MIGRATE_N_ORIGINS] = {
    [MIGRATE_ORIGIN_BINDING] = "binding",
    [MIGRATE_ORIGIN_JOB] = "mapping",
    [MIGRATE_ORIGIN_PROFILE] = "profile",
  };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  set_text (&dict, "rule", change->rule);
  set_text (&dict, "subject", change->subject);
  set_text (&dict, "from", change->from);
  set_text (&dict, "to", change->to);
  set_text (&dict, "origin", origins[change->origin]);
  set_text (&dict, "document", document);
  g_variant_builder_add_value (builder, g_variant_dict_end (&dict));
}

static GVariant *
changes_to_variant (const MigratePlanDocuments *self)
{
  const MigrateRewritten *live = self->live, *definition = self->definition;
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < live->changes->len; i++)
    add_change (&builder, live->changes->pdata[i],
                has_change (definition, live->changes->pdata[i]) ? "both" : "live");
  for (guint i = 0; definition != NULL && i < definition->changes->len; i++)
    if (!has_change (live, definition->changes->pdata[i]))
      add_change (&builder, definition->changes->pdata[i], "definition");
  return g_variant_builder_end (&builder);
}

char **
_migrate_plan_documents_dup_holes (const MigratePlanDocuments *self)
{
  const MigrateRewritten *const documents[] = { self->live, self->definition };
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);

  for (gsize i = 0; i < G_N_ELEMENTS (documents); i++)
    for (gsize j = 0; documents[i] != NULL && documents[i]->holes[j] != NULL; j++)
      if (!g_ptr_array_find_with_equal_func (names, documents[i]->holes[j], g_str_equal, NULL))
        g_ptr_array_add (names, g_strdup (documents[i]->holes[j]));
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

static GVariant *
holes_to_variant (const MigratePlanDocuments *self, const MigrateCheckRequest *request)
{
  g_auto (GStrv) names = _migrate_plan_documents_dup_holes (self);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; names[i] != NULL; i++)
    {
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "name", "s", names[i]);
      g_variant_dict_insert (&dict, "filled-by", "s",
                             request->has_hooks ? "the program's hooks" : "nobody");
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&builder);
}

void
_migrate_plan_add_documents (GVariantDict *dict, const MigratePlanDocuments *self,
                             const MigrateCheckRequest *request)
{
  g_variant_dict_insert_value (dict, MIGRATE_PLAN_KEY_CHANGES, changes_to_variant (self));
  g_variant_dict_insert_value (dict, MIGRATE_PLAN_KEY_HOLES, holes_to_variant (self, request));
  if (self->live->changes->len > 0)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_XML, "s", self->live->xml);
  if (self->definition != NULL && self->definition->changes->len > 0)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_PERSISTENT_XML, "s", self->definition->xml);
}

/* ---- for the transfer ---- */

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
  const MigrateRewrite how = rewriting (request, bindings);
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
