/* --resize: another shape for the guest, from the words of the command line. */
#include "ctl.h"

#include <string.h>

static gboolean
refuse (GError **error, const char *word, const char *why)
{
  g_set_error (error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "--resize “%s”: %s", word, why);
  return FALSE;
}

/* "20GiB", "4096MiB"; without a unit it is bytes. */
static gboolean
parse_size (const char *text, guint64 *bytes)
{
  static const struct
  {
    const char *unit;
    guint shift;
  } units[] = { { "", 0 },     { "B", 0 },    { "KiB", 10 }, { "MiB", 20 },
                { "GiB", 30 }, { "TiB", 40 }, { "PiB", 50 } };
  char *end;
  guint64 number;

  if (!g_ascii_isdigit (text[0]))
    return FALSE;
  number = g_ascii_strtoull (text, &end, 10);
  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    if (strcmp (end, units[i].unit) == 0 && number <= (guint64) G_MAXINT64 >> units[i].shift)
      {
        *bytes = number << units[i].shift;
        return TRUE;
      }
  return FALSE;
}

static gboolean
add_disk (GVariantDict *disks, const char *target, const char *word, const char *value,
          GError **error)
{
  guint64 bytes;

  if (target[0] == '\0')
    return refuse (error, word, "it names no disk");
  if (!parse_size (value, &bytes))
    return refuse (error, word, "a size is a number with B, KiB, MiB, GiB or TiB");
  g_variant_dict_insert (disks, target, "t", bytes);
  return TRUE;
}

static gboolean
add_word (GVariantDict *shape, GVariantDict *disks, const char *word, GError **error)
{
  g_auto (GStrv) parts = g_strsplit (word, "=", 2);
  guint64 number;

  if (parts[0] == NULL || parts[1] == NULL)
    return refuse (error, word, "it is not vcpus=N, memory=SIZE or disk:TARGET=SIZE");
  if (g_str_has_prefix (parts[0], "disk:"))
    return add_disk (disks, parts[0] + strlen ("disk:"), word, parts[1], error);
  if (strcmp (parts[0], "vcpus") == 0)
    {
      if (!g_ascii_string_to_unsigned (parts[1], 10, 1, G_MAXUINT32, &number, NULL))
        return refuse (error, word, "it is a number from 1 on");
      g_variant_dict_insert (shape, "vcpus", "u", (guint32) number);
      return TRUE;
    }
  if (strcmp (parts[0], "memory") == 0)
    {
      if (!parse_size (parts[1], &number))
        return refuse (error, word, "a size is a number with B, KiB, MiB, GiB or TiB");
      g_variant_dict_insert (shape, "memory", "t", number);
      return TRUE;
    }
  return refuse (error, word, "there are vcpus, memory and disk:TARGET");
}

/* a{sv} of sizes as a{st}. */
static GVariant *
sizes_of (GVariantDict *disks)
{
  g_autoptr (GVariant) given = g_variant_ref_sink (g_variant_dict_end (disks));
  GVariantBuilder sizes;
  GVariantIter iter;
  const char *target;
  GVariant *child;

  g_variant_builder_init (&sizes, G_VARIANT_TYPE ("a{st}"));
  g_variant_iter_init (&iter, given);
  while (g_variant_iter_next (&iter, "{&sv}", &target, &child))
    {
      g_variant_builder_add (&sizes, "{st}", target, g_variant_get_uint64 (child));
      g_variant_unref (child);
    }
  return g_variant_builder_end (&sizes);
}

gboolean
ctl_request_resize (const CtlOptions *options, GVariant **resize, GError **error)
{
  g_autoptr (GVariantDict) shape = g_variant_dict_new (NULL);
  g_autoptr (GVariantDict) disks = g_variant_dict_new (NULL);
  GVariant *sizes;

  *resize = NULL;
  for (gsize i = 0; options->resize != NULL && options->resize[i] != NULL; i++)
    {
      g_auto (GStrv) words = g_strsplit (options->resize[i], ",", -1);

      if (words[0] == NULL)
        return refuse (error, "", "it is not vcpus=N, memory=SIZE or disk:TARGET=SIZE");
      for (gsize j = 0; words[j] != NULL; j++)
        if (!add_word (shape, disks, words[j], error))
          return FALSE;
    }
  if (options->resize == NULL)
    return TRUE;
  sizes = sizes_of (disks);
  if (g_variant_n_children (sizes) > 0)
    g_variant_dict_insert_value (shape, "disks", sizes);
  else
    g_variant_unref (g_variant_ref_sink (sizes));
  *resize = g_variant_ref_sink (g_variant_dict_end (shape));
  return TRUE;
}
