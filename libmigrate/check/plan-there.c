/* Decide: the guest's documents as they will be at the destination, as far as it is known before
 * the move: without secrets and with holes. */
#include "check/chains-private.h"
#include "check/plan-private.h"

#include "xml/reshape-private.h"

MigrateRewrite
_migrate_plan_rewriting (const MigrateCheckRequest *request, GVariant *bindings)
{
  return (MigrateRewrite){
    .bindings = bindings,
    .mapping = request->mapping,
    .profile = request->profile,
    .policy = request->whole,
  };
}

/* What each becomes has nothing below it. */
MigrateMapping *
_migrate_plan_end_chains (const char *const *targets)
{
  MigrateMapping *mapping = targets != NULL && targets[0] != NULL ? migrate_mapping_new () : NULL;

  for (gsize i = 0; mapping != NULL && targets[i] != NULL; i++)
    {
      GVariantDict to;

      g_variant_dict_init (&to, NULL);
      g_variant_dict_insert (&to, "chain", "s", "end");
      migrate_mapping_set (mapping, "disk", targets[i], g_variant_dict_end (&to), NULL /* error */);
    }
  return mapping;
}

void
_migrate_there_clear (MigrateThere *self)
{
  g_clear_pointer (&self->shaped, g_free);
  g_clear_pointer (&self->shaped_definition, g_free);
  g_clear_error (&self->misshapen);
  g_clear_pointer (&self->live, _migrate_rewritten_free);
  g_clear_pointer (&self->definition, _migrate_rewritten_free);
  g_clear_pointer (&self->guest, _migrate_guest_free);
  g_clear_error (&self->error);
}

/* What contradicts is a finding; else all is as if nothing had been asked for. */
static char *
shape (const char *xml, GVariant *resize, GError **misshapen)
{
  char *shaped = *misshapen == NULL ? _migrate_xml_reshape (xml, resize, misshapen) : NULL;

  return shaped != NULL ? shaped : g_strdup (xml);
}

void
_migrate_there_decide (const MigrateFacts *facts, const MigrateCheckRequest *request,
                       MigrateThere *there)
{
  const MigrateRewrite how = _migrate_plan_rewriting (request, NULL /* bindings */);

  there->shaped = shape (facts->xml, request->resize, &there->misshapen);
  if (facts->inactive_xml != NULL)
    there->shaped_definition = shape (facts->inactive_xml, request->resize, &there->misshapen);
  there->live = _migrate_xml_rewrite (there->shaped, &how, &there->error);
  if (there->live == NULL)
    return;
  there->guest = _migrate_guest_parse (there->live->xml, &there->error);
  if (there->guest != NULL)
    _migrate_chains_map (facts->shape, there->guest, &how);
  if (there->guest != NULL && there->shaped_definition != NULL)
    there->definition = _migrate_xml_rewrite (there->shaped_definition, &how, &there->error);
}

/* ---- into the plan ---- */

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
add_change (GVariantBuilder *builder, const MigrateChange *change, const char *document)
{
  static const char *const origins[MIGRATE_N_ORIGINS] = {
    [MIGRATE_ORIGIN_BINDING] = "binding",
    [MIGRATE_ORIGIN_JOB] = "mapping",
    [MIGRATE_ORIGIN_PROFILE] = "profile",
    [MIGRATE_ORIGIN_POLICY] = "policy",
  };
  GVariantDict dict;

  g_variant_dict_init (&dict, NULL);
  _migrate_dict_set_uri (&dict, "rule", change->rule);
  _migrate_dict_set_uri (&dict, "subject", change->subject);
  _migrate_dict_set_uri (&dict, "from", change->from);
  _migrate_dict_set_uri (&dict, "to", change->to);
  _migrate_dict_set_uri (&dict, "origin", origins[change->origin]);
  _migrate_dict_set_uri (&dict, "document", document);
  g_variant_builder_add_value (builder, g_variant_dict_end (&dict));
}

static GVariant *
changes_to_variant (const MigrateThere *self)
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
_migrate_there_dup_holes (const MigrateThere *self)
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
holes_to_variant (const MigrateThere *self, const MigrateCheckRequest *request)
{
  g_auto (GStrv) names = _migrate_there_dup_holes (self);
  GVariantBuilder builder;

  g_variant_builder_init (&builder, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; names[i] != NULL; i++)
    {
      GVariantDict dict;

      g_variant_dict_init (&dict, NULL);
      g_variant_dict_insert (&dict, "name", "s", names[i]);
      g_variant_dict_insert (&dict, "filled-by", "s",
                             request->has_hooks       ? "the program's hooks"
                             : request->has_connector ? "the program's volume connector"
                                                      : "nobody");
      g_variant_builder_add_value (&builder, g_variant_dict_end (&dict));
    }
  return g_variant_builder_end (&builder);
}

void
_migrate_plan_add_there (GVariantDict *dict, const MigrateThere *self,
                         const MigrateCheckRequest *request)
{
  if (self->live == NULL)
    return;
  g_variant_dict_insert_value (dict, MIGRATE_PLAN_KEY_CHANGES, changes_to_variant (self));
  g_variant_dict_insert_value (dict, MIGRATE_PLAN_KEY_HOLES, holes_to_variant (self, request));
  g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_XML, "s", self->live->xml);
  if (self->definition != NULL)
    g_variant_dict_insert (dict, MIGRATE_PLAN_KEY_PERSISTENT_XML, "s", self->definition->xml);
}
