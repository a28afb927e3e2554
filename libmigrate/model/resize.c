/* See the header. */
#include "model/resize-private.h"

#include <string.h>

#define SECTOR 512
#define KIB 1024

static gboolean
refuse (GError **error, const char *key, const char *why)
{
  _migrate_set_error (error, MIGRATE_ERROR_INVALID, NULL /* remedy */,
                      "A resize cannot say this of “%s”: %s", key, why);
  return FALSE;
}

static GVariant *
disks_of (GVariant *self)
{
  return self != NULL ? g_variant_lookup_value (self, "disks", G_VARIANT_TYPE ("a{st}")) : NULL;
}

static gboolean
check_disks (GVariant *disks, GError **error)
{
  GVariantIter iter;
  const char *target;
  guint64 bytes;

  g_variant_iter_init (&iter, disks);
  while (g_variant_iter_next (&iter, "{&st}", &target, &bytes))
    if (bytes == 0 || bytes % SECTOR != 0 || bytes > G_MAXINT64)
      return refuse (error, target, "a disk has a multiple of 512 bytes");
  return TRUE;
}

static gboolean
check_value (const char *key, GVariant *value, GError **error)
{
  if (strcmp (key, "vcpus") == 0)
    return (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT32) && g_variant_get_uint32 (value) > 0)
           || refuse (error, key, "it is a number of type “u” from 1 on");
  if (strcmp (key, "memory") == 0)
    return (g_variant_is_of_type (value, G_VARIANT_TYPE_UINT64) && g_variant_get_uint64 (value) > 0
            && g_variant_get_uint64 (value) % KIB == 0
            && g_variant_get_uint64 (value) <= G_MAXINT64)
           || refuse (error, key, "it is a multiple of 1024 bytes, of type “t”");
  if (strcmp (key, "disks") == 0)
    return g_variant_is_of_type (value, G_VARIANT_TYPE ("a{st}"))
             ? check_disks (value, error)
             : refuse (error, key, "it is of type “a{st}”: bytes by target");
  return refuse (error, key, "there are “vcpus”, “memory” and “disks”");
}

gboolean
_migrate_resize_check (GVariant *self, GError **error)
{
  GVariantIter iter;
  const char *key;
  GVariant *child;

  if (self == NULL)
    return TRUE;
  g_variant_iter_init (&iter, self);
  while (g_variant_iter_next (&iter, "{&sv}", &key, &child))
    {
      g_autoptr (GVariant) value = child;

      if (!check_value (key, value, error))
        return FALSE;
    }
  return TRUE;
}

guint
_migrate_resize_get_vcpus (GVariant *self)
{
  guint32 vcpus = 0;

  if (self != NULL)
    g_variant_lookup (self, "vcpus", "u", &vcpus);
  return vcpus;
}

guint64
_migrate_resize_get_memory (GVariant *self)
{
  return _migrate_variant_uint64 (self, "memory", 0);
}

guint64
_migrate_resize_get_disk (GVariant *self, const char *target)
{
  g_autoptr (GVariant) disks = disks_of (self);
  guint64 bytes = 0;

  if (disks != NULL)
    g_variant_lookup (disks, target, "t", &bytes);
  return bytes;
}

char **
_migrate_resize_list_disks (GVariant *self)
{
  g_autoptr (GVariant) disks = disks_of (self);
  g_autoptr (GStrvBuilder) targets = g_strv_builder_new ();
  GVariantIter iter;
  const char *target;

  if (disks != NULL)
    {
      g_variant_iter_init (&iter, disks);
      while (g_variant_iter_next (&iter, "{&st}", &target, NULL))
        g_strv_builder_add (targets, target);
    }
  return g_strv_builder_end (targets);
}
