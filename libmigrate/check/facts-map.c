/* Decide: the facts of one move, asked about with other names. Only what the destination was asked
 * is known: a name that was not asked about would seem not to be there. */
#include "check/facts-snapshot-private.h"
#include "check/plan-private.h"

#include "model/mapping-private.h"

#define MOST_NAMED 3 /* in a message */

typedef struct
{
  MigrateGuest *guest; /* as it would be there; nullable: the mapping cannot be applied */
  char **holes;
} Image;

static void
image_clear (Image *self)
{
  g_clear_pointer (&self->guest, _migrate_guest_free);
  g_strfreev (self->holes);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Image, image_clear)

/* As when the facts were gathered: of the running guest. */
static Image
image_of (const MigrateFacts *self, MigrateMapping *mapping, MigrateMapping *profile)
{
  const MigrateRewrite how = { .mapping = mapping, .profile = profile };
  g_autoptr (GVariant) source
    = g_variant_lookup_value (self->snapshot, MIGRATE_SNAPSHOT_SOURCE, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) guest
    = g_variant_lookup_value (source, MIGRATE_FACT_GUEST, G_VARIANT_TYPE_VARDICT);
  g_autoptr (MigrateRewritten) rewritten = _migrate_xml_rewrite (
    _migrate_variant_string (guest, MIGRATE_GUEST_FACT_LIVE), &how, NULL /* error */);
  Image image = { 0 };

  if (rewritten == NULL)
    return image;
  image.guest = _migrate_guest_parse (rewritten->xml, NULL /* error */);
  image.holes = g_strdupv (rewritten->holes);
  return image;
}

/* ---- what was asked ---- */

static gboolean
has_child (GVariant *list, GVariant *child)
{
  for (gsize i = 0; list != NULL && i < g_variant_n_children (list); i++)
    {
      g_autoptr (GVariant) other = g_variant_get_child_value (list, i);

      if (g_variant_equal (other, child))
        return TRUE;
    }
  return FALSE;
}

static char *
describe (const char *key, GVariant *name)
{
  g_autofree char *printed = g_variant_is_of_type (name, G_VARIANT_TYPE_STRING)
                               ? g_variant_dup_string (name, NULL /* length */)
                               : g_variant_print (name, FALSE /* without types */);
  g_autofree char *shown = _migrate_value_show (printed);

  return g_strdup_printf ("%s “%s”", key, shown);
}

static void
add_missing (GPtrArray *missing, const char *key, GVariant *asked, GVariant *now)
{
  if (!g_variant_is_of_type (now, G_VARIANT_TYPE_ARRAY)
      || g_variant_is_of_type (now, G_VARIANT_TYPE_VARDICT))
    {
      if (asked == NULL || !g_variant_equal (asked, now))
        g_ptr_array_add (missing, g_strdup (key));
      return;
    }
  for (gsize i = 0; i < g_variant_n_children (now); i++)
    {
      g_autoptr (GVariant) child = g_variant_get_child_value (now, i);

      if (!has_child (asked, child))
        g_ptr_array_add (missing, describe (key, child));
    }
}

/* What the destination would be asked about this guest, and was not about the other. */
static GPtrArray *
find_missing (const MigrateGuest *asked, const MigrateGuest *now)
{
  g_autoptr (GVariant) before
    = _migrate_facts_second_question (asked, MIGRATE_SIDE_DESTINATION, 0 /* round trips */);
  g_autoptr (GVariant) after
    = _migrate_facts_second_question (now, MIGRATE_SIDE_DESTINATION, 0 /* round trips */);
  GPtrArray *missing = g_ptr_array_new_with_free_func (g_free);
  GVariantIter iter;
  const char *key;
  GVariant *value;

  g_variant_iter_init (&iter, after);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &value))
    {
      g_autoptr (GVariant) question = value;
      g_autoptr (GVariant) same
        = g_variant_lookup_value (before, key, g_variant_get_type (question));

      if (!g_str_equal (key, MIGRATE_FACT_BUDGET))
        add_missing (missing, key, same, question);
    }
  return missing;
}

static char *
list_of (const GPtrArray *missing)
{
  GString *list = g_string_new (NULL);

  for (guint i = 0; i < MIN (missing->len, MOST_NAMED); i++)
    g_string_append_printf (list, "%s%s", i > 0 ? ", " : "", (const char *) missing->pdata[i]);
  if (missing->len > MOST_NAMED)
    g_string_append_printf (list, " and %u more", missing->len - MOST_NAMED);
  return g_string_free (list, FALSE);
}

static gboolean
prove_asked (const Image *then, const Image *now, GError **error)
{
  const MigrateGuest *asked = then->guest;
  g_autoptr (GPtrArray) missing = NULL;
  g_autofree char *list = NULL;

  /* The report says that this mapping is not valid. */
  if (now->guest == NULL)
    return TRUE;
  missing = asked != NULL ? find_missing (asked, now->guest) : NULL;
  if (missing != NULL && missing->len == 0)
    return TRUE;
  list = missing != NULL ? list_of (missing) : g_strdup ("anything");
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, "Gather the facts again, with this mapping",
                      "The facts cannot be asked about these names: the destination was not asked "
                      "about %s",
                      list);
  return FALSE;
}

/* ---- what was proven ---- */

static gboolean
is_same_place (const MigrateDisk *a, const MigrateDisk *b)
{
  if (g_strcmp0 (a->type, b->type) != 0 || g_strcmp0 (a->source, b->source) != 0
      || a->chain->len != b->chain->len)
    return FALSE;
  for (guint i = 0; i < a->chain->len; i++)
    {
      const MigrateImage *one = a->chain->pdata[i], *other = b->chain->pdata[i];

      if (g_strcmp0 (one->type, other->type) != 0 || g_strcmp0 (one->source, other->source) != 0)
        return FALSE;
    }
  return TRUE;
}

/* The probe proved something of what the destination would open then. */
static gboolean
is_proven_still (const MigrateFacts *self, const char *target, const Image *then, const Image *now)
{
  const MigrateDisk *here = target != NULL ? _migrate_disk_find (self->disks, target) : NULL;
  const MigrateDisk *before, *after;

  if (here == NULL || then->guest == NULL || now->guest == NULL)
    return FALSE;
  before = _migrate_disk_find (then->guest->disks, target);
  after = _migrate_disk_find (now->guest->disks, target);
  return before != NULL && after != NULL && is_same_place (before, after)
         && _migrate_disk_is_open (here, then->holes) == _migrate_disk_is_open (here, now->holes);
}

static GVariant *
keep_proven (const MigrateFacts *self, const Image *then, const Image *now)
{
  g_autoptr (GVariant) rows = _migrate_facts_rows (self->snapshot, MIGRATE_SNAPSHOT_PROBED);
  GVariantBuilder kept;

  g_variant_builder_init (&kept, G_VARIANT_TYPE ("aa{sv}"));
  for (gsize i = 0; rows != NULL && i < g_variant_n_children (rows); i++)
    {
      g_autoptr (GVariant) row = g_variant_get_child_value (rows, i);

      if (is_proven_still (self, _migrate_variant_string (row, MIGRATE_PROBED_TARGET), then, now))
        g_variant_builder_add_value (&kept, row);
    }
  return g_variant_builder_end (&kept);
}

/* ---- the facts ---- */

static void
set_mapping (GVariantDict *request, const char *key, MigrateMapping *mapping)
{
  if (mapping != NULL)
    g_variant_dict_insert_value (request, key, _migrate_mapping_to_variant (mapping));
  else
    g_variant_dict_remove (request, key);
}

MigrateFacts *
_migrate_facts_map (const MigrateFacts *self, MigrateMapping *mapping, MigrateMapping *profile,
                    GError **error)
{
  g_auto (Image) then = image_of (self, self->mapping, self->profile);
  g_auto (Image) now = image_of (self, mapping, profile);
  g_autoptr (GVariant) asked
    = g_variant_lookup_value (self->snapshot, MIGRATE_SNAPSHOT_REQUEST, G_VARIANT_TYPE_VARDICT);
  g_autoptr (GVariant) unordered = NULL;
  g_autoptr (GVariant) snapshot = NULL;
  GVariantDict dict, request;

  if (!prove_asked (&then, &now, error))
    return NULL;
  g_variant_dict_init (&request, asked);
  set_mapping (&request, MIGRATE_REQUEST_KEY_MAPPING, mapping);
  set_mapping (&request, MIGRATE_REQUEST_KEY_PROFILE, profile);
  g_variant_dict_init (&dict, self->snapshot);
  g_variant_dict_insert_value (&dict, MIGRATE_SNAPSHOT_REQUEST, g_variant_dict_end (&request));
  g_variant_dict_insert_value (&dict, MIGRATE_SNAPSHOT_PROBED, keep_proven (self, &then, &now));
  unordered = g_variant_ref_sink (g_variant_dict_end (&dict));
  snapshot = g_variant_ref_sink (_migrate_facts_order (unordered));
  return _migrate_facts_read (snapshot, error);
}
