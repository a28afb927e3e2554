/* A volume's document, from a row of the plan's files. What libvirt would make by itself for a
 * migration has neither the source's options nor what is below it. */
#include "xml/make-private.h"
#include "xml/volume-private.h"

#include <string.h>

static const char check_again[] = "Check again; the plan's file is not one that can be made";

/* Of the options; nullable. */
static const char *
option (GVariant *options, const char *key)
{
  const char *value = NULL;

  if (options != NULL)
    g_variant_lookup (options, key, "&s", &value);
  return value;
}

static gboolean
is_on (GVariant *options, const char *key)
{
  const char *value = option (options, key);

  return value != NULL && (g_str_equal (value, "true") || g_str_equal (value, "yes"));
}

/* ---- what cannot be made ---- */

static gboolean
refuse (GError **error, const char *id, const char *why)
{
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, check_again, "File “%s” cannot be made: %s",
                      id != NULL ? id : "", why);
  return FALSE;
}

/* libvirt joins pool and name to a path. */
static gboolean
is_name (const char *name)
{
  return name != NULL && *name != '\0' && strchr (name, '/') == NULL && !g_str_equal (name, ".")
         && !g_str_equal (name, "..") && _migrate_make_can_say (name);
}

static gboolean
can_all_be_said (GVariant *row, GVariant *options)
{
  static const char *const keys[] = { "backing-there", "backing-format" };
  GVariantIter iter;
  const char *value;
  gboolean can = TRUE;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      value = _migrate_variant_string (row, keys[i]);
      can = can && (value == NULL || _migrate_make_can_say (value));
    }
  if (options == NULL)
    return can;
  g_variant_iter_init (&iter, options);
  while (g_variant_iter_next (&iter, "{&s&s}", NULL, &value))
    can = can && _migrate_make_can_say (value);
  return can;
}

static gboolean
can_be_made (const char *format)
{
  return g_str_equal (format, "raw") || g_str_equal (format, "qcow2");
}

/* ---- its parts ---- */

static void
add_permissions (xmlNode *target, GVariant *options)
{
  static const char *const keys[] = { "mode", "owner", "group" };
  xmlNode *permissions = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (keys); i++)
    {
      const char *value = option (options, keys[i]);

      if (value == NULL)
        continue;
      if (permissions == NULL)
        permissions = _migrate_make_child (target, "permissions", NULL);
      _migrate_make_child (permissions, keys[i], value);
    }
}

static void
add_encryption (xmlNode *target, GVariant *options)
{
  const char *format = option (options, "encryption");
  const char *uuid = option (options, "encryption-secret");
  xmlNode *encryption, *secret;

  if (format == NULL)
    return;
  encryption = _migrate_make_child (target, "encryption", NULL);
  _migrate_make_set (encryption, "format", format);
  if (uuid == NULL)
    return;
  secret = _migrate_make_child (encryption, "secret", NULL);
  _migrate_make_set (secret, "type", "passphrase");
  _migrate_make_set (secret, "uuid", uuid);
}

static void
add_features (xmlNode *target, GVariant *options)
{
  static const struct
  {
    const char *key, *element;
  } known[] = { { "lazy-refcounts", "lazy_refcounts" }, { "extended-l2", "extended_l2" } };
  xmlNode *features = NULL;

  for (gsize i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (!is_on (options, known[i].key))
        continue;
      if (features == NULL)
        features = _migrate_make_child (target, "features", NULL);
      _migrate_make_child (features, known[i].element, NULL);
    }
}

static void
add_qcow2 (xmlNode *target, GVariant *options)
{
  const char *compat = option (options, "compat");
  const char *cluster = option (options, "cluster-size");

  if (compat != NULL)
    _migrate_make_child (target, "compat", compat);
  if (cluster != NULL)
    _migrate_make_set (_migrate_make_child (target, "clusterSize", cluster), "unit", "B");
  add_features (target, options);
}

static void
add_target (xmlNode *root, const char *format, GVariant *options, MigrateVolumeShape shape)
{
  xmlNode *target = _migrate_make_child (root, "target", NULL);

  _migrate_make_set (_migrate_make_child (target, "format", NULL), "type", format);
  add_permissions (target, options);
  if (shape == MIGRATE_VOLUME_FILE)
    return;
  if (g_str_equal (format, "qcow2"))
    add_qcow2 (target, options);
  add_encryption (target, options);
}

static void
add_backing (xmlNode *root, GVariant *row)
{
  const char *path = _migrate_variant_string (row, "backing-there");
  const char *format = _migrate_variant_string (row, "backing-format");
  xmlNode *backing;

  if (path == NULL)
    return;
  backing = _migrate_make_child (root, "backingStore", NULL);
  _migrate_make_child (backing, "path", path);
  /* Without one libvirt would look into the file. */
  _migrate_make_set (_migrate_make_child (backing, "format", NULL), "type",
                     format != NULL ? format : "raw");
}

/* ---- the whole ---- */

char *
_migrate_volume_make (GVariant *row, MigrateVolumeShape shape, GError **error)
{
  g_autoptr (GVariant) options = g_variant_lookup_value (row, "options", G_VARIANT_TYPE ("a{ss}"));
  const char *id = _migrate_variant_string (row, "id");
  const char *name = _migrate_variant_string (row, "name-there");
  const char *declared = _migrate_variant_string (row, "format");
  const char *format = shape == MIGRATE_VOLUME_FILE || declared == NULL ? "raw" : declared;
  guint64 bytes
    = _migrate_variant_uint64 (row, shape == MIGRATE_VOLUME_FILE ? "size" : "capacity", 0);
  g_autoptr (xmlDoc) doc = NULL;
  xmlNode *root;

  if (name == NULL)
    name = _migrate_variant_string (row, "name");
  if (!is_name (name))
    refuse (error, id, "it has no name that a volume can have");
  else if (bytes == 0)
    refuse (error, id, "its size is not known");
  else if (!can_be_made (format))
    refuse (error, id, "only images of the formats raw and qcow2 are made");
  else if (!can_all_be_said (row, options))
    refuse (error, id, "what is said of it has characters that no document can have");
  else
    {
      doc = _migrate_make_document ("volume");
      root = xmlDocGetRootElement (doc);
      _migrate_make_child (root, "name", name);
      _migrate_make_bytes (root, "capacity", bytes);
      _migrate_make_bytes (root, "allocation", 0);
      add_target (root, format, options, shape);
      if (shape == MIGRATE_VOLUME_IMAGE)
        add_backing (root, row);
    }
  return doc != NULL ? _migrate_document_to_text (doc) : NULL;
}
