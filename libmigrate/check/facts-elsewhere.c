/* Decide: which other hosts have the guest too. A check asks the two ends of a move; where a survey
 * has asked more hosts, each of them is told what the others said. */
#include "check/facts-snapshot-private.h"

static void
elsewhere_free (gpointer data)
{
  MigrateElsewhere *self = data;

  g_free (self->host);
  _migrate_domain_clear (&self->guest);
  g_free (self);
}

GPtrArray *
_migrate_facts_read_elsewhere (GVariant *snapshot)
{
  g_autoptr (GVariant) rows = _migrate_facts_rows (snapshot, MIGRATE_SNAPSHOT_ELSEWHERE);
  GPtrArray *elsewhere;

  if (rows == NULL)
    return NULL;
  elsewhere = g_ptr_array_new_with_free_func (elsewhere_free);
  for (gsize i = 0; i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);
      const char *host = _migrate_variant_string (row, MIGRATE_ELSEWHERE_HOST);
      g_autoptr (GVariant) guest
        = g_variant_lookup_value (row, MIGRATE_ELSEWHERE_GUEST, G_VARIANT_TYPE_VARDICT);
      MigrateElsewhere *found = g_new0 (MigrateElsewhere, 1);

      found->host = g_strdup (host != NULL ? host : "");
      if (guest != NULL && _migrate_domain_read (guest, &found->guest))
        g_ptr_array_add (elsewhere, found);
      else
        elsewhere_free (found);
    }
  return elsewhere;
}

/* ---- what the others said ---- */

/* By what libvirt says; where it does not, by how they were reached. */
static gboolean
is_same_host (const MigrateHostInfo *a, const char *uri_a, const MigrateHostInfo *b,
              const char *uri_b)
{
  if (a->uuid != NULL && b->uuid != NULL)
    return g_str_equal (a->uuid, b->uuid);
  return g_strcmp0 (uri_a, uri_b) == 0;
}

static gboolean
is_same_destination (MigrateFacts *a, MigrateFacts *b)
{
  return is_same_host (&a->destination, migrate_facts_get_destination (a), &b->destination,
                       migrate_facts_get_destination (b));
}

/* Neither end of the move, and no host that was named before by another URI. */
static gboolean
is_news (MigrateFacts *self, GPtrArray *others, guint nth)
{
  MigrateFacts *other = others->pdata[nth];

  if (!other->found_uuid || is_same_destination (self, other)
      || is_same_host (&self->source, migrate_facts_get_source (self), &other->destination,
                       migrate_facts_get_destination (other)))
    return FALSE;
  for (guint i = 0; i < nth; i++)
    if (is_same_destination (others->pdata[i], other))
      return FALSE;
  return TRUE;
}

static GVariant *
row_of (MigrateFacts *other)
{
  g_autoptr (GVariant) request
    = g_variant_lookup_value (other->snapshot, MIGRATE_SNAPSHOT_REQUEST, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) answer = g_variant_lookup_value (
    other->snapshot, MIGRATE_SNAPSHOT_DESTINATION, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) guest
    = g_variant_lookup_value (answer, MIGRATE_FACT_SAME_UUID, G_VARIANT_TYPE_VARDICT);
  const char *name = _migrate_variant_string (request, MIGRATE_REQUEST_KEY_DESTINATION_NAME);
  GVariantDict row;

  g_variant_dict_init (&row, NULL);
  g_variant_dict_insert_value (
    &row, MIGRATE_ELSEWHERE_HOST,
    _migrate_fact_text (name != NULL ? name : other->destination.hostname));
  g_variant_dict_insert_value (&row, MIGRATE_ELSEWHERE_GUEST, guest);
  return g_variant_dict_end (&row);
}

/* NULL: none of them says more. */
static GVariant *
list_news (MigrateFacts *self, GPtrArray *others)
{
  GVariantBuilder rows;
  gboolean any = FALSE;

  g_variant_builder_init (&rows, G_VARIANT_TYPE ("aa{sv}"));
  for (guint i = 0; i < others->len; i++)
    if (is_news (self, others, i))
      {
        any = TRUE;
        g_variant_builder_add_value (&rows, row_of (others->pdata[i]));
      }
  if (any)
    return g_variant_builder_end (&rows);
  g_variant_builder_clear (&rows);
  return NULL;
}

gboolean
_migrate_facts_add_elsewhere (MigrateFacts **facts, GPtrArray *others, GError **error)
{
  GVariant *news = list_news (*facts, others);
  GVariantDict dict;
  g_autoptr (GVariant) snapshot = NULL;
  g_autoptr (GVariant) ordered = NULL;
  MigrateFacts *with;

  if (news == NULL)
    return TRUE;
  g_variant_dict_init (&dict, (*facts)->snapshot);
  g_variant_dict_insert_value (&dict, MIGRATE_SNAPSHOT_ELSEWHERE, news);
  snapshot = g_variant_ref_sink (g_variant_dict_end (&dict));
  ordered = g_variant_ref_sink (_migrate_facts_order (snapshot));
  with = _migrate_facts_read (ordered, error);
  if (with == NULL)
    return FALSE;
  _migrate_facts_unref (*facts);
  *facts = with;
  return TRUE;
}
